//! Where `logs verify` finds digests and logs: a folder with copies of a trail's files, or the bucket itself.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::future::Future;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use haechi_aws::{ApiError, Client, ErrorKind, Objects, S3Location};
use haechi_logs::digest::{
    Damage, Digest, DigestName, Found, FoundDigest, NamedLog, Reason, Signature, hash_of, text_of,
};
use haechi_logs::{Limits, LogFiles, LogFilter, LogName};
use haechi_model::Timestamp;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::error::{Result, UserError};
use crate::log_objects::ObjectWalk;

/// A digest that a listing has: where, and what its name says.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) found: Found,
    pub(crate) name: DigestName,
}

/// What a source has, by names alone.
#[derive(Default)]
pub(crate) struct Inventory {
    /// Each chain's digests, oldest first.
    pub(crate) chains: BTreeMap<(String, DigestName), Vec<Listed>>,
    /// Paths or keys of logs.
    pub(crate) logs: Vec<String>,
    /// What could not be listed.
    pub(crate) unread: Vec<(String, String)>,
}

/// One source, for tasks to share.
#[derive(Clone)]
pub(crate) enum VerifySource {
    Folder(Arc<Copies>),
    Bucket { client: Client, place: S3Location },
}

/// The files of a folder by their names, without `.gz`.
pub(crate) struct Copies {
    files: HashMap<String, Vec<PathBuf>>,
}

/// A digest that was opened.
pub(crate) struct Opened {
    pub(crate) digest: FoundDigest,
    /// When a backfill digest was signed: its key is of that time.
    pub(crate) signed: Option<Timestamp>,
}

/// A digest has a name of 200 bytes and a hash for each log of an hour.
const DIGEST_BYTES: u64 = 64 << 20;
const LOG_BYTES: u64 = 256 << 20;
/// Beside a copy of a digest: the metadata that the copy has lost, as `aws s3api head-object` prints it.
const SIDECAR: &str = ".metadata.json";

/// The folders of a trail in its bucket.
fn is_trail_folder(folder: &str) -> bool {
    folder.starts_with("CloudTrail")
}

impl VerifySource {
    /// Lists a folder. The time of the filter is left to whoever looks at the digests.
    pub(crate) fn folder(path: &Path, filter: &LogFilter) -> (Self, Inventory) {
        let listed = LogFiles::find(&[path.to_owned()]);
        let mut inventory = Inventory::default();
        let mut files: HashMap<String, Vec<PathBuf>> = HashMap::new();
        let timeless = LogFilter { since: None, until: None, ..filter.clone() };
        for path in listed.files {
            let shown = path.to_string_lossy().replace('\\', "/");
            inventory.add(Found::File(shown.clone()), &shown, &timeless);
            files.entry(bare(&shown).to_owned()).or_default().push(path);
        }
        inventory.unread = listed.unreadable.into_iter().map(|(path, why)| (path.display().to_string(), why)).collect();
        inventory.sort();
        (Self::Folder(Arc::new(Copies { files })), inventory)
    }

    /// Lists a bucket, as far as the filter wants it.
    pub(crate) async fn bucket(client: Client, place: S3Location, filter: &LogFilter) -> Result<(Self, Inventory)> {
        let failed = |error: ApiError| UserError::said("error-s3-list").arg("path", &place).because(error);
        let objects = Objects::new(client.clone(), place.bucket.clone());
        let walk = ObjectWalk::start(objects, &place.prefix, filter.clone(), is_trail_folder).await;
        let mut walk = walk.map_err(failed)?;
        let mut inventory = Inventory::default();
        while let Some(page) = walk.next().await {
            for object in page.map_err(failed)? {
                let found = Found::Object { bucket: place.bucket.clone(), key: object.key.clone() };
                inventory.add(found, &object.key, filter);
            }
        }
        inventory.sort();
        Ok((Self::Bucket { client, place }, inventory))
    }

    /// Opens a digest. What cannot be had or read is in what comes back.
    pub(crate) async fn digest(self, listed: Listed) -> Opened {
        let Listed { found, name } = listed;
        let limits = Limits { inflated: DIGEST_BYTES, ..Limits::default() };
        let parse = |text: std::result::Result<Vec<u8>, Damage>| {
            Digest::parse(&text.map_err(of_damage)?).map_err(|error| Reason::Damaged(error.to_string()))
        };
        let (read, metadata) = match (&self, &found) {
            (Self::Bucket { client, .. }, Found::Object { bucket, key }) => {
                match Objects::new(client.clone(), bucket).get_with_metadata(key, DIGEST_BYTES).await {
                    Ok((bytes, metadata)) => (parse(text_of(bytes.as_ref(), limits)), metadata),
                    Err(error) => (Err(Reason::Unread(error.to_string())), BTreeMap::new()),
                }
            }
            (_, found) => {
                let path = PathBuf::from(found.shown());
                let opened = blocking(move || {
                    let text = File::open(&path).map_err(Damage::from);
                    let text = text.and_then(|file| text_of(BufReader::new(file), limits));
                    (text, sidecar(&path))
                });
                let (text, metadata) = opened.await;
                (parse(text), metadata)
            }
        };
        let signature = metadata
            .get("signature")
            .map(|hex| Signature { hex: hex.clone(), algorithm: metadata.get("signature-algorithm").cloned() });
        let signed = metadata.get("backfill-generation-timestamp").and_then(|text| Timestamp::parse(text).ok());
        Opened { digest: FoundDigest { found, name, read, signature }, signed }
    }

