//! The part of a text that is in memory: all of a small file, or a window that moves over a large one.

use std::io::{self, Read};

use haechi_model::event::json::{Balance, Halt};

use crate::summary::TextBytes;

/// What is read at a time where a file does not fit.
const STEP: usize = 1 << 20;

/// Text that begins where the reader stands. Positions are counted from there.
pub(crate) struct Window<'a> {
    text: &'a mut Vec<u8>,
    at: usize,
    more: Option<Box<dyn Read + 'a>>,
    /// A read that failed: what is in memory is still read.
    pub(crate) broken: Option<io::Error>,
    /// Lines that have moved out of memory.
    lines: u64,
    /// Bytes that have moved out of memory.
    gone: u64,
    /// What the bytes up to here were.
    pub(crate) bytes: TextBytes,
}

/// Why nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    /// The text ends too early.
    End,
    /// The value is larger than may be in memory.
    Large,
    Wrong {
        at: usize,
        what: &'static str,
    },
}

impl<'a> Window<'a> {
    /// Over text that is whole.
    pub(crate) fn whole(text: &'a mut Vec<u8>) -> Self {
        Self { text, at: 0, more: None, broken: None, lines: 0, gone: 0, bytes: TextBytes::default() }
    }

    /// Over text that is read as it is needed, with `memory` as the place for it.
    pub(crate) fn moving(memory: &'a mut Vec<u8>, more: Box<dyn Read + 'a>) -> Self {
        memory.clear();
        Self { text: memory, at: 0, more: Some(more), broken: None, lines: 0, gone: 0, bytes: TextBytes::default() }
    }

    pub(crate) fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// Goes on behind what stands between records.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.bytes.between += self.go(bytes);
    }

    /// Goes on behind what could not be read.
    pub(crate) fn take_damaged(&mut self, bytes: usize) {
        self.bytes.damaged += self.go(bytes);
    }

    /// Goes on behind text that was told apart already.
    pub(crate) fn take_told(&mut self, told: TextBytes) {
        let length = usize::try_from(told.total()).unwrap_or(usize::MAX);
        self.go(length);
        self.bytes += told;
    }

    fn go(&mut self, bytes: usize) -> u64 {
        let from = self.at;
        self.at = self.at.saturating_add(bytes).min(self.text.len());
        (self.at - from) as u64
    }

    /// Bytes of the text up to here, in memory or not.
    pub(crate) fn passed(&self) -> u64 {
        self.gone + self.at as u64
    }

    /// The line, from 1, of a position.
    pub(crate) fn line(&self, ahead: usize) -> u64 {
        let end = (self.at + ahead).min(self.text.len());
        self.lines + 1 + memchr::memchr_iter(b'\n', &self.text[..end]).count() as u64
    }

    /// Gets more text behind what there is. False at the end.
    fn grow(&mut self) -> bool {
        let Some(more) = &mut self.more else { return false };
        if self.at > 0 {
            self.lines += memchr::memchr_iter(b'\n', &self.text[..self.at]).count() as u64;
            self.gone += self.at as u64;
            self.text.drain(..self.at);
            self.at = 0;
        }
        let before = self.text.len();
        // What is not yet there is as long again as what is: a long record is scanned a few times, not often.
        let step = STEP.max(before);
        match more.take(step as u64).read_to_end(self.text) {
            Ok(_) => {}
            Err(error) => {
                self.broken = Some(error);
                self.more = None;
            }
        }
        if self.text.len() - before < step {
            self.more = None;
        }
        self.text.len() > before
    }

    /// The next byte that is no white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let from = self.at;
            self.at = haechi_model::event::json::space(self.text, self.at);
            self.bytes.between += (self.at - from) as u64;
            if let Some(byte) = self.text.get(self.at).copied() {
                return Some(byte);
            }
            if !self.grow() {
                return None;
            }
        }
    }

    /// Gets so many bytes into memory, as far as there are any.
    pub(crate) fn fill(&mut self, bytes: usize) {
        while self.rest().len() < bytes && self.grow() {}
    }

    /// The length of the whole lines from here that are in memory; at the end, of what is left.
    pub(crate) fn whole_lines(&mut self, most: usize) -> Result<usize, Miss> {
        loop {
            if let Some(last) = memchr::memrchr(b'\n', self.rest()) {
                return Ok(last + 1);
            }
            if self.rest().len() > most {
                return Err(Miss::Large);
            }
            if !self.grow() {
                return if self.rest().is_empty() { Err(Miss::End) } else { Ok(self.rest().len()) };
            }
        }
    }

    /// Scans from here, with more text as long as the scan asks for it and no more than `most` bytes.
    pub(crate) fn scan<T>(&mut self, most: usize, mut scan: impl FnMut(&[u8]) -> Result<T, Halt>) -> Result<T, Miss> {
        loop {
            match scan(self.rest()) {
                Ok(found) => return Ok(found),
                Err(Halt::Wrong { at, what }) => return Err(Miss::Wrong { at, what }),
                Err(Halt::Incomplete) if self.rest().len() > most => return Err(Miss::Large),
                Err(Halt::Incomplete) if self.grow() => {}
                Err(Halt::Incomplete) => return Err(Miss::End),
            }
        }
    }

    /// Goes behind the object or array that begins here, by its brackets. False where it has no end.
    pub(crate) fn pass_brackets(&mut self) -> bool {
        let mut balance = Balance::default();
        loop {
            if let Some(end) = balance.take(self.rest()) {
                self.take_damaged(end);
                return true;
            }
            self.take_damaged(usize::MAX);
            if !self.grow() {
                return false;
            }
        }
    }

    /// Goes to the next line. False where there is none.
    pub(crate) fn pass_line(&mut self) -> bool {
        loop {
            if let Some(end) = memchr::memchr(b'\n', self.rest()) {
                self.take_damaged(end + 1);
                return true;
            }
            self.take_damaged(usize::MAX);
            if !self.grow() {
                return false;
            }
        }
    }

    /// Reads what is left and cannot be told apart, so that its bytes are counted.
    pub(crate) fn pass_rest(&mut self) {
        loop {
            self.take_damaged(usize::MAX);
            if !self.grow() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_model::event::json::value_end;

    #[test]
    fn a_window_moves() {
        let text = format!("  {}\n{} [7]", "{\"a\":\"".to_owned() + &"x".repeat(3 << 20) + "\"}", "[1,2]");
        let mut memory = Vec::new();
        let mut window = Window::moving(&mut memory, Box::new(text.as_bytes()));
        assert_eq!(window.peek(), Some(b'{'));
        assert_eq!(window.scan(1 << 20, |text| value_end(text, 0)), Err(Miss::Large));
        let end = window.scan(16 << 20, |text| value_end(text, 0)).unwrap();
        window.take(end);
        assert_eq!((window.peek(), window.line(0)), (Some(b'['), 2));
        assert!(window.pass_brackets());
        assert_eq!(window.peek(), Some(b'['));
        window.pass_rest();
        assert_eq!((window.peek(), window.passed()), (None, text.len() as u64));
    }
}
