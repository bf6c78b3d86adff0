//! A POST to a web server of the user's choice: the same connections, time-outs and bounds as calls to AWS have,
//! but no signature and no repetition. Redirects are not followed: what is sent goes to the named host or nowhere.

use bytes::Bytes;
use http_body_util::Full;

use crate::transport::{Failure, Timeouts, Transport};

/// A pool of connections to web servers.
pub struct Web {
    transport: Transport,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAnswer {
    pub status: u16,
    /// Seconds that the server asks to wait (`Retry-After`).
    pub retry_after: Option<u64>,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent(pub String);

impl std::fmt::Display for Unsent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsent {}

impl Web {
    /// `limit` is the largest answer in bytes.
    pub fn new(timeouts: Timeouts, limit: u64) -> Self {
        Self { transport: Transport::new(timeouts, limit) }
    }

    /// Sends a body once.
    ///
    /// # Errors
    /// When the URL or a header is malformed, or there is no complete answer in the time allowed.
    pub async fn post(&self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<WebAnswer, Unsent> {
        let mut request = http::Request::post(url).header("user-agent", crate::client::USER_AGENT);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| Unsent(error.to_string()))?;
        if !matches!(request.uri().scheme_str(), Some("http" | "https")) || request.uri().host().is_none() {
            return Err(Unsent("the address must begin with https:// or http:// and name a host".to_owned()));
        }
        let response = self.transport.send(request).await.map_err(|failure| match failure {
            Failure::Timeout(why) | Failure::Connection(why) | Failure::NoSuchHost(why) => Unsent(why),
            Failure::TooLarge(limit) => Unsent(format!("the answer has more than {limit} bytes")),
        })?;
        let seconds = response.headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(WebAnswer { status: response.status, retry_after: seconds, body: response.body })
    }
}
