//! Investigating: logs are read twice. First for who made which credentials, and for threats; then for what the
//! entity and its sessions and keys did before, around and after the moment.

use std::ops::ControlFlow;
use std::sync::Arc;

use haechi_detect::story::{Cast, StepSlots, Story, Teller, Window};
use haechi_detect::{Intel, Scanner};
use haechi_inventory::Stop;
use haechi_logs::{Event, LogFields, LogFilter, Receiver};
use haechi_model::event::Flow;
use haechi_model::{EntityKind, Log, Message, Threat, Timestamp};
use haechi_report::{NextStep, StoryReport};
use haechi_store::DetectState;

use crate::App;
use crate::detect::{Known, Watch, engine_of, read_of};
use crate::error::{Result, UserError};
use crate::in_store;
use crate::intel::IntelRequest;
use crate::log_sources::{LogRequest, read_events};
use crate::looking::wants_flow;
use crate::moment::moment;
use crate::progress::{Progress, Step as Progressed};
use crate::shell;

/// Whom to look at, and when.
#[derive(Debug, Clone, Default)]
pub struct InvestigateRequest {
    /// An ARN, an access key, an address, an instance, a bucket, an account, or a finding's id.
    pub entity: String,
    pub around: Option<String>,
    /// How long before and after the moment is told in detail, such as `24h`.
    pub before: String,
    pub after: String,
    pub logs: LogRequest,
    pub intel: IntelRequest,
}

pub struct Investigated {
    pub report: StoryReport,
    pub incomplete: bool,
    pub interrupted: bool,
}

impl App {
    /// Tells what an entity did around a moment.
    pub async fn investigate(
        &self,
        request: &InvestigateRequest,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Investigated> {
        if request.logs.sources.iter().any(|source| source == "-") {
            return Err(UserError::said("error-investigate-stdin").help("advice-investigate-stdin"));
        }
        let now = self.now();
        let (entity, found_at) = self.entity_of(&request.entity)?;
        let around = request.around.as_deref().map(|text| moment("around", text, now)).transpose()?.or(found_at);
        let span = |flag: &str, text: &str| {
            let span: std::result::Result<haechi_content::Timespan, String> = text.parse();
            let wrong = |error: String| UserError::said("error-flag").arg("flag", flag).arg("text", error);
            span.map(|span| span.seconds() * 1_000_000).map_err(wrong)
        };
        let (before, after) = (span("before", &request.before)?, span("after", &request.after)?);
        let watch = self.watch_for(&[], &request.intel)?;
        let mut fields = watch.fields.clone();
        for log in Log::ALL {
            // Flow logs come as flows.
            if log != Log::VpcFlow {
                fields.want(log, StepSlots::paths(log)).map_err(UserError::verbatim)?;
            }
        }
        fields.want_flows();
        let slots = slots_of(&fields);
        let sources = self.log_sources(&request.logs).await?;

        // Who made which credentials, and what detections find.
        let mut first = First {
            slots: &slots,
            cast: Cast::about(&entity),
            intel: &watch.intel,
            scanner: Scanner::new(Arc::clone(&watch.detections), Arc::clone(&watch.intel)),
            mentioned: None,
            entity: &entity,
            filter: sources.filter(),
        };
        let (summary, opened) = read_events(&sources, &fields, None, &mut first, progress, stop).await?;
        let interrupted = opened.interrupted;
        let (threats, late) = threats_in(&watch, &mut first.scanner, now)?;
        let mentioned = first.mentioned.max(first.cast.mentioned());
        let actor = first.cast.actor(&entity, watch.intel.owners());

        // What it did. Without a moment, the last time that it is in the logs.
        let around = around
            .or(threats.iter().filter(|threat| threat.entity.id == entity).map(|threat| threat.first_seen).max())
            .or(mentioned);
        let Some(around) = around else {
            return Err(UserError::said("error-investigate-unknown")
                .arg("entity", &entity)
                .arg("count", summary.events)
                .help("advice-investigate-entity"));
        };
        let window = Window {
            from: Timestamp::from_micros(around.as_micros().saturating_sub(before)),
            to: Timestamp::from_micros(around.as_micros().saturating_add(after)),
        };
        let mut second =
            Second { slots: &slots, teller: Teller::new(actor, window), watch: &watch, filter: sources.filter() };
        second.teller.expect(&threats);
        if !interrupted {
            read_events(&sources, &fields, None, &mut second, progress, stop).await?;
        }
        progress.step(Progressed::Done);
        let story = second.teller.tell(&threats, &watch.intel);
        let read = read_of(&summary, &opened, Known::default(), late);
        let detections =
            watch.at_work.info.iter().filter(|(id, _)| story.threats.iter().any(|threat| threat.kind == **id));
        let report = StoryReport {
            version: self.version.to_owned(),
            generated_at: now,
            sources: request.logs.sources.clone(),
            detections: detections.map(|(id, info)| (id.clone(), info.clone())).collect(),
            next: next_steps(&story, &request.logs.sources, around),
            story,
            read,
            around,
        };
        let incomplete = !report.read.unreadable.is_empty();
        Ok(Investigated { report, incomplete, interrupted })
    }

    /// The entity that a word names; a finding's is its own, at the time that it was seen first.
    fn entity_of(&self, word: &str) -> Result<(String, Option<Timestamp>)> {
        let is_id = word.len() >= 8 && word.len() <= 32 && word.bytes().all(|digit| digit.is_ascii_hexdigit());
        let is_account = word.len() == 12 && word.bytes().all(|digit| digit.is_ascii_digit());
        if is_id
            && !is_account
            && let Some(store) = self.store_if_there()?
            && let Ok(stored) = store.threat(word, self.now()).map_err(in_store)
        {
            return Ok((stored.threat.entity.id, Some(stored.threat.first_seen)));
        }
        Ok((word.to_owned(), None))
    }
}

/// The slots of stories, by log.
fn slots_of(fields: &LogFields) -> Vec<Option<StepSlots>> {
    Log::ALL.iter().map(|log| fields.fields(*log).map(|fields| StepSlots::bind(*log, fields))).collect()
}

/// What detections find, merged.
fn threats_in(watch: &Watch, scanner: &mut Scanner, now: Timestamp) -> Result<(Vec<Threat>, u64)> {
    let mut engine = engine_of(watch, &DetectState::default(), now)?;
    engine.add(scanner.drain());
    let counters = engine.counters();
    let mut threats = engine.finish();
    watch.grades.apply(&mut threats);
    Ok((Threat::merge_all(threats).into_values().collect(), counters.late + counters.future))
}

/// The first reading.
struct First<'a> {
    slots: &'a [Option<StepSlots>],
    cast: Cast,
    intel: &'a Intel,
    scanner: Scanner,
    /// When the entity was in the logs last.
    mentioned: Option<Timestamp>,
    entity: &'a str,
    /// What the flags want of the events; names of files tell only roughly.
    filter: &'a LogFilter,
}

