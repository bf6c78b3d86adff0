//! A JSON document as one flat list of nodes: read once, walked by many rules, never copied.
//!
//! A node is 12 bytes and the text of all strings lies in one buffer, so a document costs a
//! fraction of `serde_json::Value` in time and memory. Duplicate keys are refused: two readers
//! could disagree about them. Limits: 4 GiB of text, 2^32 nodes, 128 levels (serde_json's own).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Null,
    False,
    True,
    Int,
    Uint,
    Float,
    Str,
    Array,
    Object,
}

#[derive(Clone, Copy)]
struct Slot {
    tag: Tag,
    /// Str: offset. Array, Object: number of members. Numbers: the low half.
    a: u32,
    /// Str: length. Array, Object: nodes in the subtree, itself included. Numbers: the high half.
    b: u32,
}

impl Slot {
    const fn number(tag: Tag, bits: u64) -> Self {
        Self { tag, a: bits as u32, b: (bits >> 32) as u32 }
    }

    const fn bits(self) -> u64 {
        (self.a as u64) | ((self.b as u64) << 32)
    }
}

/// A parsed JSON document.
#[derive(Clone)]
pub struct Doc {
    slots: Box<[Slot]>,
    text: Box<str>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

/// The text is not a JSON document that can be kept.
#[derive(Debug, thiserror::Error)]
pub enum DocError {
    #[error("line {line}, column {column}: {what}")]
    Json { what: String, line: usize, column: usize },
    #[error("the document is larger than 4 GiB")]
    Large,
}

impl From<serde_json::Error> for DocError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text).to_owned();
        DocError::Json { what, line, column }
    }
}

impl Doc {
    /// Reads one JSON document; anything after it is an error.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocError> {
        let mut builder = Builder::with_capacity(bytes.len());
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        NodeSeed(&mut builder).deserialize(&mut reader)?;
        reader.end()?;
        builder.finish()
    }

    pub fn from_value(value: &Value) -> Result<Self, DocError> {
        let mut builder = Builder::with_capacity(256);
        builder.value(value);
        builder.finish()
    }

    pub fn root(&self) -> Node<'_> {
        Node { doc: self, at: 0 }
    }

    /// Bytes that this document holds in memory.
    pub fn size(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.text.len()
    }

    fn str_at(&self, slot: Slot) -> &str {
        &self.text[slot.a as usize..slot.a as usize + slot.b as usize]
    }
}

impl fmt::Debug for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.root().to_value(), f)
    }
}

/// Collects nodes in document order.
pub(crate) struct Builder {
    slots: Vec<Slot>,
    text: String,
    overflow: bool,
}

impl Builder {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { slots: Vec::with_capacity(bytes / 14 + 4), text: String::with_capacity(bytes * 2 / 3), overflow: false }
    }

    pub(crate) fn finish(self) -> Result<Doc, DocError> {
        if self.overflow || self.slots.len() > u32::MAX as usize {
            return Err(DocError::Large);
        }
        Ok(Doc { slots: self.slots.into_boxed_slice(), text: self.text.into_boxed_str() })
    }

    pub(crate) fn string(&mut self, text: &str) {
        let (offset, length) = (self.text.len(), text.len());
        if offset + length > u32::MAX as usize {
            self.overflow = true;
            return self.slots.push(Slot { tag: Tag::Null, a: 0, b: 0 });
        }
        self.text.push_str(text);
        self.slots.push(Slot { tag: Tag::Str, a: offset as u32, b: length as u32 });
    }

    fn plain(&mut self, tag: Tag) {
        self.slots.push(Slot { tag, a: 0, b: 0 });
    }

    pub(crate) fn open(&mut self, array: bool) -> usize {
        self.plain(if array { Tag::Array } else { Tag::Object });
        self.slots.len() - 1
    }

    pub(crate) fn close(&mut self, at: usize, members: u32) {
        let span = self.slots.len() - at;
        self.slots[at].a = members;
        self.slots[at].b = u32::try_from(span).unwrap_or_else(|_| {
            self.overflow = true;
            0
        });
    }

    /// The key that stands at `from` again, when the object opened there has it already.
    fn has_key(&self, object: usize, key: &str) -> bool {
        let mut at = object + 1;
        while at < self.slots.len() {
            let slot = self.slots[at];
            if &self.text[slot.a as usize..slot.a as usize + slot.b as usize] == key {
                return true;
            }
            at += 1;
            at += match self.slots[at] {
                Slot { tag: Tag::Array | Tag::Object, b, .. } => b as usize,
                _ => 1,
            };
        }
        false
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.plain(Tag::Null),
            Value::Bool(true) => self.plain(Tag::True),
            Value::Bool(false) => self.plain(Tag::False),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => self.slots.push(Slot::number(Tag::Int, int as u64)),
                (None, Some(uint)) => self.slots.push(Slot::number(Tag::Uint, uint)),
                _ => self.slots.push(Slot::number(Tag::Float, number.as_f64().unwrap_or(f64::NAN).to_bits())),
            },
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                let at = self.open(true);
                items.iter().for_each(|item| self.value(item));
                self.close(at, items.len() as u32);
            }
            Value::Object(members) => {
                let at = self.open(false);
                for (key, member) in members {
                    self.string(key);
                    self.value(member);
                }
                self.close(at, members.len() as u32);
            }
        }
    }
}

