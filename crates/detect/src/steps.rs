//! Sequences: all steps of one key within a time, in order or not.

use std::sync::Arc;

use haechi_model::{Threat, Timestamp};

use crate::kept::{Kept, joined};
use crate::key::{Key, KeyMap};
use crate::machine::Steps;
use crate::signal::Signal;

/// What is remembered of one key: at step n of an ordered sequence the latest-begun chain of events that reached
/// it; of an unordered one the latest event of that step.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StepsKey {
    pub(crate) chains: Vec<Vec<Arc<Kept>>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StepsState {
    pub(crate) keys: KeyMap<Key, StepsKey>,
}

impl StepsKey {
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.chains.iter().filter_map(|chain| chain.last()).map(|kept| kept.time()).max()
    }

    /// Later steps first: what the event begins is not what it goes on with.
    fn ordered(&mut self, steps: &Steps, signal: &Signal) -> Option<Vec<Arc<Kept>>> {
        let met = (0..usize::from(steps.count)).rev().filter(|step| signal.value >> step & 1 == 1);
        let event = Arc::new(Kept::of(signal));
        for step in met {
            if let Some(whole) = self.step(steps, step, event.clone()) {
                return Some(whole);
            }
        }
        None
    }

    fn step(&mut self, steps: &Steps, step: usize, event: Arc<Kept>) -> Option<Vec<Arc<Kept>>> {
        let chain = match step.checked_sub(1) {
            None => vec![event],
            Some(before) => {
                let chain = &self.chains[before];
                let in_time = chain.first().is_some_and(|first| event.time().since(first.time()) <= steps.within);
                // One event is one step.
                if !in_time || chain.iter().any(|known| known.mark.id == event.mark.id) {
                    return None;
                }
                chain.iter().cloned().chain([event]).collect()
            }
        };
        if step + 1 == usize::from(steps.count) {
            self.chains.iter_mut().for_each(Vec::clear);
            return Some(chain);
        }
        let begun = |chain: &[Arc<Kept>]| chain.first().map(|kept| kept.time());
        if begun(&chain) >= begun(&self.chains[step]) {
            self.chains[step] = chain;
        }
        None
    }

    fn unordered(&mut self, steps: &Steps, signal: &Signal) -> Option<Vec<Arc<Kept>>> {
        let event = Arc::new(Kept::of(signal));
        for step in (0..self.chains.len()).filter(|step| signal.value >> step & 1 == 1) {
            self.chains[step] = vec![event.clone()];
        }
        let now = signal.mark.time;
        let there = |chain: &Vec<Arc<Kept>>| chain.first().is_some_and(|kept| now.since(kept.time()) <= steps.within);
        self.chains.iter().all(there).then(|| self.chains.iter_mut().flat_map(core::mem::take).collect())
    }

    pub(crate) fn bytes(&self) -> usize {
        // An event of several chains is counted with each: it is shared.
        let kept: usize = self.chains.iter().flatten().map(|kept| 24 + kept.bytes()).sum();
        size_of::<(Key, Self)>() + 24 * self.chains.capacity() + kept
    }
}

impl StepsState {
    pub(crate) fn take(&mut self, steps: &Steps, signal: &Signal) -> Option<Threat> {
        let known = self.keys.entry(signal.key).or_default();
        known.chains.resize(usize::from(steps.count), Vec::new());
        let whole = if steps.ordered { known.ordered(steps, signal) } else { known.unordered(steps, signal) }?;
        let last = Kept::of(signal);
        let mut ids: Vec<&str> = whole.iter().map(|kept| kept.mark.id.as_ref()).collect();
        ids.sort_unstable();
        ids.dedup();
        let counted = ids.len() as u64;
        Some(joined(&last, whole.iter().map(|kept| &**kept).filter(|kept| kept.mark.id != last.mark.id), counted))
    }

    /// Forgets what is too old to be a step of anything.
    pub(crate) fn expire(&mut self, steps: &Steps, now: Timestamp) {
        self.keys.retain(|_, known| known.newest().is_some_and(|newest| now.since(newest) <= steps.within));
    }
}
