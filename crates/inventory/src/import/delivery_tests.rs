//! What AWS Config delivers over several days and in several ways, imported as one: which of it is of today,
//! what is deleted, and what came in messages.

use std::collections::HashMap;
use std::sync::Arc;

use haechi_aws::{ApiError, BoxFuture, ErrorKind, Object, S3Location};
use haechi_model::{Region, Timestamp};
use serde_json::{Value, json};

use super::bucket::{Bucket, import_from};
use super::*;

/// What a sink heard.
#[derive(Default)]
struct Heard {
    present: Vec<String>,
    past: Vec<String>,
    taken: Vec<String>,
    complete: Vec<(String, u64)>,
}

impl Sink for Heard {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.present.extend(batch.iter().map(|item| item.key().resource_id.to_string()));
        Ok(())
    }
    fn past(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.past.extend(batch.iter().map(|item| item.key().resource_id.to_string()));
        Ok(())
    }
    fn taken(&mut self, _: AccountId, region: &Region, at: Timestamp) {
        self.taken.push(format!("{region} {at}"));
    }
    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.complete.push((line.region.to_string(), line.resources));
        Ok(())
    }
}

fn item(id: &str, region: &str, day: &str) -> Value {
    json!({"configurationItemVersion": "1.3", "awsAccountId": "123456789012", "awsRegion": region,
        "resourceType": "AWS::SQS::Queue", "resourceId": id, "configurationItemStatus": "OK",
        "configurationItemCaptureTime": format!("{day}T00:00:00.000Z"), "configuration": {"name": id}})
}

fn body(items: &[Value]) -> Vec<u8> {
    json!({"fileVersion": "1.0", "configSnapshotId": "x", "configurationItems": items}).to_string().into_bytes()
}

fn snapshot_name(region: &str, day: &str) -> String {
    format!("p/123456789012_Config_{region}_ConfigSnapshot_{day}T000000Z_0a.json")
}

fn import_all(files: &[(String, Vec<u8>)]) -> (ImportSummary, Heard) {
    let mut heard = Heard::default();
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let summary = import_embedded(&files, &Extended::default(), &mut heard, &mut |_| {}, &Stop::default()).unwrap();
    (summary, heard)
}

#[test]
fn the_newest_snapshot_says_what_is_there() {
    let (us, eu) = ("us-east-1", "eu-west-1");
    let history =
        "p/123456789012_Config_us-east-1_ConfigHistory_AWS::SQS::Queue_20260101T000000Z_20260106T000000Z_1.json";
    let files = [
        (snapshot_name(us, "20260105"), body(&[item("kept", us, "2026-01-01")])),
        // Read later, taken earlier: what only it has is of the past.
        (snapshot_name(us, "20260102"), body(&[item("kept", us, "2026-01-01"), item("gone", us, "2026-01-02")])),
        // Another region has a newest one of its own.
        (snapshot_name(eu, "20260102"), body(&[item("far", eu, "2026-01-02")])),
        (
            history.to_owned(),
            json!({"configurationItems": [item("older", us, "2026-01-03"), item("newer", us, "2026-01-06")]})
                .to_string()
                .into_bytes(),
        ),
    ];
    let (summary, mut heard) = import_all(&files);
    assert_eq!(summary.unreadable, []);
    heard.present.sort();
    heard.past.sort();
    heard.taken.sort();
    assert_eq!(heard.present, ["far", "kept", "newer"]);
    assert_eq!(heard.past, ["gone", "kept", "older"]);
    assert_eq!(heard.taken, ["eu-west-1 2026-01-02T00:00:00Z", "us-east-1 2026-01-05T00:00:00Z"]);
    assert_eq!(heard.complete, [("eu-west-1".to_owned(), 1), ("us-east-1".to_owned(), 1)]);
}

#[test]
fn files_of_months_and_days_without_zeros_are_in_order() {
    let mut files = [
        "2026/1/10/x_y.json",
        "2026/1/10/123456789012_Config_us-east-1_ConfigHistory_T_20260110T000000Z_20260110T060000Z_1.json.gz",
        "2026/1/2/123456789012_Config_us-east-1_ConfigHistory_T_20260102T000000Z_20260102T060000Z_1.json.gz",
    ];
    in_order(&mut files, |name| name);
    assert_eq!(files.map(|name| &name[7..9]), ["10", "2/", "10"]);
}

#[test]
fn messages_in_envelopes_are_opened() {
    let change = json!({"messageType": "ConfigurationItemChangeNotification", "recordVersion": "1.3",
        "configurationItem": item("changed", "us-east-1", "2026-01-01"), "configurationItemDiff": {"changeType": "UPDATE"}});
    let envelope = |message: String| {
        json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": message}).to_string()
    };
    let confirmation = json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen"}).to_string();
    let twice = envelope(envelope(change.to_string()));
    let text = [envelope(change.to_string()), confirmation, envelope("no JSON".to_owned()), twice].join("\n");
    let (_, heard) = import_all(&[("messages.jsonl".to_owned(), text.into_bytes())]);
    assert_eq!(heard.present, ["changed"]);
}

