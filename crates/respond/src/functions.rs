//! What playbooks can do with values besides reading them: addresses, rule numbers, lists, documents.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value};

use crate::expression::{Operator, kind};
use crate::value::Missing;

type Found = Result<Value, Missing>;

pub(crate) struct Function {
    pub name: &'static str,
    pub takes: usize,
    pub call: fn(&[Value]) -> Found,
}

const fn function(name: &'static str, takes: usize, call: fn(&[Value]) -> Found) -> Function {
    Function { name, takes, call }
}

pub(crate) static FUNCTIONS: [Function; 27] = [
    function("cidr", 1, |of| network(&of[0]).map(|network| network.to_string().into())),
    function("concat", 1, |of| lists(&of[0])),
    function("contains", 2, |of| Ok(text(&of[0])?.contains(text(&of[1])?).into())),
    function("distinct", 1, |of| {
        let mut kept: Vec<Value> = Vec::new();
        for element in list(&of[0])? {
            if !kept.contains(element) {
                kept.push(element.clone());
            }
        }
        Ok(Value::Array(kept))
    }),
    function("endsWith", 2, |of| Ok(text(&of[0])?.ends_with(text(&of[1])?).into())),
    function("first", 1, |of| Ok(list(&of[0])?.first().cloned().unwrap_or_default())),
    function("freeBelow", 2, |of| free_below(&of[0], list(&of[1])?)),
    function("int", 1, |of| match &of[0] {
        number @ Value::Number(_) => Ok(number.clone()),
        other => text(other)?.trim().parse::<i64>().map(Value::from).map_err(|error| Missing::wrong(error.to_string())),
    }),
    function("ipVersion", 1, |of| Ok(if network(&of[0])?.addr().is_ipv4() { 4 } else { 6 }.into())),
    function("join", 2, |of| {
        let parts = list(&of[0])?.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join(text(&of[1])?).into())
    }),
    function("json", 1, |of| Ok(of[0].to_string().into())),
    function("lowerAscii", 1, |of| Ok(text(&of[0])?.to_ascii_lowercase().into())),
    function("max", 1, |of| numbers(&of[0]).map(|all| all.into_iter().max().map_or(Value::Null, Value::from))),
    function("merge", 2, |of| {
        let mut members = object(&of[0])?.clone();
        members.extend(object(&of[1])?.clone());
        Ok(Value::Object(members))
    }),
    function("min", 1, |of| numbers(&of[0]).map(|all| all.into_iter().min().map_or(Value::Null, Value::from))),
    function("parseJson", 1, |of| match &of[0] {
        Value::Null => Ok(Value::Null),
        other => {
            serde_json::from_str(text(other)?).map_err(|error| Missing::wrong(format!("a text is not JSON: {error}")))
        }
    }),
    function("pick", 2, |of| {
        let wanted = list(&of[1])?;
        let members = object(&of[0])?.iter().filter(|(key, _)| wanted.iter().any(|name| name.as_str() == Some(key)));
        Ok(Value::Object(members.map(|(key, value)| (key.clone(), value.clone())).collect()))
    }),
    function("prefixLength", 1, |of| Ok(network(&of[0])?.prefix_len().into())),
    function("replace", 3, |of| Ok(text(&of[0])?.replace(text(&of[1])?, text(&of[2])?).into())),
    function("size", 1, |of| match &of[0] {
        Value::Null => Ok(0.into()),
        Value::Array(list) => Ok(list.len().into()),
        Value::Object(members) => Ok(members.len().into()),
        other => Ok(text(other)?.chars().count().into()),
    }),
    function("sorted", 1, |of| {
        let mut all = list(&of[0])?.to_vec();
        all.sort_by_key(ToString::to_string);
        Ok(Value::Array(all))
    }),
    function("split", 2, |of| {
        let separator = text(&of[1])?;
        if separator.is_empty() {
            return Err(Missing::wrong("a text is split at something, not at nothing"));
        }
        Ok(text(&of[0])?.split(separator).map(Value::from).collect())
    }),
    function("startsWith", 2, |of| Ok(text(&of[0])?.starts_with(text(&of[1])?).into())),
    function("string", 1, |of| match &of[0] {
        Value::String(text) => Ok(text.as_str().into()),
        other => Ok(other.to_string().into()),
    }),
    function("tagged", 1, |of| {
        // [{Key: a, Value: b}] as {a: b}
        let pairs =
            list(&of[0])?.iter().filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].clone())));
        Ok(Value::Object(pairs.collect()))
    }),
    function("urlDecode", 1, |of| match &of[0] {
        Value::Null => Ok(Value::Null),
        other => {
            let decoded = percent_encoding::percent_decode_str(text(other)?).decode_utf8();
            decoded.map(|text| text.as_ref().into()).map_err(|error| Missing::wrong(error.to_string()))
        }
    }),
    function("without", 2, |of| Ok(list(&of[0])?.iter().filter(|element| **element != of[1]).cloned().collect())),
];

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

