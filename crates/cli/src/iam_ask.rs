//! `haechi iam simulate --principal`, `who-can` and `what-can`: questions to the recorded organization.

use clap::{Args, ValueHint};
use haechi_app::{
    AccessAnswers, AccessDecision, AccessRequest, AccessScope, App, Exit, Result, UserError, WhatCanRequest,
    WhoCanRequest,
};
use haechi_report::Format;

use crate::commands::one_of;
use crate::screen::Screen;

/// What every question to the record can say.
#[derive(Debug, Args)]
pub struct Scope {
    /// A condition key of the request; for a list, once for each value
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Request")]
    pub context: Vec<String>,
    /// The account that owns the resource, where neither its ARN nor the record says
    #[arg(long, value_name = "ACCOUNT", help_heading = "Request")]
    pub resource_account: Option<String>,
    /// As if there were no SCPs
    #[arg(long, help_heading = "Request")]
    pub no_scps: bool,
    /// The state at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME", help_heading = "Request")]
    pub as_of: Option<String>,
}

/// One request to decide over the recorded organization.
#[derive(Debug, Args)]
pub struct One {
    /// Who asks: the ARN of a user, role or session, an account id for its root user, a service (ec2.amazonaws.com),
    /// or `*` for somebody without credentials
    #[arg(long, value_name = "ARN", requires = "action", conflicts_with = "batch", help_heading = "Request")]
    pub principal: Option<String>,
    /// What is asked for, such as s3:GetObject
    #[arg(long, value_name = "ACTION", requires = "principal", help_heading = "Request")]
    pub action: Option<String>,
    /// The ARN of the resource; `*`: the action has none
    #[arg(long, value_name = "ARN", default_value = "*", help_heading = "Request")]
    pub resource: String,
    #[command(flatten)]
    pub scope: Scope,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: String,
}

#[derive(Debug, Args)]
pub struct WhoCan {
    /// What is asked for, such as s3:GetObject
    #[arg(value_name = "ACTION")]
    pub action: String,
    /// The ARN of the resource, or a pattern for many (arn:aws:s3:::notes/*); `*`: the action has none
    #[arg(value_name = "RESOURCE", default_value = "*", value_hint = ValueHint::Other)]
    pub resource: String,
    #[command(flatten)]
    pub scope: Scope,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: String,
}

#[derive(Debug, Args)]
pub struct WhatCan {
    /// The ARN of a user, role or session, an account id for its root user, a service, or `*`
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    /// Only the actions of this service (s3); repeatable
    #[arg(long, value_name = "SERVICE", help_heading = "Request")]
    pub service: Vec<String>,
    /// Only with this resource [default: whatever the policies name]
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    pub resource: Option<String>,
    #[command(flatten)]
    pub scope: Scope,
    /// table, json, jsonl or csv
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: String,
}

impl From<Scope> for AccessScope {
    fn from(scope: Scope) -> AccessScope {
        AccessScope {
            as_of: scope.as_of,
            context: scope.context,
            without_scps: scope.no_scps,
            resource_account: scope.resource_account,
        }
    }
}

/// Decides one request: exit code 1 when it is not allowed.
pub fn simulate(app: &App, screen: &Screen, arguments: One) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json])?;
    let request = AccessRequest {
        principal: arguments.principal.unwrap_or_default(),
        action: arguments.action.unwrap_or_default(),
        resource: arguments.resource,
        scope: arguments.scope.into(),
    };
    let AccessDecision { allowed, table, record, cautions } = app.simulate_recorded(&request)?;
    for caution in &cautions {
        screen.warn(caution, "");
    }
    if format == Format::Json {
        let text = serde_json::to_string_pretty(&record).map_err(UserError::verbatim)?;
        screen.text(&text)?;
    } else {
        screen.table(&table, format)?;
    }
    Ok(if allowed { Exit::Clean } else { Exit::Findings })
}

/// Who can: everybody but those who certainly cannot.
pub fn who_can(app: &App, screen: &Screen, arguments: WhoCan) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let request =
        WhoCanRequest { action: arguments.action, resource: arguments.resource, scope: arguments.scope.into() };
    show(screen, &app.who_can(&request)?, format)
}

/// What a principal can: everything but what it certainly cannot.
pub fn what_can(app: &App, screen: &Screen, arguments: WhatCan) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Jsonl, Format::Csv])?;
    let request = WhatCanRequest {
        principal: arguments.principal,
        services: arguments.service,
        resource: arguments.resource,
        scope: arguments.scope.into(),
    };
    show(screen, &app.what_can(&request)?, format)
}

fn show(screen: &Screen, answers: &AccessAnswers, format: Format) -> Result<Exit> {
    for caution in &answers.cautions {
        screen.warn(caution, "");
    }
    screen.table(&answers.table, format)?;
    Ok(Exit::Clean)
}
