//! The findings as JSON inside the page: the script draws them as they scroll into view.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use haechi_model::{FindingState, Severity};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::ser::Formatter;
use serde_json::{Value, json};

use super::Page;
use super::markup::{is_web_address, tone, visible};
use crate::input::{Change, FindingEntry, RuleInfo};
use crate::terminal::layout::is_direction_mark;
use crate::words::{resource_name, severity_id, status_word};

/// Evidence beyond this many characters is cut on the page and whole in the JSON export.
const EVIDENCE: usize = 4_000;

/// The words that the script puts on the page, under the names it knows them by.
const STRINGS: [(&str, &str); 23] = [
    ("why", "html-why"),
    ("evidence", "html-evidence"),
    ("fix", "html-fix"),
    ("calls", "html-calls"),
    ("automation", "html-automation"),
    ("controls", "html-controls"),
    ("references", "html-references"),
    ("resource", "column-resource"),
    ("account", "column-account"),
    ("region", "column-region"),
    ("firstSeen", "column-first-seen"),
    ("lastSeen", "column-last-seen"),
    ("due", "column-due"),
    ("owner", "column-owner"),
    ("assignee", "column-assignee"),
    ("suppressed", "html-suppressed-because"),
    ("rule", "column-rule"),
    ("id", "column-id"),
    ("overdue", "html-overdue"),
    ("none", "html-no-match"),
    ("clear", "html-clear-rule"),
    ("more", "html-more"),
    ("location", "column-location"),
];

pub(super) fn write(page: &Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Inert);
    Data(page).serialize(&mut serializer)?;
    Ok(())
}

struct Data<'a>(&'a Page<'a>);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let page = self.0;
        let numbers: HashMap<&str, usize> =
            page.report.rules.keys().enumerate().map(|(at, rule)| (rule.as_str(), at)).collect();
        let mut entries: Vec<&FindingEntry> = page.summary.open.clone();
        entries.extend(page.report.findings.iter().filter(|entry| status_word(entry) != "open"));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("lang", page.words.language().as_str())?;
        map.serialize_entry("strings", &strings(page))?;
        map.serialize_entry("severities", &severities(page))?;
        map.serialize_entry("accounts", &accounts(page))?;
        map.serialize_entry("rules", &Rules(page))?;
        map.serialize_entry("controls", &controls(page))?;
        map.serialize_entry("findings", &Findings(page, entries, numbers))?;
        map.end()
    }
}

fn strings(page: &Page<'_>) -> BTreeMap<&'static str, String> {
    let mut strings: BTreeMap<_, _> = STRINGS.iter().map(|(name, id)| (*name, page.words.catalog.text(id))).collect();
    // The script puts its own numbers where these names stand.
    let args = [("shown", json!("{shown}")), ("total", json!("{total}"))];
    strings.insert("shown", page.words.catalog.with("html-shown", &args));
    strings
}

fn severities(page: &Page<'_>) -> Value {
    let list = Severity::ALL
        .iter()
        .map(|severity| json!([severity.as_str(), tone(*severity), page.words.catalog.text(severity_id(*severity))]));
    Value::Array(list.collect())
}

fn accounts(page: &Page<'_>) -> BTreeMap<String, String> {
    page.summary
        .accounts
        .iter()
        .map(|line| (line.id.to_string(), visible(&page.words.account_name(line.id.as_str()))))
        .collect()
}

fn controls<'a>(page: &'a Page<'a>) -> BTreeMap<&'a str, &'a str> {
    page.report.controls.iter().map(|(id, title)| (id.as_str(), title.get(page.words.language()))).collect()
}

struct Rules<'a>(&'a Page<'a>);

impl Serialize for Rules<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.report.rules.iter().map(|(id, info)| rule(self.0, id, info)))
    }
}

fn rule(page: &Page<'_>, id: &str, info: &RuleInfo) -> Value {
    let language = page.words.language();
    let references: Vec<_> = info.references.iter().filter(|address| is_web_address(address)).collect();
    json!({
        "id": id,
        "title": info.title.get(language),
        "why": info.why.get(language),
        "fix": info.fix.text.get(language),
        "ssm": info.fix.ssm,
        "calls": info.fix.calls,
        "references": references,
    })
}

/// One array a finding: names of members would be most of the page.
struct Findings<'a>(&'a Page<'a>, Vec<&'a FindingEntry>, HashMap<&'a str, usize>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.1.iter().map(|entry| finding(self.0, entry, &self.2)))
    }
}

fn finding(page: &Page<'_>, entry: &FindingEntry, rules: &HashMap<&str, usize>) -> Value {
    let finding = &entry.finding;
    let subject = &finding.subject;
    let key = &subject.key;
    let text = |value: &Option<String>| value.as_deref().map(visible).unwrap_or_default();
    let overdue = finding.state == FindingState::Open && finding.due < page.report.meta.generated_at;
    let change = match entry.change {
        Change::New => 0,
        Change::Reopened => 1,
        Change::Still => 2,
        Change::Resolved => 3,
    };
    json!([
        finding.id,
        Severity::Critical as usize - finding.severity as usize,
        rules.get(finding.rule.as_str()),
        finding.rule,
        key.account_id,
        page.words.region(key.region.as_str()),
        key.resource_type,
        visible(&key.resource_id),
        visible(resource_name(finding)),
        text(&subject.arn),
        status_word(entry),
        change,
        page.words.age(entry),
        finding.first_seen.date(),
        finding.last_seen.date(),
        finding.due.date(),
        u8::from(overdue),
        visible(&page.words.sentence(finding)),
        evidence(&finding.evidence),
        finding.controls,
        text(&subject.owner),
        text(&entry.assignee),
        entry.suppression.as_ref().map(|suppression| visible(&suppression.reason)),
        visible(subject.ou_path.as_deref().unwrap_or_default()),
        subject.location.as_ref().map(|location| visible(&location.to_string())),
    ])
}

/// Evidence as indented JSON; marks that turn the writing direction are shown as their escapes.
fn evidence(parts: &[Value]) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let whole = match parts {
        [one] => serde_json::to_string_pretty(one),
        many => serde_json::to_string_pretty(many),
    };
    let mut text = String::new();
    for (at, c) in whole.unwrap_or_default().chars().enumerate() {
        if at >= EVIDENCE {
            text.push('…');
            break;
        }
        if is_direction_mark(c) {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// JSON in which no text can end the script element or begin a comment in it.
struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&']) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", rest.as_bytes()[at])?;
            rest = &rest[at + 1..];
        }
        writer.write_all(rest.as_bytes())
    }
}
