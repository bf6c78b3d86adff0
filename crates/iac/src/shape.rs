//! How a value of a planned resource becomes a value of an item: the mapping language, the collectors' words
//! with what plans and templates need besides.
//!
//! A shape is a path, or a map of steps done in this order: `from`, `either` or `join`, `where`, `first`, one of
//! `then`, `each` (with `by`), `build` and `case`, then `present`, `equals`, `words`, `list`,
//! `otherwise`, `text`, `unknown`. What is not known goes through all of them as it is: it never becomes a value or nothing.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_json::{Map, Value};

use crate::path::Path;
use crate::unknown::{reason, unknown};

/// How member names are spelt when a part is taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// `vpc_id` and `VpcId` are `vpcId`.
    Camel,
    /// `vpc_id` is `VpcId`.
    Pascal,
}

impl Case {
    fn spell(self, name: &str) -> String {
        let mut spelt = String::with_capacity(name.len());
        let mut large = self == Case::Pascal;
        for (at, c) in name.char_indices() {
            match c {
                '_' => large = true,
                _ if large => {
                    spelt.push(c.to_ascii_uppercase());
                    large = false;
                }
                _ if at == 0 => spelt.push(c.to_ascii_lowercase()),
                _ => spelt.push(c),
            }
        }
        spelt
    }
}

/// One shape. See the module.
#[derive(Clone, Debug, Default)]
pub struct Shape(Box<Steps>);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Steps {
    /// Where the value stands; the value at hand when left out.
    from: Path,
    /// The first of these that gives something.
    either: Vec<Shape>,
    /// All of these that give something, their lists or maps put together.
    join: Vec<Shape>,
    /// Of a list, the elements whose member is one of these words; `*` is any value at all, `-` none.
    #[serde(rename = "where")]
    only: BTreeMap<Path, OneOrMore>,
    /// Of a list, its first element.
    first: bool,
    /// What is there by this shape.
    then: Option<Shape>,
    /// Each element of a list by this shape.
    each: Option<Shape>,
    /// The list as a map: the key is this member of each element (before `each`).
    by: Option<Path>,
    /// An object of these members, in the order of their names.
    build: BTreeMap<String, Shape>,
    /// `build` gives an object even when there is nothing to build from.
    always_built: bool,
    /// All member names in this spelling.
    case: Option<Case>,
    /// Other words for these.
    words: BTreeMap<String, Value>,
    /// Whether it is this value: a boolean.
    #[serde(deserialize_with = "given")]
    equals: Option<Value>,
    /// Whether there is a value: a boolean.
    present: bool,
    /// The value when there is none.
    #[serde(deserialize_with = "given")]
    otherwise: Option<Value>,
    /// A value that is always the same.
    #[serde(deserialize_with = "given")]
    always: Option<Value>,
    /// The value in a list of one.
    list: bool,
    /// The value as JSON text; a text is one already.
    text: bool,
    /// That there is a value is all that the source tells: it is not known, for this reason.
    unknown: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn words(&self) -> &[String] {
        match self {
            OneOrMore::One(word) => std::slice::from_ref(word),
            OneOrMore::More(words) => words,
        }
    }
}

/// A value that is given, even when it is null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PathOrSteps;
        impl<'de> Visitor<'de> for PathOrSteps {
            type Value = Shape;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a map of mapping steps")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Shape, E> {
                let from = Path::parse(text).map_err(E::custom)?;
                Ok(Shape(Box::new(Steps { from, ..Steps::default() })))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape, A::Error> {
                Steps::deserialize(MapAccessDeserializer::new(map)).map(|steps| Shape(Box::new(steps)))
            }
        }
        deserializer.deserialize_any(PathOrSteps)
    }
}

/// Which members a shape can make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cover {
    /// All that can be there.
    #[default]
    Whole,
    Members(BTreeMap<String, Cover>),
}

impl Cover {
    pub(crate) fn merge(&mut self, other: Cover) {
        match (self, other) {
            (Cover::Members(mine), Cover::Members(theirs)) => {
                for (name, cover) in theirs {
                    match mine.get_mut(&name) {
                        Some(known) => known.merge(cover),
                        None => {
                            mine.insert(name, cover);
                        }
                    }
                }
            }
            (whole, _) => *whole = Cover::Whole,
        }
    }
}

