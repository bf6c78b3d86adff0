//! Real calls of a real attack simulation, with the accounts placed in a made-up organization.

use std::path::PathBuf;

use haechi_access::whatif::Class;
use serde_json::{Value, json};

use super::replayed::*;
use crate::made::*;

pub fn records() -> Option<Vec<Value>> {
    let folder = PathBuf::from(std::env::var_os("HAECHI_CORPUS")?).join("cloudtrail");
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder).ok()? {
        let bytes = std::fs::read(entry.ok()?.path()).ok()?;
        let document: Value = serde_json::from_slice(&bytes).ok()?;
        records.extend(document["Records"].as_array()?.iter().cloned());
    }
    Some(records)
}

#[test]
fn a_policy_that_would_break_a_real_caller_is_caught() {
    const LAB: &str = "123837392027";
    let Some(records) = records() else { return };
    assert!(records.len() > 2500, "{}", records.len());
    let mut items = Items::organization();
    items.account(LAB, "attack-lab", "ou-work");
    items.0.iter_mut().find(|item| item["resourceId"] == "p-FullAWSAccess").expect("it")["configuration"]["TargetIds"]
        .as_array_mut()
        .expect("targets")
        .push(json!(LAB));
    let world = items.world();
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Sid": "NoSecrets", "Effect": "Deny",
        "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameter*"], "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/benjamin"}}}]});
    let tally = replayed(&whatif(&world, vec![attach(&policy, "ou-work")]), &records);
    assert_eq!(tally.events(), records.len() as u64, "every event is in one class");
    // Counted by hand: what bert-jan called, and what was not throttled or refused then.
    let count = |source: &str, begins: &str| {
        let is_it = |record: &&Value| {
            record["eventSource"] == *source
                && record["eventName"].as_str().is_some_and(|name| name.starts_with(begins))
                && record["userIdentity"]["arn"].as_str().is_some_and(|arn| !arn.ends_with("/benjamin"))
                && record["eventType"] == "AwsApiCall"
                && record["errorCode"] != "AccessDenied"
        };
        records.iter().filter(is_it).count() as u64
    };
    let expected = count("secretsmanager.amazonaws.com", "GetSecretValue") + count("ssm.amazonaws.com", "GetParameter");
    assert!(expected > 100);
    assert_eq!(tally.of_class(Class::Denied), expected);
    let named: Vec<_> = tally.calls().filter(|(call, _)| call.class == Class::Denied).collect();
    assert!(named.iter().all(|(call, _)| &*call.principal != "arn:aws:iam::123837392027:user/benjamin"));
    let secrets = named.iter().find(|(call, _)| &*call.action == "secretsmanager:GetSecretValue").expect("the secrets");
    assert_eq!(&*secrets.0.principal, "arn:aws:iam::123837392027:user/bert-jan");
    assert_eq!(secrets.1.examples.len(), 3);
    assert!(tally.of_class(Class::NoPermission) > 0 && tally.of_class(Class::Service) > 0);
    assert!(tally.of_class(Class::ServiceLinkedRole) > 0 && tally.of_class(Class::DeniedInLog) > 0);
    // A region limit: all calls of the record are in us-east-1.
    let region = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"],
        "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}]});
    let tally = replayed(&whatif(&world, vec![attach(&region, "ou-work")]), &records);
    assert_eq!(tally.events(), records.len() as u64);
    let elsewhere = |record: &&Value| record["awsRegion"] != "us-east-1";
    assert!(tally.of_class(Class::Denied) <= records.iter().filter(elsewhere).count() as u64);
    assert_eq!(tally.of_class(Class::Undecided), 0);
}
