//! Searches compiled to slots: what an event must be like, asked with as little work as possible.
//!
//! Tests are shared: what two rules ask of the same field is asked once an event.

use std::borrow::Cow;
use std::collections::HashMap;

use haechi_content::Need;
use haechi_model::event::{Event, FieldError, Fields, JsonKind, Slot, Value};

use crate::intel::Intel;
use crate::kubernetes::mounts_writable;
use crate::policy::PolicyTest;
use crate::principal::ip;
use crate::sigma::{
    Body, Case, Comparison, Condition, FieldShape, Item, Join, Search, Shape, Test, TimePart, in_ranges,
};

/// What an event must be like, over the tests of a [`Tests`].
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Test(u32),
    Not(Box<Node>),
    All(Box<[Node]>),
    Any(Box<[Node]>),
}

/// Where a test looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Look {
    /// The head's `source` and `name`: they are read already.
    Source,
    Name,
    Field(Slot),
    /// The whole record.
    Record,
}

#[derive(Debug, Clone)]
enum Ask {
    Null,
    Exists(bool),
    Text(Shape),
    Cidr(Vec<(u128, u128)>),
    Compare(Comparison, f64),
    Part(TimePart, Comparison, f64),
    Field(Slot, FieldShape, Case),
    List(Need),
    Outside(Need),
    Trusted(bool),
    Policy(PolicyTest),
    Mounts(Vec<Shape>),
}

#[derive(Debug, Clone)]
struct SharedTest {
    look: Look,
    ask: Ask,
    cost: u32,
}

/// The tests of all rules of one log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tests {
    tests: Vec<SharedTest>,
}

/// Compiles searches of one log; its fields grow by what they read.
pub(crate) struct Compiler<'c> {
    pub fields: &'c mut Fields,
    pub tests: &'c mut Tests,
    pub known: &'c mut HashMap<String, u32>,
    /// CloudTrail's `eventSource` and `eventName` are in every event's head.
    pub heads: bool,
}

impl Compiler<'_> {
    /// The search's condition, or one node a step.
    pub(crate) fn condition(&mut self, search: &Search, condition: &Condition) -> Result<Node, FieldError> {
        Ok(match condition {
            Condition::Selection(at) => self.body(&search.steps[*at].body)?,
            Condition::Not(inner) => Node::Not(Box::new(self.condition(search, inner)?)),
            Condition::All(parts) => self.all(parts.iter().map(|part| Part::Condition(search, part)))?,
            Condition::Any(parts) => self.any(parts.iter().map(|part| Part::Condition(search, part)))?,
        })
    }

    pub(crate) fn body(&mut self, body: &Body) -> Result<Node, FieldError> {
        match body {
            Body::All(parts) => self.all(parts.iter().map(Part::Body)),
            Body::Any(parts) => self.any(parts.iter().map(Part::Body)),
            Body::Item(item) => self.item(item),
        }
    }

    fn part(&mut self, part: Part<'_>) -> Result<Node, FieldError> {
        match part {
            Part::Body(body) => self.body(body),
            Part::Condition(search, condition) => self.condition(search, condition),
        }
    }

    fn all<'p>(&mut self, parts: impl Iterator<Item = Part<'p>>) -> Result<Node, FieldError> {
        let nodes = parts.map(|part| self.part(part)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.joined(nodes, true))
    }

    fn any<'p>(&mut self, parts: impl Iterator<Item = Part<'p>>) -> Result<Node, FieldError> {
        let nodes = parts.map(|part| self.part(part)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.joined(nodes, false))
    }

    /// Flattened, the cheapest first: tests have no effects, so their order is free.
    pub(crate) fn joined(&self, nodes: Vec<Node>, all: bool) -> Node {
        let mut flat = Vec::with_capacity(nodes.len());
        for node in nodes {
            match (node, all) {
                (Node::All(inner), true) | (Node::Any(inner), false) => flat.extend(inner),
                (node, _) => flat.push(node),
            }
        }
        flat.sort_by_key(|node| self.cost(node));
        match (flat.len(), all) {
            (1, _) => flat.swap_remove(0),
            (_, true) => Node::All(flat.into()),
            (_, false) => Node::Any(flat.into()),
        }
    }

    fn cost(&self, node: &Node) -> u32 {
        match node {
            Node::Test(at) => self.tests.tests[*at as usize].cost,
            Node::Not(inner) => self.cost(inner),
            Node::All(nodes) | Node::Any(nodes) => {
                nodes.iter().map(|node| self.cost(node)).fold(0, u32::saturating_add)
            }
        }
    }

    fn item(&mut self, item: &Item) -> Result<Node, FieldError> {
        let look = match item.field.as_deref() {
            None => Look::Record,
            Some("eventSource") if self.heads => Look::Source,
            Some("eventName") if self.heads => Look::Name,
            Some(path) => Look::Field(self.fields.add(path)?),
        };
        let nodes = item.tests.iter().map(|test| self.test(look, test)).collect::<Result<Vec<_>, _>>()?;
        let node = self.joined(nodes, item.join == Join::All);
        Ok(if item.negated { Node::Not(Box::new(node)) } else { node })
    }

    fn test(&mut self, look: Look, test: &Test) -> Result<Node, FieldError> {
        let (ask, cost) = match test {
            Test::Null => (Ask::Null, 2),
            Test::Exists(wanted) => (Ask::Exists(*wanted), 2),
            Test::Text(shape) => (Ask::Text(shape.clone()), shape.cost()),
            Test::Cidr(ranges) => (Ask::Cidr(ranges.clone()), 8),
            Test::Compare(how, limit) => (Ask::Compare(*how, *limit), 6),
            Test::Part(part, how, limit) => (Ask::Part(*part, *how, *limit), 20),
            Test::Field { other, how, case } => (Ask::Field(self.fields.add(other)?, *how, *case), 30),
            Test::List(need) => (Ask::List(*need), 12),
            Test::Outside(need) => (Ask::Outside(*need), 12),
            Test::Trusted(wanted) => (Ask::Trusted(*wanted), 12),
            Test::Policy(test) => (Ask::Policy(*test), 200),
            Test::Mounts(shapes) => (Ask::Mounts(shapes.clone()), 200),
        };
        let cost = cost + if look == Look::Record { 400 } else { u32::from(matches!(look, Look::Field(_))) };
        let key = match &ask {
            Ask::Text(shape) => format!("{look:?} {}", shape.key()),
            Ask::Mounts(shapes) => format!("{look:?} mounts {:?}", shapes.iter().map(Shape::key).collect::<Vec<_>>()),
            other => format!("{look:?} {other:?}"),
        };
        let next = self.tests.tests.len() as u32;
        let at = *self.known.entry(key).or_insert(next);
        if at == next {
            self.tests.tests.push(SharedTest { look, ask, cost });
        }
        Ok(Node::Test(at))
    }
}

