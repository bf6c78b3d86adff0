//! Fills the report's input from a run: findings of the store, counts of the judgements, coverage, hints.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::{AccountId, Coverage, FindingState, InstanceId, Message, ResolvedBecause, Severity, Timestamp};
use haechi_report::{
    Account, Change, Code, Comparison, EvaluationCount, FindingEntry, Listings, Meta, MissingRule, NextStep,
    PackResult, Report, RuleInfo, Source, SourceKind, Suppression, Unreadable,
};
use haechi_store::{FindingFilter, FindingStatus, Run, RunId, RunState, Store, StoredFinding};

use serde::{Deserialize, Serialize};

use crate::assess::Assessment;
use crate::error::{Result, UserError};
use crate::judge::Judged;
use crate::rulebook::Rulebook;
use crate::selection::Selection;
use crate::sink::Seen;
use crate::{App, in_store};

/// What a report speaks of.
pub struct Subject<'a> {
    pub run: Option<RunId>,
    pub before: Option<&'a Run>,
    pub rulebook: &'a Rulebook,
    pub judged: &'a Judged,
    pub accounts: &'a BTreeSet<AccountId>,
    pub coverage: Vec<Coverage>,
    pub coverage_beyond: Listings,
    pub sources: Vec<Source>,
    pub unreadable: Vec<Unreadable>,
    pub code: Code,
    pub organization: Option<String>,
    pub at: Timestamp,
    pub as_of: Option<Timestamp>,
    pub took_micros: Option<u64>,
    /// Narrows the findings that are listed.
    pub filter: FindingFilter,
    pub only_changes: bool,
}

/// The report, and the worst severity among its open findings.
pub fn build(app: &App, store: &Store, subject: Subject<'_>) -> Result<(Report, Option<Severity>)> {
    let scope = Listed {
        run: subject.run,
        instances: subject.rulebook.instances().map(|instance| instance.id).collect(),
        accounts: subject.accounts.clone(),
        filter: subject.filter.clone(),
        at: subject.at,
    };
    let mut entries = entries(store, &scope)?;
    let since = |before: &Run| before.finished.unwrap_or(before.info.started);
    let comparison = subject.before.map(|before| comparison(since(before), &entries, subject.judged.unknown));
    let (worst, suppressed) = tally(&mut entries, &scope.filter);
    if subject.only_changes {
        entries.retain(|entry| entry.change != Change::Still);
    }
    let rules: BTreeMap<String, RuleInfo> =
        subject.rulebook.rules().map(|(id, rule)| (id.to_owned(), RuleInfo::from(rule))).collect();
    let next = next_steps(&subject.sources, &subject.coverage, &entries);
    let attestations = store.attestations(subject.at).map_err(in_store)?;
    let report = Report {
        meta: Meta {
            version: app.version.to_owned(),
            run_id: subject.run.map(|run| run.to_string()),
            generated_at: subject.at,
            as_of: subject.as_of,
            organization: subject.organization,
            sources: subject.sources,
            resources: subject.judged.resources,
            took_micros: subject.took_micros,
        },
        comparison,
        controls: controls(app, &rules),
        rules,
        evaluations: subject.judged.counts(),
        packs: subject.rulebook.results(subject.judged, &attestations, subject.accounts),
        accounts: accounts(store, subject.accounts)?,
        coverage: subject.coverage,
        coverage_beyond: subject.coverage_beyond,
        not_implemented: subject.rulebook.missing(),
        unreadable: subject.unreadable,
        code: subject.code,
        threats: None,
        suppressed,
        next,
        findings: entries,
    };
    Ok((report, worst))
}

/// Whose findings a report lists.
struct Listed {
    run: Option<RunId>,
    instances: BTreeSet<InstanceId>,
    accounts: BTreeSet<AccountId>,
    filter: FindingFilter,
    at: Timestamp,
}

/// The worst open severity and how many findings are suppressed; those leave, unless they were asked for.
fn tally(entries: &mut Vec<FindingEntry>, filter: &FindingFilter) -> (Option<Severity>, u64) {
    let open = |entry: &&FindingEntry| entry.finding.is_open() && entry.suppression.is_none();
    let worst = entries.iter().filter(open).map(|entry| entry.finding.severity).max();
    let suppressed =
        entries.iter().filter(|entry| entry.suppression.is_some() && entry.finding.is_open()).count() as u64;
    if !filter.statuses.contains(&FindingStatus::Suppressed) {
        entries.retain(|entry| entry.suppression.is_none());
    }
    (worst, suppressed)
}

/// The titles of the controls that the rules name.
fn controls(app: &App, rules: &BTreeMap<String, RuleInfo>) -> BTreeMap<String, haechi_content::Text> {
    let named = rules.values().flat_map(|rule| &rule.controls).filter_map(|control| {
        let (_, title) = app.content().controls().find(&control.id).ok()?;
        Some((control.id.clone(), title?.clone()))
    });
    named.collect()
}

