//! How a value of an API answer becomes a value of a configuration item: the mapping language.
//!
//! A shape is a path (`LoggingEnabled.TargetBucket`) or a map of steps, done in this order:
//! `value` or `from`; then `either`, or `join`, or `where`, `first` and one of `then`, `each` (with `by`), `build` and spelling
//! (`case`, `drop`, `rename`, `wrap`, `keys`, `verbatim`); then `words`, `number`, `time`, `equals`, `present`, `otherwise`,
//! `list`, `text`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use haechi_model::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_json::{Map, Value};

use super::ordered::Ordered;
use super::path::{Names, Path, Template, glob};

/// How AWS Config spells the member names of a type, given the API's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// The first letter small: `VpcId` is `vpcId`, `DBInstanceArn` is `dBInstanceArn`.
    Camel,
    /// All leading capitals small: `DBClusterArn` is `dbclusterArn`, `KMSKeyArn` is `kmskeyArn`.
    Jackson,
    /// As the API spells them.
    Pascal,
    /// The first letter large: `roleARN` is `RoleARN`.
    Capital,
}

impl Case {
    /// A member's name in this spelling.
    pub fn spell(self, name: &str) -> String {
        let small = match self {
            Case::Pascal => 0,
            Case::Camel => 1,
            Case::Jackson => name.bytes().take_while(u8::is_ascii_uppercase).count(),
            Case::Capital => {
                return name.char_indices().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }).collect();
            }
        };
        name.char_indices().map(|(at, c)| if at < small { c.to_ascii_lowercase() } else { c }).collect()
    }
}

/// Conditions on members: each must match one of its patterns (`*` is any run of characters), and none that begins
/// with `!`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Conditions(BTreeMap<Path, OneOrMore>);

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Template),
    More(Vec<Template>),
}

impl Conditions {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first condition that is one exact word: what an index can look up.
    pub fn first_word(&self, names: &Names<'_>) -> Option<(&Path, String)> {
        self.0.iter().find_map(|(path, patterns)| match patterns {
            OneOrMore::One(pattern) => pattern
                .text(names)
                .filter(|word| !word.contains('*') && !word.starts_with('!'))
                .map(|word| (path, word)),
            OneOrMore::More(_) => None,
        })
    }

    /// Whether every condition holds for a value. A list holds when one of its elements does.
    pub fn hold(&self, value: &Value, names: &Names<'_>) -> bool {
        self.0.iter().all(|(path, patterns)| {
            let patterns = match patterns {
                OneOrMore::One(pattern) => std::slice::from_ref(pattern),
                OneOrMore::More(patterns) => patterns,
            };
            let patterns: Vec<String> = patterns.iter().filter_map(|pattern| pattern.text(names)).collect();
            let (not, wanted): (Vec<&str>, Vec<&str>) =
                patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
            let texts = path.all(value).into_iter();
            let texts: Vec<String> =
                texts.map(|found| found.as_str().map_or_else(|| found.to_string(), str::to_owned)).collect();
            let matches = |pattern: &str| texts.iter().any(|text| glob(pattern, text));
            let only_not = wanted.is_empty() && !not.is_empty();
            (only_not || wanted.into_iter().any(&matches)) && !not.iter().any(|pattern| matches(&pattern[1..]))
        })
    }
}

