//! Opens a file as text: gzip and zstd are inflated on the way, within bounds.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use libdeflater::Decompressor;

use crate::window::Window;

/// The bounds of what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record.
    pub record: usize,
    /// Bytes of a file that are inflated in one piece; larger ones go through a window.
    pub whole: usize,
    /// Bytes that one packed file may inflate to.
    pub inflated: u64,
    /// How many times its own size a packed file may inflate to, and from how many bytes on that is asked.
    pub ratio: u64,
    pub ratio_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record: 16 << 20, whole: 64 << 20, inflated: 16 << 30, ratio: 1000, ratio_from: 64 << 20 }
    }
}

/// Text in a packed form, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    fn of(first: &[u8]) -> Self {
        match first {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// Memory that is used again for each file.
#[derive(Default)]
pub(crate) struct Memory {
    packed: Vec<u8>,
    text: Vec<u8>,
    inflater: Option<Decompressor>,
}

/// Memory above this is given back after a file.
const KEPT: usize = 64 << 20;

impl Memory {
    pub(crate) fn shrink(&mut self) {
        for kept in [&mut self.packed, &mut self.text] {
            if kept.capacity() > KEPT {
                kept.clear();
                kept.shrink_to(KEPT);
            }
        }
    }

    /// The text of a file.
    pub(crate) fn open_file(&mut self, path: &Path, limits: Limits) -> io::Result<Window<'_>> {
        let about = std::fs::metadata(path)?;
        if !about.is_file() {
            return Err(io::Error::other("neither a file nor a folder"));
        }
        let mut file = File::open(path)?;
        if about.len() > limits.whole as u64 {
            return self.stream(BufReader::with_capacity(1 << 18, file), limits);
        }
        self.packed.clear();
        file.by_ref().take(limits.whole as u64 + 1).read_to_end(&mut self.packed)?;
        if self.packed.len() > limits.whole {
            // It grew while it was read.
            return self.stream(BufReader::new(File::open(path)?), limits);
        }
        self.open_packed(limits)
    }

    /// The text of bytes.
    pub(crate) fn open_bytes(&mut self, bytes: &[u8], limits: Limits) -> io::Result<Window<'_>> {
        self.packed.clear();
        self.packed.extend_from_slice(bytes);
        self.open_packed(limits)
    }

    /// Any stream, such as standard input.
    pub(crate) fn stream<'a>(&'a mut self, mut source: impl BufRead + 'a, limits: Limits) -> io::Result<Window<'a>> {
        let packing = Packing::of(source.fill_buf()?);
        inflated(&mut self.text, source, packing, limits)
    }

    fn open_packed(&mut self, limits: Limits) -> io::Result<Window<'_>> {
        let packing = Packing::of(&self.packed);
        match packing {
            Packing::Plain => Ok(Window::whole(&mut self.packed)),
            Packing::Gzip if self.inflate(limits) => Ok(Window::whole(&mut self.text)),
            _ => inflated(&mut self.text, self.packed.as_slice(), packing, limits),
        }
    }

    /// Inflates a gzip file of one member in one piece. False when it is anything else: damaged, large, of many members.
    fn inflate(&mut self, limits: Limits) -> bool {
        // A second member begins like the first: where its mark is nowhere, there is none.
        let mark = [0x1F, 0x8B, 8];
        if self.packed.len() < 18 || memchr::memmem::find(&self.packed[3..], &mark).is_some() {
            return false;
        }
        let Some(length) = self.packed.last_chunk::<4>() else { return false };
        let length = u32::from_le_bytes(*length) as usize;
        let grown = length as u64 > limits.ratio_from && length as u64 / limits.ratio.max(1) > self.packed.len() as u64;
        if length > limits.whole || grown {
            return false;
        }
        // What the last file left is written over: only what is longer has to be cleared.
        self.text.resize(length, 0);
        let inflater = self.inflater.get_or_insert_default();
        match inflater.gzip_decompress(&self.packed, &mut self.text) {
            Ok(count) => {
                self.text.truncate(count);
                true
            }
            Err(_) => false,
        }
    }
}

fn inflated<'a>(
    memory: &'a mut Vec<u8>,
    source: impl BufRead + 'a,
    packing: Packing,
    limits: Limits,
) -> io::Result<Window<'a>> {
    let taken = std::rc::Rc::new(std::cell::Cell::new(0));
    let counted = Counted { source, taken: taken.clone() };
    let text: Box<dyn Read + 'a> = match packing {
        Packing::Plain => return Ok(Window::moving(memory, Box::new(counted.source))),
        Packing::Gzip => Box::new(MultiGzDecoder::new(counted)),
        Packing::Zstd => {
            let mut reader = zstd::stream::read::Decoder::with_buffer(counted)?;
            // 64 MiB of context: what zstd's highest ordinary level needs.
            reader.window_log_max(26)?;
            Box::new(reader)
        }
    };
    Ok(Window::moving(memory, Box::new(Bounded { text, inflated: 0, taken, limits })))
}

/// Counts what is taken from a packed source.
struct Counted<R> {
    source: R,
    taken: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.taken.set(self.taken.get() + count as u64);
        self.source.consume(count);
    }
}

/// Refuses what grows out of all proportion.
struct Bounded<R> {
    text: R,
    inflated: u64,
    taken: std::rc::Rc<std::cell::Cell<u64>>,
    limits: Limits,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        self.inflated += count as u64;
        let Limits { inflated, ratio, ratio_from, .. } = self.limits;
        if self.inflated > inflated {
            return Err(io::Error::other(format!("it inflates to more than {inflated} bytes")));
        }
        if self.inflated > ratio_from && self.inflated / ratio.max(1) > self.taken.get() {
            return Err(io::Error::other(format!("it inflates to more than {ratio} times its size")));
        }
        Ok(count)
    }
}
