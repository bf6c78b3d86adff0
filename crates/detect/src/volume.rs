//! More of something within an hour than its key ever had.
//!
//! Of each key the mean and variance of its hours are kept (hours without anything are hours with nothing), fading
//! by half in two weeks, in all and by the part of the day and of the week. An hour's amount is as surprising, in
//! bits, as the tail of a negative binomial with that mean and variance (of a Poisson where it is not wider) is
//! unlikely. A key without history is measured by the busy hours of its account's other keys.

use haechi_model::{Factor, Threat, Timestamp};

use crate::kept::{Kept, joined};
use crate::key::{Key, KeyMap};
use crate::machine::Amount;
use crate::signal::{HOUR, VolumeHour};

/// Hours in which half of the history fades.
const HALF: f64 = 336.0;
/// Gaps are walked through hour by hour up to this: behind two weeks most of the history has faded.
const LONGEST_GAP: i64 = 336;
/// Hours of one part of the week that are enough to judge it by itself.
const SLOT_HOURS: f32 = 14.0;
/// Four hours each, of working days and of weekends.
const SLOTS: usize = 12;

/// Weight, sum and sum of squares of amounts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) weight: f64,
    pub(crate) sum: f64,
    pub(crate) squares: f64,
}

impl Moments {
    fn fade(&mut self, factor: f64) {
        self.weight *= factor;
        self.sum *= factor;
        self.squares *= factor;
    }

    fn add(&mut self, amount: f64) {
        self.weight += 1.0;
        self.sum += amount;
        self.squares += amount * amount;
    }

    /// How surprising so much is, in bits.
    fn bits(&self, amount: f64) -> f64 {
        // Half an event that might have been: nothing is impossible because it was never seen.
        let (weight, sum, squares) = (self.weight + 1.0, self.sum + 0.5, self.squares + 0.5);
        let mean = sum / weight;
        bits(amount, mean, (squares / weight - mean * mean).max(0.0))
    }
}

/// The history of one key, or of an account's keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Past {
    pub(crate) first_hour: i64,
    pub(crate) last_hour: i64,
    pub(crate) all: Moments,
    /// Of parts of the week, in single precision.
    pub(crate) slots: Box<[[f32; 3]; SLOTS]>,
    pub(crate) most: u64,
    pub(crate) fired: Option<i64>,
}

fn slot_of(hour: i64) -> usize {
    // 1970 began on a Thursday.
    let (day, part) = ((hour.div_euclid(24) + 3).rem_euclid(7), hour.rem_euclid(24) / 4);
    (part + if day >= 5 { 6 } else { 0 }) as usize
}

impl Past {
    fn new(hour: i64) -> Self {
        Self {
            first_hour: hour,
            last_hour: hour - 1,
            all: Moments::default(),
            slots: Box::default(),
            most: 0,
            fired: None,
        }
    }

    /// Hours without anything, up to this one.
    fn reach(&mut self, hour: i64) {
        let gap = hour - self.last_hour - 1;
        if gap <= 0 {
            return;
        }
        let fade = 0.5_f64.powf(gap as f64 / HALF);
        self.all.fade(fade);
        // The sum of what is left of each empty hour's weight.
        self.all.weight += (1.0 - fade) / (1.0 - 0.5_f64.powf(1.0 / HALF));
        for empty in (hour - gap.min(LONGEST_GAP))..hour {
            self.slot(empty, 0.0);
        }
        self.last_hour = hour - 1;
    }

    fn slot(&mut self, hour: i64, amount: f32) {
        let [weight, sum, squares] = &mut self.slots[slot_of(hour)];
        // A part of the week has fewer hours: it fades by half in 28 of its own.
        let fade = 0.5_f32.powf(1.0 / 28.0);
        *weight = *weight * fade + 1.0;
        *sum = *sum * fade + amount;
        *squares = *squares * fade + amount * amount;
    }

    fn add(&mut self, hour: i64, amount: u64) {
        self.all.fade(0.5_f64.powf(1.0 / HALF));
        self.all.add(amount as f64);
        self.slot(hour, amount as f32);
        self.most = self.most.max(amount);
        self.last_hour = hour;
    }

    fn bits(&self, hour: i64, amount: u64) -> f64 {
        let all = self.all.bits(amount as f64);
        let [weight, sum, squares] = self.slots[slot_of(hour)];
        if weight < SLOT_HOURS {
            return all;
        }
        let slot = Moments { weight: weight.into(), sum: sum.into(), squares: squares.into() };
        // What is usual at this time of the week is no surprise.
        all.min(slot.bits(amount as f64))
    }

