//! `haechi logs coverage`: what was read and what was not. Every file and every byte is accounted for; events are
//! counted by log, account and region, with the hours that have none; digests of CloudTrail tell of logs that are not
//! there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use haechi_inventory::Stop;
use haechi_logs::digest::{Digest, DigestName, Place, Unnamed, text_of};
use haechi_logs::{Event, Flow, FlowFormat, Limits, LogFields, LogFilter, LogName, Reader, Receiver, Summary};
use haechi_model::{Log, Timestamp};
use haechi_report::Table;
use serde_json::Value;

use crate::App;
use crate::error::{Result, UserError};
use crate::exit::Exit;
use crate::log_coverage_report::{Account, coverage_json, coverage_table};
use crate::log_sources::{LogInput, LogRequest, LogsOpened};

/// Which logs are to be accounted for.
#[derive(Debug, Clone, Default)]
pub struct CoverageRequest {
    pub logs: LogRequest,
    /// The format of flow logs that have no heading.
    pub flow_format: Option<String>,
    /// What could not be read makes the exit code 2.
    pub strict: bool,
}

/// The account of what was read.
#[derive(Debug)]
pub struct Coverage {
    pub table: Table,
    pub json: Value,
    pub exit: Exit,
}

const HOUR: i64 = 3_600_000_000;

impl App {
    /// Reads all that a command names, and accounts for it.
    pub async fn logs_coverage(&self, request: &CoverageRequest, stop: &Stop) -> Result<Coverage> {
        let format = request.flow_format.as_deref().map(flow_format).transpose()?;
        let sources = self.log_sources(&request.logs).await?.with_digests();
        let mut wanted = LogFields::default();
        for log in Log::ALL.into_iter().filter(|log| *log != Log::VpcFlow) {
            wanted.take(log, LogFields::base(log));
        }
        wanted.want_flows();
        let mut reader = Reader::of(&wanted);
        if let Some(format) = format {
            reader = reader.flow_format(format);
        }
        let mut seen = Seen::new(sources.filter().clone());
        let mut digests = Digests { filter: sources.filter().clone(), ..Digests::default() };
        let mut take = |input: LogInput<'_>| {
            digests.look(&input);
            match input {
                LogInput::File(path) => reader.read_file(path, &mut seen),
                LogInput::Bytes { name, bytes } => reader.read_bytes(name, bytes, &mut seen),
                LogInput::Stream { name, source } => reader.read_stream(name, source, &mut seen),
            }
        };
        let opened = sources.each(stop, &mut take).await?;
        if opened.interrupted {
            return Err(UserError::said("interrupted"));
        }
        let summary = reader.finish();
        Ok(account(seen, digests, &summary, &opened, request.strict))
    }
}

pub(crate) fn flow_format(text: &str) -> Result<FlowFormat> {
    FlowFormat::parse(text).map_err(|error| UserError::said("error-flow-format").because(error))
}

/// Puts together what was seen, and what should have been.
fn account(seen: Seen, mut digests: Digests, summary: &Summary, opened: &LogsOpened, strict: bool) -> Coverage {
    let outside = seen.outside;
    let stretches = seen.settled(&mut digests);
    let missing = digests.missing();
    let account = Account { stretches, missing, digests: digests.count, damaged_digests: digests.damaged, outside };
    let unread = !summary.problems.is_empty() || !opened.problems.is_empty();
    let exit = match (account.missing.is_empty(), unread && strict) {
        (_, true) => Exit::Failed,
        (false, _) => Exit::Findings,
        _ => Exit::Clean,
    };
    Coverage { table: coverage_table(&account, summary, opened), json: coverage_json(&account, summary, opened), exit }
}

/// The events of one log, account and region.
pub(crate) struct Counted {
    pub(crate) log: Log,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) events: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    hours: Hours,
}

/// One log of one account and region: its events, and the hours without any between the first and the last.
pub(crate) struct Stretch {
    pub(crate) counted: Counted,
    pub(crate) hours: u64,
    pub(crate) gaps: Vec<HoursWithout>,
}

/// Hours that follow each other and have no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoursWithout {
    pub(crate) from: Timestamp,
    pub(crate) hours: u64,
    pub(crate) cause: Cause,
}

/// What is known of hours without events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Digests speak of these hours, and every log that they name is here: nothing happened.
    Quiet,
    /// Digests name logs of these hours that are not here.
    LogsMissing,
    /// Nothing tells.
    Unknown,
}

