//! IAM users, roles and policies, the account's own facts, CloudTrail, Config and GuardDuty.

use serde_json::{Value, json};

use super::access;
use super::builder::{Account, Character, Snapshot, encoded, policy, related};

struct User {
    name: &'static str,
    console: bool,
    mfa: bool,
    /// Age in days and last use in days of each active key.
    keys: &'static [(i64, Option<i64>)],
    /// Days since the console was last used.
    seen: Option<i64>,
    direct: Option<&'static str>,
    inline: bool,
    groups: &'static [&'static str],
    owner: &'static str,
}

const fn user(name: &'static str) -> User {
    User {
        name,
        console: false,
        mfa: false,
        keys: &[],
        seen: None,
        direct: None,
        inline: false,
        groups: &[],
        owner: "platform",
    }
}

fn users(account: &Account) -> Vec<User> {
    let break_glass = User {
        console: true,
        mfa: true,
        seen: Some(2),
        groups: &["administrators"],
        owner: "security",
        ..user("break-glass")
    };
    match account.character {
        Character::Careful if account.id == super::MANAGEMENT => vec![break_glass],
        Character::Careful => vec![
            break_glass,
            User { keys: &[(41, Some(0))], groups: &["auditors"], owner: "security", ..user("siem-reader") },
        ],
        Character::Mixed => vec![
            User { console: true, mfa: true, seen: Some(1), groups: &["administrators"], ..user("ops-admin") },
            User {
                console: true,
                mfa: false,
                seen: Some(12),
                groups: &["developers"],
                owner: "data",
                ..user("analyst")
            },
            User { keys: &[(412, Some(3))], groups: &["deployers"], ..user("ci-deploy") },
            User {
                keys: &[(188, Some(151)), (20, Some(1))],
                groups: &["exporters"],
                owner: "shop",
                ..user("invoice-export")
            },
            User {
                console: true,
                mfa: true,
                seen: Some(203),
                direct: Some("ReadOnlyAccess"),
                owner: "finance",
                ..user("auditor-2024")
            },
            User { keys: &[(64, Some(0))], inline: true, owner: "shop", ..user("image-resizer") },
        ],
        Character::Careless => vec![
            User {
                console: true,
                mfa: false,
                seen: Some(4),
                direct: Some("AdministratorAccess"),
                owner: "",
                ..user("dev-shared")
            },
            User { keys: &[(731, None)], inline: true, owner: "", ..user("old-migration") },
            User {
                console: true,
                mfa: false,
                keys: &[(97, Some(96))],
                seen: None,
                groups: &["developers"],
                owner: "",
                ..user("workshop")
            },
            User {
                console: true,
                mfa: true,
                seen: Some(6),
                groups: &["administrators"],
                owner: "platform",
                ..user("platform-ops")
            },
        ],
    }
}

pub fn days_ago(days: i64) -> String {
    let taken = haechi_model::Timestamp::parse(super::TAKEN).expect("the fixed time is a time");
    taken.plus_days(-days).to_string()
}

pub fn global(snapshot: &mut Snapshot) {
    account_facts(snapshot);
    policies(snapshot);
    groups_and_roles(snapshot);
    for user in users(snapshot.account) {
        add_user(snapshot, &user);
    }
    let closed = !snapshot.is(Character::Careless);
    let id = snapshot.account.id;
    snapshot.add(
        "AWS::S3::AccountPublicAccessBlock",
        id,
        format!("arn:aws:s3:::accountpublicaccessblock/{id}"),
        json!({"blockPublicAcls": closed, "ignorePublicAcls": closed, "blockPublicPolicy": closed && snapshot.is(Character::Careful), "restrictPublicBuckets": closed && snapshot.is(Character::Careful)}),
        json!({}),
    );
}

