//! What is wrong with single statements of a policy that can be read as a whole. A statement at fault matches
//! nothing: that closes an Allow, but it opens what a Deny was to close, so faults are always told.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::error::PolicyErrorKind;
use crate::operator::Operator;
use crate::policy::{Effect, Policy, Statement};
use crate::position::{Places, Position, Span};

/// Why a statement is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// AWS would not store it: an unknown operator, a wrong type, an unknown or missing element.
    Refused(PolicyErrorKind),
    /// `Principal` in a policy of an identity.
    PrincipalNotAllowed,
    /// No `Resource` where the kind of policy needs one.
    NoResource,
    /// Another statement has the same `Sid`. The statement is evaluated all the same.
    RepeatedSid { first: usize },
    /// An operator has the key twice, in different letter case. Both conditions must hold.
    RepeatedKey { key: String },
}

impl FaultKind {
    /// Whether the statement matches nothing for it.
    pub fn disables(&self) -> bool {
        !matches!(self, FaultKind::RepeatedSid { .. } | FaultKind::RepeatedKey { .. })
    }
}

/// A statement at fault, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub statement: usize,
    pub effect: Effect,
    pub kind: FaultKind,
    pub span: Span,
    pub position: Position,
}

impl Fault {
    pub(crate) fn of(places: &mut Places<'_>, statement: Statement<'_>, kind: FaultKind) -> Fault {
        Fault {
            statement: statement.index(),
            effect: statement.effect(),
            kind,
            span: statement.span(),
            position: places.at(statement.span().start),
        }
    }

    pub(crate) fn repeated_sids(policy: &Policy) -> Vec<Fault> {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut faults = Vec::new();
        let mut places = Places::new(policy.text());
        for statement in policy.statements() {
            let Some(sid) = statement.sid() else { continue };
            let first = *seen.entry(sid).or_insert(statement.index());
            if first != statement.index() {
                faults.push(Fault::of(&mut places, statement, FaultKind::RepeatedSid { first }));
            }
        }
        faults
    }

    /// Keys that are the same but for letter case: AWS compares them without regard to it.
    pub(crate) fn repeated_keys(policy: &Policy) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut places = Places::new(policy.text());
        for statement in policy.statements().filter(|statement| statement.conditions().len() > 1) {
            let mut seen: HashSet<(Operator, String)> = HashSet::new();
            for condition in statement.conditions() {
                if !seen.insert((condition.operator(), condition.key().to_ascii_lowercase())) {
                    let span = condition.key_span();
                    let key = condition.key().chars().take(64).collect();
                    faults.push(Fault {
                        statement: statement.index(),
                        effect: statement.effect(),
                        kind: FaultKind::RepeatedKey { key },
                        span,
                        position: places.at(span.start),
                    });
                }
            }
        }
        faults
    }

    /// Whether the fault makes this statement match nothing.
    pub fn disables(&self, statement: usize) -> bool {
        self.statement == statement
            && !matches!(self.kind, FaultKind::RepeatedSid { .. } | FaultKind::RepeatedKey { .. })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultKind::Refused(kind) => kind.fmt(f),
            FaultKind::PrincipalNotAllowed => f.write_str("a policy of this kind has no `Principal`"),
            FaultKind::NoResource => f.write_str("a policy of this kind needs `Resource`"),
            FaultKind::RepeatedKey { key } => write!(f, "`{key}` is there twice, in different letter case"),
            FaultKind::RepeatedSid { first } => write!(f, "statement {first} has the same `Sid`"),
        }
    }
}
