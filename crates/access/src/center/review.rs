//! The access review: permission sets, assignments and people that somebody should look at, each with why and what to
//! do. What was not looked at is said, never taken for fine.

use std::collections::{BTreeMap, BTreeSet};

use haechi_iam::Policy;
use haechi_model::{Severity, Timestamp};
use serde::Serialize;

use super::desired::is_management;
use super::directory::{Assignee, Assignment, PermissionSet, User, UserStatus};
use super::level::{Level, Levels};
use super::mfa::{IdentitySource, MfaPrompt, MfaStatement, MfaType, WithoutDevice};
use super::session::{Center, Seat};

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident $id:literal $severity:ident,)*) => {
        /// What a review looks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check { $($(#[$doc])* $name,)* }

        impl Check {
            pub const ALL: &'static [Check] = &[$(Check::$name,)*];

            /// Its name in machine output.
            pub fn id(self) -> &'static str {
                match self { $(Check::$name => $id,)* }
            }

            pub fn severity(self) -> Severity {
                match self { $(Check::$name => Severity::$severity,)* }
            }
        }
    };
}

checks! {
    /// Somebody who is not on the list of staff can sign in and has access.
    LeaverNotListed "leaver-not-listed" High,
    /// A disabled user has assignments still.
    LeaverDisabled "leaver-disabled" Medium,
    /// An assignment is to a user or group that does not exist.
    OrphanAssignment "orphan-assignment" Medium,
    ManagementAccount "management-account-assignment" Medium,
    LongAdminSession "long-administrator-session" Medium,
    FullAdmin "full-administrator-policy" Medium,
    OutdatedRole "role-out-of-date" Medium,
    DirectUser "direct-user-assignment" Low,
    NoBoundary "no-permissions-boundary" Low,
    UnusedSet "unassigned-permission-set" Low,
    EmptyGroup "empty-group-assignment" Low,
    UnseenSet "permission-set-not-used" Low,
    UnseenAssignment "assignment-not-used" Low,
    MfaNever "mfa-never" High,
    MfaDeviceAllow "mfa-without-device-allowed" High,
    MfaContextAware "mfa-context-aware" Medium,
    MfaSourceDiffers "mfa-identity-source-differs" Medium,
    MfaEmailCode "mfa-email-code" Low,
    MfaNoSecurityKeys "mfa-no-security-keys" Low,
    MfaOld "mfa-statement-old" Low,
    MfaNotTold "mfa-not-told" Informational,
    MfaExternal "mfa-at-identity-provider" Informational,
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concern {
    pub check: Check,
    /// The ARN of a permission set, the id of a user or group, an account.
    pub subject: String,
    /// The same in words.
    pub name: String,
    /// The account, where it is about one.
    pub account: String,
    /// What the sentence about it names besides.
    pub what: String,
}

/// What a review was not told, and so has not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotLooked {
    /// No list of staff.
    Staff,
    /// No logs: whether a set is used.
    Use,
    /// Not all users, or not all groups, were recorded.
    Orphans,
    /// The record does not say whether users are enabled.
    UserStatus,
    /// When roles were last provisioned was not recorded.
    Provisioning,
}

/// What a review found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// The worst first.
    pub concerns: Vec<Concern>,
    pub not_looked: BTreeSet<NotLooked>,
    /// How many permission sets, assignments, users and groups were looked at.
    pub looked: [usize; 4],
}

/// What a review takes besides the record.
#[derive(Debug, Default)]
pub struct ReviewOptions<'a> {
    /// User names and addresses of those who work here, in lower case.
    pub staff: Option<&'a BTreeSet<String>>,
    /// Sessions of administrators longer than these minutes are told.
    pub administrator_minutes: u32,
    pub usage: Option<&'a SetUsage>,
    pub mfa: Option<&'a MfaStatement>,
    /// Today, as `2026-11-22`.
    pub today: &'a str,
}

/// A statement of settings is old after a year.
const OLD_DAYS: i64 = 365;

/// An account and the name of a permission set.
type AccountAndSet = (Box<str>, Box<str>);

/// Session names, and when one was last seen.
type Sessions = (BTreeSet<Box<str>>, Timestamp);

/// Sessions of permission sets that logs show.
#[derive(Clone, Debug, Default)]
pub struct SetUsage {
    seen: BTreeMap<AccountAndSet, Sessions>,
    /// Accounts that the logs have events of.
    accounts: BTreeSet<Box<str>>,
    first: Option<Timestamp>,
}

