//! Condition operators: AWS's 26 comparisons and `Null`, with their set prefix and `IfExists`, read in any
//! letter case and printed in AWS's own spelling.

use std::fmt;

/// `ForAllValues:` and `ForAnyValue:`, for keys with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// No prefix.
    Single,
    ForAllValues,
    ForAnyValue,
}

/// What an operator says when the request lacks its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenAbsent {
    /// No suffix: positive operators fail, negated ones match.
    AsOperator,
    /// `IfExists`: the condition holds.
    Matches,
}

/// How an operator treats the listed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Polarity {
    /// One of the values must match.
    Positive,
    /// None of the values may match.
    Negated,
}

macro_rules! comparisons {
    ($($name:ident $polarity:ident),+ $(,)?) => {
        /// The comparison itself, without prefix and suffix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Comparison { $($name),+ }

        impl Comparison {
            /// All of them, in the order of AWS's documentation.
            pub const ALL: &'static [Comparison] = &[$(Comparison::$name),+];

            /// AWS's spelling.
            pub fn name(self) -> &'static str {
                match self { $(Comparison::$name => stringify!($name)),+ }
            }

            pub fn polarity(self) -> Polarity {
                match self { $(Comparison::$name => Polarity::$polarity),+ }
            }
        }
    };
}

comparisons! {
    StringEquals Positive, StringNotEquals Negated,
    StringEqualsIgnoreCase Positive, StringNotEqualsIgnoreCase Negated,
    StringLike Positive, StringNotLike Negated,
    NumericEquals Positive, NumericNotEquals Negated,
    NumericLessThan Positive, NumericLessThanEquals Positive,
    NumericGreaterThan Positive, NumericGreaterThanEquals Positive,
    DateEquals Positive, DateNotEquals Negated,
    DateLessThan Positive, DateLessThanEquals Positive,
    DateGreaterThan Positive, DateGreaterThanEquals Positive,
    Bool Positive,
    BinaryEquals Positive,
    IpAddress Positive, NotIpAddress Negated,
    ArnEquals Positive, ArnNotEquals Negated,
    ArnLike Positive, ArnNotLike Negated,
    Null Positive,
}

/// A whole operator, such as `ForAnyValue:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    pub quantifier: Quantifier,
    pub comparison: Comparison,
    pub when_absent: WhenAbsent,
}

const IF_EXISTS: &str = "IfExists";

impl Operator {
    /// Reads an operator in any letter case. `None` if it does not exist (`NullIfExists` does not either).
    pub fn parse(text: &str) -> Option<Operator> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (Quantifier::Single, text),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => (Quantifier::ForAllValues, rest),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Quantifier::ForAnyValue, rest),
            Some(_) => return None,
        };
        let (name, when_absent) = match strip_suffix_ignoring_case(rest, IF_EXISTS) {
            Some(name) => (name, WhenAbsent::Matches),
            None => (rest, WhenAbsent::AsOperator),
        };
        let comparison = *Comparison::ALL.iter().find(|c| c.name().eq_ignore_ascii_case(name))?;
        let exists = comparison != Comparison::Null
            || (when_absent == WhenAbsent::AsOperator && quantifier == Quantifier::Single);
        exists.then_some(Operator { quantifier, comparison, when_absent })
    }

    pub fn polarity(self) -> Polarity {
        self.comparison.polarity()
    }

    /// The nearest existing operator, for "did you mean".
    pub(crate) fn nearest(text: &str) -> Option<String> {
        let (prefix, rest) = text.split_once(':').map_or(("", text), |(p, r)| (p, r));
        let (name, suffix) = match strip_suffix_ignoring_case(rest, IF_EXISTS) {
            Some(name) => (name, IF_EXISTS),
            None => (rest, ""),
        };
        let prefix = match prefix {
            "" => "",
            _ => match nearest_name(prefix, &["ForAllValues", "ForAnyValue"])? {
                "ForAllValues" => "ForAllValues:",
                _ => "ForAnyValue:",
            },
        };
        let names: Vec<&'static str> = Comparison::ALL.iter().map(|c| c.name()).collect();
        let name = nearest_name(name, &names)?;
        let suggestion = format!("{prefix}{name}{suffix}");
        Operator::parse(&suggestion).is_some().then_some(suggestion)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            Quantifier::Single => "",
            Quantifier::ForAllValues => "ForAllValues:",
            Quantifier::ForAnyValue => "ForAnyValue:",
        })?;
        f.write_str(self.comparison.name())?;
        f.write_str(match self.when_absent {
            WhenAbsent::AsOperator => "",
            WhenAbsent::Matches => IF_EXISTS,
        })
    }
}

fn strip_suffix_ignoring_case<'t>(text: &'t str, suffix: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(suffix.len())?;
    let tail = text.get(at..)?;
    tail.eq_ignore_ascii_case(suffix).then(|| &text[..at])
}

/// The candidate that a typing mistake most likely meant, if one is near enough.
pub(crate) fn nearest_name(text: &str, candidates: &[&'static str]) -> Option<&'static str> {
    /// Longer words are no typing mistakes, and comparing them costs time.
    const LONGEST: usize = 40;
    if text.len() > LONGEST {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    candidates
        .iter()
        .map(|&candidate| (strsim::osa_distance(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= (candidate.len() / 3).max(1))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}
