//! Scans: the same items on any number of threads, now and in the past, and the end when it is asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use haechi_model::{Compliance, CoverageState, Timestamp};
use haechi_store::{QueryBounds, RunInfo, Scan, ScanBodies, ScanColumns, ScanEnd, ScanScope, Store};
use serde_json::{Value, json};

use crate::support::*;

/// 6,000 items of which a third changes at each of two further moments and some are deleted.
fn filled(path: &std::path::Path) -> Store {
    let mut store = Store::open(path).unwrap();
    for round in 0..3_i64 {
        let seconds = round * 1000;
        let mut run = store.begin_run(RunInfo { ..run_at(seconds) }).unwrap();
        let items: Vec<_> = (0..6000_i64)
            .filter(|n| round < 2 || n % 10 > 0)
            .map(|n| {
                let content = if n % 3 == 0 { round } else { 0 };
                let members = json!({
                    "resourceType": if n % 2 == 0 { "AWS::S3::Bucket" } else { "AWS::EC2::Volume" },
                    "configuration": {"content": content, "filler": "x".repeat((n % 50) as usize)},
                    "tags": {"round": content.to_string()},
                    "configurationStateId": if n == 5 { json!("77") } else { Value::Null },
                });
                item_with(&format!("r{n:04}"), seconds, members)
            })
            .collect();
        run.put_items(&items, at(seconds)).unwrap();
        let gone: Vec<_> = (0..6000_i64).filter(|n| round == 2 && n % 10 == 0 && n % 2 == 0).collect();
        let gone: Vec<_> = gone.iter().map(|n| deleted(&format!("r{n:04}"), seconds)).collect();
        run.put_items(&gone, at(seconds)).unwrap();
        run.commit(at(seconds + 1)).unwrap();
    }
    store
}

type Found = BTreeMap<String, (Value, Timestamp, Option<String>)>;

fn found(store: &Store, scan: &Scan) -> Found {
    let takers = store
        .scan(
            scan,
            Found::new,
            |found, row| {
                row.fetch_body().map_err(|error| error.to_string())?;
                row.fetch_version().map_err(|error| error.to_string())?;
                let body: Value = serde_json::from_slice(row.body()).map_err(|error| error.to_string())?;
                assert!(row.version().contains("configurationItemCaptureTime"), "{}", row.version());
                assert_eq!(body["resourceType"], json!(row.scope().resource_type));
                assert_eq!(row.is_past(), scan.as_of.is_some());
                let tags = row.tags().map(str::to_owned);
                assert!(found.insert(row.resource_id().to_owned(), (body, row.captured(), tags)).is_none());
                Ok::<(), String>(())
            },
            || false,
            || false,
        )
        .unwrap();
    let mut all = Found::new();
    for taker in takers {
        for (id, row) in taker {
            assert!(all.insert(id.clone(), row).is_none(), "{id} comes twice");
        }
    }
    all
}

fn scan(scopes: Vec<ScanScope>, threads: usize) -> Scan {
    let columns = ScanColumns { id: true, names: true, tags: true, version: true };
    Scan { scopes, threads, columns, ..Scan::default() }
}

#[test]
fn every_item_comes_once_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("s.db"));
    let scopes = store.scan_scopes().unwrap();
    assert_eq!(scopes.len(), 2);
    let one = found(&store, &scan(scopes.clone(), 1));
    assert_eq!(one.len(), 5400);
    for threads in [2, 3, 8] {
        assert_eq!(found(&store, &scan(scopes.clone(), threads)), one, "{threads}");
        let together = Scan { bodies: ScanBodies::All, ..scan(scopes.clone(), threads) };
        assert_eq!(found(&store, &together), one, "{threads}");
    }
    for (id, (body, captured, tags)) in &one {
        let number: i64 = id[1..].parse().unwrap();
        assert_eq!(body["configuration"]["content"], json!(if number % 3 == 0 { 2 } else { 0 }), "{id}");
        assert_eq!(*captured, at(if number % 3 == 0 { 2000 } else { 0 }), "{id}");
        assert_eq!(tags.as_deref(), Some(&*body["tags"].to_string()));
    }
    let buckets: Vec<_> = scopes.iter().filter(|scope| scope.resource_type.ends_with("Bucket")).cloned().collect();
    let of_one = found(&store, &scan(buckets.clone(), 2));
    assert!(of_one.len() == 2400 && of_one.keys().all(|id| one.contains_key(id)));
    let ids = ["r0001", "r0002", "r0003", "r0010", "nothing"].map(str::to_owned).to_vec();
    let some = found(&store, &Scan { ids: Some(ids), ..scan(scopes, 2) });
    assert_eq!(some.into_keys().collect::<Vec<_>>(), ["r0001", "r0002", "r0003"]);
}

