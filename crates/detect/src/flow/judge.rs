//! Judges an hour of flows when it closes: by what is in it, and by what its interfaces did before.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::event::is_public;
use haechi_model::{Entity, EntityKind, Log, Sighting, Threat, Timestamp};
use serde_json::Value;

use super::bit;
use super::contact::{TCP, UDP, address};
use super::hour::{Cell, CellKey, FlowHour, InterfaceHour};
use super::rules::{Denial, Finds, FlowRule, Side};
use super::state::{FlowState, Habits, HourNumber};
use crate::found::Found;
use crate::owners::Owner;
use haechi_content::Need;

/// Hours in which something that an interface did first is still new.
const NEW: i64 = 24;
/// Traffic that floods gets little answer: one packet for so many.
const ONE_SIDED: u64 = 10;
/// Bytes of a packet of TCP that carries hardly more than its header.
const BARE: u64 = 120;
/// Protocols that are in use: ICMP, IPv4 in IP, TCP, UDP, IPv6 in IP, GRE, ESP, AH, ICMPv6.
const USUAL: [u8; 9] = [1, 4, 6, 17, 41, 47, 50, 51, 58];
/// Bytes of an answer that is none: a reset, or the first packet of a handshake that nobody finished.
const NO_ANSWER: u64 = 60;
/// How many times more than ever before is unusual.
const MORE: u64 = 4;

type Talk = (CellKey, Cell);

impl FlowState {
    /// Judges an hour, and remembers it. Hours come in order.
    pub(crate) fn close(
        &mut self,
        hour: HourNumber,
        flows: &FlowHour,
        rules: &[FlowRule],
        found: &mut dyn FnMut(Threat),
    ) {
        let mut names: Vec<_> = flows.interfaces.keys().collect();
        names.sort_unstable();
        for name in names {
            let seen = &flows.interfaces[name];
            let habits =
                self.interfaces.entry(name.clone()).or_insert_with(|| Habits { first: hour, ..Habits::default() });
            let talks = sides(seen, habits, hour);
            let owner = seen.owner.as_ref();
            let look = Look { name, seen, habits, talks: &talks, owner, hour, files: flows };
            let is_function = matches!(owner, Some(Owner::Function(_)));
            for rule in rules.iter().filter(|rule| rule.functions == is_function) {
                if let Some(threat) = look.judge(rule) {
                    found(threat);
                }
            }
            learn(habits, &talks, hour);
        }
    }
}

/// Which side is ours, of each conversation: sorted, each once.
fn sides(seen: &InterfaceHour, habits: &mut Habits, hour: HourNumber) -> Vec<Talk> {
    let mut open: BTreeMap<u128, u64> = BTreeMap::new();
    for key in seen.cells.keys() {
        if key.sure {
            habits.local(key.local, hour);
        } else {
            *open.entry(key.local).or_default() += 1;
            *open.entry(key.remote).or_default() += 1;
        }
    }
    // Most of an interface's lines have its own address in them; each of its peers is in few.
    let most = open
        .iter()
        .max_by_key(|(address, count)| (**count, core::cmp::Reverse(**address)))
        .map(|(address, _)| *address);
    let mut talks: BTreeMap<CellKey, Cell> = BTreeMap::new();
    for (key, cell) in &seen.cells {
        let mut key = *key;
        let mut cell = *cell;
        if !key.sure {
            let ours = |address: u128| habits.locals.contains_key(&address);
            let (low, high) = (ours(key.local), ours(key.remote));
            let turn = if low == high { most == Some(key.remote) } else { high };
            if turn {
                std::mem::swap(&mut key.local, &mut key.remote);
                std::mem::swap(&mut key.lists, &mut key.local_lists);
                key.client = !key.client;
                cell = cell.turned();
            }
            key.sure = true;
        }
        key.local_lists = 0;
        talks.entry(key).and_modify(|known| known.merge(&cell)).or_insert(cell);
    }
    if let Some(most) = most
        && open[&most] > 2
    {
        habits.local(most, hour);
    }
    talks.into_iter().collect()
}

/// Remembers what the interface did with the world.
fn learn(habits: &mut Habits, talks: &[Talk], hour: HourNumber) {
    habits.last = hour;
    let mut sent: BTreeMap<u128, u64> = BTreeMap::new();
    for (key, cell) in talks.iter().filter(|(key, _)| is_public(address(key.remote))) {
        *sent.entry(key.remote).or_default() += cell.bytes_out;
        let answered = cell.rejected < cell.lines && cell.bytes_in > 0;
        if !key.client || !answered || !matches!(key.protocol, TCP | UDP) {
            continue;
        }
        if key.port < 32_768 {
            habits.port(key.port, hour);
        }
        if matches!(key.port, 53 | 853) || key.port == 443 && key.lists & bit(Need::PublicResolvers) != 0 {
            habits.resolver((key.remote, key.port), hour);
        }
    }
    habits.largest = habits.largest.max(sent.into_values().max().unwrap_or_default());
}