/// Hours since 1970 that have events, a bit each.
#[derive(Default)]
struct Hours {
    /// The hour of the first bit, a multiple of 64.
    base: i64,
    bits: Vec<u64>,
}

/// More than a hundred years: an event with a wild time must not take memory for all hours between.
const MOST_HOURS: i64 = 1_000_000;

impl Hours {
    fn add(&mut self, time: Timestamp) {
        let hour = time.as_micros().div_euclid(HOUR);
        let word = hour.div_euclid(64);
        if self.bits.is_empty() {
            (self.base, self.bits) = (word, vec![0]);
        }
        let (from, to) = (self.base.min(word), (self.base + self.bits.len() as i64).max(word + 1));
        if (to - from) * 64 > MOST_HOURS {
            return;
        }
        if word < self.base {
            let more = (self.base - word) as usize;
            self.bits.splice(0..0, std::iter::repeat_n(0, more));
            self.base = word;
        }
        let at = (word - self.base) as usize;
        if at >= self.bits.len() {
            self.bits.resize(at + 1, 0);
        }
        self.bits[at] |= 1 << hour.rem_euclid(64);
    }

    fn count(&self) -> u64 {
        self.bits.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Hours without events between the first and the last that have some: where each row begins, and how long it is.
    fn gaps(&self) -> Vec<(i64, u64)> {
        let set = |at: &i64| self.bits[(*at / 64) as usize] >> (*at % 64) & 1 == 1;
        let all = 0..self.bits.len() as i64 * 64;
        let (Some(first), Some(last)) = (all.clone().find(set), all.rev().find(set)) else { return Vec::new() };
        let mut gaps: Vec<(i64, u64)> = Vec::new();
        let mut open = false;
        for at in first..=last {
            if set(&at) {
                open = false;
                continue;
            }
            match gaps.last_mut().filter(|_| open) {
                Some(gap) => gap.1 += 1,
                None => gaps.push((self.base * 64 + at, 1)),
            }
            open = true;
        }
        gaps
    }
}

/// Receives events, and counts them.
struct Seen {
    filter: LogFilter,
    counted: Vec<Counted>,
    /// Where each log, account and region is in the list. The last one was most likely this one too.
    places: HashMap<(Log, String, String), usize>,
    last: usize,
    /// Events that the filter does not want.
    outside: u64,
}

impl Seen {
    fn new(filter: LogFilter) -> Self {
        Self { filter, counted: Vec::new(), places: HashMap::new(), last: 0, outside: 0 }
    }

    fn count(&mut self, log: Log, account: &str, region: &str, time: Timestamp) {
        let some = |text: &'_ str| -> Option<String> { (!text.is_empty()).then(|| text.to_owned()) };
        if !self.filter.is_empty() && !self.filter.wants(time, some(account).as_deref(), some(region).as_deref()) {
            self.outside += 1;
            return;
        }
        let same = |it: &Counted| it.log == log && it.account == account && it.region == region;
        if !self.counted.get(self.last).is_some_and(same) {
            let key = (log, account.to_owned(), region.to_owned());
            let next = self.counted.len();
            self.last = *self.places.entry(key).or_insert(next);
            if self.last == next {
                let (account, region) = (account.to_owned(), region.to_owned());
                let hours = Hours::default();
                self.counted.push(Counted { log, account, region, events: 0, first: time, last: time, hours });
            }
        }
        let counted = &mut self.counted[self.last];
        counted.events += 1;
        counted.first = counted.first.min(time);
        counted.last = counted.last.max(time);
        counted.hours.add(time);
    }

    /// In order, with the gaps and what digests say of them.
    fn settled(self, digests: &mut Digests) -> Vec<Stretch> {
        digests.unnamed.settle();
        let mut stretches: Vec<_> = self
            .counted
            .into_iter()
            .map(|counted| {
                let place = Place { account: counted.account.clone(), region: counted.region.clone() };
                let gaps = counted.hours.gaps().into_iter().map(|(hour, hours)| {
                    let from = Timestamp::from_micros(hour * HOUR);
                    let to = from.plus_micros(hours as i64 * HOUR);
                    let cause = match counted.log {
                        Log::CloudTrail => digests.cause(&place, from, to),
                        _ => Cause::Unknown,
                    };
                    HoursWithout { from, hours, cause }
                });
                Stretch { gaps: gaps.collect(), hours: counted.hours.count(), counted }
            })
            .collect();
        stretches.sort_by(|one, other| {
            let key = |it: &Stretch| (it.counted.log, it.counted.account.clone(), it.counted.region.clone());
            key(one).cmp(&key(other))
        });
        stretches
    }
}

impl Receiver for Seen {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        let (account, region) = (event.account(), event.region());
        self.count(event.log(), account.unwrap_or(""), region.unwrap_or(""), event.time());
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        self.count(Log::VpcFlow, flow.account, flow.region, flow.time());
        ControlFlow::Continue(())
    }
}

