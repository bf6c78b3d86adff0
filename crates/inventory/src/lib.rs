//! Collects and imports configuration items: live accounts by declarative collectors, and AWS Config's files.
//!
//! Facts only: nothing here judges. What could not be read is said in coverage lines and in each item's
//! `notCollected`; nothing is skipped in silence.

pub mod collector;
mod engine;
mod redact;

pub use collector::{Collector, CollectorError, Collectors};
pub use engine::{
    CollectSummary, Estimate, Missing, Plan, Progress, RegionState, Secrets, Sink, SinkError, Stop, Target, collect,
    estimate, home_region, regions,
};
pub use redact::REDACTED;
