//! AWS Config's advanced-query language: parse, plan, and answer over the JSON of configuration items.
//!
//! Pure: rows come from whoever has them ([`Row`]), one at a time and in any number of threads, and only
//! the members that a query names are read from their bytes. `docs/query.md` is the specification.
//!
//! ```text
//! parse(text) -> Query -> Plan::new -> Plan::worker (one a thread) -> Worker::take(row)... -> Plan::finish
//! ```

mod aggregate;
mod condition;
mod json;
mod operand;
mod parse;
mod plan;
mod problem;
mod property;
mod scalar;
mod syntax;
mod token;
mod worker;

pub use json::{Malformed, Paths, Pieces, Take};
pub use parse::parse;
pub use plan::{Answer, Limits, Plan, Reach};
pub use problem::{Problem, place, place_of};
pub use property::{Column, TOP_LEVEL};
pub use syntax::{
    Aggregate, Comparison, Condition, Direction, Function, Literal, Order, Property, Query, Selected, Test,
};
pub use token::{Language, has_word, language_of};
pub use worker::{Row, Stopped, Worker};
