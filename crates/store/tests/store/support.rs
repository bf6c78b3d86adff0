//! Items, runs and findings for the tests of the store.

use std::collections::HashSet;

use haechi_model::{
    AccountId, ConfigurationItem, Coverage, CoverageState, Finding, FindingKind, FindingState, Gap, Message, Region,
    ResourceKey, ResourceType, RuleInstance, Severity, Subject, Timestamp,
};
use haechi_store::{ChangeEvent, RunInfo, RunKind, Store};
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111122223333";

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

pub fn run_at(seconds: i64) -> RunInfo {
    RunInfo {
        started: at(seconds),
        kind: RunKind::Record,
        organization: Some("o-haechi".into()),
        sources: vec!["live".into()],
        filters: Default::default(),
        program_version: "0.1.0".into(),
    }
}

pub fn account() -> AccountId {
    AccountId::parse(ACCOUNT).unwrap()
}

pub fn region() -> Region {
    Region::parse("us-east-1").unwrap()
}

pub fn bucket() -> ResourceType {
    ResourceType::parse("AWS::S3::Bucket").unwrap()
}

pub fn key(id: &str) -> ResourceKey {
    item(id, 0, &json!(0)).key().clone()
}

/// A bucket as it was seen at a moment.
pub fn item(id: &str, seconds: i64, content: &Value) -> ConfigurationItem {
    item_with(id, seconds, json!({"configuration": {"name": id, "content": content}}))
}

pub fn item_with(id: &str, seconds: i64, members: Value) -> ConfigurationItem {
    let mut value = json!({
        "version": "1.3", "accountId": ACCOUNT, "awsRegion": "us-east-1", "resourceType": "AWS::S3::Bucket",
        "resourceId": id, "resourceName": id, "arn": format!("arn:aws:s3:::{id}"),
        "configurationItemCaptureTime": at(seconds).to_string(), "configurationItemStatus": "OK",
        "tags": {"env": "prod"},
        "relationships": [{"resourceType": "AWS::KMS::Key", "resourceId": "k", "relationshipName": "Is encrypted by"}],
    });
    for (name, member) in members.as_object().unwrap() {
        value[name] = member.clone();
    }
    ConfigurationItem::from_value(&value).unwrap()
}

pub fn deleted(id: &str, seconds: i64) -> ConfigurationItem {
    item_with(id, seconds, json!({"configurationItemStatus": "ResourceDeleted"}))
}

pub fn coverage(state: CoverageState) -> Coverage {
    Coverage { account_id: account(), region: region(), resource_type: bucket(), state, resources: 0 }
}

pub fn failed() -> CoverageState {
    CoverageState::Failed {
        gap: Gap {
            code: "AccessDenied".into(),
            message: "no".into(),
            operation: "s3:ListBuckets".into(),
            missing_action: Some("s3:ListAllMyBuckets".into()),
        },
    }
}

/// One pass over the buckets: each id with its content, then the end of the listing.
pub fn pass(store: &mut Store, seconds: i64, buckets: &[(&str, i64)], state: CoverageState) -> u64 {
    let items: Vec<_> = buckets.iter().map(|(id, content)| item(id, seconds, &json!(content))).collect();
    let seen: HashSet<&str> = buckets.iter().map(|(id, _)| *id).collect();
    let mut run = store.begin_run(run_at(seconds)).unwrap();
    run.put_items(&items, at(seconds)).unwrap();
    let outcome = run.finish_listing(&coverage(state), &seen, at(seconds + 1)).unwrap();
    run.commit(at(seconds + 2)).unwrap();
    match outcome {
        haechi_store::ListingOutcome::Complete { deleted } => deleted,
        haechi_store::ListingOutcome::Incomplete => 0,
    }
}

pub fn instance(rule: &str) -> RuleInstance {
    RuleInstance::new(rule, Default::default(), None)
}

pub fn finding(rule: &str, id: &str, severity: Severity) -> Finding {
    let (instance, key) = (instance(rule).id, key(id));
    Finding {
        id: Finding::id_of(FindingKind::Rule, instance, &key, ""),
        kind: FindingKind::Rule,
        rule: rule.into(),
        rule_instance: instance,
        parameters: Default::default(),
        subject: Subject {
            arn: Some(format!("arn:aws:s3:::{id}")),
            resource_name: Some(id.into()),
            account_name: Some("prod".into()),
            ou_path: Some("Root/Workloads/Prod".into()),
            owner: Some("web".into()),
            tags: [("env".to_owned(), "prod".to_owned())].into(),
            location: None,
            key,
        },
        sub_key: String::new(),
        severity,
        message: Message::new(format!("rule:{rule}")),
        evidence: vec![json!({"n": 1})],
        controls: vec!["aws-fsbp:S3.2".into()],
        state: FindingState::Open,
        first_seen: at(0),
        last_seen: at(0),
        due: at(0).plus_days(severity.due_days()),
        reopened: 0,
    }
}

/// A CloudTrail event on a bucket.
pub fn change(id: &str, resource: &str, seconds: i64) -> ChangeEvent {
    ChangeEvent {
        key: key(resource),
        event_id: id.into(),
        at: at(seconds),
        event_name: "PutBucketPolicy".into(),
        event_source: "s3.amazonaws.com".into(),
        principal_arn: Some("arn:aws:sts::111122223333:assumed-role/admin/session".into()),
        principal_type: Some("AssumedRole".into()),
        session_issuer: Some("arn:aws:iam::111122223333:role/admin".into()),
        source_ip: Some("192.0.2.1".into()),
        user_agent: None,
        error_code: None,
        region: region(),
        account: account(),
    }
}

/// The tests of this binary run on PostgreSQL.
pub const ON_POSTGRES: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"postgres");

/// An empty store: in memory, or in a database of its own on the server that HAECHI_POSTGRES names.
pub fn store() -> Store {
    if ON_POSTGRES { on_postgres() } else { Store::open_in_memory().unwrap() }
}

/// Where a fresh database is; ends the tests, as skipped, when there is no server.
pub fn fresh_database() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("HAECHI_POSTGRES") else {
        eprintln!("skipped: HAECHI_POSTGRES names no server");
        std::process::exit(0);
    };
    let name = format!("haechi_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let create = format!("CREATE DATABASE {name}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&create).await.unwrap();
    });
    let (before, _) = server.rsplit_once('/').unwrap();
    format!("{before}/{name}")
}

fn on_postgres() -> Store {
    Store::open_at(&haechi_store::Location::parse(&fresh_database()).unwrap()).unwrap()
}
