//! The values of conditions: numbers, dates, truth values, addresses, binary and ARNs, read strictly.
//! What does not read is no value, and equals nothing.

use core::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// A decimal number, exact to 18 places after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(pub(crate) i128);

/// Places after the point.
const PLACES: usize = 18;

impl Number {
    /// One, as numbers are held.
    pub(crate) const ONE: i128 = 10_i128.pow(PLACES as u32);

    /// The text that reads back to it.
    pub(crate) fn spelled(self) -> String {
        let (whole, fraction) =
            (self.0.unsigned_abs() / Self::ONE.unsigned_abs(), self.0.unsigned_abs() % Self::ONE.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        match fraction {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{}", format!("{fraction:0places$}", places = PLACES).trim_end_matches('0')),
        }
    }

    /// Digits with an optional sign and fraction, and nothing else: `10abc` and `1e3` are no numbers.
    pub(crate) fn parse(text: &str) -> Option<Number> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let told = !whole.is_empty() && (digits.len() == whole.len() || !fraction.is_empty());
        if !told || !all_digits(whole) || !all_digits(fraction) || fraction.len() > PLACES {
            return None;
        }
        let mut value: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', PLACES - fraction.len())) {
            value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        Some(Number(if negative { -value } else { value }))
    }
}

/// A moment, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

const SECOND: i64 = 1_000_000;

impl Moment {
    pub(crate) const SECOND: i64 = SECOND;

    /// Microseconds since 1970 as seconds, which read back to them.
    pub(crate) fn spelled(micros: i128) -> String {
        Number(micros.saturating_mul(Number::ONE / i128::from(SECOND))).spelled()
    }

    /// A W3C profile of ISO 8601 (`2026`, `2026-11`, `2026-11-22`, `2026-11-22T09:30Z`,
    /// `2026-11-22T09:30:00.5+09:00`), or seconds since 1970. Four digits alone are a year.
    pub(crate) fn parse(text: &str) -> Option<Moment> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
        let is_epoch = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) && text.len() != 4;
        if is_epoch {
            let Number(seconds) = Number::parse(text)?;
            // From 18 places after the point to 6.
            return i64::try_from(seconds / 10_i128.pow(12)).ok().map(Moment);
        }
        let (date, time) = match text.find(['T', 't']) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let days = Self::days(date)?;
        let within = match time {
            Some(time) if date.len() == 10 => Self::time_of_day(time)?,
            Some(_) => return None,
            None => 0,
        };
        days.checked_mul(86_400 * SECOND)?.checked_add(within).map(Moment)
    }

    /// Days from 1970 to a date, whose month and day may be left out.
    fn days(date: &str) -> Option<i64> {
        let mut parts = date.split('-');
        let year = fixed_digits(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(1), |part| fixed_digits(part, 2))?;
        let day = parts.next().map_or(Some(1), |part| fixed_digits(part, 2))?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let longest = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + i64::from(leap),
            _ => 31,
        };
        if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=longest).contains(&day) {
            return None;
        }
        // Years that begin in March put the leap day at their end.
        let years = if month <= 2 { year - 1 } else { year };
        let (era, month) = (years.div_euclid(400), (month + 9) % 12);
        let of_era = years.rem_euclid(400);
        let of_year = (153 * month + 2) / 5 + day - 1;
        Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Microseconds since midnight, UTC. A missing zone is UTC.
    fn time_of_day(time: &str) -> Option<i64> {
        let at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(at);
        let mut parts = clock.split(':');
        let hour = fixed_digits(parts.next()?, 2)?;
        let minute = fixed_digits(parts.next()?, 2)?;
        let (second, micros) = match parts.next() {
            None => (0, 0),
            Some(text) => {
                let (second, fraction) = text.split_once('.').unwrap_or((text, "0"));
                let kept = &fraction.as_bytes()[..fraction.len().min(6)];
                if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                let micros = kept.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
                (fixed_digits(second, 2)?, micros * 10_i64.pow(6 - kept.len() as u32))
            }
        };
        // A leap second is written 60.
        if parts.next().is_some() || hour > 24 || minute > 59 || second > 60 {
            return None;
        }
        let offset = match zone.as_bytes().first() {
            None => 0,
            Some(b'Z' | b'z') => (zone.len() == 1).then_some(0)?,
            Some(sign) => {
                let (hours, minutes) = zone[1..].split_once(':').or_else(|| zone[1..].split_at_checked(2))?;
                let minutes = fixed_digits(hours, 2)? * 60 + fixed_digits(minutes, 2)?;
                if *sign == b'-' { -minutes } else { minutes }
            }
        };
        Some((hour * 3600 + (minute - offset) * 60 + second) * SECOND + micros)
    }
}

