//! The story of an investigation: a page for people in three languages, and JSON. Every claim names its events.

use std::collections::BTreeMap;
use std::io::{self, Write};

use haechi_content::Language;
use haechi_detect::story::{Claim, Line as Told, Past, Story};
use haechi_i18n::Catalog;
use haechi_model::Timestamp;
use haechi_model::event::is_reading;
use serde_json::{Value, json};

use crate::format::{Format, Options};
use crate::input::NextStep;
use crate::machine::{json as own, message_in};
use crate::terminal::layout::{Line, Style, cut, wrap};
use crate::threats::{DetectionInfo, LogsRead, among_word, entity_word, factor_word};

/// An investigation, told.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryReport {
    /// Haechi's version.
    pub version: String,
    pub generated_at: Timestamp,
    pub sources: Vec<String>,
    pub around: Timestamp,
    pub story: Story,
    /// Headers of the detections that the story names.
    pub detections: BTreeMap<String, DetectionInfo>,
    pub read: LogsRead,
    pub next: Vec<NextStep>,
}

/// Writes a story as a page or as JSON; other formats are [`io::ErrorKind::Unsupported`].
pub fn write_story(
    report: &StoryReport,
    format: Format,
    language: Language,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => {
            let catalog = Catalog::new(language);
            let mut page =
                Page { report, catalog: &catalog, options, width: options.width.clamp(60, 160), lines: Vec::new() };
            page.tell();
            page.lines.iter().try_for_each(|line| writeln!(out, "{}", line.end()))
        }
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &document(report))?;
            out.write_all(b"\n")
        }
        _ => Err(io::Error::new(io::ErrorKind::Unsupported, "a story is written as table or json")),
    }
}

fn document(report: &StoryReport) -> Value {
    let catalogs = Language::ALL.map(Catalog::new);
    let next =
        report.next.iter().map(|step| json!({"command": step.command, "reason": message_in(&catalogs, &step.reason)}));
    json!({
        "schemaVersion": own::SCHEMA_VERSION,
        "kind": "haechi.story",
        "meta": {"version": report.version, "generatedAt": report.generated_at, "sources": report.sources},
        "around": report.around,
        "story": report.story,
        "read": {"files": report.read.files, "events": report.read.events, "duplicates": report.read.duplicates},
        "next": next.collect::<Vec<_>>(),
    })
}

/// Lines of the timeline, and of other lists, that fit on a page.
const LINES: usize = 60;
const SHORT: usize = 8;

struct Page<'a> {
    report: &'a StoryReport,
    catalog: &'a Catalog,
    options: &'a Options,
    width: usize,
    lines: Vec<Line>,
}

