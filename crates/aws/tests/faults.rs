//! A server that misbehaves in every way we know: each fault has the right outcome, in bounded time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_credential_types::provider::future;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use haechi_aws::{Api as _, ApiError, Client, Credentials, ErrorKind, RetryPolicy, Role, Timeouts};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What the server does with one request.
enum Reply {
    /// Status, extra headers, body.
    Say(u16, &'static str, String),
    /// Announces more bytes than it sends.
    Half(&'static str),
    /// Answers never.
    Hang,
    /// Closes at once.
    Close,
    /// Sends without end.
    Flood,
}

fn say(status: u16, body: &str) -> Reply {
    Reply::Say(status, "", body.to_owned())
}

type Script = dyn Fn(usize, &str) -> Reply + Send + Sync;

/// Serves until the test's runtime ends; the script sees the number of the request and its text.
async fn serve(script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let script: Arc<Script> = Arc::new(script);
    let number = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (script, number) = (Arc::clone(&script), Arc::clone(&number));
            tokio::spawn(async move {
                let request = read_request(&mut socket).await;
                let reply = script(number.fetch_add(1, Ordering::SeqCst), &request);
                answer(&mut socket, reply).await;
            });
        }
    });
    url
}

async fn read_request(socket: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .and_then(|length| length.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        match socket.read(&mut buffer).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return text,
        }
    }
}

async fn answer(socket: &mut tokio::net::TcpStream, reply: Reply) {
    let _ = match reply {
        Reply::Say(status, headers, body) => {
            let text = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(text.as_bytes()).await
        }
        Reply::Half(body) => {
            let text = format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{body}");
            socket.write_all(text.as_bytes()).await
        }
        Reply::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
        Reply::Close => Ok(()),
        Reply::Flood => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let mut result = socket.write_all(head.as_bytes()).await;
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
            while result.is_ok() {
                result = socket.write_all(chunk.as_bytes()).await;
            }
            result
        }
    };
}

fn builder(url: &str) -> haechi_aws::Builder {
    Client::builder()
        .endpoint_url(url)
        .region("eu-west-1")
        .credentials(Credentials::new("AKID", "secret", None, None, "test"))
        .timeouts(Timeouts {
            connect: Duration::from_millis(500),
            read: Duration::from_millis(200),
            total: Duration::from_millis(600),
        })
        .response_limit(100_000)
        .retry(RetryPolicy {
            throttled_attempts: 4,
            other_attempts: 2,
            base: Duration::from_millis(1),
            cap: Duration::from_millis(50),
            slowest: 100.0,
            jitter: Arc::new(|| 0.5),
        })
}

const VPCS: &str = "<R><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></R>";

fn ec2_error(code: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
    )
}

async fn vpcs(client: &Client) -> Result<Value, ApiError> {
    client.call("ec2", "eu-west-1", "DescribeVpcs", json!({})).await
}

/// The kind of the final error and how many requests it took.
async fn check(script: impl Fn(usize) -> Reply + Send + Sync + 'static, want: ErrorKind, requests: u64) {
    let started = Instant::now();
    let client = builder(&serve(move |number, _| script(number)).await).build().await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!(error.kind, want, "{error}");
    let statistics = client.statistics()["ec2"];
    assert_eq!(statistics.calls, requests, "{error}");
    assert_eq!((statistics.retries, statistics.failures), (requests - 1, 1));
    assert!(started.elapsed() < Duration::from_secs(5), "{error}");
}

