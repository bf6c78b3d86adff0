//! Where the recorder hears of changes: folders, S3 prefixes and SQS queues with CloudTrail's events and AWS
//! Config's notifications. Each goes on where it was; what is read twice does no harm.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use haechi_aws::{ApiError, Client, ErrorKind, Object, Objects, Queue, S3Location};
use haechi_logs::{Event, FileKind, LogFiles, Reader};
use haechi_model::{ContentHash, Timestamp};
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::log_sources::{Told, opened_message};
use crate::who_changed::{Trail, Write};

/// A file of AWS Config, or a notification: what it is called, and its bytes.
pub(crate) struct ConfigFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What one look at a feed gave.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) writes: Vec<Write>,
    pub(crate) config: Vec<ConfigFile>,
    /// What could not be read.
    pub(crate) problems: Vec<String>,
    /// Files, objects or messages that were looked at.
    pub(crate) looked_at: u64,
    /// There is more, now.
    pub(crate) more: bool,
    /// To be put in the store when all this is in it.
    pub(crate) position: Option<Value>,
    /// Messages to be deleted when all this is in the store.
    pub(crate) receipts: Vec<String>,
}

impl Heard {
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.config.is_empty()
    }
}

/// One source of changes.
pub(crate) struct Feed {
    /// As the user named it: the store keeps its position under this name.
    pub(crate) name: String,
    kind: Kind,
}

enum Kind {
    Folder(PathBuf),
    Prefix { objects: Objects, prefix: String },
    Queue { queue: Queue, client: Client },
}

/// Files or objects that are read at one look: the rest waits for the next, so that what was read is committed.
const AT_ONCE: usize = 200;
/// A packed object that is larger is none of CloudTrail's or AWS Config's.
const LARGEST: u64 = 256 << 20;
/// Bytes of AWS Config's files that are held until they are committed.
const HELD: usize = 64 << 20;
/// Keys of one folder that are remembered: a log that arrives late sorts before those that are read already.
const LATE: usize = 16;
/// A message that was handed out so often without being understood is given up.
const GIVEN_UP: u64 = 5;
/// How long SQS keeps messages from others while they are dealt with: a pass may take minutes.
const HIDDEN: Duration = Duration::from_secs(15 * 60);
/// Messages that are taken at one look.
const MESSAGES: usize = 100;

impl Feed {
    /// A queue by its URL or ARN, `s3://bucket/prefix`, or a file or folder.
    pub(crate) async fn open(word: &str, client: Option<&Client>) -> Result<Self> {
        let live = || client.cloned().ok_or_else(|| UserError::said("error-feed-live").arg("word", word));
        let kind = if word.starts_with("https://") || word.starts_with("http://") || word.starts_with("arn:") {
            let client = live()?;
            let queue = Queue::open(client.clone(), word).await;
            let queue = queue.map_err(|error| UserError::said("error-feed-open").arg("word", word).because(error))?;
            Kind::Queue { queue, client }
        } else if word.starts_with("s3://") {
            let place: S3Location =
                word.parse().map_err(|error| UserError::said("error-feed-open").arg("word", word).because(error))?;
            Kind::Prefix { objects: Objects::new(live()?, place.bucket), prefix: place.prefix }
        } else {
            let path = PathBuf::from(word);
            if !path.exists() {
                return Err(UserError::said("error-source-missing").arg("path", word).help("advice-source"));
            }
            Kind::Folder(path)
        };
        Ok(Self { name: word.to_owned(), kind })
    }

    /// A queue is waited at; the others are looked at from time to time.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.kind, Kind::Queue { .. })
    }

    /// Looks for what is new since `position`. A queue is waited at for `wait`.
    pub(crate) async fn look(
        &self,
        trail: &Trail,
        position: Option<&Value>,
        now: Timestamp,
        wait: Duration,
    ) -> Result<Heard> {
        let mut ears = Ears { trail, heard: Heard::default() };
        match &self.kind {
            Kind::Folder(path) => ears.folder(path, position),
            Kind::Prefix { objects, prefix } => ears.prefix(objects, prefix, position, now).await?,
            Kind::Queue { queue, client } => ears.queue(queue, client, wait).await?,
        }
        Ok(ears.heard)
    }

    /// Says that what was heard is in the store.
    pub(crate) async fn dealt_with(&self, receipts: &[String]) -> Result<()> {
        let Kind::Queue { queue, .. } = &self.kind else { return Ok(()) };
        let kept = queue.delete(receipts).await.map_err(|error| self.failed(&error))?;
        match kept.first() {
            Some((_, why)) => Err(self.failed(why)),
            None => Ok(()),
        }
    }

    fn failed(&self, error: &impl std::fmt::Display) -> UserError {
        UserError::said("error-feed").arg("word", &self.name).because(error)
    }
}

