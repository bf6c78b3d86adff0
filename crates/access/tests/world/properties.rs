//! What must hold for all worlds: who can equals asking about every principal by name; changes of the organization
//! that undo each other change nothing.

use std::collections::BTreeMap;

use haechi_access::{Answer, Guardrails, HolderKind, World, who_can};
use haechi_iam::{Action, Context, Tri};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::made::*;

const ACTIONS: [&str; 6] =
    ["s3:GetObject", "s3:PutObject", "kms:Decrypt", "sts:AssumeRole", "ec2:RunInstances", "iam:PassRole"];

fn statement() -> impl Strategy<Value = Value> {
    let action =
        prop::sample::select(vec!["*", "s3:*", "s3:GetObject", "kms:*", "sts:AssumeRole", "ec2:*", "iam:PassRole"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:s3:::notes/*",
        "arn:aws:s3:::notes/public/*",
        "arn:aws:iam::222222222222:role/*",
    ]);
    let condition = prop::sample::select(vec![
        json!({}),
        json!({}),
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        json!({"StringEquals": {"aws:PrincipalTag/team": "core"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/user1*"}}),
    ]);
    (prop::bool::weighted(0.8), action, resource, condition).prop_map(|(allows, action, resource, condition)| {
        json!({"Effect": if allows { "Allow" } else { "Deny" }, "Action": action, "Resource": resource, "Condition": condition})
    })
}

fn policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..3)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

fn resource_policy() -> impl Strategy<Value = Value> {
    let principal = prop::sample::select(vec![
        json!("*"),
        json!({"AWS": PROD}),
        json!({"AWS": [DEV, OUTSIDE]}),
        json!({"AWS": user(PROD, "user0")}),
        json!({"AWS": role(DEV, "role0")}),
        json!({"Service": "ec2.amazonaws.com"}),
    ]);
    prop::collection::vec((statement(), principal), 1..3).prop_map(|statements| {
        let with = |(mut statement, principal): (Value, Value)| {
            statement["Principal"] = principal;
            statement
        };
        json!({"Version": "2012-10-17", "Statement": statements.into_iter().map(with).collect::<Vec<_>>()})
    })
}

prop_compose! {
    fn items()(
        people in prop::collection::vec((any::<bool>(), prop::sample::select(vec![MANAGEMENT, PROD, DEV]), policy(), 0..4_u8), 1..8),
        shared in policy(),
        group in policy(),
        limit in policy(),
        bucket in prop::option::of(resource_policy()),
        key in resource_policy(),
        trusted in resource_policy(),
        scps in prop::collection::vec((policy(), prop::sample::select(vec!["r-1", "ou-work", "ou-prod", PROD])), 0..3),
    ) -> Items {
        let mut items = Items::organization();
        for account in [MANAGEMENT, PROD, DEV] {
            items.managed(account, "shared", &shared).managed(account, "limit", &limit);
            items.group(account, "ops", std::slice::from_ref(&group), &[]);
        }
        let mut trusted = trusted;
        for statement in trusted["Statement"].as_array_mut().expect("statements") {
            statement.as_object_mut().expect("a statement").remove("Resource");
            statement["Action"] = json!("sts:AssumeRole");
        }
        for (number, (is_user, account, policy, extra)) in people.iter().enumerate() {
            let shared = format!("arn:aws:iam::{account}:policy/shared");
            let managed: &[&str] = match extra { 1 => &[&shared], 2 => &["arn:aws:iam::aws:policy/Unheard"], _ => &[] };
            let policies = std::slice::from_ref(policy);
            if *is_user {
                items.user(account, &format!("user{number}"), policies, managed, if *extra == 3 { &["ops"] } else { &[] });
            } else {
                items.role(account, &format!("role{number}"), &trusted, policies, managed);
            }
            if *extra == 3 {
                items.bounded(&format!("arn:aws:iam::{account}:policy/limit"));
            }
            items.tagged("team", if number % 2 == 0 { "core" } else { "web" });
        }
        for (number, (mut policy, target)) in scps.into_iter().enumerate() {
            for statement in policy["Statement"].as_array_mut().expect("statements") {
                statement["Effect"] = json!("Deny");
            }
            items.scp(&format!("p-{number}"), &policy, &[target]);
        }
        items.bucket(PROD, "notes", bucket.as_ref()).key(DEV, "1", &key);
        items
    }
}

fn resources(world: &World) -> Vec<String> {
    let mut resources = vec![
        "*".to_owned(),
        "arn:aws:s3:::notes/a".to_owned(),
        "arn:aws:s3:::notes/*".to_owned(),
        "arn:aws:s3:::dark/a".to_owned(),
        format!("arn:aws:kms:ap-northeast-2:{DEV}:key/1"),
    ];
    let roles = world.principals().iter().filter(|one| one.arn().contains(":role/"));
    resources.extend(roles.map(|role| role.arn().to_owned()));
    resources
}

/// What is allowed to every principal, asked one by one.
fn one_by_one(world: &World, action: &Action, resource: &str, context: &Context) -> BTreeMap<String, Tri> {
    let target = world.target(resource, None);
    let ask = |arn: &str| {
        let subject = world.subject(arn).expect("a principal");
        (arn.to_owned(), world.explain(&subject, action, &target, context).outcome.allowed)
    };
    world.principals().iter().map(|principal| ask(principal.arn())).filter(|(_, allowed)| *allowed != Tri::No).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn who_can_is_asking_everybody(items in items(), action in prop::sample::select(ACTIONS.to_vec()), open in any::<bool>()) {
        let world = items.world();
        let action = Action::parse(action).expect("an action");
        let context = if open { Context::open() } else { Context::new() };
        for resource in resources(&world) {
            let found = who_can(&world, &action, &world.target(&resource, None), &context, Guardrails::Counted);
            let people = found.rows.iter().filter(|row| matches!(row.holder.kind, HolderKind::User | HolderKind::Role));
            let people: BTreeMap<String, Tri> = people
                .map(|row| (row.holder.name.clone(), if row.explanation.answer == Answer::Yes { Tri::Yes } else { Tri::Maybe }))
                .collect();
            let mut alone = one_by_one(&world, &action, &resource, &context);
            // Of a resource that was not recorded, those whom only its own policy could let in are counted.
            if let Some(left) = found.left_to_policy {
                let before = alone.len();
                alone.retain(|name, allowed| people.contains_key(name) || *allowed != Tri::Maybe);
                prop_assert!(before - alone.len() <= left, "{}", resource);
            }
            prop_assert_eq!(people, alone, "{}", resource);
        }
    }

    #[test]
    fn changes_that_undo_each_other_change_nothing(items in items(), action in prop::sample::select(ACTIONS.to_vec())) {
        let world = items.world();
        let action = Action::parse(action).expect("an action");
        let mut organization = world.organization().expect("an organization").clone();
        organization.move_account(PROD, "r-1").expect("moved");
        organization.detach("p-FullAWSAccess", "ou-work").expect("detached");
        organization.attach("p-FullAWSAccess", "ou-work").expect("attached");
        organization.move_account(PROD, "ou-prod").expect("moved");
        let same = world.with_organization(organization);
        for resource in resources(&world) {
            let context = Context::open();
            prop_assert_eq!(one_by_one(&world, &action, &resource, &context), one_by_one(&same, &action, &resource, &context));
        }
    }
}
