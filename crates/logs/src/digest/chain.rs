//! The digests of one chain, oldest first: each is judged by its own signature and by what the digest behind it says of
//! it; what lies between two of them is a gap with a cause.
//!
//! The signature of a digest is in its object's metadata, which copies lose, and in the digest behind it. Digests
//! come every hour: where one is missing and names no other, the hours tell how many more there were.

use std::collections::{BTreeSet, VecDeque};

use haechi_model::Timestamp;

use super::document::{Digest, NamedLog, Previous};
use super::inflate::TextHash;
use super::keys::{PublicKeys, Signature, Signed};
use super::name::DigestName;

/// Where a digest was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Object {
        bucket: String,
        key: String,
    },
    /// A copy: its path, with `/`.
    File(String),
}

/// A digest as it was found. `read` is what came of opening it.
#[derive(Debug)]
pub struct FoundDigest {
    pub found: Found,
    pub name: DigestName,
    pub read: Result<Digest, Reason>,
    /// From the object's metadata.
    pub signature: Option<Signature>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As CloudTrail delivered it.
    Valid,
    Changed,
    Missing,
    /// It may be as it was; nothing that is at hand proves it.
    Unchecked,
}

/// Why a digest or a log is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is not where it says that it was delivered to.
    Moved {
        original: String,
    },
    /// The signature is not CloudTrail's for this text.
    Signature,
    /// The text is CloudTrail's; the signature in the object's metadata is another.
    Metadata,
    /// The digest behind it has another hash of it.
    Chain,
    /// A log's text does not have the hash that its digest names.
    Hash,
    /// What was read is no digest, or packed data that is damaged.
    Damaged(String),
    /// A digest names it, and it is not there.
    Named {
        by: String,
    },
    /// Digests are delivered every hour, and this hour has none.
    Hour,
    /// The signature is in the object's metadata, which a copy does not keep, and no later digest is there.
    NoSignature,
    NoKey {
        fingerprint: String,
        region: String,
    },
    Algorithm,
    /// It could not be read.
    Unread(String),
    /// The digest that names this log is not valid or not proved.
    Digest,
    /// A log that no digest names.
    NoDigest,
}

impl Reason {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Moved { .. }
            | Self::Signature
            | Self::Metadata
            | Self::Chain
            | Self::Hash
            | Self::Damaged(_)
            | Self::NoDigest => Verdict::Changed,
            Self::Named { .. } | Self::Hour => Verdict::Missing,
            Self::NoSignature | Self::NoKey { .. } | Self::Algorithm | Self::Unread(_) | Self::Digest => {
                Verdict::Unchecked
            }
        }
    }
}

/// A time of which no digest of the chain speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub from: Timestamp,
    pub to: Timestamp,
    pub cause: GapCause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapCause {
    /// A digest that begins a chain says so: logging, or the validation of log files, was off.
    Off,
    /// Digests are missing.
    Missing,
    /// Two digests that follow each other do not touch.
    Apart,
}

/// What a chain says, one after the other.
#[derive(Debug)]
pub enum ChainEvent {
    /// A digest is judged. Its logs are named whatever came of it.
    Judged {
        found: Found,
        name: DigestName,
        span: Option<(Timestamp, Timestamp)>,
        reason: Option<Reason>,
        logs: Vec<NamedLog>,
    },
    /// A digest is not there.
    Missing {
        bucket: String,
        key: String,
        end: Timestamp,
        reason: Reason,
    },
    /// More digests are missing than are named: so many, in this time.
    MissingMore {
        count: u64,
        from: Timestamp,
        to: Timestamp,
    },
    /// The oldest digest names one before it, which is not there: the copy or the listing begins here, or it was deleted.
    Begins {
        at: Timestamp,
        bucket: String,
        key: String,
        by: String,
    },
    Gap(Gap),
}

/// Digests that wait for what the digests behind them say.
const WINDOW: usize = 4;
const HOUR: i64 = 3_600_000_000;
/// Names of missing digests that are worked out from the hours.
const WORKED_OUT: u64 = 100;
/// Digests touch; clocks may differ by less than this.
const TOUCH: i64 = 5 * 60_000_000;

