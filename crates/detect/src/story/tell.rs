//! The telling: steps of the second reading are sorted into what was before, what happened, and what came after.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::event::Flow;
use haechi_model::{EntityKind, Threat, Timestamp};
use serde::Serialize;

use super::cast::Actor;
use super::gather::{Gathered, Sum};
use super::graph::{Graph, graph_of};
use super::network::{Network, Wire};
use super::step::{Issue, Query, Step};
use crate::flow::contact::Contact;
use crate::intel::Intel;
use crate::logins::impossible_travel;
use crate::principal::{agent_family, ip, network};

/// What is told in detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A statement and the events that it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// The first events, and the last.
    pub event_ids: Vec<String>,
    /// File and record of each, where the log has no ids of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
}

/// Ids under a claim.
const IDS: usize = 6;

impl Claim {
    fn of(step: &Step) -> Self {
        Self {
            count: 1,
            first: step.time,
            last: step.time,
            event_ids: vec![step.event_id.clone()],
            records: Vec::new(),
        }
    }

    /// Takes in another claim of the same kind: its first event, as long as there is room.
    pub(super) fn join(&mut self, other: &Claim) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for (at, id) in other.event_ids.iter().enumerate().take(2) {
            if self.event_ids.len() < 2 * IDS && !self.event_ids.contains(id) {
                self.event_ids.push(id.clone());
                self.records.extend(other.records.get(at).cloned());
            }
        }
    }

    fn add(&mut self, step: &Step) {
        self.count += 1;
        self.first = self.first.min(step.time);
        self.last = self.last.max(step.time);
        if self.event_ids.len() < IDS {
            self.event_ids.push(step.event_id.clone());
        } else {
            self.event_ids[IDS - 1].clone_from(&step.event_id);
        }
    }
}

/// Something that the actor did for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct New {
    /// `api`, `network`, `user-agent`, `region`, `target`, `country`, `asn`; of the network `peer`, `peer-country`,
    /// `peer-asn`, `port`, `served-port`, `domain`.
    pub kind: &'static str,
    pub value: String,
    /// The widest circle that had never seen it: `principal`, `account` or `organization`.
    pub among: &'static str,
    /// Days of history that this rests on.
    pub days: i64,
    #[serde(flatten)]
    pub claim: Claim,
}

/// Calls that follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub principal: Option<String>,
    pub session: Option<String>,
    pub address: Option<String>,
    pub account: Option<String>,
    pub regions: BTreeSet<String>,
    /// Service and call, and how often.
    pub calls: BTreeMap<String, u64>,
    pub errors: BTreeMap<String, u64>,
    pub targets: Vec<String>,
    /// Of the calls, those that only read.
    pub reads: u64,
    /// Of flows and queries: then there are no calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
    /// The threats that rest on events of this line, by type.
    pub threats: BTreeSet<String>,
    #[serde(flatten)]
    pub claim: Claim,
}

impl Line {
    fn of(claim: Claim) -> Self {
        Self {
            principal: None,
            session: None,
            address: None,
            account: None,
            regions: BTreeSet::new(),
            calls: BTreeMap::new(),
            errors: BTreeMap::new(),
            targets: Vec::new(),
            reads: 0,
            wire: None,
            threats: BTreeSet::new(),
            claim,
        }
    }

    /// What the network says.
    pub(super) fn of_wire(wire: Wire, claim: Claim, threats: BTreeSet<String>) -> Self {
        Self { wire: Some(wire), threats, ..Self::of(claim) }
    }
}

/// Somebody else who used the same address, or another address that the actor used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Neighbour {
    pub address: String,
    pub principal: String,
    #[serde(flatten)]
    pub claim: Claim,
}

/// Two places in less time than the way between them takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Travel {
    pub from: String,
    pub to: String,
    pub kilometers_an_hour: f64,
    pub event_ids: [String; 2],
}

/// What is known of a time that is not told in detail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Past {
    pub events: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// The calls that were most often made.
    pub calls: Vec<(String, u64)>,
    pub networks: Vec<(String, u64)>,
    /// Flows, bytes that they sent, and queries; they are no events here.
    pub flows: u64,
    pub bytes_sent: u64,
    pub queries: u64,
    /// The first event, flow or query, and the last.
    pub event_ids: Vec<String>,
}

