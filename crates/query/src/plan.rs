//! From a query to what has to be read for it, and from what the threads found to the answer.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use serde_json::Value;

use crate::aggregate::Accumulator;
use crate::condition::Bound;
use crate::json::{Paths, Take};
use crate::property::{Column, Place, SCALARS, Source, TagPart};
use crate::scalar::Scalar;
use crate::syntax::{Direction, Function, Property, Query, Selected};
use crate::worker::{Kept, Worker};

/// How much an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows of the answer; none: all.
    pub rows: Option<usize>,
    /// Groups of GROUP BY.
    pub groups: usize,
    /// Bytes of the rows that are kept, roughly.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: None, groups: 1_000_000, bytes: 1 << 30 }
    }
}

/// What a query found.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// There are more rows than were asked for.
    pub more: bool,
    /// Values that SUM and AVG left out, because they are no numbers.
    pub left_out: u64,
}

/// What has to be read of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// What stands beside the bodies is enough.
    Columns,
    /// Bodies of the resources that pass the conditions on what stands beside them.
    Bodies,
}

/// A query that is ready to run. Shared by threads.
#[derive(Debug)]
pub struct Plan {
    pub(crate) filter: Option<Bound>,
    pub(crate) filter_has_needles: bool,
    pub(crate) filter_paths: Paths,
    pub(crate) filter_seen: Paths,
    pub(crate) outputs: Outputs,
    pub(crate) paths: Paths,
    pub(crate) seen: Paths,
    pub(crate) limits: Limits,
    columns: Vec<String>,
    /// What threads share while they run.
    pub(crate) kept_bytes: AtomicUsize,
    pub(crate) groups: AtomicUsize,
    matched: AtomicU64,
}

#[derive(Debug)]
pub(crate) enum Outputs {
    Rows {
        values: Vec<Source>,
        order: Vec<(Source, Direction)>,
    },
    Groups {
        keys: Vec<Source>,
        aggregates: Vec<(Function, Option<Source>)>,
        columns: Vec<Cell>,
        order: Vec<(Cell, Direction)>,
    },
}

/// Where a column of a grouped answer comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell {
    Key(usize),
    Aggregate(usize),
}

/// Gives properties their places while a plan is made.
#[derive(Default)]
pub(crate) struct Binder {
    paths: Paths,
    seen: Paths,
}

impl Binder {
    fn source(&mut self, property: &Property, take: Take) -> Source {
        match Place::of(property) {
            Place::Column(column) => Source::Column(column),
            Place::Tags(part) => Source::Tags(part),
            Place::Seen(path) => Source::Seen(self.seen.add(&path, take)),
            Place::Body(path) => Source::Body(self.paths.add(&path, take)),
        }
    }

    /// Every single value of a property.
    pub(crate) fn scalars(&mut self, property: &Property) -> Source {
        self.source(property, Take::Scalars)
    }
}

impl Plan {
    pub fn new(query: &Query, limits: Limits) -> Self {
        let mut filter_binder = Binder::default();
        let filter = query.filter.as_ref().map(|condition| Bound::new(condition, &mut filter_binder));
        let mut binder = Binder::default();
        let selected: Vec<Selected> = query.select.iter().flat_map(unstarred).collect();
        let columns = selected.iter().map(Selected::name).collect();
        let outputs = match query.aggregates() {
            true => groups(query, &selected, &mut binder),
            false => rows(query, &selected, &mut binder),
        };
        Self {
            filter_has_needles: filter.as_ref().is_some_and(Bound::has_needles),
            filter,
            filter_paths: filter_binder.paths,
            filter_seen: filter_binder.seen,
            outputs,
            paths: binder.paths,
            seen: binder.seen,
            limits,
            columns,
            kept_bytes: AtomicUsize::new(0),
            groups: AtomicUsize::new(0),
            matched: AtomicU64::new(0),
        }
    }

    /// The columns of the answer.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether resources of an account, region and type can match at all.
    pub fn may_match(&self, account: &str, region: &str, resource_type: &str) -> bool {
        let Some(filter) = &self.filter else { return true };
        let decided = filter.decide(&mut |predicate| {
            let text = match predicate.source {
                Source::Column(Column::AccountId) => account,
                Source::Column(Column::AwsRegion) => region,
                Source::Column(Column::ResourceType) => resource_type,
                _ => return None,
            };
            Some(predicate.check.holds(&Scalar::text(text), predicate.case))
        });
        decided != Some(false)
    }

    /// Whether the condition asks for a resource type by its name or the beginning of its name.
    pub fn names_type(&self, resource_type: &str) -> bool {
        let mut tests = Vec::new();
        if let Some(filter) = &self.filter {
            filter.tests_of(Column::ResourceType, &mut tests);
        }
        tests.iter().any(|test| test.check.holds(&Scalar::text(resource_type), test.case))
    }

    /// The only resource ids that can match; none: any.
    pub fn resource_ids(&self) -> Option<Vec<String>> {
        let mut ids = self.filter.as_ref()?.required(Column::ResourceId)?;
        ids.sort();
        ids.dedup();
        Some(ids)
    }

