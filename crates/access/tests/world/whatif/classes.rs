//! A hand-made call of every class.

use haechi_access::whatif::{Change, Class, Reason, WhatIf, WhatIfError};
use haechi_access::{OrgPolicyType, OrganizationError, World};
use serde_json::{Value, json};

use super::replayed::*;
use crate::made::*;

/// The organization of the tests with some people, and an SCP that denies deleting buckets to DEV.
fn organization() -> World {
    let mut items = Items::organization();
    items.user(PROD, "ana", &[allow("*", "*")], &[], &[]).user(DEV, "ben", &[allow("*", "*")], &[], &[]);
    let trusted = trust(json!({"AWS": PROD}));
    items.role(PROD, "deploy", &trusted, &[allow("s3:*", "*")], &[]).tagged("team", "core");
    items.role(PROD, "aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS", &trusted, &[], &[]);
    items.user(MANAGEMENT, "root-admin", &[allow("*", "*")], &[], &[]);
    items.scp("p-NoDelete", &deny("s3:DeleteBucket"), &[DEV]);
    items.world()
}

fn no_ec2() -> Vec<Change> {
    vec![attach(&deny("ec2:*"), "r-1")]
}

fn check(changes: Vec<Change>, event: &Value, expected: Class) {
    assert_eq!(class_of(&organization(), changes, event), expected, "{event}");
}

fn detach(policy: &str, from: &str) -> Change {
    Change::Detach { policy: policy.into(), target: from.into() }
}

#[test]
fn each_class_has_its_calls() {
    let ana = |source, name| call(&user(PROD, "ana"), source, name);
    let run = ana("ec2", "RunInstances");
    check(no_ec2(), &run, Class::Denied);
    check(no_ec2(), &ana("s3", "ListBuckets"), Class::Allowed);
    check(vec![attach(&deny("ec2:*"), DEV)], &run, Class::Untouched);
    check(no_ec2(), &with(run.clone(), "errorCode", json!("Client.UnauthorizedOperation")), Class::DeniedInLog);
    // What failed for another reason was allowed.
    check(no_ec2(), &with(run.clone(), "errorCode", json!("Client.InvalidGroup.NotFound")), Class::Denied);
    check(no_ec2(), &call(&user(MANAGEMENT, "root-admin"), "ec2", "RunInstances"), Class::ManagementAccount);
    let linked = role(PROD, "aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS");
    check(no_ec2(), &call(&linked, "ec2", "CreateNetworkInterface"), Class::ServiceLinkedRole);
    check(no_ec2(), &call(&user(OUTSIDE, "eve"), "ec2", "RunInstances"), Class::Outsider);
    // SCPs bind the root user.
    check(no_ec2(), &call(&format!("arn:aws:iam::{PROD}:root"), "ec2", "RunInstances"), Class::Denied);
    let service = with(run.clone(), "userIdentity", json!({"type": "AWSService", "invokedBy": "rds.amazonaws.com"}));
    check(no_ec2(), &service, Class::Service);
    let sign_in = with(ana("signin", "ConsoleLogin"), "eventType", json!("AwsConsoleSignIn"));
    check(no_ec2(), &sign_in, Class::NoPermission);
    check(vec![attach(&deny("*"), "r-1")], &ana("sts", "GetCallerIdentity"), Class::NoPermission);
    check(no_ec2(), &with(run.clone(), "eventType", json!("AwsServiceEvent")), Class::NoPermission);
    // An account of the organization without a name for who it was.
    let nobody = with(run.clone(), "userIdentity", json!({"type": "AWSAccount", "accountId": PROD}));
    check(no_ec2(), &nobody, Class::Undecided);
    check(no_ec2(), &ana("ec2", "BrandNewCall"), Class::Undecided);
    check(vec![attach(&allow("s3:*", "*"), PROD)], &ana("ec2", "BrandNewCall"), Class::Allowed);
}

#[test]
fn what_a_call_was_denied_by_matters() {
    let delete = call(&user(DEV, "ben"), "s3", "DeleteBucket");
    let denied =
        |message: &str| with(with(delete.clone(), "errorCode", json!("AccessDenied")), "errorMessage", json!(message));
    let by_scp = denied("... with an explicit deny in a service control policy");
    let by_identity = denied("... because no identity-based policy allows the s3:DeleteBucket action");
    check(vec![detach("p-NoDelete", DEV)], &by_scp, Class::Freed);
    check(vec![detach("p-NoDelete", DEV)], &denied(""), Class::Freed);
    check(vec![detach("p-NoDelete", DEV)], &by_identity, Class::DeniedInLog);
    check(no_ec2(), &by_scp, Class::DeniedInLog);
    // The call passed before somebody attached the policy that denies it today.
    check(vec![attach(&deny("s3:*"), "r-1")], &delete, Class::DeniedAlready);
    let other = call(&user(DEV, "ben"), "s3", "CreateBucket");
    check(vec![attach(&deny("s3:*"), "r-1")], &other, Class::Denied);
}

#[test]
fn detached_full_access_denies_everything_below() {
    let changes = vec![detach("p-FullAWSAccess", "ou-work")];
    for account in [PROD, DEV] {
        let (call, _) = one(&organization(), changes.clone(), &call(&user(account, "any"), "s3", "ListBuckets"));
        assert_eq!(call.class, Class::Denied);
        assert_eq!(call.reasons, [Reason::NothingAllows { layer: "scp", target: "ou-work".into() }]);
    }
    check(changes, &call(&user(MANAGEMENT, "root-admin"), "s3", "ListBuckets"), Class::ManagementAccount);
}

