//! One thread's part: takes events in any order, asks the rules that an event can meet, and makes what comes of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use haechi_model::event::Event;
use haechi_model::{FindingId, Log, Threat};

use crate::detections::Detections;
use crate::intel::Intel;
use crate::matcher::Answers;
use crate::principal::ip;
use crate::rule::Logic;

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
        }
    }

    /// What was found since the last time.
    pub fn drain(&mut self) -> Batch {
        core::mem::take(&mut self.batch)
    }
}

/// What was found in some events.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    threats: BTreeMap<FindingId, Threat>,
}

impl Batch {
    fn count(&mut self, _event: &Event<'_>) {}

    fn threat(&mut self, threat: Threat, _part: bool) {
        match self.threats.entry(threat.id) {
            Entry::Vacant(entry) => {
                entry.insert(threat);
            }
            Entry::Occupied(mut entry) => entry.get_mut().merge(threat),
        }
    }

    /// The threats of single events.
    pub fn into_threats(self) -> impl Iterator<Item = Threat> {
        self.threats.into_values()
    }
}
