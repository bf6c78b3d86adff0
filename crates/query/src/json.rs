//! Reads chosen paths straight from the bytes of a JSON document: everything else is skipped, nothing is built.
//!
//! The documents are a store's own and well formed. Any other bytes end in [`Malformed`] or in values that
//! are not there, never in a panic, and never in more work than the bytes are long (times the texts that
//! hold JSON themselves, which are read as part of the document where a path goes on into them).

use std::borrow::Cow;

/// The bytes are not a JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document is not JSON")]
pub struct Malformed;

/// What is wanted at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Every single value, those within lists too.
    Scalars,
    /// The value as it stands.
    Whole,
}

/// Paths to be read together, as a tree.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    nodes: Vec<Node>,
    slots: usize,
}

#[derive(Debug, Clone, Default)]
struct Node {
    children: Vec<(Box<[u8]>, usize)>,
    ends: Vec<(usize, Take)>,
    /// Slots of paths that go on from here.
    below: Vec<usize>,
}

/// What was found of each path. Kept between documents, so that reading allocates nothing.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    slots: Vec<Slot>,
    /// JSON that stood in texts.
    inner: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    found: Vec<Piece>,
    through_list: bool,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    /// 0 is the document, others are texts within it.
    document: u32,
    start: u32,
    end: u32,
}

/// Lists in lists, and JSON in texts in JSON, beyond this are refused.
const DEEPEST: usize = 256;
/// JSON in texts: no further than this.
const INNERMOST: usize = 4;
/// Members of an object that are looked for one by one; a wider query just reads objects to their end.
const WIDEST: usize = 64;

impl Paths {
    /// Adds a path and gives the number of its slot; the same path and wish have one slot.
    pub fn add(&mut self, path: &[String], take: Take) -> usize {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for key in path {
            let known = self.nodes[at].children.iter().find(|(name, _)| **name == *key.as_bytes());
            at = match known {
                Some((_, child)) => *child,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].children.push((key.as_bytes().into(), child));
                    child
                }
            };
        }
        if let Some((slot, _)) = self.nodes[at].ends.iter().find(|(_, known)| *known == take) {
            return *slot;
        }
        let slot = self.slots;
        self.slots += 1;
        self.nodes[at].ends.push((slot, take));
        let mut on_the_way = 0;
        for key in path {
            self.nodes[on_the_way].below.push(slot);
            let next = self.nodes[on_the_way].children.iter().find(|(name, _)| **name == *key.as_bytes());
            on_the_way = next.map_or(0, |(_, child)| *child);
        }
        slot
    }

    pub fn is_empty(&self) -> bool {
        self.slots == 0
    }

    /// Reads the paths of a document into `pieces`; what they held before is gone.
    pub fn read(&self, document: &[u8], pieces: &mut Pieces) -> Result<(), Malformed> {
        pieces.clear(self.slots);
        if self.slots == 0 || u32::try_from(document.len()).is_err() {
            return if self.slots == 0 { Ok(()) } else { Err(Malformed) };
        }
        let mut walk = Walk { paths: self, pieces, document: 0, depth: 0, inner: 0 };
        walk.value(document, space(document, 0), 0, Own::All).map(|_| ())
    }
}

impl Pieces {
    fn clear(&mut self, slots: usize) {
        self.slots.iter_mut().for_each(|slot| {
            slot.found.clear();
            slot.through_list = false;
        });
        self.slots.resize_with(slots, Slot::default);
        self.inner.clear();
    }

    /// The bytes of each value that was found for a slot.
    pub fn of<'a>(&'a self, slot: usize, document: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let found = self.slots.get(slot).map_or(&[][..], |slot| &slot.found);
        found.iter().filter_map(move |piece| {
            let text = match piece.document {
                0 => document,
                inner => self.inner.get(inner as usize - 1)?,
            };
            text.get(piece.start as usize..piece.end as usize)
        })
    }

    /// Whether the path of a slot led through a list: then it has any number of values.
    pub fn is_list(&self, slot: usize) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.through_list)
    }
}

/// Which ends of a node a value serves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    All,
    /// An element of a list that was taken whole.
    Scalars,
    /// What stands in a text: the text itself was the value.
    Nothing,
}

struct Walk<'p> {
    paths: &'p Paths,
    pieces: &'p mut Pieces,
    document: usize,
    depth: usize,
    inner: usize,
}

