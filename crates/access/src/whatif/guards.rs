//! The guardrails that bear on a call: whether what passed before would pass, and what was denied would pass now.

use std::sync::Arc;

use haechi_iam::{Effect, Layer, Level, Policies, Prepared, Question, Tri};
use haechi_model::event::Json;

use super::changes::WhatIf;
use super::difference::Difference;
use super::keys::Asked;
use super::reach::AskedArn;
use super::replay::KnownCaller;
use super::tally::{Class, Reason};

/// Who denied a call, by AWS's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeniedBy {
    Unsaid,
    Guardrail,
    Other,
}

pub(super) fn denied_by(message: Option<Json<'_>>) -> DeniedBy {
    let Some(text) = message.and_then(Json::text) else { return DeniedBy::Unsaid };
    if text.contains("service control policy") || text.contains("resource control policy") {
        return DeniedBy::Guardrail;
    }
    let others = ["identity-based policy", "resource-based policy", "permissions boundary", "session policy"];
    if others.iter().any(|word| text.contains(word)) { DeniedBy::Other } else { DeniedBy::Unsaid }
}

/// The guardrails that bear on a call.
pub(super) struct Guards<'g> {
    pub caller: &'g KnownCaller<'g>,
    pub rcps: Option<&'g Difference>,
    pub owner: Option<&'g str>,
    pub whatif: &'g WhatIf,
}

impl<'g> Guards<'g> {
    fn differences(&self) -> impl Iterator<Item = (Layer, &'g Difference)> {
        let scps = self.caller.scps.map(|difference| (Layer::Scp, difference));
        scps.into_iter().chain(self.rcps.map(|difference| (Layer::Rcp, difference)))
    }

    /// Whether a call that passed before would pass, asked for each of its resources.
    pub fn passes_with_all(&self, is: &[Question<'_>], arns: &[AskedArn]) -> (Tri, Vec<Reason>) {
        let mut reasons = Vec::new();
        let mut passes = Tri::Yes;
        for (is, asked) in is.iter().zip(arns) {
            let own = self.passes(*is, &mut reasons);
            passes = passes.and(if asked.certain { own } else { own.or(Tri::Maybe) });
        }
        reasons.sort();
        reasons.dedup();
        (passes, reasons)
    }

    /// Whether a call that passed before would pass.
    fn passes<'q>(&self, question: Question<'q>, reasons: &mut Vec<Reason>) -> Tri
    where
        'g: 'q,
    {
        let mut passes = Tri::Yes;
        for (layer, difference) in self.differences() {
            let denied = question.decide_level(layer, &difference.added).denied;
            if denied != Tri::No {
                explain(question, layer, &difference.added, denied, reasons);
            }
            passes = passes.and(!denied);
            for level in &difference.narrower {
                let allowed = question.decide_level(layer, &level.policies).allowed;
                match allowed {
                    Tri::Yes => {}
                    Tri::No => {
                        reasons.push(Reason::NothingAllows { layer: layer.name(), target: level.target.clone() })
                    }
                    Tri::Maybe => explain(question, layer, &level.policies, Tri::No, reasons),
                }
                passes = passes.and(allowed);
            }
        }
        if passes == Tri::No {
            reasons.retain(|reason| matches!(reason, Reason::Statement { .. } | Reason::NothingAllows { .. }));
        }
        passes
    }

    /// What all guardrails of the record say.
    pub fn before(&self, question: Question<'_>) -> haechi_iam::Outcome {
        self.under(self.whatif.before(), question)
    }

    fn under(&self, world: &crate::World, question: Question<'_>) -> haechi_iam::Outcome {
        let scps = if self.caller.scps.is_some() { world.scps_of(&self.caller.account) } else { &[] };
        let rcps = self.owner.filter(|_| self.rcps.is_some()).map(|owner| world.rcps_of(owner)).unwrap_or_default();
        let outcome =
            Question { policies: Policies { scps, rcps, ..Policies::default() }, ..question }.decide_guardrails();
        // What nothing allows is denied too.
        haechi_iam::Outcome { denied: outcome.denied.or(!outcome.allowed), ..outcome }
    }

    /// A call that the log says was denied, asked for each of its resources.
    pub fn of_denied(&self, was: &[Question<'_>], is: &[Question<'_>], by: DeniedBy) -> Class {
        let loosens = self.differences().any(|(_, difference)| difference.loosens);
        if !loosens || by == DeniedBy::Other {
            return Class::DeniedInLog;
        }
        let worst = |world: &crate::World, questions: &[Question<'_>]| {
            questions.iter().map(|question| self.under(world, *question).denied).max().unwrap_or(Tri::No)
        };
        let before = match by {
            DeniedBy::Guardrail => Tri::Yes,
            _ => worst(self.whatif.before(), was),
        };
        let after = worst(self.whatif.after(), is);
        match (before, after) {
            (Tri::Yes, Tri::No) => Class::Freed,
            (Tri::No, _) | (_, Tri::Yes) => Class::DeniedInLog,
            (Tri::Maybe, Tri::Maybe) if was.iter().all(|was| self.same_maybe(*was)) => Class::DeniedInLog,
            _ => Class::MaybeFreed,
        }
    }

    /// Whether no policy that is gone can have denied it.
    fn same_maybe(&self, was: Question<'_>) -> bool {
        self.differences().all(|(layer, difference)| {
            Question { policies: Policies::default(), ..was }.decide_level(layer, &difference.removed).denied == Tri::No
        })
    }
}

/// Which statements deny, or may, and what would have to be known.
fn explain(question: Question<'_>, layer: Layer, policies: &[Arc<Prepared>], denied: Tri, reasons: &mut Vec<Reason>) {
    let levels = [Level { target: Box::from(""), policies: policies.to_vec() }];
    let given = if layer == Layer::Rcp {
        Policies { rcps: &levels, ..Policies::default() }
    } else {
        Policies { scps: &levels, ..Policies::default() }
    };
    let decision = Question { policies: given, ..question }.explain();
    let (found, effect) = match denied {
        Tri::Yes => (&decision.because, Effect::Deny),
        Tri::Maybe => (&decision.maybe, Effect::Deny),
        Tri::No => (&decision.maybe, Effect::Allow),
    };
    for because in found.iter().filter(|because| because.effect == effect) {
        reasons.push(Reason::Statement {
            layer: layer.name(),
            policy: because.policy.name().into(),
            statement: because.statement,
            sid: because.sid().map(Box::from),
            line: because.position().map_or(0, |position| position.line),
        });
        if denied == Tri::Yes {
            continue;
        }
        let asked = Asked::of(std::iter::once(because.policy), Some(question.action.text()));
        let unknown = decision.unknown.iter().map(|key| key.to_ascii_lowercase());
        for key in unknown.filter(|key| asked.keys.iter().any(|known| **known == **key)) {
            reasons.push(Reason::Key { key: key.into() });
        }
    }
    for (_, policy) in &decision.unrecorded {
        reasons.push(Reason::Unrecorded { policy: policy.name().into() });
    }
}
