//! Dotted paths into JSON and texts with `{...}` in them: the two ways in which a collector points at data.
//!
//! A path goes through lists: `Reservations.Instances` of a page is the flat list of all instances.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The step of a path for which any way down stands.
pub(crate) const ANY_WAY: &str = "**";

/// A dotted path such as `Reservations.Instances`; `.` is the value itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(Vec<Box<str>>);

impl Path {
    /// Reads a path. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "." {
            return Ok(Self::default());
        }
        if text.is_empty() || text.split('.').any(|step| step.is_empty() || step.contains(['{', '}', ' '])) {
            return Err(format!("`{text}` is not a path such as Reservations.Instances"));
        }
        Ok(Self(text.split('.').map(Into::into).collect()))
    }

    /// The steps from the outside in.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The one value at this path; nothing when it is missing, null, or behind a list.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let found = self.0.iter().try_fold(value, |at, step| at.get(&**step))?;
        (!found.is_null()).then_some(found)
    }

    /// Every value at this path, lists on the way and at the end opened.
    pub fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![value];
        for step in &self.0 {
            found = found.into_iter().flat_map(elements).filter_map(|at| at.get(&**step)).collect();
        }
        found.into_iter().flat_map(elements).filter(|value| !value.is_null()).collect()
    }

    /// What a mapping takes from here: the value, or the flat list when a list lies on the way.
    pub fn take<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        let mut at = value;
        for step in &self.0 {
            if at.is_array() {
                return Cow::Owned(Value::Array(self.all(value).into_iter().cloned().collect()));
            }
            match at.get(&**step) {
                Some(next) => at = next,
                None => return Cow::Owned(Value::Null),
            }
        }
        Cow::Borrowed(at)
    }

    /// Puts a value at this path, making objects on the way.
    pub fn put(&self, target: &mut Value, value: Value) {
        let mut at = target;
        for step in &self.0 {
            if !at.is_object() {
                *at = Value::Object(serde_json::Map::new());
            }
            at = &mut at[&**step];
        }
        *at = value;
    }

    /// Takes away every member at this path; lists on the way are opened.
    pub fn remove(&self, value: &mut Value) {
        let Some((last, outer)) = self.0.split_last() else { return };
        each_mut(outer, value, &mut |found| {
            let members = match found {
                Value::Array(list) => list.iter_mut().collect(),
                other => vec![other],
            };
            for member in members.into_iter().filter_map(Value::as_object_mut) {
                member.shift_remove(&**last);
            }
        });
    }

    /// Does something to every value at this path; lists on the way are opened, the last one is not.
    /// A step `**` is any way further down, or none.
    pub fn each_mut(&self, value: &mut Value, act: &mut dyn FnMut(&mut Value)) {
        each_mut(&self.0, value, act);
    }
}

fn each_mut(steps: &[Box<str>], value: &mut Value, act: &mut dyn FnMut(&mut Value)) {
    let Some((first, rest)) = steps.split_first() else { return act(value) };
    if &**first == ANY_WAY {
        if !value.is_array() {
            each_mut(rest, value, act);
        }
        return match value {
            Value::Array(list) => list.iter_mut().for_each(|element| each_mut(steps, element, act)),
            Value::Object(map) => map.values_mut().for_each(|member| each_mut(steps, member, act)),
            _ => {}
        };
    }
    match value {
        Value::Array(list) => list.iter_mut().for_each(|element| each_mut(steps, element, act)),
        Value::Object(map) => {
            if let Some(next) = map.get_mut(&**first) {
                each_mut(rest, next, act);
            }
        }
        _ => {}
    }
}

fn elements(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(list) => Box::new(list.iter().flat_map(elements)),
        other => Box::new(std::iter::once(other)),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str(".") } else { f.write_str(&self.0.join(".")) }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The data that a `{...}` may name.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    pub account: &'a str,
    pub region: &'a str,
    pub partition: &'a str,
    /// The resource, as the API gave it.
    pub item: &'a Value,
    /// The element of the outer listing, where there is one.
    pub parent: &'a Value,
    /// The element that a list is just at.
    pub each: &'a Value,
}

