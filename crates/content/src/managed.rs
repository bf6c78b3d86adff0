//! The names of AWS Config's managed rules with their triggers, types and parameters: what tells a rule
//! that Haechi lacks from a typing error.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use haechi_model::ResourceType;

use crate::rule::Trigger;
use crate::source::nearest;

/// One of AWS's managed rules.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedRule {
    pub identifier: &'static str,
    /// `None`: people attest it, AWS Config never runs it.
    pub trigger: Option<Trigger>,
    pub resource_types: Vec<ResourceType>,
    pub parameters: Vec<ManagedParameter>,
}

/// A parameter as AWS lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedParameter {
    pub name: &'static str,
    /// `int`, `double`, `boolean`, `String`, `CSV` or `StringMap`.
    pub kind: &'static str,
    pub default: Option<&'static str>,
    pub required: bool,
}

impl ManagedRule {
    pub fn parameter(&self, name: &str) -> Option<&ManagedParameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

/// All managed rules by identifier.
#[derive(Debug)]
pub struct ManagedRules {
    rules: BTreeMap<&'static str, ManagedRule>,
}

impl ManagedRules {
    /// The table that Haechi ships with.
    pub fn known() -> &'static ManagedRules {
        static RULES: LazyLock<ManagedRules> =
            LazyLock::new(|| ManagedRules::read(crate::embedded::text("tables/managed-rules.txt")));
        &RULES
    }

    pub fn get(&self, identifier: &str) -> Option<&ManagedRule> {
        self.rules.get(identifier)
    }

    pub fn iter(&self) -> impl Iterator<Item = &ManagedRule> {
        self.rules.values()
    }

    /// The identifier that was probably meant by an unknown one.
    pub fn nearest(&self, unknown: &str) -> Option<&'static str> {
        nearest(unknown, self.rules.keys().copied())
    }

    /// Our own table, whose form a test holds: a line that is not of the form is left out.
    fn read(table: &'static str) -> Self {
        let rules = table.lines().filter(|line| !line.starts_with('#')).filter_map(read_line);
        Self { rules: rules.map(|rule| (rule.identifier, rule)).collect() }
    }
}

fn read_line(line: &'static str) -> Option<ManagedRule> {
    let mut fields = line.split('\t');
    let identifier = fields.next()?;
    let trigger = match fields.next()? {
        "C" => Some(Trigger::Change),
        "P" => Some(Trigger::Periodic),
        "H" => Some(Trigger::Hybrid),
        "A" => None,
        _ => return None,
    };
    let types = fields.next().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let parameters = fields.next().unwrap_or_default().split(';').filter(|field| !field.is_empty());
    Some(ManagedRule {
        identifier,
        trigger,
        resource_types: types.map(|name| ResourceType::parse(&format!("AWS::{name}")).ok()).collect::<Option<_>>()?,
        parameters: parameters.map(read_parameter).collect::<Option<_>>()?,
    })
}

/// `name:kind:default*`
fn read_parameter(field: &'static str) -> Option<ManagedParameter> {
    let body = field.strip_suffix('*');
    let (name, rest) = body.unwrap_or(field).split_once(':')?;
    let (kind, default) = match rest.split_once(':') {
        Some((kind, default)) => (kind, Some(default)),
        None => (rest, None),
    };
    Some(ManagedParameter { name, kind, default, required: body.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let rules = ManagedRules::known();
        assert_eq!(rules.iter().count(), 834);
        let kinds = ["int", "double", "boolean", "String", "CSV", "StringMap"];
        assert!(rules.iter().flat_map(|rule| &rule.parameters).all(|parameter| kinds.contains(&parameter.kind)));
    }

    #[test]
    fn knows_parameters_and_neighbours() {
        let rules = ManagedRules::known();
        let keys = rules.get("ACCESS_KEYS_ROTATED").unwrap();
        let age = keys.parameter("maxAccessKeyAge").unwrap();
        assert_eq!((age.kind, age.default, age.required), ("int", Some("90"), true));
        assert_eq!(keys.trigger, Some(Trigger::Periodic));
        assert_eq!(rules.get("AWS_CONFIG_PROCESS_CHECK").unwrap().trigger, None);
        assert_eq!(rules.nearest("ACCESS_KEY_ROTATED"), Some("ACCESS_KEYS_ROTATED"));
        let account = &rules.get("S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC").unwrap().resource_types;
        assert_eq!(account, &[ResourceType::account()]);
    }
}