/// What happened around a moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    pub entity: String,
    pub kind: EntityKind,
    pub window: Window,
    /// Users and roles that acted, and their sessions, keys and addresses.
    pub principals: BTreeMap<String, Claim>,
    pub sessions: BTreeMap<String, Claim>,
    pub keys: BTreeMap<String, Claim>,
    pub addresses: BTreeMap<String, Claim>,
    /// How the credentials came about, oldest first.
    pub chain: Vec<Issue>,
    /// Credentials that the actor made.
    pub made: Vec<Issue>,
    pub new: Vec<New>,
    pub lines: Vec<Line>,
    pub before: Past,
    pub after: Past,
    pub neighbours: Vec<Neighbour>,
    pub travel: Vec<Travel>,
    /// Threats that rest on these events, or are about the same.
    pub threats: Vec<Threat>,
    /// What flow logs and queries say.
    pub network: Network,
    pub graph: Graph,
    /// Events in the window that are told, and such as were too many.
    pub events: u64,
    pub untold: u64,
    /// Calls of them that services of AWS made for it: they are in no line.
    pub by_services: u64,
}

/// Events of the window that are kept.
const STEPS: usize = 50_000;
/// Values of habits that are kept, of the actor and of each account.
const HABITS: usize = 200_000;
/// Events of one line are at most so long apart.
const PAUSE: i64 = 15 * 60 * 1_000_000;
/// And a line that no finding rests on is at most so long.
const QUIET: i64 = 5 * 60 * 1_000_000;
/// Targets, and others, that a line and a story name.
pub(super) const NAMED: usize = 8;

