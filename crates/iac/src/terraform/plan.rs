//! Terraform plans, as `terraform show -json` writes them: what will be there once the plan is applied.

use std::collections::HashMap;

use serde_json::Value;

use super::links::Configuration;
use super::{Refused, account_of, each_resource, json, managed, place_of};
use crate::mapping::Mappings;
use crate::resource::{Age, Note, Reading};
use crate::unknown::{UNSET, unknown};

const LATER: &str = "known after apply";

/// Reads a plan.
///
/// # Errors
/// It is not JSON, of another format, or larger than is read.
pub fn read_plan(bytes: &[u8], file: &str, mappings: &Mappings) -> Result<Reading, Refused> {
    let plan = json(bytes)?;
    check_format(&plan)?;
    if !plan["planned_values"].is_object() && !plan["resource_changes"].is_array() {
        return Err(Refused::new("refused-no-plan", Vec::new()));
    }
    let mut reading = Reading::default();
    let root = &plan["planned_values"]["root_module"];
    each_resource(root, 0, &mut 0, &mut |resource| reading.resources.extend(managed(resource, file)))?;
    let configuration = Configuration::of(&plan);
    let mut changes: HashMap<&str, &Value> = HashMap::new();
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        if let Some(address) = change["address"].as_str() {
            changes.insert(address, &change["change"]);
        }
    }
    for resource in &mut reading.resources {
        if let Some(change) = changes.get(resource.address.as_str()) {
            if change["actions"].as_array().is_some_and(|actions| actions.iter().any(|action| action == "create")) {
                resource.age = Age::New;
            }
            let dark = &change["after_unknown"];
            let configured = configuration.expressions(&resource.address);
            overlay(&mut resource.values, dark, configured);
        }
        if resource.region.is_none() {
            resource.region = configuration.region(&resource.address);
        }
    }
    configuration.resolve(&mut reading.resources, mappings);
    let (account, region) = place_of(&plan["prior_state"]["values"]["root_module"]);
    reading.account = account.or_else(|| account_of(&reading.resources));
    reading.region = configuration.default_region().or(region);
    if plan["errored"] == true || plan["complete"] == false {
        reading.notes.push(Note::new("note-plan-partial", Vec::new()));
    }
    Ok(reading)
}

/// The format's major version must be one that is known: 1, or 0 of older releases, which has the same members.
pub(super) fn check_format(document: &Value) -> Result<(), Refused> {
    let version = document["format_version"].as_str().unwrap_or_default();
    match version.split('.').next() {
        Some("0" | "1") if version.contains('.') => Ok(()),
        _ => Err(Refused::new("refused-format-version", vec![("found", document["format_version"].to_string())])),
    }
}

/// Marks what is known after apply. An attribute that the configuration does not set is one that AWS sets:
/// the mapping may know to what.
fn overlay(values: &mut Value, dark: &Value, configured: Option<&Value>) {
    let (Some(map), Some(dark)) = (values.as_object_mut(), dark.as_object()) else { return };
    for (name, below) in dark {
        let set = configured.is_none_or(|expressions| expressions.get(name).is_some());
        match below {
            Value::Bool(true) => {
                map.insert(name.clone(), unknown(if set { LATER } else { UNSET }));
            }
            Value::Object(_) | Value::Array(_) if set || map.contains_key(name) => {
                within(map.entry(name.clone()).or_insert(Value::Null), below);
            }
            _ => {}
        }
    }
}

fn within(value: &mut Value, dark: &Value) {
    match (value, dark) {
        (value, Value::Bool(true)) => *value = unknown(LATER),
        (Value::Object(map), Value::Object(dark)) => {
            for (name, below) in dark {
                if *below != Value::Bool(false)
                    && (!below.is_object()
                        || map.contains_key(name)
                        || below.as_object().is_some_and(|o| !o.is_empty()))
                {
                    within(map.entry(name.clone()).or_insert(Value::Null), below);
                }
            }
        }
        (Value::Array(list), Value::Array(dark)) => {
            for (at, below) in dark.iter().enumerate() {
                match list.get_mut(at) {
                    Some(element) => within(element, below),
                    None if *below == Value::Bool(true) => list.push(unknown(LATER)),
                    None => {}
                }
            }
        }
        (value @ Value::Null, Value::Object(dark)) => {
            let mut made = Value::Object(Default::default());
            within(&mut made, &Value::Object(dark.clone()));
            if made.as_object().is_some_and(|map| !map.is_empty()) {
                *value = made;
            }
        }
        (value @ Value::Null, Value::Array(dark)) if dark.contains(&Value::Bool(true)) => *value = unknown(LATER),
        _ => {}
    }
}
