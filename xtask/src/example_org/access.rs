//! Who may do what in the example: the policies of groups and roles, a boundary, and a way up that nobody meant.

use serde_json::{Value, json};

use super::builder::{Character, Snapshot, encoded, policy};
use super::identity::days_ago;
use super::{MANAGEMENT, SANDBOX};

/// A role in the making.
pub struct Role {
    pub name: String,
    pub path: &'static str,
    pub trust: Value,
    /// Days since it was last used; none: never.
    pub used: Option<i64>,
    pub managed: Vec<String>,
    pub inline: Option<Value>,
    pub boundary: Option<String>,
}

impl Role {
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: "/",
            trust: Value::Null,
            used: None,
            managed: Vec::new(),
            inline: None,
            boundary: None,
        }
    }
}

pub fn trust(principal: &Value) -> Value {
    policy(json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]))
}

pub fn aws_managed(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

fn attached(arns: &[String]) -> Vec<Value> {
    let name = |arn: &String| arn.rsplit('/').next().unwrap_or_default().to_owned();
    arns.iter().map(|arn| json!({"policyName": name(arn), "policyArn": arn})).collect()
}

/// Groups, further roles and policies.
pub fn fill(snapshot: &mut Snapshot) {
    let careless = snapshot.is(Character::Careless);
    for name in groups_of(snapshot) {
        group(snapshot, name);
    }
    if snapshot.account.id != MANAGEMENT {
        role(
            snapshot,
            &Role {
                trust: trust(&json!({"AWS": format!("arn:aws:iam::{MANAGEMENT}:root")})),
                managed: vec![aws_managed("AdministratorAccess")],
                ..Role::named("OrganizationAccountAccessRole")
            },
        );
    }
    if snapshot.is(Character::Mixed) {
        let boundary = customer_managed(
            snapshot,
            "team-boundary",
            json!([
                {"Sid": "Workloads", "Effect": "Allow", "Action": ["lambda:*", "dynamodb:*", "s3:*", "logs:*", "cloudwatch:*", "iam:Get*", "iam:List*"], "Resource": "*"},
                {"Sid": "TeamRoles", "Effect": "Allow", "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:PassRole"], "Resource": snapshot.arn("iam", "role/feature-*")},
            ]),
        );
        role(
            snapshot,
            &Role {
                trust: trust(&json!({"Service": "codebuild.amazonaws.com"})),
                used: Some(2),
                managed: vec![aws_managed("PowerUserAccess"), aws_managed("IAMFullAccess")],
                boundary: Some(boundary),
                ..Role::named("feature-team-build")
            },
        );
        role(
            snapshot,
            &Role {
                trust: trust(&json!({"Service": "ec2.amazonaws.com"})),
                used: Some(240),
                managed: vec![aws_managed("AmazonS3ReadOnlyAccess")],
                ..Role::named("report-2024")
            },
        );
    }
    if careless {
        role(
            snapshot,
            &Role {
                trust: trust(&json!({"Service": ["lambda.amazonaws.com", "codebuild.amazonaws.com"]})),
                used: Some(31),
                managed: vec![aws_managed("AdministratorAccess")],
                ..Role::named("pipeline-admin")
            },
        );
    }
}

/// Besides those that every account has.
fn groups_of(snapshot: &Snapshot) -> &'static [&'static str] {
    match snapshot.account.character {
        Character::Careful if snapshot.account.id == MANAGEMENT => &[],
        Character::Careful => &["auditors"],
        Character::Mixed => &["deployers", "exporters"],
        Character::Careless => &[],
    }
}

pub fn group(snapshot: &mut Snapshot, name: &str) {
    let (id, arn) = (snapshot.unique("AGPA"), snapshot.arn("iam", &format!("group/{name}")));
    let managed = match name {
        "administrators" => vec![aws_managed("AdministratorAccess")],
        "auditors" => vec![aws_managed("SecurityAudit")],
        _ => Vec::new(),
    };
    let inline: Vec<Value> = group_statements(snapshot, name)
        .map(|statements| json!({"policyName": name, "policyDocument": encoded(&policy(statements))}))
        .into_iter()
        .collect();
    let configuration = json!({
        "path": "/", "groupName": name, "groupId": id, "arn": arn, "createDate": days_ago(700), "groupPolicyList": inline,
        "attachedManagedPolicies": attached(&managed),
    });
    snapshot.add("AWS::IAM::Group", &id.clone(), arn, configuration, json!({"resourceName": name}));
}

