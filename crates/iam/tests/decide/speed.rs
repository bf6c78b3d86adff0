//! No input makes a decision slow: hostile patterns, and many statements.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use haechi_iam::{Action, Caller, Context, Policies, PolicyKind, Prepared, Question, Resource, Verdict};

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
