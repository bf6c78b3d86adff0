//! Playbooks and plans as people and machines read them.

use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use haechi_respond::{Deed, Outcome, PlannedStep, Playbook, last};
use serde_json::{Value, json};

use crate::App;
use crate::error::Result;
use crate::findings::Lines;
use crate::respond::{PlanView, playbook_of, short};

impl App {
    /// All playbooks.
    pub fn playbook_table(&self) -> Result<Table> {
        let library = self.playbooks()?;
        let row = |playbook: &Playbook| {
            let inputs = playbook.inputs.iter().map(|(name, input)| match input.optional || !input.default.is_null() {
                true => format!("[{name}]"),
                false => name.to_owned(),
            });
            let undone = if playbook.is_undone() { "respond-undo-yes" } else { "respond-undo-partly" };
            let never = playbook.steps.iter().all(|(_, step)| step.undo.never.is_some());
            vec![
                Cell::from(playbook.id.as_str()),
                Cell::Words(playbook.title.clone()),
                Cell::List(inputs.collect()),
                Cell::Message(Message::new(if never { "respond-undo-no" } else { undone })),
            ]
        };
        Ok(Table {
            columns: vec![
                Column::new("playbook", "column-playbook", Fit::Whole),
                Column::new("title", "column-title", Fit::End),
                Column::new("inputs", "column-inputs", Fit::End),
                Column::new("undo", "column-undo", Fit::Spare),
            ],
            rows: library.iter().map(row).collect(),
            empty: Message::new("list-nothing"),
            notes: Vec::new(),
        })
    }

    /// One playbook in full.
    pub fn playbook(&self, id: &str) -> Result<(Table, Value)> {
        let library = self.playbooks()?;
        let playbook = playbook_of(&library, id)?;
        let mut lines = Lines::default();
        lines.add("column-playbook", playbook.id.as_str());
        lines.add("column-title", Cell::Words(playbook.title.clone()));
        lines.add("column-why", Cell::Words(playbook.why.clone()));
        for (name, input) in playbook.inputs.iter() {
            let meaning = input.meaning.get(self.language());
            let usual = if input.default.is_null() { String::new() } else { format!(" = {}", input.default) };
            lines.add("column-input", format!("{name} ({}{usual}): {meaning}", input.kind.as_str()).as_str());
        }
        for (number, (_, step)) in playbook.steps.iter().enumerate() {
            lines.add("column-step", format!("{}", number + 1).as_str());
            lines.add("column-change", Cell::Words(step.title.clone()));
            lines.add("column-call", step.change.call.to_string().as_str());
            let undo = step.undo.calls.iter().map(|call| call.change.call.to_string());
            lines.add("column-undo", Cell::List(undo.collect()));
            lines.add("column-undo", step.undo.never.clone().map_or(Cell::Empty, Cell::Words));
        }
        lines.add("column-references", Cell::List(playbook.references.clone()));
        Ok((lines.table(), serde_json::to_value(playbook).unwrap_or_default()))
    }
}

impl PlanView {
    /// The plan in full: what is called, why, what it changes, how it is undone, what was done.
    pub fn table(&self) -> Table {
        let plan = &self.plan;
        let mut lines = Lines::default();
        lines.add("column-plan", self.stored.id.to_string().as_str());
        lines.add("column-playbook", plan.playbook.as_str());
        lines.add("column-title", Cell::Words(plan.title.clone()));
        lines.add("column-account", plan.account.as_str());
        lines.add("column-region", plan.region.as_str());
        if let Some(cause) = &plan.finding {
            lines.add("column-id", format!("{} {}", cause.id, cause.kind).trim());
        }
        lines.add("column-made", Cell::Time(plan.made_at));
        if let Some(seconds) = plan.expires_after_seconds {
            lines.add("column-expires-after", Cell::Message(Message::new("respond-seconds").with("count", seconds)));
        }
        lines.add("column-due", self.stored.due.map_or(Cell::Empty, Cell::Time));
        lines.add("column-state", Cell::Message(Message::new(self.phase_id())));
        for approval in &self.approvals {
            let text = format!("{} {}: {}", approval.at, approval.who, approval.reason);
            lines.add("column-approval", text.as_str());
        }
        for (at, step) in plan.steps.iter().enumerate() {
            self.step(at, step, &mut lines);
        }
        if plan.calls().next().is_none() {
            lines.add("column-note", Cell::Message(Message::new("respond-nothing-to-do")));
        }
        lines.table()
    }

