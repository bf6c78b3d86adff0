//! Writes the events of a detection's example as the log that they are of: what a file leaves out is filled in.

use haechi_content::detection::{DetectionExample, ExampleEvent, Repeated};
use haechi_logs::DEFAULT_FLOW_FIELDS;
use haechi_model::{ContentHash, Log, Timestamp};
use serde_json::{Map, Value, json};

/// The first event's time, where the example does not say one: 2026-03-02T09:00:00Z.
const FIRST: i64 = 1_772_442_000;
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
/// A repetition that is larger was not meant.
const MOST_EVENTS: u64 = 2_000_000;

/// An event with its number and its time.
struct Numbered {
    number: u64,
    time: Timestamp,
    event: Value,
}

/// The example's events as the text of a log's file.
pub(crate) fn written(example: &DetectionExample, log: Log) -> Result<String, String> {
    let events = numbered(example)?;
    let salt = ContentHash::of(example.name.as_bytes()).to_string();
    let mut text = String::new();
    let mut heading: Option<Vec<String>> = None;
    if log == Log::VpcFlow {
        heading = flow_heading(&events);
        if let Some(columns) = &heading {
            text += &format!("{}\n", columns.join(" "));
        }
    }
    for Numbered { number, time, event } in events {
        match event {
            Value::String(line) => text += &line,
            Value::Object(record) => match log {
                Log::VpcFlow => text += &flow_line(heading.as_deref().unwrap_or_default(), &record, time),
                Log::S3Access => text += &access_line(&record, &salt, number, time),
                Log::RdsLogin => text += &login_line(&record, number, time),
                _ => {
                    let mut filled = defaults(log, &salt, number, time);
                    filled.extend(record);
                    text += &Value::Object(filled).to_string();
                }
            },
            _ => return Err("an event is an object or a line".to_owned()),
        }
        text.push('\n');
    }
    Ok(text)
}

fn numbered(example: &DetectionExample) -> Result<Vec<Numbered>, String> {
    let mut events = Vec::new();
    let mut clock = Timestamp::from_seconds(FIRST - 1);
    let mut number = 0;
    let mut push = |event: &Value, at: Timestamp, n: u64| {
        let mut event = event.clone();
        fill(&mut event, n, at);
        // An event that says its time sets the clock.
        let said = time_of(&event).unwrap_or(at);
        number += 1;
        events.push(Numbered { number, time: said, event });
        said
    };
    for event in &example.events {
        let next = Timestamp::from_micros(clock.as_micros() + 1_000_000);
        clock = match event {
            ExampleEvent::Line(line) => push(&Value::String(line.clone()), next, 0),
            ExampleEvent::Record(record) => push(&Value::Object(record.clone()), next, 0),
            ExampleEvent::Repeated(Repeated { repeat, every, from, event }) => {
                if *repeat > MOST_EVENTS {
                    return Err(format!("an example has at most {MOST_EVENTS} events"));
                }
                let start = from.unwrap_or(next);
                let mut last = start;
                for n in 0..*repeat {
                    let step = every.seconds().saturating_mul(i64::try_from(n).unwrap_or(i64::MAX));
                    last = Timestamp::from_micros(start.as_micros() + step * 1_000_000);
                    push(event, last, n);
                }
                last
            }
        };
    }
    Ok(events)
}

/// `{n}`, `{time}` and `{seconds}` in all texts.
fn fill(value: &mut Value, n: u64, time: Timestamp) {
    match value {
        Value::String(text) if text.contains('{') => {
            let seconds = time.as_micros().div_euclid(1_000_000).to_string();
            *text =
                text.replace("{n}", &n.to_string()).replace("{time}", &time.to_string()).replace("{seconds}", &seconds);
        }
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, n, time)),
        Value::Object(members) => members.values_mut().for_each(|value| fill(value, n, time)),
        _ => {}
    }
}

fn time_of(event: &Value) -> Option<Timestamp> {
    let names = ["eventTime", "requestReceivedTimestamp", "query_timestamp", "time"];
    let text = names.iter().find_map(|name| event.get(name)?.as_str())?;
    haechi_model::event::time(text).or_else(|| Timestamp::parse(text).ok())
}

