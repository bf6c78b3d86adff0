//! What principals accessed when: asked for only on demand, the same item as long as the same things are used, and
//! never an older report in the place of one that failed.

use std::sync::Arc;

use haechi_inventory::{CollectSummary, Collectors, LastAccessed, Plan, Stop, Target, collect};
use haechi_model::{AccountId, ConfigurationItem, Partition, Region, ResourceType, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fake::{FakeApi, Kept};

const FIRST: &str = "2026-01-01T00:00:00Z";

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A run over one role, at this time, with these answers of the two calls.
async fn run(asked: LastAccessed, at: Timestamp, answers: Value) -> (CollectSummary, Vec<ConfigurationItem>) {
    let role = json!({"Path": "/", "RoleName": "app", "RoleId": "AROA1", "Arn": "arn:aws:iam::123456789012:role/app",
        "CreateDate": "2024-01-02T03:04:05Z", "AssumeRolePolicyDocument": "%7B%7D"});
    let mut calls = vec![json!({"call": "iam:GetAccountAuthorizationDetails", "answer": {"RoleDetailList": [role]}})];
    calls.extend(answers.as_array().unwrap().iter().cloned());
    let target = Target {
        api: Arc::new(FakeApi(serde_json::from_value(calls.into()).unwrap())),
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: vec![Region::parse("us-east-1").unwrap()],
        disabled: Vec::new(),
        organization: false,
    };
    let mut plan = Plan::new(vec![target], at);
    plan.last_accessed = asked;
    plan.types = vec![ResourceType::parse("AWS::IAM::Role").unwrap()];
    let mut kept = Kept::default();
    let collectors = Collectors::embedded().unwrap();
    let summary = collect(&collectors, &plan, &mut kept, &mut |_| {}, &Stop::default()).await.unwrap();
    assert!(kept.coverage.iter().all(|line| line.is_complete()), "{:?}", kept.coverage);
    (summary, kept.items)
}

fn report(services: Value) -> Value {
    json!([
        {"call": "iam:GenerateServiceLastAccessedDetails", "answer": {"JobId": "j"}},
        {"call": "iam:GetServiceLastAccessedDetails", "answer": {"JobStatus": "COMPLETED", "ServicesLastAccessed": services}},
    ])
}

const MEMBER: &str = "supplementaryConfiguration.ServiceLastAccessed";

#[tokio::test]
async fn without_being_told_to_nothing_is_asked() {
    // Any call of the two would be refused.
    let refused = json!([{"call": "iam:GenerateServiceLastAccessedDetails", "error": "AccessDenied"}]);
    let (summary, items) = run(LastAccessed::NotAsked, moment(FIRST), refused).await;
    let item = items[0].to_value();
    assert_eq!(item["notCollected"][MEMBER], "NotAsked: it takes a job of IAM for each principal");
    assert!(summary.missing.is_empty(), "{:?}", summary.missing);
}

#[tokio::test]
async fn a_report_that_fails_is_a_gap_that_no_older_one_fills() {
    for (code, reason) in [
        ("AccessDenied", "AccessDenied: iam:GenerateServiceLastAccessedDetails"),
        // What passes elsewhere ends with "(for now)", and the store would keep what it knew.
        ("Throttling", "Throttling: iam:GenerateServiceLastAccessedDetails"),
    ] {
        let refused = json!([{"call": "iam:GenerateServiceLastAccessedDetails", "error": code}]);
        let (summary, items) = run(LastAccessed::Asked, moment(FIRST), refused).await;
        assert_eq!(items[0].to_value()["notCollected"][MEMBER], reason);
        assert_eq!(summary.missing.len(), 1);
    }
}

#[tokio::test]
async fn a_role_that_is_gone_meanwhile_is_no_item() {
    let gone = json!([{"call": "iam:GenerateServiceLastAccessedDetails", "error": "NoSuchEntity"}]);
    let (_, items) = run(LastAccessed::Asked, moment(FIRST), gone).await;
    assert!(items.is_empty());
    // A job that is gone is another thing.
    let lost = json!([
        {"call": "iam:GenerateServiceLastAccessedDetails", "answer": {"JobId": "j"}},
        {"call": "iam:GetServiceLastAccessedDetails", "error": "NoSuchEntity"},
    ]);
    let (_, items) = run(LastAccessed::Asked, moment(FIRST), lost).await;
    assert_eq!(items[0].to_value()["notCollected"][MEMBER], "NotFound: iam:GetServiceLastAccessedDetails");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn what_is_used_alike_is_the_same_item(
        services in proptest::collection::vec((proptest::option::of(0_i64..400), proptest::option::of(0_i64..400)), 20..60),
    ) {
        // What was used within 13 days is in use, and is used again; what was used longer ago than 14 days is not.
        let of_run = |at: Timestamp| -> Value {
            let time = |days_ago: &Option<i64>| {
                let days = days_ago.map(|days| if days < 13 { days } else { days + 14 })?;
                let used = if days < 13 { at.plus_days(-days) } else { moment(FIRST).plus_days(-days) };
                Some(used.to_string())
            };
            services.iter().enumerate().map(|(at, (service, action))| json!({
                "ServiceNamespace": format!("s{at}"), "LastAuthenticated": time(service),
                "TrackedActionsLastAccessed": [{"ActionName": "A", "LastAccessedTime": time(action)}, {"ActionName": "B"}],
            })).collect()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let hash = |at: Timestamp| {
            let (_, items) = runtime.block_on(run(LastAccessed::Asked, at, report(of_run(at))));
            items[0].content_hash()
        };
        prop_assert_eq!(hash(moment(FIRST)), hash(moment(FIRST).plus_days(1)));
    }
}
