//! Judging that follows changes: which resources must be judged again when a fact changes or time passes.
//!
//! Kept in memory: the world (the neighbours that some rule reads), and for each judged resource its name and
//! what its evaluations looked at, as 64-bit hashes: some 150 bytes a resource. Two looks of one hash, and
//! looks of an earlier judgement, only make a resource be judged once more than needed. Evaluations are
//! the caller's to keep, and so are the judged items.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use haechi_model::{
    AccountId, ConfigurationItem, Coverage, Evaluation, Read, Region, ResourceKey, ResourceType, Timestamp,
};

use crate::frame::Recording;
use crate::judge::Judge;
use crate::world::{Access, Look, Place, World, keys_at};

/// Something that is so from now on.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A resource is new, or has changed.
    Seen(Arc<ConfigurationItem>),
    /// A resource is deleted.
    Gone(ResourceKey),
    /// How completely a type was listed.
    Listed(Coverage),
}

/// Rules, their world, and who rests on what.
pub struct Standing {
    judge: Judge,
    world: World,
    needed: BTreeSet<ResourceType>,
    judged: BTreeSet<ResourceType>,
    subjects: Vec<ResourceKey>,
    numbers: HashMap<ResourceKey, u32>,
    /// Who looked at all items of a place, who looked something up there, and who looked there at all.
    whole: HashMap<u64, Vec<u32>>,
    lookups: HashMap<u64, Vec<u32>>,
    places: HashMap<u64, Vec<u32>>,
    /// Who asked about the whole organization.
    askers: Vec<u32>,
    /// The paths by which a type is looked up.
    paths: HashMap<ResourceType, BTreeSet<String>>,
    /// Whose verdict holds until when.
    due: BTreeMap<Timestamp, Vec<u32>>,
    affected: BTreeSet<u32>,
    gone: Vec<ResourceKey>,
    hasher: RandomState,
}

/// What follows from the facts that were taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    /// To be judged again: what they rest on has changed, or their verdicts held until now.
    pub again: Vec<ResourceKey>,
    /// They were judged, and are deleted.
    pub gone: Vec<ResourceKey>,
}

impl Standing {
    pub fn new(judge: Judge, world: World) -> Self {
        Self {
            needed: judge.needed_types(),
            judged: judge.judged_types(),
            judge,
            world,
            subjects: Vec::new(),
            numbers: HashMap::new(),
            whole: HashMap::new(),
            lookups: HashMap::new(),
            places: HashMap::new(),
            askers: Vec::new(),
            paths: HashMap::new(),
            due: BTreeMap::new(),
            affected: BTreeSet::new(),
            gone: Vec::new(),
            hasher: RandomState::new(),
        }
    }

    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    /// Judges an item, and remembers what its evaluations rest on.
    pub fn evaluate(&mut self, now: Timestamp, item: &ConfigurationItem, recording: Recording) -> Vec<Evaluation> {
        let evaluations = self.judge.evaluate(&self.world, now, item, recording);
        self.remember(&evaluations);
        evaluations
    }

    /// Remembers what evaluations rest on that were made with this judge and world: on several threads,
    /// or in an earlier run of the same rules.
    pub fn remember(&mut self, evaluations: &[Evaluation]) {
        for evaluation in evaluations {
            let subject = self.number(&evaluation.resource);
            if let Some(until) = evaluation.holds_until {
                note(self.due.entry(until).or_default(), subject);
            }
            for read in &evaluation.reads {
                self.remember_read(subject, read);
            }
        }
    }

    fn remember_read(&mut self, subject: u32, read: &Read) {
        let Some((look, _)) = Look::of_read(read) else { return };
        let Some(place) = look.place() else { return note(&mut self.askers, subject) };
        let key = self.hasher.hash_one(&look);
        note(self.places.entry(self.hasher.hash_one(place)).or_default(), subject);
        match &look {
            Look::Items(_) => note(self.whole.entry(key).or_default(), subject),
            Look::Lookup(place, path, _) => {
                let paths = self.paths.entry(place.resource_type.clone()).or_default();
                if !paths.contains(path) {
                    paths.insert(path.clone());
                }
                note(self.lookups.entry(key).or_default(), subject);
            }
            Look::Asked(_) => {}
        }
    }

    fn number(&mut self, key: &ResourceKey) -> u32 {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let number = self.subjects.len() as u32;
        self.subjects.push(key.clone());
        self.numbers.insert(key.clone(), number);
        number
    }

