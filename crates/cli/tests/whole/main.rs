//! The whole program as a user runs it: one test binary, so that it is linked once.

mod live;
mod program;
mod support;
