//! Every check of AWS's policy validation with a policy that it must find and one that it must not.

use std::collections::BTreeSet;

use haechi_iam::Catalogue;
use haechi_iam::lint::{Check, CheckClass, CheckState, LintKind, Linter, ResourceKindLimits};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn catalogue() -> Catalogue {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/iam/actions.txt");
    Catalogue::read(std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A policy of a kind that no check finds fault with.
fn sound(kind: LintKind) -> Value {
    match kind {
        LintKind::Identity => {
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::notes/*"})
        }
        LintKind::Resource => json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::notes/*"}),
        LintKind::Trust => json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole"}),
        LintKind::Scp => json!({"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}),
        LintKind::Rcp => json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}),
    }
}

fn document(kind: LintKind, change: &Value) -> String {
    if let Value::String(text) = change {
        return text.clone();
    }
    let mut statement: Map<String, Value> = sound(kind).as_object().unwrap().clone();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => statement.remove(name),
            value => statement.insert(name.clone(), value.clone()),
        };
    }
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn kind_of(name: &str) -> (LintKind, Option<&'static ResourceKindLimits>) {
    match LintKind::ALL.into_iter().find(|kind| kind.as_str() == name) {
        Some(kind) => (kind, None),
        None => (LintKind::Resource, Some(ResourceKindLimits::of(name).unwrap())),
    }
}

#[test]
fn each_check_fires_and_is_silent() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (number, line) in include_str!("cases.txt").lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let mut words = line.splitn(3, ' ');
        let (id, kind, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let mut changes = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let (fires, silent) = (changes.next().unwrap().unwrap(), changes.next().unwrap().unwrap());
        assert!(changes.next().is_none() && Check::ALL.iter().any(|check| check.id() == id), "line {}", number + 1);
        seen.insert(id);
        let (kind, resource) = kind_of(kind);
        for (change, expected) in [(&fires, true), (&silent, false)] {
            let text = document(kind, change);
            let report = linter.check(&text, Some(kind), resource);
            let found: Vec<_> = report.findings.iter().map(|finding| finding.check.id()).collect();
            if found.contains(&id) != expected {
                wrong.push(format!(
                    "line {}: {id} should{} fire on {text}: {found:?}",
                    number + 1,
                    if expected { "" } else { " not" }
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    const BY_SIZE: [&str; 4] = [
        "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
        "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
        "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
        "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA",
    ];
    let untried: Vec<_> = Check::ALL
        .iter()
        .filter(|check| {
            check.state() == CheckState::Done && !seen.contains(check.id()) && !BY_SIZE.contains(&check.id())
        })
        .map(|check| check.id())
        .collect();
    assert!(untried.is_empty(), "no case for {untried:?}");
}

#[test]
fn sound_policies_have_no_findings() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    for kind in LintKind::ALL {
        let report = linter.check(&document(kind, &json!({})), Some(kind), None);
        assert!(report.findings.is_empty(), "{kind:?}: {:?}", report.findings);
    }
    // The full language in service control policies, since September 2025.
    for change in [
        json!({"Effect": "Allow", "Action": null, "NotAction": "iam:*", "Resource": "arn:aws:s3:::notes/*"}),
        json!({"Effect": "Allow", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        json!({"Resource": null, "NotResource": "arn:aws:s3:::notes/*"}),
        json!({"Action": "s3:*Bucket*"}),
    ] {
        let report = linter.check(&document(LintKind::Scp, &change), Some(LintKind::Scp), None);
        assert!(report.findings.is_empty(), "{change}: {:?}", report.findings);
    }
}

#[test]
fn sizes_are_counted_as_aws_does() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    for (kind, limit, id) in [
        (LintKind::Identity, 6_144, "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"),
        (LintKind::Trust, 2_048, "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA"),
        (LintKind::Scp, 5_120, "POLICY_SIZE_EXCEEDS_SCP_QUOTA"),
        (LintKind::Rcp, 5_120, "POLICY_SIZE_EXCEEDS_SCP_QUOTA"),
        (LintKind::Resource, 32_768, "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"),
    ] {
        let empty = document(kind, &json!({"Sid": "A"})).len();
        for (length, expected) in [(limit, false), (limit + 1, true)] {
            let text = document(kind, &json!({"Sid": "A".repeat(length - empty + 1)}));
            let report = linter.check(&text, Some(kind), None);
            assert_eq!(report.findings.iter().any(|finding| finding.check.id() == id), expected, "{id} {length}");
        }
    }
    let spaced = format!("{}{}", " ".repeat(10_000), document(LintKind::Identity, &json!({})));
    assert!(linter.check(&spaced, Some(LintKind::Identity), None).findings.is_empty());
}

#[test]
fn kinds_are_guessed() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    for kind in [LintKind::Identity, LintKind::Resource, LintKind::Trust] {
        assert_eq!(linter.check(&document(kind, &json!({})), None, None).kind, kind);
    }
    let bucket = ResourceKindLimits::of("aws::s3::bucket");
    assert_eq!(linter.check(&document(LintKind::Identity, &json!({})), None, bucket).kind, LintKind::Resource);
}

#[test]
fn findings_say_where_and_what_was_meant() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Sid\": \"R\", \"Effect\": \"Allow\", \"Action\": \"s3:GetObjct\", \"Resource\": \"*\"}\n  ]\n}";
    let report = linter.check(text, None, None);
    let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
    assert_eq!((finding.check, finding.statement, finding.sid.as_deref()), (Check::InvalidAction, Some(0), Some("R")));
    assert_eq!((finding.position.line, finding.position.column), (4, 47));
    assert_eq!(&text[finding.span.start..finding.span.end], "\"s3:GetObjct\"");
    assert_eq!(finding.meant.as_deref(), Some("s3:GetObject"));
}

#[test]
fn one_fault_does_not_hide_the_others() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    let text = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "allow", "Action": 7, "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:Nope", "Resource": "arn:aws:s3:us-east-1::a", "Condition": {"What": {"aws:nope": "x"}}},
        "statement",
    ]});
    let report = linter.check(&text.to_string(), Some(LintKind::Identity), None);
    let found: BTreeSet<_> = report.findings.iter().map(|finding| finding.check.id()).collect();
    let expected = [
        "ARN_REGION_NOT_ALLOWED",
        "DATA_TYPE_MISMATCH",
        "INVALID_ACTION",
        "INVALID_CONDITION_OPERATOR",
        "INVALID_EFFECT",
        "INVALID_GLOBAL_CONDITION_KEY",
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn hostile_documents_end() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    let star = format!("{}b", "*a".repeat(2_000));
    let many: Vec<_> = (0..10_000)
        .map(|n| json!({"Sid": format!("S{n}"), "Effect": "Allow", "Action": format!("s3:Get{n}*"), "Resource": "*"}))
        .collect();
    let wide: Vec<_> = (0..20_000).map(|n| format!("s3:Get{n}")).collect();
    for text in [
        "[".repeat(100_000),
        "{\"Statement\":".repeat(10_000),
        document(LintKind::Identity, &json!({"Action": star, "Resource": format!("arn:aws:s3:::{star}")})),
        document(LintKind::Identity, &json!({"Action": wide})),
        json!({"Version": "2012-10-17", "Statement": many}).to_string(),
        "{\"Statement\":[{\"Effect\":\"\\ud800\"}]}".to_owned(),
        String::new(),
        "null".to_owned(),
        "\u{feff}{}".to_owned(),
    ] {
        let report = linter.check(&text, None, None);
        assert!(!report.findings.is_empty(), "{}", &text[..text.len().min(40)]);
    }
}

#[test]
fn the_list_of_checks_is_that_of_aws() {
    let count = |class| Check::ALL.iter().filter(|check| check.class() == class).count();
    // The list has three names twice.
    assert_eq!(count(CheckClass::Error), 73);
    assert_eq!(count(CheckClass::SecurityWarning), 14);
    assert_eq!(count(CheckClass::Warning), 23);
    assert_eq!(count(CheckClass::Suggestion), 25);
    assert_eq!(Check::ALL.iter().filter(|check| check.state() == CheckState::Retired).count(), 5);
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else { return };
    let list = std::fs::read_to_string(std::path::Path::new(&corpus).join("access-analyzer-checks.txt")).unwrap();
    let names: BTreeSet<String> =
        list.lines().map(|line| line.split(" – ").nth(1).unwrap().to_uppercase().replace(' ', "")).collect();
    assert_eq!(names, Check::ALL.iter().map(|check| check.id().replace('_', "")).collect());
}

/// Documents that look like policies, with something odd anywhere.
fn odd_policy() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(7)),
        "[a-z0-9:*?${}/,' \\-]{0,24}".prop_map(Value::from),
        Just(json!("arn:aws:s3:::notes/*")),
        Just(json!("s3:GetObject")),
        Just(json!("*")),
    ];
    let names = prop_oneof![
        Just("Statement"),
        Just("Effect"),
        Just("Action"),
        Just("NotAction"),
        Just("Resource"),
        Just("Principal"),
        Just("AWS"),
        Just("Condition"),
        Just("StringEquals"),
        Just("ForAllValues:Null"),
        Just("aws:SourceIp"),
        Just("Sid"),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..6).prop_map(|members| Value::Object(
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

#[test]
fn odd_documents_are_told_of_within_their_text() {
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    let mut runner = proptest::test_runner::TestRunner::default();
    runner
        .run(&(odd_policy(), 0..5usize, any::<bool>(), 0..400usize), |(value, kind, cut, at)| {
            let mut text = value.to_string();
            if cut {
                text.truncate((0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default());
            }
            for finding in linter.check(&text, Some(LintKind::ALL[kind]), None).findings {
                prop_assert!(finding.span.start <= finding.span.end && finding.span.end <= text.len() + 1);
                prop_assert!(finding.position.line >= 1 && finding.position.column >= 1);
            }
            Ok(())
        })
        .unwrap();
}

/// AWS's own managed policies: few of them are at fault, and none in its form.
#[test]
fn the_policies_of_aws_are_mostly_sound() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/iam/managed-policies.txt");
    let table = std::fs::read_to_string(path).unwrap();
    let catalogue = catalogue();
    let linter = Linter::new(&catalogue);
    let (mut policies, mut at_fault, mut by_check) = (0, 0, std::collections::BTreeMap::new());
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (name, Some(document)) = (fields.next().unwrap(), fields.nth(1)) else { continue };
        policies += 1;
        let mut errors = 0;
        for finding in linter.check(document, Some(LintKind::Identity), None).findings {
            if finding.check.class() == CheckClass::Error {
                errors += 1;
                by_check.entry(finding.check.id()).or_insert_with(Vec::new).push((name, finding.arguments));
            }
        }
        at_fault += usize::from(errors > 0);
    }
    assert!(policies > 1_000);
    // Actions of services that are gone, ARNs that never match, a key that is not documented.
    let known = [
        "INVALID_ACTION",
        "INVALID_ARN_RESOURCE",
        "INVALID_GLOBAL_CONDITION_KEY",
        "INVALID_SERVICE",
        "INVALID_SERVICE_CONDITION_KEY",
        "INVALID_SERVICE_IN_ACTION",
        "MISSING_QUALIFIER",
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
    ];
    let others: Vec<_> = by_check.iter().filter(|(check, _)| !known.contains(check)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(at_fault * 100 < policies * 6, "{at_fault} of {policies}: {by_check:#?}");
    println!("{at_fault} of {policies} at fault");
}
