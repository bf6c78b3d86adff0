//! Conditions of a template: true, false, or not decidable from the template alone.

use haechi_content::yaml::Node;
use serde_json::Value;

use super::resolve::{Resolver, function};
use crate::unknown::reason;

impl Resolver<'_> {
    /// Whether a condition of `Conditions` holds; none when that is not known.
    pub(super) fn named_condition(&mut self, name: &str) -> Option<bool> {
        if let Some(known) = self.decided.get(name) {
            return *known;
        }
        // One that depends on itself is never decided.
        self.decided.insert(name.to_owned(), None);
        let node = self.root.get("Conditions").and_then(|all| all.get(name));
        let decided = node.and_then(|node| self.deeper(|own| own.condition(node)));
        self.decided.insert(name.to_owned(), decided);
        decided
    }

    /// Whether a resource or an output is made.
    pub(super) fn condition_of(&mut self, body: &Node) -> Option<bool> {
        match body.get("Condition").and_then(Node::text) {
            Some(name) => self.named_condition(name),
            None => Some(true),
        }
    }

    fn condition(&mut self, node: &Node) -> Option<bool> {
        let (name, argument) = function(node)?;
        match name {
            "Condition" => self.named_condition(argument.text()?),
            "Equals" => {
                let [left, right] = argument.list()? else { return None };
                let (left, right) = (self.value(left), self.value(right));
                if unsure(&left) || unsure(&right) { None } else { Some(text(&left) == text(&right)) }
            }
            "Not" => self.condition(argument.list()?.first()?).map(|inner| !inner),
            "And" => self.all(argument.list()?, false),
            "Or" => self.all(argument.list()?, true),
            _ => None,
        }
    }

    /// `decisive` ends it: false for And, true for Or.
    fn all(&mut self, list: &[Node], decisive: bool) -> Option<bool> {
        let mut sure = true;
        for node in list {
            match self.condition(node) {
                Some(found) if found == decisive => return Some(decisive),
                Some(_) => {}
                None => sure = false,
            }
        }
        sure.then_some(!decisive)
    }
}

fn unsure(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(unsure),
        Value::Object(map) => map.values().any(unsure),
        other => reason(other).is_some(),
    }
}

/// CloudFormation compares texts: `true` and `"true"` are the same.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
