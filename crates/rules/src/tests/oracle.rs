//! The `cel` crate as the judge of what CEL means: where nothing is null, both must agree.

use std::collections::HashMap;

use cel::{Context, Program, Value as Cel};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use super::eval;
use crate::syntax::parse;
use crate::world::World;

fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(bool) => Cel::Bool(*bool),
        Value::Number(number) => number.as_i64().map_or_else(|| Cel::Float(number.as_f64().unwrap()), Cel::Int),
        Value::String(text) => text.as_str().into(),
        Value::Array(elements) => elements.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), to_cel(value))).collect::<HashMap<_, _>>().into()
        }
    }
}

fn of_cel(value: Cel) -> Value {
    match value {
        Cel::Bool(bool) => json!(bool),
        Cel::Int(int) => json!(int),
        Cel::Float(float) => Number::from_f64(float).map_or(Value::Null, Value::Number),
        Cel::String(text) => json!(text.to_string()),
        Cel::List(elements) => elements.iter().cloned().map(of_cel).collect(),
        Cel::Map(map) => {
            map.map.iter().map(|(key, value)| (key.to_string(), of_cel(value.clone()))).collect::<Map<_, _>>().into()
        }
        _ => Value::Null,
    }
}

/// A value, or nothing when the expression fails.
fn by_cel(text: &str, configuration: &Value) -> Option<Value> {
    let mut context = Context::default();
    context.add_variable_from_value("configuration", to_cel(configuration));
    Program::compile(text).unwrap().execute(&context).ok().map(of_cel)
}

fn configuration() -> impl Strategy<Value = Value> {
    let text = "[a-c]{0,3}";
    (any::<i8>(), any::<i64>(), text, text, any::<bool>(), prop::collection::vec(-3i64..4, 0..4), -8i32..8).prop_map(
        |(i, j, s, t, b, l, d)| {
            let d = f64::from(d) / 4.0;
            json!({"i": i, "j": j, "s": s, "t": t, "b": b, "d": d, "l": l, "o": {"x": i, "y": t}, "m": [s, t],
                "r": [{"n": 1, "v": s}, {"n": 2, "v": t}]})
        },
    )
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Bool,
    Int,
    Double,
    Text,
    Ints,
    Texts,
}

