//! Coverage, accounts and runs: written and read.

use crate::database::{Params, Row};
use haechi_model::{AccountId, Coverage, ResourceType, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value, json};

use crate::Result;
use crate::fault::{Fault, from_json, from_text, to_json};
use crate::open::Store;
use crate::records::{Account, ResourceCount};
use crate::run::{Run, RunCounts, RunId, RunState, StoredCoverage};
use crate::writer::RunWriter;

impl RunWriter<'_> {
    /// Says what the run could see. Deletes nothing: see [`finish_listing`](Self::finish_listing).
    pub fn put_coverage(&mut self, coverage: &[Coverage]) -> Result<()> {
        self.facts(|run| coverage.iter().try_for_each(|one| run.put_one_coverage(one)))
    }

    /// One row stands for all runs in a row that saw the same.
    pub(crate) fn put_one_coverage(&mut self, coverage: &Coverage) -> Result<(), Fault> {
        let connection = &self.store.connection;
        let Coverage { account_id, region, resource_type, .. } = coverage;
        let scopes = self.scopes.of_listing(connection, *account_id, region, resource_type)?;
        let Some(scope) = scopes.first().map(|scope| scope.id) else { return Ok(()) };
        let (run, body) = (self.id.0, coverage_body(coverage)?);
        let mut find = connection.prepare_cached(
            "SELECT first_run, last_run, body FROM h_coverage WHERE scope = ? ORDER BY first_run DESC LIMIT 1",
        )?;
        let newest: Option<(i64, i64, String)> =
            find.query_row([scope], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let mut stretch =
            connection.prepare_cached("UPDATE h_coverage SET last_run = ? WHERE scope = ? AND first_run = ?")?;
        match newest {
            Some((_, last, known)) if last == run && known == body => return Ok(()),
            Some((first, last, known)) if last == run - 1 && known == body => {
                stretch.execute([run, scope, first])?;
                return Ok(());
            }
            // Said twice in one run: the last word counts.
            Some((first, last, _)) if last == run && first < run => {
                stretch.execute([run - 1, scope, first])?;
            }
            _ => {}
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO h_coverage (scope, first_run, last_run, body) VALUES (?1, ?2, ?2, ?3)
             ON CONFLICT (scope, first_run) DO UPDATE SET body = excluded.body",
        )?;
        insert.execute(params![scope, run, body])?;
        Ok(())
    }

    /// The first run of the stretch that a run's coverage would make longer: the run before saw the same.
    pub(crate) fn stretch_of(&self, scope: i64, coverage: &Coverage) -> Result<Option<i64>, Fault> {
        let mut find = self.connection().prepare_cached(
            "SELECT first_run, last_run, body FROM h_coverage WHERE scope = ? ORDER BY first_run DESC LIMIT 1",
        )?;
        let newest: Option<(i64, i64, String)> =
            find.query_row([scope], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((first, last, body)) = newest else { return Ok(None) };
        let same = last == self.id.0 - 1 && body == coverage_body(coverage)?;
        Ok(Some(first).filter(|_| same))
    }

    /// Puts accounts as they were at their `as_of`; what has not changed adds nothing.
    pub fn put_accounts(&mut self, accounts: &[Account]) -> Result<()> {
        self.facts(|run| accounts.iter().try_for_each(|account| run.put_account(account)))
    }

    fn put_account(&self, account: &Account) -> Result<(), Fault> {
        let connection = &self.store.connection;
        let mut find = connection.prepare_cached(
            "SELECT body FROM h_accounts WHERE account = ? AND as_of <= ? ORDER BY as_of DESC LIMIT 1",
        )?;
        let (id, as_of) = (account.id.as_str(), account.as_of.as_micros());
        let known: Option<String> = find.query_row(params![id, as_of], |row| row.get(0)).optional()?;
        if let Some(known) = known {
            let known: Account = from_json(&known, "an account")?;
            if (Account { as_of: account.as_of, ..known }) == *account {
                return Ok(());
            }
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO h_accounts (account, as_of, organization, name, ou_path, body) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (account, as_of) DO UPDATE SET organization = excluded.organization, name = excluded.name,
                 ou_path = excluded.ou_path, body = excluded.body",
        )?;
        let organization = self.scopes.organization();
        insert.execute(params![id, as_of, organization, account.name, account.ou_path, to_json(account)?])?;
        Ok(())
    }
}

/// State, gap and number; where and what stand in the scope.
fn coverage_body(coverage: &Coverage) -> Result<String, Fault> {
    let mut value = json!(coverage);
    if let Some(members) = value.as_object_mut() {
        for name in ["accountId", "region", "resourceType"] {
            members.remove(name);
        }
    }
    to_json(&value)
}

fn coverage_of(row: &Row<'_>) -> Result<StoredCoverage, Fault> {
    let mut members: Map<String, Value> =
        from_json(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?, "coverage")?;
    for (at, name) in ["accountId", "region", "resourceType"].into_iter().enumerate() {
        members.insert(name.into(), row.get::<String>(at)?.into());
    }
    let coverage = serde_json::from_value(members.into())
        .map_err(|error| Fault::Damaged(format!("coverage cannot be read: {error}")))?;
    Ok(StoredCoverage { run: RunId(row.get(3)?), coverage })
}

const RUN: &str = "SELECT id, state, info, finished, items, new, changed, same, older, deleted, summary FROM h_runs";

fn run_of(row: &Row<'_>) -> Result<Run, Fault> {
    let count = |at: usize| row.get::<i64>(at).map(|count| count.max(0) as u64);
    Ok(Run {
        id: RunId(row.get(0)?),
        state: match row.get(1)? {
            0 => RunState::Running,
            1 => RunState::Committed,
            _ => RunState::Interrupted,
        },
        info: from_json(&row.get::<String>(2)?, "a run")?,
        finished: row.get::<Option<i64>>(3)?.map(Timestamp::from_micros),
        counts: RunCounts {
            items: count(4)?,
            new: count(5)?,
            changed: count(6)?,
            same: count(7)?,
            older: count(8)?,
            deleted: count(9)?,
        },
        summary: from_json(&row.get::<String>(10)?, "a run's summary")?,
    })
}

impl Store {
    /// Runs a query and reads each row with `read`.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(&row)?);
        }
        Ok(found)
    }

    /// What a run could see, by account, region and type.
    pub fn coverage(&self, run: RunId) -> Result<Vec<StoredCoverage>> {
        self.told(self.all(
            "SELECT s.account, s.region, s.type, ?1, c.body FROM h_coverage c JOIN h_scopes s ON s.id = c.scope
             WHERE c.first_run <= ?1 AND c.last_run >= ?1 ORDER BY s.account, s.region, s.type",
            [run.0],
            coverage_of,
        ))
    }

    /// The newest word on each account, region and type, whichever run had it.
    pub fn latest_coverage(&self) -> Result<Vec<StoredCoverage>> {
        self.told(self.all(
            "SELECT s.account, s.region, s.type, c.last_run, c.body FROM h_coverage c JOIN h_scopes s ON s.id = c.scope
             WHERE c.first_run = (SELECT max(n.first_run) FROM h_coverage n WHERE n.scope = c.scope)
             ORDER BY s.account, s.region, s.type",
            (),
            coverage_of,
        ))
    }

    /// The same for one account: what is in memory does not grow with their number.
    pub fn latest_coverage_of(&self, account: AccountId) -> Result<Vec<StoredCoverage>> {
        self.told(self.all(
            "SELECT s.account, s.region, s.type, c.last_run, c.body FROM h_coverage c JOIN h_scopes s ON s.id = c.scope
             WHERE s.account = ? AND c.first_run = (SELECT max(n.first_run) FROM h_coverage n WHERE n.scope = c.scope)
             ORDER BY s.region, s.type",
            [account.as_str()],
            coverage_of,
        ))
    }

    /// What could be seen at a moment: of each account, region and type the word of the last run that had begun then.
    pub fn coverage_at(&self, at: Timestamp) -> Result<Vec<StoredCoverage>> {
        self.snapshot(|| {
            let Some(newest) = self.newest_run_at(at)? else { return Ok(Vec::new()) };
            self.all(
                "SELECT s.account, s.region, s.type, CASE WHEN c.last_run < ?1 THEN c.last_run ELSE ?1 END, c.body
                 FROM h_coverage c JOIN h_scopes s ON s.id = c.scope
                 WHERE c.first_run = (SELECT max(n.first_run) FROM h_coverage n
                                      WHERE n.scope = c.scope AND n.first_run <= ?1)
                 ORDER BY s.account, s.region, s.type",
                [newest],
                coverage_of,
            )
        })
    }

    /// The last run that had begun at a moment.
    pub(crate) fn newest_run_at(&self, at: Timestamp) -> Result<Option<i64>, Fault> {
        let runs = self.all(&format!("{RUN} ORDER BY id DESC"), (), run_of)?;
        Ok(runs.into_iter().find(|run| run.info.started <= at).map(|run| run.id.0))
    }

    /// Accounts as they were at a moment, or as they were last known.
    pub fn accounts(&self, at: Option<Timestamp>) -> Result<Vec<Account>> {
        let at = at.map_or(i64::MAX, Timestamp::as_micros);
        self.told(self.all(
            "SELECT body FROM h_accounts AS a
             WHERE as_of = (SELECT max(as_of) FROM h_accounts AS n WHERE n.account = a.account AND n.as_of <= ?)
             ORDER BY account",
            [at],
            |row| from_json(&row.get::<String>(0)?, "an account"),
        ))
    }

    pub fn run(&self, run: RunId) -> Result<Option<Run>> {
        let found = self.all(&format!("{RUN} WHERE id = ?"), [run.0], run_of);
        Ok(self.told(found)?.pop())
    }

    /// All runs, the newest first.
    pub fn runs(&self) -> Result<Vec<Run>> {
        self.told(self.all(&format!("{RUN} ORDER BY id DESC"), (), run_of))
    }

    /// The newest moment that a run gives itself: of all that were committed, and of the last, which may not be.
    pub fn newest_moment(&self) -> Result<Option<Timestamp>> {
        let finished = self.all("SELECT max(finished) FROM h_runs", (), |row| Ok(row.get::<Option<i64>>(0)?));
        let finished = self.told(finished)?.pop().flatten().map(Timestamp::from_micros);
        let last = self.told(self.all(&format!("{RUN} ORDER BY id DESC LIMIT 1"), (), run_of))?.pop();
        Ok(finished.max(last.map(|run| run.info.started)))
    }

    /// The last run that was committed. While a run is written: the one before it.
    pub fn previous_run(&self) -> Result<Option<Run>> {
        let found = self.all(&format!("{RUN} WHERE state = 1 ORDER BY id DESC LIMIT 1"), (), run_of);
        Ok(self.told(found)?.pop())
    }

    /// The types of the resources that are there now.
    pub fn types(&self) -> Result<Vec<ResourceType>> {
        let mut types: Vec<_> = self.resource_counts()?.into_iter().map(|count| count.resource_type).collect();
        types.sort();
        types.dedup();
        Ok(types)
    }

    /// How many resources are there now, by account, region and type.
    pub fn resource_counts(&self) -> Result<Vec<ResourceCount>> {
        self.told(self.all(
            "SELECT s.account, s.region, s.type, CAST(sum(n) AS BIGINT) FROM h_scopes s
             JOIN (SELECT scope, count(*) AS n FROM h_items WHERE status < 3 GROUP BY scope) AS counted ON counted.scope = s.id
             GROUP BY s.account, s.region, s.type ORDER BY s.account, s.region, s.type",
            (),
            |row| {
                Ok(ResourceCount {
                    account_id: from_text(&row.get::<String>(0)?)?,
                    region: from_text(&row.get::<String>(1)?)?,
                    resource_type: from_text(&row.get::<String>(2)?)?,
                    count: row.get::<i64>(3)?.max(0) as u64,
                })
            },
        ))
    }
}
