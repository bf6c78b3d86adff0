//! An event that a state remembers: enough of it to be evidence later.

use std::sync::Arc;

use haechi_model::{Sighting, Threat, Timestamp};

use crate::signal::{Context, Mark, Signal, sighting};

/// A remembered event.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub(crate) mark: Mark,
    pub(crate) context: Arc<Context>,
}

/// About what a remembered event takes, with its id; its context is shared.
pub(crate) const KEPT_BYTES: usize = size_of::<Kept>() + 64;

impl Kept {
    pub(crate) fn of(signal: &Signal) -> Self {
        Self { mark: signal.mark.clone(), context: signal.context.clone() }
    }

    pub(crate) fn time(&self) -> Timestamp {
        self.mark.time
    }

    pub(crate) fn sighting(&self) -> Option<Sighting> {
        sighting(&self.mark, &self.context)
    }
}

/// The threat that an event completes, resting on it and on remembered events as well. `counted` is how many events
/// it adds to those that were counted before.
pub(crate) fn joined<'k>(last: &Kept, others: impl IntoIterator<Item = &'k Kept>, counted: u64) -> Threat {
    let mut threat = last.context.threat.clone();
    threat.evidence.extend(last.sighting());
    threat.first_seen = last.mark.time;
    threat.last_seen = last.mark.time;
    for other in others {
        threat.first_seen = threat.first_seen.min(other.mark.time);
        threat.others.extend(other.context.threat.others.iter().cloned());
        threat.evidence.extend(other.sighting());
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
