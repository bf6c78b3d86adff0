//! One way to open logs for every command: files, folders, standard input (`-`), `s3://bucket/prefix`, and SQS queues
//! of new-object notices. What names already tell to be unwanted is not opened, and is counted.
//!
//! ```text
//! let sources = app.log_sources(&request).await?;
//! let opened = sources.each(&stop, &mut |input| reader.take(input)).await?;     File, Bytes or Stream
//! opened.acknowledge().await?;                                                   once what was read is safe
//! ```
//!
//! A file's name tells when it was delivered, not when its events happened: [`LogFilter::wants`] asks an event.

use std::collections::{BTreeMap, VecDeque};
use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use haechi_aws::{ApiError, Client, ErrorKind, Object, Objects, Queue, S3Location};
use haechi_inventory::Stop;
use haechi_logs::{
    FlowFormat, LogFields, LogFiles, LogFilter, LogName, NewObject, Notice, Problem, Reader, Receiver, Summary,
    Unwanted,
};
use haechi_model::{AccountId, Region, Timestamp};
use tokio::task::JoinHandle;

use crate::App;
use crate::error::{Result, UserError};
use crate::live::{LiveRequest, client_of};
use crate::log_objects::{Kinds, ObjectWalk, Passed};
use crate::moment::moment;
use crate::progress::{Progress, Step};

/// What a command names: sources, and what of them is wanted.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// Paths, `-`, `s3://...`, URLs or ARNs of queues.
    pub sources: Vec<String>,
    /// A date, a date and time, or how long ago.
    pub since: Option<String>,
    pub until: Option<String>,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    pub profile: Option<String>,
}

