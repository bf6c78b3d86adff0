//! Habits: on which days a principal, its role, its account and the organization showed which values.
//!
//! How surprising a value is, in bits, backs off from level to level:
//!
//! - seen before on d of n active days: -log2((d + 1/2) / (n + 1));
//! - never seen: -log2(1 - exp(-(q + 1/2) / (n + 1))), where q values were seen on one day alone: Good and Turing's
//!   estimate of how many new values a day brings. Whoever does new things daily surprises nobody. To it the next
//!   level's bits are added.
//!
//! A value is known from 24 hours after it was first seen: what an attacker did an hour ago is no habit. 64 days are
//! remembered.

use haechi_model::{Factor, Threat, Timestamp};

use crate::kept::{Kept, joined};
use crate::key::{Key, KeyMap};
use crate::machine::{Judge, Model};
use crate::signal::{Above, HOUR, OwnerHour, Seen, Shown, Signal, hour_of, shown};

/// The organization is an owner too.
const EVERYBODY: Key = Key(0);
/// Not a factor, but the accounts of the organization.
const ACCOUNTS: u8 = u8::MAX;
/// Values that one owner's history holds; of an account and the organization more.
const VALUES: usize = 512;
const SHARED_VALUES: usize = 8192;
/// Hours after which a value is known.
const FRESH: i64 = 24;
/// Factors below this are not named.
const NAMED: f64 = 2.0;

/// A value, and the days on which it was seen: bit n is n days before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) word: u64,
    pub(crate) days: u64,
    pub(crate) first_hour: u32,
    pub(crate) last_day: u32,
}

impl Entry {
    fn factor(self) -> u8 {
        (self.word >> 56) as u8
    }

    /// On how many days it was seen before the day of this hour; 0 while it is fresh.
    fn before(self, hour: i64) -> u32 {
        if i64::from(self.first_hour) > hour - FRESH {
            return 0;
        }
        days_before(self.days, self.last_day, hour)
    }
}

fn days_before(days: u64, last_day: u32, hour: i64) -> u32 {
    let gone = hour.div_euclid(24) - i64::from(last_day);
    match u32::try_from(gone) {
        Ok(gone) if gone < 64 => (days << gone & !1).count_ones(),
        Ok(_) => 0,
        // Days of the future: whoever asks is late.
        Err(_) => days.count_ones(),
    }
}

fn see(days: &mut u64, last_day: &mut u32, day: u32) {
    if day > *last_day {
        *days = if day - *last_day < 64 { *days << (day - *last_day) } else { 0 };
        *last_day = day;
    }
    if *last_day - day < 64 {
        *days |= 1 << (*last_day - day);
    }
}

/// Somebody with habits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Owner {
    pub(crate) first_hour: u32,
    pub(crate) last_hour: u32,
    pub(crate) days: u64,
    pub(crate) last_day: u32,
    pub(crate) shared: bool,
    /// By their words.
    pub(crate) values: Vec<Entry>,
}

impl Owner {
    fn new(hour: u32, shared: bool) -> Self {
        Self { first_hour: hour, last_hour: hour, days: 0, last_day: hour / 24, shared, values: Vec::new() }
    }

    fn see(&mut self, hour: u32) {
        self.last_hour = self.last_hour.max(hour);
        see(&mut self.days, &mut self.last_day, hour / 24);
    }

    fn show(&mut self, word: u64, hour: u32) {
        match self.values.binary_search_by_key(&word, |entry| entry.word) {
            Ok(at) => {
                let entry = &mut self.values[at];
                see(&mut entry.days, &mut entry.last_day, hour / 24);
            }
            Err(at) => {
                if self.values.len() == self.values.capacity() {
                    // A quarter more, not double: there are many owners, and most have settled habits.
                    self.values.reserve_exact(4 + self.values.len() / 4);
                }
                self.values.insert(at, Entry { word, days: 1, first_hour: hour, last_day: hour / 24 });
            }
        }
    }

