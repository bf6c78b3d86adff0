//! Loading content: every check refuses what it is there to refuse, at the right place.

use std::fs;
use std::path::Path;

use haechi_content::{Content, Origin};

const RULE: &str = r#"schema: 1
id: HAECHI_TEST_RULE
title: {en: T, ko: T, ja: T}
why: {en: W, ko: W, ja: W}
severity: high
trigger: change
resources: [AWS::S3::Bucket]
reads: [AWS::::Account]
parameters:
  days: {type: int, default: 3, min: 1, max: 9, meaning: {en: M, ko: M, ja: M}}
controls:
  - {id: aws-fsbp:S3.2, source: "https://docs.aws.amazon.com/x"}
let:
  b: configuration.name
check: |
  b == "x" &&
    b != "y"
says: {en: "is {$name}", ko: "{ $name }", ja: "{$name}"}
args: {name: b}
fix: {text: {en: F, ko: F, ja: F}}
references: ["https://docs.aws.amazon.com/y"]
examples:
  - {name: good, item: {configuration: {name: x}}, expect: COMPLIANT}
  - {name: bad, item: {configuration: {name: z}}, params: {days: 4}, expect: NON_COMPLIANT}
"#;

fn load(files: &[(&str, &str)]) -> (Content, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let content = Content::load_dir(folder.path());
    let root = format!("{}/", folder.path().display());
    let problems = content.problems().iter().map(|problem| {
        let help = problem.help.as_deref().unwrap_or_default();
        format!("{} | {help}", problem.short().replace(&root, ""))
    });
    // Only the files at hand are the subject.
    let problems = problems.filter(|problem| files.iter().any(|(path, _)| problem.starts_with(path))).collect();
    (content, problems)
}

/// The rule with one part replaced gives exactly one problem.
fn check(from: &str, to: &str, expected: &str) {
    assert!(RULE.contains(from), "{from}");
    let changed = RULE.replace(from, to);
    let (content, problems) = load(&[("rules/t/haechi-test-rule.yaml", &changed)]);
    assert!(problems.iter().any(|problem| problem == expected), "expected {expected}\ngot {problems:#?}");
    assert!(content.rule("HAECHI_TEST_RULE").is_none());
}

#[test]
fn a_good_rule_is_loaded_with_its_places() {
    let (content, problems) = load(&[("rules/t/haechi-test-rule.yaml", RULE)]);
    assert_eq!(problems, Vec::<String>::new());
    let rule = content.rule("HAECHI_TEST_RULE").unwrap();
    assert_eq!(rule.origin, Origin::User);
    assert_eq!(rule.file.bindings, [("b".to_owned(), "configuration.name".to_owned())]);
    let offset = rule.file.check.find("b != ").unwrap();
    let problem = rule.problem(&["check"], offset, "here");
    assert_eq!(problem.position.unwrap().to_string(), "17:5");
    let problem = rule.problem(&["let", "b"], "configuration.".len(), "unknown");
    assert_eq!(problem.position.unwrap().to_string(), "14:20");
}

#[test]
fn each_check_refuses() {
    const FILE: &str = "rules/t/haechi-test-rule.yaml";
    for (from, to, expected) in [
        ("severity: high", "severity: hihg", "5:11: unknown value `hihg` | did you mean `high`?"),
        ("trigger: change", "triger: change", "6:1: unknown field `triger` | did you mean `trigger`?"),
        ("schema: 1", "schema: 2", "1:9: only schema 1 is known | a newer Haechi may read this file"),
        (
            "HAECHI_TEST_RULE",
            "HAECHI_OTHER",
            "2:5: the file of the rule `HAECHI_OTHER` is named `haechi-other.yaml` | rename `haechi-test-rule.yaml` to `haechi-other.yaml`",
        ),
        ("title: {en: T,", "title: {en: '',", "3:8: `title` is missing in: en | "),
        (
            "AWS::S3::Bucket",
            "AWS::S3::Buket",
            "7:13: nothing is known of the type `AWS::S3::Buket` | did you mean `AWS::S3::Bucket`?",
        ),
        ("[AWS::S3::Bucket]", "[]", "7:12: a rule judges at least one resource type | "),
        ("default: 3", "default: 10", "10:30: the default lies outside the limits | "),
        (
            "aws-fsbp:S3.2",
            "aws-fsbp:S3.14",
            "12:10: the catalogue `aws-fsbp` has no control `S3.14` | did you mean `aws-securityhub:S3.14`?",
        ),
        ("aws-fsbp:S3.2", "aws-fsbb:S3.2", "12:10: there is no catalogue `aws-fsbb` | did you mean `aws-fsbp:S3.2`?"),
        (
            "source: \"https://docs.aws.amazon.com/x\"",
            "source: ''",
            "12:33: a mapping names its source, an address by https | ",
        ),
        (
            "ko: \"{ $name }\"",
            "ko: \"{ $nam }\"",
            "18:30: `{ $nam }` has no argument under `args` | did you mean `name`?",
        ),
        ("ko: \"{ $name }\"", "ko: \"none\"", "18:30: the argument `name` is not used here | "),
        ("ko: \"{ $name }\"", "ko: \"{ name\"", "18:30: a brace that is no placeholder such as `{ $name }` | "),
        ("https://docs.aws.amazon.com/y", "http://docs.aws.amazon.com/y", "21:14: a reference is an https address | "),
        ("expect: COMPLIANT", "expect: NON_COMPLIANT", "23:3: there is no example that is COMPLIANT | "),
        ("expect: NON_COMPLIANT", "expect: COMPLIANT", "23:3: there is no example that is NON_COMPLIANT | "),
        ("params: {days: 4}", "params: {day: 4}", "24:59: the rule has no parameter `day` | did you mean `days`?"),
        ("name: bad", "name: good", "24:12: two examples have this name | "),
        ("id: HAECHI_TEST_RULE", "id: HAECHI_TEST_RULE\nid: X", "3:1: the key `id` stands here a second time | "),
    ] {
        check(from, to, &format!("{FILE}:{expected}"));
    }
}

