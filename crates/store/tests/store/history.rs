//! The history of a resource: versions, differences, who changed it, and what it was related to.

use haechi_model::{AccountId, ChangeType, CoverageState, ItemStatus, Region};
use haechi_store::{Direction, ItemFilter, Presence, Slice, Span, TagFilter};
use serde_json::json;

use crate::support::*;

#[test]
fn the_timeline_says_what_changed_and_who_did_it() {
    let mut store = crate::support::store();
    pass(&mut store, 10, &[("a", 1)], CoverageState::Complete);
    pass(&mut store, 100, &[("a", 1)], CoverageState::Complete);
    let mut run = store.begin_run(run_at(150)).unwrap();
    // Before it was last seen unchanged, twice between, on another, and after.
    let events = [
        change("e1", "a", 50),
        change("e2", "a", 120),
        change("e3", "a", 130),
        change("e3", "b", 130),
        change("e4", "a", 900),
    ];
    assert_eq!(run.put_change_events(&events).unwrap(), 5);
    assert_eq!(run.put_change_events(&events).unwrap(), 0);
    run.commit(at(151)).unwrap();
    pass(&mut store, 200, &[("a", 2)], CoverageState::Complete);
    pass(&mut store, 300, &[], CoverageState::Complete);
    pass(&mut store, 400, &[("a", 2)], CoverageState::Complete);
    let timeline = store.timeline(&key("a"), Span::default(), Slice::default()).unwrap();
    let shape: Vec<_> = timeline
        .iter()
        .map(|entry| {
            let events: Vec<_> = entry.related_events.iter().map(|event| &*event.event_id).collect();
            (entry.version.number, entry.version.status, entry.configuration_item_diff.change_type, events.join(" "))
        })
        .collect();
    assert_eq!(
        shape,
        [
            (1, ItemStatus::ResourceDiscovered, ChangeType::Create, "".into()),
            (2, ItemStatus::Ok, ChangeType::Update, "e2 e3".into()),
            (3, ItemStatus::ResourceDeleted, ChangeType::Delete, "".into()),
            (4, ItemStatus::ResourceDiscovered, ChangeType::Create, "".into()),
        ]
    );
    let changed = serde_json::to_value(&timeline[1]).unwrap();
    assert_eq!(
        changed["configurationItemDiff"],
        json!({"changeType": "UPDATE", "changedProperties": {
            "Configuration.Content": {"previousValue": 1, "updatedValue": 2, "changeType": "UPDATE"}}})
    );
    assert_eq!(changed["relatedEvents"][0]["principalArn"], "arn:aws:sts::111122223333:assumed-role/admin/session");
    let page =
        store.timeline(&key("a"), Span { from: Some(at(150)), to: Some(at(350)) }, Slice { offset: 1, limit: Some(5) });
    assert_eq!(page.unwrap(), timeline[2..3]);
    assert_eq!(store.change_events(&key("a"), Span { from: Some(at(120)), to: None }).unwrap().len(), 3);
    assert_eq!(store.change_events(&key("nobody"), Span::default()).unwrap(), []);
    // Every version can be read by its name.
    let contents: Vec<_> = timeline
        .iter()
        .map(|entry| {
            let item = store.version_item(&key("a"), entry.version.captured, entry.version.sequence).unwrap();
            item.map(|item| item.to_value()["configuration"]["content"].clone())
        })
        .collect();
    assert_eq!(contents, [Some(json!(1)), Some(json!(2)), None, Some(json!(2))]);
    assert_eq!(store.version_item(&key("a"), at(11), 0).unwrap().map(|item| item.to_value()), None);
}

#[test]
fn coverage_as_it_was() {
    let mut store = crate::support::store();
    pass(&mut store, 10, &[], CoverageState::Complete);
    pass(&mut store, 20, &[], failed());
    pass(&mut store, 30, &[], CoverageState::Complete);
    let complete = |seconds| {
        store.coverage_at(at(seconds)).unwrap().iter().map(|one| one.coverage.is_complete()).collect::<Vec<_>>()
    };
    assert_eq!(
        [9, 10, 20, 29, 30, 99].map(complete),
        [vec![], vec![true], vec![false], vec![false], vec![true], vec![true]]
    );
}

