//! Parameters of calls with expressions in them: `${expr}` alone is the expression's value, within a text its text;
//! `{$json: ...}` is the text of a document. A member whose value is null is left out of the call.

use serde_json::{Map, Value};

use crate::expression::Expression;
use crate::value::{Missing, Scope};

/// The key that makes a document a text.
const JSON: &str = "$json";

/// What a template gives now.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    pub value: Value,
    /// What is not known yet; it stands in the value as `${what}`.
    pub later: Vec<String>,
}

/// Fills in what is known.
///
/// # Errors
/// An expression that is malformed or cannot be computed.
pub fn fill(template: &Value, scope: &Scope) -> Result<Filled, Missing> {
    let mut later = Vec::new();
    let value = filled(template, scope, &mut later)?;
    Ok(Filled { value, later })
}

/// Fills in everything.
///
/// # Errors
/// As [`fill`]; also when something is not known yet.
pub fn fill_all(template: &Value, scope: &Scope) -> Result<Value, Missing> {
    let found = fill(template, scope)?;
    match found.later.into_iter().next() {
        Some(what) => Err(Missing::Later(what)),
        None => Ok(found.value),
    }
}

/// The expressions of a template, as they stand in it.
///
/// # Errors
/// A bracket that is not closed.
pub fn expressions(template: &Value) -> Result<Vec<&str>, Missing> {
    let mut found = Vec::new();
    gather(template, &mut found)?;
    Ok(found)
}

fn gather<'t>(template: &'t Value, found: &mut Vec<&'t str>) -> Result<(), Missing> {
    match template {
        Value::String(text) => {
            for part in parts(text)? {
                if let Part::Expression(text) = part {
                    found.push(text);
                }
            }
            Ok(())
        }
        Value::Array(elements) => elements.iter().try_for_each(|element| gather(element, found)),
        Value::Object(members) => members.values().try_for_each(|member| gather(member, found)),
        _ => Ok(()),
    }
}

enum Part<'t> {
    Text(&'t str),
    Expression(&'t str),
}

/// A text as plain parts and expressions. A closing bracket within quotes or inner brackets does not end one.
fn parts(text: &str) -> Result<Vec<Part<'_>>, Missing> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        let inner = &rest[start + 2..];
        let end = closing(inner).ok_or_else(|| Missing::wrong(format!("`${{` is not closed in `{text}`")))?;
        parts.push(Part::Expression(&inner[..end]));
        rest = &inner[end + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'{') => depth += 1,
            (None, b'}') if depth == 0 => return Some(at),
            (None, b'}') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn filled(template: &Value, scope: &Scope, later: &mut Vec<String>) -> Result<Value, Missing> {
    match template {
        Value::String(text) => filled_text(text, scope, later),
        Value::Array(elements) => elements.iter().map(|element| filled(element, scope, later)).collect(),
        Value::Object(members) => {
            if let Some(document) = members.get(JSON).filter(|_| members.len() == 1) {
                return Ok(filled(document, scope, later)?.to_string().into());
            }
            let mut made = Map::new();
            for (key, member) in members {
                let value = filled(member, scope, later)?;
                if !value.is_null() {
                    made.insert(key.clone(), value);
                }
            }
            Ok(Value::Object(made))
        }
        other => Ok(other.clone()),
    }
}

fn filled_text(text: &str, scope: &Scope, later: &mut Vec<String>) -> Result<Value, Missing> {
    let parts = parts(text)?;
    let mut value = |expression: &str| match Expression::parse(expression) {
        Ok(parsed) => match parsed.value(scope) {
            Err(Missing::Later(what)) => {
                let shown = format!("${{{what}}}");
                later.push(what);
                Ok(Value::String(shown))
            }
            found => found,
        },
        Err(problem) => Err(Missing::wrong(format!("{}, in `{expression}`", problem.message))),
    };
    if let [Part::Expression(expression)] = parts.as_slice() {
        return value(expression);
    }
    let mut whole = String::new();
    for part in parts {
        match part {
            Part::Text(text) => whole.push_str(text),
            Part::Expression(expression) => match value(expression)? {
                Value::String(text) => whole.push_str(&text),
                Value::Null => return Err(Missing::wrong(format!("`{expression}` is nothing, within `{text}`"))),
                other => whole.push_str(&other.to_string()),
            },
        }
    }
    Ok(whole.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("n", json!(7));
        scope.set("nothing", Value::Null);
        scope.set("who", json!("a\"b"));
        scope.set_later("group", "the new group's id");
        scope
    }

    #[test]
    fn templates() {
        let check = |template: Value, value: Value, later: &[&str]| {
            let found = fill(&template, &scope()).unwrap();
            assert_eq!((found.value, found.later), (value, later.iter().map(ToString::to_string).collect()));
        };
        check(json!({"N": "${n}", "T": "x${n}y", "gone": "${nothing}"}), json!({"N": 7, "T": "x7y"}), &[]);
        check(json!(["${{'}': n}}"]), json!([{"}": 7}]), &[]);
        check(json!({"D": {"$json": {"who": "${who}"}}}), json!({"D": r#"{"who":"a\"b"}"#}), &[]);
        check(json!({"G": ["${group}"]}), json!({"G": ["${the new group's id}"]}), &["the new group's id"]);
        check(json!("no $ {here}"), json!("no $ {here}"), &[]);
    }

    #[test]
    fn wrong_ones_say_so() {
        for (template, words) in [("${n", "not closed"), ("a${nothing}", "is nothing"), ("${(}", "in `(`")] {
            let error = fill(&json!(template), &scope()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(fill_all(&json!("${group}"), &scope()).is_err());
    }
}
