//! Readers of EKS audit, database, S3 server access and WAF logs on any bytes: at once and through a window they read
//! the same, and every byte is told.
#![no_main]

use std::ops::ControlFlow;
use std::path::Path;

use haechi_logs::{Event, Limits, LogFields, Reader};
use haechi_model::Log;
use libfuzzer_sys::fuzz_target;

const WANTED: [(Log, &[&str]); 4] = [
    (Log::EksAudit, &["cluster", "objectRef.resource", "user.username", "sourceIPs", "requestObject.spec.volumes"]),
    (Log::S3Access, &["bucket", "key", "requester", "user_agent", "request_uri", "tls_version", "source_region"]),
    (Log::RdsLogin, &["time", "user", "address", "outcome", "instance", "application", "database", "error"]),
    (Log::Waf, &["httpRequest.clientIp", "labels.name", "httpRequest.headers.value"]),
];

fn read(bytes: &[u8], limits: Limits) -> Vec<String> {
    let mut wanted = LogFields::default();
    for (log, paths) in WANTED {
        wanted.want(log, paths.iter().copied()).expect("paths");
    }
    let mut reader = Reader::of_with(&wanted, limits, 1 << 16);
    let mut told = Vec::new();
    let _ = reader.read_bytes(Path::new("eks/prod/cluster/x"), bytes, &mut |event: &Event<'_>| {
        let mut line = format!("{} {} {} {:?}", event.head.log, event.head.id, event.head.time, event.head.region);
        for path in WANTED.iter().filter(|(log, _)| *log == event.head.log).flat_map(|(_, paths)| *paths) {
            let slot = wanted.slot(event.head.log, path).expect("wanted");
            event.each_value(slot, &mut |value| line += &value.scalar().unwrap_or_default());
        }
        told.push(line);
        ControlFlow::Continue(())
    });
    let summary = reader.finish();
    assert_eq!(summary.text.total(), summary.text_bytes, "{:?}", summary.text);
    told.push(format!("{} {} {}", summary.others, summary.duplicates, summary.problems.len()));
    told
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { inflated: 1 << 22, ..Limits::default() };
    let whole = read(bytes, limits);
    // A packed file that is damaged may be read further one way than the other.
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        assert_eq!(whole, read(bytes, Limits { whole: 0, ..limits }));
    }
});
