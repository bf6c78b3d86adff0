//! Request bodies of the rest-xml protocol.

use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::rest::raw_or;
use super::{MAX_DEPTH, scalar};
use crate::shapes::{Kind, Location, Member, Operation, Service, TimestampFormat};

/// The XML of an input; `None` when the operation has no body or the input leaves it out.
pub(super) fn body(
    service: &Service,
    operation: &Operation,
    members: &[(String, Member)],
    payload: Option<&str>,
    input: &Map<String, Value>,
) -> Result<Option<Vec<u8>>, String> {
    let mut out = String::new();
    if let Some(payload) = payload {
        let found = members.iter().find(|(name, _)| name == payload);
        let (Some((name, member)), Some(value)) = (found, input.get(payload)) else {
            return Ok(None);
        };
        return raw_or(service, member, value, || {
            write(service, name, member, value, &mut out, 0)?;
            Ok(out.into_bytes())
        })
        .map(Some);
    }
    let inside: Vec<_> =
        members.iter().filter(|(name, m)| m.location == Location::Body && input.contains_key(name)).collect();
    if inside.is_empty() {
        return Ok(None);
    }
    let root = operation.input.as_deref().unwrap_or("Request");
    out.push_str(&format!("<{root}>"));
    for (name, member) in inside {
        write(service, name, member, &input[name], &mut out, 1)?;
    }
    out.push_str(&format!("</{root}>"));
    Ok(Some(out.into_bytes()))
}

fn write(
    service: &Service,
    name: &str,
    member: &Member,
    value: &Value,
    out: &mut String,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("`{name}` is nested too deeply"));
    }
    let tag = member.location_name.as_deref().unwrap_or(name);
    let wrong = |want: &str| format!("`{name}` must be {want}");
    match service.kind(&member.shape) {
        Kind::Structure { members, .. } => {
            let from = value.as_object().ok_or_else(|| wrong("an object"))?;
            let known = |key: &String| members.iter().find(|(name, _)| name == key);
            if let Some(key) = from.keys().find(|key| known(key).is_none()) {
                return Err(format!("`{name}` has no member `{key}`"));
            }
            open(tag, member, members, from, out);
            for (key, part) in members {
                if let Some(value) = from.get(key).filter(|v| !v.is_null() && !part.xml_attribute) {
                    write(service, key, part, value, out, depth + 1)?;
                }
            }
            out.push_str(&format!("</{tag}>"));
        }
        Kind::List { member: item, flattened } => {
            let list = value.as_array().ok_or_else(|| wrong("a list"))?;
            if flattened || member.flattened {
                let tag = item.location_name.as_deref().unwrap_or(tag);
                for value in list {
                    write(service, tag, item, value, out, depth + 1)?;
                }
            } else {
                out.push_str(&format!("<{tag}>"));
                for value in list {
                    write(service, "member", item, value, out, depth + 1)?;
                }
                out.push_str(&format!("</{tag}>"));
            }
        }
        Kind::Map { .. } => return Err(wrong("left out: maps in XML requests are not in use")),
        kind => {
            let text = scalar::text(kind, member, TimestampFormat::Iso8601, value)
                .map_err(|error| format!("`{name}`: {error}"))?;
            out.push_str(&format!("<{tag}>{}</{tag}>", escape(text.as_str())));
        }
    }
    Ok(())
}

/// The opening tag with its namespace and attributes.
fn open(tag: &str, member: &Member, members: &[(String, Member)], from: &Map<String, Value>, out: &mut String) {
    out.push('<');
    out.push_str(tag);
    if let Some(namespace) = &member.xml_namespace {
        let prefix = namespace.prefix.as_ref().map_or_else(String::new, |prefix| format!(":{prefix}"));
        out.push_str(&format!(" xmlns{prefix}=\"{}\"", escape(namespace.uri.as_str())));
    }
    for (name, part) in members.iter().filter(|(_, part)| part.xml_attribute) {
        if let Some(text) = from.get(name).and_then(Value::as_str) {
            let key = part.location_name.as_deref().unwrap_or(name);
            out.push_str(&format!(" {key}=\"{}\"", escape(text)));
        }
    }
    out.push('>');
}
