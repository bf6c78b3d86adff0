//! Findings of the engine that knows who may do what: rules that ask it, over the example organization and as a
//! recorder keeps them.

use serde_json::{Value, json};

use crate::history::Recorder;
use crate::support::{Haechi, Moto, workspace};

/// Resources with an open finding of a rule.
fn found(haechi: &Haechi, rule: &str) -> Vec<String> {
    let list =
        haechi.json(&["findings", "list", "--format", "json", "--limit", "0", "--severity", "critical,high,medium"], 0);
    let rows = list["rows"].as_array().unwrap_or_else(|| panic!("{list}"));
    let of_rule = rows.iter().filter(|row| row["rule"] == rule);
    of_rule.map(|row| format!("{} {}", row["resource"], row["arn"])).collect()
}

#[test]
fn the_example_has_findings_of_access() {
    let haechi = Haechi::new();
    haechi
        .run(&["assess", workspace().join("examples/organization").to_str().expect("a path"), "--fail-on", "never"], 0);
    let has = |rule: &str, name: &str| {
        let found = found(&haechi, rule);
        assert!(found.iter().any(|one| one.contains(name)), "{rule} of {name}: {found:?}");
    };
    has("RESOURCE_NO_EXTERNAL_ACCESS", "partner-integration");
    has("RESOURCE_NO_EXTERNAL_ACCESS", "shop-images");
    has("IAM_NO_ESCALATION_PATH", "workshop");
    has("IAM_NO_ESCALATION_PATH", "ci-deploy");
    has("ORGANIZATION_POLICIES_EFFECTIVE", "seoul-only");
    has("IAM_POLICY_VALID", "developers");
    let spared = found(&haechi, "IAM_NO_ESCALATION_PATH");
    assert!(!spared.iter().any(|one| one.contains("feature-team-build")), "its boundary allows no more: {spared:?}");
}

const SETUP: &str = r#"
import json
iam = client('iam')
say = lambda *statements: json.dumps({'Version': '2012-10-17', 'Statement': list(statements)})
iam.create_role(RoleName='pipeline', AssumeRolePolicyDocument=say({'Effect': 'Allow', 'Principal': {'Service': 'lambda.amazonaws.com'}, 'Action': 'sts:AssumeRole'}))
iam.create_user(UserName='builder')
iam.put_user_policy(UserName='builder', PolicyName='own', PolicyDocument=say(
    {'Effect': 'Allow', 'Action': ['iam:PassRole', 'lambda:CreateFunction', 'lambda:InvokeFunction'], 'Resource': '*'}))
"#;

#[test]
fn a_recorder_judges_again_who_asks_about_others() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    moto.statements(SETUP);
    std::fs::create_dir(haechi.folder().join("trail")).expect("a folder");
    let recorder = Recorder::start(&haechi, &["--every", "5s", "--full-every", "1h", "--from", "trail"]);
    recorder.next("full");
    assert_eq!(found(&haechi, "IAM_NO_ESCALATION_PATH"), [""; 0], "the role may do nothing yet");

    // Another role is touched first, so that the account is followed when the one that matters changes.
    let now = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
        haechi_model::Timestamp::from_seconds(now as i64)
    };
    let event = |id: &str, name: &str, request: Value| {
        json!({"Records": [{
            "eventVersion": "1.09", "eventID": id, "eventTime": now(), "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.5", "userAgent": "aws-cli/2", "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/ops", "accountId": "123456789012", "userName": "ops"},
            "requestParameters": request, "responseElements": null, "recipientAccountId": "123456789012", "readOnly": false, "managementEvent": true,
            "eventCategory": "Management", "eventType": "AwsApiCall",
        }]})
    };
    let put = |name: &str, event: &Value| {
        std::fs::write(haechi.folder().join("trail").join(name), event.to_string()).expect("a log")
    };
    moto.statements("client('iam').tag_role(RoleName='pipeline', Tags=[dict(Key='team', Value='core')])");
    put("1.json", &event("1", "TagRole", json!({"roleName": "pipeline"})));
    let listed = recorder.next("listings");
    assert_eq!(listed["listings"]["failed"], 0, "{listed}");
    assert_eq!(found(&haechi, "IAM_NO_ESCALATION_PATH"), [""; 0]);

    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let named = json!({"roleName": "pipeline", "policyName": "all"});
    moto.statements(&format!(
        "client('iam').put_role_policy(RoleName='pipeline', PolicyName='all', PolicyDocument='{everything}')"
    ));
    put("2.json", &event("2", "PutRolePolicy", named.clone()));
    recorder.next("listings");
    let now_open = found(&haechi, "IAM_NO_ESCALATION_PATH");
    assert!(
        now_open.iter().any(|one| one.contains("builder")),
        "the user did not change, and can rise now: {now_open:?}"
    );

    moto.statements("client('iam').delete_role_policy(RoleName='pipeline', PolicyName='all')");
    put("3.json", &event("3", "DeleteRolePolicy", named));
    recorder.next("listings");
    assert_eq!(found(&haechi, "IAM_NO_ESCALATION_PATH"), [""; 0], "it is closed again");
    recorder.end();
}
