//! Applies and undoes plans: one call after the other, each with the state before and after, stopping at the first that
//! fails. Every step can be made twice: what is done already is seen and left alone.

use std::time::Duration;

use haechi_aws::{Api, ApiError, ErrorKind};
use haechi_model::Timestamp;
use serde_json::Value;

use crate::journal::{Deed, Journal, JournalError, Outcome, Record, last};
use crate::plan::{Plan, PlannedStep, answer_of, parameters, region_of, truth, value};
use crate::playbook::{Change, Operation};
use crate::template::fill_all;
use crate::value::{Known, Missing, Scope};

/// With what a plan is carried out.
pub struct Conduct<'a> {
    pub api: &'a dyn Api,
    pub journal: &'a mut dyn Journal,
    pub clock: fn() -> Timestamp,
    /// How long to wait before the state is read again when it does not show a change yet.
    pub pauses: &'a [Duration],
    /// Asked before each call: whether to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Told of each record as it ends.
    pub seen: &'a mut dyn FnMut(&PlannedStep, &Record),
}

/// AWS's readings may lag behind its changes for some seconds.
pub const USUAL_PAUSES: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Whether an undo may overwrite what others have changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Force {
    #[default]
    No,
    Yes,
}

/// Why the work ended before its end.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Stopped {
    /// The state is neither as planned nor as wanted: somebody has changed it.
    #[error("the state is not what it was when the plan was made: it was {expected}, and is {found}")]
    Changed { step: usize, expected: Box<Value>, found: Box<Value> },
    /// What is there now is not what was left there.
    #[error("the state is not what was left: it was {expected}, and is {found}")]
    NotOurs { step: usize, expected: Box<Value>, found: Box<Value> },
    #[error("{error}")]
    Refused { step: usize, error: Box<ApiError> },
    /// AWS took the call, but the state does not show it.
    #[error("AWS answered, but the state does not show the change: it is {found}")]
    NotShown { step: usize, found: Box<Value> },
    #[error("{missing}")]
    Wrong { step: usize, missing: Missing },
    #[error("what is done could not be written down: {0}")]
    Journal(#[from] JournalError),
    /// Somebody asked to stop.
    #[error("stopped on request")]
    Asked { step: usize },
}

impl Stopped {
    /// The step at which it happened.
    pub fn step(&self) -> Option<usize> {
        match self {
            Stopped::Changed { step, .. }
            | Stopped::NotOurs { step, .. }
            | Stopped::Refused { step, .. }
            | Stopped::NotShown { step, .. }
            | Stopped::Wrong { step, .. }
            | Stopped::Asked { step } => Some(*step),
            Stopped::Journal(_) => None,
        }
    }
}

/// What is known when a step's turn comes.
struct Turn<'p> {
    at: usize,
    step: &'p PlannedStep,
    scope: Scope,
    plan_region: &'p str,
}

