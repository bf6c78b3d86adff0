//! Unused roles, keys and passwords: what the record tells, what it leaves open, and who is left out.

use haechi_access::PrincipalKind;
use haechi_access::World;
use haechi_access::unused::{
    Finding, Fix, Kind, LastSeen, Period, Permissions, Unseen, UseReader, Uses, Verdict, unused, unused_permissions,
};
use haechi_iam::catalogue::UnloggedRules;
use haechi_model::{ConfigurationItem, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::made::*;
use crate::whatif::replayed::{CATALOGUE, RULES, call, each_event, with};

/// When the items of [`Items`] were captured.
pub const CAPTURED: &str = "2026-11-20T03:00:00Z";

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

pub fn days_before(days: i64) -> String {
    at(CAPTURED).plus_days(-days).to_string()
}

pub fn period(days: u16) -> Period {
    Period::new(days, at("2026-11-22T00:00:00Z"))
}

/// A role with what its item says of its last use.
fn with_role(last: Option<Value>, created: &str) -> Items {
    let mut items = Items::default();
    items.role(PROD, "app", &trust(json!({"Service": "ec2.amazonaws.com"})), &[allow("s3:*", "*")], &[]);
    items.last()["configuration"]["createDate"] = json!(created);
    if let Some(last) = last {
        items.last()["configuration"]["roleLastUsed"] = last;
    }
    items
}

/// A user whose configuration has these members.
fn with_user(members: Value) -> Items {
    let mut items = Items::default();
    items.user(PROD, "mina", &[], &[], &[]);
    let configuration = items.last()["configuration"].as_object_mut().expect("an object");
    configuration.insert("createDate".into(), json!("2024-01-01T00:00:00Z"));
    configuration.extend(members.as_object().expect("an object").clone());
    items
}

/// In a line: kind, answer, last access, fix.
fn line(finding: &Finding<'_>) -> String {
    let answer = match &finding.verdict {
        Verdict::Unused => "unused",
        Verdict::Unknown(why) => why.name(),
    };
    let last = finding.last_accessed.map_or("never".to_owned(), Timestamp::date);
    let key = finding.key.map(|key| format!(" {}", key.id)).unwrap_or_default();
    format!("{}{key} {answer} {last} {:?}", finding.kind.name(), finding.fix)
}

#[track_caller]
fn check(items: &Items, period: &Period, expected: &[&str]) {
    let world = items.world();
    let found: Vec<String> = unused(&world, period).iter().map(line).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_role_is_judged_by_its_last_use() {
    const OLD: &str = "2024-01-01T00:00:00Z";
    let used = |days: i64| Some(json!({"lastUsedDate": days_before(days), "region": "us-east-1"}));
    let recent = Some(json!({"withinDays": 14}));
    let unused = format!("UnusedIAMRole unused {} DeleteRole", &days_before(90)[..10]);
    check(&with_role(used(90), OLD), &period(90), &[&unused]);
    check(&with_role(used(89), OLD), &period(90), &[]);
    check(&with_role(Some(json!({})), OLD), &period(90), &["UnusedIAMRole unused never DeleteRole"]);
    check(&with_role(recent.clone(), OLD), &period(90), &[]);
    check(&with_role(recent.clone(), OLD), &period(14), &[]);
    check(&with_role(recent, OLD), &period(13), &["UnusedIAMRole in-use-of-late never DeleteRole"]);
    check(&with_role(None, OLD), &period(90), &["UnusedIAMRole not-recorded never DeleteRole"]);
}

#[test]
fn what_is_younger_than_the_period_is_no_finding() {
    check(&with_role(Some(json!({})), &days_before(89)), &period(90), &[]);
    check(&with_role(Some(json!({})), &days_before(90)), &period(90), &["UnusedIAMRole unused never DeleteRole"]);
    let user = |created: &str| {
        with_user(json!({"loginProfile": {"createDate": created},
            "accessKeys": [{"accessKeyId": "AKIA1", "status": "Active", "createDate": created}]}))
    };
    check(&user(&days_before(10)), &period(90), &[]);
    let both = [
        "UnusedIAMUserAccessKey AKIA1 unused never DeactivateKey",
        "UnusedIAMUserPassword unused never DeletePassword",
    ];
    check(&user(&days_before(100)), &period(90), &both);
}

#[test]
fn keys_and_passwords_of_a_user() {
    let used = days_before(200);
    let items = with_user(json!({
        "passwordLastUsed": days_before(1), "loginProfile": {"createDate": "2024-01-02T00:00:00Z"},
        "accessKeys": [
            {"accessKeyId": "AKIA1", "status": "Active", "createDate": "2024-01-02T00:00:00Z", "lastUsedDate": used},
            {"accessKeyId": "AKIA2", "status": "Inactive", "createDate": "2024-01-02T00:00:00Z"}]}));
    let first = format!("UnusedIAMUserAccessKey AKIA1 unused {} DeactivateKey", &used[..10]);
    check(&items, &period(90), &[&first, "UnusedIAMUserAccessKey AKIA2 unused never DeleteKey"]);
    let only = |kinds: Vec<Kind>| Period { kinds, ..period(90) };
    check(&items, &only(vec![Kind::Password]), &[]);
    // Without a password and keys there is nothing to be unused.
    check(&with_user(json!({"accessKeys": []})), &period(90), &[]);
}

#[test]
fn what_could_not_be_read_is_unknown() {
    let mut items = with_user(json!({}));
    items.last()["notCollected"] = json!({"configuration.accessKeys": "AccessDenied: iam:ListAccessKeys",
        "configuration.loginProfile": "AccessDenied: iam:GetLoginProfile"});
    let keys = "UnusedIAMUserAccessKey not-recorded never DeactivateKey";
    check(&items, &period(90), &[keys, "UnusedIAMUserPassword not-recorded never DeletePassword"]);
    // The credential report knows what the other calls were refused.
    let report = |enabled: &str, used: &str| json!({"passwordEnabled": enabled, "passwordLastUsed": used});
    items.last()["configuration"]["credentialReport"] = report("false", "N/A");
    check(&items, &period(90), &[keys]);
    items.last()["configuration"]["credentialReport"] = report("true", &days_before(300));
    let password = format!("UnusedIAMUserPassword unused {} DeletePassword", &days_before(300)[..10]);
    check(&items, &period(90), &[keys, &password]);
    items.last()["configuration"]["credentialReport"] = report("true", "no_information");
    check(&items, &period(90), &[keys, "UnusedIAMUserPassword unused never DeletePassword"]);
}

#[test]
fn the_record_tells_of_its_own_time() {
    let items = with_role(Some(json!({"lastUsedDate": days_before(60)})), "2024-01-01T00:00:00Z");
    check(&items, &period(90), &[]);
    // AWS was asked again later, and the item is still the same.
    let mut builder = haechi_access::World::builder();
    builder.asked(PROD, PrincipalKind::Role, at(CAPTURED).plus_days(40));
    for value in &items.0 {
        builder.add(&ConfigurationItem::from_value(value).expect("an item"));
    }
    let world = builder.build().expect("a world");
    let asked = Period { now: at(CAPTURED).plus_days(41), ..period(90) };
    let found = unused(&world, &asked);
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].verdict, found[0].known_at), (&Verdict::Unused, at(CAPTURED).plus_days(40)));
    // A year later the old record tells nothing.
    let later = Period { now: at(CAPTURED).plus_days(400), ..period(90) };
    let old = with_role(Some(json!({})), "2024-01-01T00:00:00Z");
    check(&old, &later, &["UnusedIAMRole old-record never DeleteRole"]);
}

