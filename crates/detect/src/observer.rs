//! Reads the habits that events show: for what is usual to be learned, and for what stands out to be judged.

use std::borrow::Cow;

use haechi_model::Log;
use haechi_model::event::{Fields, Slot};

use crate::key::{Key, KeyHasher, Quick};
use crate::machine::Model;
use crate::met::{Met, Part, raw};
use crate::principal::{ActorSlots, agent_family, network};
use crate::signal::{Above, Batch, OwnerHour, Seen, Shown, hour_of, shown};

/// Where a factor's value comes from.
#[derive(Debug, Clone, Copy)]
enum FactorOf {
    /// Service and operation; of Kubernetes the verb and the resource.
    Api {
        resource: Option<Slot>,
        below: Option<Slot>,
    },
    Service,
    Region,
    Network,
    Country,
    Asn,
    Agent,
    Field(Option<Slot>),
}

const RESOURCE: [&str; 2] = ["objectRef.resource", "objectRef.subresource"];

impl FactorOf {
    fn bind(factor: &str, log: Log, fields: &Fields) -> Self {
        match factor {
            "api" if log == Log::EksAudit => {
                FactorOf::Api { resource: fields.slot(RESOURCE[0]), below: fields.slot(RESOURCE[1]) }
            }
            "api" => FactorOf::Api { resource: None, below: None },
            "service" => FactorOf::Service,
            "region" => FactorOf::Region,
            "network" => FactorOf::Network,
            "country" => FactorOf::Country,
            "asn" => FactorOf::Asn,
            "user-agent" => FactorOf::Agent,
            path => FactorOf::Field(fields.slot(path)),
        }
    }

    fn path(factor: &str) -> Option<&str> {
        let word = ["api", "service", "region", "network", "country", "asn", "user-agent"].contains(&factor);
        (!word).then_some(factor)
    }
}

/// Reads the habits that the events of a log show, for one model.
#[derive(Debug, Clone)]
pub struct Observer {
    model: u32,
    log: Log,
    by: Vec<Part>,
    factors: Vec<FactorOf>,
}

impl Observer {
    /// The paths that it reads.
    pub fn paths(model: &Model) -> Vec<String> {
        let mut paths: Vec<String> = ActorSlots::paths(model.log).iter().map(|path| (*path).to_owned()).collect();
        paths.retain(|path| !path.is_empty());
        paths.extend(model.by.iter().filter_map(|text| Part::path(text, model.log)).map(str::to_owned));
        paths.extend(model.factors.iter().filter_map(|factor| FactorOf::path(factor)).map(str::to_owned));
        if model.log == Log::EksAudit {
            paths.extend(RESOURCE.map(str::to_owned));
        }
        paths
    }

    pub fn bind(number: u32, model: &Model, fields: &Fields) -> Self {
        Self {
            model: number,
            log: model.log,
            by: model.by.iter().map(|text| Part::bind(text, model.log, fields)).collect(),
            factors: model.factors.iter().map(|factor| FactorOf::bind(factor, model.log, fields)).collect(),
        }
    }

    /// Takes any event of its log. An event of a trusted address teaches too: what is usual from there stands out
    /// when it comes from elsewhere.
    pub fn observe(&self, met: &Met<'_, '_>, batch: &mut Batch) {
        let time = met.event.time();
        let mut hash = Quick::new(hour_of(time) as u64 ^ u64::from(self.model) << 32);
        met.head(&mut |text| hash.part(text));
        met.slots.each_habit(&mut |slot| raw(met.event, slot, &mut |text| hash.part(text)));
        self.own(met, &mut |text| hash.part(text));
        // Whoever makes two events with one number hides a habit of his own, and habits excuse.
        if batch.is_recent(hash.finish()) {
            return;
        }
        let Some((owner, above)) = self.owner(met) else { return };
        let values = self.shown(met, None, Texts::Unsaid(&mut batch.families));
        let empty = || OwnerHour { above, values: Vec::new() };
        let owner = batch.hour(time).owners.entry((self.model, owner)).or_insert_with(empty);
        for value in &values {
            owner.add(value.word);
            value.other.into_iter().for_each(|other| owner.add(other));
        }
    }

