//! What the calls of a log showed: actions with the resources that they were about, and what led to no permission.
//! It is bounded: at most 4,096 names a type of an action, then they are folded; at most 4,096 of any other list.

use std::collections::{BTreeMap, BTreeSet};

use haechi_iam::catalogue::ActionInfo;
use haechi_model::Timestamp;

use super::fold::Names;

/// Entries of the lists that a hostile log could fill.
const MOST: usize = 4096;

/// First and last moment.
pub type Span = Option<(Timestamp, Timestamp)>;

fn widen(span: &mut Span, at: Timestamp) {
    *span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
}

/// What was gathered of one principal.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Events of anybody, and when they were.
    pub events: u64,
    pub span: Span,
    /// Events of the principal.
    pub own_events: u64,
    pub own_span: Span,
    /// By the action's number in the table.
    pub(super) used: BTreeMap<usize, ActionUse>,
    /// Groups of actions of which a call needed one.
    pub(super) ambiguous: BTreeMap<Vec<usize>, u64>,
    /// Calls that were denied, by their actions.
    pub denied: BTreeMap<Box<str>, u64>,
    /// Events that are in no table, by name.
    pub unmapped: BTreeMap<Box<str>, u64>,
    pub needs_nothing: u64,
    /// Prefixes of services of whose data events the log has some, of the principal's account.
    pub data_services: BTreeSet<Box<str>>,
    pub(super) passed: BTreeSet<Box<str>>,
    pub(super) too_many_passed: bool,
    /// Instance profiles, whose roles the log does not tell.
    pub profiles: BTreeSet<Box<str>>,
}

/// How an action was used.
#[derive(Clone, Debug)]
pub struct ActionUse {
    pub calls: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub regions: BTreeSet<Box<str>>,
    /// Calls that name no resource.
    pub nameless: u64,
    pub(super) names: BTreeMap<Box<str>, Names>,
}

/// Counts by name, of a bounded number of names; the rest under an empty one.
fn count(counts: &mut BTreeMap<Box<str>, u64>, name: &str, calls: u64) {
    if let Some(known) = counts.get_mut(name) {
        *known += calls;
    } else {
        let name = if counts.len() < MOST { name } else { "" };
        *counts.entry(name.into()).or_default() += calls;
    }
}

fn keep(set: &mut BTreeSet<Box<str>>, name: &str) -> bool {
    if set.contains(name) {
        return true;
    }
    let room = set.len() < MOST;
    if room {
        set.insert(name.into());
    }
    room
}

impl Gathered {
    pub(super) fn read(&mut self, at: Timestamp) {
        self.events += 1;
        widen(&mut self.span, at);
    }

    pub(super) fn own(&mut self, at: Timestamp) {
        self.own_events += 1;
        widen(&mut self.own_span, at);
    }

    pub(super) fn shows_data_of(&mut self, service: &str) {
        keep(&mut self.data_services, service);
    }

    pub(super) fn unmapped(&mut self, name: &str) {
        count(&mut self.unmapped, name, 1);
    }

    pub(super) fn denied(&mut self, actions: &str) {
        count(&mut self.denied, actions, 1);
    }

    pub(super) fn ambiguous(&mut self, actions: &[ActionInfo<'_>]) {
        let numbers: Vec<usize> = actions.iter().map(|action| action.number()).collect();
        *self.ambiguous.entry(numbers).or_default() += 1;
    }

    pub(super) fn passed_role(&mut self, arn: &str) {
        self.too_many_passed |= !keep(&mut self.passed, arn);
    }

    pub(super) fn profile(&mut self, name: &str) {
        keep(&mut self.profiles, name);
    }

    /// Takes a call: type, form of its ARNs and name of each resource.
    pub(super) fn used(
        &mut self,
        action: ActionInfo<'_>,
        at: Timestamp,
        region: Option<&str>,
        names: &[(&str, &str, String)],
    ) {
        let used = self.used.entry(action.number()).or_insert_with(|| ActionUse {
            calls: 0,
            first: at,
            last: at,
            regions: BTreeSet::new(),
            nameless: 0,
            names: BTreeMap::new(),
        });
        used.calls += 1;
        used.first = used.first.min(at);
        used.last = used.last.max(at);
        keep(&mut used.regions, region.unwrap_or_default());
        used.nameless += u64::from(names.is_empty());
        for (kind, template, name) in names {
            if let Some(known) = used.names.get_mut(*kind) {
                known.add(name);
            } else {
                let mut known = Names::of(template);
                known.add(name);
                used.names.insert((*kind).into(), known);
            }
        }
    }

    /// Adds what another thread gathered.
    pub fn merge(&mut self, other: Gathered) {
        self.events += other.events;
        self.own_events += other.own_events;
        self.needs_nothing += other.needs_nothing;
        self.too_many_passed |= other.too_many_passed;
        for (span, more) in [(&mut self.span, other.span), (&mut self.own_span, other.own_span)] {
            more.into_iter().for_each(|(first, last)| {
                widen(span, first);
                widen(span, last);
            });
        }
        for (number, used) in other.used {
            match self.used.entry(number) {
                std::collections::btree_map::Entry::Vacant(place) => _ = place.insert(used),
                std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().merge(used),
            }
        }
        for (actions, calls) in other.ambiguous {
            *self.ambiguous.entry(actions).or_default() += calls;
        }
        other.denied.iter().for_each(|(name, calls)| count(&mut self.denied, name, *calls));
        other.unmapped.iter().for_each(|(name, calls)| count(&mut self.unmapped, name, *calls));
        other.data_services.iter().for_each(|name| _ = keep(&mut self.data_services, name));
        other.profiles.iter().for_each(|name| _ = keep(&mut self.profiles, name));
        other.passed.iter().for_each(|arn| self.passed_role(arn));
    }
}

impl ActionUse {
    fn merge(&mut self, other: ActionUse) {
        self.calls += other.calls;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.nameless += other.nameless;
        other.regions.iter().for_each(|region| _ = keep(&mut self.regions, region));
        for (kind, names) in other.names {
            match self.names.entry(kind) {
                std::collections::btree_map::Entry::Vacant(place) => _ = place.insert(names),
                std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().merge(names),
            }
        }
    }
}
