//! Tag policies: whether they are well formed, what they come to along the tree, and whether the accounts' own tags
//! comply.

use std::collections::BTreeMap;

use serde_json::Value;

use super::mistakes::{Mistake, MistakeKind};
use crate::world::{OrgPolicyType, Organization};

const TAG_POLICY: &str = "TAG_POLICY";
/// The operators of inheritance.
const OPERATORS: [&str; 4] = ["@@assign", "@@append", "@@remove", "@@operators_allowed_for_child_policies"];

/// What is wrong with a tag policy.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum TagFault {
    NotJson {
        why: Box<str>,
    },
    /// There is no object `tags`.
    NoTags,
    /// A member that tag policies do not have.
    UnknownMember {
        path: Box<str>,
    },
    /// A value without an operator, such as `"tag_key": "Cost"`.
    NoOperator {
        path: Box<str>,
    },
    /// The key is written otherwise than by its letter case.
    OtherKey {
        path: Box<str>,
        key: Box<str>,
    },
    /// Two of its entries are about one key.
    Twice {
        key: Box<str>,
    },
}

/// What holds for a tag key at a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct EffectiveTag {
    /// As it is to be spelled.
    pub key: Box<str>,
    /// Empty: any value.
    pub values: Vec<Box<str>>,
    pub enforced_for: Vec<Box<str>>,
}

pub(super) fn mistakes(organization: &Organization) -> Vec<Mistake> {
    let tag_policy = OrgPolicyType::Other(TAG_POLICY.into());
    let mut found = Vec::new();
    for policy in
        organization.policies().filter(|policy| policy.policy_type == tag_policy && !policy.content.is_empty())
    {
        found.extend(faults(&policy.content).into_iter().map(|fault| Mistake {
            kind: MistakeKind::TagPolicy { fault },
            target: None,
            policy: Some(policy.id.clone()),
        }));
    }
    for account in organization.accounts() {
        let effective = effective_tags(organization, &account.id);
        for (key, value) in &account.tags {
            let Some(tag) = effective.iter().find(|tag| tag.key.eq_ignore_ascii_case(key)) else { continue };
            let spelled = tag.key == *key;
            let allowed = tag.values.is_empty() || tag.values.iter().any(|pattern| fits(pattern, value));
            if !spelled || !allowed {
                let mut words = tag.values.clone();
                if !spelled {
                    words.insert(0, tag.key.clone());
                }
                let kind = MistakeKind::AccountTag { key: key.clone(), value: value.clone(), allowed: words };
                found.push(Mistake { kind, target: Some(account.id.clone()), policy: None });
            }
        }
    }
    found
}

/// A star stands for any text.
fn fits(pattern: &str, value: &str) -> bool {
    match pattern.split_once('*') {
        Some((begin, end)) => {
            value.len() >= begin.len() + end.len() && value.starts_with(begin) && value.ends_with(end)
        }
        None => pattern == value,
    }
}

fn faults(content: &str) -> Vec<TagFault> {
    let document: Value = match serde_json::from_str(content) {
        Ok(document) => document,
        Err(error) => return vec![TagFault::NotJson { why: error.to_string().into() }],
    };
    let Some(tags) = document.get("tags").and_then(Value::as_object) else { return vec![TagFault::NoTags] };
    let mut found = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    for (name, rule) in tags.iter().filter(|(name, _)| !name.starts_with("@@")) {
        if keys.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            found.push(TagFault::Twice { key: name.as_str().into() });
        }
        keys.push(name.clone());
        for (member, value) in rule.as_object().into_iter().flatten() {
            let path = || format!("tags.{name}.{member}").into_boxed_str();
            match member.as_str() {
                "tag_key" | "tag_value" | "enforced_for" | "report_required_tag_for" => {
                    let members = value.as_object();
                    if members.is_none_or(|members| members.is_empty()) {
                        found.push(TagFault::NoOperator { path: path() });
                    }
                    for operator in members.into_iter().flatten().map(|(operator, _)| operator) {
                        if !OPERATORS.contains(&operator.as_str()) {
                            found.push(TagFault::UnknownMember { path: format!("{}.{operator}", path()).into() });
                        }
                    }
                }
                operator if OPERATORS.contains(&operator) => {}
                _ => found.push(TagFault::UnknownMember { path: path() }),
            }
        }
        if let Some(key) = rule["tag_key"]["@@assign"].as_str()
            && !key.eq_ignore_ascii_case(name)
        {
            found.push(TagFault::OtherKey { path: format!("tags.{name}.tag_key").into(), key: key.into() });
        }
    }
    found
}

/// What the tag policies along the path of a node come to.
pub fn effective_tags(organization: &Organization, node: &str) -> Vec<EffectiveTag> {
    let tag_policy = OrgPolicyType::Other(TAG_POLICY.into());
    let mut tags: BTreeMap<String, EffectiveTag> = BTreeMap::new();
    for level in organization.path(node) {
        for policy in organization.attached(&level.id, &tag_policy) {
            let Ok(document) = serde_json::from_str::<Value>(&policy.content) else { continue };
            for (name, rule) in document["tags"].as_object().into_iter().flatten() {
                if name.starts_with("@@") {
                    continue;
                }
                let tag = tags
                    .entry(name.to_ascii_lowercase())
                    .or_insert_with(|| EffectiveTag { key: name.as_str().into(), ..EffectiveTag::default() });
                if let Some(key) = rule["tag_key"]["@@assign"].as_str() {
                    tag.key = key.into();
                }
                merge(&mut tag.values, &rule["tag_value"]);
                merge(&mut tag.enforced_for, &rule["enforced_for"]);
            }
        }
    }
    tags.into_values().collect()
}

fn merge(values: &mut Vec<Box<str>>, rule: &Value) {
    let listed = |operator: &str| -> Option<Vec<Box<str>>> {
        match &rule[operator] {
            Value::String(one) => Some(vec![one.as_str().into()]),
            Value::Array(several) => Some(several.iter().filter_map(Value::as_str).map(Box::from).collect()),
            _ => None,
        }
    };
    if let Some(assigned) = listed("@@assign") {
        *values = assigned;
    }
    for added in listed("@@append").into_iter().flatten() {
        if !values.contains(&added) {
            values.push(added);
        }
    }
    if let Some(removed) = listed("@@remove") {
        values.retain(|value| !removed.contains(value));
    }
}