    /// Many at once, sorted.
    fn show_all(&mut self, words: &[u64], hour: u32) {
        let (mut known, day) = (core::mem::take(&mut self.values).into_iter().peekable(), hour / 24);
        let mut all = Vec::with_capacity(known.len() + words.len() / 4);
        for word in words {
            while let Some(entry) = known.next_if(|entry| entry.word < *word) {
                all.push(entry);
            }
            match known.next_if(|entry| entry.word == *word) {
                Some(mut entry) => {
                    see(&mut entry.days, &mut entry.last_day, day);
                    all.push(entry);
                }
                None => all.push(Entry { word: *word, days: 1, first_hour: hour, last_day: day }),
            }
        }
        all.extend(known);
        self.values = all;
    }

    /// Forgets the values that were seen longest ago when there are too many.
    fn bound(&mut self) {
        let most = if self.shared { SHARED_VALUES } else { VALUES };
        if self.values.len() > most {
            self.values.sort_unstable_by_key(|entry| {
                (core::cmp::Reverse((entry.last_day, entry.days.count_ones())), entry.word)
            });
            self.values.truncate(most - most / 8);
            self.values.sort_unstable_by_key(|entry| entry.word);
        }
    }

    fn find(&self, word: u64) -> Option<&Entry> {
        self.values.binary_search_by_key(&word, |entry| entry.word).ok().map(|at| &self.values[at])
    }

    /// Days before this hour's on which a value was seen.
    fn before(&self, value: &Shown<'_>, hour: i64) -> u32 {
        let of = |word: u64| self.find(word).map_or(0, |entry| entry.before(hour));
        of(value.word).max(value.other.map_or(0, of))
    }

    fn active_days(&self, hour: i64) -> u32 {
        days_before(self.days, self.last_day, hour)
    }

    /// How many days the history is long, as far as it is remembered.
    fn history(&self, hour: i64) -> u32 {
        u32::try_from((hour - i64::from(self.first_hour)) / 24).unwrap_or_default().min(63)
    }

    fn bits_unseen(&self, factor: u8, hour: i64) -> f64 {
        let from = self.values.partition_point(|entry| entry.factor() < factor);
        let of_factor = self.values[from..].iter().take_while(|entry| entry.factor() == factor);
        let once = of_factor.filter(|entry| entry.before(hour) == 1).count() as f64;
        let rate = (once + 0.5) / (f64::from(self.active_days(hour)) + 1.0);
        -(-(-rate).exp_m1()).log2()
    }

    fn bits_seen(&self, days: u32, hour: i64) -> f64 {
        let chance = (f64::from(days) + 0.5) / (f64::from(self.active_days(hour)) + 1.0);
        (-chance.log2()).max(0.0)
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<(Key, Self)>() + 8 + self.values.capacity() * size_of::<Entry>()
    }
}

/// What a judgement says of one factor.
struct Verdict {
    bits: f64,
    is_new: bool,
    factor: Factor,
}

/// All that is known for one model.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Habits {
    pub(crate) owners: KeyMap<Key, Owner>,
}

/// When a rule last found something of an owner.
pub(crate) type Fired = KeyMap<Key, Timestamp>;

