//! The modifiers that stand behind a field's name: Sigma's, and some of Haechi's own.

use std::str::FromStr;

/// One of `field|this|that`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    All,
    Starts,
    Ends,
    Contains,
    Exists,
    Cased,
    Differs,
    Regex,
    /// `i`, `m` and `s` behind `re`.
    Flag(char),
    Cidr,
    Compare(Comparison),
    Field,
    Base64,
    Base64Offset,
    Utf16(Utf16),
    Windash,
    Expand,
    Part(TimePart),
    List,
    Outside,
    Trusted,
    Policy,
    Mounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Equal,
}

impl Comparison {
    pub(crate) fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Comparison::Less => value < limit,
            Comparison::LessOrEqual => value <= limit,
            Comparison::More => value > limit,
            Comparison::MoreOrEqual => value >= limit,
            // A number that is written twice is the same number.
            Comparison::Equal => value.total_cmp(&limit).is_eq(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Utf16 {
    Little,
    Big,
    /// Little, behind a byte order mark.
    Marked,
}

/// A part of a date, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const NAMES: [(&str, Modifier); 33] = [
    ("all", Modifier::All),
    ("startswith", Modifier::Starts),
    ("endswith", Modifier::Ends),
    ("contains", Modifier::Contains),
    ("exists", Modifier::Exists),
    ("cased", Modifier::Cased),
    ("neq", Modifier::Differs),
    ("re", Modifier::Regex),
    ("i", Modifier::Flag('i')),
    ("ignorecase", Modifier::Flag('i')),
    ("m", Modifier::Flag('m')),
    ("multiline", Modifier::Flag('m')),
    ("s", Modifier::Flag('s')),
    ("dotall", Modifier::Flag('s')),
    ("cidr", Modifier::Cidr),
    ("lt", Modifier::Compare(Comparison::Less)),
    ("lte", Modifier::Compare(Comparison::LessOrEqual)),
    ("gt", Modifier::Compare(Comparison::More)),
    ("gte", Modifier::Compare(Comparison::MoreOrEqual)),
    ("fieldref", Modifier::Field),
    ("base64", Modifier::Base64),
    ("base64offset", Modifier::Base64Offset),
    ("utf16le", Modifier::Utf16(Utf16::Little)),
    ("wide", Modifier::Utf16(Utf16::Little)),
    ("utf16be", Modifier::Utf16(Utf16::Big)),
    ("utf16", Modifier::Utf16(Utf16::Marked)),
    ("windash", Modifier::Windash),
    ("expand", Modifier::Expand),
    ("minute", Modifier::Part(TimePart::Minute)),
    ("hour", Modifier::Part(TimePart::Hour)),
    ("day", Modifier::Part(TimePart::Day)),
    ("week", Modifier::Part(TimePart::Week)),
    ("month", Modifier::Part(TimePart::Month)),
];
const MORE: [(&str, Modifier); 6] = [
    ("year", Modifier::Part(TimePart::Year)),
    ("list", Modifier::List),
    ("outside", Modifier::Outside),
    ("trusted", Modifier::Trusted),
    ("policy", Modifier::Policy),
    ("mounts", Modifier::Mounts),
];

impl Modifier {
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().chain(&MORE).map(|(name, _)| *name)
    }

    /// Sigma does not have it.
    pub(crate) const fn is_own(self) -> bool {
        matches!(self, Modifier::List | Modifier::Outside | Modifier::Trusted | Modifier::Policy | Modifier::Mounts)
    }
}

impl FromStr for Modifier {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        NAMES.iter().chain(&MORE).find(|(name, _)| *name == text).map(|(_, modifier)| *modifier).ok_or(())
    }
}

impl TimePart {
    /// The part of a date and time as logs write it: `2026-03-02T09:00:00Z`, or seconds since 1970.
    pub(crate) fn of(self, text: &str) -> Option<f64> {
        let time = haechi_model::event::time(text)
            .or_else(|| haechi_model::Timestamp::parse(text).ok())
            .or_else(|| text.parse().ok().map(haechi_model::Timestamp::from_seconds))?;
        let text = time.to_string();
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        Some(f64::from(match self {
            TimePart::Year => year,
            TimePart::Month => month,
            TimePart::Day => day,
            TimePart::Hour => number(11, 13)?,
            TimePart::Minute => number(14, 16)?,
            TimePart::Week => iso_week(year, month, day),
        }))
    }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Monday is 1.
const fn weekday(year: u32, month: u32, day: u32) -> u32 {
    const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 3 { year - 1 } else { year };
    let sunday = (year + year / 4 - year / 100 + year / 400 + SHIFT[month as usize - 1] + day) % 7;
    if sunday == 0 { 7 } else { sunday }
}

/// The number of the week by ISO 8601: week 1 has the year's first Thursday.
fn iso_week(year: u32, month: u32, day: u32) -> u32 {
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let of_year = BEFORE[month as usize - 1] + day + u32::from(month > 2 && is_leap(year));
    let weeks = |year: u32| {
        let last = weekday(year, 12, 31);
        if last == 4 || (last == 5 && is_leap(year)) { 53 } else { 52 }
    };
    match (of_year + 10 - weekday(year, month, day)) / 7 {
        0 => weeks(year - 1),
        week if week > weeks(year) => 1,
        week => week,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_dates() {
        for (text, part, value) in [
            ("2026-03-02T09:41:05Z", TimePart::Hour, 9.0),
            ("2026-03-02T09:41:05Z", TimePart::Minute, 41.0),
            ("2026-03-02T09:41:05Z", TimePart::Day, 2.0),
            ("2026-03-02T09:41:05Z", TimePart::Month, 3.0),
            ("2026-03-02T09:41:05Z", TimePart::Year, 2026.0),
            ("2026-03-02T23:30:00-05:00", TimePart::Day, 3.0),
            ("2026-01-01T00:00:00Z", TimePart::Week, 1.0),
            ("2027-01-01T00:00:00Z", TimePart::Week, 53.0),
            ("2024-12-30T00:00:00Z", TimePart::Week, 1.0),
            ("2026-11-22T00:00:00Z", TimePart::Week, 47.0),
            ("0", TimePart::Year, 1970.0),
        ] {
            assert_eq!(part.of(text), Some(value), "{text} {part:?}");
        }
        assert_eq!(TimePart::Hour.of("yesterday"), None);
    }
}
