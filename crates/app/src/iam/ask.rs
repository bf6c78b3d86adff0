//! Questions to the whole recorded organization: `haechi iam who-can` and `haechi iam what-can`.

use std::collections::BTreeSet;

use haechi_access::{Answer, Explanation, Holder, World, what_can, who_can};
use haechi_iam::{Action, Catalogue, Context};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::json;

use super::request::{AccessScope, action, subject};
use super::words;
use super::world::{cautions, left_out};
use crate::App;
use crate::error::{Result, UserError};

/// Who can do an action with a resource.
#[derive(Debug, Clone)]
pub struct WhoCanRequest {
    pub action: String,
    pub resource: String,
    pub scope: AccessScope,
}

/// What a principal can do.
#[derive(Debug, Clone)]
pub struct WhatCanRequest {
    pub principal: String,
    /// Prefixes of services; empty: all.
    pub services: Vec<String>,
    /// None: whatever the policies name.
    pub resource: Option<String>,
    pub scope: AccessScope,
}

/// Answers in rows, and what the record lacks.
#[derive(Debug, Clone)]
pub struct AccessAnswers {
    pub table: Table,
    pub cautions: Vec<Message>,
}

impl App {
    /// Everybody who can, or may.
    ///
    /// # Errors
    /// A word is no action or ARN; there is no record.
    pub fn who_can(&self, request: &WhoCanRequest) -> Result<AccessAnswers> {
        let catalogue = self.iam_catalogue()?;
        let asked = action(&catalogue, &request.action)?;
        let context = request.scope.fill(self, &catalogue, Context::open())?;
        let world = self.world(request.scope.as_of.as_deref())?;
        let target = request.scope.target(&world, &request.resource)?;
        let found = who_can(&world, &asked, &target, &context, request.scope.guardrails());
        let rows = found.rows.iter().map(|row| {
            let account = world.account(&row.holder.account);
            let name = account.map(|account| account.name.to_string()).unwrap_or_default();
            let mut cells = vec![
                words::answer(row.explanation.answer),
                words::holder(row.holder.kind),
                Cell::Text(row.holder.name.clone()),
                Cell::Text(short_name(&row.holder).to_owned()),
                Cell::Text(row.holder.account.clone()),
                Cell::Text(name),
            ];
            cells.extend(explained(&row.explanation));
            cells
        });
        let mut columns = vec![
            Column::new("answer", "access-column-answer", Fit::Whole),
            Column::new("kind", "column-kind", Fit::Whole),
            Column::named("principal".to_owned(), Fit::Machine),
            Column::new("name", "access-column-principal", Fit::Middle),
            Column::new("account", "column-account", Fit::Whole),
            Column::new("accountName", "access-column-account-name", Fit::Spare),
        ];
        columns.extend(explaining());
        let policy = found.left_to_policy.map(|left| {
            Message::new("access-resource-unrecorded").with("resource", &*request.resource).with("left", left)
        });
        let counts = counted(Message::new("access-who-counts"), found.asked, |answer| found.count(answer));
        Ok(AccessAnswers {
            table: Table {
                columns,
                rows: rows.collect(),
                empty: Message::new("access-nobody").with("asked", found.asked),
                notes: vec![counts],
            },
            cautions: cautions(&world).into_iter().chain(left_out(&target)).chain(policy).collect(),
        })
    }

    /// Everything that a principal can do, or may.
    ///
    /// # Errors
    /// A word is no principal, service or ARN; there is no record.
    pub fn what_can(&self, request: &WhatCanRequest) -> Result<AccessAnswers> {
        let catalogue = self.iam_catalogue()?;
        let context = request.scope.fill(self, &catalogue, Context::open())?;
        let world = self.world(request.scope.as_of.as_deref())?;
        let subject = subject(&world, &request.principal)?;
        let target = request.resource.as_deref().map(|word| request.scope.target(&world, word)).transpose()?;
        let actions = actions(&catalogue, &world, request)?;
        let found = what_can(&world, &subject, &actions, target.as_ref(), &context, request.scope.guardrails());
        let rows = found.rows.iter().map(|row| {
            let level = catalogue.action(&row.action).map(|known| known.level().as_str());
            let mut cells = vec![
                words::answer(row.explanation.answer),
                Cell::Text(row.action.clone()),
                level.into(),
                row.resource.as_deref().into(),
                Cell::List(granted_on(&row.explanation)),
            ];
            cells.extend(explained(&row.explanation));
            cells
        });
        let mut columns = vec![
            Column::new("answer", "access-column-answer", Fit::Whole),
            Column::new("action", "access-column-action", Fit::Whole),
            Column::new("level", "access-column-level", Fit::Spare),
            Column::new("resource", "access-column-resource", Fit::Middle),
            Column::new("granted", "access-column-granted", Fit::End),
        ];
        columns.extend(explaining());
        let counts = counted(Message::new("access-what-counts"), found.asked, |answer| found.count(answer));
        Ok(AccessAnswers {
            table: Table {
                columns,
                rows: rows.collect(),
                empty: Message::new("access-nothing-granted").with("asked", found.asked),
                notes: vec![counts],
            },
            cautions: cautions(&world),
        })
    }
}

