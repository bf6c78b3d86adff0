//! Worlds of made-up organizations and of the example's, and what is answered from them.

mod ask;
mod build;
mod center;
mod generated;
mod made;
mod paths;
mod properties;
mod sharing;
mod unused;
mod unused_reports;
mod whatif;
