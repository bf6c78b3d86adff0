//! Reads logs on every core for one engine: each thread has a scanner of its own, and what it found goes to the engine
//! before it grows.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use haechi_detect::{Engine, Scanner};
use haechi_inventory::Stop;
use haechi_logs::{Event, FlowFormat, LogFilter, Reader, Receiver, Summary};
use haechi_model::event::Flow;

use crate::detect::Watch;
use crate::log_sources::LogInput;

/// More threads wait for the disk, and each has its buffers.
const THREADS: usize = 8;
/// Files, and their bytes, that are read at once.
const FILES: usize = 64;
const BYTES: u64 = 256 << 20;

/// One thread's receiver: what the flags want of the events goes to the scanner.
struct Looking {
    scanner: Scanner,
    filter: LogFilter,
    engine: Arc<Mutex<Engine>>,
    stop: Stop,
    events: u64,
    /// The files that were read to their end, with their events.
    ended: Vec<(PathBuf, u64)>,
}

fn locked(engine: &Mutex<Engine>) -> MutexGuard<'_, Engine> {
    // An engine takes a batch whole or panics: nobody goes on after that.
    engine.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Looking {
    fn hand_over_if_full(&mut self) -> ControlFlow<()> {
        if self.scanner.is_full() {
            let batch = self.scanner.drain();
            locked(&self.engine).add(batch);
        }
        ControlFlow::Continue(())
    }
}

impl Receiver for Looking {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self.events += 1;
        if self.filter.wants(event.time(), event.account(), event.region()) {
            self.scanner.take(event);
        }
        self.hand_over_if_full()
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        self.events += 1;
        if wants_flow(&self.filter, flow) {
            self.scanner.take_flow(flow);
        }
        self.hand_over_if_full()
    }

    fn end(&mut self, file: &Path) -> ControlFlow<()> {
        self.ended.push((file.to_owned(), core::mem::take(&mut self.events)));
        if self.stop.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// What the flags want of flows.
pub(crate) fn wants_flow(filter: &LogFilter, flow: &Flow<'_>) -> bool {
    let (account, region) = (flow.account, flow.region);
    filter.wants(flow.time(), (!account.is_empty()).then_some(account), (!region.is_empty()).then_some(region))
}

/// Readers and scanners at work for one engine.
pub(crate) struct Lookout<'w> {
    reader: Reader<'w>,
    looking: Vec<Looking>,
    engine: Arc<Mutex<Engine>>,
    waiting: Vec<PathBuf>,
    bytes: u64,
}

impl<'w> Lookout<'w> {
    pub(crate) fn new(
        watch: &'w Watch,
        engine: Engine,
        filter: &LogFilter,
        format: Option<FlowFormat>,
        stop: &Stop,
    ) -> Self {
        let engine = Arc::new(Mutex::new(engine));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
        let looking = (0..threads).map(|_| Looking {
            scanner: Scanner::new(Arc::clone(&watch.detections), Arc::clone(&watch.intel)),
            filter: filter.clone(),
            engine: Arc::clone(&engine),
            stop: stop.clone(),
            events: 0,
            ended: Vec::new(),
        });
        let looking = looking.collect();
        let mut reader = Reader::of(&watch.fields);
        if let Some(format) = format {
            reader = reader.flow_format(format);
        }
        Self { reader, looking, engine, waiting: Vec::new(), bytes: 0 }
    }

    /// Takes an input. Files wait until there are enough for all threads. True: some were read.
    pub(crate) fn take(&mut self, input: LogInput<'_>) -> ControlFlow<(), bool> {
        match input {
            LogInput::File(path) => {
                self.bytes += std::fs::metadata(path).map_or(0, |about| about.len());
                self.waiting.push(path.to_owned());
                if self.waiting.len() < FILES && self.bytes < BYTES {
                    return ControlFlow::Continue(false);
                }
                self.read_waiting()?;
            }
            LogInput::Bytes { name, bytes } => {
                self.read_waiting()?;
                self.reader.read_bytes(name, bytes, &mut self.looking[0])?;
            }
            LogInput::Stream { name, source } => {
                self.read_waiting()?;
                self.reader.read_stream(name, source, &mut self.looking[0])?;
            }
        }
        ControlFlow::Continue(true)
    }

    fn read_waiting(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        let files = core::mem::take(&mut self.waiting);
        match &mut *self.looking {
            [one] => files.iter().try_for_each(|path| self.reader.read_file(path, one)),
            several => self.reader.read_files_on(&files, several),
        }
    }

    pub(crate) fn summary(&self) -> &Summary {
        self.reader.summary()
    }

    /// Reads what still waits.
    pub(crate) fn finish(mut self) -> Looked {
        let stopped = self.looking.iter().any(|looking| looking.stop.is_stopped());
        let whole = !stopped && self.read_waiting().is_continue();
        let batches: Vec<_> = self.looking.iter_mut().map(|looking| looking.scanner.drain()).collect();
        let events = self.looking.into_iter().flat_map(|looking| looking.ended).collect();
        let Some(engine) = Arc::into_inner(self.engine) else { unreachable!("the threads are over") };
        let mut engine = match engine.into_inner() {
            Ok(engine) => engine,
            Err(poisoned) => poisoned.into_inner(),
        };
        engine.add_all(batches);
        Looked { engine, summary: self.reader.finish(), events, whole }
    }
}

/// What came of it.
pub(crate) struct Looked {
    /// With all that was found.
    pub(crate) engine: Engine,
    pub(crate) summary: Summary,
    /// Of each file that was read to its end.
    pub(crate) events: HashMap<PathBuf, u64>,
    /// False: the user wanted no more before all was read.
    pub(crate) whole: bool,
}
