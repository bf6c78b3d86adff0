//! The user's own SQL over the public views: it only reads, only the views, and not for ever.

use std::sync::Arc;

use haechi_model::Timestamp;
use rusqlite::ErrorCode;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
use crate::database::Connection;
use crate::error::StoreError;
use crate::fault::Fault;
use crate::open::Store;

/// What a query found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryAnswer {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// There are more rows than were asked for.
    pub more: bool,
}

/// Says when a query shall stop. It is asked many times a second.
pub type Stopper = Arc<dyn Fn() -> bool + Send + Sync>;

/// How far a query may go.
#[derive(Clone)]
pub struct QueryBounds {
    /// Rows of the answer; none: all.
    pub rows: Option<usize>,
    /// Bytes of the answer's values, roughly.
    pub bytes: usize,
    /// The state at a moment (valid time); none: now.
    pub as_of: Option<Timestamp>,
    pub stop: Stopper,
}

/// A view of the public schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicView {
    pub name: String,
    pub columns: Vec<String>,
}

/// Steps of SQLite's machine between two looks at whether to stop: well under a tenth of a second.
const STEPS: i32 = 100_000;
/// Rounds of a query that nobody bounds, some minutes.
const MOST_ROUNDS: u32 = 200_000;

/// The views as of a moment. `:at` is put in as a number: a view cannot have parameters.
const PAST: &str = include_str!("past.sql");
const FORGET_PAST: &str = "DROP VIEW IF EXISTS temp.resources; DROP VIEW IF EXISTS temp.relationships;
    DROP VIEW IF EXISTS temp.accounts; DROP VIEW IF EXISTS temp.h_past; DROP VIEW IF EXISTS temp.h_past_versions;";

impl Store {
    /// Runs one SELECT over the public views (docs/store.md) and gives at most `most` rows.
    pub fn query(&mut self, sql: &str, most: usize) -> Result<QueryAnswer> {
        let rounds = std::sync::atomic::AtomicU32::new(0);
        let stop = move || rounds.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > MOST_ROUNDS;
        self.query_within(sql, &QueryBounds { rows: Some(most), bytes: usize::MAX, as_of: None, stop: Arc::new(stop) })
    }

    /// Runs one SELECT over the public views, or tells how it would be run when it begins with EXPLAIN.
    pub fn query_within(&mut self, sql: &str, bounds: &QueryBounds) -> Result<QueryAnswer> {
        if let Some(client) = self.connection.postgres() {
            return self.told(self.query_postgres(client, sql, bounds));
        }
        if let Some(name) = self.private_name(sql)? {
            let views: Vec<_> = self.public_views()?.into_iter().map(|view| view.name).collect();
            let message = format!("`{name}` is private; the tables are {}", views.join(", "));
            return Err(StoreError::Query(message));
        }
        let Some(at) = bounds.as_of else { return self.guarded(sql, bounds) };
        let views = PAST.replace(":at", &at.as_micros().to_string());
        let made = self.told(self.connection.execute_batch(&views).map_err(Fault::from));
        let answer = made.and_then(|()| self.guarded(sql, bounds));
        self.told(self.connection.execute_batch(FORGET_PAST).map_err(Fault::from))?;
        answer
    }

    /// The public views with their columns.
    pub fn public_views(&self) -> Result<Vec<PublicView>> {
        let views = self.connection.dialect(
            "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE 'h\\_%' ESCAPE '\\' ORDER BY name",
            "SELECT viewname FROM pg_views WHERE schemaname = current_schema() ORDER BY viewname",
        );
        let names = self.told(self.all(views, (), |row| Ok(row.get::<String>(0)?)))?;
        let columns_of = self.connection.dialect(
            "SELECT name FROM pragma_table_info(?) ORDER BY cid",
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 ORDER BY attnum",
        );
        let columns = |name: &str| self.all(columns_of, [name], |row| Ok(row.get::<String>(0)?));
        let views = names.into_iter().map(|name| Ok(PublicView { columns: columns(&name)?, name }));
        self.told(views.collect())
    }

