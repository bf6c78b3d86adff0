//! Makes the calls that stand on standard input, one JSON list `[service, region, operation, input]` a
//! line, and prints `{"ok": output}` or `{"error": kind, "code": ..., "message": ...}` for each: for
//! those who add an operation and want to see its answer.

use std::io::{BufRead as _, stdin};

use haechi_aws::{Api as _, Client};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder().build().await;
    for line in stdin().lock().lines() {
        let (service, region, operation, input): (String, String, String, Value) = serde_json::from_str(&line?)?;
        let result = client.call(&service, &region, &operation, input).await;
        let line = match result {
            Ok(output) => json!({ "ok": output }),
            Err(error) => json!({
                "error": error.kind.as_str(),
                "code": error.code,
                "message": error.message,
                "text": error.to_string(),
            }),
        };
        println!("{line}");
    }
    Ok(())
}
