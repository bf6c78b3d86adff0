//! Makes a configuration item of a resource: further calls, shapes, tags, relationships, redaction.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use haechi_aws::{ApiError, ErrorKind};
use haechi_model::{ConfigurationItem, Timestamp};
use serde_json::{Map, Value, json};

use super::call::{Got, get};
use super::unit::{Seed, Unit, names};
use super::{Secrets, gap};
use crate::collector::path::Names;
use crate::collector::shape::time;
use crate::collector::{Choice, Get, Header, Relation, Use};
use crate::redact::redact;

/// How the reason ends for a member that is not collected because of something that passes: a throttle, a time-out.
pub const FOR_NOW: &str = " (for now)";

/// How the reason begins for a member that is not collected though no call failed.
const NOT_ASKED: &str = "NotAsked:";

/// An item, and the members that failing calls left out of it.
pub(super) struct Made {
    pub item: ConfigurationItem,
    pub missing: Vec<(String, String)>,
}

/// A resource whose further calls are under way.
pub(super) struct Work {
    pub seed: Seed,
    /// What goes into the item, by the position of the entry of `get` and of its destination.
    parts: Vec<((usize, usize), Value)>,
    missing: Vec<(String, String)>,
}

/// Whether a resource is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alive {
    Yes,
    Gone,
}

impl Work {
    pub fn new(seed: Seed) -> Self {
        Self { seed, parts: Vec::new(), missing: Vec::new() }
    }

    pub fn names<'a>(&'a self, unit: &'a Unit) -> Names<'a> {
        names(unit, &self.seed.asked, &self.seed.raw, &self.seed.parent)
    }

    /// Whether an entry of `get` is for this resource.
    pub fn wants(&mut self, unit: &Unit, entry: &Get) -> bool {
        if !entry.when.hold(&self.seed.raw, &self.names(unit)) {
            return false;
        }
        if let Some(why) = entry.choice.and_then(|choice| unit.account.not_chosen(choice)) {
            let reason = || format!("{NOT_ASKED} {why}");
            self.missing.extend(entry.into.0.iter().map(|(path, _)| (path.value.to_string(), reason())));
            return false;
        }
        true
    }

    /// Makes the calls of some entries of `get`, one after another.
    pub async fn advance(&mut self, unit: &Unit, entries: Range<usize>) -> Alive {
        for at in entries {
            let Some(entry) = unit.section().get.get(at) else { break };
            if !self.wants(unit, entry) {
                continue;
            }
            let got = get(unit, entry, &self.names(unit), &self.seed.asked).await;
            if self.take(unit, at, got) == Alive::Gone {
                return Alive::Gone;
            }
        }
        Alive::Yes
    }

    /// Takes what the call of an entry of `get` gave.
    pub fn take(&mut self, unit: &Unit, at: usize, got: Got) -> Alive {
        let section = unit.section();
        let Some(entry) = section.get.get(at) else { return Alive::Yes };
        match got {
            Got::Value(value) => {
                for (destination, (_, shape)) in entry.into.0.iter().enumerate() {
                    let part = shape.apply(&value, &self.names(unit), section.case);
                    self.parts.push(((at, destination), part));
                }
                merge(entry, &mut self.seed.raw, value);
            }
            Got::Gone => return Alive::Gone,
            Got::Unknown(why) => {
                let reason = || format!("{NOT_ASKED} {why}");
                self.missing.extend(entry.into.0.iter().map(|(path, _)| (path.value.to_string(), reason())));
            }
            Got::Failed(error) => self.missing.extend(unknown(entry, &error)),
        }
        Alive::Yes
    }
}

/// Shapes a completed resource. The error is a fault of the collector file.
pub(super) fn make(unit: &Unit, work: Work) -> Result<Made, String> {
    let section = unit.section();
    let Work { seed, parts, mut missing } = work;
    let raw = seed.raw;
    let names = Names { region: seed.region.as_str(), ..names(unit, &seed.region, &raw, &seed.parent) };
    let mut configuration = section.item.configuration.apply(&raw, &names, section.case);
    if configuration.is_null() {
        configuration = json!({});
    }
    let mut item = header(unit, &section.item, &names)?;
    if seed.shares_id
        && let Some(arn) = item.get("arn").cloned()
    {
        item.insert("resourceId".into(), arn);
    }
    item.insert("configuration".into(), configuration);
    let mut item = Value::Object(item);
    for ((entry, destination), value) in parts {
        let entry = section.get.get(entry);
        if let (Some((path, _)), false) = (entry.and_then(|entry| entry.into.0.get(destination)), value.is_null()) {
            path.value.put(&mut item, value);
        }
    }
    unit.collector.volatile().for_each(|path| path.remove(&mut item));
    for one in &unit.collector.uses {
        one.member.value.each_mut(&mut item, &mut |member| coarsen(member, one, unit.account.captured));
    }
    if unit.account.secrets == Secrets::Redacted {
        redact(&unit.collector, &mut item);
    }
    missing.retain(|(path, _)| !path.is_empty());
    if !missing.is_empty() {
        let members = missing.iter().map(|(path, reason)| (path.clone(), Value::from(reason.as_str())));
        item["notCollected"] = Value::Object(members.collect());
    }
    let item = ConfigurationItem::from_value(&item).map_err(|error| error.to_string())?;
    missing.retain(|(_, reason)| !reason.starts_with(NOT_ASKED));
    Ok(Made { item, missing })
}

