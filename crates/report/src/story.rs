//! The story of an investigation: a page for people in three languages, and JSON. Every claim names its events.

use std::collections::BTreeMap;
use std::io::{self, Write};

use haechi_content::Language;
use haechi_detect::story::{Asked, Began, Claim, Line as Told, Link, Past, Refused, Story, Talk, Wire};
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

    /// The same of lines of logs without ids: the first one's file and record stand there too.
    fn claim(&mut self, text: &str, style: Style, claim: &Claim) {
        let ids = cited(claim);
        self.say(text, style, &ids);
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
        self.network();
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
            ("count", json!(past.events + past.flows + past.queries)),
            ("first", json!(self.catalog.minute(first))),
            ("last", json!(self.catalog.minute(last))),
        ];
        let text = self.with("story-past", &args);
        self.say(&text, Style::Plain, &past.event_ids);
        if past.flows + past.queries > 0 {
            let args = [
                ("flows", json!(past.flows)),
                ("sent", json!(size(past.bytes_sent))),
                ("queries", json!(past.queries)),
            ];
            let text = self.with("story-past-network", &args);
            self.say(&text, Style::Dim, &[]);
        }
        if past.events == 0 {
            return;
        }
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
            let id = if story.before.first.is_none() { "story-no-past" } else { "story-no-news" };
            let text = self.catalog.text(id);
            self.say(&text, Style::Plain, &[]);
        }
        for new in story.new.iter().take(2 * SHORT) {
            let args = [
                ("kind", json!(kind_word(new.kind).map_or_else(|| new.kind.to_owned(), |id| self.catalog.text(id)))),
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
            self.claim(&text, style, &new.claim);
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
        for told in most_telling(&story.lines) {
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

    /// What flow logs and queries say.
    fn network(&mut self) {
        let network = &self.report.story.network;
        if network.flows.is_none() && network.asked.is_empty() && network.links.is_empty() {
            return;
        }
        self.section("story-network", &[]);
        for link in network.links.iter().take(SHORT) {
            let text = self.linked(link);
            let ids = match (link.event_ids.first(), link.records.first()) {
                (Some(id), Some(record)) => vec![format!("{id} ({})", short(record))],
                _ => Vec::new(),
            };
            self.say(&text, Style::Plain, &ids);
        }
        self.more(SHORT, network.links.len());
        self.volume();
        for talk in network.talks.iter().take(SHORT) {
            let text = self.talk(talk);
            self.claim(&text, style_of(talk.new, !talk.threats.is_empty()), &talk.claim);
        }
        self.more(SHORT, network.talks.len() + network.talks_left_out as usize);
        for refused in &network.refused {
            let text = self.refused(refused);
            self.claim(&text, style_of(false, !refused.threats.is_empty()), &refused.claim);
        }
        for asked in network.asked.iter().take(SHORT) {
            let text = self.asked(asked);
            self.claim(&text, style_of(asked.new, !asked.threats.is_empty()), &asked.claim);
        }
        self.more(SHORT, network.asked.len() + network.asked_left_out as usize);
        if network.folded > 0 {
            let text = self.catalog.count("story-folded", network.folded);
            self.say(&text, Style::Medium, &[]);
        }
    }

    fn linked(&self, link: &Link) -> String {
        let id = match link.kind {
            "address-of" => "story-link-address",
            "session-of" => "story-link-session",
            "resolved-to" => "story-link-resolved",
            _ => "story-link-interface",
        };
        let basis = if link.basis == "inventory" { "story-by-inventory" } else { "story-by-log" };
        let basis = self.catalog.text(basis);
        self.with(id, &[("from", json!(link.from.id)), ("to", json!(link.to.id)), ("basis", json!(basis))])
    }

    fn volume(&mut self) {
        let Some(flows) = &self.report.story.network.flows else { return };
        let args = [
            ("flows", json!(flows.claim.count)),
            ("peers", json!(flows.peers)),
            ("sent", json!(size(flows.bytes_sent))),
            ("received", json!(size(flows.bytes_received))),
            ("rejected", json!(flows.rejected)),
        ];
        let text = self.with("story-flows", &args);
        self.claim(&text, Style::Plain, &flows.claim);
        let Some(busiest) = &flows.busiest else { return };
        let mut args =
            vec![("hour", json!(self.catalog.minute(busiest.hour))), ("sent", json!(size(busiest.bytes_sent)))];
        let id = match &flows.usual {
            Some(usual) => {
                args.extend([
                    ("average", json!(size(usual.average))),
                    ("most", json!(size(usual.most))),
                    ("hours", json!(usual.hours)),
                ]);
                "story-busiest"
            }
            None => "story-busiest-alone",
        };
        let text = self.with(id, &args);
        self.claim(&text, style_of(false, flows.unusual), &busiest.claim);
    }

    fn talk(&self, talk: &Talk) -> String {
        let other = match &talk.name {
            Some(name) => format!("{} ({name})", talk.other),
            None => talk.other.clone(),
        };
        let ends = match talk.began {
            Began::Own => format!("{} → {other}", talk.own),
            Began::Other => format!("{other} → {}", talk.own),
        };
        let args = [
            ("ends", json!(ends)),
            ("port", json!(talk.port)),
            ("flows", json!(talk.claim.count)),
            ("sent", json!(size(talk.bytes_sent))),
            ("received", json!(size(talk.bytes_received))),
            ("interface", json!(talk.instance.as_deref().unwrap_or(&talk.interface))),
            ("new", json!(u8::from(talk.new))),
        ];
        self.with("story-talk", &args)
    }

    fn refused(&self, refused: &Refused) -> String {
        let listed = |list: &[(String, u64)]| {
            let words: Vec<_> = list.iter().take(4).map(|(name, count)| format!("{name} ×{count}")).collect();
            words.join(", ")
        };
        let id = if refused.began == Began::Own { "story-refused-own" } else { "story-refused-others" };
        let args = [
            ("count", json!(refused.claim.count)),
            ("others", json!(refused.others)),
            ("ports", json!(refused.ports)),
            ("mostPorts", json!(listed(&refused.most_ports))),
            ("mostOthers", json!(listed(&refused.most_others))),
        ];
        self.with(id, &args)
    }

    fn asked(&self, asked: &Asked) -> String {
        let kinds: Vec<_> = asked.kinds.iter().map(String::as_str).collect();
        let args = [
            ("by", json!(asked.by)),
            ("domain", json!(asked.domain)),
            ("kinds", json!(kinds.join(", "))),
            ("count", json!(asked.claim.count)),
            ("names", json!(asked.names)),
            ("missing", json!(asked.missing)),
            ("new", json!(u8::from(asked.new))),
        ];
        self.with("story-asked", &args)
    }

    /// A line of the timeline that the network tells.
    fn wire(&self, told: &Told, wire: &Wire) -> String {
        let listed = |list: &[String], all: u64| {
            let shown: Vec<_> = list.iter().take(3).map(String::as_str).collect();
            let more = all.saturating_sub(shown.len() as u64);
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            format!("{}{more}", shown.join(", "))
        };
        let others = listed(&wire.others, wire.other_count);
        let own = wire.own.clone().unwrap_or_default();
        let id = match (wire.kind, wire.began) {
            ("queries", _) => "story-line-queries",
            ("refused", Some(Began::Own)) => "story-line-refused-own",
            ("refused", _) => "story-line-refused-others",
            _ => "story-line-flows",
        };
        let ends = match wire.began {
            Some(Began::Other) => format!("{others} → {own}"),
            _ => format!("{own} → {others}"),
        };
        let args = [
            ("ends", json!(ends)),
            ("others", json!(others)),
            ("ports", json!(listed(&wire.ports, wire.port_count))),
            ("count", json!(told.claim.count)),
            ("sent", json!(size(wire.bytes_sent))),
            ("received", json!(size(wire.bytes_received))),
            ("by", json!(own)),
            ("domains", json!(listed(&wire.domains, wire.domain_count))),
            ("missing", json!(wire.missing)),
            ("new", json!(u8::from(wire.new))),
        ];
        self.with(id, &args)
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
        if let Some(wire) = &told.wire {
            what = self.wire(told, wire);
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
        let wire = told.wire.as_ref();
        let of_wire = wire.map(|wire| {
            let machine = wire.instance.as_deref().or(wire.interface.as_deref());
            machine.or(wire.own.as_deref()).unwrap_or_default()
        });
        let who = told.session.as_deref().or(told.principal.as_deref()).or(of_wire).unwrap_or("?");
        let who = if who.starts_with("arn:") { who.splitn(6, ':').nth(5).unwrap_or(who) } else { who };
        let regions: Vec<_> = told.regions.iter().map(String::as_str).collect();
        let parts = [Some(who.to_owned()), told.address.clone(), told.account.clone(), Some(regions.join(","))];
        let parts: Vec<_> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        let ids: Vec<_> = cited(&told.claim).into_iter().take(2).collect();
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

/// The lines that fit on a page, in order: such as findings rest on that few others rest on come first, then such as
/// change something.
fn most_telling(lines: &[Told]) -> Vec<&Told> {
    if lines.len() <= LINES {
        return lines.iter().collect();
    }
    let mut lines_of: BTreeMap<&str, u64> = BTreeMap::new();
    for kind in lines.iter().flat_map(|line| &line.threats) {
        *lines_of.entry(kind).or_default() += 1;
    }
    let weight = |line: &Told| {
        let rare: u64 = line.threats.iter().map(|kind| 1_000 / lines_of.get(kind.as_str()).copied().unwrap_or(1)).sum();
        (rare, line.claim.count > line.reads)
    };
    let mut order: Vec<usize> = (0..lines.len()).collect();
    // What is worth the same is told from the beginning.
    order.sort_by_key(|at| (std::cmp::Reverse(weight(&lines[*at])), *at));
    order.truncate(LINES);
    order.sort_unstable();
    order.into_iter().map(|at| &lines[at]).collect()
}

/// The ids of a claim; where the log has none of its own, the first with its file and record.
fn cited(claim: &Claim) -> Vec<String> {
    let mut ids = claim.event_ids.clone();
    if let (Some(id), Some(record)) = (ids.first_mut(), claim.records.first()) {
        *id = format!("{id} ({})", short(record));
    }
    ids
}

/// `logs/flows.log.gz:17` without its folders.
fn short(record: &str) -> &str {
    record.rsplit(['/', '\\']).next().unwrap_or(record)
}

const fn style_of(new: bool, found: bool) -> Style {
    match (new, found) {
        (_, true) => Style::High,
        (true, _) => Style::Medium,
        _ => Style::Plain,
    }
}

/// The name of what may be new.
fn kind_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "domain" => "story-kind-domain",
        "peer" => "story-kind-peer",
        "peer-country" => "story-kind-peer-country",
        "peer-asn" => "story-kind-peer-asn",
        "served-port" => "story-kind-served-port",
        other => return factor_word(other),
    })
}

/// Bytes in the unit that fits: `3.2 GB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_fitting_units() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_999, "1.0 MB"),
            (3_200_000_000, "3.2 GB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
