//! Unused permissions by IAM's service last accessed information, alone and together with a log.

use haechi_access::World;
use haechi_access::unused::{Finding, LastSeen, Period, Source, Uses, Verdict, unused, unused_permissions};
use haechi_iam::catalogue::UnloggedRules;
use haechi_model::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::made::*;
use crate::unused::{CAPTURED, active, at, days_before, past, period, services, uses};
use crate::whatif::replayed::{CATALOGUE, call};

/// A service of the report: its last access so many days ago, and those of its tracked actions.
fn service(namespace: &str, last: Option<i64>, actions: &[(&str, Option<i64>)]) -> Value {
    let mut shaped = json!({"serviceNamespace": namespace});
    if let Some(days) = last {
        shaped["lastAuthenticated"] = used(days);
        let action = |(name, last): &(&str, Option<i64>)| match last {
            Some(days) => json!({"actionName": name, "lastAccessedTime": used(*days)}),
            None => json!({"actionName": name}),
        };
        shaped["trackedActions"] = actions.iter().map(action).collect();
    }
    shaped
}

/// As an item keeps it.
fn used(days: i64) -> Value {
    if days < 14 { json!({"withinDays": 14}) } else { json!(days_before(days)) }
}

/// The role `app` with this policy and this report.
fn with_report(actions: Value, report: &[Value]) -> Items {
    let mut items = Items::default();
    let policy =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    active(&mut items, PROD, "app", &[policy]);
    items.last()["supplementaryConfiguration"] = json!({"ServiceLastAccessed": report});
    items
}

fn permissions<'w>(world: &'w World, uses: Option<&Uses>, period: &Period) -> Vec<Finding<'w>> {
    let unlogged = UnloggedRules::read(include_str!("../../../../content/iam/unlogged.txt")).expect("the rules");
    unused_permissions(world, &CATALOGUE, &unlogged, uses, period, &unused(world, period))
}

/// A finding in lines: the answer and its sources, what is unused, and what is not seen.
fn lines(finding: &Finding<'_>) -> Vec<String> {
    let answer = match &finding.verdict {
        Verdict::Unused => "unused",
        Verdict::Unknown(why) => why.name(),
    };
    let Some(found) = finding.permissions.as_ref() else { return vec![answer.to_owned()] };
    let sources: Vec<&str> = found.sources.iter().map(|source| source.name()).collect();
    let unseen = found.unseen.iter().map(|(name, why)| format!("{name} {}", why.name()));
    let first = format!("{answer} {} {}/{}", sources.join("+"), found.used, found.granted);
    std::iter::once(first).chain(services(found)).chain(unseen).collect()
}

#[track_caller]
fn check(items: &Items, events: Option<&[Value]>, period: &Period, expected: &[&str]) {
    let world = items.world();
    let uses = events.map(|events| uses(&world, events));
    let found: Vec<Vec<String>> = permissions(&world, uses.as_ref(), period).iter().map(lines).collect();
    let expected: Vec<Vec<String>> =
        if expected.is_empty() { Vec::new() } else { vec![expected.iter().map(|line| (*line).to_owned()).collect()] };
    assert_eq!(found, expected);
}

#[test]
fn a_report_alone_tells() {
    let actions = json!([
        "s3:GetObject",
        "s3:CreateBucket",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "sqs:CreateQueue",
        "sqs:SendMessage",
        "sns:Publish",
        "iam:PassRole"
    ]);
    let report = [
        service("iam", None, &[]),
        service(
            "s3",
            Some(1),
            &[("CreateBucket", Some(3)), ("PutBucketPolicy", Some(200)), ("DeleteBucketPolicy", None)],
        ),
        service("sqs", Some(95), &[]),
    ];
    check(
        &with_report(actions, &report),
        None,
        &period(90),
        &[
            // Any use of a service counts for it: data events are not needed.
            "unused report 1/8",
            "s3: s3:DeleteBucketPolicy s3:PutBucketPolicy",
            "sqs",
            // No event and no report tells of it.
            "iam:PassRole never-logged",
            "s3:GetObject not-tracked",
            // A service that the report does not list may be newer than the report.
            "sns:Publish not-tracked",
        ],
    );
}

