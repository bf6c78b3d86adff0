//! The events of logs, counted on all threads at once: each has a counter of its own, and the sums are joined at the
//! end. Files wait until there are enough of them for all threads.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use haechi_inventory::Stop;
use haechi_logs::{Event, LogFields, LogFilter, Reader, Receiver, Summary};

use crate::error::Result;
use crate::log_sources::{LogInput, LogSources, LogsOpened};
use crate::progress::{Progress, Step};

/// More threads wait for the disk.
const THREADS: usize = 8;
/// Files, and their bytes, that are read at once.
const FILES: usize = 64;
const BYTES: u64 = 256 << 20;

/// What one thread counts with.
pub(super) trait Counter: Send {
    fn take(&mut self, event: &Event<'_>);
}

/// What was read.
pub(super) struct Counted<C> {
    /// A counter a thread.
    pub counters: Vec<C>,
    pub summary: Summary,
    pub opened: LogsOpened,
    /// Events of other times, accounts or regions.
    pub outside: u64,
}

/// One thread's receiver.
struct Counting<'r, C> {
    counter: C,
    filter: &'r LogFilter,
    stop: Stop,
    outside: u64,
}

impl<C: Counter> Receiver for Counting<'_, C> {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        if self.filter.wants(event.time(), event.account(), event.region()) {
            self.counter.take(event);
        } else {
            self.outside += 1;
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: &Path) -> ControlFlow<()> {
        if self.stop.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Files wait until there are enough for all threads.
struct Waiting<'f, 'r, C> {
    reader: Reader<'f>,
    threads: Vec<Counting<'r, C>>,
    files: Vec<PathBuf>,
    bytes: u64,
}

impl<C: Counter> Waiting<'_, '_, C> {
    fn take(&mut self, input: LogInput<'_>) -> ControlFlow<()> {
        match input {
            LogInput::File(path) => {
                self.bytes += std::fs::metadata(path).map_or(0, |about| about.len());
                self.files.push(path.to_owned());
                if self.files.len() < FILES && self.bytes < BYTES {
                    return ControlFlow::Continue(());
                }
                self.read()
            }
            LogInput::Bytes { name, bytes } => self.reader.read_bytes(name, bytes, &mut self.threads[0]),
            LogInput::Stream { name, source } => self.reader.read_stream(name, source, &mut self.threads[0]),
        }
    }

    fn read(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let files = std::mem::take(&mut self.files);
        match &mut *self.threads {
            [one] => files.iter().try_for_each(|path| self.reader.read_file(path, one)),
            several => self.reader.read_files_on(&files, several),
        }
    }
}

/// Reads everything that the sources have.
pub(super) async fn count<C: Counter>(
    sources: &LogSources,
    fields: &LogFields,
    counter: impl Fn() -> C,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Counted<C>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let one = || Counting { counter: counter(), filter: sources.filter(), stop: stop.clone(), outside: 0 };
    let mut waiting = Waiting {
        reader: Reader::of(fields),
        threads: (0..threads).map(|_| one()).collect(),
        files: Vec::new(),
        bytes: 0,
    };
    let opened = sources
        .each(stop, &mut |input| {
            let (now, _) = input.identity();
            let flow = waiting.take(input);
            let summary = waiting.reader.summary();
            progress.step(Step::Reading { files: summary.files.values().sum(), items: summary.events, now });
            flow
        })
        .await;
    let mut opened = opened?;
    opened.interrupted |= waiting.read().is_break() || stop.is_stopped();
    progress.step(Step::Done);
    let outside = waiting.threads.iter().map(|thread| thread.outside).sum();
    let counters = waiting.threads.into_iter().map(|thread| thread.counter).collect();
    Ok(Counted { counters, summary: waiting.reader.finish(), opened, outside })
}
