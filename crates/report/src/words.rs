//! The words for what a report holds: enum values, rules' sentences, names of resources.

use std::collections::BTreeMap;

use haechi_content::{Language, Text};
use haechi_i18n::{Catalog, render_text};
use haechi_model::{Compliance, Finding, FindingState, Message, ResolvedBecause, ResourceKey, Severity, Timestamp};

use crate::input::{Change, FindingEntry, Report, RuleInfo, SourceKind, Unreadable};

/// A report in one language.
pub(crate) struct Words<'r> {
    pub report: &'r Report,
    pub catalog: Catalog,
}

impl<'r> Words<'r> {
    pub fn new(report: &'r Report, language: Language) -> Self {
        Self { report, catalog: Catalog::new(language) }
    }

    pub fn language(&self) -> Language {
        self.catalog.language()
    }

    pub fn rule(&self, rule: &str) -> Option<&'r RuleInfo> {
        self.report.rules.get(rule)
    }

    /// The rule's title, or its identifier when no header came with the report.
    pub fn title(&self, rule: &'r str) -> &'r str {
        self.rule(rule).map(|info| info.title.get(self.language())).filter(|title| !title.is_empty()).unwrap_or(rule)
    }

    /// What the finding says: the rule's own sentence, else a message of the locales.
    pub fn sentence(&self, finding: &Finding) -> String {
        match said_by_rule(self.report, &finding.message) {
            Some(says) => render_text(self.language(), says.get(self.language()), &finding.message.args),
            None => self.message(&finding.message),
        }
    }

    /// Any stored message, a rule's own sentence included.
    pub fn message(&self, message: &Message) -> String {
        match said_by_rule(self.report, message) {
            Some(says) => render_text(self.language(), says.get(self.language()), &message.args),
            None => self.catalog.message(message),
        }
    }

    pub fn account(&self, key: &ResourceKey) -> String {
        self.account_name(key.account_id.as_str())
    }

    /// The account's name, else its id.
    pub fn account_name(&self, id: &str) -> String {
        self.report
            .accounts
            .iter()
            .find(|account| account.id.as_str() == id)
            .and_then(|account| account.name.clone())
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| id.to_owned())
    }

    pub fn region(&self, region: &str) -> String {
        if region == "global" { self.catalog.text("region-global") } else { region.to_owned() }
    }

    pub fn severity(&self, severity: Severity) -> String {
        self.catalog.text(severity_id(severity))
    }

    pub fn compliance(&self, compliance: Compliance) -> String {
        self.catalog.text(compliance_id(compliance))
    }

    /// New, reopened, how it was resolved, or for how long it has been open.
    pub fn age(&self, entry: &FindingEntry) -> String {
        if entry.suppression.is_some() {
            return self.catalog.text("status-suppressed");
        }
        match (entry.change, &entry.finding.state) {
            (_, FindingState::Resolved { because, .. }) => self.catalog.text(resolved_id(*because)),
            (Change::New, _) => self.catalog.text("change-new"),
            (Change::Reopened, _) => self.catalog.text("change-reopened"),
            (Change::Still | Change::Resolved, _) => {
                self.catalog.count("age-days", days(entry.finding.first_seen, self.report.meta.generated_at))
            }
        }
    }

    pub fn source(&self, kind: SourceKind) -> String {
        self.catalog.text(match kind {
            SourceKind::Live => "source-live",
            SourceKind::Files => "source-files",
            SourceKind::Example => "source-example",
            SourceKind::Store => "source-store",
            SourceKind::Terraform => "source-terraform",
            SourceKind::Cloudformation => "source-cloudformation",
        })
    }
}

/// The sentence of the rule that a message id such as `rule:S3_BUCKET_...` names.
pub(crate) fn said_by_rule<'r>(report: &'r Report, message: &Message) -> Option<&'r Text> {
    message.id.strip_prefix("rule:").and_then(|rule| report.rules.get(rule)).map(|info| &info.says)
}

pub(crate) const fn severity_id(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "severity-critical",
        Severity::High => "severity-high",
        Severity::Medium => "severity-medium",
        Severity::Low => "severity-low",
        Severity::Informational => "severity-informational",
    }
}

