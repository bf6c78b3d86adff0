//! IAM's credential report: asked for, waited for, and read from CSV into rows of camel-case members.

use std::time::Duration;

use base64::Engine as _;
use haechi_aws::{Api, ApiError, ErrorKind};
use serde_json::{Map, Value, json};

/// How often to ask whether the report is ready; AWS needs seconds, in large accounts a minute or two.
const TRIES: u32 = 40;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The report as `{"rows": [{"user": ..., "mfaActive": "true", ...}]}`; every value is text, as in the report.
pub(super) async fn credential_report(api: &dyn Api, region: &str) -> Result<Value, ApiError> {
    let mut wait = FIRST_WAIT;
    for _ in 0..TRIES {
        let state = api.call("iam", region, "GenerateCredentialReport", json!({})).await?;
        if state["State"].as_str() == Some("COMPLETE") {
            match api.call("iam", region, "GetCredentialReport", json!({})).await {
                Ok(answer) => return rows(&answer).map_err(|what| malformed(region, what)),
                // It ran out just now, or IAM's other half has not heard of it yet.
                Err(error) if matches!(&*error.code, "ReportInProgress" | "ReportNotPresent" | "ReportExpired") => {}
                Err(error) => return Err(error),
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    let what = "AWS did not finish the credential report in about three minutes";
    Err(ApiError::new(ErrorKind::Timeout, "iam", region, "GenerateCredentialReport", what))
}

fn malformed(region: &str, what: String) -> ApiError {
    ApiError::new(ErrorKind::Malformed, "iam", region, "GetCredentialReport", what)
}

fn rows(answer: &Value) -> Result<Value, String> {
    let content = answer["Content"].as_str().ok_or("the report has no content")?;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(content)
        .map_err(|error| format!("the report is not base64: {error}"))?;
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let headers = reader.headers().map_err(|error| error.to_string())?;
    let names: Vec<String> = headers.iter().map(camel).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let row = names.iter().zip(record.iter()).map(|(name, value)| (name.clone(), Value::from(value)));
        rows.push(Value::Object(row.collect::<Map<_, _>>()));
    }
    Ok(json!({ "rows": rows }))
}

/// `access_key_1_last_used_date` as `accessKey1LastUsedDate`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.extend(letters);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_report() {
        let csv = "user,arn,access_key_1_active\n<root_account>,arn:aws:iam::123456789012:root,false\n";
        let content = base64::engine::general_purpose::STANDARD.encode(csv);
        assert_eq!(
            rows(&json!({"Content": content})).unwrap(),
            json!({"rows": [{"user": "<root_account>", "arn": "arn:aws:iam::123456789012:root", "accessKey1Active": "false"}]})
        );
        assert!(rows(&json!({"Content": "%"})).is_err());
        assert!(rows(&json!({})).is_err());
    }
}
