//! Notices: where events go, which of them, and how often it is tried. An event is a JSON document with an `id` of its
//! own and the finding in `detail`; what is in it is its maker's affair.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use haechi_aws::{Api, Timeouts, Web};
use serde_json::{Value, json};

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A web server that takes a POST.
    Webhook(String),
    /// A file of JSON lines.
    File(PathBuf),
    /// A queue by its URL.
    Sqs { url: String, region: Option<String> },
    /// A queue by its ARN.
    SqsArn { arn: String, region: String, account: String, name: String },
    /// A topic by its ARN.
    Sns { arn: String, region: String },
}

/// The text names no destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    #[error("`{0}` is no destination: https://..., file:PATH, sqs:URL, or the ARN of an SQS queue or SNS topic")]
    Unknown(String),
    #[error("`{0}` goes over the network unencrypted; use https://, http:// only to this machine")]
    Unencrypted(String),
}

/// Whether a URL's host is this machine.
fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Destination {
    /// # Errors
    /// The text is no destination, or one that events must not go to.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        let unknown = || DestinationError::Unknown(shown(text));
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(unknown()) } else { Ok(Self::File(path.into())) };
        }
        if let Some(url) = text.strip_prefix("sqs:") {
            let sound = url.starts_with("https://") || (url.starts_with("http://") && is_loopback(url));
            // https://sqs.eu-west-1.amazonaws.com/111122223333/name
            let host = url.split('/').nth(2).unwrap_or_default();
            let region = host.strip_prefix("sqs.").and_then(|rest| rest.split('.').next()).map(str::to_owned);
            return if sound { Ok(Self::Sqs { url: url.to_owned(), region }) } else { Err(unknown()) };
        }
        if text.starts_with("arn:") {
            let parts: Vec<&str> = text.splitn(6, ':').collect();
            return match parts[..] {
                [_, _, "sns", region, account, name] if sound(region, account, name) => {
                    Ok(Self::Sns { arn: text.to_owned(), region: region.to_owned() })
                }
                [_, _, "sqs", region, account, name] if sound(region, account, name) => Ok(Self::SqsArn {
                    arn: text.to_owned(),
                    region: region.to_owned(),
                    account: account.to_owned(),
                    name: name.to_owned(),
                }),
                _ => Err(unknown()),
            };
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(unknown());
        }
        if text.starts_with("https://") || (text.starts_with("http://") && is_loopback(text)) {
            return Ok(Self::Webhook(text.to_owned()));
        }
        if text.starts_with("http://") {
            return Err(DestinationError::Unencrypted(shown(text)));
        }
        Err(unknown())
    }

    /// As it is shown in lists: a web server's path and query may hold a secret.
    pub fn shown(&self) -> String {
        let Self::Webhook(url) = self else { return self.to_string() };
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let more = if rest.len() > authority.len() + 1 { "/..." } else { "" };
        format!("{scheme}://{host}{more}")
    }

    /// Whether calls to AWS are needed.
    pub fn is_aws(&self) -> bool {
        matches!(self, Self::Sqs { .. } | Self::SqsArn { .. } | Self::Sns { .. })
    }
}

fn sound(region: &str, account: &str, name: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    word(region) && word(name) && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
}

/// A text as it may be shown: what stands before `@` in a URL may be a password, what follows `?` a token.
fn shown(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Webhook(url) => f.write_str(url),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Sqs { url, .. } => write!(f, "sqs:{url}"),
            Self::SqsArn { arn, .. } | Self::Sns { arn, .. } => f.write_str(arn),
        }
    }
}

/// Why an event has not arrived, and when the other side asks to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Undelivered {
    pub why: String,
    pub retry_after: Option<u64>,
}

impl Undelivered {
    fn because(why: impl std::fmt::Display) -> Self {
        Self { why: why.to_string().chars().take(500).collect(), retry_after: None }
    }
}

/// Carries events to their destinations.
pub struct Courier {
    web: Web,
    aws: Option<(Arc<dyn Api>, String)>,
}