impl Receiver for First<'_> {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        if !self.filter.wants(event.time(), event.account(), event.region()) {
            return ControlFlow::Continue(());
        }
        self.scanner.take(event);
        if let Some(slots) = &self.slots[event.log() as usize] {
            if let Some(issue) = slots.issue(event) {
                self.cast.add(issue);
            }
            if let Some(query) = slots.query(event) {
                self.cast.query(&query);
            }
            // Sessions of instances' roles are named after them.
            if event.raw().contains("/i-")
                && let Some(session) = slots.actor().principal(event).and_then(|known| known.session)
            {
                self.cast.session(&session, event);
            }
        }
        if self.mentioned.is_none_or(|at| at < event.time()) && event.raw().contains(self.entity) {
            self.mentioned = Some(event.time());
        }
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        if wants_flow(self.filter, flow) {
            self.scanner.take_flow(flow);
            self.cast.flow(flow, self.intel.owners());
        }
        ControlFlow::Continue(())
    }
}

/// The second reading.
struct Second<'a> {
    slots: &'a [Option<StepSlots>],
    teller: Teller,
    watch: &'a Watch,
    filter: &'a LogFilter,
}

impl Receiver for Second<'_> {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        if self.filter.wants(event.time(), event.account(), event.region())
            && let Some(slots) = &self.slots[event.log() as usize]
        {
            match slots.query(event) {
                Some(query) => self.teller.query(&query),
                None => self.teller.take(slots.step(event), &self.watch.intel),
            }
        }
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        if wants_flow(self.filter, flow) {
            self.teller.flow(flow, &self.watch.intel);
        }
        ControlFlow::Continue(())
    }
}

