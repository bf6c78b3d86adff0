//! The words that every part of Haechi shares: identifiers, the configuration item,
//! coverage, rule instances, evaluations, findings and time.
//!
//! This crate knows no rule, no file, no clock and no network. Everything here is plain data
//! with exact text forms, so that two crates that never met agree on what a thing is called.

pub mod arn;
pub mod coverage;
pub mod diff;
pub mod doc;
pub mod evaluation;
pub mod event;
pub mod filter;
pub mod finding;
pub mod hash;
pub mod ids;
pub mod item;
mod item_read;
pub mod location;
pub mod message;
pub mod severity;
pub mod threat;
pub mod time;

pub use arn::{Arn, ArnError};
pub use coverage::{Coverage, CoverageState, Gap};
pub use diff::{ChangeType, ItemDiff, PropertyChange};
pub use doc::{Doc, DocError, Kind, Node};
pub use evaluation::{Compliance, Evaluation, InstanceId, Read, RuleInstance, Scope};
pub use event::{Event, Log};
pub use finding::{Finding, FindingId, FindingKind, FindingState, ResolvedBecause, Subject};
pub use hash::ContentHash;
pub use ids::{AccountId, IdError, Partition, Region, ResourceKey, ResourceType};
pub use item::{ConfigurationItem, ItemError, ItemStatus, NotCollected, Relationship};
pub use location::SourceLocation;
pub use message::Message;
pub use severity::Severity;
pub use threat::{Entity, EntityKind, Factor, Sighting, Threat, ThreatOrigin, ThreatScore};
pub use time::{Timestamp, TimestampError};
