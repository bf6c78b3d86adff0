//! `haechi iam unused` and `haechi iam generate`: over the example organization, its logs, and an account of a mock AWS.

use serde_json::{Value, json};

use crate::support::{Haechi, Moto, workspace};

const SHOP: &str = "444455556666";

/// The example organization recorded, and the folder of its logs.
fn scene() -> (Haechi, String) {
    let haechi = Haechi::new();
    let example = workspace().join("examples/organization").to_str().expect("UTF-8").to_owned();
    haechi.run(&["assess", &example, "--quiet", "--fail-on", "never"], 0);
    (haechi, example)
}

fn rows(haechi: &Haechi, arguments: &[&str], code: i32) -> Vec<Value> {
    let text = haechi.text(&[&["iam", "unused"], arguments, &["--format", "jsonl"]].concat(), code);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn roles_keys_and_passwords_of_the_example() {
    let (haechi, _) = scene();
    let found = rows(&haechi, &["--as-of", "2026-11-22"], 1);
    let of = |name: &str, kind: &str| {
        let is_it = |row: &&Value| row["name"] == *name && row["findingType"] == *kind;
        found.iter().find(is_it).unwrap_or_else(|| panic!("{kind} of {name}"))
    };
    let key = of("invoice-export", "UnusedIAMUserAccessKey");
    assert_eq!((&key["resourceType"], &key["resourceOwnerAccount"]), (&json!("AWS::IAM::User"), &json!(SHOP)));
    let details = &key["findingDetails"][0]["unusedIamUserAccessKeyDetails"];
    assert!(details["accessKeyId"].as_str().is_some_and(|id| id.starts_with("AKIA")), "{key}");
    assert_eq!((&details["lastAccessed"], &key["fix"]), (&key["lastAccessed"], &json!("deactivate-key")));
    let role = of("report-2024", "UnusedIAMRole");
    assert_eq!((&role["answer"], &role["fix"]), (&json!("unused"), &json!("delete-role")));
    assert_eq!(of("workshop", "UnusedIAMUserPassword")["lastUsed"], "never");
    assert!(found.iter().all(|row| !row["resource"].as_str().expect("an ARN").contains("aws-service-role/")));
    // A longer period finds less, and filters leave out the rest.
    assert!(rows(&haechi, &["--as-of", "2026-11-22", "--days", "365"], 1).len() < found.len());
    let keys = rows(&haechi, &["--as-of", "2026-11-22", "--type", "key", "--account", SHOP], 1);
    assert_eq!(keys.len(), 1);
    assert_eq!(rows(&haechi, &["--as-of", "2026-11-22", "--type", "key", "--except-account", SHOP], 1).len(), 2);
    for (language, words) in [("en", "access key"), ("ko", "액세스 키"), ("ja", "アクセスキー")] {
        let table = haechi.text(&["iam", "unused", "--as-of", "2026-11-22", "--lang", language], 1);
        assert!(table.contains(words) && table.contains("invoice-export"), "{table}");
    }
    haechi.run(&["iam", "unused", "--days", "0"], 2);
    haechi.run(&["iam", "unused", "--days", "366"], 2);
    haechi.run(&["iam", "unused", "--type", "group"], 2);
}

#[test]
fn permissions_by_the_logs_of_the_example() {
    let (haechi, logs) = scene();
    let month = ["--as-of", "2026-11-21", "--days", "28", "--type", "permission", "--logs", &logs];
    let found = rows(&haechi, &month, 1);
    let deploy = found.iter().find(|row| row["name"] == "ci-deploy").expect("it");
    assert_eq!((&deploy["answer"], &deploy["findingType"]), (&json!("unused"), &json!("UnusedPermission")));
    let services = deploy["findingDetails"].as_array().expect("services");
    let service = |name: &str| {
        let details = services.iter().map(|one| &one["unusedPermissionDetails"]);
        details.into_iter().find(|one| one["serviceNamespace"] == *name)
    };
    // Of a service that is used otherwise its actions are named, of another only the service.
    assert_eq!(service("cloudformation"), Some(&json!({"serviceNamespace": "cloudformation"})));
    let lambda = service("lambda").expect("lambda")["actions"].as_array().expect("actions");
    let named = |action: &str| lambda.iter().any(|one| one["action"] == *action);
    assert!(named("lambda:DeleteFunction") && !named("lambda:UpdateFunctionCode"), "{lambda:?}");
    // The log has no data events of Lambda.
    assert!(!named("lambda:InvokeFunction"));
    let unseen = deploy["unseenActions"].as_array().expect("actions");
    assert!(unseen.contains(&json!({"action": "lambda:InvokeFunction", "because": "no-data-events"})), "{unseen:?}");
    assert!(!deploy["statements"].as_array().expect("statements").is_empty());
    // The logs are of a month: of a longer period nothing is said.
    let longer = ["--as-of", "2026-11-21", "--type", "permission", "--logs", &logs];
    assert!(rows(&haechi, &longer, 0).is_empty());
    let all = rows(&haechi, &[&longer[..], &["--all"]].concat(), 0);
    assert!(all.iter().all(|row| row["answer"] == "unknown:short-logs" || row["answer"] == "unknown:no-logs"));
    assert!(all.len() > 20);
    // A log that cannot be read leaves everything open.
    std::fs::write(haechi.folder().join("bad.json"), "{\"Records\": [{\"eventVersion\"").expect("written");
    haechi.run(&["iam", "unused", "--logs", &logs, "bad.json", "--days", "28", "--as-of", "2026-11-21"], 2);
}

#[test]
fn a_policy_of_what_the_example_used() {
    let (haechi, logs) = scene();
    let arn = format!("arn:aws:iam::{SHOP}:user/ci-deploy");
    let text = haechi.text(&["iam", "generate", &arn, &logs], 0);
    assert!(
        text.starts_with("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {") && text.ends_with("\n}\n"),
        "{text}"
    );
    let policy: Value = serde_json::from_str(&text).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements");
    let put = statements.iter().find(|one| one["Action"] == "s3:PutObject").expect("it");
    assert_eq!(put["Resource"], "arn:aws:s3:::shop-artifacts-prod/builds/*");
    std::fs::write(haechi.folder().join("policy.json"), &text).expect("written");
    haechi.run(&["iam", "lint", "policy.json"], 0);
    let exact = haechi.text(&["iam", "generate", &arn, &logs, "--resources", "exact"], 0);
    assert!(exact.contains("shop-artifacts-prod/builds/") && !exact.contains("builds/*"), "{exact}");
    let any = haechi.text(&["iam", "generate", &arn, &logs, "--resources", "any"], 0);
    assert!(!any.contains("arn:aws:s3") && any.len() < exact.len());
    let document = haechi.json(&["iam", "generate", &arn, &logs, "--compare", "--format", "json"], 0);
    assert_eq!((&document["schema"], &document["policies"][0]), (&json!("haechi.iam-generate/1"), &policy));
    let has = |list: &Value, action: &str| list.as_array().expect("a list").contains(&json!(action));
    let comparison = &document["comparison"];
    assert!(
        has(&comparison["taken"], "lambda:DeleteFunction") && !has(&comparison["taken"], "lambda:UpdateFunctionCode")
    );
    assert!(has(&comparison["narrowed"], "s3:PutObject"));
    assert!(
        has(&document["coverage"]["dataEventsNotLogged"], "lambda") && has(&document["coverage"]["dataEventsOf"], "s3")
    );
    assert_eq!(document["coverage"]["denied"]["guardduty:ListDetectors"], 1);
    // Of a later time there is nothing.
    let none = ["iam", "generate", &arn, &logs, "--since", "2026-11-22"];
    assert_eq!(haechi.text(&none, 1), "");
    haechi.run(&["iam", "generate", "ci-deploy", &logs], 2);
    haechi.run(&["iam", "generate", &arn, "no-such-folder"], 2);
    haechi.run(&["iam", "generate", &format!("arn:aws:iam::{SHOP}:user/nobody"), &logs, "--compare"], 2);
    haechi.run(&["iam", "generate", &arn, &logs, "--format", "yaml"], 2);
}

#[test]
fn what_is_recorded_of_an_account_tells_last_uses() {
    let Some(moto) = Moto::start() else { return };
    moto.statements(
        "iam = client('iam')\n\
         iam.create_role(RoleName='app', AssumeRolePolicyDocument='{\"Version\":\"2012-10-17\",\"Statement\":[]}')\n\
         iam.create_user(UserName='mina')\n\
         iam.create_access_key(UserName='mina')\n\
         iam.create_login_profile(UserName='mina', Password='Correct-horse-1')\n",
    );
    let haechi = Haechi::at(&moto.endpoint);
    let principals = ["--type", "AWS::IAM::User", "--type", "AWS::IAM::Role"];
    haechi.run(&[&["record", "--region", "us-east-1", "--no-judge", "--quiet"], &principals[..]].concat(), 0);
    // All of it was made just now: nothing has had the time to be unused.
    let all = rows(&haechi, &["--all"], 0);
    assert!(all.is_empty(), "{all:?}");
}
