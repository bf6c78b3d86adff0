//! `haechi iam`: who may do what.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use haechi_app::{Answers, App, Exit, Result, UserError};

use crate::screen::Screen;

#[derive(Debug, Subcommand)]
pub enum Iam {
    /// Decide requests as AWS does, over all policies that bear on them, and say why
    #[command(after_help = "Examples:
  haechi iam simulate --batch questions.jsonl > answers.jsonl
  haechi iam simulate --batch - --no-explain < questions.jsonl

A line of a batch is one question with everything in it: request, identityPolicies, permissionBoundaries,
sessionPolicy, scps, rcps, resourcePolicy, endpointPolicies and settings. docs/iam.md shows one, and its answer.

Exit codes: 0 every line is answered; 2 some line could not be read (its record says why).")]
    Simulate(Simulate),
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// Answer self-contained questions, one JSON object a line; `-`: from stdin
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub batch: Option<PathBuf>,
    /// Decisions only, without layers and reasons
    #[arg(long)]
    pub no_explain: bool,
}

pub fn run(app: &App, screen: &Screen, command: Iam) -> Result<Exit> {
    match command {
        Iam::Simulate(arguments) => simulate(app, screen, &arguments),
    }
}

fn simulate(app: &App, screen: &Screen, arguments: &Simulate) -> Result<Exit> {
    let answers = if arguments.no_explain { Answers::Short } else { Answers::Explained };
    let path = arguments.batch.clone().unwrap_or_else(|| PathBuf::from("-"));
    let mut out = screen.stream();
    let summary = if path == *"-" {
        app.simulate_batch(&mut std::io::stdin().lock(), answers, &mut out)
    } else {
        let file = std::fs::File::open(&path)
            .map_err(|error| UserError::said("iam-batch-open").arg("path", path.display()).because(error))?;
        app.simulate_batch(&mut std::io::BufReader::with_capacity(1 << 18, file), answers, &mut out)
    };
    out.end()?;
    let summary = summary?;
    if summary.unanswered == 0 {
        return Ok(Exit::Clean);
    }
    let all = summary.answered + summary.unanswered;
    screen.say("iam-batch-unanswered", &[("count", summary.unanswered.into()), ("all", all.into())]);
    Ok(Exit::Failed)
}
