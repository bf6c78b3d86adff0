//! Reading many items fast, for queries: rows without their bodies, bodies on demand, on several threads.
//!
//! Each thread has a connection of its own, all at the same state of the store. A row is handed over where
//! it stands in the database's page; nothing of it is copied, and its body is inflated only when asked for.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::database::{Connection, Row, Statement};
use haechi_model::{Compliance, ContentHash, InstanceId, ItemStatus, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{OpenFlags, OptionalExtension, params};
use zstd::bulk::Decompressor;

use crate::codec::{Decoder, MAX_BODY};
use crate::error::StoreError;
use crate::fault::Fault;
use crate::open::{Kind, Store};
use crate::{Result, bodies, contents, judgements};

/// Where items are: an account, region and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanScope {
    number: i64,
    pub account: String,
    pub region: String,
    pub resource_type: String,
}

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// The scopes whose items are wanted.
    pub scopes: Vec<ScanScope>,
    /// The only resource ids that are wanted; none: any.
    pub ids: Option<Vec<String>>,
    /// The state at a moment (valid time); none: now.
    pub as_of: Option<Timestamp>,
    pub columns: ScanColumns,
    pub bodies: ScanBodies,
    pub threads: usize,
}

/// What is looked at beside the bodies: the rest is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanColumns {
    pub id: bool,
    pub names: bool,
    pub tags: bool,
    /// When and how the item was seen.
    pub version: bool,
}

/// Which bodies are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScanBodies {
    /// Those that are asked for.
    #[default]
    OnDemand,
    /// Nearly all: they are read together with their rows.
    All,
}

/// Why a scan ended before its end.
#[derive(Debug)]
pub enum ScanEnd<E> {
    Store(StoreError),
    /// What the taker of the rows said.
    Taker(E),
    /// It was told to stop.
    Stopped,
}

impl<E> From<StoreError> for ScanEnd<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Items of a part: so many are read between two looks at whether more are wanted.
const PART: usize = 4096;
/// The column from which a body stands in a row, behind the number of its content.
const BODY: usize = 10;
/// Rows between two looks at whether to stop.
const STRIDE: usize = 256;
const PATIENCE: Duration = Duration::from_secs(10);
/// Attempts to bring all connections to one state while another process writes.
const ATTEMPTS: usize = 20;

/// The work, in parts of the order in which the store has its items.
enum Work {
    /// Item numbers from one to another, with every scope or only some.
    Range(i64, i64),
    /// These items.
    Items(Vec<i64>),
}

impl Work {
    fn parts(&self) -> usize {
        match self {
            Work::Range(from, to) if to < from => 0,
            Work::Range(from, to) => to.abs_diff(*from) as usize / PART + 1,
            Work::Items(items) => items.len().div_ceil(PART),
        }
    }
}

impl Store {
    /// Every account, region and type that the store has met.
    pub fn scan_scopes(&self) -> Result<Vec<ScanScope>> {
        self.told(self.all("SELECT id, account, region, type FROM h_scopes ORDER BY id", (), |row| {
            Ok(ScanScope { number: row.get(0)?, account: row.get(1)?, region: row.get(2)?, resource_type: row.get(3)? })
        }))
    }

