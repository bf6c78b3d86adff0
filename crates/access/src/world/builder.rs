//! Building a world: items one by one, in any order, then everything is joined. An item is read and let go; what
//! is kept is a few hundred bytes a principal, and each distinct policy once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use haechi_iam::acl::Acl;
use haechi_iam::{Caller, PolicyKind, Prepared, Unrecorded};
use haechi_model::{ConfigurationItem, Node as ItemNode, Timestamp};

use super::acl::PublicGrants;
use super::build_org::OrgItem;
use super::gap::{Gap, GapKind};
use super::holders::{HOLDERS, Stated, holder_of_type, policy_text, stated};
use super::library::Library;
use super::organization::{Organization, OrganizationError};
use super::people::{Attachment, Group, Principal, PrincipalKind, Via};
use super::read::{attached, default_version, grants, inline, lacks, member, tags, text};
use super::usage::Usage;
use super::{AccessPoint, Record, RecordedResource, World};

/// Where documents of AWS managed policies are known from, besides the items: by ARN.
pub type Documents = dyn Fn(&str) -> Option<Arc<str>> + Send + Sync;

/// Takes items and makes a world of them.
#[derive(Default)]
pub struct WorldBuilder {
    pub(super) library: Library,
    /// When the item of an ARN was captured that was taken last: a global resource may be recorded in every region.
    seen: HashMap<(Box<str>, Box<str>), Timestamp>,
    people: BTreeMap<Box<str>, Person>,
    groups: HashMap<(Box<str>, Box<str>), Policies>,
    managed: HashMap<Box<str>, Managed>,
    resources: BTreeMap<Box<str>, RecordedResource>,
    endpoints: HashMap<Box<str>, Option<Arc<Prepared>>>,
    restricted: HashMap<Box<str>, bool>,
    /// Accounts whose S3 passes over public grants of access control lists.
    ignoring: BTreeSet<Box<str>>,
    acls: BTreeMap<Box<str>, (Acl, bool)>,
    account_gaps: BTreeMap<Box<str>, Gap>,
    /// Accounts whose principals were listed to the end, even if there are none.
    listed: BTreeSet<Box<str>>,
    /// When AWS was last asked for the users or roles of an account.
    asked: HashMap<(Box<str>, PrincipalKind), Timestamp>,
    account_names: BTreeMap<Box<str>, Box<str>>,
    pub(super) org_items: Vec<OrgItem>,
    documents: Option<Box<Documents>>,
}

/// The policies of a user, role or group as their item says.
#[derive(Default)]
struct Policies {
    inline: Vec<Arc<Prepared>>,
    /// Stands for those that could not be read.
    unread: Vec<Arc<Prepared>>,
    managed: Vec<Box<str>>,
    /// Of the user, role or group.
    arn: Box<str>,
}

struct Person {
    caller: Caller,
    kind: PrincipalKind,
    name: Box<str>,
    unique_id: Box<str>,
    tags: Vec<(Box<str>, Box<str>)>,
    policies: Policies,
    groups: Vec<Box<str>>,
    boundary: Option<Box<str>>,
    trust: Option<Arc<Prepared>>,
    usage: Usage,
}

struct Managed {
    name: Box<str>,
    /// None: its document could not be read.
    text: Option<String>,
}

