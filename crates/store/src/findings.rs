//! Findings: written with what their run changed, read with the decisions of people applied.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::database::Row;
use haechi_model::{Finding, FindingId, Severity, Timestamp};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};

use crate::Result;
use crate::conditions::{Conditions, text};
use crate::error::StoreError;
use crate::fault::{Fault, from_json, to_json};
use crate::filter_expression::in_ou;
use crate::glob::glob_matches;
use crate::open::Store;
use crate::records::{FindingCount, FindingFilter, FindingStatus, StoredFinding, Suppression, SuppressionId};
use crate::run::RunId;
use crate::threats::ThreatFilter;
use crate::writer::RunWriter;

/// The first member of a finding's JSON, which stands in a column.
const LAST_SEEN: &str = "lastSeen";

impl RunWriter<'_> {
    /// Puts findings by id. The store notes which run opened, reopened or resolved each.
    pub fn upsert_findings(&mut self, findings: &[Finding]) -> Result<()> {
        self.judgements(|run| findings.iter().try_for_each(|finding| run.upsert_finding(finding)))
    }

    fn upsert_finding(&mut self, finding: &Finding) -> Result<(), Fault> {
        let connection = &self.store.connection;
        let scope = self.scopes.of(connection, &finding.subject.key)?;
        // Opened by the run that says open where there was nothing, or a resolved one.
        let mut put = connection.prepare_cached(
            "INSERT INTO h_findings (id, scope, resource_id, rule, instance, severity, open, last_seen, opened_run, resolved_run)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, CASE WHEN ?7 <> 0 THEN NULL ELSE ?9 END)
             ON CONFLICT (id) DO UPDATE SET
                 severity = excluded.severity, open = excluded.open, last_seen = excluded.last_seen,
                 opened_run = CASE WHEN excluded.open > h_findings.open THEN excluded.opened_run
                                   ELSE h_findings.opened_run END,
                 resolved_run = CASE WHEN excluded.open <> 0 THEN NULL WHEN h_findings.open <> 0 THEN excluded.opened_run
                                     ELSE h_findings.resolved_run END
             WHERE h_findings.severity <> excluded.severity OR h_findings.open <> excluded.open
                OR h_findings.last_seen <> excluded.last_seen",
        )?;
        put.execute(params![
            finding.id.bytes(),
            scope.id,
            &*finding.subject.key.resource_id,
            finding.rule,
            finding.rule_instance.bytes(),
            finding.severity as i64,
            finding.is_open(),
            finding.last_seen.as_micros(),
            self.id.0,
        ])?;
        let mut put = connection.prepare_cached(
            "INSERT INTO h_finding_bodies (id, body) VALUES (?, ?)
             ON CONFLICT (id) DO UPDATE SET body = excluded.body WHERE h_finding_bodies.body <> excluded.body",
        )?;
        put.execute(params![finding.id.bytes(), body(finding)?])?;
        Ok(())
    }
}

fn body(finding: &Finding) -> Result<String, Fault> {
    let mut value = serde_json::json!(finding);
    if let Some(members) = value.as_object_mut() {
        members.shift_remove(LAST_SEEN);
    }
    to_json(&value)
}

const FINDING: &str = "SELECT b.body, f.last_seen, f.opened_run, f.resolved_run,
        (SELECT assignee FROM h_assignments a WHERE a.finding = f.id ORDER BY a.id DESC LIMIT 1),
        (SELECT count(*) FROM h_comments c WHERE c.finding = f.id)
    FROM h_findings f JOIN h_finding_bodies b ON b.id = f.id JOIN h_scopes s ON s.id = f.scope";

