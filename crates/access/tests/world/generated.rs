//! Policies generated from logs: what they hold, and that they let pass what was used and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use haechi_access::PrincipalName;
use haechi_access::generate::{Generated, Generator, LONGEST_POLICY, Resources, compare, generate};
use haechi_iam::catalogue::{EventAction, EventResource, UnloggedRules};
use haechi_iam::lint::{LintKind, Linter};
use haechi_iam::{Action, Caller, Context, Policies, PolicyKind, Prepared, Question, Resource, Tri};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::made::*;
use crate::whatif::corpus::records;
use crate::whatif::replayed::{CATALOGUE, RULES, call, each_event, with};

static UNLOGGED: LazyLock<UnloggedRules> =
    LazyLock::new(|| UnloggedRules::read(include_str!("../../../../content/iam/unlogged.txt")).expect("the rules"));

fn generator(arn: &str) -> Generator<'static> {
    let name = PrincipalName::of(arn).expect("a principal");
    Generator::new(&CATALOGUE, &RULES, &UNLOGGED, name, "aws").expect("few fields")
}

fn generated<'v>(arn: &str, events: impl IntoIterator<Item = &'v Value>, resources: Resources) -> Generated {
    let generator = generator(arn);
    let mut one = generator.start();
    each_event(generator.fields(), events, &mut |event| one.take(event));
    generate(&generator, &one.finish(), resources)
}

/// The statements of all policies: actions, and resources.
fn statements(generated: &Generated) -> Vec<(Vec<String>, Vec<String>)> {
    let list = |value: &Value| match value {
        Value::String(one) => vec![one.clone()],
        many => many.as_array().expect("a list").iter().map(|one| one.as_str().expect("a text").to_owned()).collect(),
    };
    let mut all = Vec::new();
    for policy in &generated.policies {
        let policy: Value = serde_json::from_str(policy).expect("JSON");
        for statement in policy["Statement"].as_array().expect("statements") {
            assert_eq!(statement["Effect"], "Allow");
            all.push((list(&statement["Action"]), list(&statement["Resource"])));
        }
    }
    all
}

#[track_caller]
fn check(generated: &Generated, expected: &[(&[&str], &[&str])]) {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let expected: Vec<_> = expected.iter().map(|(actions, resources)| (owned(actions), owned(resources))).collect();
    assert_eq!(statements(generated), expected);
}

fn app() -> String {
    role(PROD, "app")
}

fn object(name: &str, bucket: &str, key: &str) -> Value {
    let event = with(call(&app(), "s3", name), "requestParameters", json!({"bucketName": bucket, "key": key}));
    let event = with(event, "eventCategory", json!("Data"));
    with(
        event,
        "resources",
        json!([{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/{key}")},
        {"type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}"), "accountId": PROD}]),
    )
}

#[test]
fn actions_are_grouped_by_service_and_resources() {
    let events = [
        object("GetObject", "notes", "a/b/1.txt"),
        object("GetObject", "notes", "a/b/2.txt"),
        object("PutObject", "notes", "a/b/3.txt"),
        with(call(&app(), "s3", "ListObjects"), "requestParameters", json!({"bucketName": "notes"})),
        call(&app(), "ec2", "DescribeInstances"),
        call(&app(), "ec2", "DescribeVpcs"),
        call(&app(), "sts", "GetCallerIdentity"),
        with(call(&app(), "s3", "DeleteBucket"), "errorCode", json!("AccessDenied")),
        call(&role(PROD, "other"), "iam", "CreateUser"),
        call(&app(), "nowhere", "DoIt"),
    ];
    let found = generated(&app(), &events, Resources::Patterns);
    check(
        &found,
        &[
            (&["ec2:DescribeInstances", "ec2:DescribeVpcs"], &["*"]),
            (&["s3:ListBucket"], &["arn:aws:s3:::notes"]),
            (&["s3:GetObject", "s3:PutObject"], &["arn:aws:s3:::notes/a/b/*"]),
        ],
    );
    let exact = generated(&app(), &events, Resources::Exact);
    check(
        &exact,
        &[
            (&["ec2:DescribeInstances", "ec2:DescribeVpcs"], &["*"]),
            (&["s3:ListBucket"], &["arn:aws:s3:::notes"]),
            (&["s3:GetObject"], &["arn:aws:s3:::notes/a/b/1.txt", "arn:aws:s3:::notes/a/b/2.txt"]),
            (&["s3:PutObject"], &["arn:aws:s3:::notes/a/b/3.txt"]),
        ],
    );
    let any = generated(&app(), &events, Resources::Any);
    check(
        &any,
        &[
            (&["ec2:DescribeInstances", "ec2:DescribeVpcs"], &["*"]),
            (&["s3:GetObject", "s3:ListBucket", "s3:PutObject"], &["*"]),
        ],
    );
    let generator = generator(&app());
    let mut one = generator.start();
    each_event(generator.fields(), &events, &mut |event| one.take(event));
    let gathered = one.finish();
    assert_eq!((gathered.events, gathered.own_events, gathered.needs_nothing), (10, 9, 1));
    assert_eq!(gathered.denied, BTreeMap::from([("s3:DeleteBucket".into(), 1)]));
    assert_eq!(gathered.unmapped, BTreeMap::from([("nowhere:DoIt".into(), 1)]));
    assert!(gathered.data_services.contains("s3"));
    assert!(found.without_data_events.is_empty(), "{:?}", found.without_data_events);
}

