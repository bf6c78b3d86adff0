//! What is wrong with a rule, told to its author: which part, where in it, and what to do.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use haechi_content::source::nearest;
use haechi_content::{Diagnostic, Rule};

use crate::syntax::{Problem, Span};

/// One thing that is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    pub rule: String,
    /// Which part of the file: `check`, `let.policy`, `args.days`, `reads`...
    pub part: String,
    pub message: String,
    pub help: Option<String>,
    /// The expression at fault, and the bytes in it; none when the fault is not in an expression.
    pub source_text: Option<(String, Span)>,
}

impl RuleError {
    pub(crate) fn in_expression(rule: &str, part: &str, text: &str, problem: Problem) -> Self {
        let source_text = Some((text.to_owned(), problem.at));
        Self { rule: rule.into(), part: part.into(), message: problem.message, help: problem.help, source_text }
    }

    pub(crate) fn new(rule: &str, part: &str, message: impl Into<String>) -> Self {
        Self { rule: rule.into(), part: part.into(), message: message.into(), help: None, source_text: None }
    }

    /// Line and column in the expression, from 1; columns count characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        let (text, at) = self.source_text.as_ref()?;
        let before = text.get(..at.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }

    /// The same, at its place in the rule's file.
    pub fn in_file(&self, rule: &Rule) -> Diagnostic {
        let path: Vec<&str> = self.part.splitn(2, '.').collect();
        let offset = self.source_text.as_ref().map_or(0, |(_, at)| at.start);
        let problem = rule.problem(&path, offset, self.message.clone());
        match &self.help {
            Some(help) => problem.help(help.clone()),
            None => problem,
        }
    }

    /// The message over the line at fault with a mark under it, without colours.
    pub fn render(&self) -> String {
        let mut group = Level::ERROR.primary_title(format!("{}: {}: {}", self.rule, self.part, self.message)).elements(
            self.source_text.as_ref().map(|(text, at)| {
                Snippet::source(text.as_str())
                    .path(self.part.as_str())
                    .annotation(AnnotationKind::Primary.span(marked(text, *at)))
            }),
        );
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        Renderer::plain().render(&[group]).to_string()
    }
}

/// The bytes to mark, at least one and within the text.
fn marked(text: &str, at: Span) -> std::ops::Range<usize> {
    let start = (0..=at.start.min(text.len())).rev().find(|&start| text.is_char_boundary(start)).unwrap_or(0);
    let end = (at.end.max(start)..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len());
    start..end
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.part)?;
        if let Some((line, column)) = self.position() {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// The name that was meant, when one is near enough.
pub(crate) fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}
