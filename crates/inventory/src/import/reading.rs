//! Reads one file: its items go to the sink, its faults and what it says about itself to the summary.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use haechi_model::{AccountId, ConfigurationItem, Coverage};
use memchr::memmem;
use serde::Deserialize;

use super::body::{Body, Halt, Label, Listener, Part, Unfit};
use super::delivered::{Delivered, Tense};
use super::seen::{Reach, Seen};
use super::source::Source;
use super::window::Place;
use super::{NamedAccount, Run, Unreadable, extended};
use super::{oversized, problem};

/// Faults that are told of one file; more are only counted.
const TOLD: u64 = 100;

/// Oversized items of one import that are looked for.
const OVERSIZED: usize = 100_000;

/// Whether absent members are known to be absent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    NotAsked,
    Haechi,
    Other,
}

pub(crate) struct Reading<'f, 's> {
    run: &'f mut Run<'s>,
    source: Source<'f>,
    name: PathBuf,
    author: Author,
    /// A snapshot that has a newer one.
    past: bool,
    snapshot: bool,
    /// Within a message of SNS.
    enveloped: bool,
    seen: Seen,
    /// Items met, good or bad.
    met: u64,
    good: u64,
    faults: u64,
    lists: bool,
    /// There is some JSON.
    json: bool,
    foreign: Option<&'static str>,
    /// Values that do not look like items: how many, and the first.
    unlike: Option<(u64, Place)>,
    message: Option<String>,
}

/// Reads a file from its start to its end, or as far as it goes.
pub(crate) fn read<'s>(run: &mut Run<'s>, source: Source<'_>) {
    let name = source.name();
    let snapshot = name.file_name().is_some_and(|name| name.to_string_lossy().contains("_ConfigSnapshot_"));
    let delivered = name.to_str().and_then(Delivered::of);
    // An older snapshot says nothing of what is there today.
    let past = delivered.as_ref().is_some_and(|file| run.newest.is_past(file));
    let taken = run.taken.clone();
    let (limits, stop) = (run.limits, run.stop.clone());
    let mut reading = Reading {
        run,
        source,
        name,
        // A stream is read once; in S3 lies what AWS Config wrote.
        author: if matches!(source, Source::Stream(_)) { Author::Other } else { Author::NotAsked },
        past,
        snapshot,
        enveloped: false,
        seen: Seen::new(snapshot && !past),
        met: 0,
        good: 0,
        faults: 0,
        lists: false,
        json: false,
        foreign: None,
        unlike: None,
        message: None,
    };
    let end = match source.open(limits, &stop, taken) {
        Ok(text) => Body::new(text, limits.item, &mut reading).walk(),
        Err(error) => Err(Halt::Read(error)),
    };
    reading.finish(end);
}

impl Reading<'_, '_> {
    fn tell(&mut self, part: Option<Part>, reason: String, at: Option<Place>) {
        self.faults += 1;
        if self.faults > TOLD {
            self.run.summary.unreadable_unlisted += 1;
            return;
        }
        let item = matches!(part, Some(Part::Item | Part::Bare)).then(|| self.met.saturating_sub(1));
        let (line, column) = (at.map(|at| at.line), at.map(|at| at.column));
        self.run.unreadable(Unreadable { path: self.name.clone(), line, column, item, reason });
    }

    fn halted(&self) -> Result<(), Halt> {
        if self.run.failure.is_some() || self.run.stop.is_stopped() { Err(Halt::Enough) } else { Ok(()) }
    }

