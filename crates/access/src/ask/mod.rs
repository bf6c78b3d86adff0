//! Questions to a whole world, answered in three values: who can do something, and what somebody can do.

mod answer;
mod what;
mod who;

pub use answer::{Answer, ConditionText, Explanation, Reason};
pub use what::{WhatCan, WhatRow, what_can};
pub use who::{Holder, HolderKind, WhoCan, WhoRow, who_can};
pub(crate) use who::{anybody_of, nobody};
