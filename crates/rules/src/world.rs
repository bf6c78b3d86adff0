//! The neighbours that rules look at, and how completely each type was listed.
//!
//! It changes only in the hands of [`Standing`](crate::Standing), one item at a time.
//!
//! Indexes for `lookup` and hashes for what an evaluation remembers are made when first asked for, once.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use haechi_access::Answers;
use haechi_model::hash::Hasher;
use haechi_model::{
    AccountId, ConfigurationItem, ContentHash, Coverage, CoverageState, Read, Region, ResourceKey, ResourceType,
};

use crate::path::Path;
use crate::value::{Unknown, Val};

/// Everything that rules may look at besides the item they judge.
#[derive(Default)]
pub struct World {
    listings: HashMap<(ResourceType, AccountId), Vec<Listing>>,
    account_names: HashMap<AccountId, String>,
    access: Access,
}

/// Who may do what in the whole organization, for rules that ask.
#[derive(Clone, Default)]
pub enum Access {
    /// Nobody gave it.
    #[default]
    Absent,
    /// It could not be made, and why.
    Failed(String),
    Known(Arc<Answers>),
}

impl Access {
    /// Asks; the name of the question comes first.
    pub(crate) fn ask(&self, question: &[String]) -> Result<serde_json::Value, String> {
        let Some((name, arguments)) = question.split_first() else { return Err("no question".to_owned()) };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match self {
            Access::Absent => Err("the organization was not recorded".to_owned()),
            Access::Failed(why) => Err(why.clone()),
            Access::Known(answers) => answers.answer(name, &arguments),
        }
    }
}

/// Collects the items and the coverage of a world.
#[derive(Default)]
pub struct WorldBuilder {
    listings: HashMap<(ResourceType, AccountId), HashMap<Region, Listing>>,
    account_names: HashMap<AccountId, String>,
    access: Access,
}

impl WorldBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item; one that is deleted is no neighbour. An item of the same key replaces an older one.
    pub fn add(&mut self, item: Arc<ConfigurationItem>) -> &mut Self {
        if !item.status().is_deleted() {
            let key = item.key().clone();
            self.listing(key.resource_type, key.account_id, key.region).items.push(item);
        }
        self
    }

    /// Says how completely a type was listed. A listing that nothing is said about is not complete.
    pub fn coverage(&mut self, coverage: &Coverage) -> &mut Self {
        let Coverage { account_id, region, resource_type, state, .. } = coverage.clone();
        self.listing(resource_type, account_id, region).coverage = Some(state);
        self
    }

    pub fn account_name(&mut self, account_id: AccountId, name: impl Into<String>) -> &mut Self {
        self.account_names.insert(account_id, name.into());
        self
    }

    /// Says who answers questions about the whole organization.
    pub fn access(&mut self, access: Access) -> &mut Self {
        self.access = access;
        self
    }

    fn listing(&mut self, resource_type: ResourceType, account_id: AccountId, region: Region) -> &mut Listing {
        let regions = self.listings.entry((resource_type, account_id)).or_default();
        regions.entry(region.clone()).or_insert_with(|| Listing::new(region))
    }

    pub fn build(self) -> World {
        let listings = self.listings.into_iter().map(|(key, regions)| {
            let mut listings: Vec<Listing> = regions.into_values().collect();
            listings.sort_by(|a, b| a.region.cmp(&b.region));
            for listing in &mut listings {
                listing.settle();
            }
            (key, listings)
        });
        World { listings: listings.collect(), account_names: self.account_names, access: self.access }
    }
}

/// One type in one account and region.
pub(crate) struct Listing {
    region: Region,
    items: Vec<Arc<ConfigurationItem>>,
    hashes: Vec<OnceLock<ContentHash>>,
    coverage: Option<CoverageState>,
    whole: OnceLock<ContentHash>,
    indexes: RwLock<HashMap<String, Arc<Index>>>,
}

/// Places of items by the text of a value at a path.
type Index = HashMap<String, Vec<u32>>;

impl Listing {
    fn new(region: Region) -> Self {
        Self {
            region,
            items: Vec::new(),
            hashes: Vec::new(),
            coverage: None,
            whole: OnceLock::new(),
            indexes: RwLock::default(),
        }
    }

