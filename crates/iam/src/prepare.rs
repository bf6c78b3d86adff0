//! Policies prepared once for many questions: patterns compiled, condition values read, principals resolved,
//! and for each policy the services that it speaks of, so that most questions pass it by.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::condition::{PreparedCondition, has_variables};
use crate::decode::decoded;
use crate::error::PolicyError;
use crate::fault::{Fault, FaultKind};
use crate::glob::Glob;
use crate::key::{Facts, Key};
use crate::naming::PrincipalPattern;
use crate::policy::{Effect, Listing, Policy, Statement};
use crate::position::{Places, Position};
use crate::public::{PublicContext, ResourceKind};
use crate::resource::{Action, Resource, service_bit};
use crate::template::{Pattern, Template, Wildcards};
use crate::tri::Tri;

/// What a policy is attached to, which decides how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    Identity,
    Boundary,
    Session,
    ServiceControl,
    ResourceControl,
    Resource,
    /// A role's trust policy: a resource policy without `Resource`.
    Trust,
    /// Of a VPC endpoint.
    Endpoint,
}

impl PolicyKind {
    /// Whether its statements name principals.
    pub fn names_principals(self) -> bool {
        matches!(self, PolicyKind::Resource | PolicyKind::Trust | PolicyKind::Endpoint | PolicyKind::ResourceControl)
    }
}

/// A policy ready for questions. It is made once and shared.
#[derive(Debug)]
pub struct Prepared {
    name: Box<str>,
    file: Option<Box<str>>,
    kind: PolicyKind,
    policy: Policy,
    pub(crate) denies: Box<[PreparedStatement]>,
    pub(crate) allows: Box<[PreparedStatement]>,
    deny_services: u64,
    allow_services: u64,
    faults: Box<[Fault]>,
    public_bucket: OnceLock<bool>,
    unrecorded: Option<Unrecorded>,
}

/// What a policy may say whose document is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// Anything.
    MayAllowOrDeny,
    /// It has no Deny, that much is known.
    MayAllow,
}

/// A statement ready for questions.
#[derive(Debug)]
pub(crate) struct PreparedStatement {
    /// Its place in the document.
    pub index: u32,
    services: u64,
    action_listing: Listing,
    /// Without wildcards, in lower case and sorted.
    exact_actions: Box<[Box<str>]>,
    action_globs: Box<[Glob]>,
    resources: Option<(Listing, Box<[Pattern]>)>,
    pub principals: Option<(Listing, Box<[PrincipalPattern]>)>,
    pub conditions: Box<[PreparedCondition]>,
}

impl Prepared {
    /// Prepares a policy. `name` is what explanations call it: the policy's name or ARN.
    pub fn new(kind: PolicyKind, name: &str, policy: Policy) -> Prepared {
        Self::with_faults(kind, name, policy, Vec::new())
    }

    /// Parses and prepares a policy. Statements that AWS would refuse match nothing, and are among the
    /// [`Prepared::faults`]: an Allow is closed by that, a Deny is lost and said so.
    ///
    /// # Errors
    /// What is no policy at all: not JSON, no statements, an unknown version.
    pub fn parse(kind: PolicyKind, name: &str, text: &str) -> Result<Prepared, PolicyError> {
        let (policy, faults) = Policy::parse_tolerant(text)?;
        Ok(Self::with_faults(kind, name, policy, faults))
    }

    /// The same from a policy and what was wrong with it (see [`Policy::parse_tolerant`]).
    pub fn with_faults(kind: PolicyKind, name: &str, policy: Policy, mut faults: Vec<Fault>) -> Prepared {
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        let mut places = Places::new(policy.text());
        let mut disabled: HashSet<usize> = faults.iter().map(|fault| fault.statement).collect();
        for statement in policy.statements().filter(|statement| !disabled.contains(&statement.index())) {
            faults.extend(misplaced(kind, statement).map(|kind| Fault::of(&mut places, statement, kind)));
        }
        disabled.extend(faults.iter().map(|fault| fault.statement));
        faults.extend(Fault::repeated_sids(&policy));
        faults.extend(Fault::repeated_keys(&policy));
        for statement in policy.statements().filter(|statement| !disabled.contains(&statement.index())) {
            let prepared = PreparedStatement::new(kind, statement, &policy);
            match statement.effect() {
                Effect::Deny => denies.push(prepared),
                Effect::Allow => allows.push(prepared),
            }
        }
        let services = |statements: &[PreparedStatement]| statements.iter().fold(0, |all, one| all | one.services);
        Prepared {
            name: name.into(),
            file: None,
            kind,
            deny_services: services(&denies),
            allow_services: services(&allows),
            denies: denies.into(),
            allows: allows.into(),
            faults: faults.into(),
            public_bucket: OnceLock::new(),
            unrecorded: None,
            policy,
        }
    }

