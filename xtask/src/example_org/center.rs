//! IAM Identity Center of the example: a directory of roles rather than people, permission sets, and who has them where.

use serde_json::{Value, json};

use super::access::{Role, aws_managed, role};
use super::builder::{Snapshot, policy};
use super::{MANAGEMENT, SANDBOX, SECURITY, SHOP};

const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-7204ex0001a2b3c4";
const STORE: &str = "d-9067ex0001";

struct Set {
    id: &'static str,
    name: &'static str,
    session: &'static str,
    managed: &'static [&'static str],
    /// Where it is provisioned.
    accounts: &'static [&'static str],
}

const SETS: [Set; 4] = [
    Set {
        id: "ps-7204ex00000000a1",
        name: "Administrator",
        session: "PT12H",
        managed: &["AdministratorAccess"],
        accounts: &[MANAGEMENT, SECURITY, SHOP, SANDBOX],
    },
    Set {
        id: "ps-7204ex00000000b2",
        name: "Developer",
        session: "PT4H",
        managed: &["PowerUserAccess"],
        accounts: &[SHOP, SANDBOX],
    },
    Set {
        id: "ps-7204ex00000000c3",
        name: "ReadOnly",
        session: "PT1H",
        managed: &["ReadOnlyAccess"],
        accounts: &[SECURITY, SHOP],
    },
    Set {
        id: "ps-7204ex00000000d4",
        name: "Billing",
        session: "PT1H",
        managed: &["job-function/Billing"],
        accounts: &[],
    },
];

/// User name, whether it may sign in, and its department.
const USERS: [(&str, bool, &str); 6] = [
    ("ops-lead", true, "platform"),
    ("shop-developer-1", true, "shop"),
    ("shop-developer-2", true, "shop"),
    ("data-analyst", true, "data"),
    ("finance-reader", true, "finance"),
    ("contractor-2025", false, "shop"),
];

const GROUPS: [(&str, &[&str]); 4] = [
    ("platform-admins", &["ops-lead"]),
    ("shop-developers", &["shop-developer-1", "shop-developer-2"]),
    ("analysts", &["data-analyst", "finance-reader"]),
    ("auditors", &[]),
];

/// Set, account, and the user or group that has it there.
const ASSIGNMENTS: [(&str, &str, &str); 9] = [
    ("Administrator", MANAGEMENT, "ops-lead"),
    ("Administrator", SECURITY, "platform-admins"),
    ("Administrator", SHOP, "platform-admins"),
    ("Administrator", SANDBOX, "platform-admins"),
    ("Developer", SHOP, "shop-developers"),
    ("Developer", SANDBOX, "shop-developers"),
    ("Developer", SANDBOX, "contractor-2025"),
    ("ReadOnly", SHOP, "analysts"),
    ("ReadOnly", SECURITY, "auditors"),
];

pub fn fill(snapshot: &mut Snapshot) {
    for set in SETS.iter().filter(|set| set.accounts.contains(&snapshot.account.id)) {
        reserved_role(snapshot, set);
    }
    if snapshot.account.id == SECURITY {
        instance(snapshot);
        sets(snapshot);
        directory(snapshot);
        assignments(snapshot);
    }
}

/// The role that a permission set becomes in an account.
fn reserved_role(snapshot: &mut Snapshot, set: &Set) {
    let suffix = &snapshot.fresh_uuid().replace('-', "")[..16];
    let provider = snapshot.arn("iam", "saml-provider/AWSSSO_7204ex00_DO_NOT_DELETE");
    let trust = policy(json!([{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    }]));
    role(
        snapshot,
        &Role {
            path: "/aws-reserved/sso.amazonaws.com/ap-northeast-2/",
            trust,
            used: (set.name != "ReadOnly").then_some(3),
            managed: set.managed.iter().map(|name| aws_managed(name)).collect(),
            ..Role::named(format!("AWSReservedSSO_{}_{suffix}", set.name))
        },
    );
}

fn instance(snapshot: &mut Snapshot) {
    let configuration = json!({
        "InstanceArn": INSTANCE, "IdentityStoreId": STORE, "OwnerAccountId": MANAGEMENT, "Name": "people", "CreatedDate": "2024-03-02T00:00:00Z",
        "Status": "ACTIVE", "AccessControlAttributes": [{"Key": "team", "Value": {"Source": ["${path:enterprise.department}"]}}],
    });
    snapshot.add("AWS::SSO::Instance", INSTANCE, INSTANCE.to_owned(), configuration, json!({"resourceName": "people"}));
}

fn set_arn(set: &Set) -> String {
    format!("arn:aws:sso:::permissionSet/ssoins-7204ex0001a2b3c4/{}", set.id)
}

fn sets(snapshot: &mut Snapshot) {
    for set in &SETS {
        let arn = set_arn(set);
        let managed: Vec<String> = set.managed.iter().map(|name| aws_managed(name)).collect();
        let configuration = json!({
            "InstanceArn": INSTANCE, "PermissionSetArn": arn, "Name": set.name, "SessionDuration": set.session, "ManagedPolicies": managed,
            "CustomerManagedPolicyReferences": [], "InlinePolicy": "", "OutdatedAccountIds": if set.name == "Developer" { json!([SHOP]) } else { json!([]) },
        });
        snapshot.add("AWS::SSO::PermissionSet", &arn.clone(), arn, configuration, json!({"resourceName": set.name}));
    }
}

fn user_id(name: &str) -> String {
    format!("9067ex0001-user-{name}")
}

fn group_id(name: &str) -> String {
    format!("9067ex0001-group-{name}")
}

fn directory(snapshot: &mut Snapshot) {
    for (name, enabled, department) in USERS {
        let id = user_id(name);
        let configuration = json!({
            "IdentityStoreId": STORE, "UserId": id, "UserName": name, "DisplayName": name, "UserStatus": if enabled { "ENABLED" } else { "DISABLED" },
            "Emails": [{"Value": format!("{name}@example.com"), "Type": "work", "Primary": true}], "Extensions": {"aws:identitystore:enterprise": {"department": department}},
        });
        let arn = format!("arn:aws:identitystore:::user/{id}");
        snapshot.add("AWS::IdentityStore::User", &id.clone(), arn, configuration, json!({"resourceName": name}));
    }
    for (name, members) in GROUPS {
        let id = group_id(name);
        let membership =
            |user: &&str| json!({"MembershipId": format!("9067ex0001-{name}-{user}"), "UserId": user_id(user)});
        let members: Vec<Value> = members.iter().map(membership).collect();
        let configuration =
            json!({"IdentityStoreId": STORE, "GroupId": id, "DisplayName": name, "GroupMemberships": members});
        let arn = format!("arn:aws:identitystore:::group/{id}");
        snapshot.add("AWS::IdentityStore::Group", &id.clone(), arn, configuration, json!({"resourceName": name}));
    }
}

fn assignments(snapshot: &mut Snapshot) {
    for (set, account, holder) in ASSIGNMENTS {
        let Some(set) = SETS.iter().find(|known| known.name == set) else { continue };
        let is_group = GROUPS.iter().any(|(name, _)| *name == holder);
        let (kind, principal) = if is_group { ("GROUP", group_id(holder)) } else { ("USER", user_id(holder)) };
        let id = format!("{account}/{}/{kind}/{principal}", set.id);
        let configuration = json!({
            "InstanceArn": INSTANCE, "PermissionSetArn": set_arn(set), "PrincipalType": kind, "PrincipalId": principal, "TargetType": "AWS_ACCOUNT", "TargetId": account,
        });
        snapshot.add("AWS::SSO::Assignment", &id, String::new(), configuration, json!({}));
    }
}
