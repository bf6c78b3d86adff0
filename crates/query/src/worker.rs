//! What one thread does with rows: decides, reads, groups or keeps.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

use haechi_model::Timestamp;
use serde_json::Value;

use crate::aggregate::Accumulator;
use crate::condition::{Bound, tag_texts};
use crate::json::{Malformed, Pieces};
use crate::plan::{Outputs, Plan, tags_value};
use crate::property::{Column, Source, TagPart};
use crate::scalar::Scalar;

/// A resource as a store has it. What costs to read is fetched first and looked at then.
pub trait Row {
    type Error;

    /// Where the row stands in the order of the store.
    fn position(&self) -> u64;
    /// A column's text; none when the resource has none. Not asked for the time.
    fn column(&self, column: Column) -> Option<&str>;
    fn captured(&self) -> Timestamp;
    /// The tags as a JSON object; none when there are none.
    fn tags(&self) -> Option<&str>;
    fn fetch_version(&mut self) -> Result<(), Self::Error>;
    /// The members that stand with the version, as a JSON object.
    fn version(&self) -> &[u8];
    fn fetch_body(&mut self) -> Result<(), Self::Error>;
    /// The members of the item, as a JSON object.
    fn body(&self) -> &[u8];
}

/// Why a query ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped<E> {
    /// The row could not be read.
    Row(E),
    /// An item's body is not JSON.
    Malformed,
    /// More groups than the limit.
    Groups(usize),
    /// More bytes of rows than the limit.
    Bytes(usize),
}

impl<E> From<Malformed> for Stopped<E> {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// One thread's part of a query.
#[derive(Debug)]
pub struct Worker<'p> {
    plan: &'p Plan,
    pub(crate) rows: Vec<Kept>,
    pub(crate) groups: HashMap<Box<[u8]>, Vec<Accumulator>>,
    pub(crate) left_out: u64,
    tags: Vec<(String, String)>,
    filter_pieces: Pieces,
    filter_version: Pieces,
    pieces: Pieces,
    version: Pieces,
    key: Vec<u8>,
}

/// A row of the answer, before all are there.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) sort: Vec<Scalar<'static>>,
    pub(crate) position: u64,
    pub(crate) values: Vec<Value>,
    bytes: usize,
}

/// Where values are looked for: the row and what was read of it.
struct Look<'a, R> {
    row: &'a R,
    tags: &'a [(String, String)],
    pieces: &'a Pieces,
    version: &'a Pieces,
}

