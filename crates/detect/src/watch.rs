//! Reads of an event what rules with a state want to know, and puts it into the batch.

use std::sync::Arc;

use haechi_model::event::{Event, Fields, Slot, Value};
use haechi_model::{Log, Threat};

use crate::exfiltration::UseSlots;
use crate::intel::Intel;
use crate::key::{Key, KeyHasher};
use crate::logins::Login;
use crate::machine::{Logic, Machines, Model, WatchSpec};
use crate::principal::{ActorSlots, Principal, agent_family, ip, network};
use crate::signal::{Above, Batch, Context, Detail, OwnerHour, Seen, Shown, Signal, hour_of, shown};

/// A part of a key, or what is counted.
#[derive(Debug, Clone, Copy)]
enum Part {
    Principal,
    Session,
    AccessKey,
    Address,
    Field(Option<Slot>),
}

impl Part {
    /// Words stand for what logs name differently; anything else is a path.
    fn path(text: &str, log: Log) -> Option<&str> {
        let word = matches!(text, "principal" | "session" | "access-key")
            || (text == "address" && !ActorSlots::paths(log).contains(&"address"));
        if word || matches!(text, "account" | "region") { None } else { Some(text) }
    }

    fn bind(text: &str, log: Log, fields: &Fields) -> Self {
        match (text, Self::path(text, log)) {
            (_, Some(path)) => Part::Field(fields.slot(path)),
            ("session", _) => Part::Session,
            ("access-key", _) => Part::AccessKey,
            ("address", _) => Part::Address,
            _ => Part::Principal,
        }
    }
}

/// The scalar texts of a field, joined in order when there are several.
fn joined(event: &Event<'_>, slot: Slot) -> Option<String> {
    let mut all = String::new();
    event.each_value(slot, &mut |value| {
        if let Some(text) = value.scalar() {
            if !all.is_empty() {
                all.push(',');
            }
            all.push_str(&text);
        }
    });
    Some(all).filter(|text| !text.is_empty())
}

/// The text of a field as it stands in the record: for telling events apart, not for reading.
fn raw(event: &Event<'_>, slot: Option<Slot>, hash: &mut KeyHasher) {
    let Some(slot) = slot else { return };
    match event.value(slot) {
        Some(Value::Plain(text)) => hash.part(text),
        Some(Value::Json(json)) => hash.part(json.as_json()),
        None => {
            event.each(slot, &mut |json| hash.part(json.as_json()));
            hash.word(u64::MAX);
        }
    }
}

/// Reads who acted once for all parts of a key.
struct Reading<'w, 'a> {
    event: &'w Event<'a>,
    slots: &'w ActorSlots,
    principal: Option<Option<Principal<'a>>>,
}

impl<'a> Reading<'_, 'a> {
    fn principal(&mut self) -> Option<&Principal<'a>> {
        self.principal.get_or_insert_with(|| self.slots.principal(self.event)).as_ref()
    }

    fn text(&mut self, part: Part) -> Option<String> {
        match part {
            Part::Principal => self.principal().map(|who| who.id.to_string()),
            Part::Session => self.principal().and_then(|who| who.session.as_deref().map(str::to_owned)),
            Part::AccessKey => self.principal().and_then(|who| who.access_key.as_deref().map(str::to_owned)),
            Part::Address => self.slots.address(self.event).map(|address| address.into_owned()),
            Part::Field(slot) => joined(self.event, slot?),
        }
    }
}

/// Values of one event that are counted.
const LISTED: usize = 1000;

#[derive(Debug, Clone)]
enum Kind {
    /// Events, or with a value what is distinct.
    Signals,
    Steps,
    Judge {
        observer: Arc<Observer>,
        factors: Box<[u8]>,
    },
    Amount {
        sum: bool,
    },
    Exfiltration(Box<UseSlots>),
    Logins,
}

