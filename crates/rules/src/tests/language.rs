//! Tables: an expression and what it gives.

use std::sync::Arc;

use haechi_model::{Coverage, CoverageState};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{eval, item_of};
use crate::syntax::{MAX_DEPTH, parse};
use crate::world::World;

fn item() -> Value {
    json!({
        "resourceName": "data", "tags": {"env": "prod", "a.b": "c"},
        "configuration": {
            "size": 8, "ratio": 0.5, "whole": 8.0, "on": true, "off": false, "nothing": null, "name": "vol", "empty": [],
            "created": "2025-10-03T00:00:00Z", "expires": "2026-01-11T00:00:00Z",
            "attachments": [{"instanceId": "i-1", "device": "a", "ports": [1, 2]}, {"instanceId": "i-2", "ports": [3]}, {}],
            "map": {"x": 1, "y": null}
        },
        "supplementaryConfiguration": {"Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}",
            "Encoded": "%7B%22Statement%22%3A%5B%5D%7D", "NoPolicy": {"policyText": null}, "Broken": "{"},
        "notCollected": {"configuration.secret": "AccessDenied", "configuration.attachments.owner": "AccessDenied",
            "supplementaryConfiguration.Deep.part": "Timeout"}
    })
}

#[track_caller]
fn check(rows: &[(&str, Value)]) {
    let world = World::default();
    for (text, expected) in rows {
        assert_eq!(eval(text, &item(), &world), Ok(expected.clone()), "{text}");
    }
}

/// Rows of expressions that are not known (`?what`) or fail (`!why`).
#[track_caller]
fn fails(rows: &[(&str, &str)]) {
    let world = World::default();
    for (text, expected) in rows {
        let got = eval(text, &item(), &world);
        assert!(got.as_ref().is_err_and(|why| why.starts_with(expected)), "{text}: {got:?}");
    }
}

#[test]
fn absent_is_null() {
    check(&[
        ("configuration.nope == null", json!(true)),
        ("configuration.nope.deeper == null", json!(true)),
        ("configuration.nothing == null", json!(true)),
        ("configuration.nope == false", json!(false)),
        ("configuration.nope < 3", json!(false)),
        ("configuration.nope >= 3", json!(false)),
        ("!configuration.nope", json!(true)),
        ("configuration.nope && true", json!(false)),
        ("configuration.nope ? 1 : 2", json!(2)),
        ("'a' in configuration.nope", json!(false)),
        ("configuration.nope in ['a', null]", json!(false)),
        ("configuration.nope.contains('a')", json!(false)),
        ("configuration.nope.startsWith('a') || configuration.nope.matches('.*')", json!(false)),
        ("size(configuration.nope)", json!(0)),
        ("configuration.nope.all(x, x == 1)", json!(true)),
        ("configuration.nope.exists(x, x == 1)", json!(false)),
        ("configuration.nope.filter(x, true)", json!([])),
        ("configuration.nope + configuration.empty", json!([])),
        ("configuration.nope + 1", json!(null)),
        ("has(configuration.size) && !has(configuration.nope) && !has(configuration.nothing)", json!(true)),
        ("params.unset == null", json!(true)),
        ("olderThan(configuration.nope, 1) || within(configuration.nope, 1)", json!(false)),
        ("timestamp(configuration.nope)", json!(null)),
        ("first(configuration.empty)", json!(null)),
        ("configuration.empty[0]", json!(null)),
        ("configuration.map['z']", json!(null)),
        ("policy(configuration.nope)", json!(null)),
        ("policy(supplementaryConfiguration.NoPolicy).publicStatements()", json!([])),
    ]);
}