/// A habit: kind and value.
type Habit = (&'static str, String);

/// Takes the steps of the second reading, in any order.
pub struct Teller {
    actor: Actor,
    window: Window,
    steps: Vec<Step>,
    untold: u64,
    /// What the actor, its accounts and all of them did before.
    own: BTreeMap<Habit, u64>,
    accounts: BTreeMap<(String, Habit), ()>,
    all: BTreeMap<Habit, ()>,
    before: Counted,
    after: Counted,
    /// Who else used which address in the window.
    others: BTreeMap<(String, String), Claim>,
    first: Option<Timestamp>,
    /// There were more habits than are kept: what is not among them may still be known.
    full: bool,
    network: Gathered,
}

#[derive(Default)]
struct Counted {
    events: u64,
    first: Option<(Timestamp, String)>,
    last: Option<(Timestamp, String)>,
    calls: BTreeMap<String, u64>,
    networks: BTreeMap<String, u64>,
}

impl Counted {
    fn add(&mut self, step: &Step) {
        self.events += 1;
        let here = (step.time, step.event_id.clone());
        if self.first.as_ref().is_none_or(|first| here < *first) {
            self.first = Some(here.clone());
        }
        if self.last.as_ref().is_none_or(|last| here > *last) {
            self.last = Some(here);
        }
        for (map, key) in [(&mut self.calls, Some(call_of(step))), (&mut self.networks, network_of(step))] {
            if let Some(key) = key.filter(|key| map.len() < HABITS || map.contains_key(key)) {
                *map.entry(key).or_default() += 1;
            }
        }
    }

    fn past(mut self, network: &Sum) -> Past {
        for end in [&network.first, &network.last].into_iter().flatten() {
            if self.first.as_ref().is_none_or(|first| end < first) {
                self.first = Some(end.clone());
            }
            if self.last.as_ref().is_none_or(|last| end > last) {
                self.last = Some(end.clone());
            }
        }
        let most = |map: BTreeMap<String, u64>| {
            let mut list: Vec<_> = map.into_iter().collect();
            list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            list.truncate(NAMED);
            list
        };
        let ids = [&self.first, &self.last].into_iter().flatten().map(|(_, id)| id.clone());
        let mut event_ids: Vec<String> = ids.collect();
        event_ids.dedup();
        Past {
            events: self.events,
            first: self.first.map(|(time, _)| time),
            last: self.last.map(|(time, _)| time),
            calls: most(self.calls),
            networks: most(self.networks),
            flows: network.flows,
            bytes_sent: network.bytes_sent,
            queries: network.queries,
            event_ids,
        }
    }
}

/// `s3:GetObject`
fn call_of(step: &Step) -> String {
    let service = step.source.split('.').next().unwrap_or(&step.source);
    format!("{service}:{}", step.name)
}

fn network_of(step: &Step) -> Option<String> {
    step.address.as_deref().and_then(ip).map(network)
}

/// The program, without its version and without what a program appends to be told apart.
fn program_of(agent: &str) -> String {
    let family = agent_family(agent);
    let own = family.split('_').next().filter(|own| own.len() >= 3).unwrap_or(&family);
    own.to_owned()
}

/// What of a step may be new.
fn habits(step: &Step, intel: &Intel) -> Vec<Habit> {
    let mut habits = vec![("api", call_of(step))];
    habits.extend(network_of(step).map(|network| ("network", network)));
    habits.extend(step.user_agent.as_deref().map(|agent| ("user-agent", program_of(agent))));
    habits.extend(step.region.clone().map(|region| ("region", region)));
    habits.extend(step.targets.first().cloned().map(|target| ("target", target)));
    if let Some(address) = step.address.as_deref().and_then(ip) {
        let facts = intel.facts(address);
        habits.extend(facts.country.map(|country| ("country", country.into())));
        habits.extend(facts.asn.map(|asn| {
            let name = facts.network.map(|name| format!(" {name}")).unwrap_or_default();
            ("asn", format!("AS{asn}{name}"))
        }));
    }
    habits
}

impl Teller {
    pub fn new(actor: Actor, window: Window) -> Self {
        Self {
            actor,
            window,
            steps: Vec::new(),
            untold: 0,
            own: BTreeMap::new(),
            accounts: BTreeMap::new(),
            all: BTreeMap::new(),
            before: Counted::default(),
            after: Counted::default(),
            others: BTreeMap::new(),
            first: None,
            full: false,
            network: Gathered::default(),
        }
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The lines that these threats rest on are told apart, whatever else is added up.
    pub fn expect(&mut self, threats: &[Threat]) {
        self.network.expect(threats);
    }

    /// Takes a line of a flow log.
    pub fn flow(&mut self, flow: &Flow<'_>, intel: &Intel) {
        let Some(contact) = Contact::of(flow, intel.owners()) else { return };
        let side = self.actor.side(flow, &contact);
        self.network.flow(flow, &contact, side, self.window, intel);
    }

    /// Takes a query of Route 53 Resolver.
    pub fn query(&mut self, query: &Query) {
        let about = self.actor.asked(query);
        self.network.query(query, about, self.window);
    }

    pub fn take(&mut self, step: Step, intel: &Intel) {
        let did = self.actor.did(&step);
        self.first = Some(self.first.map_or(step.time, |first| first.min(step.time)));
        if step.time < self.window.from {
            self.learn(&step, did, intel);
        } else if step.time > self.window.to {
            if did {
                self.after.add(&step);
            }
        } else if did {
            if self.steps.len() < STEPS {
                self.steps.push(step);
            } else {
                self.untold += 1;
            }
        } else if let (Some(address), Some(who)) = (&step.address, step.session.as_ref().or(step.principal.as_ref()))
            && ip(address).is_some()
        {
            let key = (address.clone(), who.clone());
            let room = self.others.len() < HABITS;
            match self.others.get_mut(&key) {
                Some(claim) => claim.add(&step),
                None if room => drop(self.others.insert(key, Claim::of(&step))),
                None => {}
            }
        }
    }

    fn learn(&mut self, step: &Step, did: bool, intel: &Intel) {
        if did {
            self.before.add(step);
        }
        for habit in habits(step, intel) {
            if did && (self.own.len() < HABITS || self.own.contains_key(&habit)) {
                *self.own.entry(habit.clone()).or_default() += 1;
            } else if did {
                self.full = true;
            }
            // Targets of everybody are too many, and say little of somebody.
            if habit.0 == "target" {
                continue;
            }
            if let Some(account) = &step.account
                && self.accounts.len() < HABITS
            {
                self.accounts.insert((account.clone(), habit.clone()), ());
            }
            if self.all.len() < HABITS {
                self.all.insert(habit, ());
            }
        }
    }

    /// The story; `threats` are all that were found in the same logs.
    pub fn tell(mut self, threats: &[Threat], intel: &Intel) -> Story {
        self.steps.sort_by(|a, b| (a.time, &a.event_id).cmp(&(b.time, &b.event_id)));
        let steps = std::mem::take(&mut self.steps);
        let mut ids: BTreeSet<&str> = steps.iter().map(|step| step.event_id.as_str()).collect();
        ids.extend(self.network.met.iter().map(String::as_str));
        let is_own = |threat: &Threat| {
            let entity = &threat.entity;
            entity.id == self.actor.name
                || match entity.kind {
                    EntityKind::Instance => self.actor.instances.contains(&entity.id),
                    EntityKind::Interface => self.actor.interfaces.contains(&entity.id),
                    _ => false,
                }
                || (self.actor.kind == Some(EntityKind::Address)
                    && threat.others.contains(&haechi_model::Entity::new(EntityKind::Address, &self.actor.name)))
        };
        let related: Vec<Threat> = threats
            .iter()
            .filter(|threat| {
                let rests = threat.evidence.iter().any(|seen| ids.contains(seen.event_id.as_str()));
                let about =
                    is_own(threat) && threat.last_seen >= self.window.from && threat.first_seen <= self.window.to;
                rests || about
            })
            .cloned()
            .collect();
        let mut by_event: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for threat in &related {
            for seen in &threat.evidence {
                by_event.entry(&seen.event_id).or_default().push(&threat.kind);
            }
        }
        let mut people = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        for step in steps.iter().filter(|step| !step.by_service) {
            let words = [&step.principal, &step.session, &step.access_key, &step.address];
            for (map, word) in people.iter_mut().zip(words) {
                let Some(word) = word else { continue };
                map.entry(word.clone())
                    .and_modify(|claim: &mut Claim| claim.add(step))
                    .or_insert_with(|| Claim::of(step));
            }
        }
        let [principals, sessions, keys, addresses] = people;
        let mut neighbours: Vec<Neighbour> = std::mem::take(&mut self.others)
            .into_iter()
            .filter(|((address, _), _)| addresses.contains_key(address))
            .map(|((address, principal), claim)| Neighbour { address, principal, claim })
            .collect();
        neighbours.sort_by(|a, b| b.claim.count.cmp(&a.claim.count).then_with(|| a.principal.cmp(&b.principal)));
        neighbours.truncate(NAMED * 4);
        let chain = self.actor.chain.clone();
        let resting: Vec<&Threat> = related.iter().collect();
        let told = self.network.tell(&self.actor, &resting, self.window, intel);
        let mut lines = lines(&steps, &by_event);
        lines.extend(told.lines);
        lines.sort_by_key(|line| line.claim.first);
        Story {
            entity: self.actor.name.clone(),
            kind: self.actor.kind.unwrap_or(EntityKind::Resource),
            window: self.window,
            new: self.news(&steps, told.news, intel),
            lines,
            travel: travel(&steps, intel),
            graph: graph_of(&steps, &chain, &related, &told.network),
            network: told.network,
            chain,
            made: self.actor.made.clone(),
            neighbours,
            principals,
            sessions,
            keys,
            addresses,
            before: self.before.past(&self.network.before),
            after: self.after.past(&self.network.after),
            threats: related,
            events: steps.len() as u64,
            by_services: steps.iter().filter(|step| step.by_service).count() as u64,
            untold: self.untold,
        }
    }

    /// What was never done before the window, by the actor, in its account, in all accounts.
    fn news(&self, steps: &[Step], network: Vec<New>, intel: &Intel) -> Vec<New> {
        // Without a past everything is new, and nothing says so.
        let no_past = self.first.is_none_or(|first| first >= self.window.from);
        let steps = if no_past || self.full { &[] } else { steps };
        let days = self.first.map_or(0, |first| self.window.from.since(first).max(0) / Timestamp::DAY);
        let mut found: BTreeMap<Habit, New> = BTreeMap::new();
        for step in steps.iter().filter(|step| !step.by_service) {
            for habit in habits(step, intel) {
                if self.own.contains_key(&habit) {
                    continue;
                }
                if let Some(new) = found.get_mut(&habit) {
                    new.claim.add(step);
                    continue;
                }
                let in_account = step
                    .account
                    .as_ref()
                    .is_some_and(|account| self.accounts.contains_key(&(account.clone(), habit.clone())));
                let among = if habit.0 == "target" || in_account {
                    "principal"
                } else if self.all.contains_key(&habit) {
                    "account"
                } else {
                    "organization"
                };
                let (kind, value) = habit.clone();
                found.insert(habit, New { kind, value, among, days, claim: Claim::of(step) });
            }
        }
        let mut news: Vec<New> = found.into_values().chain(network).collect();
        let rank = |new: &New| {
            let kinds = [
                "country",
                "asn",
                "network",
                "domain",
                "peer-country",
                "peer-asn",
                "port",
                "served-port",
                "peer",
                "user-agent",
                "region",
                "api",
                "target",
            ];
            let kind = kinds.iter().position(|kind| *kind == new.kind);
            let among = ["organization", "account", "principal"].iter().position(|word| *word == new.among);
            (among, kind, new.claim.first)
        };
        news.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.value.cmp(&b.value)));
        news
    }
}