    fn guarded(&mut self, sql: &str, bounds: &QueryBounds) -> Result<QueryAnswer> {
        let Connection::Sqlite(sqlite) = &mut self.connection else {
            return Err(StoreError::NotOnPostgres { what: "this" });
        };
        let answer = guarded(sqlite, sql, bounds);
        self.told(answer)
    }

    /// A private table that the text names. (SQLite's authorizer does not always know which view a read comes from.)
    fn private_name(&self, sql: &str) -> Result<Option<String>> {
        let text = sql.to_ascii_lowercase();
        let names =
            self.told(self.all("SELECT name FROM sqlite_schema WHERE name LIKE 'h\\_%' ESCAPE '\\'", (), |row| {
                Ok(row.get::<String>(0)?)
            }))?;
        let past = ["h_past_versions", "h_past"].into_iter().map(str::to_owned);
        Ok(names.into_iter().chain(past).find(|name| text.contains(name.as_str())))
    }
}

/// One SELECT that only reads, until it is stopped.
pub(crate) fn guarded(
    sqlite: &mut rusqlite::Connection,
    sql: &str,
    bounds: &QueryBounds,
) -> Result<QueryAnswer, Fault> {
    let stop = bounds.stop.clone();
    let guarded =
        sqlite.authorizer(Some(authorize)).and_then(|()| sqlite.progress_handler(STEPS, Some(move || stop())));
    let answer = guarded.map_err(Fault::from).and_then(|()| answer(sqlite, sql, bounds));
    sqlite
        .authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
        .and_then(|()| sqlite.progress_handler(0, None::<fn() -> bool>))?;
    answer.map_err(refused)
}

fn answer(sqlite: &rusqlite::Connection, sql: &str, bounds: &QueryBounds) -> Result<QueryAnswer, Fault> {
    let mut statement = sqlite.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    if columns.is_empty() || !statement.readonly() {
        return Err(StoreError::Query("it must be one SELECT".into()).into());
    }
    let mut found = QueryAnswer { rows: Vec::new(), more: false, columns };
    let mut bytes = 0;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if bounds.rows.is_some_and(|most| found.rows.len() == most) {
            found.more = true;
            break;
        }
        let values = (0..found.columns.len()).map(|at| row.get_ref(at).map(value));
        let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
        bytes += values.iter().map(|value| 40 + value.as_str().map_or(0, str::len)).sum::<usize>();
        if bytes > bounds.bytes {
            return Err(StoreError::QueryTooLarge { bytes: bounds.bytes }.into());
        }
        found.rows.push(values);
    }
    Ok(found)
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
    }
}

pub(crate) fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => Authorization::Allow,
        // The private tables can be reached through the views only: no text that names one comes here.
        AuthAction::Read { table_name, .. } if !table_name.starts_with("sqlite_") => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

/// An error of the user's own SQL is theirs, not the store's.
pub(crate) fn refused(fault: Fault) -> Fault {
    let message = match fault {
        Fault::Sql(rusqlite::Error::SqlInputError { msg, offset, .. }) => match offset {
            0.. => return StoreError::QueryAt { message: msg, at: offset as usize }.into(),
            _ => msg,
        },
        Fault::Sql(rusqlite::Error::MultipleStatement) => "it must be one SELECT".into(),
        Fault::Sql(rusqlite::Error::SqliteFailure(error, message)) => match error.code {
            ErrorCode::Unknown | ErrorCode::AuthorizationForStatementDenied => {
                message.unwrap_or_else(|| error.to_string())
            }
            ErrorCode::OperationInterrupted => return StoreError::QueryStopped.into(),
            _ => return Fault::Sql(rusqlite::Error::SqliteFailure(error, message)),
        },
        other => return other,
    };
    StoreError::Query(message).into()
}