fn text(value: &Value) -> Result<&str, Missing> {
    value.as_str().ok_or_else(|| Missing::wrong(format!("a text is needed, not {}", kind(value))))
}

fn list(value: &Value) -> Result<&[Value], Missing> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(elements) => Ok(elements),
        other => Err(Missing::wrong(format!("a list is needed, not {}", kind(other)))),
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, Missing> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match value {
        Value::Null => Ok(&EMPTY),
        Value::Object(members) => Ok(members),
        other => Err(Missing::wrong(format!("an object is needed, not {}", kind(other)))),
    }
}

fn lists(value: &Value) -> Found {
    let mut all = Vec::new();
    for inner in list(value)? {
        all.extend(list(inner)?.iter().cloned());
    }
    Ok(Value::Array(all))
}

fn numbers(value: &Value) -> Result<Vec<i64>, Missing> {
    let number = |value: &Value| value.as_i64().ok_or_else(|| Missing::wrong(format!("{} is no number", kind(value))));
    list(value)?.iter().map(number).collect()
}

/// A network, or an address as the network of itself, with the bits below its prefix taken away.
pub(crate) fn network(value: &Value) -> Result<IpNet, Missing> {
    let word = text(value)?.trim();
    let network = word.parse::<IpNet>().or_else(|_| word.parse::<IpAddr>().map(IpNet::from));
    network.map(|network| network.trunc()).map_err(|_| {
        let shown: String = word.chars().take(60).flat_map(char::escape_debug).collect();
        Missing::wrong(format!("`{shown}` is neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/32"))
    })
}

/// The highest number from 1 to below a limit that is not used; nothing when all are.
fn free_below(limit: &Value, used: &[Value]) -> Found {
    let limit = limit.as_i64().ok_or_else(|| Missing::wrong("`freeBelow` needs a number"))?;
    // Among one more than there are used numbers, one is free.
    let lowest = limit.saturating_sub(i64::try_from(used.len()).unwrap_or(i64::MAX)).saturating_sub(1).max(1);
    let is_used = |number: i64| used.iter().any(|value| value.as_i64() == Some(number));
    Ok((lowest..limit).rev().find(|number| !is_used(*number)).map_or(Value::Null, Value::from))
}

/// An operator between two values. Values of different kinds are not equal and have no order.
pub(crate) fn binary(operator: Operator, left: &Value, right: &Value) -> Found {
    let truth = |truth: bool| Ok(Value::Bool(truth));
    match operator {
        Operator::Equal => truth(same(left, right)),
        Operator::NotEqual => truth(!same(left, right)),
        Operator::In => match right {
            Value::Object(members) => truth(left.as_str().is_some_and(|key| members.contains_key(key))),
            other => truth(list(other)?.iter().any(|element| same(element, left))),
        },
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            let order = match (left.as_f64(), right.as_f64(), left.as_str(), right.as_str()) {
                (Some(a), Some(b), ..) => a.partial_cmp(&b),
                (_, _, Some(a), Some(b)) => Some(a.cmp(b)),
                _ => None,
            };
            let Some(order) = order else {
                return Err(Missing::wrong(format!("{} and {} have no order", kind(left), kind(right))));
            };
            truth(match operator {
                Operator::Less => order.is_lt(),
                Operator::LessOrEqual => order.is_le(),
                Operator::Greater => order.is_gt(),
                _ => order.is_ge(),
            })
        }
        Operator::Add => match (left, right) {
            (Value::String(a), Value::String(b)) => Ok(format!("{a}{b}").into()),
            (Value::Array(_) | Value::Null, Value::Array(b)) => Ok([list(left)?, b].concat().into()),
            _ => whole(left, right, i64::checked_add),
        },
        Operator::Subtract => whole(left, right, i64::checked_sub),
        Operator::Multiply => whole(left, right, i64::checked_mul),
        Operator::Divide => whole(left, right, i64::checked_div),
        Operator::Remainder => whole(left, right, i64::checked_rem),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => left == right,
    }
}

fn whole(left: &Value, right: &Value, of: fn(i64, i64) -> Option<i64>) -> Found {
    match (left.as_i64(), right.as_i64()) {
        (Some(a), Some(b)) => of(a, b).map(Value::from).ok_or_else(|| Missing::wrong("a number is out of range")),
        _ => Err(Missing::wrong(format!("{} and {} cannot be reckoned with", kind(left), kind(right)))),
    }
}
