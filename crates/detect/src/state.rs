//! The engine's state as bytes: versioned, checked, the same bytes for the same state.
//!
//! State is kept by rule and logic: of a rule that is gone, or that counts something else now, it is dropped, and
//! counted. Texts of threats and names of files are written once.

use std::collections::HashMap;
use std::sync::Arc;

use haechi_model::{FindingId, Threat, Timestamp};

use crate::attack::{AttackState, Link};
use crate::context::{Context, Words};
use crate::engine::{Engine, Open, Settings, State};
use crate::exfiltration::{Credential, ExfiltrationState, Known, Use, Way};
use crate::flow::FlowState;
use crate::habits::{Entry, Fired, Habits, Owner};
use crate::kept::Kept;
use crate::key::{Key, KeyHasher, KeyMap};
use crate::logins::{Login, LoginState};
use crate::machine::Machines;
use crate::network::NetworkHour;
use crate::pack::{Packer, Unpacker};
use crate::signal::{Above, Detail, Hour, Mark, OwnerHour, Part, Seen, Shown, Signal, VolumeHour};
use crate::steps::{StepsKey, StepsState};
use crate::volume::{Moments, Past, VolumeState};
use crate::window::{Entry as WindowEntry, WindowKey, WindowState};

/// The bytes are no state of this engine's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    #[error("this is no state of detections")]
    Another,
    #[error("the state is of version {0}, and version {VERSION} is known")]
    Version(u64),
    #[error("the state is damaged")]
    Damaged,
}

const MAGIC: &[u8] = b"haechi detections\n";
const VERSION: u64 = 2;
/// Hours beyond this are of no calendar.
const HOURS: i64 = 1 << 33;

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut hash = KeyHasher::default();
    hash.bytes(bytes);
    hash.key().0.to_le_bytes()
}

/// Puts what was written where [`Engine::restore`] looks: for tests that damage what is inside.
#[doc(hidden)]
pub fn sealed(body: &[u8]) -> Vec<u8> {
    let mut out = Packer::default();
    out.0.extend_from_slice(MAGIC);
    out.number(VERSION);
    out.0.extend_from_slice(body);
    let sum = checksum(&out.0);
    out.0.extend_from_slice(&sum);
    out.0
}

impl Engine {
    /// The state, with the hours that are open and what was found and not taken yet.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.engine(self);
        let mut body = Packer::default();
        let mut words: Vec<&Arc<Words>> = Vec::new();
        let mut numbers: HashMap<*const Words, u64> = HashMap::new();
        for context in &out.contexts {
            numbers.entry(Arc::as_ptr(&context.words)).or_insert_with(|| {
                words.push(&context.words);
                words.len() as u64 - 1
            });
        }
        body.number(words.len() as u64);
        words.iter().for_each(|words| body.json(&***words));
        body.number(out.contexts.len() as u64);
        for context in &out.contexts {
            body.key(context.key);
            body.number(numbers[&Arc::as_ptr(&context.words)]);
            body.number(context.said.len() as u64);
            body.0.extend_from_slice(&context.said);
        }
        body.number(out.files.len() as u64);
        out.files.iter().for_each(|file| body.text(file));
        body.0.append(&mut out.body.0);
        sealed(&body.0)
    }

    /// Goes on from a snapshot. State of rules that are not among the machines, or are otherwise now, is dropped.
    pub fn restore(machines: Arc<Machines>, settings: Settings, bytes: &[u8]) -> Result<Self, StateError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(StateError::Another)?;
        let mut unpacker = Unpacker(rest);
        let version = unpacker.number().ok_or(StateError::Damaged)?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        let (whole, sum) = bytes.split_at_checked(bytes.len().wrapping_sub(8)).ok_or(StateError::Damaged)?;
        if checksum(whole) != sum {
            return Err(StateError::Damaged);
        }
        let body = unpacker.0.get(..unpacker.0.len().wrapping_sub(8)).ok_or(StateError::Damaged)?;
        Reader::read(machines, settings, body).ok_or(StateError::Damaged)
    }
}

