//! `haechi logs search`: events by filters over their fields, as rows, as the records that they are, or as the answer
//! to a SELECT over them.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use haechi_detect::search::{EventColumn, EventField, EventFilter, EventView};
use haechi_inventory::Stop;
use haechi_model::{Log, Message, Timestamp};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::{LogTable, LogTableBounds, LogValue, QueryBounds, StoreError};

use crate::App;
use crate::error::{Result, UserError};
use crate::log_coverage::flow_format;
use crate::log_sieve::{Bound, Sieve, Sieved, Telling};
use crate::log_sources::LogRequest;
use crate::progress::Progress;
use crate::query::{Bound as QueryBound, MOST_BYTES, sql_error, table_of};

/// Which events, and what of them.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    pub logs: LogRequest,
    pub words: SearchWords,
    /// Columns and fields; none: the usual ones.
    pub fields: Vec<String>,
    /// Also the whole record, as the last column.
    pub with_body: bool,
    pub order: Option<SearchOrder>,
    /// Events that are told; none: all.
    pub limit: Option<usize>,
    pub flow_format: Option<String>,
}

/// What the events must be like. All of it must hold; of several globs of one kind, one.
#[derive(Debug, Clone, Default)]
pub struct SearchWords {
    /// Filter expressions over columns and fields.
    pub filters: Vec<String>,
    pub names: Vec<String>,
    pub services: Vec<String>,
    pub principals: Vec<String>,
    pub addresses: Vec<String>,
    /// An empty list: any error.
    pub errors: Option<Vec<String>>,
    /// Texts that are somewhere in the record.
    pub texts: Vec<String>,
    pub logs: Vec<String>,
}

/// Which events are told when there are more, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchOrder {
    Newest,
    Oldest,
    /// As they are read.
    Read,
}

/// A SELECT over the events that fit.
#[derive(Debug, Clone)]
pub struct SearchSql {
    pub text: String,
    pub timeout: Duration,
    pub bounds: LogTableBounds,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Searched {
    pub table: Table,
    /// Something could not be read.
    pub incomplete: bool,
    /// The user wanted no more: what was found until then is here.
    pub interrupted: bool,
}

/// Bytes of events that are kept in memory.
const MOST_KEPT: usize = 1 << 30;

/// The columns of a terminal, and those that machines get besides.
const SHOWN: [(EventColumn, &str, Fit); 8] = [
    (EventColumn::Time, "column-event-time", Fit::Whole),
    (EventColumn::AccountId, "column-account", Fit::Spare),
    (EventColumn::AwsRegion, "column-region", Fit::Spare),
    (EventColumn::Name, "column-event", Fit::Middle),
    (EventColumn::Principal, "column-principal", Fit::Middle),
    (EventColumn::Address, "column-address", Fit::Middle),
    (EventColumn::ErrorCode, "column-error", Fit::Middle),
    (EventColumn::EventId, "column-event-id", Fit::Spare),
];

/// What the SELECT may read beside the columns.
const BODY: &str = "body";

impl SearchWords {
    fn filter(&self) -> Result<EventFilter> {
        let mut filter = EventFilter::default();
        for text in &self.filters {
            filter.and(text).map_err(|wrong| {
                UserError::said("error-filter-text")
                    .arg("text", &wrong)
                    .because(place(&wrong))
                    .help("advice-search-where")
            })?;
        }
        filter.and_like(&[EventColumn::Name], &self.names);
        // `s3` is s3.amazonaws.com.
        let source = |word: &String| if word.contains('.') { word.clone() } else { format!("{word}.*") };
        filter.and_like(&[EventColumn::Source], &self.services.iter().map(source).collect::<Vec<_>>());
        // A name is that of a user, a role or a session.
        let named = |word: &String| match word.contains([':', '/', '*', '?']) {
            true => vec![word.clone()],
            false => vec![word.clone(), format!("*/{word}"), format!("*:{word}")],
        };
        let principals: Vec<_> = self.principals.iter().flat_map(named).collect();
        filter.and_like(&[EventColumn::Principal, EventColumn::Session, EventColumn::AccessKeyId], &principals);
        filter.and_like(&[EventColumn::Address], &self.addresses);
        match &self.errors {
            Some(codes) if codes.is_empty() => filter.and_has(EventColumn::ErrorCode),
            Some(codes) => filter.and_like(&[EventColumn::ErrorCode], codes),
            None => {}
        }
        self.texts.iter().for_each(|text| filter.and_says(text));
        Ok(filter)
    }

