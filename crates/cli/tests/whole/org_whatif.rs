//! `haechi org policies` and `haechi org whatif`: the example organization and its logs.

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

const MANAGEMENT: &str = "222233334444";
const SHOP: &str = "444455556666";

/// Everything recorded, with a policy in a file.
fn scene() -> (Haechi, String) {
    let haechi = Haechi::new();
    let write =
        |name: &str, value: &Value| std::fs::write(haechi.folder().join(name), value.to_string()).expect("written");
    write(
        "deny.json",
        &json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Secrets", "Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
             "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/order-function"}}}]}),
    );
    let example = workspace().join("examples/organization").to_str().expect("UTF-8").to_owned();
    haechi.run(&["assess", &example, "--quiet", "--fail-on", "never"], 0);
    (haechi, example)
}

#[test]
fn the_policies_of_the_tree_and_the_mistakes_in_them() {
    let (haechi, _) = scene();
    let all = haechi.json(&["org", "policies", "--format", "json"], 0);
    assert_eq!((&all["schema"], &all["managementAccount"]), (&json!("haechi.org-policies/1"), &json!(MANAGEMENT)));
    let nodes: Vec<_> = all["nodes"].as_array().expect("nodes").iter().map(|node| &node["path"]).collect();
    let paths = [
        "Root",
        "Root/Sandbox",
        "Root/Sandbox/sandbox",
        "Root/Security",
        "Root/Security/security",
        "Root/Workloads",
        "Root/Workloads/Prod",
        "Root/Workloads/Prod/shop-prod",
        "Root/management",
    ];
    assert_eq!(nodes, paths);
    let mistakes = all["mistakes"].as_array().expect("mistakes");
    let found: Vec<_> = mistakes.iter().map(|mistake| (&mistake["mistake"], &mistake["policy"])).collect();
    let expected = [
        ("exempt-in-every-account", "p-ex01logs"),
        ("region-forgets-global", "p-ex01seoul"),
        ("unattached", "p-ex01frozen"),
    ]
    .map(|(mistake, policy)| (json!(mistake), json!(policy)));
    assert_eq!(found, expected.iter().map(|(mistake, policy)| (mistake, policy)).collect::<Vec<_>>());
    let one = haechi.json(&["org", "policies", "security", "--format", "json"], 0);
    assert_eq!(one["account"]["scps"].as_array().expect("levels").len(), 3);
    assert_eq!(one["account"]["regions"][0], json!({"region": "ap-northeast-2", "passes": "yes"}));
    for language in ["en", "ko", "ja"] {
        let page = haechi.text(&["org", "policies", "security", "--lang", language], 0);
        assert!(page.contains("seoul-only") && page.contains("111122223333"), "{page}");
    }
    haechi.run(&["org", "policies", "nobody"], 2);
}

#[test]
fn calls_that_a_policy_would_deny_are_named() {
    let (haechi, example) = scene();
    let attach = ["org", "whatif", "--attach", "deny.json", "--to", "Root/Workloads", "--logs", &example];
    let found = haechi.json(&[&attach[..], &["--format", "json"]].concat(), 1);
    let replay = &found["replay"];
    assert_eq!(replay["events"], 664);
    let classes = replay["classes"].as_object().expect("classes").values();
    assert_eq!(classes.map(|count| count.as_u64().expect("a number")).sum::<u64>(), 664, "{}", replay["classes"]);
    let answers = replay["answers"].as_object().expect("answers").values();
    assert_eq!(answers.map(|count| count.as_u64().expect("a number")).sum::<u64>(), 664);
    let calls = replay["calls"].as_array().expect("calls");
    assert_eq!(calls.len(), 1, "the function may, the backup agent may not: {calls:?}");
    assert_eq!(calls[0]["principal"], format!("arn:aws:iam::{SHOP}:user/backup-agent"));
    assert_eq!((&calls[0]["action"], &calls[0]["class"]), (&json!("secretsmanager:GetSecretValue"), &json!("denied")));
    assert_eq!(calls[0]["calls"], 6);
    assert_eq!(calls[0]["reasons"][0]["sid"], "Secrets");
    let id = calls[0]["exampleEventIds"][0].as_str().expect("an id");
    let event = haechi.text(&["logs", "search", &example, "--text", id, "--format", "jsonl"], 0);
    assert!(event.contains("GetSecretValue"), "{event}");
    assert_eq!(found["accounts"][0]["account"], SHOP);
    // Rows for other programs, and a page for people in their language.
    let rows = haechi.text(&[&attach[..], &["--format", "csv"]].concat(), 1);
    assert_eq!(rows.lines().count(), 2, "{rows}");
    let all = haechi.text(&[&attach[..], &["--format", "jsonl", "--all"]].concat(), 1);
    assert!(all.lines().count() > 20);
    for language in ["en", "ko", "ja"] {
        let page = haechi.text(&[&attach[..], &["--lang", language]].concat(), 1);
        assert!(page.contains("deny.json:1") && page.contains("664"), "{page}");
    }
}