impl SetUsage {
    /// An event of an account, whoever made it.
    pub fn event(&mut self, account: &str, at: Timestamp) {
        if !self.accounts.contains(account) {
            self.accounts.insert(account.into());
        }
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }

    /// A session by its ARN; nothing for what is no session of a permission set.
    pub fn session(&mut self, arn: &str, at: Timestamp) {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some(_), Some("sts"), Some(_), Some(account), Some(name)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return;
        };
        let Some((role, session)) = name.strip_prefix("assumed-role/").and_then(|name| name.split_once('/')) else {
            return;
        };
        self.role(account, role, session, at);
    }

    /// A session by its role's name.
    pub fn role(&mut self, account: &str, role: &str, session: &str, at: Timestamp) {
        let Some(set) = super::set_of_role(role) else { return };
        let (sessions, last) = self.seen.entry((account.into(), set.into())).or_insert_with(|| (BTreeSet::new(), at));
        if !sessions.contains(session) {
            sessions.insert(session.into());
        }
        *last = at.max(*last);
    }

    /// Takes what another thread has seen.
    pub fn merge(&mut self, other: SetUsage) {
        self.accounts.extend(other.accounts);
        self.first = match (self.first, other.first) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        for (key, (sessions, last)) in other.seen {
            let (own, own_last) = self.seen.entry(key).or_insert_with(|| (BTreeSet::new(), last));
            own.extend(sessions);
            *own_last = last.max(*own_last);
        }
    }

    /// When the logs begin.
    pub fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// How many accounts the logs have events of.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    fn has_account(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    fn saw(&self, account: &str, set: &str) -> bool {
        self.seen.contains_key(&(Box::from(account), Box::from(set)))
    }

    fn saw_one_of(&self, account: &str, set: &str, users: &[&User]) -> bool {
        let sessions = self.seen.get(&(Box::from(account), Box::from(set)));
        sessions.is_some_and(|(sessions, _)| {
            users.iter().any(|user| sessions.iter().any(|session| session.eq_ignore_ascii_case(&user.name)))
        })
    }
}

/// Reviews everything.
pub fn review<'w>(center: &Center<'w>, levels: &mut Levels<'w>, options: &ReviewOptions<'_>) -> Review {
    let mut reviewing = Reviewing { center, options, review: Review::default() };
    let directory = center.directory;
    reviewing.review.looked = [
        directory.permission_sets().len(),
        directory.assignments().len(),
        directory.users().len(),
        directory.groups().len(),
    ];
    reviewing.sets(levels);
    reviewing.assignments();
    reviewing.people();
    match options.usage {
        Some(usage) => reviewing.use_of(usage),
        None => {
            reviewing.review.not_looked.insert(NotLooked::Use);
        }
    }
    reviewing.sign_in();
    let mut review = reviewing.review;
    let order =
        |one: &Concern| (std::cmp::Reverse(one.check.severity()), one.check, one.name.clone(), one.account.clone());
    review.concerns.sort_by_cached_key(order);
    review
}

struct Reviewing<'r, 'w> {
    center: &'r Center<'w>,
    options: &'r ReviewOptions<'r>,
    review: Review,
}

