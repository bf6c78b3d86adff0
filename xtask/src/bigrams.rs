//! Makes the table of letter pairs by which `detect` tells made-up domain names from words:
//! `cargo run -p xtask -- bigrams` reads the project's own English (content, locales, docs) and names of AWS, and writes
//! `crates/detect/src/dns/bigrams.rs`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// a to z, a digit, both ends of a word: as `detect` has them.
const CLASSES: usize = 28;
const ENDS: usize = 27;
/// Times that every pair was seen before anything was read: of the rarest, that is what is known.
const PRIOR: f64 = 0.6;
const OUTPUT: &str = "crates/detect/src/dns/bigrams.rs";

pub fn run(_: &[String]) -> Result<()> {
    let mut counts = [[0_u64; CLASSES]; CLASSES];
    for folder in ["content", "locales/en", "docs"] {
        read(Path::new(folder), &mut counts)?;
    }
    let mut table = String::new();
    for row in &counts {
        let all: u64 = row.iter().sum();
        let bits = row.iter().map(|count| {
            let share = (*count as f64 + PRIOR) / (all as f64 + PRIOR * CLASSES as f64);
            format!("{}", (-share.log2() * 8.0).round().min(255.0) as u8)
        });
        writeln!(table, "    {},", bits.collect::<Vec<_>>().join(", "))?;
    }
    let text = format!(
        "//! Made by `cargo run -p xtask -- bigrams`: eighths of a bit that a letter takes behind another one, in the\n\
         //! project's own English and the names of AWS. Rows and columns are the classes of `shape`.\n\n\
         use super::shape::CLASSES;\n\n\
         #[rustfmt::skip]\n\
         pub(super) const BITS: [u8; CLASSES * CLASSES] = [\n{table}];\n"
    );
    fs::write(OUTPUT, text).with_context(|| OUTPUT.to_owned())
}

fn read(path: &Path, counts: &mut [[u64; CLASSES]; CLASSES]) -> Result<()> {
    if path.is_dir() {
        let mut inside = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        inside.sort();
        return inside.iter().try_for_each(|path| read(path, counts));
    }
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        // Ids and hashes are no words.
        if letters < 3 || word.len() > 40 || word.len() - letters > 3 {
            continue;
        }
        let mut last = ENDS;
        for letter in word.bytes() {
            let class = match letter {
                b'0'..=b'9' => 26,
                _ => usize::from(letter.to_ascii_lowercase() - b'a'),
            };
            counts[last][class] += 1;
            last = class;
        }
        counts[last][ENDS] += 1;
    }
    Ok(())
}
