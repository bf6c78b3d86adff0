//! CloudTrail: `{"Records": [...]}`, the answers of `lookup-events`, single records, arrays and JSON lines.
//!
//! A document of any size is read record by record. What is damaged is named with its place, and
//! reading goes on behind it wherever that place can be told.

use std::ops::ControlFlow;
use std::path::Path;

use crate::duplicates::Duplicates;
use haechi_model::Log;
use haechi_model::event::json::{self, Halt};
use haechi_model::event::{Event, Fields, Found, Head, Json, Place, Record, core, time};

use crate::source::Limits;
use crate::summary::{FileKind, Problem, Summary};
use crate::window::{Miss, Window};

/// One file on its way.
pub(crate) struct Document<'r, 'w> {
    pub(crate) window: Window<'w>,
    pub(crate) path: &'r Path,
    pub(crate) fields: &'r Fields,
    pub(crate) slots: &'r mut Vec<Found>,
    pub(crate) limits: Limits,
    pub(crate) duplicates: &'r mut Duplicates,
    pub(crate) summary: &'r mut Summary,
    pub(crate) each: &'r mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
    pub(crate) record: u64,
    pub(crate) kind: FileKind,
}

/// Whether the rest of a text can be read.
enum Next {
    Go,
    /// Nothing behind this can be told apart.
    Lost,
    /// The user wants no more.
    Stop,
}

/// What a record turned out to be.
enum Verdict {
    Event(ControlFlow<()>),
    Kind(FileKind),
    Wrong(&'static str),
}

impl Document<'_, '_> {
    /// Reads the whole document. Breaks when the receiver of the events wants no more.
    pub(crate) fn read(&mut self) -> ControlFlow<()> {
        let mut first = true;
        let ended = loop {
            let Some(byte) = self.window.peek() else { break Next::Go };
            let next = match byte {
                b'{' => self.top_object(),
                b'[' => {
                    self.window.take(1);
                    self.array()
                }
                _ if first => {
                    let what = not_json(self.window.rest());
                    self.problem(0, None, what);
                    self.kind = FileKind::Rubbish;
                    break Next::Lost;
                }
                _ => {
                    self.problem(0, None, "neither an object nor an array begins here");
                    if self.window.pass_line() { Next::Go } else { Next::Lost }
                }
            };
            first = false;
            if !matches!(next, Next::Go) {
                break next;
            }
        };
        if matches!(ended, Next::Stop) {
            return ControlFlow::Break(());
        }
        self.window.pass_rest();
        if let Some(error) = self.window.broken.take() {
            let what = of_read(&error);
            self.problem(0, None, &what);
            if self.record == 0 && self.window.passed() == 0 {
                self.kind = FileKind::Rubbish;
            }
        }
        ControlFlow::Continue(())
    }

    fn problem(&mut self, ahead: usize, record: Option<u64>, what: &str) {
        let line = Some(self.window.line(ahead));
        self.summary.problem(Problem { file: self.path.to_owned(), line, record, what: what.to_owned() });
    }

    /// An object that is not in an array: an envelope of records, or a record.
    fn top_object(&mut self) -> Next {
        let envelope = self.window.scan(4096, |text| {
            let (name, _, value) = json::key(text, json::space(text, 1))?;
            let array = text.get(value).ok_or(Halt::Incomplete)? == &b'[';
            Ok((array && matches!(name, b"Records" | b"Events")).then_some(value + 1))
        });
        match envelope {
            Ok(Some(inside)) => {
                self.window.take(inside);
                match self.array() {
                    Next::Go => self.members_behind(),
                    other => other,
                }
            }
            _ => self.top_record(),
        }
    }

    /// What stands behind the records in their envelope.
    fn members_behind(&mut self) -> Next {
        loop {
            match self.window.peek() {
                Some(b'}') => {
                    self.window.take(1);
                    return Next::Go;
                }
                Some(b',') => {
                    self.window.take(1);
                    self.window.peek();
                    let member = self.window.scan(self.limits.record, |text| {
                        let (_, _, value) = json::key(text, 0)?;
                        json::value_end(text, value)
                    });
                    match member {
                        Ok(end) => self.window.take(end),
                        Err(miss) => {
                            let (ahead, what) = self.said(miss);
                            self.problem(ahead, None, what);
                            return Next::Lost;
                        }
                    }
                }
                other => {
                    let what = if other.is_none() { "the file ends too early" } else { "`,` or `}` is expected here" };
                    self.problem(0, None, what);
                    return Next::Lost;
                }
            }
        }
    }

