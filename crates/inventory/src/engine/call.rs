//! The further calls that complete a resource: one answer, or why there is none.

use std::collections::HashMap;
use std::sync::Arc;

use haechi_aws::{ApiError, Pages};
use haechi_model::Region;
use serde_json::{Map, Value, json};

use super::credential_report::credential_report;
use super::unit::{Answer, Unit};
use crate::collector::path::{Names, Path};
use crate::collector::{Coded, EachGet, Get, Operation};

/// What a further call gave.
pub(super) enum Got {
    /// The value that the entry takes; null when AWS says that there is none.
    Value(Value),
    /// The resource is gone.
    Gone,
    Failed(ApiError),
}

/// Makes the call of one entry of `get` for a resource.
pub(super) async fn get(unit: &Unit, entry: &Get, names: &Names<'_>, region: &Region) -> Got {
    let (key, answer) = match (&entry.collect, &entry.call) {
        (Some(coded), _) => {
            let key = format!("{:?}", coded.value);
            let answer = shared(unit, &key, async || match coded.value {
                Coded::CredentialReport => credential_report(&*unit.account.api, region.as_str()).await,
            })
            .await;
            (Some(key), answer)
        }
        (None, Some(call)) => {
            let input = entry.input.fill(names);
            if entry.once {
                let key = format!("{} {region} {input}", call.value);
                let answer = shared(unit, &key, async || all_pages(unit, &call.value, region, input.clone()).await);
                let answer = answer.await;
                (Some(key), answer)
            } else {
                (None, all_pages(unit, &call.value, region, input).await.map(Arc::new))
            }
        }
        (None, None) => return Got::Value(Value::Null),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if has(&entry.absent, &error) => return Got::Value(Value::Null),
        Err(error) if has(&entry.gone, &error) => return Got::Gone,
        Err(error) => return Got::Failed(error),
    };
    let mut taken = match (key, entry.only.first_word(names)) {
        (Some(key), Some((path, word))) => {
            let index = index(unit, format!("{key} {} {path}", entry.take), entry, &answer, path);
            select(entry, index.find(&word), names)
        }
        _ => select(entry, entry.take.take(&answer), names),
    };
    if let Some(each) = &entry.each
        && let Err(error) = complete(unit, each, names, region, &mut taken).await
    {
        return Got::Failed(error);
    }
    Got::Value(taken)
}

fn has(codes: &[String], error: &ApiError) -> bool {
    codes.iter().any(|code| **code == *error.code)
}

fn select(entry: &Get, taken: Value, names: &Names<'_>) -> Value {
    let Value::Array(mut list) = taken else { return taken };
    if !entry.only.is_empty() {
        list.retain(|element| entry.only.hold(element, names));
    }
    if entry.first { list.into_iter().next().unwrap_or_default() } else { Value::Array(list) }
}

/// A call for each element of a list; the answer becomes a member of the element.
async fn complete(
    unit: &Unit,
    each: &EachGet,
    names: &Names<'_>,
    region: &Region,
    list: &mut Value,
) -> Result<(), ApiError> {
    for element in list.as_array_mut().into_iter().flatten() {
        let input = each.input.fill(&Names { each: element, ..*names });
        let value = match all_pages(unit, &each.call.value, region, input).await {
            Ok(answer) => each.take.take(&answer),
            Err(error) if has(&each.absent, &error) => Value::Null,
            Err(error) => return Err(error),
        };
        if let (Some(element), false) = (element.as_object_mut(), value.is_null()) {
            element.insert(each.named.clone(), value);
        }
    }
    Ok(())
}

/// The elements of a shared list by one of their members: each resource finds its own without a search.
pub(super) struct Index {
    list: Vec<Value>,
    by: HashMap<String, Vec<usize>>,
}

impl Index {
    fn find(&self, word: &str) -> Value {
        let found = self.by.get(word).into_iter().flatten();
        Value::Array(found.filter_map(|at| self.list.get(*at)).cloned().collect())
    }
}

fn index(unit: &Unit, key: String, entry: &Get, answer: &Value, path: &Path) -> Arc<Index> {
    let mut indexes = unit.account.indexes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let make = || {
        let list: Vec<Value> = entry.take.all(answer).into_iter().cloned().collect();
        let mut by: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, element) in list.iter().enumerate() {
            for found in path.all(element) {
                let word = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                by.entry(word).or_default().push(at);
            }
        }
        Arc::new(Index { list, by })
    };
    indexes.entry(key).or_insert_with(make).clone()
}

/// An answer that is asked for once in a run.
async fn shared(unit: &Unit, key: &str, ask: impl AsyncFnOnce() -> Result<Value, ApiError>) -> Answer {
    let cell = {
        let mut answers = unit.account.answers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        answers.entry(key.to_owned()).or_default().clone()
    };
    cell.get_or_init(async || ask().await.map(Arc::new)).await.clone()
}

/// All pages of a call as one answer: lists are joined.
async fn all_pages(unit: &Unit, call: &Operation, region: &Region, input: Value) -> Result<Value, ApiError> {
    let mut pages = Pages::new(&*unit.account.api, &call.service, region.as_str(), &call.name, input);
    let mut whole = json!({});
    while let Some(page) = pages.next().await {
        join(&mut whole, page?);
    }
    Ok(whole)
}

fn join(whole: &mut Value, page: Value) {
    match (whole, page) {
        (Value::Array(list), Value::Array(more)) => list.extend(more),
        (Value::Object(map), Value::Object(more)) => join_members(map, more),
        (whole, page) => *whole = page,
    }
}

fn join_members(map: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match map.get_mut(&name) {
            Some(known) => join(known, value),
            None => {
                map.insert(name, value);
            }
        }
    }
}
