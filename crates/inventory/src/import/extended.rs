//! Which members of imported items AWS Config does not record: they are unknown, not absent.

use std::collections::HashMap;

use haechi_content::TypeCatalogue;
use haechi_model::{ConfigurationItem, ItemError, Kind, Node, ResourceType};
use serde_json::{Value, json};

/// The reason that such a member carries in `notCollected`.
pub const NOT_RECORDED: &str = "not in AWS Config's record";

/// The paths of each type that only Haechi's collectors know.
#[derive(Debug, Clone, Default)]
pub struct Extended(HashMap<ResourceType, Vec<String>>);

impl Extended {
    /// From what the collectors' files list under `extended`.
    pub fn of(catalogue: &TypeCatalogue) -> Self {
        let types = catalogue.types.iter().filter(|(_, info)| !info.extended.is_empty());
        Self(types.map(|(name, info)| (name.clone(), info.extended.clone())).collect())
    }

    /// Paths that the item lacks without saying why. A deleted resource lacks nothing.
    pub(crate) fn missing<'e>(&'e self, item: &ConfigurationItem) -> Vec<&'e str> {
        let Some(paths) = self.0.get(&item.key().resource_type) else { return Vec::new() };
        if item.status().is_deleted() {
            return Vec::new();
        }
        let excused = |path: &str| {
            let above =
                |known: &str| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            item.not_collected().any(|gap| above(gap.path))
        };
        paths.iter().map(String::as_str).filter(|path| !has(item.root(), path) && !excused(path)).collect()
    }
}

/// The member is there, be it null; in a list, in each element.
fn has(node: Node<'_>, path: &str) -> bool {
    match node.kind() {
        Kind::Array => node.elements().all(|element| has(element, path)),
        Kind::Object => match path.split_once('.') {
            None => node.get(path).is_some(),
            Some((key, rest)) => node.get(key).is_some_and(|child| has(child, rest)),
        },
        _ => false,
    }
}

/// The item with these members said to be unknown; `text` is what it was read from.
pub(crate) fn marked(item: ConfigurationItem, text: &[u8], paths: &[&str]) -> ConfigurationItem {
    let again = match text.trim_ascii_end().strip_suffix(b"}") {
        Some(open) if item.root().get("notCollected").is_none() => with_member(open, paths),
        _ => with_more(&item, paths),
    };
    // What was an item stays one: only a member that no check looks at was added.
    again.unwrap_or(item)
}

/// Writes the member behind the others and reads the text again: a third of the cost of a tree of values.
fn with_member(open: &[u8], paths: &[&str]) -> Result<ConfigurationItem, ItemError> {
    let gaps: Value = paths.iter().map(|path| ((*path).to_owned(), Value::from(NOT_RECORDED))).collect();
    ConfigurationItem::parse(&[open, b",\"notCollected\":", gaps.to_string().as_bytes(), b"}"].concat())
}

/// Adds to the member that is there.
fn with_more(item: &ConfigurationItem, paths: &[&str]) -> Result<ConfigurationItem, ItemError> {
    let mut value = item.to_value();
    if let Some(members) = value.as_object_mut() {
        let gaps = members.entry("notCollected").or_insert_with(|| json!({}));
        if !gaps.is_object() {
            *gaps = json!({});
        }
        for path in paths {
            gaps[*path] = Value::from(NOT_RECORDED);
        }
    }
    ConfigurationItem::from_value(&value)
}
