//! Which rules an event can meet at all, by its name and source: what a rule's condition demands without exception.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::matcher::Demand;
use crate::sigma::folded_hash;

/// Rules of one log, by their numbers in its plan.
#[derive(Debug, Default)]
pub(crate) struct Index {
    by_name: Numbers,
    by_source: Numbers,
    /// Of any source and name.
    general: Vec<u32>,
}

type Numbers = HashMap<u64, Vec<u32>, BuildHasherDefault<Plain>>;

/// The keys are hashes already.
#[derive(Debug, Default, Clone, Copy)]
struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl Index {
    /// Adds a rule. It is found under every name (or else source) that it demands.
    pub(crate) fn add(&mut self, rule: u32, demand: &Demand) {
        let (numbers, texts) = match (&demand.names, &demand.sources) {
            (Some(names), _) => (&mut self.by_name, names),
            (None, Some(sources)) => (&mut self.by_source, sources),
            (None, None) => return self.general.push(rule),
        };
        for text in texts {
            let rules = numbers.entry(folded_hash(text)).or_default();
            if rules.last() != Some(&rule) {
                rules.push(rule);
            }
        }
    }

    /// The rules that an event of this source and name may meet. Hashes may fall together: the rule itself asks again.
    pub(crate) fn candidates(&self, source: &str, name: &str) -> impl Iterator<Item = u32> {
        let by_name = self.by_name.get(&folded_hash(name)).into_iter().flatten();
        let by_source = self.by_source.get(&folded_hash(source)).into_iter().flatten();
        by_name.chain(by_source).chain(&self.general).copied()
    }

    /// How many rules are asked of every event.
    pub(crate) fn general(&self) -> usize {
        self.general.len()
    }
}
