//! Imports AWS Config's snapshot and history files, item by item, in bounded memory.
//!
//! Being written by a colleague of the collectors' author, who leaves this folder to them.

use std::path::PathBuf;

use haechi_model::{AccountId, Coverage};

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSummary {
    pub files: u64,
    pub items: u64,
    /// Files, or items in them, that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Files that are no Config files: how many, and why.
    pub skipped: Vec<Unreadable>,
    pub coverage: Vec<Coverage>,
    pub accounts: Vec<NamedAccount>,
    pub organization: Option<String>,
    pub interrupted: bool,
}

/// A file, or a part of one, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub path: PathBuf,
    pub line: Option<u64>,
    pub column: Option<u64>,
    /// The item's index in its file, from 0.
    pub item: Option<u64>,
    pub reason: String,
}

/// An account as a file of ours names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedAccount {
    pub id: AccountId,
    pub name: Option<String>,
    pub ou_path: Option<String>,
}