/// What the digests that were met say. Their signatures are for `logs verify`.
#[derive(Default)]
struct Digests {
    filter: LogFilter,
    count: u64,
    damaged: u64,
    unnamed: Unnamed,
    /// Logs that are there, by their file names.
    there: HashSet<String>,
    /// Logs that are named and were not met until now.
    missing: BTreeMap<String, (Place, Timestamp)>,
}

impl Digests {
    fn look(&mut self, input: &LogInput<'_>) {
        let name = match input {
            LogInput::File(path) => path.display().to_string(),
            LogInput::Bytes { name, .. } => name.display().to_string(),
            LogInput::Stream { .. } => return,
        };
        let Some(digest) = DigestName::parse(&name) else {
            let there = LogName::parse(&name).folder.is_some_and(|folder| folder.starts_with("CloudTrail"));
            if there {
                self.missing.remove(bare(&name));
                self.there.insert(bare(&name).to_owned());
            }
            return;
        };
        let text = match input {
            LogInput::File(path) => std::fs::File::open(path)
                .map_err(Into::into)
                .and_then(|file| text_of(std::io::BufReader::new(file), Limits::default())),
            LogInput::Bytes { bytes, .. } => text_of(*bytes, Limits::default()),
            LogInput::Stream { .. } => return,
        };
        let Ok(read) = text.map_err(drop).and_then(|text| Digest::parse(&text).map_err(drop)) else {
            self.damaged += 1;
            return;
        };
        self.count += 1;
        let place = Place { account: digest.account, region: digest.region };
        if !digest.backfill {
            self.unnamed.cover(place.clone(), read.start, read.end);
        }
        for log in read.logs {
            self.unnamed.name(&log.key);
            // What was not asked for was not looked for.
            if self.filter.unwanted(&LogName::parse(&log.key)).is_none() && !self.there.contains(bare(&log.key)) {
                self.missing.insert(bare(&log.key).to_owned(), (place.clone(), read.end));
            }
        }
    }

    /// Logs that a digest names and that are not there, with the end of the digest's hour.
    fn missing(&self) -> Vec<(String, Place, Timestamp)> {
        self.missing.iter().map(|(name, (place, end))| (name.clone(), place.clone(), *end)).collect()
    }

    fn cause(&self, place: &Place, from: Timestamp, to: Timestamp) -> Cause {
        let within = |end: &Timestamp| *end > from && *end <= to.plus_micros(HOUR);
        if self.missing.values().any(|(at, end)| at == place && within(end)) {
            return Cause::LogsMissing;
        }
        let spans = self.unnamed.spans().get(place).map(Vec::as_slice).unwrap_or_default();
        if spans.iter().any(|(start, end)| *start <= from && *end >= to) { Cause::Quiet } else { Cause::Unknown }
    }
}

/// The file's name, packed or not.
fn bare(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".gz").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_without_events() {
        let check = |hours: &[i64], gaps: &[(i64, u64)]| {
            let mut seen = Hours::default();
            hours.iter().for_each(|hour| seen.add(Timestamp::from_micros(hour * HOUR + 5)));
            assert_eq!(seen.gaps(), gaps, "{hours:?}");
        };
        check(&[], &[]);
        check(&[1000], &[]);
        check(&[1000, 1001, 1000], &[]);
        check(&[1000, 1003], &[(1001, 2)]);
        check(&[1003, 1000, 900, 1200], &[(901, 99), (1001, 2), (1004, 196)]);
        check(&[-3, 2], &[(-2, 4)]);
        // A time that is out of all reason takes no memory, and is no gap.
        check(&[490_000, 490_001, i64::MAX / HOUR], &[]);
    }
}
