//! What is wrong with a query, and where: a message of the locales and a place in the text.

use std::fmt::Write as _;
use std::ops::Range;

use haechi_model::Message;
use unicode_width::UnicodeWidthStr as _;

/// A query that cannot be run as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub message: Message,
    /// What to do about it.
    pub help: Option<Message>,
    /// Bytes of the text.
    pub at: Range<usize>,
}

/// So much of a long line is shown on each side of the place.
const AROUND: usize = 60;

impl Problem {
    pub(crate) fn new(id: &str, at: Range<usize>) -> Self {
        Self { message: Message::new(id), help: None, at }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.message.args.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn help(mut self, id: &str) -> Self {
        self.help = Some(Message::new(id));
        self
    }

    /// The line of the text with a caret under the place.
    pub fn caret(&self, text: &str) -> String {
        caret(text, &self.at)
    }
}

/// The line of a text with a caret under the character that begins at a byte.
pub fn place(text: &str, at: usize) -> String {
    let at = floor(text, at.min(text.len()));
    let word = text[at..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len() - at);
    caret(text, &(at..at + word.max(1)))
}

/// The line of a text with carets under a place; empty where there is none.
pub fn place_of(text: &str, at: &Range<usize>) -> String {
    if at.is_empty() { String::new() } else { caret(text, at) }
}

/// The line that holds a place, and carets under it.
pub(crate) fn caret(text: &str, at: &Range<usize>) -> String {
    let begin = floor(text, at.start.min(text.len()));
    let end = floor(text, at.end.clamp(begin, text.len()));
    let line_start = text[..begin].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[begin..].find('\n').map_or(text.len(), |newline| begin + newline);
    let from =
        text[line_start..begin].char_indices().rev().nth(AROUND - 1).map_or(line_start, |(at, _)| line_start + at);
    let to = text[begin..line_end].char_indices().nth(AROUND).map_or(line_end, |(at, _)| begin + at);
    let clean = |part: &str| part.replace(|c: char| c.is_control(), " ");
    let (before, marked) = (clean(&text[from..begin]), clean(&text[begin..end.min(to)]));
    let line = text[..begin].matches('\n').count() + 1;
    let column = text[line_start..begin].chars().count() + 1;
    let mut shown = String::new();
    let _ = writeln!(shown, "{line}:{column}");
    let _ = writeln!(shown, "  | {}{}", before, clean(&text[begin..to]).trim_end());
    let _ = write!(shown, "  | {}{}", " ".repeat(before.width()), "^".repeat(marked.width().max(1)));
    shown
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let check = |text: &str, at: Range<usize>, expected: &str| assert_eq!(caret(text, &at), expected);
        check("SELECT a", 7..8, "1:8\n  | SELECT a\n  |        ^");
        check("SELECT\n한글 x\nWHERE", 14..15, "2:4\n  | 한글 x\n  |      ^");
        check("", 0..0, "1:1\n  | \n  | ^");
        check("é", 1..9, "1:1\n  | é\n  | ^");
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let text = format!("{}HERE{}", "x".repeat(500), "y".repeat(500));
        let shown = caret(&text, &(500..504));
        assert!(shown.starts_with("1:501\n  | xxx") && shown.ends_with("^^^^"), "{shown}");
        assert!(shown.lines().all(|line| line.len() < 140));
    }
}
