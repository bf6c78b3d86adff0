//! Applying and undoing plans, and what is due to be undone.

use haechi_inventory::Stop;
use haechi_model::{Message, Timestamp};
use haechi_respond::{Conduct, Force, Outcome, Phase, PlannedStep, Record, Stopped, USUAL_PAUSES, apply, undo};

use crate::error::{Result, UserError};
use crate::live::Caller;
use crate::respond::{ActAs, PlanView, acting, short};
use crate::respond_records::StoreJournal;
use crate::{App, in_store};

/// Whether a plan that is applied in part is gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GoOn {
    #[default]
    No,
    Yes,
}

/// What came of applying or undoing: the plan with its records, and why it stopped.
pub struct Conducted {
    pub view: PlanView,
    pub stopped: Option<UserError>,
}

/// As whom it is done, who is told of each step, and who may stop it.
pub struct Hand<'a> {
    pub act: &'a ActAs,
    pub tell: &'a dyn Fn(&Message),
    pub stop: &'a Stop,
}

/// What is to be carried out.
#[derive(Clone, Copy)]
enum Work {
    Apply,
    Undo(Force),
}

impl App {
    /// Applies an approved plan.
    pub async fn respond_apply(&self, id: &str, go_on: GoOn, hand: &Hand<'_>) -> Result<Conducted> {
        let store = self.existing_store()?;
        let _lock = store.lock_responses().map_err(in_store)?;
        let view = self.response(id)?;
        let phase = view.phase;
        let refused = |id: &str| UserError::said(id).arg("plan", short(&view.stored)).arg("phase", phase.as_str());
        match (phase, go_on) {
            (Phase::Applied, _) => return Ok(Conducted { view, stopped: None }),
            (Phase::Planned, _) => {
                let advised = refused("error-respond-approval").help("advice-respond-approve");
                return Err(advised.arg("plan", short(&view.stored)));
            }
            (Phase::PartlyApplied, GoOn::No) => {
                return Err(refused("error-respond-partly").help("advice-respond-resume"));
            }
            (Phase::PartlyUndone | Phase::Undone, _) => {
                return Err(refused("error-respond-undone").help("advice-respond-again"));
            }
            (Phase::Approved, _) | (Phase::PartlyApplied, GoOn::Yes) => {}
        }
        let caller = acting(hand.act, Some(view.plan.account)).await?;
        // Of a plan that is applied in part, each step checks its own state.
        if phase == Phase::Approved {
            self.must_hold(&view, &caller).await?;
        }
        if let Some(seconds) = view.plan.expires_after_seconds.filter(|_| view.stored.due.is_none()) {
            let due = self.now().plus_micros(seconds.saturating_mul(1_000_000));
            self.writable_store()?.set_plan_due(view.stored.id, Some(due)).map_err(in_store)?;
        }
        self.carry_out(view, Work::Apply, &caller, hand).await
    }

    /// Takes back what a plan has done.
    pub async fn respond_undo(
        &self,
        id: &str,
        force: Force,
        who: &str,
        reason: &str,
        hand: &Hand<'_>,
    ) -> Result<Conducted> {
        let store = self.existing_store()?;
        let _lock = store.lock_responses().map_err(in_store)?;
        let view = self.response(id)?;
        if who.trim().is_empty() || reason.trim().is_empty() {
            return Err(UserError::said("error-respond-words"));
        }
        match view.phase {
            Phase::Planned | Phase::Approved => {
                return Err(UserError::said("error-respond-nothing-done").arg("plan", short(&view.stored)));
            }
            Phase::Undone => return Ok(Conducted { view, stopped: None }),
            Phase::PartlyApplied | Phase::Applied | Phase::PartlyUndone => {}
        }
        let caller = acting(hand.act, Some(view.plan.account)).await?;
        let view = self.write_approval(&view, who, &format!("undo: {}", reason.trim()))?;
        self.carry_out(view, Work::Undo(force), &caller, hand).await
    }

