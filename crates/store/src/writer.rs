//! A run that writes. Facts are committed call by call; judgements all at once, with the run's end.
//!
//! So an interrupted run leaves facts that are true (each was seen, with its coverage and version in one
//! transaction) and the judgements of the run before; the next run finds by their hashes what to judge again.

use std::cell::RefCell;

use crate::database::{BEGIN, Connection};
use haechi_model::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::Result;
use crate::codec::Encoder;
use crate::fault::{Fault, to_json};
use crate::lock::RunLock;
use crate::open::{Kind, Store};
use crate::open_postgres::AdvisoryLock;
use crate::quiet::Quiet;
use crate::run::{RunId, RunInfo};
use crate::scopes::Scopes;
use crate::sightings::Sightings;

/// Writes one run. Dropped without [`commit`](Self::commit), the run is marked interrupted.
pub struct RunWriter<'s> {
    pub(crate) store: &'s mut Store,
    pub(crate) id: RunId,
    pub(crate) scopes: Scopes,
    pub(crate) encoder: Encoder,
    pub(crate) sightings: Sightings,
    pub(crate) quiet: RefCell<Quiet>,
    stage: Stage,
    _lock: Option<Lock>,
}

/// Held for as long as a run lasts.
pub(crate) enum Lock {
    File(#[expect(dead_code, reason = "held, not read")] RunLock),
    Postgres(#[expect(dead_code, reason = "held, not read")] AdvisoryLock),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Each call is a transaction.
    Facts,
    /// One transaction is open until the end.
    Judging,
    Done,
}

impl Store {
    /// Begins a run: waits for another process that writes one, then gives [`StoreError::Busy`](crate::StoreError::Busy).
    pub fn begin_run(&mut self, info: RunInfo) -> Result<RunWriter<'_>> {
        let lock = match self.kind {
            Kind::File => Some(Lock::File(RunLock::take(&self.path, self.patience)?)),
            Kind::Postgres => Some(Lock::Postgres(self.told(self.writing_lock())?)),
            Kind::Memory => None,
        };
        let begun = self.begin(&info);
        let id = self.told(begun)?;
        let encoder = self.told(Encoder::new())?;
        let scopes = Scopes::new(info.organization.unwrap_or_default());
        Ok(RunWriter {
            store: self,
            id,
            scopes,
            encoder,
            sightings: Sightings::default(),
            quiet: RefCell::default(),
            stage: Stage::Facts,
            _lock: lock,
        })
    }

    fn begin(&mut self, info: &RunInfo) -> Result<RunId, Fault> {
        self.in_transaction(|connection| {
            // Whoever has the lock is the only writer: a run that still says it runs was killed.
            connection.execute("UPDATE h_runs SET state = 2 WHERE state = 0", ())?;
            let mut insert = connection.prepare_cached("INSERT INTO h_runs (state, info) VALUES (0, ?)")?;
            Ok(RunId(insert.insert([to_json(info)?])?))
        })
    }

    pub(crate) fn in_transaction<T>(&self, write: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        self.connection.execute_batch(BEGIN)?;
        let written = write(&self.connection).and_then(|value| {
            self.connection.execute_batch("COMMIT")?;
            Ok(value)
        });
        if written.is_err() {
            self.roll_back();
        }
        written
    }

    fn roll_back(&self) {
        // SQLite has rolled back by itself after some errors.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
        self.decoder.forget();
    }
}

impl RunWriter<'_> {
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Reads while the run goes on, with what it has put.
    pub fn store(&self) -> &Store {
        if let Err(fault) = self.write_quiet() {
            tracing::warn!(?fault, "what was seen unchanged is not written yet");
        }
        self.store
    }

    /// Bounds the file to so many pages of the database: how tests see a full disk.
    #[doc(hidden)]
    pub fn fill_disk_for_tests(&self, pages: i64) {
        if let Err(error) = self.store.connection.execute_batch(&format!("PRAGMA max_page_count = {pages}")) {
            tracing::warn!(%error, "the size could not be bounded");
        }
    }

    /// One transaction of facts; after the first judgement, a part of the judgements' transaction.
    pub(crate) fn facts<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T> {
        let nested = self.stage == Stage::Judging;
        // A savepoint: a call that fails leaves nothing of itself behind, and the run may go on.
        let (begin, commit, undo) = match nested {
            true => ("SAVEPOINT call", "RELEASE call", "ROLLBACK TO call; RELEASE call"),
            false => (BEGIN, "COMMIT", "ROLLBACK"),
        };
        let begun = self.store.connection.execute_batch(begin).map_err(Fault::from);
        self.store.told(begun)?;
        let written = write(self).and_then(|value| {
            self.store.connection.execute_batch(commit)?;
            Ok(value)
        });
        if written.is_err() {
            if !self.store.connection.is_autocommit()
                && let Err(error) = self.store.connection.execute_batch(undo)
            {
                tracing::warn!(%error, "a transaction could not be rolled back");
            }
            // Numbers that were given in it may be given again.
            self.scopes.forget();
            self.encoder.forget();
            self.sightings.forget();
            self.store.decoder.forget();
            if let Err(fault) = self.write_quiet() {
                tracing::warn!(?fault, "what was seen unchanged is not written yet");
            }
        }
        self.store.told(written)
    }

    pub(crate) fn judgements<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T> {
        if self.stage == Stage::Facts {
            let written = self.write_quiet();
            self.store.told(written)?;
            let begun = self.store.connection.execute_batch(BEGIN).map_err(Fault::from);
            self.store.told(begun)?;
            self.stage = Stage::Judging;
        }
        self.facts(write)
    }

    /// What the application wants to know of this run later.
    pub fn put_summary(&mut self, summary: &Value) -> Result<()> {
        self.judgements(|run| {
            run.store
                .connection
                .execute("UPDATE h_runs SET summary = ? WHERE id = ?", params![to_json(summary)?, run.id.0])?;
            Ok(())
        })
    }

    /// Ends the run and makes its judgements count.
    pub fn commit(mut self, finished: Timestamp) -> Result<RunId> {
        self.judgements(|run| {
            run.write_quiet()?;
            run.write_sightings()?;
            run.store.connection.execute(
                "UPDATE h_runs SET state = 1, finished = ? WHERE id = ?",
                params![finished.as_micros(), run.id.0],
            )?;
            Ok(())
        })?;
        let committed = self.store.connection.execute_batch("COMMIT").map_err(Fault::from);
        self.store.told(committed)?;
        self.stage = Stage::Done;
        let tidied = self.store.connection.sqlite().map(|sqlite| {
            sqlite.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(0)).optional()
        });
        if let Some(Err(error)) = tidied {
            tracing::debug!(%error, "the write-ahead log was not folded in; the next run does it");
        }
        Ok(self.id)
    }
}

impl Drop for RunWriter<'_> {
    fn drop(&mut self) {
        if self.stage == Stage::Done {
            return;
        }
        if self.stage == Stage::Judging {
            self.store.roll_back();
            // Some may be of items that went with it.
            self.sightings.forget();
        }
        self.stage = Stage::Facts;
        let marked = self.facts(|run| {
            run.write_quiet()?;
            run.write_sightings()?;
            run.store.connection.execute("UPDATE h_runs SET state = 2 WHERE id = ?", [run.id.0])?;
            Ok(())
        });
        if let Err(error) = marked {
            tracing::warn!(%error, run = self.id.0, "the interrupted run could not be marked; the next run does it");
        }
    }
}
