//! The fields that somebody wants of each event, compiled once: one walk over a record's text puts each into
//! its numbered slot and passes over all others.

use std::borrow::Cow;

use super::json::{self, Halt, Json, JsonKind};

/// Names one wanted field: the index of its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The path is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    #[error("`{0}` is not a field: it has an empty name in it")]
    Empty(String),
    #[error("`{0}` has more than {DEEPEST} names")]
    Deep(String),
    #[error("there are more than {MOST} fields")]
    Many,
}

const DEEPEST: usize = 16;
const MOST: usize = 4096;

/// A set of field paths such as `userIdentity.sessionContext.sessionIssuer.arn`.
///
/// A path goes through objects. Where it meets an array, it goes on in each element: see
/// [`Event::each`](super::Event::each).
#[derive(Debug, Clone)]
pub struct Fields {
    paths: Vec<Box<[Box<str>]>>,
    nodes: Vec<Node>,
}

/// One name of one or more paths.
#[derive(Debug, Clone, Default)]
struct Node {
    children: Vec<(Box<[u8]>, u16)>,
    /// Bit n: a child has a name of n bytes (63: of 63 or more).
    lengths: u64,
    slot: Option<u16>,
    /// Slots further down, by which an array here is read later.
    below: Vec<u16>,
    depth: u8,
}

impl Node {
    fn child(&self, name: &[u8]) -> Option<u16> {
        if self.lengths >> name.len().min(63) & 1 == 0 {
            return None;
        }
        // Names of one length mostly differ in their last letter: few are compared as a whole.
        let fits = |known: &[u8]| known.len() == name.len() && known.last() == name.last() && known == name;
        self.children.iter().find(|(known, _)| fits(known)).map(|(_, node)| *node)
    }

    #[inline]
    fn put(&self, array: bool, start: usize, end: usize, plain: bool, slots: &mut [Found]) {
        let found = Found { start: start as u32, end: end as u32, depth: self.depth, whole: true, plain };
        if array {
            for below in &self.below {
                slots[usize::from(*below)] = Found { whole: false, ..found };
            }
        }
        if let Some(slot) = self.slot {
            slots[usize::from(slot)] = found;
        }
    }
}

/// Where in the record a slot's value is, and how many names of its path lead there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    start: u32,
    end: u32,
    depth: u8,
    /// The whole path leads there, not only as far as an array.
    whole: bool,
    /// It is a text without escapes.
    plain: bool,
}

impl Found {
    /// A column's place in its line; an empty one is no value.
    pub const fn span(start: u32, end: u32) -> Self {
        if end > start {
            Self { start, end, depth: 1, whole: true, plain: true }
        } else {
            Self { start: 0, end: 0, depth: 0, whole: false, plain: false }
        }
    }

    #[cfg(test)]
    pub(super) fn span_of(&self) -> (u32, u32) {
        (self.start, self.end)
    }

    #[cfg(test)]
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    #[inline]
    pub(super) fn of_value(start: usize, end: usize, depth: u8, plain: bool) -> Self {
        Self { start: start as u32, end: end as u32, depth, whole: true, plain }
    }

    /// Where in the record the value begins, when there is one.
    pub fn start(&self) -> Option<usize> {
        (self.end > 0).then_some(self.start as usize)
    }
}

