//! What filters over events match and refuse, and who is told apart from whom.

use std::path::Path;

use haechi_model::event::{Event, Fields, Head, Json, Place, Record};
use haechi_model::{Log, Timestamp};
use proptest::prelude::*;

use super::{Action, CallerKey, Callers, EventColumn, EventField, EventFilter, Resource, WhoSlots};
use crate::search::ColumnSlots;

/// An event of CloudTrail as the reader makes it.
fn with<T>(text: &str, fields: &Fields, take: impl FnOnce(&Event<'_>) -> T) -> T {
    let mut slots = Vec::new();
    fields.read(text.as_bytes(), 0, &mut slots).expect("a record");
    let json = Json::parse(text).expect("JSON");
    let of = |name: &str| json.get(name).and_then(Json::text).unwrap_or_default().into_owned();
    let (id, source, name, region) = (of("eventID"), of("eventSource"), of("eventName"), of("awsRegion"));
    let (account, time) = (of("recipientAccountId"), of("eventTime"));
    let head = Head {
        log: Log::CloudTrail,
        id: &id,
        time: Timestamp::parse(&time).expect("a time"),
        source: &source,
        name: &name,
        account: Some(&account),
        region: Some(&region),
    };
    let place = Place { file: Path::new("logs/a.json"), record: 7 };
    take(&Event { record: Record::of_json(text, fields, &slots), head, place })
}

const RECORD: &str = r#"{"eventID":"e1","eventTime":"2026-11-20T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject",
 "awsRegion":"eu-west-1","recipientAccountId":"111122223333","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2",
 "userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::444455556666:assumed-role/app/alice@example.org",
  "accountId":"444455556666","accessKeyId":"ASIAX",
  "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::444455556666:role/path/app"},"sourceIdentity":"alice"}},
 "requestParameters":{"bucketName":"data","key":"2026/report.csv","Host":"data.s3.amazonaws.com","size":17,"empty":null,
  "tags":[{"key":"env","value":"prod"},{"key":"team","value":"a\"b"}]},
 "responseElements":null,"readOnly":true,"errorCode":"AccessDenied",
 "resources":[{"ARN":"arn:aws:s3:::data/2026/report.csv"},{"ARN":"arn:aws:s3:::data","accountId":"111122223333"}]}"#;

fn holds(filter: &EventFilter) -> bool {
    let mut fields = Fields::of_events([]).expect("fields");
    let columns = ColumnSlots::add(Log::CloudTrail, &filter.columns(), &mut fields).expect("columns");
    let mut bound = filter.bind(Log::CloudTrail, &mut fields).expect("a filter");
    with(RECORD, &fields, |event| bound.holds(&columns.view(event)))
}

