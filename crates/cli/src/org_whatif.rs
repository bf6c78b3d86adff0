//! `haechi org whatif` and `haechi org policies`: what a change of guardrails would do, and what is in force.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};
use haechi_app::{App, Exit, OrgChange, Result, UserError, WhatIfRequest};
use haechi_report::Format;

use crate::commands::{interruptible, json, one_of};
use crate::logs::Wanted;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct WhatIf {
    #[command(flatten)]
    changes: Changes,
    /// CloudTrail's logs to ask again: files, folders, s3://BUCKET/PREFIX, SQS queues, or - for standard input
    #[arg(long, value_name = "SOURCE", num_args = 1.., value_hint = ValueHint::AnyPath)]
    logs: Vec<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// The organization as it was at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// List every kind of call, also those to which nothing happens
    #[arg(long, help_heading = "Output")]
    all: bool,
    /// table, json, or csv or jsonl for the calls
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

/// Changes in the order of the command line: `--to` and `--from` belong to what stands before them.
#[derive(Debug)]
struct Changes(Vec<OrgChange>);

impl Args for Changes {
    fn augment_args(command: Command) -> Command {
        let flag = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name(value).help(help).action(ArgAction::Append)
        };
        let attach =
            flag("attach", "POLICY", "Attach a policy: a file with a new one, or the id or name of one that is there");
        command
            .arg(attach.value_hint(ValueHint::AnyPath))
            .arg(flag("detach", "POLICY", "Detach a policy, by id or name"))
            .arg(flag("move", "ACCOUNT", "Move an account, by id or name"))
            .arg(flag("to", "TARGET", "Where to attach or move: an id, a name, a path such as Root/Workloads, or ROOT"))
            .arg(flag("from", "TARGET", "What to detach from"))
            .arg(
                Arg::new("replace")
                    .long("replace")
                    .value_names(["POLICY", "FILE"])
                    .num_args(2)
                    .action(ArgAction::Append)
                    .help("Replace what a policy says by a file"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Changes {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let wrong = |text: String| clap::Error::raw(clap::error::ErrorKind::MissingRequiredArgument, text + "\n");
        let mut words: Vec<(usize, &str, String)> = Vec::new();
        for name in ["attach", "detach", "move", "to", "from"] {
            let places = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            words.extend(places.zip(values).map(|(at, value)| (at, name, value.clone())));
        }
        let places: Vec<usize> = matches.indices_of("replace").into_iter().flatten().collect();
        let values: Vec<&String> = matches.get_many::<String>("replace").into_iter().flatten().collect();
        let mut changes: Vec<(usize, OrgChange)> = Vec::new();
        for (place, pair) in places.chunks(2).zip(values.chunks(2)) {
            if let ([at, ..], [policy, file]) = (place, pair) {
                let change = OrgChange::Replace { policy: (*policy).clone(), file: PathBuf::from(file) };
                changes.push((*at, change));
            }
        }
        words.sort();
        let mut words = words.into_iter();
        while let Some((at, name, what)) = words.next() {
            let (wanted, next) = (if name == "detach" { "from" } else { "to" }, words.next());
            let target = match next {
                _ if matches!(name, "to" | "from") => {
                    return Err(wrong(format!(
                        "--{name} {what} belongs to nothing: write it behind --attach, --detach or --move"
                    )));
                }
                Some((_, given, target)) if given == wanted => target,
                _ => return Err(wrong(format!("--{name} {what} needs a --{wanted} TARGET behind it"))),
            };
            changes.push((
                at,
                match name {
                    "attach" => OrgChange::Attach { what, to: target },
                    "detach" => OrgChange::Detach { policy: what, from: target },
                    _ => OrgChange::Move { account: what, to: target },
                },
            ));
        }
        changes.sort_by_key(|(at, _)| *at);
        Ok(Changes(changes.into_iter().map(|(_, change)| change).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Exit code 1 when a call that was made would be denied.
pub fn whatif(app: &App, screen: &Screen, arguments: WhatIf) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json, Format::Csv, Format::Jsonl])?;
    let request = WhatIfRequest {
        changes: arguments.changes.0,
        logs: arguments.wanted.request(arguments.logs),
        as_of: arguments.as_of,
        all: arguments.all,
    };
    let answer = interruptible(screen, async |bar, stop| app.org_whatif(&request, bar, stop).await)?;
    for caution in &answer.cautions {
        screen.warn(caution, "");
    }
    match format {
        Format::Json => json(screen, &answer.json)?,
        Format::Table => page(screen, &answer.page)?,
        _ => screen.table(&answer.calls, format)?,
    }
    if answer.interrupted {
        return Err(UserError::said("whatif-interrupted"));
    }
    if answer.incomplete {
        screen.say("whatif-incomplete", &[]);
    }
    Ok(if answer.denied > 0 { Exit::Findings } else { Exit::Clean })
}

#[derive(Debug, Args)]
pub struct Policies {
    /// A root, unit or account, by id, name or path; left out: the whole organization
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// The organization as it was at this moment (2026-11-22, 2026-11-22T09:30+09:00, or 3d for three days ago)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// table or json
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: String,
}

/// Exit code 1 when there is a mistake that breaks accounts or does nothing at all.
pub fn policies(app: &App, screen: &Screen, arguments: &Policies) -> Result<Exit> {
    let format = one_of(&arguments.format, &[Format::Table, Format::Json])?;
    let found = app.org_policies(arguments.target.as_deref(), arguments.as_of.as_deref())?;
    for caution in &found.cautions {
        screen.warn(caution, "");
    }
    if format == Format::Json {
        json(screen, &found.json)?;
    } else {
        page(screen, &found.page)?;
    }
    Ok(if found.errors > 0 { Exit::Findings } else { Exit::Clean })
}

/// Tables, each under its heading.
fn page(screen: &Screen, tables: &[(haechi_model::Message, haechi_report::Table)]) -> Result<()> {
    for (number, (heading, table)) in tables.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        screen.text(&format!("{gap}{}\n", screen.words(&heading.id, &[])))?;
        screen.table(table, Format::Table)?;
    }
    Ok(())
}
