//! The `haechi` binary: arguments, terminal, progress and exit code. What commands do is in crate app.

mod arguments;
mod commands;
mod detect;
mod help;
mod iam;
mod iam_ask;
mod iam_external;
mod iam_paths;
mod iam_policies;
mod iam_sharing;
mod iam_unused;
mod investigate;
mod live;
mod log_search;
mod logs;
mod notify;
mod org;
mod org_center;
mod org_whatif;
mod progress;
mod purge;
mod query;
mod record;
mod record_every;
mod resources;
mod respond;
mod screen;

use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering};

use clap::FromArgMatches as _;
use haechi_app::{App, Exit, SettingsFile, UserError};
use haechi_content::Language;

use arguments::{Cli, Global};

/// Answers and items are made of many small pieces: with the system's allocator a third of the processor time of
/// collecting is spent in it (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let wanted = language_before_parsing();
    let matches = match help::command(wanted).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // `--help` and `--version` go to stdout and are no error; a broken pipe is nobody's fault.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Failed.code() } else { Exit::Clean.code() });
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(Exit::Failed.code());
        }
    };
    log_to_stderr(&cli.global);
    // The settings file may name the language; until it has been read, an error is in what is wanted without it.
    let (ended, language) = match open(&cli.global) {
        Ok((app, screen)) => (commands::run(&app, &screen, cli.command), screen.language),
        Err(error) => (Err(error), wanted),
    };
    match ended {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            screen::error(&error, language);
            ExitCode::from(Exit::Failed.code())
        }
    }
}

/// The language has to be known before the arguments are read: help is in it too.
fn language_before_parsing() -> Language {
    let mut words = std::env::args();
    let mut flag = None;
    while let Some(word) = words.next() {
        match word.strip_prefix("--lang") {
            Some("") => flag = words.next(),
            Some(rest) if rest.starts_with('=') => flag = Some(rest[1..].to_owned()),
            _ => {}
        }
    }
    let given = flag.or_else(|| std::env::var("HAECHI_LANG").ok());
    given.as_deref().and_then(|word| word.parse().ok()).unwrap_or_else(locale)
}

/// The locale's language, as POSIX orders its variables; English where it is none of ours.
fn locale() -> Language {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

fn open(global: &Global) -> Result<(App, screen::Screen), UserError> {
    let usual = usual_settings();
    let mut settings = SettingsFile::load(global.config.as_deref(), &usual)?;
    if global.iam_data.is_some() {
        settings.iam_data.clone_from(&global.iam_data);
    }
    let language = match global.lang.as_deref().or(settings.lang.as_deref()) {
        Some(word) => word.parse().map_err(|_| UserError::said("error-language").arg("word", word))?,
        None => locale(),
    };
    let store = global.store.clone().or_else(|| settings.store.clone());
    let store = match store {
        Some(path) => path,
        None => default_store()?,
    };
    let content = global.content.clone().or_else(|| settings.content.clone());
    let app = App::open(haechi_app::Options {
        store,
        content,
        settings,
        language,
        version: env!("CARGO_PKG_VERSION"),
        clock: now,
    })?;
    Ok((app, screen::Screen::new(language, global.quiet)))
}

static LATEST: AtomicI64 = AtomicI64::new(i64::MIN);

fn now() -> haechi_model::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    // A clock that jumps back would date what is seen now before what was seen: within a run it stands still instead.
    haechi_model::Timestamp::from_micros(micros.max(LATEST.fetch_max(micros, Ordering::Relaxed)))
}

fn usual_settings() -> Vec<std::path::PathBuf> {
    use etcetera::BaseStrategy as _;
    let mut places = vec![std::path::PathBuf::from("haechi.toml")];
    if let Ok(base) = etcetera::choose_base_strategy() {
        places.push(base.config_dir().join("haechi").join("haechi.toml"));
    }
    places
}

fn default_store() -> Result<std::path::PathBuf, UserError> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy()
        .map_err(|error| UserError::said("error-data-directory").because(error).help("advice-name-store"))?;
    Ok(base.data_dir().join("haechi").join("haechi.db"))
}

fn log_to_stderr(global: &Global) {
    let level = match global.verbose {
        0 => "error",
        1 => "haechi=info,haechi_app=info,haechi_aws=info,haechi_inventory=info,haechi_store=info,warn",
        _ => "haechi=trace,haechi_app=trace,haechi_aws=trace,haechi_inventory=trace,haechi_store=trace,info",
    };
    let filter = std::env::var("HAECHI_LOG").unwrap_or_else(|_| level.to_owned());
    let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(filter);
    let colour = screen::stderr_has_colour();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .init();
}
