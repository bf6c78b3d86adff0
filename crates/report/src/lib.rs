//! The only crate that knows output formats: a run's answers as a terminal page, JSON, JSON lines,
//! CSV, OCSF, SARIF and one self-contained HTML file, in English, Korean and Japanese.
//!
//! A report never decides: it counts, sorts and words what the engines decided. No clock, no network.

pub mod format;
mod html;
pub mod input;
mod lint;
mod machine;
mod records;
pub mod rows;
mod story;
mod summary;
mod terminal;
pub mod threats;
mod words;

use std::io::{self, Write};

use haechi_content::Language;
use haechi_i18n::Catalog;

pub use format::{Color, Format, FormatError, Options};
pub use input::{
    Account, Change, Code, Comparison, Counts, EvaluationCount, FindingEntry, Listings, Meta, MissingRule, NextStep,
    NotMapped, PackResult, PackRule, Report, RuleInfo, Source, SourceKind, SourceNote, Suppression, Unreadable,
};
pub use lint::{LintClass, LintEntry, LintFormat, LintOutput, LintedFile, write_lint};
pub use machine::json::SCHEMA_VERSION;
pub use records::write_record;
pub use rows::{Cell, Column, Fit, Table};
pub use story::{StoryReport, write_story};
pub use terminal::difference::Difference;
pub use terminal::layout::printable;
pub use threats::{DetectionInfo, Inactive, LogsRead, ThreatEntry, ThreatReport, write_threats};

use words::Words;

/// The overall score from 0 to 100, rounded down; none when nothing was judged.
///
/// 100 × Σ weight·compliant ÷ Σ weight·(compliant + non-compliant), by the severity of each rule.
pub fn score(report: &Report) -> Option<u64> {
    summary::Summary::of(report).score
}

/// Writes a report. Only `Table` and `Html` look at the language and the options.
pub fn write(
    report: &Report,
    format: Format,
    language: Language,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => terminal::page::write(report, &Words::new(report, language), options, out),
        Format::Json => machine::json::write(report, out),
        Format::Jsonl => machine::json::write_lines(report, out),
        Format::Csv => machine::csv::write(report, out),
        Format::Ocsf => machine::ocsf::write(report, out),
        Format::Html => html::write(report, &Words::new(report, language), options, out),
    }
}

/// Writes rows. They have no OCSF and no HTML form: asking for one is [`io::ErrorKind::Unsupported`].
pub fn write_table(
    table: &Table,
    format: Format,
    language: Language,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all = || Language::ALL.map(Catalog::new);
    match format {
        Format::Table => terminal::list::write(table, &Catalog::new(language), options, out),
        Format::Json => machine::json::write_rows(table, &all(), out),
        Format::Jsonl => machine::json::write_row_lines(table, &all(), out),
        Format::Csv => machine::csv::write_rows(table, &all(), out),
        Format::Ocsf | Format::Html => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("a list is written as table, json, jsonl or csv, not as {format}"),
        )),
    }
}

/// Writes what is different between two values, as a unified difference of their lines. For terminals and patches.
pub fn write_difference(difference: &Difference, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    terminal::difference::write(difference, options, out)
}
