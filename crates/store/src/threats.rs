//! Threats: merged with what is there, read with the decisions of people applied; and what detecting goes on from.

use std::collections::BTreeMap;

use haechi_model::{AccountId, Region, Severity, Threat, Timestamp};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::conditions::{Conditions, text};
use crate::error::StoreError;
use crate::fault::{Fault, from_json, to_json};
use crate::filter_expression::in_ou;
use crate::findings::id_range;
use crate::glob::glob_matches;
use crate::open::Store;
use crate::records::{FindingStatus, Suppression, SuppressionId};

/// The state of detecting, in parts that any database takes.
const PART: usize = 8 << 20;

/// What a run of detecting leaves: written together, or not at all.
#[derive(Debug, Clone, Copy)]
pub struct KeptThreats<'a> {
    pub threats: &'a [Threat],
    /// The engine's state; none leaves the one that is there.
    pub state: Option<&'a [u8]>,
    /// The generation of the state that the run went on from.
    pub generation: i64,
    /// Files that are not to be read again.
    pub files: &'a [([u8; 16], u64)],
    pub at: Timestamp,
}

/// What detecting goes on from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetectState {
    /// Zero when there is none yet.
    pub generation: i64,
    pub body: Option<Vec<u8>>,
}

/// Narrows the threats that are read; empty lists mean all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThreatFilter {
    pub accounts: Vec<AccountId>,
    pub ous: Vec<String>,
    pub regions: Vec<Region>,
    pub severities: Vec<Severity>,
    /// Globs over the type.
    pub types: Vec<String>,
    /// Globs over the id of the entity and of what else took part.
    pub resources: Vec<String>,
    pub statuses: Vec<FindingStatus>,
    /// Seen at or after this moment.
    pub since: Option<Timestamp>,
}

/// A threat with the decisions of people about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredThreat {
    #[serde(flatten)]
    pub threat: Threat,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ou_path: Option<String>,
    /// The suppression that covers it at the asked moment; the oldest, when several do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppression: Option<SuppressionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    pub comments: u64,
}

impl StoredThreat {
    /// A threat that nobody has decided about: of a run that keeps nothing.
    pub fn fresh(threat: Threat) -> Self {
        Self { threat, account_name: None, ou_path: None, suppression: None, assignee: None, comments: 0 }
    }

    pub fn status(&self) -> FindingStatus {
        if self.suppression.is_some() { FindingStatus::Suppressed } else { FindingStatus::Open }
    }
}

impl ThreatFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.any_of("t.account", self.accounts.iter().map(|account| text(account.as_str())));
        conditions.any_of("t.region", self.regions.iter().map(text));
        if let Some(since) = self.since {
            conditions.add("t.last_seen >= ?", [Value::Integer(since.as_micros())]);
        }
        conditions
    }

    /// Whether a threat, with what is known of its account, is wanted.
    pub fn passes(&self, stored: &StoredThreat) -> bool {
        fn among<T>(wanted: &[T], test: impl FnMut(&T) -> bool) -> bool {
            wanted.is_empty() || wanted.iter().any(test)
        }
        let threat = &stored.threat;
        let names = || std::iter::once(&threat.entity).chain(&threat.others).map(|entity| entity.id.as_str());
        among(&self.accounts, |account| *account == threat.account)
            && among(&self.regions, |region| *region == threat.region)
            && self.since.is_none_or(|since| threat.last_seen >= since)
            && among(&self.severities, |severity| *severity == threat.severity())
            && among(&self.types, |glob| glob_matches(glob, &threat.kind))
            && among(&self.resources, |glob| names().any(|name| glob_matches(glob, name)))
            && among(&self.ous, |ou| stored.ou_path.as_deref().is_some_and(|path| in_ou(path, ou)))
            && among(&self.statuses, |status| *status == stored.status())
    }
}

const THREAT: &str = "SELECT t.body,
        (SELECT assignee FROM h_assignments x WHERE x.finding = t.id ORDER BY x.id DESC LIMIT 1),
        (SELECT count(*) FROM h_comments c WHERE c.finding = t.id)
    FROM h_threats t";

