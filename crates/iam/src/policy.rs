//! The parsed policy: one copy of the text and a few flat tables of places in it, so that ten thousand
//! policies cost tens of thousands of allocations, not millions. Views ([`Statement`], [`Condition`]) borrow it.

use crate::operator::Operator;
use crate::position::{Position, Span};

/// The policy language's version. It decides whether `${...}` is a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// No `Version` element: AWS reads the policy as 2008-10-17.
    Absent,
    V2008,
    V2012,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    Allow,
    Deny,
}

/// Whether an element lists what it is about, or what it is not about (`NotAction` and its like).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    Only,
    Except,
}

/// Which kind of name a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// `"Principal": "*"`, or the empty string that some services have written.
    Bare,
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl PrincipalKind {
    /// The member name in a policy; `Bare` has none.
    pub fn name(self) -> &'static str {
        match self {
            PrincipalKind::Bare => "*",
            PrincipalKind::Aws => "AWS",
            PrincipalKind::Service => "Service",
            PrincipalKind::Federated => "Federated",
            PrincipalKind::CanonicalUser => "CanonicalUser",
        }
    }
}

/// One principal of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Principal<'p> {
    pub kind: PrincipalKind,
    pub value: &'p str,
}

/// A string of the document. Its meaning is in the buffer; `at` is where it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    pub start: u32,
    pub len: u32,
    pub at: u32,
    pub end: u32,
}

impl Word {
    /// Where it stands in the text, quotes included.
    pub(crate) fn span(self) -> Span {
        Span::new(self.at as usize, self.end as usize)
    }
}

/// A range of one of the policy's tables.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub start: u32,
    pub end: u32,
}

impl Run {
    pub(crate) fn of<T>(self, table: &[T]) -> &[T] {
        &table[self.start as usize..self.end as usize]
    }
}

#[derive(Clone, Debug)]
pub(crate) struct StatementData {
    pub span: Span,
    pub sid: Option<Word>,
    pub effect: Effect,
    pub principals: Option<(Listing, Run)>,
    pub actions: (Listing, Run),
    pub resources: Option<(Listing, Run)>,
    pub conditions: Run,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ConditionData {
    pub operator: Operator,
    pub key: Word,
    pub values: Run,
}

/// An AWS policy: identity, resource, trust, service or resource control policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The text, then the meanings of the strings that had escapes.
    pub(crate) buffer: String,
    pub(crate) text_len: usize,
    pub(crate) version: Version,
    pub(crate) id: Option<Word>,
    pub(crate) words: Vec<Word>,
    pub(crate) principals: Vec<(PrincipalKind, Word)>,
    pub(crate) conditions: Vec<ConditionData>,
    pub(crate) statements: Vec<StatementData>,
}

impl Policy {
    /// A policy that says nothing: what stands in for one whose document is not known.
    pub(crate) fn without_statements() -> Policy {
        Policy {
            buffer: String::new(),
            text_len: 0,
            version: Version::V2012,
            id: None,
            words: Vec::new(),
            principals: Vec::new(),
            conditions: Vec::new(),
            statements: Vec::new(),
        }
    }

    /// The text that was parsed; spans count in it.
    pub fn text(&self) -> &str {
        &self.buffer[..self.text_len]
    }

    pub fn version(&self) -> Version {
        self.version
    }

    pub fn id(&self) -> Option<&str> {
        self.id.map(|word| self.str(word))
    }

    pub fn statements(&self) -> impl ExactSizeIterator<Item = Statement<'_>> + Clone {
        (0..self.statements.len()).map(|index| Statement { policy: self, index })
    }

    /// The statement at `index` (from 0), in the order of the document.
    pub fn statement(&self, index: usize) -> Option<Statement<'_>> {
        (index < self.statements.len()).then_some(Statement { policy: self, index })
    }

    /// Line and column of a byte of the text.
    pub fn position(&self, offset: usize) -> Position {
        Position::in_text(self.text(), offset)
    }

    pub(crate) fn str(&self, word: Word) -> &str {
        &self.buffer[word.start as usize..word.start as usize + word.len as usize]
    }
}

