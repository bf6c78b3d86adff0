//! The recorder that stays: full passes from time to time, and between them it reacts to what it hears of changes.
//!
//! A configuration item that AWS Config sent is put as it is. An event of CloudTrail that wrote something makes the
//! listings anew that it may have changed: of that type, in that account and region, a moment later, so that a burst
//! of events makes one listing. What was lost with a crash is made good by the full pass that every start begins with.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use haechi_aws::BoxFuture;
use haechi_inventory::{
    Accounts, Collectors, Extended, Plan, Reached, Redacting, Secrets, Sink, SinkError, Stop, collect_accounts,
    import_embedded,
};
use haechi_model::{AccountId, ConfigurationItem, Coverage, Message, Region, ResourceType, Timestamp};
use haechi_rules::Fact;
use haechi_store::{PurgeMode, RunCounts, RunId, RunKind, RunWriter, Store};
use serde_json::{Value, json};

use crate::assess::collectors;
use crate::error::{Result, UserError};
use crate::feeds::{Feed, Heard};
use crate::follow::{Changes, Following};
use crate::judge::Judging;
use crate::live::{Live, Reach, Resume};
use crate::moment::span;
use crate::progress::{Progress, Silent};
use crate::record::{AfterRecording, RecordRequest};
use crate::rulebook::{Rulebook, parameter_values};
use crate::sink::{Seen, StoreSink};
use crate::watch_logs::LogPasses;
use crate::who_changed::{Trail, Write, put_writes};
use crate::{App, in_store};

/// What the recorder does, and how often.
#[derive(Debug, Clone, Default)]
pub struct WatchRequest {
    pub record: RecordRequest,
    /// Between two looks at folders and prefixes; and between two full passes, unless `full_every` says otherwise.
    pub every: Option<String>,
    pub full_every: Option<String>,
    /// Where it hears of changes: folders, `s3://` prefixes, queues.
    pub from: Vec<String>,
    /// Logs in which it looks for threats; without them, those of the settings.
    pub logs: Vec<String>,
}

/// What a pass came to: a sentence for people, and the same for machines.
#[derive(Debug, Clone, PartialEq)]
pub struct PassLine {
    pub at: Timestamp,
    pub said: Message,
    pub value: Value,
}

/// Full passes, unless told otherwise: with something to hear from, and without.
const DAILY: i64 = 24 * 60 * 60 * 1_000_000;
const QUARTER_HOUR: i64 = 15 * 60 * 1_000_000;
/// Folders and prefixes are looked at no less often than this, when full passes are told apart from looks.
const LOOK: Duration = Duration::from_secs(60);
/// A listing is made so long after the first event that asks for it: a burst makes one.
const SETTLE: Duration = Duration::from_secs(10);
/// SQS's longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// After a failed pass, the next try: a minute, then twice as long each time, up to this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15 * 60);
/// Clocks of AWS and of this machine may differ by so much, in microseconds.
const CLOCKS: i64 = 5 * 60 * 1_000_000;
/// What could not be read is named in the log, up to so many at a look.
const PROBLEMS: usize = 20;
/// Old versions are forgotten so often.
const PURGE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Events that wait for their listings; of more, those of new resources are joined by the next run over the files.
const MOST_WAITING: usize = 20_000;

impl App {
    /// Records until it is told to stop. Errors that mend themselves are told and tried again.
    pub async fn watch(
        &self,
        request: &WatchRequest,
        progress: &dyn Progress,
        told: &mut (dyn FnMut(PassLine) + Send),
        stop: &Stop,
    ) -> Result<()> {
        let mut recorder = Recorder::new(self, request, progress, told)?;
        let ended = recorder.run(stop).await;
        // The lock goes with the value: another recorder may begin.
        drop(recorder);
        ended
    }
}

/// Listings to make anew, and the events that ask for them.
#[derive(Default)]
struct Pending {
    listings: BTreeMap<AccountId, Asked>,
    writes: Vec<Write>,
    since: Option<Instant>,
}

#[derive(Default)]
struct Asked {
    regions: BTreeSet<Region>,
    types: BTreeSet<ResourceType>,
}

