//! How much of a service quota is used: the last value of the CloudWatch metric that the quota names.

use haechi_aws::{Api, ApiError};
use haechi_model::Timestamp;
use serde_json::{Value, json};

/// How far back a value may lie. Services write their usage every few minutes, some every hour.
const MICROSECONDS_BACK: i64 = 3 * 60 * 60 * 1_000_000;
/// The period of the values.
const PERIOD: i64 = 300;

/// `{"Usage": 12}`, or null when the metric has no value.
pub(super) async fn quota_usage(
    api: &dyn Api,
    region: &str,
    now: Timestamp,
    metric: &Value,
) -> Result<Value, ApiError> {
    let dimensions: Vec<Value> = metric["MetricDimensions"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect();
    let input = json!({
        "MetricDataQueries": [{
            "Id": "usage",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric["MetricNamespace"],
                    "MetricName": metric["MetricName"],
                    "Dimensions": dimensions,
                },
                "Period": PERIOD,
                "Stat": metric["MetricStatisticRecommendation"].as_str().unwrap_or("Maximum"),
            },
        }],
        "StartTime": now.plus_micros(-MICROSECONDS_BACK).to_string(),
        "EndTime": now.to_string(),
        "ScanBy": "TimestampDescending",
    });
    let answer = api.call("cloudwatch", region, "GetMetricData", input).await?;
    let last = &answer["MetricDataResults"][0]["Values"][0];
    Ok(if last.is_null() { Value::Null } else { json!({ "Usage": last }) })
}
