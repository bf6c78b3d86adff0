//! What a change of the organization would do: to real calls, to made ones of every class, and to permissions.

#[allow(dead_code)]
#[path = "../world/made.rs"]
mod made;

mod access;
mod classes;
mod corpus;
mod keys;
mod policies;
mod properties;
mod replayed;