#[test]
fn what_harms_nobody_exits_clean() {
    let (haechi, example) = scene();
    let back = ["--move", "shop-prod", "--to", "Root/Sandbox", "--move", "shop-prod", "--to", "Root/Workloads/Prod"];
    let found = haechi.json(&[&["org", "whatif"][..], &back, &["--logs", &example, "--format", "json"]].concat(), 0);
    assert_eq!((&found["accounts"], &found["access"]), (&json!([]), &json!([])));
    assert_eq!(found["replay"]["answers"]["denied"], 0);
    let again = ["--detach", "seoul-only", "--from", "Security", "--attach", "seoul-only", "--to", "Security"];
    let found = haechi.json(&[&["org", "whatif"][..], &again, &["--format", "json"]].concat(), 0);
    assert_eq!((&found["accounts"], &found["replay"]), (&json!([]), &Value::Null));
    // A move that takes on the region limit, and the policy that keeps trails, breaks other regions and those calls.
    let moved = ["org", "whatif", "--move", "shop-prod", "--to", "Root/Security", "--logs", &example];
    let found = haechi.json(&[&moved[..], &["--format", "json"]].concat(), 1);
    let calls = found["replay"]["calls"].as_array().expect("calls");
    assert!(calls.iter().any(|call| call["action"] == "cloudtrail:StopLogging"), "{calls:?}");
    let elsewhere = |call: &Value| !call["regions"].as_array().expect("regions").contains(&json!("ap-northeast-2"));
    assert!(calls.iter().all(|call| call["action"] == "cloudtrail:StopLogging" || elsewhere(call)), "{calls:?}");
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let (haechi, example) = scene();
    for (arguments, said) in [
        (&["--attach", "none.json", "--to", "Root"][..], "none.json"),
        (&["--attach", "deny.json"], "--to"),
        (&["--to", "Root"], "belongs to nothing"),
        (&["--detach", "seoul-only", "--from", "Root"], "not attached"),
        (&["--move", "shop-prod", "--to", "Nowhere"], "Nowhere"),
        (&["--replace", "FullAWSAccess", "deny.json"], "AWS"),
        (&[], "nothing to change"),
    ] {
        let output = haechi.run(&[&["org", "whatif", "--logs", &example][..], arguments].concat(), 2);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
    let alone = Haechi::new();
    let item = json!({"configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-11-20T03:00:00.000Z",
        "awsAccountId": SHOP, "configurationItemStatus": "OK", "awsRegion": "us-east-1", "resourceType": "AWS::EC2::VPC",
        "resourceId": "vpc-1", "configuration": {"vpcId": "vpc-1"}, "supplementaryConfiguration": {}, "tags": {}});
    let snapshot = json!({"fileVersion": "1.0", "configSnapshotId": "alone", "configurationItems": [item]});
    std::fs::write(alone.folder().join("alone.json"), snapshot.to_string()).expect("written");
    alone.run(&["assess", "alone.json", "--quiet", "--fail-on", "never"], 0);
    let output = alone.run(&["org", "policies"], 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no organization"));
}
