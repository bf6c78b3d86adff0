//! What a collector file must fulfil beyond its grammar: operations exist, destinations lie in the item.

use haechi_aws::{only_reads, operations};
use serde_saphyr::{Location, Spanned};

use super::path::Path;
use super::{Collector, Get, Lacking, Listing, Operation, Section};

pub(super) struct Wrong {
    pub line: u64,
    pub column: u64,
    pub what: String,
}

/// AWS Config's words for relationships begin with one of these.
const RELATIONS: [&str; 5] =
    ["Is contained in ", "Is attached to ", "Is associated with ", "Contains ", "Is encrypted by "];

/// What is wrong, in the order of the file.
pub(super) fn check(collector: &Collector) -> Vec<Wrong> {
    let mut found = Found(Vec::new());
    if collector.schema.value != 1 {
        found.at(collector.schema.referenced, "`schema` must be 1: this Haechi knows no other".to_owned());
    }
    let title = &collector.title;
    if [&title.en, &title.ko, &title.ja].iter().any(|text| text.trim().is_empty()) {
        found.at(collector.resource_type.referenced, "the title is needed in en, ko and ja".to_owned());
    }
    for section in collector.sections() {
        found.section(section);
    }
    if collector.regional.is_some() && !collector.global {
        found.at(collector.resource_type.referenced, "`regional` belongs to a type with `global: true`".to_owned());
    }
    let uses = collector.uses.iter().map(|one| &one.member);
    for path in collector.extended.iter().chain(&collector.redact).chain(&collector.volatile).chain(uses) {
        found.destination(path);
    }
    for path in collector.members.keys() {
        if !is_destination(path) {
            found.at(
                collector.resource_type.referenced,
                format!("`members`: `{path}` does not begin with configuration. or supplementaryConfiguration."),
            );
        }
    }
    if collector.examples.is_empty() {
        found.at(collector.resource_type.referenced, "at least one example is needed".to_owned());
    }
    found.0
}

fn is_destination(path: &str) -> bool {
    ["configuration.", "supplementaryConfiguration."].iter().any(|start| path.starts_with(start))
}

struct Found(Vec<Wrong>);

impl Found {
    fn at(&mut self, at: Location, what: String) {
        self.0.push(Wrong { line: at.line().max(1), column: at.column().max(1), what });
    }

    fn section(&mut self, section: &Section) {
        if let (Some(_), Some(call)) = (&section.list.again, &section.list.call) {
            self.at(call.referenced, "`again` belongs to an outer listing (`per`)".to_owned());
        }
        let mut listing = Some(&section.list);
        while let Some(list) = listing {
            self.listing(list);
            listing = list.per.as_deref();
        }
        for get in &section.get {
            self.get(get);
        }
        for relation in &section.item.relationships {
            if !RELATIONS.iter().any(|start| relation.is.starts_with(start)) {
                self.at(
                    relation.to.referenced,
                    format!(
                        "`{}` is not one of AWS Config's relationships, such as `Is contained in Vpc`",
                        relation.is
                    ),
                );
            }
            if relation.id.is_none() && relation.name.is_none() {
                self.at(relation.to.referenced, "a relationship needs an `id` or a `name`".to_owned());
            }
        }
    }

    fn listing(&mut self, list: &Listing) {
        if let Some(call) = &list.call {
            self.operation(call);
        }
    }

    fn get(&mut self, get: &Get) {
        let place = match (&get.call, &get.collect) {
            (Some(call), None) => {
                self.operation(call);
                call.referenced
            }
            (None, Some(collect)) => collect.referenced,
            (Some(call), Some(_)) => {
                return self.at(call.referenced, "either `call` or `collect`, not both".to_owned());
            }
            (None, None) => return self.at(Location::UNKNOWN, "an entry of `get` needs a `call`".to_owned()),
        };
        if let Some(each) = &get.each {
            self.operation(&each.call);
        }
        if get.batch.is_some() {
            self.batch(get, place);
        } else if get.lacking != Lacking::Absent {
            self.at(place, "`lacking` belongs to a `batch`".to_owned());
        }
        if !get.merge && get.named.is_none() && get.into.0.is_empty() {
            self.at(place, "the answer goes nowhere: give `into`, `as` or `merge`".to_owned());
        }
        for (path, _) in &get.into.0 {
            self.destination(path);
        }
    }

    fn batch(&mut self, get: &Get, place: Location) {
        if get.collect.is_some() || get.once {
            self.at(place, "a `batch` needs a `call`, and no `once`".to_owned());
        } else if !get.input.lists_names() {
            self.at(
                place,
                "the `input` of a `batch` needs a list with a name in it, such as [\"{item.Name}\"]".to_owned(),
            );
        } else if get.only.is_empty() {
            self.at(place, "a `batch` needs a `where` that finds each resource's part of the answer".to_owned());
        }
    }

    fn operation(&mut self, call: &Spanned<Operation>) {
        let Operation { service, name } = &call.value;
        if !only_reads(name) {
            self.at(call.referenced, format!("`{service}` `{name}` would change something; collectors only read"));
        }
        if operations().any(|(known, operation)| known == &**service && operation == &**name) {
            return;
        }
        let what = if operations().any(|(known, _)| known == &**service) {
            format!("`{service}` has no operation `{name}` in the API shapes (content/shapes/operations.txt)")
        } else {
            format!("the API shapes have no service `{service}` (content/shapes/operations.txt)")
        };
        self.at(call.referenced, what);
    }

    fn destination(&mut self, path: &Spanned<Path>) {
        if !is_destination(&path.value.to_string()) {
            self.at(
                path.referenced,
                format!("`{}` does not begin with configuration. or supplementaryConfiguration.", path.value),
            );
        }
    }
}
