//! How a value of an item compares with what the query gives: as text, number, truth value, moment or
//! IP range, told from the two values themselves.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use haechi_model::Timestamp;

use crate::scalar::{Number, Scalar};
use crate::syntax::{Comparison, Literal, Test};

/// A literal in every reading that it allows.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    text: String,
    kind: Kind,
    number: Option<Number>,
    addresses: Option<Span>,
    moment: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Bool,
}

/// Addresses from one to another, of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    six: bool,
    from: u128,
    to: u128,
}

impl Span {
    /// An address, or a block in CIDR notation.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > 49 || !text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') {
            return None;
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (six, bits, width) = match address.parse().ok()? {
            IpAddr::V4(four) => (false, u128::from(Ipv4Addr::to_bits(four)), 32),
            IpAddr::V6(six) => (true, Ipv6Addr::to_bits(six), 128),
        };
        let length = match length {
            None => width,
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                length.parse::<u32>().ok().filter(|length| *length <= width)?
            }
            Some(_) => return None,
        };
        let hosts = 1_u128.checked_shl(width - length).map_or(u128::MAX, |size| size - 1);
        Some(Self { six, from: bits & !hosts, to: bits | hosts })
    }
}

/// The moments that a text names: a day from its first to its last, or one.
fn moments(text: &str) -> Option<(i64, i64)> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 10
        && bytes.len() <= 40
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && [0, 1, 2, 3, 5, 6, 8, 9].iter().all(|at| bytes[*at].is_ascii_digit())
        && (bytes.len() == 10 || matches!(bytes[10], b'T' | b't' | b' '));
    if !shaped {
        return None;
    }
    let start = Timestamp::parse(text).ok()?.as_micros();
    Some((start, if bytes.len() == 10 { start.saturating_add(Timestamp::DAY - 1) } else { start }))
}

impl Operand {
    pub(crate) fn new(literal: &Literal) -> Self {
        let (text, kind) = match literal {
            Literal::Text(text) => (text.clone(), Kind::Text),
            Literal::Number(text) => (text.clone(), Kind::Number),
            Literal::Bool(is) => (is.to_string(), Kind::Bool),
        };
        Self {
            number: Number::parse(&text),
            addresses: Span::parse(&text).filter(|_| kind == Kind::Text),
            moment: moments(&text).filter(|_| kind == Kind::Text),
            kind,
            text,
        }
    }
}

/// A test with its literals read.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    Compare(Comparison, Operand),
    Between(Operand, Operand),
    In(Vec<Operand>),
    Like(Pattern),
}

/// A text with wildcards: `_` is any one character, `%` at the end whatever follows.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: String,
    open: bool,
}

/// Whether texts are compared with regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Told,
    /// Resource types: AWS's own examples write them in more than one way.
    Ignored,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let bare = text.trim_end_matches('%');
        Self { open: bare.len() < text.len(), text: bare.to_owned() }
    }

    fn matches(&self, value: &str, case: Case) -> bool {
        let mut value = value.chars();
        for wanted in self.text.chars() {
            match value.next() {
                None => return false,
                Some(_) if wanted == '_' => {}
                Some(c) if c == wanted => {}
                Some(c) if case == Case::Ignored && c.eq_ignore_ascii_case(&wanted) => {}
                Some(_) => return false,
            }
        }
        self.open || value.next().is_none()
    }
}

impl Check {
    pub(crate) fn new(test: &Test) -> Self {
        match test {
            Test::Compare(comparison, literal) => Self::Compare(*comparison, Operand::new(literal)),
            Test::Between(low, high) => Self::Between(Operand::new(low), Operand::new(high)),
            Test::In(values) => Self::In(values.iter().map(Operand::new).collect()),
            Test::Like(pattern) => Self::Like(Pattern::new(pattern)),
        }
    }

    pub(crate) fn holds(&self, value: &Scalar<'_>, case: Case) -> bool {
        match self {
            Self::Compare(comparison, operand) => compare(*comparison, operand, value, case),
            Self::In(operands) => operands.iter().any(|operand| compare(Comparison::Equal, operand, value, case)),
            Self::Like(pattern) => match value {
                Scalar::Text(text) => pattern.matches(text, case),
                _ => false,
            },
            Self::Between(low, high) => {
                // A range lies between two others when it reaches above the one and begins below the other.
                compare(Comparison::GreaterOrEqual, low, value, case)
                    && compare(Comparison::LessOrEqual, high, value, case)
            }
        }
    }

