//! Reading logs and finding threats in them, beside inflating, a JSON parser and DuckDB.
//!
//! ```text
//! bench-logs make FOLDER [MEGABYTES]       writes the corpora: CloudTrail, JSON lines, flow logs (default 20 each)
//! ```

mod cloudtrail;
mod corpus;
mod flow;
mod organization;
mod random;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let folder = |word: &str| PathBuf::from(word);
    match words.as_slice() {
        ["make", place] => corpus::make(&folder(place), 20),
        ["make", place, size] => corpus::make(&folder(place), size.parse().context("MEGABYTES is a number")?),
        _ => bail!("bench-logs make FOLDER [MEGABYTES]"),
    }
}
