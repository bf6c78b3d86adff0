//! Putting items: what is new, changed, late or gone, and the versions that come of it.
//!
//! An unchanged item costs its hash and one look-up; nothing is written for it. That it was still so is
//! known from the listing (`listed_at` of its scope); where no listing was completed it is written at the
//! end of the run. So an item that comes late never undoes what is known from after it.

use std::collections::{BTreeMap, HashMap};

use crate::database::{Connection, Row};
use haechi_model::{ConfigurationItem, ContentHash, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::Result;
use crate::bodies::{self, GONE};
use crate::codec::{self, MAX_BODY, TRAIN_FROM};
use crate::contents;
use crate::error::StoreError;
use crate::fault::{Fault, to_json};
use crate::run::{PutOutcome, RunCounts};
use crate::scopes::Scope;
use crate::writer::RunWriter;

/// What is current, as far as putting needs to know.
struct Current {
    id: i64,
    scope: Scope,
    captured: i64,
    sequence: i64,
    status: i64,
    hash: ContentHash,
    content: Option<i64>,
}

impl Current {
    fn is_gone(&self) -> bool {
        self.status >= GONE
    }

    fn is(&self, gone: bool, hash: ContentHash) -> bool {
        self.is_gone() == gone && (gone || self.hash == hash)
    }
}

pub(crate) struct NewVersion<'a> {
    pub(crate) item: i64,
    pub(crate) captured: i64,
    pub(crate) recorded: i64,
    pub(crate) status: i64,
    pub(crate) content: Option<i64>,
    pub(crate) seen: Option<&'a str>,
}

/// A version as it stands in the history.
struct Past {
    captured: i64,
    sequence: i64,
    status: i64,
    content: Option<i64>,
    hash: Option<ContentHash>,
    confirmed: Option<i64>,
}

