//! A queue of SQS: take messages, and delete them once they are dealt with.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api as _;
use crate::client::Client;
use crate::error::{ApiError, ErrorKind};

/// SQS hands out, and deletes, so many messages at a time.
const BATCH: usize = 10;
/// SQS waits so long for a message at most.
const LONGEST_WAIT: u64 = 20;

/// A message that was taken; SQS hands it out again unless it is deleted in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    pub body: String,
    /// What [`Queue::delete`] wants.
    pub receipt: String,
    /// How often it was handed out, this time included; 0 when the service did not say.
    pub received: u64,
}

/// One queue. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    url: String,
    region: String,
}

impl Queue {
    /// A queue by its URL (`https://sqs.eu-west-1.amazonaws.com/123456789012/name`) or its ARN, for which
    /// SQS is asked for the URL.
    ///
    /// # Errors
    /// The text is neither, or there is no such queue.
    pub async fn open(client: Client, queue: &str) -> Result<Self, ApiError> {
        let bad = |text: &str| ApiError::new(ErrorKind::InvalidInput, "sqs", "", "ReceiveMessage", text);
        if queue.starts_with("https://") || queue.starts_with("http://") {
            let region = region_of_url(queue).unwrap_or(client.region()).to_owned();
            return Ok(Self { client, url: queue.to_owned(), region });
        }
        let parts: Vec<&str> = queue.split(':').collect();
        let ["arn", _, "sqs", region, account, name] = parts[..] else {
            return Err(bad("a queue is given by its URL or its ARN"));
        };
        let input = json!({ "QueueName": name, "QueueOwnerAWSAccountId": account });
        let found = client.call("sqs", region, "GetQueueUrl", input).await?;
        let url = found["QueueUrl"].as_str().ok_or_else(|| bad("SQS gave no URL for the queue"))?.to_owned();
        Ok(Self { region: region.to_owned(), client, url })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Up to ten messages. Waits until there is one, for `wait` and no more than SQS's 20 seconds; an
    /// empty list says that there was none. `hidden` is how long others do not see the messages; without
    /// it the queue's own time counts.
    ///
    /// # Errors
    /// As [`crate::Api::call`].
    pub async fn receive(&self, wait: Duration, hidden: Option<Duration>) -> Result<Vec<Message>, ApiError> {
        let mut input = json!({
            "QueueUrl": self.url,
            "MaxNumberOfMessages": BATCH,
            "WaitTimeSeconds": wait.as_secs().min(LONGEST_WAIT),
            "AttributeNames": ["ApproximateReceiveCount"],
        });
        if let Some(hidden) = hidden {
            input["VisibilityTimeout"] = hidden.as_secs().into();
        }
        let answer = self.client.call("sqs", &self.region, "ReceiveMessage", input).await?;
        let messages = answer["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(messages.iter().map(message).collect())
    }

    /// Deletes messages by their receipts; what could not be deleted comes back, each with SQS's reason.
    /// It will be handed out again.
    ///
    /// # Errors
    /// As [`crate::Api::call`]; the batches before the failed one are deleted.
    pub async fn delete(&self, receipts: &[String]) -> Result<Vec<(String, String)>, ApiError> {
        let mut kept = Vec::new();
        for batch in receipts.chunks(BATCH) {
            let entries: Vec<Value> = batch
                .iter()
                .enumerate()
                .map(|(id, receipt)| json!({ "Id": id.to_string(), "ReceiptHandle": receipt }))
                .collect();
            let input = json!({ "QueueUrl": self.url, "Entries": entries });
            let answer = self.client.call("sqs", &self.region, "DeleteMessageBatch", input).await?;
            for failed in answer["Failed"].as_array().map(Vec::as_slice).unwrap_or_default() {
                let index = failed["Id"].as_str().and_then(|id| id.parse::<usize>().ok());
                if let Some(receipt) = index.and_then(|index| batch.get(index)) {
                    let why = failed["Message"].as_str().or(failed["Code"].as_str()).unwrap_or("SQS gave no reason");
                    kept.push((receipt.clone(), why.to_owned()));
                }
            }
        }
        Ok(kept)
    }
}

fn message(value: &Value) -> Message {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let received = value["Attributes"]["ApproximateReceiveCount"].as_str().and_then(|count| count.parse().ok());
    Message {
        id: text("MessageId"),
        body: text("Body"),
        receipt: text("ReceiptHandle"),
        received: received.unwrap_or(0),
    }
}

/// The region in the host of a queue's URL; none for an endpoint of the user's own.
fn region_of_url(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split(['/', ':']).next()?;
    if !host.ends_with(".amazonaws.com") && !host.ends_with(".amazonaws.com.cn") {
        return None;
    }
    match host.split('.').collect::<Vec<_>>()[..] {
        ["sqs" | "sqs-fips", region, "amazonaws", ..] | [region, "queue", "amazonaws", ..] => Some(region),
        ["queue", "amazonaws", ..] => Some("us-east-1"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_in_the_url() {
        let check = |url: &str, want: Option<&str>| assert_eq!(region_of_url(url), want, "{url}");
        check("https://sqs.eu-west-1.amazonaws.com/123456789012/q", Some("eu-west-1"));
        check("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", Some("cn-north-1"));
        check("https://eu-west-1.queue.amazonaws.com/123456789012/q", Some("eu-west-1"));
        check("https://queue.amazonaws.com/123456789012/q", Some("us-east-1"));
        check("http://127.0.0.1:5000/123456789012/q", None);
        check("https://sqs.eu-west-1.example.com/1/q", None);
    }
}
