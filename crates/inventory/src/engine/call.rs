//! The further calls that complete a resource: one answer, or why there is none.

use std::collections::HashMap;
use std::sync::Arc;

use haechi_aws::{ApiError, Pages};
use haechi_model::Region;
use serde_json::{Map, Value, json};

use super::credential_report::credential_report;
use super::last_accessed::last_accessed;
use super::quota_usage::quota_usage;
use super::unit::{Answer, Unit};
use crate::collector::path::{Names, Path};
use crate::collector::{Coded, EachGet, Get, Lacking, Operation};

/// What a further call gave a resource.
pub(super) enum Got {
    /// The value that the entry takes; null when AWS says that there is none.
    Value(Value),
    /// The resource is gone.
    Gone,
    /// Nobody could say, and that is no fault of this run: why.
    Unknown(&'static str),
    Failed(ApiError),
}

/// Makes the call of one entry of `get` for a resource.
pub(super) async fn get(unit: &Unit, entry: &Get, names: &Names<'_>, region: &Region) -> Got {
    let (key, answer) = match (&entry.collect, &entry.call) {
        (Some(coded), _) => match coded.value {
            Coded::CredentialReport => {
                let key = format!("{:?}", coded.value);
                let report = async || credential_report(&*unit.account.api, region.as_str()).await;
                let answer = shared(unit, &key, report).await;
                (Some(key), answer)
            }
            Coded::QuotaUsage => return usage(unit, entry, names, region).await,
            Coded::LastAccessed => {
                let answer = last_accessed(&*unit.account.api, region.as_str(), entry.input.fill(names)).await;
                (None, answer.map(Arc::new))
            }
        },
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
        Err(error) => return refused(entry, error),
    };
    let taken = match (key, entry.only.first_word(names)) {
        (Some(key), Some((path, word))) => {
            let index = index(unit, format!("{key} {} {path}", entry.take), entry, &answer, path);
            select(entry, index.find(&word), names)
        }
        _ => select(entry, entry.take.take(&answer).into_owned(), names),
    };
    completed(unit, entry, names, region, taken).await
}

/// How much of a quota is used.
async fn usage(unit: &Unit, entry: &Get, names: &Names<'_>, region: &Region) -> Got {
    let metric = &names.item["UsageMetric"];
    if metric["MetricName"].is_null() {
        return Got::Unknown("the quota names no usage metric");
    }
    // A list: the quota with its applied value, or nothing where nobody has applied one.
    let Some(applied) = names.item["Applied"].as_array() else {
        return Got::Unknown("the applied value of the quota is not known");
    };
    let limit = applied.first().unwrap_or(names.item)["Value"].as_f64().unwrap_or_default();
    match quota_usage(&*unit.account.api, region.as_str(), unit.account.captured, metric, limit).await {
        Ok(Value::Null) => Got::Unknown("CloudWatch has no recent value of the usage metric"),
        Ok(value) => Got::Value(value),
        Err(error) => refused(entry, error),
    }
}

async fn completed(unit: &Unit, entry: &Get, names: &Names<'_>, region: &Region, taken: Value) -> Got {
    let mut taken = taken;
    if let Some(each) = &entry.each
        && let Err(error) = complete(unit, each, names, region, &mut taken).await
    {
        return Got::Failed(error);
    }
    Got::Value(taken)
}

/// The calls that are alike but for their lists, and so may be one.
pub(super) fn skeleton(input: &Value) -> Value {
    match input {
        Value::Array(_) => json!([]),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), skeleton(value))).collect())
        }
        other => other.clone(),
    }
}

/// Puts the lists of an input into one that is alike. What is in both is there once.
fn join_input(whole: &mut Value, more: &Value) {
    match (whole, more) {
        (Value::Array(list), Value::Array(more)) => {
            for element in more {
                match list.iter_mut().find(|known| skeleton(known) == skeleton(element)) {
                    Some(known) => join_input(known, element),
                    None => list.push(element.clone()),
                }
            }
        }
        (Value::Object(members), Value::Object(more)) => {
            for (name, value) in more {
                match members.get_mut(name) {
                    Some(known) => join_input(known, value),
                    None => {
                        members.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        _ => {}
    }
}

/// Makes one call for several resources, and finds each one's part of the answer. The inputs are alike.
pub(super) async fn batch(
    unit: &Unit,
    entry: &Get,
    call: &Operation,
    resources: &[(Value, Names<'_>)],
    region: &Region,
) -> Vec<Got> {
    let mut input = json!({});
    resources.iter().for_each(|(one, _)| join_input(&mut input, one));
    let answer = match all_pages(unit, call, region, input).await {
        Ok(answer) => answer,
        // One of them is the reason: each is asked for alone, and the others keep theirs.
        Err(error) if resources.len() > 1 && (has(&entry.absent, &error) || has(&entry.gone, &error)) => {
            let mut found = Vec::new();
            for one in resources {
                found.extend(Box::pin(batch(unit, entry, call, std::slice::from_ref(one), region)).await);
            }
            return found;
        }
        Err(error) => return resources.iter().map(|_| refused(entry, error.clone())).collect(),
    };
    let mut indexes: Vec<(&Path, Index)> = Vec::new();
    let mut found = Vec::new();
    for (_, names) in resources {
        let taken = match entry.only.first_word(names) {
            Some((path, word)) => {
                if !indexes.iter().any(|(known, _)| *known == path) {
                    indexes.push((path, Index::of(entry, &answer, path)));
                }
                let index = indexes.iter().find(|(known, _)| *known == path);
                index.map_or(json!([]), |(_, index)| index.find(&word))
            }
            None => entry.take.take(&answer).into_owned(),
        };
        let taken = select(entry, taken, names);
        let lacks = taken.is_null() || taken.as_array().is_some_and(Vec::is_empty);
        found.push(match entry.lacking {
            Lacking::Gone if lacks => Got::Gone,
            _ => completed(unit, entry, names, region, taken).await,
        });
    }
    found
}

fn refused(entry: &Get, error: ApiError) -> Got {
    if has(&entry.absent, &error) {
        Got::Value(Value::Null)
    } else if has(&entry.gone, &error) {
        Got::Gone
    } else {
        Got::Failed(error)
    }
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
            Ok(answer) => each.take.take(&answer).into_owned(),
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
    fn of(entry: &Get, answer: &Value, path: &Path) -> Self {
        let list: Vec<Value> = entry.take.all(answer).into_iter().cloned().collect();
        let mut by: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, element) in list.iter().enumerate() {
            for found in path.all(element) {
                let word = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                by.entry(word).or_default().push(at);
            }
        }
        Self { list, by }
    }

    fn find(&self, word: &str) -> Value {
        let found = self.by.get(word).into_iter().flatten();
        Value::Array(found.filter_map(|at| self.list.get(*at)).cloned().collect())
    }
}

fn index(unit: &Unit, key: String, entry: &Get, answer: &Value, path: &Path) -> Arc<Index> {
    let mut indexes = unit.account.indexes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    indexes.entry(key).or_insert_with(|| Arc::new(Index::of(entry, answer, path))).clone()
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
