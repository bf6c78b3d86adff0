//! The public Sigma rules of AWS: every one loads, fires on events that are made from its own text, and does not when
//! a field that it needs is otherwise. And what must be refused, with its place.

use std::path::Path;
use std::sync::Arc;

use haechi_content::Source;
use haechi_content::yaml::{Limits, Node, read};
use haechi_detect::{Builder, Detections, Engine, EngineSettings, Intel, Scanner, Why, base_fields};
use haechi_model::event::{Event, Head, Place, Record};
use haechi_model::{Log, Threat, Timestamp};
use serde_json::{Map, Value, json};

fn compiled(sources: &[(&str, &str)]) -> Detections {
    let intel = Intel::default();
    let mut builder = Builder::new(&intel, &base_fields);
    for (name, text) in sources {
        builder.sigma(&Source::new(*name, *text));
    }
    builder.build()
}

/// The threats in CloudTrail events, a second after each other.
fn threats(detections: &Arc<Detections>, events: &[Value]) -> Vec<Threat> {
    let mut scanner = Scanner::new(detections.clone(), Arc::new(Intel::default()));
    let Some(fields) = detections.fields(Log::CloudTrail) else { return Vec::new() };
    for (at, event) in events.iter().enumerate() {
        let text = event.to_string();
        let mut slots = Vec::new();
        fields.read(text.as_bytes(), 0, &mut slots).unwrap();
        let head = Head {
            log: Log::CloudTrail,
            id: &format!("event-{at}"),
            time: Timestamp::from_seconds(1_772_442_000 + at as i64),
            source: event["eventSource"].as_str().unwrap_or_default(),
            name: event["eventName"].as_str().unwrap_or_default(),
            account: event["recipientAccountId"].as_str().or(Some("111122223333")),
            region: event["awsRegion"].as_str().or(Some("us-east-1")),
        };
        let record = Record::of_json(&text, fields, &slots);
        scanner.take(&Event { record, head, place: Place { file: Path::new("test"), record: at as u64 + 1 } });
    }
    let mut engine = Engine::new(detections.machines(), EngineSettings::default());
    engine.add(scanner.drain());
    engine.finish()
}

/// A field of a selection and a value that it wants; none: it must not be there.
type Wanted = (String, Option<Value>);

/// A value that fits a selection's item.
fn fitting(key: &str, value: &Node) -> Option<Value> {
    let modifiers: Vec<_> = key.split('|').skip(1).collect();
    let all = modifiers.contains(&"all");
    let texts: Vec<&str> = match value.list() {
        Some(list) => list.iter().filter_map(Node::text).collect(),
        None if value.is_null() => return None,
        None => value.text().into_iter().collect(),
    };
    let joined = if all { texts.join(" and ") } else { texts[0].to_owned() };
    let plain = joined.replace('*', "any");
    let text = match modifiers.first() {
        None => plain,
        Some(&"contains") => format!("before {plain} behind"),
        Some(&"startswith") => format!("{plain}behind"),
        Some(&"endswith") => format!("before{plain}"),
        // The only regular expression among these rules.
        Some(&"re") => "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0123456789abcdef0".to_owned(),
        Some(other) => panic!("a generator for `{other}`"),
    };
    // `requestParameters` and `responseElements` are objects in CloudTrail.
    let object = ["requestParameters", "responseElements"].contains(&key.split('|').next().unwrap_or_default());
    Some(if object { json!({"document": text}) } else { Value::String(text) })
}

fn wanted(selection: &Node) -> Vec<Wanted> {
    let entries = selection.entries().expect("a selection that must match is a map here");
    entries
        .iter()
        .map(|(key, value)| {
            let key = key.text().unwrap();
            (key.split('|').next().unwrap().to_owned(), fitting(key, value))
        })
        .collect()
}

/// What of the selections must match, by the few forms of conditions that these rules have: the ways to meet it.
fn ways(detection: &Node) -> Vec<Vec<Wanted>> {
    let condition = detection.get("condition").and_then(Node::text).unwrap();
    let positive = condition.split(" and not ").next().unwrap();
    let mut ways: Vec<Vec<Wanted>> = vec![Vec::new()];
    for part in positive.split(" and ") {
        let names: Vec<&str> = match part.trim().strip_prefix("1 of ") {
            Some(pattern) => {
                let start = pattern.trim().trim_end_matches('*');
                let names = detection.entries().unwrap().iter().filter_map(|(key, _)| key.text());
                names.filter(|name| name.starts_with(start)).collect()
            }
            None => vec![part.trim()],
        };
        let mut longer = Vec::new();
        for way in &ways {
            for name in &names {
                let mut way = way.clone();
                way.extend(wanted(detection.get(name).unwrap_or_else(|| panic!("{name} in {condition}"))));
                longer.push(way);
            }
        }
        ways = longer;
    }
    ways
}

