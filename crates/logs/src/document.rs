//! Reads a document to its end: `{"Records": [...]}`, single records, arrays and JSON lines, or lines of any log.
//!
//! A document of any size is read record by record. What is damaged is named with its place, and
//! reading goes on behind it wherever that place can be told.

use std::ops::ControlFlow;

use haechi_model::Log;
use haechi_model::event::json::{self, Halt};
use haechi_model::event::{Found, Learned, Record, core};

use crate::messages::{Messages, judge};
use crate::out::{Out, Verdict};
use crate::sniff;
use crate::source::Limits;
use crate::summary::{FileKind, TextBytes};
use crate::window::{Miss, Window};

/// One file on its way.
pub(crate) struct Document<'r, 'w, 'f> {
    pub(crate) window: Window<'w>,
    pub(crate) slots: &'r mut Vec<Found>,
    /// What is known of CloudTrail's records.
    pub(crate) learned: Option<&'r mut Learned<'f>>,
    pub(crate) limits: Limits,
    pub(crate) messages: Messages,
    pub(crate) out: Out<'r>,
}

/// Lines that are looked at before a file is given up.
const FIRST_LINES: usize = 64;
/// Bytes in which they must be.
const FIRST_BYTES: usize = 1 << 20;

/// Whether the rest of a text can be read.
enum Next {
    Go,
    /// Nothing behind this can be told apart.
    Lost,
    /// The user wants no more.
    Stop,
}

