//! Events that were seen before: trails overlap and files are copied, and an event counts once within 24 hours.
//!
//! Ids are kept by the hour of their events: copies of an event have its time, so that nearly always one small set
//! is looked into. Where memory is short the oldest hours are forgotten first.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use haechi_model::Timestamp;

/// The ids of events, in a stated amount of memory, for any number of readers.
#[derive(Debug, Clone)]
pub(crate) struct Duplicates {
    parts: Arc<[Mutex<Part>]>,
    key: Key,
    /// Ids that each part holds.
    most: usize,
    texts: [RandomState; 2],
}

/// Memory of one id in a set: the id, its mark, and the room that a set keeps free.
const BYTES_EACH: usize = 32;
/// Parts, where several readers share them.
const SHARED: usize = 32;

/// Events of one id that are further apart in time are two.
const HOURS: i64 = 24;

/// A share of the ids.
#[derive(Debug, Default)]
struct Part {
    /// Sorted by the hour.
    hours: Vec<Hour>,
    /// The hour of the last event.
    last: usize,
    count: usize,
    /// Sorted by the day.
    days: Vec<Day>,
}

/// Says of most ids that no event of a day has them. Small, so that it stays in the processor's cache.
#[derive(Debug)]
struct Day {
    day: i64,
    /// Four bits for each id.
    bits: Vec<u64>,
    /// Ids that were added.
    count: usize,
}

#[derive(Debug)]
struct Hour {
    hour: i64,
    young: HashSet<u128, Key>,
    /// Older ids, where the hour alone is more than there is room for.
    old: HashSet<u128, Key>,
}

impl Duplicates {
    pub(crate) fn new(bytes: usize) -> Self {
        Self::with(bytes, 1)
    }

    /// For several threads.
    pub(crate) fn shared(bytes: usize) -> Self {
        Self::with(bytes, SHARED)
    }

    fn with(bytes: usize, parts: usize) -> Self {
        Self {
            parts: (0..parts).map(|_| Mutex::default()).collect(),
            key: Key::new(),
            most: (bytes / BYTES_EACH / parts).max(2),
            texts: [RandomState::new(), RandomState::new()],
        }
    }

    /// True when the id was seen before with an event at most a day older or younger; from now on it was.
    pub(crate) fn seen(&self, id: &str, time: Timestamp) -> bool {
        let id = uuid(id.as_bytes()).unwrap_or_else(|| {
            let half = |key: &RandomState| u128::from(key.hash_one(id));
            half(&self.texts[0]) << 64 | half(&self.texts[1])
        });
        // A set uses a hash's lowest and highest bits.
        let part = (self.key.of(id) >> 32) as usize % self.parts.len();
        self.part(part).seen(id, time.as_micros().div_euclid(3_600_000_000), self.key, self.most)
    }

    fn part(&self, part: usize) -> MutexGuard<'_, Part> {
        // A reader that panicked leaves a set that is whole.
        self.parts[part].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ids that are held.
    #[cfg(test)]
    fn held(&self) -> usize {
        let held = |part: &Part| part.hours.iter().map(|hour| hour.young.len() + hour.old.len()).sum::<usize>();
        (0..self.parts.len()).map(|part| held(&self.part(part))).sum()
    }
}

impl Part {
    fn seen(&mut self, id: u128, hour: i64, key: Key, most: usize) -> bool {
        if self.hours.get(self.last).is_none_or(|last| last.hour != hour) {
            self.last = match self.hours.binary_search_by_key(&hour, |known| known.hour) {
                Ok(at) => at,
                Err(at) => {
                    let set = || HashSet::with_hasher(key);
                    self.hours.insert(at, Hour { hour, young: set(), old: set() });
                    at
                }
            };
        }
        let known = &mut self.hours[self.last];
        if known.old.contains(&id) || !known.young.insert(id) {
            return true;
        }
        let hash = key.of(id);
        let day = hour.div_euclid(HOURS);
        let at = self.days.partition_point(|known| known.day < day - 1);
        let near = self.days[at..].iter().take_while(|known| known.day <= day + 1);
        if near.filter(|known| known.may_have(hash)).count() > 0 && self.is_near(id, hour) {
            self.hours[self.last].young.remove(&id);
            return true;
        }
        self.note(hash, day, key);
        self.count += 1;
        self.forget(most, key);
        false
    }

