//! Retention: forgetting what ended before a moment, and giving the space back.
//!
//! The version that stood at that moment stays, so that every question about a later moment has the answer
//! that it had. The work is done in parts, each a transaction: one that is interrupted has forgotten a part,
//! and the next goes on. What people decided (suppressions, attestations) and the runs themselves stay.

use haechi_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
use crate::database::BEGIN;
use crate::fault::{Fault, from_json};
use crate::lock::RunLock;
use crate::open::{Kind, Store};
use crate::writer::Lock;

/// Whether to do it, or to say only what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeMode {
    Purge,
    DryRun,
}

/// What was forgotten, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PurgeSummary {
    pub versions: u64,
    /// Resources of which nothing is left: they were gone before the moment.
    pub resources: u64,
    /// Bodies that nothing needs any more.
    pub bodies: u64,
    pub change_events: u64,
    pub coverage: u64,
    /// Findings that were resolved before the moment.
    pub findings: u64,
    pub evaluations: u64,
    /// Earlier states of accounts.
    pub accounts: u64,
    /// The size of the store's file before and after; equal in a dry run and in memory.
    pub bytes_before: u64,
    pub bytes_after: u64,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeStep {
    /// Resources looked through, and how many there are.
    Resources {
        done: u64,
        of: u64,
    },
    Bodies,
    Records,
    /// Giving the space back: this takes as long as copying the store.
    Space,
}

/// Does a part of the work: in a transaction of its own, or in the one that is open.
type Part<'p> = dyn Fn(&mut dyn FnMut() -> Result<(), Fault>) -> Result<(), Fault> + 'p;

/// Resources, or bodies, that are looked through in one transaction.
const PART: i64 = 5000;

impl Store {
    /// Forgets the versions, events, coverage and verdicts that ended before a moment, and the findings that were
    /// resolved before it. Waits for another writer as a run does.
    pub fn purge(
        &mut self,
        before: Timestamp,
        mode: PurgeMode,
        progress: &mut dyn FnMut(PurgeStep),
    ) -> Result<PurgeSummary> {
        let _lock = match self.kind {
            Kind::File => Some(Lock::File(RunLock::take(&self.path, self.patience)?)),
            Kind::Postgres => Some(Lock::Postgres(self.told(self.writing_lock())?)),
            Kind::Memory => None,
        };
        // The rows that point to a body are looked through once, not once for each body.
        let references = |is: &str| match self.kind {
            Kind::Postgres => Ok(()),
            _ => self.connection.execute_batch(&format!("PRAGMA foreign_keys = {is}")).map_err(Fault::from),
        };
        self.told(references("OFF"))?;
        let purged = match mode {
            PurgeMode::Purge => self.purge_in_parts(before.as_micros(), progress),
            PurgeMode::DryRun => self.purge_in_vain(before.as_micros(), progress),
        };
        let restored = references("ON");
        let purged = self.told(purged)?;
        self.told(restored)?;
        Ok(purged)
    }

    fn purge_in_parts(&self, before: i64, progress: &mut dyn FnMut(PurgeStep)) -> Result<PurgeSummary, Fault> {
        let bytes_before = self.bytes()?;
        let part = |write: &mut dyn FnMut() -> Result<(), Fault>| self.in_transaction(|_| write());
        let mut summary = self.purge_all(before, &part, progress)?;
        progress(PurgeStep::Space);
        // Without room for a copy the space stays with the store, which uses it again.
        let space = self.connection.dialect("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM");
        if let Err(error) = self.connection.execute_batch(space) {
            tracing::warn!(%error, "the space could not be given back");
        }
        (summary.bytes_before, summary.bytes_after) = (bytes_before, self.bytes()?);
        Ok(summary)
    }

