//! The decision: AWS's policy evaluation over all layers. [`Question::decide`] allocates nothing; the same code
//! with a trace builds the explanation.

use std::sync::Arc;

use crate::caller::{CallerKind, Standing};
use crate::context::Completeness;
use crate::fixed::{FixedRule, is_beyond_resource_policy};
use crate::key::Facts;
use crate::naming::Naming;
use crate::policy::{Effect, Listing};
use crate::prepare::{Prepared, PreparedStatement};
use crate::question::{BucketAccess, Level, Question};
use crate::rcp_services::supports_rcps;
use crate::resource::ResourceType;
use crate::tri::Tri;

/// What AWS answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Verdict {
    Allowed,
    ImplicitlyDenied,
    ExplicitlyDenied,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Allowed => "Allowed",
            Verdict::ImplicitlyDenied => "ImplicitlyDenied",
            Verdict::ExplicitlyDenied => "ExplicitlyDenied",
        }
    }
}

/// The answer without its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the request is allowed. `Maybe` only in open questions: under conditions that are not known.
    pub allowed: Tri,
    /// Whether a Deny statement matches.
    pub denied: Tri,
}

impl Outcome {
    /// The answer to a closed question; in an open one, what is certain.
    pub fn verdict(self) -> Verdict {
        match self {
            Outcome { denied: Tri::Yes, .. } => Verdict::ExplicitlyDenied,
            Outcome { allowed: Tri::Yes, .. } => Verdict::Allowed,
            _ => Verdict::ImplicitlyDenied,
        }
    }
}

/// The layers of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Layer {
    Scp,
    Rcp,
    Endpoint,
    Session,
    Resource,
    Identity,
    Boundary,
    /// KMS grants.
    Grant,
}

impl Layer {
    pub fn name(self) -> &'static str {
        match self {
            Layer::Scp => "scp",
            Layer::Rcp => "rcp",
            Layer::Endpoint => "endpoint",
            Layer::Session => "session",
            Layer::Resource => "resource",
            Layer::Identity => "identity",
            Layer::Boundary => "boundary",
            Layer::Grant => "grant",
        }
    }
}

/// Why a layer does not count for this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exemption {
    ManagementAccount,
    ServiceLinkedRole,
    /// The caller is no principal of an account: anonymous, a service, a federated identity.
    NoAccount,
    RootUser,
    /// The service's resources are not under RCPs.
    ServiceWithoutRcps,
    AwsManagedKey,
    RetireGrant,
}