/// A text such as `arn:{partition}:ec2:{region}:{account}:vpc/{item.VpcId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name { root: Root, path: Path, last: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Account,
    Region,
    Partition,
    Item,
    Parent,
    Each,
}

impl Template {
    /// Reads a text with names in braces; `{item.Role|name}` is the last part of an ARN or a path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').ok_or_else(|| format!("`{text}`: a `{{` is not closed"))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::name(name)?);
            rest = tail;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The value: with a single name and nothing else, as it is; else text. Nothing when a name has no value.
    pub fn value(&self, names: &Names<'_>) -> Option<Value> {
        if let [part @ Part::Name { last: false, .. }] = &self.0[..] {
            return part.value(names);
        }
        self.text(names).map(Value::String)
    }

    /// The text; nothing when a name in it has no value.
    pub fn text(&self, names: &Names<'_>) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name { last, .. } => {
                    let value = part.value(names)?;
                    let whole = match &value {
                        Value::String(inner) => inner.clone(),
                        Value::Bool(_) | Value::Number(_) => value.to_string(),
                        _ => return None,
                    };
                    text.push_str(if *last { whole.rsplit(['/', ':']).next().unwrap_or_default() } else { &whole });
                }
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

impl Part {
    fn name(text: &str) -> Result<Self, String> {
        let (name, last) = match text.split_once('|') {
            Some((name, "name")) => (name, true),
            Some((_, filter)) => return Err(format!("`{{{text}}}`: the only filter is `name`, not `{filter}`")),
            None => (text, false),
        };
        let (root, path) = name.split_once('.').map_or((name, None), |(root, path)| (root, Some(path)));
        let root = match root {
            "account" => Root::Account,
            "region" => Root::Region,
            "partition" => Root::Partition,
            "item" => Root::Item,
            "parent" => Root::Parent,
            "each" => Root::Each,
            _ => {
                return Err(format!(
                    "`{{{text}}}`: a name begins with account, region, partition, item, parent or each"
                ));
            }
        };
        if path.is_some() && matches!(root, Root::Account | Root::Region | Root::Partition) {
            return Err(format!("`{{{text}}}` has no members"));
        }
        let path = path.map_or(Ok(Path::default()), Path::parse)?;
        Ok(Self::Name { root, path, last })
    }