/// A web server's answer is of no interest beyond its status.
const ANSWER_LIMIT: u64 = 64 * 1024;

impl Courier {
    /// `aws` with the home region is needed for queues and topics only.
    pub fn new(timeouts: Timeouts, aws: Option<(Arc<dyn Api>, String)>) -> Self {
        Self { web: Web::new(timeouts, ANSWER_LIMIT), aws }
    }

    /// Sends one event once. When this returns well, the other side has it.
    ///
    /// # Errors
    /// It may or may not have arrived: it is to be sent again.
    pub async fn send(
        &self,
        destination: &Destination,
        authorization: Option<&str>,
        event: &Value,
    ) -> Result<(), Undelivered> {
        match destination {
            Destination::Webhook(url) => self.post(url, authorization, event).await,
            Destination::File(path) => append(path, event).map_err(Undelivered::because),
            Destination::Sqs { url, region } => self.enqueue(url, region.as_deref(), event).await,
            Destination::SqsArn { region, account, name, .. } => {
                let input = json!({"QueueName": name, "QueueOwnerAWSAccountId": account});
                let found = self.call("sqs", region, "GetQueueUrl", input).await?;
                let url = found["QueueUrl"].as_str().unwrap_or_default();
                self.enqueue(url, Some(region), event).await
            }
            Destination::Sns { arn, region } => self.publish(arn, region, event).await,
        }
    }

    async fn post(&self, url: &str, authorization: Option<&str>, event: &Value) -> Result<(), Undelivered> {
        let id = text(event, "id");
        // The same event has the same key however often it is sent.
        let mut headers = vec![("content-type", "application/json"), ("idempotency-key", id)];
        headers.extend(authorization.map(|value| ("authorization", value)));
        let answer = self.web.post(url, &headers, event.to_string().into_bytes()).await;
        let answer = answer.map_err(Undelivered::because)?;
        match answer.status {
            200..300 => Ok(()),
            300..400 => Err(Undelivered::because(format!("HTTP {}: redirects are not followed", answer.status))),
            status => {
                Err(Undelivered { retry_after: answer.retry_after, ..Undelivered::because(format!("HTTP {status}")) })
            }
        }
    }

    async fn call(&self, service: &str, region: &str, operation: &str, input: Value) -> Result<Value, Undelivered> {
        let Some((api, _)) = &self.aws else {
            return Err(Undelivered::because("no AWS credentials are set up"));
        };
        api.call(service, region, operation, input).await.map_err(Undelivered::because)
    }

    async fn enqueue(&self, url: &str, region: Option<&str>, event: &Value) -> Result<(), Undelivered> {
        let mut input = json!({"QueueUrl": url, "MessageBody": event.to_string()});
        if url.ends_with(".fifo") {
            fifo(&mut input, event);
        }
        let home = self.aws.as_ref().map_or("us-east-1", |(_, home)| home.as_str());
        self.call("sqs", region.unwrap_or(home), "SendMessage", input).await.map(drop)
    }

    async fn publish(&self, arn: &str, region: &str, event: &Value) -> Result<(), Undelivered> {
        let detail = &event["detail"];
        let attribute = |kind: &str, value: String| json!({"DataType": kind, "StringValue": value});
        let mut input = json!({"TopicArn": arn, "Message": event.to_string(), "MessageAttributes": {}});
        if let Some(kind) = detail["type"].as_str() {
            input["MessageAttributes"]["type"] = attribute("String", kind.to_owned());
        }
        if let Some(severity) = detail["severity"].as_f64() {
            input["MessageAttributes"]["severity"] = attribute("Number", severity.to_string());
        }
        if arn.ends_with(".fifo") {
            fifo(&mut input, event);
        }
        self.call("sns", region, "Publish", input).await.map(drop)
    }
}

/// Events of one finding in their order, each once.
fn fifo(input: &mut Value, event: &Value) {
    let finding = event["detail"]["id"].as_str().unwrap_or("haechi");
    input["MessageGroupId"] = finding.into();
    input["MessageDeduplicationId"] = text(event, "id").into();
}

