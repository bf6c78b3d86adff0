//! Sets of requests: who of outside is let in, and what a newer policy adds, each with a request that the
//! evaluator really allows.

mod properties;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use haechi_iam::sets::{Asker, Found, Scope, Witness, Zone, accesses, difference, outsiders};
use haechi_iam::{Action, Catalogue, Context, Policies, PolicyKind, Prepared, Question, Resource, Verdict};

pub const OWN: &str = "123456789012";

/// The table that ships with the program.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::read(include_str!("../../../../content/iam/actions.txt")).unwrap());
    &CATALOGUE
}

pub fn prepared(kind: PolicyKind, text: &str) -> Arc<Prepared> {
    let prepared = Prepared::parse(kind, "policy", text).expect(text);
    assert!(prepared.faults().is_empty(), "{text}: {:?}", prepared.faults());
    Arc::new(prepared)
}

pub fn everything() -> Arc<Prepared> {
    prepared(PolicyKind::Identity, &document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#))
}

pub fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

pub fn zone() -> Zone {
    Zone { accounts: BTreeSet::from([OWN.into(), "111111111111".into()]), organization: Some("o-own".into()) }
}

/// What the evaluator says to a request from outside.
pub fn decided(
    caller: &haechi_iam::Caller,
    action: &Action,
    resource: &str,
    context: &Context,
    policy: &Arc<Prepared>,
) -> Verdict {
    let target = Resource::new(resource).in_account(OWN);
    let (resource_policies, identity) = ([policy.clone()], [everything()]);
    let policies = Policies { resource: &resource_policies, identity: &identity, ..Policies::default() };
    Question { caller, action, resource: &target, context, policies }.decide().verdict()
}

pub fn is_allowed(witness: &Witness, policy: &Arc<Prepared>) -> bool {
    decided(&witness.caller, &witness.action, &witness.resource, &witness.to_context(), policy) == Verdict::Allowed
}

/// Who of outside gets s3:GetObject from a bucket: by name, with the request.
pub fn let_in(policy: &Arc<Prepared>, action: &Action, resources: &[&str]) -> Vec<(Asker, Found)> {
    let policies = [policy.clone()];
    let zone = zone();
    let target = Resource::any_of(resources[0]).in_account(OWN);
    let scope =
        Scope { catalogue: catalogue(), action, resources, target: &target, zone: &zone, now: None, fixed: &[] };
    let found = |asker: Asker| {
        accesses(&scope, &asker, &policies, &[]).into_iter().map(move |access| (asker.clone(), access.found))
    };
    outsiders(&policies, &[], &zone).into_iter().flat_map(found).collect()
}

const BUCKET: &[&str] = &["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"];

/// The statement (Allow s3:GetObject on the bucket's objects, as far as not told) lets somebody in, or nobody.
fn check(principal: &str, condition: &str, more: &str, expected: Option<&str>) {
    let condition = if condition.is_empty() { String::new() } else { format!(r#","Condition":{condition}"#) };
    let more = if more.is_empty() { String::new() } else { format!(",{more}") };
    let text = document(&format!(
        r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"{condition}}}{more}"#
    ));
    let policy = prepared(PolicyKind::Resource, &text);
    let action = Action::parse("s3:GetObject").unwrap();
    let found = let_in(&policy, &action, BUCKET);
    for (asker, found) in &found {
        let Found::Request(witness) = found else { panic!("{text}: {asker:?} {found:?}") };
        assert!(is_allowed(witness, &policy), "{text}: {asker:?} {witness:?}");
    }
    let names: BTreeSet<&str> = found
        .iter()
        .map(|(asker, _)| match asker {
            Asker::Anonymous => "anonymous",
            Asker::RoleOf(_) | Asker::UserOf(_) | Asker::RootOf(_) => "account",
            Asker::Named(_) => "named",
            Asker::Federated(_) => "federated",
            Asker::Canonical(_) => "canonical",
            Asker::Service(_) => "service",
            Asker::Holder => "holder",
        })
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    assert_eq!(names.join(" "), expected.unwrap_or_default(), "{text}: {found:?}");
}

#[test]
fn who_of_outside_is_let_in() {
    let any = r#""*""#;
    let aws = |name: &str| format!(r#"{{"AWS":"{name}"}}"#);
    check(any, "", "", Some("account anonymous"));
    check(&aws(OWN), "", "", None);
    check(&aws("210987654321"), "", "", Some("account"));
    check(&aws("arn:aws:iam::210987654321:role/x"), "", "", Some("named"));
    check(&aws("arn:aws:iam::111111111111:role/x"), "", "", None);
    check(r#"{"Service":"cloudtrail.amazonaws.com"}"#, "", "", None);
    check(
        r#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}"#,
        "",
        "",
        Some("canonical"),
    );
    // Conditions on who asks.
    check(any, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}"#, "", None);
    check(any, r#"{"StringEquals":{"aws:PrincipalOrgID":["o-own","o-other"]}}"#, "", Some("account"));
    check(any, r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-own"}}"#, "", Some("account anonymous"));
    check(any, r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-own/*"}}"#, "", None);
    check(any, r#"{"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-own/*"}}"#, "", Some("account anonymous"));
    check(any, r#"{"StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#, "", None);
    check(any, r#"{"StringEquals":{"aws:PrincipalAccount":"210987654321"}}"#, "", Some("account"));
    check(any, r#"{"StringNotEquals":{"aws:PrincipalAccount":"210987654321"}}"#, "", Some("account anonymous"));
    check(any, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}}"#, "", None);
    check(any, r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/backup-*"}}"#, "", Some("account"));
    check(any, r#"{"Null":{"aws:PrincipalArn":"true"}}"#, "", Some("anonymous"));
    check(any, r#"{"Null":{"aws:PrincipalAccount":"true"}}"#, "", None);
    check(any, r#"{"StringEquals":{"aws:PrincipalAccount":"anonymous"}}"#, "", Some("anonymous"));
    let perimeter = |operator: &str| {
        format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{{"StringNotEqualsIfExists":{{"aws:PrincipalOrgID":"o-own"}},"{operator}":{{"aws:PrincipalIsAWSService":"false"}}}}}}"#
        )
    };
    check(any, "", &perimeter("BoolIfExists"), None);
    check(any, "", &perimeter("Bool"), Some("anonymous"));
    // Conditions on where from.
    check(any, r#"{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#, "", None);
    check(any, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:123456789012:*"}}"#, "", None);
    check(any, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::uploads"}}"#, "", Some("account anonymous"));
    check(any, r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, "", Some("account anonymous"));
    check(
        any,
        r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"NotIpAddress":{"aws:SourceIp":["10.0.0.0/9","10.128.0.0/9"]}}"#,
        "",
        None,
    );
    check(
        any,
        r#"{"NumericLessThan":{"s3:max-keys":"10"},"NumericGreaterThan":{"s3:max-keys":"9"}}"#,
        "",
        Some("account anonymous"),
    );
    check(any, r#"{"NumericLessThan":{"s3:max-keys":"10"},"NumericGreaterThanEquals":{"s3:max-keys":"10"}}"#, "", None);
    check(
        any,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2030-01-01"},"DateLessThan":{"aws:CurrentTime":"2029-01-01"}}"#,
        "",
        None,
    );
    check(
        any,
        r#"{"Bool":{"aws:SecureTransport":"true"},"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#,
        "",
        Some("account anonymous"),
    );
    check(any, r#"{"StringEquals":{"aws:ResourceAccount":"210987654321"}}"#, "", None);
}

#[test]
fn what_is_denied_is_not_let_in() {
    let any = r#""*""#;
    let deny = |rest: &str| format!(r#"{{"Effect":"Deny","Principal":"*","Action":"s3:*",{rest}}}"#);
    check(any, "", &deny(r#""Resource":"*""#), None);
    check(any, "", &deny(r#""Resource":"arn:aws:s3:::photos""#), Some("account anonymous"));
    check(any, "", &deny(r#""Resource":"arn:aws:s3:::photos/private/*""#), Some("account anonymous"));
    check(any, "", &deny(r#""NotResource":"arn:aws:s3:::photos/public/*""#), Some("account anonymous"));
    check(any, "", &deny(r#""NotResource":"arn:aws:s3:::other/*""#), None);
    check(any, "", &deny(r#""Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-own"}}"#), None);
    check(
        any,
        "",
        &deny(
            r#""Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":["123456789012","210987654321"]}}"#,
        ),
        Some("account"),
    );
    check(
        any,
        "",
        &deny(r#""Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#),
        Some("account anonymous"),
    );
    check(
        any,
        r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        &deny(r#""Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#),
        None,
    );
    let two = [
        deny(r#""Resource":"*","Condition":{"StringLike":{"aws:UserAgent":"*a*"}}"#),
        deny(r#""Resource":"*","Condition":{"StringNotLike":{"aws:UserAgent":"*a*"}}"#),
    ];
    check(any, "", &two.join(","), None);
    let parts = [deny(r#""Resource":"arn:aws:s3:::photos/a*""#), deny(r#""NotResource":"arn:aws:s3:::photos/a*""#)];
    check(any, "", &parts.join(","), None);
    let not = r#"{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::210987654321:role/x","arn:aws:iam::210987654321:root"]},"Action":"s3:*","Resource":"*"}"#;
    check(r#"{"AWS":["arn:aws:iam::210987654321:role/x","arn:aws:iam::333333333333:root"]}"#, "", not, Some("named"));
}

/// What the newer identity policy allows of an action that the older does not: the request's resource.
fn added(newer: &str, older: &str, action: &str) -> Option<String> {
    let (newer, older) =
        (prepared(PolicyKind::Identity, &document(newer)), prepared(PolicyKind::Identity, &document(older)));
    let action = Action::parse(action).unwrap();
    let (target, zone) = (Resource::new("*"), Zone::default());
    let scope = Scope {
        catalogue: catalogue(),
        action: &action,
        resources: &["*"],
        target: &target,
        zone: &zone,
        now: None,
        fixed: &[],
    };
    let (newer, older) = ([newer], [older]);
    let found = difference(&scope, &Asker::Holder, &newer, &older)?;
    let Found::Request(witness) = found.found else { panic!("{found:?}") };
    let resource = Resource::new(&witness.resource);
    let context = witness.to_context();
    let verdict = |identity: &[Arc<Prepared>]| {
        let policies = Policies { identity, ..Policies::default() };
        Question { caller: &witness.caller, action: &action, resource: &resource, context: &context, policies }
            .decide()
            .verdict()
    };
    assert_eq!(verdict(&newer), Verdict::Allowed, "{witness:?}");
    assert_ne!(verdict(&older), Verdict::Allowed, "{witness:?}");
    Some(witness.resource)
}

#[test]
fn what_a_newer_policy_adds() {
    let allow = |action: &str, resource: &str, rest: &str| {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"{rest}}}"#)
    };
    let get = "s3:GetObject";
    let b = "arn:aws:s3:::b/*";
    assert_eq!(added(&allow("s3:Get*", b, ""), &allow("s3:*", "*", ""), get), None);
    assert_eq!(added(&allow("s3:*", b, ""), &allow("s3:Get*", b, ""), get), None);
    assert!(added(&allow("s3:*", b, ""), &allow("s3:Get*", b, ""), "s3:PutObject").is_some());
    assert!(added(&allow("s3:*", "*", ""), &allow("s3:*", b, ""), get).is_some());
    let parts = [allow("s3:*", "arn:aws:s3:::b/a*", ""), allow("s3:*", "arn:aws:s3:::b/?*", "")].join(",");
    assert_eq!(added(&allow(get, b, ""), &parts, get).as_deref(), Some("arn:aws:s3:::b/"));
    // An older Deny that is gone.
    let deny = r#",{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*"}"#;
    let resource = added(&allow(get, b, ""), &(allow(get, b, "") + deny), get).unwrap();
    assert!(resource.starts_with("arn:aws:s3:::b/secret/"), "{resource}");
    assert_eq!(added(&(allow(get, b, "") + deny), &allow(get, b, ""), get), None);
    // Conditions, and variables, which are the same in both.
    let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    assert_eq!(added(&allow(get, b, mfa), &allow(get, b, ""), get), None);
    assert!(added(&allow(get, b, ""), &allow(get, b, mfa), get).is_some());
    let home = "arn:aws:s3:::b/${aws:username}/*";
    assert_eq!(added(&allow(get, home, ""), &allow(get, home, ""), get), None);
    assert_eq!(added(&allow(get, home, ""), &allow(get, b, ""), get), None);
    assert!(added(&allow(get, b, ""), &allow(get, home, ""), get).is_some());
    // A key of a source may name any account, also one that the policy speaks of.
    let source = r#","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#;
    assert!(added(&allow(get, b, source), &allow("s3:PutObject", b, ""), get).is_some());
    // `*` is any ARN, and a text that is none is not among them.
    let no_arn = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:UserAgent":"*"}}}"#;
    assert!(added(&allow(get, b, ""), &format!("{},{no_arn}", allow(get, b, "")), get).is_some());
    let is_arn = r#","Condition":{"ArnNotLike":{"aws:UserAgent":"*"},"Null":{"aws:UserAgent":"false"}}"#;
    assert!(added(&allow(get, b, is_arn), &allow("s3:PutObject", b, ""), get).is_some());
    // An empty text is no value to set operators, which no other text stands for.
    let no_value = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ForAnyValue:NotIpAddressIfExists":{"s3:max-keys":["7",""]}}}"#;
    assert!(added(&format!("{},{no_value}", allow(get, b, "")), &allow("s3:PutObject", b, ""), get).is_some());
    // A variable may be long, so one wildcard letter does not cover it.
    assert!(added(&allow(get, home, ""), &allow(get, "arn:aws:s3:::b/?/*", ""), get).is_some());
}

#[test]
fn policies_made_to_explode_are_unknown_at_worst() {
    let patterns: Vec<String> = (0..60).map(|at| format!(r#""arn:aws:s3:::*a{}*b*{at}*c*""#, "?".repeat(at))).collect();
    let deny = format!(r#"{{"Effect":"Deny","Principal":"*","Action":"*","Resource":[{}]}}"#, patterns.join(","));
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s3:::*a*a*a*a*b*c*"}"#;
    let policy = prepared(PolicyKind::Resource, &document(&format!("{allow},{deny}")));
    let action = Action::parse("s3:GetObject").unwrap();
    assert!(!let_in(&policy, &action, &["arn:aws:s3:::*"]).is_empty(), "a set too large to tell is not called empty");
}
