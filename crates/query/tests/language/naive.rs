//! A second, simple evaluator of the language over `serde_json` values, and rows made of such values: what
//! the executor answers is compared with it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use haechi_model::Timestamp;
use haechi_query::{
    Aggregate, Answer, Column, Comparison, Condition, Direction, Function, Limits, Literal, Plan, Property, Query, Row,
    Selected, Stopped, Test,
};
use serde_json::{Map, Value, json};

/// An item as a row.
pub struct Item {
    position: u64,
    columns: Vec<(Column, String)>,
    captured: Timestamp,
    tags: Option<String>,
    version: Vec<u8>,
    body: Vec<u8>,
    fetched: bool,
}

impl Item {
    pub fn new(position: u64, item: &Value) -> Self {
        let mut body = item.as_object().cloned().unwrap_or_default();
        let mut version = Map::new();
        for name in ["configurationItemDeliveryTime", "configurationStateId", "recordingFrequency"] {
            if let Some(value) = body.shift_remove(name) {
                version.insert(name.into(), value);
            }
        }
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let columns = Column::ALL.into_iter().filter(|column| *column != Column::CaptureTime);
        Self {
            position,
            columns: columns.filter_map(|column| Some((column, text(column.as_str())?.to_owned()))).collect(),
            captured: text("configurationItemCaptureTime").unwrap_or("1970-01-01").parse().unwrap(),
            tags: item.get("tags").map(Value::to_string),
            version: Value::Object(version).to_string().into_bytes(),
            body: Value::Object(body).to_string().into_bytes(),
            fetched: false,
        }
    }
}

impl Row for Item {
    type Error = String;

    fn position(&self) -> u64 {
        self.position
    }
    fn column(&self, column: Column) -> Option<&str> {
        self.columns.iter().find(|(known, _)| *known == column).map(|(_, text)| text.as_str())
    }
    fn captured(&self) -> Timestamp {
        self.captured
    }
    fn tags(&self) -> Option<&str> {
        self.tags.as_deref()
    }
    fn fetch_version(&mut self) -> Result<(), String> {
        Ok(())
    }
    fn version(&self) -> &[u8] {
        &self.version
    }
    fn fetch_body(&mut self) -> Result<(), String> {
        self.fetched = true;
        Ok(())
    }
    fn body(&self) -> &[u8] {
        assert!(self.fetched, "the body is looked at before it is fetched");
        &self.body
    }
}

/// Answers a query with the executor, its rows spread over a number of workers.
pub fn answer(query: &Query, items: &[Value], workers: usize, limits: Limits) -> Result<Answer, Stopped<String>> {
    let plan = Plan::new(query, limits);
    let mut pool: Vec<_> = (0..workers.max(1)).map(|_| plan.worker()).collect();
    for (at, item) in items.iter().enumerate() {
        let name = |name: &str| item[name].as_str().unwrap_or_default();
        if !plan.may_match(name("accountId"), name("awsRegion"), name("resourceType")) {
            continue;
        }
        if plan.resource_ids().is_some_and(|ids| !ids.iter().any(|id| id == name("resourceId"))) {
            continue;
        }
        let number = at % pool.len();
        pool[number].take(&mut Item::new(at as u64, item))?;
    }
    Ok(plan.finish(pool))
}

/// The values at a path: lists are gone through; JSON in a text too.
fn at(value: &Value, path: &[String], found: &mut Vec<Value>) {
    match (value, path) {
        (Value::Array(elements), _) => elements.iter().for_each(|element| at(element, path, found)),
        (Value::Object(_), []) => {}
        (scalar, []) => found.push(scalar.clone()),
        (Value::Object(members), [first, rest @ ..]) => {
            if let Some(inner) = members.get(first) {
                at(inner, rest, found);
            }
        }
        (Value::String(text), _) if text.trim_start().starts_with(['{', '[']) => {
            if let Ok(inner) = serde_json::from_str::<Value>(text) {
                at(&inner, path, found);
            }
        }
        _ => {}
    }
}

fn scalars(item: &Value, property: &Property, spellings: bool) -> Vec<Value> {
    let path = &property.path;
    let mut found = Vec::new();
    match (path[0].as_str(), item.get("tags").and_then(Value::as_object)) {
        ("tags", tags) => {
            for (key, value) in tags.into_iter().flatten() {
                let value = value.as_str().unwrap();
                match path.get(1).map(String::as_str) {
                    None => {}
                    Some("tag") => {
                        found.push(json!(format!("{key}={value}")));
                        if spellings {
                            found.push(json!(format!("{key}:{value}")));
                        }
                    }
                    Some("key") => found.push(json!(key)),
                    Some("value") => found.push(json!(value)),
                    Some(wanted) if wanted == key => found.push(json!(value)),
                    Some(_) => {}
                }
            }
        }
        _ => at(item, path, &mut found),
    }
    found
}

fn literal_number(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Text(text) | Literal::Number(text) => text.parse().ok(),
        Literal::Bool(_) => None,
    }
}

