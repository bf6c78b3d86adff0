//! The collector engine against recorded answers, a failing API and a moto server.

mod accounts;
mod complete;
mod examples;
mod fake;
mod faults;
mod language;
mod last_accessed;
mod moto;
mod quotas;
mod trees;
