//! The second reading of the network: flows and queries are added up by conversation and by name, habits are learned.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use haechi_model::event::{Flow, FlowAction, is_public};
use haechi_model::{Threat, Timestamp};

use super::cast::Actor;
use super::mark::{Mark, Marks, file_in};
use super::network::{Asked, Began, Busiest, Flows, Network, Refused, Talk, Usual, Wire, most};
use super::step::Query;
use super::tell::{Claim, Line, NAMED, New, Window};
use crate::dns::Name;
use crate::flow::contact::{Contact, address};
use crate::flow::protocol;
use crate::intel::Intel;
use crate::key::Key;

/// Conversations that are kept apart; and those that add up the others.
const CELLS: usize = 50_000;
const FOLDED: usize = 60_000;
/// Habits of the entity, and of all.
const OWN: usize = 200_000;
const ALL: usize = 1_000_000;
/// Other sides and ports of what was refused, names below a domain, domains.
const OTHERS: usize = 50_000;
const PORTS: usize = 20_000;
const NAMES: usize = 5_000;
const DOMAINS: usize = 50_000;
/// Hours before the window that are told apart: about a year.
const HOURS: usize = 24 * 400;
/// Conversations and domains that a story lists, and lines of one kind on one day.
const TALKS: usize = 200;
const LINES: usize = 30;
/// Lines that a finding rests on, of one conversation.
const EVIDENCE: usize = 6;
/// How many times more than any hour before is unusual, and from how many bytes on.
const MORE: u64 = 4;
const MUCH: u64 = 1 << 20;
/// Ports behind which somebody is let in: who comes there is told, at other ports of ours it may be anybody.
const DOORS: [u16; 16] = [22, 23, 135, 139, 445, 1433, 1521, 2375, 3306, 3389, 5432, 5900, 5985, 5986, 6379, 27017];

const DAY: i64 = Timestamp::DAY;
const HOUR: i64 = DAY / 24;

/// A flow as the entity sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) own: u128,
    pub(super) other: u128,
    pub(super) began: Began,
    /// The port that is meant: of the side that did not begin.
    pub(super) port: u16,
    /// From the entity to the other side.
    pub(super) sent: bool,
}

/// What a conversation is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct CellKey {
    day: i64,
    interface: u32,
    own: u128,
    /// 0: many others.
    other: u128,
    port: u16,
    protocol: u8,
    began: Began,
}

#[derive(Debug, Default)]
struct Cell {
    sent: u64,
    received: u64,
    marks: Marks<u64>,
    evidence: Vec<Mark<u64>>,
}

impl Cell {
    fn evidence(&mut self, mark: Mark<u64>) {
        if self.evidence.len() < EVIDENCE {
            self.evidence.push(mark);
            self.evidence.sort();
        }
    }
}

#[derive(Debug, Default)]
struct Door {
    marks: Marks<u64>,
    evidence: Vec<Mark<u64>>,
    ports: BTreeMap<(u16, u8), u64>,
    others: BTreeMap<u128, u64>,
    at_least: bool,
}

impl Door {
    fn merge(&mut self, other: &Self) {
        self.marks.merge(&other.marks);
        self.evidence.extend(other.evidence.iter().cloned());
        self.at_least |= other.at_least;
        for (port, count) in &other.ports {
            *self.ports.entry(*port).or_default() += count;
        }
        for (address, count) in &other.others {
            *self.others.entry(*address).or_default() += count;
        }
    }
}

#[derive(Debug)]
struct Interface {
    name: Box<str>,
    instance: Box<str>,
    account: Box<str>,
    region: Box<str>,
}

/// What may be new about a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Habit {
    Peer(u128),
    /// Port and protocol, and who began.
    Port(u16, u8, Began),
}

#[derive(Debug, Default)]
struct Question {
    names: BTreeSet<Box<str>>,
    kinds: BTreeSet<String>,
    missing: u64,
    addresses: BTreeSet<u128>,
    account: Option<String>,
    region: Option<String>,
    marks: Marks<String>,
    evidence: Vec<Mark<String>>,
}

