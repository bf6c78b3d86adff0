//! Runs: one pass of `record`, `assess` or an import, and what it could see and change.

use std::collections::BTreeMap;
use std::fmt;

use haechi_model::{Coverage, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Numbers runs in the order in which they began; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub(crate) i64);

impl RunId {
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The run with this number, as a person writes it; reading it says whether there is one.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Which command ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    Assess,
    Record,
    Import,
    Demo,
}

/// What is known of a run when it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunInfo {
    pub started: Timestamp,
    pub kind: RunKind,
    /// The organization's id (`o-...`), when known: every row that the run writes carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Where the facts come from: `live`, or the paths that were given.
    pub sources: Vec<String>,
    /// What the run was narrowed to, such as `account` → `[123456789012]`; empty when to nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, Vec<String>>,
    pub program_version: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It has not ended, as far as the store knows.
    Running,
    Committed,
    /// It was dropped or killed: its facts are kept, its judgements are not.
    Interrupted,
}

/// What a run changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunCounts {
    /// Items that were put, the unchanged ones too.
    pub items: u64,
    pub new: u64,
    pub changed: u64,
    pub same: u64,
    /// Late items: versions of the past.
    pub older: u64,
    pub deleted: u64,
}

impl std::ops::Add for RunCounts {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            items: self.items + more.items,
            new: self.new + more.new,
            changed: self.changed + more.changed,
            same: self.same + more.same,
            older: self.older + more.older,
            deleted: self.deleted + more.deleted,
        }
    }
}

/// A run as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub id: RunId,
    #[serde(flatten)]
    pub info: RunInfo,
    pub state: RunState,
    /// When it was committed; none for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    pub counts: RunCounts,
    /// What the application wrote with [`put_summary`](crate::RunWriter::put_summary); null when nothing.
    pub summary: Value,
}

/// What became of one item that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PutOutcome {
    /// A resource that was unknown, or was deleted and is back.
    New,
    /// The resource differs from what was known: a version was added.
    Changed,
    /// Nothing new: nothing was written.
    Same,
    /// A version of the past was added; what is current stays.
    Older,
    /// The item says that the resource is gone.
    Deleted,
}

/// What became of a listing that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingOutcome {
    /// The listing was complete; this many resources were not in it and are now deleted.
    Complete { deleted: u64 },
    /// The listing failed or was skipped: nothing was deleted.
    Incomplete,
}

/// Coverage and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredCoverage {
    pub run: RunId,
    #[serde(flatten)]
    pub coverage: Coverage,
}
