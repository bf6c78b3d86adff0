//! The rows that callers give and get: accounts, packs, stored items, versions and verdicts,
//! and the decisions of people (suppressions, attestations, comments).

use std::collections::BTreeMap;
use std::fmt;

use haechi_model::{
    AccountId, Compliance, ContentHash, Evaluation, Finding, InstanceId, ItemStatus, Region, ResourceKey, ResourceType,
    Severity, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::filter_expression::FilterExpression;
use crate::run::RunId;

/// The state of an account in AWS Organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    PendingActivation,
    Active,
    Suspended,
    PendingClosure,
    Closed,
    /// AWS Organizations was not asked or did not answer.
    Unknown,
}

/// An account as it was at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub id: AccountId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Such as `Root/Workloads/Prod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ou_path: Option<String>,
    pub state: AccountState,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    pub as_of: Timestamp,
}

/// A conformance pack as it was loaded: its rules by name, each a rule instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackReference {
    pub name: String,
    /// The file it came from, or where else.
    pub source: String,
    pub rules: Vec<PackRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackRule {
    /// The pack's own name for the rule (`ConfigRuleName`).
    pub config_rule_name: String,
    pub instance: InstanceId,
}

/// Narrows the items that are read; empty lists mean all, several in one list mean any of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemFilter {
    pub accounts: Vec<AccountId>,
    pub regions: Vec<Region>,
    /// Items as they were at this moment (valid time); none means now.
    pub as_of: Option<Timestamp>,
    pub types: Vec<ResourceType>,
    pub ids: Vec<String>,
    /// Globs (`*`, `?`) over the ARN, the id or the name.
    pub names: Vec<String>,
    /// All of these must be there.
    pub tags: Vec<TagFilter>,
    pub presence: Presence,
}

/// Which resources are meant: those that are there, those that are gone, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    #[default]
    There,
    Gone,
    Any,
}

/// A stretch of time, both ends included; none means open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Span {
    pub(crate) fn micros(self) -> (i64, i64) {
        (self.from.map_or(i64::MIN, Timestamp::as_micros), self.to.map_or(i64::MAX, Timestamp::as_micros))
    }
}

/// A part of a long list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slice {
    pub offset: u64,
    /// None: all that are left.
    pub limit: Option<u64>,
}

/// A resource as a list shows it: without its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRow {
    pub key: ResourceKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Since when it is as it is.
    pub captured: Timestamp,
    pub status: ItemStatus,
    pub hash: ContentHash,
}

/// One version of an item, without its body: see [`version_item`](crate::Store::version_item).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its place in the history: 1 is the oldest that is kept.
    pub number: u64,
    /// When it was so (valid time).
    pub captured: Timestamp,
    /// Tells versions of one moment apart.
    pub sequence: u64,
    /// Until when it is known to have stood, at least.
    pub confirmed: Timestamp,
    /// When the store learned it (record time).
    pub recorded: Timestamp,
    pub run: RunId,
    /// As AWS Config counts: `ResourceDiscovered` when it was not there before, later `OK`, then `ResourceDeleted`.
    pub status: ItemStatus,
    /// Equal hashes: equal content. For a deletion, the hash of an empty text.
    pub hash: ContentHash,
}

/// Resources that are there now, by where and what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceCount {
    pub account_id: AccountId,
    pub region: Region,
    pub resource_type: ResourceType,
    pub count: u64,
}

/// Evaluations by rule instance, account and verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationCount {
    pub instance: InstanceId,
    pub rule: String,
    pub account_id: AccountId,
    pub compliance: Compliance,
    pub count: u64,
}

/// Findings by severity and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingCount {
    pub severity: Severity,
    pub status: FindingStatus,
    pub count: u64,
}

/// An evaluation, and since when and which run it stands as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredEvaluation {
    #[serde(flatten)]
    pub evaluation: Evaluation,
    pub evaluated_at: Timestamp,
    pub run: RunId,
}