fn entries(store: &Store, listed: &Listed) -> Result<Vec<FindingEntry>> {
    let mut filter = listed.filter.clone();
    filter.instances = listed.instances.iter().copied().collect();
    if filter.accounts.is_empty() {
        filter.accounts = listed.accounts.iter().copied().collect();
    }
    // An empty list means "all": nothing judged, nothing to list.
    if filter.instances.is_empty() || filter.accounts.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = std::mem::replace(&mut filter.statuses, FindingStatus::ALL.to_vec());
    let suppressions: BTreeMap<_, _> = store
        .suppressions()
        .map_err(in_store)?
        .into_iter()
        .map(|suppression| (suppression.id, suppression.terms))
        .collect();
    let stored = store.findings(&filter, listed.at).map_err(in_store)?;
    let here = stored.into_iter().filter_map(|stored| {
        let change = change(&stored, listed.run);
        let shown = match (change, stored.status()) {
            // What this run resolved is part of what it has to say; older ones only when they were asked for.
            (Change::Resolved, _) => stored.resolved_in == listed.run || wanted.contains(&FindingStatus::Resolved),
            // Suppressed ones are counted, and dropped later where they were not asked for.
            (_, FindingStatus::Suppressed) => true,
            (_, status) => wanted.contains(&status),
        };
        let suppression = stored.suppression.and_then(|id| suppressions.get(&id)).map(|terms| Suppression {
            reason: terms.reason.clone(),
            owner: terms.owner.clone(),
            expires: terms.expires,
        });
        shown.then_some(FindingEntry { change, suppression, assignee: stored.assignee, finding: stored.finding })
    });
    Ok(here.collect())
}

fn change(stored: &StoredFinding, run: Option<RunId>) -> Change {
    match (stored.finding.is_open(), Some(stored.opened_in) == run, stored.finding.reopened) {
        (false, _, _) => Change::Resolved,
        (true, true, 0) => Change::New,
        (true, true, _) => Change::Reopened,
        (true, false, _) => Change::Still,
    }
}

fn comparison(since: Timestamp, entries: &[FindingEntry], unknown: u64) -> Comparison {
    let count = |wanted: Change| entries.iter().filter(|entry| entry.change == wanted).count() as u64;
    let resolved = |wanted: ResolvedBecause| {
        let because = |entry: &&FindingEntry| matches!(entry.finding.state, FindingState::Resolved { because, .. } if because == wanted);
        entries.iter().filter(because).count() as u64
    };
    Comparison {
        since,
        new: count(Change::New),
        reopened: count(Change::Reopened),
        still: count(Change::Still).saturating_sub(unknown),
        fixed: resolved(ResolvedBecause::Fixed),
        deleted: resolved(ResolvedBecause::Deleted),
        not_applicable: resolved(ResolvedBecause::NotApplicable),
        rule_gone: resolved(ResolvedBecause::RuleGone),
        unknown,
    }
}

fn accounts(store: &Store, ids: &BTreeSet<AccountId>) -> Result<Vec<Account>> {
    let known = store.accounts(None).map_err(in_store)?;
    Ok(ids
        .iter()
        .map(|id| {
            let account = known.iter().find(|account| account.id == *id);
            Account {
                id: *id,
                name: account.and_then(|account| account.name.clone()),
                ou_path: account.and_then(|account| account.ou_path.clone()),
            }
        })
        .collect())
}

/// The commands that lead on from here, best first.
fn next_steps(sources: &[Source], coverage: &[Coverage], entries: &[FindingEntry]) -> Vec<NextStep> {
    let step = |command: String, id: &str| NextStep { command, reason: Message::new(id) };
    let demo = sources.iter().all(|source| source.kind == SourceKind::Example);
    let mut steps = Vec::new();
    if demo {
        steps.push(step("haechi demo --export report.html".to_owned(), "next-html"));
        steps.push(step("haechi assess --profile NAME".to_owned(), "next-live"));
        steps.push(step("haechi rules show S3_BUCKET_PUBLIC_READ_PROHIBITED".to_owned(), "next-rule"));
        return steps;
    }
    // What is not built yet is in no store: there is nothing to show or to report again.
    if sources.iter().any(|source| matches!(source.kind, SourceKind::Terraform | SourceKind::Cloudformation)) {
        let rule = entries.iter().filter(|entry| entry.finding.is_open()).max_by_key(|entry| entry.finding.severity);
        steps.extend(rule.map(|entry| step(format!("haechi rules show {}", entry.finding.rule), "next-rule")));
        return steps;
    }
    let worst = entries
        .iter()
        .filter(|entry| entry.finding.is_open())
        .max_by_key(|entry| (entry.finding.severity, entry.change == Change::New));
    if let Some(entry) = worst {
        let id: String = entry.finding.id.to_string().chars().take(8).collect();
        steps.push(step(format!("haechi findings show {id}"), "next-show"));
    }
    let denied = coverage
        .iter()
        .any(|line| matches!(&line.state, haechi_model::CoverageState::Failed { gap } if gap.missing_action.is_some()));
    if denied {
        steps.push(step("haechi doctor --policy".to_owned(), "next-policy"));
    }
    steps.push(step("haechi report --export report.html".to_owned(), "next-html"));
    steps.push(step("haechi findings list --severity critical,high".to_owned(), "next-list"));
    steps
}

