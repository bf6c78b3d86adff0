//! The condition of a query, bound to where its properties stand, and decided as far as is known: what a
//! store keeps beside the body often decides it, and then the body is not read.

use memchr::memmem::Finder;

use crate::operand::{Case, Check};
use crate::plan::Binder;
use crate::property::{Column, Source, TagPart};
use crate::syntax::Condition;

#[derive(Debug, Clone)]
pub(crate) enum Bound {
    All(Vec<Bound>),
    Any(Vec<Bound>),
    Not(Box<Bound>),
    Test(Box<Predicate>),
}

#[derive(Debug, Clone)]
pub(crate) struct Predicate {
    pub(crate) source: Source,
    pub(crate) check: Check,
    pub(crate) case: Case,
    /// One of these is in every body for which the test holds, unless the body has escapes.
    needles: Option<Vec<Finder<'static>>>,
}

impl Predicate {
    /// False when the test cannot hold for anything in a body, told without reading the body as JSON.
    pub(crate) fn may_hold_in(&self, body: &[u8]) -> bool {
        let Some(needles) = &self.needles else { return true };
        needles.iter().any(|needle| needle.find(body).is_some())
    }
}

impl Bound {
    pub(crate) fn new(condition: &Condition, binder: &mut Binder) -> Self {
        match condition {
            Condition::All(parts) => Self::All(Self::cheapest_first(parts, binder)),
            Condition::Any(parts) => Self::Any(Self::cheapest_first(parts, binder)),
            Condition::Not(part) => Self::Not(Box::new(Self::new(part, binder))),
            Condition::Test(property, test) => {
                let source = binder.scalars(property);
                let case = if source == Source::Column(Column::ResourceType) { Case::Ignored } else { Case::Told };
                let check = Check::new(test);
                let needles = match source {
                    Source::Body(_) => check.needles(),
                    _ => None,
                };
                let needles = needles.map(|all| all.iter().map(|needle| Finder::new(needle).into_owned()).collect());
                Self::Test(Box::new(Predicate { source, check, case, needles }))
            }
        }
    }

    fn cheapest_first(parts: &[Condition], binder: &mut Binder) -> Vec<Self> {
        let mut bound: Vec<_> = parts.iter().map(|part| Self::new(part, binder)).collect();
        bound.sort_by_key(Self::reads_body);
        bound
    }

    pub(crate) fn reads_body(&self) -> bool {
        self.any_source(&mut |source| matches!(source, Source::Body(_)))
    }

    /// Whether looking for bytes may decide a test before the body is read.
    pub(crate) fn has_needles(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::has_needles),
            Self::Not(part) => part.has_needles(),
            Self::Test(predicate) => predicate.needles.is_some(),
        }
    }

    pub(crate) fn any_source(&self, is: &mut impl FnMut(&Source) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.any_source(is)),
            Self::Not(part) => part.any_source(is),
            Self::Test(predicate) => is(&predicate.source),
        }
    }

    /// Decides the condition when each test holds, does not hold, or is not known.
    pub(crate) fn decide(&self, holds: &mut impl FnMut(&Predicate) -> Option<bool>) -> Option<bool> {
        // A list is decided by one part that says `enough`, or by all that say the opposite.
        let mut list = |parts: &[Self], enough: bool| {
            let mut known = true;
            for part in parts {
                match part.decide(holds) {
                    Some(decided) if decided == enough => return Some(enough),
                    Some(_) => {}
                    None => known = false,
                }
            }
            known.then_some(!enough)
        };
        match self {
            Self::All(parts) => list(parts, false),
            Self::Any(parts) => list(parts, true),
            Self::Not(part) => part.decide(holds).map(|decided| !decided),
            Self::Test(predicate) => holds(predicate),
        }
    }

    /// The values of a column that the condition asks for by name; none when it may hold for others.
    pub(crate) fn required(&self, column: Column) -> Option<Vec<String>> {
        match self {
            Self::All(parts) => parts.iter().filter_map(|part| part.required(column)).min_by_key(Vec::len),
            Self::Any(parts) => {
                let each: Option<Vec<_>> = parts.iter().map(|part| part.required(column)).collect();
                each.map(|each| each.concat())
            }
            Self::Not(_) => None,
            Self::Test(predicate) if predicate.source == Source::Column(column) => {
                predicate.check.only().map(|texts| texts.into_iter().map(str::to_owned).collect())
            }
            Self::Test(_) => None,
        }
    }

    /// The tests of a column.
    pub(crate) fn tests_of<'a>(&'a self, column: Column, found: &mut Vec<&'a Predicate>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.tests_of(column, found)),
            Self::Not(part) => part.tests_of(column, found),
            Self::Test(predicate) if predicate.source == Source::Column(column) => found.push(predicate),
            Self::Test(_) => {}
        }
    }
}

/// Whether a part of a tag fits: `tags.tag` is `key=value`, and `key:value` will do too.
pub(crate) fn tag_texts(part: &TagPart, key: &str, value: &str) -> Vec<String> {
    match part {
        TagPart::All => Vec::new(),
        TagPart::Tag => vec![format!("{key}={value}"), format!("{key}:{value}")],
        TagPart::Key => vec![key.to_owned()],
        TagPart::Value => vec![value.to_owned()],
        TagPart::Of(wanted) if wanted == key => vec![value.to_owned()],
        TagPart::Of(_) => Vec::new(),
    }
}
