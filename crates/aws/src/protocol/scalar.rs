//! Scalars between JSON values and the text of a request or answer: numbers, booleans, timestamps.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::{Number, Value};

use crate::shapes::{Kind, Member, TimestampFormat};

/// The text of an input scalar.
pub(super) fn text(kind: Kind<'_>, member: &Member, usual: TimestampFormat, value: &Value) -> Result<String, String> {
    match (kind, value) {
        (Kind::Timestamp, Value::String(text)) => {
            let time: Timestamp =
                text.parse().map_err(|_| format!("`{text}` is not a time such as 2026-01-31T00:00:00Z"))?;
            Ok(match member.timestamp_format.unwrap_or(usual) {
                TimestampFormat::Iso8601 => time.to_string(),
                TimestampFormat::Rfc822 => rfc2822::DateTimePrinter::new()
                    .timestamp_to_rfc9110_string(&time)
                    .map_err(|error| error.to_string())?,
                TimestampFormat::UnixTimestamp => time.as_second().to_string(),
            })
        }
        (Kind::Structure { .. } | Kind::List { .. } | Kind::Map { .. }, _) => {
            Err("a structure where a text is needed".to_owned())
        }
        (_, Value::String(text)) => Ok(text.clone()),
        (_, Value::Bool(flag)) => Ok(flag.to_string()),
        (_, Value::Number(number)) => Ok(number.to_string()),
        (_, other) => Err(format!("`{other}` where a text, a number or a flag is needed")),
    }
}

/// The value of an output scalar given as text; `None` for an empty number, flag or time, which some
/// services write for "none".
pub(super) fn value(kind: Kind<'_>, text: &str) -> Result<Option<Value>, String> {
    let trimmed = text.trim();
    let empty = trimmed.is_empty();
    Ok(match kind {
        Kind::Boolean if empty => None,
        Kind::Integer | Kind::Float | Kind::Timestamp if empty => None,
        Kind::Boolean => match trimmed {
            "true" | "True" | "TRUE" | "1" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" | "0" => Some(Value::Bool(false)),
            other => return Err(format!("`{other}` is not true or false")),
        },
        Kind::Integer => Some(Value::Number(
            trimmed.parse::<i64>().map_err(|_| format!("`{trimmed}` is not a whole number"))?.into(),
        )),
        Kind::Float => Some(float(trimmed.parse().map_err(|_| format!("`{trimmed}` is not a number"))?)),
        Kind::Timestamp => Some(Value::String(time(trimmed))),
        _ => Some(Value::String(text.to_owned())),
    })
}

/// A number in JSON; NaN and the infinities, which JSON lacks, as AWS spells them.
pub(super) fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

/// A time in any of AWS's spellings as RFC 3339 in UTC. A text that is none of them is kept as it is:
/// the reader of that member can then say what it saw, and the other members are not lost.
pub(super) fn time(text: &str) -> String {
    if let Ok(time) = text.parse::<Timestamp>() {
        return time.to_string();
    }
    if let Ok(number) = text.parse::<f64>() {
        return epoch(number).unwrap_or_else(|| text.to_owned());
    }
    // Without an offset AWS means UTC.
    if let Ok(time) = text.parse::<DateTime>()
        && let Ok(time) = time.to_zoned(TimeZone::UTC)
    {
        return time.timestamp().to_string();
    }
    match rfc2822::DateTimeParser::new().parse_timestamp(text) {
        Ok(time) => time.to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Seconds since 1970 as RFC 3339, exact to the microsecond; `None` when out of range.
pub(super) fn epoch(seconds: f64) -> Option<String> {
    const LIMIT: f64 = 253_402_207_200.0;
    if !(-LIMIT..=LIMIT).contains(&seconds) {
        return None;
    }
    // The range above keeps the product within an i64.
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let micros = (seconds * 1e6).round() as i64;
    Timestamp::from_microsecond(micros).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_spellings_come_out_alike() {
        let check = |text: &str, want: &str| assert_eq!(time(text), want, "{text}");
        check("2026-01-31T01:02:03Z", "2026-01-31T01:02:03Z");
        check("2026-01-31T01:02:03.000Z", "2026-01-31T01:02:03Z");
        check("2026-01-31T01:02:03.250+09:00", "2026-01-30T16:02:03.25Z");
        check("2026-01-31T01:02:03", "2026-01-31T01:02:03Z");
        check("2026-01-31 01:02:03+00:00", "2026-01-31T01:02:03Z");
        check("Sat, 31 Jan 2026 01:02:03 GMT", "2026-01-31T01:02:03Z");
        check("1769821323", "2026-01-31T01:02:03Z");
        check("1769821323.5", "2026-01-31T01:02:03.5Z");
        check("1e300", "1e300");
        check("N/A", "N/A");
    }

    #[test]
    fn an_empty_number_is_none() {
        assert_eq!(value(Kind::Integer, ""), Ok(None));
        assert_eq!(value(Kind::String, ""), Ok(Some("".into())));
        assert_eq!(value(Kind::Float, "NaN"), Ok(Some("NaN".into())));
        assert!(value(Kind::Integer, "x").is_err());
    }
}
