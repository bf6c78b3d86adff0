//! What was recorded of IAM Identity Center: instances, people, groups, permission sets and who is assigned what,
//! where. Items in any order; facts only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use haechi_content::nearest;

use super::attributes::{self, Attribute};
use super::reading::{DirectoryBuilder, GROUP, USER};

/// An instance of IAM Identity Center.
#[derive(Clone, Debug)]
pub struct Instance {
    pub arn: Box<str>,
    /// `d-...`
    pub identity_store: Box<str>,
    pub name: Box<str>,
    /// The account that owns it: an organization's management account.
    pub owner: Box<str>,
    /// The account that it was read from.
    pub read_from: Box<str>,
    pub region: Box<str>,
    pub attributes: AccessControlAttributes,
}

/// Attributes for access control: what becomes tags of sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessControlAttributes {
    /// The feature is off: no session has such tags.
    Off,
    /// Keys of tags and the expressions of their values.
    On(Vec<(Box<str>, Vec<Box<str>>)>),
    /// It could not be read.
    Unknown,
}

/// Whether somebody can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    Enabled,
    Disabled,
    /// The record does not tell.
    #[default]
    Unknown,
}

/// Somebody in the identity store.
#[derive(Clone, Debug, Default)]
pub struct User {
    pub id: Box<str>,
    pub identity_store: Box<str>,
    pub name: Box<str>,
    pub display_name: Box<str>,
    /// The primary one first.
    pub emails: Vec<Box<str>>,
    pub status: UserStatus,
    /// Who provisions it, if an identity provider or directory does.
    pub external_issuer: Option<Box<str>>,
    pub(super) attributes: BTreeMap<Box<str>, Box<str>>,
}

/// A group of people.
#[derive(Clone, Debug, Default)]
pub struct UserGroup {
    pub id: Box<str>,
    pub identity_store: Box<str>,
    pub name: Box<str>,
    pub external_issuer: Option<Box<str>>,
    /// Ids of users, sorted.
    pub members: Vec<Box<str>>,
    /// Why its members were not recorded, if they were not.
    pub members_unknown: Option<Box<str>>,
}

/// A policy of an account that a permission set names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyReference {
    pub path: Box<str>,
    pub name: Box<str>,
}

impl PolicyReference {
    /// Its ARN in an account.
    pub fn arn(&self, partition: &str, account: &str) -> String {
        format!("arn:{partition}:iam::{account}:policy{}{}", self.path, self.name)
    }
}

/// The permissions boundary of a permission set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundaryReference {
    /// By the ARN of a policy of AWS.
    Managed(Box<str>),
    Customer(PolicyReference),
}

/// A permission set.
#[derive(Clone, Debug)]
pub struct PermissionSet {
    pub arn: Box<str>,
    pub instance: Box<str>,
    pub name: Box<str>,
    /// As AWS writes it: `PT1H`.
    pub session_duration: Box<str>,
    /// ARNs of policies of AWS.
    pub managed: Vec<Box<str>>,
    pub customer_managed: Vec<PolicyReference>,
    pub inline: Option<Box<str>>,
    pub boundary: Option<BoundaryReference>,
    /// Accounts whose role is not as the set says; none: that was not recorded.
    pub outdated_in: Option<BTreeSet<Box<str>>>,
    /// Members that could not be read, with the reason.
    pub unread: Vec<(Box<str>, Box<str>)>,
}

impl PermissionSet {
    /// How long its sessions last, in minutes; none: the record does not tell.
    pub fn session_minutes(&self) -> Option<u32> {
        minutes(&self.session_duration)
    }
}

/// Minutes of an ISO 8601 duration of hours and minutes, such as `PT1H30M`.
pub fn minutes(duration: &str) -> Option<u32> {
    let mut rest = duration.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut total = 0_u32;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b'H' => number.checked_mul(60)?,
            b'M' => number,
            b'S' => number.div_ceil(60),
            _ => return None,
        };
        total = total.checked_add(unit)?;
        rest = &rest[digits + 1..];
    }
    Some(total)
}

/// Whom an assignment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Assignee {
    Group,
    User,
}

impl Assignee {
    /// AWS's word.
    pub fn name(self) -> &'static str {
        match self {
            Assignee::User => "USER",
            Assignee::Group => "GROUP",
        }
    }
}

