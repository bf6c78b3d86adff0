//! YAML (and so JSON) as a tree that knows where each of its parts stands in the text.
//!
//! Reading is bounded before and while the tree is made: bytes, nodes (aliases count as what they
//! stand for) and depth. Duplicate keys, merge keys and second documents are refused.

mod de;
mod read;

use std::ops::Range;

pub use de::from_node;
pub use read::{read, read_all};

use crate::source::Source;

/// How much a text may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Scalars, lists and maps, each alias counted as the nodes it stands for.
    pub nodes: usize,
    /// Lists and maps within each other.
    pub depth: usize,
}

impl Limits {
    /// A file of content/, ours or a user's: 1 MiB.
    pub const CONTENT: Limits = Limits { bytes: 1 << 20, nodes: 100_000, depth: 64 };
    /// A conformance pack: 4 MiB, 80 times what AWS takes inline.
    pub const PACK: Limits = Limits { bytes: 4 << 20, nodes: 400_000, depth: 64 };
}

/// A part of a YAML text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: NodeValue,
    /// A tag of the author's own, without the exclamation mark: `Ref` of `!Ref`.
    pub tag: Option<Box<str>>,
    /// First byte and the byte after the last.
    span: (u32, u32),
}

#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    Scalar { text: String, style: Style },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// How a scalar is written: only a plain one can be a number, a boolean or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    Literal,
    Folded,
}

impl Node {
    pub fn span(&self) -> Range<usize> {
        self.span.0 as usize..self.span.1 as usize
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A plain scalar that says nothing: empty, `~` or `null`.
    pub fn is_null(&self) -> bool {
        match &self.value {
            NodeValue::Scalar { text, style: Style::Plain } => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    pub fn entries(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            NodeValue::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(list) => Some(list),
            _ => None,
        }
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key of a map with its value.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        self.entries()?.iter().find(|(name, _)| name.text() == Some(key)).map(|(name, value)| (name, value))
    }

    /// The part at a path of keys and list indexes; the deepest that exists.
    pub fn at(&self, path: &[&str]) -> &Node {
        let mut node = self;
        for part in path {
            let next = match &node.value {
                NodeValue::Map(_) => node.get(part),
                NodeValue::List(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
                NodeValue::Scalar { .. } => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// Where byte `offset` of a scalar's text stands in the source, as nearly as its style allows.
    pub fn place_of(&self, source: &Source, offset: usize) -> usize {
        let (start, end) = (self.span.0 as usize, self.span.1 as usize);
        let NodeValue::Scalar { text, style } = &self.value else { return start };
        let raw = source.text.get(start..end).unwrap_or_default();
        if *style == Style::Literal {
            let before = text.get(..offset).unwrap_or(text);
            let line = before.bytes().filter(|b| *b == b'\n').count();
            let column = before.rfind('\n').map_or(before.len(), |at| before.len() - at - 1);
            return literal_place(source, start, line, column).unwrap_or(start);
        }
        let quote = usize::from(*style == Style::Quoted);
        // Without escapes and folds the raw text is the text.
        match raw.get(quote..quote + text.len()) {
            Some(same) if same == text => start + quote + offset.min(text.len()),
            _ => start,
        }
    }
}

/// The place of a line and column of a literal block whose header stands at `start`.
fn literal_place(source: &Source, start: usize, line: usize, column: usize) -> Option<usize> {
    let text = &source.text;
    // The span begins at the header (`|`) or, in some positions, at the first line of the block.
    let mut at = match text.get(start..)?.chars().next()? {
        '|' | '>' => start + text.get(start..)?.find('\n')? + 1,
        _ => text[..start].rfind('\n').map_or(0, |newline| newline + 1),
    };
    let first = text.get(at..)?.lines().find(|candidate| !candidate.trim().is_empty())?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    for _ in 0..line {
        at += text.get(at..)?.find('\n')? + 1;
    }
    Some((at + indent + column).min(text.len()))
}
