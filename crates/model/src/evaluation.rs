//! A rule with its effective parameters, and what it says of one resource.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hash::ContentHash;
use crate::ids::{AccountId, Region, ResourceKey, ResourceType};
use crate::message::Message;
use crate::time::Timestamp;

/// Names a rule instance: two packs that ask for 30 and 90 days name two.
pub type InstanceId = ContentHash;

/// A rule identifier with its effective parameters and scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleInstance {
    pub id: InstanceId,
    /// AWS's managed rule identifier, or our own.
    pub rule: String,
    pub parameters: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// What a pack's `Scope` narrows a rule to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_types: Vec<ResourceType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_value: Option<String>,
}

impl RuleInstance {
    pub fn new(rule: impl Into<String>, parameters: BTreeMap<String, Value>, scope: Option<Scope>) -> Self {
        let rule = rule.into();
        let written = serde_json::to_string(&(&parameters, &scope)).unwrap_or_default();
        let id = ContentHash::of_parts(["rule-instance", &rule, &written]);
        Self { id, rule, parameters, scope }
    }
}

/// AWS Config's four verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compliance {
    Compliant,
    NonCompliant,
    NotApplicable,
    InsufficientData,
}

impl Compliance {
    pub const fn as_str(self) -> &'static str {
        match self {
            Compliance::Compliant => "COMPLIANT",
            Compliance::NonCompliant => "NON_COMPLIANT",
            Compliance::NotApplicable => "NOT_APPLICABLE",
            Compliance::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl fmt::Display for Compliance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One rule instance over one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    pub instance: InstanceId,
    pub rule: String,
    pub resource: ResourceKey,
    pub compliance: Compliance,
    /// Why: the rule's own sentence, or what was missing.
    pub message: Message,
    /// The offending parts of the item, as they stand in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Value>,
    /// What the verdict rests on: it stands while these stand.
    pub reads: Vec<Read>,
    /// Until when the verdict holds if nothing changes (an age, an expiry).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_until: Option<Timestamp>,
}

/// Something that an evaluation looked at, with the hash of what it saw there.
///
/// A list that was empty has a hash too: that is how the absence of a neighbour is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "camelCase")]
pub enum Read {
    /// The rule's own logic: after an update of the rules its evaluations stand no more.
    Rule { hash: ContentHash },
    /// The judged item itself.
    Item { hash: ContentHash },
    /// All items of a type in an account and region (none: in every region), and its coverage.
    #[serde(rename_all = "camelCase")]
    Items {
        resource_type: ResourceType,
        account_id: AccountId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
        hash: ContentHash,
    },
    /// The items of a type that have `value` at `path`.
    #[serde(rename_all = "camelCase")]
    Lookup {
        resource_type: ResourceType,
        account_id: AccountId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
        path: String,
        value: String,
        hash: ContentHash,
    },
    /// A question about the whole organization, its name first, and the hash of the answer.
    Asked { question: Vec<String>, hash: ContentHash },
}
