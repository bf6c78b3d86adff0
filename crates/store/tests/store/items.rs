//! The life of an item in the store: new, changed, same, late, deleted, back again; and what it was at a moment.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::support::*;
use haechi_model::{CoverageState, ItemStatus};
use haechi_store::{ItemFilter, ListingOutcome, PutOutcome, RunState, Store};
use proptest::prelude::*;
use serde_json::{Value, json};

fn put(store: &mut Store, items: &[haechi_model::ConfigurationItem]) -> Vec<PutOutcome> {
    let mut run = store.begin_run(run_at(0)).unwrap();
    let outcomes = run.put_items(items, at(1000)).unwrap();
    run.commit(at(1001)).unwrap();
    outcomes
}

fn content_at(store: &Store, id: &str, seconds: i64) -> Option<Value> {
    let item = store.item_at(&key(id), at(seconds)).unwrap()?;
    Some(item.to_value()["configuration"]["content"].clone())
}

fn statuses(store: &Store, id: &str) -> Vec<(i64, ItemStatus)> {
    let versions = store.versions(&key(id)).unwrap();
    versions.iter().map(|version| (version.captured.since(at(0)) / 1_000_000, version.status)).collect()
}

#[test]
fn new_changed_same() {
    let mut store = crate::support::store();
    let first = item("a", 10, &json!(1));
    assert_eq!(put(&mut store, &[first.clone(), item("b", 10, &json!(1))]), [PutOutcome::New, PutOutcome::New]);
    assert_eq!(
        put(&mut store, &[item("a", 20, &json!(1)), item("b", 20, &json!(2))]),
        [PutOutcome::Same, PutOutcome::Changed]
    );
    assert_eq!(statuses(&store, "a"), [(10, ItemStatus::ResourceDiscovered)]);
    assert_eq!(statuses(&store, "b"), [(10, ItemStatus::ResourceDiscovered), (20, ItemStatus::Ok)]);
    let read = store.item(&key("a")).unwrap().unwrap();
    assert_eq!((read.to_value(), read.content_hash()), (first.to_value(), first.content_hash()));
    assert_eq!(
        [content_at(&store, "b", 9), content_at(&store, "b", 10), content_at(&store, "b", 25)],
        [None, Some(json!(1)), Some(json!(2))]
    );
    let counts = store.previous_run().unwrap().unwrap().counts;
    assert_eq!((counts.items, counts.same, counts.changed, counts.new), (2, 1, 1, 0));
}

#[test]
fn members_about_the_seeing_come_back_as_they_were() {
    let mut store = crate::support::store();
    let members = json!({
        "configurationItemCaptureTime": "2027-01-15T08:00:05.000Z", "configurationStateId": "1795339800",
        "configurationItemStatus": "ResourceDiscovered", "configurationItemMD5Hash": ""
    });
    let odd = item_with("a", 0, members);
    put(&mut store, std::slice::from_ref(&odd));
    let read = store.item(&key("a")).unwrap().unwrap();
    assert_eq!(read.to_value(), odd.to_value());
    assert_eq!(read.status(), ItemStatus::ResourceDiscovered);
}