#[test]
fn not_collected_is_unknown() {
    fails(&[
        ("configuration.secret == null", "?configuration.secret"),
        ("configuration.secret.deeper", "?configuration.secret.deeper"),
        ("has(configuration.secret)", "?configuration.secret"),
        ("!configuration.secret", "?configuration.secret"),
        ("true && configuration.secret", "?configuration.secret"),
        ("false || configuration.secret == 1", "?configuration.secret"),
        ("configuration.secret ? 1 : 2", "?configuration.secret"),
        ("size(configuration.secret)", "?configuration.secret"),
        ("configuration.secret.all(x, true)", "?configuration.secret"),
        ("[1, 2].all(x, x > 0 && configuration.secret == x)", "?configuration.secret"),
        ("[1, 2].exists_one(x, configuration.secret == x)", "?configuration.secret"),
        ("[1, 2].filter(x, configuration.secret == x)", "?configuration.secret"),
        ("[1].map(x, configuration.secret)", "?configuration.secret"),
        ("[configuration.secret]", "?configuration.secret"),
        ("configuration.attachments.owner", "?configuration.attachments.owner"),
        ("configuration.attachments.exists(a, a.owner == 'x')", "?configuration.attachments.owner"),
        ("supplementaryConfiguration.Deep", "?supplementaryConfiguration.Deep"),
    ]);
    check(&[
        ("false && configuration.secret", json!(false)),
        ("configuration.secret && false", json!(false)),
        ("true || configuration.secret", json!(true)),
        ("configuration.secret == 1 || true", json!(true)),
        ("[1, 2].all(x, x > 1 && configuration.secret == x)", json!(false)),
        ("[1, 2].exists(x, configuration.secret == x || x == 2)", json!(true)),
        ("[1, 2].exists_one(x, x > 0 || configuration.secret)", json!(false)),
        ("configuration.attachments.instanceId", json!(["i-1", "i-2"])),
        ("configuration.secretive == null", json!(true)),
    ]);
}

#[test]
fn lists_are_transparent() {
    check(&[
        ("configuration.attachments.instanceId", json!(["i-1", "i-2"])),
        ("configuration.attachments.device", json!(["a"])),
        ("configuration.attachments.ports", json!([1, 2, 3])),
        ("configuration.attachments.map(a, a.ports)", json!([[1, 2], [3], null])),
        ("configuration.attachments.map(a, size(a.ports) > 0, a.instanceId)", json!(["i-1", "i-2"])),
        ("flatten(configuration.attachments.map(a, a.ports).filter(p, p != null))", json!([1, 2, 3])),
        ("configuration.attachments.filter(a, has(a.ports)).instanceId", json!(["i-1", "i-2"])),
        ("configuration.attachments[1].instanceId", json!("i-2")),
        ("configuration.attachments.exists_one(a, 3 in a.ports)", json!(true)),
        ("distinct([1, 1.0, '1', 1])", json!([1, "1"])),
        ("first(configuration.attachments).instanceId", json!("i-1")),
        ("has(configuration.attachments.device) && !has(configuration.attachments.none)", json!(true)),
    ]);
}

