//! PostgreSQL: a connection on a thread of its own, so that the store's calls work wherever they are made.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use rusqlite::types::{FromSql, FromSqlError, ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Error, Result};
use tokio_postgres::types::{IsNull, Type};
use tokio_postgres::{Config, NoTls, Row, Statement};

use crate::database::{BEGIN, Params};

/// What PostgreSQL answered, or why it did not.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

fn refused(error: &tokio_postgres::Error) -> Error {
    let (code, message) = match error.as_db_error() {
        Some(said) => (Some(said.code().code().to_owned()), said.message().to_owned()),
        None => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            (None, format!("{error}{cause}"))
        }
    };
    refusal(code, message)
}

fn refusal(code: Option<String>, message: String) -> Error {
    Error::UserFunctionError(Box::new(Refusal { code, message }))
}

/// PostgreSQL's code and words in an error that it gave.
pub(crate) fn refusal_of(error: &Error) -> Option<(Option<&str>, &str)> {
    let Error::UserFunctionError(inner) = error else { return None };
    inner.downcast_ref::<Refusal>().map(|refusal| (refusal.code.as_deref(), &*refusal.message))
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Job = Box<dyn FnOnce(Arc<tokio_postgres::Client>) -> Work + Send>;

/// Statements by their text and the types of their values.
type Prepared = HashMap<(String, Vec<Type>), Statement>;

/// A connection. Its copies are the same connection.
#[derive(Clone)]
pub(crate) struct Client(Arc<Inner>);

struct Inner {
    jobs: tokio::sync::mpsc::UnboundedSender<Job>,
    prepared: Mutex<Prepared>,
    in_transaction: AtomicBool,
    cursors: AtomicU64,
}

/// More statements than these are forgotten together.
const PREPARED: usize = 256;
/// Rows that are fetched at once, so that memory stays bounded.
const FETCHED: usize = 500;

impl Client {
    pub(crate) fn connect(config: Config) -> Result<Self> {
        let (jobs, mut work) = tokio::sync::mpsc::unbounded_channel::<Job>();
        let (tell, told) = mpsc::channel();
        let serve = async move {
            let wants_tls = config.get_ssl_mode() != tokio_postgres::config::SslMode::Disable;
            let tls = match wants_tls.then(crate::tls::connector).transpose() {
                Ok(tls) => tls,
                Err(error) => return drop(tell.send(Err(refusal(None, error.to_string())))),
            };
            let connected = match tls {
                Some(tls) => match config.connect(tls).await {
                    Ok((client, connection)) => {
                        tokio::spawn(connection);
                        Ok(client)
                    }
                    Err(error) => Err(error),
                },
                None => match config.connect(NoTls).await {
                    Ok((client, connection)) => {
                        tokio::spawn(connection);
                        Ok(client)
                    }
                    Err(error) => Err(error),
                },
            };
            match connected {
                Ok(client) => {
                    let client = Arc::new(client);
                    if tell.send(Ok(())).is_ok() {
                        while let Some(job) = work.recv().await {
                            job(client.clone()).await;
                        }
                    }
                }
                // Whoever asked may be gone.
                Err(error) => drop(tell.send(Err(refused(&error)))),
            }
        };
        let lost = |error: std::io::Error| refusal(None, error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(lost)?;
        let thread = std::thread::Builder::new().name("postgres".into());
        thread.spawn(move || runtime.block_on(serve)).map_err(lost)?;
        told.recv().map_err(|_| refusal(None, "the connection's thread has ended".into()))??;
        Ok(Self(Arc::new(Inner {
            jobs,
            prepared: Mutex::default(),
            in_transaction: AtomicBool::new(false),
            cursors: AtomicU64::new(0),
        })))
    }

    /// Runs work on the connection's thread and waits for it.
    fn run<T, F>(&self, work: impl FnOnce(Arc<tokio_postgres::Client>) -> F + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
    {
        let (tell, told) = mpsc::channel();
        let job: Job = Box::new(move |client| {
            let work = work(client);
            Box::pin(async move { drop(tell.send(work.await)) })
        });
        let ended = || refusal(None, "the connection is lost".into());
        self.0.jobs.send(job).map_err(|_| ended())?;
        told.recv().map_err(|_| ended())?.map_err(|error| refused(&error))
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.0.in_transaction.load(Ordering::Relaxed)
    }

    /// Statements without values; those that begin and end transactions are known by their first word.
    pub(crate) fn batch(&self, sql: &str) -> Result<()> {
        let text = if sql == BEGIN { "BEGIN".to_owned() } else { sql.to_owned() };
        let done = self.run(move |client| async move { client.batch_execute(&text).await });
        let whole = sql.split_whitespace().next().unwrap_or_default();
        match whole {
            "BEGIN" if done.is_ok() => self.0.in_transaction.store(true, Ordering::Relaxed),
            // Also when it failed: then nothing is left of the transaction.
            "COMMIT" => self.0.in_transaction.store(false, Ordering::Relaxed),
            "ROLLBACK" if !sql.starts_with("ROLLBACK TO") => self.0.in_transaction.store(false, Ordering::Relaxed),
            _ => {}
        }
        done
    }

    fn known(&self) -> MutexGuard<'_, Prepared> {
        // It is whole at any time: a panic elsewhere cannot have spoilt it.
        self.0.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prepared(&self, sql: &str, values: &[Value]) -> Result<Statement> {
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let key = (sql.to_owned(), types);
        if let Some(known) = self.known().get(&key) {
            return Ok(known.clone());
        }
        let (text, types) = (numbered(sql), key.1.clone());
        let statement = self.run(move |client| async move { client.prepare_typed(&text, &types).await })?;
        let mut prepared = self.known();
        if prepared.len() >= PREPARED {
            prepared.clear();
        }
        prepared.insert(key, statement.clone());
        Ok(statement)
    }

    pub(crate) fn execute(&self, sql: &str, params: &impl Params) -> Result<usize> {
        let values = values(params)?;
        let statement = self.prepared(sql, &values)?;
        let changed = self.run(move |client| async move {
            let values: Vec<Bound> = values.into_iter().map(Bound).collect();
            client.execute_raw(&statement, values.iter()).await
        })?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub(crate) fn query(&self, sql: &str, params: &impl Params) -> Result<Vec<Row>> {
        self.fetch(sql, values(params)?)
    }

    fn fetch(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        let statement = self.prepared(sql, &values)?;
        self.run(move |client| async move {
            let values: Vec<Bound> = values.into_iter().map(Bound).collect();
            let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                values.iter().map(|value| value as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
            client.query(&statement, &values).await
        })
    }

    /// The columns that a statement gives.
    pub(crate) fn columns(&self, sql: &str) -> Result<Vec<String>> {
        let text = sql.to_owned();
        let statement = self.run(move |client| async move { client.prepare(&text).await })?;
        Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    /// A bounded number of rows, all fetched at once.
    pub(crate) fn few(&self, sql: &str, params: &impl Params) -> Result<Rows<'_>> {
        Ok(Rows { client: self, cursor: None, rows: self.fetch(sql, values(params)?)?, next: 0 })
    }

    /// Rows one after the other. In a transaction they are fetched in parts, and other statements may run between.
    pub(crate) fn rows(&self, sql: &str, params: &impl Params) -> Result<Rows<'_>> {
        let values = values(params)?;
        let reads = sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"));
        if !self.in_transaction() || !reads {
            return Ok(Rows { client: self, cursor: None, rows: self.fetch(sql, values)?, next: 0 });
        }
        // Without a limit on their number: by way of a cursor.
        let number = self.0.cursors.fetch_add(1, Ordering::Relaxed);
        let cursor = format!("haechi_{number}");
        let declare = numbered(&format!("DECLARE {cursor} NO SCROLL CURSOR FOR {sql}"));
        let types: Vec<Type> = values.iter().map(type_of).collect();
        self.run(move |client| async move {
            let statement = client.prepare_typed(&declare, &types).await?;
            let values: Vec<Bound> = values.into_iter().map(Bound).collect();
            client.execute_raw(&statement, values.iter()).await
        })?;
        let mut rows = Rows { client: self, cursor: Some(cursor), rows: Vec::new(), next: 0 };
        rows.more()?;
        Ok(rows)
    }
}

/// The answer of a query.
pub(crate) struct Rows<'c> {
    client: &'c Client,
    cursor: Option<String>,
    rows: Vec<Row>,
    next: usize,
}

impl Rows<'_> {
    fn more(&mut self) -> Result<()> {
        let Some(cursor) = &self.cursor else { return Ok(()) };
        let fetch = format!("FETCH {FETCHED} FROM {cursor}");
        self.rows = self.client.run(move |client| async move { client.query(&fetch, &[]).await })?;
        self.next = 0;
        if self.rows.len() < FETCHED {
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(cursor) = self.cursor.take()
            && let Err(error) = self.client.batch(&format!("CLOSE {cursor}"))
        {
            tracing::debug!(%error, "a cursor could not be closed; the transaction's end does it");
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<&Row>> {
        if self.next == self.rows.len() {
            self.more()?;
        }
        self.next += 1;
        Ok(self.rows.get(self.next - 1))
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        if self.client.in_transaction() {
            self.close();
        }
    }
}

/// `?` and `?2` outside of quotes become `$1` and `$2`.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    let (mut number, mut quote) = (0_u32, None);
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if open == letter => quote = None,
            ('?', None) => {
                let mut digits = String::new();
                while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                // As SQLite counts: one more than the greatest so far.
                number = digits.parse().map_or(number + 1, |given: u32| given.max(number));
                if digits.is_empty() {
                    digits = number.to_string();
                }
                text.push('$');
                text.push_str(&digits);
                continue;
            }
            _ => {}
        }
        text.push(letter);
    }
    text
}

pub(crate) fn values(params: &impl Params) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    params.each(&mut |value: &dyn ToSql| {
        values.push(match value.to_sql()? {
            ToSqlOutput::Owned(value) => value,
            ToSqlOutput::Borrowed(value) => {
                Value::try_from(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))?
            }
            _ => return Err(Error::InvalidQuery),
        });
        Ok(())
    })?;
    Ok(values)
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::UNKNOWN,
        Value::Integer(_) => Type::INT8,
        Value::Real(_) => Type::FLOAT8,
        Value::Text(_) => Type::TEXT,
        Value::Blob(_) => Type::BYTEA,
    }
}

