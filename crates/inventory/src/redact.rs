//! Replaces secrets in items: environment variables, user data and what else a collector names.

use serde_json::Value;

use crate::collector::Collector;

/// What stands in the place of a secret.
pub const REDACTED: &str = "REDACTED";

/// Replaces every text below the collector's secret paths; names stay. Says whether anything changed.
pub(crate) fn redact(collector: &Collector, item: &mut Value) -> bool {
    let mut changed = false;
    for path in collector.redact() {
        path.each_mut(item, &mut |value| changed |= replace(value));
    }
    changed
}

fn replace(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text != REDACTED => {
            *text = REDACTED.to_owned();
            true
        }
        Value::Array(list) => list.iter_mut().fold(false, |changed, element| replace(element) | changed),
        Value::Object(map) => map.values_mut().fold(false, |changed, member| replace(member) | changed),
        _ => false,
    }
}
