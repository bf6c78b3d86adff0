//! What a what-if tells: tables for people and one document for machines.

use std::collections::{BTreeMap, BTreeSet};

use haechi_access::whatif::{
    AccessChange, Answer, Call, Change, Class, Count, Difference, Reason, Tally, WhatIf, condensed,
};
use haechi_iam::Catalogue;
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use super::whatif::{Replayed, account_names};

/// Actions that are named in a row; the others are counted.
const NAMED: usize = 4;

/// The classes whose calls the change makes something of.
fn is_changed(class: Class) -> bool {
    matches!(class, Class::Denied | Class::Undecided | Class::Freed | Class::MaybeFreed)
}

fn class_cell(class: Class) -> Cell {
    let id = match class {
        Class::Denied => "whatif-class-denied",
        Class::Undecided => "whatif-class-undecided",
        Class::Freed => "whatif-class-freed",
        Class::MaybeFreed => "whatif-class-maybe-freed",
        Class::Allowed => "whatif-class-allowed",
        Class::Untouched => "whatif-class-untouched",
        Class::DeniedInLog => "whatif-class-denied-in-log",
        Class::DeniedAlready => "whatif-class-denied-already",
        Class::ManagementAccount => "whatif-class-management",
        Class::ServiceLinkedRole => "whatif-class-service-linked",
        Class::Service => "whatif-class-service",
        Class::Outsider => "whatif-class-outsider",
        Class::NoPermission => "whatif-class-no-permission",
    };
    Cell::Word { raw: class.name(), id }
}

