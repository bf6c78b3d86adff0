//! Every measurement in one call: each is a process of its own, in alternating order, on the same files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::corpus;
use super::cost::Cost;

/// Who does it, and what it is called in the table.
const WORKS: [(&str, &str); 14] = [
    ("inflate", "libdeflate inflates the files"),
    ("parse", "inflate, and `sonic_rs::Value` of each file"),
    ("read", "Haechi reads, denied calls grouped"),
    ("detect", "Haechi reads, all detections and rules"),
    ("read 2", "Haechi reads, two threads"),
    ("detect 2", "Haechi, all detections and rules, two threads"),
    ("duckdb lines", "DuckDB on JSON lines, denied calls grouped"),
    ("read-lines", "Haechi on JSON lines, denied calls grouped"),
    ("duckdb native", "DuckDB on the files, denied calls grouped"),
    ("duckdb flow", "DuckDB on flow logs, refused grouped"),
    ("read-flow", "Haechi on flow logs, refused grouped"),
    ("detect-flow", "Haechi on flow logs, all detections"),
    ("read-flow 2", "Haechi on flow logs, two threads"),
    ("detect-flow 2", "Haechi on flow logs, all detections, two threads"),
];

pub fn all(folder: &Path, rules: &Path, rounds: usize) -> Result<()> {
    let mut costs: BTreeMap<&str, Vec<Cost>> = BTreeMap::new();
    for round in 0..rounds.max(1) {
        for (work, _) in WORKS {
            // It takes as long as all others together.
            if work == "duckdb native" && round > 0 {
                continue;
            }
            let cost = cost(work, folder, rules)?;
            eprintln!("round {}: {work}: {:.2} s of CPU, {:.2} s", round + 1, cost.cpu, cost.wall);
            costs.entry(work).or_default().push(cost);
        }
    }
    let median = |work: &str| -> Result<&Cost> {
        let costs = &costs[work];
        let mut order: Vec<usize> = (0..costs.len()).collect();
        order.sort_by(|a, b| costs[*a].cpu.total_cmp(&costs[*b].cpu));
        costs.get(order[order.len() / 2]).context("measured")
    };
    println!("| | CPU | wall | events or lines a second of CPU | peak memory |\n|---|---|---|---|---|");
    let events = median("read")?.number("events");
    let lines = median("read-flow")?.number("events");
    for (work, name) in WORKS {
        let cost = median(work)?;
        let count = if work.contains("flow") { lines } else { events };
        println!(
            "| {name} | {:.2} s | {:.2} s | {:.0} | {:.0} MiB |",
            cost.cpu,
            cost.wall,
            count / cost.cpu,
            cost.peak as f64 / f64::from(1 << 20)
        );
    }
    let rows = |work: &str| Ok::<_, anyhow::Error>(median(work)?.told.get("rows").cloned().unwrap_or_default());
    for (ours, theirs) in [("read", "duckdb native"), ("read-lines", "duckdb lines"), ("read-flow", "duckdb flow")] {
        ensure!(rows(ours)? == rows(theirs)?, "{ours}: {}, {theirs}: {}", rows(ours)?, rows(theirs)?);
    }
    println!("\nThe answers of both sides are equal.");
    for work in ["detect", "detect-flow"] {
        let cost = median(work)?;
        let shown = |name: &str| cost.told.get(name).cloned().unwrap_or_default();
        println!(
            "{work}: {} threats, {} bytes of state, {}; {}",
            shown("threats"),
            shown("state"),
            shown("counters"),
            shown("watched")
        );
    }
    for (name, one, other) in [
        ("reading, of the parser's events a second", "parse", "read"),
        ("detecting, of the parser's events a second", "parse", "detect"),
        ("reading beside DuckDB on native files", "duckdb native", "read"),
        ("detecting beside DuckDB on native files", "duckdb native", "detect"),
        ("reading beside DuckDB on JSON lines", "duckdb lines", "read-lines"),
        ("detecting on native files beside DuckDB on JSON lines", "duckdb lines", "detect"),
        ("reading flows beside DuckDB", "duckdb flow", "read-flow"),
        ("detecting in flows beside DuckDB", "duckdb flow", "detect-flow"),
    ] {
        println!("{name}: {:.2}", median(one)?.cpu / median(other)?.cpu);
    }
    for work in ["read", "detect", "read-flow", "detect-flow"] {
        let two = median(WORKS.iter().find(|(name, _)| *name == format!("{work} 2")).context("two")?.0)?;
        println!("{work}, two threads by the clock: {:.2} times one", median(work)?.wall / two.wall);
    }
    Ok(())
}

fn cost(work: &str, folder: &Path, rules: &Path) -> Result<Cost> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (name, argument) = work.split_once(' ').unwrap_or((work, "1"));
    let mut input = String::new();
    let mut command = match name {
        "inflate" | "parse" => {
            for file in corpus::files(&folder.join("cloudtrail"))? {
                input += &format!("{}\n", file.display());
            }
            let built = own.join("../peers/sonic/target/release/bench-sonic");
            let program = std::env::var_os("HAECHI_BENCH_SONIC").map_or(built, PathBuf::from);
            let mut command = Command::new(program);
            command.arg(name);
            command
        }
        "duckdb" => {
            let python = std::env::var_os("HAECHI_DUCKDB_PYTHON").unwrap_or_else(|| "python3".into());
            let mut command = Command::new(python);
            command.arg(own.join("../peers/duckdb_logs.py")).arg(argument).arg(folder).arg("1");
            command
        }
        _ => {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("one").arg(name).arg(folder).arg(argument).arg(rules);
            command
        }
    };
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| work.to_owned())?;
    child.stdin.take().context("stdin")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{work}: {}", output.status);
    let value: Value = serde_json::from_slice(&output.stdout).with_context(|| work.to_owned())?;
    Ok(serde_json::from_value(value)?)
}