struct Held {
    found: FoundDigest,
    witness: Option<Witness>,
}

struct Witness {
    signature: Option<Signature>,
    hash: Option<TextHash>,
}

/// The judge of one chain.
#[derive(Default)]
pub struct Chain {
    held: VecDeque<Held>,
    /// When the digests that were found end.
    ends: BTreeSet<Timestamp>,
}

impl Chain {
    /// Takes the next digest, in the order of their ends.
    pub fn push(&mut self, found: FoundDigest, keys: &PublicKeys, out: &mut Vec<ChainEvent>) {
        let end = found.name.end;
        if let Ok(digest) = &found.read {
            match &digest.previous {
                Some(previous) => self.follow(&found, digest, previous, out),
                None => {
                    if let Some(last) = self.before(end)
                        && !found.name.backfill
                    {
                        out.push(ChainEvent::Gap(Gap { from: last, to: digest.start.max(last), cause: GapCause::Off }));
                    }
                }
            }
        }
        self.ends.insert(end);
        self.held.push_back(Held { found, witness: None });
        while self.held.len() > WINDOW {
            self.judge_first(keys, out);
        }
    }

    /// No digest comes any more.
    pub fn finish(mut self, keys: &PublicKeys, out: &mut Vec<ChainEvent>) {
        while !self.held.is_empty() {
            self.judge_first(keys, out);
        }
    }

    fn before(&self, end: Timestamp) -> Option<Timestamp> {
        self.ends.range(..end).next_back().copied()
    }

    /// Keeps what a digest says of the one before it, or tells that it is not there.
    fn follow(&mut self, found: &FoundDigest, digest: &Digest, previous: &Previous, out: &mut Vec<ChainEvent>) {
        let named = DigestName::parse(&previous.key);
        let fits = |held: &&mut Held| match &named {
            Some(named) => held.found.name == *named,
            None => held.found.read.as_ref().is_ok_and(|digest| digest.key == previous.key),
        };
        // A digest may be there twice, as a copy in another folder.
        let mut before = None;
        for held in self.held.iter_mut().filter(fits) {
            // The algorithm is named in the metadata; a chain has one.
            let signature = previous.signature.clone().map(|hex| Signature { hex, algorithm: None });
            held.witness = Some(Witness { signature, hash: previous.hash });
            before = Some(held.found.name.end);
        }
        if let Some(before) = before {
            if !found.name.backfill && digest.start.since(before) > TOUCH {
                out.push(ChainEvent::Gap(Gap { from: before, to: digest.start, cause: GapCause::Apart }));
            }
            return;
        }
        let end = named.as_ref().map_or(digest.start, |named| named.end);
        if self.ends.contains(&end) {
            return;
        }
        let by = found.found.shown();
        let Previous { bucket, key, .. } = previous.clone();
        let Some(last) = self.before(end) else {
            // Others of the chain may be there, and be older: then it is missing all the same.
            if self.ends.is_empty() {
                out.push(ChainEvent::Begins { at: digest.start, bucket, key, by });
            } else {
                out.push(ChainEvent::Missing { bucket, key, end, reason: Reason::Named { by } });
            }
            return;
        };
        out.push(ChainEvent::Missing { bucket: bucket.clone(), key: key.clone(), end, reason: Reason::Named { by } });
        if found.name.backfill {
            return;
        }
        if let Some(named) = named {
            missing_hours(&bucket, &key, &named, last, out);
        }
        out.push(ChainEvent::Gap(Gap { from: last, to: digest.start.max(last), cause: GapCause::Missing }));
    }

    fn judge_first(&mut self, keys: &PublicKeys, out: &mut Vec<ChainEvent>) {
        let Some(Held { found, witness }) = self.held.pop_front() else { return };
        let FoundDigest { found, name, read, signature } = found;
        out.push(match read {
            Err(reason) => ChainEvent::Judged { found, name, span: None, reason: Some(reason), logs: Vec::new() },
            Ok(digest) => {
                let reason = judge(&found, &name, &digest, signature.as_ref(), witness.as_ref(), keys);
                let span = Some((digest.start, digest.end));
                ChainEvent::Judged { found, name, span, reason, logs: digest.logs }
            }
        });
    }
}