    fn logs(&self) -> Result<Vec<Log>> {
        let log = |word: &String| {
            word.parse().map_err(|error: String| UserError::said("error-flag").arg("flag", "log").arg("text", error))
        };
        self.logs.iter().map(log).collect()
    }
}

/// The filter with a mark under the place that is wrong.
fn place(wrong: &haechi_store::FilterError) -> String {
    let at = wrong.text.get(..wrong.at).map_or(0, str::len);
    haechi_query::place(&wrong.text, at)
}

impl App {
    /// Events as rows.
    pub async fn search_logs(&self, request: &SearchRequest, progress: &dyn Progress, stop: &Stop) -> Result<Searched> {
        let (fields, mut columns) = told(&request.fields)?;
        let with_body = request.with_body && request.fields.is_empty();
        let telling = if with_body { Telling::Body(&EventColumn::ALL) } else { Telling::Fields(&fields) };
        let mut kept = Kept::new(request);
        let row = |view: &EventView<'_, '_>, bound: &Bound| {
            let mut row: Vec<Cell> = fields.iter().enumerate().map(|(at, field)| bound.cell(view, field, at)).collect();
            let mut size = row.iter().map(cell_size).sum();
            if with_body {
                let body = bound.body(view.event);
                size += body.len() * 3;
                row.push(serde_json::from_str(&body).map_or(Cell::Text(body), Cell::Json));
            }
            (row, size)
        };
        let sieved = self
            .sieved(request, telling, &mut |view, bound| kept.take(view, || row(view, bound)), progress, stop)
            .await?;
        if with_body {
            columns.push(Column::named(BODY.to_owned(), Fit::Machine));
        }
        let (rows, more) = kept.finish();
        Ok(searched(&sieved, columns, rows, more, request, stop))
    }

