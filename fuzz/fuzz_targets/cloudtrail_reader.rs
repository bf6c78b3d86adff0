//! CloudTrail's reader on any bytes, at once and through a window: both read the same, and what they read is JSON.
#![no_main]

use std::ops::ControlFlow;
use std::path::Path;

use haechi_logs::{Event, Fields, Limits, Notice, Reader};
use libfuzzer_sys::fuzz_target;

fn read(bytes: &[u8], limits: Limits) -> (Vec<String>, u64) {
    let fields = Fields::of_events(["userIdentity.arn", "resources.ARN", "a.b.c", "a"]).expect("paths");
    let slot = fields.slot("a.b.c").expect("known");
    let mut reader = Reader::with(&fields, limits, 1 << 16);
    let mut events = Vec::new();
    let _ = reader.read_bytes(Path::new("x"), bytes, &mut |event: &Event<'_>| {
        event.each(slot, &mut |value| drop(value.text()));
        events.push(event.raw().to_owned());
        ControlFlow::Continue(())
    });
    let summary = reader.finish();
    assert_eq!(summary.text.total(), summary.text_bytes, "{:?}", summary.text);
    (events, summary.problems.len() as u64)
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { inflated: 1 << 22, ..Limits::default() };
    let whole = read(bytes, limits);
    // A packed file that is damaged may be read further one way than the other.
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        assert_eq!(whole, read(bytes, Limits { whole: 0, ..limits }));
    }
    for event in whole.0 {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(&event).is_ok(), "{event}");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Notice::parse(text);
    }
});
