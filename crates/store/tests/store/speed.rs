//! Bounds that must hold on any machine: writing in proportion to change, and not slow.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use haechi_model::{ConfigurationItem, CoverageState};
use haechi_store::{PutOutcome, Store};
use serde_json::json;

use crate::support::*;

const ITEMS: usize = 100_000;

fn batch(from: usize, seconds: i64, changed: bool) -> Vec<ConfigurationItem> {
    (from..from + 1000)
        .map(|n| {
            let content = if changed && n % 100 == 0 { n + 1 } else { n };
            let members = json!({
                "resourceType": "AWS::EC2::Instance", "resourceId": format!("i-{n:017x}"),
                "configuration": {
                    "instanceId": format!("i-{n:017x}"), "imageId": format!("ami-{:017x}", n / 50), "imageNumber": content,
                    "instanceType": "m5.large", "state": {"code": 16, "name": "running"},
                    "privateIpAddress": format!("10.0.{}.{}", n / 256 % 256, n % 256),
                    "metadataOptions": {"state": "applied", "httpTokens": "required", "httpEndpoint": "enabled"},
                    "securityGroups": [{"groupId": format!("sg-{:017x}", n / 10), "groupName": "web"}],
                    "launchTime": "2026-11-22T09:30:00.000Z", "monitoring": {"state": "disabled"},
                }
            });
            item_with("i", seconds, members)
        })
        .collect()
}

#[test]
fn a_hundred_thousand_items() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    let mut store = Store::open(&path).unwrap();
    let size = || fs::metadata(&path).unwrap().len();
    let mut put = |seconds: i64, changed: bool| {
        let mut spent = Duration::ZERO;
        let mut outcomes = Vec::with_capacity(ITEMS);
        let mut run = store.begin_run(run_at(seconds)).unwrap();
        let written = size();
        for from in (0..ITEMS).step_by(1000) {
            let items = batch(from, seconds, changed);
            let start = Instant::now();
            outcomes.extend(run.put_items(&items, at(seconds)).unwrap());
            spent += start.elapsed();
        }
        let ids: Vec<String> = (0..ITEMS).map(|n| format!("i-{n:017x}")).collect();
        let seen: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let coverage = haechi_model::Coverage {
            resource_type: "AWS::EC2::Instance".parse().unwrap(),
            ..coverage(CoverageState::Complete)
        };
        run.finish_listing(&coverage, &seen, at(seconds + 1)).unwrap();
        run.commit(at(seconds + 2)).unwrap();
        let count = |outcome| outcomes.iter().filter(|found| **found == outcome).count();
        ((count(PutOutcome::New), count(PutOutcome::Changed), count(PutOutcome::Same)), spent, size() - written)
    };
    let (counts, first, bytes) = put(100, false);
    assert_eq!(counts, (ITEMS, 0, 0));
    println!("first: {first:?}, {bytes} bytes");
    let (counts, second, grown) = put(200, false);
    assert_eq!(counts, (0, 0, ITEMS));
    println!("same: {second:?}, {grown} bytes more");
    assert!(grown < 64 << 10, "{grown}");
    let (counts, third, grown) = put(300, true);
    assert_eq!(counts, (0, ITEMS / 100, ITEMS * 99 / 100));
    println!("1 % changed: {third:?}, {grown} bytes more");
    assert!(grown < bytes / 20, "{grown} of {bytes}");
    assert!(first < Duration::from_secs(60) && second < first, "{first:?} {second:?}");
}
