//! Whole rules: verdicts, scopes, reads, and judging again only what no longer holds.

use std::sync::Arc;

use haechi_content::TypeCatalogue;
use haechi_model::{Compliance, ConfigurationItem, Coverage, CoverageState, Evaluation, Read, RuleInstance, Scope};
use serde_json::{Value, json};

use super::{item_of, map, now, rule_file};
use crate::examples::check_examples;
use crate::findings::finding_of;
use crate::frame::Recording;
use crate::judge::Judge;
use crate::rule::CompiledRule;
use crate::world::World;

pub fn compiled(members: Value) -> Arc<CompiledRule> {
    Arc::new(CompiledRule::compile(&rule_file(members), &TypeCatalogue::default()).unwrap())
}

fn judge_of(members: Value) -> Judge {
    Judge::new(vec![(compiled(members), RuleInstance::new("TEST_RULE", map([("days", json!(90))]), None))])
}

fn one(judge: &Judge, world: &World, item: &ConfigurationItem) -> Evaluation {
    judge.evaluate(world, now(), item, Recording::On).remove(0)
}

pub fn covered(types: &[&str]) -> crate::world::WorldBuilder {
    let mut builder = World::builder();
    for of in types {
        builder.coverage(&Coverage {
            account_id: "123456789012".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            resource_type: of.parse().unwrap(),
            state: CoverageState::Complete,
            resources: 0,
        });
    }
    builder
}

#[test]
fn four_verdicts() {
    let judge = judge_of(json!({
        "let": {"size": "configuration.size"},
        "applies": "configuration.state != 'deleting'",
        "check": "configuration.encrypted && size < 100 / configuration.divisor",
        "evidence": "configuration.disks", "args": {"size": "size"}
    }));
    let disks: Vec<i32> = (0..23).collect();
    for (configuration, compliance, message, evidence) in [
        (json!({"encrypted": true, "size": 1, "divisor": 1}), Compliance::Compliant, json!({"id": "compliant"}), 0),
        (json!({"state": "deleting"}), Compliance::NotApplicable, json!({"id": "not-applicable"}), 0),
        (
            json!({"size": 2, "disks": disks}),
            Compliance::NonCompliant,
            json!({"id": "rule:TEST_RULE", "args": {"size": 2}}),
            21,
        ),
        (
            json!({"encrypted": true, "divisor": 0}),
            Compliance::InsufficientData,
            json!({"id": "evaluation-error", "args": {"reason": "100 / 0 is no number of 64 bits"}}),
            0,
        ),
    ] {
        let item = item_of("AWS::EC2::Volume", "v", &json!({"configuration": configuration}));
        let evaluation = one(&judge, &World::default(), &item);
        assert_eq!(evaluation.compliance, compliance, "{evaluation:?}");
        assert_eq!(json!(evaluation.message), message);
        assert_eq!(evaluation.evidence.len(), evidence);
        assert!(matches!(evaluation.reads[0], Read::Rule { .. }), "{:?}", evaluation.reads);
        assert_eq!(evaluation.reads[1..], [Read::Item { hash: item.content_hash() }]);
    }
    let denied = json!({"notCollected": {"configuration": "AccessDenied: ec2:DescribeVolumes"}});
    let evaluation = one(&judge, &World::default(), &item_of("AWS::EC2::Volume", "v", &denied));
    assert_eq!(
        json!(evaluation.message),
        json!({"id": "insufficient-data", "args": {"path": "configuration.state", "reason": "AccessDenied: ec2:DescribeVolumes"}})
    );
}

#[test]
fn instances_are_about_their_scope() {
    let rule = compiled(json!({}));
    let judged = |scope: Option<Scope>, item: &ConfigurationItem| {
        let judge = Judge::new(vec![(rule.clone(), RuleInstance::new("TEST_RULE", map([]), scope))]);
        judge.evaluate(&World::default(), now(), item, Recording::Off).len()
    };
    let item = item_of("AWS::EC2::Volume", "v", &json!({"tags": {"env": "prod"}}));
    let tag = |key: &str, value: Option<&str>| Scope {
        tag_key: Some(key.into()),
        tag_value: value.map(str::to_owned),
        ..Scope::default()
    };
    let types = |name: &str| Scope { resource_types: vec![name.parse().unwrap()], ..Scope::default() };
    let id = |id: &str| Scope { resource_id: Some(id.into()), ..Scope::default() };
    for (scope, expected) in [
        (None, 1),
        (Some(types("AWS::EC2::Volume")), 1),
        (Some(types("AWS::EC2::VPC")), 0),
        (Some(id("v")), 1),
        (Some(id("w")), 0),
        (Some(tag("env", None)), 1),
        (Some(tag("env", Some("prod"))), 1),
        (Some(tag("env", Some("test"))), 0),
        (Some(tag("owner", None)), 0),
    ] {
        assert_eq!(judged(scope.clone(), &item), expected, "{scope:?}");
    }
    assert_eq!(judged(None, &item_of("AWS::EC2::VPC", "v", &json!({}))), 0);
    assert_eq!(
        judged(None, &item_of("AWS::EC2::Volume", "v", &json!({"configurationItemStatus": "ResourceDeleted"}))),
        0
    );
    let account = |region: &str| item_of("AWS::::Account", "123456789012", &json!({"awsRegion": region}));
    for (scope, global, regional) in [("account", 1, 0), ("account-region", 0, 1)] {
        // The scope of AWS's packs names a type that the rule never reports on.
        let instance = RuleInstance::new("TEST_RULE", map([]), Some(types("AWS::EC2::Snapshot")));
        let judge = Judge::new(vec![(compiled(json!({"scope": scope})), instance)]);
        let count = |item: &ConfigurationItem| judge.evaluate(&World::default(), now(), item, Recording::Off).len();
        assert_eq!((count(&account("global")), count(&account("us-east-1"))), (global, regional), "{scope}");
    }
}

