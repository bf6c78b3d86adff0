//! Logs as an attacker, a bad disk or a broken sender would leave them: what is damaged is named and counted, what is
//! whole is read, memory stays bounded, and no text of a log does anything.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Map, Value, json};

use crate::logs::adds_up;
use crate::support::{Haechi, workspace};

const KIM: &str = "arn:aws:iam::111122223333:user/kim";
const TURNED: &str = "<script>alert(1)</script>\u{202e}gpj.exe";
const ESCAPES: &str = "evil\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31magent";
const FORMULA: &str = "=cmd|'/C calc'!A0";

/// Somebody stops a trail: an event that fires. `change` sets members, and takes away those that it sets to null.
fn event(id: &str, change: Value) -> Value {
    let mut event = json!({
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "arn": KIM, "accountId": "111122223333", "userName": "kim"},
        "eventTime": "2026-11-20T09:30:00Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2",
        "requestParameters": {"name": "trail"},
        "eventID": id,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    });
    let members: &mut Map<String, Value> = event.as_object_mut().expect("an object");
    for (name, value) in change.as_object().expect("an object") {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    event
}

fn file(events: &[Value]) -> Vec<u8> {
    json!({"Records": events}).to_string().into_bytes()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(text).expect("memory");
    out.finish().expect("memory")
}

fn plain(id: &str) -> Value {
    event(id, json!({}))
}

/// A folder with every damage, each in a file of its own.
fn folder(haechi: &Haechi) {
    let folder = haechi.folder().join("logs");
    std::fs::create_dir(&folder).expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("a file");
    write("good.json", &file(&[plain("good-1")]));
    // An event, and behind it what inflates to a thousand times its size.
    write("bomb.json.gz", &gzip(&[file(&[plain("bomb-1")]), vec![b' '; 80 << 20]].concat()));
    let many: Vec<_> = (0..300).map(|at| plain(&format!("cut-{at}"))).collect();
    let whole = gzip(&file(&many));
    write("cut.json.gz", &whole[..whole.len() / 2]);
    write("members.json.gz", &[gzip(&file(&[plain("member-1")])), gzip(&file(&[plain("member-2")]))].concat());
    let mut latin = file(&[plain("latin-1"), event("latin-2", json!({"userAgent": "XX"})), plain("latin-3")]);
    let at = latin.windows(2).position(|two| two == b"XX").expect("its place");
    latin[at..at + 2].copy_from_slice(&[0xE9, 0xFF]);
    write("latin.json", &latin);
    write(
        "numbers.json",
        &file(&[
            event(
                "number-1",
                json!({"recipientAccountId": 111_122_223_333_u64, "eventVersion": 1.08, "readOnly": "false"}),
            ),
            event("number-2", json!({"requestParameters": {"name": 7}, "vpcEndpointId": 1e300, "userAgent": 12})),
            event("number-3", json!({"userIdentity": "kim"})),
            event("number-4", json!({"awsRegion": 3, "sourceIPAddress": ["192.0.2.1"]})),
        ]),
    );
    write(
        "missing.json",
        &file(&[
            event("missing-1", json!({"userIdentity": null, "sourceIPAddress": null, "userAgent": null})),
            event("missing-2", json!({"awsRegion": null})),
            event("missing-3", json!({"requestParameters": null, "recipientAccountId": null})),
            event("no-name", json!({"eventName": null})),
            event("no-time", json!({"eventTime": null})),
            event("no-id", json!({"eventID": null})),
        ]),
    );
    write("future.json", &file(&[event("future-1", json!({"eventTime": "2099-01-01T00:00:00Z"}))]));
    write(
        "unordered.json",
        &file(&[plain("now-1"), event("day-before", json!({"eventTime": "2026-11-18T00:00:00Z"})), plain("now-2")]),
    );
    let identity = json!({"type": "IAMUser", "arn": FORMULA, "accountId": "111122223333"});
    let evil = json!({"userAgent": ESCAPES, "requestParameters": {"name": TURNED}, "userIdentity": identity});
    write("evil.json", &file(&[event(FORMULA, evil)]));
    write("empty.json", b"");
    write("digest.json", br#"{"awsAccountId":"1","digestEndTime":"2026-11-22T09:30:00Z","logFiles":[]}"#);
    write("rubbish.log", &(0..=255_u8).collect::<Vec<_>>());
    write("\u{1b}[2Jname.json", b"rubbish");
}

#[test]
fn a_folder_of_damage_loses_only_what_is_damaged() {
    let haechi = Haechi::new();
    folder(&haechi);
    let report = haechi.json(&["detect", "logs", "--format", "json"], 0);
    let unreadable = report["read"]["unreadable"].as_array().expect("a list");
    let said = |name: &str| {
        let of = unreadable.iter().filter(|one| one["path"].as_str().is_some_and(|path| path.ends_with(name)));
        of.map(|one| one["reason"]["text"]["en"].as_str().expect("words").to_owned()).collect::<Vec<_>>()
    };
    let check = |name: &str, expected: &[&str]| {
        let said = said(name);
        assert_eq!(said.len(), expected.len(), "{name}: {said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.contains(expected), "{name}: `{said}` has no `{expected}`");
        }
    };
    check("good.json", &[]);
    check("bomb.json.gz", &["more than 1000 times its size"]);
    check("cut.json.gz", &["ends too early", "cut off"]);
    check("members.json.gz", &[]);
    check("latin.json", &["not UTF-8"]);
    check("numbers.json", &[]);
    check("missing.json", &["one of them is missing"; 3]);
    check("future.json", &[]);
    check("unordered.json", &[]);
    check("rubbish.log", &["not JSON"]);
    check("name.json", &["not JSON"]);
    // Every event that is whole was seen, wherever it stood.
    let (all, cut) = (report["read"]["events"]["cloudtrail"].as_u64().expect("a count"), 20);
    let whole = 1 + 1 + 2 + 2 + 4 + 3 + 1 + 3 + 1;
    assert!(all > whole + cut && all < whole + 300, "{all}");
    let counted: u64 =
        report["threats"].as_array().expect("a list").iter().map(|one| one["count"].as_u64().expect("a count")).sum();
    let named = |id: &str| {
        let mut threats = report["threats"].as_array().expect("a list").iter();
        threats.any(|threat| threat["evidence"].as_array().expect("a list").iter().any(|seen| seen["eventId"] == id))
    };
    assert_eq!(counted, all, "each stops a trail");
    for id in ["bomb-1", "future-1", "day-before", "now-2", "number-3", "number-4", "missing-1", "missing-2", FORMULA] {
        assert!(named(id), "{id} is evidence");
    }
    assert_eq!(report["read"]["late"], 1, "a clock that is wrong is counted");
    haechi.run(&["detect", "logs", "--strict"], 2);
    // The coverage accounts for every byte.
    let coverage = haechi.json(&["logs", "coverage", "logs", "--format", "json"], 0);
    adds_up(&coverage);
    assert_eq!((&coverage["events"]["read"], &coverage["bytes"]["unaccounted"]), (&json!(all), &json!(0)));
    assert_eq!(coverage["files"], json!({"log": 10, "empty": 1, "digest": 1, "rubbish": 2}));
    assert_eq!(coverage["unreadable"].as_array().map(Vec::len), Some(unreadable.len()));
    assert!(coverage["bytes"]["damaged"].as_u64() > Some(0));
}

/// What a terminal obeys, and what turns the writing direction.
#[track_caller]
fn is_inert(text: &str) {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || turns(*c));
    assert_eq!(bad, None, "{text}");
}

