//! Policies prepared once: equal documents under equal names are one policy in memory, however many principals
//! and accounts have them, so that equal sets of policies are found by comparing addresses.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use haechi_iam::{Effect, PolicyKind, Prepared, Unrecorded};
use haechi_model::ContentHash;

use super::gap::{Gap, GapKind};

/// A set of policies, shared by all that have the same.
pub type PolicySet = Arc<[Arc<Prepared>]>;

#[derive(Debug, Default)]
pub(crate) struct Library {
    prepared: HashMap<(PolicyKind, Box<str>, ContentHash), Arc<Prepared>>,
    unrecorded: HashMap<(PolicyKind, Box<str>), Arc<Prepared>>,
    sets: HashMap<Vec<usize>, PolicySet>,
    pub gaps: BTreeSet<Gap>,
}

// The addresses in `sets` are only compared, and each is kept alive by the set beside it.

impl Library {
    /// Prepares a document as AWS hands it out. One that is no policy becomes an unrecorded one, and a gap.
    pub fn prepare(&mut self, kind: PolicyKind, name: &str, text: &str, owner: &str) -> Arc<Prepared> {
        let key = (kind, Box::from(name), ContentHash::of(text.as_bytes()));
        if let Some(known) = self.prepared.get(&key) {
            return known.clone();
        }
        let subject = || if owner == name { name.to_owned() } else { format!("{owner} {name}") };
        match Prepared::parse_any(kind, name, text) {
            Ok(prepared) => {
                for fault in prepared.faults().iter().filter(|fault| fault.kind.disables()) {
                    let effect = if fault.effect == Effect::Deny { "Deny" } else { "Allow" };
                    let place = format!("{}:{} ({effect})", subject(), fault.position.line);
                    self.gaps.insert(Gap::new(GapKind::FaultyStatement, place, fault.kind.to_string()));
                }
                let prepared = Arc::new(prepared);
                self.prepared.insert(key, prepared.clone());
                prepared
            }
            Err(error) => {
                let subject = subject();
                self.gaps.insert(Gap::new(GapKind::UnreadablePolicy, subject.as_str(), error.to_string()));
                self.unrecorded(kind, &subject, Unrecorded::MayAllowOrDeny)
            }
        }
    }

    /// A policy whose document nobody recorded.
    pub fn unrecorded(&mut self, kind: PolicyKind, name: &str, may: Unrecorded) -> Arc<Prepared> {
        let make = || Arc::new(Prepared::unrecorded(kind, name, may));
        self.unrecorded.entry((kind, name.into())).or_insert_with(make).clone()
    }

    /// One set for all that have these policies in this order.
    pub fn set(&mut self, policies: Vec<Arc<Prepared>>) -> PolicySet {
        let addresses = policies.iter().map(|policy| Arc::as_ptr(policy).addr()).collect();
        self.sets.entry(addresses).or_insert_with(|| policies.into()).clone()
    }

    pub fn len(&self) -> usize {
        self.prepared.len()
    }
}
