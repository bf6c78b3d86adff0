//! S3 buckets, KMS keys, RDS instances and their snapshots.

use serde_json::{Value, json};

use super::builder::{Character, Snapshot, policy};

pub fn fill(snapshot: &mut Snapshot) {
    snapshot.listed(&[
        "AWS::S3::Bucket",
        "AWS::KMS::Key",
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBSnapshot",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBClusterSnapshot",
    ]);
    if snapshot.region != super::REGIONS[0] {
        return;
    }
    match snapshot.account.character {
        Character::Careful => {
            bucket(
                snapshot,
                &Bucket {
                    kms: true,
                    versioned: true,
                    logged: true,
                    blocked: true,
                    tls: true,
                    ..Bucket::named("example-org-trail", "security")
                },
            );
            bucket(
                snapshot,
                &Bucket {
                    kms: true,
                    versioned: true,
                    blocked: true,
                    tls: true,
                    ..Bucket::named("example-org-flow-logs", "security")
                },
            );
            key(snapshot, "trail", true, None);
        }
        Character::Mixed => {
            bucket(
                snapshot,
                &Bucket {
                    versioned: true,
                    logged: true,
                    blocked: true,
                    tls: true,
                    ..Bucket::named("shop-artifacts-prod", "platform")
                },
            );
            bucket(snapshot, &Bucket { versioned: true, public_policy: true, ..Bucket::named("shop-images", "shop") });
            bucket(
                snapshot,
                &Bucket {
                    kms: true,
                    blocked: true,
                    logged: true,
                    versioned: true,
                    ..Bucket::named("shop-invoices", "finance")
                },
            );
            bucket(
                snapshot,
                &Bucket { blocked: true, versioned: true, ..Bucket::named("shop-trail-logs", "security") },
            );
            bucket(snapshot, &Bucket { blocked: true, ..Bucket::named("shop-lb-logs", "shop") });
            key(snapshot, "invoices", true, None);
            key(snapshot, "old-backups", false, Some("2026-11-28T00:00:00.000Z"));
            database(snapshot, "orders", true, false, 14, "shop");
            database(snapshot, "reporting", false, true, 0, "data");
        }
        Character::Careless => {
            bucket(snapshot, &Bucket { public_acl: Some("Read"), ..Bucket::named("sandbox-share-2023", "") });
            bucket(snapshot, &Bucket { public_acl: Some("FullControl"), ..Bucket::named("workshop-uploads", "") });
            key(snapshot, "experiments", false, None);
            database(snapshot, "test", false, true, 1, "");
        }
    }
}

#[derive(Default)]
struct Bucket {
    name: &'static str,
    owner: &'static str,
    kms: bool,
    versioned: bool,
    logged: bool,
    blocked: bool,
    tls: bool,
    public_policy: bool,
    public_acl: Option<&'static str>,
}

impl Bucket {
    fn named(name: &'static str, owner: &'static str) -> Self {
        Self { name, owner, ..Self::default() }
    }
}

