//! Numbers that are the same in every run: SplitMix64, and a hash for what must not change from event to event.

pub struct Random(u64);

/// One step of SplitMix64's mixing.
pub const fn mixed(mut value: u64) -> u64 {
    value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A number that always belongs to these two.
pub const fn hash(one: u64, two: u64) -> u64 {
    mixed(mixed(one) ^ two.wrapping_mul(0xD6E8_FEB8_6659_FD93))
}

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(mixed(seed))
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// A number below `most`.
    pub const fn below(&mut self, most: u64) -> u64 {
        ((self.next() as u128 * most as u128) >> 64) as u64
    }

    pub const fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// Some of few come often, most of many seldom: a number below `most`, small ones first.
    pub fn skewed(&mut self, most: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (((unit * unit * unit) * most as f64) as u64).min(most.saturating_sub(1))
    }

    fn letters<const N: usize>(&mut self, letters: &[u8; N], count: usize, out: &mut Vec<u8>) {
        let (mut bits, mut left) = (0, 0);
        for _ in 0..count {
            if left == 0 {
                (bits, left) = (self.next(), 64 / N.ilog2());
            }
            out.push(letters[bits as usize % N]);
            (bits, left) = (bits >> N.ilog2(), left - 1);
        }
    }

    pub fn hex(&mut self, count: usize, out: &mut Vec<u8>) {
        self.letters(HEX, count, out);
    }

    pub fn base64(&mut self, count: usize, out: &mut Vec<u8>) {
        self.letters(BASE64, count, out);
    }

    pub fn base32(&mut self, count: usize, out: &mut Vec<u8>) {
        self.letters(BASE32, count, out);
    }

    /// Letters and digits only.
    pub fn base62(&mut self, count: usize, out: &mut Vec<u8>) {
        for _ in 0..count {
            out.push(BASE64[self.below(62) as usize]);
        }
    }

    pub fn uuid(&mut self, out: &mut Vec<u8>) {
        for (at, count) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if at > 0 {
                out.push(b'-');
            }
            self.hex(count, out);
        }
    }
}