impl Past {
    fn is(&self, gone: bool, hash: ContentHash) -> bool {
        (self.status >= GONE) == gone && (gone || self.hash == Some(hash))
    }
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
            let mut outcomes = vec![PutOutcome::Same; items.len()];
            // Type by type, because few packing contexts are kept; within a type in the given order.
            let mut order: Vec<usize> = (0..items.len()).collect();
            order.sort_by_key(|at| items[*at].key().resource_type.as_str());
            for at in order {
                let item = &items[at];
                let dictionary = dictionaries.get(item.key().resource_type.as_str()).copied();
                if let Some(id) = dictionary.filter(|id| !run.encoder.knows(*id)) {
                    let body = contents::dictionary(run.connection(), id)?;
                    run.encoder.learn(id, &body)?;
                }
                let outcome = run.put_item(item, recorded.as_micros(), dictionary)?;
                counts.items += 1;
                *match outcome {
                    PutOutcome::New => &mut counts.new,
                    PutOutcome::Changed => &mut counts.changed,
                    PutOutcome::Same => &mut counts.same,
                    PutOutcome::Older => &mut counts.older,
                    PutOutcome::Deleted => &mut counts.deleted,
                } += 1;
                outcomes[at] = outcome;
            }
            run.note_counts(counts);
            if run.sightings.are_many() {
                run.write_sightings()?;
            }
            Ok(outcomes)
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.store.connection
    }

    pub(crate) fn count(&self, counts: RunCounts) -> Result<(), Fault> {
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

    fn current(&self, scope: Scope, resource_id: &str) -> Result<Option<Current>, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT id, captured, sequence, status, hash, content FROM h_items WHERE scope = ? AND resource_id = ?",
        )?;
        let found = find.query_row(params![scope.id, resource_id], |row| {
            Ok(Current {
                id: row.get(0)?,
                scope,
                captured: row.get(1)?,
                sequence: row.get(2)?,
                status: row.get(3)?,
                hash: ContentHash::from_bytes(row.get(4)?),
                content: row.get(5)?,
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
        let captured = item.captured().as_micros();
        let gone = item.status().is_deleted();
        let hash = if gone { nothing() } else { item.content_hash() };
        let Some(current) = self.current(scope, &item.key().resource_id)? else {
            let content = if gone { None } else { Some(self.put_content(item, hash, dictionary)?) };
            let id = self.insert_current(item, scope.id, hash, content)?;
            self.put_readable(id, item)?;
            self.put_names(id, item)?;
            self.put_relations(id, item)?;
            self.add_version(item, id, recorded, content)?;
            return Ok(if gone { PutOutcome::Deleted } else { PutOutcome::New });
        };
        if captured >= current.captured && current.is(gone, hash) {
            if captured > current.captured {
                self.sightings.note(scope.id, current.id, captured);
            }
            return Ok(PutOutcome::Same);
        }
        if captured <= current.captured && self.has_version(current.id, captured, gone, hash)? {
            return Ok(PutOutcome::Same);
        }
        let known_until = self.known_until(&current)?;
        if captured < known_until {
            return self.put_late(item, hash, &current, known_until, recorded, dictionary);
        }
        let content = if gone { None } else { Some(self.put_content(item, hash, dictionary)?) };
        if known_until > current.captured {
            self.confirm(current.id, current.captured, current.sequence, known_until)?;
        }
        let sequence = self.add_version(item, current.id, recorded, content)?;
        match content {
            None => self.mark_gone(current.id, captured, sequence, bodies::status_number(item.status()))?,
            Some(content) => self.update_current(item, &current, sequence, hash, content)?,
        }
        Ok(match current.is_gone() {
            _ if gone => PutOutcome::Deleted,
            true => PutOutcome::New,
            false => PutOutcome::Changed,
        })
    }

    /// The last moment at which the current version is known to have stood.
    fn known_until(&self, current: &Current) -> Result<i64, Fault> {
        let mut find = self
            .connection()
            .prepare_cached("SELECT confirmed FROM h_versions WHERE item = ? AND captured = ? AND sequence = ?")?;
        let written: Option<i64> =
            find.query_row([current.id, current.captured, current.sequence], |row| row.get(0)).optional()?.flatten();
        let seen = self.sightings.of(current.scope.id, current.id);
        let known = [written, seen, current.scope.listed_at].into_iter().flatten().max();
        Ok(known.map_or(current.captured, |known| known.max(current.captured)))
    }

    fn has_version(&self, item: i64, captured: i64, gone: bool, hash: ContentHash) -> Result<bool, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT 1 FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
             WHERE v.item = ? AND v.captured = ? AND CASE WHEN ? <> 0 THEN v.status >= 3 ELSE c.hash = ? END",
        )?;
        Ok(find.exists(params![item, captured, gone, hash.bytes()])?)
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

    fn insert_current(
        &self,
        item: &ConfigurationItem,
        scope: i64,
        hash: ContentHash,
        content: Option<i64>,
    ) -> Result<i64, Fault> {
        let mut insert = self.connection().prepare_cached(
            "INSERT INTO h_items (scope, resource_id, name, arn, tags, captured, sequence, status, hash, content)
             VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
        )?;
        Ok(insert.insert(params![
            scope,
            &*item.key().resource_id,
            item.resource_name(),
            item.arn(),
            tags(item)?,
            item.captured().as_micros(),
            bodies::status_number(item.status()),
            hash.bytes(),
            content
        ])?)
    }

    /// Replaces what is current, whose body then rests on the new one.
    fn update_current(
        &mut self,
        item: &ConfigurationItem,
        current: &Current,
        sequence: i64,
        hash: ContentHash,
        content: i64,
    ) -> Result<(), Fault> {
        let mut update = self.store.connection.prepare_cached(
            "UPDATE h_items SET name = ?, arn = ?, tags = ?, captured = ?, sequence = ?, status = ?, hash = ?,
                    content = ? WHERE id = ?",
        )?;
        update.execute(params![
            item.resource_name(),
            item.arn(),
            tags(item)?,
            item.captured().as_micros(),
            sequence,
            bodies::status_number(item.status()),
            hash.bytes(),
            content,
            current.id
        ])?;
        drop(update);
        self.put_readable(current.id, item)?;
        self.put_names(current.id, item)?;
        self.put_relations(current.id, item)?;
        current.content.map_or(Ok(()), |old| self.rest_on(old, content))
    }

    fn rest_on(&mut self, old: i64, new: i64) -> Result<(), Fault> {
        contents::rest_on(&self.store.connection, &mut self.encoder, &self.store.decoder, old, new)
    }

    /// What is current as JSON, where SQL has no other way to read it.
    fn put_readable(&self, number: i64, item: &ConfigurationItem) -> Result<(), Fault> {
        if self.connection().postgres().is_none() || item.status().is_deleted() {
            return Ok(());
        }
        let mut put = self.connection().prepare_cached(
            "INSERT INTO h_current (item, body) VALUES (?, CAST(? AS JSONB))
             ON CONFLICT (item) DO UPDATE SET body = excluded.body",
        )?;
        put.execute(params![number, readable(item)?])?;
        Ok(())
    }

    /// A deleted item keeps its name, tags and last body.
    pub(crate) fn mark_gone(&self, item: i64, captured: i64, sequence: i64, status: i64) -> Result<(), Fault> {
        let mut update = self
            .connection()
            .prepare_cached("UPDATE h_items SET captured = ?, sequence = ?, status = ?, hash = ? WHERE id = ?")?;
        update.execute(params![captured, sequence, status, nothing().bytes(), item])?;
        Ok(())
    }

    fn add_version(
        &self,
        item: &ConfigurationItem,
        id: i64,
        recorded: i64,
        content: Option<i64>,
    ) -> Result<i64, Fault> {
        let seen = bodies::seen(item)?;
        let (captured, status) = (item.captured().as_micros(), bodies::status_number(item.status()));
        self.add_row(&NewVersion { item: id, captured, recorded, status, content, seen: seen.as_deref() })
    }

    /// Adds a version after those of the same moment, and gives its place among them.
    pub(crate) fn add_row(&self, version: &NewVersion<'_>) -> Result<i64, Fault> {
        let mut insert = self.connection().prepare_cached(
            "INSERT INTO h_versions (item, captured, sequence, recorded, run, status, content, seen)
             SELECT ?1, ?2, coalesce(max(sequence) + 1, 0), ?3, ?4, ?5, CAST(?6 AS BIGINT), CAST(?7 AS TEXT)
             FROM h_versions WHERE item = ?1 AND captured = ?2 RETURNING sequence",
        )?;
        let NewVersion { item, captured, recorded, status, content, seen } = version;
        let row = params![item, captured, recorded, self.id.0, status, content, seen];
        Ok(insert.query_row(row, |row| row.get(0))?)
    }

    /// A version of the past. What was confirmed after it stands again from then on.
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
        let before = self.in_effect(current.id, captured)?;
        match &before {
            // It was not there before it was there: nothing to remember.
            None if gone => return Ok(PutOutcome::Same),
            Some(before) if before.is(gone, hash) => {
                self.confirm(current.id, before.captured, before.sequence, captured)?;
                return Ok(PutOutcome::Same);
            }
            _ => {}
        }
        let ended = before.as_ref().is_none_or(|before| before.confirmed.unwrap_or(before.captured) <= captured);
        if ended && !gone && self.begin_earlier(item, hash, current)? {
            return Ok(PutOutcome::Older);
        }
        let content = if gone { None } else { Some(self.put_content(item, hash, dictionary)?) };
        self.add_version(item, current.id, recorded, content)?;
        self.put_relations(current.id, item)?;
        if let (Some(old), Some(new)) = (content, current.content) {
            self.rest_on(old, new)?;
        }
        let Some(before) = before else { return Ok(PutOutcome::Older) };
        let is_current = (before.captured, before.sequence) == (current.captured, current.sequence);
        let until = if is_current { Some(known_until) } else { before.confirmed };
        if let Some(until) = until.filter(|until| *until > captured) {
            let mut unsay = self.connection().prepare_cached(
                "UPDATE h_versions SET confirmed = NULL WHERE item = ? AND captured = ? AND sequence = ?",
            )?;
            unsay.execute([current.id, before.captured, before.sequence])?;
            let Past { status, content, .. } = before;
            let again = NewVersion { item: current.id, captured: until, recorded, status, content, seen: None };
            let sequence = self.add_row(&again)?;
            if is_current {
                let mut update =
                    self.connection().prepare_cached("UPDATE h_items SET captured = ?, sequence = ? WHERE id = ?")?;
                update.execute([until, sequence, current.id])?;
            }
        }
        Ok(PutOutcome::Older)
    }

    /// What comes next after a late item may say the same: then that version began earlier, and none is added.
    fn begin_earlier(&self, item: &ConfigurationItem, hash: ContentHash, current: &Current) -> Result<bool, Fault> {
        let captured = item.captured().as_micros();
        let mut find = self.connection().prepare_cached(
            "SELECT v.captured, v.sequence, v.status, v.content, c.hash, v.confirmed
             FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
             WHERE v.item = ? AND v.captured > ? ORDER BY v.captured, v.sequence LIMIT 1",
        )?;
        let Some(next) =
            find.query_row([current.id, captured], past_of).optional()?.filter(|next| next.is(false, hash))
        else {
            return Ok(false);
        };
        let mut place = self
            .connection()
            .prepare_cached("SELECT coalesce(max(sequence) + 1, 0) FROM h_versions WHERE item = ? AND captured = ?")?;
        let sequence: i64 = place.query_row([current.id, captured], |row| row.get(0))?;
        let mut update = self.connection().prepare_cached(
            "UPDATE h_versions SET captured = ?, sequence = ?, confirmed = ?, seen = ?
             WHERE item = ? AND captured = ? AND sequence = ?",
        )?;
        let stood = next.confirmed.unwrap_or(next.captured).max(next.captured);
        let seen = bodies::seen(item)?;
        update.execute(params![captured, sequence, stood, seen, current.id, next.captured, next.sequence])?;
        if (next.captured, next.sequence) == (current.captured, current.sequence) {
            let mut update =
                self.connection().prepare_cached("UPDATE h_items SET captured = ?, sequence = ? WHERE id = ?")?;
            update.execute([captured, sequence, current.id])?;
        }
        Ok(true)
    }

    /// The version of an item that stood at a moment; none before its first.
    fn in_effect(&self, item: i64, at: i64) -> Result<Option<Past>, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT v.captured, v.sequence, v.status, v.content, c.hash, v.confirmed
             FROM h_versions v LEFT JOIN h_contents c ON c.id = v.content
             WHERE v.item = ? AND v.captured <= ? ORDER BY v.captured DESC, v.sequence DESC LIMIT 1",
        )?;
        let found = find.query_row([item, at], past_of);
        Ok(found.optional()?)
    }
}

