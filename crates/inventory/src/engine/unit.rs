//! One listing: a resource type in one region (or globally, or one listing for all regions of an account).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use haechi_aws::{Api, ApiError, ErrorKind, Pages};
use haechi_model::{
    AccountId, ConfigurationItem, Coverage, CoverageState, Gap, Partition, Region, ResourceType, Timestamp,
};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::call::{Index, batch, skeleton};
use super::item::{Alive, Work};
use super::run::Event;
use super::{BATCH, LastAccessed, Plan, Secrets, Target, gap, item, place};
use crate::collector::path::Names;
use crate::collector::{Again, Choice, Collector, Listing, Operation, Section};

/// What all listings of one account share.
pub(crate) struct Account {
    pub api: Arc<dyn Api>,
    pub id: AccountId,
    pub partition: Partition,
    pub regions: Vec<Region>,
    pub captured: Timestamp,
    pub secrets: Secrets,
    pub last_accessed: LastAccessed,
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
            last_accessed: plan.last_accessed,
            answers: Mutex::default(),
            indexes: Mutex::default(),
        }
    }

    /// Why something is not asked for that the user did not choose.
    pub fn not_chosen(&self, choice: Choice) -> Option<&'static str> {
        match choice {
            Choice::Secrets if self.secrets == Secrets::Redacted => Some("it may hold secrets"),
            Choice::LastAccessed if self.last_accessed == LastAccessed::NotAsked => {
                Some("it takes a job of IAM for each principal")
            }
            _ => None,
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
    pub parent: Arc<Value>,
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
            (Err(error), _) if error.kind == ErrorKind::RegionDisabled => {
                CoverageState::Skipped { reason: "the region is not enabled".to_owned() }
            }
            (Err(error), _) if error.kind == ErrorKind::NotOffered => {
                CoverageState::Skipped { reason: "the service is not offered in this region".to_owned() }
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
        let list = &unit.section().list;
        for parent in parents(&unit, list.per.as_deref()).await? {
            self.pages(list, Arc::new(parent)).await?;
        }
        Ok(())
    }

    async fn pages(&mut self, list: &Listing, parent: Arc<Value>) -> Result<(), ApiError> {
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
    async fn page(&mut self, list: &Listing, page: Vec<Value>, parent: &Arc<Value>) -> Result<(), ApiError> {
        let unit = self.unit.clone();
        let asked = unit.asked().clone();
        let names = names(&unit, &asked, &Value::Null, parent);
        let page: Vec<Value> = page.into_iter().filter(|raw| list.only.hold(raw, &names)).collect();
        let id = |raw: &Value| unit.section().item.id.text(&self::names(&unit, &asked, raw, parent));
        let mut ids: HashMap<String, usize> = HashMap::new();
        page.iter().filter_map(id).for_each(|id| *ids.entry(id).or_default() += 1);
        let mut resources = Vec::with_capacity(page.len());
        for raw in page {
            let shares_id = id(&raw).is_some_and(|id| ids[&id] > 1);
            resources.push(Stage::Listed { raw, parent: parent.clone(), shares_id });
        }
        // Between two batches each resource goes its own way; a batch waits for all of the page.
        let batches = unit.section().get.iter().enumerate().filter(|(_, entry)| entry.batch.is_some());
        let mut from = 0;
        for (at, _) in batches {
            let reached = self.advance(resources, from..at, Then::Wait).await;
            resources = self.batches(reached, at).await.into_iter().map(Stage::Begun).collect();
            from = at + 1;
        }
        self.advance(resources, from..unit.section().get.len(), Then::Finish).await;
        Ok(())
    }

    /// Takes resources through some entries of `get`, some at a time; sends the items of those that are finished,
    /// and gives back those that wait.
    async fn advance(&mut self, resources: Vec<Stage>, entries: Range<usize>, then: Then) -> Vec<Work> {
        let mut tasks = JoinSet::new();
        let mut ready = Ready { items: Vec::with_capacity(BATCH.min(resources.len())), waiting: Vec::new() };
        for (at, resource) in resources.into_iter().enumerate() {
            // As many as there are permits wait for an answer; the others wait here.
            while let Some(done) = tasks.try_join_next() {
                self.done(done, &mut ready).await;
            }
            let Ok(permit) = self.calls.clone().acquire_owned().await else { return Vec::new() };
            let (unit, entries) = (self.unit.clone(), entries.clone());
            tasks.spawn(async move {
                let _permit = permit;
                (at, one(unit, resource, entries, then).await)
            });
        }
        while let Some(done) = tasks.join_next().await {
            self.done(done, &mut ready).await;
        }
        self.flush(&mut ready.items).await;
        ready.waiting.sort_by_key(|(at, _)| *at);
        ready.waiting.into_iter().map(|(_, work)| work).collect()
    }

    /// The calls of a batch entry for the resources of a page; gives back those that are still there.
    async fn batches(&mut self, resources: Vec<Work>, at: usize) -> Vec<Work> {
        let unit = self.unit.clone();
        let Some(entry) = unit.section().get.get(at) else { return resources };
        let most = entry.batch.map_or(1, NonZeroUsize::get);
        let mut left = Vec::with_capacity(resources.len());
        let mut groups: Vec<Group> = Vec::new();
        let mut open: HashMap<(Region, String), usize> = HashMap::new();
        for (order, mut work) in resources.into_iter().enumerate() {
            let wants = work.wants(&unit, entry);
            let input = wants.then(|| entry.input.fill_lists(&work.names(&unit))).flatten();
            let Some(input) = input else {
                left.push((order, work));
                continue;
            };
            let alike = (work.seed.asked.clone(), skeleton(&input).to_string());
            let group = *open.entry(alike.clone()).or_insert(groups.len());
            if group == groups.len() {
                groups.push(Vec::new());
            }
            groups[group].push((order, input, work));
            if groups[group].len() == most {
                open.remove(&alike);
            }
        }
        let mut tasks = JoinSet::new();
        for group in groups {
            let Ok(permit) = self.calls.clone().acquire_owned().await else { return Vec::new() };
            let unit = unit.clone();
            tasks.spawn(async move {
                let _permit = permit;
                together(&unit, at, group).await
            });
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(done) => left.extend(done),
                Err(error) => self.failed = Some(internal(&format!("the task of a batch ended: {error}"))),
            }
        }
        left.sort_by_key(|(order, _)| *order);
        left.into_iter().map(|(_, work)| work).collect()
    }

    async fn done(&mut self, done: Result<(usize, One), tokio::task::JoinError>, ready: &mut Ready) {
        match done {
            Ok((_, One::Item(made))) => {
                for (path, reason) in made.missing {
                    let resource_type = self.unit.resource_type().clone();
                    self.send(Event::Missing { resource_type, path, reason }).await;
                }
                *self.seen.entry(made.item.key().region.clone()).or_default() += 1;
                ready.items.push(made.item);
                if ready.items.len() >= BATCH {
                    self.flush(&mut ready.items).await;
                }
            }
            Ok((at, One::Waits(work))) => ready.waiting.push((at, *work)),
            Ok((_, One::Gone)) => {}
            Ok((_, One::Elsewhere)) => self.send(Event::Elsewhere).await,
            Ok((_, One::Failed(gap))) => self.failed = Some(gap),
            Err(error) => self.failed = Some(internal(&format!("a resource's task ended: {error}"))),
        }
    }

    async fn flush(&mut self, batch: &mut Vec<ConfigurationItem>) {
        if !batch.is_empty() {
            self.send(Event::Items(std::mem::take(batch))).await;
        }
    }
}