/// One shape. See the module.
#[derive(Clone, Debug, Default)]
pub struct Shape(Box<Steps>);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Steps {
    /// Where the value stands; the value at hand when left out.
    from: Path,
    /// The first of these that gives something.
    either: Vec<Shape>,
    /// All of these that give something, their lists or maps put together.
    join: Vec<Shape>,
    /// Of a list, the elements that fulfil these.
    #[serde(rename = "where")]
    only: Conditions,
    /// Of a list, its first element.
    first: bool,
    /// What `where` and `first` left, by this shape.
    then: Option<Shape>,
    /// Each element of a list by this shape.
    each: Option<Shape>,
    /// The list as a map: the key is this member of each element (before `each`).
    by: Option<Path>,
    /// An object of these members.
    build: Ordered<String, Shape>,
    /// In `build`, members without a value are null, not left out.
    nulls: bool,
    case: Option<Case>,
    drop: Vec<Path>,
    rename: BTreeMap<Path, String>,
    /// These become `{value: x}`, as AWS Config writes some of the API's words.
    wrap: Vec<Path>,
    /// These are maps: their keys are the user's own and stay, the names below are spelled.
    keys: Vec<Path>,
    /// Below these, names are the user's own and stay.
    verbatim: Vec<Path>,
    /// Other words for these.
    words: BTreeMap<String, Value>,
    /// A number that the API writes as text.
    number: bool,
    /// A time that the API writes as a number of seconds or of milliseconds since 1970.
    time: bool,
    /// Whether it is this value: a boolean.
    #[serde(deserialize_with = "given")]
    equals: Option<Value>,
    /// Whether there is a value: a boolean.
    present: bool,
    /// The value when there is none.
    #[serde(deserialize_with = "given")]
    otherwise: Option<Value>,
    /// A text with names in braces.
    value: Option<Template>,
    /// A value that is always the same.
    #[serde(deserialize_with = "given")]
    always: Option<Value>,
    /// The value in a list of one.
    list: bool,
    /// The value as JSON text.
    text: bool,
}

/// A value that is given, even when it is null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PathOrSteps;
        impl<'de> Visitor<'de> for PathOrSteps {
            type Value = Shape;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or a map of mapping steps")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Shape, E> {
                let from = Path::parse(text).map_err(E::custom)?;
                Ok(Shape(Box::new(Steps { from, ..Steps::default() })))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape, A::Error> {
                Steps::deserialize(MapAccessDeserializer::new(map)).map(|steps| Shape(Box::new(steps)))
            }
        }
        deserializer.deserialize_any(PathOrSteps)
    }
}

impl Shape {
    /// The value of the item for a value of an answer; null is nothing.
    pub fn apply(&self, source: &Value, names: &Names<'_>, case: Case) -> Value {
        let steps = &*self.0;
        if let Some(always) = &steps.always {
            return always.clone();
        }
        let case = steps.case.unwrap_or(case);
        // Answers are large: what is at hand is looked at where it is, and only what comes out is made.
        let taken = match &steps.value {
            Some(template) => Cow::Owned(template.value(names).unwrap_or_default()),
            None => steps.from.take(source),
        };
        let mut value = if !steps.either.is_empty() {
            let mut each = steps.either.iter().map(|shape| shape.apply(&taken, names, case));
            each.find(|found| !found.is_null()).unwrap_or_default()
        } else if !steps.join.is_empty() {
            joined(steps.join.iter().map(|shape| shape.apply(&taken, names, case)))
        } else {
            steps.members(&steps.select(taken, names), names, case)
        };
        value = steps.convert(value);
        if value.is_null()
            && let Some(otherwise) = &steps.otherwise
        {
            value = otherwise.clone();
        }
        if steps.list && !value.is_null() {
            value = Value::Array(vec![value]);
        }
        if steps.text && !value.is_null() {
            value = Value::String(value.to_string());
        }
        value
    }
}

fn joined(values: impl Iterator<Item = Value>) -> Value {
    values.fold(Value::Null, |whole, value| match (whole, value) {
        (whole, Value::Null) => whole,
        (Value::Array(mut list), Value::Array(more)) => {
            list.extend(more);
            Value::Array(list)
        }
        (Value::Object(mut map), Value::Object(more)) => {
            map.extend(more);
            Value::Object(map)
        }
        (_, value) => value,
    })
}

impl Steps {
    fn select<'v>(&self, value: Cow<'v, Value>, names: &Names<'_>) -> Cow<'v, Value> {
        if self.only.is_empty() && !self.first {
            return value;
        }
        let mut value = value.into_owned();
        if !self.only.is_empty()
            && let Value::Array(list) = &mut value
        {
            list.retain(|element| self.only.hold(element, names));
        }
        Cow::Owned(match value {
            Value::Array(list) if self.first => list.into_iter().next().unwrap_or_default(),
            other => other,
        })
    }

