//! Reads files into events, one after the other, and accounts for all of them.

use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use haechi_model::Log;
use haechi_model::event::{Fields, Found, Learned};

use crate::document::Document;
use crate::duplicates::Duplicates;

use crate::files::LogFiles;
use crate::flow_lines::FlowFormat;
use crate::messages::Messages;
use crate::out::{Out, Whence};
use crate::receiver::{Asked, LogFields, Receiver};
use crate::source::{Limits, Memory};
use crate::summary::{FileKind, Problem, Summary};
use crate::tally::Tally;
use crate::window::Window;

/// Reads files of logs. Which log a file is of is told by its content.
pub struct Reader<'f> {
    asked: Asked<'f>,
    format: Option<FlowFormat>,
    limits: Limits,
    memory: Memory,
    slots: Vec<Found>,
    learned: Option<Learned<'f>>,
    duplicates: Duplicates,
    duplicate_bytes: usize,
    summary: Summary,
}

/// Memory for the ids of events that were seen: 2,000,000 of them.
pub const DUPLICATE_BYTES: usize = 64 << 20;

impl<'f> Reader<'f> {
    /// For CloudTrail alone. The fields must come from [`Fields::of_events`].
    pub fn new(fields: &'f Fields) -> Self {
        Self::with(fields, Limits::default(), DUPLICATE_BYTES)
    }

    pub fn with(fields: &'f Fields, limits: Limits, duplicate_bytes: usize) -> Self {
        Self::asked(Asked::trail(fields), limits, duplicate_bytes)
    }

    /// For the logs that are wanted.
    pub fn of(wanted: &'f LogFields) -> Self {
        Self::of_with(wanted, Limits::default(), DUPLICATE_BYTES)
    }

    pub fn of_with(wanted: &'f LogFields, limits: Limits, duplicate_bytes: usize) -> Self {
        Self::asked(Asked::of(wanted), limits, duplicate_bytes)
    }

    /// The format of flow logs that have no heading.
    pub fn flow_format(mut self, format: FlowFormat) -> Self {
        self.format = Some(format);
        self
    }

    fn asked(asked: Asked<'f>, limits: Limits, duplicate_bytes: usize) -> Self {
        Self {
            asked,
            format: None,
            limits,
            memory: Memory::default(),
            slots: Vec::new(),
            learned: asked.fields(Log::CloudTrail).map(Learned::new),
            duplicates: Duplicates::new(duplicate_bytes),
            duplicate_bytes,
            summary: Summary::default(),
        }
    }

    /// A reader for another thread, which knows the same events as duplicates.
    pub(crate) fn beside(&self) -> Self {
        let mut reader = Self::asked(self.asked, self.limits, self.duplicate_bytes);
        reader.format.clone_from(&self.format);
        reader.duplicates = self.duplicates.clone();
        reader
    }

    /// Makes ready for several threads.
    pub(crate) fn share(&mut self) {
        if self.summary.events == 0 {
            self.duplicates = Duplicates::shared(self.duplicate_bytes);
        }
    }

    pub(crate) fn summary_mut(&mut self) -> &mut Summary {
        &mut self.summary
    }

    /// Reads files, and the folders among them to their depths.
    pub fn read_paths(&mut self, paths: &[PathBuf], to: &mut dyn Receiver) -> ControlFlow<()> {
        let found = LogFiles::find(paths);
        self.note(&found);
        found.files.iter().try_for_each(|path| self.read_file(path, to))
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
    pub fn read_file(&mut self, path: &Path, to: &mut dyn Receiver) -> ControlFlow<()> {
        self.summary.packed_bytes += std::fs::metadata(path).map_or(0, |about| about.len());
        self.opened(path, to, |memory, limits| memory.open_file(path, limits))
    }

    /// Reads what is in memory already, such as an object of S3.
    pub fn read_bytes(&mut self, name: &Path, bytes: &[u8], to: &mut dyn Receiver) -> ControlFlow<()> {
        self.summary.packed_bytes += bytes.len() as u64;
        self.opened(name, to, |memory, limits| memory.open_bytes(bytes, limits))
    }

    /// Reads a stream to its end, such as standard input.
    pub fn read_stream<R: BufRead + 'static>(
        &mut self,
        name: &Path,
        source: R,
        to: &mut dyn Receiver,
    ) -> ControlFlow<()> {
        self.opened(name, to, move |memory, limits| memory.stream(source, limits))
    }

    fn opened<'s>(
        &mut self,
        path: &Path,
        to: &mut dyn Receiver,
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
        let mut messages = Messages::new(self.format.as_ref());
        messages.current = self.asked.wants(Log::CloudTrail).then_some(Log::CloudTrail);
        let mut document = Document {
            window,
            slots: &mut self.slots,
            learned: self.learned.as_mut(),
            limits: self.limits,
            messages,
            out: Out {
                asked: self.asked,
                path,
                whence: Whence::of(path),
                duplicates: &self.duplicates,
                summary: &mut self.summary,
                tally: Tally::default(),
                receiver: to,
                record: 0,
                kind: FileKind::Empty,
            },
        };
        let flow = document.read();
        document.out.tally.settle(document.out.summary);
        let (kind, passed, told) = (document.out.kind, document.window.passed(), document.window.bytes);
        drop(document);
        *self.summary.files.entry(kind).or_default() += 1;
        self.summary.text_bytes += passed;
        self.summary.text += told;
        self.memory.shrink();
        flow?;
        to.end(path)
    }

    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    pub fn finish(self) -> Summary {
        self.summary
    }
}
