//! Forgetting the past, moving an old store forward, and a disk that is full.

use haechi_model::{ConfigurationItem, CoverageState, FindingState, ResolvedBecause, Severity, Timestamp};
use haechi_store::{ItemFilter, Presence, PurgeMode, PurgeSummary, Slice, Span, Store, StoreError};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::support::*;

fn text(n: i64) -> Value {
    json!({"n": n, "text": format!("version {n} of something that is long enough to be worth a difference ").repeat(8)})
}

/// Buckets over 30 hours: `a` changes each hour, `b` never, `c` is gone at 10, `d` is gone at 10 and back at 20.
fn thirty_hours() -> Store {
    let mut store = crate::support::store();
    for hour in 1..=30_i64 {
        let mut there = vec![("a", hour), ("b", 1)];
        if hour < 10 {
            there.push(("c", 1));
        }
        if !(10..20).contains(&hour) {
            there.push(("d", 1));
        }
        let items: Vec<_> = there.iter().map(|(id, n)| item(id, hour * 3600, &text(*n))).collect();
        let seen = there.iter().map(|(id, _)| *id).collect();
        let mut run = store.begin_run(run_at(hour * 3600)).unwrap();
        run.put_items(&items, at(hour * 3600)).unwrap();
        let state = if hour == 12 { failed() } else { CoverageState::Complete };
        run.finish_listing(&coverage(state), &seen, at(hour * 3600)).unwrap();
        run.commit(at(hour * 3600)).unwrap();
    }
    store
}

/// What every resource is at each hour from one on.
fn states(store: &Store, from: i64) -> Vec<Vec<Option<Value>>> {
    let state = |hour| {
        let at = at(hour * 3600);
        let item = |id| store.item_at(&key(id), at).unwrap().map(|item: ConfigurationItem| item.to_value());
        let mut found: Vec<_> = ["a", "b", "c", "d"].into_iter().map(item).collect();
        let listed = ItemFilter { as_of: Some(at), presence: Presence::There, ..ItemFilter::default() };
        found.push(Some(json!(store.resources(&listed, Slice::default()).unwrap())));
        found.push(Some(json!(store.coverage_at(at).unwrap())));
        found
    };
    (from..=31).map(state).collect()
}

fn purge(store: &mut Store, hour: i64, mode: PurgeMode) -> PurgeSummary {
    let mut steps = 0;
    let summary = store.purge(at(hour * 3600), mode, &mut |_| steps += 1).unwrap();
    assert!(steps >= 3, "{steps}");
    summary
}

#[test]
fn what_is_asked_of_later_moments_stays_as_it_was() {
    for hour in [0, 1, 5, 9, 10, 11, 12, 13, 19, 20, 25, 30, 40] {
        let mut store = thirty_hours();
        let before = states(&store, hour);
        let dry = purge(&mut store, hour, PurgeMode::DryRun);
        assert_eq!(states(&store, 1), states(&thirty_hours(), 1), "a dry run changes nothing");
        let done = purge(&mut store, hour, PurgeMode::Purge);
        let alike = |one: PurgeSummary| PurgeSummary { bytes_before: 0, bytes_after: 0, ..one };
        assert_eq!(alike(done), alike(dry), "{hour}");
        assert_eq!(states(&store, hour), before, "{hour}");
        assert_eq!(store.check().unwrap(), Vec::<String>::new(), "{hour}");
        let again = purge(&mut store, hour, PurgeMode::Purge);
        assert_eq!(alike(again), PurgeSummary::default(), "{hour}: the second time there is nothing left");
        // It goes on as before.
        pass(&mut store, 200_000, &[("a", 1), ("b", 1), ("e", 1)], CoverageState::Complete);
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        let first = store.timeline(&key("a"), Span::default(), Slice::default()).unwrap();
        assert!(first.len() as i64 >= (30 - hour).max(1), "{hour}");
    }
}

#[test]
fn a_purge_that_breaks_off_loses_nothing_and_goes_on() {
    for broken in ["Resources", "Bodies", "Records", "Space"] {
        let mut store = thirty_hours();
        let before = states(&store, 15);
        let purged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut progress = |step| assert!(!format!("{step:?}").starts_with(broken), "broken off");
            store.purge(at(15 * 3600), PurgeMode::Purge, &mut progress)
        }));
        assert!(purged.is_err(), "{broken}");
        assert_eq!(states(&store, 15), before, "{broken}");
        assert_eq!(store.check().unwrap(), Vec::<String>::new(), "{broken}");
        purge(&mut store, 15, PurgeMode::Purge);
        assert_eq!(states(&store, 15), before, "{broken}");
        assert_eq!(store.versions(&key("c")).unwrap(), []);
    }
}

