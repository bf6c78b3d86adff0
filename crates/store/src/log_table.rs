//! Events of logs in a database of their own, for one SELECT over them: a temporary one, bounded, gone when it is
//! dropped.
//!
//! SQLite makes the file when memory for it is used up: with mode 0600, and unlinked as soon as it is open, so that
//! nothing is left behind even when the process is killed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ToSqlOutput;
use rusqlite::types::ValueRef;

use crate::Result;
use crate::error::StoreError;
use crate::fault::Fault;
use crate::query::{QueryAnswer, QueryBounds, authorize, guarded, refused};

/// How much a [`LogTable`] may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTableBounds {
    pub rows: u64,
    pub bytes: u64,
}

impl Default for LogTableBounds {
    fn default() -> Self {
        Self { rows: 20_000_000, bytes: 4 << 30 }
    }
}

/// A value of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogValue<'a> {
    Null,
    Text(&'a str),
    Number(i64),
}

impl LogValue<'_> {
    /// Bytes that it takes, about.
    fn size(&self) -> u64 {
        match self {
            LogValue::Null => 1,
            LogValue::Text(text) => text.len() as u64 + 3,
            LogValue::Number(_) => 9,
        }
    }
}

/// The table `events`, with the columns that one SELECT reads.
pub struct LogTable {
    sqlite: rusqlite::Connection,
    sql: String,
    /// The columns that are filled, by their numbers in those that the table has.
    reads: Vec<usize>,
    insert: String,
    bounds: LogTableBounds,
    rows: u64,
    bytes: u64,
}

/// Memory before a file is made, and bytes of its pages.
const CACHE_KIB: u32 = 64 << 10;
const PAGE: u64 = 4096;
const TABLE: &str = "events";

impl LogTable {
    /// A table with these columns, empty. The SELECT is checked here: what is wrong with it is said before logs are
    /// read.
    pub fn new(columns: &[&str], sql: &str, bounds: LogTableBounds) -> Result<Self> {
        Self::made(columns, sql, bounds).map_err(|fault| refused(fault).told(Path::new(TABLE)))
    }

    fn made(columns: &[&str], sql: &str, bounds: LogTableBounds) -> Result<Self, Fault> {
        // An empty name is a database of this connection alone.
        let mut sqlite = rusqlite::Connection::open("")?;
        // What is added is counted: this is for what the count does not know.
        let pages = (bounds.bytes / PAGE).saturating_mul(2).max(64);
        sqlite.execute_batch(&format!(
            "PRAGMA page_size = {PAGE}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA trusted_schema = OFF;
             PRAGMA cache_size = -{CACHE_KIB}; PRAGMA max_page_count = {pages}; PRAGMA temp_store = FILE;"
        ))?;
        let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        sqlite.execute_batch(&format!("CREATE TABLE {TABLE} ({});", names.join(", ")))?;
        let read = columns_read(&mut sqlite, sql)?;
        let reads: Vec<usize> =
            (0..columns.len()).filter(|at| read.contains(&columns[*at].to_ascii_lowercase())).collect();
        let insert = if reads.is_empty() {
            format!("INSERT INTO {TABLE} DEFAULT VALUES")
        } else {
            let of_reads: Vec<&str> = reads.iter().map(|at| names[*at].as_str()).collect();
            let marks = vec!["?"; reads.len()].join(", ");
            format!("INSERT INTO {TABLE} ({}) VALUES ({marks})", of_reads.join(", "))
        };
        sqlite.execute_batch("BEGIN")?;
        Ok(Self { sqlite, sql: sql.to_owned(), reads, insert, bounds, rows: 0, bytes: 0 })
    }

