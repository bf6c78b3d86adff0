//! Reads the text of an expression into a tree with the place of every part.
//!
//! The grammar is CEL's without protobuf messages, bytes and unsigned numbers. The reader is our own because
//! an error must point at its place, hostile text must never cost more than the limits below, and no
//! macro is expanded: `all`, `exists` and the like stay calls, which compile to loops. The tests hold it against the `cel` crate.

mod lexer;
mod parser;

pub use parser::parse;

/// Longest text of one expression, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;
/// Most nodes in the tree of one expression.
pub const MAX_NODES: usize = 4096;
/// Highest tree of an expression, the bindings it refers to included.
pub const MAX_DEPTH: usize = 96;

/// Bytes of the text, from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub const fn to(self, end: Span) -> Self {
        Self { start: self.start, end: end.end }
    }
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub at: Span,
    pub message: String,
    pub help: Option<String>,
}

impl Problem {
    pub fn new(at: Span, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub at: Span,
    pub kind: ExprKind,
    /// Levels below, this one included.
    pub depth: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Name(String),
    Select { of: Box<Expr>, member: String, member_at: Span },
    Index { of: Box<Expr>, index: Box<Expr> },
    Call { target: Option<Box<Expr>>, name: String, name_at: Span, arguments: Vec<Expr> },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary { operator: Binary, left: Box<Expr>, right: Box<Expr> },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    If(Box<[Expr; 3]>),
}

/// Operators between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    pub const fn as_str(self) -> &'static str {
        match self {
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessOrEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterOrEqual => ">=",
            Binary::In => "in",
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Remainder => "%",
        }
    }
}
