//! Test: every member path that a collector can make is in AWS Config's published schema, or the file lists it.
//!
//! An answer with every member that the API's model has goes through the collector's own shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path as FilePath, PathBuf};

use serde_json::{Map, Value, json};

use super::path::Names;
use super::{Collector, Collectors, Listing, Operation, Section, files_in};

/// A service's API model.
struct Model(Value);

impl Model {
    fn load(service: &str) -> Self {
        let file = FilePath::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../content/shapes/{service}.json"));
        Self(serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
    }

    /// The fullest answer of an operation.
    fn answer(&self, operation: &str) -> Value {
        let output = self.0["operations"][operation]["output"].as_str().unwrap_or_default();
        self.sample(output, &mut Vec::new())
    }

    fn inputs(&self, operation: &str) -> BTreeSet<&str> {
        let input = self.0["operations"][operation]["input"].as_str().unwrap_or_default();
        let members = self.0["shapes"][input]["members"].as_object();
        members.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    fn sample(&self, shape: &str, within: &mut Vec<String>) -> Value {
        match shape {
            "string" | "blob" => return json!("text"),
            "timestamp" => return json!("date"),
            "boolean" => return json!(true),
            "integer" | "long" | "float" | "double" => return json!(1),
            _ if within.iter().any(|outer| outer == shape) => return Value::Null,
            _ => {}
        }
        within.push(shape.to_owned());
        let model = &self.0["shapes"][shape];
        let inner =
            |part: &Value, within: &mut Vec<String>| self.sample(part["shape"].as_str().unwrap_or_default(), within);
        let sample = match model["type"].as_str() {
            Some("structure") => {
                let members = model["members"].as_object().unwrap();
                Value::Object(members.iter().map(|(name, part)| (name.clone(), inner(part, within))).collect())
            }
            Some("list") => json!([inner(&model["member"], within)]),
            Some("map") => json!({"ANY-KEY": inner(&model["value"], within)}),
            _ => json!("text"),
        };
        within.pop();
        sample
    }
}

#[derive(Default)]
struct Models(BTreeMap<String, Model>);

impl Models {
    fn of(&mut self, operation: &Operation) -> &Model {
        self.0.entry(operation.service.to_string()).or_insert_with(|| Model::load(&operation.service))
    }

    fn listed(&mut self, list: &Listing) -> Value {
        let Some(call) = &list.call else { return json!({}) };
        let page = self.of(&call.value).answer(&call.value.name);
        let found = list.items.all(&page).first().map(|element| (*element).clone());
        let element = found.unwrap_or_else(|| panic!("{}: `{}` has no elements", call.value, list.items));
        match &list.named {
            Some(name) => json!({ name: element }),
            None => element,
        }
    }

    /// An element of an outer listing, with that of the listing around it.
    fn parent(&mut self, list: Option<&Listing>) -> Value {
        let Some(list) = list else { return Value::Null };
        let mut element = self.listed(list);
        if let (Some(members), true) = (element.as_object_mut(), list.per.is_some()) {
            members.insert("parent".to_owned(), self.parent(list.per.as_deref()));
        }
        element
    }

    /// The fullest item of a section: its configuration and supplementary parts.
    fn item(&mut self, section: &Section) -> Value {
        let null = Value::Null;
        let parent = self.parent(section.list.per.as_deref());
        let mut raw = self.listed(&section.list);
        let mut parts = json!({});
        for get in &section.get {
            let answer = match &get.call {
                Some(call) => self.of(&call.value).answer(&call.value.name),
                None => json!({"rows": [{"user": "text"}], "Utilization": 1, "services": [{"serviceNamespace": "text",
                    "lastAuthenticated": "date", "trackedActions": [{"actionName": "text", "lastAccessedTime": "date"}]}]}),
            };
            let mut taken = get.take.take(&answer).into_owned();
            assert!(!taken.is_null(), "`take: {}` gives nothing", get.take);
            if let (Some(each), Some(element)) = (&get.each, taken.get_mut(0)) {
                let answer = self.of(&each.call.value).answer(&each.call.value.name);
                element[each.named.as_str()] = each.take.take(&answer).into_owned();
            }
            if get.first {
                taken = taken[0].take();
            }
            let names = Names { account: "a", region: "r", partition: "aws", item: &raw, parent: &parent, each: &null };
            for (path, shape) in &get.into.0 {
                let value = shape.apply(&taken, &names, section.case);
                assert!(!value.is_null(), "{}: the answer has nothing for it", path.value);
                path.value.put(&mut parts, value);
            }
            match &get.named {
                Some(name) => raw[name.as_str()] = taken,
                None if get.merge => raw.as_object_mut().unwrap().extend(taken.as_object().unwrap().clone()),
                None => {}
            }
        }
        let names = Names { account: "a", region: "r", partition: "aws", item: &raw, parent: &parent, each: &null };
        let mut item = json!({"configuration": section.item.configuration.apply(&raw, &names, section.case)});
        assert!(section.item.id.text(&names).is_some(), "the id names nothing");
        for template in [&section.item.name, &section.item.arn, &section.item.zone].into_iter().flatten() {
            assert!(template.text(&names).is_some(), "{template:?} names nothing");
        }
        for path in [&section.item.created, &section.item.tags].into_iter().flatten() {
            assert!(!path.all(&raw).is_empty(), "`{path}` is not in the answer");
        }
        for relation in &section.item.relationships {
            let elements = relation.from.all(&raw);
            let each = elements.first().unwrap_or_else(|| panic!("relationship from `{}`: nothing", relation.from));
            let names = Names { each, ..names };
            for template in [&relation.id, &relation.name].into_iter().flatten() {
                assert!(template.text(&names).is_some(), "{template:?} names nothing");
            }
        }
        for (part, members) in parts.as_object().unwrap() {
            let target = item.as_object_mut().unwrap().entry(part.clone()).or_insert_with(|| json!({}));
            target.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        }
        item
    }
}

/// The leaves of an item with their kinds.
fn leaves(value: &Value, at: &str, found: &mut BTreeMap<String, &'static str>) {
    let kind = match value {
        Value::Array(list) => return list.iter().for_each(|element| leaves(element, at, found)),
        Value::Object(map) => return members(map, at, found),
        Value::Null => return,
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(text) if text == "date" => "date",
        Value::String(_) => "string",
    };
    found.insert(at.to_owned(), kind);
}

fn members(map: &Map<String, Value>, at: &str, found: &mut BTreeMap<String, &'static str>) {
    for (name, member) in map {
        if name == "ANY-KEY" {
            found.insert(at.to_owned(), "map");
            return;
        }
        leaves(member, &if at.is_empty() { name.clone() } else { format!("{at}.{name}") }, found);
    }
}

/// The collector files as they are now, those whose path holds `HAECHI_COLLECTOR` where it is set.
fn on_disk() -> Collectors {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../content/collectors");
    let part = std::env::var("HAECHI_COLLECTOR").unwrap_or_default();
    let files = files_in(&folder).unwrap().into_iter().filter(|(file, _)| file.contains(&part)).collect::<Vec<_>>();
    Collectors::parse(files.iter().map(|(file, text)| (file.as_str(), text.as_str()))).unwrap()
}

fn published(corpus: &FilePath, collector: &Collector) -> BTreeSet<String> {
    let file = corpus.join(format!("config-schemas/{}.properties.json", collector.resource_type()));
    let Ok(text) = fs::read(file) else { return BTreeSet::new() };
    let schema: BTreeMap<String, Value> = serde_json::from_slice(&text).unwrap();
    schema.into_keys().collect()
}

#[test]
fn every_member_is_published_or_listed() {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS").map(PathBuf::from) else {
        println!("skipped: HAECHI_CORPUS is not set");
        return;
    };
    let mut models = Models::default();
    let mut wrong = Vec::new();
    for collector in on_disk().iter() {
        let published = published(&corpus, collector);
        let open = |path: &str| {
            let below =
                |outer: &str| path == outer || path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
            collector.members.iter().any(|(outer, kind)| path == outer || (kind == "map" && below(outer)))
        };
        for section in collector.sections() {
            let item = models.item(section);
            let mut found = BTreeMap::new();
            leaves(&item, "", &mut found);
            for (path, kind) in found {
                if !published.contains(&path) && !open(&path) {
                    wrong.push(format!("{}  {path}: {kind}", collector.resource_type()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "neither published nor listed under `members`:\n{}", wrong.join("\n"));
}

#[test]
fn the_inputs_of_all_calls_are_in_the_api() {
    let mut models = Models::default();
    for collector in on_disk().iter() {
        for section in collector.sections() {
            let listings = std::iter::successors(Some(&section.list), |list| list.per.as_deref());
            let listed = listings.filter_map(|list| Some((list.call.as_ref()?, &list.input)));
            let gets = section.get.iter().filter_map(|get| Some((get.call.as_ref()?, &get.input)));
            let each = section.get.iter().filter_map(|get| get.each.as_ref()).map(|each| (&each.call, &each.input));
            for (call, input) in listed.chain(gets).chain(each) {
                let known = models.of(&call.value).inputs(&call.value.name);
                for name in input.names() {
                    assert!(
                        known.contains(name),
                        "{}: {} has no input `{name}`",
                        collector.resource_type(),
                        call.value
                    );
                }
            }
        }
    }
}