#[test]
fn what_the_log_does_not_tell_is_a_placeholder() {
    let found = generated(&app(), &[call(&app(), "lambda", "GetFunction20150331v2")], Resources::Patterns);
    let function = "arn:aws:lambda:eu-west-1:222222222222:function:${FunctionName}";
    check(&found, &[(&["lambda:GetFunction"], &[function])]);
    assert_eq!(found.placeholders, [function]);
    assert_eq!(found.without_data_events, ["lambda"]);
    check(
        &generated(&app(), &[call(&app(), "lambda", "GetFunction20150331v2")], Resources::Any),
        &[(&["lambda:GetFunction"], &["*"])],
    );
}

#[test]
fn parameters_that_are_named_for_roles_pass_them() {
    let pass = role(PROD, "service/worker");
    for (service, name, parameters) in [
        ("cloudformation", "CreateStack", json!({"stackName": "s", "roleARN": pass})),
        ("glue", "CreateJob", json!({"name": "j", "role": pass})),
        ("codebuild", "CreateProject", json!({"name": "p", "serviceRole": pass})),
        ("events", "PutTargets", json!({"rule": "r", "targets": [{"id": "1", "roleArn": pass}]})),
        ("cognito-identity", "SetIdentityPoolRoles", json!({"roles": {"authenticated": pass}})),
    ] {
        let event = with(call(&app(), service, name), "requestParameters", parameters);
        assert_eq!(generated(&app(), &[event], Resources::Any).passed_roles, [pass.as_str()], "{service} {name}");
    }
    for (service, name, parameters) in [
        ("kms", "CreateGrant", json!({"keyId": "k", "granteePrincipal": pass})),
        ("sts", "AssumeRole", json!({"roleArn": pass})),
        ("cloudformation", "DescribeStacks", json!({"roleARN": pass})),
        ("glue", "CreateJob", json!({"name": "j", "role": role(DEV, "elsewhere")})),
    ] {
        let event = with(call(&app(), service, name), "requestParameters", parameters);
        assert!(generated(&app(), &[event], Resources::Any).passed_roles.is_empty(), "{service} {name}");
    }
}

#[test]
fn names_become_the_arns_that_aws_makes_of_them() {
    let secret = format!("arn:aws:secretsmanager:eu-west-1:{PROD}:secret:app/db");
    let role = format!("arn:aws:iam::{PROD}:role/team/worker");
    for (service, name, parameters, arn) in [
        ("secretsmanager", "GetSecretValue", json!({"secretId": "app/db"}), format!("{secret}-??????")),
        (
            "secretsmanager",
            "GetSecretValue",
            json!({"secretId": format!("{secret}-AbCdEf")}),
            format!("{secret}-AbCdEf"),
        ),
        ("iam", "CreateRole", json!({"roleName": "worker", "path": "/team/"}), role.clone()),
    ] {
        let event = with(call(&app(), service, name), "requestParameters", parameters);
        let found = generated(&app(), &[event], Resources::Exact);
        check(&found, &[(&[&format!("{service}:{name}")], &[&arn])]);
    }
}

