//! `haechi investigate`: the story of an entity around a moment.

use clap::{Args, ValueHint};
use haechi_app::{App, Exit, InvestigateRequest, Result, UserError};
use haechi_report::Format;

use crate::commands::{interruptible, one_of};
use crate::detect::Intel;
use crate::logs::Wanted;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Investigate {
    /// An ARN, an access key, an address, an instance, a bucket, an account, or the id of a finding that is kept
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// Files, folders, s3://BUCKET/PREFIX of logs
    #[arg(value_name = "SOURCE", required = true, value_hint = ValueHint::AnyPath)]
    sources: Vec<String>,
    /// The moment (2026-11-22, 2026-11-22T09:30+09:00, 3d ago as 3d) [default: the finding's, else the last in the logs]
    #[arg(long, value_name = "TIME")]
    around: Option<String>,
    /// How long before the moment is told in detail; what was earlier is its habits
    #[arg(long = "before", value_name = "SPAN", default_value = "24h")]
    before_span: String,
    /// How long after the moment is told in detail
    #[arg(long = "after", value_name = "SPAN", default_value = "24h")]
    after_span: String,
    #[command(flatten)]
    intel: Intel,
    #[command(flatten)]
    wanted: Wanted,
    /// What could not be read makes the exit code 2
    #[arg(long)]
    strict: bool,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

pub fn run(app: &App, screen: &Screen, arguments: Investigate) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json])?;
    let request = InvestigateRequest {
        entity: arguments.entity,
        around: arguments.around,
        before: arguments.before_span,
        after: arguments.after_span,
        logs: arguments.wanted.request(arguments.sources),
        intel: arguments.intel.request(),
    };
    let investigated = interruptible(screen, async |bar, stop| app.investigate(&request, bar, stop).await)?;
    screen.story(&investigated.report, format)?;
    if investigated.interrupted {
        return Err(UserError::said("interrupted"));
    }
    Ok(if arguments.strict && investigated.incomplete { Exit::Failed } else { Exit::Clean })
}
