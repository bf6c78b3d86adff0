//! JSON text read in place: where a value ends, and a view that looks inside one without converting it.
//!
//! The scanner checks the whole grammar of what it passes over, so that damage is seen where it is.

use std::borrow::Cow;

use wide::u8x16;

/// Why a value could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// The text ends inside the value.
    Incomplete,
    /// It is not JSON, from this position on.
    Wrong { at: usize, what: &'static str },
}

type Scan<T> = Result<T, Halt>;

/// Deepest nesting that is read; serde_json's limit too.
pub const DEEPEST: u32 = 127;

const fn wrong<T>(at: usize, what: &'static str) -> Scan<T> {
    Err(Halt::Wrong { at, what })
}

fn byte(text: &[u8], at: usize) -> Scan<u8> {
    text.get(at).copied().ok_or(Halt::Incomplete)
}

/// The next position that is no white space.
pub fn space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// The bytes of sixteen that end a run of plain text, a bit each: a quote, a backslash or a control character.
#[inline]
fn not_plain(chunk: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let quote = bytes.simd_eq(u8x16::splat(b'"'));
    let slash = bytes.simd_eq(u8x16::splat(b'\\'));
    let control = bytes.min(u8x16::splat(0x1F)).simd_eq(bytes);
    (quote | slash | control).to_bitmask()
}

/// From behind the opening quote to behind the closing one, and whether there is an escape between them.
#[inline]
pub fn string_end(text: &[u8], mut at: usize) -> Scan<(usize, bool)> {
    let mut escaped = false;
    loop {
        while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
            let hit = not_plain(chunk);
            if hit != 0 {
                at += hit.trailing_zeros() as usize;
                break;
            }
            at += 16;
        }
        match byte(text, at)? {
            b'"' => return Ok((at + 1, escaped)),
            b'\\' => {
                escaped = true;
                at = escape_end(text, at)?;
            }
            0..0x20 => return wrong(at, "a control character in a text"),
            _ => at += 1,
        }
    }
}

fn escape_end(text: &[u8], at: usize) -> Scan<usize> {
    match byte(text, at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' => {
            for digit in at + 2..at + 6 {
                if !byte(text, digit)?.is_ascii_hexdigit() {
                    return wrong(digit, "a wrong escape in a text");
                }
            }
            Ok(at + 6)
        }
        _ => wrong(at, "a wrong escape in a text"),
    }
}

/// A member's name at its opening quote: its text, whether it is escaped, and where its value begins.
pub fn key(text: &[u8], at: usize) -> Scan<(&[u8], bool, usize)> {
    if byte(text, at)? != b'"' {
        return wrong(at, "the name of a member is expected here");
    }
    let (end, escaped) = string_end(text, at + 1)?;
    let colon = space(text, end);
    if byte(text, colon)? != b':' {
        return wrong(colon, "`:` is expected here");
    }
    Ok((&text[at + 1..end - 1], escaped, space(text, colon + 1)))
}

fn word_end(text: &[u8], at: usize, word: &'static [u8]) -> Scan<usize> {
    for (index, letter) in word.iter().enumerate() {
        if byte(text, at + index)? != *letter {
            return wrong(at, "no JSON value");
        }
    }
    Ok(at + word.len())
}

fn digits(text: &[u8], mut at: usize) -> Scan<usize> {
    if !byte(text, at)?.is_ascii_digit() {
        return wrong(at, "a digit is expected here");
    }
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    Ok(at)
}

fn number_end(text: &[u8], mut at: usize) -> Scan<usize> {
    if text[at] == b'-' {
        at += 1;
    }
    at = if byte(text, at)? == b'0' { at + 1 } else { digits(text, at)? };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

/// From a value's first byte to behind its last.
pub fn value_end(text: &[u8], at: usize) -> Scan<usize> {
    value_end_within(text, at, DEEPEST)
}

/// The same of a value that is nested less deeply than others may be.
pub(super) fn value_end_within(text: &[u8], mut at: usize, deepest: u32) -> Scan<usize> {
    // One bit a level: set for an object.
    let (mut levels, mut depth) = (0_u128, 0_u32);
    loop {
        match byte(text, at)? {
            b'"' => at = string_end(text, at + 1)?.0,
            open @ (b'{' | b'[') => {
                if depth == deepest {
                    return wrong(at, "nested deeper than 127 levels");
                }
                (levels, depth) = (levels << 1 | u128::from(open == b'{'), depth + 1);
                let inside = space(text, at + 1);
                let first = byte(text, inside)?;
                if first == if open == b'{' { b'}' } else { b']' } {
                    (levels, depth, at) = (levels >> 1, depth - 1, inside + 1);
                } else {
                    at = if open == b'{' { key(text, inside)?.2 } else { inside };
                    continue;
                }
            }
            b't' => at = word_end(text, at, b"true")?,
            b'f' => at = word_end(text, at, b"false")?,
            b'n' => at = word_end(text, at, b"null")?,
            b'-' | b'0'..=b'9' => at = number_end(text, at)?,
            _ => return wrong(at, "no JSON value"),
        }
        loop {
            if depth == 0 {
                return Ok(at);
            }
            let object = levels & 1 == 1;
            // Most texts of AWS have no white space between values.
            if let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
                at = space(text, at);
            }
            match byte(text, at)? {
                b',' => {
                    let next = space(text, at + 1);
                    at = if object { key(text, next)?.2 } else { next };
                    break;
                }
                b'}' if object => (levels, depth, at) = (levels >> 1, depth - 1, at + 1),
                b']' if !object => (levels, depth, at) = (levels >> 1, depth - 1, at + 1),
                _ => {
                    return wrong(
                        at,
                        if object { "`,` or `}` is expected here" } else { "`,` or `]` is expected here" },
                    );
                }
            }
        }
    }
}

