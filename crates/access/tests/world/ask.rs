//! Questions to made-up worlds: who can, what can.

use haechi_access::{Answer, Guardrails, HolderKind, WhoCan, World, what_can, who_can};
use haechi_iam::{Action, Context};
use serde_json::{Value, json};

use crate::made::*;

fn who(world: &World, action: &str, resource: &str) -> WhoCan {
    let (action, target) = (Action::parse(action).expect("an action"), world.target(resource, None));
    who_can(world, &action, &target, &Context::open(), Guardrails::Counted)
}

/// Checks who can, as `(kind, name, answer)` in any order.
fn check(world: &World, action: &str, resource: &str, expected: &[(HolderKind, &str, Answer)]) {
    let found = who(world, action, resource);
    let mut rows: Vec<_> =
        found.rows.iter().map(|row| (row.holder.kind, row.holder.name.as_str(), row.explanation.answer)).collect();
    rows.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(rows, expected, "{action} {resource}");
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn with_condition(mut policy: Value, condition: Value) -> Value {
    policy["Statement"][0]["Condition"] = condition;
    policy
}

#[test]
fn who_can_read_a_bucket() {
    let mut items = Items::organization();
    items.bucket(PROD, "notes", Some(&allow_to(json!({"AWS": DEV}), "s3:GetObject", "arn:aws:s3:::notes/*")));
    items.user(PROD, "reader", &[allow("s3:Get*", "arn:aws:s3:::notes/*")], &[], &[]);
    items.user(PROD, "other", &[allow("s3:Get*", "arn:aws:s3:::other/*")], &[], &[]);
    items.user(PROD, "denied", &[allow("s3:*", "*"), deny("s3:GetObject")], &[], &[]);
    items.user(DEV, "cross", &[allow("s3:*", "*")], &[], &[]).user(DEV, "without", &[], &[], &[]);
    items.user(MANAGEMENT, "chief", &[allow("*", "*")], &[], &[]);
    let world = items.world();
    let reader = user(PROD, "reader");
    check(
        &world,
        "s3:GetObject",
        "arn:aws:s3:::notes/*",
        &[
            (HolderKind::User, &reader, Answer::Yes),
            (HolderKind::User, &user(DEV, "cross"), Answer::Yes),
            (HolderKind::Root, &root(PROD), Answer::Yes),
            (HolderKind::Root, &root(DEV), Answer::Yes),
        ],
    );
    let found = who(&world, "s3:GetObject", "arn:aws:s3:::notes/*");
    assert_eq!(found.asked, 6 + 3);
    let row = found.rows.iter().find(|row| row.holder.name == reader).unwrap();
    let because = &row.explanation.because[0];
    assert_eq!(
        (because.layer, because.policy.as_str(), because.sid.as_deref()),
        ("identity", "inline0", Some("Allows"))
    );
}

#[test]
fn conditions_make_a_yes_conditional() {
    let mut items = Items::organization();
    let office = with_condition(allow("s3:*", "*"), json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}));
    items.user(PROD, "office", &[office], &[], &[]).bucket(PROD, "notes", None);
    items.user(PROD, "part", &[allow("s3:GetObject", "arn:aws:s3:::notes/public/*")], &[], &[]);
    let tagged = with_condition(allow("s3:*", "*"), json!({"StringEquals": {"aws:PrincipalTag/team": "core"}}));
    items.user(PROD, "core", std::slice::from_ref(&tagged), &[], &[]).tagged("team", "core");
    items.user(PROD, "web", &[tagged], &[], &[]).tagged("team", "web");
    let world = items.world();
    check(
        &world,
        "s3:GetObject",
        "arn:aws:s3:::notes/*",
        &[
            (HolderKind::User, &user(PROD, "office"), Answer::Conditional),
            (HolderKind::User, &user(PROD, "part"), Answer::Conditional),
            (HolderKind::User, &user(PROD, "core"), Answer::Yes),
            (HolderKind::Root, &root(PROD), Answer::Yes),
        ],
    );
    let found = who(&world, "s3:GetObject", "arn:aws:s3:::notes/*");
    let row = found.rows.iter().find(|row| row.holder.name.ends_with("office")).unwrap();
    assert_eq!(row.explanation.keys, ["aws:SourceIp"]);
    let condition = &row.explanation.because[0].conditions[0];
    assert_eq!(
        (condition.operator.as_str(), condition.values.as_slice()),
        ("IpAddress", &["203.0.113.0/24".to_owned()][..])
    );
}

