//! Sigma's texts: `*` and `?` with their escapes, in any case of letters unless asked otherwise, and sets of them.

use aho_corasick::AhoCorasick;
use regex::Regex;

/// Whether capital and small letters are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Case {
    Same,
    Distinct,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// `?`
    One,
    /// `*`
    Many,
}

/// A text as it is written in a rule, with its wildcards told apart from plain letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pattern {
    pub pieces: Vec<Piece>,
}

impl Pattern {
    /// `\*`, `\?` and `\\` are plain; another backslash is one.
    pub(crate) fn read(text: &str) -> Self {
        let mut pattern = Self::default();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => {
                    let plain = letters.next_if(|next| matches!(next, '*' | '?' | '\\'));
                    pattern.push(plain.unwrap_or('\\'));
                }
                '*' => pattern.many(),
                '?' => pattern.pieces.push(Piece::One),
                _ => pattern.push(letter),
            }
        }
        pattern
    }

    pub(crate) fn plain(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self { pieces: vec![Piece::Text(text.to_owned())] } }
    }

    fn push(&mut self, letter: char) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(letter),
            _ => self.pieces.push(Piece::Text(letter.into())),
        }
    }

    fn many(&mut self) {
        if self.pieces.last() != Some(&Piece::Many) {
            self.pieces.push(Piece::Many);
        }
    }

    pub(crate) fn open_end(mut self) -> Self {
        self.many();
        self
    }

    pub(crate) fn open_start(mut self) -> Self {
        if self.pieces.first() != Some(&Piece::Many) {
            self.pieces.insert(0, Piece::Many);
        }
        self
    }

    /// The text, when it has no wildcard.
    pub(crate) fn as_plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn shape(&self, case: Case) -> Result<Shape, regex::Error> {
        // Letters beyond ASCII have cases too: regular expressions know them.
        let simple = |text: &String| case == Case::Distinct || text.is_ascii();
        let literal = |text: &String| Literal::new(text, case);
        Ok(match self.pieces.as_slice() {
            [] => Shape::Equals(Literal::new("", case)),
            [Piece::Many] => Shape::Anything,
            [Piece::Text(text)] if simple(text) => Shape::Equals(literal(text)),
            [Piece::Text(text), Piece::Many] if simple(text) => Shape::Starts(literal(text)),
            [Piece::Many, Piece::Text(text)] if simple(text) => Shape::Ends(literal(text)),
            [Piece::Many, Piece::Text(text), Piece::Many] if simple(text) => Shape::Contains(literal(text)),
            pieces => Shape::Regex(regex(&glob(pieces), case)?),
        })
    }
}

fn glob(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let (mut from, mut to) = (0, pieces.len());
    // A search finds its place itself: no need to begin with `.*`.
    let anchored_start = pieces.first() != Some(&Piece::Many);
    let anchored_end = pieces.last() != Some(&Piece::Many);
    from += usize::from(!anchored_start);
    to -= usize::from(!anchored_end && to > from);
    text += if anchored_start { r"(?s)\A" } else { "(?s)" };
    for piece in &pieces[from..to] {
        match piece {
            Piece::Text(plain) => text += &regex::escape(plain),
            Piece::One => text.push('.'),
            Piece::Many => text += ".*",
        }
    }
    if anchored_end {
        text += r"\z";
    }
    text
}

/// Bytes that a compiled regular expression may take.
pub(crate) const REGEX_BYTES: usize = 1 << 20;

pub(crate) fn regex(text: &str, case: Case) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(text)
        .case_insensitive(case == Case::Same)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .nest_limit(64)
        .build()
}

/// Plain letters; of `Case::Same` only ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Literal {
    text: Box<str>,
    case: Case,
    /// Both cases of the first letter.
    first: Option<(u8, u8)>,
}

impl Literal {
    fn new(text: &str, case: Case) -> Self {
        let first = text.as_bytes().first().map(|first| match case {
            Case::Same => (first.to_ascii_lowercase(), first.to_ascii_uppercase()),
            Case::Distinct => (*first, *first),
        });
        Self { text: text.into(), case, first }
    }

    fn same(&self, bytes: &[u8]) -> bool {
        match self.case {
            Case::Same => bytes.eq_ignore_ascii_case(self.text.as_bytes()),
            Case::Distinct => bytes == self.text.as_bytes(),
        }
    }

    pub(crate) fn equals(&self, value: &str) -> bool {
        value.len() == self.text.len() && self.same(value.as_bytes())
    }