fn group_statements(snapshot: &Snapshot, name: &str) -> Option<Value> {
    let functions = snapshot.arn("lambda", "function:*");
    // The sandbox forgot to say which roles may be passed.
    let passed =
        if snapshot.account.id == SANDBOX { "*".to_owned() } else { snapshot.arn("iam", "role/order-function") };
    Some(match name {
        "developers" => json!([
            {"Sid": "Functions", "Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:InvokeFunction", "lambda:Get*", "lambda:List*"], "Resource": functions},
            {"Sid": "PassRole", "Effect": "Allow", "Action": "iam:PassRole", "Resource": passed},
            {"Sid": "Look", "Effect": "Allow", "Action": ["logs:Get*", "logs:FilterLogEvents", "cloudwatch:Get*", "s3:ListAllMyBuckets"], "Resource": "*"},
        ]),
        "deployers" => json!([
            {"Sid": "Stacks", "Effect": "Allow", "Action": ["cloudformation:*", "lambda:*", "s3:*", "ec2:Describe*", "rds:Describe*", "secretsmanager:ListSecrets"], "Resource": "*"},
            {"Sid": "Identities", "Effect": "Allow", "Action": ["iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:Get*", "iam:List*"], "Resource": "*"},
        ]),
        "exporters" => json!([
            {"Sid": "Invoices", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::shop-invoices", "arn:aws:s3:::shop-invoices/*"]},
            {"Sid": "FromTheOffice", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
        ]),
        _ => return None,
    })
}

/// What the well-known roles may do.
fn role_statements(snapshot: &Snapshot, name: &str) -> Option<Value> {
    Some(match name {
        "web-server" => json!([
            {"Sid": "Shop", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:ListAllMyBuckets"], "Resource": "*"},
            {"Sid": "Look", "Effect": "Allow", "Action": ["ec2:Describe*", "iam:ListRoles"], "Resource": "*"},
        ]),
        "order-function" => json!([
            {"Sid": "Orders", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], "Resource": snapshot.arn("dynamodb", "table/orders")},
            {"Sid": "Secrets", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": snapshot.arn("secretsmanager", "secret:shop/*")},
        ]),
        "partner-integration" => json!([
            {"Sid": "Exchange", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "ec2:RunInstances", "ec2:Describe*"], "Resource": "*"},
        ]),
        _ => return None,
    })
}

pub fn role(snapshot: &mut Snapshot, role: &Role) {
    let name = role.name.as_str();
    let (id, arn) = (snapshot.unique("AROA"), snapshot.arn("iam", &format!("role{}{name}", role.path)));
    let mut managed = role.managed.clone();
    if name == "HaechiAudit" {
        managed.push(aws_managed("SecurityAudit"));
    }
    let inline = role.inline.clone().or_else(|| role_statements(snapshot, name));
    let inline = inline.map(|statements| json!({"policyName": "own", "policyDocument": encoded(&policy(statements))}));
    let mut configuration = json!({
        "path": role.path, "roleName": name, "roleId": id, "arn": arn, "createDate": days_ago(600), "assumeRolePolicyDocument": encoded(&role.trust),
        "instanceProfileList": [], "rolePolicyList": inline.into_iter().collect::<Vec<_>>(), "attachedManagedPolicies": attached(&managed), "tags": [],
        "roleLastUsed": {},
    });
    if let Some(days) = role.used {
        configuration["roleLastUsed"] = json!({"lastUsedDate": days_ago(days), "region": snapshot.region});
    }
    if let Some(boundary) = &role.boundary {
        configuration["permissionsBoundary"] =
            json!({"permissionsBoundaryType": "Policy", "permissionsBoundaryArn": boundary});
    }
    if name == "web-server" {
        let profile = snapshot.arn("iam", "instance-profile/web-server");
        configuration["instanceProfileList"] = json!([{
            "path": "/", "instanceProfileName": "web-server", "instanceProfileId": "AIPAEXAMPLEWEBSERVER1", "arn": profile, "createDate": days_ago(600),
        }]);
    }
    snapshot.add("AWS::IAM::Role", &id.clone(), arn, configuration, json!({"resourceName": name}));
}

/// A policy of the account; its ARN.
fn customer_managed(snapshot: &mut Snapshot, name: &str, statements: Value) -> String {
    let (id, arn) = (snapshot.unique("ANPA"), snapshot.arn("iam", &format!("policy/{name}")));
    let configuration = json!({
        "policyName": name, "policyId": id, "arn": arn, "path": "/", "defaultVersionId": "v1", "attachmentCount": 0,
        "permissionsBoundaryUsageCount": 1, "isAttachable": true, "createDate": days_ago(500), "updateDate": days_ago(120),
        "policyVersionList": [{"document": encoded(&policy(statements)), "versionId": "v1", "isDefaultVersion": true, "createDate": days_ago(120)}],
    });
    snapshot.add("AWS::IAM::Policy", &id.clone(), arn.clone(), configuration, json!({"resourceName": name}));
    arn
}