/// How much there was in a time, and the ends of it.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) flows: u64,
    pub(super) queries: u64,
    pub(super) bytes_sent: u64,
    pub(super) first: Option<(Timestamp, String)>,
    pub(super) last: Option<(Timestamp, String)>,
}

impl Sum {
    fn ends(&mut self, time: Timestamp, id: impl Fn() -> String) {
        if self.first.as_ref().is_none_or(|(first, known)| time < *first || time == *first && id() < *known) {
            self.first = Some((time, id()));
        }
        if self.last.as_ref().is_none_or(|(last, known)| time > *last || time == *last && id() > *known) {
            self.last = Some((time, id()));
        }
    }
}

/// Adds up the network of one entity.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    files: Vec<Box<str>>,
    interfaces: Vec<Interface>,
    by_name: HashMap<Box<str>, u32>,
    cells: HashMap<CellKey, Cell>,
    refused: BTreeMap<(i64, Began), Door>,
    hours: BTreeMap<i64, (u64, Marks<u64>)>,
    within: (u64, u64, u64, Marks<u64>),
    folded: u64,
    usual: BTreeMap<i64, u64>,
    own: HashSet<Habit>,
    accounts: HashSet<(Key, Habit)>,
    all: HashSet<Habit>,
    /// More habits than are kept: what is not among them may still be known.
    own_full: bool,
    all_full: bool,
    countries: BTreeSet<(&'static str, String)>,
    first_flow: Option<Timestamp>,
    first_query: Option<Timestamp>,
    asked: BTreeMap<(i64, String, String), Question>,
    asked_left_out: u64,
    own_domains: HashSet<(Key, Key)>,
    account_domains: HashSet<(Key, Key)>,
    all_domains: HashSet<Key>,
    domains_full: bool,
    names: HashMap<u128, Box<str>>,
    expected: HashSet<u64>,
    expected_queries: HashSet<String>,
    pub(super) met: BTreeSet<String>,
    pub(super) before: Sum,
    pub(super) after: Sum,
}

/// `443/tcp`
fn port_word(port: u16, number: u8) -> String {
    if port > 0 { format!("{port}/{}", protocol(number)) } else { protocol(number) }
}

fn words(text: &str) -> Option<String> {
    (!text.is_empty() && text != "-").then(|| text.to_owned())
}

impl Gathered {
    /// The lines that threats rest on are kept, whatever else is added up.
    pub(super) fn expect(&mut self, threats: &[Threat]) {
        for seen in threats.iter().flat_map(|threat| &threat.evidence) {
            match seen.event_id.strip_prefix("flow-").and_then(|hex| u64::from_str_radix(hex, 16).ok()) {
                Some(id) => drop(self.expected.insert(id)),
                None if seen.log == haechi_model::Log::ResolverQuery => {
                    self.expected_queries.insert(seen.event_id.clone());
                }
                None => {}
            }
        }
    }

    /// Takes a flow; with a side, it is one of the entity's.
    pub(super) fn flow(
        &mut self,
        flow: &Flow<'_>,
        contact: &Contact,
        side: Option<Side>,
        window: Window,
        intel: &Intel,
    ) {
        let time = flow.time();
        self.first_flow = Some(self.first_flow.map_or(time, |first| first.min(time)));
        if time < window.from {
            self.learn(flow, contact, side, intel);
        }
        let Some(side) = side else { return };
        let sent = if side.sent { flow.bytes } else { 0 };
        if time >= window.from && time <= window.to {
            self.keep(flow, side);
            return;
        }
        let sum = if time < window.from { &mut self.before } else { &mut self.after };
        sum.flows += 1;
        sum.bytes_sent = sum.bytes_sent.saturating_add(sent);
        sum.ends(time, || flow.id());
        if time < window.from {
            let hours = &mut self.usual;
            *hours.entry(time.as_micros().div_euclid(HOUR)).or_default() += sent;
            if hours.len() > HOURS {
                hours.pop_first();
            }
        }
    }

