//! Opens a file or bytes as a stream of text: gzip is inflated on the way, within bounds.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use super::Limits;
use super::bucket::Parts;
use crate::Stop;

/// Where the text comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    File(&'a Path),
    Bytes {
        name: &'a str,
        bytes: &'a [u8],
    },
    /// Read once, from its start to its end.
    Stream(&'a Stream),
}

/// An object that is on its way.
pub(crate) struct Stream {
    pub(crate) name: PathBuf,
    pub(crate) parts: RefCell<Option<Parts>>,
}

impl<'a> Source<'a> {
    pub(crate) fn name(&self) -> PathBuf {
        match self {
            Source::File(path) => path.to_path_buf(),
            Source::Bytes { name, .. } => PathBuf::from(name),
            Source::Stream(stream) => stream.name.clone(),
        }
    }

    /// Opens it from its start. `taken` counts the bytes read from it, before they are inflated.
    pub(crate) fn open(&self, limits: Limits, stop: &Stop, taken: Rc<Cell<u64>>) -> io::Result<Box<dyn Read + 'a>> {
        let source: Box<dyn BufRead + 'a> = match *self {
            Source::File(path) => {
                if !std::fs::metadata(path)?.is_file() {
                    return Err(io::Error::other("neither a file nor a folder"));
                }
                Box::new(BufReader::with_capacity(64 * 1024, File::open(path)?))
            }
            Source::Bytes { bytes, .. } => Box::new(bytes),
            Source::Stream(stream) => match stream.parts.borrow_mut().take() {
                Some(parts) => Box::new(BufReader::with_capacity(64 * 1024, parts)),
                None => return Err(io::Error::other("the object was read already")),
            },
        };
        let mut counted = Counted { source, taken: taken.clone(), stop: stop.clone() };
        let zipped = counted.fill_buf()?.starts_with(&[0x1F, 0x8B]);
        Ok(if zipped {
            Box::new(Inflate { text: MultiGzDecoder::new(counted), inflated: 0, taken, limits })
        } else {
            Box::new(counted)
        })
    }
}

/// Counts what is taken, and ends when the user stops the run.
struct Counted<R> {
    source: R,
    taken: Rc<Cell<u64>>,
    stop: Stop,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_stopped() {
            return Err(io::Error::other("stopped"));
        }
        let count = self.source.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.stop.is_stopped() {
            return Err(io::Error::other("stopped"));
        }
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.taken.set(self.taken.get() + count as u64);
        self.source.consume(count);
    }
}

/// Inflates gzip of any number of members; refuses what grows out of all proportion.
struct Inflate<R> {
    text: MultiGzDecoder<R>,
    inflated: u64,
    taken: Rc<Cell<u64>>,
    limits: Limits,
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        self.inflated += count as u64;
        let Limits { inflated, ratio, ratio_from, .. } = self.limits;
        if self.inflated > inflated {
            let what = format!("it inflates to more than {inflated} bytes: the rest is not read");
            return Err(io::Error::other(what));
        }
        if self.inflated > ratio_from && self.inflated / ratio.max(1) > self.taken.get() {
            let what = format!("it inflates to more than {ratio} times its size: the rest is not read");
            return Err(io::Error::other(what));
        }
        Ok(count)
    }
}