impl Habits {
    /// Judges what one event showed, by what was known before its hour.
    pub(crate) fn judge(
        &self,
        judge: &Judge,
        model: &Model,
        fired: &mut Fired,
        signal: &Signal,
        seen: &Seen,
    ) -> Option<Threat> {
        let now = signal.mark.time;
        let account = self.owners.get(&account_key(seen.above))?;
        if now.since(start(account.first_hour)) < judge.warm_up {
            return None;
        }
        if fired.get(&seen.owner).is_some_and(|last| now.since(*last) < judge.cool_down) {
            return None;
        }
        let hour = hour_of(now);
        let (levels, values): (_, Vec<Shown<'_>>) = (self.levels(seen), seen.values().collect());
        let verdicts: Vec<(u8, Verdict)> = (judge.factors.iter().enumerate())
            .filter_map(|(at, factor)| {
                let of_factor = values.iter().filter(|value| (value.word >> 56) as u8 == *factor);
                let name = judge.names.get(at).or_else(|| model.factors.get(usize::from(*factor)))?;
                let verdicts = of_factor.map(|value| verdict(&levels, name, *factor, value, hour));
                // Of several values the one that surprises most.
                let most = verdicts.reduce(|one, two| if two.bits > one.bits { two } else { one });
                most.map(|verdict| (*factor, verdict))
            })
            .collect();
        let bits: f64 = verdicts.iter().map(|(_, verdict)| verdict.bits).sum();
        let is_new = |factor: &u8| verdicts.iter().any(|(of, verdict)| of == factor && verdict.is_new);
        if bits < judge.surprise || (!judge.required.is_empty() && !judge.required.iter().any(is_new)) {
            return None;
        }
        fired.insert(seen.owner, now);
        let mut threat = joined(&Kept::of(signal), [], 1);
        let named = verdicts.into_iter().filter(|(_, verdict)| verdict.is_new || verdict.bits >= NAMED);
        threat.factors.extend(named.map(|(_, verdict)| verdict.factor));
        Some(threat)
    }

    /// Whose habits are asked, nearest first. The organization is asked when it has more than one account.
    fn levels(&self, seen: &Seen) -> Vec<(&'static str, Option<&Owner>)> {
        let own = if seen.above.is_role { "role" } else { "principal" };
        let mut levels = vec![(own, self.owners.get(&seen.owner))];
        if let Some(role) = seen.above.role {
            levels.push(("role", self.owners.get(&role)));
        }
        levels.push(("account", self.owners.get(&account_key(seen.above))));
        let everybody = self.owners.get(&EVERYBODY);
        let accounts = |all: &&Owner| all.values.iter().filter(|entry| entry.factor() == ACCOUNTS).nth(1).is_some();
        if let Some(all) = everybody.filter(accounts) {
            levels.push(("organization", Some(all)));
        }
        levels
    }

    /// Learns what an hour showed.
    pub(crate) fn learn<'h>(&mut self, hour: i64, shown_by: impl Iterator<Item = (Key, &'h OwnerHour)>) {
        let Ok(hour) = u32::try_from(hour) else { return };
        // Accounts and the organization see much at once: it is sorted first and taken in in one walk.
        let mut shared: KeyMap<Key, Vec<u64>> = KeyMap::default();
        for (owner, showed) in shown_by {
            let account = account_key(showed.above);
            for key in [Some(owner), showed.above.role].into_iter().flatten() {
                let known = self.owners.entry(key).or_insert_with(|| Owner::new(hour, false));
                known.see(hour);
                showed.values.iter().for_each(|word| known.show(*word, hour));
                known.bound();
            }
            shared.entry(account).or_default().extend(&showed.values);
            let everybody = shared.entry(EVERYBODY).or_default();
            everybody.extend(&showed.values);
            everybody.push(shown(ACCOUNTS, account));
        }
        for (key, mut words) in shared {
            words.sort_unstable();
            words.dedup();
            let known = self.owners.entry(key).or_insert_with(|| Owner::new(hour, true));
            known.see(hour);
            known.show_all(&words, hour);
            known.bound();
        }
    }

    /// Owners that may be forgotten: accounts and the organization are few, and stay.
    pub(crate) fn ages(&self, each: &mut dyn FnMut(i64, Key)) {
        let own = self.owners.iter().filter(|(_, owner)| !owner.shared);
        own.for_each(|(key, owner)| each(owner.last_hour.into(), *key));
    }

    pub(crate) fn forget(&mut self, key: Key) {
        self.owners.remove(&key);
    }

    /// Forgets whom nothing is remembered of any more.
    pub(crate) fn prune(&mut self, hour: i64) {
        self.owners.retain(|_, owner| {
            owner.values.retain(|entry| (hour - 64 * 24) / 24 <= i64::from(entry.last_day));
            owner.shared || i64::from(owner.last_hour) + 64 * 24 >= hour
        });
    }

    pub(crate) fn bytes(&self) -> usize {
        self.owners.values().map(Owner::bytes).sum()
    }
}