pub(crate) const fn compliance_id(compliance: Compliance) -> &'static str {
    match compliance {
        Compliance::Compliant => "compliance-compliant",
        Compliance::NonCompliant => "compliance-non-compliant",
        Compliance::NotApplicable => "compliance-not-applicable",
        Compliance::InsufficientData => "compliance-insufficient-data",
    }
}

const fn resolved_id(because: ResolvedBecause) -> &'static str {
    match because {
        ResolvedBecause::Fixed => "resolved-fixed",
        ResolvedBecause::Deleted => "resolved-deleted",
        ResolvedBecause::NotApplicable => "resolved-not-applicable",
        ResolvedBecause::RuleGone => "resolved-rule-gone",
    }
}

/// The machine's word for what a run did to a finding.
pub(crate) const fn change_word(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Reopened => "reopened",
        Change::Still => "still",
        Change::Resolved => "resolved",
    }
}

pub(crate) const fn source_word(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Live => "live",
        SourceKind::Files => "files",
        SourceKind::Example => "example",
        SourceKind::Store => "store",
        SourceKind::Terraform => "terraform",
        SourceKind::Cloudformation => "cloudformation",
    }
}

/// `open`, `suppressed` or `resolved`, for machines.
pub(crate) fn status_word(entry: &FindingEntry) -> &'static str {
    match (&entry.finding.state, &entry.suppression) {
        (FindingState::Resolved { .. }, _) => "resolved",
        (FindingState::Open, Some(_)) => "suppressed",
        (FindingState::Open, None) => "open",
    }
}

/// Whole days from one moment to another, never negative.
pub(crate) fn days(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.since(from) / Timestamp::DAY).unwrap_or(0)
}

/// A resource for people: its name, else its id; an ARN loses what the account and region columns say.
///
/// A resource of a plan or a template is known by its address.
pub(crate) fn resource_name(finding: &Finding) -> &str {
    if let Some(location) = &finding.subject.location {
        return &location.address;
    }
    let id = &*finding.subject.key.resource_id;
    match finding.subject.resource_name.as_deref().filter(|name| !name.trim().is_empty()) {
        Some(name) => name,
        None if id.starts_with("arn:") => id.splitn(6, ':').nth(5).filter(|rest| !rest.is_empty()).unwrap_or(id),
        None => id,
    }
}

/// What is to be said of plans and templates, a sentence each: what was not judged, and then the notes.
pub(crate) fn code(words: &Words<'_>, report: &Report) -> Vec<String> {
    let kinds: BTreeMap<&str, u64> = report.code.not_mapped.iter().fold(BTreeMap::new(), |mut kinds, one| {
        *kinds.entry(one.kind.as_str()).or_default() += one.count;
        kinds
    });
    let mut said = Vec::new();
    if !kinds.is_empty() {
        let list: Vec<_> =
            kinds.iter().map(|(kind, count)| format!("{kind} ({})", words.catalog.number(*count))).collect();
        let count = kinds.values().sum::<u64>();
        let args = [("count", count.into()), ("kinds", words.catalog.list(&list).into())];
        said.push(words.catalog.with("page-not-mapped", &args));
    }
    said.extend(report.code.notes.iter().map(|note| {
        let place: String = [note.line, note.column].into_iter().flatten().map(|number| format!(":{number}")).collect();
        format!("{}{place}: {}", note.source, words.message(&note.message))
    }));
    said
}

/// What could not be read, in a phrase a kind: files (however many places in each), and members of live resources.
pub(crate) fn unreadable(words: &Words<'_>, report: &Report) -> Vec<String> {
    let is_member = |unreadable: &&Unreadable| unreadable.reason.id == "member-missing";
    let members = report.unreadable.iter().filter(is_member).count();
    let files: std::collections::BTreeSet<_> =
        report.unreadable.iter().filter(|one| !is_member(one)).map(|one| one.path.as_str()).collect();
    [("page-unreadable", files.len()), ("page-members-missing", members)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(id, count)| words.catalog.count(id, count as u64))
        .collect()
}
