//! How bodies are packed: zstd with a dictionary trained on the first items of a type,
//! or as a difference from another version. Every frame carries a checksum.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use crate::fault::Fault;

const LEVEL: i32 = 3;
/// No body is larger: AWS's are under a few megabytes. A damaged row cannot ask for more memory.
pub(crate) const MAX_BODY: usize = 256 << 20;
/// A dictionary is worth its training from this many items on.
pub(crate) const TRAIN_FROM: usize = 24;
pub(crate) const SAMPLES: usize = 400;
const DICTIONARY: usize = 24 << 10;
/// Compressors kept ready. Each holds a megabyte or more once it was used; a type that comes again after
/// it was dropped costs the reading of its dictionary.
const KEPT: usize = 8;

/// Packs bodies. Belongs to one writer.
pub(crate) struct Encoder {
    plain: Compressor<'static>,
    delta: Compressor<'static>,
    by_dictionary: HashMap<i64, Compressor<'static>>,
}

fn failed(error: io::Error) -> Fault {
    Fault::Damaged(format!("a body could not be packed: {error}"))
}

fn checked(mut compressor: Compressor<'static>) -> io::Result<Compressor<'static>> {
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    Ok(compressor)
}

impl Encoder {
    pub(crate) fn new() -> Result<Self, Fault> {
        let fresh = || Compressor::new(LEVEL).and_then(checked).map_err(failed);
        Ok(Self { plain: fresh()?, delta: fresh()?, by_dictionary: HashMap::new() })
    }

    pub(crate) fn learn(&mut self, dictionary: i64, body: &[u8]) -> Result<(), Fault> {
        if self.by_dictionary.len() >= KEPT {
            self.by_dictionary.clear();
        }
        let compressor = Compressor::with_dictionary(LEVEL, body).and_then(checked).map_err(failed)?;
        self.by_dictionary.insert(dictionary, compressor);
        Ok(())
    }

    pub(crate) fn knows(&self, dictionary: i64) -> bool {
        self.by_dictionary.contains_key(&dictionary)
    }

    /// Forgets all dictionaries: their numbers may be given to others after a rollback.
    pub(crate) fn forget(&mut self) {
        self.by_dictionary.clear();
    }

    /// Packs a whole body; the dictionary must be known.
    pub(crate) fn whole(&mut self, body: &[u8], dictionary: Option<i64>) -> Result<Vec<u8>, Fault> {
        let compressor = match dictionary {
            None => &mut self.plain,
            Some(id) => {
                self.by_dictionary.get_mut(&id).ok_or_else(|| Fault::Damaged(format!("dictionary {id} is missing")))?
            }
        };
        compressor.compress(body).map_err(failed)
    }

    /// Packs a body as its difference from another.
    pub(crate) fn difference(&mut self, body: &[u8], from: &[u8]) -> Result<Vec<u8>, Fault> {
        self.delta.set_dictionary(LEVEL, from).and_then(|()| self.delta.compress(body)).map_err(failed)
    }
}

/// Trains a dictionary on bodies of one type; none when they have too little in common.
pub(crate) fn train(bodies: &[Vec<u8>]) -> Option<Vec<u8>> {
    let samples: Vec<&[u8]> =
        bodies.iter().take(SAMPLES).map(Vec::as_slice).filter(|body| body.len() < 64 << 10).collect();
    let total: usize = samples.iter().map(|sample| sample.len()).sum();
    zstd::dict::from_samples(&samples, DICTIONARY.min(total / 4)).ok().filter(|dictionary| !dictionary.is_empty())
}

/// Unpacks bodies. Shared by a store's readers and its SQL functions.
#[derive(Clone)]
pub(crate) struct Decoder(Arc<Mutex<Inner>>);

struct Inner {
    plain: Decompressor<'static>,
    delta: Decompressor<'static>,
    by_dictionary: HashMap<i64, Decompressor<'static>>,
}

impl Decoder {
    pub(crate) fn new() -> io::Result<Self> {
        let inner = Inner { plain: Decompressor::new()?, delta: Decompressor::new()?, by_dictionary: HashMap::new() };
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A decompressor holds nothing between calls: a panic elsewhere cannot have spoilt it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn knows(&self, dictionary: i64) -> bool {
        self.inner().by_dictionary.contains_key(&dictionary)
    }

    pub(crate) fn learn(&self, dictionary: i64, body: &[u8]) -> io::Result<()> {
        let decompressor = Decompressor::with_dictionary(body)?;
        self.inner().by_dictionary.insert(dictionary, decompressor);
        Ok(())
    }

    /// Forgets all dictionaries: their numbers may be given to others after a rollback.
    pub(crate) fn forget(&self) {
        self.inner().by_dictionary.clear();
    }

    /// `size` is the number of bytes that must come out.
    pub(crate) fn whole(&self, packed: &[u8], size: i64, dictionary: Option<i64>) -> io::Result<Vec<u8>> {
        let mut inner = self.inner();
        let decompressor = match dictionary {
            None => &mut inner.plain,
            Some(id) => {
                inner.by_dictionary.get_mut(&id).ok_or_else(|| io::Error::other("its dictionary is missing"))?
            }
        };
        exactly(decompressor, packed, size)
    }

    pub(crate) fn difference(&self, packed: &[u8], size: i64, from: &[u8]) -> io::Result<Vec<u8>> {
        let mut inner = self.inner();
        inner.delta.set_dictionary(from)?;
        exactly(&mut inner.delta, packed, size)
    }
}

fn exactly(decompressor: &mut Decompressor<'_>, packed: &[u8], size: i64) -> io::Result<Vec<u8>> {
    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_BODY);
    let size = size.ok_or_else(|| io::Error::other("its size is impossible"))?;
    let body = decompressor.decompress(packed, size)?;
    if body.len() == size { Ok(body) } else { Err(io::Error::other("it is shorter than it was")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bodies() -> Vec<Vec<u8>> {
        (0..200)
            .map(|n| format!(r#"{{"resourceType":"AWS::EC2::Instance","id":"i-{n:08x}","state":{{"name":"running","code":{}}}}}"#, n * n).into_bytes())
            .collect()
    }

    #[test]
    fn a_dictionary_makes_small_bodies_much_smaller() {
        let bodies = bodies();
        let dictionary = train(&bodies).unwrap();
        let (mut encoder, decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
        encoder.learn(1, &dictionary).unwrap();
        decoder.learn(1, &dictionary).unwrap();
        let (mut with, mut without) = (0, 0);
        for body in &bodies {
            let packed = encoder.whole(body, Some(1)).unwrap();
            with += packed.len();
            without += encoder.whole(body, None).unwrap().len();
            assert_eq!(decoder.whole(&packed, body.len() as i64, Some(1)).unwrap(), *body);
        }
        assert!(with * 2 < without, "{with} against {without}");
    }

    #[test]
    fn training_on_nothing_is_no_dictionary() {
        assert_eq!(train(&[]), None);
        assert_eq!(train(&[vec![], vec![1]]), None);
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let decoder = Decoder::new().unwrap();
        let body = bodies().concat();
        let packed = Encoder::new().unwrap().whole(&body, None).unwrap();
        for at in 0..packed.len() {
            let mut broken = packed.clone();
            broken[at] ^= 4;
            assert_ne!(decoder.whole(&broken, body.len() as i64, None).ok(), Some(vec![]), "{at}");
            if let Ok(other) = decoder.whole(&broken, body.len() as i64, None) {
                // A bit of the header that carries no meaning may flip; content may not.
                assert_eq!(other, body, "{at}");
            }
        }
        assert!(decoder.whole(&packed, i64::MAX, None).is_err());
        assert!(decoder.whole(&packed, -1, None).is_err());
    }

    proptest! {
        #[test]
        fn differences_come_back(old in proptest::collection::vec(any::<u8>(), 0..300), new in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (mut encoder, decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
            let packed = encoder.difference(&old, &new).unwrap();
            prop_assert_eq!(decoder.difference(&packed, old.len() as i64, &new).unwrap(), old);
        }
    }
}