/// Accounts are owners beside principals: their keys must not meet.
fn account_key(above: Above) -> Key {
    above.account.with(1)
}

fn start(hour: u32) -> Timestamp {
    Timestamp::from_micros(i64::from(hour) * HOUR)
}

fn verdict(levels: &[(&'static str, Option<&Owner>)], name: &str, factor: u8, value: &Shown<'_>, hour: i64) -> Verdict {
    let mut bits = 0.0;
    let mut widest: Option<(&'static str, u32)> = None;
    let factor_of = |among: &str, before: u32, days: u32| Factor {
        kind: name.into(),
        value: value.text.as_ref().into(),
        among: among.into(),
        before: before.into(),
        days,
    };
    for (level, owner) in levels {
        let Some(owner) = owner else {
            // Nobody knows this one: it could do anything.
            widest = widest.or(Some((level, 0)));
            bits += 1.0;
            continue;
        };
        let before = owner.before(value, hour);
        if before == 0 {
            bits += owner.bits_unseen(factor, hour);
            widest = Some((level, owner.history(hour)));
            continue;
        }
        bits += owner.bits_seen(before, hour);
        let factor = match widest {
            Some((among, days)) => factor_of(among, 0, days),
            None => factor_of(level, before, owner.history(hour)),
        };
        return Verdict { bits, is_new: widest.is_some(), factor };
    }
    let (among, days) = widest.unwrap_or(("principal", 0));
    Verdict { bits, is_new: true, factor: factor_of(among, 0, days) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_while_they_are_remembered() {
        let mut owner = Owner::new(0, false);
        for day in 0..40 {
            owner.see(day * 24);
            owner.show(7, day * 24);
        }
        owner.show(8, 39 * 24);
        let value = |word| Shown { word, other: None, text: "".into() };
        assert_eq!(owner.before(&value(7), 40 * 24), 40);
        assert_eq!(owner.before(&value(7), 39 * 24), 39, "today does not count");
        assert_eq!(owner.before(&value(8), 39 * 24 + 5), 0, "fresh");
        assert_eq!(owner.before(&value(8), 40 * 24), 1);
        assert_eq!(owner.before(&value(7), 120 * 24), 0, "long ago");
        assert_eq!(owner.before(&Shown { other: Some(7), ..value(9) }, 40 * 24), 40, "by its other name");
    }

    #[test]
    fn who_does_new_things_daily_surprises_nobody() {
        let (mut steady, mut restless) = (Owner::new(0, false), Owner::new(0, false));
        for day in 0..30 {
            for owner in [&mut steady, &mut restless] {
                owner.see(day * 24);
            }
            steady.show(1, day * 24);
            restless.show(u64::from(day), day * 24);
        }
        assert!(steady.bits_unseen(0, 31 * 24) > 5.0, "{}", steady.bits_unseen(0, 31 * 24));
        assert!(restless.bits_unseen(0, 31 * 24) < 1.0, "{}", restless.bits_unseen(0, 31 * 24));
        assert!(steady.bits_seen(30, 31 * 24) < 0.1);
    }

    #[test]
    fn many_at_once_are_as_one_by_one() {
        let (mut single, mut many) = (Owner::new(0, true), Owner::new(0, true));
        for hour in 0..60_u32 {
            let mut words: Vec<u64> = (0..40).map(|at| u64::from(at * hour % 97)).collect();
            words.sort_unstable();
            words.dedup();
            words.iter().for_each(|word| single.show(*word, hour));
            many.show_all(&words, hour);
        }
        assert_eq!(single, many);
    }

    #[test]
    fn histories_are_bounded() {
        let mut owner = Owner::new(0, false);
        for word in 0..2000_u32 {
            owner.show(word.into(), word / 10);
            owner.bound();
        }
        assert!(owner.values.len() <= VALUES && owner.find(1999).is_some() && owner.find(0).is_none());
        assert!(owner.values.is_sorted_by_key(|entry| entry.word));
    }
}
