//! What only the team store has: several processes on one server, its views, and its guards.

use std::time::Duration;

use haechi_model::{CoverageState, Severity};
use haechi_store::{Account, AccountState, Location, Scan, ScanBodies, ScanColumns, Store, StoreError};
use serde_json::json;

use crate::support::*;

#[test]
fn a_second_writer_waits_and_readers_do_not() {
    let location = Location::parse(&fresh_database()).unwrap();
    let mut first = Store::open_at(&location).unwrap();
    let mut second = Store::open_at_patiently(&location, Duration::from_millis(120)).unwrap();
    let mut run = first.begin_run(run_at(20)).unwrap();
    run.put_items(&[item("a", 20, &json!(1))], at(20)).unwrap();
    let error = second.begin_run(run_at(21)).map(|run| run.id()).unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
    run.put_instances(&[instance("A")]).unwrap();
    assert_eq!(second.resource_counts().unwrap()[0].count, 1);
    assert!(second.instances().unwrap().is_empty());
    run.commit(at(22)).unwrap();
    assert_eq!(second.instances().unwrap().len(), 1);
    pass(&mut second, 30, &[("a", 1), ("b", 1)], CoverageState::Complete);
    assert_eq!(first.resource_counts().unwrap()[0].count, 2);
}

#[test]
fn many_may_make_it_at_once() {
    let location = Location::parse(&fresh_database()).unwrap();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let location = &location;
            scope.spawn(move || Store::open_at(location).unwrap().begin_run(run_at(n)).unwrap().commit(at(n)).unwrap());
        }
    });
    assert_eq!(Store::open_at(&location).unwrap().runs().unwrap().len(), 4);
}

#[test]
fn it_works_within_a_runtime() {
    let location = Location::parse(&fresh_database()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut store = Store::open_at(&location).unwrap();
        pass(&mut store, 10, &[("a", 1)], CoverageState::Complete);
        assert!(store.item(&key("a")).unwrap().is_some());
    });
}

#[test]
fn nul_in_a_name_or_a_body_loses_nothing() {
    let mut store = store();
    let odd =
        item_with("a", 10, json!({"resourceName": "x\u{0}y", "configuration": {"k\u{0}": "\u{0}", "text": "\\u0000"}}));
    let mut run = store.begin_run(run_at(0)).unwrap();
    run.put_items(std::slice::from_ref(&odd), at(10)).unwrap();
    run.commit(at(11)).unwrap();
    assert_eq!(store.item(&key("a")).unwrap().unwrap().to_value(), odd.to_value());
    let rows = store.query("SELECT resourceName, configuration ->> 'text' FROM resources", 10).unwrap().rows;
    assert_eq!(rows, [[json!("x\u{2400}y"), json!("\\u0000")]]);
}

fn filled() -> Store {
    let mut store = store();
    let mut run = store.begin_run(run_at(0)).unwrap();
    run.put_accounts(&[Account {
        id: account(),
        name: Some("prod".into()),
        ou_path: Some("Root/Prod".into()),
        state: AccountState::Active,
        tags: Default::default(),
        as_of: at(0),
    }])
    .unwrap();
    let items: Vec<_> = (0..30).map(|n| item(&format!("b{n:02}"), 10, &json!(n))).collect();
    run.put_items(&items, at(10)).unwrap();
    run.put_items(&[item("b00", 20, &json!("changed")), deleted("b01", 20)], at(20)).unwrap();
    run.put_change_events(&[change("e1", "b00", 19)]).unwrap();
    run.put_coverage(&[coverage(failed())]).unwrap();
    run.put_instances(&[instance("A")]).unwrap();
    run.upsert_findings(&[finding("A", "b00", Severity::High)]).unwrap();
    run.commit(at(30)).unwrap();
    store
}

