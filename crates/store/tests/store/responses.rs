//! Plans, approvals, records of calls, and notices: what is written stays, also when the process ends in between.

use haechi_model::ContentHash;
use haechi_store::{Approval, NewNotice, NoticeState, PlanRecord, Store, StoreError, StoredPlan};
use serde_json::json;

use crate::support::{at, store};

fn plan(text: &str) -> StoredPlan {
    StoredPlan {
        id: ContentHash::of(text.as_bytes()),
        playbook: "block".into(),
        account: "111122223333".into(),
        region: "us-east-1".into(),
        finding: Some("f".into()),
        made: at(1),
        limit_key: Some("acl".into()),
        due: None,
        body: text.into(),
    }
}

fn record(outcome: &str) -> PlanRecord {
    PlanRecord {
        step: 0,
        deed: "apply".into(),
        outcome: outcome.into(),
        began: at(2),
        ended: (outcome != "unknown").then(|| at(3)),
        body: json!({"before": null, "call": "x"}),
    }
}

#[test]
fn a_plan_with_its_life() {
    let mut store = store();
    let (one, two) = (plan("one"), plan("two"));
    store.put_plan(&one).unwrap();
    store.put_plan(&two).unwrap();
    store.put_plan(&one).unwrap();
    assert_eq!(store.plans().unwrap().len(), 2);
    assert_eq!(store.plan(&one.id.to_string()[..8]).unwrap(), one);
    assert!(matches!(store.plan("ffff0000"), Err(StoreError::NotFound { what: "plan", .. })));
    assert_eq!(store.plans_of_limit("acl").unwrap().len(), 2);
    assert_eq!(store.plans_of_limit("other").unwrap(), []);
    store.set_plan_due(one.id, Some(at(9))).unwrap();
    assert_eq!(store.plan(&one.id.to_string()).unwrap().due, Some(at(9)));

    let approval = Approval { who: "mina".into(), reason: "ticket 7".into(), at: at(2) };
    store.approve_plan(one.id, &approval).unwrap();
    assert_eq!(store.plan_approvals(one.id).unwrap(), [approval]);
    assert_eq!(store.plan_approvals(two.id).unwrap(), []);

    let number = store.begin_plan_record(one.id, &record("unknown")).unwrap();
    assert_eq!(store.plan_records(one.id).unwrap(), [record("unknown")]);
    store.end_plan_record(number, &record("done")).unwrap();
    store.begin_plan_record(one.id, &record("unknown")).unwrap();
    assert_eq!(store.plan_records(one.id).unwrap(), [record("done"), record("unknown")]);
    assert!(store.end_plan_record(number + 100, &record("done")).is_err());
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn an_approval_needs_its_plan() {
    let mut store = store();
    let approval = Approval { who: "mina".into(), reason: "x".into(), at: at(2) };
    assert!(store.approve_plan(plan("gone").id, &approval).is_err());
}

#[test]
fn one_at_a_time_carries_plans_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("haechi.db");
    let first = Store::open(&path).unwrap();
    let second = Store::open_patiently(&path, std::time::Duration::from_millis(100)).unwrap();
    let held = first.lock_responses().unwrap();
    assert!(matches!(second.lock_responses(), Err(StoreError::Busy(_))));
    drop(held);
    second.lock_responses().unwrap();
}

#[test]
fn notices_are_kept_until_they_are_delivered() {
    let mut store = store();
    let notice = |event: &str| NewNotice {
        destination: "https://example.com/hook".into(),
        event: event.into(),
        finding: "f".into(),
        body: json!({"id": event}),
    };
    assert_eq!(store.put_notices(&[notice("a"), notice("b")], at(1)).unwrap(), 2);
    assert_eq!(store.put_notices(&[notice("a"), notice("c")], at(2)).unwrap(), 1);
    let due = store.due_notices(at(1), 10).unwrap();
    assert_eq!(due.iter().map(|notice| notice.notice.event.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    store.notice_delivered(due[0].id, at(3)).unwrap();
    store.notice_failed(due[1].id, "500", Some(at(60))).unwrap();
    assert_eq!(store.due_notices(at(30), 10).unwrap().len(), 1);
    assert_eq!(store.next_notice().unwrap(), Some(at(2)));
    store.notice_failed(due[1].id, "500 again", None).unwrap();
    let dead = store.notices(&[NoticeState::Dead], 10).unwrap();
    assert_eq!((dead[0].attempts, dead[0].error.as_deref()), (2, Some("500 again")));
    store.revive_notice(dead[0].id, at(70)).unwrap();
    assert_eq!(store.due_notices(at(70), 10).unwrap().len(), 2);
    assert!(store.revive_notice(due[0].id, at(70)).is_err(), "it has arrived");
    assert_eq!(store.notices(&[], 10).unwrap().len(), 3);
}
