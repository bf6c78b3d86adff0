//! Messages that say that something happened, as queues and topics carry them: new objects of S3, events of
//! CloudTrail, notifications of AWS Config; bare, from EventBridge, or in the envelope of SNS.

use haechi_model::event::{Json, JsonKind};

/// An object that was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NewObject {
    pub bucket: String,
    pub key: String,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Objects to read: logs or files of AWS Config, by their keys.
    Objects(Vec<NewObject>),
    /// JSON text with an event of CloudTrail in it, as [`Reader`](crate::Reader) reads it.
    Event(String),
    /// A configuration item, as JSON.
    Item(String),
    /// Known, and nothing to do: such as S3's test message.
    Nothing,
}

/// The message is none of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    #[error("the message is not JSON")]
    NotJson,
    #[error("the message is no notice of S3, CloudTrail or AWS Config")]
    Unknown,
    #[error("the message has more envelopes than it should")]
    Deep,
}

/// SNS within SNS does not happen; twice is allowed for forwarders.
const ENVELOPES: u32 = 3;

impl Notice {
    pub fn parse(body: &str) -> Result<Self, NoticeError> {
        Self::inside(body, ENVELOPES)
    }

    fn inside(body: &str, envelopes: u32) -> Result<Self, NoticeError> {
        let message = Json::parse(body).ok_or(NoticeError::NotJson)?;
        if message.kind() != JsonKind::Object {
            return Err(NoticeError::Unknown);
        }
        let text = |name: &str| message.get(name).and_then(Json::text);
        // An envelope of SNS.
        if let (Some(kind), Some(inner)) = (text("Type"), text("Message"))
            && message.get("TopicArn").is_some()
        {
            return match (&*kind, envelopes) {
                (_, 0) => Err(NoticeError::Deep),
                ("Notification", _) => Self::inside(&inner, envelopes - 1),
                // The confirmation of a subscription is for a person to give.
                _ => Ok(Self::Nothing),
            };
        }
        if let (Some(_), Some(detail)) = (text("detail-type"), message.get("detail")) {
            return of_bridge(body, detail);
        }
        of_bare(body, message)
    }
}

/// An event of EventBridge.
fn of_bridge(body: &str, detail: Json<'_>) -> Result<Notice, NoticeError> {
    if detail.get("eventID").is_some() && detail.get("eventName").is_some() {
        return Ok(Notice::Event(body.to_owned()));
    }
    if detail.get("messageType").is_some() {
        return of_config(detail);
    }
    let (bucket, object) = (detail.get("bucket"), detail.get("object"));
    let named = |value: Option<Json<'_>>, name: &str| value?.get(name)?.text().map(|text| text.into_owned());
    match (named(bucket, "name"), named(object, "key")) {
        // EventBridge, other than S3's own messages, does not encode keys.
        (Some(bucket), Some(key)) => Ok(Notice::Objects(vec![NewObject { bucket, key }])),
        _ => Err(NoticeError::Unknown),
    }
}

fn of_bare(body: &str, message: Json<'_>) -> Result<Notice, NoticeError> {
    let text = |name: &str| message.get(name).and_then(Json::text);
    if message.get("messageType").is_some() {
        return of_config(message);
    }
    if let Some(records) = message.get("Records").filter(|records| records.kind() == JsonKind::Array) {
        let events = records.elements().any(|record| record.get("eventID").is_some());
        if events {
            return Ok(Notice::Event(body.to_owned()));
        }
        let objects: Vec<_> = records.elements().filter_map(of_s3).collect();
        let of_s3 = records.elements().all(|record| record.get("s3").is_some());
        return if of_s3 { Ok(Notice::Objects(objects)) } else { Err(NoticeError::Unknown) };
    }
    // CloudTrail's own topic.
    if let (Some(bucket), Some(keys)) = (text("s3Bucket"), message.get("s3ObjectKey")) {
        let one = keys.text().into_iter();
        let keys = one.chain(keys.elements().filter_map(Json::text));
        let object = |key: std::borrow::Cow<'_, str>| NewObject { bucket: bucket.to_string(), key: key.into_owned() };
        return Ok(Notice::Objects(keys.map(object).collect()));
    }
    if message.get("eventID").is_some() && message.get("eventName").is_some() {
        return Ok(Notice::Event(body.to_owned()));
    }
    match text("Event").as_deref() {
        Some("s3:TestEvent") => Ok(Notice::Nothing),
        _ => Err(NoticeError::Unknown),
    }
}

/// One record of S3's notification: an object that was written. What was removed is nothing to read.
fn of_s3(record: Json<'_>) -> Option<NewObject> {
    let name = record.get("eventName")?.text()?;
    if !name.trim_start_matches("s3:").starts_with("ObjectCreated") {
        return None;
    }
    let s3 = record.get("s3")?;
    let bucket = s3.get("bucket")?.get("name")?.text()?.into_owned();
    let key = s3.get("object")?.get("key")?.text()?.replace('+', " ");
    let key = percent_encoding::percent_decode_str(&key).decode_utf8().ok()?.into_owned();
    Some(NewObject { bucket, key })
}

