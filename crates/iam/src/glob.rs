//! Wildcard patterns prepared once: what most of them are (a literal, a prefix and a star) is matched without
//! looking at the pattern again.

use crate::pattern::{Case, contains, matches, overlaps};
use crate::tri::Tri;

/// A pattern with `*` and `?`, case-sensitive. For matching without case, give it and the text in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    text: Box<str>,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Stars only.
    Anything,
    /// No wildcard.
    Literal,
    /// Text, then one star.
    Prefix,
    /// One star, then text.
    Suffix,
    General,
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Glob {
        let has = |text: &str| text.bytes().any(|byte| matches!(byte, b'*' | b'?'));
        let shape = if !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
            Shape::Anything
        } else if !has(pattern) {
            Shape::Literal
        } else if pattern.strip_suffix('*').is_some_and(|prefix| !has(prefix)) {
            Shape::Prefix
        } else if pattern.strip_prefix('*').is_some_and(|suffix| !has(suffix)) {
            Shape::Suffix
        } else {
            Shape::General
        };
        Glob { text: pattern.into(), shape }
    }

    pub(crate) fn is_anything(&self) -> bool {
        self.shape == Shape::Anything
    }

    #[inline]
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self.shape {
            Shape::Anything => true,
            Shape::Literal => *self.text == *text,
            Shape::Prefix => text.as_bytes().starts_with(&self.text.as_bytes()[..self.text.len() - 1]),
            Shape::Suffix => text.as_bytes().ends_with(&self.text.as_bytes()[1..]),
            Shape::General => matches(&self.text, text, Case::Sensitive),
        }
    }

    /// Whether it can match a text of another pattern whose wildcards stand for no colon: the colons then stand one
    /// below the other, and each part is compared by itself.
    pub(crate) fn meets_by_parts(&self, set: &str) -> bool {
        let colons = |text: &str| text.bytes().filter(|byte| *byte == b':').count();
        match colons(&self.text).cmp(&colons(set)) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal => {
                let mut parts = self.text.split(':').zip(set.split(':'));
                parts.all(|(own, other)| overlaps(own, other, Case::Sensitive))
            }
        }
    }

    /// Whether it matches all, some or none of the texts of another pattern.
    pub(crate) fn matches_set(&self, set: &str) -> Tri {
        if self.is_anything() {
            return Tri::Yes;
        }
        // Most patterns differ, or include the other, before the first wildcard of either.
        let head =
            |pattern: &str| pattern.bytes().position(|byte| matches!(byte, b'*' | b'?')).unwrap_or(pattern.len());
        let (own, other) = (&self.text.as_bytes()[..head(&self.text)], &set.as_bytes()[..head(set)]);
        let common = own.len().min(other.len());
        if own[..common] != other[..common] {
            Tri::No
        } else if (self.shape == Shape::Prefix && other.len() >= own.len())
            || contains(&self.text, set, Case::Sensitive)
        {
            Tri::Yes
        } else if overlaps(&self.text, set, Case::Sensitive) {
            Tri::Maybe
        } else {
            Tri::No
        }
    }
}