#[test]
fn values_and_operators() {
    check(&[
        ("configuration.size == 8.0 && configuration.whole == 8", json!(true)),
        ("configuration.size == '8'", json!(false)),
        ("configuration.size != '8'", json!(true)),
        ("configuration.name < 'w' && 'a' < 'b' && !(1 < 'b')", json!(true)),
        ("[1, 'a'] == [1.0, 'a'] && {'a': 1} == {'a': 1.0} && {'a': 1} != {'b': 1}", json!(true)),
        ("configuration.map == {'x': 1, 'y': null}", json!(true)),
        ("'x' in configuration.map && !('z' in configuration.map)", json!(true)),
        ("configuration.map.all(k, k in ['x', 'y'])", json!(true)),
        ("tags['a.b'] + tags.env", json!("cprod")),
        ("1 + 2 * 3 - 4 / 2 % 2", json!(7)),
        ("-configuration.size + 0.5", json!(-7.5)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("0x10 + 1e2", json!(116.0)),
        ("\"a\\u00e9\\n\" + r'\\d' + '''x'y'''", json!("aé\n\\dx'y")),
        ("[1, 2,] + [3]", json!([1, 2, 3])),
        ("{'a': [1], 2: 'b'}", json!({"a": [1], "2": "b"})),
        ("true ? (false ? 1 : 2) : false ? 3 : 4", json!(2)),
        ("type(1) == int && type('') == string && type([]) == list && type(null) == null_type", json!(true)),
        ("resourceId + '/' + resourceName + '/' + configurationItemStatus", json!("vol-1/data/OK")),
        ("params.days + size(params.names)", json!(92)),
        ("[[1, 2], [3]].map(x, x.map(y, y * 2))", json!([[2, 4], [6]])),
        ("[1, 2].map(x, [3].map(y, x + y)[0])", json!([4, 5])),
        ("1 in [1.0] // a comment\n && true", json!(true)),
    ]);
    fails(&[
        ("1 / 0", "!1 / 0"),
        ("9223372036854775807 + 1", "!9223372036854775807 + 1"),
        ("-(-9223372036854775808)", "!a number does not fit"),
        ("'a' + 1", "!`+` does not work between values of types string and int"),
        ("configuration.name && true", "!a condition is true or false, not a value of type string"),
        ("configuration.name.all(x, true)", "!a value of type string is not a list"),
        ("configuration.size.startsWith('x')", "!`startsWith` needs a text"),
        ("'a'.matches('(' + configuration.name)", "!not a regular expression"),
        ("policy(supplementaryConfiguration.Broken)", "!policy: "),
        ("{'a': 1, 'a': 2}", "!a map has the same key twice"),
    ]);
    // An error is swallowed like anything else that is not known.
    check(&[("1 / 0 == 1 || true", json!(true)), ("false && 'a' > 1 / 0", json!(false))]);
}

#[test]
fn functions() {
    check(&[
        ("olderThan(configuration.created, 90)", json!(false)),
        ("olderThan(configuration.created, 89.9)", json!(true)),
        ("within(configuration.expires, 10) && !within(configuration.expires, 9)", json!(true)),
        ("now > timestamp(configuration.created)", json!(true)),
        ("timestamp(1767225600) == now && timestamp(1767225600000) == now", json!(true)),
        ("timestamp('2026-01-01T09:00:00+09:00') == now && timestamp('N/A') == null", json!(true)),
        ("['0.0.0.0/0', '::/0', '0:0:0:0::/0', '10.0.0.0/0'].all(c, cidrIsWorld(c))", json!(true)),
        ("['0.0.0.0', '10.0.0.0/8', '', 'x/0', '0.0.0.0/1'].exists(c, cidrIsWorld(c))", json!(false)),
        ("cidrContains('10.0.0.0/8', '10.1.0.0/16') && cidrContains('10.0.0.0/8', '10.1.2.3')", json!(true)),
        ("cidrContains('10.1.0.0/16', '10.0.0.0/8') || cidrContains('10.0.0.0/8', '::1')", json!(false)),
        ("ipIsPublic('8.8.8.8') && ipIsPublic('0.0.0.0/0') && ipIsPublic('2600::1')", json!(true)),
        ("['10.1.2.3', '100.64.1.1', '169.254.169.254', 'fd00::1', 'x'].exists(i, ipIsPublic(i))", json!(false)),
        ("portInRange(22, 20, 25) && portInRange(22, null, null) && portInRange(22, -1, -1)", json!(true)),
        ("portInRange('22', '22', '22') && !portInRange(22, 23, null) && !portInRange(null, 0, 1)", json!(true)),
        ("lowerAscii('AÉ') + 'b'.upperAscii() + trim(' x ')", json!("aÉBx")),
        ("split('a,b', ',') + 'xy'.split('')", json!(["a", "b", "x", "y"])),
        ("join(['a', 1, true], '-') + replace('aXbX', 'X', '_')", json!("a-1-truea_b_")),
        (
            "glob('arn:aws:s3:::b/k', 'arn:*:s3:::?/*') && !glob('abc', 'a?') && glob('aab', '*ab') && glob('', '*')",
            json!(true),
        ),
        ("arnAccount('arn:aws:iam::123456789012:role/path/r')", json!("123456789012")),
        ("arnName('arn:aws:iam::123456789012:role/path/r') + arnService('arn:aws:iam::1:x')", json!("riam")),
        ("arnRegion('arn:aws:s3:::b') == null && arnAccount('x') == null && arnName(null) == null", json!(true)),
        ("parseJson('{\"a\": [1, 2]}').a[1]", json!(2)),
        ("parseJson('nonsense') == null && parseJson(null) == null", json!(true)),
        ("int('12') + int(3.9) + int(true ? '1' : '')", json!(16)),
        ("int('x') == null && double('1.5') == 1.5 && string(1.5) == '1.5'", json!(true)),
        ("keys(configuration.map)", json!(["x", "y"])),
        ("[1, 2].contains(2) && 'abc'.contains('b')", json!(true)),
        ("'abc'.matches('^a.c$') && !'abc'.matches('^b')", json!(true)),
        ("policy(supplementaryConfiguration.Policy).publicStatements('s3:GetObject').index", json!([0])),
        ("policy(supplementaryConfiguration.Policy).fullAccessStatements()[0].statement.Effect", json!("Allow")),
        ("policy(supplementaryConfiguration.Policy).allowing(['s3:Get*', 'x:Y']).size()", json!(1)),
        ("policy(supplementaryConfiguration.Encoded).adminStatements()", json!([])),
        ("policy(supplementaryConfiguration.Policy).requiresSecureTransport('arn:aws:s3:::b')", json!(false)),
        (
            "acl('{\"grantList\":[{\"grantee\":\"AllUsers\",\"permission\":\"Read\"}]}').publicGrants('READ').permission",
            json!(["READ"]),
        ),
        ("size('né')", json!(2)),
    ]);
}

#[test]
fn neighbours_are_complete_or_unknown() {
    let coverage = |region: &str, complete: bool| Coverage {
        account_id: "123456789012".parse().unwrap(),
        region: region.parse().unwrap(),
        resource_type: "AWS::EC2::VPC".parse().unwrap(),
        state: if complete { CoverageState::Complete } else { CoverageState::Skipped { reason: "off".into() } },
        resources: 0,
    };
    let vpc = |id: &str, region: &str, members: Value| {
        let mut members = members;
        members["awsRegion"] = json!(region);
        Arc::new(item_of("AWS::EC2::VPC", id, &members))
    };
    let mut builder = World::builder();
    builder
        .add(vpc(
            "vpc-2",
            "us-east-1",
            json!({"configuration": {"flows": ["f-1", "f-2"], "default": true, "port": 8.0}}),
        ))
        .add(vpc("vpc-1", "us-east-1", json!({"configuration": {"flows": ["f-1"]}})))
        .add(vpc("vpc-3", "eu-west-1", json!({"configuration": {"flows": ["f-9"]}})))
        .add(vpc("vpc-9", "us-east-1", json!({"configurationItemStatus": "ResourceDeleted"})))
        .coverage(&coverage("us-east-1", true));
    let world = builder.build();
    for (text, expected) in [
        ("items('AWS::EC2::VPC').resourceId", json!(["vpc-1", "vpc-2"])),
        ("lookup('AWS::EC2::VPC', 'configuration.flows', 'f-1').resourceId", json!(["vpc-1", "vpc-2"])),
        ("lookup('AWS::EC2::VPC', 'configuration.flows', ['f-2', 'f-3']).resourceId", json!(["vpc-2"])),
        ("lookup('AWS::EC2::VPC', 'configuration.default', true).resourceId", json!(["vpc-2"])),
        ("lookup('AWS::EC2::VPC', 'configuration.default', 'true')", json!([])),
        ("lookup('AWS::EC2::VPC', 'configuration.port', 8).resourceId", json!(["vpc-2"])),
        ("lookup('AWS::EC2::VPC', 'resourceId', configuration.nope)", json!([])),
        ("first(items('AWS::EC2::VPC')).configuration.flows", json!(["f-1"])),
        ("first(items('AWS::EC2::VPC'))", json!({"resourceType": "AWS::EC2::VPC", "resourceId": "vpc-1"})),
    ] {
        assert_eq!(eval(text, &json!({}), &world), Ok(expected), "{text}");
    }
    let all = "accountItems('AWS::EC2::VPC').resourceId";
    assert_eq!(eval(all, &json!({}), &world), Err("?AWS::EC2::VPC in eu-west-1".into()));
    let mut builder = World::builder();
    builder.coverage(&coverage("eu-west-1", true));
    assert_eq!(eval(all, &json!({}), &builder.build()), Ok(json!([])));
    let mut builder = World::builder();
    builder.coverage(&coverage("us-east-1", false));
    assert_eq!(eval("items('AWS::EC2::VPC')", &json!({}), &builder.build()), Err("?AWS::EC2::VPC in us-east-1".into()));
    let nothing = World::default();
    assert_eq!(eval("size(items('AWS::EC2::VPC')) == 0 || true", &json!({}), &nothing), Ok(json!(true)));
}

#[test]
fn no_rule_runs_forever() {
    let world = World::default();
    let digits: Vec<_> = (0..1000).collect();
    let item = json!({"configuration": {"many": digits}});
    let squared = "configuration.many.all(a, configuration.many.all(b, configuration.many.all(c, true)))";
    assert!(eval(squared, &item, &world).is_err_and(|why| why.contains("steps")));
    let swallowed = format!("{squared} || configuration.many.exists(a, {squared})");
    assert!(eval(&swallowed, &item, &world).is_err_and(|why| why.contains("steps")));
    let searched =
        "configuration.many.all(a, configuration.many.all(b, b in configuration.many && glob('aaaa', '*a')))";
    assert!(eval(searched, &item, &world).is_err_and(|why| why.contains("steps")));
    let wide = format!("{}configuration.many", "configuration.many + ".repeat(80));
    assert!(eval(&format!("size(({wide}).map(x, {wide}))"), &item, &world).is_err_and(|why| why.contains("steps")));
}

#[test]
fn deep_text_is_refused_not_run() {
    for text in [
        "(".repeat(5000),
        format!("{}1{}", "(".repeat(2000), ")".repeat(2000)),
        format!("{}1{}", "[".repeat(2000), "]".repeat(2000)),
        "!".repeat(5000) + "true",
        format!("1{}", "+1".repeat(5000)),
        format!("a{}", ".b".repeat(5000)),
        format!("{}1", "a ? b : ".repeat(1500)),
        "{1:".repeat(1500),
        "x.map(y,".repeat(1500),
    ] {
        let problem = parse(&text).unwrap_err();
        assert!(problem.message.contains("nested") || problem.message.contains("more than"), "{problem:?}");
    }
    assert!(parse(&"a".repeat(20_000)).is_err());
    assert!(parse(&format!("{}1{}", "(".repeat(MAX_DEPTH - 2), ")".repeat(MAX_DEPTH - 2))).is_ok());
    // A chain of conditions is one step, however long.
    assert!(parse(&format!("a{}", " && a".repeat(1000))).is_ok());
}

/// Signs and words that expressions are made of, in any order.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "configuration",
        "params",
        "size",
        "all",
        "exists",
        "has",
        "items",
        "lookup",
        "policy",
        "'t'",
        "\"",
        "'",
        "r'",
        "1",
        "1.5",
        "0x",
        "9223372036854775808",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        ":",
        "?",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "<",
        "<=",
        "==",
        "=",
        "&&",
        "||",
        "in",
        "null",
        "true",
        "//",
        "\\",
        "\n",
        " ",
        "é",
        "\u{0}",
        "`",
        "x.all(y, y)",
        "matches('(')",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in prop_oneof![soup(), any::<String>()]) {
        let _ = eval(&text, &item(), &World::default());
        if let Err(problem) = parse(&text) {
            prop_assert!(text.get(problem.at.start..problem.at.end).is_some(), "{:?}", problem);
            let error = crate::RuleError::in_expression("R", "check", &text, problem);
            prop_assert!(error.position().is_some() && error.render().contains("R: check"));
        }
    }
}