fn past_of(row: &Row<'_>) -> rusqlite::Result<Past> {
    Ok(Past {
        captured: row.get(0)?,
        sequence: row.get(1)?,
        status: row.get(2)?,
        content: row.get(3)?,
        hash: row.get::<Option<[u8; 16]>>(4)?.map(ContentHash::from_bytes),
        confirmed: row.get(5)?,
    })
}

/// The body for PostgreSQL's JSON, which keeps no NUL: the sign for it stands in its place.
fn readable(item: &ConfigurationItem) -> Result<String, Fault> {
    fn without_nul(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = text.replace('\0', crate::postgres::NUL_SIGN),
            serde_json::Value::Array(elements) => elements.iter_mut().for_each(without_nul),
            serde_json::Value::Object(members) => {
                *members = std::mem::take(members)
                    .into_iter()
                    .map(|(name, mut member)| {
                        without_nul(&mut member);
                        (name.replace('\0', crate::postgres::NUL_SIGN), member)
                    })
                    .collect();
            }
            _ => {}
        }
    }
    let text = String::from_utf8(bodies::content(item)?)
        .map_err(|error| Fault::Damaged(format!("an item is not UTF-8: {error}")))?;
    if !text.contains("\\u0000") {
        return Ok(text);
    }
    let mut value: serde_json::Value = crate::fault::from_json(&text, "an item")?;
    without_nul(&mut value);
    to_json(&value)
}

fn tags(item: &ConfigurationItem) -> Result<Option<String>, Fault> {
    let tags: BTreeMap<_, _> = item.tags().collect();
    if tags.is_empty() { Ok(None) } else { to_json(&tags).map(Some) }
}