impl<R: Row> Look<'_, R> {
    /// Gives each single value of a property until one is enough.
    fn any(&self, source: &Source, mut is: impl FnMut(Scalar<'_>) -> bool) -> bool {
        let mut json = |bytes: &[u8]| Scalar::of_json(bytes).is_some_and(&mut is);
        match source {
            Source::Body(slot) => self.pieces.of(*slot, self.row.body()).any(json),
            Source::Seen(slot) => self.version.of(*slot, self.row.version()).any(&mut json),
            Source::Column(Column::CaptureTime) => is(Scalar::Text(self.row.captured().to_string().into())),
            Source::Column(column) => self.row.column(*column).is_some_and(|text| is(Scalar::text(text))),
            Source::Tags(part) => self
                .tags
                .iter()
                .any(|(key, value)| tag_texts(part, key, value).iter().any(|text| is(Scalar::text(text)))),
        }
    }

    fn each(&self, source: &Source, mut take: impl FnMut(Scalar<'_>)) {
        // As it is shown, a tag has one spelling.
        if let Source::Tags(TagPart::Tag) = source {
            return self.tags.iter().for_each(|(key, value)| take(Scalar::text(&format!("{key}={value}"))));
        }
        self.any(source, |value| {
            take(value);
            false
        });
    }

    /// The value of a property as a column of the answer.
    fn whole(&self, source: &Source) -> Value {
        let json = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or_default();
        let found = |pieces: &Pieces, slot: usize, document: &[u8]| {
            let mut values = pieces.of(slot, document).map(json);
            if pieces.is_list(slot) { Value::Array(values.collect()) } else { values.next().unwrap_or_default() }
        };
        match source {
            Source::Body(slot) => found(self.pieces, *slot, self.row.body()),
            Source::Seen(slot) => found(self.version, *slot, self.row.version()),
            Source::Column(Column::CaptureTime) => self.row.captured().to_string().into(),
            Source::Column(column) => self.row.column(*column).map_or(Value::Null, Value::from),
            Source::Tags(part) => tags_value(self.tags, part),
        }
    }
}

impl<'p> Worker<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            rows: Vec::new(),
            groups: HashMap::new(),
            left_out: 0,
            tags: Vec::new(),
            filter_pieces: Pieces::default(),
            filter_version: Pieces::default(),
            pieces: Pieces::default(),
            version: Pieces::default(),
            key: Vec::new(),
        }
    }

    /// Takes one row into the answer when the condition holds for it.
    pub fn take<R: Row>(&mut self, row: &mut R) -> Result<(), Stopped<R::Error>> {
        let plan = self.plan;
        self.tags.clear();
        if plan.reads_tags() {
            self.tags = tags(row.tags());
        }
        if !self.matches(row)? {
            return Ok(());
        }
        plan.note_match();
        if !plan.paths.is_empty() {
            row.fetch_body().map_err(Stopped::Row)?;
            plan.paths.read(row.body(), &mut self.pieces)?;
        }
        if !plan.seen.is_empty() {
            row.fetch_version().map_err(Stopped::Row)?;
            plan.seen.read(row.version(), &mut self.version)?;
        }
        match &plan.outputs {
            Outputs::Rows { .. } => self.keep(row),
            Outputs::Groups { .. } => self.count(row),
        }
    }

    fn matches<R: Row>(&mut self, row: &mut R) -> Result<bool, Stopped<R::Error>> {
        let Some(filter) = &self.plan.filter else { return Ok(true) };
        let look = Look { row: &*row, tags: &self.tags, pieces: &self.filter_pieces, version: &self.filter_version };
        let decided = filter.decide(&mut |predicate| match predicate.source {
            Source::Body(_) | Source::Seen(_) => None,
            _ => Some(look.any(&predicate.source, |value| predicate.check.holds(&value, predicate.case))),
        });
        if let Some(decided) = decided {
            return Ok(decided);
        }
        if !self.plan.filter_paths.is_empty() {
            row.fetch_body().map_err(Stopped::Row)?;
            if self.cannot_match(row, filter) {
                return Ok(false);
            }
            self.plan.filter_paths.read(row.body(), &mut self.filter_pieces)?;
        }
        if !self.plan.filter_seen.is_empty() {
            row.fetch_version().map_err(Stopped::Row)?;
            self.plan.filter_seen.read(row.version(), &mut self.filter_version)?;
        }
        let look = Look { row: &*row, tags: &self.tags, pieces: &self.filter_pieces, version: &self.filter_version };
        let decided = filter.decide(&mut |predicate| {
            Some(look.any(&predicate.source, |value| predicate.check.holds(&value, predicate.case)))
        });
        Ok(decided == Some(true))
    }

    /// Looks for the bytes that the condition needs: most bodies that do not match are told by that alone.
    fn cannot_match<R: Row>(&self, row: &R, filter: &Bound) -> bool {
        let body = row.body();
        // What is escaped may be spelled in another way.
        if !self.plan.filter_has_needles || memchr::memchr(b'\\', body).is_some() {
            return false;
        }
        let look = Look { row, tags: &self.tags, pieces: &self.filter_pieces, version: &self.filter_version };
        let decided = filter.decide(&mut |predicate| match predicate.source {
            Source::Body(_) if predicate.may_hold_in(body) => None,
            Source::Body(_) => Some(false),
            Source::Seen(_) => None,
            _ => Some(look.any(&predicate.source, |value| predicate.check.holds(&value, predicate.case))),
        });
        decided == Some(false)
    }

    fn keep<R: Row>(&mut self, row: &R) -> Result<(), Stopped<R::Error>> {
        let Outputs::Rows { values, order } = &self.plan.outputs else { return Ok(()) };
        let look = Look { row, tags: &self.tags, pieces: &self.pieces, version: &self.version };
        let sort = order
            .iter()
            .map(|(source, direction)| {
                // Of several values the one that comes first in the direction.
                let mut first: Option<Scalar<'static>> = None;
                look.each(source, |value| {
                    let before = |first: &Scalar<'static>| match direction {
                        crate::syntax::Direction::Ascending => value.order(first).is_lt(),
                        crate::syntax::Direction::Descending => value.order(first).is_gt(),
                    };
                    if value != Scalar::Null && first.as_ref().is_none_or(before) {
                        first = Some(value.into_owned());
                    }
                });
                first.unwrap_or(Scalar::Null)
            })
            .collect();
        let values: Vec<Value> = values.iter().map(|source| look.whole(source)).collect();
        let bytes = 64 + values.iter().map(weight).sum::<usize>();
        self.rows.push(Kept { sort, position: row.position(), values, bytes });
        let kept = self.plan.kept_bytes.fetch_add(bytes, Relaxed) + bytes;
        self.drop_surplus();
        if kept > self.plan.limits.bytes { Err(Stopped::Bytes(self.plan.limits.bytes)) } else { Ok(()) }
    }

    /// Of rows in an order only the first are wanted: twice as many are kept, then the best half stays.
    fn drop_surplus(&mut self) {
        let Some(most) = self.plan.limits.rows.map(|rows| rows.saturating_add(1)) else { return };
        if self.rows.len() < most.saturating_mul(2).max(1024) {
            return;
        }
        let plan = self.plan;
        self.rows.select_nth_unstable_by(most - 1, |one, two| plan.compare_kept(one, two));
        let dropped: usize = self.rows.drain(most..).map(|kept| kept.bytes).sum();
        plan.kept_bytes.fetch_sub(dropped, Relaxed);
    }

    fn count<R: Row>(&mut self, row: &R) -> Result<(), Stopped<R::Error>> {
        let Outputs::Groups { keys, aggregates, .. } = &self.plan.outputs else { return Ok(()) };
        let look = Look { row, tags: &self.tags, pieces: &self.pieces, version: &self.version };
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        // Nearly always each property has one value, and the row one group.
        let single = keys.iter().enumerate().all(|(at, source)| {
            let mut values = 0;
            look.each(source, |value| {
                values += 1;
                if values == 1 {
                    if at > 0 {
                        key.push(b'\n');
                    }
                    value.write_key(&mut key);
                }
            });
            if values == 0 {
                key.extend(if at > 0 { &b"\nnull"[..] } else { b"null" });
            }
            values <= 1
        });
        let groups = match single {
            true => None,
            false => Some(combinations(keys, &look).ok_or(Stopped::Groups(self.plan.limits.groups))?),
        };
        let many: &[Vec<u8>] = groups.as_deref().unwrap_or(std::slice::from_ref(&key));
        let mut left_out = 0;
        for group in many {
            let parts = match self.groups.get_mut(group.as_slice()) {
                Some(parts) => parts,
                None => {
                    let number = self.plan.groups.fetch_add(1, Relaxed);
                    if number >= self.plan.limits.groups {
                        return Err(Stopped::Groups(self.plan.limits.groups));
                    }
                    let fresh = aggregates.iter().map(|(function, _)| Accumulator::new(*function)).collect();
                    self.groups.entry(group.as_slice().into()).or_insert(fresh)
                }
            };
            for (part, (_, source)) in parts.iter_mut().zip(aggregates) {
                left_out += add(part, source.as_ref(), &look);
            }
        }
        self.left_out += left_out;
        self.key = key;
        Ok(())
    }
}

