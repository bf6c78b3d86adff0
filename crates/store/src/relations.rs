//! What a resource is related to, and what is related to it, by the relationships that AWS Config states.

use std::collections::BTreeSet;

use haechi_model::{ConfigurationItem, Region, ResourceKey, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::fault::Fault;
use crate::names::name_hash;
use crate::open::Store;
use crate::read_items::key_of;
use crate::writer::RunWriter;

/// Which of the two states the relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The resource that was asked for.
    Outgoing,
    /// The other one.
    Incoming,
}

/// A relationship as seen from one of its resources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    pub direction: Direction,
    /// Such as `Is contained in Vpc`: said by the resource that states it.
    pub relationship_name: String,
    /// The other resource.
    pub resource_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// Its key, when it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ResourceKey>,
}

impl RunWriter<'_> {
    /// Makes an item findable by what it says that it is related to.
    pub(crate) fn put_relations(&self, number: i64, item: &ConfigurationItem) -> Result<(), Fault> {
        let mut insert = self
            .connection()
            .prepare_cached("INSERT INTO h_relations (target, item) VALUES (?, ?) ON CONFLICT DO NOTHING")?;
        for target in targets(item) {
            insert.execute([target, number])?;
        }
        Ok(())
    }
}

/// Where the resources are looked for that an item is related to.
pub(crate) fn targets(item: &ConfigurationItem) -> BTreeSet<i64> {
    item.relationships()
        .flat_map(|related| [related.resource_id, related.resource_name])
        .flatten()
        .map(name_hash)
        .collect()
}

/// Two resources that AWS Config relates are in one region, or one of them is global.
fn reach(one: &Region, other: &Region) -> bool {
    one == other || one.as_str() == "global" || other.as_str() == "global"
}

impl Store {
    /// What a resource was related to at a moment (none means now), in both directions.
    pub fn related(&self, key: &ResourceKey, as_of: Option<Timestamp>) -> Result<Vec<Related>> {
        let at = as_of.unwrap_or(Timestamp::from_micros(i64::MAX));
        self.snapshot(|| {
            let item = self.read_item_at(key, at)?;
            let mut found = match &item {
                Some(item) => self.outgoing(item)?,
                None => BTreeSet::new(),
            };
            let name = item.as_ref().and_then(ConfigurationItem::resource_name);
            self.incoming(key, name, at, &mut found)?;
            Ok(found.into_iter().collect())
        })
    }

    fn outgoing(&self, item: &ConfigurationItem) -> Result<BTreeSet<Related>, Fault> {
        let mut found = BTreeSet::new();
        for stated in item.relationships() {
            found.insert(Related {
                direction: Direction::Outgoing,
                relationship_name: stated.name.to_owned(),
                resource_type: stated.resource_type.to_owned(),
                resource_id: stated.resource_id.map(str::to_owned),
                resource_name: stated.resource_name.map(str::to_owned),
                key: self.other(item.key(), stated.resource_type, stated.resource_id.or(stated.resource_name))?,
            });
        }
        Ok(found)
    }

    /// The recorded resource that a relationship means, when there is exactly one.
    fn other(&self, from: &ResourceKey, resource_type: &str, name: Option<&str>) -> Result<Option<ResourceKey>, Fault> {
        let Some(name) = name else { return Ok(None) };
        let mut found = self.all(
            "SELECT s.partition, s.account, s.region, s.type, i.resource_id
             FROM h_names n JOIN h_items i ON i.id = n.item JOIN h_scopes s ON s.id = i.scope
             WHERE n.name = ?1 AND ?2 IN (i.resource_id, i.name)
               AND lower(s.type) = lower(?3) AND s.account = ?4 AND s.partition = ?5",
            rusqlite::params![name_hash(name), name, resource_type, from.account_id.as_str(), from.partition.as_str()],
            |row| key_of(row, 0),
        )?;
        found.retain(|key| reach(&key.region, &from.region));
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    fn incoming(
        &self,
        key: &ResourceKey,
        name: Option<&str>,
        at: Timestamp,
        found: &mut BTreeSet<Related>,
    ) -> Result<(), Fault> {
        let names = [Some(&*key.resource_id), name];
        let mut from = BTreeSet::new();
        for wanted in names.iter().flatten() {
            from.extend(self.all(
                "SELECT s.partition, s.account, s.region, s.type, i.resource_id
                 FROM h_relations r JOIN h_items i ON i.id = r.item JOIN h_scopes s ON s.id = i.scope
                 WHERE r.target = ?1 AND s.account = ?2 AND s.partition = ?3",
                rusqlite::params![name_hash(wanted), key.account_id.as_str(), key.partition.as_str()],
                |row| key_of(row, 0),
            )?);
        }
        for other in from.iter().filter(|other| *other != key && reach(&other.region, &key.region)) {
            let Some(item) = self.read_item_at(other, at)? else { continue };
            for stated in item.relationships() {
                let same_type = stated.resource_type.eq_ignore_ascii_case(key.resource_type.as_str());
                let same_name = match stated.resource_id {
                    Some(id) => id == &*key.resource_id,
                    None => stated.resource_name.is_some() && names.contains(&stated.resource_name),
                };
                if same_type && same_name {
                    found.insert(Related {
                        direction: Direction::Incoming,
                        relationship_name: stated.name.to_owned(),
                        resource_type: other.resource_type.to_string(),
                        resource_id: Some(other.resource_id.to_string()),
                        resource_name: item.resource_name().map(str::to_owned),
                        key: Some(other.clone()),
                    });
                }
            }
        }
        Ok(())
    }
}
