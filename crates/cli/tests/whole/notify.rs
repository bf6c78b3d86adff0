//! Notices of the whole program: a web server that fails and recovers, one that hangs, one that is not there, one that
//! wants to send them elsewhere; files, queues and topics; dead letters.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Haechi, Moto};

/// What the server does with the next requests; the last is done for ever.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Status(&'static str),
    Hangs,
    Redirects,
}

struct Hook {
    address: std::net::SocketAddr,
    /// Heads and bodies.
    got: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Hook {
    fn start(moods: &[Mood]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let got = Arc::new(Mutex::new(Vec::new()));
        let (shared, mut moods) = (got.clone(), moods.to_vec());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mood = if moods.len() > 1 { moods.remove(0) } else { moods[0] };
                let shared = shared.clone();
                // A client that goes away in the middle is its own affair.
                std::thread::spawn(move || drop(answer(client, mood, &shared)));
            }
        });
        Self { address, got }
    }

    fn url(&self) -> String {
        format!("http://{}/hook/secret-token", self.address)
    }

    fn got(&self) -> Vec<(String, Value)> {
        self.got.lock().expect("requests").clone()
    }
}

fn answer(mut client: TcpStream, mood: Mood, got: &Mutex<Vec<(String, Value)>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line.to_ascii_lowercase());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    got.lock().expect("requests").push((head, serde_json::from_slice(&body).unwrap_or_default()));
    let answer = match mood {
        Mood::Hangs => {
            std::thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
        Mood::Status(status) => format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
        Mood::Redirects => {
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_owned()
        }
    };
    client.write_all(answer.as_bytes())
}

fn settings(haechi: &Haechi, text: &str) {
    std::fs::write(haechi.folder().join("haechi.toml"), text).expect("settings");
}

const SAMPLE: [&str; 5] =
    ["detect", "samples", "Stealth:IAMUser/CloudTrailLoggingDisabled", "--notify", "--format=json"];

fn states(haechi: &Haechi) -> Vec<(String, i64)> {
    let list = haechi.json(&["notify", "list", "--all", "--format", "json"], 0);
    let rows = list["rows"].as_array().expect("rows").clone();
    rows.iter().map(|row| (row["state"].as_str().unwrap().to_owned(), row["attempts"].as_i64().unwrap())).collect()
}

#[test]
fn a_server_that_fails_is_tried_again() {
    let hook = Hook::start(&[Mood::Status("500 Oh"), Mood::Status("200 OK")]);
    let haechi = Haechi::new();
    let file = haechi.folder().join("notices.jsonl");
    settings(
        &haechi,
        &format!(
            "[[notify]]\nto = '{}'\nauthorization-env = 'HOOK_KEY'\n[[notify]]\nto = 'file:{}'\n\
             [[notify]]\nto = 'file:never.jsonl'\nmin-severity = 'critical'\n[[notify]]\nto = 'file:other.jsonl'\ntypes = ['Backdoor:*']\n",
            hook.url(),
            file.display()
        ),
    );
    let mut command = haechi.command(&SAMPLE);
    let output = command.env("HOOK_KEY", "Bearer k").output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let got = hook.got();
    assert_eq!(got.len(), 2, "500, then 200");
    let event = &got[0].1;
    assert_eq!(got[1].1, *event, "the same event, with the same id");
    assert!(got[0].0.contains("authorization: bearer k"), "{}", got[0].0);
    assert!(got[0].0.contains(&format!("idempotency-key: {}", event["id"].as_str().unwrap())));
    assert_eq!((&event["source"], &event["detail-type"]), (&json!("haechi.detect"), &json!("GuardDuty Finding")));
    assert_eq!(event["detail"]["type"], "Stealth:IAMUser/CloudTrailLoggingDisabled");
    let lines = std::fs::read_to_string(&file).expect("a file");
    let line: Value = serde_json::from_str(lines.lines().next().unwrap()).expect("JSON");
    assert_eq!((lines.lines().count(), &line["detail"]["id"]), (1, &event["detail"]["id"]));
    assert!(!haechi.folder().join("never.jsonl").exists() && !haechi.folder().join("other.jsonl").exists());
    let list = haechi.text(&["notify", "list", "--all"], 0);
    assert!(!list.contains("secret-token"), "{list}");
    assert_eq!(states(&haechi), [("delivered".to_owned(), 2), ("delivered".to_owned(), 1)]);
}

