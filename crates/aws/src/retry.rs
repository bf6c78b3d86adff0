//! When to try again, and how fast: backoff with full jitter, and a pace that gives way to throttling.
//! Time and randomness are values passed in.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

/// A source of numbers in `0.0..1.0`.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// How often and how long to try.
#[derive(Clone)]
pub struct RetryPolicy {
    /// Attempts in all while the service throttles. Default 8.
    pub throttled_attempts: u32,
    /// Attempts in all for 5xx answers, broken connections and time-outs. Default 3.
    pub other_attempts: u32,
    /// The first pause is up to this. Default 200 ms.
    pub base: Duration,
    /// No pause is longer than this, whatever the service asks for. Default 20 s.
    pub cap: Duration,
    /// However much a service throttles, it is called this often a second. Default 0.5.
    pub slowest: f64,
    /// Where randomness comes from.
    pub jitter: Jitter,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            throttled_attempts: 8,
            other_attempts: 3,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(20),
            slowest: 0.5,
            jitter: Arc::new(random),
        }
    }
}

impl RetryPolicy {
    /// The pause before attempt `attempt + 1` (counted from 1): anything up to twice the last limit,
    /// but at least what the service asked for.
    pub(crate) fn pause(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let limit = self.base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(self.cap);
        let jittered = limit.mul_f64((self.jitter)().clamp(0.0, 1.0));
        jittered.max(asked.unwrap_or_default()).min(self.cap)
    }
}

/// The standard library's random keys are random enough for jitter.
fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    // 53 bits make a fraction below one, exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// How fast one service in one account and region may be called: without limit until it throttles, then
/// a bucket of tokens whose rate falls at each throttle and recovers with each success.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Calls a second; `None` is without limit.
    rate: Option<f64>,
    /// The rate at which the service last throttled.
    ceiling: f64,
    tokens: f64,
    filled: Duration,
    /// Calls since `window`, to know the rate at the first throttle.
    calls: f64,
    window: Duration,
    slowed: Option<Duration>,
}

/// Calls a second to one account: so many at once, then one after the other, whatever the services would bear.
#[derive(Debug)]
pub(crate) struct Rate {
    /// The time between two calls; zero is without limit.
    apart: Duration,
    /// When the next call would be due if all came evenly.
    due: Duration,
}

/// A rate may be used up at once for this long.
const BURST: Duration = Duration::from_secs(1);

impl Rate {
    pub fn new(calls_a_second: u32) -> Self {
        let apart = if calls_a_second == 0 { Duration::ZERO } else { Duration::from_secs(1) / calls_a_second };
        Self { apart, due: Duration::ZERO }
    }

    /// Takes a turn at the time `now`; the result is how long to wait for it.
    pub fn take(&mut self, now: Duration) -> Duration {
        let due = self.due.max(now);
        self.due = due + self.apart;
        self.due.saturating_sub(BURST.max(self.apart)).saturating_sub(now)
    }
}

/// A throttle lowers the rate to this part.
const DOWN: f64 = 0.7;
/// Each success gives back this part of the ceiling.
const UP: f64 = 0.02;
/// Throttles of calls that were under way together count once.
const TOGETHER: Duration = Duration::from_millis(500);

impl Pace {
    /// Takes a token at the time `now` (since any start); the result is how long to wait before calling.
    pub fn take(&mut self, now: Duration) -> Duration {
        if now.saturating_sub(self.window) > Duration::from_secs(2) {
            self.window = now;
            self.calls = 0.0;
        }
        self.calls += 1.0;
        let Some(rate) = self.rate else {
            return Duration::ZERO;
        };
        let since = now.saturating_sub(self.filled).as_secs_f64();
        self.tokens = (self.tokens + since * rate).min(rate.max(1.0)) - 1.0;
        self.filled = self.filled.max(now);
        Duration::from_secs_f64((-self.tokens / rate).max(0.0))
    }

    /// A call went through.
    pub fn succeeded(&mut self) {
        if let Some(rate) = self.rate {
            let rate = rate + self.ceiling * UP;
            self.rate = (rate <= self.ceiling * 2.0).then_some(rate);
        }
    }