    /// The same from a policy as AWS hands it out: URL-encoded, in a JSON string or an envelope (see [`Policy::parse_any`]).
    ///
    /// # Errors
    /// As [`Prepared::parse`]; places count in the decoded document.
    pub fn parse_any(kind: PolicyKind, name: &str, text: &str) -> Result<Prepared, PolicyError> {
        Self::parse(kind, name, &decoded(text)?)
    }

    /// A policy that is there, but whose document nobody recorded. Where it would decide, the answer is "maybe", in
    /// closed questions too.
    pub fn unrecorded(kind: PolicyKind, name: &str, may: Unrecorded) -> Prepared {
        Prepared {
            allow_services: u64::MAX,
            deny_services: if may == Unrecorded::MayAllow { 0 } else { u64::MAX },
            unrecorded: Some(may),
            ..Self::new(kind, name, Policy::without_statements())
        }
    }

    /// Whether its document is not known, and what it may say then.
    pub fn is_unrecorded(&self) -> Option<Unrecorded> {
        self.unrecorded
    }

    /// Tells the file that the policy was read from, for explanations.
    #[must_use]
    pub fn in_file(self, file: &str) -> Prepared {
        Prepared { file: Some(file.into()), ..self }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// The policy that it was made of.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is wrong with it. Statements at fault match nothing.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Where a statement begins.
    pub fn position(&self, statement: usize) -> Option<Position> {
        self.policy.statement(statement).map(|statement| self.policy.position(statement.span().start))
    }

    /// Whether no statement can match an action of this service. A no is certain to be no.
    #[inline]
    pub(crate) fn passes_by(&self, service_bit: u64) -> bool {
        (self.deny_services | self.allow_services) & service_bit == 0
    }

    #[inline]
    pub(crate) fn may_deny(&self, service_bit: u64) -> bool {
        self.deny_services & service_bit != 0
    }

    #[inline]
    pub(crate) fn may_allow(&self, service_bit: u64) -> bool {
        self.allow_services & service_bit != 0
    }

    /// Writes how the statements about an action stand to a resource: matched, not matched, or partly, one byte each.
    /// Resources that are written alike are alike to the policy, conditions on them aside. No: variables in a
    /// statement's resources could tell them apart, and nothing is to be read of what was written.
    pub fn write_reach(&self, action: &Action, resource: &Resource, into: &mut Vec<u8>) -> bool {
        self.denies.iter().chain(&self.allows).filter(|statement| statement.matches_action(action.lower())).all(
            |statement| {
                let reach = statement.reach(action, resource);
                into.extend(reach.map(|reach| reach as u8));
                reach.is_some()
            },
        )
    }

    /// Whether it has a Deny at all.
    pub fn has_deny(&self) -> bool {
        !self.denies.is_empty()
    }

    /// Whether S3 calls the bucket public by this policy.
    pub(crate) fn is_public_bucket(&self) -> bool {
        *self.public_bucket.get_or_init(|| {
            self.policy.is_public(&PublicContext { kind: ResourceKind::S3Bucket, actions: &[] }).is_public()
        })
    }
}

/// What the kind of policy forbids.
fn misplaced(kind: PolicyKind, statement: Statement<'_>) -> Option<FaultKind> {
    if !kind.names_principals() && statement.principal_listing().is_some() {
        return Some(FaultKind::PrincipalNotAllowed);
    }
    let needs_resource = !matches!(kind, PolicyKind::Trust | PolicyKind::Resource);
    (needs_resource && statement.resource_listing().is_none()).then_some(FaultKind::NoResource)
}

impl PreparedStatement {
    fn new(kind: PolicyKind, statement: Statement<'_>, policy: &Policy) -> PreparedStatement {
        let variables = has_variables(policy.version());
        let mut exact = Vec::new();
        let mut globs = Vec::new();
        let mut services = 0;
        for action in statement.actions() {
            let lower = action.to_ascii_lowercase();
            let is_glob = lower.contains(['*', '?']);
            services |= match lower.split_once(':') {
                Some((service, _)) if !service.contains(['*', '?']) => service_bit(service),
                _ => u64::MAX,
            };
            if is_glob {
                globs.push(Glob::new(&lower));
            } else {
                exact.push(lower.into_boxed_str());
            }
        }
        exact.sort_unstable();
        if statement.action_listing() == Listing::Except {
            services = u64::MAX;
        }
        let resource = |pattern: &str| resource_pattern(pattern, variables, completes_arns(kind));
        PreparedStatement {
            index: u32::try_from(statement.index()).unwrap_or(u32::MAX),
            services,
            action_listing: statement.action_listing(),
            exact_actions: exact.into(),
            action_globs: globs.into(),
            resources: statement
                .resource_listing()
                .map(|listing| (listing, statement.resources().map(resource).collect())),
            principals: statement
                .principal_listing()
                .map(|listing| (listing, statement.principals().map(PrincipalPattern::new).collect())),
            conditions: statement.conditions().map(|c| PreparedCondition::new(c, policy.version())).collect(),
        }
    }

