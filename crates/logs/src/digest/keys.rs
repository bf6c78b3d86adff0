//! CloudTrail's public keys, as `aws cloudtrail list-public-keys` prints them, and the check of a signature.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::document::Digest;

/// A signature as the metadata of a digest's object has it, or the digest behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// In hexadecimal.
    pub hex: String,
    /// `SHA256withRSA`; the metadata says so beside the signature.
    pub algorithm: Option<String>,
}

/// What a signature says of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// CloudTrail wrote this, and nobody has changed it.
    Good,
    Bad,
    /// There is no key with the digest's fingerprint.
    NoKey,
    /// It was signed in a way that is not known.
    Algorithm,
}

/// Keys by their fingerprints. Each region of AWS has its own, and a new one from time to time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys {
    /// RSA keys in DER: PKCS #1, as CloudTrail documents it, or SubjectPublicKeyInfo.
    keys: BTreeMap<String, Vec<u8>>,
}

/// Why a text has no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("no answer of list-public-keys: it has no `PublicKeyList`")]
    NoList,
    #[error("key {0} of the list needs a `Fingerprint`, and a `Value` in Base64")]
    Key(usize),
}

/// How digests are signed.
const ALGORITHM: &str = "SHA256withRSA";

impl PublicKeys {
    /// Reads an answer of ListPublicKeys, as the AWS CLI prints it.
    ///
    /// # Errors
    /// The text is another one, or a key in it is damaged.
    pub fn parse(text: &[u8]) -> Result<Self, KeysError> {
        let answer: Value = serde_json::from_slice(text).map_err(|error| KeysError::NotJson(error.to_string()))?;
        Self::of_answer(&answer)
    }

    /// Reads an answer of ListPublicKeys.
    ///
    /// # Errors
    /// It has no list, or a key in it is damaged.
    pub fn of_answer(answer: &Value) -> Result<Self, KeysError> {
        // The API says `PublicKeyList`; the user guide's examples `publicKeyList`.
        let list = [answer, &answer["PublicKeyList"], &answer["publicKeyList"]].into_iter().find_map(Value::as_array);
        let mut keys = BTreeMap::new();
        for (at, key) in list.ok_or(KeysError::NoList)?.iter().enumerate() {
            let read = || {
                let packed: String = key["Value"].as_str()?.split_whitespace().collect();
                Some((key["Fingerprint"].as_str()?.to_owned(), STANDARD.decode(packed).ok()?))
            };
            let (fingerprint, value) = read().ok_or(KeysError::Key(at + 1))?;
            keys.insert(fingerprint, value);
        }
        Ok(Self { keys })
    }

    pub fn add(&mut self, more: Self) {
        self.keys.extend(more.keys);
    }

    pub fn has(&self, fingerprint: &str) -> bool {
        self.keys.contains_key(fingerprint)
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a signature is CloudTrail's for a digest.
    pub fn verify(&self, digest: &Digest, signature: &Signature) -> Signed {
        let named = [&digest.algorithm, &signature.algorithm];
        if named.into_iter().flatten().any(|algorithm| algorithm != ALGORITHM) {
            return Signed::Algorithm;
        }
        let Some(key) = self.keys.get(&digest.fingerprint) else { return Signed::NoKey };
        let Some(bytes) = hexadecimal(signature.hex.trim()) else { return Signed::Bad };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        match key.verify(digest.signed_text().as_bytes(), &bytes) {
            Ok(()) => Signed::Good,
            Err(_) => Signed::Bad,
        }
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |letter: u8| char::from(letter).to_digit(16);
    digits.chunks_exact(2).map(|pair| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_the_aws_cli_prints_them() {
        let check = |text: &str, expected: Result<usize, &str>| {
            let found = PublicKeys::parse(text.as_bytes());
            match (&found, expected) {
                (Ok(keys), Ok(count)) => assert_eq!(keys.len(), count, "{text}"),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                _ => panic!("{text}: {found:?}"),
            }
        };
        let key = r#"{"Value": "MIIB\nCgKC", "Fingerprint": "8eba", "ValidityStartTime": "2026-11-01T00:00:00+00:00"}"#;
        check(&format!(r#"{{"PublicKeyList": [{key}]}}"#), Ok(1));
        check(&format!(r#"{{"publicKeyList": [{key}, {key}]}}"#), Ok(1));
        check(&format!("[{key}]"), Ok(1));
        check(r#"{"PublicKeyList": []}"#, Ok(0));
        check("{}", Err("no `PublicKeyList`"));
        check("", Err("not JSON"));
        check(r#"{"PublicKeyList": [{"Value": "!", "Fingerprint": "a"}]}"#, Err("key 1"));
        check(r#"{"PublicKeyList": [{"Value": "AAAA"}]}"#, Err("key 1"));
    }

    #[test]
    fn digits() {
        assert_eq!(hexadecimal("00fFa1"), Some(vec![0, 255, 161]));
        for wrong in ["", "0", "0g", "é0"] {
            assert_eq!(hexadecimal(wrong), None, "{wrong}");
        }
    }
}
