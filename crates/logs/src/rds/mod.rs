//! Logins to databases: lines of MySQL's and MariaDB's audit logs and of PostgreSQL's log, as RDS writes them.
//!
//! Queries and everything else that databases log are passed over and counted.

pub(crate) mod mysql;
pub(crate) mod postgres;

use haechi_model::event::{Found, Record};
use haechi_model::{Log, Timestamp};

use crate::columns::Columns;
use crate::out::{Known, LineLog, Out, Verdict, Whence};

/// The columns that every login has, by the names that rules use.
pub(crate) const COLUMNS: [&str; 11] = [
    "time",
    "engine",
    "instance",
    "database",
    "user",
    "address",
    "application",
    "outcome",
    "operation",
    "error",
    "connection",
];

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    /// Somebody connected and did not even try to log in.
    Probe,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Probe => "probe",
        }
    }

    /// The event's name.
    pub(crate) const fn event(self) -> &'static str {
        match self {
            Outcome::Success => "SuccessfulLogin",
            Outcome::Failure => "FailedLogin",
            Outcome::Probe => "Probe",
        }
    }
}

/// A login, or the try of one. What is empty was not said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login<'t> {
    pub(crate) time: Timestamp,
    pub(crate) engine: &'static str,
    pub(crate) instance: &'t str,
    pub(crate) database: &'t str,
    pub(crate) user: &'t str,
    pub(crate) address: &'t str,
    pub(crate) application: &'t str,
    pub(crate) outcome: Outcome,
    /// The engine's own word: `FAILED_CONNECT`, `connection authorized`.
    pub(crate) operation: &'t str,
    pub(crate) error: &'t str,
    pub(crate) connection: &'t str,
}

