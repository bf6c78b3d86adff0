//! Reads records faster by what earlier ones were like: AWS writes the members of an event in a fixed order, so the
//! next name is guessed and compared instead of looked for.
//!
//! Nothing rests on a guess. What is not as it was guessed is looked up, and what is unusual in any way (white
//! space, an escaped name, a name twice, damage) is left to [`Fields::read`]: both find the same, always.

use std::collections::HashMap;

use super::fields::{Fields, Found};
use super::json::{self, Halt};

/// Names that are remembered, each at its place in a record, and how long they may be. Of all of CloudTrail there are
/// some thousands; what is not remembered is read as well, and only slower.
const MOST: usize = 16_384;
const LONGEST: usize = 200;
/// Guesses where it depends on the event what comes next; a power of two.
const GUESSES: usize = 1 << 13;
/// Deeper records are left to [`Fields::read`].
const DEEPEST: u32 = 60;

const NONE: u16 = u16::MAX;
/// It is not always the same.
const VARIED: u16 = u16::MAX - 1;
const ROOT: u16 = 0;

/// What of an event tells which members it has.
const TELLING: [&[u8]; 2] = [b"eventName", b"type"];

/// A name at its place in a record.
#[derive(Debug)]
struct Node {
    /// The first 32 bytes of how it is written, `"name":`, and which of them there are.
    head: [u64; 4],
    mask: [u64; 4],
    length: u16,
    /// Its number among the wanted fields.
    wanted: u16,
    /// What stands first in its object, and what stands behind it.
    first: u16,
    next: u16,
    /// What stands for the elements of its array.
    element: u16,
    tells: bool,
    /// The slot of its value, and how deep it is.
    slot: u16,
    depth: u8,
    /// The record in which it was met last.
    record: u64,
    /// What is written behind the first 32 bytes.
    tail: Box<[u8]>,
}

/// The wanted fields, with what was learned of the records so far.
#[derive(Debug)]
pub struct Learned<'f> {
    fields: &'f Fields,
    nodes: Vec<Node>,
    /// By the node of the object and the name as it is written.
    names: HashMap<(u16, Box<[u8]>), u16>,
    guesses: Box<[u16]>,
    record: u64,
}

impl<'f> Learned<'f> {
    pub fn new(fields: &'f Fields) -> Self {
        let (nodes, names) = (Vec::new(), HashMap::new());
        let mut learned = Self { fields, nodes, names, guesses: vec![NONE; GUESSES].into(), record: 0 };
        learned.node(b"", 0, false);
        learned.add_wanted(0, ROOT);
        learned
    }

    pub fn fields(&self) -> &'f Fields {
        self.fields
    }

    /// Wanted names are known from the beginning, so that others cannot crowd them out.
    fn add_wanted(&mut self, of: u16, node: u16) {
        for (name, wanted) in self.fields.names_in(of) {
            let written = [b"\"", name, b"\":"].concat();
            let child = self.node(&written, wanted, TELLING.contains(&name));
            self.names.insert((node, written.into()), child);
            self.add_wanted(wanted, child);
        }
    }

    fn node(&mut self, written: &[u8], wanted: u16, tells: bool) -> u16 {
        let word = |letter: &dyn Fn(&u8) -> u8, at: usize| {
            let byte = |byte: usize| u64::from(written.get(8 * at + byte).map_or(0, letter)) << (8 * byte);
            (0..8).map(byte).sum()
        };
        let (slot, depth) = match wanted {
            NONE => (NONE, 0),
            _ => self.fields.slot_of(wanted),
        };
        self.nodes.push(Node {
            head: std::array::from_fn(|at| word(&|letter| *letter, at)),
            mask: std::array::from_fn(|at| word(&|_| 0xFF, at)),
            length: written.len() as u16,
            wanted,
            first: NONE,
            next: NONE,
            element: NONE,
            tells,
            slot,
            depth,
            record: 0,
            tail: written.get(32..).unwrap_or_default().into(),
        });
        (self.nodes.len() - 1) as u16
    }

    /// As [`Fields::read`]: reads the object that begins at `at`, fills the slots and gives the position behind it.
    pub fn read(&mut self, text: &[u8], at: usize, slots: &mut Vec<Found>) -> Result<usize, Halt> {
        slots.clear();
        slots.resize(self.fields.len(), Found::default());
        self.record += 1;
        let fields = self.fields;
        let mut walk = Walk { learned: self, text, start: at, slots, context: 0 };
        match walk.object(ROOT, at + 1, 0) {
            Some(end) => Ok(end),
            None => fields.read(text, at, slots),
        }
    }
}

