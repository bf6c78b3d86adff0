//! Opening a store in PostgreSQL, bringing its schema up to date, and the user's SQL there.

use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::codec::Decoder;
use crate::database::Connection;
use crate::error::StoreError;
use crate::fault::Fault;
use crate::location::{Location, PostgresUrl};
use crate::open::{Kind, PATIENCE, Store};
use crate::postgres::Client;
use crate::query::{QueryAnswer, QueryBounds};

const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/postgres/0001_first.sql"),
    include_str!("migrations/postgres/0002_threats.sql"),
    include_str!("migrations/postgres/0003_responses.sql"),
    include_str!("migrations/postgres/0004_log_events.sql"),
];
/// Held while the schema is made or moved forward, and while a run writes. Any two numbers that others do not use.
const MAKING: i64 = 0x4841_4543_0001;
const WRITING: i64 = 0x4841_4543_0002;
const RESPONDING: i64 = 0x4841_4543_0003;
const PAUSE: Duration = Duration::from_millis(50);

/// Names that the user's SQL may not hold: private tables, the server's own tables, and functions that leave the
/// views. The rights of the role are the wall; this says early what would be refused.
const PRIVATE: [&str; 10] = [
    "h_",
    "pg_",
    "information_schema",
    "current_setting",
    "set_config",
    "dblink",
    "lo_",
    "query_to_xml",
    "table_to_xml",
    "cursor_to_xml",
];

impl Store {
    /// Opens the store at a location, or makes a new one there.
    pub fn open_at(location: &Location) -> Result<Self> {
        Self::open_at_patiently(location, PATIENCE)
    }

    /// Opens a store that must be there already. A PostgreSQL database is made ready when it is empty.
    pub fn open_existing_at(location: &Location) -> Result<Self> {
        match location {
            Location::File(path) => Self::open_existing(path),
            Location::Postgres(_) => Self::open_at(location),
        }
    }

    /// Opens the store; `patience` is how long a write waits for another writer.
    pub fn open_at_patiently(location: &Location, patience: Duration) -> Result<Self> {
        match location {
            Location::File(path) => Self::open_patiently(path, patience),
            Location::Postgres(url) => {
                Self::open_postgres(url, patience).map_err(|fault| fault.told(url.to_string().as_ref()))
            }
        }
    }

    fn open_postgres(url: &PostgresUrl, patience: Duration) -> Result<Self, Fault> {
        let config = url.config().map_err(|error| StoreError::Database(error.to_string()))?;
        let client = Client::connect(config)?;
        // Nothing waits for ever for a row that another has.
        client.batch(&format!("SET lock_timeout = {}; SET client_min_messages = warning", patience.as_millis()))?;
        let store = Self {
            connection: Connection::Postgres(client),
            decoder: Decoder::new().map_err(|error| Fault::Damaged(error.to_string()))?,
            path: url.to_string().into(),
            kind: Kind::Postgres,
            patience,
        };
        store.move_forward()?;
        Ok(store)
    }

    /// Each migration is one transaction. One process makes them, and the others wait.
    fn move_forward(&self) -> Result<(), Fault> {
        let known = MIGRATIONS.len() as i64;
        let schema = || -> Result<i64, Fault> {
            let there: i64 =
                self.connection.query_row("SELECT count(to_regclass('h_schema'))", (), |row| row.get(0))?;
            if there == 0 {
                return Ok(0);
            }
            Ok(self.connection.query_row("SELECT version FROM h_schema", (), |row| row.get(0))?)
        };
        if schema()? < known {
            let _making = AdvisoryLock::take(&self.connection, MAKING, self)?;
            for (number, migration) in (1..).zip(MIGRATIONS) {
                if schema()? >= number {
                    continue;
                }
                self.in_transaction(|connection| {
                    connection.execute_batch(migration)?;
                    connection.execute_batch(&format!(
                        "CREATE TABLE IF NOT EXISTS h_schema (version BIGINT NOT NULL);
                         DELETE FROM h_schema; INSERT INTO h_schema VALUES ({number})"
                    ))?;
                    Ok(())
                })?;
            }
        }
        match schema()? {
            newer if newer > known => Err(StoreError::NewerSchema {
                path: self.path.clone(),
                found: u32::try_from(newer).unwrap_or(u32::MAX),
                known: MIGRATIONS.len() as u32,
            }
            .into()),
            _ => Ok(()),
        }
    }

    pub(crate) fn writing_lock(&self) -> Result<AdvisoryLock, Fault> {
        AdvisoryLock::take(&self.connection, WRITING, self)
    }