    /// The service throttled a call; `slowest` bounds the rate from below.
    pub fn throttled(&mut self, now: Duration, slowest: f64) {
        if self.slowed.is_some_and(|at| now.saturating_sub(at) < TOGETHER) {
            return;
        }
        self.slowed = Some(now);
        let seconds = now.saturating_sub(self.window).as_secs_f64().max(1.0);
        self.ceiling = self.rate.unwrap_or(self.calls / seconds).max(slowest);
        self.rate = Some((self.ceiling * DOWN).max(slowest));
        self.tokens = self.tokens.min(0.0);
        self.filled = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn pauses_double_up_to_the_cap_and_heed_the_service() {
        let policy = RetryPolicy { jitter: Arc::new(|| 1.0), ..RetryPolicy::default() };
        let check = |attempt, asked: Option<f64>, want: f64| {
            assert_eq!(policy.pause(attempt, asked.map(seconds)), seconds(want));
        };
        check(1, None, 0.2);
        check(2, None, 0.4);
        check(5, None, 3.2);
        check(30, None, 20.0);
        check(1, Some(7.0), 7.0);
        check(1, Some(3600.0), 20.0);
    }

    #[test]
    fn randomness_is_spread_over_the_unit() {
        let draws: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(draws.iter().all(|x| (0.0..1.0).contains(x)));
        assert!(draws.iter().any(|x| *x < 0.5) && draws.iter().any(|x| *x >= 0.5));
    }

    #[test]
    fn an_account_is_asked_at_its_rate() {
        let mut rate = Rate::new(20);
        let waits: Vec<f64> = (0..60).map(|_| rate.take(seconds(5.0)).as_secs_f64()).collect();
        assert!(waits[..20].iter().all(|wait| *wait == 0.0), "{waits:?}");
        assert!((waits[20] - 0.05).abs() < 1e-6 && (waits[59] - 2.0).abs() < 1e-6, "{waits:?}");
        // A pause gives back one second's worth and no more.
        let again: Vec<f64> = (0..21).map(|_| rate.take(seconds(60.0)).as_secs_f64()).collect();
        assert!(again[19] == 0.0 && again[20] > 0.0, "{again:?}");
        let mut none = Rate::new(0);
        assert!((0..1000).all(|_| none.take(Duration::ZERO).is_zero()));
        let mut slow = Rate::new(1);
        assert!(slow.take(Duration::ZERO).is_zero() && slow.take(Duration::ZERO) == seconds(1.0));
    }

    #[test]
    fn without_throttling_there_is_no_wait() {
        let mut pace = Pace::default();
        assert!((0..1000).all(|_| pace.take(Duration::ZERO).is_zero()));
    }

    #[test]
    fn throttling_slows_and_success_recovers() {
        let mut pace = Pace::default();
        (0..20).for_each(|_| assert!(pace.take(Duration::ZERO).is_zero()));
        pace.throttled(seconds(1.0), 0.5);
        assert_eq!(pace.rate, Some(14.0));
        // Throttles of the same burst count once.
        pace.throttled(seconds(1.1), 0.5);
        assert_eq!(pace.rate, Some(14.0));
        let waits: Vec<Duration> = (0..3).map(|_| pace.take(seconds(1.0))).collect();
        assert!(waits[0] > Duration::ZERO && waits[2] > waits[0], "{waits:?}");
        pace.throttled(seconds(2.0), 0.5);
        assert!(pace.rate.unwrap() < 10.0);
        (0..200).for_each(|_| pace.succeeded());
        assert_eq!(pace.rate, None);
    }

    #[test]
    fn the_rate_never_falls_below_the_slowest() {
        let mut pace = Pace::default();
        (0..100).for_each(|i| pace.throttled(seconds(f64::from(i)), 0.5));
        assert_eq!(pace.rate, Some(0.5));
        assert!(pace.take(seconds(100.0)) <= seconds(4.0));
    }
}