    /// Hands every wanted item to one of several takers, each on a thread of its own; gives the takers back.
    ///
    /// When `enough` says so, no further part is begun; those that were begun are read to their end, and every
    /// item before them has been read. `stop` ends it at once.
    pub fn scan<T: Send, E: Send>(
        &self,
        scan: &Scan,
        taker: impl Fn() -> T + Sync,
        take: impl Fn(&mut T, &mut ScanRow<'_>) -> Result<(), E> + Sync,
        enough: impl Fn() -> bool + Sync,
        stop: impl Fn() -> bool + Sync,
    ) -> Result<Vec<T>, ScanEnd<E>> {
        let others = self.told(self.readers(scan.threads.saturating_sub(1)))?;
        self.snapshot_scan(|| {
            let work = self.told(self.work(scan))?;
            let next = AtomicUsize::new(0);
            let scopes = by_number(&scan.scopes);
            let path = self.path.as_path();
            let part = |connection: &Connection, decoder: &Decoder| {
                let job = Job { scan, work: &work, scopes: &scopes, next: &next, path, enough: &enough, stop: &stop };
                let mut taken = taker();
                let done = job.run(connection, decoder, &mut taken, &take).map_err(|end| match end {
                    Ended::Fault(fault) => ScanEnd::Store(fault.told(path)),
                    Ended::Taker(error) => ScanEnd::Taker(error),
                    Ended::Stopped => ScanEnd::Stopped,
                });
                // The others need not go on when one has failed.
                done.inspect_err(|_| next.store(usize::MAX / 2, Ordering::Relaxed)).map(|()| taken)
            };
            std::thread::scope(|threads| {
                let spawned: Vec<_> = others
                    .into_iter()
                    .map(|(connection, decoder)| {
                        threads.spawn(|| {
                            let (connection, decoder) = (connection, decoder);
                            part(&Connection::Sqlite(connection), &decoder)
                        })
                    })
                    .collect();
                let own = part(&self.connection, &self.decoder);
                let mut takers = vec![own];
                takers.extend(spawned.into_iter().map(|thread| match thread.join() {
                    Ok(taken) => taken,
                    Err(panic) => std::panic::resume_unwind(panic),
                }));
                takers.into_iter().collect()
            })
        })
    }

    /// Gives the verdicts of each resource together: its scope, its id, each instance's number among `instances`
    /// with its verdict, and when the last was given.
    pub fn verdicts(
        &self,
        mut each: impl FnMut(&ScanScope, &str, &[(InstanceId, Compliance)], Timestamp) -> ControlFlow<()>,
    ) -> Result<()> {
        let scopes = self.scan_scopes()?;
        let places = by_number(&scopes);
        self.told((|| {
            let instances: HashMap<i64, InstanceId> = self
                .all("SELECT id, instance FROM h_instances", (), |row| {
                    Ok((row.get(0)?, ContentHash::from_bytes(row.get(1)?)))
                })?
                .into_iter()
                .collect();
            let mut statement = self.connection.prepare(
                "SELECT scope, resource_id, instance, compliance, evaluated_at FROM h_evaluations
                 ORDER BY scope, resource_id",
            )?;
            let mut rows = statement.query(())?;
            let mut current: Option<(i64, String)> = None;
            let (mut verdicts, mut last) = (Vec::new(), 0_i64);
            loop {
                let row = rows.next()?;
                let key = match row {
                    Some(row) => Some((row.get::<i64>(0)?, row.get::<String>(1)?)),
                    None => None,
                };
                if key != current {
                    let whole = current.as_ref().and_then(|(number, id)| {
                        let place = usize::try_from(*number).ok().and_then(|at| places.get(at).copied().flatten());
                        Some((scopes.get(place?)?, id.as_str()))
                    });
                    if let Some((scope, id)) = whole
                        && each(scope, id, &verdicts, Timestamp::from_micros(last)).is_break()
                    {
                        return Ok(());
                    }
                    (current, last) = (key, 0);
                    verdicts.clear();
                }
                let Some(row) = row else { return Ok(()) };
                if let Some(instance) = instances.get(&row.get(2)?) {
                    verdicts.push((*instance, judgements::verdict(row.get(3)?)?));
                }
                last = last.max(row.get(4)?);
            }
        })())
    }

    /// Like `snapshot`, with the scan's errors.
    fn snapshot_scan<T, E>(&self, read: impl FnOnce() -> Result<T, ScanEnd<E>>) -> Result<T, ScanEnd<E>> {
        let transaction = match self.connection.is_autocommit() {
            true => Some(self.told(self.connection.reading().map_err(Fault::from))?),
            false => None,
        };
        let read = read();
        drop(transaction);
        read
    }

    /// More connections to the same state of the store: none where there is no file, or a run is being written.
    fn readers(&self, number: usize) -> Result<Vec<(rusqlite::Connection, Decoder)>, Fault> {
        if number == 0 || self.kind != Kind::File || !self.connection.is_autocommit() {
            return Ok(Vec::new());
        }
        let version =
            || -> Result<i64, Fault> { Ok(self.connection.query_row("PRAGMA data_version", (), |row| row.get(0))?) };
        for _ in 0..ATTEMPTS {
            let before = version()?;
            let readers = (0..number).map(|_| self.reader()).collect::<Result<Vec<_>, _>>()?;
            // Nobody wrote meanwhile: all of them, and whoever begins now, see the same.
            if version()? == before {
                return Ok(readers);
            }
        }
        tracing::info!("another process keeps writing: the query runs on one thread");
        Ok(Vec::new())
    }

    fn reader(&self) -> Result<(rusqlite::Connection, Decoder), Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16000; BEGIN")?;
        // The first read fixes the state that the transaction sees.
        connection.query_row("SELECT count(*) FROM h_runs", [], |_| Ok(()))?;
        let decoder = Decoder::new().map_err(|error| Fault::Damaged(error.to_string()))?;
        Ok((connection, decoder))
    }

