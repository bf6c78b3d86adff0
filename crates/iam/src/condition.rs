//! Conditions prepared once, with their values read, and whether they hold for a request.

use ipnet::IpNet;

use crate::context::Found;
use crate::glob::Glob;
use crate::key::{Facts, Key};
use crate::operator::{Comparison, Operator, Polarity, Quantifier, WhenAbsent};
use crate::policy::{Condition, Version};
use crate::template::{Template, Wildcards};
use crate::tri::Tri;
use crate::value::{Moment, Number, address, arn_parts, base64, range, truth};

/// One key of one operator. All conditions of a statement must hold.
#[derive(Clone, Debug)]
pub(crate) struct PreparedCondition {
    operator: Operator,
    key: Key,
    values: Values,
}

/// The values of the policy, read as the operator compares them. What does not read is `None`: it equals nothing.
#[derive(Clone, Debug)]
enum Values {
    Text(Box<[Text]>),
    IgnoringCase(Box<[IgnoringCase]>),
    Numbers(Box<[Option<Number>]>),
    Moments(Box<[Option<Moment>]>),
    Truths(Box<[Option<bool>]>),
    Bytes(Box<[Option<Box<[u8]>>]>),
    Ranges(Box<[Option<IpNet>]>),
    Arns(Box<[ArnPattern]>),
}

#[derive(Clone, Debug)]
enum Text {
    Exact(Box<str>),
    Like(Glob),
    Template(Template),
}

#[derive(Clone, Debug)]
enum IgnoringCase {
    Fixed(Box<str>),
    Template(Template),
}

/// A pattern of `ArnLike` and `ArnEquals`, which are the same.
#[derive(Clone, Debug)]
enum ArnPattern {
    /// Each of the six parts is compared by itself.
    Parts(Box<[Text; 6]>),
    /// A lone `*`.
    Anything,
    /// A variable that stands for the ARN, or for several of its parts.
    Whole(Template),
    /// No ARN: nothing matches.
    Never,
}

/// Whether `${...}` is a variable here.
pub(crate) fn has_variables(version: Version) -> bool {
    version == Version::V2012
}

impl PreparedCondition {
    pub(crate) fn new(condition: Condition<'_>, version: Version) -> PreparedCondition {
        use Comparison::*;
        let operator = condition.operator();
        let variables = has_variables(version);
        let values = condition.values();
        let text = |wildcards| values.clone().map(|value| Text::new(value, wildcards, variables)).collect();
        let values = match operator.comparison {
            StringEquals | StringNotEquals => Values::Text(text(Wildcards::Literal)),
            StringLike | StringNotLike => Values::Text(text(Wildcards::Match)),
            StringEqualsIgnoreCase | StringNotEqualsIgnoreCase => {
                Values::IgnoringCase(values.map(|value| IgnoringCase::new(value, variables)).collect())
            }
            NumericEquals
            | NumericNotEquals
            | NumericLessThan
            | NumericLessThanEquals
            | NumericGreaterThan
            | NumericGreaterThanEquals => Values::Numbers(values.map(Number::parse).collect()),
            DateEquals
            | DateNotEquals
            | DateLessThan
            | DateLessThanEquals
            | DateGreaterThan
            | DateGreaterThanEquals => Values::Moments(values.map(Moment::parse).collect()),
            Bool | Null => Values::Truths(values.map(truth).collect()),
            BinaryEquals => Values::Bytes(values.map(|value| base64(value).collect()).collect()),
            IpAddress | NotIpAddress => Values::Ranges(values.map(range).collect()),
            ArnEquals | ArnNotEquals | ArnLike | ArnNotLike => {
                Values::Arns(values.map(|value| ArnPattern::new(value, variables)).collect())
            }
        };
        PreparedCondition { operator, key: Key::new(condition.key()), values }
    }

