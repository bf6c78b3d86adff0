//! The shape of a rule file: header, logic, examples. `docs/writing-rules.md` explains each member.

use std::collections::BTreeMap;

use haechi_model::{Compliance, ResourceType, Severity, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::Text;

/// One file of `content/rules/`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    pub schema: u32,
    pub id: String,
    /// In a folder of the user's own: this file stands for Haechi's rule of the same id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overrides: bool,
    pub title: Text,
    pub why: Text,
    pub severity: Severity,
    pub trigger: Trigger,
    pub resources: Vec<ResourceType>,
    #[serde(default)]
    pub scope: RuleScope,
    #[serde(default)]
    pub reads: Vec<ResourceType>,
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    pub controls: Vec<ControlRef>,
    /// Name and expression, in the order of the file.
    #[serde(default, rename = "let", deserialize_with = "in_order")]
    pub bindings: Vec<(String, String)>,
    #[serde(default)]
    pub applies: Option<String>,
    pub check: String,
    #[serde(default)]
    pub evidence: Option<String>,
    pub says: Text,
    #[serde(default)]
    pub args: BTreeMap<String, String>,
    pub fix: Fix,
    #[serde(default)]
    pub references: Vec<String>,
    pub examples: Vec<Example>,
}

/// When AWS Config runs the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    Change,
    Periodic,
    Hybrid,
}

/// How often a rule is asked: once a resource, an account, or an account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleScope {
    #[default]
    Resource,
    Account,
    AccountRegion,
}

/// A parameter's type, default and limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    #[serde(rename = "type")]
    pub kind: ParameterType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default)]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The values that AWS allows, when it lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    pub meaning: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    Int,
    Double,
    Boolean,
    String,
    /// A text of comma-separated values; the logic sees a list.
    Csv,
}

/// A control that the rule speaks to, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlRef {
    pub id: String,
    pub source: String,
}

/// How to put it right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    pub text: Text,
    /// AWS's Systems Manager automation document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssm: Option<String>,
    /// The API calls that change it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
}

/// One example: an item with its neighbours, and the verdict it must get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub name: String,
    #[serde(default)]
    pub item: Value,
    #[serde(default)]
    pub neighbours: Vec<Value>,
    #[serde(default)]
    pub uncovered: Vec<ResourceType>,
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    #[serde(default)]
    pub now: Option<Timestamp>,
    pub expect: Compliance,
    #[serde(default)]
    pub evidence: Option<Vec<Value>>,
}

fn in_order<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;
    impl<'de> serde::de::Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("names with expressions")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}
