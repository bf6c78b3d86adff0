//! `haechi logs`: what the logs of AWS accounts hold, and whether they are as they were delivered.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use haechi_app::{App, CoverageRequest, Exit, LogRequest, Result, VerifyRequest};
use haechi_report::Format;

use crate::commands::{interruptible, json, one_of};
use crate::log_search::{self, Search, Who};
use crate::screen::Screen;

#[derive(Debug, Subcommand)]
pub enum Logs {
    /// Check CloudTrail's digests: which logs and digests are missing, changed or added
    #[command(after_help = "Examples:
  haechi logs verify s3://my-trail-bucket --since 7d
  haechi logs verify s3://my-trail-bucket/prefix --account 111122223333 --region eu-west-1 --format json
  aws cloudtrail list-public-keys --start-time 2026-11-01 > keys.json
  haechi logs verify ./copied-logs --public-keys keys.json

Exit codes: 0 all valid; 1 something missing, changed or added; 2 something could not be checked.")]
    Verify(Verify),
    /// What was read and what was not: files, bytes, events by log, account and region, hours without events
    #[command(after_help = "Examples:
  haechi logs coverage ./logs
  haechi logs coverage s3://my-trail-bucket --since 7d --account 111122223333 --format json")]
    Coverage(Coverage),
    /// Events by filters over their fields, or by a SELECT
    #[command(after_help = "Examples:
  haechi logs search ./logs --name StopLogging,DeleteTrail
  haechi logs search ./logs --principal alice --error --since 7d
  haechi logs search ./logs --where \"eventName ~ 'Get*' AND sourceIPAddress ~ '198.51.100.0/24'\" --fields time,eventName,requestParameters.bucketName
  haechi logs search s3://my-trail-bucket --since 1d --account 111122223333 --text AKIAIOSFODNN7EXAMPLE --format jsonl
  haechi logs search ./logs --sql \"SELECT name, count(*) FROM events WHERE errorCode IS NOT NULL GROUP BY 1 ORDER BY 2 DESC\"
  haechi logs search ./logs --name CreateBucket --sql \"SELECT time, principal, body ->> '$.requestParameters.bucketName' AS bucket FROM events\"

Exit codes: 0 searched, whatever was found; 2 could not search.")]
    Search(Box<Search>),
    /// Who called what on what: callers with their calls, addresses and errors
    #[command(after_help = "Examples:
  haechi logs who StopLogging '*' ./logs
  haechi logs who s3:GetObject arn:aws:s3:::my-bucket/report.csv s3://my-trail-bucket --since 7d
  haechi logs who AssumeRole arn:aws:iam::111122223333:role/admin ./logs --format json
  haechi logs who 'Delete*' my-bucket ./logs

Exit codes: 0 searched, whatever was found; 2 could not search.")]
    Who(Box<Who>),
}

/// Which logs, and what of them.
#[derive(Debug, Args)]
pub struct Sources {
    /// Files, folders, s3://BUCKET/PREFIX, SQS queues by URL or ARN, or - for standard input
    #[arg(value_name = "SOURCE", required = true, value_hint = ValueHint::AnyPath)]
    sources: Vec<String>,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Debug, Args)]
pub struct Wanted {
    /// From this moment on (2026-11-22, 2026-11-22T09:30+09:00, 3d ago as 3d)
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    since: Option<String>,
    /// Up to this moment
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    until: Option<String>,
    /// Account ids
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = "Filters")]
    account: Vec<String>,
    /// Regions
    #[arg(long, value_name = "REGION", value_delimiter = ',', help_heading = "Filters")]
    region: Vec<String>,
    /// The AWS profile to use, whatever keys the environment holds [default: as the AWS CLI]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl Wanted {
    /// What the app is asked for.
    pub fn request(self, sources: Vec<String>) -> LogRequest {
        let Self { since, until, account, region, profile } = self;
        LogRequest { sources, since, until, accounts: account, regions: region, profile }
    }
}

impl Sources {
    /// What the app is asked for.
    pub fn request(self) -> LogRequest {
        self.wanted.request(self.sources)
    }
}

#[derive(Debug, Args)]
pub struct Verify {
    /// A folder with copies of a trail's files, or s3://BUCKET/PREFIX
    #[arg(value_name = "SOURCE", required = true, value_hint = ValueHint::DirPath)]
    sources: Vec<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// Public keys, as `aws cloudtrail list-public-keys` prints them; left out: CloudTrail is asked. Repeatable
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    public_keys: Vec<PathBuf>,
    /// Also list what is valid
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// table, json or jsonl
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Args)]
pub struct Coverage {
    #[command(flatten)]
    sources: Sources,
    /// The format of flow logs that have no heading, such as "version account-id interface-id srcaddr dstaddr"
    #[arg(long, value_name = "FIELDS")]
    flow_format: Option<String>,
    /// Exit 2 when anything could not be read
    #[arg(long, help_heading = "Output")]
    strict: bool,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

pub fn run(app: &App, screen: &Screen, command: Logs) -> Result<Exit> {
    match command {
        Logs::Verify(arguments) => verify(app, screen, arguments),
        Logs::Coverage(arguments) => coverage(app, screen, arguments),
        Logs::Search(arguments) => log_search::search(app, screen, *arguments),
        Logs::Who(arguments) => log_search::who(app, screen, *arguments),
    }
}

fn verify(app: &App, screen: &Screen, arguments: Verify) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl])?;
    let request = VerifyRequest {
        logs: arguments.wanted.request(arguments.sources),
        public_keys: arguments.public_keys,
        list_valid: arguments.all,
    };
    let verified = interruptible(screen, async |_, stop| app.verify_logs(&request, stop).await)?;
    match format {
        Format::Json => json(screen, &verified.json)?,
        _ => screen.table(&verified.table, format)?,
    }
    Ok(verified.exit)
}

fn coverage(app: &App, screen: &Screen, arguments: Coverage) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let request = CoverageRequest {
        logs: arguments.sources.request(),
        flow_format: arguments.flow_format,
        strict: arguments.strict,
    };
    let coverage = interruptible(screen, async |_, stop| app.logs_coverage(&request, stop).await)?;
    match format {
        Format::Json => json(screen, &coverage.json)?,
        _ => screen.table(&coverage.table, format)?,
    }
    Ok(coverage.exit)
}
