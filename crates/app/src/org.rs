//! AWS Organizations: the tree of organizational units and accounts, read from the management account or a delegated
//! administrator.

use std::collections::{BTreeMap, VecDeque};

use haechi_aws::{Api, ApiError, Client, ErrorKind};
use haechi_inventory::home_region;
use haechi_model::{AccountId, Timestamp};
use haechi_store::{Account, AccountState};
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::live::Caller;

/// An organization as it is now.
pub struct Organization {
    /// `o-...`
    pub id: String,
    /// Every account, also those that are suspended or closed, by id.
    pub accounts: Vec<Account>,
    /// What could not be learned.
    pub note: Option<String>,
}

/// AWS allows five levels below the root; more would be a mistake in the answers, and must end.
const DEEPEST: usize = 16;

/// Whether a path lies at or below a unit.
pub fn is_in(path: &str, unit: &str) -> bool {
    let unit = unit.trim_end_matches('/');
    path == unit || path.strip_prefix(unit).is_some_and(|rest| rest.starts_with('/'))
}

/// An account's state: Organizations says it as `State`, and said it as `Status` until September 2026.
pub fn state(account: &Value) -> AccountState {
    let word = account["State"].as_str().or_else(|| account["Status"].as_str());
    match word {
        Some("PENDING_ACTIVATION") => AccountState::PendingActivation,
        Some("ACTIVE") => AccountState::Active,
        Some("SUSPENDED") => AccountState::Suspended,
        Some("PENDING_CLOSURE") => AccountState::PendingClosure,
        Some("CLOSED") => AccountState::Closed,
        _ => AccountState::Unknown,
    }
}

/// Reads the whole tree.
pub async fn walk(caller: &Caller, now: Timestamp) -> Result<Organization> {
    let region = home_region(&caller.partition);
    let reader = Reader { api: &caller.client, region, now };
    let told = |error: ApiError| cannot_walk(&error, caller);
    let answer = caller.client.call("organizations", region, "DescribeOrganization", json!({})).await.map_err(told)?;
    let id = answer["Organization"]["Id"].as_str().unwrap_or_default().to_owned();
    let mut accounts = reader.accounts().await.map_err(told)?;
    accounts.sort_by_key(|account| account.id);
    accounts.dedup_by_key(|account| account.id);
    let note = reader.tags(&mut accounts).await;
    Ok(Organization { id, accounts, note })
}

fn cannot_walk(error: &ApiError, caller: &Caller) -> UserError {
    let help = match (&*error.code, error.kind) {
        ("AWSOrganizationsNotInUseException", _) => "advice-org-none",
        (_, ErrorKind::AccessDenied) => "advice-org-where",
        _ => "advice-network",
    };
    UserError::said("error-org-read").arg("account", caller.account).because(error).help(help)
}

struct Reader<'a> {
    api: &'a Client,
    region: &'a str,
    now: Timestamp,
}

impl Reader<'_> {
    async fn all(&self, operation: &str, input: Value, list: &str) -> std::result::Result<Vec<Value>, ApiError> {
        let mut found = Vec::new();
        let mut each = |mut page: Value| {
            if let Value::Array(elements) = page[list].take() {
                found.extend(elements);
            }
        };
        self.api.call_all("organizations", self.region, operation, input, &mut each).await?;
        Ok(found)
    }

    /// The accounts with the paths of their units, from the roots down.
    async fn accounts(&self) -> std::result::Result<Vec<Account>, ApiError> {
        let mut parents: VecDeque<(String, String, usize)> = VecDeque::new();
        for root in self.all("ListRoots", json!({}), "Roots").await? {
            if let Some(id) = root["Id"].as_str() {
                // Paths begin with `Root` whatever the root is called: they are written into filters.
                parents.push_back((id.to_owned(), "Root".to_owned(), 0));
            }
        }
        let mut accounts = Vec::new();
        while let Some((parent, path, depth)) = parents.pop_front() {
            let input = json!({"ParentId": parent});
            for account in self.all("ListAccountsForParent", input.clone(), "Accounts").await? {
                accounts.extend(self.account(&account, &path));
            }
            if depth >= DEEPEST {
                continue;
            }
            for unit in self.all("ListOrganizationalUnitsForParent", input, "OrganizationalUnits").await? {
                if let Some(id) = unit["Id"].as_str() {
                    let name = unit["Name"].as_str().unwrap_or(id);
                    parents.push_back((id.to_owned(), format!("{path}/{name}"), depth + 1));
                }
            }
        }
        Ok(accounts)
    }

    fn account(&self, account: &Value, path: &str) -> Option<Account> {
        Some(Account {
            id: AccountId::parse(account["Id"].as_str()?).ok()?,
            name: account["Name"].as_str().map(str::to_owned),
            ou_path: Some(path.to_owned()),
            state: state(account),
            tags: BTreeMap::new(),
            as_of: self.now,
        })
    }

    /// Asks for the tags of each account; the answer is what went wrong. Without the permission, none has any.
    async fn tags(&self, accounts: &mut [Account]) -> Option<String> {
        for account in accounts {
            match self.all("ListTagsForResource", json!({"ResourceId": account.id}), "Tags").await {
                Ok(tags) => {
                    let pair = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
                    account.tags = tags.iter().filter_map(pair).collect();
                }
                Err(error) => return Some(error.to_string()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_paths() {
        for (path, unit, want) in [
            ("Root/Workloads/Prod", "Root/Workloads", true),
            ("Root/Workloads", "Root/Workloads/", true),
            ("Root/Workloads2", "Root/Workloads", false),
            ("Root", "Root", true),
            ("Root", "Root/Workloads", false),
        ] {
            assert_eq!(is_in(path, unit), want, "{path} {unit}");
        }
    }

    #[test]
    fn states_old_and_new() {
        for (account, want) in [
            (json!({"State": "CLOSED", "Status": "SUSPENDED"}), AccountState::Closed),
            (json!({"Status": "SUSPENDED"}), AccountState::Suspended),
            (json!({"State": "ACTIVE"}), AccountState::Active),
            (json!({"State": "SOMETHING_NEW"}), AccountState::Unknown),
        ] {
            assert_eq!(state(&account), want, "{account}");
        }
    }
}