#[test]
fn times_of_the_report_are_told() {
    let report = [service("s3", Some(20), &[("PutBucketPolicy", Some(200))]), service("sqs", Some(95), &[])];
    let items = with_report(json!(["s3:PutBucketPolicy", "sqs:CreateQueue"]), &report);
    let world = items.world();
    let found = permissions(&world, None, &period(90));
    let told = found[0].permissions.as_ref().expect("them");
    assert_eq!(told.sources, [Source::Report]);
    assert_eq!(told.services[0].actions, [("s3:PutBucketPolicy".to_owned(), Some(at(&days_before(200))))]);
    assert_eq!(told.services[0].last_accessed, Some(at(&days_before(20))));
    assert_eq!(told.services[1].last_accessed, Some(at(&days_before(95))));
    assert_eq!(told.last_used, LastSeen::At(at(&days_before(20))));
    // What was done within the last four hours is not in it yet.
    assert_eq!(found[0].known_at, at(CAPTURED).plus_micros(-4 * 3_600_000_000));
    let of_late = with_report(json!("sqs:*"), &[service("s3", Some(2), &[]), service("sqs", None, &[])]);
    let world = of_late.world();
    let found = permissions(&world, None, &period(90));
    let told = found[0].permissions.as_ref().expect("them");
    assert_eq!((told.last_used, found[0].last_accessed), (LastSeen::OfLate, None));
}

#[test]
fn what_is_kept_of_recent_uses_tells_no_shorter_period() {
    let report =
        [service("s3", Some(1), &[("CreateBucket", Some(1)), ("PutBucketPolicy", None)]), service("sqs", Some(5), &[])];
    let items = with_report(json!(["s3:CreateBucket", "s3:PutBucketPolicy", "sqs:CreateQueue"]), &report);
    check(&items, None, &period(14), &["unused report 1/3", "s3: s3:PutBucketPolicy", "sqs:CreateQueue not-tracked"]);
    let week = [
        "unused report 0/3",
        "s3: s3:PutBucketPolicy",
        "s3:CreateBucket in-use-of-late",
        "sqs:CreateQueue in-use-of-late",
    ];
    check(&items, None, &period(7), &week);
}

#[test]
fn without_a_report_nothing_is_said() {
    let mut items = with_report(json!("sqs:*"), &[]);
    items.last()["supplementaryConfiguration"] = json!({});
    // Nobody has one: permissions are not looked at.
    check(&items, None, &period(90), &[]);
    // Somebody has: then the others are not told.
    items.last()["notCollected"] = json!({"supplementaryConfiguration.ServiceLastAccessed": "AccessDenied: iam:X"});
    active(&mut items, DEV, "other", &[allow("sqs:CreateQueue", "*")]);
    items.last()["supplementaryConfiguration"] = json!({"ServiceLastAccessed": [service("sqs", None, &[])]});
    let world = items.world();
    let found: Vec<Vec<String>> = permissions(&world, None, &period(90)).iter().map(lines).collect();
    assert_eq!(found, [vec!["no-report"], vec!["unused report 0/1", "sqs"]]);
    // A report without any service: the principal had no policies when it was made.
    check(&with_report(json!(["sqs:CreateQueue"]), &[]), None, &period(90), &[]);
}

#[test]
fn a_report_tells_of_its_own_time() {
    let report = [service("sqs", Some(60), &[])];
    let items = with_report(json!("sqs:CreateQueue"), &report);
    check(&items, None, &period(90), &[]);
    check(&items, None, &period(59), &["unused report 0/1", "sqs"]);
    let later = Period { now: at(CAPTURED).plus_days(300), ..period(90) };
    let idle = with_report(json!("sqs:CreateQueue"), &[service("sqs", None, &[])]);
    let world = idle.world();
    let found = permissions(&world, None, &later);
    assert_eq!(lines(&found[0])[0], "old-record  0/1");
    // Who is younger than the period has not had the time.
    let mut young = with_report(json!("sqs:CreateQueue"), &[service("sqs", None, &[])]);
    young.last()["configuration"]["createDate"] = json!(days_before(80));
    check(&young, None, &period(90), &[]);
    check(&young, None, &period(79), &["unused report 0/1", "sqs"]);
}