impl<'t> Login<'t> {
    /// The texts of [`COLUMNS`], but for the time, which the caller writes.
    pub(crate) fn columns(&self) -> [&'t str; COLUMNS.len()] {
        [
            "",
            self.engine,
            self.instance,
            self.database,
            self.user,
            self.address,
            self.application,
            self.outcome.as_str(),
            self.operation,
            self.error,
            self.connection,
        ]
    }
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line<'t> {
    Login(Login<'t>),
    /// A query, a message, the rest of a statement.
    Other,
    Wrong(&'static str),
}

/// Whose lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    MySql,
    Postgres,
}

/// Reads the lines of one engine.
pub(crate) struct RdsLines {
    engine: Engine,
    columns: Columns<{ COLUMNS.len() }>,
    /// The line, and behind it what the columns say.
    values: String,
}

impl RdsLines {
    /// The reader of a line that could stand in a database's log.
    pub(crate) fn for_line(line: &str) -> Option<Self> {
        let engine = if mysql::looks_like(line) {
            Engine::MySql
        } else if postgres::looks_like(line) {
            Engine::Postgres
        } else {
            return None;
        };
        Some(Self { engine, columns: Columns::of(&COLUMNS), values: String::new() })
    }
}

impl LineLog for RdsLines {
    fn line(&mut self, line: &str, slots: &mut Vec<Found>, out: &mut Out<'_>) -> Verdict {
        let Some(fields) = out.asked.fields(Log::RdsLogin) else { return Verdict::Strange("not asked for") };
        // A message of CloudWatch Logs may have further lines: the statement, the details.
        let line = line.lines().next().unwrap_or_default().trim_ascii_end();
        let instance = instance(&out.whence).unwrap_or_default().to_owned();
        let read = match self.engine {
            Engine::MySql => mysql::parse(line),
            Engine::Postgres => postgres::parse(line, &instance),
        };
        let mut login = match read {
            Line::Login(login) => login,
            Line::Other => return Verdict::Other,
            Line::Wrong(_) if !self.fits(line) => {
                return Verdict::Strange(unread(line).unwrap_or("no line of a database's log that is read"));
            }
            Line::Wrong(what) => return Verdict::Wrong(what),
        };
        // Where CloudWatch Logs names the instance, its name is the one that RDS knows; a line has the host's.
        if !instance.is_empty() {
            login.instance = &instance;
        }
        self.values.clear();
        let time = login.time.to_string();
        let mut columns = login.columns();
        columns[0] = &time;
        let spans = columns.map(|text| {
            let start = self.values.len();
            self.values.push_str(text);
            (!text.is_empty()).then_some((start, self.values.len()))
        });
        self.columns.fill(fields, &spans, slots);
        let known = Known {
            id: None,
            time: login.time,
            source: "rds.amazonaws.com",
            name: login.outcome.event(),
            account: None,
            region: None,
        };
        out.hand(Log::RdsLogin, Record::of_columns(line, fields, slots).with_values(&self.values, slots), known)
    }
}

impl RdsLines {
    fn fits(&self, line: &str) -> bool {
        match self.engine {
            Engine::MySql => mysql::looks_like(line),
            Engine::Postgres => postgres::looks_like(line),
        }
    }
}

/// The instance that a log group and stream are of: `/aws/rds/cluster/orders/postgresql`, `orders-instance-1.0`.
fn instance(whence: &Whence) -> Option<&str> {
    let mut words = whence.group.as_deref()?.strip_prefix("/aws/rds/")?.split('/');
    let (kind, name) = (words.next()?, words.next()?);
    let stream = whence.stream.as_deref().unwrap_or_default();
    let stream = stream.rsplit_once('.').map_or(stream, |(before, number)| {
        if number.bytes().all(|digit| digit.is_ascii_digit()) { before } else { stream }
    });
    Some(if kind == "cluster" && !stream.is_empty() { stream } else { name })
}

/// An address without its port: `192.0.2.1:5123`, `[2001:db8::1]:5123`, `192.0.2.1(5123)`.
pub(crate) fn without_port(text: &str) -> &str {
    let text = text.split_once('(').map_or(text, |(address, _)| address);
    if let Some((address, _)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match text.split_once(':') {
        // More than one colon is IPv6 without a port.
        Some((address, port)) if !port.contains(':') => address,
        _ => text,
    }
}

/// Why a file with such a line is not read, where its kind is known.
pub(crate) fn unread(line: &str) -> Option<&'static str> {
    if line.contains(" Logon ") && (line.contains("Error: 18456") || line.contains("Login failed for user")) {
        Some("SQL Server's error log: it is not read")
    } else if line.contains("[MY-0") || line.contains("mysqld: ready for connections") {
        Some("MySQL's error log: only its audit log is read")
    } else if line.get(..40.min(line.len())).is_some_and(|start| start.contains(" UTC,\"") || start.contains(" UTC,,"))
    {
        Some("PostgreSQL's log in CSV: only its ordinary log is read")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_name_instances() {
        for (group, stream, name) in [
            ("/aws/rds/instance/orders/postgresql", "orders.0", Some("orders")),
            ("/aws/rds/cluster/orders/postgresql", "orders-instance-1.0", Some("orders-instance-1")),
            ("/aws/rds/cluster/orders/audit", "orders-instance-1", Some("orders-instance-1")),
            ("/aws/rds/cluster/orders/audit", "orders.b", Some("orders.b")),
            ("/aws/rds/cluster/orders/audit", "", Some("orders")),
            ("/my/own", "orders.0", None),
        ] {
            let whence = Whence { group: Some(group.into()), stream: Some(stream.into()), ..Whence::default() };
            assert_eq!(instance(&whence), name, "{group} {stream}");
        }
    }

    #[test]
    fn what_is_not_read_has_a_name() {
        for (line, word) in [
            ("2026-03-02 09:00:00.12 Logon       Error: 18456, Severity: 14, State: 8.", Some("SQL Server")),
            ("2026-03-02T09:00:00.123456Z 8 [Warning] [MY-013360] [Server] Plugin", Some("MySQL's error log")),
            ("2026-03-02 09:00:00.123 UTC,\"a\",\"b\",77,\"192.0.2.1:5\",65e2,1,\"\",", Some("CSV")),
            ("2026-03-02 09:00:00.123 UTC,,,77,,65e2,1,,", Some("CSV")),
            ("anything", None),
            ("", None),
        ] {
            let said = unread(line);
            assert_eq!(said.is_some(), word.is_some(), "{line}");
            assert!(word.is_none_or(|word| said.is_some_and(|said| said.contains(word))), "{line}: {said:?}");
        }
    }

    #[test]
    fn ports_are_cut_off() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:5123", "192.0.2.1"),
            ("192.0.2.1(5123)", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::1(5123)", "2001:db8::1"),
            ("[2001:db8::1]:5123", "2001:db8::1"),
            ("ip-10-0-0-1.ec2.internal", "ip-10-0-0-1.ec2.internal"),
            ("", ""),
        ] {
            assert_eq!(without_port(text), address, "{text}");
        }
    }
}
