//! Threats on a terminal: the worst first, each with what it says, what stands out and the events that it rests on.

use std::collections::BTreeMap;
use std::io::{self, Write};

use haechi_i18n::Catalog;
use haechi_model::{Severity, Threat};
use serde_json::json;

use super::{ThreatEntry, ThreatReport, ThreatWords, log_word, sorted};
use crate::format::Options;
use crate::terminal::layout::{Line, Style, cut, elide, width, wrap};
use crate::words::severity_id;

/// Factors, and ids of events, that fit under a threat.
const FACTORS: usize = 3;
const EVENTS: usize = 3;
/// Lines of a threat's sentence.
const SENTENCE: usize = 3;
/// Reasons for what is not at work, or not read, that fit on a screen.
const REASONS: usize = 4;

pub(super) fn write(
    report: &ThreatReport,
    catalog: &Catalog,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = Page { words: ThreatWords { report, catalog }, options, width: options.width.clamp(60, 160) };
    let mut lines = page.heading();
    lines.extend(page.read());
    lines.extend(page.threats(true));
    lines.extend(page.detections());
    lines.extend(page.next());
    lines.iter().try_for_each(|line| writeln!(out, "{}", line.end()))
}

/// The section of the page of a whole run: only the threats, a line each.
pub(crate) fn section(report: &ThreatReport, catalog: &Catalog, options: &Options) -> Vec<Line> {
    let page = Page { words: ThreatWords { report, catalog }, options, width: options.width.clamp(60, 160) };
    let mut lines = page.threats(false);
    lines.extend(page.read());
    lines
}

struct Page<'a> {
    words: ThreatWords<'a>,
    options: &'a Options,
    width: usize,
}

impl<'a> Page<'a> {
    fn line(&self) -> Line {
        Line::new(self.options.color)
    }

    fn text(&self, id: &str) -> String {
        self.words.catalog.text(id)
    }

    fn heading(&self) -> Vec<Line> {
        let report = self.words.report;
        let name = self.options.title.clone().unwrap_or_else(|| format!("Haechi {}", report.version));
        let mut line = self.line();
        line.push(&name, Style::Bold).plain("  ");
        let room = self.width.saturating_sub(line.width());
        line.push(&elide(&self.words.catalog.list(&report.sources), room), Style::Dim);
        vec![line]
    }

    /// What was read, in a line or two.
    fn read(&self) -> Vec<Line> {
        let (read, catalog) = (&self.words.report.read, self.words.catalog);
        let mut facts = vec![catalog.count("threats-files", read.files)];
        for (log, count) in &read.events {
            let args = [("log", json!(catalog.text(log_word(*log)))), ("count", json!(count))];
            facts.push(catalog.with("threats-events", &args));
        }
        if read.events.is_empty() {
            facts.push(catalog.text("threats-no-events"));
        }
        for (id, count) in [
            ("threats-duplicates", read.duplicates),
            ("threats-late", read.late),
            ("threats-known", read.known),
            ("threats-skipped", read.skipped),
            ("threats-unreadable", read.unreadable.len() as u64),
        ] {
            if count > 0 {
                facts.push(catalog.count(id, count));
            }
        }
        if read.files == 0 && read.known > 0 {
            let args = [("files", json!(read.known)), ("events", json!(read.known_events))];
            facts.insert(0, catalog.with("threats-nothing-new", &args));
        }
        if let (Some(first), Some(last)) = (read.first, read.last) {
            let args = [("first", json!(catalog.minute(first))), ("last", json!(catalog.minute(last)))];
            facts.push(catalog.with("threats-span", &args));
        }
        let text = facts.join(" · ");
        let mut lines: Vec<Line> = wrap(&text, self.width - 2)
            .iter()
            .map(|part| {
                let mut line = self.line();
                line.plain("  ").push(part, Style::Dim);
                line
            })
            .collect();
        for one in read.unreadable.iter().take(REASONS) {
            let place = one.line.map_or_else(String::new, |line| format!(":{line}"));
            let text = format!("{}{place}: {}", one.path, catalog.message(&one.reason));
            let mut line = self.line();
            line.plain("  ").push(&cut(&text, self.width - 2), Style::Medium);
            lines.push(line);
        }
        lines
    }