#[test]
fn roles_that_are_passed_are_inferred() {
    let pass = role(PROD, "service/worker");
    let parameters = json!({"functionName": "f", "role": pass, "environment": {"other": role(DEV, "no")}});
    let event = with(call(&app(), "lambda", "CreateFunction20150331"), "requestParameters", parameters);
    let found = generated(&app(), &[event], Resources::Any);
    check(&found, &[(&["iam:PassRole"], &[&pass]), (&["lambda:CreateFunction"], &["*"])]);
    assert_eq!(found.passed_roles, [pass]);
    let profile = json!({"iamInstanceProfile": {"name": "web"}});
    let event = with(call(&app(), "ec2", "RunInstances"), "requestParameters", profile);
    let generator = generator(&app());
    let mut one = generator.start();
    each_event(generator.fields(), &[event], &mut |event| one.take(event));
    let gathered = one.finish();
    assert!(gathered.profiles.contains("web"));
    let found = generate(&generator, &gathered, Resources::Patterns);
    assert!(
        found
            .companions
            .iter()
            .any(|(action, needed)| action == "ec2:RunInstances" && needed.contains(&"iam:PassRole".to_owned()))
    );
    assert!(found.placeholders.iter().any(|arn| arn.contains(":subnet/${")), "{:?}", found.placeholders);
}

#[test]
fn names_with_wildcards_are_only_themselves() {
    let found = generated(&app(), &[object("GetObject", "notes", "a*/b?$")], Resources::Exact);
    check(&found, &[(&["s3:GetObject"], &["arn:aws:s3:::notes/a${*}/b${?}${$}"])]);
    let prepared = Prepared::parse(PolicyKind::Identity, "generated", &found.policies[0]).expect("a policy");
    assert_eq!(decide(&[prepared], "s3:GetObject", "arn:aws:s3:::notes/a*/b?$"), Tri::Yes);
    let prepared = Prepared::parse(PolicyKind::Identity, "generated", &found.policies[0]).expect("a policy");
    assert_eq!(decide(&[prepared], "s3:GetObject", "arn:aws:s3:::notes/abc/bc$"), Tri::No);
}

#[test]
fn sessions_users_and_the_root_user_are_found() {
    let by = |arn: &str| [with(call(arn, "ec2", "DescribeVpcs"), "eventID", json!("e-2"))];
    let session = format!("arn:aws:sts::{PROD}:assumed-role/app/mina");
    for (events, asked) in [
        (by(&app()), app()),
        (by(&role(PROD, "team/App")), app()),
        (by(&app()), session.clone()),
        (by(&session), app()),
        (by(&user(PROD, "mina")), user(PROD, "mina")),
        (by(&format!("arn:aws:iam::{PROD}:root")), format!("arn:aws:iam::{PROD}:root")),
    ] {
        assert_eq!(generated(&asked, &events, Resources::Any).actions, ["ec2:DescribeVpcs"], "{asked}");
        assert!(generated(&role(DEV, "app"), &events, Resources::Any).policies.is_empty());
    }
    for wrong in ["arn:aws:s3:::b", "app", "", "arn:aws:iam::1:user/a", "arn:aws:iam::111122223333:group/a"] {
        assert_eq!(PrincipalName::of(wrong), None, "{wrong}");
    }
}

#[test]
fn long_policies_are_divided() {
    let events: Vec<Value> = (0..300)
        .map(|number| {
            let name = format!("function-{number:04}-with-a-long-name-so-that-it-takes-space");
            with(call(&app(), "lambda", "GetFunction20150331v2"), "requestParameters", json!({"functionName": name}))
        })
        .collect();
    let found = generated(&app(), &events, Resources::Exact);
    assert!(found.policies.len() > 3);
    assert!(found.policies.iter().all(|policy| policy.len() <= LONGEST_POLICY));
    let resources: BTreeSet<String> = statements(&found).into_iter().flat_map(|(_, resources)| resources).collect();
    assert_eq!(resources.len(), 300);
    let patterns = generated(&app(), &events, Resources::Patterns);
    check(&patterns, &[(&["lambda:GetFunction"], &["arn:aws:lambda:eu-west-1:222222222222:function:*"])]);
}