    /// Compares a log with the hash that its digest names. `by` is the digest.
    pub(crate) async fn log(self, log: NamedLog, by: String) -> (String, Option<Reason>) {
        let (shown, hash) = match &self {
            Self::Bucket { client, .. } => {
                let shown = format!("s3://{}/{}", log.bucket, log.key);
                match Objects::new(client.clone(), &log.bucket).get(&log.key, LOG_BYTES).await {
                    Ok(bytes) => (shown, blocking(move || hash_of(bytes.as_ref(), Limits::default())).await),
                    Err(error) if error.kind == ErrorKind::NotFound => return (shown, Some(Reason::Named { by })),
                    Err(error) => return (shown, Some(Reason::Unread(error.to_string()))),
                }
            }
            Self::Folder(copies) => {
                let Some(path) = copies.of(&log.key) else { return (log.key, Some(Reason::Named { by })) };
                let shown = path.display().to_string();
                let hash = blocking(move || {
                    let file = File::open(&path)?;
                    hash_of(BufReader::with_capacity(1 << 16, file), Limits::default())
                });
                (shown, hash.await)
            }
        };
        let reason = match hash {
            Ok(hash) if hash == log.hash => None,
            Ok(_) => Some(Reason::Hash),
            Err(damage) => Some(of_damage(damage)),
        };
        (shown, reason)
    }
}

/// Damage is a change: CloudTrail delivered it whole. What could not be read may be as it was.
fn of_damage(damage: Damage) -> Reason {
    let what = damage.to_string();
    if damage.is_change() { Reason::Damaged(what) } else { Reason::Unread(what) }
}

/// What lies beside a copy of a digest.
fn sidecar(path: &Path) -> BTreeMap<String, String> {
    let mut name = path.as_os_str().to_owned();
    name.push(SIDECAR);
    let Ok(text) = std::fs::read(&name) else { return BTreeMap::new() };
    let Ok(value) = serde_json::from_slice::<Value>(&text) else { return BTreeMap::new() };
    let metadata = value.get("Metadata").unwrap_or(&value).as_object().into_iter().flatten();
    metadata.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned()))).collect()
}

impl Copies {
    /// The copy of a log: that in the same folders where there are several.
    fn of(&self, key: &str) -> Option<PathBuf> {
        let copies = self.files.get(bare(key))?;
        let layout = key.find("AWSLogs/").map_or(key, |at| &key[at..]);
        let layout = layout.strip_suffix(".gz").unwrap_or(layout);
        let same = copies.iter().find(|path| {
            let path = path.to_string_lossy().replace('\\', "/");
            path.strip_suffix(".gz").unwrap_or(&path).ends_with(layout)
        });
        same.or(copies.first()).cloned()
    }
}

impl Inventory {
    fn add(&mut self, found: Found, path: &str, filter: &LogFilter) {
        if let Some(name) = DigestName::parse(path) {
            let unwanted = |wanted: &std::collections::BTreeSet<String>, found: &str| {
                !wanted.is_empty() && !wanted.contains(found)
            };
            if !unwanted(&filter.accounts, &name.account) && !unwanted(&filter.regions, &name.region) {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let folder = folder.strip_suffix(&DigestName::day(name.end)).unwrap_or(folder);
                let chain = (folder.to_owned(), name.at(Timestamp::from_micros(0)));
                self.chains.entry(chain).or_default().push(Listed { found, name });
            }
            return;
        }
        let name = LogName::parse(path);
        let is_log = name.folder.is_some_and(is_trail_folder) && name.delivered.is_some() && !path.ends_with('/');
        if is_log && !path.ends_with(SIDECAR) && filter.unwanted(&name).is_none() {
            self.logs.push(path.to_owned());
        }
    }

    fn sort(&mut self) {
        for chain in self.chains.values_mut() {
            chain.sort_by_key(|one| one.name.end);
        }
    }
}

/// The file's name, packed or not.
fn bare(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".gz").unwrap_or(name)
}

/// Runs what waits for the disk or the processor beside the tasks that wait for the network.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Does something with each of several things, a few at a time; the answers are in their order.
pub(crate) async fn in_order<I, R, F>(items: Vec<I>, at_once: usize, work: impl Fn(I) -> F) -> Vec<R>
where
    R: Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    let mut done: Vec<(usize, R)> = Vec::with_capacity(items.len());
    let mut tasks: JoinSet<(usize, R)> = JoinSet::new();
    for (at, item) in items.into_iter().enumerate() {
        if tasks.len() >= at_once {
            done.extend(joined(&mut tasks).await);
        }
        let work = work(item);
        tasks.spawn(async move { (at, work.await) });
    }
    while let Some(one) = joined(&mut tasks).await {
        done.push(one);
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

async fn joined<T: 'static>(tasks: &mut JoinSet<T>) -> Option<T> {
    match tasks.join_next().await? {
        Ok(done) => Some(done),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
