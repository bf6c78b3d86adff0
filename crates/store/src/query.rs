//! The user's own SQL over the public views: it only reads, only the views, and not for ever.

use rusqlite::ErrorCode;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
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

const VIEWS: [&str; 4] = ["resources", "findings", "accounts", "relationships"];
/// A query may take this many steps of SQLite's machine, some minutes, before it is stopped.
const STEPS: i32 = 1_000_000;
const MOST_ROUNDS: u32 = 20_000;

impl Store {
    /// Runs one SELECT over the public views (docs/store.md) and gives at most `most` rows.
    pub fn query(&mut self, sql: &str, most: usize) -> Result<QueryAnswer> {
        if let Some(name) = self.private_name(sql)? {
            let message = format!("`{name}` is private; the tables are {}", VIEWS.join(", "));
            return Err(StoreError::Query(message));
        }
        let mut rounds = 0;
        let patience = move || {
            rounds += 1;
            rounds > MOST_ROUNDS
        };
        let guarded = self
            .connection
            .authorizer(Some(authorize))
            .and_then(|()| self.connection.progress_handler(STEPS, Some(patience)));
        let answer = guarded.map_err(Fault::from).and_then(|()| self.answer(sql, most));
        let freed = self
            .connection
            .authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
            .and_then(|()| self.connection.progress_handler(0, None::<fn() -> bool>));
        self.told(freed.map_err(Fault::from))?;
        self.told(answer.map_err(refused))
    }

    /// A private table that the text names. (SQLite's authorizer does not always know which view a read comes from.)
    fn private_name(&self, sql: &str) -> Result<Option<String>> {
        let text = sql.to_ascii_lowercase();
        let names =
            self.told(self.all("SELECT name FROM sqlite_schema WHERE name LIKE 'h\\_%' ESCAPE '\\'", [], |row| {
                Ok(row.get::<_, String>(0)?)
            }))?;
        Ok(names.into_iter().find(|name| text.contains(name.as_str())))
    }

    fn answer(&self, sql: &str, most: usize) -> Result<QueryAnswer, Fault> {
        let mut statement = self.connection.prepare(sql)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        if columns.is_empty() || !statement.readonly() {
            return Err(StoreError::Query("it must be one SELECT".into()).into());
        }
        let mut found = QueryAnswer { rows: Vec::new(), more: false, columns };
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if found.rows.len() == most {
                found.more = true;
                break;
            }
            let values = (0..found.columns.len()).map(|at| row.get_ref(at).map(value));
            found.rows.push(values.collect::<rusqlite::Result<_>>()?);
        }
        Ok(found)
    }
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

fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => Authorization::Allow,
        // The private tables can be reached through the views only: no text that names one comes here.
        AuthAction::Read { table_name, .. } if !table_name.starts_with("sqlite_") => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

/// An error of the user's own SQL is theirs, not the store's.
fn refused(fault: Fault) -> Fault {
    let message = match fault {
        Fault::Sql(rusqlite::Error::SqlInputError { msg, offset, .. }) => match offset {
            0.. => format!("{msg} (character {})", offset + 1),
            _ => msg,
        },
        Fault::Sql(rusqlite::Error::MultipleStatement) => "it must be one SELECT".into(),
        Fault::Sql(rusqlite::Error::SqliteFailure(error, message)) => match error.code {
            ErrorCode::Unknown | ErrorCode::AuthorizationForStatementDenied => {
                message.unwrap_or_else(|| error.to_string())
            }
            ErrorCode::OperationInterrupted => "it took too long and was stopped".into(),
            _ => return Fault::Sql(rusqlite::Error::SqliteFailure(error, message)),
        },
        other => return other,
    };
    StoreError::Query(message).into()
}
