//! An image that the shop shares with the sandbox, and a key whose policy forgot one permission.

use serde_json::{Value, json};

use super::builder::{Character, Snapshot, policy};
use super::{SANDBOX, SHOP};

const BORN: &str = "2026-08-03T02:00:00.000Z";

pub fn fill(snapshot: &mut Snapshot) {
    snapshot.listed(&["AWS::EC2::Image"]);
    if !snapshot.is(Character::Mixed) {
        return;
    }
    let key = key(snapshot);
    let copy = snapshot.id("snap");
    let arn = snapshot.arn("ec2", &format!("snapshot/{copy}"));
    let configuration = json!({
        "snapshotId": copy, "volumeId": "vol-ffffffff", "state": "completed", "startTime": BORN, "progress": "100%", "ownerId": SHOP, "description": "golden image",
        "volumeSize": 20, "encrypted": true, "kmsKeyId": key, "createVolumePermissions": [{"userId": SANDBOX}], "tags": [],
    });
    let owner = json!({"Name": "golden", "owner": "platform"});
    snapshot.add("AWS::EC2::Snapshot", &copy.clone(), arn, configuration, json!({"tags": owner}));
    let id = snapshot.id("ami");
    // The ARN of an image has no account.
    let arn = format!("arn:aws:ec2:{}::image/{id}", snapshot.region);
    let disk = json!({"deviceName": "/dev/xvda", "ebs": {"deleteOnTermination": true, "snapshotId": copy, "volumeSize": 20, "volumeType": "gp3", "encrypted": true}});
    let configuration = json!({
        "imageId": id, "name": "golden-2026-08", "ownerId": SHOP, "imageLocation": format!("{SHOP}/golden-2026-08"), "public": false, "state": "available", "imageType": "machine",
        "architecture": "x86_64", "rootDeviceName": "/dev/xvda", "rootDeviceType": "ebs", "virtualizationType": "hvm", "hypervisor": "xen", "enaSupport": true, "creationDate": BORN,
        "blockDeviceMappings": [disk], "launchPermissions": [{"userId": SANDBOX}],
    });
    snapshot.add(
        "AWS::EC2::Image",
        &id.clone(),
        arn,
        configuration,
        json!({"resourceName": "golden-2026-08", "tags": owner}),
    );
}

/// The sandbox may decrypt with it; that it must make a grant for its instances was forgotten.
fn key(snapshot: &mut Snapshot) -> String {
    let id = snapshot.fresh_uuid();
    let arn = snapshot.arn("kms", &format!("key/{id}"));
    let configuration = json!({
        "awsaccountId": SHOP, "keyId": id, "arn": arn, "creationDate": BORN, "enabled": true, "description": "images", "keyUsage": "ENCRYPT_DECRYPT", "keyState": "Enabled",
        "origin": "AWS_KMS", "keyManager": "CUSTOMER", "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keySpec": "SYMMETRIC_DEFAULT", "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "multiRegion": false,
    });
    let account = |id: &str| json!({"AWS": format!("arn:aws:iam::{id}:root")});
    let document: Value = policy(json!([
        {"Sid": "Enable IAM policies", "Effect": "Allow", "Principal": account(SHOP), "Action": "kms:*", "Resource": "*"},
        {"Sid": "Sandbox", "Effect": "Allow", "Principal": account(SANDBOX), "Action": ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"], "Resource": "*"},
    ]));
    let parts = json!({"Policy": document.to_string(), "KeyRotationStatus": true, "Tags": [], "Grants": [], "Aliases": ["alias/images"]});
    snapshot.add(
        "AWS::KMS::Key",
        &id.clone(),
        arn.clone(),
        configuration,
        json!({"supplementaryConfiguration": parts}),
    );
    arn
}
