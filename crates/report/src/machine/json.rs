//! Haechi's own JSON, version 1.0: FORMATS.md beside this crate documents it. Members are only ever added within a
//! version; one that changes its meaning or goes away makes a new version.

use std::io::{self, Write};

use haechi_i18n::Catalog;
use haechi_model::{Coverage, Timestamp};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{Tongues, line, message_in, text_value};
use crate::input::{Comparison, Counts, FindingEntry, Report};
use crate::rows::{Cell, Table};
use crate::summary::Summary;
use crate::threats;
use crate::words::{change_word, source_word, status_word};

/// The version of everything this module writes.
pub const SCHEMA_VERSION: &str = "1.0";

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = Document { report, summary: Summary::of(report), tongues: Tongues::new(report) };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

pub(crate) fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let tongues = Tongues::new(report);
    for entry in sorted(report) {
        let mut value = finding(entry, &tongues);
        value.insert("schemaVersion".to_owned(), json!(SCHEMA_VERSION));
        line(&value, out)?;
    }
    report.threats.as_ref().map_or(Ok(()), |threats| threats::write_json_lines(threats, out))
}

/// All findings, worst first and then by id: the order does not depend on the app.
pub(super) fn sorted(report: &Report) -> Vec<&FindingEntry> {
    let mut entries: Vec<_> = report.findings.iter().collect();
    entries.sort_by(|a, b| b.finding.severity.cmp(&a.finding.severity).then(a.finding.id.cmp(&b.finding.id)));
    entries
}

/// The whole report; findings are worded one by one as they are written.
struct Document<'r> {
    report: &'r Report,
    summary: Summary<'r>,
    tongues: Tongues<'r>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.report;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemaVersion", SCHEMA_VERSION)?;
        map.serialize_entry("kind", "haechi.report")?;
        map.serialize_entry("meta", &self.meta())?;
        map.serialize_entry("score", &self.score())?;
        map.serialize_entry("comparison", &report.comparison.as_ref().map(comparison))?;
        map.serialize_entry("suppressed", &report.suppressed)?;
        map.serialize_entry("findings", &Findings(report, &self.tongues))?;
        map.serialize_entry("threats", &report.threats.as_ref().map(threats::document))?;
        map.serialize_entry("rules", &self.rules())?;
        map.serialize_entry("evaluations", &self.evaluations())?;
        map.serialize_entry("packs", &self.packs())?;
        map.serialize_entry("accounts", &self.accounts())?;
        map.serialize_entry("coverage", &self.coverage())?;
        map.serialize_entry("notImplemented", &self.not_implemented())?;
        map.serialize_entry("unreadable", &self.unreadable())?;
        map.serialize_entry("code", &self.code())?;
        map.serialize_entry("next", &self.next())?;
        map.end()
    }
}

struct Findings<'a, 'r>(&'r Report, &'a Tongues<'r>);

impl Serialize for Findings<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(sorted(self.0).into_iter().map(|entry| finding(entry, self.1)))
    }
}

