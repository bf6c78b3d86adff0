//! The least IAM policy with which everything can be collected.

use std::collections::{BTreeMap, BTreeSet};

use haechi_aws::iam_action;
use serde_json::{Value, json};

use crate::collector::Collectors;

/// An IAM policy that allows the calls of all collectors, and `besides`, on everything: only reads.
/// One statement a service, actions sorted, so that two policies can be compared by eye.
pub fn audit_policy(collectors: &Collectors, besides: impl IntoIterator<Item = String>) -> Value {
    let mut actions: BTreeSet<String> = besides.into_iter().collect();
    actions.insert(iam_action("ec2", "DescribeRegions"));
    for collector in collectors.iter() {
        actions.extend(collector.operations().iter().map(|call| iam_action(&call.service, &call.name)));
    }
    let mut services: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for action in actions {
        let service = action.split(':').next().unwrap_or_default().to_owned();
        services.entry(service).or_default().push(action);
    }
    let statements: Vec<Value> = services
        .into_iter()
        .map(|(service, actions)| json!({"Sid": sid(&service), "Effect": "Allow", "Action": actions, "Resource": "*"}))
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A statement's id may hold letters and digits only.
fn sid(service: &str) -> String {
    let letters = service.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    format!("HaechiReads{}{}", letters[..1.min(letters.len())].to_ascii_uppercase(), &letters[1.min(letters.len())..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_only_reads() {
        let collectors = Collectors::embedded().unwrap();
        let policy = audit_policy(&collectors, ["sts:GetCallerIdentity".to_owned()]);
        let actions: Vec<&str> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .filter_map(Value::as_str)
            .collect();
        for wanted in
            ["s3:ListAllMyBuckets", "s3:GetEncryptionConfiguration", "sts:GetCallerIdentity", "ec2:DescribeVpcs"]
        {
            assert!(actions.contains(&wanted), "{wanted} is missing");
        }
        for action in actions {
            let verb = action.split(':').nth(1).unwrap();
            let reads = ["Get", "List", "Describe", "BatchGet", "BatchDescribe", "Search", "GET"];
            let reads = reads.iter().any(|start| verb.starts_with(start));
            // IAM makes reports on demand; that changes nothing.
            let reports = ["GenerateCredentialReport", "GenerateServiceLastAccessedDetails"].contains(&verb);
            assert!(reads || reports, "{action} does more than read");
        }
        assert_eq!(sid("s3"), "HaechiReadsS3");
    }
}
