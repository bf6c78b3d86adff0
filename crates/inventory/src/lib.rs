//! Collects and imports configuration items: live accounts by declarative collectors, and AWS Config's files.
//!
//! Facts only: nothing here judges. What could not be read is said in coverage lines and in each item's
//! `notCollected`; nothing is skipped in silence.

pub mod collector;
mod engine;
mod import;
mod listing_set;
mod policy;
mod redact;

pub use collector::{Collector, CollectorError, Collectors};
pub use engine::{
    Accounts, CollectSummary, Estimate, FOR_NOW, LastAccessed, MOST_LINES, Missing, Plan, Progress, Reached,
    RegionState, Secrets, Sink, SinkError, Stop, Target, collect, collect_accounts, estimate, estimate_account, gap,
    home_region, regions,
};
pub use import::{
    BucketError, Extended, IMPORT_BATCH, ImportProgress, ImportSummary, NOT_RECORDED, NamedAccount, SnapshotHead,
    Unreadable, export_snapshot, import, import_bucket, import_bytes, import_embedded, write_snapshot,
};
pub use listing_set::ListingSet;
pub use policy::audit_policy;
pub use redact::{REDACTED, Redacting};