enum Part<'p> {
    Body(&'p Body),
    Condition(&'p Search, &'p Condition),
}

/// What a node demands of the event's source and name, where it demands anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Demand {
    pub sources: Option<Vec<String>>,
    pub names: Option<Vec<String>>,
}

impl Tests {
    pub(crate) fn demand(&self, node: &Node) -> Demand {
        match node {
            Node::Test(at) => {
                let test = &self.tests[*at as usize];
                let texts = match &test.ask {
                    Ask::Text(Shape::Equals(literal)) => vec![literal.text().to_ascii_lowercase()],
                    Ask::Text(Shape::OneOf(set)) => set.texts().map(str::to_owned).collect(),
                    _ => return Demand::default(),
                };
                match test.look {
                    Look::Source => Demand { sources: Some(texts), names: None },
                    Look::Name => Demand { sources: None, names: Some(texts) },
                    Look::Field(_) | Look::Record => Demand::default(),
                }
            }
            Node::Not(_) => Demand::default(),
            Node::All(nodes) => nodes.iter().map(|node| self.demand(node)).fold(Demand::default(), |sum, one| Demand {
                sources: fewer(sum.sources, one.sources),
                names: fewer(sum.names, one.names),
            }),
            Node::Any(nodes) => {
                let mut demands = nodes.iter().map(|node| self.demand(node));
                let Some(first) = demands.next() else { return Demand::default() };
                demands.fold(first, |sum, one| Demand {
                    sources: either(sum.sources, one.sources),
                    names: either(sum.names, one.names),
                })
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.tests.len()
    }
}

/// Both must hold: the smaller set says it as well.
fn fewer(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.len() < one.len() { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn either(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    let (mut one, other) = (one?, other?);
    one.extend(other);
    one.sort_unstable();
    one.dedup();
    Some(one)
}

/// The answers that one event gave so far.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// By test: twice the number of the event, and one more when the answer was yes.
    known: Vec<u64>,
    event: u64,
}

impl Answers {
    /// A new event: nothing is known of it.
    pub(crate) fn begin(&mut self, tests: &Tests) {
        self.event += 1;
        self.known.resize(tests.len(), 0);
    }

    pub(crate) fn holds(&mut self, tests: &Tests, node: &Node, event: &Event<'_>, intel: &Intel) -> bool {
        match node {
            Node::Test(at) => {
                let known = self.known[*at as usize];
                if known >> 1 == self.event {
                    return known & 1 == 1;
                }
                let answer = tests.tests[*at as usize].holds(event, intel);
                self.known[*at as usize] = self.event << 1 | u64::from(answer);
                answer
            }
            Node::Not(inner) => !self.holds(tests, inner, event, intel),
            Node::All(nodes) => nodes.iter().all(|node| self.holds(tests, node, event, intel)),
            Node::Any(nodes) => nodes.iter().any(|node| self.holds(tests, node, event, intel)),
        }
    }
}

impl SharedTest {
    fn holds(&self, event: &Event<'_>, intel: &Intel) -> bool {
        match self.look {
            Look::Source => self.ask.of_text(event.source(), event, intel),
            Look::Name => self.ask.of_text(event.name(), event, intel),
            Look::Field(slot) => self.ask.of_field(slot, event, intel),
            Look::Record => self.ask.of_record(event, intel),
        }
    }
}

impl Ask {
    fn of_field(&self, slot: Slot, event: &Event<'_>, intel: &Intel) -> bool {
        match self {
            Ask::Null => {
                let mut null = true;
                if event.value(slot).is_some_and(|value| !value.is_null()) {
                    return false;
                }
                event.each_value(slot, &mut |value| null &= value.is_null());
                null
            }
            Ask::Exists(wanted) => {
                let mut exists = event.value(slot).is_some();
                if !exists {
                    event.each_value(slot, &mut |_| exists = true);
                }
                exists == *wanted
            }
            _ => {
                let mut found = false;
                event.each_value(slot, &mut |value| found = found || self.of_value(value, event, intel));
                found
            }
        }
    }

    fn of_value(&self, value: Value<'_>, event: &Event<'_>, intel: &Intel) -> bool {
        if let Some(text) = value.scalar() {
            return self.of_text(&text, event, intel);
        }
        let Value::Json(json) = value else { return false };
        match (json.kind(), self) {
            // Within an object: its text, and the texts in it without their escapes.
            (JsonKind::Object, Ask::Text(shape)) if shape.is_loose() => {
                let mut found = shape.fits(json.as_json());
                if !found && memchr::memchr(b'\\', json.as_json().as_bytes()).is_some() {
                    json.each_leaf(&mut |leaf| {
                        found =
                            found || leaf.text().is_some_and(|text| matches!(text, Cow::Owned(_)) && shape.fits(&text));
                    });
                }
                found
            }
            (JsonKind::Object, Ask::Mounts(shapes)) => {
                mounts_writable(json, &mut |path| shapes.iter().any(|shape| shape.fits(path)))
            }
            (JsonKind::Object, Ask::Policy(test)) => test.holds(json.as_json(), event.account()),
            _ => false,
        }
    }

    fn of_text(&self, text: &str, event: &Event<'_>, intel: &Intel) -> bool {
        match self {
            Ask::Null | Ask::Mounts(_) => false,
            Ask::Exists(wanted) => *wanted,
            Ask::Text(shape) => shape.fits(text),
            Ask::Cidr(ranges) => ip(text).is_some_and(|address| in_ranges(ranges, address)),
            Ask::Compare(how, limit) => text.trim().parse().is_ok_and(|value: f64| how.holds(value, *limit)),
            Ask::Part(part, how, limit) => part.of(text).is_some_and(|value| how.holds(value, *limit)),
            Ask::Field(other, how, case) => {
                let mut found = false;
                event.each_value(*other, &mut |value| {
                    found = found || value.scalar().is_some_and(|other| like(text, &other, *how, *case));
                });
                found
            }
            Ask::List(need) => intel.lists(*need, text),
            Ask::Outside(need) if need.is_domains() => !text.is_empty() && !intel.lists(*need, text),
            Ask::Outside(need) => {
                ip(text).is_some_and(|address| !intel.list(*need).is_some_and(|list| list.has_address(address)))
            }
            Ask::Trusted(wanted) => ip(text).is_some_and(|address| intel.is_trusted(address) == *wanted),
            Ask::Policy(test) => test.holds(text, event.account()),
        }
    }

    /// A keyword: somewhere in the record.
    fn of_record(&self, event: &Event<'_>, intel: &Intel) -> bool {
        let Ask::Text(shape) = self else { return false };
        let raw = event.raw();
        if shape.fits(raw) {
            return true;
        }
        // Texts with escapes look otherwise than they are written.
        let Some(json) = haechi_model::event::Json::parse(raw).filter(|_| raw.contains('\\')) else { return false };
        let mut found = false;
        json.each_leaf(&mut |leaf| {
            found = found || self.of_value(Value::Json(leaf), event, intel);
        });
        found
    }
}

fn like(text: &str, other: &str, how: FieldShape, case: Case) -> bool {
    if other.is_empty() {
        // An empty text would be in everything.
        return text.is_empty();
    }
    let (text, other) = match case {
        Case::Distinct => (Cow::Borrowed(text), Cow::Borrowed(other)),
        Case::Same if how == FieldShape::Equals && text.is_ascii() && other.is_ascii() => {
            return text.eq_ignore_ascii_case(other);
        }
        Case::Same => (Cow::Owned(text.to_lowercase()), Cow::Owned(other.to_lowercase())),
    };
    match how {
        FieldShape::Equals => text == other,
        FieldShape::Starts => text.starts_with(&*other),
        FieldShape::Ends => text.ends_with(&*other),
        FieldShape::Contains => text.contains(&*other),
    }
}