    /// What was done before the window, by the entity and by others.
    fn learn(&mut self, flow: &Flow<'_>, contact: &Contact, side: Option<Side>, intel: &Intel) {
        if flow.action == FlowAction::Reject {
            return;
        }
        if let Some(side) = side {
            for habit in [Habit::Peer(side.other), Habit::Port(contact.port, flow.protocol, side.began)] {
                if self.own.len() >= OWN && !self.own.contains(&habit) {
                    self.own_full = true;
                } else if self.own.insert(habit)
                    && let Habit::Peer(other) = habit
                {
                    self.countries.extend(places(other, intel));
                }
            }
        }
        let began = if contact.client { Began::Own } else { Began::Other };
        let account = Key::of(flow.account);
        for habit in [Habit::Peer(contact.remote), Habit::Port(contact.port, flow.protocol, began)] {
            // Who comes to what we serve is anybody.
            if matches!(habit, Habit::Peer(_)) && !contact.client {
                continue;
            }
            if self.all.len() >= ALL || self.accounts.len() >= ALL {
                self.all_full = true;
                return;
            }
            self.all.insert(habit);
            self.accounts.insert((account, habit));
        }
    }

    fn mark(&mut self, flow: &Flow<'_>) -> Mark<u64> {
        let file = file_in(&mut self.files, flow.place.file);
        Mark { time: flow.time(), id: flow.fingerprint(), file, record: flow.place.record }
    }

    /// A flow of the window.
    fn keep(&mut self, flow: &Flow<'_>, side: Side) {
        let time = flow.time();
        let evidence = !self.expected.is_empty() && self.expected.contains(&flow.fingerprint());
        let rejected = flow.action == FlowAction::Reject;
        let mark = self.mark(flow);
        self.within.3.add(time, || mark.clone());
        let day = time.as_micros().div_euclid(DAY);
        if evidence {
            self.met.insert(flow.id());
        }
        if rejected {
            self.within.0 += 1;
            let door = self.refused.entry((day, side.began)).or_default();
            door.marks.add(time, || mark.clone());
            if evidence && door.evidence.len() < EVIDENCE {
                door.evidence.push(mark);
            }
            door.at_least |= !count(&mut door.ports, (side.port, flow.protocol), PORTS);
            door.at_least |= !count(&mut door.others, side.other, OTHERS);
            return;
        }
        let (sent, received) = if side.sent { (flow.bytes, 0) } else { (0, flow.bytes) };
        self.within.1 = self.within.1.saturating_add(sent);
        self.within.2 = self.within.2.saturating_add(received);
        if sent > 0 {
            let hour = self.hours.entry(time.as_micros().div_euclid(HOUR)).or_default();
            hour.0 = hour.0.saturating_add(sent);
            hour.1.add(time, || mark.clone());
        }
        let interface = self.interface(flow);
        let Side { own, other, began, port, .. } = side;
        let mut key = CellKey { day, interface, own, other, port, protocol: flow.protocol, began };
        if self.cells.len() >= CELLS && !evidence && !self.cells.contains_key(&key) {
            self.folded += 1;
            key.other = 0;
            if self.cells.len() >= FOLDED && !self.cells.contains_key(&key) {
                return;
            }
        }
        let cell = self.cells.entry(key).or_default();
        cell.sent = cell.sent.saturating_add(sent);
        cell.received = cell.received.saturating_add(received);
        cell.marks.add(time, || mark.clone());
        if evidence {
            cell.evidence(mark);
        }
    }

    fn interface(&mut self, flow: &Flow<'_>) -> u32 {
        if let Some(known) = self.by_name.get(flow.interface) {
            let interface = &mut self.interfaces[*known as usize];
            // The greatest of what was seen: the order of lines does not matter.
            for (known, seen) in [
                (&mut interface.instance, flow.instance),
                (&mut interface.account, flow.account),
                (&mut interface.region, flow.region),
            ] {
                if &**known < seen {
                    *known = seen.into();
                }
            }
            return *known;
        }
        let at = self.interfaces.len() as u32;
        self.by_name.insert(flow.interface.into(), at);
        self.interfaces.push(Interface {
            name: flow.interface.into(),
            instance: flow.instance.into(),
            account: flow.account.into(),
            region: flow.region.into(),
        });
        at
    }

