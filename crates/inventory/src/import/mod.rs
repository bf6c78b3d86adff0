//! Imports AWS Config's snapshot and history files, item by item, in bounded memory.
//!
//! Bounds: an item of at most 16 MiB and 128 levels; a window of 256 KiB beside the item at hand;
//! batches of at most 256 items or 8 MiB of text. Gzip inflates to at most 8 GiB a file, and after the
//! first 64 MiB to at most 1000 times what was read. At most a million coverage lines, and a thousand
//! faults and a thousand skipped files are listed; the rest is counted. What is broken is said with
//! file, item, line and column (in the inflated text), and everything else is still read.

mod body;
mod bucket;
mod delivered;
#[cfg(test)]
mod delivery_tests;
mod export;
mod extended;
mod files;
mod oversized;
mod problem;
mod reading;
mod scan;
mod seen;
mod source;
#[cfg(test)]
mod tests;
mod window;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use haechi_model::{AccountId, ConfigurationItem, Coverage};

use crate::{Sink, SinkError, Stop};
pub use bucket::{BucketError, import_bucket};
use delivered::{Delivered, Newest, Tense};
pub use export::{SnapshotHead, export_snapshot, write_snapshot};
pub use extended::{Extended, NOT_RECORDED};
use reading::AccountEntry;
use source::Source;

/// Items in a batch.
pub const IMPORT_BATCH: usize = 256;
/// Bytes of text in a batch, when its items are large.
const BATCH_BYTES: usize = 8 << 20;
/// Entries that the lists of a summary hold.
const LISTED: usize = 1000;
/// Accounts that files may name.
const ACCOUNTS: usize = 100_000;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Files that were read, the damaged ones too when they held an item.
    pub files: u64,
    pub items: u64,
    /// Files, or items in them, that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// How many more there are than `unreadable` lists.
    pub unreadable_unlisted: u64,
    /// Files that are no Config files, and why.
    pub skipped: Vec<Unreadable>,
    /// How many more there are than `skipped` lists.
    pub skipped_unlisted: u64,
    /// Hidden files and folders that were passed over.
    pub hidden: u64,
    pub coverage: Vec<Coverage>,
    pub accounts: Vec<NamedAccount>,
    pub organization: Option<String>,
    pub interrupted: bool,
}

/// A file, or a part of one, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub path: PathBuf,
    /// From 1, in the inflated text.
    pub line: Option<u64>,
    /// In bytes, from 1.
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

/// How far an import is. Bytes are those on disk, before they are inflated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Files that ended, and all there are.
    pub files: u64,
    pub files_total: u64,
    pub bytes: u64,
    pub bytes_total: u64,
    pub items: u64,
    /// The file being read.
    pub current: PathBuf,
}

/// What a file may take; see the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    item: usize,
    inflated: u64,
    ratio: u64,
    ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { item: 16 << 20, inflated: 8 << 30, ratio: 1000, ratio_from: 64 << 20 }
    }
}

/// Imports files, and all files in folders that end in `.json` or `.json.gz` (or `.jsonl`, `.ndjson`).
///
/// Items come in the order of the files' names; coverage lines follow after all items. No fault of a
/// file is an error: only the sink ends an import early.
pub fn import(
    paths: &[PathBuf],
    extended: &Extended,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(&ImportProgress),
    stop: &Stop,
) -> Result<ImportSummary, SinkError> {
    let found = files::find(paths);
    let mut run = Run::new(extended, sink, progress, stop);
    run.summary.hidden = found.hidden;
    for (path, reason) in found.unreadable {
        run.unreadable(Unreadable { path, line: None, column: None, item: None, reason });
    }
    for (path, reason) in found.skipped {
        run.skipped(path, reason.to_owned());
    }
    let mut files = found.files;
    in_order(&mut files, |(path, _)| path.to_str().unwrap_or_default());
    let sources: Vec<_> = files.iter().map(|(path, size)| (Source::File(path), *size)).collect();
    run.all(&sources)
}

/// Imports one file that is in memory already, under a name of its own.
pub fn import_bytes(
    name: &str,
    bytes: &[u8],
    extended: &Extended,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(&ImportProgress),
    stop: &Stop,
) -> Result<ImportSummary, SinkError> {
    import_embedded(&[(name, bytes)], extended, sink, progress, stop)
}

/// Imports files that are in memory already, as one import: name and bytes of each.
pub fn import_embedded(
    files: &[(&str, &[u8])],
    extended: &Extended,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(&ImportProgress),
    stop: &Stop,
) -> Result<ImportSummary, SinkError> {
    let sources: Vec<_> =
        files.iter().map(|&(name, bytes)| (Source::Bytes { name, bytes }, bytes.len() as u64)).collect();
    Run::new(extended, sink, progress, stop).all(&sources)
}

/// Puts AWS Config's files in the order in which they were made, those of other names before them, as they stand.
pub(crate) fn in_order<T>(files: &mut [T], name: impl Fn(&T) -> &str) {
    files.sort_by_cached_key(|file| Delivered::of(name(file)).map(|found| (found.at, found.account)));
}

/// What fetches an oversized item; the error is why it cannot.
type Fetch<'f> = &'f mut dyn FnMut(&oversized::Location) -> Result<Vec<u8>, String>;

