//! Records of plans between the engine that makes them and the store that keeps them.

use haechi_model::ContentHash;
use haechi_respond::{Deed, Journal, JournalError, Outcome, Record};
use haechi_store::{PlanRecord, Store, StoreError};
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::in_store;

/// What is written of a plan.
pub(crate) fn records_of(store: &Store, plan: ContentHash) -> Result<Vec<Record>> {
    store.plan_records(plan).map_err(in_store)?.into_iter().map(record).collect()
}

fn record(kept: PlanRecord) -> Result<Record> {
    let strange = |what: &str| UserError::said("error-store-work").because(format!("a record of a plan is `{what}`"));
    let mut body = kept.body;
    let mut take = |name: &str| body.get_mut(name).map(Value::take).unwrap_or_default();
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Record {
        step: usize::try_from(kept.step).map_err(|_| strange("no step"))?,
        deed: Deed::parse(&kept.deed).ok_or_else(|| strange(&kept.deed))?,
        outcome: Outcome::parse(&kept.outcome).ok_or_else(|| strange(&kept.outcome))?,
        began: kept.began,
        ended: kept.ended,
        call: text(take("call")),
        region: text(take("region")),
        parameters: take("parameters"),
        before: take("before"),
        answer: take("answer"),
        after: take("after"),
        error: take("error").as_str().map(str::to_owned),
    })
}

fn kept(record: &Record) -> PlanRecord {
    PlanRecord {
        step: i64::try_from(record.step).unwrap_or(i64::MAX),
        deed: record.deed.as_str().to_owned(),
        outcome: record.outcome.as_str().to_owned(),
        began: record.began,
        ended: record.ended,
        body: json!({
            "call": record.call,
            "region": record.region,
            "parameters": record.parameters,
            "before": record.before,
            "answer": record.answer,
            "after": record.after,
            "error": record.error,
        }),
    }
}

/// A plan's journal in the store.
pub(crate) struct StoreJournal<'s> {
    pub store: &'s mut Store,
    pub plan: ContentHash,
}

/// How often the outcome of a call is tried to be written while somebody else writes: the call is made already.
const TRIES: usize = 30;

impl Journal for StoreJournal<'_> {
    fn begin(&mut self, record: &Record) -> std::result::Result<i64, JournalError> {
        self.store.begin_plan_record(self.plan, &kept(record)).map_err(|error| JournalError(error.to_string()))
    }

    fn end(&mut self, number: i64, record: &Record) -> std::result::Result<(), JournalError> {
        let kept = kept(record);
        let mut tries = 0;
        loop {
            match self.store.end_plan_record(number, &kept) {
                Ok(()) => return Ok(()),
                Err(StoreError::Busy(_)) if tries < TRIES => tries += 1,
                Err(error) => return Err(JournalError(error.to_string())),
            }
        }
    }
}
