//! Reading logs and finding threats in them, beside inflating, a JSON parser and DuckDB.
//!
//! ```text
//! bench-logs make FOLDER [MEGABYTES]              writes the corpora: CloudTrail, JSON lines, flow logs (default 20)
//! bench-logs run FOLDER RULES [ROUNDS]            all of it, beside the peers, in one table
//! bench-logs stream EVENTS PRINCIPALS [RULES]     memory and state after so many, which are made in memory
//! bench-logs lists FOLDER ENTRIES [RULES]         CloudTrail and flow logs, with threat lists of so many entries
//! bench-logs one WHAT FOLDER [THREADS] [RULES]    one piece of work, its cost as JSON
//! ```

mod cloudtrail;
mod corpus;
mod cost;
mod flow;
mod organization;
mod random;
mod run;
mod stream;
mod work;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", place] => corpus::make(Path::new(place), 20),
        ["make", place, size] => corpus::make(Path::new(place), size.parse().context("MEGABYTES is a number")?),
        ["run", place, rules] => run::all(Path::new(place), Path::new(rules), 3),
        ["run", place, rules, rounds] => run::all(Path::new(place), Path::new(rules), rounds.parse()?),
        ["stream", events, principals] => stream::all(events.parse()?, principals.parse()?, None),
        ["stream", events, principals, rules] => {
            stream::all(events.parse()?, principals.parse()?, Some(Path::new(rules)))
        }
        ["lists", place, entries] => lists(Path::new(place), entries.parse()?, None),
        ["lists", place, entries, rules] => lists(Path::new(place), entries.parse()?, Some(Path::new(rules))),
        ["one", what, place] => one(what, Path::new(place), 1, None),
        ["one", what, place, threads] => one(what, Path::new(place), threads.parse()?, None),
        ["one", what, place, threads, rules] => one(what, Path::new(place), threads.parse()?, Some(Path::new(rules))),
        _ => bail!("bench-logs make | run | stream | lists | one: see the first lines of its source"),
    }
}

/// Six lists of so many entries each, beside the same lists with one entry each.
fn lists(folder: &Path, entries: u32, rules: Option<&Path>) -> Result<()> {
    for what in ["cloudtrail", "flow"] {
        let files = corpus::files(&folder.join(what))?;
        for entries in [1, entries, 1, entries] {
            let watch = work::Watch::listed(rules, entries)?;
            let cost = cost::of(|| work::detect(&watch, &files, 1))?;
            println!("{what}, six lists of {entries}: {:.2} s of CPU, peak {} MiB", cost.cpu, cost.peak >> 20);
        }
    }
    Ok(())
}

fn one(what: &str, folder: &Path, threads: usize, rules: Option<&Path>) -> Result<()> {
    let of = |name: &str| -> Result<Vec<PathBuf>> { corpus::files(&folder.join(name)) };
    // Compiling the rules is no part of it: it is told by itself.
    let (begun, watch) = (std::time::Instant::now(), work::Watch::new(rules)?);
    let compiled = begun.elapsed().as_secs_f64();
    let mut cost = match what {
        "read" => cost::of(|| work::read(&of("cloudtrail")?, threads)),
        "read-lines" => cost::of(|| work::read(&of("lines")?, threads)),
        "read-flow" => cost::of(|| work::read_flows(&of("flow")?, threads)),
        "detect" => cost::of(|| work::detect(&watch, &of("cloudtrail")?, threads)),
        "detect-flow" => cost::of(|| work::detect(&watch, &of("flow")?, threads)),
        other => bail!("no work `{other}`"),
    }?;
    cost.told.insert("compiled".into(), compiled.into());
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}