    fn work(&self, scan: &Scan) -> Result<Work, Fault> {
        let last: i64 = self.connection.query_row("SELECT coalesce(max(id), 0) FROM h_items", (), |row| row.get(0))?;
        let all: i64 = self.connection.query_row("SELECT count(*) FROM h_scopes", (), |row| row.get(0))?;
        let whole = Work::Range(1, last);
        let mut items = Vec::new();
        match &scan.ids {
            Some(ids) if ids.len().saturating_mul(scan.scopes.len()) <= 1_000_000 => {
                let mut find =
                    self.connection.prepare_cached("SELECT id FROM h_items WHERE scope = ? AND resource_id = ?")?;
                for scope in &scan.scopes {
                    for id in ids {
                        items.extend(find.query_row(params![scope.number, id], |row| row.get::<i64>(0)).optional()?);
                    }
                }
            }
            _ if scan.scopes.len() as i64 == all => return Ok(whole),
            _ => {
                let mut find = self.connection.prepare_cached("SELECT id FROM h_items WHERE scope = ?")?;
                for scope in &scan.scopes {
                    let mut rows = find.query([scope.number])?;
                    while let Some(row) = rows.next()? {
                        items.push(row.get(0)?);
                    }
                    // Reading one after the other is cheaper than looking up most of them.
                    if items.len() as i64 > last / 3 {
                        return Ok(whole);
                    }
                }
            }
        }
        items.sort_unstable();
        Ok(Work::Items(items))
    }
}

/// The places of the wanted scopes in the list, by their numbers.
fn by_number(scopes: &[ScanScope]) -> Vec<Option<usize>> {
    let last = scopes.iter().map(|scope| scope.number).max().unwrap_or(0);
    let mut places = vec![None; usize::try_from(last).unwrap_or(0) + 1];
    for (at, scope) in scopes.iter().enumerate() {
        if let Some(place) = usize::try_from(scope.number).ok().and_then(|number| places.get_mut(number)) {
            *place = Some(at);
        }
    }
    places
}

enum Ended<E> {
    Fault(Fault),
    Taker(E),
    Stopped,
}

impl<E> From<Fault> for Ended<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<E> From<rusqlite::Error> for Ended<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// One thread's share of a scan.
struct Job<'j> {
    scan: &'j Scan,
    work: &'j Work,
    scopes: &'j [Option<usize>],
    next: &'j AtomicUsize,
    /// For errors.
    path: &'j Path,
    enough: &'j (dyn Fn() -> bool + Sync),
    stop: &'j (dyn Fn() -> bool + Sync),
}