fn number(count: u64) -> Cell {
    Cell::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The calls, a row a kind.
pub(super) fn calls(whatif: &WhatIf, tally: Option<&Tally>, all: bool) -> Table {
    let names = account_names(whatif);
    let rows = tally.into_iter().flat_map(Tally::calls).filter(|(call, _)| all || is_changed(call.class));
    let row = |(call, count): (&Call, &Count)| {
        let name = names.get(&*call.account).copied().unwrap_or_default();
        vec![
            class_cell(call.class),
            Cell::Text(call.account.to_string()),
            Cell::Text(name.to_owned()),
            Cell::Text(call.principal.to_string()),
            Cell::Text(call.action.to_string()),
            number(count.calls),
            reason_cell(&call.reasons),
            Cell::Time(count.first),
            Cell::Time(count.last),
            Cell::List(count.regions.iter().map(ToString::to_string).collect()),
            Cell::List(count.examples.iter().map(|(_, id)| id.to_string()).collect()),
            Cell::Json(reasons_json(&call.reasons)),
            Cell::Text(call.class.answer().name().to_owned()),
        ]
    };
    Table {
        columns: vec![
            Column::new("class", "column-whatif-class", Fit::Whole),
            Column::new("account", "column-account", Fit::Whole),
            Column::new("accountName", "column-name", Fit::Machine),
            Column::new("principal", "column-principal", Fit::Middle),
            Column::new("action", "column-whatif-action", Fit::Middle),
            Column::new("calls", "column-whatif-calls", Fit::Number),
            Column::new("because", "column-whatif-because", Fit::End),
            Column::new("first", "column-first-event", Fit::Spare),
            Column::new("last", "column-last-event", Fit::Spare),
            Column::new("regions", "column-region", Fit::Machine),
            Column::new("exampleEventIds", "column-event-id", Fit::Machine),
            Column::new("reasons", "column-whatif-because", Fit::Machine),
            Column::new("answer", "column-whatif-answer", Fit::Machine),
        ],
        rows: rows.map(row).collect(),
        empty: Message::new("whatif-no-calls"),
        notes: Vec::new(),
    }
}

/// The reason that says most.
fn reason_cell(reasons: &[Reason]) -> Cell {
    let statement = reasons.iter().find_map(|reason| match reason {
        // A statement without a Sid is known by its number.
        Reason::Statement { policy, sid, line, statement, .. } => Some((
            format!("{policy}:{line}"),
            sid.as_deref().map_or_else(|| format!("#{}", statement + 1), ToOwned::to_owned),
        )),
        _ => None,
    });
    let (place, sid) = statement.clone().unwrap_or_default();
    let keys: Vec<&str> = reasons
        .iter()
        .filter_map(|reason| match reason {
            Reason::Key { key } => Some(&**key),
            _ => None,
        })
        .collect();
    if !keys.is_empty() {
        let message = Message::new("whatif-because-keys").with("keys", keys.join(", ")).with("place", place);
        return Cell::Message(message);
    }
    let other = reasons.iter().find(|reason| !matches!(reason, Reason::Statement { .. }));
    Cell::Message(match (other, statement) {
        (Some(Reason::Resource), _) => Message::new("whatif-because-resource").with("place", place),
        (Some(Reason::Action), _) => Message::new("whatif-because-action"),
        (Some(Reason::SeveralActions), _) => Message::new("whatif-because-several"),
        (Some(Reason::Caller), _) => Message::new("whatif-because-caller"),
        (Some(Reason::Unrecorded { policy }), _) => {
            Message::new("whatif-because-unrecorded").with("policy", policy.to_string())
        }
        (_, Some(_)) => Message::new("whatif-because-statement").with("place", place).with("sid", sid),
        (Some(Reason::NothingAllows { target, .. }), None) => {
            Message::new("whatif-because-nothing").with("target", target.to_string())
        }
        _ => return Cell::Empty,
    })
}

fn reasons_json(reasons: &[Reason]) -> Value {
    serde_json::to_value(reasons).unwrap_or(Value::Null)
}

/// Tables with their headings.
pub(super) fn page(
    whatif: &WhatIf,
    catalogue: &Catalogue,
    access: &[AccessChange],
    replayed: Option<&Replayed>,
    calls: &Table,
) -> Vec<(Message, Table)> {
    let mut page = vec![(Message::new("whatif-accounts"), accounts_table(whatif))];
    if let Some(replayed) = replayed {
        page.push((Message::new("whatif-calls"), calls.clone()));
        page.push((Message::new("whatif-classes"), classes_table(replayed)));
    }
    page.push((
        Message::new("whatif-access"),
        access_table(catalogue, access, replayed.map(|replayed| &replayed.tally)),
    ));
    page
}

fn policy_names(difference: Option<&Difference>, pick: impl Fn(&Difference) -> Vec<String>) -> Vec<String> {
    difference.map(pick).unwrap_or_default()
}

fn added(difference: &Difference) -> Vec<String> {
    difference.added.iter().map(|policy| policy.name().to_owned()).collect()
}

fn removed(difference: &Difference) -> Vec<String> {
    difference.removed.iter().map(|policy| policy.name().to_owned()).collect()
}

fn narrower(difference: &Difference) -> Vec<String> {
    difference.narrower.iter().map(|level| level.target.to_string()).collect()
}

/// SCPs and RCPs together.
fn both(change: &haechi_access::whatif::AccountChange, pick: fn(&Difference) -> Vec<String>) -> Vec<String> {
    let mut names = policy_names(change.scps.as_ref(), pick);
    names.extend(policy_names(change.rcps.as_ref(), pick));
    names.dedup();
    names
}

fn accounts_table(whatif: &WhatIf) -> Table {
    let rows = whatif.accounts().map(|(id, change)| {
        let account = whatif.after().account(id);
        vec![
            Cell::Text(id.to_owned()),
            Cell::Text(account.map(|account| account.name.to_string()).unwrap_or_default()),
            Cell::Text(account.map(|account| account.name_path.clone()).unwrap_or_default()),
            Cell::List(both(change, added)),
            Cell::List(both(change, removed)),
            Cell::List(both(change, narrower)),
        ]
    });
    Table {
        columns: vec![
            Column::new("account", "column-account", Fit::Whole),
            Column::new("name", "column-name", Fit::Middle),
            Column::new("path", "column-ou", Fit::Middle),
            Column::new("added", "column-whatif-added", Fit::Middle),
            Column::new("removed", "column-whatif-removed", Fit::Middle),
            Column::new("narrower", "column-whatif-narrower", Fit::Middle),
        ],
        rows: rows.collect(),
        empty: Message::new("whatif-no-accounts"),
        notes: Vec::new(),
    }
}

fn classes_table(replayed: &Replayed) -> Table {
    let tally = &replayed.tally;
    let rows = Class::ALL.into_iter().filter_map(|class| {
        let count = tally.of_class(class);
        (count > 0).then(|| vec![class_cell(class), number(count)])
    });
    let mut notes = vec![match tally.span() {
        Some((first, last)) => Message::new("whatif-sum")
            .with("events", tally.events())
            .with("first", first.to_string())
            .with("last", last.to_string()),
        None => Message::new("whatif-no-events"),
    }];
    let mut add = |id: &str, count: u64| {
        if count > 0 {
            notes.push(Message::new(id).with("count", count));
        }
    };
    add("coverage-outside", replayed.outside);
    add("search-duplicates", replayed.summary.duplicates);
    let problems: Vec<_> = replayed.summary.problems.iter().chain(&replayed.opened.problems).collect();
    if let Some(first) = problems.first() {
        let more = replayed.summary.problems_unlisted + problems.len() as u64;
        notes.push(Message::new("search-unread").with("count", more).with("first", first.to_string()));
    }
    Table {
        columns: vec![
            Column::new("class", "column-whatif-class", Fit::Whole),
            Column::new("events", "column-events", Fit::Number),
        ],
        rows: rows.collect(),
        empty: Message::new("whatif-no-events"),
        notes,
    }
}

/// The actions of a change that its principals were seen to use.
fn used<'a>(change: &'a AccessChange, used: &BTreeSet<(&str, &str)>) -> Vec<(&'a str, &'a str)> {
    let taken = || change.lost.iter().chain(&change.limited);
    let pairs = change.principals.iter().flat_map(|who| taken().map(move |action| (&**who, &**action)));
    pairs.filter(|pair| used.contains(pair)).collect()
}