#[test]
fn bindings_inside_loops_keep_their_variables() {
    let judge = judge_of(json!({
        "let": {"allowed": "configuration.allowed.map(x, x * 2).filter(x, x > 0)"},
        "check": "configuration.ports.all(p, [1].all(q, p in allowed && q == 1) && p > 1)"
    }));
    let item = item_of("AWS::EC2::Volume", "v", &json!({"configuration": {"allowed": [1, 2, 3], "ports": [2, 4, 6]}}));
    assert_eq!(one(&judge, &World::default(), &item).compliance, Compliance::Compliant);
}

/// The deepest rule that compiles, run in a thread with half of the usual stack.
#[test]
fn the_deepest_rule_fits_the_stack() {
    let nested = |inner: &str| {
        let levels = crate::syntax::MAX_DEPTH - 4;
        format!("{}{inner}{}", "[1].map(x, ".repeat(levels), ")".repeat(levels))
    };
    let run = move || {
        let judge = judge_of(json!({"let": {"low": nested("1")}, "check": format!("size({}) == 1", nested("low"))}));
        let item = item_of("AWS::EC2::Volume", "v", &json!({}));
        one(&judge, &World::default(), &item).compliance
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap();
    assert_eq!(thread.join().unwrap(), Compliance::Compliant);
}

#[test]
fn ages_say_until_when_they_hold() {
    let judge = judge_of(json!({"parameters": {"days": {"type": "int", "meaning": {"en": "m"}}},
        "check": "!olderThan(configuration.created, params.days) || within(configuration.expires, 1)"}));
    let item = |created: &str| item_of("AWS::EC2::Volume", "v", &json!({"configuration": {"created": created}}));
    let young = one(&judge, &World::default(), &item("2025-12-31T00:00:00Z"));
    assert_eq!(young.compliance, Compliance::Compliant);
    assert_eq!(young.holds_until.unwrap().to_string(), "2026-03-31T00:00:00.000001Z");
    let old = one(&judge, &World::default(), &item("2025-01-01T00:00:00Z"));
    assert_eq!((old.compliance, old.holds_until), (Compliance::NonCompliant, None));
    let clock = judge_of(json!({"check": "now > timestamp('2020-01-01T00:00:00Z')"}));
    assert_eq!(one(&clock, &World::default(), &item("x")).holds_until, Some(now()));
}

#[test]
fn findings_say_who_and_what() {
    let rule = compiled(
        json!({"controls": [{"id": "aws-fsbp:EC2.3", "source": "s"}], "check": "false", "evidence": "tags.env"}),
    );
    let instance = RuleInstance::new("TEST_RULE", map([("days", json!(1))]), None);
    let item = item_of(
        "AWS::EC2::Volume",
        "v",
        &json!({"tags": {"env": "prod", "Owner": "data"}, "arn": "arn:aws:ec2:us-east-1:123456789012:volume/v"}),
    );
    let mut builder = World::builder();
    builder.account_name("123456789012".parse().unwrap(), "prod");
    let world = builder.build();
    let judge = Judge::new(vec![(rule.clone(), instance.clone())]);
    let evaluation = one(&judge, &world, &item);
    let finding = finding_of(&evaluation, &rule, &instance, &world, &item, now()).unwrap();
    assert_eq!(
        (finding.subject.owner.as_deref(), finding.subject.account_name.as_deref()),
        (Some("data"), Some("prod"))
    );
    assert_eq!((finding.evidence, finding.controls), (vec![json!("prod")], vec!["aws-fsbp:EC2.3".to_owned()]));
    assert_eq!(finding.due, now().plus_days(30));
    let right = Evaluation { compliance: Compliance::Compliant, ..evaluation };
    assert_eq!(finding_of(&right, &rule, &instance, &world, &item, now()), None);
}

#[test]
fn examples_fail_readably() {
    let file = rule_file(
        json!({"reads": ["AWS::EC2::VPC"], "check": "configuration.on == true && size(items('AWS::EC2::VPC')) == 1",
        "evidence": "configuration.on", "args": {"on": "configuration.on"},
        "examples": [
            {"name": "good", "item": {"configuration": {"on": true}}, "neighbours": [{"resourceType": "AWS::EC2::VPC"}], "expect": "COMPLIANT"},
            {"name": "no neighbour", "item": {"configuration": {"on": true}}, "expect": "NON_COMPLIANT"},
            {"name": "unknown", "item": {"configuration": {"on": true}}, "uncovered": ["AWS::EC2::VPC"], "expect": "INSUFFICIENT_DATA"},
            {"name": "wrong verdict", "item": {"configuration": {"on": 1}}, "expect": "COMPLIANT"},
            {"name": "wrong evidence", "item": {"configuration": {"on": 1}}, "expect": "NON_COMPLIANT", "evidence": [2]},
            {"name": "unusable", "item": {"accountId": "1"}, "expect": "COMPLIANT"}
        ]}),
    );
    let types = TypeCatalogue::default();
    let rule = Arc::new(CompiledRule::compile(&file, &types).unwrap());
    let told: Vec<String> = check_examples(&file, &rule, &types).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "TEST_RULE: example `wrong verdict`: expected COMPLIANT, got NON_COMPLIANT\n  message: rule:TEST_RULE\n    on = 1\n  evidence:\n    1",
            "TEST_RULE: example `wrong evidence`: other evidence\n  expected:\n    2\n  got:\n    1",
            "TEST_RULE: example `unusable`: item: `1` is not an AWS account id (12 digits)",
        ]
    );
}
