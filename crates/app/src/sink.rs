//! Writes what is collected or imported into a run of the store, and remembers what the run could see.

use std::collections::{BTreeSet, HashMap, HashSet};

use haechi_inventory::{Sink, SinkError};
use haechi_model::{AccountId, ConfigurationItem, Coverage, Region, ResourceKey, ResourceType, Timestamp};
use haechi_store::RunWriter;

/// One listing: an account, a region (or `global`) and a type.
type Listing = (AccountId, Region, ResourceType);

fn listing_of(key: &ResourceKey) -> Listing {
    (key.account_id, key.region.clone(), key.resource_type.clone())
}

/// What a run could see: judgements are passed on this and on nothing else.
#[derive(Debug, Default)]
pub struct Seen {
    complete: HashSet<Listing>,
    /// Ids of the resources of listings that did not reach their end.
    partial: HashMap<Listing, HashSet<Box<str>>>,
    pub accounts: BTreeSet<AccountId>,
    pub coverage: Vec<Coverage>,
    pub items: u64,
}

impl Seen {
    /// The resource was listed in this run, or would have been if it were still there.
    pub fn covers(&self, key: &ResourceKey) -> bool {
        let listing = listing_of(key);
        self.complete.contains(&listing) || self.partial.get(&listing).is_some_and(|ids| ids.contains(&key.resource_id))
    }

    /// A resource that belongs to the run although no source listed it.
    pub fn note(&mut self, key: &ResourceKey) {
        if !self.covers(key) {
            self.partial.entry(listing_of(key)).or_default().insert(key.resource_id.clone());
        }
    }

    /// Every account, region and type that the run saw anything of.
    pub fn listings(&self) -> BTreeSet<Listing> {
        self.complete.iter().chain(self.partial.keys()).cloned().collect()
    }
}

pub struct StoreSink<'r, 'store> {
    run: &'r mut RunWriter<'store>,
    recorded: Timestamp,
    seen: Seen,
}

impl<'r, 'store> StoreSink<'r, 'store> {
    pub fn new(run: &'r mut RunWriter<'store>, recorded: Timestamp) -> Self {
        Self { run, recorded, seen: Seen::default() }
    }

    pub fn finish(self) -> Seen {
        self.seen
    }
}

impl Sink for StoreSink<'_, '_> {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.run.put_items(&batch, self.recorded)?;
        self.seen.items += batch.len() as u64;
        for item in &batch {
            let key = item.key();
            self.seen.accounts.insert(key.account_id);
            let listing = listing_of(key);
            if !item.status().is_deleted() && !self.seen.complete.contains(&listing) {
                self.seen.partial.entry(listing).or_default().insert(key.resource_id.clone());
            }
        }
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        let listing = (line.account_id, line.region.clone(), line.resource_type.clone());
        self.seen.accounts.insert(line.account_id);
        if line.is_complete() {
            let ids = self.seen.partial.remove(&listing).unwrap_or_default();
            let ids: HashSet<&str> = ids.iter().map(AsRef::as_ref).collect();
            self.run.finish_listing(&line, &ids, self.recorded)?;
            self.seen.complete.insert(listing);
        } else {
            self.run.put_coverage(std::slice::from_ref(&line))?;
        }
        self.seen.coverage.push(line);
        Ok(())
    }
}
