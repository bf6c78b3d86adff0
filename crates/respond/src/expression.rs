//! Expressions of playbooks: the rules' language (CEL's grammar, one parser) over JSON values.
//!
//! An absent member is null, a null in a condition is false. An expression that needs a value which AWS has yet to
//! give is put off ([`Missing::Later`]), unless its result does not depend on it.

use haechi_rules::syntax::{Binary, Expr, ExprKind, Problem, parse};
use serde_json::{Map, Value};

use crate::functions;
use crate::value::{Known, Missing, Scope};

type Found = Result<Value, Missing>;

/// An expression, read once.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    tree: Expr,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Expression {
    /// # Errors
    /// What is wrong with the text and where; also a call of a function that there is not.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let tree = parse(text)?;
        check_calls(&tree)?;
        Ok(Self { text: text.to_owned(), tree })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn value(&self, scope: &Scope) -> Result<Value, Missing> {
        value(&self.tree, scope).map_err(|missing| match missing {
            Missing::Wrong(why) if !why.contains(" in `") => Missing::Wrong(format!("{why}, in `{}`", self.text)),
            other => other,
        })
    }

    /// The value as a condition: null is false.
    pub fn truth(&self, scope: &Scope) -> Result<bool, Missing> {
        match self.value(scope)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null => Ok(false),
            other => Err(Missing::wrong(format!("`{}` is no condition: it gives {}", self.text, kind(&other)))),
        }
    }

    /// Names that stand free in the expression.
    pub fn names(&self) -> Vec<String> {
        let mut found = Vec::new();
        free(&self.tree, &mut Vec::new(), &mut found);
        found.sort();
        found.dedup();
        found
    }
}

/// The kinds of values as an author calls them.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

const LOOPS: [&str; 4] = ["all", "exists", "filter", "map"];

/// The range, variable and body of `list.filter(x, body)`.
fn as_loop<'e>(target: Option<&'e Expr>, name: &str, arguments: &'e [Expr]) -> Option<(&'e Expr, &'e str, &'e Expr)> {
    let (Some(range), [variable, body]) = (target, arguments) else { return None };
    match &variable.kind {
        ExprKind::Name(variable) if LOOPS.contains(&name) => Some((range, variable, body)),
        _ => None,
    }
}

fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Select { of, .. } | ExprKind::Not(of) | ExprKind::Negate(of) => vec![of],
        ExprKind::Index { of, index } => vec![of, index],
        ExprKind::Call { target, arguments, .. } => target.as_deref().into_iter().chain(arguments).collect(),
        ExprKind::List(parts) | ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().collect(),
        ExprKind::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::If(parts) => parts.iter().collect(),
        _ => Vec::new(),
    }
}

fn check_calls(expr: &Expr) -> Result<(), Problem> {
    if let ExprKind::Call { target, name, name_at, arguments } = &expr.kind
        && as_loop(target.as_deref(), name, arguments).is_none()
    {
        let given = arguments.len() + usize::from(target.is_some());
        match functions::find(name) {
            None => {
                let known: Vec<_> = functions::FUNCTIONS.iter().map(|function| function.name).collect();
                let problem = Problem::new(*name_at, format!("there is no function `{name}`"));
                return Err(problem.help(format!("the functions are {}", known.join(", "))));
            }
            Some(function) if function.takes != given => {
                let message = format!("`{name}` takes {} values, not {given}", function.takes);
                return Err(Problem::new(*name_at, message));
            }
            Some(_) => {}
        }
    }
    children(expr).into_iter().try_for_each(check_calls)
}

fn free(expr: &Expr, bound: &mut Vec<String>, found: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Name(name) => {
            if !bound.contains(name) {
                found.push(name.clone());
            }
        }
        ExprKind::Call { target, name, arguments, .. } => match as_loop(target.as_deref(), name, arguments) {
            Some((range, variable, body)) => {
                free(range, bound, found);
                bound.push(variable.to_owned());
                free(body, bound, found);
                bound.pop();
            }
            None => children(expr).into_iter().for_each(|child| free(child, bound, found)),
        },
        _ => children(expr).into_iter().for_each(|child| free(child, bound, found)),
    }
}