impl<'j> Job<'j> {
    fn run<'c, T, E>(
        &self,
        connection: &'c Connection,
        decoder: &'c Decoder,
        taken: &mut T,
        take: &impl Fn(&mut T, &mut ScanRow<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        let mut statement = connection.prepare(&self.sql(connection))?;
        let mut reader = Reader::new(connection, decoder, self)?;
        let parts = self.work.parts();
        loop {
            if (self.stop)() {
                return Err(Ended::Stopped);
            }
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= parts || (self.enough)() {
                return Ok(());
            }
            match self.work {
                Work::Range(from, to) => {
                    let from = from + (part * PART) as i64;
                    let to = (*to).min(from + PART as i64 - 1);
                    self.rows(&mut statement, from, to, &mut reader, taken, take)?;
                }
                Work::Items(items) => {
                    for item in &items[part * PART..items.len().min((part + 1) * PART)] {
                        self.rows(&mut statement, *item, *item, &mut reader, taken, take)?;
                    }
                }
            }
        }
    }

    /// Rows by item number, from `?1` to `?2`.
    fn sql(&self, connection: &Connection) -> String {
        let wanted = |is: bool, column: &str| if is { format!("i.{column}") } else { "NULL".to_owned() };
        match self.scan.as_of {
            None => {
                let columns = self.scan.columns;
                let [id, name, arn] = [(columns.id, "resource_id"), (columns.names, "name"), (columns.names, "arn")]
                    .map(|(is, column)| wanted(is, column));
                let [tags, captured, sequence, status] = [
                    (columns.tags, "tags"),
                    (columns.version, "captured"),
                    (columns.version, "sequence"),
                    (columns.version, "status"),
                ]
                .map(|(is, column)| wanted(is, column));
                // SQLite's word for the order in which the tables are read.
                let in_order = connection
                    .dialect("CROSS JOIN h_contents c ON c.id = i.content", "JOIN h_contents c ON c.id = i.content");
                let (body, join) = match self.scan.bodies {
                    ScanBodies::OnDemand => ("", ""),
                    ScanBodies::All => (", c.dictionary, c.base, c.size, c.body", in_order),
                };
                format!(
                    "SELECT i.id, i.scope, {id}, {name}, {arn}, {tags}, {captured}, {sequence}, {status}, i.content{body}
                     FROM h_items i {join} WHERE i.id BETWEEN ?1 AND ?2 AND i.status < 2 AND CAST(?3 AS BIGINT) IS NULL"
                )
            }
            Some(_) => {
                "SELECT i.id, i.scope, i.resource_id, NULL, NULL, NULL, v.captured, v.sequence, v.status, v.content
                 FROM h_items i JOIN h_versions v ON v.item = i.id AND (v.captured, v.sequence) =
                     (SELECT n.captured, n.sequence FROM h_versions n WHERE n.item = i.id AND n.captured <= ?3
                      ORDER BY n.captured DESC, n.sequence DESC LIMIT 1)
                 WHERE i.id BETWEEN ?1 AND ?2 AND v.status < 2 AND v.content IS NOT NULL"
                    .to_owned()
            }
        }
    }

    fn rows<T, E>(
        &self,
        statement: &mut Statement<'_>,
        from: i64,
        to: i64,
        reader: &mut Reader<'_>,
        taken: &mut T,
        take: &impl Fn(&mut T, &mut ScanRow<'_>) -> Result<(), E>,
    ) -> Result<(), Ended<E>> {
        let mut rows = statement.query_few(params![from, to, self.scan.as_of.map(Timestamp::as_micros)])?;
        let mut until_look = STRIDE;
        let joined = if self.scan.as_of.is_some() { ScanBodies::OnDemand } else { self.scan.bodies };
        while let Some(row) = rows.next()? {
            until_look -= 1;
            if until_look == 0 {
                until_look = STRIDE;
                if (self.stop)() {
                    return Err(Ended::Stopped);
                }
            }
            let number: i64 = row.get(1)?;
            let place = usize::try_from(number).ok().and_then(|number| self.scopes.get(number).copied().flatten());
            let Some(scope) = place.and_then(|place| self.scan.scopes.get(place)) else { continue };
            let mut row = ScanRow { row, scope, reader, joined, body: Fetched::No, version: Fetched::No };
            take(taken, &mut row).map_err(Ended::Taker)?;
        }
        Ok(())
    }
}

/// Inflates bodies, the same memory for all of them.
struct Unpacker<'c> {
    /// For the rare body that is a difference from another.
    shared: &'c Decoder,
    plain: Decompressor<'static>,
    by_dictionary: HashMap<i64, Decompressor<'static>>,
    body: Vec<u8>,
}