    /// Does it all in one transaction, and takes it back.
    fn purge_in_vain(&self, before: i64, progress: &mut dyn FnMut(PurgeStep)) -> Result<PurgeSummary, Fault> {
        let bytes = self.bytes()?;
        self.connection.execute_batch(BEGIN)?;
        let purged = self.purge_all(before, &|write: &mut dyn FnMut() -> Result<(), Fault>| write(), progress);
        self.connection.execute_batch("ROLLBACK")?;
        purged.map(|summary| PurgeSummary { bytes_before: bytes, bytes_after: bytes, ..summary })
    }

    fn bytes(&self) -> Result<u64, Fault> {
        if self.kind == Kind::Postgres {
            let bytes: i64 =
                self.connection.query_row("SELECT pg_database_size(current_database())", (), |row| row.get(0))?;
            return Ok(bytes.unsigned_abs());
        }
        let pages: i64 = self.connection.query_row("PRAGMA page_count", (), |row| row.get(0))?;
        let size: i64 = self.connection.query_row("PRAGMA page_size", (), |row| row.get(0))?;
        Ok(pages.saturating_mul(size).unsigned_abs())
    }

    fn purge_all(
        &self,
        before: i64,
        part: &Part<'_>,
        progress: &mut dyn FnMut(PurgeStep),
    ) -> Result<PurgeSummary, Fault> {
        let mut summary = PurgeSummary::default();
        let last: i64 = self.connection.query_row("SELECT coalesce(max(id), 0) FROM h_items", (), |row| row.get(0))?;
        for from in (1..=last).step_by(PART as usize) {
            progress(PurgeStep::Resources { done: from.unsigned_abs() - 1, of: last.unsigned_abs() });
            part(&mut || self.purge_versions(before, from, from + PART - 1, &mut summary))?;
        }
        progress(PurgeStep::Bodies);
        self.purge_bodies(part, &mut summary)?;
        progress(PurgeStep::Records);
        part(&mut || self.purge_records(before, &mut summary))?;
        Ok(summary)
    }

