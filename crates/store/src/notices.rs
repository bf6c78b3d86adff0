//! Notices that go out: kept until they are delivered, with how often it was tried and why it failed; dead ones stay
//! until somebody tries them again.

use haechi_model::Timestamp;
use rusqlite::params;
use serde_json::Value;

use crate::Result;
use crate::database::Row;
use crate::error::StoreError;
use crate::fault::{Fault, from_json, to_json};
use crate::open::Store;

/// How it stands with a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    Waiting,
    Delivered,
    /// It was tried as often as it should be.
    Dead,
}

impl NoticeState {
    pub const ALL: [NoticeState; 3] = [NoticeState::Waiting, NoticeState::Delivered, NoticeState::Dead];

    pub const fn as_str(self) -> &'static str {
        match self {
            NoticeState::Waiting => "waiting",
            NoticeState::Delivered => "delivered",
            NoticeState::Dead => "dead",
        }
    }
}

/// A notice that is to go out.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotice {
    pub destination: String,
    /// The event's id: there is one notice of it a destination.
    pub event: String,
    pub finding: String,
    pub body: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoredNotice {
    pub id: i64,
    pub notice: NewNotice,
    pub state: NoticeState,
    pub attempts: u32,
    pub made: Timestamp,
    /// It is not tried before.
    pub next: Timestamp,
    pub delivered: Option<Timestamp>,
    pub error: Option<String>,
}

const NOTICE: &str = "SELECT id, destination, event, finding, state, attempts, made, next, delivered, error, body
                      FROM h_notices";

fn notice_of(row: &Row<'_>) -> Result<StoredNotice, Fault> {
    let word: String = row.get(4)?;
    let state = NoticeState::ALL.into_iter().find(|state| state.as_str() == word);
    Ok(StoredNotice {
        id: row.get(0)?,
        notice: NewNotice {
            destination: row.get(1)?,
            event: row.get(2)?,
            finding: row.get(3)?,
            body: from_json(&row.get::<String>(10)?, "a notice")?,
        },
        state: state.ok_or_else(|| Fault::Damaged(format!("a notice is `{word}`")))?,
        attempts: u32::try_from(row.get::<i64>(5)?).unwrap_or(u32::MAX),
        made: Timestamp::from_micros(row.get(6)?),
        next: Timestamp::from_micros(row.get(7)?),
        delivered: row.get::<Option<i64>>(8)?.map(Timestamp::from_micros),
        error: row.get(9)?,
    })
}

impl Store {
    /// Keeps notices until they are delivered; one that is known already is not kept twice. Says how many are new.
    pub fn put_notices(&mut self, notices: &[NewNotice], at: Timestamp) -> Result<u64> {
        let written = self.in_transaction(|connection| {
            let mut new = 0;
            for notice in notices {
                new += connection.execute(
                    "INSERT INTO h_notices (destination, event, finding, state, attempts, made, next, body)
                     VALUES (?, ?, ?, 'waiting', 0, ?, ?, ?) ON CONFLICT (destination, event) DO NOTHING",
                    params![
                        notice.destination,
                        notice.event,
                        notice.finding,
                        at.as_micros(),
                        at.as_micros(),
                        to_json(&notice.body)?
                    ],
                )?;
            }
            Ok(new as u64)
        });
        self.told(written)
    }

    /// Notices in these states (none: all), oldest first, at most `most`.
    pub fn notices(&self, states: &[NoticeState], most: usize) -> Result<Vec<StoredNotice>> {
        let marks: Vec<String> = states.iter().map(|state| format!("'{}'", state.as_str())).collect();
        let filter = if states.is_empty() { String::new() } else { format!(" WHERE state IN ({})", marks.join(", ")) };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.told(self.all(&format!("{NOTICE}{filter} ORDER BY id LIMIT ?"), [most], notice_of))
    }

    /// Waiting notices whose time has come, oldest first.
    pub fn due_notices(&self, at: Timestamp, most: usize) -> Result<Vec<StoredNotice>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let sql = format!("{NOTICE} WHERE state = 'waiting' AND next <= ? ORDER BY id LIMIT ?");
        self.told(self.all(&sql, params![at.as_micros(), most], notice_of))
    }

    /// When the next waiting notice is to be tried.
    pub fn next_notice(&self) -> Result<Option<Timestamp>> {
        let sql = "SELECT min(next) FROM h_notices WHERE state = 'waiting'";
        let next: rusqlite::Result<Option<i64>> = self.connection.query_row(sql, (), |row| row.get(0));
        self.told(next.map(|next| next.map(Timestamp::from_micros)).map_err(Fault::from))
    }

    /// It has arrived.
    pub fn notice_delivered(&mut self, id: i64, at: Timestamp) -> Result<()> {
        self.change_notice(
            "UPDATE h_notices SET state = 'delivered', attempts = attempts + 1, delivered = ?, error = NULL WHERE id = ?",
            params![at.as_micros(), id],
            id,
        )
    }

    /// It has not; `next` is when it is tried again, none: never, it is dead.
    pub fn notice_failed(&mut self, id: i64, error: &str, next: Option<Timestamp>) -> Result<()> {
        let state = if next.is_some() { NoticeState::Waiting } else { NoticeState::Dead };
        let at = next.map_or(0, Timestamp::as_micros);
        self.change_notice(
            "UPDATE h_notices SET state = ?, attempts = attempts + 1, error = ?, next = ? WHERE id = ?",
            params![state.as_str(), error, at, id],
            id,
        )
    }

    /// A dead or waiting notice is tried anew from this moment on.
    pub fn revive_notice(&mut self, id: i64, at: Timestamp) -> Result<()> {
        self.change_notice(
            "UPDATE h_notices SET state = 'waiting', attempts = 0, next = ? WHERE id = ? AND state <> 'delivered'",
            params![at.as_micros(), id],
            id,
        )
    }

    fn change_notice(&mut self, sql: &str, values: impl crate::database::Params, id: i64) -> Result<()> {
        let written = self.in_transaction(|connection| match connection.execute(sql, values)? {
            1 => Ok(()),
            _ => Err(StoreError::NotFound { what: "notice", wanted: id.to_string() }.into()),
        });
        self.told(written)
    }
}
