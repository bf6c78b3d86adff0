//! The organization as it was last recorded: units, accounts, and the policies that are attached to each.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use haechi_model::{Message, ResourceType};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::{AccountState, ItemFilter, Store};
use serde_json::Value;

use crate::error::{Result, UserError};
use crate::live::state_words;
use crate::{App, in_store};

/// In the order in which they stand under one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Root,
    Unit,
    Account,
}

impl Kind {
    const fn cell(self) -> Cell {
        match self {
            Kind::Root => Cell::Word { raw: "root", id: "tree-root" },
            Kind::Unit => Cell::Word { raw: "unit", id: "tree-unit" },
            Kind::Account => Cell::Word { raw: "account", id: "tree-account" },
        }
    }
}

/// One line of the tree.
struct Node {
    path: String,
    kind: Kind,
    id: String,
    name: String,
    state: String,
    tags: String,
}

impl App {
    /// Units, accounts and policies by path.
    pub fn organization_tree(&self) -> Result<Table> {
        let store = self.existing_store()?;
        let mut nodes = units(&store)?;
        let recorded = states(&store)?;
        for account in store.accounts(None).map_err(in_store)? {
            let Some(path) = account.ou_path else { continue };
            let tags: Vec<_> = account.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            nodes.push(Node {
                path,
                kind: Kind::Account,
                id: account.id.to_string(),
                name: account.name.unwrap_or_default(),
                // Files of AWS Config tell of accounts without their state; what Organizations said of them has it.
                state: match (account.state, recorded.get(account.id.as_str())) {
                    (AccountState::Unknown, Some(state)) => state.clone(),
                    (state, _) => state_words(state).to_owned(),
                },
                tags: tags.join(", "),
            });
        }
        nodes.sort_by(|a, b| (&a.path, a.kind, &a.id).cmp(&(&b.path, b.kind, &b.id)));
        let policies = policies(&store)?;
        let rows = nodes.into_iter().map(|node| {
            let policies = policies.get(&node.id).map(|names| names.join(", ")).unwrap_or_default();
            let [path, id, name, state, policies, tags] =
                [node.path, node.id, node.name, node.state, policies, node.tags].map(Cell::Text);
            vec![path, node.kind.cell(), id, name, state, policies, tags]
        });
        Ok(Table {
            columns: vec![
                Column::new("path", "column-ou", Fit::End),
                Column::new("kind", "column-kind", Fit::Whole),
                Column::new("id", "column-member-id", Fit::Whole),
                Column::new("name", "column-name", Fit::End),
                Column::new("state", "column-state", Fit::Whole),
                Column::new("policies", "column-policies", Fit::End),
                Column::new("tags", "column-tags", Fit::End),
            ],
            rows: rows.collect(),
            empty: Message::new("tree-nothing"),
            notes: Vec::new(),
        })
    }
}

/// The items of a type, each as JSON.
fn items(store: &Store, resource_type: &str, mut each: impl FnMut(&Value)) -> Result<()> {
    let resource_type = ResourceType::parse(resource_type).map_err(UserError::verbatim)?;
    let each = |item: haechi_model::ConfigurationItem, _| {
        each(&item.to_value());
        ControlFlow::Continue(())
    };
    store.items_of_type(&resource_type, &ItemFilter::default(), each).map_err(in_store)
}

fn units(store: &Store) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    items(store, "AWS::Organizations::Root", |item| {
        nodes.push(Node {
            path: "Root".to_owned(),
            kind: Kind::Root,
            id: text(&item["resourceId"]),
            name: text(&item["resourceName"]),
            state: String::new(),
            tags: String::new(),
        });
    })?;
    items(store, "AWS::Organizations::OrganizationalUnit", |item| {
        // The names of the units above it, where the item has them.
        let path = item["configuration"]["NamePath"].as_str().or(item["resourceName"].as_str()).unwrap_or_default();
        nodes.push(Node {
            path: path.to_owned(),
            kind: Kind::Unit,
            id: text(&item["resourceId"]),
            name: text(&item["resourceName"]),
            state: String::new(),
            tags: String::new(),
        });
    })?;
    Ok(nodes)
}

/// What the items of the organization's accounts say of their state, by account id.
fn states(store: &Store) -> Result<BTreeMap<String, String>> {
    let mut states = BTreeMap::new();
    items(store, "AWS::Organizations::Account", |item| {
        let configuration = &item["configuration"];
        let state = configuration["State"].as_str().or(configuration["Status"].as_str());
        if let (Some(id), Some(state)) = (item["resourceId"].as_str(), state) {
            states.insert(id.to_owned(), state.to_owned());
        }
    })?;
    Ok(states)
}

/// The names of the policies of each root, unit and account.
fn policies(store: &Store) -> Result<BTreeMap<String, Vec<String>>> {
    let mut attached: BTreeMap<String, Vec<String>> = BTreeMap::new();
    items(store, "AWS::Organizations::Policy", |item| {
        let name = item["resourceName"].as_str().unwrap_or_default();
        for target in item["configuration"]["TargetIds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            attached.entry(target.to_owned()).or_default().push(name.to_owned());
        }
    })?;
    Ok(attached)
}
