//! Sharing across accounts, over a made-up organization.

mod image;
#[path = "../world/made.rs"]
#[allow(dead_code, reason = "the items of other tests")]
mod made;
mod scenario;
mod things;
mod trust;
