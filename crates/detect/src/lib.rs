//! Finds threats in events: Haechi's detections and public Sigma rules, compiled once, over events in any order.
//!
//! ```text
//! Detections    what is active: compiled rules, indexed by log, event source and event name, and why others are not
//!   .fields(log) -> paths                   only what some rule reads is read
//! Scanner       one a thread: takes events, matches them; needs no order and no neighbours
//!   .take(&Event)  .take_flow(&Flow)
//!   .drain() -> Batch                       threats of single events, and signals of rules that keep a state
//! Engine        takes batches in any order, puts signals into hour buckets and closes these in order
//!   .add(Batch)  .close(until)  .finish() -> threats
//!   .snapshot() / Engine::restore           the state survives restarts
//! Intel         lists of addresses and domains, trusted ones too; what the databases say of an address
//! ```
//!
//! This crate knows no file, no clock and no network. Signals are merged, never overwritten: a month at once and the
//! same month hour by hour make equal threats.

mod attack;
mod context;
mod detections;
mod dns;
mod engine;
mod exfiltration;
mod flow;
mod found;
mod grade;
mod habits;
mod held;
mod index;
mod intel;
mod kept;
pub mod key;
mod kubernetes;
mod logins;
mod machine;
mod matcher;
mod met;
mod network;
mod observer;
mod owners;
mod pack;
mod policy;
pub mod principal;
mod rule;
mod scanner;
pub mod search;
mod sigma;
mod signal;
mod singles;
mod state;
mod steps;
pub mod story;
mod volume;
mod watch;
mod window;

pub use detections::{Builder, Detections, Inactive, Why, base_fields};
pub use engine::{Counters, Engine, Settings as EngineSettings};
pub use grade::Grades;
pub use intel::{AddressFacts, Geography, Intel, ListError, Lists};
pub use logins::{distance, impossible_travel};
pub use machine::Machines;
pub use owners::{Owner, Owners};
pub use policy::PolicyTest;
pub use rule::{Logic, Rule};
pub use scanner::Scanner;
pub use sigma::{Correlation, CorrelationKind, Limit, Placeholders, SigmaFile, SigmaRule, read_sigma};
pub use signal::Batch;
pub use state::{StateError, sealed};