#[tokio::test]
async fn faults_that_stay() {
    check(|_| say(400, &ec2_error("RequestLimitExceeded")), ErrorKind::Throttled, 4).await;
    check(|_| say(500, &ec2_error("InternalError")), ErrorKind::Server, 2).await;
    check(|_| say(503, "busy"), ErrorKind::Server, 2).await;
    check(|_| Reply::Hang, ErrorKind::Timeout, 2).await;
    check(|_| Reply::Close, ErrorKind::Connection, 2).await;
    check(|_| Reply::Flood, ErrorKind::TooLarge, 1).await;
    check(|_| say(200, "<R><vpcSet>"), ErrorKind::Malformed, 2).await;
    check(|_| say(200, "no XML"), ErrorKind::Malformed, 2).await;
    check(|_| say(200, "\u{1}"), ErrorKind::Malformed, 2).await;
    check(|_| say(403, &ec2_error("UnauthorizedOperation")), ErrorKind::AccessDenied, 1).await;
    check(|_| say(501, "The action has not been implemented"), ErrorKind::NotImplemented, 1).await;
    check(|_| say(400, &ec2_error("OptInRequired")), ErrorKind::RegionDisabled, 1).await;
    check(|_| say(400, &ec2_error("InvalidVpcID.NotFound")), ErrorKind::NotFound, 1).await;
    check(|_| say(418, "tea"), ErrorKind::Service, 1).await;
}

#[tokio::test]
async fn a_body_that_stops_in_the_middle_is_not_an_answer() {
    // The server keeps the connection open or closes it: both end.
    check(|_| Reply::Half("<R><vpcSet/></R>"), ErrorKind::Connection, 2).await;
}

#[tokio::test]
async fn faults_that_pass() {
    let script = |number: usize, _: &str| match number {
        0 => say(400, &ec2_error("RequestLimitExceeded")),
        1 => Reply::Say(503, "retry-after: 0\r\n", ec2_error("SlowDown")),
        _ => say(200, VPCS),
    };
    let client = builder(&serve(script).await).build().await;
    let output = vpcs(&client).await.unwrap();
    assert_eq!(output, json!({"Vpcs": [{"VpcId": "vpc-1"}]}));
    let found = client.statistics()["ec2"];
    assert_eq!((found.calls, found.retries, found.throttles, found.failures), (3, 2, 2, 0));
}

#[tokio::test]
async fn an_error_says_what_and_where() {
    let script = |_, _: &str| say(403, &ec2_error("UnauthorizedOperation"));
    let client = builder(&serve(script).await).build().await;
    let error = vpcs(&client).await.unwrap_err();
    assert_eq!(error.request_id.as_deref(), Some("r-1"));
    assert_eq!(error.missing_action().as_deref(), Some("ec2:DescribeVpcs"));
    assert_eq!(
        error.to_string(),
        "ec2 DescribeVpcs in eu-west-1: access-denied (HTTP 403, UnauthorizedOperation): m; \
         allow ec2:DescribeVpcs to the role or user that Haechi uses"
    );
}

#[tokio::test]
async fn nobody_at_home() {
    let client = builder("http://127.0.0.1:9").build().await;
    assert_eq!(vpcs(&client).await.unwrap_err().kind, ErrorKind::Connection);
}

#[tokio::test]
async fn pages_are_followed_and_a_circle_is_an_error() {
    let page =
        |token: &str| format!("<R><vpcSet><item><vpcId>v</vpcId></item></vpcSet><nextToken>{token}</nextToken></R>");
    let script = move |number: usize, request: &str| {
        assert_eq!(request.contains("NextToken="), number > 0);
        say(200, &page(["a", "b", ""][number]))
    };
    let client = builder(&serve(script).await).build().await;
    let mut pages = client.pages("ec2", "eu-west-1", "DescribeVpcs", json!({}));
    let mut count = 0;
    while let Some(page) = pages.next().await {
        page.unwrap();
        count += 1;
    }
    assert_eq!(count, 3);

    let script = move |_, _: &str| say(200, &page("again"));
    let client = builder(&serve(script).await).build().await;
    let mut seen = 0;
    let result = client.call_all("ec2", "eu-west-1", "DescribeVpcs", json!({}), &mut |_| seen += 1).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::RepeatedPage);
    assert_eq!(seen, 1);
}

