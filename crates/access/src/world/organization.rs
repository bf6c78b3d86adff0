//! The organization's tree: roots, units and accounts, the policies that are attached to each, and what that
//! makes of an account: its SCPs and RCPs level by level, and its place for condition keys. It can be changed, to
//! ask what would be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use haechi_iam::{Level, OrgPlace, PolicyError, PolicyKind, Prepared, Standing, Unrecorded};

/// What a node of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    Root,
    Unit,
    Account,
}

/// A root, an organizational unit or an account.
#[derive(Clone, Debug)]
pub struct Node {
    /// `r-...`, `ou-...`, or the account's id.
    pub id: Box<str>,
    pub name: Box<str>,
    pub kind: NodeKind,
    /// None for roots.
    pub parent: Option<Box<str>>,
    /// Of an account: ACTIVE, SUSPENDED, PENDING_CLOSURE...; empty if it is not recorded.
    pub status: Box<str>,
    pub tags: Vec<(Box<str>, Box<str>)>,
}

/// The types of policies that an organization has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgPolicyType {
    ServiceControl,
    ResourceControl,
    /// Tag, backup, AI opt-out and other management policies, by AWS's word: they limit no request.
    Other(Box<str>),
}

impl OrgPolicyType {
    pub(crate) fn parse(word: &str) -> OrgPolicyType {
        match word {
            "SERVICE_CONTROL_POLICY" => OrgPolicyType::ServiceControl,
            "RESOURCE_CONTROL_POLICY" => OrgPolicyType::ResourceControl,
            other => OrgPolicyType::Other(other.into()),
        }
    }

    /// AWS's word for it.
    pub fn name(&self) -> &str {
        match self {
            OrgPolicyType::ServiceControl => "SERVICE_CONTROL_POLICY",
            OrgPolicyType::ResourceControl => "RESOURCE_CONTROL_POLICY",
            OrgPolicyType::Other(word) => word,
        }
    }

    /// How the engine reads it; none for what limits no request.
    pub fn policy_kind(&self) -> Option<PolicyKind> {
        match self {
            OrgPolicyType::ServiceControl => Some(PolicyKind::ServiceControl),
            OrgPolicyType::ResourceControl => Some(PolicyKind::ResourceControl),
            OrgPolicyType::Other(_) => None,
        }
    }
}

/// A policy of the organization with what it is attached to.
#[derive(Clone, Debug)]
pub struct OrgPolicy {
    /// `p-...`
    pub id: Box<str>,
    pub name: Box<str>,
    pub policy_type: OrgPolicyType,
    pub aws_managed: bool,
    /// As recorded; empty if it was not.
    pub content: Arc<str>,
    /// Of SCPs and RCPs. It may be unrecorded.
    pub document: Option<Arc<Prepared>>,
    /// Ids of nodes.
    pub targets: BTreeSet<Box<str>>,
    /// What it is attached to could not be read: it may be anywhere.
    pub targets_unknown: bool,
}

/// Whether a type of policies is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabled {
    Yes,
    No,
}

/// What is wrong with a tree, or with a change of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationError {
    #[error("{child} stands under {parent}, which is not recorded")]
    MissingParent { child: String, parent: String },
    #[error("the organization goes in a circle: {}", .0.join(" is under "))]
    Cycle(Vec<String>),
    #[error("the organization {0} has no root")]
    NoRoot(String),
    #[error("there is no root, unit or account `{0}`")]
    UnknownTarget(String),
    #[error("there is no policy `{0}`")]
    UnknownPolicy(String),
    #[error("there is a policy `{0}` already")]
    PolicyExists(String),
    #[error("`{policy}` is not attached to `{target}`")]
    NotAttached { policy: String, target: String },
    #[error("`{policy}` is attached to `{target}` already")]
    AttachedAlready { policy: String, target: String },
    #[error("`{0}` is no account")]
    NotAnAccount(String),
    #[error("`{0}` is an account: accounts stand under roots and units")]
    NotAParent(String),
    #[error("{0} belongs to AWS and cannot be changed")]
    AwsManaged(String),
    #[error("{name}: {error}")]
    Policy { name: String, error: PolicyError },
}

