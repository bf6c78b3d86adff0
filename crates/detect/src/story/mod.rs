//! Stories: what an entity did around a moment, what of it is new, which credentials led there, who else was there.
//!
//! ```text
//! Cast::add(Issue) ... .actor(word) -> Actor       first reading: who made which credentials
//! Teller::new(actor, span) .take(&Step) ...        second reading, in any order
//!     .tell(threats, intel) -> Story               every claim names its events
//! ```

mod cast;
mod graph;
mod step;
mod tell;

pub use cast::{Actor, Cast, kind_of};
pub use graph::{Edge, Graph, Node};
pub use step::{Issue, Step, StepSlots};
pub use tell::{Claim, Line, Neighbour, New, Past, Story, Teller, Travel, Window};