impl Walk<'_> {
    /// Reads the value at a place as a node of the tree wants it, and gives its end.
    fn value(&mut self, text: &[u8], start: usize, node: usize, own: Own) -> Result<usize, Malformed> {
        let goes_on = !self.paths.nodes[node].children.is_empty();
        let end = match text.get(start).ok_or(Malformed)? {
            b'{' if goes_on => self.deeper(|walk| walk.object(text, start, node))?,
            b'{' => container_end(text, start + 1)?,
            b'[' => self.deeper(|walk| walk.list(text, start, node, own))?,
            b'"' => {
                let end = text_end(text, start + 1)? + 1;
                if goes_on {
                    self.within_text(&text[start..end], node);
                }
                if own != Own::Nothing {
                    self.ends(node, start, end, Take::Scalars);
                }
                end
            }
            _ => {
                let end = literal_end(text, start)?;
                if own != Own::Nothing {
                    self.ends(node, start, end, Take::Scalars);
                }
                end
            }
        };
        if own == Own::All {
            self.ends(node, start, end, Take::Whole);
        }
        Ok(end)
    }

    fn deeper<T>(&mut self, walk: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<T, Malformed> {
        if self.depth >= DEEPEST {
            return Err(Malformed);
        }
        self.depth += 1;
        let done = walk(self);
        self.depth -= 1;
        done
    }

    fn ends(&mut self, node: usize, start: usize, end: usize, wanted: Take) {
        for (slot, take) in &self.paths.nodes[node].ends {
            if *take == wanted {
                // Documents are shorter than 4 GiB: `read` and `within_text` see to it.
                let piece = Piece { document: self.document as u32, start: start as u32, end: end as u32 };
                self.pieces.slots[*slot].found.push(piece);
            }
        }
    }

    fn object(&mut self, text: &[u8], start: usize, node: usize) -> Result<usize, Malformed> {
        let paths = self.paths;
        let children = &paths.nodes[node].children;
        let all = if children.len() < WIDEST { (1_u64 << children.len()) - 1 } else { u64::MAX };
        let mut seen = 0_u64;
        let mut at = space(text, start + 1);
        if text.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            if text.get(at) != Some(&b'"') {
                return Err(Malformed);
            }
            let key_end = text_end(text, at + 1)?;
            let key = &text[at + 1..key_end];
            at = space(text, key_end + 1);
            if text.get(at) != Some(&b':') {
                return Err(Malformed);
            }
            at = space(text, at + 1);
            let child = position(children, key).filter(|child| *child >= WIDEST || seen & (1 << child) == 0);
            at = match child {
                Some(child) => {
                    seen |= if child < WIDEST { 1 << child } else { 0 };
                    self.value(text, at, children[child].1, Own::All)?
                }
                None => value_end(text, at)?,
            };
            // All that is wanted has been found: the rest of the object is of no interest.
            if seen == all {
                return if self.depth == 1 && self.document == 0 { Ok(text.len()) } else { container_end(text, at) };
            }
            at = space(text, at);
            match text.get(at) {
                Some(b',') => at = space(text, at + 1),
                Some(b'}') => return Ok(at + 1),
                _ => return Err(Malformed),
            }
        }
    }

    /// A path goes through a list as if each element stood there.
    fn list(&mut self, text: &[u8], start: usize, node: usize, own: Own) -> Result<usize, Malformed> {
        let wanted = &self.paths.nodes[node];
        if wanted.children.is_empty() && wanted.ends.iter().all(|(_, take)| *take == Take::Whole) {
            return container_end(text, start + 1);
        }
        // Paths that go on below a list give lists, even when nothing is found in it.
        for slot in &wanted.below {
            self.pieces.slots[*slot].through_list = true;
        }
        let own = if own == Own::Nothing { own } else { Own::Scalars };
        let mut at = space(text, start + 1);
        if text.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            at = space(text, self.value(text, at, node, own)?);
            match text.get(at) {
                Some(b',') => at = space(text, at + 1),
                Some(b']') => return Ok(at + 1),
                _ => return Err(Malformed),
            }
        }
    }

    /// Some members of items are JSON in a text: a path goes on into it.
    fn within_text(&mut self, quoted: &[u8], node: usize) {
        let begins = quoted.get(1..).and_then(|text| text.iter().find(|byte| !byte.is_ascii_whitespace()));
        if self.inner >= INNERMOST || !matches!(begins, Some(b'{' | b'[')) {
            return;
        }
        let Some(text) = unescaped(quoted) else { return };
        let text = text.into_owned().into_bytes();
        self.pieces.inner.push(Vec::new());
        let number = self.pieces.inner.len();
        let before: Vec<_> = self.pieces.slots.iter().map(|slot| (slot.found.len(), slot.through_list)).collect();
        let outer = std::mem::replace(&mut self.document, number);
        self.inner += 1;
        let read = self.deeper(|walk| walk.value(&text, space(&text, 0), node, Own::Nothing));
        self.inner -= 1;
        self.document = outer;
        match read {
            Ok(end) if space(&text, end) == text.len() => self.pieces.inner[number - 1] = text,
            // It was a text like any other.
            _ => self.pieces.slots.iter_mut().zip(before).for_each(|(slot, (length, through_list))| {
                slot.found.truncate(length);
                slot.through_list = through_list;
            }),
        }
    }
}

