//! What undoes itself changes nothing, whatever the organization and the calls are.

use haechi_access::whatif::{Change, Class};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::replayed::*;
use crate::made::*;

fn policy() -> impl Strategy<Value = Value> {
    let action = prop::sample::select(vec!["*", "s3:*", "s3:GetObject", "ec2:RunInstances", "iam:*"]);
    let condition = prop::sample::select(vec![
        json!({}),
        json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/u0"}}),
        json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
        json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-work/ou-prod/*"}}),
    ]);
    (prop::bool::weighted(0.4), action, condition).prop_map(|(allows, action, condition)| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": if allows { "Allow" } else { "Deny" }, "Action": action, "Resource": "*", "Condition": condition}]})
    })
}

fn target() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["r-1", "ou-work", "ou-prod", PROD, DEV])
}

fn event() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        ("s3", "GetObject"),
        ("ec2", "RunInstances"),
        ("iam", "CreateRole"),
        ("sts", "GetCallerIdentity"),
    ]);
    let account = prop::sample::select(vec![PROD, DEV, MANAGEMENT, OUTSIDE]);
    (name, account, 0..2, any::<bool>(), any::<bool>()).prop_map(|((source, name), account, who, denied, endpoint)| {
        let mut event = call(&user(account, &format!("u{who}")), source, name);
        if denied {
            event["errorCode"] = json!("AccessDenied");
        }
        if endpoint {
            event["vpcEndpointId"] = json!("vpce-1");
        }
        event
    })
}

/// A policy with what it is attached to.
type Attached = (Value, Vec<&'static str>);

fn organization() -> impl Strategy<Value = Vec<Attached>> {
    prop::collection::vec((policy(), prop::collection::vec(target(), 1..3)), 0..4)
}

fn made(policies: &[Attached]) -> haechi_access::World {
    let mut items = Items::organization();
    for (number, (policy, targets)) in policies.iter().enumerate() {
        items.scp(&format!("p-{number}"), policy, targets);
    }
    items.world()
}

fn is_change(class: Class) -> bool {
    !matches!(
        class,
        Class::Untouched
            | Class::DeniedInLog
            | Class::ManagementAccount
            | Class::ServiceLinkedRole
            | Class::Service
            | Class::Outsider
            | Class::NoPermission
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn there_and_back_changes_nothing(policies in organization(), events in prop::collection::vec(event(), 1..8), to in prop::sample::select(vec!["r-1", "ou-prod"])) {
        let world = made(&policies);
        let change = |parent: &str| Change::Move { account: DEV.into(), parent: parent.into() };
        let what = whatif(&world, vec![change(to), change("ou-work")]);
        prop_assert_eq!(what.accounts().len(), 0);
        let tally = replayed(&what, &events);
        prop_assert!(tally.calls().all(|(call, _)| !is_change(call.class)), "{:?}", tally);
        prop_assert!(what.access_changes(&CATALOGUE).is_empty());
    }

    #[test]
    fn detached_and_attached_changes_nothing(policies in organization(), events in prop::collection::vec(event(), 1..8)) {
        let world = made(&policies);
        for (number, (content, targets)) in policies.iter().enumerate() {
            let (policy, target) = (format!("p-{number}"), targets[0].to_owned());
            let by_id = vec![
                Change::Detach { policy: policy.clone(), target: target.clone() },
                Change::Attach { policy: policy.clone(), target: target.clone() },
            ];
            // The same text from a file is the same policy.
            let by_file = vec![Change::Detach { policy: policy.clone(), target: target.clone() }, attach(content, &target)];
            let same_text = vec![Change::Replace { policy, content: content.to_string() }];
            for changes in [by_id, by_file, same_text] {
                let what = whatif(&world, changes);
                prop_assert_eq!(what.accounts().len(), 0);
                let tally = replayed(&what, &events);
                prop_assert!(tally.calls().all(|(call, _)| !is_change(call.class)), "{:?}", tally);
            }
        }
    }

    #[test]
    fn every_event_is_in_one_class_and_what_is_denied_is_denied_by_the_whole(policies in organization(), new in policy(), at in target(), events in prop::collection::vec(event(), 1..8)) {
        let world = made(&policies);
        let what = whatif(&world, vec![attach(&new, at)]);
        let tally = replayed(&what, &events);
        prop_assert_eq!(tally.events(), events.len() as u64);
        let classes: u64 = Class::ALL.into_iter().map(|class| tally.of_class(class)).sum();
        prop_assert_eq!(classes, tally.events());
        // An Allow that is added denies nobody.
        if new["Statement"][0]["Effect"] == "Allow" {
            prop_assert_eq!(tally.of_class(Class::Denied), 0);
        }
        for event in &events {
            let (call, _) = one(&world, vec![attach(&new, at)], event);
            let counted = tally.calls().any(|(known, _)| *known == call);
            prop_assert!(counted, "alone or among others it is the same: {:?}", call);
        }
    }
}
