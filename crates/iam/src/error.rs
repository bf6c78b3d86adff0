//! What can be wrong with a policy document, told for its author: what, where, and what to do.
//! A message has a stable id for translation, and a caret rendering for the terminal.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::position::{Position, Span, floor_boundary, line_start};

/// How much of a long (minified) line the caret rendering keeps on each side of the fault, in bytes.
const EXCERPT_MARGIN: usize = 60;

/// What is wrong. The variants carry the arguments of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyErrorKind {
    /// The document is larger than [`crate::MAX_DOCUMENT_BYTES`].
    TooLarge { bytes: usize, limit: usize },
    /// The text stops in the middle of the document.
    UnexpectedEnd { expected: &'static str },
    /// Something else stands where `expected` was needed; also what too deep nesting ends as, since
    /// the grammar of policies has a fixed depth.
    Unexpected { expected: &'static str, found: String },
    /// A backslash sequence that JSON does not have.
    BadEscape,
    /// `\ud800` to `\udfff` without its partner.
    LoneSurrogate,
    /// A raw control character (below U+0020) inside a string.
    ControlCharacter,
    /// A number that is not JSON's.
    BadNumber,
    /// More text after the end of the document.
    TrailingData,
    /// The document begins with U+FEFF.
    ByteOrderMark,
    /// The same member twice in one object.
    DuplicateKey { key: String },
    /// A member that policies do not have.
    UnknownElement { name: String, place: &'static str, suggestion: Option<&'static str> },
    /// A member that must be there is not.
    MissingElement { name: &'static str, place: &'static str },
    /// Two members that exclude each other, such as `Action` and `NotAction`.
    Conflict { first: &'static str, second: &'static str },
    /// A value outside the few that are allowed.
    BadValue { element: &'static str, found: String, allowed: &'static str, suggestion: Option<&'static str> },
    /// A number, boolean or null where only a string means something.
    NotString { element: &'static str, found: String },
    /// A condition operator that does not exist.
    UnknownOperator { name: String, suggestion: Option<String> },
    /// URL or JSON-string encoding that cannot be undone (see [`crate::Policy::parse_any`]).
    BadEncoding { reason: &'static str },
}

impl PolicyErrorKind {
    /// The message id: stable, never translated.
    pub fn id(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "policy-too-large",
            Self::UnexpectedEnd { .. } => "policy-unexpected-end",
            Self::Unexpected { .. } => "policy-unexpected",
            Self::BadEscape => "policy-bad-escape",
            Self::LoneSurrogate => "policy-lone-surrogate",
            Self::ControlCharacter => "policy-control-character",
            Self::BadNumber => "policy-bad-number",
            Self::TrailingData => "policy-trailing-data",
            Self::ByteOrderMark => "policy-byte-order-mark",
            Self::DuplicateKey { .. } => "policy-duplicate-key",
            Self::UnknownElement { .. } => "policy-unknown-element",
            Self::MissingElement { .. } => "policy-missing-element",
            Self::Conflict { .. } => "policy-conflict",
            Self::BadValue { .. } => "policy-bad-value",
            Self::NotString { .. } => "policy-not-string",
            Self::UnknownOperator { .. } => "policy-unknown-operator",
            Self::BadEncoding { .. } => "policy-bad-encoding",
        }
    }

    /// Whether the fault is in what the JSON says, and not in the JSON.
    pub(crate) fn is_about_policy(&self) -> bool {
        match self {
            Self::Unexpected { .. }
            | Self::DuplicateKey { .. }
            | Self::UnknownElement { .. }
            | Self::MissingElement { .. }
            | Self::Conflict { .. }
            | Self::BadValue { .. }
            | Self::NotString { .. }
            | Self::UnknownOperator { .. } => true,
            Self::TooLarge { .. }
            | Self::UnexpectedEnd { .. }
            | Self::BadEscape
            | Self::LoneSurrogate
            | Self::ControlCharacter
            | Self::BadNumber
            | Self::TrailingData
            | Self::ByteOrderMark
            | Self::BadEncoding { .. } => false,
        }
    }

    /// The arguments of the message by name, for translated messages.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooLarge { bytes, limit } => vec![("bytes", bytes.to_string()), ("limit", limit.to_string())],
            Self::UnexpectedEnd { expected } => vec![("expected", (*expected).to_owned())],
            Self::Unexpected { expected, found } => {
                vec![("expected", (*expected).to_owned()), ("found", found.clone())]
            }
            Self::DuplicateKey { key } => vec![("key", key.clone())],
            Self::UnknownElement { name, place, .. } => vec![("name", name.clone()), ("place", (*place).to_owned())],
            Self::MissingElement { name, place } => {
                vec![("name", (*name).to_owned()), ("place", (*place).to_owned())]
            }
            Self::Conflict { first, second } => {
                vec![("first", (*first).to_owned()), ("second", (*second).to_owned())]
            }
            Self::BadValue { element, found, .. } | Self::NotString { element, found } => {
                vec![("element", (*element).to_owned()), ("found", found.clone())]
            }
            Self::UnknownOperator { name, .. } => vec![("name", name.clone())],
            Self::BadEncoding { reason } => vec![("reason", (*reason).to_owned())],
            Self::BadEscape
            | Self::LoneSurrogate
            | Self::ControlCharacter
            | Self::BadNumber
            | Self::TrailingData
            | Self::ByteOrderMark => Vec::new(),
        }
    }

    /// What the author may do about it, where there is something to say.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::TooLarge { .. } => "check that this file is a policy document".to_owned(),
            Self::UnexpectedEnd { .. } => "the document seems to be cut off; read it again from its source".to_owned(),
            Self::BadEscape => "write a backslash as `\\\\`".to_owned(),
            Self::LoneSurrogate => "write the character itself, or both halves of the surrogate pair".to_owned(),
            Self::ControlCharacter => "write it as an escape, such as `\\n`; or close the string before it".to_owned(),
            Self::TrailingData => "one document holds one policy; remove the rest".to_owned(),
            Self::ByteOrderMark => "save the file as UTF-8 without a byte order mark".to_owned(),
            Self::DuplicateKey { .. } => "merge the two, or remove one: AWS would keep only one of them".to_owned(),
            Self::UnknownElement { suggestion: Some(name), .. } => format!("did you mean `{name}`?"),
            Self::UnknownElement { .. } => "remove it; names are case-sensitive".to_owned(),
            Self::MissingElement { name, .. } => format!("add `{name}`"),
            Self::Conflict { first, second } => format!("keep either `{first}` or `{second}`"),
            Self::BadValue { suggestion: Some(value), .. } => format!("did you mean `{value}`?"),
            Self::BadValue { allowed, .. } => format!("use {allowed}"),
            Self::NotString { .. } => "put the value in quotes".to_owned(),
            Self::UnknownOperator { suggestion: Some(name), .. } => format!("did you mean `{name}`?"),
            Self::UnknownOperator { .. } => "see the IAM condition operators in the AWS documentation".to_owned(),
            Self::Unexpected { .. } | Self::BadNumber | Self::BadEncoding { .. } => return None,
        })
    }
}