#[test]
fn what_does_not_arrive_is_kept_and_sent_later() {
    // Nobody listens there: a port that was free a moment ago.
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a port").port();
    let haechi = Haechi::new();
    settings(&haechi, &format!("[[notify]]\nto = 'http://127.0.0.1:{port}/'\n"));
    let output = haechi.run(&SAMPLE, 0);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("1 waiting"), "{said}");
    assert_eq!(states(&haechi)[0].0, "waiting");
    // It comes up, and the notice arrives.
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the same port");
    let server = std::thread::spawn(move || {
        let got = Mutex::new(Vec::new());
        let (client, _) = listener.accept().expect("a client");
        answer(client, Mood::Status("204 No Content"), &got).expect("answered");
        got.into_inner().unwrap().len()
    });
    haechi.run(&["notify", "retry"], 0);
    assert_eq!(server.join().expect("the server"), 1);
    assert_eq!(states(&haechi)[0].0, "delivered");
}

#[test]
fn it_goes_to_the_named_host_or_nowhere() {
    let hook = Hook::start(&[Mood::Redirects]);
    let haechi = Haechi::new();
    settings(&haechi, &format!("[[notify]]\nto = '{}'\n", hook.url()));
    let output = haechi.run(&["notify", "test"], 2);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("redirects are not followed") && !table.contains("secret-token"), "{table}");
    settings(&haechi, "[[notify]]\nto = 'http://hooks.example.com/'\n");
    let said = String::from_utf8(haechi.run(&["notify", "test"], 2).stderr).unwrap();
    assert!(said.contains("unencrypted"), "{said}");
    settings(&haechi, "[[notify]]\nto = 'file:x'\nmin-severity = 'loud'\n");
    assert!(String::from_utf8(haechi.run(&["notify", "test"], 2).stderr).unwrap().contains("loud"));
    settings(&haechi, "");
    assert!(String::from_utf8(haechi.run(&["notify", "test"], 2).stderr).unwrap().contains("[[notify]]"));
}

#[test]
fn a_server_that_hangs_is_not_waited_for_long() {
    let hook = Hook::start(&[Mood::Hangs]);
    let haechi = Haechi::new();
    settings(&haechi, &format!("[[notify]]\nto = '{}'\n", hook.url()));
    let started = std::time::Instant::now();
    let table = String::from_utf8(haechi.run(&["notify", "test"], 2).stdout).unwrap();
    assert!(table.contains("no answer"), "{table}");
    assert!(started.elapsed() < Duration::from_secs(25));
}

#[test]
fn queues_and_topics() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    moto.statements(
        "sqs, sns = client('sqs'), client('sns')\n\
         for name in ('direct', 'behind'): sqs.create_queue(QueueName=name)\n\
         sqs.create_queue(QueueName='threats.fifo', Attributes={'FifoQueue': 'true'})\n\
         topic = sns.create_topic(Name='threats')['TopicArn']\n\
         sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint='arn:aws:sqs:us-east-1:123456789012:behind', Attributes={'RawMessageDelivery': 'true'})\n",
    );
    settings(
        &haechi,
        &format!(
            "[[notify]]\nto = 'sqs:{}/123456789012/direct'\n[[notify]]\nto = 'arn:aws:sqs:us-east-1:123456789012:threats.fifo'\n\
             [[notify]]\nto = 'arn:aws:sns:us-east-1:123456789012:threats'\n",
            moto.endpoint
        ),
    );
    haechi.run(&SAMPLE, 0);
    assert_eq!(states(&haechi).len(), 3);
    assert!(states(&haechi).iter().all(|(state, _)| state == "delivered"), "{:?}", states(&haechi));
    moto.statements(
        "import json\nsqs = client('sqs')\n\
         for name in ('direct', 'behind', 'threats.fifo'):\n\
         \x20   url = sqs.get_queue_url(QueueName=name)['QueueUrl']\n\
         \x20   got = sqs.receive_message(QueueUrl=url)['Messages']\n\
         \x20   event = json.loads(got[0]['Body'])\n\
         \x20   assert len(got) == 1 and event['source'] == 'haechi.detect', (name, got)\n\
         \x20   assert event['detail']['type'] == 'Stealth:IAMUser/CloudTrailLoggingDisabled', event\n",
    );
}