/// What one rule (or step) reads of the events of one log.
#[derive(Debug, Clone)]
pub struct Watch {
    machine: u32,
    step: u8,
    slots: ActorSlots,
    by: Vec<Part>,
    anywhere: bool,
    value: Option<Part>,
    reads: Vec<Slot>,
    kind: Kind,
    /// Whose words a threat has: of a correlation its own, else those of the rule that was met.
    pub(crate) words: Option<u32>,
    /// Correlations over this one: what they want to know of the same event.
    pub(crate) outer: Vec<Watch>,
}

impl Watch {
    /// The step that must be met besides; of what has no steps none is asked.
    pub(crate) fn step(&self) -> usize {
        self.step.into()
    }

    /// The paths that it reads.
    pub fn paths(spec: &WatchSpec, machines: &Machines) -> Vec<String> {
        let own = spec.by.iter().chain(&spec.value).filter_map(|text| Part::path(text, spec.log)).map(str::to_owned);
        let actor = ActorSlots::paths(spec.log).iter().filter(|path| !path.is_empty()).map(|path| (*path).to_owned());
        let mut paths: Vec<String> = own.chain(actor).chain(spec.reads.iter().cloned()).collect();
        match machines.list.get(spec.machine as usize).map(|machine| &machine.logic) {
            Some(Logic::Judge(judge)) => paths.extend(Observer::paths(&machines.models[judge.model as usize])),
            Some(Logic::Exfiltration(_)) => paths.extend(UseSlots::PATHS.iter().map(|path| (*path).to_owned())),
            _ => {}
        }
        paths
    }

    /// Finds the slots among the fields of the spec's log.
    pub fn bind(spec: &WatchSpec, machines: &Machines, fields: &Fields) -> Self {
        let part = |text: &String| Part::bind(text, spec.log, fields);
        let kind = match &machines.list[spec.machine as usize].logic {
            Logic::Judge(judge) => {
                let observer = Observer::bind(judge.model, &machines.models[judge.model as usize], fields);
                Kind::Judge { observer: Arc::new(observer), factors: judge.factors.clone().into() }
            }
            Logic::Amount(_) => Kind::Amount { sum: spec.value.is_some() },
            Logic::Exfiltration(exfiltration) => Kind::Exfiltration(Box::new(UseSlots::bind(exfiltration, fields))),
            Logic::Logins(_) => Kind::Logins,
            Logic::Steps(_) => Kind::Steps,
            Logic::Window(_) | Logic::Attack(_) => Kind::Signals,
        };
        // The account and region belong to every key already.
        let by = spec.by.iter().filter(|text| !matches!(text.as_str(), "account" | "region"));
        Self {
            machine: spec.machine,
            step: spec.step,
            slots: ActorSlots::bind(spec.log, fields),
            by: by.map(part).collect(),
            anywhere: spec.anywhere,
            value: spec.value.as_ref().map(part),
            reads: spec.reads.iter().filter_map(|path| fields.slot(path)).collect(),
            kind,
            words: None,
            outer: Vec::new(),
        }
    }

