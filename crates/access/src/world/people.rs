//! The principals of the recorded accounts: users and roles with everything that is attached to them.

use std::sync::Arc;

use haechi_iam::{Caller, Prepared};

use super::library::PolicySet;
use super::usage::Usage;

/// What a recorded principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalKind {
    User,
    Role,
}

/// How a policy came to a principal.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    Inline,
    /// By the ARN of a managed policy.
    Managed(Box<str>),
    /// In a group the user is in: by its name, and the managed policy's ARN if it is not inline there.
    Group {
        group: Box<str>,
        managed: Option<Box<str>>,
    },
    /// Not known: what stands for policies that were not recorded.
    Unrecorded,
}

/// A policy of a principal.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub policy: Arc<Prepared>,
    pub via: Via,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Group {
    pub arn: Box<str>,
    pub account: Box<str>,
    pub name: Box<str>,
    pub identity: PolicySet,
}

/// A user or role.
#[derive(Clone, Debug)]
pub struct Principal {
    pub(crate) caller: Caller,
    pub(crate) kind: PrincipalKind,
    pub(crate) name: Box<str>,
    pub(crate) unique_id: Box<str>,
    pub(crate) tags: Vec<(Box<str>, Box<str>)>,
    pub(crate) groups: Box<[Box<str>]>,
    pub(crate) attachments: Box<[Attachment]>,
    pub(crate) identity: PolicySet,
    pub(crate) boundary: PolicySet,
    pub(crate) boundary_arn: Option<Box<str>>,
    pub(crate) trust: Option<Arc<Prepared>>,
    pub(crate) usage: Usage,
}

impl Principal {
    pub fn arn(&self) -> &str {
        self.caller.name_in_policies()
    }

    pub fn account(&self) -> &str {
        self.caller.account()
    }

    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// `AIDA...` or `AROA...`; empty if it is not recorded.
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }

    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The names of the groups that a user is in.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|name| &**name)
    }

    /// Its policies and those of its groups, with how they came to it.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// The policies of [`attachments`](Self::attachments): one shared set for all principals that have the same.
    pub fn identity(&self) -> &PolicySet {
        &self.identity
    }

    /// Its permissions boundary; empty without one.
    pub fn boundary(&self) -> &PolicySet {
        &self.boundary
    }

    pub fn boundary_arn(&self) -> Option<&str> {
        self.boundary_arn.as_deref()
    }

    /// A role's trust policy.
    pub fn trust(&self) -> Option<&Arc<Prepared>> {
        self.trust.as_ref()
    }

    /// When it and its credentials were last used.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Whether it is a service-linked role.
    pub fn is_service_linked(&self) -> bool {
        self.caller.is_service_linked()
    }

    /// Whether it is the role of a permission set of IAM Identity Center.
    pub fn is_of_identity_center(&self) -> bool {
        self.arn().contains(":role/aws-reserved/sso.amazonaws.com/")
    }

    /// How one of its policies came to it.
    pub fn via(&self, policy: &Prepared) -> Option<&Via> {
        self.attachments.iter().find(|own| std::ptr::eq(&*own.policy, policy)).map(|own| &own.via)
    }
}
