//! One digest: what it says of its hour, and the string that CloudTrail signs.

use haechi_model::Timestamp;
use serde::Deserialize;

use super::inflate::TextHash;

/// A log as a digest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedLog {
    pub bucket: String,
    pub key: String,
    /// SHA-256 of the log's text.
    pub hash: TextHash,
}

/// The digest before, as a digest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    pub bucket: String,
    pub key: String,
    pub hash: Option<TextHash>,
    /// In hexadecimal, as it stands there: it is a part of what is signed.
    pub signature: Option<String>,
}

/// A digest file of CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub account: Option<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    /// As it stands there: it is a part of what is signed.
    end_text: String,
    pub bucket: String,
    pub key: String,
    /// Of the public key.
    pub fingerprint: String,
    /// `SHA256withRSA`.
    pub algorithm: Option<String>,
    /// None: the chain begins here.
    pub previous: Option<Previous>,
    /// The previous digest's signature as it stands there, for the string that is signed.
    previous_signature: Option<String>,
    pub logs: Vec<NamedLog>,
    /// SHA-256 of this digest's text.
    pub hash: TextHash,
}

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    #[error("no digest of CloudTrail: {0}")]
    Format(String),
    #[error("`{0}` is no date and time")]
    Time(String),
    #[error("`{0}` is no SHA-256 in hexadecimal")]
    Hash(String),
    /// CloudTrail has used SHA-256 only.
    #[error("the hash algorithm `{0}` is not known")]
    Algorithm(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    aws_account_id: Option<String>,
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    bucket: String,
    #[serde(rename = "digestS3Object")]
    key: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: Option<String>,
    #[serde(rename = "previousDigestS3Bucket")]
    previous_bucket: Option<String>,
    #[serde(rename = "previousDigestS3Object")]
    previous_key: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    previous_digest_signature: Option<String>,
    #[serde(default)]
    log_files: Vec<RawLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog {
    #[serde(rename = "s3Bucket")]
    bucket: String,
    #[serde(rename = "s3Object")]
    key: String,
    hash_value: String,
    hash_algorithm: Option<String>,
}

impl Digest {
    /// Reads the text of a digest, inflated.
    ///
    /// # Errors
    /// The text is no digest, or has a member that cannot be understood.
    pub fn parse(text: &[u8]) -> Result<Self, DigestError> {
        let raw: Raw = serde_json::from_slice(text).map_err(|error| DigestError::Format(error.to_string()))?;
        let time = |text: &str| Timestamp::parse(text).map_err(|_| DigestError::Time(shown(text)));
        let previous = match (raw.previous_bucket, raw.previous_key) {
            (Some(bucket), Some(key)) => {
                known(raw.previous_digest_hash_algorithm.as_deref())?;
                let hash = raw.previous_digest_hash_value.as_deref().map(sha256).transpose()?;
                Some(Previous { bucket, key, hash, signature: raw.previous_digest_signature.clone() })
            }
            _ => None,
        };
        let log = |log: RawLog| {
            known(log.hash_algorithm.as_deref())?;
            Ok(NamedLog { hash: sha256(&log.hash_value)?, bucket: log.bucket, key: log.key })
        };
        let (start, end) = (time(&raw.digest_start_time)?, time(&raw.digest_end_time)?);
        if end < start {
            return Err(DigestError::Format("it ends before it begins".to_owned()));
        }
        Ok(Self {
            account: raw.aws_account_id,
            start,
            end,
            end_text: raw.digest_end_time,
            bucket: raw.bucket,
            key: raw.key,
            fingerprint: raw.digest_public_key_fingerprint,
            algorithm: raw.digest_signature_algorithm,
            previous,
            previous_signature: raw.previous_digest_signature,
            logs: raw.log_files.into_iter().map(log).collect::<Result<_, _>>()?,
            hash: TextHash::of(text),
        })
    }

    /// What CloudTrail signs: the end of the time, the place, the hash of this text and the signature before.
    pub fn signed_text(&self) -> String {
        let before = self.previous_signature.as_deref().unwrap_or("null");
        format!("{}\n{}/{}\n{}\n{before}", self.end_text, self.bucket, self.key, self.hash)
    }
}

fn known(algorithm: Option<&str>) -> Result<(), DigestError> {
    match algorithm {
        None | Some("SHA-256") => Ok(()),
        Some(other) => Err(DigestError::Algorithm(shown(other))),
    }
}

fn sha256(text: &str) -> Result<TextHash, DigestError> {
    TextHash::parse(text).ok_or_else(|| DigestError::Hash(shown(text)))
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn document() -> Value {
        json!({
            "awsAccountId": "111122223333",
            "digestStartTime": "2026-11-22T08:01:31Z",
            "digestEndTime": "2026-11-22T09:01:31Z",
            "digestS3Bucket": "b",
            "digestS3Object": "k",
            "digestPublicKeyFingerprint": "f",
            "digestSignatureAlgorithm": "SHA256withRSA",
            "previousDigestS3Bucket": null,
            "previousDigestS3Object": null,
            "previousDigestHashValue": null,
            "previousDigestHashAlgorithm": null,
            "previousDigestSignature": null,
            "logFiles": [{"s3Bucket": "b", "s3Object": "l", "hashValue": "00".repeat(32), "hashAlgorithm": "SHA-256"}],
        })
    }

    #[test]
    fn a_starting_digest() {
        let text = document().to_string();
        let digest = Digest::parse(text.as_bytes()).unwrap();
        assert_eq!((digest.previous.is_none(), digest.logs.len()), (true, 1));
        let hash = TextHash::of(text.as_bytes());
        assert_eq!(digest.signed_text(), format!("2026-11-22T09:01:31Z\nb/k\n{hash}\nnull"));
    }

    #[test]
    fn what_is_no_digest() {
        let check = |change: &dyn Fn(&mut Value), words: &str| {
            let mut document = document();
            change(&mut document);
            let error = Digest::parse(document.to_string().as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        check(&|it| it["digestEndTime"] = json!("soon"), "no date and time");
        check(&|it| it["digestEndTime"] = json!("2026-11-22T07:00:00Z"), "ends before it begins");
        check(&|it| it["logFiles"][0]["hashValue"] = json!("0g".repeat(32)), "no SHA-256");
        check(&|it| it["logFiles"][0]["hashValue"] = json!("é".repeat(32)), "no SHA-256");
        check(&|it| it["logFiles"][0]["hashAlgorithm"] = json!("MD5"), "MD5");
        check(&|it| drop(it.as_object_mut().unwrap().remove("digestS3Object")), "digestS3Object");
        check(&|it| it["logFiles"] = json!(7), "invalid type");
        assert!(Digest::parse(b"").is_err() && Digest::parse(b"[]").is_err());
        assert!(Digest::parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
