//! Makes what CloudTrail delivers, with a key of the test's own: chains of digests and the logs that they name.
//! Tests of other crates take this module too.

use std::collections::BTreeMap;
use std::io::Write as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::GzEncoder;
use haechi_model::Timestamp;
use serde_json::{Value, json};

pub const BUCKET: &str = "trail-bucket";
pub const HOUR: i64 = 3_600_000_000;

/// An object of the bucket.
#[derive(Debug, Clone)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub metadata: BTreeMap<String, String>,
}

/// A key pair of CloudTrail's in some region.
pub struct Key {
    pair: RsaKeyPair,
    pub fingerprint: String,
}

impl Key {
    pub fn new(fingerprint: &str) -> Self {
        Self { pair: RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"), fingerprint: fingerprint.to_owned() }
    }

    /// In DER, PKCS #1, in Base64: as ListPublicKeys answers.
    pub fn value(&self) -> String {
        STANDARD.encode(self.pair.public_key().as_ref())
    }

    pub fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).expect("it signs");
        hex(&signature)
    }
}

/// The answer of ListPublicKeys.
pub fn public_keys(keys: &[&Key]) -> Value {
    let list: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "Value": key.value(), "Fingerprint": key.fingerprint,
                "ValidityStartTime": "2026-11-01T00:00:00+00:00", "ValidityEndTime": "2026-12-01T00:00:00+00:00",
            })
        })
        .collect();
    json!({"PublicKeyList": list})
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

pub fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).expect("it packs");
    encoder.finish().expect("it packs")
}

/// One trail in one region of one account.
#[derive(Debug, Clone)]
pub struct Trail {
    /// `AWSLogs/111122223333` or `prefix/AWSLogs/o-a1b2c3d4e5/111122223333`.
    pub folder: String,
    pub account: String,
    pub region: String,
    pub name: String,
}

impl Trail {
    pub fn new(account: &str, region: &str) -> Self {
        Self {
            folder: format!("AWSLogs/{account}"),
            account: account.to_owned(),
            region: region.to_owned(),
            name: "audit_trail".to_owned(),
        }
    }

    pub fn digest_key(&self, end: Timestamp, backfill: bool) -> String {
        let Self { folder, account, region, name } = self;
        let behind = if backfill { "_backfill" } else { "" };
        let (day, time) = (end.date().replace('-', "/"), compact(end));
        format!(
            "{folder}/CloudTrail-Digest/{region}/{day}/{account}_CloudTrail-Digest_{region}_{name}_us-east-1_{time}{behind}.json.gz"
        )
    }

    pub fn log_key(&self, at: Timestamp, unique: u64) -> String {
        let Self { folder, account, region, .. } = self;
        let (day, time) = (at.date().replace('-', "/"), compact(at));
        let minute = &time[..13];
        format!("{folder}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{minute}Z_{unique:016X}.json.gz")
    }
}

pub fn compact(at: Timestamp) -> String {
    at.to_string().chars().filter(|letter| !matches!(letter, '-' | ':')).collect()
}

/// The bucket, and what is needed to go on with each chain.
#[derive(Default)]
pub struct World {
    pub objects: BTreeMap<String, Object>,
    /// The last digest of a chain: key, hash and signature.
    last: BTreeMap<String, (String, String, String)>,
    unique: u64,
}

impl World {
    /// Puts a log there and says what its digest names.
    pub fn log(&mut self, trail: &Trail, at: Timestamp) -> (String, Value) {
        self.unique += 1;
        let key = trail.log_key(at, self.unique);
        let event = json!({
            "eventVersion": "1.11", "eventID": format!("00000000-0000-0000-0000-{:012x}", self.unique),
            "eventTime": at, "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances",
            "awsRegion": trail.region, "recipientAccountId": trail.account, "sourceIPAddress": "192.0.2.7",
        });
        let text = json!({"Records": [event]}).to_string();
        let named = json!({
            "s3Bucket": BUCKET, "s3Object": key, "hashValue": sha256(text.as_bytes()), "hashAlgorithm": "SHA-256",
            "newestEventTime": at, "oldestEventTime": at,
        });
        self.objects.insert(key.clone(), Object { bytes: packed(text.as_bytes()), metadata: BTreeMap::new() });
        (key, named)
    }

    /// Puts a digest there, behind the last one of its chain, and returns its key.
    pub fn digest(&mut self, trail: &Trail, key: &Key, end: Timestamp, logs: &[Value], backfill: bool) -> String {
        let name = trail.digest_key(end, backfill);
        let chain = format!("{trail:?} {backfill}");
        let before = self.last.get(&chain);
        let of = |part: fn(&(String, String, String)) -> &String| before.map(part);
        let document = json!({
            "awsAccountId": trail.account,
            "digestStartTime": end.plus_micros(-HOUR), "digestEndTime": end,
            "digestS3Bucket": BUCKET, "digestS3Object": name,
            "digestPublicKeyFingerprint": key.fingerprint, "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": null, "oldestEventTime": null,
            "previousDigestS3Bucket": before.map(|_| BUCKET), "previousDigestS3Object": of(|it| &it.0),
            "previousDigestHashValue": of(|it| &it.1), "previousDigestHashAlgorithm": before.map(|_| "SHA-256"),
            "previousDigestSignature": of(|it| &it.2),
            "logFiles": logs,
        });
        let text = document.to_string();
        let hash = sha256(text.as_bytes());
        let signed = format!("{end}\n{BUCKET}/{name}\n{hash}\n{}", of(|it| &it.2).map_or("null", String::as_str));
        let signature = key.sign(&signed);
        let mut metadata: BTreeMap<String, String> = BTreeMap::new();
        metadata.insert("signature".to_owned(), signature.clone());
        metadata.insert("signature-algorithm".to_owned(), "SHA256withRSA".to_owned());
        if backfill {
            metadata.insert("backfill-generation-timestamp".to_owned(), end.plus_micros(2 * HOUR).to_string());
        }
        self.objects.insert(name.clone(), Object { bytes: packed(text.as_bytes()), metadata });
        self.last.insert(chain, (name.clone(), hash, signature));
        name
    }

    /// The next digest begins a chain: validation was off.
    pub fn restart(&mut self, trail: &Trail) {
        self.last.remove(&format!("{trail:?} false"));
    }

    /// Hours of a trail: a digest each, with `logs` logs. Keys of the digests and of the logs.
    pub fn hours(
        &mut self,
        trail: &Trail,
        key: &Key,
        first_end: Timestamp,
        hours: i64,
        logs: i64,
    ) -> (Vec<String>, Vec<String>) {
        let (mut digests, mut keys) = (Vec::new(), Vec::new());
        for hour in 0..hours {
            let end = first_end.plus_micros(hour * HOUR);
            let made: Vec<_> =
                (0..logs).map(|at| self.log(trail, end.plus_micros(-HOUR + (at + 1) * HOUR / (logs + 1)))).collect();
            let named: Vec<_> = made.iter().map(|(_, named)| named.clone()).collect();
            keys.extend(made.into_iter().map(|(key, _)| key));
            digests.push(self.digest(trail, key, end, &named, false));
        }
        (digests, keys)
    }

    /// Changes the text of an object.
    pub fn change(&mut self, key: &str, change: impl FnOnce(String) -> String) {
        let object = self.objects.get_mut(key).expect("an object");
        let text = haechi_text(&object.bytes);
        object.bytes = packed(change(text).as_bytes());
    }
}

fn haechi_text(bytes: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text).expect("text");
    text
}
