//! Stand-ins for AWS and for the store: an API that answers from a list, and a sink that keeps everything.

use haechi_aws::{Api, ApiError, BoxFuture, ErrorKind};
use haechi_inventory::collector::Recorded;
use haechi_inventory::{Sink, SinkError};
use haechi_model::{ConfigurationItem, Coverage};
use serde_json::Value;

/// Answers with the first recorded call that fits; whatever is not recorded is not implemented.
pub struct FakeApi(pub Vec<Recorded>);

impl Api for FakeApi {
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let found = self.0.iter().find(|recorded| {
            &*recorded.call.service == service && &*recorded.call.name == operation && within(&recorded.input, &input)
        });
        let result = match found {
            None => Err(ApiError::new(ErrorKind::NotImplemented, service, region, operation, format!("{input}"))),
            Some(recorded) => match &recorded.error {
                None => Ok(recorded.answer.clone()),
                Some(code) => Err(ApiError::new(kind(code), service, region, operation, "refused").with_code(code)),
            },
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            result
        })
    }
}

fn kind(code: &str) -> ErrorKind {
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => ErrorKind::AccessDenied,
        "Throttling" => ErrorKind::Throttled,
        "Timeout" => ErrorKind::Timeout,
        "OptInRequired" => ErrorKind::RegionDisabled,
        _ => ErrorKind::Service,
    }
}

/// Whether every member of `wanted` is in `given`.
fn within(wanted: &Value, given: &Value) -> bool {
    match wanted {
        Value::Null => true,
        Value::Object(members) => {
            members.iter().all(|(name, value)| given.get(name).is_some_and(|other| within(value, other)))
        }
        other => other == given,
    }
}

/// Keeps everything.
#[derive(Default)]
pub struct Kept {
    pub items: Vec<ConfigurationItem>,
    pub coverage: Vec<Coverage>,
}

impl Sink for Kept {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.items.extend(batch);
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.coverage.push(line);
        Ok(())
    }
}
