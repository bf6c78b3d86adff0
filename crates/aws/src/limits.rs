//! What the clients of a run share: limits on concurrent calls and the counters of the progress display; and what
//! those of one account share: its call rate, the pace of each service, what was learned about buckets' regions.
//!
//! What belongs to an account goes with its last client, so that memory does not grow with their number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::retry::{Pace, Rate};

/// How many calls may be under way.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// Over all accounts, services and regions. Default 64.
    pub total: usize,
    /// To one service of one account, over its regions. Default 12.
    pub per_service: usize,
    /// Calls a second to one account, over all of its services and regions: its limits are shared with those who
    /// work there. 0 is without limit. Unless it is set, it is [`USUAL_RATE`], but none for a plain http endpoint:
    /// that is a stand-in for AWS on the user's own machine.
    pub rate: Option<u32>,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { total: 64, per_service: 12, rate: None }
    }
}

/// Calls a second to one account, unless it is set.
pub const USUAL_RATE: u32 = 20;

/// The counters of one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceStatistics {
    /// Requests sent, retries included.
    pub calls: u64,
    /// Requests that were repeated.
    pub retries: u64,
    /// Answers that said "too fast".
    pub throttles: u64,
    /// Calls that ended in an error, after all attempts.
    pub failures: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub calls: AtomicU64,
    pub retries: AtomicU64,
    pub throttles: AtomicU64,
    pub failures: AtomicU64,
}

/// Adds one; counters need no order among themselves.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Service and region.
type PaceKey = (String, String);

/// What the clients of one account share.
pub(crate) struct AccountLimits {
    per_service: usize,
    rate: Mutex<Rate>,
    /// The rate was set: it holds for every endpoint.
    always: bool,
    services: Mutex<HashMap<String, Arc<Semaphore>>>,
    paces: Mutex<HashMap<PaceKey, Arc<Mutex<Pace>>>>,
    bucket_regions: Mutex<HashMap<String, String>>,
}

pub(crate) struct Limits {
    concurrency: Concurrency,
    total: Arc<Semaphore>,
    accounts: Mutex<HashMap<String, Weak<AccountLimits>>>,
    counters: Mutex<BTreeMap<String, Arc<Counters>>>,
    /// Regions in which some endpoint of AWS has answered.
    reached: Mutex<HashSet<String>>,
    /// How far AWS's clock is ahead of ours, in seconds.
    skew: AtomicI64,
    started: Instant,
}

/// The right to have one call under way.
pub(crate) struct Permit {
    _total: OwnedSemaphorePermit,
    _service: OwnedSemaphorePermit,
}

/// A panic elsewhere leaves plain data behind, which is still good.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limits {
    pub fn new(concurrency: Concurrency) -> Self {
        Self {
            concurrency,
            total: Arc::new(Semaphore::new(concurrency.total.max(1))),
            accounts: Mutex::default(),
            counters: Mutex::default(),
            reached: Mutex::default(),
            skew: AtomicI64::new(0),
            started: Instant::now(),
        }
    }

    /// Since the client was made: the clock of the paces.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// What all clients of an account share.
    pub fn account(&self, account: &str) -> Arc<AccountLimits> {
        let mut accounts = locked(&self.accounts);
        if let Some(known) = accounts.get(account).and_then(Weak::upgrade) {
            return known;
        }
        accounts.retain(|_, known| known.strong_count() > 0);
        let limits = Arc::new(AccountLimits {
            per_service: self.concurrency.per_service.max(1),
            rate: Mutex::new(Rate::new(self.concurrency.rate.unwrap_or(USUAL_RATE))),
            always: self.concurrency.rate.is_some(),
            services: Mutex::default(),
            paces: Mutex::default(),
            bucket_regions: Mutex::default(),
        });
        accounts.insert(account.to_owned(), Arc::downgrade(&limits));
        limits
    }

    /// Waits for the right to call. The semaphores are never closed, so this never fails; `None` keeps
    /// the compiler's view honest.
    pub async fn permit(&self, account: &AccountLimits, service: &str) -> Option<Permit> {
        let own = account.service(service);
        // The narrow gate first: a crowd before one service must not hold the common places.
        let service = own.acquire_owned().await.ok()?;
        let total = Arc::clone(&self.total).acquire_owned().await.ok()?;
        Some(Permit { _total: total, _service: service })
    }

    pub fn counters(&self, service: &str) -> Arc<Counters> {
        let mut all = locked(&self.counters);
        if let Some(found) = all.get(service) {
            return Arc::clone(found);
        }
        Arc::clone(all.entry(service.to_owned()).or_default())
    }

    pub fn statistics(&self) -> BTreeMap<String, ServiceStatistics> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        locked(&self.counters)
            .iter()
            .map(|(service, counters)| {
                (
                    service.clone(),
                    ServiceStatistics {
                        calls: read(&counters.calls),
                        retries: read(&counters.retries),
                        throttles: read(&counters.throttles),
                        failures: read(&counters.failures),
                    },
                )
            })
            .collect()
    }

    /// Whether some endpoint of AWS in the region has answered: then a host that is not known there is none.
    pub fn is_reached(&self, region: &str) -> bool {
        locked(&self.reached).contains(region)
    }

    pub fn reached(&self, region: &str) {
        let mut reached = locked(&self.reached);
        if !reached.contains(region) {
            reached.insert(region.to_owned());
        }
    }

    /// The time by AWS's clock, as far as it is known to differ from ours.
    pub fn aws_time(&self) -> SystemTime {
        let skew = self.skew.load(Ordering::Relaxed);
        let by = Duration::from_secs(skew.unsigned_abs());
        let now = SystemTime::now();
        let moved = if skew < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        moved.unwrap_or(now)
    }

    pub fn learn_skew(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::Relaxed);
    }
}

impl AccountLimits {
    fn service(&self, service: &str) -> Arc<Semaphore> {
        let mut services = locked(&self.services);
        let own = services.entry(service.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.per_service)));
        Arc::clone(own)
    }

    /// How long to wait before the next call, by the account's rate.
    pub fn turn(&self, now: Duration, scheme: &str) -> Duration {
        if scheme == "http" && !self.always {
            return Duration::ZERO;
        }
        locked(&self.rate).take(now)
    }

    pub fn pace(&self, service: &str, region: &str) -> Arc<Mutex<Pace>> {
        Arc::clone(locked(&self.paces).entry((service.to_owned(), region.to_owned())).or_default())
    }

    pub fn bucket_region(&self, bucket: &str) -> Option<String> {
        locked(&self.bucket_regions).get(bucket).cloned()
    }

    pub fn learn_bucket_region(&self, bucket: &str, region: &str) {
        locked(&self.bucket_regions).insert(bucket.to_owned(), region.to_owned());
    }
}
