//! S3 keys may hold characters that XML cannot: listings ask for them percent-encoded, and decode them
//! again, so that callers see keys as they are.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::shapes::{Operation, Service};

/// Who asked for encoded keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyEncoding {
    /// This module, which then decodes.
    Ours,
    /// The caller, or the operation has none.
    AsGiven,
}

/// Asks for encoded keys where the operation can and the caller did not say.
pub(crate) fn ask(service: &Service, operation: &Operation, input: &mut Map<String, Value>) -> KeyEncoding {
    let (members, _) = service.members(operation.input.as_deref());
    let can = service.endpoint_prefix == "s3" && members.iter().any(|(name, _)| name == "EncodingType");
    if !can || input.contains_key("EncodingType") {
        return KeyEncoding::AsGiven;
    }
    input.insert("EncodingType".to_owned(), Value::from("url"));
    KeyEncoding::Ours
}

/// Decodes the keys of a listing that was asked for by [`ask`].
pub(crate) fn decode(output: &mut Value) {
    let Some(output) = output.as_object_mut() else {
        return;
    };
    // A server that does not know the parameter sends plain keys.
    if output.shift_remove("EncodingType") != Some(Value::from("url")) {
        return;
    }
    for name in ["Prefix", "Delimiter", "StartAfter", "Marker", "NextMarker"] {
        plain(output.get_mut(name));
    }
    for (list, name) in [("Contents", "Key"), ("CommonPrefixes", "Prefix")] {
        let items = output.get_mut(list).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten() {
            plain(item.get_mut(name));
        }
    }
}

fn plain(value: Option<&mut Value>) {
    if let Some(Value::String(text)) = value {
        // A plus stands for a space in this encoding.
        let spaced = text.replace('+', " ");
        if let Ok(decoded) = percent_decode_str(&spaced).decode_utf8() {
            *text = decoded.into_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_come_out_as_they_are() {
        let mut output = json!({
            "EncodingType": "url", "Prefix": "a%2B",
            "Contents": [{"Key": "a%2Bb+c%0B%EA%B0%80"}, {"Key": "%FF"}],
            "CommonPrefixes": [{"Prefix": "x%20y/"}],
        });
        decode(&mut output);
        let want = json!({
            "Prefix": "a+",
            "Contents": [{"Key": "a+b c\u{b}가"}, {"Key": "%FF"}],
            "CommonPrefixes": [{"Prefix": "x y/"}],
        });
        assert_eq!(output, want);
    }
}
