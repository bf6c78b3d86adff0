//! A finding: what Haechi says is wrong, from the first time it was seen until it is resolved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evaluation::InstanceId;
use crate::hash::ContentHash;
use crate::ids::ResourceKey;
use crate::location::SourceLocation;
use crate::message::Message;
use crate::severity::Severity;
use crate::time::Timestamp;

/// The same problem of the same resource has the same id in every run and on every machine.
pub type FindingId = ContentHash;

/// Which engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A rule found a resource NON_COMPLIANT.
    Rule,
}

impl FindingKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            FindingKind::Rule => "rule",
        }
    }
}

/// What the finding is about, as it was when last seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    #[serde(flatten)]
    pub key: ResourceKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    /// Such as `Root/Workloads/Prod`, as of the time of the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ou_path: Option<String>,
    /// The owner tag's value, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Where the resource stands in the plan or the template that describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
}

/// Open, or resolved and why. A finding that comes back keeps its id and counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase")]
pub enum FindingState {
    Open,
    #[serde(rename_all = "camelCase")]
    Resolved {
        because: ResolvedBecause,
        resolved_at: Timestamp,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolvedBecause {
    Fixed,
    Deleted,
    NotApplicable,
    RuleGone,
}

impl ResolvedBecause {
    pub const fn as_str(self) -> &'static str {
        match self {
            ResolvedBecause::Fixed => "fixed",
            ResolvedBecause::Deleted => "deleted",
            ResolvedBecause::NotApplicable => "not-applicable",
            ResolvedBecause::RuleGone => "rule-gone",
        }
    }
}

/// One problem of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub id: FindingId,
    pub kind: FindingKind,
    pub rule: String,
    pub rule_instance: InstanceId,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    pub subject: Subject,
    /// Tells several findings of one rule on one resource apart; empty when there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sub_key: String,
    pub severity: Severity,
    pub message: Message,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Value>,
    /// Ids in the control catalogues, such as `aws-fsbp:S3.2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    #[serde(flatten)]
    pub state: FindingState,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// When it should be dealt with, by its severity, counted from when it was (re)opened.
    pub due: Timestamp,
    /// How often it came back after it was resolved.
    #[serde(default)]
    pub reopened: u32,
}

impl Finding {
    /// hash(kind, rule instance, partition, account, region, resource type, resource id, sub-key).
    pub fn id_of(kind: FindingKind, instance: InstanceId, key: &ResourceKey, sub_key: &str) -> FindingId {
        ContentHash::of_parts([
            kind.as_str(),
            &instance.to_string(),
            key.partition.as_str(),
            key.account_id.as_str(),
            key.region.as_str(),
            key.resource_type.as_str(),
            &key.resource_id,
            sub_key,
        ])
    }

    pub fn is_open(&self) -> bool {
        self.state == FindingState::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::RuleInstance;
    use serde_json::json;

    fn key(id: &str) -> ResourceKey {
        serde_json::from_value(json!({
            "partition": "aws", "accountId": "123456789012", "region": "us-east-1",
            "resourceType": "AWS::S3::Bucket", "resourceId": id
        }))
        .unwrap()
    }

    #[test]
    fn ids_tell_parameters_and_resources_apart() {
        let instance = |days: i64| {
            RuleInstance::new("ACCESS_KEYS_ROTATED", [("maxAccessKeyAge".to_owned(), json!(days))].into(), None).id
        };
        let id = |days, bucket: &str| Finding::id_of(FindingKind::Rule, instance(days), &key(bucket), "");
        assert_eq!(id(30, "a"), id(30, "a"));
        assert_ne!(id(30, "a"), id(90, "a"));
        assert_ne!(id(30, "a"), id(30, "b"));
        assert_ne!(Finding::id_of(FindingKind::Rule, instance(30), &key("a"), "x"), id(30, "a"));
    }

    #[test]
    fn ids_do_not_change_between_releases() {
        let instance = RuleInstance::new("IAM_ROOT_ACCESS_KEY_CHECK", BTreeMap::new(), None);
        assert_eq!(
            (
                instance.id.to_string().as_str(),
                Finding::id_of(FindingKind::Rule, instance.id, &key("a"), "").to_string().as_str()
            ),
            ("6ceda452cf77a43e9da1584841d3fb13", "672221f2e73f764c72a28a07579be088")
        );
    }
}
