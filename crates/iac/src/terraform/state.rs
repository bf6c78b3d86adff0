//! Terraform states: what `terraform show -json` writes of one, and the state file itself (version 4).

use haechi_model::SourceLocation;
use serde_json::Value;

use super::{Refused, account_of, each_resource, is_aws, json, managed, place_of};
use crate::resource::{Age, Reading, Resource};

/// Reads a state of either form.
///
/// # Errors
/// It is not JSON, of another version, or larger than is read.
pub fn read_state(bytes: &[u8], file: &str) -> Result<Reading, Refused> {
    let state = json(bytes)?;
    if state["values"].is_object() || state["format_version"].is_string() {
        return shown(&state, file);
    }
    match state["version"].as_u64() {
        Some(4) => raw(&state, file),
        other => {
            let found = other.map_or_else(|| state["version"].to_string(), |version| version.to_string());
            Err(Refused::new("refused-state-version", vec![("found", found)]))
        }
    }
}

fn shown(state: &Value, file: &str) -> Result<Reading, Refused> {
    super::plan::check_format(state)?;
    let mut reading = Reading::default();
    let root = &state["values"]["root_module"];
    each_resource(root, 0, &mut 0, &mut |resource| reading.resources.extend(managed(resource, file)))?;
    let (account, region) = place_of(root);
    reading.account = account.or_else(|| account_of(&reading.resources));
    reading.region = region;
    Ok(reading)
}

fn raw(state: &Value, file: &str) -> Result<Reading, Refused> {
    let mut reading = Reading::default();
    let mut count = 0;
    for resource in state["resources"].as_array().into_iter().flatten() {
        let text = |name: &str| resource[name].as_str().unwrap_or_default();
        let (kind, name) = (text("type"), text("name"));
        for instance in resource["instances"].as_array().into_iter().flatten() {
            count += 1;
            if count > super::RESOURCES {
                return Err(Refused::new("refused-resources", vec![("most", super::RESOURCES.to_string())]));
            }
            let attributes = &instance["attributes"];
            if text("mode") == "data" {
                let own = |name: &str| attributes[name].as_str().map(str::to_owned);
                match kind {
                    "aws_caller_identity" => reading.account = reading.account.take().or_else(|| own("account_id")),
                    "aws_region" => {
                        reading.region = reading.region.take().or_else(|| own("region").or_else(|| own("name")))
                    }
                    _ => {}
                }
                continue;
            }
            // A deposed instance is on its way out.
            if !is_aws(kind) || !attributes.is_object() || instance.get("deposed").is_some() {
                continue;
            }
            let module = text("module");
            let dot = if module.is_empty() { "" } else { "." };
            let key = match &instance["index_key"] {
                Value::Null => String::new(),
                Value::String(key) => format!("[{}]", Value::from(key.as_str())),
                other => format!("[{other}]"),
            };
            let address = format!("{module}{dot}{kind}.{name}{key}");
            let location = SourceLocation { file: file.to_owned(), line: None, column: None, address: address.clone() };
            let region = attributes["region"].as_str().map(str::to_owned);
            let values = attributes.clone();
            reading.resources.push(Resource {
                address,
                kind: kind.to_owned(),
                values,
                location,
                age: Age::Standing,
                region,
            });
        }
    }
    reading.account = reading.account.or_else(|| account_of(&reading.resources));
    Ok(reading)
}