/// The actions to ask about: of the services, or of the resource's, or all. Those that only policies name are asked
/// too: the table may be older than they are.
fn actions(catalogue: &Catalogue, world: &World, request: &WhatCanRequest) -> Result<Vec<Action>> {
    let mut services: BTreeSet<String> = request.services.iter().map(|service| service.to_lowercase()).collect();
    if services.is_empty()
        && let Some(service) = request.resource.as_deref().and_then(|arn| arn.split(':').nth(2))
    {
        // Two services name their resources by another prefix than their actions.
        services.extend(match service {
            "execute-api" | "apigateway" => ["execute-api".to_owned(), "apigateway".to_owned()].to_vec(),
            "iam" => ["iam".to_owned(), "sts".to_owned()].to_vec(),
            service => [service.to_owned()].to_vec(),
        });
    }
    let wanted = |service: &str| services.is_empty() || services.contains(service);
    let mut actions: Vec<Action> = Vec::new();
    for service in catalogue.services().filter(|service| wanted(service.prefix())) {
        actions.extend(service.actions().filter_map(|action| action.to_action()));
    }
    let mut known: BTreeSet<String> = actions.iter().map(|action| action.text().to_lowercase()).collect();
    let policies = world.principals().iter().flat_map(|principal| principal.identity().iter());
    for name in policies.flat_map(|policy| policy.policy().statements()).flat_map(|statement| statement.actions()) {
        if let Ok(action) = Action::parse(name)
            && wanted(action.service())
            && known.insert(name.to_lowercase())
        {
            actions.push(action);
        }
    }
    if actions.is_empty() {
        return Err(UserError::said("access-no-service").arg("names", request.services.join(", ")));
    }
    Ok(actions)
}

/// The resources that the granting statements name.
fn granted_on(explanation: &Explanation) -> Vec<String> {
    let allows = explanation.because.iter().filter(|reason| reason.effect == "Allow");
    let mut resources: Vec<String> = allows.flat_map(|reason| reason.resources.iter().cloned()).collect();
    resources.sort();
    resources.dedup();
    resources
}

/// A holder's name beside its account: of an ARN the last part, without the word for its kind.
fn short_name(holder: &Holder) -> &str {
    if holder.account.is_empty() || !holder.name.starts_with("arn:") {
        return &holder.name;
    }
    let name = holder.name.rsplit(':').next().unwrap_or_default();
    name.split_once('/').map_or(name, |(_, name)| name)
}

pub(super) fn explaining() -> [Column; 5] {
    [
        Column::new("statements", "access-column-statements", Fit::Spare),
        Column::new("dependsOn", "access-column-depends", Fit::End),
        Column::named("keys".to_owned(), Fit::Machine),
        Column::named("unrecorded".to_owned(), Fit::Machine),
        Column::named("because".to_owned(), Fit::Machine),
    ]
}

pub(super) fn explained(explanation: &Explanation) -> [Cell; 5] {
    let mut depends: Vec<String> = explanation.unrecorded.iter().chain(&explanation.keys).cloned().collect();
    if explanation.answer == Answer::Conditional && depends.is_empty() {
        // No key: it is granted on a part of what was asked for.
        depends = granted_on(explanation);
    }
    [
        Cell::List(explanation.because.iter().map(words::statement).collect()),
        Cell::List(depends),
        Cell::List(explanation.keys.clone()),
        Cell::List(explanation.unrecorded.clone()),
        Cell::Json(json!(explanation.because)),
    ]
}

/// The sum below a table: of so many asked, how many of each answer.
fn counted(message: Message, asked: usize, count: impl Fn(Answer) -> usize) -> Message {
    message
        .with("asked", asked)
        .with("yes", count(Answer::Yes))
        .with("conditional", count(Answer::Conditional))
        .with("undecidable", count(Answer::Undecidable))
}
