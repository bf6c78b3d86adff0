//! The text of a digest or a log, and its SHA-256. CloudTrail packs each file as one gzip member: what stands behind
//! it was put there by someone else, and a reader of logs would read it.

use std::fmt;
use std::io::{self, BufRead, Read};

use aws_lc_rs::digest::{Context, SHA256, digest};
use flate2::bufread::GzDecoder;

use crate::source::Limits;

/// SHA-256 of a text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextHash([u8; 32]);

impl TextHash {
    pub fn of(text: &[u8]) -> Self {
        Self::from_digest(digest(&SHA256, text).as_ref())
    }

    /// 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |letter: u8| char::from(letter).to_digit(16);
            *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
        }
        Some(Self(bytes))
    }

    fn from_digest(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(bytes);
        Self(hash)
    }
}

impl fmt::Display for TextHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TextHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a file has no text.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It is gzip that is cut off or damaged.
    #[error("the packed data is damaged: {0}")]
    Packed(String),
    #[error("bytes stand behind the packed data")]
    Behind,
    /// It grows out of all bounds.
    #[error("it inflates to more than {0} bytes")]
    Large(u64),
    /// The file itself could not be read.
    #[error("{0}")]
    Unread(#[from] io::Error),
}

impl Damage {
    /// Whether the file is other than CloudTrail wrote it, rather than out of reach.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Packed(_) | Self::Behind)
    }
}

const STEP: usize = 1 << 16;

/// The SHA-256 of a file's text: inflated when it is gzip, as it is when it was unpacked before.
///
/// # Errors
/// See [`Damage`].
pub fn hash_of(source: impl BufRead, limits: Limits) -> Result<TextHash, Damage> {
    let mut hash = Context::new(&SHA256);
    each_part(source, limits, &mut |part| hash.update(part))?;
    Ok(TextHash::from_digest(hash.finish().as_ref()))
}

/// The text itself: for digests, which are small.
///
/// # Errors
/// See [`Damage`].
pub fn text_of(source: impl BufRead, limits: Limits) -> Result<Vec<u8>, Damage> {
    let mut text = Vec::new();
    each_part(source, limits, &mut |part| text.extend_from_slice(part))?;
    Ok(text)
}

fn each_part(mut source: impl BufRead, limits: Limits, take: &mut dyn FnMut(&[u8])) -> Result<(), Damage> {
    let mut buffer = vec![0; STEP];
    let mut total = 0_u64;
    let mut count = |length: usize| {
        total += length as u64;
        if total > limits.inflated { Err(Damage::Large(limits.inflated)) } else { Ok(()) }
    };
    if !source.fill_buf()?.starts_with(&[0x1F, 0x8B]) {
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => {
                    count(length)?;
                    take(&buffer[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let mut unpacked = GzDecoder::new(Watched { source, broken: false });
    loop {
        match unpacked.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                count(length)?;
                take(&buffer[..length]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if unpacked.get_ref().broken => return Err(error.into()),
            Err(error) => return Err(Damage::Packed(error.to_string())),
        }
    }
    let mut rest = unpacked.into_inner();
    if rest.fill_buf()?.is_empty() { Ok(()) } else { Err(Damage::Behind) }
}

/// Tells a source that failed from data that is damaged.
struct Watched<R> {
    source: R,
    broken: bool,
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer).inspect_err(|_| self.broken = true)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let broken = &mut self.broken;
        self.source.fill_buf().inspect_err(|_| *broken = true)
    }

    fn consume(&mut self, count: usize) {
        self.source.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_text_has_one_hash_packed_or_not() {
        let text = b"{\"Records\":[]}".repeat(20_000);
        let hash = TextHash::of(&text);
        assert_eq!(hash_of(text.as_slice(), Limits::default()).unwrap(), hash);
        assert_eq!(hash_of(packed(&text).as_slice(), Limits::default()).unwrap(), hash);
        assert_eq!(text_of(packed(&text).as_slice(), Limits::default()).unwrap(), text);
        assert_eq!(TextHash::parse(&hash.to_string()), Some(hash));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash_of(&b""[..], Limits::default()).unwrap().to_string(), empty);
    }

    #[test]
    fn what_was_added_or_cut_off() {
        let good = packed(b"text");
        let of = |bytes: &[u8]| hash_of(bytes, Limits::default()).unwrap_err();
        for behind in [&b"x"[..], &packed(b""), &packed(b"more"), &[0]] {
            assert!(matches!(of(&[good.as_slice(), behind].concat()), Damage::Behind), "{behind:?}");
        }
        for length in 2..good.len() {
            let error = of(&good[..length]);
            assert!(matches!(error, Damage::Packed(_)) && error.is_change(), "{length}: {error}");
        }
        let mut other = good.clone();
        let at = other.len() - 6;
        other[at] ^= 1;
        assert!(matches!(of(&other), Damage::Packed(_)), "the checksum");
        let bomb = packed(&vec![0; 1 << 20]);
        let limits = Limits { inflated: 1 << 16, ..Limits::default() };
        assert!(matches!(hash_of(bomb.as_slice(), limits), Err(Damage::Large(_))));
    }
}
