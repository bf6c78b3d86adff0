//! Wildcards against a regular expression, and the relations between patterns against all short texts.

use haechi_iam::pattern::{Case, contains, matches, matches_action, matches_resource, overlaps};
use proptest::prelude::*;

#[test]
fn matches_as_aws_documents() {
    let cases = [
        ("*", "s3:GetObject", true),
        ("s3:*", "s3:GetObject", true),
        ("S3:getobject", "s3:GetObject", true),
        ("s3:Get*", "s3:GetObject", true),
        ("s3:Get*", "s3:PutObject", false),
        ("s3:*Object", "s3:GetObject", true),
        ("s3:*Object", "s3:GetObjectAcl", false),
        ("s3:?etObject", "s3:GetObject", true),
        ("s3:Get?", "s3:Get", false),
        ("*:*", "s3:GetObject", true),
        ("s*:GetObject", "s3:GetObject", true),
        ("iam:*AccessKey*", "iam:CreateAccessKey", true),
        ("iam:*AccessKey*", "iam:CreateUser", false),
        ("s3:GetObject", "s3:GetObject ", false),
        ("", "", true),
        ("", "a", false),
        ("**", "", true),
    ];
    for (pattern, action, expected) in cases {
        assert_eq!(matches_action(pattern, action), expected, "{pattern} {action}");
    }
    assert!(matches_resource("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c"));
    assert!(!matches_resource("arn:aws:s3:::B/*", "arn:aws:s3:::b/a"));
    assert!(matches_resource("arn:aws:s3:::b/?.txt", "arn:aws:s3:::b/é.txt"));
    assert!(!matches_resource("arn:aws:s3:::b/??.txt", "arn:aws:s3:::b/é.txt"));
}

#[test]
fn long_patterns_do_not_backtrack() {
    let pattern = "*a".repeat(20_000) + "*b";
    let text = "a".repeat(40_000);
    assert!(!matches(&pattern, &text, Case::Sensitive));
    let piece = format!("*{}b*", "a?".repeat(10_000));
    let text = "a".repeat(200_000);
    assert!(!matches(&piece, &text, Case::Sensitive));
    assert!(matches(&piece, &(text + "b"), Case::Insensitive));
}

fn regex(pattern: &str) -> regex::Regex {
    let body: String = pattern
        .chars()
        .map(|c| match c {
            '*' => "(?s:.*)".to_owned(),
            '?' => "(?s:.)".to_owned(),
            c => regex::escape(&c.to_string()),
        })
        .collect();

    regex::Regex::new(&format!("^{body}$")).unwrap()
}

/// All texts over {a, b, c} up to five letters; c stands for what the patterns do not mention.
fn texts() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..5 {
        last = last.iter().flat_map(|t| ["a", "b", "c"].map(|c| format!("{t}{c}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equals_a_regular_expression(pattern in "[ab*?]{0,10}", text in "[aAb]{0,14}") {
        prop_assert_eq!(matches(&pattern, &text, Case::Sensitive), regex(&pattern).is_match(&text));
        let lower = text.to_ascii_lowercase();
        prop_assert_eq!(matches(&pattern, &text, Case::Insensitive), regex(&pattern).is_match(&lower));
    }

    #[test]
    fn equals_a_regular_expression_on_long_texts(pattern in "\\*?([ab?]{30,90}\\*){1,3}", text in "[ab]{200,400}", at in 0..100usize) {
        prop_assert_eq!(matches(&pattern, &text, Case::Sensitive), regex(&pattern).is_match(&text));
        // A text that surely matches: the pattern itself with its wildcards replaced, moved to `at`.
        let inside = pattern.replace('?', "a").replace('*', &"b".repeat(at));
        prop_assert!(matches(&pattern, &inside, Case::Insensitive));
    }

    #[test]
    fn equals_a_regular_expression_beyond_ascii(pattern in "[aé🔑*?]{0,8}", text in "[aé🔑]{0,10}") {
        prop_assert_eq!(matches(&pattern, &text, Case::Sensitive), regex(&pattern).is_match(&text));
    }

    #[test]
    fn relations_agree_with_all_short_texts(left in "[ab*?]{0,4}", right in "[ab*?]{0,4}") {
        let both = texts();
        let case = Case::Sensitive;
        let contained = both.iter().all(|t| !matches(&right, t, case) || matches(&left, t, case));
        let common = both.iter().any(|t| matches(&right, t, case) && matches(&left, t, case));
        prop_assert_eq!(contains(&left, &right, case), contained, "{} contains {}", left, right);
        // Two patterns of four symbols may need eight letters to meet.
        if common {
            prop_assert!(overlaps(&left, &right, case), "{} overlaps {}", left, right);
        }
        prop_assert_eq!(overlaps(&left, &right, case), overlaps(&right, &left, case));
        if contains(&left, &right, case) {
            prop_assert!(overlaps(&left, &right, case));
        }
    }
}