/// Events of the role that make the log cover a hundred days.
fn log(events: Vec<Value>) -> Vec<Value> {
    let other = |days| past(days, call(&role(PROD, "other"), "ec2", "DescribeVpcs"));
    [vec![other(100), other(0)], events].concat()
}

#[test]
fn a_log_and_a_report_together() {
    let actions = json!([
        "s3:GetObject",
        "s3:CreateBucket",
        "s3:PutBucketPolicy",
        "sqs:SendMessage",
        "sqs:CreateQueue",
        "sns:Publish",
        "sns:CreateTopic"
    ]);
    let report = [
        service("s3", Some(20), &[("CreateBucket", Some(20)), ("PutBucketPolicy", None)]),
        service("sns", None, &[]),
        service("sqs", Some(30), &[]),
    ];
    let items = with_report(actions, &report);
    let app = role(PROD, "app");
    let events = log(vec![past(40, call(&app, "s3", "PutBucketPolicy"))]);
    // The log used one, the report another; the log has no data events, and the report says it of one service.
    let expected = [
        "unused log+report 2/7",
        "sns",
        "sqs: sqs:CreateQueue",
        "s3:GetObject no-data-events",
        "sqs:SendMessage no-data-events",
    ];
    check(&items, Some(&events), &period(90), &expected);
    // A log of another account, or one that is too short, leaves the report.
    let foreign = [past(3, call(&role(DEV, "x"), "ec2", "DescribeVpcs"))];
    let alone = [
        "unused report 1/7",
        "s3: s3:PutBucketPolicy",
        "sns",
        "s3:GetObject not-tracked",
        "sqs:CreateQueue not-tracked",
        "sqs:SendMessage not-tracked",
    ];
    check(&items, Some(&foreign), &period(90), &alone);
    // Its uses are uses all the same.
    let short = [past(3, call(&app, "sns", "CreateTopic"))];
    let mut expected = alone;
    expected[0] = "unused report 2/7";
    expected[2] = "sns: sns:Publish";
    check(&items, Some(&short), &period(90), &expected);
}

#[test]
fn what_may_have_been_used_may_need_others() {
    // Nobody tells whether a project was made, and whether in a network.
    let report = [service("devicefarm", Some(2), &[]), service("ec2", None, &[])];
    let actions = json!(["devicefarm:CreateProject", "ec2:DescribeSubnets", "ec2:DescribeImages"]);
    let open = ["devicefarm:CreateProject not-tracked", "ec2:DescribeSubnets companion"];
    let expected = [&["unused report 0/3", "ec2: ec2:DescribeImages"][..], &open].concat();
    check(&with_report(actions.clone(), &report), None, &period(90), &expected);
    // IAM tracks that, and none was made.
    let told = [service("devicefarm", Some(2), &[("CreateProject", None)]), service("ec2", None, &[])];
    check(
        &with_report(actions, &told),
        None,
        &period(90),
        &["unused report 0/3", "devicefarm: devicefarm:CreateProject", "ec2"],
    );
}

#[test]
fn times_that_cannot_be_read_are_not_never() {
    let broken = json!({"serviceNamespace": "sqs", "lastAuthenticated": "yesterday"});
    let items = with_report(json!(["sqs:CreateQueue", "sns:Publish"]), &[broken, service("sns", None, &[])]);
    check(&items, None, &period(90), &["unused report 0/2", "sns", "sqs:CreateQueue not-tracked"]);
}

