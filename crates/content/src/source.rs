//! A text with its name, and what is wrong at a place in it: file, line, column, the line itself with
//! a caret, and what to do. Every error about a content file or a pack is one of these.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A line of a source is shown up to this many bytes; a file on one line is cut around the place.
const SHOWN: usize = 200;

/// A text and the name by which people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: Arc<str>,
    pub text: Arc<str>,
}

/// A place in a text, counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Source {
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The position of a byte; beyond the end, the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = floor_boundary(&self.text, offset);
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position {
            line: count(before.bytes().filter(|b| *b == b'\n').count() + 1),
            column: count(before[start..].chars().count() + 1),
        }
    }

    /// Something is wrong in `span`; what spans several lines is shown by its first.
    pub fn diagnostic(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let start = floor_boundary(&self.text, span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let end = ceil_boundary(&self.text, span.end).clamp(start, line_end);
        let from = ceil_boundary(&self.text, start.saturating_sub(SHOWN / 2).max(line_start));
        let to = floor_boundary(&self.text, line_end.min(from + SHOWN));
        let excerpt = self.text[from..to].trim_end_matches('\r').to_owned();
        let mark = (start - from).min(excerpt.len())..(end - from).min(excerpt.len());
        Diagnostic {
            file: self.name.clone(),
            position: Some(self.position(start)),
            message: message.into(),
            help: None,
            excerpt: Some((excerpt, mark)),
        }
    }

    /// Something is wrong with the file as a whole.
    pub fn whole(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::of_file(self.name.clone(), message)
    }
}

/// Something that is wrong with a file, for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: Arc<str>,
    /// Where; `None` when the file as a whole is meant.
    pub position: Option<Position>,
    pub message: String,
    /// What to do next, such as the name that was probably meant.
    pub help: Option<String>,
    /// The line (or the part of it that matters) and the marked part of that.
    excerpt: Option<(String, Range<usize>)>,
}

impl Diagnostic {
    pub fn of_file(file: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self { file: file.into(), position: None, message: message.into(), help: None, excerpt: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean" when one of the known names is close to the unknown one.
    #[must_use]
    pub fn suggest<'a>(self, unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(unknown, known) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    /// `file:line:column: message`, on one line.
    pub fn short(&self) -> String {
        match self.position {
            Some(position) => format!("{}:{position}: {}", self.file, self.message),
            None => format!("{}: {}", self.file, self.message),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some((excerpt, mark)), Some(position)) = (&self.excerpt, self.position) else {
            write!(f, "error: {}", self.short())?;
            return match &self.help {
                Some(help) => write!(f, "\nhelp: {help}"),
                None => Ok(()),
            };
        };
        let mark = match mark.is_empty() {
            true => mark.start..ceil_boundary(excerpt, mark.start + 1),
            false => mark.clone(),
        };
        let snippet = Snippet::source(excerpt.as_str())
            .line_start(position.line as usize)
            .annotation(AnnotationKind::Primary.span(mark));
        let mut group = Level::ERROR.primary_title(self.short()).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        f.write_str(&Renderer::plain().render(&[group]))
    }
}

impl std::error::Error for Diagnostic {}

/// The known name that is nearest to an unknown one, when it is near enough to be meant.
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long texts are no typing errors, and the distance takes quadratic time.
    if unknown.len() > 120 {
        return None;
    }
    let lower = unknown.to_ascii_lowercase();
    known
        .into_iter()
        .filter(|name| name.len() <= 160)
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(lower.chars().count()) / 3).clamp(1, 6))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil_boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_place_with_a_caret() {
        let source = Source::new("rules/a.yaml", "schema: 1\ntitel: x\n");
        let error = source.diagnostic(10..15, "unknown field `titel`").suggest("titel", ["title", "why"]);
        insta::assert_snapshot!(error.to_string(), @r"
        error: rules/a.yaml:2:1: unknown field `titel`
          |
        2 | titel: x
          | ^^^^^
          |
          = help: did you mean `title`?
        ");
    }

    #[test]
    fn cuts_long_lines_between_characters() {
        let text = format!("{}x{}", "가".repeat(5000), "나".repeat(5000));
        let source = Source::new("long", text);
        for offset in [0, 1, 2, 15_000, 15_001, 29_999, 30_001, 99_999] {
            let shown = source.diagnostic(offset..offset + 7, "here").to_string();
            assert!(shown.len() < 2000, "{}", shown.len());
        }
        assert_eq!(source.position(15_001), Position { line: 1, column: 5002 });
    }

    #[test]
    fn an_unknown_name_finds_its_neighbour() {
        let known = ["maxAccessKeyAge", "groupNames"];
        assert_eq!(nearest("maxAccesKeyAge", known), Some("maxAccessKeyAge"));
        assert_eq!(nearest("MAXACCESSKEYAGE", known), Some("maxAccessKeyAge"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
    }
}