#[test]
fn those_outside_are_named() {
    let mut items = Items::organization();
    let opened = allow_to(
        json!({"AWS": [OUTSIDE, role("888888888888", "partner")], "Service": "delivery.logs.amazonaws.com"}),
        "s3:PutObject",
        "arn:aws:s3:::logs/*",
    );
    items.bucket(PROD, "logs", Some(&opened));
    items.bucket(PROD, "web", Some(&allow_to(json!("*"), "s3:GetObject", "arn:aws:s3:::web/*")));
    let ours = with_condition(
        allow_to(json!("*"), "s3:GetObject", "arn:aws:s3:::ours/*"),
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    );
    items.bucket(PROD, "ours", Some(&ours));
    let place = with_condition(
        allow_to(json!("*"), "s3:GetObject", "arn:aws:s3:::vpc/*"),
        json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
    );
    items.bucket(PROD, "vpc", Some(&place));
    items.user(PROD, "mina", &[], &[], &[]).user(DEV, "jun", &[allow("s3:*", "*")], &[], &[]);
    items.user(MANAGEMENT, "chief", &[], &[], &[]);
    let world = items.world();
    check(
        &world,
        "s3:PutObject",
        "arn:aws:s3:::logs/a",
        &[
            (HolderKind::Outside, OUTSIDE, Answer::Yes),
            (HolderKind::Outside, &role("888888888888", "partner"), Answer::Yes),
            (HolderKind::Service, "delivery.logs.amazonaws.com", Answer::Yes),
            (HolderKind::Root, &root(PROD), Answer::Yes),
        ],
    );
    check(
        &world,
        "s3:GetObject",
        "arn:aws:s3:::web/a",
        &[
            (HolderKind::Everyone, "*", Answer::Yes),
            (HolderKind::User, &user(PROD, "mina"), Answer::Yes),
            (HolderKind::User, &user(DEV, "jun"), Answer::Yes),
            (HolderKind::Root, &root(PROD), Answer::Yes),
            (HolderKind::Root, &root(DEV), Answer::Yes),
            (HolderKind::Root, &root(MANAGEMENT), Answer::Yes),
        ],
    );
    check(
        &world,
        "s3:GetObject",
        "arn:aws:s3:::ours/a",
        &[
            (HolderKind::User, &user(PROD, "mina"), Answer::Yes),
            (HolderKind::User, &user(DEV, "jun"), Answer::Yes),
            (HolderKind::Root, &root(PROD), Answer::Yes),
            (HolderKind::Root, &root(DEV), Answer::Yes),
            (HolderKind::Root, &root(MANAGEMENT), Answer::Yes),
        ],
    );
    let found = who(&world, "s3:GetObject", "arn:aws:s3:::vpc/a");
    let everyone = found.rows.iter().find(|row| row.holder.kind == HolderKind::Everyone).unwrap();
    assert_eq!(
        (everyone.explanation.answer, everyone.explanation.keys.as_slice()),
        (Answer::Conditional, &["aws:SourceVpce".to_owned()][..])
    );
}

#[test]
fn federated_identities_and_services_are_those_of_the_trust_policy() {
    let mut items = Items::organization();
    let provider = format!("arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com");
    let mut web = trust(json!({"Federated": provider}));
    web["Statement"][0]["Action"] = json!("sts:AssumeRoleWithWebIdentity");
    items.role(PROD, "deploy", &web, &[], &[]);
    items.role(PROD, "server", &trust(json!({"Service": "ec2.amazonaws.com"})), &[], &[]);
    items.user(MANAGEMENT, "chief", &[], &[], &[]).user(DEV, "mina", &[], &[], &[]);
    let world = items.world();
    check(
        &world,
        "sts:AssumeRoleWithWebIdentity",
        &role(PROD, "deploy"),
        &[(HolderKind::Federated, &provider, Answer::Yes)],
    );
    check(&world, "sts:AssumeRole", &role(PROD, "server"), &[(HolderKind::Service, "ec2.amazonaws.com", Answer::Yes)]);
}