fn finding_of(row: &Row<'_>, suppressions: &[Suppression]) -> Result<StoredFinding, Fault> {
    let body = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    let last_seen = Timestamp::from_micros(row.get(1)?);
    let whole = format!("{{\"{LAST_SEEN}\":\"{last_seen}\",{}", body.get(1..).unwrap_or_default());
    let finding: Finding = from_json(&whole, "a finding")?;
    let covers = |suppression: &&Suppression| suppression.terms.filter.matches(&finding);
    let suppression = suppressions.iter().find(covers).map(|suppression| suppression.id);
    Ok(StoredFinding {
        suppression: suppression.filter(|_| finding.is_open()),
        opened_in: RunId(row.get(2)?),
        resolved_in: row.get::<Option<i64>>(3)?.map(RunId),
        assignee: row.get(4)?,
        comments: row.get::<i64>(5)?.max(0) as u64,
        finding,
    })
}

impl FindingFilter {
    /// The part that SQL decides; the rest is [`passes`](Self::passes).
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.any_of("s.account", self.accounts.iter().map(|account| text(account.as_str())));
        conditions.any_of("s.region", self.regions.iter().map(text));
        conditions.any_of("s.type", self.types.iter().map(text));
        conditions.any_of("f.severity", self.severities.iter().map(|severity| Value::Integer(*severity as i64)));
        conditions.any_of("f.rule", self.rules.iter().map(text));
        conditions.any_of("f.instance", self.instances.iter().map(|id| Value::Blob(id.bytes().to_vec())));
        let open = self.statuses.iter().map(|status| Value::Integer(i64::from(*status != FindingStatus::Resolved)));
        conditions.any_of("f.open", open);
        if let Some(since) = self.since {
            let run = || Value::Integer(since.0);
            conditions.add("(f.opened_run > ? OR f.resolved_run > ?)", [run(), run()]);
        }
        conditions
    }

    fn passes(&self, stored: &StoredFinding) -> bool {
        fn among<T>(wanted: &[T], test: impl FnMut(&T) -> bool) -> bool {
            wanted.is_empty() || wanted.iter().any(test)
        }
        let (finding, subject) = (&stored.finding, &stored.finding.subject);
        let service = subject.key.resource_type.service();
        let names = [subject.arn.as_deref(), Some(&*subject.key.resource_id), subject.resource_name.as_deref()];
        let owners = [subject.owner.as_deref(), stored.assignee.as_deref()];
        among(&self.statuses, |status| *status == stored.status())
            && among(&self.ous, |ou| subject.ou_path.as_deref().is_some_and(|path| in_ou(path, ou)))
            && among(&self.services, |wanted| wanted.eq_ignore_ascii_case(service))
            && among(&self.resources, |glob| names.iter().flatten().any(|name| glob_matches(glob, name)))
            && among(&self.owners, |owner| owners.contains(&Some(&**owner)))
            && among(&self.controls, |control| finding.controls.contains(control))
            && among(&self.tags, |tag| {
                let found = subject.tags.get(&tag.key);
                found.is_some_and(|value| tag.value.as_ref().is_none_or(|wanted| wanted == value))
            })
    }
}

