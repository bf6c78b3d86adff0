//! Filters over events: the grammar of filters over columns and the fields of a log, compiled to the same tests as
//! detections. Letters' case does not count, as in detections.

use std::collections::HashMap;

use haechi_model::Log;
use haechi_model::event::{Event, FieldError, Fields, Slot};
use haechi_model::filter::{FilterError, Grammar, Side, Term, Words};

use super::columns::{EventColumn, EventView};
use crate::intel::Intel;
use crate::matcher::{Answers, Compiler, Node as Fitting, Tests};
use crate::principal::ip;
use crate::sigma::{Body, Case, Comparison, Item, Join, Test, in_ranges, wrong_path};
use crate::sigma::{Pattern, Shape};

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventField {
    Column(EventColumn),
    /// A path of the log's own fields.
    Path(Box<str>),
    /// Anywhere in the record.
    Record,
}

impl EventField {
    /// A column by its name, else a path.
    pub fn named(word: &str) -> Result<Self, String> {
        match (EventColumn::named(word), wrong_path(word)) {
            (Some(column), _) => Ok(Self::Column(column)),
            (None, Some(wrong)) => Err(wrong),
            (None, None) => Ok(Self::Path(word.into())),
        }
    }
}

/// What events must be like.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// All of them; none: every event.
    terms: Vec<Term<EventField>>,
}

struct EventFields;

impl Grammar for EventFields {
    type Field = EventField;

    fn field(&self, words: &mut Words<'_>) -> Result<EventField, FilterError> {
        let (at, word) = (words.place(), words.word());
        if word.is_empty() {
            return Err(words.error("expected a field, NOT or `(`"));
        }
        words.take(word.len());
        EventField::named(word).map_err(|wrong| words.error_at(at, wrong))
    }

    fn value(&self, field: &EventField, value: String) -> Result<String, String> {
        match field {
            EventField::Column(EventColumn::Log) => value.parse::<Log>().map(|log| log.as_str().to_owned()),
            EventField::Column(EventColumn::ReadOnly) if !matches!(&*value, "true" | "false") => {
                Err(format!("`{value}` is neither true nor false"))
            }
            _ => Ok(value),
        }
    }

    fn has_numbers(&self) -> bool {
        true
    }
}

impl EventFilter {
    /// Adds a filter as it is written: `eventName IN (StopLogging, DeleteTrail) AND address ~ '192.0.2.*'`.
    pub fn and(&mut self, text: &str) -> Result<(), FilterError> {
        self.terms.push(Term::parse(&EventFields, text)?);
        Ok(())
    }

    /// Adds: one of these columns is like one of these globs. Without globs it adds nothing.
    pub fn and_like(&mut self, columns: &[EventColumn], globs: &[String]) {
        if globs.is_empty() {
            return;
        }
        let of = |column: &EventColumn| {
            globs.iter().map(|glob| Term::Glob(EventField::Column(*column), glob.clone())).collect::<Vec<_>>()
        };
        self.terms.push(Term::Any(columns.iter().flat_map(of).collect()));
    }

    /// Adds: the column has a value.
    pub fn and_has(&mut self, column: EventColumn) {
        self.terms.push(Term::Not(Box::new(Term::Null(EventField::Column(column)))));
    }

    /// Adds: this text is somewhere in the record.
    pub fn and_says(&mut self, text: &str) {
        self.terms.push(Term::Glob(EventField::Record, text.to_owned()));
    }

    /// The columns that it looks at.
    pub fn columns(&self) -> Vec<EventColumn> {
        let mut columns = Vec::new();
        let mut each = |field: &EventField| {
            if let EventField::Column(column) = field {
                columns.push(*column);
            }
        };
        self.terms.iter().for_each(|term| term.fields(&mut each));
        columns
    }

    /// Compiles it for one log, whose fields grow by what it reads. The columns must be among the fields already.
    pub fn bind(&self, log: Log, fields: &mut Fields) -> Result<BoundFilter, FilterBinding> {
        let mut bound = BoundFilter {
            node: Node::All(Box::default()),
            tests: Tests::default(),
            answers: Answers::default(),
            intel: Intel::default(),
            paths: Vec::new(),
        };
        for term in &self.terms {
            term.fields(&mut |field| {
                if let EventField::Path(path) = field
                    && !bound.paths.iter().any(|(known, ..)| known == path)
                {
                    bound.paths.push((path.clone(), Fields::at(0), false));
                }
            });
        }
        for (path, slot, _) in &mut bound.paths {
            *slot = fields.add(path)?;
        }
        let mut tests = Tests::default();
        let mut known = HashMap::new();
        let mut compiler = Compiler { fields, tests: &mut tests, known: &mut known, heads: log == Log::CloudTrail };
        let nodes = self.terms.iter().map(|term| node(term, &mut compiler)).collect::<Result<Vec<_>, _>>()?;
        bound.node = all(nodes);
        bound.tests = tests;
        Ok(bound)
    }
}

/// Why a filter cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum FilterBinding {
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("the glob `{0}` is too long")]
    Glob(String),
}

/// A filter in the fields of one log.
pub struct BoundFilter {
    node: Node,
    tests: Tests,
    answers: Answers,
    intel: Intel,
    /// The paths that it names, and whether any event had a value there.
    paths: Vec<(Box<str>, Slot, bool)>,
}

enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    Column(EventColumn, Box<[Test]>),
    Fits(Fitting),
}

impl Node {
    fn cost(&self) -> u32 {
        match self {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().map(Node::cost).fold(0, u32::saturating_add),
            Node::Not(node) => node.cost(),
            Node::Column(column, _) => column.cost(),
            Node::Fits(_) => 5,
        }
    }
}

