//! How much of a service quota is used: the last value of the CloudWatch metric that the quota names, as a share
//! of the quota in steps of ten percent. The count itself moves all the time, and would be a new version of the
//! item at every run.

use haechi_aws::{Api, ApiError};
use haechi_model::Timestamp;
use serde_json::{Value, json};

/// How far back a value may lie. Services write their usage every few minutes, some every hour.
const MICROSECONDS_BACK: i64 = 3 * 60 * 60 * 1_000_000;
/// The period of the values.
const PERIOD: i64 = 300;

/// The steps in which the share is given, in percent.
const STEP: f64 = 10.0;

/// `{"Utilization": 80}` for eight to nine tenths of the limit, or null when the metric has no value.
pub(super) async fn quota_usage(
    api: &dyn Api,
    region: &str,
    now: Timestamp,
    metric: &Value,
    limit: f64,
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
    let last = answer["MetricDataResults"][0]["Values"][0].as_f64();
    Ok(last.map_or(Value::Null, |used| json!({ "Utilization": share(used, limit) })))
}

/// The whole steps of the limit that are used, in percent; all of a limit of zero is used from the start.
fn share(used: f64, limit: f64) -> u64 {
    if limit <= 0.0 {
        return 100;
    }
    // What is read as a float (0.7 of 0.7) must not fall short of its own step.
    let steps = (used.max(0.0) * (100.0 / STEP) / limit + 1e-9).floor();
    (steps * STEP) as u64
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_go_down_to_a_tenth() {
        for (used, limit, want) in [
            (0.0, 500.0, 0),
            (49.9, 500.0, 0),
            (50.0, 500.0, 10),
            (399.0, 500.0, 70),
            (400.0, 500.0, 80),
            (3.0, 5.0, 60),
            (5.0, 5.0, 100),
            (6.0, 5.0, 120),
            (0.0, 0.0, 100),
            (-1.0, 5.0, 0),
            (0.7, 1.0, 70),
        ] {
            assert_eq!(share(used, limit), want, "{used} of {limit}");
        }
    }
}
