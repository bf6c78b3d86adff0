//! What checks of policy files found: a page with carets for people, rows for machines, SARIF for code hosts.

use std::io::{self, Write};
use std::ops::Range;

use haechi_content::Language;
use haechi_i18n::Catalog;
use haechi_model::Message;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::format::{Color, Format, Options};
use crate::rows::{Cell, Column, Fit, Table};
use crate::terminal::layout::printable;

/// The findings of some files, in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub struct LintOutput {
    pub files: Vec<LintedFile>,
    /// Version of Haechi, for machines.
    pub version: String,
    /// JSON files of a folder that are no policies.
    pub passed_over: usize,
}

#[derive(Debug, Clone)]
pub struct LintedFile {
    pub name: String,
    pub text: String,
    /// As what kind of policy it was read.
    pub kind: &'static str,
    pub findings: Vec<LintEntry>,
}

#[derive(Debug, Clone)]
pub struct LintEntry {
    /// AWS's code.
    pub check: &'static str,
    pub class: LintClass,
    pub message: Message,
    pub meant: Option<String>,
    /// From 1.
    pub statement: Option<usize>,
    pub sid: Option<String>,
    /// Bytes of the text, and where they begin.
    pub span: Range<usize>,
    pub line: usize,
    pub column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LintClass {
    Error,
    SecurityWarning,
    Warning,
    Suggestion,
}

impl LintClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            LintClass::Error => "error",
            LintClass::SecurityWarning => "security-warning",
            LintClass::Warning => "warning",
            LintClass::Suggestion => "suggestion",
        }
    }

    /// The message with its name.
    pub const fn id(self) -> &'static str {
        match self {
            LintClass::Error => "lint-class-error",
            LintClass::SecurityWarning => "lint-class-security-warning",
            LintClass::Warning => "lint-class-warning",
            LintClass::Suggestion => "lint-class-suggestion",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            LintClass::Error => "\u{1b}[1;31m",
            LintClass::SecurityWarning | LintClass::Warning => "\u{1b}[1;33m",
            LintClass::Suggestion => "\u{1b}[1;36m",
        }
    }

    const fn sarif_level(self) -> &'static str {
        match self {
            LintClass::Error => "error",
            LintClass::SecurityWarning | LintClass::Warning => "warning",
            LintClass::Suggestion => "note",
        }
    }
}

/// How findings in policies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LintFormat {
    Rows(Format),
    Sarif,
}

/// Writes the findings.
pub fn write_lint(
    lint: &LintOutput,
    format: LintFormat,
    language: Language,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        LintFormat::Rows(Format::Table) => page(lint, &Catalog::new(language), options, out),
        LintFormat::Rows(format) => crate::write_table(&rows(lint), format, language, options, out),
        LintFormat::Sarif => {
            serde_json::to_writer_pretty(&mut *out, &sarif(lint))?;
            out.write_all(b"\n")
        }
    }
}

impl LintOutput {
    fn entries(&self) -> impl Iterator<Item = (&LintedFile, &LintEntry)> {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |entry| (file, entry)))
    }

    fn count(&self, class: LintClass) -> usize {
        self.entries().filter(|(_, entry)| entry.class == class).count()
    }
}

fn rows(lint: &LintOutput) -> Table {
    let column = |key: &str, fit| Column::named(key.to_owned(), fit);
    let row = |(file, entry): (&LintedFile, &LintEntry)| {
        vec![
            Cell::Text(file.name.clone()),
            number(entry.line),
            number(entry.column),
            entry.check.into(),
            Cell::Word { raw: entry.class.as_str(), id: entry.class.id() },
            file.kind.into(),
            entry.statement.map_or(Cell::Empty, number),
            entry.sid.as_deref().into(),
            Cell::Message(entry.message.clone()),
            entry.meant.as_deref().into(),
        ]
    };
    Table {
        columns: vec![
            column("file", Fit::Middle),
            column("line", Fit::Number),
            column("column", Fit::Number),
            column("check", Fit::Whole),
            column("class", Fit::Whole),
            column("policyType", Fit::Spare),
            column("statement", Fit::Number),
            column("sid", Fit::Middle),
            column("message", Fit::End),
            column("meant", Fit::Middle),
        ],
        rows: lint.entries().map(row).collect(),
        empty: Message::new("lint-files").with("count", lint.files.len()),
        notes: Vec::new(),
    }
}

