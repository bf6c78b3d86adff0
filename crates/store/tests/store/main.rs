//! The store from outside: what callers rely on.

mod history;
mod items;
mod judgements;
mod opening;
mod responses;
mod retention;
mod scan;
mod speed;
mod support;
mod threats;
mod views;
