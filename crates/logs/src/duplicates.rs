//! Events that were seen before: trails overlap and files are copied, and an event counts once.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// The ids of the newest events, in a stated amount of memory. The oldest are forgotten first, half at a time.
#[derive(Debug)]
pub(crate) struct Duplicates {
    young: HashSet<u128>,
    old: HashSet<u128>,
    /// Ids that each half holds.
    most: usize,
    keys: [RandomState; 2],
}

/// Memory of one id in a set: the id, its mark, and the room that a set keeps free.
const BYTES_EACH: usize = 32;

impl Duplicates {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            young: HashSet::new(),
            old: HashSet::new(),
            most: (bytes / BYTES_EACH / 2).max(1),
            keys: [RandomState::new(), RandomState::new()],
        }
    }

    /// True when the id was seen before; from now on it was.
    pub(crate) fn seen(&mut self, id: &str) -> bool {
        let id = uuid(id.as_bytes()).unwrap_or_else(|| {
            let half = |key: &RandomState| u128::from(key.hash_one(id));
            half(&self.keys[0]) << 64 | half(&self.keys[1])
        });
        if self.young.contains(&id) || self.old.contains(&id) {
            return true;
        }
        if self.young.len() == self.most {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id);
        false
    }
}

/// The number that a UUID in its usual form stands for.
fn uuid(text: &[u8]) -> Option<u128> {
    let text: &[u8; 36] = text.try_into().ok()?;
    let mut number = 0;
    for (at, letter) in text.iter().enumerate() {
        let digit = match letter {
            b'-' if matches!(at, 8 | 13 | 18 | 23) => continue,
            b'0'..=b'9' => letter - b'0',
            b'a'..=b'f' => letter - b'a' + 10,
            _ => return None,
        };
        if matches!(at, 8 | 13 | 18 | 23) {
            return None;
        }
        number = number << 4 | u128::from(digit);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_once_within_the_memory() {
        let mut duplicates = Duplicates::new(4 * 2 * BYTES_EACH);
        assert!(!duplicates.seen("293ba626-3be5-4a26-ab1b-0f4c54f49959"));
        assert!(duplicates.seen("293ba626-3be5-4a26-ab1b-0f4c54f49959"));
        assert!(!duplicates.seen("no uuid") && duplicates.seen("no uuid"));
        for number in 0..20 {
            assert!(!duplicates.seen(&number.to_string()));
            assert!(duplicates.young.len() <= 4 && duplicates.old.len() <= 4);
        }
        assert!(!duplicates.seen("no uuid"), "forgotten");
    }

    #[test]
    fn uuids_are_numbers() {
        assert_eq!(uuid(b"00000000-0000-0000-0000-0000000000ff"), Some(255));
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
