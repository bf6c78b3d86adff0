//! One listing: a resource type in one region (or globally, or one listing for all regions of an account).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use haechi_aws::{Api, ApiError, Pages};
use haechi_model::{
    AccountId, ConfigurationItem, Coverage, CoverageState, Gap, Partition, Region, ResourceType, Timestamp,
};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::call::Index;
use super::{BATCH, Event, Plan, Secrets, Target, gap, item, place};
use crate::collector::path::Names;
use crate::collector::{Collector, Listing, Section};

/// What all listings of one account share.
pub(crate) struct Account {
    pub api: Arc<dyn Api>,
    pub id: AccountId,
    pub partition: Partition,
    pub regions: Vec<Region>,
    pub captured: Timestamp,
    pub secrets: Secrets,
    /// Answers that serve many resources, and many listings: asked for once in a run.
    pub answers: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
    /// The lists in them by a member of their elements.
    pub indexes: Mutex<HashMap<String, Arc<Index>>>,
}

/// A shared answer.
pub(crate) type Answer = Result<Arc<Value>, ApiError>;

impl Account {
    pub fn new(target: &Target, plan: &Plan) -> Self {
        Self {
            api: target.api.clone(),
            id: target.account,
            partition: target.partition.clone(),
            regions: target.regions.clone(),
            captured: plan.captured,
            secrets: plan.secrets,
            answers: Mutex::default(),
            indexes: Mutex::default(),
        }
    }
}

/// Where a listing reaches.
#[derive(Clone)]
pub(crate) enum Reach {
    Global {
        home: Region,
    },
    Region(Region),
    /// One listing for all regions; each resource says where it is.
    Spread {
        home: Region,
    },
}

/// Which part of a collector: an account's item has a global and a regional one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Main,
    Regional,
}

#[derive(Clone)]
pub(crate) struct Unit {
    pub account: Arc<Account>,
    pub collector: Arc<Collector>,
    pub reach: Reach,
    pub part: Part,
}

/// A resource on its way to become an item.
pub(crate) struct Seed {
    pub raw: Value,
    pub parent: Value,
    /// The region that its calls go to.
    pub asked: Region,
    /// The region that its item names.
    pub region: Region,
    /// Another resource of its page answers to the same id: the ARN tells them apart, and neither is lost.
    pub shares_id: bool,
}

impl Unit {
    pub fn section(&self) -> &Section {
        match (self.part, &self.collector.regional) {
            (Part::Regional, Some(regional)) => regional,
            _ => &self.collector.collect,
        }
    }

    pub fn resource_type(&self) -> &ResourceType {
        self.collector.resource_type()
    }

    /// The coverage lines that this listing owes.
    pub fn lines(&self) -> Vec<(AccountId, Region, ResourceType)> {
        let line = |region| (self.account.id, region, self.resource_type().clone());
        match &self.reach {
            Reach::Global { .. } => vec![line(Region::global())],
            Reach::Region(region) => vec![line(region.clone())],
            Reach::Spread { .. } => self.account.regions.iter().cloned().map(line).collect(),
        }
    }

    pub fn calls_at_least(&self) -> usize {
        let section = self.section();
        match section.list.call {
            Some(_) => 1,
            None => section.get.len(),
        }
    }

    fn asked(&self) -> &Region {
        match &self.reach {
            Reach::Global { home } | Reach::Spread { home } => home,
            Reach::Region(region) => region,
        }
    }

    /// Lists, completes and shapes; ends with a coverage line for each region it reaches.
    pub async fn run(self, calls: Arc<Semaphore>, events: mpsc::Sender<Event>) {
        let regions = self.lines();
        let mut listing = Run { unit: Arc::new(self), calls, events, seen: BTreeMap::new(), failed: None, gone: false };
        let result = listing.list().await;
        let state = match (result, listing.failed.take()) {
            (Err(error), _) if error.kind == haechi_aws::ErrorKind::RegionDisabled => {
                CoverageState::Skipped { reason: "the region is not enabled".to_owned() }
            }
            (Err(error), _) => CoverageState::Failed { gap: gap(&error) },
            (Ok(()), Some(gap)) => CoverageState::Failed { gap },
            (Ok(()), None) => CoverageState::Complete,
        };
        for (account_id, region, resource_type) in regions {
            let resources = listing.seen.get(&region).copied().unwrap_or_default();
            let line = Coverage { account_id, region, resource_type, state: state.clone(), resources };
            listing.send(Event::Coverage(line)).await;
        }
    }
}

/// A listing that is running.
struct Run {
    unit: Arc<Unit>,
    calls: Arc<Semaphore>,
    events: mpsc::Sender<Event>,
    seen: BTreeMap<Region, u64>,
    /// Something that makes the listing incomplete, though it went on.
    failed: Option<Gap>,
    /// The receiver is gone: nobody wants more.
    gone: bool,
}

impl Run {
    async fn send(&mut self, event: Event) {
        self.gone |= self.events.send(event).await.is_err();
    }

    async fn list(&mut self) -> Result<(), ApiError> {
        let unit = self.unit.clone();
        self.level(&unit.section().list, Value::Null).await
    }

    /// A listing, below another one where there is `per`.
    async fn level(&mut self, list: &Listing, parent: Value) -> Result<(), ApiError> {
        let mut outer = vec![parent];
        if let Some(per) = &list.per {
            outer = self.parents(per).await?;
        }
        for parent in outer {
            self.pages(list, parent).await?;
        }
        Ok(())
    }

