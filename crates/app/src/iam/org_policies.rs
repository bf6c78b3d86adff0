//! `haechi org policies`: the tree with its policies, what an account is left with, and mistakes.

use haechi_access::org_policies::{
    MistakeKind, NodePolicies, OrgReview, PolicyName, Strategy, TagFault, Weight, effective_tags, regions_of,
};
use haechi_access::{NodeKind, Organization, World};
use haechi_iam::Tri;
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use super::world::cautions;
use crate::App;
use crate::error::{Result, UserError};

/// The policies of an organization.
pub struct OrgPolicies {
    /// Tables with their headings, for people.
    pub page: Vec<(Message, Table)>,
    pub json: Value,
    /// Mistakes that break accounts, or do nothing at all.
    pub errors: usize,
    pub cautions: Vec<Message>,
}

impl App {
    /// # Errors
    /// No organization is recorded, or it has no such root, unit or account.
    pub fn org_policies(&self, under: Option<&str>, as_of: Option<&str>) -> Result<OrgPolicies> {
        let world = self.world(as_of)?;
        let organization = match world.organizations() {
            [] => return Err(UserError::said("whatif-no-organization").help("advice-record-org")),
            [only] => only,
            several => return Err(UserError::said("whatif-several").arg("count", several.len())),
        };
        let node = under
            .map(|word| {
                let unknown = || UserError::said("whatif-unknown-target").arg("name", word).help("advice-whatif-tree");
                organization.find(word).ok_or_else(unknown)
            })
            .transpose()?;
        let review = OrgReview::of(organization, node);
        let mut page = vec![
            (Message::new("org-policies-tree"), tree_table(&review)),
            (Message::new("org-policies-mistakes"), mistakes_table(organization, &review)),
        ];
        let account = node.filter(|node| node.kind == NodeKind::Account).map(|node| &*node.id);
        if let Some(account) = account {
            page.insert(1, (Message::new("org-policies-levels"), levels_table(&world, organization, account)));
            let regions = regions_table(&world, account);
            if !regions.rows.is_empty() {
                page.push((Message::new("org-policies-regions"), regions));
            }
        }
        Ok(OrgPolicies {
            json: json(&world, organization, &review, account),
            errors: review.mistakes.iter().filter(|mistake| mistake.weight() == Weight::Error).count(),
            page,
            cautions: cautions(&world),
        })
    }
}

fn strategy_cell(strategy: Strategy) -> Cell {
    let id = match strategy {
        Strategy::BlockList => "org-policies-block-list",
        Strategy::AllowList => "org-policies-allow-list",
        Strategy::Unknown => "org-policies-unknown",
        Strategy::Nothing => "org-policies-nothing",
        Strategy::NotBound => "org-policies-not-bound",
        Strategy::Off => "org-policies-off",
    };
    Cell::Word { raw: strategy.name(), id }
}

fn kind_cell(kind: NodeKind) -> Cell {
    match kind {
        NodeKind::Root => Cell::Word { raw: "root", id: "tree-root" },
        NodeKind::Unit => Cell::Word { raw: "unit", id: "tree-unit" },
        NodeKind::Account => Cell::Word { raw: "account", id: "tree-account" },
    }
}

fn names(policies: &[PolicyName]) -> Cell {
    Cell::List(policies.iter().map(|policy| policy.name.to_string()).collect())
}

fn tree_table(review: &OrgReview) -> Table {
    let row = |node: &NodePolicies| {
        let others = node.others.iter().map(|(_, policy)| policy.name.to_string()).collect();
        vec![
            Cell::Text(format!("{}{}", "  ".repeat(node.depth), node.name)),
            kind_cell(node.kind),
            Cell::Text(node.id.to_string()),
            names(&node.scps),
            names(&node.inherited_scps),
            names(&node.rcps),
            names(&node.inherited_rcps),
            Cell::List(others),
            strategy_cell(node.strategy),
            strategy_cell(node.effective),
        ]
    };
    Table {
        columns: vec![
            Column::new("name", "column-name", Fit::Middle),
            Column::new("kind", "column-kind", Fit::Spare),
            Column::new("id", "column-member-id", Fit::Whole),
            Column::new("scps", "column-org-scps", Fit::Middle),
            Column::new("inheritedScps", "column-org-scps-inherited", Fit::Middle),
            Column::new("rcps", "column-org-rcps", Fit::Spare),
            Column::new("inheritedRcps", "column-org-rcps-inherited", Fit::Machine),
            Column::new("otherPolicies", "column-org-others", Fit::Spare),
            Column::new("strategy", "column-org-strategy", Fit::Whole),
            Column::new("effective", "column-org-effective", Fit::Whole),
        ],
        rows: review.nodes.iter().map(row).collect(),
        empty: Message::new("tree-nothing"),
        notes: Vec::new(),
    }
}

