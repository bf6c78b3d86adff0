//! A request as legs: what each layer says to it, by the evaluator, with the statements that say so.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use haechi_iam::{
    Action, Because, Context, Decision, Effect, Exemption, Layer, LayerEffect, Policies, PolicyKind, Prepared,
    Question, Tri,
};

use super::{Fix, Leg, LegState, SharingLayer};
use crate::ask::Reason;
use crate::world::{Guardrails, Subject, Target, World};

/// How much is wanted: the states alone, to compare callers, or everything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    States,
    Whole,
}

/// What is known of a request: its keys as they are given, and as they are told.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub context: Context,
    pub told: BTreeMap<String, String>,
}

impl Known {
    pub fn open() -> Known {
        Known { context: Context::open(), told: BTreeMap::new() }
    }

    pub fn set(&mut self, key: &str, value: &str) -> &mut Known {
        self.context.set(key, value);
        self.told.insert(key.to_owned(), value.to_owned());
        self
    }

    pub fn set_all(&mut self, key: &str, values: &[&str]) -> &mut Known {
        self.context.set_all(key, values.iter().copied());
        self.told.insert(key.to_owned(), values.join(", "));
        self
    }

    pub fn absent(&mut self, key: &str) -> &mut Known {
        self.context.set_absent(key);
        self
    }
}

/// Who asks, and what their account is to the record.
pub(super) struct Asker<'w> {
    pub subject: Subject<'w>,
    pub name: String,
    /// Their policies are theirs to say: the account is not recorded.
    pub theirs: bool,
    /// Keys of the caller that nobody knows, since it is whoever of its account.
    pub unknown: &'static [&'static str],
}

pub(super) const UNKNOWN_OF_NOBODY: &[&str] = &["aws:PrincipalArn", "aws:userid", "aws:username", "aws:PrincipalType"];

/// One request.
pub(super) struct Request<'a> {
    pub world: &'a World,
    pub asker: &'a Asker<'a>,
    pub action: &'a str,
    pub target: &'a Target<'a>,
    pub known: &'a Known,
    pub depth: Depth,
}

/// A leg that is there, and is no request.
pub(super) fn plain(id: &str, layer: SharingLayer, resource: &str) -> Leg {
    Leg {
        id: id.to_owned(),
        layer,
        state: LegState::There,
        principal: String::new(),
        action: String::new(),
        resource: resource.to_owned(),
        context: BTreeMap::new(),
        keys: Vec::new(),
        unrecorded: Vec::new(),
        because: Vec::new(),
        detail: String::new(),
        fix: None,
        remedy: false,
    }
}

/// `kms:GenerateDataKey` is `kms-generate-data-key`.
fn kebab(action: &str) -> String {
    let mut text = String::with_capacity(action.len() + 4);
    let mut after_small = false;
    for sign in action.chars() {
        if sign == ':' {
            text.push('-');
            after_small = false;
            continue;
        }
        if sign.is_ascii_uppercase() && after_small {
            text.push('-');
        }
        after_small = !sign.is_ascii_uppercase();
        text.push(sign.to_ascii_lowercase());
    }
    text
}