/// A recent use becomes `{withinDays: 14}`, which stays the same as long as the use goes on.
fn coarsen(member: &mut Value, one: &Use, captured: Timestamp) {
    let days = one.days.get();
    let time = one.time.as_ref().map_or(Some(&*member), |name| member.get(name));
    let used = time.and_then(Value::as_str).and_then(|text| Timestamp::parse(text).ok());
    if used.is_some_and(|used| used > captured.plus_days(-i64::from(days))) {
        *member = json!({ "withinDays": days });
    }
}

fn merge(entry: &Get, raw: &mut Value, value: Value) {
    if let Some(name) = &entry.named
        && !value.is_null()
    {
        raw[name.as_str()] = value;
        return;
    }
    if entry.merge
        && let (Some(known), Value::Object(more)) = (raw.as_object_mut(), value)
    {
        known.extend(more);
    }
}

/// The members that stay unknown because a call failed.
fn unknown(entry: &Get, error: &ApiError) -> Vec<(String, String)> {
    let gap = gap(error);
    let passing = error.is_transient() || matches!(error.kind, ErrorKind::ExpiredCredentials | ErrorKind::Malformed);
    // What a principal accessed is told as of this run or not at all: an older report would make what it used since
    // look unused.
    let passing = if passing && entry.choice != Some(Choice::LastAccessed) { FOR_NOW } else { "" };
    let reason = format!("{}: {}{passing}", gap.code, gap.missing_action.unwrap_or(gap.operation));
    let mut paths: Vec<String> = entry.into.0.iter().map(|(path, _)| path.value.to_string()).collect();
    // What the answer would have added to the resource itself is not told apart: the whole is unknown.
    paths.extend(entry.fills.iter().map(ToString::to_string));
    if paths.is_empty() {
        paths.push("configuration".to_owned());
    }
    paths.into_iter().map(|path| (path, reason.clone())).collect()
}

fn header(unit: &Unit, header: &Header, names: &Names<'_>) -> Result<Map<String, Value>, String> {
    let mut item = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), value);
        }
    };
    let kind = unit.resource_type();
    let id = header.id.text(names).ok_or_else(|| format!("a {kind} has no id: the answer lacks what `id` names"))?;
    put("version", Some("1.3".into()));
    put("accountId", Some(names.account.into()));
    put("configurationItemCaptureTime", Some(unit.account.captured.to_string().into()));
    put("configurationItemStatus", Some("OK".into()));
    put("arn", header.arn.as_ref().and_then(|arn| arn.text(names)).map(Value::from));
    put("resourceType", Some(kind.as_str().into()));
    put("resourceId", Some(id.into()));
    put("resourceName", header.name.as_ref().and_then(|name| name.text(names)).map(Value::from));
    put("awsRegion", Some(names.region.into()));
    put("availabilityZone", header.zone.as_ref().and_then(|zone| zone.text(names)).map(Value::from));
    put("resourceCreationTime", header.created.as_ref().and_then(|path| path.get(names.item)).cloned().map(time));
    if let Some(path) = &header.tags {
        put("tags", Some(tags(&path.take(names.item))));
    }
    put("relationships", Some(relationships(&header.relationships, names)));
    Ok(item)
}

/// Tags as a map, from a list of keys and values in any of the spellings of the APIs, or from a map.
fn tags(value: &Value) -> Value {
    let text = |tag: &Value, names: [&str; 3]| {
        names.iter().find_map(|name| tag.get(*name)).and_then(Value::as_str).map(str::to_owned)
    };
    match value {
        Value::Object(_) => value.clone(),
        Value::Array(list) => Value::Object(
            list.iter()
                .filter_map(|tag| {
                    let key = text(tag, ["Key", "key", "TagKey"])?;
                    Some((key, Value::from(text(tag, ["Value", "value", "TagValue"]).unwrap_or_default())))
                })
                .collect(),
        ),
        _ => json!({}),
    }
}

/// What a relationship goes over: the elements at its path, or the parts of the texts there.
fn elements<'v>(relation: &Relation, item: &'v Value) -> Vec<Cow<'v, Value>> {
    let found = relation.from.all(item).into_iter();
    let Some(mark) = &relation.split else { return found.map(Cow::Borrowed).collect() };
    let parts = found.filter_map(Value::as_str).flat_map(|text| text.split(mark.as_str()).map(str::trim));
    parts.filter(|part| !part.is_empty()).map(|part| Cow::Owned(part.into())).collect()
}

fn relationships(relations: &[Relation], names: &Names<'_>) -> Value {
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for relation in relations {
        for each in elements(relation, names.item) {
            let names = Names { each: &each, ..*names };
            if !relation.only.hold(&each, &names) {
                continue;
            }
            let id = relation.id.as_ref().and_then(|id| id.text(&names));
            let name = relation.name.as_ref().and_then(|name| name.text(&names));
            let to = relation.to.value.as_str();
            if (id.is_none() && name.is_none()) || !seen.insert((relation.is.as_str(), to, id.clone(), name.clone())) {
                continue;
            }
            let mut entry = Map::new();
            entry.insert("resourceType".into(), to.into());
            entry.extend(id.map(|id| ("resourceId".to_owned(), Value::from(id))));
            entry.extend(name.map(|name| ("resourceName".to_owned(), Value::from(name))));
            entry.insert("relationshipName".into(), relation.is.as_str().into());
            list.push(Value::Object(entry));
        }
    }
    Value::Array(list)
}
