//! Any text as a file of Sigma rules and as a detection's `match`: it is compiled or refused at a place, and what was
//! compiled is asked of an event.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use haechi_content::Source;
use haechi_detect::{Builder, Intel, Scanner, base_fields};
use haechi_model::event::{Event, Head, Place, Record};
use haechi_model::{Log, Timestamp};
use libfuzzer_sys::fuzz_target;

const EVENT: &str = r#"{"eventName":"A","eventSource":"a.amazonaws.com","userIdentity":{"type":"Root","arn":"x"},
"sourceIPAddress":"192.0.2.1","requestParameters":{"a":[{"b":"c\"d"},{"b":[1,true,null]}]},"eventTime":"2026-03-02T09:00:00Z"}"#;

fuzz_target!(|text: &str| {
    let intel = Intel::default();
    let mut builder = Builder::new(&intel, &base_fields);
    builder.sigma(&Source::new("rule.yml", text));
    // The same text where a selection is expected, so that the fuzzer need not find the frame.
    let indented = text.replace('\n', "\n    ");
    let framed = format!("title: x\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n  s:\n    {indented}\n  condition: s\n");
    builder.sigma(&Source::new("framed.yml", framed));
    let detections = Arc::new(builder.build());
    for problem in detections.problems() {
        let _ = problem.to_string();
    }
    let Some(fields) = detections.fields(Log::CloudTrail) else { return };
    let mut slots = Vec::new();
    let read = fields.read(EVENT.as_bytes(), 0, &mut slots);
    assert_eq!(read, Ok(EVENT.len()));
    let head = Head {
        log: Log::CloudTrail,
        id: "1",
        time: Timestamp::from_seconds(1_772_442_000),
        source: "a.amazonaws.com",
        name: "A",
        account: Some("111122223333"),
        region: Some("us-east-1"),
    };
    let place = Place { file: Path::new("x"), record: 1 };
    let mut scanner = Scanner::new(detections.clone(), Arc::new(intel));
    scanner.take(&Event { record: Record::of_json(EVENT, fields, &slots), head, place });
    let _ = scanner.drain();
});
