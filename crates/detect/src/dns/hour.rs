//! The queries of one hour that stand out, by who asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use haechi_model::event::Event;
use haechi_model::{Entity, EntityKind, Log, Sighting, Threat, Timestamp};

use super::name::Name;
use super::{Finds, QueryRule};
use crate::found::Found;
use crate::key::Key;
use crate::pack::{Packer, Unpacker};

/// Registered domains of one source that are kept, and names below one of them: those whose numbers are smallest.
const DOMAINS: usize = 1024;
const NAMES: usize = 4096;
/// Queries of one domain that are kept as evidence: the earliest.
const MARKS: usize = 3;

/// Who asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    /// Empty where the query did not come from an instance.
    pub(crate) instance: &'a str,
    pub(crate) vpc: &'a str,
    pub(crate) address: &'a str,
}

/// A query that something rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    time: i64,
    id: Box<str>,
    name: Box<str>,
    kind: Box<str>,
    file: Arc<str>,
    record: u64,
}

/// What was asked about one registered domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Domain {
    domain: Box<str>,
    queries: u64,
    /// Names with data in them, by their numbers, and how much.
    names: BTreeMap<u64, u16>,
    first: i64,
    last: i64,
    marks: BTreeSet<Mark>,
}

impl Domain {
    fn mark(&mut self, mark: Mark) {
        self.marks.insert(mark);
        if self.marks.len() > MARKS {
            self.marks.pop_last();
        }
    }

    fn name(&mut self, number: u64, bytes: u16) {
        self.names.insert(number, bytes);
        if self.names.len() > NAMES {
            self.names.pop_last();
        }
    }

    fn merge(&mut self, other: Domain) {
        if self.queries == 0 {
            *self = other;
            return;
        }
        self.queries += other.queries;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        other.names.into_iter().for_each(|(number, bytes)| self.name(number, bytes));
        other.marks.into_iter().for_each(|mark| self.mark(mark));
    }
}

/// One source's hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Source {
    account: Box<str>,
    region: Box<str>,
    instance: Box<str>,
    address: Box<str>,
    /// By the numbers of their names.
    generated: BTreeMap<u64, Domain>,
    payloads: BTreeMap<u64, Domain>,
}

/// Of very many domains those with the smallest numbers: what is kept was kept from its first query on, wherever it
/// was counted.
fn domain<'d>(domains: &'d mut BTreeMap<u64, Domain>, name: &str) -> Option<&'d mut Domain> {
    let key = Key::of(name).0;
    if domains.len() >= DOMAINS && !domains.contains_key(&key) {
        if *domains.last_key_value()?.0 < key {
            return None;
        }
        domains.pop_last();
    }
    Some(domains.entry(key).or_default())
}

fn merge_domains(domains: &mut BTreeMap<u64, Domain>, others: BTreeMap<u64, Domain>) {
    for (key, other) in others {
        domains.entry(key).or_default().merge(other);
    }
    while domains.len() > DOMAINS {
        domains.pop_last();
    }
}

/// What stands out in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct QueryHour {
    sources: BTreeMap<Box<str>, Source>,
    bytes: usize,
}

