//! Every operation against a moto server at `HAECHI_MOTO`: answers that exist must be readable.

use std::collections::BTreeMap;

use haechi_aws::{Api as _, ApiError, Client, Credentials, ErrorKind, only_reads, operations};
use serde_json::{Value, json};

/// Where the value of an input member comes from: the first of a listing, or a text as it is.
enum From {
    Listing(&'static str, &'static str, &'static str),
    Text(&'static str),
}
use From::{Listing, Text};

/// How to fill the inputs that have no default, by service and member.
fn source(service: &str, operation: &str, member: &str) -> Option<From> {
    Some(match (service, member) {
        ("iam", "UserName") => Listing("iam", "ListUsers", "/Users/0/UserName"),
        ("iam", "RoleName") => Listing("iam", "ListRoles", "/Roles/0/RoleName"),
        ("iam", "GroupName") => Listing("iam", "ListGroups", "/Groups/0/GroupName"),
        ("iam", "PolicyArn") => Listing("iam", "ListPolicies", "/Policies/0/Arn"),
        ("iam", "VersionId") => Text("v1"),
        ("iam", "PolicyName") => Text("inline"),
        ("iam", "AccessKeyId") => Text("AKIAIOSFODNN7EXAMPLE"),
        ("s3", "Bucket") => Listing("s3", "ListBuckets", "/Buckets/0/Name"),
        ("s3", "Key") => Text("no such key"),
        ("s3control", "AccountId") => Text("123456789012"),
        ("sts", "RoleArn") => Text("arn:aws:iam::123456789012:role/any"),
        ("sts", "RoleSessionName") => Text("haechi"),
        ("ec2", "InstanceId") => Listing("ec2", "DescribeInstances", "/Reservations/0/Instances/0/InstanceId"),
        ("ec2", "SnapshotId") => Listing("ec2", "DescribeSnapshots", "/Snapshots/0/SnapshotId"),
        ("ec2", "VpcId") => Listing("ec2", "DescribeVpcs", "/Vpcs/0/VpcId"),
        ("ec2", "Attribute") => Text(match operation {
            "DescribeInstanceAttribute" => "disableApiTermination",
            "DescribeSnapshotAttribute" => "createVolumePermission",
            _ => "enableDnsSupport",
        }),
        ("rds", "ResourceName") => Listing("rds", "DescribeDBInstances", "/DBInstances/0/DBInstanceArn"),
        ("rds", "DBSnapshotIdentifier") => Listing("rds", "DescribeDBSnapshots", "/DBSnapshots/0/DBSnapshotIdentifier"),
        ("cloudtrail", "Name" | "TrailName") => Listing("cloudtrail", "DescribeTrails", "/trailList/0/TrailARN"),
        ("kms", "KeyId") => Listing("kms", "ListKeys", "/Keys/0/KeyId"),
        ("lambda", "FunctionName") => Listing("lambda", "ListFunctions", "/Functions/0/FunctionName"),
        ("lambda", "LayerName") => Listing("lambda", "ListLayers", "/Layers/0/LayerName"),
        ("lambda", "VersionNumber") => Listing("lambda", "ListLayers", "/Layers/0/LatestMatchingVersion/Version"),
        ("lambda", "Resource") => Listing("lambda", "ListFunctions", "/Functions/0/FunctionArn"),
        ("elbv2", "LoadBalancerArn") => Listing("elbv2", "DescribeLoadBalancers", "/LoadBalancers/0/LoadBalancerArn"),
        ("guardduty", "DetectorId") => Listing("guardduty", "ListDetectors", "/DetectorIds/0"),
        ("organizations", "ParentId" | "ResourceId") => Listing("organizations", "ListRoots", "/Roots/0/Id"),
        ("organizations", "ChildId") => Listing("organizations", "ListAccounts", "/Accounts/0/Id"),
        ("organizations", "PolicyId") => Text("p-FullAWSAccess"),
        ("organizations", "Filter") => Text("SERVICE_CONTROL_POLICY"),
        ("account", "AlternateContactType") => Text("SECURITY"),
        ("sns", "TopicArn") => Listing("sns", "ListTopics", "/Topics/0/TopicArn"),
        _ => return None,
    })
}

/// The input members that each operation needs here.
fn needed(service: &str, operation: &str) -> &'static [&'static str] {
    match (service, operation) {
        ("iam", "GetUserPolicy") => &["UserName", "PolicyName"],
        ("iam", "GetGroupPolicy") => &["GroupName", "PolicyName"],
        ("iam", "GetRolePolicy") => &["RoleName", "PolicyName"],
        ("iam", "GetPolicyVersion") => &["PolicyArn", "VersionId"],
        ("iam", "GetAccessKeyLastUsed") => &["AccessKeyId"],
        ("iam", "ListEntitiesForPolicy") => &["PolicyArn"],
        ("iam", "ListVirtualMFADevices") => &[],
        ("iam", name) if name.ends_with("ListGroups") || name == "ListUsers" => &[],
        ("iam", name) if name.contains("User") || name == "GetLoginProfile" => &["UserName"],
        ("iam", name) if name.contains("ForRole") || name.contains("RoleP") => &["RoleName"],
        ("iam", "GetRole" | "ListRoleTags" | "ListAttachedRolePolicies") => &["RoleName"],
        ("iam", "GetGroup" | "ListGroupPolicies" | "ListAttachedGroupPolicies") => &["GroupName"],
        ("iam", "GetPolicy" | "ListPolicyVersions" | "ListPolicyTags") => &["PolicyArn"],
        ("s3", "ListBuckets") => &[],
        ("s3", "GetObject") => &["Bucket", "Key"],
        ("s3", _) => &["Bucket"],
        ("s3express", "ListDirectoryBuckets") => &[],
        ("s3express", _) => &["Bucket"],
        ("s3control", _) => &["AccountId"],
        ("sts", "AssumeRole") => &["RoleArn", "RoleSessionName"],
        ("ec2", "DescribeInstanceAttribute") => &["InstanceId", "Attribute"],
        ("ec2", "DescribeSnapshotAttribute") => &["SnapshotId", "Attribute"],
        ("ec2", "DescribeVpcAttribute") => &["VpcId", "Attribute"],
        ("rds", "ListTagsForResource") => &["ResourceName"],
        ("rds", "DescribeDBSnapshotAttributes") => &["DBSnapshotIdentifier"],
        ("cloudtrail", "GetTrail" | "GetTrailStatus") => &["Name"],
        ("cloudtrail", "GetEventSelectors" | "GetInsightSelectors") => &["TrailName"],
        ("kms", "ListKeys" | "ListAliases") => &[],
        ("kms", _) => &["KeyId"],
        ("lambda", "ListFunctions" | "ListLayers") => &[],
        ("lambda", "ListLayerVersions") => &["LayerName"],
        ("lambda", "GetLayerVersionPolicy") => &["LayerName", "VersionNumber"],
        ("lambda", "ListTags") => &["Resource"],
        ("lambda", _) => &["FunctionName"],
        ("elbv2", "DescribeListeners" | "DescribeLoadBalancerAttributes") => &["LoadBalancerArn"],
        ("guardduty", "ListDetectors") => &[],
        ("guardduty", _) => &["DetectorId"],
        ("organizations", "ListTagsForResource") => &["ResourceId"],
        ("organizations", "ListParents") => &["ChildId"],
        ("organizations", "ListPolicies") => &["Filter"],
        ("organizations", "DescribePolicy" | "ListTargetsForPolicy") => &["PolicyId"],
        ("organizations", name) if name.ends_with("ForParent") => &["ParentId"],
        ("account", "GetAlternateContact") => &["AlternateContactType"],
        ("sns", "GetTopicAttributes") => &["TopicArn"],
        _ => &[],
    }
}

async fn input(client: &Client, service: &str, operation: &str) -> Value {
    let mut input = json!({});
    for member in needed(service, operation) {
        let value = match source(service, operation, member) {
            Some(Listing(service, listing, pointer)) => {
                let all = match listing {
                    "ListPolicies" => json!({"Scope": "Local"}),
                    "DescribeSnapshots" => json!({"OwnerIds": ["self"]}),
                    _ => json!({}),
                };
                let found = client.call(service, "us-east-1", listing, all).await;
                found.ok().and_then(|page| page.pointer(pointer).cloned())
            }
            Some(Text(text)) => Some(text.into()),
            None => None,
        };
        // An empty server: a name that is not there is as good a question.
        input[*member] = value.unwrap_or_else(|| "haechi-none".into());
    }
    input
}

fn missing_member(error: &ApiError) -> Option<String> {
    let rest = error.message.strip_prefix("the input member `").filter(|_| error.kind == ErrorKind::InvalidInput)?;
    rest.strip_suffix("` is missing").map(str::to_owned)
}

fn is_sound(result: &Result<Value, ApiError>) -> bool {
    match result {
        Ok(output) => output.is_object(),
        // What a server may rightly say, or moto does not offer.
        Err(error) => matches!(
            error.kind,
            ErrorKind::NotFound | ErrorKind::NotImplemented | ErrorKind::Service | ErrorKind::Server
        ),
    }
}

#[tokio::test]
async fn every_operation_is_answered_and_read() {
    let Ok(url) = std::env::var("HAECHI_MOTO") else {
        println!("skipped: HAECHI_MOTO is not set");
        return;
    };
    let client = Client::builder()
        .endpoint_url(url)
        .region("us-east-1")
        .credentials(Credentials::new("testing", "testing", None, None, "test"))
        .build()
        .await;
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut bad = Vec::new();
    for (service, operation) in operations().filter(|(_, operation)| only_reads(operation)) {
        let mut input = input(&client, service, operation).await;
        let mut result = client.call(service, "us-east-1", operation, input.clone()).await;
        // What must stand in the path is named before anything is sent.
        while let Some(member) = result.as_ref().err().and_then(missing_member) {
            input[member] = "haechi-none".into();
            result = client.call(service, "us-east-1", operation, input.clone()).await;
        }
        if !is_sound(&result) {
            bad.push(format!("{service} {operation} {input}: {result:?}"));
        }
        let outcome = result.as_ref().map_or_else(|error| error.kind.as_str(), |_| "ok");
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{outcomes:?}");
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(outcomes["ok"] >= 60, "{outcomes:?}");
}