/// What a run told, kept with it so that `haechi report` can tell it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    accounts: BTreeSet<AccountId>,
    instances: BTreeSet<InstanceId>,
    organization: Option<String>,
    resources: u64,
    took_micros: Option<u64>,
    unknown: u64,
    /// The run was stopped: another may go on with it.
    #[serde(default)]
    interrupted: bool,
    /// What was not complete, and how many listings were.
    #[serde(default)]
    incomplete: Vec<Coverage>,
    #[serde(default)]
    beyond: Listings,
    before: Option<Timestamp>,
    sources: Vec<Source>,
    unreadable: Vec<Unreadable>,
    evaluations: Vec<EvaluationCount>,
    packs: Vec<PackResult>,
    not_implemented: Vec<MissingRule>,
}

impl Told {
    pub fn of(report: &Report, rulebook: &Rulebook, seen: &Seen, unknown: u64, interrupted: bool) -> Self {
        Self {
            accounts: seen.accounts.clone(),
            interrupted,
            incomplete: seen.incomplete.clone(),
            beyond: seen.beyond,
            instances: rulebook.instances().map(|instance| instance.id).collect(),
            organization: report.meta.organization.clone(),
            resources: report.meta.resources,
            took_micros: report.meta.took_micros,
            unknown,
            before: report.comparison.as_ref().map(|comparison| comparison.since),
            sources: report.meta.sources.clone(),
            unreadable: report.unreadable.clone(),
            evaluations: report.evaluations.clone(),
            packs: report.packs.clone(),
            not_implemented: report.not_implemented.clone(),
        }
    }

    pub fn to_value(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl App {
    /// The last run that was judged; others only recorded.
    pub(crate) fn last_judged(&self, store: &Store) -> Result<Option<Run>> {
        let runs = store.runs().map_err(in_store)?;
        Ok(runs.into_iter().find(|run| run.state == RunState::Committed && run.summary.get("instances").is_some()))
    }

    /// The last run's report, with what people decided about its findings since.
    pub fn report(&self, selection: &Selection) -> Result<Assessment> {
        let store = self.existing_store()?;
        let nothing = || UserError::said("error-nothing-assessed").help("advice-assess-first");
        let run = self.last_judged(&store)?.ok_or_else(nothing)?;
        let told: Told = serde_json::from_value(run.summary.clone())
            .map_err(|error| UserError::said("error-other-release").because(error).help("advice-assess-again"))?;
        let at = run.finished.unwrap_or(run.info.started);
        let (coverage, coverage_beyond) = (told.incomplete, told.beyond);
        let scope = Listed {
            run: Some(run.id),
            instances: told.instances,
            accounts: told.accounts.clone(),
            filter: selection.findings()?,
            at: self.now(),
        };
        let mut entries = entries(&store, &scope)?;
        let comparison = told.before.map(|since| comparison(since, &entries, told.unknown));
        let (worst, suppressed) = tally(&mut entries, &scope.filter);
        let rules = self.content().rules().map(|rule| (rule.file.id.clone(), RuleInfo::from(&rule.file))).collect();
        let next = next_steps(&told.sources, &coverage, &entries);
        let report = Report {
            meta: Meta {
                version: self.version.to_owned(),
                run_id: Some(run.id.to_string()),
                generated_at: at,
                as_of: None,
                organization: told.organization,
                sources: told.sources,
                resources: told.resources,
                took_micros: told.took_micros,
            },
            comparison,
            controls: controls(self, &rules),
            rules,
            evaluations: told.evaluations,
            packs: told.packs,
            accounts: accounts(&store, &told.accounts)?,
            coverage,
            coverage_beyond,
            not_implemented: told.not_implemented,
            unreadable: told.unreadable,
            code: Code::default(),
            threats: None,
            suppressed,
            next,
            findings: entries,
        };
        let mut assessment = Assessment { report, worst, incomplete: false, interrupted: false };
        assessment.with_threats(self.kept_threats(&store, selection)?);
        Ok(assessment)
    }
}