impl Store {
    /// Merges threats into those that are there, and puts the state and the files that they came from. Says how
    /// many are new.
    pub fn keep_threats(&mut self, kept: &KeptThreats<'_>) -> Result<u64> {
        let written = self.in_transaction(|_| {
            let mut new = 0;
            for threat in kept.threats {
                new += u64::from(self.merge_threat(threat, kept.at)?);
            }
            if let Some(state) = kept.state {
                self.put_detect_state(state, kept)?;
            }
            let mut put = self.connection.prepare_cached(
                "INSERT INTO h_log_files (id, at, events) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
            )?;
            for (file, events) in kept.files {
                let events = i64::try_from(*events).unwrap_or(i64::MAX);
                put.execute(params![file.as_slice(), kept.at.as_micros(), events])?;
            }
            Ok(new)
        });
        self.told(written)
    }

    fn merge_threat(&self, threat: &Threat, at: Timestamp) -> Result<bool, Fault> {
        let mut find = self.connection.prepare_cached("SELECT body FROM h_threats WHERE id = ?")?;
        let known: Option<String> = find.query_row([threat.id.bytes()], |row| row.get(0)).optional()?;
        let new = known.is_none();
        let whole = match known {
            Some(body) => {
                let mut whole: Threat = from_json(&body, "a threat")?;
                whole.merge(threat.clone());
                whole
            }
            None => threat.clone(),
        };
        let mut put = self.connection.prepare_cached(
            "INSERT INTO h_threats (id, type, score, account, region, entity_kind, entity, first_seen, last_seen, count,
                                    sample, recorded, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET score = excluded.score, first_seen = excluded.first_seen,
                 last_seen = excluded.last_seen, count = excluded.count, sample = excluded.sample, body = excluded.body",
        )?;
        put.execute(params![
            whole.id.bytes(),
            whole.kind,
            (whole.score.value() * 10.0).round() as i64,
            whole.account.as_str(),
            whole.region.as_str(),
            whole.entity.kind.as_str(),
            whole.entity.id,
            whole.first_seen.as_micros(),
            whole.last_seen.as_micros(),
            i64::try_from(whole.count).unwrap_or(i64::MAX),
            whole.sample,
            at.as_micros(),
            to_json(&whole)?,
        ])?;
        Ok(new)
    }

    fn put_detect_state(&self, state: &[u8], kept: &KeptThreats<'_>) -> Result<(), Fault> {
        let there = self.generation()?;
        if there != kept.generation {
            return Err(StoreError::Overtaken { what: "the state of detecting" }.into());
        }
        self.connection.execute("DELETE FROM h_detect_state", ())?;
        let mut put = self
            .connection
            .prepare_cached("INSERT INTO h_detect_state (part, generation, at, body) VALUES (?, ?, ?, ?)")?;
        // An empty state is a part too: its generation counts.
        let parts = state.chunks(PART).chain(state.is_empty().then_some(state));
        for (number, part) in (0_i64..).zip(parts) {
            put.execute(params![number, there + 1, kept.at.as_micros(), part])?;
        }
        Ok(())
    }

    fn generation(&self) -> Result<i64, Fault> {
        let newest = "SELECT coalesce(max(generation), 0) FROM h_detect_state";
        Ok(self.connection.query_row(newest, (), |row| row.get(0))?)
    }

    /// What detecting goes on from.
    pub fn detect_state(&self) -> Result<DetectState> {
        self.snapshot(|| {
            let parts = self.all("SELECT body FROM h_detect_state ORDER BY part", (), |row| {
                let part: Vec<u8> = row.get(0)?;
                Ok(part)
            })?;
            let body = if parts.is_empty() { None } else { Some(parts.concat()) };
            Ok(DetectState { generation: self.generation()?, body })
        })
    }

    /// How many events a file holds, if it was read and kept before.
    pub fn kept_log(&self, file: [u8; 16]) -> Result<Option<u64>> {
        let find = || {
            let mut find = self.connection.prepare_cached("SELECT events FROM h_log_files WHERE id = ?")?;
            let found: Option<i64> = find.query_row([file.as_slice()], |row| row.get(0)).optional()?;
            Ok(found.map(i64::unsigned_abs))
        };
        self.told(find())
    }

