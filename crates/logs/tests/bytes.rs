//! Every byte of a text is told: it is of an event, of another record, between records, or damaged.

use std::ops::ControlFlow;
use std::path::Path;

use haechi_logs::{Event, Limits, LogFields, Reader, Summary, TextBytes};
use haechi_model::Log;
use proptest::prelude::*;

fn wanted() -> LogFields {
    let mut fields = LogFields::default();
    for log in Log::ALL {
        fields.take(log, LogFields::base(log));
    }
    fields
}

/// Reads a text at once and through a window. Both tell the same.
fn read(text: &[u8]) -> Summary {
    let fields = wanted();
    let [whole, moved] = [Limits::default(), Limits { whole: 0, ..Limits::default() }].map(|limits| {
        let mut reader = Reader::of_with(&fields, limits, 1 << 16);
        let _ = reader.read_bytes(Path::new("log"), text, &mut |_: &Event<'_>| ControlFlow::Continue(()));
        reader.finish()
    });
    assert_eq!(whole.text, moved.text, "{}", String::from_utf8_lossy(text));
    assert_eq!(whole.text_bytes, text.len() as u64);
    assert_eq!(whole.text.total(), whole.text_bytes, "{:?}: {}", whole.text, String::from_utf8_lossy(text));
    whole
}

const EVENT: &str = r#"{"eventTime":"2026-11-22T09:30:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"us-east-1","eventID":"e1","recipientAccountId":"111122223333"}"#;
const FLOW: &str =
    "2 111122223333 eni-1235b8ca123456789 192.0.2.9 198.51.100.7 443 49152 6 10 840 1795339800 1795339860 ACCEPT OK";
const NODATA: &str = "2 111122223333 eni-1235b8ca123456789 - - - - - - - 1795339800 1795339860 - NODATA";
const QUERY: &str = r#"{"version":"1.1","account_id":"111122223333","region":"us-east-1","vpc_id":"vpc-1","query_timestamp":"2026-11-22T09:30:00Z","query_name":"example.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[],"srcaddr":"192.0.2.4","srcport":"40000","transport":"UDP"}"#;

#[test]
fn what_bytes_are() {
    let check = |text: &str, events: usize, others: usize, damaged: usize| {
        let between = text.len() - events - others - damaged;
        let of = |count: usize| count as u64;
        let expected = TextBytes { events: of(events), others: of(others), between: of(between), damaged: of(damaged) };
        assert_eq!(read(text.as_bytes()).text, expected, "{text}");
    };
    let event = EVENT.len();
    check("", 0, 0, 0);
    check(" \n", 0, 0, 0);
    check(EVENT, event, 0, 0);
    check(&format!("{{\"Records\": [{EVENT}, {EVENT}], \"more\": 1}}\n"), 2 * event, 0, 0);
    check(&format!("{EVENT}\n\n{EVENT}\r\n"), 2 * event, 0, 0);
    check(&format!("{{\"Records\":[{EVENT},7,{EVENT}]}}"), 2 * event, 0, 1);
    check(&format!("{{\"Records\":[{EVENT},{{\"eventID\":1}}]}}"), event, 0, 13);
    // Nothing behind a bracket that is not closed can be told apart.
    check(&format!("{{\"Records\":[{EVENT},{{\"eventID\":"), event, 0, 11);
    check(&format!("{{\"Records\":[{EVENT}; {EVENT}]}}"), event, 0, event + 4);
    check(r#"{"digestEndTime":"2026-11-22T09:30:00Z"}"#, 0, 40, 0);
    check("rubbish\nmore", 0, 0, 12);
    check(QUERY, QUERY.len(), 0, 0);
    let (flow, nodata) = (FLOW.len(), NODATA.len());
    check(&format!("{FLOW}\n{NODATA}\n\n{FLOW}"), 2 * flow, nodata, 0);
    check(&format!("{FLOW}\n2 rubbish\n"), flow, 0, 9);
    let delivery = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logEvents":[{{"id":"1","timestamp":1795339800000,"message":"{FLOW}"}}]}}"#
    );
    check(&delivery, delivery.len(), 0, 0);
}

proptest! {
    #[test]
    fn every_byte_of_anything_is_told(
        parts in proptest::collection::vec((0..9_usize, any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let pieces = [EVENT, FLOW, NODATA, QUERY, "{\"Records\":[", "]}", ",", "\n", " x "];
        let mut text = Vec::new();
        for (piece, at, byte) in parts {
            let from = text.len();
            text.extend_from_slice(pieces[piece].as_bytes());
            // Some bytes are changed.
            if byte < 64 {
                let at = from + at.index(text.len() - from);
                text[at] = byte;
            }
        }
        let length = cut.index(text.len() + 1);
        read(&text);
        read(&text[..length]);
    }
}
