//! Reads cases. A file is `{"base": {...}, "cases": [{"id", "expect", ...}]}`: a case is laid over the base. For
//! short, a policy is its list of statements, which allow all actions on `*` unless they say otherwise, and
//! `scps` and `rcps` are lists of such policies, one a level. `doc` says what the rule rests on.

use std::collections::HashSet;

use haechi_iam::{BatchQuestion, PolicyCache};
use serde_json::{Map, Value, json};

/// Asks every case of a file, and adds what came out otherwise to `failures`.
pub fn check_file(name: &str, text: &str, failures: &mut Vec<String>) -> usize {
    let file: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let cases = file["cases"].as_array().unwrap_or_else(|| panic!("{name} has no cases"));
    let mut ids = HashSet::new();
    for case in cases {
        let case = match case {
            Value::Array(row) => condition_row(row),
            other => other.clone(),
        };
        let id = case["id"].as_str().unwrap_or_else(|| panic!("{name}: a case without id: {case}"));
        assert!(ids.insert(id.to_owned()), "{name}: `{id}` is there twice");
        if let Err(failure) = check(&laid_over(&file["base"], &case)) {
            failures.push(format!("{name}: {id}: {failure}"));
        }
    }
    cases.len()
}

/// `[id, condition, context, whether it holds]`: an Allow under that condition.
fn condition_row(row: &[Value]) -> Value {
    let [id, condition, context, holds] = row else { panic!("a row has four parts: {row:?}") };
    let expect = if holds.as_bool().unwrap() { "Allowed" } else { "ImplicitlyDenied" };
    json!({"id": id, "identity": [{"Condition": condition}], "context": context, "expect": expect})
}

fn laid_over(base: &Value, case: &Value) -> Map<String, Value> {
    let mut all = base.as_object().cloned().unwrap_or_default();
    all.extend(case.as_object().unwrap().clone());
    all
}

/// The question in the format of a batch.
pub fn question_text(case: &Map<String, Value>) -> String {
    let get = |member: &str| case.get(member).cloned().unwrap_or(Value::Null);
    let principal = match get("principal") {
        Value::String(arn) => json!({"type": "Arn", "value": arn}),
        other => other,
    };
    let resource = match get("resource") {
        Value::String(arn) => json!({"arn": arn, "accountId": get("owner")}),
        other => other,
    };
    let levels = |member: &str| match get(member) {
        Value::Array(levels) => {
            let levels = levels.into_iter().enumerate();
            levels.map(|(at, one)| json!({"target": format!("level {at}"), "policies": [policy(one, true)]})).collect()
        }
        other => other,
    };
    let one = |member: &str| match get(member) {
        Value::Null => json!([]),
        other => json!([policy(other, true)]),
    };
    let is_trust = get("action").as_str().is_some_and(|action| action.starts_with("sts:"));
    json!({
        "id": get("id"),
        "request": {
            "principal": principal, "action": get("action"), "resource": resource,
            "context": case.get("context").cloned().unwrap_or(json!({})),
        },
        "identityPolicies": one("identity"),
        "permissionBoundaries": one("boundary"),
        "sessionPolicy": case.get("session").map_or(Value::Null, |own| policy(own.clone(), true)),
        "resourcePolicy": case.get("resourcePolicy").map_or(Value::Null, |own| policy(own.clone(), !is_trust)),
        "endpointPolicies": one("endpoint"),
        "scps": levels("scps"),
        "rcps": levels("rcps"),
        "grants": get("grants"),
        "settings": case.get("settings").cloned().unwrap_or(json!({})),
        "aFieldThatNobodyKnows": 1,
    })
    .to_string()
}

fn policy(short: Value, with_resource: bool) -> Value {
    let Value::Array(statements) = short else { return short };
    let whole = |statement: Value| {
        let mut own = statement.as_object().cloned().unwrap_or_default();
        let mut default = |name: &str, other: &str, value: &str| {
            if !own.contains_key(name) && !own.contains_key(other) {
                own.insert(name.to_owned(), json!(value));
            }
        };
        default("Effect", "Effect", "Allow");
        default("Action", "NotAction", "*");
        if with_resource {
            default("Resource", "NotResource", "*");
        }
        Value::Object(own)
    };
    json!({"Version": "2012-10-17", "Statement": statements.into_iter().map(whole).collect::<Vec<_>>()})
}

fn check(case: &Map<String, Value>) -> Result<(), String> {
    let text = question_text(case);
    let mut cache = PolicyCache::new(1 << 20);
    let now = Some(("2026-11-22T09:30:00Z", 1_795_339_800));
    let (question, _) = BatchQuestion::parse(&text, &crate::CATALOGUE, now, &mut cache);
    let asked = question.map_err(|error| error.to_string())?;
    let question = asked.question();
    let decision = question.explain();
    let found = decision.verdict.name();
    // The two ways to the answer must not differ.
    let quick = question.decide();
    if quick.verdict() != decision.verdict {
        return Err(format!("explained {found}, decided {:?}", quick.verdict()));
    }
    let openly = question.decide_openly();
    if openly.allowed < quick.allowed && openly.denied < quick.denied {
        return Err(format!("{quick:?} became {openly:?} when more is possible"));
    }
    let mut differences = Vec::new();
    let mut compare = |what: &str, found: Value| {
        if let Some(wanted) = case.get(what)
            && *wanted != found
        {
            differences.push(format!("{what} is {found}, not {wanted}"));
        }
    };
    compare("expect", json!(found));
    compare("conditional", json!(decision.conditional));
    compare("unknown", json!(decision.unknown));
    compare("missing", json!(decision.missing.iter().map(|missing| missing.name()).collect::<Vec<_>>()));
    compare("rule", json!(decision.rule));
    let because = decision.because.iter().map(|one| format!("{} {}", one.layer.name(), one.statement));
    compare("because", json!(because.collect::<Vec<_>>()));
    let layers = decision.layers.iter().map(|one| format!("{} {}", one.layer.name(), one.effect.name()));
    compare("layers", json!(layers.collect::<Vec<_>>()));
    let faults = question.faults().map(|(_, fault)| format!("{} {:?}: {}", fault.statement, fault.effect, fault.kind));
    compare("faults", json!(faults.collect::<Vec<_>>()));
    if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
}