impl Fields {
    /// The fields by path; equal paths share a slot.
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p str>) -> Result<Self, FieldError> {
        let mut fields = Self { paths: Vec::new(), nodes: vec![Node::default()] };
        for path in paths {
            fields.add(path)?;
        }
        Ok(fields)
    }

    /// Adds a field, unless it is there already, and gives its slot.
    pub fn add(&mut self, path: &str) -> Result<Slot, FieldError> {
        let names: Box<[Box<str>]> = path.split('.').map(Into::into).collect();
        if names.iter().any(|name| name.is_empty()) {
            return Err(FieldError::Empty(path.into()));
        }
        if names.len() > DEEPEST {
            return Err(FieldError::Deep(path.into()));
        }
        if let Some(known) = self.slot(path) {
            return Ok(known);
        }
        if self.paths.len() == MOST {
            return Err(FieldError::Many);
        }
        let slot = self.paths.len() as u16;
        let mut at = 0;
        for (depth, name) in names.iter().enumerate() {
            if depth > 0 {
                self.nodes[at].below.push(slot);
            }
            let next = self.nodes.len() as u16;
            let node = &mut self.nodes[at];
            at = match node.child(name.as_bytes()) {
                Some(child) => child.into(),
                None => {
                    node.children.push((name.as_bytes().into(), next));
                    node.lengths |= 1 << name.len().min(63);
                    self.nodes.push(Node { depth: depth as u8 + 1, ..Node::default() });
                    next.into()
                }
            };
        }
        self.nodes[at].slot = Some(slot);
        self.paths.push(names);
        Ok(Slot(slot))
    }

    /// The slot of a path that was added.
    pub fn slot(&self, path: &str) -> Option<Slot> {
        let fits = |names: &[Box<str>]| path.split('.').eq(names.iter().map(AsRef::as_ref));
        self.paths.iter().position(|names| fits(names)).map(|at| Slot(at as u16))
    }

    pub fn len(&self) -> usize {
        self.paths.len()
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The slot with this index, of a set that has it.
    pub const fn at(index: usize) -> Slot {
        Slot(index as u16)
    }

    /// Reads the object that begins at `at`, fills the slots and gives the position behind it.
    pub fn read(&self, text: &[u8], at: usize, slots: &mut Vec<Found>) -> Result<usize, Halt> {
        slots.clear();
        slots.resize(self.paths.len(), Found::default());
        self.object(&self.nodes[0], text, at, at, slots)
    }

    fn object(&self, node: &Node, text: &[u8], start: usize, at: usize, slots: &mut [Found]) -> Result<usize, Halt> {
        let mut at = json::space(text, at + 1);
        if text.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            let (name, escaped, value) = json::key(text, at)?;
            let child = if escaped {
                // The whole record is checked to be UTF-8 later: here a wrong name is just none of ours.
                std::str::from_utf8(name).ok().and_then(|name| node.child(json::unescape(name).as_bytes()))
            } else {
                node.child(name)
            };
            let end = match child.map(|child| &self.nodes[usize::from(child)]) {
                Some(child) => self.value(child, text, start, value, slots)?,
                None => json::value_end(text, value)?,
            };
            at = json::space(text, end);
            match text.get(at) {
                Some(b',') => at = json::space(text, at + 1),
                Some(b'}') => return Ok(at + 1),
                Some(_) => return Err(Halt::Wrong { at, what: "`,` or `}` is expected here" }),
                None => return Err(Halt::Incomplete),
            }
        }
    }

    fn value(&self, node: &Node, text: &[u8], start: usize, at: usize, slots: &mut [Found]) -> Result<usize, Halt> {
        // Of two members of one name the last counts: what the first one gave is forgotten.
        for below in &node.below {
            slots[usize::from(*below)] = Found::default();
        }
        let first = text.get(at);
        let end = if first == Some(&b'{') && !node.children.is_empty() {
            self.object(node, text, start, at, slots)?
        } else {
            json::value_end(text, at)?
        };
        node.put(first == Some(&b'['), at - start, end - start, false, slots);
        Ok(end)
    }

    /// The wanted names inside a name, each with its number; 0 is the record itself.
    pub(super) fn names_in(&self, node: u16) -> impl Iterator<Item = (&[u8], u16)> {
        self.nodes[usize::from(node)].children.iter().map(|(name, child)| (&**name, *child))
    }

    /// The slot of a wanted name, `u16::MAX` where it is only a part of others, and how deep it is.
    pub(super) fn slot_of(&self, node: u16) -> (u16, u8) {
        let node = &self.nodes[usize::from(node)];
        (node.slot.unwrap_or(u16::MAX), node.depth)
    }

    /// Notes the value of a wanted name.
    #[inline]
    pub(super) fn put(&self, node: u16, array: bool, start: usize, end: usize, plain: bool, slots: &mut [Found]) {
        self.nodes[usize::from(node)].put(array, start, end, plain, slots);
    }
}