#[test]
fn a_resource_that_was_gone_leaves_nothing() {
    let mut store = thirty_hours();
    let summary = purge(&mut store, 15, PurgeMode::Purge);
    // `a` has 14 versions from before the one of hour 15; `c` and `d` one and their deletions.
    assert_eq!((summary.versions, summary.resources), (14 + 2 + 2, 1));
    assert!(summary.bodies >= 14, "{summary:?}");
    assert_eq!(store.versions(&key("c")).unwrap(), []);
    assert_eq!(store.item_by_name("c").unwrap(), []);
    assert_eq!(store.versions(&key("d")).unwrap().len(), 1);
    assert_eq!(store.versions(&key("b")).unwrap().len(), 1);
}

#[test]
fn old_findings_and_verdicts_go_and_open_ones_stay() {
    let mut store = thirty_hours();
    let mut run = store.begin_run(run_at(200_000)).unwrap();
    let resolved = |id: &str, hour: i64| {
        let mut finding = finding("A", id, Severity::High);
        finding.state = FindingState::Resolved { because: ResolvedBecause::Fixed, resolved_at: at(hour * 3600) };
        finding
    };
    run.put_instances(&[instance("A")]).unwrap();
    run.upsert_findings(&[resolved("a", 5), resolved("b", 25), finding("A", "d", Severity::High)]).unwrap();
    run.commit(at(200_000)).unwrap();
    assert_eq!(purge(&mut store, 15, PurgeMode::Purge).findings, 1);
    assert_eq!(store.findings(&Default::default(), at(0)).unwrap().len(), 2);
}

