//! What Haechi ships with: every detection file is read and none is refused.

use haechi_content::Content;

#[test]
fn every_detection_file_is_sound() {
    let detections = Content::embedded().detections();
    let problems: Vec<_> = detections.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(!detections.known.is_empty());
}

/// Sources of finding types that need more than logs: an agent on the host, or a scanner.
const BEYOND_LOGS: [&str; 4] =
    ["Runtime Monitoring", "EBS Malware Protection", "Malware Protection for Backup", "Malware Protection for S3"];

/// Of GuardDuty's public list: every type that logs can give is there, with its severity's word.
#[test]
fn every_type_that_logs_can_give_is_there() {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else {
        eprintln!("skipped: HAECHI_CORPUS is not set");
        return;
    };
    let path = std::path::Path::new(&corpus).join("guardduty-types.jsonl");
    let list = std::fs::read_to_string(path).expect("the public list of types");
    let detections = Content::embedded().detections();
    let (mut wanted, mut wrong) = (0, Vec::new());
    for line in list.lines() {
        let of_list: serde_json::Value = serde_json::from_str(line).expect("a type a line");
        let text = |member: &str| of_list[member].as_str().unwrap_or_default().to_owned();
        if BEYOND_LOGS.contains(&text("source").as_str()) {
            continue;
        }
        wanted += 1;
        match detections.known.get(&text("type")) {
            None => wrong.push(format!("{} is missing", text("type"))),
            Some(known) => {
                let (own, theirs) = (known.file.severity.severity().as_str(), text("severity").to_lowercase());
                // Of some, GuardDuty's severity depends on what it finds.
                let varies = !["low", "medium", "high", "critical"].contains(&theirs.as_str());
                if !varies && own != theirs {
                    wrong.push(format!("{}: {own}, on the list {theirs}", text("type")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(wanted, 143);
}
