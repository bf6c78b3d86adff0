//! The flows of one hour, added up by interface, both ends, port and protocol: what is asked of them is asked when the
//! hour closes, so that neither the order of lines nor the number of threads matters.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use haechi_model::event::{Flow, FlowAction};

use super::contact::{Contact, TCP};
use crate::key::Key;
use crate::owners::Owner;
use crate::pack::{Packer, Unpacker};

/// Cells of one interface and hour, and of an hour. Of more, a sample is kept that does not depend on the order of
/// lines (where both bounds are met at once, it may): what is on a list is never dropped.
const CELLS: usize = 1 << 16;
const HOUR_CELLS: usize = 400_000;
/// Within the network, only what may be a scan is kept, and what goes to ports that are watched: so many packets.
const FEW: u64 = 3;
/// Marks of a cell that are kept: the earliest.
const MARKS: usize = 2;
/// At this level nothing is left but what is listed.
const HIGHEST: u32 = 64;
/// A line of traffic that we serve is kept when it carries so many bytes; most of it is of no interest.
const LARGE: u64 = 1 << 20;

/// Hashes keys of maps by multiplying. Seeded anew by each process: lines cannot be made to collide.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Folding;

pub(crate) struct FoldingHasher(u64);

impl BuildHasher for Folding {
    type Hasher = FoldingHasher;
    fn build_hasher(&self) -> FoldingHasher {
        static SEED: OnceLock<u64> = OnceLock::new();
        FoldingHasher(*SEED.get_or_init(|| RandomState::new().hash_one(1)))
    }
}

impl Hasher for FoldingHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.write_u64(chunk.try_into().map_or(0, u64::from_le_bytes));
        }
        let mut tail = [0; 8];
        tail[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.write_u64(u64::from_le_bytes(tail) ^ bytes.len() as u64);
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }
}

/// Which conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CellKey {
    pub(crate) local: u128,
    pub(crate) remote: u128,
    pub(crate) port: u16,
    pub(crate) protocol: u8,
    pub(crate) client: bool,
    pub(crate) sure: bool,
    /// The lists that the other side is on, and, where our side is not known, those that this one is on.
    pub(crate) lists: u32,
    pub(crate) local_lists: u32,
}

impl CellKey {
    fn word(&self) -> u64 {
        u64::from(self.port) << 32
            | u64::from(self.protocol) << 8
            | u64::from(self.client) << 2
            | u64::from(self.sure) << 1
    }

    /// The level at which it is dropped: one cell of two has 0, one of four 1.
    fn level(&self) -> u32 {
        if self.lists | self.local_lists != 0 {
            return u32::MAX;
        }
        let ends = Key(self.word()).with(self.local as u64).with((self.local >> 64) as u64);
        ends.with(self.remote as u64).with((self.remote >> 64) as u64).0.trailing_zeros()
    }
}

impl std::hash::Hash for CellKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Of IPv4, the upper halves are all the same.
        state.write_u64((self.local >> 64) as u64 ^ ((self.remote >> 64) as u64).rotate_left(32) ^ self.local as u64);
        state.write_u64(self.remote as u64 ^ self.word().rotate_left(20));
    }
}

/// A line that something rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Mark {
    pub(crate) time: i64,
    pub(crate) id: u64,
    /// In the hour's list of files.
    pub(crate) file: u32,
    pub(crate) record: u32,
}

/// What was said in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cell {
    pub(crate) lines: u32,
    pub(crate) rejected: u32,
    pub(crate) packets_out: u64,
    pub(crate) bytes_out: u64,
    pub(crate) packets_in: u64,
    pub(crate) bytes_in: u64,
    /// Seconds: the first and the last line.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// The client's ports, of 128 by their hashes: how many connections there were.
    pub(crate) ports: u128,
    pub(crate) marks: [Mark; MARKS],
}

impl Cell {
    fn mark(&mut self, mark: Mark) {
        let known = (self.lines as usize).min(MARKS);
        let marks = &mut self.marks;
        let at = marks[..known].partition_point(|one| (one.time, one.id) < (mark.time, mark.id));
        if at < MARKS {
            marks[at..].rotate_right(1);
            marks[at] = mark;
        }
    }

