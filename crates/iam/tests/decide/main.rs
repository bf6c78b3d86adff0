//! Decisions against AWS's documentation: one file of cases by topic, each case named after its rule.

use std::sync::LazyLock;

use haechi_iam::Catalogue;

mod ask;
mod explanation;
mod hostile;
mod operators;
mod properties;
mod rules;

/// The table that ships with the program.
static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::read(include_str!("../../../../content/iam/actions.txt")).unwrap());

/// Every file of cases, so that a new one cannot be forgotten.
#[test]
fn every_rule_decides_as_documented() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decide/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut failures = Vec::new();
    let mut asked = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        asked += ask::check_file(&name, &text, &mut failures);
    }
    assert!(failures.is_empty(), "{} of {asked} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(asked > 300, "only {asked} cases were found");
}
