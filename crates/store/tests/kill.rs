//! A writer is killed 200 times at random moments: the store always opens, is whole, and has every run
//! that was reported as committed.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use haechi_model::{ConfigurationItem, Coverage, CoverageState, RuleInstance, Timestamp};
use haechi_store::{RunInfo, RunKind, RunState, Store};
use serde_json::json;

const STORE: &str = "HAECHI_TEST_KILL_STORE";
const KILLS: usize = 200;
/// Resources of a run; the number in each is the run's.
const BATCH: i64 = 5;

fn item(id: i64, round: i64) -> ConfigurationItem {
    let value = json!({
        "accountId": "111122223333", "awsRegion": "us-east-1", "resourceType": "AWS::S3::Bucket",
        "resourceId": format!("bucket-{id}"), "configurationItemCaptureTime": Timestamp::from_seconds(round).to_string(),
        "configurationItemStatus": "OK", "configuration": {"round": round, "text": "similar from run to run ".repeat(20)},
    });
    ConfigurationItem::from_value(&value).unwrap()
}

/// The child: writes runs for ever and reports each after its commit.
#[test]
fn writer() {
    let Some(path) = std::env::var_os(STORE) else { return };
    let mut store = Store::open(Path::new(&path)).unwrap();
    let first = store.runs().unwrap().first().map_or(0, |run| run.id.number());
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nready").unwrap();
    for round in first + 1.. {
        let at = Timestamp::from_seconds(round);
        let info = RunInfo {
            started: at,
            kind: RunKind::Record,
            organization: None,
            sources: vec![],
            filters: Default::default(),
            program_version: "0".into(),
        };
        let mut run = store.begin_run(info).unwrap();
        assert_eq!(run.id().number(), round);
        let ids: Vec<i64> = (0..BATCH).map(|n| (round * 2 + n) % 17).collect();
        let items: Vec<_> = ids.iter().map(|id| item(*id, round)).collect();
        for half in items.chunks(3) {
            run.put_items(half, at).unwrap();
        }
        let seen: HashSet<&str> = items.iter().map(|item| &*item.key().resource_id).collect();
        let key = items[0].key();
        let coverage = Coverage {
            account_id: key.account_id,
            region: key.region.clone(),
            resource_type: key.resource_type.clone(),
            state: CoverageState::Complete,
            resources: BATCH as u64,
        };
        run.finish_listing(&coverage, &seen, at).unwrap();
        run.put_instances(&[RuleInstance::new(format!("RULE_{round}"), Default::default(), None)]).unwrap();
        run.put_summary(&json!(round)).unwrap();
        run.commit(at).unwrap();
        writeln!(out, "committed {round}").unwrap();
        out.flush().unwrap();
    }
}

/// A fixed sequence of numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Runs the writer, kills it after a while, and gives the last run that it reported.
fn run_and_kill(path: &Path, micros: u64) -> Option<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["writer", "--exact", "--nocapture"])
        .env(STORE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    // Some die while they open the store.
    if !micros.is_multiple_of(10) {
        lines.find(|line| line == "ready");
    }
    std::thread::sleep(Duration::from_micros(micros));
    child.kill().unwrap();
    child.wait().unwrap();
    lines.filter_map(|line| line.strip_prefix("committed ")?.parse().ok()).last()
}

fn check(path: &Path, reported: i64) {
    let store = Store::open(path).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let runs = store.runs().unwrap();
    let committed: Vec<i64> =
        runs.iter().filter(|run| run.state == RunState::Committed).map(|run| run.id.number()).collect();
    assert!(
        committed.first().copied().unwrap_or(0) >= reported,
        "{reported} was reported, the store has {committed:?}"
    );
    let rules: HashSet<String> = store.instances().unwrap().into_iter().map(|instance| instance.rule).collect();
    // Judgements are there exactly for the committed runs.
    assert_eq!(rules.len(), committed.len());
    let Some(newest) = committed.first() else { return };
    for id in (0..BATCH).map(|n| (newest * 2 + n) % 17) {
        let key = item(id, *newest).key().clone();
        let found = store.item_at(&key, Timestamp::from_seconds(*newest)).unwrap().unwrap();
        assert_eq!(found.to_value()["configuration"]["round"], json!(newest));
    }
    for run in &runs {
        assert_eq!(run.summary, if run.state == RunState::Committed { json!(run.id) } else { json!(null) });
    }
}

#[test]
fn nothing_committed_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    let mut dice = Dice(0x4841_4543_4849);
    let (mut reported, mut interrupted) = (0, 0);
    for _ in 0..KILLS {
        let wait = dice.below(60_000);
        reported = run_and_kill(&path, wait).unwrap_or(reported).max(reported);
        check(&path, reported);
        interrupted += usize::from(
            Store::open(&path).unwrap().runs().unwrap().first().is_some_and(|run| run.state != RunState::Committed),
        );
    }
    println!("{KILLS} kills, {interrupted} of them in the middle of a run; {reported} runs committed");
    assert!(reported > 0 && interrupted > 0);
}
