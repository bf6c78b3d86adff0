//! What an explanation says beside the verdict, and open questions.

use std::sync::Arc;

use haechi_iam::{
    Action, Caller, Context, LayerEffect, Missing, Policies, PolicyKind, Prepared, Question, Resource, Tri, Verdict,
};

fn prepared(kind: PolicyKind, name: &str, text: &str) -> Vec<Arc<Prepared>> {
    vec![Arc::new(Prepared::parse(kind, name, text).unwrap().in_file("policies/reader.json"))]
}

#[test]
fn a_deciding_statement_is_told_by_file_and_line() {
    let identity = prepared(
        PolicyKind::Identity,
        "reader",
        "{\"Version\": \"2012-10-17\", \"Statement\": [\n  {\"Sid\": \"Read\", \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"},\n  {\"Sid\": \"NoKeys\",\n   \"Effect\": \"Deny\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"}]}",
    );
    let caller = Caller::from_arn("arn:aws:iam::111122223333:user/mina").unwrap();
    let action = Action::parse("s3:GetObject").unwrap();
    let resource = Resource::new("arn:aws:s3:::b/k").in_account("111122223333");
    let context = Context::new();
    let policies = Policies { identity: &identity, ..Policies::default() };
    let decision =
        Question { caller: &caller, action: &action, resource: &resource, context: &context, policies }.explain();
    assert_eq!(decision.verdict, Verdict::ExplicitlyDenied);
    let [because] = decision.because[..] else { panic!("{:?}", decision.because.len()) };
    assert_eq!((because.policy.name(), because.policy.file()), ("reader", Some("policies/reader.json")));
    assert_eq!((because.statement, because.sid()), (1, Some("NoKeys")));
    let position = because.position().unwrap();
    assert_eq!((position.line, position.column), (3, 3));
    assert_eq!(decision.layers[0].effect, LayerEffect::Denies);
}

/// Asks with a trust in an organization's members and a limit on the network.
fn ask_openly(context: &Context, policy: &str) -> (Tri, Tri) {
    let resource_policy = prepared(PolicyKind::Resource, "bucket", policy);
    let caller = Caller::from_arn("arn:aws:iam::111122223333:user/mina").unwrap();
    let action = Action::parse("s3:GetObject").unwrap();
    let resource = Resource::new("arn:aws:s3:::b/k").in_account("111122223333");
    let policies = Policies { resource: &resource_policy, ..Policies::default() };
    let question = Question { caller: &caller, action: &action, resource: &resource, context, policies };
    let outcome = question.decide();
    (outcome.allowed, outcome.denied)
}

#[test]
fn open_questions_have_three_answers() {
    let in_vpc = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*",
        "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}]}"#;
    let not_outside = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*",
        "Resource": "*"}, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}"#;
    let open = Context::open();
    assert_eq!(ask_openly(&open, in_vpc), (Tri::Maybe, Tri::No));
    assert_eq!(ask_openly(&open, not_outside), (Tri::Maybe, Tri::Maybe));
    let mut told = Context::open();
    told.set("aws:SourceVpc", "vpc-1").set("aws:SourceIp", "10.1.1.1");
    assert_eq!(ask_openly(&told, in_vpc), (Tri::Yes, Tri::No));
    assert_eq!(ask_openly(&told, not_outside), (Tri::Yes, Tri::No));
    told.set_absent("aws:SourceVpc");
    assert_eq!(ask_openly(&told, in_vpc), (Tri::No, Tri::No));
    // One key can be unknown in a closed question too.
    let mut closed = Context::new();
    closed.set_unknown("aws:SourceVpc");
    assert_eq!(ask_openly(&closed, in_vpc), (Tri::Maybe, Tri::No));
    assert_eq!(ask_openly(&Context::new(), in_vpc), (Tri::No, Tri::No));
}

#[test]
fn the_model_is_known_in_open_questions() {
    let me = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*",
        "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"},
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/m*"}, "Null": {"aws:PrincipalServiceName": "true"}}}]}"#;
    assert_eq!(ask_openly(&Context::open(), me), (Tri::Yes, Tri::No));
}

/// Which of a set of resources a policy reaches.
fn ask_set(pattern: &str, granted: &str) -> Tri {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:*", "Resource": "{granted}"}}]}}"#
    );
    let identity = prepared(PolicyKind::Identity, "p", &text);
    let caller = Caller::from_arn("arn:aws:iam::111122223333:user/mina").unwrap();
    let action = Action::parse("s3:GetObject").unwrap();
    let resource = Resource::any_of(pattern).in_account("111122223333");
    let context = Context::new();
    let policies = Policies { identity: &identity, ..Policies::default() };
    let question = Question { caller: &caller, action: &action, resource: &resource, context: &context, policies };
    question.decide().allowed
}