impl Turn<'_> {
    fn wrong<T>(&self, found: Result<T, Missing>) -> Result<T, Stopped> {
        found.map_err(|missing| Stopped::Wrong { step: self.at, missing })
    }

    /// The state and the values that belong to this very reading.
    async fn read(&self, api: &dyn Api) -> Result<(Value, Scope), Stopped> {
        let definition = &self.step.definition;
        let answer = answer_of(&definition.read, &self.scope, self.plan_region, api).await;
        let answer = answer.map_err(|error| Stopped::Refused { step: self.at, error: Box::new(error) })?;
        let answer = self.wrong(answer)?;
        let over = self.scope.with("answer", answer);
        let state = self.wrong(value(&definition.read.take, &over))?;
        let mut scope = self.scope.with("state", state.clone());
        for (name, expression) in &definition.fresh {
            scope.set(name.as_str(), self.wrong(value(expression, &over))?);
        }
        Ok((state, scope))
    }

    fn part(&self, state: &Value) -> Result<Value, Stopped> {
        match &self.step.definition.part {
            Some(part) => self.wrong(value(part, &self.scope.with("state", state.clone()))),
            None => Ok(state.clone()),
        }
    }

    fn done(&self, state: &Value) -> Result<bool, Stopped> {
        self.wrong(truth(&self.step.definition.done, &self.scope.with("state", state.clone())))
    }

    fn undone(&self, state: &Value, before: &Value) -> Result<bool, Stopped> {
        match &self.step.definition.undo.done {
            Some(done) => {
                let scope = self.scope.with("state", state.clone()).with("before", before.clone());
                self.wrong(truth(done, &scope))
            }
            None => Ok(self.part(state)? == self.part(before)?),
        }
    }

    /// The state to which an undo goes back; whoever undoes has put it into the scope.
    fn before(&self) -> Value {
        match self.scope.get("before") {
            Some(Known::Value(before)) => before.clone(),
            _ => Value::Null,
        }
    }

    /// A call as it is made now.
    fn call(&self, change: &Change, scope: &Scope, now: Timestamp) -> Result<(Operation, String, Value), Stopped> {
        let scope = scope.with("callTime", seconds(now).into());
        let region = self.wrong(region_of(change.region.as_deref(), &change.call, &scope, self.plan_region))?;
        let input = self.wrong(fill_all(&parameters(&change.with), &scope))?;
        Ok((change.call.clone(), region, input))
    }
}

/// A moment to the second, rounded up: what was issued before it is before the text of it too.
fn seconds(at: Timestamp) -> String {
    Timestamp::from_micros(at.as_micros().div_euclid(1_000_000).saturating_add(1) * 1_000_000).to_string()
}

impl Conduct<'_> {
    fn record(&self, turn: &Turn<'_>, deed: Deed, outcome: Outcome, before: Value) -> Record {
        let began = (self.clock)();
        Record {
            step: turn.at,
            deed,
            outcome,
            began,
            ended: None,
            call: String::new(),
            region: String::new(),
            parameters: Value::Null,
            before,
            answer: Value::Null,
            after: Value::Null,
            error: None,
        }
    }

    /// A record without a call.
    fn note(&mut self, turn: &Turn<'_>, deed: Deed, outcome: Outcome, state: &Value) -> Result<Record, Stopped> {
        let mut record = self.record(turn, deed, Outcome::Unknown, state.clone());
        let number = self.journal.begin(&record)?;
        record.outcome = outcome;
        record.after = state.clone();
        self.close(turn, number, record)
    }

    fn close(&mut self, turn: &Turn<'_>, number: i64, mut record: Record) -> Result<Record, Stopped> {
        record.ended = Some((self.clock)());
        self.journal.end(number, &record)?;
        (self.seen)(turn.step, &record);
        Ok(record)
    }

    /// Makes a call, and reads the state until it shows it.
    async fn make(
        &mut self,
        turn: &Turn<'_>,
        deed: Deed,
        before: Value,
        call: (Operation, String, Value),
    ) -> Result<Record, Stopped> {
        let (operation, region, input) = call;
        let mut record = self.record(turn, deed, Outcome::Unknown, before.clone());
        (record.call, record.region, record.parameters) = (operation.to_string(), region.clone(), input.clone());
        let number = self.journal.begin(&record)?;
        let answer = self.api.call(&operation.service, &region, &operation.name, input).await;
        // An error may come after AWS has done it: a lost answer, or a repetition that found it done.
        let tries = if answer.is_ok() { self.pauses.len() } else { 0 };
        let (mut after, mut shown) = (Value::Null, Ok(false));
        for attempt in 0..=tries {
            if attempt > 0 {
                tokio::time::sleep(self.pauses[attempt - 1]).await;
            }
            shown = match turn.read(self.api).await {
                Ok((state, _)) => {
                    after = state;
                    match deed {
                        Deed::Apply => turn.done(&after),
                        Deed::Undo => turn.undone(&after, &turn.before()),
                    }
                }
                Err(stopped) => Err(stopped),
            };
            if matches!(shown, Ok(true)) {
                break;
            }
        }
        record.after = after.clone();
        let stopped = match (answer, shown) {
            (answer, Ok(true)) => {
                record.outcome = Outcome::Done;
                match answer {
                    Ok(answer) => record.answer = answer,
                    Err(error) => record.error = Some(error.to_string()),
                }
                return self.close(turn, number, record);
            }
            (Err(error), _) => {
                // Only a refusal is certain; an answer that did not come says nothing of what AWS has done.
                let certain =
                    !error.is_transient() && !matches!(error.kind, ErrorKind::Malformed | ErrorKind::TooLarge);
                record.outcome = if certain { Outcome::Failed } else { Outcome::Unknown };
                Stopped::Refused { step: turn.at, error: Box::new(error) }
            }
            (Ok(answer), Ok(false)) => {
                record.answer = answer;
                Stopped::NotShown { step: turn.at, found: Box::new(after) }
            }
            (Ok(answer), Err(stopped)) => {
                record.answer = answer;
                stopped
            }
        };
        record.error = Some(stopped.to_string());
        self.close(turn, number, record)?;
        Err(stopped)
    }
}