/// A recorder at work.
struct Recorder<'a> {
    app: &'a App,
    request: &'a WatchRequest,
    record: RecordRequest,
    progress: &'a dyn Progress,
    told: &'a mut (dyn FnMut(PassLine) + Send),
    rulebook: Rulebook,
    collectors: Collectors,
    trail: Trail,
    following: Following,
    pending: Pending,
    feeds: Vec<Feed>,
    live: Option<Arc<Live>>,
    look: Duration,
    full: Duration,
    /// When the last full pass began, by the clock that events are dated by.
    full_began: Option<Timestamp>,
    retention: Option<i64>,
    purged: Option<Instant>,
    logs: LogPasses,
    /// Between two looks at the logs, and at responses whose time may be up.
    logs_every: Duration,
    _lock: RecorderLock,
}

impl<'a> Recorder<'a> {
    fn new(
        app: &'a App,
        request: &'a WatchRequest,
        progress: &'a dyn Progress,
        told: &'a mut (dyn FnMut(PassLine) + Send),
    ) -> Result<Self> {
        let every = request.every.as_deref().map(|text| span("every", text)).transpose()?;
        let full = request.full_every.as_deref().map(|text| span("full-every", text)).transpose()?;
        if full.is_some() && request.from.is_empty() {
            return Err(UserError::said("error-full-every").help("advice-full-every"));
        }
        let usual = if request.from.is_empty() { QUARTER_HOUR } else { DAILY };
        let micros = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(1));
        let look = match (every, full) {
            (Some(every), Some(_)) => micros(every),
            (Some(every), None) => micros(every).min(LOOK),
            (None, _) => LOOK,
        };
        let values = parameter_values(&request.record.parameters)?;
        let packs = if request.record.packs.is_empty() { &app.settings.packs } else { &request.record.packs };
        Ok(Self {
            rulebook: Rulebook::of_packs(&app.content, packs, &values)?,
            collectors: collectors()?,
            trail: Trail::new()?,
            following: Following::default(),
            pending: Pending::default(),
            feeds: Vec::new(),
            live: None,
            look,
            full: micros(full.or(every).unwrap_or(usual)),
            full_began: None,
            retention: app.settings.retention.as_deref().map(|text| span("retention", text)).transpose()?,
            purged: None,
            logs: LogPasses::new(app, &request.logs, request.record.live.profile.clone())?,
            logs_every: micros(every.unwrap_or(QUARTER_HOUR)),
            _lock: RecorderLock::take(&app.lock_place())?,
            app,
            record: request.record.clone(),
            request,
            progress,
            told,
        })
    }

    async fn run(&mut self, stop: &Stop) -> Result<()> {
        let mut failures = 0_u32;
        // What does not work from the start is a mistake of the user's: it is not tried again.
        self.full_pass(stop).await?;
        // Once: the next passes begin anew, and the files were read.
        self.record.live.resume = Resume::No;
        self.record.cloudtrail.clear();
        self.open_feeds().await?;
        self.look_at_logs(stop).await?;
        let mut next_full = Instant::now() + self.full;
        let mut next_look = Instant::now();
        let mut next_logs = Instant::now() + self.logs_every;
        while !stop.is_stopped() {
            let mut step = self.step(&mut next_full, &mut next_look, stop).await;
            // What fails of the one does not hold up the other.
            if Instant::now() >= next_logs && !stop.is_stopped() {
                let looked = self.look_at_logs(stop).await;
                next_logs = Instant::now() + self.logs_every;
                step = step.and(looked);
            }
            let wait = match step {
                Ok(()) => {
                    failures = 0;
                    self.until_next(next_full, next_look, next_logs)
                }
                Err(error) if !mends(&error) => return Err(error),
                Err(error) => {
                    failures += 1;
                    self.failed(&error);
                    backoff(failures)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.stopped() => {}
            }
        }
        Ok(())
    }

    /// How long there is nothing to do.
    fn until_next(&self, next_full: Instant, next_look: Instant, next_logs: Instant) -> Duration {
        let now = Instant::now();
        if self.feeds.iter().any(Feed::waits) {
            return Duration::ZERO;
        }
        let look = if self.feeds.is_empty() { next_full } else { next_look.min(next_full) }.min(next_logs);
        let settled = self.pending.since.map_or(look, |since| since + SETTLE);
        look.min(settled).saturating_duration_since(now)
    }

    async fn step(&mut self, next_full: &mut Instant, next_look: &mut Instant, stop: &Stop) -> Result<()> {
        if Instant::now() >= *next_full {
            self.full_pass(stop).await?;
            *next_full = Instant::now() + self.full;
        }
        let due = Instant::now() >= *next_look;
        let (mut more, mut failed) = (false, None);
        for at in 0..self.feeds.len() {
            if stop.is_stopped() {
                return Ok(());
            }
            if due || self.feeds[at].waits() {
                // One that fails does not silence the others.
                match self.listen(at, *next_full, stop).await {
                    Ok(waiting) => more |= waiting,
                    Err(error) if mends(&error) => failed = failed.or(Some(error)),
                    Err(error) => return Err(error),
                }
            }
        }
        if due && !more {
            *next_look = Instant::now() + self.look;
        }
        if self.pending.since.is_some_and(|since| since.elapsed() >= SETTLE) {
            self.list_pending(stop).await?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// Threats in what is new in the logs, and responses whose time is up.
    async fn look_at_logs(&mut self, stop: &Stop) -> Result<()> {
        let ended = self.logs.pass(self.app, self.progress, &mut *self.told, stop).await;
        match ended {
            Err(error) if stop.is_stopped() && error.what.id == "interrupted" => Ok(()),
            other => other,
        }
    }

    async fn open_feeds(&mut self) -> Result<()> {
        if self.request.from.is_empty() {
            return Ok(());
        }
        let live = self.reach().await?;
        for word in &self.request.from {
            self.feeds.push(Feed::open(word, Some(&live.client)).await?);
        }
        Ok(())
    }

    /// The accounts, walked once for each full pass.
    async fn reach(&mut self) -> Result<Arc<Live>> {
        if let Some(live) = &self.live {
            return Ok(live.clone());
        }
        let record = &self.record;
        let live = Arc::new(self.app.live(&record.live, &record.selection, self.app.now()).await?);
        self.live = Some(live.clone());
        Ok(live)
    }

    async fn full_pass(&mut self, stop: &Stop) -> Result<()> {
        let began = self.app.now();
        let recorded = self.app.record(&self.record, self.progress, stop).await;
        let recorded = match recorded {
            Err(error) if stop.is_stopped() && error.what.id == "interrupted" => return Ok(()),
            other => other?,
        };
        self.following.forget();
        self.live = None;
        if !recorded.interrupted {
            self.full_began = Some(began);
            // They were asked for before this pass: it has seen what they did.
            self.pending.listings.clear();
        }
        let number = |path: &str| recorded.value.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let said = Message::new("watch-full")
            .with("items", number("/items/seen"))
            .with("new", number("/items/new"))
            .with("changed", number("/items/changed"))
            .with("deleted", number("/items/deleted"))
            .with("failed", number("/listings/failed"));
        (self.told)(PassLine {
            at: began,
            said,
            value: json!({"pass": "full", "at": began, "result": recorded.value}),
        });
        if !recorded.interrupted {
            self.keep_only_retained()?;
        }
        Ok(())
    }

    /// Looks at one feed, and puts what it gave. True when there is more.
    async fn listen(&mut self, at: usize, next_full: Instant, stop: &Stop) -> Result<bool> {
        let mut store = self.app.writable_store()?;
        let name = self.feeds[at].name.clone();
        let position = store.position(&name).map_err(in_store)?;
        let settled = self.pending.since.map(|since| since + SETTLE);
        let until = settled.map_or(next_full, |settled| settled.min(next_full));
        let wait = until.saturating_duration_since(Instant::now()).min(LONGEST_WAIT);
        let heard = tokio::select! {
            heard = self.feeds[at].look(&self.trail, position.as_ref(), self.app.now(), wait) => heard?,
            // What was not committed is heard again.
            () = stop.stopped() => return Ok(false),
        };
        for problem in heard.problems.iter().take(PROBLEMS) {
            tracing::error!(source = %name, "{problem}");
        }
        if !heard.is_empty() {
            self.put_heard(&mut store, &name, &heard)?;
        } else if !heard.problems.is_empty() {
            let (at, problems) = (self.app.now(), &heard.problems);
            let said = Message::new("watch-unread").with("source", name.as_str()).with("problems", problems.len());
            let value = json!({"pass": "heard", "at": at, "source": name, "problems": problems});
            (self.told)(PassLine { at, said, value });
        }
        if let Some(position) = &heard.position {
            store.put_position(&name, position, self.app.now()).map_err(in_store)?;
        }
        if !heard.receipts.is_empty() {
            self.feeds[at].dealt_with(&heard.receipts).await?;
        }
        let more = heard.more;
        self.ask(heard.writes, &store)?;
        Ok(more)
    }

    /// Items as they came, and who changed what is recorded already.
    fn put_heard(&mut self, store: &mut Store, name: &str, heard: &Heard) -> Result<()> {
        let (began, now) = (Instant::now(), self.app.moment_after(store, self.progress)?);
        let record = &self.record;
        let mut info =
            self.app.run_info(RunKind::Import, now, vec!["changes".to_owned(), name.to_owned()], &record.selection);
        info.organization = self.live.as_ref().and_then(|live| live.organization.clone());
        let mut run = store.begin_run(info).map_err(in_store)?;
        let (mut seen, mut changes, mut unreadable) = (Seen::default(), BTreeMap::new(), 0);
        if !heard.config.is_empty() {
            let mut sink = Noting::new(&mut run, now);
            let mut redacting = Redacting::new(&self.collectors, &mut sink);
            let into: &mut dyn Sink =
                if record.live.secrets == Secrets::Kept { redacting.inner() } else { &mut redacting };
            let files: Vec<_> = heard.config.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())).collect();
            let extended = Extended::of(self.app.content.types());
            let summary = import_embedded(&files, &extended, into, &mut |_| {}, &Stop::default());
            let summary = summary.map_err(|error| UserError::said("error-read-store").because(error))?;
            for problem in &summary.unreadable {
                tracing::warn!(source = name, "{}: {}", problem.path.display(), problem.reason);
            }
            unreadable = summary.unreadable.len() as u64 + summary.unreadable_unlisted;
            (seen, changes) = sink.finish();
        }
        let joined = put_writes(&mut run, &heard.writes)?;
        let items = seen.items;
        self.judge(&mut run, &seen, changes, now)?;
        let id = committed(run, now)?;
        let counts = counts(store, id)?;
        let said = Message::new("watch-heard")
            .with("source", name)
            .with("items", items)
            .with("events", heard.writes.len())
            .with("joined", joined)
            .with("problems", heard.problems.len() as u64 + unreadable);
        let value = json!({
            "pass": "heard", "at": now, "source": name, "items": items, "writes": heard.writes.len(),
            "joined": joined, "problems": heard.problems, "resources": counts,
            "seconds": began.elapsed().as_secs_f64(),
        });
        (self.told)(PassLine { at: now, said, value });
        Ok(())
    }

    /// Asks for the listings that events may have changed, unless they were made after them.
    fn ask(&mut self, writes: Vec<Write>, store: &Store) -> Result<()> {
        let now = self.app.now();
        // A clock that jumped back would put the last pass into the future.
        let listed = self.full_began.map(|began| began.min(now).plus_micros(-CLOCKS));
        for write in writes {
            if listed.is_some_and(|listed| write.at < listed) {
                continue;
            }
            let touched = write.touched(store)?;
            let listed = self.collectors.iter().map(|collector| collector.resource_type());
            let types = write.types_changed(&touched, listed);
            if types.is_empty() {
                continue;
            }
            let asked = self.pending.listings.entry(write.account).or_default();
            asked.types.extend(types);
            asked.regions.insert(write.region.clone());
            asked.regions.extend(touched.into_iter().map(|key| key.region));
            self.pending.since.get_or_insert_with(Instant::now);
            if self.pending.writes.len() < MOST_WAITING {
                self.pending.writes.push(write);
            }
        }
        Ok(())
    }

    /// Makes the listings that were asked for, and joins the events to what is new in them.
    async fn list_pending(&mut self, stop: &Stop) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let ended = self.list(&pending, stop).await;
        if ended.is_err() || stop.is_stopped() {
            // It is tried again; what was asked for meanwhile is asked for with it.
            self.pending = Pending { since: Some(Instant::now()), ..pending };
        }
        ended
    }

    async fn list(&mut self, pending: &Pending, stop: &Stop) -> Result<()> {
        let began = Instant::now();
        let live = self.reach().await?;
        let record = &self.record;
        let mut store = self.app.writable_store()?;
        let now = self.app.moment_after(&store, self.progress)?;
        let sources = vec!["changes".to_owned(), live.name.clone()];
        let mut info = self.app.run_info(RunKind::Record, now, sources, &record.selection);
        info.organization = live.organization.clone();
        let mut run = store.begin_run(info).map_err(in_store)?;
        let (mut complete, mut failed, mut unknown) = (0, 0, 0_u64);
        let mut sink = Noting::new(&mut run, now);
        for (account, asked) in &pending.listings {
            let Some(at) = live.reach.entries.iter().position(|entry| entry.account == *account) else {
                unknown += 1;
                tracing::info!(%account, "an event is of an account that is not recorded");
                continue;
            };
            let types = asked.types.iter().cloned().collect();
            let (secrets, last_accessed) = (record.live.secrets, self.app.last_accessed(&record.live));
            let plan = Plan { types, secrets, last_accessed, ..Plan::new(Vec::new(), now) };
            let narrowed = Narrowed { reach: live.reach.clone(), at, regions: asked.regions.clone() };
            let collected =
                collect_accounts(&self.collectors, &plan, Arc::new(narrowed), &mut sink, &mut |_| {}, stop).await;
            let collected = collected.map_err(|error| UserError::said("error-collected-store").because(error))?;
            complete += collected.complete;
            failed += collected.failed + collected.refused.len() as u64;
        }
        let (seen, changes) = sink.finish();
        let joined = put_writes(&mut run, &pending.writes)?;
        let items = seen.items;
        self.judge(&mut run, &seen, changes, now)?;
        let id = committed(run, now)?;
        let counts = counts(&store, id)?;
        let said = Message::new("watch-listed")
            .with("listings", complete)
            .with("events", pending.writes.len())
            .with("new", counts.new)
            .with("changed", counts.changed)
            .with("deleted", counts.deleted)
            .with("failed", failed);
        let value = json!({
            "pass": "listings", "at": now, "listings": {"complete": complete, "failed": failed}, "items": items,
            "writes": pending.writes.len(), "joined": joined, "resources": counts, "accountsUnknown": unknown,
            "seconds": began.elapsed().as_secs_f64(),
        });
        (self.told)(PassLine { at: now, said, value });
        Ok(())
    }

    /// Judges what follows from the changes, account by account.
    fn judge(
        &mut self,
        run: &mut RunWriter<'_>,
        seen: &Seen,
        changes: BTreeMap<AccountId, Changes>,
        now: Timestamp,
    ) -> Result<()> {
        if self.record.judging == AfterRecording::Nothing {
            return Ok(());
        }
        let judging = Judging { rulebook: &self.rulebook, seen, app: self.app, now, progress: &Silent };
        self.following.renew(run, &judging, changes.values())?;
        for (account, changes) in changes {
            self.following.judge(run, &judging, account, changes)?;
        }
        // And what has come due meanwhile: an age, an expiry.
        self.following.due(run, &judging)?;
        Ok(())
    }

    fn failed(&mut self, error: &UserError) {
        let at = self.app.now();
        let said = Message::new("watch-failed").with("error", error.to_string().replace('\n', "; "));
        (self.told)(PassLine { at, said, value: json!({"pass": "failed", "at": at, "error": error.to_string()}) });
    }

    /// Forgets what is older than the settings want kept. At most once a day: it looks at everything.
    fn keep_only_retained(&mut self) -> Result<()> {
        let Some(retention) = self.retention else { return Ok(()) };
        if self.purged.is_some_and(|purged| purged.elapsed() < PURGE_EVERY) {
            return Ok(());
        }
        let now = self.app.now();
        let mut store = self.app.writable_store()?;
        let purged = store.purge(now.plus_micros(-retention), PurgeMode::Purge, &mut |_| {}).map_err(in_store)?;
        self.purged = Some(Instant::now());
        let said = Message::new("watch-purged").with("versions", purged.versions).with("resources", purged.resources);
        (self.told)(PassLine { at: now, said, value: json!({"pass": "purge", "at": now, "result": purged}) });
        Ok(())
    }
}

