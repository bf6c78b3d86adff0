//! Finding resources by id, ARN or name: by 32 bits of the name's hash, then by comparing.

use haechi_model::{AccountId, ConfigurationItem, ContentHash, Region, ResourceKey};
use rusqlite::params;

use crate::Result;
use crate::fault::Fault;
use crate::open::Store;
use crate::read_items::key_of;
use crate::writer::RunWriter;

/// Where a name is looked for.
pub(crate) fn name_hash(name: &str) -> i64 {
    let [a, b, c, d, ..] = ContentHash::of(name.as_bytes()).bytes();
    i64::from(u32::from_be_bytes([a, b, c, d]))
}

/// The last part of an ARN, which mostly is the id or the name.
fn tail(name: &str) -> Option<&str> {
    name.starts_with("arn:").then(|| name.rsplit([':', '/']).next()).flatten().filter(|tail| !tail.is_empty())
}

/// Under which names an item is found. An ARN that ends with the id or the name needs no place of its own.
pub(crate) fn names_of<'i>(id: &'i str, name: Option<&'i str>, arn: Option<&'i str>) -> impl Iterator<Item = &'i str> {
    let name = name.filter(|name| *name != id && !name.is_empty());
    let arn = arn.filter(|arn| {
        let found_by = tail(arn).unwrap_or_default();
        *arn != id && found_by != id && Some(found_by) != name && Some(*arn) != name
    });
    [Some(id), name, arn].into_iter().flatten()
}

impl RunWriter<'_> {
    /// Makes an item findable by the names that it has now.
    pub(crate) fn put_names(&self, number: i64, item: &ConfigurationItem) -> Result<(), Fault> {
        let mut insert = self
            .connection()
            .prepare_cached("INSERT INTO h_names (name, item) VALUES (?, ?) ON CONFLICT DO NOTHING")?;
        for name in names_of(&item.key().resource_id, item.resource_name(), item.arn()) {
            insert.execute([name_hash(name), number])?;
        }
        Ok(())
    }
}

impl Store {
    /// The resources that have this ARN, id or name, deleted ones too.
    pub fn item_by_name(&self, name: &str) -> Result<Vec<ResourceKey>> {
        self.snapshot(|| {
            let mut found = self.named(name, "", &[])?;
            found.sort();
            found.dedup();
            Ok(found)
        })
    }

    /// The resources of an account and region (or `global`) whose ARN, id or name is one of the candidates,
    /// deleted ones too.
    pub fn find_resources(&self, account: AccountId, region: &Region, candidates: &[&str]) -> Result<Vec<ResourceKey>> {
        self.snapshot(|| {
            let mut found = Vec::new();
            for name in candidates.iter().filter(|name| !name.is_empty()) {
                found.extend(self.named(
                    name,
                    "AND s.account = ? AND s.region = ?",
                    &[account.as_str(), region.as_str()],
                )?);
            }
            found.sort();
            found.dedup();
            Ok(found)
        })
    }

    fn named(&self, name: &str, condition: &str, values: &[&str]) -> Result<Vec<ResourceKey>, Fault> {
        let sql = format!(
            "SELECT s.partition, s.account, s.region, s.type, i.resource_id
             FROM h_names n JOIN h_items i ON i.id = n.item JOIN h_scopes s ON s.id = i.scope
             WHERE n.name IN (?, ?) AND ? IN (i.resource_id, i.arn, i.name) {condition}"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let (whole, tail) = (name_hash(name), name_hash(tail(name).unwrap_or(name)));
        let mut rows = match values {
            [account, region] => statement.query_few(params![whole, tail, name, account, region])?,
            _ => statement.query_few(params![whole, tail, name])?,
        };
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(key_of(&row, 0)?);
        }
        Ok(found)
    }
}
