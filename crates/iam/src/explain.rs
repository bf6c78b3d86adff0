//! Why a decision came out as it did: every layer's verdict, the statements that decided, what was missing, and
//! which keys were asked for and not given. Built only when asked for.

use crate::context::{Completeness, Found};
use crate::evaluate::{Combination, Effects, Exemption, Layer, Outcome, Seen, Trace, Verdict};
use crate::fault::Fault;
use crate::fixed::FixedRule;
use crate::key::Facts;
use crate::policy::{Effect, Statement};
use crate::position::Position;
use crate::prepare::Prepared;
use crate::question::{Level, Question};
use crate::tri::Tri;

/// A decision with its explanation.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    pub verdict: Verdict,
    pub outcome: Outcome,
    /// Whether the answer could be another if the keys of `unknown` were told.
    pub conditional: bool,
    /// What each layer that is there says, SCPs and RCPs level by level from the root.
    pub layers: Vec<LayerVerdict<'a>>,
    /// The statements that decided: the matching Deny statements, or the Allow statements that grant.
    pub because: Vec<Because<'a>>,
    /// Statements that match under conditions that are not known, Allow and Deny.
    pub maybe: Vec<Because<'a>>,
    /// What an implicit denial lacks. All of it is needed.
    pub missing: Vec<Missing<'a>>,
    /// Keys, in the spelling of the policies, that statements about this request ask for and nobody told.
    pub unknown: Vec<&'a str>,
    /// Policies that bear on the request and whose documents nobody recorded.
    pub unrecorded: Vec<(Layer, &'a Prepared)>,
    /// The rule of AWS that decided, whatever the policies say.
    pub rule: Option<FixedRule>,
}

/// What one layer, or one level of SCPs or RCPs, says.
#[derive(Clone, Copy, Debug)]
pub struct LayerVerdict<'a> {
    pub layer: Layer,
    /// The root, OU or account of a level.
    pub target: Option<&'a str>,
    pub effect: LayerEffect,
}

/// What a layer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerEffect {
    Allows,
    /// Under conditions that are not known.
    MayAllow,
    DoesNotAllow,
    Denies,
    MayDeny,
    /// It does not count for this request.
    Exempt(Exemption),
}

impl LayerEffect {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            LayerEffect::Allows => "Allows",
            LayerEffect::MayAllow => "MayAllow",
            LayerEffect::DoesNotAllow => "DoesNotAllow",
            LayerEffect::Denies => "Denies",
            LayerEffect::MayDeny => "MayDeny",
            LayerEffect::Exempt(_) => "Exempt",
        }
    }

    fn of(effects: Effects) -> LayerEffect {
        match (effects.denied, effects.allowed()) {
            (Tri::Yes, _) => LayerEffect::Denies,
            (Tri::Maybe, _) => LayerEffect::MayDeny,
            (_, Tri::Yes) => LayerEffect::Allows,
            (_, Tri::Maybe) => LayerEffect::MayAllow,
            (_, Tri::No) => LayerEffect::DoesNotAllow,
        }
    }
}

/// A statement that decided.
#[derive(Clone, Copy, Debug)]
pub struct Because<'a> {
    pub layer: Layer,
    pub effect: Effect,
    pub policy: &'a Prepared,
    /// Its place in the policy, from 0.
    pub statement: usize,
}

impl<'a> Because<'a> {
    pub fn statement(&self) -> Option<Statement<'a>> {
        self.policy.policy().statement(self.statement)
    }

    pub fn sid(&self) -> Option<&'a str> {
        self.statement()?.sid()
    }

    /// Where the statement begins.
    pub fn position(&self) -> Option<Position> {
        self.policy.position(self.statement)
    }
}

