//! `haechi iam external` over the example organization, and `haechi iam check` of policy files.

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn who_outside_reaches_what() {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("UTF-8"), "--quiet", "--fail-on", "never"], 0);
    let found = rows(&haechi.text(&["iam", "external", "--format", "jsonl"], 1));
    let images = found.iter().find(|row| row["resource"] == "arn:aws:s3:::shop-images").expect("the bucket is open");
    assert_eq!((&images["isPublic"], &images["outsiderKind"]), (&json!(true), &json!("everyone")));
    assert_eq!(images["sources"][0]["sid"], "PublicImages");
    // The evaluator, asked for the example itself, allows it.
    let example = &images["example"];
    let word = |member: &str| example[member].as_str().expect("a word");
    let arguments = [
        "iam",
        "simulate",
        "--principal",
        word("principal"),
        "--action",
        word("action"),
        "--resource",
        word("resource"),
    ];
    haechi.run(&arguments, 0);
    // Accounts of the organization are not outside, unless only one of them is trusted.
    let by = |rows: &[Value], outsider: &str| rows.iter().filter(|row| row["outsider"] == outsider).count();
    assert_eq!((by(&found, "111122223333"), by(&found, "222233334444")), (0, 0));
    let trusting = rows(&haechi.text(&["iam", "external", "--zone", "111122223333", "--format", "jsonl"], 1));
    assert_eq!((by(&trusting, "111122223333"), by(&trusting, "222233334444")), (0, 3));
    assert_eq!(
        rows(&haechi.text(&["iam", "external", "--type", "Queue", "--format", "jsonl"], 0)),
        Vec::<Value>::new()
    );
    haechi.run(&["iam", "external", "--zone", "somebody"], 2);
    haechi.run(&["iam", "external", "--type", "AWS::EC2::Instance"], 2);
}

#[test]
fn policies_are_checked() {
    let haechi = Haechi::new();
    let write = |name: &str, statement: &str| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        std::fs::write(haechi.folder().join(name), text).expect("a file");
    };
    write("old.json", r#"{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::notes/*"}"#);
    write("new.json", r#"{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::notes*"}"#);
    write(
        "web.json",
        r#"{"Sid":"Web","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::web/*"}"#,
    );
    write(
        "bad.json",
        r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringSame":{"a":"b"}}}"#,
    );
    let check = |arguments: &[&str], code: i32| haechi.text(&[&["iam", "check"], arguments].concat(), code);
    let new = rows(&check(&["--no-new-access", "old.json", "new.json", "--format", "jsonl"], 1));
    assert_eq!((new.len(), &new[0]["result"], &new[0]["reason"]["statementId"]), (1, &json!("FAIL"), &json!("Read")));
    let resource = new[0]["example"]["resource"].as_str().expect("an ARN");
    assert!(resource.starts_with("arn:aws:s3:::notes") && !resource.starts_with("arn:aws:s3:::notes/"), "{resource}");
    check(&["--no-new-access", "new.json", "old.json"], 0);
    let public = rows(&check(&["--no-public", "web.json", "--type", "AWS::S3::Bucket", "--format", "jsonl"], 1));
    assert_eq!(public[0]["actions"], json!(["s3:GetObject"]));
    check(&["--no-public", "web.json"], 2);
    check(&["--not-granted", "s3:Get*", "--not-granted", "iam:*", "new.json"], 1);
    check(&["--not-granted", "iam:*", "new.json"], 0);
    check(&["--no-new-access", "old.json"], 2);
    check(&["--not-granted", "s3:GetObject", "bad.json"], 2);
    check(&["--not-granted", "s3:GetObject", "nothing.json"], 2);
    check(&["old.json"], 2);
}
