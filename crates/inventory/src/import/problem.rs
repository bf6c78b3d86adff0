//! Words for what is wrong with a file, and where.

use haechi_model::{DocError, ItemError};
use serde::de::IgnoredAny;

pub(crate) const TOO_LARGE: &str = "the item is larger than 16 MiB: it is not read";

/// serde_json's message without the place, which is said apart.
pub(crate) fn plain(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

/// Why a value that is passed over is not JSON.
pub(crate) fn not_a_value(text: &[u8]) -> Option<String> {
    if std::str::from_utf8(text).is_err() {
        return Some("it is not UTF-8".to_owned());
    }
    serde_json::from_slice::<IgnoredAny>(text).err().map(|error| plain(&error.to_string()))
}

/// A fault of an item: the reason, and the line and column in its own text.
pub(crate) struct Fault {
    pub(crate) reason: String,
    pub(crate) place: Option<(usize, usize)>,
}

pub(crate) fn of_item(error: &ItemError) -> Fault {
    match error {
        ItemError::Json(DocError::Json { what, line, column }) => {
            let reason = match what.as_str() {
                "recursion limit exceeded" => "nested deeper than 128 levels".to_owned(),
                what if what.starts_with("EOF while parsing") => "the item is cut off here".to_owned(),
                what => what.to_owned(),
            };
            Fault { reason, place: (*line > 0).then_some((*line, *column)) }
        }
        other => Fault { reason: other.to_string(), place: None },
    }
}

/// The index in a text that a line and a column name.
pub(crate) fn offset(text: &[u8], (line, column): (usize, usize)) -> usize {
    let start = match line {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text).nth(line - 2).map_or(text.len(), |at| at + 1),
    };
    (start + column.saturating_sub(1)).min(text.len())
}

/// Why bytes that do not start like JSON are no file of AWS Config.
pub(crate) fn not_json(first: &[u8]) -> &'static str {
    match first {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "UTF-16 text: files of AWS Config are UTF-8",
        [0x1F, 0x8B, ..] => "gzip within gzip",
        [b'P', b'K', 3, 4, ..] => "a zip archive: unpack it first",
        _ => "not JSON",
    }
}

/// A read that failed, in words.
pub(crate) fn of_read(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::UnexpectedEof => "the gzip data is cut off".to_owned(),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => format!("the gzip data is damaged: {error}"),
        _ => format!("cannot be read: {error}"),
    }
}
