//! Takes batches in any order, closes hours in order, and keeps the state of all machines.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_model::{Threat, Timestamp};

use crate::attack::AttackState;
use crate::context::Context;
use crate::exfiltration::ExfiltrationState;
use crate::flow::FlowState;
use crate::habits::{Fired, Habits};
use crate::held::Held;
use crate::key::{Key, KeyMap};
use crate::logins::LoginState;
use crate::machine::{Logic, Machines};
use crate::signal::{Batch, Detail, Hour, Signal, hour_of};
use crate::steps::StepsState;
use crate::volume::{VolumeState, start_of};
use crate::window::WindowState;

/// Bounds of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Hours that an hour stays open after events of later ones came.
    pub lateness: i64,
    /// Bytes of open hours, about. What goes over it is closed early, and counted. What the events of open hours and
    /// of the state share may take as much as both bounds.
    pub open_bytes: usize,
    /// Bytes of state, about. What goes over it is forgotten, the least recently seen first, and counted.
    pub state_bytes: usize,
    /// Events later than this are of clocks that are wrong: they meet single-event rules only, and are counted.
    pub until: Option<Timestamp>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lateness: 24, open_bytes: 96 << 20, state_bytes: 128 << 20, until: None }
    }
}

/// What rules with a state did not see, or forgot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events of hours that were closed.
    pub late: u64,
    /// Events of the future.
    pub future: u64,
    /// Hours that were closed before their time because too much was open.
    pub early: u64,
    /// Keys that were forgotten because the state was too big.
    pub evicted: u64,
    /// States that a snapshot had of rules that are gone or changed.
    pub dropped: u64,
    /// Signals of one event that came twice.
    pub repeated: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    Window(WindowState),
    Steps(StepsState),
    Judge(Fired),
    Amount(VolumeState),
    Attack(AttackState),
    Exfiltration(ExfiltrationState),
    Logins(LoginState),
}

impl State {
    pub(crate) fn of(logic: &Logic) -> Self {
        match logic {
            Logic::Window(_) => State::Window(WindowState::default()),
            Logic::Steps(_) => State::Steps(StepsState::default()),
            Logic::Judge(_) => State::Judge(Fired::default()),
            Logic::Amount(_) => State::Amount(VolumeState::default()),
            Logic::Attack(_) => State::Attack(AttackState::default()),
            Logic::Exfiltration(_) => State::Exfiltration(ExfiltrationState::default()),
            Logic::Logins(_) => State::Logins(LoginState::default()),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            State::Window(state) => state.keys.values().map(|known| known.bytes()).sum(),
            State::Steps(state) => state.keys.values().map(|known| known.bytes()).sum(),
            State::Judge(fired) => fired.capacity() * 17,
            State::Amount(state) => state.bytes(),
            State::Attack(state) => state.bytes(),
            State::Exfiltration(state) => state.bytes(),
            State::Logins(state) => state.bytes(),
        }
    }

    /// The keys that may be forgotten, with the hour they were last seen.
    fn ages(&self, each: &mut dyn FnMut(i64, Key)) {
        let hour = |time: Option<Timestamp>| time.map_or(i64::MIN, hour_of);
        match self {
            State::Window(state) => {
                state.keys.iter().for_each(|(key, known)| each(hour(known.newest().or(known.start)), *key));
            }
            State::Steps(state) => state.keys.iter().for_each(|(key, known)| each(hour(known.newest()), *key)),
            State::Amount(state) => state.keys.iter().for_each(|(key, past)| each(past.last_hour, *key)),
            State::Exfiltration(state) => {
                state.credentials.iter().for_each(|(key, credential)| each(credential.last_hour, *key));
            }
            // Small: a rule's findings, not its events.
            State::Judge(_) | State::Attack(_) | State::Logins(_) => {}
        }
    }

    fn forget(&mut self, key: Key) {
        match self {
            State::Window(state) => drop(state.keys.remove(&key)),
            State::Steps(state) => drop(state.keys.remove(&key)),
            State::Amount(state) => drop(state.keys.remove(&key)),
            State::Exfiltration(state) => drop(state.credentials.remove(&key)),
            State::Judge(_) | State::Attack(_) | State::Logins(_) => {}
        }
    }
}

/// An hour that still takes events.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Open {
    pub(crate) hour: Hour,
    bytes: usize,
}

impl Open {
    pub(crate) fn of(hour: Hour) -> Self {
        let bytes = hour.bytes();
        Self { hour, bytes }
    }
}

