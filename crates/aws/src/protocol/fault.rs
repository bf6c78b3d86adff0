//! Error answers: the code, message and request id that a service gave, in any protocol.

use http::HeaderMap;
use serde_json::Value;

use super::xml;
use crate::shapes::{Protocol, Service};

/// What a service said about a failed call. All parts may be empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    /// The region that S3 names in a redirect.
    pub region: Option<String>,
}

/// The longest message that is kept, in characters.
const MESSAGE_LIMIT: usize = 2_000;

/// Reads an error answer; whatever cannot be read becomes the message.
pub(crate) fn fault(service: &Service, headers: &HeaderMap, body: &[u8]) -> Fault {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut fault = match service.protocol {
        Protocol::Json | Protocol::RestJson => from_json(body),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => from_xml(body),
    }
    .unwrap_or_else(|| Fault {
        message: String::from_utf8_lossy(&body[..body.len().min(MESSAGE_LIMIT)]).trim().to_owned(),
        ..Fault::default()
    });
    if let Some(kind) = header("x-amzn-errortype")
        && fault.code.is_empty()
    {
        fault.code = short_code(kind).to_owned();
    }
    fault.message = fault.message.chars().take(MESSAGE_LIMIT).collect();
    fault.request_id = fault
        .request_id
        .or_else(|| header("x-amzn-requestid").or_else(|| header("x-amz-request-id")).map(str::to_owned));
    if let Some(region) = header("x-amz-bucket-region") {
        fault.region = Some(region.to_owned());
    }
    fault
}

/// `com.amazon#Code:http://...` as `Code`.
fn short_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code)
}

fn from_json(body: &[u8]) -> Option<Fault> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |names: &[&str]| names.iter().find_map(|name| value.get(*name)?.as_str()).unwrap_or("").to_owned();
    value.is_object().then(|| Fault {
        code: short_code(&text(&["__type", "code", "Code"])).to_owned(),
        message: text(&["message", "Message", "errorMessage"]),
        ..Fault::default()
    })
}

fn from_xml(body: &[u8]) -> Option<Fault> {
    let root = xml::tree(body).ok()?;
    let error = if root.name == "Error" { &root } else { root.find("Error").unwrap_or(&root) };
    let text = |name: &str| Some(error.child(name)?.text.trim().to_owned());
    let request_id =
        ["RequestId", "RequestID"].iter().find_map(|name| root.find(name)).map(|found| found.text.trim().to_owned());
    Some(Fault {
        code: text("Code").unwrap_or_default(),
        message: text("Message").unwrap_or_default(),
        request_id,
        region: text("Region"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes;

    #[test]
    fn codes_and_messages_of_every_protocol() {
        let check = |service: &str, body: &str, code: &str, message: &str| {
            let found = fault(shapes::service(service).unwrap(), &HeaderMap::new(), body.as_bytes());
            assert_eq!((&*found.code, &*found.message), (code, message), "{body}");
        };
        check(
            "iam",
            "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>gone</Message></Error><RequestId>r</RequestId></ErrorResponse>",
            "NoSuchEntity",
            "gone",
        );
        check(
            "ec2",
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>",
            "UnauthorizedOperation",
            "no",
        );
        check(
            "s3",
            "<Error><Code>NoSuchBucketPolicy</Code><Message>none &amp; nothing</Message></Error>",
            "NoSuchBucketPolicy",
            "none & nothing",
        );
        check(
            "kms",
            r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#,
            "AccessDeniedException",
            "no",
        );
        check("kms", "{}", "", "");
        check("kms", "<html>", "", "<html>");
        check("s3", "not xml", "", "not xml");
        check("s3", "", "", "");
    }

    #[test]
    fn the_header_names_the_code_of_rest_json() {
        let mut headers = HeaderMap::new();
        let value = "ResourceNotFoundException:http://internal.amazon.com/coral/";
        headers.insert("x-amzn-errortype", value.parse().unwrap());
        let found = fault(shapes::service("lambda").unwrap(), &headers, b"{}");
        assert_eq!(found.code, "ResourceNotFoundException");
    }
}