fn oversized_notice(location: &str) -> Vec<u8> {
    json!({"messageType": "OversizedConfigurationItemChangeNotification", "recordVersion": "1.0",
        "configurationItemSummary": {"changeType": "UPDATE", "resourceId": "large"},
        "s3DeliverySummary": {"s3BucketLocation": location, "errorCode": null, "errorMessage": null}})
    .to_string()
    .into_bytes()
}

#[test]
fn an_oversized_item_beside_is_found_and_a_missing_one_is_told() {
    let notice = ("notice.json".to_owned(), oversized_notice("example-bucket/a/large.json"));
    let (summary, heard) =
        import_all(&[notice.clone(), ("a/large.json".to_owned(), body(&[item("large", "us-east-1", "2026-01-01")]))]);
    assert_eq!((summary.unreadable.len(), heard.present), (0, vec!["large".to_owned()]));
    let (summary, _) = import_all(&[notice]);
    let told: Vec<_> = summary.unreadable.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(
        told,
        ["s3://example-bucket/a/large.json: the item was too large for a message; its object is not among the files"]
    );
}

/// A bucket in memory that cuts one object short.
struct Shelf(HashMap<String, Vec<u8>>);

impl Bucket for Shelf {
    fn list<'a>(&'a self, prefix: &'a str, _: usize) -> BoxFuture<'a, Result<Vec<Object>, ApiError>> {
        let object = |(key, bytes): (&String, &Vec<u8>)| Object {
            key: key.clone(),
            size: bytes.len() as u64,
            etag: String::new(),
            last_modified: String::new(),
            storage_class: String::new(),
        };
        let mut all: Vec<_> = self.0.iter().filter(|(key, _)| key.starts_with(prefix)).map(object).collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Box::pin(async move { Ok(all) })
    }

    fn part<'a>(&'a self, object: &'a Object, from: u64, length: u64) -> BoxFuture<'a, Result<Vec<u8>, ApiError>> {
        Box::pin(async move {
            if object.key.contains("lost") {
                return Err(ApiError::new(ErrorKind::AccessDenied, "s3", "us-east-1", "GetObject", "no"));
            }
            let from = usize::try_from(from).unwrap();
            Ok(self.0[&object.key][from..from + usize::try_from(length).unwrap()].to_vec())
        })
    }

    fn whole<'a>(&'a self, key: &'a str, _: u64) -> BoxFuture<'a, Result<Vec<u8>, ApiError>> {
        let none = || ApiError::new(ErrorKind::NotFound, "s3", "us-east-1", "GetObject", "NoSuchKey");
        Box::pin(async move { self.0.get(key).cloned().ok_or_else(none) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_is_read_like_a_folder() {
    let mut shelf = HashMap::new();
    for number in 0..50 {
        let id = format!("q{number:02}");
        let large = json!({"configurationItems": [item(&id, "us-east-1", "2026-01-01")], "pad": "x".repeat(200_000)});
        shelf.insert(format!("in/{number:02}.json"), large.to_string().into_bytes());
    }
    shelf.insert("in/lost.json".to_owned(), b"{}".to_vec());
    shelf.insert("in/empty.json".to_owned(), Vec::new());
    shelf.insert("in/AWSLogs/123456789012/Config/ConfigWritabilityCheckFile".to_owned(), b"x".to_vec());
    shelf.insert("in/AWSLogs/123456789012/CloudTrail/x.json.gz".to_owned(), b"x".to_vec());
    shelf.insert("in/notice.json".to_owned(), oversized_notice("example-bucket/else/large.json"));
    shelf.insert("else/large.json".to_owned(), body(&[item("large", "us-east-1", "2026-01-01")]));
    let place = S3Location { bucket: "example-bucket".to_owned(), prefix: "in/".to_owned() };
    let mut heard = Heard::default();
    let summary = tokio::task::block_in_place(|| {
        let mut progress = |_: &ImportProgress| {};
        import_from(Arc::new(Shelf(shelf)), &place, &Extended::default(), &mut heard, &mut progress, &Stop::default())
    })
    .unwrap();
    heard.present.sort();
    assert_eq!((heard.present.len(), heard.present[0].as_str()), (51, "large"));
    assert_eq!(summary.unreadable.len(), 1, "{:?}", summary.unreadable);
    assert!(
        summary.unreadable[0].reason.contains("AccessDenied") || summary.unreadable[0].reason.contains("access-denied")
    );
    let mut skipped: Vec<_> = summary.skipped.iter().map(|one| one.reason.as_str()).collect();
    skipped.sort_unstable();
    assert_eq!(
        skipped,
        ["AWS Config's test whether it can write, no data", "a log of another service", "the file is empty"]
    );
}
