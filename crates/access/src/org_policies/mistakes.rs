//! Mistakes with SCPs and RCPs, each by a rule of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use haechi_iam::{
    Action, Caller, Comparison, Context, Effect, Layer, Outcome, Polarity, Policies, Prepared, Question, Resource,
    Statement, Tri,
};

use super::Strategy;
use super::tags::TagFault;
use crate::world::{Node, NodeKind, OrgPolicy, OrgPolicyType, Organization};

/// How much a mistake matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It breaks accounts, or does nothing at all.
    Error,
    Warning,
    /// Worth knowing.
    Note,
}

/// Something about the policies of an organization that its owner should know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    #[serde(flatten)]
    pub kind: MistakeKind,
    /// The root, unit or account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Box<str>>,
    /// The policy's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<str>>,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "mistake", rename_all = "kebab-case")]
pub enum MistakeKind {
    /// Nothing that is attached there allows anything: all accounts below are without access.
    NothingAllowed { accounts: usize },
    /// An allow-list without services that nearly everything needs.
    AllowListLacks { services: Vec<Box<str>> },
    /// A region limit that also denies services which are called in us-east-1.
    RegionForgetsGlobal { line: usize, services: Vec<Box<str>> },
    /// SCPs and RCPs on the management account have no effect.
    ManagementAccount,
    /// Longer than AWS takes.
    TooLarge { characters: usize, limit: usize },
    /// More policies of a type on one node than AWS takes.
    TooMany { policy_type: Box<str>, count: usize, limit: usize },
    /// Principals are exempt by their names.
    ExemptByName { line: usize, patterns: Vec<Box<str>> },
    /// The same, and whoever may make a role of that name in any account is exempt too.
    ExemptInEveryAccount { line: usize, patterns: Vec<Box<str>> },
    /// A statement that AWS would refuse; it matches nothing here.
    Fault { line: usize, what: Box<str> },
    /// It is attached above already.
    Repeated { above: Box<str> },
    /// It is attached to nothing.
    Unattached,
    /// Nobody recorded what it says.
    NotRecorded,
    /// SCPs or RCPs exist, but the type is switched off.
    Off { policy_type: Box<str> },
    /// Something about a tag policy.
    TagPolicy { fault: TagFault },
    /// The account's own tags do not comply with its effective tag policy.
    AccountTag { key: Box<str>, value: Box<str>, allowed: Vec<Box<str>> },
}

impl MistakeKind {
    /// Its name in machine output.
    pub fn name(&self) -> &'static str {
        match self {
            MistakeKind::NothingAllowed { .. } => "nothing-allowed",
            MistakeKind::AllowListLacks { .. } => "allow-list-lacks",
            MistakeKind::RegionForgetsGlobal { .. } => "region-forgets-global",
            MistakeKind::ManagementAccount => "management-account",
            MistakeKind::TooLarge { .. } => "too-large",
            MistakeKind::TooMany { .. } => "too-many",
            MistakeKind::ExemptByName { .. } => "exempt-by-name",
            MistakeKind::ExemptInEveryAccount { .. } => "exempt-in-every-account",
            MistakeKind::Fault { .. } => "fault",
            MistakeKind::Repeated { .. } => "repeated",
            MistakeKind::Unattached => "unattached",
            MistakeKind::NotRecorded => "not-recorded",
            MistakeKind::Off { .. } => "off",
            MistakeKind::TagPolicy { .. } => "tag-policy",
            MistakeKind::AccountTag { .. } => "account-tag",
        }
    }
}

impl Mistake {
    pub fn weight(&self) -> Weight {
        match self.kind {
            MistakeKind::NothingAllowed { .. }
            | MistakeKind::TooLarge { .. }
            | MistakeKind::TooMany { .. }
            | MistakeKind::Fault { .. }
            | MistakeKind::TagPolicy { .. } => Weight::Error,
            MistakeKind::AllowListLacks { .. }
            | MistakeKind::RegionForgetsGlobal { .. }
            | MistakeKind::ManagementAccount
            | MistakeKind::ExemptInEveryAccount { .. }
            | MistakeKind::Off { .. }
            | MistakeKind::AccountTag { .. }
            | MistakeKind::NotRecorded => Weight::Warning,
            MistakeKind::ExemptByName { .. } | MistakeKind::Repeated { .. } | MistakeKind::Unattached => Weight::Note,
        }
    }

    fn of_policy(policy: &OrgPolicy, kind: MistakeKind) -> Mistake {
        Mistake { kind, target: None, policy: Some(policy.id.clone()) }
    }

    fn of_target(target: &str, kind: MistakeKind) -> Mistake {
        Mistake { kind, target: Some(target.into()), policy: None }
    }
}