#[test]
fn of_a_resource_that_was_not_recorded_those_are_listed_whom_their_own_policies_allow() {
    let mut items = Items::organization();
    items.user(PROD, "mina", &[allow("s3:Get*", "*")], &[], &[]).user(PROD, "jun", &[allow("sqs:*", "*")], &[], &[]);
    items.user(DEV, "ana", &[allow("kms:Decrypt", "*")], &[], &[]);
    let world = items.world();
    let check = |action: &str, resource: &str, expected: &[String]| {
        let found = who(&world, action, resource);
        let users = found.rows.iter().filter(|row| row.holder.kind == HolderKind::User);
        let names: Vec<String> = users.clone().map(|row| row.holder.name.clone()).collect();
        assert_eq!(names, expected, "{action}");
        assert!(users.clone().all(|row| row.explanation.answer == Answer::Undecidable), "{action}");
        assert!(found.left_to_policy.is_some_and(|left| left > 0), "{:?}", found.left_to_policy);
    };
    check("s3:GetObject", "arn:aws:s3:::elsewhere/a", &[user(PROD, "mina")]);
    let key = format!("arn:aws:kms:us-east-1:{PROD}:key/gone");
    check("kms:Decrypt", &key, &[user(DEV, "ana")]);
    check("sqs:SendMessage", &format!("arn:aws:sqs:us-east-1:{DEV}:gone"), &[user(PROD, "jun")]);
    // What has no policy of its own is asked as ever.
    assert_eq!(who(&world, "ec2:StartInstances", "*").left_to_policy, None);
}

#[test]
fn what_was_not_recorded_makes_an_answer_undecidable() {
    let mut items = Items::organization();
    items.bucket(PROD, "notes", None).user(PROD, "mina", &[], &["arn:aws:iam::aws:policy/Unheard"], &[]);
    items.bucket(PROD, "shared", Some(&allow_to(json!({"AWS": MANAGEMENT}), "s3:GetObject", "*")));
    items.user(DEV, "jun", &[], &[], &[]);
    let world = items.world();
    check(
        &world,
        "s3:GetObject",
        "arn:aws:s3:::notes/a",
        &[(HolderKind::User, &user(PROD, "mina"), Answer::Undecidable), (HolderKind::Root, &root(PROD), Answer::Yes)],
    );
    let found = who(&world, "s3:GetObject", "arn:aws:s3:::notes/a");
    let row = found.rows.iter().find(|row| row.holder.kind == HolderKind::User).unwrap();
    assert_eq!(row.explanation.unrecorded, ["arn:aws:iam::aws:policy/Unheard"]);
    // The management account's principals were not recorded.
    check(
        &world,
        "s3:GetObject",
        "arn:aws:s3:::shared/a",
        &[
            (HolderKind::UnrecordedAccount, MANAGEMENT, Answer::Undecidable),
            (HolderKind::Root, &root(MANAGEMENT), Answer::Yes),
            (HolderKind::Root, &root(PROD), Answer::Yes),
            (HolderKind::User, &user(PROD, "mina"), Answer::Undecidable),
        ],
    );
}

#[test]
fn what_somebody_can() {
    let mut items = Items::organization();
    items.scp("p-deny", &deny("s3:DeleteObject"), &["r-1"]);
    items.user(PROD, "mina", &[allow("s3:*Object", "arn:aws:s3:::notes/*"), allow("ec2:*", "*")], &[], &[]);
    items.bucket(PROD, "notes", None);
    items.bucket(
        DEV,
        "gift",
        Some(&allow_to(json!({"AWS": user(PROD, "mina")}), "s3:GetObject", "arn:aws:s3:::gift/*")),
    );
    items.key(PROD, "1", &allow_to(json!({"AWS": user(PROD, "mina")}), "kms:Decrypt", "*"));
    let world = items.world();
    let mina = world.subject(&user(PROD, "mina")).unwrap();
    let actions: Vec<Action> = ["ec2:RunInstances", "iam:CreateUser", "kms:Decrypt", "s3:DeleteObject", "s3:GetObject"]
        .into_iter()
        .map(|action| Action::parse(action).unwrap())
        .collect();
    let found = what_can(&world, &mina, &actions, None, &Context::open(), Guardrails::Counted);
    let rows: Vec<_> =
        found.rows.iter().map(|row| (row.action.as_str(), row.resource.as_deref(), row.explanation.answer)).collect();
    let key = format!("arn:aws:kms:ap-northeast-2:{PROD}:key/1");
    assert_eq!(
        rows,
        [
            ("ec2:RunInstances", None, Answer::Yes),
            ("kms:Decrypt", Some(key.as_str()), Answer::Yes),
            ("s3:GetObject", None, Answer::Conditional),
        ]
    );
    assert_eq!(found.asked, 5);
    let on_notes = what_can(
        &world,
        &mina,
        &actions,
        Some(&world.target("arn:aws:s3:::notes/a", None)),
        &Context::open(),
        Guardrails::WithoutScps,
    );
    let rows: Vec<_> = on_notes.rows.iter().map(|row| (row.action.as_str(), row.explanation.answer)).collect();
    // Whether an action is of the resource's service is the asker's to choose.
    assert_eq!(
        rows,
        [("ec2:RunInstances", Answer::Yes), ("s3:DeleteObject", Answer::Yes), ("s3:GetObject", Answer::Yes)]
    );
}

