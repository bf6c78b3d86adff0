//! What the rest protocols keep outside the body: path labels, query strings, headers, payloads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Request, json, scalar, xml};
use crate::shapes::{Kind, Location, Member, Operation, Protocol, Service, TimestampFormat};

/// All but RFC 3986's unreserved characters: what SigV4 wants encoded.
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same for labels that may hold slashes, such as an object's key.
const GREEDY: &AsciiSet = &UNRESERVED.remove(b'/');

/// Writes the members that have a place outside the body.
pub(super) fn bind(
    service: &Service,
    operation: &Operation,
    members: &[(String, Member)],
    input: &Map<String, Value>,
) -> Result<Request, String> {
    let (path, fixed) = operation.uri.split_once('?').unwrap_or((&operation.uri, ""));
    let mut request = Request {
        method: operation.method.clone(),
        path: path.to_owned(),
        query: fixed.to_owned(),
        host_prefix: operation.host_prefix.clone(),
        ..Request::default()
    };
    for (name, member) in members {
        let value = input.get(name).filter(|value| !value.is_null());
        let Some(value) = value else {
            if member.location == Location::Uri {
                return Err(format!("the input member `{name}` is missing"));
            }
            continue;
        };
        if let (Some(prefix), Some(text)) = (&mut request.host_prefix, value.as_str()) {
            let label = format!("{{{name}}}");
            if prefix.contains(&label) {
                *prefix = prefix.replace(&label, host_label(name, text)?);
            }
        }
        place(service, &mut request, name, member, value).map_err(|error| format!("`{name}`: {error}"))?;
    }
    if let Some(prefix) = &request.host_prefix
        && prefix.contains('{')
    {
        return Err(format!("an input member for the host name {prefix} is missing"));
    }
    Ok(request)
}

/// A text that may stand in a host name: it must not be able to change the host.
fn host_label<'a>(name: &str, text: &'a str) -> Result<&'a str, String> {
    let sound = !text.is_empty() && text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    sound.then_some(text).ok_or_else(|| format!("`{name}` must be letters, digits and hyphens"))
}

fn place(service: &Service, request: &mut Request, name: &str, member: &Member, value: &Value) -> Result<(), String> {
    let wire = member.location_name.as_deref().unwrap_or(name);
    let kind = service.kind(&member.shape);
    match member.location {
        Location::Body | Location::StatusCode => Ok(()),
        Location::Uri => {
            let text = scalar::text(kind, member, TimestampFormat::Iso8601, value)?;
            if text.is_empty() {
                return Err("is empty".to_owned());
            }
            let greedy = format!("{{{wire}+}}");
            let (label, set) =
                if request.path.contains(&greedy) { (greedy, GREEDY) } else { (format!("{{{wire}}}"), UNRESERVED) };
            let encoded = utf8_percent_encode(&text, set).to_string();
            request.path = request.path.replace(&label, &encoded);
            Ok(())
        }
        Location::Query => query(service, request, wire, member, value),
        Location::Header => {
            let text = scalar::text(kind, member, TimestampFormat::Rfc822, value)?;
            request.headers.push((wire.to_ascii_lowercase(), text));
            Ok(())
        }
        Location::Headers => {
            let map = value.as_object().ok_or("must be an object")?;
            for (key, value) in map {
                let value = value.as_str().ok_or("must hold texts")?;
                request.headers.push((format!("{wire}{key}").to_ascii_lowercase(), value.to_owned()));
            }
            Ok(())
        }
    }
}

/// Adds a query parameter: a scalar, each item of a list, or each entry of a map under its own key.
fn query(service: &Service, request: &mut Request, wire: &str, member: &Member, value: &Value) -> Result<(), String> {
    let mut push = |name: &str, text: &str| {
        if !request.query.is_empty() {
            request.query.push('&');
        }
        request.query.extend(utf8_percent_encode(name, UNRESERVED));
        request.query.push('=');
        request.query.extend(utf8_percent_encode(text, UNRESERVED));
    };
    match (service.kind(&member.shape), value) {
        (Kind::List { member: item, .. }, Value::Array(list)) => {
            let kind = service.kind(&item.shape);
            for value in list {
                push(wire, &scalar::text(kind, item, TimestampFormat::Iso8601, value)?);
            }
        }
        (Kind::Map { value: of, .. }, Value::Object(map)) => {
            let kind = service.kind(&of.shape);
            for (key, value) in map {
                for value in value.as_array().map_or(std::slice::from_ref(value), |v| v) {
                    push(key, &scalar::text(kind, of, TimestampFormat::Iso8601, value)?);
                }
            }
        }
        (kind, value) => push(wire, &scalar::text(kind, member, TimestampFormat::Iso8601, value)?),
    }
    Ok(())
}

