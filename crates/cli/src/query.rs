//! `haechi query`: the text from the command line, a file or stdin; the answer on stdout.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use haechi_app::{App, Exit, QueryLanguage, QueryOutcome, QueryRequest, Result, Stop, UserError};
use haechi_report::Format;

use crate::commands::{one_of, runtime, stop_on_interrupt};
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct QueryArguments {
    /// The query, in AWS Config's advanced-query language or in SQL; `-`: from stdin
    #[arg(value_name = "QUERY", required_unless_present_any = ["file", "schema"], conflicts_with_all = ["file", "schema"])]
    pub text: Option<String>,
    /// Read the query from a file; `-`: from stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "schema")]
    pub file: Option<PathBuf>,
    /// The query is SQL over the public views [default: when it has a FROM]
    #[arg(long, conflicts_with = "advanced")]
    pub sql: bool,
    /// The query is in AWS Config's advanced-query language [default: when it has no FROM]
    #[arg(long)]
    pub advanced: bool,
    /// The state at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Seconds after which the query is stopped
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,
    /// Threads to read with [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Tell how the query would be answered, and do not answer it
    #[arg(long)]
    pub explain: bool,
    /// List the views and their columns; with a resource type, the properties that it has
    #[arg(long, value_name = "TYPE", num_args = 0..=1, default_missing_value = "")]
    pub schema: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: String,
    /// Rows of the answer; 0: all [default: 1000 in a table, else all]
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub limit: Option<usize>,
}

/// Rows of a table when nobody says how many.
const IN_TABLE: usize = 1000;
/// No query is as long: a wrong file is not read to its end.
const LONGEST: u64 = 1 << 20;

pub fn run(app: &App, screen: &Screen, arguments: QueryArguments) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    if let Some(resource_type) = &arguments.schema {
        let named = Some(resource_type.as_str()).filter(|name| !name.is_empty());
        screen.table(&app.query_schema(named)?, format)?;
        return Ok(Exit::Clean);
    }
    let usual = if format == Format::Table { Some(IN_TABLE) } else { None };
    let request = QueryRequest {
        text: text(&arguments)?,
        language: match (arguments.sql, arguments.advanced) {
            (true, _) => Some(QueryLanguage::Sql),
            (_, true) => Some(QueryLanguage::Config),
            _ => None,
        },
        rows: arguments.limit.map_or(usual, |limit| Some(limit).filter(|limit| *limit > 0)),
        as_of: arguments.as_of,
        timeout: Duration::from_secs(arguments.timeout),
        threads: arguments.threads,
    };
    let stop = Stop::default();
    // The runtime only waits for Ctrl-C: the query runs on this thread and its own.
    let runtime = runtime()?;
    runtime.spawn(stop_on_interrupt(stop.clone()));
    let answered = if arguments.explain { app.explain_query(&request, &stop) } else { app.query(&request, &stop) };
    runtime.shutdown_background();
    let QueryOutcome { table, warnings, more } = answered?;
    for warning in &warnings {
        screen.warn(&warning.message, &warning.place);
    }
    screen.table(&table, format)?;
    if more && format != Format::Table {
        screen.say("query-more", &[("shown", request.rows.unwrap_or_default().into())]);
    }
    Ok(Exit::Clean)
}

fn text(arguments: &QueryArguments) -> Result<String> {
    let stdin = PathBuf::from("-");
    let path = match (&arguments.text, &arguments.file) {
        (Some(text), _) if text != "-" => return Ok(text.clone()),
        (_, Some(path)) => path,
        _ => &stdin,
    };
    let failed =
        |error: &dyn std::fmt::Display| UserError::said("query-file").arg("path", path.display()).because(error);
    let mut text = String::new();
    let read = if *path == stdin {
        std::io::stdin().take(LONGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    match read {
        Ok(length) if length as u64 == LONGEST => Err(UserError::said("query-long").arg("bytes", LONGEST)),
        Ok(_) => Ok(text),
        Err(error) => Err(failed(&error)),
    }
}