/// Ends a run.
fn committed(mut run: RunWriter<'_>, now: Timestamp) -> Result<RunId> {
    run.put_summary(&json!({})).map_err(in_store)?;
    run.commit(now).map_err(in_store)
}

fn counts(store: &Store, run: RunId) -> Result<RunCounts> {
    Ok(store.run(run).map_err(in_store)?.map(|run| run.counts).unwrap_or_default())
}

/// A minute, then twice as long each time.
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(60).saturating_mul(1 << failures.saturating_sub(1).min(8)).min(LONGEST_BACKOFF)
}

/// Whether an error may be gone the next time: networks and credentials come back, a damaged store does not.
fn mends(error: &UserError) -> bool {
    let lasting = ["advice-store-damaged", "advice-store-newer", "advice-store-other", "advice-store-mode"];
    !error.help.as_ref().is_some_and(|help| lasting.contains(&help.id.as_ref()))
}

/// One account of many, and only some of its regions.
struct Narrowed {
    reach: Arc<Reach>,
    at: usize,
    regions: BTreeSet<Region>,
}

impl Accounts for Narrowed {
    fn number(&self) -> usize {
        1
    }

    fn reach(&self, _: usize) -> BoxFuture<'_, Reached> {
        Box::pin(async move {
            let mut reached = self.reach.reach(self.at).await;
            if let Reached::Target(target) = &mut reached {
                target.regions.retain(|region| self.regions.contains(region));
                target.disabled.clear();
            }
            reached
        })
    }
}

