//! `haechi iam paths`: escalation paths through the recorded organization.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use haechi_access::World;
use haechi_access::paths::{Certainty, Path, Paths, Search, Step, Things, paths};
use haechi_content::Language;
use haechi_content::escalation::escalations;
use haechi_model::{Message, ResourceType};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::ItemFilter;
use serde_json::{Value, json};

use super::words;
use super::world::cautions;
use crate::error::{Result, UserError};
use crate::moment::moment;
use crate::{App, in_store};

/// The most steps that may be asked for.
const MOST_STEPS: usize = 32;

/// Which paths.
#[derive(Debug, Clone, Default)]
pub struct PathsRequest {
    pub from: Option<String>,
    /// An ARN, or `admin`.
    pub to: String,
    pub accounts: Vec<String>,
    pub max_steps: usize,
    pub as_of: Option<String>,
}

/// The paths, for people by their steps and for machines one a record.
#[derive(Debug, Clone)]
pub struct EscalationPaths {
    pub steps: Table,
    pub paths: Table,
    /// How many there are.
    pub found: usize,
    pub cautions: Vec<Message>,
}

impl App {
    /// Who comes to an administrator's rights, or to somebody's, by which steps.
    ///
    /// # Errors
    /// A word names nobody; there is no record.
    pub fn escalation_paths(&self, request: &PathsRequest) -> Result<EscalationPaths> {
        if !(1..=MOST_STEPS).contains(&request.max_steps) {
            return Err(UserError::said("paths-max-steps").arg("most", MOST_STEPS));
        }
        let (catalogue, problems) = escalations();
        if let Some(problem) = problems.first() {
            return Err(UserError::verbatim(problem));
        }
        let world = self.world(request.as_of.as_deref())?;
        let mut things = Things::of(&catalogue);
        self.fill_things(&mut things, request.as_of.as_deref())?;
        let search = search(request, &world, &things)?;
        let found = paths(&world, &things, &catalogue, &search);
        let mut cautions = cautions(&world);
        if found.unknown > 0 {
            cautions.push(Message::new("paths-unknown").with("count", found.unknown));
        }
        Ok(EscalationPaths {
            steps: steps_table(&found, search.to.is_some(), self.language()),
            paths: paths_table(&found, &world),
            found: found.paths.len(),
            cautions,
        })
    }

    fn fill_things(&self, things: &mut Things, as_of: Option<&str>) -> Result<()> {
        let store = self.existing_store()?;
        let at = as_of.map(|text| moment("as-of", text, self.now())).transpose()?;
        let filter = ItemFilter { as_of: at, ..ItemFilter::default() };
        let types: Vec<String> = things.types().map(str::to_owned).collect();
        for name in types {
            let resource_type = ResourceType::parse(&name).map_err(UserError::verbatim)?;
            let each = |item, _| {
                things.add(&item);
                ControlFlow::Continue(())
            };
            store.items_of_type(&resource_type, &filter, each).map_err(in_store)?;
        }
        Ok(())
    }
}

fn search(request: &PathsRequest, world: &World, things: &Things) -> Result<Search> {
    let nobody = |word: &str| UserError::said("paths-nobody").arg("name", word).help("advice-resources-list");
    if let Some(from) = request.from.as_deref().filter(|from| from.starts_with("arn:"))
        && world.principal(from).is_none()
        && from.split(':').nth(4).is_some_and(|account| world.knows_account(account))
        && !from.contains(":oidc-provider/")
    {
        return Err(nobody(from));
    }
    let to = (request.to != "admin").then(|| request.to.clone());
    if let Some(to) = &to {
        let is_root = to.ends_with(":root") && to.split(':').nth(4).is_some_and(|account| world.knows_account(account));
        if world.principal(to).is_none() && world.resource(to).is_none() && !things.has(to) && !is_root {
            return Err(nobody(to));
        }
    }
    if let Some(account) = request.accounts.iter().find(|account| !world.knows_account(account)) {
        return Err(nobody(account));
    }
    Ok(Search { from: request.from.clone(), to, accounts: request.accounts.clone(), max_steps: request.max_steps })
}

