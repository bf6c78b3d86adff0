//! Writes what is collected or imported into a run of the store, and remembers what the run could see.

use std::collections::{BTreeSet, HashMap, HashSet};

use haechi_inventory::{FOR_NOW, ListingSet, MOST_LINES, Sink, SinkError};
use haechi_model::{
    AccountId, ConfigurationItem, Coverage, CoverageState, Region, ResourceKey, ResourceType, Timestamp,
};
use haechi_report::Listings;
use haechi_store::RunWriter;
use serde_json::Value;

/// One listing: an account, a region (or `global`) and a type.
type Listing = (AccountId, Region, ResourceType);

/// The coverage of one account by an earlier run.
type Earlier = HashMap<(Region, ResourceType), Coverage>;

fn listing_of(key: &ResourceKey) -> Listing {
    (key.account_id, key.region.clone(), key.resource_type.clone())
}

/// What a run could see: judgements are passed on this and on nothing else.
///
/// Memory: a bit for each completed listing, whatever the number of accounts; the ids of the resources of those that
/// broke off; and at most [`MOST_LINES`] lines of what is incomplete.
#[derive(Debug, Default)]
pub struct Seen {
    complete: ListingSet,
    /// Ids of the resources of listings that did not reach their end.
    partial: HashMap<Listing, HashSet<Box<str>>>,
    /// The accounts that were asked.
    pub accounts: BTreeSet<AccountId>,
    /// Lines that are not complete.
    pub incomplete: Vec<Coverage>,
    /// Listings that `incomplete` does not name.
    pub beyond: Listings,
    pub items: u64,
}

impl Seen {
    /// The resource was listed in this run, or would have been if it were still there.
    pub fn covers(&self, key: &ResourceKey) -> bool {
        let listing = listing_of(key);
        self.is_complete(&listing) || self.partial.get(&listing).is_some_and(|ids| ids.contains(&key.resource_id))
    }

    fn is_complete(&self, (account, region, resource_type): &Listing) -> bool {
        self.complete.contains(*account, region, resource_type)
    }

    /// A resource that belongs to the run although no source listed it.
    pub fn note(&mut self, key: &ResourceKey) {
        if !self.covers(key) {
            self.partial.entry(listing_of(key)).or_default().insert(key.resource_id.clone());
        }
    }

    /// Every region and type of an account that the run saw anything of.
    pub fn listings_of(&self, account: AccountId) -> BTreeSet<(Region, ResourceType)> {
        let broken = self.partial.keys().filter(|(of, _, _)| *of == account);
        let broken = broken.map(|(_, region, resource_type)| (region.clone(), resource_type.clone()));
        self.complete.of(account).cloned().chain(broken).collect()
    }

    /// How many regions the run saw anything of, `global` aside.
    pub fn regions(&self) -> usize {
        let broken = self.partial.keys().map(|(_, region, _)| region);
        let all: BTreeSet<&Region> = self.complete.regions().chain(broken).collect();
        all.into_iter().filter(|region| !region.is_global()).count()
    }

    /// Whether the run saw anything of a listing.
    pub fn has(&self, listing: &Listing) -> bool {
        self.is_complete(listing) || self.partial.contains_key(listing)
    }

    fn line(&mut self, line: Coverage) {
        if !line.is_complete() && self.incomplete.len() < MOST_LINES {
            self.incomplete.push(line);
            return;
        }
        match line.state {
            CoverageState::Complete => self.beyond.complete += 1,
            CoverageState::Failed { .. } => self.beyond.failed += 1,
            CoverageState::Skipped { .. } => self.beyond.skipped += 1,
        }
    }
}

pub struct StoreSink<'r, 'store> {
    run: &'r mut RunWriter<'store>,
    recorded: Timestamp,
    seen: Seen,
    /// The newest capture time of each account's items: files tell of that moment, not of today.
    newest: HashMap<AccountId, Timestamp>,
    /// When the snapshots were taken that say what is there.
    taken: HashMap<(AccountId, Region), Timestamp>,
    /// What the store knows of the account whose listings are resumed.
    before: Option<(AccountId, Earlier)>,
}

impl<'r, 'store> StoreSink<'r, 'store> {
    pub fn new(run: &'r mut RunWriter<'store>, recorded: Timestamp) -> Self {
        Self { run, recorded, seen: Seen::default(), newest: HashMap::new(), taken: HashMap::new(), before: None }
    }

    pub fn finish(self) -> Seen {
        self.seen
    }
}

