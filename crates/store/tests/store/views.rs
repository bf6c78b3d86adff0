//! The public schema: the names and the answers of the views (docs/store.md).

use haechi_model::Severity;
use haechi_store::{Account, AccountState, Store};
use serde_json::json;

use crate::support::*;

fn store() -> Store {
    let mut store = crate::support::store();
    let mut run = store.begin_run(run_at(0)).unwrap();
    run.put_accounts(&[Account {
        id: account(),
        name: Some("prod".into()),
        ou_path: Some("Root/Workloads/Prod".into()),
        state: AccountState::Active,
        tags: Default::default(),
        as_of: at(0),
    }])
    .unwrap();
    // Enough of them for a dictionary: the views unpack with it.
    let items: Vec<_> = (0..60).map(|n| item(&format!("b{n:02}"), 10, &json!(n))).collect();
    run.put_items(&items, at(10)).unwrap();
    run.put_items(&[item("b00", 20, &json!("changed")), deleted("b01", 20)], at(20)).unwrap();
    run.put_change_events(&[change("e1", "b00", 19)]).unwrap();
    run.put_coverage(&[coverage(failed())]).unwrap();
    run.put_instances(&[instance("A")]).unwrap();
    run.upsert_findings(&[finding("A", "b00", Severity::High)]).unwrap();
    run.commit(at(30)).unwrap();
    store
}

#[track_caller]
fn check(sql: &str, expected: &[&str]) {
    let rows = store().query(sql, 100).unwrap().rows;
    let rows: Vec<String> =
        rows.iter().map(|row| row.iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(rows, expected, "{sql}");
}

#[test]
fn answers() {
    check(
        "SELECT resourceId, configuration ->> 'content', accountName, ouPath, awsRegion, organization,
                configurationItemCaptureTime, configurationItemStatus, tags ->> 'env'
         FROM resources WHERE resourceId IN ('b00', 'b01', 'b02') ORDER BY resourceId",
        &[
            r#""b00" "changed" "prod" "Root/Workloads/Prod" "us-east-1" "o-haechi" "2027-01-15T08:00:20Z" "OK" "prod""#,
            r#""b02" 2 "prod" "Root/Workloads/Prod" "us-east-1" "o-haechi" "2027-01-15T08:00:10Z" "OK" "prod""#,
        ],
    );
    check("SELECT count(*) AS n FROM resources", &["59"]);
    check(
        "SELECT relationshipName, relatedType, relatedId, count(*) FROM relationships GROUP BY 1, 2, 3",
        &[r#""Is encrypted by" "AWS::KMS::Key" "k" 59"#],
    );
    check("SELECT accountId, accountName, state FROM accounts", &[r#""111122223333" "prod" "ACTIVE""#]);
    check(
        "SELECT rule, severity, status, resourceId, ouPath, owner, lastSeen, reopened FROM findings",
        &[r#""A" "high" "open" "b00" "Root/Workloads/Prod" "web" "2027-01-15T08:00:00Z" 0"#],
    );
}

#[test]
fn the_history_answers() {
    check(
        "SELECT resourceId, capturedAt, configurationItemStatus, changeType, configuration ->> 'content', tags ->> 'env'
         FROM versions WHERE resourceId IN ('b00', 'b01') ORDER BY 1, 2",
        &[
            r#""b00" "2027-01-15T08:00:10Z" "ResourceDiscovered" "CREATE" 0 "prod""#,
            r#""b00" "2027-01-15T08:00:20Z" "OK" "UPDATE" "changed" "prod""#,
            r#""b01" "2027-01-15T08:00:10Z" "ResourceDiscovered" "CREATE" 1 "prod""#,
            r#""b01" "2027-01-15T08:00:20Z" "ResourceDeleted" "DELETE" null null"#,
        ],
    );
    check(
        "SELECT count(*), count(DISTINCT contentHash), min(run), min(accountName) FROM versions",
        &[r#"62 61 1 "prod""#],
    );
    check(
        "SELECT resourceType, state, errorCode, latest FROM coverage",
        &[r#""AWS::S3::Bucket" "failed" "AccessDenied" 1"#],
    );
    check(
        "SELECT resourceId, eventName, principalArn, eventTime, sourceIPAddress FROM changes",
        &[
            r#""b00" "PutBucketPolicy" "arn:aws:sts::111122223333:assumed-role/admin/session" "2027-01-15T08:00:19Z" "192.0.2.1""#,
        ],
    );
}

#[test]
fn columns_are_the_documented_ones() {
    let mut store = store();
    let documented = include_str!("../../../../docs/store.md");
    for view in ["resources", "findings", "accounts", "relationships", "versions", "coverage", "changes"] {
        let columns = store.query(&format!("SELECT * FROM {view}"), 1).unwrap().columns;
        let section = documented.split(&format!("### `{view}`")).nth(1).unwrap_or_default();
        let section = section.split("\n##").next().unwrap_or_default();
        for column in &columns {
            assert!(section.contains(&format!("| `{column}` |")), "docs/store.md lacks {view}.{column}");
        }
        assert_eq!(section.matches("\n| `").count(), columns.len(), "docs/store.md has other columns of {view}");
    }
}

#[test]
fn queries_only_read_and_only_the_views() {
    let mut store = store();
    for sql in [
        "DELETE FROM h_items",
        "SELECT * FROM h_items",
        "SELECT * FROM h_bodies",
        "WITH resources AS (SELECT * FROM H_ITEMS) SELECT * FROM resources",
        "SELECT * FROM resources JOIN h_runs",
        "SELECT * FROM sqlite_schema",
        "PRAGMA user_version = 3",
        "ATTACH 'x.db' AS x",
        "CREATE TEMP TABLE t (a)",
        "SELECT 1; SELECT 2",
        "SELECT load_extension('x')",
        "BEGIN",
        "SELECT",
        "",
    ] {
        let error = store.query(sql, 10).unwrap_err();
        assert!(!error.to_string().is_empty(), "{sql}: {error}");
    }
    assert_eq!(
        store.query("WITH t AS (SELECT resourceId FROM resources) SELECT count(*) FROM t", 10).unwrap().rows[0],
        [json!(59)]
    );
    let most = store.query("SELECT resourceId FROM resources", 10).unwrap();
    assert_eq!((most.rows.len(), most.more), (10, true));
    // The guard is only for the query.
    store.begin_run(run_at(99)).unwrap().commit(at(100)).unwrap();
}