fn steps_table(found: &Paths, to_somebody: bool, language: Language) -> Table {
    let mut rows = Vec::new();
    for (place, path) in found.paths.iter().enumerate() {
        for (number, step) in path.steps.iter().enumerate() {
            let because = step.evidence.iter().flat_map(|one| &one.because).chain(&step.trust);
            let mut statements: Vec<String> = because.map(words::statement).collect();
            statements.dedup();
            rows.push(vec![
                Cell::Text(format!("{}.{}", place + 1, number + 1)),
                Cell::Text(short(&step.from)),
                Cell::Words(step.title.clone()),
                Cell::Text(step.id.clone()),
                Cell::Text(short(&step.to)),
                certainty(step.certainty),
                Cell::List(statements),
                Cell::Text(cut(step)),
                Cell::List(step.keys.clone()),
            ]);
        }
    }
    let maybe = found.paths.iter().filter(|path| path.certainty == Certainty::Maybe).count();
    let counts = Message::new("paths-counts")
        .with("paths", found.paths.len())
        .with("maybe", maybe)
        .with("admins", found.admins)
        .with("asked", found.searched);
    let empty = if to_somebody { "paths-none-to" } else { "paths-none" };
    Table {
        columns: vec![
            Column::new("step", "paths-column-step", Fit::Whole),
            Column::new("from", "paths-column-from", Fit::End),
            Column::new("how", "paths-column-how", Fit::End),
            Column::new("id", "paths-column-id", Fit::Whole),
            Column::new("to", "paths-column-to", Fit::End),
            Column::new("certainty", "paths-column-certainty", Fit::Whole),
            Column::new("statements", "access-column-statements", Fit::Spare),
            Column::new("cut", "paths-column-cut", Fit::End),
            Column::new("dependsOn", "access-column-depends", Fit::Spare),
        ],
        rows,
        empty: Message::new(empty).with("asked", found.searched).with("admins", found.admins),
        notes: if found.paths.is_empty() {
            Vec::new()
        } else {
            std::iter::once(counts).chain(fixes(found, language)).collect()
        },
    }
}

/// What cuts the steps, each kind of step once.
fn fixes(found: &Paths, language: Language) -> Vec<Message> {
    let mut kinds: BTreeMap<&str, &Step> = BTreeMap::new();
    for step in found.paths.iter().flat_map(|path| &path.steps) {
        let known = kinds.entry(&step.id).or_insert(step);
        if known.supposes.is_none() && step.supposes.is_some() {
            *known = step;
        }
    }
    let mut notes = Vec::new();
    for (id, step) in kinds {
        notes.push(Message::new("paths-fix").with("id", id).with("says", step.fix.get(language)));
        if let Some(supposes) = &step.supposes {
            notes.push(Message::new("paths-supposes").with("id", id).with("says", supposes.get(language)));
        }
    }
    notes
}

fn paths_table(found: &Paths, world: &World) -> Table {
    let row = |path: &Path| {
        let name = world.account(&path.account).map(|account| account.name.to_string()).unwrap_or_default();
        vec![
            Cell::Text(path.from.clone()),
            Cell::Text(path.account.clone()),
            Cell::Text(name),
            Cell::Text(path.to.clone()),
            Cell::Number(i64::try_from(path.steps.len()).unwrap_or(i64::MAX)),
            certainty(path.certainty),
            Cell::Json(json!(path.outside)),
            Cell::List(path.steps.iter().map(|step| step.id.clone()).collect()),
            Cell::Json(path.steps.iter().map(record).collect()),
        ]
    };
    let named = |key: &str| Column::named(key.to_owned(), Fit::Middle);
    let keys = ["from", "account", "accountName", "to", "length", "certainty", "outside", "ids", "steps"];
    Table {
        columns: keys.into_iter().map(named).collect(),
        rows: found.paths.iter().map(row).collect(),
        empty: Message::new("paths-none").with("asked", found.searched).with("admins", found.admins),
        notes: Vec::new(),
    }
}

/// A step for machines, which read English.
fn record(step: &Step) -> Value {
    let mut record = json!(step);
    record["title"] = json!(step.title.en);
    record["fix"] = json!(step.fix.en);
    if let Some(supposes) = &step.supposes {
        record["supposes"] = json!(supposes.en);
    }
    record
}

fn certainty(certainty: Certainty) -> Cell {
    let id = match certainty {
        Certainty::Certain => "paths-certain",
        Certainty::Maybe => "paths-maybe",
    };
    Cell::Word { raw: certainty.name(), id }
}

/// The permission to take away, and from which statements.
fn cut(step: &Step) -> String {
    let place = |policy: &str, sid: Option<&str>, line: usize| {
        let policy = policy.rsplit('/').next().unwrap_or(policy);
        sid.map_or_else(|| format!("{policy}:{line}"), |sid| format!("{policy}, {sid}"))
    };
    let first = step.cut.policy.as_deref().zip(step.cut.line);
    let first = first.map(|(policy, line)| place(policy, step.cut.sid.as_deref(), line));
    let besides = step.cut.besides.iter().map(|one| place(&one.policy, one.sid.as_deref(), one.line));
    let places: Vec<String> = first.into_iter().chain(besides).collect();
    if places.is_empty() { step.cut.action.clone() } else { format!("{} ({})", step.cut.action, places.join("; ")) }
}

/// A principal as people call it, the name first, which is what stays where the column is narrow:
/// `app (111122223333)`.
fn short(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam" | "sts", _, account, name] => {
            let name = if name.starts_with("oidc-provider/") { name } else { name.rsplit('/').next().unwrap_or(name) };
            format!("{name} ({account})")
        }
        _ => arn.to_owned(),
    }
}
