//! The readers of flow logs and Resolver query logs on any bytes, at once and through a window: both read the same.
#![no_main]

use std::ops::ControlFlow;
use std::path::Path;

use haechi_logs::{Event, Flow, FlowFormat, Limits, LogFields, Reader, Receiver};
use haechi_model::Log;
use libfuzzer_sys::fuzz_target;

#[derive(Default, PartialEq, Debug)]
struct Seen(Vec<String>);

impl Receiver for Seen {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self.0.push(format!("{} {} {}", event.log(), event.id(), event.raw()));
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        self.0.push(format!("{} {:?} {:?} {}", flow.id(), flow.source, flow.destination, flow.bytes));
        ControlFlow::Continue(())
    }
}

fn read(bytes: &[u8], limits: Limits) -> (Seen, u64) {
    let mut wanted = LogFields::default();
    wanted.want_flows();
    for (log, path) in [(Log::VpcFlow, "dstport"), (Log::ResolverQuery, "answers.Rdata"), (Log::CloudTrail, "a.b")] {
        wanted.want(log, [path]).expect("a path");
    }
    let mut reader = Reader::of_with(&wanted, limits, 1 << 16);
    let mut seen = Seen::default();
    let _ = reader.read_bytes(Path::new("x"), bytes, &mut seen);
    let summary = reader.finish();
    (seen, summary.problems.len() as u64)
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { inflated: 1 << 22, ..Limits::default() };
    let whole = read(bytes, limits);
    if !bytes.starts_with(&[0x1F, 0x8B]) && !bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        assert_eq!(whole, read(bytes, Limits { whole: 0, ..limits }));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = FlowFormat::parse(text);
    }
});
