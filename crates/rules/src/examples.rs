//! Runs the examples of a rule: a rule is right when every one of them gets the verdict it expects.

use std::fmt;
use std::sync::{Arc, LazyLock};

use haechi_access::Answers;
use haechi_content::{Example, RuleFile, RuleScope, TypeCatalogue};
use haechi_iam::catalogue::Catalogue;
use haechi_model::{
    AccountId, Compliance, ConfigurationItem, Coverage, CoverageState, Evaluation, Message, Region, ResourceType,
    RuleInstance, Timestamp,
};
use serde_json::{Map, Value, json};

use crate::frame::Recording;
use crate::judge::Judge;
use crate::parameters::effective_parameters;
use crate::rule::CompiledRule;
use crate::world::{Access, World, WorldBuilder};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const NOW: &str = "2026-01-01T00:00:00Z";

/// An example that did not come out as its author expects.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct ExampleFailure {
    pub rule: String,
    pub example: String,
    pub what: Mismatch,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Mismatch {
    /// The example itself cannot be run.
    Unusable(String),
    Verdict {
        expected: Compliance,
        got: Compliance,
        message: Message,
        evidence: Vec<Value>,
    },
    Evidence {
        expected: Vec<Value>,
        got: Vec<Value>,
    },
}

impl fmt::Display for ExampleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: example `{}`: ", self.rule, self.example)?;
        let lines = |values: &[Value]| -> String { values.iter().map(|value| format!("\n    {value}")).collect() };
        match &self.what {
            Mismatch::Unusable(why) => write!(f, "{why}"),
            Mismatch::Verdict { expected, got, message, evidence } => {
                write!(f, "expected {expected}, got {got}\n  message: {}", message.id)?;
                for (name, value) in &message.args {
                    write!(f, "\n    {name} = {value}")?;
                }
                if evidence.is_empty() { Ok(()) } else { write!(f, "\n  evidence:{}", lines(evidence)) }
            }
            Mismatch::Evidence { expected, got } => {
                write!(f, "other evidence\n  expected:{}\n  got:{}", lines(expected), lines(got))
            }
        }
    }
}

/// Runs all examples of a rule.
pub fn check_examples(file: &RuleFile, rule: &Arc<CompiledRule>, types: &TypeCatalogue) -> Vec<ExampleFailure> {
    let failed =
        |example: &Example, what| ExampleFailure { rule: file.id.clone(), example: example.name.clone(), what };
    file.examples
        .iter()
        .filter_map(|example| match evaluate_example(file, rule, types, example) {
            Err(why) => Some(failed(example, Mismatch::Unusable(why))),
            Ok(evaluation) => mismatch(example, evaluation).map(|what| failed(example, what)),
        })
        .collect()
}

fn mismatch(example: &Example, evaluation: Evaluation) -> Option<Mismatch> {
    let Evaluation { compliance, message, evidence, .. } = evaluation;
    if compliance != example.expect {
        return Some(Mismatch::Verdict { expected: example.expect, got: compliance, message, evidence });
    }
    let expected = example.evidence.as_ref()?;
    (*expected != evidence).then(|| Mismatch::Evidence { expected: expected.clone(), got: evidence })
}

/// The evaluation of one example.
///
/// # Errors
/// Why the example cannot be run: an item or a parameter that is none.
pub fn evaluate_example(
    file: &RuleFile,
    rule: &Arc<CompiledRule>,
    types: &TypeCatalogue,
    example: &Example,
) -> Result<Evaluation, String> {
    let region = match file.scope {
        RuleScope::Account => Some(Region::GLOBAL),
        RuleScope::AccountRegion => Some(REGION),
        RuleScope::Resource => None,
    };
    let of = rule.resources().first().ok_or("the rule judges no type")?;
    let item = complete(&example.item, Some(of), region, types).map_err(|why| format!("item: {why}"))?;
    let world = world(file, rule.asks(), types, example, &item)?;
    let parameters = effective_parameters(file, &example.params).map_err(|error| error.to_string())?;
    let now = match example.now {
        Some(now) => now,
        None => Timestamp::parse(NOW).map_err(|error| error.to_string())?,
    };
    let judge = Judge::new(vec![(rule.clone(), RuleInstance::new(&file.id, parameters, None))]);
    let evaluation = judge.evaluate(&world, now, &item, Recording::On).pop();
    evaluation.ok_or_else(|| "the rule is not about this item: look at its type, region and status".to_owned())
}