impl Packer {
    fn key(&mut self, key: Key) {
        self.0.extend_from_slice(&key.0.to_le_bytes());
    }

    fn float(&mut self, number: f64) {
        self.0.extend_from_slice(&number.to_bits().to_le_bytes());
    }

    fn time(&mut self, time: Timestamp) {
        self.signed(time.as_micros());
    }

    fn flag(&mut self, flag: bool) {
        self.number(flag.into());
    }

    fn id(&mut self, id: FindingId) {
        self.0.extend_from_slice(&id.bytes());
    }

    fn json(&mut self, value: &impl serde::Serialize) {
        // Threats are texts, numbers and lists of them: they always have a JSON form.
        self.text(&serde_json::to_string(value).unwrap_or_default());
    }
}

impl Unpacker<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn key(&mut self) -> Option<Key> {
        self.bytes().map(|bytes| Key(u64::from_le_bytes(bytes)))
    }

    fn float(&mut self) -> Option<f64> {
        let number = f64::from_bits(u64::from_le_bytes(self.bytes()?));
        number.is_finite().then_some(number)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.signed().map(Timestamp::from_micros)
    }

    fn hour(&mut self) -> Option<i64> {
        self.signed().filter(|hour| hour.abs() <= HOURS)
    }

    fn small(&mut self) -> Option<u32> {
        self.number().and_then(|number| u32::try_from(number).ok())
    }

    fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn id(&mut self) -> Option<FindingId> {
        self.bytes().map(FindingId::from_bytes)
    }

    fn json<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        serde_json::from_str(self.text()?).ok()
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(one(self)?);
        }
        list.shrink_to_fit();
        Some(list)
    }

    fn map<V>(&mut self, mut one: impl FnMut(&mut Self) -> Option<V>) -> Option<KeyMap<Key, V>> {
        let count = self.count()?;
        let mut map = KeyMap::default();
        for _ in 0..count {
            map.insert(self.key()?, one(self)?);
        }
        Some(map)
    }

    fn option<T>(&mut self, one: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { one(self).map(Some) } else { Some(None) }
    }
}

/// In the order of keys: the same state is the same bytes.
fn sorted<K: Ord + Copy, V>(map: &KeyMap<K, V>) -> Vec<(K, &V)> {
    let mut all: Vec<(K, &V)> = map.iter().map(|(key, value)| (*key, value)).collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    all
}

#[derive(Default)]
struct Writer {
    body: Packer,
    contexts: Vec<Arc<Context>>,
    known: KeyMap<Key, u64>,
    files: Vec<Arc<str>>,
    file_numbers: HashMap<Arc<str>, u64>,
}

impl Writer {
    fn engine(&mut self, engine: &Engine) {
        self.option(engine.closed, |out, closed| out.body.signed(closed));
        self.option(engine.newest, |out, newest| out.body.time(newest));
        self.body.json(&engine.found.threats().collect::<Vec<_>>());
        self.body.number(engine.states.len() as u64);
        for (machine, state) in engine.machines.list.iter().zip(&engine.states) {
            self.body.text(&machine.rule);
            self.body.key(machine.hash);
            self.part(|out| out.state(state));
        }
        self.body.number(engine.habits.len() as u64);
        for (model, habits) in engine.machines.models.iter().zip(&engine.habits) {
            self.body.key(model.key());
            self.body.number(model.factors.len() as u64);
            model.factors.iter().for_each(|factor| self.body.text(factor));
            self.part(|out| out.habits(habits));
        }
        self.body.number(engine.open.len() as u64);
        for (at, open) in &engine.open {
            self.body.signed(*at);
            self.hour(&open.hour);
        }
        engine.flows.write(&mut self.body);
    }

