//! What interfaces did in the hours that are closed.

use std::collections::BTreeMap;

use crate::pack::{Packer, Unpacker};

/// Server ports, resolvers and own addresses of one interface.
const PORTS: usize = 512;
const RESOLVERS: usize = 128;
const LOCALS: usize = 64;

/// Hours since 1970.
pub(crate) type HourNumber = i64;

/// What an interface does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Habits {
    pub(crate) first: HourNumber,
    pub(crate) last: HourNumber,
    /// Server ports outside that it talked to: the first and the last hour.
    pub(crate) ports: BTreeMap<u16, (HourNumber, HourNumber)>,
    /// Servers of DNS outside, with the port: the last hour.
    pub(crate) resolvers: BTreeMap<(u128, u16), HourNumber>,
    /// Its own addresses, as far as lines told them: the last hour.
    pub(crate) locals: BTreeMap<u128, HourNumber>,
    /// The most bytes that it sent to one host outside in an hour.
    pub(crate) largest: u64,
}

impl Habits {
    pub(crate) fn port(&mut self, port: u16, hour: HourNumber) {
        self.ports.entry(port).or_insert((hour, hour)).1 = hour;
        forget(&mut self.ports, PORTS, |(_, last)| *last);
    }

    pub(crate) fn resolver(&mut self, server: (u128, u16), hour: HourNumber) {
        self.resolvers.insert(server, hour);
        forget(&mut self.resolvers, RESOLVERS, |last| *last);
    }

    pub(crate) fn local(&mut self, address: u128, hour: HourNumber) {
        self.locals.insert(address, hour);
        forget(&mut self.locals, LOCALS, |last| *last);
    }
}

/// Drops what was not seen the longest, of many the smallest.
fn forget<K: Ord + Copy, V>(map: &mut BTreeMap<K, V>, most: usize, last: impl Fn(&V) -> HourNumber) {
    if map.len() > most
        && let Some(oldest) = map.iter().min_by_key(|(key, value)| (last(value), **key)).map(|(key, _)| *key)
    {
        map.remove(&oldest);
    }
}

/// What is remembered of all interfaces.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FlowState {
    pub(crate) interfaces: BTreeMap<Box<str>, Habits>,
}

impl FlowState {
    /// Forgets the interfaces that were unseen the longest until the state is small enough; how many they are.
    pub(crate) fn bound(&mut self, bytes: usize) -> u64 {
        let before = self.interfaces.len();
        while self.bytes() > bytes {
            let mut last: Vec<_> = self.interfaces.values().map(|habits| habits.last).collect();
            let some = last.len() / 8;
            let (_, line, _) = last.select_nth_unstable(some);
            let line = *line;
            self.interfaces.retain(|_, habits| habits.last > line);
        }
        (before - self.interfaces.len()) as u64
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let one = |habits: &Habits| 160 + 40 * habits.ports.len() + 60 * (habits.resolvers.len() + habits.locals.len());
        self.interfaces.values().map(one).sum()
    }

    pub(crate) fn write(&self, out: &mut Packer) {
        out.number(self.interfaces.len() as u64);
        for (name, habits) in &self.interfaces {
            out.text(name);
            out.signed(habits.first);
            out.signed(habits.last);
            out.number(habits.largest);
            out.number(habits.ports.len() as u64);
            for (port, (first, last)) in &habits.ports {
                out.number(u64::from(*port));
                out.signed(*first);
                out.signed(*last);
            }
            out.number(habits.resolvers.len() as u64);
            for ((address, port), last) in &habits.resolvers {
                out.wide(*address);
                out.number(u64::from(*port));
                out.signed(*last);
            }
            out.number(habits.locals.len() as u64);
            for (address, last) in &habits.locals {
                out.wide(*address);
                out.signed(*last);
            }
        }
    }

    /// None: the bytes are damaged.
    pub(crate) fn read(bytes: &mut Unpacker<'_>) -> Option<Self> {
        let mut state = Self::default();
        for _ in 0..bytes.count()? {
            let name = bytes.text()?;
            let mut habits =
                Habits { first: bytes.signed()?, last: bytes.signed()?, largest: bytes.number()?, ..Habits::default() };
            let port = |bytes: &mut Unpacker<'_>| u16::try_from(bytes.number()?).ok();
            for _ in 0..bytes.count()? {
                habits.ports.insert(port(bytes)?, (bytes.signed()?, bytes.signed()?));
            }
            for _ in 0..bytes.count()? {
                habits.resolvers.insert((bytes.wide()?, port(bytes)?), bytes.signed()?);
            }
            for _ in 0..bytes.count()? {
                habits.locals.insert(bytes.wide()?, bytes.signed()?);
            }
            state.interfaces.insert(name.into(), habits);
        }
        Some(state)
    }
}
