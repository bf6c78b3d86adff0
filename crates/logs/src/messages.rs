//! Single records that come as text: out of envelopes, exports and lines, each of any log.

use std::borrow::Cow;
use std::ops::ControlFlow;

use haechi_model::Log;
use haechi_model::event::{Found, Json, Record, time};

use crate::flow_lines::{FlowFormat, FlowLines};
use crate::out::{LineLog, Out, Verdict};
use crate::sniff::{self, Shape};
use crate::summary::{FileKind, TextBytes};
use crate::{cloudtrail, eks, rds, resolver, waf};

/// Messages inside messages: an envelope may be in an export.
const DEEPEST: u32 = 3;

/// Reads messages of one file. What the last one was is tried first on the next.
#[derive(Default)]
pub(crate) struct Messages {
    pub(crate) current: Option<Log>,
    slots: Vec<Found>,
    lines: Option<(Log, Box<dyn LineLog>)>,
    depth: u32,
    /// The last record that was taken was an envelope.
    enveloped: bool,
}

impl Messages {
    /// With the format of flow logs that the user named, where there is one.
    pub(crate) fn new(format: Option<&FlowFormat>) -> Self {
        let lines = format.map(|format| {
            let lines: Box<dyn LineLog> = Box::new(FlowLines::of(format.clone()));
            (Log::VpcFlow, lines)
        });
        Self { lines, ..Self::default() }
    }

    pub(crate) fn knows_lines(&self) -> bool {
        self.lines.is_some()
    }

    /// Takes a line for one of a log, if it looks like one; from now on lines are read as this log's.
    pub(crate) fn sniff(&mut self, line: &str) -> bool {
        let message = sniff::behind_time(line).map_or(line, |(_, message)| message);
        if message.starts_with('{') && Json::parse(message).is_some() {
            return true;
        }
        self.lines = sniff::line(message);
        self.lines.is_some()
    }

    /// A message: JSON, or a line.
    pub(crate) fn take(&mut self, text: &str, out: &mut Out<'_>) -> Verdict {
        let text = match sniff::behind_time(text) {
            Some((at, message)) => {
                out.whence.time = time(at);
                message
            }
            None => text,
        };
        if text.starts_with('{') {
            let text = text.trim_ascii_end();
            return self.json(text, "no record of a log that is read", out);
        }
        if self.lines.is_none() {
            self.lines = sniff::line(text);
        }
        match &mut self.lines {
            Some((log, _)) if !out.asked.wants(*log) => Verdict::Kind(FileKind::Unwanted),
            Some((_, lines)) => lines.line(text, &mut self.slots, out),
            None if eks::is_other_stream(&out.whence) => Verdict::Other,
            None => Verdict::Strange(rds::unread(text).unwrap_or("no line of a log that is read")),
        }
    }

    /// The file is at its end.
    pub(crate) fn end(&mut self, out: &mut Out<'_>) -> ControlFlow<()> {
        self.lines.as_mut().map_or(ControlFlow::Continue(()), |(_, lines)| lines.end(out))
    }

    /// An object of JSON. `what` is said of one that is of no log.
    pub(crate) fn json(&mut self, text: &str, what: &'static str, out: &mut Out<'_>) -> Verdict {
        if let Some(log) = self.current {
            match self.read(log, text, out) {
                Verdict::Strange(_) => {}
                verdict => return verdict,
            }
        }
        let Some(object) = Json::parse(text) else { return Verdict::Wrong("not JSON") };
        match sniff::object(object) {
            Shape::Record(log) if !out.asked.wants(log) => Verdict::Kind(FileKind::Unwanted),
            Shape::Record(log) if Some(log) == self.current => Verdict::Wrong(what),
            Shape::Record(log) => {
                self.current = Some(log);
                match self.read(log, text, out) {
                    Verdict::Strange(what) => Verdict::Wrong(what),
                    verdict => verdict,
                }
            }
            Shape::Digest => Verdict::Kind(FileKind::Digest),
            Shape::Config => Verdict::Kind(FileKind::Config),
            Shape::Control => Verdict::Other,
            Shape::Unknown => Verdict::Wrong(what),
            _ if self.depth == DEEPEST => Verdict::Wrong("messages within messages within messages"),
            inside => {
                self.depth += 1;
                let verdict = self.inside(object, inside, out);
                self.depth -= 1;
                verdict
            }
        }
    }