    /// The only resource types that can match; none: any.
    pub fn resource_types(&self) -> Option<Vec<String>> {
        self.filter.as_ref()?.required(Column::ResourceType)
    }

    /// Whether bodies have to be read.
    pub fn reach(&self) -> Reach {
        if self.filter_paths.is_empty() && self.paths.is_empty() { Reach::Columns } else { Reach::Bodies }
    }

    /// Whether nothing that stands beside the bodies tells which of them are not needed, once accounts, regions
    /// and types have been chosen.
    pub fn wants_every_body(&self) -> bool {
        let Some(filter) = &self.filter else { return !self.paths.is_empty() };
        let chosen = |source: &Source| {
            matches!(source, Source::Column(Column::AccountId | Column::AwsRegion | Column::ResourceType))
        };
        let told_beside = filter.any_source(&mut |source| !chosen(source) && !matches!(source, Source::Body(_)));
        self.reach() == Reach::Bodies && !told_beside
    }

    /// Whether the columns that a store keeps beside the body are read: it may leave out the others.
    pub fn reads(&self, column: Column) -> bool {
        self.any_source(|source| *source == Source::Column(column))
    }

    pub fn reads_tags(&self) -> bool {
        self.any_source(|source| matches!(source, Source::Tags(_)))
    }

    /// Whether what stands with the version is read.
    pub fn reads_version(&self) -> bool {
        !self.filter_seen.is_empty() || !self.seen.is_empty()
    }

    fn any_source(&self, mut is: impl FnMut(&Source) -> bool) -> bool {
        if self.filter.as_ref().is_some_and(|filter| filter.any_source(&mut is)) {
            return true;
        }
        match &self.outputs {
            Outputs::Rows { values, order } => values.iter().chain(order.iter().map(|(source, _)| source)).any(is),
            Outputs::Groups { keys, aggregates, .. } => {
                keys.iter().chain(aggregates.iter().filter_map(|(_, source)| source.as_ref())).any(is)
            }
        }
    }

    /// What one thread needs to take rows.
    pub fn worker(&self) -> Worker<'_> {
        Worker::new(self)
    }

    /// Whether all rows have been found that were asked for: rows that come later are not wanted.
    ///
    /// True for answers in the order of the rows only. A reader asks between parts of the rows, and reads the
    /// parts that it has begun to their end: then the first rows are the same in every run.
    pub fn has_enough(&self) -> bool {
        match (&self.outputs, self.limits.rows) {
            (Outputs::Rows { order, .. }, Some(rows)) if order.is_empty() => {
                self.matched.load(std::sync::atomic::Ordering::Relaxed) > rows as u64
            }
            _ => false,
        }
    }

    pub(crate) fn note_match(&self) {
        self.matched.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// The directions of ORDER BY.
    pub(crate) fn compare_kept(&self, one: &Kept, two: &Kept) -> Ordering {
        let Outputs::Rows { order, .. } = &self.outputs else { return Ordering::Equal };
        let pairs = one.sort.iter().zip(&two.sort).zip(order);
        pairs
            .map(|((one, two), (_, direction))| directed(one, two, *direction))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| one.position.cmp(&two.position))
    }

    /// Joins what the threads found.
    pub fn finish(&self, workers: Vec<Worker<'_>>) -> Answer {
        let left_out = workers.iter().map(|worker| worker.left_out).sum();
        let rows = match &self.outputs {
            Outputs::Rows { .. } => {
                let mut kept: Vec<Kept> = workers.into_iter().flat_map(|worker| worker.rows).collect();
                kept.sort_unstable_by(|one, two| self.compare_kept(one, two));
                kept.into_iter().map(|kept| kept.values).collect()
            }
            Outputs::Groups { keys, aggregates, columns, order } => {
                let mut joined: HashMap<Box<[u8]>, Vec<Accumulator>> = HashMap::new();
                for (key, parts) in workers.into_iter().flat_map(|worker| worker.groups) {
                    match joined.get_mut(&key) {
                        Some(known) => known.iter_mut().zip(parts).for_each(|(known, part)| known.join(part)),
                        None => {
                            joined.insert(key, parts);
                        }
                    }
                }
                if keys.is_empty() && joined.is_empty() {
                    let nothing = aggregates.iter().map(|(function, _)| Accumulator::new(*function)).collect();
                    joined.insert(Box::default(), nothing);
                }
                grouped(joined, aggregates, columns, order)
            }
        };
        let mut answer = Answer { columns: self.columns.clone(), rows, more: false, left_out };
        if let Some(most) = self.limits.rows {
            answer.more = answer.rows.len() > most;
            answer.rows.truncate(most);
        }
        answer
    }
}

/// What is missing comes last in either direction.
fn directed(one: &Scalar<'_>, two: &Scalar<'_>, direction: Direction) -> Ordering {
    let missing = |value: &Scalar<'_>| *value == Scalar::Null;
    match direction {
        Direction::Ascending => one.order(two),
        Direction::Descending if missing(one) || missing(two) => one.order(two),
        Direction::Descending => two.order(one),
    }
}

