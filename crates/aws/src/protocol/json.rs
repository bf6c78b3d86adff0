//! JSON bodies: the json and rest-json protocols. Members are renamed between the wire and the model,
//! times become RFC 3339, what the model does not know is dropped.

use serde_json::{Map, Value};

use super::{MAX_DEPTH, scalar};
use crate::shapes::{Kind, Member, Service, TimestampFormat};

/// The body of an input.
pub(super) fn body(
    service: &Service,
    members: &[(String, Member)],
    input: &Map<String, Value>,
) -> Result<Value, String> {
    structure(service, members, input, 0)
}

fn structure(
    service: &Service,
    members: &[(String, Member)],
    input: &Map<String, Value>,
    depth: usize,
) -> Result<Value, String> {
    let mut out = Map::new();
    for (name, value) in input {
        let Some((_, member)) = members.iter().find(|(member, _)| member == name) else {
            return Err(format!("no input member `{name}`"));
        };
        if !value.is_null() {
            let wire = member.location_name.as_ref().unwrap_or(name);
            let value = write(service, member, value, depth + 1).map_err(|error| format!("`{name}`: {error}"))?;
            out.insert(wire.clone(), value);
        }
    }
    Ok(Value::Object(out))
}

pub(super) fn write(service: &Service, member: &Member, value: &Value, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err("nested too deeply".to_owned());
    }
    match service.kind(&member.shape) {
        Kind::Structure { members, .. } => {
            let value = value.as_object().ok_or("must be an object")?;
            structure(service, members, value, depth)
        }
        Kind::List { member, .. } => {
            let list = value.as_array().ok_or("must be a list")?;
            list.iter()
                .map(|value| write(service, member, value, depth + 1))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        Kind::Map { value: of, .. } => {
            let map = value.as_object().ok_or("must be an object")?;
            map.iter()
                .map(|(key, value)| Ok((key.clone(), write(service, of, value, depth + 1)?)))
                .collect::<Result<_, String>>()
                .map(Value::Object)
        }
        kind @ Kind::Timestamp => {
            let text = scalar::text(kind, member, TimestampFormat::UnixTimestamp, value)?;
            Ok(text.parse::<i64>().map_or_else(|_| Value::String(text), Value::from))
        }
        Kind::Integer if !value.is_i64() && !value.is_u64() => Err("must be a number".to_owned()),
        Kind::Float if !value.is_number() => Err("must be a number".to_owned()),
        Kind::Boolean if !value.is_boolean() => Err("must be true or false".to_owned()),
        Kind::String | Kind::Blob if !value.is_string() => Err("must be a text".to_owned()),
        _ => Ok(value.clone()),
    }
}

/// Reads a body as the structure `shape`.
pub(super) fn read(service: &Service, shape: &str, body: &[u8]) -> Result<Value, String> {
    let value = any(body)?;
    read_value(service, shape, value, "the answer", 0)
}

/// Reads a body as JSON; an empty one is `{}`. Nesting is bounded by serde_json (128).
pub(super) fn any(body: &[u8]) -> Result<Value, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| format!("the answer is not JSON: {error}"))
}

/// Reads the body members out of an object, leaving the rest.
pub(super) fn read_members<'a>(
    service: &Service,
    members: impl Iterator<Item = &'a (String, Member)>,
    mut from: Map<String, Value>,
    out: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), String> {
    for (name, member) in members {
        let wire = member.location_name.as_ref().unwrap_or(name);
        if let Some(value) = from.remove(wire)
            && !value.is_null()
        {
            let value = read_value(service, &member.shape, value, name, depth + 1)?;
            out.insert(name.clone(), value);
        }
    }
    Ok(())
}

fn read_value(service: &Service, shape: &str, value: Value, name: &str, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err(format!("`{name}` is nested too deeply"));
    }
    let wrong = |want: &str, value: &Value| {
        let text: String = value.to_string().chars().take(60).collect();
        format!("`{name}` is {text} where the model says {want}")
    };
    Ok(match (service.kind(shape), value) {
        (Kind::Structure { members, .. }, Value::Object(from)) => {
            let mut out = Map::new();
            read_members(service, members.iter(), from, &mut out, depth)?;
            Value::Object(out)
        }
        (Kind::List { member, .. }, Value::Array(list)) => {
            let mut out = Vec::with_capacity(list.len());
            for value in list {
                if !value.is_null() {
                    out.push(read_value(service, &member.shape, value, name, depth + 1)?);
                }
            }
            Value::Array(out)
        }
        (Kind::Map { value: of, .. }, Value::Object(from)) => {
            let mut out = Map::new();
            for (key, value) in from {
                if !value.is_null() {
                    let value = read_value(service, &of.shape, value, &key, depth + 1)?;
                    out.insert(key, value);
                }
            }
            Value::Object(out)
        }
        (Kind::Structure { .. }, value) => return Err(wrong("an object", &value)),
        (Kind::List { .. }, value) => return Err(wrong("a list", &value)),
        (Kind::Map { .. }, value) => return Err(wrong("a map", &value)),
        (Kind::Document, value) => value,
        (Kind::Timestamp, Value::Number(number)) => {
            number.as_f64().and_then(scalar::epoch).map_or_else(|| Value::String(number.to_string()), Value::String)
        }
        (kind, Value::String(text)) => {
            scalar::value(kind, &text).map_err(|error| format!("`{name}`: {error}"))?.unwrap_or(Value::Null)
        }
        (Kind::Boolean, value @ Value::Bool(_)) => value,
        (Kind::Integer, Value::Number(number)) => integer(number),
        (Kind::Float, Value::Number(number)) => number.as_f64().map_or(Value::Number(number), scalar::float),
        // A number or flag where a text is meant: keep what was said, as the text it was.
        (Kind::String, Value::Number(number)) => Value::String(number.to_string()),
        (Kind::String, Value::Bool(flag)) => Value::String(flag.to_string()),
        (kind, value) => return Err(wrong(&format!("{kind:?}").to_lowercase(), &value)),
    })
}

/// A whole number that was written with a fraction of zero, as some services do.
fn integer(number: serde_json::Number) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => Value::from(float as i64),
        _ => Value::Number(number),
    }
}