/// A resource of a page on its way.
enum Stage {
    Listed { raw: Value, parent: Arc<Value>, shares_id: bool },
    Begun(Work),
}

/// What follows after some of a resource's calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Wait,
    Finish,
}

/// Resources that are through: items to send, and those that wait for a batch, with their order in the page.
struct Ready {
    items: Vec<ConfigurationItem>,
    waiting: Vec<(usize, Work)>,
}

/// The resources of one call: order, input and the resource.
type Group = Vec<(usize, Value, Work)>;

/// What became of one resource.
enum One {
    Item(item::Made),
    Waits(Box<Work>),
    /// It is gone since it was listed.
    Gone,
    /// It is in a region outside the plan.
    Elsewhere,
    /// It could not even be placed: the listing is incomplete.
    Failed(Gap),
}

async fn one(unit: Arc<Unit>, resource: Stage, entries: Range<usize>, then: Then) -> One {
    let mut work = match resource {
        Stage::Begun(work) => work,
        Stage::Listed { raw, parent, shares_id } => {
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
            Work::new(Seed { raw, parent, asked, region, shares_id })
        }
    };
    match (work.advance(&unit, entries).await, then) {
        (Alive::Gone, _) => One::Gone,
        (Alive::Yes, Then::Wait) => One::Waits(Box::new(work)),
        (Alive::Yes, Then::Finish) => match item::make(&unit, work) {
            Ok(made) => One::Item(made),
            Err(what) => One::Failed(internal(&what)),
        },
    }
}