/// How a record's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    /// Columns: a slot is the column's own text.
    Plain,
}

/// A record with the slots that were filled from it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    text: &'a str,
    /// What the slots point into: the text, or a copy of it with values behind it that the text does not say.
    values: &'a str,
    fields: &'a Fields,
    slots: &'a [Found],
    form: Form,
}

/// A field's value: of a JSON record, or a column of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Json(Json<'a>),
    Plain(&'a str),
}

impl<'a> Value<'a> {
    /// The text of a text, a number or a truth value; none of null, lists and objects.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        match self {
            Value::Plain(text) => Some(Cow::Borrowed(text)),
            Value::Json(json) => match json.kind() {
                JsonKind::Text => json.text(),
                JsonKind::Number | JsonKind::Bool => Some(Cow::Borrowed(json.as_json())),
                JsonKind::Null | JsonKind::Array | JsonKind::Object => None,
            },
        }
    }

    /// A number, also one that is written as a text.
    pub fn number(self) -> Option<f64> {
        self.scalar()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    pub fn is_null(self) -> bool {
        matches!(self, Value::Json(json) if json.is_null())
    }

    /// The JSON value; a column is none.
    pub fn json(self) -> Option<Json<'a>> {
        match self {
            Value::Json(json) => Some(json),
            Value::Plain(_) => None,
        }
    }
}

impl<'a> Record<'a> {
    /// A JSON record whose slots [`Fields::read`] filled.
    pub fn of_json(text: &'a str, fields: &'a Fields, slots: &'a [Found]) -> Self {
        Self { text, values: text, fields, slots, form: Form::Json }
    }

    /// A line whose columns somebody found: one slot a field, [`Found::span`] where there is a value.
    pub fn of_columns(text: &'a str, fields: &'a Fields, slots: &'a [Found]) -> Self {
        Self { text, values: text, fields, slots, form: Form::Plain }
    }

    /// The same record with slots that point into `values`: where a reader knows more than the record says.
    pub fn with_values(self, values: &'a str, slots: &'a [Found]) -> Self {
        Self { values, slots, ..self }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn fields(&self) -> &'a Fields {
        self.fields
    }

