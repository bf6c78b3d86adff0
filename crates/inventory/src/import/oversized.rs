//! Notifications of items that are too large for a message: the item is in an object of its own.

use serde::Deserialize;

/// Where the item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub bucket: String,
    pub key: String,
}

impl Location {
    /// The name that the object has in a folder.
    pub(crate) fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    message_type: Option<String>,
    s3_delivery_summary: Summary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    s3_bucket_location: Option<String>,
    error_message: Option<String>,
}

/// The place of an oversized item; the error is AWS Config's own, when it could not write the object.
pub(crate) fn location(text: &[u8]) -> Option<Result<Location, String>> {
    memchr::memmem::find(text, b"\"s3DeliverySummary\"")?;
    let notice: Notice = serde_json::from_slice(text).ok()?;
    if notice.message_type.is_some_and(|kind| kind != "OversizedConfigurationItemChangeNotification") {
        return None;
    }
    let summary = notice.s3_delivery_summary;
    let Some(place) = summary.s3_bucket_location.filter(|place| !place.is_empty()) else {
        let why = summary.error_message.unwrap_or_else(|| "the notification names no object".to_owned());
        return Some(Err(why));
    };
    let (bucket, key) = place.trim_start_matches("s3://").split_once('/')?;
    Some(Ok(Location { bucket: bucket.to_owned(), key: key.to_owned() }))
}

/// The message within an envelope of SNS.
pub(crate) fn enveloped(text: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Envelope {
        #[serde(rename = "Type")]
        kind: String,
        message: String,
    }
    memchr::memmem::find(text, b"\"Message\"")?;
    let envelope: Envelope = serde_json::from_slice(text).ok()?;
    (envelope.kind == "Notification").then_some(envelope.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_and_envelopes() {
        let text = br#"{"configurationItemSummary": {"changeType": "UPDATE"}, "s3DeliverySummary": {"s3BucketLocation": "b/AWSLogs/1/Config/x.json.gz", "errorCode": null, "errorMessage": null}, "messageType": "OversizedConfigurationItemChangeNotification"}"#;
        let found = location(text).unwrap().unwrap();
        assert_eq!((found.bucket.as_str(), found.name()), ("b", "x.json.gz"));
        let failed = br#"{"s3DeliverySummary": {"s3BucketLocation": null, "errorMessage": "denied"}, "messageType": "OversizedConfigurationItemChangeNotification"}"#;
        assert_eq!(location(failed), Some(Err("denied".to_owned())));
        assert_eq!(location(br#"{"s3DeliverySummary": 1}"#), None);
        assert_eq!(enveloped(br#"{"Type": "Notification", "Message": "{\"a\":1}"}"#).unwrap(), "{\"a\":1}");
        assert_eq!(enveloped(br#"{"Type": "SubscriptionConfirmation", "Message": "x"}"#), None);
    }
}