    pub(crate) fn responding_lock(&self) -> Result<AdvisoryLock, Fault> {
        AdvisoryLock::take(&self.connection, RESPONDING, self)
    }

    /// The user's SELECT over the public views, in a transaction that may only read, and not for ever.
    pub(crate) fn query_postgres(
        &self,
        client: &Client,
        sql: &str,
        bounds: &QueryBounds,
    ) -> Result<QueryAnswer, Fault> {
        let text = sql.to_ascii_lowercase();
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        if let Some(word) = words.clone().find(|word| PRIVATE.iter().any(|name| word.starts_with(name))) {
            return Err(StoreError::Query(format!("`{word}` is private; the tables are the public views")).into());
        }
        if bounds.as_of.is_some() {
            return Err(StoreError::NotOnPostgres { what: "plain SQL as of a moment" }.into());
        }
        let limit = bounds.rows.map_or(String::new(), |most| format!(" LIMIT {}", most.saturating_add(1)));
        client.batch("BEGIN READ ONLY")?;
        let answered = self.answer_postgres(client, sql.trim().trim_end_matches(';'), &limit, bounds);
        let ended = client.batch("ROLLBACK");
        let answer = answered?;
        ended?;
        Ok(answer)
    }

    fn answer_postgres(
        &self,
        client: &Client,
        sql: &str,
        limit: &str,
        bounds: &QueryBounds,
    ) -> Result<QueryAnswer, Fault> {
        client.batch("SET LOCAL statement_timeout = '300s'; SET LOCAL max_parallel_workers_per_gather = 0")?;
        let columns = client.columns(sql).map_err(own)?;
        if columns.is_empty() {
            return Err(StoreError::Query("it must be one SELECT".into()).into());
        }
        let mut found = QueryAnswer { columns, rows: Vec::new(), more: false };
        // Names of our own: several columns without a name would have one.
        let names: Vec<String> = (0..found.columns.len()).map(|number| format!("c{number}")).collect();
        let names = names.join(", ");
        let wrapped =
            format!("SELECT row_to_json(haechi_answer)::text FROM (\n{sql}\n) AS haechi_answer ({names}){limit}");
        let mut rows = client.rows(&wrapped, &()).map_err(own)?;
        let mut bytes = 0;
        while let Some(row) = rows.next().map_err(own)? {
            if bounds.rows.is_some_and(|most| found.rows.len() == most) {
                found.more = true;
                break;
            }
            if (bounds.stop)() {
                return Err(StoreError::QueryStopped.into());
            }
            let text: String = crate::postgres::get(row, 0)?;
            bytes += 40 + text.len();
            if bytes > bounds.bytes {
                return Err(StoreError::QueryTooLarge { bytes: bounds.bytes }.into());
            }
            let members: serde_json::Map<String, Value> = crate::fault::from_json(&text, "a row")?;
            let values = members.into_iter().map(|(_, value)| match value {
                // As SQLite gives JSON: as its text.
                Value::Object(_) | Value::Array(_) => Value::String(value.to_string()),
                other => other,
            });
            found.rows.push(values.collect());
        }
        Ok(found)
    }
}

/// An error of the user's own SQL.
fn own(error: rusqlite::Error) -> Fault {
    match Fault::from(error) {
        Fault::Sql(error) => match crate::postgres::refusal_of(&error) {
            Some((Some("57014"), _)) => StoreError::QueryStopped.into(),
            Some((Some(_), message)) => StoreError::Query(message.to_owned()).into(),
            _ => Fault::Sql(error),
        },
        other => other,
    }
}

/// A lock that the server lets go when the connection ends.
pub(crate) struct AdvisoryLock {
    client: Client,
    number: i64,
}

impl AdvisoryLock {
    fn take(connection: &Connection, number: i64, store: &Store) -> Result<Self, Fault> {
        let Some(client) = connection.postgres() else {
            return Err(Fault::Damaged("a lock of PostgreSQL is taken elsewhere".into()));
        };
        let mut waited = Duration::ZERO;
        loop {
            let got: bool = connection.query_row("SELECT pg_try_advisory_lock(?)", [number], |row| row.get(0))?;
            if got {
                return Ok(Self { client: client.clone(), number });
            }
            if waited >= store.patience {
                return Err(StoreError::Busy(store.path.clone()).into());
            }
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
    }
}

impl Drop for AdvisoryLock {
    fn drop(&mut self) {
        if let Err(error) = self.client.query("SELECT pg_advisory_unlock(?)", &[self.number]) {
            tracing::debug!(%error, "the lock is let go with the connection");
        }
    }
}