    /// Calls `each` with the key and with those of all variables.
    pub(crate) fn keys<'c>(&'c self, mut each: impl FnMut(&'c Key)) {
        each(&self.key);
        match &self.values {
            Values::Text(values) => values.iter().for_each(|value| value.keys(&mut each)),
            Values::IgnoringCase(values) => values.iter().for_each(|value| {
                if let IgnoringCase::Template(template) = value {
                    template.keys(&mut each);
                }
            }),
            Values::Arns(values) => values.iter().for_each(|value| match value {
                ArnPattern::Parts(parts) => parts.iter().for_each(|part| part.keys(&mut each)),
                ArnPattern::Whole(template) => template.keys(&mut each),
                ArnPattern::Anything | ArnPattern::Never => {}
            }),
            _ => {}
        }
    }

    /// Whether the condition holds.
    #[inline]
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> Tri {
        let found = self.key.find(facts);
        if self.operator.comparison == Comparison::Null {
            return self.is_null(found);
        }
        if found == Found::Unknown {
            return Tri::Maybe;
        }
        let if_exists = self.operator.when_absent == WhenAbsent::Matches;
        match (self.operator.quantifier, found) {
            (_, Found::Unknown) => Tri::Maybe,
            (Quantifier::Single, Found::Single(value)) => self.compare(value, facts),
            (Quantifier::Single, Found::Absent | Found::NotGiven) => {
                (if_exists || self.operator.polarity() == Polarity::Negated).into()
            }
            // Without a set operator there is no telling which of many values is meant.
            (Quantifier::Single, Found::Many(_)) => Tri::No,
            // An empty string is an empty set.
            (Quantifier::ForAllValues, Found::Absent | Found::NotGiven | Found::Single("")) => Tri::Yes,
            (Quantifier::ForAllValues, Found::Single(value)) => self.compare(value, facts),
            (Quantifier::ForAllValues, Found::Many(values)) => {
                values.iter().map(|value| self.compare(value, facts)).min().unwrap_or(Tri::Yes)
            }
            (Quantifier::ForAnyValue, Found::Absent | Found::NotGiven) => if_exists.into(),
            (Quantifier::ForAnyValue, Found::Single("")) => Tri::No,
            (Quantifier::ForAnyValue, Found::Single(value)) => self.compare(value, facts),
            (Quantifier::ForAnyValue, Found::Many(values)) => {
                values.iter().map(|value| self.compare(value, facts)).max().unwrap_or(Tri::No)
            }
        }
    }

    fn is_null(&self, found: Found<'_>) -> Tri {
        let Values::Truths(wanted) = &self.values else { return Tri::No };
        let there = found.is_there();
        let one = |wanted: &Option<bool>| match wanted {
            Some(true) => !there,
            Some(false) => there,
            None => Tri::No,
        };
        wanted.iter().map(one).max().unwrap_or(Tri::No)
    }

    /// One value of the request against all of the policy; a negated operator is the negation of its positive.
    fn compare(&self, value: &str, facts: &Facts<'_>) -> Tri {
        let equal = self.equals_any(value, facts);
        match self.operator.polarity() {
            Polarity::Positive => equal,
            Polarity::Negated => !equal,
        }
    }

    fn equals_any(&self, value: &str, facts: &Facts<'_>) -> Tri {
        use Comparison::*;
        let comparison = self.operator.comparison;
        match &self.values {
            Values::Text(wanted) => any(wanted.iter().map(|wanted| wanted.matches(value, facts))),
            Values::IgnoringCase(wanted) => any(wanted.iter().map(|wanted| wanted.matches(value, facts))),
            Values::Numbers(wanted) => {
                let Some(number) = Number::parse(value) else { return Tri::No };
                wanted
                    .iter()
                    .flatten()
                    .any(|wanted| match comparison {
                        NumericLessThan => number < *wanted,
                        NumericLessThanEquals => number <= *wanted,
                        NumericGreaterThan => number > *wanted,
                        NumericGreaterThanEquals => number >= *wanted,
                        _ => number == *wanted,
                    })
                    .into()
            }
            Values::Moments(wanted) => {
                let Some(moment) = Moment::parse(value) else { return Tri::No };
                wanted
                    .iter()
                    .flatten()
                    .any(|wanted| match comparison {
                        DateLessThan => moment < *wanted,
                        DateLessThanEquals => moment <= *wanted,
                        DateGreaterThan => moment > *wanted,
                        DateGreaterThanEquals => moment >= *wanted,
                        _ => moment == *wanted,
                    })
                    .into()
            }
            Values::Truths(wanted) => {
                let Some(value) = truth(value) else { return Tri::No };
                wanted.iter().flatten().any(|wanted| *wanted == value).into()
            }
            Values::Bytes(wanted) => {
                wanted.iter().flatten().any(|wanted| base64(value).eq(wanted.iter().map(|byte| Some(*byte)))).into()
            }
            Values::Ranges(wanted) => {
                let Some(address) = address(value) else { return Tri::No };
                wanted.iter().flatten().any(|range| range.contains(&address)).into()
            }
            Values::Arns(wanted) => {
                let Some(parts) = arn_parts(value) else { return Tri::No };
                any(wanted.iter().map(|wanted| wanted.matches(value, &parts, facts)))
            }
        }
    }
}