#[test]
fn grants_of_keys_and_roles_are_compared_too() {
    let mut items = Items::default();
    items.role(PROD, "app", &trust(json!({"AWS": "*"})), &[allow("kms:*", "*"), allow("sts:AssumeRole", "*")], &[]);
    let world = items.world();
    let compared = compare(&CATALOGUE, world.principal(&app()).expect("it"), &[]);
    assert!(compared.taken.iter().any(|action| &**action == "kms:decrypt" || &**action == "kms:Decrypt"));
    assert!(compared.taken.iter().any(|action| action.eq_ignore_ascii_case("sts:AssumeRole")));
}

#[test]
fn what_it_would_take_is_compared() {
    let mut items = Items::default();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
        {"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}]});
    items.role(PROD, "app", &trust(json!({"AWS": "*"})), &[policy], &[]);
    let world = items.world();
    let events = [
        object("GetObject", "notes", "a"),
        call(&app(), "ec2", "DescribeVpcs"),
        call(&app(), "ec2", "DescribeSubnets"),
    ];
    let found = generated(&app(), &events, Resources::Patterns);
    let compared = compare(&CATALOGUE, world.principal(&app()).expect("it"), &found.policies);
    let names = |list: &[Box<str>]| list.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&compared.taken), ["s3:PutObject"]);
    assert_eq!(names(&compared.narrowed), ["s3:GetObject"]);
    assert_eq!(names(&compared.kept), ["ec2:DescribeVpcs"]);
    assert_eq!(names(&compared.new), ["ec2:DescribeSubnets"]);
}

fn decide(policies: &[Prepared], action: &str, resource: &str) -> Tri {
    let caller = Caller::from_arn(&app()).expect("a caller");
    let action = CATALOGUE.action(action).expect("known").to_action().expect("an action");
    decide_as(&caller, policies, &action, &Resource::new(resource).in_account(PROD))
}

fn decide_as(caller: &Caller, policies: &[Prepared], action: &Action, resource: &Resource) -> Tri {
    // Policies are shared in questions; here each is asked alone, and one Allow is enough: there is no Deny.
    let context = Context::new();
    // Keys and roles have policies of their own, which here leave it to the account.
    let delegates = |kind, action: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"AWS": PROD}, "Action": action, "Resource": "*"}]});
        [std::sync::Arc::new(Prepared::parse(kind, "delegates", &policy.to_string()).expect("a policy"))]
    };
    let (key, trust) = (delegates(PolicyKind::Resource, "kms:*"), delegates(PolicyKind::Resource, "sts:*"));
    let of_resource: &[_] = match action.service() {
        "kms" => &key,
        "sts" => &trust,
        _ => &[],
    };
    let mut allowed = Tri::No;
    for policy in policies {
        let text = policy.policy().to_json();
        let identity = [std::sync::Arc::new(Prepared::parse(PolicyKind::Identity, "one", &text).expect("a policy"))];
        let policies = Policies { identity: &identity, resource: of_resource, ..Policies::default() };
        allowed = allowed.or(Question { caller, action, resource, context: &context, policies }.decide().allowed);
    }
    allowed
}

