//! Threats of single events, added up while events come in: a rule may be met by most events of a log.
//!
//! What comes of it equals the merged threats of all these events; only the first and the last of them are kept.

use std::collections::HashSet;
use std::sync::Arc;

use haechi_model::event::Event;
use haechi_model::threat::{FACTORS_KEPT, SIGHTINGS_KEPT};
use haechi_model::{Sighting, Threat, Timestamp};

use crate::context::{Words, pack_sighting, sighting};
use crate::key::{Key, KeyHasher, KeyMap};
use crate::pack::{TextPacker, TextUnpacker};
use crate::principal::Actor;
use crate::rule::{About, Bound, Rule, add_others};

/// By rule, entity, account and region.
#[derive(Default)]
pub(crate) struct Singles {
    known: KeyMap<Key, Single>,
}

/// What one rule found about one entity.
#[derive(Debug)]
pub(crate) struct Single {
    rule: u32,
    words: Arc<Words>,
    region: Option<Box<str>>,
    /// Without evidence and message, which come last.
    threat: Threat,
    /// The values of the newest event's message.
    values: Vec<String>,
    /// The first and the last events, in order.
    evidence: Vec<Sight>,
    /// Who took part, by hash: most events say the same.
    parties: HashSet<u64>,
}

/// An event as evidence, packed.
#[derive(Debug)]
struct Sight {
    time: Timestamp,
    /// The id, the file, the record, and what [`pack_sighting`] writes.
    said: Vec<u8>,
}

impl Sight {
    /// In the memory of another one.
    fn of(said: Vec<u8>, event: &Event<'_>, actor: &Actor<'_>, target: Option<&str>) -> Self {
        let mut out = TextPacker::new(said);
        out.text(event.id());
        out.text(&event.place.file.to_string_lossy());
        out.number(event.place.record);
        pack_sighting(&mut out, event, actor, target);
        Self { time: event.time(), said: out.done() }
    }

    fn order(&self) -> (Timestamp, &str) {
        (self.time, TextUnpacker::new(&self.said).text().unwrap_or_default())
    }

    fn unpacked(&self) -> Option<Sighting> {
        let from = &mut TextUnpacker::new(&self.said);
        let (id, file, record) = (from.text()?, from.text()?, from.number()?);
        let mut sighting = sighting(from)?;
        sighting.time = self.time;
        sighting.event_id = id.to_owned();
        sighting.file = (!file.is_empty()).then(|| file.to_owned());
        sighting.record = Some(record).filter(|record| *record > 0);
        Some(sighting)
    }
}

/// Hashes of parties that are remembered: more make more work, and nothing else.
const PARTIES: usize = 1024;

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

    /// Entities that something was found of.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// What was found since the last time.
    pub(crate) fn drain(&mut self) -> Vec<Single> {
        core::mem::take(&mut self.known).into_values().collect()
    }
}

impl Single {
    fn new(rule: &Rule, about: &About<'_>, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>) -> Self {
        let mut threat = rule.threat_about(about, bound, event, actor);
        let mut values = Vec::new();
        rule.values(&mut values, about, bound, event, actor);
        threat.evidence.clear();
        let evidence = vec![Sight::of(Vec::new(), event, actor, about.target.as_deref())];
        Self {
            rule: bound.rule,
            words: rule.words.clone(),
            region: about.region.map(Into::into),
            threat,
            values,
            evidence,
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
        let at = self.evidence.partition_point(|known| known.order() < own);
        // The same event once more, perhaps in other words.
        if self.evidence.get(at).is_some_and(|known| known.order() == own) {
            return false;
        }
        let newest = at == self.evidence.len();
        let full = self.evidence.len() == 2 * SIGHTINGS_KEPT;
        // Neither among the first nor among the last.
        if !full || at != SIGHTINGS_KEPT {
            let (gone, at) = match (full, at > SIGHTINGS_KEPT) {
                (false, _) => (Vec::new(), at),
                (true, true) => (self.evidence.remove(SIGHTINGS_KEPT).said, at - 1),
                (true, false) => (self.evidence.remove(SIGHTINGS_KEPT - 1).said, at),
            };
            self.evidence.insert(at, Sight::of(gone, event, actor, about.target.as_deref()));
        }
        if newest {
            rule.values(&mut self.values, about, bound, event, actor);
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

    /// The threat, with so many of the first and of the last events.
    pub(crate) fn threat(mut self, kept: usize) -> Threat {
        self.threat.message = self.words.said(&self.values);
        let last = self.evidence.len().saturating_sub(kept).max(kept);
        let kept = self.evidence.iter().enumerate().filter(|(at, _)| *at < kept || *at >= last);
        self.threat.evidence = kept.filter_map(|(_, sight)| sight.unpacked()).collect();
        self.threat
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let evidence: usize = self.evidence.iter().map(|sight| size_of::<Sight>() + sight.said.capacity()).sum();
        size_of::<Self>() + 1_000 + evidence
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