fn value(expr: &Expr, scope: &Scope) -> Found {
    scope.step()?;
    match &expr.kind {
        ExprKind::Null => Ok(Value::Null),
        ExprKind::Bool(bool) => Ok(Value::Bool(*bool)),
        ExprKind::Int(int) => Ok((*int).into()),
        ExprKind::Double(double) => Ok((*double).into()),
        ExprKind::Text(text) => Ok(text.as_str().into()),
        ExprKind::Name(name) => match scope.get(name) {
            Some(Known::Value(value)) => Ok(value.clone()),
            Some(Known::Later(what)) => Err(Missing::Later(what.clone())),
            None => Err(Missing::wrong(format!("there is no `{name}` here"))),
        },
        ExprKind::Select { of, member, .. } => Ok(selected(value(of, scope)?, member)),
        ExprKind::Index { of, index } => indexed(value(of, scope)?, &value(index, scope)?),
        ExprKind::Call { target, name, arguments, .. } => call(target.as_deref(), name, arguments, scope),
        ExprKind::List(parts) => parts.iter().map(|part| value(part, scope)).collect(),
        ExprKind::Map(entries) => map(entries, scope),
        ExprKind::Not(of) => Ok(Value::Bool(!truth(of, scope)?)),
        ExprKind::Negate(of) => match value(of, scope)? {
            Value::Number(number) if number.is_i64() => Ok((-number.as_i64().unwrap_or_default()).into()),
            other => Err(Missing::wrong(format!("{} has no negative", kind(&other)))),
        },
        ExprKind::And(parts) => joined(parts, scope, false),
        ExprKind::Or(parts) => joined(parts, scope, true),
        ExprKind::If(parts) => value(if truth(&parts[0], scope)? { &parts[1] } else { &parts[2] }, scope),
        ExprKind::Binary { operator, left, right } => {
            functions::binary(*operator, &value(left, scope)?, &value(right, scope)?)
        }
    }
}

fn truth(expr: &Expr, scope: &Scope) -> Result<bool, Missing> {
    match value(expr, scope)? {
        Value::Bool(truth) => Ok(truth),
        Value::Null => Ok(false),
        other => Err(Missing::wrong(format!("{} is no condition", kind(&other)))),
    }
}

/// `&&` and `||`: one part may decide although another is not known yet.
fn joined(parts: &[Expr], scope: &Scope, decides: bool) -> Found {
    let mut later = None;
    for part in parts {
        match truth(part, scope) {
            Ok(found) if found == decides => return Ok(Value::Bool(decides)),
            Ok(_) => {}
            Err(Missing::Later(what)) => later = later.or(Some(what)),
            Err(wrong) => return Err(wrong),
        }
    }
    match later {
        Some(what) => Err(Missing::Later(what)),
        None => Ok(Value::Bool(!decides)),
    }
}

fn selected(of: Value, member: &str) -> Value {
    match of {
        Value::Object(mut members) => members.remove(member).unwrap_or_default(),
        _ => Value::Null,
    }
}

fn indexed(of: Value, index: &Value) -> Found {
    match (of, index) {
        (Value::Array(mut list), Value::Number(number)) => {
            let at = number.as_u64().and_then(|at| usize::try_from(at).ok()).filter(|at| *at < list.len());
            Ok(at.map_or(Value::Null, |at| list.swap_remove(at)))
        }
        (Value::Object(mut members), Value::String(key)) => Ok(members.remove(key).unwrap_or_default()),
        // AWS leaves out what is empty, and writes a list of one as one in some documents.
        _ => Ok(Value::Null),
    }
}

fn map(entries: &[(Expr, Expr)], scope: &Scope) -> Found {
    let mut members = Map::new();
    for (key, of) in entries {
        let Value::String(key) = value(key, scope)? else {
            return Err(Missing::wrong("the keys of an object are texts"));
        };
        members.insert(key, value(of, scope)?);
    }
    Ok(Value::Object(members))
}

fn call(target: Option<&Expr>, name: &str, arguments: &[Expr], scope: &Scope) -> Found {
    if let Some((range, variable, body)) = as_loop(target, name, arguments) {
        return repeated(name, value(range, scope)?, variable, body, scope);
    }
    let function = functions::find(name).ok_or_else(|| Missing::wrong(format!("there is no function `{name}`")))?;
    let given = target.into_iter().chain(arguments).map(|argument| value(argument, scope));
    (function.call)(&given.collect::<Result<Vec<_>, _>>()?)
}

