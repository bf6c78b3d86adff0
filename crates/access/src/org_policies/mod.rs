//! The policies of an organization along its tree: what is attached and inherited, how each level is meant, which
//! regions an account is left with, and the mistakes that people make with guardrails.

mod mistakes;
mod tags;

pub use mistakes::{Mistake, MistakeKind, Weight};
pub use tags::{EffectiveTag, TagFault, effective_tags};

use std::collections::BTreeSet;

use haechi_iam::{Action, Caller, Context, Level, Policies, Prepared, Question, Resource, Tri};

use crate::world::{Node, NodeKind, OrgPolicy, OrgPolicyType, Organization, World};

/// How a level of SCPs is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Something there allows everything; Deny statements take away.
    BlockList,
    /// Only what is named is allowed.
    AllowList,
    /// A policy of the level was not recorded.
    Unknown,
    /// Nothing is allowed: everything at and below it is denied.
    Nothing,
    /// SCPs do not bind the management account.
    NotBound,
    /// SCPs are not in force.
    Off,
}

impl Strategy {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::BlockList => "block-list",
            Strategy::AllowList => "allow-list",
            Strategy::Unknown => "unknown",
            Strategy::Nothing => "nothing-allowed",
            Strategy::NotBound => "not-bound",
            Strategy::Off => "off",
        }
    }

    /// Of the policies that are attached to one node.
    pub(crate) fn of(level: &Level) -> Strategy {
        let allows_all = |policy: &Prepared| allows_everything(policy);
        if level.policies.iter().any(|policy| allows_all(policy)) {
            Strategy::BlockList
        } else if level.policies.iter().any(|policy| policy.is_unrecorded().is_some()) {
            Strategy::Unknown
        } else if level.policies.iter().any(|policy| has_allow(policy)) {
            Strategy::AllowList
        } else {
            Strategy::Nothing
        }
    }
}

/// Whether an Allow without conditions reaches every action and resource.
pub(crate) fn allows_everything(policy: &Prepared) -> bool {
    policy.policy().statements().any(|statement| {
        statement.effect() == haechi_iam::Effect::Allow
            && statement.conditions().len() == 0
            && statement.action_listing() == haechi_iam::Listing::Only
            && statement.actions().any(|action| matches!(action, "*" | "*:*"))
            && statement.resources().any(|resource| resource == "*")
    })
}

fn has_allow(policy: &Prepared) -> bool {
    let disabled: BTreeSet<usize> = policy.faults().iter().map(|fault| fault.statement).collect();
    let statements = policy.policy().statements();
    statements
        .filter(|statement| !disabled.contains(&statement.index()))
        .any(|statement| statement.effect() == haechi_iam::Effect::Allow)
}

/// A policy by its id and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct PolicyName {
    pub id: Box<str>,
    pub name: Box<str>,
}

/// A node with the policies that bear on it.
#[derive(Clone, Debug)]
pub struct NodePolicies {
    pub id: Box<str>,
    pub name: Box<str>,
    pub kind: NodeKind,
    /// 0: a root.
    pub depth: usize,
    /// Names from the root, its own among them.
    pub path: String,
    pub scps: Vec<PolicyName>,
    pub inherited_scps: Vec<PolicyName>,
    pub rcps: Vec<PolicyName>,
    pub inherited_rcps: Vec<PolicyName>,
    /// Tag, backup and other policies, with their types.
    pub others: Vec<(Box<str>, PolicyName)>,
    /// Of the SCPs that are attached to it.
    pub strategy: Strategy,
    /// Of the whole path down to it: the narrowest.
    pub effective: Strategy,
}

/// What is left of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionLimit {
    pub region: Box<str>,
    /// Whether calls in it pass: maybe: for some callers, actions or resources.
    pub passes: Tri,
}

/// The policies of an organization, or of what stands at and below a node.
#[derive(Clone, Debug)]
pub struct OrgReview {
    pub nodes: Vec<NodePolicies>,
    pub mistakes: Vec<Mistake>,
}

impl OrgReview {
    /// Of everything at and below a node, with what stands above it; none: of the whole organization.
    pub fn of(organization: &Organization, under: Option<&Node>) -> OrgReview {
        let mut nodes = Vec::new();
        for root in organization.roots() {
            walk(organization, root, 0, &mut nodes);
        }
        if let Some(under) = under {
            let above: BTreeSet<&str> = organization.path(&under.id).iter().map(|node| &*node.id).collect();
            let is_below = |id: &str| organization.path(id).iter().any(|node| node.id == under.id);
            nodes.retain(|node| above.contains(&*node.id) || is_below(&node.id));
        }
        let mut mistakes = mistakes::of(organization);
        mistakes.extend(tags::mistakes(organization));
        let shown: BTreeSet<&str> = nodes.iter().map(|node| &*node.id).collect();
        let is_shown = |mistake: &Mistake| match (&mistake.target, under) {
            (_, None) => true,
            (Some(target), _) => shown.contains(&**target),
            (None, Some(_)) => mistake
                .policy
                .as_deref()
                .and_then(|id| organization.policy(id))
                .is_some_and(|policy| policy.targets.iter().any(|target| shown.contains(&**target))),
        };
        mistakes.retain(is_shown);
        mistakes.sort_by(|a, b| (a.weight(), &a.target, &a.policy).cmp(&(b.weight(), &b.target, &b.policy)));
        OrgReview { nodes, mistakes }
    }
}

