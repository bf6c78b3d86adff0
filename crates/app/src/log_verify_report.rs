//! What `logs verify` found, counted and put into words.

use std::collections::BTreeMap;

use haechi_logs::LogFilter;
use haechi_logs::digest::{Covered, DigestName, Gap, GapCause, Place, Reason, Verdict};
use haechi_model::{Message, Timestamp};
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::log_coverage_report::listed;
use crate::log_verify::{Checked, Verification, What};

/// Lines of the table; the rest is counted.
const LISTED: usize = 100_000;

/// Counts of one kind of file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    valid: u64,
    changed: u64,
    missing: u64,
    unchecked: u64,
}

/// One chain: what of it was looked at.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    digests: u64,
}

/// Everything that is found, as it comes.
pub(crate) struct Tally {
    filter: LogFilter,
    list_valid: bool,
    counts: BTreeMap<What, Counts>,
    lines: Vec<Checked>,
    unlisted_lines: u64,
    chains: BTreeMap<DigestName, Stretch>,
    begins: Vec<(DigestName, Timestamp, String)>,
    ends: Vec<(DigestName, Timestamp)>,
    gaps: Vec<(DigestName, Gap)>,
    /// Logs that no digest speaks of, by place.
    outside: BTreeMap<(Place, Covered), u64>,
    unread: Vec<(String, String)>,
    /// Missing digests that are not listed one by one.
    more: Vec<(DigestName, u64, Timestamp, Timestamp)>,
    /// Logs whose digest is changed, and which are not compared.
    unproved: u64,
    /// Digests whose key is not there, by its fingerprint and region.
    no_key: BTreeMap<(String, String), u64>,
    pub(crate) keys_problem: Option<String>,
}

impl Tally {
    pub(crate) fn new(filter: LogFilter, list_valid: bool) -> Self {
        Self {
            filter,
            list_valid,
            counts: BTreeMap::new(),
            lines: Vec::new(),
            unlisted_lines: 0,
            chains: BTreeMap::new(),
            begins: Vec::new(),
            ends: Vec::new(),
            gaps: Vec::new(),
            outside: BTreeMap::new(),
            unread: Vec::new(),
            more: Vec::new(),
            unproved: 0,
            no_key: BTreeMap::new(),
            keys_problem: None,
        }
    }

    fn count(&mut self, what: What, verdict: Verdict) {
        let counts = self.counts.entry(what).or_default();
        match verdict {
            Verdict::Valid => counts.valid += 1,
            Verdict::Changed => counts.changed += 1,
            Verdict::Missing => counts.missing += 1,
            Verdict::Unchecked => counts.unchecked += 1,
        }
    }

    fn line(&mut self, line: Checked) {
        let verdict = line.reason.as_ref().map_or(Verdict::Valid, Reason::verdict);
        self.count(line.what, verdict);
        // A log of a digest that is not proved is told by the digest.
        let is_told = match &line.reason {
            None | Some(Reason::Digest) => self.list_valid,
            // One key that is not there is told once.
            Some(Reason::NoKey { fingerprint, region }) => {
                *self.no_key.entry((fingerprint.clone(), region.clone())).or_default() += 1;
                self.list_valid
            }
            Some(_) => true,
        };
        if !is_told {
            return;
        }
        if self.lines.len() < LISTED {
            self.lines.push(line);
        } else {
            self.unlisted_lines += 1;
        }
    }

    pub(crate) fn digest(
        &mut self,
        name: &DigestName,
        span: (Timestamp, Timestamp),
        reason: Option<Reason>,
        file: String,
    ) {
        let chain = name.at(Timestamp::from_micros(0));
        let stretch = self.chains.entry(chain).or_insert(Stretch { from: span.0, to: span.1, digests: 0 });
        stretch.from = stretch.from.min(span.0);
        stretch.to = stretch.to.max(span.1);
        stretch.digests += 1;
        self.line(Checked::of(name, Some(name.end), reason, file));
    }

    pub(crate) fn missing(&mut self, chain: &DigestName, end: Timestamp, reason: Reason, file: String) {
        self.line(Checked::of(chain, Some(end), Some(reason), file));
    }

