//! The only crate that calls AWS: credentials, SigV4, protocols, paging, throttling.
//!
//! One generic client is driven by API shapes (content/shapes), so a new operation is a line of data.

mod actions;
mod api;
mod error;
mod paging;
mod shapes;

pub use actions::iam_action;
pub use api::{Api, BoxFuture, Pages};
pub use error::{ApiError, ErrorKind};
pub use shapes::operations;
