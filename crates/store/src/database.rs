//! One way to talk to both databases: SQLite's calls as rusqlite has them, and the same for PostgreSQL.
//!
//! Statements are written once, in what both understand; marks (`?`, `?2`) become `$n` for PostgreSQL.
//! Errors are rusqlite's; PostgreSQL's own travel inside of one.

use std::cell::Cell;

use rusqlite::types::{FromSql, ToSql, Value, ValueRef};
use rusqlite::{CachedStatement, Result};

use crate::postgres::{self, Client};

/// Begins a transaction that will write.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(crate) enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(Client),
}

/// What is bound to the marks of a statement.
pub(crate) trait Params {
    fn each(&self, take: &mut dyn FnMut(&dyn ToSql) -> Result<()>) -> Result<()>;
}

impl Params for &[&dyn ToSql] {
    fn each(&self, take: &mut dyn FnMut(&dyn ToSql) -> Result<()>) -> Result<()> {
        self.iter().try_for_each(|value| take(value))
    }
}

impl<T: ToSql, const N: usize> Params for [T; N] {
    fn each(&self, take: &mut dyn FnMut(&dyn ToSql) -> Result<()>) -> Result<()> {
        self.iter().try_for_each(|value| take(value))
    }
}

impl Params for &Vec<Value> {
    fn each(&self, take: &mut dyn FnMut(&dyn ToSql) -> Result<()>) -> Result<()> {
        self.iter().try_for_each(|value| take(value))
    }
}

/// No values.
impl Params for () {
    fn each(&self, _take: &mut dyn FnMut(&dyn ToSql) -> Result<()>) -> Result<()> {
        Ok(())
    }
}

impl Connection {
    /// SQLite's own connection, for what only SQLite has.
    pub(crate) fn sqlite(&self) -> Option<&rusqlite::Connection> {
        match self {
            Self::Sqlite(connection) => Some(connection),
            Self::Postgres(_) => None,
        }
    }

    pub(crate) fn postgres(&self) -> Option<&Client> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(client) => Some(client),
        }
    }

    /// One of two texts: what SQLite and PostgreSQL cannot say alike.
    pub(crate) fn dialect<T>(&self, sqlite: T, postgres: T) -> T {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    pub(crate) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(match self {
            Self::Sqlite(connection) => Statement::Sqlite(connection.prepare_cached(sql)?),
            Self::Postgres(client) => Statement::Postgres(client, sql.to_owned()),
        })
    }

    pub(crate) fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        self.prepare_cached(sql)
    }

    pub(crate) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    pub(crate) fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql),
            Self::Postgres(client) => client.batch(sql),
        }
    }

    pub(crate) fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// No transaction is open.
    pub(crate) fn is_autocommit(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.is_autocommit(),
            Self::Postgres(client) => !client.in_transaction(),
        }
    }

    /// A transaction that reads one state, until it is dropped.
    pub(crate) fn reading(&self) -> Result<Reading<'_>> {
        self.execute_batch(self.dialect("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"))?;
        Ok(Reading(self))
    }
}

pub(crate) struct Reading<'c>(&'c Connection);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a reading transaction could not be ended");
        }
    }
}

pub(crate) enum Statement<'c> {
    Sqlite(CachedStatement<'c>),
    Postgres(&'c Client, String),
}

fn bind(statement: &mut rusqlite::Statement<'_>, params: &impl Params) -> Result<()> {
    let number = Cell::new(0);
    params.each(&mut |value| {
        number.set(number.get() + 1);
        statement.raw_bind_parameter(number.get(), value)
    })?;
    let (expected, given) = (statement.parameter_count(), number.get());
    if expected == given { Ok(()) } else { Err(rusqlite::Error::InvalidParameterCount(given, expected)) }
}

impl Statement<'_> {
    /// How many rows were changed.
    pub(crate) fn execute(&mut self, params: impl Params) -> Result<usize> {
        match self {
            Self::Sqlite(statement) => {
                bind(statement, &params)?;
                statement.raw_execute()
            }
            Self::Postgres(client, sql) => client.execute(sql, &params),
        }
    }

    /// The number of the row that was inserted.
    pub(crate) fn insert(&mut self, params: impl Params) -> Result<i64> {
        match self {
            Self::Sqlite(statement) => {
                let params: Vec<Value> = postgres::values(&params)?;
                statement.insert(rusqlite::params_from_iter(params))
            }
            Self::Postgres(client, sql) => {
                let rows = client.query(&format!("{sql} RETURNING id"), &params)?;
                rows.first().map_or(Err(rusqlite::Error::QueryReturnedNoRows), |row| postgres::get(row, 0))
            }
        }
    }

    pub(crate) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        Ok(match self {
            Self::Sqlite(statement) => {
                bind(statement, &params)?;
                Rows::Sqlite(statement.raw_query())
            }
            Self::Postgres(client, sql) => Rows::Postgres(client.rows(sql, &params)?),
        })
    }

    /// For an answer whose size is bounded: PostgreSQL gives it in one go.
    pub(crate) fn query_few(&mut self, params: impl Params) -> Result<Rows<'_>> {
        match self {
            Self::Postgres(client, sql) => Ok(Rows::Postgres(client.few(sql, &params)?)),
            Self::Sqlite(_) => self.query(params),
        }
    }

    pub(crate) fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        let nothing = || rusqlite::Error::QueryReturnedNoRows;
        if let Self::Postgres(client, sql) = self {
            let rows = client.query(sql, &params)?;
            return rows.first().map_or_else(|| Err(nothing()), |row| read(&Row::Postgres(row)));
        }
        let mut rows = self.query(params)?;
        match rows.next()? {
            Some(row) => read(&row),
            None => Err(nothing()),
        }
    }

    pub(crate) fn exists(&mut self, params: impl Params) -> Result<bool> {
        match self.query_row(params, |_| Ok(())) {
            Ok(()) => Ok(true),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

pub(crate) enum Rows<'s> {
    Sqlite(rusqlite::Rows<'s>),
    Postgres(postgres::Rows<'s>),
}

impl Rows<'_> {
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>> {
        Ok(match self {
            Self::Sqlite(rows) => rows.next()?.map(Row::Sqlite),
            Self::Postgres(rows) => rows.next()?.map(Row::Postgres),
        })
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    pub(crate) fn get<T: FromSql>(&self, at: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => row.get(at),
            Self::Postgres(row) => postgres::get(row, at),
        }
    }

    pub(crate) fn get_ref(&self, at: usize) -> Result<ValueRef<'r>> {
        match self {
            Self::Sqlite(row) => row.get_ref(at),
            Self::Postgres(row) => postgres::get_ref(row, at),
        }
    }
}