    fn wants(&self, time: i64) -> bool {
        (self.lines as usize) < MARKS || time <= self.marks[MARKS - 1].time
    }

    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks[..(self.lines as usize).min(MARKS)]
    }

    /// About how many connections: the ports that fell into 128 places. Above 400 it is a guess.
    pub(crate) fn connections(&self) -> u64 {
        let empty = self.ports.count_zeros();
        if empty == 0 { 600 } else { (128.0 * (128.0 / f64::from(empty)).ln()).round() as u64 }
    }

    /// The same conversation, seen from the other side.
    pub(crate) fn turned(mut self) -> Self {
        std::mem::swap(&mut self.packets_out, &mut self.packets_in);
        std::mem::swap(&mut self.bytes_out, &mut self.bytes_in);
        self
    }

    pub(crate) fn merge(&mut self, other: &Cell) {
        for mark in other.marks() {
            self.mark(*mark);
            self.lines = self.lines.saturating_add(1);
        }
        self.lines = self.lines.saturating_add(other.lines - other.marks().len() as u32);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.packets_out = self.packets_out.saturating_add(other.packets_out);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        self.packets_in = self.packets_in.saturating_add(other.packets_in);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.ports |= other.ports;
    }
}

/// An interface's hour.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InterfaceHour {
    pub(crate) account: Box<str>,
    pub(crate) region: Box<str>,
    pub(crate) instance: Box<str>,
    /// As the inventory has it.
    pub(crate) owner: Option<Owner>,
    pub(crate) cells: HashMap<CellKey, Cell, Folding>,
    /// Cells below this level were dropped.
    level: u32,
}

impl InterfaceHour {
    /// What names it: the greatest of what was seen, so that it does not matter which came first.
    fn name(&mut self, account: &str, region: &str, instance: &str) {
        for (known, seen) in [(&mut self.account, account), (&mut self.region, region), (&mut self.instance, instance)]
        {
            if &**known < seen {
                *known = seen.into();
            }
        }
    }

    fn bound(&mut self) {
        while self.cells.len() > CELLS && self.level <= HIGHEST {
            self.raise(self.level + 1);
        }
    }

    /// Drops the cells below a level.
    fn raise(&mut self, level: u32) {
        if level > self.level {
            self.level = level;
            self.cells.retain(|key, _| key.level() >= level);
        }
    }

    /// Each cell stands for so many: 1 unless there were too many.
    pub(crate) fn weight(&self) -> u64 {
        1 << self.level.min(32)
    }
}

/// All flows of an hour that somebody may ask about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FlowHour {
    pub(crate) interfaces: HashMap<Box<str>, InterfaceHour, Folding>,
    pub(crate) files: Vec<Arc<str>>,
    cells: usize,
    /// No interface has cells below this level.
    level: u32,
}

/// What makes a line worth keeping.
pub(crate) struct Keep<'k> {
    /// Ports on which we serve, and want to know who comes.
    pub(crate) served: &'k [u16],
    pub(crate) lists: u32,
    pub(crate) local_lists: u32,
    pub(crate) owner: Option<&'k Owner>,
    /// Both ends are within networks of ours.
    pub(crate) inside: bool,
}