    /// Adds an id to its day's filter, which grows with what it holds.
    fn note(&mut self, hash: u64, day: i64, key: Key) {
        let at = self.days.partition_point(|known| known.day < day);
        if self.days.get(at).is_none_or(|known| known.day != day) {
            self.days.insert(at, Day { day, bits: vec![0; 16], count: 0 });
        }
        let own = &mut self.days[at];
        if own.count == own.bits.len() * 4 {
            // The id itself is already in its hour.
            let from = self.hours.partition_point(|known| known.hour < day * HOURS);
            let hours = || self.hours[from..].iter().take_while(|known| known.hour.div_euclid(HOURS) == day);
            own.count = hours().map(|hour| hour.young.len() + hour.old.len()).sum();
            own.bits = vec![0; (own.count / 2).next_power_of_two().max(16)];
            let ids = hours().flat_map(|hour| hour.young.iter().chain(&hour.old));
            ids.for_each(|id| own.add(key.of(*id)));
            return;
        }
        own.count += 1;
        own.add(hash);
    }

    /// Whether an event of another hour has the id.
    fn is_near(&self, id: u128, hour: i64) -> bool {
        let from = self.hours.partition_point(|known| known.hour < hour.saturating_sub(HOURS));
        let near = self.hours[from..].iter().take_while(|known| known.hour <= hour.saturating_add(HOURS));
        near.filter(|known| known.hour != hour).any(|known| known.young.contains(&id) || known.old.contains(&id))
    }

    /// Makes room: the oldest hour is forgotten, and of an hour that is too much alone the older half.
    fn forget(&mut self, most: usize, key: Key) {
        let mut gone = 0;
        let own = &mut self.hours[self.last];
        if own.young.len() > most / 2 {
            gone += own.old.len();
            own.old = std::mem::replace(&mut own.young, HashSet::with_hasher(key));
        }
        if self.count - gone > most && self.hours.len() > 1 {
            let oldest = self.hours.remove(0);
            gone += oldest.young.len() + oldest.old.len();
            self.last = 0;
        }
        self.count -= gone;
        let first = self.hours.first().map_or(0, |hour| hour.hour.div_euclid(HOURS));
        if self.days.first().is_some_and(|day| day.day < first) {
            self.days.remove(0);
        }
    }
}

impl Day {
    /// An id's word, and its bits there. Sixteen bits an id: one in some hundred is looked for in vain.
    fn place(&self, hash: u64) -> (usize, u64) {
        let bits = [0, 6, 12, 18].iter().fold(0, |bits, shift| bits | 1 << (hash >> shift & 63));
        ((hash >> 24) as usize & (self.bits.len() - 1), bits)
    }

    fn add(&mut self, hash: u64) {
        let (word, bits) = self.place(hash);
        self.bits[word] |= bits;
    }

    fn may_have(&self, hash: u64) -> bool {
        let (word, bits) = self.place(hash);
        self.bits[word] & bits == bits
    }
}

/// Hashes ids, which are random numbers unless somebody chose them: who does must not know where they fall.
#[derive(Debug, Clone, Copy)]
struct Key([u64; 2]);

impl Key {
    fn new() -> Self {
        Self([RandomState::new().hash_one(0), RandomState::new().hash_one(1)])
    }

    fn of(self, id: u128) -> u64 {
        let product = u128::from(id as u64 ^ self.0[0]) * u128::from((id >> 64) as u64 ^ self.0[1]);
        product as u64 ^ (product >> 64) as u64
    }
}

impl BuildHasher for Key {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher { key: *self, hash: 0 }
    }
}

