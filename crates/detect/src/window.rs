//! Counts of events or of distinct values, of one key within a time.
//!
//! A condition that holds from some count on is decided by the event that reaches it, over a sliding window: the
//! last so many events (or values) of a key are remembered, which is exact and never more than the threshold. Any
//! other condition (`lt`, `eq`, ...) is decided when a window is over: it opens with a key's first event.

use haechi_model::{Threat, Timestamp};

use crate::kept::{Kept, joined};
use crate::key::{Key, KeyMap};
use crate::machine::{Condition, Window};
use crate::signal::Signal;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) value: u64,
    pub(crate) counted: bool,
    pub(crate) kept: Kept,
}

/// What is remembered of one key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WindowKey {
    /// In the order of time.
    pub(crate) entries: Vec<Entry>,
    /// Sliding: events since the threshold was reached. Otherwise: all events of the open window.
    pub(crate) events: u64,
    /// Of an open window: what was distinct, sorted.
    pub(crate) values: Vec<u64>,
    pub(crate) start: Option<Timestamp>,
}

/// Of an open window: events that are kept as evidence, and distinct values that are told apart.
const EVIDENCE: usize = 20;
const VALUES: usize = 65_536;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WindowState {
    pub(crate) keys: KeyMap<Key, WindowKey>,
}

impl WindowKey {
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.entries.last().map(|entry| entry.kept.time())
    }

    fn slide(&mut self, window: &Window, threshold: usize, signal: &Signal) -> Option<Threat> {
        let now = signal.mark.time;
        let gone = self.entries.partition_point(|entry| now.since(entry.kept.time()) > window.within);
        self.entries.drain(..gone);
        if window.distinct
            && let Some(same) = self.entries.iter().rposition(|entry| entry.value == signal.value)
        {
            self.entries.remove(same);
        }
        self.entries.push(Entry { value: signal.value, counted: false, kept: Kept::of(signal) });
        if self.entries.len() < threshold {
            self.events = 0;
            return None;
        }
        let fresh: Vec<&Kept> = self.entries.iter().filter(|entry| !entry.counted).map(|entry| &entry.kept).collect();
        let (last, before) = fresh.split_last()?;
        // An event with several values is one event.
        let known = |kept: &Kept| self.entries.iter().any(|entry| entry.counted && entry.kept.mark == kept.mark);
        let again = |at: usize| at > 0 && fresh[at - 1].mark == fresh[at].mark;
        let counted = (0..fresh.len()).filter(|at| !again(*at) && !known(fresh[*at])).count() as u64;
        self.events += counted;
        let threat = (counted > 0).then(|| {
            let mut threat = joined(last, before.iter().copied(), counted);
            threat.message.args.insert("count".into(), self.events.into());
            threat
        });
        self.entries.iter_mut().for_each(|entry| entry.counted = true);
        // More than the threshold never decide anything.
        let surplus = self.entries.len().saturating_sub(threshold);
        self.entries.drain(..surplus);
        threat
    }

    /// Ends the open window.
    fn close(&mut self, window: &Window) -> Option<Threat> {
        let whole = core::mem::take(self);
        let count = if window.distinct { whole.values.len() as u64 } else { whole.events };
        let (last, before) = whole.entries.split_last()?;
        let holds = window.condition.holds(count);
        holds.then(|| {
            let mut threat = joined(&last.kept, before.iter().map(|entry| &entry.kept), whole.events);
            threat.message.args.insert("count".into(), count.into());
            threat
        })
    }

    fn open(&mut self, window: &Window, signal: &Signal) -> Option<Threat> {
        let over = self.start.is_some_and(|start| signal.mark.time.since(start) > window.within);
        let ended = if over { self.close(window) } else { None };
        self.start.get_or_insert(signal.mark.time);
        let again = self.entries.last().is_some_and(|entry| entry.kept.mark == signal.mark);
        self.events += u64::from(!again);
        if window.distinct
            && self.values.len() < VALUES
            && let Err(at) = self.values.binary_search(&signal.value)
        {
            self.values.insert(at, signal.value);
        }
        if self.entries.len() >= 2 * EVIDENCE {
            self.entries.remove(EVIDENCE);
        }
        self.entries.push(Entry { value: signal.value, counted: false, kept: Kept::of(signal) });
        ended
    }

    pub(crate) fn bytes(&self) -> usize {
        let kept: usize = self.entries.iter().map(|entry| 16 + entry.kept.bytes()).sum();
        size_of::<(Key, Self)>() + kept + 8 * self.values.capacity()
    }
}

impl WindowState {
    pub(crate) fn take(&mut self, window: &Window, signal: &Signal) -> Option<Threat> {
        let known = self.keys.entry(signal.key).or_default();
        match window.condition.threshold() {
            Some(threshold) => known.slide(window, usize::try_from(threshold).unwrap_or(usize::MAX), signal),
            None => known.open(window, signal),
        }
    }

    /// Ends windows that were over before this moment, in the order of their keys; forgets what is too old to matter.
    pub(crate) fn expire(&mut self, window: &Window, now: Timestamp) -> Vec<Threat> {
        let sliding = Condition::threshold(&window.condition).is_some();
        let old = |known: &WindowKey| {
            let since = if sliding { known.newest() } else { known.start };
            since.is_none_or(|since| now.since(since) > window.within)
        };
        if sliding {
            self.keys.retain(|_, known| !old(known));
            return Vec::new();
        }
        let mut over: Vec<Key> = self.keys.iter().filter(|(_, known)| old(known)).map(|(key, _)| *key).collect();
        over.sort_unstable();
        over.iter().filter_map(|key| self.keys.remove(key)?.close(window)).collect()
    }
}
