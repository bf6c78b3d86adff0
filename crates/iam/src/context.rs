//! The request context: condition keys with their values, and what is known of the rest.

use crate::catalogue::Catalogue;
use crate::tri::Tri;

/// A fact of the recorded organization.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Fact<T> {
    /// Nobody has told. A closed question reads it as absent and says so; an open one answers "maybe".
    #[default]
    Unknown,
    /// There is none: an account outside any organization, say.
    Absent,
    Known(T),
}

/// What a key that was not given means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Completeness {
    /// The request has no such key, as AWS reads it.
    #[default]
    Complete,
    /// The request may have it, with any value: for questions about a whole organization.
    Open,
}

/// The keys of one request. Names are compared without regard to case, tag keys inside them too.
#[derive(Clone, Debug, Default)]
pub struct Context {
    entries: Vec<(Box<str>, Given)>,
    completeness: Completeness,
    now: Option<(Box<str>, Box<str>)>,
}

/// What was told of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Given {
    Single(Box<str>),
    Many(Box<[Box<str>]>),
    Absent,
    Unknown,
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    Single(&'a str),
    Many(&'a [Box<str>]),
    /// It is certain that the request has no such key.
    Absent,
    /// Nobody told, and the question is closed: read as absent, and noted.
    NotGiven,
    /// Nobody told, and the question is open.
    Unknown,
}

impl Context {
    /// A context without keys, of a closed question.
    pub fn new() -> Context {
        Context::default()
    }

    /// A context of an open question: what is not told may be anything.
    pub fn open() -> Context {
        Context { completeness: Completeness::Open, ..Context::default() }
    }

    /// Gives a key that has one value its value.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Context {
        self.give(key.to_ascii_lowercase(), Given::Single(value.into()))
    }

    /// Gives a key that has many values all of them, which only `ForAllValues` and `ForAnyValue` can compare; an
    /// empty list means that the key is absent.
    pub fn set_all<'v>(&mut self, key: &str, values: impl IntoIterator<Item = &'v str>) -> &mut Context {
        let values: Box<[Box<str>]> = values.into_iter().map(Box::from).collect();
        let given = if values.is_empty() { Given::Absent } else { Given::Many(values) };
        self.give(key.to_ascii_lowercase(), given)
    }

    /// Gives a key whatever somebody told of it. One value is a set of one only for keys that have many values by
    /// the table: a list of one for any other key is that value.
    pub fn tell(&mut self, catalogue: &Catalogue, key: &str, values: &[&str]) -> &mut Context {
        match values {
            [value] if !catalogue.is_many_valued(key) => self.set(key, value),
            values => self.set_all(key, values.iter().copied()),
        }
    }

    /// Tells that the request has no such key.
    pub fn set_absent(&mut self, key: &str) -> &mut Context {
        self.give(key.to_ascii_lowercase(), Given::Absent)
    }

    /// Tells that nothing is known of a key: the answer is "maybe" where it matters.
    pub fn set_unknown(&mut self, key: &str) -> &mut Context {
        self.give(key.to_ascii_lowercase(), Given::Unknown)
    }

    /// The moment of the request, for `aws:CurrentTime` (`iso`) and `aws:EpochTime` (`seconds`).
    pub fn set_now(&mut self, iso: &str, seconds: i64) -> &mut Context {
        self.now = Some((iso.into(), seconds.to_string().into()));
        self
    }

    /// How many keys were given whose lower-case name begins so.
    pub(crate) fn count_of(&self, lower_prefix: &str) -> usize {
        let is_there = |given: &Given| matches!(given, Given::Single(_) | Given::Many(_));
        self.entries.iter().filter(|(key, given)| key.starts_with(lower_prefix) && is_there(given)).count()
    }

    pub fn completeness(&self) -> Completeness {
        self.completeness
    }

    fn give(&mut self, lower: String, given: Given) -> &mut Context {
        match self.entries.iter_mut().find(|(key, _)| **key == *lower) {
            Some((_, old)) => *old = given,
            None => self.entries.push((lower.into(), given)),
        }
        self
    }

    /// What was given, by the key's lower-case name.
    #[inline]
    pub(crate) fn given(&self, lower: &str) -> Option<Found<'_>> {
        let (_, given) = self.entries.iter().find(|(key, _)| **key == *lower)?;
        Some(match given {
            Given::Single(value) => Found::Single(value),
            Given::Many(values) => Found::Many(values),
            Given::Absent => Found::Absent,
            Given::Unknown => Found::Unknown,
        })
    }

    pub(crate) fn current_time(&self) -> Option<&str> {
        self.now.as_ref().map(|(iso, _)| &**iso)
    }

    pub(crate) fn epoch_time(&self) -> Option<&str> {
        self.now.as_ref().map(|(_, seconds)| &**seconds)
    }
}

impl Completeness {
    /// What a key that was not told is to the question.
    #[inline]
    pub(crate) fn not_told(self) -> Found<'static> {
        match self {
            Completeness::Complete => Found::NotGiven,
            Completeness::Open => Found::Unknown,
        }
    }
}

impl Found<'_> {
    /// Whether the key is in the request.
    pub(crate) fn is_there(self) -> Tri {
        match self {
            Found::Single(_) | Found::Many(_) => Tri::Yes,
            Found::Absent | Found::NotGiven => Tri::No,
            Found::Unknown => Tri::Maybe,
        }
    }
}