/// Somebody or a group has a permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assignment {
    pub instance: Box<str>,
    pub account: Box<str>,
    /// The ARN of the permission set.
    pub set: Box<str>,
    pub assignee: Assignee,
    /// The id of the user or group.
    pub id: Box<str>,
}

/// What of IAM Identity Center can be missing from a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    pub resource_type: Box<str>,
    pub reason: Box<str>,
}

/// Whom a word means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfound {
    /// Nobody, and perhaps somebody of a similar name.
    Nobody(Option<String>),
    /// Several, in words that tell them apart.
    Several(Vec<String>),
}

/// IAM Identity Center as it was recorded.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub(super) instances: BTreeMap<Box<str>, Instance>,
    pub(super) users: BTreeMap<Box<str>, User>,
    pub(super) groups: BTreeMap<Box<str>, UserGroup>,
    pub(super) sets: BTreeMap<Box<str>, PermissionSet>,
    pub(super) assignments: Vec<Assignment>,
    /// Documents of policies that permission sets name, by ARN.
    pub(super) policies: HashMap<Box<str>, Arc<str>>,
    pub(super) groups_of: HashMap<Box<str>, Vec<Box<str>>>,
    pub(super) of_assignee: HashMap<Box<str>, Vec<usize>>,
    pub(super) unlisted: BTreeSet<Unlisted>,
}

impl Directory {
    pub fn builder() -> DirectoryBuilder {
        DirectoryBuilder::default()
    }