/// The scope of a step: what the plan knows, and what the steps before it have given.
fn scope_at(plan: &Plan, records: &[Record], at: usize) -> Result<Scope, Stopped> {
    let mut scope = plan.scope();
    for (earlier, step) in plan.steps.iter().enumerate().take(at) {
        let Some(record) = last(records, earlier, Deed::Apply) else { continue };
        for (name, expression) in &step.definition.gives {
            let found = value(expression, &scope.with("state", record.after.clone()));
            scope.set(name.as_str(), found.map_err(|missing| Stopped::Wrong { step: earlier, missing })?);
        }
    }
    if let Some(each) = &plan.steps[at].each {
        scope.set("each", each.clone());
    }
    Ok(scope)
}

/// Makes the calls of a plan that are not made yet. `records` is what is written of it so far; what is done now is
/// added.
///
/// # Errors
/// Why it stopped. The records say what was done; applying again goes on from there.
pub async fn apply(plan: &Plan, records: &mut Vec<Record>, conduct: &mut Conduct<'_>) -> Result<(), Stopped> {
    for (at, step) in plan.steps.iter().enumerate() {
        let earlier = last(records, at, Deed::Apply).cloned();
        if earlier.as_ref().is_some_and(|record| matches!(record.outcome, Outcome::Done | Outcome::Already)) {
            continue;
        }
        let turn = Turn { at, step, scope: scope_at(plan, records, at)?, plan_region: plan.region.as_str() };
        if (conduct.stop)() {
            return Err(Stopped::Asked { step: at });
        }
        records.push(apply_step(&turn, earlier, conduct).await?);
    }
    Ok(())
}

async fn apply_step(turn: &Turn<'_>, earlier: Option<Record>, conduct: &mut Conduct<'_>) -> Result<Record, Stopped> {
    let wanted = match &turn.step.definition.when {
        Some(when) => turn.wrong(truth(when, &turn.scope))?,
        None => true,
    };
    if !wanted {
        return conduct.note(turn, Deed::Apply, Outcome::Already, &Value::Null);
    }
    let (state, scope) = turn.read(conduct.api).await?;
    if turn.done(&state)? {
        // After an interruption it is ours: the state before is the one of then, so that it can be undone.
        return match earlier.filter(|record| record.outcome == Outcome::Unknown) {
            Some(ours) => adopt(turn, &ours, &state, conduct),
            None => conduct.note(turn, Deed::Apply, Outcome::Already, &state),
        };
    }
    let expected = earlier.map(|record| record.before).or_else(|| turn.step.before.clone());
    if let Some(expected) = expected.filter(|expected| *expected != state) {
        return Err(Stopped::Changed { step: turn.at, expected: Box::new(expected), found: Box::new(state) });
    }
    let call = turn.call(&turn.step.definition.change, &scope, (conduct.clock)())?;
    conduct.make(turn, Deed::Apply, state, call).await
}

