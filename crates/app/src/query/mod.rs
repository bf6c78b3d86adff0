//! Questions to the store: in AWS Config's advanced-query language, or in SQL over the public views.

mod compliance;
mod names;
mod past;
mod rows;
mod schema;

use std::sync::Arc;
use std::time::{Duration, Instant};

use haechi_inventory::Stop;
use haechi_model::{Message, Timestamp};
use haechi_query::{Answer, Limits, Plan, Query, Reach, Stopped, Worker};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::{QueryBounds, Scan, ScanBodies, ScanColumns, ScanEnd, ScanScope, Store, StoreError};
use serde_json::Value;

use crate::error::{Result, UserError};
use crate::moment::moment;
use crate::{App, in_store};

pub use haechi_query::Language as QueryLanguage;

use rows::StoreRow;

/// What to ask, and how far to go for the answer.
#[derive(Debug, Clone)]
pub struct QueryRequest {
    pub text: String,
    /// None: told by the text.
    pub language: Option<QueryLanguage>,
    /// Rows of the answer; none: all.
    pub rows: Option<usize>,
    pub as_of: Option<String>,
    pub timeout: Duration,
    /// Threads to read with; none: as many as the machine has cores.
    pub threads: Option<usize>,
}

/// The answer, and what its reader should know.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryOutcome {
    pub table: Table,
    pub warnings: Vec<QueryWarning>,
    /// There are more rows than were asked for.
    pub more: bool,
}

/// The query runs, but may not mean what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryWarning {
    pub message: Message,
    /// The place in the text.
    pub place: String,
}

/// Bytes of an answer that are kept in memory.
pub(crate) const MOST_BYTES: usize = 1 << 30;
/// AWS Config itself groups by no more properties.
const AWS_GROUPS: usize = 3;

/// When to stop: told to, or out of time.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(crate) stop: Stop,
    pub(crate) until: Option<Instant>,
}

impl Bound {
    pub(crate) fn is_reached(&self) -> bool {
        self.stop.is_stopped() || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Why it was stopped.
    fn error(&self, timeout: Duration) -> UserError {
        if self.stop.is_stopped() {
            return UserError::said("interrupted");
        }
        UserError::said("query-timeout").arg("seconds", timeout.as_secs_f64()).help("query-advice-timeout")
    }
}

impl App {
    /// Answers a query.
    pub fn query(&self, request: &QueryRequest, stop: &Stop) -> Result<QueryOutcome> {
        let bound = Bound { stop: stop.clone(), until: Instant::now().checked_add(request.timeout) };
        let at = request.as_of.as_ref().map(|text| moment("as-of", text, self.now())).transpose()?;
        match language(request)? {
            QueryLanguage::Config => self.config_query(request, at, &bound),
            QueryLanguage::Sql => self.sql_query(request, &request.text, at, &bound),
        }
    }

    /// Tells how a query would be answered.
    pub fn explain_query(&self, request: &QueryRequest, stop: &Stop) -> Result<QueryOutcome> {
        let at = request.as_of.as_ref().map(|text| moment("as-of", text, self.now())).transpose()?;
        if language(request)? == QueryLanguage::Sql {
            let bound = Bound { stop: stop.clone(), until: Instant::now().checked_add(request.timeout) };
            let text = format!("EXPLAIN QUERY PLAN {}", request.text);
            return self.sql_query(&QueryRequest { rows: None, ..request.clone() }, &text, at, &bound);
        }
        let query = parsed(&request.text)?;
        let plan = Plan::new(&query, Limits { rows: request.rows, bytes: MOST_BYTES, ..Limits::default() });
        let store = self.existing_store()?;
        let all = store.scan_scopes().map_err(in_store)?;
        let scopes = matching(&plan, &all);
        let table = explanation(&plan, &scopes, all.len(), threads(request), at);
        let warnings = self.query_warnings(&query, &plan, &request.text, &all);
        Ok(QueryOutcome { table, warnings, more: false })
    }