    fn threats(&self, whole: bool) -> Vec<Line> {
        let (report, catalog) = (self.words.report, self.words.catalog);
        let entries: Vec<_> = sorted(report).into_iter().filter(|entry| entry.suppression.is_none()).collect();
        let mut title = self.line();
        title.push(&self.text("threats-title"), Style::Bold);
        for severity in Severity::ALL {
            let count = entries.iter().filter(|entry| entry.threat.severity() == severity).count() as u64;
            if count > 0 {
                title.plain("  ").push(&catalog.text(severity_id(severity)), Style::of(severity));
                title.plain(&format!(" {}", catalog.number(count)));
            }
        }
        let mut notes = Vec::new();
        if entries.len() > self.options.top {
            let args = [("shown", json!(self.options.top)), ("total", json!(entries.len()))];
            notes.push(catalog.with("page-top-note", &args));
        }
        if report.suppressed > 0 {
            notes.push(catalog.count("count-suppressed", report.suppressed));
        }
        if !notes.is_empty() {
            let room = self.width.saturating_sub(title.width() + 2);
            title.plain("  ").push(&cut(&notes.join(" · "), room), Style::Dim);
        }
        let mut lines = vec![self.line(), title];
        if entries.is_empty() {
            let mut line = self.line();
            line.plain("  ").plain(&self.text("threats-none"));
            lines.push(line);
            if whole {
                lines.push(self.line());
            }
        }
        for entry in entries.iter().take(self.options.top) {
            lines.extend(if whole { self.whole(entry) } else { vec![self.short(entry)] });
        }
        lines
    }

    fn account(&self, entry: &ThreatEntry) -> String {
        entry.account_name.clone().unwrap_or_else(|| entry.threat.account.to_string())
    }

    /// Severity, title, entity, place, count: a line.
    fn short(&self, entry: &'a ThreatEntry) -> Line {
        let threat = &entry.threat;
        let mut line = self.line();
        let label = self.words.catalog.text(severity_id(threat.severity()));
        let labels = Severity::ALL.map(|severity| width(&self.words.catalog.text(severity_id(severity))));
        let labels = labels[..4].iter().max().copied().unwrap_or(0);
        line.plain("  ").push(&label, Style::of(threat.severity())).to(2 + labels + 2);
        let count =
            if threat.count > 1 { format!("×{}", self.words.catalog.number(threat.count)) } else { String::new() };
        let room = self.width.saturating_sub(2 + labels + 2 + 2 + 2 + 8);
        let (title, entity) = (room * 45 / 100, room * 28 / 100);
        let place = room - title - entity;
        let mut column = 2 + labels + 2 + title + 2;
        line.plain(&cut(self.words.title(threat), title)).to(column);
        line.push(&elide(short_entity(threat), entity), Style::Bold);
        column += entity + 2;
        line.to(column).push(&elide(&format!("{} {}", self.account(entry), threat.region), place), Style::Dim);
        line.to(self.width.saturating_sub(width(&count))).push(&count, Style::Dim);
        line
    }

    /// All that there is to say, in a block of lines.
    fn whole(&self, entry: &'a ThreatEntry) -> Vec<Line> {
        let (threat, catalog) = (&entry.threat, self.words.catalog);
        let mut first = self.line();
        let style = Style::of(threat.severity());
        first.plain("  ").push(&format!("{:>4} ", threat.score), style);
        first.push(&catalog.text(severity_id(threat.severity())), style).plain("  ");
        let count = if threat.count > 1 { format!("  ×{}", catalog.number(threat.count)) } else { String::new() };
        let room = self.width.saturating_sub(first.width() + width(&count));
        first.push(&cut(self.words.title(threat), room), Style::Bold).push(&count, Style::Dim);
        let mut lines = vec![first];
        let indent = 7;
        let mut add = |text: &str, style: Style, most: usize| {
            let wrapped = wrap(text, self.width - indent);
            let more = wrapped.len() > most;
            for (at, part) in wrapped.iter().take(most).enumerate() {
                let mut line = self.line();
                line.plain(&" ".repeat(indent));
                let last = more && at + 1 == most;
                line.push(&if last { cut(&format!("{part} …"), self.width - indent) } else { part.clone() }, style);
                lines.push(line);
            }
        };
        let sentence = self.words.sentence(threat);
        if !sentence.is_empty() {
            add(&sentence, Style::Plain, SENTENCE);
        }
        for factor in threat.factors.iter().take(FACTORS) {
            add(&format!("• {}", self.words.factor(factor)), Style::Plain, 2);
        }
        if threat.factors.len() > FACTORS {
            add(&catalog.count("threats-more-factors", (threat.factors.len() - FACTORS) as u64), Style::Dim, 1);
        }
        let when = if threat.first_seen == threat.last_seen {
            catalog.minute(threat.last_seen)
        } else {
            let args = [
                ("first", json!(catalog.minute(threat.first_seen))),
                ("last", json!(catalog.minute(threat.last_seen))),
            ];
            catalog.with("threats-span", &args)
        };
        add(&format!("{} · {} {} · {when}", short_entity(threat), self.account(entry), threat.region), Style::Dim, 2);
        let mut ids: Vec<_> = threat.evidence.iter().take(EVENTS).map(|seen| seen.event_id.as_str()).collect();
        // A sequence counts threats, and rests on more events.
        let more = threat.count.max(threat.evidence.len() as u64).saturating_sub(ids.len() as u64);
        let more = if more > 0 { catalog.count("threats-more-events", more) } else { String::new() };
        ids.extend((!more.is_empty()).then_some(more.as_str()));
        let id: String = threat.id.to_string().chars().take(8).collect();
        let args = [("type", json!(threat.kind)), ("id", json!(id)), ("events", json!(catalog.list(&ids)))];
        add(&catalog.with("threats-about", &args), Style::Dim, 3);
        lines.push(self.line());
        lines
    }