/// Something that an implicit denial lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing<'a> {
    /// An Allow in an SCP or RCP attached there.
    Level { layer: Layer, target: &'a str },
    /// An Allow of the endpoint, session or boundary.
    Limit(Layer),
    /// An Allow in an identity policy.
    Identity,
    /// An Allow in the resource's policy.
    Resource,
    /// An Allow in an identity policy or in the resource's.
    IdentityOrResource,
    /// The key policy or trust policy has to name the caller, or its account (and then an identity policy has to
    /// allow too).
    Delegation,
}

impl Missing<'_> {
    /// Its name in machine output.
    pub fn name(&self) -> &'static str {
        match self {
            Missing::Level { layer: Layer::Rcp, .. } => "rcp",
            Missing::Level { .. } => "scp",
            Missing::Limit(layer) => layer.name(),
            Missing::Identity => "identity",
            Missing::Resource => "resource",
            Missing::IdentityOrResource => "identityOrResource",
            Missing::Delegation => "delegation",
        }
    }
}

impl<'a> Question<'a> {
    /// The decision with its explanation.
    pub fn explain(&self) -> Decision<'a> {
        let mut notes = Notes {
            facts: Facts { completeness: Completeness::Open, ..self.facts() },
            bit: self.action.service_bit(),
            layers: Vec::with_capacity(8),
            seen: Vec::with_capacity(4),
            unknown: Vec::new(),
            missing: Vec::new(),
            unrecorded: Vec::new(),
            rule: None,
            combination: None,
        };
        let outcome = self.evaluate(self.context.completeness(), &mut notes);
        let verdict = outcome.verdict();
        let open = match (self.context.completeness(), notes.unknown.is_empty()) {
            (Completeness::Complete, false) => self.decide_openly(),
            _ => outcome,
        };
        if verdict == Verdict::ImplicitlyDenied && notes.rule.is_none() {
            notes.note_what_lacks();
        } else {
            notes.missing.clear();
        }
        Decision {
            verdict,
            outcome,
            conditional: open.allowed == Tri::Maybe || open.denied == Tri::Maybe,
            maybe: notes.possible(),
            because: notes.deciding(verdict),
            layers: notes.layers,
            missing: notes.missing,
            unknown: notes.unknown,
            unrecorded: notes.unrecorded,
            rule: notes.rule,
        }
    }

    /// What is wrong with the policies of the question. A Deny at fault does not deny.
    pub fn faults(&self) -> impl Iterator<Item = (&'a Prepared, &'a Fault)> {
        let policies = self.policies;
        let levels = policies.scps.iter().chain(policies.rcps).flat_map(|level| &level.policies);
        let single = [policies.endpoint, policies.session, policies.resource, policies.identity, policies.boundary];
        levels
            .chain(single.into_iter().flatten())
            .flat_map(|policy| policy.faults().iter().map(move |fault| (&**policy, fault)))
    }
}

