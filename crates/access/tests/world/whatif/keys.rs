//! Condition keys that an event tells, and those it does not.

use haechi_access::OrgPolicyType;
use haechi_access::whatif::{Change, Class, Reason};
use serde_json::{Value, json};

use super::replayed::*;
use crate::made::*;

/// A policy that denies under a condition.
fn deny_if(action: &str, condition: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "If", "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition}]})
}

fn check(action: &str, condition: Value, event: &Value, expected: Class) {
    let mut items = Items::organization();
    items.role(PROD, "deploy", &trust(json!({"AWS": PROD})), &[], &[]).tagged("team", "core");
    items.user(PROD, "ana", &[], &[], &[]);
    let changes = vec![attach(&deny_if(action, condition.clone()), "ou-prod")];
    let (call, _) = one(&items.world(), changes, event);
    assert_eq!(call.class, expected, "{condition} of {event}: {:?}", call.reasons);
}

fn deploy() -> Value {
    call(&role(PROD, "deploy"), "ec2", "RunInstances")
}

fn ana() -> Value {
    call(&user(PROD, "ana"), "ec2", "RunInstances")
}

use Class::{Allowed, Denied, Undecided};

#[test]
fn regions_and_who() {
    let outside = |regions: Value| json!({"StringNotEquals": {"aws:RequestedRegion": regions}});
    check("*", outside(json!("us-east-1")), &ana(), Denied);
    check("*", outside(json!(["eu-west-1"])), &ana(), Allowed);
    // Everything but those who may: the role, not its session.
    let but = |arn: &str| json!({"ArnNotLike": {"aws:PrincipalArn": arn}});
    check("*", but("arn:aws:iam::*:role/deploy"), &deploy(), Allowed);
    check("*", but("arn:aws:iam::*:role/deploy"), &ana(), Denied);
    check("*", json!({"StringEquals": {"aws:PrincipalAccount": PROD}}), &ana(), Denied);
    check("*", json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}), &ana(), Allowed);
    let paths = |path: &str| json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": path}});
    check("*", paths("o-1/r-1/ou-work/*"), &ana(), Denied);
    check("*", paths("o-1/r-1/ou-none/*"), &ana(), Allowed);
    check("*", json!({"StringEquals": {"aws:PrincipalTag/team": "core"}}), &deploy(), Denied);
    check("*", json!({"StringEquals": {"aws:PrincipalTag/team": "web"}}), &deploy(), Allowed);
    let unrecorded = call(&role(PROD, "unrecorded"), "ec2", "RunInstances");
    check("*", json!({"StringEquals": {"aws:PrincipalTag/team": "web"}}), &unrecorded, Undecided);
}

#[test]
fn addresses_and_agents() {
    let from = |range: &str| json!({"NotIpAddress": {"aws:SourceIp": range}});
    check("*", from("203.0.113.0/24"), &ana(), Allowed);
    check("*", from("198.51.100.0/24"), &ana(), Denied);
    check("*", from("198.51.100.0/24"), &with(ana(), "sourceIPAddress", json!("AWS Internal")), Undecided);
    let through = with(ana(), "vpcEndpointId", json!("vpce-1"));
    check("*", json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), &through, Allowed);
    check("*", json!({"StringNotEquals": {"aws:SourceVpce": "vpce-2"}}), &ana(), Denied);
    check("*", json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}), &through, Undecided);
    check("*", json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}), &ana(), Allowed);
    check("*", json!({"StringLike": {"aws:UserAgent": "aws-cli*"}}), &ana(), Denied);
}

