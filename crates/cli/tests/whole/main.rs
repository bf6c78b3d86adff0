//! The whole program as a user runs it: one test binary, so that it is linked once.

mod history;
mod live;
mod organization;
mod program;
mod support;
