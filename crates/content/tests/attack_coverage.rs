//! docs/attack-coverage.md says what is true: each detection that it names exists and carries the technique of its
//! row, and each row has a detection or a reason why there is none.

use haechi_content::Content;

#[test]
fn the_table_of_techniques_holds() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/attack-coverage.md");
    let text = std::fs::read_to_string(path).expect("the page is there");
    let known = Content::embedded().detections().known.clone();
    let mut rows = 0;
    for line in text.lines().filter(|line| line.starts_with("| T1")) {
        let (technique, cell) = line.trim_matches('|').split_once('|').expect("two columns");
        let technique = technique.split_whitespace().next().unwrap_or_default();
        let named: Vec<&str> = cell.split('`').skip(1).step_by(2).filter(|name| name.contains(":")).collect();
        for id in &named {
            let detection = known.get(*id).unwrap_or_else(|| panic!("{technique}: there is no detection `{id}`"));
            let carries = |own: &String| own == technique || own.split('.').next() == Some(technique);
            let explained = cell.contains(". ");
            assert!(detection.file.attack.iter().any(carries) || explained, "`{id}` does not carry {technique}");
        }
        assert!(!named.is_empty() || cell.trim().len() > 20, "{technique} has neither a detection nor a reason");
        rows += 1;
    }
    assert!(rows > 60, "only {rows} techniques");
}
