//! What a change of the organization would do: to real calls, to made ones of every class, and to permissions.

mod access;
mod classes;
pub mod corpus;
mod keys;
mod policies;
mod properties;
pub mod replayed;