    /// Takes an event that the rule (or step) met. `threat` makes a threat of the event alone, in the words of that
    /// correlation or of the rule itself.
    pub(crate) fn take(
        &self,
        event: &Event<'_>,
        intel: &Intel,
        batch: &mut Batch,
        threat: &dyn Fn(Option<u32>) -> Threat,
    ) {
        let address = self.slots.address(event).as_deref().and_then(ip);
        if address.is_some_and(|address| intel.is_trusted(address)) {
            return;
        }
        let mut reading = Reading { event, slots: &self.slots, principal: None };
        match &self.kind {
            Kind::Signals => {
                if let Some(signal) = self.counted_signal(event, &mut reading, batch, threat) {
                    let signals = &mut batch.hour(event.time()).signals;
                    let listed = self.listed(event);
                    if listed.len() > 1 && self.outer.is_empty() {
                        signals.extend(listed.into_iter().map(|value| Signal { value, ..signal.clone() }));
                    } else {
                        signals.push(signal);
                    }
                }
            }
            Kind::Steps => {
                let key = self.key(&mut reading);
                let signals = &mut batch.hour(event.time()).signals;
                let same = |known: &&mut Signal| known.machine == self.machine && known.key == key;
                let of_event = signals.iter_mut().rev().take_while(|known| *known.mark.id == *event.id());
                // An event that is several steps is told once.
                if let Some(known) = of_event.filter(|known| known.mark.time == event.time()).find(same) {
                    known.value |= 1 << self.step;
                    known.step = known.step.min(self.step);
                } else if let Some(mut signal) = self.counted_signal(event, &mut reading, batch, threat) {
                    signal.value = 1 << self.step;
                    batch.hour(event.time()).signals.push(signal);
                }
            }
            Kind::Amount { sum } => {
                let amount = match (sum, self.value) {
                    (true, Some(Part::Field(slot))) => self.amount(event, slot),
                    _ => 1,
                };
                let key = self.key(&mut reading);
                self.add(event, key, amount, batch, threat);
            }
            Kind::Judge { observer, factors } => {
                let Some(seen) = observer.seen(event, intel, Some(factors)) else { return };
                let values = seen.values.iter().fold(seen.owner, |key, value| key.with(value.word));
                self.first(event, values, seen.owner, Detail::Seen(Box::new(seen)), batch, threat);
            }
            Kind::Exfiltration(slots) => {
                let Some(found) = slots.of(event, &self.slots, intel) else { return };
                let (tuple, key) = (found.tuple(), found.key);
                self.first(event, tuple, key, Detail::Use(Box::new(found)), batch, threat);
            }
            Kind::Logins => {
                let (Some(who), Some(address)) = (reading.principal(), address) else { return };
                let key = Key::of(&who.id);
                let login = Login::new(address, intel);
                self.first(
                    event,
                    key.with(Key::of(&address.to_string()).0),
                    key,
                    Detail::Login(Box::new(login)),
                    batch,
                    threat,
                );
            }
        }
    }

    /// The signal of something that is counted, with those of correlations over it.
    fn counted_signal(
        &self,
        event: &Event<'_>,
        reading: &mut Reading<'_, '_>,
        batch: &mut Batch,
        threat: &dyn Fn(Option<u32>) -> Threat,
    ) -> Option<Signal> {
        let value = match self.kind {
            Kind::Steps => 1 << self.step,
            _ => self.counted(reading)?,
        };
        let outer = self.outer.iter().filter_map(|outer| outer.counted_signal(event, reading, batch, threat));
        let outer: Vec<Signal> = outer.collect();
        let detail = if outer.is_empty() { Detail::None } else { Detail::Outer(outer) };
        Some(self.signal(event, self.key(reading), value, detail, batch, threat))
    }

    /// The first event of each tuple and hour is enough.
    fn first(
        &self,
        event: &Event<'_>,
        tuple: Key,
        key: Key,
        detail: Detail,
        batch: &mut Batch,
        threat: &dyn Fn(Option<u32>) -> Threat,
    ) {
        let tuple = tuple.with(u64::from(self.machine));
        let known = batch.hour(event.time()).firsts.get(&tuple);
        if known.is_some_and(|known| (known.mark.time, known.mark.id.as_ref()) <= (event.time(), event.id())) {
            return;
        }
        let signal = self.signal(event, key, 0, detail, batch, threat);
        batch.hour(event.time()).first(tuple, signal);
    }

    fn add(&self, event: &Event<'_>, key: Key, amount: u64, batch: &mut Batch, threat: &dyn Fn(Option<u32>) -> Threat) {
        let hour = batch.hour(event.time());
        let known = hour.volumes.get(&(self.machine, key));
        let wanted = known.is_none_or(|known| known.wants(event.time(), event.id()));
        let account = Key::of(event.account().unwrap_or_default());
        let signal = wanted.then(|| self.signal(event, key, amount, Detail::None, batch, threat));
        batch.hour(event.time()).volume(self.machine, key, account, amount, signal);
    }