#[test]
fn resources_are_found_by_id_name_and_arn() {
    let mut store = crate::support::store();
    let named = |id: &str, name: &str, arn: &str| item_with(id, 10, json!({"resourceName": name, "arn": arn}));
    let mut run = store.begin_run(run_at(0)).unwrap();
    let items = [
        named("AIDA1", "alice", "arn:aws:iam::111122223333:user/alice"),
        named("i-1", "web", "arn:aws:ec2:us-east-1:111122223333:instance/i-1"),
        named("odd", "strange", "arn:aws:x:::something/else"),
        named("i-2", "web", "arn:aws:ec2:us-east-1:111122223333:instance/i-2"),
    ];
    run.put_items(&items, at(10)).unwrap();
    run.put_items(&[named("i-2", "renamed", "arn:aws:ec2:us-east-1:111122223333:instance/i-2")], at(20)).unwrap();
    run.commit(at(30)).unwrap();
    let find = |candidates: &[&str]| {
        let found = store.find_resources(account(), &region(), candidates).unwrap();
        found.iter().map(|key| key.resource_id.to_string()).collect::<Vec<_>>().join(" ")
    };
    for (candidates, expected) in [
        (&["alice"][..], "AIDA1"),
        (&["arn:aws:iam::111122223333:user/alice"], "AIDA1"),
        // Only the whole ARN counts.
        (&["arn:aws:iam::999999999999:user/alice"], ""),
        (&["web", "i-1"], "i-1"),
        (&["renamed"], "i-2"),
        (&["arn:aws:x:::something/else", "", "nothing"], "odd"),
        (&["else"], ""),
    ] {
        assert_eq!(find(candidates), expected, "{candidates:?}");
        for candidate in
            candidates.iter().filter(|name| !expected.is_empty() && !name.is_empty() && **name != "nothing")
        {
            assert_eq!(store.item_by_name(candidate).unwrap()[0].resource_id.to_string(), expected);
        }
    }
    let elsewhere = Region::parse("eu-west-1").unwrap();
    assert_eq!(store.find_resources(account(), &elsewhere, &["alice"]).unwrap(), []);
    assert_eq!(store.find_resources(AccountId::parse("999999999999").unwrap(), &region(), &["alice"]).unwrap(), []);
}

#[test]
fn relationships_in_both_directions_as_they_were() {
    let mut store = crate::support::store();
    let to = |id: &str| {
        json!({"relationships": [
        {"resourceType": "AWS::S3::Bucket", "resourceId": id, "relationshipName": "Is logged to"}]})
    };
    let alone = json!({"relationships": []});
    let mut run = store.begin_run(run_at(0)).unwrap();
    run.put_items(&[item_with("a", 10, to("b")), item_with("b", 10, alone.clone()), item_with("c", 10, alone)], at(10))
        .unwrap();
    run.put_items(&[item_with("a", 20, to("c"))], at(20)).unwrap();
    run.commit(at(30)).unwrap();
    let related = |id: &str, seconds: Option<i64>| {
        let found = store.related(&key(id), seconds.map(at)).unwrap();
        let found = found.iter().map(|one| {
            let arrow = if one.direction == Direction::Outgoing { "->" } else { "<-" };
            assert_eq!(one.key.as_ref().unwrap().resource_id.to_string(), one.resource_id.clone().unwrap());
            format!("{arrow}{}", one.resource_id.clone().unwrap())
        });
        found.collect::<Vec<_>>().join(" ")
    };
    for (id, seconds, expected) in [
        ("a", None, "->c"),
        ("a", Some(15), "->b"),
        ("b", Some(15), "<-a"),
        ("b", None, ""),
        ("c", None, "<-a"),
        ("c", Some(15), ""),
        ("a", Some(5), ""),
        ("nobody", None, ""),
    ] {
        assert_eq!(related(id, seconds), expected, "{id} at {seconds:?}");
    }
    // What is not recorded has no key.
    let mut run = store.begin_run(run_at(40)).unwrap();
    run.put_items(&[item("d", 40, &json!(1))], at(40)).unwrap();
    run.commit(at(41)).unwrap();
    let found = store.related(&key("d"), None).unwrap();
    assert_eq!((found.len(), &found[0].key, found[0].resource_id.as_deref()), (1, &None, Some("k")));
}

