//! What one thread hands to the engine: threats of single events, and signals of rules that keep a state.
//!
//! A batch knows no order and merges into another one in any order. Whole events are not kept: of an event that
//! meets a rule, its time and id, a key, a value, and what a threat says of it, shared among all that say the same;
//! of an event that only shows habits, the habits, once an hour and owner.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_model::event::Event;
use haechi_model::threat::SIGHTINGS_KEPT;
use haechi_model::{FindingId, Sighting, Threat, Timestamp};

use crate::context::Context;
use crate::exfiltration::Use;
use crate::key::{Key, KeyMap};
use crate::logins::Login;
use crate::network::NetworkHour;
use crate::observer::{Families, Tuples};
use crate::pack::{Packer, Unpacker};
use crate::singles::Single;

/// Microseconds in an hour.
pub const HOUR: i64 = 3_600_000_000;

/// The hour since 1970 that a moment is in.
pub fn hour_of(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(HOUR)
}

/// Which event it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub time: Timestamp,
    pub id: Box<str>,
    pub file: Arc<str>,
    pub record: u64,
}

/// An event that met a rule with a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    pub(crate) mark: Mark,
    pub(crate) machine: u32,
    /// Of a sequence the (first) step, of a correlation the rule.
    pub(crate) step: u8,
    pub(crate) key: Key,
    /// What is counted when distinct values are; of sequences a bit for each step that the event is.
    pub(crate) value: u64,
    pub(crate) context: Arc<Context>,
    pub(crate) detail: Detail,
}

/// What some machines want to know besides.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    None,
    Seen(Box<Seen>),
    Use(Box<Use>),
    Login(Box<Login>),
    /// Signals for correlations over this one, should it find something.
    Outer(Vec<Signal>),
}

impl Signal {
    /// The order of signals: by time; within one second, which is all that CloudTrail tells, by step, so that a
    /// sequence within a second is one; then by id.
    pub(crate) fn order(&self) -> (Timestamp, u8, &str, u32, Key, u64) {
        (self.mark.time, self.step, &self.mark.id, self.machine, self.key, self.value)
    }
}

/// The evidence that an event is.
pub(crate) fn sighted(mark: &Mark, sighting: Option<Sighting>) -> Option<Sighting> {
    let mut sighting = sighting?;
    sighting.time = mark.time;
    sighting.event_id = mark.id.as_ref().into();
    sighting.file = (!mark.file.is_empty()).then(|| mark.file.as_ref().into());
    sighting.record = Some(mark.record).filter(|record| *record > 0);
    Some(sighting)
}

/// What an event shows of habits, with the texts of it: of an event that a baseline judges.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub(crate) owner: Key,
    pub(crate) above: Above,
    /// The values, packed: most are never looked at again.
    said: Box<[u8]>,
}

impl Seen {
    pub(crate) fn new(owner: Key, above: Above, values: &[Shown<'_>]) -> Self {
        let mut out = Packer(Vec::with_capacity(32 * values.len()));
        for value in values {
            out.0.extend_from_slice(&value.word.to_le_bytes());
            out.number(value.other.is_some().into());
            value.other.into_iter().for_each(|other| out.0.extend_from_slice(&other.to_le_bytes()));
            out.text(&value.text);
        }
        Self { owner, above, said: out.0.into_boxed_slice() }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = Shown<'_>> {
        let mut from = Unpacker(&self.said);
        core::iter::from_fn(move || {
            let word = from.word()?;
            let other = if from.number()? == 1 { Some(from.word()?) } else { None };
            Some(Shown { word, other, text: from.text()?.into() })
        })
    }
}

/// Where an owner belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Above {
    /// The role, when the owner is somebody within it.
    pub(crate) role: Option<Key>,
    pub(crate) account: Key,
    /// The owner itself is a role.
    pub(crate) is_role: bool,
}

/// One value of one factor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown<'t> {
    /// Factor and value in one number: see [`shown`].
    pub(crate) word: u64,
    /// Another name of the same value: either may be known.
    pub(crate) other: Option<u64>,
    pub(crate) text: Cow<'t, str>,
}

/// Factor and value in one number.
pub(crate) fn shown(factor: u8, value: Key) -> u64 {
    (u64::from(factor) << 56) | (value.0 >> 8)
}