impl Sink for StoreSink<'_, '_> {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        let mut batch = batch;
        for item in &mut batch {
            if item.not_collected().any(|mark| mark.reason.ends_with(FOR_NOW))
                && let Some(known) = self.run.store().item(item.key())?
            {
                *item = carried(item, &known)?;
            }
        }
        self.run.put_items(&batch, self.recorded)?;
        self.seen.items += batch.len() as u64;
        for item in &batch {
            let key = item.key();
            self.seen.accounts.insert(key.account_id);
            let newest = self.newest.entry(key.account_id).or_insert(item.captured());
            *newest = item.captured().max(*newest);
            let listing = listing_of(key);
            if !item.status().is_deleted() && !self.seen.is_complete(&listing) {
                self.seen.partial.entry(listing).or_default().insert(key.resource_id.clone());
            }
        }
        Ok(())
    }

    fn taken(&mut self, account: AccountId, region: &Region, at: Timestamp) {
        self.taken.insert((account, region.clone()), at);
    }

    fn past(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.run.put_items(&batch, self.recorded)?;
        self.seen.items += batch.len() as u64;
        self.seen.accounts.extend(batch.iter().map(|item| item.key().account_id));
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        let listing = (line.account_id, line.region.clone(), line.resource_type.clone());
        // An account that is closed, or a region that is off, was not asked.
        if !matches!(line.state, CoverageState::Skipped { .. }) {
            self.seen.accounts.insert(line.account_id);
        }
        if line.is_complete() {
            let ids = self.seen.partial.remove(&listing).unwrap_or_default();
            let ids: HashSet<&str> = ids.iter().map(AsRef::as_ref).collect();
            // An old snapshot must not delete what was seen after it was taken.
            let taken = self.taken.get(&(line.account_id, line.region.clone()));
            let at = taken.or_else(|| self.newest.get(&line.account_id)).copied().unwrap_or(self.recorded);
            let at = at.min(self.recorded);
            self.run.finish_listing(&line, &ids, at)?;
            let (account, region, resource_type) = &listing;
            self.seen.complete.insert(*account, region, resource_type);
        } else {
            self.run.put_coverage(std::slice::from_ref(&line))?;
        }
        self.seen.line(line);
        Ok(())
    }

    fn resumed(&mut self, account: AccountId, region: &Region, kind: &ResourceType) -> Result<(), SinkError> {
        self.seen.accounts.insert(account);
        self.seen.complete.insert(account, region, kind);
        self.seen.beyond.complete += 1;
        // The next run that goes on must know it too. It deletes nothing: what the listing lacked was deleted when
        // it ended.
        if self.before.as_ref().is_none_or(|(of, _)| *of != account) {
            let lines = self.run.store().latest_coverage_of(account)?.into_iter().map(|line| line.coverage);
            let lines = lines.filter(Coverage::is_complete);
            self.before =
                Some((account, lines.map(|line| ((line.region.clone(), line.resource_type.clone()), line)).collect()));
        }
        let known = self.before.as_ref().and_then(|(_, lines)| lines.get(&(region.clone(), kind.clone())));
        if let Some(line) = known.cloned() {
            self.run.put_coverage(std::slice::from_ref(&line))?;
        }
        Ok(())
    }
}

/// What is carried over with `configuration`: the call that failed may have given these too.
const BESIDE: [&str; 6] = ["arn", "resourceName", "resourceCreationTime", "availabilityZone", "tags", "relationships"];

/// An item whose members could not be collected for a reason that passes keeps what is known of them: a throttle is no
/// change of the resource, and makes no version.
fn carried(item: &ConfigurationItem, known: &ConfigurationItem) -> Result<ConfigurationItem, SinkError> {
    let (mut now, before) = (item.to_value(), known.to_value());
    let unknown: HashSet<&str> = known.not_collected().map(|mark| mark.path).collect();
    for mark in item.not_collected().filter(|mark| mark.reason.ends_with(FOR_NOW)) {
        if unknown.contains(mark.path) {
            continue;
        }
        let names: &[&str] = if mark.path == "configuration" { &BESIDE } else { &[] };
        for path in names.iter().copied().chain([mark.path]) {
            carry(&mut now, &before, path);
        }
        if let Some(marks) = now["notCollected"].as_object_mut() {
            marks.shift_remove(mark.path);
        }
    }
    // Marks that the item had stay what they were: another reason for not knowing is no change either.
    for mark in known.not_collected() {
        let still = item.not_collected().any(|now| now.path == mark.path && now.reason.ends_with(FOR_NOW));
        if still {
            now["notCollected"][mark.path] = mark.reason.into();
        }
    }
    if now["notCollected"].as_object().is_some_and(serde_json::Map::is_empty)
        && let Some(members) = now.as_object_mut()
    {
        members.shift_remove("notCollected");
    }
    ConfigurationItem::from_value(&now).map_err(|error| error.to_string().into())
}