#[test]
fn the_past_is_read_through_differences() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = filled(&folder.path().join("s.db"));
    let scopes = store.scan_scopes().unwrap();
    for (seconds, items, content) in [(500, 6000, 0), (1500, 6000, 1), (2500, 5400, 2), (-5, 0, 0)] {
        let past = found(&store, &Scan { as_of: Some(at(seconds)), ..scan(scopes.clone(), 2) });
        assert_eq!(past.len(), items, "{seconds}");
        for (id, (body, ..)) in &past {
            let number: i64 = id[1..].parse().unwrap();
            let expected = if number % 3 == 0 { content } else { 0 };
            assert_eq!(body["configuration"]["content"], json!(expected), "{id} {seconds}");
        }
        // The views say the same.
        let bounds = QueryBounds {
            rows: None,
            bytes: usize::MAX,
            as_of: Some(at(seconds)),
            stop: std::sync::Arc::new(|| false),
        };
        let sql = "SELECT resourceId, configuration, arn, tags FROM resources ORDER BY resourceId";
        let rows = store.query_within(sql, &bounds).unwrap().rows;
        assert_eq!(rows.len(), items);
        for (row, (id, (body, ..))) in rows.iter().zip(&past) {
            assert_eq!(row[0], json!(id));
            let configuration: Value = serde_json::from_str(row[1].as_str().unwrap()).unwrap();
            assert_eq!((&configuration, &row[2]), (&body["configuration"], &body["arn"]));
        }
    }
    // Nothing of the past is left behind.
    assert_eq!(store.query("SELECT count(*) FROM resources", 1).unwrap().rows[0][0], json!(5400));
}

#[test]
fn a_scan_ends_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("s.db"));
    let wanted = scan(store.scan_scopes().unwrap(), 2);
    let seen = AtomicUsize::new(0);
    let count = |_: &mut (), _: &mut haechi_store::ScanRow<'_>| {
        seen.fetch_add(1, Ordering::Relaxed);
        Ok::<(), String>(())
    };
    // No part is begun once there are enough; parts are whole.
    store.scan(&wanted, || (), count, || seen.load(Ordering::Relaxed) > 0, || false).unwrap();
    assert!((1..=5400).contains(&seen.load(Ordering::Relaxed)));
    let stopped = store.scan(&wanted, || (), count, || false, || true).unwrap_err();
    assert!(matches!(stopped, ScanEnd::Stopped), "{stopped:?}");
    let failed = store.scan(&wanted, || (), |(), _| Err("no more".to_owned()), || false, || false).unwrap_err();
    assert!(matches!(&failed, ScanEnd::Taker(error) if error == "no more"), "{failed:?}");
}

#[test]
fn a_damaged_body_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    drop(filled(&path));
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE h_contents SET body = x'28b52ffd00' WHERE base IS NULL AND id % 7 = 0", []).unwrap();
    drop(raw);
    let store = Store::open(&path).unwrap();
    let wanted = scan(store.scan_scopes().unwrap(), 2);
    let read =
        store.scan(&wanted, || (), |(), row| row.fetch_body().map_err(|error| error.to_string()), || false, || false);
    assert!(matches!(read.unwrap_err(), ScanEnd::Taker(error) if error.contains("cannot be read")));
}

#[test]
fn a_store_in_memory_is_scanned_on_one_thread_and_sees_the_run_at_hand() {
    let mut store = Store::open_in_memory().unwrap();
    pass(&mut store, 10, &[("a", 1), ("b", 2)], CoverageState::Complete);
    let mut run = store.begin_run(run_at(20)).unwrap();
    run.put_items(&[item("c", 20, &json!(3))], at(20)).unwrap();
    let scopes = run.store().scan_scopes().unwrap();
    assert_eq!(found(run.store(), &scan(scopes, 4)).len(), 3);
}

#[test]
fn verdicts_come_by_resource() {
    let mut store = Store::open_in_memory().unwrap();
    let (one, two) = (instance("A"), instance("B"));
    let mut run = store.begin_run(run_at(10)).unwrap();
    run.put_items(&[item("a", 10, &json!(1)), item("b", 10, &json!(1))], at(10)).unwrap();
    run.put_instances(&[one.clone(), two.clone()]).unwrap();
    let verdict = |rule: &haechi_model::RuleInstance, id: &str, compliance| haechi_model::Evaluation {
        instance: rule.id,
        rule: rule.rule.clone(),
        resource: key(id),
        compliance,
        message: haechi_model::Message::new("x"),
        evidence: Vec::new(),
        reads: Vec::new(),
        holds_until: None,
    };
    let verdicts = [
        verdict(&one, "a", Compliance::Compliant),
        verdict(&two, "a", Compliance::NonCompliant),
        verdict(&one, "b", Compliance::NotApplicable),
    ];
    run.put_evaluations(&verdicts, at(11)).unwrap();
    run.commit(at(12)).unwrap();
    let mut all = Vec::new();
    store
        .verdicts(|scope, id, verdicts, at| {
            all.push((scope.resource_type.clone(), id.to_owned(), verdicts.to_vec(), at));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    let bucket = "AWS::S3::Bucket".to_owned();
    assert_eq!(
        all,
        [
            (
                bucket.clone(),
                "a".into(),
                vec![(one.id, Compliance::Compliant), (two.id, Compliance::NonCompliant)],
                at(11)
            ),
            (bucket, "b".into(), vec![(one.id, Compliance::NotApplicable)], at(11)),
        ]
    );
}
