//! A shop's account that shares an encrypted image with a lab's account: everything that launching, copying and
//! reading it takes is there. Tests take one thing away.

use haechi_access::World;
use haechi_access::sharing::{Goods, LegState, Purpose, Sharing, may};
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

use crate::made::{DEV, Items, PROD, allow, trust};

pub const REGION: &str = "ap-northeast-2";
pub const KEY: &str = "arn:aws:kms:ap-northeast-2:222222222222:key/k-1";
pub const IMAGE: &str = "arn:aws:ec2:ap-northeast-2::image/ami-1";
pub const SNAPSHOT: &str = "arn:aws:ec2:ap-northeast-2::snapshot/snap-1";
pub const BUILDER: &str = "arn:aws:iam::333333333333:role/builder";
pub const SCALER: &str =
    "arn:aws:iam::333333333333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
pub const KEY_USE: [&str; 5] =
    ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"];

/// The parts of the scenario, each to be changed before the world is made.
#[derive(Clone)]
pub struct Scenario {
    pub launch_permissions: Value,
    pub volume_permissions: Value,
    pub image: Value,
    pub snapshot: Value,
    pub key: Value,
    /// Statements of the key policy.
    pub key_policy: Vec<Value>,
    /// None: nobody asked for the grants.
    pub grants: Option<Vec<Value>>,
    /// Statements of the builder's policy.
    pub identity: Vec<Value>,
    pub boundary: Option<Value>,
    /// Further SCPs: name, document, target.
    pub scps: Vec<(Value, &'static str)>,
    pub rcps: Vec<(Value, &'static str)>,
    pub scaler: bool,
    pub builder: bool,
    pub organization: bool,
    /// Of the owner's account and region.
    pub account: Value,
    pub more: Vec<Value>,
}

pub fn statement(sid: &str, actions: &[&str], resource: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource})
}

pub fn to_account(mut statement: Value, account: &str) -> Value {
    statement["Principal"] = json!({"AWS": format!("arn:aws:iam::{account}:root")});
    statement
}

pub fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

impl Default for Scenario {
    fn default() -> Scenario {
        let mut grant = to_account(statement("Grants", &["kms:CreateGrant"], "*"), DEV);
        grant["Condition"] = json!({"Bool": {"kms:GrantIsForAWSResource": "true"}});
        Scenario {
            launch_permissions: json!([{"userId": DEV}]),
            volume_permissions: json!([{"userId": DEV}]),
            image: json!({"imageId": "ami-1", "name": "golden", "state": "available", "blockDeviceMappings":
                [{"deviceName": "/dev/xvda", "ebs": {"snapshotId": "snap-1", "encrypted": true}}]}),
            snapshot: json!({"snapshotId": "snap-1", "encrypted": true, "kmsKeyId": KEY, "state": "completed"}),
            key: json!({"keyId": "k-1", "keyManager": "CUSTOMER", "keyState": "Enabled", "keySpec": "SYMMETRIC_DEFAULT"}),
            key_policy: vec![
                to_account(statement("Owner", &["kms:*"], "*"), PROD),
                to_account(statement("Use", &KEY_USE[..4], "*"), DEV),
                grant,
            ],
            grants: Some(Vec::new()),
            identity: vec![
                statement("Keys", &KEY_USE, KEY),
                statement(
                    "Servers",
                    &["ec2:RunInstances", "ec2:CopyImage", "ec2:CreateVolume", "ec2:CopySnapshot"],
                    "*",
                ),
                statement("Blocks", &["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"], "*"),
            ],
            boundary: None,
            scps: Vec::new(),
            rcps: Vec::new(),
            scaler: true,
            builder: true,
            organization: true,
            account: json!({}),
            more: Vec::new(),
        }
    }
}

impl Scenario {
    fn items(&self) -> Items {
        let mut items = if self.organization { Items::organization() } else { Items::default() };
        for (index, (document, target)) in self.scps.iter().enumerate() {
            items.scp(&format!("p-more{index}"), document, &[target]);
        }
        for (index, (document, target)) in self.rcps.iter().enumerate() {
            items.org_policy(&format!("p-rcp{index}"), "RESOURCE_CONTROL_POLICY", document, &[target]);
        }
        items.role(PROD, "owner", &trust(json!({"AWS": PROD})), &[allow("*", "*")], &[]);
        if self.builder {
            items.role(DEV, "builder", &trust(json!({"Service": "ec2.amazonaws.com"})), &[policy(&self.identity)], &[]);
            if let Some(boundary) = &self.boundary {
                let arn = format!("arn:aws:iam::{DEV}:policy/limit");
                items.bounded(&arn);
                items.managed(DEV, "limit", boundary);
            }
            items.role(DEV, "idle", &trust(json!({"AWS": DEV})), &[], &[]);
        }
        if self.scaler {
            let name = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
            let service = trust(json!({"Service": "autoscaling.amazonaws.com"}));
            items.role(DEV, name, &service, &[allow("ec2:*", "*")], &[]);
        }
        items.key(PROD, "k-1", &policy(&self.key_policy));
        for (name, value) in self.key.as_object().expect("an object") {
            items.last()["configuration"][name] = value.clone();
        }
        items.last()["awsRegion"] = json!(REGION);
        if let Some(grants) = &self.grants {
            items.last()["supplementaryConfiguration"]["Grants"] = json!(grants);
        }
        items.last()["supplementaryConfiguration"]["Aliases"] = json!(["alias/images"]);
        let mut image = self.image.clone();
        image["launchPermissions"] = self.launch_permissions.clone();
        items.item(PROD, "AWS::EC2::Image", "ami-1", IMAGE, image);
        items.last()["resourceName"] = json!("golden");
        items.last()["awsRegion"] = json!(REGION);
        let mut snapshot = self.snapshot.clone();
        snapshot["createVolumePermissions"] = self.volume_permissions.clone();
        let arn = format!("arn:aws:ec2:{REGION}:{PROD}:snapshot/snap-1");
        items.item(PROD, "AWS::EC2::Snapshot", "snap-1", &arn, snapshot);
        items.last()["awsRegion"] = json!(REGION);
        let root = format!("arn:aws:iam::{PROD}:root");
        items.item(PROD, "AWS::::Account", PROD, &root, self.account.clone());
        items.last()["awsRegion"] = json!(REGION);
        items.0.extend(self.more.iter().cloned());
        items
    }

    pub fn made(&self) -> (World, Goods) {
        let items = self.items();
        let mut goods = Goods::default();
        for value in &items.0 {
            goods.add(&ConfigurationItem::from_value(value).expect("an item"));
        }
        (items.world(), goods)
    }

    /// May `with` do it?
    pub fn ask(&self, word: &str, with: &str, purpose: Purpose) -> Sharing {
        let (world, goods) = self.made();
        let found = goods.find(word);
        assert_eq!(found.len(), 1, "{word}");
        may(&world, &goods, found[0], with, purpose).expect("an answer")
    }
}

/// The ids of the legs in a state, with the level or key for SCPs and RCPs.
pub fn in_state(sharing: &Sharing, state: LegState) -> Vec<String> {
    let legs = sharing.legs.iter().filter(|leg| leg.state == state && !leg.remedy);
    let mut ids: Vec<String> = legs.map(|leg| leg.id.clone()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The root of the tree.
pub const ROOT: &str = "r-1";
