//! Imports straight from S3: the objects of AWS Config under a prefix, a few of them on their way while one is
//! read. In memory are at most [`AHEAD`] objects' parts, three parts of [`PART`] bytes each.

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::PathBuf;

use haechi_aws::{ApiError, BoxFuture, Client, Object, Objects, S3Location};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::source::{Source, Stream};
use super::{Extended, ImportProgress, ImportSummary, Run, Unreadable, oversized};
use crate::{Sink, SinkError, Stop};

/// Objects that are fetched at the same time.
const AHEAD: usize = 4;
/// Bytes of one request.
const PART: u64 = 4 << 20;
/// Objects of one import.
const OBJECTS: usize = 5_000_000;
/// An oversized item, before it is inflated.
const OVERSIZED: u64 = 64 << 20;

/// Where objects come from, so that tests need no server.
pub(crate) trait Bucket: Send + Sync + 'static {
    /// All objects under a prefix.
    fn list<'a>(&'a self, prefix: &'a str, most: usize) -> BoxFuture<'a, Result<Vec<Object>, ApiError>>;

    /// A part of an object.
    fn part<'a>(&'a self, object: &'a Object, from: u64, length: u64) -> BoxFuture<'a, Result<Vec<u8>, ApiError>>;

    /// A small object as a whole.
    fn whole<'a>(&'a self, key: &'a str, limit: u64) -> BoxFuture<'a, Result<Vec<u8>, ApiError>>;
}

impl Bucket for Objects {
    fn list<'a>(&'a self, prefix: &'a str, most: usize) -> BoxFuture<'a, Result<Vec<Object>, ApiError>> {
        Box::pin(async move {
            let mut listing = Objects::list(self, prefix, None)?;
            let mut all = Vec::new();
            while let Some(page) = listing.next().await {
                all.extend(page?);
                if all.len() > most {
                    break;
                }
            }
            Ok(all)
        })
    }

    fn part<'a>(&'a self, object: &'a Object, from: u64, length: u64) -> BoxFuture<'a, Result<Vec<u8>, ApiError>> {
        Box::pin(async move { Ok(self.range(&object.key, from, length, &object.etag).await?.into()) })
    }

    fn whole<'a>(&'a self, key: &'a str, limit: u64) -> BoxFuture<'a, Result<Vec<u8>, ApiError>> {
        Box::pin(async move { Ok(self.get(key, limit).await?.into()) })
    }
}

/// Why nothing of a prefix was imported.
#[derive(Debug)]
pub enum BucketError {
    /// The prefix could not be listed.
    List(Box<ApiError>),
    Sink(SinkError),
}

/// Imports AWS Config's objects under a place in S3. Objects of other kinds are skipped and counted.
///
/// Waits for S3 from a thread that may block: within a runtime of several threads, by `block_in_place`.
///
/// # Errors
/// The prefix cannot be listed, or the sink takes no more. An object that cannot be read is none: it is told.
pub fn import_bucket(
    client: &Client,
    place: &S3Location,
    extended: &Extended,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(&ImportProgress),
    stop: &Stop,
) -> Result<ImportSummary, BucketError> {
    let objects = Objects::new(client.clone(), place.bucket.clone());
    import_from(Arc::new(objects), place, extended, sink, progress, stop)
}

pub(crate) fn import_from(
    bucket: Arc<dyn Bucket>,
    place: &S3Location,
    extended: &Extended,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(&ImportProgress),
    stop: &Stop,
) -> Result<ImportSummary, BucketError> {
    let handle = Handle::current();
    let listed = handle.block_on(bucket.list(&place.prefix, OBJECTS));
    let mut listed = listed.map_err(|error| BucketError::List(Box::new(error)))?;
    let mut run = Run::new(extended, sink, progress, stop);
    if listed.len() > OBJECTS {
        listed.truncate(OBJECTS);
        let reason = format!("more than {OBJECTS} objects: the rest is not read");
        run.unreadable(Unreadable {
            path: PathBuf::from(place.to_string()),
            line: None,
            column: None,
            item: None,
            reason,
        });
    }
    let name = |key: &str| format!("s3://{}/{key}", place.bucket);
    let mut wanted = Vec::new();
    for object in listed {
        match unlike(&object) {
            None => wanted.push(object),
            Some(reason) => run.skipped(PathBuf::from(name(&object.key)), reason.to_owned()),
        }
    }
    let (turn, starts) = start(&handle, &bucket, wanted, stop);
    let streams: Vec<_> = starts
        .into_iter()
        .map(|(object, parts)| {
            let size = object.size;
            (
                Stream {
                    name: PathBuf::from(name(&object.key)),
                    parts: RefCell::new(Some(Parts::new(parts, turn.clone()))),
                },
                size,
            )
        })
        .collect();
    let sources: Vec<_> = streams.iter().map(|(stream, size)| (Source::Stream(stream), *size)).collect();
    run.all_with(&sources, &mut |location: &oversized::Location| {
        if location.bucket != place.bucket {
            return Err(format!("it is in the bucket {}, which is not the one that is read", location.bucket));
        }
        handle.block_on(bucket.whole(&location.key, OVERSIZED)).map_err(|error| error.to_string())
    })
    .map_err(BucketError::Sink)
}

