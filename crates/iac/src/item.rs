//! From resources to configuration items: ids, parts, relations, and what is not known of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use haechi_content::types::{Members, TypeCatalogue, TypeInfo};
use haechi_model::{AccountId, ConfigurationItem, Coverage, CoverageState, Partition, Region, ResourceType, Timestamp};
use serde_json::{Map, Value, json};

use crate::mapping::{Mapping, Mappings};
use crate::path::Path;
use crate::resource::{Age, CONDITION, Note, Reading, Resource};
use crate::shape::Cover;
use crate::unknown::{UNSET, reason, reason_of, unknown};

/// What a resource stands for when nothing says whose it is.
pub const NO_ACCOUNT: &str = "000000000000";
/// The region when nothing says which.
pub const NO_REGION: &str = "us-east-1";
/// The reason of members that no plan and no template speaks of.
const NOT_TOLD: &str = "the source does not tell it";
/// The reason of defaults that a resource may be older than.
const OLDER: &str = "it may be older than the default of today";
const CONDITIONAL: &str = "whether what completes it is made depends on a condition";
const MAYBE: &str = "a resource that completes it is known after apply";

/// What is the same for all resources of a source.
#[derive(Clone, Debug)]
pub struct Place {
    /// Used where the source names none.
    pub account: Option<AccountId>,
    pub region: Option<Region>,
    /// When the items are said to have been seen.
    pub captured: Timestamp,
}

/// The items of a source.
#[derive(Debug, Default)]
pub struct Built {
    pub items: Vec<ConfigurationItem>,
    pub coverage: Vec<Coverage>,
    /// Kinds that no mapping knows, and how many resources of each.
    pub not_mapped: BTreeMap<String, u64>,
    pub notes: Vec<Note>,
}

/// Makes the items of a source.
pub fn build(reading: Reading, mappings: &Mappings, types: &TypeCatalogue, place: &Place) -> Built {
    let mut built = Built { notes: reading.notes.clone(), ..Built::default() };
    let said_account = reading.account.as_deref().and_then(|text| AccountId::parse(text).ok());
    let account = said_account.or(place.account);
    let region = reading.region.as_deref().and_then(|text| Region::parse(text).ok()).or_else(|| place.region.clone());
    if account.is_none() && !reading.resources.is_empty() {
        built.notes.push(Note::new("note-no-account", vec![("account", NO_ACCOUNT.to_owned())]));
    }
    if region.is_none() && reading.resources.iter().any(|resource| resource.region.is_none()) {
        built.notes.push(Note::new("note-no-region", vec![("region", NO_REGION.to_owned())]));
    }
    let mut work = Work::new(reading.resources, mappings, account, region);
    work.attach(&mut built);
    work.preset();
    let mut seen = BTreeSet::new();
    for at in 0..work.resources.len() {
        let Some(mapping) = mappings.get(&work.resources[at].kind) else {
            if !mappings.is_part(&work.resources[at].kind) {
                *built.not_mapped.entry(work.resources[at].kind.clone()).or_default() += 1;
            }
            continue;
        };
        let value = work.item(at, mapping, types, place.captured);
        match ConfigurationItem::from_value(&value) {
            Ok(item) => {
                seen.insert((item.key().account_id, item.key().region.clone()));
                built.items.push(item);
            }
            Err(error) => built.notes.push(Note::new(
                "note-not-an-item",
                vec![("address", work.resources[at].address.clone()), ("reason", error.to_string())],
            )),
        }
    }
    built.coverage = coverage(&seen, mappings, types, &built.items);
    built
}

/// A source is all there is: what it does not hold is not there. Types without a mapping are not spoken of.
fn coverage(
    seen: &BTreeSet<(AccountId, Region)>,
    mappings: &Mappings,
    types: &TypeCatalogue,
    items: &[ConfigurationItem],
) -> Vec<Coverage> {
    let mut counts: HashMap<(AccountId, &Region, &ResourceType), u64> = HashMap::new();
    for item in items {
        *counts.entry((item.key().account_id, &item.key().region, &item.key().resource_type)).or_default() += 1;
    }
    let kinds: BTreeSet<&ResourceType> =
        mappings.iter().filter(|mapping| !mapping.account_wide).map(|mapping| &mapping.resource_type).collect();
    let mut places = seen.clone();
    places.extend(seen.iter().map(|(account, _)| (*account, Region::global())));
    let mut lines = Vec::new();
    for (account_id, region) in &places {
        for kind in &kinds {
            if types.is_global(kind) != region.is_global() {
                continue;
            }
            lines.push(Coverage {
                account_id: *account_id,
                region: region.clone(),
                resource_type: (*kind).clone(),
                state: CoverageState::Complete,
                resources: counts.get(&(*account_id, region, *kind)).copied().unwrap_or(0),
            });
        }
    }
    lines
}