fn account_facts(snapshot: &mut Snapshot) {
    let careless = snapshot.is(Character::Careless);
    let id = snapshot.account.id;
    let mut facts = json!({
        "summaryMap": {"AccountMFAEnabled": u8::from(!careless), "AccountAccessKeysPresent": u8::from(careless), "AccountSigningCertificatesPresent": 0, "Users": users(snapshot.account).len()},
        "rootCredentials": {"mfaActive": !careless, "accessKey1Active": careless, "accessKey2Active": false, "passwordLastUsed": days_ago(if careless { 9 } else { 400 })},
        "virtualMfaDevices": if snapshot.is(Character::Mixed) { json!([format!("arn:aws:iam::{id}:mfa/root-account-mfa-device")]) } else { json!([]) },
    });
    // The careless account never set a password policy: the member is absent.
    if !careless {
        let strong = snapshot.is(Character::Careful);
        facts["passwordPolicy"] = json!({
            "minimumPasswordLength": if strong { 16 } else { 10 }, "requireSymbols": true, "requireNumbers": true,
            "requireUppercaseCharacters": true, "requireLowercaseCharacters": true, "allowUsersToChangePassword": true,
            "expirePasswords": true, "maxPasswordAge": if strong { 90 } else { 365 }, "passwordReusePrevention": if strong { 24 } else { 5 },
        });
    }
    snapshot.add("AWS::::Account", id, format!("arn:aws:iam::{id}:root"), facts, json!({"awsRegion": "global"}));
    // `add` listed the type in this region; the global one is listed too.
    snapshot.listed(&["AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"]);
}

