//! The only crate that calls AWS: credentials, SigV4, protocols, paging, throttling.
//!
//! One generic client is driven by API shapes (content/shapes), so a new operation is a line of data.
//! Every step has a time-out, every answer a bound (32 MiB where it is read into values, 256 MiB for
//! bytes, unless set otherwise), every listing an end.

mod actions;
mod api;
mod builder;
mod classify;
mod client;
mod endpoint;
mod error;
mod keyring;
mod limits;
mod objects;
mod paging;
mod protocol;
mod queue;
mod retry;
mod s3_keys;
mod shapes;
mod signing;
mod transport;
mod web;

pub use actions::iam_action;
pub use api::{Api, BoxFuture, Pages};
pub use aws_credential_types::Credentials;
pub use aws_credential_types::provider::SharedCredentialsProvider;
pub use builder::{Builder, RESPONSE_LIMIT};
pub use client::Client;
pub use endpoint::{Partition, is_global, partitions};
pub use error::{ApiError, ErrorKind};
pub use keyring::Role;
pub use limits::{Concurrency, ServiceStatistics, USUAL_RATE};
pub use objects::{Listing, NotS3, Object, Objects, S3Location, Under};
pub use queue::{Message, Queue};
pub use retry::{Jitter, RetryPolicy};
pub use shapes::{only_reads, operations};
pub use transport::Timeouts;
pub use web::{Unsent, Web, WebAnswer};
