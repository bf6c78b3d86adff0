//! `haechi iam actions` and `haechi iam lint`: what can be allowed, and whether policies are sound.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use haechi_app::{ActionsRequest, App, CheckClass, Exit, LintKind, LintRequest, ResourceKindLimits, Result, UserError};
use haechi_report::{Format, LintFormat};

use crate::commands::one_of;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Actions {
    /// Actions or patterns: s3:GetObject, 's3:Put*', '*:*Tag*'
    #[arg(value_name = "PATTERN", required = true)]
    pub pattern: Vec<String>,
    /// Only of this access level: list, read, write, tagging, permissions-management
    #[arg(long, value_name = "LEVEL", value_delimiter = ',')]
    pub level: Vec<String>,
    /// Only those that can be about this ARN, or pattern of ARNs
    #[arg(long, value_name = "ARN")]
    pub resource: Option<String>,
    /// Only those that have this condition key
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// table, json, jsonl or csv
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub format: String,
}

#[derive(Debug, Args)]
pub struct Lint {
    /// Policies: files, folders (their .json files), or -: standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, required_unless_present = "checks")]
    pub files: Vec<PathBuf>,
    /// Type of policy: identity, resource, trust, scp, rcp [default: told by the content and the file's name]
    #[arg(long = "type", id = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// What the policy is attached to: AWS::S3::Bucket, AWS::KMS::Key ...
    #[arg(long, value_name = "TYPE")]
    pub resource_type: Option<String>,
    /// Exit code 1 from this class on: error, security-warning, warning, suggestion, never [default: security-warning]
    #[arg(long, value_name = "CLASS", default_value = "security-warning", hide_default_value = true)]
    pub fail_on: String,
    /// table, json, jsonl, csv or sarif
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub format: String,
    /// List all checks, and which of them are done
    #[arg(long)]
    pub checks: bool,
}

const ROWS: [Format; 4] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv];

pub fn actions(app: &App, screen: &Screen, arguments: Actions) -> Result<Exit> {
    let format = one_of(&arguments.format, &ROWS)?;
    let request = ActionsRequest {
        patterns: arguments.pattern,
        levels: arguments.level,
        resource: arguments.resource,
        key: arguments.key,
    };
    let table = app.iam_actions(&request)?;
    screen.table(&table, format)?;
    Ok(if table.rows.is_empty() { Exit::Findings } else { Exit::Clean })
}

pub fn lint(app: &App, screen: &Screen, arguments: Lint) -> Result<Exit> {
    if arguments.checks {
        screen.table(&app.lint_checks(), one_of(&arguments.format, &ROWS)?)?;
        return Ok(Exit::Clean);
    }
    let format = match &*arguments.format.to_ascii_lowercase() {
        "sarif" => LintFormat::Sarif,
        word => LintFormat::Rows(one_of(word, &ROWS)?),
    };
    let least = match &*arguments.fail_on {
        "never" => None,
        word => Some(word_of("fail-on", word, &CheckClass::ALL, CheckClass::as_str)?),
    };
    let kind =
        arguments.kind.as_deref().map(|word| word_of("type", word, &LintKind::ALL, LintKind::as_str)).transpose()?;
    let resource = arguments.resource_type.as_deref().map(|word| {
        let names = || haechi_app::RESOURCE_KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        ResourceKindLimits::of(word).ok_or_else(|| {
            UserError::said("error-flag").arg("flag", "resource-type").arg("text", format!("{word}: {}", names()))
        })
    });
    let request = LintRequest { paths: arguments.files, kind, resource: resource.transpose()? };
    let answer = app.lint_policies(&request, &mut std::io::stdin().lock())?;
    screen.lint(&answer.output, format)?;
    for error in &answer.unreadable {
        crate::screen::error(error, screen.language);
    }
    let fails = least.is_some_and(|least| answer.worst.is_some_and(|worst| worst >= least));
    if !answer.unreadable.is_empty() {
        return Ok(Exit::Failed);
    }
    Ok(if fails { Exit::Findings } else { Exit::Clean })
}

fn word_of<T: Copy>(flag: &str, word: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
    all.iter().copied().find(|one| name(*one).eq_ignore_ascii_case(word)).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
        UserError::said("error-flag").arg("flag", flag).arg("text", format!("{word}: {}", names.join(", ")))
    })
}
