//! Searching events: the columns that events of every log have, filters over them and over the fields of a log, and
//! who called what on what.

mod columns;
mod filter;
#[cfg(test)]
mod tests;
mod who;

pub use columns::{ColumnSlots, EventColumn, EventView};
pub use filter::{BoundFilter, EventField, EventFilter, FilterBinding};
pub use who::{Action, Caller, CallerKey, Callers, Resource, WhoSlots};
