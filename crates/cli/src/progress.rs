//! Shows how far a command is: one line on a terminal, nothing elsewhere.

use std::sync::Mutex;
use std::time::Duration;

use haechi_app::{Collecting, Progress, Step};
use haechi_i18n::Catalog;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::screen::Screen;

pub struct Bar {
    bar: ProgressBar,
    catalog: Mutex<Catalog>,
    screen: Screen,
}

impl Bar {
    /// `shown` is false for `--quiet` and where stderr is no terminal.
    pub fn new(screen: Screen, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr_with_hz(8) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if shown {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, catalog: Mutex::new(Catalog::new(screen.language)), screen }
    }

    fn line(&self, id: &str, args: &[(&str, serde_json::Value)]) -> String {
        self.catalog.lock().map(|catalog| catalog.with(id, args)).unwrap_or_default()
    }

    /// One account is measured by its listings; of many, the listings of those to come are not known.
    fn collecting(&self, state: &Collecting) {
        let text = self.line(
            "progress-collecting",
            &[
                ("items", json!(state.items)),
                ("calls", json!(state.calls)),
                ("throttled", json!(state.throttled)),
                ("now", json!(state.now)),
            ],
        );
        if state.accounts > 1 {
            let listings =
                self.line("progress-listings", &[("done", json!(state.done)), ("total", json!(state.total))]);
            self.measured(state.accounts_done as u64, state.accounts as u64, format!("{listings} · {text}"));
        } else {
            self.measured(state.done as u64, state.total as u64, text);
        }
    }

    fn measured(&self, done: u64, total: u64, text: String) {
        // The template is ours: it is right.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bar:24} {pos}/{len}  {wide_msg}") {
            self.bar.set_style(style);
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(text);
    }
}

impl Progress for Bar {
    fn step(&self, step: Step) {
        match step {
            Step::Collecting(state) => self.collecting(&state),
            Step::Reading { files, items, now } => {
                let text = self
                    .line("progress-reading", &[("files", json!(files)), ("items", json!(items)), ("now", json!(now))]);
                self.bar.set_message(text);
            }
            Step::Judging { items, of } => {
                let text = self.line("progress-judging", &[]);
                self.measured(items, of, text);
            }
            Step::Warning(message) => self.bar.suspend(|| self.screen.warn(&message, "")),
            Step::Done => self.bar.finish_and_clear(),
        }
    }
}