    async fn carry_out(&self, view: PlanView, work: Work, caller: &Caller, hand: &Hand<'_>) -> Result<Conducted> {
        let PlanView { stored, plan, mut records, .. } = view;
        let mut store = self.writable_store()?;
        let mut seen = |step: &PlannedStep, record: &Record| (hand.tell)(&told(step, record));
        let stopped = {
            let mut journal = StoreJournal { store: &mut store, plan: stored.id };
            let mut conduct = Conduct {
                api: &caller.client,
                journal: &mut journal,
                clock: self.clock,
                pauses: &USUAL_PAUSES,
                stop: &|| hand.stop.is_stopped(),
                seen: &mut seen,
            };
            match work {
                Work::Apply => apply(&plan, &mut records, &mut conduct).await,
                Work::Undo(force) => undo(&plan, &mut records, force, &mut conduct).await,
            }
        };
        let stopped = stopped.err().map(|stopped| Self::stopped(&plan.steps, &stopped, work));
        let view = self.view(&store, stored)?;
        if view.phase == Phase::Undone {
            store.set_plan_due(view.stored.id, None).map_err(in_store)?;
        }
        Ok(Conducted { view, stopped })
    }

    /// Why it stopped, in the user's words.
    fn stopped(steps: &[PlannedStep], stopped: &Stopped, work: Work) -> UserError {
        let id = stopped.step().and_then(|at| steps.get(at)).map_or("", |step| step.id.as_str());
        let said = match stopped {
            Stopped::Changed { .. } => UserError::said("error-respond-changed").arg("step", id),
            Stopped::NotOurs { .. } => UserError::said("error-respond-not-ours").arg("step", id),
            Stopped::Refused { .. } => UserError::said("error-respond-refused").arg("step", id),
            Stopped::NotShown { .. } => UserError::said("error-respond-not-shown").arg("step", id),
            Stopped::Wrong { .. } => UserError::said("error-respond-playbook"),
            Stopped::Journal(_) => UserError::said("error-store-work"),
            Stopped::Asked { .. } => return UserError::said("error-respond-interrupted").help("advice-respond-resume"),
        };
        let help = match (stopped, work) {
            (Stopped::NotOurs { .. }, _) => "advice-respond-force",
            (Stopped::Changed { .. }, _) => "advice-respond-partly-changed",
            (_, Work::Apply) => "advice-respond-resume",
            (_, Work::Undo(_)) => "advice-respond-undo-again",
        };
        said.because(stopped).help(help)
    }

    /// The plans whose undo is due.
    pub fn responses_due(&self) -> Result<Vec<PlanView>> {
        let now = self.now();
        let mut due = self.responses()?;
        due.retain(|view| view.phase.stands() && view.stored.due.is_some_and(|due| due <= now));
        due.sort_by_key(|view| view.stored.due.unwrap_or(Timestamp::from_micros(0)));
        Ok(due)
    }

    /// Undoes what is due, one plan after the other; one that cannot be undone does not hold up the others.
    pub async fn respond_undo_due(&self, who: &str, hand: &Hand<'_>) -> Result<(Vec<PlanView>, Vec<UserError>)> {
        let (mut views, mut errors) = (Vec::new(), Vec::new());
        for view in self.responses_due()? {
            if hand.stop.is_stopped() {
                errors.push(UserError::said("error-respond-interrupted"));
                break;
            }
            let id = view.stored.id.to_string();
            match self.respond_undo(&id, Force::No, who, "expired", hand).await {
                Ok(conducted) => {
                    errors.extend(conducted.stopped);
                    views.push(conducted.view);
                }
                Err(error) => {
                    errors.push(error);
                    views.push(view);
                }
            }
        }
        Ok((views, errors))
    }
}

/// A line about a step that has ended.
fn told(step: &PlannedStep, record: &Record) -> Message {
    let id = match record.outcome {
        Outcome::Done => "respond-step-done",
        Outcome::Already => "respond-step-already",
        Outcome::Kept => "respond-step-kept",
        Outcome::Failed => "respond-step-failed",
        Outcome::Unknown => "respond-step-unknown",
    };
    let call = if record.call.is_empty() { step.call.to_string() } else { record.call.clone() };
    Message::new(id).with("step", step.id.as_str()).with("call", call)
}
