//! What a permission set says against what the role of an account is.

use std::collections::BTreeSet;

use haechi_iam::Policy;
use serde::Serialize;

use super::directory::{BoundaryReference, PermissionSet};
use super::session::INLINE;
use crate::world::{Principal, Via};

/// A difference between a permission set and its role in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "what")]
pub enum Drift {
    /// AWS says that the set was changed and not provisioned again.
    Outdated,
    /// The account's roles were recorded, and this one is not among them.
    NotProvisioned,
    /// The set itself was not recorded.
    SetNotRecorded,
    /// A policy that the set names does not exist in the account: the set cannot be provisioned.
    PolicyMissing(Box<str>),
    /// The set has a policy that the role lacks.
    RoleLacks(Box<str>),
    /// The role has a policy that the set does not.
    RoleHasMore(Box<str>),
    InlineDiffers,
    BoundaryDiffers,
    /// More roles of that name than one.
    SeveralRoles(usize),
}

impl Drift {
    /// Its name in machine output.
    pub fn name(&self) -> &'static str {
        match self {
            Drift::Outdated => "outdated",
            Drift::NotProvisioned => "not-provisioned",
            Drift::SetNotRecorded => "set-not-recorded",
            Drift::PolicyMissing(_) => "policy-missing",
            Drift::RoleLacks(_) => "role-lacks",
            Drift::RoleHasMore(_) => "role-has-more",
            Drift::InlineDiffers => "inline-differs",
            Drift::BoundaryDiffers => "boundary-differs",
            Drift::SeveralRoles(_) => "several-roles",
        }
    }

    /// The policy that it is about, or how many roles.
    pub fn what(&self) -> String {
        match self {
            Drift::PolicyMissing(name) | Drift::RoleLacks(name) | Drift::RoleHasMore(name) => name.to_string(),
            Drift::SeveralRoles(count) => count.to_string(),
            _ => String::new(),
        }
    }
}

/// The differences of a recorded role.
pub(super) fn of_role(set: &PermissionSet, role: &Principal) -> Vec<Drift> {
    let mut drift = Vec::new();
    let unread = |what: &str| set.unread.iter().any(|(unread, _)| **unread == *what);
    let role_unread = role.attachments().iter().any(|own| own.via == Via::Unrecorded);
    if role_unread {
        return drift;
    }
    let arn = role.arn();
    let partition = arn.split(':').nth(1).unwrap_or("aws");
    if !unread("ManagedPolicies") && !unread("CustomerManagedPolicyReferences") {
        let references = set.customer_managed.iter().map(|one| one.arn(partition, role.account()).into_boxed_str());
        let wanted: BTreeSet<Box<str>> = set.managed.iter().cloned().chain(references).collect();
        let managed = |via: &Via| if let Via::Managed(arn) = via { Some(arn.clone()) } else { None };
        let has: BTreeSet<Box<str>> = role.attachments().iter().filter_map(|own| managed(&own.via)).collect();
        drift.extend(wanted.difference(&has).cloned().map(Drift::RoleLacks));
        drift.extend(has.difference(&wanted).cloned().map(Drift::RoleHasMore));
    }
    if !unread("InlinePolicy") {
        let inline: Vec<_> = role.attachments().iter().filter(|own| own.via == Via::Inline).collect();
        let (own, others): (Vec<_>, Vec<_>) = inline.into_iter().partition(|own| own.policy.name() == INLINE);
        let same = match (&set.inline, &own[..]) {
            (None, []) => true,
            (Some(text), [own]) => is_same(text, own.policy.policy()),
            // Records of other tools may name it otherwise.
            (Some(text), []) if others.len() == 1 => is_same(text, others[0].policy.policy()),
            _ => false,
        };
        if !same {
            drift.push(Drift::InlineDiffers);
        }
        if !own.is_empty() || set.inline.is_none() {
            drift.extend(others.iter().map(|other| Drift::RoleHasMore(other.policy.name().into())));
        }
    }
    if !unread("PermissionsBoundary") {
        let wanted = set.boundary.as_ref().map(|boundary| match boundary {
            BoundaryReference::Managed(arn) => arn.to_string(),
            BoundaryReference::Customer(reference) => reference.arn(partition, role.account()),
        });
        if wanted.as_deref() != role.boundary_arn() {
            drift.push(Drift::BoundaryDiffers);
        }
    }
    drift
}

/// Whether a document says the same.
fn is_same(text: &str, policy: &Policy) -> bool {
    policy.text() == text || Policy::parse_any(text).is_ok_and(|other| other.to_json() == policy.to_json())
}
