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

/// What the bytes of a text were: each is one of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextBytes {
    /// Records and lines that are events, or envelopes with events in them.
    pub events: u64,
    /// Records and lines that are known and no events: headings, digests, logs that nobody asked for.
    pub others: u64,
    /// White space, brackets, commas, names around the records, ends of lines.
    pub between: u64,
    /// What could not be read.
    pub damaged: u64,
}

impl TextBytes {
    pub fn total(self) -> u64 {
        self.events + self.others + self.between + self.damaged
    }
}

impl std::ops::AddAssign for TextBytes {
    fn add_assign(&mut self, more: Self) {
        self.events += more.events;
        self.others += more.others;
        self.between += more.between;
        self.damaged += more.damaged;
    }
}

/// What came of reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub files: BTreeMap<FileKind, u64>,
    /// Bytes of the files as they lie there, and of their text.
    pub packed_bytes: u64,
    pub text_bytes: u64,
    /// What the bytes of the text were.
    pub text: TextBytes,
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

    /// Puts another summary behind this one.
    pub(crate) fn merge(&mut self, other: Self) {
        self.text += other.text;
        let Self { files, packed_bytes, text_bytes, events, by_log, lost, duplicates, others, .. } = other;
        let Self { skipped, skipped_unlisted, problems, problems_unlisted, coverage, elsewhere, .. } = other;
        files.into_iter().for_each(|(kind, count)| *self.files.entry(kind).or_default() += count);
        by_log.into_iter().for_each(|(log, count)| *self.by_log.entry(log).or_default() += count);
        for (own, more) in [
            (&mut self.packed_bytes, packed_bytes),
            (&mut self.text_bytes, text_bytes),
            (&mut self.events, events),
            (&mut self.lost, lost),
            (&mut self.duplicates, duplicates),
            (&mut self.others, others),
            (&mut self.skipped_unlisted, skipped_unlisted),
            (&mut self.problems_unlisted, problems_unlisted),
            (&mut self.elsewhere, elsewhere),
        ] {
            *own += more;
        }
        skipped.into_iter().for_each(|problem| self.skipped(problem.file, problem.what));
        problems.into_iter().for_each(|problem| self.problem(problem));
        for (account, regions) in coverage {
            for (region, stretch) in regions {
                self.cover(account, &region, stretch);
            }
        }
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
        self.cover(account, region.unwrap_or_default(), Stretch { events: count, first, last });
    }

    fn cover(&mut self, account: AccountId, region: &str, of: Stretch) {
        let room = self.coverage.len() < ACCOUNTS || self.coverage.contains_key(&account);
        if !room {
            self.elsewhere += of.events;
            return;
        }
        let regions = self.coverage.entry(account).or_default();
        let room = regions.len() < REGIONS && region.len() <= 64;
        match regions.get_mut(region) {
            Some(stretch) => {
                stretch.events += of.events;
                stretch.first = stretch.first.min(of.first);
                stretch.last = stretch.last.max(of.last);
            }
            None if room => {
                regions.insert(region.into(), of);
            }
            None => self.elsewhere += of.events,
        }
    }
}
