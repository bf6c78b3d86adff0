//! Stories: what an entity did around a moment, what of it is new, which credentials led there, who else was there.
//!
//! ```text
//! Cast::about(word) .add(Issue) .flow(&Flow) ...   first reading: who made which credentials, what belongs together
//!     .actor(word, owners) -> Actor
//! Teller::new(actor, span) .expect(threats)
//!     .take(Step) .flow(&Flow) .query(&Query)      second reading, in any order
//!     .tell(threats, intel) -> Story               every claim names its events
//! ```

mod cast;
mod gather;
mod graph;
mod links;
mod mark;
mod network;
mod step;
mod tell;

pub use cast::{Actor, Cast, kind_of};
pub use graph::{Edge, Graph, Node};
pub use links::Link;
pub use network::{Asked, Began, Busiest, Flows, Network, Refused, Talk, Usual, Wire};
pub use step::{Issue, Query, Step, StepSlots};
pub use tell::{Claim, Line, Neighbour, New, Past, Story, Teller, Travel, Window};

#[cfg(test)]
mod tests;