/// The resources of a source while items are made of them.
struct Work<'a> {
    resources: Vec<Resource>,
    mappings: &'a Mappings,
    account: Option<AccountId>,
    region: Option<Region>,
}

/// Who a resource is.
pub(crate) struct Identity {
    pub id: String,
    pub name: Option<String>,
    pub arn: Option<String>,
    account: AccountId,
    region: String,
}

impl<'a> Work<'a> {
    fn new(
        resources: Vec<Resource>,
        mappings: &'a Mappings,
        account: Option<AccountId>,
        region: Option<Region>,
    ) -> Self {
        Self { resources, mappings, account, region }
    }

    /// Puts in what AWS's documentation says of members that were left out.
    fn preset(&mut self) {
        for resource in &mut self.resources {
            for preset in self.mappings.get(&resource.kind).into_iter().flat_map(|mapping| &mapping.defaults) {
                let steps: Vec<_> = preset.member.steps().collect();
                let value = match &preset.unknown {
                    Some(why) => unknown(why),
                    None if preset.new && resource.age == Age::Standing => unknown(OLDER),
                    None => preset.value.clone(),
                };
                put_default(&mut resource.values, &steps, &value);
            }
        }
    }

    fn identity(&self, at: usize) -> Option<Identity> {
        let resource = &self.resources[at];
        let mapping = self.mappings.get(&resource.kind)?;
        Some(identity(mapping, resource, self.account, self.region.as_ref()))
    }

    /// Gives each resource those that complete it, below their kind's name.
    fn attach(&mut self, built: &mut Built) {
        let mut names: HashMap<(String, String), usize> = HashMap::new();
        for at in 0..self.resources.len() {
            let Some(identity) = self.identity(at) else { continue };
            let resource = &self.resources[at];
            let kind = self.mappings.get(&resource.kind).map_or(resource.kind.clone(), |mapping| mapping.from.clone());
            let texts = [Some(identity.id), identity.name, identity.arn, Some(resource.address.clone())];
            for text in texts.into_iter().flatten() {
                names.entry((kind.clone(), text)).or_insert(at);
            }
        }
        let mut additions: Vec<(usize, String, Value)> = Vec::new();
        for part in &self.resources {
            for (mapping, link) in self.mappings.completed_by(&part.kind) {
                let targets = link.by.take(&part.values);
                let kind = &mapping.from;
                if reason(&targets).is_some() || has_unknown(&targets) {
                    // It may be the part of any of them.
                    for (at, target) in self.resources.iter().enumerate() {
                        if self.mappings.get(&target.kind).is_some_and(|known| &known.from == kind) {
                            additions.push((at, part.kind.clone(), unknown(MAYBE)));
                        }
                    }
                    let arguments = vec![("address", part.address.clone()), ("kind", kind.clone())];
                    built.notes.push(Note::new("note-part-unknown", arguments));
                    continue;
                }
                for text in texts_of(&targets) {
                    let found = match &link.matches {
                        None => names.get(&(kind.clone(), text.to_owned())).copied(),
                        Some(path) => self.resources.iter().position(|target| {
                            self.mappings.get(&target.kind).is_some_and(|known| &known.from == kind)
                                && path.take(&target.values).as_str() == Some(text)
                        }),
                    };
                    if let Some(at) = found {
                        let value = if self.relies_on(at, part) { part.values.clone() } else { unknown(CONDITIONAL) };
                        additions.push((at, part.kind.clone(), value));
                    }
                }
            }
        }
        for (at, kind, value) in additions {
            add_part(&mut self.resources[at].values, &kind, value);
        }
    }

    /// Whether a part is there whenever what it completes is.
    fn relies_on(&self, at: usize, part: &Resource) -> bool {
        let condition = part.values.get(CONDITION);
        condition.is_none() || condition == self.resources[at].values.get(CONDITION)
    }

