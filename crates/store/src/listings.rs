//! The end of a listing: what a complete one lacks is gone.

use std::collections::HashSet;

use haechi_model::{Coverage, Timestamp};

use crate::Result;
use crate::bodies::GONE;
use crate::fault::Fault;
use crate::put_items::NewVersion;
use crate::run::{ListingOutcome, RunCounts};
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
                drop(update);
                run.sightings.covered(scope.id);
            }
            run.scopes.forget();
            run.count(RunCounts { deleted, ..RunCounts::default() })?;
            Ok(ListingOutcome::Complete { deleted })
        })
    }

    fn delete_unseen(&self, scope: i64, seen: &HashSet<&str>, at: i64) -> Result<u64, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT id, resource_id, captured, sequence FROM h_items WHERE scope = ?1 AND status < 3 AND captured <= ?2",
        )?;
        let mut rows = find.query([scope, at])?;
        let mut unseen = Vec::new();
        while let Some(row) = rows.next()? {
            if !seen.contains(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?) {
                unseen.push((row.get::<_, i64>(0)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?));
            }
        }
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
