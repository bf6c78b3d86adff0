//! What a plan's configuration says: which resource an attribute refers to, and which provider a resource has.
//!
//! An id that is known after apply still names one resource of the plan when the expression has one reference.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::item::identity;
use crate::mapping::Mappings;
use crate::resource::Resource;
use crate::unknown::reason;

/// References followed through variables and outputs.
const HOPS: usize = 32;

/// The `configuration` of a plan, by module.
pub(super) struct Configuration<'p> {
    modules: HashMap<String, Module<'p>>,
    providers: BTreeMap<&'p str, &'p Value>,
    variables: &'p Value,
}

/// One module: its body and how it is called.
struct Module<'p> {
    body: &'p Value,
    call: Option<&'p Value>,
    parent: String,
}

/// Where a reference ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Target {
    module: String,
    kind: String,
    name: String,
    attribute: String,
}

impl Target {
    fn resource(&self) -> (String, String, String) {
        (self.module.clone(), self.kind.clone(), self.name.clone())
    }
}

impl<'p> Configuration<'p> {
    pub fn of(plan: &'p Value) -> Self {
        let mut modules = HashMap::new();
        let root = &plan["configuration"]["root_module"];
        let mut waiting = vec![(String::new(), root, None, String::new(), 0)];
        while let Some((name, body, call, parent, depth)) = waiting.pop() {
            if depth < super::MODULES {
                for (child, call) in body["module_calls"].as_object().into_iter().flatten() {
                    let dot = if name.is_empty() { "" } else { "." };
                    waiting.push((format!("{name}{dot}{child}"), &call["module"], Some(call), name.clone(), depth + 1));
                }
            }
            modules.insert(name, Module { body, call, parent });
        }
        let providers = plan["configuration"]["provider_config"].as_object().into_iter().flatten();
        Self {
            modules,
            providers: providers.map(|(key, value)| (key.as_str(), value)).collect(),
            variables: &plan["variables"],
        }
    }

    /// The block of a resource in the configuration.
    fn block(&self, address: &str) -> Option<(&'p Value, String)> {
        let parsed = Address::parse(address);
        let module = self.modules.get(&parsed.module)?;
        let name = format!("{}.{}", parsed.kind, parsed.name);
        let mut blocks = module.body["resources"].as_array()?.iter();
        Some((blocks.find(|block| block["address"] == name.as_str())?, parsed.module))
    }

