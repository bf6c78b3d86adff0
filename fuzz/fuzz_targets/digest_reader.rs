//! CloudTrail's digests, their names and public keys on any bytes: what is read goes there and back, and a chain of
//! anything is judged without a stumble.
#![no_main]

use haechi_logs::digest::{Chain, Digest, DigestName, Found, FoundDigest, PublicKeys, Reason, Signature, hash_of, text_of};
use haechi_logs::{Limits, LogName};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { inflated: 1 << 22, ..Limits::default() };
    let text = text_of(bytes, limits);
    assert_eq!(text.is_ok(), hash_of(bytes, limits).is_ok());
    let keys = PublicKeys::parse(bytes).unwrap_or_default();
    let (mut chain, mut events) = (Chain::default(), Vec::new());
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let _ = LogName::parse(line);
        let Some(name) = DigestName::parse(line) else { continue };
        assert_eq!(DigestName::parse(&name.to_string()).as_ref(), Some(&name), "{line}");
        let read = text.as_ref().map_err(|damage| Reason::Damaged(damage.to_string()));
        let read = read.and_then(|text| Digest::parse(text).map_err(|error| Reason::Damaged(error.to_string())));
        let signature = Some(Signature { hex: line.to_owned(), algorithm: None });
        chain.push(FoundDigest { found: Found::File(line.to_owned()), name, read, signature }, &keys, &mut events);
    }
    chain.finish(&keys, &mut events);
    if let Ok(digest) = text.as_deref().map_err(drop).and_then(|text| Digest::parse(text).map_err(drop)) {
        assert!(digest.start <= digest.end);
        let name = digest.key.rsplit('/').next().and_then(DigestName::parse);
        let Some(name) = name else { return };
        let (mut chain, mut events) = (Chain::default(), Vec::new());
        for hours in [-3, 0] {
            let name = name.at(name.end.plus_micros(hours * 3_600_000_000));
            let found = Found::Object { bucket: digest.bucket.clone(), key: digest.key.clone() };
            chain.push(FoundDigest { found, name, read: Ok(digest.clone()), signature: None }, &keys, &mut events);
        }
        chain.finish(&keys, &mut events);
    }
});
