//! `haechi purge`: what ended before a moment leaves the store.

use clap::Args;
use haechi_app::{App, Exit, Keep, Progress as _, PurgeMode, Result, Step};
use haechi_report::Format;

use crate::commands::{IN_FULL, json, one_of};
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Purge {
    /// Keep what was so at this moment and everything later (2026-01-01, 2026-01-01T00:00+09:00)
    #[arg(long, value_name = "TIME", required_unless_present = "older_than", conflicts_with = "older_than")]
    before: Option<String>,
    /// Keep so much, such as 400d
    #[arg(long, value_name = "SPAN")]
    older_than: Option<String>,
    /// Say what would be forgotten, and forget nothing
    #[arg(long)]
    dry_run: bool,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

pub fn run(app: &App, screen: &Screen, arguments: &Purge) -> Result<Exit> {
    let format = one_of(&arguments.format, &IN_FULL)?;
    let keep = match (&arguments.before, &arguments.older_than) {
        (Some(moment), _) => Keep::Since(moment.clone()),
        (None, span) => Keep::For(span.clone().unwrap_or_default()),
    };
    let mode = if arguments.dry_run { PurgeMode::DryRun } else { PurgeMode::Purge };
    let bar = screen.bar();
    let purged = app.purge(&keep, mode, &bar);
    bar.step(Step::Done);
    let (table, value) = purged?;
    match format {
        Format::Json => json(screen, &value)?,
        _ => screen.table(&table, Format::Table)?,
    }
    Ok(Exit::Clean)
}
