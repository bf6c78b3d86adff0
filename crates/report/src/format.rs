//! The formats that Haechi writes, how they are named, and the options that shape a page.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// An output format. `--format` takes its name; `--export FILE` picks it by the file's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a terminal.
    Table,
    /// Haechi's own documented JSON.
    Json,
    /// One finding (or row) a line.
    Jsonl,
    /// RFC 4180, one finding (or row) a record.
    Csv,
    /// An array of OCSF Compliance Findings.
    Ocsf,
    /// One self-contained page.
    Html,
}

impl Format {
    pub const ALL: [Format; 6] = [Format::Table, Format::Json, Format::Jsonl, Format::Csv, Format::Ocsf, Format::Html];

    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Ocsf => "ocsf",
            Format::Html => "html",
        }
    }

    /// The file ending that picks the format.
    pub const fn ending(self) -> &'static str {
        match self {
            Format::Table => ".txt",
            Format::Json => ".json",
            Format::Jsonl => ".jsonl",
            Format::Csv => ".csv",
            Format::Ocsf => ".ocsf.json",
            Format::Html => ".html",
        }
    }

    /// The format that a file's ending asks for.
    pub fn of_path(path: &Path) -> Result<Self, FormatError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        // `.ocsf.json` ends in `.json` too: the longer ending is asked first.
        [Format::Ocsf, Format::Html, Format::Json, Format::Jsonl, Format::Csv, Format::Table]
            .into_iter()
            .find(|format| name.ends_with(format.ending()) && name.len() > format.ending().len())
            .or_else(|| name.ends_with(".htm").then_some(Format::Html))
            .ok_or_else(|| FormatError::Ending(path.display().to_string()))
    }
}

/// The text names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("`{0}` is not a format: table, json, jsonl, csv, ocsf or html")]
    Name(String),
    #[error("the ending of `{0}` names no format: end it with .html, .json, .jsonl, .csv, .ocsf.json or .txt")]
    Ending(String),
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = FormatError;
    fn from_str(text: &str) -> Result<Self, FormatError> {
        let wanted = text.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == wanted)
            .ok_or_else(|| FormatError::Name(text.chars().take(80).collect()))
    }
}

/// Whether a terminal shows colour: the caller looks at `NO_COLOR` and at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    #[default]
    Off,
    On,
}

/// What shapes a page besides the data and the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Columns of the terminal; lines are kept within 60 to 160.
    pub width: usize,
    pub color: Color,
    /// Stands over the page instead of Haechi's own title.
    pub title: Option<String>,
    /// How many findings the one-screen table names.
    pub top: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 100, color: Color::Off, title: None, top: 10 }
    }
}
