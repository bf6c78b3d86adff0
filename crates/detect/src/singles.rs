//! Threats of single events, added up while events come in: a rule may be met by most events of a log.
//!
//! What comes of it equals the merged threats of all these events; only the first and the last of them are kept.

use std::collections::{HashSet, VecDeque};

use haechi_model::event::Event;
use haechi_model::threat::{FACTORS_KEPT, SIGHTINGS_KEPT};
use haechi_model::{Sighting, Threat, Timestamp};

use crate::key::{Key, KeyHasher, KeyMap};
use crate::principal::Actor;
use crate::rule::{About, Bound, Rule, add_others, sight, sighting};

/// By rule, entity, account and region.
#[derive(Default)]
pub(crate) struct Singles {
    known: KeyMap<Key, Single>,
}

/// What one rule found about one entity.
struct Single {
    rule: u32,
    region: Option<Box<str>>,
    /// Without evidence and message, which come last.
    threat: Threat,
    /// The values of the newest event's message.
    values: Vec<String>,
    firsts: Vec<Sighting>,
    lasts: VecDeque<Sighting>,
    /// Who took part, by hash: most events say the same.
    parties: HashSet<u64>,
}

/// Hashes of parties that are remembered: more make more work, and nothing else.
const PARTIES: usize = 1024;

fn order(sighting: &Sighting) -> (Timestamp, &str) {
    (sighting.time, &sighting.event_id)
}

impl Singles {
    /// Adds an event that a rule met. False: it must be merged the slow way.
    pub(crate) fn take(&mut self, rule: &Rule, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>) -> bool {
        let about = rule.about(bound, event, actor);
        let mut hash = KeyHasher::default();
        hash.word(u64::from(bound.rule) << 8 | about.kind as u64);
        for part in [&*about.id, about.account.as_str(), about.region.unwrap_or_default()] {
            hash.part(part);
        }
        let key = hash.key();
        match self.known.get_mut(&key) {
            Some(single) => single.is_of(bound.rule, &about) && single.add(rule, &about, bound, event, actor),
            None => {
                self.known.insert(key, Single::new(rule, &about, bound, event, actor));
                true
            }
        }
    }

    /// What was found since the last time.
    pub(crate) fn drain(&mut self, rules: &[Rule]) -> impl Iterator<Item = Threat> {
        core::mem::take(&mut self.known).into_values().map(|single| {
            let rule = &rules[single.rule as usize];
            single.threat(rule)
        })
    }
}

impl Single {
    fn new(rule: &Rule, about: &About<'_>, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>) -> Self {
        let mut threat = rule.threat_about(about, bound, event, actor);
        let mut values = Vec::new();
        rule.values(&mut values, about, bound, event, actor);
        let firsts = core::mem::take(&mut threat.evidence);
        Self {
            rule: bound.rule,
            region: about.region.map(Into::into),
            threat,
            values,
            lasts: firsts.iter().cloned().collect(),
            firsts,
            parties: HashSet::from([parties(actor)]),
        }
    }

    /// Hashes may fall together.
    fn is_of(&self, rule: u32, about: &About<'_>) -> bool {
        self.rule == rule
            && self.threat.entity.kind == about.kind
            && self.threat.entity.id == about.id
            && self.threat.account == about.account
            && self.region.as_deref() == about.region
    }

    fn add(&mut self, rule: &Rule, about: &About<'_>, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>) -> bool {
        let own = (event.time(), event.id());
        let target = about.target.as_deref();
        let first_at = self.firsts.partition_point(|known| order(known) < own);
        let last_at = self.lasts.partition_point(|known| order(known) < own);
        // The same event once more, perhaps in other words.
        let twin = |known: Option<&Sighting>| known.is_some_and(|known| order(known) == own);
        if twin(self.firsts.get(first_at)) || twin(self.lasts.get(last_at)) {
            return false;
        }
        if first_at < SIGHTINGS_KEPT {
            self.firsts.truncate(SIGHTINGS_KEPT - 1);
            self.firsts.insert(first_at, sighting(event, actor, target));
        }
        let newest = last_at == self.lasts.len();
        let full = self.lasts.len() == SIGHTINGS_KEPT;
        if newest {
            match self.lasts.pop_front_if(|_| full) {
                Some(mut oldest) => {
                    sight(&mut oldest, event, actor, target);
                    self.lasts.push_back(oldest);
                }
                None => self.lasts.push_back(sighting(event, actor, target)),
            }
            rule.values(&mut self.values, about, bound, event, actor);
        } else if last_at > 0 || !full {
            self.lasts.insert(last_at, sighting(event, actor, target));
            if full {
                self.lasts.pop_front();
            }
        }
        let threat = &mut self.threat;
        threat.count += 1;
        threat.first_seen = threat.first_seen.min(event.time());
        threat.last_seen = threat.last_seen.max(event.time());
        if self.parties.insert(parties(actor)) {
            add_others(threat, actor);
            while threat.others.len() > FACTORS_KEPT {
                threat.others.pop_last();
            }
            if self.parties.len() > PARTIES {
                self.parties.clear();
            }
        }
        true
    }

