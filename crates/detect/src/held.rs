//! Threats that were found and not taken yet.
//!
//! The more there are, the fewer events of each are kept as evidence: what nobody can read through takes no memory
//! for it. How many are kept at the end rests on how many threats there are then, not on the order they came in.

use std::collections::BTreeMap;

use haechi_model::threat::SIGHTINGS_KEPT;
use haechi_model::{FindingId, Threat};

use crate::signal::merge_threat;

/// So many threats, and how many of the first and of the last events of each are kept from there on. All are counted.
const STEPS: [(usize, usize); 3] = [(0, SIGHTINGS_KEPT), (2_000, 5), (20_000, 1)];

#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    threats: BTreeMap<FindingId, Threat>,
    /// Which of the steps was reached.
    step: usize,
}

impl Held {
    pub(crate) fn add(&mut self, threat: Threat) {
        let id = threat.id;
        merge_threat(&mut self.threats, threat);
        if STEPS.get(self.step + 1).is_some_and(|(count, _)| self.threats.len() > *count) {
            self.step += 1;
            let kept = self.kept();
            self.threats.values_mut().for_each(|threat| trim(threat, kept));
        } else if self.step > 0 {
            let kept = self.kept();
            self.threats.get_mut(&id).into_iter().for_each(|threat| trim(threat, kept));
        }
    }

    /// How many of the first and of the last events of a threat are kept now.
    pub(crate) fn kept(&self) -> usize {
        STEPS[self.step].1
    }

    pub(crate) fn threats(&self) -> impl Iterator<Item = &Threat> {
        self.threats.values()
    }

    /// Gives them away.
    pub(crate) fn take(&mut self) -> Vec<Threat> {
        core::mem::take(self).threats.into_values().collect()
    }
}

fn trim(threat: &mut Threat, kept: usize) {
    // Attack sequences are few, and each of their events is a step.
    if threat.related.is_empty() && threat.evidence.len() > 2 * kept {
        let last = threat.evidence.len() - kept;
        threat.evidence.drain(kept..last);
        threat.evidence.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use haechi_model::{
        AccountId, Entity, EntityKind, Log, Message, Partition, Region, Sighting, ThreatOrigin, ThreatScore, Timestamp,
    };

    use super::*;

    fn threat(number: usize, second: i64) -> Threat {
        let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
        let entity = Entity::new(EntityKind::Principal, format!("arn:aws:iam::111122223333:user/{number}"));
        let time = Timestamp::from_seconds(second);
        let sighting = Sighting {
            time,
            event_id: second.to_string(),
            log: Log::CloudTrail,
            source: "s3.amazonaws.com".to_owned(),
            name: "ListBuckets".to_owned(),
            principal: None,
            access_key: None,
            address: None,
            user_agent: None,
            error: None,
            target: None,
            file: None,
            record: None,
        };
        Threat {
            id: Threat::id_of("a", &entity, &account, &region),
            kind: "a".to_owned(),
            origin: ThreatOrigin::Haechi,
            title: "A".to_owned(),
            score: ThreatScore::new(5.0).unwrap(),
            partition: Partition::of_region("us-east-1"),
            account,
            region,
            entity,
            others: Default::default(),
            message: Message::new("a"),
            attack: Vec::new(),
            factors: Default::default(),
            evidence: vec![sighting],
            count: 1,
            first_seen: time,
            last_seen: time,
            related: Default::default(),
            sample: false,
        }
    }

    /// So many threats of fifty events each, once threat by threat and once event by event.
    fn held(threats: usize, by_event: bool) -> Vec<Threat> {
        let mut held = Held::default();
        let mut add = |number, second| held.add(threat(number, second as i64));
        match by_event {
            true => (0..50).for_each(|second| (0..threats).for_each(|number| add(number, second))),
            false => (0..threats).for_each(|number| (0..50).for_each(|second| add(number, second))),
        }
        held.take()
    }

    #[test]
    fn many_threats_keep_less_evidence_each_whatever_the_order() {
        for (threats, kept) in [(3, 2 * SIGHTINGS_KEPT), (2_001, 10)] {
            let found = held(threats, true);
            assert_eq!(found, held(threats, false));
            assert_eq!(found.len(), threats);
            for threat in &found {
                assert_eq!((threat.count, threat.evidence.len()), (50, kept));
                assert_eq!(threat.evidence[0].event_id, "0");
                assert_eq!(threat.evidence[kept - 1].event_id, "49");
            }
        }
    }
}
