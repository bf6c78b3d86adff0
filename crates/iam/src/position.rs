//! Where something stands in a document: byte spans, and the line and column that a person reads.

/// A half-open range of bytes in the text that was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, serde::Serialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }
}

/// A place as an editor shows it. Both numbers start at 1; columns count characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Position {
    /// The position of byte `offset` in `text`. An offset beyond the end means the end; one inside a
    /// character means that character.
    pub fn in_text(text: &str, offset: usize) -> Position {
        let offset = floor_boundary(text, offset);
        let before = &text[..offset];
        let line_start = line_start(text, offset);
        Position {
            line: before.bytes().filter(|&b| b == b'\n').count() + 1,
            column: text[line_start..offset].chars().count() + 1,
        }
    }
}

/// The nearest character boundary at or before `offset`.
pub(crate) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the line that holds `offset` begins.
pub(crate) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Positions of places told in rising order: the text is read once for all of them.
pub(crate) struct Places<'t> {
    text: &'t str,
    /// Where the line begins that was reached, and its number.
    line_start: usize,
    line: usize,
}

impl<'t> Places<'t> {
    pub(crate) fn new(text: &'t str) -> Places<'t> {
        Places { text, line_start: 0, line: 1 }
    }

    /// The position of a byte at or behind the one asked for before.
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        let offset = floor_boundary(self.text, offset).max(self.line_start);
        while let Some(end) = self.text[self.line_start..offset].find('\n') {
            self.line_start += end + 1;
            self.line += 1;
        }
        // Minified documents have one long line: columns beyond this many bytes are counted from there on in bytes.
        const COUNTED: usize = 4096;
        let counted = floor_boundary(self.text, (self.line_start + COUNTED).min(offset));
        let column = self.text[self.line_start..counted].chars().count() + (offset - counted) + 1;
        Position { line: self.line, column }
    }
}
