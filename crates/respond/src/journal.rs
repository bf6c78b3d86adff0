//! What is written down of a plan's life: before every call that it is about to be made, after it what came of it. A
//! call that was begun and has no end was interrupted: nobody knows yet whether AWS did it.

use haechi_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is done with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    Apply,
    Undo,
}

impl Deed {
    pub const fn as_str(self) -> &'static str {
        match self {
            Deed::Apply => "apply",
            Deed::Undo => "undo",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Deed::Apply, Deed::Undo].into_iter().find(|deed| deed.as_str() == word)
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Begun, and nobody knows what came of it: interrupted, no answer, or an answer that the state does not show.
    Unknown,
    /// The call was made, and the state shows it.
    Done,
    /// No call was needed: the state was so already, or the step's condition does not hold.
    Already,
    /// AWS refused.
    Failed,
    /// An undo that is never made, with the reason in the playbook.
    Kept,
}

impl Outcome {
    pub const ALL: [Outcome; 5] = [Outcome::Unknown, Outcome::Done, Outcome::Already, Outcome::Failed, Outcome::Kept];

    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Unknown => "unknown",
            Outcome::Done => "done",
            Outcome::Already => "already",
            Outcome::Failed => "failed",
            Outcome::Kept => "kept",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// One attempt at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The place of the step in the plan.
    pub step: usize,
    pub deed: Deed,
    pub outcome: Outcome,
    pub began: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The call as it was made: `service Operation`; empty where none was.
    pub call: String,
    pub region: String,
    pub parameters: Value,
    /// The state that was read before.
    pub before: Value,
    pub answer: Value,
    /// The state that was read after.
    pub after: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The journal could not be written: nothing more may be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// Where records are kept. Each of these calls must be on disk before it returns.
pub trait Journal {
    /// A call is about to be made; the number is the record's.
    ///
    /// # Errors
    /// When it is not kept: the call must not be made.
    fn begin(&mut self, record: &Record) -> Result<i64, JournalError>;

    /// What came of it.
    ///
    /// # Errors
    /// When it is not kept: the record stays as interrupted.
    fn end(&mut self, number: i64, record: &Record) -> Result<(), JournalError>;
}

/// The last word on a step.
pub fn last(records: &[Record], step: usize, deed: Deed) -> Option<&Record> {
    records.iter().rev().find(|record| record.step == step && record.deed == deed)
}

/// Where a plan stands, as its records tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Planned,
    Approved,
    /// A step failed or was interrupted, or is being made this moment.
    PartlyApplied,
    Applied,
    PartlyUndone,
    Undone,
}

impl Phase {
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Planned => "planned",
            Phase::Approved => "approved",
            Phase::PartlyApplied => "partly-applied",
            Phase::Applied => "applied",
            Phase::PartlyUndone => "partly-undone",
            Phase::Undone => "undone",
        }
    }

    /// What a plan of so many steps has come to.
    pub fn of(steps: usize, records: &[Record], approved: bool) -> Self {
        let ended = |step: usize, deed: Deed, outcomes: &[Outcome]| {
            last(records, step, deed).is_some_and(|record| outcomes.contains(&record.outcome))
        };
        let applied = |step: usize| ended(step, Deed::Apply, &[Outcome::Done, Outcome::Already]);
        let begun = |deed: Deed| records.iter().any(|record| record.deed == deed);
        let undone = |step: usize| {
            let changed = ended(step, Deed::Apply, &[Outcome::Done, Outcome::Unknown, Outcome::Failed]);
            !changed || ended(step, Deed::Undo, &[Outcome::Done, Outcome::Already, Outcome::Kept])
        };
        if begun(Deed::Undo) {
            return if (0..steps).all(undone) { Phase::Undone } else { Phase::PartlyUndone };
        }
        if begun(Deed::Apply) {
            return if (0..steps).all(applied) { Phase::Applied } else { Phase::PartlyApplied };
        }
        if approved { Phase::Approved } else { Phase::Planned }
    }

    /// Something of it may be in force.
    pub const fn stands(self) -> bool {
        matches!(self, Phase::PartlyApplied | Phase::Applied | Phase::PartlyUndone)
    }
}
