//! Following a listing from page to page: which token of an answer goes into the next request.
//! A state machine without any call, so that the client and tests' fakes page alike.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::error::{ApiError, ErrorKind};
use crate::shapes::{self, Paginator};

/// Where a listing stands.
pub struct Cursor {
    service: String,
    region: String,
    operation: String,
    paginator: Option<&'static Paginator>,
    input: Map<String, Value>,
    state: State,
    /// Hashes of all tokens that were sent: a token that comes again would never end.
    seen: HashSet<u64>,
}

enum State {
    Ready,
    Done,
}

impl Cursor {
    /// Starts before the first page. `input` is an object or null.
    ///
    /// # Errors
    /// The operation is not embedded, or the input is not an object.
    pub fn new(service: &str, region: &str, operation: &str, input: Value) -> Result<Self, ApiError> {
        let bad = |text: &str| ApiError::new(ErrorKind::InvalidInput, service, region, operation, text);
        let model = shapes::service(service)
            .and_then(|model| model.operations.get(operation))
            .ok_or_else(|| bad("the operation is not among those that Haechi can call"))?;
        let input = match input {
            Value::Object(input) => input,
            Value::Null => Map::new(),
            _ => return Err(bad("the input must be an object")),
        };
        Ok(Self {
            service: service.to_owned(),
            region: region.to_owned(),
            operation: operation.to_owned(),
            paginator: model.pages.as_ref(),
            input,
            state: State::Ready,
            seen: HashSet::new(),
        })
    }

    /// The input of the next page's request; `None` after the last page.
    pub fn next_input(&self) -> Option<Value> {
        match self.state {
            State::Ready => Some(Value::Object(self.input.clone())),
            State::Done => None,
        }
    }

    /// Takes the tokens of a page.
    ///
    /// # Errors
    /// The service gave a token that was sent before.
    pub fn advance(&mut self, page: &Value) -> Result<(), ApiError> {
        self.state = State::Done;
        let Some(paginator) = self.paginator else {
            return Ok(());
        };
        if let Some(more) = &paginator.more_results
            && !is_true(find(page, more))
        {
            return Ok(());
        }
        let mut any = false;
        let names = paginator.input_token.as_slice();
        let mut hash = Fnv::new();
        for (name, path) in names.iter().zip(paginator.output_token.as_slice()) {
            match find(page, path) {
                Some(token) => {
                    any = true;
                    hash.write(name);
                    hash.write(&token.to_string());
                    self.input.insert(name.clone(), token.clone());
                }
                None => {
                    self.input.remove(name);
                }
            }
        }
        if !any {
            return Ok(());
        }
        if !self.seen.insert(hash.0) {
            return Err(ApiError::new(
                ErrorKind::RepeatedPage,
                &self.service,
                &self.region,
                &self.operation,
                "the service gave a page token that it gave before, so the listing would never end",
            ));
        }
        self.state = State::Ready;
        Ok(())
    }
}

/// FNV-1a over the tokens: 64 bits, so that a long listing keeps 8 bytes a page.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn write(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// The part of JMESPath that paginators use: `a || b`, `a.b`, `a[-1].b`. Null and empty are nothing.
fn find<'a>(page: &'a Value, path: &str) -> Option<&'a Value> {
    path.split("||").find_map(|choice| walk(page, choice.trim()))
}

fn walk<'a>(page: &'a Value, path: &str) -> Option<&'a Value> {
    let mut at = page;
    for step in path.split('.') {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, Some(index.trim_end_matches(']'))),
            None => (step, None),
        };
        at = at.get(name)?;
        if let Some(index) = index {
            let list = at.as_array()?;
            let index: i64 = index.parse().ok()?;
            let index = if index < 0 {
                list.len().checked_sub(usize::try_from(-index).ok()?)?
            } else {
                usize::try_from(index).ok()?
            };
            at = list.get(index)?;
        }
    }
    match at {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        found => Some(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_tokens_as_the_models_name_them() {
        let check = |page: Value, path: &str, want: Option<Value>| {
            assert_eq!(find(&page, path).cloned(), want, "{path} in {page}");
        };
        check(json!({"NextToken": "a"}), "NextToken", Some(json!("a")));
        check(json!({"NextToken": ""}), "NextToken", None);
        check(json!({"a": {"b": "c"}}), "a.b", Some(json!("c")));
        let last = json!({"Contents": [{"Key": "x"}, {"Key": "y"}]});
        let path = "NextMarker || Contents[-1].Key";
        check(last, path, Some(json!("y")));
        check(json!({"Contents": []}), path, None);
        check(json!({"NextMarker": "m", "Contents": []}), path, Some(json!("m")));
    }

    /// Feeds pages and collects the inputs of the requests, up to the last page or an error.
    fn follow(service: &str, operation: &str, pages: &[Value]) -> (Vec<Value>, Option<ErrorKind>) {
        let mut cursor = Cursor::new(service, "r", operation, json!({"P": 1})).unwrap();
        let mut sent = Vec::new();
        for page in pages {
            let Some(input) = cursor.next_input() else {
                return (sent, None);
            };
            sent.push(input);
            if let Err(error) = cursor.advance(page) {
                return (sent, Some(error.kind));
            }
        }
        assert!(cursor.next_input().is_none(), "it wants more pages");
        (sent, None)
    }

    #[test]
    fn follows_tokens_to_the_end() {
        let (sent, error) =
            follow("ec2", "DescribeInstances", &[json!({"NextToken": "a"}), json!({"NextToken": "b"}), json!({})]);
        assert_eq!(sent, [json!({"P": 1}), json!({"P": 1, "NextToken": "a"}), json!({"P": 1, "NextToken": "b"})]);
        assert_eq!(error, None);
    }

    #[test]
    fn a_flag_that_says_no_more_ends_the_listing() {
        let page = json!({"IsTruncated": false, "Marker": "a"});
        assert_eq!(follow("iam", "ListUsers", &[page]).0.len(), 1);
        let pages = [json!({"IsTruncated": true, "Marker": "a"}), json!({})];
        assert_eq!(follow("iam", "ListUsers", &pages).0.len(), 2);
    }

    #[test]
    fn an_operation_without_pages_is_one_page() {
        assert_eq!(follow("iam", "GetUser", &[json!({"Marker": "a"})]).0.len(), 1);
    }

    #[test]
    fn a_repeated_token_is_an_error_also_in_a_longer_circle() {
        let page = |token: &str| json!({"NextToken": token});
        let (_, error) = follow("ec2", "DescribeInstances", &[page("a"), page("a")]);
        assert_eq!(error, Some(ErrorKind::RepeatedPage));
        let (_, error) = follow("ec2", "DescribeInstances", &[page("a"), page("b"), page("a")]);
        assert_eq!(error, Some(ErrorKind::RepeatedPage));
    }

    #[test]
    fn an_unknown_operation_is_an_error() {
        assert!(Cursor::new("ec2", "r", "Nope", Value::Null).is_err());
        assert!(Cursor::new("nope", "r", "Nope", Value::Null).is_err());
        assert!(Cursor::new("ec2", "r", "DescribeVpcs", json!([])).is_err());
    }
}
