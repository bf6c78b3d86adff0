//! Checks of policy variables (`${aws:username}`): how they are written, and where they mean something.

use super::document::Statement;
use super::{Check, Out, Run};
use crate::operator::{Comparison, Operator};
use crate::policy::Listing;
use crate::position::Span;

pub(super) fn check(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    let version = run.document.version.as_ref().and_then(|node| node.text());
    let modern = version == Some("2012-10-17");
    let outside = [("Action", &statement.action), ("Principal", &statement.principal)];
    for (name, element) in outside {
        let Some(element) = element else { continue };
        let name = if element.listing == Listing::Except { format!("Not{name}") } else { name.to_owned() };
        let texts: Vec<(&str, Span)> = match name.ends_with("Action") {
            true => element.texts().collect(),
            false => statement.principals().into_iter().map(|(_, value, span)| (value, span)).collect(),
        };
        for (_, span) in texts.into_iter().filter(|(text, _)| text.contains("${")) {
            out.find_named(Check::VariableUnsupportedInElement, span, "element", &name);
        }
    }
    if let Some((text, span)) = statement.sid.as_ref().and_then(|node| Some((node.text()?, node.span)))
        && text.contains("${")
    {
        out.find_named(Check::VariableUnsupportedInElement, span, "element", "Sid");
    }
    for (text, span) in statement.resource.iter().flat_map(|element| element.texts()) {
        written(text, span, modern, out);
    }
    for (operator, key) in statement.conditions() {
        let takes = Operator::parse(&operator.key).is_none_or(|operator| takes_variables(operator.comparison));
        for item in key.node.items() {
            let Some(text) = item.text().filter(|text| text.contains("${")) else { continue };
            if takes {
                written(text, item.span, modern, out);
            } else {
                out.find_named(Check::InvalidVariableForOperator, item.span, "operator", &operator.key);
            }
        }
    }
}

fn takes_variables(comparison: Comparison) -> bool {
    let name = comparison.name();
    name.starts_with("String") || name.starts_with("Arn")
}

/// The variables of a text.
fn written(text: &str, span: Span, modern: bool, out: &mut Out<'_>) {
    let mut rest = text;
    let mut real = false;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((inside, behind)) = after.split_once('}') else {
            out.find_named(Check::MissingBraceInVariable, span, "text", text);
            return;
        };
        rest = behind;
        // `${*}`, `${?}` and `${$}` are the characters themselves.
        if matches!(inside, "*" | "?" | "$") {
            continue;
        }
        real = true;
        let (name, default) = match inside.split_once(',') {
            Some((name, default)) => (name, Some(default.trim())),
            None => (inside, None),
        };
        if name.trim().is_empty() {
            out.find_named(Check::EmptyVariable, span, "text", text);
        } else if name.contains(' ') {
            out.find_named(Check::UnsupportedSpaceInVariable, span, "variable", name);
        }
        let quoted = |default: &str| default.len() >= 2 && default.starts_with('\'') && default.ends_with('\'');
        if default.is_some_and(|default| !quoted(default)) {
            out.find_named(Check::MissingQuoteInVariable, span, "variable", name);
        }
    }
    if real && !modern {
        out.find_named(Check::VariableUnsupportedInVersion, span, "text", text);
    }
}
