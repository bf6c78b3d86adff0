//! Numbers, dates and lists as people write them.

use haechi_content::Language;
use haechi_model::Timestamp;

/// Digits in groups of three: all three languages write `12,345`.
pub fn number(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number that may have a fraction: whole ones are grouped, others keep their digits.
pub(crate) fn float(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 9e15 { number(value as i128) } else { value.to_string() }
}

/// A share of a whole in percent, rounded down: 100% is said only when nothing is missing.
pub fn percent(part: u64, whole: u64) -> Option<u64> {
    (whole > 0).then(|| u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(100))
}

/// A moment to the minute, in UTC and saying so.
pub fn moment(language: Language, moment: Timestamp) -> String {
    let text = moment.to_string();
    let Some((date, time)) = text.split_once('T') else { return text };
    let mut parts = date.split('-').map(|part| part.trim_start_matches('0'));
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return text;
    };
    let time = time.get(..5).unwrap_or("00:00");
    match language {
        Language::En => {
            const MONTHS: [&str; 12] =
                ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
            let name = month.parse::<usize>().ok().and_then(|at| MONTHS.get(at.wrapping_sub(1)));
            format!("{day} {} {year}, {time} UTC", name.unwrap_or(&month))
        }
        Language::Ko => format!("{year}년 {month}월 {day}일 {time} UTC"),
        Language::Ja => format!("{year}年{month}月{day}日 {time} UTC"),
    }
}

/// A moment as `2026-11-22 09:30`, for columns.
pub fn minute(moment: Timestamp) -> String {
    let text = moment.to_string();
    match text.split_once('T') {
        Some((date, time)) => format!("{date} {}", time.get(..5).unwrap_or("00:00")),
        None => text,
    }
}

/// A list in a sentence.
pub fn join<S: AsRef<str>>(language: Language, parts: &[S]) -> String {
    let between = match language {
        Language::En | Language::Ko => ", ",
        Language::Ja => "、",
    };
    parts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (raw, text) in [(0i128, "0"), (999, "999"), (1000, "1,000"), (-1234567, "-1,234,567"), (100_000, "100,000")]
        {
            assert_eq!(number(raw), text);
        }
        assert_eq!(float(0.5), "0.5");
        assert_eq!(float(f64::NAN), "NaN");
    }

    #[test]
    fn moments_read_naturally() {
        let at = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
        assert_eq!(moment(Language::En, at), "2 Jan 2026, 03:04 UTC");
        assert_eq!(moment(Language::Ko, at), "2026년 1월 2일 03:04 UTC");
        assert_eq!(moment(Language::Ja, at), "2026年1月2日 03:04 UTC");
        assert_eq!(minute(at), "2026-01-02 03:04");
        assert_eq!(moment(Language::En, Timestamp::from_micros(i64::MAX)), format!("@{}us", i64::MAX));
    }

    #[test]
    fn a_hundred_percent_is_never_rounded_up() {
        assert_eq!(percent(999, 1000), Some(99));
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(u64::MAX, u64::MAX), Some(100));
    }
}
