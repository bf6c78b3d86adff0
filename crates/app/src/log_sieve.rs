//! Reading logs for the events that fit: which logs with which fields, the filter, and where what fits goes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use haechi_detect::search::{BoundFilter, ColumnSlots, EventColumn, EventField, EventFilter, EventView};
use haechi_inventory::Stop;
use haechi_logs::{Event, FlowFormat, LogFields, LogFilter, Receiver, Slot, Summary, column_names};
use haechi_model::event::Value as FieldValue;
use haechi_model::{Log, Message, Timestamp};
use haechi_report::Cell;
use serde_json::{Map, Value};

use crate::error::{Result, UserError};
use crate::log_sources::{LogSources, LogsOpened, read_events};
use crate::progress::{Progress, Step};

/// What is to be told of the events that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling<'t> {
    /// These columns and fields.
    Fields(&'t [EventField]),
    /// These columns, and of lines their columns too, for [`Bound::body`].
    Body(&'t [EventColumn]),
}

/// The filter and the fields of one log.
pub(crate) struct Bound {
    pub(crate) columns: ColumnSlots,
    filter: BoundFilter,
    /// The slots of [`Telling::Fields`] that are paths.
    paths: Vec<Option<Slot>>,
    /// Of a log of lines: its columns.
    line: Vec<(&'static str, Slot)>,
}

impl Bound {
    /// A field of an event as a cell.
    pub(crate) fn cell(&self, view: &EventView<'_, '_>, field: &EventField, at: usize) -> Cell {
        match field {
            EventField::Column(EventColumn::Record) => {
                i64::try_from(view.event.place().record).map_or(Cell::Empty, Cell::Number)
            }
            EventField::Column(EventColumn::ReadOnly) => {
                view.read_only().map_or(Cell::Empty, |only| Cell::Json(Value::Bool(only)))
            }
            EventField::Column(column) => view.text(*column).map_or(Cell::Empty, |text| Cell::Text(text.into_owned())),
            EventField::Path(_) => self.paths.get(at).copied().flatten().map_or(Cell::Empty, |slot| path(view, slot)),
            EventField::Record => Cell::Text(view.event.raw().to_owned()),
        }
    }

    /// The whole record as JSON: of a line, its columns by their names, and the line.
    pub(crate) fn body(&self, event: &Event<'_>) -> String {
        if self.line.is_empty() {
            return event.raw().to_owned();
        }
        let columns = self.line.iter().filter_map(|(name, slot)| {
            let text = event.value(*slot)?.scalar()?.into_owned();
            Some(((*name).to_owned(), Value::String(text)))
        });
        let mut body: Map<String, Value> = columns.collect();
        body.insert("line".to_owned(), event.raw().into());
        Value::Object(body).to_string()
    }
}

/// What a path leads to: nothing, one value, or a list of them.
fn path(view: &EventView<'_, '_>, slot: Slot) -> Cell {
    let mut values = Vec::new();
    view.event.each_value(slot, &mut |value| values.push(value_of(value)));
    values.retain(|value| !value.is_null());
    match (values.len(), values.pop()) {
        (_, None) => Cell::Empty,
        (1, Some(Value::String(text))) => Cell::Text(text),
        (1, Some(other)) => Cell::Json(other),
        (_, Some(last)) => {
            values.push(last);
            Cell::Json(Value::Array(values))
        }
    }
}

fn value_of(value: FieldValue<'_>) -> Value {
    match value {
        FieldValue::Plain(text) => text.into(),
        FieldValue::Json(json) => serde_json::from_str(json.as_json()).unwrap_or(Value::Null),
    }
}

/// Which logs are read, and what of them.
pub(crate) struct Sieve {
    pub(crate) fields: LogFields,
    pub(crate) bound: Vec<Option<Bound>>,
}

impl Sieve {
    /// Compiles a filter for each of the logs; none named: all.
    pub(crate) fn new(filter: &EventFilter, logs: &[Log], telling: Telling<'_>) -> Result<Self> {
        let mut sieve = Self { fields: LogFields::default(), bound: Vec::new() };
        let wrong = |error: &dyn std::fmt::Display| UserError::said("search-filter").because(error);
        let mut columns = filter.columns();
        match telling {
            Telling::Body(read) => columns.extend_from_slice(read),
            Telling::Fields(told) => columns.extend(told.iter().filter_map(|field| match field {
                EventField::Column(column) => Some(*column),
                EventField::Path(_) | EventField::Record => None,
            })),
        }
        for log in Log::ALL {
            if !logs.is_empty() && !logs.contains(&log) {
                sieve.bound.push(None);
                continue;
            }
            let mut fields = LogFields::base(log);
            let slots = ColumnSlots::add(log, &columns, &mut fields).map_err(|error| wrong(&error))?;
            let bound = filter.bind(log, &mut fields).map_err(|error| wrong(&error))?;
            let mut add = |path: &str| fields.add(path).map_err(|error| wrong(&error));
            let (paths, line) = match telling {
                Telling::Fields(told) => {
                    let slot = |field: &EventField| match field {
                        EventField::Path(path) => add(path).map(Some),
                        EventField::Column(_) | EventField::Record => Ok(None),
                    };
                    (told.iter().map(slot).collect::<Result<_>>()?, Vec::new())
                }
                Telling::Body(_) => {
                    let names = column_names(log).iter();
                    (Vec::new(), names.map(|name| Ok((*name, add(name)?))).collect::<Result<_>>()?)
                }
            };
            sieve.fields.take(log, fields);
            sieve.bound.push(Some(Bound { columns: slots, filter: bound, paths, line }));
        }
        Ok(sieve)
    }

    /// Reads the sources; what fits goes to `take`.
    pub(crate) async fn read(
        self,
        sources: &LogSources,
        format: Option<FlowFormat>,
        take: &mut dyn FnMut(&EventView<'_, '_>, &Bound) -> Result<ControlFlow<()>>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Sieved> {
        let Self { fields, bound } = self;
        let mut sifting = Sifting {
            bound,
            filter: sources.filter(),
            stop,
            take,
            found: 0,
            outside: 0,
            first: None,
            last: None,
            failed: None,
        };
        let read = read_events(sources, &fields, format, &mut sifting, progress, stop).await;
        progress.step(Step::Done);
        let (summary, opened) = read?;
        if let Some(error) = sifting.failed {
            return Err(error);
        }
        let mut paths: BTreeMap<String, bool> = BTreeMap::new();
        for bound in sifting.bound.iter().flatten() {
            for (path, seen) in bound.filter.paths() {
                *paths.entry(path.to_owned()).or_default() |= seen;
            }
        }
        Ok(Sieved {
            found: sifting.found,
            outside: sifting.outside,
            span: sifting.first.zip(sifting.last),
            unknown: paths.into_iter().filter(|(_, seen)| !seen).map(|(path, _)| path).collect(),
            summary,
            opened,
        })
    }
}

/// What came of a search.
pub(crate) struct Sieved {
    pub(crate) found: u64,
    /// Events of other times, accounts and regions.
    pub(crate) outside: u64,
    /// The first and the last event that was looked at.
    span: Option<(Timestamp, Timestamp)>,
    /// Paths of the filter that no event had.
    unknown: BTreeSet<String>,
    pub(crate) summary: Summary,
    pub(crate) opened: LogsOpened,
}

impl Sieved {
    /// The same of what was counted elsewhere.
    pub(crate) fn counted(
        found: u64,
        outside: u64,
        span: Option<(Timestamp, Timestamp)>,
        summary: Summary,
        opened: LogsOpened,
    ) -> Self {
        Self { found, outside, span, unknown: BTreeSet::new(), summary, opened }
    }

    /// Events that were held against the filter.
    pub(crate) fn looked_at(&self) -> u64 {
        self.summary.events.saturating_sub(self.outside)
    }

    pub(crate) fn is_incomplete(&self) -> bool {
        !self.summary.problems.is_empty() || !self.opened.problems.is_empty()
    }

    /// What was searched, and what was not, for people.
    pub(crate) fn notes(&self, sources: &[String]) -> Vec<Message> {
        let files: u64 = self.summary.files.values().sum();
        let named = sources.join(" ");
        let mut notes = Vec::new();
        notes.push(match self.span {
            Some((first, last)) => Message::new("search-looked")
                .with("found", self.found)
                .with("events", self.looked_at())
                .with("files", files)
                .with("first", first.to_string())
                .with("last", last.to_string()),
            None => Message::new("search-no-events").with("files", files).with("sources", named),
        });
        let mut add = |id: &str, count: u64| {
            if count > 0 {
                notes.push(Message::new(id).with("count", count));
            }
        };
        add("coverage-outside", self.outside);
        add("search-duplicates", self.summary.duplicates);
        add(
            "search-not-opened",
            self.opened.unwanted.values().sum::<u64>() + self.summary.files_of(haechi_logs::FileKind::Unwanted),
        );
        let problems: Vec<_> = self.summary.problems.iter().chain(&self.opened.problems).collect();
        if let Some(first) = problems.first() {
            let more = self.summary.problems_unlisted + problems.len() as u64;
            notes.push(Message::new("search-unread").with("count", more).with("first", first.to_string()));
        }
        if self.span.is_some() {
            notes.extend(
                self.unknown.iter().map(|path| Message::new("search-unknown-field").with("field", path.as_str())),
            );
        }
        notes
    }
}

struct Sifting<'s> {
    bound: Vec<Option<Bound>>,
    filter: &'s LogFilter,
    stop: &'s Stop,
    take: &'s mut dyn FnMut(&EventView<'_, '_>, &Bound) -> Result<ControlFlow<()>>,
    found: u64,
    outside: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    failed: Option<UserError>,
}

impl Receiver for Sifting<'_> {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        // One file may be large: not only files are looked at for the user's wish to end.
        if self.stop.is_stopped() {
            return ControlFlow::Break(());
        }
        let time = event.time();
        if !self.filter.wants(time, event.account(), event.region()) {
            self.outside += 1;
            return ControlFlow::Continue(());
        }
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        let Some(bound) = &mut self.bound[event.log() as usize] else { return ControlFlow::Continue(()) };
        let view = bound.columns.view(event);
        if !bound.filter.holds(&view) {
            return ControlFlow::Continue(());
        }
        self.found += 1;
        match (self.take)(&view, bound) {
            Ok(flow) => flow,
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}
