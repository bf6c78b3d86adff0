//! `haechi detect`: threats in logs, the detections themselves, samples.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use haechi_app::{App, DetectRequest, Exit, FailOn, IntelRequest, Result, Selection, UserError};
use haechi_report::Format;

use crate::arguments::Listing;
use crate::commands::{interruptible, json, listed, one_of};
use crate::logs::Wanted;
use crate::screen::Screen;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Detect {
    #[command(subcommand)]
    command: Option<DetectCommand>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
pub enum DetectCommand {
    /// List the detections, and what those that are inactive need
    #[command(after_help = "Examples:
  haechi detect list
  haechi detect list --inactive
  haechi detect list 'CredentialAccess:*' --intel ./intel")]
    List(List),
    /// Show one detection: what it means, what it looks for, what to do
    #[command(after_help = "Example:
  haechi detect show Stealth:IAMUser/CloudTrailLoggingDisabled")]
    Show(Show),
    /// Sample findings: one of every type, marked as samples
    #[command(after_help = "Examples:
  haechi detect samples                  shown only
  haechi detect samples --keep           kept in the store, to try out what reads findings
  haechi detect samples --remove         taken out of the store again")]
    Samples(Samples),
}

#[derive(Debug, Args)]
struct Run {
    /// Files, folders, s3://BUCKET/PREFIX, SQS queues by URL or ARN, or - for standard input
    #[arg(value_name = "SOURCE", required = true, value_hint = ValueHint::AnyPath)]
    sources: Vec<String>,
    /// Sigma rules beside the built-in detections: files, or folders of them. Repeatable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    intel: Intel,
    /// The fields of flow logs without a heading, such as '${srcaddr} ${dstaddr} ${action}'
    #[arg(long, value_name = "FORMAT")]
    flow_format: Option<String>,
    /// Keep threats and baselines in the store, and pass over files that were kept before
    #[arg(long)]
    keep: bool,
    /// Tell the destinations of the settings of what is found (`[[notify]]` of haechi.toml)
    #[arg(long)]
    notify: bool,
    /// Severity at which the exit code is 1: critical, high, medium, low or never [default: high]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<String>,
    /// What could not be read makes the exit code 2
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    wanted: Wanted,
    /// Severities: critical, high, medium, low
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',', help_heading = "Filters")]
    severity: Vec<String>,
    /// Types of threats, with * and ?
    #[arg(long = "type", value_name = "GLOB", value_delimiter = ',', help_heading = "Filters")]
    types: Vec<String>,
    /// table, json, jsonl, csv or ocsf
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
    /// Also write to a file; its ending picks the format (.json .jsonl .csv .ocsf.json .txt). Repeatable
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    export: Vec<PathBuf>,
    /// Threats in the table; 0: all
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Output")]
    top: usize,
}

#[derive(Debug, Args)]
pub struct Intel {
    /// Lists: NAME=FILE, or a folder of files called after lists (tor-exits.txt). Repeatable
    #[arg(long, value_name = "LIST", value_hint = ValueHint::AnyPath)]
    intel: Vec<String>,
    /// Databases of places and networks by address (.mmdb). Repeatable
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    geo: Vec<PathBuf>,
    /// Addresses and ranges that are never the reason of a finding, one a line. Repeatable
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    trusted: Vec<PathBuf>,
}

impl Intel {
    pub fn request(self) -> IntelRequest {
        IntelRequest { lists: self.intel, databases: self.geo, trusted: self.trusted }
    }
}

#[derive(Debug, Args)]
pub struct List {
    /// Ids, with * and ?
    #[arg(value_name = "GLOB")]
    ids: Vec<String>,
    /// Only those that are not at work
    #[arg(long)]
    inactive: bool,
    #[command(flatten)]
    intel: Intel,
    #[command(flatten)]
    listing: Listing,
}

#[derive(Debug, Args)]
pub struct Show {
    /// The detection's id
    #[arg(value_name = "ID")]
    id: String,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Args)]
pub struct Samples {
    /// Types, with * and ?
    #[arg(value_name = "GLOB")]
    types: Vec<String>,
    /// Put them in the store
    #[arg(long, conflicts_with = "remove")]
    keep: bool,
    /// Tell the destinations of the settings of them
    #[arg(long)]
    notify: bool,
    /// Take all samples out of the store
    #[arg(long)]
    remove: bool,
    /// table, json, jsonl, csv or ocsf
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

const FORMATS: [Format; 5] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv, Format::Ocsf];

pub fn run(app: &App, screen: &Screen, arguments: Detect) -> Result<Exit> {
    match arguments.command {
        None => detect(app, screen, arguments.run),
        Some(DetectCommand::List(arguments)) => {
            let (format, page) = listed(&arguments.listing)?;
            let table = app.list_detections(&arguments.ids, arguments.inactive, &arguments.intel.request(), page)?;
            screen.table(&table, format)?;
            Ok(Exit::Clean)
        }
        Some(DetectCommand::Show(arguments)) => {
            let format = one_of(&arguments.format, &[Format::Table, Format::Json])?;
            let (table, value) = app.show_detection(&arguments.id)?;
            match format {
                Format::Json => json(screen, &value)?,
                _ => screen.table(&table, format)?,
            }
            Ok(Exit::Clean)
        }
        Some(DetectCommand::Samples(arguments)) => samples(app, screen, arguments),
    }
}

fn detect(app: &App, screen: &Screen, run: Run) -> Result<Exit> {
    let format = one_of(&run.format, &FORMATS)?;
    let word = run.fail_on.as_deref().or(app.settings().fail_on.as_deref());
    let fail_on: FailOn = match word {
        Some(word) => word.parse().map_err(|_| UserError::said("error-fail-on").arg("word", word))?,
        None => FailOn::default(),
    };
    for path in &run.export {
        crate::screen::threat_format(path)?;
    }
    let selection = Selection { severities: run.severity, ..Selection::default() };
    let request = DetectRequest {
        logs: run.wanted.request(run.sources),
        rules: run.rules,
        intel: run.intel.request(),
        flow_format: run.flow_format,
        keep: run.keep,
        filter: selection.threats(run.types)?,
    };
    let detected = interruptible(screen, async |bar, stop| app.detect(&request, bar, stop).await)?;
    for path in &run.export {
        screen.export_threats(&detected.report, path)?;
        screen.say("exported", &[("path", path.display().to_string().into())]);
    }
    let top = if run.top == 0 { usize::MAX } else { run.top };
    screen.threats(&detected.report, format, top)?;
    if run.notify {
        crate::notify::tell(app, screen, &detected.report)?;
    }
    if detected.interrupted {
        return Err(UserError::said("interrupted"));
    }
    Ok(fail_on.exit(detected.worst, detected.incomplete, run.strict))
}

fn samples(app: &App, screen: &Screen, arguments: Samples) -> Result<Exit> {
    let format = one_of(&arguments.format, &FORMATS)?;
    if arguments.remove {
        let removed = app.remove_samples()?;
        screen.say("samples-removed", &[("count", removed.into())]);
        return Ok(Exit::Clean);
    }
    let report = app.samples(&arguments.types, arguments.keep)?;
    screen.threats(&report, format, usize::MAX)?;
    if arguments.notify {
        crate::notify::tell(app, screen, &report)?;
    }
    Ok(Exit::Clean)
}
