//! Undoing the wrappings that AWS puts around policies: URL encoding (IAM), a JSON string (AWS Config's KMS
//! and Lambda items), `{"policyText": ...}` (its S3 buckets).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::{PolicyError, PolicyErrorKind};
use crate::parse::MAX_DOCUMENT_BYTES;
use crate::policy::Policy;
use crate::position::Span;
use crate::reader::Reader;

/// More wrappings than AWS ever uses.
const MAX_WRAPPINGS: usize = 4;

impl Policy {
    /// Parses a policy as AWS hands it out: plain JSON as [`Policy::parse`], URL-encoded, as a JSON string that
    /// holds the document, or as `{"policyText": "..."}` (also `policy`, `policyDocument`), in any combination.
    ///
    /// # Errors
    /// As [`Policy::parse`]; places count in the decoded document. A `policyText` of null, which AWS Config
    /// writes for a bucket without a policy, is an error here: there is no policy to parse.
    pub fn parse_any(text: &str) -> Result<Policy, PolicyError> {
        Policy::parse(&decoded(text)?)
    }
}

/// The document without its wrappings.
pub(crate) fn decoded(text: &str) -> Result<Cow<'_, str>, PolicyError> {
    let mut text = Cow::Borrowed(text);
    if text.len() > MAX_DOCUMENT_BYTES {
        // The encodings only ever shrink, so the parser's check of the plain text would come too late.
        return Ok(text);
    }
    for _ in 0..MAX_WRAPPINGS {
        match unwrap(&text)? {
            Some(inner) => text = Cow::Owned(inner),
            None => break,
        }
    }
    Ok(text)
}

/// Takes one wrapping off; `None` if there is none.
fn unwrap(text: &str) -> Result<Option<String>, PolicyError> {
    let trimmed = text.trim_start();
    match trimmed.as_bytes().first() {
        Some(b'%') => {
            let decoded = percent_decode_str(text.trim()).decode_utf8();
            let decoded = decoded.map_err(|_| {
                let kind = PolicyErrorKind::BadEncoding { reason: "URL encoding of something that is not UTF-8" };
                PolicyError::new(text, Span::new(0, text.len()), kind)
            })?;
            // A `%` that decodes to itself would loop without getting anywhere.
            Ok((decoded != text.trim()).then(|| decoded.into_owned()))
        }
        Some(b'"') => {
            let mut reader = Reader::new(text);
            let inner = json_string(&mut reader)?;
            reader.finish()?;
            Ok(Some(inner))
        }
        Some(b'{') => envelope(text),
        _ => Ok(None),
    }
}

/// The string in an object whose first member is one of the known envelopes.
fn envelope(text: &str) -> Result<Option<String>, PolicyError> {
    let mut reader = Reader::new(text);
    reader.expect(b'{', "`{`")?;
    if reader.peek() != Some(b'"') {
        return Ok(None);
    }
    let key = reader.string("a name")?;
    let is_envelope =
        ["policyText", "policy", "policyDocument", "PolicyDocument", "Policy"].contains(&&text[key.start..key.end]);
    if !is_envelope || !reader.take(b':') {
        return Ok(None);
    }
    match reader.peek() {
        Some(b'"') => json_string(&mut reader).map(Some),
        Some(b'{') => Ok(None),
        _ => {
            let kind = PolicyErrorKind::BadEncoding { reason: "there is no policy in it" };
            Err(reader.error(Span::new(reader.at(), reader.at() + 1), kind))
        }
    }
}

fn json_string(reader: &mut Reader<'_>) -> Result<String, PolicyError> {
    let raw = reader.string("a string")?;
    let mut inner = String::with_capacity(raw.end - raw.start);
    reader.unescape(raw, &mut inner)?;
    Ok(inner)
}