    fn has(&self, hour: i64, warm_up: i64) -> bool {
        (hour - self.first_hour).saturating_mul(HOUR) >= warm_up
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct VolumeState {
    pub(crate) keys: KeyMap<Key, Past>,
    /// The busy hours of the keys of an account.
    pub(crate) accounts: KeyMap<Key, Past>,
}

impl VolumeState {
    /// Judges one key's hour, and learns from it.
    pub(crate) fn take(&mut self, what: &Amount, hour: i64, key: Key, volume: &VolumeHour) -> Option<Threat> {
        let past = self.keys.entry(key).or_insert_with(|| Past::new(hour));
        past.reach(hour);
        let account = self.accounts.entry(volume.account).or_insert_with(|| Past::new(hour));
        let judged = if past.has(hour, what.warm_up) {
            Some((past.bits(hour, volume.total), past.most, "principal", past.first_hour))
        } else if account.has(hour, what.warm_up) {
            Some((account.all.bits(volume.total as f64), account.most, "account", account.first_hour))
        } else {
            None
        };
        let rests = past.fired.is_some_and(|fired| hour.saturating_sub(fired).saturating_mul(HOUR) < what.cool_down);
        let fires = judged.is_some_and(|(bits, most, ..)| {
            volume.total as f64 >= what.at_least && volume.total > most && bits >= what.surprise && !rests
        });
        let threat = judged.filter(|_| fires).and_then(|(_, most, among, first)| {
            let days = u32::try_from((hour - first) / 24).unwrap_or_default();
            threat(
                volume,
                Factor {
                    kind: "volume".into(),
                    value: volume.total.to_string(),
                    among: among.into(),
                    before: most,
                    days,
                },
            )
        });
        if threat.is_some() {
            past.fired = Some(hour);
        }
        past.add(hour, volume.total);
        // Busy hours alone: which keys an account has is not known before they act.
        account.all.fade(0.5_f64.powf((hour - account.last_hour).max(0) as f64 / HALF));
        account.all.add(volume.total as f64);
        account.most = account.most.max(volume.total);
        account.last_hour = hour;
        threat
    }

    pub(crate) fn prune(&mut self, hour: i64) {
        self.keys.retain(|_, past| past.last_hour + 24 * 90 >= hour);
        self.accounts.retain(|_, past| past.last_hour + 24 * 90 >= hour);
    }

    pub(crate) fn bytes(&self) -> usize {
        (self.keys.len() + self.accounts.len()) * PAST_BYTES
    }
}

const PAST_BYTES: usize = size_of::<(Key, Past)>() + SLOTS * 12 + 24;

fn threat(volume: &VolumeHour, factor: Factor) -> Option<Threat> {
    let kept: Vec<Kept> = volume.signals.iter().map(Kept::of).collect();
    let (last, before) = kept.split_last()?;
    let mut threat = joined(last, before, kept.len() as u64);
    threat.message.args.insert("count".into(), volume.total.into());
    threat.factors.insert(factor);
    Some(threat)
}

/// -log2 of the probability of so much or more.
pub(crate) fn bits(amount: f64, mean: f64, variance: f64) -> f64 {
    if amount <= mean || amount <= 0.0 {
        return 0.0;
    }
    let amount = amount.floor();
    // The next term of the tail by the one before it.
    let (first, ratio): (f64, Box<dyn Fn(f64) -> f64>) = if variance > mean * 1.001 {
        let (size, chance) = (mean * mean / (variance - mean), mean / variance);
        let first = ln_gamma(amount + size) - ln_gamma(size) - ln_gamma(amount + 1.0)
            + size * chance.ln()
            + amount * (1.0 - chance).ln();
        (first, Box::new(move |at| (at + size) / (at + 1.0) * (1.0 - chance)))
    } else {
        (amount * mean.ln() - mean - ln_gamma(amount + 1.0), Box::new(move |at| mean / (at + 1.0)))
    };
    let (mut tail, mut term) = (1.0, 1.0);
    for step in 0..400 {
        term *= ratio(amount + f64::from(step));
        tail += term;
        if term < 1e-9 * tail {
            break;
        }
    }
    let last = ratio(amount + 400.0);
    if term >= 1e-9 * tail && last < 1.0 {
        tail += term * last / (1.0 - last);
    }
    (-(first + tail.ln()) / core::f64::consts::LN_2).max(0.0)
}

/// The logarithm of the gamma function, by Stirling's series.
fn ln_gamma(mut of: f64) -> f64 {
    let mut shift = 0.0;
    while of < 8.0 {
        shift += of.ln();
        of += 1.0;
    }
    let square = 1.0 / (of * of);
    let series = (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / of;
    (of - 0.5) * of.ln() - of + 0.5 * (2.0 * core::f64::consts::PI).ln() + series - shift
}

/// The start of an hour.
pub(crate) fn start_of(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour.saturating_mul(HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_as_tables_have_them() {
        // Poisson: P(X >= 5 | 1) = 0.00366; P(X >= 20 | 10) = 0.003454.
        for (amount, mean, chance) in [(5.0, 1.0, 0.003_660), (20.0, 10.0, 0.003_454), (1.0, 0.5, 0.393_469)] {
            let found = (-bits(amount, mean, mean)).exp2();
            assert!((found / chance - 1.0).abs() < 1e-3, "{found} is {chance}");
        }
        // Geometric, a negative binomial of size 1: mean 4, variance 20, P(X >= k) = 0.8^k.
        let found = (-bits(10.0, 4.0, 20.0)).exp2();
        assert!((found / 0.8_f64.powi(10) - 1.0).abs() < 1e-6, "{found}");
        let huge = bits(5e9, 1e6, 1e14);
        assert!(huge.is_finite() && huge > 20.0, "{huge}");
        assert_eq!(bits(3.0, 4.0, 4.0), 0.0);
    }

    #[test]
    fn gaps_are_hours_with_nothing() {
        let (mut walked, mut jumped) = (Past::new(0), Past::new(0));
        walked.add(0, 50);
        jumped.add(0, 50);
        for hour in 1..100 {
            walked.reach(hour);
            walked.add(hour, 0);
        }
        jumped.reach(100);
        assert!((walked.all.weight - jumped.all.weight).abs() < 1e-6);
        assert!((walked.all.sum - jumped.all.sum).abs() < 1e-6);
        assert_eq!(walked.slots, jumped.slots);
    }

    #[test]
    fn a_weekend_is_not_a_working_day() {
        assert_eq!(slot_of(0), 0, "Thursday, 1970-01-01");
        assert_eq!(slot_of(24 * 2 + 5), 7, "Saturday morning");
        assert_eq!(slot_of(24 * 4 + 23), 5, "Monday night");
    }
}
