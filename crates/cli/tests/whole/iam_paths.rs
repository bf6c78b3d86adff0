//! `haechi iam paths`: over the example organization, and over an account that has escalation paths.

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

const ACCOUNT: &str = "111122223333";

fn item(resource_type: &str, arn: &str, region: &str, configuration: Value) -> Value {
    let name = arn.rsplit(['/', ':']).next().expect("a name");
    json!({"configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-11-20T03:00:00.000Z",
        "configurationItemStatus": "OK", "configurationStateId": 1795143600000_i64, "awsAccountId": ACCOUNT,
        "resourceType": resource_type, "resourceId": name, "resourceName": name, "ARN": arn, "awsRegion": region,
        "tags": {}, "relatedEvents": [], "relationships": [], "configuration": configuration,
        "supplementaryConfiguration": {}})
}

fn policy(statement: Value) -> String {
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn principal(kind: &str, name: &str, statements: &[Value], trust: Option<Value>) -> Value {
    let inline: Vec<Value> = (statements.iter().enumerate())
        .map(|(index, one)| json!({"policyName": format!("own{index}"), "policyDocument": policy(one.clone())}))
        .collect();
    let arn = format!("arn:aws:iam::{ACCOUNT}:{}/{name}", kind.to_lowercase());
    let mut configuration = json!({"arn": arn, "attachedManagedPolicies": []});
    configuration[format!("{}PolicyList", kind.to_lowercase())] = json!(inline);
    if let Some(trust) = trust {
        let text = policy(json!({"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}));
        configuration["assumeRolePolicyDocument"] = json!(text);
    }
    item(&format!("AWS::IAM::{kind}"), &arn, "global", configuration)
}

/// A deployer who may pass an administrator's role to CodeBuild, an operator who may change a function that runs as
/// the deployer's role, and a reader.
fn recorded() -> Haechi {
    let haechi = Haechi::new();
    let all = json!({"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"});
    let pass =
        json!({"Sid": "PassAnything", "Effect": "Allow", "Action": ["iam:PassRole", "codebuild:*"], "Resource": "*"});
    let change = json!({"Sid": "Deploys", "Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": "*"});
    let read = json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"});
    let function = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:deploy");
    let items = json!([
        principal("Role", "builder", &[all], Some(json!({"Service": "codebuild.amazonaws.com"}))),
        principal("Role", "deployer", &[pass], Some(json!({"Service": "lambda.amazonaws.com"}))),
        principal("User", "operator", &[change], None),
        principal("User", "reader", &[read], None),
        item(
            "AWS::Lambda::Function",
            &function,
            "us-east-1",
            json!({"functionName": "deploy",
            "role": format!("arn:aws:iam::{ACCOUNT}:role/deployer")})
        ),
    ]);
    let snapshot = json!({"fileVersion": "1.0", "configSnapshotId": "00000000-0000-0000-0000-000000000001", "configurationItems": items});
    let file = haechi.folder().join("snapshot.json");
    std::fs::write(&file, snapshot.to_string()).expect("the snapshot");
    haechi.run(&["assess", file.to_str().expect("UTF-8"), "--quiet", "--fail-on", "never"], 0);
    haechi
}

fn paths(haechi: &Haechi, arguments: &[&str], code: i32) -> Vec<Value> {
    let text = haechi.text(&[&["iam", "paths"], arguments, &["--format", "jsonl"]].concat(), code);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn the_example_organization_has_a_few() {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("UTF-8"), "--quiet", "--fail-on", "never"], 0);
    let found = paths(&haechi, &[], 1);
    let of = |name: &str| found.iter().find(|path| path["from"].as_str().is_some_and(|from| from.ends_with(name)));
    let deploy = of("user/ci-deploy").expect("it makes keys");
    assert_eq!((&deploy["ids"], &deploy["account"]), (&json!(["iam-002"]), &json!("444455556666")));
    let workshop = of("user/workshop").expect("it passes roles");
    assert_eq!(workshop["steps"][0]["to"], "arn:aws:iam::777788889999:role/pipeline-admin");
    assert!(of("role/feature-team-build").is_none(), "its boundary holds");
    let table = haechi.text(&["iam", "paths"], 1);
    assert!(table.contains("are administrators already"), "{table}");
}

#[test]
fn paths_are_told_with_evidence_and_what_cuts_them() {
    let haechi = recorded();
    let found = paths(&haechi, &[], 1);
    let ids: Vec<String> =
        found.iter().map(|path| format!("{} {}", path["from"].as_str().expect("from"), path["ids"])).collect();
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:{name}");
    assert_eq!(
        ids,
        [
            format!("{} [\"codebuild-001\"]", arn("role/deployer")),
            format!("{} [\"lambda-003\",\"codebuild-001\"]", arn("user/operator")),
        ]
    );
    let last = &found[1]["steps"][1];
    assert_eq!((&last["service"], &last["cut"]["sid"]), (&json!("codebuild.amazonaws.com"), &json!("PassAnything")));
    assert_eq!(last["also"], json!(["codebuild-004"]));
    assert_eq!(found[1]["steps"][0]["target"], json!(format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:deploy")));
    assert!(last["fix"].as_str().expect("a fix").contains("iam:PassedToService"));
    // For people, in their language.
    let table = haechi.text(&["iam", "paths", "--lang", "ko"], 1);
    assert!(table.contains("codebuild-001") && table.contains("확실"), "{table}");
    assert!(paths(&haechi, &["--max-steps", "1"], 1).len() == 1);
    assert!(paths(&haechi, &["--from", &arn("user/reader")], 0).is_empty());
    assert_eq!(paths(&haechi, &["--to", &arn("role/deployer")], 1).len(), 1);
}

#[test]
fn names_that_nobody_has_are_errors() {
    let haechi = recorded();
    for (arguments, says) in [
        (["--from", "arn:aws:iam::111122223333:user/nobody"], "was not recorded"),
        (["--to", "arn:aws:s3:::nothing"], "was not recorded"),
        (["--account", "999999999999"], "was not recorded"),
        (["--max-steps", "0"], "between 1 and 32"),
        (["--format", "sarif"], "sarif"),
    ] {
        let output = haechi.run(&[&["iam", "paths"], &arguments[..]].concat(), 2);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(says), "{text}");
    }
}