fn number(value: usize) -> Cell {
    Cell::Number(i64::try_from(value).unwrap_or(i64::MAX))
}

fn page(lint: &LintOutput, catalog: &Catalog, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = |colour: &str, text: &str| match options.color {
        Color::On => format!("{colour}{text}\u{1b}[0m"),
        Color::Off => text.to_owned(),
    };
    for (file, entry) in lint.entries() {
        let label = format!("{}[{}]", catalog.text(entry.class.id()), entry.check);
        let message = printable(&catalog.message(&entry.message));
        writeln!(out, "{}: {message}", paint(entry.class.colour(), &label))?;
        let place = match (entry.statement, &entry.sid) {
            (Some(number), Some(sid)) if !sid.is_empty() => format!("  Statement {number} ({sid})"),
            (Some(number), _) => format!("  Statement {number}"),
            (None, _) => String::new(),
        };
        let name = printable(&file.name);
        writeln!(out, "  --> {name}:{}:{}{}", entry.line, entry.column, printable(&place))?;
        excerpt(file, entry, &paint, out)?;
        if let Some(meant) = &entry.meant {
            let help = catalog.message(&Message::new("lint-meant").with("meant", meant.as_str()));
            writeln!(out, "   = {}", printable(&help))?;
        }
        writeln!(out)?;
    }
    let text = |count: usize| count.to_string();
    let total = Message::new("lint-total")
        .with("files", text(lint.files.len()))
        .with("errors", text(lint.count(LintClass::Error)))
        .with("security", text(lint.count(LintClass::SecurityWarning)))
        .with("warnings", text(lint.count(LintClass::Warning)))
        .with("suggestions", text(lint.count(LintClass::Suggestion)));
    writeln!(out, "{}", catalog.message(&total))?;
    if lint.passed_over > 0 {
        writeln!(out, "{}", catalog.message(&Message::new("lint-skipped").with("count", text(lint.passed_over))))?;
    }
    Ok(())
}

/// How much of a long line is shown on each side of the place, in bytes.
const MARGIN: usize = 60;

/// The line with carets under the place; of a minified document the part around it.
fn excerpt(
    file: &LintedFile,
    entry: &LintEntry,
    paint: &dyn Fn(&str, &str) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    let text = &file.text;
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let start = floor(entry.span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let from = floor(start.saturating_sub(MARGIN)).max(line_start);
    let end = floor(entry.span.end).clamp(start, line_end);
    let to = floor(end.saturating_add(MARGIN)).min(line_end).max(end);
    let end = end.min(floor(start.saturating_add(2 * MARGIN)).max(start));
    let to = to.min(floor(end.saturating_add(MARGIN)).max(end));
    let before = printable(&text[from..start]);
    let marked = printable(&text[start..end]);
    let after = printable(&text[end..to]);
    let margin = entry.line.to_string();
    let blank = " ".repeat(margin.len());
    writeln!(out, " {blank} |")?;
    writeln!(out, " {margin} | {before}{marked}{after}")?;
    let carets = "^".repeat(marked.width().max(1));
    writeln!(out, " {blank} | {}{}", " ".repeat(before.width()), paint(entry.class.colour(), &carets))
}

/// SARIF 2.1.0. Its texts are in English, as rule names are AWS's.
fn sarif(lint: &LintOutput) -> Value {
    let english = Catalog::new(Language::En);
    let mut rules: Vec<&LintEntry> = Vec::new();
    for (_, entry) in lint.entries() {
        if !rules.iter().any(|rule| rule.check == entry.check) {
            rules.push(entry);
        }
    }
    rules.sort_by_key(|rule| rule.check);
    let result = |(file, entry): (&LintedFile, &LintEntry)| {
        let mut text = english.message(&entry.message);
        if let Some(meant) = &entry.meant {
            text = format!("{text}; {}", english.message(&Message::new("lint-meant").with("meant", meant.as_str())));
        }
        let (end_line, end_column) = end_of(&file.text, entry);
        json!({
            "ruleId": entry.check,
            "ruleIndex": rules.iter().position(|rule| rule.check == entry.check),
            "level": entry.class.sarif_level(),
            "message": {"text": text},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": uri(&file.name)},
                "region": {"startLine": entry.line, "startColumn": entry.column, "endLine": end_line, "endColumn": end_column}
            }}],
        })
    };
    let rule = |rule: &&LintEntry| {
        let name = rule.check.to_ascii_lowercase().replace('_', " ");
        json!({
            "id": rule.check,
            "shortDescription": {"text": name},
            "defaultConfiguration": {"level": rule.class.sarif_level()},
            "properties": {"class": rule.class.as_str()}
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "Haechi", "semanticVersion": lint.version,
                "rules": rules.iter().map(rule).collect::<Vec<_>>()}},
            "columnKind": "unicodeCodePoints",
            "results": lint.entries().map(result).collect::<Vec<_>>()
        }]
    })
}

