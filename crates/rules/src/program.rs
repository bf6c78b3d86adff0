//! What a rule is compiled to: operations over places that were settled when the rule was loaded.

use haechi_model::ResourceType;
use regex::Regex;

use crate::functions::Function;
use crate::path::Path;
use crate::syntax::Binary;
use crate::value::Const;

/// One step of an expression. The steps below it are its operands.
#[derive(Debug)]
pub(crate) enum Op {
    Const(Const),
    /// An effective parameter, by its place among the rule's parameters.
    Parameter(usize),
    /// A `let`, by its place; computed at most once in an evaluation.
    Binding(usize),
    /// The variable of a loop around this step, by its slot.
    Variable(usize),
    /// A member of the judged item.
    Member(Path),
    Below(Box<Op>, Path),
    Present(Box<Op>),
    Index(Box<[Op; 2]>),
    Not(Box<Op>),
    Negate(Box<Op>),
    And(Box<[Op]>),
    Or(Box<[Op]>),
    If(Box<[Op; 3]>),
    Binary(Binary, Box<[Op; 2]>),
    List(Box<[Op]>),
    Map(Box<[(Op, Op)]>),
    Loop(Box<Loop>),
    Call(&'static Function, Box<[Op]>),
    Matches(Box<Op>, Regex),
    Now,
    Items(Reach),
    Lookup(Box<Lookup>),
}

/// A type of neighbours, and where they are looked for.
#[derive(Debug)]
pub(crate) struct Reach {
    pub resource_type: ResourceType,
    pub area: Area,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// The judged item's region.
    Region,
    /// The type belongs to no region.
    Global,
    Account,
}

#[derive(Debug)]
pub(crate) struct Lookup {
    pub reach: Reach,
    pub path: Path,
    pub name: String,
    pub value: Op,
}

#[derive(Debug)]
pub(crate) struct Loop {
    pub kind: LoopKind,
    pub range: Op,
    /// Which variable holds the element.
    pub slot: usize,
    /// `map` with three arguments takes only the elements that pass.
    pub filter: Option<Op>,
    pub body: Op,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl LoopKind {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "all" => LoopKind::All,
            "exists" => LoopKind::Exists,
            "exists_one" | "existsOne" => LoopKind::ExistsOne,
            "filter" => LoopKind::Filter,
            "map" => LoopKind::Map,
            _ => return None,
        })
    }
}

/// All expressions of a rule.
#[derive(Debug)]
pub(crate) struct Program {
    pub bindings: Vec<Op>,
    pub applies: Option<Op>,
    pub check: Check,
    pub evidence: Option<Op>,
    pub args: Vec<(String, Op)>,
    /// Slots for loop variables.
    pub variables: usize,
}

#[derive(Debug)]
pub(crate) enum Check {
    Expression(Op),
    Coded(&'static crate::coded::Coded),
}
