//! The client: one call from its input to its output, with everything that may go wrong between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Map, Value};

use crate::api::{Api, BoxFuture, Pages};
use crate::builder::{Builder, Endpoints};
use crate::classify;
use crate::endpoint::{self, Endpoint, Origin, Partition};
use crate::error::{ApiError, ErrorKind};
use crate::keyring::{Keyring, Role, Source};
use crate::limits::{AccountLimits, Counters, Limits, ServiceStatistics, count, locked};
use crate::protocol::{self, Request};
use crate::retry::RetryPolicy;
use crate::s3_keys::{self, KeyEncoding};
use crate::shapes::{self, Operation, Service};
use crate::signing::{self, Scope};
use crate::transport::{Failure, Response, Transport};

/// An answer that becomes values may be this large, 32 MiB: values take up to some 30 times the bytes,
/// so this keeps the worst case near 1 GiB. AWS's pages have a few megabytes at most.
const PARSED_LIMIT: usize = 32 * 1024 * 1024;

pub(crate) const USER_AGENT: &str = concat!("haechi/", env!("CARGO_PKG_VERSION"));

/// Calls AWS as one principal. Cheap to clone; clones and the clients of assumed roles share the
/// connections, limits and counters.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) account: Arc<str>,
    pub(crate) limits: Arc<AccountLimits>,
    pub(crate) region: Arc<str>,
}

pub(crate) struct Shared {
    pub transport: Transport,
    pub limits: Limits,
    pub retry: RetryPolicy,
}

/// One call, resolved.
struct Call<'a> {
    service: &'static Service,
    service_name: &'a str,
    operation: &'static Operation,
    operation_name: &'a str,
    /// As the caller gave it, for messages.
    region: &'a str,
    request: Request,
    bucket: Option<String>,
    body: Body,
    keys: KeyEncoding,
    counters: Arc<Counters>,
}

/// What becomes of a blob that is the whole answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Base64 in the output.
    Inside,
    /// Handed over as bytes.
    Apart,
}

/// Why an attempt failed, and what the next one should know.
struct Failed {
    error: ApiError,
    wait: Option<Duration>,
    elsewhere: Option<String>,
    /// How far AWS's clock is ahead, in seconds, when the signature's time was refused.
    skew: Option<i64>,
}

/// What is put right between two attempts, each at most once a call and without counting as one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// The bucket is in another region.
    Region,
    /// The clock is wrong.
    Clock,
    /// The credentials ran out.
    Credentials,
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self { error, wait: None, elsewhere: None, skew: None }
    }
}

