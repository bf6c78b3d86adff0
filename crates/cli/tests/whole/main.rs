//! The whole program as a user runs it: one test binary, so that it is linked once.

mod history;
mod fake_aws;
mod faults;
mod live;
mod organization;
mod program;
mod query;
mod support;