/// The table of actions, read once.
fn catalogue() -> Result<Arc<Catalogue>, String> {
    static TABLE: LazyLock<Result<Arc<Catalogue>, String>> = LazyLock::new(|| {
        Catalogue::read(haechi_content::iam::actions()).map(Arc::new).map_err(|error| error.to_string())
    });
    TABLE.clone()
}

fn world(
    file: &RuleFile,
    asks: bool,
    types: &TypeCatalogue,
    example: &Example,
    item: &ConfigurationItem,
) -> Result<World, String> {
    let mut builder = WorldBuilder::new();
    let mut places = vec![(item.key().account_id, item.key().region.clone())];
    builder.add(Arc::new(item.clone()));
    let mut organization = asks.then(Answers::builder);
    let mut known = |item: &ConfigurationItem| {
        if let Some(organization) = &mut organization {
            organization.add(item);
        }
    };
    known(item);
    for (place, neighbour) in example.neighbours.iter().enumerate() {
        let neighbour = complete(neighbour, None, None, types).map_err(|why| format!("neighbours.{place}: {why}"))?;
        places.push((neighbour.key().account_id, neighbour.key().region.clone()));
        known(&neighbour);
        builder.add(Arc::new(neighbour));
    }
    let account = AccountId::parse(ACCOUNT).map_err(|error| error.to_string())?;
    places.extend([REGION, Region::GLOBAL].iter().filter_map(|name| Some((account, Region::parse(name).ok()?))));
    places.sort();
    places.dedup();
    for of in file.reads.iter().chain(&file.resources) {
        let covered = !example.uncovered.contains(of);
        for (account_id, region) in &places {
            // The account itself has items in regions and globally.
            let everywhere = of.as_str() == ResourceType::ACCOUNT || types.types.is_empty();
            if !everywhere && types.is_global(of) != region.is_global() {
                continue;
            }
            let state = match covered {
                true => CoverageState::Complete,
                false => CoverageState::Skipped { reason: "the example says so".to_owned() },
            };
            let (account_id, region, resource_type) = (*account_id, region.clone(), of.clone());
            builder.coverage(&Coverage { account_id, region, resource_type, state, resources: 0 });
        }
    }
    if let Some(mut organization) = organization {
        organization.world.listed(ACCOUNT);
        let catalogue = catalogue()?;
        let now = example.now.map_or_else(|| Timestamp::parse(NOW).map_err(|error| error.to_string()), Ok)?;
        builder.access(match organization.build(catalogue, now) {
            Ok(answers) => Access::Known(Arc::new(answers)),
            Err(why) => Access::Failed(why),
        });
    }
    Ok(builder.build())
}

/// An example's item with what it leaves out.
fn complete(
    item: &Value,
    of: Option<&ResourceType>,
    region: Option<&str>,
    types: &TypeCatalogue,
) -> Result<ConfigurationItem, String> {
    let mut members = match item {
        Value::Null => Map::new(),
        Value::Object(members) => members.clone(),
        _ => return Err("not an object".to_owned()),
    };
    let mut default = |names: &[&str], value: &str| {
        if !names.iter().any(|name| members.contains_key(*name)) {
            members.insert(names[0].to_owned(), json!(value));
        }
    };
    if let Some(of) = of {
        default(&["resourceType"], of.as_str());
    }
    default(&["accountId", "awsAccountId"], ACCOUNT);
    default(&["configurationItemCaptureTime"], NOW);
    let named = members.get("resourceType").and_then(Value::as_str).and_then(|name| ResourceType::parse(name).ok());
    let global = named.as_ref().is_some_and(|of| types.is_global(of) || is_iam(of));
    let region = region.unwrap_or(if global { Region::GLOBAL } else { REGION });
    members.entry("awsRegion").or_insert_with(|| json!(region));
    if named.is_some_and(|of| of.as_str() == ResourceType::ACCOUNT) {
        members.entry("resourceId").or_insert_with(|| json!(ACCOUNT));
    } else {
        members.entry("resourceId").or_insert_with(|| json!("example"));
    }
    ConfigurationItem::from_value(&Value::Object(members)).map_err(|error| error.to_string())
}

/// Known without a catalogue.
fn is_iam(of: &ResourceType) -> bool {
    of.service() == "IAM"
}