    /// Puts the items in the order of their ids, so that the order of collecting changes no verdict.
    fn settle(&mut self) {
        self.items.sort_by(|a, b| (&a.key().resource_id, b.captured()).cmp(&(&b.key().resource_id, a.captured())));
        self.items.dedup_by(|later, kept| later.key() == kept.key());
        self.hashes = self.items.iter().map(|_| OnceLock::new()).collect();
    }

    fn incomplete(&self, resource_type: &ResourceType) -> Option<Unknown> {
        let reason = match &self.coverage {
            Some(CoverageState::Complete) => return None,
            Some(CoverageState::Failed { gap }) if gap.message.is_empty() => gap.code.clone(),
            Some(CoverageState::Failed { gap }) => format!("{}: {}", gap.code, gap.message),
            Some(CoverageState::Skipped { reason }) => reason.clone(),
            None => "not listed".to_owned(),
        };
        Some(Unknown::Missing { what: format!("{resource_type} in {}", self.region), reason })
    }

    /// Puts an item in its place, and gives the one that stood there.
    fn put(&mut self, item: Arc<ConfigurationItem>) -> Option<Arc<ConfigurationItem>> {
        self.whole = OnceLock::new();
        match self.place_of(&item.key().resource_id) {
            Ok(at) => {
                let old = std::mem::replace(&mut self.items[at], item);
                self.hashes[at] = OnceLock::new();
                self.each_index(|index, path, items| {
                    leave(index, path, &old, at);
                    enter(index, path, &items[at], at);
                });
                Some(old)
            }
            Err(at) => {
                self.items.insert(at, item);
                self.hashes.insert(at, OnceLock::new());
                self.each_index(|index, path, items| {
                    move_places(index, |place| place + u32::from(place >= at as u32));
                    enter(index, path, &items[at], at);
                });
                None
            }
        }
    }

    fn remove(&mut self, resource_id: &str) -> Option<Arc<ConfigurationItem>> {
        let at = self.place_of(resource_id).ok()?;
        self.whole = OnceLock::new();
        let old = self.items.remove(at);
        self.hashes.remove(at);
        self.each_index(|index, path, _| {
            leave(index, path, &old, at);
            move_places(index, |place| place - u32::from(place > at as u32));
        });
        Some(old)
    }

    fn place_of(&self, resource_id: &str) -> Result<usize, usize> {
        self.items.binary_search_by(|item| (*item.key().resource_id).cmp(resource_id))
    }

    fn each_index(&mut self, mut change: impl FnMut(&mut Index, &Path, &[Arc<ConfigurationItem>])) {
        for (name, index) in self.indexes.get_mut().unwrap_or_else(PoisonError::into_inner) {
            change(Arc::make_mut(index), &Path::parse(name), &self.items);
        }
    }

    fn hash_of(&self, at: usize) -> ContentHash {
        *self.hashes[at].get_or_init(|| self.items[at].content_hash())
    }

    fn whole(&self) -> ContentHash {
        *self.whole.get_or_init(|| {
            let mut hasher = Hasher::default();
            self.hash_coverage(&mut hasher);
            for (at, item) in self.items.iter().enumerate() {
                hasher.part(item.key().resource_id.as_bytes());
                hasher.part(&self.hash_of(at).bytes());
            }
            hasher.finish()
        })
    }

    fn hash_coverage(&self, hasher: &mut Hasher) {
        hasher.part(self.region.as_str().as_bytes());
        hasher.part(serde_json::to_string(&self.coverage).unwrap_or_default().as_bytes());
    }

    fn index(&self, path: &Path, name: &str) -> Arc<Index> {
        if let Some(index) = self.indexes.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return index.clone();
        }
        let mut index = Index::new();
        for (at, item) in self.items.iter().enumerate() {
            each_key(&path.of_item(item), |key| {
                let places = index.entry(key).or_default();
                if places.last() != Some(&(at as u32)) {
                    places.push(at as u32);
                }
            });
        }
        let index = Arc::new(index);
        self.indexes.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), index.clone());
        index
    }
}

/// Takes an item's place out of an index.
fn leave(index: &mut Index, path: &Path, item: &ConfigurationItem, at: usize) {
    each_key(&path.of_item(item), |key| {
        if let Some(places) = index.get_mut(&key) {
            places.retain(|place| *place != at as u32);
            if places.is_empty() {
                index.remove(&key);
            }
        }
    });
}

