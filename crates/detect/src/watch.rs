//! Reads of an event what rules with a state want to know, and puts it into the batch.

use std::sync::Arc;

use haechi_model::event::{Event, Fields, Slot};

use crate::context::Context;
use crate::exfiltration::UseSlots;
use crate::key::{Key, KeyHasher};
use crate::logins::Login;
use crate::machine::{Logic, Machines, WatchSpec};
use crate::met::{Met, Part, raw};
use crate::observer::Observer;
use crate::principal::ActorSlots;
use crate::signal::{Batch, Detail, Signal};

/// Makes the context of the event that was met, in the words of that correlation or of the rule itself.
pub(crate) type Telling<'t> = &'t dyn Fn(Option<u32>, Key) -> Context;

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
            by: by.map(part).collect(),
            anywhere: spec.anywhere,
            value: spec.value.as_ref().map(part),
            reads: spec.reads.iter().filter_map(|path| fields.slot(path)).collect(),
            kind,
            words: None,
            outer: Vec::new(),
        }
    }

    /// Takes an event that the rule (or step) met.
    pub(crate) fn take(&self, met: &Met<'_, '_>, batch: &mut Batch, telling: Telling<'_>) {
        let event = met.event;
        match &self.kind {
            Kind::Signals => {
                if let Some(signal) = self.counted_signal(met, batch, telling) {
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
                let key = self.key(met);
                let signals = &mut batch.hour(event.time()).signals;
                let same = |known: &&mut Signal| known.machine == self.machine && known.key == key;
                let of_event = signals.iter_mut().rev().take_while(|known| *known.mark.id == *event.id());
                // An event that is several steps is told once.
                if let Some(known) = of_event.filter(|known| known.mark.time == event.time()).find(same) {
                    known.value |= 1 << self.step;
                    known.step = known.step.min(self.step);
                } else if let Some(mut signal) = self.counted_signal(met, batch, telling) {
                    signal.value = 1 << self.step;
                    batch.hour(event.time()).signals.push(signal);
                }
            }
            Kind::Amount { sum } => {
                let amount = match (sum, self.value) {
                    (true, Some(Part::Field(slot))) => self.amount(event, slot),
                    _ => 1,
                };
                self.add(met, amount, batch, telling);
            }
            Kind::Judge { observer, factors } => {
                let Some(tuple) = observer.tuple(met, factors, batch) else { return };
                let seen = || observer.seen(met, factors).map_or(Detail::None, |seen| Detail::Seen(Box::new(seen)));
                self.first(met, tuple.all, tuple.owner, seen, batch, telling);
            }
            Kind::Exfiltration(slots) => {
                let Some(found) = slots.of(met) else { return };
                let (tuple, key) = (found.tuple(), found.key);
                self.first(met, tuple, key, || Detail::Use(Box::new(found)), batch, telling);
            }
            Kind::Logins => {
                let (Some(who), Some(address)) = (met.principal(), met.address()) else { return };
                let key = Key::of(&who.id);
                let login = || Detail::Login(Box::new(Login::new(address, met.intel)));
                self.first(met, key.with(Key::of(&address.to_string()).0), key, login, batch, telling);
            }
        }
    }

    /// The signal of something that is counted, with those of correlations over it.
    fn counted_signal(&self, met: &Met<'_, '_>, batch: &mut Batch, telling: Telling<'_>) -> Option<Signal> {
        let value = match self.kind {
            Kind::Steps => 1 << self.step,
            _ => self.counted(met)?,
        };
        let outer: Vec<Signal> =
            self.outer.iter().filter_map(|outer| outer.counted_signal(met, batch, telling)).collect();
        let detail = if outer.is_empty() { Detail::None } else { Detail::Outer(outer) };
        Some(self.signal(met, self.key(met), value, detail, batch, telling))
    }

    /// The first event of each tuple and hour is enough.
    fn first(
        &self,
        met: &Met<'_, '_>,
        tuple: Key,
        key: Key,
        detail: impl FnOnce() -> Detail,
        batch: &mut Batch,
        telling: Telling<'_>,
    ) {
        let event = met.event;
        let tuple = tuple.with(u64::from(self.machine));
        let known = batch.hour(event.time()).firsts.get(&tuple);
        if known.is_some_and(|known| (known.mark.time, known.mark.id.as_ref()) <= (event.time(), event.id())) {
            return;
        }
        let signal = self.signal(met, key, 0, detail(), batch, telling);
        batch.hour(event.time()).first(tuple, signal);
    }

    fn add(&self, met: &Met<'_, '_>, amount: u64, batch: &mut Batch, telling: Telling<'_>) {
        let (event, key) = (met.event, self.key(met));
        let hour = batch.hour(event.time());
        let known = hour.volumes.get(&(self.machine, key));
        let wanted = known.is_none_or(|known| known.wants(event.time(), event.id()));
        let account = Key::of(event.account().unwrap_or_default());
        let signal = wanted.then(|| self.signal(met, key, amount, Detail::None, batch, telling));
        batch.hour(event.time()).volume(self.machine, key, account, amount, signal);
    }

    /// What is distinct; of a plain count the event itself. None: the event has no such value.
    fn counted(&self, met: &Met<'_, '_>) -> Option<u64> {
        match self.value {
            Some(part) => part.text(met).map(|text| Key::of(&text).0),
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
    fn key(&self, met: &Met<'_, '_>) -> Key {
        let mut hash = KeyHasher::default();
        if !self.anywhere {
            hash.part(met.event.account().unwrap_or_default());
            hash.part(met.event.region().unwrap_or_default());
        }
        for part in &self.by {
            hash.part(&part.text(met).unwrap_or_default());
        }
        hash.key()
    }

    fn signal(
        &self,
        met: &Met<'_, '_>,
        key: Key,
        value: u64,
        detail: Detail,
        batch: &mut Batch,
        telling: Telling<'_>,
    ) -> Signal {
        let mark = batch.mark(met.event);
        let print = self.fingerprint(met);
        let context: Arc<Context> = batch.context(print, || telling(self.words, print));
        Signal { mark, machine: self.machine, step: self.step, key, value, context, detail }
    }

    /// Events with one fingerprint make the same threat, but for their time and id.
    fn fingerprint(&self, met: &Met<'_, '_>) -> Key {
        let mut hash = KeyHasher::default();
        hash.word(u64::from(self.machine) << 8 | u64::from(self.step));
        hash.word(met.print().0);
        self.reads.iter().for_each(|slot| raw(met.event, Some(*slot), &mut |text| hash.part(text)));
        hash.key()
    }
}