#[tokio::test]
async fn a_bucket_elsewhere_is_followed_once_and_remembered() {
    let regions = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&regions);
    let script = move |_, request: &str| {
        let scope = request.split("Credential=AKID/").nth(1).unwrap();
        let region = scope.split('/').nth(1).unwrap().to_owned();
        log.lock().unwrap().push(region.clone());
        if region == "ap-northeast-2" {
            return say(200, r#"{"Version":"2012-10-17"}"#);
        }
        Reply::Say(
            301,
            "x-amz-bucket-region: ap-northeast-2\r\n",
            "<Error><Code>PermanentRedirect</Code></Error>".to_owned(),
        )
    };
    let client = builder(&serve(script).await).build().await;
    for _ in 0..2 {
        let input = json!({"Bucket": "bucket"});
        client.call("s3", "us-east-1", "GetBucketPolicy", input).await.unwrap();
    }
    assert_eq!(*regions.lock().unwrap(), ["us-east-1", "ap-northeast-2", "ap-northeast-2"]);
}

#[tokio::test]
async fn a_global_service_is_asked_in_its_own_region() {
    let script = |_, request: &str| {
        assert!(request.contains("/us-gov-west-1/iam/aws4_request"), "{request}");
        say(200, "<R><ListAccountAliasesResult/></R>")
    };
    let client = builder(&serve(script).await).region("us-gov-east-1").build().await;
    for region in ["global", "us-gov-east-1"] {
        client.call("iam", region, "ListAccountAliases", json!(null)).await.unwrap();
    }
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let script = |number: usize, _: &str| {
        let region = ["eu-west-1", "us-east-1"][number % 2];
        say(400, &format!("<Error><Code>AuthorizationHeaderMalformed</Code><Region>{region}</Region></Error>"))
    };
    let client = builder(&serve(script).await).build().await;
    let input = json!({"Bucket": "bucket"});
    let error = client.call("s3", "us-east-1", "GetBucketAcl", input).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Service);
    assert_eq!(client.statistics()["s3"].calls, 2);
}

/// Gives new keys each time it is asked.
#[derive(Debug, Default)]
struct Rotating(AtomicU64);

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let key = format!("KEY{number}");
        future::ProvideCredentials::ready(Ok(Credentials::new(key, "s", Some("t".into()), None, "test")))
    }
}

#[tokio::test]
async fn expired_credentials_are_renewed_once() {
    let script = |_, request: &str| {
        if request.contains("KEY0") { say(400, &ec2_error("RequestExpired")) } else { say(200, VPCS) }
    };
    let provider = || SharedCredentialsProvider::new(Rotating::default());
    let client = builder(&serve(script).await).credentials_provider(provider()).build().await;
    vpcs(&client).await.unwrap();
    vpcs(&client).await.unwrap();
    assert_eq!(client.statistics()["ec2"].calls, 3);

    let script = |_, _: &str| say(400, &ec2_error("RequestExpired"));
    let client = builder(&serve(script).await).credentials_provider(provider()).build().await;
    assert_eq!(vpcs(&client).await.unwrap_err().kind, ErrorKind::ExpiredCredentials);
    assert_eq!(client.statistics()["ec2"].calls, 2);
}

#[tokio::test]
async fn a_role_is_taken_on_and_renewed_before_it_runs_out() {
    let assumed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&assumed);
    let script = move |_, request: &str| {
        if !request.contains("AssumeRole") {
            assert!(request.contains("Credential=ASIA1/") && request.contains("x-amz-security-token: tok"));
            return say(200, VPCS);
        }
        assert!(request.contains("ExternalId=x%20y") && request.contains("Credential=AKID/"));
        counter.fetch_add(1, Ordering::SeqCst);
        // It runs out within the margin, so the next call takes the role on again.
        let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
        say(
            200,
            &format!(
                "<R><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken><Expiration>{soon}</Expiration></Credentials></AssumeRoleResult></R>"
            ),
        )
    };
    let client = builder(&serve(script).await).build().await;
    let there = client.assume_role(Role {
        arn: "arn:aws:iam::111122223333:role/HaechiAudit".into(),
        session_name: "haechi".into(),
        external_id: Some("x y".into()),
        session_policy: None,
        session_policy_arns: Vec::new(),
    });
    assert_eq!(there.account(), "111122223333");
    vpcs(&there).await.unwrap();
    vpcs(&there).await.unwrap();
    assert_eq!(assumed.load(Ordering::SeqCst), 2);
    assert_eq!(client.statistics()["ec2"].calls, 2);
}

