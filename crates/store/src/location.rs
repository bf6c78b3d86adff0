//! Where a store is: a file, or a database of PostgreSQL. A password is never shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Where a store is, as `--store` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    File(PathBuf),
    Postgres(PostgresUrl),
}

/// `postgres://user@host/database`. It may hold a password, which is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

/// The text begins as a URL of PostgreSQL, but is none. (The text is not repeated: it may hold a password.)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of the PostgreSQL store is not of the form postgres://user@host:port/database: {0}")]
pub struct LocationError(String);

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl Location {
    /// Anything that is no URL of PostgreSQL is a file.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        if !SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Self::File(text.into()));
        }
        let url = PostgresUrl(text.to_owned());
        url.config().map(|_| Self::Postgres(url))
    }
}

impl FromStr for Location {
    type Err = LocationError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl PostgresUrl {
    /// What the driver needs; TLS is left out only where the server is on this machine or the URL says so.
    pub(crate) fn config(&self) -> Result<Config, LocationError> {
        let wrong = |what: &str| LocationError(what.to_owned());
        let mut config: Config = self.0.parse().map_err(|_| wrong("it cannot be read"))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no host"));
        }
        if config.get_user().is_none() {
            return Err(wrong("it names no user"));
        }
        let here = |host: &Host| match host {
            Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1" | "[::1]"),
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        match config.get_ssl_mode() {
            SslMode::Prefer if config.get_hosts().iter().all(here) => config.ssl_mode(SslMode::Disable),
            SslMode::Prefer => config.ssl_mode(SslMode::Require),
            _ => &mut config,
        };
        // A server that is away is said soon.
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(std::time::Duration::from_secs(10));
        }
        config.application_name("haechi");
        Ok(config)
    }
}

/// Without the password and the parameters.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = SCHEMES.iter().find_map(|scheme| self.0.strip_prefix(scheme)).unwrap_or_default();
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (who, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let user = who.split(':').next().unwrap_or_default();
        match user {
            "" => write!(f, "postgres://{place}"),
            user => write!(f, "postgres://{user}@{place}"),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (text, shown) in [
            (
                "postgres://haechi:s3cret@db.example.com:5433/audit?sslmode=require",
                "postgres://haechi@db.example.com:5433/audit",
            ),
            ("postgresql://haechi@db/audit", "postgres://haechi@db/audit"),
            ("postgres://haechi:p%40ss:w@db/audit?password=s3cret", "postgres://haechi@db/audit"),
        ] {
            let location = Location::parse(text).unwrap();
            assert_eq!(location.to_string(), shown);
            assert!(!format!("{location:?}").contains("s3cret"));
        }
        for wrong in ["postgres://", "postgres://db/audit", "postgres://haechi:s3cret@db:port/audit"] {
            let error = Location::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("postgres://user@host") && !error.contains("s3cret"), "{error}");
        }
        assert_eq!(Location::parse("folder/haechi.db").unwrap(), Location::File("folder/haechi.db".into()));
    }

    #[test]
    fn tls_is_left_out_on_this_machine_only() {
        let mode = |text: &str| match Location::parse(text).unwrap() {
            Location::Postgres(url) => url.config().unwrap().get_ssl_mode(),
            Location::File(_) => unreachable!("{text}"),
        };
        assert_eq!(mode("postgres://a@localhost/b"), SslMode::Disable);
        assert_eq!(mode("postgres://a@db.example.com/b"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example.com/b?sslmode=disable"), SslMode::Disable);
    }
}
