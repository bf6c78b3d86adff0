//! A run on one screen: score, top findings, packs, accounts, what is incomplete, what to run next.

use std::collections::HashMap;
use std::io::{self, Write};

use haechi_i18n::percent;
use haechi_model::Severity;
use serde_json::json;

use super::layout::{Line, Style, bar, cut, elide, width, wrap};
use crate::format::Options;
use crate::input::{Change, FindingEntry, Report};
use crate::summary::{AccountLine, GapLine, PackLine, Summary};
use crate::words::{Words, code, resource_name, unreadable};

/// Rows of packs and of accounts that fit on a screen.
const ROWS: usize = 5;
/// Reasons for gaps that fit on a screen.
const GAPS: usize = 3;
/// How AWS begins the name of nearly every sample pack: it tells none apart.
const SAMPLE_PREFIX: &str = "Operational-Best-Practices-for-";
/// From here on, packs and accounts stand side by side.
const WIDE: usize = 96;

pub(crate) fn write(report: &Report, words: &Words<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { report, words, summary: Summary::of(report), options, width: options.width.clamp(60, 160) };
    for line in page.lines() {
        writeln!(out, "{}", line.end())?;
    }
    Ok(())
}

/// Findings of one rule and severity.
struct Group<'a> {
    first: &'a FindingEntry,
    more: u64,
}

/// Columns of the parts of a finding's line.
#[derive(Clone, Copy)]
struct FindingWidths {
    title: usize,
    resource: usize,
    place: usize,
    age: usize,
}

struct Page<'a> {
    report: &'a Report,
    words: &'a Words<'a>,
    summary: Summary<'a>,
    options: &'a Options,
    width: usize,
}