    pub(crate) fn missing_more(&mut self, chain: &DigestName, count: u64, from: Timestamp, to: Timestamp) {
        self.counts.entry(What::Digest).or_default().missing += count;
        self.more.push((chain.clone(), count, from, to));
    }

    pub(crate) fn log(&mut self, chain: &DigestName, reason: Option<Reason>, proved: bool, file: String) {
        let reason = if proved { reason } else { reason.or(Some(Reason::Digest)) };
        self.line(Checked { what: What::Log, ..Checked::of(chain, None, reason, file) });
    }

    /// Logs that a digest names which is not CloudTrail's any more.
    pub(crate) fn unproved(&mut self, logs: usize) {
        self.unproved += logs as u64;
        self.counts.entry(What::Log).or_default().unchecked += logs as u64;
    }

    pub(crate) fn unnamed(&mut self, place: Place, covered: Covered, file: String) {
        if covered == Covered::Unnamed {
            let Place { account, region } = place;
            let reason = Some(Reason::NoDigest);
            self.line(Checked { what: What::Log, account, region, at: None, reason, file });
        } else {
            *self.outside.entry((place, covered)).or_default() += 1;
        }
    }

    pub(crate) fn unlisted(&mut self, file: String, why: String) {
        self.unread.push((file, why));
    }

    pub(crate) fn begins(&mut self, chain: &DigestName, at: Timestamp, before: String) {
        self.begins.push((chain.clone(), at, before));
    }

    pub(crate) fn ends(&mut self, chain: &DigestName, at: Timestamp) {
        self.ends.push((chain.clone(), at));
    }

    pub(crate) fn gap(&mut self, chain: &DigestName, gap: Gap) {
        self.gaps.push((chain.clone(), gap));
    }

    fn counts(&self, what: What) -> Counts {
        self.counts.get(&what).copied().unwrap_or_default()
    }

    fn exit(&self) -> Exit {
        let all = || self.counts.values();
        let never: u64 =
            self.outside.iter().filter(|((_, why), _)| *why == Covered::Never).map(|(_, count)| count).sum();
        if all().any(|counts| counts.changed + counts.missing > 0) {
            Exit::Findings
        } else if all().any(|counts| counts.unchecked > 0)
            || never > 0
            || !self.unread.is_empty()
            || self.chains.is_empty()
        {
            Exit::Failed
        } else {
            Exit::Clean
        }
    }

    pub(crate) fn finish(self) -> Verification {
        let exit = self.exit();
        let (json, notes) = (self.json(exit), self.notes());
        let columns = vec![
            Column::new("status", "column-status", Fit::Whole),
            Column::new("kind", "column-file-kind", Fit::Whole),
            // The file's name has them all: they are for machines.
            Column::new("accountId", "column-account", Fit::Machine),
            Column::new("region", "column-region", Fit::Machine),
            Column::new("digestEndTime", "column-digest-end", Fit::Machine),
            Column::new("reason", "column-reason", Fit::Wrap),
            Column::new("file", "column-file", Fit::Wrap),
        ];
        let rows = self.lines.iter().map(row).collect();
        let empty = if exit == Exit::Clean { "verify-all-valid" } else { "verify-nothing-listed" };
        Verification { table: Table { columns, rows, empty: Message::new(empty), notes }, json, exit }
    }

