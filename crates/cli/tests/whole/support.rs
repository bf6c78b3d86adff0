//! What tests of the whole program share: a folder of their own, a mock AWS API, a proxy that denies, and the run itself.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

/// A mock AWS API of this test's own. Stopped, by its process id, when dropped.
pub struct Moto {
    process: Child,
    pub endpoint: String,
    python: PathBuf,
}

impl Moto {
    /// None, and a word about it, when the mock is not installed (`./test` installs it).
    pub fn start() -> Option<Self> {
        let (Some(server), Some(python)) = (std::env::var_os("HAECHI_MOTO_SERVER"), std::env::var_os("HAECHI_PYTHON"))
        else {
            println!("skipped: HAECHI_MOTO_SERVER and HAECHI_PYTHON are not set (./test sets them)");
            return None;
        };
        let port = free_port();
        let process = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the mock AWS API starts");
        let moto = Self { process, endpoint: format!("http://127.0.0.1:{port}"), python: python.into() };
        let patience = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(patience.elapsed() < Duration::from_secs(60), "the mock AWS API does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(moto)
    }

    /// Runs a Python script of the project against the mock.
    pub fn python(&self, script: &str, arguments: &[&str]) -> Output {
        let output = Command::new(&self.python)
            .arg(workspace().join(script))
            .args(["--endpoint", &self.endpoint])
            .args(arguments)
            .output()
            .expect("python runs");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Runs Python statements that find the endpoint in `endpoint` and a client maker in `client`.
    pub fn statements(&self, statements: &str) {
        let head = "import boto3, sys\nendpoint = sys.argv[1]\n\
            client = lambda name: boto3.client(name, endpoint_url=endpoint, region_name='us-east-1', aws_access_key_id='testing', aws_secret_access_key='testing')\n";
        let output = Command::new(&self.python)
            .args(["-c", &format!("{head}{statements}"), &self.endpoint])
            .output()
            .expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Stands before the mock and answers some operations with an error.
pub struct Proxy {
    pub endpoint: String,
    faults: Arc<Mutex<Vec<Fault>>>,
}

/// Requests that hold `marker` (in the request line, a header or the body) get this answer.
#[derive(Clone)]
pub struct Fault {
    pub marker: &'static str,
    pub status: &'static str,
    pub body: &'static str,
}

pub const DENIED_EC2: &str = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors><RequestID>r</RequestID></Response>";
pub const DENIED_S3: &str =
    "<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>r</RequestId></Error>";

impl Proxy {
    pub fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let faults = Arc::new(Mutex::new(Vec::new()));
        let shared = faults.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (upstream, faults) = (upstream.clone(), shared.clone());
                std::thread::spawn(move || {
                    // A client that goes away in the middle is its own affair.
                    let _ = pass_on(connection, &upstream, &faults);
                });
            }
        });
        Self { endpoint, faults }
    }

    pub fn set(&self, faults: &[Fault]) {
        *self.faults.lock().expect("faults") = faults.to_vec();
    }
}

/// Reads one request, answers it, and closes the connection.
fn pass_on(mut client: TcpStream, upstream: &str, faults: &Mutex<Vec<Fault>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        if !line.to_ascii_lowercase().starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request = format!("{head}\r\n{}", String::from_utf8_lossy(&body));
    let fault = faults.lock().expect("faults").iter().find(|fault| request.contains(fault.marker)).cloned();
    if let Some(fault) = fault {
        let answer = format!(
            "HTTP/1.1 {}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            fault.status,
            fault.body.len(),
            fault.body
        );
        return client.write_all(answer.as_bytes());
    }
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    server.write_all(&body)?;
    std::io::copy(&mut server, &mut client)?;
    Ok(())
}

/// The program in a folder of its own: no settings, no credentials and no store of the user's.
pub struct Haechi {
    folder: tempfile::TempDir,
    endpoint: Option<String>,
}

impl Haechi {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), endpoint: None }
    }

    pub fn at(endpoint: &str) -> Self {
        Self { endpoint: Some(endpoint.to_owned()), ..Self::new() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haechi"));
        command.args(arguments).current_dir(self.folder()).env_clear();
        command
            .env("HOME", self.folder())
            .env("HAECHI_STORE", self.folder().join("haechi.db"))
            .env("PATH", "/usr/bin:/bin");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("LC_ALL", "C");
        if let Some(endpoint) = &self.endpoint {
            command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
            command.env("AWS_ACCESS_KEY_ID", "testing").env("AWS_SECRET_ACCESS_KEY", "testing");
        }
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str], code: i32) -> Output {
        let output = self.command(arguments).output().expect("the program runs");
        assert_eq!(
            output.status.code(),
            Some(code),
            "haechi {arguments:?}\n--- stdout\n{}\n--- stderr\n{}",
            String::from_utf8_lossy(&output.stdout).chars().take(4000).collect::<String>(),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    #[track_caller]
    pub fn text(&self, arguments: &[&str], code: i32) -> String {
        String::from_utf8(self.run(arguments, code).stdout).expect("stdout is UTF-8")
    }

    #[track_caller]
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        serde_json::from_slice(&self.run(arguments, code).stdout).expect("stdout is JSON")
    }
}
