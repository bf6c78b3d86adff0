//! `haechi iam external`: who outside the zone of trust reaches what.

use std::ops::ControlFlow;

use haechi_access::ConditionText;
use haechi_access::external::{
    Certainty, Doubt, EXTERNAL_KINDS, Opening, OutsiderKind, Question, Shares, Source, Trusted, external, external_kind,
};
use haechi_model::{Message, ResourceType};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::ItemFilter;
use serde_json::{Map, Value, json};

use super::world::cautions;
use crate::error::{Result, UserError};
use crate::moment::moment;
use crate::{App, in_store};

/// What to look at, and whom to trust.
#[derive(Debug, Clone, Default)]
pub struct ExternalRequest {
    /// Accounts whose resources are looked at; empty: all.
    pub accounts: Vec<String>,
    /// Kinds of resources; empty: all.
    pub types: Vec<String>,
    /// Accounts and organizations that are trusted; empty: the resource's own organization, or account.
    pub zone: Vec<String>,
    pub as_of: Option<String>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct ExternalAnswers {
    pub table: Table,
    pub cautions: Vec<Message>,
    /// How many openings there are.
    pub open: usize,
}

impl App {
    /// Everybody outside who reaches a recorded resource.
    ///
    /// # Errors
    /// A word is no account, organization or kind of resources; there is no record.
    pub fn external_access(&self, request: &ExternalRequest) -> Result<ExternalAnswers> {
        for word in &request.zone {
            let is_account = word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
            if !is_account && !word.starts_with("o-") {
                return Err(UserError::said("external-zone").arg("word", word).help("advice-external-zone"));
            }
        }
        let kinds: Vec<_> = request
            .types
            .iter()
            .map(|word| {
                let names = || EXTERNAL_KINDS.map(|kind| kind.name).join(", ");
                let unknown = || UserError::said("external-type").arg("word", word).arg("names", names());
                external_kind(word).ok_or_else(unknown)
            })
            .collect::<Result<_>>()?;
        let store = self.existing_store()?;
        let at = request.as_of.as_deref().map(|text| moment("as-of", text, self.now())).transpose()?;
        let world = self.world_of(&store, at)?;
        let mut shares = Shares::default();
        let filter = ItemFilter { as_of: at, ..ItemFilter::default() };
        for name in Shares::types() {
            let resource_type = ResourceType::parse(name).map_err(UserError::verbatim)?;
            let each = |item, _| {
                shares.add(&item);
                ControlFlow::Continue(())
            };
            store.items_of_type(&resource_type, &filter, each).map_err(in_store)?;
        }
        let trusted = Trusted { names: request.zone.clone() };
        let now = at.unwrap_or_else(|| self.now()).to_string();
        let question = Question { trusted: &trusted, accounts: &request.accounts, kinds: &kinds, now: Some(&now) };
        let found = external(&world, &shares, &self.iam_catalogue()?, &question);
        let looked_at: usize = found.looked.iter().map(|(_, count)| count).sum();
        let public = found.openings.iter().filter(|opening| opening.public).count();
        let unknown = found.openings.iter().filter(|opening| opening.certainty != Certainty::Open).count();
        let notes = vec![
            Message::new("external-counts")
                .with("open", found.openings.len())
                .with("public", public)
                .with("unknown", unknown)
                .with("looked", looked_at),
        ];
        let table = opening_table(&found.openings, Message::new("external-none").with("looked", looked_at), notes);
        Ok(ExternalAnswers { table, cautions: cautions(&world), open: found.openings.len() })
    }
}

/// Openings as rows.
pub(super) fn opening_table(openings: &[Opening], empty: Message, notes: Vec<Message>) -> Table {
    Table { columns: columns(), rows: openings.iter().map(row).collect(), empty, notes }
}

fn columns() -> Vec<Column> {
    let machine = |key: &str| Column::named(key.to_owned(), Fit::Machine);
    vec![
        Column::new("answer", "external-column-answer", Fit::Whole),
        Column::new("visibility", "external-column-public", Fit::Whole),
        machine("isPublic"),
        Column::new("resourceType", "external-column-type", Fit::Spare),
        machine("resource"),
        Column::new("name", "access-column-resource", Fit::Middle),
        Column::new("resourceOwnerAccount", "column-account", Fit::Spare),
        machine("region"),
        Column::new("outsiderKind", "external-column-who", Fit::Whole),
        machine("outsider"),
        Column::new("outsiderName", "external-column-outsider", Fit::Middle),
        machine("principal"),
        machine("action"),
        Column::new("accessLevels", "access-column-level", Fit::End),
        Column::new("narrowedBy", "external-column-narrowed", Fit::Spare),
        machine("condition"),
        Column::new("statement", "access-column-statements", Fit::Spare),
        machine("sources"),
        Column::new("doubt", "external-column-doubt", Fit::Spare),
        Column::new("example", "external-column-example", Fit::Spare),
    ]
}

fn row(opening: &Opening) -> Vec<Cell> {
    let yes = |raw, id| Cell::Word { raw, id };
    let keys: Vec<String> = opening.conditions.iter().map(|condition| condition.key.clone()).collect();
    vec![
        match opening.certainty {
            Certainty::Open => yes("open", "external-open"),
            Certainty::Unknown(_) => yes("unknown", "external-unknown"),
        },
        if opening.public { yes("public", "external-public") } else { yes("restricted", "external-narrow") },
        Cell::Json(json!(opening.public)),
        opening.resource_type.into(),
        Cell::Text(opening.resource.clone()),
        Cell::Text(last_part(&opening.resource).to_owned()),
        Cell::Text(opening.account.clone()),
        Cell::Text(opening.region.clone()),
        who(opening.kind),
        Cell::Text(opening.outsider.clone()),
        Cell::Text(without_form(&opening.outsider)),
        Cell::Json(principal(opening)),
        Cell::List(opening.actions.iter().cloned().collect()),
        Cell::List(opening.levels.iter().map(|level| level.as_str().to_owned()).collect()),
        Cell::List(keys),
        Cell::Json(conditions(&opening.conditions)),
        Cell::Text(source_text(&opening.source)),
        Cell::Json(source(&opening.source)),
        match &opening.certainty {
            Certainty::Open => Cell::Empty,
            Certainty::Unknown(doubt) => Cell::Message(doubtful(doubt)),
        },
        opening.example.as_ref().map_or(Cell::Empty, |example| Cell::Json(json!(example))),
    ]
}

/// What an ARN names, without the word for its kind.
fn last_part(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    if resource.starts_with("role/") {
        return resource.rsplit('/').next().unwrap_or(resource);
    }
    let name = resource.split_once([':', '/']).map_or(resource, |(_, name)| name);
    if name.is_empty() { arn } else { name }
}

/// An ARN without what all of its kind have in common: the account and what it names there.
fn without_form(outsider: &str) -> String {
    let parts: Vec<&str> = outsider.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, _, _, account, resource] if !account.is_empty() => format!("{account}:{resource}"),
        _ => outsider.to_owned(),
    }
}

