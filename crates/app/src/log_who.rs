//! `haechi logs who`: who called what on what, added up by caller.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use haechi_detect::search::{Action, Caller, CallerKey, Callers, Resource, WhoSlots};
use haechi_inventory::Stop;
use haechi_logs::{Event, LogFields, LogFilter, Receiver, Summary};
use haechi_model::{Log, Message, Timestamp};
use haechi_report::{Cell, Column, Fit, Table};

use crate::App;
use crate::error::{Result, UserError};
use crate::log_coverage::flow_format;
use crate::log_search::Searched;
use crate::log_sieve::Sieved;
use crate::log_sources::{LogRequest, LogsOpened, read_events};
use crate::progress::{Progress, Step};

/// Whose calls on what are asked for.
#[derive(Debug, Clone, Default)]
pub struct WhoRequest {
    /// The name of a call, with its service or without: `s3:GetObject`, `Delete*`.
    pub action: String,
    /// An ARN, an id or a name; `*`: any.
    pub resource: String,
    pub logs: LogRequest,
    /// Callers that are told; none: all.
    pub limit: Option<usize>,
    pub flow_format: Option<String>,
}

impl App {
    /// Who called it, most calls first.
    pub async fn who_called(&self, request: &WhoRequest, progress: &dyn Progress, stop: &Stop) -> Result<Searched> {
        let wrong =
            |what: &str, error: String| UserError::said("who-word").arg("what", what).because(error).help("advice-who");
        let action = Action::parse(&request.action).map_err(|error| wrong("ACTION", error))?;
        let resource = Resource::parse(&request.resource).map_err(|error| wrong("RESOURCE", error))?;
        let format = request.flow_format.as_deref().map(flow_format).transpose()?;
        let sources = self.log_sources(&request.logs).await?;
        let mut fields = LogFields::default();
        let mut slots = Vec::new();
        for log in Log::ALL {
            let mut of_log = LogFields::base(log);
            slots.push(WhoSlots::add(log, &mut of_log).map_err(UserError::verbatim)?);
            fields.take(log, of_log);
        }
        let mut asking = Asking {
            action,
            resource,
            slots,
            callers: Callers::default(),
            filter: sources.filter(),
            stop,
            called: 0,
            found: 0,
            outside: 0,
            span: None,
        };
        let read = read_events(&sources, &fields, format, &mut asking, progress, stop).await;
        progress.step(Step::Done);
        let (summary, opened) = read?;
        Ok(asking.told(request, summary, opened))
    }
}

struct Asking<'s> {
    action: Action,
    resource: Resource,
    slots: Vec<WhoSlots>,
    callers: Callers,
    filter: &'s LogFilter,
    stop: &'s Stop,
    /// Calls of this name, on whatever.
    called: u64,
    found: u64,
    outside: u64,
    span: Option<(Timestamp, Timestamp)>,
}

impl Receiver for Asking<'_> {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        if self.stop.is_stopped() {
            return ControlFlow::Break(());
        }
        let time = event.time();
        if !self.filter.wants(time, event.account(), event.region()) {
            self.outside += 1;
            return ControlFlow::Continue(());
        }
        self.span = Some(self.span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        if self.action.fits(event) {
            self.called += 1;
            let slots = &self.slots[event.log() as usize];
            if self.resource.is_of(event, slots) {
                self.found += 1;
                self.callers.add(slots, event);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Asking<'_> {
    fn told(self, request: &WhoRequest, summary: Summary, opened: LogsOpened) -> Searched {
        let beyond = self.callers.beyond;
        let mut callers: Vec<_> = self.callers.callers.into_iter().collect();
        callers.sort_by(|(one_key, one), (other_key, other)| {
            let order = |caller: &Caller| Reverse((caller.count, caller.last.clone()));
            order(one).cmp(&order(other)).then_with(|| one_key.cmp(other_key))
        });
        let all = callers.len();
        let shown = request.limit.unwrap_or(all).min(all);
        let mut notes = Vec::new();
        if shown < all {
            notes.push(Message::new("who-page").with("shown", shown).with("total", all));
        }
        if beyond > 0 {
            notes.push(Message::new("who-beyond").with("count", beyond).with("most", Callers::MOST));
        }
        // There are calls, but not on this: the resource may be called otherwise.
        if self.found == 0 && self.called > 0 {
            notes.push(
                Message::new("who-others")
                    .with("count", self.called)
                    .with("action", request.action.as_str())
                    .with("resource", request.resource.as_str()),
            );
        }
        let sieved = Sieved::counted(self.found, self.outside, self.span, summary, opened);
        notes.extend(sieved.notes(&request.logs.sources));
        let rows = callers.into_iter().take(shown).map(|(key, caller)| row(key, caller)).collect();
        let table = Table { columns: columns(), rows, empty: Message::new("search-nothing"), notes };
        Searched { table, incomplete: sieved.is_incomplete(), interrupted: self.stop.is_stopped() }
    }
}

fn columns() -> Vec<Column> {
    let machine = |key: &'static str| Column::named(key.to_owned(), Fit::Machine);
    vec![
        Column::new("principal", "column-principal", Fit::Middle),
        Column::new("session", "column-session", Fit::Middle),
        Column::new("calls", "column-who-calls", Fit::Number),
        Column::new("failed", "column-who-failed", Fit::Number),
        Column::new("first", "column-first-event", Fit::Spare),
        Column::new("last", "column-last-event", Fit::Whole),
        Column::new("addresses", "column-address", Fit::End),
        Column::new("errors", "column-error", Fit::End),
        Column::new("firstEventId", "column-first-event-id", Fit::Spare),
        Column::new("lastEventId", "column-last-event-id", Fit::Spare),
        machine("accountId"),
        machine("sourceIdentity"),
        machine("names"),
        machine("accessKeyIds"),
        machine("through"),
        machine("isService"),
    ]
}

fn row(key: CallerKey, caller: Caller) -> Vec<Cell> {
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
    let number = |count: u64| Cell::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let (first, first_id) = caller.first.map(|(time, id)| (time.to_string(), id)).unzip();
    let (last, last_id) = caller.last.map(|(time, id)| (time.to_string(), id)).unzip();
    vec![
        text(key.principal),
        text(key.session),
        number(caller.count),
        number(caller.failed),
        text(first),
        text(last),
        Cell::List(most_first(caller.addresses)),
        Cell::List(most_first(caller.errors)),
        text(first_id),
        text(last_id),
        text(key.account),
        text(key.source_identity),
        Cell::List(most_first(caller.names)),
        Cell::List(caller.access_keys.into_iter().collect()),
        Cell::List(caller.through.into_iter().collect()),
        Cell::Json(caller.is_service.into()),
    ]
}

fn most_first(counts: BTreeMap<String, u64>) -> Vec<String> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts.into_iter().map(|(text, _)| text).collect()
}