fn levels_table(world: &World, organization: &Organization, account: &str) -> Table {
    let scps = world.scps_of(account);
    let rows = scps.iter().map(|level| {
        let name = organization.node(&level.target).map(|node| node.name.to_string()).unwrap_or_default();
        let policies = level.policies.iter().map(|policy| policy.name().to_owned()).collect();
        let statements = level.policies.iter().map(|policy| policy.policy().statements().len()).sum::<usize>();
        let rcps = world.rcps_of(account).iter().find(|own| own.target == level.target);
        let rcps = rcps.map(|own| own.policies.iter().map(|policy| policy.name().to_owned()).collect());
        vec![
            Cell::Text(name),
            Cell::Text(level.target.to_string()),
            Cell::List(policies),
            Cell::Number(i64::try_from(statements).unwrap_or(i64::MAX)),
            Cell::List(rcps.unwrap_or_default()),
        ]
    });
    Table {
        columns: vec![
            Column::new("name", "column-name", Fit::Middle),
            Column::new("target", "column-member-id", Fit::Whole),
            Column::new("scps", "column-org-scps", Fit::Middle),
            Column::new("statements", "column-org-statements", Fit::Number),
            Column::new("rcps", "column-org-rcps", Fit::Middle),
        ],
        rows: rows.collect(),
        empty: Message::new("org-policies-no-levels"),
        notes: Vec::new(),
    }
}

fn passes_cell(passes: Tri) -> Cell {
    match passes {
        Tri::Yes => Cell::Word { raw: "yes", id: "access-yes" },
        Tri::Maybe => Cell::Word { raw: "conditional", id: "access-conditional" },
        Tri::No => Cell::Word { raw: "no", id: "access-no" },
    }
}

fn regions_table(world: &World, account: &str) -> Table {
    let rows = regions_of(world, account);
    Table {
        columns: vec![
            Column::new("region", "column-region", Fit::Whole),
            Column::new("passes", "column-org-passes", Fit::Whole),
        ],
        rows: rows
            .into_iter()
            .map(|limit| vec![Cell::Text(limit.region.to_string()), passes_cell(limit.passes)])
            .collect(),
        empty: Message::new("org-policies-no-levels"),
        notes: Vec::new(),
    }
}

fn mistakes_table(organization: &Organization, review: &OrgReview) -> Table {
    let name_of = |id: &str| organization.node(id).map(|node| node.name.to_string()).unwrap_or_default();
    let rows = review.mistakes.iter().map(|mistake| {
        let weight = match mistake.weight() {
            Weight::Error => Cell::Word { raw: "error", id: "org-weight-error" },
            Weight::Warning => Cell::Word { raw: "warning", id: "org-weight-warning" },
            Weight::Note => Cell::Word { raw: "note", id: "org-weight-note" },
        };
        let place = match (&mistake.target, &mistake.policy) {
            (Some(target), _) => format!("{} {target}", name_of(target)).trim().to_owned(),
            (None, Some(policy)) => policy.to_string(),
            (None, None) => String::new(),
        };
        let policy = mistake.policy.as_deref().and_then(|id| organization.policy(id));
        vec![
            weight,
            Cell::Text(place),
            Cell::Text(policy.map(|policy| policy.name.to_string()).unwrap_or_default()),
            Cell::Message(said(&mistake.kind)),
        ]
    });
    Table {
        columns: vec![
            Column::new("weight", "column-org-weight", Fit::Whole),
            Column::new("place", "column-org-place", Fit::Middle),
            Column::new("policy", "column-org-policy", Fit::Middle),
            Column::new("mistake", "column-org-mistake", Fit::Wrap),
        ],
        rows: rows.collect(),
        empty: Message::new("org-policies-no-mistakes"),
        notes: Vec::new(),
    }
}

fn list(words: &[Box<str>]) -> String {
    words.join(", ")
}