/// The members that every record of the log has.
fn defaults(log: Log, salt: &str, number: u64, time: Timestamp) -> Map<String, Value> {
    let id = format!("{}-{}-4000-8000-{number:012x}", &salt[..8], &salt[8..12]);
    let record = match log {
        Log::CloudTrail => json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser", "principalId": "AIDAEXAMPLEEXAMPLE123",
                "arn": format!("arn:aws:iam::{ACCOUNT}:user/alice"), "accountId": ACCOUNT,
                "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "alice",
            },
            "eventTime": time.to_string(), "eventSource": "", "eventName": "", "awsRegion": REGION,
            "sourceIPAddress": "203.0.113.10", "userAgent": "aws-cli/2.15.30",
            "eventID": id, "eventType": "AwsApiCall", "managementEvent": true,
            "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        }),
        Log::EksAudit => json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": id,
            "stage": "ResponseComplete", "requestReceivedTimestamp": time.to_string(),
            "stageTimestamp": time.to_string(), "responseStatus": {"code": 200},
        }),
        Log::ResolverQuery => json!({
            "version": "1.100000", "account_id": ACCOUNT, "region": REGION, "vpc_id": "vpc-0123456789abcdef0",
            "query_timestamp": time.to_string(), "query_name": "", "query_type": "A", "query_class": "IN",
            "rcode": "NOERROR", "answers": [], "srcaddr": "10.0.0.5", "srcport": "50000", "transport": "UDP",
            "srcids": {"instance": "i-0123456789abcdef0"},
        }),
        Log::Waf => json!({
            "timestamp": time.as_micros() / 1000, "formatVersion": 1,
            "webaclId": format!("arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/main/{}", &salt[..8]),
            "action": "ALLOW",
            "httpRequest": {"clientIp": "203.0.113.10", "uri": "/", "httpMethod": "GET", "requestId": id},
        }),
        Log::VpcFlow | Log::S3Access | Log::RdsLogin => json!({}),
    };
    match record {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The columns of flow logs' version 2, in AWS's order, and those that some event of the example has besides.
fn flow_heading(events: &[Numbered]) -> Option<Vec<String>> {
    let mut columns: Vec<String> = DEFAULT_FLOW_FIELDS.split(' ').map(str::to_owned).collect();
    let mut records = events.iter().filter_map(|event| event.event.as_object()).peekable();
    records.peek()?;
    for name in records.flat_map(Map::keys) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    Some(columns)
}

fn flow_line(columns: &[String], record: &Map<String, Value>, time: Timestamp) -> String {
    let start = time.as_micros().div_euclid(1_000_000);
    let column = |name: &String| match record.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => "-".to_owned(),
        Some(value) => value.to_string(),
        None => match name.as_str() {
            "version" => "2".to_owned(),
            "account-id" => ACCOUNT.to_owned(),
            "interface-id" => "eni-0123456789abcdef0".to_owned(),
            "protocol" => "6".to_owned(),
            "packets" => "10".to_owned(),
            "bytes" => "840".to_owned(),
            "start" => start.to_string(),
            "end" => (start + 60).to_string(),
            "action" => "ACCEPT".to_owned(),
            "log-status" => "OK".to_owned(),
            _ => "-".to_owned(),
        },
    };
    columns.iter().map(column).collect::<Vec<_>>().join(" ")
}

fn said<'r>(record: &'r Map<String, Value>, name: &str, otherwise: &'r str) -> String {
    match record.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => "-".to_owned(),
        Some(value) => value.to_string(),
        None => otherwise.to_owned(),
    }
}

/// `02/Mar/2026:09:00:00 +0000`
fn access_time(time: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = time.to_string();
    let month = text.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("[{}/{}/{}:{} +0000]", part(8, 10), MONTHS[(month - 1).min(11)], part(0, 4), part(11, 19))
}

fn access_line(record: &Map<String, Value>, salt: &str, number: u64, time: Timestamp) -> String {
    let owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
    let id = format!("{}{number:08X}", salt[..8].to_ascii_uppercase());
    let usual: [(&str, &str, bool); 26] = [
        ("bucket_owner", owner, false),
        ("bucket", "amzn-s3-demo-bucket", false),
        ("time", "", false),
        ("remote_ip", "203.0.113.10", false),
        ("requester", "arn:aws:iam::111122223333:user/alice", false),
        ("request_id", &id, false),
        ("operation", "REST.GET.OBJECT", false),
        ("key", "object.txt", false),
        ("request_uri", "GET /amzn-s3-demo-bucket/object.txt HTTP/1.1", true),
        ("http_status", "200", false),
        ("error_code", "-", false),
        ("bytes_sent", "1024", false),
        ("object_size", "1024", false),
        ("total_time", "20", false),
        ("turn_around_time", "10", false),
        ("referer", "-", true),
        ("user_agent", "aws-cli/2.15.30", true),
        ("version_id", "-", false),
        ("host_id", "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/", false),
        ("signature_version", "SigV4", false),
        ("cipher_suite", "TLS_AES_128_GCM_SHA256", false),
        ("authentication_type", "AuthHeader", false),
        ("host_header", "amzn-s3-demo-bucket.s3.us-east-1.amazonaws.com", false),
        ("tls_version", "TLSv1.3", false),
        ("access_point_arn", "-", false),
        ("acl_required", "-", false),
    ];
    let columns = usual.map(|(name, otherwise, quoted)| match name {
        "time" => access_time(time),
        _ if quoted => format!("\"{}\"", said(record, name, otherwise)),
        _ => said(record, name, otherwise).replace(' ', "%20"),
    });
    columns.join(" ")
}

/// A line of Aurora MySQL's audit log.
fn login_line(record: &Map<String, Value>, number: u64, time: Timestamp) -> String {
    let failed = said(record, "outcome", "success") == "failure";
    let (operation, code) = if failed { ("FAILED_CONNECT", "1045") } else { ("CONNECT", "0") };
    format!(
        "{},{},{},{},{number},0,{operation},{},,{code}",
        time.as_micros(),
        said(record, "instance", "database-1"),
        said(record, "user", "admin"),
        said(record, "address", "203.0.113.10"),
        said(record, "database", "orders"),
    )
}
