//! From the tree to the types of this crate, by serde. An error keeps the place of the innermost part
//! it is about, and an unknown name gets "did you mean".

use std::fmt;
use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};

use super::{Node, NodeValue, Style};
use crate::source::{Diagnostic, Source, nearest};

/// Reads a value from a tree.
pub fn from_node<T: DeserializeOwned>(node: &Node, source: &Source) -> Result<T, Diagnostic> {
    T::deserialize(node).map_err(|error| {
        let diagnostic = source.diagnostic(error.span.unwrap_or_else(|| node.span()), error.message);
        match error.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    })
}

#[derive(Debug)]
pub struct DeError {
    message: String,
    help: Option<String>,
    span: Option<Range<usize>>,
}

impl DeError {
    fn new(message: String) -> Self {
        Self { message, help: None, span: None }
    }

    /// Notes the place, unless a part within has noted its own.
    fn at(mut self, node: &Node) -> Self {
        self.span.get_or_insert_with(|| node.span());
        self
    }

    fn unknown(what: &str, name: &str, expected: &'static [&'static str]) -> Self {
        let help = match nearest(name, expected.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if expected.is_empty() => "nothing may stand here".to_owned(),
            None => format!("known are: {}", expected.join(", ")),
        };
        Self { help: Some(help), ..Self::new(format!("unknown {what} `{name}`")) }
    }
}

impl fmt::Display for DeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DeError {}

impl de::Error for DeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("field", field, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("value", variant, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the field `{field}` is missing"))
    }
}

/// What a plain scalar means by the core schema of YAML 1.2.
enum Plain<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

fn plain(text: &str) -> Plain<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    let numeric = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    if !matches!(numeric.first(), Some(b'0'..=b'9' | b'.')) || !numeric.iter().any(u8::is_ascii_digit) {
        return Plain::Text(text);
    }
    if let Ok(number) = text.parse() {
        return Plain::Unsigned(number);
    }
    if let Ok(number) = text.parse() {
        return Plain::Signed(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Plain::Float(number),
        _ => Plain::Text(text),
    }
}

impl<'de> de::Deserializer<'de> for &'de Node {
    type Error = DeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        match &self.value {
            NodeValue::Scalar { text, style: Style::Plain } => match plain(text) {
                Plain::Null => visitor.visit_unit(),
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Unsigned(value) => visitor.visit_u64(value),
                Plain::Signed(value) => visitor.visit_i64(value),
                Plain::Float(value) => visitor.visit_f64(value),
                Plain::Text(text) => visitor.visit_borrowed_str(text),
            },
            NodeValue::Scalar { text, .. } => visitor.visit_borrowed_str(text),
            NodeValue::List(list) => visitor.visit_seq(Items { rest: list.iter() }),
            NodeValue::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), value: None }),
        }
        .map_err(|error: DeError| error.at(self))
    }

    /// A text is wanted: `1.10` and `true` are texts then, as they are written.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        match &self.value {
            NodeValue::Scalar { text, .. } if !self.is_null() => {
                visitor.visit_borrowed_str(text).map_err(|error: DeError| error.at(self))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeError> {
        match self.text() {
            Some(text) => visitor.visit_enum(IntoDeserializer::<DeError>::into_deserializer(text)),
            None => Err(DeError::new(format!("{name} is one of: {}", variants.join(", ")))),
        }
        .map_err(|error: DeError| error.at(self))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier
    }
}

struct Items<'de> {
    rest: std::slice::Iter<'de, Node>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = DeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DeError> {
        self.rest.next().map(|node| seed.deserialize(node).map_err(|error| error.at(node))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, (Node, Node)>,
    value: Option<&'de Node>,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = DeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DeError> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        let text: StrDeserializer<'_, DeError> = key.text().unwrap_or_default().into_deserializer();
        seed.deserialize(text).map(Some).map_err(|error| error.at(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DeError> {
        match self.value.take() {
            Some(node) => seed.deserialize(node).map_err(|error| error.at(node)),
            None => Err(DeError::new("a value without a key".to_owned())),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::yaml::{Limits, read};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        #[serde(default)]
        level: Option<Level>,
        #[serde(default)]
        count: Option<f64>,
        #[serde(default)]
        more: Value,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        High,
        Low,
    }

    fn sample(text: &str) -> Result<Sample, String> {
        let source = Source::new("a.yaml", text);
        let node = read(&source, Limits::CONTENT).map_err(|error| error.short())?;
        from_node(&node, &source).map_err(|error| format!("{} | {}", error.short(), error.help.unwrap_or_default()))
    }

    #[test]
    fn reads_texts_numbers_and_json_values() {
        let read =
            sample("name: 1.10\nlevel: high\ncount: 3\nmore: {a: [1, -2, 1.5, true, null, '1', x, 1e3, .5, '-']}\n");
        let more = json!({"a": [1, -2, 1.5, true, null, "1", "x", 1000.0, 0.5, "-"]});
        assert_eq!(read, Ok(Sample { name: "1.10".into(), level: Some(Level::High), count: Some(3.0), more }));
        assert_eq!(sample("name: x\nlevel:\n").unwrap().level, None);
    }

    #[test]
    fn errors_stand_where_they_are() {
        for (text, expected) in [
            ("nam: x\n", "a.yaml:1:1: unknown field `nam` | did you mean `name`?"),
            ("name: x\nlevel: hihg\n", "a.yaml:2:8: unknown value `hihg` | did you mean `high`?"),
            ("name: x\ncount: [1]\n", "a.yaml:2:8: invalid type: sequence, expected f64 | "),
            ("level: low\n", "a.yaml:1:1: the field `name` is missing | "),
            ("name: {a: 1}\n", "a.yaml:1:7: invalid type: map, expected a string | "),
            ("name:\n", "a.yaml:1:5: invalid type: unit value, expected a string | "),
        ] {
            assert_eq!(sample(text).unwrap_err(), expected);
        }
    }
}