#[test]
fn sessions_and_moments() {
    let no_mfa = json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}});
    check("*", no_mfa.clone(), &ana(), Denied);
    check("*", no_mfa.clone(), &deploy(), Denied);
    let mfa = with(deploy(), "userIdentity.sessionContext.attributes.mfaAuthenticated", json!("true"));
    check("*", no_mfa, &mfa, Allowed);
    // A long-term key has no such key at all.
    check("*", json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}), &ana(), Allowed);
    let older = |moment: &str| json!({"DateLessThan": {"aws:TokenIssueTime": moment}});
    check("*", older("2026-11-20T01:30:00Z"), &deploy(), Denied);
    check("*", older("2026-11-20T00:30:00Z"), &deploy(), Allowed);
    check("*", json!({"DateGreaterThan": {"aws:CurrentTime": "2026-11-20T01:59:00Z"}}), &ana(), Denied);
    check("*", json!({"NumericLessThan": {"aws:EpochTime": "1000"}}), &ana(), Allowed);
    let by = |event: Value| with(event, "userIdentity.invokedBy", json!("cloudformation.amazonaws.com"));
    check("*", json!({"Bool": {"aws:ViaAWSService": "false"}}), &ana(), Denied);
    check("*", json!({"Bool": {"aws:ViaAWSService": "false"}}), &by(ana()), Allowed);
    // Of a role it may be the service's own role.
    check("*", json!({"Bool": {"aws:ViaAWSService": "false"}}), &by(deploy()), Undecided);
    let called = json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}});
    check("*", called.clone(), &by(ana()), Denied);
    check("*", called, &ana(), Allowed);
    check("*", json!({"StringEquals": {"aws:SourceAccount": OUTSIDE}}), &ana(), Allowed);
}

#[test]
fn sessions_of_instances_and_identity_providers() {
    let field = |name: &str, value: &str| with(deploy(), &format!("userIdentity.sessionContext.{name}"), json!(value));
    // Keys of sessions are in the requests of all services.
    let first_version = json!({"NumericLessThan": {"ec2:RoleDelivery": "2.0"}});
    let of_s3 = |event: &Value| {
        with(with(event.clone(), "eventSource", json!("s3.amazonaws.com")), "eventName", json!("ListBuckets"))
    };
    check("*", first_version.clone(), &of_s3(&field("ec2RoleDelivery", "1.0")), Denied);
    check("*", first_version.clone(), &of_s3(&field("ec2RoleDelivery", "2.0")), Allowed);
    check("*", first_version, &deploy(), Allowed);
    let function = json!({"ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:*:function:x"}});
    check("*", function.clone(), &of_s3(&deploy()), Undecided);
    check("*", function, &of_s3(&ana()), Allowed);
    check("*", json!({"StringEquals": {"saml:aud": "https://signin.example"}}), &deploy(), Undecided);
    let pool = json!({"StringLike": {"cognito-identity.amazonaws.com:aud": "pool"}});
    check("*", pool.clone(), &of_s3(&deploy()), Undecided);
    check("*", pool, &ana(), Allowed);
    let long_term = json!({"Null": {"aws:AssumedRoot": "true"}});
    check("*", long_term.clone(), &deploy(), Denied);
    check("*", long_term, &field("assumedRoot", "true"), Allowed);
    check("*", json!({"StringNotEquals": {"aws:VpceAccount": PROD}}), &ana(), Denied);
    let through = with(ana(), "vpcEndpointId", json!("vpce-1"));
    check("*", json!({"StringNotEquals": {"aws:VpceAccount": PROD}}), &through, Undecided);
    // Federated identities have no key of MFA: a Deny by Bool does not reach them, one by BoolIfExists does.
    let federated = field("webIdFederationData.federatedProvider", "accounts.google.com");
    let center = field("sessionIssuer.userName", "AWSReservedSSO_Admin_0123456789abcdef");
    for event in [federated, center] {
        check("*", json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}), &event, Allowed);
        check("*", json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}), &event, Denied);
    }
    check("*", json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}), &deploy(), Denied);
}