    fn members(&self, value: &Value, names: &Names<'_>, case: Case) -> Value {
        if let Some(then) = &self.then {
            let nothing_left = !self.only.is_empty() && value.as_array().is_some_and(Vec::is_empty);
            return if nothing_left { Value::Null } else { then.apply(value, names, case) };
        }
        if self.each.is_some() || self.by.is_some() {
            let Value::Array(list) = value else { return Value::Null };
            let plain = Shape::default();
            let shape = self.each.as_ref().unwrap_or(&plain);
            let each = |element: &Value| shape.apply(element, &Names { each: element, ..*names }, case);
            return match &self.by {
                None => Value::Array(list.iter().map(each).filter(|value| !value.is_null()).collect()),
                Some(key) => {
                    let key = |element: &Value| key.get(element).and_then(Value::as_str).map(str::to_owned);
                    let named = list.iter().filter_map(|element| Some((key(element)?, each(element))));
                    Value::Object(named.collect())
                }
            };
        }
        if !self.build.0.is_empty() {
            if value.is_null() && !self.nulls {
                return Value::Null;
            }
            let mut built = Map::new();
            for (name, shape) in &self.build.0 {
                let member = shape.apply(value, names, case);
                if self.nulls || !member.is_null() {
                    built.insert(name.clone(), member);
                }
            }
            return Value::Object(built);
        }
        spell(value, case, &Edits::of(self))
    }

    fn convert(&self, value: Value) -> Value {
        if self.present {
            return Value::Bool(!value.is_null());
        }
        if let Some(wanted) = &self.equals {
            return if value.is_null() { value } else { Value::Bool(&value == wanted) };
        }
        if self.number {
            return number(value);
        }
        if self.time {
            return time(value);
        }
        if self.words.is_empty() {
            return value;
        }
        match value.as_str() {
            // A word that the table lacks stays, unless the table has a `*`.
            Some(word) => self.words.get(word).or_else(|| self.words.get("*")).cloned().unwrap_or(value),
            None => value,
        }
    }
}

/// What to do below a path, as a tree: one look-up a member.
#[derive(Default)]
struct Edits<'s> {
    below: BTreeMap<&'s str, Edits<'s>>,
    drop: bool,
    wrap: bool,
    keys: bool,
    verbatim: bool,
    rename: Option<&'s str>,
}

impl<'s> Edits<'s> {
    fn of(steps: &'s Steps) -> Self {
        let mut edits = Self::default();
        steps.drop.iter().for_each(|path| edits.at(path).drop = true);
        steps.wrap.iter().for_each(|path| edits.at(path).wrap = true);
        steps.keys.iter().for_each(|path| edits.at(path).keys = true);
        steps.verbatim.iter().for_each(|path| edits.at(path).verbatim = true);
        steps.rename.iter().for_each(|(path, name)| edits.at(path).rename = Some(name));
        edits
    }

    fn at(&mut self, path: &'s Path) -> &mut Self {
        path.steps().fold(self, |at, step| at.below.entry(step).or_default())
    }
}

fn spell(value: &Value, case: Case, edits: &Edits<'_>) -> Value {
    match value {
        _ if edits.verbatim => value.clone(),
        Value::Array(list) => Value::Array(list.iter().map(|element| spell(element, case, edits)).collect()),
        Value::Object(map) => {
            let none = Edits::default();
            let mut spelt = Map::new();
            for (name, member) in map {
                let below = edits.below.get(name.as_str()).unwrap_or(&none);
                if below.drop || member.is_null() {
                    continue;
                }
                let member = spell(member, case, below);
                let member = if below.wrap { wrapped(member) } else { member };
                let name = match below.rename {
                    Some(other) => other.to_owned(),
                    None if edits.keys => name.clone(),
                    None => case.spell(name),
                };
                spelt.insert(name, member);
            }
            Value::Object(spelt)
        }
        other => other.clone(),
    }
}

/// Text that is a number as that number; all else stays.
fn number(value: Value) -> Value {
    let parsed = value.as_str().and_then(|text| {
        let whole = text.parse::<i64>().ok().map(Value::from);
        whole.or_else(|| text.parse::<f64>().ok().filter(|found| found.is_finite()).map(Value::from))
    });
    parsed.unwrap_or(value)
}