/// A notification of AWS Config.
fn of_config(message: Json<'_>) -> Result<Notice, NoticeError> {
    let text = |value: Json<'_>, name: &str| value.get(name).and_then(Json::text).map(|text| text.into_owned());
    match text(message, "messageType").as_deref() {
        Some("ConfigurationItemChangeNotification") => {
            let item = message.get("configurationItem").ok_or(NoticeError::Unknown)?;
            Ok(Notice::Item(item.as_json().to_owned()))
        }
        Some("OversizedConfigurationItemChangeNotification") => {
            let summary = message.get("s3DeliverySummary").ok_or(NoticeError::Unknown)?;
            let place = text(summary, "s3BucketLocation").ok_or(NoticeError::Unknown)?;
            let place = place.trim_start_matches("s3://");
            let (bucket, key) = place.split_once('/').ok_or(NoticeError::Unknown)?;
            Ok(Notice::Objects(vec![NewObject { bucket: bucket.to_owned(), key: key.to_owned() }]))
        }
        Some("ConfigurationHistoryDeliveryCompleted" | "ConfigurationSnapshotDeliveryCompleted") => {
            match (text(message, "s3Bucket"), text(message, "s3ObjectKey")) {
                (Some(bucket), Some(key)) => Ok(Notice::Objects(vec![NewObject { bucket, key }])),
                _ => Err(NoticeError::Unknown),
            }
        }
        Some(_) => Ok(Notice::Nothing),
        None => Err(NoticeError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(message: &Value, expected: Result<Notice, NoticeError>) {
        assert_eq!(Notice::parse(&message.to_string()), expected, "{message}");
        // The same through a topic.
        let envelope = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:r:1:t", "Message": message.to_string()});
        assert_eq!(Notice::parse(&envelope.to_string()), expected, "{envelope}");
    }

    fn objects(keys: &[&str]) -> Result<Notice, NoticeError> {
        Ok(Notice::Objects(keys.iter().map(|key| NewObject { bucket: "b".into(), key: (*key).into() }).collect()))
    }

    #[test]
    fn new_objects() {
        let of = |name: &str, key: &str| json!({"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": "b"}, "object": {"key": key}}});
        check(
            &json!({"Records": [of("ObjectCreated:Put", "a+b/%EA%B0%80.gz"), of("ObjectRemoved:Delete", "x")]}),
            objects(&["a b/가.gz"]),
        );
        check(
            &json!({"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b"}}}),
            objects(&["a+b"]),
        );
        check(&json!({"s3Bucket": "b", "s3ObjectKey": ["k1", "k2"]}), objects(&["k1", "k2"]));
        check(
            &json!({"messageType": "ConfigurationHistoryDeliveryCompleted", "s3Bucket": "b", "s3ObjectKey": "k"}),
            objects(&["k"]),
        );
        check(
            &json!({"messageType": "OversizedConfigurationItemChangeNotification", "s3DeliverySummary": {"s3BucketLocation": "b/p/k.json.gz"}}),
            objects(&["p/k.json.gz"]),
        );
        check(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}), Ok(Notice::Nothing));
    }

    #[test]
    fn events_and_items() {
        let event = json!({"eventID": "1", "eventName": "RunInstances"});
        let bridge = json!({"detail-type": "AWS API Call via CloudTrail", "detail": event});
        check(&bridge, Ok(Notice::Event(bridge.to_string())));
        check(&event, Ok(Notice::Event(event.to_string())));
        let item = json!({"resourceId": "i-1"});
        let change = json!({"messageType": "ConfigurationItemChangeNotification", "configurationItem": item});
        check(&change, Ok(Notice::Item(item.to_string())));
        check(
            &json!({"detail-type": "Config Configuration Item Change", "detail": change}),
            Ok(Notice::Item(item.to_string())),
        );
        check(&json!({"messageType": "ComplianceChangeNotification"}), Ok(Notice::Nothing));
    }

    #[test]
    fn what_is_none_of_these() {
        check(&json!({"hello": 1}), Err(NoticeError::Unknown));
        assert_eq!(Notice::parse("hello"), Err(NoticeError::NotJson));
        assert_eq!(Notice::parse("[]"), Err(NoticeError::Unknown));
        let mut message = json!({"hello": 1});
        for _ in 0..5 {
            message = json!({"Type": "Notification", "TopicArn": "t", "Message": message.to_string()});
        }
        assert_eq!(Notice::parse(&message.to_string()), Err(NoticeError::Deep));
        let confirm = json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "You have chosen..."});
        assert_eq!(Notice::parse(&confirm.to_string()), Ok(Notice::Nothing));
    }
}