/// One interface's hour, and what was before.
struct Look<'l> {
    name: &'l str,
    seen: &'l InterfaceHour,
    habits: &'l Habits,
    talks: &'l [Talk],
    owner: Option<&'l Owner>,
    hour: HourNumber,
    files: &'l FlowHour,
}

/// What a rule rests on: conversations, the one that matters most first, and numbers for the sentence.
struct Case<'l> {
    talks: Vec<&'l Talk>,
    numbers: Vec<(&'static str, u64)>,
}

fn unanswered(cell: &Cell) -> bool {
    cell.bytes_in <= NO_ANSWER * u64::from(cell.lines)
}

fn refused(cell: &Cell) -> bool {
    cell.rejected == cell.lines
}

impl<'l> Look<'l> {
    fn judge(&self, rule: &FlowRule) -> Option<Threat> {
        let case = match rule.finds {
            Finds::Listed => self.listed(rule),
            Finds::TorRelay => self.tor_relay(rule),
            Finds::Denial(denial) => self.denial(rule, denial),
            Finds::Spam => self.spam(rule),
            Finds::Sweep => self.sweep(rule),
            Finds::Scan => self.scan(rule),
            Finds::BruteForce => self.brute_force(rule),
            Finds::Probe => self.probe(rule),
            Finds::UnusualPort => self.unusual_port(rule),
            Finds::UnusualVolume => self.unusual_volume(rule),
            Finds::UnusualResolver => self.unusual_resolver(rule),
        }?;
        Some(self.threat(rule, &case))
    }

    fn is_warm(&self, rule: &FlowRule) -> bool {
        (self.hour - self.habits.first) * 3600 >= rule.warm_up
    }

