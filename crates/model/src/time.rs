//! A moment in UTC, in whole microseconds since 1970. Text form: RFC 3339 with a `Z`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since 1970-01-01T00:00:00Z. Never read from a clock here: time is passed in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a date and time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a date and time such as 2026-11-22T09:30:00Z")]
pub struct TimestampError {
    pub text: String,
}

impl Timestamp {
    /// Microseconds in a day.
    pub const DAY: i64 = 86_400_000_000;

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// This moment and `days` more (or fewer, when negative), never past the ends of time.
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(Self::DAY)))
    }

    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads what AWS writes: RFC 3339 with `Z` or an offset, with or without a fraction;
    /// a bare date is midnight UTC; a number is seconds since 1970.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let wrong = || TimestampError { text: text.chars().take(80).collect() };
        let trimmed = text.trim();
        if let Ok(parsed) = trimmed.parse::<jiff::Timestamp>() {
            return Ok(Self(parsed.as_microsecond()));
        }
        // Older AWS tools write `2026-11-22T09:30:00+0000` or no offset at all.
        if let Ok(parsed) = jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", trimmed) {
            return Ok(Self(parsed.as_microsecond()));
        }
        if let Ok(civil) = trimmed.parse::<jiff::civil::DateTime>() {
            let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
            return Ok(Self(zoned.timestamp().as_microsecond()));
        }
        match trimmed.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && seconds.abs() < 2.5e11 => Ok(Self((seconds * 1e6).round() as i64)),
            _ => Err(wrong()),
        }
    }

    /// The date alone, as `2026-11-22`.
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) => write!(f, "{stamp}"),
            // Outside the years that a calendar names: the number is still exact.
            Err(_) => write!(f, "@{}us", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_aws_writes() {
        let same = Timestamp::parse("2026-11-22T09:30:00Z").unwrap();
        for text in [
            "2026-11-22T09:30:00.000Z",
            "2026-11-22T18:30:00+09:00",
            "2026-11-22T09:30:00+0000",
            "2026-11-22T09:30:00",
            "1795339800",
            " 1795339800.0 ",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap(), same, "{text}");
        }
        assert_eq!(same.to_string(), "2026-11-22T09:30:00Z");
        assert_eq!(Timestamp::parse("2026-11-22").unwrap().to_string(), "2026-11-22T00:00:00Z");
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in ["", "yesterday", "2026-13-01", "NaN", "1e300", "N/A"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Timestamp::from_micros(i64::MAX).plus_days(1).as_micros(), i64::MAX);
        assert_eq!(Timestamp::from_micros(0).plus_days(i64::MIN).as_micros(), i64::MIN);
        assert_eq!(format!("{}", Timestamp::from_micros(i64::MAX)), format!("@{}us", i64::MAX));
    }
}
