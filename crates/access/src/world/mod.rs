//! The world: what a recorded organization is to questions of access. Items in, callers and targets with all
//! policies that bear on them out. Facts only: no clock, no store.

mod accessed;
mod acl;
mod build_org;
mod builder;
mod gap;
mod holders;
mod library;
mod organization;
mod people;
mod read;
mod target;
mod usage;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use haechi_iam::{
    Action, Caller, CallerError, CallerKind, Context, Decision, KmsGrant, Level, OrgPlace, Outcome, Policies,
    PolicyKind, Prepared, Question, Standing, Unrecorded,
};

pub use accessed::{Accessed, ServiceAccess};
pub use builder::{Documents, WorldBuilder};
pub use gap::{Gap, GapKind};
pub(crate) use holders::{lacking, policy_text};
pub use library::PolicySet;
pub use organization::{Enabled, Node, NodeKind, OrgPolicy, OrgPolicyType, Organization, OrganizationError};
pub use people::{Attachment, Group, Principal, PrincipalKind, Via};
pub use target::Target;
pub use usage::{AccessKey, LastUse, Usage, Used};

pub(crate) use library::Library;
pub(crate) use read::{default_version, lacks, member, text, version_text};

/// What was recorded of an account.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: Box<str>,
    /// Empty if it is not recorded.
    pub name: Box<str>,
    /// ACTIVE, SUSPENDED...; empty if it is not recorded.
    pub status: Box<str>,
    pub standing: Standing,
    /// Ids from the root to the account's parent; empty outside the recorded organizations.
    pub path: Vec<Box<str>>,
    /// The same by name: `Root/Workloads/Prod`.
    pub name_path: String,
    /// Users and roles that were recorded.
    pub principals: usize,
    /// Why the record of its principals is not whole, if it is not.
    pub gap: Option<Gap>,
}

/// A recorded resource that may have a policy.
#[derive(Clone, Debug)]
pub struct RecordedResource {
    pub arn: Box<str>,
    pub resource_type: Box<str>,
    pub account: Box<str>,
    pub region: Box<str>,
    pub tags: Vec<(Box<str>, Box<str>)>,
    /// Its policy; it may be unrecorded. None: there is none.
    pub policy: Option<Arc<Prepared>>,
    /// What a bucket's access control list grants to others than its owner, as a policy.
    pub acl: Option<Arc<Prepared>>,
    pub aws_managed_key: bool,
    /// S3's RestrictPublicBuckets of the bucket or access point itself.
    pub restrict_public_buckets: bool,
    pub access_point: Option<AccessPoint>,
    pub grants: Vec<KmsGrant>,
    /// Whether grants were asked for: without them a key's grants are not known.
    pub grants_recorded: bool,
}

/// What an S3 access point leads to.
#[derive(Clone, Debug)]
pub struct AccessPoint {
    /// The ARN of its bucket.
    pub bucket: Box<str>,
    /// The VPC that it can be used from. None: the internet.
    pub vpc: Option<Box<str>>,
}

/// An account's side of every question: made once.
#[derive(Clone, Debug, Default)]
struct Place {
    scps: Vec<Level>,
    rcps: Vec<Level>,
    org: Option<OrgPlace>,
    standing: Standing,
}

/// What does not change with the organization's tree.
#[derive(Debug)]
struct Record {
    principals: Vec<Principal>,
    groups: Vec<Group>,
    by_arn: HashMap<Box<str>, usize>,
    /// Roles by account and lower-case name: the ARN of a session has no path.
    roles: HashMap<(Box<str>, Box<str>), usize>,
    resources: BTreeMap<Box<str>, RecordedResource>,
    /// Policies of VPC endpoints, by id.
    endpoints: HashMap<Box<str>, Option<Arc<Prepared>>>,
    /// Accounts whose S3 blocks public policies.
    restricted: HashMap<Box<str>, bool>,
    account_gaps: BTreeMap<Box<str>, Gap>,
    account_names: BTreeMap<Box<str>, Box<str>>,
    gaps: Vec<Gap>,
    policies: usize,
}