/// Rules with a state, at work.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) machines: Arc<Machines>,
    pub(crate) settings: Settings,
    pub(crate) open: BTreeMap<i64, Open>,
    /// The last hour that was closed.
    pub(crate) closed: Option<i64>,
    pub(crate) newest: Option<Timestamp>,
    pub(crate) states: Vec<State>,
    /// By model.
    pub(crate) habits: Vec<Habits>,
    pub(crate) found: Held,
    pub(crate) flows: FlowState,
    pub(crate) counters: Counters,
    pub(crate) contexts: KeyMap<Key, Arc<Context>>,
    context_bytes: usize,
}

impl Engine {
    pub fn new(machines: Arc<Machines>, settings: Settings) -> Self {
        let states = machines.list.iter().map(|machine| State::of(&machine.logic)).collect();
        let habits = machines.models.iter().map(|_| Habits::default()).collect();
        Self {
            machines,
            settings,
            open: BTreeMap::new(),
            closed: None,
            newest: None,
            states,
            habits,
            found: Held::default(),
            flows: FlowState::default(),
            counters: Counters::default(),
            contexts: KeyMap::default(),
            context_bytes: 0,
        }
    }

    /// Takes what a thread found, and closes the hours that are old enough.
    pub fn add(&mut self, batch: Batch) {
        self.add_all([batch]);
    }

    /// Takes what several threads found in the same while: none of it is late because another's came first.
    pub fn add_all(&mut self, batches: impl IntoIterator<Item = Batch>) {
        batches.into_iter().for_each(|batch| self.put(batch));
        self.settle();
    }

    fn put(&mut self, batch: Batch) {
        batch.threats.into_values().for_each(|threat| self.found.add(threat));
        for single in batch.singles {
            self.found.add(single.threat(self.found.kept()));
        }
        let future = |time: Timestamp| self.settings.until.is_some_and(|until| time > until);
        self.newest = self.newest.max(batch.newest.filter(|newest| !future(*newest)));
        for (at, mut hour) in batch.hours {
            if self.closed.is_some_and(|closed| at <= closed) {
                self.counters.late += hour.events;
                continue;
            }
            if future(start_of(at)) {
                self.counters.future += hour.events;
                continue;
            }
            // Only an hour that is partly of the future hides its newest from the line above.
            self.newest = self.newest.max(Some(start_of(at)));
            let (contexts, bytes) = (&mut self.contexts, &mut self.context_bytes);
            let volumes = hour.volumes.values_mut().flat_map(|volume| &mut volume.signals);
            let signals = hour.signals.iter_mut().chain(hour.firsts.values_mut()).chain(volumes);
            signals.for_each(|signal| intern(contexts, bytes, signal));
            let open = self.open.entry(at).or_default();
            open.hour.merge(hour);
            open.bytes = open.hour.bytes();
        }
    }

    fn settle(&mut self) {
        if let Some(newest) = self.newest {
            let now = hour_of(newest);
            while let Some((at, _)) = self.open.first_key_value()
                && *at + 1 + self.settings.lateness <= now
            {
                self.close_first();
            }
        }
        while self.is_too_much() && self.open.len() > 1 {
            self.counters.early += 1;
            self.close_first();
        }
    }

    /// What signals share is held by open hours and by the state, which bounds its own part of it.
    fn is_too_much(&self) -> bool {
        let hours = self.hour_bytes();
        let Settings { open_bytes, state_bytes, .. } = self.settings;
        hours > open_bytes || hours + self.context_bytes > open_bytes + state_bytes
    }

    fn hour_bytes(&self) -> usize {
        self.open.values().map(|open| open.bytes).sum()
    }

    /// About how many bytes the open hours take, with all that signals share.
    pub fn open_bytes(&self) -> usize {
        self.hour_bytes() + self.context_bytes
    }