/// One file, object or stream.
pub enum LogInput<'a> {
    File(&'a Path),
    Bytes { name: &'a Path, bytes: &'a [u8] },
    Stream { name: &'a Path, source: Box<dyn BufRead> },
}

impl LogInput<'_> {
    /// By what an input is known again: its name and its size. No stream is the same as another.
    pub fn identity(&self) -> (String, u64) {
        match self {
            Self::File(path) => (path.display().to_string(), std::fs::metadata(path).map_or(0, |about| about.len())),
            Self::Bytes { name, bytes } => (name.display().to_string(), bytes.len() as u64),
            Self::Stream { name, .. } => {
                let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
                (name.display().to_string(), u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
            }
        }
    }
}

/// Receives inputs, one after the other.
pub type Taker<'t> = &'t mut dyn FnMut(LogInput<'_>) -> ControlFlow<()>;

/// The sources of a command, opened.
pub struct LogSources {
    parts: Vec<Part>,
    filter: LogFilter,
    now: Timestamp,
    /// The folders of S3 that are listed, by their names.
    kinds: Kinds,
}

enum Part {
    Paths(Vec<PathBuf>),
    Stdin,
    Bucket { objects: Objects, prefix: String, shown: String },
    Queue { queue: Queue, client: Client },
}

/// What came of opening the sources, apart from what readers count.
#[derive(Default)]
pub struct LogsOpened {
    /// Inputs that were handed over.
    pub inputs: u64,
    /// Files and objects that were not opened because of what their names tell, and folders of S3 that were not listed.
    pub unwanted: BTreeMap<Unwanted, u64>,
    pub unwanted_folders: BTreeMap<Unwanted, u64>,
    /// Folders and objects of other kinds than logs, by the folder's name.
    pub other_kinds: BTreeMap<String, u64>,
    /// Files that were passed over by their names, and what could not be read.
    pub skipped: Vec<Problem>,
    pub problems: Vec<Problem>,
    /// It ended before the last input.
    pub interrupted: bool,
    receipts: Vec<(Queue, Vec<String>)>,
}

/// Objects that are fetched while one is read, and their bytes at most.
const AHEAD: usize = 16;
const AHEAD_BYTES: u64 = 256 << 20;
/// A packed object that is larger is no log that AWS delivers.
const LARGEST: u64 = 256 << 20;
/// How long SQS keeps messages from others while they are read.
const HIDDEN: Duration = Duration::from_secs(15 * 60);
/// How long the first message is waited for.
const FIRST: Duration = Duration::from_secs(5);
/// A message that was handed out so often without being understood is given up.
const GIVEN_UP: u64 = 5;

/// Folders beside logs in a trail's bucket: other commands read them.
fn is_log_folder(folder: &str) -> bool {
    !matches!(folder, "Config" | "CloudTrail-Digest" | "SSMLogs" | "PatchBaselineOperations")
}

impl App {
    /// Opens what a command names. Wrong words, and places that are not there, are errors here.
    pub async fn log_sources(&self, request: &LogRequest) -> Result<LogSources> {
        let now = self.now();
        let filter = log_filter(request, now)?;
        let mut sources = LogSources { parts: Vec::new(), filter, now, kinds: is_log_folder };
        let mut client = None;
        for word in &request.sources {
            let is_queue = ["https://", "http://", "arn:"].iter().any(|start| word.starts_with(start));
            if (is_queue || word.starts_with("s3://")) && client.is_none() {
                client = Some(self.log_client(request).await);
            }
            let part = match (&client, word.as_str()) {
                (_, "-") => Part::Stdin,
                (Some(client), _) if is_queue => {
                    let failed = |error| UserError::said("logs-source-open").arg("source", word).because(error);
                    let queue = Queue::open(client.clone(), word).await.map_err(failed)?;
                    Part::Queue { queue, client: client.clone() }
                }
                (Some(client), _) if word.starts_with("s3://") => {
                    let place = s3_place(word)?;
                    let objects = Objects::new(client.clone(), place.bucket);
                    Part::Bucket { objects, prefix: place.prefix, shown: word.clone() }
                }
                _ if !Path::new(word).exists() => {
                    return Err(UserError::said("error-source-missing").arg("path", word).help("advice-log-source"));
                }
                _ => match sources.parts.last_mut() {
                    // Paths that follow each other are walked together: a file that is named twice is read once.
                    Some(Part::Paths(paths)) => {
                        paths.push(word.into());
                        continue;
                    }
                    _ => Part::Paths(vec![word.into()]),
                },
            };
            sources.parts.push(part);
        }
        Ok(sources)
    }

    /// A client for S3 and SQS, with the profile of the flags or of the settings.
    pub(crate) async fn log_client(&self, request: &LogRequest) -> Client {
        let profile = request.profile.clone().or_else(|| self.settings.profile.clone());
        client_of(&LiveRequest { profile, ..LiveRequest::default() }).await
    }
}

pub(crate) fn s3_place(word: &str) -> Result<S3Location> {
    word.parse().map_err(|error| {
        UserError::said("error-s3-location").arg("path", word).because(error).help("advice-s3-location")
    })
}

/// What the flags want of the logs.
pub(crate) fn log_filter(request: &LogRequest, now: Timestamp) -> Result<LogFilter> {
    let time = |flag: &str, word: &Option<String>| word.as_deref().map(|word| moment(flag, word, now)).transpose();
    let wrong = |flag: &str, word: &str| UserError::said("error-flag").arg("flag", flag).arg("text", word);
    let filter = LogFilter {
        accounts: request
            .accounts
            .iter()
            .map(|word| AccountId::parse(word).map(|id| id.as_str().to_owned()).map_err(|_| wrong("account", word)))
            .collect::<Result<_>>()?,
        regions: request
            .regions
            .iter()
            .map(|word| Region::parse(word).map(|region| region.as_str().to_owned()).map_err(|_| wrong("region", word)))
            .collect::<Result<_>>()?,
        since: time("since", &request.since)?,
        until: time("until", &request.until)?,
    };
    match (filter.since, filter.until) {
        (Some(since), Some(until)) if since >= until => {
            Err(UserError::said("logs-no-time").arg("since", since).arg("until", until))
        }
        _ => Ok(filter),
    }
}

impl LogSources {
    /// CloudTrail's digests too: they tell which logs there are.
    pub(crate) fn with_digests(mut self) -> Self {
        self.kinds = |folder| is_log_folder(folder) || folder == "CloudTrail-Digest";
        self
    }

    pub fn filter(&self) -> &LogFilter {
        &self.filter
    }

    /// The moment that `3d` and the like were counted from.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Hands over every input, one after the other. Breaks off when the taker or the user wants no more.
    pub async fn each(&self, stop: &Stop, take: Taker<'_>) -> Result<LogsOpened> {
        let mut opened = LogsOpened::default();
        for part in &self.parts {
            let flow = match part {
                Part::Paths(paths) => self.paths(paths, stop, &mut opened, take),
                Part::Stdin => {
                    opened.inputs += 1;
                    let source = Box::new(std::io::BufReader::with_capacity(1 << 18, std::io::stdin()));
                    take(LogInput::Stream { name: Path::new("-"), source })
                }
                Part::Bucket { objects, prefix, shown } => {
                    let failed = |error: ApiError| UserError::said("error-s3-list").arg("path", shown).because(error);
                    self.bucket(objects, prefix, stop, &mut opened, take).await.map_err(failed)?
                }
                Part::Queue { queue, client } => self.queue(queue, client, stop, &mut opened, take).await?,
            };
            if flow.is_break() {
                opened.interrupted = true;
                break;
            }
        }
        Ok(opened)
    }

    fn paths(&self, paths: &[PathBuf], stop: &Stop, opened: &mut LogsOpened, take: Taker<'_>) -> ControlFlow<()> {
        let mut found = LogFiles::find(paths);
        // Of all accounts together, hour by hour: what looks at many accounts keeps few hours open.
        found.files.sort_by_cached_key(|path| {
            let path = path.to_string_lossy().replace('\\', "/");
            LogName::parse(&path).delivered.map(|(first, _)| first)
        });
        let line = |(file, what): (PathBuf, String)| Problem { file, line: None, record: None, what };
        opened.skipped.extend(found.skipped.into_iter().map(line));
        opened.problems.extend(found.unreadable.into_iter().map(line));
        for path in &found.files {
            if stop.is_stopped() {
                return ControlFlow::Break(());
            }
            if let Some(why) = self.unwanted(path) {
                *opened.unwanted.entry(why).or_default() += 1;
                continue;
            }
            opened.inputs += 1;
            take(LogInput::File(path))?;
        }
        ControlFlow::Continue(())
    }

    fn unwanted(&self, path: &Path) -> Option<Unwanted> {
        if self.filter.is_empty() {
            return None;
        }
        let path = path.to_string_lossy().replace('\\', "/");
        self.filter.unwanted(&LogName::parse(&path))
    }

    async fn bucket(
        &self,
        objects: &Objects,
        prefix: &str,
        stop: &Stop,
        opened: &mut LogsOpened,
        take: Taker<'_>,
    ) -> std::result::Result<ControlFlow<()>, ApiError> {
        let mut walk = ObjectWalk::start(objects.clone(), prefix, self.filter.clone(), self.kinds).await?;
        let mut fetches = Fetches::new(objects.clone());
        let mut flow = ControlFlow::Continue(());
        'pages: while let Some(page) = walk.next().await {
            for object in page? {
                let name = PathBuf::from(format!("s3://{}/{}", objects.bucket(), object.key));
                if object.key.ends_with('/') {
                    continue;
                }
                if !haechi_logs::is_log(&name) {
                    opened.skipped.push(told(name, "its name does not end like a log's"));
                    continue;
                }
                if matches!(object.storage_class.as_str(), "GLACIER" | "DEEP_ARCHIVE") {
                    opened.problems.push(told(name, "archived: restore it first"));
                    continue;
                }
                while fetches.is_full(&object) {
                    flow = fetches.take_first(opened, take).await?;
                    if flow.is_break() || stop.is_stopped() {
                        break 'pages;
                    }
                }
                fetches.start(name, object);
            }
        }
        while flow.is_continue() && !stop.is_stopped() && !fetches.is_empty() {
            flow = fetches.take_first(opened, take).await?;
        }
        opened.passed(walk.passed);
        Ok(if stop.is_stopped() { ControlFlow::Break(()) } else { flow })
    }

    /// Takes messages until there are none. They are deleted by [`LogsOpened::acknowledge`].
    async fn queue(
        &self,
        queue: &Queue,
        client: &Client,
        stop: &Stop,
        opened: &mut LogsOpened,
        take: Taker<'_>,
    ) -> Result<ControlFlow<()>> {
        let failed = |error: ApiError| UserError::said("logs-source-read").arg("source", queue.url()).because(error);
        let (mut receipts, mut wait) = (Vec::new(), FIRST);
        let mut flow = ControlFlow::Continue(());
        while flow.is_continue() && !stop.is_stopped() {
            let messages = queue.receive(wait, Some(HIDDEN)).await.map_err(failed)?;
            if messages.is_empty() {
                break;
            }
            wait = Duration::ZERO;
            for message in messages {
                let what = match opened_message(client, &message.id, &message.body).await {
                    Ok(told) => {
                        for Told { name, bytes } in told.logs {
                            opened.inputs += 1;
                            flow = take(LogInput::Bytes { name: Path::new(&name), bytes: &bytes });
                        }
                        let others = told.items.len() as u64;
                        if others > 0 {
                            *opened.other_kinds.entry("Config".to_owned()).or_default() += others;
                        }
                        None
                    }
                    Err(why) => Some(why),
                };
                let given_up = message.received >= GIVEN_UP;
                if let Some(why) = &what {
                    let end = if given_up { ": given up" } else { "" };
                    let name = PathBuf::from(queue.url());
                    opened.problems.push(told(name, &format!("message {}: {why}{end}", message.id)));
                }
                if (what.is_none() || given_up) && flow.is_continue() {
                    receipts.push(message.receipt);
                }
                if flow.is_break() {
                    break;
                }
            }
        }
        opened.receipts.push((queue.clone(), receipts));
        Ok(if stop.is_stopped() { ControlFlow::Break(()) } else { flow })
    }
}

fn told(file: PathBuf, what: &str) -> Problem {
    Problem { file, line: None, record: None, what: what.to_owned() }
}

impl LogsOpened {
    fn passed(&mut self, passed: Passed) {
        for (why, count) in passed.objects {
            *self.unwanted.entry(why).or_default() += count;
        }
        for (why, count) in passed.folders {
            *self.unwanted_folders.entry(why).or_default() += count;
        }
        for (kind, count) in passed.kinds {
            *self.other_kinds.entry(kind).or_default() += count;
        }
    }

    /// Deletes the messages of queues: what they told of has been read, and what came of it is safe.
    pub async fn acknowledge(&mut self) -> Result<()> {
        for (queue, receipts) in std::mem::take(&mut self.receipts) {
            let failed = |error: &dyn std::fmt::Display| {
                UserError::said("logs-source-read").arg("source", queue.url()).because(error)
            };
            let kept = queue.delete(&receipts).await.map_err(|error| failed(&error))?;
            if let Some((_, why)) = kept.first() {
                return Err(failed(why));
            }
        }
        Ok(())
    }
}

type Fetched = std::result::Result<bytes::Bytes, ApiError>;

/// Objects on their way, in order.
struct Fetches {
    objects: Objects,
    waiting: VecDeque<(PathBuf, u64, JoinHandle<Fetched>)>,
    bytes: u64,
}

impl Fetches {
    fn new(objects: Objects) -> Self {
        Self { objects, waiting: VecDeque::new(), bytes: 0 }
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn is_full(&self, next: &Object) -> bool {
        !self.waiting.is_empty() && (self.waiting.len() >= AHEAD || self.bytes + next.size > AHEAD_BYTES)
    }

    fn start(&mut self, name: PathBuf, object: Object) {
        let objects = self.objects.clone();
        self.bytes += object.size;
        let task = tokio::spawn(async move { objects.get(&object.key, LARGEST).await });
        self.waiting.push_back((name, object.size, task));
    }

    /// What can't be had at all is a problem of its own; any other error ends the reading.
    async fn take_first(
        &mut self,
        opened: &mut LogsOpened,
        take: Taker<'_>,
    ) -> std::result::Result<ControlFlow<()>, ApiError> {
        let Some((name, size, task)) = self.waiting.pop_front() else { return Ok(ControlFlow::Continue(())) };
        self.bytes -= size;
        match task.await {
            Ok(Ok(bytes)) => {
                opened.inputs += 1;
                Ok(take(LogInput::Bytes { name: &name, bytes: &bytes }))
            }
            Ok(Err(error)) if is_of_one(&error) => {
                opened.problems.push(told(name, &error.to_string()));
                Ok(ControlFlow::Continue(()))
            }
            Ok(Err(error)) => Err(error),
            Err(error) => {
                opened.problems.push(told(name, &error.to_string()));
                Ok(ControlFlow::Continue(()))
            }
        }
    }
}

impl Drop for Fetches {
    fn drop(&mut self) {
        self.waiting.iter().for_each(|(_, _, task)| task.abort());
    }
}

/// The error is about this object, not about the bucket or the network.
pub(crate) fn is_of_one(error: &ApiError) -> bool {
    matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::NotFound | ErrorKind::TooLarge)
}

/// Bytes that a message brought, and what they are called.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What a message of a queue told of.
#[derive(Default)]
pub(crate) struct OpenedMessage {
    /// Logs, or files of AWS Config.
    pub(crate) logs: Vec<Told>,
    /// Configuration items, as JSON.
    pub(crate) items: Vec<String>,
}

/// Opens what a message tells of: the event in it, or the objects that it names.
pub(crate) async fn opened_message(
    client: &Client,
    id: &str,
    body: &str,
) -> std::result::Result<OpenedMessage, String> {
    let mut opened = OpenedMessage::default();
    match Notice::parse(body).map_err(|error| error.to_string())? {
        Notice::Nothing => {}
        Notice::Event(text) => {
            opened.logs.push(Told { name: format!("message {id}"), bytes: text.into_bytes() });
        }
        Notice::Item(item) => opened.items.push(item),
        Notice::Objects(new) => {
            for NewObject { bucket, key } in new.iter().filter(|new| haechi_logs::is_log(Path::new(&new.key))) {
                let name = format!("s3://{bucket}/{key}");
                let got = Objects::new(client.clone(), bucket).get(key, LARGEST).await;
                let bytes = got.map_err(|error| format!("{name}: {error}"))?.to_vec();
                opened.logs.push(Told { name, bytes });
            }
        }
    }
    Ok(opened)
}

/// Reads every input, one after the other, and tells how far it is; the caller says when all is done.
pub(crate) async fn read_events(
    sources: &LogSources,
    fields: &LogFields,
    format: Option<FlowFormat>,
    to: &mut dyn Receiver,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<(Summary, LogsOpened)> {
    let mut reader = Reader::of(fields);
    if let Some(format) = format {
        reader = reader.flow_format(format);
    }
    let opened = sources
        .each(stop, &mut |input| {
            let (now, _) = input.identity();
            let flow = match input {
                LogInput::File(path) => reader.read_file(path, to),
                LogInput::Bytes { name, bytes } => reader.read_bytes(name, bytes, to),
                LogInput::Stream { name, source } => reader.read_stream(name, source, to),
            };
            let summary = reader.summary();
            progress.step(Step::Reading { files: summary.files.values().sum(), items: summary.events, now });
            flow
        })
        .await?;
    Ok((reader.finish(), opened))
}
