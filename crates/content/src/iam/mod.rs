//! The texts of content/iam: the table of all services' actions, and how CloudTrail's events map to them.
//! `haechi_iam` reads them; a table made from newer data can stand in for the first.

mod package;

pub use package::{Dependents, PackageError, from_package};

use std::sync::LazyLock;

use crate::embedded;

/// The table of services, actions, resource types and condition keys.
pub fn actions() -> &'static str {
    embedded::text("iam/actions.txt")
}

/// The rules by which an event of CloudTrail becomes an action and a resource.
pub fn events() -> &'static str {
    embedded::text("iam/events.txt")
}

/// The rules that tell which actions CloudTrail's management events do not show.
pub fn unlogged() -> &'static str {
    embedded::text("iam/unlogged.txt")
}

/// The document of an AWS managed policy as AWS published it when the table was made, by the policy's ARN. AWS Config
/// does not record these policies.
pub fn managed_policy(arn: &str) -> Option<&'static str> {
    let name = arn.strip_prefix("arn:aws:iam::aws:policy")?;
    let lines = managed_policies();
    let found = lines.binary_search_by(|line| line.split('\t').next().unwrap_or_default().cmp(name)).ok()?;
    lines[found].split('\t').nth(2)
}

/// The lines of the table, sorted by path and name.
fn managed_policies() -> &'static [&'static str] {
    static LINES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let mut lines: Vec<&str> = embedded::text("iam/managed-policies.txt").lines().collect();
        lines.sort_by_key(|line| line.split('\t').next());
        lines
    });
    &LINES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_policies_are_found_by_their_arn() {
        let admin = managed_policy("arn:aws:iam::aws:policy/AdministratorAccess").expect("a policy");
        let admin: serde_json::Value = serde_json::from_str(admin).expect("JSON");
        assert_eq!(admin["Statement"][0]["Action"], "*");
        for arn in ["job-function/Billing", "service-role/AWSLambdaBasicExecutionRole", "ReadOnlyAccess"] {
            assert!(managed_policy(&format!("arn:aws:iam::aws:policy/{arn}")).is_some(), "{arn}");
        }
        for arn in ["arn:aws:iam::aws:policy/Billing", "arn:aws:iam::111122223333:policy/ReadOnlyAccess", "x", ""] {
            assert_eq!(managed_policy(arn), None, "{arn}");
        }
        assert!(managed_policies().len() > 1000);
        for line in managed_policies() {
            let document = line.split('\t').nth(2).expect("a document");
            let document: serde_json::Value = serde_json::from_str(document).expect("JSON");
            assert!(!document["Statement"].is_null(), "{line}");
        }
    }
}