fn policies(snapshot: &mut Snapshot) {
    let mut documents = vec![(
        "deploy-artifacts",
        json!([{"Sid": "Put", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:aws:s3:::shop-artifacts-*/*"}]),
    )];
    match snapshot.account.character {
        Character::Careful => {}
        Character::Mixed => documents.push((
            "decrypt-anything",
            json!([{"Sid": "Keys", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:ReEncryptFrom"], "Resource": "*"}]),
        )),
        Character::Careless => {
            documents.push(("temporary-admin", json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])));
            documents.push(("s3-everything", json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])));
        }
    }
    for (name, statements) in documents {
        let (id, arn) = (snapshot.unique("ANPA"), snapshot.arn("iam", &format!("policy/{name}")));
        let configuration = json!({
            "policyName": name, "policyId": id, "arn": arn, "path": "/", "defaultVersionId": "v1", "attachmentCount": 1,
            "permissionsBoundaryUsageCount": 0, "isAttachable": true, "createDate": days_ago(500), "updateDate": days_ago(120),
            "policyVersionList": [{"document": encoded(&policy(statements)), "versionId": "v1", "isDefaultVersion": true, "createDate": days_ago(120)}],
        });
        snapshot.add("AWS::IAM::Policy", &id.clone(), arn, configuration, json!({"resourceName": name}));
    }
}

fn groups_and_roles(snapshot: &mut Snapshot) {
    for name in ["administrators", "developers"] {
        access::group(snapshot, name);
    }
    let trust =
        |principal: Value| policy(json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]));
    let mut roles = vec![
        ("HaechiAudit", trust(json!({"AWS": "arn:aws:iam::111122223333:root"}))),
        ("web-server", trust(json!({"Service": "ec2.amazonaws.com"}))),
        ("order-function", trust(json!({"Service": "lambda.amazonaws.com"}))),
    ];
    if snapshot.is(Character::Careless) {
        roles.push(("partner-integration", trust(json!({"AWS": "*"}))));
    }
    for (name, document) in roles {
        access::role(snapshot, &access::Role { trust: document, used: Some(1), ..access::Role::named(name) });
    }
}

fn add_user(snapshot: &mut Snapshot, user: &User) {
    let (id, arn) = (snapshot.unique("AIDA"), snapshot.arn("iam", &format!("user/{}", user.name)));
    let keys: Vec<Value> = user
        .keys
        .iter()
        .map(|(age, used)| {
            let mut key =
                json!({"accessKeyId": snapshot.unique("AKIA")[..20], "status": "Active", "createDate": days_ago(*age)});
            if let Some(days) = used {
                key["lastUsedDate"] = json!(days_ago(*days));
            }
            key
        })
        .collect();
    let attached =
        user.direct.map(|name| json!({"policyName": name, "policyArn": format!("arn:aws:iam::aws:policy/{name}")}));
    let inline = encoded(&policy(
        json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-images/*"}]),
    ));
    let mut configuration = json!({
        "path": "/", "userName": user.name, "userId": id, "arn": arn, "createDate": days_ago(740),
        "userPolicyList": if user.inline { json!([{"policyName": "inline", "policyDocument": inline}]) } else { json!([]) },
        "groupList": user.groups,
        "attachedManagedPolicies": attached.into_iter().collect::<Vec<_>>(), "tags": [],
        "accessKeys": keys,
        "mfaDevices": if user.mfa { json!([{"serialNumber": format!("arn:aws:iam::{}:mfa/{}", snapshot.account.id, user.name), "enableDate": days_ago(300)}]) } else { json!([]) },
        "credentialReport": {"user": user.name, "passwordEnabled": user.console, "mfaActive": user.mfa},
    });
    if user.console {
        configuration["loginProfile"] = json!({"createDate": days_ago(600)});
    }
    if let Some(days) = user.seen {
        configuration["passwordLastUsed"] = json!(days_ago(days));
    }
    let tags = if user.owner.is_empty() { json!({}) } else { json!({"owner": user.owner}) };
    snapshot.add("AWS::IAM::User", &id.clone(), arn, configuration, json!({"resourceName": user.name, "tags": tags}));
}

pub fn regional(snapshot: &mut Snapshot) {
    let (careless, careful) = (snapshot.is(Character::Careless), snapshot.is(Character::Careful));
    let home = snapshot.region == super::REGIONS[0];
    let id = snapshot.account.id;
    let account_arn = format!("arn:aws:iam::{id}:root");
    let facts = json!({"ebsEncryptionByDefault": careful || (home && !careless), "ebsDefaultKmsKeyId": "alias/aws/ebs", "securityHubEnabled": careful});
    snapshot.add("AWS::::Account", id, account_arn, facts, json!({}));
    snapshot.listed(&[
        "AWS::CloudTrail::Trail",
        "AWS::GuardDuty::Detector",
        "AWS::Config::ConfigurationRecorder",
        "AWS::KMS::Key",
    ]);
    if home && !careless {
        trail(snapshot);
    }
    if !careless || home {
        let detector = snapshot.fresh_uuid().replace('-', "");
        let arn = snapshot.arn("guardduty", &format!("detector/{detector}"));
        let mut configuration = json!({
            "Id": detector, "Enable": !careless, "FindingPublishingFrequency": "SIX_HOURS",
            "DataSources": {"S3Logs": {"Enable": careful}, "Kubernetes": {"AuditLogs": {"Enable": false}}},
        });
        if !careful && !careless {
            configuration["administrator"] = json!({"accountId": "111122223333", "relationshipStatus": "Enabled"});
        }
        snapshot.add("AWS::GuardDuty::Detector", &detector.clone(), arn, configuration, json!({}));
    }
    let recorder = json!({
        "Id": "default", "Name": "default", "Recording": !careless, "RoleARN": snapshot.arn("iam", "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"),
        "RecordingGroup": {"AllSupported": true, "IncludeGlobalResourceTypes": home},
    });
    let arn = snapshot.arn("config", "configuration-recorder/default");
    snapshot.add("AWS::Config::ConfigurationRecorder", "default", arn, recorder, json!({}));
}

fn trail(snapshot: &mut Snapshot) {
    let careful = snapshot.is(Character::Careful);
    let name = if careful { "organization" } else { "shop" };
    let arn = snapshot.arn("cloudtrail", &format!("trail/{name}"));
    let mut configuration = json!({
        "name": name, "s3BucketName": if careful { "example-org-trail" } else { "shop-trail-logs" }, "includeGlobalServiceEvents": true,
        "isMultiRegionTrail": true, "homeRegion": snapshot.region, "trailARN": arn, "logFileValidationEnabled": careful,
        "hasCustomEventSelectors": careful, "hasInsightSelectors": false, "isOrganizationTrail": careful,
        "isLogging": true, "latestDeliveryTime": days_ago(0),
        "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": true, "dataResources": if careful { json!([{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}]) } else { json!([]) }}],
    });
    if careful {
        configuration["kmsKeyId"] = json!(snapshot.arn("kms", "key/5d1e1a2b-7c3d-4e5f-8a9b-0c1d2e3f4a5b"));
        configuration["cloudWatchLogsLogGroupArn"] = json!(snapshot.arn("logs", "log-group:organization-trail:*"));
        configuration["cloudWatchLogsRoleArn"] = json!(snapshot.arn("iam", "role/trail-to-cloudwatch"));
        configuration["latestCloudWatchLogsDeliveryTime"] = json!(days_ago(0));
    }
    let bucket = configuration["s3BucketName"].as_str().unwrap_or_default().to_owned();
    let relationships = json!([related("AWS::S3::Bucket", &bucket, "Is associated with ")]);
    snapshot.add(
        "AWS::CloudTrail::Trail",
        &arn.clone(),
        arn,
        configuration,
        json!({"resourceName": name, "relationships": relationships}),
    );
}
