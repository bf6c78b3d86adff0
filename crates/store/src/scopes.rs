//! Numbers for "where and what": organization, partition, account, region and type.

use std::collections::HashMap;

use crate::database::Connection;
use haechi_model::{AccountId, Partition, Region, ResourceKey, ResourceType};
use rusqlite::{OptionalExtension, params};

use crate::fault::Fault;

/// The scopes that a run has met. Forgotten when a transaction is rolled back.
pub(crate) struct Scopes {
    organization: String,
    known: HashMap<(Partition, AccountId, Region, ResourceType), Scope>,
    /// Listings of this run that may not be written yet.
    listed: HashMap<i64, i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) id: i64,
    /// The newest complete listing, in microseconds.
    pub(crate) listed_at: Option<i64>,
}

/// The number of a key's scope, when it has been met before.
pub(crate) fn find(connection: &Connection, key: &ResourceKey) -> Result<Option<Scope>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, listed_at FROM h_scopes WHERE type = ? AND account = ? AND region = ? AND partition = ?",
    )?;
    let names =
        params![key.resource_type.as_str(), key.account_id.as_str(), key.region.as_str(), key.partition.as_str()];
    Ok(statement.query_row(names, |row| Ok(Scope { id: row.get(0)?, listed_at: row.get(1)? })).optional()?)
}

/// The scopes of a listing that have been met before, in any partition.
pub(crate) fn listed_before(
    connection: &Connection,
    account: AccountId,
    region: &Region,
    resource_type: &ResourceType,
) -> Result<Vec<Scope>, Fault> {
    let mut statement = connection
        .prepare_cached("SELECT id, listed_at FROM h_scopes WHERE type = ? AND account = ? AND region = ?")?;
    let names = params![resource_type.as_str(), account.as_str(), region.as_str()];
    let mut rows = statement.query(names)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Scope { id: row.get(0)?, listed_at: row.get(1)? });
    }
    Ok(found)
}

impl Scopes {
    pub(crate) fn new(organization: String) -> Self {
        Self { organization, known: HashMap::new(), listed: HashMap::new() }
    }

    pub(crate) fn organization(&self) -> &str {
        &self.organization
    }

    pub(crate) fn forget(&mut self) {
        self.known.clear();
        self.listed.clear();
    }

    /// A complete listing ended.
    pub(crate) fn listed(&mut self, id: i64, at: i64) {
        self.known.values_mut().filter(|scope| scope.id == id).for_each(|scope| scope.listed_at = Some(at));
        self.listed.insert(id, at);
    }

    pub(crate) fn of(&mut self, connection: &Connection, key: &ResourceKey) -> Result<Scope, Fault> {
        let names = (key.partition.clone(), key.account_id, key.region.clone(), key.resource_type.clone());
        if let Some(scope) = self.known.get(&names) {
            return Ok(*scope);
        }
        let scope = match find(connection, key)? {
            Some(scope) => {
                if !self.organization.is_empty() {
                    let mut update = connection
                        .prepare_cached("UPDATE h_scopes SET organization = ?1 WHERE id = ?2 AND organization <> ?1")?;
                    update.execute(params![self.organization, scope.id])?;
                }
                scope
            }
            None => {
                let mut insert = connection.prepare_cached(
                    "INSERT INTO h_scopes (organization, partition, account, region, type) VALUES (?, ?, ?, ?, ?)",
                )?;
                let id = insert.insert(params![
                    self.organization,
                    key.partition.as_str(),
                    key.account_id.as_str(),
                    key.region.as_str(),
                    key.resource_type.as_str()
                ])?;
                Scope { id, listed_at: None }
            }
        };
        let scope = Scope { listed_at: scope.listed_at.max(self.listed.get(&scope.id).copied()), ..scope };
        self.known.insert(names, scope);
        Ok(scope)
    }

    /// The scopes of a listing, which knows no partition: those of the items there,
    /// or a new one in the account's partition.
    pub(crate) fn of_listing(
        &mut self,
        connection: &Connection,
        account: AccountId,
        region: &Region,
        resource_type: &ResourceType,
    ) -> Result<Vec<Scope>, Fault> {
        let found = listed_before(connection, account, region, resource_type)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let mut statement = connection.prepare_cached("SELECT partition FROM h_scopes WHERE account = ? LIMIT 1")?;
        let partition: Option<String> = statement.query_row([account.as_str()], |row| row.get(0)).optional()?;
        let partition = match partition {
            Some(known) => crate::fault::from_text(&known)?,
            None => Partition::of_region(region.as_str()),
        };
        let key = ResourceKey {
            partition,
            account_id: account,
            region: region.clone(),
            resource_type: resource_type.clone(),
            resource_id: "".into(),
        };
        Ok(vec![self.of(connection, &key)?])
    }
}