    /// Whether action and resource match, and whether the conditions hold; principals are the caller's to check.
    #[inline]
    pub(crate) fn matches(&self, facts: &Facts<'_>, service_bit: u64) -> Tri {
        if self.services & service_bit == 0 || !self.matches_action(facts.action.lower()) {
            return Tri::No;
        }
        let mut result = self.matches_resource(facts);
        for condition in &self.conditions {
            if result == Tri::No {
                return Tri::No;
            }
            result = result.and(condition.holds(facts));
        }
        result
    }

    /// Whether it is about the action and the resource, conditions aside.
    pub(crate) fn is_about(&self, facts: &Facts<'_>, service_bit: u64) -> bool {
        self.services & service_bit != 0
            && self.matches_action(facts.action.lower())
            && self.matches_resource(facts) != Tri::No
    }

    #[inline]
    pub(crate) fn matches_action(&self, lower: &str) -> bool {
        let listed = self.exact_actions.binary_search_by(|action| (**action).cmp(lower)).is_ok()
            || self.action_globs.iter().any(|glob| glob.matches(lower));
        listed == (self.action_listing == Listing::Only)
    }

    #[inline]
    fn matches_resource(&self, facts: &Facts<'_>) -> Tri {
        let Some((listing, patterns)) = &self.resources else { return Tri::Yes };
        let mut listed = Tri::No;
        for pattern in patterns {
            listed = listed.or(match pattern {
                // An action without resource types is asked of `*`, which only stars reach.
                Pattern::Fixed(glob) if facts.action.is_wildcard_only() => glob.is_anything().into(),
                Pattern::Template(_) if facts.action.is_wildcard_only() => Tri::No,
                Pattern::Fixed(glob) => facts.resource.matches(glob),
                Pattern::Template(_) if facts.resource.set => Tri::Maybe,
                Pattern::Template(template) => template.matches(&facts.resource.arn, facts),
            });
            if listed == Tri::Yes {
                break;
            }
        }
        match listing {
            Listing::Only => listed,
            Listing::Except => !listed,
        }
    }

    /// Whether the resource matches; none: a variable decides.
    fn reach(&self, action: &Action, resource: &Resource) -> Option<Tri> {
        let Some((listing, patterns)) = &self.resources else { return Some(Tri::Yes) };
        let mut listed = Tri::No;
        for pattern in patterns {
            let Pattern::Fixed(glob) = pattern else { return None };
            let reached = if action.is_wildcard_only() { glob.is_anything().into() } else { resource.matches(glob) };
            listed = listed.or(reached);
        }
        Some(match listing {
            Listing::Only => listed,
            Listing::Except => !listed,
        })
    }

    /// Whether it has conditions, or variables in its resources.
    pub(crate) fn asks_for_keys(&self) -> bool {
        let has_template = |(_, patterns): &(Listing, Box<[Pattern]>)| {
            patterns.iter().any(|pattern| matches!(pattern, Pattern::Template(_)))
        };
        !self.conditions.is_empty() || self.resources.as_ref().is_some_and(has_template)
    }

    /// Calls `each` with every condition key and variable that it asks for.
    pub(crate) fn keys<'s>(&'s self, mut each: impl FnMut(&'s Key)) {
        if let Some((_, patterns)) = &self.resources {
            for pattern in patterns {
                if let Pattern::Template(template) = pattern {
                    template.keys(&mut each);
                }
            }
        }
        for condition in &self.conditions {
            condition.keys(&mut each);
        }
    }
}

/// AWS completes short ARNs with wildcards in the policies of identities (and in what bounds them).
fn completes_arns(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session | PolicyKind::ServiceControl)
}

fn resource_pattern(text: &str, variables: bool, completes: bool) -> Pattern {
    let colons = text.bytes().filter(|byte| *byte == b':').count();
    let completed;
    let mut text = text;
    if completes && text.starts_with("arn:") && colons < 5 && !text.contains("${") {
        // `arn:aws:sqs` means `arn:aws:sqs:*:*:*`.
        completed = format!("{text}{}", ":*".repeat(5 - colons));
        // A star at the end reaches beyond its part already: `arn:aws:s3*`.
        if !text.ends_with('*') {
            text = &completed;
        }
    }
    match variables.then(|| Template::parse(text, Wildcards::Match)).flatten() {
        Some(template) => Pattern::Template(template),
        None => Pattern::Fixed(Glob::new(text)),
    }
}
