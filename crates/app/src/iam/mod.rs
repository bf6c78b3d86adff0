//! Questions to the IAM engine: who may do what.

mod answer;
mod ask;
mod paths;
mod recorded;
mod request;
mod simulate;
mod words;
mod world;

pub use ask::{AccessAnswers, WhatCanRequest, WhoCanRequest};
pub use paths::{EscalationPaths, PathsRequest};
pub use recorded::{AccessDecision, AccessRequest};
pub use request::AccessScope;
pub use simulate::{Answers, BatchSummary};