    /// Bytes of which some must stand in a document without escapes for the test to hold for a value in it;
    /// none when other bytes may do too.
    pub(crate) fn needles(&self) -> Option<Vec<Vec<u8>>> {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        let plain = |text: &str| text.len() >= 3 && text.bytes().all(is_plain);
        // Numbers and truth values are written in more than one way.
        let alone = |operand: &Operand| {
            let truth = ["true", "false"].iter().any(|word| operand.text.eq_ignore_ascii_case(word));
            operand.number.is_none() && !truth
        };
        let exact =
            |operand: &Operand| (plain(&operand.text) && alone(operand)).then(|| operand.text.clone().into_bytes());
        match self {
            Self::Like(pattern) => {
                let begin = pattern.text.split('_').next().unwrap_or_default();
                plain(begin).then(|| vec![begin.as_bytes().to_vec()])
            }
            Self::Compare(Comparison::Equal, operand) if self.only().is_some() => Some(vec![exact(operand)?]),
            Self::In(operands) if self.only().is_some() => operands.iter().map(exact).collect(),
            _ => None,
        }
    }

    /// The texts that a value must equal for the test to hold; none when others may do too.
    pub(crate) fn only(&self) -> Option<Vec<&str>> {
        let exact = |operand: &Operand| {
            // An address equals every range that it lies in, a moment other spellings of it.
            operand.kind == Kind::Text && operand.addresses.is_none() && operand.moment.is_none()
        };
        match self {
            Self::Compare(Comparison::Equal, operand) if exact(operand) => Some(vec![&operand.text]),
            Self::In(operands) if operands.iter().all(exact) => {
                Some(operands.iter().map(|operand| operand.text.as_str()).collect())
            }
            _ => None,
        }
    }
}

fn compare(comparison: Comparison, operand: &Operand, value: &Scalar<'_>, case: Case) -> bool {
    match value {
        Scalar::Null => false,
        Scalar::Bool(is) => {
            comparison == Comparison::Equal && operand.text.eq_ignore_ascii_case(if *is { "true" } else { "false" })
        }
        Scalar::Number(number) => operand.number.is_some_and(|wanted| ordered(comparison, number.order(wanted))),
        Scalar::Text(text) => compare_text(comparison, operand, text, case),
    }
}