impl Node {
    /// Whether it is what is written here.
    #[inline]
    fn is_at(&self, text: &[u8], at: usize) -> bool {
        let Some(written) = text.get(at..).and_then(|rest| rest.first_chunk::<32>()) else { return false };
        let (words, _) = written.as_chunks::<8>();
        let mut other = 0;
        for (word, (head, mask)) in words.iter().zip(self.head.iter().zip(&self.mask)) {
            other |= (u64::from_le_bytes(*word) ^ head) & mask;
        }
        other == 0 && (self.tail.is_empty() || text.get(at + 32..at + usize::from(self.length)) == Some(&*self.tail))
    }
}

/// One record on its way. Where a function gives none, there is something unusual.
struct Walk<'w, 'f> {
    learned: &'w mut Learned<'f>,
    text: &'w [u8],
    start: usize,
    slots: &'w mut Vec<Found>,
    /// What the record has told so far.
    context: u64,
}

impl Walk<'_, '_> {
    /// From behind the bracket to behind its end.
    fn object(&mut self, node: u16, mut at: usize, depth: u32) -> Option<usize> {
        if *self.text.get(at)? == b'}' {
            return Some(at + 1);
        }
        if depth == DEEPEST {
            return None;
        }
        let mut before = NONE;
        let mut guess = self.learned.nodes[usize::from(node)].first;
        loop {
            let mut place = None;
            if guess == VARIED {
                let link = u64::from(before) << 16 | u64::from(node);
                let mixed = (link ^ self.context).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let index = (mixed >> 40) as usize % GUESSES;
                guess = self.learned.guesses[index];
                place = Some(index);
            }
            let known = self.learned.nodes.get(usize::from(guess)).filter(|known| known.is_at(self.text, at));
            let (child, value) = match known {
                Some(known) => (guess, at + usize::from(known.length)),
                None => {
                    let (child, value) = self.look_up(node, at)?;
                    self.learn(node, before, place, child);
                    (child, value)
                }
            };
            let end = match child {
                NONE => json::value_end_within(self.text, value, DEEPEST).ok()?,
                _ => self.member(child, value, depth)?,
            };
            match self.text.get(end)? {
                b',' => at = end + 1,
                b'}' => return Some(end + 1),
                _ => return None,
            }
            before = child;
            guess = self.learned.nodes.get(usize::from(child)).map_or(NONE, |known| known.next);
        }
    }

    /// The node of the name that is written here, and where its value begins.
    #[cold]
    fn look_up(&mut self, node: u16, at: usize) -> Option<(u16, usize)> {
        if *self.text.get(at)? != b'"' {
            return None;
        }
        let (end, escaped) = json::string_end(self.text, at + 1).ok()?;
        if escaped || *self.text.get(end)? != b':' {
            return None;
        }
        let written = &self.text[at..=end];
        if written.len() > LONGEST {
            // It may be a wanted one.
            return None;
        }
        let key = (node, Box::from(written));
        if let Some(child) = self.learned.names.get(&key) {
            return Some((*child, end + 1));
        }
        if self.learned.nodes.len() >= MOST {
            return Some((NONE, end + 1));
        }
        let child = self.learned.node(written, NONE, false);
        self.learned.names.insert(key, child);
        Some((child, end + 1))
    }

