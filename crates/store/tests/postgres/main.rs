//! The same tests as of the store in a file, on PostgreSQL: HAECHI_POSTGRES is the URL of an empty server.

#[path = "../store/history.rs"]
mod history;
#[path = "../store/items.rs"]
mod items;
#[path = "../store/judgements.rs"]
mod judgements;
#[path = "../store/responses.rs"]
mod responses;
#[path = "../store/retention.rs"]
mod retention;
mod server;
#[path = "../store/support.rs"]
mod support;
#[path = "../store/threats.rs"]
mod threats;
