//! The IAM policy that a playbook needs: what it reads, what it changes and what its undo changes, and no more.

use std::collections::{BTreeMap, BTreeSet};

use haechi_aws::iam_action;
use serde_json::{Map, Value, json};

use crate::playbook::{Change, Playbook};
use crate::template::fill;
use crate::value::Scope;

/// The policy. Inputs that are given narrow the ARNs; what is not known is `*`.
pub fn policy(playbook: &Playbook, inputs: &Map<String, Value>, account: Option<&str>, partition: &str) -> Value {
    let mut scope = Scope::default();
    let star = || Value::from("*");
    scope.set("partition", partition.into());
    scope.set("account", account.map_or_else(star, Value::from));
    let names = playbook.inputs.iter().map(|(name, _)| name).chain(playbook.facts.iter().map(|(name, _)| name));
    for name in names.chain(["region", "token", "planned", "callTime", "each"]) {
        let given = inputs.get(name).filter(|value| value.is_string()).cloned();
        scope.set(name, given.unwrap_or_else(star));
    }
    let mut reads = BTreeSet::new();
    let mut read = |call: &crate::playbook::Operation| {
        reads.insert(iam_action(&call.service, &call.name));
    };
    playbook.facts.iter().filter_map(|(_, fact)| fact.read.as_ref()).for_each(|of| read(&of.call));
    playbook.steps.iter().for_each(|(_, step)| read(&step.read.call));
    let mut changes: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for (_, step) in playbook.steps.iter() {
        let undo = step.undo.calls.iter().map(|call| &call.change);
        for change in std::iter::once(&step.change).chain(undo) {
            let actions = changes.entry(resources(change, &scope)).or_default();
            actions.insert(iam_action(&change.call.service, &change.call.name));
            actions.extend(change.also.iter().cloned());
        }
    }
    let mut statements = vec![json!({"Sid": "Read", "Effect": "Allow", "Action": reads, "Resource": "*"})];
    for (number, (on, actions)) in changes.into_iter().enumerate() {
        let sid = format!("Change{}", number + 1);
        statements.push(json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": on}));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn resources(change: &Change, scope: &Scope) -> Vec<String> {
    let arn = |template: &String| match fill(&template.as_str().into(), scope) {
        Ok(filled) => filled.value.as_str().unwrap_or("*").to_owned(),
        Err(_) => "*".to_owned(),
    };
    let mut all: Vec<String> = change.on.iter().map(arn).collect();
    if all.is_empty() || all.iter().any(|arn| arn == "*") {
        all = vec!["*".to_owned()];
    }
    all.sort();
    all.dedup();
    all
}
