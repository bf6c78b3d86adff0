//! `cargo xtask managed-policies --moto FILE`: derives content/iam/managed-policies.txt, the documents of AWS managed
//! policies, from the list that moto carries. AWS Config records only the policies of customers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const USAGE: &str = "usage: cargo run -p xtask -- managed-policies --moto FILE \
    (FILE: moto/iam/aws_managed_policies.py of the PyPI package moto)";

/// Runs the task.
pub fn run(arguments: &[String]) -> Result<()> {
    let [flag, file] = arguments else { bail!(USAGE) };
    if flag != "--moto" {
        bail!(USAGE);
    }
    let text = fs::read_to_string(file).with_context(|| file.clone())?;
    let quotes = "\"\"\"";
    let start = text.find(quotes).context("there is no text in the file")? + quotes.len();
    let end = text.rfind(quotes).filter(|end| *end > start).context("the text has no end")?;
    let policies: Value = serde_json::from_str(&text[start..end])?;
    let mut lines = policies
        .as_object()
        .context("the list is no object")?
        .iter()
        .map(|(name, policy)| line(name, policy).with_context(|| name.clone()))
        .collect::<Result<Vec<String>>>()?;
    if lines.len() < 1000 {
        bail!("{} policies: the list is cut off", lines.len());
    }
    lines.sort();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content/iam/managed-policies.txt");
    fs::write(target, lines.join("\n") + "\n")?;
    Ok(())
}

/// Path and name as in its ARN, version, document: between tabs.
fn line(name: &str, policy: &Value) -> Result<String> {
    let member = |name: &str| policy[name].as_str().with_context(|| format!("there is no {name}"));
    let document = &policy["Document"];
    if document["Statement"].is_null() {
        bail!("there is no Statement");
    }
    Ok(format!("{}{name}\t{}\t{document}", member("Path")?, member("DefaultVersionId")?))
}