#[test]
fn only_a_complete_listing_deletes() {
    let mut store = crate::support::store();
    assert_eq!(pass(&mut store, 10, &[("a", 1), ("b", 1), ("c", 1)], CoverageState::Complete), 0);
    assert_eq!(pass(&mut store, 20, &[("a", 1)], failed()), 0);
    assert_eq!(pass(&mut store, 30, &[], CoverageState::Skipped { reason: "disabled".into() }), 0);
    assert_eq!(store.resource_counts().unwrap()[0].count, 3);
    assert_eq!(pass(&mut store, 40, &[("a", 1), ("c", 2)], CoverageState::Complete), 1);
    assert_eq!(statuses(&store, "b"), [(10, ItemStatus::ResourceDiscovered), (41, ItemStatus::ResourceDeleted)]);
    assert_eq!([content_at(&store, "b", 40), content_at(&store, "b", 41)], [Some(json!(1)), None]);
    assert!(store.item(&key("b")).unwrap().is_none());
    // It is back, as it was: a new version, the same content.
    assert_eq!(pass(&mut store, 50, &[("a", 1), ("b", 1), ("c", 2)], CoverageState::Complete), 0);
    assert_eq!(store.previous_run().unwrap().unwrap().counts.new, 1);
    assert_eq!(statuses(&store, "b")[2], (50, ItemStatus::ResourceDiscovered));
    assert_eq!(content_at(&store, "b", 60), Some(json!(1)));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn coverage_is_kept_by_run() {
    let mut store = crate::support::store();
    for (seconds, state) in
        [(10, CoverageState::Complete), (20, CoverageState::Complete), (30, failed()), (40, CoverageState::Complete)]
    {
        pass(&mut store, seconds, &[], state);
    }
    let mut runs = store.runs().unwrap();
    runs.reverse();
    let complete: Vec<bool> =
        runs.iter().map(|run| store.coverage(run.id).unwrap()[0].coverage.is_complete()).collect();
    assert_eq!(complete, [true, true, false, true]);
    assert_eq!(store.coverage(runs[2].id).unwrap()[0].coverage, coverage(failed()));
    let latest = store.latest_coverage().unwrap();
    assert_eq!((latest.len(), latest[0].run, latest[0].coverage.is_complete()), (1, runs[3].id, true));
    // The last word of a run counts.
    let mut run = store.begin_run(run_at(50)).unwrap();
    run.put_coverage(&[coverage(CoverageState::Complete)]).unwrap();
    run.put_coverage(&[coverage(failed())]).unwrap();
    let id = run.commit(at(51)).unwrap();
    assert!(!store.coverage(id).unwrap()[0].coverage.is_complete());
    assert!(store.coverage(runs[3].id).unwrap()[0].coverage.is_complete());
}

#[test]
fn deletion_by_the_item_itself() {
    let mut store = crate::support::store();
    put(&mut store, &[item("a", 10, &json!(1))]);
    assert_eq!(
        put(&mut store, &[deleted("a", 20), deleted("a", 30), deleted("never", 20)]),
        [PutOutcome::Deleted, PutOutcome::Same, PutOutcome::Deleted]
    );
    assert!(store.item(&key("a")).unwrap().is_none());
    assert_eq!(put(&mut store, &[item("a", 40, &json!(2))]), [PutOutcome::New]);
    assert_eq!(content_at(&store, "a", 15), Some(json!(1)));
    assert_eq!(content_at(&store, "a", 25), None);
    assert_eq!(content_at(&store, "a", 45), Some(json!(2)));
    assert_eq!(store.types().unwrap(), [bucket()]);
}

#[test]
fn a_late_item_is_a_version_of_the_past() {
    let mut store = crate::support::store();
    put(&mut store, &[item("a", 30, &json!(3))]);
    assert_eq!(
        put(&mut store, &[item("a", 10, &json!(1)), item("a", 20, &json!(1)), item("a", 25, &json!(2))]),
        [PutOutcome::Older, PutOutcome::Same, PutOutcome::Older]
    );
    assert_eq!(content_at(&store, "a", 99), Some(json!(3)));
    assert_eq!(
        [9, 10, 24, 25, 29, 30].map(|s| content_at(&store, "a", s)),
        [None, Some(json!(1)), Some(json!(1)), Some(json!(2)), Some(json!(2)), Some(json!(3))]
    );
}

#[test]
fn a_late_item_that_says_the_same_as_the_next_doubles_nothing() {
    let mut store = crate::support::store();
    put(&mut store, &[item("a", 30, &json!(1)), item("a", 40, &json!(2))]);
    assert_eq!(put(&mut store, &[item("a", 10, &json!(1)), item("a", 35, &json!(2))]), [PutOutcome::Older; 2]);
    let starts: Vec<_> = statuses(&store, "a").into_iter().map(|(seconds, _)| seconds).collect();
    assert_eq!(starts, [10, 35]);
    assert_eq!(
        [9, 10, 34, 35, 50].map(|s| content_at(&store, "a", s)),
        [0, 1, 1, 2, 2].map(|n| (n > 0).then(|| json!(n)))
    );
    assert_eq!(store.item(&key("a")).unwrap().unwrap().captured(), at(35));
    assert_eq!(put(&mut store, &[item("a", 40, &json!(2)), item("a", 30, &json!(1))]), [PutOutcome::Same; 2]);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_late_item_does_not_undo_what_a_newer_listing_confirmed() {
    let mut store = crate::support::store();
    pass(&mut store, 10, &[("a", 1)], CoverageState::Complete);
    pass(&mut store, 100, &[("a", 1)], CoverageState::Complete);
    // Between the two, unseen by them, it was something else for a while.
    assert_eq!(put(&mut store, &[item("a", 50, &json!(2))]), [PutOutcome::Older]);
    assert_eq!([content_at(&store, "a", 20), content_at(&store, "a", 60)], [Some(json!(1)), Some(json!(2))]);
    assert_eq!(content_at(&store, "a", 101), Some(json!(1)));
    assert_eq!(content_at(&store, "a", 999), Some(json!(1)));
    // The same for a resource that a listing no longer had.
    pass(&mut store, 200, &[], CoverageState::Complete);
    pass(&mut store, 300, &[], CoverageState::Complete);
    assert_eq!(put(&mut store, &[item("a", 250, &json!(3))]), [PutOutcome::Older]);
    assert_eq!(content_at(&store, "a", 260), Some(json!(3)));
    assert_eq!(content_at(&store, "a", 999), None);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_late_item_does_not_undo_what_was_seen_after_it_without_a_listing() {
    let mut store = crate::support::store();
    put(&mut store, &[item("a", 10, &json!(1)), item("b", 10, &json!(1))]);
    assert_eq!(put(&mut store, &[item("a", 100, &json!(1)), item("b", 100, &json!(1))]), [PutOutcome::Same; 2]);
    let late = [item("a", 50, &json!(2)), item("a", 50, &json!(2)), item("a", 100, &json!(1))];
    assert_eq!(put(&mut store, &late), [PutOutcome::Older, PutOutcome::Same, PutOutcome::Same]);
    assert_eq!([20, 60, 100, 999].map(|s| content_at(&store, "a", s)), [1, 2, 1, 1].map(|n| Some(json!(n))));
    // Also when it has changed since: it is known until when the old content stood.
    put(&mut store, &[item("b", 200, &json!(3))]);
    assert_eq!(put(&mut store, &[item("b", 50, &json!(2)), item("b", 150, &json!(4))]), [PutOutcome::Older; 2]);
    let wanted = [(20, 1), (60, 2), (120, 1), (160, 4), (999, 3)];
    assert_eq!(wanted.map(|(s, _)| content_at(&store, "b", s)), wanted.map(|(_, n)| Some(json!(n))));
    // A dropped run has seen what it has seen.
    let mut run = store.begin_run(run_at(0)).unwrap();
    run.put_items(&[item("b", 300, &json!(3))], at(300)).unwrap();
    drop(run);
    put(&mut store, &[item("b", 250, &json!(5))]);
    assert_eq!(content_at(&store, "b", 999), Some(json!(3)));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn putting_the_same_files_again_adds_nothing() {
    let mut store = crate::support::store();
    let files: Vec<_> = [(30, 3), (10, 1), (10, 2), (20, 1), (20, 1), (40, 1)]
        .into_iter()
        .map(|(seconds, content)| item("a", seconds, &json!(content)))
        .chain([deleted("a", 25), deleted("a", 50)])
        .collect();
    put(&mut store, &files);
    let versions = store.versions(&key("a")).unwrap();
    assert_eq!(put(&mut store, &files), vec![PutOutcome::Same; files.len()]);
    assert_eq!(store.versions(&key("a")).unwrap(), versions);
}

#[test]
fn a_clock_that_jumps_back_deletes_nothing() {
    let mut store = crate::support::store();
    pass(&mut store, 100, &[("a", 1)], CoverageState::Complete);
    assert_eq!(pass(&mut store, 50, &[], CoverageState::Complete), 0);
    assert!(store.item(&key("a")).unwrap().is_some());
}

#[test]
fn two_contents_of_one_moment_stand_in_the_order_of_their_coming() {
    let mut store = crate::support::store();
    put(&mut store, &[item("a", 10, &json!(1)), item("a", 10, &json!(2))]);
    assert_eq!(content_at(&store, "a", 10), Some(json!(2)));
    assert_eq!(statuses(&store, "a").len(), 2);
    let mut read = Vec::new();
    let each = |item: haechi_model::ConfigurationItem, _| {
        read.push(item.to_value()["configuration"]["content"].clone());
        ControlFlow::Continue(())
    };
    store.items_of_type(&bucket(), &ItemFilter::default(), each).unwrap();
    assert_eq!(read, [json!(2)]);
}

#[test]
fn items_of_a_type_come_in_order_and_as_they_were() {
    let mut store = crate::support::store();
    pass(&mut store, 10, &[("b", 1), ("a", 1), ("c", 1)], CoverageState::Complete);
    pass(&mut store, 20, &[("b", 2), ("d", 1), ("c", 1)], CoverageState::Complete);
    let read = |filter: &ItemFilter, most: usize| {
        let mut found = Vec::new();
        let each = |item: haechi_model::ConfigurationItem, hash| {
            assert_eq!(item.content_hash(), hash);
            found.push(format!("{}{}", item.key().resource_id, item.to_value()["configuration"]["content"]));
            if found.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        store.items_of_type(&bucket(), filter, each).unwrap();
        found.join(" ")
    };
    let as_of = |seconds| ItemFilter { as_of: Some(at(seconds)), ..ItemFilter::default() };
    assert_eq!(read(&ItemFilter::default(), 9), "b2 c1 d1");
    assert_eq!(read(&ItemFilter::default(), 2), "b2 c1");
    assert_eq!(read(&as_of(15), 9), "a1 b1 c1");
    assert_eq!(read(&as_of(20), 9), "a1 b2 c1 d1");
    assert_eq!(read(&as_of(21), 9), "b2 c1 d1");
    assert_eq!(read(&as_of(5), 9), "");
    let elsewhere = ItemFilter { regions: vec!["eu-west-1".parse().unwrap()], ..ItemFilter::default() };
    assert_eq!(read(&elsewhere, 9), "");
    let here = ItemFilter { regions: vec![region()], accounts: vec![account()], ..ItemFilter::default() };
    assert_eq!(read(&here, 9), "b2 c1 d1");
    assert_eq!(store.item_by_name("arn:aws:s3:::a").unwrap(), [key("a")]);
    assert_eq!(store.item_by_name("d").unwrap(), [key("d")]);
}

#[test]
fn a_dropped_run_is_interrupted_and_keeps_its_facts() {
    let mut store = crate::support::store();
    let mut run = store.begin_run(run_at(0)).unwrap();
    let id = run.id();
    run.put_items(&[item("a", 10, &json!(1))], at(10)).unwrap();
    run.put_instances(&[instance("R")]).unwrap();
    run.upsert_findings(&[finding("R", "a", haechi_model::Severity::High)]).unwrap();
    run.put_items(&[item("b", 10, &json!(1))], at(10)).unwrap();
    assert_eq!(run.store().findings(&Default::default(), at(10)).unwrap().len(), 1);
    drop(run);
    assert_eq!(store.run(id).unwrap().unwrap().state, RunState::Interrupted);
    assert!(store.previous_run().unwrap().is_none());
    assert!(store.item(&key("a")).unwrap().is_some());
    // What came after the first judgement went with it.
    assert!(store.item(&key("b")).unwrap().is_none());
    assert!(store.findings(&Default::default(), at(10)).unwrap().is_empty());
    assert!(store.instances().unwrap().is_empty());
}

#[test]
fn a_listing_of_nothing_in_an_unknown_place_is_remembered() {
    let mut store = crate::support::store();
    let mut run = store.begin_run(run_at(0)).unwrap();
    let outcome = run.finish_listing(&coverage(CoverageState::Complete), &HashSet::new(), at(1)).unwrap();
    assert_eq!(outcome, ListingOutcome::Complete { deleted: 0 });
    run.commit(at(2)).unwrap();
    assert_eq!(store.latest_coverage().unwrap().len(), 1);
    assert!(store.types().unwrap().is_empty());
}

/// What an item may hold, from tiny to several kilobytes, similar from version to version.
fn contents() -> impl Strategy<Value = Vec<(Value, bool)>> {
    let text = prop_oneof!["[a-z]{0,12}", "[a-z ]{900,2000}", "\\PC{0,40}"];
    let one = (0..6u8, text, any::<bool>()).prop_map(|(n, text, often)| (json!({"n": n, "text": text}), often));
    proptest::collection::vec(one, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_version_reads_back_equal(versions in contents(), disorder in any::<u64>()) {
        let mut store = crate::support::store();
        // Some come back to an earlier content: chains are cut and joined again.
        let mut items: Vec<_> = (0..versions.len())
            .map(|n| {
                let (content, again) = &versions[n];
                let content = if *again { &versions[n / 2].0 } else { content };
                item("a", n as i64 * 10, content)
            })
            .collect();
        let wanted = items.clone();
        if disorder % 2 == 1 {
            // Late ones too: pairs swapped.
            for pair in items.chunks_mut(2) {
                pair.reverse();
            }
        }
        put(&mut store, &items);
        for item in &wanted {
            let read = store.item_at(item.key(), item.captured()).unwrap().unwrap();
            prop_assert_eq!(read.content_hash(), item.content_hash());
            prop_assert_eq!(&read.to_value()["configuration"], &item.to_value()["configuration"]);
        }
        prop_assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_batch_of_more_types_than_packing_contexts() {
    let mut store = crate::support::store();
    let items: Vec<_> = (0..40 * 20)
        .map(|number| {
            haechi_model::ConfigurationItem::from_value(&json!({
                "accountId": "123456789012", "awsRegion": "us-east-1", "resourceType": format!("AWS::EC2::T{}", number % 20),
                "resourceId": format!("r-{number}"), "configurationItemCaptureTime": at(number).to_string(),
                "configuration": {"description": "what they have in common makes a dictionary", "number": number},
            }))
            .unwrap()
        })
        .collect();
    assert_eq!(put(&mut store, &items), vec![PutOutcome::New; items.len()]);
    assert_eq!(put(&mut store, &items), vec![PutOutcome::Same; items.len()]);
    for item in &items {
        let read = store.item(item.key()).unwrap().unwrap();
        assert_eq!(read.content_hash(), item.content_hash());
    }
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}
