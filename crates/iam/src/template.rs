//! Patterns with policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`. The text that
//! replaces a variable is literal: a star in a user's name is no wildcard.

use crate::context::Found;
use crate::glob::Glob;
use crate::key::{Facts, Key};
use crate::pattern::glob_symbols;
use crate::tri::Tri;

/// A pattern of a policy.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// Without variables.
    Fixed(Glob),
    Template(Template),
}

/// What `*` and `?` mean where the pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Match,
    /// In `StringEquals` and its like they are letters.
    Literal,
}

/// A pattern with variables.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    parts: Box<[Part]>,
    wildcards: Wildcards,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<str>),
    Star,
    AnyOne,
    Variable { key: Key, default: Option<Box<str>> },
}

/// What a variable is replaced by.
enum Replacement<'a> {
    Text(&'a str),
    /// The key is absent or has many values: AWS reads it as null, which equals nothing.
    Null,
    Unknown,
}

/// A symbol of a resolved pattern: a character, or one of the two wildcards (beyond all characters).
pub(crate) type Symbol = u32;
pub(crate) const STAR: Symbol = u32::MAX;
pub(crate) const ANY_ONE: Symbol = u32::MAX - 1;

/// Patterns and texts up to here are compared without allocating.
const ON_STACK: usize = 256;

impl Template {
    /// Reads the variables of a pattern; `None` if it has none. An unfinished `${` is text.
    pub(crate) fn parse(text: &str, wildcards: Wildcards) -> Option<Template> {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut plain = String::new();
        let mut found = false;
        let flush = |plain: &mut String, parts: &mut Vec<Part>| {
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(plain).into()));
            }
        };
        while let Some(character) = rest.chars().next() {
            if let Some(inner) = rest.strip_prefix("${")
                && let Some(end) = inner.find('}')
            {
                found = true;
                match &inner[..end] {
                    literal @ ("*" | "?" | "$") => plain.push_str(literal),
                    variable => {
                        flush(&mut plain, &mut parts);
                        parts.push(Self::variable(variable));
                    }
                }
                rest = &inner[end + 1..];
                continue;
            }
            match (character, wildcards) {
                ('*', Wildcards::Match) => {
                    flush(&mut plain, &mut parts);
                    parts.push(Part::Star);
                }
                ('?', Wildcards::Match) => {
                    flush(&mut plain, &mut parts);
                    parts.push(Part::AnyOne);
                }
                _ => plain.push(character),
            }
            rest = &rest[character.len_utf8()..];
        }
        flush(&mut plain, &mut parts);
        found.then(|| Template { parts: parts.into(), wildcards })
    }

    /// `key`, or `key, 'default'`.
    fn variable(text: &str) -> Part {
        let (key, default) = match text.split_once(',') {
            Some((key, default)) => {
                let default = default.trim();
                let quoted = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                (key, Some(quoted.unwrap_or(default).into()))
            }
            None => (text, None),
        };
        Part::Variable { key: Key::new(key.trim()), default }
    }

    /// Calls `each` with every key that has a variable.
    pub(crate) fn keys<'t>(&'t self, mut each: impl FnMut(&'t Key)) {
        for part in &self.parts {
            if let Part::Variable { key, .. } = part {
                each(key);
            }
        }
    }

    /// Whether the text, with every variable replaced, matches.
    pub(crate) fn matches(&self, text: &str, facts: &Facts<'_>) -> Tri {
        let mut length = 0;
        for part in &self.parts {
            length += match part {
                Part::Text(text) => text.len(),
                Part::Star | Part::AnyOne => 1,
                Part::Variable { key, default } => match replacement(key, default.as_deref(), facts) {
                    Replacement::Text(text) => text.len(),
                    Replacement::Null => return Tri::No,
                    // The text before the first unknown could still tell a no; not worth it.
                    Replacement::Unknown => return Tri::Maybe,
                },
            };
        }
        let matched = if length <= ON_STACK && text.len() <= ON_STACK {
            let (mut symbols, mut letters) = ([0; ON_STACK], [0; ON_STACK]);
            let pattern = self.resolve(&mut symbols, facts);
            glob_symbols(pattern, fill(&mut letters, text))
        } else {
            let (mut symbols, mut letters) = (vec![0; length], vec![0; text.len()]);
            let pattern = self.resolve(&mut symbols, facts);
            glob_symbols(pattern, fill(&mut letters, text))
        };
        matched.into()
    }

    /// Whether the text equals the template with its variables replaced, letters of different case being the same.
    pub(crate) fn equals_ignoring_case(&self, text: &str, facts: &Facts<'_>) -> Tri {
        debug_assert_eq!(self.wildcards, Wildcards::Literal);
        let mut rest = text;
        let mut unknown = Tri::Yes;
        for part in &self.parts {
            let wanted: &str = match part {
                Part::Text(text) => text,
                Part::Star => "*",
                Part::AnyOne => "?",
                Part::Variable { key, default } => match replacement(key, default.as_deref(), facts) {
                    Replacement::Text(text) => text,
                    Replacement::Null => return Tri::No,
                    Replacement::Unknown => {
                        unknown = Tri::Maybe;
                        continue;
                    }
                },
            };
            if unknown == Tri::Maybe {
                continue;
            }
            match rest.split_at_checked(wanted.len()) {
                Some((head, tail)) if head.eq_ignore_ascii_case(wanted) => rest = tail,
                _ => return Tri::No,
            }
        }
        if unknown == Tri::Maybe { Tri::Maybe } else { rest.is_empty().into() }
    }

    fn resolve<'b>(&self, buffer: &'b mut [Symbol], facts: &Facts<'_>) -> &'b [Symbol] {
        let mut at = 0;
        let mut push = |symbol| {
            buffer[at] = symbol;
            at += 1;
        };
        for part in &self.parts {
            match part {
                Part::Text(text) => text.chars().for_each(|c| push(Symbol::from(c))),
                Part::Star => push(STAR),
                Part::AnyOne => push(ANY_ONE),
                Part::Variable { key, default } => {
                    if let Replacement::Text(text) = replacement(key, default.as_deref(), facts) {
                        text.chars().for_each(|c| push(Symbol::from(c)));
                    }
                }
            }
        }
        &buffer[..at]
    }
}

fn replacement<'a>(key: &Key, default: Option<&'a str>, facts: &Facts<'a>) -> Replacement<'a> {
    match (key.find(facts), default) {
        (Found::Single(text), _) => Replacement::Text(text),
        (Found::Unknown, _) => Replacement::Unknown,
        (Found::Many(_), _) => Replacement::Null,
        (Found::Absent | Found::NotGiven, Some(default)) => Replacement::Text(default),
        (Found::Absent | Found::NotGiven, None) => Replacement::Null,
    }
}

fn fill<'b>(buffer: &'b mut [Symbol], text: &str) -> &'b [Symbol] {
    let mut length = 0;
    for (slot, character) in buffer.iter_mut().zip(text.chars()) {
        *slot = Symbol::from(character);
        length += 1;
    }
    &buffer[..length]
}
