//! `haechi record`: live accounts into the store.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use haechi_app::{AfterRecording, App, Exit, FailOn, RecordRequest, Result, UserError};
use haechi_report::Format;

use crate::arguments::Filters;
use crate::commands::{IN_FULL, interruptible, json, one_of, runtime, selection};
use crate::live::LiveArgs;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Record {
    #[command(flatten)]
    pub live: LiveArgs,
    /// Show the accounts, the regions and the number of calls, and call nothing else
    #[arg(long, conflicts_with = "resume")]
    pub plan: bool,
    /// Only record; judge later
    #[arg(long)]
    pub no_judge: bool,
    /// Judge by this conformance pack instead of all built-in rules. Repeatable
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Rules")]
    pub pack: Vec<PathBuf>,
    /// A parameter of the packs, NAME=VALUE. Repeatable
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Rules")]
    pub param: Vec<String>,
    /// CloudTrail files or folders of them, which say who changed what. Repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = "History")]
    pub cloudtrail: Vec<PathBuf>,
    /// The least severity of an open finding that makes the exit code 1 [default: never]
    #[arg(long, value_name = "SEVERITY", help_heading = "Output")]
    pub fail_on: Option<String>,
    #[command(flatten)]
    pub every: crate::record_every::Every,
    /// Exit 2 when anything could not be collected
    #[arg(long, help_heading = "Output")]
    pub strict: bool,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: String,
    #[command(flatten)]
    pub filters: Filters,
}

pub fn run(app: &App, screen: &Screen, arguments: Record) -> Result<Exit> {
    let format = one_of(&arguments.format, &IN_FULL)?;
    // Recording is no judgement: unless it is asked for, findings are for `assess` to answer with.
    let fail_on = match arguments.fail_on.as_deref() {
        Some(word) => word.parse().map_err(|_| UserError::said("error-fail-on").arg("word", word))?,
        None => FailOn::Never,
    };
    let request = RecordRequest {
        live: arguments.live.request(),
        selection: selection(arguments.filters),
        judging: if arguments.no_judge { AfterRecording::Nothing } else { AfterRecording::Judge },
        packs: arguments.pack,
        parameters: arguments.param,
        cloudtrail: arguments.cloudtrail,
    };
    if arguments.plan {
        let (table, value) = runtime()?.block_on(app.plan(&request.live, &request.selection))?;
        match format {
            Format::Json => json(screen, &value)?,
            _ => screen.table(&table, Format::Table)?,
        }
        return Ok(Exit::Clean);
    }
    if arguments.every.is_asked() {
        return arguments.every.run(app, screen, request, format);
    }
    let recorded = interruptible(screen, async |bar, stop| app.record(&request, bar, stop).await)?;
    match format {
        Format::Json => json(screen, &recorded.value)?,
        _ => screen.table(&recorded.table, Format::Table)?,
    }
    if recorded.interrupted {
        return Err(UserError::said("record-interrupted").help("advice-record-resume"));
    }
    Ok(fail_on.exit(recorded.worst, recorded.incomplete, arguments.strict))
}