impl fmt::Display for PolicyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => {
                write!(f, "the document has {bytes} bytes, more than the {limit} that are read")
            }
            Self::UnexpectedEnd { expected } => write!(f, "the document ends where {expected} should follow"),
            Self::Unexpected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::BadEscape => f.write_str("unknown escape sequence in a string"),
            Self::LoneSurrogate => f.write_str("half a surrogate pair in a string"),
            Self::ControlCharacter => f.write_str("control character inside a string"),
            Self::BadNumber => f.write_str("not a JSON number"),
            Self::TrailingData => f.write_str("text after the end of the policy"),
            Self::ByteOrderMark => f.write_str("the document begins with a byte order mark"),
            Self::DuplicateKey { key } => write!(f, "`{key}` is given twice"),
            Self::UnknownElement { name, place, .. } => write!(f, "unknown element `{name}` in {place}"),
            Self::MissingElement { name, place } => write!(f, "{place} has no `{name}`"),
            Self::Conflict { first, second } => write!(f, "`{first}` and `{second}` exclude each other"),
            Self::BadValue { element, found, .. } => write!(f, "`{found}` is not a value of `{element}`"),
            Self::NotString { element, found } => write!(f, "`{element}` needs strings, found {found}"),
            Self::UnknownOperator { name, .. } => write!(f, "unknown condition operator `{name}`"),
            Self::BadEncoding { reason } => write!(f, "cannot decode the document: {reason}"),
        }
    }
}

/// A fault in a policy document, with its place and enough of the text around it to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    kind: PolicyErrorKind,
    span: Span,
    position: Position,
    excerpt: String,
    /// The fault inside `excerpt`.
    marked: Span,
}

impl PolicyError {
    pub(crate) fn new(text: &str, span: Span, kind: PolicyErrorKind) -> PolicyError {
        let start = floor_boundary(text, span.start);
        let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let excerpt_start = line_start(text, start).max(floor_boundary(text, start.saturating_sub(EXCERPT_MARGIN)));
        let excerpt_end = line_end.min(floor_boundary(text, start + EXCERPT_MARGIN));
        let end = floor_boundary(text, span.end).clamp(start, excerpt_end);
        PolicyError(Box::new(Details {
            kind,
            span,
            position: Position::in_text(text, span.start),
            excerpt: text[excerpt_start..excerpt_end].to_owned(),
            marked: Span::new(start - excerpt_start, end - excerpt_start),
        }))
    }

    /// What is wrong.
    pub fn kind(&self) -> &PolicyErrorKind {
        &self.0.kind
    }

    pub(crate) fn into_kind(self) -> PolicyErrorKind {
        self.0.kind
    }

    /// The bytes at fault. For [`crate::Policy::parse_any`] they count in the decoded text.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// Line and column of the fault, both from 1.
    pub fn position(&self) -> Position {
        self.0.position
    }

    /// What to do, if there is something to say.
    pub fn help(&self) -> Option<String> {
        self.0.kind.help()
    }

    /// The message over the line at fault with a caret under it, without colours. `name` is the file or
    /// resource that the reader knows the document by.
    pub fn render(&self, name: &str) -> String {
        let details = &*self.0;
        let place = format!("{name}:{}:{}", details.position.line, details.position.column);
        let title = details.kind.to_string();
        let mut group = Level::ERROR.primary_title(title).element(
            // The excerpt may start in the middle of a long line, so the place is told in the label
            // and not counted by the renderer.
            Snippet::source(details.excerpt.as_str())
                .line_start(details.position.line)
                .annotation(AnnotationKind::Primary.span(details.marked.start..details.marked.end).label(place)),
        );
        if let Some(help) = self.help() {
            group = group.element(Level::HELP.message(help));
        }
        Renderer::plain().render(&[group]).to_string()
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.0.position;
        write!(f, "line {line}, column {column}: {}", self.0.kind)?;
        match self.help() {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyError {}
