//! Opening stores: new, old, foreign, newer, damaged, and in use by another.

use std::fs;
use std::path::Path;
use std::time::Duration;

use haechi_model::CoverageState;
use haechi_store::{Store, StoreError};
use rusqlite::Connection;
use serde_json::json;

use crate::support::*;

const HASTE: Duration = Duration::from_millis(120);

fn filled(path: &Path) {
    let mut store = Store::open(path).unwrap();
    let names: Vec<String> = (0..200).map(|n| format!("bucket-{n}")).collect();
    let buckets: Vec<_> = names.iter().map(|name| (&**name, 1)).collect();
    pass(&mut store, 10, &buckets, CoverageState::Complete);
}

#[test]
fn what_was_written_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/haechi.db");
    assert!(matches!(Store::open_existing(&path), Err(StoreError::Missing(_))));
    filled(&path);
    let store = Store::open_existing(&path).unwrap();
    assert_eq!(store.resource_counts().unwrap()[0].count, 200);
    assert_eq!(store.item(&key("bucket-7")).unwrap().unwrap().to_value()["configuration"]["content"], json!(1));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/haechi.db");
    let mut store = Store::open(&path).unwrap();
    pass(&mut store, 10, &[("a", 1)], CoverageState::Complete);
    let files: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(store);
    Store::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for bytes in [&b"hello"[..], b"SQLite format 2\0 and more", &[0; 4096]] {
        fs::write(&path, bytes).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::NotAStore(_)), "{error}");
        assert!(error.to_string().contains("is not a Haechi store") && error.help().unwrap().contains("--store"));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let before = fs::read(&other).unwrap();
    assert!(matches!(Store::open(&other), Err(StoreError::NotAStore(_))));
    assert_eq!(fs::read(&other).unwrap(), before);
    assert!(matches!(Store::open(folder.path()), Err(StoreError::Io { .. })));
}

#[test]
fn a_newer_schema_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    drop(Store::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 999").unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 999, .. }), "{error}");
    assert!(error.help().unwrap().contains("newer haechi"));
}

#[test]
fn a_store_that_was_being_made_when_the_power_went_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    fs::write(&path, b"").unwrap();
    filled(&path);
    let path = folder.path().join("second.db");
    Connection::open(&path).unwrap().execute_batch("PRAGMA journal_mode = WAL; VACUUM").unwrap();
    filled(&path);
}

#[test]
fn many_may_make_it_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/haechi.db");
        std::thread::scope(|scope| {
            for n in 0..6 {
                let path = &path;
                scope.spawn(move || Store::open(path).unwrap().begin_run(run_at(n)).unwrap().commit(at(n)).unwrap());
            }
        });
        assert_eq!(Store::open(&path).unwrap().runs().unwrap().len(), 6);
    }
}

#[test]
fn damage_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    filled(&path);
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 32768);
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Store::open(&path).and_then(|store| {
            let found = store.check()?;
            store.item(&key("bucket-7"))?;
            Ok(found)
        })
    };
    for length in [20, 100, 4096, 5000, whole.len() / 2] {
        match read(&whole[..length]) {
            Err(error @ StoreError::Corrupt { .. }) => {
                assert!(error.help().unwrap().contains("put a backup of it in its place"))
            }
            other => panic!("{length}: {other:?}"),
        }
    }
    // Bytes turned over anywhere: an error, a complaint or no harm, never a panic.
    let mut noticed = 0;
    for start in (100..whole.len() - 64).step_by(whole.len() / 40) {
        let mut broken = whole.clone();
        broken[start..start + 64].iter_mut().for_each(|byte| *byte ^= 0x5a);
        match read(&broken) {
            Ok(found) => noticed += usize::from(!found.is_empty()),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 10, "{noticed}");
}

#[test]
fn a_second_writer_waits_and_is_told_who_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    filled(&path);
    let mut first = Store::open(&path).unwrap();
    let mut second = Store::open_patiently(&path, HASTE).unwrap();
    let mut run = first.begin_run(run_at(20)).unwrap();
    run.put_items(&[item("a", 20, &json!(1))], at(20)).unwrap();
    let error = second.begin_run(run_at(21)).map(|run| run.id()).unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)) && error.to_string().contains("another haechi is writing"), "{error}");
    assert!(error.help().unwrap().contains("try again"));
    // Readers see what was committed, also while judgements are being written.
    run.put_instances(&[instance("A")]).unwrap();
    assert_eq!(second.resource_counts().unwrap()[0].count, 201);
    assert!(second.instances().unwrap().is_empty());
    let third = Store::open_patiently(&path, HASTE).unwrap();
    assert_eq!(third.resource_counts().unwrap()[0].count, 201);
    run.commit(at(22)).unwrap();
    assert_eq!(second.instances().unwrap().len(), 1);
    second.begin_run(run_at(23)).unwrap().commit(at(24)).unwrap();
}

#[test]
fn a_waiting_writer_gets_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    filled(&path);
    let mut first = Store::open(&path).unwrap();
    let run = first.begin_run(run_at(20)).unwrap();
    let waiting = std::thread::spawn({
        let path = path.clone();
        move || Store::open(&path).unwrap().begin_run(run_at(21)).unwrap().commit(at(22)).unwrap()
    });
    std::thread::sleep(HASTE);
    let id = run.commit(at(21)).unwrap();
    assert!(waiting.join().unwrap() > id);
}

#[test]
fn a_backup_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("haechi.db"), folder.path().join("copies/copy.db"));
    filled(&path);
    let store = Store::open(&path).unwrap();
    store.backup(&copy).unwrap();
    let copied = Store::open_existing(&copy).unwrap();
    assert_eq!(copied.resource_counts().unwrap(), store.resource_counts().unwrap());
    assert_eq!(copied.check().unwrap(), Vec::<String>::new());
    assert!(matches!(store.backup(&copy), Err(StoreError::Io { .. })));
}
