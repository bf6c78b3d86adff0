//! The whole program against a mock AWS API: verdicts by the seed's manifest, a second run after changes, faults.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{DENIED_EC2, DENIED_S3, Fault, Haechi, Moto, Proxy};
use serde_json::Value;

/// Open findings by rule: the resources' ids and names.
fn open_findings(report: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in report["findings"].as_array().expect("findings").iter().filter(|finding| finding["status"] == "open")
    {
        let of_rule = found.entry(finding["rule"].as_str().expect("rule").to_owned()).or_default();
        let subject = &finding["subject"];
        // People (and the manifest) call some resources by name and others by id.
        of_rule.extend(
            ["resourceId", "resourceName"].iter().filter_map(|name| subject[*name].as_str().map(str::to_owned)),
        );
    }
    found
}

fn judged(report: &Value, rule: &str) -> (u64, u64) {
    let lines = report["evaluations"]["by"].as_array().expect("evaluations");
    let of_rule = lines.iter().filter(|line| line["rule"] == rule);
    of_rule.fold((0, 0), |(good, bad), line| {
        (good + line["compliant"].as_u64().unwrap_or(0), bad + line["nonCompliant"].as_u64().unwrap_or(0))
    })
}

#[test]
fn every_rule_finds_exactly_what_the_manifest_says() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let manifest = haechi.folder().join("manifest.json");
    moto.python("xtask/python/seed_moto.py", &["--manifest", manifest.to_str().expect("a path")]);
    let manifest: Value = serde_json::from_slice(&std::fs::read(&manifest).expect("a manifest")).expect("JSON");
    let report = haechi.json(&["assess", "--region", "us-east-1", "--format", "json"], 1);
    let found = open_findings(&report);
    let mut wrong = Vec::new();
    let rules = manifest["rules"].as_object().expect("rules");
    assert!(rules.len() >= 35, "the manifest speaks of {} rules", rules.len());
    for (rule, expected) in rules {
        let list = |name: &str| -> BTreeSet<String> {
            expected[name].as_array().expect("a list").iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
        };
        let (bad, all) = (list("nonCompliant"), list("judged"));
        let said = found.get(rule).cloned().unwrap_or_default();
        let missing: Vec<_> = bad.difference(&said).collect();
        let too_many: Vec<_> = all.difference(&bad).filter(|good| said.contains(*good)).collect();
        let (good_count, bad_count) = judged(&report, rule);
        if !missing.is_empty()
            || !too_many.is_empty()
            || bad_count != bad.len() as u64
            || good_count + bad_count != all.len() as u64
        {
            wrong.push(format!(
                "{rule}: missing {missing:?}, too many {too_many:?}, {bad_count} of {} judged noncompliant; expected {} of {}",
                good_count + bad_count,
                bad.len(),
                all.len()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let secrets = haechi.text(&["resources", "show", "function-0"], 0);
    assert!(!secrets.contains("hunter2supersecret"), "environment variables are redacted before they are stored");
}

#[test]
fn a_second_run_tells_new_fixed_deleted_and_incomplete_apart() {
    let Some(moto) = Moto::start() else { return };
    let proxy = Proxy::start(&moto.endpoint);
    let haechi = Haechi::at(&proxy.endpoint);
    moto.statements(
        "s3, ec2, rds = client('s3'), client('ec2'), client('rds')\n\
         for name in ('fixed-later', 'deleted-later', 'stays'): s3.create_bucket(Bucket=name)\n\
         vpc = ec2.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId']\n\
         group = ec2.create_security_group(GroupName='open', Description='x', VpcId=vpc)['GroupId']\n\
         ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}])\n\
         rds.create_db_instance(DBInstanceIdentifier='db', DBInstanceClass='db.t3.micro', Engine='mysql', AllocatedStorage=20, MasterUsername='seed', MasterUserPassword='pw123456789', PubliclyAccessible=True)\n",
    );
    let assess = ["assess", "--region", "us-east-1", "--format", "json"];
    let first = haechi.json(&assess, 1);
    assert_eq!(first["comparison"], Value::Null, "there is no run before the first");
    assert!(open_findings(&first)["INCOMING_SSH_DISABLED"].contains("open"));

    moto.statements(
        "s3 = client('s3')\n\
         s3.put_bucket_versioning(Bucket='fixed-later', VersioningConfiguration={'Status': 'Enabled'})\n\
         s3.delete_bucket(Bucket='deleted-later')\n\
         s3.create_bucket(Bucket='new-bucket')\n",
    );
    // Security groups and databases can't be listed any more; the policy of one bucket can't be read.
    proxy.set(&[
        Fault { marker: "Action=DescribeSecurityGroups", status: "403 Forbidden", body: DENIED_EC2 },
        Fault { marker: "Action=DescribeDBInstances", status: "403 Forbidden", body: DENIED_EC2 },
        Fault { marker: "GET /stays?policy", status: "403 Forbidden", body: DENIED_S3 },
    ]);
    let second = haechi.json(&assess, 1);
    let of = |rule: &str, resource: &str| -> Value {
        let all = second["findings"].as_array().expect("findings");
        let found =
            all.iter().find(|finding| finding["rule"] == rule && finding["subject"]["resourceName"] == resource);
        found.cloned().unwrap_or_else(|| panic!("no finding of {rule} on {resource}"))
    };
    let fixed = of("S3_BUCKET_VERSIONING_ENABLED", "fixed-later");
    assert_eq!((&fixed["status"], &fixed["because"]), (&Value::from("resolved"), &Value::from("fixed")));
    let deleted = of("S3_BUCKET_VERSIONING_ENABLED", "deleted-later");
    assert_eq!((&deleted["status"], &deleted["because"]), (&Value::from("resolved"), &Value::from("deleted")));
    assert_eq!(of("S3_BUCKET_VERSIONING_ENABLED", "new-bucket")["change"], "new");
    assert_eq!(of("S3_BUCKET_VERSIONING_ENABLED", "stays")["change"], "still");
    // What can't be seen is neither fixed nor deleted.
    assert_eq!(of("INCOMING_SSH_DISABLED", "open")["status"], "open");
    assert_eq!(of("RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "db")["status"], "open");
    assert_eq!(of("S3_BUCKET_SSL_REQUESTS_ONLY", "stays")["status"], "open", "its policy could not be read: not fixed");
    let comparison = &second["comparison"];
    for (name, least) in [("new", 1), ("fixed", 1), ("deleted", 1), ("still", 1), ("unknown", 2)] {
        assert!(comparison[name].as_u64() >= Some(least), "{name}: {comparison}");
    }
    let incomplete = second["coverage"]["incomplete"].as_array().expect("incomplete");
    let denied = incomplete.iter().find(|line| line["resourceType"] == "AWS::EC2::SecurityGroup").expect("a line");
    assert_eq!(
        (&denied["state"], &denied["missingAction"]),
        (&Value::from("failed"), &Value::from("ec2:DescribeSecurityGroups"))
    );

    // --strict makes what is incomplete an error; --since last leaves out what is still there.
    haechi.run(&["assess", "--region", "us-east-1", "--strict", "--fail-on", "never"], 2);
    proxy.set(&[]);
    let third = haechi.json(&["assess", "--region", "us-east-1", "--since", "last", "--format", "json"], 1);
    let all = third["findings"].as_array().expect("findings");
    assert!(all.iter().all(|finding| finding["change"] != "still"), "only what changed");
    // The mock lacks whole services: what it does not answer stays incomplete.
    let incomplete = third["coverage"]["incomplete"].as_array().expect("incomplete");
    assert!(incomplete.iter().all(|line| line["resourceType"] != "AWS::EC2::SecurityGroup"), "{incomplete:?}");
}

#[test]
fn credentials_that_do_not_work_are_said_so() {
    let haechi = Haechi::new();
    let output = haechi.run(&["assess", "--region", "us-east-1"], 2);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("error: the account could not be reached") && text.contains("help: "), "{text}");
}

/// Keys in the environment are another account's: a profile that was named is judged, or nothing is.
#[test]
fn a_named_profile_is_never_replaced_by_keys_of_the_environment() {
    let haechi = Haechi::new();
    let output = haechi
        .command(&["assess", "--profile", "nope"])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .output()
        .expect("the program runs");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("nope") && !error.contains("Connect"), "{error}");
}