impl Client {
    /// Starts to set up a client.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The home region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account as it was given or follows from the role; empty when unknown.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The home region's partition; `aws` when the region is not one.
    pub fn partition(&self) -> &'static Partition {
        Partition::of_region(&self.region).unwrap_or(&endpoint::partitions()[0])
    }

    /// The same client for another account's limits, once its id is known.
    #[must_use]
    pub fn with_account(&self, account: &str) -> Self {
        Self { account: account.into(), limits: self.shared.limits.account(account), ..self.clone() }
    }

    /// A client that acts as `role`, taken on with this client's credentials when first needed and again
    /// before it runs out. It shares this client's connections, limits and counters.
    #[must_use]
    pub fn assume_role(&self, role: Role) -> Self {
        let account = role.arn.split(':').nth(4).unwrap_or_default();
        Self {
            shared: Arc::clone(&self.shared),
            endpoints: Arc::clone(&self.endpoints),
            account: account.into(),
            limits: self.shared.limits.account(account),
            keyring: Arc::new(Keyring::new(Source::Role { by: self.clone(), role })),
            region: Arc::clone(&self.region),
        }
    }

    /// The pages of a listing, one at a time.
    pub fn pages<'a>(&'a self, service: &'a str, region: &'a str, operation: &'a str, input: Value) -> Pages<'a> {
        Pages::new(self, service, region, operation, input)
    }

    /// Like [`Api::call`] for an operation whose answer is a blob, such as S3 GetObject: the blob is
    /// handed over as bytes and left out of the output.
    ///
    /// # Errors
    /// As [`Api::call`].
    pub async fn call_bytes(
        &self,
        service: &str,
        region: &str,
        operation: &str,
        input: Value,
    ) -> Result<(Value, Bytes), ApiError> {
        self.run(service, region, operation, input, Body::Apart).await
    }

    /// The counters of each service so far.
    pub fn statistics(&self) -> BTreeMap<String, ServiceStatistics> {
        self.shared.limits.statistics()
    }

    async fn run(
        &self,
        service: &str,
        region: &str,
        operation: &str,
        input: Value,
        body: Body,
    ) -> Result<(Value, Bytes), ApiError> {
        let call = self.resolve(service, region, operation, input, body)?;
        let result = self.attempts(&call).await;
        if result.is_err() {
            count(&call.counters.failures);
        }
        result
    }

    fn resolve<'a>(
        &self,
        service_name: &'a str,
        region: &'a str,
        operation_name: &'a str,
        input: Value,
        body: Body,
    ) -> Result<Call<'a>, ApiError> {
        let bad = |text: String| ApiError::new(ErrorKind::InvalidInput, service_name, region, operation_name, text);
        let unknown = || bad("the operation is not among those that Haechi can call".to_owned());
        let service = shapes::service(service_name).ok_or_else(unknown)?;
        let operation = service.operations.get(operation_name).ok_or_else(unknown)?;
        let mut input = match input {
            Value::Object(input) => input,
            Value::Null => Map::new(),
            _ => return Err(bad("the input must be an object".to_owned())),
        };
        let bucket = (service_name == "s3").then(|| input.get("Bucket")?.as_str().map(str::to_owned)).flatten();
        let keys = s3_keys::ask(service, operation, &mut input);
        let request = protocol::build(service, operation_name, operation, &input).map_err(bad)?;
        Ok(Call {
            service,
            service_name,
            operation,
            operation_name,
            region,
            request,
            bucket,
            body,
            keys,
            counters: self.shared.limits.counters(service_name),
        })
    }

    /// The region to ask: where the bucket was found to be, or what the caller said. A global service
    /// may be asked in `global`.
    fn region_of<'a>(&'a self, call: &Call<'a>) -> String {
        let learned = call.bucket.as_ref().and_then(|bucket| self.limits.bucket_region(bucket));
        if let Some(region) = learned {
            return region;
        }
        match call.region {
            "" | "global" | "aws-global" => self.partition().implicit_global_region.clone(),
            region => region.to_owned(),
        }
    }

    async fn attempts(&self, call: &Call<'_>) -> Result<(Value, Bytes), ApiError> {
        let retry = &self.shared.retry;
        let mut region = self.region_of(call);
        let mut remedies = Vec::new();
        let mut attempt = 1;
        loop {
            // Errors of taking on a role are final here: that call had its own attempts.
            let credentials = self.keyring.get().await.map_err(|error| call.owned(error))?;
            let failed = match self.attempt(call, &region, &credentials).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if let Some(remedy) = call.remedy(&failed, &region)
                && !remedies.contains(&remedy)
            {
                match (remedy, &call.bucket, failed.elsewhere) {
                    (Remedy::Region, Some(bucket), Some(there)) => {
                        self.limits.learn_bucket_region(bucket, &there);
                        region = there;
                    }
                    (Remedy::Clock, ..) => self.shared.limits.learn_skew(failed.skew.unwrap_or(0)),
                    _ => self.keyring.forget(&credentials).await,
                }
                remedies.push(remedy);
                continue;
            }
            let most = match failed.error.kind {
                ErrorKind::Throttled => retry.throttled_attempts,
                ErrorKind::Malformed => retry.other_attempts,
                _ if failed.error.is_transient() => retry.other_attempts,
                _ => 1,
            };
            if attempt >= most {
                return Err(failed.error);
            }
            let pause = retry.pause(attempt, failed.wait);
            tracing::debug!(error = %failed.error, attempt, ?pause, "the call is tried again");
            count(&call.counters.retries);
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        call: &Call<'_>,
        region: &str,
        credentials: &Credentials,
    ) -> Result<(Value, Bytes), Failed> {
        let limits = &self.shared.limits;
        let custom = self.endpoints.custom(call.service);
        let endpoint = endpoint::resolve(call.service, region, custom.as_deref())
            .map_err(|text| call.error(ErrorKind::InvalidInput, text))?;
        let pace = self.limits.pace(call.service_name, region);
        let now = limits.now();
        let wait = locked(&pace).take(now).max(self.limits.turn(now, &endpoint.scheme));
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let permit = limits.permit(&self.limits, call.service_name).await;
        let request = self.signed(call, &endpoint, credentials)?;
        count(&call.counters.calls);
        let sent = self.shared.transport.send(request).await;
        drop(permit);
        let known = endpoint.origin == Origin::Aws && limits.is_reached(region);
        let response = sent.map_err(|failure| call.unanswered(failure, known))?;
        if endpoint.origin == Origin::Aws && !known {
            limits.reached(region);
        }
        if (200..300).contains(&response.status) {
            locked(&pace).succeeded();
            return Ok(call.read(&response)?);
        }
        let failed = call.refused(&response, region);
        if failed.error.kind == ErrorKind::Throttled {
            count(&call.counters.throttles);
            locked(&pace).throttled(limits.now(), self.shared.retry.slowest);
        }
        Err(failed)
    }

    fn signed(
        &self,
        call: &Call<'_>,
        endpoint: &Endpoint,
        credentials: &Credentials,
    ) -> Result<http::Request<Full<Bytes>>, ApiError> {
        let bad = |text: String| call.error(ErrorKind::InvalidInput, text);
        let (authority, path) =
            endpoint.address(&call.request.path, call.request.host_prefix.as_deref(), call.bucket.as_deref());
        let mut uri = format!("{}://{authority}{path}", endpoint.scheme);
        if !call.request.query.is_empty() {
            uri.push('?');
            uri.push_str(&call.request.query);
        }
        let mut headers = call.request.headers.clone();
        headers.push(("host".to_owned(), authority));
        let scope = Scope {
            name: call.service.signing_name(),
            region: &endpoint.signing_region,
            time: self.shared.limits.aws_time(),
        };
        let method = &call.request.method;
        let body = &call.request.body;
        let added = signing::sign(method, &uri, &headers, body, credentials, scope).map_err(bad)?;
        let mut request = http::Request::builder().method(method.as_str()).uri(&uri).header("user-agent", USER_AGENT);
        for (name, value) in headers.iter().chain(&added) {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(body.clone()))).map_err(|error| bad(error.to_string()))
    }
}

