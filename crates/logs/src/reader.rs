//! Reads files into events, one after the other, and accounts for all of them.

use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::cloudtrail::Document;
use crate::duplicates::Duplicates;
use haechi_model::event::{Event, Fields, Found};

use crate::files::LogFiles;
use crate::source::{Limits, Memory};
use crate::summary::{FileKind, Problem, Summary};
use crate::window::Window;

/// Reads CloudTrail's files. The fields must come from [`Fields::of_events`].
pub struct Reader<'f> {
    fields: &'f Fields,
    limits: Limits,
    memory: Memory,
    slots: Vec<Found>,
    duplicates: Duplicates,
    summary: Summary,
}

/// Memory for the ids of events that were seen: 2,000,000 of them.
pub const DUPLICATE_BYTES: usize = 64 << 20;

impl<'f> Reader<'f> {
    pub fn new(fields: &'f Fields) -> Self {
        Self::with(fields, Limits::default(), DUPLICATE_BYTES)
    }

    pub fn with(fields: &'f Fields, limits: Limits, duplicate_bytes: usize) -> Self {
        Self {
            fields,
            limits,
            memory: Memory::default(),
            slots: Vec::new(),
            duplicates: Duplicates::new(duplicate_bytes),
            summary: Summary::default(),
        }
    }

    /// Reads files, and the folders among them to their depths.
    pub fn read_paths(
        &mut self,
        paths: &[PathBuf],
        each: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let found = LogFiles::find(paths);
        self.note(&found);
        found.files.iter().try_for_each(|path| self.read_file(path, each))
    }

    /// Accounts for the files that are not read.
    pub fn note(&mut self, found: &LogFiles) {
        for (path, why) in &found.skipped {
            self.summary.skipped(path.clone(), why.clone());
        }
        for (file, what) in &found.unreadable {
            self.summary.problem(Problem { file: file.clone(), line: None, record: None, what: what.clone() });
        }
    }

    /// Reads one file. What cannot be read is in the summary.
    pub fn read_file(&mut self, path: &Path, each: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        self.summary.packed_bytes += std::fs::metadata(path).map_or(0, |about| about.len());
        self.opened(path, each, |memory, limits| memory.open_file(path, limits))
    }

    /// Reads what is in memory already, such as an object of S3.
    pub fn read_bytes(
        &mut self,
        name: &Path,
        bytes: &[u8],
        each: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.summary.packed_bytes += bytes.len() as u64;
        self.opened(name, each, |memory, limits| memory.open_bytes(bytes, limits))
    }

    /// Reads a stream to its end, such as standard input.
    pub fn read_stream<R: BufRead + 'static>(
        &mut self,
        name: &Path,
        source: R,
        each: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.opened(name, each, move |memory, limits| memory.stream(source, limits))
    }

    fn opened<'s>(
        &mut self,
        path: &Path,
        each: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
        open: impl for<'m> FnOnce(&'m mut Memory, Limits) -> std::io::Result<Window<'m>> + 's,
    ) -> ControlFlow<()> {
        let window = match open(&mut self.memory, self.limits) {
            Ok(window) => window,
            Err(error) => {
                let what = format!("cannot be read: {error}");
                self.summary.problem(Problem { file: path.to_owned(), line: None, record: None, what });
                return ControlFlow::Continue(());
            }
        };
        let mut document = Document {
            window,
            path,
            fields: self.fields,
            slots: &mut self.slots,
            limits: self.limits,
            duplicates: &mut self.duplicates,
            summary: &mut self.summary,
            each,
            record: 0,
            kind: FileKind::Empty,
        };
        let flow = document.read();
        let (kind, passed) = (document.kind, document.window.passed());
        drop(document);
        *self.summary.files.entry(kind).or_default() += 1;
        self.summary.text_bytes += passed;
        self.memory.shrink();
        flow
    }

    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    pub fn finish(self) -> Summary {
        self.summary
    }
}
