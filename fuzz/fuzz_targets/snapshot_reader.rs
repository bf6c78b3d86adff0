//! Imports bytes as a file of AWS Config; what was read is written and read again, whole.
#![no_main]

use haechi_inventory::{Extended, ImportSummary, Sink, SinkError, SnapshotHead, Stop, import_bytes, write_snapshot};
use haechi_model::{ConfigurationItem, Coverage};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Kept(Vec<ConfigurationItem>);

impl Sink for Kept {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.0.extend(batch);
        Ok(())
    }
    fn coverage(&mut self, _: Coverage) -> Result<(), SinkError> {
        Ok(())
    }
}

fn read(bytes: &[u8]) -> (ImportSummary, Kept) {
    let mut kept = Kept::default();
    let summary = import_bytes("file", bytes, &Extended::default(), &mut kept, &mut |_| {}, &Stop::default())
        .expect("the sink takes all");
    assert_eq!(summary.items, kept.0.len() as u64);
    (summary, kept)
}

fuzz_target!(|bytes: &[u8]| {
    let (_, first) = read(bytes);
    let mut text = Vec::new();
    write_snapshot(&mut text, &SnapshotHead::default(), &first.0).expect("memory takes all");
    let (summary, second) = read(&text);
    assert!(summary.unreadable.is_empty(), "{:?}", summary.unreadable);
    let hashes = |kept: &Kept| kept.0.iter().map(ConfigurationItem::content_hash).collect::<Vec<_>>();
    assert_eq!(hashes(&first), hashes(&second));
});
