//! Reading items: the current ones of a type, one by its key, and as they were at a moment.

use std::ops::ControlFlow;

use haechi_model::{ConfigurationItem, ContentHash, Partition, ResourceKey, ResourceType, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::Result;
use crate::bodies;
use crate::conditions::{Conditions, text};
use crate::contents;
use crate::fault::{Fault, from_text};
use crate::open::Store;
use crate::records::{ItemFilter, Version};
use crate::run::RunId;
use crate::scopes;

/// The current version of each item of a scope.
const CURRENT: &str = "SELECT i.content, i.hash, v.captured, v.status, v.seen FROM h_items i
    JOIN h_versions v ON v.item = i.id AND v.captured = i.captured AND v.sequence = i.sequence
    WHERE i.scope = ?1 AND i.status < 3 AND ?2 IS NULL
    ORDER BY i.resource_id";

/// The version of each item of a scope that was so at a moment.
const AS_OF: &str = "SELECT v.content, c.hash, v.captured, v.status, v.seen FROM h_items i
    JOIN h_versions v ON v.item = i.id AND (v.captured, v.sequence) =
        (SELECT n.captured, n.sequence FROM h_versions n WHERE n.item = i.id AND n.captured <= ?2
         ORDER BY n.captured DESC, n.sequence DESC LIMIT 1)
    JOIN h_contents c ON c.id = v.content
    WHERE i.scope = ?1 AND v.status < 3 ORDER BY i.resource_id";

impl Store {
    /// Gives every item of a type, by account, region and id, one at a time: memory does not grow with their number.
    pub fn items_of_type(
        &self,
        resource_type: &ResourceType,
        filter: &ItemFilter,
        mut each: impl FnMut(ConfigurationItem, ContentHash) -> ControlFlow<()>,
    ) -> Result<()> {
        self.snapshot(|| {
            let mut conditions = Conditions::default();
            conditions.add("type = ?", [text(resource_type)]);
            conditions.any_of("account", filter.accounts.iter().map(|account| text(account.as_str())));
            conditions.any_of("region", filter.regions.iter().map(text));
            let sql = format!("SELECT id FROM h_scopes{} ORDER BY account, region, partition", conditions.sql());
            for scope in self.all(&sql, conditions.values(), |row| Ok(row.get::<_, i64>(0)?))? {
                if self.items_of_scope(scope, filter.as_of, &mut each)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn items_of_scope(
        &self,
        scope: i64,
        as_of: Option<Timestamp>,
        each: &mut impl FnMut(ConfigurationItem, ContentHash) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Fault> {
        let sql = if as_of.is_some() { AS_OF } else { CURRENT };
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![scope, as_of.map(Timestamp::as_micros)])?;
        while let Some(row) = rows.next()? {
            let body = contents::read(&self.connection, &self.decoder, row.get(0)?)?;
            let seen: Option<String> = row.get(4)?;
            let item = bodies::join(&body, row.get(2)?, row.get(3)?, seen.as_deref())?;
            if each(item, ContentHash::from_bytes(row.get(1)?)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A resource as it is now; none when it is unknown or deleted.
    pub fn item(&self, key: &ResourceKey) -> Result<Option<ConfigurationItem>> {
        self.item_at(key, Timestamp::from_micros(i64::MAX))
    }

    /// A resource as it was at a moment (valid time); none when it was not there or not yet known to be.
    pub fn item_at(&self, key: &ResourceKey, at: Timestamp) -> Result<Option<ConfigurationItem>> {
        self.snapshot(|| {
            let Some(item) = self.number_of(key)? else { return Ok(None) };
            let mut statement = self.connection.prepare_cached(
                "SELECT v.content, c.hash, v.captured, v.status, v.seen
                 FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
                 WHERE v.item = ? AND v.captured <= ? ORDER BY v.captured DESC, v.sequence DESC LIMIT 1",
            )?;
            let mut rows = statement.query([item, at.as_micros()])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let Some(content) = row.get::<_, Option<i64>>(0)? else { return Ok(None) };
            let (hash, seen) = (ContentHash::from_bytes(row.get(1)?), row.get::<_, Option<String>>(4)?);
            bodies::item(self, content, hash, row.get(2)?, row.get(3)?, seen.as_deref()).map(Some)
        })
    }

    fn number_of(&self, key: &ResourceKey) -> Result<Option<i64>, Fault> {
        let Some(scope) = scopes::find(&self.connection, key)? else { return Ok(None) };
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM h_items WHERE scope = ? AND resource_id = ?")?;
        Ok(statement.query_row(params![scope.id, &*key.resource_id], |row| row.get(0)).optional()?)
    }

    /// The history of a resource, oldest first; empty when it was never seen.
    pub fn versions(&self, key: &ResourceKey) -> Result<Vec<Version>> {
        self.snapshot(|| {
            let Some(item) = self.number_of(key)? else { return Ok(Vec::new()) };
            self.all(
                "SELECT v.captured, v.recorded, v.run, v.status, c.hash
                 FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
                 WHERE v.item = ? ORDER BY v.captured, v.sequence",
                [item],
                |row| {
                    Ok(Version {
                        captured: Timestamp::from_micros(row.get(0)?),
                        recorded: Timestamp::from_micros(row.get(1)?),
                        run: RunId(row.get(2)?),
                        status: bodies::status(row.get(3)?)?,
                        hash: row
                            .get::<_, Option<[u8; 16]>>(4)?
                            .map_or_else(|| ContentHash::of(b""), ContentHash::from_bytes),
                    })
                },
            )
        })
    }

    /// The resources that have this ARN, id or name, deleted ones too.
    pub fn item_by_name(&self, name: &str) -> Result<Vec<ResourceKey>> {
        self.told(self.all(
            "SELECT s.partition, s.account, s.region, s.type, i.resource_id
             FROM h_items i JOIN h_scopes s ON s.id = i.scope
             WHERE i.arn = ?1 OR i.resource_id = ?1 OR i.name = ?1
             ORDER BY s.partition, s.account, s.region, s.type, i.resource_id",
            [name],
            |row| key_of(row, 0),
        ))
    }
}

/// A key from five columns: partition, account, region, type and id.
pub(crate) fn key_of(row: &rusqlite::Row<'_>, from: usize) -> Result<ResourceKey, Fault> {
    let name = |at: usize| row.get::<_, String>(from + at);
    Ok(ResourceKey {
        partition: from_text::<Partition>(&name(0)?)?,
        account_id: from_text(&name(1)?)?,
        region: from_text(&name(2)?)?,
        resource_type: from_text(&name(3)?)?,
        resource_id: row.get(from + 4)?,
    })
}