impl<'w> Reviewing<'_, 'w> {
    fn tell(&mut self, check: Check, subject: &str, name: &str, account: &str, what: impl Into<String>) {
        self.review.concerns.push(Concern {
            check,
            subject: subject.to_owned(),
            name: name.to_owned(),
            account: account.to_owned(),
            what: what.into(),
        });
    }

    fn sets(&mut self, levels: &mut Levels<'w>) {
        let directory = self.center.directory;
        let mut accounts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for assignment in directory.assignments() {
            accounts.entry(&assignment.set).or_default().insert(&assignment.account);
        }
        for set in directory.permission_sets() {
            let assigned = accounts.remove(&*set.arn).unwrap_or_default();
            if assigned.is_empty() {
                self.tell(Check::UnusedSet, &set.arn, &set.name, "", "");
            }
            if let Some(text) = set.inline.as_deref().filter(|text| grants_everything(text)) {
                let sid = Policy::parse_any(text).ok().and_then(|policy| {
                    let first = policy.grants_admin().into_iter().next()?;
                    Some(first.sid.map_or_else(|| first.index.to_string(), |sid| sid.to_string()))
                });
                self.tell(Check::FullAdmin, &set.arn, &set.name, "", format!("inline: {}", sid.unwrap_or_default()));
            }
            if let Some(arn) = set.managed.iter().find(|arn| arn.ends_with(":policy/AdministratorAccess")) {
                self.tell(Check::FullAdmin, &set.arn, &set.name, "", arn.to_string());
            }
            if self.level(set, &assigned, levels) == Level::Administrator {
                if set.session_minutes().is_some_and(|minutes| minutes > self.options.administrator_minutes) {
                    self.tell(Check::LongAdminSession, &set.arn, &set.name, "", &*set.session_duration);
                }
                if set.boundary.is_none() {
                    self.tell(Check::NoBoundary, &set.arn, &set.name, "", "");
                }
            }
            if set.outdated_in.is_none() {
                self.review.not_looked.insert(NotLooked::Provisioning);
            }
            let outdated = set.outdated_in.iter().flatten().map(|account| &**account);
            for account in assigned.iter().copied().chain(outdated).collect::<BTreeSet<&str>>() {
                let drift = self.center.provisioned(&set.arn, account);
                if !drift.drift.is_empty() {
                    let names: Vec<&str> = drift.drift.iter().map(super::Drift::name).collect();
                    self.tell(Check::OutdatedRole, &set.arn, &set.name, account, names.join(", "));
                }
            }
        }
    }

    /// How much the set is, wherever it is: by its policies in the first account that it is assigned in.
    fn level(&self, set: &'w PermissionSet, assigned: &BTreeSet<&'w str>, levels: &mut Levels<'w>) -> Level {
        let first = assigned.iter().copied().next();
        let some = self.center.world.accounts().next().map(|account| &*account.id);
        let Some(account) = first.or(some) else { return Level::Nothing };
        let seat = Seat { account, set_arn: &set.arn, set: Some(set), is_direct: true, groups: Vec::new() };
        let nobody = User { name: "review".into(), ..User::default() };
        let session = self.center.session(&nobody, &seat);
        session.map_or(Level::Nothing, |session| levels.of(&session).bounded)
    }

    fn assignments(&mut self) {
        let (center, directory) = (self.center, self.center.directory);
        for assignment in directory.assignments() {
            let set = self.set_name(assignment);
            if is_management(center.world, directory, &assignment.account) {
                let name = self.assignee_name(assignment);
                self.tell(Check::ManagementAccount, &assignment.set, set, &assignment.account, name);
            }
            if !directory.is_whole(assignment.assignee) {
                self.review.not_looked.insert(NotLooked::Orphans);
            }
            match assignment.assignee {
                Assignee::User => match directory.user(&assignment.id) {
                    Some(user) => {
                        self.tell(Check::DirectUser, &user.id, &user.name, &assignment.account, set);
                    }
                    None if directory.is_whole(Assignee::User) => {
                        self.tell(Check::OrphanAssignment, &assignment.id, &assignment.id, &assignment.account, set);
                    }
                    None => {}
                },
                Assignee::Group => match directory.group(&assignment.id) {
                    Some(group) if group.members.is_empty() && group.members_unknown.is_none() => {
                        self.tell(Check::EmptyGroup, &group.id, &group.name, &assignment.account, set);
                    }
                    Some(_) => {}
                    None if directory.is_whole(Assignee::Group) => {
                        self.tell(Check::OrphanAssignment, &assignment.id, &assignment.id, &assignment.account, set);
                    }
                    None => {}
                },
            }
        }
    }

    fn set_name(&self, assignment: &'w Assignment) -> &'w str {
        self.center.directory.permission_set(&assignment.set).map_or(&*assignment.set, |set| &*set.name)
    }

    fn assignee_name(&self, assignment: &Assignment) -> String {
        let directory = self.center.directory;
        let name = match assignment.assignee {
            Assignee::User => directory.user(&assignment.id).map(|user| user.name.to_string()),
            Assignee::Group => directory.group(&assignment.id).map(|group| group.name.to_string()),
        };
        name.unwrap_or_else(|| assignment.id.to_string())
    }

    fn people(&mut self) {
        if self.options.staff.is_none() {
            self.review.not_looked.insert(NotLooked::Staff);
        }
        for user in self.center.directory.users() {
            if user.status == UserStatus::Unknown {
                self.review.not_looked.insert(NotLooked::UserStatus);
            }
            let seats = self.center.seats(user);
            let accounts: BTreeSet<&str> = seats.iter().map(|seat| seat.account).collect();
            if seats.is_empty() {
                continue;
            }
            let what = accounts.len().to_string();
            if user.status == UserStatus::Disabled {
                self.tell(Check::LeaverDisabled, &user.id, &user.name, "", what);
            } else if let Some(staff) = self.options.staff {
                let mut names = user.emails.iter().chain([&user.name]);
                if !names.any(|name| staff.contains(&name.to_lowercase())) {
                    self.tell(Check::LeaverNotListed, &user.id, &user.name, "", what);
                }
            }
        }
    }

    fn use_of(&mut self, usage: &SetUsage) {
        let directory = self.center.directory;
        let mut of_set: BTreeMap<&str, Vec<&'w Assignment>> = BTreeMap::new();
        for assignment in directory.assignments() {
            of_set.entry(&assignment.set).or_default().push(assignment);
        }
        for (arn, assignments) in of_set {
            let name = self.set_name(assignments[0]);
            // Accounts of which the logs show nothing at all tell nothing of sets either.
            let looked: Vec<_> = assignments.into_iter().filter(|one| usage.has_account(&one.account)).collect();
            if looked.is_empty() {
                self.review.not_looked.insert(NotLooked::Use);
                continue;
            }
            if !looked.iter().any(|one| usage.saw(&one.account, name)) {
                let accounts: BTreeSet<&str> = looked.iter().map(|one| &*one.account).collect();
                self.tell(Check::UnseenSet, arn, name, "", accounts.len().to_string());
                continue;
            }
            for one in looked {
                let users: Vec<&User> = match one.assignee {
                    Assignee::User => directory.user(&one.id).into_iter().collect(),
                    Assignee::Group => {
                        let members = directory.group(&one.id).map(|group| &group.members[..]).unwrap_or_default();
                        members.iter().filter_map(|id| directory.user(id)).collect()
                    }
                };
                if !users.is_empty() && !usage.saw_one_of(&one.account, name, &users) {
                    let assignee = self.assignee_name(one);
                    self.tell(Check::UnseenAssignment, &one.id, &assignee, &one.account, name);
                }
            }
        }
    }

    fn sign_in(&mut self) {
        let directory = self.center.directory;
        for instance in directory.instances() {
            let (arn, name) = (&*instance.arn, if instance.name.is_empty() { &*instance.arn } else { &*instance.name });
            let issuers = directory.external_issuers(Some(&instance.identity_store));
            let issuer = issuers.iter().next().copied().unwrap_or_default();
            let Some(mfa) = self.options.mfa else {
                if issuers.is_empty() {
                    self.tell(Check::MfaNotTold, arn, name, "", "");
                } else {
                    self.tell(Check::MfaExternal, arn, name, "", issuer);
                }
                continue;
            };
            match mfa.identity_source {
                Some(IdentitySource::ExternalIdentityProvider) => {
                    self.tell(Check::MfaExternal, arn, name, "", issuer);
                    continue;
                }
                Some(IdentitySource::IdentityCenterDirectory) if !issuers.is_empty() => {
                    self.tell(Check::MfaSourceDiffers, arn, name, "", issuer);
                }
                _ => {}
            }
            self.stated(mfa, arn, name);
        }
    }

    fn stated(&mut self, mfa: &MfaStatement, arn: &str, name: &str) {
        let mut untold = Vec::new();
        match mfa.prompt {
            Some(MfaPrompt::Never) => self.tell(Check::MfaNever, arn, name, "", ""),
            Some(MfaPrompt::ContextAware) => self.tell(Check::MfaContextAware, arn, name, "", ""),
            Some(MfaPrompt::EverySignIn) => {}
            None => untold.push("prompt"),
        }
        match mfa.without_device {
            Some(WithoutDevice::Allow) => self.tell(Check::MfaDeviceAllow, arn, name, "", ""),
            Some(WithoutDevice::EmailCode) => self.tell(Check::MfaEmailCode, arn, name, "", ""),
            Some(WithoutDevice::RequireRegistration | WithoutDevice::Block) => {}
            None => untold.push("withoutDevice"),
        }
        match &mfa.types {
            Some(types) if !types.contains(&MfaType::SecurityKeys) => {
                self.tell(Check::MfaNoSecurityKeys, arn, name, "", "");
            }
            Some(_) => {}
            None => untold.push("types"),
        }
        if mfa.identity_source.is_none() {
            untold.push("identitySource");
        }
        if !untold.is_empty() {
            self.tell(Check::MfaNotTold, arn, name, "", untold.join(", "));
        }
        if mfa.age(self.options.today).is_none_or(|days| !(0..=OLD_DAYS).contains(&days)) {
            self.tell(Check::MfaOld, arn, name, "", &*mfa.stated_on);
        }
    }
}

fn grants_everything(text: &str) -> bool {
    Policy::parse_any(text).is_ok_and(|policy| !policy.grants_admin().is_empty())
}