    fn item(&self, at: usize, mapping: &Mapping, types: &TypeCatalogue, captured: Timestamp) -> Value {
        let resource = &self.resources[at];
        let who = identity(mapping, resource, self.account, self.region.as_ref());
        let info = types.get(&mapping.resource_type);
        let region = if info.is_some_and(|info| info.global) { "global" } else { who.region.as_str() };
        let mut item = json!({
            "version": "1.3", "accountId": who.account, "awsRegion": region, "resourceType": mapping.resource_type,
            "resourceId": who.id, "configurationItemCaptureTime": captured, "configurationItemStatus": "OK",
        });
        if let Some(name) = &who.name {
            item["resourceName"] = name.as_str().into();
        }
        if let Some(arn) = &who.arn {
            item["arn"] = arn.as_str().into();
        }
        item["tags"] = mapping.tags.as_ref().map_or_else(|| json!({}), |shape| tags(shape.apply(&resource.values)));
        item["relationships"] = self.relationships(mapping, resource);
        item["configuration"] = json!({});
        item["supplementaryConfiguration"] = json!({});
        for (path, shape) in &mapping.into {
            let mut value = shape.apply(&with_identity(resource, &who));
            let steps: Vec<_> = path.steps().collect();
            let kinds = steps
                .iter()
                .try_fold(&info.map_or_else(none, |info| info.members.clone()), |at, step| at.child(step))
                .cloned();
            if let Some(members) = kinds {
                fit(&mut value, &members);
            }
            if !value.is_null() {
                path.put(&mut item, value);
            }
        }
        let gaps = gaps(&mut item, mapping, info);
        if !gaps.is_empty() {
            item["notCollected"] = Value::Object(gaps);
        }
        item["source"] = serde_json::to_value(&resource.location).unwrap_or_default();
        item
    }

    fn relationships(&self, mapping: &Mapping, resource: &Resource) -> Value {
        let mut all = Vec::new();
        for relation in &mapping.relationships {
            let ids = relation.id.apply(&resource.values);
            for id in texts_of(&ids).filter(|id| reason_of(id).is_none() && !id.is_empty()) {
                all.push(json!({"resourceType": relation.resource_type, "resourceId": id, "relationshipName": relation.name}));
            }
        }
        Value::Array(all)
    }
}

fn none() -> Members {
    Members::default()
}

/// The values with the identity beside them, for members that repeat it.
fn with_identity(resource: &Resource, who: &Identity) -> Value {
    let mut values = resource.values.clone();
    if let Some(map) = values.as_object_mut() {
        map.insert("@id".to_owned(), who.id.as_str().into());
        map.insert("@region".to_owned(), who.region.as_str().into());
        map.insert("@account".to_owned(), who.account.to_string().into());
        if let Some(name) = &who.name {
            map.insert("@name".to_owned(), name.as_str().into());
        }
        if let Some(arn) = &who.arn {
            map.insert("@arn".to_owned(), arn.as_str().into());
        }
    }
    values
}

fn known_text(value: Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Array(list) if list.len() == 1 => return known_text(list.into_iter().next()?),
        _ => return None,
    };
    (!text.is_empty() && reason_of(&text).is_none()).then_some(text)
}

/// The id, the name and the ARN: the physical ones where they are known, else such as the address gives.
pub(crate) fn identity(
    mapping: &Mapping,
    resource: &Resource,
    account: Option<AccountId>,
    region: Option<&Region>,
) -> Identity {
    let arn = resource.values.get("arn").cloned().and_then(known_text).filter(|arn| arn.starts_with("arn:"));
    let part = |index| arn.as_deref().and_then(|arn| arn.split(':').nth(index)).filter(|part| !part.is_empty());
    let account = part(4).and_then(|text| AccountId::parse(text).ok()).or(account);
    let account =
        account.or_else(|| AccountId::parse(NO_ACCOUNT).ok()).unwrap_or_else(|| unreachable!("twelve digits"));
    let own = resource.region.as_deref().or(part(3)).filter(|text| Region::parse(text).is_ok());
    let region = own.map_or_else(|| region.map_or(NO_REGION, Region::as_str).to_owned(), str::to_owned);
    let id = known_text(mapping.id.apply(&resource.values)).unwrap_or_else(|| resource.address.clone());
    let name = known_text(mapping.name.apply(&resource.values));
    let arn = arn.or_else(|| {
        let partition = Partition::of_region(&region);
        let text = mapping.arn.as_ref()?;
        Some(fill(text, |word| match word {
            "partition" => partition.as_str().to_owned(),
            "region" => region.clone(),
            "account" => account.to_string(),
            "id" => id.clone(),
            "name" => name.clone().unwrap_or_else(|| id.clone()),
            other => Path::parse(other)
                .ok()
                .and_then(|path| known_text(path.take(&resource.values)))
                .unwrap_or_else(|| id.clone()),
        }))
    });
    Identity { id, name, arn, account, region }
}

fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (word, tail) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(&value(word));
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// All texts in a value.
fn texts_of(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(list) => Box::new(list.iter().flat_map(texts_of)),
        _ => Box::new(std::iter::empty()),
    }
}

fn has_unknown(value: &Value) -> bool {
    texts_of(value).any(|text| reason_of(text).is_some())
}

fn add_part(values: &mut Value, kind: &str, part: Value) {
    let Some(map) = values.as_object_mut() else { return };
    let slot = map.entry(kind.to_owned()).or_insert_with(|| json!([]));
    match slot {
        _ if reason(&part).is_some() => *slot = part,
        Value::Array(list) => list.push(part),
        _ => {}
    }
}