fn position(children: &[(Box<[u8]>, usize)], key: &[u8]) -> Option<usize> {
    if key.contains(&b'\\') {
        let quoted = [b"\"", key, b"\""].concat();
        let plain = unescaped(&quoted)?;
        return children.iter().position(|(name, _)| **name == *plain.as_bytes());
    }
    children.iter().position(|(name, _)| **name == *key)
}

fn space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// The end of a value of any kind.
fn value_end(text: &[u8], start: usize) -> Result<usize, Malformed> {
    match text.get(start).ok_or(Malformed)? {
        b'"' => text_end(text, start + 1).map(|end| end + 1),
        b'{' | b'[' => container_end(text, start + 1),
        _ => literal_end(text, start),
    }
}

/// Skips the rest of an object or list: past the bracket that closes it.
fn container_end(text: &[u8], mut at: usize) -> Result<usize, Malformed> {
    let mut depth = 1_usize;
    loop {
        match text.get(at).ok_or(Malformed)? {
            b'"' => at = text_end(text, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn literal_end(text: &[u8], start: usize) -> Result<usize, Malformed> {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|byte| !matches!(byte, b'a'..=b'z' | b'E' | b'0'..=b'9' | b'-' | b'+' | b'.'))
        .unwrap_or(rest.len());
    if length == 0 { Err(Malformed) } else { Ok(start + length) }
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Sets the high bit of bytes that equal `byte`, and perhaps of bytes above one that does.
fn equal_to(word: u64, byte: u8) -> u64 {
    let zeroed = word ^ (ONES * u64::from(byte));
    zeroed.wrapping_sub(ONES) & !zeroed & HIGHS
}

/// The place of the quote that ends a text which begins at `at`; eight bytes at a time.
fn text_end(text: &[u8], mut at: usize) -> Result<usize, Malformed> {
    loop {
        while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*chunk);
            let found = equal_to(word, b'"') | equal_to(word, b'\\');
            if found != 0 {
                at += (found.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match text.get(at).ok_or(Malformed)? {
            b'"' => return Ok(at),
            // The character after a backslash is part of the text, whatever it is.
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The text that a JSON string stands for; none when it is no JSON string.
pub(crate) fn unescaped(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str, path: &str, take: Take) -> Result<Vec<String>, Malformed> {
        let mut paths = Paths::default();
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let slot = paths.add(&path, take);
        let mut pieces = Pieces::default();
        paths.read(document.as_bytes(), &mut pieces)?;
        Ok(pieces.of(slot, document.as_bytes()).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect())
    }

    #[test]
    fn paths_lead_through_objects_lists_and_texts() {
        let check = |document: &str, path: &str, take, expected: &[&str]| {
            assert_eq!(found(document, path, take).unwrap(), expected, "{path} in {document}");
        };
        use Take::{Scalars, Whole};
        check(r#"{"a":{"b":1}}"#, "a.b", Scalars, &["1"]);
        check(r#"{"x":{"a":9},"a":{"b":"t"}}"#, "a.b", Scalars, &["\"t\""]);
        check(r#"{"a":[{"b":1},{"c":2},{"b":[3,[4,{"b":5}]]}]}"#, "a.b", Scalars, &["1", "3", "4"]);
        check(r#"{"a":[{"b":1},{"b":[3]}]}"#, "a.b", Whole, &["1", "[3]"]);
        check(r#"{"a":[1,2]}"#, "a", Whole, &["[1,2]"]);
        check(r#"{"a":{"b":{}}}"#, "a", Scalars, &[]);
        check(r#"{"a":{"b":{}}}"#, "a", Whole, &[r#"{"b":{}}"#]);
        check(r#"{"a":"{\"b\":\"x\\\"y\"}"}"#, "a.b", Scalars, &[r#""x\"y""#]);
        check(r#"{"a":"{\"b\":1"}"#, "a.b", Scalars, &[]);
        check(r#"{"a":"{\"b\":1} more"}"#, "a.b", Scalars, &[]);
        check(r#"{"a\"":{"b":1},"\u0061":{"b":2}}"#, "a.b", Scalars, &["2"]);
        check(" { \"z\" : \"}\\\\\" , \"a\" : { \"b\" : [ true , null ] } } ", "a.b", Scalars, &["true", "null"]);
        check("{}", "a", Whole, &[]);
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for document in
            ["", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":[", "{\"b\":\"", "{\"b\":[}", "{a:1}", "{\"b\":\\"]
        {
            assert!(found(document, "a", Take::Scalars).is_err(), "{document}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(found(&deep, "a", Take::Scalars), Err(Malformed));
    }
}