#[test]
fn text_of_logs_does_nothing() {
    let haechi = Haechi::new();
    folder(&haechi);
    for language in ["en", "ko", "ja"] {
        let of = |more: &[&str], code: i32| {
            let output = haechi.run(&[&["--lang", language], more].concat(), code);
            is_inert(&String::from_utf8(output.stdout).expect("UTF-8"));
            is_inert(&String::from_utf8(output.stderr).expect("UTF-8"));
        };
        of(&["detect", "logs", "--top", "0"], 0);
        of(&["logs", "coverage", "logs"], 0);
        of(&["investigate", FORMULA, "logs", "--around", "2026-11-20T09:30:00Z"], 0);
        of(&["investigate", ESCAPES, "logs/good.json"], 2);
    }
    haechi.run(&["detect", "logs", "--keep"], 0);
    let rows = haechi.json(&["findings", "list", "--limit", "0", "--format", "json"], 0);
    let evil = rows["rows"].as_array().expect("rows").iter().find(|row| row["resourceId"] == FORMULA).expect("its row");
    let id = evil["id"].as_str().expect("an id");
    is_inert(&haechi.text(&["findings", "list", "--limit", "0"], 0));
    is_inert(&haechi.text(&["findings", "show", id], 0));
    let organization = workspace().join("examples/organization");
    haechi.command(&["assess", organization.to_str().expect("a path")]).output().expect("it runs");
    let report = |format: &str| {
        let output = haechi.command(&["report", "--format", format]).output().expect("it runs");
        assert!(!output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    is_inert(&report("table"));
    let of = |arguments: &[&str]| haechi.text(arguments, 0);
    for csv in [
        of(&["detect", "logs", "--format", "csv"]),
        of(&["findings", "list", "--format", "csv", "--limit", "0"]),
        report("csv"),
    ] {
        assert!(csv.contains(&format!("'{FORMULA}")), "{csv}");
        for line in csv.lines() {
            assert!(!line.starts_with(['=', '+', '@']) && !line.contains(",=") && !line.contains(",\"="), "{line}");
        }
    }
    let html = report("html");
    assert!(!html.contains("<script>alert") && !html.contains(['\u{1b}', '\u{202e}']));
    let json = haechi.json(&["findings", "show", id, "--format", "json"], 0);
    assert_eq!(json["evidence"][0]["userAgent"], ESCAPES, "machines get what was there");
}

/// The most memory that a process has used, in MiB.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("a number") / 1024
}

/// Streams a file of one line, with a record that is much larger than what a record may be, and whole ones around it.
#[test]
fn a_line_without_end_costs_no_memory() {
    let haechi = Haechi::new();
    let mut command = haechi.command(&["detect", "-", "--format", "json"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
    let mut input = process.stdin.take().expect("stdin");
    let megabyte = vec![b'x'; 1 << 20];
    let mut line = |number: u64, from: u64| {
        write!(input, "{{\"Records\":[{},{{\"eventID\":\"big\",\"x\":\"", plain(&format!("before-{number}")))
            .expect("it reads");
        (0..from).for_each(|_| input.write_all(&megabyte).expect("it reads"));
        write!(input, "\"}},{}]}}", plain(&format!("after-{number}"))).expect("it reads");
        input.flush().expect("it reads");
    };
    line(1, 100);
    let small = peak(process.id());
    line(2, 300);
    let large = peak(process.id());
    drop(input);
    let output = process.wait_with_output().expect("it ends");
    assert!(large < small + 16 && large < 400, "{small} MiB after 100 MiB, {large} after 400");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &report["read"]["events"]), (Some(0), &json!({"cloudtrail": 4})));
    let unreadable = report["read"]["unreadable"].as_array().expect("a list");
    assert_eq!(unreadable.len(), 2, "{unreadable:?}");
    assert_eq!(report["threats"][0]["count"], 4);
}