/// One call for some resources; gives back those that are still there.
async fn together(unit: &Unit, at: usize, group: Group) -> Vec<(usize, Work)> {
    let entry = unit.section().get.get(at);
    let Some((entry, call)) = entry.and_then(|entry| Some((entry, entry.call.as_ref()?))) else { return Vec::new() };
    let Some(region) = group.first().map(|(_, _, work)| work.seed.asked.clone()) else { return Vec::new() };
    let inputs: Vec<_> = group.iter().map(|(_, input, work)| (input.clone(), work.names(unit))).collect();
    let got = batch(unit, entry, &call.value, &inputs, &region).await;
    drop(inputs);
    let mut left = Vec::with_capacity(group.len());
    for ((order, _, mut work), got) in group.into_iter().zip(got) {
        if work.take(unit, at, got) == Alive::Yes {
            left.push((order, work));
        }
    }
    left
}

/// The elements of an outer listing, all of them: their number is that of a page or two. One empty element without
/// a listing. Those of a listing below another one have the element of that as their member `parent`.
async fn parents(unit: &Unit, list: Option<&Listing>) -> Result<Vec<Value>, ApiError> {
    let Some((list, call)) = list.and_then(|list| Some((list, list.call.as_ref()?))) else {
        return Ok(vec![Value::Null]);
    };
    let outer = Box::pin(parents(unit, list.per.as_deref())).await?;
    if let Some(again) = &list.again {
        return tree(unit, list, &call.value, again, outer).await;
    }
    let mut found = Vec::new();
    for outer in &outer {
        found.extend(children(unit, list, &call.value, outer).await?);
    }
    Ok(found)
}

/// What a listing finds below one element of its outer listing.
async fn children(unit: &Unit, list: &Listing, call: &Operation, outer: &Value) -> Result<Vec<Value>, ApiError> {
    let names = names(unit, unit.asked(), &Value::Null, outer);
    let input = list.input.fill(&names);
    let mut pages = Pages::new(&*unit.account.api, &call.service, unit.asked().as_str(), &call.name, input);
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) if list.absent.iter().any(|code| **code == *error.code) => break,
            Err(error) => return Err(error),
        };
        for mut element in elements(list, &page).into_iter().filter(|element| list.only.hold(element, &names)) {
            if let (Some(members), false) = (element.as_object_mut(), outer.is_null()) {
                members.insert("parent".to_owned(), outer.clone());
            }
            found.push(element);
        }
    }
    Ok(found)
}

/// The most levels of a tree: an API that names an element as its own child must not be followed for ever.
const LEVELS: usize = 16;

/// The elements that a listing begins with and all below them, each with the names on the way to it.
async fn tree(
    unit: &Unit,
    list: &Listing,
    call: &Operation,
    again: &Again,
    top: Vec<Value>,
) -> Result<Vec<Value>, ApiError> {
    let name = |element: &Value| again.of.get(element).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found = Vec::new();
    let mut next: VecDeque<(usize, String, Value)> =
        top.into_iter().map(|element| (1, name(&element), element)).collect();
    while let Some((level, way, mut element)) = next.pop_front() {
        if let Some(members) = element.as_object_mut() {
            members.insert(again.named.clone(), way.as_str().into());
        }
        if level < LEVELS {
            for child in children(unit, list, call, &element).await? {
                next.push_back((level + 1, format!("{way}/{}", name(&child)), child));
            }
        }
        found.push(element);
    }
    Ok(found)
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
