//! The account of what was read, in words and as JSON.

use std::collections::BTreeMap;

use haechi_logs::digest::Place;
use haechi_logs::{FileKind, Problem, Summary, Unwanted};
use haechi_model::{Message, Timestamp};
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use crate::log_coverage::{Cause, HoursWithout, Stretch};
use crate::log_sources::LogsOpened;

/// What was seen, and what should have been.
pub(crate) struct Account {
    pub(crate) stretches: Vec<Stretch>,
    /// Logs that digests name and that are not there.
    pub(crate) missing: Vec<(String, Place, Timestamp)>,
    pub(crate) digests: u64,
    pub(crate) damaged_digests: u64,
    /// Events that the filters left out.
    pub(crate) outside: u64,
}

/// Lines of one kind under the table; JSON has all of them.
const SHOWN: usize = 20;

pub(crate) fn coverage_table(account: &Account, summary: &Summary, opened: &LogsOpened) -> Table {
    let columns = vec![
        Column::new("log", "column-log", Fit::Whole),
        Column::new("accountId", "column-account", Fit::Whole),
        Column::new("region", "column-region", Fit::Whole),
        Column::new("events", "column-events", Fit::Number),
        Column::new("first", "column-first-event", Fit::Whole),
        Column::new("last", "column-last-event", Fit::Whole),
        Column::new("hoursWithEvents", "column-hours", Fit::Number),
        Column::new("hoursWithout", "column-hours-without", Fit::Number),
        Column::new("longestGap", "column-longest-gap", Fit::Spare),
    ];
    let rows = account.stretches.iter().map(row).collect();
    let notes = notes(account, summary, opened);
    Table { columns, rows, empty: Message::new("coverage-nothing"), notes }
}

fn row(stretch: &Stretch) -> Vec<Cell> {
    let counted = &stretch.counted;
    let number = |count: u64| Cell::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let longest = stretch.gaps.iter().max_by_key(|gap| gap.hours);
    vec![
        counted.log.as_str().into(),
        counted.account.as_str().into(),
        counted.region.as_str().into(),
        number(counted.events),
        Cell::Time(counted.first),
        Cell::Time(counted.last),
        number(stretch.hours),
        number(stretch.gaps.iter().map(|gap| gap.hours).sum()),
        longest.map_or(Cell::Empty, |gap| Cell::Message(gap_words("coverage-longest", gap))),
    ]
}

fn gap_words(id: &str, gap: &HoursWithout) -> Message {
    Message::new(id).with("from", gap.from.to_string()).with("hours", gap.hours)
}

fn notes(account: &Account, summary: &Summary, opened: &LogsOpened) -> Vec<Message> {
    let mut notes = Vec::new();
    let files = |kind| summary.files_of(kind);
    notes.push(
        Message::new("coverage-files")
            .with("logs", files(FileKind::Log))
            .with("digests", files(FileKind::Digest))
            .with("empty", files(FileKind::Empty))
            .with("config", files(FileKind::Config))
            .with("rubbish", files(FileKind::Rubbish)),
    );
    let text = summary.text;
    notes.push(
        Message::new("coverage-bytes")
            .with("packed", summary.packed_bytes)
            .with("text", summary.text_bytes)
            .with("events", text.events)
            .with("others", text.others)
            .with("between", text.between)
            .with("damaged", text.damaged),
    );
    if text.total() != summary.text_bytes {
        notes.push(Message::new("coverage-bytes-lost").with("bytes", summary.text_bytes.abs_diff(text.total())));
    }
    notes.push(
        Message::new("coverage-events")
            .with("events", summary.events)
            .with("duplicates", summary.duplicates)
            .with("others", summary.others),
    );
    let mut counted = |id: &str, count: u64| {
        if count > 0 {
            notes.push(Message::new(id).with("count", count));
        }
    };
    counted("coverage-outside", account.outside);
    counted("coverage-lost", summary.lost);
    counted("coverage-damaged-digests", account.damaged_digests);
    for (why, count) in &opened.unwanted {
        counted(unwanted_files(*why), *count);
    }
    for (why, count) in &opened.unwanted_folders {
        counted(unwanted_folders(*why), *count);
    }
    for (kind, count) in &opened.other_kinds {
        notes.push(Message::new("coverage-other-kind").with("kind", kind.clone()).with("count", *count));
    }
    for (cause, id) in [
        (Cause::LogsMissing, "coverage-gap-missing"),
        (Cause::Unknown, "coverage-gap-unknown"),
        (Cause::Quiet, "coverage-gap-quiet"),
    ] {
        gaps(account, cause, id, &mut notes);
    }
    let missing = account.missing.iter().map(|(name, place, end)| {
        Message::new("coverage-missing")
            .with("file", name.clone())
            .with("account", place.account.clone())
            .with("region", place.region.clone())
            .with("end", end.to_string())
    });
    listed(missing.collect(), 0, &mut notes);
    let line = |id: &'static str| move |it: &Problem| Message::new(id).with("file", it.to_string());
    let skipped = summary.skipped.iter().chain(&opened.skipped).map(line("coverage-skipped"));
    listed(skipped.collect(), summary.skipped_unlisted, &mut notes);
    let problems = summary.problems.iter().chain(&opened.problems).map(line("coverage-problem"));
    listed(problems.collect(), summary.problems_unlisted, &mut notes);
    notes
}