/// Which keys an object has had: one bit a key, and a look back only when the bit is taken.
#[derive(Default)]
struct KeysSeen(u64, std::collections::HashSet<String>, u32);

/// Above this many keys an object's keys are kept in a set, so that no file is quadratic.
const SCANNED_KEYS: u32 = 64;

impl KeysSeen {
    fn repeats(&mut self, builder: &Builder, object: usize, key: &str) -> bool {
        let bytes = key.as_bytes();
        let mix = bytes.len() as u64
            + 7 * u64::from(*bytes.first().unwrap_or(&0))
            + 31 * u64::from(*bytes.last().unwrap_or(&0))
            + 3 * u64::from(*bytes.get(bytes.len() / 2).unwrap_or(&0));
        let bit = 1u64 << (mix.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58);
        self.2 += 1;
        if self.2 > SCANNED_KEYS {
            if self.1.is_empty() {
                let mut at = object + 1;
                while at < builder.slots.len() {
                    let slot = builder.slots[at];
                    self.1.insert(builder.text[slot.a as usize..(slot.a + slot.b) as usize].to_owned());
                    at += 1;
                    at += match builder.slots[at] {
                        Slot { tag: Tag::Array | Tag::Object, b, .. } => b as usize,
                        _ => 1,
                    };
                }
            }
            return !self.1.insert(key.to_owned());
        }
        let taken = self.0 & bit != 0;
        self.0 |= bit;
        taken && builder.has_key(object, key)
    }
}

/// Reads any JSON value into the builder.
pub(crate) struct NodeSeed<'b>(pub(crate) &'b mut Builder);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.plain(Tag::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.plain(if value { Tag::True } else { Tag::False });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.slots.push(Slot::number(Tag::Int, value as u64));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let tag = if i64::try_from(value).is_ok() { Tag::Int } else { Tag::Uint };
        self.0.slots.push(Slot::number(tag, value));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.slots.push(Slot::number(Tag::Float, value.to_bits()));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.string(value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let at = self.0.open(true);
        let mut members = 0;
        while seq.next_element_seed(NodeSeed(self.0))?.is_some() {
            members += 1;
        }
        self.0.close(at, members);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        object(self.0, map, None, |builder, _, map| map.next_value_seed(NodeSeed(builder)))
    }
}

/// Reads an object: `spelling` may give a key another name, `member` reads each value.
pub(crate) fn object<'de, A: MapAccess<'de>>(
    builder: &mut Builder,
    mut map: A,
    spelling: Option<fn(&str) -> &str>,
    mut member: impl FnMut(&mut Builder, Key, &mut A) -> Result<(), A::Error>,
) -> Result<(), A::Error> {
    let at = builder.open(false);
    let mut members = 0;
    let mut seen = KeysSeen::default();
    while let Some(()) = map.next_key_seed(KeySeed { builder, object: at, seen: &mut seen, spelling })? {
        let key = Key(builder.slots.len() - 1);
        member(builder, key, &mut map)?;
        members += 1;
    }
    builder.close(at, members);
    Ok(())
}

/// Where the key of the member being read stands.
#[derive(Clone, Copy)]
pub(crate) struct Key(usize);

