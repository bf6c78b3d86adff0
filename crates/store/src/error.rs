//! What can go wrong with a store, in words for the person who has to put it right.

use std::path::PathBuf;

use crate::filter_expression::FilterError;

/// A store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    #[error("{} is not a Haechi store", .0.display())]
    NotAStore(PathBuf),
    #[error(
        "the store {} was written by a newer Haechi (schema {found}; this program knows up to {known})",
        path.display()
    )]
    NewerSchema { path: PathBuf, found: u32, known: u32 },
    #[error("the store {} is damaged: {detail}", path.display())]
    Corrupt { path: PathBuf, detail: String },
    #[error("another haechi is writing to the store {}", .0.display())]
    Busy(PathBuf),
    #[error("there is no room left on the disk of the store {}", .0.display())]
    DiskFull(PathBuf),
    #[error("the store {} may not be written", .0.display())]
    ReadOnly(PathBuf),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the item {resource} has {bytes} bytes; a store keeps items of up to 256 MiB")]
    TooLarge { resource: String, bytes: usize },
    #[error("no {what} `{wanted}`")]
    NotFound { what: &'static str, wanted: String },
    #[error("`{wanted}` could mean {found} {what}s or more: {}", examples.join(", "))]
    Ambiguous { what: &'static str, wanted: String, found: usize, examples: Vec<String> },
    #[error("`{wanted}` is not an id or the beginning of one (4 to 32 hexadecimal digits)")]
    NotAnId { wanted: String },
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("the query cannot be answered: {0}")]
    Query(String),
    #[error("the query cannot be answered: {message} (character {})", at + 1)]
    QueryAt { message: String, at: usize },
    #[error("the query took too long and was stopped")]
    QueryStopped,
    #[error("the query's answer has more than {bytes} bytes")]
    QueryTooLarge { bytes: usize },
    #[error("there are more than {rows} rows or {bytes} bytes")]
    TableFull { rows: u64, bytes: u64 },
    #[error("{what} is not possible with a store in PostgreSQL")]
    NotOnPostgres { what: &'static str },
    #[error("{what} was written by another process meanwhile")]
    Overtaken { what: &'static str },
    #[error("the store answered: {0}")]
    Database(String),
}

impl StoreError {
    /// What the user can do about it, when there is something.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Missing(_) => "run `haechi assess` first, or name the store with --store PATH".into(),
            Self::NotAStore(_) => "name another file with --store PATH; this one was left as it is".into(),
            Self::NewerSchema { .. } => "use the newer haechi, or another store with --store PATH".into(),
            Self::Corrupt { path, .. } => format!(
                "put a backup of it in its place, \
                 or move {} (and its -wal and -shm files) away and run `haechi assess` again",
                path.display()
            ),
            Self::Busy(_) => "wait until it has finished and try again; reading is possible meanwhile".into(),
            Self::DiskFull(_) => "free some space and try again; what was committed is safe".into(),
            Self::ReadOnly(path) => format!("check the owner and the mode of {} and of its folder", path.display()),
            Self::Ambiguous { .. } => "write more digits of the id".into(),
            Self::NotOnPostgres { what: "backup" } => "use pg_dump, which copies a database while it is in use".into(),
            Self::Overtaken { .. } => "run it again: it goes on from what the other one wrote".into(),
            Self::NotOnPostgres { .. }
            | Self::Io { .. }
            | Self::TooLarge { .. }
            | Self::NotFound { .. }
            | Self::NotAnId { .. }
            | Self::Filter(_)
            | Self::Query(_)
            | Self::QueryAt { .. }
            | Self::QueryStopped
            | Self::QueryTooLarge { .. }
            | Self::TableFull { .. }
            | Self::Database(_) => {
                return None;
            }
        })
    }
}