/// Puts what it is given in the store, and notes what the judging has to know of it.
struct Noting<'r, 'store> {
    inner: StoreSink<'r, 'store>,
    changes: BTreeMap<AccountId, Changes>,
    there: HashMap<(AccountId, Region, ResourceType), HashSet<Box<str>>>,
}

impl<'r, 'store> Noting<'r, 'store> {
    fn new(run: &'r mut RunWriter<'store>, now: Timestamp) -> Self {
        Self { inner: StoreSink::new(run, now), changes: BTreeMap::new(), there: HashMap::new() }
    }

    fn finish(self) -> (Seen, BTreeMap<AccountId, Changes>) {
        (self.inner.finish(), self.changes)
    }
}

impl Sink for Noting<'_, '_> {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> std::result::Result<(), SinkError> {
        for item in &batch {
            let key = item.key();
            let changes = self.changes.entry(key.account_id).or_default();
            if item.status().is_deleted() {
                changes.facts.push(Fact::Gone(key.clone()));
                continue;
            }
            let listing = (key.account_id, key.region.clone(), key.resource_type.clone());
            self.there.entry(listing).or_default().insert(key.resource_id.clone());
            changes.facts.push(Fact::Seen(Arc::new(item.clone())));
        }
        self.inner.items(batch)
    }