/// A call of an interrupted run turns out to have been made.
fn adopt(turn: &Turn<'_>, ours: &Record, state: &Value, conduct: &mut Conduct<'_>) -> Result<Record, Stopped> {
    let mut record = Record { began: (conduct.clock)(), outcome: Outcome::Unknown, ended: None, ..ours.clone() };
    let number = conduct.journal.begin(&record)?;
    record.outcome = Outcome::Done;
    record.after = state.clone();
    record.error = None;
    conduct.close(turn, number, record)
}

/// Takes back what a plan has done, the last step first. What is there now must be what was left there, for all steps,
/// before anything is changed.
///
/// # Errors
/// Why it stopped; undoing again goes on from there.
pub async fn undo(
    plan: &Plan,
    records: &mut Vec<Record>,
    force: Force,
    conduct: &mut Conduct<'_>,
) -> Result<(), Stopped> {
    let mut turns = Vec::new();
    for (at, step) in plan.steps.iter().enumerate().rev() {
        let Some(done) = last(records, at, Deed::Apply).cloned() else { continue };
        let over = last(records, at, Deed::Undo).map(|record| record.outcome);
        let changed = matches!(done.outcome, Outcome::Done | Outcome::Unknown | Outcome::Failed);
        if !changed || done.call.is_empty() || matches!(over, Some(Outcome::Done | Outcome::Already | Outcome::Kept)) {
            continue;
        }
        let mut scope = scope_at(plan, records, at)?;
        scope.set("before", done.before.clone());
        scope.set("after", done.after.clone());
        turns.push((Turn { at, step, scope, plan_region: plan.region.as_str() }, done));
    }
    for (turn, done) in &turns {
        check_ours(turn, done, force, conduct).await?;
    }
    for (turn, done) in &turns {
        if (conduct.stop)() {
            return Err(Stopped::Asked { step: turn.at });
        }
        records.push(undo_step(turn, done, force, conduct).await?);
    }
    Ok(())
}

/// Whether the state is one that an undo may start from.
async fn check_ours(turn: &Turn<'_>, done: &Record, force: Force, conduct: &Conduct<'_>) -> Result<(), Stopped> {
    if turn.step.definition.undo.never.is_some() || force == Force::Yes {
        return Ok(());
    }
    let (state, _) = turn.read(conduct.api).await?;
    if turn.undone(&state, &done.before)? {
        return Ok(());
    }
    // What became of a call that was interrupted or refused is known only by what it should have done.
    let ours = match done.outcome {
        Outcome::Done => turn.part(&state)? == turn.part(&done.after)?,
        _ => turn.done(&state)?,
    };
    match ours {
        true => Ok(()),
        false => {
            Err(Stopped::NotOurs { step: turn.at, expected: Box::new(done.after.clone()), found: Box::new(state) })
        }
    }
}

async fn undo_step(turn: &Turn<'_>, done: &Record, force: Force, conduct: &mut Conduct<'_>) -> Result<Record, Stopped> {
    let definition = &turn.step.definition;
    if definition.undo.never.is_some() {
        return conduct.note(turn, Deed::Undo, Outcome::Kept, &done.after);
    }
    check_ours(turn, done, force, conduct).await?;
    let (state, scope) = turn.read(conduct.api).await?;
    if turn.undone(&state, &done.before)? {
        return conduct.note(turn, Deed::Undo, Outcome::Already, &state);
    }
    for call in &definition.undo.calls {
        let fits = match &call.when {
            Some(when) => turn.wrong(truth(when, &scope))?,
            None => true,
        };
        if fits {
            let made = turn.call(&call.change, &scope, (conduct.clock)())?;
            return conduct.make(turn, Deed::Undo, state, made).await;
        }
    }
    Err(Stopped::Wrong { step: turn.at, missing: Missing::wrong("none of the undo's calls fits the state") })
}