fn put_default(values: &mut Value, steps: &[&str], default: &Value) {
    let Some((first, rest)) = steps.split_first() else { return };
    match values {
        Value::Array(list) => list.iter_mut().for_each(|element| put_default(element, steps, default)),
        Value::Object(map) => {
            if rest.is_empty() {
                let slot = map.entry((*first).to_owned()).or_insert(Value::Null);
                if slot.is_null() || reason(slot) == Some(UNSET) {
                    *slot = default.clone();
                }
            } else if let Some(next) = map.get_mut(*first) {
                put_default(next, rest, default);
            }
        }
        _ => {}
    }
}

/// Tags as a map: Terraform has one already, templates have lists.
fn tags(value: Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Array(list) => {
            let mut map = Map::new();
            for tag in list {
                let text = |name: &str| {
                    tag.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                };
                if let (Some(key), Some(value)) =
                    (text("Key").or_else(|| text("key")), text("Value").or_else(|| text("value")))
                {
                    map.insert(key, value.into());
                }
            }
            Value::Object(map)
        }
        Value::Object(map) => {
            let text = |value: Value| match value {
                Value::String(_) | Value::Null => value,
                other => Value::String(other.to_string()),
            };
            Value::Object(map.into_iter().map(|(key, value)| (key, text(value))).collect())
        }
        other => other,
    }
}

/// Makes scalars what the published type says they are: templates write numbers and booleans as texts.
fn fit(value: &mut Value, members: &Members) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|element| fit(element, members)),
        Value::Object(map) => {
            for (name, member) in map {
                if let Some(known) = members.child(name) {
                    fit(member, known);
                }
            }
        }
        _ => {
            let fitted = match (members.kind.as_deref(), &*value) {
                (Some("boolean"), Value::String(text)) => match text.as_str() {
                    "true" | "True" => Some(Value::Bool(true)),
                    "false" | "False" => Some(Value::Bool(false)),
                    _ => None,
                },
                (Some("integer" | "long"), Value::String(text)) => text.parse::<i64>().ok().map(Value::from),
                (Some("string"), Value::Number(_) | Value::Bool(_)) => Some(Value::String(value.to_string())),
                _ => None,
            };
            if let Some(fitted) = fitted {
                *value = fitted;
            }
        }
    }
}

/// Takes out what is not known, and names it and what no mapping speaks of.
fn gaps(item: &mut Value, mapping: &Mapping, info: Option<&TypeInfo>) -> Map<String, Value> {
    let mut gaps = Map::new();
    take_out(item, "", &mut gaps);
    if let Some(info) = info {
        let mut missing = Vec::new();
        untold(&info.members, mapping.cover(), "", &mut missing);
        for path in missing {
            let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
            // What lies below a part that the resource does not have is absent with it.
            if has(item, parent) && !has(item, &path) {
                gaps.entry(path).or_insert_with(|| NOT_TOLD.into());
            }
        }
    }
    gaps
}

/// Takes members that are not known out of a value. A list with such an element is not known as a whole.
fn take_out(value: &mut Value, path: &str, gaps: &mut Map<String, Value>) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|element| take_out(element, path, gaps)),
        Value::Object(map) => {
            let names: Vec<String> = map.keys().cloned().collect();
            for name in names {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let Some(member) = map.get_mut(&name) else { continue };
                let why = reason(member).map(str::to_owned).or_else(|| match &*member {
                    Value::Array(list) => list.iter().find_map(|element| reason(element).map(str::to_owned)),
                    _ => None,
                });
                match why {
                    Some(why) => {
                        map.shift_remove(&name);
                        gaps.insert(below, why.into());
                    }
                    None => take_out(member, &below, gaps),
                }
            }
        }
        _ => {}
    }
}

/// The members of a type that a mapping does not speak of; the outermost of each branch.
fn untold(members: &Members, cover: &Cover, path: &str, found: &mut Vec<String>) {
    let Cover::Members(told) = cover else { return };
    for (name, below) in &members.children {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match told.get(name) {
            Some(cover) => untold(below, cover, &path, found),
            // An untold branch is named member by member at the top, so that no gap swallows the whole item.
            None if path.contains('.') => found.push(path),
            None => untold(below, &Cover::Members(BTreeMap::new()), &path, found),
        }
    }
}

fn has(value: &Value, path: &str) -> bool {
    match value {
        Value::Array(list) => list.iter().any(|element| has(element, path)),
        _ if path.is_empty() => true,
        Value::Object(map) => match path.split_once('.') {
            Some((first, rest)) => map.get(first).is_some_and(|next| has(next, rest)),
            None => map.contains_key(path),
        },
        _ => false,
    }
}