impl Key {
    pub(crate) fn of(self, builder: &Builder) -> &str {
        let slot = builder.slots[self.0];
        &builder.text[slot.a as usize..slot.a as usize + slot.b as usize]
    }
}

/// Reads one key of an object, refusing one that stands there already.
struct KeySeed<'b, 's> {
    builder: &'b mut Builder,
    object: usize,
    seen: &'s mut KeysSeen,
    spelling: Option<fn(&str) -> &str>,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<(), E> {
        let key = self.spelling.map_or(key, |spelling| spelling(key));
        if self.seen.repeats(self.builder, self.object, key) {
            return Err(E::custom(format_args!("the key `{}` stands twice", key.chars().take(80).collect::<String>())));
        }
        self.builder.string(key);
        Ok(())
    }
}

/// One value in a document. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    doc: &'a Doc,
    at: u32,
}

impl<'a> Node<'a> {
    fn slot(self) -> Slot {
        self.doc.slots[self.at as usize]
    }

    /// A number that tells this node from all others of its document: caches are keyed by it.
    pub fn position(self) -> u32 {
        self.at
    }

    pub fn kind(self) -> Kind {
        match self.slot().tag {
            Tag::Null => Kind::Null,
            Tag::False | Tag::True => Kind::Bool,
            Tag::Int | Tag::Uint | Tag::Float => Kind::Number,
            Tag::Str => Kind::String,
            Tag::Array => Kind::Array,
            Tag::Object => Kind::Object,
        }
    }

    pub fn is_null(self) -> bool {
        self.slot().tag == Tag::Null
    }

    pub fn as_str(self) -> Option<&'a str> {
        let slot = self.slot();
        (slot.tag == Tag::Str).then(|| self.doc.str_at(slot))
    }

    pub fn as_bool(self) -> Option<bool> {
        match self.slot().tag {
            Tag::True => Some(true),
            Tag::False => Some(false),
            _ => None,
        }
    }

    /// The number when it is whole and fits; a float that is whole counts.
    pub fn as_i64(self) -> Option<i64> {
        let slot = self.slot();
        match slot.tag {
            Tag::Int => Some(slot.bits() as i64),
            Tag::Float => {
                let float = f64::from_bits(slot.bits());
                (float.fract() == 0.0 && float.abs() < 9.0e18).then_some(float as i64)
            }
            _ => None,
        }
    }

    pub fn as_f64(self) -> Option<f64> {
        let slot = self.slot();
        match slot.tag {
            Tag::Int => Some(slot.bits() as i64 as f64),
            Tag::Uint => Some(slot.bits() as f64),
            Tag::Float => Some(f64::from_bits(slot.bits())),
            _ => None,
        }
    }

    /// True for a number that was written without a fraction.
    pub fn is_integer(self) -> bool {
        matches!(self.slot().tag, Tag::Int | Tag::Uint)
    }

    /// Members of an array or object; 0 for all else.
    pub fn len(self) -> usize {
        let slot = self.slot();
        if matches!(slot.tag, Tag::Array | Tag::Object) { slot.a as usize } else { 0 }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    fn after(self) -> u32 {
        let slot = self.slot();
        self.at + if matches!(slot.tag, Tag::Array | Tag::Object) { slot.b } else { 1 }
    }

    /// The member of an object by its key.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        let slot = self.slot();
        if slot.tag != Tag::Object {
            return None;
        }
        let mut at = self.at + 1;
        for _ in 0..slot.a {
            let name = self.doc.slots[at as usize];
            let value = Node { doc: self.doc, at: at + 1 };
            if name.b as usize == key.len() && self.doc.str_at(name) == key {
                return Some(value);
            }
            at = value.after();
        }
        None
    }

    /// Follows keys; an array on the way is not entered.
    pub fn path<'k>(self, keys: impl IntoIterator<Item = &'k str>) -> Option<Node<'a>> {
        keys.into_iter().try_fold(self, |node, key| node.get(key))
    }

    /// The elements of an array; nothing for all else.
    pub fn elements(self) -> impl Iterator<Item = Node<'a>> + Clone {
        let slot = self.slot();
        let count = if slot.tag == Tag::Array { slot.a } else { 0 };
        let mut next = self.at + 1;
        (0..count).map(move |_| {
            let node = Node { doc: self.doc, at: next };
            next = node.after();
            node
        })
    }

    /// The members of an object in their order; nothing for all else.
    pub fn members(self) -> impl Iterator<Item = (&'a str, Node<'a>)> + Clone {
        let slot = self.slot();
        let count = if slot.tag == Tag::Object { slot.a } else { 0 };
        let mut next = self.at + 1;
        (0..count).map(move |_| {
            let name = self.doc.str_at(self.doc.slots[next as usize]);
            let value = Node { doc: self.doc, at: next + 1 };
            next = value.after();
            (name, value)
        })
    }

    pub fn to_value(self) -> Value {
        let slot = self.slot();
        match slot.tag {
            Tag::Null => Value::Null,
            Tag::False => Value::Bool(false),
            Tag::True => Value::Bool(true),
            Tag::Int => Value::from(slot.bits() as i64),
            Tag::Uint => Value::from(slot.bits()),
            Tag::Float => Value::from(f64::from_bits(slot.bits())),
            Tag::Str => Value::from(self.doc.str_at(slot)),
            Tag::Array => Value::Array(self.elements().map(Node::to_value).collect()),
            Tag::Object => {
                Value::Object(self.members().map(|(key, value)| (key.to_owned(), value.to_value())).collect())
            }
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_value(), f)
    }
}