#[test]
fn roles_and_keys_are_asked_one_by_one() {
    let mut items = Items::organization();
    items.user(DEV, "mina", &[allow("sts:AssumeRole", "*"), allow("kms:*", "*")], &[], &[]);
    items.role(PROD, "open", &trust(json!({"AWS": DEV})), &[], &[]);
    items.role(PROD, "closed", &trust(json!({"AWS": MANAGEMENT})), &[], &[]);
    items.role(DEV, "own", &trust(json!({"AWS": user(DEV, "mina")})), &[], &[]);
    items.key(DEV, "delegating", &allow_to(json!({"AWS": DEV}), "kms:*", "*"));
    items.key(DEV, "closed", &allow_to(json!({"AWS": user(DEV, "other")}), "kms:*", "*"));
    let world = items.world();
    let mina = world.subject(&user(DEV, "mina")).unwrap();
    let actions = ["kms:Decrypt", "sts:AssumeRole"].map(|action| Action::parse(action).unwrap());
    let found = what_can(&world, &mina, &actions, None, &Context::open(), Guardrails::Counted);
    let rows: Vec<_> = found
        .rows
        .iter()
        .map(|row| (row.action.as_str(), row.resource.as_deref().unwrap(), row.explanation.answer))
        .collect();
    assert_eq!(
        rows,
        [
            ("kms:Decrypt", format!("arn:aws:kms:ap-northeast-2:{DEV}:key/delegating").as_str(), Answer::Yes),
            ("sts:AssumeRole", &role(PROD, "open"), Answer::Yes),
            ("sts:AssumeRole", &role(DEV, "own"), Answer::Yes),
        ]
    );
}

#[test]
fn access_control_lists_of_buckets_count() {
    let mut items = Items::organization();
    items.user(PROD, "mina", &[], &[], &[]).user(DEV, "jun", &[allow("s3:*", "*")], &[], &[]);
    items.user(MANAGEMENT, "chief", &[], &[], &[]).bucket(PROD, "share", None);
    let list = json!({"grantList": [{"grantee": {"id": "abc"}, "permission": "FullControl"},
        {"grantee": "AllUsers", "permission": "Read"}], "owner": {"id": "abc"}});
    items.last()["supplementaryConfiguration"]["AccessControlList"] = json!(list.to_string());
    let bucket = "arn:aws:s3:::share";
    let everybody = |world: &World, action: &str, resource: &str| {
        who(world, action, resource).rows.iter().any(|row| row.holder.kind == HolderKind::Everyone)
    };
    let world = items.world();
    assert!(everybody(&world, "s3:ListBucket", bucket));
    assert!(!everybody(&world, "s3:PutObject", "arn:aws:s3:::share/a"));
    let found = who(&world, "s3:ListBucket", bucket);
    assert!(found.rows.iter().any(|row| row.holder.name == user(PROD, "mina")));
    assert_eq!(found.rows[0].explanation.because[0].policy, "access control list");
    // Anybody with an account is not anybody.
    let mut signed = items.clone();
    signed.last()["supplementaryConfiguration"]["AccessControlList"] =
        json!(list.to_string().replace("AllUsers", "AuthenticatedUsers"));
    let world = signed.world();
    assert!(!everybody(&world, "s3:ListBucket", bucket));
    assert!(who(&world, "s3:ListBucket", bucket).rows.iter().any(|row| row.holder.kind == HolderKind::EveryAccount));
    // Three ways to pass over the list.
    let mut own = items.clone();
    own.last()["supplementaryConfiguration"]["PublicAccessBlockConfiguration"] = json!({"ignorePublicAcls": true});
    assert!(!everybody(&own.world(), "s3:ListBucket", bucket));
    let mut enforced = items.clone();
    enforced.last()["supplementaryConfiguration"]["BucketOwnershipControls"] =
        json!({"rules": [{"objectOwnership": "BucketOwnerEnforced"}]});
    assert!(!everybody(&enforced.world(), "s3:ListBucket", bucket));
    let block = json!({"ignorePublicAcls": true});
    items.item(PROD, "AWS::S3::AccountPublicAccessBlock", PROD, "arn:aws:s3:::accountpublicaccessblock/1", block);
    assert!(!everybody(&items.world(), "s3:ListBucket", bucket));
}
