//! Reads a configuration item in any of AWS's spellings into the one that Haechi keeps.
//!
//! Files write `awsAccountId`, `ARN` and `configurationItemVersion`; the API writes `accountId`,
//! `arn` and `version`, and gives `configuration` and each supplementary part as JSON text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::doc::{Builder, Doc, DocError, NodeSeed, object};

fn item_key(key: &str) -> &str {
    match key {
        "awsAccountId" => "accountId",
        "ARN" => "arn",
        "configurationItemVersion" => "version",
        other => other,
    }
}

fn relationship_key(key: &str) -> &str {
    if key == "name" { "relationshipName" } else { key }
}

/// Reads one item; the second value says that it was in the API's form (text in text).
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D, size: usize) -> Result<(Builder, bool), D::Error> {
    let mut builder = Builder::with_capacity(size);
    let api_form = deserializer.deserialize_map(ItemVisitor(&mut builder))?;
    Ok((builder, api_form))
}

struct ItemVisitor<'b>(&'b mut Builder);

impl<'de> Visitor<'de> for ItemVisitor<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a configuration item (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        let mut api_form = false;
        object(self.0, map, Some(item_key), |builder, key, map| match key.of(builder) {
            "configuration" => map.next_value_seed(Configuration(builder, &mut api_form)),
            "relationships" => map.next_value_seed(Relationships(builder)),
            "configurationStateId" => map.next_value_seed(Text(builder)),
            "tags" => map.next_value_seed(Tags(builder)),
            _ => map.next_value_seed(NodeSeed(builder)),
        })?;
        Ok(api_form)
    }
}

macro_rules! seed {
    ($name:ident) => {
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

/// Forwards everything but the listed methods to the plain reader.
macro_rules! otherwise_plain {
    ($($method:ident: $type:ty),*) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON value")
        }
        fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
            NodeSeed(self.0).visit_unit()
        }
        $(fn $method<E: serde::de::Error>(self, value: $type) -> Result<(), E> {
            NodeSeed(self.0).$method(value)
        })*
    };
}

/// `configuration`: an object, or JSON text that holds one.
struct Configuration<'b, 'f>(&'b mut Builder, &'f mut bool);

impl<'de> DeserializeSeed<'de> for Configuration<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Configuration<'_, '_> {
    type Value = ();
    otherwise_plain!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if !text.trim_start().starts_with('{') {
            return NodeSeed(self.0).visit_str(text);
        }
        *self.1 = true;
        let mut inner = serde_json::Deserializer::from_str(text);
        NodeSeed(self.0)
            .deserialize(&mut inner)
            .and_then(|()| inner.end())
            .map_err(|error| E::custom(format_args!("`configuration` is text that is not JSON: {error}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        NodeSeed(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        NodeSeed(self.0).visit_map(map)
    }
}

/// `relationships`: a list of objects whose `name` is `relationshipName` in the API.
struct Relationships<'b>(&'b mut Builder);
seed!(Relationships);

impl<'de> Visitor<'de> for Relationships<'_> {
    type Value = ();
    otherwise_plain!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let at = self.0.open(true);
        let mut members = 0;
        while seq.next_element_seed(Relationships(self.0))?.is_some() {
            members += 1;
        }
        self.0.close(at, members);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        object(self.0, map, Some(relationship_key), |builder, _, map| map.next_value_seed(NodeSeed(builder)))
    }
}

/// A member that is text in the API and a number in files.
struct Text<'b>(&'b mut Builder);
seed!(Text);

impl<'de> Visitor<'de> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a number")
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        NodeSeed(self.0).visit_unit()
    }
    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        NodeSeed(self.0).visit_str(value)
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }
}

/// `tags`: a map, or the list of `{key, value}` that advanced queries give.
struct Tags<'b>(&'b mut Builder);
seed!(Tags);

impl<'de> Visitor<'de> for Tags<'_> {
    type Value = ();
    otherwise_plain!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        NodeSeed(self.0).visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let at = self.0.open(false);
        let mut seen = std::collections::HashSet::new();
        while let Some(tag) = seq.next_element::<Value>()? {
            let text = |name: &str, other: &str| {
                tag.get(name).or_else(|| tag.get(other)).and_then(Value::as_str).map(str::to_owned)
            };
            let (Some(key), value) = (text("key", "Key"), text("value", "Value")) else { continue };
            if seen.insert(key.clone()) {
                self.0.string(&key);
                self.0.string(value.as_deref().unwrap_or_default());
            }
        }
        self.0.close(at, seen.len() as u32);
        Ok(())
    }
}

/// In the API's form each supplementary part is JSON text: one level of it is undone.
pub(crate) fn undo_api_text(doc: &Doc) -> Result<Doc, DocError> {
    let mut value = doc.root().to_value();
    if let Some(parts) = value.get_mut("supplementaryConfiguration").and_then(Value::as_object_mut) {
        for part in parts.values_mut() {
            if let Some(inner) = part.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
                *part = inner;
            }
        }
    }
    Doc::from_value(&value)
}
