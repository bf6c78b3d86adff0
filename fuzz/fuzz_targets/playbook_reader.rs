//! Reads any text as a playbook, and any expression of one that loads: an error or a playbook, never a panic.
#![no_main]

use haechi_respond::{Expression, Playbook, Scope};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    drop(Playbook::read("fuzz.yaml", text));
    if let Ok(expression) = Expression::parse(text) {
        let mut scope = Scope::default();
        scope.set("x", serde_json::json!({"list": [1, "10.0.0.0/8", null], "text": "%7B"}));
        scope.set_later("later", "something");
        drop(expression.value(&scope));
    }
});