/// What an owner did within an hour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnerHour {
    pub(crate) above: Above,
    /// Sorted.
    pub(crate) values: Vec<u64>,
}

/// More values of one owner and hour than this are not kept: the smallest numbers are, which is a sample.
const OWNER_VALUES: usize = 1024;

impl OwnerHour {
    pub(crate) fn add(&mut self, value: u64) {
        if let Err(at) = self.values.binary_search(&value)
            && at < OWNER_VALUES
        {
            self.values.truncate(OWNER_VALUES - 1);
            self.values.insert(at, value);
        }
    }
}

/// How much of something there was within an hour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VolumeHour {
    pub(crate) total: u64,
    pub(crate) account: Key,
    /// The first events.
    pub(crate) signals: Vec<Signal>,
}

/// Events of a volume that are kept as evidence.
const VOLUME_SIGNALS: usize = 20;

impl VolumeHour {
    fn add(&mut self, signal: Signal) {
        let at = self.signals.partition_point(|known| known.order() < signal.order());
        if at < VOLUME_SIGNALS {
            self.signals.truncate(VOLUME_SIGNALS - 1);
            self.signals.insert(at, signal);
        }
    }

    /// Whether a signal of this event would be kept.
    pub(crate) fn wants(&self, time: Timestamp, id: &str) -> bool {
        self.signals.len() < VOLUME_SIGNALS
            || self.signals.last().is_some_and(|last| (time, id) < (last.mark.time, &last.mark.id))
    }
}

/// A threat that an attack sequence may be made of: its first event within an hour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) threat: Threat,
}

/// All that happened within an hour.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hour {
    pub(crate) events: u64,
    pub(crate) signals: Vec<Signal>,
    /// By machine, key and what was seen: the first event of each.
    pub(crate) firsts: KeyMap<Key, Signal>,
    /// By model and owner.
    pub(crate) owners: KeyMap<(u32, Key), OwnerHour>,
    /// By machine and key.
    pub(crate) volumes: KeyMap<(u32, Key), VolumeHour>,
    pub(crate) parts: BTreeMap<FindingId, Part>,
    pub(crate) network: NetworkHour,
}

impl Hour {
    pub(crate) fn first(&mut self, tuple: Key, signal: Signal) {
        match self.firsts.entry(tuple) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(signal);
            }
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                if signal.order() < entry.get().order() {
                    entry.insert(signal);
                }
            }
        }
    }

    pub(crate) fn volume(&mut self, machine: u32, key: Key, account: Key, amount: u64, signal: Option<Signal>) {
        let empty = || VolumeHour { total: 0, account, signals: Vec::new() };
        let hour = self.volumes.entry((machine, key)).or_insert_with(empty);
        hour.total = hour.total.saturating_add(amount);
        if let Some(signal) = signal {
            hour.add(signal);
        }
    }

    pub(crate) fn part(&mut self, part: Part) {
        let order = |threat: &Threat| (threat.first_seen, threat.evidence.first().map(|one| one.event_id.clone()));
        match self.parts.entry(part.threat.id) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(part);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                if order(&part.threat) < order(&entry.get().threat) {
                    entry.insert(part);
                }
            }
        }
    }

    /// Takes in another part of the same hour.
    pub(crate) fn merge(&mut self, other: Hour) {
        self.events += other.events;
        self.signals.extend(other.signals);
        for (tuple, signal) in other.firsts {
            self.first(tuple, signal);
        }
        for (owner, hour) in other.owners {
            let known = self.owners.entry(owner).or_insert(OwnerHour { above: hour.above, values: Vec::new() });
            hour.values.into_iter().for_each(|value| known.add(value));
        }
        for ((machine, key), hour) in other.volumes {
            self.volume(machine, key, hour.account, hour.total, None);
            if let Some(known) = self.volumes.get_mut(&(machine, key)) {
                hour.signals.into_iter().for_each(|signal| known.add(signal));
            }
        }
        other.parts.into_values().for_each(|part| self.part(part));
        self.network.merge(other.network);
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let owners: usize = self.owners.values().map(|owner| 80 + 8 * owner.values.capacity()).sum();
        let volumes: usize = self.volumes.values().map(|volume| 80 + SIGNAL_BYTES * volume.signals.len()).sum();
        SIGNAL_BYTES * self.signals.len()
            + (SIGNAL_BYTES + 250) * self.firsts.len()
            + owners
            + volumes
            + 1500 * self.parts.len()
            + self.network.bytes()
    }
}

