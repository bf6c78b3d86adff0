//! For random items and queries the executor answers as the naive evaluator does, on any number of threads.

use haechi_query::{Limits, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::naive::{answer, naive};

const TYPES: [&str; 4] = ["AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::S3::Bucket", "AWS::IAM::User"];
const WORDS: [&str; 8] = ["a", "b", "abc", "abcd", "x\"y\\z", "한글", "7", "true"];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
        (-5_i64..12).prop_map(Value::from),
        Just(json!(2.5)),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        // JSON within a text, and what only looks like it.
        (0_i64..4).prop_map(|n| json!(json!({"b": n, "c": ["abc", {"d": "x\"y"}]}).to_string())),
        Just(json!("{broken")),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c", "d", "e\"f"]), inner, 0..4)
                .prop_map(|members| json!(members)),
        ]
    })
}

fn item() -> impl Strategy<Value = Value> {
    (0..TYPES.len(), 0..3_u32, 0..12_u32, tree(), tree(), prop::collection::btree_map("[ab]", "[xy]", 0..3)).prop_map(
        |(kind, account, id, configuration, supplementary, tags)| {
            let mut item = json!({
                "accountId": format!("{:012}", 111_111_111_111_u64 + u64::from(account)),
                "awsRegion": if id % 2 == 0 { "us-east-1" } else { "eu-west-1" },
                "resourceType": TYPES[kind],
                "resourceId": format!("id-{id}"),
                "configurationItemStatus": "OK",
                "configurationItemCaptureTime": "2026-11-22T09:30:00Z",
                "configuration": configuration,
                "supplementaryConfiguration": {"part": supplementary},
                "recordingFrequency": if id % 3 == 0 { "DAILY" } else { "CONTINUOUS" },
            });
            if id % 4 > 0 {
                item["tags"] = json!(tags);
                item["resourceName"] = json!(format!("name-{}", id % 5));
            }
            item
        },
    )
}

const PROPERTIES: [&str; 22] = [
    "accountId",
    "awsRegion",
    "resourceType",
    "resourceId",
    "resourceName",
    "recordingFrequency",
    "tags.tag",
    "tags.key",
    "tags.value",
    "tags.a",
    "configuration.a",
    "configuration.b",
    "configuration.a.b",
    "configuration.a.c",
    "configuration.c.d",
    "configuration.c.b",
    "configuration.d.a.b",
    "supplementaryConfiguration.part",
    "supplementaryConfiguration.part.b",
    "supplementaryConfiguration.part.c.d",
    "configuration.\"e\"\"f\"",
    "configuration.missing",
];

fn property() -> impl Strategy<Value = String> {
    prop::sample::select(PROPERTIES.to_vec()).prop_map(str::to_owned)
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(WORDS.to_vec()).prop_map(|word| format!("'{word}'")),
        prop::sample::select(TYPES.to_vec()).prop_map(|name| format!("'{name}'")),
        (0..12_u32).prop_map(|id| format!("'id-{id}'")),
        (-3_i64..9).prop_map(|n| n.to_string()),
        Just("2.5".to_owned()),
        Just("true".to_owned()),
        Just("'b=x'".to_owned()),
        Just("'a:y'".to_owned()),
        Just("'us-east-1'".to_owned()),
        Just("'DAILY'".to_owned()),
    ]
}

fn test() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["=", "!=", "<>", "<", "<=", ">", ">="]);
    prop_oneof![
        4 => (operator, literal()).prop_map(|(operator, literal)| format!("{operator} {literal}")),
        1 => (literal(), literal()).prop_map(|(low, high)| format!("BETWEEN {low} AND {high}")),
        1 => prop::collection::vec(literal(), 1..4).prop_map(|all| format!("IN ({})", all.join(", "))),
        1 => prop::sample::select(vec!["'abc%'", "'abc_'", "'aws::ec2::%'", "'id-_'", "'name-%'", "'abc'"])
            .prop_map(|pattern| format!("LIKE {pattern}")),
        1 => literal().prop_map(|literal| format!("NOT IN ({literal})")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    (property(), test()).prop_map(|(property, test)| format!("{property} {test}")).prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("({one} AND {two})")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("({one} OR {two})")),
            inner.prop_map(|one| format!("NOT ({one})")),
        ]
    })
}

