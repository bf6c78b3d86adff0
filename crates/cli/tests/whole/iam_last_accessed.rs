//! `haechi record --last-accessed` and what `haechi iam unused` makes of it, over a stand-in for AWS.

use std::time::{SystemTime, UNIX_EPOCH};

use haechi_model::Timestamp;
use serde_json::{Value, json};

use crate::fake_aws::FakeAws;
use crate::support::Haechi;

const RECORD: [&str; 8] =
    ["record", "--region", "us-east-1", "--type", "AWS::IAM::Role", "--no-judge", "--format", "json"];
const ASKING: [&str; 9] = [
    "record",
    "--region",
    "us-east-1",
    "--type",
    "AWS::IAM::Role",
    "--no-judge",
    "--format",
    "json",
    "--last-accessed",
];

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("some time"))
}

/// The account whose role was last used so many days ago.
fn scene(days: i64) -> (FakeAws, Haechi) {
    let aws = FakeAws::start();
    aws.iam(|iam| iam.used = Some(now().plus_days(-days)));
    let haechi = Haechi::at(&aws.endpoint);
    (aws, haechi)
}

fn unused(haechi: &Haechi, arguments: &[&str], code: i32) -> Vec<Value> {
    let command = ["iam", "unused", "--type", "permission", "--format", "jsonl"];
    let text = haechi.text(&[&command, arguments].concat(), code);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn what_is_recorded_tells_unused_permissions() {
    let (aws, haechi) = scene(2);
    let first = haechi.json(&ASKING, 0);
    assert_eq!(first["items"]["new"], 2, "{first}");
    // Nobody but AWS can change the service-linked role.
    assert_eq!(aws.iam(|iam| iam.jobs.clone()), ["arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fapp"]);
    let rows = unused(&haechi, &[], 1);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&row["name"], &row["answer"], &row["source"]), (&json!("app"), &json!("unused"), &json!("report")));
    assert_eq!(
        row["findingDetails"],
        json!([
            {"unusedPermissionDetails": {"serviceNamespace": "s3", "actions": [{"action": "s3:PutBucketPolicy"}]}},
            {"unusedPermissionDetails": {"serviceNamespace": "sqs"}},
        ])
    );
    assert_eq!(row["unseenActions"], json!([{"action": "s3:GetObject", "because": "not-tracked"}]));
    assert_eq!((&row["lastAccessed"], &row["lastUsed"]), (&Value::Null, &json!("of-late")));
    for (language, words) in [("en", "report"), ("ko", "보고서"), ("ja", "レポート")] {
        let table = haechi.text(&["iam", "unused", "--lang", language], 1);
        assert!(table.contains(words), "{table}");
    }
    // Used again a day later: the same item, and the same answer.
    aws.iam(|iam| iam.used = Some(now().plus_days(-1)));
    let again = haechi.json(&ASKING, 0);
    assert_eq!((&again["items"]["same"], &again["items"]["changed"]), (&json!(2), &json!(0)), "{again}");
    assert_eq!(unused(&haechi, &[], 1).len(), 1);
    // With a log as well each tells what it can.
    let event = |days: i64, name: &str| {
        json!({"eventVersion": "1.11", "eventTime": now().plus_days(-days).to_string(), "eventSource": "s3.amazonaws.com",
            "eventName": name, "awsRegion": "us-east-1", "eventType": "AwsApiCall", "eventCategory": "Management",
            "managementEvent": true, "eventID": format!("00000000-0000-0000-0000-0000000000{days:02}"),
            "recipientAccountId": "123456789012", "sourceIPAddress": "192.0.2.1", "userAgent": "x",
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/app/s",
                "principalId": "AROAapp:s", "accountId": "123456789012", "sessionContext": {"sessionIssuer": {
                    "type": "Role", "arn": "arn:aws:iam::123456789012:role/app", "accountId": "123456789012",
                    "principalId": "AROAapp", "userName": "app"}}}})
    };
    let events = json!({"Records": [event(95, "ListBuckets"), event(50, "PutBucketPolicy"), event(0, "ListBuckets")]});
    std::fs::write(haechi.folder().join("log.json"), events.to_string()).expect("written");
    let rows = unused(&haechi, &["--logs", "log.json"], 1);
    assert_eq!(rows[0]["source"], "log+report", "{rows:?}");
    assert_eq!(rows[0]["findingDetails"], json!([{"unusedPermissionDetails": {"serviceNamespace": "sqs"}}]));
}

#[test]
fn without_the_option_nothing_is_asked() {
    let (aws, haechi) = scene(2);
    haechi.run(&RECORD, 0);
    assert_eq!(aws.iam(|iam| iam.jobs.len()), 0);
    let item = haechi.text(&["resources", "show", "app"], 0);
    assert!(item.contains("it takes a job of IAM for each principal"), "{item}");
    let told = haechi.run(&["iam", "unused", "--type", "permission"], 0);
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(words.contains("--logs") && words.contains("--last-accessed"), "{words}");
    // The plan says what it would take, and asks nothing.
    let plan = haechi.json(&[&ASKING[..], &["--plan"]].concat(), 0);
    assert_eq!(plan["callsMoreByPrincipal"], 2, "{plan}");
    assert_eq!(haechi.json(&[&RECORD[..], &["--plan"]].concat(), 0)["callsMoreByPrincipal"], Value::Null);
    assert_eq!(aws.iam(|iam| iam.jobs.len()), 0);
    // The environment and the settings say it too.
    for (word, jobs) in [("true", 1), ("false", 1), ("1", 2), ("0", 2)] {
        let status = haechi.command(&RECORD).env("HAECHI_LAST_ACCESSED", word).output().expect("the program runs");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        assert_eq!(aws.iam(|iam| iam.jobs.len()), jobs, "{word}");
    }
    std::fs::write(haechi.folder().join("haechi.toml"), "last-accessed = true\n").expect("written");
    haechi.run(&RECORD, 0);
    assert_eq!(aws.iam(|iam| iam.jobs.len()), 3);
}

#[test]
fn a_report_that_is_denied_is_said() {
    let (aws, haechi) = scene(2);
    aws.iam(|iam| iam.denies = true);
    let reason = "AccessDenied: iam:GenerateServiceLastAccessedDetails";
    let report = haechi.json(&ASKING, 0);
    let missing = json!([{"resourceType": "AWS::IAM::Role", "path": "supplementaryConfiguration.ServiceLastAccessed",
        "reason": reason, "resources": 1}]);
    assert_eq!(report["items"]["missing"], missing);
    let table = haechi.text(&[&ASKING[..6], &["--last-accessed"]].concat(), 0);
    assert!(table.contains(reason), "{table}");
    haechi.run(&[&ASKING[..], &["--strict"]].concat(), 2);
    assert!(unused(&haechi, &["--all"], 0).is_empty());
    // It is allowed now, and later refused again: the older report does not stand for the newer one.
    aws.iam(|iam| iam.denies = false);
    haechi.run(&ASKING, 0);
    assert_eq!(unused(&haechi, &[], 1).len(), 1);
    aws.iam(|iam| iam.denies = true);
    haechi.run(&ASKING, 0);
    assert!(unused(&haechi, &["--all"], 0).is_empty());
}

#[test]
fn the_policy_of_the_doctor_allows_it() {
    let policy = Haechi::new().json(&["doctor", "--policy"], 0);
    let text = policy.to_string();
    for action in ["iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails"] {
        assert!(text.contains(action), "{text}");
    }
}
