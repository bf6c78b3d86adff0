//! Effective parameters: what was given and what defaults, each of its type and within its limits.
//!
//! AWS passes every value as a text: "90" is a number where one is asked for, and an empty text means not given.

use std::collections::BTreeMap;

use haechi_content::source::nearest;
use haechi_content::{Parameter, ParameterType, RuleFile};
use serde_json::{Value, json};

/// A parameter that a rule cannot run with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParameterError {
    #[error("{rule} has no parameter `{name}`{}", known.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Unknown { rule: String, name: String, known: Option<String> },
    #[error("{rule} needs the parameter `{name}`")]
    Missing { rule: String, name: String },
    #[error("{rule}: the parameter `{name}` must be {expected}, not {value}")]
    Type { rule: String, name: String, expected: &'static str, value: Box<Value> },
    #[error("{rule}: the parameter `{name}` is {value}, {limit}")]
    Limit { rule: String, name: String, value: Box<Value>, limit: String },
}

/// What the rule sees as `params`. A parameter that is not given and has no default is left out.
///
/// # Errors
/// The first that is unknown, missing, of another type, or out of its limits.
pub fn effective_parameters(
    rule: &RuleFile,
    given: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, ParameterError> {
    if let Some(name) = given.keys().find(|name| !rule.parameters.contains_key(*name)) {
        let known = nearest(name, rule.parameters.keys().map(String::as_str)).map(str::to_owned);
        return Err(ParameterError::Unknown { rule: rule.id.clone(), name: name.clone(), known });
    }
    let mut effective = BTreeMap::new();
    let mut missing = None;
    for (name, parameter) in &rule.parameters {
        let value = given.get(name).filter(|value| is_set(value)).or(parameter.default.as_ref());
        match value.filter(|value| is_set(value)) {
            Some(value) => {
                effective.insert(name.clone(), typed(&rule.id, name, parameter, value)?);
            }
            None if parameter.required => missing = missing.or(Some(name)),
            None => {}
        }
    }
    match missing {
        Some(name) => Err(ParameterError::Missing { rule: rule.id.clone(), name: name.clone() }),
        None => Ok(effective),
    }
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    }
}

fn typed(rule: &str, name: &str, parameter: &Parameter, value: &Value) -> Result<Value, ParameterError> {
    let wrong =
        |expected| ParameterError::Type { rule: rule.into(), name: name.into(), expected, value: value.clone().into() };
    let text = value.as_str().map(str::trim);
    let typed = match parameter.kind {
        ParameterType::Int => {
            let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
            let read = |text: &str| text.parse::<i64>().ok();
            let int = value.as_i64().or_else(|| value.as_f64().and_then(whole)).or_else(|| text.and_then(read));
            json!(int.ok_or_else(|| wrong("a whole number"))?)
        }
        ParameterType::Double => {
            let read = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
            json!(value.as_f64().or_else(|| text.and_then(read)).ok_or_else(|| wrong("a number"))?)
        }
        ParameterType::Boolean => {
            let read = |text: &str| match text.to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            };
            json!(value.as_bool().or_else(|| text.and_then(read)).ok_or_else(|| wrong("true or false"))?)
        }
        ParameterType::String => match value {
            Value::String(text) => json!(text),
            Value::Number(_) | Value::Bool(_) => json!(value.to_string()),
            _ => return Err(wrong("a text")),
        },
        ParameterType::Csv => json!(listed(value).ok_or_else(|| wrong("a text of values between commas"))?),
    };
    within_limits(rule, name, parameter, &typed)?;
    Ok(typed)
}

/// The trimmed values between commas that are not empty; a list is taken as it is.
fn listed(value: &Value) -> Option<Vec<String>> {
    let split = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    match value {
        Value::String(text) => Some(split(text)),
        Value::Number(number) => Some(vec![number.to_string()]),
        Value::Array(elements) => elements
            .iter()
            .map(|element| match element {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn within_limits(rule: &str, name: &str, parameter: &Parameter, value: &Value) -> Result<(), ParameterError> {
    let out = |limit: String| ParameterError::Limit {
        rule: rule.into(),
        name: name.into(),
        value: value.clone().into(),
        limit,
    };
    if let Some(number) = value.as_f64() {
        if let Some(min) = parameter.min.filter(|min| number < *min) {
            return Err(out(format!("less than {min}")));
        }
        if let Some(max) = parameter.max.filter(|max| number > *max) {
            return Err(out(format!("more than {max}")));
        }
    }
    if parameter.values.is_empty() {
        return Ok(());
    }
    let allowed = |text: &str| parameter.values.iter().any(|allowed| allowed == text);
    let fits = match value {
        Value::String(text) => allowed(text),
        Value::Array(elements) => elements.iter().filter_map(Value::as_str).all(allowed),
        other => allowed(&other.to_string()),
    };
    if fits { Ok(()) } else { Err(out(format!("none of {}", parameter.values.join(", ")))) }
}
