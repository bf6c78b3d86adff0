//! Keys of state: texts as 64-bit SipHash-1-3 numbers, the same on every machine and in every release.
//!
//! Whoever writes logs chooses these texts: a weaker hash would let him make a new value look like a known one.

use std::hash::{BuildHasherDefault, Hasher};

/// The number of a text, or of several in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

impl Key {
    pub fn of(text: &str) -> Self {
        let mut hash = KeyHasher::default();
        hash.bytes(text.as_bytes());
        hash.key()
    }

    /// Of several texts: ("ab", "c") and ("a", "bc") differ.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = KeyHasher::default();
        for part in parts {
            hash.part(part);
        }
        hash.key()
    }

    /// This key and another value.
    pub fn with(self, other: u64) -> Self {
        let mut hash = KeyHasher::default();
        hash.word(self.0);
        hash.word(other);
        hash.key()
    }
}

/// Hashes a stream of texts and numbers.
#[derive(Debug, Clone)]
pub struct KeyHasher {
    state: [u64; 4],
    /// Bytes that do not fill a word yet.
    tail: u64,
    length: u64,
}

impl Default for KeyHasher {
    fn default() -> Self {
        // SipHash's words, with the key 0.
        let state = [0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d, 0x6c79_6765_6e65_7261, 0x7465_6462_7974_6573];
        Self { state, tail: 0, length: 0 }
    }
}

impl KeyHasher {
    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.state;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.state = [a, b, c, d];
    }

    fn take(&mut self, word: u64) {
        self.state[3] ^= word;
        self.round();
        self.state[0] ^= word;
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        let filled = (self.length & 7) as usize;
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if filled > 0 {
            let some = rest.len().min(8 - filled);
            for (at, byte) in rest[..some].iter().enumerate() {
                self.tail |= u64::from(*byte) << (8 * (filled + at));
            }
            rest = &rest[some..];
            if filled + some < 8 {
                return;
            }
            let word = self.tail;
            self.take(word);
            self.tail = 0;
        }
        let mut words = rest.chunks_exact(8);
        for word in &mut words {
            // A chunk of exactly eight bytes always is an array of eight.
            let word: [u8; 8] = word.try_into().unwrap_or_default();
            self.take(u64::from_le_bytes(word));
        }
        for (at, byte) in words.remainder().iter().enumerate() {
            self.tail |= u64::from(*byte) << (8 * at);
        }
    }

    pub fn word(&mut self, word: u64) {
        self.bytes(&word.to_le_bytes());
    }

    /// A text with its length before it.
    pub fn part(&mut self, text: &str) {
        self.word(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    pub fn key(mut self) -> Key {
        let word = self.tail | (self.length << 56);
        self.take(word);
        self.state[2] ^= 0xff;
        for _ in 0..3 {
            self.round();
        }
        Key(self.state[0] ^ self.state[1] ^ self.state[2] ^ self.state[3])
    }
}

/// A quick number of texts, for skipping work that was done already. Whoever writes the texts can make two of them
/// fall together: it decides nothing that a finding rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quick(u64);

impl Quick {
    const FIRST: u64 = 0xa076_1d64_78bd_642f;
    const SECOND: u64 = 0xe703_7ed1_a0b4_28db;

    pub(crate) fn new(start: u64) -> Self {
        Self(mixed(start ^ Self::FIRST, Self::SECOND))
    }

    /// A text with its length.
    pub(crate) fn part(&mut self, text: &str) {
        let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        let mut rest = text.as_bytes();
        let mut state = self.0 ^ text.len() as u64;
        while rest.len() > 16 {
            state = mixed(word(rest) ^ Self::FIRST, word(&rest[8..]) ^ state);
            rest = &rest[16..];
        }
        // What is left is read from both of its ends, which may overlap.
        let (one, other) = match rest.len() {
            8.. => (word(rest), word(&rest[rest.len() - 8..])),
            0 => (0, 0),
            length => {
                let mut eight = [0; 8];
                eight[..length].copy_from_slice(rest);
                (u64::from_le_bytes(eight), 0)
            }
        };
        self.0 = mixed(one ^ Self::SECOND, other ^ state);
    }

    pub(crate) fn finish(self) -> u64 {
        mixed(self.0 ^ Self::FIRST, Self::SECOND)
    }
}

fn mixed(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// For maps by keys: a key is a good hash already.
#[derive(Debug, Clone, Copy, Default)]
pub struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = self.0.rotate_left(29) ^ word;
    }

    fn write_u32(&mut self, word: u32) {
        self.0 = self.0.rotate_left(29) ^ u64::from(word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

pub type KeyMap<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Already>>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_siphash() {
        // Known from other implementations of SipHash-1-3 with the key 0.
        assert_eq!(Key::of(""), Key(0xd1fb_a762_150c_532c));
        assert_ne!(Key::of_parts(["ab", "c"]), Key::of_parts(["a", "bc"]));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in proptest::collection::vec(any::<u8>(), 0..80), cut in any::<proptest::sample::Index>()) {
            #[allow(deprecated)]
            let mut known = std::hash::DefaultHasher::new();
            std::hash::Hasher::write(&mut known, &text);
            let mut hash = KeyHasher::default();
            let (left, right) = text.split_at(cut.index(text.len() + 1));
            hash.bytes(left);
            hash.bytes(right);
            // Today's standard library has the same function; if it takes another one, this test says so.
            prop_assert_eq!(hash.key().0, std::hash::Hasher::finish(&known));
        }
    }
}
