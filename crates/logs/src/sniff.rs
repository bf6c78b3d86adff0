//! Tells by its content which log a record or a line is of. A name is a hint at most: files are renamed and mixed.

use haechi_model::Log;
use haechi_model::event::{Json, JsonKind};

use crate::flow_lines::FlowLines;
use crate::out::LineLog;
use crate::rds::{self, RdsLines};
use crate::s3_access::{self, S3AccessLines};

/// What an object of JSON is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    Record(Log),
    /// A delivery of CloudWatch Logs, or the answer of `filter-log-events`: messages with their times.
    Messages(Json<'a>),
    /// One message, as Firehose delivers flow logs.
    Message(Json<'a>),
    /// Records in a list.
    List(Json<'a>),
    Digest,
    Config,
    /// CloudWatch Logs asks whether it may deliver.
    Control,
    Unknown,
}

/// Looks at the names of an object's members.
pub(crate) fn object(object: Json<'_>) -> Shape<'_> {
    let mut shape = Shape::Unknown;
    let mut control = false;
    for (name, value) in object.members() {
        let kind = value.kind();
        shape = match (&*name, kind) {
            ("query_name", _) => Shape::Record(Log::ResolverQuery),
            ("auditID", _) => Shape::Record(Log::EksAudit),
            ("webaclId", _) => Shape::Record(Log::Waf),
            ("eventID" | "CloudTrailEvent" | "eventName", _) => Shape::Record(Log::CloudTrail),
            ("logEvents" | "events", JsonKind::Array) => Shape::Messages(value),
            ("messageType", JsonKind::Text) => {
                control = value.text().as_deref() == Some("CONTROL_MESSAGE");
                continue;
            }
            ("Records" | "Events" | "items", JsonKind::Array) => Shape::List(value),
            ("message", JsonKind::Text) if shape == Shape::Unknown => Shape::Message(value),
            ("digestEndTime", _) => Shape::Digest,
            ("configurationItems", _) => Shape::Config,
            ("detail", JsonKind::Object) if shape == Shape::Unknown => Shape::Record(Log::CloudTrail),
            _ => continue,
        };
        if !matches!(shape, Shape::Message(_)) {
            break;
        }
    }
    // The kind stands before the messages, in every delivery that was seen.
    if control { Shape::Control } else { shape }
}

/// The reader of a line that could stand in its log, and the log.
pub(crate) fn line(line: &str) -> Option<(Log, Box<dyn LineLog>)> {
    if FlowLines::looks_like(line) {
        return Some((Log::VpcFlow, Box::new(FlowLines::default())));
    }
    if s3_access::looks_like(line) {
        return Some((Log::S3Access, Box::new(S3AccessLines::default())));
    }
    RdsLines::for_line(line).map(|lines| -> (Log, Box<dyn LineLog>) { (Log::RdsLogin, Box::new(lines)) })
}

/// Behind the time that exports of CloudWatch Logs put before each message.
pub(crate) fn behind_time(line: &str) -> Option<(&str, &str)> {
    let bytes = line.as_bytes();
    let fits = bytes.get(10) == Some(&b'T') && bytes.get(23) == Some(&b'Z') && bytes.get(24) == Some(&b' ');
    (fits && bytes[..4].iter().all(u8::is_ascii_digit))
        .then(|| line.split_at_checked(24))
        .flatten()
        .map(|(time, rest)| (time, &rest[1..]))
}

/// Why bytes are no log.
pub(crate) fn not_a_log(first: &[u8]) -> &'static str {
    match first {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "UTF-16 text: the logs of AWS are UTF-8",
        [0xEF, 0xBB, 0xBF, ..] => "it begins with a byte order mark, which JSON does not have",
        [0x1F, 0x8B, ..] => "gzip within gzip",
        [b'P', b'K', 3, 4, ..] => "a zip archive: unpack it first",
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file, which is not read: deliver flow logs as plain text",
        [b'O', b'b', b'j', 1, ..] => "an Avro file, which is not read",
        _ => {
            let lines = String::from_utf8_lossy(&first[..first.len().min(4096)]);
            rds::unread(&lines).unwrap_or("not JSON, and no line of a log that is read")
        }
    }
}