    /// What is distinct; of a plain count the event itself. None: the event has no such value.
    fn counted(&self, reading: &mut Reading<'_, '_>) -> Option<u64> {
        match self.value {
            Some(part) => reading.text(part).map(|text| Key::of(&text).0),
            None => Some(0),
        }
    }

    /// What is distinct of a field with several values, such as the instances that one call stops: each counts.
    fn listed(&self, event: &Event<'_>) -> Vec<u64> {
        let mut values = Vec::new();
        if let Some(Part::Field(Some(slot))) = self.value {
            event.each_value(slot, &mut |value| {
                if values.len() < LISTED {
                    values.extend(value.scalar().filter(|text| !text.is_empty()).map(|text| Key::of(&text).0));
                }
            });
        }
        values.sort_unstable();
        values.dedup();
        values
    }

    fn amount(&self, event: &Event<'_>, slot: Option<Slot>) -> u64 {
        let mut sum = 0_u64;
        if let Some(slot) = slot {
            event.each_value(slot, &mut |value| {
                // A negative or absurd size is none.
                let number = value.number().filter(|number| (0.0..1e18).contains(number)).unwrap_or_default();
                sum = sum.saturating_add(number.round() as u64);
            });
        }
        sum
    }

    /// The account and region belong to it, but for Sigma's groups.
    fn key(&self, reading: &mut Reading<'_, '_>) -> Key {
        let mut hash = KeyHasher::default();
        if !self.anywhere {
            hash.part(reading.event.account().unwrap_or_default());
            hash.part(reading.event.region().unwrap_or_default());
        }
        for part in &self.by {
            hash.part(&reading.text(*part).unwrap_or_default());
        }
        hash.key()
    }

    fn signal(
        &self,
        event: &Event<'_>,
        key: Key,
        value: u64,
        detail: Detail,
        batch: &mut Batch,
        threat: &dyn Fn(Option<u32>) -> Threat,
    ) -> Signal {
        let mark = batch.mark(event);
        let context: Arc<Context> = batch.context(self.fingerprint(event), || threat(self.words));
        Signal { mark, machine: self.machine, step: self.step, key, value, context, detail }
    }