    /// Takes a fact in: the world is as it says, and who rests on it is to be judged again.
    pub fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Seen(item) if item.status().is_deleted() => self.gone(item.key()),
            Fact::Seen(item) => self.seen(item),
            Fact::Gone(key) => self.gone(&key),
            Fact::Listed(coverage) => {
                if self.world.cover(&coverage) {
                    let Coverage { resource_type, account_id, region, .. } = &coverage;
                    for place in places(resource_type, *account_id, region) {
                        let watchers = self.places.get(&self.hasher.hash_one(&place));
                        self.affected.extend(watchers.into_iter().flatten());
                    }
                }
            }
        }
    }

    /// The organization has changed, in whatever account: who asked about it is to be judged again.
    pub fn know(&mut self, access: Access) {
        self.world.set_access(access);
        self.affected.extend(&self.askers);
    }

    fn seen(&mut self, item: Arc<ConfigurationItem>) {
        let key = item.key().clone();
        if self.needed.contains(&key.resource_type) {
            let old = self.world.put(item.clone());
            self.touch(&key, [Some(item), old].into_iter().flatten());
        }
        if self.judged.contains(&key.resource_type) {
            let subject = self.number(&key);
            self.affected.insert(subject);
        }
    }

    fn gone(&mut self, key: &ResourceKey) {
        if self.needed.contains(&key.resource_type) {
            let old = self.world.remove(key);
            self.touch(key, old.into_iter());
        }
        if let Some(subject) = self.numbers.remove(key) {
            self.affected.remove(&subject);
            self.gone.push(key.clone());
        }
    }

    /// A complete listing: whatever else of it was known is deleted.
    pub fn only(
        &mut self,
        resource_type: &ResourceType,
        account_id: AccountId,
        region: &Region,
        there: impl Fn(&str) -> bool,
    ) {
        let here = |key: &&ResourceKey| {
            key.resource_type == *resource_type && key.account_id == account_id && key.region == *region
        };
        let judged = self.numbers.keys().filter(here);
        let neighbours = self.world.keys(resource_type, account_id, region);
        let missing: BTreeSet<ResourceKey> =
            judged.cloned().chain(neighbours).filter(|key| !there(&key.resource_id)).collect();
        missing.iter().for_each(|key| self.gone(key));
    }

    /// Marks who looked at the listing of an item, or looked up what it is or was found by.
    fn touch(&mut self, key: &ResourceKey, states: impl Iterator<Item = Arc<ConfigurationItem>>) {
        let paths = self.paths.get(&key.resource_type);
        let found: BTreeSet<(&String, String)> = states
            .flat_map(|item| {
                let keys = paths.into_iter().flatten().map(|path| (path, keys_at(&item, path))).collect::<Vec<_>>();
                keys.into_iter().flat_map(|(path, keys)| keys.into_iter().map(move |key| (path, key)))
            })
            .collect();
        for place in places(&key.resource_type, key.account_id, &key.region) {
            for (path, value) in &found {
                let look = Look::Lookup(place.clone(), (*path).clone(), value.clone());
                self.affected.extend(self.lookups.get(&self.hasher.hash_one(&look)).into_iter().flatten());
            }
            let look = Look::Items(place);
            self.affected.extend(self.whole.get(&self.hasher.hash_one(&look)).into_iter().flatten());
        }
    }

    /// What is to be done now. Asking empties it.
    pub fn affected(&mut self, now: Timestamp) -> Affected {
        while let Some(entry) = self.due.first_entry().filter(|entry| *entry.key() <= now) {
            self.affected.extend(entry.remove());
        }
        let again = std::mem::take(&mut self.affected).into_iter().map(|at| self.subjects[at as usize].clone());
        Affected {
            again: again.filter(|key| self.numbers.contains_key(key)).collect(),
            gone: std::mem::take(&mut self.gone),
        }
    }

    /// How many resources are judged.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}

/// The places that a listing is part of: its region, and all regions of the account.
fn places(resource_type: &ResourceType, account_id: AccountId, region: &Region) -> [Place; 2] {
    [Some(region.clone()), None].map(|region| Place { resource_type: resource_type.clone(), account_id, region })
}

/// Resources are judged one after the other: the same one comes in a row.
fn note(watchers: &mut Vec<u32>, subject: u32) {
    if watchers.last() != Some(&subject) {
        watchers.push(subject);
    }
}
