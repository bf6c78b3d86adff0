//! `haechi record --every`: the recorder that stays, with a line for each pass.

use clap::Args;
use haechi_app::{App, Exit, PassLine, RecordRequest, Result, Stop, WatchRequest};
use haechi_report::Format;

use crate::commands::{runtime, stop_on_interrupt};
use crate::progress::Bar;
use crate::screen::Screen;

#[derive(Debug, Args)]
pub struct Every {
    /// Stay, and record again and again: 15m, 1h. With --full-every, how often the sources of --from are looked at
    #[arg(long, value_name = "SPAN", conflicts_with = "plan", help_heading = "Recorder")]
    every: Option<String>,
    /// Make all listings only so often, such as 24h; between, only what --from tells of
    #[arg(long, value_name = "SPAN", conflicts_with = "plan", help_heading = "Recorder")]
    full_every: Option<String>,
    /// Hear of changes between passes: a folder of CloudTrail or AWS Config files, s3://bucket/prefix, or the URL or
    /// ARN of an SQS queue. Repeatable
    #[arg(long, value_name = "SOURCE", conflicts_with = "plan", help_heading = "Recorder")]
    from: Vec<String>,
    /// With --every: look for threats in what is new in these logs at each pass, keep them, and tell the destinations of
    /// the settings: files, folders, s3://bucket/prefix, SQS queues. Repeatable
    /// [default: `logs` under `[detect]` of the settings]
    #[arg(long, value_name = "SOURCE", conflicts_with = "plan", help_heading = "Recorder")]
    logs: Vec<String>,
}

impl Every {
    pub fn is_asked(&self) -> bool {
        self.every.is_some() || self.full_every.is_some() || !self.from.is_empty() || !self.logs.is_empty()
    }

    pub fn run(self, app: &App, screen: &Screen, record: RecordRequest, format: Format) -> Result<Exit> {
        let request =
            WatchRequest { record, every: self.every, full_every: self.full_every, from: self.from, logs: self.logs };
        let stop = Stop::default();
        let mut told = |line: PassLine| {
            if format == Format::Json {
                // A reader that has gone away ends the program: `text` sees to that.
                let _ = screen.text(&format!("{}\n", line.value));
            } else {
                screen.say_at(line.at, &line.said);
            }
        };
        // No bar: a log has none. Warnings are said all the same.
        let bar = Bar::new(*screen, false);
        runtime()?.block_on(async {
            tokio::spawn(stop_on_interrupt(stop.clone()));
            app.watch(&request, &bar, &mut told, &stop).await
        })?;
        Ok(Exit::Clean)
    }
}