#[test]
fn a_set_of_resources_is_reached_wholly_partly_or_not() {
    assert_eq!(ask_set("arn:aws:s3:::b/*", "arn:aws:s3:::b/*"), Tri::Yes);
    assert_eq!(ask_set("arn:aws:s3:::b/x/*", "arn:aws:s3:::b/*"), Tri::Yes);
    assert_eq!(ask_set("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/*"), Tri::Maybe);
    assert_eq!(ask_set("arn:aws:s3:::b/*", "arn:aws:s3:::c/*"), Tri::No);
    assert_eq!(ask_set("arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}/*"), Tri::Maybe);
}

#[test]
fn a_session_that_is_not_told_may_be_the_one_that_is_named() {
    let text = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/reader/s1"}}]}"#;
    let resource_policy = prepared(PolicyKind::Resource, "p", text);
    let caller = Caller::from_arn("arn:aws:iam::111122223333:role/app/reader").unwrap();
    let action = Action::parse("s3:GetObject").unwrap();
    let resource = Resource::new("arn:aws:s3:::b/k").in_account("111122223333");
    let policies = Policies { resource: &resource_policy, ..Policies::default() };
    let ask = |context: &Context| {
        let question = Question { caller: &caller, action: &action, resource: &resource, context, policies };
        question.decide().allowed
    };
    assert_eq!((ask(&Context::open()), ask(&Context::new())), (Tri::Maybe, Tri::No));
}

#[test]
fn an_action_without_resource_types_needs_a_lone_star() {
    let ask = |granted: &str| {
        let text = format!(r#"{{"Statement": [{{"Effect": "Allow", "Action": "s3:*", "Resource": "{granted}"}}]}}"#);
        let identity = prepared(PolicyKind::Identity, "p", &text);
        let caller = Caller::from_arn("arn:aws:iam::111122223333:user/mina").unwrap();
        let action = Action::parse("s3:ListAllMyBuckets").unwrap().without_resource_types();
        let resource = Resource::new("arn:aws:s3:::b").in_account("111122223333");
        let context = Context::new();
        let policies = Policies { identity: &identity, ..Policies::default() };
        let question = Question { caller: &caller, action: &action, resource: &resource, context: &context, policies };
        let decision = question.explain();
        (decision.verdict, decision.missing.first() == Some(&Missing::IdentityOrResource))
    };
    assert_eq!(ask("*"), (Verdict::Allowed, false));
    assert_eq!(ask("arn:aws:s3:::*"), (Verdict::ImplicitlyDenied, true));
}

#[test]
fn callers_are_read_from_their_arns() {
    for wrong in
        ["", "mina", "arn:aws:iam::111122223333:group/g", "arn:aws:sts::111122223333:assumed-role/r", "arn:aws:s3:::b"]
    {
        assert!(Caller::from_arn(wrong).is_err(), "{wrong}");
    }
    assert_eq!(Caller::from_arn("111122223333").unwrap().name_in_policies(), "arn:aws:iam::111122223333:root");
    for wrong in ["", "s3", "s3:", ":Get", "s3:Get*", "s3:Get Object", "s3:a:b"] {
        assert!(Action::parse(wrong).is_err(), "{wrong}");
    }
}

/// For short patterns over few letters: a set is reached as its members are.
#[test]
fn sets_agree_with_their_members() {
    let texts: Vec<String> = (0..4u32)
        .flat_map(|length| {
            (0..3usize.pow(length)).map(move |number| {
                (0..length).map(|at| ['a', 'b', ':'][number / 3usize.pow(at) % 3]).collect::<String>()
            })
        })
        .collect();
    let patterns = ["*", "a*", "*a", "ab", "a?", "?*", "a*b", "b:*", "*a*", "", "ab*", "a?b", "**", "?b*"];
    for granted in patterns.iter().filter(|pattern| !pattern.is_empty()) {
        for set in patterns.iter().filter(|pattern| pattern.contains(['*', '?'])) {
            let members = texts.iter().filter(|text| haechi_iam::pattern::matches_resource(set, text));
            let (mut some, mut all) = (false, true);
            for member in members {
                let reached = haechi_iam::pattern::matches_resource(granted, member);
                some |= reached;
                all &= reached;
            }
            match ask_set(set, granted) {
                Tri::Yes => assert!(all, "{granted} does not reach all of {set}"),
                Tri::No => assert!(!some, "{granted} reaches some of {set}"),
                Tri::Maybe => assert!(!all || !some, "{granted} reaches all of {set} up to three letters"),
            }
        }
    }
}