#[test]
fn what_a_request_shows() {
    let large = with(ana(), "requestParameters", json!({"instanceType": "p5.48xlarge"}));
    let small = json!({"StringNotLike": {"ec2:InstanceType": "t3.*"}});
    check("ec2:RunInstances", small.clone(), &large, Denied);
    let t3 = with(ana(), "requestParameters", json!({"instanceType": "t3.micro"}));
    check("ec2:RunInstances", small.clone(), &t3, Allowed);
    // A launch template may say it.
    check(
        "ec2:RunInstances",
        small.clone(),
        &with(ana(), "requestParameters", json!({"launchTemplate": {}})),
        Undecided,
    );
    // Requests of other actions have no such key.
    check(
        "*",
        json!({"StringLike": {"ec2:InstanceType": "t3.*"}}),
        &call(&user(PROD, "ana"), "s3", "ListBuckets"),
        Allowed,
    );
    check("*", small, &call(&user(PROD, "ana"), "s3", "ListBuckets"), Denied);
    let untagged = json!({"Null": {"aws:RequestTag/team": "true"}});
    let tags = json!({"tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "Team", "value": "x"}]}]}});
    check("ec2:RunInstances", untagged.clone(), &with(ana(), "requestParameters", tags.clone()), Allowed);
    check("ec2:RunInstances", untagged.clone(), &with(ana(), "requestParameters", json!({"x": 1})), Denied);
    check("ec2:RunInstances", untagged, &with(ana(), "requestParameters", json!({"omitted": true})), Undecided);
    let keys = json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["Team"]}});
    check("ec2:RunInstances", keys, &with(ana(), "requestParameters", tags), Denied);
    let created = |bucket: Value| with(call(&user(PROD, "ana"), "iam", "CreateRole"), "requestParameters", bucket);
    let bound = json!({"StringNotEquals": {"iam:PermissionsBoundary": "arn:aws:iam::222222222222:policy/edge"}});
    check("iam:CreateRole", bound.clone(), &created(json!({"roleName": "x"})), Denied);
    let with_bound = json!({"roleName": "x", "permissionsBoundary": "arn:aws:iam::222222222222:policy/edge"});
    check("iam:CreateRole", bound, &created(with_bound), Allowed);
}

#[test]
fn a_key_matters_only_where_the_decision_depends_on_it() {
    let condition = json!({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}});
    check("iam:PassRole", condition.clone(), &ana(), Allowed);
    // Several statements: what is certain decides.
    let two = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}},
        {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}]});
    let world = Items::organization().world();
    let through = with(ana(), "vpcEndpointId", json!("vpce-1"));
    let (call, _) = one(&world, vec![attach(&two, "ou-prod")], &through);
    assert_eq!(call.class, Denied);
    let vpc = deny_if("ec2:*", json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}));
    let (call, _) = one(&world, vec![attach(&vpc, "ou-prod")], &through);
    assert_eq!(call.class, Undecided);
    assert!(call.reasons.contains(&Reason::Key { key: "aws:sourcevpc".into() }), "{:?}", call.reasons);
    assert!(
        matches!(&call.reasons[0], Reason::Statement { policy, sid: Some(sid), .. } if &**policy == "new.json" && &**sid == "If")
    );
}

