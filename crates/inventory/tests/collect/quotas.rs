//! How much of a quota is used: what is asked of CloudWatch, and what it means when nobody can say.

use std::sync::Arc;

use haechi_inventory::{CollectSummary, Collectors, Plan, Stop, Target, collect};
use haechi_model::{AccountId, Partition, Region, ResourceType, Timestamp};
use serde_json::{Value, json};

use crate::fake::{FakeApi, Kept};

const CODE: &str = "L-CDE20ADC";

/// The item of one quota, with what CloudWatch says when it is asked as it must be.
async fn quota(metric: Value, cloudwatch: Value) -> (CollectSummary, Value) {
    let mut asked = json!({
        "call": "cloudwatch:GetMetricData",
        "input": {"StartTime": "2025-12-31T21:00:00Z", "EndTime": "2026-01-01T00:00:00Z", "ScanBy": "TimestampDescending"},
    });
    asked.as_object_mut().unwrap().extend(cloudwatch.as_object().unwrap().clone());
    let quota = json!({"ServiceCode": "autoscaling", "QuotaCode": CODE, "QuotaName": "groups", "Value": 500.0,
        "QuotaArn": "arn:aws:servicequotas:us-east-1::autoscaling/L-CDE20ADC", "UsageMetric": metric});
    let calls = json!([
        {"call": "service-quotas:ListServices", "answer": {"Services": [{"ServiceCode": "autoscaling"}]}},
        {"call": "service-quotas:ListAWSDefaultServiceQuotas", "answer": {"Quotas": [quota]}},
        {"call": "service-quotas:ListServiceQuotas", "answer": {"Quotas": [{"QuotaCode": CODE, "Value": 700.0}]}},
        asked,
    ]);
    let target = Target {
        api: Arc::new(FakeApi(serde_json::from_value(calls).unwrap())),
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: vec![Region::parse("us-east-1").unwrap()],
        disabled: Vec::new(),
        organization: false,
    };
    let mut plan = Plan::new(vec![target], Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    plan.types = vec![ResourceType::parse("AWS::ServiceQuotas::Quota").unwrap()];
    let mut kept = Kept::default();
    let collectors = Collectors::embedded().unwrap();
    let summary = collect(&collectors, &plan, &mut kept, &mut |_| {}, &Stop::default()).await.unwrap();
    let item = kept.items.iter().find(|item| !item.key().region.is_global()).unwrap();
    (summary, item.to_value())
}

fn metric() -> Value {
    json!({"MetricNamespace": "AWS/Usage", "MetricName": "ResourceCount", "MetricDimensions": {"Service": "AutoScaling"}})
}

#[tokio::test]
async fn the_last_value_of_the_metric_is_a_share_of_the_applied_quota() {
    let (summary, item) = quota(metric(), json!({"answer": {"MetricDataResults": [{"Values": [569.0, 8.0]}]}})).await;
    assert_eq!(item["configuration"]["Utilization"], 80);
    assert_eq!(
        (&item["configuration"]["Value"], &item["configuration"]["DefaultValue"]),
        (&json!(700.0), &json!(500.0))
    );
    assert!(summary.missing.is_empty(), "{:?}", summary.missing);
}

#[tokio::test]
async fn a_usage_that_nobody_knows_is_said_in_the_item_and_is_no_gap_of_the_run() {
    let unanswered = json!({"answer": {"MetricDataResults": [{"Values": []}]}});
    for (metric, why) in [(json!({}), "names no usage metric"), (metric(), "no recent value")] {
        let (summary, item) = quota(metric, unanswered.clone()).await;
        assert!(item["configuration"].get("Utilization").is_none());
        assert!(item["notCollected"]["configuration.Utilization"].as_str().unwrap().contains(why), "{item}");
        assert!(summary.missing.is_empty(), "{:?}", summary.missing);
    }
}

#[tokio::test]
async fn a_metric_that_may_not_be_read_is_a_gap() {
    let (summary, item) = quota(metric(), json!({"error": "AccessDenied"})).await;
    assert_eq!(item["notCollected"]["configuration.Utilization"], "AccessDenied: cloudwatch:GetMetricData");
    assert_eq!(summary.missing.len(), 1, "{:?}", summary.missing);
}