    /// Takes a query; `about`: the entity asked, or it was asked for.
    pub(super) fn query(&mut self, query: &Query, about: bool, window: Window) {
        self.first_query = Some(self.first_query.map_or(query.time, |first| first.min(query.time)));
        for address in query.addresses().filter(|_| query.time <= window.to) {
            if self.names.len() < OTHERS {
                self.names
                    .entry(address)
                    .and_modify(|known| {
                        if *query.name < **known {
                            *known = query.name.as_str().into();
                        }
                    })
                    .or_insert_with(|| query.name.as_str().into());
            }
        }
        let registered = Name::of(&query.name).map_or(query.name.as_str(), |name| name.registered);
        let by = query.instance.as_deref().or(query.address.as_deref()).unwrap_or("-");
        if query.time < window.from {
            if about {
                self.before.queries += 1;
                self.before.ends(query.time, || query.event_id.clone());
            }
            let domain = Key::of(registered);
            if self.all_domains.len() >= ALL || self.account_domains.len() >= ALL || self.own_domains.len() >= OWN {
                self.domains_full = true;
                return;
            }
            if about {
                self.own_domains.insert((Key::of(by), domain));
            }
            self.all_domains.insert(domain);
            self.account_domains.insert((Key::of(query.account.as_deref().unwrap_or_default()), domain));
            return;
        }
        if !about {
            return;
        }
        if query.time > window.to {
            self.after.queries += 1;
            self.after.ends(query.time, || query.event_id.clone());
            return;
        }
        let day = query.time.as_micros().div_euclid(DAY);
        let key = (day, registered.to_owned(), by.to_owned());
        if self.asked.len() >= DOMAINS && !self.asked.contains_key(&key) {
            self.asked_left_out += 1;
            return;
        }
        let file = file_in(&mut self.files, std::path::Path::new(&query.file));
        let mark = Mark { time: query.time, id: query.event_id.clone(), file, record: query.record };
        let question = self.asked.entry(key).or_default();
        question.marks.add(query.time, || mark.clone());
        if question.names.len() < NAMES {
            question.names.insert(query.name.as_str().into());
        }
        if question.kinds.len() < NAMED {
            question.kinds.insert(query.kind.clone());
        }
        question.missing += u64::from(query.code == "NXDOMAIN");
        question.addresses.extend(query.addresses());
        while question.addresses.len() > NAMED {
            question.addresses.pop_last();
        }
        question.account = question.account.take().or_else(|| query.account.clone());
        question.region = question.region.take().or_else(|| query.region.clone());
        if self.expected_queries.contains(&query.event_id) {
            self.met.insert(query.event_id.clone());
            if question.evidence.len() < EVIDENCE {
                question.evidence.push(mark);
                question.evidence.sort();
            }
        }
    }
}

/// Counts a value; false when there is no room for it.
fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, room: usize) -> bool {
    if counts.len() >= room && !counts.contains_key(&key) {
        return false;
    }
    *counts.entry(key).or_default() += 1;
    true
}

/// Country and network of an address, where databases are loaded.
fn places(other: u128, intel: &Intel) -> Vec<(&'static str, String)> {
    let other = address(other);
    if !is_public(other) {
        return Vec::new();
    }
    let facts = intel.facts(other);
    let asn = facts.asn.map(|asn| {
        let name = facts.network.map(|name| format!(" {name}")).unwrap_or_default();
        ("peer-asn", format!("AS{asn}{name}"))
    });
    facts.country.map(|country| ("peer-country", country.into())).into_iter().chain(asn).collect()
}

/// What was added up, told.
pub(super) struct Told {
    pub(super) network: Network,
    pub(super) lines: Vec<Line>,
    pub(super) news: Vec<New>,
}

