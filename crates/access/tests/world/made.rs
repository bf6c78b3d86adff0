//! Items of made-up organizations, in the shape of the collectors.

use haechi_access::{OrganizationError, World};
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

pub const MANAGEMENT: &str = "111111111111";
pub const PROD: &str = "222222222222";
pub const DEV: &str = "333333333333";
pub const OUTSIDE: &str = "999999999999";

/// Items to make a world of.
#[derive(Clone, Debug, Default)]
pub struct Items(pub Vec<Value>);

pub fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "Allows", "Effect": "Allow", "Action": action, "Resource": resource}]})
}

pub fn deny(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "Denies", "Effect": "Deny", "Action": action, "Resource": "*"}]})
}

/// A resource policy that allows a principal.
pub fn allow_to(principal: Value, action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Opens", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}]})
}

pub fn trust(principal: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})
}

/// IAM hands documents out URL-encoded.
pub fn encoded(policy: &Value) -> String {
    policy.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn inline(policies: &[Value]) -> Value {
    let one = |(index, policy): (usize, &Value)| json!({"policyName": format!("inline{index}"), "policyDocument": encoded(policy)});
    policies.iter().enumerate().map(one).collect()
}

fn attached(arns: &[&str]) -> Value {
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    arns.iter().map(|arn| json!({"policyName": name(arn), "policyArn": arn})).collect()
}

impl Items {
    /// r-1 with the management account, ou-work with PROD below it in ou-prod, and DEV in ou-work; FullAWSAccess
    /// everywhere.
    pub fn organization() -> Items {
        let mut items = Items::default();
        items.org(
            "Organization",
            "o-1",
            "",
            json!({"Id": "o-1", "FeatureSet": "ALL", "ManagementAccountId": MANAGEMENT}),
        );
        let types = json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"},
                           {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"}]);
        items.org("Root", "r-1", "Root", json!({"PolicyTypes": types}));
        items.unit("ou-work", "Work", "r-1").unit("ou-prod", "Prod", "ou-work");
        items.account(MANAGEMENT, "management", "r-1");
        items.account(PROD, "shop", "ou-prod").account(DEV, "lab", "ou-work");
        let everywhere = ["r-1", "ou-work", "ou-prod", MANAGEMENT, PROD, DEV];
        let full = allow("*", "*");
        items.org_policy("p-FullAWSAccess", "SERVICE_CONTROL_POLICY", &full, &everywhere);
        let anybody = allow_to(json!("*"), "*", "*");
        items.org_policy("p-RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY", &anybody, &everywhere);
        items
    }

    pub fn item(&mut self, account: &str, kind: &str, id: &str, arn: &str, configuration: Value) -> &mut Items {
        let name = arn.rsplit(['/', ':']).next().unwrap_or(id);
        self.0.push(json!({"version": "1.3", "accountId": account, "awsRegion": "global", "resourceType": kind,
            "resourceId": id, "resourceName": name, "arn": arn, "configurationItemCaptureTime": "2026-11-20T03:00:00Z",
            "configurationItemStatus": "OK", "tags": {}, "configuration": configuration,
            "supplementaryConfiguration": {}}));
        self
    }

    /// The item that was added last.
    pub fn last(&mut self) -> &mut Value {
        self.0.last_mut().expect("an item")
    }

    /// Says that a member of the last item could not be read.
    pub fn not_collected(&mut self, path: &str) -> &mut Items {
        self.last()["notCollected"] = json!({path: "AccessDenied"});
        let (_, name) = path.rsplit_once('.').expect("a path");
        self.last()["configuration"].as_object_mut().expect("an object").remove(name);
        self
    }

    fn org(&mut self, kind: &str, id: &str, name: &str, configuration: Value) -> &mut Items {
        let kind = format!("AWS::Organizations::{kind}");
        let arn = format!("arn:aws:organizations::{MANAGEMENT}:{}/o-1/{id}", kind.to_lowercase());
        self.item(MANAGEMENT, &kind, id, &arn, configuration);
        self.last()["resourceName"] = json!(name);
        self
    }

    pub fn unit(&mut self, id: &str, name: &str, parent: &str) -> &mut Items {
        self.org("OrganizationalUnit", id, name, json!({"Id": id, "Name": name, "ParentId": parent}))
    }

    pub fn account(&mut self, id: &str, name: &str, parent: &str) -> &mut Items {
        let configuration = json!({"AccountId": id, "AccountName": name, "State": "ACTIVE", "ParentIds": [parent]});
        self.org("Account", id, name, configuration)
    }

    pub fn org_policy(&mut self, id: &str, policy_type: &str, content: &Value, targets: &[&str]) -> &mut Items {
        let configuration =
            json!({"Id": id, "Name": id, "Type": policy_type, "Content": content.to_string(), "TargetIds": targets});
        self.org("Policy", id, id, configuration)
    }

    pub fn scp(&mut self, id: &str, content: &Value, targets: &[&str]) -> &mut Items {
        self.org_policy(id, "SERVICE_CONTROL_POLICY", content, targets)
    }

    pub fn user(
        &mut self,
        account: &str,
        name: &str,
        policies: &[Value],
        managed: &[&str],
        groups: &[&str],
    ) -> &mut Items {
        let arn = format!("arn:aws:iam::{account}:user/{name}");
        let configuration = json!({"userName": name, "userId": format!("AIDA{}{name}", &account[..1]), "arn": arn,
            "userPolicyList": inline(policies), "attachedManagedPolicies": attached(managed), "groupList": groups});
        self.item(account, "AWS::IAM::User", &format!("AIDA{}{name}", &account[..1]), &arn, configuration)
    }

    pub fn role(
        &mut self,
        account: &str,
        name: &str,
        trust: &Value,
        policies: &[Value],
        managed: &[&str],
    ) -> &mut Items {
        let arn = format!("arn:aws:iam::{account}:role/{name}");
        let id = format!("AROA{}{}", &account[..1], name.replace('/', ""));
        let configuration = json!({"roleName": name.rsplit('/').next(), "roleId": id, "arn": arn,
            "assumeRolePolicyDocument": encoded(trust), "rolePolicyList": inline(policies),
            "attachedManagedPolicies": attached(managed)});
        self.item(account, "AWS::IAM::Role", &id, &arn, configuration)
    }

    pub fn group(&mut self, account: &str, name: &str, policies: &[Value], managed: &[&str]) -> &mut Items {
        let arn = format!("arn:aws:iam::{account}:group/{name}");
        let configuration = json!({"groupName": name, "groupPolicyList": inline(policies), "attachedManagedPolicies": attached(managed)});
        self.item(account, "AWS::IAM::Group", &format!("AGPA{name}"), &arn, configuration)
    }

    pub fn managed(&mut self, account: &str, name: &str, policy: &Value) -> &mut Items {
        let arn = format!("arn:aws:iam::{account}:policy/{name}");
        let versions = json!([{"document": encoded(&deny("*")), "versionId": "v1", "isDefaultVersion": false},
                              {"document": encoded(policy), "versionId": "v2", "isDefaultVersion": true}]);
        let configuration = json!({"policyName": name, "defaultVersionId": "v2", "policyVersionList": versions});
        self.item(account, "AWS::IAM::Policy", &format!("ANPA{}{name}", &account[..1]), &arn, configuration)
    }

    /// Sets a boundary on the principal that was added last.
    pub fn bounded(&mut self, arn: &str) -> &mut Items {
        self.last()["configuration"]["permissionsBoundary"] =
            json!({"permissionsBoundaryType": "Policy", "permissionsBoundaryArn": arn});
        self
    }

    pub fn tagged(&mut self, key: &str, value: &str) -> &mut Items {
        self.last()["tags"][key] = json!(value);
        self
    }

    pub fn bucket(&mut self, account: &str, name: &str, policy: Option<&Value>) -> &mut Items {
        self.item(account, "AWS::S3::Bucket", name, &format!("arn:aws:s3:::{name}"), json!({"name": name}));
        let text = policy.map(Value::to_string);
        self.last()["awsRegion"] = json!("ap-northeast-2");
        self.last()["supplementaryConfiguration"]["BucketPolicy"] = json!({"policyText": text});
        self
    }

    pub fn key(&mut self, account: &str, id: &str, policy: &Value) -> &mut Items {
        let arn = format!("arn:aws:kms:ap-northeast-2:{account}:key/{id}");
        self.item(account, "AWS::KMS::Key", id, &arn, json!({"keyId": id, "keyManager": "CUSTOMER"}));
        self.last()["supplementaryConfiguration"]["Policy"] = json!(policy.to_string());
        self
    }

    pub fn try_world(&self) -> Result<World, OrganizationError> {
        let mut builder = World::builder();
        for value in &self.0 {
            builder.add(&ConfigurationItem::from_value(value).expect("an item"));
        }
        builder.build()
    }

    pub fn world(&self) -> World {
        self.try_world().expect("a world")
    }
}

pub fn user(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

pub fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}