    /// With its length before it: who does not know it passes over it.
    fn part(&mut self, write: impl FnOnce(&mut Self)) {
        let outside = core::mem::take(&mut self.body);
        write(self);
        let inside = core::mem::replace(&mut self.body, outside);
        self.body.number(inside.0.len() as u64);
        self.body.0.extend_from_slice(&inside.0);
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.body.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn map<V>(&mut self, map: &KeyMap<Key, V>, mut write: impl FnMut(&mut Self, &V)) {
        self.body.number(map.len() as u64);
        for (key, value) in sorted(map) {
            self.body.key(key);
            write(self, value);
        }
    }

    fn list<T>(&mut self, list: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.body.number(list.len() as u64);
        list.iter().for_each(|one| write(self, one));
    }

    fn mark(&mut self, mark: &Mark) {
        self.body.time(mark.time);
        self.body.text(&mark.id);
        let next = self.files.len() as u64;
        let number = *self.file_numbers.entry(mark.file.clone()).or_insert(next);
        if number == next {
            self.files.push(mark.file.clone());
        }
        self.body.number(number);
        self.body.number(mark.record);
    }

    fn context(&mut self, context: &Arc<Context>) {
        let next = self.contexts.len() as u64;
        let number = *self.known.entry(context.key).or_insert(next);
        if number == next {
            self.contexts.push(context.clone());
        }
        self.body.number(number);
    }

    fn kept(&mut self, kept: &Kept) {
        self.mark(&kept.mark);
        self.context(&kept.context);
    }

    fn state(&mut self, state: &State) {
        match state {
            State::Window(state) => self.map(&state.keys, |out, known| {
                out.body.number(known.events);
                out.option(known.start, |out, start| out.body.time(start));
                out.list(&known.values, |out, value| out.body.number(*value));
                out.list(&known.entries, |out, entry| {
                    out.body.number(entry.value);
                    out.body.flag(entry.counted);
                    out.kept(&entry.kept);
                });
            }),
            State::Steps(state) => self.map(&state.keys, |out, known| {
                out.list(&known.chains, |out, chain| out.list(chain, |out, kept| out.kept(kept)));
            }),
            State::Judge(fired) => self.map(fired, |out, time| out.body.time(*time)),
            State::Amount(state) => {
                self.map(&state.keys, Self::past);
                self.map(&state.accounts, Self::past);
            }
            State::Attack(state) => {
                self.body.number(state.links.len() as u64);
                for link in state.links.values() {
                    self.body.time(link.time);
                    self.body.number(link.groups);
                    self.body.flag(link.counted);
                    self.body.json(&link.threat);
                }
                self.map(&state.actors, |out, ids| out.list(ids, |out, id| out.body.id(*id)));
            }
            State::Exfiltration(state) => {
                self.map(&state.credentials, |out, credential| {
                    out.body.signed(credential.last_hour);
                    out.body.flag(credential.issued);
                    credential.homes.into_iter().for_each(|home| out.option(home, |out, home| out.body.number(home)));
                });
                self.map(&state.accounts, |out, places| {
                    out.list(places, |out, known| {
                        out.body.number(known.place);
                        out.body.number(known.session);
                        out.body.flag(known.several);
                        out.body.signed(known.first_hour);
                        out.body.signed(known.last_day);
                        out.body.number(known.days.into());
                    });
                });
            }
            State::Logins(state) => self.map(&state.users, |out, known| {
                out.list(known, |out, (login, kept)| {
                    out.login(login);
                    out.kept(kept);
                });
            }),
        }
    }

    fn past(&mut self, past: &Past) {
        self.body.signed(past.first_hour);
        self.body.signed(past.last_hour);
        [past.all.weight, past.all.sum, past.all.squares].into_iter().for_each(|number| self.body.float(number));
        past.slots.iter().flatten().for_each(|number| self.body.0.extend_from_slice(&number.to_bits().to_le_bytes()));
        self.body.number(past.most);
        self.option(past.fired, |out, fired| out.body.signed(fired));
    }

    fn login(&mut self, login: &Login) {
        self.body.key(login.address);
        self.option(login.country, |out, country| out.body.key(country));
        self.option(login.place, |out, (latitude, longitude)| {
            out.body.float(latitude);
            out.body.float(longitude);
        });
    }

    fn habits(&mut self, habits: &Habits) {
        self.map(&habits.owners, |out, owner| {
            let head = [owner.first_hour, owner.last_hour, owner.last_day];
            head.into_iter().for_each(|number| out.body.number(number.into()));
            out.body.number(owner.days);
            out.body.flag(owner.shared);
            out.list(&owner.values, |out, entry| {
                out.body.key(Key(entry.word));
                // Most days are few and late: their number is small when the last is its lowest bit.
                out.body.number(entry.days);
                out.body.number(entry.first_hour.into());
                out.body.number(entry.last_day.into());
            });
        });
    }

    fn above(&mut self, above: Above) {
        self.option(above.role, |out, role| out.body.key(role));
        self.body.key(above.account);
        self.body.flag(above.is_role);
    }

    fn signal(&mut self, signal: &Signal) {
        self.mark(&signal.mark);
        self.context(&signal.context);
        self.body.number(signal.machine.into());
        self.body.number(signal.step.into());
        self.body.key(signal.key);
        self.body.number(signal.value);
        match &signal.detail {
            Detail::None => self.body.number(0),
            Detail::Seen(seen) => {
                self.body.number(1);
                self.body.key(seen.owner);
                self.above(seen.above);
                self.list(&seen.values().collect::<Vec<_>>(), |out, value| {
                    out.body.key(Key(value.word));
                    out.option(value.other, |out, other| out.body.key(Key(other)));
                    out.body.text(&value.text);
                });
            }
            Detail::Use(found) => {
                self.body.number(2);
                for key in [found.key, found.session, found.account, found.address, found.network] {
                    self.body.key(key);
                }
                self.body.number(found.way as u64);
                [found.six, found.said, found.foreign].into_iter().for_each(|flag| self.body.flag(flag));
            }
            Detail::Login(login) => {
                self.body.number(3);
                self.login(login);
            }
            Detail::Outer(outer) => {
                self.body.number(4);
                self.list(outer, Self::signal);
            }
        }
    }

    fn hour(&mut self, hour: &Hour) {
        self.body.number(hour.events);
        let mut signals: Vec<&Signal> = hour.signals.iter().collect();
        signals.sort_unstable_by(|one, two| one.order().cmp(&two.order()));
        self.list(&signals, |out, signal| out.signal(signal));
        self.map(&hour.firsts, Self::signal);
        self.body.number(hour.owners.len() as u64);
        for ((model, key), owner) in sorted(&hour.owners) {
            self.body.number(model.into());
            self.body.key(key);
            self.above(owner.above);
            self.list(&owner.values, |out, value| out.body.key(Key(*value)));
        }
        self.body.number(hour.volumes.len() as u64);
        for ((machine, key), volume) in sorted(&hour.volumes) {
            self.body.number(machine.into());
            self.body.key(key);
            self.body.number(volume.total);
            self.body.key(volume.account);
            self.list(&volume.signals, Self::signal);
        }
        self.body.number(hour.parts.len() as u64);
        hour.parts.values().for_each(|part| self.body.json(&part.threat));
        hour.network.write(&mut self.body);
    }
}

/// What the numbers of a snapshot mean now.
struct Reader {
    contexts: Vec<Arc<Context>>,
    files: Vec<Arc<str>>,
    /// The machine that each of the snapshot's is now.
    machines: Vec<Option<u32>>,
    /// The model that each of the snapshot's is now, and its factors.
    models: Vec<Option<(u32, Vec<Option<u8>>)>>,
    engine: Engine,
}

/// The number of the habits' own words, which have no factor.
const OWN: u8 = u8::MAX;

fn moved(word: u64, factors: &[Option<u8>]) -> Option<u64> {
    let factor = (word >> 56) as u8;
    let now = if factor == OWN { OWN } else { (*factors.get(usize::from(factor))?)? };
    Some(u64::from(now) << 56 | word & !(0xFF << 56))
}

impl Reader {
    fn read(machines: Arc<Machines>, settings: Settings, body: &[u8]) -> Option<Engine> {
        let mut from = Unpacker(body);
        let words: Vec<Arc<Words>> = from.list(|from| from.json().map(Arc::new))?;
        let contexts = from.list(|from| {
            let key = from.key()?;
            let words = words.get(usize::try_from(from.number()?).ok()?)?;
            let length = usize::try_from(from.number()?).ok()?;
            let (said, rest) = from.0.split_at_checked(length)?;
            from.0 = rest;
            Context::restored(key, words.clone(), said).map(Arc::new)
        })?;
        let files = from.list(|from| from.text().map(Arc::from))?;
        let engine = Engine::new(machines, settings);
        let mut reader = Self { contexts, files, machines: Vec::new(), models: Vec::new(), engine };
        reader.engine(&mut from)?;
        let mut engine = reader.engine;
        let interned = reader.contexts.into_iter().filter(|context| Arc::strong_count(context) > 1);
        engine.contexts = interned.map(|context| (context.key, context)).collect();
        engine.weigh();
        from.0.is_empty().then_some(engine)
    }