    /// About how many bytes the state takes, without the open hours.
    pub fn state_bytes(&self) -> usize {
        self.states.iter().map(State::bytes).sum::<usize>()
            + self.habits.iter().map(Habits::bytes).sum::<usize>()
            + self.flows.bytes()
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Closes all hours that are over at this moment: their events are judged now, later ones of them are late.
    pub fn close(&mut self, until: Timestamp) {
        let end = hour_of(until);
        while self.open.first_key_value().is_some_and(|(at, _)| *at < end) {
            self.close_first();
        }
    }

    /// Closes the hours that lie more than 24 hours before the newest event: what a run to come brings of them is
    /// late. Times of events count here, not a clock, so that old logs can be read piece by piece as well.
    pub fn close_late(&mut self) {
        if let Some(newest) = self.newest {
            self.close(newest.plus_days(-1));
        }
    }

    /// Closes everything, and gives what was found since the last time it was asked.
    pub fn finish(&mut self) -> Vec<Threat> {
        while !self.open.is_empty() {
            self.close_first();
        }
        self.expire(Timestamp::from_micros(i64::MAX));
        self.take()
    }

    /// What [`Engine::finish`] would give now; the engine stays as it is, and its open hours stay open.
    pub fn preview(&self) -> Vec<Threat> {
        self.clone().finish()
    }

    /// What was found since the last time. Parts of one threat have the same id: merge them.
    pub fn take(&mut self) -> Vec<Threat> {
        self.found.take()
    }

    fn close_first(&mut self) {
        let Some((at, open)) = self.open.pop_first() else { return };
        self.close_hour(at, open.hour);
        self.closed = self.closed.max(Some(at));
        self.sweep();
    }

    fn close_hour(&mut self, at: i64, mut hour: Hour) {
        let start = start_of(at);
        let mut found = self.expire_found(start);
        let machines = self.machines.clone();
        let mut signals: Vec<Signal> = core::mem::take(&mut hour.signals);
        signals.extend(core::mem::take(&mut hour.firsts).into_values());
        signals.sort_unstable_by(|one, two| one.order().cmp(&two.order()));
        let all = signals.len();
        signals.dedup_by(|one, two| one.order() == two.order());
        self.counters.repeated += (all - signals.len()) as u64;
        for signal in &signals {
            self.signal(&machines, signal, &mut found);
        }
        let mut volumes: Vec<_> = hour.volumes.iter().collect();
        volumes.sort_unstable_by_key(|(key, _)| **key);
        for ((machine, key), volume) in volumes {
            let machine = *machine as usize;
            if let (Some(Logic::Amount(what)), Some(State::Amount(state))) =
                (machines.list.get(machine).map(|machine| &machine.logic), self.states.get_mut(machine))
            {
                found.extend(state.take(what, at, *key, volume));
            }
        }
        for (number, habits) in self.habits.iter_mut().enumerate() {
            let of_model = hour.owners.iter().filter(|((model, _), _)| *model as usize == number);
            habits.learn(at, of_model.map(|((_, owner), shown)| (*owner, shown)));
        }
        found.extend(hour.network.close(at, &machines.network, &mut self.flows));
        let parts = core::mem::take(&mut hour.parts).into_values().map(|part| part.threat).collect();
        self.attacks(found, parts);
        self.prune(at);
        // Weighing it all takes its time: every sixth hour is enough.
        if self.closed.is_none_or(|closed| closed.div_euclid(6) != at.div_euclid(6)) {
            self.evict();
        }
    }

    /// Hands a signal to its machine; what it finds to correlations over it, too.
    fn signal(&mut self, machines: &Machines, signal: &Signal, found: &mut Vec<Threat>) {
        let Some(threat) = self.judge(machines, signal) else { return };
        if machines.list.get(signal.machine as usize).is_some_and(|machine| machine.alone) {
            found.push(threat);
        }
        if let Detail::Outer(outer) = &signal.detail {
            outer.iter().for_each(|signal| self.signal(machines, signal, found));
        }
    }

    fn judge(&mut self, machines: &Machines, signal: &Signal) -> Option<Threat> {
        let number = signal.machine as usize;
        let machine = machines.list.get(number)?;
        match (&machine.logic, self.states.get_mut(number)?, &signal.detail) {
            (Logic::Window(window), State::Window(state), _) => state.take(window, signal),
            (Logic::Steps(steps), State::Steps(state), _) => state.take(steps, signal),
            (Logic::Judge(judge), State::Judge(fired), Detail::Seen(seen)) => {
                let model = machines.models.get(judge.model as usize)?;
                self.habits.get(judge.model as usize)?.judge(judge, model, fired, signal, seen)
            }
            (Logic::Exfiltration(what), State::Exfiltration(state), Detail::Use(found)) => {
                state.take(what, signal, found)
            }
            (Logic::Logins(what), State::Logins(state), Detail::Login(login)) => state.take(what, signal, login),
            _ => None,
        }
    }

    /// What is found now, and what single events were, may be parts of attack sequences.
    fn attacks(&mut self, found: Vec<Threat>, parts: Vec<Threat>) {
        let machines = self.machines.clone();
        let any = machines.list.iter().any(|machine| matches!(machine.logic, Logic::Attack(_)));
        if any {
            let order = |threat: &Threat| {
                (threat.last_seen, threat.evidence.first().map(|event| event.event_id.clone()), threat.id)
            };
            let mut all: Vec<&Threat> = found.iter().chain(&parts).collect();
            all.sort_by_cached_key(|threat| order(threat));
            let mut joined = Vec::new();
            for threat in all {
                for (machine, state) in machines.list.iter().zip(&mut self.states) {
                    if let (Logic::Attack(attack), State::Attack(state)) = (&machine.logic, state) {
                        joined.extend(state.take(attack, threat));
                    }
                }
            }
            joined.into_iter().for_each(|threat| self.found.add(threat));
        }
        found.into_iter().for_each(|threat| self.found.add(threat));
    }

    fn expire(&mut self, now: Timestamp) {
        let found = self.expire_found(now);
        self.attacks(found, Vec::new());
    }

    /// Ends windows that were over before this moment.
    fn expire_found(&mut self, now: Timestamp) -> Vec<Threat> {
        let mut found = Vec::new();
        for (machine, state) in self.machines.list.iter().zip(&mut self.states) {
            match (&machine.logic, state) {
                (Logic::Window(window), State::Window(state)) => {
                    let over = state.expire(window, now);
                    found.extend(over.into_iter().filter(|_| machine.alone));
                }
                (Logic::Steps(steps), State::Steps(state)) => state.expire(steps, now),
                (Logic::Attack(attack), State::Attack(state)) => state.expire(attack, now),
                (Logic::Logins(_), State::Logins(state)) => state.prune(now),
                _ => {}
            }
        }
        found
    }

    /// Once a day: what is so old that it says nothing any more.
    fn prune(&mut self, hour: i64) {
        if self.closed.is_some_and(|closed| closed.div_euclid(24) == hour.div_euclid(24)) {
            return;
        }
        let start = start_of(hour);
        for (machine, state) in self.machines.list.iter().zip(&mut self.states) {
            match (&machine.logic, state) {
                (Logic::Judge(judge), State::Judge(fired)) => {
                    fired.retain(|_, last| start.since(*last) < judge.cool_down);
                }
                (_, State::Amount(state)) => state.prune(hour),
                (_, State::Exfiltration(state)) => state.prune(hour),
                _ => {}
            }
        }
        self.habits.iter_mut().for_each(|habits| habits.prune(hour));
    }

    /// Forgets the least recently seen keys when the state is too big.
    fn evict(&mut self) {
        self.counters.evicted += self.flows.bound(self.settings.state_bytes / 4);
        while self.state_bytes() > self.settings.state_bytes {
            let mut ages: Vec<(i64, u32, Key)> = Vec::new();
            for (number, state) in self.states.iter().enumerate() {
                state.ages(&mut |hour, key| ages.push((hour, number as u32, key)));
            }
            let first = self.states.len();
            for (number, habits) in self.habits.iter().enumerate() {
                habits.ages(&mut |hour, key| ages.push((hour, (first + number) as u32, key)));
            }
            if ages.is_empty() {
                return;
            }
            let some = ages.len().div_ceil(8);
            ages.select_nth_unstable(some - 1);
            for (_, number, key) in &ages[..some] {
                match self.states.get_mut(*number as usize) {
                    Some(state) => state.forget(*key),
                    None => self.habits[*number as usize - first].forget(*key),
                }
            }
            self.counters.evicted += some as u64;
        }
    }

    /// Drops contexts that nothing needs any more.
    fn sweep(&mut self) {
        self.contexts.retain(|_, context| Arc::strong_count(context) > 1);
        let spare = self.contexts.capacity() / 4;
        if self.contexts.len() < spare {
            self.contexts.shrink_to_fit();
        }
        self.weigh();
    }

    /// Adds up what contexts take.
    pub(crate) fn weigh(&mut self) {
        self.context_bytes = self.contexts.values().map(|context| SLOT_BYTES + context.bytes()).sum();
    }
}

/// A place in the map of contexts, with its share of free ones.
const SLOT_BYTES: usize = 2 * size_of::<(Key, Arc<Context>)>();

/// Contexts of different batches that say the same are one.
fn intern(contexts: &mut KeyMap<Key, Arc<Context>>, bytes: &mut usize, signal: &mut Signal) {
    if let Detail::Outer(outer) = &mut signal.detail {
        outer.iter_mut().for_each(|signal| intern(contexts, bytes, signal));
    }
    let known = contexts.entry(signal.context.key).or_insert_with(|| {
        *bytes += SLOT_BYTES + signal.context.bytes();
        signal.context.clone()
    });
    if !Arc::ptr_eq(known, &signal.context) {
        signal.context = known.clone();
    }
}