/// The JSON body of a rest-json input; `None` when the operation has none.
pub(super) fn json_body(
    service: &Service,
    members: &[(String, Member)],
    payload: Option<&str>,
    input: &Map<String, Value>,
) -> Result<Option<Vec<u8>>, String> {
    if let Some(payload) = payload {
        let found = members.iter().find(|(name, _)| name == payload);
        return match (found, input.get(payload)) {
            (Some((_, member)), Some(value)) => {
                raw_or(service, member, value, || Ok(json::write(service, member, value, 0)?.to_string().into_bytes()))
                    .map(Some)
            }
            _ => Ok(None),
        };
    }
    if !members.iter().any(|(_, m)| m.location == Location::Body) {
        return Ok(None);
    }
    let body: Map<String, Value> = input
        .iter()
        .filter(|(key, _)| members.iter().any(|(name, m)| name == *key && m.location == Location::Body))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(Some(json::body(service, members, &body)?.to_string().into_bytes()))
}

/// The bytes of a payload that is a blob or a text, else what `otherwise` writes.
pub(super) fn raw_or(
    service: &Service,
    member: &Member,
    value: &Value,
    otherwise: impl FnOnce() -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    match (service.kind(&member.shape), value) {
        (Kind::Blob, Value::String(text)) => {
            STANDARD.decode(text).map_err(|error| format!("the payload is not base64: {error}"))
        }
        (Kind::String, Value::String(text)) => Ok(text.clone().into_bytes()),
        _ => otherwise(),
    }
}

/// The name of the output member that takes the raw body as bytes, such as GetObject's `Body`.
pub(crate) fn blob_payload<'a>(service: &'a Service, operation: &Operation) -> Option<&'a str> {
    let (members, payload) = service.members(operation.output.as_deref());
    let (name, member) = members.iter().find(|(name, _)| Some(&**name) == payload)?;
    matches!(service.kind(&member.shape), Kind::Blob).then_some(name)
}

/// Reads an answer of a rest protocol.
pub(super) fn parse(
    service: &Service,
    operation: &Operation,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, String> {
    let (members, payload) = service.members(operation.output.as_deref());
    let mut out = Map::new();
    for (name, member) in members {
        if let Some(value) = outside(service, name, member, status, headers)? {
            out.insert(name.clone(), value);
        }
    }
    if let Some(payload) = payload {
        if let Some((name, member)) = members.iter().find(|(name, _)| name == payload)
            && let Some(value) = read_payload(service, member, body)?
        {
            out.insert(name.clone(), value);
        }
        return Ok(Value::Object(out));
    }
    let inside = || members.iter().filter(|(_, m)| m.location == Location::Body);
    if inside().next().is_none() || body.is_empty() {
        return Ok(Value::Object(out));
    }
    if service.protocol == Protocol::RestJson {
        match json::any(body)? {
            Value::Object(from) => json::read_members(service, inside(), from, &mut out, 0)?,
            _ => return Err("the answer is not a JSON object".to_owned()),
        }
    } else {
        let root = xml::tree(body)?;
        // GetBucketLocation: the root is the member itself, empty for us-east-1.
        if let Some((name, _)) = inside().find(|(name, _)| *name == root.name)
            && root.children.is_empty()
        {
            if !root.text.is_empty() {
                out.insert(name.clone(), Value::String(root.text));
            }
            return Ok(Value::Object(out));
        }
        xml::read_members(service, inside(), &root, &mut out)?;
    }
    Ok(Value::Object(out))
}

fn read_payload(service: &Service, member: &Member, body: &[u8]) -> Result<Option<Value>, String> {
    Ok(match service.kind(&member.shape) {
        Kind::Blob => Some(Value::String(STANDARD.encode(body))),
        _ if body.is_empty() => None,
        Kind::String => {
            Some(Value::String(std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_owned())?.to_owned()))
        }
        _ if service.protocol == Protocol::RestJson => Some(json::read(service, &member.shape, body)?),
        _ => Some(xml::read(service, &member.shape, &xml::tree(body)?)?),
    })
}

/// A member that stands in the status line or in headers.
fn outside(
    service: &Service,
    name: &str,
    member: &Member,
    status: u16,
    headers: &HeaderMap,
) -> Result<Option<Value>, String> {
    let wire = member.location_name.as_deref().unwrap_or(name);
    let kind = service.kind(&member.shape);
    match member.location {
        Location::StatusCode => Ok(Some(Value::from(status))),
        Location::Header => {
            let text = headers.get(wire).and_then(|value| value.to_str().ok());
            let Some(text) = text else { return Ok(None) };
            if let Kind::List { .. } = kind {
                let items = text.split(',').map(|item| item.trim().into()).collect();
                return Ok(Some(Value::Array(items)));
            }
            scalar::value(kind, text).map_err(|error| format!("the header {wire}: {error}"))
        }
        Location::Headers => {
            let prefix = wire.to_ascii_lowercase();
            let map: Map<String, Value> = headers
                .iter()
                .filter_map(|(key, value)| {
                    let key = key.as_str().strip_prefix(prefix.as_str())?;
                    Some((key.to_owned(), Value::from(value.to_str().ok()?)))
                })
                .collect();
            Ok((!map.is_empty()).then_some(Value::Object(map)))
        }
        _ => Ok(None),
    }
}
