//! One thread's part: takes events in any order, asks the rules that an event can meet, and makes what comes of it.

use std::sync::Arc;

use haechi_model::Log;
use haechi_model::event::{Event, Flow};

use crate::detections::Detections;
use crate::dns::QueryScan;
use crate::flow::FlowScan;
use crate::intel::Intel;
use crate::matcher::Answers;
use crate::principal::ip;
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
}

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
        }
    }

    /// Takes a line of a flow log.
    pub fn take_flow(&mut self, flow: &Flow<'_>) {
        let hour = self.batch.count_at(flow.time());
        self.flows.take(flow, &self.intel, &mut hour.flows);
    }

    /// Takes an event that was read with [`Detections::fields`] of its log.
    pub fn take(&mut self, event: &Event<'_>) {
        let Self { detections, intel, answers, queries, batch, singles, flows: _ } = self;
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
                // Parts of attack sequences are told apart by the hour: others are only added up.
                if rule.part || !singles.take(rule, bound, event, actor) {
                    batch.threat(rule.threat(bound, event, actor), rule.part);
                }
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
        for threat in self.singles.drain(self.detections.rules()) {
            self.batch.threat(threat, false);
        }
        core::mem::take(&mut self.batch)
    }
}