/// About what a signal takes, with its id.
const SIGNAL_BYTES: usize = size_of::<Signal>() + 64;

/// Keys of events that showed nothing new lately: most events of an hour repeat what others showed.
const RECENT: usize = 16_384;

/// Bytes of contexts after which a batch is handed over.
const CONTEXTS_AT_ONCE: usize = 16 << 20;

/// What was found in some events.
#[derive(Debug)]
pub struct Batch {
    pub(crate) threats: BTreeMap<FindingId, Threat>,
    pub(crate) singles: Vec<Single>,
    pub(crate) hours: BTreeMap<i64, Hour>,
    pub(crate) newest: Option<Timestamp>,
    contexts: KeyMap<Key, Arc<Context>>,
    context_bytes: usize,
    file: Arc<str>,
    recent: Box<[u64]>,
    pub(crate) families: Families,
    pub(crate) tuples: Tuples,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            threats: BTreeMap::new(),
            singles: Vec::new(),
            hours: BTreeMap::new(),
            newest: None,
            contexts: KeyMap::default(),
            context_bytes: 0,
            file: Arc::from(""),
            recent: vec![0; RECENT].into_boxed_slice(),
            families: Families::default(),
            tuples: Tuples::default(),
        }
    }
}

impl Batch {
    /// The threats of single events. Parts of one threat have the same id: merge them.
    pub fn into_threats(self) -> impl Iterator<Item = Threat> {
        let singles = self.singles.into_iter().map(|single| single.threat(SIGHTINGS_KEPT));
        self.threats.into_values().chain(singles)
    }

    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.threats.is_empty() && self.singles.is_empty()
    }

    /// Counts an event: every one, whether it meets a rule or not.
    pub fn count(&mut self, event: &Event<'_>) {
        self.newest = self.newest.max(Some(event.time()));
        self.hour(event.time()).events += 1;
    }

    /// The hour of an event that is no `Event`, which is counted.
    pub(crate) fn count_at(&mut self, time: Timestamp) -> &mut NetworkHour {
        self.newest = self.newest.max(Some(time));
        let hour = self.hour(time);
        hour.events += 1;
        &mut hour.network
    }

    /// A threat of a single event. `part` when attack sequences may be made of it.
    pub fn threat(&mut self, threat: Threat, part: bool) {
        if part {
            self.hour(threat.first_seen).part(Part { threat: threat.clone() });
        }
        merge_threat(&mut self.threats, threat);
    }

    /// So many callers are told apart that the memory of it counts.
    pub(crate) fn is_big(&self) -> bool {
        self.context_bytes >= CONTEXTS_AT_ONCE
    }

    /// About how many bytes it takes: hand it over before it is too big.
    pub fn bytes(&self) -> usize {
        self.hours.values().map(Hour::bytes).sum::<usize>()
            + self.context_bytes
            + 2000 * self.threats.len()
            + self.singles.iter().map(Single::bytes).sum::<usize>()
    }

    pub(crate) fn hour(&mut self, time: Timestamp) -> &mut Hour {
        self.hours.entry(hour_of(time)).or_default()
    }

    pub(crate) fn mark(&mut self, event: &Event<'_>) -> Mark {
        let file = event.place.file.to_string_lossy();
        if *self.file != *file {
            self.file = Arc::from(file.as_ref());
        }
        Mark { time: event.time(), id: event.id().into(), file: self.file.clone(), record: event.place.record }
    }

    /// The context with this key, made when it is not known yet.
    pub(crate) fn context(&mut self, key: Key, make: impl FnOnce() -> Context) -> Arc<Context> {
        let bytes = &mut self.context_bytes;
        let context = self.contexts.entry(key).or_insert_with(|| {
            let context = make();
            *bytes += context.bytes();
            Arc::new(context)
        });
        context.clone()
    }

    /// Whether this was shown lately; from now on it was.
    pub(crate) fn is_recent(&mut self, number: u64) -> bool {
        let known = &mut self.recent[number as usize % RECENT];
        core::mem::replace(known, number) == number
    }
}

/// Adds a threat to those with the same id.
pub(crate) fn merge_threat(threats: &mut BTreeMap<FindingId, Threat>, threat: Threat) {
    match threats.entry(threat.id) {
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(threat);
        }
        std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().merge(threat),
    }
}