/// AWS's quotas since 2026-05: characters of a document, and policies of a type on one node.
fn limits(policy_type: &OrgPolicyType) -> (usize, usize) {
    match policy_type {
        OrgPolicyType::ServiceControl => (10_240, 10),
        OrgPolicyType::ResourceControl => (5_120, 5),
        OrgPolicyType::Other(word) if &**word == "AISERVICES_OPT_OUT_POLICY" => (2_500, 5),
        OrgPolicyType::Other(_) => (10_000, 10),
    }
}

/// What nearly every account needs: an action of each service.
const NEEDED: [(&str, &str); 3] =
    [("sts", "sts:AssumeRole"), ("iam", "iam:GetRole"), ("support", "support:CreateCase")];

/// Services whose calls go to us-east-1, an action of each.
const GLOBAL: [(&str, &str); 13] = [
    ("iam", "iam:GetRole"),
    ("organizations", "organizations:DescribeOrganization"),
    ("route53", "route53:ListHostedZones"),
    ("cloudfront", "cloudfront:ListDistributions"),
    ("support", "support:CreateCase"),
    ("sts", "sts:AssumeRole"),
    ("budgets", "budgets:ViewBudget"),
    ("ce", "ce:GetCostAndUsage"),
    ("globalaccelerator", "globalaccelerator:ListAccelerators"),
    ("waf", "waf:ListWebACLs"),
    ("shield", "shield:DescribeSubscription"),
    ("health", "health:DescribeEvents"),
    ("trustedadvisor", "trustedadvisor:DescribeChecks"),
];

/// All of an organization.
pub(super) fn of(organization: &Organization) -> Vec<Mistake> {
    let mut found = Vec::new();
    for node in organization.nodes() {
        of_node(organization, node, &mut found);
    }
    for policy in organization.policies() {
        of_policy(policy, &mut found);
    }
    for (policy_type, on) in [
        (OrgPolicyType::ServiceControl, organization.has_scps()),
        (OrgPolicyType::ResourceControl, organization.has_rcps()),
    ] {
        let some = organization.policies().any(|policy| policy.policy_type == policy_type && !policy.aws_managed);
        if some && !on {
            let kind = MistakeKind::Off { policy_type: policy_type.name().into() };
            found.push(Mistake { kind, target: organization.roots().next().map(|root| root.id.clone()), policy: None });
        }
    }
    found
}

fn of_node(organization: &Organization, node: &Node, found: &mut Vec<Mistake>) {
    let types = [OrgPolicyType::ServiceControl, OrgPolicyType::ResourceControl];
    let is_management = organization.management_account() == Some(&*node.id);
    for policy_type in &types {
        let attached: Vec<&OrgPolicy> = organization.attached(&node.id, policy_type).collect();
        let (_, limit) = limits(policy_type);
        if attached.len() > limit {
            let (policy_type, count) = (policy_type.name().into(), attached.len());
            found.push(Mistake::of_target(&node.id, MistakeKind::TooMany { policy_type, count, limit }));
        }
        let path = organization.path(&node.id);
        for policy in attached.iter().filter(|policy| !policy.aws_managed) {
            let at = |kind| Mistake { kind, target: Some(node.id.clone()), policy: Some(policy.id.clone()) };
            // Every node has to have one that allows everything.
            let is_full = policy.document.as_ref().is_some_and(|document| allows_all_only(document));
            if is_management && !is_full {
                found.push(at(MistakeKind::ManagementAccount));
            }
            let above = path.iter().rev().skip(1).find(|above| policy.targets.contains(&above.id));
            // What allows has to be repeated at every level; what denies has not.
            let only_denies = policy.document.as_ref().is_some_and(|document| only_denies(document));
            if let Some(above) = above.filter(|_| only_denies) {
                found.push(at(MistakeKind::Repeated { above: above.id.clone() }));
            }
        }
    }
    if is_management || !organization.has_scps() {
        return;
    }
    let levels = organization.scps_of(&node.id);
    let Some(level) = levels.last() else { return };
    match Strategy::of(level) {
        Strategy::Nothing => {
            let accounts = organization.accounts_under(&node.id).len();
            if accounts > 0 || node.kind == NodeKind::Account {
                found.push(Mistake::of_target(&node.id, MistakeKind::NothingAllowed { accounts }));
            }
        }
        Strategy::AllowList => {
            let lacks = |action: &str| allows(&level.policies, action) == Tri::No;
            let services: Vec<Box<str>> =
                NEEDED.iter().filter(|(_, action)| lacks(action)).map(|(service, _)| Box::from(*service)).collect();
            if !services.is_empty() {
                found.push(Mistake::of_target(&node.id, MistakeKind::AllowListLacks { services }));
            }
        }
        _ => {}
    }
}

fn allows_all_only(document: &Prepared) -> bool {
    !document.has_deny() && super::allows_everything(document)
}

fn only_denies(document: &Prepared) -> bool {
    document.has_deny() && document.policy().statements().all(|statement| statement.effect() == Effect::Deny)
}

