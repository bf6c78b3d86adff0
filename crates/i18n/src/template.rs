//! Sentences of content files: plain text with `{ $name }` for arguments, nothing else.

use std::collections::BTreeMap;

use haechi_content::Language;
use serde_json::Value;

use crate::format;

/// How deep a list of lists is still read aloud; deeper ones are shown as JSON.
const DEPTH: usize = 4;

/// Fills a sentence's placeholders. One that has no argument stays visible as it was written.
pub fn render_text(language: Language, template: &str, args: &BTreeMap<String, Value>) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    for piece in pieces(template) {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Placeholder { name, written } => match args.get(name) {
                Some(value) => text.push_str(&spoken(language, value)),
                None => text.push_str(written),
            },
        }
    }
    text
}

/// The names that a sentence asks for, in order.
pub fn placeholders(template: &str) -> Vec<&str> {
    pieces(template)
        .filter_map(|piece| match piece {
            Piece::Placeholder { name, .. } => Some(name),
            Piece::Plain(_) => None,
        })
        .collect()
}

enum Piece<'t> {
    Plain(&'t str),
    Placeholder { name: &'t str, written: &'t str },
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, written)) = placeholder(rest) {
            rest = &rest[written.len()..];
            return Some(Piece::Placeholder { name, written });
        }
        // The first brace is no placeholder if one stands here: look for the next.
        let ahead = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[ahead..].find('{').map_or(rest.len(), |at| at + ahead);
        let (plain, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Plain(plain))
    })
}

/// `{ $name }` or `{$name}` at the very beginning of a text.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{')?;
    let end = inner.find('}')?;
    let name = inner[..end].trim().strip_prefix('$')?;
    let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    named.then(|| (name, &text[..end + 2]))
}

/// A value as a part of a sentence.
pub(crate) fn spoken(language: Language, value: &Value) -> String {
    spoken_at(language, value, 0)
}

fn spoken_at(language: Language, value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => format::number(whole),
            None => number.as_f64().map_or_else(|| number.to_string(), format::float),
        },
        Value::Array(parts) if depth < DEPTH => {
            let parts: Vec<_> = parts.iter().map(|part| spoken_at(language, part, depth + 1)).collect();
            format::join(language, &parts)
        }
        Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(language: Language, template: &str, args: Value, expected: &str) {
        let args = serde_json::from_value(args).unwrap();
        assert_eq!(render_text(language, template, &args), expected);
    }

    #[test]
    fn sentences_are_filled() {
        check(
            Language::En,
            "open to { $who } on {$port}",
            json!({"who": ["a", "b"], "port": 12345}),
            "open to a, b on 12,345",
        );
        check(Language::Ja, "{ $who }に公開", json!({"who": ["a", "b"]}), "a、bに公開");
        check(Language::En, "{ $missing } {not} { $ } {} {", json!({}), "{ $missing } {not} { $ } {} {");
        check(Language::En, "{$a}{$a}", json!({"a": {"k": [1]}}), "{\"k\":[1]}{\"k\":[1]}");
        check(Language::En, "{$n}", json!({"n": null}), "-");
        // An argument that looks like a placeholder is not filled again.
        check(Language::En, "{$a}", json!({"a": "{$b}", "b": "no"}), "{$b}");
    }

    #[test]
    fn placeholders_are_listed() {
        assert_eq!(placeholders("x { $a } y {$b-c} {no}"), ["a", "b-c"]);
    }
}
