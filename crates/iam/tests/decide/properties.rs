//! What must hold for all policies and requests.

use std::sync::Arc;

use haechi_iam::{
    Action, Caller, Context, Level, Policies, Policy, PolicyKind, Prepared, Question, Resource, Tri, Verdict,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

/// The policies of a generated question, each as its statements.
#[derive(Clone, Debug, Default)]
struct World {
    caller: usize,
    action: usize,
    resource: usize,
    context: Vec<(usize, usize)>,
    identity: Vec<String>,
    boundary: Option<Vec<String>>,
    session: Option<Vec<String>>,
    resource_policy: Option<Vec<String>>,
    scps: Vec<Vec<String>>,
    rcps: Vec<Vec<String>>,
}

const CALLERS: [&str; 5] = [
    "arn:aws:iam::111122223333:user/mina",
    "arn:aws:sts::111122223333:assumed-role/reader/s1",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:user/x",
    "",
];
const ACTIONS: [&str; 4] = ["s3:GetObject", "s3:PutObject", "kms:Decrypt", "sts:AssumeRole"];
const RESOURCES: [&str; 3] = [
    "arn:aws:s3:::bucket/mina/key",
    "arn:aws:kms:us-east-1:111122223333:key/k1",
    "arn:aws:iam::111122223333:role/admin",
];
const KEYS: [&str; 3] = ["aws:SourceVpc", "aws:PrincipalTag/team", "aws:TagKeys"];
const VALUES: [&str; 3] = ["red", "blue", "mina"];

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(texts)
}