    fn threat(mut self, rule: &Rule) -> Threat {
        rule.say(&mut self.threat, &self.values);
        self.threat.evidence = self.firsts;
        self.threat.evidence.extend(self.lasts);
        self.threat.evidence.sort_unstable();
        self.threat.evidence.dedup();
        self.threat
    }
}

fn parties(actor: &Actor<'_>) -> u64 {
    let principal = actor.principal.as_ref();
    let mut hash = KeyHasher::default();
    for part in [
        principal.map(|principal| &*principal.id),
        principal.and_then(|principal| principal.session.as_deref()),
        principal.and_then(|principal| principal.access_key.as_deref()),
        actor.address.as_deref(),
        actor.on.as_ref().map(|(_, id)| &**id),
    ] {
        hash.part(part.unwrap_or_default());
    }
    hash.key().0
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use haechi_content::Source;
    use haechi_model::Log;
    use haechi_model::event::{Head, Place, Record};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{Builder, Detections, Intel, Scanner, base_fields};

    const RULE: &str = "title: A\nid: a\nlogsource: {product: aws, service: cloudtrail}\n\
        detection: {s: {eventName|startswith: A}, condition: s}\n";

    fn detections() -> Arc<Detections> {
        let intel = Intel::default();
        let mut builder = Builder::new(&intel, &base_fields);
        builder.sigma(&Source::new("a.yml", RULE));
        Arc::new(builder.build())
    }

    /// Time, number, user, name, address.
    type Made = (i64, u32, u8, u8, u8);

    fn with_event(detections: &Detections, made: Made, take: &mut dyn FnMut(&Event<'_>)) {
        let (time, number, user, name, address) = made;
        let name = format!("A{name}");
        let text = json!({
            "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{user}"),
                "accessKeyId": format!("AKIA{address}")},
            "sourceIPAddress": format!("192.0.2.{address}"), "userAgent": name, "eventName": name,
        })
        .to_string();
        let fields = detections.fields(Log::CloudTrail).unwrap();
        let mut slots = Vec::new();
        fields.read(text.as_bytes(), 0, &mut slots).unwrap();
        let id = format!("{number:08}");
        let head = Head {
            log: Log::CloudTrail,
            id: &id,
            time: Timestamp::from_seconds(time),
            source: "a.amazonaws.com",
            name: &name,
            account: Some("111122223333"),
            region: Some("us-east-1"),
        };
        let place = Place { file: Path::new("x"), record: 1 };
        take(&Event { record: Record::of_json(&text, fields, &slots), head, place });
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn adding_up_equals_merging(
            mut events in proptest::collection::vec((0_i64..60, 0_u32..400, 0_u8..3, 0_u8..4, 0_u8..90), 1..150),
            sorted in any::<bool>(),
            cut in any::<proptest::sample::Index>(),
        ) {
            if sorted {
                events.sort_unstable();
            }
            let detections = detections();
            let plan = detections.plan(Log::CloudTrail).unwrap();
            let rule = &detections.rules()[0];
            let mut slow = Vec::new();
            for made in &events {
                with_event(&detections, *made, &mut |event| {
                    slow.push(rule.threat(&plan.bound[0], event, &plan.actor.actor(event)));
                });
            }
            let mut scanner = Scanner::new(detections.clone(), Arc::new(Intel::default()));
            let mut fast = Vec::new();
            let (left, right) = events.split_at(cut.index(events.len() + 1));
            for half in [left, right] {
                for made in half {
                    with_event(&detections, *made, &mut |event| scanner.take(event));
                }
                fast.extend(scanner.drain().into_threats());
            }
            let (slow, fast) = (Threat::merge_all(slow), Threat::merge_all(fast));
            prop_assert_eq!(slow, fast);
        }
    }
}
