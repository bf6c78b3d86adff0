//! Collects live accounts: every type of the plan in every region, many at a time, each failure a coverage line.
//!
//! Memory: one page of one listing per running unit, and at most [`QUEUE`] batches of [`BATCH`] items
//! on the way to the sink; a slow sink slows the calls.

mod call;
mod credential_report;
mod item;
mod place;
mod unit;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use haechi_aws::{Api, ApiError, ErrorKind};
use haechi_model::{
    AccountId, ConfigurationItem, Coverage, CoverageState, Gap, Partition, Region, ResourceType, Timestamp,
};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::collector::{AskedIn, Collector, Collectors};
use unit::{Reach, Unit};

/// Items in a batch.
pub const BATCH: usize = 64;
/// Batches that wait for the sink.
pub const QUEUE: usize = 16;

/// Takes what is collected or imported. An error ends the run: the disk is full, the store is gone.
pub trait Sink: Send {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError>;

    /// The listing of a type in an account and region has ended; its items were given before.
    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError>;
}

/// Why the sink takes no more.
pub type SinkError = Box<dyn Error + Send + Sync>;

/// One account to collect, with the API that reaches it.
#[derive(Clone)]
pub struct Target {
    pub api: Arc<dyn Api>,
    pub account: AccountId,
    pub partition: Partition,
    /// The regions to collect.
    pub regions: Vec<Region>,
    /// Regions that are known to be disabled: their coverage is skipped.
    pub disabled: Vec<Region>,
    /// Whether this is where the organization is read from: only here are its own types asked for.
    pub organization: bool,
}

/// What to collect, and how.
#[derive(Clone)]
pub struct Plan {
    pub targets: Vec<Target>,
    /// The types; all that have a collector when empty.
    pub types: Vec<ResourceType>,
    /// The time that items carry as their capture time.
    pub captured: Timestamp,
    pub secrets: Secrets,
    /// Listings that run at the same time.
    pub units: usize,
    /// Calls for single resources that run at the same time, over all listings.
    pub calls: usize,
}

impl Plan {
    /// A plan for some accounts with the usual limits.
    pub fn new(targets: Vec<Target>, captured: Timestamp) -> Self {
        Self { targets, types: Vec::new(), captured, secrets: Secrets::Redacted, units: 24, calls: 48 }
    }
}

/// What becomes of environment variables, user data and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// Names are kept, values are replaced.
    #[default]
    Redacted,
    /// Kept as they are.
    Kept,
}

/// Asks a running collection to stop. Clones stop the same one.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked to stop.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    async fn stopped(&self) {
        let mut stopped = self.0.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }
}

/// How far a collection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Listings that ended, and all there are.
    pub done: usize,
    pub total: usize,
    pub items: u64,
    /// What ended last.
    pub last: Option<Coverage>,
}

/// A member that could not be collected, for how many resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub resource_type: ResourceType,
    pub path: String,
    pub reason: String,
    pub resources: u64,
}

/// What a collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectSummary {
    pub items: u64,
    pub complete: u64,
    /// Every coverage line that is not complete.
    pub incomplete: Vec<Coverage>,
    /// Members that failing calls left out of items.
    pub missing: Vec<Missing>,
    /// Resources in regions outside the plan.
    pub elsewhere: u64,
    pub interrupted: bool,
}

/// How many listings a plan has and how many calls at least: what `--plan` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    pub accounts: usize,
    pub regions: usize,
    pub listings: usize,
    /// Calls that are made even in an empty account. Each page and each resource adds its own.
    pub calls_at_least: usize,
}

/// A region of an account, and whether it is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionState {
    pub region: Region,
    pub enabled: bool,
}