    /// What the text of a record was, of which the verdict is known.
    pub(crate) fn told(&mut self, verdict: Verdict, length: usize) -> TextBytes {
        let enveloped = std::mem::take(&mut self.enveloped);
        let length = length as u64;
        let none = TextBytes::default();
        match verdict {
            Verdict::Event(_) => TextBytes { events: length, ..none },
            Verdict::Other if enveloped => TextBytes { events: length, ..none },
            Verdict::Other | Verdict::Kind(_) => TextBytes { others: length, ..none },
            Verdict::Wrong(_) | Verdict::Strange(_) => TextBytes { damaged: length, ..none },
        }
    }

    /// What an envelope holds.
    fn inside(&mut self, envelope: Json<'_>, shape: Shape<'_>, out: &mut Out<'_>) -> Verdict {
        self.enveloped = true;
        let outer = out.whence.clone();
        let text = |name| envelope.get(name).and_then(Json::text).map(|text: Cow<'_, str>| Box::from(&*text));
        out.whence.account = text("owner").or(outer.account.clone());
        out.whence.group = text("logGroup").or(outer.group.clone());
        out.whence.stream = text("logStream").or(outer.stream.clone());
        let verdict = match shape {
            Shape::Message(message) => match message.text() {
                Some(message) => self.take(&message, out),
                None => Verdict::Wrong("its message is no text"),
            },
            Shape::Messages(list) => self.each(list, out, |one, element, out| {
                let micros = |value: Json<'_>| value.as_f64().map(|millis| millis as i64);
                out.whence.time = element
                    .get("timestamp")
                    .and_then(micros)
                    .and_then(|millis| millis.checked_mul(1000))
                    .map(haechi_model::Timestamp::from_micros);
                if let Some(stream) = element.get("logStreamName").and_then(Json::text) {
                    out.whence.stream = Some(Box::from(&*stream));
                }
                match element.get("message").and_then(Json::text) {
                    Some(message) => one.take(message.trim_ascii(), out),
                    None => Verdict::Wrong("a message has a text in `message`"),
                }
            }),
            Shape::List(list) => self.each(list, out, |one, element, out| {
                one.json(element.as_json(), "no record of a log that is read", out)
            }),
            _ => Verdict::Other,
        };
        out.whence = outer;
        verdict
    }

    /// Each element for itself; the envelope is no record of its own.
    fn each(
        &mut self,
        list: Json<'_>,
        out: &mut Out<'_>,
        mut take: impl FnMut(&mut Self, Json<'_>, &mut Out<'_>) -> Verdict,
    ) -> Verdict {
        let mut first = true;
        for element in list.elements() {
            if !std::mem::take(&mut first) {
                out.record += 1;
            }
            let verdict = take(self, element, out);
            let record = Some(out.record);
            if out.settle(verdict, None, record).is_break() {
                return Verdict::Event(ControlFlow::Break(()));
            }
        }
        Verdict::Other
    }

    /// Reads a record of a log that is wanted.
    fn read(&mut self, log: Log, text: &str, out: &mut Out<'_>) -> Verdict {
        let Some(fields) = out.asked.fields(log) else { return Verdict::Strange("not asked for") };
        let mut slots = std::mem::take(&mut self.slots);
        let verdict = match fields.read(text.as_bytes(), 0, &mut slots) {
            Ok(end) if end == text.len() => judge(log, Record::of_json(text, fields, &slots), out),
            _ => Verdict::Wrong("not JSON"),
        };
        self.slots = slots;
        verdict
    }
}

/// Says what a record of a log is, and hands it over when it is an event that is new.
pub(crate) fn judge(log: Log, record: Record<'_>, out: &mut Out<'_>) -> Verdict {
    match log {
        Log::CloudTrail => cloudtrail::judge(record, out),
        Log::ResolverQuery => resolver::judge(record, out),
        Log::EksAudit => eks::judge(record, out),
        Log::Waf => waf::judge(record, out),
        Log::VpcFlow | Log::S3Access | Log::RdsLogin => Verdict::Strange("a log of lines"),
    }
}
