//! What all clients of a run share: limits on concurrent calls, the pace of each service, the counters
//! of the progress display, and what was learned about buckets' regions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::retry::Pace;

/// How many calls may be under way.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// Over all accounts, services and regions. Default 64.
    pub total: usize,
    /// To one service of one account, over its regions. Default 12.
    pub per_service: usize,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { total: 64, per_service: 12 }
    }
}

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

/// Account and service.
type ServiceKey = (String, String);
/// Account, service and region.
type PaceKey = (String, String, String);

pub(crate) struct Limits {
    concurrency: Concurrency,
    total: Arc<Semaphore>,
    services: Mutex<HashMap<ServiceKey, Arc<Semaphore>>>,
    paces: Mutex<HashMap<PaceKey, Arc<Mutex<Pace>>>>,
    counters: Mutex<BTreeMap<String, Arc<Counters>>>,
    bucket_regions: Mutex<HashMap<String, String>>,
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
            services: Mutex::default(),
            paces: Mutex::default(),
            counters: Mutex::default(),
            bucket_regions: Mutex::default(),
            reached: Mutex::default(),
            skew: AtomicI64::new(0),
            started: Instant::now(),
        }
    }

    /// Since the client was made: the clock of the paces.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits for the right to call. The semaphores are never closed, so this never fails; `None` keeps
    /// the compiler's view honest.
    pub async fn permit(&self, account: &str, service: &str) -> Option<Permit> {
        let own = Arc::clone(
            locked(&self.services)
                .entry((account.to_owned(), service.to_owned()))
                .or_insert_with(|| Arc::new(Semaphore::new(self.concurrency.per_service.max(1)))),
        );
        // The narrow gate first: a crowd before one service must not hold the common places.
        let service = own.acquire_owned().await.ok()?;
        let total = Arc::clone(&self.total).acquire_owned().await.ok()?;
        Some(Permit { _total: total, _service: service })
    }

    pub fn pace(&self, account: &str, service: &str, region: &str) -> Arc<Mutex<Pace>> {
        let key = (account.to_owned(), service.to_owned(), region.to_owned());
        Arc::clone(locked(&self.paces).entry(key).or_default())
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

    pub fn bucket_region(&self, bucket: &str) -> Option<String> {
        locked(&self.bucket_regions).get(bucket).cloned()
    }

    pub fn learn_bucket_region(&self, bucket: &str, region: &str) {
        locked(&self.bucket_regions).insert(bucket.to_owned(), region.to_owned());
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
