//! Which test stands for which rule: `rules.json` has a line for each rule of AWS's evaluation, with the cases and
//! test functions (`file function`, the file in `crates/`) that are its own.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::Value;

/// The ids of all cases.
fn cases() -> HashSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decide/cases");
    let mut ids = HashSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let id = |case: &Value| case["id"].as_str().or(case[0].as_str()).map(str::to_owned);
        ids.extend(file["cases"].as_array().unwrap().iter().filter_map(id));
    }
    ids
}

/// Whether the file has a test of that name.
fn is_test(file: &str, name: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {name}()"))
}

#[test]
fn every_rule_has_a_test_of_its_own() {
    let rules: Vec<Value> = serde_json::from_str(include_str!("rules.json")).unwrap();
    let cases = cases();
    let tests = |rule: &Value| -> Vec<String> {
        rule["tests"].as_array().unwrap().iter().map(|test| test.as_str().unwrap().to_owned()).collect()
    };
    let mut uses: HashMap<String, usize> = HashMap::new();
    for test in rules.iter().flat_map(tests) {
        let is_there = cases.contains(&test) || test.split_once(' ').is_some_and(|(file, name)| is_test(file, name));
        assert!(is_there, "there is no test `{test}`");
        *uses.entry(test).or_default() += 1;
    }
    let mut names = HashSet::new();
    for rule in &rules {
        let name = rule["rule"].as_str().unwrap();
        assert!(names.insert(name), "`{name}` is there twice");
        assert!(tests(rule).iter().any(|test| uses[test] == 1), "`{name}` has no test of its own");
    }
    // What other simulators get wrong is to be found by its number.
    for number in 1..=11 {
        let prefix = format!("divergence {number}:");
        assert!(uses.keys().any(|test| test.starts_with(&prefix)), "{prefix} has no test");
    }
}
