//! Events given to a replay, as a reader of logs gives them.

use std::path::Path;
use std::sync::LazyLock;

use haechi_access::OrgPolicyType;
use haechi_access::World;
use haechi_access::whatif::{Call, Change, Class, Count, Replay, Tally, WhatIf};
use haechi_iam::{Catalogue, EventRules};
use haechi_model::Log;
use haechi_model::event::{Event, Fields, Head, Place, Record, time};
use serde_json::{Value, json};

pub static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::read(include_str!("../../../../../content/iam/actions.txt")).expect("the table"));
pub static RULES: LazyLock<EventRules> =
    LazyLock::new(|| EventRules::read(include_str!("../../../../../content/iam/events.txt")).expect("the rules"));

/// A call in an account by somebody, in eu-west-1.
pub fn call(arn: &str, source: &str, name: &str) -> Value {
    let account = arn.split(':').nth(4).unwrap_or_default();
    let (kind, key) = if arn.contains(":user/") {
        ("IAMUser", "AKIAIOSFODNN7EXAMPLE")
    } else if arn.ends_with(":root") {
        ("Root", "AKIAIOSFODNN7EXAMPLE")
    } else {
        ("AssumedRole", "ASIAIOSFODNN7EXAMPLE")
    };
    let mut identity = json!({"type": kind, "arn": arn, "accountId": account, "accessKeyId": key});
    if let Some(path) = arn.split(":role/").nth(1) {
        let name = path.rsplit('/').next().unwrap_or(path);
        identity["arn"] = json!(format!("arn:aws:sts::{account}:assumed-role/{name}/session"));
        identity["sessionContext"] = json!({"sessionIssuer": {"type": "Role", "arn": arn, "accountId": account},
            "attributes": {"creationDate": "2026-11-20T01:00:00Z", "mfaAuthenticated": "false"}});
    }
    json!({"eventVersion": "1.09", "userIdentity": identity, "eventTime": "2026-11-20T02:00:00Z",
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2", "requestParameters": null, "eventID": "e-1",
        "eventType": "AwsApiCall", "recipientAccountId": account, "eventCategory": "Management"})
}

pub fn with(mut event: Value, path: &str, value: Value) -> Value {
    let mut at = &mut event;
    for part in path.split('.') {
        at = &mut at[part];
    }
    *at = value;
    event
}

pub fn attach(policy: &Value, target: &str) -> Change {
    Change::AttachNew {
        name: "new.json".into(),
        policy_type: OrgPolicyType::ServiceControl,
        content: policy.to_string(),
        target: target.into(),
    }
}

pub fn whatif(world: &World, changes: Vec<Change>) -> WhatIf {
    WhatIf::new(world, changes).unwrap_or_else(|error| panic!("{error}"))
}

/// Hands events over as a reader of logs does.
pub fn each_event<'v>(fields: &Fields, events: impl IntoIterator<Item = &'v Value>, take: &mut dyn FnMut(&Event<'_>)) {
    let mut slots = Vec::new();
    for value in events {
        let text = value.to_string();
        fields.read(text.as_bytes(), 0, &mut slots).expect("a record");
        let part = |name: &str| value[name].as_str().unwrap_or_default();
        let head = Head {
            log: Log::CloudTrail,
            id: part("eventID"),
            time: time(part("eventTime")).expect("a time"),
            source: part("eventSource"),
            name: part("eventName"),
            account: value["recipientAccountId"].as_str().or(value["userIdentity"]["accountId"].as_str()),
            region: value["awsRegion"].as_str(),
        };
        let place = Place { file: Path::new("made"), record: 1 };
        take(&Event { record: Record::of_json(&text, fields, &slots), head, place });
    }
}

/// Everything the replay counts.
pub fn replayed<'v>(whatif: &WhatIf, events: impl IntoIterator<Item = &'v Value>) -> Tally {
    let replay = Replay::new(whatif, &CATALOGUE, &RULES).expect("few fields");
    let mut one = replay.start();
    each_event(replay.fields(), events, &mut |event| one.take(event));
    one.finish()
}

/// What becomes of one event.
pub fn one(world: &World, changes: Vec<Change>, event: &Value) -> (Call, Count) {
    let tally = replayed(&whatif(world, changes), [event]);
    let mut calls = tally.calls();
    let (call, count) = calls.next().expect("a call");
    assert_eq!((calls.len(), count.calls), (0, 1), "one event, one class");
    (call.clone(), count.clone())
}

pub fn class_of(world: &World, changes: Vec<Change>, event: &Value) -> Class {
    one(world, changes, event).0.class
}
