//! What a report is made from: plain data that the app fills, in no language and no format.
//!
//! Every verdict in here was decided elsewhere; this crate only counts, sorts and words it.

use std::collections::BTreeMap;

use haechi_content::{ControlRef, Fix, RuleFile, Text};
use haechi_model::{
    AccountId, Compliance, Coverage, Finding, InstanceId, Message, Region, ResourceType, Severity, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::threats::ThreatReport;

/// One run's answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub meta: Meta,
    /// How this run differs from the one before it; none when there was no run before.
    pub comparison: Option<Comparison>,
    /// Open findings, and those that this run resolved. Any order: writers sort.
    pub findings: Vec<FindingEntry>,
    /// Headers of every rule that `findings`, `evaluations` or `packs` name, by rule identifier.
    pub rules: BTreeMap<String, RuleInfo>,
    /// Titles of control ids such as `aws-fsbp:S3.2`, where a catalogue has them.
    pub controls: BTreeMap<String, Text>,
    /// Evaluations, counted per rule instance, account, region and resource type.
    pub evaluations: Vec<EvaluationCount>,
    pub packs: Vec<PackResult>,
    pub accounts: Vec<Account>,
    /// Lines of accounts, regions and types. Those that are not complete matter most: of more than a report can hold,
    /// and of complete ones, the number is enough.
    pub coverage: Vec<Coverage>,
    /// Listings that `coverage` does not name.
    pub coverage_beyond: Listings,
    /// Rules that a pack asks for and Haechi lacks.
    pub not_implemented: Vec<MissingRule>,
    pub unreadable: Vec<Unreadable>,
    /// What is to be said of plans, states and templates.
    pub code: Code,
    /// What detections found in logs; none where no logs were looked at.
    pub threats: Option<ThreatReport>,
    /// Findings that a suppression hides from `findings`.
    pub suppressed: u64,
    /// What to run next, best first: messages of the locales, with the command as an argument.
    pub next: Vec<NextStep>,
}

/// Listings by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listings {
    pub complete: u64,
    pub failed: u64,
    pub skipped: u64,
}

/// When, by what and from what the report was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Haechi's version.
    pub version: String,
    pub run_id: Option<String>,
    pub generated_at: Timestamp,
    /// The moment that is judged, when it is not `generated_at`.
    pub as_of: Option<Timestamp>,
    pub sources: Vec<Source>,
    /// The organization's id or name, when known.
    pub organization: Option<String>,
    /// Resources that were judged.
    pub resources: u64,
    /// How long collecting and judging took, in microseconds.
    pub took_micros: Option<u64>,
}

/// Where the items came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    pub kind: SourceKind,
    /// A path, a profile or an account.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// AWS's API.
    Live,
    /// AWS Config's snapshot and history files.
    Files,
    /// The organization that ships with Haechi.
    Example,
    /// What was recorded before.
    Store,
    /// Plans and states of Terraform and OpenTofu.
    Terraform,
    /// Templates of CloudFormation.
    Cloudformation,
}

/// Infrastructure as code: what is in the sources and was not judged, and what they could not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    pub not_mapped: Vec<NotMapped>,
    pub notes: Vec<SourceNote>,
}

/// Resources of a kind that Haechi makes no items of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMapped {
    pub source: String,
    /// `aws_glue_job`, `AWS::Glue::Job`.
    pub kind: String,
    pub count: u64,
}

/// Something to know about a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceNote {
    pub source: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub message: Message,
}

/// Counts against the run before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// When the run before was made.
    pub since: Timestamp,
    pub new: u64,
    pub reopened: u64,
    /// Open then and now.
    pub still: u64,
    pub fixed: u64,
    /// The resource is gone.
    pub deleted: u64,
    pub not_applicable: u64,
    pub rule_gone: u64,
    /// Open before and not judged now, because something could not be read: still open.
    pub unknown: u64,
}