    /// By ARN.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = &Instance> {
        self.instances.values()
    }

    pub fn instance(&self, arn: &str) -> Option<&Instance> {
        self.instances.get(arn)
    }

    /// By id.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &User> {
        self.users.values()
    }

    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    /// By id.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &UserGroup> {
        self.groups.values()
    }

    pub fn group(&self, id: &str) -> Option<&UserGroup> {
        self.groups.get(id)
    }

    /// By ARN.
    pub fn permission_sets(&self) -> impl ExactSizeIterator<Item = &PermissionSet> {
        self.sets.values()
    }

    pub fn permission_set(&self, arn: &str) -> Option<&PermissionSet> {
        self.sets.get(arn)
    }

    /// Sorted.
    pub fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// The assignments of a user or group itself.
    pub fn assignments_of(&self, id: &str) -> impl Iterator<Item = &Assignment> {
        let places = self.of_assignee.get(id).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|at| &self.assignments[*at])
    }

    /// The groups that somebody is in, by id.
    pub fn groups_of(&self, user: &str) -> impl Iterator<Item = &UserGroup> {
        let ids = self.groups_of.get(user).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.groups.get(id))
    }

    /// The document of a policy of an account that some permission set names.
    pub(super) fn policy(&self, arn: &str) -> Option<&Arc<str>> {
        self.policies.get(arn)
    }

    /// What could not be listed to the end.
    pub fn unlisted(&self) -> impl Iterator<Item = &Unlisted> {
        self.unlisted.iter()
    }

    /// Whether all users, or all groups, are here: only then something that is not here does not exist.
    pub fn is_whole(&self, assignee: Assignee) -> bool {
        let (resource_type, any) = match assignee {
            Assignee::User => (USER, !self.users.is_empty()),
            Assignee::Group => (GROUP, !self.groups.is_empty()),
        };
        any && !self.unlisted.iter().any(|unlisted| *unlisted.resource_type == *resource_type)
    }

    /// Whether nothing of IAM Identity Center was recorded.
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty() && self.sets.is_empty() && self.assignments.is_empty() && self.users.is_empty()
    }

    /// Who provisions the people of an identity store, as far as their records show it.
    pub fn external_issuers(&self, identity_store: Option<&str>) -> BTreeSet<&str> {
        let is_of = |store: &str| identity_store.is_none_or(|wanted| wanted == store);
        let users = self.users.values().filter(|user| is_of(&user.identity_store));
        let groups = self.groups.values().filter(|group| is_of(&group.identity_store));
        let of_users = users.filter_map(|user| user.external_issuer.as_deref());
        of_users.chain(groups.filter_map(|group| group.external_issuer.as_deref())).collect()
    }

    /// Who is meant by an id, a user name, an address or a display name, in this order.
    ///
    /// # Errors
    /// Nobody, or several.
    pub fn find_user(&self, word: &str) -> Result<&User, Unfound> {
        self.find_user_of(word, None)
    }

    /// The same in one identity store.
    pub(super) fn find_user_of(&self, word: &str, store: Option<&str>) -> Result<&User, Unfound> {
        let word = word.trim();
        let same = |text: &str| lower(text) == lower(word);
        let all = || self.users.values().filter(|user| store.is_none_or(|store| *user.identity_store == *store));
        let by_name = all().filter(|user| same(&user.name)).collect();
        let by_mail = all().filter(|user| user.emails.iter().any(|mail| same(mail))).collect();
        let by_display = all().filter(|user| same(&user.display_name)).collect();
        let stages: [Vec<&User>; 4] = [all().filter(|user| *user.id == *word).collect(), by_name, by_mail, by_display];
        one_of(stages, User::words, || {
            let users = all();
            let names = users.flat_map(|user| {
                [&*user.name, &*user.display_name].into_iter().chain(user.emails.first().map(|mail| &**mail))
            });
            nearest(word, names.filter(|name| !name.is_empty())).map(str::to_owned)
        })
    }

    /// The group of an id or name.
    ///
    /// # Errors
    /// None, or several.
    pub fn find_group(&self, word: &str) -> Result<&UserGroup, Unfound> {
        self.find_group_of(word, None)
    }

    /// The same in one identity store.
    pub(super) fn find_group_of(&self, word: &str, store: Option<&str>) -> Result<&UserGroup, Unfound> {
        let word = word.trim();
        let all = || self.groups.values().filter(|group| store.is_none_or(|store| *group.identity_store == *store));
        let by_name = all().filter(|group| lower(&group.name) == lower(word)).collect();
        let stages: [Vec<&UserGroup>; 2] = [all().filter(|group| *group.id == *word).collect(), by_name];
        one_of(stages, UserGroup::words, || nearest(word, all().map(|group| &*group.name)).map(str::to_owned))
    }

    /// The permission set of an ARN or name, of one instance if it is told which.
    ///
    /// # Errors
    /// None, or several.
    pub fn find_permission_set(&self, word: &str, instance: Option<&str>) -> Result<&PermissionSet, Unfound> {
        let is_of = |set: &&PermissionSet| instance.is_none_or(|wanted| *set.instance == *wanted);
        let by_name = self.sets.values().filter(|set| *set.name == *word.trim()).filter(is_of).collect();
        let stages: [Vec<&PermissionSet>; 2] =
            [self.sets.get(word.trim()).into_iter().filter(is_of).collect(), by_name];
        one_of(
            stages,
            |set| format!("{} ({})", set.name, set.arn),
            || nearest(word, self.sets.values().filter(is_of).map(|set| &*set.name)).map(str::to_owned),
        )
    }
}

impl User {
    /// Its name, with what tells it apart from others of that name.
    pub fn words(&self) -> String {
        let mut beside = Vec::new();
        if !self.display_name.is_empty() && self.display_name != self.name {
            beside.push(&*self.display_name);
        }
        beside.extend(self.emails.first().filter(|mail| **mail != self.name).map(|mail| &**mail));
        beside.push(&self.id);
        format!("{} ({})", self.name, beside.join(", "))
    }

    /// The value of an expression such as `${path:enterprise.department}`.
    pub fn attribute(&self, expression: &str) -> Attribute {
        attributes::value(expression, self)
    }
}

impl UserGroup {
    /// Its name with its id.
    pub fn words(&self) -> String {
        format!("{} ({})", self.name, self.id)
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// The one of the first stage that has any.
fn one_of<T, const N: usize>(
    stages: [Vec<&T>; N],
    words: impl Fn(&T) -> String,
    near: impl Fn() -> Option<String>,
) -> Result<&T, Unfound> {
    for stage in stages {
        match &stage[..] {
            [] => {}
            [one] => return Ok(one),
            several => return Err(Unfound::Several(several.iter().map(|one| words(one)).collect())),
        }
    }
    Err(Unfound::Nobody(near()))
}
