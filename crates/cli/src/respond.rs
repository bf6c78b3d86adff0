//! `haechi respond`: plans of changes from playbooks, their approval, apply and undo.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use haechi_app::{
    ActAs, App, Conducted, Exit, Force, GoOn, Hand, Phase, PlanView, RespondRequest, Result, Stop, UserError, plan_list,
};
use haechi_model::Message;
use haechi_report::Format;

use crate::commands::{IN_FULL, json, one_of, runtime, stop_on_interrupt, user};
use crate::screen::Screen;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Respond {
    #[command(subcommand)]
    command: Option<RespondCommand>,
    #[command(flatten)]
    make: Make,
}

/// As whom AWS is called.
#[derive(Debug, Clone, Args)]
pub struct Act {
    /// The AWS profile to use, whatever keys the environment holds [default: as the AWS CLI]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// A role to take on in the account of the plan, by name or ARN; it must be able to make the calls
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID", requires = "role")]
    external_id: Option<String>,
}

impl Act {
    pub(crate) fn as_asked(&self) -> ActAs {
        ActAs { profile: self.profile.clone(), role: self.role.clone(), external_id: self.external_id.clone() }
    }
}

#[derive(Debug, Args)]
pub struct Make {
    /// The playbook, as `haechi respond list` names it
    #[arg(value_name = "PLAYBOOK", required = true)]
    playbook: Option<String>,
    /// An input of the playbook. Repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// The finding to answer; the playbook takes its inputs from it
    #[arg(long, value_name = "ID", conflicts_with = "finding_file")]
    finding: Option<String>,
    /// A finding in a file (- for standard input): GuardDuty's, as EventBridge or GetFindings gives it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    finding_file: Option<PathBuf>,
    /// The account [default: the finding's, else that of the credentials]
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The region [default: the finding's, else that of the credentials]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// When the undo is due after the plan was applied, such as 24h
    #[arg(long, value_name = "SPAN")]
    expires: Option<String>,
    /// Only make the plan; the default
    #[arg(long, conflicts_with_all = ["apply", "policy"])]
    plan: bool,
    /// Make the plan, ask at the terminal, and apply it
    #[arg(long, conflicts_with = "policy")]
    apply: bool,
    /// Print only the IAM policy that the playbook needs, as JSON; calls nothing
    #[arg(long)]
    policy: bool,
    #[command(flatten)]
    act: Act,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

#[derive(Debug, Subcommand)]
pub enum RespondCommand {
    /// List the playbooks, or show one in full
    List {
        /// The playbook to show
        playbook: Option<String>,
        /// table, json, jsonl or csv
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// List the plans, newest first
    Plans {
        /// table, json, jsonl or csv
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// Show a plan: its calls, who approved it, what was done
    Show {
        /// The plan's id, or as much of its beginning as is unique
        id: String,
        /// table or json
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// Approve a plan; refused when what it was made from has changed
    Approve {
        /// The plan's id, or as much of its beginning as is unique
        id: String,
        /// Who approves
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why, such as a ticket
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        act: Act,
    },
    /// Apply an approved plan
    Apply {
        /// The plan's id, or as much of its beginning as is unique
        id: String,
        /// Go on with a plan that was interrupted or has failed
        #[arg(long)]
        resume: bool,
        #[command(flatten)]
        act: Act,
        /// table or json
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// Take back what a plan has done, the last step first
    Undo {
        /// The plan's id, or as much of its beginning as is unique
        id: String,
        /// Who decides [default: the user's name on this machine]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Why; without it the terminal is asked
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Also where others have changed the state since
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        act: Act,
        /// table or json
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// List the plans whose undo is due, or undo them
    Due {
        /// Undo them
        #[arg(long)]
        undo: bool,
        /// Who decides [default: the user's name on this machine]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[command(flatten)]
        act: Act,
        /// table, json, jsonl or csv
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
}

const LISTS: [Format; 4] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv];

pub fn run(app: &App, screen: &Screen, arguments: Respond) -> Result<Exit> {
    match arguments.command {
        None => make(app, screen, arguments.make),
        Some(RespondCommand::List { playbook: None, format }) => {
            screen.table(&app.playbook_table()?, one_of(&format, &LISTS)?).map(|()| Exit::Clean)
        }
        Some(RespondCommand::List { playbook: Some(playbook), format }) => {
            let format = one_of(&format, &IN_FULL)?;
            let (table, value) = app.playbook(&playbook)?;
            match format {
                Format::Json => json(screen, &value)?,
                _ => screen.table(&table, Format::Table)?,
            }
            Ok(Exit::Clean)
        }
        Some(RespondCommand::Plans { format }) => {
            let format = one_of(&format, &LISTS)?;
            screen.table(&plan_list(&app.responses()?), format).map(|()| Exit::Clean)
        }
        Some(RespondCommand::Show { id, format }) => {
            let format = one_of(&format, &IN_FULL)?;
            shown(screen, &app.response(&id)?, format).map(|()| Exit::Clean)
        }
        Some(RespondCommand::Approve { id, by, reason, act }) => {
            let view = runtime()?.block_on(app.respond_approve(&id, &by, &reason, &act.as_asked()))?;
            screen.say("respond-approved", &[("plan", view.short_id().into())]);
            Ok(Exit::Clean)
        }
        Some(RespondCommand::Apply { id, resume, act, format }) => {
            let format = one_of(&format, &IN_FULL)?;
            let go_on = if resume { GoOn::Yes } else { GoOn::No };
            carried_out(screen, apply(app, screen, &id, go_on, &act)?, format)
        }
        Some(RespondCommand::Undo { id, by, reason, force, act, format }) => {
            let format = one_of(&format, &IN_FULL)?;
            let view = app.response(&id)?;
            let reason = match reason {
                Some(reason) => reason,
                None => confirmed_undo(screen, &view)?,
            };
            let (by, force) = (by.unwrap_or_else(user), if force { Force::Yes } else { Force::No });
            let conducted = conduct(screen, &act, async |hand| app.respond_undo(&id, force, &by, &reason, hand).await)?;
            carried_out(screen, conducted, format)
        }
        Some(RespondCommand::Due { undo, by, act, format }) => due(app, screen, undo, by, &act, &format),
    }
}

fn make(app: &App, screen: &Screen, make: Make) -> Result<Exit> {
    let format = one_of(&make.format, &IN_FULL)?;
    let request = RespondRequest {
        playbook: make.playbook.unwrap_or_default(),
        set: make.set,
        finding: make.finding,
        finding_file: make.finding_file,
        account: make.account,
        region: make.region,
        expires: make.expires,
        act: make.act.as_asked(),
    };
    if make.policy {
        return json(screen, &app.respond_policy(&request)?).map(|()| Exit::Clean);
    }
    let view = runtime()?.block_on(app.respond_plan(&request))?;
    if !make.apply {
        shown(screen, &view, format)?;
        if view.phase == Phase::Planned && view.plan.calls().next().is_some() {
            screen.say("respond-next", &[("plan", view.short_id().into())]);
        }
        return Ok(Exit::Clean);
    }
    if view.plan.calls().next().is_none() {
        return shown(screen, &view, format).map(|()| Exit::Clean);
    }
    if !at_a_terminal() {
        return Err(UserError::said("error-respond-script").help("advice-respond-script").arg("plan", view.short_id()));
    }
    shown(screen, &view, Format::Table)?;
    if !yes(screen, "respond-ask") {
        return Err(UserError::said("respond-declined"));
    }
    let view = app.respond_confirmed(&view, &user())?;
    carried_out(screen, apply(app, screen, &view.stored.id.to_string(), GoOn::No, &make.act)?, format)
}

fn apply(app: &App, screen: &Screen, id: &str, go_on: GoOn, act: &Act) -> Result<Conducted> {
    conduct(screen, act, async |hand| app.respond_apply(id, go_on, hand).await)
}

/// Does something that may be stopped by Ctrl-C, and says each step.
fn conduct<T>(screen: &Screen, act: &Act, work: impl AsyncFnOnce(&Hand<'_>) -> Result<T>) -> Result<T> {
    let stop = Stop::default();
    let act = act.as_asked();
    let tell = |message: &Message| {
        let args: Vec<_> = message.args.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        screen.say(&message.id, &args);
    };
    runtime()?.block_on(async {
        tokio::spawn(stop_on_interrupt(stop.clone()));
        work(&Hand { act: &act, tell: &tell, stop: &stop }).await
    })
}

fn due(app: &App, screen: &Screen, undo: bool, by: Option<String>, act: &Act, format: &str) -> Result<Exit> {
    let format = one_of(format, &LISTS)?;
    if !undo {
        return screen.table(&plan_list(&app.responses_due()?), format).map(|()| Exit::Clean);
    }
    let by = by.unwrap_or_else(user);
    let (views, errors) = conduct(screen, act, async |hand| app.respond_undo_due(&by, hand).await)?;
    screen.table(&plan_list(&views), format)?;
    for error in &errors {
        crate::screen::error(error, screen.language);
    }
    Ok(if errors.is_empty() { Exit::Clean } else { Exit::Failed })
}

pub(crate) fn shown(screen: &Screen, view: &PlanView, format: Format) -> Result<()> {
    match format {
        Format::Json => json(screen, &view.value()),
        _ => screen.table(&view.table(), Format::Table),
    }
}

/// The plan as it stands now; then why it stopped.
fn carried_out(screen: &Screen, conducted: Conducted, format: Format) -> Result<Exit> {
    shown(screen, &conducted.view, format)?;
    match conducted.stopped {
        Some(error) => Err(error),
        None => Ok(Exit::Clean),
    }
}

fn at_a_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Why an undo is made, when nobody has said so: somebody at the terminal says yes.
fn confirmed_undo(screen: &Screen, view: &PlanView) -> Result<String> {
    if !at_a_terminal() {
        return Err(UserError::said("error-respond-reason"));
    }
    shown(screen, view, Format::Table)?;
    match yes(screen, "respond-ask-undo") {
        true => Ok("confirmed at the terminal".to_owned()),
        false => Err(UserError::said("respond-declined")),
    }
}

/// Asks a question; anything but a clear yes is a no.
fn yes(screen: &Screen, question: &str) -> bool {
    eprint!("{} ", screen.words(question, &[]));
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.is_ok() && ["y", "yes", "예", "네", "はい"].contains(&line.trim().to_lowercase().as_str())
}
