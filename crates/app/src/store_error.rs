//! Errors of the store in the words of a user: what it was asked for and can't have, or what is wrong with it.

use std::path::Path;

use haechi_store::StoreError;

use crate::error::UserError;

/// The store could not be opened.
pub(crate) fn store_error(error: &StoreError, path: &Path) -> UserError {
    advised(UserError::said("error-store").arg("path", path.display()).because(error), error)
}

/// An error of the store in the middle of work.
pub(crate) fn in_store(error: StoreError) -> UserError {
    // In the first five the store is well: it was asked for something that it can't have.
    let shown = match &error {
        StoreError::NotFound { what, wanted } => {
            UserError::said("error-not-found").arg("what", what).arg("wanted", wanted)
        }
        StoreError::Ambiguous { what, wanted, found, examples } => UserError::said("error-ambiguous")
            .arg("what", what)
            .arg("wanted", wanted)
            .arg("found", found)
            .arg("examples", examples.join(", ")),
        StoreError::NotOnPostgres { what } => UserError::said("error-not-on-postgres").arg("what", what),
        StoreError::Overtaken { what } => UserError::said("error-overtaken").arg("what", what),
        StoreError::NotAnId { wanted } => UserError::said("error-not-an-id").arg("wanted", wanted),
        StoreError::Filter(wrong) => UserError::said("error-filter-text").arg("text", wrong),
        _ => UserError::said("error-store-work").because(&error),
    };
    advised(shown, &error)
}

fn advised(shown: UserError, error: &StoreError) -> UserError {
    match error {
        StoreError::Missing(_) => shown.help("advice-store-missing"),
        StoreError::NotAStore(_) => shown.help("advice-store-other"),
        StoreError::NewerSchema { .. } => shown.help("advice-store-newer"),
        StoreError::Corrupt { path, .. } => shown.help("advice-store-damaged").arg("path", path.display()),
        StoreError::Busy(_) => shown.help("advice-store-busy"),
        StoreError::DiskFull(_) => shown.help("advice-store-full"),
        StoreError::ReadOnly(path) => shown.help("advice-store-mode").arg("path", path.display()),
        StoreError::Ambiguous { .. } => shown.help("advice-more-digits"),
        StoreError::NotOnPostgres { what: "backup" } => shown.help("advice-pg-dump"),
        StoreError::Overtaken { .. } => shown.help("advice-overtaken"),
        StoreError::NotOnPostgres { .. }
        | StoreError::Io { .. }
        | StoreError::TooLarge { .. }
        | StoreError::NotFound { .. }
        | StoreError::NotAnId { .. }
        | StoreError::Filter(_)
        | StoreError::Query(_)
        | StoreError::QueryAt { .. }
        | StoreError::QueryStopped
        | StoreError::QueryTooLarge { .. }
        | StoreError::TableFull { .. }
        | StoreError::Database(_) => shown,
    }
}
