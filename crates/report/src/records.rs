//! Records of logs as they are, one on a line.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes a JSON record on a line of its own, whole. Between its parts, ends of lines become spaces; in its texts, what
/// a terminal obeys or what turns the direction of writing is escaped. It stays the same JSON value.
pub fn write_record(json: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut plain = 0;
    for (at, letter) in json.char_indices() {
        let escaped = match letter {
            // JSON's texts have none: these are between its parts.
            '\n' | '\r' => " ".to_owned(),
            letter if is_obeyed(letter) => escape(letter),
            _ => continue,
        };
        out.write_all(&json.as_bytes()[plain..at])?;
        out.write_all(escaped.as_bytes())?;
        plain = at + letter.len_utf8();
    }
    out.write_all(&json.as_bytes()[plain..])?;
    out.write_all(b"\n")
}

fn is_obeyed(letter: char) -> bool {
    matches!(letter,
        '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
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
            "{\n  \"a\": [1,\r\n 2],\n\t\"b\": \"해치 é\"\n}",
            "{\"a\":\"\\u001b[2J\u{9b}2J\u{7f}\u{202e}evil\u{2066}\u{200f}\"}",
            "{\"n\":12345678901234567890.10}",
        ] {
            let mut out = Vec::new();
            write_record(record, &mut out).unwrap();
            let line = String::from_utf8(out).unwrap();
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            assert!(!line.trim_end().chars().any(|letter| letter.is_control() && letter != '\t'), "{line:?}");
            assert!(!line.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{line:?}");
            let (before, after): (Value, Value) =
                (serde_json::from_str(record).unwrap(), serde_json::from_str(&line).unwrap());
            assert_eq!(before, after);
        }
    }
}