    fn notes(&self) -> Vec<Message> {
        let mut notes = Vec::new();
        for (what, id) in
            [(What::Digest, "verify-digests"), (What::Backfill, "verify-backfill"), (What::Log, "verify-logs")]
        {
            let Counts { valid, changed, missing, unchecked } = self.counts(what);
            if what != What::Backfill || valid + changed + missing + unchecked > 0 {
                notes.push(
                    Message::new(id)
                        .with("valid", valid)
                        .with("changed", changed)
                        .with("missing", missing)
                        .with("unchecked", unchecked),
                );
            }
        }
        let chain = |id: &str, chain: &DigestName| {
            let DigestName { account, region, trail, .. } = chain;
            Message::new(id)
                .with("account", account.clone())
                .with("region", region.clone())
                .with("trail", trail.clone())
        };
        // An organization has many chains.
        let chains = self.chains.iter().map(|(name, stretch)| {
            let note = chain("verify-chain", name).with("digests", stretch.digests);
            note.with("from", stretch.from.to_string()).with("to", stretch.to.to_string())
        });
        listed(chains.collect(), 0, &mut notes);
        let more = self.more.iter().map(|(name, count, from, to)| {
            let note = chain("verify-missing-more", name).with("count", *count);
            note.with("from", from.to_string()).with("to", to.to_string())
        });
        notes.extend(more);
        let gaps = self.gaps.iter().map(|(name, gap)| {
            let id = if gap.cause == GapCause::Off { "verify-gap-off" } else { "verify-gap-apart" };
            chain(id, name).with("from", gap.from.to_string()).with("to", gap.to.to_string())
        });
        listed(gaps.collect(), 0, &mut notes);
        let begins = self.begins.iter().map(|(name, at, before)| {
            chain("verify-begins", name).with("at", at.to_string()).with("before", before.clone())
        });
        listed(begins.collect(), 0, &mut notes);
        let ends = self.ends.iter().map(|(name, at)| chain("verify-ends", name).with("at", at.to_string()));
        listed(ends.collect(), 0, &mut notes);
        let outside = self.outside.iter().map(|((place, why), count)| {
            let id = match why {
                Covered::Due => "verify-logs-due",
                Covered::Never => "verify-logs-never",
                _ => "verify-logs-outside",
            };
            let note = Message::new(id).with("account", place.account.clone()).with("region", place.region.clone());
            note.with("count", *count)
        });
        listed(outside.collect(), 0, &mut notes);
        if self.unproved > 0 {
            notes.push(Message::new("verify-unproved").with("count", self.unproved));
        }
        for ((fingerprint, region), count) in &self.no_key {
            let note = Message::new("verify-no-keys").with("count", *count);
            notes.push(note.with("fingerprint", fingerprint.clone()).with("region", region.clone()));
        }
        if let Some(problem) = &self.keys_problem {
            notes.push(Message::new("verify-keys-problem").with("problem", problem.clone()));
        }
        for (file, why) in &self.unread {
            notes.push(Message::new("verify-unread").with("file", file.clone()).with("why", why.clone()));
        }
        if self.unlisted_lines > 0 {
            notes.push(Message::new("verify-unlisted").with("count", self.unlisted_lines));
        }
        notes
    }

    fn json(&self, exit: Exit) -> Value {
        let counts = |what: What| {
            let Counts { valid, changed, missing, unchecked } = self.counts(what);
            json!({"valid": valid, "changed": changed, "missing": missing, "unchecked": unchecked})
        };
        let of = |chain: &DigestName| json!({"accountId": chain.account, "region": chain.region, "trail": chain.trail, "homeRegion": chain.home, "backfill": chain.backfill});
        let with = |chain: &DigestName, more: Value| {
            let mut value = of(chain);
            if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
                value.extend(more);
            }
            value
        };
        let cause = |gap: &Gap| match gap.cause {
            GapCause::Off => "validationOff",
            GapCause::Missing => "digestsMissing",
            GapCause::Apart => "digestsApart",
        };
        let outside = |why: &Covered| match why {
            Covered::Due => "digestDue",
            Covered::Never => "noDigests",
            _ => "outsideDigests",
        };
        json!({
            "schemaVersion": 1,
            "result": match exit { Exit::Clean => "valid", Exit::Findings => "changed", Exit::Failed => "unchecked" },
            "since": self.filter.since,
            "until": self.filter.until,
            "digests": counts(What::Digest),
            "backfillDigests": counts(What::Backfill),
            "logs": counts(What::Log),
            "chains": self.chains.iter().map(|(chain, it)| with(chain, json!({"from": it.from, "to": it.to, "digests": it.digests}))).collect::<Vec<_>>(),
            "gaps": self.gaps.iter().map(|(chain, gap)| with(chain, json!({"from": gap.from, "to": gap.to, "cause": cause(gap)}))).collect::<Vec<_>>(),
            "begins": self.begins.iter().map(|(chain, at, before)| with(chain, json!({"at": at, "previousDigest": before}))).collect::<Vec<_>>(),
            "ends": self.ends.iter().map(|(chain, at)| with(chain, json!({"at": at}))).collect::<Vec<_>>(),
            "moreMissing": self.more.iter().map(|(chain, count, from, to)| with(chain, json!({"count": count, "from": from, "to": to}))).collect::<Vec<_>>(),
            "logsNotCovered": self.outside.iter().map(|((place, why), count)| json!({"accountId": place.account, "region": place.region, "why": outside(why), "count": count})).collect::<Vec<_>>(),
            "keysMissing": self.no_key.iter().map(|((fingerprint, region), count)| json!({"fingerprint": fingerprint, "region": region, "digests": count})).collect::<Vec<_>>(),
            "unreadable": self.unread.iter().map(|(file, why)| json!({"file": file, "reason": why})).collect::<Vec<_>>(),
            "files": self.lines.iter().map(file_json).collect::<Vec<_>>(),
            "filesNotListed": self.unlisted_lines,
        })
    }
}