impl Gathered {
    /// Tells what was added up; threats are those that rest on it.
    pub(super) fn tell(&self, actor: &Actor, threats: &[&Threat], window: Window, intel: &Intel) -> Told {
        let mut kinds: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for threat in threats {
            for seen in &threat.evidence {
                kinds.entry(&seen.event_id).or_default().insert(threat.kind.clone());
            }
        }
        let mut talks = self.talks(&kinds);
        let mut asked = self.asked(&kinds);
        let doors = self.doors();
        let news = self.news(&mut talks, &mut asked, window, intel);
        let mut lines = talk_lines(&talks);
        lines.extend(asked_lines(&asked));
        for ((_, began), door) in &self.refused {
            lines.extend(self.refused_told(*began, door, &kinds).map(|told| refused_line(&told)));
        }
        let refused = doors.iter().filter_map(|(began, door)| self.refused_told(*began, door, &kinds)).collect();
        let talks = Self::merged(talks);
        let asked = merged_asked(asked);
        let network = Network {
            links: actor.links.clone(),
            flows: self.flows(),
            talks_left_out: talks.len().saturating_sub(TALKS) as u64,
            talks: talks.into_iter().take(TALKS).collect(),
            refused,
            asked_left_out: asked.len().saturating_sub(TALKS) as u64 + self.asked_left_out,
            asked: asked.into_iter().take(TALKS).collect(),
            folded: self.folded,
        };
        Told { network, lines, news }
    }

    /// One a day: the timeline's.
    fn talks(&self, kinds: &BTreeMap<&str, BTreeSet<String>>) -> Vec<Talk> {
        let mut cells: Vec<_> = self.cells.iter().collect();
        cells.sort_unstable_by_key(|(key, _)| **key);
        let talk = |(key, cell): (&CellKey, &Cell)| {
            let interface = &self.interfaces[key.interface as usize];
            let claim = cell.marks.claim(&cell.evidence, &self.files, |id| Flow::id_of(*id))?;
            let threats = cell.evidence.iter().filter_map(|mark| kinds.get(&*Flow::id_of(mark.id)));
            Some(Talk {
                own: address(key.own).to_string(),
                other: if key.other == 0 { "*".to_owned() } else { address(key.other).to_string() },
                name: self.names.get(&key.other).map(|name| name.to_string()),
                port: port_word(key.port, key.protocol),
                began: key.began,
                interface: interface.name.to_string(),
                instance: words(&interface.instance),
                account: words(&interface.account),
                region: words(&interface.region),
                bytes_sent: cell.sent,
                bytes_received: cell.received,
                new: false,
                threats: threats.flatten().cloned().collect(),
                claim,
            })
        };
        cells.into_iter().filter_map(talk).collect()
    }

    fn asked(&self, kinds: &BTreeMap<&str, BTreeSet<String>>) -> Vec<Asked> {
        let told = |((_, domain, by), question): (&(i64, String, String), &Question)| {
            let claim = question.marks.claim(&question.evidence, &self.files, String::clone)?;
            let threats = question.evidence.iter().filter_map(|mark| kinds.get(&*mark.id));
            Some(Asked {
                domain: domain.clone(),
                by: by.clone(),
                names: question.names.len() as u64,
                examples: question.names.iter().take(NAMED).map(|name| name.to_string()).collect(),
                kinds: question.kinds.clone(),
                missing: question.missing,
                addresses: question.addresses.iter().map(|one| address(*one).to_string()).collect(),
                account: question.account.clone(),
                region: question.region.clone(),
                new: false,
                threats: threats.flatten().cloned().collect(),
                claim,
            })
        };
        self.asked.iter().filter_map(told).collect()
    }

    /// What was refused on all days.
    fn doors(&self) -> BTreeMap<Began, Door> {
        let mut doors: BTreeMap<Began, Door> = BTreeMap::new();
        for ((_, began), door) in &self.refused {
            doors.entry(*began).or_default().merge(door);
        }
        doors
    }

    fn refused_told(&self, began: Began, door: &Door, kinds: &BTreeMap<&str, BTreeSet<String>>) -> Option<Refused> {
        let threats = door.evidence.iter().filter_map(|mark| kinds.get(&*Flow::id_of(mark.id)));
        Some(Refused {
            began,
            others: door.others.len() as u64,
            ports: door.ports.len() as u64,
            at_least: door.at_least,
            most_others: most(&door.others, NAMED, |other| address(*other).to_string()),
            most_ports: most(&door.ports, NAMED, |(port, protocol)| port_word(*port, *protocol)),
            threats: threats.flatten().cloned().collect(),
            claim: door.marks.claim(&door.evidence, &self.files, |id| Flow::id_of(*id))?,
        })
    }