    fn config_query(&self, request: &QueryRequest, at: Option<Timestamp>, bound: &Bound) -> Result<QueryOutcome> {
        let query = parsed(&request.text)?;
        let plan = Plan::new(&query, Limits { rows: request.rows, bytes: MOST_BYTES, ..Limits::default() });
        let store = self.existing_store()?;
        let all = store.scan_scopes().map_err(in_store)?;
        let mut warnings = self.query_warnings(&query, &plan, &request.text, &all);
        let mut workers = scanned(&store, &plan, matching(&plan, &all), at, threads(request), bound, request.timeout)?;
        if compliance::is_asked_for(&plan) {
            if at.is_some() {
                return Err(UserError::said("query-compliance-past"));
            }
            workers.push(compliance::rows(&store, &plan, bound, request.timeout)?);
        }
        let Answer { columns, rows, more, left_out } = plan.finish(workers);
        if left_out > 0 {
            let message = Message::new("query-left-out").with("count", left_out);
            warnings.push(QueryWarning { message, place: String::new() });
        }
        Ok(QueryOutcome { table: table_of(columns, rows, more.then_some(request.rows).flatten()), warnings, more })
    }

    fn sql_query(
        &self,
        request: &QueryRequest,
        sql: &str,
        at: Option<Timestamp>,
        bound: &Bound,
    ) -> Result<QueryOutcome> {
        if at.is_some() && haechi_query::has_word(sql, "findings") {
            return Err(UserError::said("query-findings-past").help("query-advice-findings-past"));
        }
        let mut store = self.existing_store()?;
        let stop = bound.clone();
        let bounds =
            QueryBounds { rows: request.rows, bytes: MOST_BYTES, as_of: at, stop: Arc::new(move || stop.is_reached()) };
        let answer = store.query_within(sql, &bounds).map_err(|error| {
            let offset = sql.len() - request.text.len();
            sql_error(error, &request.text, offset, bound, request.timeout)
        })?;
        let more = answer.more.then_some(request.rows).flatten();
        Ok(QueryOutcome { table: table_of(answer.columns, answer.rows, more), warnings: Vec::new(), more: answer.more })
    }

    fn query_warnings(&self, query: &Query, plan: &Plan, text: &str, scopes: &[ScanScope]) -> Vec<QueryWarning> {
        let mut warnings = names::warnings(query, plan, text, self.content().types(), scopes);
        if query.group.len() > AWS_GROUPS {
            let message = Message::new("query-aws-groups").with("most", AWS_GROUPS as u64);
            warnings.push(QueryWarning { message, place: String::new() });
        }
        warnings
    }
}

fn language(request: &QueryRequest) -> Result<QueryLanguage> {
    if request.text.trim().is_empty() {
        return Err(UserError::said("query-empty").help("query-advice-example"));
    }
    Ok(request.language.unwrap_or_else(|| haechi_query::language_of(&request.text)))
}

fn parsed(text: &str) -> Result<Query> {
    haechi_query::parse(text).map_err(|problem| UserError {
        causes: vec![problem.caret(text)],
        what: problem.message,
        help: problem.help,
    })
}

fn threads(request: &QueryRequest) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    request.threads.unwrap_or_else(cores).clamp(1, 64)
}

fn matching(plan: &Plan, scopes: &[ScanScope]) -> Vec<ScanScope> {
    let fits = |scope: &&ScanScope| plan.may_match(&scope.account, &scope.region, &scope.resource_type);
    scopes.iter().filter(fits).cloned().collect()
}

/// Reads what the plan wants, on several threads.
fn scanned<'p>(
    store: &Store,
    plan: &'p Plan,
    scopes: Vec<ScanScope>,
    as_of: Option<Timestamp>,
    threads: usize,
    bound: &Bound,
    timeout: Duration,
) -> Result<Vec<Worker<'p>>> {
    use haechi_query::Column::{Arn, CaptureTime, ResourceId, ResourceName, Status};
    let scan = Scan {
        scopes,
        ids: plan.resource_ids(),
        as_of,
        columns: ScanColumns {
            id: plan.reads(ResourceId),
            names: plan.reads(ResourceName) || plan.reads(Arn),
            tags: plan.reads_tags(),
            version: plan.reads_version() || plan.reads(CaptureTime) || plan.reads(Status),
        },
        bodies: if plan.wants_every_body() { ScanBodies::All } else { ScanBodies::OnDemand },
        threads,
    };
    let past = past::PastColumns::new(as_of, &scan);
    let take = |worker: &mut Worker<'p>, row: &mut haechi_store::ScanRow<'_>| {
        let beside = past.read(row).map_err(Stopped::Row)?;
        worker.take(&mut StoreRow::new(row, beside))
    };
    store.scan(&scan, || plan.worker(), take, || plan.has_enough(), || bound.is_reached()).map_err(|end| match end {
        ScanEnd::Store(error) => in_store(error),
        ScanEnd::Stopped => bound.error(timeout),
        ScanEnd::Taker(stopped) => stopped_error(stopped),
    })
}

