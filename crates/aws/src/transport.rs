//! HTTP: one pool of connections, a time-out on every step, a bound on every answer. `HTTPS_PROXY` and
//! `NO_PROXY` are honoured for https; a plain http endpoint is the user's own and is called directly.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

/// How long each step of one attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To open a connection. Default 5 s.
    pub connect: Duration,
    /// To the first byte of the answer, and between two parts of it. Default 30 s.
    pub read: Duration,
    /// One attempt as a whole. Default 120 s.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), read: Duration::from_secs(30), total: Duration::from_secs(120) }
    }
}

/// An answer, whole.
pub(crate) struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Timeout(String),
    Connection(String),
    /// The name server says that there is no such host.
    NoSuchHost(String),
    TooLarge(u64),
}

type TlsClient<C> = Client<HttpsConnector<C>, Full<Bytes>>;

/// The pool. TLS is set up when first needed: an endpoint without it needs no root certificates.
pub(crate) struct Transport {
    timeouts: Timeouts,
    limit: u64,
    plain: Client<HttpConnector, Full<Bytes>>,
    tls: OnceLock<Result<TlsClient<HttpConnector>, String>>,
    proxies: Matcher,
    tunnel: OnceLock<Result<TlsClient<Tunnel<HttpConnector>>, String>>,
}

/// An idle connection is closed before AWS closes it, so that no request is sent into a closing one.
const IDLE: Duration = Duration::from_secs(15);

impl Transport {
    pub fn new(timeouts: Timeouts, limit: u64) -> Self {
        let plain = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector(timeouts));
        let proxies = Matcher::from_env();
        Self { timeouts, limit, plain, tls: OnceLock::new(), proxies, tunnel: OnceLock::new() }
    }

    /// One attempt.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response, Failure> {
        let total = self.timeouts.total;
        match timeout(total, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Timeout(format!("no complete answer within {} s", total.as_secs_f32()))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response, Failure> {
        let read = self.timeouts.read;
        let late = || Failure::Timeout(format!("no answer within {} s", read.as_secs_f32()));
        let sent = if request.uri().scheme_str() == Some("http") {
            timeout(read, self.plain.request(request)).await
        } else if let Some(proxy) = self.proxies.intercept(request.uri()) {
            let client = self.tunnel.get_or_init(|| tunnel(self.timeouts, &proxy));
            timeout(read, ready(client)?.request(request)).await
        } else {
            let client = self.tls.get_or_init(|| tls(connector(self.timeouts)));
            timeout(read, ready(client)?.request(request)).await
        };
        let answer = sent.map_err(|_| late())?.map_err(|error| unconnected(chain(&error)))?;
        let (parts, mut body) = answer.into_parts();
        let bytes = self.collect(&mut body, &late).await?;
        Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body: bytes })
    }

    async fn collect(&self, body: &mut Incoming, late: &impl Fn() -> Failure) -> Result<Bytes, Failure> {
        let mut bytes = BytesMut::new();
        loop {
            let frame = timeout(self.timeouts.read, body.frame()).await.map_err(|_| late())?;
            let Some(frame) = frame else {
                return Ok(bytes.freeze());
            };
            let frame = frame.map_err(|error| Failure::Connection(chain(&error)))?;
            if let Ok(data) = frame.into_data() {
                if (bytes.len() + data.len()) as u64 > self.limit {
                    return Err(Failure::TooLarge(self.limit));
                }
                bytes.extend_from_slice(&data);
            }
        }
    }
}

fn connector(timeouts: Timeouts) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(timeouts.connect));
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector
}

fn ready<C>(client: &Result<C, String>) -> Result<&C, Failure> {
    client.as_ref().map_err(|error| Failure::Connection(error.clone()))
}

/// A client that goes through the proxy of the environment.
fn tunnel(timeouts: Timeouts, proxy: &Intercept) -> Result<TlsClient<Tunnel<HttpConnector>>, String> {
    if proxy.uri().scheme_str() != Some("http") {
        return Err("HTTPS_PROXY must be an http:// URL; other proxies are not known".to_owned());
    }
    let mut connector = Tunnel::new(proxy.uri().clone(), connector(timeouts));
    if let Some(auth) = proxy.basic_auth() {
        connector = connector.with_auth(auth.clone());
    }
    tls(connector)
}

fn tls<C>(connector: C) -> Result<TlsClient<C>, String>
where
    HttpsConnector<C>: Connect + Clone,
{
    let https = HttpsConnectorBuilder::new()
        .with_native_roots()
        .map_err(|error| format!("no root certificates found ({error}); install ca-certificates or set SSL_CERT_FILE"))?
        .https_only()
        .enable_http1()
        .wrap_connector(connector);
    Ok(Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(https))
}

/// What `getaddrinfo` says of a name that does not exist, on Linux (glibc, musl), macOS and Windows. The words for a
/// name server that is out of reach are others.
const NO_SUCH_HOST: [&str; 5] = [
    "Name or service not known",
    "No address associated with hostname",
    "Name does not resolve",
    "nodename nor servname provided",
    "No such host is known",
];

fn unconnected(text: String) -> Failure {
    if NO_SUCH_HOST.iter().any(|words| text.contains(words)) {
        return Failure::NoSuchHost(text);
    }
    Failure::Connection(text)
}

/// An error with its causes: hyper's own words alone say little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
