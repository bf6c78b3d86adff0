//! Single values of an item as they are compared, sorted and grouped.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use crate::json::unescaped;

/// A value of JSON that is no list and no object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
}

/// A number, whole where it can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Only what JSON calls a number: no `inf`, no leading plus.
        let begins = text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
        if !begins {
            return None;
        }
        match text.parse() {
            Ok(whole) => Some(Self::Whole(whole)),
            Err(_) => text.parse().ok().filter(|real: &f64| real.is_finite()).map(Self::Real),
        }
    }

    pub(crate) fn as_real(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    pub(crate) fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(one), Self::Whole(two)) => one.cmp(&two),
            (one, two) => one.as_real().total_cmp(&two.as_real()),
        }
    }

    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Whole(whole) => whole.into(),
            Self::Real(real) => real.into(),
        }
    }
}

impl<'a> Scalar<'a> {
    /// Reads the bytes of a JSON value; none for lists, objects and what is no JSON.
    pub(crate) fn of_json(bytes: &'a [u8]) -> Option<Self> {
        match bytes.first()? {
            b'"' => unescaped(bytes).map(Scalar::Text),
            b't' => Some(Scalar::Bool(true)),
            b'f' => Some(Scalar::Bool(false)),
            b'n' => Some(Scalar::Null),
            b'-' | b'0'..=b'9' => Number::parse(std::str::from_utf8(bytes).ok()?).map(Scalar::Number),
            _ => None,
        }
    }

    pub(crate) fn text(text: &'a str) -> Self {
        Scalar::Text(Cow::Borrowed(text))
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Scalar::Null => Value::Null,
            Scalar::Bool(is) => (*is).into(),
            Scalar::Number(number) => number.to_value(),
            Scalar::Text(text) => text.as_ref().into(),
        }
    }

    pub(crate) fn into_owned(self) -> Scalar<'static> {
        match self {
            Scalar::Null => Scalar::Null,
            Scalar::Bool(is) => Scalar::Bool(is),
            Scalar::Number(number) => Scalar::Number(number),
            Scalar::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Scalar::Bool(_) => 0,
            Scalar::Number(_) => 1,
            Scalar::Text(_) => 2,
            Scalar::Null => 3,
        }
    }

    /// One order for all values: truth values, numbers, texts, and last what is missing.
    pub(crate) fn order(&self, other: &Scalar<'_>) -> Ordering {
        match (self, other) {
            (Scalar::Bool(one), Scalar::Bool(two)) => one.cmp(two),
            (Scalar::Number(one), Scalar::Number(two)) => one.order(*two),
            (Scalar::Text(one), Scalar::Text(two)) => one.as_ref().cmp(two.as_ref()),
            (one, two) => one.rank().cmp(&two.rank()),
        }
    }

    /// Appends the value as JSON text, the same for the same value however it was written.
    pub(crate) fn write_key(&self, key: &mut Vec<u8>) {
        match self {
            Scalar::Null => key.extend(b"null"),
            Scalar::Bool(is) => key.extend(if *is { &b"true"[..] } else { b"false" }),
            Scalar::Number(number) => key.extend(number.to_value().to_string().into_bytes()),
            // Plain text needs no escapes: the common case.
            Scalar::Text(text) if !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') => {
                key.push(b'"');
                key.extend(text.as_bytes());
                key.push(b'"');
            }
            Scalar::Text(text) => key.extend(Value::from(text.as_ref()).to_string().into_bytes()),
        }
    }
}
