//! Threats are merged with what is there, decided about like findings, and written together with their state.

use std::collections::BTreeSet;

use haechi_model::{
    AccountId, Entity, EntityKind, Log, Message, Partition, Region, Severity, Sighting, Threat, ThreatOrigin,
    ThreatScore, Timestamp,
};
use haechi_store::{
    Account, AccountState, FilterExpression, FindingStatus, KeptThreats, NewSuppression, Store, StoreError,
    ThreatFilter,
};

use crate::support::{at, run_at, store};

const TYPE: &str = "Stealth:IAMUser/CloudTrailLoggingDisabled";

fn threat(user: &str, seconds: i64) -> Threat {
    let entity = Entity::new(EntityKind::Principal, format!("arn:aws:iam::111122223333:user/{user}"));
    let account = AccountId::parse("111122223333").unwrap();
    let region = Region::parse("us-east-1").unwrap();
    Threat {
        id: Threat::id_of(TYPE, &entity, &account, &region),
        kind: TYPE.into(),
        origin: ThreatOrigin::GuardDuty,
        title: "A trail was stopped".into(),
        score: ThreatScore::new(2.0).unwrap(),
        partition: Partition::parse("aws").unwrap(),
        account,
        region,
        entity,
        others: BTreeSet::new(),
        message: Message::new(format!("detection:{TYPE}")),
        attack: vec!["T1562.008".into()],
        factors: BTreeSet::new(),
        evidence: vec![Sighting {
            time: at(seconds),
            event_id: format!("{user}-{seconds}"),
            log: Log::CloudTrail,
            source: "cloudtrail.amazonaws.com".into(),
            name: "StopLogging".into(),
            principal: Some(format!("arn:aws:iam::111122223333:user/{user}")),
            access_key: None,
            address: Some("198.51.100.7".into()),
            user_agent: None,
            error: None,
            target: None,
            file: None,
            record: None,
        }],
        count: 1,
        first_seen: at(seconds),
        last_seen: at(seconds),
        related: BTreeSet::new(),
        sample: false,
    }
}

fn keep(store: &mut Store, threats: &[Threat]) -> u64 {
    store.keep_threats(&KeptThreats { threats, state: None, generation: 0, files: &[], at: at(100) }).unwrap()
}

fn ids(store: &Store, filter: &ThreatFilter, now: Timestamp) -> Vec<String> {
    store.threats(filter, now).unwrap().into_iter().map(|found| found.threat.entity.id).collect()
}

#[test]
fn what_is_found_again_is_counted() {
    let mut store = store();
    assert_eq!(keep(&mut store, &[threat("alice", 1), threat("bob", 2)]), 2);
    assert_eq!(keep(&mut store, &[threat("alice", 3)]), 0);
    let alice = store.threat(&threat("alice", 1).id.to_string()[..8], at(200)).unwrap();
    assert_eq!((alice.threat.count, alice.threat.first_seen, alice.threat.last_seen), (2, at(1), at(3)));
    assert_eq!(alice.threat.evidence.len(), 2);
    let newest: Vec<_> = ids(&store, &ThreatFilter::default(), at(200));
    assert!(newest[0].ends_with("alice") && newest.len() == 2, "{newest:?}");
    let since = ThreatFilter { since: Some(at(3)), ..ThreatFilter::default() };
    assert_eq!(ids(&store, &since, at(200)).len(), 1);
}

#[test]
fn people_decide_about_threats_as_about_findings() {
    let mut store = store();
    keep(&mut store, &[threat("alice", 1), threat("bob", 2)]);
    let mut run = store.begin_run(run_at(50)).unwrap();
    let account = Account {
        id: AccountId::parse("111122223333").unwrap(),
        name: Some("prod".into()),
        ou_path: Some("Root/Workloads/Prod".into()),
        state: AccountState::Active,
        tags: Default::default(),
        as_of: at(50),
    };
    run.put_accounts(&[account]).unwrap();
    run.commit(at(51)).unwrap();
    let words = "kind = threat AND type = principal AND principal ~ '*/alice' AND address = 198.51.100.7 AND ou = Root/Workloads";
    let terms = NewSuppression {
        filter: FilterExpression::parse(words).unwrap(),
        reason: "our own test".into(),
        owner: "soc".into(),
        created: at(60),
        expires: Some(at(300)),
    };
    store.suppress(&terms).unwrap();
    let open = ThreatFilter { statuses: vec![FindingStatus::Open], ..ThreatFilter::default() };
    assert_eq!(ids(&store, &open, at(200)).len(), 1);
    assert!(ids(&store, &open, at(200))[0].ends_with("bob"));
    assert_eq!(ids(&store, &open, at(300)).len(), 2, "it has expired");
    let low = ThreatFilter { severities: vec![Severity::Low], ous: vec!["Root".into()], ..ThreatFilter::default() };
    assert_eq!(ids(&store, &low, at(200)).len(), 2);
    store.assign(threat("bob", 2).id, Some("kim"), "lee", at(70)).unwrap();
    let bob = store.threat(&threat("bob", 2).id.to_string(), at(200)).unwrap();
    assert_eq!((bob.assignee.as_deref(), bob.account_name.as_deref()), (Some("kim"), Some("prod")));
    assert!(store.idle_suppressions(at(200)).unwrap().is_empty());
}

#[test]
fn the_state_is_written_with_its_threats_or_not_at_all() {
    let mut store = store();
    assert_eq!(store.detect_state().unwrap(), Default::default());
    let large = vec![7_u8; (8 << 20) + 5];
    let kept =
        |state, generation, files| KeptThreats { threats: &[], state: Some(state), generation, files, at: at(1) };
    store.keep_threats(&kept(&large, 0, &[([1; 16], 7)])).unwrap();
    let state = store.detect_state().unwrap();
    assert_eq!((state.generation, state.body.as_deref()), (1, Some(&*large)));
    assert!(store.kept_log([1; 16]).unwrap() == Some(7) && store.kept_log([2; 16]).unwrap().is_none());
    // Another one wrote in between: nothing of this one stays.
    let threats = [threat("alice", 1)];
    let late = KeptThreats { threats: &threats, ..kept(&[1, 2], 0, &[([2; 16], 7)]) };
    assert!(matches!(store.keep_threats(&late), Err(StoreError::Overtaken { .. })));
    assert!(store.threats(&ThreatFilter::default(), at(9)).unwrap().is_empty());
    assert!(store.kept_log([2; 16]).unwrap().is_none());
    store.keep_threats(&kept(&[], 1, &[])).unwrap();
    let state = store.detect_state().unwrap();
    assert_eq!((state.generation, state.body), (2, Some(Vec::new())));
}

#[test]
fn samples_can_be_taken_away() {
    let mut store = store();
    let sample = Threat { sample: true, ..threat("sample", 1) };
    keep(&mut store, &[sample, threat("bob", 2)]);
    assert_eq!(store.remove_samples().unwrap(), 1);
    assert_eq!(ids(&store, &ThreatFilter::default(), at(9)).len(), 1);
    assert!(store.check().unwrap().is_empty());
}
