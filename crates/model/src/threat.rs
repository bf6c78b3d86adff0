//! A threat: what a detection found in logs, about one entity, with how often and when it was seen.
//!
//! Threats are merged, never overwritten: [`Threat::merge`] is associative and commutative, so that a month of
//! logs read at once and the same month hour by hour, on one thread or on many, make the same threats.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Log;
use crate::finding::FindingId;
use crate::hash::ContentHash;
use crate::ids::{AccountId, Partition, Region};
use crate::message::Message;
use crate::severity::Severity;
use crate::time::Timestamp;

/// GuardDuty's number for how bad a finding is, in tenths: 1.0 to 10.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct ThreatScore(u8);

impl ThreatScore {
    pub fn new(value: f64) -> Result<Self, String> {
        if !(1.0..=10.0).contains(&value) {
            return Err(format!("`{value}` is no severity of GuardDuty: 1.0 to 10.0"));
        }
        Ok(Self((value * 10.0).round() as u8))
    }

    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// Low is 1.0 to 3.9, medium 4.0 to 6.9, high 7.0 to 8.9, critical 9.0 to 10.0.
    pub const fn severity(self) -> Severity {
        match self.0 {
            90.. => Severity::Critical,
            70..90 => Severity::High,
            40..70 => Severity::Medium,
            _ => Severity::Low,
        }
    }
}

impl TryFrom<f64> for ThreatScore {
    type Error = String;
    fn try_from(value: f64) -> Result<Self, String> {
        Self::new(value)
    }
}

impl From<ThreatScore> for f64 {
    fn from(score: ThreatScore) -> f64 {
        score.value()
    }
}

impl fmt::Display for ThreatScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.value())
    }
}

/// What a threat is about, or what took part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntityKind {
    Account,
    /// An IAM user, a role or the root user, by ARN.
    Principal,
    /// A session of a role, by the ARN of the assumed role.
    Session,
    AccessKey,
    Instance,
    /// A network interface.
    Interface,
    Address,
    Domain,
    Bucket,
    Key,
    Function,
    Database,
    Cluster,
    UserAgent,
    /// Anything else, by ARN or id.
    Resource,
}

impl EntityKind {
    pub const ALL: [EntityKind; 15] = [
        EntityKind::Account,
        EntityKind::Principal,
        EntityKind::Session,
        EntityKind::AccessKey,
        EntityKind::Instance,
        EntityKind::Interface,
        EntityKind::Address,
        EntityKind::Domain,
        EntityKind::Bucket,
        EntityKind::Key,
        EntityKind::Function,
        EntityKind::Database,
        EntityKind::Cluster,
        EntityKind::UserAgent,
        EntityKind::Resource,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            EntityKind::Account => "account",
            EntityKind::Principal => "principal",
            EntityKind::Session => "session",
            EntityKind::AccessKey => "access-key",
            EntityKind::Instance => "instance",
            EntityKind::Interface => "interface",
            EntityKind::Address => "address",
            EntityKind::Domain => "domain",
            EntityKind::Bucket => "bucket",
            EntityKind::Key => "key",
            EntityKind::Function => "function",
            EntityKind::Database => "database",
            EntityKind::Cluster => "cluster",
            EntityKind::UserAgent => "user-agent",
            EntityKind::Resource => "resource",
        }
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    pub kind: EntityKind,
    pub id: String,
}

impl Entity {
    pub fn new(kind: EntityKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Whose names the detection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThreatOrigin {
    /// A finding type of GuardDuty.
    GuardDuty,
    /// A detection of Haechi's own.
    Haechi,
    /// A public or private Sigma rule.
    Sigma,
}

/// One event that a threat rests on. Compared by time and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    pub time: Timestamp,
    pub event_id: String,
    pub log: Log,
    pub source: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the event was done to, as far as the detection names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The file or object that the event was read from, and the record in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
}

/// One reason why something stands out: `first use of this API by this role in 43 days`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Factor {
    /// Such as `api`, `network`, `country`, `user-agent`, `volume`.
    pub kind: String,
    /// What was seen.
    pub value: String,
    /// Among whom it was never, or rarely, seen: `principal`, `role`, `account`, `organization`.
    pub among: String,
    /// How often it was seen there before; 0 is never.
    pub before: u64,
    /// Days of history that this rests on.
    pub days: u32,
}

