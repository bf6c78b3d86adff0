//! Terraform and OpenTofu: plans and states as JSON, and where in the `.tf` files each resource stands.

mod hcl;
mod links;
mod plan;
mod positions;
mod state;

pub use hcl::{Block, blocks};
pub use plan::read_plan;
pub use positions::Positions;
pub use state::read_state;

use haechi_model::SourceLocation;
use serde_json::Value;

use crate::resource::{Age, Resource};

/// The largest plan or state: 64 MiB. As values it takes some ten times as much.
pub const LIMIT: usize = 64 << 20;
/// Resources of one plan or state.
const RESOURCES: usize = 200_000;
/// Modules within each other.
const MODULES: usize = 64;

/// A file is no plan or state that can be read: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The message's id in the locales, `refused-...`.
    pub id: &'static str,
    pub arguments: Vec<(&'static str, String)>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

impl Refused {
    pub(crate) fn new(id: &'static str, arguments: Vec<(&'static str, String)>) -> Self {
        Self { id, arguments, line: None, column: None }
    }
}

pub(crate) fn json(bytes: &[u8]) -> Result<Value, Refused> {
    if bytes.len() > LIMIT {
        let arguments = vec![("size", bytes.len().to_string()), ("most", LIMIT.to_string())];
        return Err(Refused::new("refused-too-large", arguments));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Refused::new("refused-not-utf8", Vec::new()))?;
    let mut value: Value = serde_json::from_str(text).map_err(|error| {
        let mut refused = Refused::new("refused-json", vec![("reason", error.to_string())]);
        (refused.line, refused.column) = (u32::try_from(error.line()).ok(), u32::try_from(error.column()).ok());
        refused
    })?;
    crate::unknown::clean(&mut value);
    Ok(value)
}

/// Walks `root_module` and its `child_modules`; each resource with the address of its module.
pub(crate) fn each_resource(
    module: &Value,
    depth: usize,
    count: &mut usize,
    act: &mut dyn FnMut(&Value),
) -> Result<(), Refused> {
    if depth > MODULES {
        return Err(Refused::new("refused-modules", vec![("most", MODULES.to_string())]));
    }
    for resource in module["resources"].as_array().into_iter().flatten() {
        *count += 1;
        if *count > RESOURCES {
            return Err(Refused::new("refused-resources", vec![("most", RESOURCES.to_string())]));
        }
        act(resource);
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        each_resource(child, depth + 1, count, act)?;
    }
    Ok(())
}

/// A resource of AWS that Terraform manages, as `planned_values` and `values` write it.
pub(crate) fn managed(value: &Value, file: &str) -> Option<Resource> {
    let text = |name: &str| value[name].as_str();
    if text("mode").unwrap_or("managed") != "managed" {
        return None;
    }
    let (kind, address) = (text("type")?, text("address")?);
    if !is_aws(kind) {
        return None;
    }
    let values = if value["values"].is_object() { value["values"].clone() } else { Value::Object(Default::default()) };
    let region = values["region"].as_str().filter(|_| kind.starts_with("aws_")).map(str::to_owned);
    let location = SourceLocation { file: file.to_owned(), line: None, column: None, address: address.to_owned() };
    Some(Resource { address: address.to_owned(), kind: kind.to_owned(), values, location, age: Age::Standing, region })
}

pub(crate) fn is_aws(kind: &str) -> bool {
    kind.starts_with("aws_") || kind.starts_with("awscc_")
}

/// What two data sources tell of the place: the account and the region of the provider.
pub(crate) fn place_of(module: &Value) -> (Option<String>, Option<String>) {
    let (mut account, mut region) = (None, None);
    let _ = each_resource(module, 0, &mut 0, &mut |resource| {
        let text = |name: &str| resource["values"][name].as_str().map(str::to_owned);
        match resource["type"].as_str() {
            Some("aws_caller_identity") => account = account.take().or_else(|| text("account_id")),
            Some("aws_region") => region = region.take().or_else(|| text("region").or_else(|| text("name"))),
            _ => {}
        }
    });
    (account, region)
}

/// The account that most resources' ARNs name, where there is any.
pub(crate) fn account_of(resources: &[Resource]) -> Option<String> {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for resource in resources {
        let account = resource.values["arn"].as_str().and_then(|arn| arn.split(':').nth(4));
        if let Some(account) = account.filter(|text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())) {
            *counts.entry(account).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(account, _)| account.to_owned())
}
