//! XML answers: a bounded tree of elements, read by shape. Names are taken without their namespace.
//! Memory is a small multiple of the body, which the client bounds; depth is bounded here.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

use super::{MAX_DEPTH, scalar};
use crate::shapes::{Kind, Member, Service};

/// One element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Without the namespace's prefix.
    pub name: String,
    /// With the prefix, as the models name them (`xsi:type`).
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// The text directly inside.
    pub text: String,
}

impl Element {
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of that name at any depth, outermost first.
    pub fn find(&self, name: &str) -> Option<&Element> {
        self.child(name).or_else(|| self.children.iter().find_map(|child| child.find(name)))
    }
}

/// Reads a document. References to entities other than XML's own five are kept as text, so that no
/// declaration in the document can make it grow.
pub(super) fn tree(body: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| bad(&reader, &error.to_string()))?;
        let closed = match event {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(bad(&reader, "nested too deeply"));
                }
                open.push(element(&start).map_err(|error| bad(&reader, &error))?);
                None
            }
            Event::Empty(start) => Some(element(&start).map_err(|error| bad(&reader, &error))?),
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                push_text(&mut open, &text.xml10_content());
                None
            }
            Event::CData(text) => {
                push_text(&mut open, &text.into_inner());
                None
            }
            Event::GeneralRef(reference) => {
                let text = resolve(&reference);
                push_text(&mut open, &text);
                None
            }
            Event::Eof => return Err(bad(&reader, "it ends too early")),
            _ => None,
        };
        if let Some(element) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => return Ok(element),
            }
        }
    }
}

fn bad(reader: &Reader<&[u8]>, what: &str) -> String {
    format!("the answer is not XML as it should be, at byte {}: {what}", reader.buffer_position())
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name: &str = reference;
    match quick_xml::escape::resolve_predefined_entity(name) {
        Some(text) => text.to_owned(),
        None => format!("&{name};"),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element { name: start.local_name().as_ref().to_owned(), attributes, ..Element::default() })
}

/// Reads an element as `shape`.
pub(super) fn read(service: &Service, shape: &str, element: &Element) -> Result<Value, String> {
    Ok(value(service, shape, false, std::slice::from_ref(&element))?.unwrap_or(Value::Null))
}

/// Reads the members of a structure out of an element.
pub(super) fn read_members<'a>(
    service: &Service,
    members: impl Iterator<Item = &'a (String, Member)>,
    element: &Element,
    out: &mut Map<String, Value>,
) -> Result<(), String> {
    for (name, member) in members {
        let wire = wire_name(service, name, member);
        if member.xml_attribute {
            if let Some((_, text)) = element.attributes.iter().find(|(key, _)| key == wire) {
                out.insert(name.clone(), Value::String(text.clone()));
            }
            continue;
        }
        let found: Vec<&Element> = element.children.iter().filter(|child| child.name == wire).collect();
        if found.is_empty() {
            continue;
        }
        if let Some(value) =
            value(service, &member.shape, member.flattened, &found).map_err(|error| format!("`{name}`: {error}"))?
        {
            out.insert(name.clone(), value);
        }
    }
    Ok(())
}

/// The element's name of a member; a flattened list is named after its items.
fn wire_name<'a>(service: &'a Service, name: &'a str, member: &'a Member) -> &'a str {
    if let Kind::List { member: item, flattened } = service.kind(&member.shape)
        && (flattened || member.flattened)
        && let Some(item) = &item.location_name
    {
        return item;
    }
    member.location_name.as_deref().unwrap_or(name)
}

/// The value of the elements of one member: several only for a flattened list or map.
fn value(service: &Service, shape: &str, flattened_here: bool, elements: &[&Element]) -> Result<Option<Value>, String> {
    let Some(first) = elements.first() else {
        return Ok(None);
    };
    Ok(match service.kind(shape) {
        Kind::Structure { members, .. } => {
            let mut out = Map::new();
            read_members(service, members.iter(), first, &mut out)?;
            Some(Value::Object(out))
        }
        Kind::List { member, flattened } => {
            let items: Vec<&Element> =
                if flattened || flattened_here { elements.to_vec() } else { first.children.iter().collect() };
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                let read = value(service, &member.shape, false, &[item])?;
                out.extend(read);
            }
            Some(Value::Array(out))
        }
        Kind::Map { key, value: of, flattened } => {
            let entries: Vec<&Element> =
                if flattened || flattened_here { elements.to_vec() } else { first.children.iter().collect() };
            Some(map(service, key, of, &entries)?)
        }
        kind => scalar::value(kind, &first.text)?,
    })
}

fn map(service: &Service, key: &Member, of: &Member, entries: &[&Element]) -> Result<Value, String> {
    let key_name = key.location_name.as_deref().unwrap_or("key");
    let value_name = of.location_name.as_deref().unwrap_or("value");
    let mut out = Map::new();
    for entry in entries {
        let (Some(key), Some(found)) = (entry.child(key_name), entry.child(value_name)) else {
            return Err("a map's entry lacks its key or value".to_owned());
        };
        if let Some(value) = value(service, &of.shape, false, &[found])? {
            out.insert(key.text.clone(), value);
        }
    }
    Ok(Value::Object(out))
}