/// Sightings that are kept: the first and the last so many. All are counted.
pub const SIGHTINGS_KEPT: usize = 10;
/// Factors, related findings and other entities that are kept.
pub const FACTORS_KEPT: usize = 50;

/// What a detection found about one entity in one account and region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Threat {
    /// hash(type, entity, account, region)
    pub id: FindingId,
    /// GuardDuty's finding type, the id of a detection of Haechi's own, or the id of a Sigma rule.
    #[serde(rename = "type")]
    pub kind: String,
    pub origin: ThreatOrigin,
    /// In English, for machines and for rules that are gone; people read the content's title.
    pub title: String,
    pub score: ThreatScore,
    pub partition: Partition,
    /// The account and region that the events are of.
    pub account: AccountId,
    pub region: Region,
    pub entity: Entity,
    /// What else took part: addresses, sessions, buckets.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<Entity>,
    pub message: Message,
    /// ATT&CK techniques, such as `T1562.008`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub factors: BTreeSet<Factor>,
    /// The first and the last events that it rests on, oldest first.
    pub evidence: Vec<Sighting>,
    /// How many events it rests on in all.
    pub count: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Threats that it is made of: of attack sequences.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub related: BTreeSet<FindingId>,
    /// Made up, to try out what reads threats.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
}

impl Threat {
    /// hash(type, entity, account, region)
    pub fn id_of(kind: &str, entity: &Entity, account: &AccountId, region: &Region) -> FindingId {
        ContentHash::of_parts(["threat", kind, entity.kind.as_str(), &entity.id, account.as_str(), region.as_str()])
    }

    pub fn severity(&self) -> Severity {
        self.score.severity()
    }

    /// Takes in what else was found of the same type and entity. Both must have the same id.
    ///
    /// What describes the threat (title, score, message) is of the part that was seen last.
    pub fn merge(&mut self, other: Threat) {
        debug_assert_eq!(self.id, other.id, "threats of one id are merged");
        // The last event of all is always kept: many events may have one time.
        let newer = (other.last_seen, other.evidence.last()) > (self.last_seen, self.evidence.last());
        self.count = self.count.saturating_add(other.count);
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.sample &= other.sample;
        if newer {
            self.title = other.title;
            self.score = other.score;
            self.message = other.message;
            self.attack = other.attack;
        }
        self.others.extend(other.others);
        self.factors.extend(other.factors);
        self.related.extend(other.related);
        while self.others.len() > FACTORS_KEPT {
            self.others.pop_last();
        }
        while self.factors.len() > FACTORS_KEPT {
            self.factors.pop_last();
        }
        while self.related.len() > FACTORS_KEPT {
            self.related.pop_last();
        }
        self.evidence.extend(other.evidence);
        self.settle_evidence();
        if self.evidence.len() > 2 * SIGHTINGS_KEPT {
            let last = self.evidence.len() - SIGHTINGS_KEPT;
            self.evidence.drain(SIGHTINGS_KEPT..last);
        }
    }