/// Line and column behind the last character of a finding.
fn end_of(text: &str, entry: &LintEntry) -> (usize, usize) {
    let marked = text.get(entry.span.clone()).unwrap_or_default();
    let lines = marked.matches('\n').count();
    let column = match marked.rsplit_once('\n') {
        Some((_, last)) => last.chars().count() + 1,
        None => entry.column + marked.chars().count(),
    };
    (entry.line + lines, column)
}

/// A file's name as a relative reference of RFC 3986.
fn uri(name: &str) -> String {
    let mut uri = String::with_capacity(name.len());
    for byte in name.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output() -> LintOutput {
        let text = "{\n  \"Action\": \"s3:Nope\"\n}".to_owned();
        let entry = LintEntry {
            check: "INVALID_ACTION",
            class: LintClass::Error,
            message: Message::new("lint-invalid-action").with("action", "s3:Nope"),
            meant: Some("s3:Note".to_owned()),
            statement: Some(1),
            sid: None,
            span: 14..23,
            line: 2,
            column: 13,
        };
        let file = LintedFile { name: "한 개/a b.json".to_owned(), text, kind: "identity", findings: vec![entry] };
        LintOutput { files: vec![file], version: "1.0.0".to_owned(), passed_over: 0 }
    }

    fn written(format: LintFormat) -> String {
        let mut out = Vec::new();
        write_lint(&output(), format, Language::En, &Options::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_see_the_place() {
        let page = written(LintFormat::Rows(Format::Table));
        let lines: Vec<_> = page.lines().collect();
        assert_eq!(lines[0], "error[INVALID_ACTION]: There is no action s3:Nope");
        assert_eq!(lines[1], "  --> 한 개/a b.json:2:13  Statement 1");
        assert_eq!(lines[3], " 2 |   \"Action\": \"s3:Nope\"");
        assert_eq!(lines[4], "   |             ^^^^^^^^^");
        assert_eq!(lines[5], "   = did you mean s3:Note?");
    }

    #[test]
    fn machines_get_sarif_and_rows() {
        let sarif: Value = serde_json::from_str(&written(LintFormat::Sarif)).unwrap();
        let result = &sarif["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "INVALID_ACTION");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "%ED%95%9C%20%EA%B0%9C/a%20b.json");
        assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 13, "endLine": 2, "endColumn": 22}));
        assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "INVALID_ACTION");
        let row: Value = serde_json::from_str(&written(LintFormat::Rows(Format::Jsonl))).unwrap();
        assert_eq!(
            (&row["check"], &row["line"], &row["meant"]),
            (&json!("INVALID_ACTION"), &json!(2), &json!("s3:Note"))
        );
    }
}