impl Unpacker<'_> {
    /// Inflates a body from a row that has its dictionary, base, size and bytes from a column on.
    fn unpack(&mut self, connection: &Connection, id: i64, row: &Row<'_>, from: usize) -> Result<(), Fault> {
        if row.get_ref(from + 1)? != ValueRef::Null {
            self.body = contents::read(connection, self.shared, id)?;
            return Ok(());
        }
        let unreadable = |error: &dyn std::fmt::Display| Fault::Damaged(format!("body {id} cannot be read: {error}"));
        let decompressor = match row.get::<Option<i64>>(from)? {
            None => &mut self.plain,
            Some(dictionary) => match self.by_dictionary.entry(dictionary) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(free) => {
                    let body = contents::dictionary(connection, dictionary)?;
                    free.insert(Decompressor::with_dictionary(&body).map_err(|error| unreadable(&error))?)
                }
            },
        };
        let size = usize::try_from(row.get::<i64>(from + 2)?).ok().filter(|size| *size <= MAX_BODY);
        let size = size.ok_or_else(|| unreadable(&"its size is impossible"))?;
        self.body.clear();
        self.body.reserve(size);
        let packed = row.get_ref(from + 3)?.as_blob().map_err(|error| unreadable(&error))?;
        let inflated = decompressor.decompress_to_buffer(packed, &mut self.body).map_err(|error| unreadable(&error))?;
        if inflated == size { Ok(()) } else { Err(unreadable(&"it is not as long as it was")) }
    }
}

/// Reads bodies and what stands with versions. Belongs to one thread.
struct Reader<'c> {
    connection: &'c Connection,
    contents: Statement<'c>,
    versions: Statement<'c>,
    unpacker: Unpacker<'c>,
    version: String,
    past: bool,
    path: &'c Path,
}

impl<'c> Reader<'c> {
    fn new(connection: &'c Connection, shared: &'c Decoder, job: &Job<'c>) -> Result<Self, Fault> {
        Ok(Self {
            connection,
            contents: connection.prepare("SELECT dictionary, base, size, body FROM h_contents WHERE id = ?")?,
            versions: connection
                .prepare("SELECT seen FROM h_versions WHERE item = ? AND captured = ? AND sequence = ?")?,
            unpacker: Unpacker {
                shared,
                plain: Decompressor::new().map_err(|error| Fault::Damaged(error.to_string()))?,
                by_dictionary: HashMap::new(),
                body: Vec::new(),
            },
            version: String::new(),
            past: job.scan.as_of.is_some(),
            path: job.path,
        })
    }

    fn read_body(&mut self, id: i64) -> Result<(), Fault> {
        let mut rows = self.contents.query_few([id])?;
        let row = rows.next()?.ok_or_else(|| Fault::Damaged(format!("body {id} is missing")))?;
        self.unpacker.unpack(self.connection, id, &row, 0)
    }

