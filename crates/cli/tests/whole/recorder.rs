//! The recorder that looks for threats: what is new in the logs, its notices, and responses whose time is up.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::history::Recorder;
use crate::respond::{acl, apply, approve, denies, plan};
use crate::support::{Haechi, Moto};

fn stopped(id: &str, name: &str) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
    let at = haechi_model::Timestamp::from_seconds(now as i64);
    json!({"Records": [{
        "eventVersion": "1.09", "eventID": id, "eventTime": at, "eventSource": "cloudtrail.amazonaws.com",
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.5", "userAgent": "aws-cli/2",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/mallory", "accountId": "123456789012"},
        "requestParameters": {"name": "main"}, "responseElements": null, "recipientAccountId": "123456789012",
        "readOnly": false, "managementEvent": true, "eventCategory": "Management", "eventType": "AwsApiCall",
    }]})
}

#[test]
fn the_recorder_detects_tells_and_takes_back() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let file = |name: &str| haechi.folder().join(name);
    std::fs::create_dir(file("trail")).expect("a folder");
    let settings = "[detect]\nlogs = ['trail']\n[[notify]]\nto = 'file:notices.jsonl'\ntypes = ['Stealth:*']\n";
    std::fs::write(file("haechi.toml"), settings).expect("settings");
    // A block that ends at once.
    let set = format!("networkAcl={}", acl(&moto));
    let block = ["block-address-network-acl", "--set", "address=192.0.2.44", "--set", &set, "--expires", "1s"];
    let (id, _) = plan(&haechi, &block);
    approve(&haechi, &id);
    apply(&haechi, &id);
    assert_eq!(denies(&moto).as_array().map(Vec::len), Some(2));
    std::thread::sleep(Duration::from_millis(1_200));

    let put = |name: &str, event: &Value| std::fs::write(file("trail").join(name), event.to_string()).expect("a log");
    put("1.json", &stopped("11111111-1111-4111-8111-111111111111", "StopLogging"));
    let recorder = Recorder::start(&haechi, &["--every", "5s", "--no-judge"]);
    let lifted = recorder.next("responses");
    assert_eq!((&lifted["errors"], lifted["undone"].as_array().map(Vec::len)), (&json!([]), Some(1)), "{lifted}");
    assert_eq!(denies(&moto), json!([]), "it is taken back");
    let first = recorder.next("logs");
    let found = |line: &Value| {
        line["threats"].as_array().expect("threats").iter().map(|one| one["type"].clone()).collect::<Vec<_>>()
    };
    assert!(found(&first).contains(&json!("Stealth:IAMUser/CloudTrailLoggingDisabled")), "{first}");
    assert_eq!((&first["files"], &first["notices"]["delivered"]), (&json!(1), &json!(1)), "{first}");
    // Only what is new is read.
    put("2.json", &stopped("22222222-2222-4222-8222-222222222222", "DeleteTrail"));
    let second = recorder.next("logs");
    assert_eq!((&second["files"], &second["known"]), (&json!(1), &json!(1)), "{second}");
    let grown = second["threats"].as_array().expect("threats");
    let stealth = grown.iter().find(|one| one["type"] == "Stealth:IAMUser/CloudTrailLoggingDisabled").expect("it grew");
    assert_eq!(stealth["count"], 2, "one finding a type and entity: {second}");
    recorder.end();
    let notices = std::fs::read_to_string(file("notices.jsonl")).expect("notices");
    assert_eq!(notices.lines().count(), 2, "{notices}");

    // The next one goes on where this one was: nothing is new, and nothing is said.
    let again = Recorder::start(&haechi, &["--every", "5s", "--no-judge"]);
    again.next("full");
    let quiet = Instant::now();
    while quiet.elapsed() < Duration::from_secs(8) {
        if let Some(line) = again.heard(Duration::from_secs(1)) {
            assert!(line["pass"] == "full" || line["files"] == 0, "read again: {line}");
        }
    }
    again.end();
    assert_eq!(std::fs::read_to_string(file("notices.jsonl")).expect("notices"), notices, "nothing is told twice");
    let none = haechi.text(&["detect", "trail", "--keep", "--fail-on", "never"], 0);
    assert!(none.contains("Nothing new: 2 files with 2 events were read and kept before"), "{none}");
    let wrong = String::from_utf8(haechi.run(&["record", "--every", "1h", "--logs", "-"], 2).stderr).expect("UTF-8");
    assert!(wrong.contains("standard input"), "{wrong}");
}