    /// Evidence in order, each event once: two parts of a sequence may rest on the same event. The one that says more,
    /// which is the last in order, stays: so the order of merging makes no difference.
    fn settle_evidence(&mut self) {
        self.evidence.sort_unstable();
        self.evidence.dedup_by(|later, kept| {
            let same = (later.time, &later.event_id, later.log) == (kept.time, &kept.event_id, kept.log);
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
    }

    /// All threats, one an id.
    pub fn merge_all(threats: impl IntoIterator<Item = Threat>) -> BTreeMap<FindingId, Threat> {
        let mut merged: BTreeMap<FindingId, Threat> = BTreeMap::new();
        for threat in threats {
            match merged.entry(threat.id) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(threat).settle_evidence();
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().merge(threat),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn threat(seconds: i64) -> Threat {
        let entity = Entity::new(EntityKind::Bucket, "b");
        let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
        let time = Timestamp::from_seconds(seconds);
        Threat {
            id: Threat::id_of("Policy:S3/BucketPublicAccessGranted", &entity, &account, &region),
            kind: "Policy:S3/BucketPublicAccessGranted".into(),
            origin: ThreatOrigin::GuardDuty,
            title: format!("at {}", seconds % 3),
            score: ThreatScore::new(8.0).unwrap(),
            partition: Partition::parse("aws").unwrap(),
            account,
            region,
            entity,
            others: [Entity::new(EntityKind::Address, format!("192.0.2.{}", seconds % 250))].into(),
            message: Message::new("x"),
            attack: vec![],
            factors: BTreeSet::new(),
            evidence: vec![Sighting {
                time,
                event_id: format!("e{seconds}"),
                log: Log::CloudTrail,
                source: "s3.amazonaws.com".into(),
                name: "PutBucketPolicy".into(),
                principal: None,
                access_key: None,
                address: None,
                user_agent: None,
                error: None,
                target: None,
                file: None,
                record: None,
            }],
            count: 1,
            first_seen: time,
            last_seen: time,
            related: BTreeSet::new(),
            sample: false,
        }
    }

    #[test]
    fn scores_have_guarddutys_words() {
        for (value, word) in
            [(1.0, "low"), (3.9, "low"), (4.0, "medium"), (6.9, "medium"), (7.0, "high"), (9.0, "critical")]
        {
            assert_eq!(ThreatScore::new(value).unwrap().severity().as_str(), word, "{value}");
        }
        for value in [0.0, 0.9, 10.1, f64::NAN] {
            assert!(ThreatScore::new(value).is_err(), "{value}");
        }
        assert_eq!(serde_json::to_string(&ThreatScore::new(8.5).unwrap()).unwrap(), "8.5");
    }

    #[test]
    fn an_event_is_evidence_once() {
        let with_target = |target: Option<&str>| {
            let mut threat = threat(7);
            threat.evidence[0].target = target.map(str::to_owned);
            threat
        };
        // A sequence comes with the evidence of all its parts.
        let mut sequence = with_target(None);
        sequence.evidence.extend(with_target(Some("trail/shop")).evidence);
        sequence.evidence.extend(threat(9).evidence);
        let told = |threats: Vec<Threat>| {
            let merged = Threat::merge_all(threats).into_values().next().unwrap();
            let one = |seen: &Sighting| (seen.event_id.clone(), seen.target.clone());
            merged.evidence.iter().map(one).collect::<Vec<_>>()
        };
        let expected = vec![("e7".to_owned(), Some("trail/shop".to_owned())), ("e9".to_owned(), None)];
        assert_eq!(told(vec![sequence.clone()]), expected, "one alone, too");
        assert_eq!(told(vec![with_target(None), sequence.clone(), with_target(None)]), expected);
        // Another log may use the same id.
        let mut other = threat(7);
        other.evidence[0].log = Log::EksAudit;
        assert_eq!(told(vec![sequence, other]).len(), 3);
    }

    proptest! {
        #[test]
        fn merging_knows_no_order(times in proptest::collection::btree_set(0_i64..100_000, 1..80), cut in any::<proptest::sample::Index>()) {
            let times: Vec<_> = times.into_iter().collect();
            let all = |times: &[i64]| Threat::merge_all(times.iter().map(|at| threat(*at)));
            let (left, right) = times.split_at(cut.index(times.len() + 1));
            let halves = Threat::merge_all(all(right).into_values().chain(all(left).into_values()));
            prop_assert_eq!(&halves, &all(&times));
            let one = halves.into_values().next().unwrap();
            prop_assert_eq!(one.count, times.len() as u64);
            prop_assert!(one.evidence.len() <= 2 * SIGHTINGS_KEPT);
        }
    }
}
