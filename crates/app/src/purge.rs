//! Forgetting: what ended before a moment leaves the store.

use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::{PurgeMode, PurgeStep};
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::moment::{moment, span};
use crate::progress::{Progress, Step};
use crate::{App, in_store};

/// From when on everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// From this moment on.
    Since(String),
    /// So long, such as `400d`.
    For(String),
}

impl App {
    /// Forgets, or says what would be forgotten. What stood at the moment stays: `--as-of` is right from then on.
    pub fn purge(&self, keep: &Keep, mode: PurgeMode, progress: &dyn Progress) -> Result<(Table, Value)> {
        let now = self.now();
        let before = match keep {
            Keep::Since(text) => moment("before", text, now)?,
            Keep::For(text) => now.plus_micros(-span("older-than", text)?),
        };
        if before > now {
            return Err(UserError::said("error-purge-future").arg("moment", before));
        }
        let mut store = self.existing_store()?;
        let mut step = |step: PurgeStep| {
            if let PurgeStep::Resources { done, of } = step {
                progress.step(Step::Judging { items: done, of });
            }
        };
        let summary = store.purge(before, mode, &mut step).map_err(in_store)?;
        progress.step(Step::Done);
        let number = |id: &str, number: u64| {
            vec![Cell::Message(Message::new(id)), Cell::Number(i64::try_from(number).unwrap_or(i64::MAX))]
        };
        let table = Table {
            columns: vec![
                Column::new("what", "column-what", Fit::Whole),
                Column::new("count", "column-count", Fit::Number),
            ],
            rows: vec![
                number("purge-versions", summary.versions),
                number("purge-resources", summary.resources),
                number("purge-events", summary.change_events),
                number("purge-findings", summary.findings),
                number("purge-evaluations", summary.evaluations),
                number("purge-bytes", summary.bytes_before.saturating_sub(summary.bytes_after)),
            ],
            empty: Message::new("list-nothing"),
            notes: vec![
                Message::new(if mode == PurgeMode::DryRun { "purge-would" } else { "purge-done" })
                    .with("moment", before.to_string()),
            ],
        };
        Ok((table, json!({"before": before, "dryRun": mode == PurgeMode::DryRun, "summary": summary})))
    }
}