    /// The threats that a filter lets pass, worst first and newest first, with what people decided as of `at`.
    pub fn threats(&self, filter: &ThreatFilter, at: Timestamp) -> Result<Vec<StoredThreat>> {
        let conditions = filter.conditions();
        let sql = format!("{THREAT}{} ORDER BY t.score DESC, t.last_seen DESC, t.id", conditions.sql());
        let dress = self.dresser(at)?;
        let mut threats = self.snapshot(|| self.all(&sql, conditions.values(), read))?;
        threats.iter_mut().for_each(|threat| dress.dress(threat));
        threats.retain(|threat| filter.passes(threat));
        Ok(threats)
    }

    /// The threat with this id, or whose id alone begins like this (at least 4 digits).
    pub fn threat(&self, id_or_prefix: &str, at: Timestamp) -> Result<StoredThreat> {
        let dress = self.dresser(at)?;
        self.snapshot(|| {
            let (from, to) = id_range(id_or_prefix)?;
            let sql = format!("{THREAT} WHERE t.id BETWEEN ? AND ? ORDER BY t.id LIMIT 5");
            let mut found = self.all(&sql, params![from, to], read)?;
            let wanted = || id_or_prefix.to_owned();
            match found.len() {
                0 => Err(StoreError::NotFound { what: "finding", wanted: wanted() }.into()),
                1 => {
                    let mut threat = found.remove(0);
                    dress.dress(&mut threat);
                    Ok(threat)
                }
                number => {
                    let examples = found.iter().map(|found| found.threat.id.to_string()).collect();
                    Err(StoreError::Ambiguous { what: "finding", wanted: wanted(), found: number, examples }.into())
                }
            }
        })
    }

    /// What people decided, applied to threats that are not in the store: of a run that keeps nothing.
    pub fn dress_threats(&self, threats: &mut [StoredThreat], at: Timestamp) -> Result<()> {
        let dress = self.dresser(at)?;
        // Who deals with one is asked for its id: it may be known though this run keeps nothing. The last word counts.
        let said = self.all("SELECT finding, assignee FROM h_assignments ORDER BY id", (), |row| {
            let finding: Vec<u8> = row.get(0)?;
            let assignee: Option<String> = row.get(1)?;
            Ok((finding, assignee))
        });
        let said: BTreeMap<Vec<u8>, Option<String>> = self.told(said)?.into_iter().collect();
        for threat in threats {
            dress.dress(threat);
            if let Some(assignee) = said.get(threat.threat.id.bytes().as_slice()) {
                threat.assignee.clone_from(assignee);
            }
        }
        Ok(())
    }

    /// Takes away threats that were made up to try things out.
    pub fn remove_samples(&mut self) -> Result<u64> {
        let removed = self.in_transaction(|connection| {
            for table in ["h_assignments", "h_comments"] {
                connection.execute(
                    &format!("DELETE FROM {table} WHERE finding IN (SELECT id FROM h_threats WHERE sample <> 0)"),
                    (),
                )?;
            }
            Ok(connection.execute("DELETE FROM h_threats WHERE sample <> 0", ())? as u64)
        });
        self.told(removed)
    }

    fn dresser(&self, at: Timestamp) -> Result<Dresser> {
        let suppressions = self.snapshot(|| self.standing_suppressions(at))?;
        let accounts = self.accounts(None)?;
        let accounts = accounts.into_iter().map(|account| (account.id, (account.name, account.ou_path)));
        Ok(Dresser { suppressions, accounts: accounts.collect() })
    }
}

/// Gives threats what is known of their accounts, and the suppressions that cover them.
struct Dresser {
    suppressions: Vec<Suppression>,
    accounts: BTreeMap<AccountId, (Option<String>, Option<String>)>,
}

impl Dresser {
    fn dress(&self, threat: &mut StoredThreat) {
        if let Some((name, ou)) = self.accounts.get(&threat.threat.account) {
            threat.account_name.clone_from(name);
            threat.ou_path.clone_from(ou);
        }
        let covers = |suppression: &&Suppression| suppression.terms.filter.matches_threat(threat);
        threat.suppression = self.suppressions.iter().find(covers).map(|suppression| suppression.id);
    }
}

fn read(row: &crate::database::Row<'_>) -> Result<StoredThreat, Fault> {
    let body = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    let threat: Threat = from_json(body, "a threat")?;
    let mut stored = StoredThreat::fresh(threat);
    stored.assignee = row.get(1)?;
    stored.comments = row.get::<i64>(2)?.max(0) as u64;
    Ok(stored)
}
