//! A server on loopback that speaks AWS's protocols well enough for an account of VPCs (EC2's XML) and keys (KMS's
//! JSON), from answers that are made beforehand, and that misbehaves as told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fake_iam::{self, FakeIam};

/// How the server behaves. STS and the list of regions always answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// Four calls of five.
    Throttles,
    Fails,
    /// No answer within any time.
    Hangs,
    RepeatsPages,
    Rubbish,
    /// Half of a body, then the connection is closed.
    HalfBodies,
    /// Half of a body, with the length of that half.
    CutBodies,
    /// Sessions are good for some calls.
    Expires,
    Denies,
    Empty,
    /// A third of a second for each answer.
    Slow,
    /// Thousands of VPCs.
    Many,
}

pub struct FakeAws {
    pub endpoint: String,
    state: Arc<State>,
}

struct State {
    mood: Mutex<Mood>,
    /// Calls, and those of the session at hand.
    calls: AtomicUsize,
    of_session: AtomicUsize,
    sessions: AtomicUsize,
    iam: Mutex<FakeIam>,
}

impl FakeAws {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State {
            mood: Mutex::new(Mood::Good),
            calls: AtomicUsize::new(0),
            of_session: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
            iam: Mutex::default(),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = shared.clone();
                // A client that goes away in the middle is its own affair.
                std::thread::spawn(move || while serve(&connection, &state).unwrap_or(false) {});
            }
        });
        Self { endpoint, state }
    }

    pub fn set(&self, mood: Mood) {
        *self.state.mood.lock().expect("a mood") = mood;
        self.state.of_session.store(0, Ordering::SeqCst);
    }

    /// What IAM of this account is asked, and says.
    pub fn iam<T>(&self, change: impl FnOnce(&mut FakeIam) -> T) -> T {
        change(&mut self.state.iam.lock().expect("its state"))
    }

    /// Waits until so many calls have come since the mood was set.
    pub fn wait_for_calls(&self, number: usize) {
        let wanted = self.state.calls.load(Ordering::SeqCst) + number;
        for _ in 0..3000 {
            if self.state.calls.load(Ordering::SeqCst) >= wanted {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no call has come");
    }

    /// How often a role was taken on.
    pub fn sessions(&self) -> usize {
        self.state.sessions.load(Ordering::SeqCst)
    }
}

/// A request: the operation, its text, and the session that it is signed with.
struct Request {
    operation: String,
    text: String,
    json: bool,
}

struct Answer {
    status: &'static str,
    body: String,
}

/// Serves one request; false when the connection ends.
fn serve(connection: &TcpStream, state: &State) -> std::io::Result<bool> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let Some(request) = read(&mut reader)? else { return Ok(false) };
    let mood = *state.mood.lock().expect("a mood");
    let plain = ["GetCallerIdentity", "AssumeRole", "DescribeRegions", "DescribeOrganization", "ListAccountAliases"];
    let whole = plain.contains(&request.operation.as_str());
    let answer = if whole { account(&request, state) } else { misbehaving(&request, mood, state) };
    let Some(answer) = answer else { return Ok(false) };
    let kind = if request.json { "application/x-amz-json-1.1" } else { "text/xml" };
    let half = answer.body.len() / 2;
    let (said, sent) = match mood {
        Mood::HalfBodies if !whole => (answer.body.len(), half),
        Mood::CutBodies if !whole => (half, half),
        _ => (answer.body.len(), answer.body.len()),
    };
    let head = format!("HTTP/1.1 {}\r\nContent-Type: {kind}\r\nContent-Length: {said}\r\n\r\n", answer.status);
    let mut writer = connection;
    writer.write_all(head.as_bytes())?;
    writer.write_all(&answer.body.as_bytes()[..sent])?;
    Ok(sent == said)
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let (mut length, mut target) = (0, None);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if lower.starts_with("x-amz-target:") {
            target = line.trim().rsplit('.').next().map(str::to_owned);
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let action = text.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
    let json = target.is_some();
    Ok(Some(Request { operation: target.or(action).unwrap_or_default(), text, json }))
}

fn ok(body: String) -> Option<Answer> {
    Some(Answer { status: "200 OK", body })
}

fn error(request: &Request, status: &'static str, code: &str) -> Option<Answer> {
    let body = match request.json {
        true => format!(r#"{{"__type":"{code}","message":"as the test wants it"}}"#),
        false => format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>as the test wants it</Message></Error></Errors>\
             <RequestID>r</RequestID></Response>"
        ),
    };
    Some(Answer { status, body })
}

fn account(request: &Request, state: &State) -> Option<Answer> {
    match request.operation.as_str() {
        "GetCallerIdentity" => ok("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/haechi</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>".to_owned()),
        "AssumeRole" => {
            let number = state.sessions.fetch_add(1, Ordering::SeqCst) + 1;
            state.of_session.store(0, Ordering::SeqCst);
            ok(format!("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>token-{number}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"))
        }
        "DescribeRegions" => ok("<DescribeRegionsResponse><regionInfo><item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item></regionInfo></DescribeRegionsResponse>".to_owned()),
        _ => error(request, "400 Bad Request", "AccessDenied"),
    }
}

fn misbehaving(request: &Request, mood: Mood, state: &State) -> Option<Answer> {
    let call = state.calls.fetch_add(1, Ordering::SeqCst);
    match mood {
        Mood::Throttles if !call.is_multiple_of(5) => error(request, "400 Bad Request", "Throttling"),
        Mood::Fails => error(request, "500 Internal Server Error", "InternalError"),
        Mood::Hangs => {
            std::thread::sleep(Duration::from_secs(20));
            None
        }
        Mood::Rubbish => ok("<<< {neither".to_owned()),
        Mood::Expires if state.of_session.fetch_add(1, Ordering::SeqCst) >= 16 => {
            error(request, "400 Bad Request", "ExpiredTokenException")
        }
        Mood::Denies => error(request, "403 Forbidden", "AccessDeniedException"),
        Mood::Slow => {
            std::thread::sleep(Duration::from_millis(330));
            good(request, mood)
        }
        _ if fake_iam::OPERATIONS.contains(&request.operation.as_str()) => {
            match state.iam.lock().expect("its state").answer(&request.operation, &request.text) {
                Some(body) => ok(body),
                None => error(request, "403 Forbidden", "AccessDenied"),
            }
        }
        _ => good(request, mood),
    }
}

/// The page that a request asks for, from 0.
fn page(request: &Request) -> usize {
    let after = request.text.split("page-").nth(1).unwrap_or("0");
    after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

fn key(request: &Request) -> String {
    let after = request.text.split("key-").nth(1).unwrap_or("0");
    format!("key-{}", after.chars().take_while(char::is_ascii_digit).collect::<String>())
}

fn good(request: &Request, mood: Mood) -> Option<Answer> {
    let page = page(request);
    let next = match mood {
        Mood::RepeatsPages => 1,
        _ => page + 1,
    };
    match request.operation.as_str() {
        "DescribeVpcs" => {
            let (pages, each) = if mood == Mood::Many { (40, 100) } else { (3, 10) };
            let items: String = (page * each..(page + 1) * each)
                .filter(|_| mood != Mood::Empty)
                .map(|n| format!("<item><vpcId>vpc-{n:04}</vpcId><cidrBlock>10.{}.{}.0/24</cidrBlock><state>available</state><tagSet><item><key>env</key><value>e{n}</value></item></tagSet></item>", n / 256, n % 256))
                .collect();
            let more = next < pages && mood != Mood::Empty;
            let token = if more { format!("<nextToken>page-{next}</nextToken>") } else { String::new() };
            ok(format!("<DescribeVpcsResponse><vpcSet>{items}</vpcSet>{token}</DescribeVpcsResponse>"))
        }
        "ListKeys" => {
            let keys: Vec<String> = (page * 6..(page + 1) * 6)
                .filter(|_| mood != Mood::Empty)
                .map(|n| format!(r#"{{"KeyId":"key-{n}","KeyArn":"arn:aws:kms:us-east-1:123456789012:key/key-{n}"}}"#))
                .collect();
            let more = next < 2 && mood != Mood::Empty;
            let marker = if more { format!(r#","NextMarker":"page-{next}""#) } else { String::new() };
            ok(format!(r#"{{"Keys":[{}],"Truncated":{more}{marker}}}"#, keys.join(",")))
        }
        "DescribeKey" => ok(format!(
            r#"{{"KeyMetadata":{{"KeyId":"{}","KeyManager":"AWS","KeyState":"Enabled","CreationDate":1700000000}}}}"#,
            key(request)
        )),
        "GetKeyPolicy" => ok(r#"{"Policy":"{}"}"#.to_owned()),
        "ListAliases" => ok(r#"{"Aliases":[],"Truncated":false}"#.to_owned()),
        _ => error(request, "400 Bad Request", "UnknownOperationException"),
    }
}