/// An organization as it was recorded, or as it would be.
#[derive(Clone, Debug)]
pub struct Organization {
    pub(crate) id: Box<str>,
    pub(crate) management: Option<Box<str>>,
    pub(crate) nodes: BTreeMap<Box<str>, Node>,
    pub(crate) policies: BTreeMap<Box<str>, OrgPolicy>,
    pub(crate) scps: Enabled,
    pub(crate) rcps: Enabled,
    /// Stands for the policies of a type that is in force and of which none was recorded.
    pub(crate) unlisted_scps: Option<Arc<Prepared>>,
    pub(crate) unlisted_rcps: Option<Arc<Prepared>>,
}

impl Organization {
    /// `o-...`
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The management account, which neither SCPs nor RCPs affect.
    pub fn management_account(&self) -> Option<&str> {
        self.management.as_deref()
    }

    /// Whether SCPs are in force.
    pub fn has_scps(&self) -> bool {
        self.scps == Enabled::Yes
    }

    /// Whether RCPs are in force.
    pub fn has_rcps(&self) -> bool {
        self.rcps == Enabled::Yes
    }

    /// Roots, units and accounts, by id.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    pub fn roots(&self) -> impl Iterator<Item = &Node> {
        self.nodes().filter(|node| node.kind == NodeKind::Root)
    }

    pub fn accounts(&self) -> impl Iterator<Item = &Node> {
        self.nodes().filter(|node| node.kind == NodeKind::Account)
    }

    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// What stands directly under a node: units, then accounts, by name.
    pub fn children(&self, id: &str) -> Vec<&Node> {
        let mut children: Vec<&Node> = self.nodes().filter(|node| node.parent.as_deref() == Some(id)).collect();
        children.sort_by(|a, b| (a.kind, &a.name, &a.id).cmp(&(b.kind, &b.name, &b.id)));
        children
    }

    /// The way from the root to a node, both in it; empty for what is not in the tree.
    pub fn path(&self, id: &str) -> Vec<&Node> {
        let mut path = Vec::new();
        let mut next = self.nodes.get(id);
        // `check` has excluded circles; a change cannot make one.
        while let Some(node) = next
            && path.len() <= self.nodes.len()
        {
            path.push(node);
            next = node.parent.as_deref().and_then(|parent| self.nodes.get(parent));
        }
        path.reverse();
        path
    }

    /// The accounts at or below a node.
    pub fn accounts_under(&self, id: &str) -> Vec<&Node> {
        self.accounts().filter(|account| self.path(&account.id).iter().any(|node| *node.id == *id)).collect()
    }

    /// All policies, by id.
    pub fn policies(&self) -> impl Iterator<Item = &OrgPolicy> {
        self.policies.values()
    }

    pub fn policy(&self, id: &str) -> Option<&OrgPolicy> {
        self.policies.get(id)
    }

    /// The policies of a type that are attached to a node itself.
    pub fn attached<'o>(
        &'o self,
        target: &'o str,
        policy_type: &'o OrgPolicyType,
    ) -> impl Iterator<Item = &'o OrgPolicy> {
        self.policies().filter(move |policy| policy.policy_type == *policy_type && policy.targets.contains(target))
    }

    /// The SCPs of an account, the root's first. Empty: SCPs are not in force, or it is no account of the organization.
    pub fn scps_of(&self, account: &str) -> Vec<Level> {
        self.levels(account, &OrgPolicyType::ServiceControl)
    }

    /// The RCPs of an account, the root's first.
    pub fn rcps_of(&self, account: &str) -> Vec<Level> {
        self.levels(account, &OrgPolicyType::ResourceControl)
    }

    fn levels(&self, account: &str, policy_type: &OrgPolicyType) -> Vec<Level> {
        let (enabled, unlisted) = match policy_type {
            OrgPolicyType::ServiceControl => (self.scps, &self.unlisted_scps),
            OrgPolicyType::ResourceControl => (self.rcps, &self.unlisted_rcps),
            OrgPolicyType::Other(_) => return Vec::new(),
        };
        if enabled == Enabled::No {
            return Vec::new();
        }
        let own = |target: &str| {
            let is_here = |policy: &&OrgPolicy| {
                policy.policy_type == *policy_type && (policy.targets.contains(target) || policy.targets_unknown)
            };
            let documents = self
                .policies()
                .filter(is_here)
                .filter_map(|policy| if policy.targets_unknown { unlisted.clone() } else { policy.document.clone() });
            documents.chain(self.none_listed(policy_type).then(|| unlisted.clone()).flatten()).collect()
        };
        self.path(account).iter().map(|node| Level { target: node.id.clone(), policies: own(&node.id) }).collect()
    }

    /// Whether policies of the type are in force, and none was recorded: AWS has no such organization.
    pub(crate) fn none_listed(&self, policy_type: &OrgPolicyType) -> bool {
        !self.policies().any(|policy| policy.policy_type == *policy_type)
    }

    /// The account's place for condition keys; none for what is no account of the organization.
    pub fn place_of(&self, account: &str) -> Option<OrgPlace> {
        let path = self.path(account);
        let (_, above) = path.split_last()?;
        let mut text = format!("{}/", self.id);
        for node in above {
            text.push_str(&node.id);
            text.push('/');
        }
        Some(OrgPlace { id: self.id.clone(), paths: [text.into_boxed_str()].into() })
    }

    pub fn standing_of(&self, account: &str) -> Standing {
        if self.management.as_deref() == Some(account) { Standing::Management } else { Standing::Member }
    }

    /// Adds a policy that is attached nowhere yet.
    ///
    /// # Errors
    /// It cannot be parsed, or the id is taken.
    pub fn add_policy(
        &mut self,
        id: &str,
        name: &str,
        policy_type: OrgPolicyType,
        content: &str,
    ) -> Result<(), OrganizationError> {
        if self.policies.contains_key(id) {
            return Err(OrganizationError::PolicyExists(id.to_owned()));
        }
        let document = document(&policy_type, name, content)?;
        let policy = OrgPolicy {
            id: id.into(),
            name: name.into(),
            policy_type,
            aws_managed: false,
            content: content.into(),
            document,
            targets: BTreeSet::new(),
            targets_unknown: false,
        };
        self.policies.insert(id.into(), policy);
        Ok(())
    }

    /// Replaces what a policy says, wherever it is attached.
    ///
    /// # Errors
    /// There is no such policy, it is AWS's, or the new text cannot be parsed.
    pub fn replace_policy(&mut self, id: &str, content: &str) -> Result<(), OrganizationError> {
        let policy = self.policies.get_mut(id).ok_or_else(|| OrganizationError::UnknownPolicy(id.to_owned()))?;
        if policy.aws_managed {
            return Err(OrganizationError::AwsManaged(id.to_owned()));
        }
        policy.document = document(&policy.policy_type, &policy.name, content)?;
        policy.content = content.into();
        Ok(())
    }

    /// Attaches a policy to a root, unit or account.
    ///
    /// # Errors
    /// There is no such policy or target, or it is attached there already.
    pub fn attach(&mut self, id: &str, target: &str) -> Result<(), OrganizationError> {
        self.known(target)?;
        let policy = self.policies.get_mut(id).ok_or_else(|| OrganizationError::UnknownPolicy(id.to_owned()))?;
        if policy.targets.insert(target.into()) {
            return Ok(());
        }
        Err(OrganizationError::AttachedAlready { policy: id.to_owned(), target: target.to_owned() })
    }

    /// Detaches a policy from what it is attached to itself.
    ///
    /// # Errors
    /// There is no such policy or target, or it is not attached there.
    pub fn detach(&mut self, id: &str, target: &str) -> Result<(), OrganizationError> {
        self.known(target)?;
        let policy = self.policies.get_mut(id).ok_or_else(|| OrganizationError::UnknownPolicy(id.to_owned()))?;
        if policy.targets.remove(target) {
            return Ok(());
        }
        Err(OrganizationError::NotAttached { policy: id.to_owned(), target: target.to_owned() })
    }

    /// Moves an account under a root or unit.
    ///
    /// # Errors
    /// There are no such nodes, or they are of the wrong kind.
    pub fn move_account(&mut self, account: &str, parent: &str) -> Result<(), OrganizationError> {
        if self.known(parent)?.kind == NodeKind::Account {
            return Err(OrganizationError::NotAParent(parent.to_owned()));
        }
        if self.known(account)?.kind != NodeKind::Account {
            return Err(OrganizationError::NotAnAccount(account.to_owned()));
        }
        if let Some(node) = self.nodes.get_mut(account) {
            node.parent = Some(parent.into());
        }
        Ok(())
    }

    /// The node that a word means: an id, an ARN, a name if only one has it, or names joined by `/` from the root.
    pub fn find(&self, word: &str) -> Option<&Node> {
        let id = if word.starts_with("arn:") { word.rsplit('/').next().unwrap_or(word) } else { word };
        if let Some(node) = self.nodes.get(id) {
            return Some(node);
        }
        let is_meant = |node: &&Node| {
            let names = || self.path(&node.id).iter().map(|node| &*node.name).collect::<Vec<_>>().join("/");
            *node.name == *word || (word.contains('/') && names() == word)
        };
        let mut found = self.nodes().filter(is_meant);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    fn known(&self, id: &str) -> Result<&Node, OrganizationError> {
        self.nodes.get(id).ok_or_else(|| OrganizationError::UnknownTarget(id.to_owned()))
    }

    /// Whether every node has its way to a root.
    pub(crate) fn check(&self) -> Result<(), OrganizationError> {
        if !self.nodes.is_empty() && self.roots().next().is_none() {
            return Err(OrganizationError::NoRoot(self.id.to_string()));
        }
        let mut sound: BTreeSet<&str> = BTreeSet::new();
        for node in self.nodes.values() {
            let mut way: Vec<&Node> = Vec::new();
            let mut next = node;
            while !sound.contains(&*next.id) {
                if let Some(start) = way.iter().position(|known| known.id == next.id) {
                    let names = way[start..].iter().chain([&next]).map(|node| node.words()).collect();
                    return Err(OrganizationError::Cycle(names));
                }
                way.push(next);
                match next.parent.as_deref() {
                    None if next.kind == NodeKind::Root => break,
                    None => {
                        let parent = "a parent".to_owned();
                        return Err(OrganizationError::MissingParent { child: next.words(), parent });
                    }
                    Some(parent) => {
                        next = self.nodes.get(parent).ok_or_else(|| OrganizationError::MissingParent {
                            child: next.words(),
                            parent: parent.to_owned(),
                        })?;
                    }
                }
            }
            sound.extend(way.iter().map(|node| &*node.id));
        }
        Ok(())
    }
}

impl Node {
    /// Its id, with its name if it has one.
    pub fn words(&self) -> String {
        if self.name.is_empty() { self.id.to_string() } else { format!("{} ({})", self.id, self.name) }
    }
}

fn document(
    policy_type: &OrgPolicyType,
    name: &str,
    content: &str,
) -> Result<Option<Arc<Prepared>>, OrganizationError> {
    let Some(kind) = policy_type.policy_kind() else { return Ok(None) };
    match Prepared::parse_any(kind, name, content) {
        Ok(prepared) => Ok(Some(Arc::new(prepared))),
        Err(error) => Err(OrganizationError::Policy { name: name.to_owned(), error }),
    }
}

/// Stands for policies of the organization that are in force and were not recorded.
pub(crate) fn unlisted(kind: PolicyKind, organization: &str) -> Arc<Prepared> {
    let what = if kind == PolicyKind::ServiceControl { "SCPs" } else { "RCPs" };
    Arc::new(Prepared::unrecorded(kind, &format!("{what} of {organization}"), Unrecorded::MayAllowOrDeny))
}
