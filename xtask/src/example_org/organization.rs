//! The tree of the example organization with its guardrails, as the delegated administrator sees them.

use serde_json::{Value, json};

use super::builder::{Snapshot, policy};
use super::{MANAGEMENT, ORGANIZATION, SANDBOX, SECURITY, SHOP, accounts};

const ROOT: &str = "r-ex01";
const SECURITY_UNIT: &str = "ou-ex01-secure01";
const WORKLOADS: &str = "ou-ex01-work0001";
const PROD: &str = "ou-ex01-prod0001";
const SANDBOXES: &str = "ou-ex01-sandbox1";

/// Units with their names, the names down to them, and their parents.
const UNITS: [(&str, &str, &str, &str); 4] = [
    (SECURITY_UNIT, "Security", "Root/Security", ROOT),
    (WORKLOADS, "Workloads", "Root/Workloads", ROOT),
    (PROD, "Prod", "Root/Workloads/Prod", WORKLOADS),
    (SANDBOXES, "Sandbox", "Root/Sandbox", ROOT),
];

fn arn(what: &str) -> String {
    format!("arn:aws:organizations::{MANAGEMENT}:{what}")
}

fn parent(account: &str) -> &'static str {
    match account {
        SECURITY => SECURITY_UNIT,
        SHOP => PROD,
        SANDBOX => SANDBOXES,
        _ => ROOT,
    }
}

pub fn fill(snapshot: &mut Snapshot) {
    if snapshot.account.id != SECURITY {
        return;
    }
    let itself = arn(&format!("organization/{ORGANIZATION}"));
    snapshot.add(
        "AWS::Organizations::Organization",
        ORGANIZATION,
        itself.clone(),
        json!({
            "Id": ORGANIZATION, "Arn": itself, "FeatureSet": "ALL", "ManagementAccountId": MANAGEMENT,
            "ManagementAccountArn": arn(&format!("account/{ORGANIZATION}/{MANAGEMENT}")), "ManagementAccountEmail": "aws+management@example.com",
            "EnabledServicePrincipals": [{"ServicePrincipal": "sso.amazonaws.com", "DateEnabled": "2024-03-01T00:00:00Z"}],
        }),
        json!({"resourceName": ORGANIZATION}),
    );
    let root = arn(&format!("root/{ORGANIZATION}/{ROOT}"));
    let enabled = |name: &str| json!({"Type": name, "Status": "ENABLED"});
    snapshot.add(
        "AWS::Organizations::Root",
        ROOT,
        root.clone(),
        json!({"Id": ROOT, "Arn": root, "Name": "Root", "PolicyTypes": [enabled("SERVICE_CONTROL_POLICY"), enabled("RESOURCE_CONTROL_POLICY")]}),
        json!({"resourceName": "Root"}),
    );
    for (id, name, path, parent) in UNITS {
        let arn = arn(&format!("ou/{ORGANIZATION}/{id}"));
        let configuration = json!({"Id": id, "Arn": arn, "Name": name, "ParentId": parent, "NamePath": path});
        snapshot.add("AWS::Organizations::OrganizationalUnit", id, arn, configuration, json!({"resourceName": name}));
    }
    for account in accounts() {
        let arn = arn(&format!("account/{ORGANIZATION}/{}", account.id));
        let configuration = json!({
            "AccountId": account.id, "AccountName": account.name, "Arn": arn, "Email": format!("aws+{}@example.com", account.name),
            "Status": "ACTIVE", "State": "ACTIVE", "JoinedMethod": if account.id == MANAGEMENT { "INVITED" } else { "CREATED" },
            "JoinedTimestamp": "2024-03-01T00:00:00Z", "ParentIds": [parent(account.id)], "NamePath": account.ou,
            "DelegatedAdministrator": account.id == SECURITY,
        });
        snapshot.add(
            "AWS::Organizations::Account",
            account.id,
            arn,
            configuration,
            json!({"resourceName": account.name}),
        );
    }
    guardrails(snapshot);
}

fn guardrails(snapshot: &mut Snapshot) {
    let everything = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let everywhere = [ROOT, SECURITY_UNIT, WORKLOADS, PROD, SANDBOXES, MANAGEMENT, SECURITY, SHOP, SANDBOX];
    add(snapshot, "p-FullAWSAccess", "FullAWSAccess", "SERVICE_CONTROL_POLICY", everything, &everywhere);
    let everything = json!([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]);
    add(snapshot, "p-RCPFullAWSAccess", "RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY", everything, &everywhere);
    add(
        snapshot,
        "p-ex01stay",
        "stay-in-the-organization",
        "SERVICE_CONTROL_POLICY",
        json!([{"Sid": "NobodyLeaves", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}]),
        &[ROOT],
    );
    add(
        snapshot,
        "p-ex01logs",
        "keep-the-logs",
        "SERVICE_CONTROL_POLICY",
        json!([{
            "Sid": "TrailsStay", "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail"], "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}},
        }]),
        &[SECURITY_UNIT],
    );
    // The limit forgets some of the services that are called in us-east-1, whatever region one works in.
    add(
        snapshot,
        "p-ex01seoul",
        "seoul-only",
        "SERVICE_CONTROL_POLICY",
        json!([{
            "Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*", "support:*", "sso:*"], "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-2"}},
        }]),
        &[SECURITY_UNIT],
    );
    add(
        snapshot,
        "p-ex01secrets",
        "secrets-stay-inside",
        "RESOURCE_CONTROL_POLICY",
        json!([{
            "Sid": "OnlyOurs", "Effect": "Deny", "Principal": "*", "Action": ["secretsmanager:*", "kms:Decrypt"], "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
        }]),
        &[WORKLOADS],
    );
    add(
        snapshot,
        "p-ex01frozen",
        "freeze-2023",
        "SERVICE_CONTROL_POLICY",
        json!([{"Sid": "Nothing", "Effect": "Deny", "Action": "*", "Resource": "*"}]),
        &[],
    );
}

fn add(snapshot: &mut Snapshot, id: &str, name: &str, policy_type: &str, statements: Value, targets: &[&str]) {
    let of_aws = id.ends_with("FullAWSAccess");
    let folder = policy_type.to_ascii_lowercase();
    let arn = match of_aws {
        true => format!("arn:aws:organizations::aws:policy/{folder}/{id}"),
        false => arn(&format!("policy/{ORGANIZATION}/{folder}/{id}")),
    };
    let configuration = json!({
        "Id": id, "Arn": arn, "Name": name, "Type": policy_type, "AwsManaged": of_aws, "Content": policy(statements).to_string(), "TargetIds": targets,
    });
    snapshot.add("AWS::Organizations::Policy", id, arn, configuration, json!({"resourceName": name}));
}
