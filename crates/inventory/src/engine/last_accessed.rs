//! IAM's service last accessed information of a user or role: the job is begun, waited for, and read page by page into
//! services with the times of their last use. Names, entities and Regions are left out: they move.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use haechi_aws::{Api, ApiError, ErrorKind};
use serde_json::{Map, Value, json};

const GENERATE: &str = "GenerateServiceLastAccessedDetails";
const GET: &str = "GetServiceLastAccessedDetails";

/// How often to ask whether a job is done, and how long to wait before: twice as long each time.
struct Pace {
    tries: u32,
    first: Duration,
    longest: Duration,
}

/// Two minutes in all. AWS needs some seconds.
const USUAL: Pace = Pace { tries: 30, first: Duration::from_millis(400), longest: Duration::from_secs(5) };

/// The most services on a page.
const PAGE: u32 = 1000;

/// The services that the principal's policies allow, by namespace:
/// `{"services": [{"serviceNamespace", "lastAuthenticated"?, "trackedActions"?: [{"actionName", "lastAccessedTime"?}]}]}`.
pub(super) async fn last_accessed(api: &dyn Api, region: &str, input: Value) -> Result<Value, ApiError> {
    report(api, region, &input, &USUAL).await
}

async fn report(api: &dyn Api, region: &str, input: &Value, pace: &Pace) -> Result<Value, ApiError> {
    match job(api, region, input, pace).await {
        // A job belongs to the session that began it, and that was renewed meanwhile.
        Err(error) if is_lost(&error) => match job(api, region, input, pace).await {
            // The code would say that the principal is gone.
            Err(error) if is_lost(&error) => {
                Err(ApiError::new(ErrorKind::NotFound, "iam", region, GET, "IAM does not know the job that it began"))
            }
            done => done,
        },
        done => done,
    }
}

fn is_lost(error: &ApiError) -> bool {
    &*error.operation == GET && &*error.code == "NoSuchEntity"
}

async fn job(api: &dyn Api, region: &str, input: &Value, pace: &Pace) -> Result<Value, ApiError> {
    let begun = api.call("iam", region, GENERATE, input.clone()).await?;
    let Some(id) = begun["JobId"].as_str() else {
        return Err(ApiError::new(ErrorKind::Malformed, "iam", region, GENERATE, "the answer names no job"));
    };
    let mut wait = pace.first;
    for _ in 0..pace.tries {
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(pace.longest);
        let page = api.call("iam", region, GET, json!({"JobId": id, "MaxItems": PAGE})).await?;
        match page["JobStatus"].as_str() {
            Some("IN_PROGRESS") => {}
            Some("COMPLETED") => return pages(api, region, id, page).await,
            Some("FAILED") => return Err(failed(region, &page["Error"])),
            status => {
                let what = format!("the state of the job is {}", status.unwrap_or("missing"));
                return Err(ApiError::new(ErrorKind::Malformed, "iam", region, GET, what));
            }
        }
    }
    let what = "IAM did not finish the report in two minutes";
    Err(ApiError::new(ErrorKind::Timeout, "iam", region, GET, what))
}

/// The job's own error. Its code must not say that the principal is gone: it was listed.
fn failed(region: &str, error: &Value) -> ApiError {
    let text = |name: &str| error[name].as_str().filter(|text| !text.is_empty());
    let message = text("Message").unwrap_or("the job failed").to_owned();
    let code = text("Code").filter(|code| *code != "NoSuchEntity").unwrap_or("JobFailed");
    ApiError::new(ErrorKind::Service, "iam", region, GENERATE, message).with_code(code)
}

async fn pages(api: &dyn Api, region: &str, id: &str, first: Value) -> Result<Value, ApiError> {
    let (mut page, mut sent) = (first, HashSet::new());
    let mut services = BTreeMap::new();
    loop {
        for service in page["ServicesLastAccessed"].as_array().into_iter().flatten() {
            if let Some(namespace) = service["ServiceNamespace"].as_str() {
                services.insert(namespace.to_owned(), shaped(namespace, service));
            }
        }
        if page["IsTruncated"].as_bool() != Some(true) {
            return Ok(json!({"services": services.into_values().collect::<Vec<_>>()}));
        }
        // Half a report would hide that a service is listed: it is none.
        let wrong = |kind, what: &str| Err(ApiError::new(kind, "iam", region, GET, what));
        let Some(marker) = page["Marker"].as_str().map(str::to_owned) else {
            return wrong(ErrorKind::Malformed, "the report goes on, and the answer does not say where");
        };
        if !sent.insert(marker.clone()) {
            return wrong(ErrorKind::RepeatedPage, "IAM gave a marker that it gave before");
        }
        page = api.call("iam", region, GET, json!({"JobId": id, "MaxItems": PAGE, "Marker": marker})).await?;
    }
}

