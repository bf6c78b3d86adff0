//! Escalation paths: who can come to an administrator's rights, or to somebody's, by which steps. One graph over all
//! accounts; each step is asked of the whole evaluator, with every policy of the caller, and rests on things that exist.
//!
//! ```text
//! let mut things = Things::of(&catalogue);                 items of Things::types() -> things.add(&item)
//! paths(&world, &things, &catalogue, &Search::default()) -> Paths { paths, admins, searched, unknown }
//! ```

pub(crate) mod decisive;
mod edges;
mod ground;
mod outside;
mod report;
mod search;
mod states;
mod things;

use haechi_content::Text;
use haechi_content::escalation::{Escalation, EscalationKind};
use serde::Serialize;

use crate::ask::Reason;
use crate::world::World;

pub use things::Things;

/// What is sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Paths from this principal only, and then by each of its first steps.
    pub from: Option<String>,
    /// The principal or resource that is wanted; none: an administrator's rights.
    pub to: Option<String>,
    /// Paths from principals of these accounts only; empty: of all.
    pub accounts: Vec<String>,
    pub max_steps: usize,
}

impl Default for Search {
    fn default() -> Search {
        Search { from: None, to: None, accounts: Vec::new(), max_steps: 8 }
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths {
    /// Of each principal the shortest, certain ones first where there are both; the shortest first.
    pub paths: Vec<Path>,
    /// Principals that are administrators already.
    pub admins: usize,
    /// Principals that were asked about.
    pub searched: usize,
    /// Principals with policies that were not recorded: what those grant is not counted.
    pub unknown: usize,
}

/// Steps from one principal to what is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Path {
    /// An ARN; of somebody outside, an account or `*`.
    pub from: String,
    pub account: String,
    pub to: String,
    pub certainty: Certainty,
    /// Whether it comes from outside the recorded accounts.
    pub outside: bool,
    pub steps: Vec<Step>,
}

/// Whether a path is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    Certain,
    /// Under conditions: on the request, or of what no record shows.
    Maybe,
}

impl Certainty {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Maybe => "maybe",
        }
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The path's id in the catalogue.
    pub id: String,
    #[serde(skip)]
    pub title: Text,
    #[serde(serialize_with = "kind_name")]
    pub kind: EscalationKind,
    pub from: String,
    /// What is gained: an ARN.
    pub to: String,
    pub certainty: Certainty,
    /// The recorded thing that is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The service that the role is passed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Why it is open.
    pub evidence: Vec<Evidence>,
    /// The statements by which the role trusts the service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<Reason>,
    /// Condition keys that it depends on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// What must hold besides and no record shows.
    #[serde(skip)]
    pub supposes: Option<Text>,
    /// Other paths of the catalogue that are the same step: to cut it, cut them too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    pub cut: Cut,
    #[serde(skip)]
    pub fix: Text,
}

fn kind_name<S: serde::Serializer>(kind: &EscalationKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

/// A permission that a step takes, with what grants it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub action: String,
    pub resource: String,
    pub because: Vec<Reason>,
}

/// The change that cuts a step: an action that this statement must allow no longer.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cut {
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Other statements that allow the same: the step is cut when none of them does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub besides: Vec<CutBesides>,
}

/// One more statement that has to change.
#[derive(Clone, Debug, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CutBesides {
    pub policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub line: usize,
}

/// Searches for paths.
pub fn paths(world: &World, things: &Things, catalogue: &[Escalation], search: &Search) -> Paths {
    search::Searching::new(world, things, catalogue, search).run()
}
