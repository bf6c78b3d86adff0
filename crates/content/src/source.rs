//! A text with its name, and what is wrong at a place in it: file, line, column, the line itself with
//! a caret, and what to do. Every error about a content file or a pack is one of these.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A line of a source is shown up to this many bytes; a file on one line is cut around the place.
const SHOWN: usize = 200;

/// A text and the name by which people know it.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: Arc<str>,
    pub text: Arc<str>,
    /// The position of every `STRIDE`th byte, made when the first position is asked for: a file with
    /// very many parts, all on one line, would otherwise be read from its start for each.
    marks: OnceLock<Arc<[Position]>>,
}

const STRIDE: usize = 1024;

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
        Self { name: name.into(), text: text.into(), marks: OnceLock::new() }
    }

    /// The position of a byte; beyond the end, the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = floor_boundary(&self.text, offset);
        let marks = self.marks.get_or_init(|| self.make_marks());
        let at = offset / STRIDE;
        let start = floor_boundary(&self.text, at * STRIDE);
        advance(marks.get(at).copied().unwrap_or(Position { line: 1, column: 1 }), &self.text[start..offset])
    }

    fn make_marks(&self) -> Arc<[Position]> {
        let mut position = Position { line: 1, column: 1 };
        let mut from = 0;
        let mut marks = Vec::with_capacity(self.text.len() / STRIDE + 1);
        for at in (0..=self.text.len()).step_by(STRIDE) {
            let at = floor_boundary(&self.text, at);
            position = advance(position, &self.text[from..at]);
            from = at;
            marks.push(position);
        }
        marks.into()
    }

    /// Something is wrong in `span`; what spans several lines is shown by its first.
    pub fn diagnostic(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let text = &self.text;
        let start = floor_boundary(text, span.start);
        let window = floor_boundary(text, start.saturating_sub(SHOWN / 2));
        let from = text[window..start].rfind('\n').map_or(window, |at| window + at + 1);
        let window = floor_boundary(text, from.saturating_add(SHOWN).max(start));
        let to = text[start..window].find('\n').map_or(window, |at| start + at);
        let end = ceil_boundary(text, span.end).clamp(start, to);
        let excerpt = text[from..to].trim_end_matches('\r').to_owned();
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
        // More names than these are no vocabulary of people's.
        .take(2000)
        .filter(|name| name.len() <= 160)
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(lower.chars().count()) / 3).clamp(1, 6))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The position after a text that begins at a position.
fn advance(from: Position, text: &str) -> Position {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match text.rfind('\n') {
        None => Position { column: from.column.saturating_add(count(text.chars().count())), ..from },
        Some(last) => Position {
            line: from.line.saturating_add(count(text.bytes().filter(|byte| *byte == b'\n').count())),
            column: count(text[last + 1..].chars().count() + 1),
        },
    }
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
        let source = Source::new("lines", "가나\nabc\n".repeat(1000));
        for line in 0..1000 {
            assert_eq!(source.position(line * 11 + 3).to_string(), format!("{}:2", 2 * line + 1));
            assert_eq!(source.position(line * 11 + 9).to_string(), format!("{}:3", 2 * line + 2));
        }
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
