//! No input makes a decision slow or panic: hostile patterns, many statements, broken questions.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use haechi_iam::{
    Action, BatchQuestion, Caller, Context, Policies, Policy, PolicyCache, PolicyKind, Prepared, Question, Resource,
    Tri, Verdict,
};
use proptest::prelude::*;

/// Far above what it takes, even on a busy machine without optimisation; a quadratic search takes minutes.
const IN_TIME: Duration = Duration::from_secs(5);

fn verdict(policy: &str, resource: &str, context: &Context) -> Verdict {
    let identity = [Arc::new(Prepared::parse(PolicyKind::Identity, "p", policy).unwrap())];
    let caller = Caller::from_arn("arn:aws:iam::111122223333:user/mina").unwrap();
    let action = Action::parse("s3:GetObject").unwrap();
    let resource = Resource::new(resource).in_account("111122223333");
    let policies = Policies { identity: &identity, ..Policies::default() };
    Question { caller: &caller, action: &action, resource: &resource, context, policies }.decide().verdict()
}

#[test]
fn wildcards_made_to_explode() {
    let start = Instant::now();
    let pattern = "*a".repeat(20_000) + "*b";
    let text = "a".repeat(40_000);
    let by_resource = format!(r#"{{"Statement": {{"Effect": "Allow", "Action": "*", "Resource": "{pattern}"}}}}"#);
    assert_eq!(verdict(&by_resource, &text, &Context::new()), Verdict::ImplicitlyDenied);
    assert_eq!(verdict(&by_resource, &(text.clone() + "b"), &Context::new()), Verdict::Allowed);
    let by_action =
        format!(r#"{{"Statement": {{"Effect": "Allow", "Action": "s3:{}*b", "Resource": "*"}}}}"#, "*e".repeat(20_000));
    assert_eq!(verdict(&by_action, "*", &Context::new()), Verdict::ImplicitlyDenied);
    let mut context = Context::new();
    context.set("aws:PrincipalTag/a", &text).set("s3:prefix", &text.repeat(4));
    let by_variable = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringLike": {"s3:prefix": "*?${aws:PrincipalTag/a}*${aws:PrincipalTag/a}?b*"}}}}"#;
    assert_eq!(verdict(by_variable, "*", &context), Verdict::ImplicitlyDenied);
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
}

#[test]
fn ten_thousand_statements() {
    let start = Instant::now();
    let mut text = String::from(r#"{"Version": "2012-10-17", "Statement": ["#);
    for at in 0..10_000 {
        write!(
            text,
            r#"{{"Sid": "S{at}", "Effect": "Allow", "Action": ["s3:GetObject", "s3:Put*"], "Resource": "arn:aws:s3:::b{at}/*"}},"#
        )
        .unwrap();
    }
    text.pop();
    text.push_str("]}");
    assert_eq!(verdict(&text, "arn:aws:s3:::b9999/k", &Context::new()), Verdict::Allowed);
    assert_eq!(verdict(&text, "arn:aws:s3:::b/k", &Context::new()), Verdict::ImplicitlyDenied);
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
}

#[test]
fn deep_nesting_is_an_error() {
    let start = Instant::now();
    for opening in ["[", "{\"Statement\":", "{\"Statement\":[", "{\"Statement\":{\"Condition\":", "{\"a\":"] {
        let text = opening.repeat(200_000);
        assert!(
            Policy::parse(&text).is_err() && Prepared::parse(PolicyKind::Identity, "p", &text).is_err(),
            "{opening}"
        );
        assert!(BatchQuestion::parse(&text, &crate::CATALOGUE, None, &mut PolicyCache::new(1 << 16)).0.is_err());
        let inside = format!(r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":{text}"#);
        assert!(Prepared::parse(PolicyKind::Identity, "p", &inside).is_err(), "{opening}");
    }
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
}

/// The largest documents are those of buckets, 20 KB; here are 200.
#[test]
fn ten_times_the_size_limit() {
    let start = Instant::now();
    let resources: Vec<String> = (0..5_500).map(|at| format!("\"arn:aws:s3:::bucket-{at:06}/*/prefix-?*\"")).collect();
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "s3:Get*", "Resource": [{}]}}}}"#,
        resources.join(",")
    );
    assert!(text.len() > 10 * 20_480, "{}", text.len());
    let printed = Policy::parse(&text).unwrap().to_json();
    for text in [&text, &printed] {
        let context = Context::new();
        assert_eq!(verdict(text, "arn:aws:s3:::bucket-005499/a/b/prefix-x", &context), Verdict::Allowed);
        assert_eq!(verdict(text, "arn:aws:s3:::bucket-005500/a/b/prefix-x", &context), Verdict::ImplicitlyDenied);
    }
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
}