    /// We began, or they answered to what we began.
    fn ours(&self) -> impl Iterator<Item = &'l Talk> {
        self.talks.iter().filter(|(key, _)| key.client)
    }

    fn outside(&self) -> impl Iterator<Item = &'l Talk> {
        self.talks.iter().filter(|(key, _)| is_public(address(key.remote)))
    }

    fn listed(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let talks: Vec<_> = self.ours().filter(|(key, _)| rule.means(key.port) && rule.is_on(key.lists)).collect();
        let remotes = remotes(&talks);
        (remotes >= rule.at_least)
            .then(|| Case { talks: by(talks, |cell| cell.bytes_out), numbers: vec![("remotes", remotes)] })
    }

    fn tor_relay(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let all: Vec<_> = self.talks.iter().filter(|(key, cell)| !refused(cell) && rule.is_on(key.lists)).collect();
        let (out, inside): (Vec<_>, Vec<_>) = all.iter().copied().partition(|(key, _)| key.client);
        let remotes = remotes(&out);
        let relays = remotes >= rule.at_least && inside.iter().any(|(key, _)| key.port < 32_768);
        relays.then(|| Case { talks: by(all, |cell| cell.bytes_out), numbers: vec![("remotes", remotes)] })
    }

    fn denial(&self, rule: &FlowRule, denial: Denial) -> Option<Case<'l>> {
        let fits = |key: &CellKey, cell: &Cell| match denial {
            Denial::Dns => matches!(key.protocol, TCP | UDP) && rule.means(key.port),
            Denial::Tcp => key.protocol == TCP && cell.bytes_out <= BARE * cell.packets_out,
            Denial::Udp | Denial::UdpOnTcpPorts => key.protocol == UDP && rule.means(key.port),
            Denial::UnusualProtocol => !USUAL.contains(&key.protocol),
        };
        let mut by_remote: BTreeMap<(u128, u128), Vec<&Talk>> = BTreeMap::new();
        for talk in self.outside().filter(|(key, cell)| fits(key, cell)) {
            by_remote.entry((talk.0.local, talk.0.remote)).or_default().push(talk);
        }
        let mut talks = Vec::new();
        let mut packets = 0;
        for group in by_remote.into_values() {
            let out: u64 = group.iter().map(|(_, cell)| cell.packets_out).sum();
            let answers: u64 = group.iter().map(|(_, cell)| cell.packets_in).sum();
            let floods =
                out >= rule.at_least && (denial == Denial::UnusualProtocol || answers.saturating_mul(ONE_SIDED) <= out);
            if floods {
                packets += out;
                talks.extend(group);
            }
        }
        (!talks.is_empty())
            .then(|| Case { talks: by(talks, |cell| cell.packets_out), numbers: vec![("packets", packets)] })
    }

    fn spam(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let talks: Vec<_> = self
            .outside()
            .filter(|(key, cell)| key.client && key.protocol == TCP && rule.means(key.port) && !refused(cell))
            .collect();
        let remotes = remotes(&talks);
        let known = rule
            .ports
            .iter()
            .any(|port| self.habits.ports.get(port).is_some_and(|(first, _)| self.hour - first >= NEW));
        (remotes >= rule.at_least && !known && self.is_warm(rule))
            .then(|| Case { talks: by(talks, |cell| cell.bytes_out), numbers: vec![("remotes", remotes)] })
    }

    fn sweep(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let mut by_port: BTreeMap<(u128, u8, u16), Vec<&Talk>> = BTreeMap::new();
        let quiet = |key: &CellKey, cell: &Cell| {
            key.client && matches!(key.protocol, TCP | UDP) && rule.means(key.port) && unanswered(cell)
        };
        for talk in self.outside().filter(|(key, cell)| quiet(key, cell)) {
            by_port.entry((talk.0.local, talk.0.protocol, talk.0.port)).or_default().push(talk);
        }
        let largest = by_port.into_values().max_by_key(Vec::len)?;
        let remotes = remotes(&largest) * self.seen.weight();
        (remotes >= rule.at_least).then(|| Case { talks: largest, numbers: vec![("remotes", remotes)] })
    }

    fn scan(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let mut by_remote: BTreeMap<(u128, u128), Vec<&Talk>> = BTreeMap::new();
        for talk in self.ours().filter(|(key, cell)| key.protocol == TCP && rule.means(key.port) && unanswered(cell)) {
            by_remote.entry((talk.0.local, talk.0.remote)).or_default().push(talk);
        }
        let largest = by_remote.into_values().max_by_key(Vec::len)?;
        let ports = largest.len() as u64 * self.seen.weight();
        (ports >= rule.at_least).then(|| Case { talks: largest, numbers: vec![("ports", ports)] })
    }

    fn brute_force(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let side = |client: bool| match rule.side {
            Side::Either => true,
            Side::Ours => client,
            Side::Theirs => !client,
        };
        let talks: Vec<_> = self
            .talks
            .iter()
            .filter(|(key, cell)| {
                key.protocol == TCP
                    && rule.means(key.port)
                    && side(key.client)
                    && !refused(cell)
                    && cell.connections() >= rule.at_least
            })
            .collect();
        let connections = talks.iter().map(|(_, cell)| cell.connections()).sum();
        (!talks.is_empty())
            .then(|| Case { talks: by(talks, Cell::connections), numbers: vec![("connections", connections)] })
    }

    fn probe(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let talks: Vec<_> = self
            .outside()
            .filter(|(key, cell)| {
                !key.client
                    && matches!(key.protocol, TCP | UDP)
                    && !refused(cell)
                    && rule.means(key.port)
                    && rule.is_on(key.lists)
            })
            .collect();
        (!talks.is_empty()).then(|| Case {
            numbers: vec![("remotes", remotes(&talks))],
            talks: by(talks, |cell| u64::from(cell.lines)),
        })
    }

    /// What we talked to outside, and were answered by.
    fn answered(&self) -> impl Iterator<Item = &'l Talk> {
        self.outside().filter(|(key, cell)| {
            key.client && matches!(key.protocol, TCP | UDP) && cell.rejected < cell.lines && cell.bytes_in > 0
        })
    }

    fn unusual_port(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let is_new = |port| rule.means(port) && port < 32_768 && !self.habits.ports.contains_key(&port);
        let talks: Vec<_> = self.answered().filter(|(key, _)| is_new(key.port)).collect();
        (self.is_warm(rule) && !talks.is_empty())
            .then(|| Case { numbers: vec![("remotes", remotes(&talks))], talks: by(talks, |cell| cell.bytes_out) })
    }

    fn unusual_volume(&self, rule: &FlowRule) -> Option<Case<'l>> {
        if !self.is_warm(rule) {
            return None;
        }
        let mut by_remote: BTreeMap<u128, Vec<&Talk>> = BTreeMap::new();
        for talk in self.outside() {
            by_remote.entry(talk.0.remote).or_default().push(talk);
        }
        let sum = |talks: &Vec<&Talk>| talks.iter().map(|(_, cell)| cell.bytes_out).fold(0, u64::saturating_add);
        let largest = by_remote.into_values().max_by_key(sum)?;
        let bytes = sum(&largest);
        (bytes >= rule.at_least && bytes >= self.habits.largest.saturating_mul(MORE))
            .then(|| Case { talks: by(largest, |cell| cell.bytes_out), numbers: vec![("bytes", bytes)] })
    }

    fn unusual_resolver(&self, rule: &FlowRule) -> Option<Case<'l>> {
        let any = rule.lists().next().is_none();
        let talks: Vec<_> = self
            .answered()
            .filter(|(key, _)| {
                rule.means(key.port)
                    && (any || rule.is_on(key.lists))
                    && !self.habits.resolvers.contains_key(&(key.remote, key.port))
            })
            .collect();
        (self.is_warm(rule) && !talks.is_empty())
            .then(|| Case { numbers: vec![("remotes", remotes(&talks))], talks: by(talks, |cell| cell.bytes_out) })
    }

    /// The finding about this interface, or about what it belongs to.
    fn threat(&self, rule: &FlowRule, case: &Case<'_>) -> Threat {
        let entity = match self.owner {
            Some(Owner::Function(name)) => Entity::new(EntityKind::Function, &**name),
            Some(Owner::Instance(id)) => Entity::new(EntityKind::Instance, &**id),
            _ if !self.seen.instance.is_empty() => Entity::new(EntityKind::Instance, &*self.seen.instance),
            _ => Entity::new(EntityKind::Interface, self.name),
        };
        let first = case.talks.first();
        let remote = first.map(|(key, _)| address(key.remote).to_string()).unwrap_or_default();
        let mut values: BTreeMap<&str, Value> = BTreeMap::new();
        values.insert("address", remote.into());
        values.insert("port", first.map_or(0, |(key, _)| key.port).into());
        values.insert("protocol", first.map_or_else(String::new, |(key, _)| protocol(key.protocol)).into());
        values.extend(case.numbers.iter().map(|(name, number)| (*name, (*number).into())));
        let mut evidence = Vec::new();
        let mut others = BTreeSet::new();
        if entity.kind != EntityKind::Interface {
            others.insert(Entity::new(EntityKind::Interface, self.name));
        }
        let (mut count, mut begin, mut end) = (0_u64, i64::MAX, i64::MIN);
        for (at, (key, cell)) in case.talks.iter().enumerate() {
            count += u64::from(cell.lines);
            begin = begin.min(cell.first);
            end = end.max(cell.last);
            if at < haechi_model::threat::SIGHTINGS_KEPT {
                others.insert(Entity::new(EntityKind::Address, address(key.remote).to_string()));
                evidence.extend(self.sightings(key, cell));
            }
        }
        let score = case
            .talks
            .iter()
            .filter_map(|(key, _)| rule.on_ports.get(&key.port).copied().or(rule.as_actor.filter(|_| key.client)))
            .max_by(|a, b| a.value().total_cmp(&b.value()))
            .unwrap_or(rule.file.severity);
        Found {
            file: &rule.file,
            score,
            account: &self.seen.account,
            region: &self.seen.region,
            entity,
            others,
            values,
            evidence,
            count,
            first: Timestamp::from_seconds(begin),
            last: Timestamp::from_seconds(end),
        }
        .threat()
    }

    fn sightings(&self, key: &CellKey, cell: &Cell) -> impl Iterator<Item = Sighting> {
        let name = if refused(cell) { "REJECT" } else { "ACCEPT" };
        let port =
            if key.port > 0 { format!("{}/{}", key.port, protocol(key.protocol)) } else { protocol(key.protocol) };
        cell.marks().iter().map(move |mark| Sighting {
            time: Timestamp::from_seconds(mark.time),
            event_id: haechi_model::event::Flow::id_of(mark.id),
            log: Log::VpcFlow,
            source: "vpc-flow-logs.amazonaws.com".to_owned(),
            name: name.to_owned(),
            principal: None,
            access_key: None,
            address: Some(address(key.remote).to_string()),
            user_agent: None,
            error: None,
            target: Some(port.clone()),
            file: self.files.files.get(mark.file as usize).map(|file| file.to_string()).filter(|file| !file.is_empty()),
            record: Some(u64::from(mark.record)),
        })
    }
}

/// How many different addresses.
fn remotes(talks: &[&Talk]) -> u64 {
    talks.iter().map(|(key, _)| key.remote).collect::<BTreeSet<_>>().len() as u64
}

/// The largest first; of equal ones the order of keys stays.
fn by(mut talks: Vec<&Talk>, size: impl Fn(&Cell) -> u64) -> Vec<&Talk> {
    talks.sort_by_key(|(_, cell)| core::cmp::Reverse(size(cell)));
    talks
}

/// IANA's name of the usual protocols, the number of others.
pub(crate) fn protocol(number: u8) -> String {
    match number {
        1 => "icmp".to_owned(),
        2 => "igmp".to_owned(),
        TCP => "tcp".to_owned(),
        UDP => "udp".to_owned(),
        47 => "gre".to_owned(),
        50 => "esp".to_owned(),
        58 => "icmpv6".to_owned(),
        132 => "sctp".to_owned(),
        other => other.to_string(),
    }
}
