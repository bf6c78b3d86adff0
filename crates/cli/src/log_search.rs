//! `haechi logs search` and `haechi logs who`: events by filters, SQL over them, and who called what on what.

use std::time::Duration;

use clap::{Args, ValueEnum};
use haechi_app::{
    App, Exit, Result, SearchOrder, SearchRequest, SearchSql, SearchWords, Searched, UserError, WhoRequest,
};
use haechi_report::{Format, printable};
use serde_json::Value;

use crate::commands::{interruptible, one_of};
use crate::logs::Sources;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Search {
    #[command(flatten)]
    sources: Sources,
    /// A filter over columns and the log's own fields, such as "eventName IN (StopLogging, DeleteTrail) AND address ~ '192.0.2.0/24'". Repeatable: all must hold
    #[arg(long = "where", value_name = "FILTER", help_heading = "Filters")]
    filter: Vec<String>,
    /// Names of calls, with * and ?
    #[arg(long, value_name = "GLOB", value_delimiter = ',', help_heading = "Filters")]
    name: Vec<String>,
    /// Event sources, such as s3 or kms.amazonaws.com
    #[arg(long, value_name = "SERVICE", value_delimiter = ',', help_heading = "Filters")]
    source_service: Vec<String>,
    /// Users, roles, sessions or access keys, by ARN or name
    #[arg(long, value_name = "GLOB", value_delimiter = ',', help_heading = "Filters")]
    principal: Vec<String>,
    /// Addresses, ranges such as 192.0.2.0/24, or globs
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', help_heading = "Filters")]
    address: Vec<String>,
    /// Error codes, with * and ?; without a code: whatever failed
    #[arg(long, value_name = "GLOB", value_delimiter = ',', num_args = 0..=1, require_equals = true, help_heading = "Filters")]
    error: Option<Vec<String>>,
    /// A text that is somewhere in the record. Repeatable: all must be there
    #[arg(long, value_name = "TEXT", help_heading = "Filters")]
    text: Vec<String>,
    /// Logs: cloudtrail, vpc-flow, resolver-query, eks-audit, s3-access, rds-login, waf
    #[arg(long, value_name = "LOG", value_delimiter = ',', help_heading = "Filters")]
    log: Vec<String>,
    /// One SELECT over the events that fit: the table is `events`, its columns are those of --fields, and `body` is the record as JSON
    #[arg(long, value_name = "SELECT", conflicts_with_all = ["fields", "order"])]
    sql: Option<String>,
    /// Seconds after which the SELECT is stopped; reading is not counted
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "sql")]
    timeout: u64,
    /// The format of flow logs that have no heading, such as "version account-id interface-id srcaddr dstaddr"
    #[arg(long, value_name = "FIELDS")]
    flow_format: Option<String>,
    /// Columns: time, log, source, name, accountId, awsRegion, principal, session, accessKeyId, address, userAgent, errorCode, readOnly, eventId, file, record, and fields of the log
    #[arg(long, value_name = "FIELD", value_delimiter = ',', help_heading = "Output")]
    fields: Vec<String>,
    /// Events that are shown, or rows of the SELECT; 0: all [default: 100 in a table, else all]
    #[arg(long, value_name = "N", help_heading = "Output")]
    limit: Option<usize>,
    /// Which are shown first, and kept when there are more: newest, oldest, or read for as they are read [default: newest with a limit, else read]
    #[arg(long, value_name = "ORDER", hide_possible_values = true, help_heading = "Output")]
    order: Option<Order>,
    /// What could not be read makes the exit code 2
    #[arg(long, help_heading = "Output")]
    strict: bool,
    /// table, json, jsonl (the records as they are) or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    Newest,
    Oldest,
    Read,
}

