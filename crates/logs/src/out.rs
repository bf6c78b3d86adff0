//! What every reader of a file has at hand: whom to give events to, what was seen before, and the account of it all.

use std::ops::ControlFlow;
use std::path::Path;

use haechi_model::event::{Event, Found, Head, Place, Record};
use haechi_model::{ContentHash, Log, Timestamp};

use crate::duplicates::Duplicates;
use crate::layout::LogName;
use crate::receiver::{Asked, Receiver};
use crate::summary::{FileKind, Problem, Summary};
use crate::tally::Tally;

/// Where a record comes from, as far as the file's name or the envelope around the record tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Whence {
    pub(crate) account: Option<Box<str>>,
    pub(crate) region: Option<Box<str>>,
    /// The log group of CloudWatch Logs, such as `/aws/eks/my-cluster/cluster`.
    pub(crate) group: Option<Box<str>>,
    /// The log stream, such as `kube-apiserver-audit-...`.
    pub(crate) stream: Option<Box<str>>,
    /// When CloudWatch Logs says that it happened.
    pub(crate) time: Option<Timestamp>,
}

impl Whence {
    /// What a file's path tells.
    pub(crate) fn of(path: &Path) -> Self {
        let path = path.to_string_lossy();
        let name = LogName::parse(&path);
        Self { account: name.account.map(Into::into), region: name.region.map(Into::into), ..Self::default() }
    }
}

/// What a record, or a line, turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An event, handed over or counted as a duplicate.
    Event(ControlFlow<()>),
    /// Something known that is no event: a heading, `NODATA`, another stage of a request.
    Other,
    /// A file of another kind.
    Kind(FileKind),
    /// A record of this log, but damaged.
    Wrong(&'static str),
    /// Nothing of this log: perhaps of another.
    Strange(&'static str),
}

/// One file on its way to its receiver.
pub(crate) struct Out<'r> {
    pub(crate) asked: Asked<'r>,
    pub(crate) path: &'r Path,
    pub(crate) whence: Whence,
    pub(crate) duplicates: &'r Duplicates,
    pub(crate) summary: &'r mut Summary,
    pub(crate) tally: Tally,
    pub(crate) receiver: &'r mut dyn Receiver,
    /// The record's number in the file, from 1.
    pub(crate) record: u64,
    pub(crate) kind: FileKind,
}

/// What a reader knows of an event, beside its record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// None: a hash of the record stands for it.
    pub(crate) id: Option<&'a str>,
    pub(crate) time: Timestamp,
    pub(crate) source: &'a str,
    pub(crate) name: &'a str,
    pub(crate) account: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
}

impl Out<'_> {
    pub(crate) fn problem(&mut self, line: Option<u64>, record: Option<u64>, what: &str) {
        self.summary.problem(Problem { file: self.path.to_owned(), line, record, what: what.to_owned() });
    }

    /// Hands over an event that was not seen before. What it does not say itself is taken from around it.
    pub(crate) fn hand(&mut self, log: Log, record: Record<'_>, known: Known<'_>) -> Verdict {
        let hash;
        let id = match known.id {
            Some(id) => id,
            None => {
                hash = id_of(record.text());
                &hash
            }
        };
        if self.duplicates.seen(id, known.time) {
            self.summary.duplicates += 1;
            return Verdict::Event(ControlFlow::Continue(()));
        }
        let account = known.account.or(self.whence.account.as_deref());
        let region = known.region.or(self.whence.region.as_deref());
        self.tally.event(log, account, region, known.time, self.summary);
        Verdict::Event(self.give(log, record, Known { id: Some(id), ..known }))
    }

    /// Hands over an event that is accounted for.
    pub(crate) fn give(&mut self, log: Log, record: Record<'_>, known: Known<'_>) -> ControlFlow<()> {
        let account = known.account.or(self.whence.account.as_deref());
        let region = known.region.or(self.whence.region.as_deref());
        let id = known.id.unwrap_or_default();
        let head = Head { log, id, time: known.time, source: known.source, name: known.name, account, region };
        let event = Event { record, head, place: Place { file: self.path, record: self.record } };
        self.receiver.event(&event)
    }
}

/// The id of a record that has none: the same text has the same.
pub(crate) fn id_of(text: &str) -> String {
    let mut id = ContentHash::of(text.as_bytes()).to_string();
    id.truncate(32);
    id
}

/// Reads the lines of one log.
pub(crate) trait LineLog {
    /// One line, without its end. The slots are for the columns of an event.
    fn line(&mut self, line: &str, slots: &mut Vec<Found>, out: &mut Out<'_>) -> Verdict;

    /// The file is at its end.
    fn end(&mut self, out: &mut Out<'_>) -> ControlFlow<()> {
        let _ = out;
        ControlFlow::Continue(())
    }
}

impl Out<'_> {
    /// Accounts for a record. Breaks when the receiver wants no more.
    pub(crate) fn settle(&mut self, verdict: Verdict, line: Option<u64>, record: Option<u64>) -> ControlFlow<()> {
        let mut be = |kind| {
            if self.kind == FileKind::Empty {
                self.kind = kind;
            }
        };
        match verdict {
            Verdict::Event(flow) => {
                self.kind = FileKind::Log;
                return flow;
            }
            Verdict::Other => {
                self.kind = FileKind::Log;
                self.summary.others += 1;
            }
            Verdict::Kind(kind) => {
                be(kind);
                self.summary.others += 1;
            }
            Verdict::Wrong(what) | Verdict::Strange(what) => {
                be(FileKind::Rubbish);
                self.problem(line, record, what);
            }
        }
        ControlFlow::Continue(())
    }
}
