//! State as bytes: numbers by seven bits, texts with their lengths. Damaged bytes are an error, never a panic.

/// Writes.
#[derive(Debug, Default)]
pub(crate) struct Packer(pub(crate) Vec<u8>);

impl Packer {
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number that may be negative.
    pub(crate) fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    pub(crate) fn wide(&mut self, number: u128) {
        self.number((number >> 64) as u64);
        self.number(number as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }
}

/// Reads. None: the bytes are not what was written.
#[derive(Debug)]
pub(crate) struct Unpacker<'a>(pub(crate) &'a [u8]);

impl<'a> Unpacker<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(crate) fn wide(&mut self) -> Option<u128> {
        Some(u128::from(self.number()?) << 64 | u128::from(self.number()?))
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// Eight bytes, the lowest first.
    pub(crate) fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*word))
    }

    /// How many follow: not more than there are bytes.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }
}

/// Texts of one record that are told apart, so that one that comes again is written as its number.
const TEXTS: usize = 24;

/// Writes texts of one record, which often are the same: a caller is the entity, the principal and an argument.
#[derive(Debug)]
pub(crate) struct TextPacker {
    out: Packer,
    /// Where the texts are that were written.
    known: [(u32, u32); TEXTS],
    count: usize,
}

impl TextPacker {
    /// Writes into this memory.
    pub(crate) fn new(mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self { out: Packer(memory), known: [(0, 0); TEXTS], count: 0 }
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.out.0
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.out.number(number);
    }

    pub(crate) fn text(&mut self, text: &str) {
        let out = &mut self.out;
        let same = |(from, length): &(u32, u32)| {
            *length as usize == text.len() && out.0[*from as usize..][..text.len()] == *text.as_bytes()
        };
        if let Some(at) = self.known[..self.count].iter().position(same) {
            return out.number(2 * at as u64 + 1);
        }
        out.number(2 * text.len() as u64 + 2);
        // A text that no number can point at is only written again.
        if let (Ok(from), Ok(length), true) = (out.0.len().try_into(), text.len().try_into(), self.count < TEXTS) {
            self.known[self.count] = (from, length);
            self.count += 1;
        }
        out.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn maybe(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.out.number(0),
        }
    }
}

/// Reads what a [`TextPacker`] wrote.
#[derive(Debug)]
pub(crate) struct TextUnpacker<'a> {
    from: Unpacker<'a>,
    known: Vec<&'a str>,
}

impl<'a> TextUnpacker<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { from: Unpacker(bytes), known: Vec::new() }
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.from.number()
    }

    pub(crate) fn count(&mut self) -> Option<usize> {
        self.from.count()
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        self.maybe()?
    }

    /// Some(None): there is none.
    pub(crate) fn maybe(&mut self) -> Option<Option<&'a str>> {
        let number = self.from.number()?;
        if number % 2 == 1 {
            return self.known.get(usize::try_from(number / 2).ok()?).map(|text| Some(*text));
        }
        let Some(length) = (number / 2).checked_sub(1) else { return Some(None) };
        let (text, rest) = self.from.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.from.0 = rest;
        let text = std::str::from_utf8(text).ok()?;
        if self.known.len() < TEXTS {
            self.known.push(text);
        }
        Some(Some(text))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.from.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_read_as_they_were_written(texts in proptest::collection::vec(proptest::option::of("[ab]{0,3}|.{0,40}"), 0..60)) {
            let mut packer = TextPacker::new(vec![1, 2, 3]);
            texts.iter().for_each(|text| packer.maybe(text.as_deref()));
            let bytes = packer.done();
            let mut reader = TextUnpacker::new(&bytes);
            let read: Vec<Option<String>> = texts.iter().map(|_| reader.maybe().unwrap().map(str::to_owned)).collect();
            prop_assert_eq!(read, texts);
            prop_assert!(reader.is_over());
        }

        #[test]
        fn what_is_written_is_read(number in any::<u64>(), signed in any::<i64>(), wide in any::<u128>(), text in any::<String>()) {
            let mut packer = Packer::default();
            packer.number(number);
            packer.signed(signed);
            packer.wide(wide);
            packer.text(&text);
            let mut reader = Unpacker(&packer.0);
            prop_assert_eq!((reader.number(), reader.signed(), reader.wide()), (Some(number), Some(signed), Some(wide)));
            prop_assert_eq!((reader.text(), reader.0.len()), (Some(&*text), 0));
        }
    }
}