/// Of a service that was never accessed its actions were not either: they are left out.
fn shaped(namespace: &str, service: &Value) -> Value {
    let mut members = Map::from_iter([("serviceNamespace".to_owned(), namespace.into())]);
    if let Some(last) = service["LastAuthenticated"].as_str() {
        members.insert("lastAuthenticated".to_owned(), last.into());
        let mut actions = BTreeMap::new();
        for action in service["TrackedActionsLastAccessed"].as_array().into_iter().flatten() {
            let Some(name) = action["ActionName"].as_str() else { continue };
            let mut shaped = Map::from_iter([("actionName".to_owned(), name.into())]);
            if let Some(last) = action["LastAccessedTime"].as_str() {
                shaped.insert("lastAccessedTime".to_owned(), last.into());
            }
            actions.insert(name, Value::Object(shaped));
        }
        if !actions.is_empty() {
            members.insert("trackedActions".to_owned(), actions.into_values().collect());
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use haechi_aws::BoxFuture;

    use super::*;

    /// Answers one after another; what was asked is kept.
    struct Script {
        answers: Mutex<VecDeque<Result<Value, &'static str>>>,
        asked: Mutex<Vec<(String, Value)>>,
    }

    impl Api for Script {
        fn call<'a>(
            &'a self,
            service: &'a str,
            region: &'a str,
            operation: &'a str,
            input: Value,
        ) -> BoxFuture<'a, Result<Value, ApiError>> {
            self.asked.lock().unwrap().push((operation.to_owned(), input));
            let answer = self.answers.lock().unwrap().pop_front().expect("no more calls");
            let refused =
                |code: &str| ApiError::new(ErrorKind::Service, service, region, operation, "no").with_code(code);
            let answer = answer.map_err(refused);
            Box::pin(async move { answer })
        }
    }

    const AT_ONCE: Pace = Pace { tries: 30, first: Duration::ZERO, longest: Duration::ZERO };

    /// What comes of these answers, and the calls that were made.
    async fn run(answers: Vec<Result<Value, &'static str>>) -> (Result<Value, ApiError>, Vec<(String, Value)>) {
        let api = Script { answers: Mutex::new(answers.into()), asked: Mutex::default() };
        let input = json!({"Arn": "arn:aws:iam::123456789012:role/app", "Granularity": "ACTION_LEVEL"});
        let result = report(&api, "us-east-1", &input, &AT_ONCE).await;
        assert!(api.answers.lock().unwrap().is_empty(), "an answer was not asked for");
        (result, api.asked.into_inner().unwrap())
    }

    fn begun() -> Result<Value, &'static str> {
        Ok(json!({"JobId": "j"}))
    }

    fn running() -> Result<Value, &'static str> {
        Ok(json!({"JobStatus": "IN_PROGRESS", "ServicesLastAccessed": []}))
    }

    #[tokio::test]
    async fn waits_and_reads_all_pages() {
        let s3 = json!({"ServiceNamespace": "s3", "ServiceName": "Amazon S3", "LastAuthenticated": "2026-01-02T03:04:05Z",
            "LastAuthenticatedEntity": "arn:aws:iam::123456789012:role/app", "LastAuthenticatedRegion": "us-east-1",
            "TotalAuthenticatedEntities": 1, "TrackedActionsLastAccessed": [
                {"ActionName": "PutBucketPolicy"},
                {"ActionName": "CreateBucket", "LastAccessedTime": "2026-01-01T00:00:00Z", "LastAccessedRegion": "us-east-1"}]});
        let idle = json!({"ServiceNamespace": "ec2", "ServiceName": "Amazon EC2", "TotalAuthenticatedEntities": 0,
            "TrackedActionsLastAccessed": [{"ActionName": "RunInstances"}]});
        let first = json!({"JobStatus": "COMPLETED", "ServicesLastAccessed": [s3], "IsTruncated": true, "Marker": "m"});
        let last = json!({"JobStatus": "COMPLETED", "ServicesLastAccessed": [idle], "IsTruncated": false});
        let (result, asked) = run(vec![begun(), running(), running(), Ok(first), Ok(last)]).await;
        assert_eq!(
            result.unwrap(),
            json!({"services": [
                {"serviceNamespace": "ec2"},
                {"serviceNamespace": "s3", "lastAuthenticated": "2026-01-02T03:04:05Z", "trackedActions": [
                    {"actionName": "CreateBucket", "lastAccessedTime": "2026-01-01T00:00:00Z"},
                    {"actionName": "PutBucketPolicy"}]}]})
        );
        assert_eq!(asked[0].1["Granularity"], "ACTION_LEVEL");
        assert_eq!(asked[4], (GET.to_owned(), json!({"JobId": "j", "MaxItems": 1000, "Marker": "m"})));
    }

    #[tokio::test]
    async fn a_principal_without_policies_has_an_empty_report() {
        let (result, _) = run(vec![begun(), Ok(json!({"JobStatus": "COMPLETED", "ServicesLastAccessed": []}))]).await;
        assert_eq!(result.unwrap(), json!({"services": []}));
    }

    #[track_caller]
    fn check(result: Result<Value, ApiError>, kind: ErrorKind, code: &str, operation: &str) {
        let error = result.unwrap_err();
        assert_eq!((error.kind, &*error.code, &*error.operation), (kind, code, operation), "{error}");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told() {
        let fails = |error: Value| Ok(json!({"JobStatus": "FAILED", "Error": error}));
        let (result, _) = run(vec![begun(), running(), fails(json!({"Code": "InternalError", "Message": "m"}))]).await;
        check(result, ErrorKind::Service, "InternalError", GENERATE);
        let (result, _) = run(vec![begun(), fails(json!({"Code": "NoSuchEntity"}))]).await;
        check(result, ErrorKind::Service, "JobFailed", GENERATE);
        let (result, _) = run(vec![Err("NoSuchEntity")]).await;
        check(result, ErrorKind::Service, "NoSuchEntity", GENERATE);
        let (result, _) = run(vec![begun(), Err("AccessDenied")]).await;
        check(result, ErrorKind::Service, "AccessDenied", GET);
        let (result, _) = run(vec![Ok(json!({}))]).await;
        check(result, ErrorKind::Malformed, "", GENERATE);
        let (result, _) = run(vec![begun(), Ok(json!({"JobStatus": "DONE"}))]).await;
        check(result, ErrorKind::Malformed, "", GET);
        let never = std::iter::once(begun()).chain((0..AT_ONCE.tries).map(|_| running()));
        let (result, _) = run(never.collect()).await;
        check(result, ErrorKind::Timeout, "", GET);
    }

    #[tokio::test]
    async fn a_job_of_the_session_before_is_begun_again_once() {
        let done = Ok(json!({"JobStatus": "COMPLETED", "ServicesLastAccessed": []}));
        let (result, asked) = run(vec![begun(), Err("NoSuchEntity"), begun(), done]).await;
        assert_eq!((result.is_ok(), asked.len()), (true, 4));
        // And then it is no reason to take the principal for gone.
        let (result, _) = run(vec![begun(), Err("NoSuchEntity"), begun(), Err("NoSuchEntity")]).await;
        check(result, ErrorKind::NotFound, "", GET);
    }

    #[tokio::test]
    async fn half_a_report_is_none() {
        let page = |marker: Value| Ok(json!({"JobStatus": "COMPLETED", "IsTruncated": true, "Marker": marker}));
        let (result, _) = run(vec![begun(), page(json!("m")), page(json!("m"))]).await;
        check(result, ErrorKind::RepeatedPage, "", GET);
        let (result, _) = run(vec![begun(), page(Value::Null)]).await;
        check(result, ErrorKind::Malformed, "", GET);
        let (result, _) = run(vec![begun(), page(json!("m")), Err("Throttling")]).await;
        check(result, ErrorKind::Service, "Throttling", GET);
    }
}
