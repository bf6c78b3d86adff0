//! `haechi org access` and `haechi org assignments`: people of IAM Identity Center, what they have where, and who shall
//! have what.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use haechi_app::{
    AccessReviewRequest, App, AssignmentsPlan, AssignmentsRequest, Exit, FailOn, OrgAccessRequest, Result, UserError,
};
use haechi_report::Format;

use crate::commands::{IN_FULL, interruptible, json, one_of, runtime};
use crate::iam_ask::Scope;
use crate::logs::Wanted;
use crate::screen::Screen;

const LISTS: [Format; 4] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv];

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Access {
    #[command(subcommand)]
    command: Option<AccessCommand>,
    /// Whose access: a user name, address, user id or display name; left out: everybody's, to one --action in an --account
    #[arg(value_name = "PERSON")]
    person: Option<String>,
    /// Ask for this action instead of the level, such as s3:DeleteBucket
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// The ARN of the resource, or a pattern for many
    #[arg(long, value_name = "ARN", default_value = "*", requires = "action")]
    resource: String,
    /// Only in this account, by id or name; repeatable
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,
    #[command(flatten)]
    scope: Scope,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Subcommand)]
enum AccessCommand {
    /// Permission sets, assignments and people that somebody should look at, with why and what to do
    #[command(after_help = "Examples:
  haechi org access review
  haechi org access review --users staff.csv --mfa mfa.yaml --fail-on medium
  haechi org access review --logs ./logs --since 90d --format csv

Exit codes: 0 nothing at or above --fail-on; 1 something; 2 it could not be told.")]
    Review(Review),
}

#[derive(Debug, Args)]
struct Review {
    /// A CSV file with the user names or addresses of those who work here: others who have access are told
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    users: Option<PathBuf>,
    /// A file that states the MFA settings as the console shows them: no API tells them
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    mfa: Option<PathBuf>,
    /// The longest session of administrators that is fine; PT1H is what AWS makes by itself
    #[arg(long, value_name = "DURATION", default_value = "PT1H")]
    max_admin_session: String,
    /// CloudTrail's logs, to see which permission sets are used: files, folders, s3://BUCKET/PREFIX, SQS queues, or -
    #[arg(long, value_name = "SOURCE", num_args = 1.., value_hint = ValueHint::AnyPath)]
    logs: Vec<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// The state at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Exit 1 from this severity on: informational, low, medium, high, critical or never [default: high]
    #[arg(long, value_name = "SEVERITY", help_heading = "Output")]
    fail_on: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Subcommand)]
pub enum Assignments {
    /// What has to be done for the assignments to be as a file says; nothing is changed in AWS
    #[command(after_help = "Examples:
  haechi org assignments plan assignments.yaml
  haechi org assignments plan assignments.yaml --prune --format json
  haechi org assignments plan assignments.yaml --format sh > apply.sh

Exit codes: 0 nothing to do; 1 something to do; 2 it could not be told.")]
    Plan(Plan),
    /// Hand a plan over to haechi respond: kept there, approved, applied and undone like any other
    #[command(after_help = "Examples:
  haechi org assignments respond assignments.yaml --prune
  haechi respond approve 7d41c2 --by mina --reason TICKET-481
  haechi respond apply 7d41c2 --profile identity-admin

Exit codes: 0 the plan is made, or there is nothing to do; 2 it could not be made.")]
    Respond(Respond),
    /// Where the record is not as a file says: missing, besides, and roles that are not as their permission set
    #[command(after_help = "Examples:
  haechi org assignments diff assignments.yaml
  haechi org assignments diff assignments.yaml --as-of 7d --format jsonl

Exit codes: 0 no difference; 1 some; 2 it could not be told.")]
    Diff(Diff),
}