/// Watches the evaluation. The watcher that sees nothing costs nothing.
pub(crate) trait Trace<'a> {
    /// Whether to go on when the answer is certain.
    const WHOLE: bool;
    /// A statement that names the caller, and whether it matches.
    fn statement(&mut self, at: Seen<'a>, result: Tri);
    fn layer(&mut self, layer: Layer, level: Option<&'a Level>, effects: Effects);
    fn exempt(&mut self, layer: Layer, exemption: Exemption);
    fn fixed(&mut self, rule: FixedRule);
    fn combined(&mut self, combination: Combination);
    /// A policy that bears on the request, and nobody knows what it says.
    fn unrecorded(&mut self, layer: Layer, policy: &'a Prepared);
}

/// A statement under evaluation.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub layer: Layer,
    pub effect: Effect,
    pub policy: &'a Prepared,
    pub statement: &'a PreparedStatement,
}

/// Sees nothing; may want all to be asked nevertheless.
struct Unwatched<const WHOLE: bool>;

impl<'a, const WHOLE: bool> Trace<'a> for Unwatched<WHOLE> {
    const WHOLE: bool = WHOLE;
    #[inline(always)]
    fn statement(&mut self, _: Seen<'a>, _: Tri) {}
    #[inline(always)]
    fn layer(&mut self, _: Layer, _: Option<&'a Level>, _: Effects) {}
    #[inline(always)]
    fn exempt(&mut self, _: Layer, _: Exemption) {}
    #[inline(always)]
    fn fixed(&mut self, _: FixedRule) {}
    #[inline(always)]
    fn combined(&mut self, _: Combination) {}
    #[inline(always)]
    fn unrecorded(&mut self, _: Layer, _: &'a Prepared) {}
}

/// What a layer says. Only resource policies tell how they name the caller; all others allow `by_account`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effects {
    pub denied: Tri,
    pub by_account: Tri,
    /// By the role of the session, or the user behind a federated user.
    pub by_parent: Tri,
    pub by_everyone: Tri,
    pub directly: Tri,
}

impl Effects {
    const NONE: Effects =
        Effects { denied: Tri::No, by_account: Tri::No, by_parent: Tri::No, by_everyone: Tri::No, directly: Tri::No };

    /// A layer that is not there.
    const PASS: Effects = Effects { by_account: Tri::Yes, ..Effects::NONE };

    /// However the caller is named.
    pub(crate) fn allowed(self) -> Tri {
        self.by_account.or(self.by_parent).or(self.by_everyone).or(self.directly)
    }
}

/// How the layers were joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Combination {
    pub same_account: bool,
    /// The caller's own policies count only if the resource policy delegates to its account.
    pub needs_delegation: bool,
    pub resource: Effects,
    pub identity: Tri,
    pub boundary: Tri,
    pub session: Tri,
    pub grant: Tri,
    /// What is certain of the sum of the above.
    pub granted: Tri,
}

/// Whether a layer's statements name principals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Principals {
    Ignored,
    Named,
}

impl<'a> Question<'a> {
    /// Whether the request is allowed. Allocates nothing (but for variables whose texts are longer than 256
    /// characters, and the middle of long patterns against long names).
    pub fn decide(&self) -> Outcome {
        self.evaluate(self.context.completeness(), &mut Unwatched::<false>)
    }

    /// The same with every key that was not told taken for unknown, whatever the context says of itself: what
    /// could be, as opposed to what is.
    pub fn decide_openly(&self) -> Outcome {
        self.evaluate(Completeness::Open, &mut Unwatched::<false>)
    }

    /// What the SCPs and RCPs say, whatever the other layers do: allowed is what they let pass.
    pub fn decide_guardrails(&self) -> Outcome {
        let completeness = self.context.completeness();
        let facts = Facts { completeness, ..self.facts() };
        let mut evaluation =
            Evaluation { question: *self, facts, bit: self.action.service_bit(), trace: &mut Unwatched::<false> };
        if FixedRule::allowing(self).is_some() {
            return Outcome { allowed: Tri::Yes, denied: Tri::No };
        }
        let (guarded, denied) = evaluation.guardrails();
        Outcome { allowed: guarded.and(!denied), denied }
    }

    /// What some SCPs or RCPs say to the request: whether a statement denies, and whether one allows, each by
    /// itself. Callers and resources that the layer does not bind are not looked for.
    pub fn decide_level(&self, layer: Layer, policies: &'a [Arc<Prepared>]) -> Outcome {
        let completeness = self.context.completeness();
        let facts = Facts { completeness, ..self.facts() };
        let mut evaluation =
            Evaluation { question: *self, facts, bit: self.action.service_bit(), trace: &mut Unwatched::<true> };
        let principals = if layer == Layer::Rcp { Principals::Named } else { Principals::Ignored };
        let effects = evaluation.scan(layer, policies, principals);
        Outcome { allowed: effects.allowed(), denied: effects.denied }
    }

    /// Why SCPs or RCPs do not count for this request, if they do not.
    pub fn exemption(&self, layer: Layer) -> Option<Exemption> {
        let completeness = self.context.completeness();
        let facts = Facts { completeness, ..self.facts() };
        let evaluation =
            Evaluation { question: *self, facts, bit: self.action.service_bit(), trace: &mut Unwatched::<false> };
        match layer {
            Layer::Scp => evaluation.scp_exemption(),
            Layer::Rcp => evaluation.rcp_exemption(),
            _ => None,
        }
    }

    pub(crate) fn evaluate(&self, completeness: Completeness, trace: &mut impl Trace<'a>) -> Outcome {
        let facts = Facts { completeness, ..self.facts() };
        Evaluation { question: *self, facts, bit: self.action.service_bit(), trace }.run()
    }
}

struct Evaluation<'a, 't, T> {
    question: Question<'a>,
    facts: Facts<'a>,
    bit: u64,
    trace: &'t mut T,
}

impl<'a, T: Trace<'a>> Evaluation<'a, '_, T> {
    fn run(&mut self) -> Outcome {
        if let Some(rule) = FixedRule::allowing(&self.question) {
            self.trace.fixed(rule);
            return Outcome { allowed: Tri::Yes, denied: Tri::No };
        }
        let policies = self.question.policies;
        let (mut guarded, mut denied) = self.guardrails();
        if !T::WHOLE && denied == Tri::Yes {
            return Outcome { allowed: Tri::No, denied };
        }
        let endpoint = self.limit(Layer::Endpoint, policies.endpoint, Principals::Named);
        denied = denied.or(endpoint.denied);
        guarded = guarded.and(endpoint.allowed());
        let (granted, denied_below) = self.granted();
        denied = denied.or(denied_below);
        let mut allowed = guarded.and(granted).and(!denied);
        if denied != Tri::Yes
            && let Some(rule) = self.fixed_denial(allowed)
        {
            self.trace.fixed(rule);
            if rule == FixedRule::RestrictPublicBuckets {
                // Somebody has switched it on: it denies as explicitly as a policy, what would be allowed.
                denied = denied.or(allowed);
            }
            allowed = Tri::No;
        }
        Outcome { allowed, denied }
    }

    /// Whether SCPs and RCPs let the request pass, and whether one of them denies.
    fn guardrails(&mut self) -> (Tri, Tri) {
        let policies = self.question.policies;
        let (mut guarded, mut denied) = (Tri::Yes, Tri::No);
        for (layer, levels, exemption) in
            [(Layer::Scp, policies.scps, self.scp_exemption()), (Layer::Rcp, policies.rcps, self.rcp_exemption())]
        {
            if levels.is_empty() {
                continue;
            }
            if let Some(exemption) = exemption {
                self.trace.exempt(layer, exemption);
                continue;
            }
            let effects = self.levels(layer, levels);
            denied = denied.or(effects.denied);
            guarded = guarded.and(effects.allowed());
            if !T::WHOLE && denied == Tri::Yes {
                break;
            }
        }
        (guarded, denied)
    }

    /// What is granted by the resource's side and the caller's, and whether one of them denies.
    fn granted(&mut self) -> (Tri, Tri) {
        let policies = self.question.policies;
        let caller = self.question.caller;
        let mut resource = self.scan(Layer::Resource, policies.resource, Principals::Named);
        if is_beyond_resource_policy(&self.question) {
            resource.denied = Tri::No;
        }
        if !policies.resource.is_empty() {
            self.trace.layer(Layer::Resource, None, resource);
        }
        if !caller.has_account() {
            // Roles are assumed with credentials of AWS, or of an identity provider.
            let signed = caller.kind != CallerKind::Anonymous || self.question.action.service() != "sts";
            return (resource.by_everyone.or(resource.directly).and(signed.into()), resource.denied);
        }
        let is_root = caller.kind == CallerKind::Root;
        let (session, identity, boundary) = if is_root {
            // Identity policies, boundaries and session policies cannot be given to the root user.
            for (layer, own) in [
                (Layer::Session, policies.session),
                (Layer::Identity, policies.identity),
                (Layer::Boundary, policies.boundary),
            ] {
                if !own.is_empty() {
                    self.trace.exempt(layer, Exemption::RootUser);
                }
            }
            (Effects::PASS, Effects::PASS, Effects::PASS)
        } else {
            let session = self.session();
            let identity = self.scan(Layer::Identity, policies.identity, Principals::Ignored);
            self.trace.layer(Layer::Identity, None, identity);
            (session, identity, self.limit(Layer::Boundary, policies.boundary, Principals::Ignored))
        };
        let grant = self.grants();
        let combination = self.combine(resource, identity.allowed(), boundary.allowed(), session.allowed(), grant);
        self.trace.combined(combination);
        let denied = resource.denied.or(session.denied).or(identity.denied).or(boundary.denied);
        (combination.granted, denied)
    }

    fn combine(&self, resource: Effects, identity: Tri, boundary: Tri, session: Tri, grant: Tri) -> Combination {
        let Question { caller, action, resource: target, .. } = self.question;
        let same_account = target.account.as_deref().is_none_or(|owner| *owner == *caller.account);
        let is_root_session = action.lower() == "sts:assumeroot";
        let is_trust = action.service() == "sts"
            && (action.name().starts_with("assumerole")
                || matches!(action.name(), "tagsession" | "setsourceidentity" | "setcontext"));
        let is_key = action.service() == "kms" && target.kind == ResourceType::KmsKey;
        let needs_delegation = is_trust || is_key;
        let limits = boundary.and(session);
        let own = identity.and(limits);
        // A grant names its grantee as a resource policy would name a role.
        let by_grant = grant.and(limits);
        let granted = if is_root_session {
            own.and(self.manages_root_access(same_account))
        } else if !same_account {
            resource.allowed().and(own)
        } else {
            let delegated = if needs_delegation { resource.by_account.and(own) } else { own };
            let by_parent = resource.by_parent.and(limits);
            // Who is named as everyone needs no other permission; but only what names the session itself is beyond
            // the session policy.
            let by_everyone = resource.by_everyone.and(session);
            delegated.or(by_parent).or(by_everyone).or(resource.directly)
        };
        Combination {
            // No policy of the member account is asked for a session of its root user.
            same_account: same_account || is_root_session,
            needs_delegation,
            resource,
            identity,
            boundary,
            session,
            grant,
            granted: granted.or(by_grant),
        }
    }

    /// Whether the caller may ask for sessions of root users of member accounts at all: from the management account
    /// it may, from an account that this was delegated to as well (which is not known here).
    fn manages_root_access(&self, same_account: bool) -> Tri {
        match self.question.caller.standing {
            Standing::Management => (!same_account).into(),
            Standing::Member => Tri::Maybe,
        }
    }

    fn grants(&self) -> Tri {
        let grants = self.question.policies.grants.iter();
        grants.map(|grant| grant.allows(&self.facts)).max().unwrap_or(Tri::No)
    }

    fn fixed_denial(&self, allowed: Tri) -> Option<FixedRule> {
        if let Some(rule) = FixedRule::denying(&self.question) {
            return Some(rule);
        }
        let Question { caller, resource, policies, .. } = self.question;
        let outside = caller.kind != CallerKind::Service
            && (!caller.has_account() || resource.account.as_deref().is_some_and(|owner| *owner != *caller.account));
        let blocked = match resource.kind {
            ResourceType::Bucket => policies.bucket_access == BucketAccess::RestrictPublicBuckets,
            ResourceType::DirectoryBucket => true,
            ResourceType::Ordinary | ResourceType::KmsKey => false,
        };
        let restricted = blocked
            && allowed != Tri::No
            && outside
            && policies.resource.iter().any(|policy| policy.is_public_bucket());
        restricted.then_some(FixedRule::RestrictPublicBuckets)
    }

    fn scp_exemption(&self) -> Option<Exemption> {
        let caller = self.question.caller;
        if !caller.has_account() {
            Some(Exemption::NoAccount)
        } else if caller.standing == Standing::Management {
            Some(Exemption::ManagementAccount)
        } else {
            caller.service_linked.then_some(Exemption::ServiceLinkedRole)
        }
    }

    fn rcp_exemption(&self) -> Option<Exemption> {
        let Question { caller, action, resource, .. } = self.question;
        if resource.standing == Standing::Management {
            Some(Exemption::ManagementAccount)
        } else if caller.service_linked {
            Some(Exemption::ServiceLinkedRole)
        } else if resource.aws_managed_key {
            Some(Exemption::AwsManagedKey)
        } else if action.lower() == "kms:retiregrant" {
            Some(Exemption::RetireGrant)
        } else {
            (!supports_rcps(action.service())).then_some(Exemption::ServiceWithoutRcps)
        }
    }

    /// SCPs or RCPs: each level must allow, and none may deny.
    fn levels(&mut self, layer: Layer, levels: &'a [Level]) -> Effects {
        let principals = if layer == Layer::Rcp { Principals::Named } else { Principals::Ignored };
        let mut all = Effects::PASS;
        for level in levels {
            let effects = self.scan(layer, &level.policies, principals);
            self.trace.layer(layer, Some(level), effects);
            all.denied = all.denied.or(effects.denied);
            all.by_account = all.by_account.and(effects.allowed());
            if !T::WHOLE && all.denied == Tri::Yes {
                break;
            }
        }
        all
    }

    /// A layer that limits if it is there.
    fn limit(&mut self, layer: Layer, policies: &'a [Arc<Prepared>], principals: Principals) -> Effects {
        if policies.is_empty() {
            return Effects::PASS;
        }
        let effects = self.scan(layer, policies, principals);
        self.trace.layer(layer, None, effects);
        effects
    }

    /// What the session policy leaves. Sessions of GetFederationToken have no permissions without one.
    fn session(&mut self) -> Effects {
        let policies = self.question.policies.session;
        if !policies.is_empty() || self.question.caller.kind != CallerKind::FederatedUser {
            return self.limit(Layer::Session, policies, Principals::Ignored);
        }
        let effects = Effects { by_account: if self.is_open() { Tri::Maybe } else { Tri::No }, ..Effects::NONE };
        self.trace.layer(Layer::Session, None, effects);
        effects
    }

    /// What the statements of some policies say together.
    fn scan(&mut self, layer: Layer, policies: &'a [Arc<Prepared>], principals: Principals) -> Effects {
        let mut effects = Effects::NONE;
        for policy in policies {
            if policy.passes_by(self.bit) {
                continue;
            }
            if policy.is_unrecorded().is_some() {
                self.trace.unrecorded(layer, policy);
                effects.denied = effects.denied.or(if policy.may_deny(self.bit) { Tri::Maybe } else { Tri::No });
                let allows =
                    if principals == Principals::Named { &mut effects.directly } else { &mut effects.by_account };
                *allows = allows.or(Tri::Maybe);
                continue;
            }
            if policy.may_deny(self.bit) {
                for statement in &policy.denies {
                    let Some(result) = self.denies(statement, principals) else { continue };
                    self.trace.statement(Seen { layer, effect: Effect::Deny, policy, statement }, result);
                    effects.denied = effects.denied.or(result);
                    if !T::WHOLE && effects.denied == Tri::Yes {
                        return effects;
                    }
                }
            }
            if policy.may_allow(self.bit) {
                for statement in &policy.allows {
                    // What is granted already needs no second grant.
                    if !T::WHOLE && principals == Principals::Ignored && effects.by_account == Tri::Yes {
                        break;
                    }
                    let Some(result) = self.allows(statement, principals, &mut effects) else { continue };
                    self.trace.statement(Seen { layer, effect: Effect::Allow, policy, statement }, result);
                }
            }
        }
        effects
    }

    /// Whether a Deny matches; `None` if it does not name the caller.
    #[inline]
    fn denies(&self, statement: &PreparedStatement, principals: Principals) -> Option<Tri> {
        let named = match (principals, &statement.principals) {
            (Principals::Ignored, _) => Tri::Yes,
            // A statement of a resource policy without a principal is about nobody.
            (Principals::Named, None) => return None,
            (Principals::Named, Some((listing, patterns))) => {
                let caller = self.facts.caller;
                let naming = Naming::of(patterns, caller);
                match listing {
                    Listing::Only if naming.is_any() => Tri::Yes,
                    Listing::Only if naming.maybe_direct && self.is_open() => Tri::Maybe,
                    Listing::Only => return None,
                    Listing::Except if naming.spares(caller, !self.question.policies.boundary.is_empty()) => {
                        return None;
                    }
                    Listing::Except => Tri::Yes,
                }
            }
        };
        Some(named.and(statement.matches(&self.facts, self.bit)))
    }

    /// Whether an Allow matches, added to what the layer says; `None` if it does not name the caller.
    #[inline]
    fn allows(&self, statement: &PreparedStatement, principals: Principals, effects: &mut Effects) -> Option<Tri> {
        if principals == Principals::Ignored {
            let result = statement.matches(&self.facts, self.bit);
            effects.by_account = effects.by_account.or(result);
            return Some(result);
        }
        let (listing, patterns) = statement.principals.as_ref()?;
        let mut naming = Naming::of(patterns, self.facts.caller);
        let maybe = naming.maybe_direct && self.is_open();
        if *listing == Listing::Except {
            // Everyone but those listed, however they are listed.
            let listed = naming.is_any() || naming.maybe_direct;
            naming = Naming { everyone: !listed, ..Naming::default() };
        }
        if !naming.is_any() && !maybe {
            return None;
        }
        let result = statement.matches(&self.facts, self.bit);
        let add = |effect: &mut Tri, named: bool| *effect = effect.or(if named { result } else { Tri::No });
        add(&mut effects.by_account, naming.account);
        add(&mut effects.by_parent, naming.parent);
        add(&mut effects.by_everyone, naming.everyone);
        add(&mut effects.directly, naming.direct);
        if maybe {
            effects.directly = effects.directly.or(result.and(Tri::Maybe));
        }
        Some(result)
    }

    fn is_open(&self) -> bool {
        self.facts.completeness == Completeness::Open
    }
}
