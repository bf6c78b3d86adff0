//! `haechi iam simulate --batch`: questions from a file and from stdin, and lines that ask nothing.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::Haechi;

fn question(id: &Value, action: &str) -> Value {
    json!({
        "id": id,
        "request": {
            "principal": {"type": "Arn", "value": "arn:aws:iam::111122223333:user/mina"},
            "action": action,
            "resource": {"arn": "arn:aws:s3:::notes/a", "accountId": "111122223333"},
            "context": {},
        },
        "identityPolicies": [{"Version": "2012-10-17", "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::notes/*"},
            {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]}],
        "permissionBoundaries": [],
        "sessionPolicy": null,
        "scps": [{"target": "r-1", "policies": [{"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "*", "Resource": "*"}}]}],
        "rcps": [],
        "resourcePolicy": null,
        "endpointPolicies": [],
        "settings": {"s3": {"blockPublicAccess": true, "bucketAbacEnabled": false}},
    })
}

fn records(answers: &str) -> Vec<Value> {
    answers.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn a_batch_is_answered_line_by_line() {
    let haechi = Haechi::new();
    let lines = [
        question(&json!(1), "s3:GetObject"),
        question(&json!("two"), "s3:PutObject"),
        question(&Value::Null, "s3:ListBucket"),
    ];
    let batch = lines.map(|line| line.to_string()).join("\n");
    std::fs::write(haechi.folder().join("batch.jsonl"), &batch).expect("a file");
    let answers = haechi.text(&["iam", "simulate", "--batch", "batch.jsonl"], 0);
    let layers = |identity: &str| {
        json!({"scp": {"verdict": "Allows", "levels": [{"target": "r-1", "verdict": "Allows"}]},
            "identity": {"verdict": identity}})
    };
    let because = |effect: &str, statement: usize, sid: &str| {
        let mut one =
            json!({"layer": "identity", "effect": effect, "policy": "identityPolicies[0]", "statement": statement});
        if !sid.is_empty() {
            one["sid"] = json!(sid);
        }
        json!([one])
    };
    assert_eq!(
        records(&answers),
        [
            json!({"id": 1, "decision": "Allowed", "layers": layers("Allows"), "because": because("Allow", 0, "Read"),
                "conditional": false}),
            json!({"id": "two", "decision": "ExplicitlyDenied", "layers": layers("Denies"),
                "because": because("Deny", 1, ""), "conditional": false}),
            json!({"id": null, "decision": "ImplicitlyDenied", "layers": layers("DoesNotAllow"), "because": [],
                "missing": [{"what": "identityOrResource"}], "conditional": false}),
        ]
    );
    let short = haechi.text(&["iam", "simulate", "--no-explain", "--batch", "batch.jsonl"], 0);
    let decisions: Vec<_> = records(&short).iter().map(|answer| answer["decision"].clone()).collect();
    assert_eq!(decisions, ["Allowed", "ExplicitlyDenied", "ImplicitlyDenied"]);
    assert!(records(&short).iter().all(|answer| answer.as_object().is_some_and(|answer| answer.len() == 2)));
    let mut from_stdin = haechi
        .command(&["iam", "simulate", "--batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    from_stdin.stdin.take().expect("stdin").write_all(batch.as_bytes()).expect("written");
    let output = from_stdin.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), answers);
}

#[test]
fn a_line_that_asks_nothing_has_a_record_of_its_own() {
    let haechi = Haechi::new();
    let mut bad_caller = question(&json!("caller"), "s3:GetObject");
    bad_caller["request"]["principal"] = json!({"type": "Arn", "value": "mina"});
    let mut bad_policy = question(&json!("policy"), "s3:GetObject");
    bad_policy["identityPolicies"] = json!([{"Version": "2030-01-01", "Statement": []}]);
    let mut deep = question(&json!("deep"), "s3:GetObject");
    deep["request"]["context"] = json!({"a": "@"});
    let deep = deep.to_string().replace("\"@\"", &("[".repeat(100_000) + &"]".repeat(100_000)));
    let mut batch = Vec::new();
    let lines = [
        "not json".to_owned(),
        String::new(),
        bad_caller.to_string(),
        question(&json!("wild"), "s3:*").to_string(),
        bad_policy.to_string(),
        deep,
        "{\"id\": \"empty\"}".to_owned(),
        question(&json!("good"), "s3:GetObject").to_string() + "\r",
    ];
    for line in lines {
        batch.extend_from_slice(line.as_bytes());
        batch.push(b'\n');
    }
    batch.extend_from_slice(b"\xff\xfe\n");
    std::fs::write(haechi.folder().join("batch.jsonl"), batch).expect("a file");
    let output = haechi.run(&["iam", "simulate", "--batch", "batch.jsonl"], 2);
    let answers = records(&String::from_utf8_lossy(&output.stdout));
    let told: Vec<_> =
        answers.iter().map(|answer| (answer["id"].as_str().unwrap_or("-"), answer["error"]["line"].as_u64())).collect();
    assert_eq!(
        told,
        [
            ("-", Some(1)),
            ("caller", Some(3)),
            ("wild", Some(4)),
            ("policy", Some(5)),
            ("deep", Some(6)),
            ("empty", Some(7)),
            ("good", None),
            ("-", Some(9)),
        ]
    );
    assert_eq!(answers[6]["decision"], "Allowed");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("7 of 8 lines could not be answered"), "{stderr}");
    haechi.run(&["iam", "simulate", "--batch", "nowhere.jsonl"], 2);
}
