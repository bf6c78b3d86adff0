//! A window over a file: the bytes between what was used and what was read, grown only while a value is held.
//!
//! The window is 256 KiB; a held value makes it larger, up to the limit of one item (16 MiB).

use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};

use super::scan::{Lines, Scan};

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// A place in a file, from 1; columns count bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

impl Place {
    const START: Place = Place { line: 1, column: 1 };

    /// Where one stands after these bytes.
    pub(crate) fn after(self, bytes: &[u8]) -> Place {
        match memrchr(b'\n', bytes) {
            None => Place { line: self.line, column: self.column + bytes.len() as u64 },
            Some(last) => Place {
                line: self.line + memchr_iter(b'\n', bytes).count() as u64,
                column: (bytes.len() - last) as u64,
            },
        }
    }
}

/// How the scan of a value ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    /// It has an end, but its brackets or quotes do not match.
    Broken,
    /// The input ended first.
    Truncated,
    /// The held value grew over the limit; the scan can go on once it is let go.
    TooLarge,
}

pub(crate) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    held: Option<usize>,
    /// Where what was held last starts.
    held_from: Place,
    limit: usize,
    ended: bool,
    /// A place that is known, and the index in the buffer it belongs to.
    known: (usize, Place),
    /// Where the buffer starts.
    start: Place,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(source: R, limit: usize) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            at: 0,
            held: None,
            held_from: Place::START,
            limit,
            ended: false,
            known: (0, Place::START),
            start: Place::START,
        }
    }

    /// Reads on, keeping what is held: false at the end of the input.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.overgrown() {
            self.held = None;
        }
        let keep = self.held.unwrap_or(self.at).min(self.at);
        if keep > 0 {
            self.start = self.place_of(keep);
            self.buffer.drain(..keep);
            self.at -= keep;
            self.held = self.held.map(|held| held - keep);
            self.known = (0, self.start);
        }
        let old = self.buffer.len();
        self.buffer.resize(old + CHUNK, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[old..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.buffer.truncate(old + count);
        self.ended = count == 0;
        read.map(|count| count > 0)
    }

    /// The next byte that is not white space, not taken yet.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
            match self.buffer[self.at..].iter().position(|byte| !space(byte)) {
                Some(skip) => {
                    self.at += skip;
                    return Ok(Some(self.buffer[self.at]));
                }
                None => self.at = self.buffer.len(),
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Takes the next byte.
    pub(crate) fn next(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.buffer.len() && !self.fill()? {
            return Ok(None);
        }
        self.at += 1;
        Ok(Some(self.buffer[self.at - 1]))
    }

    /// Takes the byte order mark that some editors write.
    pub(crate) fn skip_mark(&mut self) -> io::Result<()> {
        while self.buffer.len() < 3 && self.fill()? {}
        if self.buffer.starts_with(b"\xEF\xBB\xBF") {
            self.at = 3;
        }
        Ok(())
    }

    /// The first bytes of the input, before anything was taken.
    pub(crate) fn first(&self) -> &[u8] {
        &self.buffer
    }

    /// Keeps all from here on, until it is let go.
    pub(crate) fn hold(&mut self) {
        self.held = Some(self.at);
        self.held_from = self.here();
    }

    pub(crate) fn let_go(&mut self) {
        self.held = None;
    }

    /// What was taken since it is held; nothing when it was let go.
    pub(crate) fn held(&self) -> Option<&[u8]> {
        self.held.map(|held| &self.buffer[held..self.at])
    }

    /// Goes back to a byte of what is held.
    pub(crate) fn rewind(&mut self, offset: usize) {
        if let Some(held) = self.held {
            self.at = (held + offset).min(self.at);
        }
    }

    /// Whether the next byte is the first of its line.
    pub(crate) fn starts_line(&mut self) -> Lines {
        if self.here().column == 1 { Lines::OneValueEach } else { Lines::Free }
    }

    /// What is held was let go, or is larger than the limit and will be.
    pub(crate) fn overgrown(&self) -> bool {
        self.held.is_none_or(|held| self.at - held > self.limit)
    }

    /// Takes the value that starts here.
    pub(crate) fn scan(&mut self, scan: &mut Scan) -> io::Result<End> {
        loop {
            if self.held.is_some() && self.overgrown() {
                return Ok(End::TooLarge);
            }
            if self.at == self.buffer.len() && !self.fill()? {
                return Ok(if scan.may_end() { End::Whole } else { End::Truncated });
            }
            // One byte over the limit shows that it is exceeded, however the bytes arrive.
            let length = self.buffer.len();
            let most = self.held.map_or(length, |held| length.min(held + self.limit + 1));
            if let Some(taken) = scan.feed(&self.buffer[self.at..most]) {
                self.at += taken;
                return Ok(if scan.is_broken() { End::Broken } else { End::Whole });
            }
            self.at = most;
        }
    }

    /// Where the next byte stands.
    pub(crate) fn here(&mut self) -> Place {
        self.place_of(self.at)
    }

    /// Where what is held, or was, starts.
    pub(crate) fn held_from(&self) -> Place {
        self.held_from
    }

    /// Walks on from the last place asked for, so that many questions cost one pass.
    fn place_of(&mut self, index: usize) -> Place {
        let (known, place) = if self.known.0 <= index { self.known } else { (0, self.start) };
        let place = place.after(&self.buffer[known..index]);
        self.known = (index, place);
        place
    }
}