fn repeated(name: &str, range: Value, variable: &str, body: &Expr, scope: &Scope) -> Found {
    let elements = match range {
        Value::Null => Vec::new(),
        Value::Array(elements) => elements,
        other => return Err(Missing::wrong(format!("`{name}` goes over a list, not over {}", kind(&other)))),
    };
    let mut inner = scope.clone();
    let mut kept = Vec::new();
    for element in elements {
        inner.set(variable, element.clone());
        match name {
            "map" => kept.push(value(body, &inner)?),
            "filter" if truth(body, &inner)? => kept.push(element),
            "exists" if truth(body, &inner)? => return Ok(Value::Bool(true)),
            "all" if !truth(body, &inner)? => return Ok(Value::Bool(false)),
            _ => {}
        }
    }
    Ok(match name {
        "exists" => Value::Bool(false),
        "all" => Value::Bool(true),
        _ => Value::Array(kept),
    })
}

/// The operators that the rules' language has, for [`functions::binary`].
pub(crate) type Operator = Binary;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set(
            "acl",
            json!({"Entries": [
                {"RuleNumber": 100, "Egress": false, "RuleAction": "allow"},
                {"RuleNumber": 99, "Egress": false, "RuleAction": "deny", "CidrBlock": "192.0.2.1/32"},
                {"RuleNumber": 100, "Egress": true, "RuleAction": "allow"},
            ]}),
        );
        scope.set("name", json!("web"));
        scope.set_later("group", "the id of the new group");
        scope
    }

    #[track_caller]
    fn check(text: &str, expected: Value) {
        assert_eq!(Expression::parse(text).unwrap().value(&scope()), Ok(expected), "{text}");
    }

    #[test]
    fn expressions() {
        check("acl.Entries.filter(e, !e.Egress).map(e, e.RuleNumber)", json!([100, 99]));
        check("acl.Entries.exists(e, e.RuleAction == 'deny' && e.CidrBlock == '192.0.2.1/32')", json!(true));
        check("acl.Entries.all(e, e.RuleNumber > 0)", json!(true));
        check("acl.nothing.here", json!(null));
        check("acl.nothing.filter(x, x)", json!([]));
        check("acl.Entries[1].CidrBlock", json!("192.0.2.1/32"));
        check("acl.Entries[17]", json!(null));
        check("name == 'web' ? 'yes' : 'no'", json!("yes"));
        check("['a'] + ['b']", json!(["a", "b"]));
        check("'a' + name", json!("aweb"));
        check("{'k': 1 + 2}", json!({"k": 3}));
        check("'b' in ['a', 'b']", json!(true));
        check("freeBelow(100, acl.Entries.filter(e, !e.Egress).map(e, e.RuleNumber))", json!(98));
        check("cidr('192.0.2.1')", json!("192.0.2.1/32"));
        check("cidr('2001:DB8::1')", json!("2001:db8::1/128"));
        check("cidr('10.1.2.3/8')", json!("10.0.0.0/8"));
        check("ipVersion('::1')", json!(6));
        check("without(['a', 'b', 'a'], 'a')", json!(["b"]));
        check("parseJson(urlDecode('%7B%22a%22%3A1%7D')).a", json!(1));
    }

    #[test]
    fn what_is_not_known_yet_is_put_off_only_where_it_matters() {
        check("name == 'web' || group == 'x'", json!(true));
        check("group == 'x' || name == 'web'", json!(true));
        let later = Expression::parse("[group]").unwrap().value(&scope());
        assert_eq!(later, Err(Missing::Later("the id of the new group".into())));
    }

    #[test]
    fn wrong_ones_say_so() {
        for (text, words) in [("nobody", "no `nobody`"), ("name + 1", "text"), ("name.map(x, x)", "goes over a list")] {
            let error = Expression::parse(text).unwrap().value(&scope()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(Expression::parse("what(1)").unwrap_err().message.contains("no function `what`"));
        assert!(Expression::parse("cidr(1, 2)").unwrap_err().message.contains("takes 1"));
        assert!(Expression::parse("(").is_err());
        assert_eq!(Expression::parse("a.map(x, x + y)").unwrap().names(), ["a", "y"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends_in_a_value_or_an_error(text in "[a-z0-9 .,()\\[\\]'+=&|!?:{}-]{0,60}") {
            if let Ok(expression) = Expression::parse(&text) {
                drop(expression.value(&scope()));
            }
        }
    }
}