/// A recorded organization, or several, or single accounts.
#[derive(Clone, Debug)]
pub struct World {
    record: Arc<Record>,
    organizations: Vec<Organization>,
    accounts: BTreeMap<Box<str>, Account>,
    places: HashMap<Box<str>, Place>,
    outside: Place,
}

/// Somebody who asks, with the policies of their side.
#[derive(Clone, Debug)]
pub struct Subject<'w> {
    pub caller: Caller,
    /// The recorded user or role; none for root users, services, outsiders.
    pub principal: Option<&'w Principal>,
    pub identity: PolicySet,
    pub boundary: PolicySet,
    pub session: PolicySet,
    pub scps: &'w [Level],
}

/// Which guardrails are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Guardrails {
    #[default]
    Counted,
    /// As if there were no SCPs.
    WithoutScps,
}

impl World {
    pub fn builder() -> WorldBuilder {
        WorldBuilder::default()
    }

    fn new(record: Record, organizations: Vec<Organization>) -> World {
        World::placed(Arc::new(record), organizations)
    }

    fn placed(record: Arc<Record>, organizations: Vec<Organization>) -> World {
        let mut world = World {
            record,
            organizations,
            accounts: BTreeMap::new(),
            places: HashMap::new(),
            outside: Place::default(),
        };
        world.place_accounts();
        world
    }

    /// The same with an organization changed: everything else is shared.
    #[must_use]
    pub fn with_organization(&self, changed: Organization) -> World {
        let replaced = |old: &Organization| if old.id == changed.id { changed.clone() } else { old.clone() };
        World::placed(self.record.clone(), self.organizations.iter().map(replaced).collect())
    }

    fn place_accounts(&mut self) {
        let mut ids: std::collections::BTreeSet<Box<str>> = self.record.account_names.keys().cloned().collect();
        ids.extend(self.record.principals.iter().map(|principal| Box::from(principal.account())));
        ids.extend(self.record.resources.values().map(|resource| resource.account.clone()));
        ids.extend(self.record.account_gaps.keys().cloned());
        ids.extend(self.organizations.iter().flat_map(Organization::accounts).map(|node| node.id.clone()));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for principal in &self.record.principals {
            *counts.entry(principal.account()).or_default() += 1;
        }
        for id in ids {
            let organization = self.organizations.iter().find(|organization| {
                organization.node(&id).is_some() || organization.management_account() == Some(&*id)
            });
            let place = organization.map_or_else(Place::default, |organization| Place {
                scps: organization.scps_of(&id),
                rcps: organization.rcps_of(&id),
                org: organization.place_of(&id),
                standing: organization.standing_of(&id),
            });
            let path = organization.map(|organization| organization.path(&id)).unwrap_or_default();
            let above = path.split_last().map_or(&[][..], |(_, above)| above);
            let node = path.last();
            let account = Account {
                name: node
                    .map(|node| node.name.clone())
                    .filter(|name| !name.is_empty())
                    .or_else(|| self.record.account_names.get(&id).cloned())
                    .unwrap_or_default(),
                status: node.map(|node| node.status.clone()).unwrap_or_default(),
                standing: place.standing,
                name_path: above.iter().map(|node| &*node.name).collect::<Vec<_>>().join("/"),
                path: above.iter().map(|node| node.id.clone()).collect(),
                principals: counts.get(&*id).copied().unwrap_or_default(),
                gap: self.record.account_gaps.get(&id).cloned(),
                id: id.clone(),
            };
            self.accounts.insert(id.clone(), account);
            self.places.insert(id, place);
        }
    }

    /// The recorded organizations: none, or one as a rule.
    pub fn organizations(&self) -> &[Organization] {
        &self.organizations
    }

