//! Dotted paths into JSON. A path goes through lists: `ingress.cidr_blocks` is the flat list of all blocks.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::unknown::reason;

/// A dotted path such as `versioning_configuration.status`; `.` is the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Box<str>>);

impl Path {
    /// Reads a path. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "." {
            return Ok(Self::default());
        }
        if text.is_empty() || text.split('.').any(|step| step.is_empty() || step.contains(['{', '}', ' '])) {
            return Err(format!("`{text}` is not a path such as versioning_configuration.status"));
        }
        Ok(Self(text.split('.').map(Into::into).collect()))
    }

    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The value here, or the flat list when a list lies on the way. What lies below something that is not
    /// known is not known either; null is nothing.
    pub fn take(&self, value: &Value) -> Value {
        take(&self.0, value)
    }

    /// Puts a value here, making objects on the way.
    pub fn put(&self, target: &mut Value, value: Value) {
        let mut at = target;
        for step in &self.0 {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            at = &mut at[&**step];
        }
        *at = value;
    }
}

fn take(steps: &[Box<str>], value: &Value) -> Value {
    if reason(value).is_some() {
        return value.clone();
    }
    let Some((first, rest)) = steps.split_first() else { return value.clone() };
    match value {
        Value::Array(list) => {
            let mut found = Vec::new();
            for element in list {
                match take(steps, element) {
                    Value::Null => {}
                    Value::Array(inner) => found.extend(inner),
                    other => found.push(other),
                }
            }
            if list.is_empty() { Value::Null } else { Value::Array(found) }
        }
        Value::Object(map) => map.get(&**first).map_or(Value::Null, |next| take(rest, next)),
        _ => Value::Null,
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
