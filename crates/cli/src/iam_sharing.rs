//! `haechi iam sharing`: what other accounts may do with what is shared, and who of elsewhere assumes which role.

use clap::Args;
use haechi_app::{App, Exit, Result, SharingRequest};
use haechi_report::Format;

use crate::commands::one_of;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Sharing {
    /// An image, EBS or RDS snapshot, or KMS key: its ARN, id, name or alias [default: everything that is shared]
    #[arg(value_name = "RESOURCE")]
    pub resource: Option<String>,
    /// The other account (12 digits), or the ARN of a user or role
    #[arg(long, value_name = "ACCOUNT|ARN")]
    pub with: Option<String>,
    /// What they want: launch, copy, decrypt, read-blocks, auto-scaling, restore, encrypt, grant; repeatable [default: all]
    #[arg(long, value_name = "PURPOSE", requires = "with", requires = "resource")]
    pub may: Vec<String>,
    /// Who of other accounts, services and identity providers may assume which role
    #[arg(long, conflicts_with_all = ["resource", "with"])]
    pub roles: bool,
    /// Only resources and roles of this account; repeatable
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "resource")]
    pub account: Vec<String>,
    /// The state at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub format: String,
}

/// The answer: exit code 1 if something that was asked about is missing, or not known to be there.
pub fn sharing(app: &App, screen: &Screen, arguments: Sharing) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let request = SharingRequest {
        resource: arguments.resource,
        with: arguments.with,
        may: arguments.may,
        roles: arguments.roles,
        accounts: arguments.account,
        as_of: arguments.as_of,
    };
    let answers = app.sharing(&request)?;
    for caution in &answers.cautions {
        screen.warn(caution, "");
    }
    screen.table(if format == Format::Table { &answers.table } else { &answers.records }, format)?;
    Ok(if answers.lacking { Exit::Findings } else { Exit::Clean })
}