    pub fn slots(&self) -> &'a [Found] {
        self.slots
    }

    fn found(&self, slot: Slot) -> Option<Found> {
        self.slots.get(slot.index()).copied().filter(|found| found.end > 0)
    }

    fn span(&self, found: Found) -> Option<&'a str> {
        self.values.get(found.start as usize..found.end as usize)
    }

    /// The value at the field's path; none when there is none, or only elements of an array lead to it.
    pub fn value(&self, slot: Slot) -> Option<Value<'a>> {
        let found = self.found(slot)?;
        match self.form {
            Form::Plain => self.span(found).map(Value::Plain),
            Form::Json => self.get(slot).map(Value::Json),
        }
    }

    /// The JSON value at the field's path.
    pub fn get(&self, slot: Slot) -> Option<Json<'a>> {
        let found = self.found(slot).filter(|found| found.whole && self.form == Form::Json)?;
        self.span(found).map(if found.plain { Json::of_plain } else { Json::of_checked })
    }

    /// Every value that the path leads to, through arrays too; the elements of a list, one by one.
    pub fn each_value(&self, slot: Slot, each: &mut dyn FnMut(Value<'a>)) {
        let Some(found) = self.found(slot) else { return };
        let Some(text) = self.span(found) else { return };
        match self.form {
            Form::Plain => each(Value::Plain(text)),
            Form::Json => {
                let rest = &self.fields.paths[slot.index()][usize::from(found.depth)..];
                let value = if found.plain { Json::of_plain(text) } else { Json::of_checked(text) };
                walk(value, rest, &mut |json| each(Value::Json(json)));
            }
        }
    }

    /// The same of a JSON record.
    pub fn each(&self, slot: Slot, each: &mut dyn FnMut(Json<'a>)) {
        self.each_value(slot, &mut |value| {
            if let Value::Json(json) = value {
                each(json);
            }
        });
    }
}

fn walk<'a>(value: Json<'a>, rest: &[Box<str>], each: &mut dyn FnMut(Json<'a>)) {
    if value.kind() == JsonKind::Array {
        return value.elements().for_each(|element| walk(element, rest, each));
    }
    match rest.split_first() {
        None => each(value),
        Some((name, rest)) => {
            if let Some(member) = value.get(name) {
                walk(member, rest, each);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: &str, path: &str, expected: &[&str]) {
        // Others beside it must not disturb.
        let fields = Fields::new(["a", "a.b", "a.b.c", "z.y", path]).unwrap();
        let mut slots = Vec::new();
        let padded = format!("  {record} tail");
        assert_eq!(fields.read(padded.as_bytes(), 2, &mut slots), Ok(2 + record.len()), "{record}");
        let read = Record::of_json(record, &fields, &slots);
        let mut found = Vec::new();
        read.each(fields.slot(path).unwrap(), &mut |value| found.push(value.as_json()));
        assert_eq!(found, expected, "{path} of {record}");
    }

    #[test]
    fn slots_are_filled() {
        check(r#"{"a":1}"#, "a", &["1"]);
        check(r#"{"a":{"b":{"c":"x"}}}"#, "a.b.c", &[r#""x""#]);
        check(r#"{"a":{"b":{"c":"x"}}}"#, "a.b", &[r#"{"c":"x"}"#]);
        check(r#"{ "a" : { "b" : 5 } , "c" : [ ] }"#, "a.b.c", &[]);
        check(r#"{"resources":[{"ARN":"x"},{"type":1},{"ARN":"y"}]}"#, "resources.ARN", &[r#""x""#, r#""y""#]);
        check(r#"{"a":[{"b":[{"c":1},{"c":[2,3]}]},{"b":{"c":4}}]}"#, "a.b.c", &["1", "2", "3", "4"]);
        check(r#"{"a":1,"a":{"b":2}}"#, "a.b", &["2"]);
        check(r#"{"a":{"b":2},"a":1}"#, "a.b", &[]);
        check(r#"{"a":[{"b":2}],"a":{"b":null}}"#, "a.b", &["null"]);
        check(r#"{"\u0061":{"\u0062":2}}"#, "a.b", &["2"]);
        check("{}", "a", &[]);
        check(&format!(r#"{{"{}":1}}"#, "k".repeat(90)), &"k".repeat(90), &["1"]);
    }

    #[test]
    fn paths_that_are_none() {
        assert_eq!(Fields::new(["a..b"]).unwrap_err(), FieldError::Empty("a..b".into()));
        assert!(matches!(Fields::new([&*"a.".repeat(16)]), Err(FieldError::Empty(_))));
        assert!(matches!(Fields::new([&*vec!["a"; 17].join(".")]), Err(FieldError::Deep(_))));
        assert_eq!(Fields::new(["a", "b", "a"]).unwrap().len(), 2);
    }

    #[test]
    fn damage_is_seen_where_it_is() {
        let fields = Fields::new(["a.b"]).unwrap();
        let mut slots = Vec::new();
        for (text, halt) in [
            (r#"{"a":{"b":1}"#, Halt::Incomplete),
            (r#"{"a":{"b":1]"#, Halt::Wrong { at: 11, what: "`,` or `}` is expected here" }),
            (r#"{"a":{"x":[}"#, Halt::Wrong { at: 11, what: "no JSON value" }),
        ] {
            assert_eq!(fields.read(text.as_bytes(), 0, &mut slots), Err(halt), "{text}");
        }
    }
}
