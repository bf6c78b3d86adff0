//! Sharing across accounts, over a made-up organization.

mod image;
mod scenario;
mod things;
mod trust;
