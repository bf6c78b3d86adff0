//! What a run saw unchanged: listings that found what was known, and items that were counted.
//!
//! A listing without a change is worth one word, not a transaction: many are written together. A run that
//! is killed loses these words only, and what it found changed stands.

use crate::database::Connection;
use crate::fault::Fault;
use crate::run::RunCounts;
use crate::writer::RunWriter;

/// What waits to be written.
#[derive(Default)]
pub(crate) struct Quiet {
    listings: Vec<Listing>,
    counts: RunCounts,
}

pub(crate) struct Listing {
    pub(crate) scope: i64,
    /// The run with which the stretch of equal coverage begins.
    pub(crate) first_run: i64,
    pub(crate) at: i64,
}

/// So many listings are written together.
const MOST: usize = 500;

impl RunWriter<'_> {
    /// A listing that found what was known; false when it has to be written at once.
    pub(crate) fn note_listing(&self, listing: Listing) -> Result<(), Fault> {
        let number = {
            let mut quiet = self.quiet.borrow_mut();
            quiet.listings.push(listing);
            quiet.listings.len()
        };
        if number >= MOST { self.write_quiet() } else { Ok(()) }
    }

    pub(crate) fn note_counts(&self, counts: RunCounts) {
        let mut quiet = self.quiet.borrow_mut();
        quiet.counts = quiet.counts + counts;
    }

    /// Writes what waits: in the transaction that is open, or in one of its own.
    pub(crate) fn write_quiet(&self) -> Result<(), Fault> {
        let waiting = self.quiet.take();
        if waiting.listings.is_empty() && waiting.counts == RunCounts::default() {
            return Ok(());
        }
        let write = |_: &Connection| {
            let mut stretch = self
                .connection()
                .prepare_cached("UPDATE h_coverage SET last_run = ? WHERE scope = ? AND first_run = ?")?;
            let mut listed = self.connection().prepare_cached("UPDATE h_scopes SET listed_at = ? WHERE id = ?")?;
            for Listing { scope, first_run, at } in &waiting.listings {
                stretch.execute([self.id.0, *scope, *first_run])?;
                listed.execute([at, scope])?;
            }
            self.count(waiting.counts)
        };
        let written = match self.connection().is_autocommit() {
            true => self.store.in_transaction(write),
            false => write(self.connection()),
        };
        if written.is_err() {
            *self.quiet.borrow_mut() = waiting;
        }
        written
    }
}
