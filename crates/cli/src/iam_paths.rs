//! `haechi iam paths`: who can escalate to an administrator's rights, and what cuts it.

use clap::Args;
use haechi_app::{App, Exit, PathsRequest, Result};
use haechi_report::Format;

use crate::commands::one_of;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct EscalationPaths {
    /// Only paths of this principal, by each of its first steps: the ARN of a user or role; an outside account, or `*`
    #[arg(long, value_name = "PRINCIPAL")]
    pub from: Option<String>,
    /// What is wanted: `admin`, or the ARN of a user, role, root user or resource
    #[arg(long, value_name = "ARN", default_value = "admin")]
    pub to: String,
    /// Only paths from principals of this account; repeatable
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Vec<String>,
    /// Leave out paths of more steps
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub max_steps: usize,
    /// The state at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub format: String,
}

/// The paths: exit code 1 if there is one.
pub fn paths(app: &App, screen: &Screen, arguments: EscalationPaths) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let request = PathsRequest {
        from: arguments.from,
        to: arguments.to,
        accounts: arguments.account,
        max_steps: arguments.max_steps,
        as_of: arguments.as_of,
    };
    let answer = app.escalation_paths(&request)?;
    for caution in &answer.cautions {
        screen.warn(caution, "");
    }
    screen.table(if format == Format::Table { &answer.steps } else { &answer.paths }, format)?;
    Ok(if answer.found == 0 { Exit::Clean } else { Exit::Findings })
}