/// Objects that are no files of AWS Config, by their keys.
fn unlike(object: &Object) -> Option<&'static str> {
    let key = &object.key;
    let name = key.rsplit('/').next().unwrap_or_default();
    if name == "ConfigWritabilityCheckFile" {
        return Some("AWS Config's test whether it can write, no data");
    }
    if name.is_empty() {
        return Some("a folder's marker, no data");
    }
    // `AWSLogs/<account or organization>/.../Config/`: the same prefix may hold the logs of other services.
    if let Some((_, rest)) = key.split_once("AWSLogs/").filter(|(before, _)| before.is_empty() || before.ends_with('/'))
        && !rest.split('/').any(|part| part == "Config")
    {
        return Some("a log of another service");
    }
    if matches!(object.storage_class.as_str(), "GLACIER" | "DEEP_ARCHIVE") {
        return Some("archived: restore it first");
    }
    super::files::unlike(std::path::Path::new(name))
}

type Sent = Result<Vec<u8>, String>;
type Receiver = mpsc::Receiver<Sent>;

/// One task goes through the objects in their order and keeps a few of them on their way.
fn start(
    handle: &Handle,
    bucket: &Arc<dyn Bucket>,
    objects: Vec<Object>,
    stop: &Stop,
) -> (Arc<Semaphore>, Vec<(Object, Receiver)>) {
    let turn = Arc::new(Semaphore::new(AHEAD));
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    let mut objects = objects;
    super::in_order(&mut objects, |object| &object.key);
    for object in objects {
        let (sender, receiver) = mpsc::channel(2);
        senders.push((object.clone(), sender));
        receivers.push((object, receiver));
    }
    let (bucket, stop, waiting) = (Arc::clone(bucket), stop.clone(), Arc::clone(&turn));
    handle.spawn(async move {
        for (object, sender) in senders {
            let Ok(permit) = Arc::clone(&waiting).acquire_owned().await else { return };
            // The reader gives the turn on when it is through with an object.
            permit.forget();
            if stop.is_stopped() {
                return;
            }
            tokio::spawn(send(Arc::clone(&bucket), object, sender));
        }
    });
    (turn, receivers)
}

async fn send(bucket: Arc<dyn Bucket>, object: Object, sender: mpsc::Sender<Sent>) {
    let mut from = 0;
    while from < object.size {
        let length = PART.min(object.size - from);
        let part = bucket.part(&object, from, length).await.map_err(|error| error.to_string());
        let failed = part.is_err();
        let short = part.as_ref().is_ok_and(|part| part.len() as u64 != length);
        let part = if short { Err("S3 sent fewer bytes than the object has".to_owned()) } else { part };
        if sender.send(part).await.is_err() || failed || short {
            return;
        }
        from += length;
    }
}

/// The parts of one object as one stream.
pub(crate) struct Parts {
    receiver: Receiver,
    part: Vec<u8>,
    at: usize,
    turn: Arc<Semaphore>,
}

impl Parts {
    fn new(receiver: Receiver, turn: Arc<Semaphore>) -> Self {
        Self { receiver, part: Vec::new(), at: 0, turn }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.turn.add_permits(1);
    }
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.part.len() {
            match self.receiver.blocking_recv() {
                None => return Ok(0),
                Some(Ok(part)) => (self.part, self.at) = (part, 0),
                Some(Err(reason)) => return Err(io::Error::other(reason)),
            }
        }
        let count = buffer.len().min(self.part.len() - self.at);
        buffer[..count].copy_from_slice(&self.part[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_other_kinds_are_passed_over() {
        let check = |key: &str, want: bool| {
            let object = Object {
                key: key.to_owned(),
                size: 1,
                etag: String::new(),
                last_modified: String::new(),
                storage_class: "STANDARD".to_owned(),
            };
            assert_eq!(unlike(&object).is_none(), want, "{key}: {:?}", unlike(&object));
        };
        check("AWSLogs/123456789012/Config/eu-west-1/2026/1/2/ConfigSnapshot/x.json.gz", true);
        check("p/AWSLogs/o-abc/123456789012/Config/eu-west-1/2026/1/2/ConfigHistory/x.json.gz", true);
        check("AWSLogs/123456789012/Config/ConfigWritabilityCheckFile", false);
        check("AWSLogs/123456789012/CloudTrail/eu-west-1/2026/01/02/x.json.gz", false);
        check("own/snapshot.json", true);
        check("own/notes.txt", false);
        check("own/", false);
    }
}
