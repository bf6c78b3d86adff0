//! `cargo xtask tables --schemas DIR --rules FILE`: derives content/tables from AWS's published data:
//! the property names of configuration items, and the identifiers, triggers, types and parameters of
//! AWS's managed rules. Names and kinds only; no descriptions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const USAGE: &str = "usage: cargo run -p xtask -- tables --schemas DIR --rules FILE \
    (DIR: the *.properties.json files of aws-config-resource-schema; FILE: identifier, trigger, types and \
    parameters of the managed rules, separated by tabs)";

/// Managed rules that AWS lists apart, because people and not AWS Config evaluate them.
const ATTESTED: &[&str] = &["AWS_CONFIG_PROCESS_CHECK"];

/// Runs the task: reads both sources and writes the two tables into `content/tables/`.
pub fn run(arguments: &[String]) -> Result<()> {
    let (mut schemas, mut rules) = (None, None);
    for pair in arguments.chunks(2) {
        match pair {
            [flag, value] if flag == "--schemas" => schemas = Some(value),
            [flag, value] if flag == "--rules" => rules = Some(value),
            _ => bail!(USAGE),
        }
    }
    let (schemas, rules) = schemas.zip(rules).context(USAGE)?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content/tables");
    fs::write(target.join("config-properties.txt"), properties(Path::new(schemas))?)?;
    let source = fs::read_to_string(rules).with_context(|| rules.clone())?;
    fs::write(target.join("managed-rules.txt"), managed_rules(&source)?)?;
    Ok(())
}

/// A property and what lies below it. A leaf has a kind.
#[derive(Default)]
struct Property {
    kind: Option<String>,
    below: BTreeMap<String, Property>,
}

/// One type a line, its properties indented below it by one space a level; a leaf without a kind is a string.
fn properties(folder: &Path) -> Result<String> {
    let mut text = String::from(
        "# Property names of AWS Config's configuration items, by type. Made by `cargo run -p xtask -- tables`; see NOTICE.\n\
         # A line is a name, indented below what holds it (lists are not shown), and its kind; a leaf without a kind is a\n\
         # string.\n",
    );
    let mut files: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("{}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(resource_type) = name.strip_suffix(".properties.json") else { continue };
        let content = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let flat: BTreeMap<String, Value> =
            serde_json::from_str(&content).with_context(|| format!("{}", path.display()))?;
        let mut root = Property::default();
        for (key, kind) in &flat {
            if key.starts_with("configuration.") || key.starts_with("supplementaryConfiguration.") {
                let leaf = key.split('.').fold(&mut root, |at, part| at.below.entry(part.to_owned()).or_default());
                leaf.kind = Some(kind.as_str().with_context(|| format!("{name}: {key} has no kind"))?.to_owned());
            }
        }
        writeln!(text, "{resource_type}")?;
        write_properties(&mut text, &root, 1)?;
    }
    Ok(text)
}

fn write_properties(text: &mut String, property: &Property, depth: usize) -> Result<()> {
    for (name, child) in &property.below {
        let kind = match child.kind.as_deref() {
            Some("string") if child.below.is_empty() => "",
            Some(kind) => kind,
            None => "",
        };
        let gap = if kind.is_empty() { "" } else { " " };
        writeln!(text, "{:depth$}{name}{gap}{kind}", "")?;
        write_properties(text, child, depth + 1)?;
    }
    Ok(())
}

/// `IDENTIFIER trigger types parameters`, separated by tabs; `AWS::` is left out of the types.
fn managed_rules(source: &str) -> Result<String> {
    let mut text = String::from(
        "# AWS Config's managed rules: identifier, trigger (C change, P periodic, H both, A attested), resource types\n\
         # without `AWS::`, parameters as name:kind:default with a star when required.\n\
         # Made by `cargo run -p xtask -- tables`; see NOTICE.\n",
    );
    let mut rows = BTreeMap::new();
    for (number, line) in source.lines().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [identifier, trigger, types, parameters] = fields[..] else {
            bail!("line {}: expected four fields separated by tabs", number + 1);
        };
        let trigger = match trigger {
            "Periodic" => 'P',
            "Configuration changes and Periodic" => 'H',
            other if other.starts_with("Configuration changes") => 'C',
            other => bail!("line {}: a trigger of a new kind: {other}", number + 1),
        };
        let types: Vec<&str> = types
            .split(", ")
            .filter(|name| !name.is_empty())
            .map(|name| name.strip_prefix("AWS::").unwrap_or(name))
            .collect();
        let parameters: Vec<String> =
            parameters.split("; ").filter(|one| !one.is_empty()).map(parameter).collect::<Result<_>>()?;
        let row = format!("{identifier}\t{trigger}\t{}\t{}", types.join(","), parameters.join(";"));
        rows.insert(identifier.to_owned(), row);
    }
    for identifier in ATTESTED {
        rows.insert((*identifier).to_owned(), format!("{identifier}\tA"));
    }
    for row in rows.values() {
        writeln!(text, "{}", row.trim_end())?;
    }
    Ok(text)
}

/// `name:kind:default:*` as `name:kind:default*`, without empty parts at the end.
fn parameter(field: &str) -> Result<String> {
    let required = field.ends_with(":*");
    let body = field.strip_suffix(":*").unwrap_or(field);
    let (name, rest) = body.split_once(':').with_context(|| format!("parameter `{field}` has no kind"))?;
    let (kind, default) = rest.split_once(':').unwrap_or((rest, ""));
    let star = if required { "*" } else { "" };
    if default.contains(';') || default.contains('*') {
        bail!("parameter `{field}` has a default that the table cannot hold");
    }
    let gap = if default.is_empty() { "" } else { ":" };
    Ok(format!("{name}:{kind}{gap}{default}{star}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_the_public_data() {
        let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else {
            eprintln!("skipped: HAECHI_CORPUS is not set");
            return;
        };
        let corpus = Path::new(&corpus);
        let committed = |name: &str| {
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../content/tables").join(name)).unwrap()
        };
        assert!(properties(&corpus.join("config-schemas")).unwrap() == committed("config-properties.txt"));
        let rules = fs::read_to_string(corpus.join("managed-rules-all.tsv")).unwrap();
        assert!(managed_rules(&rules).unwrap() == committed("managed-rules.txt"));
    }

    #[test]
    fn parameters_are_shortened() {
        for (field, expected) in [("a:int:90:*", "a:int:90*"), ("a:CSV:", "a:CSV"), ("a:String:x:y", "a:String:x:y")] {
            assert_eq!(parameter(field).unwrap(), expected);
        }
        assert!(parameter("nameless").is_err() && parameter("a:int:1;2").is_err());
    }
}
