//! People joined to accounts: who has which permission set where, as which role, with which policies and session
//! tags. A role that was recorded counts as it is; where there is none yet, the permission set stands for it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use haechi_iam::{Caller, CallerError, Context, PolicyKind, Prepared, Unrecorded};

use super::attributes::Attribute;
use super::directory::{
    AccessControlAttributes, Assignee, Assignment, BoundaryReference, Directory, PermissionSet, PolicyReference, User,
    UserGroup,
};
use super::drift::Drift;
use crate::world::{Documents, GapKind, Library, PolicySet, Principal, Subject, Via, World};

/// People and permission sets over the recorded organization.
pub struct Center<'w> {
    pub world: &'w World,
    pub directory: &'w Directory,
    documents: &'w Documents,
    /// Recorded roles of permission sets, by account and the set's name.
    roles: HashMap<(&'w str, &'w str), Vec<&'w Principal>>,
    library: RefCell<Library>,
    made: RefCell<HashMap<SetAndAccount, Arc<Provisioned<'w>>>>,
}

/// The ARN of a permission set, and an account.
type SetAndAccount = (Box<str>, Box<str>);

/// A permission set in an account.
#[derive(Debug)]
pub struct Provisioned<'w> {
    /// Its role there, if it was recorded.
    pub role: Option<&'w Principal>,
    pub identity: PolicySet,
    pub boundary: PolicySet,
    pub drift: Vec<Drift>,
}

/// Somebody's permission set in an account.
#[derive(Clone, Debug)]
pub struct Seat<'w> {
    pub account: &'w str,
    /// The ARN of the permission set.
    pub set_arn: &'w str,
    /// None: it was not recorded.
    pub set: Option<&'w PermissionSet>,
    pub is_direct: bool,
    /// The groups that bring it.
    pub groups: Vec<&'w UserGroup>,
}

/// Somebody at work in an account.
pub struct Session<'w> {
    pub subject: Subject<'w>,
    /// What is known of the requests; everything else is open.
    pub context: Context,
    pub provisioned: Arc<Provisioned<'w>>,
    /// Session tags, with what their values come to.
    pub tags: Vec<(Box<str>, Attribute)>,
}

/// Begins the name of every role of a permission set.
const RESERVED: &str = "AWSReservedSSO_";