/// A running import.
pub(crate) struct Run<'s> {
    extended: &'s Extended,
    sink: &'s mut dyn Sink,
    progress: &'s mut dyn FnMut(&ImportProgress),
    stop: Stop,
    limits: Limits,
    state: ImportProgress,
    /// Bytes taken from disk.
    taken: Rc<Cell<u64>>,
    batch: Vec<ConfigurationItem>,
    batch_bytes: usize,
    /// Of which time the batch is.
    tense: Tense,
    newest: Newest,
    /// Oversized items that notifications point to, and the file of the notification.
    oversized: Vec<(oversized::Location, PathBuf)>,
    coverage: seen::Merged,
    accounts: BTreeMap<AccountId, NamedAccount>,
    summary: ImportSummary,
    failure: Option<SinkError>,
}

impl<'s> Run<'s> {
    fn new(
        extended: &'s Extended,
        sink: &'s mut dyn Sink,
        progress: &'s mut dyn FnMut(&ImportProgress),
        stop: &Stop,
    ) -> Self {
        Self {
            extended,
            sink,
            progress,
            stop: stop.clone(),
            limits: Limits::default(),
            state: ImportProgress::default(),
            taken: Rc::default(),
            batch: Vec::new(),
            batch_bytes: 0,
            tense: Tense::Present,
            newest: Newest::default(),
            oversized: Vec::new(),
            coverage: seen::Merged::default(),
            accounts: BTreeMap::new(),
            summary: ImportSummary::default(),
            failure: None,
        }
    }

    fn all(self, sources: &[(Source<'_>, u64)]) -> Result<ImportSummary, SinkError> {
        let missing = "the item was too large for a message; its object is not among the files";
        self.all_with(sources, &mut |_| Err(missing.to_owned()))
    }

    fn all_with(mut self, sources: &[(Source<'_>, u64)], fetch: Fetch<'_>) -> Result<ImportSummary, SinkError> {
        let names: Vec<_> = sources.iter().map(|(source, _)| source.name()).collect();
        self.newest = Newest::of(names.iter().filter_map(|name| name.to_str()));
        self.state.files_total = sources.len() as u64;
        self.state.bytes_total = sources.iter().map(|(_, size)| size).sum();
        let mut before = 0;
        for (source, size) in sources {
            if self.stop.is_stopped() {
                self.summary.interrupted = true;
                break;
            }
            self.state.current = source.name();
            (self.progress)(&self.state);
            reading::read(&mut self, *source);
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            self.state.files += 1;
            before += size;
            self.taken.set(before);
            self.state.bytes = before;
        }
        self.read_oversized(&names, fetch);
        self.flush();
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        (self.progress)(&self.state);
        for (account, region, at) in self.newest.all() {
            self.sink.taken(account, region, at);
        }
        self.summary.coverage = self.coverage.into_lines();
        for line in &self.summary.coverage {
            self.sink.coverage(line.clone())?;
        }
        self.summary.accounts = self.accounts.into_values().collect();
        Ok(self.summary)
    }

    /// Reads the items that notifications point to and that no file of the import is.
    fn read_oversized(&mut self, names: &[PathBuf], fetch: Fetch<'_>) {
        let mut waiting = std::mem::take(&mut self.oversized);
        waiting.sort_by(|a, b| (&a.0.bucket, &a.0.key).cmp(&(&b.0.bucket, &b.0.key)));
        waiting.dedup_by(|a, b| a.0 == b.0);
        for (location, notice) in waiting {
            let beside = |name: &PathBuf| name.file_name().is_some_and(|name| *name == *location.name());
            if self.failure.is_some() || self.stop.is_stopped() || names.iter().any(beside) {
                continue;
            }
            let name = format!("s3://{}/{}", location.bucket, location.key);
            match fetch(&location) {
                Ok(bytes) => reading::read(self, Source::Bytes { name: &name, bytes: &bytes }),
                Err(why) => {
                    let reason = format!("{name}: {why}");
                    self.unreadable(Unreadable { path: notice, line: None, column: None, item: None, reason });
                }
            }
        }
    }

    /// Takes an item; the sink gets it with its batch.
    fn take(&mut self, item: ConfigurationItem, bytes: usize, tense: Tense) {
        if self.tense != tense {
            self.flush();
            self.tense = tense;
        }
        self.batch.push(item);
        self.batch_bytes += bytes;
        self.summary.items += 1;
        if self.batch.len() >= IMPORT_BATCH || self.batch_bytes >= BATCH_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            self.batch_bytes = 0;
            let batch = std::mem::take(&mut self.batch);
            let taken = match self.tense {
                Tense::Present => self.sink.items(batch),
                Tense::Past => self.sink.past(batch),
            };
            self.failure = self.failure.take().or(taken.err());
        }
        self.state.items = self.summary.items;
        self.state.bytes = self.taken.get();
        (self.progress)(&self.state);
    }

    fn unreadable(&mut self, what: Unreadable) {
        if self.summary.unreadable.len() < LISTED {
            self.summary.unreadable.push(what);
        } else {
            self.summary.unreadable_unlisted += 1;
        }
    }

    fn skipped(&mut self, path: PathBuf, reason: String) {
        if self.summary.skipped.len() < LISTED {
            self.summary.skipped.push(Unreadable { path, line: None, column: None, item: None, reason });
        } else {
            self.summary.skipped_unlisted += 1;
        }
    }

    /// False when there are more accounts than can be.
    fn account(&mut self, entry: AccountEntry) -> bool {
        if let Some(organization) = &entry.organization {
            self.organization(organization);
        }
        let account = entry.named();
        let fits = self.accounts.len() < ACCOUNTS || self.accounts.contains_key(&account.id);
        if fits {
            self.accounts.insert(account.id, account);
        }
        fits
    }

    /// The first file that names the organization is believed.
    fn organization(&mut self, id: &str) {
        if self.summary.organization.is_none() && !id.is_empty() {
            self.summary.organization = Some(id.to_owned());
        }
    }
}
