//! What a run read and what it did not: every file and every byte is accounted for.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use haechi_model::{AccountId, Log, Timestamp};

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// It has events.
    Log,
    /// A digest of CloudTrail's log file validation.
    Digest,
    /// Nothing is in it, or no event.
    Empty,
    /// A file of AWS Config.
    Config,
    /// A log that nobody asked for.
    Unwanted,
    /// Something else, or damaged from its first byte on.
    Rubbish,
}

/// Something that could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    pub line: Option<u64>,
    /// The record's number in the file, from 1.
    pub record: Option<u64>,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(record) = self.record {
            write!(f, ", record {record}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// The events of one account in one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub events: u64,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// What came of reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub files: BTreeMap<FileKind, u64>,
    /// Bytes of the files as they lie there, and of their text.
    pub packed_bytes: u64,
    pub text_bytes: u64,
    /// Events that were handed over.
    pub events: u64,
    /// The same by log.
    pub by_log: BTreeMap<Log, u64>,
    /// Lines in which flow logs say that flows were lost (`SKIPDATA`).
    pub lost: u64,
    /// Events that had been handed over before.
    pub duplicates: u64,
    /// Records that are no events.
    pub others: u64,
    /// Files that were not opened, and why.
    pub skipped: Vec<Problem>,
    pub skipped_unlisted: u64,
    /// What is damaged, in whole or in part.
    pub problems: Vec<Problem>,
    pub problems_unlisted: u64,
    /// By account and region, as the events name them.
    pub coverage: BTreeMap<AccountId, BTreeMap<Box<str>, Stretch>>,
    /// Events whose account and region are not in `coverage`: they name none, or there were too many.
    pub elsewhere: u64,
}

/// Lines of each list that are kept; the rest is counted.
const LISTED: usize = 1000;
/// More than any organization and any partition have.
const ACCOUNTS: usize = 100_000;
const REGIONS: usize = 64;

impl Summary {
    pub fn files_of(&self, kind: FileKind) -> u64 {
        self.files.get(&kind).copied().unwrap_or_default()
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        if self.problems.len() < LISTED {
            self.problems.push(problem);
        } else {
            self.problems_unlisted += 1;
        }
    }

    pub(crate) fn skipped(&mut self, file: PathBuf, what: String) {
        if self.skipped.len() < LISTED {
            self.skipped.push(Problem { file, line: None, record: None, what });
        } else {
            self.skipped_unlisted += 1;
        }
    }

    /// Accounts for events of one account and region.
    pub(crate) fn events(
        &mut self,
        log: Log,
        account: Option<&str>,
        region: Option<&str>,
        count: u64,
        first: Timestamp,
        last: Timestamp,
    ) {
        self.events += count;
        *self.by_log.entry(log).or_default() += count;
        let Some(account) = account.and_then(|account| AccountId::parse(account).ok()) else {
            self.elsewhere += count;
            return;
        };
        let room = self.coverage.len() < ACCOUNTS || self.coverage.contains_key(&account);
        if !room {
            self.elsewhere += count;
            return;
        }
        let regions = self.coverage.entry(account).or_default();
        let region = region.unwrap_or_default();
        let room = regions.len() < REGIONS && region.len() <= 64;
        match regions.get_mut(region) {
            Some(stretch) => {
                stretch.events += count;
                stretch.first = stretch.first.min(first);
                stretch.last = stretch.last.max(last);
            }
            None if room => {
                regions.insert(region.into(), Stretch { events: count, first, last });
            }
            None => self.elsewhere += count,
        }
    }
}
