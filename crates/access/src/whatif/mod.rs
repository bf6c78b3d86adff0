//! What a change of the organization would do: the recorded world before and after it, account by account, the
//! permissions that come and go, and the calls of a log asked again. Facts in, answers out.

mod changes;
mod context;
mod difference;
mod granted;
mod guards;
mod keys;
mod reach;
mod replay;
mod tally;

pub(crate) use context::Told;
pub(crate) use granted::grants;

pub use changes::{AccountChange, Change, WhatIf, WhatIfError};
pub use difference::Difference;
pub use granted::{AccessChange, condensed};
pub use replay::{Replay, ReplayError, Replayer};
pub use tally::{Answer, Call, Class, Count, Reason, Tally};