impl Request<'_> {
    /// What each layer says. A grant that allows makes key policy and identity policies unneeded.
    pub fn legs(&self) -> Vec<Leg> {
        let Ok(action) = Action::parse(self.action) else { return Vec::new() };
        let mut context = self.known.context.clone();
        for key in self.asker.unknown {
            context.set_unknown(key);
        }
        let subject = &self.asker.subject;
        let question = self.world.question(subject, &action, self.target, &context, Guardrails::Counted);
        if let Some(leg) = self.graded(&question) {
            return vec![leg];
        }
        let decision = question.explain();
        let granted = decision
            .layers
            .iter()
            .any(|verdict| verdict.layer == Layer::Grant && verdict.effect == LayerEffect::Allows);
        let mut legs: Vec<Leg> = Vec::new();
        for verdict in &decision.layers {
            let Some(layer) = self.layer(verdict.layer) else { continue };
            let is_side = matches!(verdict.layer, Layer::Resource | Layer::Identity);
            let denies = matches!(verdict.effect, LayerEffect::Denies | LayerEffect::MayDeny);
            if granted && is_side && !denies {
                continue;
            }
            let mut leg = self.leg(layer);
            self.fill(&mut leg, verdict.layer, verdict.effect, &question, &decision);
            if verdict.layer == Layer::Grant && leg.state != LegState::There {
                // It allows only under conditions: the policies decide.
                continue;
            }
            if let Some(target) = verdict.target {
                leg.detail = target.to_owned();
            }
            match legs.iter_mut().find(|known| known.layer == layer) {
                Some(known) => join(known, leg),
                None => legs.push(leg),
            }
        }
        if self.asker.theirs {
            for layer in [SharingLayer::Identity, SharingLayer::Scp] {
                let mut leg = self.leg(layer);
                leg.state = LegState::Theirs;
                match legs.iter_mut().find(|known| known.layer == layer) {
                    Some(known) => *known = leg,
                    None if granted && layer == SharingLayer::Identity => {}
                    None => legs.push(leg),
                }
            }
        }
        if !granted && self.is_kms() && !legs.iter().any(|leg| leg.layer == SharingLayer::KeyPolicy) {
            let mut leg = self.leg(SharingLayer::KeyPolicy);
            leg.state = LegState::Missing;
            leg.fix = Some(Fix::AllowInKeyPolicy);
            legs.push(leg);
        }
        legs.sort_by_key(|leg| leg.layer);
        legs
    }

    /// One leg for all of them, where the decision alone tells the state, and no more is wanted.
    fn graded(&self, question: &Question<'_>) -> Option<Leg> {
        let is_of_other = question.resource.account().is_some_and(|owner| owner != question.caller.account());
        // What is shared has no policy that would allow others, so that the decision on it would be no.
        if self.depth == Depth::Whole || self.asker.theirs || (is_of_other && !self.is_kms()) {
            return None;
        }
        let outcome = question.decide();
        let layer = if self.is_kms() { SharingLayer::KeyPolicy } else { SharingLayer::Identity };
        let mut leg = plain("", layer, "");
        match outcome.allowed {
            Tri::Maybe => return None,
            Tri::Yes => {}
            Tri::No => {
                leg.state = LegState::Missing;
                let is_denied = outcome.denied == Tri::Yes;
                leg.fix = Some(if is_denied { Fix::RemoveDeny } else { Fix::AllowInKeyPolicy });
            }
        }
        Some(leg)
    }

    fn is_kms(&self) -> bool {
        self.action.starts_with("kms:")
    }

    fn layer(&self, layer: Layer) -> Option<SharingLayer> {
        Some(match layer {
            Layer::Scp => SharingLayer::Scp,
            Layer::Rcp => SharingLayer::Rcp,
            Layer::Identity => SharingLayer::Identity,
            Layer::Boundary => SharingLayer::Boundary,
            Layer::Grant => SharingLayer::Grant,
            Layer::Resource if self.is_kms() => SharingLayer::KeyPolicy,
            // What else is shared has no policy: the share stands for it.
            Layer::Resource | Layer::Endpoint | Layer::Session => return None,
        })
    }

    /// A leg of this request that is there.
    pub fn leg(&self, layer: SharingLayer) -> Leg {
        Leg {
            principal: self.asker.name.clone(),
            action: self.action.to_owned(),
            context: self.known.told.clone(),
            ..plain(&format!("{}-{}", kebab(self.action), layer.name()), layer, self.target.resource.arn())
        }
    }

    fn fill(&self, leg: &mut Leg, layer: Layer, effect: LayerEffect, question: &Question<'_>, decision: &Decision<'_>) {
        let lacks = |fix: Fix| (LegState::Missing, Some(fix));
        let is_unrecorded = decision.unrecorded.iter().any(|(of, _)| *of == layer);
        let maybe = || (if is_unrecorded { LegState::Unknown } else { LegState::Conditional }, None);
        (leg.state, leg.fix) = match effect {
            LayerEffect::Allows => (LegState::There, None),
            LayerEffect::Exempt(exemption) => {
                leg.detail = exempt(exemption).to_owned();
                (LegState::There, None)
            }
            LayerEffect::MayAllow | LayerEffect::MayDeny => maybe(),
            LayerEffect::Denies => lacks(Fix::RemoveDeny),
            LayerEffect::DoesNotAllow => lacks(match layer {
                Layer::Scp => Fix::AllowInScp,
                Layer::Rcp => Fix::AllowInRcp,
                Layer::Boundary => Fix::AllowInBoundary,
                Layer::Resource => Fix::AllowInKeyPolicy,
                _ => Fix::AllowInIdentity,
            }),
        };
        if self.depth == Depth::States {
            return;
        }
        let principal = self.asker.subject.principal;
        let of_layer = |because: &&Because<'_>| because.layer == layer;
        match leg.state {
            LegState::Unknown => {
                let named = decision.unrecorded.iter().filter(|(of, _)| *of == layer);
                leg.unrecorded = named.map(|(_, policy)| Prepared::name(policy).to_owned()).collect();
                leg.unrecorded.dedup();
            }
            LegState::Conditional => {
                let statements = || decision.maybe.iter().filter(of_layer);
                leg.because = statements().map(|because| Reason::of(because, principal)).collect();
                let asked = statements().filter_map(Because::statement).flat_map(|statement| statement.conditions());
                leg.keys = asked.map(|condition| condition.key().to_owned()).collect();
                leg.keys.retain(|key| decision.unknown.iter().any(|unknown| unknown.eq_ignore_ascii_case(key)));
                leg.keys.sort();
                leg.keys.dedup();
            }
            LegState::There if layer == Layer::Grant => leg.detail = self.grant(question),
            LegState::There | LegState::Missing => leg.because = self.statements(layer, effect, question, principal),
            LegState::Theirs => {}
        }
    }

    /// The statements of a layer that allow, or deny, whatever the other layers say.
    fn statements(
        &self,
        layer: Layer,
        effect: LayerEffect,
        question: &Question<'_>,
        principal: Option<&crate::world::Principal>,
    ) -> Vec<Reason> {
        let wanted = match effect {
            LayerEffect::Allows => Effect::Allow,
            LayerEffect::Denies => Effect::Deny,
            _ => return Vec::new(),
        };
        let all = question.policies;
        let mut policies = Policies { identity: &ANY_IDENTITY[..], resource: &ANY_RESOURCE[..], ..Policies::default() };
        match layer {
            Layer::Resource => policies.resource = all.resource,
            Layer::Identity => policies.identity = all.identity,
            Layer::Boundary => policies.boundary = all.boundary,
            Layer::Scp => policies.scps = all.scps,
            Layer::Rcp => policies.rcps = all.rcps,
            Layer::Endpoint | Layer::Session | Layer::Grant => {}
        }
        let alone = Question { policies, ..*question };
        let decision = alone.explain();
        let found = decision.because.iter().filter(|because| because.layer == layer && because.effect == wanted);
        found.map(|because| Reason::of(because, principal)).collect()
    }

    /// The grant that allows the request: the first that does it alone.
    fn grant(&self, question: &Question<'_>) -> String {
        let allows = |grant: &&haechi_iam::KmsGrant| {
            let policies = Policies { grants: std::slice::from_ref(*grant), ..Policies::default() };
            Question { policies, ..*question }.decide().allowed == Tri::Yes
        };
        question.policies.grants.iter().find(allows).map(|grant| grant.id().to_owned()).unwrap_or_default()
    }
}