    /// The texts of the fields that only this model reads.
    fn own(&self, met: &Met<'_, '_>, part: &mut dyn FnMut(&str)) {
        for factor in &self.factors {
            match factor {
                FactorOf::Field(slot) => raw(met.event, *slot, part),
                FactorOf::Api { resource, below } => {
                    raw(met.event, *resource, part);
                    raw(met.event, *below, part);
                }
                _ => {}
            }
        }
        for by in &self.by {
            if let Part::Field(slot) = by {
                raw(met.event, *slot, part);
            }
        }
    }

    /// What the event shows of these factors, with their texts. None: nobody with habits did it.
    pub(crate) fn seen(&self, met: &Met<'_, '_>, only: &[u8]) -> Option<Seen> {
        let (owner, above) = self.owner(met)?;
        Some(Seen::new(owner, above, &self.shown(met, Some(only), Texts::Said)))
    }

    /// Whose habits it shows, and a number of all that it shows of these factors.
    pub(crate) fn tuple(&self, met: &Met<'_, '_>, only: &[u8], batch: &mut Batch) -> Option<Tuple> {
        let mut hash = KeyHasher::default();
        hash.word(met.print().0);
        hash.word(u64::from(self.model));
        only.iter().for_each(|factor| hash.word(u64::from(*factor)));
        self.own(met, &mut |text| hash.part(text));
        let print = hash.key();
        if let Some(known) = batch.tuples.of(print) {
            return known;
        }
        let tuple = self.owner(met).map(|(owner, _)| {
            let values = self.shown(met, Some(only), Texts::Unsaid(&mut batch.families));
            Tuple { owner, all: values.iter().fold(owner, |key, value| key.with(value.word)) }
        });
        batch.tuples.put(print, tuple);
        tuple
    }