fn fixed_digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `true` or `false` in any letter case.
pub(crate) fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// An address; one of IPv4 inside IPv6 (`::ffff:192.0.2.1`) is that of IPv4.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    match text.parse().ok()? {
        IpAddr::V6(address) => Some(from_mapped(address)),
        v4 @ IpAddr::V4(_) => Some(v4),
    }
}

fn from_mapped(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

/// A range in CIDR notation, or one address.
pub(crate) fn range(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(range) => Some(range),
        Err(_) => address(text).map(IpNet::from),
    }
}

/// The bytes of a base64 text, without building them. `None` at the first character that does not belong.
pub(crate) fn base64(text: &str) -> impl Iterator<Item = Option<u8>> {
    let mut symbols = text.trim_end_matches('=').bytes();
    let (mut bits, mut held) = (0u32, 0);
    std::iter::from_fn(move || {
        loop {
            if held >= 8 {
                held -= 8;
                return Some(Some((bits >> held) as u8));
            }
            let six = match symbols.next()? {
                letter @ b'A'..=b'Z' => letter - b'A',
                letter @ b'a'..=b'z' => letter - b'a' + 26,
                digit @ b'0'..=b'9' => digit - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return Some(None),
            };
            bits = (bits << 6) | u32::from(six);
            held += 6;
        }
    })
}

/// The six parts of an ARN; the last may have colons of its own.
pub(crate) fn arn_parts(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let mut six = [""; 6];
    for part in &mut six {
        *part = parts.next()?;
    }
    (six[0] == "arn").then_some(six)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_strictly() {
        for (left, right) in [("10", "10.0"), ("-0.5", "-.5"), ("+7", "7"), ("0", "-0")] {
            let same = Number::parse(left) == Number::parse(right) && Number::parse(left).is_some();
            assert_eq!(same, right != "-.5", "{left} {right}");
        }
        assert!(Number::parse("9").unwrap() < Number::parse("10").unwrap());
        assert!(Number::parse("9007199254740993").unwrap() > Number::parse("9007199254740992").unwrap());
        for garbage in ["", "10abc", "1e3", "1.", ".5", "-", "1.2.3", " 1", "0x10", "NaN", "99999999999999999999999999"]
        {
            assert_eq!(Number::parse(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn dates_are_iso_8601_or_seconds_since_1970() {
        let same = [
            ("1970", "1970-01-01T00:00:00Z"),
            ("2026-11", "2026-11-01"),
            ("2026-11-22T09:30+09:00", "2026-11-22T00:30:00.000Z"),
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("0", "1970-01-01"),
            ("-86400", "1969-12-31"),
            ("1700000000.5", "2023-11-14T22:13:20.5Z"),
            ("2024-02-29T00:00:00", "1709164800"),
        ];
        for (left, right) in same {
            assert_eq!(Moment::parse(left), Moment::parse(right), "{left} {right}");
            assert!(Moment::parse(left).is_some(), "{left}");
        }
        for garbage in ["", "yesterday", "2026-13-01", "2026-02-29", "2026-11-22T25", "2026-11T09:30Z", "12:00", "T"] {
            assert_eq!(Moment::parse(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn addresses_are_compared_as_numbers() {
        assert_eq!(address("2001:db8::1"), address("2001:0DB8:0000:0000:0000:0000:0000:0001"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert!(range("10.1.2.3/8").unwrap().contains(&address("10.200.0.1").unwrap()));
        assert!(range("192.0.2.1").unwrap().contains(&address("192.0.2.1").unwrap()));
        assert_eq!((address("192.0.2"), range("10.0.0.0/33")), (None, None));
    }

    #[test]
    fn base64_is_read_to_bytes() {
        let read = |text| base64(text).collect::<Option<Vec<u8>>>();
        assert_eq!(read("aGFlY2hp"), Some(b"haechi".to_vec()));
        assert_eq!(read("aGFlY2g="), Some(b"haech".to_vec()));
        assert_eq!((read(""), read("a*b")), (Some(Vec::new()), None));
    }
}