impl FlowHour {
    /// Adds a line.
    pub(crate) fn add(&mut self, flow: &Flow<'_>, contact: &Contact, keep: &Keep<'_>) {
        let rejected = flow.action == FlowAction::Reject;
        let served = contact.sure && !contact.client;
        // Who knocks at a door that is shut is of no interest; most of the internet does.
        let wanted = keep.lists != 0 || keep.served.contains(&contact.port) || contact.out && flow.bytes >= LARGE;
        if served && (rejected || !wanted) {
            return;
        }
        let listed = keep.lists | keep.local_lists != 0;
        let few = flow.protocol == TCP && flow.packets <= FEW;
        if keep.inside && !listed && !few && !keep.served.contains(&contact.port) {
            return;
        }
        let level = self.level;
        let interface = match self.interfaces.get_mut(flow.interface) {
            Some(interface) => interface,
            None => {
                let new = InterfaceHour { level, ..InterfaceHour::default() };
                self.interfaces.entry(flow.interface.into()).or_insert(new)
            }
        };
        interface.name(flow.account, flow.region, flow.instance);
        if interface.owner.is_none() {
            interface.owner = keep.owner.cloned();
        }
        let key = CellKey {
            local: contact.local,
            remote: contact.remote,
            port: contact.port,
            protocol: flow.protocol,
            client: contact.client,
            sure: contact.sure,
            lists: keep.lists,
            local_lists: keep.local_lists,
        };
        if interface.level > 0 && key.level() < interface.level {
            return;
        }
        let before = interface.cells.len();
        let cell = interface.cells.entry(key).or_default();
        if cell.wants(flow.start) {
            let file = file_of(&mut self.files, flow.place.file);
            cell.mark(Mark {
                time: flow.start,
                id: flow.fingerprint(),
                file,
                record: flow.place.record.try_into().unwrap_or(u32::MAX),
            });
        }
        (cell.first, cell.last) = if cell.lines == 0 {
            (flow.start, flow.start)
        } else {
            (cell.first.min(flow.start), cell.last.max(flow.start))
        };
        cell.lines = cell.lines.saturating_add(1);
        cell.rejected = cell.rejected.saturating_add(rejected.into());
        if contact.out {
            cell.packets_out = cell.packets_out.saturating_add(flow.packets);
            cell.bytes_out = cell.bytes_out.saturating_add(flow.bytes);
        } else {
            cell.packets_in = cell.packets_in.saturating_add(flow.packets);
            cell.bytes_in = cell.bytes_in.saturating_add(flow.bytes);
        }
        // Ports of neighbours must not fall into neighbouring places only.
        cell.ports |= 1 << (u32::from(contact.client_port).wrapping_mul(0x9e37_79b1) >> 25);
        if interface.cells.len() > before {
            self.cells += 1;
            if interface.cells.len() > CELLS {
                self.cells -= interface.cells.len();
                interface.bound();
                self.cells += interface.cells.len();
            }
            self.bound();
        }
    }

    fn bound(&mut self) {
        while self.cells > HOUR_CELLS && self.level <= HIGHEST {
            self.level += 1;
            self.raise();
        }
    }

    fn raise(&mut self) {
        let level = self.level;
        self.interfaces.values_mut().for_each(|interface| interface.raise(level));
        self.cells = self.interfaces.values().map(|interface| interface.cells.len()).sum();
    }

    /// Takes in another part of the same hour.
    pub(crate) fn merge(&mut self, other: FlowHour) {
        if self.interfaces.is_empty() {
            *self = other;
            return;
        }
        if other.level > self.level {
            self.level = other.level;
            self.raise();
        }
        let files: Vec<u32> = other.files.iter().map(|file| file_of(&mut self.files, Path::new(&**file))).collect();
        for (name, more) in other.interfaces {
            let hour = self.level;
            let interface = self.interfaces.entry(name).or_default();
            self.cells -= interface.cells.len();
            interface.raise(hour);
            interface.name(&more.account, &more.region, &more.instance);
            interface.owner = interface.owner.take().or(more.owner);
            interface.level = interface.level.max(more.level);
            let level = interface.level;
            if level > 0 {
                interface.cells.retain(|key, _| key.level() >= level);
            }
            for (key, mut cell) in more.cells {
                if level > 0 && key.level() < level {
                    continue;
                }
                for mark in &mut cell.marks {
                    mark.file = files.get(mark.file as usize).copied().unwrap_or_default();
                }
                match interface.cells.entry(key) {
                    std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert(cell)),
                    std::collections::hash_map::Entry::Occupied(mut entry) => entry.get_mut().merge(&cell),
                }
            }
            interface.bound();
            self.cells += interface.cells.len();
        }
        self.bound();
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.cells * (size_of::<(CellKey, Cell)>() * 3 / 2) + self.interfaces.len() * 200 + self.files.len() * 150
    }
}

/// The number of a file in the list. Lines of one file come together.
fn file_of(files: &mut Vec<Arc<str>>, path: &Path) -> u32 {
    let name = path.to_string_lossy();
    let known = files.iter().rposition(|known| **known == *name);
    known.unwrap_or_else(|| {
        files.push(Arc::from(&*name));
        files.len() - 1
    }) as u32
}