fn few_words(catalogue: &Catalogue, actions: &[Box<str>]) -> Vec<String> {
    let words = condensed(catalogue, actions);
    let mut named: Vec<String> = words.iter().take(NAMED).map(|(word, _)| word.clone()).collect();
    let rest: usize = words.iter().skip(NAMED).map(|(_, count)| count).sum();
    if rest > 0 {
        named.push(format!("+{rest}"));
    }
    named
}

fn access_table(catalogue: &Catalogue, access: &[AccessChange], tally: Option<&Tally>) -> Table {
    let seen = tally.map(Tally::used).unwrap_or_default();
    let rows = access.iter().map(|change| {
        let mut principals: Vec<String> =
            change.principals.iter().take(2).map(|arn| arn.rsplit(':').next().unwrap_or(arn).to_owned()).collect();
        if change.principals.len() > principals.len() {
            principals.push(format!("+{}", change.principals.len() - principals.len()));
        }
        let used = if tally.is_some() { number(used(change, &seen).len() as u64) } else { Cell::Empty };
        vec![
            Cell::Text(change.account.to_string()),
            Cell::List(principals),
            Cell::List(few_words(catalogue, &change.lost)),
            Cell::List(few_words(catalogue, &change.limited)),
            Cell::List(few_words(catalogue, &change.gained)),
            Cell::List(few_words(catalogue, &change.widened)),
            used,
        ]
    });
    Table {
        columns: vec![
            Column::new("account", "column-account", Fit::Whole),
            Column::new("principals", "column-principal", Fit::Middle),
            Column::new("lost", "column-whatif-lost", Fit::Middle),
            Column::new("limited", "column-whatif-limited", Fit::Middle),
            Column::new("gained", "column-whatif-gained", Fit::Middle),
            Column::new("widened", "column-whatif-widened", Fit::Middle),
            Column::new("used", "column-whatif-used", Fit::Number),
        ],
        rows: rows.collect(),
        empty: Message::new("whatif-no-access"),
        notes: Vec::new(),
    }
}