struct Ears<'t> {
    trail: &'t Trail,
    heard: Heard,
}

impl Ears<'_> {
    fn full(&self, read: usize) -> bool {
        read >= AT_ONCE || self.heard.config.iter().map(|file| file.bytes.len()).sum::<usize>() >= HELD
    }

    /// Reads bytes as what they turn out to be.
    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        let mut reader = Reader::new(&self.trail.fields);
        let (trail, writes) = (self.trail, &mut self.heard.writes);
        let _ = reader.read_bytes(Path::new(name), bytes, &mut |event: &Event<'_>| {
            writes.extend(trail.write_of(event));
            ControlFlow::Continue(())
        });
        let summary = reader.finish();
        if summary.files_of(FileKind::Config) > 0 {
            self.heard.config.push(ConfigFile { name: name.to_owned(), bytes: bytes.to_vec() });
            return;
        }
        self.heard.problems.extend(summary.problems.iter().map(ToString::to_string));
    }

    /// New files are those whose name, size and time were not there before.
    fn folder(&mut self, path: &Path, position: Option<&Value>) {
        let known: BTreeSet<&str> = position
            .and_then(|value| value["files"].as_array())
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let found = LogFiles::find(std::slice::from_ref(&path.to_owned()));
        self.heard.problems.extend(found.unreadable.iter().map(|(path, why)| format!("{}: {why}", path.display())));
        let (mut marks, mut read) = (Vec::new(), 0);
        for file in &found.files {
            let mark = mark_of(file);
            if known.contains(mark.as_str()) {
                marks.push(mark);
                continue;
            }
            if self.full(read) {
                self.heard.more = true;
                continue;
            }
            read += 1;
            match std::fs::metadata(file).map(|about| about.len()) {
                Ok(size) if size > LARGEST => {
                    self.heard.problems.push(format!("{}: larger than {LARGEST} bytes", file.display()));
                }
                Ok(_) => match std::fs::read(file) {
                    Ok(bytes) => self.bytes(&file.display().to_string(), &bytes),
                    Err(error) => self.heard.problems.push(format!("{}: {error}", file.display())),
                },
                Err(error) => self.heard.problems.push(format!("{}: {error}", file.display())),
            }
            marks.push(mark);
        }
        self.heard.looked_at = read as u64;
        // Of files that are gone nothing is remembered: the position is as large as the folder.
        if read > 0 || marks.len() != known.len() {
            self.heard.position = Some(json!({"files": marks}));
        }
    }

    /// New objects of each folder of the bucket are those behind the last ones that were read.
    ///
    /// A listing is in the order of keys, and each account and region has a folder of its own: from the first key of
    /// a folder the listing leaps to the last that was read there, and so on to the next folder.
    async fn prefix(
        &mut self,
        objects: &Objects,
        prefix: &str,
        position: Option<&Value>,
        now: Timestamp,
    ) -> Result<()> {
        let mut places = places_of(position);
        let since = position.and_then(|value| Timestamp::parse(value["since"].as_str()?).ok());
        let since = since.unwrap_or(now.plus_days(-1));
        let (mut after, mut read, mut passed): (Option<String>, usize, bool) = (None, 0, false);
        'leap: loop {
            let failed = |error: ApiError| {
                let name = format!("s3://{}/{prefix}", objects.bucket());
                UserError::said("error-feed").arg("word", name).because(error)
            };
            let mut listing = objects.list(prefix, after.as_deref()).map_err(failed)?;
            while let Some(page) = listing.next().await {
                for object in page.map_err(failed)? {
                    let (folder, name) = split(&object.key);
                    let place = places.entry(folder.to_owned()).or_default();
                    let leap = place.leap(name);
                    if let Some(leap) = leap {
                        after = Some(format!("{folder}{leap}"));
                        continue 'leap;
                    }
                    if place.knows(name) {
                        continue;
                    }
                    if self.full(read) {
                        self.heard.more = true;
                        break 'leap;
                    }
                    // What was there long before the recorder began is for `--cloudtrail`: years of logs are not read.
                    let old = Timestamp::parse(&object.last_modified).is_ok_and(|modified| modified < since);
                    if !old {
                        read += 1;
                        self.object(objects, &object).await.map_err(failed)?;
                    }
                    passed = true;
                    place.read(name);
                }
            }
            break;
        }
        self.heard.looked_at = read as u64;
        if passed {
            let places: serde_json::Map<String, Value> =
                places.into_iter().map(|(folder, place)| (folder, json!([place.after, place.read]))).collect();
            self.heard.position = Some(json!({"since": since, "folders": places}));
        }
        Ok(())
    }

    /// What can't be had at all is said once; any other error ends the look, and the next one tries again.
    async fn object(&mut self, objects: &Objects, object: &Object) -> std::result::Result<(), ApiError> {
        if !haechi_logs::is_log(Path::new(&object.key)) {
            return Ok(());
        }
        let name = format!("s3://{}/{}", objects.bucket(), object.key);
        match objects.get(&object.key, LARGEST).await {
            Ok(bytes) => self.bytes(&name, &bytes),
            Err(error) if matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::NotFound | ErrorKind::TooLarge) => {
                self.heard.problems.push(format!("{name}: {error}"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes messages until there are none, or enough. The first are waited for.
    async fn queue(&mut self, queue: &Queue, client: &Client, wait: Duration) -> Result<()> {
        let mut wait = wait;
        loop {
            let failed = |error: ApiError| UserError::said("error-feed").arg("word", queue.url()).because(error);
            let messages = queue.receive(wait, Some(HIDDEN)).await.map_err(failed)?;
            if messages.is_empty() {
                return Ok(());
            }
            wait = Duration::ZERO;
            for message in messages {
                self.heard.looked_at += 1;
                match self.message(client, &message.id, &message.body).await {
                    Ok(()) => self.heard.receipts.push(message.receipt),
                    Err(why) => {
                        let id = &message.id;
                        if message.received >= GIVEN_UP {
                            self.heard.problems.push(format!("{}: message {id}: {why}: given up", queue.url()));
                            self.heard.receipts.push(message.receipt);
                        } else {
                            self.heard.problems.push(format!("{}: message {id}: {why}", queue.url()));
                        }
                    }
                }
            }
            if self.heard.looked_at >= MESSAGES as u64 || self.full(0) {
                self.heard.more = true;
                return Ok(());
            }
        }
    }

    async fn message(&mut self, client: &Client, id: &str, body: &str) -> std::result::Result<(), String> {
        let opened = opened_message(client, id, body).await?;
        for Told { name, bytes } in opened.logs {
            self.bytes(&name, &bytes);
        }
        for item in opened.items {
            let bytes = format!(r#"{{"fileVersion":"1.0","configurationItems":[{item}]}}"#).into_bytes();
            self.heard.config.push(ConfigFile { name: "message.json".to_owned(), bytes });
        }
        Ok(())
    }
}

/// A file by its name, size and time.
fn mark_of(path: &Path) -> String {
    let about = std::fs::metadata(path).ok();
    let size = about.as_ref().map_or(0, std::fs::Metadata::len);
    let modified = about.and_then(|about| about.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    let words = format!("{}\n{size}\n{}", path.display(), modified.unwrap_or_default().as_nanos());
    ContentHash::of(words.as_bytes()).to_string().chars().take(16).collect()
}

/// What was read of one folder of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    /// Names up to this one are read.
    after: String,
    /// Names behind it that are read.
    read: BTreeSet<String>,
    leapt: bool,
}

impl Place {
    /// Where the listing goes on when it first comes to this folder.
    fn leap(&mut self, name: &str) -> Option<String> {
        let first = !std::mem::replace(&mut self.leapt, true);
        (first && !self.after.is_empty() && name < self.after.as_str()).then(|| self.after.clone())
    }

    fn knows(&self, name: &str) -> bool {
        name <= self.after.as_str() || self.read.contains(name)
    }

    fn read(&mut self, name: &str) {
        self.read.insert(name.to_owned());
        while self.read.len() > LATE {
            if let Some(first) = self.read.pop_first() {
                self.after = first;
            }
        }
    }
}

fn places_of(position: Option<&Value>) -> BTreeMap<String, Place> {
    let folders = position.and_then(|value| value["folders"].as_object()).into_iter().flatten();
    folders
        .map(|(folder, place)| {
            let read = place[1].as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned()));
            let after = place[0].as_str().unwrap_or_default().to_owned();
            (folder.clone(), Place { after, read: read.collect(), leapt: false })
        })
        .collect()
}

/// A key's folder and its name there. The days of CloudTrail, `2026/09/30`, sort in order and belong to the name;
/// those of AWS Config, `2026/9/30`, do not.
fn split(key: &str) -> (&str, &str) {
    let name = key.rfind('/').map_or(0, |at| at + 1);
    let padded = |day: &str| {
        let day = day.as_bytes();
        day.len() == 11
            && [4, 7, 10].iter().all(|at| day[*at] == b'/')
            && day.iter().filter(|letter| letter.is_ascii_digit()).count() == 8
    };
    let day = name.checked_sub(11).and_then(|from| key.get(from..name)).filter(|day| padded(day));
    let folder = if day.is_some() { name - 11 } else { name };
    key.split_at(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_where_order_begins() {
        let cases = [
            ("AWSLogs/1/CloudTrail/us-east-1/2026/09/30/x.json.gz", "AWSLogs/1/CloudTrail/us-east-1/"),
            (
                "AWSLogs/1/Config/us-east-1/2026/9/30/ConfigHistory/x.json.gz",
                "AWSLogs/1/Config/us-east-1/2026/9/30/ConfigHistory/",
            ),
            ("x.json", ""),
            ("a/x.json", "a/"),
            ("2026/09/30/x", ""),
        ];
        for (key, folder) in cases {
            assert_eq!(split(key).0, folder, "{key}");
            assert_eq!([split(key).0, split(key).1].concat(), key);
        }
    }

    #[test]
    fn a_late_log_is_read_once() {
        let mut place = Place::default();
        for number in 10..60 {
            place.read(&format!("n{number}"));
        }
        assert_eq!((place.read.len(), place.after.as_str()), (LATE, "n43"));
        assert!(place.knows("n59") && place.knows("n20") && !place.knows("n50a") && !place.knows("n60"));
        let stored = json!({"folders": {"f/": [place.after, place.read]}});
        let mut again = places_of(Some(&stored));
        let again = again.get_mut("f/").unwrap();
        assert_eq!(again.leap("n10"), Some("n43".to_owned()));
        assert_eq!(again.leap("n10"), None, "it leaps once");
        assert!(again.knows("n59"));
    }

    #[test]
    fn new_files_of_a_folder_are_heard_once() {
        let folder = tempfile::tempdir().unwrap();
        let event = |id: &str| {
            format!(
                r#"{{"eventTime":"2026-11-22T09:30:00Z","eventSource":"ec2.amazonaws.com","eventName":"StopInstances","awsRegion":"us-east-1","requestParameters":{{"id":"i-1"}},"eventID":"{id}","recipientAccountId":"111122223333"}}"#
            )
        };
        std::fs::write(folder.path().join("a.json"), event("a")).unwrap();
        std::fs::write(folder.path().join("c.json"), r#"{"configurationItems":[]}"#).unwrap();
        let trail = Trail::new().unwrap();
        let look = |position: Option<&Value>| {
            let mut ears = Ears { trail: &trail, heard: Heard::default() };
            ears.folder(folder.path(), position);
            ears.heard
        };
        let first = look(None);
        assert_eq!((first.writes.len(), first.config.len(), first.looked_at), (1, 1, 2));
        let again = look(first.position.as_ref());
        assert!(again.is_empty() && again.position.is_none());
        std::fs::write(folder.path().join("b.json"), event("b")).unwrap();
        std::fs::remove_file(folder.path().join("a.json")).unwrap();
        let more = look(first.position.as_ref());
        assert_eq!((more.writes.len(), more.looked_at), (1, 1));
        assert_eq!(more.position.unwrap()["files"].as_array().map(Vec::len), Some(2));
    }
}
