//! Makes the threat that an engine over added-up logs found: of flows, of queries.

use std::collections::{BTreeMap, BTreeSet};

use haechi_content::DetectionFile;
use haechi_model::{AccountId, Entity, Message, Partition, Region, Sighting, Threat, ThreatScore, Timestamp};
use serde_json::Value;

use crate::rule::{kept, nobody, placeholders};

/// What was found, before it is a threat.
pub(crate) struct Found<'f> {
    pub(crate) file: &'f DetectionFile,
    pub(crate) score: ThreatScore,
    pub(crate) account: &'f str,
    pub(crate) region: &'f str,
    pub(crate) entity: Entity,
    pub(crate) others: BTreeSet<Entity>,
    /// For the sentence, by the names that `args` gives.
    pub(crate) values: BTreeMap<&'f str, Value>,
    pub(crate) evidence: Vec<Sighting>,
    pub(crate) count: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Found<'_> {
    pub(crate) fn threat(mut self) -> Threat {
        let account = AccountId::parse(self.account).unwrap_or_else(|_| nobody());
        let region = Region::parse(self.region).unwrap_or_else(|_| Region::global());
        self.evidence.sort_unstable();
        self.evidence.dedup();
        self.evidence.truncate(haechi_model::threat::SIGHTINGS_KEPT);
        let mut message = Message::new(format!("detection:{}", self.file.id));
        for name in placeholders(&self.file.says.en) {
            let value = match name.as_str() {
                "entity" => Some(Value::from(kept(&self.entity.id))),
                "account" => Some(Value::from(account.as_str())),
                "region" => Some(Value::from(region.as_str())),
                "count" => Some(Value::from(self.count)),
                other => self.values.get(self.file.args.get(other).map_or(other, String::as_str)).cloned(),
            };
            message = message.with(name, value.unwrap_or_else(|| "-".into()));
        }
        Threat {
            id: Threat::id_of(&self.file.id, &self.entity, &account, &region),
            kind: self.file.id.clone(),
            origin: self.file.origin,
            title: self.file.title.en.clone(),
            score: self.score,
            partition: Partition::of_region(region.as_str()),
            account,
            region,
            entity: self.entity,
            others: self.others,
            message,
            attack: self.file.attack.clone(),
            factors: BTreeSet::new(),
            evidence: self.evidence,
            count: self.count,
            first_seen: self.first,
            last_seen: self.last,
            related: BTreeSet::new(),
            sample: false,
        }
    }
}