/// Adds a row to one aggregate, and gives the number of values that it could not use.
fn add<R: Row>(part: &mut Accumulator, source: Option<&Source>, look: &Look<'_, R>) -> u64 {
    let Some(source) = source else {
        part.row();
        return 0;
    };
    let (mut left_out, mut present) = (0, false);
    look.each(source, |value| {
        present |= value != Scalar::Null;
        left_out += u64::from(!part.value(&value));
    });
    if present {
        part.row();
    }
    left_out
}

/// Groups that one row may be in: lists of lists of an item multiply.
const MOST_OF_A_ROW: usize = 100_000;

/// Every group of a row whose properties have several values: each in each. None when they are too many.
fn combinations<R: Row>(keys: &[Source], look: &Look<'_, R>) -> Option<Vec<Vec<u8>>> {
    let mut groups = vec![Vec::new()];
    for (at, source) in keys.iter().enumerate() {
        let mut values: Vec<Vec<u8>> = Vec::new();
        look.each(source, |value| {
            let mut key = Vec::new();
            value.write_key(&mut key);
            values.push(key);
        });
        values.sort_unstable();
        values.dedup();
        if values.is_empty() {
            values.push(b"null".to_vec());
        }
        if groups.len().saturating_mul(values.len()) > MOST_OF_A_ROW {
            return None;
        }
        let divider: &[u8] = if at > 0 { b"\n" } else { b"" };
        groups = groups
            .iter()
            .flat_map(|group| values.iter().map(move |value| [group.as_slice(), divider, value].concat()))
            .collect();
    }
    Some(groups)
}

/// The tags of an item: an object of texts, or AWS's list of keys and values.
fn tags(json: Option<&str>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match json.map(serde_json::from_str::<Value>) {
        Some(Ok(Value::Object(tags))) => tags.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
        Some(Ok(Value::Array(tags))) => tags.iter().map(|tag| (text(&tag["key"]), text(&tag["value"]))).collect(),
        _ => Vec::new(),
    }
}

/// The memory that a value takes, roughly.
fn weight(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + 40 + weight(value)).sum(),
        _ => 0,
    };
    size_of::<Value>() + inner
}
