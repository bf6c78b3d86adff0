//! `haechi query` over the example organization and over two versions of it: both languages, formats, the past, errors.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

/// The example organization, judged.
fn example() -> Haechi {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("UTF-8"), "--quiet", "--fail-on", "never"], 0);
    haechi
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// The rows of an answer, each as its values.
fn rows(haechi: &Haechi, arguments: &[&str]) -> Vec<Vec<Value>> {
    let output = haechi.run(&[&["query", "--format", "jsonl"], arguments].concat(), 0);
    let lines = text(&output.stdout);
    let values = |line: &str| -> Vec<Value> {
        let row: serde_json::Map<String, Value> = serde_json::from_str(line).expect("JSON");
        row.into_iter().map(|(_, value)| value).collect()
    };
    lines.lines().map(values).collect()
}

/// `text` is refused; `stderr` has these words.
fn refused(haechi: &Haechi, arguments: &[&str], words: &[&str]) {
    let output = haechi.run(&[&["query"], arguments].concat(), 2);
    let stderr = text(&output.stderr);
    for word in words {
        assert!(stderr.contains(word), "{arguments:?}: {stderr}");
    }
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn both_languages_say_the_same_of_the_example_organization() {
    let haechi = example();
    let ours = rows(&haechi, &["SELECT resourceType, COUNT(*) GROUP BY resourceType ORDER BY resourceType"]);
    let sql = rows(&haechi, &["SELECT resourceType, count(*) FROM resources GROUP BY 1 ORDER BY 1"]);
    assert!(ours == sql && ours.len() > 20, "{ours:?} {sql:?}");
    let ours = rows(
        &haechi,
        &[
            "SELECT resourceId, configuration.instanceType WHERE resourceType = 'AWS::EC2::Instance' ORDER BY resourceId",
        ],
    );
    let sql = "SELECT resourceId, configuration ->> 'instanceType' FROM resources
               WHERE resourceType = 'AWS::EC2::Instance' ORDER BY 1";
    assert!(ours == rows(&haechi, &[sql]) && !ours.is_empty());
    let ours = rows(&haechi, &["SELECT COUNT(*) WHERE relationships.resourceType = 'AWS::EC2::VPC'"]);
    let sql = "SELECT count(DISTINCT accountId || awsRegion || resourceType || resourceId) FROM relationships
               WHERE relatedType = 'AWS::EC2::VPC'";
    assert!(ours == rows(&haechi, &[sql]) && ours[0][0] != json!(0));
}

#[test]
fn compliance_is_asked_for_as_in_aws_config() {
    let haechi = example();
    let counts = rows(
        &haechi,
        &["SELECT configuration.complianceType, COUNT(*) WHERE resourceType = 'AWS::Config::ResourceCompliance'
           GROUP BY configuration.complianceType"],
    );
    assert_eq!(counts.len(), 2, "{counts:?}");
    let open = rows(
        &haechi,
        &[
            "SELECT count(DISTINCT accountId || awsRegion || resourceType || resourceId) FROM findings WHERE status = 'open'",
        ],
    );
    assert_eq!(counts.iter().find(|row| row[0] == json!("NON_COMPLIANT")).expect("some")[1], open[0][0]);
    let buckets = rows(
        &haechi,
        &["SELECT configuration.targetResourceId WHERE resourceType = 'AWS::Config::ResourceCompliance'
           AND configuration.targetResourceType = 'AWS::S3::Bucket' AND configuration.complianceType = 'NON_COMPLIANT'
           AND configuration.configRuleList.configRuleName = 's3-bucket-public-read-prohibited'"],
    );
    assert!(!buckets.is_empty());
    // Compliance is no resource of other queries.
    assert_eq!(rows(&haechi, &["SELECT COUNT(*) WHERE resourceId LIKE 'AWS::S3::Bucket/%'"]), [[json!(0)]]);
    refused(
        &haechi,
        &["SELECT resourceId WHERE resourceType = 'AWS::Config::ResourceCompliance'", "--as-of", "1d"],
        &["compliance is kept as it is now"],
    );
}

#[test]
fn conformance_packs_have_a_verdict_for_each_account_and_region() {
    let haechi = Haechi::new();
    let pack = haechi.folder().join("pack.yaml");
    let rules = "Resources:\n  Read:\n    Type: AWS::Config::ConfigRule\n    Properties:\n      ConfigRuleName: my-read\n      Source: {Owner: AWS, SourceIdentifier: S3_BUCKET_PUBLIC_READ_PROHIBITED}\n";
    std::fs::write(&pack, rules).expect("a file");
    let folder = workspace().join("examples/organization");
    let arguments = [folder.to_str().expect("UTF-8"), "--pack", "pack.yaml", "--quiet", "--fail-on", "never"];
    haechi.run(&[&["assess"], &arguments[..]].concat(), 0);
    let packs = rows(
        &haechi,
        &["SELECT resourceId, resourceName, resourceType, configuration.complianceType
           WHERE resourceType = 'AWS::Config::ConformancePackCompliance'"],
    );
    let broken = packs.iter().filter(|row| row[3] == json!("NON_COMPLIANT")).count();
    assert!(broken > 0 && broken < packs.len() && packs.iter().all(|row| row[1] == packs[0][1]), "{packs:?}");
    let named = "SELECT COUNT(*) WHERE resourceType = 'AWS::Config::ResourceCompliance' AND configuration.configRuleList.configRuleName = 'my-read'";
    assert_ne!(rows(&haechi, &[named]), [[json!(0)]]);
}

#[test]
fn the_past_is_asked_in_both_languages() {
    let haechi = Haechi::new();
    let item = |captured: &str, state: &str, env: &str| {
        json!({
            "configurationItemVersion": "1.3", "configurationItemCaptureTime": captured, "configurationItemStatus": "OK",
            "awsAccountId": "111122223333", "awsRegion": "us-east-1", "resourceType": "AWS::EC2::Instance",
            "resourceId": "i-1", "resourceName": env, "ARN": "arn:aws:ec2:us-east-1:111122223333:instance/i-1", "tags": {"env": env},
            "relationships": [], "supplementaryConfiguration": {}, "configuration": {"instanceId": "i-1", "state": {"name": state}},
        })
    };
    for (name, item) in
        [("1", item("2026-11-01T09:00:00Z", "running", "test")), ("2", item("2026-11-03T09:00:00Z", "stopped", "prod"))]
    {
        let file = json!({"fileVersion": "1.0", "configurationItems": [item]});
        std::fs::write(haechi.folder().join(format!("{name}.json")), file.to_string()).expect("a file");
        haechi.run(&["assess", &format!("{name}.json"), "--quiet", "--fail-on", "never"], 0);
    }
    let ours = "SELECT resourceName, configuration.state.name, tags.tag WHERE tags.key = 'env' AND resourceId = 'i-1'";
    let sql =
        "SELECT resourceName, configuration ->> '$.state.name', tags ->> 'env' FROM resources WHERE resourceId = 'i-1'";
    let check = |at: &[&str], expected: Option<(&str, &str)>| {
        let wanted: Vec<Vec<Value>> =
            expected.iter().map(|(env, state)| vec![json!(env), json!(state), json!([format!("env={env}")])]).collect();
        assert_eq!(rows(&haechi, &[&[ours], at].concat()), wanted, "{at:?}");
        let wanted: Vec<Vec<Value>> =
            expected.iter().map(|(env, state)| vec![json!(env), json!(state), json!(env)]).collect();
        assert_eq!(rows(&haechi, &[&[sql], at].concat()), wanted, "{at:?}");
    };
    check(&[], Some(("prod", "stopped")));
    check(&["--as-of", "2026-11-02"], Some(("test", "running")));
    check(&["--as-of", "2026-10-31"], None);
    refused(&haechi, &["SELECT * FROM findings", "--as-of", "2026-11-02"], &["findings are kept as they are now"]);
    refused(&haechi, &["SELECT resourceId", "--as-of", "soon"], &["--as-of"]);
}

#[test]
fn answers_come_in_every_format_and_are_bounded() {
    let haechi = example();
    let some = "SELECT resourceId, tags WHERE resourceType = 'AWS::EC2::Instance'";
    let output = haechi.run(&["query", some, "--limit", "2"], 0);
    let table = text(&output.stdout);
    assert!(table.contains("resourceId") && table.contains("2 rows are shown, and there are more"), "{table}");
    let output = haechi.run(&["query", some, "--limit", "2", "--format", "csv"], 0);
    let (csv, told) = (text(&output.stdout), text(&output.stderr));
    assert!(
        csv.starts_with("resourceId,tags\r\n") && csv.lines().count() == 3 && told.contains("2 rows are shown"),
        "{csv} {told}"
    );
    assert!(csv.contains("\"[{\"\"key\"\""), "{csv}");
    let output = haechi.run(&["query", some, "--format", "json"], 0);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(json["rows"][0]["tags"][0]["key"].is_string(), "{json}");
    let first = rows(&haechi, &[some, "--limit", "2", "--threads", "4"]);
    assert_eq!(first, rows(&haechi, &[some])[..2]);
    let endless = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT max(n) FROM x";
    refused(&haechi, &[endless, "--timeout", "1"], &["stopped after 1 second", "--timeout"]);
}

#[test]
fn the_query_comes_from_a_file_or_stdin() {
    let haechi = example();
    std::fs::write(haechi.folder().join("q.sql"), "-- how many\nSELECT COUNT(*);\n").expect("a file");
    let wanted = rows(&haechi, &["SELECT COUNT(*)"]);
    assert_eq!(rows(&haechi, &["--file", "q.sql"]), wanted);
    let mut child = haechi
        .command(&["query", "-", "--format", "jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("stdin").write_all(b"SELECT COUNT(*)").expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["COUNT(*)"], wanted[0][0]);
    refused(&haechi, &["--file", "nothing.sql"], &["nothing.sql"]);
    refused(&haechi, &["   "], &["there is no query"]);
}

#[test]
fn what_is_wrong_is_shown_at_its_place() {
    let haechi = example();
    refused(&haechi, &["SELECT a WHERE b LIKE '%x'"], &["at least three characters", "1:23", "^^^^", "help:"]);
    refused(&haechi, &["SELECT resourceId AS id WHERE a = 1"], &["has no AS", "FROM resources"]);
    refused(&haechi, &["SELECT nope FROM resources"], &["no such column: nope", "1:8", "^^^^"]);
    refused(&haechi, &["SELECT * FROM h_items"], &["private"]);
    refused(&haechi, &["DELETE FROM resources"], &["cannot be run"]);
    refused(&haechi, &["--advanced", "SELECT x FROM resources"], &["has no FROM"]);
    refused(&haechi, &["--schema", "AWS::EC2::Instanc"], &["AWS::EC2::Instance?"]);
    let warned = haechi
        .run(&["query", "SELECT configuration.instanceTyp, ressourceId WHERE resourceType = 'AWS::EC2::Instance'"], 0);
    let stderr = text(&warned.stderr);
    assert!(
        stderr.contains("did you mean configuration.instanceType?") && stderr.contains("did you mean resourceId?"),
        "{stderr}"
    );
    let plan = text(&haechi.run(&["query", "--explain", "SELECT accountId, COUNT(*) GROUP BY accountId"], 0).stdout);
    assert!(plan.contains("no item is unpacked"), "{plan}");
    let schema = text(&haechi.run(&["query", "--schema"], 0).stdout);
    assert!(
        ["resources", "findings", "accounts", "relationships"].iter().all(|view| schema.contains(view)),
        "{schema}"
    );
}