fn statements(bucket: &Bucket) -> Vec<Value> {
    let arn = format!("arn:aws:s3:::{}", bucket.name);
    let mut statements = Vec::new();
    if bucket.tls {
        statements.push(json!({"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, format!("{arn}/*")], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}));
    }
    if bucket.public_policy {
        statements.push(json!({"Sid": "PublicImages", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("{arn}/*")}));
    }
    statements
}

fn bucket(snapshot: &mut Snapshot, bucket: &Bucket) {
    let canonical = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a";
    let mut grants = vec![json!({"grantee": {"id": canonical, "displayName": null}, "permission": "FullControl"})];
    if let Some(permission) = bucket.public_acl {
        grants.push(json!({"grantee": "AllUsers", "permission": permission}));
    }
    let acl = json!({"grantSet": null, "grantList": grants, "owner": {"displayName": null, "id": canonical}, "isRequesterCharged": false});
    let statements = statements(bucket);
    let text = if statements.is_empty() { Value::Null } else { json!(policy(json!(statements)).to_string()) };
    let default_key = if bucket.kms {
        json!({"sseAlgorithm": "aws:kms", "kmsMasterKeyID": snapshot.arn("kms", "alias/invoices")})
    } else {
        json!({"sseAlgorithm": "AES256", "kmsMasterKeyID": null})
    };
    let mut parts = json!({
        "AccessControlList": acl.to_string(),
        "BucketAccelerateConfiguration": {"status": null},
        "BucketLoggingConfiguration": {"destinationBucketName": if bucket.logged { json!("shop-access-logs") } else { Value::Null }, "logFilePrefix": if bucket.logged { json!(format!("{}/", bucket.name)) } else { Value::Null }},
        "BucketNotificationConfiguration": {"configurations": {}},
        "BucketPolicy": {"policyText": text},
        "BucketVersioningConfiguration": {"status": if bucket.versioned { "Enabled" } else { "Off" }, "isMfaDeleteEnabled": null},
        "IsRequesterPaysEnabled": false,
        "ServerSideEncryptionConfiguration": {"rules": [{"applyServerSideEncryptionByDefault": default_key, "bucketKeyEnabled": bucket.kms}]},
    });
    if bucket.blocked {
        parts["PublicAccessBlockConfiguration"] = json!({"blockPublicAcls": true, "ignorePublicAcls": true, "blockPublicPolicy": true, "restrictPublicBuckets": true});
    }
    let tags = if bucket.owner.is_empty() {
        json!({})
    } else {
        json!({"owner": bucket.owner, "data": if bucket.kms { "confidential" } else { "internal" }})
    };
    let configuration = json!({"name": bucket.name, "owner": {"displayName": null, "id": canonical}, "creationDate": "2024-05-20T04:00:00.000Z"});
    snapshot.add(
        "AWS::S3::Bucket",
        bucket.name,
        format!("arn:aws:s3:::{}", bucket.name),
        configuration,
        json!({"resourceName": bucket.name, "tags": tags, "supplementaryConfiguration": parts, "availabilityZone": "Regional", "resourceCreationTime": "2024-05-20T04:00:00.000Z"}),
    );
}

fn key(snapshot: &mut Snapshot, name: &str, rotates: bool, deleted_on: Option<&str>) {
    let id = snapshot.fresh_uuid();
    let arn = snapshot.arn("kms", &format!("key/{id}"));
    let mut configuration = json!({
        "awsaccountId": snapshot.account.id, "keyId": id, "arn": arn, "creationDate": "2024-05-20T04:00:00.000Z", "enabled": deleted_on.is_none(), "description": name, "keyUsage": "ENCRYPT_DECRYPT",
        "keyState": if deleted_on.is_some() { "PendingDeletion" } else { "Enabled" }, "origin": "AWS_KMS", "keyManager": "CUSTOMER", "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keySpec": "SYMMETRIC_DEFAULT",
        "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "multiRegion": false,
    });
    if let Some(date) = deleted_on {
        configuration["deletionDate"] = json!(date);
    }
    let document = policy(
        json!([{"Sid": "Enable IAM policies", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{}:root", snapshot.account.id)}, "Action": "kms:*", "Resource": "*"}]),
    );
    let parts = json!({"Policy": document.to_string(), "KeyRotationStatus": rotates, "Tags": [], "Grants": []});
    snapshot.add("AWS::KMS::Key", &id.clone(), arn, configuration, json!({"supplementaryConfiguration": parts}));
}

fn database(snapshot: &mut Snapshot, name: &str, encrypted: bool, public: bool, backup_days: i64, owner: &str) {
    let resource = snapshot.unique("db-");
    let arn = snapshot.arn("rds", &format!("db:{name}"));
    let mut configuration = json!({
        "dBInstanceIdentifier": name, "dBInstanceClass": "db.t3.medium", "engine": "mysql", "dBInstanceStatus": "available", "masterUsername": if encrypted { "shop_owner" } else { "admin" }, "allocatedStorage": 100,
        "endpoint": {"address": format!("{name}.c1.{}.rds.amazonaws.com", snapshot.region), "port": 3306}, "backupRetentionPeriod": backup_days, "preferredBackupWindow": "16:00-16:30", "multiAZ": encrypted,
        "engineVersion": "8.4.3", "autoMinorVersionUpgrade": true, "readReplicaDBInstanceIdentifiers": [], "publiclyAccessible": public, "storageType": "gp3", "storageEncrypted": encrypted, "dbiResourceId": resource,
        "dBInstanceArn": arn, "iAMDatabaseAuthenticationEnabled": encrypted, "deletionProtection": encrypted, "enabledCloudwatchLogsExports": if encrypted { json!(["audit", "error", "general", "slowquery"]) } else { json!([]) },
        "copyTagsToSnapshot": true, "vpcSecurityGroups": [],
    });
    if encrypted {
        configuration["kmsKeyId"] = json!(snapshot.arn("kms", "key/aws-rds"));
    }
    let tags = if owner.is_empty() { json!({}) } else { json!({"owner": owner}) };
    snapshot.add(
        "AWS::RDS::DBInstance",
        &resource.clone(),
        arn,
        configuration,
        json!({"resourceName": name, "tags": tags}),
    );
    let copy = format!("{name}-before-upgrade");
    let arn = snapshot.arn("rds", &format!("snapshot:{copy}"));
    let configuration = json!({
        "dBSnapshotIdentifier": copy, "dBInstanceIdentifier": name, "snapshotCreateTime": "2026-09-14T11:00:00.000Z", "engine": "mysql", "allocatedStorage": 100, "status": "available", "port": 3306,
        "engineVersion": "8.0.40", "snapshotType": "manual", "percentProgress": 100, "encrypted": encrypted, "dBSnapshotArn": arn, "dbiResourceId": resource, "iAMDatabaseAuthenticationEnabled": encrypted,
    });
    let shared = if snapshot.is(Character::Careless) { json!(["all"]) } else { json!([]) };
    let parts = json!({"DBSnapshotAttributes": [{"attributeName": "restore", "attributeValues": shared}]});
    snapshot.add(
        "AWS::RDS::DBSnapshot",
        &copy.clone(),
        arn,
        configuration,
        json!({"resourceName": copy, "supplementaryConfiguration": parts}),
    );
}