    /// What an event shows of these factors, or of all.
    fn shown(&self, met: &Met<'_, '_>, only: Option<&[u8]>, mut texts: Texts<'_>) -> Vec<Shown<'static>> {
        let mut values = Vec::with_capacity(self.factors.len());
        for (at, factor) in self.factors.iter().enumerate() {
            let at = at as u8;
            if only.is_none_or(|only| only.contains(&at)) {
                self.values(at, *factor, met, &mut values, &mut texts);
            }
        }
        values.sort_unstable();
        values.dedup();
        values
    }

    fn owner(&self, met: &Met<'_, '_>) -> Option<(Key, Above)> {
        if !self.by.is_empty() {
            let account = met.event.account().unwrap_or_default();
            let mut hash = KeyHasher::default();
            hash.part(account);
            let mut some = false;
            for part in &self.by {
                let text = part.text(met);
                some |= text.is_some();
                hash.part(text.as_deref().unwrap_or_default());
            }
            return some.then(|| (hash.key(), Above { role: None, account: Key::of(account), is_role: false }));
        }
        let fallback = met.event.account();
        let log = self.log;
        let who = met.principal().filter(|who| who.has_habits())?;
        let account = if log == Log::CloudTrail { who.account.as_deref().or(fallback) } else { fallback };
        let account = Key::of(account.unwrap_or_default());
        // Names of clusters and databases mean somebody else in each account.
        let scope = if log == Log::CloudTrail { Key(0) } else { account };
        let is_role = who.kind == crate::principal::PrincipalKind::Role;
        Some(match who.own() {
            Some(own) => (
                Key::of(own).with(scope.0),
                Above { role: Some(Key::of(&who.id).with(scope.0)), account, is_role: false },
            ),
            None => (Key::of(&who.id).with(scope.0), Above { role: None, account, is_role }),
        })
    }

    fn values(
        &self,
        at: u8,
        factor: FactorOf,
        met: &Met<'_, '_>,
        values: &mut Vec<Shown<'static>>,
        texts: &mut Texts<'_>,
    ) {
        let (event, intel) = (met.event, met.intel);
        let said = matches!(texts, Texts::Said);
        // A text in parts is joined only when somebody will read it.
        let mut add = |parts: &[&str], other: Option<u64>| {
            let mut hash = KeyHasher::default();
            parts.iter().for_each(|part| hash.bytes(part.as_bytes()));
            let text = if said { parts.concat().into() } else { Cow::Borrowed("") };
            values.push(Shown { word: shown(at, hash.key()), other, text });
        };
        match factor {
            FactorOf::Api { resource, below } if self.log == Log::EksAudit => {
                let text = |slot: Option<Slot>| slot.and_then(|slot| event.text(slot));
                match (text(resource), text(below)) {
                    (Some(resource), Some(below)) => add(&[event.name(), " ", &resource, "/", &below], None),
                    (Some(one), None) | (None, Some(one)) => add(&[event.name(), " ", &one], None),
                    (None, None) => add(&[event.name()], None),
                }
            }
            FactorOf::Api { .. } => add(&[event.source(), ":", event.name()], None),
            FactorOf::Service => add(&[event.source()], None),
            FactorOf::Region => event.region().into_iter().for_each(|region| add(&[region], None)),
            FactorOf::Network => {
                if let Some(address) = met.address() {
                    let near = network(address);
                    match intel.facts(address).asn {
                        // The net may be new while its operator is known, and the other way about.
                        Some(asn) => add(&[&format!("AS{asn}")], Some(shown(at, Key::of(&near)))),
                        None => add(&[&near], None),
                    }
                }
            }
            FactorOf::Country => {
                let country = met.address().and_then(|address| intel.facts(address).country);
                country.into_iter().for_each(|country| add(&[&country], None));
            }
            FactorOf::Asn => {
                let asn = met.address().and_then(|address| intel.facts(address).asn);
                asn.into_iter().for_each(|asn| add(&[&format!("AS{asn}")], None));
            }
            FactorOf::Agent => {
                let Some(agent) = met.actor().user_agent.as_deref() else { return };
                match texts {
                    Texts::Said => add(&[&agent_family(agent)], None),
                    Texts::Unsaid(families) => {
                        let family = families.of(agent);
                        values.push(Shown { word: shown(at, family), other: None, text: Cow::Borrowed("") });
                    }
                }
            }
            FactorOf::Field(slot) => {
                let Some(slot) = slot else { return };
                let mut left = 64;
                event.each_value(slot, &mut |value| {
                    if let Some(text) = value.scalar().filter(|text| !text.is_empty() && left > 0) {
                        left -= 1;
                        add(&[&text], None);
                    }
                });
            }
        }
    }
}

/// What a judged event shows, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tuple {
    pub(crate) owner: Key,
    pub(crate) all: Key,
}

/// Tuples of events that were met lately, by the events' prints.
#[derive(Debug, Clone)]
pub(crate) struct Tuples(Box<[(Key, Option<Tuple>)]>);

const TUPLES: usize = 4096;

impl Default for Tuples {
    fn default() -> Self {
        Self(vec![(Key(0), None); TUPLES].into_boxed_slice())
    }
}

impl Tuples {
    /// None: it is not known. Some(None): nobody with habits did it.
    fn of(&self, print: Key) -> Option<Option<Tuple>> {
        let (known, tuple) = self.0[print.0 as usize % TUPLES];
        (known == print).then_some(tuple)
    }

    fn put(&mut self, print: Key, tuple: Option<Tuple>) {
        self.0[print.0 as usize % TUPLES] = (print, tuple);
    }
}

/// Whether the texts of values are wanted, or only their numbers.
enum Texts<'f> {
    Said,
    Unsaid(&'f mut Families),
}

/// User agents that were met lately, and their families: few programs make most calls.
#[derive(Debug, Clone)]
pub(crate) struct Families(Box<[(Key, Key)]>);

impl Default for Families {
    fn default() -> Self {
        Self(vec![(Key(0), Key(0)); 256].into_boxed_slice())
    }
}

impl Families {
    fn of(&mut self, agent: &str) -> Key {
        let key = Key::of(agent);
        let known = &mut self.0[key.0 as usize % 256];
        if known.0 != key {
            *known = (key, Key::of(&agent_family(agent)));
        }
        known.1
    }
}