#[test]
fn some_are_left_out_or_marked() {
    let mut items = Items::default();
    let used = json!({"lastUsedDate": days_before(300)});
    let role = |items: &mut Items, account: &str, name: &str| {
        items.role(account, name, &trust(json!({"AWS": "*"})), &[], &[]);
        items.last()["configuration"]["createDate"] = json!("2024-01-01T00:00:00Z");
        items.last()["configuration"]["roleLastUsed"] = used.clone();
    };
    role(&mut items, PROD, "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
    role(&mut items, PROD, "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef");
    role(&mut items, PROD, "break-glass");
    items.tagged("purpose", "emergency");
    role(&mut items, DEV, "lab");
    let world = items.world();
    let names = |period: &Period| -> Vec<(String, Fix)> {
        unused(&world, period).iter().map(|one| (one.principal.name().to_owned(), one.fix)).collect()
    };
    let all = names(&period(90));
    assert_eq!(
        all.iter().map(|(_, fix)| *fix).collect::<Vec<_>>(),
        [Fix::RemoveAssignment, Fix::DeleteRole, Fix::DeleteRole]
    );
    let spared =
        Period { except_tags: vec![("purpose".into(), None)], except_accounts: vec![DEV.into()], ..period(90) };
    assert_eq!(names(&spared).len(), 1);
    let other = Period {
        except_tags: vec![("purpose".into(), Some("other".into()))],
        accounts: vec![PROD.into()],
        ..period(90)
    };
    assert_eq!(names(&other).len(), 2);
}

/// A role that was created long ago, and is in use.
pub fn active(items: &mut Items, account: &str, name: &str, policies: &[Value]) {
    items.role(account, name, &trust(json!({"AWS": "*"})), policies, &[]);
    items.last()["configuration"]["createDate"] = json!("2024-01-01T00:00:00Z");
    items.last()["configuration"]["roleLastUsed"] = json!({"withinDays": 14});
}

/// A call so many days before the record.
pub fn past(days: i64, event: Value) -> Value {
    with(event, "eventTime", json!(days_before(days)))
}

pub fn uses(world: &World, events: &[Value]) -> Uses {
    let reader = UseReader::new(world, &CATALOGUE, &RULES).expect("few fields");
    let mut one = reader.start();
    each_event(reader.fields(), events, &mut |event| one.take(event));
    one.finish()
}

fn permissions<'w>(world: &'w World, events: &[Value], period: &Period) -> Vec<Finding<'w>> {
    let unlogged = UnloggedRules::read(include_str!("../../../../content/iam/unlogged.txt")).expect("the rules");
    let others = unused(world, period);
    unused_permissions(world, &CATALOGUE, &unlogged, Some(&uses(world, events)), period, &others)
}