fn unstarred(selected: &Selected) -> Vec<Selected> {
    match selected {
        Selected::All => SCALARS
            .iter()
            .map(|name| Selected::Property(Property { path: vec![(*name).to_owned()], at: 0..0 }))
            .collect(),
        other => vec![other.clone()],
    }
}

fn rows(query: &Query, selected: &[Selected], binder: &mut Binder) -> Outputs {
    let properties = |selected: &Selected| match selected {
        Selected::Property(property) => Some(property.clone()),
        _ => None,
    };
    Outputs::Rows {
        values: selected.iter().filter_map(properties).map(|property| binder.source(&property, Take::Whole)).collect(),
        order: query
            .order
            .iter()
            .filter_map(|order| Some((binder.scalars(&properties(&order.by)?), order.direction)))
            .collect(),
    }
}

fn groups(query: &Query, selected: &[Selected], binder: &mut Binder) -> Outputs {
    let keys = query.group.iter().map(|property| binder.scalars(property)).collect();
    let mut named: Vec<String> = Vec::new();
    let mut aggregates = Vec::new();
    let mut cell = |selected: &Selected| match selected {
        Selected::Aggregate(aggregate) => {
            let name = aggregate.name();
            let known = named.iter().position(|known| *known == name);
            Some(Cell::Aggregate(known.unwrap_or_else(|| {
                named.push(name);
                let source = aggregate.argument.as_ref().map(|property| binder.scalars(property));
                aggregates.push((aggregate.function, source));
                aggregates.len() - 1
            })))
        }
        Selected::Property(property) => query.group.iter().position(|group| group.path == property.path).map(Cell::Key),
        Selected::All => None,
    };
    let columns: Vec<Cell> = selected.iter().filter_map(&mut cell).collect();
    let order = query.order.iter().filter_map(|order| Some((cell(&order.by)?, order.direction))).collect();
    Outputs::Groups { keys, aggregates, columns, order }
}

fn grouped(
    joined: HashMap<Box<[u8]>, Vec<Accumulator>>,
    aggregates: &[(Function, Option<Source>)],
    columns: &[Cell],
    order: &[(Cell, Direction)],
) -> Vec<Vec<Value>> {
    // Without ORDER BY the largest group comes first.
    let count = aggregates.iter().position(|(function, _)| *function == Function::Count);
    let usual: Vec<_> = count.map(|at| (Cell::Aggregate(at), Direction::Descending)).into_iter().collect();
    let order = if order.is_empty() { &usual } else { order };
    let mut rows: Vec<(Vec<Value>, Vec<Value>)> = joined
        .into_iter()
        .map(|(key, parts)| (key_values(&key), parts.iter().map(Accumulator::result).collect()))
        .collect();
    let cell = |row: &(Vec<Value>, Vec<Value>), cell: Cell| match cell {
        Cell::Key(at) => row.0.get(at).cloned().unwrap_or_default(),
        Cell::Aggregate(at) => row.1.get(at).cloned().unwrap_or_default(),
    };
    let by_keys = |one: &[Value], two: &[Value]| {
        let pairs = one.iter().zip(two).map(|(one, two)| scalar_of(one).order(&scalar_of(two)));
        pairs.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    rows.sort_unstable_by(|one, two| {
        let chosen = order
            .iter()
            .map(|(at, direction)| directed(&scalar_of(&cell(one, *at)), &scalar_of(&cell(two, *at)), *direction));
        chosen.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| by_keys(&one.0, &two.0))
    });
    rows.iter().map(|row| columns.iter().map(|at| cell(row, *at)).collect()).collect()
}

fn key_values(key: &[u8]) -> Vec<Value> {
    // Keys are JSON texts that the worker wrote, divided by newlines, which JSON texts do not hold.
    key.split(|byte| *byte == b'\n').map(|part| serde_json::from_slice(part).unwrap_or_default()).collect()
}

fn scalar_of(value: &Value) -> Scalar<'_> {
    match value {
        Value::Bool(is) => Scalar::Bool(*is),
        Value::Number(number) => crate::scalar::Number::parse(&number.to_string()).map_or(Scalar::Null, Scalar::Number),
        Value::String(text) => Scalar::text(text),
        _ => Scalar::Null,
    }
}

pub(crate) fn tags_value(tags: &[(String, String)], part: &TagPart) -> Value {
    let of = |(key, value): &(String, String)| match part {
        TagPart::All => serde_json::json!({"key": key, "value": value, "tag": format!("{key}={value}")}),
        TagPart::Tag => format!("{key}={value}").into(),
        TagPart::Key => key.as_str().into(),
        TagPart::Value | TagPart::Of(_) => value.as_str().into(),
    };
    if let TagPart::Of(wanted) = part {
        return tags.iter().find(|(key, _)| key == wanted).map_or(Value::Null, of);
    }
    Value::Array(tags.iter().map(of).collect())
}
