//! The history of one resource: its versions, what changed from each to the next, and who changed it.

use haechi_model::{ConfigurationItem, ContentHash, ItemDiff, ItemStatus, ResourceKey, Timestamp};
use rusqlite::params;
use serde::Serialize;

use crate::Result;
use crate::bodies;
use crate::changes::ChangeEvent;
use crate::fault::Fault;
use crate::open::Store;
use crate::records::{Slice, Span, Version};
use crate::run::RunId;

/// A version, what is different from the one before, and the events that may have made it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    #[serde(flatten)]
    pub version: Version,
    pub configuration_item_diff: ItemDiff,
    /// CloudTrail's events on the resource since the version before was last seen, oldest first.
    pub related_events: Vec<ChangeEvent>,
}

/// CloudTrail gives whole seconds: an event of the second in which a version was seen last may have come after it.
const SECOND: i64 = 1_000_000;
/// No more events than these stand at one version: the newest.
const MOST_EVENTS: usize = 1000;

/// A version as it stands in the table.
pub(crate) struct Row {
    pub(crate) version: Version,
    content: Option<i64>,
    seen: Option<String>,
    /// As the source said it.
    said: i64,
}

impl Row {
    pub(crate) fn item(&self, store: &Store) -> Result<Option<ConfigurationItem>, Fault> {
        let Some(content) = self.content else { return Ok(None) };
        let captured = self.version.captured.as_micros();
        bodies::item(store, content, self.version.hash, captured, self.said, self.seen.as_deref()).map(Some)
    }
}

impl Store {
    /// The history of a resource, oldest first; empty when it was never seen.
    pub fn versions(&self, key: &ResourceKey) -> Result<Vec<Version>> {
        self.snapshot(|| Ok(self.history(key)?.into_iter().map(|row| row.version).collect()))
    }

    /// The body of one version, as [`versions`](Self::versions) names it; none for a deletion, or when there is none.
    pub fn version_item(
        &self,
        key: &ResourceKey,
        captured: Timestamp,
        sequence: u64,
    ) -> Result<Option<ConfigurationItem>> {
        self.snapshot(|| {
            let history = self.history(key)?;
            let wanted = |row: &&Row| row.version.captured == captured && row.version.sequence == sequence;
            history.iter().find(wanted).map_or(Ok(None), |row| row.item(self))
        })
    }

    /// The versions of a resource that were captured in a span, oldest first, each with its differences and events.
    pub fn timeline(&self, key: &ResourceKey, span: Span, page: Slice) -> Result<Vec<TimelineEntry>> {
        let (from, to) = span.micros();
        self.snapshot(|| {
            let history = self.history(key)?;
            let wanted = history.iter().enumerate().filter(|(_, row)| {
                let captured = row.version.captured.as_micros();
                from <= captured && captured <= to
            });
            let skipped = usize::try_from(page.offset).unwrap_or(usize::MAX);
            let most = page.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
            let mut entries = Vec::new();
            let mut before: Option<(usize, Option<ConfigurationItem>)> = None;
            for (at, row) in wanted.skip(skipped).take(most) {
                let previous = at.checked_sub(1).and_then(|previous| history.get(previous));
                let old = match (before.take(), previous) {
                    (Some((known, item)), Some(_)) if known + 1 == at => item,
                    (_, Some(previous)) => previous.item(self)?,
                    (_, None) => None,
                };
                let new = row.item(self)?;
                let configuration_item_diff = ItemDiff::between(old.as_ref(), new.as_ref());
                let related_events = self.events_between(key, previous.map(|row| &row.version), &row.version)?;
                entries.push(TimelineEntry { version: row.version.clone(), configuration_item_diff, related_events });
                before = Some((at, new));
            }
            Ok(entries)
        })
    }

    fn events_between(
        &self,
        key: &ResourceKey,
        before: Option<&Version>,
        version: &Version,
    ) -> Result<Vec<ChangeEvent>, Fault> {
        let from =
            before.map(|before| Timestamp::from_micros(before.confirmed.as_micros().div_euclid(SECOND) * SECOND));
        let mut events = self.events_of(key, Span { from, to: Some(version.captured) })?;
        events.drain(..events.len().saturating_sub(MOST_EVENTS));
        Ok(events)
    }

    /// All versions of a resource, oldest first.
    pub(crate) fn history(&self, key: &ResourceKey) -> Result<Vec<Row>, Fault> {
        let Some(item) = self.number_of(key)? else { return Ok(Vec::new()) };
        let listed = self.listed_until(item)?;
        let mut rows = self.all(
            "SELECT v.captured, v.sequence, v.recorded, v.run, v.status, c.hash, v.content, v.seen, v.confirmed
             FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
             WHERE v.item = ? ORDER BY v.captured, v.sequence",
            [item],
            |row| {
                let (captured, confirmed) = (row.get::<i64>(0)?, row.get::<Option<i64>>(8)?);
                let hash = row.get::<Option<[u8; 16]>>(5)?;
                Ok(Row {
                    version: Version {
                        number: 0,
                        captured: Timestamp::from_micros(captured),
                        sequence: row.get::<i64>(1)?.max(0) as u64,
                        confirmed: Timestamp::from_micros(confirmed.unwrap_or(captured).max(captured)),
                        recorded: Timestamp::from_micros(row.get(2)?),
                        run: RunId(row.get(3)?),
                        status: bodies::status(row.get(4)?)?,
                        hash: hash.map_or_else(|| ContentHash::of(b""), ContentHash::from_bytes),
                    },
                    said: row.get(4)?,
                    content: row.get(6)?,
                    seen: row.get(7)?,
                })
            },
        )?;
        let mut there = false;
        for (number, row) in rows.iter_mut().enumerate() {
            row.version.number = number as u64 + 1;
            let status = row.version.status;
            row.version.status = match status {
                ItemStatus::Ok if !there => ItemStatus::ResourceDiscovered,
                ItemStatus::ResourceDiscovered if there => ItemStatus::Ok,
                other => other,
            };
            there = !status.is_deleted();
        }
        if let Some(newest) = rows.last_mut() {
            newest.version.confirmed = newest.version.confirmed.max(listed);
        }
        Ok(rows)
    }

    /// The newest complete listing that had a resource or lacked it.
    fn listed_until(&self, item: i64) -> Result<Timestamp, Fault> {
        let mut find = self
            .connection
            .prepare_cached("SELECT s.listed_at FROM h_items i JOIN h_scopes s ON s.id = i.scope WHERE i.id = ?")?;
        let listed: Option<i64> = find.query_row(params![item], |row| row.get(0))?;
        Ok(Timestamp::from_micros(listed.unwrap_or(i64::MIN)))
    }
}
