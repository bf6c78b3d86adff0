//! Objects and queues against a moto server at `HAECHI_MOTO`; each test makes what it needs there.

use std::time::Duration;

use haechi_aws::{Client, Credentials, ErrorKind, Objects, Queue};

/// A client of a server, where there is one.
async fn client() -> Option<(Client, String)> {
    let Ok(url) = std::env::var("HAECHI_MOTO") else {
        println!("skipped: HAECHI_MOTO is not set");
        return None;
    };
    let credentials = Credentials::new("testing", "testing", None, None, "test");
    let client = Client::builder().endpoint_url(&url).region("us-east-1").credentials(credentials).build().await;
    Some((client, url))
}

/// A request of the test's own: Haechi itself writes nothing to S3 or SQS.
async fn send(url: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(body).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

const S3: &str = "authorization: AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n";
const SQS: &str = "authorization: AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0\r\n\
                   content-type: application/x-amz-json-1.0\r\n";

#[tokio::test]
async fn objects_are_listed_page_by_page_and_read_in_parts() {
    let Some((client, url)) = client().await else { return };
    send(&url, "PUT", "/haechi-objects-test", S3, b"").await;
    for number in 0..1_005 {
        send(&url, "PUT", &format!("/haechi-objects-test/many/{number:04}"), S3, b"x").await;
    }
    let large: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
    send(&url, "PUT", "/haechi-objects-test/one%20large%2B%EA%B0%80", S3, &large).await;
    send(&url, "PUT", "/haechi-objects-test/empty", S3, b"").await;

    let objects = Objects::new(client, "haechi-objects-test");
    let keys = async |prefix: &str, after: Option<&str>| {
        let (mut listing, mut keys, mut pages) = (objects.list(prefix, after).unwrap(), Vec::new(), 0);
        while let Some(page) = listing.next().await {
            keys.extend(page.unwrap().into_iter().map(|object| object.key));
            pages += 1;
        }
        (keys, pages)
    };
    let (all, pages) = keys("many/", None).await;
    assert_eq!((all.len(), pages, all[1_004].as_str()), (1_005, 2, "many/1004"));
    assert_eq!(keys("many/", Some("many/1002")).await.0, ["many/1003", "many/1004"]);
    assert_eq!(keys("one", None).await.0, ["one large+가"]);

    let mut listing = objects.list("one", None).unwrap();
    let found = listing.next().await.unwrap().unwrap().remove(0);
    assert_eq!(found.size, 100_000);
    assert_eq!(objects.get(&found.key, 100_000).await.unwrap(), large);
    assert_eq!(objects.get(&found.key, 99_999).await.unwrap_err().kind, ErrorKind::TooLarge);
    assert_eq!(objects.range(&found.key, 99_990, 50, &found.etag).await.unwrap(), large[99_990..]);
    assert_eq!(objects.range(&found.key, 100_000, 50, "").await.unwrap_err().status, Some(416));
    assert!(objects.get("empty", 10).await.unwrap().is_empty());
    assert_eq!(objects.get("none", 10).await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn messages_are_taken_and_deleted() {
    let Some((client, url)) = client().await else { return };
    let call = async |operation: &str, body: String| {
        let target = format!("{SQS}x-amz-target: AmazonSQS.{operation}\r\n");
        send(&url, "POST", "/", &target, body.as_bytes()).await
    };
    let answer = call("CreateQueue", r#"{"QueueName": "haechi-queue-test"}"#.to_owned()).await;
    assert!(answer.contains("haechi-queue-test"), "{answer}");
    let arn = "arn:aws:sqs:us-east-1:123456789012:haechi-queue-test";
    let queue = Queue::open(client.clone(), arn).await.unwrap();
    call("PurgeQueue", format!(r#"{{"QueueUrl": "{}"}}"#, queue.url())).await;
    for number in 0..12 {
        call("SendMessage", format!(r#"{{"QueueUrl": "{}", "MessageBody": "text {number}"}}"#, queue.url())).await;
    }
    let (mut bodies, mut receipts) = (Vec::new(), Vec::new());
    while bodies.len() < 12 {
        let messages = queue.receive(Duration::from_secs(1), Some(Duration::from_secs(60))).await.unwrap();
        assert!(!messages.is_empty() && messages.iter().all(|message| message.received == 1), "{messages:?}");
        bodies.extend(messages.iter().map(|message| message.body.clone()));
        receipts.extend(messages.into_iter().map(|message| message.receipt));
    }
    bodies.sort();
    assert_eq!((bodies.len(), bodies[0].as_str()), (12, "text 0"));
    assert_eq!(queue.delete(&receipts).await.unwrap(), []);
    assert_eq!(queue.receive(Duration::ZERO, None).await.unwrap(), []);

    let none = Queue::open(client.clone(), "arn:aws:sqs:us-east-1:123456789012:none").await;
    assert_eq!(none.err().unwrap().kind, ErrorKind::NotFound);
    assert_eq!(Queue::open(client, "none").await.err().unwrap().kind, ErrorKind::InvalidInput);
}
