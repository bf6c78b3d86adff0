//! Reading items: the current ones of a type, one by its key, and as they were at a moment.

use std::ops::ControlFlow;

use haechi_model::{ConfigurationItem, ContentHash, Partition, ResourceKey, ResourceType, Timestamp};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::Result;
use crate::bodies;
use crate::conditions::{Conditions, text};
use crate::contents;
use crate::fault::{Fault, from_text};
use crate::open::Store;
use crate::records::{ItemFilter, Presence, TagFilter};
use crate::scopes;

/// The current version of each item of a scope.
const CURRENT: &str = "SELECT i.content, i.hash, v.captured, v.status, v.seen FROM h_items i
    JOIN h_versions v ON v.item = i.id AND v.captured = i.captured AND v.sequence = i.sequence
    WHERE i.scope = ?1 AND i.status < 3 AND CAST(?2 AS BIGINT) IS NULL";

/// The version of each item of a scope that was so at a moment.
const AS_OF: &str = "SELECT v.content, c.hash, v.captured, v.status, v.seen FROM h_items i
    JOIN h_versions v ON v.item = i.id AND (v.captured, v.sequence) =
        (SELECT n.captured, n.sequence FROM h_versions n WHERE n.item = i.id AND n.captured <= ?2
         ORDER BY n.captured DESC, n.sequence DESC LIMIT 1)
    JOIN h_contents c ON c.id = v.content
    WHERE i.scope = ?1 AND v.status < 3";

impl Store {
    /// Gives the items of a type that a filter lets pass, by account, region and id, one at a time: memory does
    /// not grow with their number. Deleted ones have no configuration: they are in [`resources`](Self::resources) only.
    pub fn items_of_type(
        &self,
        resource_type: &ResourceType,
        filter: &ItemFilter,
        mut each: impl FnMut(ConfigurationItem, ContentHash) -> ControlFlow<()>,
    ) -> Result<()> {
        if !(filter.types.is_empty() || filter.types.contains(resource_type)) || filter.presence == Presence::Gone {
            return Ok(());
        }
        self.snapshot(|| {
            let mut conditions = Conditions::default();
            conditions.add("type = ?", [text(resource_type)]);
            conditions.any_of("account", filter.accounts.iter().map(|account| text(account.as_str())));
            conditions.any_of("region", filter.regions.iter().map(text));
            let sql = format!("SELECT id FROM h_scopes{} ORDER BY account, region, partition", conditions.sql());
            for scope in self.all(&sql, conditions.values(), |row| Ok(row.get::<i64>(0)?))? {
                if self.items_of_scope(scope, filter, &mut each)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn items_of_scope(
        &self,
        scope: i64,
        filter: &ItemFilter,
        each: &mut impl FnMut(ConfigurationItem, ContentHash) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Fault> {
        let mut conditions = Conditions::more();
        filter.add_names(&mut conditions);
        let all = if filter.as_of.is_some() { AS_OF } else { CURRENT };
        let sql = format!("{all}{} ORDER BY i.resource_id", conditions.sql());
        let mut statement = self.connection.prepare_cached(&sql)?;
        let at = filter.as_of.map_or(Value::Null, |at| Value::Integer(at.as_micros()));
        let values: Vec<Value> = [Value::Integer(scope), at].into_iter().chain(conditions.into_values()).collect();
        let mut rows = statement.query(&values)?;
        while let Some(row) = rows.next()? {
            let body = contents::read(&self.connection, &self.decoder, row.get(0)?)?;
            let seen: Option<String> = row.get(4)?;
            let item = bodies::join(&body, row.get(2)?, row.get(3)?, seen.as_deref())?;
            let has = |tag: &TagFilter| {
                item.tag(&tag.key).is_some_and(|value| tag.value.as_ref().is_none_or(|wanted| wanted == value))
            };
            if !filter.tags.iter().all(has) {
                continue;
            }
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
        self.snapshot(|| self.read_item_at(key, at))
    }

    pub(crate) fn read_item_at(&self, key: &ResourceKey, at: Timestamp) -> Result<Option<ConfigurationItem>, Fault> {
        let Some(item) = self.number_of(key)? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(
            "SELECT v.content, c.hash, v.captured, v.status, v.seen
             FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
             WHERE v.item = ? AND v.captured <= ? ORDER BY v.captured DESC, v.sequence DESC LIMIT 1",
        )?;
        let mut rows = statement.query_few([item, at.as_micros()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let Some(content) = row.get::<Option<i64>>(0)? else { return Ok(None) };
        let (hash, seen) = (ContentHash::from_bytes(row.get(1)?), row.get::<Option<String>>(4)?);
        bodies::item(self, content, hash, row.get(2)?, row.get(3)?, seen.as_deref()).map(Some)
    }

    pub(crate) fn number_of(&self, key: &ResourceKey) -> Result<Option<i64>, Fault> {
        let Some(scope) = scopes::find(&self.connection, key)? else { return Ok(None) };
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM h_items WHERE scope = ? AND resource_id = ?")?;
        Ok(statement.query_row(params![scope.id, &*key.resource_id], |row| row.get(0)).optional()?)
    }
}

/// A key from five columns: partition, account, region, type and id.
pub(crate) fn key_of(row: &crate::database::Row<'_>, from: usize) -> Result<ResourceKey, Fault> {
    let name = |at: usize| row.get::<String>(from + at);
    Ok(ResourceKey {
        partition: from_text::<Partition>(&name(0)?)?,
        account_id: from_text(&name(1)?)?,
        region: from_text(&name(2)?)?,
        resource_type: from_text(&name(3)?)?,
        resource_id: row.get(from + 4)?,
    })
}
