//! Reading the items of IAM Identity Center into a directory.

use std::collections::BTreeSet;

use haechi_model::{ConfigurationItem, Node};

use super::attributes;
use super::directory::{
    AccessControlAttributes, Assignee, Assignment, BoundaryReference, Directory, Instance, PermissionSet,
    PolicyReference, Unlisted, User, UserGroup, UserStatus,
};
use crate::world::{default_version, lacks, member, text};

const INSTANCE: &str = "AWS::SSO::Instance";
const SET: &str = "AWS::SSO::PermissionSet";
const ASSIGNMENT: &str = "AWS::SSO::Assignment";
pub(super) const USER: &str = "AWS::IdentityStore::User";
pub(super) const GROUP: &str = "AWS::IdentityStore::Group";
const POLICY: &str = "AWS::IAM::Policy";

/// Takes items and makes a directory of them.
#[derive(Debug, Default)]
pub struct DirectoryBuilder {
    directory: Directory,
    assignments: BTreeSet<Assignment>,
}

impl DirectoryBuilder {
    /// The types of items that it is made of.
    pub fn types() -> [&'static str; 6] {
        [INSTANCE, SET, ASSIGNMENT, USER, GROUP, POLICY]
    }

    /// Tells that the items of a type could not be listed to the end, and why.
    pub fn not_listed(&mut self, resource_type: &str, reason: &str) {
        self.directory.unlisted.insert(Unlisted { resource_type: resource_type.into(), reason: reason.into() });
    }

    /// Takes an item.
    pub fn add(&mut self, item: &ConfigurationItem) {
        if item.status().is_deleted() {
            return;
        }
        let directory = &mut self.directory;
        let id: Box<str> = item.key().resource_id.as_ref().into();
        match item.key().resource_type.as_str() {
            INSTANCE => {
                let instance = instance(item);
                directory.instances.insert(instance.arn.clone(), instance);
            }
            SET => {
                let set = permission_set(item);
                directory.sets.insert(set.arn.clone(), set);
            }
            ASSIGNMENT => self.assignments.extend(assignment(item)),
            USER => {
                directory.users.insert(id, user(item));
            }
            GROUP => {
                directory.groups.insert(id, group(item));
            }
            POLICY => {
                if let (Some(arn), Some(document)) = (item.arn(), default_version(item))
                    && arn.split(':').nth(4) != Some("aws")
                {
                    directory.policies.insert(arn.into(), document.into());
                }
            }
            _ => {}
        }
    }

    /// Joins everything.
    pub fn build(self) -> Directory {
        let mut directory = self.directory;
        directory.assignments = self.assignments.into_iter().collect();
        let named = |set: &PermissionSet| {
            let boundary = match &set.boundary {
                Some(BoundaryReference::Customer(reference)) => Some(reference.clone()),
                _ => None,
            };
            set.customer_managed.iter().cloned().chain(boundary).map(|reference| reference.name).collect::<Vec<_>>()
        };
        let wanted: BTreeSet<Box<str>> = directory.sets.values().flat_map(named).collect();
        directory.policies.retain(|arn, _| arn.rsplit('/').next().is_some_and(|name| wanted.contains(name)));
        for group in directory.groups.values() {
            for member in &group.members {
                directory.groups_of.entry(member.clone()).or_default().push(group.id.clone());
            }
        }
        for (at, assignment) in directory.assignments.iter().enumerate() {
            directory.of_assignee.entry(assignment.id.clone()).or_default().push(at);
        }
        directory
    }
}

fn boxed(item: &ConfigurationItem, name: &str) -> Box<str> {
    text(member(item, name)).unwrap_or_default().into()
}

fn texts(node: Option<Node<'_>>) -> impl Iterator<Item = Box<str>> {
    node.into_iter().flat_map(Node::elements).filter_map(|node| Some(Box::from(node.as_str()?)))
}

fn instance(item: &ConfigurationItem) -> Instance {
    let attributes = match member(item, "AccessControlAttributes") {
        _ if lacks(item, "AccessControlAttributes").is_some() => AccessControlAttributes::Unknown,
        None => AccessControlAttributes::Off,
        Some(list) => AccessControlAttributes::On(
            list.elements()
                .filter_map(|one| {
                    let sources = texts(one.get("Value").and_then(|value| value.get("Source"))).collect();
                    Some((one.get("Key")?.as_str()?.into(), sources))
                })
                .collect(),
        ),
    };
    let region = text(member(item, "PrimaryRegion")).unwrap_or(item.key().region.as_str());
    Instance {
        arn: item.arn().unwrap_or(&item.key().resource_id).into(),
        identity_store: boxed(item, "IdentityStoreId"),
        name: item.resource_name().unwrap_or_default().into(),
        owner: boxed(item, "OwnerAccountId"),
        read_from: item.key().account_id.as_str().into(),
        region: region.into(),
        attributes,
    }
}

