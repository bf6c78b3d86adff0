//! The end of a listing: what a complete one lacks is gone.

use std::collections::HashSet;

use haechi_model::{Coverage, Timestamp};

use crate::Result;
use crate::bodies::GONE;
use crate::fault::Fault;
use crate::put_items::NewVersion;
use crate::quiet::Listing;
use crate::run::{ListingOutcome, RunCounts};
use crate::scopes;
use crate::writer::RunWriter;

impl RunWriter<'_> {
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
        let quiet = self.quiet_listing(coverage, seen, at.as_micros());
        if self.store.told(quiet)? {
            return Ok(ListingOutcome::Complete { deleted: 0 });
        }
        self.facts(|run| {
            run.write_quiet()?;
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
                drop(update);
                run.sightings.covered(scope.id);
                run.scopes.listed(scope.id, at.as_micros());
            }
            run.note_counts(RunCounts { deleted, ..RunCounts::default() });
            Ok(ListingOutcome::Complete { deleted })
        })
    }

    /// Whether a listing says what is known: the coverage of the run before, and nothing is gone. Then it waits.
    fn quiet_listing(&mut self, coverage: &Coverage, seen: &HashSet<&str>, at: i64) -> Result<bool, Fault> {
        if !coverage.is_complete() {
            return Ok(false);
        }
        let Coverage { account_id, region, resource_type, .. } = coverage;
        let scopes = scopes::listed_before(self.connection(), *account_id, region, resource_type)?;
        let [scope] = scopes[..] else { return Ok(false) };
        if scope.listed_at.is_some_and(|listed| listed > at) {
            return Ok(false);
        }
        let Some(first_run) = self.stretch_of(scope.id, coverage)? else { return Ok(false) };
        if !self.unseen(scope.id, seen, at)?.is_empty() {
            return Ok(false);
        }
        self.sightings.covered(scope.id);
        self.scopes.listed(scope.id, at);
        self.note_listing(Listing { scope: scope.id, first_run, at })?;
        Ok(true)
    }

    /// The items of a scope that are there by what is known, but not in a listing: number, capture time, sequence.
    fn unseen(&self, scope: i64, seen: &HashSet<&str>, at: i64) -> Result<Vec<(i64, i64, i64)>, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT id, resource_id, captured, sequence FROM h_items WHERE scope = ?1 AND status < 3 AND captured <= ?2",
        )?;
        let mut rows = find.query([scope, at])?;
        let mut unseen = Vec::new();
        while let Some(row) = rows.next()? {
            if !seen.contains(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                unseen.push((row.get(0)?, row.get(2)?, row.get(3)?));
            }
        }
        Ok(unseen)
    }

    fn delete_unseen(&self, scope: i64, seen: &HashSet<&str>, at: i64) -> Result<u64, Fault> {
        let unseen = self.unseen(scope, seen, at)?;
        // The listing before had them: until then, at least, they were there.
        let mut find = self.connection().prepare_cached("SELECT listed_at FROM h_scopes WHERE id = ?")?;
        let listed: Option<i64> = find.query_row([scope], |row| row.get(0))?;
        for (item, captured, sequence) in &unseen {
            if let Some(listed) = listed.filter(|listed| listed > captured) {
                self.confirm(*item, *captured, *sequence, listed)?;
            }
            let gone = NewVersion { item: *item, captured: at, recorded: at, status: GONE, content: None, seen: None };
            let sequence = self.add_row(&gone)?;
            self.mark_gone(*item, at, sequence, GONE)?;
        }
        Ok(unseen.len() as u64)
    }
}