    fn engine(&mut self, from: &mut Unpacker<'_>) -> Option<()> {
        self.engine.closed = from.option(Unpacker::hour)?;
        self.engine.newest = from.option(Unpacker::time)?;
        let threats: Vec<Threat> = from.json()?;
        threats.into_iter().for_each(|threat| self.engine.found.add(threat));
        let list = self.engine.machines.clone();
        for _ in 0..from.count()? {
            let (rule, hash) = (from.text()?, from.key()?);
            let mut part = from.part()?;
            let now = list.list.iter().position(|machine| *machine.rule == *rule && machine.hash == hash);
            self.machines.push(now.map(|now| now as u32));
            match now {
                Some(now) => {
                    let empty = State::of(&list.list[now].logic);
                    self.engine.states[now] = self.state(&mut part, &empty)?;
                }
                None => self.engine.counters.dropped += 1,
            }
        }
        for _ in 0..from.count()? {
            let key = from.key()?;
            let names = from.list(|from| from.text().map(str::to_owned))?;
            let mut part = from.part()?;
            let Some(now) = list.models.iter().position(|model| model.key() == key) else {
                self.engine.counters.dropped += 1;
                self.models.push(None);
                continue;
            };
            let known = &list.models[now].factors;
            let number = |name: &String| known.iter().position(|one| one == name).map(|at| at as u8);
            let factors: Vec<Option<u8>> = names.iter().map(number).collect();
            self.engine.habits[now] = habits(&mut part, &factors)?;
            self.models.push(Some((now as u32, factors)));
        }
        for _ in 0..from.count()? {
            let at = from.hour()?;
            let hour = self.hour(from)?;
            self.engine.open.insert(at, Open::of(hour));
        }
        self.engine.flows = FlowState::read(from)?;
        Some(())
    }

