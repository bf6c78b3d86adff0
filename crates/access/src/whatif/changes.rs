//! Changes of an organization, and the world before and after them.

use std::collections::BTreeMap;

use haechi_model::Timestamp;

use super::difference::{Difference, Sameness};
use crate::world::{NodeKind, OrgPolicyType, Organization, OrganizationError, World};

/// One change. Policies are named by id or name, targets by id, ARN, name or path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A policy that is not in the organization yet.
    AttachNew {
        name: String,
        policy_type: OrgPolicyType,
        content: String,
        target: String,
    },
    Attach {
        policy: String,
        target: String,
    },
    Detach {
        policy: String,
        target: String,
    },
    Replace {
        policy: String,
        content: String,
    },
    Move {
        account: String,
        parent: String,
    },
}

/// The world before and after some changes.
#[derive(Clone, Debug)]
pub struct WhatIf {
    before: World,
    after: World,
    changes: Vec<Change>,
    accounts: BTreeMap<Box<str>, AccountChange>,
}

/// What changes for an account.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    pub scps: Option<Difference>,
    pub rcps: Option<Difference>,
}

/// Why there is no telling what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhatIfError {
    #[error("no organization is recorded")]
    NoOrganization,
    #[error("{0} organizations are recorded")]
    SeveralOrganizations(usize),
    #[error("there is no root, unit or account `{0}`")]
    UnknownTarget(String),
    #[error("there is no policy `{0}`")]
    UnknownPolicy(String),
    #[error(transparent)]
    Organization(#[from] OrganizationError),
}

impl WhatIf {
    /// # Errors
    /// There is not exactly one organization, or a change names what is not there.
    pub fn new(world: &World, changes: Vec<Change>) -> Result<WhatIf, WhatIfError> {
        let organization = match world.organizations() {
            [] => return Err(WhatIfError::NoOrganization),
            [only] => only,
            several => return Err(WhatIfError::SeveralOrganizations(several.len())),
        };
        let mut changed = organization.clone();
        for (number, change) in changes.iter().enumerate() {
            change.apply(&mut changed, number)?;
        }
        let after = world.with_organization(changed);
        let mut whatif = WhatIf { before: world.clone(), after, changes, accounts: BTreeMap::new() };
        whatif.compare();
        Ok(whatif)
    }

    fn compare(&mut self) {
        let (Some(before), Some(after)) = (self.before.organization(), self.after.organization()) else { return };
        for account in after.accounts() {
            let id = &*account.id;
            if after.management_account() == Some(id) {
                continue;
            }
            let same = Sameness { moved: before.place_of(id) != after.place_of(id) };
            let change = AccountChange {
                scps: Difference::between(self.before.scps_of(id), self.after.scps_of(id), same),
                rcps: Difference::between(self.before.rcps_of(id), self.after.rcps_of(id), same),
            };
            if change.scps.is_some() || change.rcps.is_some() {
                self.accounts.insert(id.into(), change);
            }
        }
    }

    pub fn before(&self) -> &World {
        &self.before
    }

    pub fn after(&self) -> &World {
        &self.after
    }

    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The member accounts whose guardrails change, by id.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (&str, &AccountChange)> {
        self.accounts.iter().map(|(id, change)| (&**id, change))
    }

    pub fn account(&self, id: &str) -> Option<&AccountChange> {
        self.accounts.get(id)
    }

    /// Whether RCPs change anywhere.
    pub fn changes_rcps(&self) -> bool {
        self.accounts.values().any(|change| change.rcps.is_some())
    }

    /// Whether an account belongs to the organization.
    pub(crate) fn is_ours(&self, account: &str) -> bool {
        self.after.organization().is_some_and(|organization| {
            organization.node(account).is_some_and(|node| node.kind == NodeKind::Account)
                || organization.management_account() == Some(account)
        })
    }

    pub(crate) fn is_management(&self, account: &str) -> bool {
        self.after.organization().and_then(Organization::management_account) == Some(account)
    }
}

impl Change {
    fn apply(&self, organization: &mut Organization, number: usize) -> Result<(), WhatIfError> {
        match self {
            Change::AttachNew { name, policy_type, content, target } => {
                let id = format!("new-{}", number + 1);
                let target = target_of(organization, target)?;
                organization.add_policy(&id, name, policy_type.clone(), content)?;
                organization.attach(&id, &target)?;
            }
            Change::Attach { policy, target } => {
                let (policy, target) = (policy_of(organization, policy)?, target_of(organization, target)?);
                organization.attach(&policy, &target)?;
            }
            Change::Detach { policy, target } => {
                let (policy, target) = (policy_of(organization, policy)?, target_of(organization, target)?);
                organization.detach(&policy, &target)?;
            }
            Change::Replace { policy, content } => {
                let policy = policy_of(organization, policy)?;
                organization.replace_policy(&policy, content)?;
            }
            Change::Move { account, parent } => {
                let (account, parent) = (target_of(organization, account)?, target_of(organization, parent)?);
                organization.move_account(&account, &parent)?;
            }
        }
        Ok(())
    }
}

/// The id of what a word means; `root` in any case is the root, if there is one.
fn target_of(organization: &Organization, word: &str) -> Result<String, WhatIfError> {
    if let Some(node) = organization.find(word) {
        return Ok(node.id.to_string());
    }
    let mut roots = organization.roots();
    match (roots.next(), roots.next()) {
        (Some(root), None) if word.eq_ignore_ascii_case("root") => Ok(root.id.to_string()),
        _ => Err(WhatIfError::UnknownTarget(word.to_owned())),
    }
}

/// The id of the policy of an id, an ARN or a name that only one has.
fn policy_of(organization: &Organization, word: &str) -> Result<String, WhatIfError> {
    let id = if word.starts_with("arn:") { word.rsplit('/').next().unwrap_or(word) } else { word };
    if organization.policy(id).is_some() {
        return Ok(id.to_owned());
    }
    let mut named = organization.policies().filter(|policy| *policy.name == *word);
    match (named.next(), named.next()) {
        (Some(policy), None) => Ok(policy.id.to_string()),
        _ => Err(WhatIfError::UnknownPolicy(word.to_owned())),
    }
}

/// The first and last of some moments.
pub(crate) fn span(first: &mut Timestamp, last: &mut Timestamp, at: Timestamp) {
    *first = (*first).min(at);
    *last = (*last).max(at);
}
