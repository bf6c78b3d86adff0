//! Reads files on several threads: each has a reader and a receiver of its own, and all share what was seen before.
//!
//! The summary is the same for any number of threads, in the order in which the files were given. Of a duplicate one
//! copy is handed over, by whichever thread met it first: only its [`Place`](crate::Place) depends on that.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::reader::Reader;
use crate::receiver::Receiver;
use crate::summary::Summary;

/// Something to read that may be handed to another thread.
enum Input {
    File(PathBuf),
    Bytes(PathBuf, Vec<u8>),
}

/// Where inputs are given to the threads.
pub struct Inputs<'t> {
    sender: SyncSender<(usize, Input)>,
    stopped: &'t AtomicBool,
    given: usize,
}

impl Inputs<'_> {
    /// Gives a file to the next thread that is free, and waits while none is. Breaks when a receiver wants no more.
    pub fn file(&mut self, path: &Path) -> ControlFlow<()> {
        self.give(Input::File(path.to_owned()))
    }

    /// The same of bytes, such as an object of S3.
    pub fn bytes(&mut self, name: &Path, bytes: Vec<u8>) -> ControlFlow<()> {
        self.give(Input::Bytes(name.to_owned(), bytes))
    }

    fn give(&mut self, input: Input) -> ControlFlow<()> {
        if self.stopped.load(Ordering::Relaxed) || self.sender.send((self.given, input)).is_err() {
            return ControlFlow::Break(());
        }
        self.given += 1;
        ControlFlow::Continue(())
    }
}

/// Summaries, put together in the order of the inputs.
struct Merged<'s> {
    into: &'s mut Summary,
    next: usize,
    waiting: BTreeMap<usize, Summary>,
}

impl Merged<'_> {
    fn take(&mut self, number: usize, summary: Summary) {
        self.waiting.insert(number, summary);
        while let Some(summary) = self.waiting.remove(&self.next) {
            self.into.merge(summary);
            self.next += 1;
        }
    }
}

impl Reader<'_> {
    /// Reads what `feed` gives, on as many threads as there are receivers.
    pub fn on_threads<R: Receiver + Send, T>(
        &mut self,
        receivers: &mut [R],
        feed: impl FnOnce(&mut Inputs<'_>) -> T,
    ) -> T {
        self.share();
        let readers: Vec<_> = receivers.iter().map(|_| self.beside()).collect();
        let stopped = AtomicBool::new(false);
        let merged = Mutex::new(Merged { into: self.summary_mut(), next: 0, waiting: BTreeMap::new() });
        // One input waits for each thread: what is given is not kept in memory for long.
        let (sender, inputs) = sync_channel(receivers.len().max(1));
        let inputs = Arc::new(Mutex::new(inputs));
        std::thread::scope(|scope| {
            for (mut reader, receiver) in readers.into_iter().zip(receivers) {
                let (inputs, stopped, merged) = (inputs.clone(), &stopped, &merged);
                scope.spawn(move || {
                    loop {
                        let next = inputs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((number, input)) = next else { return };
                        // What was given before the end was wished for is not read any more.
                        if !stopped.load(Ordering::Relaxed) {
                            let flow = match &input {
                                Input::File(path) => reader.read_file(path, receiver),
                                Input::Bytes(name, bytes) => reader.read_bytes(name, bytes, receiver),
                            };
                            if flow.is_break() {
                                stopped.store(true, Ordering::Relaxed);
                            }
                        }
                        let summary = std::mem::take(reader.summary_mut());
                        merged.lock().unwrap_or_else(PoisonError::into_inner).take(number, summary);
                    }
                });
            }
            // With the last thread goes the place to send to: nobody waits for readers that are no more.
            drop(inputs);
            let mut inputs = Inputs { sender, stopped: &stopped, given: 0 };
            feed(&mut inputs)
        })
    }

    /// Reads files on as many threads as there are receivers.
    pub fn read_files_on<R: Receiver + Send>(&mut self, files: &[PathBuf], receivers: &mut [R]) -> ControlFlow<()> {
        self.on_threads(receivers, |inputs| files.iter().try_for_each(|path| inputs.file(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Fields};

    fn record(number: u64) -> String {
        format!(
            r#"{{"eventTime":"2026-11-22T{:02}:30:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"r{}","eventID":"{number}","recipientAccountId":"{:012}"}}"#,
            number % 24,
            number % 3,
            number % 7
        )
    }

    /// Forty files: every event twice, in files far apart, some damaged.
    fn files() -> Vec<Vec<u8>> {
        let file = |file: u64| {
            let records: Vec<_> = (0..50).map(|at| record(at * 20 + file % 20)).collect();
            let text = format!(r#"{{"Records":[{}]}}"#, records.join(","));
            if file % 9 == 4 { text.as_bytes()[..text.len() - 300].to_vec() } else { text.into_bytes() }
        };
        (0..40).map(file).collect()
    }

    #[derive(Default)]
    struct Ids {
        ids: Vec<String>,
        ended: usize,
    }

    impl Receiver for Ids {
        fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
            self.ids.push(event.id().to_owned());
            ControlFlow::Continue(())
        }

        fn end(&mut self, _: &Path) -> ControlFlow<()> {
            self.ended += 1;
            ControlFlow::Continue(())
        }
    }

    fn read(threads: usize) -> (Vec<String>, Summary) {
        let fields = Fields::of_events([]).unwrap();
        let mut reader = Reader::new(&fields);
        let mut receivers: Vec<Ids> = (0..threads).map(|_| Ids::default()).collect();
        let flow = reader.on_threads(&mut receivers, |inputs| {
            files().into_iter().enumerate().try_for_each(|(at, bytes)| {
                let name = format!("f{at}");
                inputs.bytes(Path::new(&name), bytes)
            })
        });
        assert_eq!(flow, ControlFlow::Continue(()));
        assert_eq!(receivers.iter().map(|receiver| receiver.ended).sum::<usize>(), 40);
        let mut ids: Vec<_> = receivers.into_iter().flat_map(|receiver| receiver.ids).collect();
        ids.sort_unstable();
        (ids, reader.finish())
    }

    #[test]
    fn any_number_of_threads_reads_the_same() {
        let (ids, summary) = read(1);
        assert_eq!((summary.events, summary.problems.len()), (ids.len() as u64, 4));
        assert!(ids.len() > 900 && summary.duplicates > 900, "{summary:?}");
        for threads in [2, 3, 8] {
            assert_eq!(read(threads), (ids.clone(), summary.clone()), "{threads} threads");
        }
    }

    #[test]
    fn one_receiver_ends_the_reading_of_all() {
        let fields = Fields::of_events([]).unwrap();
        let mut reader = Reader::new(&fields);
        let stop = |_: &Event<'_>| ControlFlow::Break(());
        let endless = reader.on_threads(&mut [stop, stop], |inputs| {
            let text = format!(r#"{{"Records":[{}]}}"#, record(1)).into_bytes();
            (0_u64..).find(|_| inputs.bytes(Path::new("x"), text.clone()).is_break())
        });
        assert!(endless.is_some());
        assert!(reader.summary().events >= 1);
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_receiver_that_panics_hangs_nobody() {
        let fields = Fields::of_events([]).unwrap();
        let mut reader = Reader::new(&fields);
        let panics = |_: &Event<'_>| panic!("as it is wished");
        reader.on_threads(&mut [panics], |inputs| {
            let text = format!(r#"{{"Records":[{}]}}"#, record(1)).into_bytes();
            while inputs.bytes(Path::new("x"), text.clone()).is_continue() {}
        });
    }
}