/// `service: action action`, or `service` where nothing of it was used.
pub fn services(found: &Permissions<'_>) -> Vec<String> {
    let line = |service: &haechi_access::unused::UnusedService| match service.whole {
        true => service.prefix.clone(),
        false => {
            let names: Vec<&str> = service.actions.iter().map(|(name, _)| name.as_str()).collect();
            format!("{}: {}", service.prefix, names.join(" "))
        }
    };
    found.services.iter().map(line).collect()
}

fn grants(actions: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Storage", "Effect": "Allow", "Action": actions, "Resource": "*"},
        {"Sid": "Queues", "Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:DeleteQueue"], "Resource": "*"}]})
}

fn storage() -> (Items, Vec<Value>) {
    let mut items = Items::default();
    let actions =
        json!(["s3:GetObject", "s3:PutBucketPolicy", "s3:ListAllMyBuckets", "s3:CreateBucket", "iam:PassRole"]);
    active(&mut items, PROD, "app", &[grants(actions)]);
    let app = role(PROD, "app");
    let events = vec![
        past(120, call(&app, "s3", "PutBucketPolicy")),
        past(3, call(&app, "s3", "ListBuckets")),
        past(2, with(call(&app, "s3", "CreateBucket"), "errorCode", json!("AccessDenied"))),
        past(0, call(&role(PROD, "other"), "ec2", "DescribeVpcs")),
    ];
    (items, events)
}

#[test]
fn permissions_that_the_log_shows_no_use_of() {
    let (items, events) = storage();
    let world = items.world();
    let found = permissions(&world, &events, &period(90));
    let [finding] = &found[..] else { panic!("{}", found.len()) };
    assert_eq!((&finding.verdict, finding.fix), (&Verdict::Unused, Fix::NarrowPolicies));
    let permissions = finding.permissions.as_ref().expect("them");
    assert_eq!(services(permissions), ["s3: s3:CreateBucket s3:PutBucketPolicy", "sqs"]);
    assert_eq!(permissions.services[0].last_accessed, Some(at(&days_before(120))));
    assert_eq!((permissions.granted, permissions.used), (7, 1));
    let unseen = [("iam:PassRole".to_owned(), Unseen::NeverLogged), ("s3:GetObject".to_owned(), Unseen::NoDataEvents)];
    assert_eq!(permissions.unseen, unseen);
    let statements: Vec<_> =
        permissions.statements.iter().map(|one| (one.statement, one.granted, one.unused, one.is_unused())).collect();
    assert_eq!(statements, [(0, 5, 2, false), (1, 2, 2, true)]);
    assert_eq!(permissions.last_used, LastSeen::At(at(&days_before(3))));
}

#[test]
fn data_events_of_anybody_show_that_the_log_has_them() {
    let (items, mut events) = storage();
    let other = call(&role(PROD, "other"), "s3", "GetObject");
    events.push(past(1, with(other, "eventCategory", json!("Data"))));
    let world = items.world();
    let found = permissions(&world, &events, &period(90));
    let permissions = found[0].permissions.as_ref().expect("them");
    assert_eq!(services(permissions), ["s3: s3:CreateBucket s3:GetObject s3:PutBucketPolicy", "sqs"]);
}