/// Everything that must hold of a policy generated for a principal.
fn verify(arn: &str, events: &[Value], resources: Resources) -> usize {
    let found = generated(arn, events, resources);
    let caller = Caller::from_arn(arn).expect("a caller");
    let prepared: Vec<Prepared> = found
        .policies
        .iter()
        .map(|text| Prepared::parse(PolicyKind::Identity, "generated", text).expect("a policy"))
        .collect();
    for (policy, text) in prepared.iter().zip(&found.policies) {
        assert!(policy.faults().is_empty(), "{:?}", policy.faults());
        assert!(text.len() <= LONGEST_POLICY);
        let report = Linter::new(&CATALOGUE).check(text, Some(LintKind::Identity), None);
        let errors: Vec<_> = report.findings.iter().filter(|one| one.check.class().as_str() == "error").collect();
        assert!(errors.is_empty(), "{arn}: {errors:?}\n{text}");
    }
    let used: BTreeSet<&str> = found.actions.iter().map(String::as_str).collect();
    let own = PrincipalName::of(arn).expect("a principal");
    let mut asked = BTreeSet::new();
    for event in events {
        let identity = &event["userIdentity"];
        let by = identity["sessionContext"]["sessionIssuer"]["arn"].as_str().or(identity["arn"].as_str());
        let denied = event["errorCode"]
            .as_str()
            .is_some_and(|code| code.contains("AccessDenied") || code.contains("Unauthorized"));
        let is_call = event["eventType"].as_str().is_none_or(|kind| kind == "AwsApiCall");
        if identity["type"] == "AWSService"
            || !is_call
            || by.and_then(PrincipalName::of).as_ref() != Some(&own)
            || denied
        {
            continue;
        }
        let source = event["eventSource"].as_str().expect("a source");
        let actions = match RULES.action(&CATALOGUE, source, event["eventName"].as_str().expect("a name"), event) {
            EventAction::Known(action) => vec![action],
            EventAction::Several(actions) | EventAction::OneOf(actions) => actions,
            _ => continue,
        };
        for info in actions {
            asked.insert(info.full_name());
            assert!(used.contains(&*info.full_name()), "{info} was used");
            let resource = match RULES.resource(info, event) {
                EventResource::Arn { arn, .. } => Resource::new(&arn).in_account(own.account()),
                EventResource::Everything => Resource::new("*"),
                EventResource::Unknown if resources == Resources::Any => Resource::new("*"),
                EventResource::Unknown => continue,
            };
            let action = info.to_action().expect("an action");
            assert_eq!(
                decide_as(&caller, &prepared, &action, &resource),
                Tri::Yes,
                "{info} on {resource:?} by\n{:?}",
                found.policies
            );
        }
    }
    // Nothing else is granted: over the whole table, whatever the resource.
    let identity: Vec<_> = prepared.into_iter().map(std::sync::Arc::new).collect();
    let (context, everything) = (Context::open(), Resource::any_of("*"));
    for info in CATALOGUE.services().flat_map(|service| service.actions()) {
        let action = info.to_action().expect("an action");
        let policies = Policies { identity: &identity, ..Policies::default() };
        let question =
            Question { caller: &caller, action: &action, resource: &everything, context: &context, policies };
        if question.decide().allowed != Tri::No && !haechi_iam_always(&info.full_name()) {
            let name = info.full_name();
            assert!(asked.contains(&name) || name == "iam:PassRole", "{name} was not used");
        }
    }
    found.actions.len()
}

/// What needs no permission is allowed by no policy at all.
fn haechi_iam_always(action: &str) -> bool {
    matches!(action, "sts:GetCallerIdentity" | "sts:GetSessionToken")
}

#[test]
fn every_principal_of_a_real_log_gets_a_policy_that_fits() {
    let Some(records) = records() else { return };
    let mut principals = BTreeSet::new();
    for record in &records {
        let identity = &record["userIdentity"];
        let by = identity["sessionContext"]["sessionIssuer"]["arn"].as_str().or(identity["arn"].as_str());
        principals.extend(by.filter(|arn| PrincipalName::of(arn).is_some()).map(str::to_owned));
    }
    assert!(principals.len() > 3, "{principals:?}");
    let mut most = 0;
    for arn in &principals {
        for resources in [Resources::Exact, Resources::Patterns, Resources::Any] {
            most = most.max(verify(arn, &records, resources));
        }
    }
    assert!(most > 50, "{most}");
}