/// No time in seconds is as large before the year 5138, and none in milliseconds as small after 1973.
const MILLISECONDS: f64 = 1e11;

/// Seconds or milliseconds since 1970 as a time; all else stays.
pub(crate) fn time(value: Value) -> Value {
    let count = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse::<f64>().ok()));
    let Some(count) = count.filter(|count| count.is_finite()) else { return value };
    let micros = if count.abs() < MILLISECONDS { count * 1e6 } else { count * 1e3 };
    Value::String(Timestamp::from_micros(micros.round() as i64).to_string())
}

fn wrapped(value: Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(wrapped).collect()),
        other => serde_json::json!({ "value": other }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(shape: Value, source: Value, want: Value) {
        let shape: Shape = serde_json::from_value(shape).unwrap();
        let null = Value::Null;
        let names = Names { account: "1", region: "r", partition: "aws", item: &source, parent: &null, each: &null };
        assert_eq!(shape.apply(&source, &names, Case::Camel), want);
    }

    #[test]
    fn spellings() {
        for (case, name, want) in [
            (Case::Camel, "DBInstanceIdentifier", "dBInstanceIdentifier"),
            (Case::Camel, "VpcId", "vpcId"),
            (Case::Jackson, "DBClusterIdentifier", "dbclusterIdentifier"),
            (Case::Jackson, "KMSKeyArn", "kmskeyArn"),
            (Case::Jackson, "AWSAccountId", "awsaccountId"),
            (Case::Jackson, "MultiAZ", "multiAZ"),
            (Case::Pascal, "ListenerArn", "ListenerArn"),
            (Case::Capital, "roleARN", "RoleARN"),
        ] {
            assert_eq!(case.spell(name), want);
        }
    }

    #[test]
    fn a_path_copies_in_the_spelling_of_the_type() {
        check(json!("A"), json!({"A": {"BeeCee": [{"DeeE": 1, "Nil": null}]}}), json!({"beeCee": [{"deeE": 1}]}));
        check(json!("A.B"), json!({"A": {}}), Value::Null);
    }

    #[test]
    fn edits_are_by_path() {
        check(
            json!({"drop": ["Tags"], "rename": {"List.KMSKeyID": "kmsKeyID"}, "wrap": ["State", "Zones"], "verbatim": ["Own"]}),
            json!({"Tags": [1], "List": [{"KMSKeyID": "k"}], "State": "on", "Zones": ["a"], "Own": {"X": {"Y": 1}}}),
            json!({"list": [{"kmsKeyID": "k"}], "state": {"value": "on"}, "zones": [{"value": "a"}], "own": {"X": {"Y": 1}}}),
        );
    }

    #[test]
    fn conditions_may_say_what_must_not_be() {
        let all = json!({"Rules": [{"Id": "a", "On": "x.aws"}, {"Id": "b", "On": "me"}, {"Id": "c"}]});
        let those = |only: Value| json!({"from": "Rules", "where": {"On": only}, "each": "Id"});
        check(those(json!("!*.aws")), all.clone(), json!(["b", "c"]));
        check(those(json!(["m*", "!me"])), all.clone(), json!([]));
        check(those(json!(["*", "!*.aws"])), all, json!(["b"]));
    }

    #[test]
    fn keys_of_maps_stay() {
        check(
            json!({"keys": ["Routes"]}),
            json!({"Routes": {"GET /pets": {"LogLevel": "INFO"}, "$default": {}}, "Nil": {}}),
            json!({"routes": {"GET /pets": {"logLevel": "INFO"}, "$default": {}}, "nil": {}}),
        );
    }

    #[test]
    fn lists_maps_and_builds() {
        check(
            json!({"from": "Rules", "where": {"On": "true"}, "by": "Id", "each": {"build": {"bucket": "To.B", "kind": {"always": "x"}}}}),
            json!({"Rules": [{"Id": "a", "On": true, "To": {"B": "b"}}, {"Id": "c", "On": false}]}),
            json!({"a": {"bucket": "b", "kind": "x"}}),
        );
        check(json!({"each": "Serial"}), json!([{"Serial": "a"}, {"Other": 1}]), json!(["a"]));
        check(json!({"build": {"policyText": "Policy"}, "nulls": true}), Value::Null, json!({"policyText": null}));
        check(json!({"build": {"x": "X"}, "text": true}), json!({"X": 1}), json!("{\"x\":1}"));
    }

    #[test]
    fn conversions() {
        check(json!({"from": "P", "equals": "Requester"}), json!({"P": "Requester"}), json!(true));
        check(json!({"from": "P", "equals": "Requester"}), json!({}), Value::Null);
        check(json!({"from": "P", "present": true}), json!({}), json!(false));
        check(json!({"from": "P", "otherwise": "Off"}), json!({}), json!("Off"));
        check(json!({"from": "P", "words": {"A": "b"}}), json!({"P": "A"}), json!("b"));
        check(json!({"either": ["X", {"from": "Y", "words": {"u": "U"}}]}), json!({"Y": "u"}), json!("U"));
    }

    #[test]
    fn numbers_and_times() {
        check(json!({"from": "N", "number": true}), json!({"N": "30"}), json!(30));
        check(json!({"from": "N", "number": true}), json!({"N": "0.5"}), json!(0.5));
        check(json!({"from": "N", "number": true}), json!({"N": "NaN"}), json!("NaN"));
        check(json!({"from": "N", "number": true}), json!({}), Value::Null);
        for (given, want) in [
            (json!("1704164645"), "2024-01-02T03:04:05Z"),
            (json!(1_704_164_645_000_i64), "2024-01-02T03:04:05Z"),
            (json!(1_704_164_645_123_i64), "2024-01-02T03:04:05.123Z"),
            (json!("1704164645.5"), "2024-01-02T03:04:05.5Z"),
            (json!(0), "1970-01-01T00:00:00Z"),
            (json!("2024-01-02T03:04:05Z"), "2024-01-02T03:04:05Z"),
        ] {
            check(json!({"from": "T", "time": true}), json!({"T": given}), json!(want));
        }
    }

    #[test]
    fn then_takes_a_part_of_what_is_left() {
        let options = json!({"Set": [{"Key": "a", "Values": [{"Value": 1}]}, {"Key": "b", "Values": [{"Value": 2}, {"Value": 3}]}]});
        check(json!({"from": "Set", "where": {"Key": "b"}, "then": "Values.Value"}), options.clone(), json!([2, 3]));
        let first = json!({"from": "Set", "where": {"Key": "a"}, "then": {"from": "Values.Value", "first": true}});
        check(first, options.clone(), json!(1));
        check(
            json!({"from": "Set", "where": {"Key": "c"}, "first": true, "then": "Values"}),
            options.clone(),
            Value::Null,
        );
        check(json!({"from": "Set", "where": {"Key": "c"}, "then": "Values.Value"}), options, Value::Null);
    }

    #[test]
    fn several_sources_make_one_value() {
        check(
            json!({"join": [{"from": "A", "by": "Id", "each": {"build": {"type": {"always": "a"}}}}, {"from": "B", "by": "Id", "each": {"build": {"type": {"always": "b"}}}}]}),
            json!({"A": [{"Id": "x"}], "B": [{"Id": "y"}]}),
            json!({"x": {"type": "a"}, "y": {"type": "b"}}),
        );
        check(json!({"join": [{"from": "A", "list": true}, "B"]}), json!({"A": 1, "B": [2]}), json!([1, 2]));
        check(json!({"join": ["A", "B"]}), json!({}), Value::Null);
        check(json!({"always": null}), json!({"A": 1}), Value::Null);
        check(json!({"value": "{account}:{item.A|name}"}), json!({"A": "b/c"}), json!("1:c"));
        check(json!({"value": "{item.B}"}), json!({"A": "b/c"}), Value::Null);
    }

    #[test]
    fn unknown_steps_are_refused() {
        assert!(serde_json::from_value::<Shape>(json!({"form": "A"})).is_err());
    }
}