impl QueryHour {
    pub(super) fn add(
        &mut self,
        event: &Event<'_>,
        who: &Who<'_>,
        name: &Name<'_>,
        generated: bool,
        payload: Option<usize>,
    ) {
        let key = if who.instance.is_empty() {
            format!("{} {} {}", event.account().unwrap_or_default(), who.vpc, who.address)
        } else {
            who.instance.to_owned()
        };
        let source = self.sources.entry(key.into()).or_default();
        let known = [
            (&mut source.account, event.account().unwrap_or_default()),
            (&mut source.region, event.region().unwrap_or_default()),
            (&mut source.instance, who.instance),
            (&mut source.address, who.address),
        ];
        for (known, seen) in known {
            if &**known < seen {
                *known = seen.into();
            }
        }
        let time = event.time().as_micros();
        let registered = name.registered.to_ascii_lowercase();
        for (wanted, domains) in [(generated, &mut source.generated), (payload.is_some(), &mut source.payloads)] {
            if !wanted {
                continue;
            }
            let Some(domain) = domain(domains, &registered) else { continue };
            if domain.queries == 0 {
                (domain.domain, domain.first, domain.last) = (registered.as_str().into(), time, time);
                self.bytes += 300;
            }
            domain.queries += 1;
            domain.first = domain.first.min(time);
            domain.last = domain.last.max(time);
            if let Some(bytes) = payload {
                let number = Key::of(&name.below.to_ascii_lowercase()).0;
                domain.name(number, bytes.try_into().unwrap_or(u16::MAX));
                self.bytes += 20;
            }
            if domain.marks.len() < MARKS || domain.marks.last().is_some_and(|last| time <= last.time) {
                domain.mark(Mark {
                    time,
                    id: event.id().into(),
                    name: if name.below.is_empty() {
                        registered.clone()
                    } else {
                        format!("{}.{registered}", name.below)
                    }
                    .into(),
                    kind: event.name().into(),
                    file: event.place.file.to_string_lossy().into(),
                    record: event.place.record,
                });
            }
        }
    }

    pub(crate) fn merge(&mut self, other: QueryHour) {
        self.bytes += other.bytes;
        for (key, other) in other.sources {
            let source = self.sources.entry(key).or_default();
            let known = [
                (&mut source.account, other.account),
                (&mut source.region, other.region),
                (&mut source.instance, other.instance),
                (&mut source.address, other.address),
            ];
            for (known, seen) in known {
                if *known < seen {
                    *known = seen;
                }
            }
            merge_domains(&mut source.generated, other.generated);
            merge_domains(&mut source.payloads, other.payloads);
        }
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + 200 * self.sources.len()
    }