impl Checked {
    fn of(name: &DigestName, at: Option<Timestamp>, reason: Option<Reason>, file: String) -> Self {
        let what = if name.backfill { What::Backfill } else { What::Digest };
        Self { what, account: name.account.clone(), region: name.region.clone(), at, reason, file }
    }

    fn status(&self) -> &'static str {
        match &self.reason {
            None => "VALID",
            Some(Reason::NoDigest) => "UNNAMED",
            Some(reason) => match reason.verdict() {
                Verdict::Valid => "VALID",
                Verdict::Changed => "CHANGED",
                Verdict::Missing => "MISSING",
                Verdict::Unchecked => "UNCHECKED",
            },
        }
    }

    fn kind(&self) -> &'static str {
        match self.what {
            What::Digest => "digest",
            What::Backfill => "backfillDigest",
            What::Log => "log",
        }
    }
}

fn row(line: &Checked) -> Vec<Cell> {
    vec![
        line.status().into(),
        line.kind().into(),
        line.account.as_str().into(),
        line.region.as_str().into(),
        line.at.map_or(Cell::Empty, Cell::Time),
        line.reason.as_ref().map_or(Cell::Empty, |reason| Cell::Message(words(reason))),
        line.file.as_str().into(),
    ]
}

fn file_json(line: &Checked) -> Value {
    let reason = line.reason.as_ref().map(|reason| {
        let message = words(reason);
        let catalog = haechi_i18n::Catalog::new(haechi_i18n::Language::En);
        json!({"code": message.id, "text": catalog.message(&message), "arguments": message.args})
    });
    json!({"status": line.status(), "kind": line.kind(), "accountId": line.account, "region": line.region, "digestEndTime": line.at, "reason": reason, "file": line.file})
}

/// A reason as a sentence of the locales.
fn words(reason: &Reason) -> Message {
    match reason {
        Reason::Moved { original } => Message::new("verify-moved").with("original", original.clone()),
        Reason::Signature => Message::new("verify-signature"),
        Reason::Metadata => Message::new("verify-metadata"),
        Reason::Chain => Message::new("verify-chain-hash"),
        Reason::Hash => Message::new("verify-hash"),
        Reason::Damaged(why) => Message::new("verify-damaged").with("why", why.clone()),
        Reason::Named { by } => Message::new("verify-named").with("by", by.clone()),
        Reason::Hour => Message::new("verify-hour"),
        Reason::NoSignature => Message::new("verify-no-signature"),
        Reason::NoKey { fingerprint, region } => {
            Message::new("verify-no-key").with("fingerprint", fingerprint.clone()).with("region", region.clone())
        }
        Reason::Algorithm => Message::new("verify-algorithm"),
        Reason::Unread(why) => Message::new("verify-not-read").with("why", why.clone()),
        Reason::Digest => Message::new("verify-digest-unproved"),
        Reason::NoDigest => Message::new("verify-no-digest"),
    }
}