    fn value(&self, names: &Names<'_>) -> Option<Value> {
        let Part::Name { root, path, .. } = self else { return None };
        let value = match root {
            Root::Account => return Some(names.account.into()),
            Root::Region => return Some(names.region.into()),
            Root::Partition => return Some(names.partition.into()),
            Root::Item => names.item,
            Root::Parent => names.parent,
            Root::Each => names.each,
        };
        path.get(value).cloned()
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The input of a call: JSON whose texts are templates. A member whose name has no value is left out.
#[derive(Clone, Debug, Default)]
pub struct Input(Vec<(String, Argument)>);

#[derive(Clone, Debug)]
enum Argument {
    Plain(Value),
    Text(Template),
    List(Vec<Argument>),
    Object(Input),
}

impl Input {
    fn of(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(map) => {
                let members = map.into_iter().map(|(name, value)| Ok((name, Argument::of(value)?)));
                Ok(Self(members.collect::<Result<_, String>>()?))
            }
            Value::Null => Ok(Self::default()),
            _ => Err("an input is a map of member names".to_owned()),
        }
    }

    /// The names of the members, as the API spells them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a list somewhere in it names data: what a batch joins over resources.
    pub fn lists_names(&self) -> bool {
        self.0.iter().any(|(_, argument)| argument.lists_names())
    }

    /// The input for a call, but nothing when a list that names data has none of it.
    pub fn fill_lists(&self, names: &Names<'_>) -> Option<Value> {
        let given = self.0.iter().all(|(_, argument)| argument.lists_given(names));
        given.then(|| self.fill(names))
    }

    /// The input for a call.
    pub fn fill(&self, names: &Names<'_>) -> Value {
        Value::Object(self.0.iter().filter_map(|(name, value)| Some((name.clone(), value.fill(names)?))).collect())
    }
}

impl Argument {
    fn of(value: Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse(&text)?),
            Value::Array(list) => Self::List(list.into_iter().map(Self::of).collect::<Result<_, _>>()?),
            Value::Object(_) => Self::Object(Input::of(value)?),
            plain => Self::Plain(plain),
        })
    }

    fn names_data(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Text(Template(parts)) => parts.iter().any(|part| matches!(part, Part::Name { .. })),
            Self::List(list) => list.iter().any(Self::names_data),
            Self::Object(input) => input.0.iter().any(|(_, argument)| argument.names_data()),
        }
    }

    fn lists_names(&self) -> bool {
        match self {
            Self::List(list) => list.iter().any(Self::names_data),
            Self::Object(input) => input.lists_names(),
            Self::Plain(_) | Self::Text(_) => false,
        }
    }

    fn lists_given(&self, names: &Names<'_>) -> bool {
        match self {
            Self::List(list) if self.names_data() => {
                list.iter().any(|element| element.names_data() && element.fill(names).is_some())
            }
            Self::Object(input) => input.0.iter().all(|(_, argument)| argument.lists_given(names)),
            _ => true,
        }
    }

    fn fill(&self, names: &Names<'_>) -> Option<Value> {
        match self {
            Self::Plain(value) => Some(value.clone()),
            Self::Text(template) => template.value(names),
            Self::List(list) => Some(Value::Array(list.iter().filter_map(|value| value.fill(names)).collect())),
            Self::Object(input) => Some(input.fill(names)),
        }
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// `pattern` with `*` for any run of characters, over the whole text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_go_through_lists() {
        let page = json!({"Reservations": [{"Instances": [{"Id": 1}, {"Id": 2}]}, {"Instances": [{"Id": 3}]}]});
        let path = |text: &str| Path::parse(text).unwrap();
        assert_eq!(*path("Reservations.Instances.Id").take(&page), json!([1, 2, 3]));
        assert_eq!(path("Reservations.Instances").all(&page).len(), 3);
        assert_eq!(path("Reservations.Nothing").all(&page).len(), 0);
        assert_eq!(*path(".").take(&json!("x")), json!("x"));
        let mut built = json!({});
        path("a.b").put(&mut built, json!(1));
        assert_eq!(built, json!({"a": {"b": 1}}));
        for wrong in ["", "a..b", ".a", "a b", "{x}"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_stars_are_any_way_down() {
        let mut rules =
            json!([{"not": {"match": {"text": 1}}}, {"match": {"text": 2}, "and": [{"or": [{"match": {"text": 3}}]}]}]);
        let mut seen = Vec::new();
        Path::parse("**.match.text").unwrap().each_mut(&mut rules, &mut |found| seen.push(found.take()));
        seen.sort_by_key(|number| number.as_i64());
        assert_eq!(seen, [json!(1), json!(2), json!(3)]);
        Path::parse("**.match").unwrap().remove(&mut rules);
        assert_eq!(rules, json!([{"not": {}}, {"and": [{"or": [{}]}]}]));
    }

    #[track_caller]
    fn check(template: &str, want: Option<Value>) {
        let (item, parent) = (json!({"Arn": "arn:aws:iam::1:role/a/b", "N": 3, "L": [1]}), json!({"Id": "p"}));
        let names =
            Names { account: "1", region: "r", partition: "aws", item: &item, parent: &parent, each: &Value::Null };
        assert_eq!(Template::parse(template).unwrap().value(&names), want, "{template}");
    }

    #[test]
    fn templates_name_data() {
        check("arn:{partition}:x:{region}:{account}:{parent.Id}/{item.N}", Some(json!("arn:aws:x:r:1:p/3")));
        check("{item.N}", Some(json!(3)));
        check("{item.L}", Some(json!([1])));
        check("{item.Arn|name}", Some(json!("b")));
        check("x{item.Missing}", None);
        check("plain", Some(json!("plain")));
        for wrong in ["{", "{nobody.x}", "{account.x}", "{item.a|upper}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn globs() {
        for (pattern, text, want) in [
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("*", "", true),
            ("a*b*c", "axbyc", true),
            ("abc", "abc", true),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
    }
}
