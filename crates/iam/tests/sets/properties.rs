//! For whatever policies: a witness is really allowed, and where there is none, nothing from outside is.

use haechi_iam::sets::{Asker, Found};
use haechi_iam::{Action, Caller, Context, PolicyKind, Verdict};
use proptest::prelude::*;

use crate::{decided, document, is_allowed, let_in, prepared};

const ACTIONS: [&str; 3] = ["s3:GetObject", "s3:PutObject", "s3:GetObjectAcl"];
const RESOURCES: [&str; 6] =
    ["arn:aws:s3:::b/*", "arn:aws:s3:::b/a*", "arn:aws:s3:::b/?", "arn:aws:s3:::b/*a", "arn:aws:s3:::b/ab", "*"];
const PRINCIPALS: [&str; 5] = [
    r#""*""#,
    r#"{"AWS":"210987654321"}"#,
    r#"{"AWS":"123456789012"}"#,
    r#"{"AWS":["arn:aws:iam::210987654321:role/x","arn:aws:iam::210987654321:user/u"]}"#,
    r#"{"AWS":"*"}"#,
];
const CONDITIONS: [&str; 16] = [
    "",
    "",
    r#"{"StringEquals":{"aws:UserAgent":["a","b"]}}"#,
    r#"{"StringNotEquals":{"aws:UserAgent":"a"}}"#,
    r#"{"StringLike":{"aws:UserAgent":"a*"}}"#,
    r#"{"StringNotLikeIfExists":{"aws:UserAgent":"*b"}}"#,
    r#"{"StringEqualsIgnoreCase":{"aws:UserAgent":"A"}}"#,
    r#"{"Null":{"aws:UserAgent":"false"}}"#,
    r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
    r#"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/9","192.0.2.1"]}}"#,
    r#"{"NumericGreaterThan":{"s3:max-keys":"5"}}"#,
    r#"{"NumericLessThanEquals":{"s3:max-keys":"6"}}"#,
    r#"{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}"#,
    r#"{"StringNotEquals":{"aws:PrincipalAccount":"210987654321"}}"#,
    r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}}"#,
    r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}"#,
];

fn statement() -> impl Strategy<Value = String> {
    let parts = (
        prop::bool::weighted(0.6),
        prop::sample::select(&PRINCIPALS),
        prop::sample::select(&["s3:GetObject", "s3:*", "s3:Get*", "*"]),
        any::<prop::sample::Index>(),
        prop::bool::weighted(0.8),
        prop::sample::select(&CONDITIONS),
    );
    parts.prop_map(|(allow, principal, action, resource, only, condition)| {
        let effect = if allow { "Allow" } else { "Deny" };
        let element = if only { "Resource" } else { "NotResource" };
        let resource = resource.get(&RESOURCES);
        let condition = if condition.is_empty() { String::new() } else { format!(r#","Condition":{condition}"#) };
        format!(
            r#"{{"Effect":"{effect}","Principal":{principal},"Action":"{action}","{element}":"{resource}"{condition}}}"#
        )
    })
}

/// A request from outside.
fn request() -> impl Strategy<Value = (Caller, String, Context)> {
    let callers = prop::sample::select(&[
        "",
        "arn:aws:iam::210987654321:role/x",
        "arn:aws:iam::210987654321:user/u",
        "arn:aws:iam::210987654321:role/y",
        "arn:aws:iam::444455556666:role/x",
        "arn:aws:iam::444455556666:root",
    ]);
    let agent = prop::option::of(prop::sample::select(&["a", "b", "A", "ab", "c", ""]));
    let ip = prop::option::of(prop::sample::select(&["10.0.0.1", "10.200.0.1", "192.0.2.1", "8.8.8.8"]));
    let keys = prop::option::of(prop::sample::select(&["5", "6", "5.5", "7", "x"]));
    let tags = prop::collection::vec(prop::sample::select(&["a", "b", "c"]), 0..3);
    let object = "[abc]{0,3}".prop_map(|name| format!("arn:aws:s3:::b/{name}"));
    (callers, object, agent, ip, keys, tags).prop_map(|(caller, object, agent, ip, keys, tags)| {
        let caller =
            if caller.is_empty() { Caller::anonymous() } else { Caller::from_arn(caller).unwrap().with_org(None) };
        let mut context = Context::new();
        for (key, value) in [("aws:UserAgent", agent), ("aws:SourceIp", ip), ("s3:max-keys", keys)] {
            if let Some(value) = value {
                context.set(key, value);
            }
        }
        context.set_all("aws:TagKeys", tags);
        (caller, object, context)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_witness_is_allowed_and_without_one_nothing_is(
        statements in prop::collection::vec(statement(), 1..5),
        requests in prop::collection::vec(request(), 30),
    ) {
        let policy = prepared(PolicyKind::Resource, &document(&statements.join(",")));
        for action in ACTIONS {
            let action = Action::parse(action).unwrap();
            let found = let_in(&policy, &action, &["arn:aws:s3:::b/*"]);
            for (asker, found) in &found {
                if let Found::Request(witness) = found {
                    prop_assert!(is_allowed(witness, &policy), "{asker:?} {witness:?} {}", policy.policy().text());
                }
            }
            // An account that no policy names stands for all such.
            let text = policy.policy().text();
            let is_in = |asker: &Asker, caller: &Caller| match asker {
                Asker::Anonymous => caller.account().is_empty(),
                Asker::RoleOf(account) | Asker::UserOf(account) | Asker::RootOf(account) => {
                    **account == *caller.account() || !text.contains(caller.account())
                }
                Asker::Named(arn) => **arn == *caller.name_in_policies(),
                _ => false,
            };
            for (caller, object, context) in &requests {
                let allowed = decided(caller, &action, object, context, &policy) == Verdict::Allowed;
                let named = found.iter().any(|(asker, _)| is_in(asker, caller));
                prop_assert!(!allowed || named, "{} {action:?} {object} {context:?} {}", caller.name_in_policies(), policy.policy().text());
            }
        }
    }
}
