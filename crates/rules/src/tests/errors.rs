//! What an author is told: the place, the fault, the remedy.

use haechi_content::{TypeCatalogue, TypeInfo};
use serde_json::{Value, json};

use super::{map, rule_file};
use crate::parameters::effective_parameters;
use crate::rule::CompiledRule;

fn catalogue() -> TypeCatalogue {
    let mut types = TypeCatalogue::default();
    let mut volume = TypeInfo::default();
    volume.add("configuration.encrypted", Some("boolean"), false);
    volume.add("configuration.attachments.instanceId", Some("string"), false);
    volume.add("configuration.labels", Some("map"), false);
    let mut vpc = TypeInfo::default();
    vpc.add("configuration.vpcId", Some("string"), false);
    let user = TypeInfo { global: true, ..TypeInfo::default() };
    for (name, info) in [("AWS::EC2::Volume", volume), ("AWS::EC2::VPC", vpc), ("AWS::IAM::User", user)] {
        types.types.insert(name.parse().unwrap(), info);
    }
    types
}

#[track_caller]
fn told(members: Value) -> String {
    let errors = CompiledRule::compile(&rule_file(members), &catalogue()).unwrap_err();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn paths_are_checked() {
    let checks = |text: &str| CompiledRule::compile(&rule_file(json!({"check": text})), &catalogue()).is_ok();
    for text in [
        "configuration.encrypted == true",
        "configuration.attachments.all(a, a.instanceId != '')",
        "configuration.labels.anything.at.all == 1",
        "tags.env == 'x' && relationships.exists(r, r.resourceId == 'x')",
        "first(configuration.attachments).instanceId == ''",
        "configuration.attachments.filter(a, true).map(b, b.instanceId).exists(i, i == '')",
    ] {
        assert!(checks(text), "{text}");
    }
    for (text, expected) in [
        (
            "configuration.encripted == true",
            "TEST_RULE: check:1:15: `configuration` of AWS::EC2::Volume has no member `encripted` (did you mean `encrypted`?)",
        ),
        (
            "true\n  && configuration.attachments.all(a, a.instanceID == '')",
            "TEST_RULE: check:2:41: `configuration.attachments` of AWS::EC2::Volume has no member `instanceID` (did you mean `instanceId`?)",
        ),
        (
            "configuration.encrypted.x == 1",
            "TEST_RULE: check:1:25: `configuration.encrypted` of AWS::EC2::Volume has no member `x`",
        ),
        (
            "configurations.x == 1",
            "TEST_RULE: check:1:1: unknown name `configurations` (did you mean `configuration`?)",
        ),
        ("resourceId.x == 1", "TEST_RULE: check:1:12: `resourceId` of AWS::EC2::Volume has no member `x`"),
        ("params.days == 1", "TEST_RULE: check:1:8: the rule has no parameter `days` (declare it under `parameters`)"),
        ("sizes(tags) == 1", "TEST_RULE: check:1:1: unknown function `sizes` (did you mean `size`?)"),
        ("size(tags, 1) == 1", "TEST_RULE: check:1:1: `size` takes 1 arguments, not 2"),
        ("tags.env.matches('(')", "TEST_RULE: check:1:18: not a regular expression: error: unclosed group"),
        (
            "tags.env = 'x'",
            "TEST_RULE: check:1:10: expected an operator or the end, found `=` (equality is written `==`)",
        ),
        ("'open", "TEST_RULE: check:1:1: the text that begins here is not closed with '"),
        ("1 && true", "TEST_RULE: check:1:1: a condition must be true or false"),
        (
            "items('AWS::EC2::VPC') == []",
            "TEST_RULE: check:1:7: `AWS::EC2::VPC` is neither in `reads` nor in `resources` (add it to `reads`)",
        ),
        ("policy(tags.x).sid == ''", "TEST_RULE: check:1:16: a policy has no member `sid`"),
        ("rust:nothing", "TEST_RULE: check: there is no check `nothing` in Rust"),
        ("", "TEST_RULE: check:1:1: expected a value, found the end"),
    ] {
        assert_eq!(told(json!({"check": text})), expected);
    }
}

#[test]
fn a_fault_is_shown_in_its_line() {
    let file = rule_file(json!({"check": "true &&\n  configuration.encripted"}));
    let error = CompiledRule::compile(&file, &catalogue()).unwrap_err().remove(0);
    let shown = error.render();
    assert!(shown.contains("2 |   configuration.encripted\n  |                 ^^^^^^^^^"), "{shown}");
    assert!(shown.contains("help: did you mean `encrypted`?"), "{shown}");
}

#[test]
fn bindings_are_read_downwards() {
    let with = |bindings: Value| told(json!({"let": bindings, "check": "a"}));
    assert!(with(json!({"a": "b", "b": "a"})).contains("let.a:1:1: `b` is not defined yet"));
    assert!(with(json!({"a": "a"})).contains("let.a:1:1: `a` is not defined yet"));
    let many: serde_json::Map<_, _> = (0..65).map(|n| (format!("b{n}"), json!("1"))).collect();
    assert!(told(json!({"let": many})).contains("at most 64 names"));
    // Each binding doubles its height: the sum is bounded too.
    let tower: serde_json::Map<_, _> = (0..8)
        .map(|n| {
            (
                format!("b{n}"),
                json!(format!("{}{}", if n == 0 { "1".into() } else { format!("b{}", n - 1) }, " + 1".repeat(60))),
            )
        })
        .collect();
    assert!(told(json!({"let": tower})).contains("builds on too many others"));
}

#[test]
fn neighbours_are_of_known_types_and_places() {
    assert!(told(json!({"reads": ["AWS::EC2::VCP"]})).contains("reads.0: unknown resource type `AWS::EC2::VCP`"));
    assert!(
        told(json!({"reads": ["AWS::EC2::VPC"], "check": "items('AWS::EC2::VPC').exists(v, v.configuration.vpcID == '')"}))
            .contains("did you mean `vpcId`?")
    );
    assert!(
        told(json!({"reads": ["AWS::EC2::VPC"], "check": "lookup('AWS::EC2::VPC', 'configuration.vpcID', '') == []"}))
            .contains("did you mean `vpcId`?")
    );
    assert!(
        told(json!({"resources": ["AWS::IAM::User"], "reads": ["AWS::EC2::VPC"], "check": "items('AWS::EC2::VPC') == []"}))
            .contains("use `accountItems`")
    );
}

#[test]
fn parameters_are_typed_and_limited() {
    let meaning = json!({"en": "m"});
    let file = rule_file(json!({"parameters": {
        "days": {"type": "int", "default": 90, "min": 1, "max": 365, "required": true, "meaning": meaning},
        "on": {"type": "boolean", "meaning": meaning},
        "ports": {"type": "csv", "meaning": meaning},
        "ratio": {"type": "double", "meaning": meaning},
        "mode": {"type": "string", "values": ["A", "B"], "meaning": meaning},
    }}));
    let given = map([
        ("days", json!("30")),
        ("on", json!("True")),
        ("ports", json!(" 22, ,3389 ")),
        ("ratio", json!("")),
        ("mode", json!("A")),
    ]);
    let effective = effective_parameters(&file, &given).unwrap();
    assert_eq!(json!(effective), json!({"days": 30, "mode": "A", "on": true, "ports": ["22", "3389"]}));
    assert_eq!(json!(effective_parameters(&file, &map([("days", json!(""))])).unwrap()), json!({"days": 90}));
    for (given, expected) in [
        (map([("dayz", json!(1))]), "TEST_RULE has no parameter `dayz`; did you mean `days`?"),
        (map([("days", json!("x"))]), "TEST_RULE: the parameter `days` must be a whole number, not \"x\""),
        (map([("days", json!(0))]), "TEST_RULE: the parameter `days` is 0, less than 1"),
        (map([("days", json!("366"))]), "TEST_RULE: the parameter `days` is 366, more than 365"),
        (map([("on", json!("yes"))]), "TEST_RULE: the parameter `on` must be true or false, not \"yes\""),
        (map([("mode", json!("C"))]), "TEST_RULE: the parameter `mode` is \"C\", none of A, B"),
    ] {
        assert_eq!(effective_parameters(&file, &given).unwrap_err().to_string(), expected);
    }
    let required = rule_file(json!({"parameters": {"days": {"type": "int", "required": true, "meaning": meaning}}}));
    assert_eq!(
        effective_parameters(&required, &map([])).unwrap_err().to_string(),
        "TEST_RULE needs the parameter `days`"
    );
    assert!(
        told(json!({"parameters": {"days": {"type": "int", "default": "x", "meaning": meaning}}}))
            .contains("must be a whole number")
    );
}