    /// The resources of an outer listing, all of them: their number is that of a page or two.
    async fn parents(&mut self, list: &Listing) -> Result<Vec<Value>, ApiError> {
        let unit = self.unit.clone();
        let names = names(&unit, unit.asked(), &Value::Null, &Value::Null);
        let Some(call) = &list.call else { return Ok(vec![Value::Null]) };
        let input = list.input.fill(&names);
        let api = &*unit.account.api;
        let mut pages = Pages::new(api, &call.value.service, unit.asked().as_str(), &call.value.name, input);
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => found.extend(elements(list, &page)),
                Err(error) if list.absent.iter().any(|code| **code == *error.code) => break,
                Err(error) => return Err(error),
            }
        }
        found.retain(|element| list.only.hold(element, &names));
        Ok(found)
    }

    async fn pages(&mut self, list: &Listing, parent: Value) -> Result<(), ApiError> {
        let unit = self.unit.clone();
        let Some(call) = &list.call else {
            return self.page(list, vec![json!({})], &parent).await;
        };
        let asked = unit.asked().as_str();
        let input = list.input.fill(&names(&unit, unit.asked(), &Value::Null, &parent));
        let mut pages = Pages::new(&*unit.account.api, &call.value.service, asked, &call.value.name, input);
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if list.absent.iter().any(|code| **code == *error.code) => return Ok(()),
                Err(error) => return Err(error),
            };
            self.page(list, elements(list, &page), &parent).await?;
            if self.gone {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Completes the resources of a page, some at a time, and sends their items.
    async fn page(&mut self, list: &Listing, page: Vec<Value>, parent: &Value) -> Result<(), ApiError> {
        let unit = self.unit.clone();
        let asked = unit.asked().clone();
        let names = names(&unit, &asked, &Value::Null, parent);
        let page: Vec<Value> = page.into_iter().filter(|raw| list.only.hold(raw, &names)).collect();
        let id = |raw: &Value| unit.section().item.id.text(&self::names(&unit, &asked, raw, parent));
        let mut ids: HashMap<String, usize> = HashMap::new();
        page.iter().filter_map(id).for_each(|id| *ids.entry(id).or_default() += 1);
        let mut tasks = JoinSet::new();
        let mut batch = Vec::with_capacity(BATCH.min(page.len()));
        for raw in page {
            let shares_id = id(&raw).is_some_and(|id| ids[&id] > 1);
            // As many as there are permits wait for an answer; the others wait here.
            while let Some(done) = tasks.try_join_next() {
                self.done(done, &mut batch).await;
            }
            let Ok(permit) = self.calls.clone().acquire_owned().await else { return Ok(()) };
            tasks.spawn(one(unit.clone(), raw, parent.clone(), shares_id, permit));
        }
        while let Some(done) = tasks.join_next().await {
            self.done(done, &mut batch).await;
        }
        self.flush(&mut batch).await;
        Ok(())
    }

    async fn done(&mut self, done: Result<One, tokio::task::JoinError>, batch: &mut Vec<ConfigurationItem>) {
        match done {
            Ok(One::Item(made)) => {
                for (path, reason) in made.missing {
                    let resource_type = self.unit.resource_type().clone();
                    self.send(Event::Missing { resource_type, path, reason }).await;
                }
                *self.seen.entry(made.item.key().region.clone()).or_default() += 1;
                batch.push(made.item);
                if batch.len() >= BATCH {
                    self.flush(batch).await;
                }
            }
            Ok(One::Gone) => {}
            Ok(One::Elsewhere) => self.send(Event::Elsewhere).await,
            Ok(One::Failed(gap)) => self.failed = Some(gap),
            Err(error) => self.failed = Some(internal(&format!("a resource's task ended: {error}"))),
        }
    }

    async fn flush(&mut self, batch: &mut Vec<ConfigurationItem>) {
        if !batch.is_empty() {
            self.send(Event::Items(std::mem::take(batch))).await;
        }
    }
}

/// What became of one resource.
enum One {
    Item(item::Made),
    /// It is gone since it was listed.
    Gone,
    /// It is in a region outside the plan.
    Elsewhere,
    /// It could not even be placed: the listing is incomplete.
    Failed(Gap),
}

async fn one(unit: Arc<Unit>, raw: Value, parent: Value, shares_id: bool, permit: OwnedSemaphorePermit) -> One {
    let _permit = permit;
    let (asked, region) = match &unit.reach {
        Reach::Global { home } => (home.clone(), Region::global()),
        Reach::Region(region) => (region.clone(), region.clone()),
        Reach::Spread { home } => match place::bucket_region(&*unit.account.api, home, &raw).await {
            Ok(region) if unit.account.regions.contains(&region) => (region.clone(), region),
            Ok(_) => return One::Elsewhere,
            Err(error) if &*error.code == "NoSuchBucket" => return One::Gone,
            Err(error) => return One::Failed(gap(&error)),
        },
    };
    match item::make(&unit, Seed { raw, parent, asked, region, shares_id }).await {
        Ok(Some(made)) => One::Item(made),
        Ok(None) => One::Gone,
        Err(what) => One::Failed(internal(&what)),
    }
}

fn internal(what: &str) -> Gap {
    Gap { code: "Internal".to_owned(), message: what.to_owned(), operation: String::new(), missing_action: None }
}

/// The resources in a page.
fn elements(list: &Listing, page: &Value) -> Vec<Value> {
    let found = list.items.all(page).into_iter();
    match &list.named {
        Some(name) => found.map(|id| json!({ name: id })).collect(),
        None => found.cloned().collect(),
    }
}

pub(crate) fn names<'a>(unit: &'a Unit, region: &'a Region, item: &'a Value, parent: &'a Value) -> Names<'a> {
    Names {
        account: unit.account.id.as_str(),
        region: region.as_str(),
        partition: unit.account.partition.as_str(),
        item,
        parent,
        each: &Value::Null,
    }
}