fn aggregate() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("COUNT(*)".to_owned()),
        (prop::sample::select(vec!["COUNT", "SUM", "MIN", "MAX", "AVG"]), property())
            .prop_map(|(function, property)| format!("{function}({property})")),
    ]
}

fn direction() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ASC", " desc"])
}

fn query() -> impl Strategy<Value = String> {
    let filter =
        || prop::option::of(condition()).prop_map(|it| it.map(|it| format!(" WHERE {it}")).unwrap_or_default());
    let plain = (
        prop::collection::vec(
            prop_oneof![4 => property(), 1 => Just("tags".to_owned()), 1 => Just("configuration".to_owned())],
            1..4,
        ),
        filter(),
        prop::collection::vec((property(), direction()), 0..3),
    )
        .prop_map(|(select, filter, order)| {
            let order: Vec<_> = order.iter().map(|(by, direction)| format!("{by}{direction}")).collect();
            let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
            format!("SELECT {}{filter}{order}", select.join(", "))
        });
    let grouped = (
        prop::collection::vec(property(), 0..3),
        prop::collection::vec(aggregate(), 1..3),
        filter(),
        prop::option::of(direction()),
    )
        .prop_map(|(group, aggregates, filter, order)| {
            let select = group.iter().chain(&aggregates).cloned().collect::<Vec<_>>().join(", ");
            let by = if group.is_empty() { String::new() } else { format!(" GROUP BY {}", group.join(", ")) };
            let order = order.map(|direction| format!(" ORDER BY {}{direction}", aggregates[0])).unwrap_or_default();
            format!("SELECT {select}{filter}{by}{order}")
        });
    prop_oneof![plain, grouped]
}

/// Sums of reals differ in their last digits by the order of adding.
fn rounded(rows: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let round = |value: &Value| match value.as_f64().filter(|_| value.is_f64()) {
        Some(real) => json!((real * 1e6).round() / 1e6),
        None => value.clone(),
    };
    rows.iter().map(|row| row.iter().map(round).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_executor_is_the_naive_evaluator(
        text in query(),
        items in prop::collection::vec(item(), 0..24),
        workers in 1..4_usize,
        limit in prop::option::of(0..6_usize),
    ) {
        let query = parse(&text).unwrap_or_else(|problem| panic!("{}\n{}", problem.message.id, problem.caret(&text)));
        let expected = naive(&query, &items);
        let answer = answer(&query, &items, workers, Limits { rows: limit, ..Limits::default() }).unwrap();
        let most = limit.unwrap_or(usize::MAX);
        prop_assert_eq!(answer.more, expected.len() > most, "{}", text);
        let expected: Vec<_> = expected.into_iter().take(most).collect();
        prop_assert_eq!(rounded(&answer.rows), rounded(&expected), "{}", text);
    }

    #[test]
    fn any_text_is_a_query_or_an_error_with_a_place(text in "\\PC{0,80}") {
        if let Err(problem) = parse(&text) {
            prop_assert!(problem.at.start <= problem.at.end && problem.at.end <= text.len());
            prop_assert!(!problem.caret(&text).is_empty());
        }
    }

    #[test]
    fn words_of_the_language_in_any_order_are_a_query_or_an_error(words in prop::collection::vec(
        prop::sample::select(vec!["SELECT", "WHERE", "a", "a.b", "=", "'x'", "(", ")", "AND", "NOT", "IN", ",", "*",
            "COUNT(", "GROUP BY", "ORDER", "BY", "DESC", "BETWEEN", "LIKE", "'abc%'", "1", ";", "\"q\"", "--", "LIMIT"]), 0..16)
    ) {
        let text = words.join(" ");
        if let Err(problem) = parse(&text) {
            prop_assert!(problem.at.start <= problem.at.end && problem.at.end <= text.len());
        }
    }
}
