//! Putting items: what is new, changed, late or gone, and the versions that come of it.
//!
//! An unchanged item costs its hash and one look-up; nothing is written for it. That it was still so is
//! known from the listing: `listed_at` of its scope.

use std::collections::{HashMap, HashSet};

use haechi_model::{ConfigurationItem, ContentHash, Coverage, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::Result;
use crate::bodies::{self, GONE};
use crate::codec::{self, MAX_BODY, TRAIN_FROM};
use crate::contents;
use crate::error::StoreError;
use crate::fault::{Fault, to_json};
use crate::run::{ListingOutcome, PutOutcome, RunCounts};
use crate::writer::RunWriter;

/// What is current, as far as putting needs to know.
struct Current {
    id: i64,
    captured: i64,
    status: i64,
    hash: ContentHash,
    content: Option<i64>,
}

impl Current {
    fn is_gone(&self) -> bool {
        self.status >= GONE
    }
}

struct NewVersion<'a> {
    item: i64,
    captured: i64,
    recorded: i64,
    status: i64,
    content: Option<i64>,
    seen: Option<&'a str>,
}

fn nothing() -> ContentHash {
    ContentHash::of(b"")
}

impl RunWriter<'_> {
    /// Puts a batch of items in one transaction, and says what became of each.
    ///
    /// An item that is older than what is known of its resource adds a version of the past. A deleted one
    /// deletes. Put all items of a listing before [`finish_listing`](Self::finish_listing).
    pub fn put_items(&mut self, items: &[ConfigurationItem], recorded: Timestamp) -> Result<Vec<PutOutcome>> {
        self.facts(|run| {
            let dictionaries = run.dictionaries(items)?;
            let mut counts = RunCounts::default();
            let mut outcomes = Vec::with_capacity(items.len());
            for item in items {
                let dictionary = dictionaries.get(item.key().resource_type.as_str()).copied();
                let outcome = run.put_item(item, recorded.as_micros(), dictionary)?;
                counts.items += 1;
                *match outcome {
                    PutOutcome::New => &mut counts.new,
                    PutOutcome::Changed => &mut counts.changed,
                    PutOutcome::Same => &mut counts.same,
                    PutOutcome::Older => &mut counts.older,
                    PutOutcome::Deleted => &mut counts.deleted,
                } += 1;
                outcomes.push(outcome);
            }
            run.count(counts)?;
            Ok(outcomes)
        })
    }

    fn connection(&self) -> &Connection {
        &self.store.connection
    }

    fn count(&self, counts: RunCounts) -> Result<(), Fault> {
        let mut update = self.connection().prepare_cached(
            "UPDATE h_runs SET items = items + ?, new = new + ?, changed = changed + ?, same = same + ?,
                    older = older + ?, deleted = deleted + ? WHERE id = ?",
        )?;
        let RunCounts { items, new, changed, same, older, deleted } = counts;
        let [items, new, changed, same, older, deleted] = [items, new, changed, same, older, deleted].map(|n| n as i64);
        update.execute([items, new, changed, same, older, deleted, self.id.0])?;
        Ok(())
    }

    /// The dictionaries of the types in a batch; a type's is trained when it first comes in numbers.
    fn dictionaries<'i>(&mut self, items: &'i [ConfigurationItem]) -> Result<HashMap<&'i str, i64>, Fault> {
        let mut by_type: HashMap<&str, Vec<&ConfigurationItem>> = HashMap::new();
        for item in items {
            by_type.entry(item.key().resource_type.as_str()).or_default().push(item);
        }
        let mut dictionaries = HashMap::new();
        for (name, items) in by_type {
            let mut find = self.connection().prepare_cached("SELECT id FROM h_dictionaries WHERE type = ?")?;
            let known: Option<i64> = find.query_row([name], |row| row.get(0)).optional()?;
            drop(find);
            let id = match known {
                Some(id) => Some(id),
                None if items.len() >= TRAIN_FROM => self.train(name, &items)?,
                None => None,
            };
            let Some(id) = id else { continue };
            if !self.encoder.knows(id) {
                let body = contents::dictionary(self.connection(), id)?;
                self.encoder.learn(id, &body)?;
            }
            dictionaries.insert(name, id);
        }
        Ok(dictionaries)
    }

    fn train(&self, name: &str, items: &[&ConfigurationItem]) -> Result<Option<i64>, Fault> {
        let step = items.len().div_ceil(codec::SAMPLES).max(1);
        let samples = items.iter().step_by(step).map(|item| bodies::content(item)).collect::<Result<Vec<_>, _>>()?;
        let Some(dictionary) = codec::train(&samples) else { return Ok(None) };
        let mut insert = self.connection().prepare_cached("INSERT INTO h_dictionaries (type, body) VALUES (?, ?)")?;
        Ok(Some(insert.insert(params![name, dictionary])?))
    }

    fn current(&self, scope: i64, resource_id: &str) -> Result<Option<Current>, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT id, captured, status, hash, content FROM h_items WHERE scope = ? AND resource_id = ?",
        )?;
        let found = find.query_row(params![scope, resource_id], |row| {
            Ok(Current {
                id: row.get(0)?,
                captured: row.get(1)?,
                status: row.get(2)?,
                hash: ContentHash::from_bytes(row.get(3)?),
                content: row.get(4)?,
            })
        });
        Ok(found.optional()?)
    }

    fn put_item(
        &mut self,
        item: &ConfigurationItem,
        recorded: i64,
        dictionary: Option<i64>,
    ) -> Result<PutOutcome, Fault> {
        let scope = self.scopes.of(&self.store.connection, item.key())?;
        let current = self.current(scope.id, &item.key().resource_id)?;
        let gone = item.status().is_deleted();
        let hash = if gone { nothing() } else { item.content_hash() };
        if let Some(current) = &current {
            let known_until = scope.listed_at.map_or(current.captured, |listed| listed.max(current.captured));
            if item.captured().as_micros() < known_until {
                return self.put_late(item, hash, current, known_until, recorded, dictionary);
            }
            if current.is_gone() == gone && (gone || current.hash == hash) {
                return Ok(PutOutcome::Same);
            }
        }
        let content = if gone { None } else { Some(self.put_content(item, hash, dictionary)?) };
        let id = self.replace_current(item, scope.id, current.as_ref(), hash, content)?;
        if let (Some(old), Some(new)) = (current.as_ref().and_then(|current| current.content), content) {
            contents::rest_on(&self.store.connection, &mut self.encoder, &self.store.decoder, old, new)?;
        }
        self.add_version(&NewVersion {
            item: id,
            captured: item.captured().as_micros(),
            recorded,
            status: bodies::status_number(item.status()),
            content,
            seen: bodies::seen(item)?.as_deref(),
        })?;
        Ok(match current {
            _ if gone => PutOutcome::Deleted,
            Some(current) if !current.is_gone() => PutOutcome::Changed,
            _ => PutOutcome::New,
        })
    }

    fn put_content(
        &mut self,
        item: &ConfigurationItem,
        hash: ContentHash,
        dictionary: Option<i64>,
    ) -> Result<i64, Fault> {
        let body = bodies::content(item)?;
        if body.len() > MAX_BODY {
            return Err(StoreError::TooLarge { resource: item.key().to_string(), bytes: body.len() }.into());
        }
        let store = &self.store;
        contents::put_whole(&store.connection, &mut self.encoder, &store.decoder, hash, &body, dictionary)
    }

    /// Writes the current row; a deleted item keeps its name, tags and last body.
    fn replace_current(
        &self,
        item: &ConfigurationItem,
        scope: i64,
        current: Option<&Current>,
        hash: ContentHash,
        content: Option<i64>,
    ) -> Result<i64, Fault> {
        let tags: std::collections::BTreeMap<_, _> = item.tags().collect();
        let tags = if tags.is_empty() { None } else { Some(to_json(&tags)?) };
        let (name, arn) = (item.resource_name(), item.arn());
        let (captured, status) = (item.captured().as_micros(), bodies::status_number(item.status()));
        let Some(current) = current else {
            let mut insert = self.connection().prepare_cached(
                "INSERT INTO h_items (scope, resource_id, name, arn, tags, captured, status, hash, content)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            let id = &item.key().resource_id;
            return Ok(insert.insert(params![
                scope,
                &**id,
                name,
                arn,
                tags,
                captured,
                status,
                hash.bytes(),
                content
            ])?);
        };
        if content.is_none() {
            self.mark_gone(current.id, captured, status)?;
            return Ok(current.id);
        }
        let mut update = self.connection().prepare_cached(
            "UPDATE h_items SET name = ?, arn = ?, tags = ?, captured = ?, status = ?, hash = ?, content = ?
             WHERE id = ?",
        )?;
        update.execute(params![name, arn, tags, captured, status, hash.bytes(), content, current.id])?;
        Ok(current.id)
    }

    fn mark_gone(&self, item: i64, captured: i64, status: i64) -> Result<(), Fault> {
        let mut update =
            self.connection().prepare_cached("UPDATE h_items SET captured = ?, status = ?, hash = ? WHERE id = ?")?;
        update.execute(params![captured, status, nothing().bytes(), item])?;
        Ok(())
    }

    fn add_version(&self, version: &NewVersion<'_>) -> Result<(), Fault> {
        let mut insert = self.connection().prepare_cached(
            "INSERT INTO h_versions (item, captured, sequence, recorded, run, status, content, seen)
             SELECT ?1, ?2, coalesce(max(sequence) + 1, 0), ?3, ?4, ?5, ?6, ?7
             FROM h_versions WHERE item = ?1 AND captured = ?2",
        )?;
        let NewVersion { item, captured, recorded, status, content, seen } = version;
        insert.execute(params![item, captured, recorded, self.id.0, status, content, seen])?;
        Ok(())
    }

    /// A version of the past. What was confirmed after it stays current.
    fn put_late(
        &mut self,
        item: &ConfigurationItem,
        hash: ContentHash,
        current: &Current,
        known_until: i64,
        recorded: i64,
        dictionary: Option<i64>,
    ) -> Result<PutOutcome, Fault> {
        let captured = item.captured().as_micros();
        let gone = item.status().is_deleted();
        let then = self.in_effect(current.id, captured)?;
        if then.is_some_and(|(was_gone, was)| was_gone == gone && (gone || was == Some(hash))) {
            return Ok(PutOutcome::Same);
        }
        if then.is_none() && gone {
            // It was not there before it was there: nothing to remember.
            return Ok(PutOutcome::Same);
        }
        let content = if gone { None } else { Some(self.put_content(item, hash, dictionary)?) };
        if let (Some(old), Some(new)) = (content, current.content) {
            contents::rest_on(&self.store.connection, &mut self.encoder, &self.store.decoder, old, new)?;
        }
        let seen = bodies::seen(item)?;
        let status = bodies::status_number(item.status());
        let version = NewVersion { item: current.id, captured, recorded, status, content, seen: seen.as_deref() };
        self.add_version(&version)?;
        if captured >= current.captured {
            // The listing that confirmed the current state came after: say it again, there.
            let content = if current.is_gone() { None } else { current.content };
            let again = NewVersion { captured: known_until, status: current.status, content, seen: None, ..version };
            self.add_version(&again)?;
            let mut update = self.connection().prepare_cached("UPDATE h_items SET captured = ? WHERE id = ?")?;
            update.execute([known_until, current.id])?;
        }
        Ok(PutOutcome::Older)
    }

    /// Whether the item was gone at a moment, and its content then; none before its first version.
    fn in_effect(&self, item: i64, at: i64) -> Result<Option<(bool, Option<ContentHash>)>, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT v.status, c.hash FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
             WHERE v.item = ? AND v.captured <= ? ORDER BY v.captured DESC, v.sequence DESC LIMIT 1",
        )?;
        let found = find.query_row([item, at], |row| {
            Ok((row.get::<_, i64>(0)? >= GONE, row.get::<_, Option<[u8; 16]>>(1)?.map(ContentHash::from_bytes)))
        });
        Ok(found.optional()?)
    }

    /// Ends the listing of a type: writes its coverage and, when it is complete, deletes the resources
    /// that it lacks (`seen` holds the resource ids that it has), all in one transaction.
    ///
    /// A failed or skipped listing deletes nothing. Nor does a listing delete what was seen after `at`,
    /// or what a newer listing has had.
    pub fn finish_listing(
        &mut self,
        coverage: &Coverage,
        seen: &HashSet<&str>,
        at: Timestamp,
    ) -> Result<ListingOutcome> {
        self.facts(|run| {
            run.put_one_coverage(coverage)?;
            if !coverage.is_complete() {
                return Ok(ListingOutcome::Incomplete);
            }
            let Coverage { account_id, region, resource_type, .. } = coverage;
            let scopes = run.scopes.of_listing(&run.store.connection, *account_id, region, resource_type)?;
            let mut deleted = 0;
            for scope in scopes.iter().filter(|scope| scope.listed_at.is_none_or(|listed| listed <= at.as_micros())) {
                deleted += run.delete_unseen(scope.id, seen, at.as_micros())?;
                let mut update = run.connection().prepare_cached("UPDATE h_scopes SET listed_at = ? WHERE id = ?")?;
                update.execute([at.as_micros(), scope.id])?;
            }
            run.scopes.forget();
            run.count(RunCounts { deleted, ..RunCounts::default() })?;
            Ok(ListingOutcome::Complete { deleted })
        })
    }

    fn delete_unseen(&self, scope: i64, seen: &HashSet<&str>, at: i64) -> Result<u64, Fault> {
        let mut find = self
            .connection()
            .prepare_cached("SELECT id, resource_id FROM h_items WHERE scope = ? AND status < 3 AND captured <= ?")?;
        let mut rows = find.query([scope, at])?;
        let mut unseen = Vec::new();
        while let Some(row) = rows.next()? {
            if !seen.contains(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                unseen.push(row.get::<_, i64>(0)?);
            }
        }
        for item in &unseen {
            self.mark_gone(*item, at, GONE)?;
            self.add_version(&NewVersion {
                item: *item,
                captured: at,
                recorded: at,
                status: GONE,
                content: None,
                seen: None,
            })?;
        }
        Ok(unseen.len() as u64)
    }
}