#[test]
fn resources_come_from_the_event() {
    let one_bucket = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::vault", "arn:aws:s3:::vault/*"]}]});
    let world = Items::organization().world();
    let get = |bucket: &str| {
        let event = call(&user(PROD, "ana"), "s3", "GetObject");
        let event = with(event, "requestParameters", json!({"bucketName": bucket, "key": "a.txt"}));
        with(
            event,
            "resources",
            json!([{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/a.txt")},
            {"accountId": PROD, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}")}]),
        )
    };
    let class = |event: &Value| class_of(&world, vec![attach(&one_bucket, "ou-prod")], event);
    assert_eq!(class(&get("vault")), Denied);
    assert_eq!(class(&get("open")), Allowed);
    assert_eq!(class(&call(&user(PROD, "ana"), "s3", "ListBuckets")), Allowed);
    assert_eq!(class(&call(&user(PROD, "ana"), "s3", "GetObject")), Undecided);
    // A data perimeter: resources of other accounts.
    let ours = deny_if("s3:*", json!({"StringNotEquals": {"aws:ResourceOrgID": "o-1"}}));
    let class = |event: &Value| class_of(&world, vec![attach(&ours, "ou-prod")], event);
    assert_eq!(class(&get("vault")), Allowed);
    let theirs = with(
        get("vault"),
        "resources",
        json!([{"ARN": "arn:aws:s3:::vault/a.txt"}, {"accountId": OUTSIDE, "ARN": "arn:aws:s3:::vault"}]),
    );
    // Whatever organization the other account is in, it is not this one.
    assert_eq!(class(&theirs), Denied);
    let either = deny_if("s3:*", json!({"StringNotEquals": {"aws:ResourceOrgID": ["o-1", "o-partner"]}}));
    assert_eq!(class_of(&world, vec![attach(&either, "ou-prod")], &theirs), Undecided);
    let none = deny_if("s3:*", json!({"Null": {"aws:ResourceOrgID": "true"}}));
    assert_eq!(class_of(&world, vec![attach(&none, "ou-prod")], &theirs), Undecided);
}

/// RCPs and callers from outside: of whatever organization, and without credentials.
#[test]
fn outsiders_are_of_no_organization_of_ours() {
    let world = Items::organization().world();
    let perimeter = |operator: &str| {
        let mut policy = deny_if(
            "s3:*",
            json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, operator: {"aws:PrincipalIsAWSService": "false"}}),
        );
        policy["Statement"][0]["Principal"] = json!("*");
        policy
    };
    let get = |event: Value| {
        let bucket = json!([{"ARN": "arn:aws:s3:::vault/a.txt"}, {"accountId": PROD, "ARN": "arn:aws:s3:::vault"}]);
        with(event, "resources", bucket)
    };
    let rcp = |policy: &Value| {
        let content = policy.to_string();
        let policy_type = OrgPolicyType::ResourceControl;
        vec![Change::AttachNew { name: "new.json".into(), policy_type, content, target: "ou-prod".into() }]
    };
    let class = |operator: &str, event: &Value| class_of(&world, rcp(&perimeter(operator)), event);
    let outside = get(call(&role(OUTSIDE, "reader"), "s3", "GetObject"));
    assert_eq!(class("BoolIfExists", &outside), Denied);
    let anonymous = json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"});
    let anonymous = get(with(call(&user(PROD, "ana"), "s3", "GetObject"), "userIdentity", anonymous));
    assert_eq!(class("BoolIfExists", &anonymous), Denied);
    // The key is not in their requests.
    assert_eq!(class("Bool", &anonymous), Class::Outsider);
    assert_eq!(class("BoolIfExists", &get(call(&user(PROD, "ana"), "s3", "GetObject"))), Allowed);
    // What is another account's is not for RCPs of this one.
    let theirs = json!({"secretId": format!("arn:aws:secretsmanager:us-east-1:{OUTSIDE}:secret:x")});
    let theirs = with(call(&user(PROD, "ana"), "secretsmanager", "GetSecretValue"), "requestParameters", theirs);
    let mut all = deny_if("secretsmanager:*", json!({}));
    all["Statement"][0]["Principal"] = json!("*");
    assert_eq!(class_of(&world, rcp(&all), &theirs), Class::Untouched);
}

/// A call is asked about each of its resources.
#[test]
fn every_resource_of_a_call_counts() {
    let world = Items::organization().user(PROD, "ana", &[], &[], &[]).world();
    let denying = |action: &str, resource: &str, condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": action, "Resource": format!("arn:aws:ec2:*:*:{resource}"), "Condition": condition}]})
    };
    let class = |policy: &Value, name: &str, parameters: Value| {
        let event = with(call(&user(PROD, "ana"), "ec2", name), "requestParameters", parameters);
        class_of(&world, vec![attach(policy, "ou-prod")], &event)
    };
    let attached = |volume: &str| json!({"volumeId": volume, "instanceId": "i-1"});
    let vault = denying("ec2:AttachVolume", "volume/vol-1", json!({}));
    assert_eq!(class(&vault, "AttachVolume", attached("vol-1")), Denied);
    assert_eq!(class(&vault, "AttachVolume", attached("vol-2")), Allowed);
    let instance = denying("ec2:AttachVolume", "instance/i-1", json!({}));
    assert_eq!(class(&instance, "AttachVolume", attached("vol-2")), Denied);
    // The instance of a launch is there, though nothing names it yet.
    let small = denying("ec2:RunInstances", "instance/*", json!({"StringNotEquals": {"ec2:InstanceType": "t3.micro"}}));
    let launch = |size: &str| json!({"instanceType": size, "subnetId": "subnet-1"});
    assert_eq!(class(&small, "RunInstances", launch("m5.large")), Denied);
    assert_eq!(class(&small, "RunInstances", launch("t3.micro")), Allowed);
    let subnet = denying("ec2:RunInstances", "subnet/subnet-1", json!({}));
    assert_eq!(class(&subnet, "RunInstances", launch("t3.micro")), Denied);
    assert_eq!(class(&subnet, "RunInstances", json!({"instanceType": "t3.micro"})), Undecided);
    let tagged = |kind: &str| {
        let tags = json!([{"key": "team", "value": "x"}]);
        json!({"subnetId": "subnet-1", "tagSpecificationSet": {"items": [{"resourceType": kind, "tags": tags}]}})
    };
    let owned = denying("ec2:RunInstances", "instance/*", json!({"Null": {"aws:RequestTag/team": "true"}}));
    assert_eq!(class(&owned, "RunInstances", tagged("instance")), Allowed);
    assert_eq!(class(&owned, "RunInstances", tagged("volume")), Denied);
    // A launch may make volumes, and the log does not tell them; its image it does.
    let plain = denying("ec2:RunInstances", "volume/*", json!({"Bool": {"ec2:Encrypted": "false"}}));
    assert_eq!(class(&plain, "RunInstances", launch("t3.micro")), Undecided);
    let image = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:RunInstances",
        "Resource": "arn:aws:ec2:*::image/*", "Condition": {"StringNotEquals": {"ec2:Owner": "amazon"}}},
        {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*::image/ami-old"}]});
    let of_image = |image: &str| json!({"subnetId": "subnet-1", "instancesSet": {"items": [{"imageId": image}]}});
    assert_eq!(class(&image, "RunInstances", of_image("ami-old")), Denied);
    assert_eq!(class(&image, "RunInstances", of_image("ami-new")), Undecided);
    // What else could be tagged is not guessed.
    let tagging = denying("ec2:CreateTags", "instance/*", json!({}));
    assert_eq!(class(&tagging, "CreateTags", json!({"resourcesSet": {"items": [{"resourceId": "vol-1"}]}})), Undecided);
}

/// Calls that differ in their resource only, one after the other in one log: what the statements see of it tells them
/// apart, by a pattern, by a variable in one, by what is not named.
#[test]
fn resources_of_one_log_are_told_apart() {
    let world = Items::organization().user(PROD, "ana", &[], &[], &[]).world();
    let get = |object: &str| {
        let event = call(&user(PROD, "ana"), "s3", "GetObject");
        with(event, "resources", json!([{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::notes/{object}")}]))
    };
    let denying = |element: &str, resource: Value| {
        let mut statement = json!({"Effect": "Deny", "Action": "s3:*"});
        statement[element] = resource;
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let secret = denying("Resource", json!(["arn:aws:s3:::notes/secret/*", "arn:aws:s3:::notes/*.key"]));
    let own = denying("Resource", json!("arn:aws:s3:::notes/${aws:username}/*"));
    let public = denying("NotResource", json!("arn:aws:s3:::notes/public/*"));
    let objects = ["secret/a", "a.key", "public/b", "ana/c", "d", "secret/e", "public/f.key"];
    let events: Vec<Value> = objects.iter().cycle().take(70).map(|object| get(object)).collect();
    for (policy, denied) in [(secret, 4), (own, 1), (public, 5)] {
        let tally = replayed(&whatif(&world, vec![attach(&policy, "ou-prod")]), &events);
        assert_eq!(tally.of_class(Denied), denied * 10, "{policy}");
        assert_eq!(tally.of_class(Allowed), 70 - denied * 10, "{policy}");
    }
}