/// Puts an item's place into an index, in order.
fn enter(index: &mut Index, path: &Path, item: &ConfigurationItem, at: usize) {
    each_key(&path.of_item(item), |key| {
        let places = index.entry(key).or_default();
        if let Err(to) = places.binary_search(&(at as u32)) {
            places.insert(to, at as u32);
        }
    });
}

fn move_places(index: &mut Index, to: impl Fn(u32) -> u32) {
    index.values_mut().flatten().for_each(|place| *place = to(*place));
}

/// The keys under which an item is found at a path.
pub(crate) fn keys_at(item: &ConfigurationItem, name: &str) -> Vec<String> {
    let mut keys = Vec::new();
    each_key(&Path::parse(name).of_item(item), |key| keys.push(key));
    keys
}

/// The keys under which a value is found: its own, or those of its elements.
fn each_key(value: &Val<'_>, mut visit: impl FnMut(String)) {
    if value.is_list() {
        let _ = value.each(|element| {
            visit_key(&element, &mut visit);
            ControlFlow::Continue(())
        });
    } else {
        visit_key(value, &mut visit);
    }
}

fn visit_key(value: &Val<'_>, visit: &mut impl FnMut(String)) {
    match value {
        Val::Text(text) => visit((*text).to_owned()),
        Val::Made(text) => visit((**text).to_owned()),
        // A sign that no text of AWS begins with tells the number 1 from the text "1".
        // Numbers are found by their value, however they are written.
        Val::Bool(bool) => visit(format!("\u{1}{bool}")),
        Val::Int(_) | Val::Double(_) => visit(format!("\u{1}{}", value.number().unwrap_or(f64::NAN))),
        _ => {}
    }
}

/// Where a rule looks: a type in one region of the subject's account, or in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub resource_type: ResourceType,
    pub account_id: AccountId,
    pub region: Option<Region>,
}

/// Something that an evaluation looked at; its hash is taken when the evaluation is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Look {
    Items(Place),
    Lookup(Place, String, String),
    /// A question about the whole organization: its name and arguments.
    Asked(Vec<String>),
}

impl World {
    pub fn builder() -> WorldBuilder {
        WorldBuilder::new()
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) fn set_access(&mut self, access: Access) {
        self.access = access;
    }

    /// Puts an item among the neighbours, and gives the one that stood there.
    pub(crate) fn put(&mut self, item: Arc<ConfigurationItem>) -> Option<Arc<ConfigurationItem>> {
        let key = item.key();
        self.listing_mut(&key.resource_type, key.account_id, &key.region.clone()).put(item)
    }

    pub(crate) fn remove(&mut self, key: &ResourceKey) -> Option<Arc<ConfigurationItem>> {
        self.listing_mut(&key.resource_type, key.account_id, &key.region).remove(&key.resource_id)
    }

    /// The neighbours of one listing.
    pub(crate) fn keys(
        &self,
        resource_type: &ResourceType,
        account_id: AccountId,
        region: &Region,
    ) -> impl Iterator<Item = ResourceKey> {
        let place = Place { resource_type: resource_type.clone(), account_id, region: Some(region.clone()) };
        self.listings(&place).iter().flat_map(|listing| &listing.items).map(|item| item.key().clone())
    }

    /// Says how completely a type is listed from now on, and whether that is news.
    pub(crate) fn cover(&mut self, coverage: &Coverage) -> bool {
        let listing = self.listing_mut(&coverage.resource_type, coverage.account_id, &coverage.region);
        let news = listing.coverage.as_ref() != Some(&coverage.state);
        if news {
            listing.coverage = Some(coverage.state.clone());
            listing.whole = OnceLock::new();
        }
        news
    }

    fn listing_mut(&mut self, resource_type: &ResourceType, account_id: AccountId, region: &Region) -> &mut Listing {
        let all = self.listings.entry((resource_type.clone(), account_id)).or_default();
        let at = match all.binary_search_by(|listing| listing.region.cmp(region)) {
            Ok(at) => at,
            Err(at) => {
                all.insert(at, Listing::new(region.clone()));
                at
            }
        };
        &mut all[at]
    }

    pub fn account_name(&self, account_id: &AccountId) -> Option<&str> {
        self.account_names.get(account_id).map(String::as_str)
    }