#[test]
fn the_views_answer() {
    let mut store = filled();
    let mut check = |sql: &str, expected: &[&str]| {
        let rows = store.query(sql, 100).unwrap_or_else(|error| panic!("{sql}: {error}")).rows;
        let rows: Vec<String> =
            rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(rows, expected, "{sql}");
    };
    check(
        "SELECT resourceId, configuration ->> 'content', accountName, awsRegion, configurationItemCaptureTime, tags ->> 'env'
         FROM resources WHERE resourceId IN ('b00', 'b01', 'b02') ORDER BY resourceId",
        &[
            r#""b00" "changed" "prod" "us-east-1" "2027-01-15T08:00:20Z" "prod""#,
            r#""b02" "2" "prod" "us-east-1" "2027-01-15T08:00:10Z" "prod""#,
        ],
    );
    check("SELECT count(*) AS n FROM resources", &["29"]);
    check(
        "SELECT relationshipName, relatedId, count(*) FROM relationships GROUP BY 1, 2",
        &[r#""Is encrypted by" "k" 29"#],
    );
    check("SELECT accountId, accountName, state FROM accounts", &[r#""111122223333" "prod" "ACTIVE""#]);
    check(
        "SELECT rule, severity, status, resourceId, owner, lastSeen, reopened FROM findings",
        &[r#""A" "high" "open" "b00" "web" "2027-01-15T08:00:00Z" 0"#],
    );
    check(
        "SELECT resourceId, capturedAt, configurationItemStatus, changeType FROM versions
         WHERE resourceId IN ('b00', 'b01') ORDER BY 1, 2",
        &[
            r#""b00" "2027-01-15T08:00:10Z" "ResourceDiscovered" "CREATE""#,
            r#""b00" "2027-01-15T08:00:20Z" "OK" "UPDATE""#,
            r#""b01" "2027-01-15T08:00:10Z" "ResourceDiscovered" "CREATE""#,
            r#""b01" "2027-01-15T08:00:20Z" "ResourceDeleted" "DELETE""#,
        ],
    );
    check(
        "SELECT resourceType, state, errorCode, latest FROM coverage",
        &[r#""AWS::S3::Bucket" "failed" "AccessDenied" 1"#],
    );
    check(
        "SELECT resourceId, eventName, eventTime FROM changes",
        &[r#""b00" "PutBucketPolicy" "2027-01-15T08:00:19Z""#],
    );
}

#[test]
fn queries_only_read_and_only_the_views() {
    let mut store = filled();
    for sql in [
        "DELETE FROM h_items",
        "SELECT * FROM h_items",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM information_schema.tables",
        "SELECT lo_import('/etc/passwd')",
        "SELECT 1; SELECT 2",
        "SELECT 1) x; DROP TABLE a; --",
        "SELECT 1) AS haechi_answer --",
        "CREATE TABLE t (a int)",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "WITH x AS (DELETE FROM accounts RETURNING 1) SELECT * FROM x",
        "BEGIN",
        "SELECT",
        "",
    ] {
        let error = store.query(sql, 10).expect_err(sql);
        assert!(!error.to_string().is_empty(), "{sql}: {error}");
    }
    let most = store.query("SELECT resourceId FROM resources;", 10).unwrap();
    assert_eq!((most.rows.len(), most.more), (10, true));
    store.begin_run(run_at(99)).unwrap().commit(at(100)).unwrap();
    let error = store.backup(std::path::Path::new("/tmp/never")).unwrap_err();
    assert!(error.help().unwrap().contains("pg_dump"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_said_without_the_password() {
    let location = Location::parse("postgres://haechi:s3cret@127.0.0.1:9/none").unwrap();
    let error = format!("{:?}", Store::open_at(&location).unwrap_err());
    assert!(!error.contains("s3cret") && error.to_lowercase().contains("connect"), "{error}");
}

#[test]
fn scans_read_what_is_and_what_was() {
    let store = filled();
    let scopes = store.scan_scopes().unwrap();
    for (bodies, as_of, number, content) in [
        (ScanBodies::OnDemand, None, 29, json!("changed")),
        (ScanBodies::All, None, 29, json!("changed")),
        (ScanBodies::OnDemand, Some(at(15)), 30, json!(0)),
        (ScanBodies::All, Some(at(15)), 30, json!(0)),
    ] {
        let columns = ScanColumns { id: true, names: true, tags: true, version: true };
        let scan = Scan { scopes: scopes.clone(), ids: None, as_of, columns, bodies, threads: 4 };
        let takers = store
            .scan(
                &scan,
                Vec::new,
                |found, row| {
                    row.fetch_body().map_err(|error| error.to_string())?;
                    row.fetch_version().map_err(|error| error.to_string())?;
                    let body: serde_json::Value =
                        serde_json::from_slice(row.body()).map_err(|error| error.to_string())?;
                    found.push((row.resource_id().to_owned(), body["configuration"]["content"].clone()));
                    Ok::<(), String>(())
                },
                || false,
                || false,
            )
            .unwrap();
        let found: std::collections::BTreeMap<_, _> = takers.into_iter().flatten().collect();
        assert_eq!((found.len(), &found["b00"]), (number, &content), "{bodies:?} {as_of:?}");
    }
}
