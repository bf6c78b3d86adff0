//! From what was used to policy documents: the fewest statements with the same resources, service by service.

use std::collections::{BTreeMap, BTreeSet};

use haechi_iam::Policy;
use haechi_iam::catalogue::{ActionInfo, Catalogue, Need, Unlogged};
use serde_json::json;

use super::fold::{Names, Stage};
use super::{ActionUse, Gathered, Generator};

/// The longest managed policy that AWS takes, white space not counted.
pub const LONGEST_POLICY: usize = 6144;
/// More names of one type are folded.
const NAMES_IN_A_POLICY: usize = 5;
/// In so many regions each has its own placeholder.
const REGIONS_IN_A_POLICY: usize = 4;

/// How close the resources are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Resources {
    /// Every name that the log tells.
    Exact,
    /// Objects by their folders, and patterns where there are more than five names.
    #[default]
    Patterns,
    /// `*`.
    Any,
}

/// A policy of what was used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    /// Canonical JSON; several where one would be longer than AWS takes.
    pub policies: Vec<String>,
    /// The actions that it grants.
    pub actions: Vec<String>,
    /// ARNs with something to fill in.
    pub placeholders: Vec<String>,
    /// Actions whose calls named no resource, and that are granted on all.
    pub on_everything: Vec<String>,
    /// Groups of actions of which a call needed one: all are granted.
    pub ambiguous: Vec<Vec<String>>,
    /// Roles that requests passed on.
    pub passed_roles: Vec<String>,
    /// Actions that AWS lists as needed besides, and that the log does not show: by the action.
    pub companions: Vec<(String, Vec<String>)>,
    /// Services some of whose actions only data events show, and the log has none of them.
    pub without_data_events: Vec<String>,
}

impl Generator<'_> {
    fn action(&self, number: usize) -> Option<ActionInfo<'_>> {
        self.catalogue.numbered(number)
    }
}

/// The policy of what was gathered.
pub fn generate(generator: &Generator<'_>, gathered: &Gathered, resources: Resources) -> Generated {
    let mut generated = Generated::default();
    let mut statements: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
    for (number, used) in &gathered.used {
        let Some(action) = generator.action(*number) else { continue };
        let names = names(generator, action, used, resources, &mut generated);
        statements.entry((action.service().prefix().to_owned(), names)).or_default().push(action.full_name());
        generated.actions.push(action.full_name());
    }
    generated.ambiguous = gathered
        .ambiguous
        .keys()
        .map(|group| {
            group.iter().filter_map(|number| generator.action(*number)).map(|action| action.full_name()).collect()
        })
        .collect();
    if !gathered.passed.is_empty() {
        let mut roles =
            Names::of(&format!("arn:aws:iam::{}:role/${{RoleNameWithPath}}", generator.principal.account()));
        gathered.passed.iter().for_each(|role| roles.add(role));
        generated.passed_roles = roles.iter().map(str::to_owned).collect();
        statements.entry(("iam".into(), generated.passed_roles.clone())).or_default().push("iam:PassRole".into());
        generated.actions.push("iam:PassRole".into());
    }
    generated.actions.sort();
    generated.placeholders.sort();
    generated.placeholders.dedup();
    generated.companions = companions(generator.catalogue, &generated.actions);
    generated.without_data_events = without_data_events(generator, gathered, &generated.actions);
    generated.policies = documents(&statements);
    generated
}

/// The resources of an action.
fn names(
    generator: &Generator<'_>,
    action: ActionInfo<'_>,
    used: &ActionUse,
    resources: Resources,
    generated: &mut Generated,
) -> Vec<String> {
    let everything = || vec!["*".to_owned()];
    if resources == Resources::Any || action.resources().len() == 0 {
        return everything();
    }
    let mut all = BTreeSet::new();
    for (kind, names) in &used.names {
        let mut names = names.clone();
        if resources == Resources::Patterns {
            if kind.contains("object") {
                names.fold_at_least(Stage::Folder);
            }
            names.fold_to(NAMES_IN_A_POLICY);
        }
        all.extend(names.iter().map(str::to_owned));
    }
    let is_required = action.resources().any(|one| one.need() == Need::Required);
    if used.nameless > 0 && !is_required {
        // None of the types has to be given: the call was about none, or about what the log does not tell.
        generated.on_everything.push(action.full_name());
        return everything();
    }
    for one in action.resources().filter(|one| one.need() == Need::Required) {
        let kind = one.resource_type();
        if !used.names.contains_key(kind.name()) {
            let templates = placeholders(generator, kind.arn().as_str(), used);
            generated.placeholders.extend(templates.iter().cloned());
            all.extend(templates);
        }
    }
    if all.contains("*") { everything() } else { all.into_iter().collect() }
}

