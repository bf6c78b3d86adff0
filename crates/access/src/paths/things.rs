//! Recorded things that carry a role (instances, functions, projects), and what of users and policies only paths
//! ask for. Items in any order, as for the world.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use haechi_content::escalation::Escalation;
use haechi_iam::{PolicyKind, Prepared};
use haechi_model::{ConfigurationItem, Node};

use crate::world::{PrincipalKind, World, member, policy_text, version_text};

/// Something that may have a role.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub resource_type: Box<str>,
    pub arn: Box<str>,
    pub account: Box<str>,
    /// What names its role: an ARN of a role or instance profile, or a bare name.
    pub role: Option<Box<str>>,
}

/// What is known of a user's credentials; none: it is not recorded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Credentials {
    pub keys: Option<usize>,
    pub password: Option<bool>,
}

/// A version of a policy: its id and what it says.
pub(crate) type Version = (Box<str>, Arc<Prepared>);

/// Takes items.
#[derive(Debug, Default)]
pub struct Things {
    /// Types of things, and where their items name the role.
    types: BTreeMap<Box<str>, Vec<Vec<Box<str>>>>,
    pub(crate) all: BTreeMap<Box<str>, Thing>,
    pub(crate) users: HashMap<Box<str>, Credentials>,
    /// Versions of customer managed policies that are not in force.
    pub(crate) versions: HashMap<Box<str>, Vec<Version>>,
    /// Roles by the instance profiles that hold them.
    profiles: HashMap<Box<str>, Box<str>>,
    regions: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

impl Things {
    /// For the paths of a catalogue.
    pub fn of(catalogue: &[Escalation]) -> Things {
        let mut types: BTreeMap<Box<str>, Vec<Vec<Box<str>>>> = BTreeMap::new();
        for target in catalogue.iter().flat_map(|one| &one.ways).filter_map(|way| way.target.as_ref()) {
            let members = types.entry(target.resource_type.as_str().into()).or_default();
            for path in &target.role {
                let path: Vec<Box<str>> = path.split('.').map(Box::from).collect();
                if !members.contains(&path) {
                    members.push(path);
                }
            }
        }
        Things { types, ..Things::default() }
    }

    /// The types of items that it is made of.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        const OWN: [&str; 3] = ["AWS::IAM::User", "AWS::IAM::Role", "AWS::IAM::Policy"];
        self.types.keys().map(|name| &**name).chain(OWN)
    }

    /// Takes an item.
    pub fn add(&mut self, item: &ConfigurationItem) {
        if item.status().is_deleted() {
            return;
        }
        let key = item.key();
        let Some(arn) = item.arn() else { return };
        let account = key.account_id.as_str();
        if !matches!(key.region.as_str(), "global" | "") {
            self.regions.entry(account.into()).or_default().insert(key.region.as_str().into());
        }
        match key.resource_type.as_str() {
            "AWS::IAM::User" => self.add_user(item, arn),
            "AWS::IAM::Role" => {
                let profiles = member(item, "instanceProfileList").into_iter().flat_map(Node::elements);
                for profile in profiles.filter_map(|profile| profile.get("arn").or_else(|| profile.get("Arn"))) {
                    self.profiles.insert(profile.as_str().unwrap_or_default().into(), arn.into());
                }
            }
            "AWS::IAM::Policy" => self.add_policy(item, arn),
            resource_type => {
                let Some(members) = self.types.get(resource_type) else { return };
                let named = |path: &Vec<Box<str>>| item.root().path(path.iter().map(|name| &**name))?.as_str();
                let thing = Thing {
                    resource_type: resource_type.into(),
                    arn: arn.into(),
                    account: account.into(),
                    role: members.iter().find_map(named).filter(|role| !role.is_empty()).map(Box::from),
                };
                self.all.insert(arn.into(), thing);
            }
        }
    }

    fn add_user(&mut self, item: &ConfigurationItem, arn: &str) {
        // AWS Config's own items of users have neither keys nor passwords: then nothing is known of them.
        let report = member(item, "credentialReport").and_then(|report| report.get("passwordEnabled"));
        let profile = member(item, "loginProfile");
        let credentials = Credentials {
            keys: member(item, "accessKeys").map(|keys| keys.elements().count()),
            password: match profile {
                Some(profile) => Some(profile.get("createDate").or_else(|| profile.get("CreateDate")).is_some()),
                None => report.and_then(Node::as_bool),
            },
        };
        self.users.insert(arn.into(), credentials);
    }

    fn add_policy(&mut self, item: &ConfigurationItem, arn: &str) {
        let versions = member(item, "policyVersionList").into_iter().flat_map(Node::elements);
        let current = member(item, "defaultVersionId").and_then(Node::as_str).unwrap_or_default();
        for version in versions {
            let id = version.get("versionId").or_else(|| version.get("VersionId")).and_then(Node::as_str);
            let is_default = version.get("isDefaultVersion").or_else(|| version.get("IsDefaultVersion"));
            let (Some(id), Some(text)) = (id, version_text(version).and_then(policy_text)) else { continue };
            if is_default.and_then(Node::as_bool) == Some(true) || id == current {
                continue;
            }
            let name = format!("{arn} {id}");
            if let Ok(prepared) = Prepared::parse_any(PolicyKind::Identity, &name, &text) {
                self.versions.entry(arn.into()).or_default().push((id.into(), Arc::new(prepared)));
            }
        }
    }

    /// Whether something of this ARN was recorded.
    pub fn has(&self, arn: &str) -> bool {
        self.all.contains_key(arn)
    }

    /// The place among the world's principals of the role that a thing carries.
    pub(crate) fn role_of(&self, thing: &Thing, world: &World) -> Option<usize> {
        let named = thing.role.as_deref()?;
        let account = &thing.account;
        let arn = match self.profiles.get(named) {
            Some(role) => role.to_string(),
            // A role and its instance profile have one name, as a rule; launch templates and jobs may tell just that.
            None if named.contains(":instance-profile/") || !named.starts_with("arn:") => {
                let name = named.rsplit('/').next().unwrap_or(named);
                format!("arn:aws:iam::{account}:role/{name}")
            }
            None => named.to_owned(),
        };
        let role = world.principal_index(&arn)?;
        (world.principals()[role].kind() == PrincipalKind::Role).then_some(role)
    }

    /// Regions in which an account has something; at least one.
    pub(crate) fn regions(&self, account: &str) -> Vec<Box<str>> {
        match self.regions.get(account) {
            Some(regions) => regions.iter().cloned().collect(),
            None => vec!["us-east-1".into()],
        }
    }
}
