//! `haechi iam sharing`: an encrypted image of one account, launched by another; what is shared; who assumes which role.

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

const OWNER: &str = "111122223333";
const OTHER: &str = "222233334444";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k-1";
const BUILDER: &str = "arn:aws:iam::222233334444:role/builder";

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn item(account: &str, region: &str, kind: &str, id: &str, arn: &str, configuration: Value) -> Value {
    json!({"version": "1.3", "accountId": account, "awsRegion": region, "resourceType": kind, "resourceId": id,
        "resourceName": id, "arn": arn, "configurationItemCaptureTime": "2026-11-20T03:00:00Z",
        "configurationItemStatus": "OK", "tags": {}, "relationships": [], "configuration": configuration,
        "supplementaryConfiguration": {}})
}

fn role(name: &str, trust: &Value, statements: &Value) -> Value {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let arn = format!("arn:aws:iam::{OTHER}:role/{name}");
    let configuration = json!({"roleName": name, "roleId": format!("AROA{name}"), "arn": arn, "path": "/",
        "assumeRolePolicyDocument": trust.to_string(), "attachedManagedPolicies": [],
        "rolePolicyList": [{"policyName": "own", "policyDocument": document.to_string()}]});
    item(OTHER, "global", "AWS::IAM::Role", &format!("AROA{name}"), &arn, configuration)
}

/// The two accounts, with the actions that the key's policy allows to the other.
fn record(haechi: &Haechi, of_key: &[&str]) {
    let trust = |principal: Value| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
    let own = json!([{"Sid": "Build", "Effect": "Allow", "Action": ["ec2:*", "kms:*"], "Resource": "*"}]);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{OWNER}:root")}, "Action": "kms:*", "Resource": "*"},
        {"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{OTHER}:root")}, "Action": of_key, "Resource": "*"}]});
    let configuration = json!({"keyId": "k-1", "arn": KEY, "keyManager": "CUSTOMER", "keyState": "Enabled"});
    let mut key = item(OWNER, "us-east-1", "AWS::KMS::Key", "k-1", KEY, configuration);
    key["supplementaryConfiguration"] = json!({"Policy": policy.to_string(), "Aliases": ["alias/images"], "Grants": [
        {"grantId": "g-1", "granteePrincipal": "arn:aws:iam::999988887777:role/partner", "operations": ["Decrypt"]}]});
    let image = json!({"imageId": "ami-1", "name": "golden", "state": "available", "launchPermissions": [{"userId": OTHER}],
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"snapshotId": "snap-1", "encrypted": true}}]});
    let snapshot = json!({"snapshotId": "snap-1", "encrypted": true, "kmsKeyId": KEY, "state": "completed",
        "createVolumePermissions": []});
    let items = [
        role("builder", &trust(json!({"Service": "ec2.amazonaws.com"})), &own),
        role("vendor", &trust(json!({"AWS": "999988887777"})), &json!([])),
        item(OWNER, "us-east-1", "AWS::EC2::Image", "ami-1", "arn:aws:ec2:us-east-1::image/ami-1", image),
        item(
            OWNER,
            "us-east-1",
            "AWS::EC2::Snapshot",
            "snap-1",
            &format!("arn:aws:ec2:us-east-1:{OWNER}:snapshot/snap-1"),
            snapshot,
        ),
        key,
    ];
    let file = json!({"fileVersion": "1.0", "configSnapshotId": "00000000-0000-0000-0000-000000000001",
        "configurationItems": items});
    std::fs::write(haechi.folder().join("items.json"), file.to_string()).expect("a file");
    haechi.run(&["assess", "items.json", "--quiet", "--fail-on", "never"], 0);
}

fn ask(haechi: &Haechi, arguments: &[&str], code: i32) -> Vec<Value> {
    rows(&haechi.text(&[&["iam", "sharing"], arguments, &["--format", "jsonl"]].concat(), code))
}