    fn item(&mut self, part: Part, text: &[u8], start: Place) -> Result<Result<(), Unfit>, Halt> {
        self.met += 1;
        let item = match ConfigurationItem::parse(text) {
            Ok(item) => item,
            Err(_) if part == Part::Bare && self.message_within(text)? => {
                self.met -= 1;
                return Ok(Ok(()));
            }
            Err(_) if part == Part::Bare && !looks_like_item(text) => {
                self.met -= 1;
                let (count, first) = self.unlike.unwrap_or((0, start));
                self.unlike = Some((count + 1, first));
                return Ok(Ok(()));
            }
            Err(error) => {
                let fault = problem::of_item(&error);
                let offset = fault.place.map_or(0, |place| problem::offset(text, place));
                self.tell(Some(part), fault.reason, Some(start.after(&text[..offset])));
                return Ok(Err(Unfit(offset)));
            }
        };
        let tense = match (self.past, self.snapshot) {
            (true, _) => Tense::Past,
            (false, true) => Tense::Present,
            (false, false) => self.run.newest.tense(&item),
        };
        if tense == Tense::Present {
            self.seen.item(&item);
        }
        self.good += 1;
        let missing = self.run.extended.missing(&item);
        let item = if missing.is_empty() || self.by_haechi() { item } else { extended::marked(item, text, &missing) };
        self.run.take(item, text.len(), tense);
        Ok(Ok(()))
    }

    /// A message of SNS is opened, and a notification of an oversized item is kept for later.
    fn message_within(&mut self, text: &[u8]) -> Result<bool, Halt> {
        match oversized::location(text) {
            Some(Ok(location)) => {
                self.lists = true;
                if self.run.oversized.len() < OVERSIZED {
                    self.run.oversized.push((location, self.name.clone()));
                } else {
                    self.run.summary.unreadable_unlisted += 1;
                }
                return Ok(true);
            }
            Some(Err(why)) => {
                self.tell(None, format!("an item was too large for a message, and is not in S3: {why}"), None);
                return Ok(true);
            }
            None => {}
        }
        if self.enveloped {
            return Ok(false);
        }
        let Some(message) = oversized::enveloped(text) else { return Ok(false) };
        self.enveloped = true;
        let limit = self.run.limits.item;
        let walked = Body::new(message.as_bytes(), limit, self).walk();
        self.enveloped = false;
        match walked {
            Err(Halt::Read(error)) => Err(Halt::Read(error)),
            _ => self.halted().map(|()| true),
        }
    }

    /// Whether Haechi wrote the file. Its word may stand behind the items: then the file is looked
    /// through once more for it, without reading items, the first time that it matters.
    fn by_haechi(&mut self) -> bool {
        if self.author == Author::NotAsked {
            let mut ahead = LookAhead(false);
            let nobody = Rc::new(Cell::new(0));
            if let Ok(text) = self.source.open(self.run.limits, &self.run.stop, nobody) {
                // However it ends: what was not found is not there.
                let _ = Body::new(text, self.run.limits.item, &mut ahead).walk();
            }
            self.author = if ahead.0 { Author::Haechi } else { Author::Other };
        }
        self.author == Author::Haechi
    }

    fn own(&mut self, part: Part, text: &[u8], start: Place) -> Result<(), Unfit> {
        let read = match part {
            Part::Coverage => serde_json::from_slice::<Coverage>(text).map(|line| self.seen.line(line)),
            _ => serde_json::from_slice::<AccountEntry>(text).map(|account| self.run.account(account)),
        };
        let reason = match read {
            Ok(true) => return Ok(()),
            Ok(false) => "more lines than Haechi keeps: this one is left out".to_owned(),
            Err(error) => problem::plain(&error.to_string()),
        };
        let list = if part == Part::Coverage { "haechi.coverage" } else { "haechi.accounts" };
        self.tell(Some(part), format!("`{list}`: {reason}"), Some(start));
        Ok(())
    }

    fn label(&mut self, label: Label, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        match label {
            Label::SnapshotId => self.seen.snapshot = true,
            Label::MessageType => self.message = Some(text.chars().take(80).collect()),
            Label::Organization => self.run.organization(&text),
        }
    }