struct IdHasher {
    key: Key,
    hash: u64,
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = self.key.of(u128::from(self.hash) << 64 | u128::from(*byte));
        }
    }

    fn write_u128(&mut self, id: u128) {
        self.hash = self.key.of(id);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

/// What a letter counts as a hexadecimal digit; 255 when it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};
/// Where the bytes of a UUID stand in its text.
const PAIRS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// The number that a UUID in its usual form stands for.
fn uuid(text: &[u8]) -> Option<u128> {
    let text: &[u8; 36] = text.try_into().ok()?;
    let (mut bytes, mut wrong) = ([0; 16], 0);
    for (byte, at) in bytes.iter_mut().zip(PAIRS) {
        let (high, low) = (DIGITS[usize::from(text[at])], DIGITS[usize::from(text[at + 1])]);
        wrong |= high | low;
        *byte = high << 4 | low;
    }
    let hyphens = [8, 13, 18, 23].iter().all(|at| text[*at] == b'-');
    (wrong < 16 && hyphens).then_some(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * 3600 + 7)
    }

    #[test]
    fn an_id_counts_once_within_the_memory() {
        let duplicates = Duplicates::new(8 * BYTES_EACH);
        assert!(!duplicates.seen("293ba626-3be5-4a26-ab1b-0f4c54f49959", at(1)));
        assert!(duplicates.seen("293ba626-3be5-4a26-ab1b-0f4c54f49959", at(1)));
        assert!(!duplicates.seen("no uuid", at(1)) && duplicates.seen("no uuid", at(1)));
        for number in 0..20 {
            assert!(!duplicates.seen(&number.to_string(), at(1)));
            assert!(duplicates.held() <= 9, "{}", duplicates.held());
        }
        assert!(duplicates.seen("19", at(1)), "the newest are known");
        assert!(!duplicates.seen("no uuid", at(1)), "forgotten");
    }

    #[test]
    fn the_oldest_hours_are_forgotten_first() {
        for duplicates in [Duplicates::new(48 * BYTES_EACH), Duplicates::shared(48 * SHARED * BYTES_EACH)] {
            // A day, a copy of it read behind it, and a copy of its files in another order.
            for turn in 0..2 {
                for hour in 0..24 {
                    assert_eq!(duplicates.seen(&format!("{hour}"), at(hour)), turn > 0);
                    assert_eq!(duplicates.seen(&format!("other {}", 23 - hour), at(23 - hour)), turn > 0);
                }
            }
        }
        let duplicates = Duplicates::new(24 * BYTES_EACH);
        for hour in 0..3000 {
            assert!(!duplicates.seen(&hour.to_string(), at(hour)));
            assert!(duplicates.held() <= 24);
        }
        assert!(duplicates.seen("2999", at(2999)) && duplicates.seen("2980", at(2980)) && !duplicates.seen("7", at(7)));
    }

    #[test]
    fn an_id_counts_once_a_day() {
        let duplicates = Duplicates::new(1 << 20);
        assert!(!duplicates.seen("x", at(100)));
        for hour in [76, 99, 101, 124] {
            assert!(duplicates.seen("x", at(hour)) && duplicates.seen("x", at(hour)), "{hour}");
        }
        assert!(!duplicates.seen("x", at(75)) && !duplicates.seen("x", at(125)));
        assert_eq!(duplicates.held(), 3);
        assert!(!duplicates.seen("y", Timestamp::from_micros(i64::MIN)));
        assert!(!duplicates.seen("y", Timestamp::from_micros(i64::MAX)));
    }

    #[test]
    fn readers_share_what_they_saw() {
        let duplicates = Duplicates::shared(1 << 20);
        let new: usize = std::thread::scope(|scope| {
            let reader = || {
                let own = duplicates.clone();
                scope.spawn(move || (0..1000).filter(|number| !own.seen(&number.to_string(), at(number % 5))).count())
            };
            let readers = [reader(), reader(), reader()];
            readers.map(|reader| reader.join().unwrap()).iter().sum()
        });
        assert_eq!((new, duplicates.held()), (1000, 1000));
    }

    #[test]
    fn uuids_are_numbers() {
        assert_eq!(uuid(b"00000000-0000-0000-0000-0000000000ff"), Some(255));
        assert_eq!(uuid(b"0f000000-0000-0000-0000-000000000000"), Some(15 << 120));
        for text in [
            "",
            "00000000-0000-0000-0000-0000000000FF",
            "0000000000000-0000-0000-0000000000ff",
            "000000000-000-0000-0000-0000000000ff",
        ] {
            assert_eq!(uuid(text.as_bytes()), None, "{text}");
        }
    }
}