/// What to ask next: of this story, best first.
fn next_steps(story: &Story, sources: &[String], around: Timestamp) -> Vec<NextStep> {
    let step = |command: String, id: &str| NextStep { command, reason: Message::new(id) };
    let sources = shell::words(sources);
    let mut steps = Vec::new();
    if let Some(first) = story.chain.first()
        && let Some(by) = first.by.as_ref().or(first.by_key.as_ref()).filter(|by| **by != story.entity)
    {
        steps.push(step(
            format!("haechi investigate {} --around {} {sources}", shell::word(by), first.time),
            "next-who-issued",
        ));
    }
    for issue in story.made.iter().filter(|issue| issue.of.as_deref() != Some(story.entity.as_str())).take(2) {
        let of = issue.of.as_ref().unwrap_or(&issue.key);
        steps.push(step(
            format!("haechi investigate {} --around {} {sources}", shell::word(of), issue.time),
            "next-who-was-made",
        ));
    }
    let address = story.new.iter().find(|new| new.kind == "network").and_then(|new| {
        let start = new.value.split(['/', ':']).next()?.rsplit_once('.')?.0.to_owned();
        story.addresses.keys().find(|address| address.starts_with(&start)).cloned()
    });
    if let Some(address) = address.filter(|address| *address != story.entity) {
        steps.push(step(
            format!("haechi investigate {} --around {around} {sources}", shell::word(&address)),
            "next-who-else",
        ));
    }
    network_steps(story, &sources, around, &mut steps);
    if let Some(key) = story.keys.keys().find(|key| key.starts_with("AKIA")) {
        let command = format!("haechi respond disable-access-key --set accessKeyId={} --plan", shell::word(key));
        steps.push(step(command, "next-disable-key"));
    }
    steps
}

/// What to ask next of what the network says.
fn network_steps(story: &Story, sources: &str, around: Timestamp, steps: &mut Vec<NextStep>) {
    let step = |command: String, id: &str| NextStep { command, reason: Message::new(id) };
    let ask = |word: &str, at: Timestamp| format!("haechi investigate {} --around {at} {sources}", shell::word(word));
    let network = &story.network;
    // From the flow log to CloudTrail, and back.
    let session = network.links.iter().find(|link| link.kind == "session-of" && link.from.id != story.entity);
    if let Some(link) = session {
        steps.push(step(ask(&link.from.id, around), "next-session"));
    }
    let instance = network.links.iter().find_map(|link| {
        (matches!(link.kind, "interface-of" | "session-of") && link.to.kind == EntityKind::Instance)
            .then_some(&link.to.id)
    });
    if let Some(instance) = instance.filter(|instance| **instance != story.entity) {
        steps.push(step(ask(instance, around), "next-instance"));
    }
    let is_public = |text: &str| text.parse().is_ok_and(haechi_model::event::is_public);
    let peer = network
        .talks
        .iter()
        .find(|talk| (talk.new || !talk.threats.is_empty()) && talk.other != story.entity && talk.other != "*");
    if let Some(peer) = peer {
        // Of somebody outside, the machine of ours that it talked with says more than its private address.
        let ours = peer.instance.as_ref().filter(|_| matches!(story.kind, EntityKind::Address | EntityKind::Domain));
        match ours.filter(|ours| **ours != story.entity) {
            Some(ours) => steps.push(step(ask(ours, peer.claim.first), "next-instance")),
            None => steps.push(step(ask(&peer.other, peer.claim.first), "next-peer")),
        }
    }
    let asked = network.asked.iter().find(|asked| asked.new || !asked.threats.is_empty());
    if let Some(asked) = asked {
        match story.kind {
            EntityKind::Domain => steps.push(step(ask(&asked.by, asked.claim.first), "next-asker")),
            _ => steps.push(step(ask(&asked.domain, asked.claim.first), "next-domain")),
        }
    }
    let resolved = network.links.iter().find(|link| link.kind == "resolved-to");
    if let Some(link) = resolved {
        let other = if link.from.id == story.entity { &link.to } else { &link.from };
        steps.push(step(ask(&other.id, around), "next-resolved"));
    }
    // Only what can be done is proposed: with a finding, or with traffic of somebody outside.
    let found = !story.threats.is_empty();
    if let Some(instance) = instance.filter(|_| found && network.flows.is_some()) {
        let command = format!("haechi respond isolate-instance --set instanceId={} --plan", shell::word(instance));
        steps.push(step(command, "next-isolate"));
    }
    // Which network ACL is meant, the finding tells.
    if let Some(threat) = story.threats.first()
        && story.kind == EntityKind::Address
        && is_public(&story.entity)
        && network.flows.is_some()
    {
        let address = shell::word(&story.entity);
        let command =
            format!("haechi respond block-address-network-acl --set address={address} --finding {} --plan", threat.id);
        steps.push(step(command, "next-block"));
    }
}
