//! The only crate that knows output formats: a run's answers as a terminal page, JSON, JSON lines,
//! CSV, OCSF and one self-contained HTML file, in English, Korean and Japanese.
//!
//! A report never decides: it counts, sorts and words what the engines decided. No clock, no network.

pub mod format;
pub mod input;
pub mod rows;

pub use format::{Color, Format, FormatError, Options};
pub use input::{
    Account, Change, Comparison, Counts, EvaluationCount, FindingEntry, Meta, MissingRule, NextStep, PackResult,
    PackRule, Report, RuleInfo, Source, SourceKind, Suppression, Unreadable,
};
pub use rows::{Cell, Column, Fit, Table};
