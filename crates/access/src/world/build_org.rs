//! The organization's part of building a world: its items as they come, and the tree that they make.

use std::collections::{BTreeMap, HashMap};

use haechi_iam::Unrecorded;
use haechi_model::{ConfigurationItem, Node as ItemNode};

use super::builder::WorldBuilder;
use super::gap::{Gap, GapKind};
use super::holders::policy_text;
use super::organization::{
    Enabled, Node, NodeKind, OrgPolicy, OrgPolicyType, Organization, OrganizationError, unlisted,
};
use super::read::{lacks, member, tags, text};

/// An item of the organization, until all are there.
pub(super) struct OrgItem {
    /// `o-...`, if its ARN tells it.
    organization: Option<Box<str>>,
    recorded_by: Box<str>,
    what: OrgThing,
}

enum OrgThing {
    Itself { management: Option<Box<str>>, all_features: bool },
    Node { node: Node, types: Option<Vec<(String, bool)>> },
    Policy(OrgPolicy),
}

impl WorldBuilder {
    pub(super) fn add_org(&mut self, item: &ConfigurationItem) {
        let configuration = |name: &str| text(member(item, name));
        let arn = item.arn().unwrap_or_default();
        let organization = arn.split('/').find(|part| part.starts_with("o-")).map(Box::from);
        let parent = || configuration("ParentId").map(Box::from);
        let node = |kind, parent| {
            let name = item.resource_name().or_else(|| configuration("Name")).unwrap_or_default();
            Node {
                id: item.key().resource_id.as_ref().into(),
                name: name.into(),
                kind,
                parent,
                status: configuration("State").or_else(|| configuration("Status")).unwrap_or_default().into(),
                tags: tags(item),
            }
        };
        let what = match item.key().resource_type.as_str() {
            "AWS::Organizations::Organization" => OrgThing::Itself {
                management: configuration("ManagementAccountId").map(Box::from),
                all_features: configuration("FeatureSet").is_none_or(|set| set == "ALL"),
            },
            "AWS::Organizations::Root" => {
                let types = member(item, "PolicyTypes").map(|types| {
                    let one = |entry: ItemNode<'_>| {
                        Some((text(entry.get("Type"))?.to_owned(), text(entry.get("Status")) == Some("ENABLED")))
                    };
                    types.elements().filter_map(one).collect()
                });
                OrgThing::Node { node: node(NodeKind::Root, None), types }
            }
            "AWS::Organizations::OrganizationalUnit" => {
                OrgThing::Node { node: node(NodeKind::Unit, parent()), types: None }
            }
            "AWS::Organizations::Account" => {
                let first = member(item, "ParentIds").and_then(|ids| ids.elements().next());
                let parent = text(first).map(Box::from).or_else(parent);
                OrgThing::Node { node: node(NodeKind::Account, parent), types: None }
            }
            "AWS::Organizations::Policy" => OrgThing::Policy(self.org_policy(item)),
            _ => return,
        };
        self.org_items.push(OrgItem { organization, recorded_by: item.key().account_id.as_str().into(), what });
    }

    fn org_policy(&mut self, item: &ConfigurationItem) -> OrgPolicy {
        let configuration = |name: &str| text(member(item, name));
        let id = &*item.key().resource_id;
        let name = item.resource_name().or_else(|| configuration("Name")).unwrap_or(id);
        let policy_type = OrgPolicyType::parse(configuration("Type").unwrap_or_default());
        let content = member(item, "Content").and_then(policy_text);
        let document = policy_type.policy_kind().map(|kind| match &content {
            Some(content) => self.library.prepare(kind, name, content, id),
            None => {
                let reason = lacks(item, "Content").unwrap_or_default();
                self.library.gaps.insert(Gap::new(GapKind::OrganizationPolicies, format!("{id} ({name})"), reason));
                self.library.unrecorded(kind, &format!("{id} ({name})"), Unrecorded::MayAllowOrDeny)
            }
        });
        let targets_gap = lacks(item, "TargetIds");
        if let Some(reason) = &targets_gap {
            let subject = format!("{id} ({name})");
            self.library.gaps.insert(Gap::new(GapKind::OrganizationPolicies, subject, reason.as_str()));
        }
        let targets = member(item, "TargetIds").into_iter().flat_map(ItemNode::elements);
        OrgPolicy {
            id: id.into(),
            name: name.into(),
            policy_type,
            aws_managed: member(item, "AwsManaged").and_then(ItemNode::as_bool) == Some(true),
            content: content.unwrap_or_default().into(),
            document,
            targets: targets.filter_map(|id| Some(id.as_str()?.into())).collect(),
            targets_unknown: targets_gap.is_some(),
        }
    }

    pub(super) fn organizations(&mut self) -> Result<Vec<Organization>, OrganizationError> {
        let items = std::mem::take(&mut self.org_items);
        // Policies of AWS have no organization in their ARN: they belong where their recorder reads.
        let mut of_recorder: HashMap<Box<str>, Box<str>> = HashMap::new();
        for item in &items {
            if let Some(organization) = &item.organization {
                of_recorder.entry(item.recorded_by.clone()).or_insert_with(|| organization.clone());
            }
        }
        let mut parts: BTreeMap<Box<str>, Vec<OrgThing>> = BTreeMap::new();
        for item in items {
            let id = item.organization.or_else(|| of_recorder.get(&item.recorded_by).cloned());
            parts.entry(id.unwrap_or_else(|| "organization".into())).or_default().push(item.what);
        }
        parts.into_iter().map(|(id, things)| self.organization(id, things)).collect()
    }

    fn organization(&mut self, id: Box<str>, things: Vec<OrgThing>) -> Result<Organization, OrganizationError> {
        let mut enabled_types: Option<Vec<(String, bool)>> = None;
        let mut has_all_features = true;
        let mut organization = Organization {
            id: id.clone(),
            management: None,
            nodes: BTreeMap::new(),
            policies: BTreeMap::new(),
            scps: Enabled::No,
            rcps: Enabled::No,
            unlisted_scps: None,
            unlisted_rcps: None,
        };
        for thing in things {
            match thing {
                OrgThing::Itself { management, all_features } => {
                    organization.management = management;
                    has_all_features = all_features;
                }
                OrgThing::Node { node, types } => {
                    enabled_types = enabled_types.or(types);
                    organization.nodes.insert(node.id.clone(), node);
                }
                OrgThing::Policy(policy) => {
                    organization.policies.insert(policy.id.clone(), policy);
                }
            }
        }
        organization.check()?;
        for policy_type in [OrgPolicyType::ServiceControl, OrgPolicyType::ResourceControl] {
            let none_listed = organization.none_listed(&policy_type);
            let enabled = match &enabled_types {
                Some(types) => types.iter().any(|(name, enabled)| name == policy_type.name() && *enabled),
                // The root does not tell: there are such policies, or there are none.
                None => !none_listed,
            };
            if !(enabled && has_all_features) {
                continue;
            }
            let hidden =
                organization.policies().any(|policy| policy.targets_unknown && policy.policy_type == policy_type);
            let stand_in = policy_type.policy_kind().filter(|_| none_listed || hidden).map(|kind| unlisted(kind, &id));
            if none_listed {
                let subject = format!("{} {id}", policy_type.name());
                self.library.gaps.insert(Gap::new(GapKind::OrganizationPolicies, subject, ""));
            }
            if policy_type == OrgPolicyType::ServiceControl {
                (organization.scps, organization.unlisted_scps) = (Enabled::Yes, stand_in);
            } else {
                (organization.rcps, organization.unlisted_rcps) = (Enabled::Yes, stand_in);
            }
        }
        Ok(organization)
    }
}
