//! The night of the attack on the example organization, from a leaked key to the mining.
//!
//! 1. The key of `ci-deploy` is tried out from a network nobody knows, and what it may do is explored.
//! 2. A new administrator is made; with its key the trail is stopped, the flow log deleted, the detector deleted.
//! 3. Secrets are read, snapshots shared with a foreign account, invoices copied and then put up for deletion.
//! 4. The open role of the sandbox is entered from the shop; large instances are started in a region nobody uses.
//! 5. The web server, whose SSH port was guessed at for an hour, looks around the network, sends data out in DNS
//!    queries, and its credentials are used from outside.

use serde_json::{Value, json};

use super::logs::{Call, HOME, Logs, NIGHT, SANDBOX, SHOP, call, flow_line, query, session, user};

/// Addresses of the attacker: of the ranges that are kept for documentation.
const FOREIGN: &str = "192.0.2.66";
const GUESSER: &str = "192.0.2.90";
const OUTSIDE_ACCOUNT: &str = "999900001111";

pub fn happen(logs: &mut Logs) {
    explore(logs, NIGHT + 3_600);
    take_over(logs, NIGHT + 4_500);
    take_away(logs, NIGHT + 5_400);
    mine(logs, NIGHT + 8_100);
    web_server(logs, NIGHT + 1_800);
}

fn explore(logs: &mut Logs, mut at: i64) {
    let stolen = user(SHOP, "ci-deploy", "AKIAIOSFODNN7CIDEPLY", FOREIGN, "TruffleHog");
    logs.call(&stolen, call(at, "sts", "GetCallerIdentity", Value::Null));
    let stolen = user(
        SHOP,
        "ci-deploy",
        "AKIAIOSFODNN7CIDEPLY",
        FOREIGN,
        "Boto3/1.34.0 md/Botocore#1.34.0 os/linux#6.8.11-kali2-amd64",
    );
    for (service, name) in [
        ("iam", "ListUsers"),
        ("iam", "ListRoles"),
        ("iam", "GetAccountAuthorizationDetails"),
        ("iam", "ListAttachedUserPolicies"),
        ("s3", "ListBuckets"),
        ("ec2", "DescribeInstances"),
        ("ec2", "DescribeSnapshots"),
        ("rds", "DescribeDBSnapshots"),
        ("secretsmanager", "ListSecrets"),
        ("organizations", "DescribeOrganization"),
        ("organizations", "ListAccounts"),
        ("guardduty", "ListDetectors"),
        ("cloudtrail", "DescribeTrails"),
    ] {
        at += 7 + logs.dice.below(20) as i64;
        let error = matches!(service, "organizations" | "guardduty").then_some("AccessDenied");
        logs.call(&stolen, Call { error, ..call(at, service, name, Value::Null) });
    }
    for region in ["us-east-1", "eu-north-1", "sa-east-1", "ap-southeast-1"] {
        at += 5;
        logs.call(&stolen, Call { region, ..call(at, "ec2", "DescribeInstances", json!({})) });
    }
}

fn take_over(logs: &mut Logs, at: i64) {
    let agent = "aws-cli/2.15.30 Python/3.11.8 Linux/6.8.11-kali2-amd64 source/x86_64.kali.2026";
    let stolen = user(SHOP, "ci-deploy", "AKIAIOSFODNN7CIDEPLY", FOREIGN, agent);
    let name = json!({"userName": "backup-agent"});
    logs.call(&stolen, Call {
        response: json!({"user": {"userName": "backup-agent", "arn": format!("arn:aws:iam::{SHOP}:user/backup-agent")}}),
        ..call(at, "iam", "CreateUser", name.clone())
    });
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    logs.call(
        &stolen,
        call(at + 20, "iam", "AttachUserPolicy", json!({"userName": "backup-agent", "policyArn": administrator})),
    );
    logs.call(&stolen, Call {
        response: json!({"accessKey": {"userName": "backup-agent", "accessKeyId": "AKIAIOSFODNN7BACKUPA", "status": "Active"}}),
        ..call(at + 35, "iam", "CreateAccessKey", name)
    });
    let made = user(SHOP, "backup-agent", "AKIAIOSFODNN7BACKUPA", FOREIGN, agent);
    let trail = format!("arn:aws:cloudtrail:{HOME}:{SHOP}:trail/shop");
    logs.call(&made, call(at + 120, "cloudtrail", "StopLogging", json!({"name": trail})));
    logs.call(
        &made,
        call(
            at + 150,
            "ec2",
            "DeleteFlowLogs",
            json!({"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-01d428c96a16b6b76"}}}),
        ),
    );
    logs.call(
        &made,
        call(at + 180, "guardduty", "DeleteDetector", json!({"detectorId": "0b954319c2364eb7a37a65dea7d3cb7e"})),
    );
}