/// The form of a type's ARNs with the account filled in, and the regions where they are few.
fn placeholders(generator: &Generator<'_>, template: &str, used: &ActionUse) -> Vec<String> {
    let filled =
        template.replace("${Partition}", &generator.partition).replace("${Account}", generator.principal.account());
    if !filled.contains("${Region}") {
        return vec![filled];
    }
    let regions: Vec<&str> = used.regions.iter().map(|region| &**region).filter(|region| !region.is_empty()).collect();
    if regions.is_empty() || regions.len() > REGIONS_IN_A_POLICY {
        return vec![filled.replace("${Region}", "*")];
    }
    regions.iter().map(|region| filled.replace("${Region}", region)).collect()
}

/// What AWS lists as needed beside each action, as far as it is not granted.
fn companions(catalogue: &Catalogue, actions: &[String]) -> Vec<(String, Vec<String>)> {
    let lacking = |name: &String| {
        let action = catalogue.action(name)?;
        let missing = action.dependent_actions().filter(|needed| !actions.iter().any(|own| own == needed));
        let missing: Vec<String> = missing.map(str::to_owned).collect();
        (!missing.is_empty()).then(|| (name.clone(), missing))
    };
    actions.iter().filter_map(lacking).collect()
}

/// Services that were used, and whose data events the log does not have.
fn without_data_events(generator: &Generator<'_>, gathered: &Gathered, actions: &[String]) -> Vec<String> {
    let used: BTreeSet<&str> = actions.iter().filter_map(|action| action.split(':').next()).collect();
    let shows_less = |service: &&str| {
        let actions = generator.catalogue.service(service).into_iter().flat_map(|service| service.actions());
        let mut data = actions.filter(|action| generator.unlogged.of(*action) == Some(Unlogged::DataEvents));
        data.next().is_some()
    };
    let unseen = used.into_iter().filter(|service| !gathered.data_services.contains(*service));
    unseen.filter(shows_less).map(str::to_owned).collect()
}

/// Statements as policies that AWS takes.
fn documents(statements: &BTreeMap<(String, Vec<String>), Vec<String>>) -> Vec<String> {
    let mut pieces: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    for ((service, resources), actions) in statements {
        pieces.extend(divided(service, actions, resources));
    }
    let parts = |service: &str| pieces.iter().filter(|(own, ..)| own == service).count();
    let mut written: Vec<String> = Vec::new();
    let mut number: BTreeMap<&str, usize> = BTreeMap::new();
    for (service, actions, resources) in &pieces {
        let count = number.entry(service).or_default();
        *count += 1;
        let mut sid = sid_of(service);
        if parts(service) > 1 {
            sid.push_str(&format!("Part{count}"));
        }
        written.push(statement(&sid, actions, resources));
    }
    let mut policies: Vec<Vec<String>> = Vec::new();
    let mut size = usize::MAX;
    for statement in written {
        if size.saturating_add(statement.len() + 1) > LONGEST_POLICY {
            policies.push(Vec::new());
            size = FRAME;
        }
        size += statement.len() + 1;
        policies.last_mut().expect("one was begun").push(statement);
    }
    policies
        .iter()
        .map(|statements| canonical(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))))
        .collect()
}

/// What stands around the statements.
const FRAME: usize = r#"{"Version":"2012-10-17","Statement":[]}"#.len();

fn sid_of(service: &str) -> String {
    let mut sid = String::new();
    for word in service.split('-') {
        let mut letters = word.chars();
        sid.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        sid.extend(letters);
    }
    sid
}

fn one_or_list(values: &[String]) -> serde_json::Value {
    match values {
        [one] => json!(one),
        values => json!(values),
    }
}

fn statement(sid: &str, actions: &[String], resources: &[String]) -> String {
    let (actions, resources) = (one_or_list(actions), one_or_list(resources));
    format!(r#"{{"Sid":{},"Effect":"Allow","Action":{actions},"Resource":{resources}}}"#, json!(sid))
}

/// The canonical print of crate iam.
fn canonical(text: &str) -> String {
    Policy::parse(text).map_or_else(|_| text.to_owned(), |policy| policy.to_json())
}

/// A statement in as many as it takes for each to fit into a policy.
fn divided(service: &str, actions: &[String], resources: &[String]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let most = LONGEST_POLICY - FRAME - 1;
    let size = statement(&sid_of(service), actions, resources).len() + "Part1000".len();
    if size <= most || (actions.len() == 1 && resources.len() == 1) {
        return vec![(service.to_owned(), actions.to_vec(), resources.to_vec())];
    }
    let length = |values: &[String]| values.iter().map(String::len).sum::<usize>();
    let by_actions = resources.len() == 1 || (actions.len() > 1 && length(actions) > length(resources));
    let halves = |values: &[String]| [values[..values.len() / 2].to_vec(), values[values.len() / 2..].to_vec()];
    if by_actions {
        halves(actions).iter().flat_map(|half| divided(service, half, resources)).collect()
    } else {
        halves(resources).iter().flat_map(|half| divided(service, actions, half)).collect()
    }
}
