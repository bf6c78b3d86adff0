//! `haechi iam actions` and `haechi iam lint`: formats, exit codes, another table, files that cannot be read.

use serde_json::Value;

use crate::support::Haechi;

const FAULTY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObjct"], "Resource": "arn:aws:s3:::notes/*"}
  ]
}"#;
const SOUND: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}}"#;

fn rows(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn actions_are_listed_and_selected() {
    let haechi = Haechi::new();
    let found = rows(&haechi.text(&["iam", "actions", "s3:putobjectt*", "kms:Decrypt", "--format", "jsonl"], 0));
    let names: Vec<_> = found.iter().map(|row| row["action"].as_str().expect("a name")).collect();
    assert_eq!(names, ["kms:Decrypt", "s3:PutObjectTagging"]);
    assert_eq!(found[1]["level"], "tagging");
    assert_eq!(found[0]["resourceTypes"], serde_json::json!(["key*"]));
    let csv = haechi
        .text(&["iam", "actions", "iam:*", "--level", "write", "--key", "iam:PassedToService", "--format", "csv"], 0);
    assert!(csv.starts_with("action,level,resourceTypes") && csv.contains("iam:PassRole,write"), "{csv}");
    let about = haechi
        .text(&["iam", "actions", "dynamodb:Get*", "--resource", "arn:aws:dynamodb:us-east-1:111122223333:table/t"], 0);
    assert!(about.contains("dynamodb:GetItem") && !about.contains("dynamodb:GetRecords"), "{about}");
    haechi.text(&["iam", "actions", "nosuch:*"], 1);
    haechi.text(&["iam", "actions", "s3:*", "--level", "wild"], 2);
}

#[test]
fn another_table_of_actions_is_used() {
    let haechi = Haechi::new();
    let table = "!haechi-iam-data\t1\n!toy\t1\t2030-01-01\nStoy\tToy\nAOpen\tW\n";
    std::fs::write(haechi.folder().join("toy.txt"), table).expect("a file");
    let found = haechi.text(&["iam", "actions", "*", "--iam-data", "toy.txt", "--format", "jsonl"], 0);
    assert_eq!(rows(&found)[0]["action"], "toy:Open");
    std::fs::write(haechi.folder().join("toy.txt"), "nonsense").expect("a file");
    haechi.text(&["iam", "actions", "*", "--iam-data", "toy.txt"], 2);
}

#[test]
fn policies_are_checked() {
    let haechi = Haechi::new();
    let folder = haechi.folder().join("policies/scps");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(haechi.folder().join("policies/faulty.json"), FAULTY).expect("a file");
    std::fs::write(haechi.folder().join("policies/other.json"), "{\"name\": 1}").expect("a file");
    std::fs::write(folder.join("sound.json"), SOUND).expect("a file");
    let page = haechi.text(&["iam", "lint", "policies"], 1);
    for expected in
        ["error[INVALID_ACTION]", "faulty.json:4:51", "^^^^^^^^^^^^^", "did you mean s3:GetObject?", "Policies: 2"]
    {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let found = rows(&haechi.text(&["iam", "lint", "policies", "--format", "jsonl", "--fail-on", "never"], 0));
    assert_eq!((&found[0]["check"], &found[0]["sid"]), (&Value::from("INVALID_ACTION"), &Value::from("Read")));
    let sarif: Value =
        serde_json::from_str(&haechi.text(&["iam", "lint", "policies", "--format", "sarif"], 1)).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "INVALID_ACTION");
    haechi.text(&["iam", "lint", "policies/scps/sound.json"], 0);
    haechi.text(&["iam", "lint", "--type", "resource", "policies/scps/sound.json"], 1);
    haechi.text(&["iam", "lint", "missing.json"], 2);
    haechi.text(&["iam", "lint", "--type", "what", "policies"], 2);
}

#[test]
fn all_checks_are_listed_with_their_state() {
    let haechi = Haechi::new();
    let checks = rows(&haechi.text(&["iam", "lint", "--checks", "--format", "jsonl"], 0));
    assert_eq!(checks.len(), 135);
    let state = |id: &str| {
        let found = checks.iter().find(|row| row["check"] == id).expect("the check");
        found["state"].as_str().expect("a word").to_owned()
    };
    assert_eq!(state("INVALID_ACTION"), "done");
    assert_eq!(state("SCP_SYNTAX_ERROR_NOT_RESOURCE"), "retired");
    assert_eq!(state("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL"), "done");
    assert_eq!(checks.iter().filter(|row| row["state"] == "done").count(), 130);
}

#[test]
fn one_file_that_cannot_be_read_does_not_lose_the_others() {
    let haechi = Haechi::new();
    let folder = haechi.folder().join("policies");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("faulty.json"), FAULTY).expect("a file");
    std::fs::write(folder.join("latin1.json"), b"{\"Statement\": [{\"Effect\": \"Allow\", \"Sid\": \"\xe9\"}]}")
        .expect("a file");
    let output = haechi.run(&["iam", "lint", "policies", "--format", "jsonl"], 2);
    let found = rows(&String::from_utf8(output.stdout).expect("UTF-8"));
    assert_eq!(found[0]["check"], "INVALID_ACTION");
    assert!(String::from_utf8_lossy(&output.stderr).contains("latin1.json"));
}