    fn step(&self, at: usize, step: &PlannedStep, lines: &mut Lines) {
        lines.add("column-step", format!("{}. {}", at + 1, step.id).as_str());
        lines.add("column-change", Cell::Words(step.title.clone()));
        lines.add("column-why", Cell::Words(step.why.clone()));
        if step.already {
            lines.add("column-call", Cell::Message(Message::new("respond-already")));
        } else {
            let region = if step.region == "global" { "" } else { step.region.as_str() };
            lines.add("column-call", format!("{} {region}", step.call).trim());
            lines.add("column-parameters", Cell::Json(step.parameters.clone()));
            for undo in &step.undo.calls {
                lines.add("column-undo", format!("{} {}", undo.call, undo.parameters).as_str());
            }
            lines.add("column-undo", step.undo.never.clone().map_or(Cell::Empty, Cell::Words));
        }
        for deed in [Deed::Apply, Deed::Undo] {
            let Some(record) = last(&self.records, at, deed) else { continue };
            let (applied, undone) = outcome_ids(record.outcome);
            let id = if deed == Deed::Apply { applied } else { undone };
            lines.add(
                "column-state",
                Cell::Message(Message::new(id).with("at", record.ended.unwrap_or(record.began).to_string())),
            );
            lines.add("column-error", Cell::from(record.error.as_deref()));
            if !record.call.is_empty() {
                lines.add("column-before", Cell::Json(record.before.clone()));
                lines.add("column-after", Cell::Json(record.after.clone()));
            }
        }
    }

    pub(crate) fn phase_id(&self) -> &'static str {
        match self.phase {
            haechi_respond::Phase::Planned => "respond-phase-planned",
            haechi_respond::Phase::Approved => "respond-phase-approved",
            haechi_respond::Phase::PartlyApplied => "respond-phase-partly-applied",
            haechi_respond::Phase::Applied => "respond-phase-applied",
            haechi_respond::Phase::PartlyUndone => "respond-phase-partly-undone",
            haechi_respond::Phase::Undone => "respond-phase-undone",
        }
    }

    /// The plan with its life, for machines.
    pub fn value(&self) -> Value {
        let approvals = self
            .approvals
            .iter()
            .map(|approval| json!({"who": approval.who, "reason": approval.reason, "at": approval.at}));
        json!({
            "id": self.stored.id,
            "phase": self.phase.as_str(),
            "due": self.stored.due,
            "approvals": approvals.collect::<Vec<_>>(),
            "plan": self.plan,
            "records": self.records,
        })
    }

    /// The id as people write it.
    pub fn short_id(&self) -> String {
        short(&self.stored)
    }
}

/// Words for what came of applying and of undoing.
fn outcome_ids(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Done => ("respond-applied", "respond-undone"),
        Outcome::Already => ("respond-was-so", "respond-was-undone"),
        Outcome::Kept => ("respond-kept", "respond-kept"),
        Outcome::Failed => ("respond-failed", "respond-undo-failed"),
        Outcome::Unknown => ("respond-unknown", "respond-undo-unknown"),
    }
}

/// Plans as a list.
pub fn plan_list(views: &[PlanView]) -> Table {
    let row = |view: &PlanView| {
        vec![
            Cell::Text(view.short_id()),
            Cell::Text(view.stored.id.to_string()),
            Cell::Message(Message::new(view.phase_id())),
            Cell::from(view.phase.as_str()),
            Cell::from(view.stored.playbook.as_str()),
            Cell::from(view.stored.account.as_str()),
            Cell::from(view.stored.region.as_str()),
            Cell::from(view.stored.finding.as_deref()),
            Cell::Time(view.stored.made),
            view.stored.due.map_or(Cell::Empty, Cell::Time),
        ]
    };
    Table {
        columns: vec![
            Column::new("shortId", "column-plan", Fit::Whole),
            Column::new("id", "column-plan", Fit::Machine),
            Column::new("stateText", "column-state", Fit::Whole),
            Column::new("phase", "column-state", Fit::Machine),
            Column::new("playbook", "column-playbook", Fit::Whole),
            Column::new("accountId", "column-account", Fit::Whole),
            Column::new("region", "column-region", Fit::Spare),
            Column::new("finding", "column-id", Fit::Spare),
            Column::new("made", "column-made", Fit::Whole),
            Column::new("due", "column-due", Fit::Whole),
        ],
        rows: views.iter().map(row).collect(),
        empty: Message::new("list-nothing"),
        notes: Vec::new(),
    }
}