#[tokio::test]
async fn a_role_that_is_refused_names_the_action() {
    let script = |_, _: &str| say(403, "<R><Error><Code>AccessDenied</Code><Message>no</Message></Error></R>");
    let client = builder(&serve(script).await).build().await;
    let there = client.assume_role(Role {
        arn: "arn:aws:iam::111122223333:role/HaechiAudit".into(),
        session_name: "haechi".into(),
        external_id: None,
        session_policy: None,
        session_policy_arns: Vec::new(),
    });
    let error = vpcs(&there).await.unwrap_err();
    assert_eq!(error.missing_action().as_deref(), Some("sts:AssumeRole"));
}

#[tokio::test]
async fn a_wrong_clock_is_set_by_awss_date() {
    let script = |_, request: &str| {
        if request.contains("x-amz-date: 2036") {
            return say(200, VPCS);
        }
        let date = "date: Sun, 10 Feb 2036 00:00:00 GMT\r\n";
        Reply::Say(400, date, ec2_error("RequestExpired"))
    };
    let client = builder(&serve(script).await).build().await;
    vpcs(&client).await.unwrap();
    assert_eq!(client.statistics()["ec2"].calls, 2);
}

#[tokio::test]
async fn https_to_a_server_without_it_ends() {
    let plain = serve(|_, _: &str| say(200, VPCS)).await;
    let client = builder(&plain.replace("http:", "https:")).build().await;
    assert!(vpcs(&client).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn calls_under_way_are_limited() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (current, highest) = (Arc::clone(&now), Arc::clone(&most));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (current, highest) = (Arc::clone(&current), Arc::clone(&highest));
            tokio::spawn(async move {
                read_request(&mut socket).await;
                highest.fetch_max(current.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                current.fetch_sub(1, Ordering::SeqCst);
                answer(&mut socket, say(200, VPCS)).await;
            });
        }
    });
    let limits = haechi_aws::Concurrency { total: 8, per_service: 3, rate: None };
    let client = builder(&url).concurrency(limits).build().await;
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { vpcs(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn bytes_come_apart_from_the_rest() {
    let script = |_, request: &str| {
        assert!(request.starts_with("GET /bucket/a/../b%20c HTTP/1.1"), "{request}");
        Reply::Say(200, "x-amz-meta-who: me\r\n", "hello".to_owned())
    };
    let client = builder(&serve(script).await).build().await;
    let input = json!({"Bucket": "bucket", "Key": "a/../b c"});
    let (output, bytes) = client.call_bytes("s3", "eu-west-1", "GetObject", input).await.unwrap();
    assert_eq!(&bytes[..], b"hello");
    assert_eq!(output, json!({"ContentLength": 5, "Metadata": {"who": "me"}}));
}

#[tokio::test]
async fn calls_that_cannot_be_written_are_not_sent() {
    let client = builder("http://127.0.0.1:9").build().await;
    for (service, region, operation, input) in [
        ("nope", "eu-west-1", "X", json!({})),
        ("ec2", "eu-west-1", "X", json!({})),
        ("ec2", "eu-west-1", "DescribeVpcs", json!({"X": 1})),
        ("ec2", "eu-west-1", "DescribeVpcs", json!([])),
        ("ec2", "not a region", "DescribeVpcs", json!({})),
        ("s3", "eu-west-1", "GetBucketAcl", json!({"Bucket": "a", "ExpectedBucketOwner": "a\nb"})),
    ] {
        let error = client.call(service, region, operation, input).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{error}");
    }
}
