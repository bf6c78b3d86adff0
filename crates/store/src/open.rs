//! Opening a store: its file and mode, what it says it is, and bringing its schema up to date.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::database::Connection;
use rusqlite::OpenFlags;
use rusqlite::functions::{Context, FunctionFlags};

use haechi_model::Timestamp;

use crate::Result;
use crate::codec::Decoder;
use crate::error::StoreError;
use crate::fault::Fault;
use crate::glob::glob_matches;
use crate::lock::{RunLock, beside};
use crate::migrate_history as history;

/// A store of one or more organizations. Not shared between threads, but it may move: open it once for each.
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) decoder: Decoder,
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) patience: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Memory,
    Postgres,
}

enum Age {
    /// Nothing is in it yet.
    Empty,
    Made,
}

/// "HAEC" in the header of the file.
const APPLICATION_ID: u32 = 0x4841_4543;
const MIGRATIONS: [&str; 7] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_history.sql"),
    include_str!("migrations/0003_positions.sql"),
    include_str!("migrations/0004_views.sql"),
    include_str!("migrations/0005_threats.sql"),
    include_str!("migrations/0006_responses.sql"),
    include_str!("migrations/0007_log_events.sql"),
];
/// After the migration of this version what is there is made findable.
const WITHOUT_NAMES: u32 = 1;
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