    /// The expressions that set a resource's attributes.
    pub fn expressions(&self, address: &str) -> Option<&'p Value> {
        Some(&self.block(address)?.0["expressions"])
    }

    /// The region of a resource's provider.
    pub fn region(&self, address: &str) -> Option<String> {
        let key = self.block(address)?.0["provider_config_key"].as_str()?;
        self.region_of(self.providers.get(key)?)
    }

    pub fn default_region(&self) -> Option<String> {
        self.region_of(self.providers.get("aws")?)
    }

    fn region_of(&self, provider: &Value) -> Option<String> {
        let region = &provider["expressions"]["region"];
        if let Some(text) = region["constant_value"].as_str() {
            return Some(text.to_owned());
        }
        let variable = region["references"].as_array()?.iter().find_map(|name| name.as_str()?.strip_prefix("var."))?;
        self.variables[variable]["value"].as_str().map(str::to_owned)
    }

    /// Puts ids of the plan's own resources where an attribute names one that has no physical id yet.
    pub fn resolve(&self, resources: &mut [Resource], mappings: &Mappings) {
        let mut places: HashMap<(String, String, String), Vec<usize>> = HashMap::new();
        for (at, resource) in resources.iter().enumerate() {
            let parsed = Address::parse(&resource.address);
            places.entry((parsed.module, parsed.kind, parsed.name)).or_default().push(at);
        }
        let mut found: Vec<(usize, Vec<Step>, Value)> = Vec::new();
        for (at, resource) in resources.iter().enumerate() {
            let Some((block, module)) = self.block(&resource.address) else { continue };
            let mut dark = Vec::new();
            unknowns(&resource.values, &block["expressions"], &mut Vec::new(), &mut dark);
            for (path, references, many) in dark {
                let attribute = path.iter().rev().find_map(Step::name).unwrap_or_default();
                if !mappings.is_link(&resource.kind, attribute) {
                    continue;
                }
                let mut targets = HashSet::new();
                self.follow(&module, references, HOPS, &mut targets);
                let keys = Address::parse(&resource.address);
                targets.retain(|target| places.contains_key(&target.resource()) || !self.may_be_none(target));
                let texts: Option<Vec<String>> = sorted(targets)
                    .iter()
                    .map(|target| text_of(target, attribute, &keys, &places, resources, mappings))
                    .collect();
                match texts.as_deref() {
                    Some([one]) if !many => found.push((at, path, one.as_str().into())),
                    Some(texts) if many && !texts.is_empty() => found.push((at, path, Value::from(texts))),
                    _ => {}
                }
            }
        }
        for (at, path, value) in found {
            if let Some(place) = path.iter().try_fold(&mut resources[at].values, |value, step| step.of(value)) {
                *place = value;
            }
        }
    }

    /// Whether the configuration makes as many of a resource as an expression says: a plan without any made none.
    fn may_be_none(&self, target: &Target) -> bool {
        let name = format!("{}.{}", target.kind, target.name);
        let blocks = self.modules.get(&target.module).and_then(|module| module.body["resources"].as_array());
        blocks.into_iter().flatten().any(|block| {
            block["address"] == name.as_str()
                && (block["count_expression"].is_object() || block["for_each_expression"].is_object())
        })
    }

    /// The resources that references end at, through variables and outputs.
    fn follow(&self, module: &str, references: &Value, hops: usize, found: &mut HashSet<Target>) {
        if hops == 0 {
            return;
        }
        let Some(here) = self.modules.get(module) else { return };
        for reference in references.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let plain = without_keys(reference);
            let parts: Vec<&str> = plain.split('.').collect();
            match parts[..] {
                ["var", name, ..] => {
                    if let Some(call) = here.call {
                        self.follow(&here.parent, &call["expressions"][name]["references"], hops - 1, found);
                    }
                }
                ["module", child, output, ..] => {
                    let dot = if module.is_empty() { "" } else { "." };
                    let child = format!("{module}{dot}{child}");
                    if let Some(body) = self.modules.get(&child).map(|module| module.body) {
                        self.follow(&child, &body["outputs"][output]["expression"]["references"], hops - 1, found);
                    }
                }
                ["data" | "local" | "each" | "count" | "path" | "terraform" | "self" | "module", ..] => {}
                // The id of what completes a bucket is the bucket's name.
                [kind, name] | [kind, name, "id" | "bucket"] if kind.starts_with("aws_s3_bucket_") => {
                    let name = format!("{kind}.{name}");
                    let mut blocks = here.body["resources"].as_array().into_iter().flatten();
                    if let Some(block) = blocks.find(|block| block["address"] == name.as_str()) {
                        self.follow(module, &block["expressions"]["bucket"]["references"], hops - 1, found);
                    }
                }
                // `x.y[each.key].id` is written without what follows the key.
                [kind, name, ..] => {
                    found.insert(Target {
                        module: module.to_owned(),
                        kind: kind.to_owned(),
                        name: name.to_owned(),
                        attribute: parts.get(2).copied().unwrap_or_default().to_owned(),
                    });
                }
                _ => {}
            }
        }
        // `x.y.id` is written with `x.y` beside it: the one with the attribute says more.
        let precise: HashSet<_> =
            found.iter().filter(|target| !target.attribute.is_empty()).map(Target::resource).collect();
        found.retain(|target| !target.attribute.is_empty() || !precise.contains(&target.resource()));
    }
}

fn sorted(targets: HashSet<Target>) -> Vec<Target> {
    let mut targets: Vec<_> = targets.into_iter().collect();
    targets
        .sort_by(|a, b| (&a.module, &a.kind, &a.name, &a.attribute).cmp(&(&b.module, &b.kind, &b.name, &b.attribute)));
    targets
}

/// The text that stands for a target: of several instances, the one with the same key.
fn text_of(
    target: &Target,
    wanted: &str,
    from: &Address,
    places: &HashMap<(String, String, String), Vec<usize>>,
    resources: &[Resource],
    mappings: &Mappings,
) -> Option<String> {
    let instances = places.get(&(target.module.clone(), target.kind.clone(), target.name.clone()))?;
    let at = match instances[..] {
        [one] => one,
        _ => {
            let mut same = instances.iter().filter(|&&at| {
                let other = Address::parse(&resources[at].address);
                other.keys == from.keys && !from.keys.is_empty()
            });
            *same.next().filter(|_| same.next().is_none())?
        }
    };
    let resource = &resources[at];
    if let Some(known) =
        resource.values[&target.attribute].as_str().filter(|text| crate::unknown::reason_of(text).is_none())
    {
        return Some(known.to_owned());
    }
    let mapping = mappings.get(&resource.kind)?;
    let who = identity(mapping, resource, None, None);
    let attribute = if target.attribute.is_empty() { wanted } else { &target.attribute };
    let arn = ["arn", "arns"].iter().any(|word| attribute == *word || attribute.ends_with(&format!("_{word}")));
    if arn { who.arn.or(Some(who.id)) } else { Some(who.id) }
}