/// A well-typed expression. `depth` bounds it; `v` and `w` name the variables of loops around it.
fn expression(kind: Kind, depth: u32) -> BoxedStrategy<String> {
    use Kind::{Bool, Double, Int, Ints, Text, Texts};
    let leaf = match kind {
        Bool => prop::sample::select(vec!["true", "false", "configuration.b", "has(configuration.i)"]),
        Int => prop::sample::select(vec![
            "0",
            "1",
            "-7",
            "configuration.i",
            "configuration.j",
            "configuration.o.x",
            "configuration.l.size()",
        ]),
        Double => prop::sample::select(vec!["0.5", "-1.25", "configuration.d"]),
        Text => prop::sample::select(vec![
            "''",
            "'a'",
            "\"ab\"",
            "configuration.s",
            "configuration.o.y",
            "configuration['t']",
        ]),
        Ints => prop::sample::select(vec!["[]", "[1, 2]", "configuration.l"]),
        Texts => prop::sample::select(vec!["['a', 'b']", "configuration.m", "configuration.r.map(e, e.v)"]),
    };
    let leaf = leaf.prop_map(str::to_owned).boxed();
    if depth == 0 {
        return leaf;
    }
    let of = |kind| expression(kind, depth - 1);
    let two = |kind, signs: &'static [&'static str]| {
        (of(kind), prop::sample::select(signs), of(kind)).prop_map(|(a, sign, b)| format!("({a} {sign} {b})")).boxed()
    };
    let same = (of(Bool), of(kind), of(kind)).prop_map(|(c, a, b)| format!("({c} ? {a} : {b})")).boxed();
    let own = match kind {
        Bool => prop_oneof![
            two(Bool, &["&&", "||", "==", "!="]),
            two(Int, &["<", "<=", ">", ">=", "==", "!="]),
            two(Double, &["<", ">", "=="]),
            two(Text, &["<", "<=", "==", "!="]),
            two(Ints, &["==", "!="]),
            of(Bool).prop_map(|a| format!("!{a}")),
            (of(Int), of(Ints)).prop_map(|(a, b)| format!("({a} in {b})")),
            (of(Text), of(Texts)).prop_map(|(a, b)| format!("({a} in {b})")),
            (of(Text), prop::sample::select(vec!["contains", "startsWith", "endsWith"]), of(Text))
                .prop_map(|(a, f, b)| format!("{a}.{f}({b})")),
            (of(Text), prop::sample::select(vec!["^a", "b+", "[a-b]c?$"]))
                .prop_map(|(a, b)| format!("{a}.matches('{b}')")),
            (of(Ints), prop::sample::select(vec!["all", "exists", "exists_one"]), of(Int), of(Bool))
                .prop_map(|(a, f, b, c)| format!("{a}.{f}(v, v > {b} || {c})")),
            (of(Ints), prop::sample::select(vec!["all", "exists"]), of(Int))
                .prop_map(|(a, f, b)| format!("{a}.{f}(v, {b} / v > 0)")),
        ]
        .boxed(),
        Int => prop_oneof![
            two(Int, &["+", "-", "*", "/", "%"]),
            of(Ints).prop_map(|a| format!("size({a})")),
            of(Text).prop_map(|a| format!("size({a})")),
            of(Int).prop_map(|a| format!("-({a})")),
            of(Int).prop_map(|a| format!("int(string({a}))")),
        ]
        .boxed(),
        Double => two(Double, &["+", "-", "*"]),
        Text => prop_oneof![two(Text, &["+"]), of(Int).prop_map(|a| format!("string({a})"))].boxed(),
        Ints => prop_oneof![
            two(Ints, &["+"]),
            (of(Ints), of(Int)).prop_map(|(a, b)| format!("{a}.filter(w, w < {b})")),
            (of(Ints), of(Int)).prop_map(|(a, b)| format!("{a}.map(w, w + {b})")),
            (of(Ints), of(Int)).prop_map(|(a, b)| format!("{a}.map(w, w != 0, {b} % w)")),
            (of(Int), of(Int)).prop_map(|(a, b)| format!("[{a}, {b}]")),
        ]
        .boxed(),
        Texts => prop_oneof![two(Texts, &["+"]), of(Texts).prop_map(|a| format!("{a}.map(w, w + 'x')"))].boxed(),
    };
    prop_oneof![1 => leaf, 1 => same, 4 => own].boxed()
}

fn any_expression() -> impl Strategy<Value = String> {
    let kinds = prop::sample::select(vec![Kind::Bool, Kind::Int, Kind::Double, Kind::Text, Kind::Ints, Kind::Texts]);
    kinds.prop_flat_map(|kind| expression(kind, 3))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 65_536, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_cel_crate(text in any_expression(), configuration in configuration()) {
        let ours = eval(&text, &json!({"configuration": configuration}), &World::default()).ok();
        prop_assert_eq!(ours, by_cel(&text, &configuration), "{}", text);
    }

    /// Both read the same texts, apart from what this language leaves out.
    #[test]
    fn reads_what_the_cel_crate_reads(words in prop::collection::vec(prop::sample::select(vec![
        "a", "b", "1", "2.5", "'t'", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "<", "==", "&&", "||",
        " in ", "null", "true", ".all(x, x)", ".size()", "f(",
    ]), 0..12)) {
        let text = words.concat();
        // Left out of this language: structs (`a{`), names from the root (`.a`) and bytes (`b't'`). `.5` is read like `0.5`,
        // which makes two words of `a.1`.
        prop_assume!(!text.contains(".2") && !text.contains(".1") && !text.contains("b'"));
        let ends_a_value = |word: &str| ["a", "b", "1", "2.5", "'t'", ")", "]", "}", "null", "true", ".all(x, x)", ".size()"].contains(&word);
        let pairs = || words.iter().zip(words.iter().skip(1));
        prop_assume!(words.first().is_none_or(|word| !word.starts_with('.')));
        prop_assume!(pairs().all(|(word, next)| ends_a_value(word) || !next.starts_with('.')));
        prop_assume!(pairs().all(|(word, next)| !ends_a_value(word) || *next != "{"));
        let theirs = cel::parser::Parser::new().parse(&text).is_ok();
        prop_assert_eq!(parse(&text).is_ok(), theirs, "{}", text);
    }
}
