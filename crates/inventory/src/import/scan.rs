//! Finds the end of a JSON value by its strings, braces and brackets alone, chunk after chunk.
//!
//! Nothing is validated and nothing is kept but one bit a level, so the cost is that of looking for
//! a few bytes. A value that is not well formed still gets an end, the likeliest one, so that its
//! neighbours can be read.

use memchr::memchr3;

/// Levels whose kind is known; deeper ones are only counted.
const LEVELS: u32 = 128;

/// How a value may break off before its brackets are balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// The value started a line: a line that starts with `{` is the next value (JSON lines, one item a line).
    OneValueEach,
    Free,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// A number or a word outside all brackets: ends before a delimiter.
    Word,
    Inside,
    Text,
    /// After a backslash.
    Escaped,
    /// After a raw line break in a string: a bracket first on the next line shows that a quote is missing.
    BrokenText,
}

/// The scan of one value.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    state: State,
    lines: Lines,
    /// One bit a level, the deepest lowest: 1 is an object.
    kinds: u128,
    depth: u32,
    /// The byte before was a line break.
    after_break: bool,
    broken: bool,
}

/// Bytes that matter outside strings.
const STRUCTURE: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"\"{}[]\n";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

impl Scan {
    pub(crate) fn new(lines: Lines) -> Self {
        Self { state: State::Start, lines, kinds: 0, depth: 0, after_break: false, broken: false }
    }

    /// The brackets did not match, or a string held a line break that ended it.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// The input may end here: the value is a number or a word.
    pub(crate) fn may_end(&self) -> bool {
        self.state == State::Word
    }

    /// Takes the next bytes: the number that still belong to the value when it ends in them.
    pub(crate) fn feed(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < chunk.len() {
            match self.state {
                State::Start => {
                    match chunk[at] {
                        b'"' => self.state = State::Text,
                        byte @ (b'{' | b'[') => {
                            self.open(byte == b'{');
                            self.state = State::Inside;
                        }
                        _ => self.state = State::Word,
                    }
                    at += 1;
                }
                State::Word => {
                    let ends = |byte: &u8| {
                        matches!(byte, b',' | b':' | b'{' | b'[' | b']' | b'}' | b'"') || byte.is_ascii_whitespace()
                    };
                    match chunk[at..].iter().position(ends) {
                        Some(length) => return Some(at + length),
                        None => return None,
                    }
                }
                State::Text => at = self.text(chunk, at),
                State::Escaped => {
                    self.state = State::Text;
                    at += 1;
                }
                State::BrokenText => match chunk[at] {
                    byte if byte.is_ascii_whitespace() => {
                        self.after_break = byte == b'\n';
                        at += 1;
                    }
                    b'{' | b'}' | b'[' | b']' => {
                        self.broken = true;
                        self.state = State::Inside;
                    }
                    _ => {
                        self.after_break = false;
                        self.state = State::Text;
                    }
                },
                State::Inside => {
                    if let Some(end) = self.inside(chunk, &mut at) {
                        return Some(end);
                    }
                }
            }
            if self.depth == 0 && self.state == State::Inside {
                return Some(at);
            }
        }
        None
    }

    /// Inside a string, up to its end, an escape or a line break.
    fn text(&mut self, chunk: &[u8], at: usize) -> usize {
        let Some(length) = memchr3(b'"', b'\\', b'\n', &chunk[at..]) else { return chunk.len() };
        self.state = match chunk[at + length] {
            b'"' => State::Inside,
            b'\\' => State::Escaped,
            _ => {
                self.after_break = true;
                State::BrokenText
            }
        };
        at + length + 1
    }

    /// Between strings, up to the next quote or the end of the value.
    fn inside(&mut self, chunk: &[u8], at: &mut usize) -> Option<usize> {
        while *at < chunk.len() {
            let byte = chunk[*at];
            if !STRUCTURE[byte as usize] {
                self.after_break = false;
                *at += 1;
                continue;
            }
            match byte {
                b'\n' => {
                    self.after_break = true;
                    *at += 1;
                    continue;
                }
                b'{' if self.after_break && self.lines == Lines::OneValueEach => {
                    self.broken = true;
                    return Some(*at);
                }
                b'"' => {
                    self.state = State::Text;
                    self.after_break = false;
                    *at += 1;
                    return None;
                }
                b'{' | b'[' => self.open(byte == b'{'),
                _ => self.close(byte == b'}'),
            }
            self.after_break = false;
            *at += 1;
            if self.depth == 0 {
                return Some(*at);
            }
        }
        None
    }

    fn open(&mut self, object: bool) {
        self.depth = self.depth.saturating_add(1);
        if self.depth <= LEVELS {
            self.kinds = (self.kinds << 1) | u128::from(object);
        }
    }

    /// A closing bracket of the other kind closes what was left open below it, or nothing at all.
    fn close(&mut self, object: bool) {
        if self.depth > LEVELS {
            self.depth -= 1;
            return;
        }
        let mut levels = self.kinds;
        for up in 0..self.depth {
            if (levels & 1 == 1) == object {
                self.broken |= up > 0;
                self.depth -= up + 1;
                self.kinds = levels >> 1;
                return;
            }
            levels >>= 1;
        }
        self.broken = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, lines: Lines, length: Option<usize>, broken: bool) {
        for chunk in 1..=text.len() {
            let mut scan = Scan::new(lines);
            let mut seen = 0;
            let mut found = None;
            for part in text.as_bytes().chunks(chunk) {
                if let Some(end) = scan.feed(part) {
                    found = Some(seen + end);
                    break;
                }
                seen += part.len();
            }
            assert_eq!((found, scan.is_broken()), (length, broken), "{text} in chunks of {chunk}");
        }
    }

    #[test]
    fn finds_the_end() {
        for (text, length) in [
            (r#"{"a": "}"}, x"#, Some(10)),
            (r#"{"a": "\"}"} x"#, Some(12)),
            (r#"[[], {"b": [1]}] x"#, Some(16)),
            (r#""a\\" x"#, Some(5)),
            ("12, 13", Some(2)),
            ("true", None),
            (r#"{"a": [1, 2"#, None),
            ("{\n\"a\":\n1\n} x", Some(10)),
        ] {
            check(text, Lines::Free, length, false);
        }
    }

    #[test]
    fn what_is_broken_gets_the_likeliest_end() {
        for (text, lines, length) in [
            (r#"{"a": [1, 2}, {}"#, Lines::Free, Some(12)),
            (r#"{"a": 1]}, {}"#, Lines::Free, Some(9)),
            ("{\"a\": \"x,\n \"b\": 1\n}, {}", Lines::Free, Some(19)),
            ("{\"a\": \"x\n{\"b\": 1}\n", Lines::OneValueEach, Some(9)),
            ("{\"a\": [1\n{\"b\": 1}\n", Lines::OneValueEach, Some(9)),
        ] {
            check(text, lines, length, true);
        }
    }
}