/// One document for machines: docs/org-whatif.md describes it.
pub(super) fn json(
    whatif: &WhatIf,
    catalogue: &Catalogue,
    access: &[AccessChange],
    replayed: Option<&Replayed>,
    sources: &[String],
) -> Value {
    let seen = replayed.map(|replayed| replayed.tally.used()).unwrap_or_default();
    let accounts = whatif.accounts().map(|(id, change)| {
        let account = whatif.after().account(id);
        json!({
            "account": id,
            "name": account.map(|account| &*account.name),
            "path": account.map(|account| &*account.name_path),
            "added": both(change, added),
            "removed": both(change, removed),
            "narrowerLevels": both(change, narrower),
        })
    });
    let words =
        |actions: &[Box<str>]| condensed(catalogue, actions).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
    let access = access.iter().map(|change| {
        let used: Vec<Value> = used(change, &seen)
            .into_iter()
            .map(|(principal, action)| json!({"principal": principal, "action": action}))
            .collect();
        json!({
            "account": change.account,
            "principals": change.principals,
            "lost": words(&change.lost),
            "limited": words(&change.limited),
            "gained": words(&change.gained),
            "widened": words(&change.widened),
            "used": used,
        })
    });
    json!({
        "schema": "haechi.org-whatif/1",
        "changes": whatif.changes().iter().map(change_json).collect::<Vec<_>>(),
        "accounts": accounts.collect::<Vec<_>>(),
        "access": access.collect::<Vec<_>>(),
        "replay": replayed.map(|replayed| replay_json(replayed, sources)),
    })
}

fn change_json(change: &Change) -> Value {
    match change {
        Change::AttachNew { name, policy_type, target, .. } => {
            json!({"change": "attach", "file": name, "type": policy_type.name(), "to": target})
        }
        Change::Attach { policy, target } => json!({"change": "attach", "policy": policy, "to": target}),
        Change::Detach { policy, target } => json!({"change": "detach", "policy": policy, "from": target}),
        Change::Replace { policy, .. } => json!({"change": "replace", "policy": policy}),
        Change::Move { account, parent } => json!({"change": "move", "account": account, "to": parent}),
    }
}

fn replay_json(replayed: &Replayed, sources: &[String]) -> Value {
    let tally = &replayed.tally;
    let classes: BTreeMap<&str, u64> =
        Class::ALL.into_iter().map(|class| (class.name(), tally.of_class(class))).collect();
    let mut answers: BTreeMap<&str, u64> = BTreeMap::new();
    for class in Class::ALL {
        let answer: Answer = class.answer();
        *answers.entry(answer.name()).or_default() += tally.of_class(class);
    }
    let calls = tally.calls().filter(|(call, _)| is_changed(call.class)).map(|(call, count)| {
        json!({
            "class": call.class.name(),
            "answer": call.class.answer().name(),
            "account": call.account,
            "principal": call.principal,
            "action": call.action,
            "calls": count.calls,
            "first": count.first.to_string(),
            "last": count.last.to_string(),
            "regions": count.regions,
            "exampleEventIds": count.examples.iter().map(|(_, id)| id).collect::<Vec<_>>(),
            "reasons": reasons_json(&call.reasons),
        })
    });
    json!({
        "sources": sources,
        "events": tally.events(),
        "first": tally.span().map(|(first, _)| first.to_string()),
        "last": tally.span().map(|(_, last)| last.to_string()),
        "outsideOfFilters": replayed.outside,
        "duplicates": replayed.summary.duplicates,
        "problems": replayed.summary.problems.iter().chain(&replayed.opened.problems).map(ToString::to_string).collect::<Vec<_>>(),
        "answers": answers,
        "classes": classes,
        "calls": calls.collect::<Vec<_>>(),
    })
}
