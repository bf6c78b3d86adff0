//! One thread's part: takes events in any order, asks the rules that an event can meet, and makes what comes of it.

use std::sync::Arc;

use haechi_model::Log;
use haechi_model::event::Event;

use crate::detections::Detections;
use crate::intel::Intel;
use crate::matcher::Answers;
use crate::principal::ip;
use crate::rule::Logic;
use crate::signal::Batch;

/// Matches events. It needs no order and no neighbours.
pub struct Scanner {
    detections: Arc<Detections>,
    intel: Arc<Intel>,
    answers: [Answers; Log::ALL.len()],
    batch: Batch,
}

impl Scanner {
    pub fn new(detections: Arc<Detections>, intel: Arc<Intel>) -> Self {
        Self { detections, intel, answers: Default::default(), batch: Batch::default() }
    }

    /// Takes an event that was read with [`Detections::fields`] of its log.
    pub fn take(&mut self, event: &Event<'_>) {
        let Self { detections, intel, answers, batch } = self;
        batch.count(event);
        let Some(plan) = detections.plan(event.log()) else { return };
        debug_assert!(
            event.record.fields().len() >= plan.fields.len(),
            "the event was read with the fields of its log"
        );
        plan.observers.iter().for_each(|observer| observer.observe(event, intel, batch));
        let answers = &mut answers[event.log() as usize];
        answers.begin(&plan.tests);
        let mut actor = None;
        for at in plan.index.candidates(event.source(), event.name()) {
            let bound = &plan.bound[at as usize];
            if !answers.holds(&plan.tests, &bound.node, event, intel) {
                continue;
            }
            let actor = actor.get_or_insert_with(|| plan.actor.actor(event));
            // A trusted address is never the reason of a finding.
            if actor.address.as_deref().and_then(ip).is_some_and(|address| intel.is_trusted(address)) {
                return;
            }
            let rule = &detections.rules()[bound.rule as usize];
            if let (Logic::Each, true) = (&rule.logic, rule.alone) {
                batch.threat(rule.threat(bound, event, actor), rule.part);
            }
            let threat = |words: Option<u32>| {
                let bound = words.map_or(bound, |at| &plan.correlated[at as usize]);
                detections.rules()[bound.rule as usize].threat(bound, event, actor)
            };
            for watch in &bound.watches {
                let step = bound.steps.get(watch.step()).filter(|_| watch.words.is_none());
                if step.is_none_or(|step| answers.holds(&plan.tests, step, event, intel)) {
                    watch.take(event, intel, batch, &threat);
                }
            }
        }
    }

    /// What was found since the last time.
    pub fn drain(&mut self) -> Batch {
        core::mem::take(&mut self.batch)
    }
}