fn any_event() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just(("s3", "GetObject")),
        Just(("s3", "PutObject")),
        Just(("s3", "ListObjects")),
        Just(("s3", "CopyObject")),
        Just(("ec2", "DescribeInstances")),
        Just(("ec2", "RunInstances")),
        Just(("ec2", "TerminateInstances")),
        Just(("lambda", "Invoke")),
        Just(("lambda", "CreateFunction20150331")),
        Just(("iam", "GetRole")),
        Just(("iam", "ListUsers")),
        Just(("kms", "ReEncrypt")),
        Just(("kms", "Decrypt")),
        Just(("dynamodb", "TransactWriteItems")),
        Just(("sts", "AssumeRole")),
        Just(("secretsmanager", "GetSecretValue")),
        Just(("ssm", "GetParameter")),
        Just(("apigateway", "TagResource")),
        Just(("nowhere", "Do")),
        Just(("sts", "GetCallerIdentity")),
        Just(("sqs", "SendMessage")),
        Just(("sns", "Publish")),
    ];
    let text = "[a-c/*?$.-]{1,6}";
    let caller = prop_oneof![4 => Just(app()), 1 => Just(user(PROD, "mina"))];
    (names, caller, proptest::option::of(text), text, 0_u8..8).prop_map(|((source, name), caller, bucket, key, outcome)| {
        let mut event = call(&caller, source, name);
        if let Some(bucket) = bucket {
            let plain = key.replace(['/', '*', '?', '$'], "x");
            event = with(event, "requestParameters", json!({"bucketName": bucket.replace(['/', '*', '?', '$'], "x"), "key": key,
                "functionName": plain, "roleName": plain, "keyId": plain, "secretId": format!("arn:aws:secretsmanager:eu-west-1:{PROD}:secret:{plain}"),
                "role": role(PROD, &plain), "roleArn": role(DEV, &plain), "name": format!("/{plain}"), "instancesSet": {"items": [{"instanceId": "i-1"}]}}));
        }
        match outcome {
            0 => with(event, "errorCode", json!("AccessDenied")),
            1 => with(event, "errorCode", json!("NoSuchKey")),
            _ => event,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn what_was_used_is_allowed_and_nothing_else(events in proptest::collection::vec(any_event(), 1..60), which in 0_u8..3) {
        let resources = [Resources::Exact, Resources::Patterns, Resources::Any][usize::from(which)];
        verify(&app(), &events, resources);
    }

    #[test]
    fn hostile_names_make_no_other_policy(keys in proptest::collection::vec(any::<String>(), 1..8), which in 0_u8..3) {
        let resources = [Resources::Exact, Resources::Patterns, Resources::Any][usize::from(which)];
        let events: Vec<Value> = keys.iter().filter(|key| !key.is_empty()).flat_map(|key| {
            let named = |source: &str, name: &str| with(call(&app(), source, name), "requestParameters",
                json!({"bucketName": "notes", "key": key, "functionName": key, "roleName": key, "secretId": key, "name": key}));
            [object("GetObject", "notes", key), named("lambda", "GetFunction20150331v2"), named("iam", "GetRole"),
             named("ssm", "GetParameter"), named("secretsmanager", "CreateSecret")]
        }).collect();
        let found = generated(&app(), &events, resources);
        for text in &found.policies {
            let prepared = Prepared::parse(PolicyKind::Identity, "generated", text).expect("a policy");
            prop_assert!(prepared.faults().is_empty());
            prop_assert!(text.chars().all(|letter| (' '..='\u{ff}').contains(&letter)), "{}", text);
            let report = Linter::new(&CATALOGUE).check(text, Some(LintKind::Identity), None);
            let errors: Vec<_> = report.findings.iter().filter(|one| one.check.class().as_str() == "error").collect();
            prop_assert!(errors.is_empty(), "{:?} in {}", errors, text);
        }
        let actions: BTreeSet<&str> = found.actions.iter().map(String::as_str).collect();
        let known = ["iam:GetRole", "lambda:GetFunction", "s3:GetObject", "secretsmanager:CreateSecret", "ssm:GetParameter"];
        prop_assert!(actions.iter().all(|action| known.contains(action)));
    }

    #[test]
    fn the_order_of_events_and_the_threads_do_not_matter(events in proptest::collection::vec(any_event(), 1..60), at in 0_usize..60) {
        let whole = generated(&app(), &events, Resources::Patterns);
        prop_assert_eq!(&generated(&app(), events.iter().rev(), Resources::Patterns), &whole);
        let generator = generator(&app());
        let gather = |events: &[Value]| {
            let mut one = generator.start();
            each_event(generator.fields(), events, &mut |event| one.take(event));
            one.finish()
        };
        let (first, second) = events.split_at(at.min(events.len()));
        let mut merged = gather(second);
        merged.merge(gather(first));
        prop_assert_eq!(&generate(&generator, &merged, Resources::Patterns), &whole);
    }
}