fn event_of(way: &[Wanted]) -> Value {
    let mut event = json!({
        "eventVersion": "1.08", "eventSource": "none.amazonaws.com", "eventName": "None",
        "userIdentity": {"accountId": "111122223333"}, "sourceIPAddress": "198.51.100.7",
    });
    for (path, value) in way {
        let Some(value) = value else { continue };
        let mut at = &mut event;
        for name in path.split('.') {
            at = at.as_object_mut().unwrap().entry(name).or_insert_with(|| Value::Object(Map::new()));
        }
        *at = value.clone();
    }
    event
}

#[test]
fn every_public_rule_fires_on_what_it_describes() {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else { return };
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(&corpus).join("sigma-aws"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yml"))
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 57);
    let texts: Vec<_> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let sources: Vec<_> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let all = Arc::new(compiled(&sources));
    assert_eq!(all.problems().map(|problem| problem.short()).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(all.rules().len(), 57);
    // Most events meet only few rules.
    let (general, count) = all.asked(Log::CloudTrail);
    assert!(general <= 5 && count == 57, "{general} of {count}");
    let (mut events, mut mutants) = (0, 0);
    for (name, text) in &sources {
        let one = Arc::new(compiled(&[(name, text)]));
        let root = read(&Source::new(*name, *text), Limits::CONTENT).unwrap();
        let id = root.get("id").and_then(Node::text).unwrap();
        for way in ways(root.get("detection").unwrap()) {
            let event = event_of(&way);
            events += 1;
            for detections in [&one, &all] {
                let found = threats(detections, std::slice::from_ref(&event));
                assert!(found.iter().any(|threat| threat.kind == id), "{name} does not fire on {event}");
            }
            for (at, (_, value)) in way.iter().enumerate() {
                let mut other = way.clone();
                other[at].1 = match value {
                    Some(Value::Object(_)) => Some(json!({"other": 1})),
                    // `contains: '*'` wants anything at all.
                    Some(Value::String(text)) if text == "before any behind" => None,
                    Some(_) => Some(json!("something else")),
                    None => Some(json!("AccessDenied")),
                };
                mutants += 1;
                let event = event_of(&other);
                let found = threats(&all, std::slice::from_ref(&event));
                assert!(!found.iter().any(|threat| threat.kind == id), "{name} fires on {event}");
            }
        }
    }
    assert!(events >= 57 && mutants >= 2 * events - 57, "{events} events, {mutants} mutants");
}

const HEAD: &str = "title: T\nlogsource: {product: aws, service: cloudtrail}\n";

/// Whether a `detection` section matches an event.
fn check(detection: &str, event: Value, expected: bool) {
    let detections = Arc::new(compiled(&[("rule.yml", &format!("{HEAD}detection:\n{detection}\n"))]));
    let problems: Vec<_> = detections.problems().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{detection}: {}", problems.join("\n"));
    assert_eq!(!threats(&detections, std::slice::from_ref(&event)).is_empty(), expected, "{detection} on {event}");
}

#[test]
fn values_and_modifiers() {
    for (item, event, expected) in [
        ("a: x", json!({"a": "X"}), true),
        ("a|cased: x", json!({"a": "X"}), false),
        ("a: 5", json!({"a": "5"}), true),
        ("a: '5'", json!({"a": 5}), true),
        ("a: true", json!({"a": "TRUE"}), true),
        ("a: 'false'", json!({"a": false}), true),
        ("a: null", json!({}), true),
        ("a: null", json!({"a": null}), true),
        ("a: null", json!({"a": ""}), false),
        ("a: null", json!({"a": {}}), false),
        ("a: ''", json!({"a": ""}), true),
        ("a: ''", json!({}), false),
        ("a|exists: true", json!({"a": null}), true),
        ("a|exists: false", json!({"b": 1}), true),
        ("a.b|exists: true", json!({"a": [{"c": 1}, {"b": 2}]}), true),
        ("a.b|exists: true", json!({"a": [{"c": 1}]}), false),
        ("a.b: x", json!({"a": [{"b": "y"}, {"b": ["z", "x"]}]}), true),
        ("a|contains: 'b?d'", json!({"a": "abcde"}), true),
        ("a: 'b*'", json!({"a": "bcd"}), true),
        (r"a: 'b\*'", json!({"a": "bcd"}), false),
        ("a|startswith: b", json!({"a": "Bcd"}), true),
        ("a|endswith: d", json!({"a": "Bcd"}), true),
        ("a|contains|all: [b, d]", json!({"a": "abcd"}), true),
        ("a|contains|all: [b, e]", json!({"a": "abcd"}), false),
        ("a: [x, y]", json!({"a": "Y"}), true),
        ("a|neq: x", json!({"a": "y"}), true),
        ("a|neq: [x, y]", json!({"a": "y"}), false),
        ("a|neq: x", json!({}), true),
        ("a|re: '^x.z$'", json!({"a": "xyz"}), true),
        ("a|re: '^x.z$'", json!({"a": "XYZ"}), false),
        ("a|re|i: '^x.z$'", json!({"a": "XYZ"}), true),
        ("a|re|m: '^b$'", json!({"a": "a\nb\nc"}), true),
        ("a|re: 'a.b'", json!({"a": "a\nb"}), false),
        ("a|re|s: 'a.b'", json!({"a": "a\nb"}), true),
        ("a|cidr: 10.0.0.0/8", json!({"a": "10.200.3.4"}), true),
        ("a|cidr: 10.0.0.0/8", json!({"a": "11.0.0.1"}), false),
        ("a|cidr: ['2001:db8::/32', 192.0.2.0/24]", json!({"a": "2001:db8:1::5"}), true),
        ("a|cidr: 10.0.0.0/8", json!({"a": "AWS Internal"}), false),
        ("a|lt: 5", json!({"a": 4.5}), true),
        ("a|lte: 5", json!({"a": "5"}), true),
        ("a|gt: 5", json!({"a": 5}), false),
        ("a|gte: 5", json!({"a": [1, 7]}), true),
        ("a|gt: 5", json!({"a": "many"}), false),
        ("a|fieldref: b", json!({"a": "Alice", "b": "alice"}), true),
        ("a|fieldref: b", json!({"a": "Alice", "b": "bob"}), false),
        ("a|fieldref: b", json!({"a": "Alice"}), false),
        ("a|fieldref|endswith: b", json!({"a": "user/alice", "b": "Alice"}), true),
        ("a|base64: foobar", json!({"a": "Zm9vYmFy"}), true),
        ("a|base64offset|contains: foobar", json!({"a": "eGZvb2Jhcng="}), true),
        ("a|wide|base64offset|contains: ping", json!({"a": "eHBwAGkAbgBnAHg="}), true),
        ("a|utf16be|base64: hi", json!({"a": "AGgAaQ=="}), true),
        ("a|utf16|base64: hi", json!({"a": "//5oAGkA"}), true),
        ("a|windash|contains: ' -enc'", json!({"a": "x /enc y"}), true),
        ("a|windash|contains: ' -enc'", json!({"a": "x –enc y"}), true),
        ("eventTime|hour: 9", json!({"eventTime": "2026-03-02T09:00:00Z"}), true),
        ("eventTime|hour|gte: 20", json!({"eventTime": "2026-03-02T09:00:00Z"}), false),
        ("a|contains: 's3:GetObject'", json!({"a": {"policy": "{\"x\":\"s3:GetObject\"}"}}), true),
        ("a|contains: '\"s3:GetObject\"'", json!({"a": {"policy": "{\"x\":\"s3:GetObject\"}"}}), true),
        ("a: 'policy'", json!({"a": {"policy": "x"}}), false),
    ] {
        let quoted = format!("  s:\n    {item}\n  condition: s");
        check(&quoted, event, expected);
    }
}

#[test]
fn selections_and_keywords() {
    check("  s: [{a: 1}, {b: 2}]\n  condition: s", json!({"b": 2}), true);
    check("  s: [{a: 1}, {b: 2}]\n  condition: s", json!({"c": 2}), false);
    check("  k: [evil, 'bad*thing']\n  condition: k", json!({"x": {"y": ["an EVIL one"]}}), true);
    check("  k: [evil, 'bad*thing']\n  condition: k", json!({"x": "a bad old thing"}), true);
    check("  k: [evil]\n  condition: k", json!({"x": "good"}), false);
    check("  k: 'a \"quoted\" word'\n  condition: k", json!({"x": "has a \"quoted\" word in it"}), true);
    check("  k:\n    '|all': [one, two]\n  condition: k", json!({"x": "one", "y": "two"}), true);
    check("  k:\n    '|all': [one, two]\n  condition: k", json!({"x": "one"}), false);
    check("  k:\n    '|re': 'o.e'\n  condition: k", json!({"x": "one"}), true);
    check("  s: [{a: 1}, word]\n  condition: s", json!({"x": "a word"}), true);
    check("  a: {x: 1}\n  b: {y: 1}\n  condition: [a, b]", json!({"y": 1}), true);
    check("  a: {x: 1}\n  _b: {y: 1}\n  condition: 1 of them", json!({"y": 1}), false);
    check("  a: {x: 1}\n  f: {x|exists: false}\n  condition: not f and a", json!({"x": 1}), true);
}

/// What is otherwise than that the text is refused at this place with these words.
fn refusal(text: &str, place: &str, expected: &str) -> Option<String> {
    let detections = compiled(&[("rule.yml", text)]);
    let said: Vec<_> = detections.problems().map(ToString::to_string).collect();
    let all = said.join("\n");
    assert!(detections.inactive().iter().all(|inactive| matches!(inactive.why, Why::Refused(_))));
    assert!(detections.rules().is_empty());
    let fits = all.contains(&format!("rule.yml:{place}")) && all.contains(expected);
    (!fits).then(|| format!("{place} {expected}:\n{text:.300}\n{all:.600}"))
}

#[test]
fn what_cannot_be_run_says_why() {
    let mut wrong = Vec::new();
    let mut refused = |text: &str, place, expected| wrong.extend(refusal(text, place, expected));
    let rule = |detection: &str| format!("{HEAD}detection:\n{detection}\n");
    refused(&rule("  s: {a|re: '(a{1000}){1000}'}\n  condition: s"), "4:13", "too large");
    refused(&rule("  s: {a|re: '(?=a)b'}\n  condition: s"), "4:13", "look-around");
    refused(&rule("  s: {a|re: '(a'}\n  condition: s"), "4:13", "unclosed group");
    refused(&rule("  s: {a|contain: b}\n  condition: s"), "4:9", "did you mean `contains`?");
    refused(&rule("  s: {a|list: tor-exits}\n  condition: s"), "4:9", "not of Sigma");
    refused(&rule("  s: {a: b}\n  condition: selection"), "5:14", "there is no selection `selection`");
    refused(&rule("  sel: {a: b}\n  condition: sell"), "5:14", "did you mean `sel`?");
    refused(&rule("  s: {a: b}\n  condition: s | count() > 5"), "5:16", "write a correlation");
    refused(&rule("  s: {a: b}"), "4:3", "no `condition`");
    refused(&rule("  condition: s"), "4:3", "no selection");
    refused(
        &rule(&format!("  s: {{a: b}}\n  condition: {}s{}", "(".repeat(99), ")".repeat(99))),
        "5:",
        "nested more than 64",
    );
    refused(&rule("  s: {a|expand: '%admins%'}\n  condition: s"), "4:", "%admins%");
    refused(&rule("  s: {a|cidr: 10.0.0.300/8}\n  condition: s"), "4:", "range of addresses");
    refused(&rule("  s: {a|gt: many}\n  condition: s"), "4:", "number");
    refused(&rule("  s: {a|exists: maybe}\n  condition: s"), "4:", "true or false");
    refused(&rule("  s: {a|re|cidr: x}\n  condition: s"), "4:", "exclude each other");
    refused(&rule("  s: {a|i: x}\n  condition: s"), "4:", "behind `re` only");
    refused(&rule("  s: {a..b: x}\n  condition: s"), "4:", "empty name");
    refused(&rule("  s: {a|base64: 'x*'}\n  condition: s"), "4:", "wildcards");
    refused(&rule("  s: {a|contains|base64: 'x'}\n  condition: s"), "4:", "stands before");
    refused(&rule("  s: {a: [[x]]}\n  condition: s"), "4:", "a value is");
    refused(&rule("  s: {a|contains: null}\n  condition: s"), "4:", "null stands alone");
    refused(&rule("  s: {a: b}\n  timeframe: 5m\n  condition: s"), "5:3", "correlation");
    refused(
        "title: T\nlogsource: {product: windows, service: security}\ndetection: {s: {a: b}, condition: s}",
        "2:12",
        "windows security",
    );
    refused("title: T\ndetection: {s: {a: b}, condition: s}", "1:", "logsource");
    refused("action: global\ntitle: T", "1:1", "write each rule out");
    refused(&format!("{HEAD}level: hihg\ndetection: {{s: {{a: b}}, condition: s}}"), "3:8", "did you mean `high`?");
    refused("- a\n- b", "1:1", "is a map");
    refused("a: [", "1:", "not valid YAML");
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    refused(&bomb, "", "unfolds to more than");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Correlations over two rules: signals are counted by the engine.
const BASE: &str = "title: A\nname: a\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: A}, condition: s}\n---\n\
title: B\nname: b\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: B}, condition: s}\n---\n";

fn correlate(correlation: &str, events: &[Value], expected: &[&str]) {
    let text = format!("{BASE}title: C\nname: c\ncorrelation:\n{correlation}\n");
    let detections = Arc::new(compiled(&[("rule.yml", &text)]));
    let problems: Vec<_> = detections.problems().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{correlation}: {}", problems.join("\n"));
    let mut found: Vec<_> = threats(&detections, events).into_iter().map(|threat| threat.kind).collect();
    found.sort();
    found.dedup();
    assert_eq!(found, expected, "{correlation} on {events:?}");
}

#[test]
fn correlations() {
    let event = |name: &str, user: &str, value: u32| json!({"eventName": name, "u": user, "v": value, "w": user});
    let (a, b) = (event("A", "x", 1), event("B", "x", 1));
    let count = "  type: event_count\n  rules: [a]\n  group-by: [u]\n  timespan: 5m\n  condition: {gte: 3}";
    correlate(count, &[a.clone(), a.clone(), a.clone()], &["c"]);
    correlate(count, &[a.clone(), a.clone(), event("A", "y", 1)], &[]);
    correlate(&format!("{count}\n  generate: true"), std::slice::from_ref(&a), &["a"]);
    let both = "  type: event_count\n  rules: [a, b]\n  group-by: [u]\n  timespan: 5m\n  condition: {gt: 1, lte: 9}";
    correlate(both, &[a.clone(), b.clone()], &["c"]);
    let values = "  type: value_count\n  rules: a\n  group-by: [u]\n  timespan: 5m\n  condition: {field: v, gte: 2}";
    correlate(values, &[a.clone(), a.clone()], &[]);
    correlate(values, &[a.clone(), event("A", "x", 2)], &["c"]);
    let temporal = "  type: temporal\n  rules: [a, b]\n  group-by: [u]\n  timespan: 5m";
    correlate(temporal, &[b.clone(), a.clone()], &["c"]);
    let ordered = "  type: temporal_ordered\n  rules: [a, b]\n  group-by: [u]\n  timespan: 5m";
    correlate(ordered, &[b.clone(), a.clone()], &[]);
    correlate(ordered, &[a.clone(), b.clone()], &["c"]);
    correlate(ordered, &[a.clone(), event("B", "y", 1)], &[]);
    let aliases =
        "  type: temporal\n  rules: [a, b]\n  group-by: [who]\n  timespan: 5m\n  aliases: {who: {a: u, b: w}}";
    correlate(aliases, &[a.clone(), json!({"eventName": "B", "u": "other", "w": "x"})], &["c"]);
    // Groups know no account and no region but those that are named.
    let far = json!({"eventName": "A", "u": "x", "v": 2, "awsRegion": "eu-west-1"});
    correlate(values, &[a.clone(), far], &["c"]);
}

#[test]
fn correlations_of_correlations() {
    let event = |name: &str, user: &str| json!({"eventName": name, "u": user});
    let chain = |kind: &str| {
        format!(
            "  type: event_count\n  rules: [a]\n  group-by: [u]\n  timespan: 10m\n  condition: {{gte: 3}}\n---\n\
             title: D\nname: d\ncorrelation:\n  type: {kind}\n  rules: [c, b]\n  group-by: [u]\n  timespan: 10m"
        )
    };
    let failures = [event("A", "x"), event("A", "x"), event("A", "x")];
    let then = |last: Value| failures.iter().cloned().chain([last]).collect::<Vec<_>>();
    correlate(&chain("temporal_ordered"), &then(event("B", "x")), &["d"]);
    correlate(&chain("temporal_ordered"), &then(event("B", "y")), &[]);
    correlate(&chain("temporal_ordered"), &[event("A", "x"), event("B", "x")], &[]);
}

#[test]
fn correlations_that_cannot_be_run() {
    let mut wrong = Vec::new();
    let mut refused = |text: &str, place, expected| wrong.extend(refusal(text, place, expected));
    let text = |correlation: &str| format!("title: C\ncorrelation:\n{correlation}\n");
    refused(&text("  type: event_count\n  rules: [zz]\n  timespan: 5m\n  condition: {gte: 3}"), "4:11", "no rule `zz`");
    refused(&text("  type: counting\n  rules: [a]\n  timespan: 5m"), "3:9", "of type `counting`");
    refused(
        &text("  type: event_count\n  rules: [a]\n  timespan: 5 minutes\n  condition: {gte: 3}"),
        "5:13",
        "length of time",
    );
    refused(
        &text("  type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {atleast: 3}"),
        "6:15",
        "no condition of a count",
    );
    refused(&text("  type: event_count\n  rules: [a]\n  timespan: 5m"), "3:3", "has a `condition`");
    refused(
        &text("  type: value_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 3}"),
        "6:14",
        "names the `field`",
    );
    refused(
        &text("  type: event_count\n  rules: [a]\n  groupby: [x]\n  timespan: 5m\n  condition: {gte: 3}"),
        "5:3",
        "did you mean `group-by`?",
    );
    let circle = "title: X\nname: x\ncorrelation: {type: temporal, rules: [y], timespan: 5m}\n---\ntitle: Y\nname: y\ncorrelation: {type: temporal, rules: [x], timespan: 5m}\n";
    refused(circle, "3:39", "cannot be run");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_correlation_that_is_refused_silences_nothing() {
    let text = format!(
        "{BASE}title: C\ncorrelation:\n  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: {{gte: 1}}\n"
    );
    let detections = Arc::new(compiled(&[("rule.yml", &text)]));
    let problems: Vec<_> = detections.problems().map(|problem| problem.short()).collect();
    assert!(problems.len() == 1 && problems[0].contains("waits for all"), "{problems:?}");
    assert_eq!(threats(&detections, &[json!({"eventName": "A"})]).len(), 1);
}

#[test]
fn filters_take_away() {
    let rule = format!(
        "{HEAD}id: 11111111-1111-4111-8111-111111111111\ndetection: {{s: {{eventName: A}}, condition: s}}\n---\n"
    );
    let filter = |rules: &str| {
        format!(
            "{rule}title: F\nlogsource: {{product: aws, service: cloudtrail}}\nfilter:\n  rules: {rules}\n  f: {{u: admin}}\n  condition: f\n"
        )
    };
    for (rules, user, expected) in [
        ("['11111111-1111-4111-8111-111111111111']", "admin", 0),
        ("['11111111-1111-4111-8111-111111111111']", "eve", 1),
        ("any", "admin", 0),
    ] {
        let detections = Arc::new(compiled(&[("rule.yml", &filter(rules))]));
        assert_eq!(detections.problems().count(), 0);
        assert_eq!(threats(&detections, &[json!({"eventName": "A", "u": user})]).len(), expected, "{rules} {user}");
    }
    let unknown = compiled(&[("rule.yml", &filter("[other]"))]);
    assert!(unknown.problems().any(|problem| problem.short().contains("no rule `other`")));
}

#[test]
fn rules_of_one_id_are_told() {
    let rule = format!("{HEAD}id: x\ndetection: {{s: {{eventName: A}}, condition: s}}\n");
    let detections = compiled(&[("one.yml", &rule), ("two.yml", &rule)]);
    assert_eq!(detections.rules().len(), 1);
    assert!(detections.problems().next().unwrap().short().contains("already, in one.yml"));
}

#[test]
fn trusted_addresses_find_nothing() {
    let rule = format!("{HEAD}detection: {{s: {{eventName: A}}, condition: s}}\n");
    let detections = Arc::new(compiled(&[("one.yml", &rule)]));
    let event = json!({"eventName": "A", "sourceIPAddress": "192.0.2.7"});
    assert_eq!(threats(&detections, &[event]).len(), 1);
}