/// Makes a member what it was, where the item has none of its own.
fn carry(now: &mut Value, before: &Value, path: &str) {
    let whole = path == "configuration";
    let mut from = before;
    for step in path.split('.') {
        from = &from[step];
    }
    let mut at = now;
    for step in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(serde_json::Map::new());
        }
        at = &mut at[step];
    }
    let empty = at.is_null()
        || at.as_object().is_some_and(serde_json::Map::is_empty)
        || at.as_array().is_some_and(Vec::is_empty);
    if whole || empty {
        *at = from.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_model::CoverageState;
    use haechi_store::{RunInfo, RunKind, Store};
    use serde_json::json;

    fn item(id: &str, captured: &str) -> ConfigurationItem {
        ConfigurationItem::from_value(&json!({
            "accountId": "123456789012", "awsRegion": "us-east-1", "resourceType": "AWS::EC2::Volume", "resourceId": id,
            "configurationItemCaptureTime": captured, "configurationItemStatus": "OK", "configuration": {"volumeId": id},
        }))
        .unwrap()
    }

    /// Puts a complete listing as one run, and says which volumes there are then.
    fn listed(store: &mut Store, day: &str, items: &[(&str, &str)]) -> Vec<String> {
        let now = Timestamp::parse(day).unwrap();
        let info = RunInfo {
            started: now,
            kind: RunKind::Assess,
            organization: None,
            sources: Vec::new(),
            filters: Default::default(),
            program_version: "0".to_owned(),
        };
        let mut run = store.begin_run(info).unwrap();
        let mut sink = StoreSink::new(&mut run, now);
        sink.items(items.iter().map(|(id, captured)| item(id, captured)).collect()).unwrap();
        let volume = ResourceType::parse("AWS::EC2::Volume").unwrap();
        let key = item("x", "2026-01-01").key().clone();
        let line = Coverage {
            account_id: key.account_id,
            region: key.region,
            resource_type: volume.clone(),
            state: CoverageState::Complete,
            resources: 0,
        };
        sink.coverage(line).unwrap();
        sink.finish();
        run.commit(now).unwrap();
        let mut ids = Vec::new();
        let each = |item: ConfigurationItem, _| {
            ids.push(item.key().resource_id.to_string());
            std::ops::ControlFlow::Continue(())
        };
        store.items_of_type(&volume, &Default::default(), each).unwrap();
        ids
    }

    #[test]
    fn what_could_not_be_collected_for_now_is_carried_over() {
        let item = |more: Value| {
            let mut value = item("a", "2026-11-20").to_value();
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ConfigurationItem::from_value(&value).unwrap()
        };
        let known = item(json!({"tags": {"env": "prod"}, "configuration": {"a": 1, "b": {"c": 2}}}));
        let check = |now: Value, wanted: Value| {
            let carried = carried(&item(now), &known).unwrap().to_value();
            for (name, value) in wanted.as_object().unwrap() {
                assert_eq!(carried.get(name).unwrap_or(&Value::Null), value, "{name}");
            }
        };
        // The whole configuration, and what came with it.
        check(
            json!({"configuration": {"x": 1}, "tags": {}, "notCollected": {"configuration": "Timeout: kms:DescribeKey (for now)"}}),
            json!({"configuration": {"a": 1, "b": {"c": 2}}, "tags": {"env": "prod"}, "notCollected": null}),
        );
        // One member; another stays denied.
        check(
            json!({"configuration": {"a": 5}, "notCollected": {"configuration.b": "Throttling: x:Y (for now)", "configuration.d": "AccessDenied: x:Z"}}),
            json!({"configuration": {"a": 5, "b": {"c": 2}}, "notCollected": {"configuration.d": "AccessDenied: x:Z"}}),
        );
    }

    #[test]
    fn an_old_snapshot_deletes_nothing_that_came_after_it() {
        let mut store = Store::open_in_memory().unwrap();
        assert_eq!(listed(&mut store, "2026-11-20", &[("a", "2026-11-20"), ("b", "2026-11-20")]), ["a", "b"]);
        assert_eq!(listed(&mut store, "2026-11-21", &[("old", "2026-10-01")]), ["a", "b", "old"]);
        assert_eq!(listed(&mut store, "2026-11-22", &[("a", "2026-11-22")]), ["a"]);
    }
}
