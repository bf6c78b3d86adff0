//! Permissions that come and go.

use haechi_access::World;
use haechi_access::whatif::{AccessChange, Change, condensed};
use serde_json::json;

use super::replayed::*;
use crate::made::*;

fn changes(world: &World, change: Change) -> Vec<AccessChange> {
    whatif(world, vec![change]).access_changes(&CATALOGUE)
}

fn organization() -> World {
    let mut items = Items::organization();
    items.user(PROD, "ana", &[allow("*", "*")], &[], &[]).user(PROD, "zoe", &[allow("*", "*")], &[], &[]);
    items.user(PROD, "reader", &[allow("s3:Get*", "*")], &[], &[]);
    items.role(DEV, "worker", &trust(json!({"AWS": DEV})), &[allow("ec2:*", "*")], &[]);
    items.scp("p-NoStop", &deny("cloudtrail:StopLogging"), &["ou-work"]);
    items.world()
}

#[test]
fn lost_permissions_are_those_that_were_granted() {
    let found = changes(&organization(), attach(&deny("s3:GetObject"), "ou-prod"));
    assert_eq!(found.len(), 1, "all three lose the same: {found:?}");
    assert_eq!(found[0].principals.len(), 3);
    assert_eq!(found[0].lost, ["s3:GetObject".into()]);
    let found = changes(&organization(), attach(&deny("ec2:RunInstances"), "r-1"));
    let who: Vec<_> = found.iter().flat_map(|change| &change.principals).map(|arn| &**arn).collect();
    assert_eq!(who, [user(PROD, "ana"), user(PROD, "zoe"), role(DEV, "worker")]);
}

#[test]
fn a_detached_policy_gives() {
    let detach = Change::Detach { policy: "p-NoStop".into(), target: "ou-work".into() };
    let found = changes(&organization(), detach);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].gained, ["cloudtrail:StopLogging".into()]);
    assert_eq!(found[0].principals.len(), 2);
    let all = Change::Detach { policy: "p-FullAWSAccess".into(), target: "ou-work".into() };
    let found = changes(&organization(), all);
    let worker = found.iter().find(|change| &*change.account == DEV).expect("the worker");
    let words = condensed(&CATALOGUE, &worker.lost);
    assert_eq!(words.len(), 1, "{words:?}");
    assert_eq!(words[0].0, "ec2:*");
}

#[test]
fn conditions_limit_and_exempt() {
    let region = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:RunInstances",
        "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}]});
    let found = changes(&organization(), attach(&region, "ou-work"));
    assert!(found.iter().all(|change| change.limited == ["ec2:RunInstances".into()] && change.lost.is_empty()));
    let but_ana = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:GetObject",
        "Resource": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": user(PROD, "ana")}}}]});
    let found = changes(&organization(), attach(&but_ana, "ou-work"));
    let who: Vec<_> = found.iter().flat_map(|change| &change.principals).map(|arn| &**arn).collect();
    assert_eq!(who, [user(PROD, "reader"), user(PROD, "zoe")]);
}
