//! `haechi notify`: where notices of threats go, and what has not arrived.

use std::time::Duration;

use clap::{Args, Subcommand};
use haechi_app::{App, Exit, Notified, Result, UserError};
use haechi_report::{Format, ThreatReport};

use crate::commands::{interruptible, one_of, runtime};
use crate::screen::Screen;

#[derive(Debug, Subcommand)]
pub enum Notify {
    /// Send a sample to every destination of the settings, once
    Test {
        /// table, json, jsonl or csv
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// List the notices that have not arrived: waiting, or dead after too many attempts
    List {
        /// Also those that have arrived
        #[arg(long)]
        all: bool,
        /// table, json, jsonl or csv
        #[arg(long, short, value_name = "FORMAT", default_value = "table")]
        format: String,
    },
    /// Send notices again that have not arrived
    Retry(Retry),
}

#[derive(Debug, Args)]
pub struct Retry {
    /// Their numbers [default: all]
    numbers: Vec<i64>,
    /// Seconds to go on trying
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
}

const LISTS: [Format; 4] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv];

/// How long a run goes on trying, in seconds; what has not arrived then waits for the next one.
const WAIT: u64 = 30;

/// Tells the destinations of the settings. What does not arrive is kept, and does not change how the run ends.
pub fn tell(app: &App, screen: &Screen, report: &ThreatReport) -> Result<()> {
    if app.settings().notify.is_empty() {
        return Err(UserError::said("error-notify-none").help("advice-notify-settings"));
    }
    let sent = interruptible(screen, async |_, stop| app.notify(report, Duration::from_secs(WAIT), stop).await)?;
    say(screen, sent);
    Ok(())
}

fn say(screen: &Screen, sent: Notified) {
    let Notified { delivered, waiting, dead, .. } = sent;
    screen.say("notify-sent", &[("delivered", delivered.into()), ("waiting", waiting.into()), ("dead", dead.into())]);
}

pub fn run(app: &App, screen: &Screen, command: Notify) -> Result<Exit> {
    match command {
        Notify::Test { format } => {
            let format = one_of(&format, &LISTS)?;
            let (table, good) = runtime()?.block_on(app.notify_test())?;
            screen.table(&table, format)?;
            Ok(if good { Exit::Clean } else { Exit::Failed })
        }
        Notify::List { all, format } => {
            let format = one_of(&format, &LISTS)?;
            screen.table(&app.notices(all)?, format).map(|()| Exit::Clean)
        }
        Notify::Retry(Retry { numbers, wait }) => {
            let sent = interruptible(screen, async |_, stop| {
                app.notify_retry(&numbers, Duration::from_secs(wait), stop).await
            })?;
            say(screen, sent);
            Ok(if sent.waiting + sent.dead == 0 { Exit::Clean } else { Exit::Failed })
        }
    }
}
