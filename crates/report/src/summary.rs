//! Counts over a report: the score, shares by severity, account, service and pack, and gaps put together.
//!
//! The score is 100 × Σ weight·compliant ÷ Σ weight·(compliant + non-compliant) over all evaluations, where
//! weight is the rule's severity: critical 40, high 20, medium 8, low 3, informational 0. It is rounded down,
//! so that 100 means that nothing failed. Suppressed findings still count: hiding one fixes nothing.

use std::collections::{BTreeMap, BTreeSet};

use haechi_i18n::percent;
use haechi_model::{AccountId, CoverageState, Severity};

use crate::input::{Counts, FindingEntry, Listings, PackResult, Report};

/// Numbers that more than one writer shows.
pub(crate) struct Summary<'r> {
    /// None when nothing was judged.
    pub score: Option<u64>,
    pub evaluations: Counts,
    /// Worst severity first.
    pub severities: Vec<SeverityLine>,
    /// Most and worst open findings first.
    pub accounts: Vec<AccountLine>,
    pub services: Vec<ServiceLine>,
    pub packs: Vec<PackLine<'r>>,
    pub gaps: Vec<GapLine>,
    pub listings: Listings,
    /// Open findings that no suppression covers, worst and newest first.
    pub open: Vec<&'r FindingEntry>,
}

pub(crate) struct SeverityLine {
    pub severity: Severity,
    pub open: u64,
    pub counts: Counts,
    pub score: Option<u64>,
}

pub(crate) struct AccountLine {
    pub id: AccountId,
    pub open: BySeverity,
    pub score: Option<u64>,
    /// Something of it was listed or judged; of others there is nothing to count.
    pub recorded: bool,
}

pub(crate) struct ServiceLine {
    pub service: String,
    pub open: BySeverity,
    pub counts: Counts,
}

pub(crate) struct PackLine<'r> {
    pub pack: &'r PackResult,
    /// How many of its rules came out how.
    pub rules: Counts,
    pub not_implemented: u64,
}

/// Listings that failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GapLine {
    pub code: String,
    pub operation: String,
    pub missing_action: Option<String>,
    pub message: String,
    pub listings: u64,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    pub types: Vec<String>,
}

/// A count for each severity, in the order of [`Severity::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct BySeverity([u64; 5]);

impl BySeverity {
    pub fn add(&mut self, severity: Severity) {
        self.0[Severity::Critical as usize - severity as usize] += 1;
    }

    pub fn get(self, severity: Severity) -> u64 {
        self.0[Severity::Critical as usize - severity as usize]
    }

    pub fn total(self) -> u64 {
        self.0.iter().sum()
    }
}

/// Passed and failed evaluations, each times its weight.
#[derive(Default, Clone, Copy)]
struct Weighed {
    passed: u64,
    failed: u64,
}

impl Weighed {
    fn add(&mut self, severity: Severity, counts: Counts) {
        self.passed = self.passed.saturating_add(counts.compliant.saturating_mul(severity.weight()));
        self.failed = self.failed.saturating_add(counts.non_compliant.saturating_mul(severity.weight()));
    }

    fn score(self) -> Option<u64> {
        percent(self.passed, self.passed.saturating_add(self.failed))
    }
}

impl<'r> Summary<'r> {
    pub fn of(report: &'r Report) -> Self {
        let mut open: Vec<_> =
            report.findings.iter().filter(|entry| entry.finding.is_open() && entry.suppression.is_none()).collect();
        open.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut evaluations = Counts::default();
        let mut all = Weighed::default();
        for line in &report.evaluations {
            evaluations.add(line.counts);
            all.add(severity_of(report, &line.rule), line.counts);
        }
        Self {
            score: all.score(),
            evaluations,
            severities: severities(report, &open),
            accounts: accounts(report, &open),
            services: services(report, &open),
            packs: report.packs.iter().map(|pack| pack_line(report, pack)).collect(),
            gaps: gaps(report),
            listings: listings(report),
            open,
        }
    }

    pub fn open_by(&self, severity: Severity) -> u64 {
        self.severities.iter().find(|line| line.severity == severity).map_or(0, |line| line.open)
    }

    /// Why there is no open finding to list, as a message id: nothing is wrong, or what is wrong is not listed.
    pub fn why_no_findings(&self) -> &'static str {
        if self.evaluations.judged() == 0 {
            "findings-none-judged"
        } else if self.evaluations.non_compliant > 0 {
            "findings-none-listed"
        } else {
            "findings-none"
        }
    }

    /// What could not be seen or judged, all kinds together.
    pub fn is_incomplete(&self, report: &Report) -> bool {
        self.listings.failed > 0 || !report.unreadable.is_empty() || !report.not_implemented.is_empty()
    }
}

