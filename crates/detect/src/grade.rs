//! Severities that depend on what a threat says: on the address that it came from, or on a value of its sentence.
//!
//! They are set when threats leave the engine. Of a threat that is merged from parts, the last one's stands, as its
//! sentence does: it does not matter in how many parts it was found.

use std::collections::BTreeMap;

use haechi_content::DetectionFile;
use haechi_content::detection::{Reach, SeverityWhen};
use haechi_model::Threat;
use haechi_model::event::is_public;

use crate::principal::ip;

/// The conditions of all detections that have some, by id.
#[derive(Debug, Clone, Default)]
pub struct Grades {
    by_id: BTreeMap<String, Vec<SeverityWhen>>,
}

impl Grades {
    pub fn add(&mut self, file: &DetectionFile) {
        if !file.severity_when.is_empty() {
            self.by_id.insert(file.id.clone(), file.severity_when.clone());
        }
    }

    /// Sets the severity of each threat by the first condition that holds.
    pub fn apply(&self, threats: &mut [Threat]) {
        for threat in threats {
            let conditions = self.by_id.get(&threat.kind).map_or(&[][..], Vec::as_slice);
            if let Some(first) = conditions.iter().find(|condition| holds(condition, threat)) {
                threat.score = first.severity;
            }
        }
    }
}

fn holds(condition: &SeverityWhen, threat: &Threat) -> bool {
    let reaches = condition.address.is_none_or(|reach| {
        let last = threat.evidence.last().and_then(|seen| seen.address.as_deref()).and_then(ip);
        last.is_some_and(|address| is_public(address) == (reach == Reach::Public))
    });
    let says = |(name, values): (&String, &Vec<String>)| {
        let said = threat.message.args.get(name).and_then(|value| value.as_str());
        said.is_some_and(|said| values.iter().any(|value| value.eq_ignore_ascii_case(said)))
    };
    reaches && condition.args.iter().all(says)
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_model::{
        AccountId, Entity, EntityKind, Log, Message, Partition, Region, Sighting, ThreatOrigin, ThreatScore, Timestamp,
    };

    fn threat(address: &str, role: &str) -> Threat {
        let entity = Entity::new(EntityKind::Database, "db");
        let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
        let time = Timestamp::from_seconds(1);
        Threat {
            id: Threat::id_of("A:B/C", &entity, &account, &region),
            kind: "A:B/C".into(),
            origin: ThreatOrigin::Haechi,
            title: "x".into(),
            score: ThreatScore::new(5.0).unwrap(),
            partition: Partition::aws(),
            account,
            region,
            entity,
            others: Default::default(),
            message: Message::new("x").with("role", role),
            attack: Vec::new(),
            factors: Default::default(),
            evidence: vec![Sighting {
                time,
                event_id: "e".into(),
                log: Log::RdsLogin,
                source: "s".into(),
                name: "n".into(),
                principal: None,
                access_key: None,
                address: Some(address.into()),
                user_agent: None,
                error: None,
                target: None,
                file: None,
                record: None,
            }],
            count: 1,
            first_seen: time,
            last_seen: time,
            related: Default::default(),
            sample: false,
        }
    }

    #[test]
    fn the_first_condition_that_holds_sets_the_severity() {
        let conditions = serde_json::json!([
            {"severity": 8.0, "args": {"role": ["admin", "cluster-admin"]}},
            {"severity": 2.0, "address": "private"},
            {"severity": 6.0, "address": "public", "args": {"role": ["edit"]}},
        ]);
        let grades = Grades { by_id: [("A:B/C".to_owned(), serde_json::from_value(conditions).unwrap())].into() };
        for (address, role, score) in [
            ("10.0.0.5", "cluster-admin", 8.0),
            ("10.0.0.5", "view", 2.0),
            ("fd00::5", "edit", 2.0),
            ("198.51.100.7", "edit", 6.0),
            ("198.51.100.7", "view", 5.0),
            ("AWS Internal", "view", 5.0),
        ] {
            let mut threats = [threat(address, role)];
            grades.apply(&mut threats);
            assert_eq!(threats[0].score.value(), score, "{address} {role}");
        }
    }
}
