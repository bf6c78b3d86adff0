//! External access over hand-made records: who outside reaches what, and what keeps them out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use haechi_access::World;
use haechi_access::external::{
    Certainty, Doubt, External, Opening, Question, Shares, Trusted, external, external_kind,
};
use haechi_iam::Catalogue;
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

const OWN: &str = "111111111111";
const SISTER: &str = "222222222222";
const OTHER: &str = "999999999999";

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/iam/actions.txt")).unwrap();
    Catalogue::read(text).unwrap()
});

#[derive(Default)]
struct Items(Vec<Value>);

impl Items {
    /// An organization of two accounts; SISTER manages it.
    fn organization() -> Items {
        let mut items = Items::default();
        let arn = |kind: &str, id: &str| format!("arn:aws:organizations::{SISTER}:{kind}/o-1/{id}");
        let org = |items: &mut Items, kind: &str, id: &str, configuration: Value| {
            items.item(
                SISTER,
                &format!("AWS::Organizations::{kind}"),
                id,
                &arn(&kind.to_lowercase(), id),
                configuration,
                json!({}),
            );
        };
        org(
            &mut items,
            "Organization",
            "o-1",
            json!({"Id": "o-1", "FeatureSet": "ALL", "ManagementAccountId": SISTER}),
        );
        let types = json!([{"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"}]);
        org(&mut items, "Root", "r-1", json!({"PolicyTypes": types}));
        for id in [OWN, SISTER] {
            org(
                &mut items,
                "Account",
                id,
                json!({"AccountId": id, "AccountName": id, "State": "ACTIVE", "ParentIds": ["r-1"]}),
            );
        }
        items.rcp("p-RCPFullAWSAccess", r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#);
        items
    }

    fn rcp(&mut self, id: &str, statement: &str) -> &mut Items {
        let configuration = json!({"Id": id, "Name": id, "Type": "RESOURCE_CONTROL_POLICY", "Content": document(statement), "TargetIds": ["r-1", OWN, SISTER]});
        self.item(
            SISTER,
            "AWS::Organizations::Policy",
            id,
            &format!("arn:aws:organizations::{SISTER}:policy/o-1/{id}"),
            configuration,
            json!({}),
        )
    }

    fn item(
        &mut self,
        account: &str,
        kind: &str,
        id: &str,
        arn: &str,
        configuration: Value,
        more: Value,
    ) -> &mut Items {
        self.0.push(json!({"version": "1.3", "accountId": account, "awsRegion": "eu-west-1", "resourceType": kind,
            "resourceId": id, "resourceName": id, "arn": arn, "configurationItemCaptureTime": "2026-11-20T03:00:00Z",
            "configurationItemStatus": "OK", "tags": {}, "configuration": configuration, "supplementaryConfiguration": more}));
        self
    }

    fn bucket(&mut self, statement: &str, mut more: Value) -> &mut Items {
        if !statement.is_empty() {
            more["BucketPolicy"] = json!({"policyText": document(statement)});
        }
        self.item(OWN, "AWS::S3::Bucket", "b", "arn:aws:s3:::b", json!({"name": "b"}), more)
    }

    fn found(&self, trusted: &[&str]) -> External {
        let mut builder = World::builder();
        let mut shares = Shares::default();
        for value in &self.0 {
            let item = ConfigurationItem::from_value(value).expect("an item");
            builder.add(&item);
            shares.add(&item);
        }
        let world = builder.build().expect("a world");
        let trusted = Trusted { names: trusted.iter().map(|name| (*name).to_owned()).collect() };
        let question = Question { trusted: &trusted, accounts: &[], kinds: &[], now: Some("2026-11-22T00:00:00Z") };
        external(&world, &shares, &CATALOGUE, &question)
    }
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// `kind outsider public|narrow levels`.
fn told(opening: &Opening) -> String {
    let levels: Vec<&str> = opening.levels.iter().map(|level| level.as_str()).collect();
    let public = if opening.public { "public" } else { "narrow" };
    let doubt = match opening.certainty {
        Certainty::Open => "",
        Certainty::Unknown(_) => " unknown",
    };
    format!("{} {} {public} {}{doubt}", opening.kind.name(), opening.outsider, levels.join(","))
}

fn check(items: &Items, expected: &[&str]) {
    let found = items.found(&[]);
    let lines: Vec<String> = found.openings.iter().map(told).collect();
    assert_eq!(lines, expected, "{:#?}", found.openings);
    for opening in &found.openings {
        if opening.certainty == Certainty::Open {
            let example = opening.example.as_ref().expect("what is certain has an example");
            assert!(opening.actions.iter().any(|action| action.eq_ignore_ascii_case(&example.action)), "{opening:?}");
        }
    }
}

fn allow(principal: &str, rest: &str) -> String {
    format!(r#"{{"Effect":"Allow","Principal":{principal},{rest}}}"#)
}

const READ: &str = r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#;

#[test]
fn buckets() {
    let bucket = |statement: &str, more: Value| {
        let mut items = Items::organization();
        items.bucket(statement, more);
        items
    };
    let any = r#""*""#;
    check(&bucket("", json!({})), &[]);
    check(&bucket(&allow(any, READ), json!({})), &["everyone * public read"]);
    let blocked = json!({"PublicAccessBlockConfiguration": {"restrictPublicBuckets": true}});
    check(&bucket(&allow(any, READ), blocked), &[]);
    let organization = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#;
    check(&bucket(&allow(any, &format!("{READ}{organization}")), json!({})), &[]);
    let endpoint = r#","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#;
    check(&bucket(&allow(any, &format!("{READ}{endpoint}")), json!({})), &["everyone * narrow read"]);
    let account = |id: &str| format!(r#"{{"AWS":"arn:aws:iam::{id}:root"}}"#);
    check(&bucket(&allow(&account(OTHER), READ), json!({})), &["account 999999999999 narrow read"]);
    check(&bucket(&allow(&account(SISTER), READ), json!({})), &[]);
    let all = r#""Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#;
    check(
        &bucket(&allow(&account(OTHER), all), json!({})),
        &["account 999999999999 narrow list,read,write,tagging,permissions-management"],
    );
    // What the own policy or an RCP denies is not open.
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}"#;
    check(&bucket(&format!("{},{deny}", allow(any, READ)), json!({})), &[]);
    let mut guarded = bucket(&allow(any, READ), json!({}));
    guarded.rcp("p-1", r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1","aws:PrincipalAccount":"999999999999"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#);
    check(&guarded, &["account 999999999999 narrow read"]);
}

#[test]
fn access_control_lists() {
    let acl = |list: &str, mut more: Value| {
        more["AccessControlList"] = json!(format!(r#"{{"grantList":[{list}],"owner":{{"id":"me"}}}}"#));
        let mut items = Items::organization();
        items.bucket("", more);
        items
    };
    let all = r#"{"grantee":"AllUsers","permission":"Read"}"#;
    let me = r#"{"grantee":{"id":"me","displayName":null},"permission":"FullControl"}"#;
    let they = r#"{"grantee":{"id":"they","displayName":null},"permission":"WriteAcp"}"#;
    check(&acl(me, json!({})), &[]);
    check(&acl(all, json!({})), &["everyone * public list"]);
    check(&acl(&format!("{me},{they}"), json!({})), &["canonical-user they narrow permissions-management"]);
    check(&acl(all, json!({"PublicAccessBlockConfiguration": {"ignorePublicAcls": true}})), &[]);
    check(&acl(they, json!({"BucketOwnershipControls": {"rules": [{"objectOwnership": "BucketOwnerEnforced"}]}})), &[]);
    let mut ignored = acl(all, json!({}));
    ignored.item(
        OWN,
        "AWS::S3::AccountPublicAccessBlock",
        OWN,
        "arn:aws:s3:::x",
        json!({"ignorePublicAcls": true}),
        json!({}),
    );
    check(&ignored, &[]);
}

#[test]
fn roles_queues_keys_and_snapshots() {
    let role = |statement: &str| {
        let mut items = Items::organization();
        let configuration = json!({"roleName": "r", "arn": format!("arn:aws:iam::{OWN}:role/r"), "assumeRolePolicyDocument": document(statement)});
        items.item(OWN, "AWS::IAM::Role", "AROAR", &format!("arn:aws:iam::{OWN}:role/r"), configuration, json!({}));
        items
    };
    let assume = r#""Action":"sts:AssumeRole""#;
    check(&role(&allow(r#"{"Service":"ec2.amazonaws.com"}"#, assume)), &[]);
    check(&role(&allow(r#"{"AWS":"222222222222"}"#, assume)), &[]);
    check(&role(&allow(r#"{"AWS":"999999999999"}"#, assume)), &["account 999999999999 narrow write"]);
    check(&role(&allow(r#""*""#, assume)), &["every-account * public write"]);
    let external_id = r#","Condition":{"StringEquals":{"sts:ExternalId":"7"}}"#;
    check(
        &role(&allow(r#"{"AWS":"arn:aws:iam::999999999999:role/vendor"}"#, &format!("{assume}{external_id}"))),
        &["principal arn:aws:iam::999999999999:role/vendor narrow write"],
    );
    let web = r#""Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*"}}"#;
    let provider = format!(r#"{{"Federated":"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com"}}"#);
    let found = role(&allow(&provider, web)).found(&[]);
    assert_eq!(found.openings.len(), 1, "{:?}", found.openings);
    let example = found.openings[0].example.as_ref().unwrap();
    assert!(example.context["token.actions.githubusercontent.com:sub"].as_str().unwrap().starts_with("repo:acme/"));

    let mut queue = Items::organization();
    let arn = format!("arn:aws:sqs:eu-west-1:{OWN}:q");
    let policy = |condition: &str| {
        document(&allow(r#""*""#, &format!(r#""Action":"sqs:SendMessage","Resource":"{arn}"{condition}"#)))
    };
    let source = r#","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111111111111:*"}}"#;
    queue.item(OWN, "AWS::SQS::Queue", "q", &arn, json!({"Policy": policy(source)}), json!({}));
    check(&queue, &[]);
    queue.item(OWN, "AWS::SQS::Queue", "q", &arn, json!({"Policy": policy("")}), json!({}));
    check(&queue, &["everyone * public write"]);

    let mut key = Items::organization();
    let arn = format!("arn:aws:kms:eu-west-1:{OWN}:key/k");
    let own =
        document(&allow(&format!(r#"{{"AWS":"arn:aws:iam::{OWN}:root"}}"#), r#""Action":"kms:*","Resource":"*""#));
    let grants =
        json!([{"grantId": "g", "granteePrincipal": "arn:aws:iam::999999999999:role/x", "operations": ["Decrypt"]}]);
    key.item(
        OWN,
        "AWS::KMS::Key",
        "k",
        &arn,
        json!({"keyManager": "CUSTOMER"}),
        json!({"Policy": own, "Grants": grants}),
    );
    check(&key, &["principal arn:aws:iam::999999999999:role/x narrow write"]);

    let mut snapshots = Items::organization();
    let permissions = json!({"createVolumePermissions": [{"group": "all"}, {"userId": OTHER}, {"userId": SISTER}]});
    snapshots.item(
        OWN,
        "AWS::EC2::Snapshot",
        "snap-1",
        &format!("arn:aws:ec2:eu-west-1:{OWN}:snapshot/snap-1"),
        permissions,
        json!({}),
    );
    let attributes = json!({"DBSnapshotAttributes": [{"attributeName": "restore", "attributeValues": [OTHER]}]});
    snapshots.item(
        OWN,
        "AWS::RDS::DBSnapshot",
        "s",
        &format!("arn:aws:rds:eu-west-1:{OWN}:snapshot:s"),
        json!({}),
        attributes,
    );
    check(
        &snapshots,
        &["every-account * public write", "account 999999999999 narrow write", "account 999999999999 narrow write"],
    );
}

#[test]
fn directory_buckets_layers_and_streams() {
    let check_one = |kind: &str, arn: &str, policy_member: &str, statement: &str, expected: &[&str]| {
        let mut items = Items::organization();
        let id = arn.rsplit('/').next().unwrap();
        let text = document(statement);
        let policy = if kind.contains("S3Express") { json!({"policyText": text}) } else { json!(text) };
        items.item(OWN, kind, id, arn, json!({}), json!({policy_member: policy}));
        check(&items, expected);
    };
    let account = r#"{"AWS":"arn:aws:iam::999999999999:root"}"#;

    let bucket = format!("arn:aws:s3express:us-east-1:{OWN}:bucket/features--use1-az4--x-s3");
    let session = format!(r#""Action":"s3express:CreateSession","Resource":"{bucket}""#);
    let directory = |statement: &str, expected: &[&str]| {
        check_one("AWS::S3Express::DirectoryBucket", &bucket, "BucketPolicy", statement, expected);
    };
    directory(&allow(account, &session), &["account 999999999999 narrow write"]);
    directory(&allow(r#"{"AWS":"222222222222"}"#, &session), &[]);
    // Block Public Access cannot be turned off there.
    directory(&allow(r#""*""#, &session), &[]);

    let layer = format!("arn:aws:lambda:us-east-1:{OWN}:layer:tools:2");
    let get = format!(r#""Action":"lambda:GetLayerVersion","Resource":"{layer}""#);
    let version = |statement: &str, expected: &[&str]| {
        check_one("AWS::Lambda::LayerVersion", &layer, "Policy", statement, expected);
    };
    version(&allow(account, &get), &["account 999999999999 narrow read"]);
    version(&allow(r#""*""#, &get), &["everyone * public read"]);
    let organization = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#;
    version(&allow(r#""*""#, &format!("{get}{organization}")), &[]);

    let stream = format!("arn:aws:dynamodb:us-east-1:{OWN}:table/orders/stream/2024-01-02T03:04:05.678");
    let records = format!(r#""Action":["dynamodb:GetRecords","dynamodb:GetShardIterator"],"Resource":"{stream}""#);
    let read = |statement: &str, expected: &[&str]| {
        check_one("AWS::DynamoDB::Stream", &stream, "ResourcePolicy", statement, expected);
    };
    read(&allow(account, &records), &["account 999999999999 narrow read"]);
    // A policy of the table is not its stream's.
    let table = format!(r#""Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:us-east-1:{OWN}:table/orders""#);
    read(&allow(account, &table), &[]);
}

#[test]
fn access_points() {
    let point = format!("arn:aws:s3:eu-west-1:{OWN}:accesspoint/p");
    let account = r#"{"AWS":"arn:aws:iam::999999999999:root"}"#;
    let objects = format!(r#""Action":"s3:GetObject","Resource":"{point}/object/*""#);
    let by_points = |account: &str, what: &str| {
        let condition = format!(r#","Condition":{{"StringEquals":{{"s3:DataAccessPointAccount":"{account}"}}}}"#);
        allow(r#""*""#, &format!(r#""Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/{what}"]{condition}"#))
    };
    let with = |bucket: &str, policy: &str, more: Value| {
        let mut items = Items::organization();
        items.bucket(bucket, json!({}));
        let mut configuration =
            json!({"Name": "p", "Bucket": "b", "NetworkOrigin": "Internet", "Policy": document(policy)});
        configuration.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        items.item(OWN, "AWS::S3::AccessPoint", "p", &point, configuration, json!({}));
        items
    };
    let none = json!({});
    // The bucket leaves it to its access points, and one of them lets an account in.
    let open = with(&by_points(OWN, "*"), &allow(account, &objects), none.clone());
    check(&open, &["account 999999999999 narrow read"]);
    let found = open.found(&[]);
    let example = found.openings[0].example.as_ref().unwrap();
    assert!(example.resource.starts_with(&format!("{point}/object/")), "{example:?}");
    assert_eq!(found.openings[0].resource, "arn:aws:s3:::b");
    check(&with(&by_points(OWN, "*"), &allow(r#"{"AWS":"222222222222"}"#, &objects), none.clone()), &[]);
    check(&with(&by_points(OWN, "*"), &allow(r#""*""#, &objects), none.clone()), &["everyone * public read"]);
    // The bucket lets nobody in, or only by access points of another account.
    check(&with("", &allow(account, &objects), none.clone()), &[]);
    check(&with(&by_points(SISTER, "*"), &allow(account, &objects), none.clone()), &[]);
    // A part of the objects: whether the example is among them is not told.
    let part = with(&by_points(OWN, "open/*"), &allow(account, &objects), none.clone()).found(&[]);
    assert!(matches!(part.openings[0].certainty, Certainty::Unknown(Doubt::Bucket(_))), "{:?}", part.openings);
    // Block Public Access of the access point; one for a VPC is never public.
    let blocked = json!({"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": true}});
    check(&with(&by_points(OWN, "*"), &allow(r#""*""#, &objects), blocked.clone()), &[]);
    check(
        &with(&by_points(OWN, "*"), &allow(account, &objects), blocked.clone()),
        &["account 999999999999 narrow read"],
    );
    let inside = json!({"NetworkOrigin": "VPC", "VpcConfiguration": {"VpcId": "vpc-1"}});
    check(&with(&by_points(OWN, "*"), &allow(r#""*""#, &objects), inside), &["everyone * narrow read"]);
    // Only requests of an organization come by it.
    let organization = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#;
    check(&with(&by_points(OWN, "*"), &allow(r#""*""#, &format!("{objects}{organization}")), none.clone()), &[]);
    // What nobody recorded is open.
    let mut unread = with(&by_points(OWN, "*"), &allow(account, &objects), none);
    unread.0.last_mut().unwrap()["notCollected"] = json!({"configuration.Policy": "AccessDenied"});
    let unread = unread.found(&[]);
    assert!(matches!(unread.openings[0].certainty, Certainty::Unknown(Doubt::Unrecorded(_))), "{:?}", unread.openings);
}

#[test]
fn the_zone_of_trust_is_as_told() {
    let mut items = Items::organization();
    items.bucket(&allow(r#"{"AWS":["222222222222","999999999999"]}"#, READ), json!({}));
    let outsiders = |trusted: &[&str]| -> BTreeSet<String> {
        items.found(trusted).openings.into_iter().map(|opening| opening.outsider).collect()
    };
    assert_eq!(outsiders(&[]), BTreeSet::from([OTHER.to_owned()]));
    assert_eq!(outsiders(&["o-1"]), BTreeSet::from([OTHER.to_owned()]));
    assert_eq!(outsiders(&[OTHER]), BTreeSet::from([SISTER.to_owned()]));
    assert_eq!(outsiders(&["o-1", OTHER]), BTreeSet::new());
}

#[test]
fn what_was_not_recorded_is_open() {
    let mut items = Items::organization();
    items.bucket("", json!({}));
    items.0.last_mut().unwrap()["notCollected"] = json!({"supplementaryConfiguration.BucketPolicy": "AccessDenied"});
    let found = items.found(&[]);
    let doubts: Vec<&Certainty> = found.openings.iter().map(|opening| &opening.certainty).collect();
    assert!(matches!(doubts[..], [Certainty::Unknown(Doubt::Unrecorded(_))]), "{doubts:?}");
    let seen = |name: &str| found.looked.iter().find(|(kind, _)| kind.name == name).map(|(_, count)| *count);
    assert_eq!((seen("AWS::S3::Bucket"), seen("AWS::SQS::Queue")), (Some(1), Some(0)));
    assert_eq!(found.looked.len(), 17);
    assert_eq!(external_kind("bucket").map(|kind| kind.name), Some("AWS::S3::Bucket"));
}
