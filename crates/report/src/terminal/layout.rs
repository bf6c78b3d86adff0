//! Lines for a terminal: columns counted as they are shown, text shortened without breaking a character.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::format::Color;

const ELLIPSIS: &str = "…";

/// How a piece of text is shown where colours are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Dim,
    Critical,
    High,
    Medium,
    Low,
    Info,
    Good,
}

impl Style {
    pub const fn of(severity: haechi_model::Severity) -> Self {
        use haechi_model::Severity as S;
        match severity {
            S::Critical => Style::Critical,
            S::High => Style::High,
            S::Medium => Style::Medium,
            S::Low => Style::Low,
            S::Informational => Style::Info,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Critical => "1;31",
            Style::High => "31",
            Style::Medium => "33",
            Style::Low => "36",
            Style::Info => "2;37",
            Style::Good => "32",
        }
    }
}

/// One line being put together; it knows how many columns it takes.
pub(crate) struct Line {
    text: String,
    width: usize,
    color: Color,
}

impl Line {
    pub fn new(color: Color) -> Self {
        Self { text: String::new(), width: 0, color }
    }

    pub fn push(&mut self, text: &str, style: Style) -> &mut Self {
        let text = printable(text);
        self.width += width(&text);
        if self.color == Color::On && style != Style::Plain && !text.is_empty() {
            self.text.push_str(&format!("\u{1b}[{}m{text}\u{1b}[0m", style.code()));
        } else {
            self.text.push_str(&text);
        }
        self
    }

    pub fn plain(&mut self, text: &str) -> &mut Self {
        self.push(text, Style::Plain)
    }

    /// Spaces up to a column; at least one when something already stands there.
    pub fn to(&mut self, column: usize) -> &mut Self {
        let gap = if self.width >= column { usize::from(self.width > 0 && column > 0) } else { column - self.width };
        self.text.push_str(&" ".repeat(gap));
        self.width += gap;
        self
    }

    /// Another line put after this one, colours and all.
    pub fn join(&mut self, other: &Line) -> &mut Self {
        self.text.push_str(&other.text);
        self.width += other.width;
        self
    }

    pub const fn width(&self) -> usize {
        self.width
    }

    /// The line without trailing spaces.
    pub fn end(&self) -> &str {
        self.text.trim_end()
    }
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Control characters and marks that turn the writing direction would let a resource's name rewrite the screen.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() || is_direction_mark(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

pub(crate) const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Shortened at the end to at most `columns`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    let text = printable(text);
    if width(&text) <= columns {
        return text;
    }
    if columns == 0 {
        return String::new();
    }
    let mut kept = head(&text, columns - 1).trim_end().to_owned();
    kept.push_str(ELLIPSIS);
    kept
}

/// Shortened in the middle to at most `columns`: both ends of an id tell it apart.
pub(crate) fn elide(text: &str, columns: usize) -> String {
    let text = printable(text);
    if width(&text) <= columns {
        return text;
    }
    if columns < 3 {
        return cut(&text, columns);
    }
    let room = columns - 1;
    let front = head(&text, room.div_ceil(2));
    let back = tail(&text, room - width(front));
    format!("{front}{ELLIPSIS}{back}")
}

fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        used += c.width().unwrap_or(0);
        (used > columns).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let start = text.char_indices().rev().find_map(|(at, c)| {
        used += c.width().unwrap_or(0);
        (used > columns).then_some(at + c.len_utf8())
    });
    &text[start.unwrap_or(0)..]
}

/// A bar of at most `columns`, in eighths; a share above nothing shows at least a sliver.
pub(crate) fn bar(part: u64, whole: u64, columns: usize) -> String {
    if whole == 0 || part == 0 || columns == 0 {
        return String::new();
    }
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let full = columns as u128 * 8;
    let eighths = (u128::from(part.min(whole)) * full / u128::from(whole)).max(1) as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// A text in lines of at most `columns`, broken at spaces, or anywhere in a word that is longer.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    for word in printable(text).split_whitespace() {
        let mut word = word;
        while let Some(line) = lines.last_mut() {
            let space = usize::from(!line.is_empty());
            if width(line) + space + width(word) <= columns {
                if space == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            // Korean and Japanese run on without spaces: a long word is broken where the line ends.
            let room = columns.saturating_sub(width(line) + space);
            let part = if width(word) > columns / 2 && room >= 8 { head(word, room) } else { "" };
            if !part.is_empty() {
                if space == 1 {
                    line.push(' ');
                }
                line.push_str(part);
                word = &word[part.len()..];
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shortened_by_columns_and_never_inside_a_character() {
        for (text, columns, cut_to, elided) in [
            ("short", 10, "short", "short"),
            ("arn:aws:s3:::a-very-long-bucket", 15, "arn:aws:s3:::a…", "arn:aws…-bucket"),
            ("보안 그룹이 열려 있음", 9, "보안 그…", "보안…있음"),
            ("セキュリティグループ", 7, "セキュ…", "セ…プ"),
            ("ab", 1, "…", "…"),
            ("ab", 0, "", ""),
        ] {
            assert_eq!(cut(text, columns), cut_to, "{text}");
            let short = elide(text, columns);
            assert!(width(&short) <= columns, "{short}");
            if text.is_ascii() || columns < 3 || width(text) <= columns {
                assert_eq!(short, elided, "{text}");
            }
        }
    }

    #[test]
    fn hostile_names_cannot_rewrite_the_screen() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c d");
    }

    #[test]
    fn bars_show_a_sliver_of_anything() {
        assert_eq!(bar(0, 10, 8), "");
        assert_eq!(bar(1, 100_000, 8), "▏");
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(u64::MAX, u64::MAX, 2), "██");
    }

    #[test]
    fn wrapping_keeps_every_character() {
        for text in ["one two three four five six", "ルールがすべてのリソースに適用されていません", "a b", ""]
        {
            for columns in [8, 11, 20] {
                let lines = wrap(text, columns);
                assert!(lines.iter().all(|line| width(line) <= columns), "{lines:?}");
                assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
            }
        }
    }
}