impl Store {
    /// The findings that a filter lets pass, worst first, with what people decided as of `at`.
    pub fn findings(&self, filter: &FindingFilter, at: Timestamp) -> Result<Vec<StoredFinding>> {
        let mut found = Vec::new();
        self.each_finding(filter, at, |finding| {
            found.push(finding);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Gives findings one at a time, in the order of [`findings`](Self::findings).
    pub fn each_finding(
        &self,
        filter: &FindingFilter,
        at: Timestamp,
        mut each: impl FnMut(StoredFinding) -> ControlFlow<()>,
    ) -> Result<()> {
        let conditions = filter.conditions();
        let sql = format!(
            "{FINDING}{} ORDER BY f.severity DESC, f.rule, s.account, s.region, s.type, f.resource_id, f.id",
            conditions.sql()
        );
        self.snapshot(|| {
            let suppressions = self.standing_suppressions(at)?;
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(conditions.values())?;
            while let Some(row) = rows.next()? {
                let finding = finding_of(&row, &suppressions)?;
                if filter.passes(&finding) && each(finding).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many findings a filter lets pass, by severity (worst first) and status.
    pub fn finding_counts(&self, filter: &FindingFilter, at: Timestamp) -> Result<Vec<FindingCount>> {
        let mut counts: BTreeMap<(std::cmp::Reverse<Severity>, FindingStatus), u64> = BTreeMap::new();
        self.each_finding(filter, at, |found| {
            *counts.entry((std::cmp::Reverse(found.finding.severity), found.status())).or_default() += 1;
            ControlFlow::Continue(())
        })?;
        let count = |((severity, status), count): ((std::cmp::Reverse<Severity>, _), _)| FindingCount {
            severity: severity.0,
            status,
            count,
        };
        Ok(counts.into_iter().map(count).collect())
    }

    /// The finding with this id, or whose id alone begins like this (at least 4 digits).
    pub fn finding(&self, id_or_prefix: &str, at: Timestamp) -> Result<StoredFinding> {
        self.snapshot(|| {
            let (from, to) = id_range(id_or_prefix)?;
            let suppressions = self.standing_suppressions(at)?;
            let sql = format!("{FINDING} WHERE f.id BETWEEN ? AND ? ORDER BY f.id LIMIT 5");
            let mut found = self.all(&sql, params![from, to], |row| finding_of(row, &suppressions))?;
            let wanted = || id_or_prefix.to_owned();
            match found.len() {
                0 => Err(StoreError::NotFound { what: "finding", wanted: wanted() }.into()),
                1 => Ok(found.remove(0)),
                number => {
                    let examples = found.iter().map(|finding| finding.finding.id.to_string()).collect();
                    let what = "finding";
                    Err(StoreError::Ambiguous { what, wanted: wanted(), found: number, examples }.into())
                }
            }
        })
    }

    pub(crate) fn must_have_finding(&self, id: FindingId) -> Result<(), Fault> {
        let mut find = self
            .connection
            .prepare_cached("SELECT 1 FROM h_findings WHERE id = ?1 UNION ALL SELECT 1 FROM h_threats WHERE id = ?1")?;
        let found: Option<i64> = find.query_row([id.bytes()], |row| row.get(0)).optional()?;
        found.map(|_| ()).ok_or_else(|| StoreError::NotFound { what: "finding", wanted: id.to_string() }.into())
    }

    pub(crate) fn standing_suppressions(&self, at: Timestamp) -> Result<Vec<Suppression>, Fault> {
        let mut suppressions = self.all_suppressions()?;
        suppressions.retain(|suppression| suppression.stands_at(at));
        Ok(suppressions)
    }

    /// The ids of suppressions that stand at a moment but cover no open finding: they can go.
    pub fn idle_suppressions(&self, at: Timestamp) -> Result<Vec<SuppressionId>> {
        let standing = self.snapshot(|| self.standing_suppressions(at))?;
        let mut used = vec![false; standing.len()];
        let open = FindingFilter {
            statuses: vec![FindingStatus::Open, FindingStatus::Suppressed],
            ..FindingFilter::default()
        };
        self.each_finding(&open, at, |found| {
            for (used, suppression) in used.iter_mut().zip(&standing) {
                *used |= suppression.terms.filter.matches(&found.finding);
            }
            ControlFlow::Continue(())
        })?;
        for threat in self.threats(&ThreatFilter::default(), at)? {
            for (used, suppression) in used.iter_mut().zip(&standing) {
                *used |= suppression.terms.filter.matches_threat(&threat);
            }
        }
        let idle = standing.iter().zip(used).filter(|(_, used)| !used);
        Ok(idle.map(|(suppression, _)| suppression.id).collect())
    }
}

/// The first and the last id that begin like this.
pub(crate) fn id_range(prefix: &str) -> Result<([u8; 16], [u8; 16]), StoreError> {
    let wrong = || StoreError::NotAnId { wanted: prefix.chars().take(80).collect() };
    let digits = prefix.to_ascii_lowercase();
    if !(4..=32).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let padded = |with: &str| {
        let whole = format!("{digits}{}", with.repeat(32 - digits.len()));
        whole.parse::<FindingId>().map(FindingId::bytes).map_err(|_| wrong())
    };
    Ok((padded("0")?, padded("f")?))
}