/// The regions of an account, by EC2's own account of them.
pub async fn regions(api: &dyn Api, home: &Region) -> Result<Vec<RegionState>, ApiError> {
    let answer = api.call("ec2", home.as_str(), "DescribeRegions", json!({"AllRegions": true})).await?;
    let list = answer["Regions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut regions: Vec<_> = list
        .iter()
        .filter_map(|entry| {
            let region = Region::parse(entry["RegionName"].as_str()?).ok()?;
            Some(RegionState { region, enabled: entry["OptInStatus"].as_str() != Some("not-opted-in") })
        })
        .collect();
    regions.sort_by(|a, b| a.region.cmp(&b.region));
    Ok(regions)
}

/// The region that global services of a partition are asked in.
pub fn home_region(partition: &Partition) -> &'static str {
    match partition.as_str() {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// Counts what a plan will ask.
pub fn estimate(collectors: &Collectors, plan: &Plan) -> Estimate {
    let units = units(collectors, plan);
    Estimate {
        accounts: plan.targets.len(),
        regions: plan.targets.iter().map(|target| target.regions.len()).sum(),
        listings: units.len(),
        calls_at_least: units.iter().map(Unit::calls_at_least).sum(),
    }
}

/// Collects everything that the plan names. A failing call never ends the run; only the sink can.
pub async fn collect(
    collectors: &Collectors,
    plan: &Plan,
    sink: &mut dyn Sink,
    progress: &mut (dyn FnMut(&Progress) + Send),
    stop: &Stop,
) -> Result<CollectSummary, SinkError> {
    let units = units(collectors, plan);
    let mut run = Run::new(sink, progress, &units);
    run.disabled(collectors, plan)?;
    let (sender, mut events) = mpsc::channel(QUEUE);
    let (listings, calls) = (Arc::new(Semaphore::new(plan.units.max(1))), Arc::new(Semaphore::new(plan.calls.max(1))));
    let mut tasks = JoinSet::new();
    for unit in units {
        let (sender, listings, calls) = (sender.clone(), listings.clone(), calls.clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let Ok(_turn) = listings.acquire().await else { return };
            unit.run(calls, sender).await;
        });
    }
    drop(sender);
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => {
                run.summary.interrupted = true;
                break;
            }
            event = events.recv() => match event {
                Some(event) => run.event(event)?,
                None => break,
            },
        }
    }
    tasks.shutdown().await;
    while let Ok(event) = events.try_recv() {
        run.event(event)?;
    }
    run.unfinished()?;
    Ok(run.summary)
}

/// What a unit tells the run.
pub(crate) enum Event {
    Items(Vec<ConfigurationItem>),
    Coverage(Coverage),
    Missing { resource_type: ResourceType, path: String, reason: String },
    Elsewhere,
}

fn units(collectors: &Collectors, plan: &Plan) -> Vec<Unit> {
    let wanted = wanted(collectors, plan);
    let mut units = Vec::new();
    for target in &plan.targets {
        let account = Arc::new(unit::Account::new(target, plan));
        let home = Region::parse(home_region(&target.partition)).unwrap_or_else(|_| Region::global());
        for collector in wanted.iter().filter(|collector| asked(collector, target)) {
            let unit = |reach, part| Unit { account: account.clone(), collector: collector.clone(), reach, part };
            if collector.global {
                units.push(unit(Reach::Global { home: home.clone() }, unit::Part::Main));
            } else if collector.collect.list.place.is_some() {
                if !target.regions.is_empty() {
                    units.push(unit(Reach::Spread { home: home.clone() }, unit::Part::Main));
                }
            } else {
                units.extend(target.regions.iter().map(|at| unit(Reach::Region(at.clone()), unit::Part::Main)));
            }
            if collector.regional.is_some() {
                units.extend(target.regions.iter().map(|at| unit(Reach::Region(at.clone()), unit::Part::Regional)));
            }
        }
    }
    units
}

/// Whether a type is asked for in an account.
fn asked(collector: &Collector, target: &Target) -> bool {
    match collector.asked_in {
        AskedIn::Every => true,
        AskedIn::Organization => target.organization,
    }
}

fn wanted(collectors: &Collectors, plan: &Plan) -> Vec<Arc<Collector>> {
    let named = |collector: &&Arc<Collector>| plan.types.is_empty() || plan.types.contains(collector.resource_type());
    collectors.iter().filter(named).cloned().collect()
}