#[test]
fn an_encrypted_image_of_another_account() {
    let haechi = Haechi::new();
    record(&haechi, &["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"]);
    let launch = ask(&haechi, &["ami-1", "--with", OTHER, "--may", "launch"], 0);
    assert_eq!((&launch[0]["answer"], &launch[0]["principal"]), (&json!("there"), &json!(BUILDER)));
    let legs = launch[0]["legs"].as_array().expect("legs");
    let decrypt = legs.iter().find(|leg| leg["id"] == "kms-decrypt-key-policy").expect("a leg");
    assert_eq!((&decrypt["because"][0]["sid"], &decrypt["resource"]), (&json!("Use"), &json!(KEY)));
    // The storage is not shared.
    let copy = ask(&haechi, &["golden", "--with", BUILDER, "--may", "copy"], 2);
    assert!(copy.is_empty(), "names are the record's");
    let copy = ask(&haechi, &["ami-1", "--with", BUILDER, "--may", "copy"], 1);
    assert_eq!(copy[0]["missing"], json!(["create-volume-permission"]));
    let all = ask(&haechi, &["ami-1", "--with", OTHER], 1);
    let answers: Vec<&str> = all.iter().filter_map(|row| row["answer"].as_str()).collect();
    assert_eq!(answers, ["there", "missing", "missing", "missing", "missing"]);
    // The account outside is trusted by a grant alone.
    let outside =
        ask(&haechi, &["alias/images", "--with", "arn:aws:iam::999988887777:role/partner", "--may", "decrypt"], 0);
    assert_eq!(outside[0]["answer"], "theirs");
    for wrong in [
        &["ami-9", "--with", OTHER][..],
        &["ami-1", "--with", "lab"],
        &["ami-1", "--with", OTHER, "--may", "dance"],
        &["ami-1", "--with", OTHER, "--may", "encrypt"],
        &["ami-1", "--may", "launch"],
        &["--roles", "--account", "000000000000"],
    ] {
        haechi.run(&[&["iam", "sharing"], wrong].concat(), 2);
    }
}

#[test]
fn what_is_missing_is_named() {
    let haechi = Haechi::new();
    record(&haechi, &["kms:DescribeKey", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"]);
    let launch = ask(&haechi, &["ami-1", "--with", OTHER, "--may", "launch"], 1);
    assert_eq!(launch[0]["missing"], json!(["kms-decrypt-key-policy"]));
    let text = haechi.text(&["iam", "sharing", "ami-1", "--with", OTHER, "--may", "launch"], 1);
    assert!(text.contains("key policy of key/k-1: allow kms:Decrypt to 222233334444"), "{text}");
    for language in ["ko", "ja"] {
        let text = haechi.text(&["iam", "sharing", "ami-1", "--with", OTHER, "--lang", language], 1);
        assert!(text.contains("kms:Decrypt"), "{text}");
    }
}

#[test]
fn what_is_shared_and_with_whom() {
    let haechi = Haechi::new();
    record(&haechi, &["kms:Decrypt"]);
    let shares = ask(&haechi, &[], 0);
    let row = |kind: &str, outsider: &str| {
        shares
            .iter()
            .find(|row| row["resourceType"] == kind && row["outsider"] == outsider)
            .unwrap_or_else(|| panic!("{kind}"))
    };
    assert_eq!(row("AWS::EC2::Image", OTHER)["sources"][0]["type"], "LAUNCH_PERMISSION");
    assert_eq!(row("AWS::KMS::Key", OTHER)["sources"][0]["sid"], "Use");
    let partner = "arn:aws:iam::999988887777:role/partner";
    assert_eq!(row("AWS::KMS::Key", partner)["sources"][0]["type"], "KMS_GRANT");
    assert_eq!(shares.len(), 3);
    assert_eq!(ask(&haechi, &["ami-1"], 0).len(), 1);
    assert_eq!(ask(&haechi, &["--with", "999988887777"], 0).len(), 1);
    assert_eq!(ask(&haechi, &["--with", "333344445555"], 0).len(), 0);
    let roles = ask(&haechi, &["--roles"], 0);
    let edges: Vec<(&str, &str)> =
        roles.iter().filter_map(|row| Some((row["from"].as_str()?, row["answer"].as_str()?))).collect();
    assert_eq!(edges, [("999988887777", "theirs"), ("ec2.amazonaws.com", "yes")]);
    assert_eq!(roles[0]["notes"], json!(["no-external-id"]));
    // External access knows the grant as well.
    let external = rows(&haechi.text(&["iam", "external", "--format", "jsonl"], 1));
    assert!(external.iter().any(|row| row["outsider"] == partner && row["sources"][0]["type"] == "KMS_GRANT"));
}

#[test]
fn the_example_organization() {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("UTF-8"), "--quiet", "--fail-on", "never"], 0);
    let shares = ask(&haechi, &[], 0);
    assert!(shares.iter().any(|row| row["resourceType"] == "AWS::S3::Bucket"), "{shares:?}");
    assert!(!ask(&haechi, &["--roles"], 0).is_empty());
}