#[test]
fn lists_are_filtered_counted_and_paged() {
    let mut store = crate::support::store();
    let tagged = |id: &str, seconds, env: &str| item_with(id, seconds, json!({"tags": {"env": env, "a.b": "x\"y"}}));
    let mut run = store.begin_run(run_at(0)).unwrap();
    let items: Vec<_> =
        (0..30).map(|n| tagged(&format!("b{n:02}"), 10, if n % 3 == 0 { "prod" } else { "dev" })).collect();
    run.put_items(&items, at(10)).unwrap();
    run.put_items(&[tagged("b00", 20, "test"), deleted("b29", 20)], at(20)).unwrap();
    run.commit(at(30)).unwrap();
    let tag = |key: &str, value: Option<&str>| vec![TagFilter { key: key.into(), value: value.map(str::to_owned) }];
    let all = ItemFilter::default;
    for (filter, expected) in [
        (all(), 29),
        (ItemFilter { presence: Presence::Gone, ..all() }, 1),
        (ItemFilter { presence: Presence::Any, ..all() }, 30),
        (ItemFilter { ids: vec!["b01".into(), "b29".into()], ..all() }, 1),
        (ItemFilter { names: vec!["b1*".into()], ..all() }, 10),
        (ItemFilter { names: vec!["arn:aws:s3:::b?1".into(), "b02".into()], ..all() }, 4),
        (ItemFilter { tags: tag("env", Some("prod")), ..all() }, 9),
        (ItemFilter { tags: tag("env", Some("prod")), as_of: Some(at(15)), ..all() }, 10),
        (ItemFilter { tags: tag("env", Some("test")), as_of: Some(at(15)), ..all() }, 0),
        (ItemFilter { tags: tag("a.b", Some("x\"y")), ..all() }, 29),
        (ItemFilter { tags: tag("nothing", None), ..all() }, 0),
        (ItemFilter { as_of: Some(at(15)), ..all() }, 30),
        (ItemFilter { as_of: Some(at(5)), ..all() }, 0),
        (ItemFilter { types: vec!["AWS::EC2::Instance".parse().unwrap()], ..all() }, 0),
        (ItemFilter { types: vec![bucket()], accounts: vec![account()], regions: vec![region()], ..all() }, 29),
    ] {
        let listed = store.resources(&filter, Slice::default()).unwrap();
        assert_eq!((listed.len() as u64, store.count_resources(&filter).unwrap()), (expected, expected), "{filter:?}");
        let mut paged = Vec::new();
        for offset in (0..40).step_by(7) {
            paged.extend(store.resources(&filter, Slice { offset, limit: Some(7) }).unwrap());
        }
        assert_eq!(paged, listed, "{filter:?}");
        if filter.presence == Presence::There {
            let mut number = 0;
            let each = |_, _| {
                number += 1;
                std::ops::ControlFlow::Continue(())
            };
            store.items_of_type(&bucket(), &filter, each).unwrap();
            assert_eq!(number, expected, "{filter:?}");
        }
    }
    let gone = store.resources(&ItemFilter { presence: Presence::Gone, ..all() }, Slice::default()).unwrap();
    assert_eq!(
        (gone[0].status, gone[0].captured, gone[0].tags["env"].as_str()),
        (ItemStatus::ResourceDeleted, at(20), "dev")
    );
}