impl WorldBuilder {
    /// The types of resources that a world is made of. Items of other types tell it nothing.
    pub fn types() -> impl Iterator<Item = &'static str> {
        const OTHERS: [&str; 12] = [
            "AWS::Organizations::Organization",
            "AWS::Organizations::Root",
            "AWS::Organizations::OrganizationalUnit",
            "AWS::Organizations::Account",
            "AWS::Organizations::Policy",
            "AWS::IAM::Policy",
            "AWS::IAM::Group",
            "AWS::IAM::User",
            "AWS::IAM::Role",
            "AWS::S3::AccountPublicAccessBlock",
            "AWS::EC2::VPCEndpoint",
            "AWS::::Account",
        ];
        OTHERS.into_iter().chain(HOLDERS.iter().map(|holder| holder.resource_type))
    }

    /// Tells where to find documents of AWS managed policies that no item has.
    #[must_use]
    pub fn with_documents(mut self, documents: Box<Documents>) -> WorldBuilder {
        self.documents = Some(documents);
        self
    }

    /// Tells the name of an account that is known otherwise.
    pub fn account_name(&mut self, account: &str, name: &str) {
        self.account_names.insert(account.into(), name.into());
    }

    /// Tells that the users, roles, groups or policies of an account could not be listed to the end, and why.
    pub fn not_listed(&mut self, account: &str, resource_type: &str, reason: &str) {
        let gap = Gap::new(GapKind::Listing, format!("{account} {resource_type}"), reason);
        self.account_gaps.entry(account.into()).or_insert(gap);
    }

    /// Tells that the users and roles of an account were listed to the end: it may have none.
    pub fn listed(&mut self, account: &str) {
        self.listed.insert(account.into());
    }

    /// Tells, before the items, when AWS was last asked for the users or roles of an account: what their items say of last
    /// uses is told of that moment.
    pub fn asked(&mut self, account: &str, kind: PrincipalKind, at: Timestamp) {
        let known = self.asked.entry((account.into(), kind)).or_insert(at);
        *known = at.max(*known);
    }

    /// Takes an item. Of several of one resource the one that was captured last counts.
    pub fn add(&mut self, item: &ConfigurationItem) {
        if item.status().is_deleted() {
            return;
        }
        let key = item.key();
        let resource_type = key.resource_type.as_str();
        let identity = (Box::from(resource_type), Box::from(item.arn().unwrap_or(&key.resource_id)));
        match self.seen.get_mut(&identity) {
            Some(seen) if *seen > item.captured() => return,
            Some(seen) => *seen = item.captured(),
            None => {
                self.seen.insert(identity, item.captured());
            }
        }
        match resource_type {
            "AWS::IAM::User" => self.add_person(item, PrincipalKind::User),
            "AWS::IAM::Role" => self.add_person(item, PrincipalKind::Role),
            "AWS::IAM::Group" => self.add_group(item),
            "AWS::IAM::Policy" => self.add_managed(item),
            "AWS::::Account" => {
                let name = text(member(item, "accountName")).unwrap_or_default();
                self.account_names.entry(key.account_id.as_str().into()).or_insert_with(|| name.into());
            }
            "AWS::S3::AccountPublicAccessBlock" => {
                let account: Box<str> = key.account_id.as_str().into();
                let blocks = |name: &str| member(item, name).and_then(ItemNode::as_bool) == Some(true);
                if blocks("ignorePublicAcls") {
                    self.ignoring.insert(account.clone());
                }
                self.restricted.insert(account, blocks("restrictPublicBuckets"));
            }
            "AWS::EC2::VPCEndpoint" => self.add_endpoint(item),
            _ if resource_type.starts_with("AWS::Organizations::") => self.add_org(item),
            _ => self.add_resource(item),
        }
    }

    fn policies(&mut self, item: &ConfigurationItem, inline_list: &str, owner: &str) -> Policies {
        let mut policies = Policies { managed: attached(item), arn: owner.into(), ..Policies::default() };
        for policy in inline(item, inline_list) {
            policies.inline.push(self.library.prepare(PolicyKind::Identity, &policy.name, &policy.text, owner));
        }
        for list in [inline_list, "attachedManagedPolicies"] {
            if let Some(reason) = lacks(item, list) {
                self.library.gaps.insert(Gap::new(GapKind::PrincipalPolicies, owner, reason));
                let name = format!("policies of {owner}");
                policies.unread.push(self.library.unrecorded(PolicyKind::Identity, &name, Unrecorded::MayAllowOrDeny));
            }
        }
        policies
    }

    fn add_person(&mut self, item: &ConfigurationItem, kind: PrincipalKind) {
        let account = item.key().account_id.as_str();
        let Some(arn) = item.arn().or_else(|| text(member(item, "arn"))) else { return };
        let Ok(mut caller) = Caller::from_arn(arn) else { return };
        let (id, list) = match kind {
            PrincipalKind::User => ("userId", "userPolicyList"),
            PrincipalKind::Role => ("roleId", "rolePolicyList"),
        };
        let unique_id = text(member(item, id)).unwrap_or(&item.key().resource_id);
        if ["AIDA", "AROA"].iter().any(|start| unique_id.starts_with(start)) {
            caller = caller.with_unique_id(unique_id);
        }
        let tags = tags(item);
        caller = caller.with_tags(tags.iter().map(|(key, value)| (&**key, &**value)));
        let mut policies = self.policies(item, list, arn);
        if let Some(reason) = lacks(item, "groupList").filter(|_| kind == PrincipalKind::User) {
            self.library.gaps.insert(Gap::new(GapKind::PrincipalPolicies, arn, reason));
            let name = format!("groups of {arn}");
            policies.unread.push(self.library.unrecorded(PolicyKind::Identity, &name, Unrecorded::MayAllowOrDeny));
        }
        let trust = (kind == PrincipalKind::Role).then(|| self.trust(item, arn)).flatten();
        let groups = member(item, "groupList").into_iter().flat_map(ItemNode::elements);
        let boundary = member(item, "permissionsBoundary");
        let boundary = boundary.and_then(|boundary| {
            text(boundary.get("permissionsBoundaryArn").or_else(|| boundary.get("PermissionsBoundaryArn")))
        });
        let asked = self.asked.get(&(account.into(), kind)).copied();
        let known_at = asked.map_or(item.captured(), |asked| asked.max(item.captured()));
        let usage = match kind {
            PrincipalKind::User => Usage::of_user(item, known_at),
            PrincipalKind::Role => Usage::of_role(item, known_at),
        };
        let person = Person {
            kind,
            usage,
            name: item.resource_name().unwrap_or_else(|| arn.rsplit('/').next().unwrap_or(arn)).into(),
            unique_id: unique_id.into(),
            groups: groups.filter_map(|name| Some(name.as_str()?.into())).collect(),
            boundary: boundary.map(Box::from),
            tags,
            policies,
            trust,
            caller,
        };
        self.account_names.entry(account.into()).or_default();
        self.people.insert(arn.into(), person);
    }

    fn trust(&mut self, item: &ConfigurationItem, arn: &str) -> Option<Arc<Prepared>> {
        let name = "trust policy";
        if let Some(text) = member(item, "assumeRolePolicyDocument").and_then(policy_text) {
            return Some(self.library.prepare(PolicyKind::Trust, name, &text, arn));
        }
        let reason = lacks(item, "assumeRolePolicyDocument").unwrap_or_default();
        self.library.gaps.insert(Gap::new(GapKind::ResourcePolicy, arn, reason));
        let name = format!("trust policy of {arn}");
        Some(self.library.unrecorded(PolicyKind::Trust, &name, Unrecorded::MayAllowOrDeny))
    }

    fn add_group(&mut self, item: &ConfigurationItem) {
        let Some(name) = item.resource_name().or_else(|| text(member(item, "groupName"))) else { return };
        let arn = item.arn().unwrap_or(name);
        let policies = self.policies(item, "groupPolicyList", arn);
        self.groups.insert((item.key().account_id.as_str().into(), name.into()), policies);
    }

    fn add_managed(&mut self, item: &ConfigurationItem) {
        let Some(arn) = item.arn().or_else(|| text(member(item, "arn"))) else { return };
        let name = item.resource_name().unwrap_or_else(|| arn.rsplit('/').next().unwrap_or(arn));
        self.managed.insert(arn.into(), Managed { name: name.into(), text: default_version(item) });
    }

    fn add_endpoint(&mut self, item: &ConfigurationItem) {
        let id = text(member(item, "vpcEndpointId")).unwrap_or(&item.key().resource_id);
        let policy = match stated(item, &["configuration", "policyDocument"]) {
            Stated::None => None,
            Stated::Text(text) => Some(self.library.prepare(PolicyKind::Endpoint, id, &text, id)),
            Stated::NotCollected(_) => {
                Some(self.library.unrecorded(PolicyKind::Endpoint, id, Unrecorded::MayAllowOrDeny))
            }
        };
        self.endpoints.insert(id.into(), policy);
    }

    fn add_resource(&mut self, item: &ConfigurationItem) {
        let key = item.key();
        let Some(holder) = holder_of_type(key.resource_type.as_str()) else { return };
        let Some(arn) = item.arn() else { return };
        let policy = match stated(item, holder.path) {
            Stated::None => None,
            Stated::Text(text) => Some(self.library.prepare(PolicyKind::Resource, "resource policy", &text, arn)),
            Stated::NotCollected(reason) => {
                self.library.gaps.insert(Gap::new(GapKind::ResourcePolicy, arn, reason));
                let name = format!("policy of {arn}");
                Some(self.library.unrecorded(PolicyKind::Resource, &name, Unrecorded::MayAllowOrDeny))
            }
        };
        let block = |name: &str| {
            let block = item.root().path(["supplementaryConfiguration", "PublicAccessBlockConfiguration", name]);
            block.and_then(ItemNode::as_bool) == Some(true)
        };
        let access_point = access_point(item, arn);
        let own_block = ["configuration", "PublicAccessBlockConfiguration", "RestrictPublicBuckets"];
        let restricts_point =
            access_point.is_some() && item.root().path(own_block).and_then(ItemNode::as_bool) == Some(true);
        let resource = RecordedResource {
            arn: arn.into(),
            resource_type: holder.resource_type.into(),
            account: key.account_id.as_str().into(),
            region: key.region.as_str().into(),
            tags: tags(item),
            policy,
            acl: None,
            aws_managed_key: text(member(item, "keyManager")) == Some("AWS"),
            restrict_public_buckets: restricts_point || block("restrictPublicBuckets"),
            access_point,
            grants_recorded: item.root().path(["supplementaryConfiguration", "Grants"]).is_some(),
            grants: if holder.resource_type == "AWS::KMS::Key" { grants(item, arn) } else { Vec::new() },
        };
        if resource.is_bucket() {
            let ignores = block("ignorePublicAcls");
            self.acls.remove(arn);
            self.acls.extend(super::acl::of_bucket(item).map(|acl| (Box::from(arn), (acl, ignores))));
        }
        self.resources.insert(arn.into(), resource);
    }

    /// Lists of buckets become policies when it is known what their accounts block.
    fn join_acls(&mut self) {
        for (arn, (acl, ignores)) in std::mem::take(&mut self.acls) {
            let Some(resource) = self.resources.get_mut(&arn) else { continue };
            let ignored = ignores || self.ignoring.contains(&resource.account);
            let public = if ignored { PublicGrants::Ignored } else { PublicGrants::Count };
            if let Some(policy) = super::acl::policy(&acl, &arn, public) {
                let text = policy.to_string();
                resource.acl = Some(self.library.prepare(PolicyKind::Resource, "access control list", &text, &arn));
            }
        }
    }

    /// Joins everything.
    ///
    /// # Errors
    /// The organization is no tree: a circle, or a parent that is not there.
    pub fn build(mut self) -> Result<World, OrganizationError> {
        let organizations = self.organizations()?;
        self.join_acls();
        let mut gaps = std::mem::take(&mut self.library.gaps);
        if organizations.is_empty() {
            gaps.insert(Gap::new(GapKind::Organization, "organization", ""));
        }
        let people = std::mem::take(&mut self.people);
        let principals: Vec<Principal> = people.into_values().map(|person| self.principal(person, &mut gaps)).collect();
        let groups = self.recorded_groups(&mut gaps);
        gaps.append(&mut self.library.gaps);
        let mut by_arn = HashMap::with_capacity(principals.len());
        let mut roles = HashMap::new();
        let mut peopled: BTreeSet<&str> = BTreeSet::new();
        for (index, principal) in principals.iter().enumerate() {
            by_arn.insert(Box::from(principal.arn()), index);
            peopled.insert(principal.account());
            if principal.kind == PrincipalKind::Role {
                let name = principal.name.to_ascii_lowercase();
                roles.insert((Box::from(principal.account()), name.into_boxed_str()), index);
            }
        }
        for node in organizations.iter().flat_map(Organization::accounts) {
            // Every account has roles: one without any was not read, unless it is told otherwise.
            if !peopled.contains(&*node.id) && !self.listed.contains(&node.id) {
                let gap = || Gap::new(GapKind::Account, node.id.clone(), node.status.clone());
                self.account_gaps.entry(node.id.clone()).or_insert_with(gap);
            }
        }
        gaps.extend(self.account_gaps.values().cloned());
        let record = Record {
            policies: self.library.len(),
            principals,
            groups,
            by_arn,
            roles,
            resources: self.resources,
            endpoints: self.endpoints,
            restricted: self.restricted,
            account_gaps: self.account_gaps,
            account_names: self.account_names,
            gaps: gaps.into_iter().collect(),
        };
        Ok(World::new(record, organizations))
    }

    fn principal(&mut self, person: Person, gaps: &mut BTreeSet<Gap>) -> Principal {
        let account = person.caller.account().to_owned();
        let mut attachments = Vec::new();
        let add_inline = |attachments: &mut Vec<Attachment>, policies: &Policies, via: &Via| {
            attachments
                .extend(policies.inline.iter().map(|policy| Attachment { policy: policy.clone(), via: via.clone() }));
            let unread = policies.unread.iter();
            attachments.extend(unread.map(|policy| Attachment { policy: policy.clone(), via: Via::Unrecorded }));
        };
        add_inline(&mut attachments, &person.policies, &Via::Inline);
        for arn in &person.policies.managed {
            let policy = self.managed_policy(PolicyKind::Identity, arn, gaps);
            attachments.push(Attachment { policy, via: Via::Managed(arn.clone()) });
        }
        for group in &person.groups {
            let key = (account.as_str().into(), group.clone());
            let Some(policies) = self.groups.remove(&key) else {
                let name = format!("group {group} in {account}");
                gaps.insert(Gap::new(GapKind::Group, name.as_str(), ""));
                let policy = self.library.unrecorded(PolicyKind::Identity, &name, Unrecorded::MayAllowOrDeny);
                attachments.push(Attachment { policy, via: Via::Unrecorded });
                continue;
            };
            add_inline(&mut attachments, &policies, &Via::Group { group: group.clone(), managed: None });
            for arn in &policies.managed {
                let policy = self.managed_policy(PolicyKind::Identity, arn, gaps);
                let via = Via::Group { group: group.clone(), managed: Some(arn.clone()) };
                attachments.push(Attachment { policy, via });
            }
            self.groups.insert(key, policies);
        }
        let boundary = person.boundary.as_deref().map(|arn| self.managed_policy(PolicyKind::Boundary, arn, gaps));
        Principal {
            caller: person.caller,
            kind: person.kind,
            name: person.name,
            unique_id: person.unique_id,
            tags: person.tags,
            groups: person.groups.into(),
            identity: self.library.set(attachments.iter().map(|own| own.policy.clone()).collect()),
            attachments: attachments.into(),
            boundary: self.library.set(boundary.into_iter().collect()),
            boundary_arn: person.boundary,
            trust: person.trust,
            usage: person.usage,
        }
    }

    fn recorded_groups(&mut self, gaps: &mut BTreeSet<Gap>) -> Vec<Group> {
        let mut groups = Vec::new();
        for ((account, name), policies) in std::mem::take(&mut self.groups) {
            let mut own: Vec<Arc<Prepared>> = policies.inline.iter().chain(&policies.unread).cloned().collect();
            own.extend(policies.managed.iter().map(|arn| self.managed_policy(PolicyKind::Identity, arn, gaps)));
            groups.push(Group { arn: policies.arn, account, name, identity: self.library.set(own) });
        }
        groups.sort_by(|left, right| left.arn.cmp(&right.arn));
        groups
    }

    fn managed_policy(&mut self, kind: PolicyKind, arn: &str, gaps: &mut BTreeSet<Gap>) -> Arc<Prepared> {
        if let Some(Managed { name, text: Some(text) }) = self.managed.get(arn) {
            return self.library.prepare(kind, name, text, arn);
        }
        let is_of_aws = arn.split(':').nth(4) == Some("aws");
        if is_of_aws && let Some(text) = self.documents.as_ref().and_then(|find| find(arn)) {
            return self.library.prepare(kind, arn.rsplit('/').next().unwrap_or(arn), &text, arn);
        }
        gaps.insert(Gap::new(GapKind::ManagedPolicy, arn, ""));
        self.library.unrecorded(kind, arn, Unrecorded::MayAllowOrDeny)
    }
}

fn access_point(item: &ConfigurationItem, arn: &str) -> Option<AccessPoint> {
    if item.key().resource_type.as_str() != "AWS::S3::AccessPoint" {
        return None;
    }
    let partition = arn.split(':').nth(1)?;
    let of = |path: &[&str]| item.root().path(path.iter().copied()).and_then(ItemNode::as_str);
    let bucket = of(&["configuration", "Bucket"])?;
    let vpc = of(&["configuration", "VpcConfiguration", "VpcId"]).map(Box::from);
    Some(AccessPoint { bucket: format!("arn:{partition}:s3:::{bucket}").into(), vpc })
}
