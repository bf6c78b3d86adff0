//! Records of logs as they are, one on a line.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::terminal::layout::is_direction_mark;

/// Writes a JSON record on a line of its own, whole. Ends of lines between its parts go, with the white space that
/// follows them; in its texts, what a terminal obeys or what turns the direction of writing is escaped. It stays the
/// same JSON value.
pub fn write_record(json: &str, out: &mut dyn Write) -> io::Result<()> {
    let (mut plain, mut indent) = (0, false);
    for (at, letter) in json.char_indices() {
        // JSON's texts have no ends of lines and no tabs: these are between its parts.
        indent = matches!(letter, '\n' | '\r' | '\t') || indent && letter == ' ';
        if !indent && !is_obeyed(letter) {
            continue;
        }
        out.write_all(&json.as_bytes()[plain..at])?;
        if !indent {
            out.write_all(escape(letter).as_bytes())?;
        }
        plain = at + letter.len_utf8();
    }
    out.write_all(&json.as_bytes()[plain..])?;
    out.write_all(b"\n")
}

fn is_obeyed(letter: char) -> bool {
    letter.is_control() || is_direction_mark(letter)
}

fn escape(letter: char) -> String {
    let mut units = [0; 2];
    letter.encode_utf16(&mut units).iter().fold(String::new(), |mut text, unit| {
        // A text can be written to.
        let _ = write!(text, "\\u{unit:04x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_record_is_one_line_and_the_same() {
        for record in [
            "{}",
            "{\t\n  \"a\":\t [1,\r\n 2],\n\t\"b\": \"해치 é\"\n}",
            "{\"a\":\"\\u001b[2J\u{9b}2J\u{7f}\u{202e}evil\u{2066}\u{200f}\"}",
            "{\"n\":12345678901234567890.10}",
        ] {
            let mut out = Vec::new();
            write_record(record, &mut out).unwrap();
            let line = String::from_utf8(out).unwrap();
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            assert!(!line.trim_end().chars().any(char::is_control), "{line:?}");
            assert!(!line.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{line:?}");
            let (before, after): (Value, Value) =
                (serde_json::from_str(record).unwrap(), serde_json::from_str(&line).unwrap());
            assert_eq!(before, after);
        }
    }
}