impl FlowHour {
    pub(crate) fn write(&self, out: &mut Packer) {
        out.number(u64::from(self.level));
        out.number(self.files.len() as u64);
        self.files.iter().for_each(|file| out.text(file));
        out.number(self.interfaces.len() as u64);
        let mut names: Vec<_> = self.interfaces.keys().collect();
        names.sort_unstable();
        for name in names {
            let interface = &self.interfaces[name];
            [name, &interface.account, &interface.region, &interface.instance]
                .into_iter()
                .for_each(|text| out.text(text));
            let (kind, owner) = match &interface.owner {
                None => (0, ""),
                Some(Owner::Instance(id)) => (1, &**id),
                Some(Owner::Function(name)) => (2, &**name),
                Some(Owner::Other(what)) => (3, &**what),
            };
            out.number(kind);
            out.text(owner);
            out.number(u64::from(interface.level));
            out.number(interface.cells.len() as u64);
            let mut cells: Vec<_> = interface.cells.iter().collect();
            cells.sort_unstable_by_key(|(key, _)| **key);
            for (key, cell) in cells {
                key.write(out);
                cell.write(out);
            }
        }
    }

    /// None: the bytes are damaged.
    pub(crate) fn read(bytes: &mut Unpacker<'_>) -> Option<Self> {
        let level =
            |bytes: &mut Unpacker<'_>| u32::try_from(bytes.number()?).ok().filter(|level| *level <= HIGHEST + 1);
        let mut hour = Self { level: level(bytes)?, ..Self::default() };
        for _ in 0..bytes.count()? {
            hour.files.push(bytes.text()?.into());
        }
        for _ in 0..bytes.count()? {
            let name = bytes.text()?;
            let mut interface = InterfaceHour {
                account: bytes.text()?.into(),
                region: bytes.text()?.into(),
                instance: bytes.text()?.into(),
                ..InterfaceHour::default()
            };
            let (kind, owner) = (bytes.number()?, bytes.text()?);
            interface.owner = match kind {
                0 => None,
                1 => Some(Owner::Instance(owner.into())),
                2 => Some(Owner::Function(owner.into())),
                3 => Some(Owner::Other(owner.into())),
                _ => return None,
            };
            interface.level = level(bytes)?;
            for _ in 0..bytes.count()? {
                interface.cells.insert(CellKey::read(bytes)?, Cell::read(bytes)?);
            }
            hour.cells += interface.cells.len();
            hour.interfaces.insert(name.into(), interface);
        }
        Some(hour)
    }
}

impl CellKey {
    fn write(&self, out: &mut Packer) {
        out.wide(self.local);
        out.wide(self.remote);
        out.number(self.word());
        out.number(u64::from(self.lists) << 32 | u64::from(self.local_lists));
    }

    fn read(bytes: &mut Unpacker<'_>) -> Option<Self> {
        let (local, remote, word, lists) = (bytes.wide()?, bytes.wide()?, bytes.number()?, bytes.number()?);
        Some(Self {
            local,
            remote,
            port: (word >> 32) as u16,
            protocol: (word >> 8) as u8,
            client: word >> 2 & 1 == 1,
            sure: word >> 1 & 1 == 1,
            lists: (lists >> 32) as u32,
            local_lists: lists as u32,
        })
    }
}

impl Cell {
    fn write(&self, out: &mut Packer) {
        for number in
            [self.lines.into(), self.rejected.into(), self.packets_out, self.bytes_out, self.packets_in, self.bytes_in]
        {
            out.number(number);
        }
        out.signed(self.first);
        out.signed(self.last);
        out.wide(self.ports);
        for mark in self.marks() {
            out.signed(mark.time);
            out.number(mark.id);
            out.number(mark.file.into());
            out.number(mark.record.into());
        }
    }

    fn read(bytes: &mut Unpacker<'_>) -> Option<Self> {
        let small = |bytes: &mut Unpacker<'_>| u32::try_from(bytes.number()?).ok();
        let mut cell = Self {
            lines: small(bytes)?,
            rejected: small(bytes)?,
            packets_out: bytes.number()?,
            bytes_out: bytes.number()?,
            packets_in: bytes.number()?,
            bytes_in: bytes.number()?,
            first: bytes.signed()?,
            last: bytes.signed()?,
            ports: bytes.wide()?,
            marks: Default::default(),
        };
        for at in 0..(cell.lines as usize).min(MARKS) {
            cell.marks[at] =
                Mark { time: bytes.signed()?, id: bytes.number()?, file: small(bytes)?, record: small(bytes)? };
        }
        Some(cell)
    }
}