fn stopped_error(stopped: Stopped<StoreError>) -> UserError {
    match stopped {
        Stopped::Row(error) => in_store(error),
        Stopped::Malformed => UserError::said("error-store-work"),
        Stopped::Groups(most) => UserError::said("query-groups").arg("most", most).help("query-advice-narrow"),
        Stopped::Bytes(most) => UserError::said("query-bytes").arg("mib", most >> 20).help("query-advice-rows"),
    }
}

pub(crate) fn sql_error(error: StoreError, text: &str, offset: usize, bound: &Bound, timeout: Duration) -> UserError {
    match error {
        StoreError::Query(message) => UserError::said("query-sql").because(message).help("query-advice-schema"),
        StoreError::QueryAt { message, at } => {
            let place = haechi_query::place(text, at.saturating_sub(offset));
            UserError::said("query-sql").because(message).because(place).help("query-advice-schema")
        }
        StoreError::QueryStopped => bound.error(timeout),
        StoreError::QueryTooLarge { bytes } => stopped_error(Stopped::Bytes(bytes)),
        other => in_store(other),
    }
}

/// The answer as a table whose columns the user has named.
pub(crate) fn table_of(columns: Vec<String>, rows: Vec<Vec<Value>>, shown: Option<usize>) -> Table {
    let fit = |at: usize| {
        let mut values = rows.iter().filter_map(|row| row.get(at)).filter(|value| !value.is_null()).peekable();
        match values.peek().is_some() && values.all(Value::is_number) {
            true => Fit::Number,
            false => Fit::End,
        }
    };
    let columns = columns.into_iter().enumerate().map(|(at, name)| Column::named(name, fit(at))).collect();
    let rows = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    let more = shown.map(|shown| Message::new("query-more").with("shown", shown as u64));
    Table { columns, rows, empty: Message::new("query-nothing"), notes: more.into_iter().collect() }
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::String(text) => Cell::Text(text),
        Value::Number(number) if number.is_i64() => Cell::Number(number.as_i64().unwrap_or_default()),
        other => Cell::Json(other),
    }
}

fn explanation(plan: &Plan, scopes: &[ScanScope], all: usize, threads: usize, at: Option<Timestamp>) -> Table {
    let mut types: Vec<&str> = scopes.iter().map(|scope| scope.resource_type.as_str()).collect();
    types.sort_unstable();
    types.dedup();
    let mut steps = vec![
        Message::new("query-plan-language"),
        Message::new("query-plan-scopes").with("count", scopes.len() as u64).with("all", all as u64),
        Message::new("query-plan-types").with("count", types.len() as u64).with("types", shortened(&types)),
    ];
    if let Some(ids) = plan.resource_ids() {
        steps.push(Message::new("query-plan-ids").with("ids", shortened(&ids)));
    }
    if let Some(at) = at {
        steps.push(Message::new("query-plan-past").with("moment", at.to_string()));
    }
    steps.push(match (plan.reach(), at) {
        (Reach::Columns, None) => Message::new("query-plan-columns"),
        _ => Message::new("query-plan-bodies"),
    });
    if compliance::is_asked_for(plan) {
        steps.push(Message::new("query-plan-compliance"));
    }
    steps.push(Message::new("query-plan-threads").with("count", threads as u64));
    let rows = steps.into_iter().enumerate();
    Table {
        columns: vec![
            Column::new("step", "column-number", Fit::Number),
            Column::new("detail", "column-detail", Fit::Wrap),
        ],
        rows: rows.map(|(at, step)| vec![Cell::Number(at as i64 + 1), Cell::Message(step)]).collect(),
        empty: Message::new("query-nothing"),
        notes: Vec::new(),
    }
}

/// The first names of a list; the number of all is said beside it.
fn shortened(names: &[impl AsRef<str>]) -> String {
    let mut text = names.iter().take(8).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > 8 {
        text.push('…');
    }
    text
}