#[test]
fn too_many_faults_make_no_policy() {
    let statement = r#"{"Effect": "Allow", "Action": 7, "Resource": "*"}"#;
    let with = |count: usize| format!(r#"{{"Statement": [{}]}}"#, vec![statement; count].join(","));
    assert_eq!(Prepared::parse(PolicyKind::Identity, "p", &with(60)).unwrap().faults().len(), 60);
    assert!(Prepared::parse(PolicyKind::Identity, "p", &with(10_000)).is_err());
}

#[test]
fn ten_thousand_misplaced_statements() {
    let start = Instant::now();
    let statement = r#"{"Sid": "A", "Effect": "Deny", "Action": "*", "Principal": "*"}"#;
    for separator in [",", ",\n"] {
        let text = format!(r#"{{"Statement": [{}]}}"#, vec![statement; 10_000].join(separator));
        let prepared = Prepared::parse(PolicyKind::Identity, "p", &text).unwrap();
        // Each is misplaced, and all but the first have a Sid that was there.
        assert_eq!(prepared.faults().len(), 19_999);
        let last = &prepared.faults()[9_999];
        assert_eq!(last.position.line, if separator == "," { 1 } else { 10_000 });
    }
    assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
}

/// A question with something of everything.
const WHOLE: &str = r#"{"id": 1, "request": {"principal": {"type": "Arn", "value": "arn:aws:sts::111122223333:assumed-role/r/s",
 "tags": {"a": "b"}, "organization": {"id": "o-1", "paths": ["o-1/"]}}, "action": "kms:Decrypt",
 "resource": {"arn": "arn:aws:kms:us-east-1:111122223333:key/k", "tags": {"t": "v"}},
 "context": {"aws:SourceIp": "2001:db8::1", "aws:TagKeys": ["a", "b"], "n": 1.5, "b": true, "kms:EncryptionContext:a": "b"}},
 "identityPolicies": [{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "NotAction": "s3:*",
  "Resource": "arn:aws:kms:*:*:key/${aws:PrincipalTag/a, 'k'}*", "Condition": {"ForAnyValue:StringLike": {"aws:TagKeys": "?*"},
  "IpAddress": {"aws:SourceIp": "2001:db8::/32"}, "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
  "NumericLessThan": {"n": "2"}, "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/${*}*"}, "BinaryEquals": {"x": "QQ=="}}}]}],
 "permissionBoundaries": ["{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}}"],
 "scps": [{"target": "r", "policies": [{"name": "p", "policy": {"Statement": []}}]}], "rcps": [], "sessionPolicy": null,
 "resourcePolicy": {"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333"]}, "Action": "kms:*", "Resource": "*"}},
 "grants": [{"GranteePrincipal": "arn:aws:iam::111122223333:role/r", "Operations": ["Decrypt"],
  "Constraints": {"EncryptionContextSubset": {"a": "b"}}}], "settings": {"s3": {"blockPublicAccess": true}}}"#;

#[test]
fn the_whole_question_is_one() {
    let (asked, id) = BatchQuestion::parse(WHOLE, &crate::CATALOGUE, None, &mut PolicyCache::new(1 << 16));
    assert_eq!((asked.unwrap().question().decide().verdict(), id.as_u64()), (Verdict::ExplicitlyDenied, Some(1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Tolerance changes only what becomes of what is wrong: what the strict parser takes has no faults, and what it
    /// refuses has some or is refused too. Every fault is about a statement, and its place is in the text.
    #[test]
    fn tolerance_agrees_with_strictness(
        cuts in proptest::collection::vec((0usize..1000, 0usize..16, 0usize..1000, 0usize..24), 1..4)
    ) {
        let whole = &WHOLE[WHOLE.find("{\"Version\"").unwrap()..WHOLE.find("],\n \"permissionBoundaries").unwrap()];
        prop_assert!(Policy::parse(whole).is_ok());
        let mut bytes = whole.as_bytes().to_vec();
        for (at, lost, from, kept) in cuts {
            let (at, from) = (at % (bytes.len() + 1), from % whole.len());
            let piece = whole.as_bytes()[from..(from + kept).min(whole.len())].to_vec();
            let end = (at + lost).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        let text = String::from_utf8(bytes).unwrap();
        match (Policy::parse(&text), Policy::parse_tolerant(&text)) {
            (Ok(strict), Ok((tolerant, faults))) => {
                prop_assert_eq!(strict, tolerant);
                prop_assert!(faults.is_empty());
            }
            (Ok(_), Err(error)) => prop_assert!(false, "{error}"),
            (Err(_), Err(_)) => {}
            (Err(_), Ok((tolerant, faults))) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(fault.statement < tolerant.statements().len() && fault.span.end <= text.len());
                }
            }
        }
    }

    /// Pieces of a question repeated, lost or replaced: an error with words, or an answer that is consistent.
    #[test]
    fn broken_questions_are_told_or_answered(
        cuts in proptest::collection::vec((0usize..WHOLE.len(), 0usize..24, 0usize..WHOLE.len(), 0usize..24), 1..4)
    ) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for (at, lost, from, kept) in cuts {
            let piece = WHOLE.as_bytes()[from..(from + kept).min(WHOLE.len())].to_vec();
            let at = at.min(bytes.len());
            let end = (at + lost).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        let text = String::from_utf8(bytes).unwrap();
        match BatchQuestion::parse(&text, &crate::CATALOGUE, None, &mut PolicyCache::new(1 << 16)).0 {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(asked) => {
                let question = asked.question();
                let (quick, openly) = (question.decide(), question.decide_openly());
                prop_assert_eq!(quick.verdict(), question.explain().verdict);
                prop_assert!(openly.allowed == Tri::Maybe || openly.allowed == quick.allowed);
                prop_assert!(question.faults().all(|(_, fault)| !fault.kind.to_string().is_empty()));
            }
        }
    }
}