/// Finds the end of an object or array by its brackets alone: to go on behind one that is damaged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Balance {
    depth: u64,
    in_text: bool,
    after_backslash: bool,
}

impl Balance {
    /// Takes more text; the position behind the last bracket, when it is in it.
    pub fn take(&mut self, text: &[u8]) -> Option<usize> {
        for (at, letter) in text.iter().enumerate() {
            if self.in_text {
                match letter {
                    _ if self.after_backslash => self.after_backslash = false,
                    b'\\' => self.after_backslash = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match letter {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// A value inside text that was checked: nothing is copied until it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Json<'a> {
    text: &'a str,
    /// It is known that there is no escape in it.
    plain: bool,
}

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Json<'_> {}

/// What a [`Json`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl<'a> Json<'a> {
    /// The text must be one whole JSON value without white space around it.
    pub const fn of_checked(text: &'a str) -> Self {
        Self { text, plain: false }
    }

    /// The same of a value in which no escape was met.
    pub const fn of_plain(text: &'a str) -> Self {
        Self { text, plain: true }
    }

    /// Checks a text; none when it is not exactly one JSON value.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_matches([' ', '\n', '\r', '\t']);
        // A number may go on where the text ends: nothing follows here, so it does not.
        (value_end(text.as_bytes(), 0) == Ok(text.len())).then_some(Self::of_checked(text))
    }

    /// The JSON text itself.
    pub const fn as_json(self) -> &'a str {
        self.text
    }

    /// A value inside this one.
    fn part(self, from: usize, end: usize) -> Option<Self> {
        Some(Self { text: self.text.get(from..end)?, plain: self.plain })
    }

    pub fn kind(self) -> JsonKind {
        match self.text.as_bytes().first() {
            Some(b'"') => JsonKind::Text,
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') | None => JsonKind::Null,
            Some(_) => JsonKind::Number,
        }
    }

    pub fn is_null(self) -> bool {
        self.kind() == JsonKind::Null
    }

    /// A text's content; borrowed unless it has escapes.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inside = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(if self.plain || memchr::memchr(b'\\', inside.as_bytes()).is_none() {
            Cow::Borrowed(inside)
        } else {
            Cow::Owned(unescape(inside))
        })
    }

    pub fn as_bool(self) -> Option<bool> {
        match self.text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// A number; a number that is written as a text is not one.
    pub fn as_f64(self) -> Option<f64> {
        if self.kind() == JsonKind::Number { self.text.parse().ok() } else { None }
    }

    /// The elements of an array; none of anything else.
    pub fn elements(self) -> impl Iterator<Item = Json<'a>> {
        let mut at = if self.kind() == JsonKind::Array { Some(space(self.text.as_bytes(), 1)) } else { None };
        std::iter::from_fn(move || {
            let (text, from) = (self.text.as_bytes(), at?);
            let end = value_end(text, from).ok()?;
            at = next(text, end);
            self.part(from, end)
        })
    }

    /// The members of an object; none of anything else.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        let mut at = if self.kind() == JsonKind::Object { Some(space(self.text.as_bytes(), 1)) } else { None };
        std::iter::from_fn(move || {
            let (text, from) = (self.text.as_bytes(), at?);
            let (name, escaped, value) = key(text, from).ok()?;
            let end = value_end(text, value).ok()?;
            at = next(text, end);
            let name = self.text.get(from + 1..from + 1 + name.len())?;
            let name = if escaped { Cow::Owned(unescape(name)) } else { Cow::Borrowed(name) };
            Some((name, self.part(value, end)?))
        })
    }

    /// A member by its name; of several, the last, as other readers have it.
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        self.members().filter(|(known, _)| known == name).last().map(|(_, value)| value)
    }

    /// Every value that is neither array nor object, here and below, in order.
    pub fn each_leaf(self, each: &mut dyn FnMut(Json<'a>)) {
        match self.kind() {
            JsonKind::Array => self.elements().for_each(|element| element.each_leaf(each)),
            JsonKind::Object => self.members().for_each(|(_, member)| member.each_leaf(each)),
            _ => each(self),
        }
    }
}

/// Where the next element or member begins; none behind the last one.
fn next(text: &[u8], end: usize) -> Option<usize> {
    let comma = space(text, end);
    (text.get(comma) == Some(&b',')).then(|| space(text, comma + 1))
}