    /// The listings of a place that are known of; none means that nothing was ever said of the type there.
    fn listings(&self, place: &Place) -> &[Listing] {
        let all = self.listings.get(&(place.resource_type.clone(), place.account_id)).map_or(&[][..], Vec::as_slice);
        match &place.region {
            None => all,
            Some(region) => match all.binary_search_by(|listing| listing.region.cmp(region)) {
                Ok(at) => &all[at..=at],
                Err(_) => &[],
            },
        }
    }

    fn complete(&self, place: &Place) -> Result<&[Listing], Unknown> {
        let listings = self.listings(place);
        if listings.is_empty() {
            let region = place.region.as_ref().map_or("any region", Region::as_str);
            let what = format!("{} in {region}", place.resource_type);
            return Err(Unknown::Missing { what, reason: "not listed".to_owned() });
        }
        match listings.iter().find_map(|listing| listing.incomplete(&place.resource_type)) {
            Some(unknown) => Err(unknown),
            None => Ok(listings),
        }
    }

    pub(crate) fn items(&self, place: &Place) -> Result<Val<'_>, Unknown> {
        Ok(match self.complete(place)? {
            [one] => Val::Items(&one.items),
            many => Val::list(many.iter().flat_map(|listing| &listing.items).map(|item| Val::Item(item)).collect()),
        })
    }

    /// The items that have one of the values at the path, in the order of region and id.
    pub(crate) fn lookup(&self, place: &Place, path: &Path, name: &str, keys: &[String]) -> Result<Val<'_>, Unknown> {
        let mut found = Vec::new();
        for listing in self.complete(place)? {
            let index = listing.index(path, name);
            let places: BTreeSet<u32> = keys.iter().filter_map(|key| index.get(key)).flatten().copied().collect();
            found.extend(places.into_iter().map(|at| Val::Item(&listing.items[at as usize])));
        }
        Ok(Val::list(found))
    }

    /// What an evaluation saw, as it is now.
    pub(crate) fn hash(&self, look: &Look) -> ContentHash {
        let mut hasher = Hasher::default();
        match look {
            Look::Items(place) => {
                for listing in self.listings(place) {
                    hasher.part(&listing.whole().bytes());
                }
            }
            Look::Lookup(place, name, key) => {
                let path = Path::parse(name);
                for listing in self.listings(place) {
                    listing.hash_coverage(&mut hasher);
                    let index = listing.index(&path, name);
                    for &at in index.get(key).into_iter().flatten() {
                        hasher.part(listing.items[at as usize].key().resource_id.as_bytes());
                        hasher.part(&listing.hash_of(at as usize).bytes());
                    }
                }
            }
            Look::Asked(question) => match self.access.ask(question) {
                Ok(answer) => hasher.part(answer.to_string().as_bytes()),
                Err(why) => {
                    hasher.part(b"?");
                    hasher.part(why.as_bytes());
                }
            },
        }
        hasher.finish()
    }
}

/// The keys that a value is looked up by.
pub(crate) fn keys_of(value: &Val<'_>) -> Vec<String> {
    let mut keys = Vec::new();
    each_key(value, |key| keys.push(key));
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Look {
    /// Where it looked; none: at the whole organization.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Look::Items(place) | Look::Lookup(place, ..) => Some(place),
            Look::Asked(_) => None,
        }
    }

    pub fn into_read(self, world: &World) -> Read {
        let hash = world.hash(&self);
        match self {
            Look::Items(Place { resource_type, account_id, region }) => {
                Read::Items { resource_type, account_id, region, hash }
            }
            Look::Lookup(Place { resource_type, account_id, region }, path, value) => {
                Read::Lookup { resource_type, account_id, region, path, value, hash }
            }
            Look::Asked(question) => Read::Asked { question, hash },
        }
    }

    /// What a remembered read looked at, with the hash of then; none for the item itself and the rule.
    pub fn of_read(read: &Read) -> Option<(Look, ContentHash)> {
        Some(match read.clone() {
            Read::Item { .. } | Read::Rule { .. } => return None,
            Read::Items { resource_type, account_id, region, hash } => {
                (Look::Items(Place { resource_type, account_id, region }), hash)
            }
            Read::Lookup { resource_type, account_id, region, path, value, hash } => {
                (Look::Lookup(Place { resource_type, account_id, region }, path, value), hash)
            }
            Read::Asked { question, hash } => (Look::Asked(question), hash),
        })
    }
}