    fn read_version(&mut self, item: i64, captured: i64, sequence: i64, status: i64) -> Result<(), Fault> {
        let seen: Option<Option<String>> =
            self.versions.query_row([item, captured, sequence], |row| row.get(0)).optional()?;
        self.version = bodies::seen_json(seen.flatten().as_deref(), captured, status)?;
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetched {
    No,
    Yes,
}

/// One item, where it stands in the database.
pub struct ScanRow<'r> {
    row: Row<'r>,
    scope: &'r ScanScope,
    reader: &'r mut dyn ReadParts,
    /// Whether the body stands in the row.
    joined: ScanBodies,
    body: Fetched,
    version: Fetched,
}

/// What a row can ask its reader for; the reader's lifetime is nobody's business.
trait ReadParts {
    fn read_body(&mut self, id: i64) -> Result<(), Fault>;
    /// The body stands in the row itself, from this column on.
    fn unpack(&mut self, id: i64, row: &Row<'_>, from: usize) -> Result<(), Fault>;
    fn read_version(&mut self, item: i64, captured: i64, sequence: i64, status: i64) -> Result<(), Fault>;
    fn body(&self) -> &[u8];
    fn version(&self) -> &str;
    fn is_past(&self) -> bool;
    fn path(&self) -> &Path;
}

impl ReadParts for Reader<'_> {
    fn read_body(&mut self, id: i64) -> Result<(), Fault> {
        Reader::read_body(self, id)
    }

    fn unpack(&mut self, id: i64, row: &Row<'_>, from: usize) -> Result<(), Fault> {
        self.unpacker.unpack(self.connection, id, row, from)
    }

    fn read_version(&mut self, item: i64, captured: i64, sequence: i64, status: i64) -> Result<(), Fault> {
        Reader::read_version(self, item, captured, sequence, status)
    }

    fn body(&self) -> &[u8] {
        &self.unpacker.body
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn is_past(&self) -> bool {
        self.past
    }

    fn path(&self) -> &Path {
        self.path
    }
}

impl ScanRow<'_> {
    fn text(&self, column: usize) -> Option<&str> {
        self.row.get_ref(column).ok()?.as_str_or_null().ok().flatten()
    }

    fn number(&self, column: usize) -> i64 {
        self.row.get(column).unwrap_or_default()
    }

    /// Where the item stands in the store's order.
    pub fn position(&self) -> u64 {
        self.number(0).unsigned_abs()
    }

    pub fn scope(&self) -> &ScanScope {
        self.scope
    }

    pub fn resource_id(&self) -> &str {
        self.text(2).unwrap_or_default()
    }

    /// The name beside the body. Of past items it stands in the body only, and the ARN and tags too.
    pub fn name(&self) -> Option<&str> {
        self.text(3)
    }

    pub fn arn(&self) -> Option<&str> {
        self.text(4)
    }

    /// The tags as a JSON object.
    pub fn tags(&self) -> Option<&str> {
        self.text(5)
    }

    /// Whether names, ARN and tags have to be taken from the body.
    pub fn is_past(&self) -> bool {
        self.reader.is_past()
    }

    pub fn captured(&self) -> Timestamp {
        Timestamp::from_micros(self.number(6))
    }

    pub fn status(&self) -> ItemStatus {
        bodies::status(self.number(8)).unwrap_or(ItemStatus::Ok)
    }

    pub fn fetch_body(&mut self) -> Result<(), StoreError> {
        if self.body == Fetched::No {
            let content = self.number(BODY - 1);
            let read = match self.joined {
                ScanBodies::All => self.reader.unpack(content, &self.row, BODY),
                ScanBodies::OnDemand => self.reader.read_body(content),
            };
            read.map_err(|fault| fault.told(self.reader.path()))?;
            self.body = Fetched::Yes;
        }
        Ok(())
    }

    /// The members of the item but for those that say when and how it was seen; empty before it is fetched.
    pub fn body(&self) -> &[u8] {
        if self.body == Fetched::Yes { self.reader.body() } else { b"" }
    }

    pub fn fetch_version(&mut self) -> Result<(), StoreError> {
        if self.version == Fetched::No {
            let [item, captured, sequence, status] = [0, 6, 7, 8].map(|column| self.number(column));
            let read = self.reader.read_version(item, captured, sequence, status);
            read.map_err(|fault| fault.told(self.reader.path()))?;
            self.version = Fetched::Yes;
        }
        Ok(())
    }

    /// The members that say when and how the item was seen; empty before they are fetched.
    pub fn version(&self) -> &str {
        if self.version == Fetched::Yes { self.reader.version() } else { "" }
    }
}