/// Without addresses and moments, which have their own tests: the generated values hold none.
fn compare(comparison: Comparison, value: &Value, literal: &Literal, fold: bool) -> bool {
    let fold = |text: &str| if fold { text.to_ascii_lowercase() } else { text.to_owned() };
    let order = match (value, literal) {
        (Value::Number(number), _) => literal_number(literal).and_then(|wanted| number.as_f64()?.partial_cmp(&wanted)),
        (Value::Bool(is), literal) => {
            let wanted = match literal {
                Literal::Bool(wanted) => wanted.to_string(),
                Literal::Text(text) | Literal::Number(text) => text.to_ascii_lowercase(),
            };
            (comparison == Comparison::Equal && is.to_string() == wanted).then_some(Ordering::Equal)
        }
        (Value::String(text), Literal::Text(wanted)) => Some(fold(text).cmp(&fold(wanted))),
        (Value::String(text), Literal::Number(_)) => {
            let begins = text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            text.parse::<f64>()
                .ok()
                .filter(|_| begins)
                .zip(literal_number(literal))
                .and_then(|(a, b)| a.partial_cmp(&b))
        }
        (Value::String(text), Literal::Bool(wanted)) => (comparison == Comparison::Equal
            && text.to_ascii_lowercase() == wanted.to_string())
        .then_some(Ordering::Equal),
        _ => None,
    };
    order.is_some_and(|order| match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}

fn like(value: &Value, pattern: &str, fold: bool) -> bool {
    let Some(text) = value.as_str() else { return false };
    let fold = |text: &str| if fold { text.to_ascii_lowercase() } else { text.to_owned() };
    let (text, pattern): (Vec<char>, Vec<char>) = (fold(text).chars().collect(), fold(pattern).chars().collect());
    fn fits(text: &[char], pattern: &[char]) -> bool {
        match (text, pattern) {
            ([], []) => true,
            (_, ['%', rest @ ..]) => (0..=text.len()).any(|skip| fits(&text[skip..], rest)),
            ([_, text @ ..], ['_', rest @ ..]) => fits(text, rest),
            ([c, text @ ..], [wanted, rest @ ..]) => c == wanted && fits(text, rest),
            _ => false,
        }
    }
    fits(&text, &pattern)
}

fn holds(item: &Value, condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(item, part)),
        Condition::Any(parts) => parts.iter().any(|part| holds(item, part)),
        Condition::Not(part) => !holds(item, part),
        Condition::Test(property, test) => {
            let fold = property.path == ["resourceType"];
            scalars(item, property, true).iter().any(|value| match test {
                Test::Compare(comparison, literal) => compare(*comparison, value, literal, fold),
                Test::In(literals) => literals.iter().any(|literal| compare(Comparison::Equal, value, literal, fold)),
                Test::Between(low, high) => {
                    compare(Comparison::GreaterOrEqual, value, low, fold)
                        && compare(Comparison::LessOrEqual, value, high, fold)
                }
                Test::Like(pattern) => like(value, pattern, fold),
            })
        }
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        _ => 3,
    }
}

fn order(one: &Value, two: &Value) -> Ordering {
    match (one, two) {
        (Value::Bool(one), Value::Bool(two)) => one.cmp(two),
        (Value::Number(one), Value::Number(two)) => one.as_f64().unwrap().total_cmp(&two.as_f64().unwrap()),
        (Value::String(one), Value::String(two)) => one.cmp(two),
        _ => rank(one).cmp(&rank(two)),
    }
}

fn directed(one: &Value, two: &Value, direction: Direction) -> Ordering {
    match direction {
        Direction::Descending if !one.is_null() && !two.is_null() => order(two, one),
        _ => order(one, two),
    }
}

/// A selected property of an item: as it stands; a list where the path went through one.
fn whole(item: &Value, property: &Property) -> Value {
    fn walk(value: &Value, path: &[String], list: &mut bool, found: &mut Vec<Value>) {
        match (value, path) {
            (_, []) => found.push(value.clone()),
            (Value::Array(elements), _) => {
                *list = true;
                elements.iter().for_each(|element| element_of(element, path, list, found));
            }
            (Value::Object(members), [first, rest @ ..]) => {
                if let Some(inner) = members.get(first) {
                    walk(inner, rest, list, found);
                }
            }
            (Value::String(text), _) if text.trim_start().starts_with(['{', '[']) => {
                if let Ok(inner) = serde_json::from_str::<Value>(text) {
                    walk(&inner, path, list, found);
                }
            }
            _ => {}
        }
    }
    fn element_of(value: &Value, path: &[String], list: &mut bool, found: &mut Vec<Value>) {
        walk(value, path, list, found);
    }
    if property.path[0] == "tags" {
        let all = scalars(item, property, false);
        return match property.path.get(1).map(String::as_str) {
            None => item["tags"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| json!({"key": key, "value": value, "tag": format!("{key}={}", value.as_str().unwrap())}))
                .collect(),
            Some("tag" | "key" | "value") => all.into(),
            Some(_) => all.into_iter().next().unwrap_or_default(),
        };
    }
    let (mut list, mut found) = (false, Vec::new());
    walk(item, &property.path, &mut list, &mut found);
    if list { found.into() } else { found.into_iter().next().unwrap_or_default() }
}

