//! Rows for the lists of other commands (findings, rules, resources): one table in any row format.

use std::borrow::Cow;

use haechi_content::Text;
use haechi_model::{Compliance, Message, Severity, Timestamp};
use serde_json::Value;

/// Rows under named columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// What a terminal shows when there is no row.
    pub empty: Message,
    /// Lines under the table, such as a total. Terminals only.
    pub notes: Vec<Message>,
}

/// A column: its name for machines and its title for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The member name in JSON and the header in CSV: camelCase, never translated.
    pub key: Cow<'static, str>,
    /// Message id of the title; none: people see the key too.
    pub title: Option<&'static str>,
    pub fit: Fit,
}

/// How a column behaves when the terminal is narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Never shortened.
    Whole,
    /// Shortened in the middle: names, ids, paths.
    Middle,
    /// Shortened at the end: sentences.
    End,
    /// Continued on the next lines: for one thing shown in full.
    Wrap,
    /// Whole and right-aligned.
    Number,
    /// Whole, and left out where the others would have to give too much for it: the last one first.
    Spare,
    /// For machines only.
    Machine,
}

/// One value: machines get it raw, people get it worded.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(i64),
    Severity(Severity),
    Compliance(Compliance),
    Time(Timestamp),
    /// One of a few words: machines get `raw`, people the message.
    Word {
        raw: &'static str,
        id: &'static str,
    },
    /// A sentence of the locales.
    Message(Message),
    /// A sentence of a content file.
    Words(Text),
    List(Vec<String>),
    /// A part of an item, as compact JSON.
    Json(Value),
}

impl Column {
    pub const fn new(key: &'static str, title: &'static str, fit: Fit) -> Self {
        Self { key: Cow::Borrowed(key), title: Some(title), fit }
    }

    /// A column that the user has named.
    pub const fn named(key: String, fit: Fit) -> Self {
        Self { key: Cow::Owned(key), title: None, fit }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Cell::Empty, Cell::from)
    }
}