    fn finish(mut self, end: Result<(), Halt>) {
        if self.run.stop.is_stopped() {
            self.run.summary.interrupted = true;
        } else if let Err(Halt::Read(error)) = end {
            self.tell(None, problem::of_read(&error), None);
        }
        let empty = self.good == 0 && self.faults == 0 && !self.lists;
        if let (Some((count, first)), false) = (self.unlike, empty) {
            let reason =
                format!("not a configuration item: it has no `resourceType` ({count} such values in the file)");
            self.tell(None, reason, Some(first));
        }
        if self.run.summary.interrupted {
            let message = format!("{}: the import was stopped", self.name.display());
            let reach = Reach::Part { code: "Interrupted", message };
            return self.run.coverage.add(self.seen, &reach);
        }
        if empty {
            let reason = match (self.foreign, &self.message) {
                (Some(what), _) => what.to_owned(),
                (None, Some(message)) => format!("a message `{message}` without a configuration item"),
                _ if self.json => "JSON without configuration items".to_owned(),
                _ => "the file is empty".to_owned(),
            };
            return self.run.skipped(self.name, reason);
        }
        let reach = if self.faults == 0 {
            Reach::Whole
        } else {
            let name = self.name.display();
            Reach::Part { code: "Unreadable", message: format!("{name}: parts of the file could not be read") }
        };
        self.run.coverage.add(self.seen, &reach);
        if self.good > 0 || self.faults == 0 {
            self.run.summary.files += 1;
        }
    }
}

/// Whether JSON on its own was meant to be an item.
fn looks_like_item(text: &[u8]) -> bool {
    ["\"resourceType\"", "\"configurationItemCaptureTime\""]
        .iter()
        .any(|key| memmem::find(text, key.as_bytes()).is_some())
}

impl Listener for Reading<'_, '_> {
    fn value(&mut self, part: Part, text: &[u8], start: Place) -> Result<Result<(), Unfit>, Halt> {
        self.json = true;
        self.halted()?;
        match part {
            Part::Item | Part::Bare => self.item(part, text, start),
            Part::Coverage | Part::Account => Ok(self.own(part, text, start)),
            Part::Text(label) => {
                self.label(label, text);
                Ok(Ok(()))
            }
        }
    }

    fn wrong(&mut self, part: Option<Part>, what: &str, at: Place) -> Result<(), Halt> {
        if matches!(part, Some(Part::Item | Part::Bare)) {
            self.met += 1;
        }
        self.tell(part, what.to_owned(), Some(at));
        self.halted()
    }

    fn list(&mut self, part: Part) -> Result<(), Halt> {
        self.json = true;
        match part {
            Part::Item | Part::Account => self.lists = true,
            Part::Coverage => {
                self.lists = true;
                self.seen.ours = true;
                self.author = Author::Haechi;
            }
            Part::Bare | Part::Text(_) => {}
        }
        self.halted()
    }

    fn foreign(&mut self, what: &'static str) {
        self.foreign = Some(what);
    }
}

/// Listens for nothing but `haechi.coverage`.
struct LookAhead(bool);

impl Listener for LookAhead {
    fn value(&mut self, _: Part, _: &[u8], _: Place) -> Result<Result<(), Unfit>, Halt> {
        Ok(Ok(()))
    }

    fn wrong(&mut self, _: Option<Part>, _: &str, _: Place) -> Result<(), Halt> {
        Ok(())
    }

    fn list(&mut self, part: Part) -> Result<(), Halt> {
        self.0 |= part == Part::Coverage;
        if self.0 { Err(Halt::Enough) } else { Ok(()) }
    }

    fn foreign(&mut self, _: &'static str) {}
}

/// An element of `haechi.accounts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountEntry {
    id: AccountId,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    ou_path: Option<String>,
    #[serde(default)]
    pub(crate) organization: Option<String>,
}

impl AccountEntry {
    pub(crate) fn named(self) -> NamedAccount {
        NamedAccount { id: self.id, name: self.name, ou_path: self.ou_path }
    }
}