impl serde::Serialize for Node<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let slot = self.slot();
        match slot.tag {
            Tag::Null => serializer.serialize_unit(),
            Tag::False => serializer.serialize_bool(false),
            Tag::True => serializer.serialize_bool(true),
            Tag::Int => serializer.serialize_i64(slot.bits() as i64),
            Tag::Uint => serializer.serialize_u64(slot.bits()),
            Tag::Float => serializer.serialize_f64(f64::from_bits(slot.bits())),
            Tag::Str => serializer.serialize_str(self.doc.str_at(slot)),
            Tag::Array => serializer.collect_seq(self.elements()),
            Tag::Object => serializer.collect_map(self.members()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn walks_what_it_read() {
        let doc = Doc::parse(
            br#"{"a": [1, -2, 3.5, {"b": null}], "c": "\u00e9\n", "d": {"e": true}, "f": 18446744073709551615}"#,
        )
        .unwrap();
        let root = doc.root();
        let a: Vec<_> = root.get("a").unwrap().elements().collect();
        assert_eq!((a[0].as_i64(), a[1].as_i64(), a[2].as_f64()), (Some(1), Some(-2), Some(3.5)));
        assert!(a[3].get("b").unwrap().is_null());
        assert_eq!(root.get("c").unwrap().as_str(), Some("é\n"));
        assert_eq!(root.path(["d", "e"]).unwrap().as_bool(), Some(true));
        assert_eq!(root.get("f").unwrap().as_f64(), Some(18446744073709551615.0));
        assert!(root.path(["a", "b"]).is_none());
    }

    #[test]
    fn hostile_documents_are_refused_with_a_place() {
        for (text, what) in [
            (r#"{"a": 1, "b": {"c": 1, "c": 2}}"#.to_owned(), "line 1, column 26: the key `c` stands twice"),
            (r#"{"a": 1"#.to_owned(), "line 1, column 7: EOF while parsing an object"),
            ("{} x".to_owned(), "line 1, column 4: trailing characters"),
            ("[".repeat(100_000), "line 1, column 128: recursion limit exceeded"),
        ] {
            assert_eq!(Doc::parse(text.as_bytes()).unwrap_err().to_string(), what);
        }
        assert!(Doc::parse(b"\"\xff\"").is_err());
        let many: String = (0..200_000).map(|n| format!("\"k{n}\":1,")).collect();
        assert!(
            Doc::parse(format!("{{{many}\"k7\":1}}").as_bytes()).unwrap_err().to_string().contains("`k7` stands twice")
        );
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9f64..1e9).prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,3}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn says_what_serde_json_says(value in json()) {
            let text = value.to_string();
            let doc = Doc::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(doc.root().to_value(), value.clone());
            prop_assert_eq!(serde_json::to_string(&doc.root()).unwrap(), text);
            prop_assert_eq!(Doc::from_value(&value).unwrap().root().to_value(), value);
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(doc) = Doc::parse(&bytes) {
                prop_assert_eq!(doc.root().to_value(), serde_json::from_slice::<Value>(&bytes).unwrap());
            }
        }
    }
}