/// The unused actions, and those that count as used.
fn told(items: &Items, events: Option<&[Value]>) -> (Vec<String>, usize) {
    let world = items.world();
    let uses = events.map(|events| uses(&world, events));
    let found = permissions(&world, uses.as_ref(), &period(90));
    let Some(found) = found.first().and_then(|one| one.permissions.as_ref()) else { return (Vec::new(), 0) };
    let actions = found.services.iter().flat_map(|service| &service.actions);
    (actions.map(|(name, _)| name.clone()).collect(), found.used)
}

const ACTIONS: [(&str, &str); 6] = [
    ("s3", "CreateBucket"),
    ("s3", "PutBucketPolicy"),
    ("sqs", "CreateQueue"),
    ("sqs", "DeleteQueue"),
    ("ec2", "RunInstances"),
    ("ec2", "CreateTags"),
];

/// A role with all of it, whose report has these last uses of the actions; a service was used with its action.
fn reported(uses: &[Option<i64>; 6]) -> Items {
    let mut services = Vec::new();
    for prefix in ["s3", "sqs", "ec2"] {
        let of_it = || ACTIONS.iter().zip(uses).filter(|((service, _), _)| *service == prefix);
        let last = of_it().filter_map(|(_, days)| *days).min();
        let actions: Vec<(&str, Option<i64>)> = of_it().map(|((_, name), days)| (*name, *days)).collect();
        services.push(service(prefix, last, &actions));
    }
    with_report(json!(["s3:*", "sqs:*", "ec2:*"]), &services)
}

fn last_uses() -> impl Strategy<Value = [Option<i64>; 6]> {
    proptest::array::uniform6(proptest::option::of(0_i64..200))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn more_uses_never_make_more_unused(
        report in last_uses(), more in last_uses(), logged in proptest::collection::vec((0_i64..99, 0_usize..6), 0..8), has_log: bool, extra in 0_usize..8,
    ) {
        let app = role(PROD, "app");
        let event = |(days, which): &(i64, usize)| past(*days, call(&app, ACTIONS[*which].0, ACTIONS[*which].1));
        let events = log(logged.iter().take(extra).map(event).collect());
        let all = log(logged.iter().map(event).collect());
        // The later of two last uses is the last one.
        let later: [Option<i64>; 6] = std::array::from_fn(|at| match (report[at], more[at]) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        });
        let (few, many) = (has_log.then_some(&events[..]), has_log.then_some(&all[..]));
        let (before, _) = told(&reported(&report), few);
        for (items, events) in [(reported(&later), few), (reported(&report), many), (reported(&later), many)] {
            let (after, _) = told(&items, events);
            prop_assert!(after.iter().all(|action| before.contains(action)), "{after:?} of {before:?}");
        }
    }

    #[test]
    fn a_report_calls_nothing_used_that_it_does_not_name(report in last_uses()) {
        let (unused, used) = told(&reported(&report), None);
        prop_assert_eq!(used, report.iter().filter(|days| days.is_some_and(|days| days <= 90)).count());
        for ((service, name), days) in ACTIONS.iter().zip(report) {
            let is_unused = unused.contains(&format!("{service}:{name}"));
            prop_assert!(!(is_unused && days.is_some_and(|days| days <= 90)));
        }
    }
}

#[test]
fn the_four_hours_before_the_record_are_on_the_safe_side() {
    // Used three hours after the period would begin if the report were as new as the record.
    let mut items = with_report(json!("sqs:CreateQueue"), &[service("sqs", Some(90), &[])]);
    let used = at(CAPTURED).plus_days(-90).plus_micros(-3 * 3_600_000_000);
    items.last()["supplementaryConfiguration"]["ServiceLastAccessed"][0]["lastAuthenticated"] = json!(used.to_string());
    check(&items, None, &period(90), &[]);
    let earlier = used.plus_micros(-Timestamp::DAY / 12);
    items.last()["supplementaryConfiguration"]["ServiceLastAccessed"][0]["lastAuthenticated"] =
        json!(earlier.to_string());
    check(&items, None, &period(90), &["unused report 0/1", "sqs"]);
}
