//! What became of the calls of a log: every event in exactly one class, counted by account, principal and action.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::Timestamp;

use super::changes::span;

/// What became of an event. The order is that of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It passed, and would be denied.
    Denied,
    /// It passed; whether it would be denied depends on what the log or the record does not tell.
    Undecided,
    /// The guardrails denied it, and would let it pass.
    Freed,
    /// It was denied, and whether the change lets it pass is not known.
    MaybeFreed,
    /// It passed, and would pass.
    Allowed,
    /// It passed; nothing changes for its caller or its resource.
    Untouched,
    /// The log says that it was denied, and nothing lets it pass.
    DeniedInLog,
    /// It passed then; the guardrails of the record deny it without any change.
    DeniedAlready,
    /// By the management account, whom no SCP binds.
    ManagementAccount,
    /// By a service-linked role.
    ServiceLinkedRole,
    /// By an AWS service.
    Service,
    /// By a principal of an account outside the organization, or of none.
    Outsider,
    /// It needs no permission of IAM, or is no call: sign-ins, what services tell of themselves.
    NoPermission,
}

/// What a class means to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    Denied,
    Allowed,
    NotDecidable,
    /// It was denied, and stays so.
    DeniedBefore,
    /// Guardrails do not bind it.
    NotBound,
}

impl Class {
    pub const ALL: [Class; 13] = [
        Class::Denied,
        Class::Undecided,
        Class::Freed,
        Class::MaybeFreed,
        Class::Allowed,
        Class::Untouched,
        Class::DeniedInLog,
        Class::DeniedAlready,
        Class::ManagementAccount,
        Class::ServiceLinkedRole,
        Class::Service,
        Class::Outsider,
        Class::NoPermission,
    ];

    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Class::Denied => "denied",
            Class::Undecided => "not-decidable",
            Class::Freed => "newly-allowed",
            Class::MaybeFreed => "not-decidable-denied-before",
            Class::Allowed => "allowed",
            Class::Untouched => "allowed-unchanged",
            Class::DeniedInLog => "denied-in-log",
            Class::DeniedAlready => "denied-already",
            Class::ManagementAccount => "exempt-management-account",
            Class::ServiceLinkedRole => "exempt-service-linked-role",
            Class::Service => "aws-service",
            Class::Outsider => "outsider",
            Class::NoPermission => "no-permission-needed",
        }
    }

    pub fn answer(self) -> Answer {
        match self {
            Class::Denied => Answer::Denied,
            Class::Undecided | Class::MaybeFreed => Answer::NotDecidable,
            Class::Freed | Class::Allowed | Class::Untouched => Answer::Allowed,
            Class::DeniedInLog | Class::DeniedAlready => Answer::DeniedBefore,
            Class::ManagementAccount
            | Class::ServiceLinkedRole
            | Class::Service
            | Class::Outsider
            | Class::NoPermission => Answer::NotBound,
        }
    }
}

impl Answer {
    pub fn name(self) -> &'static str {
        match self {
            Answer::Denied => "denied",
            Answer::Allowed => "allowed",
            Answer::NotDecidable => "not-decidable",
            Answer::DeniedBefore => "denied-before",
            Answer::NotBound => "not-bound",
        }
    }
}

/// Why a call is in its class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase", tag = "what")]
pub enum Reason {
    /// A statement denies it, or may.
    #[serde(rename_all = "camelCase")]
    Statement { layer: &'static str, policy: Box<str>, statement: usize, sid: Option<Box<str>>, line: usize },
    /// Nothing that is attached there allows it.
    #[serde(rename_all = "camelCase")]
    NothingAllows { layer: &'static str, target: Box<str> },
    /// A condition key that the log does not tell.
    Key { key: Box<str> },
    /// The event does not tell the resource, and a policy names resources.
    Resource,
    /// The table has no such action.
    Action,
    /// One of several actions was needed, and they are judged differently.
    SeveralActions,
    /// The event does not tell who called.
    Caller,
    /// A policy whose document nobody recorded.
    Unrecorded { policy: Box<str> },
}

/// Calls of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    pub class: Class,
    /// The caller's account; empty if it has none.
    pub account: Box<str>,
    /// The user, role (not its session), root user or service; else what the event says of it.
    pub principal: Box<str>,
    /// `service:Action`, or of what is no action the event's source and name.
    pub action: Box<str>,
    pub reasons: Vec<Reason>,
}

/// How often, when and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub calls: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Up to three event ids: of the earliest.
    pub examples: Vec<(Timestamp, Box<str>)>,
    pub regions: BTreeSet<Box<str>>,
}

/// Event ids that are kept of one kind of calls.
const EXAMPLES: usize = 3;

impl Count {
    pub(crate) fn new(at: Timestamp) -> Count {
        Count { calls: 0, first: at, last: at, examples: Vec::new(), regions: BTreeSet::new() }
    }

    #[inline]
    pub(crate) fn add(&mut self, at: Timestamp, id: &str) {
        self.calls += 1;
        span(&mut self.first, &mut self.last, at);
        let full = self.examples.len() >= EXAMPLES;
        if full && self.examples.last().is_some_and(|(last, known)| (*last, &**known) <= (at, id)) {
            return;
        }
        self.example((at, id.into()));
    }

    fn example(&mut self, example: (Timestamp, Box<str>)) {
        let at = self.examples.partition_point(|known| *known < example);
        self.examples.insert(at, example);
        self.examples.truncate(EXAMPLES);
    }

    pub(crate) fn merge(&mut self, other: Count) {
        self.calls += other.calls;
        span(&mut self.first, &mut self.last, other.first);
        span(&mut self.first, &mut self.last, other.last);
        self.regions.extend(other.regions);
        other.examples.into_iter().for_each(|example| self.example(example));
    }
}

/// All calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    calls: BTreeMap<Call, Count>,
}

impl Tally {
    pub(crate) fn add(&mut self, call: Call, count: Count) {
        match self.calls.get_mut(&call) {
            Some(known) => known.merge(count),
            None => _ = self.calls.insert(call, count),
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Tally) {
        other.calls.into_iter().for_each(|(call, count)| self.add(call, count));
    }

    /// The kinds of calls, those that would be denied first, each by account, principal and action.
    pub fn calls(&self) -> impl ExactSizeIterator<Item = (&Call, &Count)> {
        self.calls.iter()
    }

    /// Events of a class.
    pub fn of_class(&self, class: Class) -> u64 {
        self.calls.iter().filter(|(call, _)| call.class == class).map(|(_, count)| count.calls).sum()
    }

    /// All events, of all classes.
    pub fn events(&self) -> u64 {
        self.calls.values().map(|count| count.calls).sum()
    }

    /// The first and the last event.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.calls.values().map(|count| count.first).min()?;
        let last = self.calls.values().map(|count| count.last).max()?;
        Some((first, last))
    }

    /// Whether a principal called an action in the log, and was let through or not.
    pub fn used(&self) -> BTreeSet<(&str, &str)> {
        self.calls.keys().map(|call| (&*call.principal, &*call.action)).collect()
    }
}
