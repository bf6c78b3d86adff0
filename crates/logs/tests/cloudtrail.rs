//! The reader on files as they come: every form, every damage, and the public corpus.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use haechi_logs::{Event, Fields, FileKind, Limits, Reader, Summary};

fn record(id: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"accountId":"111122223333"}},"eventTime":"2026-11-22T09:30:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"us-east-1","requestParameters":{{"name":"n {id}"}},"eventID":"{id}","recipientAccountId":"111122223333"}}"#
    )
}

fn file_of(ids: &[&str]) -> String {
    format!(r#"{{"Records":[{}]}}"#, ids.iter().map(|id| record(id)).collect::<Vec<_>>().join(","))
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

/// Reads bytes, and gives the ids of the events and the summary.
fn read_with(bytes: &[u8], limits: Limits) -> (Vec<String>, Summary) {
    let fields = Fields::of_events(["requestParameters.name"]).unwrap();
    let name = fields.slot("requestParameters.name").unwrap();
    let mut reader = Reader::with(&fields, limits, 1 << 20);
    let mut ids = Vec::new();
    let flow = reader.read_bytes(Path::new("log.json"), bytes, &mut |event: &Event<'_>| {
        assert_eq!(event.text(name).as_deref(), Some(&*format!("n {}", event.id())));
        ids.push(event.id().to_owned());
        ControlFlow::Continue(())
    });
    assert_eq!(flow, ControlFlow::Continue(()));
    (ids, reader.finish())
}

/// What is read, the kind of the file, and the problems as `line/record: what`.
fn check(bytes: &[u8], ids: &[&str], kind: FileKind, problems: &[&str]) {
    // All at once, and through a window.
    for limits in [Limits::default(), Limits { whole: 0, ..Limits::default() }] {
        let (read, summary) = read_with(bytes, limits);
        let said: Vec<_> = summary
            .problems
            .iter()
            .map(|problem| {
                let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or("-".to_owned());
                format!("{}/{}: {}", number(problem.line), number(problem.record), problem.what)
            })
            .collect();
        assert_eq!(read, ids, "{said:?}");
        assert_eq!(summary.text.total(), summary.text_bytes, "{:?}", summary.text);
        assert_eq!(said.len(), problems.len(), "{said:?}");
        for (said, expected) in said.iter().zip(problems) {
            assert!(said.starts_with(expected), "`{said}` is not `{expected}...`");
        }
        assert_eq!(summary.files.into_iter().collect::<Vec<_>>(), [(kind, 1)]);
    }
}

#[test]
fn every_form_is_read() {
    let log = FileKind::Log;
    check(file_of(&["a", "b"]).as_bytes(), &["a", "b"], log, &[]);
    check(record("a").as_bytes(), &["a"], log, &[]);
    check(format!("{}\n{}\n\n", record("a"), record("b")).as_bytes(), &["a", "b"], log, &[]);
    check(format!("[ {} ,\n{} ]", record("a"), record("b")).as_bytes(), &["a", "b"], log, &[]);
    check(format!("{}\n{}", file_of(&["a"]), file_of(&["b"])).as_bytes(), &["a", "b"], log, &[]);
    check(format!(r#"{{"v":1,"Records":[{}],"w":[{{}}]}}"#, record("a")).as_bytes(), &["a"], log, &[]);
    check(format!(r#"{{"Records":[{}],"w":[{{}}]}} {}"#, record("a"), record("b")).as_bytes(), &["a", "b"], log, &[]);
    let looked_up = serde_json::json!({"Events": [{"EventId": "a", "CloudTrailEvent": record("a")}], "NextToken": "x"});
    check(looked_up.to_string().as_bytes(), &["a"], log, &[]);
    let bridge = format!(r#"{{"detail-type":"AWS API Call via CloudTrail","detail":{}}}"#, record("a"));
    check(bridge.as_bytes(), &["a"], log, &[]);
    check(&gzip(file_of(&["a"]).as_bytes()), &["a"], log, &[]);
    let members = [gzip(file_of(&["a"]).as_bytes()), gzip(file_of(&["b"]).as_bytes())].concat();
    check(&members, &["a", "b"], log, &[]);
    let twice = [gzip(file_of(&["a"]).as_bytes()), gzip(file_of(&["a"]).as_bytes())].concat();
    assert_eq!(read_with(&twice, Limits::default()).1.duplicates, 1);
    check(&zstd::encode_all(file_of(&["a", "b"]).as_bytes(), 3).unwrap(), &["a", "b"], log, &[]);
}

#[test]
fn what_is_no_log_is_told_apart() {
    check(b"", &[], FileKind::Empty, &[]);
    check(b" \n", &[], FileKind::Empty, &[]);
    check(br#"{"Records":[]}"#, &[], FileKind::Empty, &[]);
    check(br#"{"awsAccountId":"1","digestEndTime":"2026-11-22T09:30:00Z","logFiles":[]}"#, &[], FileKind::Digest, &[]);
    check(br#"{"fileVersion":"1.0","configurationItems":[]}"#, &[], FileKind::Config, &[]);
    check(b"hello", &[], FileKind::Rubbish, &["1/-: not JSON"]);
    check(&gzip(&gzip(b"{}")), &[], FileKind::Rubbish, &["1/-: gzip within gzip"]);
    check(b"{}", &[], FileKind::Rubbish, &["1/1: no event of CloudTrail"]);
    check(
        br#"{"Records":[{"s3":{"object":{"key":"x"}}}]}"#,
        &[],
        FileKind::Rubbish,
        &["1/1: a notice of an S3 object"],
    );
}

#[test]
fn damage_costs_no_more_than_what_is_damaged() {
    let (a, b, log) = (record("a"), record("b"), FileKind::Log);
    let wrong = a.replace("2026-11-22T09:30:00Z", "2026-11-22");
    check(format!(r#"{{"Records":[{wrong},{b}]}}"#).as_bytes(), &["b"], log, &["1/1: its `eventTime`"]);
    let wrong = a.replace("\"eventID\":\"a\",", "");
    check(format!("{{\"Records\":[\n{wrong},{b}]}}").as_bytes(), &["b"], log, &["2/1: an event has `eventID`"]);
    let wrong = a.replace("\"ec2.", "\"\\x2.");
    check(format!(r#"{{"Records":[{wrong},{b}]}}"#).as_bytes(), &["b"], log, &["1/1: a wrong escape"]);
    check(format!("{{\"Records\":[7,\n{b}]}}").as_bytes(), &["b"], log, &["1/1: a record is an object"]);
    check(format!("{b}\n{wrong}\n{a}").as_bytes(), &["b", "a"], log, &["2/2: a wrong escape"]);
    let mut latin = format!(r#"{{"Records":[{a},{b}]}}"#).into_bytes();
    let at = latin.windows(3).position(|window| window == b"n a").unwrap();
    latin[at + 1] = 0xE9;
    check(&latin[..], &["b"], log, &["1/1: the record is not UTF-8"]);
    let whole = file_of(&["a", "b"]);
    check(&whole.as_bytes()[..whole.len() - 40], &["a"], log, &["1/2: the file ends too early"]);
    let mut cut = gzip(file_of(&["a"]).as_bytes());
    cut.truncate(cut.len() - 4);
    check(&cut, &["a"], log, &["1/-: the packed data is cut off"]);
}

#[test]
fn a_large_record_is_passed_over() {
    let large = record("a").replace("n a", &"x".repeat(4 << 20));
    let text = format!(r#"{{"Records":[{large},{}]}}"#, record("b"));
    for whole in [0, 64 << 20] {
        let limits = Limits { record: 1 << 20, whole, ..Limits::default() };
        let (ids, summary) = read_with(text.as_bytes(), limits);
        assert_eq!((ids, summary.problems.len()), (vec!["b".to_owned()], 1), "{:?}", summary.problems);
        assert_eq!(summary.text_bytes, text.len() as u64);
    }
}

#[test]
fn bombs_are_refused() {
    let zeros = gzip(&vec![b' '; 8 << 20]);
    let limits = Limits { ratio: 100, ratio_from: 1 << 20, whole: 1 << 20, ..Limits::default() };
    let (_, summary) = read_with(&zeros, limits);
    assert!(summary.problems[0].what.contains("more than 100 times its size"), "{:?}", summary.problems);
    assert!(summary.text_bytes < 3 << 20, "{}", summary.text_bytes);
}

#[test]
fn an_event_counts_once() {
    let (ids, summary) = read_with(file_of(&["a", "b", "a"]).as_bytes(), Limits::default());
    assert_eq!((ids.len(), summary.events, summary.duplicates), (2, 2, 1));
    let stretch = summary.coverage.values().next().unwrap()["us-east-1"];
    assert_eq!(stretch.events, 2);
}

#[test]
fn folders_are_walked() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("AWSLogs/1/CloudTrail")).unwrap();
    std::fs::write(at("AWSLogs/1/CloudTrail/x.json.gz"), gzip(file_of(&["a"]).as_bytes())).unwrap();
    std::fs::write(at("AWSLogs/1/y.json"), file_of(&["b"])).unwrap();
    std::fs::write(at("AWSLogs/picture.png"), "x").unwrap();
    std::os::unix::fs::symlink(at("AWSLogs"), at("AWSLogs/loop")).unwrap();
    let fields = Fields::of_events([]).unwrap();
    let mut reader = Reader::new(&fields);
    let mut ids = Vec::new();
    let _ = reader.read_paths(&[folder.path().to_owned(), PathBuf::from("no/such")], &mut |event: &Event<'_>| {
        ids.push(event.id().to_owned());
        ControlFlow::Continue(())
    });
    let summary = reader.finish();
    assert_eq!((ids, summary.skipped.len(), summary.problems.len()), (vec!["a".to_owned(), "b".to_owned()], 1, 1));
}

#[test]
fn the_receiver_ends_the_reading() {
    let fields = Fields::of_events([]).unwrap();
    let mut reader = Reader::new(&fields);
    let flow =
        reader.read_bytes(Path::new("x"), file_of(&["a", "b"]).as_bytes(), &mut |_: &Event<'_>| ControlFlow::Break(()));
    assert_eq!((flow, reader.summary().events), (ControlFlow::Break(()), 1));
}

#[test]
fn the_public_corpus_is_read_as_serde_reads_it() {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else { return println!("skipped: HAECHI_CORPUS is not set") };
    let folder = Path::new(&corpus).join("cloudtrail");
    let wanted = [
        "userIdentity.arn",
        "requestParameters.bucketName",
        "resources.ARN",
        "userIdentity.sessionContext.sessionIssuer.arn",
    ];
    let fields = Fields::of_events(wanted).unwrap();
    let slots: Vec<_> = wanted.iter().map(|path| fields.slot(path).unwrap()).collect();
    for limits in [Limits::default(), Limits { whole: 0, ..Limits::default() }] {
        let mut reader = Reader::with(&fields, limits, 1 << 24);
        let mut compared = 0;
        let _ = reader.read_paths(std::slice::from_ref(&folder), &mut |event: &Event<'_>| {
            let value: serde_json::Value = serde_json::from_str(event.raw()).unwrap();
            for (path, slot) in wanted.iter().zip(&slots) {
                let mut ours = Vec::new();
                event.each(*slot, &mut |found| ours.push(found.text().unwrap().into_owned()));
                let mut theirs = Vec::new();
                walk(&value, &path.split('.').collect::<Vec<_>>(), &mut theirs);
                assert_eq!(ours, theirs, "{path} of {}", event.id());
                compared += ours.len();
            }
            assert_eq!(value["eventID"], event.id());
            ControlFlow::Continue(())
        });
        let summary = reader.finish();
        assert_eq!(summary.problems, []);
        assert!(summary.events > 2_800 && compared > 3_000, "{} {compared}", summary.events);
    }
}

fn walk(value: &serde_json::Value, path: &[&str], found: &mut Vec<String>) {
    match (value, path.split_first()) {
        (serde_json::Value::Array(elements), _) => elements.iter().for_each(|element| walk(element, path, found)),
        (value, None) => found.push(value.as_str().unwrap_or_default().to_owned()),
        (value, Some((name, rest))) => {
            if let Some(member) = value.get(name) {
                walk(member, rest, found);
            }
        }
    }
}
