//! A pull reader for JSON text: strings, numbers and punctuation, each with its bytes. It never recurses
//! and keeps nothing but its place, so depth and memory are the caller's to bound.

use crate::error::{PolicyError, PolicyErrorKind};
use crate::position::Span;

/// A string as it stands in the document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    /// The bytes between the quotes.
    pub start: usize,
    pub end: usize,
    pub escapes: Escapes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    None,
    Some,
}

impl Raw {
    /// The string with its quotes.
    pub fn span(self) -> Span {
        Span::new(self.start - 1, self.end + 1)
    }
}

/// The reader: the text and the next byte.
pub(crate) struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

/// Bytes that end the fast scan of a string: the quote, the backslash, control characters.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        stops[byte] = true;
        byte += 1;
    }
    stops[b'"' as usize] = true;
    stops[b'\\' as usize] = true;
    stops
};

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Reader<'t> {
        Reader { text, bytes: text.as_bytes(), at: 0 }
    }

    pub fn text(&self) -> &'t str {
        self.text
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn error(&self, span: Span, kind: PolicyErrorKind) -> PolicyError {
        PolicyError::new(self.text, span, kind)
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes `byte` if it is next.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    #[inline]
    pub fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), PolicyError> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// The error for whatever stands here instead of `expected`.
    #[cold]
    pub fn unexpected(&mut self, expected: &'static str) -> PolicyError {
        let Some(byte) = self.peek() else {
            let end = self.text.len();
            return self.error(Span::new(end, end), PolicyErrorKind::UnexpectedEnd { expected });
        };
        let found = self.describe(byte);
        let width = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        self.error(Span::new(self.at, self.at + width), PolicyErrorKind::Unexpected { expected, found })
    }

    /// What a value that begins with `byte` is called in messages.
    pub fn describe(&self, byte: u8) -> String {
        match byte {
            b'"' => "a string".to_owned(),
            b'{' => "an object".to_owned(),
            b'[' => "a list".to_owned(),
            b't' | b'f' => "a boolean".to_owned(),
            b'n' => "null".to_owned(),
            b'-' | b'0'..=b'9' => "a number".to_owned(),
            _ => match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
                Some(character) => format!("`{}`", character.escape_debug()),
                None => "nothing".to_owned(),
            },
        }
    }

    /// Reads a string whose opening quote is next.
    #[inline]
    pub fn string(&mut self, expected: &'static str) -> Result<Raw, PolicyError> {
        self.expect(b'"', expected)?;
        let start = self.at;
        let mut escapes = Escapes::None;
        loop {
            while let Some(&byte) = self.bytes.get(self.at) {
                if STOPS[byte as usize] {
                    break;
                }
                self.at += 1;
            }
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Raw { start, end: self.at - 1, escapes });
                }
                Some(b'\\') => {
                    escapes = Escapes::Some;
                    // Whatever is escaped is checked when the string is decoded; here only the
                    // escaped quote must not end it.
                    self.at = (self.at + 2).min(self.bytes.len());
                }
                Some(_) => {
                    return Err(self.error(Span::new(self.at, self.at + 1), PolicyErrorKind::ControlCharacter));
                }
                None => {
                    let span = Span::new(start - 1, self.at);
                    return Err(self.error(span, PolicyErrorKind::UnexpectedEnd { expected: "the closing quote" }));
                }
            }
        }
    }

    /// Reads a number, `true` or `false`, and returns its bytes as written.
    pub fn plain_scalar(&mut self) -> Result<Span, PolicyError> {
        self.peek();
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')) {
            self.at += 1;
        }
        let span = Span::new(start, self.at);
        let word = &self.bytes[start..self.at];
        if word == b"true" || word == b"false" || is_number(word) {
            return Ok(span);
        }
        if word.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-') {
            return Err(self.error(span, PolicyErrorKind::BadNumber));
        }
        self.at = start;
        Err(self.unexpected("a string, number or boolean"))
    }

    /// Goes back to a place that was read before.
    pub fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Reads any JSON value and forgets it, however deep it nests.
    pub fn skip_value(&mut self) -> Result<(), PolicyError> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            // A value begins here.
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    if !self.take(b'}') {
                        open.push(b'}');
                        self.skip_key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if !self.take(b']') {
                        open.push(b']');
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string("a string")?;
                }
                Some(b'n') if self.bytes[self.at..].starts_with(b"null") => self.at += 4,
                _ => {
                    self.plain_scalar()?;
                }
            }
            // A value has ended: so may what holds it.
            loop {
                let Some(&close) = open.last() else { return Ok(()) };
                if self.take(close) {
                    open.pop();
                    continue;
                }
                self.expect(b',', "`,` or the end of a list or object")?;
                if close == b'}' {
                    self.skip_key()?;
                }
                break;
            }
        }
    }

    fn skip_key(&mut self) -> Result<(), PolicyError> {
        self.string("a name in quotes")?;
        self.expect(b':', "`:`")
    }

    /// Only white space may follow.
    pub fn finish(&mut self) -> Result<(), PolicyError> {
        if self.peek().is_none() {
            return Ok(());
        }
        let end = self.text.len();
        Err(self.error(Span::new(self.at, end), PolicyErrorKind::TrailingData))
    }

    /// Appends the meaning of a string with escapes to `out`.
    pub fn unescape(&self, raw: Raw, out: &mut String) -> Result<(), PolicyError> {
        let mut at = raw.start;
        while at < raw.end {
            // Escapes are ASCII, so both ends of the plain run are character boundaries.
            let plain = self.bytes[at..raw.end].iter().position(|&b| b == b'\\').map_or(raw.end, |n| at + n);
            out.push_str(&self.text[at..plain]);
            if plain == raw.end {
                break;
            }
            at = self.escape(plain, raw.end, out)?;
        }
        Ok(())
    }

    /// Decodes the escape at `at` (a backslash) and returns the offset after it.
    fn escape(&self, at: usize, end: usize, out: &mut String) -> Result<usize, PolicyError> {
        let character = match self.bytes.get(at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(at, end, out),
            _ => return Err(self.error(Span::new(at, (at + 2).min(end)), PolicyErrorKind::BadEscape)),
        };
        out.push(character);
        Ok(at + 2)
    }

    fn unicode_escape(&self, at: usize, end: usize, out: &mut String) -> Result<usize, PolicyError> {
        let bad = || self.error(Span::new(at, (at + 6).min(end)), PolicyErrorKind::BadEscape);
        let lone = || self.error(Span::new(at, at + 6), PolicyErrorKind::LoneSurrogate);
        let high = self.hex4(at + 2, end).ok_or_else(bad)?;
        if let Some(character) = char::from_u32(high) {
            out.push(character);
            return Ok(at + 6);
        }
        let low_follows = high < 0xdc00 && self.bytes.get(at + 6..at + 8) == Some(b"\\u");
        let low = if low_follows { self.hex4(at + 8, end) } else { None };
        let low = low.filter(|low| (0xdc00..0xe000).contains(low)).ok_or_else(lone)?;
        let character = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or_else(lone)?;
        out.push(character);
        Ok(at + 12)
    }

    fn hex4(&self, at: usize, end: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4).filter(|_| at + 4 <= end)?;
        digits.iter().try_fold(0u32, |sum, &b| Some(sum * 16 + (b as char).to_digit(16)?))
    }
}

/// JSON's grammar of numbers: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
fn is_number(word: &[u8]) -> bool {
    let unsigned = word.strip_prefix(b"-").unwrap_or(word);
    let digits = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned[0] == b'0') {
        return false;
    }
    let mut rest = &unsigned[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let count = digits(exponent);
        return count > 0 && count == exponent.len();
    }
    rest.is_empty()
}