/// Some of many lines, and how many more there are.
pub(crate) fn listed(mut lines: Vec<Message>, unlisted: u64, notes: &mut Vec<Message>) {
    let more = lines.len().saturating_sub(SHOWN) as u64 + unlisted;
    lines.truncate(SHOWN);
    notes.extend(lines);
    if more > 0 {
        notes.push(Message::new("coverage-more").with("count", more));
    }
}

fn gaps(account: &Account, cause: Cause, id: &'static str, notes: &mut Vec<Message>) {
    let mut all: Vec<_> = account
        .stretches
        .iter()
        .flat_map(|stretch| stretch.gaps.iter().map(move |gap| (stretch, gap)))
        .filter(|(_, gap)| gap.cause == cause)
        .collect();
    // The longest tell most.
    all.sort_by_key(|(_, gap)| std::cmp::Reverse(gap.hours));
    let lines = all.into_iter().map(|(stretch, gap)| {
        let counted = &stretch.counted;
        gap_words(id, gap)
            .with("log", counted.log.as_str())
            .with("account", counted.account.clone())
            .with("region", counted.region.clone())
    });
    listed(lines.collect(), 0, notes);
}

fn unwanted_files(why: Unwanted) -> &'static str {
    match why {
        Unwanted::Account => "coverage-files-account",
        Unwanted::Region => "coverage-files-region",
        Unwanted::Before => "coverage-files-before",
        Unwanted::After => "coverage-files-after",
    }
}

fn unwanted_folders(why: Unwanted) -> &'static str {
    match why {
        Unwanted::Account => "coverage-folders-account",
        Unwanted::Region => "coverage-folders-region",
        Unwanted::Before => "coverage-folders-before",
        Unwanted::After => "coverage-folders-after",
    }
}

pub(crate) fn coverage_json(account: &Account, summary: &Summary, opened: &LogsOpened) -> Value {
    let kind = |kind: &FileKind| match kind {
        FileKind::Log => "log",
        FileKind::Digest => "digest",
        FileKind::Empty => "empty",
        FileKind::Config => "config",
        FileKind::Unwanted => "unwanted",
        FileKind::Rubbish => "rubbish",
    };
    let why = |why: &Unwanted| match why {
        Unwanted::Account => "account",
        Unwanted::Region => "region",
        Unwanted::Before => "before",
        Unwanted::After => "after",
    };
    let unwanted = |counts: &BTreeMap<Unwanted, u64>| -> Value {
        counts
            .iter()
            .map(|(reason, count)| (why(reason).to_owned(), json!(count)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let problem = |it: &Problem| json!({"file": it.file.display().to_string(), "line": it.line, "record": it.record, "reason": it.what});
    let text = summary.text;
    json!({
        "schemaVersion": 1,
        "files": summary.files.iter().map(|(it, count)| (kind(it).to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
        "filesNotOpened": unwanted(&opened.unwanted),
        "foldersNotListed": unwanted(&opened.unwanted_folders),
        "otherKinds": opened.other_kinds,
        "bytes": {
            "packed": summary.packed_bytes, "text": summary.text_bytes, "events": text.events, "others": text.others,
            "between": text.between, "damaged": text.damaged, "unaccounted": summary.text_bytes.abs_diff(text.total()),
        },
        "events": {"read": summary.events, "duplicates": summary.duplicates, "outsideFilters": account.outside, "otherRecords": summary.others, "flowsLost": summary.lost},
        "coverage": account.stretches.iter().map(stretch_json).collect::<Vec<_>>(),
        "digests": {"read": account.digests, "damaged": account.damaged_digests},
        "missingLogs": account.missing.iter().map(|(name, place, end)| json!({"file": name, "accountId": place.account, "region": place.region, "digestEndTime": end})).collect::<Vec<_>>(),
        "skipped": summary.skipped.iter().chain(&opened.skipped).map(problem).collect::<Vec<_>>(),
        "skippedNotListed": summary.skipped_unlisted,
        "unreadable": summary.problems.iter().chain(&opened.problems).map(problem).collect::<Vec<_>>(),
        "unreadableNotListed": summary.problems_unlisted,
    })
}

fn stretch_json(stretch: &Stretch) -> Value {
    let counted = &stretch.counted;
    let cause = |gap: &HoursWithout| match gap.cause {
        Cause::Quiet => "quiet",
        Cause::LogsMissing => "logsMissing",
        Cause::Unknown => "unknown",
    };
    json!({
        "log": counted.log.as_str(), "accountId": counted.account, "region": counted.region, "events": counted.events,
        "first": counted.first, "last": counted.last, "hoursWithEvents": stretch.hours,
        "gaps": stretch.gaps.iter().map(|gap| json!({"from": gap.from, "hours": gap.hours, "cause": cause(gap)})).collect::<Vec<_>>(),
    })
}
