//! The document as a tree with the place of every part, so that a policy with faults can be looked at as a whole.

use std::borrow::Cow;

use crate::error::{PolicyError, PolicyErrorKind};
use crate::position::Span;
use crate::reader::{Escapes, Raw, Reader};

/// Policies nest six deep; what nests deeper than this is none.
const DEEPEST: usize = 32;

#[derive(Debug)]
pub(super) struct Node<'t> {
    pub span: Span,
    pub value: Value<'t>,
}

#[derive(Debug)]
pub(super) enum Value<'t> {
    Text(Cow<'t, str>),
    Number,
    Bool,
    Null,
    List(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
}

#[derive(Debug)]
pub(super) struct Member<'t> {
    pub key: Cow<'t, str>,
    pub key_span: Span,
    pub node: Node<'t>,
}

impl<'t> Node<'t> {
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn members(&self) -> Option<&[Member<'t>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of a list, or the one value that stands for a list of it.
    pub fn items(&self) -> &[Node<'t>] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    pub fn is_empty_list(&self) -> bool {
        matches!(&self.value, Value::List(items) if items.is_empty())
    }

    /// What JSON calls it, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "string",
            Value::Number => "number",
            Value::Bool => "boolean",
            Value::Null => "null",
            Value::List(_) => "list",
            Value::Object(_) => "object",
        }
    }
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Node<'_>, PolicyError> {
    let mut reader = Reader::new(text);
    let node = value(&mut reader, 0)?;
    reader.finish()?;
    Ok(node)
}

fn value<'t>(reader: &mut Reader<'t>, depth: usize) -> Result<Node<'t>, PolicyError> {
    let first = reader.peek();
    let start = reader.at();
    if depth > DEEPEST {
        let found = "too many nested values".to_owned();
        return Err(
            reader.error(Span::new(start, start + 1), PolicyErrorKind::Unexpected { expected: "a policy", found })
        );
    }
    let value = match first {
        Some(b'"') => {
            let raw = reader.string("a string")?;
            Value::Text(meaning(reader, raw)?)
        }
        Some(b'{') => Value::Object(members(reader, depth)?),
        Some(b'[') => {
            reader.take(b'[');
            let mut items = Vec::new();
            if !reader.take(b']') {
                loop {
                    items.push(self::value(reader, depth + 1)?);
                    if reader.take(b']') {
                        break;
                    }
                    reader.expect(b',', "`,` or `]` in a list")?;
                }
            }
            Value::List(items)
        }
        Some(b'n') => {
            reader.skip_value()?;
            Value::Null
        }
        _ => {
            let span = reader.plain_scalar()?;
            match &reader.text()[span.start..span.end] {
                "true" | "false" => Value::Bool,
                _ => Value::Number,
            }
        }
    };
    Ok(Node { span: Span::new(start, reader.at()), value })
}

fn members<'t>(reader: &mut Reader<'t>, depth: usize) -> Result<Vec<Member<'t>>, PolicyError> {
    reader.take(b'{');
    let mut members = Vec::new();
    if reader.take(b'}') {
        return Ok(members);
    }
    loop {
        let raw = reader.string("a name in quotes")?;
        reader.expect(b':', "`:`")?;
        let key = meaning(reader, raw)?;
        members.push(Member { key, key_span: raw.span(), node: value(reader, depth + 1)? });
        if reader.take(b'}') {
            return Ok(members);
        }
        reader.expect(b',', "`,` or `}`")?;
    }
}

fn meaning<'t>(reader: &Reader<'t>, raw: Raw) -> Result<Cow<'t, str>, PolicyError> {
    if raw.escapes == Escapes::None {
        return Ok(Cow::Borrowed(&reader.text()[raw.start..raw.end]));
    }
    let mut text = String::new();
    reader.unescape(raw, &mut text)?;
    Ok(Cow::Owned(text))
}