    fn mark(&self, from: &mut Unpacker<'_>) -> Option<Mark> {
        let (time, id) = (from.time()?, from.text()?.into());
        let file = self.files.get(usize::try_from(from.number()?).ok()?)?.clone();
        Some(Mark { time, id, file, record: from.number()? })
    }

    fn kept(&self, from: &mut Unpacker<'_>) -> Option<Kept> {
        Some(Kept { mark: self.mark(from)?, context: self.context(from)? })
    }

    fn context(&self, from: &mut Unpacker<'_>) -> Option<Arc<Context>> {
        self.contexts.get(usize::try_from(from.number()?).ok()?).cloned()
    }

    /// A state of the same kind as this one.
    fn state(&self, from: &mut Unpacker<'_>, kind: &State) -> Option<State> {
        let state = match kind {
            State::Window(_) => State::Window(WindowState {
                keys: from.map(|from| {
                    let (events, start) = (from.number()?, from.option(Unpacker::time)?);
                    let values = from.list(Unpacker::number)?;
                    let entry = |from: &mut Unpacker<'_>| {
                        Some(WindowEntry { value: from.number()?, counted: from.flag()?, kept: self.kept(from)? })
                    };
                    Some(WindowKey { entries: from.list(entry)?, events, values, start })
                })?,
            }),
            State::Steps(_) => State::Steps(StepsState {
                keys: from.map(|from| {
                    let chains = from.list(|from| from.list(|from| self.kept(from).map(Arc::new)))?;
                    Some(StepsKey { chains })
                })?,
            }),
            State::Judge(_) => State::Judge(from.map(Unpacker::time)? as Fired),
            State::Amount(_) => State::Amount(VolumeState { keys: from.map(past)?, accounts: from.map(past)? }),
            State::Attack(_) => {
                let links = from.list(|from| {
                    let (time, groups, counted) = (from.time()?, from.number()?, from.flag()?);
                    Some(Link { time, groups, counted, threat: from.json()? })
                })?;
                let links = links.into_iter().map(|link| (link.threat.id, link)).collect();
                State::Attack(AttackState { links, actors: from.map(|from| from.list(Unpacker::id))? })
            }
            State::Exfiltration(_) => {
                let credentials = from.map(|from| {
                    let (last_hour, issued) = (from.hour()?, from.flag()?);
                    let homes = [from.option(Unpacker::number)?, from.option(Unpacker::number)?];
                    Some(Credential { last_hour, issued, homes })
                })?;
                let known = |from: &mut Unpacker<'_>| {
                    Some(Known {
                        place: from.number()?,
                        session: from.number()?,
                        several: from.flag()?,
                        first_hour: from.hour()?,
                        last_day: from.hour()?,
                        days: from.small()?,
                    })
                };
                let accounts = from.map(|from| from.list(known))?;
                State::Exfiltration(ExfiltrationState { credentials, accounts })
            }
            State::Logins(_) => State::Logins(LoginState {
                users: from.map(|from| from.list(|from| Some((login(from)?, self.kept(from)?))))?,
            }),
        };
        from.0.is_empty().then_some(state)
    }

    fn signal(&self, from: &mut Unpacker<'_>, depth: u32) -> Option<Option<Signal>> {
        let (mark, context) = (self.mark(from)?, self.context(from)?);
        let machine = *self.machines.get(usize::try_from(from.number()?).ok()?)?;
        let (step, key, value) = (u8::try_from(from.number()?).ok()?, from.key()?, from.number()?);
        let detail = match from.number()? {
            0 => Detail::None,
            1 => {
                let (owner, above) = (from.key()?, above(from)?);
                let factors = self.factors_of(machine);
                let values = from.list(|from| {
                    let (word, other) = (from.key()?.0, from.option(Unpacker::key)?);
                    let text = from.text()?.into();
                    let other = other.and_then(|other| moved(other.0, factors));
                    Some(moved(word, factors).map(|word| Shown { word, other, text }))
                })?;
                let values: Vec<Shown<'_>> = values.into_iter().flatten().collect();
                Detail::Seen(Box::new(Seen::new(owner, above, &values)))
            }
            2 => {
                let (key, session, account) = (from.key()?, from.key()?, from.key()?);
                let (address, network) = (from.key()?, from.key()?);
                let way = match from.number()? {
                    0 => Way::Issue,
                    1 => Way::Private,
                    2 => Way::Aws,
                    3 => Way::Outside,
                    _ => return None,
                };
                let (six, said, foreign) = (from.flag()?, from.flag()?, from.flag()?);
                Detail::Use(Box::new(Use { key, session, account, address, network, six, way, said, foreign }))
            }
            3 => Detail::Login(Box::new(login(from)?)),
            4 if depth < 8 => {
                let outer = from.list(|from| self.signal(from, depth + 1))?;
                Detail::Outer(outer.into_iter().flatten().collect())
            }
            _ => return None,
        };
        Some(machine.map(|machine| Signal { mark, machine, step, key, value, context, detail }))
    }

    /// What the factors of a baseline's signals are now.
    fn factors_of(&self, machine: Option<u32>) -> &[Option<u8>] {
        let logic = machine.and_then(|machine| self.engine.machines.list.get(machine as usize));
        let model = logic.and_then(|machine| match &machine.logic {
            crate::machine::Logic::Judge(judge) => Some(judge.model),
            _ => None,
        });
        let known = self.models.iter().flatten().find(|(now, _)| Some(*now) == model);
        known.map_or(&[], |(_, factors)| factors.as_slice())
    }

    fn hour(&self, from: &mut Unpacker<'_>) -> Option<Hour> {
        let mut hour = Hour { events: from.number()?, ..Hour::default() };
        hour.signals = from.list(|from| self.signal(from, 0))?.into_iter().flatten().collect();
        for _ in 0..from.count()? {
            let (tuple, signal) = (from.key()?, self.signal(from, 0)?);
            signal.into_iter().for_each(|signal| hour.first(tuple, signal));
        }
        for _ in 0..from.count()? {
            let model = self.models.get(usize::try_from(from.number()?).ok()?)?;
            let (key, above) = (from.key()?, above(from)?);
            let values = from.list(Unpacker::key)?;
            if let Some((now, factors)) = model {
                let mut owner = OwnerHour { above, values: Vec::new() };
                values.into_iter().filter_map(|word| moved(word.0, factors)).for_each(|word| owner.add(word));
                hour.owners.insert((*now, key), owner);
            }
        }
        for _ in 0..from.count()? {
            let machine = *self.machines.get(usize::try_from(from.number()?).ok()?)?;
            let (key, total, account) = (from.key()?, from.number()?, from.key()?);
            let signals = from.list(|from| self.signal(from, 0))?.into_iter().flatten().collect();
            if let Some(machine) = machine {
                hour.volumes.insert((machine, key), VolumeHour { total, account, signals });
            }
        }
        let parts: Vec<Threat> = from.list(Unpacker::json)?;
        parts.into_iter().for_each(|threat| hour.part(Part { threat }));
        hour.network = NetworkHour::read(from)?;
        Some(hour)
    }
}