    pub(crate) fn starts(&self, value: &str) -> bool {
        value.as_bytes().get(..self.text.len()).is_some_and(|start| self.same(start))
    }

    pub(crate) fn ends(&self, value: &str) -> bool {
        let from = value.len().checked_sub(self.text.len());
        from.is_some_and(|from| self.same(&value.as_bytes()[from..]))
    }

    pub(crate) fn is_in(&self, value: &str) -> bool {
        let Some((lower, upper)) = self.first else { return true };
        let value = value.as_bytes();
        let Some(last) = value.len().checked_sub(self.text.len()) else { return false };
        memchr::memchr2_iter(lower, upper, &value[..=last]).any(|at| self.same(&value[at..at + self.text.len()]))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn case(&self) -> Case {
        self.case
    }
}

/// A hash that knows no case of ASCII letters. Others may fall together: who finds one compares.
pub(crate) fn folded_hash(text: &str) -> u64 {
    const SMALL: u64 = 0x2020_2020_2020_2020;
    let mut hash = text.len() as u64;
    let mut add = |word: u64| hash = (hash.rotate_left(5) ^ (word | SMALL)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    words.iter().for_each(|word| add(u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    add(u64::from_le_bytes(last));
    hash ^ hash >> 29
}

/// Many texts of which a value must be one.
#[derive(Clone)]
pub(crate) struct LiteralSet {
    /// By hash.
    entries: Box<[(u64, Box<str>)]>,
}

impl LiteralSet {
    pub(crate) fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut entries: Vec<_> =
            texts.into_iter().map(|text| (folded_hash(text), text.to_ascii_lowercase().into_boxed_str())).collect();
        entries.sort_unstable();
        entries.dedup();
        Self { entries: entries.into() }
    }

    pub(crate) fn has(&self, value: &str) -> bool {
        let hash = folded_hash(value);
        let from = self.entries.partition_point(|(known, _)| *known < hash);
        self.entries[from..]
            .iter()
            .take_while(|(known, _)| *known == hash)
            .any(|(_, text)| text.eq_ignore_ascii_case(value))
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(_, text)| &**text)
    }
}

impl std::fmt::Debug for LiteralSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.texts()).finish()
    }
}

/// What a text must look like.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Anything,
    Equals(Literal),
    /// In any case of letters.
    OneOf(LiteralSet),
    Starts(Literal),
    Ends(Literal),
    Contains(Literal),
    /// One of these is in it, in any case of letters.
    ContainsOne(AhoCorasick, Box<[Box<str>]>),
    Regex(Regex),
}

impl Shape {
    pub(crate) fn fits(&self, value: &str) -> bool {
        match self {
            Shape::Anything => true,
            Shape::Equals(literal) => literal.equals(value),
            Shape::OneOf(set) => set.has(value),
            Shape::Starts(literal) => literal.starts(value),
            Shape::Ends(literal) => literal.ends(value),
            Shape::Contains(literal) => literal.is_in(value),
            Shape::ContainsOne(automaton, _) => automaton.is_match(value),
            Shape::Regex(regex) => regex.is_match(value),
        }
    }

    /// True when it may fit within a larger text, such as that of an object.
    pub(crate) const fn is_loose(&self) -> bool {
        !matches!(self, Shape::Equals(_) | Shape::OneOf(_))
    }