#[test]
fn an_allow_list_in_its_place_allows_what_it_names() {
    let changes = vec![detach("p-FullAWSAccess", "ou-prod"), attach(&allow("s3:*", "*"), "ou-prod")];
    check(changes.clone(), &call(&user(PROD, "ana"), "s3", "ListBuckets"), Class::Allowed);
    check(changes, &call(&user(PROD, "ana"), "ec2", "RunInstances"), Class::Denied);
}

#[test]
fn a_moved_account_takes_on_what_is_above_it() {
    let mut items = Items::organization();
    items.scp("p-NoEc2", &deny("ec2:*"), &["ou-prod"]);
    let world = items.world();
    let moved = |account: &str, parent: &str| vec![Change::Move { account: account.into(), parent: parent.into() }];
    let run = |account| call(&user(account, "any"), "ec2", "RunInstances");
    assert_eq!(class_of(&world, moved(DEV, "ou-prod"), &run(DEV)), Class::Denied);
    assert_eq!(class_of(&world, moved("lab", "Root/Work/Prod"), &run(DEV)), Class::Denied);
    // The same is attached to what is left of its path.
    assert_eq!(class_of(&world, moved(DEV, "ROOT"), &run(DEV)), Class::Untouched);
    let denied = with(run(PROD), "errorCode", json!("Client.UnauthorizedOperation"));
    assert_eq!(class_of(&world, moved(PROD, "ou-work"), &denied), Class::Freed);
}

#[test]
fn a_replaced_policy_is_asked_as_it_will_be() {
    let replace = |content: &Value| vec![Change::Replace { policy: "p-NoDelete".into(), content: content.to_string() }];
    let get = call(&user(DEV, "ben"), "s3", "ListBuckets");
    check(replace(&deny("s3:Put*")), &get, Class::Allowed);
    check(replace(&deny("s3:ListAllMyBuckets")), &get, Class::Denied);
    check(replace(&deny("s3:DeleteBucket")), &get, Class::Untouched);
}

#[test]
fn rcps_reach_outsiders_and_services() {
    let perimeter = json!({"Version": "2012-10-17", "Statement": [{"Sid": "OursOnly", "Effect": "Deny", "Principal": "*",
        "Action": "s3:*", "Resource": "*", "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}]});
    let changes = vec![Change::AttachNew {
        name: "perimeter.json".into(),
        policy_type: OrgPolicyType::ResourceControl,
        content: perimeter.to_string(),
        target: "r-1".into(),
    }];
    let get = |arn: &str| {
        let event = with(call(arn, "s3", "GetObject"), "recipientAccountId", json!(PROD));
        with(
            event,
            "resources",
            json!([{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::notes/a.txt"},
            {"accountId": PROD, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::notes"}]),
        )
    };
    let eve = get(&user(OUTSIDE, "eve"));
    // Nobody recorded which organization, if any, the outsider is in; it is not this one.
    check(changes.clone(), &eve, Class::Denied);
    check(changes.clone(), &get(&user(DEV, "ben")), Class::Allowed);
    let service = with(eve, "userIdentity", json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}));
    check(changes, &service, Class::Service);
}

#[test]
fn changes_that_cannot_be_made_are_errors() {
    let world = organization();
    let error = |change| WhatIf::new(&world, vec![change]).expect_err("no such change");
    assert_eq!(error(attach(&deny("*"), "ou-none")), WhatIfError::UnknownTarget("ou-none".into()));
    assert_eq!(error(detach("p-none", "r-1")), WhatIfError::UnknownPolicy("p-none".into()));
    let away = error(detach("p-NoDelete", "r-1"));
    assert!(matches!(away, WhatIfError::Organization(OrganizationError::NotAttached { .. })), "{away}");
    let onto = error(Change::Move { account: PROD.into(), parent: DEV.into() });
    assert!(matches!(onto, WhatIfError::Organization(OrganizationError::NotAParent(_))), "{onto}");
    let broken = error(Change::Replace { policy: "p-NoDelete".into(), content: "{".into() });
    assert!(matches!(broken, WhatIfError::Organization(OrganizationError::Policy { .. })), "{broken}");
    let mut alone = Items::default();
    alone.user(PROD, "ana", &[], &[], &[]);
    assert_eq!(WhatIf::new(&alone.world(), Vec::new()).expect_err("none"), WhatIfError::NoOrganization);
}

#[test]
fn counts_tell_when_where_and_which() {
    let world = organization();
    let what = whatif(&world, no_ec2());
    let mut events = Vec::new();
    for number in 0..6 {
        let event = call(&user(PROD, "ana"), "ec2", "RunInstances");
        let event = with(event, "eventID", json!(format!("e-{number}")));
        let event = with(event, "eventTime", json!(format!("2026-11-20T02:0{}:00Z", 9 - number)));
        events.push(with(event, "awsRegion", json!(if number % 2 == 0 { "eu-west-1" } else { "us-east-1" })));
    }
    let tally = replayed(&what, &events);
    let (call, count) = tally.calls().next().expect("one kind");
    assert_eq!((&*call.account, &*call.action), (PROD, "ec2:RunInstances"));
    assert_eq!(count.calls, 6);
    assert_eq!(
        (count.first.to_string(), count.last.to_string()),
        ("2026-11-20T02:04:00Z".into(), "2026-11-20T02:09:00Z".into())
    );
    let ids: Vec<_> = count.examples.iter().map(|(_, id)| &**id).collect();
    assert_eq!(ids, ["e-5", "e-4", "e-3"]);
    assert_eq!(count.regions.iter().map(|region| &**region).collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
    // On two threads it is the same.
    let mut halves = replayed(&what, &events[..2]);
    halves.merge(replayed(&what, &events[2..]));
    assert_eq!(halves, tally);
}
