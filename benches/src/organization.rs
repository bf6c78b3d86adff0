//! What the measurements share: the example organization's items in any number, and the embedded rules.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use haechi_content::Content;
use haechi_model::RuleInstance;
use haechi_rules::{CompiledRule, Judge, effective_parameters};
use serde_json::Value;

/// All embedded rules with AWS's defaults.
pub fn judge() -> Result<Judge> {
    let content = Content::embedded();
    let mut pairs = Vec::new();
    for rule in content.rules() {
        let compiled =
            CompiledRule::compile(&rule.file, content.types()).map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
        let parameters = effective_parameters(&rule.file, &BTreeMap::new())?;
        pairs.push((Arc::new(compiled), RuleInstance::new(rule.file.id.clone(), parameters, None)));
    }
    Ok(Judge::new(pairs))
}

/// The example organization's items as JSON texts, repeated for other accounts until there are enough: each
/// repetition is four accounts of their own, so that neighbours stay as many as they are in life.
pub fn texts(wanted: usize) -> Result<Vec<Vec<u8>>> {
    let mut originals = Vec::new();
    read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/organization"), &mut originals)?;
    anyhow::ensure!(!originals.is_empty(), "examples/organization is empty");
    let originals: Vec<String> = originals.iter().map(Value::to_string).collect();
    let text = |number: usize| {
        let round = number / originals.len();
        let accounts = ["111122223333", "222233334444", "444455556666", "777788889999"];
        let renamed =
            accounts.iter().enumerate().fold(originals[number % originals.len()].clone(), |text, (at, account)| {
                text.replace(account, &format!("{:012}", 100_000_000_000 + 4 * round + at))
            });
        renamed.into_bytes()
    };
    Ok((0..wanted).map(text).collect())
}

fn read_folder(folder: &Path, items: &mut Vec<Value>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_folder(&path, items)?;
            continue;
        }
        // Its logs lie beside them.
        if !path.to_string_lossy().contains("_ConfigSnapshot_") {
            continue;
        }
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&path)?).read_to_end(&mut text)?;
        let mut body: Value = serde_json::from_slice(&text)?;
        if let Value::Array(found) = body["configurationItems"].take() {
            items.extend(found);
        }
    }
    Ok(())
}