    /// Joins shapes of which one must fit, where many are as cheap as one.
    pub(crate) fn joined(shapes: Vec<Shape>) -> Vec<Shape> {
        const MANY: usize = 3;
        let (mut equal, mut inside, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for shape in shapes {
            match shape {
                Shape::Equals(literal) if literal.case() == Case::Same => equal.push(literal),
                Shape::Contains(literal) if literal.case() == Case::Same => inside.push(literal),
                other => others.push(other),
            }
        }
        if equal.len() > MANY {
            others.insert(0, Shape::OneOf(LiteralSet::new(equal.iter().map(Literal::text))));
        } else {
            others.splice(0..0, equal.into_iter().map(Shape::Equals));
        }
        let automaton = (inside.len() > MANY)
            .then(|| AhoCorasick::builder().ascii_case_insensitive(true).build(inside.iter().map(Literal::text)).ok())
            .flatten();
        match automaton {
            Some(automaton) => {
                let texts = inside.iter().map(|literal| literal.text().to_ascii_lowercase().into()).collect();
                others.push(Shape::ContainsOne(automaton, texts));
            }
            None => others.extend(inside.into_iter().map(Shape::Contains)),
        }
        others
    }

    /// How much work it is, to ask for the least first.
    pub(crate) const fn cost(&self) -> u32 {
        match self {
            Shape::Anything => 1,
            Shape::Equals(_) | Shape::Starts(_) | Shape::Ends(_) => 2,
            Shape::OneOf(_) => 4,
            Shape::Contains(_) => 10,
            Shape::ContainsOne(..) => 20,
            Shape::Regex(_) => 30,
        }
    }

    /// What makes two shapes the same.
    pub(crate) fn key(&self) -> String {
        match self {
            Shape::ContainsOne(_, texts) => format!("ContainsOne({texts:?})"),
            other => format!("{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, fitting: &[&str], others: &[&str]) {
        let shape = Pattern::read(pattern).shape(Case::Same).unwrap();
        for value in fitting {
            assert!(shape.fits(value), "`{pattern}` fits `{value}`: {shape:?}");
        }
        for value in others {
            assert!(!shape.fits(value), "`{pattern}` does not fit `{value}`: {shape:?}");
        }
    }

    #[test]
    fn wildcards_and_escapes() {
        check("prog?.exe", &["progA.exe", "PROGé.EXE"], &["prog.exe", "progAB.exe", "xprogA.exe"]);
        check("antivirus_V*.exe", &["antivirus_V1.exe", "antivirus_v21.2.1.EXE"], &["antivirus_V1.ex"]);
        check(r"a\*b", &["a*b", "A*B"], &["axb", r"a\*b"]);
        check(r"a\\*b", &[r"a\b", r"a\xyzb"], &["ab", "a*b"]);
        check(r"a\\\*b", &[r"a\*b"], &[r"a\xb"]);
        check(r"C:\Windows\cmd", &[r"c:\windows\CMD"], &["C:Windowscmd"]);
        check(r"\\\\", &[r"\\"], &[r"\", r"\\\\"]);
        check(r"\\\", &[r"\\"], &[r"\"]);
        check("*", &["", "x"], &[]);
        check("", &[""], &["x"]);
        check("**x", &["x", "abX"], &["xy"]);
        check("Ünder*", &["ünderX", "ÜNDER"], &["under"]);
        check("*ß*", &["Straße"], &["Strasse"]);
        check("K*", &["k8s"], &["x"]);
    }

    #[test]
    fn sets_are_joined() {
        let shapes = |texts: &[&str]| {
            Shape::joined(texts.iter().map(|text| Pattern::read(text).shape(Case::Same).unwrap()).collect())
        };
        assert!(matches!(&shapes(&["a", "b", "C", "d", "e*"])[..], [Shape::OneOf(_), Shape::Starts(_)]));
        let joined = shapes(&["*curl*", "*Wget*", "*nmap*", "*kali*"]);
        assert!(matches!(&joined[..], [Shape::ContainsOne(..)]) && joined[0].fits("x wGET/1"));
        let set = LiteralSet::new(["GetObject", "PutObject"]);
        assert!(set.has("getobject") && !set.has("GetObjectX") && !set.has("") && !set.has("Get\u{8f}bject"));
    }

    /// The plain way: every split is tried.
    fn by_search(pattern: &[Piece], value: &str) -> bool {
        let Some((piece, rest)) = pattern.split_first() else { return value.is_empty() };
        match piece {
            Piece::Text(text) => {
                let head: String = value.chars().take(text.chars().count()).collect();
                head.to_lowercase() == text.to_lowercase() && by_search(rest, &value[head.len()..])
            }
            Piece::One => value.chars().next().is_some_and(|first| by_search(rest, &value[first.len_utf8()..])),
            Piece::Many => {
                value.char_indices().map(|(at, _)| at).chain([value.len()]).any(|at| by_search(rest, &value[at..]))
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

        #[test]
        fn shapes_equal_the_plain_way(pattern in r"[abAéÉ*?\\]{0,7}", value in r"[abBéÉ*?\\]{0,8}") {
            let read = Pattern::read(&pattern);
            let shape = read.shape(Case::Same).unwrap();
            prop_assert_eq!(shape.fits(&value), by_search(&read.pieces, &value), "{} on {}: {:?}", pattern, value, shape);
        }

        #[test]
        fn a_hash_knows_no_case(text in "[ -~]{0,30}") {
            prop_assert_eq!(folded_hash(&text), folded_hash(&text.to_ascii_uppercase()));
        }
    }
}