impl Page<'_> {
    fn lines(&self) -> Vec<Line> {
        let mut lines = self.heading();
        lines.extend(self.score());
        lines.extend(self.comparison());
        if let Some(threats) = &self.report.threats {
            lines.extend(crate::threats::section(threats, &self.words.catalog, self.options));
        }
        lines.extend(self.top());
        lines.extend(self.packs_and_accounts());
        lines.extend(self.incomplete());
        lines.extend(self.code());
        lines.extend(self.next());
        lines
    }

    fn line(&self) -> Line {
        Line::new(self.options.color)
    }

    fn text(&self, id: &str) -> String {
        self.words.catalog.text(id)
    }

    fn number(&self, number: u64) -> String {
        self.words.catalog.number(number)
    }

    /// A section's title, after an empty line.
    fn section(&self, title: &str, note: &str) -> [Line; 2] {
        let mut line = self.line();
        line.push(title, Style::Bold);
        if !note.is_empty() {
            let room = self.width.saturating_sub(line.width() + 2);
            line.plain("  ").push(&cut(note, room), Style::Dim);
        }
        [self.line(), line]
    }

    fn heading(&self) -> Vec<Line> {
        let meta = &self.report.meta;
        let name = self.options.title.clone().unwrap_or_else(|| format!("Haechi {}", meta.version));
        let sources: Vec<_> = meta
            .sources
            .iter()
            .map(|source| {
                let kind = self.words.source(source.kind);
                if source.name.is_empty() { kind } else { format!("{kind} {}", source.name) }
            })
            .collect();
        let facts = [
            self.words.catalog.count("meta-accounts", self.report.accounts.len() as u64),
            self.words.catalog.count("meta-resources", meta.resources),
            self.words.catalog.moment(meta.as_of.unwrap_or(meta.generated_at)),
        ];
        let facts = facts.join(" · ");
        let mut line = self.line();
        line.push(&name, Style::Bold).plain("  ");
        let room = self.width.saturating_sub(line.width());
        // Paths may be of any length: they give way before what is counted.
        let source = elide(&self.words.catalog.list(&sources), room.saturating_sub(width(&facts) + 3).max(12));
        let facts = if source.is_empty() { facts } else { format!("{source} · {facts}") };
        line.push(&cut(&facts, room), Style::Dim);
        vec![line, self.line()]
    }

    fn score(&self) -> Vec<Line> {
        let label = self.text("page-score");
        let mut line = self.line();
        line.push(&label, Style::Bold).plain("  ");
        match self.summary.score {
            None => {
                line.push(&self.text("score-none"), Style::Dim);
            }
            Some(score) => {
                let style = match score {
                    90.. => Style::Good,
                    60..=89 => Style::Medium,
                    _ => Style::Critical,
                };
                line.push(&format!("{score}/100"), style).plain("  ");
                let counts = self.summary.evaluations;
                let facts: Vec<_> = [
                    ("count-compliant", counts.compliant),
                    ("count-non-compliant", counts.non_compliant),
                    ("count-not-applicable", counts.not_applicable),
                    ("count-insufficient-data", counts.insufficient_data),
                ]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(id, count)| self.words.catalog.count(id, count))
                .collect();
                line.push(&cut(&facts.join(" · "), self.width.saturating_sub(line.width())), Style::Dim);
            }
        }
        let mut lines = vec![line];
        lines.extend(self.severities());
        lines
    }

    /// Open findings by severity, as bars against the largest.
    fn severities(&self) -> Vec<Line> {
        let labels = self.severity_width();
        let most = self.summary.severities.iter().map(|line| line.open).max().unwrap_or(0);
        let digits = self.number(most).len();
        let mut lines = Vec::new();
        for found in self.summary.severities.iter().filter(|line| self.is_shown(line.severity)) {
            let style = Style::of(found.severity);
            let count = self.number(found.open);
            let mut line = self.line();
            line.plain("  ").push(&self.words.severity(found.severity), style).to(2 + labels + 2);
            line.plain(&format!("{count:>digits$}  ")).push(&bar(found.open, most, self.width / 3), style);
            if let Some(score) = found.score {
                let judged = self.words.catalog.with("page-severity-passed", &[("percent", json!(score))]);
                line.to(2 + labels + 2 + digits + 2 + self.width / 3 + 2).push(&judged, Style::Dim);
            }
            lines.push(line);
        }
        lines
    }

    /// The least severity takes a line only when there is something to say.
    fn is_shown(&self, severity: Severity) -> bool {
        severity != Severity::Informational || self.summary.open_by(severity) > 0
    }

    fn severity_width(&self) -> usize {
        let shown = Severity::ALL.into_iter().filter(|severity| self.is_shown(*severity));
        shown.map(|severity| width(&self.words.severity(severity))).max().unwrap_or(0)
    }

    fn comparison(&self) -> Vec<Line> {
        let Some(before) = &self.report.comparison else { return Vec::new() };
        let facts: Vec<_> = [
            ("count-new", before.new),
            ("count-reopened", before.reopened),
            ("count-fixed", before.fixed),
            ("count-deleted", before.deleted),
            ("count-gone", before.not_applicable + before.rule_gone),
            ("count-still", before.still),
            ("count-unknown", before.unknown),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(id, count)| self.words.catalog.count(id, count))
        .collect();
        let since = self.words.catalog.moment(before.since);
        let title = self.words.catalog.with("page-since", &[("moment", json!(since))]);
        let facts = if facts.is_empty() { self.text("page-nothing-changed") } else { facts.join(" · ") };
        let mut line = self.line();
        line.push(&title, Style::Bold).plain("  ");
        line.plain(&cut(&facts, self.width.saturating_sub(line.width())));
        vec![self.line(), line]
    }

    /// One line a rule, named by its worst and newest finding: forty buckets with one fault are one thing to do.
    fn top(&self) -> Vec<Line> {
        let groups = self.groups();
        let mut notes = Vec::new();
        if groups.len() > self.options.top {
            let args = [("shown", json!(self.options.top)), ("total", json!(groups.len()))];
            notes.push(self.words.catalog.with("page-top-note", &args));
        }
        if self.report.suppressed > 0 {
            notes.push(self.words.catalog.count("count-suppressed", self.report.suppressed));
        }
        let mut lines: Vec<_> = self.section(&self.text("page-top"), &notes.join(" · ")).into();
        if groups.is_empty() {
            let mut line = self.line();
            line.plain("  ").plain(&cut(&self.text(self.summary.why_no_findings()), self.width - 2));
            lines.push(line);
        }
        let shown = &groups[..groups.len().min(self.options.top)];
        let ages: Vec<_> = shown.iter().map(|group| self.words.age(group.first)).collect();
        let widths = self.finding_widths(shown, &ages);
        lines.extend(shown.iter().zip(ages).map(|(group, age)| self.finding(group, &age, widths)));
        lines
    }

    /// Open findings by rule and severity, in the order of their first.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut places = HashMap::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for entry in &self.summary.open {
            let at = *places.entry((&entry.finding.rule, entry.finding.severity)).or_insert_with(|| {
                groups.push(Group { first: entry, more: 0 });
                groups.len() - 1
            });
            if !std::ptr::eq(groups[at].first, *entry) {
                groups[at].more += 1;
            }
        }
        groups
    }

    /// Resource and place take what they need up to a share of the line; the title takes the rest.
    fn finding_widths(&self, shown: &[Group<'_>], ages: &[String]) -> FindingWidths {
        let age = ages.iter().map(|age| width(age)).max().unwrap_or(0);
        let room = self.width.saturating_sub(2 + self.severity_width() + 2 + 2 + 2 + 2 + age);
        let most = |share: usize, needed: &dyn Fn(&Group<'_>) -> usize| {
            shown.iter().map(needed).max().unwrap_or(0).min(room * share / 100)
        };
        let resource = most(27, &|group| width(resource_name(&group.first.finding)) + width(&self.more_of(group)));
        let place = most(31, &|group| {
            let (account, region) = self.place(group);
            width(&account) + 1 + width(&region)
        });
        FindingWidths { title: room - resource - place, resource, place, age }
    }

    fn more_of(&self, group: &Group<'_>) -> String {
        if group.more == 0 { String::new() } else { format!(" +{}", self.number(group.more)) }
    }

    fn place(&self, group: &Group<'_>) -> (String, String) {
        let subject = &group.first.finding.subject;
        if let Some(location) = &subject.location {
            return (location.to_string(), String::new());
        }
        let key = &subject.key;
        (self.words.account(key), self.words.region(key.region.as_str()))
    }

    fn finding(&self, group: &Group<'_>, age: &str, widths: FindingWidths) -> Line {
        let finding = &group.first.finding;
        let labels = self.severity_width();
        let mut line = self.line();
        line.plain("  ").push(&self.words.severity(finding.severity), Style::of(finding.severity)).to(2 + labels + 2);
        let mut column = 2 + labels + 2 + widths.title + 2;
        line.plain(&cut(self.words.title(&finding.rule), widths.title)).to(column);
        let more = self.more_of(group);
        line.push(&elide(resource_name(finding), widths.resource.saturating_sub(more.len())), Style::Bold);
        column += widths.resource + 2;
        line.push(&more, Style::Dim).to(column);
        let (account, region) = self.place(group);
        // The region is short and tells most: the account's name gives way first.
        let account = elide(&account, widths.place.saturating_sub(width(&region) + 1).max(6));
        line.push(&cut(&format!("{account} {region}"), widths.place), Style::Dim).to(self.width - widths.age);
        let fresh = group.first.change != Change::Still;
        line.push(age, if fresh { Style::Medium } else { Style::Dim });
        line
    }

    fn packs_and_accounts(&self) -> Vec<Line> {
        let packs = &self.summary.packs;
        let accounts = &self.summary.accounts;
        let both = !packs.is_empty() && !accounts.is_empty();
        let side_by_side = both && self.width >= WIDE;
        let column = if side_by_side { (self.width - 3) / 2 } else { self.width };
        let left = if packs.is_empty() { Vec::new() } else { self.packs(packs, column) };
        let right = if accounts.is_empty() { Vec::new() } else { self.accounts(accounts, column) };
        if !side_by_side {
            return left.into_iter().chain(right).collect();
        }
        let rows = left.len().max(right.len());
        let mut left = left.into_iter();
        let mut right = right.into_iter();
        (0..rows)
            .map(|_| {
                let mut line = left.next().unwrap_or_else(|| self.line());
                if let Some(beside) = right.next().filter(|beside| beside.width() > 0) {
                    line.to(column + 3).join(&beside);
                }
                line
            })
            .collect()
    }

    fn packs(&self, packs: &[PackLine<'_>], columns: usize) -> Vec<Line> {
        let mut lines: Vec<_> = self.section(&self.text("page-packs"), &self.more(packs.len())).into();
        // In a narrow column the pack's name is worth more than a bar beside its percentage.
        let meter = if columns >= 60 { 8 } else { 0 };
        let tail_width = 4 + 2 + if meter > 0 { meter + 2 } else { 0 };
        for found in packs.iter().take(ROWS) {
            let share = percent(found.rules.compliant, found.rules.judged());
            let detail = self.words.catalog.with(
                "page-pack-rules",
                &[("failed", json!(found.rules.non_compliant)), ("total", json!(found.rules.total()))],
            );
            let name_width = columns.saturating_sub(2 + 2 + tail_width + width(&detail)).max(8);
            let mut line = self.line();
            let name = found.pack.name.strip_prefix(SAMPLE_PREFIX).unwrap_or(&found.pack.name);
            line.plain("  ").plain(&elide(name, name_width)).to(2 + name_width + 2);
            let share_text = share.map_or_else(|| self.text("not-available"), |share| format!("{share}%"));
            line.plain(&format!("{share_text:>4}")).plain("  ");
            let start = line.width();
            if meter > 0 {
                line.push(&bar(found.rules.compliant, found.rules.judged(), meter), Style::Good).to(start + meter + 2);
            }
            line.push(&detail, Style::Dim);
            lines.push(line);
        }
        lines
    }

    fn accounts(&self, accounts: &[AccountLine], columns: usize) -> Vec<Line> {
        let mut lines: Vec<_> = self.section(&self.text("page-accounts"), &self.more(accounts.len())).into();
        let shown: Vec<_> = Severity::ALL.into_iter().filter(|s| *s != Severity::Informational).collect();
        let cells: Vec<_> = shown
            .iter()
            .map(|s| self.number(accounts.iter().map(|a| a.open.get(*s)).max().unwrap_or(0)).len())
            .collect();
        let numbers: usize = cells.iter().map(|cell| cell + 2 + 2).sum();
        let name_width = columns.saturating_sub(2 + numbers + 2 + 6).max(8);
        for found in accounts.iter().take(ROWS) {
            let name = self.words.account_name(found.id.as_str());
            let both = format!("{name} {}", found.id);
            let name = if name == found.id.as_str() || width(&both) > name_width { name } else { both };
            let mut line = self.line();
            line.plain("  ").plain(&elide(&name, name_width)).to(2 + name_width + 2);
            if !found.recorded {
                line.push(&cut(&self.text("page-not-recorded"), numbers + 4), Style::Medium);
                lines.push(line);
                continue;
            }
            for (severity, cell) in shown.iter().zip(&cells) {
                let count = found.open.get(*severity);
                let style = if count == 0 { Style::Dim } else { Style::of(*severity) };
                let initial = self.text(initial_id(*severity));
                line.push(&format!("{initial}{:>cell$}", self.number(count)), style).plain("  ");
            }
            if let Some(score) = found.score {
                line.push(&format!("{score:>3}%"), Style::Dim);
            }
            lines.push(line);
        }
        lines
    }

    fn more(&self, count: usize) -> String {
        if count <= ROWS {
            return String::new();
        }
        self.words.catalog.with("page-top-note", &[("shown", json!(ROWS)), ("total", json!(count))])
    }

    fn incomplete(&self) -> Vec<Line> {
        if !self.summary.is_incomplete(self.report) {
            return Vec::new();
        }
        let listings = self.summary.listings;
        let note = self.words.catalog.with(
            "page-incomplete-note",
            &[("failed", json!(listings.failed)), ("total", json!(listings.failed + listings.complete))],
        );
        let note = if listings.failed > 0 { note } else { String::new() };
        let mut lines: Vec<_> = self.section(&self.text("page-incomplete"), &note).into();
        lines.extend(self.summary.gaps.iter().take(GAPS).map(|gap| self.gap(gap)));
        let mut rest = Vec::new();
        if self.summary.gaps.len() > GAPS {
            rest.push(self.words.catalog.count("page-more-gaps", (self.summary.gaps.len() - GAPS) as u64));
        }
        rest.extend(unreadable(self.words, self.report));
        if !self.report.not_implemented.is_empty() {
            rest.push(self.words.catalog.count("page-not-implemented", self.report.not_implemented.len() as u64));
        }
        for text in wrap(&rest.join(" · "), self.width - 2).into_iter().filter(|text| !text.is_empty()) {
            let mut line = self.line();
            line.plain("  ").plain(&text);
            lines.push(line);
        }
        lines
    }

    /// What plans and templates hold that was not judged, and what they could not tell.
    fn code(&self) -> Vec<Line> {
        let said = code(self.words, self.report);
        if said.is_empty() {
            return Vec::new();
        }
        let mut lines: Vec<_> = self.section(&self.text("page-code"), &self.more(said.len())).into();
        for text in said.iter().take(ROWS).flat_map(|text| wrap(text, self.width - 2)) {
            let mut line = self.line();
            line.plain("  ").plain(&text);
            lines.push(line);
        }
        lines
    }

    fn gap(&self, gap: &GapLine) -> Line {
        let mut line = self.line();
        line.plain("  ").push(&gap.operation, Style::Medium).plain("  ");
        let reason = match &gap.missing_action {
            Some(action) => self.words.catalog.with("gap-missing-action", &[("action", json!(action))]),
            None => gap.code.clone(),
        };
        let count = self.words.catalog.count("gap-listings", gap.listings);
        let text = format!("{reason} · {count}");
        line.plain(&elide(&text, self.width.saturating_sub(line.width())));
        line
    }

    fn next(&self) -> Vec<Line> {
        if self.report.next.is_empty() {
            return Vec::new();
        }
        let mut lines: Vec<_> = self.section(&self.text("page-next"), "").into();
        let steps = &self.report.next[..self.report.next.len().min(4)];
        let commands = steps.iter().map(|step| width(&step.command)).max().unwrap_or(0).min(self.width * 6 / 10);
        for step in steps {
            let mut line = self.line();
            // A command is there to be copied: it is never shortened, the reason gives way.
            line.plain("  ").push(&step.command, Style::Bold).to(2 + commands + 2);
            let room = self.width.saturating_sub(line.width() + 1);
            line.push(&cut(&self.words.message(&step.reason), room), Style::Dim);
            lines.push(line);
        }
        lines
    }
}

const fn initial_id(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "initial-critical",
        Severity::High => "initial-high",
        Severity::Medium => "initial-medium",
        Severity::Low => "initial-low",
        Severity::Informational => "initial-informational",
    }
}