/// Two policies are equal when they say the same in the same order, however they are written.
impl PartialEq for Policy {
    fn eq(&self, other: &Policy) -> bool {
        self.to_json() == other.to_json()
    }
}

impl Eq for Policy {}

/// A statement of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'p> {
    policy: &'p Policy,
    index: usize,
}

impl<'p> Statement<'p> {
    fn data(self) -> &'p StatementData {
        &self.policy.statements[self.index]
    }

    /// Its place in the list, from 0.
    pub fn index(self) -> usize {
        self.index
    }

    /// The bytes of the statement's object in the text.
    pub fn span(self) -> Span {
        self.data().span
    }

    pub fn sid(self) -> Option<&'p str> {
        self.data().sid.map(|word| self.policy.str(word))
    }

    pub fn effect(self) -> Effect {
        self.data().effect
    }

    /// `Only` for `Action`, `Except` for `NotAction`.
    pub fn action_listing(self) -> Listing {
        self.data().actions.0
    }

    /// The patterns of `Action` or `NotAction`, as written.
    pub fn actions(self) -> Values<'p> {
        self.values(self.data().actions.1)
    }

    /// `None` if the statement names no resource, as in trust policies.
    pub fn resource_listing(self) -> Option<Listing> {
        self.data().resources.map(|(listing, _)| listing)
    }

    /// The patterns of `Resource` or `NotResource`; empty if there is neither.
    pub fn resources(self) -> Values<'p> {
        self.values(self.data().resources.map_or(Run::default(), |(_, run)| run))
    }

    /// `None` if the statement names no principal, as in identity policies.
    pub fn principal_listing(self) -> Option<Listing> {
        self.data().principals.map(|(listing, _)| listing)
    }

    /// The entries of `Principal` or `NotPrincipal`; empty if there is neither.
    pub fn principals(self) -> impl ExactSizeIterator<Item = Principal<'p>> + Clone {
        let run = self.data().principals.map_or(Run::default(), |(_, run)| run);
        let policy = self.policy;
        run.of(&policy.principals).iter().map(move |&(kind, word)| Principal { kind, value: policy.str(word) })
    }

    /// The conditions; all of them must hold.
    pub fn conditions(self) -> impl ExactSizeIterator<Item = Condition<'p>> + Clone {
        let policy = self.policy;
        self.data().conditions.of(&policy.conditions).iter().map(move |data| Condition { policy, data })
    }

    fn values(self, run: Run) -> Values<'p> {
        Values { policy: self.policy, words: run.of(&self.policy.words).iter() }
    }
}

/// One key of one operator, with its values.
#[derive(Clone, Copy, Debug)]
pub struct Condition<'p> {
    policy: &'p Policy,
    data: &'p ConditionData,
}

impl<'p> Condition<'p> {
    pub fn operator(self) -> Operator {
        self.data.operator
    }

    /// The condition key as written; AWS compares it without regard to case.
    pub fn key(self) -> &'p str {
        self.policy.str(self.data.key)
    }

    /// Where the key stands in the text, quotes included.
    pub fn key_span(self) -> Span {
        self.data.key.span()
    }

    /// The values; booleans and numbers as their JSON text.
    pub fn values(self) -> Values<'p> {
        Values { policy: self.policy, words: self.data.values.of(&self.policy.words).iter() }
    }
}

/// An iterator over strings of a policy.
#[derive(Clone, Debug)]
pub struct Values<'p> {
    policy: &'p Policy,
    words: std::slice::Iter<'p, Word>,
}

impl<'p> Values<'p> {
    /// The same strings with their places in the text, quotes included.
    pub fn with_spans(self) -> impl ExactSizeIterator<Item = (&'p str, Span)> {
        let policy = self.policy;
        self.words.map(move |&word| (policy.str(word), word.span()))
    }
}

impl<'p> Iterator for Values<'p> {
    type Item = &'p str;

    fn next(&mut self) -> Option<&'p str> {
        self.words.next().map(|&word| self.policy.str(word))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.words.size_hint()
    }
}

impl ExactSizeIterator for Values<'_> {}