impl Document<'_> {
    fn meta(&self) -> Value {
        let meta = &self.report.meta;
        let sources: Vec<_> =
            meta.sources.iter().map(|source| json!({"kind": source_word(source.kind), "name": source.name})).collect();
        json!({
            "version": meta.version,
            "runId": meta.run_id,
            "generatedAt": meta.generated_at,
            "asOf": meta.as_of,
            "organization": meta.organization,
            "sources": sources,
            "resources": meta.resources,
            "tookMicroseconds": meta.took_micros,
        })
    }

    fn score(&self) -> Value {
        let lines: Vec<_> = self
            .summary
            .severities
            .iter()
            .map(|line| {
                let mut value = counts(line.counts);
                value.insert("severity".to_owned(), json!(line.severity));
                value.insert("weight".to_owned(), json!(line.severity.weight()));
                value.insert("open".to_owned(), json!(line.open));
                value.insert("percentCompliant".to_owned(), json!(line.score));
                value
            })
            .collect();
        json!({"value": self.summary.score, "bySeverity": lines})
    }

    fn rules(&self) -> Value {
        let rules = self.report.rules.iter().map(|(id, info)| {
            let controls: Vec<_> = info
                .controls
                .iter()
                .map(|control| {
                    let title = self.report.controls.get(&control.id).map(text_value);
                    json!({"id": control.id, "source": control.source, "title": title})
                })
                .collect();
            let value = json!({
                "title": text_value(&info.title),
                "why": text_value(&info.why),
                "severity": info.severity,
                "fix": {"text": text_value(&info.fix.text), "ssm": info.fix.ssm, "calls": info.fix.calls},
                "controls": controls,
                "references": info.references,
            });
            (id.clone(), value)
        });
        Value::Object(rules.collect())
    }

    fn evaluations(&self) -> Value {
        let mut lines: Vec<_> = self.report.evaluations.iter().collect();
        lines.sort_by(|a, b| {
            (&a.rule, a.instance, a.account_id, &a.region, &a.resource_type).cmp(&(
                &b.rule,
                b.instance,
                b.account_id,
                &b.region,
                &b.resource_type,
            ))
        });
        let by: Vec<_> = lines
            .into_iter()
            .map(|line| {
                let mut value = Map::new();
                value.insert("rule".to_owned(), json!(line.rule));
                value.insert("ruleInstance".to_owned(), json!(line.instance));
                value.insert("accountId".to_owned(), json!(line.account_id));
                value.insert("region".to_owned(), json!(line.region));
                value.insert("resourceType".to_owned(), json!(line.resource_type));
                value.extend(counts(line.counts));
                value
            })
            .collect();
        let mut value = counts(self.summary.evaluations);
        value.insert("by".to_owned(), json!(by));
        Value::Object(value)
    }

    fn packs(&self) -> Value {
        let packs = self.summary.packs.iter().map(|line| {
            let rules: Vec<_> = line
                .pack
                .rules
                .iter()
                .map(|rule| {
                    let mut value = Map::new();
                    value.insert("name".to_owned(), json!(rule.name));
                    value.insert("rule".to_owned(), json!(rule.rule));
                    value.insert("ruleInstance".to_owned(), json!(rule.instance));
                    value.insert("compliance".to_owned(), json!(rule.compliance));
                    value.extend(counts(rule.counts));
                    value.insert("note".to_owned(), json!(rule.note.as_ref().map(|note| self.tongues.message(note))));
                    value
                })
                .collect();
            json!({
                "name": line.pack.name,
                "ruleCounts": counts(line.rules),
                "notImplemented": line.not_implemented,
                "rules": rules,
            })
        });
        Value::Array(packs.collect())
    }

    fn accounts(&self) -> Value {
        let accounts = self
            .report
            .accounts
            .iter()
            .map(|account| json!({"accountId": account.id, "name": account.name, "ouPath": account.ou_path}));
        Value::Array(accounts.collect())
    }

    fn coverage(&self) -> Value {
        let listings = self.summary.listings;
        let incomplete: Vec<&Coverage> =
            self.report.coverage.iter().filter(|coverage| !coverage.is_complete()).collect();
        json!({
            "complete": listings.complete,
            "failed": listings.failed,
            "skipped": listings.skipped,
            "incomplete": incomplete,
        })
    }

    fn not_implemented(&self) -> Value {
        let missing = self.report.not_implemented.iter().map(|rule| json!({"rule": rule.rule, "packs": rule.packs}));
        Value::Array(missing.collect())
    }

    fn unreadable(&self) -> Value {
        let files = self.report.unreadable.iter().map(|file| {
            json!({
                "path": file.path,
                "line": file.line,
                "column": file.column,
                "reason": self.tongues.message(&file.reason),
            })
        });
        Value::Array(files.collect())
    }

    fn code(&self) -> Value {
        let code = &self.report.code;
        let kinds =
            code.not_mapped.iter().map(|one| json!({"source": one.source, "type": one.kind, "count": one.count}));
        let notes = code.notes.iter().map(|note| {
            let message = self.tongues.message(&note.message);
            json!({"source": note.source, "line": note.line, "column": note.column, "message": message})
        });
        json!({"notMapped": kinds.collect::<Vec<_>>(), "notes": notes.collect::<Vec<_>>()})
    }

    fn next(&self) -> Value {
        let steps = self
            .report
            .next
            .iter()
            .map(|step| json!({"command": step.command, "reason": self.tongues.message(&step.reason)}));
        Value::Array(steps.collect())
    }
}