#[test]
fn logs_that_do_not_cover_the_period_tell_nothing() {
    let (mut items, events) = storage();
    active(&mut items, DEV, "lab", &[allow("sqs:*", "*")]);
    let world = items.world();
    let verdicts = |events: &[Value], period: &Period| -> Vec<String> {
        permissions(&world, events, period)
            .iter()
            .map(|one| match &one.verdict {
                Verdict::Unused => "unused".to_owned(),
                Verdict::Unknown(why) => why.name().to_owned(),
            })
            .collect()
    };
    assert_eq!(verdicts(&events, &period(90)), ["unused", "no-logs"]);
    assert_eq!(verdicts(&events, &period(200)), ["short-logs", "no-logs"]);
    assert_eq!(verdicts(&[], &period(90)), ["no-logs", "no-logs"]);
    let old = Period { now: at(CAPTURED).plus_days(300), ..period(90) };
    assert_eq!(verdicts(&events, &old), ["old-record", "no-logs"]);
}

#[test]
fn what_another_call_may_need_is_not_called_unused() {
    let mut items = Items::default();
    active(&mut items, PROD, "app", &[allow("ec2:*", "*")]);
    let app = role(PROD, "app");
    let events = [past(120, call(&app, "ec2", "DescribeVpcs")), past(1, call(&app, "ec2", "RunInstances"))];
    let world = items.world();
    let found = permissions(&world, &events, &period(90));
    let permissions = found[0].permissions.as_ref().expect("them");
    assert!(permissions.unseen.contains(&("ec2:CreateTags".to_owned(), Unseen::Companion)), "{:?}", permissions.unseen);
    assert!(!permissions.services[0].whole);
    assert!(permissions.services[0].actions.iter().any(|(name, last)| name == "ec2:DescribeVpcs" && last.is_some()));
}

#[test]
fn unused_roles_and_what_nobody_recorded() {
    let mut items = Items::default();
    items.role(PROD, "idle", &trust(json!({"AWS": "*"})), &[allow("sqs:*", "*")], &[]);
    items.last()["configuration"]["createDate"] = json!("2024-01-01T00:00:00Z");
    items.last()["configuration"]["roleLastUsed"] = json!({});
    let arn = format!("arn:aws:iam::{PROD}:policy/gone");
    active(&mut items, PROD, "half", &[allow("sqs:CreateQueue", "*")]);
    items.last()["configuration"]["attachedManagedPolicies"] = json!([{"policyName": "gone", "policyArn": arn}]);
    let world = items.world();
    let by = |days| past(days, call(&role(PROD, "x"), "ec2", "DescribeVpcs"));
    let found = permissions(&world, &[by(100), by(0)], &period(90));
    // Of the unused role the role is the finding; of the other only what is known is told.
    assert_eq!(found.len(), 1);
    let permissions = found[0].permissions.as_ref().expect("them");
    assert_eq!((services(permissions), &permissions.unrecorded), (vec!["sqs".to_owned()], &vec![arn]));
}

proptest! {
    #[test]
    fn the_order_of_events_does_not_matter(days in proptest::collection::vec((0_i64..200, 0_usize..4), 1..30), split in 0_usize..30) {
        let names = [("s3", "ListBuckets"), ("s3", "PutBucketPolicy"), ("sqs", "CreateQueue"), ("sts", "GetCallerIdentity")];
        let (items, _) = storage();
        let world = items.world();
        let events: Vec<Value> = days.iter().map(|(days, which)| {
            let (source, name) = names[*which];
            past(*days, call(&role(PROD, "app"), source, name))
        }).collect();
        let reversed: Vec<Value> = events.iter().rev().cloned().collect();
        let whole = uses(&world, &events);
        prop_assert_eq!(&uses(&world, &reversed), &whole);
        let (first, second) = events.split_at(split.min(events.len()));
        let mut merged = uses(&world, second);
        merged.merge(uses(&world, first));
        prop_assert_eq!(&merged, &whole);
    }

    #[test]
    fn a_longer_period_finds_no_more(used in 0_i64..500, created in 0_i64..800, short in 14_u16..180, more in 0_u16..180) {
        let items = with_role(Some(json!({"lastUsedDate": days_before(used)})), &days_before(created));
        let world = items.world();
        let longer = unused(&world, &period(short + more)).len();
        prop_assert!(longer <= unused(&world, &period(short)).len());
        prop_assert_eq!(longer == 1, used >= i64::from(short + more) && created >= i64::from(short + more));
    }
}