impl Page<'_> {
    fn line(&self) -> Line {
        Line::new(self.options.color)
    }

    fn with(&self, id: &str, args: &[(&str, Value)]) -> String {
        self.catalog.with(id, args)
    }

    fn section(&mut self, id: &str, args: &[(&str, Value)]) {
        let title = self.with(id, args);
        let mut line = self.line();
        line.push(&title, Style::Bold);
        self.lines.push(self.line());
        self.lines.push(line);
    }

    /// A sentence, and behind it in brackets the ids of its events.
    fn say(&mut self, text: &str, style: Style, ids: &[String]) {
        let parts = wrap(text, self.width - 4);
        for (at, part) in parts.iter().enumerate() {
            let mut line = self.line();
            line.plain(if at == 0 { "  " } else { "    " }).push(part, style);
            self.lines.push(line);
        }
        if !ids.is_empty() {
            let ids: Vec<_> = ids.iter().take(3).map(String::as_str).collect();
            let text = format!("[{}]", ids.join(" "));
            for part in wrap(&text, self.width - 4) {
                let mut line = self.line();
                line.plain("    ").push(&part, Style::Dim);
                self.lines.push(line);
            }
        }
    }

    fn more(&mut self, shown: usize, all: usize) {
        if all > shown {
            let text = self.catalog.count("story-more", (all - shown) as u64);
            self.say(&text, Style::Dim, &[]);
        }
    }

    fn tell(&mut self) {
        let story = &self.report.story;
        let mut head = self.line();
        head.push(&cut(&story.entity, self.width), Style::Bold);
        self.lines.push(head);
        let span = [
            ("kind", json!(self.catalog.text(entity_word(story.kind)))),
            ("from", json!(self.catalog.minute(story.window.from))),
            ("to", json!(self.catalog.minute(story.window.to))),
            ("count", json!(story.events)),
        ];
        let span = self.with("story-head", &span);
        self.say(&span, Style::Dim, &[]);
        if story.by_services > 0 {
            let text = self.catalog.count("story-by-services", story.by_services);
            self.say(&text, Style::Dim, &[]);
        }
        if story.untold > 0 {
            let text = self.catalog.count("story-untold", story.untold);
            self.say(&text, Style::Medium, &[]);
        }
        self.who();
        self.past("story-before", &story.before);
        self.news();
        self.findings();
        self.timeline();
        self.others();
        self.past("story-after", &story.after);
        self.next();
    }

    fn who(&mut self) {
        let story = &self.report.story;
        if !story.chain.is_empty() {
            self.section("story-chain", &[]);
            for issue in story.chain.iter().take(SHORT) {
                let by = issue.by_session.as_ref().or(issue.by.as_ref()).or(issue.by_key.as_ref());
                let args = [
                    ("time", json!(self.catalog.minute(issue.time))),
                    ("by", json!(by.map_or("?", String::as_str))),
                    ("call", json!(issue.name)),
                    ("address", json!(issue.address.as_deref().unwrap_or("?"))),
                    ("of", json!(issue.of.as_deref().unwrap_or("?"))),
                    ("key", json!(issue.key)),
                ];
                let text = self.with("story-issued", &args);
                self.say(&text, Style::Plain, std::slice::from_ref(&issue.event_id));
            }
            self.more(SHORT, story.chain.len());
        }
        if !story.made.is_empty() {
            self.section("story-made", &[]);
            for issue in story.made.iter().take(SHORT) {
                let args = [
                    ("time", json!(self.catalog.minute(issue.time))),
                    ("call", json!(issue.name)),
                    ("of", json!(issue.of.as_deref().unwrap_or("?"))),
                    ("key", json!(issue.key)),
                ];
                let text = self.with("story-made-line", &args);
                self.say(&text, Style::Plain, std::slice::from_ref(&issue.event_id));
            }
            self.more(SHORT, story.made.len());
        }
        for (id, people) in [
            ("story-principals", &story.principals),
            ("story-keys", &story.keys),
            ("story-addresses", &story.addresses),
        ] {
            if people.len() > 1 || (people.len() == 1 && !people.contains_key(&story.entity)) {
                self.section(id, &[]);
                let mut all: Vec<(&String, &Claim)> = people.iter().collect();
                all.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0)));
                for (name, claim) in all.iter().take(SHORT) {
                    let text = self.counted(name, claim);
                    self.say(&text, Style::Plain, &claim.event_ids);
                }
                self.more(SHORT, all.len());
            }
        }
    }

    fn counted(&self, name: &str, claim: &Claim) -> String {
        let args = [
            ("name", json!(name)),
            ("count", json!(claim.count)),
            ("first", json!(self.catalog.minute(claim.first))),
            ("last", json!(self.catalog.minute(claim.last))),
        ];
        self.with("story-counted", &args)
    }

    fn past(&mut self, id: &str, past: &Past) {
        self.section(id, &[]);
        let (Some(first), Some(last)) = (past.first, past.last) else {
            let text = self.catalog.text("story-nothing");
            return self.say(&text, Style::Plain, &[]);
        };
        let args = [
            ("count", json!(past.events)),
            ("first", json!(self.catalog.minute(first))),
            ("last", json!(self.catalog.minute(last))),
        ];
        let text = self.with("story-past", &args);
        self.say(&text, Style::Plain, &past.event_ids);
        let listed = |list: &[(String, u64)]| -> String {
            let words: Vec<_> = list.iter().map(|(name, count)| format!("{name} ({count})")).collect();
            words.join(", ")
        };
        let text = self.with(
            "story-habits",
            &[("calls", json!(listed(&past.calls))), ("networks", json!(listed(&past.networks)))],
        );
        self.say(&text, Style::Dim, &[]);
    }

    fn news(&mut self) {
        let story = &self.report.story;
        self.section("story-new", &[]);
        if story.new.is_empty() {
            let id = if story.before.events == 0 { "story-no-past" } else { "story-no-news" };
            let text = self.catalog.text(id);
            self.say(&text, Style::Plain, &[]);
        }
        for new in story.new.iter().take(2 * SHORT) {
            let args = [
                ("kind", json!(factor_word(new.kind).map_or_else(|| new.kind.to_owned(), |id| self.catalog.text(id)))),
                ("value", json!(new.value)),
                (
                    "among",
                    json!(among_word(new.among).map_or_else(|| new.among.to_owned(), |id| self.catalog.text(id))),
                ),
                ("days", json!(new.days)),
                ("count", json!(new.claim.count)),
            ];
            let text = self.with("story-new-line", &args);
            let style = if new.among == "organization" { Style::High } else { Style::Plain };
            self.say(&text, style, &new.claim.event_ids);
        }
        self.more(2 * SHORT, story.new.len());
        for travel in &story.travel {
            let args =
                [("from", json!(travel.from)), ("to", json!(travel.to)), ("speed", json!(travel.kilometers_an_hour))];
            let text = self.with("story-travel", &args);
            self.say(&text, Style::High, &travel.event_ids);
        }
    }

    fn findings(&mut self) {
        let story = &self.report.story;
        if story.threats.is_empty() {
            return;
        }
        self.section("story-findings", &[]);
        let mut threats: Vec<_> = story.threats.iter().collect();
        threats.sort_by(|a, b| b.score.cmp(&a.score).then(a.first_seen.cmp(&b.first_seen)).then(a.id.cmp(&b.id)));
        for threat in threats.iter().take(2 * SHORT) {
            let info = self.report.detections.get(&threat.kind);
            let title = info.map_or(threat.title.as_str(), |info| info.title.get(self.catalog.language()));
            let times = if threat.count > 1 { format!(" ×{}", threat.count) } else { String::new() };
            let text = format!("{} {title}{times} · {}", threat.score, threat.kind);
            let ids: Vec<String> = threat.evidence.iter().map(|seen| seen.event_id.clone()).collect();
            self.say(&text, Style::of(threat.severity()), &ids);
        }
        self.more(2 * SHORT, threats.len());
    }

    fn timeline(&mut self) {
        let story = &self.report.story;
        self.section("story-timeline", &[]);
        if story.lines.is_empty() {
            let text = self.catalog.text("story-nothing");
            self.say(&text, Style::Plain, &[]);
        }
        let mut day = String::new();
        for told in story.lines.iter().take(LINES) {
            let moment = told.claim.first.to_string();
            let (date, time) = moment.split_once('T').unwrap_or((&moment, ""));
            if date != day {
                day = date.to_owned();
                let mut line = self.line();
                line.plain("  ").push(date, Style::Bold);
                self.lines.push(line);
            }
            self.told(told, time.get(..8).unwrap_or(time));
        }
        self.more(LINES, story.lines.len());
    }

    fn told(&mut self, told: &Told, time: &str) {
        let is_read = |call: &str| is_reading(call.split_once(':').map_or(call, |(_, name)| name));
        let mut calls: Vec<_> = told.calls.iter().collect();
        // What changes things comes first.
        calls.sort_by_key(|(call, _)| (is_read(call), *call));
        let calls: Vec<_> = calls
            .into_iter()
            .map(|(call, count)| if *count > 1 { format!("{call} ×{count}") } else { call.clone() })
            .collect();
        let shown = calls.len().min(SHORT);
        let mut what = calls[..shown].join(", ");
        if calls.len() > shown {
            what.push_str(&format!(" +{}", calls.len() - shown));
        }
        if !told.targets.is_empty() {
            what.push_str(&format!(" → {}", told.targets.iter().take(3).cloned().collect::<Vec<_>>().join(", ")));
        }
        if !told.errors.is_empty() {
            let errors: Vec<_> = told.errors.iter().map(|(error, count)| format!("{error} ×{count}")).collect();
            what.push_str(&format!(" ({})", errors.join(", ")));
        }
        let style = if told.threats.is_empty() { Style::Plain } else { Style::High };
        for (at, part) in wrap(&what, self.width.saturating_sub(14)).iter().enumerate() {
            let mut line = self.line();
            if at == 0 {
                line.plain("  ").push(time, Style::Dim);
            }
            line.to(12).push(part, style);
            self.lines.push(line);
        }
        let who = told.session.as_deref().or(told.principal.as_deref()).unwrap_or("?");
        let who = if who.starts_with("arn:") { who.splitn(6, ':').nth(5).unwrap_or(who) } else { who };
        let regions: Vec<_> = told.regions.iter().map(String::as_str).collect();
        let parts = [Some(who.to_owned()), told.address.clone(), told.account.clone(), Some(regions.join(","))];
        let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        let ids: Vec<_> = told.claim.event_ids.iter().take(2).map(String::as_str).collect();
        let text = format!("{} [{}]", parts.join(" · "), ids.join(" "));
        for part in wrap(&text, self.width.saturating_sub(14)) {
            let mut line = self.line();
            line.to(12).push(&part, Style::Dim);
            self.lines.push(line);
        }
        // Of a sequence every step is a part: it stands above, once.
        for kind in told.threats.iter().filter(|kind| !kind.starts_with("AttackSequence:")) {
            let info = self.report.detections.get(kind);
            let title = info.map_or(kind.as_str(), |info| info.title.get(self.catalog.language()));
            let mut line = self.line();
            line.to(12).push(&cut(&format!("▲ {title}"), self.width.saturating_sub(14)), Style::High);
            self.lines.push(line);
        }
    }

    fn others(&mut self) {
        let story = &self.report.story;
        if story.neighbours.is_empty() {
            return;
        }
        self.section("story-neighbours", &[]);
        for other in story.neighbours.iter().take(SHORT) {
            let args = [
                ("name", json!(other.principal)),
                ("address", json!(other.address)),
                ("count", json!(other.claim.count)),
                ("first", json!(self.catalog.minute(other.claim.first))),
                ("last", json!(self.catalog.minute(other.claim.last))),
            ];
            let text = self.with("story-neighbour", &args);
            self.say(&text, Style::Plain, &other.claim.event_ids);
        }
        self.more(SHORT, story.neighbours.len());
    }

    fn next(&mut self) {
        if self.report.next.is_empty() {
            return;
        }
        self.section("story-next", &[]);
        for step in &self.report.next {
            let mut line = self.line();
            line.plain("  ").plain(&step.command);
            // A command is copied: it is never cut.
            self.lines.push(line);
            let text = self.catalog.message(&step.reason);
            let mut line = self.line();
            line.plain("    ").push(&cut(&text, self.width - 4), Style::Dim);
            self.lines.push(line);
        }
    }
}