    fn flows(&self) -> Option<Flows> {
        let (rejected, bytes_sent, bytes_received, marks) = &self.within;
        let claim = marks.claim(&[], &self.files, |id| Flow::id_of(*id))?;
        let busiest = self.hours.iter().max_by_key(|(hour, (bytes, _))| (*bytes, core::cmp::Reverse(**hour)));
        let busiest = busiest.and_then(|(hour, (bytes, marks))| {
            Some(Busiest {
                hour: Timestamp::from_micros(hour * HOUR),
                bytes_sent: *bytes,
                claim: marks.claim(&[], &self.files, |id| Flow::id_of(*id))?,
            })
        });
        let hours = self.usual.len() as u64;
        let sum = self.usual.values().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        let usual = (hours > 0).then(|| Usual {
            hours,
            average: sum / hours.max(1),
            most: self.usual.values().max().copied().unwrap_or_default(),
        });
        let unusual = busiest.as_ref().zip(usual).is_some_and(|(busiest, usual)| {
            busiest.bytes_sent >= MUCH && busiest.bytes_sent >= usual.most.saturating_mul(MORE)
        });
        let peers: BTreeSet<u128> = self.cells.keys().map(|key| key.other).filter(|other| *other != 0).collect();
        let (rejected, bytes_sent, bytes_received) = (*rejected, *bytes_sent, *bytes_received);
        Some(Flows { rejected, bytes_sent, bytes_received, peers: peers.len() as u64, busiest, usual, unusual, claim })
    }

    /// One a conversation: those of several days are one.
    fn merged(talks: Vec<Talk>) -> Vec<Talk> {
        let mut all: BTreeMap<(String, String, String, String, Began), Talk> = BTreeMap::new();
        for talk in talks {
            let key = (talk.interface.clone(), talk.own.clone(), talk.other.clone(), talk.port.clone(), talk.began);
            match all.get_mut(&key) {
                Some(known) => {
                    known.bytes_sent = known.bytes_sent.saturating_add(talk.bytes_sent);
                    known.bytes_received = known.bytes_received.saturating_add(talk.bytes_received);
                    known.new |= talk.new;
                    known.threats.extend(talk.threats);
                    known.claim.join(&talk.claim);
                }
                None => drop(all.insert(key, talk)),
            }
        }
        let mut talks: Vec<_> = all.into_values().collect();
        talks.sort_by_cached_key(|talk| {
            let bytes = talk.bytes_sent.saturating_add(talk.bytes_received);
            core::cmp::Reverse((!talk.threats.is_empty(), talk.new, bytes))
        });
        talks
    }

