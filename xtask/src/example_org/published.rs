//! What the shop lets others use by policies of single versions and buckets: a Lambda layer that a former supplier can
//! still read, and a directory bucket that the sandbox works on.

use serde_json::json;

use super::builder::{Character, Snapshot, policy};
use super::{REGIONS, SANDBOX};

const BORN: &str = "2026-05-11T02:00:00.000Z";
/// The supplier's account, outside the organization.
const SUPPLIER: &str = "123456789012";

pub fn fill(snapshot: &mut Snapshot) {
    snapshot.listed(&[
        "AWS::Lambda::LayerVersion",
        "AWS::S3Express::DirectoryBucket",
        "AWS::DynamoDB::Table",
        "AWS::DynamoDB::Stream",
    ]);
    if !snapshot.is(Character::Mixed) {
        return;
    }
    if snapshot.region == REGIONS[0] {
        layer(snapshot);
    } else {
        directory_bucket(snapshot);
    }
}

fn layer(snapshot: &mut Snapshot) {
    let layer = snapshot.arn("lambda", "layer:order-tools");
    let arn = format!("{layer}:3");
    let configuration = json!({
        "layerName": "order-tools", "layerArn": layer, "layerVersionArn": arn, "version": 3, "description": "clients of the order service",
        "compatibleRuntimes": ["nodejs22.x"], "compatibleArchitectures": ["arm64"],
    });
    let document = policy(json!([
        {"Sid": "Supplier", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{SUPPLIER}:root")}, "Action": "lambda:GetLayerVersion", "Resource": arn},
    ]));
    let extra = json!({"resourceName": "order-tools", "resourceCreationTime": BORN, "supplementaryConfiguration": {"Policy": document.to_string()}});
    snapshot.add("AWS::Lambda::LayerVersion", &arn.clone(), arn, configuration, extra);
}

fn directory_bucket(snapshot: &mut Snapshot) {
    let name = "recommendations--use1-az4--x-s3";
    let arn = snapshot.arn("s3express", &format!("bucket/{name}"));
    let configuration = json!({
        "BucketName": name, "Arn": arn,
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"BucketKeyEnabled": false, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
    });
    let document = policy(json!([
        {"Sid": "Sandbox", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{SANDBOX}:root")}, "Action": "s3express:CreateSession", "Resource": arn, "Condition": {"StringEquals": {"s3express:SessionMode": "ReadOnly"}}},
    ]));
    let extra = json!({
        "resourceName": name, "resourceCreationTime": BORN, "tags": {"owner": "shop"},
        "supplementaryConfiguration": {"BucketPolicy": {"policyText": document.to_string()}},
    });
    snapshot.add("AWS::S3Express::DirectoryBucket", name, arn, configuration, extra);
}
