//! Every resource type that AWS's published conformance packs refer to has a collector.

use std::path::PathBuf;

use haechi_inventory::Collectors;

#[test]
fn every_type_of_the_published_packs_is_collected() {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS").filter(|folder| !folder.is_empty()) else {
        println!("skipped: HAECHI_CORPUS is not set");
        return;
    };
    let table = std::fs::read_to_string(PathBuf::from(corpus).join("managed-rules-in-packs.tsv")).expect("the table");
    let types = table.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == ':'));
    let wanted: std::collections::BTreeSet<&str> =
        types.filter(|word| word.starts_with("AWS::") && word.matches("::").count() == 2).collect();
    assert_eq!(wanted.len(), 132, "{wanted:?}");
    let collectors = Collectors::embedded().expect("the embedded collectors");
    let known: Vec<_> = collectors.iter().map(|collector| collector.resource_type().as_str()).collect();
    let missing: Vec<_> = wanted.iter().filter(|wanted| !known.contains(wanted)).collect();
    assert!(missing.is_empty(), "no collector for {missing:?}");
}