impl Shape {
    /// The value of the item for a value of a resource; null is nothing.
    pub fn apply(&self, source: &Value) -> Value {
        let steps = &*self.0;
        if let Some(always) = &steps.always {
            return always.clone();
        }
        let mut value = steps.from.take(source);
        if reason(&value).is_some() {
            return value;
        }
        if !steps.either.is_empty() {
            let mut choices = steps.either.iter().map(|shape| shape.apply(&value));
            value = choices.find(|found| !found.is_null()).unwrap_or_default();
        } else if !steps.join.is_empty() {
            value = joined(steps.join.iter().map(|shape| shape.apply(&value)));
        }
        value = steps.members(steps.select(value));
        if reason(&value).is_none() {
            value = steps.convert(value);
        }
        if steps.list && !value.is_null() {
            value = Value::Array(vec![value]);
        }
        if value.is_null()
            && let Some(otherwise) = &steps.otherwise
        {
            value = otherwise.clone();
        }
        if steps.text && !value.is_null() && !value.is_string() {
            value = Value::String(value.to_string());
        }
        match &steps.unknown {
            Some(why) if reason(&value).is_none() && !is_empty(&value) => unknown(why),
            _ => value,
        }
    }

    pub(crate) fn cover(&self) -> Cover {
        let steps = &*self.0;
        let all = |shapes: &[Shape]| {
            let mut covers = shapes.iter().map(Shape::cover);
            let first = covers.next().unwrap_or_default();
            covers.fold(first, |mut all, cover| {
                all.merge(cover);
                all
            })
        };
        if steps.text || steps.by.is_some() {
            return Cover::Whole;
        }
        if let Some(inner) = steps.then.as_ref().or(steps.each.as_ref()) {
            return inner.cover();
        }
        if steps.build.is_empty() && !steps.either.is_empty() {
            return all(&steps.either);
        }
        if steps.build.is_empty() && !steps.join.is_empty() {
            return all(&steps.join);
        }
        if steps.build.is_empty() {
            return Cover::Whole;
        }
        Cover::Members(steps.build.iter().map(|(name, shape)| (name.clone(), shape.cover())).collect())
    }
}

fn joined(values: impl Iterator<Item = Value>) -> Value {
    values.fold(Value::Null, |whole, value| match (whole, value) {
        (whole, Value::Null) => whole,
        (whole, _) if reason(&whole).is_some() => whole,
        (_, value) if reason(&value).is_some() => value,
        (Value::Array(mut list), Value::Array(more)) => {
            list.extend(more);
            Value::Array(list)
        }
        (Value::Object(mut map), Value::Object(more)) => {
            map.extend(more);
            Value::Object(map)
        }
        (_, value) => value,
    })
}

