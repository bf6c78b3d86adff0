//! `haechi iam unused` and `haechi iam generate`: access that nobody uses, and policies of what was used.

use clap::{Args, ValueEnum, ValueHint};
use haechi_app::{App, Exit, GenerateRequest, GenerateResources, LogRequest, Result, UnusedRequest, UserError};
use haechi_report::Format;

use crate::commands::{interruptible, json, one_of};
use crate::logs::Wanted;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Unused {
    /// Unused for so many days (1 to 365)
    #[arg(long, value_name = "N", default_value_t = 90)]
    days: u16,
    /// CloudTrail's logs, which show what permissions were used: files, folders, s3://BUCKET/PREFIX, SQS queues, or -
    #[arg(long, value_name = "SOURCE", num_args = 1.., value_hint = ValueHint::AnyPath)]
    logs: Vec<String>,
    /// role, key, password or permission; repeatable [default: all]
    #[arg(long = "type", value_name = "KIND", value_delimiter = ',', help_heading = "Filters")]
    types: Vec<String>,
    /// Only principals of this account; repeatable
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',', help_heading = "Filters")]
    account: Vec<String>,
    /// Leave out this account; repeatable
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',', help_heading = "Filters")]
    except_account: Vec<String>,
    /// Leave out principals with this tag; repeatable
    #[arg(long, value_name = "KEY[=VALUE]", help_heading = "Filters")]
    except_tag: Vec<String>,
    /// The state at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    as_of: Option<String>,
    /// The AWS profile to use for logs in S3 [default: as the AWS CLI]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Also list what cannot be told, and why
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

/// How close the resources of a policy are.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Resources {
    Exact,
    Pattern,
    Any,
}

#[derive(Debug, Args)]
pub struct Generate {
    /// The ARN of a user, role, session or root user
    #[arg(value_name = "PRINCIPAL")]
    principal: String,
    /// CloudTrail's logs: files, folders, s3://BUCKET/PREFIX, SQS queues, or - for standard input
    #[arg(value_name = "SOURCE", required = true, value_hint = ValueHint::AnyPath)]
    sources: Vec<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// Resources: exact, as the logs tell them; pattern, objects by folder and patterns for many; any, `*`
    #[arg(long, value_name = "HOW", value_enum, default_value = "pattern", hide_possible_values = true)]
    resources: Resources,
    /// Also tell what the policy would take from the recorded principal
    #[arg(long)]
    compare: bool,
    /// Compare with the record of this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME", requires = "compare")]
    as_of: Option<String>,
    /// policy, or json for one document with what the logs do not show
    #[arg(long, short, value_name = "FORMAT", default_value = "policy", help_heading = "Output")]
    format: String,
}

/// Exit code 1 when something is unused.
pub fn unused(app: &App, screen: &Screen, arguments: Unused) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let request = UnusedRequest {
        days: arguments.days,
        kinds: arguments.types,
        accounts: arguments.account,
        except_accounts: arguments.except_account,
        except_tags: arguments.except_tag,
        logs: LogRequest { sources: arguments.logs, profile: arguments.profile, ..LogRequest::default() },
        as_of: arguments.as_of,
        all: arguments.all,
    };
    let answer = interruptible(screen, async |bar, stop| app.unused_access(&request, bar, stop).await)?;
    if answer.interrupted {
        return Err(UserError::said("unused-interrupted"));
    }
    for caution in &answer.cautions {
        screen.warn(caution, "");
    }
    screen.table(&answer.table, format)?;
    if answer.incomplete {
        screen.say("unused-incomplete", &[]);
        return Ok(Exit::Failed);
    }
    Ok(if answer.found > 0 { Exit::Findings } else { Exit::Clean })
}

/// Exit code 1 when the logs show nothing that the principal used.
pub fn generate(app: &App, screen: &Screen, arguments: Generate) -> Result<Exit> {
    let with_json = match &*arguments.format {
        "policy" => false,
        "json" => true,
        word => return Err(UserError::said("generate-format").arg("word", word)),
    };
    let request = GenerateRequest {
        principal: arguments.principal,
        logs: arguments.wanted.request(arguments.sources),
        resources: match arguments.resources {
            Resources::Exact => GenerateResources::Exact,
            Resources::Pattern => GenerateResources::Patterns,
            Resources::Any => GenerateResources::Any,
        },
        compare: arguments.compare,
        as_of: arguments.as_of,
    };
    let answer = interruptible(screen, async |bar, stop| app.generate_policy(&request, bar, stop).await)?;
    if answer.interrupted {
        return Err(UserError::said("generate-interrupted"));
    }
    for note in &answer.notes {
        let arguments: Vec<(&str, serde_json::Value)> =
            note.args.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        screen.say(&note.id, &arguments);
    }
    if with_json {
        json(screen, &answer.json)?;
    } else {
        for policy in &answer.policies {
            screen.text(&format!("{policy}\n"))?;
        }
    }
    if answer.incomplete {
        screen.say("generate-incomplete", &[]);
        return Ok(Exit::Failed);
    }
    Ok(if answer.policies.is_empty() { Exit::Findings } else { Exit::Clean })
}
