//! Until when a version is known to have stood: items that were seen again unchanged.
//!
//! A completed listing covers all of its items at once; only the others are written, at the end of the run.

use std::collections::HashMap;

use crate::fault::Fault;
use crate::writer::RunWriter;

/// Sightings of unchanged items that no completed listing has covered yet, by scope and item.
#[derive(Default)]
pub(crate) struct Sightings {
    pending: HashMap<i64, HashMap<i64, i64>>,
    number: usize,
}

impl Sightings {
    /// More than these are written at once, so that memory stays bounded.
    const MOST: usize = 200_000;

    pub(crate) fn note(&mut self, scope: i64, item: i64, at: i64) {
        let known = self.pending.entry(scope).or_default().entry(item).or_insert_with(|| {
            self.number += 1;
            at
        });
        *known = at.max(*known);
    }

    pub(crate) fn of(&self, scope: i64, item: i64) -> Option<i64> {
        self.pending.get(&scope)?.get(&item).copied()
    }

    pub(crate) fn covered(&mut self, scope: i64) {
        self.number -= self.pending.remove(&scope).map_or(0, |items| items.len());
    }

    pub(crate) fn are_many(&self) -> bool {
        self.number > Self::MOST
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl RunWriter<'_> {
    /// Notes that a version still stood at a moment.
    pub(crate) fn confirm(&self, item: i64, captured: i64, sequence: i64, until: i64) -> Result<(), Fault> {
        let mut update = self.store.connection.prepare_cached(
            "UPDATE h_versions SET confirmed = ?1
             WHERE item = ?2 AND captured = ?3 AND sequence = ?4 AND coalesce(confirmed, captured) < ?1",
        )?;
        update.execute([until, item, captured, sequence])?;
        Ok(())
    }

    /// Writes the sightings that no listing has covered.
    pub(crate) fn write_sightings(&mut self) -> Result<(), Fault> {
        let mut update = self.store.connection.prepare_cached(
            "UPDATE h_versions SET confirmed = ?1
             WHERE item = ?2 AND coalesce(confirmed, captured) < ?1 AND (captured, sequence) =
                (SELECT captured, sequence FROM h_items WHERE id = ?2 AND captured < ?1)",
        )?;
        for (item, at) in self.sightings.pending.values().flatten() {
            update.execute([at, item])?;
        }
        drop(update);
        self.sightings.forget();
        Ok(())
    }
}
