//! The further calls that complete a resource: one answer, or why there is none.

use std::sync::Arc;

use haechi_aws::{ApiError, Pages};
use haechi_model::Region;
use serde_json::{Map, Value, json};

use super::credential_report::credential_report;
use super::unit::{Answer, Unit};
use crate::collector::path::Names;
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
    let answer = match &entry.collect {
        Some(coded) => {
            shared(unit, "credential report", async || match coded.value {
                Coded::CredentialReport => credential_report(&*unit.account.api, region.as_str()).await,
            })
            .await
        }
        None => {
            let Some(call) = &entry.call else { return Got::Value(Value::Null) };
            let input = entry.input.fill(names);
            if entry.once {
                let key = format!("{} {region} {input}", call.value);
                shared(unit, &key, async || all_pages(unit, &call.value, region, input.clone()).await).await
            } else {
                all_pages(unit, &call.value, region, input).await.map(Arc::new)
            }
        }
    };
    let taken = match answer {
        Ok(answer) => entry.take.take(&answer),
        Err(error) if has(&entry.absent, &error) => return Got::Value(Value::Null),
        Err(error) if has(&entry.gone, &error) => return Got::Gone,
        Err(error) => return Got::Failed(error),
    };
    let mut taken = select(entry, taken, names);
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
