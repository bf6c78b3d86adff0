//! Collects live accounts: every type of the plan in every region, many at a time, each failure a coverage line.
//!
//! Memory: one page of one listing per running unit, and at most [`QUEUE`] batches of [`BATCH`] items
//! on the way to the sink; a slow sink slows the calls. Accounts are reached one after another, a few are in work:
//! what is kept of the others is their number.

mod accounts;
mod call;
mod credential_report;
mod item;
mod last_accessed;
mod place;
mod quota_usage;
mod run;
mod unit;

use std::error::Error;
use std::sync::Arc;

use haechi_aws::{Api, ApiError, BoxFuture, ErrorKind};
use haechi_model::{AccountId, ConfigurationItem, Coverage, Gap, Partition, Region, ResourceType, Timestamp};
use serde_json::json;
use tokio::sync::watch;

use crate::collector::{AskedIn, Collector, Collectors, Section};
use crate::listing_set::ListingSet;

pub use accounts::collect_accounts;
pub use item::FOR_NOW;

/// Items in a batch.
pub const BATCH: usize = 64;
/// Batches that wait for the sink.
pub const QUEUE: usize = 16;

/// So many incomplete lines are kept one by one; of more, the number.
pub const MOST_LINES: usize = 10_000;

/// Takes what is collected or imported. An error ends the run: the disk is full, the store is gone.
pub trait Sink: Send {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError>;

    /// Items that tell of the past only: versions of what may be gone.
    fn past(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.items(batch)
    }

    /// A snapshot says what was there in an account and region at a moment: what its complete listings lack was
    /// gone then.
    fn taken(&mut self, account: AccountId, region: &Region, at: Timestamp) {
        let _ = (account, region, at);
    }

    /// The listing of a type in an account and region has ended; its items were given before.
    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError>;

    /// A listing that was completed by the run that this one goes on with: it is not made again.
    fn resumed(&mut self, _: AccountId, _: &Region, _: &ResourceType) -> Result<(), SinkError> {
        Ok(())
    }
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

/// The accounts to collect, each reached when its turn comes.
pub trait Accounts: Send + Sync {
    /// How many there are.
    fn number(&self) -> usize;

    /// Reaches the account of this position: takes on its role, asks for its regions.
    fn reach(&self, at: usize) -> BoxFuture<'_, Reached>;
}

/// What came of reaching an account.
pub enum Reached {
    Target(Box<Target>),
    /// It can't be asked now: the role is refused, the regions can't be listed.
    Refused {
        account: AccountId,
        gap: Gap,
    },
    /// It is known not to answer: suspended, or closed.
    Closed {
        account: AccountId,
        reason: String,
    },
}

impl Accounts for Vec<Target> {
    fn number(&self) -> usize {
        self.len()
    }

    fn reach(&self, at: usize) -> BoxFuture<'_, Reached> {
        Box::pin(async move { Reached::Target(Box::new(self[at].clone())) })
    }
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
    pub last_accessed: LastAccessed,
    /// Listings that an earlier run completed, and that this one, which goes on with it, need not make.
    pub done: Option<Arc<ListingSet>>,
    /// Accounts that are in work at the same time.
    pub accounts: usize,
    /// Listings that run at the same time, of each account in work.
    pub units: usize,
    /// Calls for single resources that run at the same time, over all listings.
    pub calls: usize,
}

impl Plan {
    /// A plan for some accounts with the usual limits.
    pub fn new(targets: Vec<Target>, captured: Timestamp) -> Self {
        let (types, secrets, last_accessed) = (Vec::new(), Secrets::default(), LastAccessed::default());
        Self { targets, types, captured, secrets, last_accessed, done: None, accounts: 8, units: 24, calls: 48 }
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

/// Whether IAM is asked what each user and role accessed when: a job of some seconds for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastAccessed {
    #[default]
    NotAsked,
    Asked,
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

    /// Waits until it is asked to.
    pub async fn stopped(&self) {
        let mut stopped = self.0.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }
}

/// How far a collection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Accounts that ended, and all there are.
    pub accounts_done: usize,
    pub accounts: usize,
    /// Listings that ended, and all there are in the accounts that were reached so far.
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
    /// Listings that were completed, that failed, and that could not be asked for.
    pub complete: u64,
    pub failed: u64,
    pub skipped: u64,
    /// Listings that an earlier run had completed.
    pub resumed: u64,
    /// The coverage lines that are not complete: all that failed and that were skipped, up to [`MOST_LINES`].
    pub incomplete: Vec<Coverage>,
    /// Accounts that came to their end, that refused, and that are known not to answer.
    pub ended: u64,
    pub refused: Vec<(AccountId, Gap)>,
    pub closed: Vec<(AccountId, String)>,
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
    let mut whole = Estimate::default();
    for target in &plan.targets {
        whole.add(estimate_account(collectors, &plan.types, target.regions.len(), target.organization));
    }
    whole
}

/// Counts what one account will be asked. All types when `types` is empty.
pub fn estimate_account(
    collectors: &Collectors,
    types: &[ResourceType],
    regions: usize,
    organization: bool,
) -> Estimate {
    let mut estimate = Estimate { accounts: 1, regions, ..Estimate::default() };
    for collector in wanted(collectors, types).iter().filter(|collector| asked(collector, organization)) {
        let mut count = |section: &Section, times: usize| {
            estimate.listings += times;
            estimate.calls_at_least += times * section.calls_at_least();
        };
        let once = collector.global || (collector.collect.list.place.is_some() && regions > 0);
        count(&collector.collect, if once { 1 } else { regions });
        if let Some(regional) = &collector.regional {
            count(regional, regions);
        }
    }
    estimate
}

impl Estimate {
    /// Another account's.
    pub fn add(&mut self, other: Self) {
        self.accounts += other.accounts;
        self.regions += other.regions;
        self.listings += other.listings;
        self.calls_at_least += other.calls_at_least;
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
    collect_accounts(collectors, plan, Arc::new(plan.targets.clone()), sink, progress, stop).await
}

/// Whether a type is asked for in an account.
fn asked(collector: &Collector, organization: bool) -> bool {
    match collector.asked_in {
        AskedIn::Every => true,
        AskedIn::Organization => organization,
    }
}

fn wanted(collectors: &Collectors, types: &[ResourceType]) -> Vec<Arc<Collector>> {
    let named = |collector: &&Arc<Collector>| types.is_empty() || types.contains(collector.resource_type());
    collectors.iter().filter(named).cloned().collect()
}

/// A gap from a failed call.
pub fn gap(error: &ApiError) -> Gap {
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