fn take_away(logs: &mut Logs, at: i64) {
    let agent = "aws-cli/2.15.30 Python/3.11.8 Linux/6.8.11-kali2-amd64 source/x86_64.kali.2026";
    let made = user(SHOP, "backup-agent", "AKIAIOSFODNN7BACKUPA", FOREIGN, agent);
    for (number, secret) in
        ["shop/orders-db", "shop/payment-gateway", "shop/mail", "shop/partner-api", "shop/ci", "shop/root"]
            .iter()
            .enumerate()
    {
        logs.call(&made, call(at + number as i64 * 4, "secretsmanager", "GetSecretValue", json!({"secretId": secret})));
    }
    logs.call(
        &made,
        call(
            at + 90,
            "ec2",
            "ModifySnapshotAttribute",
            json!({
                "snapshotId": "snap-07be0614c7fb76b5b", "attributeType": "CREATE_VOLUME_PERMISSION",
                "createVolumePermission": {"add": {"items": [{"userId": OUTSIDE_ACCOUNT}]}},
            }),
        ),
    );
    logs.call(
        &made,
        call(
            at + 120,
            "rds",
            "ModifyDBSnapshotAttribute",
            json!({
                "dBSnapshotIdentifier": "orders-before-upgrade", "attributeName": "restore", "valuesToAdd": ["all"],
            }),
        ),
    );
    for number in 0..40 {
        let key = format!("2026/{:02}/invoice-{:05}.pdf", 1 + number % 11, 10_000 + number * 37);
        logs.call(
            &made,
            call(at + 300 + number * 3, "s3", "GetObject", json!({"bucketName": "shop-invoices", "key": key})),
        );
    }
    logs.call(
        &made,
        call(
            at + 900,
            "s3",
            "PutBucketVersioning",
            json!({
                "bucketName": "shop-invoices", "VersioningConfiguration": {"Status": "Suspended"},
            }),
        ),
    );
    logs.call(&made, call(at + 930, "s3", "PutBucketLifecycle", json!({
        "bucketName": "shop-invoices",
        "LifecycleConfiguration": {"Rule": {"ID": "cleanup", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}},
    })));
}

fn mine(logs: &mut Logs, at: i64) {
    let agent = "aws-cli/2.15.30 Python/3.11.8 Linux/6.8.11-kali2-amd64 source/x86_64.kali.2026";
    let made = user(SHOP, "backup-agent", "AKIAIOSFODNN7BACKUPA", FOREIGN, agent);
    let role = format!("arn:aws:iam::{SANDBOX}:role/partner-integration");
    let session_arn = format!("arn:aws:sts::{SANDBOX}:assumed-role/partner-integration/sync");
    logs.call(
        &made,
        Call {
            response: json!({
                "credentials": {"accessKeyId": "ASIAIOSFODNN7PARTNER", "expiration": "Nov 19, 2026, 3:15:00 AM"},
                "assumedRoleUser": {"assumedRoleId": "AROAPARTNERINTEGRATIO:sync", "arn": session_arn},
            }),
            ..call(at, "sts", "AssumeRole", json!({"roleArn": role, "roleSessionName": "sync"}))
        },
    );
    let guest = session(SANDBOX, "partner-integration", "sync", "ASIAIOSFODNN7PARTNER", FOREIGN, agent);
    logs.call(
        &guest,
        Call {
            region: "eu-north-1",
            ..call(
                at + 40,
                "servicequotas",
                "RequestServiceQuotaIncrease",
                json!({
                    "serviceCode": "ec2", "quotaCode": "L-DB2E81BA", "desiredValue": 512.0,
                }),
            )
        },
    );
    for number in 0..6 {
        let instances: Vec<Value> =
            (0..8).map(|one| json!({"instanceId": format!("i-0{:015x}{one}", logs.dice.next() >> 4)})).collect();
        logs.call(
            &guest,
            Call {
                region: "eu-north-1",
                response: json!({"instancesSet": {"items": instances}}),
                ..call(
                    at + 120 + number * 15,
                    "ec2",
                    "RunInstances",
                    json!({
                        "instanceType": "g5.12xlarge",
                        "instancesSet": {"items": [{"imageId": "ami-0f1e2d3c4b5a69788", "minCount": 8, "maxCount": 8}]},
                    }),
                )
            },
        );
    }
}

fn web_server(logs: &mut Logs, at: i64) {
    // An hour of guesses, then one long connection.
    for number in 0..180 {
        let moment = at + number * 20;
        let port = 40_000 + number as u64;
        logs.flow(moment, flow_line(moment, GUESSER, "10.20.0.11", port, 22, 6, 18, 2_900, true));
        logs.flow(moment, flow_line(moment, "10.20.0.11", GUESSER, 22, port, 6, 16, 3_100, true));
    }
    let inside = at + 3_700;
    logs.flow(inside, flow_line(inside, GUESSER, "10.20.0.11", 51_022, 22, 6, 4_100, 910_000, true));
    logs.flow(inside, flow_line(inside, "10.20.0.11", GUESSER, 22, 51_022, 6, 5_200, 1_900_000, true));
    // It looks around.
    for number in 0..220_u64 {
        let moment = inside + 300 + number as i64;
        let target = format!("10.20.1.{}", 1 + number % 250);
        let port = [22, 80, 443, 445, 1433, 3306, 3389, 5432, 6379, 8080, 9200, 27017][number as usize % 12];
        logs.flow(moment, flow_line(moment, "10.20.0.11", &target, 45_000 + number, port, 6, 1, 60, number % 17 == 0));
    }
    // Data leaves in names.
    for number in 0..160 {
        let moment = inside + 900 + number * 4;
        let label: String = (0..3).map(|_| format!("{:016x}", logs.dice.next())).collect();
        let name = format!("{label}.{:012x}.t.example.net.", logs.dice.next() >> 16);
        logs.query(
            moment,
            query(moment, &name, "TXT", "NOERROR", json!([{"Rdata": "\"ok\"", "Type": "TXT", "Class": "IN"}])),
        );
    }
    // Its credentials are used from outside.
    let away = session(SHOP, "web-server", "i-098f62f33c94077ea", "ASIAIOSFODNN7WEBSERV", FOREIGN, "Boto3/1.34.0");
    for (number, name) in ["GetCallerIdentity", "ListBuckets", "ListObjects", "GetObject"].iter().enumerate() {
        let service = if number == 0 { "sts" } else { "s3" };
        let request =
            if number < 2 { Value::Null } else { json!({"bucketName": "shop-images", "key": "banner-1.webp"}) };
        logs.call(&away, call(inside + 1_800 + number as i64 * 30, service, name, request));
    }
}