/// The cheapest first.
fn all(mut nodes: Vec<Node>) -> Node {
    nodes.sort_by_key(Node::cost);
    Node::All(nodes.into())
}

fn node(term: &Term<EventField>, compiler: &mut Compiler<'_>) -> Result<Node, FilterBinding> {
    let mut each = |terms: &[Term<EventField>]| {
        terms.iter().map(|term| node(term, compiler)).collect::<Result<Vec<_>, FilterBinding>>()
    };
    let (field, tests) = match term {
        Term::All(terms) => return each(terms).map(all),
        Term::Any(terms) => {
            let mut nodes = each(terms)?;
            nodes.sort_by_key(Node::cost);
            return Ok(Node::Any(nodes.into()));
        }
        Term::Not(term) => return Ok(Node::Not(Box::new(node(term, compiler)?))),
        Term::Equals(field, values) => (field, equals(field, values)?),
        Term::Glob(field, pattern) => (field, vec![like(field, pattern)?]),
        Term::Null(field) => (field, vec![Test::Null]),
        Term::Compare(field, side, number) => {
            (field, vec![Test::Compare(comparison(*side), number.parse().unwrap_or(f64::NAN))])
        }
    };
    let item = |field: Option<&str>| {
        Body::Item(Item { field: field.map(Into::into), tests: tests.clone(), join: Join::Any, negated: false })
    };
    Ok(match field {
        EventField::Column(column) => Node::Column(*column, tests.into()),
        EventField::Path(path) => Node::Fits(compiler.body(&item(Some(path)))?),
        EventField::Record => Node::Fits(compiler.body(&item(None))?),
    })
}

fn comparison(side: Side) -> Comparison {
    match side {
        Side::Less => Comparison::Less,
        Side::AtMost => Comparison::LessOrEqual,
        Side::More => Comparison::More,
        Side::AtLeast => Comparison::MoreOrEqual,
    }
}

fn equals(field: &EventField, values: &[String]) -> Result<Vec<Test>, FilterBinding> {
    let (mut shapes, mut tests) = (Vec::new(), Vec::new());
    for value in values {
        match address_range(field, value) {
            Some(range) => tests.push(Test::Cidr(vec![range])),
            None => shapes.push(shape(&Pattern::plain(value), value)?),
        }
    }
    tests.extend(Shape::joined(shapes).into_iter().map(Test::Text));
    Ok(tests)
}

/// A glob, or a range of addresses such as `192.0.2.0/24`.
fn like(field: &EventField, pattern: &str) -> Result<Test, FilterBinding> {
    let range = pattern.contains('/').then(|| crate::intel::range(pattern)).flatten();
    if let Some(range) = range.or_else(|| address_range(field, pattern)) {
        return Ok(Test::Cidr(vec![range]));
    }
    let read = Pattern::read(pattern);
    // What is looked for anywhere may stand within other text.
    let read = if *field == EventField::Record { read.open_start().open_end() } else { read };
    shape(&read, pattern).map(Test::Text)
}

fn shape(pattern: &Pattern, text: &str) -> Result<Shape, FilterBinding> {
    pattern.shape(Case::Same).map_err(|_| FilterBinding::Glob(text.chars().take(80).collect()))
}

/// In the column of addresses, an address in any of its spellings.
fn address_range(field: &EventField, text: &str) -> Option<(u128, u128)> {
    let is_address = *field == EventField::Column(EventColumn::Address) && ip(text).is_some();
    is_address.then(|| crate::intel::range(text)).flatten()
}

impl BoundFilter {
    /// Whether the event is one of those that the filter describes.
    pub fn holds(&mut self, view: &EventView<'_, '_>) -> bool {
        for (_, slot, seen) in self.paths.iter_mut().filter(|(.., seen)| !seen) {
            *seen = has_value(view.event, *slot);
        }
        self.answers.begin(&self.tests);
        holds(&self.node, &self.tests, &mut self.answers, &self.intel, view)
    }

    /// The paths that it names, and whether any event so far had a value there.
    pub fn paths(&self) -> impl Iterator<Item = (&str, bool)> {
        self.paths.iter().map(|(path, _, seen)| (&**path, *seen))
    }
}

fn has_value(event: &Event<'_>, slot: Slot) -> bool {
    let mut found = event.value(slot).is_some();
    if !found {
        event.each_value(slot, &mut |_| found = true);
    }
    found
}

fn holds(node: &Node, tests: &Tests, answers: &mut Answers, intel: &Intel, view: &EventView<'_, '_>) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| holds(node, tests, answers, intel, view)),
        Node::Any(nodes) => nodes.iter().any(|node| holds(node, tests, answers, intel, view)),
        Node::Not(node) => !holds(node, tests, answers, intel, view),
        Node::Fits(node) => answers.holds(tests, node, view.event, intel),
        Node::Column(column, tests) => {
            let text = view.text(*column);
            tests.iter().any(|test| column_holds(test, text.as_deref()))
        }
    }
}

fn column_holds(test: &Test, text: Option<&str>) -> bool {
    match (test, text) {
        (Test::Null, text) => text.is_none(),
        (Test::Text(shape), Some(text)) => shape.fits(text),
        (Test::Cidr(ranges), Some(text)) => ip(text).is_some_and(|address| in_ranges(ranges, address)),
        (Test::Compare(how, limit), Some(text)) => text.parse().is_ok_and(|value| how.holds(value, *limit)),
        _ => false,
    }
}