    /// The organization, if exactly one was recorded.
    pub fn organization(&self) -> Option<&Organization> {
        match &*self.organizations {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Every account of the organizations and every account of which anything was recorded, by id.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.values()
    }

    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// Whether an account is one of this world: anything else is outside.
    pub fn knows_account(&self, id: &str) -> bool {
        self.accounts.contains_key(id)
    }

    /// Users and roles, by ARN.
    pub fn principals(&self) -> &[Principal] {
        &self.record.principals
    }

    /// Groups of users, by ARN.
    pub fn groups(&self) -> &[Group] {
        &self.record.groups
    }

    /// A user or role by its ARN; by a session's ARN, its role.
    pub fn principal(&self, arn: &str) -> Option<&Principal> {
        self.principal_index(arn).map(|index| &self.record.principals[index])
    }

    /// Its place among the [`principals`](Self::principals).
    pub(crate) fn principal_index(&self, arn: &str) -> Option<usize> {
        if let Some(index) = self.record.by_arn.get(arn) {
            return Some(*index);
        }
        let (account, role) = match arn.split(':').collect::<Vec<_>>()[..] {
            ["arn", _, "sts", _, account, resource] => {
                (account, resource.strip_prefix("assumed-role/")?.split('/').next()?)
            }
            // Roles are often written without their path.
            ["arn", _, "iam", _, account, resource] => (account, resource.strip_prefix("role/")?.rsplit('/').next()?),
            _ => return None,
        };
        let key = (Box::from(account), role.to_ascii_lowercase().into_boxed_str());
        self.record.roles.get(&key).copied()
    }

    /// Recorded resources of the types that have policies, by ARN.
    pub fn resources(&self) -> impl Iterator<Item = &RecordedResource> {
        self.record.resources.values()
    }

    pub fn resource(&self, arn: &str) -> Option<&RecordedResource> {
        self.record.resources.get(arn)
    }

    /// What the record lacks, all in all.
    pub fn gaps(&self) -> &[Gap] {
        &self.record.gaps
    }

    /// How many policies were prepared: equal ones of equal names once.
    pub fn prepared_policies(&self) -> usize {
        self.record.policies
    }

    /// The SCPs that bear on the principals of an account, level by level from the root.
    pub fn scps_of(&self, account: &str) -> &[Level] {
        &self.place(account).scps
    }

    /// The RCPs that bear on the resources of an account.
    pub fn rcps_of(&self, account: &str) -> &[Level] {
        &self.place(account).rcps
    }

    fn place(&self, account: &str) -> &Place {
        self.places.get(account).unwrap_or(&self.outside)
    }

    /// Who an ARN, an account id (its root user), a service principal or `*` (without credentials) is.
    ///
    /// # Errors
    /// It names no principal.
    pub fn subject(&self, name: &str) -> Result<Subject<'_>, CallerError> {
        if name == "*" {
            return Ok(Subject::bare(Caller::anonymous()));
        }
        if !name.starts_with("arn:") && name.ends_with(".amazonaws.com") {
            return Ok(Subject::bare(Caller::service(name)));
        }
        let root;
        let name = if name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit()) {
            root = format!("arn:{}:iam::{name}:root", self.partition());
            &root
        } else {
            name
        };
        let recorded = self.principal(name);
        let caller = match recorded {
            Some(principal) if principal.arn() == name || !name.contains(":sts:") => principal.caller.clone(),
            Some(role) => {
                let session = Caller::from_arn(name)?.with_role(role.arn()).with_unique_id(&role.unique_id);
                session.with_tags(role.tags())
            }
            None => Caller::from_arn(name)?,
        };
        Ok(self.placed_subject(caller, recorded))
    }

    /// The partition that was recorded: accounts of several partitions are in no organization together.
    fn partition(&self) -> &str {
        let first = self.record.principals.first().map(Principal::arn);
        first
            .or_else(|| self.record.resources.keys().next().map(|arn| &**arn))
            .and_then(|arn| arn.split(':').nth(1))
            .unwrap_or("aws")
    }

    /// A recorded principal as somebody who asks.
    pub fn subject_of<'w>(&'w self, principal: &'w Principal) -> Subject<'w> {
        self.placed_subject(principal.caller.clone(), Some(principal))
    }

    fn placed_subject<'w>(&'w self, caller: Caller, principal: Option<&'w Principal>) -> Subject<'w> {
        let place = self.place(caller.account());
        let caller = match (&place.org, self.knows_account(caller.account())) {
            (Some(org), _) => caller.with_org(Some(org.clone())),
            // Whether the others are in some organization nobody recorded.
            (None, _) => caller,
        };
        let caller = caller.with_standing(place.standing);
        let mut subject = Subject::bare(caller);
        subject.scps = &place.scps;
        match principal {
            Some(principal) => {
                subject.identity = principal.identity.clone();
                subject.boundary = principal.boundary.clone();
                subject.principal = Some(principal);
            }
            None if matches!(
                subject.caller.kind(),
                CallerKind::User | CallerKind::Role | CallerKind::FederatedUser
            ) =>
            {
                let name = subject.caller.name_in_policies();
                subject.identity = unrecorded_policies(PolicyKind::Identity, name);
                if subject.caller.kind() == CallerKind::FederatedUser {
                    // Without a session policy it would have no permissions; nobody records the one it was given.
                    subject.session = unrecorded_policies(PolicyKind::Session, name);
                }
            }
            None => {}
        }
        subject
    }

    /// The layers of a question that is asked of this world.
    pub fn policies<'q>(&'q self, subject: &'q Subject<'_>, action: &Action, target: &'q Target<'_>) -> Policies<'q> {
        let assumes = action.service() == "sts"
            && (action.name().starts_with("assumerole")
                || matches!(action.name(), "tagsession" | "setsourceidentity" | "setcontext"));
        Policies {
            scps: subject.scps,
            rcps: target.rcps,
            endpoint: &[],
            session: &subject.session,
            resource: if assumes { &target.trust } else { &target.policy },
            identity: &subject.identity,
            boundary: &subject.boundary,
            grants: target.grants,
            bucket_access: target.bucket_access,
        }
    }

    /// A question with all policies of this world that bear on it.
    pub fn question<'q>(
        &'q self,
        subject: &'q Subject<'_>,
        action: &'q Action,
        target: &'q Target<'_>,
        context: &'q Context,
        guardrails: Guardrails,
    ) -> Question<'q> {
        let mut policies = self.policies(subject, action, target);
        if guardrails == Guardrails::WithoutScps {
            policies.scps = &[];
        }
        Question { caller: &subject.caller, action, resource: &target.resource, context, policies }
    }

    /// The decision alone.
    pub fn decide(&self, subject: &Subject<'_>, action: &Action, target: &Target<'_>, context: &Context) -> Outcome {
        self.question(subject, action, target, context, Guardrails::Counted).decide()
    }

    /// The decision with its explanation.
    pub fn explain<'q>(
        &'q self,
        subject: &'q Subject<'_>,
        action: &'q Action,
        target: &'q Target<'_>,
        context: &'q Context,
    ) -> Decision<'q> {
        self.question(subject, action, target, context, Guardrails::Counted).explain()
    }

    /// The policy of a VPC endpoint, by its id; the outer none: it was not recorded.
    pub fn endpoint_policy(&self, id: &str) -> Option<Option<&Arc<Prepared>>> {
        self.record.endpoints.get(id).map(Option::as_ref)
    }
}

impl<'w> Subject<'w> {
    /// Somebody outside: whether their own account lets them is not asked.
    pub fn of_outsider(caller: Caller) -> Subject<'w> {
        Subject { identity: ANYTHING.clone(), ..Subject::bare(caller) }
    }

    fn bare(caller: Caller) -> Subject<'w> {
        let none: PolicySet = Arc::new([]);
        Subject { caller, principal: None, identity: none.clone(), boundary: none.clone(), session: none, scps: &[] }
    }
}

/// Lets everything: the side of those whose own account decides, and nobody recorded it.
static ANYTHING: LazyLock<PolicySet> = LazyLock::new(|| {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let prepared = Prepared::parse(PolicyKind::Identity, "the caller's own account", text);
    prepared.map_or_else(|_| Arc::new([]) as PolicySet, |prepared| Arc::new([Arc::new(prepared)]))
});

fn unrecorded_policies(kind: PolicyKind, name: &str) -> PolicySet {
    let unrecorded = Prepared::unrecorded(kind, &format!("policies of {name}"), Unrecorded::MayAllowOrDeny);
    Arc::new([Arc::new(unrecorded)])
}
