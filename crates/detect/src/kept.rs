//! An event that a state remembers: enough of it to be evidence later.

use std::sync::Arc;

use haechi_model::{Sighting, Threat, Timestamp};

use crate::context::Context;
use crate::signal::{Mark, Signal, sighted};

/// A remembered event.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub(crate) mark: Mark,
    pub(crate) context: Arc<Context>,
}

/// About what a remembered event takes, with its id, without its context.
const KEPT_BYTES: usize = size_of::<Kept>() + 64;

impl Kept {
    pub(crate) fn of(signal: &Signal) -> Self {
        Self { mark: signal.mark.clone(), context: signal.context.clone() }
    }

    pub(crate) fn time(&self) -> Timestamp {
        self.mark.time
    }

    /// About what it takes; its context is counted by each who remembers it, though they share it.
    pub(crate) fn bytes(&self) -> usize {
        KEPT_BYTES + self.context.bytes()
    }

    /// What a threat would say of the event, and the event as evidence.
    fn whole(&self) -> (Threat, Option<Sighting>) {
        let (threat, sighting) = self.context.whole();
        (threat, sighted(&self.mark, sighting))
    }
}

/// The threat that an event completes, resting on it and on remembered events as well. `counted` is how many events
/// it adds to those that were counted before.
pub(crate) fn joined<'k>(last: &Kept, others: impl IntoIterator<Item = &'k Kept>, counted: u64) -> Threat {
    let (mut threat, sighting) = last.whole();
    threat.evidence.extend(sighting);
    threat.first_seen = last.mark.time;
    threat.last_seen = last.mark.time;
    for other in others {
        threat.first_seen = threat.first_seen.min(other.mark.time);
        let (of_other, sighting) = other.whole();
        threat.others.extend(of_other.others);
        threat.evidence.extend(sighting);
    }
    threat.evidence.sort_unstable();
    threat.evidence.dedup();
    threat.count = counted;
    trim(&mut threat);
    threat.message.args.insert("count".into(), counted.into());
    threat
}

/// Keeps the first and last events as a merged threat would.
pub(crate) fn trim(threat: &mut Threat) {
    let kept = haechi_model::threat::SIGHTINGS_KEPT;
    if threat.evidence.len() > 2 * kept {
        let last = threat.evidence.len() - kept;
        threat.evidence.drain(kept..last);
    }
    while threat.others.len() > 50 {
        threat.others.pop_last();
    }
}