/// The permission set that a role's name tells.
pub fn set_of_role(name: &str) -> Option<&str> {
    let (set, suffix) = name.strip_prefix(RESERVED)?.rsplit_once('_')?;
    (suffix.len() == 16 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(set)
}

impl<'w> Center<'w> {
    /// Joins a directory to a world. `documents` finds policies of AWS by ARN.
    pub fn new(world: &'w World, directory: &'w Directory, documents: &'w Documents) -> Center<'w> {
        let mut roles: HashMap<(&str, &str), Vec<&Principal>> = HashMap::new();
        for principal in world.principals().iter().filter(|principal| principal.is_of_identity_center()) {
            if let Some(set) = set_of_role(principal.name()) {
                roles.entry((principal.account(), set)).or_default().push(principal);
            }
        }
        let (library, made) = (RefCell::default(), RefCell::default());
        Center { world, directory, documents, roles, library, made }
    }

    /// Where somebody has which permission set: by account, then by the set's name.
    pub fn seats(&self, user: &User) -> Vec<Seat<'w>> {
        let mut seats: BTreeMap<(&str, &str, &str), Seat<'w>> = BTreeMap::new();
        let mut take = |assignment: &'w Assignment, group: Option<&'w UserGroup>| {
            let set = self.directory.permission_set(&assignment.set);
            let name = set.map_or(&*assignment.set, |set| &*set.name);
            let seat = seats.entry((&assignment.account, name, &assignment.set)).or_insert_with(|| Seat {
                account: &assignment.account,
                set_arn: &assignment.set,
                set,
                is_direct: false,
                groups: Vec::new(),
            });
            match group {
                None => seat.is_direct = true,
                Some(group) if seat.groups.iter().any(|known| known.id == group.id) => {}
                Some(group) => seat.groups.push(group),
            }
        };
        let is_for = |assignee: Assignee| move |assignment: &&Assignment| assignment.assignee == assignee;
        for assignment in self.directory.assignments_of(&user.id).filter(is_for(Assignee::User)) {
            take(assignment, None);
        }
        for group in self.directory.groups_of(&user.id) {
            for assignment in self.directory.assignments_of(&group.id).filter(is_for(Assignee::Group)) {
                take(assignment, Some(group));
            }
        }
        let mut seats: Vec<Seat<'w>> = seats.into_values().collect();
        for seat in &mut seats {
            seat.groups.sort_by(|left, right| (&left.name, &left.id).cmp(&(&right.name, &right.id)));
        }
        seats
    }

    /// A permission set in an account: made once.
    pub fn provisioned(&self, set_arn: &str, account: &str) -> Arc<Provisioned<'w>> {
        let key = (Box::from(set_arn), Box::from(account));
        if let Some(known) = self.made.borrow().get(&key) {
            return known.clone();
        }
        let made = Arc::new(match self.directory.permission_set(set_arn) {
            Some(set) => self.provision(set, account),
            None => self.unknown_set(set_arn),
        });
        self.made.borrow_mut().insert(key, made.clone());
        made
    }

    fn unknown_set(&self, set_arn: &str) -> Provisioned<'w> {
        let mut library = self.library.borrow_mut();
        let policy = library.unrecorded(PolicyKind::Identity, set_arn, Unrecorded::MayAllowOrDeny);
        Provisioned {
            role: None,
            identity: library.set(vec![policy]),
            boundary: library.set(Vec::new()),
            drift: vec![Drift::SetNotRecorded],
        }
    }

    fn provision(&self, set: &PermissionSet, account: &str) -> Provisioned<'w> {
        let roles = self.roles.get(&(account, &*set.name)).map(Vec::as_slice).unwrap_or_default();
        let mut drift = Vec::new();
        if set.outdated_in.as_ref().is_some_and(|accounts| accounts.contains(account)) {
            drift.push(Drift::Outdated);
        }
        if roles.len() > 1 {
            drift.push(Drift::SeveralRoles(roles.len()));
        }
        match roles.first() {
            Some(role) => {
                drift.extend(super::drift::of_role(set, role));
                Provisioned {
                    role: Some(role),
                    identity: role.identity().clone(),
                    boundary: role.boundary().clone(),
                    drift,
                }
            }
            None => {
                if self.is_recorded(account) {
                    drift.push(Drift::NotProvisioned);
                }
                self.imagined(set, account, drift)
            }
        }
    }

    /// Whether the roles of an account are known.
    pub fn is_recorded(&self, account: &str) -> bool {
        let is_it = |gap: &GapKind| matches!(gap, GapKind::Account | GapKind::Listing);
        self.world
            .account(account)
            .is_some_and(|account| account.principals > 0 && !account.gap.as_ref().is_some_and(|gap| is_it(&gap.kind)))
    }

    /// What a role of the set would have.
    fn imagined(&self, set: &PermissionSet, account: &str, mut drift: Vec<Drift>) -> Provisioned<'w> {
        let mut identity = Vec::new();
        for arn in &set.managed {
            identity.push(self.managed(PolicyKind::Identity, arn));
        }
        for reference in &set.customer_managed {
            identity.extend(self.customer(PolicyKind::Identity, reference, account, &mut drift));
        }
        let mut library = self.library.borrow_mut();
        if let Some(text) = &set.inline {
            identity.push(library.prepare(PolicyKind::Identity, INLINE, text, &set.arn));
        }
        for (what, _) in set.unread.iter().filter(|(what, _)| &**what != "PermissionsBoundary") {
            let name = format!("{what} of {}", set.name);
            identity.push(library.unrecorded(PolicyKind::Identity, &name, Unrecorded::MayAllowOrDeny));
        }
        drop(library);
        let mut boundary: Vec<Arc<Prepared>> = match &set.boundary {
            Some(BoundaryReference::Managed(arn)) => vec![self.managed(PolicyKind::Boundary, arn)],
            Some(BoundaryReference::Customer(reference)) => {
                let known = self.customer(PolicyKind::Boundary, reference, account, &mut drift);
                // Without its boundary the set is not provisioned at all.
                let missing = || self.unrecorded(PolicyKind::Boundary, &reference.name);
                vec![known.unwrap_or_else(missing)]
            }
            None => Vec::new(),
        };
        if set.unread.iter().any(|(what, _)| &**what == "PermissionsBoundary") {
            boundary.push(self.unrecorded(PolicyKind::Boundary, &format!("PermissionsBoundary of {}", set.name)));
        }
        let mut library = self.library.borrow_mut();
        Provisioned { role: None, identity: library.set(identity), boundary: library.set(boundary), drift }
    }

    fn managed(&self, kind: PolicyKind, arn: &str) -> Arc<Prepared> {
        match (self.documents)(arn) {
            Some(text) => {
                let name = arn.rsplit('/').next().unwrap_or(arn);
                self.library.borrow_mut().prepare(kind, name, &text, arn)
            }
            None => self.unrecorded(kind, arn),
        }
    }

    /// A policy of the account that the set names; none: the account has no such policy.
    fn customer(
        &self,
        kind: PolicyKind,
        reference: &PolicyReference,
        account: &str,
        drift: &mut Vec<Drift>,
    ) -> Option<Arc<Prepared>> {
        let arn = reference.arn(self.partition(), account);
        if let Some(text) = self.directory.policy(&arn) {
            return Some(self.library.borrow_mut().prepare(kind, &reference.name, text, &arn));
        }
        if self.is_recorded(account) {
            drift.push(Drift::PolicyMissing(format!("{}{}", reference.path, reference.name).into()));
            return None;
        }
        Some(self.unrecorded(kind, &arn))
    }

    fn unrecorded(&self, kind: PolicyKind, name: &str) -> Arc<Prepared> {
        self.library.borrow_mut().unrecorded(kind, name, Unrecorded::MayAllowOrDeny)
    }

    pub(super) fn partition(&self) -> &'w str {
        let of = |arn: &'w str| arn.split(':').nth(1);
        let set = self.directory.permission_sets().next().and_then(|set| of(&set.arn));
        set.filter(|partition| !partition.is_empty()).unwrap_or("aws")
    }

    /// Somebody at work in an account.
    ///
    /// # Errors
    /// The account's id is none.
    pub fn session(&self, user: &User, seat: &Seat<'w>) -> Result<Session<'w>, CallerError> {
        let provisioned = self.provisioned(seat.set_arn, seat.account);
        let partition = self.partition();
        let role_arn = match provisioned.role {
            Some(role) => role.arn().to_owned(),
            None => self.role_arn(seat),
        };
        let role_name = role_arn.rsplit('/').next().unwrap_or_default();
        let name = format!("arn:{partition}:sts::{}:assumed-role/{role_name}/{}", seat.account, user.name);
        let mut subject = self.world.subject(&name)?;
        subject.identity = provisioned.identity.clone();
        subject.boundary = provisioned.boundary.clone();
        subject.principal = provisioned.role;
        subject.caller = subject.caller.with_role(&role_arn);
        let mut context = Context::open();
        context.set("identitystore:UserId", &user.id);
        let tags = self.tags(user, seat, &mut subject.caller, provisioned.role, &mut context);
        Ok(Session { subject, context, provisioned, tags })
    }

    /// The role that AWS would make: all but the end of its name is known.
    fn role_arn(&self, seat: &Seat<'_>) -> String {
        let instance = seat.set.and_then(|set| self.directory.instance(&set.instance));
        let region = match instance.map(|instance| &*instance.region) {
            None | Some("" | "us-east-1" | "global") => String::new(),
            Some(region) => format!("{region}/"),
        };
        let name = seat.set.map_or("unknown", |set| &set.name);
        let (partition, account) = (self.partition(), seat.account);
        format!("arn:{partition}:iam::{account}:role/aws-reserved/sso.amazonaws.com/{region}{RESERVED}{name}_{UNKNOWN}")
    }

    /// Sets the tags of a session: those of the role, and of the person's attributes.
    fn tags(
        &self,
        user: &User,
        seat: &Seat<'_>,
        caller: &mut Caller,
        role: Option<&Principal>,
        context: &mut Context,
    ) -> Vec<(Box<str>, Attribute)> {
        let instance = seat.set.and_then(|set| self.directory.instance(&set.instance));
        let configured = instance.map_or(&AccessControlAttributes::Unknown, |instance| &instance.attributes);
        let mut tags: Vec<(Box<str>, Attribute)> = Vec::new();
        if let AccessControlAttributes::On(keys) = configured {
            for (key, sources) in keys {
                let value = match &sources[..] {
                    [source] => user.attribute(source),
                    _ => Attribute::Unknown,
                };
                tags.push((key.clone(), value));
            }
        }
        // An identity provider may send others with each sign-in, which no API tells.
        let sends_more = *configured != AccessControlAttributes::Off && user.external_issuer.is_some();
        let own = caller.clone();
        if sends_more || *configured == AccessControlAttributes::Unknown {
            *caller = own.with_unknown_tags();
        } else {
            let known = tags.iter().filter_map(|(key, value)| match value {
                Attribute::Known(value) => Some((&**key, &**value)),
                _ => None,
            });
            *caller = own.with_tags(known.chain(role.into_iter().flat_map(Principal::tags)));
        }
        for (key, value) in &tags {
            let name = format!("aws:PrincipalTag/{key}");
            let of_role = role.into_iter().flat_map(Principal::tags).find(|(own, _)| own.eq_ignore_ascii_case(key));
            match (value, of_role) {
                (Attribute::Known(value), _) => context.set(&name, value),
                (Attribute::Unknown, _) => context.set_unknown(&name),
                (Attribute::Absent, Some((_, value))) => context.set(&name, value),
                (Attribute::Absent, None) if sends_more => context.set_unknown(&name),
                (Attribute::Absent, None) => context.set_absent(&name),
            };
        }
        tags
    }
}

/// The name that AWS gives the inline policy of a permission set's role.
pub(super) const INLINE: &str = "AwsSSOInlinePolicy";
/// Stands for the end of a role's name, which AWS chooses.
const UNKNOWN: &str = "0000000000000000";

impl Seat<'_> {
    /// The set's name, or its ARN.
    pub fn set_name(&self) -> &str {
        self.set.map_or(self.set_arn, |set| &set.name)
    }
}

impl Provisioned<'_> {
    /// Whether every policy is known.
    pub fn is_known(&self) -> bool {
        let known = |policy: &Arc<Prepared>| policy.is_unrecorded().is_none();
        self.identity.iter().chain(self.boundary.iter()).all(known)
    }

    /// The names of what it grants by, as they came to the role.
    pub fn policies(&self) -> Vec<String> {
        let name = |policy: &Arc<Prepared>| match self.role.and_then(|role| role.via(policy)) {
            Some(Via::Managed(arn)) => arn.to_string(),
            _ => policy.name().to_owned(),
        };
        self.identity.iter().map(name).collect()
    }
}
