//! `haechi org policies` and `haechi org whatif`: the example organization with a tree above its accounts, and its logs.

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

const MANAGEMENT: &str = "999988887777";
const SHOP: &str = "444455556666";

fn item(kind: &str, id: &str, name: &str, configuration: Value) -> Value {
    json!({"configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-11-20T03:00:00.000Z",
        "awsAccountId": MANAGEMENT, "configurationItemStatus": "ResourceDiscovered", "awsRegion": "global",
        "resourceType": format!("AWS::Organizations::{kind}"), "resourceId": id, "resourceName": name,
        "ARN": format!("arn:aws:organizations::{MANAGEMENT}:{}/o-example1/{id}", kind.to_lowercase()),
        "tags": {}, "configuration": configuration, "supplementaryConfiguration": {}})
}

fn scp(id: &str, name: &str, content: &Value, targets: &[&str]) -> Value {
    item(
        "Policy",
        id,
        name,
        json!({"Id": id, "Name": name, "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": name == "FullAWSAccess",
            "Content": content.to_string(), "TargetIds": targets}),
    )
}

/// The tree, as a collector writes it.
fn snapshot() -> Value {
    let types = json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]);
    let unit =
        |id: &str, name: &str| item("OrganizationalUnit", id, name, json!({"Id": id, "Name": name, "ParentId": "r-1"}));
    let account = |id: &str, name: &str, parent: &str| {
        item(
            "Account",
            id,
            name,
            json!({"AccountId": id, "AccountName": name, "State": "ACTIVE", "ParentIds": [parent]}),
        )
    };
    let everywhere = ["r-1", "ou-work", "ou-play", MANAGEMENT, SHOP, "111122223333", "777788889999"];
    let full = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let regions = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Regions", "Effect": "Deny", "Action": "*",
        "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-2"}}}]});
    let organization = json!({"Id": "o-example1", "FeatureSet": "ALL", "ManagementAccountId": MANAGEMENT});
    json!({"fileVersion": "1.0", "configSnapshotId": "tree", "configurationItems": [
        item("Organization", "o-example1", "", organization),
        item("Root", "r-1", "Root", json!({"PolicyTypes": types})),
        unit("ou-work", "Workloads"),
        unit("ou-play", "Sandbox"),
        account(MANAGEMENT, "management", "r-1"),
        account(SHOP, "shop", "ou-work"),
        account("111122223333", "security", "r-1"),
        account("777788889999", "playground", "ou-play"),
        scp("p-FullAWSAccess", "FullAWSAccess", &full, &everywhere),
        scp("p-regions", "RegionLimit", &regions, &["ou-play"]),
    ]})
}

/// Everything recorded, with a policy in a file.
fn scene() -> (Haechi, String) {
    let haechi = Haechi::new();
    let write =
        |name: &str, value: &Value| std::fs::write(haechi.folder().join(name), value.to_string()).expect("written");
    write("snapshot.json", &snapshot());
    write(
        "deny.json",
        &json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Secrets", "Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
             "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/order-function"}}}]}),
    );
    let example = workspace().join("examples/organization").to_str().expect("UTF-8").to_owned();
    haechi.run(&["assess", &example, "snapshot.json", "--quiet", "--fail-on", "never"], 0);
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
        "Root/Sandbox/playground",
        "Root/Workloads",
        "Root/Workloads/shop",
        "Root/management",
        "Root/security",
    ];
    assert_eq!(nodes, paths);
    let mistakes = all["mistakes"].as_array().expect("mistakes");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(
        (&mistakes[0]["mistake"], &mistakes[0]["policy"]),
        (&json!("region-forgets-global"), &json!("p-regions"))
    );
    let one = haechi.json(&["org", "policies", "playground", "--format", "json"], 0);
    assert_eq!(one["account"]["scps"].as_array().expect("levels").len(), 3);
    assert_eq!(one["account"]["regions"][0], json!({"region": "ap-northeast-2", "passes": "yes"}));
    for language in ["en", "ko", "ja"] {
        let page = haechi.text(&["org", "policies", "playground", "--lang", language], 0);
        assert!(page.contains("RegionLimit") && page.contains("777788889999"), "{page}");
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
    let back = ["--move", "shop", "--to", "Root/Sandbox", "--move", "shop", "--to", "Root/Workloads"];
    let found = haechi.json(&[&["org", "whatif"][..], &back, &["--logs", &example, "--format", "json"]].concat(), 0);
    assert_eq!((&found["accounts"], &found["access"]), (&json!([]), &json!([])));
    assert_eq!(found["replay"]["answers"]["denied"], 0);
    let again = ["--detach", "RegionLimit", "--from", "Sandbox", "--attach", "RegionLimit", "--to", "Sandbox"];
    let found = haechi.json(&[&["org", "whatif"][..], &again, &["--format", "json"]].concat(), 0);
    assert_eq!((&found["accounts"], &found["replay"]), (&json!([]), &Value::Null));
    // A move that takes on the region limit breaks calls elsewhere only.
    let found = haechi
        .json(&["org", "whatif", "--move", "shop", "--to", "Root/Sandbox", "--logs", &example, "--format", "json"], 1);
    let calls = found["replay"]["calls"].as_array().expect("calls");
    assert!(calls.iter().all(|call| !call["regions"].as_array().expect("regions").contains(&json!("ap-northeast-2"))));
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let (haechi, example) = scene();
    for (arguments, said) in [
        (&["--attach", "none.json", "--to", "Root"][..], "none.json"),
        (&["--attach", "deny.json"], "--to"),
        (&["--to", "Root"], "belongs to nothing"),
        (&["--detach", "RegionLimit", "--from", "Root"], "not attached"),
        (&["--move", "shop", "--to", "Nowhere"], "Nowhere"),
        (&["--replace", "FullAWSAccess", "deny.json"], "AWS"),
        (&[], "nothing to change"),
    ] {
        let output = haechi.run(&[&["org", "whatif", "--logs", &example][..], arguments].concat(), 2);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
    let alone = Haechi::new();
    alone.run(&["assess", &example, "--quiet", "--fail-on", "never"], 0);
    let output = alone.run(&["org", "policies"], 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no organization"));
}