#[derive(Debug, Args)]
pub struct Plan {
    /// The file of assignments as they shall be (YAML)
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Also take away every assignment that the file does not ask for
    #[arg(long)]
    prune: bool,
    /// Against the record of this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// table, json, jsonl, csv, or sh for a script of the AWS CLI
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Args)]
pub struct Respond {
    /// The file of assignments as they shall be (YAML)
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Also take away every assignment that the file does not ask for
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    act: crate::respond::Act,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The file of assignments as they shall be (YAML)
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Against the record of this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

/// What somebody has where, or who may do something.
pub fn access(app: &App, screen: &Screen, arguments: Access) -> Result<Exit> {
    if let Some(AccessCommand::Review(arguments)) = arguments.command {
        return review(app, screen, arguments);
    }
    let format = one_of(&arguments.format, &LISTS)?;
    let request = OrgAccessRequest {
        person: arguments.person,
        action: arguments.action,
        resource: arguments.resource,
        accounts: arguments.account,
        scope: arguments.scope.into(),
    };
    let answer = app.org_access(&request)?;
    for caution in &answer.cautions {
        screen.warn(caution, "");
    }
    screen.table(&answer.table, format)?;
    Ok(Exit::Clean)
}

/// Exit code 1 when there is something at or above the severity.
fn review(app: &App, screen: &Screen, arguments: Review) -> Result<Exit> {
    let format = one_of(&arguments.format, &LISTS)?;
    let word = arguments.fail_on.as_deref().or(app.settings().fail_on.as_deref());
    let fail_on: FailOn = match word {
        Some(word) => word.parse().map_err(|_| UserError::said("error-fail-on").arg("word", word))?,
        None => FailOn::default(),
    };
    let request = AccessReviewRequest {
        users: arguments.users,
        mfa: arguments.mfa,
        administrator_session: arguments.max_admin_session,
        logs: arguments.wanted.request(arguments.logs),
        as_of: arguments.as_of,
    };
    let answer = interruptible(screen, async |bar, stop| app.access_review(&request, bar, stop).await)?;
    for caution in &answer.cautions {
        screen.warn(caution, "");
    }
    screen.table(&answer.table, format)?;
    if answer.interrupted {
        return Err(UserError::said("whatif-interrupted"));
    }
    if answer.incomplete {
        screen.say("whatif-incomplete", &[]);
    }
    Ok(fail_on.exit(answer.worst, false, false))
}

pub fn assignments(app: &App, screen: &Screen, command: Assignments) -> Result<Exit> {
    match command {
        Assignments::Plan(arguments) => {
            let is_script = arguments.format == "sh";
            let format = if is_script { Format::Table } else { one_of(&arguments.format, &LISTS)? };
            let request = AssignmentsRequest { file: arguments.file, prune: arguments.prune, as_of: arguments.as_of };
            let plan = app.plan_assignments(&request)?;
            warn(screen, &plan);
            match format {
                _ if is_script => screen.text(&plan.script)?,
                Format::Json => json(screen, &plan.json)?,
                format => screen.table(&plan.table, format)?,
            }
            Ok(exit(&plan))
        }
        Assignments::Respond(arguments) => {
            let format = one_of(&arguments.format, &IN_FULL)?;
            let request = AssignmentsRequest { file: arguments.file, prune: arguments.prune, as_of: None };
            let made = runtime()?.block_on(app.respond_assignments(&request, arguments.act.as_asked()));
            let (cautions, view) = made?;
            for caution in &cautions {
                screen.warn(caution, "");
            }
            match view {
                None => screen.say("center-respond-nothing", &[]),
                Some(view) => {
                    crate::respond::shown(screen, &view, format)?;
                    screen.say("respond-next", &[("plan", view.short_id().into())]);
                }
            }
            Ok(Exit::Clean)
        }
        Assignments::Diff(arguments) => {
            let format = one_of(&arguments.format, &LISTS)?;
            let request = AssignmentsRequest { file: arguments.file, prune: false, as_of: arguments.as_of };
            let diff = app.diff_assignments(&request)?;
            warn(screen, &diff);
            screen.table(&diff.table, format)?;
            Ok(exit(&diff))
        }
    }
}

fn warn(screen: &Screen, plan: &AssignmentsPlan) {
    for caution in &plan.cautions {
        screen.warn(caution, "");
    }
}

fn exit(plan: &AssignmentsPlan) -> Exit {
    if plan.changes == 0 { Exit::Clean } else { Exit::Findings }
}