    /// The versions of some items that ended before the moment, and the items that were gone then and stayed so.
    fn purge_versions(&self, before: i64, from: i64, to: i64, summary: &mut PurgeSummary) -> Result<(), Fault> {
        let range = [before, from, to];
        summary.versions += self.delete(
            "DELETE FROM h_versions WHERE item BETWEEN ?2 AND ?3 AND captured <= ?1
             AND (captured, sequence) < (SELECT n.captured, n.sequence FROM h_versions n
                 WHERE n.item = h_versions.item AND n.captured <= ?1 ORDER BY n.captured DESC, n.sequence DESC LIMIT 1)",
            range,
        )?;
        // Gone at that moment: no version says so as well.
        summary.versions += self
            .delete("DELETE FROM h_versions WHERE item BETWEEN ?2 AND ?3 AND captured <= ?1 AND status >= 3", range)?;
        summary.evaluations += self.delete(
            "DELETE FROM h_evaluations WHERE (scope, resource_id) IN
                 (SELECT scope, resource_id FROM h_items
                  WHERE id BETWEEN ?2 AND ?3 AND status >= 3 AND captured <= ?1)",
            range,
        )?;
        let readable = if self.kind == Kind::Postgres { Some("h_current") } else { None };
        for table in ["h_names", "h_relations"].into_iter().chain(readable) {
            self.delete(
                &format!(
                    "DELETE FROM {table} WHERE item IN (SELECT id FROM h_items i WHERE i.id BETWEEN ?2 AND ?3
                     AND i.status >= 3 AND i.captured <= ?1)"
                ),
                range,
            )?;
        }
        summary.resources +=
            self.delete("DELETE FROM h_items WHERE id BETWEEN ?2 AND ?3 AND status >= 3 AND captured <= ?1", range)?;
        Ok(())
    }

    /// Bodies that no version and no item has, and that no body rests on which is needed.
    fn purge_bodies(&self, part: &Part<'_>, summary: &mut PurgeSummary) -> Result<(), Fault> {
        self.connection.execute_batch(
            "DROP TABLE IF EXISTS needed;
             CREATE TEMP TABLE needed AS
             WITH RECURSIVE needed (id) AS (
                 SELECT content FROM h_versions WHERE content IS NOT NULL
                 UNION SELECT content FROM h_items WHERE content IS NOT NULL
                 UNION SELECT c.base FROM h_contents c JOIN needed n ON n.id = c.id WHERE c.base IS NOT NULL)
             SELECT id FROM needed;
             CREATE UNIQUE INDEX needed_id ON needed (id);",
        )?;
        let last: i64 =
            self.connection.query_row("SELECT coalesce(max(id), 0) FROM h_contents", (), |row| row.get(0))?;
        for from in (1..=last).step_by(PART as usize) {
            part(&mut || {
                summary.bodies += self.delete(
                    "DELETE FROM h_contents WHERE id BETWEEN ?1 AND ?2 AND id NOT IN (SELECT id FROM needed)",
                    [from, from + PART - 1],
                )?;
                Ok(())
            })?;
        }
        self.connection.execute_batch("DROP TABLE needed")?;
        Ok(())
    }

    fn purge_records(&self, before: i64, summary: &mut PurgeSummary) -> Result<(), Fault> {
        self.delete("DELETE FROM h_changes WHERE at < ?", [before])?;
        summary.change_events += self.delete("DELETE FROM h_change_events WHERE at < ?", [before])?;
        if let Some(run) = self.newest_run_at(Timestamp::from_micros(before))? {
            summary.coverage += self.delete(
                "DELETE FROM h_coverage WHERE first_run < (SELECT max(n.first_run) FROM h_coverage n
                     WHERE n.scope = h_coverage.scope AND n.first_run <= ?)",
                [run],
            )?;
        }
        summary.accounts += self.delete(
            "DELETE FROM h_accounts WHERE as_of < (SELECT max(n.as_of) FROM h_accounts n
                 WHERE n.account = h_accounts.account AND n.as_of <= ?)",
            [before],
        )?;
        let mut resolved = self.resolved_before(before)?;
        // Threats that were not seen again; GuardDuty keeps them for 90 days.
        let threats: Vec<Vec<u8>> =
            self.all("SELECT id FROM h_threats WHERE last_seen < ?", [before], |row| Ok(row.get(0)?))?;
        self.delete("DELETE FROM h_threats WHERE last_seen < ?", [before])?;
        self.delete("DELETE FROM h_log_files WHERE at < ?", [before])?;
        resolved.extend(threats);
        summary.findings += resolved.len() as u64;
        for table in ["h_assignments", "h_comments"] {
            let mut delete = self.connection.prepare(&format!("DELETE FROM {table} WHERE finding = ?"))?;
            resolved.iter().try_for_each(|id| delete.execute([id]).map(|_| ()))?;
        }
        for table in ["h_finding_bodies", "h_findings"] {
            let mut delete = self.connection.prepare(&format!("DELETE FROM {table} WHERE id = ?"))?;
            resolved.iter().try_for_each(|id| delete.execute([id]).map(|_| ()))?;
        }
        Ok(())
    }

    fn resolved_before(&self, before: i64) -> Result<Vec<Vec<u8>>, Fault> {
        let resolved = self.all(
            "SELECT f.id, b.body FROM h_findings f JOIN h_finding_bodies b ON b.id = f.id
             WHERE f.open = 0",
            (),
            |row| {
                let body: Value = from_json(&row.get::<String>(1)?, "a finding")?;
                Ok((row.get::<Vec<u8>>(0)?, body["resolvedAt"].as_str().map(str::to_owned)))
            },
        )?;
        let at = |text: &Option<String>| text.as_deref().and_then(|text| Timestamp::parse(text).ok());
        let old = resolved.into_iter().filter(|(_, text)| at(text).is_some_and(|at| at.as_micros() < before));
        Ok(old.map(|(id, _)| id).collect())
    }

    fn delete<const N: usize>(&self, sql: &str, values: [i64; N]) -> Result<u64, Fault> {
        Ok(self.connection.prepare_cached(sql)?.execute(values)? as u64)
    }
}