impl Store {
    /// Opens the store, or makes a new one (file 0600, missing folders 0700).
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_patiently(path, PATIENCE)
    }

    /// Opens a store that must be there already.
    pub fn open_existing(path: &Path) -> Result<Self> {
        if path.exists() { Self::open(path) } else { Err(StoreError::Missing(path.into())) }
    }

    /// Opens the store; `patience` is how long a write waits for another writer.
    pub fn open_patiently(path: &Path, patience: Duration) -> Result<Self> {
        let told = |source| StoreError::Io { path: path.into(), source };
        make_file(path).map_err(told)?;
        if !looks_like_sqlite(path).map_err(told)? {
            return Err(StoreError::NotAStore(path.into()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = rusqlite::Connection::open_with_flags(path, flags).map_err(Fault::Sql);
        let opened = opened.and_then(|connection| Self::prepare(connection, path, Kind::File, patience));
        let store = opened.map_err(|fault| fault.told(path))?;
        close_to_others(path).map_err(told)?;
        Ok(store)
    }

    /// A store that lives as long as the value.
    pub fn open_in_memory() -> Result<Self> {
        let path = Path::new(":memory:");
        let opened = rusqlite::Connection::open_in_memory().map_err(Fault::Sql);
        opened
            .and_then(|connection| Self::prepare(connection, path, Kind::Memory, PATIENCE))
            .map_err(|fault| fault.told(path))
    }

    fn prepare(connection: rusqlite::Connection, path: &Path, kind: Kind, patience: Duration) -> Result<Self, Fault> {
        connection.busy_timeout(patience)?;
        connection.set_prepared_statement_cache_capacity(128);
        let store = Self {
            connection: Connection::Sqlite(connection),
            decoder: Decoder::new().map_err(|error| Fault::Damaged(error.to_string()))?,
            path: path.into(),
            kind,
            patience,
        };
        // Nothing is changed in a file before it is known to be ours, or empty.
        let age = store.check_ours()?;
        // One makes it, and the others wait: SQLite itself does not wait while the kind of journal changes.
        let _making = match (age, kind) {
            (Age::Empty, Kind::File) => Some(RunLock::take(path, patience)?),
            _ => None,
        };
        if kind == Kind::File {
            let mode: String = store.connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
            if mode != "wal" {
                tracing::warn!(%mode, "the store's file system has no write-ahead log: readers wait for writers");
            }
        }
        store.connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON; PRAGMA cache_size = -16000;",
        )?;
        store.add_functions()?;
        store.migrate()?;
        Ok(store)
    }

    /// What the file says it is, all read in one moment: another process may be making it.
    fn check_ours(&self) -> Result<Age, Fault> {
        let reading = self.sqlite()?.unchecked_transaction()?;
        let application: u32 = reading.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let schema: u32 = reading.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let tables: i64 = reading.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let known = MIGRATIONS.len() as u32;
        match application {
            APPLICATION_ID if schema > known => {
                Err(StoreError::NewerSchema { path: self.path.clone(), found: schema, known }.into())
            }
            APPLICATION_ID => Ok(Age::Made),
            // A process that was killed while it made the store leaves an empty database.
            0 if schema == 0 && tables == 0 => Ok(Age::Empty),
            _ => Err(StoreError::NotAStore(self.path.clone()).into()),
        }
    }

    /// Each migration is one transaction, and moves the schema one version forward.
    fn migrate(&self) -> Result<(), Fault> {
        let schema = || self.connection.query_row("PRAGMA user_version", (), |row| row.get::<u32>(0));
        while (schema()? as usize) < MIGRATIONS.len() {
            self.in_transaction(|connection| {
                // Another process may have done it while this one waited.
                let schema = schema()?;
                let Some(migration) = MIGRATIONS.get(schema as usize) else { return Ok(()) };
                connection.execute_batch(migration)?;
                if schema == WITHOUT_NAMES {
                    history::fill(connection, &self.decoder)?;
                }
                connection.execute_batch(&format!(
                    "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};",
                    schema + 1
                ))?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// SQLite's own connection; what only SQLite has is said to be missing elsewhere.
    pub(crate) fn sqlite(&self) -> Result<&rusqlite::Connection, Fault> {
        let missing = || StoreError::NotOnPostgres { what: "this" };
        self.connection.sqlite().ok_or_else(|| missing().into())
    }

    /// The functions that the public views use.
    fn add_functions(&self) -> Result<(), Fault> {
        let sqlite = self.sqlite()?;
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        sqlite.create_scalar_function(c"haechi_time", 1, flags, |context| {
            Ok(context.get::<Option<i64>>(0)?.map(|micros| Timestamp::from_micros(micros).to_string()))
        })?;
        sqlite.create_scalar_function(c"haechi_glob", 2, flags, |context| {
            let text = context.get_raw(1).as_str_or_null()?;
            Ok(text.is_some_and(|text| context.get_raw(0).as_str().is_ok_and(|glob| glob_matches(glob, text))))
        })?;
        sqlite.create_scalar_function(c"haechi_tag", 2, flags, |context| {
            let Some(tags) = context.get_raw(0).as_str_or_null()? else { return Ok(None) };
            let tags: std::collections::BTreeMap<String, String> =
                serde_json::from_str(tags).map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))?;
            Ok(context.get_raw(1).as_str_or_null()?.and_then(|key| tags.get(key).cloned()))
        })?;
        // With a dictionary that is not known: null, so that the view calls again and hands it over.
        let decoder = self.decoder.clone();
        sqlite.create_scalar_function(c"haechi_body", 3, flags, move |context| {
            match context.get::<Option<i64>>(2)? {
                Some(dictionary) if !decoder.knows(dictionary) => Ok(None),
                dictionary => inflate(&decoder, context, dictionary).map(Some),
            }
        })?;
        let decoder = self.decoder.clone();
        sqlite.create_scalar_function(c"haechi_body", 4, flags, move |context| {
            let dictionary = context.get::<Option<i64>>(2)?;
            if let (Some(id), Some(body)) = (dictionary, context.get_raw(3).as_blob_or_null()?) {
                decoder.learn(id, body).map_err(user_error)?;
            }
            inflate(&decoder, context, dictionary)
        })?;
        // A difference, put back on the body that it rests on.
        let decoder = self.decoder.clone();
        sqlite.create_scalar_function(c"haechi_difference", 3, flags, move |context| {
            let from = context.get_raw(2).as_str()?;
            let body = decoder.difference(context.get_raw(0).as_blob()?, context.get(1)?, from.as_bytes());
            let body = body.map_err(user_error)?;
            String::from_utf8(body).map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))
        })?;
        Ok(())
    }

    /// Where the store is; `:memory:` for one without a file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a whole copy of the store, as it is at this moment, to a file that is not there yet (0600).
    pub fn backup(&self, to: &Path) -> Result<()> {
        if self.kind == Kind::Postgres {
            return Err(StoreError::NotOnPostgres { what: "backup" });
        }
        let told = |source| StoreError::Io { path: to.into(), source };
        if to.exists() {
            return Err(told(io::ErrorKind::AlreadyExists.into()));
        }
        make_file(to).map_err(told)?;
        let name = to.to_str().ok_or_else(|| told(io::Error::other("the name is not UTF-8")))?;
        let copied = self.connection.execute("VACUUM INTO ?", [name]).map_err(Fault::from);
        copied.map(|_| ()).map_err(|fault| fault.told(to))
    }

    /// Reads the whole store and says what is wrong with it: nothing when the list is empty.
    pub fn check(&self) -> Result<Vec<String>> {
        self.told(self.check_all())
    }

    fn check_all(&self) -> Result<Vec<String>, Fault> {
        let mut wrong = Vec::new();
        if self.kind == Kind::Postgres {
            self.check_bodies(&mut wrong)?;
            return Ok(wrong);
        }
        let mut statement = self.connection.prepare("PRAGMA integrity_check")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let line: String = row.get(0)?;
            if line != "ok" {
                wrong.push(line);
            }
        }
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            wrong.push(format!("a row of {} points to nothing", row.get::<String>(0)?));
        }
        self.check_bodies(&mut wrong)?;
        Ok(wrong)
    }

    /// Adds the store's path to an error.
    pub(crate) fn told<T>(&self, result: Result<T, Fault>) -> Result<T> {
        result.map_err(|fault| fault.told(&self.path))
    }

    /// Runs several reads against one state of the store.
    pub(crate) fn snapshot<T>(&self, read: impl FnOnce() -> Result<T, Fault>) -> Result<T> {
        // Within a run's transaction that state is fixed already.
        let transaction = match self.connection.is_autocommit() {
            true => Some(self.told(self.connection.reading().map_err(Fault::from))?),
            false => None,
        };
        let read = self.told(read());
        drop(transaction);
        read
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.path.display())
    }
}

fn user_error(error: io::Error) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(Box::new(error))
}

fn inflate(decoder: &Decoder, context: &Context<'_>, dictionary: Option<i64>) -> rusqlite::Result<String> {
    let packed = context.get_raw(0).as_blob()?;
    let body = decoder.whole(packed, context.get(1)?, dictionary).map_err(user_error)?;
    String::from_utf8(body).map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))
}

/// Makes the file before SQLite does, so that it never has another mode.
fn make_file(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(|_| ()),
    }
}

/// A new file is empty; an old one begins with SQLite's mark.
fn looks_like_sqlite(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == b"SQLite format 3\0")
}

/// Takes away the access of others, from the files that SQLite keeps beside the store too.
#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for file in [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::metadata(&file) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_store_may_move_to_another_thread() {
        fn moves<T: Send>() {}
        moves::<super::Store>();
    }
}