    /// Peers, ports and domains that the entity never had before, and marks the talks and domains that have them.
    fn news(&self, talks: &mut [Talk], asked: &mut [Asked], window: Window, intel: &Intel) -> Vec<New> {
        let mut found: BTreeMap<(&'static str, String), New> = BTreeMap::new();
        let mut add = |kind: &'static str, value: String, among: &'static str, days: i64, claim: &Claim| {
            found.entry((kind, value.clone())).and_modify(|new| new.claim.join(claim)).or_insert_with(|| New {
                kind,
                value,
                among,
                days,
                claim: claim.clone(),
            });
        };
        let days = |first: Option<Timestamp>| first.map_or(0, |first| window.from.since(first).max(0) / DAY);
        // Without flows of its own before, all of them are new, and nothing says so.
        if self.before.flows > 0 && !self.own_full {
            for talk in talks.iter_mut() {
                let Ok(other) = talk.other.parse().map(crate::intel::number) else { continue };
                let account = Key::of(talk.account.as_deref().unwrap_or_default());
                let (port, protocol) = port_number(&talk.port);
                let among = |habit: Habit| match self.all_full {
                    true => "principal",
                    false if self.accounts.contains(&(account, habit)) => "principal",
                    false if self.all.contains(&habit) => "account",
                    false => "organization",
                };
                let days = days(self.first_flow);
                let is_door = talk.began == Began::Own || DOORS.contains(&port);
                let peer = Habit::Peer(other);
                if is_door && !self.own.contains(&peer) {
                    talk.new = true;
                    let among = if talk.began == Began::Own { among(peer) } else { "principal" };
                    add("peer", talk.other.clone(), among, days, &talk.claim);
                    for (kind, value) in places(other, intel) {
                        if !self.countries.contains(&(kind, value.clone())) {
                            add(kind, value, "principal", days, &talk.claim);
                        }
                    }
                }
                // Ports that clients pick say nothing.
                let habit = self.port_habit(port, protocol, talk.began);
                if let Some(habit) = habit.filter(|habit| !self.own.contains(habit)) {
                    talk.new = true;
                    let kind = if talk.began == Began::Own { "port" } else { "served-port" };
                    add(kind, talk.port.clone(), among(habit), days, &talk.claim);
                }
            }
        }
        if self.before.queries > 0 && !self.domains_full {
            for asked in asked.iter_mut() {
                let (domain, by) = (Key::of(&asked.domain), Key::of(&asked.by));
                if self.own_domains.contains(&(by, domain)) {
                    continue;
                }
                asked.new = true;
                let account = Key::of(asked.account.as_deref().unwrap_or_default());
                let among = match self.all_domains.contains(&domain) {
                    _ if self.account_domains.contains(&(account, domain)) => "principal",
                    true => "account",
                    false => "organization",
                };
                add("domain", asked.domain.clone(), among, days(self.first_query), &asked.claim);
            }
        }
        found.into_values().collect()
    }

    fn port_habit(&self, port: u16, protocol: u8, began: Began) -> Option<Habit> {
        (port > 0 && port < 32_768).then_some(Habit::Port(port, protocol, began))
    }
}

/// Back from [`port_word`].
fn port_number(word: &str) -> (u16, u8) {
    let (port, name) = word.split_once('/').unwrap_or(("0", word));
    let number = (0..=u8::MAX).find(|number| protocol(*number) == name);
    (port.parse().unwrap_or_default(), number.unwrap_or_default())
}

/// One a domain and asker: those of several days are one.
fn merged_asked(asked: Vec<Asked>) -> Vec<Asked> {
    let mut all: BTreeMap<(String, String), Asked> = BTreeMap::new();
    for one in asked {
        match all.get_mut(&(one.domain.clone(), one.by.clone())) {
            Some(known) => {
                // Names that were asked for on several days are one: at least the most of one day.
                known.names = known.names.max(one.names);
                known.missing += one.missing;
                known.kinds.extend(one.kinds);
                known.new |= one.new;
                known.threats.extend(one.threats);
                known.claim.join(&one.claim);
            }
            None => drop(all.insert((one.domain.clone(), one.by.clone()), one)),
        }
    }
    let mut asked: Vec<_> = all.into_values().collect();
    asked.sort_by_cached_key(|one| core::cmp::Reverse((!one.threats.is_empty(), one.new, one.claim.count)));
    asked
}

/// Groups of what belongs on one line: what is new or found stands alone, the rest of a day is one line.
fn grouped<T, K: Ord>(
    all: &[T],
    alone: impl Fn(&T) -> bool,
    size: impl Fn(&T) -> u64,
    key: impl Fn(&T) -> K,
) -> Vec<Vec<&T>> {
    let mut single: Vec<&T> = all.iter().filter(|one| alone(one)).collect();
    single.sort_by_cached_key(|one| core::cmp::Reverse(size(one)));
    let (told, rest) = single.split_at(single.len().min(LINES));
    let mut groups: BTreeMap<(bool, K), Vec<&T>> = BTreeMap::new();
    for one in all.iter().filter(|one| !alone(one)) {
        groups.entry((false, key(one))).or_default().push(one);
    }
    for one in rest {
        groups.entry((true, key(one))).or_default().push(one);
    }
    told.iter().map(|one| vec![*one]).chain(groups.into_values()).collect()
}

fn day_of(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(DAY)
}

fn talk_lines(talks: &[Talk]) -> Vec<Line> {
    let bytes = |talk: &Talk| talk.bytes_sent.saturating_add(talk.bytes_received);
    let key = |talk: &Talk| {
        // What we serve is told by port, what we ask for is not.
        let port = (talk.began == Began::Other).then(|| talk.port.clone());
        (day_of(talk.claim.first), talk.began, talk.interface.clone(), talk.own.clone(), port)
    };
    let groups = grouped(talks, |talk| talk.new || !talk.threats.is_empty(), bytes, key);
    groups.iter().filter_map(|group| talk_line(group)).collect()
}

fn talk_line(group: &[&Talk]) -> Option<Line> {
    let first = group.first()?;
    let mut claim = first.claim.clone();
    group[1..].iter().for_each(|talk| claim.join(&talk.claim));
    let (mut others, mut ports) = (BTreeMap::new(), BTreeMap::new());
    for talk in group {
        *others.entry(talk.other.clone()).or_default() += talk.bytes_sent.saturating_add(talk.bytes_received);
        *ports.entry(talk.port.clone()).or_default() += talk.claim.count;
    }
    let named = |counts: &BTreeMap<String, u64>| most(counts, NAMED, String::clone).into_iter().map(|(name, _)| name);
    let sum = |of: fn(&Talk) -> u64| group.iter().map(|talk| of(talk)).fold(0, u64::saturating_add);
    let wire = Wire {
        kind: "flows",
        began: Some(first.began),
        own: Some(first.own.clone()),
        others: named(&others).collect(),
        other_count: others.len() as u64,
        ports: named(&ports).collect(),
        port_count: ports.len() as u64,
        bytes_sent: sum(|talk| talk.bytes_sent),
        bytes_received: sum(|talk| talk.bytes_received),
        new: first.new,
        interface: Some(first.interface.clone()),
        instance: first.instance.clone(),
        ..Wire::default()
    };
    let threats = group.iter().flat_map(|talk| talk.threats.iter().cloned()).collect();
    let mut line = Line::of_wire(wire, claim, threats);
    line.account.clone_from(&first.account);
    line.regions.extend(first.region.clone());
    Some(line)
}

fn asked_lines(asked: &[Asked]) -> Vec<Line> {
    let key = |one: &Asked| (day_of(one.claim.first), one.by.clone());
    let groups = grouped(asked, |one| one.new || !one.threats.is_empty(), |one| one.claim.count, key);
    let line = |group: &Vec<&Asked>| {
        let first = group.first()?;
        let mut claim = first.claim.clone();
        group[1..].iter().for_each(|one| claim.join(&one.claim));
        let mut domains = BTreeMap::new();
        group.iter().for_each(|one| *domains.entry(one.domain.clone()).or_default() += one.claim.count);
        let wire = Wire {
            kind: "queries",
            own: Some(first.by.clone()),
            domains: most(&domains, NAMED, String::clone).into_iter().map(|(name, _)| name).collect(),
            domain_count: domains.len() as u64,
            missing: group.iter().map(|one| one.missing).sum(),
            others: if group.len() == 1 { first.addresses.clone() } else { Vec::new() },
            other_count: if group.len() == 1 { first.addresses.len() as u64 } else { 0 },
            new: first.new,
            ..Wire::default()
        };
        let threats = group.iter().flat_map(|one| one.threats.iter().cloned()).collect();
        let mut line = Line::of_wire(wire, claim, threats);
        line.account.clone_from(&first.account);
        line.regions.extend(first.region.clone());
        Some(line)
    };
    groups.iter().filter_map(line).collect()
}

fn refused_line(refused: &Refused) -> Line {
    let named = |list: &[(String, u64)]| list.iter().map(|(name, _)| name.clone()).collect();
    let wire = Wire {
        kind: "refused",
        began: Some(refused.began),
        others: named(&refused.most_others),
        other_count: refused.others,
        ports: named(&refused.most_ports),
        port_count: refused.ports,
        ..Wire::default()
    };
    Line::of_wire(wire, refused.claim.clone(), refused.threats.clone())
}