    /// The records of an array, from behind its bracket.
    fn array(&mut self) -> Next {
        if self.window.peek() == Some(b']') {
            self.window.take(1);
            return Next::Go;
        }
        loop {
            let next = match self.window.peek() {
                Some(b'{') => self.element(),
                None => {
                    self.problem(0, None, "the file ends too early");
                    Next::Lost
                }
                Some(_) => {
                    self.record += 1;
                    self.problem(0, Some(self.record), "a record is an object");
                    match self.window.scan(self.limits.record, |text| json::value_end(text, 0)) {
                        Ok(end) => {
                            self.window.take(end);
                            Next::Go
                        }
                        Err(_) => Next::Lost,
                    }
                }
            };
            if !matches!(next, Next::Go) {
                return next;
            }
            match self.window.peek() {
                Some(b',') => {
                    self.window.take(1);
                    self.window.peek();
                }
                Some(b']') => {
                    self.window.take(1);
                    return Next::Go;
                }
                None => {
                    self.problem(0, None, "the file ends too early");
                    return Next::Lost;
                }
                Some(_) => {
                    self.problem(0, Some(self.record), "`,` or `]` is expected here");
                    return Next::Lost;
                }
            }
        }
    }

    fn said(&self, miss: Miss) -> (usize, &'static str) {
        match miss {
            Miss::End => (self.window.rest().len(), "the file ends too early"),
            Miss::Large => (0, "the record is larger than 16 MiB: it is not read"),
            Miss::Wrong { at, what } => (at, what),
        }
    }

    /// Reads the object that begins here into the slots.
    fn scan(&mut self) -> Result<usize, Miss> {
        let (fields, slots) = (self.fields, &mut *self.slots);
        let end = self.window.scan(self.limits.record, |text| fields.read(text, 0, slots))?;
        if end > self.limits.record { Err(Miss::Large) } else { Ok(end) }
    }

    fn element(&mut self) -> Next {
        self.record += 1;
        match self.scan() {
            Ok(end) => self.take(end),
            Err(miss) => {
                let (ahead, what) = self.said(miss);
                self.problem(ahead, Some(self.record), what);
                // The next record begins behind the bracket that closes this one.
                if miss != Miss::End && self.window.pass_brackets() { Next::Go } else { Next::Lost }
            }
        }
    }

    fn top_record(&mut self) -> Next {
        self.record += 1;
        match self.scan() {
            Ok(end) => {
                // An envelope whose records are not its first member.
                let records = self.slots.get(core::RECORDS.index()).and_then(Found::start);
                if let Some(start) = records.filter(|start| self.window.rest().get(*start) == Some(&b'[')) {
                    self.record -= 1;
                    self.window.take(start + 1);
                    return match self.array() {
                        Next::Go => self.members_behind(),
                        other => other,
                    };
                }
                self.take(end)
            }
            Err(miss) => {
                let (ahead, what) = self.said(miss);
                self.problem(ahead, Some(self.record), what);
                let on = match miss {
                    Miss::End => false,
                    Miss::Large => self.window.pass_brackets(),
                    // Of lines, each stands for itself.
                    Miss::Wrong { .. } => self.window.pass_line(),
                };
                if on { Next::Go } else { Next::Lost }
            }
        }
    }