    /// The columns that the SELECT reads, by their numbers: only they are kept.
    pub fn reads(&self) -> &[usize] {
        &self.reads
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds an event: its values of [`LogTable::reads`], in that order.
    pub fn add(&mut self, values: &[LogValue<'_>]) -> Result<()> {
        let size = values.iter().map(|value| value.size()).sum::<u64>();
        // A row that fits on no page has pages of its own.
        self.bytes += if size < PAGE { size + 8 } else { size.next_multiple_of(PAGE) };
        if self.rows >= self.bounds.rows || self.bytes > self.bounds.bytes {
            return Err(StoreError::TableFull { rows: self.bounds.rows, bytes: self.bounds.bytes });
        }
        let told = |error: rusqlite::Error| Fault::Sql(error).told(Path::new(TABLE));
        let mut insert = self.sqlite.prepare_cached(&self.insert).map_err(told)?;
        let values = values.iter().map(|value| {
            ToSqlOutput::Borrowed(match value {
                LogValue::Null => ValueRef::Null,
                LogValue::Text(text) => ValueRef::Text(text.as_bytes()),
                LogValue::Number(number) => ValueRef::Integer(*number),
            })
        });
        insert.execute(rusqlite::params_from_iter(values)).map_err(told)?;
        self.rows += 1;
        Ok(())
    }

    /// Runs the SELECT.
    pub fn query(mut self, bounds: &QueryBounds) -> Result<QueryAnswer> {
        let told = |fault: Fault| fault.told(Path::new(TABLE));
        self.sqlite.execute_batch("COMMIT").map_err(|error| told(Fault::Sql(error)))?;
        guarded(&mut self.sqlite, &self.sql, bounds).map_err(told)
    }
}

/// The columns that a SELECT reads, in small letters.
fn columns_read(sqlite: &mut rusqlite::Connection, sql: &str) -> Result<BTreeSet<String>, Fault> {
    let read = Arc::new(Mutex::new(BTreeSet::new()));
    let noted = read.clone();
    sqlite.authorizer(Some(move |context: AuthContext<'_>| {
        if let AuthAction::Read { column_name, .. } = &context.action {
            noted.lock().unwrap_or_else(PoisonError::into_inner).insert(column_name.to_ascii_lowercase());
        }
        authorize(context)
    }))?;
    let prepared = sqlite.prepare(sql).map(|statement| statement.column_count() > 0 && statement.readonly());
    sqlite.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    if !prepared? {
        return Err(StoreError::Query("it must be one SELECT".into()).into());
    }
    let read = read.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::sync::atomic::{AtomicBool, Ordering};

    const COLUMNS: [&str; 4] = ["time", "name", "record", "body"];

    fn bounds() -> QueryBounds {
        QueryBounds { rows: None, bytes: 1 << 20, as_of: None, stop: Arc::new(|| false) }
    }

    /// Events with all columns, and the answer over them.
    fn asked(sql: &str) -> Result<(Vec<usize>, Vec<Vec<Value>>)> {
        let mut table = LogTable::new(&COLUMNS, sql, LogTableBounds::default())?;
        let reads = table.reads().to_vec();
        for number in 0..5_i64 {
            let body = format!(r#"{{"a":{{"b":"x{number}"}},"list":[1,2]}}"#);
            let name = if number < 3 { LogValue::Text("Get") } else { LogValue::Null };
            let all = [LogValue::Text("2026"), name, LogValue::Number(number), LogValue::Text(&body)];
            table.add(&reads.iter().map(|at| all[*at]).collect::<Vec<_>>())?;
        }
        assert_eq!(table.rows(), 5);
        Ok((reads, table.query(&bounds())?.rows))
    }

    #[test]
    fn only_what_is_read_is_kept() {
        let check = |sql: &str, reads: &[usize], rows: Value| {
            let (found, answer) = asked(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            assert_eq!((found.as_slice(), json!(answer)), (reads, rows), "{sql}");
        };
        check("SELECT count(*) FROM events", &[], json!([[5]]));
        check("select NAME, count(*) from EVENTS group by 1 order by 2 desc", &[1], json!([["Get", 3], [null, 2]]));
        check("SELECT body ->> '$.a.b' FROM events WHERE record = 4", &[2, 3], json!([["x4"]]));
        check("SELECT max(record) FROM (SELECT * FROM events)", &[0, 1, 2, 3], json!([[4]]));
        check(
            "WITH named AS (SELECT name FROM events WHERE name IS NOT NULL) SELECT count(*) FROM named",
            &[1],
            json!([[3]]),
        );
        check("SELECT sum(value) FROM events, json_each(body, '$.list')", &[3], json!([[15]]));
    }

    #[test]
    fn it_only_reads() {
        for sql in [
            "",
            "SELEC 1",
            "SELECT nothing FROM events",
            "SELECT 1; SELECT 2",
            "DELETE FROM events",
            "DROP TABLE events",
            "ATTACH 'x.db' AS x",
            "PRAGMA page_count",
            "SELECT * FROM sqlite_schema",
            "SELECT load_extension('x')",
            "CREATE TABLE x (a)",
            "VACUUM INTO 'x.db'",
        ] {
            let error = LogTable::new(&COLUMNS, sql, LogTableBounds::default()).map(drop).expect_err(sql);
            assert!(matches!(error, StoreError::Query(_) | StoreError::QueryAt { .. }), "{sql}: {error:?}");
        }
    }

    #[test]
    fn it_is_bounded() {
        let text = "x".repeat(1000);
        let check = |bounds: LogTableBounds, most: u64| {
            let mut table = LogTable::new(&COLUMNS, "SELECT body FROM events", bounds).unwrap();
            let error = (0..10_000).find_map(|_| table.add(&[LogValue::Text(&text)]).err()).expect("a bound");
            assert!(matches!(error, StoreError::TableFull { .. }), "{error:?}");
            assert!(table.rows() <= most && table.rows() > most / 2, "{}", table.rows());
        };
        check(LogTableBounds { rows: 7, bytes: 1 << 30 }, 7);
        check(LogTableBounds { rows: u64::MAX, bytes: 1 << 20 }, 1048);
    }

    #[test]
    fn it_can_be_stopped() {
        let mut table =
            LogTable::new(&COLUMNS, "SELECT count(*) FROM events a, events b, events c", LogTableBounds::default())
                .unwrap();
        (0..2000).for_each(|_| table.add(&[]).unwrap());
        let asked = Arc::new(AtomicBool::new(false));
        let seen = asked.clone();
        let stop = Arc::new(move || seen.swap(true, Ordering::Relaxed));
        let error = table.query(&QueryBounds { stop, ..bounds() }).unwrap_err();
        assert!(matches!(error, StoreError::QueryStopped), "{error:?}");
        assert!(asked.load(Ordering::Relaxed));
    }

    /// Its file belongs to nobody else, and is in no folder.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_file_is_private_and_gone() {
        use std::os::unix::fs::PermissionsExt as _;
        let mut table = LogTable::new(&COLUMNS, "SELECT body FROM events", LogTableBounds::default()).unwrap();
        let text = "x".repeat(100_000);
        (0..1_000).for_each(|_| table.add(&[LogValue::Text(&text)]).unwrap());
        let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten().map(|entry| entry.path());
        let files: Vec<_> = open
            .filter(|link| {
                let to = std::fs::read_link(link).unwrap_or_default();
                to.to_string_lossy().ends_with(" (deleted)")
            })
            .filter_map(|link| std::fs::metadata(link).ok())
            .filter(|about| about.len() > 1 << 20)
            .collect();
        assert!(!files.is_empty(), "100 MB are in a file");
        assert!(files.iter().all(|about| about.permissions().mode() & 0o777 == 0o600));
        assert_eq!(table.rows(), 1_000);
    }
}