pub(super) fn who(kind: OutsiderKind) -> Cell {
    let id = match kind {
        OutsiderKind::Everyone => "access-everyone",
        OutsiderKind::EveryAccount => "access-every-account",
        OutsiderKind::Account => "external-account",
        OutsiderKind::Principal => "external-principal",
        OutsiderKind::Federated => "access-federated",
        OutsiderKind::CanonicalUser => "external-canonical",
        OutsiderKind::Organization => "external-organization",
        OutsiderKind::Unknown => "external-somebody",
    };
    Cell::Word { raw: kind.name(), id }
}

/// As findings of Access Analyzer have it.
fn principal(opening: &Opening) -> Value {
    let kind = match opening.kind {
        OutsiderKind::Federated => "Federated",
        OutsiderKind::CanonicalUser => "CanonicalUser",
        OutsiderKind::Unknown => return Value::Null,
        _ => "AWS",
    };
    json!({kind: opening.outsider})
}

fn conditions(conditions: &[ConditionText]) -> Value {
    let mut all = Map::new();
    for condition in conditions {
        all.insert(condition.key.clone(), json!({"operator": condition.operator, "values": condition.values}));
    }
    Value::Object(all)
}

/// What opens it, in a line: the policy, the Sid or the statement's number, the line.
fn source_text(source: &Source) -> String {
    match source {
        Source::Statement { policy, index, sid, line } => {
            let statement = sid.clone().unwrap_or_else(|| format!("#{}", index + 1));
            format!("{policy} {statement}:{line}")
        }
        Source::Grant { id } => format!("KMS grant {id}"),
        Source::Share { kind, detail } => format!("{kind} {detail}"),
        Source::Unrecorded => String::new(),
    }
}

fn source(source: &Source) -> Value {
    match source {
        Source::Statement { policy, index, sid, line } => {
            json!([{"type": "POLICY", "policy": policy, "statement": index, "sid": sid, "line": line}])
        }
        Source::Grant { id } => json!([{"type": "KMS_GRANT", "detail": id}]),
        Source::Share { kind, detail } => json!([{"type": kind, "detail": detail}]),
        Source::Unrecorded => json!([]),
    }
}

fn doubtful(doubt: &Doubt) -> Message {
    match doubt {
        Doubt::TooMany => Message::new("external-too-many"),
        Doubt::Variables(names) => Message::new("external-variables").with("names", names.join(", ")),
        Doubt::Bucket(bucket) => Message::new("external-bucket").with("bucket", bucket.as_str()),
        Doubt::Unrecorded(what) => Message::new("external-unrecorded").with("what", what.as_str()),
    }
}