    fn past(&mut self, batch: Vec<ConfigurationItem>) -> std::result::Result<(), SinkError> {
        // Judgements are about today.
        self.inner.past(batch)
    }

    fn taken(&mut self, account: AccountId, region: &Region, at: Timestamp) {
        self.inner.taken(account, region, at);
    }

    fn coverage(&mut self, line: Coverage) -> std::result::Result<(), SinkError> {
        let changes = self.changes.entry(line.account_id).or_default();
        if line.is_complete() {
            let listing = (line.account_id, line.region.clone(), line.resource_type.clone());
            changes.listed.push((line.clone(), self.there.remove(&listing).unwrap_or_default()));
        } else {
            changes.facts.push(Fact::Listed(line.clone()));
        }
        self.inner.coverage(line)
    }
}

/// Held as long as a recorder runs: two on one store would list everything twice.
struct RecorderLock {
    _file: File,
}

impl RecorderLock {
    fn take(store: &Path) -> Result<Self> {
        let path = PathBuf::from(format!("{}.recorder", store.display()));
        let failed = |error: std::io::Error| {
            UserError::said("error-store").arg("path", path.display()).because(error).help("advice-store-mode")
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(UserError::said("error-recorder").arg("path", store.display()).help("advice-recorder"))
            }
            Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_later_and_later() {
        let seconds: Vec<_> = (1..=7).map(|failures| backoff(failures).as_secs()).collect();
        assert_eq!(seconds, [60, 120, 240, 480, 900, 900, 900]);
        assert!(mends(&UserError::said("error-feed")) && mends(&UserError::said("x").help("advice-store-full")));
        assert!(!mends(&UserError::said("x").help("advice-store-damaged")));
    }

    #[test]
    fn one_recorder_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("new/haechi.db");
        let first = RecorderLock::take(&store).unwrap();
        let error = RecorderLock::take(&store).err().unwrap();
        assert_eq!(error.what.id, "error-recorder");
        drop(first);
        assert!(RecorderLock::take(&store).is_ok());
    }
}