fn text<'v>(event: &'v Value, member: &str) -> &'v str {
    event[member].as_str().unwrap_or_default()
}

/// One line at the end of the file, on disk when this returns.
fn append(path: &std::path::Path, event: &Value) -> std::io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut line = String::new();
    // A line that a crash has cut stays alone: the reader sees one bad line, not two.
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            line.push('\n');
        }
    }
    line.push_str(&event.to_string());
    line.push('\n');
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// How often, and after which pauses, an event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The pause after the first failure; it doubles with each.
    pub first: Duration,
    pub longest: Duration,
    /// After so many attempts a notice is dead.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(3600), attempts: 12 }
    }
}

impl Patience {
    /// The pause after so many failures; none: it is dead.
    pub fn pause(&self, failures: u32, asked: Option<u64>) -> Option<Duration> {
        if failures >= self.attempts {
            return None;
        }
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        Some(doubled.max(Duration::from_secs(asked.unwrap_or(0))).min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations() {
        for text in [
            "https://hooks.example.com/a?b=c",
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/x",
            "http://localhost/x",
            "sqs:https://sqs.eu-west-1.amazonaws.com/111122223333/threats",
            "arn:aws:sqs:eu-west-1:111122223333:threats",
            "arn:aws:sns:eu-west-1:111122223333:threats.fifo",
            "file:notices.jsonl",
        ] {
            assert_eq!(Destination::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "file:",
            "ftp://x",
            "arn:aws:s3:::b",
            "arn:aws:sns:eu-west-1:1:x",
            "sqs:x",
            "https://a b",
            "sqs:http://queue.example.com/1/q",
        ] {
            assert!(matches!(Destination::parse(text), Err(DestinationError::Unknown(_))), "{text}");
        }
        for text in ["http://example.com/", "http://127.0.0.1.example.com/", "http://127.0.0.1@example.com/"] {
            assert!(matches!(Destination::parse(text), Err(DestinationError::Unencrypted(_))), "{text}");
        }
    }

    #[test]
    fn secrets_of_urls_are_not_shown() {
        let shown = |text: &str| Destination::parse(text).unwrap().shown();
        assert_eq!(shown("https://u:p@hooks.example.com/services/T0/secret?x=y"), "https://hooks.example.com/...");
        assert_eq!(shown("https://hooks.example.com"), "https://hooks.example.com");
        assert_eq!(shown("file:a.jsonl"), "file:a.jsonl");
    }

    #[test]
    fn pauses_double_and_end() {
        let patience = Patience { attempts: 4, ..Patience::default() };
        let seconds = |failures, asked| patience.pause(failures, asked).map(|pause| pause.as_secs());
        assert_eq!([seconds(1, None), seconds(2, None), seconds(3, None)], [Some(1), Some(2), Some(4)]);
        assert_eq!(seconds(4, None), None);
        assert_eq!(seconds(1, Some(30)), Some(30));
        assert_eq!(seconds(1, Some(1_000_000)), Some(3600));
    }

    #[tokio::test]
    async fn a_file_gets_a_line_an_event() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.jsonl");
        std::fs::write(&path, "{\"cut").unwrap();
        let courier = Courier::new(Timeouts::default(), None);
        let to = Destination::File(path.clone());
        for id in ["a", "b"] {
            courier.send(&to, None, &json!({"id": id, "text": "x\ny"})).await.unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, ["{\"cut", "{\"id\":\"a\",\"text\":\"x\\ny\"}", "{\"id\":\"b\",\"text\":\"x\\ny\"}"]);
        let nowhere = Destination::File(folder.path().join("no/such/n.jsonl"));
        assert!(courier.send(&nowhere, None, &json!({})).await.is_err());
        let queue = Destination::parse("arn:aws:sqs:eu-west-1:111122223333:q").unwrap();
        assert!(courier.send(&queue, None, &json!({})).await.unwrap_err().why.contains("credentials"));
    }
}