/// Steps that follow each other are one line: those that no finding rests on for some minutes, the others by their call.
fn lines(steps: &[Step], threats: &BTreeMap<&str, Vec<&str>>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for step in steps.iter().filter(|step| !step.by_service) {
        let call = call_of(step);
        let found = threats.get(step.event_id.as_str());
        let goes_on = lines.last().is_some_and(|line| {
            let actor = line.principal == step.principal
                && line.session == step.session
                && line.address == step.address
                && line.account == step.account;
            let same = match found {
                None => line.threats.is_empty() && step.time.since(line.claim.first) <= QUIET,
                Some(_) => !line.threats.is_empty() && line.calls.len() == 1 && line.calls.contains_key(&call),
            };
            actor && same && step.time.since(line.claim.last) <= PAUSE
        });
        if !goes_on {
            let claim =
                Claim { count: 0, first: step.time, last: step.time, event_ids: Vec::new(), records: Vec::new() };
            lines.push(Line {
                principal: step.principal.clone(),
                session: step.session.clone(),
                address: step.address.clone(),
                account: step.account.clone(),
                ..Line::of(claim)
            });
        }
        let Some(line) = lines.last_mut() else { continue };
        line.claim.add(step);
        line.reads += u64::from(step.read_only);
        *line.calls.entry(call).or_default() += 1;
        if let Some(error) = &step.error {
            *line.errors.entry(error.clone()).or_default() += 1;
        }
        line.regions.extend(step.region.clone());
        // What is changed says more than what is looked at.
        for target in step.targets.iter().filter(|_| !step.read_only || found.is_some()) {
            if line.targets.len() < NAMED && !line.targets.contains(target) {
                line.targets.push(target.clone());
            }
        }
        line.threats.extend(found.into_iter().flatten().map(|kind| (*kind).to_owned()));
    }
    lines
}

/// Events that follow each other from places that are too far apart.
fn travel(steps: &[Step], intel: &Intel) -> Vec<Travel> {
    let mut last: BTreeMap<&str, (&Step, core::net::IpAddr)> = BTreeMap::new();
    let mut found = Vec::new();
    for step in steps.iter().filter(|step| !step.by_service) {
        // Each session of a role is somebody's; the role is many.
        let who = step.session.as_deref().or(step.principal.as_deref());
        let (Some(who), Some(address)) = (who, step.address.as_deref().and_then(ip)) else {
            continue;
        };
        if let Some((before, from)) = last.get(who)
            && *from != address
            && let Some(speed) =
                impossible_travel(&intel.facts(*from), &intel.facts(address), step.time.since(before.time))
            && found.len() < NAMED
        {
            found.push(Travel {
                from: from.to_string(),
                to: address.to_string(),
                kilometers_an_hour: speed.round(),
                event_ids: [before.event_id.clone(), step.event_id.clone()],
            });
        }
        last.insert(who, (step, address));
    }
    found
}