fn named(policy: &OrgPolicy) -> PolicyName {
    PolicyName { id: policy.id.clone(), name: policy.name.clone() }
}

fn walk(organization: &Organization, node: &Node, depth: usize, into: &mut Vec<NodePolicies>) {
    into.push(node_policies(organization, node, depth));
    for child in organization.children(&node.id) {
        walk(organization, child, depth + 1, into);
    }
}

fn node_policies(organization: &Organization, node: &Node, depth: usize) -> NodePolicies {
    let path = organization.path(&node.id);
    let above = path.split_last().map_or(&[][..], |(_, above)| above);
    let own = |policy_type: OrgPolicyType| organization.attached(&node.id, &policy_type).map(named).collect::<Vec<_>>();
    let inherited = |policy_type: OrgPolicyType| {
        let mut names: Vec<PolicyName> = Vec::new();
        for node in above {
            names.extend(organization.attached(&node.id, &policy_type).map(named));
        }
        names.sort();
        names.dedup();
        names
    };
    let others = organization
        .policies()
        .filter(|policy| matches!(policy.policy_type, OrgPolicyType::Other(_)) && policy.targets.contains(&node.id));
    let levels = organization.scps_of(&node.id);
    let bound = organization.management_account() != Some(&*node.id);
    let of = |level: Option<&Level>| match (level, bound, organization.has_scps()) {
        (_, false, _) => Strategy::NotBound,
        (_, _, false) => Strategy::Off,
        (Some(level), ..) => Strategy::of(level),
        (None, ..) => Strategy::Nothing,
    };
    NodePolicies {
        id: node.id.clone(),
        name: node.name.clone(),
        kind: node.kind,
        depth,
        path: path.iter().map(|node| &*node.name).collect::<Vec<_>>().join("/"),
        scps: own(OrgPolicyType::ServiceControl),
        inherited_scps: inherited(OrgPolicyType::ServiceControl),
        rcps: own(OrgPolicyType::ResourceControl),
        inherited_rcps: inherited(OrgPolicyType::ResourceControl),
        others: others.map(|policy| (Box::from(policy.policy_type.name()), named(policy))).collect(),
        strategy: of(levels.last()),
        effective: match (bound, organization.has_scps()) {
            (true, true) => levels.iter().map(Strategy::of).max().unwrap_or(Strategy::Nothing),
            _ => of(levels.last()),
        },
    }
}

/// What an account is left with, region by region: of those that a policy of its path names and those that have
/// recorded resources. Empty: no SCP of its path asks for the region.
pub fn regions_of(world: &World, account: &str) -> Vec<RegionLimit> {
    let levels = world.scps_of(account);
    let mut regions: BTreeSet<Box<str>> = BTreeSet::new();
    for policy in levels.iter().flat_map(|level| &level.policies) {
        for statement in policy.policy().statements() {
            for condition in statement.conditions() {
                if condition.key().eq_ignore_ascii_case("aws:RequestedRegion") {
                    regions.extend(condition.values().filter(|value| !value.contains(['*', '?'])).map(Box::from));
                }
            }
        }
    }
    if regions.is_empty() {
        return Vec::new();
    }
    let recorded = world.resources().filter(|resource| resource.region.contains('-'));
    regions.extend(recorded.map(|resource| resource.region.clone()));
    let Ok(caller) = Caller::from_arn(&format!("arn:aws:iam::{account}:role/any")) else { return Vec::new() };
    // A call of a service in regions, which region limits are about.
    let Ok(action) = Action::parse("ec2:RunInstances") else { return Vec::new() };
    let resource = Resource::any_of("*");
    let limit = |region: Box<str>| {
        let mut context = Context::open();
        context.set_unknown("aws:PrincipalArn").set("aws:RequestedRegion", &region);
        let policies = Policies { scps: levels, ..Policies::default() };
        let question = Question { caller: &caller, action: &action, resource: &resource, context: &context, policies };
        RegionLimit { passes: question.decide_guardrails().allowed, region }
    };
    regions.into_iter().map(limit).collect()
}
