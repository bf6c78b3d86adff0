//! Values that are not known yet: known after apply, or not resolvable from the template alone.
//!
//! Such a value is a text between two characters that Unicode keeps for programs' own use, so that it goes
//! through every mapping, also as a part of a longer text, and is found again at the end.

use serde_json::Value;

const START: char = '\u{FDD0}';
const END: char = '\u{FDD1}';

/// The reason of what the configuration leaves to AWS.
pub(crate) const UNSET: &str = "left to AWS, known after apply";

/// A value that is not known, with the reason.
pub fn unknown(reason: &str) -> Value {
    Value::String(unknown_text(reason))
}

pub(crate) fn unknown_text(reason: &str) -> String {
    format!("{START}{reason}{END}")
}

/// The reason why a text is not known, when it or a part of it is not.
pub(crate) fn reason_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(START)?;
    Some(rest.split_once(END).map_or(rest, |(reason, _)| reason))
}

/// The reason why a value is not known; a list or a map is known as such, whatever is in it.
pub(crate) fn reason(value: &Value) -> Option<&str> {
    reason_of(value.as_str()?)
}

/// Takes the two characters out of what comes from outside.
pub(crate) fn cleaned(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([START, END]) { text.replace([START, END], "\u{FFFD}").into() } else { text.into() }
}

/// The same for all texts of a value.
pub(crate) fn clean(value: &mut Value) {
    match value {
        Value::String(text) if text.contains([START, END]) => *text = cleaned(text).into_owned(),
        Value::Array(list) => list.iter_mut().for_each(clean),
        Value::Object(map) => map.values_mut().for_each(clean),
        _ => {}
    }
}