/// Whether an element is wanted; none when that depends on what is not known.
fn wanted(only: &BTreeMap<Path, OneOrMore>, element: &Value) -> Option<bool> {
    let mut sure = true;
    for (path, words) in only {
        let found = path.take(element);
        if reason(&found).is_some() {
            sure = false;
            continue;
        }
        let text = match &found {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let fits = words.words().iter().any(|word| match word.as_str() {
            "*" => !found.is_null(),
            "-" => found.is_null() || text.is_empty(),
            word => !found.is_null() && word == text,
        });
        if !fits {
            return Some(false);
        }
    }
    sure.then_some(true)
}

impl Steps {
    fn select(&self, value: Value) -> Value {
        let mut value = value;
        if !self.only.is_empty()
            && let Value::Array(list) = &mut value
        {
            let mut doubtful = None;
            list.retain(|element| {
                wanted(&self.only, element).unwrap_or_else(|| {
                    doubtful = Some(unknown("whether it belongs here is known after apply"));
                    false
                })
            });
            if let Some(doubtful) = doubtful {
                return doubtful;
            }
        }
        match value {
            Value::Array(list) if self.first => list.into_iter().next().unwrap_or_default(),
            other => other,
        }
    }

    fn members(&self, value: Value) -> Value {
        if reason(&value).is_some() {
            return value;
        }
        // Terraform writes an empty text where nothing is set: nothing is made from it.
        let shaped = self.then.is_some() || self.each.is_some() || !self.build.is_empty();
        let value = if shaped && value == "" { Value::Null } else { value };
        if let Some(then) = &self.then {
            return if value.is_null() { value } else { then.apply(&value) };
        }
        if self.each.is_some() || self.by.is_some() {
            return self.elements(value);
        }
        if !self.build.is_empty() {
            // A block that may stand once comes as a list of one.
            let value = match value {
                Value::Array(list) if list.len() <= 1 => list.into_iter().next().unwrap_or_default(),
                other => other,
            };
            if (value.is_null() && !self.always_built) || reason(&value).is_some() {
                return value;
            }
            let built = self.build.iter().map(|(name, shape)| (name.clone(), shape.apply(&value)));
            return Value::Object(built.filter(|(_, member)| !member.is_null()).collect());
        }
        match self.case {
            Some(case) => spelt(value, case),
            None => value,
        }
    }

    fn elements(&self, value: Value) -> Value {
        let list = match value {
            Value::Array(list) => list,
            Value::Null => return Value::Null,
            one => vec![one],
        };
        let plain = Shape::default();
        let shape = self.each.as_ref().unwrap_or(&plain);
        match &self.by {
            None => Value::Array(list.iter().map(|one| shape.apply(one)).filter(|value| !value.is_null()).collect()),
            Some(key) => {
                let key = |element: &Value| key.take(element).as_str().map(str::to_owned);
                Value::Object(list.iter().filter_map(|one| Some((key(one)?, shape.apply(one)))).collect())
            }
        }
    }

    fn convert(&self, value: Value) -> Value {
        let value = if self.present { Value::Bool(!is_empty(&value)) } else { value };
        if let Some(wanted) = &self.equals {
            return if value.is_null() { value } else { Value::Bool(same(&value, wanted)) };
        }
        if self.words.is_empty() {
            return value;
        }
        let word = match &value {
            Value::String(word) => word.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return value,
        };
        // A word that the table lacks stays, unless the table has a `*`.
        self.words.get(&word).or_else(|| self.words.get("*")).cloned().unwrap_or(value)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Templates write `"true"` and `true` for the same.
fn same(value: &Value, wanted: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value == wanted || (!value.is_object() && !value.is_array() && text(value) == text(wanted))
}

fn spelt(value: Value, case: Case) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(|element| spelt(element, case)).collect()),
        Value::Object(map) => {
            let members = map.into_iter().filter(|(_, member)| !member.is_null());
            Value::Object(members.map(|(name, member)| (case.spell(&name), spelt(member, case))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(shape: Value, source: Value, want: Value) {
        let shape: Shape = serde_json::from_value(shape).unwrap();
        assert_eq!(shape.apply(&source), want);
    }

    #[test]
    fn shapes_of_blocks_and_lists() {
        check(json!("a.b"), json!({"a": [{"b": 1}, {"b": [2]}]}), json!([1, 2]));
        check(json!({"from": "a", "build": {"x": "b"}}), json!({"a": [{"b": 1}]}), json!({"x": 1}));
        check(json!({"from": "a", "build": {"x": "b"}}), json!({"a": []}), Value::Null);
        check(
            json!({"from": "a", "each": {"build": {"x": "b"}}}),
            json!({"a": [{"b": 1}, {"b": 2}]}),
            json!([{"x": 1}, {"x": 2}]),
        );
        check(
            json!({"from": "a", "where": {"t": "in"}, "each": "v"}),
            json!({"a": [{"t": "in", "v": 1}, {"t": "out", "v": 2}]}),
            json!([1]),
        );
        check(
            json!({"from": "a", "case": "camel"}),
            json!({"a": {"http_tokens": 1, "VpcId": {"x_y": null}}}),
            json!({"httpTokens": 1, "vpcId": {}}),
        );
        check(json!({"from": "a", "equals": true}), json!({"a": "true"}), json!(true));
        check(json!({"from": "a", "words": {"true": "on"}}), json!({"a": true}), json!("on"));
        check(json!({"from": "a", "present": true}), json!({"a": ""}), json!(false));
        let later = json!({"from": "a", "words": {"false": null}, "unknown": "later"});
        check(later.clone(), json!({"a": true}), unknown("later"));
        check(later.clone(), json!({"a": [{"b": 1}]}), unknown("later"));
        check(later.clone(), json!({"a": false}), Value::Null);
        check(later.clone(), json!({"a": []}), json!([]));
        check(later, json!({"a": unknown("its own")}), unknown("its own"));
    }

    #[test]
    fn what_is_not_known_stays_so() {
        let dark = unknown("known after apply");
        for shape in [
            json!("a"),
            json!("a.b.c"),
            json!({"from": "a", "equals": 1}),
            json!({"from": "a", "present": true}),
            json!({"from": "a", "words": {"*": 1}}),
            json!({"from": "a", "each": "x"}),
            json!({"from": "a", "build": {"x": "y"}}),
            json!({"from": "a", "otherwise": 1}),
            json!({"from": "a", "first": true}),
            json!({"join": [{"always": [1]}, "a"]}),
            json!({"either": ["none", "a"]}),
            json!({"from": "b", "where": {"k": "x"}}),
        ] {
            let source = json!({"a": dark, "b": [{"k": dark}]});
            let shape: Shape = serde_json::from_value(shape).unwrap();
            assert!(reason(&shape.apply(&source)).is_some(), "{shape:?}");
        }
    }
}
