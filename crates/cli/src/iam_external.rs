//! `haechi iam external` and `haechi iam check`: policies as sets of requests.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};
use haechi_app::{App, Exit, ExternalRequest, PolicyCheck, PolicyCheckRequest, Result};
use haechi_report::Format;

use crate::commands::one_of;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct External {
    /// Only resources of this account; repeatable
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Vec<String>,
    /// Only this kind of resources (AWS::S3::Bucket, or Bucket); repeatable
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Who is trusted: accounts and organizations (o-...) [default: the organization of each resource, or its account]
    #[arg(long, value_name = "ACCOUNT|ORG", num_args = 1.., value_delimiter = ',')]
    pub zone: Vec<String>,
    /// The state at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub format: String,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub struct Check {
    /// The second policy allows nothing that the first does not
    #[arg(long, group = "what")]
    pub no_new_access: bool,
    /// The policy does not open the resource to the public; with --type
    #[arg(long, group = "what")]
    pub no_public: bool,
    /// The policy does not allow this action (s3:GetObject, 's3:Put*'); repeatable
    #[arg(long, value_name = "ACTION", group = "what")]
    pub not_granted: Vec<String>,
    /// Policy files; of --no-new-access the older and the newer
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// The type of the policy's resource (AWS::S3::Bucket); without it, a policy with principals is that of some resource
    #[arg(long = "type", value_name = "TYPE")]
    pub resource_type: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub format: String,
}

/// Everybody outside who reaches something: exit code 1 if there is one.
pub fn external(app: &App, screen: &Screen, arguments: External) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let request = ExternalRequest {
        accounts: arguments.account,
        types: arguments.types,
        zone: arguments.zone,
        as_of: arguments.as_of,
    };
    let answers = app.external_access(&request)?;
    for caution in &answers.cautions {
        screen.warn(caution, "");
    }
    screen.table(&answers.table, format)?;
    Ok(if answers.open == 0 { Exit::Clean } else { Exit::Findings })
}

/// One check of a policy: exit code 1 if it fails, or cannot be told.
pub fn check(app: &App, screen: &Screen, arguments: Check) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let check = if arguments.no_new_access {
        PolicyCheck::NoNewAccess
    } else if arguments.no_public {
        PolicyCheck::NoPublicAccess
    } else {
        PolicyCheck::NotGranted(arguments.not_granted)
    };
    let request = PolicyCheckRequest { check, files: arguments.files, resource_type: arguments.resource_type };
    let answer = app.check_policy(&request)?;
    screen.table(&answer.table, format)?;
    Ok(if answer.passed { Exit::Clean } else { Exit::Findings })
}