fn aggregate(items: &[&Value], aggregate: &Aggregate) -> Value {
    let Some(property) = &aggregate.argument else { return items.len().into() };
    let per_item: Vec<Vec<Value>> = items
        .iter()
        .map(|item| scalars(item, property, false).into_iter().filter(|value| !value.is_null()).collect())
        .collect();
    let values: Vec<&Value> = per_item.iter().flatten().collect();
    let numbers: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
    let sum: f64 = numbers.iter().sum();
    match aggregate.function {
        Function::Count => per_item.iter().filter(|values| !values.is_empty()).count().into(),
        Function::Min => values.into_iter().min_by(|one, two| order(one, two)).cloned().unwrap_or_default(),
        Function::Max => values.into_iter().max_by(|one, two| order(one, two)).cloned().unwrap_or_default(),
        _ if numbers.is_empty() => Value::Null,
        Function::Sum if values.iter().filter(|value| value.is_number()).all(|value| value.is_i64()) => {
            (sum as i64).into()
        }
        Function::Sum => sum.into(),
        Function::Avg => (sum / numbers.len() as f64).into(),
    }
}

fn sort_value(item: &Value, property: &Property, direction: Direction) -> Value {
    let values = scalars(item, property, false).into_iter().filter(|value| !value.is_null());
    let first = match direction {
        Direction::Ascending => values.min_by(order),
        Direction::Descending => values.max_by(order),
    };
    first.unwrap_or_default()
}

/// All rows of the answer, by the definition of the language.
pub fn naive(query: &Query, items: &[Value]) -> Vec<Vec<Value>> {
    let matching: Vec<&Value> =
        items.iter().filter(|item| query.filter.as_ref().is_none_or(|filter| holds(item, filter))).collect();
    let grouped =
        !query.group.is_empty() || query.select.iter().any(|selected| matches!(selected, Selected::Aggregate(_)));
    if !grouped {
        let mut matching = matching;
        matching.sort_by(|one, two| {
            let keys = query.order.iter().map(|by| match &by.by {
                Selected::Property(property) => directed(
                    &sort_value(one, property, by.direction),
                    &sort_value(two, property, by.direction),
                    by.direction,
                ),
                _ => Ordering::Equal,
            });
            keys.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        let cell = |item: &Value, selected: &Selected| match selected {
            Selected::Property(property) => whole(item, property),
            _ => unreachable!("not generated"),
        };
        return matching
            .iter()
            .map(|item| query.select.iter().map(|selected| cell(item, selected)).collect())
            .collect();
    }
    let mut groups: BTreeMap<Vec<String>, Vec<&Value>> = BTreeMap::new();
    if query.group.is_empty() {
        groups.insert(Vec::new(), Vec::new());
    }
    for item in matching {
        let mut keys = vec![Vec::new()];
        for property in &query.group {
            let mut values: BTreeSet<String> = scalars(item, property, false).iter().map(Value::to_string).collect();
            if values.is_empty() {
                values.insert("null".into());
            }
            keys = keys
                .into_iter()
                .flat_map(|key: Vec<String>| {
                    values.iter().map(move |value| [key.clone(), vec![value.clone()]].concat()).collect::<Vec<_>>()
                })
                .collect();
        }
        for key in keys {
            groups.entry(key).or_default().push(item);
        }
    }
    let cell = |key: &[String], items: &[&Value], selected: &Selected| match selected {
        Selected::Aggregate(wanted) => aggregate(items, wanted),
        Selected::Property(property) => {
            let at = query.group.iter().position(|group| group.path == property.path).unwrap();
            serde_json::from_str(&key[at]).unwrap()
        }
        Selected::All => unreachable!("not generated"),
    };
    let mut rows: Vec<(Vec<Value>, Vec<Value>, Vec<Value>)> = groups
        .iter()
        .map(|(key, items)| {
            (
                query.order.iter().map(|by| cell(key, items, &by.by)).collect(),
                key.iter().map(|part| serde_json::from_str(part).unwrap()).collect(),
                query.select.iter().map(|selected| cell(key, items, selected)).collect(),
            )
        })
        .collect();
    let count = query.select.iter().position(
        |selected| matches!(selected, Selected::Aggregate(aggregate) if aggregate.function == Function::Count),
    );
    rows.sort_by(|one, two| {
        let usual = match count {
            Some(at) if query.order.is_empty() => order(&two.2[at], &one.2[at]),
            _ => Ordering::Equal,
        };
        let orders = query.order.iter().zip(one.0.iter().zip(&two.0));
        let asked = orders.map(|(by, (one, two))| directed(one, two, by.direction)).find(|order| order.is_ne());
        let keys = one.1.iter().zip(&two.1).map(|(one, two)| order(one, two)).find(|order| order.is_ne());
        asked.unwrap_or(usual).then(keys.unwrap_or(Ordering::Equal))
    });
    rows.into_iter().map(|(_, _, row)| row).collect()
}