    /// Which detections were at work, and what the others need.
    fn detections(&self) -> Vec<Line> {
        let (report, catalog) = (self.words.report, self.words.catalog);
        let mut title = self.line();
        title.push(&self.text("threats-detections"), Style::Bold).plain("  ");
        title.push(&catalog.count("threats-active", report.active), Style::Dim);
        let mut lines = vec![title];
        let mut needs: BTreeMap<&str, u64> = BTreeMap::new();
        for one in &report.inactive {
            for need in &one.needs {
                *needs.entry(need).or_default() += 1;
            }
        }
        if !report.inactive.is_empty() {
            let mut needs: Vec<_> = needs.into_iter().collect();
            needs.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
            let list: Vec<_> =
                needs.iter().map(|(name, count)| format!("{name} ({})", catalog.number(*count))).collect();
            let args = [("count", json!(report.inactive.len())), ("needs", json!(catalog.list(&list)))];
            for part in wrap(&catalog.with("threats-inactive", &args), self.width - 2) {
                let mut line = self.line();
                line.plain("  ").push(&part, Style::Dim);
                lines.push(line);
            }
        }
        for one in report.refused.iter().take(REASONS) {
            let place = one.line.map_or_else(String::new, |line| format!(":{line}"));
            let text = format!("{}{place}: {}", one.path, catalog.message(&one.reason));
            let mut line = self.line();
            line.plain("  ").push(&cut(&text, self.width - 2), Style::Medium);
            lines.push(line);
        }
        if report.refused.len() > REASONS {
            let mut line = self.line();
            let more = catalog.count("threats-more-refused", (report.refused.len() - REASONS) as u64);
            line.plain("  ").push(&more, Style::Dim);
            lines.push(line);
        }
        lines
    }

    fn next(&self) -> Vec<Line> {
        let steps = &self.words.report.next;
        if steps.is_empty() {
            return Vec::new();
        }
        let mut title = self.line();
        title.push(&self.text("page-next"), Style::Bold);
        let mut lines = vec![self.line(), title];
        let longest = steps.iter().map(|step| width(&step.command)).max().unwrap_or(0).min(self.width * 6 / 10);
        for step in steps {
            let mut line = self.line();
            line.plain("  ").plain(&step.command);
            if width(&step.command) > longest {
                lines.push(line);
                line = self.line();
            }
            line.to(2 + longest + 2);
            let room = self.width.saturating_sub(line.width());
            line.push(&cut(&self.words.catalog.message(&step.reason), room), Style::Dim);
            lines.push(line);
        }
        lines
    }
}

pub(crate) fn short_entity(threat: &Threat) -> &str {
    short_name(&threat.entity.id)
}

/// An ARN loses what the account and region say.
pub(crate) fn short_name(id: &str) -> &str {
    if id.starts_with("arn:") { id.splitn(6, ':').nth(5).filter(|rest| !rest.is_empty()).unwrap_or(id) } else { id }
}
