//! The five wire protocols of AWS, made alike: input and output are JSON values with the members' own
//! names, whatever the service speaks. Driven by the embedded shapes; nothing here knows a network.

mod fault;
mod json;
mod query;
mod rest;
mod scalar;
mod xml;
mod xml_write;

use base64::Engine as _;
use http::HeaderMap;
use serde_json::{Map, Value};
use sha2::Digest as _;

use crate::shapes::{Operation, Protocol, Service};

pub(crate) use fault::fault;
pub(crate) use rest::blob_payload;

/// How deep input and output may nest; no model in use comes near.
const MAX_DEPTH: usize = 64;

/// A request before it has an endpoint and a signature.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub method: String,
    /// Percent-encoded, starting with `/`.
    pub path: String,
    /// Percent-encoded, without the `?`; may be empty.
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// What stands before the endpoint's host name, such as `111122223333.`.
    pub host_prefix: Option<String>,
}

/// Writes the input of an operation.
///
/// # Errors
/// A sentence: which member is unknown, missing or of the wrong type.
pub(crate) fn build(
    service: &Service,
    name: &str,
    operation: &Operation,
    input: &Map<String, Value>,
) -> Result<Request, String> {
    let (members, payload) = service.members(operation.input.as_deref());
    if let Some(unknown) = input.keys().find(|key| !members.iter().any(|(member, _)| member == *key)) {
        return Err(format!("{name} has no input member `{unknown}`"));
    }
    let mut request = rest::bind(service, operation, members, input)?;
    match service.protocol {
        Protocol::Query | Protocol::Ec2 => {
            request.headers.push(("content-type".into(), "application/x-www-form-urlencoded; charset=utf-8".into()));
            request.body = query::body(service, name, members, input)?.into_bytes();
        }
        Protocol::Json => {
            let version = service.json_version.as_deref().unwrap_or("1.0");
            let target = service.target_prefix.as_deref().unwrap_or("");
            request.headers.push(("content-type".into(), format!("application/x-amz-json-{version}")));
            request.headers.push(("x-amz-target".into(), format!("{target}.{name}")));
            request.body = json::body(service, members, input)?.to_string().into_bytes();
        }
        Protocol::RestJson => {
            if let Some(body) = rest::json_body(service, members, payload, input)? {
                request.headers.push(("content-type".into(), "application/json".into()));
                request.body = body;
            }
        }
        Protocol::RestXml => {
            if let Some(body) = xml_write::body(service, operation, members, payload, input)? {
                request.headers.push(("content-type".into(), "application/xml".into()));
                // S3 takes no change of a bucket's settings without a checksum of what is sent.
                if service.endpoint_prefix == "s3" {
                    request.headers.push(("x-amz-sdk-checksum-algorithm".into(), "SHA256".into()));
                    request.headers.push(("x-amz-checksum-sha256".into(), sha256(&body)));
                }
                request.body = body;
            }
        }
    }
    Ok(request)
}

fn sha256(body: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(body))
}

/// Reads the answer of an operation.
///
/// # Errors
/// A sentence: what in the answer is not as the model says.
pub(crate) fn parse(
    service: &Service,
    operation: &Operation,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, String> {
    match service.protocol {
        Protocol::Query | Protocol::Ec2 => {
            let Some(shape) = &operation.output else {
                return Ok(Value::Object(Map::new()));
            };
            let root = xml::tree(body)?;
            let root = match &operation.result_wrapper {
                Some(wrapper) => root.child(wrapper).ok_or_else(|| format!("the answer has no <{wrapper}>"))?,
                None => &root,
            };
            xml::read(service, shape, root)
        }
        Protocol::Json => match &operation.output {
            Some(shape) if !body.is_empty() => json::read(service, shape, body),
            _ => Ok(Value::Object(Map::new())),
        },
        Protocol::RestJson | Protocol::RestXml => rest::parse(service, operation, status, headers, body),
    }
}

#[cfg(test)]
mod tests;
