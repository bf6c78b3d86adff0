//! Chores of the project that are written in Rust: `cargo run -p xtask -- TASK`.

mod bigrams;
mod content_test;
mod example_org;
mod iam_data;
mod managed_policies;
mod shapes;
mod tables;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((task, rest)) if task == "bigrams" => bigrams::run(rest),
        Some((task, rest)) if task == "content-test" => content_test::run(rest),
        Some((task, rest)) if task == "shapes" => shapes::run(rest),
        Some((task, rest)) if task == "example-org" => example_org::run(rest),
        Some((task, rest)) if task == "iam-data" => iam_data::run(rest),
        Some((task, rest)) if task == "managed-policies" => managed_policies::run(rest),
        Some((task, rest)) if task == "tables" => tables::run(rest),
        _ => bail!(
            "usage: cargo run -p xtask -- TASK; tasks: bigrams, content-test, example-org, iam-data, managed-policies, \
            shapes, tables"
        ),
    }
}