/// Levels of SCPs or RCPs, or the same layer for another resource: the worst counts, and is told.
pub(super) fn join(known: &mut Leg, other: Leg) {
    if other.state < known.state {
        *known = other;
    } else if other.state == known.state && known.resource == other.resource {
        if !other.detail.is_empty() && known.detail != other.detail {
            known.detail =
                if known.detail.is_empty() { other.detail } else { format!("{}, {}", known.detail, other.detail) };
        }
        for reason in other.because {
            if !known.because.contains(&reason) {
                known.because.push(reason);
            }
        }
    }
}

const fn exempt(exemption: Exemption) -> &'static str {
    match exemption {
        Exemption::ManagementAccount => "management-account",
        Exemption::ServiceLinkedRole => "service-linked-role",
        Exemption::NoAccount => "no-account",
        Exemption::RootUser => "root-user",
        Exemption::ServiceWithoutRcps => "service-without-rcps",
        Exemption::AwsManagedKey => "aws-managed-key",
        Exemption::RetireGrant => "retire-grant",
    }
}

fn anything(kind: PolicyKind, principal: &str) -> Vec<Arc<Prepared>> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{principal}"Action":"*","Resource":"*"}}}}"#
    );
    Prepared::parse(kind, "anything", &text).map(Arc::new).into_iter().collect()
}

static ANY_IDENTITY: LazyLock<Vec<Arc<Prepared>>> = LazyLock::new(|| anything(PolicyKind::Identity, ""));
static ANY_RESOURCE: LazyLock<Vec<Arc<Prepared>>> =
    LazyLock::new(|| anything(PolicyKind::Resource, r#""Principal":"*","#));