/// Worst first, then what this run brought, then what has waited longest, then by name.
fn order(entry: &FindingEntry) -> impl Ord + '_ {
    let finding = &entry.finding;
    (
        std::cmp::Reverse(finding.severity),
        entry.change,
        finding.first_seen,
        &finding.rule,
        &finding.subject.key,
        finding.id,
    )
}

fn severity_of(report: &Report, rule: &str) -> Severity {
    report.rules.get(rule).map_or(Severity::Medium, |info| info.severity)
}

fn severities(report: &Report, open: &[&FindingEntry]) -> Vec<SeverityLine> {
    Severity::ALL
        .into_iter()
        .map(|severity| {
            let mut counts = Counts::default();
            for line in report.evaluations.iter().filter(|line| severity_of(report, &line.rule) == severity) {
                counts.add(line.counts);
            }
            let found = open.iter().filter(|entry| entry.finding.severity == severity).count() as u64;
            SeverityLine { severity, open: found, counts, score: percent(counts.compliant, counts.judged()) }
        })
        .collect()
}

fn accounts(report: &Report, open: &[&FindingEntry]) -> Vec<AccountLine> {
    let mut found: BTreeMap<AccountId, (BySeverity, Weighed)> =
        report.accounts.iter().map(|account| (account.id, Default::default())).collect();
    let listed = report.coverage.iter().filter(|coverage| matches!(coverage.state, CoverageState::Complete));
    let mut recorded: BTreeSet<AccountId> = listed.map(|coverage| coverage.account_id).collect();
    for entry in &report.findings {
        recorded.insert(entry.finding.subject.key.account_id);
    }
    for entry in open {
        found.entry(entry.finding.subject.key.account_id).or_default().0.add(entry.finding.severity);
    }
    for line in &report.evaluations {
        recorded.insert(line.account_id);
        found.entry(line.account_id).or_default().1.add(severity_of(report, &line.rule), line.counts);
    }
    let line = |(id, (open, weighed)): (AccountId, (BySeverity, Weighed))| AccountLine {
        id,
        open,
        score: weighed.score(),
        recorded: recorded.contains(&id),
    };
    let mut lines: Vec<_> = found.into_iter().map(line).collect();
    lines.sort_by(|a, b| b.open.cmp(&a.open).then(a.id.cmp(&b.id)));
    lines
}

fn services(report: &Report, open: &[&FindingEntry]) -> Vec<ServiceLine> {
    let mut found: BTreeMap<String, (BySeverity, Counts)> = BTreeMap::new();
    for entry in open {
        let service = entry.finding.subject.key.resource_type.service();
        found.entry(service.to_owned()).or_default().0.add(entry.finding.severity);
    }
    for line in &report.evaluations {
        found.entry(line.resource_type.service().to_owned()).or_default().1.add(line.counts);
    }
    let mut lines: Vec<_> =
        found.into_iter().map(|(service, (open, counts))| ServiceLine { service, open, counts }).collect();
    lines.sort_by(|a, b| b.open.cmp(&a.open).then_with(|| a.service.cmp(&b.service)));
    lines
}

fn pack_line<'r>(report: &Report, pack: &'r PackResult) -> PackLine<'r> {
    let mut rules = Counts::default();
    for rule in &pack.rules {
        rules.count(rule.compliance);
    }
    let missing = pack.rules.iter().filter(|rule| report.not_implemented.iter().any(|known| known.rule == rule.rule));
    PackLine { pack, rules, not_implemented: missing.count() as u64 }
}

fn listings(report: &Report) -> Listings {
    let mut listings = report.coverage_beyond;
    for coverage in &report.coverage {
        match coverage.state {
            CoverageState::Complete => listings.complete += 1,
            CoverageState::Failed { .. } => listings.failed += 1,
            CoverageState::Skipped { .. } => listings.skipped += 1,
        }
    }
    listings
}

/// One line per operation, error and missing action: forty regions that deny one call are one thing to fix.
fn gaps(report: &Report) -> Vec<GapLine> {
    let mut lines: BTreeMap<(&str, &str, Option<&str>), GapLine> = BTreeMap::new();
    for coverage in &report.coverage {
        let CoverageState::Failed { gap } = &coverage.state else { continue };
        let key = (gap.operation.as_str(), gap.code.as_str(), gap.missing_action.as_deref());
        let line = lines.entry(key).or_insert_with(|| GapLine {
            code: gap.code.clone(),
            operation: gap.operation.clone(),
            missing_action: gap.missing_action.clone(),
            message: gap.message.clone(),
            listings: 0,
            accounts: Vec::new(),
            regions: Vec::new(),
            types: Vec::new(),
        });
        line.listings += 1;
        for (names, name) in [
            (&mut line.accounts, coverage.account_id.as_str()),
            (&mut line.regions, coverage.region.as_str()),
            (&mut line.types, coverage.resource_type.as_str()),
        ] {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    lines.sort_by(|a, b| b.missing_action.is_some().cmp(&a.missing_action.is_some()).then(b.listings.cmp(&a.listings)));
    lines
}