    /// Events with one fingerprint make the same threat, but for their time and id.
    fn fingerprint(&self, event: &Event<'_>) -> Key {
        let mut hash = KeyHasher::default();
        hash.word(u64::from(self.machine) << 8 | u64::from(self.step));
        for text in [event.source(), event.name(), event.account().unwrap_or("-"), event.region().unwrap_or("-")] {
            hash.part(text);
        }
        self.slots.each(&mut |slot| raw(event, slot, &mut hash));
        self.reads.iter().for_each(|slot| raw(event, Some(*slot), &mut hash));
        hash.key()
    }
}

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
    slots: ActorSlots,
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
            slots: ActorSlots::bind(model.log, fields),
            by: model.by.iter().map(|text| Part::bind(text, model.log, fields)).collect(),
            factors: model.factors.iter().map(|factor| FactorOf::bind(factor, model.log, fields)).collect(),
        }
    }

    /// Takes any event of its log. An event of a trusted address teaches too: what is usual from there stands out
    /// when it comes from elsewhere.
    pub fn observe(&self, event: &Event<'_>, intel: &Intel, batch: &mut Batch) {
        let mut hash = KeyHasher::default();
        hash.word(hour_of(event.time()) as u64);
        hash.word(u64::from(self.model));
        for text in [event.source(), event.name(), event.account().unwrap_or("-"), event.region().unwrap_or("-")] {
            hash.part(text);
        }
        self.slots.each_habit(&mut |slot| raw(event, slot, &mut hash));
        for factor in &self.factors {
            match factor {
                FactorOf::Field(slot) => raw(event, *slot, &mut hash),
                FactorOf::Api { resource, below } => {
                    raw(event, *resource, &mut hash);
                    raw(event, *below, &mut hash);
                }
                _ => {}
            }
        }
        for part in &self.by {
            if let Part::Field(slot) = part {
                raw(event, *slot, &mut hash);
            }
        }
        if batch.is_recent(hash.key()) {
            return;
        }
        let Some(seen) = self.shown(event, intel, None, Texts::Unsaid(&mut batch.families)) else { return };
        let empty = || OwnerHour { above: seen.above, values: Vec::new() };
        let owner = batch.hour(event.time()).owners.entry((self.model, seen.owner)).or_insert_with(empty);
        for value in &seen.values {
            owner.add(value.word);
            value.other.into_iter().for_each(|other| owner.add(other));
        }
    }

    /// What the event shows, of these factors or of all. None: nobody with habits did it.
    pub(crate) fn seen(&self, event: &Event<'_>, intel: &Intel, only: Option<&[u8]>) -> Option<Seen> {
        self.shown(event, intel, only, Texts::Said)
    }

    fn shown(&self, event: &Event<'_>, intel: &Intel, only: Option<&[u8]>, mut texts: Texts<'_>) -> Option<Seen> {
        let mut reading = Reading { event, slots: &self.slots, principal: None };
        let (owner, above) = self.owner(&mut reading)?;
        let mut values = Vec::with_capacity(self.factors.len());
        for (at, factor) in self.factors.iter().enumerate() {
            let at = at as u8;
            if only.is_none_or(|only| only.contains(&at)) {
                self.values(at, *factor, event, intel, &mut values, &mut texts);
            }
        }
        values.sort_unstable();
        values.dedup();
        Some(Seen { owner, above, values })
    }

    fn owner(&self, reading: &mut Reading<'_, '_>) -> Option<(Key, Above)> {
        if !self.by.is_empty() {
            let account = reading.event.account().unwrap_or_default();
            let mut hash = KeyHasher::default();
            hash.part(account);
            let mut some = false;
            for part in &self.by {
                let text = reading.text(*part);
                some |= text.is_some();
                hash.part(text.as_deref().unwrap_or_default());
            }
            return some.then(|| (hash.key(), Above { role: None, account: Key::of(account), is_role: false }));
        }
        let fallback = reading.event.account();
        let log = self.log;
        let who = reading.principal().filter(|who| who.has_habits())?;
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
        event: &Event<'_>,
        intel: &Intel,
        values: &mut Vec<Shown>,
        texts: &mut Texts<'_>,
    ) {
        let said = matches!(texts, Texts::Said);
        // A text in parts is joined only when somebody will read it.
        let mut add = |parts: &[&str], other: Option<u64>| {
            let mut hash = KeyHasher::default();
            parts.iter().for_each(|part| hash.bytes(part.as_bytes()));
            let text = if said { parts.concat().into() } else { Box::default() };
            values.push(Shown { word: shown(at, hash.key()), other, text });
        };
        let address = || self.slots.address(event).as_deref().and_then(ip);
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
                if let Some(address) = address() {
                    let near = network(address);
                    match intel.facts(address).asn {
                        // The net may be new while its operator is known, and the other way about.
                        Some(asn) => add(&[&format!("AS{asn}")], Some(shown(at, Key::of(&near)))),
                        None => add(&[&near], None),
                    }
                }
            }
            FactorOf::Country => {
                let country = address().and_then(|address| intel.facts(address).country);
                country.into_iter().for_each(|country| add(&[&country], None));
            }
            FactorOf::Asn => {
                let asn = address().and_then(|address| intel.facts(address).asn);
                asn.into_iter().for_each(|asn| add(&[&format!("AS{asn}")], None));
            }
            FactorOf::Agent => {
                let Some(agent) = self.slots.user_agent(event) else { return };
                match texts {
                    Texts::Said => add(&[&agent_family(&agent)], None),
                    Texts::Unsaid(families) => {
                        let family = families.of(&agent);
                        values.push(Shown { word: shown(at, family), other: None, text: Box::default() });
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