    /// Remembers what came behind a member, or first in an object.
    fn learn(&mut self, node: u16, before: u16, place: Option<usize>, child: u16) {
        if let Some(place) = place {
            self.learned.guesses[place] = child;
            return;
        }
        let nodes = &mut self.learned.nodes;
        let link = match nodes.get_mut(usize::from(before)) {
            Some(before) => &mut before.next,
            None => &mut nodes[usize::from(node)].first,
        };
        *link = if *link == NONE { child } else { VARIED };
    }

    #[inline]
    fn member(&mut self, node: u16, at: usize, depth: u32) -> Option<usize> {
        let known = &mut self.learned.nodes[usize::from(node)];
        if known.wanted == NONE {
            return self.value(node, at, depth).map(|(end, _)| end);
        }
        // Of two members of one name the last counts, with all that is in it.
        if known.record == self.learned.record {
            return None;
        }
        known.record = self.learned.record;
        let (wanted, tells, slot, level) = (known.wanted, known.tells, known.slot, known.depth);
        let (end, plain) = self.value(node, at, depth)?;
        if tells {
            let first = self.text[at + 1..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let told = self.context ^ first ^ (end - at) as u64;
            self.context = told.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        let (from, to) = (at - self.start, end - self.start);
        if self.text[at] == b'[' {
            self.learned.fields.put(wanted, true, from, to, plain, self.slots);
        } else if let Some(found) = self.slots.get_mut(usize::from(slot)) {
            *found = Found::of_value(from, to, level, plain);
        }
        Some(end)
    }

    /// Where a value ends, and whether it is known to have no escape in it.
    #[inline]
    fn value(&mut self, node: u16, at: usize, depth: u32) -> Option<(usize, bool)> {
        match *self.text.get(at)? {
            b'"' => json::string_end(self.text, at + 1).ok().map(|(end, escaped)| (end, !escaped)),
            b'{' => Some((self.object(node, at + 1, depth + 1)?, false)),
            b'[' => Some((self.array(node, at + 1, depth + 1)?, false)),
            _ => Some((json::value_end(self.text, at).ok()?, true)),
        }
    }

    fn array(&mut self, node: u16, mut at: usize, depth: u32) -> Option<usize> {
        if *self.text.get(at)? == b']' {
            return Some(at + 1);
        }
        if depth == DEEPEST {
            return None;
        }
        let element = self.element(node)?;
        let context = self.context;
        loop {
            // Elements are often unlike each other, and in every event in the same way.
            self.context = self.context.wrapping_add(1);
            let (end, _) = self.value(element, at, depth)?;
            match self.text.get(end)? {
                b',' => at = end + 1,
                b']' => {
                    self.context = context;
                    return Some(end + 1);
                }
                _ => return None,
            }
        }
    }

    fn element(&mut self, node: u16) -> Option<u16> {
        let known = self.learned.nodes[usize::from(node)].element;
        if known != NONE {
            return Some(known);
        }
        if self.learned.nodes.len() >= MOST {
            return None;
        }
        let element = self.learned.node(b"", NONE, false);
        self.learned.nodes[usize::from(node)].element = element;
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const PATHS: [&str; 7] = ["a", "a.b", "a.b.c", "type", "b.type", "eventName", "resources.ARN"];

    /// Reads the texts one after the other, each as `Fields` reads it.
    fn check(texts: &[String]) {
        let long = "k".repeat(300);
        let fields = Fields::new(PATHS.into_iter().chain([&*long])).unwrap();
        let mut learned = Learned::new(&fields);
        let (mut slots, mut expected) = (Vec::new(), Vec::new());
        for text in texts.iter().chain(texts) {
            let padded = format!(" {text}, ");
            let read = learned.read(padded.as_bytes(), 1, &mut slots);
            assert_eq!(read, fields.read(padded.as_bytes(), 1, &mut expected), "{text}");
            if read.is_ok() {
                // Only one of the two knows that there is no escape.
                let places =
                    |slots: &[Found]| slots.iter().map(|found| (found.span_of(), found.is_whole())).collect::<Vec<_>>();
                assert_eq!(places(&slots), places(&expected), "{text}");
            }
        }
    }

    #[test]
    fn what_was_learned_changes_nothing() {
        let long = "k".repeat(300);
        check(&[
            r#"{"a":1,"type":"x","eventName":"RunInstances","resources":[{"ARN":"1"},{"type":1}],"z":{}}"#.into(),
            r#"{"a":{"b":{"c":"y\n"}},"type":"x","resources":[],"eventName":"RunInstances"}"#.into(),
            r#"{"a":{"b":1},"a":{"c":2}}"#.into(),
            r#"{"a":[{"b":[1,2]}],"q":[[1],[[{"a":1}]]]}"#.into(),
            r#"{ "a" : 1 }"#.into(),
            r#"{"\u0061":1,"b":2}"#.into(),
            r#"{"a":1"#.into(),
            r#"{"a":1,}"#.into(),
            r#"{"a":tru}"#.into(),
            r#"{"a":01}"#.into(),
            "{}".into(),
            format!(r#"{{"{long}":1,"{long}x":2,"a-name-that-is-longer-than-thirty-two-bytes":3}}"#),
            format!(r#"{{"b":{}1{}}}"#, "[".repeat(90), "]".repeat(90)),
            format!(r#"{{"b":{}1{}}}"#, r#"{"type":"#.repeat(126), "}".repeat(126)),
        ]);
    }

    #[test]
    fn names_without_end_are_forgotten_not_kept() {
        let fields = Fields::new(["a.b"]).unwrap();
        let mut learned = Learned::new(&fields);
        let mut slots = Vec::new();
        for number in 0..MOST + 100 {
            let text = format!(r#"{{"n{number}":{{"x":[{number}]}},"a":{{"b":{number}}}}}"#);
            assert_eq!(learned.read(text.as_bytes(), 0, &mut slots), Ok(text.len()));
            let record = super::super::Record::of_json(&text, &fields, &slots);
            let value = record.get(fields.slot("a.b").unwrap()).unwrap();
            assert_eq!(value.as_json(), number.to_string());
        }
        assert!(learned.nodes.len() <= MOST);
    }

    fn record() -> impl Strategy<Value = Value> {
        let name =
            || prop_oneof![Just("a"), Just("b"), Just("c"), Just("type"), Just("eventName"), Just("ARN"), Just("é\"")];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,40}|\\PC{0,6}".prop_map(Value::from),
        ];
        let inner = leaf.prop_recursive(4, 30, 5, move |inner| {
            prop_oneof![proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from), members(name(), inner),]
        });
        members(prop_oneof![Just("a"), Just("b"), Just("type"), Just("eventName"), Just("resources")], inner)
    }

    fn members(
        name: impl Strategy<Value = &'static str>,
        value: impl Strategy<Value = Value>,
    ) -> impl Strategy<Value = Value> {
        proptest::collection::vec((name, value), 0..6).prop_map(|members| {
            Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        })
    }

    proptest! {
        #[test]
        fn both_ways_read_the_same(
            records in proptest::collection::vec((record(), any::<proptest::sample::Index>(), "[\\x20-\\x7e\n]?"), 1..8)
        ) {
            let texts: Vec<String> = records
                .into_iter()
                .map(|(value, at, letter)| {
                    let mut text = value.to_string();
                    let at = at.index(text.len() + 1);
                    // Damage, or none.
                    if text.is_char_boundary(at) && at > 0 {
                        text.insert_str(at, &letter);
                    }
                    text
                })
                .collect();
            check(&texts);
        }
    }
}
