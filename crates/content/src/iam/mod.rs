//! The texts of content/iam: the table of all services' actions, and how CloudTrail's events map to them.
//! `haechi_iam` reads them; a table made from newer data can stand in for the first.

mod package;

pub use package::{Dependents, PackageError, from_package};

use crate::embedded;

/// The table of services, actions, resource types and condition keys.
pub fn actions() -> &'static str {
    embedded::text("iam/actions.txt")
}

/// The rules by which an event of CloudTrail becomes an action and a resource.
pub fn events() -> &'static str {
    embedded::text("iam/events.txt")
}