impl Call<'_> {
    fn error(&self, kind: ErrorKind, message: String) -> ApiError {
        ApiError::new(kind, self.service_name, self.region, self.operation_name, message)
    }

    /// Missing credentials are an error of this call; a role that could not be taken on is its own.
    fn owned(&self, error: ApiError) -> ApiError {
        if error.kind == ErrorKind::NoCredentials {
            return self.error(error.kind, error.message.into());
        }
        error
    }

    /// What would make the next attempt go better, at once.
    fn remedy(&self, failed: &Failed, region: &str) -> Option<Remedy> {
        if let Some(there) = &failed.elsewhere
            && there != region
            && Partition::of_region(there).is_some()
        {
            return Some(Remedy::Region);
        }
        if failed.skew.is_some() {
            return Some(Remedy::Clock);
        }
        (failed.error.kind == ErrorKind::ExpiredCredentials).then_some(Remedy::Credentials)
    }

    fn read(&self, response: &Response) -> Result<(Value, Bytes), ApiError> {
        let apart = self.body == Body::Apart;
        let payload = apart.then(|| protocol::blob_payload(self.service, self.operation)).flatten();
        let body = if payload.is_some() { &[][..] } else { &response.body };
        if body.len() > PARSED_LIMIT {
            let text = format!("the answer is larger than {PARSED_LIMIT} bytes");
            return Err(self.error(ErrorKind::TooLarge, text));
        }
        let parsed = protocol::parse(self.service, self.operation, response.status, &response.headers, body);
        match parsed {
            Ok(mut value) => {
                if let (Some(payload), Value::Object(value)) = (payload, &mut value) {
                    value.shift_remove(payload);
                }
                if self.keys == KeyEncoding::Ours {
                    s3_keys::decode(&mut value);
                }
                Ok((value, response.body.clone()))
            }
            Err(text) => Err(ApiError { status: Some(response.status), ..self.error(ErrorKind::Malformed, text) }),
        }
    }

    /// Why there is no answer. In a region whose other hosts answer, a host that does not exist is a service that
    /// AWS does not offer there; anywhere else it may be the network.
    fn unanswered(&self, failure: Failure, region_answers: bool) -> ApiError {
        match failure {
            Failure::NoSuchHost(text) if region_answers => self.error(ErrorKind::NotOffered, text),
            Failure::NoSuchHost(text) => self.error(ErrorKind::Connection, text),
            Failure::Timeout(text) => self.error(ErrorKind::Timeout, text),
            Failure::Connection(text) => self.error(ErrorKind::Connection, text),
            Failure::TooLarge(limit) => {
                self.error(ErrorKind::TooLarge, format!("the answer is larger than {limit} bytes"))
            }
        }
    }

    fn refused(&self, response: &Response, region: &str) -> Failed {
        let fault = protocol::fault(self.service, &response.headers, &response.body);
        let kind = classify::kind(response.status, &fault.code, &fault.message, region);
        let elsewhere = (self.bucket.is_some() && classify::is_elsewhere(response.status, &fault.code))
            .then_some(fault.region)
            .flatten();
        let skew = classify::skew(&fault.code, &fault.message, &response.headers);
        let mut error = self.error(kind, fault.message).with_code(&fault.code);
        error.status = Some(response.status);
        error.request_id = fault.request_id.map(Into::into);
        let wait = classify::retry_after(&response.headers);
        Failed { error, wait, elsewhere, skew }
    }
}

impl Api for Client {
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move { self.run(service, region, operation, input, Body::Inside).await.map(|(value, _)| value) })
    }
}