fn ordered(comparison: Comparison, order: std::cmp::Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn compare_text(comparison: Comparison, operand: &Operand, text: &str, case: Case) -> bool {
    match operand.kind {
        Kind::Bool => return comparison == Comparison::Equal && text.eq_ignore_ascii_case(&operand.text),
        Kind::Number => {
            let numbers = operand.number.zip(Number::parse(text));
            return numbers.is_some_and(|(wanted, number)| ordered(comparison, number.order(wanted)));
        }
        Kind::Text => {}
    }
    if comparison == Comparison::Equal && text == operand.text {
        return true;
    }
    if let Some((wanted, found)) = operand.addresses.and_then(|wanted| Some((wanted, Span::parse(text)?))) {
        return wanted.six == found.six && between(comparison, (found.from, found.to), (wanted.from, wanted.to));
    }
    if let Some((wanted, found)) = operand.moment.and_then(|wanted| Some((wanted, moments(text)?))) {
        return between(comparison, found, wanted);
    }
    match case {
        Case::Told => ordered(comparison, text.cmp(operand.text.as_str())),
        Case::Ignored if comparison == Comparison::Equal => text.eq_ignore_ascii_case(&operand.text),
        Case::Ignored => ordered(comparison, text.to_ascii_lowercase().cmp(&operand.text.to_ascii_lowercase())),
    }
}

/// Ranges: equal when they meet, less when the found one begins before the wanted one, greater when it ends after it.
fn between<T: PartialOrd>(comparison: Comparison, found: (T, T), wanted: (T, T)) -> bool {
    match comparison {
        Comparison::Equal => found.0 <= wanted.1 && found.1 >= wanted.0,
        Comparison::Less => found.0 < wanted.0,
        Comparison::LessOrEqual => found.0 <= wanted.1,
        Comparison::Greater => found.1 > wanted.1,
        Comparison::GreaterOrEqual => found.1 >= wanted.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Scalar<'_>, test: &str, expected: bool) {
        let query = crate::parse(&format!("SELECT a WHERE a {test}")).unwrap();
        let Some(crate::Condition::Test(_, test)) = query.filter else { panic!("{test}") };
        assert_eq!(Check::new(&test).holds(&value, Case::Told), expected, "{value:?} {test:?}");
    }

    #[test]
    fn numbers_and_truth_values_may_be_quoted() {
        let whole = |n| Scalar::Number(Number::Whole(n));
        check(whole(100), "= 100", true);
        check(whole(100), "= '100'", true);
        check(whole(100), "= 100.0", true);
        check(whole(100), ">= '99.5'", true);
        check(whole(100), "= 'x'", false);
        check(whole(9), "< '10'", true);
        check(whole(i64::MAX), "= 9223372036854775807", true);
        check(whole(i64::MAX - 1), "= 9223372036854775807", false);
        check(Scalar::text("111122223333"), "= 111122223333", true);
        check(Scalar::text("x"), "> 1", false);
        check(Scalar::Bool(true), "= 'true'", true);
        check(Scalar::Bool(true), "= TRUE", true);
        check(Scalar::Bool(true), "= false", false);
        check(Scalar::Bool(true), "> 'false'", false);
        check(Scalar::text("true"), "= true", true);
        check(Scalar::Null, "= 'null'", false);
    }

    #[test]
    fn addresses_are_ranges() {
        let text = Scalar::text;
        check(text("10.0.0.0/24"), "= '10.0.0.7'", true);
        check(text("10.0.0.0/24"), "= '10.0.1.7'", false);
        check(text("10.0.0.9"), "= '10.0.0.0/24'", true);
        check(text("0.0.0.0/0"), "= '203.0.113.5'", true);
        check(text("::/0"), "= '203.0.113.5'", false);
        check(text("2001:db8::/32"), "= '2001:db8::1'", true);
        check(text("10.0.0.0/8"), "BETWEEN '10.2.0.0' AND '10.2.0.255'", true);
        check(text("10.0.0.0/8"), "< '10.2.0.0'", true);
        check(text("10.0.0.0/8"), "> '10.2.0.255'", true);
        check(text("10.2.0.0/24"), "< '10.2.0.0'", false);
        check(text("10.2.0.0/24"), "> '10.2.0.255'", false);
        check(text("10.0.0.10"), "> '10.0.0.9'", true);
        check(text("hello"), "= '10.0.0.9'", false);
        check(text("10.0.0.0/33"), "= '10.0.0.9'", false);
    }

    #[test]
    fn a_day_is_all_of_it() {
        let text = Scalar::text;
        check(text("2020-02-21T07:39:43.771Z"), "= '2020-02-21'", true);
        check(text("2020-02-21T07:39:43.771Z"), "> '2020-02-21'", false);
        check(text("2020-02-21T07:39:43.771Z"), ">= '2020-02-21'", true);
        check(text("2020-02-21T07:39:43.771Z"), "BETWEEN '2020-02-20' AND '2020-02-21'", true);
        check(text("2020-02-21T07:39:43.771Z"), "< '2020-02-21T08:39:43.771+01:00'", false);
        check(text("2020-02-21T07:39:43.771Z"), "= '2020-02-21T08:39:43.771+01:00'", true);
        check(text("2020-02-21"), "LIKE '2020-02%'", true);
    }

    #[test]
    fn wildcards_stand_at_the_end() {
        let text = Scalar::text;
        check(text("t2.micro"), "LIKE 't2.%'", true);
        check(text("t2.micro"), "LIKE 't2.micr_'", true);
        check(text("t2.micro"), "LIKE 't2.mic_'", false);
        check(text("t2.micro"), "LIKE 't2.m_cro'", true);
        check(text("t2.micro"), "LIKE 't2.micro'", true);
        check(text("t2.micro"), "LIKE 'T2.micro'", false);
        check(text("t2."), "LIKE 't2.%'", true);
        check(text("t2"), "LIKE 't2.%'", false);
        check(text("한국어입니다"), "LIKE '한국어%'", true);
        check(text("한국어"), "LIKE '한국어_'", false);
        check(Scalar::Number(Number::Whole(12345)), "LIKE '123%'", false);
    }
}