#[test]
fn parameters_of_aws_rules_are_spelt_as_aws_spells_them() {
    let rule = RULE.replace("HAECHI_TEST_RULE", "ACM_CERTIFICATE_EXPIRATION_CHECK").replace("days", "daysToExpire");
    let (_, problems) = load(&[("rules/t/acm-certificate-expiration-check.yaml", &rule)]);
    let expected = "rules/t/acm-certificate-expiration-check.yaml:10:3: AWS's rule ACM_CERTIFICATE_EXPIRATION_CHECK has no \
        parameter `daysToExpire` | did you mean `daysToExpiration`?";
    assert!(problems.iter().any(|problem| problem == expected), "{problems:#?}");
}

#[test]
fn a_users_rule_replaces_only_when_it_says_so() {
    let twice = [("rules/a/haechi-test-rule.yaml", RULE), ("rules/b/haechi-test-rule.yaml", RULE)];
    let (content, problems) = load(&twice);
    assert!(problems[0].contains("there is a rule `HAECHI_TEST_RULE` already, in "), "{problems:?}");
    assert!(content.rule("HAECHI_TEST_RULE").is_some());
    let overriding = RULE.replace("schema: 1\n", "schema: 1\noverrides: true\n").replace("high", "low");
    let (content, problems) = load(&[twice[0], ("rules/b/haechi-test-rule.yaml", &overriding)]);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(content.rule("HAECHI_TEST_RULE").unwrap().file.severity, haechi_model::Severity::Low);
    let (_, problems) = load(&[("rules/b/haechi-test-rule.yaml", &overriding)]);
    assert!(problems[0].contains("there is no rule `HAECHI_TEST_RULE` to override"), "{problems:?}");
}

#[test]
fn a_user_may_write_in_one_language_and_bring_types_and_controls() {
    let rule = RULE
        .replace(", ko: T, ja: T", "")
        .replace("AWS::S3::Bucket", "Own::Thing::Box")
        .replace("aws-fsbp:S3.2", "own:1.1");
    let (content, problems) = load(&[
        ("rules/haechi-test-rule.yaml", &rule),
        (
            "controls/own.yaml",
            "schema: 1\nid: own\ntitle: {en: O}\nversion: 1\nsource: https://example.org/\nids: [1.1]\n",
        ),
        (
            "collectors/own/box.yaml",
            "type: Own::Thing::Box\nglobal: true\nlist: anything\nmembers: {configuration.name: string, configuration.free: map}\nextended: [configuration.more]\n",
        ),
    ]);
    assert_eq!(problems, Vec::<String>::new());
    let info = content.types().get(&"Own::Thing::Box".parse().unwrap()).unwrap();
    assert!(info.global && info.is_extended("configuration.more.x") && !info.is_extended("configuration.mor"));
    assert!(info.members.child("configuration").unwrap().child("free").unwrap().open);
    assert_eq!(content.collectors().iter().filter(|file| file.origin == Origin::User).count(), 1);
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_rest_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    fs::create_dir_all(&rules).unwrap();
    fs::write(rules.join("haechi-test-rule.yaml"), RULE).unwrap();
    fs::write(rules.join("latin.yaml"), b"a: 1\nb: \xe9\n").unwrap();
    fs::write(rules.join("torn.yaml"), &RULE[..RULE.len() / 2]).unwrap();
    fs::write(rules.join("huge.yaml"), vec![b' '; 5 << 20]).unwrap();
    let content = Content::load_dir(folder.path());
    let problems: Vec<_> = content.problems().iter().map(|problem| problem.short()).collect();
    assert!(problems.iter().any(|one| one.contains("latin.yaml: line 2 is not valid UTF-8")), "{problems:?}");
    assert!(problems.iter().any(|one| one.contains("huge.yaml: the file has more than 4194304 bytes")), "{problems:?}");
    assert!(problems.iter().any(|one| one.contains("torn.yaml:")), "{problems:?}");
    assert!(content.rule("HAECHI_TEST_RULE").is_some());
    let content = Content::load_dir(Path::new("/nonexistent/folder"));
    assert!(content.problems()[0].short().contains("there is no such folder"));
}