fn counts(counts: Counts) -> Map<String, Value> {
    [
        ("compliant", counts.compliant),
        ("nonCompliant", counts.non_compliant),
        ("notApplicable", counts.not_applicable),
        ("insufficientData", counts.insufficient_data),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), json!(count)))
    .collect()
}

fn comparison(before: &Comparison) -> Value {
    json!({
        "since": before.since,
        "new": before.new,
        "reopened": before.reopened,
        "still": before.still,
        "fixed": before.fixed,
        "deleted": before.deleted,
        "notApplicable": before.not_applicable,
        "ruleGone": before.rule_gone,
        "unknown": before.unknown,
    })
}

/// The model's finding, whole, and what the report adds to it.
fn finding<'r>(entry: &'r FindingEntry, tongues: &Tongues<'r>) -> Map<String, Value> {
    let mut map = match serde_json::to_value(&entry.finding) {
        Ok(Value::Object(map)) => map,
        // A finding is plain data with text keys: it always becomes an object.
        _ => Map::new(),
    };
    let suppression = entry.suppression.as_ref().map(|suppression| {
        let expires: Option<Timestamp> = suppression.expires;
        json!({"reason": suppression.reason, "owner": suppression.owner, "expires": expires})
    });
    map.insert("title".to_owned(), tongues.title(&entry.finding.rule));
    map.insert("text".to_owned(), tongues.sentence(&entry.finding));
    map.insert("listedAs".to_owned(), json!(status_word(entry)));
    map.insert("change".to_owned(), json!(change_word(entry.change)));
    map.insert("suppression".to_owned(), json!(suppression));
    map.insert("assignee".to_owned(), json!(entry.assignee));
    map
}

/// Rows as one document: `{"schemaVersion": ..., "rows": [{column: value}]}`.
pub(crate) fn write_rows(table: &Table, catalogs: &[Catalog; 3], out: &mut dyn Write) -> io::Result<()> {
    struct Rows<'a>(&'a Table, &'a [Catalog; 3]);
    impl Serialize for Rows<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self.0.rows.iter().map(|row| object(self.0, row, self.1)))
        }
    }
    struct Whole<'a>(Rows<'a>);
    impl Serialize for Whole<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry("schemaVersion", SCHEMA_VERSION)?;
            map.serialize_entry("rows", &self.0)?;
            map.end()
        }
    }
    serde_json::to_writer_pretty(&mut *out, &Whole(Rows(table, catalogs)))?;
    out.write_all(b"\n")
}

pub(crate) fn write_row_lines(table: &Table, catalogs: &[Catalog; 3], out: &mut dyn Write) -> io::Result<()> {
    table.rows.iter().try_for_each(|row| line(&object(table, row, catalogs), out))
}

fn object(table: &Table, row: &[Cell], catalogs: &[Catalog; 3]) -> Map<String, Value> {
    table.columns.iter().zip(row).map(|(column, cell)| (column.key.clone().into_owned(), raw(cell, catalogs))).collect()
}

fn raw(cell: &Cell, catalogs: &[Catalog; 3]) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Number(number) => json!(number),
        Cell::Severity(severity) => json!(severity),
        Cell::Compliance(compliance) => json!(compliance),
        Cell::Time(moment) => json!(moment),
        Cell::Word { raw, .. } => json!(raw),
        Cell::Message(message) => message_in(catalogs, message),
        Cell::Words(text) => text_value(text),
        Cell::List(parts) => json!(parts),
        Cell::Json(value) => value.clone(),
    }
}
