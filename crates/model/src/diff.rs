//! What changed from one version of a resource to the next, in the shape of AWS Config's
//! `configurationItemDiff`: dotted names (`Configuration.State.Name`), each with the value before and after.
//!
//! Elements of lists are compared without their order, as AWS Config does: what is only in the old list
//! and what is only in the new one is numbered, first the removed, then the added.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::item::ConfigurationItem;

/// What became of a resource or of one of its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeType {
    Create,
    Update,
    Delete,
}

impl ChangeType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// One property before and after; null stands for what was not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyChange {
    pub previous_value: Value,
    pub updated_value: Value,
    pub change_type: ChangeType,
}

/// AWS Config's `configurationItemDiff`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemDiff {
    pub changed_properties: BTreeMap<String, PropertyChange>,
    pub change_type: ChangeType,
}

/// Members that are not compared: those about the seeing, and the key, which is the same on both sides.
const SAME: [&str; 6] = ["version", "accountId", "awsRegion", "resourceType", "resourceId", "relatedEvents"];
/// Top members that AWS Config names by their parts even where one side has none of them.
const BY_PARTS: [&str; 3] = ["relationships", "supplementaryConfiguration", "tags"];
const TAGS: &str = "tags";
const SUPPLEMENTARY: &str = "supplementaryConfiguration";

impl ItemDiff {
    /// What changed between two versions; none (or a deleted item) means that the resource was not there.
    pub fn between(before: Option<&ConfigurationItem>, after: Option<&ConfigurationItem>) -> Self {
        let there = |item: Option<&ConfigurationItem>| item.filter(|item| !item.status().is_deleted()).map(members);
        Self::between_members(there(before), there(after))
    }

    fn between_members(before: Option<Map<String, Value>>, after: Option<Map<String, Value>>) -> Self {
        let change_type = match (&before, &after) {
            (None, Some(_)) => ChangeType::Create,
            (Some(_), None) => ChangeType::Delete,
            _ => ChangeType::Update,
        };
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let mut found = Changes::default();
        for name in names(&before, &after) {
            let [old, new] = [&before, &after].map(|members| members.get(name).filter(|value| !value.is_null()));
            let path = capital(name);
            let parts = if BY_PARTS.contains(&name) { old.or(new) } else { None };
            // An empty one of the same kind, so that the parts are named.
            let empty = match parts {
                Some(Value::Array(_)) => Value::Array(Vec::new()),
                Some(Value::Object(_)) => Value::Object(Map::new()),
                _ => Value::Null,
            };
            let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
            match (name, old, new) {
                (TAGS, Value::Object(old), Value::Object(new)) => found.tags(old, new),
                _ => found.compare(&path, old, new),
            }
        }
        Self { changed_properties: found.0, change_type }
    }

    /// Nothing is named: the two versions say the same.
    pub fn is_empty(&self) -> bool {
        self.changed_properties.is_empty()
    }
}

/// The members that are compared. Supplementary parts that are JSON in a text are opened.
fn members(item: &ConfigurationItem) -> Map<String, Value> {
    let skipped = |name: &str| ConfigurationItem::SEEN.contains(&name) || SAME.contains(&name);
    let mut members: Map<String, Value> = item
        .root()
        .members()
        .filter(|(name, _)| !skipped(name))
        .map(|(name, node)| (name.to_owned(), node.to_value()))
        .collect();
    if let Some(Value::Object(parts)) = members.get_mut(SUPPLEMENTARY) {
        for part in parts.values_mut() {
            if let Some(opened) = part.as_str().and_then(opened) {
                *part = opened;
            }
        }
    }
    members
}

fn opened(text: &str) -> Option<Value> {
    let inner: Value = text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok())??;
    Some(inner)
}

/// The names of both sides, each once, in the order of the first.
fn names<'v>(old: &'v Map<String, Value>, new: &'v Map<String, Value>) -> impl Iterator<Item = &'v str> {
    let more = new.keys().filter(|name| !old.contains_key(*name));
    old.keys().chain(more).map(String::as_str)
}

/// AWS Config writes each word of a name with a capital.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[derive(Default)]
struct Changes(BTreeMap<String, PropertyChange>);

impl Changes {
    fn compare(&mut self, path: &str, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                for name in names(old, new) {
                    let [old, new] = [old, new].map(|members| members.get(name).unwrap_or(&Value::Null));
                    self.compare(&format!("{path}.{}", capital(name)), old, new);
                }
            }
            (Value::Array(old), Value::Array(new)) => self.lists(path, old, new),
            (old, new) if old == new => {}
            (old, new) => self.add(path.to_owned(), old, new),
        }
    }

    /// Tag keys are the user's own words: they stay as they are.
    fn tags(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        for name in names(old, new) {
            let [old, new] = [old, new].map(|members| members.get(name).unwrap_or(&Value::Null));
            if old != new {
                self.add(format!("Tags.{name}"), old, new);
            }
        }
    }

    fn lists(&mut self, path: &str, old: &[Value], new: &[Value]) {
        if old == new {
            return;
        }
        let mut kept: HashMap<String, usize> = HashMap::new();
        for element in new {
            *kept.entry(sorted(element).to_string()).or_default() += 1;
        }
        let mut removed = Vec::new();
        for element in old {
            match kept.get_mut(&sorted(element).to_string()) {
                Some(left) if *left > 0 => *left -= 1,
                _ => removed.push(element),
            }
        }
        // What is left over of the new list, from its end: equal elements that stood before stay.
        let mut added = Vec::new();
        for element in new.iter().rev() {
            if let Some(left) = kept.get_mut(&sorted(element).to_string()).filter(|left| **left > 0) {
                *left -= 1;
                added.push(element);
            }
        }
        added.reverse();
        if removed.is_empty() && added.is_empty() {
            // The order alone is another, which may matter.
            let written = |list: &[Value]| list.iter().map(sorted).collect::<Vec<_>>();
            if written(old) != written(new) {
                self.add(path.to_owned(), &Value::Array(old.to_vec()), &Value::Array(new.to_vec()));
            }
            return;
        }
        for (number, element) in removed.iter().enumerate() {
            self.add(format!("{path}.{number}"), element, &Value::Null);
        }
        for (number, element) in added.iter().enumerate() {
            self.add(format!("{path}.{}", removed.len() + number), &Value::Null, element);
        }
    }

    fn add(&mut self, path: String, old: &Value, new: &Value) {
        let change_type = match (old, new) {
            (Value::Null, _) => ChangeType::Create,
            (_, Value::Null) => ChangeType::Delete,
            _ => ChangeType::Update,
        };
        // Two members may come to one name (`name` and `Name`, `a.b` and `a` with `b`): none is lost.
        let mut free = path.clone();
        let mut number = 2;
        while self.0.contains_key(&free) {
            free = format!("{path}#{number}");
            number += 1;
        }
        let change = PropertyChange { previous_value: old.clone(), updated_value: new.clone(), change_type };
        self.0.insert(free, change);
    }
}

/// The value with the members of its objects in the order of their names: equal ones are written alike.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Object(members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