#[test]
fn the_space_is_given_back() {
    // Of SQLite alone.
    if ON_POSTGRES {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    let mut store = Store::open(&path).unwrap();
    let mut run = store.begin_run(run_at(0)).unwrap();
    for version in 0..12 {
        // Nothing in common: no differences.
        let body = |n: i64| {
            (0..40)
                .map(|k| format!("{:x}", (n * 7919 + k * 104_729 + version * 15_485_863) * 2_654_435_761))
                .collect::<String>()
        };
        let items: Vec<_> = (0..400).map(|n| item(&format!("b{n}"), version * 10, &json!(body(n)))).collect();
        run.put_items(&items, at(version * 10)).unwrap();
    }
    run.commit(at(1)).unwrap();
    let summary = store.purge(at(105), PurgeMode::Purge, &mut |_| {}).unwrap();
    assert_eq!(summary.versions, 400 * 10);
    assert!(summary.bytes_after * 3 < summary.bytes_before, "{summary:?}");
    assert!(std::fs::metadata(&path).unwrap().len() <= summary.bytes_after);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_store_of_the_first_schema_is_moved_forward() {
    // Of SQLite alone.
    if ON_POSTGRES {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../src/migrations/0001_first.sql")).unwrap();
    old.execute_batch("PRAGMA application_id = 0x48414543; PRAGMA user_version = 1; PRAGMA journal_mode = WAL")
        .unwrap();
    let item = item("old", 10, &text(1));
    let mut body = item.to_value();
    for name in ConfigurationItem::SEEN {
        body.as_object_mut().unwrap().shift_remove(name);
    }
    let body = body.to_string();
    let hash = item.content_hash().bytes();
    old.execute(
        "INSERT INTO h_runs (id, state, info, finished) VALUES (1, 1, ?, 0)",
        [serde_json::to_string(&run_at(0)).unwrap()],
    )
    .unwrap();
    old.execute("INSERT INTO h_scopes (id, organization, partition, account, region, type) VALUES (1, '', 'aws', ?, 'us-east-1', 'AWS::S3::Bucket')", [ACCOUNT]).unwrap();
    let packed = zstd::bulk::compress(body.as_bytes(), 3).unwrap();
    old.execute(
        "INSERT INTO h_contents (id, hash, height, size, body) VALUES (1, ?, 0, ?, ?)",
        params![hash, body.len() as i64, packed],
    )
    .unwrap();
    let captured = item.captured().as_micros();
    old.execute(
        "INSERT INTO h_items VALUES (1, 1, 'old', 'old', 'arn:aws:s3:::old', '{\"env\":\"prod\"}', ?, 0, 0, ?, 1)",
        params![captured, hash],
    )
    .unwrap();
    old.execute("INSERT INTO h_versions VALUES (1, ?1, 0, ?1, 1, NULL, 0, 1, NULL)", [captured]).unwrap();
    drop(old);

    let mut store = Store::open_existing(&path).unwrap();
    assert_eq!(store.item(&key("old")).unwrap().unwrap().to_value(), item.to_value());
    assert_eq!(store.item_by_name("arn:aws:s3:::old").unwrap(), [key("old")]);
    assert_eq!(
        store
            .related(&haechi_model::ResourceKey { resource_type: "AWS::KMS::Key".parse().unwrap(), ..key("k") }, None)
            .unwrap()
            .len(),
        1
    );
    pass(&mut store, 20, &[("old", 2), ("new", 1)], CoverageState::Complete);
    assert_eq!(store.timeline(&key("old"), Span::default(), Slice::default()).unwrap().len(), 2);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    // Of SQLite alone.
    if ON_POSTGRES {
        return;
    }
    let mut store = crate::support::store();
    pass(&mut store, 10, &[("a", 1), ("b", 1)], CoverageState::Complete);
    let items: Vec<_> = (0..3000).map(|n| item(&format!("b{n}"), 20, &text(n))).collect();
    let mut run = store.begin_run(run_at(20)).unwrap();
    run.fill_disk_for_tests(40);
    let error = run.put_items(&items, at(20)).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull(_)), "{error}");
    assert!(
        error.to_string().contains("no room left") && error.help().is_some_and(|help| help.contains("free some space"))
    );
    // What was committed is there, and when there is room again, the same run goes on.
    assert_eq!(run.store().resource_counts().unwrap()[0].count, 2);
    run.fill_disk_for_tests(i64::from(u32::MAX) - 1);
    run.put_items(&items, at(20)).unwrap();
    run.commit(at(21)).unwrap();
    assert_eq!(store.resource_counts().unwrap()[0].count, 3002);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn two_recorders_and_a_clock_that_jumps_back_double_nothing() {
    // Of SQLite alone.
    if ON_POSTGRES {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    drop(Store::open(&path).unwrap());
    std::thread::scope(|scope| {
        for recorder in 0..2 {
            let path = &path;
            scope.spawn(move || {
                for round in 0..20_i64 {
                    // The second recorder's clock is an hour slow.
                    let seconds = 10_000 + round * 10 - recorder * 3600;
                    let mut store = Store::open(path).unwrap();
                    pass(&mut store, seconds, &[("a", 1), ("b", 1)], CoverageState::Complete);
                }
            });
        }
    });
    let store = Store::open(&path).unwrap();
    assert_eq!((store.versions(&key("a")).unwrap().len(), store.runs().unwrap().len()), (1, 40));
    assert!(store.runs().unwrap().iter().all(|run| run.state == haechi_store::RunState::Committed));
    assert_eq!(store.resource_counts().unwrap()[0].count, 2);
}

#[test]
fn nothing_is_written_for_what_is_unchanged() {
    // Of SQLite alone.
    if ON_POSTGRES {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    let mut store = Store::open(&path).unwrap();
    let names: Vec<String> = (0..500).map(|n| format!("b{n}")).collect();
    let buckets: Vec<_> = names.iter().map(|name| (&**name, 1)).collect();
    pass(&mut store, 10, &buckets, CoverageState::Complete);
    let wal = || std::fs::metadata(folder.path().join("haechi.db-wal")).unwrap().len();
    store.begin_run(run_at(11)).unwrap().commit(Timestamp::from_micros(0)).unwrap();
    let before = wal();
    for round in 0..10 {
        pass(&mut store, 20 + round * 10, &buckets, CoverageState::Complete);
    }
    // A run's own row and the words on its listing: a few pages each time.
    assert!(wal() - before < 10 * 8 * 4096, "{}", wal() - before);
    let version = &store.versions(&key("b7")).unwrap()[0];
    assert_eq!((version.captured, version.confirmed), (at(10), at(111)));
}