fn reference(node: Node<'_>) -> Option<PolicyReference> {
    let path = node.get("Path").and_then(Node::as_str).filter(|path| !path.is_empty()).unwrap_or("/");
    Some(PolicyReference { path: path.into(), name: node.get("Name")?.as_str()?.into() })
}

fn permission_set(item: &ConfigurationItem) -> PermissionSet {
    const READ: [&str; 4] =
        ["ManagedPolicies", "CustomerManagedPolicyReferences", "InlinePolicy", "PermissionsBoundary"];
    let references = member(item, "CustomerManagedPolicyReferences").into_iter().flat_map(Node::elements);
    let boundary = member(item, "PermissionsBoundary").and_then(|boundary| {
        let managed = text(boundary.get("ManagedPolicyArn")).map(|arn| BoundaryReference::Managed(arn.into()));
        let customer =
            || Some(BoundaryReference::Customer(reference(boundary.get("CustomerManagedPolicyReference")?)?));
        managed.or_else(customer)
    });
    PermissionSet {
        arn: item.arn().unwrap_or(&item.key().resource_id).into(),
        instance: boxed(item, "InstanceArn"),
        name: item.resource_name().or_else(|| text(member(item, "Name"))).unwrap_or_default().into(),
        session_duration: boxed(item, "SessionDuration"),
        managed: texts(member(item, "ManagedPolicies")).collect(),
        customer_managed: references.filter_map(reference).collect(),
        inline: text(member(item, "InlinePolicy")).filter(|text| !text.trim().is_empty()).map(Box::from),
        boundary,
        outdated_in: member(item, "OutdatedAccountIds").map(|list| texts(Some(list)).collect()),
        unread: READ.iter().filter_map(|name| Some((Box::from(*name), lacks(item, name)?.into()))).collect(),
    }
}

fn assignment(item: &ConfigurationItem) -> Option<Assignment> {
    let assignee = match text(member(item, "PrincipalType"))? {
        "USER" => Assignee::User,
        "GROUP" => Assignee::Group,
        _ => return None,
    };
    Some(Assignment {
        instance: boxed(item, "InstanceArn"),
        account: text(member(item, "TargetId"))?.into(),
        set: text(member(item, "PermissionSetArn"))?.into(),
        assignee,
        id: text(member(item, "PrincipalId"))?.into(),
    })
}

fn issuer(item: &ConfigurationItem) -> Option<Box<str>> {
    let ids = member(item, "ExternalIds").into_iter().flat_map(Node::elements);
    ids.filter_map(|id| Some(Box::from(id.get("Issuer")?.as_str()?))).next()
}

fn user(item: &ConfigurationItem) -> User {
    let mails: Vec<Node<'_>> = member(item, "Emails").into_iter().flat_map(Node::elements).collect();
    let is_primary = |mail: &&Node<'_>| mail.get("Primary").and_then(Node::as_bool) == Some(true);
    let others = mails.iter().filter(|mail| !is_primary(mail));
    let emails = mails.iter().filter(is_primary).chain(others);
    User {
        id: item.key().resource_id.as_ref().into(),
        identity_store: boxed(item, "IdentityStoreId"),
        name: item.resource_name().or_else(|| text(member(item, "UserName"))).unwrap_or_default().into(),
        display_name: boxed(item, "DisplayName"),
        emails: emails.filter_map(|mail| Some(Box::from(mail.get("Value")?.as_str()?))).collect(),
        status: match text(member(item, "UserStatus")) {
            Some("ENABLED") => UserStatus::Enabled,
            Some("DISABLED") => UserStatus::Disabled,
            _ => UserStatus::Unknown,
        },
        external_issuer: issuer(item),
        attributes: attributes::of_item(item),
    }
}

fn group(item: &ConfigurationItem) -> UserGroup {
    let members = member(item, "GroupMemberships").into_iter().flat_map(Node::elements);
    let members: BTreeSet<Box<str>> = members.filter_map(|one| Some(one.get("UserId")?.as_str()?.into())).collect();
    UserGroup {
        id: item.key().resource_id.as_ref().into(),
        identity_store: boxed(item, "IdentityStoreId"),
        name: item.resource_name().or_else(|| text(member(item, "DisplayName"))).unwrap_or_default().into(),
        external_issuer: issuer(item),
        members: members.into_iter().collect(),
        members_unknown: lacks(item, "GroupMemberships").map(Into::into),
    }
}
