//! `cargo run -p xtask -- content-test [FILE...]`: runs the examples of rule files, without files all of content/rules.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use haechi_content::{Content, RuleFile, TypeCatalogue};
use haechi_rules::{CompiledRule, check_examples};

/// Prints what is wrong with each rule; an error when anything is.
pub fn run(arguments: &[String]) -> Result<()> {
    let content = Content::embedded();
    let files = match arguments {
        [] => rule_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../content/rules"))?,
        named => named.iter().map(PathBuf::from).collect(),
    };
    let (mut examples, mut wrong) = (0, 0);
    for file in &files {
        match test(file, content.types()) {
            Ok(count) => examples += count,
            Err(error) => {
                wrong += 1;
                println!("{}\n{error:#}\n", file.display());
            }
        }
    }
    println!("{} rules, {wrong} with faults; {examples} examples of the others as expected", files.len());
    if wrong > 0 {
        // The faults are told above; an error would add a backtrace that says nothing.
        std::process::exit(1);
    }
    Ok(())
}

/// The number of examples, all of which came out right.
fn test(path: &Path, types: &TypeCatalogue) -> Result<usize> {
    let text = std::fs::read_to_string(path).context("cannot be read")?;
    let file: RuleFile = serde_saphyr::from_str(&text).map_err(|error| anyhow::anyhow!("{error}"))?;
    let rule = match CompiledRule::compile(&file, types) {
        Ok(rule) => Arc::new(rule),
        Err(errors) => bail!("{}", errors.iter().map(|error| error.render()).collect::<Vec<_>>().join("\n")),
    };
    let failures = check_examples(&file, &rule, types);
    if !failures.is_empty() {
        bail!("{}", failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
    Ok(file.examples.len())
}

fn rule_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(rule_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