#[track_caller]
fn check(text: &str, expected: bool) {
    let mut filter = EventFilter::default();
    filter.and(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(holds(&filter), expected, "{text}");
    let mut negated = EventFilter::default();
    negated.and(&format!("NOT ({text})")).expect("its contrary");
    assert_eq!(holds(&negated), !expected, "NOT ({text})");
}

#[test]
fn fields_and_columns() {
    for text in [
        "eventName = GetObject",
        "eventName IN (StopLogging, getobject) AND sourceIPAddress ~ '192.0.2.*'",
        "name = GetObject AND source = s3.amazonaws.com AND log = cloudtrail",
        "accountId = 111122223333 AND awsRegion = eu-west-1",
        "principal = 'arn:aws:iam::444455556666:role/path/app'",
        "session ~ '*/alice@example.org' AND accessKeyId = ASIAX",
        "address ~ '192.0.2.0/24' AND sourceIPAddress ~ '192.0.2.0/29'",
        "address = '::ffff:192.0.2.7'",
        "address != 192.0.2.8",
        "userAgent ~ 'aws-cli/*' AND errorCode IS NOT NULL",
        "readOnly = true AND eventId = e1 AND record = 7 AND file ~ '*/a.json'",
        "time ~ '2026-11-20*'",
        "requestParameters.tags.value = prod",
        "requestParameters.tags.value = 'a\"b'",
        "requestParameters.size > 16 AND requestParameters.size <= 17 AND record >= 7 AND record < 8",
        "requestParameters.empty IS NULL AND responseElements IS NULL AND nothing.here IS NULL",
        "requestParameters.size = 17",
        "requestParameters ~ '*report.csv*'",
        "resources.ARN ~ 'arn:aws:s3:::data/*'",
        "resources.accountId NOT IN (1, 2) OR name = x",
    ] {
        check(text, true);
    }
    for text in [
        "eventName = Get",
        "eventName ~ 'Put*'",
        "nothing.here = 1",
        "address ~ '192.0.3.0/24'",
        "requestParameters.size > 17",
        "requestParameters.key > 1",
        "requestParameters.tags.value IS NULL",
        "log = waf",
        "readOnly = false",
    ] {
        check(text, false);
    }
}

#[test]
fn refusals_point_to_the_place() {
    let refuse = |text: &str, column: usize, says: &str| {
        let error = EventFilter::default().and(text).expect_err(text);
        assert_eq!((error.column(), error.message.contains(says)), (column, true), "{text}: {error}");
    };
    refuse("", 1, "expected a field");
    refuse("a..b = 1", 1, "empty name");
    refuse("log = trail", 7, "no log");
    refuse("readOnly = yes", 12, "neither true nor false");
    refuse("size > big", 8, "not a number");
    refuse("size > inf", 8, "not a number");
    refuse("name LIKE 'x'", 6, "expected =");
    refuse("name IS 'x'", 9, "expected NULL");
    refuse(&format!("{} = 1", vec!["a"; 17].join(".")), 1, "more than 16");
}

#[test]
fn words_of_flags() {
    let check = |build: &dyn Fn(&mut EventFilter), expected: bool| {
        let mut filter = EventFilter::default();
        build(&mut filter);
        assert_eq!(holds(&filter), expected);
    };
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    check(&|_| (), true);
    check(&|filter| filter.and_like(&[EventColumn::Name], &[]), true);
    check(&|filter| filter.and_like(&[EventColumn::Name], &words(&["put*", "get*"])), true);
    check(&|filter| filter.and_like(&[EventColumn::Principal, EventColumn::Session], &words(&["*alice*"])), true);
    check(&|filter| filter.and_like(&[EventColumn::Principal], &words(&["*alice*"])), false);
    check(&|filter| filter.and_has(EventColumn::ErrorCode), true);
    check(&|filter| filter.and_says("REPORT.csv"), true);
    check(&|filter| filter.and_says("a\"b"), true);
    check(&|filter| filter.and_says("bob"), false);
}

#[test]
fn paths_that_no_event_has_are_known() {
    let mut filter = EventFilter::default();
    filter.and("eventname = x OR eventName = y OR requestParameters.tags.key = z").expect("a filter");
    let mut fields = Fields::of_events([]).expect("fields");
    let columns = ColumnSlots::add(Log::CloudTrail, &filter.columns(), &mut fields).expect("columns");
    let mut bound = filter.bind(Log::CloudTrail, &mut fields).expect("a filter");
    with(RECORD, &fields, |event| bound.holds(&columns.view(event)));
    let seen: Vec<_> = bound.paths().collect();
    assert_eq!(seen, [("eventname", false), ("eventName", true), ("requestParameters.tags.key", true)]);
}

#[test]
fn fields_by_name() {
    assert_eq!(EventField::named("name"), Ok(EventField::Column(EventColumn::Name)));
    assert_eq!(EventField::named("eventName"), Ok(EventField::Path("eventName".into())));
    assert!(EventField::named("a..b").is_err());
    for column in EventColumn::ALL {
        assert_eq!(EventColumn::named(column.as_str()), Some(column));
    }
}

fn called(action: &str, event_name: &str) -> bool {
    let record = RECORD.replace("GetObject", event_name);
    let fields = Fields::of_events([]).expect("fields");
    with(&record, &fields, |event| Action::parse(action).expect("an action").fits(event))
}

#[test]
fn actions() {
    for (action, name, fits) in [
        ("GetObject", "GetObject", true),
        ("s3:getobject", "GetObject", true),
        ("s3:Get*", "GetObject", true),
        ("*", "GetObject", true),
        ("kms:GetObject", "GetObject", false),
        ("GetObject", "GetObjectAcl", false),
        ("s3:ListBucket", "ListObjects", true),
        ("ListBucket", "ListObjects", false),
        ("UpdateFunctionCode", "UpdateFunctionCode20150331v2", true),
        ("GetFunction", "GetFunction20150331", true),
        ("CreateDistribution", "CreateDistribution2020_05_31", true),
        ("GetObject", "GetObject2", false),
        ("GetObject", "GetObjectv20150331", false),
    ] {
        assert_eq!(called(action, name), fits, "{action} {name}");
    }
    for wrong in ["", "s3:", ":x", "a b", "s3 x:Get", "\u{1b}[2J", "s3:get:object"] {
        assert!(Action::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn resources() {
    let mut fields = Fields::of_events([]).expect("fields");
    let slots = WhoSlots::add(Log::CloudTrail, &mut fields).expect("slots");
    let is_of = |word: &str| {
        let resource = Resource::parse(word).unwrap_or_else(|error| panic!("{word}: {error}"));
        with(RECORD, &fields, |event| resource.is_of(event, &slots))
    };
    for word in [
        "*",
        "data",
        "report.csv",
        "2026/report.csv",
        "arn:aws:s3:::data",
        "arn:aws:s3:::data/2026/report.csv",
        "dat?",
        "*.csv",
        "111122223333",
        "17",
    ] {
        assert!(is_of(word), "{word}");
    }
    // The caller is not what was called upon; letters' case counts in names.
    for word in ["app", "alice", "ASIAX", "Data", "ata", "arn:aws:s3:::other", "arn:aws:s3:::data/2027/report.csv"] {
        assert!(!is_of(word), "{word}");
    }
    // An ARN's name counts where the service and the account are its own.
    let bare = RECORD.replace("arn:aws:s3:::", "");
    let with_bare =
        |word: &str| with(&bare, &fields, |event| Resource::parse(word).expect("a resource").is_of(event, &slots));
    assert!(with_bare("arn:aws:s3:::data"));
    assert!(with_bare("arn:aws:s3:::data/2026/report.csv"));
    assert!(!with_bare("arn:aws:s3:::data/other.csv"));
    assert!(!with_bare("arn:aws:sqs:eu-west-1:111122223333:data"));
    assert!(!with_bare("arn:aws:s3::999999999999:data"));
    assert!(Resource::parse(" ").is_err());
}

#[test]
fn callers_are_told_apart() {
    let mut fields = Fields::of_events([]).expect("fields");
    let slots = WhoSlots::add(Log::CloudTrail, &mut fields).expect("slots");
    let (earlier, other) = (
        RECORD
            .replace("T10:00:00Z", "T09:00:00Z")
            .replace("\"e1\"", "\"e0\"")
            .replace(",\"errorCode\":\"AccessDenied\"", ""),
        RECORD.replace("alice@example.org", "i-0123456789abcdef0"),
    );
    let records = [RECORD, &earlier, &other];
    let told = |order: &[usize]| {
        let mut callers = Callers::default();
        order.iter().for_each(|at| with(records[*at], &fields, |event| callers.add(&slots, event)));
        callers
    };
    let callers = told(&[0, 1, 2]);
    let key = |session: &str| CallerKey {
        principal: Some("arn:aws:iam::444455556666:role/path/app".into()),
        account: Some("444455556666".into()),
        session: Some(session.into()),
        source_identity: Some("alice".into()),
    };
    assert_eq!(callers.callers.len(), 2);
    let alice = &callers.callers[&key("alice@example.org")];
    assert_eq!((alice.count, alice.failed), (2, 1));
    assert_eq!(alice.first.as_ref().map(|(_, id)| id.as_str()), Some("e0"));
    assert_eq!(alice.last.as_ref().map(|(_, id)| id.as_str()), Some("e1"));
    assert_eq!(alice.addresses, [("192.0.2.7".to_owned(), 2)].into());
    assert_eq!(alice.errors, [("AccessDenied".to_owned(), 1)].into());
    assert_eq!(callers.callers[&key("i-0123456789abcdef0")].count, 1);
    assert_eq!(format!("{:?}", told(&[2, 1, 0])), format!("{callers:?}"), "the order does not matter");
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,60}", action in "\\PC{0,20}", resource in "\\PC{0,20}") {
        let mut filter = EventFilter::default();
        if filter.and(&text).is_ok() {
            holds(&filter);
        }
        let fields = Fields::of_events([]).expect("fields");
        if let Ok(action) = Action::parse(&action) {
            with(RECORD, &fields, |event| action.fits(event));
        }
        let mut fields = fields;
        let slots = WhoSlots::add(Log::CloudTrail, &mut fields).expect("slots");
        if let Ok(resource) = Resource::parse(&resource) {
            with(RECORD, &fields, |event| resource.is_of(event, &slots));
        }
    }

    #[test]
    fn names_with_a_version_keep_their_beginning(name in "[A-Za-z]{1,12}", version in "|20150331|20150331v2|2020_05_31") {
        let called = called(&name, &format!("{name}{version}"));
        prop_assert!(called);
    }
}