    /// Judges the hour.
    pub(crate) fn close(&self, rules: &[QueryRule], found: &mut dyn FnMut(Threat)) {
        for (key, source) in &self.sources {
            for rule in rules {
                match rule.finds {
                    Finds::Generated => {
                        let domains: Vec<_> = source.of(rule, &source.generated).collect();
                        if domains.len() as u64 >= rule.at_least {
                            let numbers = [("domains", domains.len() as u64)];
                            found(source.threat(key, rule, &domains, &numbers));
                        }
                    }
                    Finds::Exfiltration => {
                        for domain in source.of(rule, &source.payloads) {
                            let (names, bytes) =
                                (domain.names.len() as u64, domain.names.values().map(|bytes| u64::from(*bytes)).sum());
                            if names >= rule.at_least && bytes >= rule.bytes {
                                found(source.threat(key, rule, &[domain], &[("names", names), ("bytes", bytes)]));
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Source {
    fn of<'s>(&'s self, rule: &'s QueryRule, domains: &'s BTreeMap<u64, Domain>) -> impl Iterator<Item = &'s Domain> {
        domains.values().filter(|domain| Name::of(&domain.domain).is_some_and(|name| rule.means(&name)))
    }

    fn threat(&self, key: &str, rule: &QueryRule, domains: &[&Domain], numbers: &[(&'static str, u64)]) -> Threat {
        let entity = if !self.instance.is_empty() {
            Entity::new(EntityKind::Instance, &*self.instance)
        } else if !self.address.is_empty() {
            Entity::new(EntityKind::Address, &*self.address)
        } else {
            Entity::new(EntityKind::Resource, key)
        };
        let mut others = BTreeSet::new();
        if !self.address.is_empty() && entity.kind != EntityKind::Address {
            others.insert(Entity::new(EntityKind::Address, &*self.address));
        }
        others.extend(domains.iter().take(20).map(|domain| Entity::new(EntityKind::Domain, &*domain.domain)));
        let earliest = domains.iter().min_by_key(|domain| (domain.first, &domain.domain));
        let mut values: BTreeMap<&str, serde_json::Value> = BTreeMap::new();
        values.insert("domain", earliest.map_or("-", |domain| &domain.domain).into());
        values.insert("address", (*self.address).into());
        values.extend(numbers.iter().map(|(name, number)| (*name, (*number).into())));
        let sighting = |mark: &Mark| Sighting {
            time: Timestamp::from_micros(mark.time),
            event_id: mark.id.to_string(),
            log: Log::ResolverQuery,
            source: "route53resolver.amazonaws.com".to_owned(),
            name: mark.kind.to_string(),
            principal: None,
            access_key: None,
            address: Some(self.address.to_string()).filter(|text| !text.is_empty()),
            user_agent: None,
            error: None,
            target: Some(mark.name.to_string()),
            file: Some(mark.file.to_string()).filter(|text| !text.is_empty()),
            record: Some(mark.record),
        };
        Found {
            file: &rule.file,
            score: rule.file.severity,
            account: &self.account,
            region: &self.region,
            entity,
            others,
            values,
            evidence: domains.iter().flat_map(|domain| domain.marks.iter().map(sighting)).collect(),
            count: domains.iter().map(|domain| domain.queries).sum(),
            first: Timestamp::from_micros(domains.iter().map(|domain| domain.first).min().unwrap_or_default()),
            last: Timestamp::from_micros(domains.iter().map(|domain| domain.last).max().unwrap_or_default()),
        }
        .threat()
    }
}

impl QueryHour {
    pub(crate) fn write(&self, out: &mut Packer) {
        out.number(self.bytes as u64);
        out.number(self.sources.len() as u64);
        for (key, source) in &self.sources {
            [key, &source.account, &source.region, &source.instance, &source.address]
                .into_iter()
                .for_each(|text| out.text(text));
            for domains in [&source.generated, &source.payloads] {
                out.number(domains.len() as u64);
                for (number, domain) in domains {
                    out.number(*number);
                    domain.write(out);
                }
            }
        }
    }

    /// None: the bytes are damaged.
    pub(crate) fn read(bytes: &mut Unpacker<'_>) -> Option<Self> {
        let mut hour = Self { bytes: usize::try_from(bytes.number()?).ok()?.min(1 << 40), ..Self::default() };
        for _ in 0..bytes.count()? {
            let key = bytes.text()?.into();
            let mut source = Source {
                account: bytes.text()?.into(),
                region: bytes.text()?.into(),
                instance: bytes.text()?.into(),
                address: bytes.text()?.into(),
                ..Source::default()
            };
            for domains in [&mut source.generated, &mut source.payloads] {
                for _ in 0..bytes.count()? {
                    domains.insert(bytes.number()?, Domain::read(bytes)?);
                }
            }
            hour.sources.insert(key, source);
        }
        Some(hour)
    }
}

impl Domain {
    fn write(&self, out: &mut Packer) {
        out.text(&self.domain);
        out.number(self.queries);
        out.signed(self.first);
        out.signed(self.last);
        out.number(self.names.len() as u64);
        for (number, bytes) in &self.names {
            out.number(*number);
            out.number(u64::from(*bytes));
        }
        out.number(self.marks.len() as u64);
        for mark in &self.marks {
            out.signed(mark.time);
            [&mark.id, &mark.name, &mark.kind].into_iter().for_each(|text| out.text(text));
            out.text(&mark.file);
            out.number(mark.record);
        }
    }

    fn read(bytes: &mut Unpacker<'_>) -> Option<Self> {
        let mut domain = Self {
            domain: bytes.text()?.into(),
            queries: bytes.number()?,
            first: bytes.signed()?,
            last: bytes.signed()?,
            ..Self::default()
        };
        for _ in 0..bytes.count()? {
            domain.names.insert(bytes.number()?, bytes.number()?.try_into().ok()?);
        }
        for _ in 0..bytes.count()? {
            domain.marks.insert(Mark {
                time: bytes.signed()?,
                id: bytes.text()?.into(),
                name: bytes.text()?.into(),
                kind: bytes.text()?.into(),
                file: bytes.text()?.into(),
                record: bytes.number()?,
            });
        }
        Some(domain)
    }
}
