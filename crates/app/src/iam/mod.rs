//! Questions to the IAM engine: who may do what.

mod answer;
mod simulate;

pub use simulate::{Answers, BatchSummary};
