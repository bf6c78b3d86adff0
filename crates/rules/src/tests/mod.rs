//! The language held against tables, against the `cel` crate, and against arbitrary text.

mod asking;
mod changes;
mod errors;
mod language;
mod oracle;
mod rules;

use std::collections::BTreeMap;

use haechi_content::{RuleFile, TypeCatalogue};
use haechi_model::{ConfigurationItem, ResourceType, Timestamp};
use serde_json::{Value, json};

use crate::compile::Scope;
use crate::frame::{Frame, Recording};
use crate::program::{Check, Program};
use crate::value::{Const, Unknown, Val};
use crate::world::World;

pub const NOW: &str = "2026-01-01T00:00:00Z";

pub fn item_of(resource_type: &str, id: &str, members: &Value) -> ConfigurationItem {
    let mut item = json!({"resourceType": resource_type, "resourceId": id, "accountId": "123456789012",
        "awsRegion": "us-east-1", "configurationItemCaptureTime": NOW});
    for (name, member) in members.as_object().into_iter().flatten() {
        item[name.as_str()] = member.clone();
    }
    ConfigurationItem::from_value(&item).unwrap()
}

pub fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

/// What an expression gives: a value, `?what` when that is not known, or `!why` when it fails.
pub fn eval(text: &str, members: &Value, world: &World) -> Result<Value, String> {
    let catalogue = TypeCatalogue::default();
    let volume = [ResourceType::parse("AWS::EC2::Volume").unwrap()];
    let reads = [ResourceType::parse("AWS::EC2::VPC").unwrap()];
    let mut scope = Scope::new(&catalogue, &volume, &reads, &["days", "names", "unset"]);
    let op = scope.compile(text).map_err(|problem| format!("#{}", problem.message))?;
    let program = Program {
        bindings: Vec::new(),
        applies: None,
        check: Check::Expression(op),
        evidence: None,
        args: Vec::new(),
        variables: scope.variables,
    };
    let Check::Expression(op) = &program.check else { unreachable!("it was made two lines above") };
    let parameters = [Const::Int(90), Const::of(&json!(["a", "b"])), Const::Null];
    let item = item_of("AWS::EC2::Volume", "vol-1", members);
    let mut frame = Frame::new(world, now(), &item, Recording::On);
    frame.begin(&program, &parameters);
    match frame.eval(op) {
        Val::Unknown(why) => Err(match &*why {
            Unknown::Missing { what, .. } => format!("?{what}"),
            Unknown::Failed { why } => format!("!{why}"),
        }),
        value => Ok(value.to_json()),
    }
}

/// A rule file with the least that one needs.
pub fn rule_file(members: Value) -> RuleFile {
    let mut file = json!({"schema": 1, "id": "TEST_RULE", "title": {"en": "t"}, "why": {"en": "w"}, "severity": "high",
        "trigger": "change", "resources": ["AWS::EC2::Volume"], "check": "true", "says": {"en": "s"},
        "fix": {"text": {"en": "f"}}, "examples": []});
    for (name, member) in members.as_object().into_iter().flatten() {
        file[name.as_str()] = member.clone();
    }
    serde_saphyr::from_str(&file.to_string()).unwrap()
}

pub fn map<const N: usize>(entries: [(&str, Value); N]) -> BTreeMap<String, Value> {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