    /// Events as the records that they are, each as JSON.
    pub async fn search_records(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(&str) -> io::Result<()>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Searched> {
        let failed = |error| UserError::said("error-stdout").because(error);
        let mut kept = Kept::new(request);
        let goes_on = request.order.unwrap_or(kept.order) == SearchOrder::Read;
        let mut given = 0;
        let mut take = |view: &EventView<'_, '_>, bound: &Bound| {
            if !goes_on {
                return kept.take(view, || {
                    let body = bound.body(view.event);
                    let size = body.len();
                    (body, size)
                });
            }
            if request.limit.is_some_and(|limit| given >= limit) {
                given += 1;
                return Ok(ControlFlow::Break(()));
            }
            given += 1;
            out(&bound.body(view.event)).map_err(failed)?;
            Ok(ControlFlow::Continue(()))
        };
        let sieved = self.sieved(request, Telling::Body(&[]), &mut take, progress, stop).await?;
        let (records, mut more) = kept.finish();
        if goes_on && request.limit.is_some_and(|limit| given > limit) {
            more = Some(SearchOrder::Read);
        }
        for record in &records {
            out(record).map_err(failed)?;
        }
        Ok(searched(&sieved, Vec::new(), Vec::new(), more, request, stop))
    }

    /// The answer to a SELECT over the events that fit.
    pub async fn search_sql(
        &self,
        request: &SearchRequest,
        sql: &SearchSql,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Searched> {
        let mut names: Vec<&str> = EventColumn::ALL.iter().map(|column| column.as_str()).collect();
        names.push(BODY);
        let bound = QueryBound { stop: stop.clone(), until: None };
        let wrong = |error, bound: &QueryBound| match error {
            StoreError::TableFull { rows, bytes } => UserError::said("search-table-full")
                .arg("rows", rows)
                .arg("mib", bytes >> 20)
                .help("advice-search-narrow"),
            StoreError::Query(_) | StoreError::QueryAt { .. } => UserError {
                help: Some(Message::new("advice-search-sql").with("columns", names.join(", "))),
                ..sql_error(error, &sql.text, 0, bound, sql.timeout)
            },
            other => sql_error(other, &sql.text, 0, bound, sql.timeout),
        };
        let mut table = LogTable::new(&names, &sql.text, sql.bounds).map_err(|error| wrong(error, &bound))?;
        let reads: Vec<Option<EventColumn>> =
            table.reads().iter().map(|at| EventColumn::ALL.get(*at).copied()).collect();
        let columns: Vec<EventColumn> = reads.iter().copied().flatten().collect();
        let fields: Vec<_> = columns.iter().map(|column| EventField::Column(*column)).collect();
        let has_body = reads.contains(&None);
        let telling = if has_body { Telling::Body(&columns) } else { Telling::Fields(&fields) };
        let mut take = |view: &EventView<'_, '_>, known: &Bound| {
            let body = if has_body { known.body(view.event) } else { String::new() };
            let texts: Vec<_> = reads.iter().map(|column| column.and_then(|column| view.text(column))).collect();
            let values: Vec<_> = reads
                .iter()
                .zip(&texts)
                .map(|(column, text)| match (column, text) {
                    (None, _) => LogValue::Text(&body),
                    (Some(EventColumn::ReadOnly), _) => {
                        view.read_only().map_or(LogValue::Null, |only| LogValue::Number(only.into()))
                    }
                    (Some(EventColumn::Record), _) => {
                        LogValue::Number(i64::try_from(view.event.place().record).unwrap_or(i64::MAX))
                    }
                    (_, Some(text)) => LogValue::Text(text),
                    (_, None) => LogValue::Null,
                })
                .collect();
            table.add(&values).map_err(|error| wrong(error, &bound))?;
            Ok(ControlFlow::Continue(()))
        };
        let sieved = self.sieved(request, telling, &mut take, progress, stop).await?;
        if stop.is_stopped() {
            return Err(UserError::said("search-interrupted"));
        }
        let bound = QueryBound { stop: stop.clone(), until: Instant::now().checked_add(sql.timeout) };
        let reached = bound.clone();
        let bounds = QueryBounds {
            rows: request.limit,
            bytes: MOST_BYTES,
            as_of: None,
            stop: Arc::new(move || reached.is_reached()),
        };
        let answer = table.query(&bounds).map_err(|error| wrong(error, &bound))?;
        let more = answer.more.then_some(request.limit).flatten();
        let mut table = table_of(answer.columns, answer.rows, more);
        table.notes.extend(sieved.notes(&request.logs.sources));
        Ok(Searched { table, incomplete: sieved.is_incomplete(), interrupted: false })
    }

    async fn sieved(
        &self,
        request: &SearchRequest,
        telling: Telling<'_>,
        take: &mut dyn FnMut(&EventView<'_, '_>, &Bound) -> Result<ControlFlow<()>>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Sieved> {
        let format = request.flow_format.as_deref().map(flow_format).transpose()?;
        let sieve = Sieve::new(&request.words.filter()?, &request.words.logs()?, telling)?;
        let sources = self.log_sources(&request.logs).await?;
        sieve.read(&sources, format, take, progress, stop).await
    }
}

/// The fields that are told, with their columns.
fn told(words: &[String]) -> Result<(Vec<EventField>, Vec<Column>)> {
    if words.is_empty() {
        let shown = SHOWN.iter().map(|(column, title, fit)| (*column, Column::new(column.as_str(), title, *fit)));
        let others = EventColumn::ALL.into_iter().filter(|column| !SHOWN.iter().any(|(shown, ..)| shown == column));
        let others = others.map(|column| (column, Column::named(column.as_str().to_owned(), Fit::Machine)));
        return Ok(shown.chain(others).map(|(field, column)| (EventField::Column(field), column)).unzip());
    }
    let field = |word: &String| {
        let field = EventField::named(word.trim())
            .map_err(|error| UserError::said("error-flag").arg("flag", "fields").arg("text", error))?;
        let fit = match field {
            EventField::Column(EventColumn::Time | EventColumn::AccountId | EventColumn::AwsRegion) => Fit::Whole,
            EventField::Column(EventColumn::Record) => Fit::Number,
            _ => Fit::Middle,
        };
        Ok((field, Column::named(word.trim().to_owned(), fit)))
    };
    words.iter().map(field).collect::<Result<Vec<_>>>().map(|fields| fields.into_iter().unzip())
}

fn searched(
    sieved: &Sieved,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    more: Option<SearchOrder>,
    request: &SearchRequest,
    stop: &Stop,
) -> Searched {
    let mut notes = Vec::new();
    let shown = request.limit.unwrap_or_default() as u64;
    notes.extend(more.map(|order| {
        let id = match order {
            SearchOrder::Newest => "search-newest",
            SearchOrder::Oldest => "search-oldest",
            SearchOrder::Read => "search-ended",
        };
        Message::new(id).with("shown", shown)
    }));
    notes.extend(sieved.notes(&request.logs.sources));
    let table = Table { columns, rows, empty: Message::new("search-nothing"), notes };
    Searched { table, incomplete: sieved.is_incomplete(), interrupted: stop.is_stopped() }
}

fn cell_size(cell: &Cell) -> usize {
    let inside = match cell {
        Cell::Text(text) => text.len(),
        Cell::Json(value) => value.to_string().len() * 3,
        _ => 0,
    };
    size_of::<Cell>() + inside
}

/// The events that are told: the newest, the oldest or the first that are read, and no more than there is room for.
struct Kept<T> {
    order: SearchOrder,
    limit: Option<usize>,
    /// By time and id, so that the order of files does not matter; the number tells equal ones apart.
    events: BTreeMap<(Timestamp, String, u64), (T, usize)>,
    taken: u64,
    bytes: usize,
    more: bool,
}

impl<T> Kept<T> {
    fn new(request: &SearchRequest) -> Self {
        let usual = if request.limit.is_some() { SearchOrder::Newest } else { SearchOrder::Read };
        Self {
            order: request.order.unwrap_or(usual),
            limit: request.limit,
            events: BTreeMap::new(),
            taken: 0,
            bytes: 0,
            more: false,
        }
    }

    /// Whether an event that is told later than those that are kept would go again at once.
    fn is_in_vain(&self, time: Timestamp, id: &str) -> bool {
        if self.limit.is_none_or(|limit| self.events.len() < limit) {
            return false;
        }
        let border = match self.order {
            SearchOrder::Newest => self.events.first_key_value(),
            SearchOrder::Oldest => self.events.last_key_value(),
            SearchOrder::Read => return true,
        };
        border.is_none_or(|((at, known, _), _)| match self.order {
            SearchOrder::Newest => (time, id) <= (*at, known.as_str()),
            _ => (time, id) >= (*at, known.as_str()),
        })
    }

    fn take(&mut self, view: &EventView<'_, '_>, make: impl FnOnce() -> (T, usize)) -> Result<ControlFlow<()>> {
        let (time, id) = (view.event.time(), view.event.id());
        if self.is_in_vain(time, id) {
            self.more = true;
            let is_end = self.order == SearchOrder::Read;
            return Ok(if is_end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        }
        let (made, size) = make();
        let key = match self.order {
            SearchOrder::Read => (Timestamp::from_micros(0), String::new(), self.taken),
            _ => (time, id.to_owned(), self.taken),
        };
        let size = size + size_of::<(Timestamp, String, u64)>() + id.len();
        self.taken += 1;
        self.bytes += size;
        self.events.insert(key, (made, size));
        if self.limit.is_some_and(|limit| self.events.len() > limit) {
            self.more = true;
            let gone = match self.order {
                SearchOrder::Newest => self.events.pop_first(),
                _ => self.events.pop_last(),
            };
            self.bytes -= gone.map_or(0, |(_, (_, size))| size);
        }
        if self.bytes > MOST_KEPT {
            return Err(UserError::said("search-too-much").arg("mib", MOST_KEPT >> 20).help("advice-search-limit"));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// In the order in which they are told, and whether there were more.
    fn finish(self) -> (Vec<T>, Option<SearchOrder>) {
        let more = self.more.then_some(self.order);
        let mut events: Vec<T> = self.events.into_values().map(|(event, _)| event).collect();
        if self.order == SearchOrder::Newest {
            events.reverse();
        }
        (events, more)
    }
}