#[derive(Debug)]
struct Bound(Value);

type Anything = Box<dyn std::error::Error + Sync + Send>;

/// PostgreSQL keeps no NUL in a text: the sign for it stands in its place.
pub(crate) const NUL_SIGN: &str = "\u{2400}";

impl tokio_postgres::types::ToSql for Bound {
    fn to_sql(&self, _kind: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Anything> {
        match &self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(number) => out.extend_from_slice(&number.to_be_bytes()),
            Value::Real(number) => out.extend_from_slice(&number.to_be_bytes()),
            Value::Text(text) if text.contains('\0') => out.extend_from_slice(text.replace('\0', NUL_SIGN).as_bytes()),
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Blob(bytes) => out.extend_from_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// The bytes of a column.
struct Bytes<'a>(&'a [u8]);

impl<'a> tokio_postgres::types::FromSql<'a> for Bytes<'a> {
    fn from_sql(_kind: &Type, raw: &'a [u8]) -> Result<Self, Anything> {
        Ok(Self(raw))
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }
}

pub(crate) fn get_ref(row: &Row, at: usize) -> Result<ValueRef<'_>> {
    let column = row.columns().get(at).ok_or(Error::InvalidColumnIndex(at))?;
    let found: Option<Bytes<'_>> = row.try_get(at).map_err(|error| refused(&error))?;
    let Some(Bytes(raw)) = found else { return Ok(ValueRef::Null) };
    let wrong = || refusal(None, format!("the column {} has the type {}", column.name(), column.type_()));
    Ok(match *column.type_() {
        Type::INT8 => ValueRef::Integer(i64::from_be_bytes(raw.try_into().map_err(|_| wrong())?)),
        Type::INT4 => ValueRef::Integer(i32::from_be_bytes(raw.try_into().map_err(|_| wrong())?).into()),
        Type::BOOL => ValueRef::Integer(raw.first().copied().unwrap_or(0).into()),
        Type::FLOAT8 => ValueRef::Real(f64::from_be_bytes(raw.try_into().map_err(|_| wrong())?)),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => ValueRef::Text(raw),
        Type::JSONB => ValueRef::Text(raw.get(1..).unwrap_or_default()),
        Type::BYTEA => ValueRef::Blob(raw),
        _ => return Err(wrong()),
    })
}

pub(crate) fn get<T: FromSql>(row: &Row, at: usize) -> Result<T> {
    let value = get_ref(row, at)?;
    T::column_result(value).map_err(|error| match error {
        FromSqlError::InvalidType => Error::InvalidColumnType(
            at,
            row.columns().get(at).map_or("", |column| column.name()).into(),
            value.data_type(),
        ),
        other => Error::FromSqlConversionFailure(at, value.data_type(), Box::new(other)),
    })
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn marks_are_numbered() {
        assert_eq!(
            numbered("SELECT ? WHERE a = ? AND b = '?' AND c = ?1"),
            "SELECT $1 WHERE a = $2 AND b = '?' AND c = $1"
        );
        assert_eq!(numbered("?12 \"?\" ? ?2 ?"), "$12 \"?\" $13 $2 $14");
    }
}