/// What some SCPs say of an action, with everything else open.
fn asked(action: &str, context: &Context, policies: &[Arc<Prepared>]) -> Option<Outcome> {
    let caller = Caller::from_arn("arn:aws:iam::000000000000:role/any").ok()?;
    let action = Action::parse(action).ok()?;
    let resource = Resource::any_of("*");
    let question =
        Question { caller: &caller, action: &action, resource: &resource, context, policies: Policies::default() };
    Some(question.decide_level(Layer::Scp, policies))
}

fn allows(policies: &[Arc<Prepared>], action: &str) -> Tri {
    let context = Context::open();
    asked(action, &context, policies).map_or(Tri::No, |outcome| outcome.allowed)
}

fn of_policy(policy: &OrgPolicy, found: &mut Vec<Mistake>) {
    if policy.aws_managed {
        return;
    }
    let (limit, _) = limits(&policy.policy_type);
    let characters = policy.content.chars().count();
    if characters > limit {
        found.push(Mistake::of_policy(policy, MistakeKind::TooLarge { characters, limit }));
    }
    if policy.targets.is_empty() && !policy.targets_unknown {
        found.push(Mistake::of_policy(policy, MistakeKind::Unattached));
    }
    let Some(document) = &policy.document else { return };
    if document.is_unrecorded().is_some() {
        found.push(Mistake::of_policy(policy, MistakeKind::NotRecorded));
        return;
    }
    for fault in document.faults() {
        let kind = MistakeKind::Fault { line: fault.position.line, what: fault.kind.to_string().into() };
        found.push(Mistake::of_policy(policy, kind));
    }
    for statement in document.policy().statements().filter(|statement| statement.effect() == Effect::Deny) {
        let line = document.position(statement.index()).map_or(0, |position| position.line);
        if policy.policy_type == OrgPolicyType::ServiceControl {
            let services = denied_global_services(document, statement);
            if !services.is_empty() {
                found.push(Mistake::of_policy(policy, MistakeKind::RegionForgetsGlobal { line, services }));
            }
        }
        let patterns = exempted(statement);
        if !patterns.is_empty() {
            let everywhere = patterns.iter().any(|pattern| is_in_every_account(pattern));
            let kind = if everywhere {
                MistakeKind::ExemptInEveryAccount { line, patterns }
            } else {
                MistakeKind::ExemptByName { line, patterns }
            };
            found.push(Mistake::of_policy(policy, kind));
        }
    }
}

/// The global services that a region limit denies although their calls have no other region.
fn denied_global_services(document: &Prepared, statement: Statement<'_>) -> Vec<Box<str>> {
    let limits_regions = statement.conditions().any(|condition| {
        condition.key().eq_ignore_ascii_case("aws:RequestedRegion")
            && condition.operator().polarity() == Polarity::Negated
    });
    if !limits_regions {
        return Vec::new();
    }
    let mut context = Context::open();
    context.set("aws:RequestedRegion", "us-east-1").set_unknown("aws:PrincipalArn");
    // The statement alone: others of the policy may be meant to deny these services.
    let alone = haechi_iam::Policy::parse(&alone(document, statement));
    let Ok(alone) = alone.map(|policy| Prepared::new(document.kind(), document.name(), policy)) else {
        return Vec::new();
    };
    let alone = [Arc::new(alone)];
    let denied = |action: &str| asked(action, &context, &alone).is_some_and(|outcome| outcome.denied != Tri::No);
    GLOBAL.iter().filter(|(_, action)| denied(action)).map(|(service, _)| Box::from(*service)).collect()
}

fn alone(document: &Prepared, statement: Statement<'_>) -> String {
    let version = if document.policy().version() == haechi_iam::Version::V2012 { "2012-10-17" } else { "2008-10-17" };
    let span = statement.span();
    let text = document.policy().text().get(span.start..span.end).unwrap_or_default();
    format!(r#"{{"Version":"{version}","Statement":[{text}]}}"#)
}

/// The principals that a Deny spares by their ARNs.
fn exempted(statement: Statement<'_>) -> Vec<Box<str>> {
    let mut patterns = BTreeSet::new();
    for condition in statement.conditions() {
        let comparison = condition.operator().comparison;
        let negated = matches!(
            comparison,
            Comparison::ArnNotLike
                | Comparison::ArnNotEquals
                | Comparison::StringNotLike
                | Comparison::StringNotEquals
                | Comparison::StringNotEqualsIgnoreCase
        );
        if negated && condition.key().eq_ignore_ascii_case("aws:PrincipalArn") {
            patterns.extend(condition.values().map(Box::from));
        }
    }
    patterns.into_iter().collect()
}

/// Whether a pattern is about a name in any account, but for paths that only AWS makes roles under.
fn is_in_every_account(pattern: &str) -> bool {
    let mut parts = pattern.splitn(6, ':').skip(4);
    let (Some(account), Some(name)) = (parts.next(), parts.next()) else { return pattern == "*" };
    account.contains('*')
        && !name.starts_with("role/aws-reserved/")
        && !name.starts_with("role/aws-service-role/")
        && name != "root"
}