/// What is noted during an evaluation.
struct Notes<'a> {
    /// Taken openly, so that what was not told is seen to matter.
    facts: Facts<'a>,
    bit: u64,
    layers: Vec<LayerVerdict<'a>>,
    /// Statements that match, or may.
    seen: Vec<(Because<'a>, Tri)>,
    unknown: Vec<&'a str>,
    missing: Vec<Missing<'a>>,
    unrecorded: Vec<(Layer, &'a Prepared)>,
    rule: Option<FixedRule>,
    combination: Option<Combination>,
}

impl<'a> Trace<'a> for Notes<'a> {
    const WHOLE: bool = true;

    fn statement(&mut self, at: Seen<'a>, result: Tri) {
        let Seen { layer, effect, policy, statement } = at;
        if result != Tri::No {
            let because = Because { layer, effect, policy, statement: statement.index as usize };
            self.seen.push((because, result));
        }
        if !statement.asks_for_keys() || (result == Tri::No && !statement.is_about(&self.facts, self.bit)) {
            return;
        }
        statement.keys(|key| {
            let not_told = key.find(&self.facts) == Found::Unknown;
            if not_told && !self.unknown.iter().any(|known| known.eq_ignore_ascii_case(&key.name)) {
                self.unknown.push(&key.name);
            }
        });
    }

    fn layer(&mut self, layer: Layer, level: Option<&'a Level>, effects: Effects) {
        let target = level.map(|level| &*level.target);
        self.layers.push(LayerVerdict { layer, target, effect: LayerEffect::of(effects) });
        if effects.allowed() == Tri::Yes {
            return;
        }
        match (layer, target) {
            (Layer::Scp | Layer::Rcp, Some(target)) => self.missing.push(Missing::Level { layer, target }),
            (Layer::Endpoint, _) => self.missing.push(Missing::Limit(layer)),
            // The others matter by how they are combined.
            _ => {}
        }
    }

    fn exempt(&mut self, layer: Layer, exemption: Exemption) {
        self.layers.push(LayerVerdict { layer, target: None, effect: LayerEffect::Exempt(exemption) });
    }

    fn fixed(&mut self, rule: FixedRule) {
        self.rule = Some(rule);
    }

    fn unrecorded(&mut self, layer: Layer, policy: &'a Prepared) {
        self.unrecorded.push((layer, policy));
    }

    fn combined(&mut self, combination: Combination) {
        if combination.grant != Tri::No {
            let effect = if combination.grant == Tri::Yes { LayerEffect::Allows } else { LayerEffect::MayAllow };
            self.layers.push(LayerVerdict { layer: Layer::Grant, target: None, effect });
        }
        self.combination = Some(combination);
    }
}

impl<'a> Notes<'a> {
    fn note_what_lacks(&mut self) {
        let Some(combination) = self.combination else {
            // Nobody's own policies count: the resource's are all there is.
            if !self.allows(Layer::Resource) {
                self.missing.push(Missing::Resource);
            }
            return;
        };
        if combination.granted == Tri::Yes {
            return;
        }
        let Combination { same_account, needs_delegation, resource, identity, boundary, session, .. } = combination;
        let lacks = |tri: Tri| tri != Tri::Yes;
        let everyone = same_account && resource.by_everyone == Tri::Yes;
        let missing = &mut self.missing;
        match (same_account, needs_delegation) {
            (false, _) => {
                if lacks(resource.allowed()) {
                    missing.push(Missing::Resource);
                }
                if lacks(identity) {
                    missing.push(Missing::Identity);
                }
            }
            (true, true) if lacks(resource.allowed()) => missing.push(Missing::Delegation),
            // The account is named, which only delegates.
            (true, true) if lacks(resource.by_parent) && !everyone && lacks(identity) => {
                missing.push(Missing::Identity)
            }
            (true, false) if lacks(identity) && lacks(resource.by_parent) && !everyone => {
                missing.push(Missing::IdentityOrResource);
            }
            _ => {}
        }
        for (layer, limit) in [(Layer::Boundary, boundary), (Layer::Session, session)] {
            if lacks(limit) && !(everyone && layer == Layer::Boundary) {
                missing.push(Missing::Limit(layer));
            }
        }
    }

    fn allows(&self, layer: Layer) -> bool {
        self.layers.iter().any(|verdict| verdict.layer == layer && verdict.effect == LayerEffect::Allows)
    }

    fn possible(&self) -> Vec<Because<'a>> {
        self.seen.iter().filter(|(_, result)| *result == Tri::Maybe).map(|(because, _)| *because).collect()
    }

    fn deciding(&mut self, verdict: Verdict) -> Vec<Because<'a>> {
        let wanted = |because: &Because<'_>| match verdict {
            Verdict::ExplicitlyDenied => because.effect == Effect::Deny,
            Verdict::Allowed => {
                because.effect == Effect::Allow && matches!(because.layer, Layer::Resource | Layer::Identity)
            }
            Verdict::ImplicitlyDenied => false,
        };
        let decided_by_rule = self.rule.is_some();
        self.seen
            .drain(..)
            .filter(|(because, result)| *result == Tri::Yes && !decided_by_rule && wanted(because))
            .map(|(because, _)| because)
            .collect()
    }
}