/// Narrows the evaluations that are read; empty lists mean all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EvaluationFilter {
    pub instances: Vec<InstanceId>,
    pub rules: Vec<String>,
    pub accounts: Vec<AccountId>,
    pub compliance: Vec<Compliance>,
    pub resource: Option<ResourceKey>,
}

/// A finding's state with the decisions of people applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingStatus {
    Open,
    /// Open, and a suppression that has not expired covers it.
    Suppressed,
    Resolved,
}

impl FindingStatus {
    pub const ALL: [Self; 3] = [Self::Open, Self::Suppressed, Self::Resolved];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
        }
    }
}

/// A tag that a finding's resource must have; without a value, any value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    pub key: String,
    pub value: Option<String>,
}

/// Narrows the findings that are read; empty lists mean all, several in one list mean any of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingFilter {
    pub accounts: Vec<AccountId>,
    /// OU paths such as `Root/Workloads`: the unit itself and all below it.
    pub ous: Vec<String>,
    pub regions: Vec<Region>,
    /// The middle word of a type, such as `EC2`; case does not matter.
    pub services: Vec<String>,
    pub types: Vec<ResourceType>,
    pub severities: Vec<Severity>,
    pub statuses: Vec<FindingStatus>,
    /// Globs (`*`, `?`) over the ARN, the id or the name of the resource.
    pub resources: Vec<String>,
    pub tags: Vec<TagFilter>,
    /// The owner tag's value, or whom the finding is assigned to.
    pub owners: Vec<String>,
    pub controls: Vec<String>,
    pub rules: Vec<String>,
    pub instances: Vec<InstanceId>,
    /// Only those that were opened, reopened or resolved after this run.
    pub since: Option<RunId>,
}

/// A finding with the decisions of people about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredFinding {
    #[serde(flatten)]
    pub finding: Finding,
    /// The run that opened it last (found it first, or found it again).
    pub opened_in: RunId,
    /// The run that resolved it last, when one did since it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_in: Option<RunId>,
    /// The suppression that covers it at the asked moment; the oldest, when several do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppression: Option<SuppressionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    pub comments: u64,
}

impl StoredFinding {
    pub fn status(&self) -> FindingStatus {
        match (self.finding.is_open(), self.suppression) {
            (false, _) => FindingStatus::Resolved,
            (true, Some(_)) => FindingStatus::Suppressed,
            (true, None) => FindingStatus::Open,
        }
    }
}

/// Numbers suppressions in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SuppressionId(pub(crate) i64);

impl SuppressionId {
    pub const fn number(self) -> i64 {
        self.0
    }

    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for SuppressionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a person decides not to look at, why, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSuppression {
    pub filter: FilterExpression,
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    pub created: Timestamp,
    /// From this moment on it covers nothing; none means it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// A suppression as the store keeps it; lifted ones stay, for the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    pub id: SuppressionId,
    #[serde(flatten)]
    pub terms: NewSuppression,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Lifted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifted {
    pub at: Timestamp,
    pub by: String,
}

impl Suppression {
    /// Covers findings at this moment: made, not expired, not lifted.
    pub fn stands_at(&self, at: Timestamp) -> bool {
        self.terms.created <= at
            && self.terms.expires.is_none_or(|expires| at < expires)
            && self.lifted.as_ref().is_none_or(|lifted| at < lifted.at)
    }
}

/// A remark on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    pub at: Timestamp,
    pub by: String,
    pub text: String,
}

/// A person's word that a control or a manual rule is fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    /// A control's id (`aws-fsbp:S3.2`), or a process check's rule name.
    pub subject: String,
    pub who: String,
    pub at: Timestamp,
    /// What was looked at: a sentence, a link, a ticket.
    pub evidence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The accounts it speaks for; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
}

impl Attestation {
    pub fn stands_at(&self, at: Timestamp) -> bool {
        self.at <= at && self.expires.is_none_or(|expires| at < expires)
    }

    pub fn speaks_for(&self, account: AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(&account)
    }
}