impl Document<'_, '_, '_> {
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
                _ if first => break self.lines(),
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
            if self.out.record == 0 && self.window.passed() == 0 {
                self.out.kind = FileKind::Rubbish;
            }
        }
        self.messages.end(&mut self.out)
    }

    fn problem(&mut self, ahead: usize, record: Option<u64>, what: &str) {
        let line = Some(self.window.line(ahead));
        self.out.problem(line, record, what);
    }

    /// Reads a text whose lines are a log, if one of the first looks like a log's.
    fn lines(&mut self) -> Next {
        self.window.fill(FIRST_BYTES);
        let text = self.window.rest();
        let known = self.messages.knows_lines()
            || memchr::memchr_iter(b'\n', text)
                .chain([text.len()])
                .scan(0, |from, end| Some(&text[std::mem::replace(from, end + 1).min(end)..end]))
                .filter(|line| !line.is_empty())
                .take(FIRST_LINES)
                .filter_map(|line| std::str::from_utf8(line).ok())
                .any(|line| self.messages.sniff(line.trim_ascii_end()));
        if !known {
            let what = sniff::not_a_log(self.window.rest());
            self.problem(0, None, what);
            self.out.kind = FileKind::Rubbish;
            return Next::Lost;
        }
        // White space was passed over to look at the first byte.
        self.out.record = self.window.line(0) - 1;
        loop {
            match self.window.whole_lines(self.limits.record) {
                Ok(end) => {
                    let (flow, told) = self.lines_up_to(end);
                    self.window.take_told(told);
                    if flow.is_break() {
                        return Next::Stop;
                    }
                }
                Err(Miss::Large) => {
                    self.out.record += 1;
                    self.out.problem(Some(self.out.record), None, "the line is longer than 16 MiB: it is not read");
                    if !self.window.pass_line() {
                        return Next::Go;
                    }
                }
                Err(_) => return Next::Go,
            }
        }
    }

    /// Reads lines, and tells what their bytes were: of all of them, unless the receiver wants no more.
    fn lines_up_to(&mut self, end: usize) -> (ControlFlow<()>, TextBytes) {
        let mut told = TextBytes::default();
        let (messages, out) = (&mut self.messages, &mut self.out);
        let chunk = &self.window.rest()[..end];
        // One look at the whole chunk is cheaper than one a line; a damaged line must not spoil the others.
        let whole = std::str::from_utf8(chunk).ok();
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', chunk).chain([chunk.len()]) {
            let (start, stop) = (std::mem::replace(&mut from, end + 1), end);
            if start >= chunk.len() {
                break;
            }
            told.between += u64::from(stop < chunk.len());
            out.record += 1;
            let line = match whole {
                Some(text) => text.get(start..stop),
                None => std::str::from_utf8(&chunk[start..stop]).ok(),
            };
            let number = out.record;
            let verdict = match line {
                None => Verdict::Wrong("the line is not UTF-8"),
                Some(line) => {
                    let line = line.strip_suffix('\r').unwrap_or(line);
                    if line.trim_ascii().is_empty() {
                        told.between += (stop - start) as u64;
                        continue;
                    }
                    messages.take(line, out)
                }
            };
            // What an envelope holds is not counted as lines.
            out.record = number;
            told += messages.told(verdict, stop - start);
            if out.settle(verdict, Some(number), None).is_break() {
                return (ControlFlow::Break(()), told);
            }
        }
        (ControlFlow::Continue(()), told)
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
                    self.out.record += 1;
                    self.problem(0, Some(self.out.record), "a record is an object");
                    match self.window.scan(self.limits.record, |text| json::value_end(text, 0)) {
                        Ok(end) => {
                            self.window.take_damaged(end);
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
                    self.problem(0, Some(self.out.record), "`,` or `]` is expected here");
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
        let current = self.messages.current;
        let fields = current.and_then(|log| self.out.asked.fields(log));
        let learned = &mut self.learned;
        let slots = &mut *self.slots;
        let end = self.window.scan(self.limits.record, |text| match (fields, learned.as_deref_mut()) {
            (Some(_), Some(learned)) if current == Some(Log::CloudTrail) => learned.read(text, 0, slots),
            (Some(fields), _) => fields.read(text, 0, slots),
            (None, _) => json::value_end(text, 0),
        })?;
        if end > self.limits.record { Err(Miss::Large) } else { Ok(end) }
    }

    fn element(&mut self) -> Next {
        self.out.record += 1;
        match self.scan() {
            Ok(end) => self.take(end),
            Err(miss) => {
                let (ahead, what) = self.said(miss);
                self.problem(ahead, Some(self.out.record), what);
                // The next record begins behind the bracket that closes this one.
                if miss != Miss::End && self.window.pass_brackets() { Next::Go } else { Next::Lost }
            }
        }
    }

    fn top_record(&mut self) -> Next {
        self.out.record += 1;
        match self.scan() {
            Ok(end) => {
                // An envelope whose records are not its first member.
                let trail = self.messages.current == Some(Log::CloudTrail);
                let records = self.slots.get(core::RECORDS.index()).filter(|_| trail).and_then(Found::start);
                if let Some(start) = records.filter(|start| self.window.rest().get(*start) == Some(&b'[')) {
                    self.out.record -= 1;
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
                self.problem(ahead, Some(self.out.record), what);
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
        let record = Some(self.out.record);
        let (messages, out) = (&mut self.messages, &mut self.out);
        let text = &self.window.rest()[..end];
        let current = messages.current.and_then(|log| Some((log, out.asked.fields(log)?)));
        let verdict = match (std::str::from_utf8(text), current) {
            (Err(_), _) => Verdict::Wrong("the record is not UTF-8"),
            (Ok(text), None) => messages.json(text, "no record of a log that is read", out),
            (Ok(text), Some((log, fields))) => match judge(log, Record::of_json(text, fields, self.slots), out) {
                Verdict::Strange(what) => messages.json(text, what, out),
                verdict => verdict,
            },
        };
        // The place of what is damaged is wanted, and it costs something to count lines.
        let line = matches!(verdict, Verdict::Wrong(_) | Verdict::Strange(_)).then(|| self.window.line(0));
        let flow = self.out.settle(verdict, line, record);
        let told = self.messages.told(verdict, end);
        self.window.take_told(told);
        if flow.is_break() { Next::Stop } else { Next::Go }
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
