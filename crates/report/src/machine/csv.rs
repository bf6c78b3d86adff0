//! CSV as RFC 4180 has it: UTF-8, a header, CRLF, quotes where needed.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe before it:
//! a spreadsheet would run it as a formula, and names of resources are whatever an attacker chose.

use std::borrow::Cow;
use std::io::{self, Write};

use haechi_i18n::Catalog;
use haechi_model::{FindingState, Severity};
use serde_json::Value;

use super::Tongues;
use super::json::sorted;
use crate::input::{FindingEntry, Report};
use crate::rows::{Cell, Table};
use crate::threats::{self, ThreatReport};
use crate::words::{change_word, status_word};

/// The header of the findings' CSV. Columns are only ever added, at the end.
pub(crate) const HEADER: [&str; 33] = [
    "id",
    "severity",
    "status",
    "resolvedBecause",
    "change",
    "rule",
    "ruleInstance",
    "partition",
    "accountId",
    "accountName",
    "ouPath",
    "region",
    "resourceType",
    "resourceId",
    "resourceName",
    "arn",
    "owner",
    "assignee",
    "firstSeen",
    "lastSeen",
    "due",
    "reopened",
    "titleEn",
    "titleKo",
    "titleJa",
    "messageEn",
    "messageKo",
    "messageJa",
    "controls",
    "evidence",
    "suppressionReason",
    "location",
    "address",
];

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let tongues = Tongues::new(report);
    let mut csv = writer(out);
    csv.write_record(HEADER).map_err(cause)?;
    for entry in sorted(report) {
        let cells = record(entry, &tongues);
        csv.write_record(cells.iter().map(|cell| inert(cell).into_owned())).map_err(cause)?;
    }
    for cells in report.threats.iter().flat_map(threat_records) {
        csv.write_record(cells.iter().map(|cell| inert(cell).into_owned())).map_err(cause)?;
    }
    csv.flush()
}

/// Threats in the columns of findings: the type as the rule, the entity as the resource, techniques as controls.
fn threat_records(report: &ThreatReport) -> Vec<Vec<String>> {
    let own = threats::rows(report);
    let header = own.first().cloned().unwrap_or_default();
    let rows = own.iter().skip(1).map(|row| {
        let of = |name: &str| header.iter().position(|known| known == name).and_then(|at| row.get(at)).cloned();
        let cell = |column: &str| {
            let other = match column {
                "rule" => "type",
                "resourceType" => "entityKind",
                "resourceId" => "entity",
                "controls" => "attack",
                "evidence" => "eventIds",
                same => same,
            };
            of(other).unwrap_or_default()
        };
        HEADER.iter().map(|column| cell(column)).collect()
    });
    rows.collect()
}

fn record<'r>(entry: &'r FindingEntry, tongues: &Tongues<'r>) -> Vec<String> {
    let finding = &entry.finding;
    let subject = &finding.subject;
    let key = &subject.key;
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    let because = match &finding.state {
        FindingState::Resolved { because, .. } => because.as_str(),
        FindingState::Open => "",
    };
    let mut cells = vec![
        finding.id.to_string(),
        finding.severity.to_string(),
        status_word(entry).to_owned(),
        because.to_owned(),
        change_word(entry.change).to_owned(),
        finding.rule.clone(),
        finding.rule_instance.to_string(),
        key.partition.to_string(),
        key.account_id.to_string(),
        or_empty(&subject.account_name),
        or_empty(&subject.ou_path),
        key.region.to_string(),
        key.resource_type.to_string(),
        key.resource_id.to_string(),
        or_empty(&subject.resource_name),
        or_empty(&subject.arn),
        or_empty(&subject.owner),
        or_empty(&entry.assignee),
        finding.first_seen.to_string(),
        finding.last_seen.to_string(),
        finding.due.to_string(),
        finding.reopened.to_string(),
    ];
    cells.extend(tongues.in_order().iter().map(|words| words.title(&finding.rule).to_owned()));
    cells.extend(tongues.in_order().iter().map(|words| words.sentence(finding)));
    cells.push(finding.controls.join(" "));
    cells.push(if finding.evidence.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&finding.evidence).unwrap_or_default()
    });
    cells.push(entry.suppression.as_ref().map(|suppression| suppression.reason.clone()).unwrap_or_default());
    cells.push(subject.location.as_ref().map(ToString::to_string).unwrap_or_default());
    cells.push(subject.location.as_ref().map(|location| location.address.clone()).unwrap_or_default());
    cells
}

pub(crate) fn write_rows(table: &Table, catalogs: &[Catalog; 3], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = writer(out);
    csv.write_record(table.columns.iter().map(|column| inert(&column.key).into_owned())).map_err(cause)?;
    for row in &table.rows {
        let cells = (0..table.columns.len()).map(|at| row.get(at).map_or_else(String::new, |cell| raw(cell, catalogs)));
        csv.write_record(cells).map_err(cause)?;
    }
    csv.flush()
}

/// Rows of texts, the first of them the header.
pub(crate) fn write_texts(rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = writer(out);
    for row in rows {
        csv.write_record(row.iter().map(|cell| inert(cell).into_owned())).map_err(cause)?;
    }
    csv.flush()
}

fn raw(cell: &Cell, catalogs: &[Catalog; 3]) -> String {
    let text = match cell {
        Cell::Empty => String::new(),
        // A number may begin with a minus and is no formula.
        Cell::Number(number) => return number.to_string(),
        Cell::Json(Value::Number(number)) => return number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Severity(severity) => Severity::as_str(*severity).to_owned(),
        Cell::Compliance(compliance) => compliance.as_str().to_owned(),
        Cell::Time(moment) => moment.to_string(),
        Cell::Word { raw, .. } => (*raw).to_owned(),
        Cell::Message(message) => catalogs[0].message(message),
        Cell::Words(text) => text.en.clone(),
        Cell::List(parts) => parts.join(" "),
        Cell::Json(value) => value.to_string(),
    };
    inert(&text).into_owned()
}

fn writer(out: &mut dyn Write) -> csv::Writer<&mut dyn Write> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out)
}

/// The writer's own error with its kind: a pipe that broke must stay recognizable as one.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The cell as a spreadsheet will show and not run it.
fn inert(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}
