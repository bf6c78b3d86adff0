//! Moments and spans of time as users write them: a date, a date and time with its offset, or how long ago.

use haechi_model::Timestamp;

use crate::error::{Result, UserError};

/// Seconds of each unit.
const UNITS: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
/// A hundred years: longer spans are slips of the pen.
const LONGEST: i64 = 100 * 366 * 86_400;

/// `2026-11-22`, `2026-11-22T09:30Z`, `2026-11-22T09:30+09:00`, or `3d` (three days before `now`).
///
/// A text without an offset is meant in UTC, so that a command means the same on every machine.
pub(crate) fn moment(flag: &str, text: &str, now: Timestamp) -> Result<Timestamp> {
    let word = text.trim();
    if word.eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    if let Some(seconds) = seconds(word) {
        return Ok(now.plus_micros(-seconds * 1_000_000));
    }
    // A number alone would be seconds since 1970: nobody means that.
    let dated = word.len() >= 10 && word.as_bytes()[4] == b'-';
    dated
        .then(|| read(word))
        .flatten()
        .ok_or_else(|| UserError::said("error-moment").arg("flag", flag).arg("text", word).help("advice-moment"))
}

fn read(word: &str) -> Option<Timestamp> {
    // Seconds may be left out: 2026-11-22T09:30+09:00 gets them.
    let whole = match (word.as_bytes().get(13), word.as_bytes().get(16)) {
        (Some(b':'), None | Some(b'Z' | b'z' | b'+' | b'-')) if word.is_char_boundary(16) => {
            format!("{}:00{}", &word[..16], &word[16..])
        }
        _ => word.to_owned(),
    };
    Timestamp::parse(&whole).ok()
}

/// A span of time such as `15m`, `12h` or `400d`, in microseconds.
pub(crate) fn span(flag: &str, text: &str) -> Result<i64> {
    match seconds(text.trim()) {
        Some(seconds) if seconds > 0 => Ok(seconds * 1_000_000),
        _ => Err(UserError::said("error-span").arg("flag", flag).arg("text", text.trim()).help("advice-span")),
    }
}

/// `1d12h` and the like in seconds.
fn seconds(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let (_, each) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.checked_mul(*each)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty() && total <= LONGEST).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        let found = moment("as-of", text, now).ok().map(|found| found.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn moments() {
        check("2026-11-22", Some("2026-11-22T00:00:00Z"));
        check("2026-11-22T09:30", Some("2026-11-22T09:30:00Z"));
        check("2026-11-22T09:30Z", Some("2026-11-22T09:30:00Z"));
        check("2026-11-22T09:30+09:00", Some("2026-11-22T00:30:00Z"));
        check("2026-11-22T09:30:15+09:00", Some("2026-11-22T00:30:15Z"));
        check("2026-11-22T09:30:15.5Z", Some("2026-11-22T09:30:15.5Z"));
        check("3d", Some("2026-11-19T12:00:00Z"));
        check("1d12h", Some("2026-11-21T00:00:00Z"));
        check("now", Some("2026-11-22T12:00:00Z"));
        for wrong in [
            "",
            "yesterday",
            "1795339800",
            "2026-13-01",
            "d",
            "3",
            "3x",
            "-3d",
            "99999999999999999999d",
            "400000000d",
            "é",
            "2026-11-2é",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn spans() {
        assert_eq!(span("every", "15m").unwrap(), 900_000_000);
        assert_eq!(span("every", "400d").unwrap(), 400 * Timestamp::DAY);
        for wrong in ["0s", "", "15", "m"] {
            let error = span("every", wrong).unwrap_err().to_string();
            assert!(error.contains("--every"), "{error}");
        }
    }
}