/// A finding and what was decided about it besides its state.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingEntry {
    pub finding: Finding,
    pub change: Change,
    /// Set when a suppression covers it and it is listed all the same.
    pub suppression: Option<Suppression>,
    pub assignee: Option<String>,
}

/// What this run did to the finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Seen for the first time.
    New,
    /// It had been resolved and is back.
    Reopened,
    /// Open before, open now.
    Still,
    /// Resolved by this run: `finding.state` says why.
    Resolved,
}

/// Why a finding is not to be acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    pub reason: String,
    pub owner: String,
    pub expires: Option<Timestamp>,
}

/// What people read about a rule: its file's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    pub title: Text,
    pub why: Text,
    /// The finding's sentence, with `{ $name }` for its arguments.
    pub says: Text,
    pub severity: Severity,
    pub fix: Fix,
    pub controls: Vec<ControlRef>,
    pub references: Vec<String>,
}

impl From<&RuleFile> for RuleInfo {
    fn from(file: &RuleFile) -> Self {
        Self {
            title: file.title.clone(),
            why: file.why.clone(),
            says: file.says.clone(),
            severity: file.severity,
            fix: file.fix.clone(),
            controls: file.controls.clone(),
            references: file.references.clone(),
        }
    }
}

/// How many evaluations came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub compliant: u64,
    pub non_compliant: u64,
    pub not_applicable: u64,
    pub insufficient_data: u64,
}

impl Counts {
    pub fn count(&mut self, compliance: Compliance) {
        self.add_many(compliance, 1);
    }

    pub fn add_many(&mut self, compliance: Compliance, count: u64) {
        match compliance {
            Compliance::Compliant => self.compliant += count,
            Compliance::NonCompliant => self.non_compliant += count,
            Compliance::NotApplicable => self.not_applicable += count,
            Compliance::InsufficientData => self.insufficient_data += count,
        }
    }

    pub fn add(&mut self, other: Self) {
        self.compliant += other.compliant;
        self.non_compliant += other.non_compliant;
        self.not_applicable += other.not_applicable;
        self.insufficient_data += other.insufficient_data;
    }

    /// Those with a verdict: compliant or not.
    pub const fn judged(self) -> u64 {
        self.compliant + self.non_compliant
    }

    pub const fn total(self) -> u64 {
        self.judged() + self.not_applicable + self.insufficient_data
    }
}

/// Evaluations of one rule instance in one account, region and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationCount {
    pub rule: String,
    pub instance: InstanceId,
    pub account_id: AccountId,
    pub region: Region,
    pub resource_type: ResourceType,
    pub counts: Counts,
}

/// A conformance pack and its rules' verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackResult {
    /// The pack's name: its file's name without the ending.
    pub name: String,
    pub rules: Vec<PackRule>,
}

/// One `ConfigRule` of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackRule {
    /// `ConfigRuleName` in the pack.
    pub name: String,
    /// The managed rule's identifier.
    pub rule: String,
    /// None when Haechi lacks the rule.
    pub instance: Option<InstanceId>,
    /// The rule's verdict over everything it judged, as AWS Config gives it.
    pub compliance: Compliance,
    pub counts: Counts,
    /// What there is to say besides the counts: "not implemented", or who attested what.
    pub note: Option<Message>,
}

/// An account that the run covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: Option<String>,
    /// Such as `Root/Workloads/Prod`.
    pub ou_path: Option<String>,
}

/// A rule that Haechi lacks and the packs that ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingRule {
    pub rule: String,
    pub packs: Vec<String>,
}

/// A file, or a part of one, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreadable {
    pub path: String,
    pub line: Option<u64>,
    pub column: Option<u64>,
    /// `verbatim` with the argument `text` for a sentence that exists in no locale.
    pub reason: Message,
}

/// A command worth running and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Ready to paste, such as `haechi findings show 3f2a…`.
    pub command: String,
    pub reason: Message,
}
