//! Every question of who may do what, asked of the example organization and of a mock organization that was recorded
//! from its API.

use serde_json::{Value, json};

use crate::support::{Haechi, Moto, workspace};

/// Who is asked about in one of the organizations.
struct Asked<'a> {
    haechi: &'a Haechi,
    /// Somebody who passes an administrator's role.
    climber: String,
    administrator: String,
    /// A bucket that everybody reads.
    bucket: String,
    /// An image with the account that it is shared with, and what is missing there.
    image: String,
    with: String,
    missing: &'a [&'a str],
    /// A person, and in how many accounts they are.
    person: &'a str,
    accounts: usize,
    /// An account that no guardrail keeps from it.
    unit: &'a str,
    logs: &'a str,
    user: String,
}

fn rows(haechi: &Haechi, arguments: &[&str], code: i32) -> Vec<Value> {
    let text = haechi.text(&[arguments, &["--format", "jsonl"]].concat(), code);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn check(asked: &Asked<'_>) {
    let haechi = asked.haechi;
    let decided = haechi.json(
        &[
            "iam",
            "simulate",
            "--principal",
            &asked.climber,
            "--action",
            "iam:PassRole",
            "--resource",
            &asked.administrator,
            "--format",
            "json",
        ],
        0,
    );
    assert_eq!((&decided["decision"], &decided["decidable"]), (&json!("Allowed"), &json!(true)));
    let object = format!("{}/x", asked.bucket);
    let who = rows(haechi, &["iam", "who-can", "s3:GetObject", &object], 0);
    assert!(who.iter().any(|row| row["kind"] == "everyone" && row["answer"] == "yes"), "{who:?}");
    let what = rows(haechi, &["iam", "what-can", &asked.climber, "--service", "lambda"], 0);
    assert!(what.iter().any(|row| row["action"] == "lambda:CreateFunction"), "{what:?}");
    let open = rows(haechi, &["iam", "external"], 1);
    assert!(open.iter().any(|row| row["resource"] == asked.bucket && row["isPublic"] == true), "{open:?}");
    let paths = rows(haechi, &["iam", "paths"], 1);
    let climbs = |path: &&Value| path["from"] == asked.climber;
    let path = paths.iter().find(climbs).unwrap_or_else(|| panic!("{paths:?}"));
    assert_eq!((&path["to"], &path["ids"]), (&json!(asked.administrator), &json!(["lambda-001"])));

    // The worked example: the image may be launched, or what is missing is named.
    let code = i32::from(!asked.missing.is_empty());
    let sharing = ["iam", "sharing", &asked.image, "--with", &asked.with, "--may", "launch"];
    let legs = rows(haechi, &sharing, code);
    assert_eq!(legs[0]["missing"], json!(asked.missing), "{legs:#?}");
    assert!(
        rows(haechi, &["iam", "sharing"], 0)
            .iter()
            .any(|row| row["resource"].as_str().is_some_and(|arn| arn.ends_with(&asked.image)))
    );
    let roles = rows(haechi, &["iam", "sharing", "--roles"], 0);
    assert!(roles.iter().any(|row| row["role"] == asked.administrator), "{roles:?}");

    let unused = haechi.command(&["iam", "unused", "--days", "1", "--format", "jsonl"]).output().expect("it runs");
    assert!(unused.status.code().is_some_and(|code| code < 2), "{unused:?}");
    let policy = haechi.text(&["iam", "generate", &asked.user, asked.logs], 0);
    let policy: Value = serde_json::from_str(&policy).expect("a policy");
    assert!(policy["Statement"].as_array().is_some_and(|statements| !statements.is_empty()), "{policy}");

    let access = rows(haechi, &["org", "access", asked.person], 0);
    assert_eq!(access.len(), asked.accounts, "{access:?}");
    assert!(access.iter().any(|row| row["level"] == "administrator"), "{access:?}");
    haechi.run(&["org", "access", "review", "--fail-on", "never"], 0);
    let tree = haechi.json(&["org", "policies", "--format", "json"], 0);
    assert!(tree["nodes"].as_array().is_some_and(|nodes| nodes.len() > 6), "{tree}");
    std::fs::write(
        haechi.folder().join("deny.json"),
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":"lambda:CreateFunction","Resource":"*"}]}"#,
    )
    .expect("a file");
    let changed = haechi.json(&["org", "whatif", "--attach", "deny.json", "--to", asked.unit, "--format", "json"], 0);
    assert!(changed["access"].as_array().is_some_and(|changes| !changes.is_empty()), "{changed}");

    // And all of it as findings.
    let found = haechi
        .json(&["findings", "list", "--format", "json", "--limit", "0", "--severity", "critical,high,medium,low"], 0);
    for (rule, arn) in [("IAM_NO_ESCALATION_PATH", &asked.climber), ("RESOURCE_NO_EXTERNAL_ACCESS", &asked.bucket)] {
        let is_it = |row: &Value| row["rule"] == rule && row["arn"] == **arn;
        assert!(found["rows"].as_array().expect("rows").iter().any(is_it), "{rule} of {arn}");
    }
}

#[test]
fn the_example_organization_answers() {
    let haechi = Haechi::new();
    let example = workspace().join("examples/organization");
    let example = example.to_str().expect("UTF-8");
    haechi.run(&["assess", example, "--quiet", "--fail-on", "never"], 0);
    let images = rows(&haechi, &["resources", "list", "--type", "AWS::EC2::Image"], 0);
    check(&Asked {
        haechi: &haechi,
        climber: "arn:aws:iam::777788889999:user/workshop".to_owned(),
        administrator: "arn:aws:iam::777788889999:role/pipeline-admin".to_owned(),
        bucket: "arn:aws:s3:::shop-images".to_owned(),
        image: images[0]["resourceId"].as_str().expect("an id").to_owned(),
        with: "777788889999".to_owned(),
        missing: &["kms-create-grant-key-policy"],
        person: "ops-lead",
        accounts: 4,
        unit: "Root/Sandbox",
        logs: example,
        user: "arn:aws:iam::444455556666:user/ci-deploy".to_owned(),
    });
}

#[test]
fn a_recorded_organization_answers() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let file = haechi.folder().join("manifest.json");
    let path = file.to_str().expect("a path");
    for step in ["first", "access"] {
        moto.python("xtask/python/seed_organization.py", &["--step", step, "--manifest", path]);
    }
    let manifest: Value = serde_json::from_slice(&std::fs::read(&file).expect("a manifest")).expect("JSON");
    haechi.run(&["record", "--org", "--region", "us-east-1", "--fail-on", "never"], 0);
    let account = |name: &str| manifest["accounts"][name]["id"].as_str().expect("an account").to_owned();
    let image = |name: &str| manifest["access"]["images"][name]["image"].as_str().expect("an image").to_owned();
    let (playground, data) = (account("playground"), account("data"));
    let event = json!({"Records": [{
        "eventVersion": "1.09", "eventID": "1", "eventTime": "2026-11-20T03:00:00Z", "eventSource": "lambda.amazonaws.com", "eventName": "CreateFunction20150331",
        "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.5", "userAgent": "aws-cli/2", "requestParameters": {"functionName": "one"}, "responseElements": null,
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{playground}:user/builder"), "accountId": playground, "userName": "builder"},
        "recipientAccountId": playground, "readOnly": false, "managementEvent": true, "eventCategory": "Management", "eventType": "AwsApiCall",
    }]});
    std::fs::write(haechi.folder().join("trail.json"), event.to_string()).expect("a log");
    let asked = Asked {
        haechi: &haechi,
        climber: format!("arn:aws:iam::{playground}:user/builder"),
        administrator: format!("arn:aws:iam::{playground}:role/pipeline"),
        bucket: "arn:aws:s3:::shop-prod-records".to_owned(),
        image: image("golden"),
        with: format!("arn:aws:iam::{data}:user/data-robot"),
        missing: &[],
        person: "operator",
        accounts: 1,
        unit: "Root/Sandbox",
        logs: "trail.json",
        user: format!("arn:aws:iam::{playground}:user/builder"),
    };
    check(&asked);
    // The mock forgets which key an image and its snapshot are encrypted with: the keys are asked about themselves.
    let decrypt = |name: &str, code: i32| {
        let key = manifest["access"]["images"][name]["key"].as_str().expect("a key");
        rows(&haechi, &["iam", "sharing", key, "--with", &asked.with, "--may", "decrypt"], code)
    };
    let good = decrypt("golden", 0);
    assert!(good[0]["legs"].as_array().is_some_and(|legs| legs.len() > 3), "{good:#?}");
    let legs = decrypt("locked", 1);
    let lacking = legs[0]["missing"].as_array().expect("a list");
    let of_the_key =
        |leg: &Value| leg.as_str().is_some_and(|leg| leg.starts_with("kms-") && leg.ends_with("-key-policy"));
    assert!(!lacking.is_empty() && lacking.iter().all(of_the_key), "{lacking:?}");
}