/// A statement as JSON. `principals` for the policies of resources.
fn statement(principals: bool) -> impl Strategy<Value = String> {
    let action = one_of(&[
        "*",
        "*",
        "*",
        "s3:*",
        "s3:Get*",
        "s3:GetObject",
        "kms:*",
        "sts:AssumeRole",
        "*:*Object",
        "S3:put?bject",
    ]);
    let resource = one_of(&[
        "*",
        "*",
        "*",
        "arn:aws:s3:::bucket/*",
        "arn:aws:s3:::bucket/${aws:username}/*",
        "arn:aws:kms:*:*:key/*",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:s3:::other",
    ]);
    let principal = one_of(&[
        r#""*""#,
        r#"{"AWS":"111122223333"}"#,
        r#"{"AWS":"arn:aws:iam::111122223333:user/mina"}"#,
        r#"{"AWS":["arn:aws:iam::111122223333:role/reader","444455556666"]}"#,
        r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/reader/s1"}"#,
    ]);
    let condition = one_of(&[
        "",
        "",
        "",
        "",
        "",
        "",
        r#""StringEquals":{"aws:SourceVpc":["red","blue"]}"#,
        r#""StringNotEquals":{"aws:SourceVpc":"red"}"#,
        r#""StringLike":{"aws:PrincipalTag/team":"${aws:username}*"}"#,
        r#""ForAllValues:StringEquals":{"aws:TagKeys":["red","mina"]}"#,
        r#""ForAnyValue:StringNotLikeIfExists":{"aws:TagKeys":"b*"},"Null":{"aws:PrincipalTag/team":"false"}"#,
        r#""Bool":{"aws:SecureTransport":"true"}"#,
    ]);
    let shape = (proptest::bool::weighted(0.85), proptest::bool::weighted(0.9), proptest::bool::weighted(0.9));
    (shape, action, resource, principal, proptest::bool::weighted(0.85), condition).prop_map(
        move |((allow, only_action, only_resource), action, resource, principal, only_principal, condition)| {
            let not = |only: bool| if only { "" } else { "Not" };
            let effect = if allow { "Allow" } else { "Deny" };
            let principal =
                if principals { format!(r#","{}Principal":{principal}"#, not(only_principal)) } else { String::new() };
            format!(
                r#"{{"Effect":"{effect}","{}Action":"{action}","{}Resource":"{resource}"{principal},"Condition":{{{condition}}}}}"#,
                not(only_action),
                not(only_resource),
            )
        },
    )
}

fn statements(principals: bool) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(statement(principals), 0..5)
}

fn world() -> impl Strategy<Value = World> {
    let maybe = |principals| proptest::option::weighted(0.3, statements(principals));
    let request = (0..CALLERS.len(), 0..ACTIONS.len(), 0..RESOURCES.len());
    let context = proptest::collection::vec((0..KEYS.len(), 0..VALUES.len()), 0..4);
    let levels = |principals| proptest::collection::vec(statements(principals), 0..2);
    (request, context, statements(false), maybe(false), maybe(false), maybe(true), levels(false), levels(true))
        .prop_map(|((caller, action, resource), context, identity, boundary, session, resource_policy, scps, rcps)| {
            World { caller, action, resource, context, identity, boundary, session, resource_policy, scps, rcps }
        })
}

fn text(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// How the texts of policies become policies.
type Preparing = fn(PolicyKind, &str) -> Arc<Prepared>;

fn as_written(kind: PolicyKind, text: &str) -> Arc<Prepared> {
    Arc::new(Prepared::parse(kind, "p", text).unwrap())
}

fn canonical(kind: PolicyKind, text: &str) -> Arc<Prepared> {
    let canonical = Policy::parse(text).unwrap().to_json();
    Arc::new(Prepared::parse(kind, "p", &canonical).unwrap())
}

fn decide(world: &World, preparing: Preparing) -> (Verdict, Tri, Tri) {
    let caller = match CALLERS[world.caller] {
        "" => Caller::anonymous(),
        arn => Caller::from_arn(arn).unwrap(),
    };
    let action = Action::parse(ACTIONS[world.action]).unwrap();
    let resource = Resource::new(RESOURCES[world.resource]).in_account("111122223333");
    let mut context = Context::new();
    for (key, value) in &world.context {
        context.set(KEYS[*key], VALUES[*value]);
    }
    let list = |kind, statements: &Option<Vec<String>>| -> Vec<Arc<Prepared>> {
        statements.iter().map(|statements| preparing(kind, &text(statements))).collect()
    };
    let levels = |kind, levels: &[Vec<String>]| -> Vec<Level> {
        levels.iter().map(|one| Level { target: "t".into(), policies: vec![preparing(kind, &text(one))] }).collect()
    };
    let identity = list(PolicyKind::Identity, &Some(world.identity.clone()));
    let boundary = list(PolicyKind::Boundary, &world.boundary);
    let session = list(PolicyKind::Session, &world.session);
    let resource_policy = list(PolicyKind::Resource, &world.resource_policy);
    let scps = levels(PolicyKind::ServiceControl, &world.scps);
    let rcps = levels(PolicyKind::ResourceControl, &world.rcps);
    let policies = Policies {
        scps: &scps,
        rcps: &rcps,
        session: &session,
        resource: &resource_policy,
        identity: &identity,
        boundary: &boundary,
        ..Policies::default()
    };
    let question = Question { caller: &caller, action: &action, resource: &resource, context: &context, policies };
    let outcome = question.decide();
    let decision = question.explain();
    assert_eq!(outcome.verdict(), decision.verdict, "explaining changes the answer");
    let openly = question.decide_openly();
    // What is certain with all keys open is so with these, and what is possible with these is possible openly.
    let consistent = |open: Tri, closed: Tri| open == Tri::Maybe || open == closed;
    assert!(consistent(openly.allowed, outcome.allowed), "{openly:?} {outcome:?}");
    // After a certain Deny the quick way may look no further, so only the verdicts compare.
    assert!(consistent(openly.denied, outcome.denied), "{openly:?} {outcome:?}");
    (outcome.verdict(), outcome.allowed, outcome.denied)
}

/// All lists of statements of a world, so that each can be changed.
fn layers(world: &mut World) -> Vec<&mut Vec<String>> {
    let mut all: Vec<&mut Vec<String>> = vec![&mut world.identity];
    all.extend(world.boundary.as_mut());
    all.extend(world.session.as_mut());
    all.extend(world.resource_policy.as_mut());
    all.extend(&mut world.scps);
    all.extend(&mut world.rcps);
    all
}

/// `ImplicitlyDenied` and `ExplicitlyDenied` are both no.
fn is_allowed(verdict: Verdict) -> bool {
    verdict == Verdict::Allowed
}

/// Properties about worlds that all deny would say nothing.
#[test]
fn generated_worlds_have_all_three_answers() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts = [0; 3];
    for _ in 0..2000 {
        let world = world().new_tree(&mut runner).unwrap().current();
        counts[decide(&world, as_written).0 as usize] += 1;
    }
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// The one fixed rule that a Deny cannot beat (sts:GetCallerIdentity) is not among the actions here.
    #[test]
    fn adding_a_deny_never_allows_more(world in world(), layer in 0usize..8, deny in statement(false), named in statement(true)) {
        let before = decide(&world, as_written).0;
        let mut after = world.clone();
        let from_resource_policy = after.resource_policy.is_some();
        let count = 1 + usize::from(after.boundary.is_some()) + usize::from(after.session.is_some());
        let mut all = layers(&mut after);
        let at = layer % all.len();
        let names = (from_resource_policy && at == count) || at >= count + usize::from(from_resource_policy) + world.scps.len();
        let statement = if names { named } else { deny };
        all[at].push(statement.replace(r#""Effect":"Allow""#, r#""Effect":"Deny""#));
        let after = decide(&after, as_written).0;
        prop_assert!(is_allowed(before) || !is_allowed(after), "{before:?} became {after:?}");
        prop_assert!(before != Verdict::ExplicitlyDenied || after == Verdict::ExplicitlyDenied);
    }

    /// Adding to layers that are there: a new boundary or SCP level limits, by its mere presence. And a resource
    /// policy that becomes public can only deny where RestrictPublicBuckets is on, which it is not here.
    #[test]
    fn adding_an_allow_never_denies(world in world(), layer in 0usize..8, allow in statement(false), named in statement(true)) {
        let before = decide(&world, as_written).0;
        let mut after = world.clone();
        let from_resource_policy = after.resource_policy.is_some();
        let count = 1 + usize::from(after.boundary.is_some()) + usize::from(after.session.is_some());
        let mut all = layers(&mut after);
        let at = layer % all.len();
        let names = (from_resource_policy && at == count) || at >= count + usize::from(from_resource_policy) + world.scps.len();
        let statement = if names { named } else { allow };
        all[at].push(statement.replace(r#""Effect":"Deny""#, r#""Effect":"Allow""#));
        let after = decide(&after, as_written).0;
        prop_assert!(!is_allowed(before) || is_allowed(after), "{before:?} became {after:?}");
        prop_assert!(before == Verdict::ExplicitlyDenied || after != Verdict::ExplicitlyDenied);
    }

    #[test]
    fn the_canonical_form_decides_the_same(world in world()) {
        prop_assert_eq!(decide(&world, as_written), decide(&world, canonical));
    }

    #[test]
    fn the_order_of_statements_does_not_matter(world in world(), turn in 0usize..4) {
        let before = decide(&world, as_written);
        let mut turned = world;
        for statements in layers(&mut turned) {
            let by = turn.min(statements.len());
            statements.rotate_left(by);
            statements.reverse();
        }
        prop_assert_eq!(before.0, decide(&turned, as_written).0);
    }
}