/// A step into a value.
#[derive(Clone, Debug)]
enum Step {
    Name(String),
    Index(usize),
}

impl Step {
    fn name(&self) -> Option<&str> {
        match self {
            Step::Name(name) => Some(name),
            Step::Index(_) => None,
        }
    }

    fn of<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        match self {
            Step::Name(name) => value.get_mut(name),
            Step::Index(index) => value.get_mut(index),
        }
    }
}

/// Values that are not known, with the references of the expression that sets each; the flag says that a
/// list is wanted.
fn unknowns<'p>(
    value: &Value,
    expression: &'p Value,
    path: &mut Vec<Step>,
    found: &mut Vec<(Vec<Step>, &'p Value, bool)>,
) {
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                path.push(Step::Name(name.clone()));
                unknowns(member, &expression[name], path, found);
                path.pop();
            }
        }
        Value::Array(list) if expression.is_array() => {
            for (at, element) in list.iter().enumerate() {
                path.push(Step::Index(at));
                unknowns(element, &expression[at], path, found);
                path.pop();
            }
        }
        Value::Array(list) => {
            // A list of ids: known ones among them would be lost, so all must be references.
            if !list.is_empty()
                && list.iter().all(|element| reason(element).is_some())
                && expression["references"].is_array()
            {
                found.push((path.clone(), &expression["references"], true));
            }
        }
        _ => {
            if reason(value).is_some() && expression["references"].is_array() {
                let many = path.last().and_then(Step::name).is_some_and(|name| {
                    name.ends_with("ids") || name.ends_with("arns") || name.ends_with('s') && !name.ends_with("address")
                });
                found.push((path.clone(), &expression["references"], many));
            }
        }
    }
}

/// An address taken apart: `module.a["x"].aws_s3_bucket.b[0]`.
pub(super) struct Address {
    /// Module names with dots between, without keys.
    pub module: String,
    pub kind: String,
    pub name: String,
    /// All instance keys, in their order.
    pub keys: Vec<String>,
}

impl Address {
    pub fn parse(text: &str) -> Self {
        let (mut keys, mut names) = (Vec::new(), Vec::new());
        let mut rest = text;
        loop {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            names.push(&rest[..end]);
            rest = &rest[end..];
            while let Some(inner) = rest.strip_prefix('[') {
                let end = key_end(inner);
                keys.push(inner[..end].to_owned());
                rest = inner[end..].strip_prefix(']').unwrap_or("");
            }
            match rest.strip_prefix('.') {
                Some(next) => rest = next,
                None => break,
            }
        }
        let mut modules = Vec::new();
        let mut names = names.into_iter();
        let mut kind = names.next().unwrap_or_default();
        while kind == "module" {
            modules.push(names.next().unwrap_or_default());
            kind = names.next().unwrap_or_default();
        }
        let name = names.next().unwrap_or_default();
        Self { module: modules.join("."), kind: kind.to_owned(), name: name.to_owned(), keys }
    }
}

/// Where a key ends: at the bracket behind its quotes, or at the first one.
fn key_end(text: &str) -> usize {
    if !text.starts_with('"') {
        return text.find(']').unwrap_or(text.len());
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A reference without its keys: `aws_s3_bucket.b["x"].id` is `aws_s3_bucket.b.id`.
fn without_keys(reference: &str) -> String {
    let mut plain = String::new();
    let mut rest = reference;
    while let Some(at) = rest.find('[') {
        plain.push_str(&rest[..at]);
        let inner = &rest[at + 1..];
        rest = inner[key_end(inner)..].strip_prefix(']').unwrap_or("");
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let check = |text: &str, want: (&str, &str, &str, &[&str])| {
            let address = Address::parse(text);
            let keys: Vec<_> = address.keys.iter().map(String::as_str).collect();
            assert_eq!(
                (address.module.as_str(), address.kind.as_str(), address.name.as_str(), keys.as_slice()),
                want,
                "{text}"
            );
        };
        check("aws_vpc.main", ("", "aws_vpc", "main", &[]));
        check("aws_vpc.main[0]", ("", "aws_vpc", "main", &["0"]));
        check(
            "module.a.module.b[\"x.y]\\\"\"].aws_s3_bucket.c[\"k\"]",
            ("a.b", "aws_s3_bucket", "c", &["\"x.y]\\\"\"", "\"k\""]),
        );
        check("[", ("", "", "", &[""]));
        check("module", ("", "", "", &[]));
        assert_eq!(without_keys("module.s[\"a.b\"].out[0].id"), "module.s.out.id");
    }
}