fn any(values: impl Iterator<Item = Tri>) -> Tri {
    let mut best = Tri::No;
    for value in values {
        if value == Tri::Yes {
            return Tri::Yes;
        }
        best = best.or(value);
    }
    best
}

impl Text {
    fn new(value: &str, wildcards: Wildcards, variables: bool) -> Text {
        if variables && let Some(template) = Template::parse(value, wildcards) {
            return Text::Template(template);
        }
        match wildcards {
            Wildcards::Match => Text::Like(Glob::new(value)),
            Wildcards::Literal => Text::Exact(value.into()),
        }
    }

    #[inline]
    fn matches(&self, value: &str, facts: &Facts<'_>) -> Tri {
        match self {
            Text::Exact(wanted) => (**wanted == *value).into(),
            Text::Like(glob) => glob.matches(value).into(),
            Text::Template(template) => template.matches(value, facts),
        }
    }

    fn keys<'t>(&'t self, each: &mut impl FnMut(&'t Key)) {
        if let Text::Template(template) = self {
            template.keys(each);
        }
    }
}

impl IgnoringCase {
    fn new(value: &str, variables: bool) -> IgnoringCase {
        match variables.then(|| Template::parse(value, Wildcards::Literal)).flatten() {
            Some(template) => IgnoringCase::Template(template),
            None => IgnoringCase::Fixed(value.into()),
        }
    }

    fn matches(&self, value: &str, facts: &Facts<'_>) -> Tri {
        match self {
            IgnoringCase::Fixed(wanted) => equal_ignoring_case(wanted, value).into(),
            IgnoringCase::Template(template) => template.equals_ignoring_case(value, facts),
        }
    }
}

fn equal_ignoring_case(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        left.eq_ignore_ascii_case(right)
    } else {
        left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
    }
}

impl ArnPattern {
    fn new(value: &str, variables: bool) -> ArnPattern {
        if value == "*" {
            return ArnPattern::Anything;
        }
        match split_arn(value, variables) {
            Some(parts) => ArnPattern::Parts(Box::new(parts.map(|part| Text::new(part, Wildcards::Match, variables)))),
            None => variables
                .then(|| Template::parse(value, Wildcards::Match))
                .flatten()
                .map_or(ArnPattern::Never, ArnPattern::Whole),
        }
    }

    fn matches(&self, value: &str, parts: &[&str; 6], facts: &Facts<'_>) -> Tri {
        match self {
            ArnPattern::Parts(wanted) => {
                let pairs = wanted.iter().zip(parts);
                pairs.map(|(wanted, part)| wanted.matches(part, facts)).min().unwrap_or(Tri::No)
            }
            ArnPattern::Anything => Tri::Yes,
            ArnPattern::Whole(template) => template.matches(value, facts),
            ArnPattern::Never => Tri::No,
        }
    }
}

/// The six parts of an ARN pattern; colons inside `${...}` part nothing.
fn split_arn(value: &str, variables: bool) -> Option<[&str; 6]> {
    let mut six = [""; 6];
    let (mut from, mut part, mut inside) = (0, 0, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'{' if variables && value[..at].ends_with('$') => inside = true,
            b'}' => inside = false,
            b':' if !inside && part < 5 => {
                six[part] = &value[from..at];
                (part, from) = (part + 1, at + 1);
            }
            _ => {}
        }
    }
    six[part] = &value[from..];
    (part == 5).then_some(six)
}
