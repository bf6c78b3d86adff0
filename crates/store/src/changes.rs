//! Who changed it: CloudTrail events, joined to the resources that they touched.

use crate::database::Row;
use haechi_model::{AccountId, Region, ResourceKey, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::fault::{Fault, from_text};
use crate::open::Store;
use crate::records::Span;
use crate::scopes;
use crate::writer::RunWriter;

/// One CloudTrail event and one resource that it touched. An event that touched several stands once for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeEvent {
    /// The resource; it need not be recorded yet.
    pub key: ResourceKey,
    pub event_id: String,
    pub at: Timestamp,
    /// Such as `AuthorizeSecurityGroupIngress`.
    pub event_name: String,
    /// Such as `ec2.amazonaws.com`.
    pub event_source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_arn: Option<String>,
    /// CloudTrail's `userIdentity.type`, such as `AssumedRole`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_type: Option<String>,
    /// The ARN of the role or user that the session was issued for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Where the event was recorded.
    pub region: Region,
    pub account: AccountId,
}

impl RunWriter<'_> {
    /// Puts events with the resources that they touched; says how many of these pairs were new.
    ///
    /// An event that was put before (by its id and resource) adds nothing.
    pub fn put_change_events(&mut self, events: &[ChangeEvent]) -> Result<u64> {
        self.facts(|run| {
            let mut added = 0;
            for event in events {
                added += run.put_change_event(event)?;
            }
            Ok(added)
        })
    }

    fn put_change_event(&mut self, event: &ChangeEvent) -> Result<u64, Fault> {
        let scope = self.scopes.of(&self.store.connection, &event.key)?;
        let mut find = self.connection().prepare_cached("SELECT id FROM h_change_events WHERE event_id = ?")?;
        let known: Option<i64> = find.query_row([&event.event_id], |row| row.get(0)).optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                let mut insert = self.connection().prepare_cached(
                    "INSERT INTO h_change_events (event_id, at, name, source, principal_arn, principal_type,
                         session_issuer, source_ip, user_agent, error_code, region, account)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )?;
                insert.insert(params![
                    event.event_id,
                    event.at.as_micros(),
                    event.event_name,
                    event.event_source,
                    event.principal_arn,
                    event.principal_type,
                    event.session_issuer,
                    event.source_ip,
                    event.user_agent,
                    event.error_code,
                    event.region.as_str(),
                    event.account.as_str(),
                ])?
            }
        };
        let mut join = self.connection().prepare_cached(
            "INSERT INTO h_changes (scope, resource_id, at, event) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )?;
        Ok(join.execute(params![scope.id, &*event.key.resource_id, event.at.as_micros(), id])? as u64)
    }
}

fn event_of(row: &Row<'_>, key: &ResourceKey) -> Result<ChangeEvent, Fault> {
    Ok(ChangeEvent {
        key: key.clone(),
        event_id: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        event_name: row.get(2)?,
        event_source: row.get(3)?,
        principal_arn: row.get(4)?,
        principal_type: row.get(5)?,
        session_issuer: row.get(6)?,
        source_ip: row.get(7)?,
        user_agent: row.get(8)?,
        error_code: row.get(9)?,
        region: from_text(&row.get::<String>(10)?)?,
        account: from_text(&row.get::<String>(11)?)?,
    })
}

impl Store {
    /// The events that touched a resource, oldest first.
    pub fn change_events(&self, key: &ResourceKey, span: Span) -> Result<Vec<ChangeEvent>> {
        self.told(self.events_of(key, span))
    }

    pub(crate) fn events_of(&self, key: &ResourceKey, span: Span) -> Result<Vec<ChangeEvent>, Fault> {
        let Some(scope) = scopes::find(&self.connection, key)? else { return Ok(Vec::new()) };
        let (from, to) = span.micros();
        self.all(
            "SELECT e.event_id, e.at, e.name, e.source, e.principal_arn, e.principal_type, e.session_issuer,
                    e.source_ip, e.user_agent, e.error_code, e.region, e.account
             FROM h_changes c JOIN h_change_events e ON e.id = c.event
             WHERE c.scope = ? AND c.resource_id = ? AND c.at BETWEEN ? AND ? ORDER BY c.at, c.event",
            params![scope.id, &*key.resource_id, from, to],
            |row| event_of(row, key),
        )
    }
}
