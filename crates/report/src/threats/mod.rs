//! What detections found: the input that the app fills, and its writers. A page for people, JSON, JSON lines, CSV, OCSF
//! and GuardDuty's own shape.

mod guardduty;
mod machine;
mod page;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

use haechi_content::{Language, Text};
use haechi_i18n::{Catalog, render_text};
use haechi_model::{Factor, Log, Message, Severity, Threat, Timestamp};

use crate::format::{Format, Options};
use crate::input::{NextStep, Suppression, Unreadable};

pub use guardduty::{event_of, finding_of};
pub(crate) use machine::{document, rows, write_lines as write_json_lines, write_ocsf_rows};
pub(crate) use page::{section, short_entity, short_name};
pub(crate) use words::{among_word, entity_word, factor_word, log_word};

/// What came of looking at logs.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreatReport {
    /// Haechi's version.
    pub version: String,
    pub generated_at: Timestamp,
    /// Files, folders, buckets and queues, as the user named them.
    pub sources: Vec<String>,
    /// Any order: writers sort.
    pub threats: Vec<ThreatEntry>,
    /// Headers of the detections that `threats` names, by their ids.
    pub detections: BTreeMap<String, DetectionInfo>,
    /// Detections at work.
    pub active: u64,
    /// Detections that need what is not there.
    pub inactive: Vec<Inactive>,
    /// Rules that cannot be run, and why.
    pub refused: Vec<Unreadable>,
    pub read: LogsRead,
    /// Threats that a suppression hides.
    pub suppressed: u64,
    pub next: Vec<NextStep>,
}

/// A threat and what people decided about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreatEntry {
    pub threat: Threat,
    pub account_name: Option<String>,
    pub ou_path: Option<String>,
    pub suppression: Option<Suppression>,
    pub assignee: Option<String>,
}

/// What people read about a detection: its file's header.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DetectionInfo {
    pub title: Text,
    pub why: Text,
    /// The finding's sentence, with `{ $name }` for its arguments; empty of Sigma rules.
    pub says: Text,
    pub response: Text,
    pub playbooks: Vec<String>,
    pub references: Vec<String>,
}

/// A detection that is not at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inactive {
    pub id: String,
    pub needs: Vec<String>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogsRead {
    pub files: u64,
    /// Bytes as they lie there, and of their text.
    pub packed_bytes: u64,
    pub text_bytes: u64,
    pub events: BTreeMap<Log, u64>,
    pub duplicates: u64,
    /// Events that came more than a day late: they met single-event rules only.
    pub late: u64,
    /// Files that were read and kept before.
    pub known: u64,
    /// Events in them.
    pub known_events: u64,
    pub skipped: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub unreadable: Vec<Unreadable>,
}

impl LogsRead {
    pub fn events_in_all(&self) -> u64 {
        self.events.values().sum()
    }
}

/// Threats that are listed, worst first, then newest, then by name and id.
pub(crate) fn sorted(report: &ThreatReport) -> Vec<&ThreatEntry> {
    let mut entries: Vec<_> = report.threats.iter().collect();
    entries.sort_by(|a, b| {
        let key = |entry: &ThreatEntry| (entry.threat.score, entry.threat.last_seen);
        key(b).cmp(&key(a)).then_with(|| (&a.threat.kind, a.threat.id).cmp(&(&b.threat.kind, b.threat.id)))
    });
    entries
}

/// The worst severity of threats that no suppression covers.
pub fn worst(report: &ThreatReport) -> Option<Severity> {
    let open = report.threats.iter().filter(|entry| entry.suppression.is_none() && !entry.threat.sample);
    open.map(|entry| entry.threat.severity()).max()
}

/// The words of a report of threats in one language.
pub(crate) struct ThreatWords<'r> {
    pub report: &'r ThreatReport,
    pub catalog: &'r Catalog,
}

impl<'r> ThreatWords<'r> {
    fn language(&self) -> Language {
        self.catalog.language()
    }

    pub fn title(&self, threat: &'r Threat) -> &'r str {
        let info = self.report.detections.get(&threat.kind);
        info.map(|info| info.title.get(self.language())).filter(|title| !title.is_empty()).unwrap_or(&threat.title)
    }

    /// The detection's own sentence, else a message of the locales.
    pub fn sentence(&self, threat: &Threat) -> String {
        said(&self.report.detections, self.catalog, &threat.kind, &threat.message)
    }

    /// `first use of this API by this principal in 43 days`
    pub fn factor(&self, factor: &Factor) -> String {
        factor_words(self.catalog, factor)
    }
}

fn said(detections: &BTreeMap<String, DetectionInfo>, catalog: &Catalog, kind: &str, message: &Message) -> String {
    let says = detections.get(kind).map(|info| info.says.get(catalog.language())).filter(|says| !says.is_empty());
    match says {
        Some(says) => render_text(catalog.language(), says, &message.args),
        None if catalog.has(&message.id) => catalog.message(message),
        None => String::new(),
    }
}

/// What stands out, in words.
pub fn factor_words(catalog: &Catalog, factor: &Factor) -> String {
    let known = |id: Option<&str>, word: &str| id.map_or_else(|| word.to_owned(), |id| catalog.text(id));
    let args = [
        ("kind", known(factor_word(&factor.kind), &factor.kind).into()),
        ("value", factor.value.as_str().into()),
        ("among", known(among_word(&factor.among), &factor.among).into()),
        ("before", factor.before.into()),
        ("days", factor.days.into()),
    ];
    catalog.with(if factor.before == 0 { "factor-new" } else { "factor-rare" }, &args)
}

/// Writes a report of threats. Only the page looks at the language and the options; HTML is
/// [`io::ErrorKind::Unsupported`]: there threats are part of the whole report.
pub fn write_threats(
    report: &ThreatReport,
    format: Format,
    language: Language,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => page::write(report, &Catalog::new(language), options, out),
        Format::Json => machine::write(report, out),
        Format::Jsonl => machine::write_lines(report, out),
        Format::Csv => machine::write_csv(report, out),
        Format::Ocsf => machine::write_ocsf(report, out),
        Format::Html => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "threats are written as table, json, jsonl, csv or ocsf; `haechi report` writes them in a page of HTML",
        )),
    }
}

/// One threat as Haechi's JSON has it, with its words in all languages.
pub fn threat_value(entry: &ThreatEntry, detections: &BTreeMap<String, DetectionInfo>) -> serde_json::Value {
    machine::value(entry, detections)
}