/// The digests of the hours between the last one that is there and the missing one that is named.
fn missing_hours(bucket: &str, key: &str, named: &DigestName, last: Timestamp, out: &mut Vec<ChainEvent>) {
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let base = folder.strip_suffix(&DigestName::day(named.end)).unwrap_or("");
    let mut end = named.end.plus_micros(-HOUR);
    let mut count = 0;
    while end.since(last) > HOUR / 2 && count < WORKED_OUT {
        let key = if base.is_empty() {
            named.at(end).to_string()
        } else {
            format!("{base}{}/{}", DigestName::day(end), named.at(end))
        };
        out.push(ChainEvent::Missing { bucket: bucket.to_owned(), key, end, reason: Reason::Hour });
        end = end.plus_micros(-HOUR);
        count += 1;
    }
    let more = (end.since(last) + HOUR / 2) / HOUR;
    if let Ok(count) = u64::try_from(more)
        && count > 0
        && end.since(last) > HOUR / 2
    {
        out.push(ChainEvent::MissingMore { count, from: last, to: end });
    }
}

/// Why a digest is not valid; none when it is.
fn judge(
    found: &Found,
    name: &DigestName,
    digest: &Digest,
    metadata: Option<&Signature>,
    witness: Option<&Witness>,
    keys: &PublicKeys,
) -> Option<Reason> {
    if !found.is_home_of(digest) {
        return Some(Reason::Moved { original: format!("s3://{}/{}", digest.bucket, digest.key) });
    }
    let other_hash = witness.and_then(|witness| witness.hash).is_some_and(|hash| hash != digest.hash);
    let verify = |signature: &Signature| keys.verify(digest, signature);
    let own = metadata.map(verify);
    let behind = witness.and_then(|witness| witness.signature.as_ref()).map(verify);
    match (own, behind) {
        (Some(Signed::Good), _) | (None, Some(Signed::Good)) => None,
        (Some(_), Some(Signed::Good)) => Some(Reason::Metadata),
        (Some(Signed::Bad), _) | (_, Some(Signed::Bad)) => Some(Reason::Signature),
        // Even where no signature can be checked, a hash can.
        _ if other_hash => Some(Reason::Chain),
        (Some(Signed::NoKey), _) | (_, Some(Signed::NoKey)) => {
            Some(Reason::NoKey { fingerprint: digest.fingerprint.clone(), region: name.region.clone() })
        }
        (Some(Signed::Algorithm), _) | (_, Some(Signed::Algorithm)) => Some(Reason::Algorithm),
        (None, None) => Some(Reason::NoSignature),
    }
}

impl Found {
    pub fn shown(&self) -> String {
        match self {
            Self::Object { bucket, key } => format!("s3://{bucket}/{key}"),
            Self::File(path) => path.clone(),
        }
    }

    /// Whether the digest lies where it says that it was delivered to. Of a copy only the path counts, as far as it is
    /// that of the bucket.
    fn is_home_of(&self, digest: &Digest) -> bool {
        match self {
            Self::Object { bucket, key } => *bucket == digest.bucket && *key == digest.key,
            Self::File(path) => {
                let path = in_layout(path);
                let key = in_layout(&digest.key);
                let unpacked = key.strip_suffix(".gz").unwrap_or(key);
                path == key
                    || path == unpacked
                    || (!path.contains('/') && [key, unpacked].iter().any(|key| ends(key, path)))
            }
        }
    }
}

/// From `AWSLogs/` on; the last part where there is no such folder.
fn in_layout(path: &str) -> &str {
    match path.rfind("AWSLogs/") {
        Some(at) if at == 0 || path.as_bytes()[at - 1] == b'/' => &path[at..],
        _ => path.rsplit('/').next().unwrap_or(path),
    }
}

fn ends(key: &str, name: &str) -> bool {
    key.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}
