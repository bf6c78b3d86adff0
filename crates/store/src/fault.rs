//! Errors inside the crate: what the database answered, until it is told to the user with the store's path.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::StoreError;

#[derive(Debug)]
pub(crate) enum Fault {
    Sql(rusqlite::Error),
    /// A row holds what no Haechi wrote.
    Damaged(String),
    Told(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

impl Fault {
    pub(crate) fn told(self, path: &Path) -> StoreError {
        let error = match self {
            Fault::Told(error) => return error,
            Fault::Damaged(detail) => return StoreError::Corrupt { path: path.into(), detail },
            Fault::Sql(error) => error,
        };
        if let Some((code, message)) = crate::postgres::refusal_of(&error) {
            return match code.unwrap_or_default() {
                // A lock that is not free; a server that is full; what may not be written.
                "55P03" | "40P01" => StoreError::Busy(path.into()),
                "53100" => StoreError::DiskFull(path.into()),
                "25006" | "42501" => StoreError::ReadOnly(path.into()),
                "XX001" | "XX002" => StoreError::Corrupt { path: path.into(), detail: message.to_owned() },
                _ => StoreError::Database(message.to_owned()),
            };
        }
        let detail = match &error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                let detail = message.clone().unwrap_or_else(|| failure.to_string());
                match failure.code {
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => return StoreError::Busy(path.into()),
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                        return StoreError::Corrupt { path: path.into(), detail };
                    }
                    ErrorCode::DiskFull => return StoreError::DiskFull(path.into()),
                    ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                        return StoreError::ReadOnly(path.into());
                    }
                    _ => detail,
                }
            }
            // A column of another type than the schema says.
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => {
                return StoreError::Corrupt { path: path.into(), detail: error.to_string() };
            }
            other => other.to_string(),
        };
        StoreError::Database(detail)
    }
}

/// Reads what the store itself wrote as JSON.
pub(crate) fn from_json<'a, T: serde::Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::Damaged(format!("{what} cannot be read: {error}")))
}

/// Reads a name that the store itself wrote.
pub(crate) fn from_text<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|error: T::Err| Fault::Damaged(error.to_string()))
}

/// Writes plain data as JSON: only a map with keys that are not text could fail, and there is none.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Damaged(format!("could not be written as JSON: {error}")))
}