fn said(kind: &MistakeKind) -> Message {
    match kind {
        MistakeKind::NothingAllowed { accounts } => Message::new("org-nothing-allowed").with("accounts", *accounts),
        MistakeKind::AllowListLacks { services } => {
            Message::new("org-allow-list-lacks").with("services", list(services))
        }
        MistakeKind::RegionForgetsGlobal { line, services } => {
            Message::new("org-region-forgets-global").with("line", *line).with("services", list(services))
        }
        MistakeKind::ManagementAccount => Message::new("org-management-account"),
        MistakeKind::TooLarge { characters, limit } => {
            Message::new("org-too-large").with("characters", *characters).with("limit", *limit)
        }
        MistakeKind::TooMany { policy_type, count, limit } => {
            Message::new("org-too-many").with("type", &**policy_type).with("count", *count).with("limit", *limit)
        }
        MistakeKind::ExemptByName { line, patterns } => {
            Message::new("org-exempt-by-name").with("line", *line).with("patterns", list(patterns))
        }
        MistakeKind::ExemptInEveryAccount { line, patterns } => {
            Message::new("org-exempt-everywhere").with("line", *line).with("patterns", list(patterns))
        }
        MistakeKind::Fault { line, what } => Message::new("org-fault").with("line", *line).with("what", &**what),
        MistakeKind::Repeated { above } => Message::new("org-repeated").with("above", &**above),
        MistakeKind::Unattached => Message::new("org-unattached"),
        MistakeKind::NotRecorded => Message::new("org-not-recorded"),
        MistakeKind::Off { policy_type } => Message::new("org-off").with("type", &**policy_type),
        MistakeKind::TagPolicy { fault } => tag_fault(fault),
        MistakeKind::AccountTag { key, value, allowed } => {
            Message::new("org-account-tag").with("key", &**key).with("value", &**value).with("allowed", list(allowed))
        }
    }
}

fn tag_fault(fault: &TagFault) -> Message {
    match fault {
        TagFault::NotJson { why } => Message::new("org-tag-not-json").with("why", &**why),
        TagFault::NoTags => Message::new("org-tag-no-tags"),
        TagFault::UnknownMember { path } => Message::new("org-tag-unknown-member").with("path", &**path),
        TagFault::NoOperator { path } => Message::new("org-tag-no-operator").with("path", &**path),
        TagFault::OtherKey { path, key } => Message::new("org-tag-other-key").with("path", &**path).with("key", &**key),
        TagFault::Twice { key } => Message::new("org-tag-twice").with("key", &**key),
    }
}

/// One document for machines: docs/org-whatif.md describes it.
fn json(world: &World, organization: &Organization, review: &OrgReview, account: Option<&str>) -> Value {
    let node = |node: &NodePolicies| {
        let others: Vec<Value> = node
            .others
            .iter()
            .map(|(kind, policy)| json!({"type": kind, "id": policy.id, "name": policy.name}))
            .collect();
        json!({
            "id": node.id, "name": node.name, "kind": node.kind, "path": node.path, "depth": node.depth,
            "scps": node.scps, "inheritedScps": node.inherited_scps,
            "rcps": node.rcps, "inheritedRcps": node.inherited_rcps, "otherPolicies": others,
            "strategy": node.strategy.name(), "effective": node.effective.name(),
        })
    };
    let mistakes: Vec<Value> = review
        .mistakes
        .iter()
        .map(|mistake| {
            let mut value = serde_json::to_value(mistake).unwrap_or(Value::Null);
            value["weight"] = json!(mistake.weight());
            value
        })
        .collect();
    let levels = |levels: &[haechi_iam::Level]| -> Vec<Value> {
        let policies = |level: &haechi_iam::Level| {
            let names = level.policies.iter().map(|policy| policy.name().to_owned());
            names.collect::<Vec<String>>()
        };
        levels.iter().map(|level| json!({"target": level.target, "policies": policies(level)})).collect()
    };
    let account = account.map(|id| {
        let regions: Vec<Value> = regions_of(world, id)
            .into_iter()
            .map(|limit| json!({"region": limit.region, "passes": limit.passes}))
            .collect();
        json!({
            "id": id,
            "scps": levels(world.scps_of(id)),
            "rcps": levels(world.rcps_of(id)),
            "regions": regions,
            "tagPolicy": effective_tags(organization, id),
        })
    });
    json!({
        "schema": "haechi.org-policies/1",
        "organization": organization.id(),
        "managementAccount": organization.management_account(),
        "nodes": review.nodes.iter().map(node).collect::<Vec<_>>(),
        "account": account,
        "mistakes": mistakes,
    })
}