impl<'a> Unpacker<'a> {
    /// The bytes of a part.
    fn part(&mut self) -> Option<Unpacker<'a>> {
        let length = self.count()?;
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Unpacker(part))
    }
}

fn above(from: &mut Unpacker<'_>) -> Option<Above> {
    Some(Above { role: from.option(Unpacker::key)?, account: from.key()?, is_role: from.flag()? })
}

fn login(from: &mut Unpacker<'_>) -> Option<Login> {
    let (address, country) = (from.key()?, from.option(Unpacker::key)?);
    let place = from.option(|from| Some((from.float()?, from.float()?)))?;
    Some(Login { address, country, place })
}

fn past(from: &mut Unpacker<'_>) -> Option<Past> {
    let (first_hour, last_hour) = (from.hour()?, from.hour()?);
    let all = Moments { weight: from.float()?, sum: from.float()?, squares: from.float()? };
    let mut slots: Box<[[f32; 3]; 12]> = Box::default();
    for number in slots.iter_mut().flatten() {
        *number = f32::from_bits(u32::from_le_bytes(from.bytes()?));
        if !number.is_finite() {
            return None;
        }
    }
    let (most, fired) = (from.number()?, from.option(Unpacker::hour)?);
    Some(Past { first_hour, last_hour, all, slots, most, fired })
}

fn habits(from: &mut Unpacker<'_>, factors: &[Option<u8>]) -> Option<Habits> {
    let owners = from.map(|from| {
        let (first_hour, last_hour, last_day) = (from.small()?, from.small()?, from.small()?);
        let (days, shared) = (from.number()?, from.flag()?);
        let entries = from.list(|from| {
            let (word, days) = (from.key()?.0, from.number()?);
            let (first_hour, last_day) = (from.small()?, from.small()?);
            Some(moved(word, factors).map(|word| Entry { word, days, first_hour, last_day }))
        })?;
        let mut values: Vec<Entry> = entries.into_iter().flatten().collect();
        values.sort_unstable_by_key(|entry| entry.word);
        values.dedup_by_key(|entry| entry.word);
        values.shrink_to_fit();
        Some(Owner { first_hour, last_hour, days, last_day, shared, values })
    })?;
    from.0.is_empty().then_some(Habits { owners })
}