#[derive(Debug, Args)]
pub struct Who {
    /// The name of a call, with its service or without, with * and ?: s3:GetObject, StopLogging, Delete*
    #[arg(value_name = "ACTION")]
    action: String,
    /// What it was called on: an ARN, an id or a name, with * and ?; '*' alone: anything
    #[arg(value_name = "RESOURCE")]
    resource: String,
    #[command(flatten)]
    sources: Sources,
    /// The format of flow logs that have no heading, such as "version account-id interface-id srcaddr dstaddr"
    #[arg(long, value_name = "FIELDS")]
    flow_format: Option<String>,
    /// Callers that are shown; 0: all [default: 100 in a table, else all]
    #[arg(long, value_name = "N", help_heading = "Output")]
    limit: Option<usize>,
    /// What could not be read makes the exit code 2
    #[arg(long, help_heading = "Output")]
    strict: bool,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

/// Rows of a table when nobody says how many.
const IN_TABLE: usize = 100;
const FORMATS: [Format; 4] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv];

/// 0 is all; a table has some where nobody says how many.
fn limited(limit: Option<usize>, format: Format) -> Option<usize> {
    let usual = (format == Format::Table).then_some(IN_TABLE);
    limit.map_or(usual, |limit| Some(limit).filter(|limit| *limit > 0))
}

pub fn search(app: &App, screen: &Screen, arguments: Search) -> Result<Exit> {
    let format = one_of(&arguments.format, &FORMATS)?;
    let sql = arguments.sql.map(|text| SearchSql {
        text,
        timeout: Duration::from_secs(arguments.timeout),
        bounds: haechi_app::LogTableBounds::default(),
    });
    let request = SearchRequest {
        logs: arguments.sources.request(),
        words: SearchWords {
            filters: arguments.filter,
            names: arguments.name,
            services: arguments.source_service,
            principals: arguments.principal,
            addresses: arguments.address,
            errors: arguments.error,
            texts: arguments.text,
            logs: arguments.log,
        },
        with_body: format == Format::Json,
        fields: arguments.fields,
        order: arguments.order.map(|order| match order {
            Order::Newest => SearchOrder::Newest,
            Order::Oldest => SearchOrder::Oldest,
            Order::Read => SearchOrder::Read,
        }),
        limit: limited(arguments.limit, format),
        flow_format: arguments.flow_format,
    };
    let records = format == Format::Jsonl && request.fields.is_empty() && sql.is_none();
    let searched = interruptible(screen, async |bar, stop| match &sql {
        Some(sql) => app.search_sql(&request, sql, bar, stop).await,
        None if records => {
            let mut out = screen.stream();
            let mut line = |record: &str| haechi_report::write_record(record, &mut out);
            let searched = app.search_records(&request, &mut line, bar, stop).await;
            out.end().and(searched)
        }
        None => app.search_logs(&request, bar, stop).await,
    })?;
    if !records {
        screen.table(&searched.table, format)?;
    }
    told(screen, &searched, format, arguments.strict)
}

pub fn who(app: &App, screen: &Screen, arguments: Who) -> Result<Exit> {
    let format = one_of(&arguments.format, &FORMATS)?;
    let request = WhoRequest {
        action: arguments.action,
        resource: arguments.resource,
        logs: arguments.sources.request(),
        limit: limited(arguments.limit, format),
        flow_format: arguments.flow_format,
    };
    let called = interruptible(screen, async |bar, stop| app.who_called(&request, bar, stop).await)?;
    screen.table(&called.table, format)?;
    told(screen, &called, format, arguments.strict)
}

/// What was searched: under a table, beside any other format. To find nothing is no failure.
fn told(screen: &Screen, searched: &Searched, format: Format, strict: bool) -> Result<Exit> {
    if format != Format::Table {
        for note in &searched.table.notes {
            // Names of files and words of the user's own may hold anything.
            let plain = |value: &Value| value.as_str().map_or_else(|| value.clone(), |text| printable(text).into());
            let arguments: Vec<_> = note.args.iter().map(|(name, value)| (name.as_str(), plain(value))).collect();
            screen.say(&note.id, &arguments);
        }
    }
    if searched.interrupted {
        return Err(UserError::said("search-interrupted"));
    }
    Ok(if strict && searched.incomplete { Exit::Failed } else { Exit::Clean })
}
