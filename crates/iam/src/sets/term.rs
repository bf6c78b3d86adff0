//! Statements as sets of requests: what each says of the resource and of every condition key, read for the search.

use core::net::IpAddr;

use super::automaton::{Pattern, Variables};
use crate::condition::{PreparedCondition, has_variables};
use crate::operator::{Comparison, Operator, Polarity};
use crate::policy::{Condition, Listing, Statement, Version};
use crate::value::{Moment, Number, address, range};

/// A statement whose action and principal match, so that resource and conditions decide.
#[derive(Debug)]
pub(super) struct Term {
    pub resources: Option<(Listing, Vec<Pattern>)>,
    pub atoms: Vec<Atom>,
    /// It says "none of" of patterns with variables: which values the variables have decides.
    pub hangs_on_variables: bool,
}

/// One condition.
#[derive(Debug)]
pub(super) struct Atom {
    /// In lower case.
    pub key: Box<str>,
    pub operator: Operator,
    pub prepared: PreparedCondition,
    pub values: Values,
}

/// How the values of a condition are told apart.
#[derive(Debug)]
pub(super) enum Values {
    /// By patterns.
    Texts(Vec<Pattern>),
    /// These stand for all: one of each class that the condition can tell apart.
    Samples(Vec<String>),
    /// By where a line is cut.
    Numbers(Vec<i128>),
    Moments(Vec<i128>),
}

impl Term {
    pub(super) fn new(statement: Statement<'_>, version: Version, variables: &mut Variables) -> Term {
        let letters = |text: &str, variables: &mut Variables| letters(text, version, variables);
        let resources = statement.resource_listing().map(|listing| {
            (listing, statement.resources().map(|text| Pattern::glob(&letters(text, variables))).collect::<Vec<_>>())
        });
        let atoms: Vec<Atom> =
            statement.conditions().map(|condition| Atom::new(condition, version, variables)).collect();
        let negated_resource = resources.as_ref().is_some_and(|(listing, patterns)| {
            *listing == Listing::Except && patterns.iter().any(Pattern::has_variables)
        });
        let negated_atom = atoms.iter().any(|atom| {
            atom.operator.polarity() == Polarity::Negated
                && matches!(&atom.values, Values::Texts(patterns) if patterns.iter().any(Pattern::has_variables))
        });
        Term { resources, atoms, hangs_on_variables: negated_resource || negated_atom }
    }
}

fn letters(text: &str, version: Version, variables: &mut Variables) -> Vec<(char, bool)> {
    if has_variables(version) { variables.replace(text) } else { text.chars().map(|letter| (letter, false)).collect() }
}

impl Atom {
    fn new(condition: Condition<'_>, version: Version, variables: &mut Variables) -> Atom {
        use Comparison::*;
        let operator = condition.operator();
        let texts: Vec<&str> = condition.values().collect();
        let mut patterns = |make: fn(&[(char, bool)]) -> Option<Pattern>| {
            let of = |text: &&str| make(&letters(text, version, variables));
            Values::Texts(texts.iter().filter_map(of).collect())
        };
        let values = match operator.comparison {
            StringEquals | StringNotEquals => patterns(|letters| Some(Pattern::literal(letters))),
            StringLike | StringNotLike => patterns(|letters| Some(Pattern::glob(letters))),
            StringEqualsIgnoreCase | StringNotEqualsIgnoreCase => {
                patterns(|letters| Some(Pattern::ignoring_case(letters)))
            }
            ArnEquals | ArnNotEquals | ArnLike | ArnNotLike => patterns(Pattern::arn),
            Bool => Values::Samples(vec!["true".to_owned(), "false".to_owned()]),
            Null => Values::Samples(Vec::new()),
            BinaryEquals => {
                let other = ["ZXhhbXBsZQ==".to_owned(), "eA==".to_owned()];
                Values::Samples(texts.iter().map(|text| (*text).to_owned()).chain(other).collect())
            }
            IpAddress | NotIpAddress => Values::Samples(addresses(&texts)),
            NumericEquals
            | NumericNotEquals
            | NumericLessThan
            | NumericLessThanEquals
            | NumericGreaterThan
            | NumericGreaterThanEquals => {
                Values::Numbers(texts.iter().filter_map(|text| Number::parse(text)).map(|number| number.0).collect())
            }
            DateEquals
            | DateNotEquals
            | DateLessThan
            | DateLessThanEquals
            | DateGreaterThan
            | DateGreaterThanEquals => {
                let moments = texts.iter().filter_map(|text| Moment::parse(text));
                Values::Moments(moments.map(|moment| i128::from(moment.0)).collect())
            }
        };
        let prepared = PreparedCondition::new(condition, version);
        Atom { key: condition.key().to_ascii_lowercase().into(), operator, prepared, values }
    }
}

/// Values that stand for all others of a key, where it is compared by more than patterns.
pub(super) fn samples(all: &[&Values]) -> Vec<String> {
    let (mut samples, mut numbers, mut moments) = (Vec::new(), None, None);
    for values in all {
        match values {
            Values::Texts(_) => {}
            Values::Samples(values) => samples.extend_from_slice(values),
            Values::Numbers(cuts) => numbers.get_or_insert_with(Vec::new).extend_from_slice(cuts),
            Values::Moments(cuts) => moments.get_or_insert_with(Vec::new).extend_from_slice(cuts),
        }
    }
    if let Some(cuts) = numbers {
        samples.extend(between(cuts, Number::ONE).iter().map(|at| Number(*at).spelled()));
    }
    if let Some(cuts) = moments {
        let day = 86_400 * i128::from(Moment::SECOND);
        samples.extend(between(cuts, day).iter().map(|at| Moment::spelled(*at)));
    }
    samples
}

/// One point of every interval that some cuts make of a line, the cuts themselves among them.
fn between(mut cuts: Vec<i128>, step: i128) -> Vec<i128> {
    cuts.sort_unstable();
    cuts.dedup();
    let mut points = Vec::with_capacity(cuts.len() * 2 + 1);
    points.push(cuts.first().map_or(step, |first| first.saturating_sub(step)));
    for (at, cut) in cuts.iter().enumerate() {
        points.push(*cut);
        points.push(match cuts.get(at + 1) {
            Some(next) if next - cut > step => cut.saturating_add(step),
            Some(next) => cut + (next - cut) / 2,
            None => cut.saturating_add(step),
        });
    }
    points
}

/// Addresses inside, at the edges and outside of every range. First those that documentation may use.
fn addresses(ranges: &[&str]) -> Vec<String> {
    let mut samples: Vec<IpAddr> = Vec::new();
    for range in ranges.iter().filter_map(|text| range(text)) {
        let (first, last) = (range.network(), range.broadcast());
        samples.extend([first, last]);
        samples.extend(step(first, false));
        samples.extend(step(last, true));
    }
    let plain = ["203.0.113.10", "198.51.100.10", "192.0.2.10", "2001:db8::10", "0.0.0.0", "::"];
    plain.iter().filter_map(|text| address(text)).chain(samples).map(|address| address.to_string()).collect()
}

fn step(address: IpAddr, up: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address);
            let next = if up { bits.checked_add(1) } else { bits.checked_sub(1) };
            next.map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address);
            let next = if up { bits.checked_add(1) } else { bits.checked_sub(1) };
            next.map(|bits| IpAddr::V6(bits.into()))
        }
    }
}