    /// Takes the object that was scanned.
    fn take(&mut self, end: usize) -> Next {
        let place = Place { file: self.path, record: self.record };
        let text = &self.window.rest()[..end];
        let verdict = match std::str::from_utf8(text) {
            Err(_) => Verdict::Wrong("the record is not UTF-8"),
            Ok(text) => {
                let record = Record::of_json(text, self.fields, self.slots);
                judge(record, place, self.duplicates, self.summary, self.each)
            }
        };
        let next = match verdict {
            Verdict::Event(flow) => {
                self.kind = FileKind::Log;
                if flow.is_break() { Next::Stop } else { Next::Go }
            }
            Verdict::Kind(kind) => {
                self.summary.others += 1;
                if self.kind == FileKind::Empty {
                    self.kind = kind;
                }
                Next::Go
            }
            Verdict::Wrong(what) => {
                self.problem(0, Some(self.record), what);
                if self.kind == FileKind::Empty {
                    self.kind = FileKind::Rubbish;
                }
                Next::Go
            }
        };
        self.window.take(end);
        next
    }
}

/// Says what a record is, and hands it over when it is an event that is new.
fn judge(
    record: Record<'_>,
    place: Place<'_>,
    duplicates: &mut Duplicates,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
) -> Verdict {
    let text = |slot| record.get(slot).and_then(Json::text);
    let (Some(id), Some(at), Some(source), Some(name)) =
        (text(core::ID), text(core::TIME), text(core::SOURCE), text(core::NAME))
    else {
        return other(record, place, duplicates, summary, each);
    };
    let Some(time) = time(&at) else { return Verdict::Wrong("its `eventTime` is not a date and time in UTC") };
    let account = text(core::RECIPIENT).or_else(|| text(core::CALLER));
    let region = text(core::REGION);
    let head = Head {
        log: Log::CloudTrail,
        id: &id,
        time,
        source: &source,
        name: &name,
        account: account.as_deref(),
        region: region.as_deref(),
    };
    let event = Event { record, head, place };
    if duplicates.seen(&id) {
        summary.duplicates += 1;
        return Verdict::Event(ControlFlow::Continue(()));
    }
    summary.event(event.account(), event.region(), time);
    Verdict::Event(each(&event))
}

/// A record without an event's members: one with an event inside, or something else that AWS writes.
fn other(
    record: Record<'_>,
    place: Place<'_>,
    duplicates: &mut Duplicates,
    summary: &mut Summary,
    each: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
) -> Verdict {
    let has = |slot| record.get(slot).is_some();
    let inner = match (record.get(core::INNER).and_then(Json::text), record.get(core::DETAIL)) {
        (Some(inner), _) => Some(inner),
        (None, Some(detail)) if has(core::DETAIL_TYPE) => Some(detail.as_json().into()),
        _ => None,
    };
    if let Some(inner) = inner {
        let mut slots = Vec::new();
        let text = inner.trim();
        let whole = text.starts_with('{') && record.fields().read(text.as_bytes(), 0, &mut slots) == Ok(text.len());
        if !whole {
            return Verdict::Wrong("the event inside it is not JSON");
        }
        let inner = Record::of_json(text, record.fields(), &slots);
        // One step only: an event inside has none in it.
        return if inner.get(core::ID).is_some() {
            judge(inner, place, duplicates, summary, each)
        } else {
            Verdict::Kind(FileKind::Rubbish)
        };
    }
    if has(core::DIGEST) {
        Verdict::Kind(FileKind::Digest)
    } else if has(core::CONFIG) {
        Verdict::Kind(FileKind::Config)
    } else if has(core::OBJECT) {
        Verdict::Wrong("a notice of an S3 object, no event of CloudTrail")
    } else if record.get(core::ID).is_some() || record.get(core::NAME).is_some() {
        Verdict::Wrong("an event has `eventID`, `eventTime`, `eventSource` and `eventName`: one of them is missing")
    } else {
        Verdict::Wrong("no event of CloudTrail")
    }
}

/// Why bytes that do not start like JSON are no log.
fn not_json(first: &[u8]) -> &'static str {
    match first {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "UTF-16 text: CloudTrail's files are UTF-8",
        [0xEF, 0xBB, 0xBF, ..] => "it begins with a byte order mark, which JSON does not have",
        [0x1F, 0x8B, ..] => "gzip within gzip",
        [b'P', b'K', 3, 4, ..] => "a zip archive: unpack it first",
        _ => "not JSON",
    }
}

/// A read that failed, in words.
fn of_read(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::UnexpectedEof => "the packed data is cut off: what was before was read".to_owned(),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            format!("the packed data is damaged: {error}; what was before was read")
        }
        _ => format!("cannot be read to its end: {error}; what was before was read"),
    }
}