/// A gap from a failed call.
pub(crate) fn gap(error: &ApiError) -> Gap {
    let code = match (error.kind, &*error.code) {
        (ErrorKind::Timeout, _) => "Timeout".to_owned(),
        (ErrorKind::NotImplemented, "") => "NotImplemented".to_owned(),
        (kind, "") => words(kind.as_str()),
        (_, code) => code.to_owned(),
    };
    Gap {
        code,
        message: error.message.to_string(),
        operation: format!("{}:{}", error.service, error.operation),
        missing_action: error.missing_action(),
    }
}

/// `access-denied` as a code: `AccessDenied`.
fn words(text: &str) -> String {
    text.split('-')
        .flat_map(|word| {
            word.char_indices().map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter })
        })
        .collect()
}

type Line = (AccountId, Region, ResourceType);

/// The receiving end of a collection.
struct Run<'r> {
    sink: &'r mut dyn Sink,
    progress: &'r mut (dyn FnMut(&Progress) + Send),
    state: Progress,
    /// Coverage lines that are still due.
    due: BTreeMap<Line, u64>,
    missing: BTreeMap<(ResourceType, String, String), u64>,
    summary: CollectSummary,
}

impl<'r> Run<'r> {
    fn new(sink: &'r mut dyn Sink, progress: &'r mut (dyn FnMut(&Progress) + Send), units: &[Unit]) -> Self {
        let due: BTreeMap<Line, u64> = units.iter().flat_map(Unit::lines).map(|line| (line, 0)).collect();
        let state = Progress { done: 0, total: due.len(), items: 0, last: None };
        progress(&state);
        Self { sink, progress, state, due, missing: BTreeMap::new(), summary: CollectSummary::default() }
    }

    fn disabled(&mut self, collectors: &Collectors, plan: &Plan) -> Result<(), SinkError> {
        for target in &plan.targets {
            let regional = |collector: &&Arc<Collector>| !collector.global || collector.regional.is_some();
            for collector in wanted(collectors, plan).iter().filter(regional).filter(|c| asked(c, target)) {
                for region in &target.disabled {
                    self.coverage(Coverage {
                        account_id: target.account,
                        region: region.clone(),
                        resource_type: collector.resource_type().clone(),
                        state: CoverageState::Skipped { reason: "the region is not enabled".to_owned() },
                        resources: 0,
                    })?;
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<(), SinkError> {
        match event {
            Event::Items(batch) => {
                for item in &batch {
                    let key = item.key();
                    let line = (key.account_id, key.region.clone(), key.resource_type.clone());
                    *self.due.entry(line).or_default() += 1;
                }
                self.state.items += batch.len() as u64;
                self.summary.items += batch.len() as u64;
                self.sink.items(batch)?;
                (self.progress)(&self.state);
            }
            Event::Coverage(line) => self.coverage(line)?,
            Event::Missing { resource_type, path, reason } => {
                *self.missing.entry((resource_type, path, reason)).or_default() += 1;
            }
            Event::Elsewhere => self.summary.elsewhere += 1,
        }
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        if self.due.remove(&(line.account_id, line.region.clone(), line.resource_type.clone())).is_some() {
            self.state.done += 1;
        }
        if line.is_complete() {
            self.summary.complete += 1;
        } else {
            self.summary.incomplete.push(line.clone());
        }
        self.state.last = Some(line.clone());
        self.sink.coverage(line)?;
        (self.progress)(&self.state);
        Ok(())
    }

    /// Listings without a coverage line: the user stopped the run, or a task ended before its time.
    fn unfinished(&mut self) -> Result<(), SinkError> {
        let (code, message) = if self.summary.interrupted {
            ("Interrupted", "the collection was stopped before this listing ended")
        } else {
            ("Internal", "the listing ended without a result: this is a bug in Haechi, please report it")
        };
        for ((account_id, region, resource_type), resources) in std::mem::take(&mut self.due) {
            let (code, message) = (code.to_owned(), message.to_owned());
            let gap = Gap { code, message, operation: String::new(), missing_action: None };
            let state = CoverageState::Failed { gap };
            self.coverage(Coverage { account_id, region, resource_type, state, resources })?;
        }
        let missing = std::mem::take(&mut self.missing).into_iter();
        self.summary.missing = missing
            .map(|((resource_type, path, reason), resources)| Missing { resource_type, path, reason, resources })
            .collect();
        Ok(())
    }
}
