//! One thread's part: takes events in any order, asks the rules that an event can meet, and makes what comes of it.

use std::sync::Arc;

use haechi_model::Log;
use haechi_model::event::{Event, Flow};

use crate::detections::Detections;
use crate::dns::QueryScan;
use crate::flow::FlowScan;
use crate::intel::Intel;
use crate::matcher::Answers;
use crate::met::Met;
use crate::rule::Logic;
use crate::signal::Batch;
use crate::singles::Singles;

/// Matches events. It needs no order and no neighbours.
pub struct Scanner {
    detections: Arc<Detections>,
    intel: Arc<Intel>,
    answers: [Answers; Log::ALL.len()],
    flows: FlowScan,
    queries: Option<QueryScan>,
    batch: Batch,
    singles: Singles,
    /// Events since the last time something was handed over.
    taken: u64,
}

/// Events after which what was found is handed over: more save work, and hold more memory.
const EVENTS_AT_ONCE: u64 = 100_000;
/// The same of entities that something was found of.
const SINGLES_AT_ONCE: usize = 4_096;

impl Scanner {
    pub fn new(detections: Arc<Detections>, intel: Arc<Intel>) -> Self {
        let network = &detections.machines.network;
        let flows = FlowScan::new(&network.flows, &intel);
        let asks = !network.queries.is_empty();
        let queries = detections.fields(Log::ResolverQuery).filter(|_| asks).map(QueryScan::new);
        Self {
            detections,
            intel,
            answers: Default::default(),
            flows,
            queries,
            batch: Batch::default(),
            singles: Singles::default(),
            taken: 0,
        }
    }

    /// Takes a line of a flow log.
    pub fn take_flow(&mut self, flow: &Flow<'_>) {
        self.taken += 1;
        let hour = self.batch.count_at(flow.time());
        self.flows.take(flow, &self.intel, &mut hour.flows);
    }

    /// Takes an event that was read with [`Detections::fields`] of its log.
    pub fn take(&mut self, event: &Event<'_>) {
        let Self { detections, intel, answers, queries, batch, singles, flows: _, taken } = self;
        *taken += 1;
        batch.count(event);
        if let Some(queries) = queries.as_ref().filter(|_| event.log() == Log::ResolverQuery) {
            let rules = &detections.machines.network.queries;
            queries.take(event, rules, intel, &mut batch.hour(event.time()).network.queries);
        }
        let Some(plan) = detections.plan(event.log()) else { return };
        debug_assert!(
            event.record.fields().len() >= plan.fields.len(),
            "the event was read with the fields of its log"
        );
        let met = Met::new(event, &plan.actor, intel);
        plan.observers.iter().for_each(|observer| observer.observe(&met, batch));
        let answers = &mut answers[event.log() as usize];
        answers.begin(&plan.tests);
        for at in plan.index.candidates(event.source(), event.name()) {
            let bound = &plan.bound[at as usize];
            if !answers.holds(&plan.tests, &bound.node, event, intel) {
                continue;
            }
            // A trusted address is never the reason of a finding.
            if met.address().is_some_and(|address| intel.is_trusted(address)) {
                return;
            }
            let actor = met.actor();
            let rule = &detections.rules()[bound.rule as usize];
            if let (Logic::Each, true) = (&rule.logic, rule.alone) {
                // Parts of attack sequences are told apart by the hour: others are only added up.
                if rule.part || !singles.take(rule, bound, event, actor) {
                    batch.threat(rule.threat(bound, event, actor), rule.part);
                }
            }
            let telling = |words: Option<u32>, key| {
                let bound = words.map_or(bound, |at| &plan.correlated[at as usize]);
                detections.rules()[bound.rule as usize].context(key, bound, event, actor)
            };
            for watch in &bound.watches {
                let step = bound.steps.get(watch.step()).filter(|_| watch.words.is_none());
                if step.is_none_or(|step| answers.holds(&plan.tests, step, event, intel)) {
                    watch.take(&met, batch, &telling);
                }
            }
        }
    }

    /// So much was found that it is time to hand it over, whole files or not.
    pub fn is_full(&self) -> bool {
        self.taken >= EVENTS_AT_ONCE || self.singles.len() >= SINGLES_AT_ONCE || self.batch.is_big()
    }

    /// What was found since the last time.
    pub fn drain(&mut self) -> Batch {
        self.taken = 0;
        self.batch.singles = self.singles.drain();
        core::mem::take(&mut self.batch)
    }
}