/// The content of a text whose escapes were checked. Half a surrogate pair becomes the replacement character.
pub fn unescape(inside: &str) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let letter = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        let mut taken = at + 2;
        match letter {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (letter, length) = unicode(&rest[at..]);
                out.push(letter);
                taken = at + length;
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn unicode(escape: &str) -> (char, usize) {
    let unit = |from: usize| escape.get(from..from + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let first = unit(2).unwrap_or(0xFFFD);
    if let 0xD800..0xDC00 = first
        && escape.get(6..8) == Some("\\u")
        && let Some(second @ 0xDC00..0xE000) = unit(8)
    {
        let joined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    /// Whether text is one JSON value, by the scanner.
    fn accepted(text: &str) -> bool {
        let text = text.trim_matches([' ', '\n', '\r', '\t']);
        value_end(text.as_bytes(), 0) == Ok(text.len())
    }

    #[test]
    fn values_end_where_they_end() {
        for (text, end) in [
            (r#"{"a":1}rest"#, 7),
            (r#""x\"y" ,"#, 6),
            ("[1,2,[3,{}]]]", 12),
            ("true,", 4),
            ("-1.5e+3 ", 7),
            ("0]", 1),
            (r#"{ "a" : [ ] , "b" : { } }"#, 25),
        ] {
            assert_eq!(value_end(text.as_bytes(), 0), Ok(end), "{text}");
        }
        for text in [r#"{"a":"#, r#"{"a"#, "[1,", "tru", r#""\u00"#, "-", "[", "1.", "1e"] {
            assert_eq!(value_end(text.as_bytes(), 0), Err(Halt::Incomplete), "{text}");
        }
        for text in
            ["{a:1}", "[1 2]", "{\"a\" 1}", "\"\\x\"", "\"\n\"", "[,]", "{,}", "[1,]", "{\"a\":1,}", "nul0", "+1"]
        {
            assert!(matches!(value_end(text.as_bytes(), 0), Err(Halt::Wrong { .. })), "{text}");
        }
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(accepted(&deep(127)) && !accepted(&deep(128)));
    }

    #[test]
    fn views_look_inside() {
        let text = r#"{"n":-2.5,"t":"a\u00e9\n\ud83d\ude00\ud800","l":[1,"x",{"y":null}],"b":true,"e":[],"n":7}"#;
        let view = Json::parse(text).unwrap();
        assert_eq!(view.get("n").unwrap().as_f64(), Some(7.0), "the last of two");
        assert_eq!(view.get("t").unwrap().text().unwrap(), "aé\n😀\u{FFFD}");
        assert_eq!(view.get("l").unwrap().elements().count(), 3);
        assert_eq!((view.get("e").unwrap().elements().count(), view.get("b").unwrap().as_bool()), (0, Some(true)));
        let mut leaves = Vec::new();
        view.each_leaf(&mut |leaf| leaves.push(leaf.as_json()));
        assert_eq!(leaves.len(), 7);
        assert!(Json::parse("{} {}").is_none() && Json::parse("").is_none());
    }

    #[test]
    fn brackets_are_enough_to_go_on() {
        let damaged = br#"{"a":"}\"","b":{x,}} ,"#;
        let mut balance = Balance::default();
        assert_eq!(balance.take(damaged), Some(20));
        let mut pieces = Balance::default();
        assert_eq!((pieces.take(&damaged[..8]), pieces.take(&damaged[8..])), (None, Some(12)));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter_map("finite", |n| n.is_finite().then(|| Value::from(n))),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn same(view: Json<'_>, value: &Value) -> bool {
        match value {
            Value::Null => view.is_null(),
            Value::Bool(known) => view.as_bool() == Some(*known),
            Value::Number(known) => view.as_json() == known.to_string(),
            Value::String(known) => view.text().as_deref() == Some(known.as_str()),
            Value::Array(known) => {
                view.elements().count() == known.len()
                    && view.elements().zip(known).all(|(element, known)| same(element, known))
            }
            Value::Object(known) => {
                view.members().count() == known.len()
                    && view
                        .members()
                        .zip(known)
                        .all(|((name, member), (known_name, known))| name == known_name.as_str() && same(member, known))
            }
        }
    }

    proptest! {
        #[test]
        fn the_view_equals_the_value(value in any_json(), spaced in any::<bool>()) {
            let text = if spaced { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert!(same(Json::parse(&text).unwrap(), &value), "{text}");
        }

        #[test]
        fn what_is_json_is_agreed_on(value in any_json(), at in any::<proptest::sample::Index>(), letter in "[\\x20-\\x7e]") {
            let mut text = value.to_string();
            let at = at.index(text.len() + 1);
            if text.is_char_boundary(at) {
                text.insert_str(at, &letter);
            }
            // Half a surrogate pair is refused by the one and replaced by the other; so are numbers out of range.
            let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(accepted(&text), theirs, "{}", text);
        }

        #[test]
        fn no_cut_is_taken_for_the_whole(value in any_json(), at in any::<proptest::sample::Index>()) {
            let text = serde_json::json!([value]).to_string();
            let cut = &text.as_bytes()[..at.index(text.len())];
            prop_assert_eq!(value_end(cut, 0), Err(Halt::Incomplete));
        }
    }
}
