//! `haechi logs search` and `haechi logs who`: over the public trail, over logs of lines, and over hostile texts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::Haechi;

/// The public trail of a simulated attack, where the corpus is.
fn trail() -> Option<PathBuf> {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else {
        println!("skipped: HAECHI_CORPUS is not set");
        return None;
    };
    Some(Path::new(&corpus).join("cloudtrail"))
}

/// Its records, read another way, each once.
fn records(folder: &Path) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let files = std::fs::read_dir(folder).expect("the corpus").flatten().map(|entry| entry.path());
    let logs = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let all = logs.flat_map(|path| {
        let file: Value = serde_json::from_slice(&std::fs::read(path).expect("a log")).expect("JSON");
        file["Records"].as_array().cloned().unwrap_or_default()
    });
    all.filter(|record| seen.insert(record["eventID"].as_str().unwrap_or_default().to_owned())).collect()
}

fn text<'r>(record: &'r Value, path: &str) -> &'r str {
    record.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn ids(lines: &str) -> BTreeSet<String> {
    let id = |line: &str| text(&serde_json::from_str(line).expect("a line of JSON"), "/eventID").to_owned();
    lines.lines().map(id).collect()
}

/// Arguments of a search, and which of the records it finds.
type Search<'s> = (&'s [&'s str], &'s dyn Fn(&Value) -> bool);

#[test]
fn filters_find_what_is_in_the_files() {
    let Some(trail) = trail() else { return };
    let (haechi, all) = (Haechi::new(), records(&trail));
    let folder = trail.to_str().expect("a path");
    let error = |record: &Value| !record["errorCode"].is_null();
    let searches: [Search<'_>; 12] = [
        (&[], &|_| true),
        (&["--name", "stoplogging,Delete*"], &|record| {
            let name = text(record, "/eventName");
            name == "StopLogging" || name.starts_with("Delete")
        }),
        (&["--error"], &error),
        (&["--error=AccessDenied*"], &|record| text(record, "/errorCode").starts_with("AccessDenied")),
        (&["--source-service", "iam"], &|record| text(record, "/eventSource") == "iam.amazonaws.com"),
        (&["--principal", "bert-jan"], &|record| text(record, "/userIdentity/arn").ends_with("/bert-jan")),
        (&["--address", "192.168.10.0/24"], &|record| text(record, "/sourceIPAddress").starts_with("192.168.10.")),
        (
            &["--where", "eventName ~ 'Get*' AND NOT (eventSource IN (iam.amazonaws.com, s3.amazonaws.com))"],
            &|record| {
                let source = text(record, "/eventSource");
                text(record, "/eventName").starts_with("Get")
                    && !["iam.amazonaws.com", "s3.amazonaws.com"].contains(&source)
            },
        ),
        (&["--where", "requestParameters.bucketName IS NOT NULL", "--where", "errorCode IS NULL"], &|record| {
            record.pointer("/requestParameters/bucketName").is_some() && !error(record)
        }),
        (
            &["--where", "userIdentity.arn = 'arn:aws:iam::123837392027:user/bert-jan' AND readOnly = false"],
            &|record| {
                text(record, "/userIdentity/arn") == "arn:aws:iam::123837392027:user/bert-jan"
                    && record["readOnly"] == false
            },
        ),
        (&["--text", "stratus-red-team"], &|record| record.to_string().to_lowercase().contains("stratus-red-team")),
        (&["--since", "2023-07-10T12:10Z", "--until", "2023-07-10T12:20Z"], &|record| {
            ("2023-07-10T12:10:00Z".."2023-07-10T12:20:00Z").contains(&text(record, "/eventTime"))
        }),
    ];
    for (arguments, fits) in searches {
        let expected: BTreeSet<_> =
            all.iter().filter(|record| fits(record)).map(|record| text(record, "/eventID").to_owned()).collect();
        let command = [&["logs", "search", folder, "--format", "jsonl"], arguments].concat();
        let found = ids(&haechi.text(&command, 0));
        assert_eq!(found, expected, "{arguments:?}");
        assert!(!expected.is_empty(), "{arguments:?} tests something");
    }
}

#[test]
fn records_come_out_as_they_are() {
    let Some(trail) = trail() else { return };
    let haechi = Haechi::new();
    let folder = trail.to_str().expect("a path");
    let lines = haechi.text(&["logs", "search", folder, "--format", "jsonl", "--quiet"], 0);
    let by_id = |records: Vec<Value>| -> BTreeMap<String, Value> {
        records.into_iter().map(|record| (text(&record, "/eventID").to_owned(), record)).collect()
    };
    let found = by_id(lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect());
    assert!(found == by_id(records(&trail)), "every record is the same");
    // The newest first, and as many as are asked for; the oldest likewise.
    let mut times: Vec<_> = found.values().map(|record| text(record, "/eventTime").to_owned()).collect();
    times.sort();
    let told = |order: &str| -> Vec<String> {
        let arguments = ["logs", "search", folder, "--format", "jsonl", "--limit", "7", "--order", order];
        let lines = haechi.text(&arguments, 0);
        lines.lines().map(|line| text(&serde_json::from_str(line).expect("JSON"), "/eventTime").to_owned()).collect()
    };
    assert_eq!(told("oldest"), times[..7]);
    assert_eq!(told("newest"), times.iter().rev().take(7).cloned().collect::<Vec<_>>());
    assert_eq!(told("read").len(), 7);
    let page = haechi.json(&["logs", "search", folder, "--format", "json", "--limit", "3"], 0);
    let rows = page["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["body"], found[rows[0]["eventId"].as_str().expect("an id")]);
}

#[test]
fn sql_counts_what_is_in_the_files() {
    let Some(trail) = trail() else { return };
    let (haechi, all) = (Haechi::new(), records(&trail));
    let folder = trail.to_str().expect("a path");
    let asked = |arguments: &[&str]| {
        let command = [&["logs", "search", folder, "--format", "json"], arguments].concat();
        haechi.json(&command, 0)["rows"].clone()
    };
    let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for record in all.iter().filter(|record| !record["errorCode"].is_null()) {
        *counts.entry((text(record, "/eventName"), text(record, "/errorCode"))).or_default() += 1;
    }
    let expected: Vec<_> =
        counts.iter().map(|((name, error), count)| json!({"name": name, "errorCode": error, "n": count})).collect();
    let sql =
        "SELECT name, errorCode, count(*) AS n FROM events WHERE errorCode IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2";
    assert_eq!(asked(&["--sql", sql]), json!(expected));
    let buckets: BTreeSet<_> = all
        .iter()
        .map(|record| text(record, "/requestParameters/bucketName"))
        .filter(|name| !name.is_empty())
        .collect();
    let sql = "SELECT count(DISTINCT body ->> '$.requestParameters.bucketName') AS n FROM events";
    assert_eq!(asked(&["--sql", sql]), json!([{"n": buckets.len()}]));
    // The filters come first.
    let of_iam = all.iter().filter(|record| text(record, "/eventSource") == "iam.amazonaws.com").count();
    assert_eq!(asked(&["--source-service", "iam", "--sql", "SELECT count(*) n FROM events"]), json!([{"n": of_iam}]));
    // What is wrong is said before anything is read, and nothing but reading is done.
    for (sql, says) in [
        ("SELECT nme FROM events", "no such column: nme"),
        ("DELETE FROM events", "cannot be run"),
        ("ATTACH 'x.db' AS x", "cannot be run"),
    ] {
        let output = haechi.run(&["logs", "search", folder, "--sql", sql], 2);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(says) && said.contains("accessKeyId"), "{said}");
    }
    assert!(!haechi.folder().join("x.db").exists());
}

#[test]
fn callers_are_added_up() {
    let Some(trail) = trail() else { return };
    let (haechi, all) = (Haechi::new(), records(&trail));
    let folder = trail.to_str().expect("a path");
    let role = "arn:aws:iam::123837392027:role/";
    let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
    for record in all.iter().filter(|record| text(record, "/eventName") == "AssumeRole") {
        let identity = &record["userIdentity"];
        let caller = if identity["type"] == "AWSService" { &identity["invokedBy"] } else { &identity["arn"] };
        *expected.entry(caller.as_str().expect("a caller")).or_default() += 1;
    }
    let called = |action: &str, resource: &str| {
        let report = haechi.json(&["logs", "who", action, resource, folder, "--format", "json"], 0);
        report["rows"].as_array().expect("rows").clone()
    };
    let rows = called("sts:assumerole", "*");
    let found: BTreeMap<_, _> =
        rows.iter().map(|row| (text(row, "/principal"), row["calls"].as_i64().expect("a number"))).collect();
    assert_eq!(found, expected);
    for row in &rows {
        let of = |id: &str| all.iter().find(|record| record["eventID"] == row[id]).expect("an event of the files");
        assert_eq!((&of("firstEventId")["eventTime"], &of("lastEventId")["eventTime"]), (&row["first"], &row["last"]));
    }
    // On one role only: its ARN and its name mean the same here.
    let one = all
        .iter()
        .map(|record| text(record, "/requestParameters/roleArn"))
        .find(|arn| arn.starts_with(role))
        .expect("a role");
    let on_one = all.iter().filter(|record| {
        text(record, "/eventName") == "AssumeRole" && text(record, "/requestParameters/roleArn") == one
    });
    let on_one = i64::try_from(on_one.count()).expect("a number");
    let total = |rows: Vec<Value>| rows.iter().filter_map(|row| row["calls"].as_i64()).sum::<i64>();
    assert_eq!(total(called("AssumeRole", one)), on_one);
    assert_eq!(total(called("Assume*", one.rsplit('/').next().expect("a name"))), on_one);
    let none = haechi.text(&["logs", "who", "AssumeRole", "no-such-role", folder], 0);
    assert!(none.contains("none of which names no-such-role"), "{none}");
}

fn write(haechi: &Haechi, name: &str, text: &str) {
    let path = haechi.folder().join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

const FLOWS: &str =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 111122223333 eni-0abc 198.51.100.7 10.0.0.5 40000 22 6 10 840 1795339800 1795339860 REJECT OK
2 111122223333 eni-0abc 10.0.0.5 198.51.100.7 22 40000 6 10 60 1795339800 1795339860 ACCEPT OK
";
const ACCESS: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be orders [22/Nov/2026:00:00:38 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/bob 3E57427F3EXAMPLE REST.GET.OBJECT reports/q3.csv \"GET /orders/reports/q3.csv HTTP/1.1\" 200 - 113 - 7 - \"-\" \"S3Console/0.4\" - s9lz SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader orders.s3.us-west-1.amazonaws.com TLSV1.2 - -
";

#[test]
fn logs_of_lines_are_searched_too() {
    let haechi = Haechi::new();
    write(&haechi, "logs/flow.log", FLOWS);
    write(&haechi, "logs/access.log", ACCESS);
    let rows = |arguments: &[&str]| {
        let command = [&["logs", "search", "logs", "--format", "json"], arguments].concat();
        haechi.json(&command, 0)["rows"].clone()
    };
    assert_eq!(
        rows(&["--where", "dstport < 30 AND action = REJECT", "--fields", "log,srcaddr,dstport,name"]),
        json!([{"log": "vpc-flow", "srcaddr": "198.51.100.7", "dstport": "22", "name": "REJECT"}])
    );
    assert_eq!(
        rows(&["--log", "vpc-flow", "--sql", "SELECT sum(body ->> '$.bytes') AS bytes FROM events"]),
        json!([{"bytes": 900}])
    );
    assert_eq!(
        rows(&["--address", "192.0.2.0/24", "--fields", "log,key"]),
        json!([{"log": "s3-access", "key": "reports/q3.csv"}])
    );
    let lines = haechi.text(&["logs", "search", "logs", "--log", "s3-access", "--format", "jsonl"], 0);
    let line: Value = serde_json::from_str(&lines).expect("one line of JSON");
    assert_eq!((&line["bucket"], line["line"].as_str()), (&json!("orders"), Some(ACCESS.trim_end())));
    for resource in ["arn:aws:s3:::orders/reports/q3.csv", "reports/q3.csv", "q3.csv", "orders"] {
        let report = haechi.json(&["logs", "who", "s3:GetObject", resource, "logs", "--format", "json"], 0);
        assert_eq!(report["rows"][0]["principal"], "arn:aws:iam::111122223333:user/bob", "{resource}");
    }
    let nobody = haechi.json(&["logs", "who", "s3:PutObject", "q3.csv", "logs", "--format", "json"], 0);
    assert_eq!(nobody["rows"], json!([]));
}

/// Two events with texts that would like to be obeyed.
fn hostile() -> String {
    let evil = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}";
    let event = |number: u32, name: &str, parameters: Value| {
        json!({
            "eventID": format!("e{number}"), "eventTime": format!("2026-11-20T1{number}:00:00Z"),
            "eventSource": "s3.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333", "sourceIPAddress": evil, "userAgent": evil,
            "userIdentity": {"type": "AssumedRole", "accountId": "111122223333",
                "arn": format!("arn:aws:sts::111122223333:assumed-role/app/=cmd|calc!A0{evil}")},
            "requestParameters": parameters,
        })
    };
    let records =
        [event(1, &format!("Get{evil}"), json!({"bucketName": "=1+1"})), event(2, "GetObject", json!({"key": evil}))];
    serde_json::to_string_pretty(&json!({"Records": records})).expect("JSON")
}

#[test]
fn hostile_texts_are_shown_and_not_obeyed() {
    let haechi = Haechi::new();
    write(&haechi, "logs/a.json", &hostile());
    let sql = "SELECT name, principal, body FROM events";
    for arguments in [
        &["logs", "search", "logs"][..],
        &["logs", "search", "logs", "--fields", "name,requestParameters,requestParameters.key,userIdentity.arn"],
        &["logs", "search", "logs", "--sql", sql],
        &["logs", "who", "*", "*", "logs"],
        &["logs", "search", "logs", "--format", "jsonl"],
        &["logs", "search", "logs", "--where", "\u{1b}[2J = 1"],
        &["logs", "who", "\u{1b}[2J", "x", "logs"],
        &["logs", "who", "Get*", "\u{1b}[2J", "logs"],
        &["logs", "who", "Get*", "\u{1b}[2J", "logs", "--format", "csv"],
    ] {
        let output = haechi.command(arguments).env("COLUMNS", "400").output().expect("the program runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        let obeyed = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r') || letter == '\u{202e}';
        assert!(!said.contains(obeyed), "{arguments:?}: {said:?}");
    }
    let lines = haechi.text(&["logs", "search", "logs", "--format", "jsonl"], 0);
    assert_eq!(lines.lines().count(), 2);
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    let wanted: Value = serde_json::from_str(&hostile()).expect("JSON");
    assert_eq!(first, wanted["Records"][0], "the record is whole");
    // A spreadsheet shows formulas, and does not run them.
    let csv =
        haechi.text(&["logs", "search", "logs", "--fields", "requestParameters.bucketName", "--format", "csv"], 0);
    assert!(csv.contains("'=1+1"), "{csv}");
    let rows = haechi.json(&["logs", "who", "Get*", "*", "logs", "--format", "json"], 0)["rows"].clone();
    assert_eq!(rows[0]["principal"], "arn:aws:iam::111122223333:role/app");
    assert!(text(&rows[0], "/session").starts_with("=cmd"), "{rows}");
}

#[test]
fn what_was_searched_is_said() {
    let haechi = Haechi::new();
    write(&haechi, "logs/a.json", &hostile());
    write(&haechi, "logs/b.json", "{\"Records\":[{\"eventID\":\"e9\", damaged");
    let said = |arguments: &[&str], code: i32| {
        let output = haechi.run(arguments, code);
        String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
    };
    let check = |arguments: &[&str], code: i32, says: &[&str]| {
        let said = said(arguments, code);
        says.iter().for_each(|words| assert!(said.contains(words), "{arguments:?} says {words}: {said}"));
    };
    let (two, unread) = ("2 of 2 events fit, read from 2 files", "1 place could not be read");
    check(&["logs", "search", "logs"], 0, &[two, unread]);
    check(&["logs", "search", "logs", "--format", "jsonl"], 0, &[two, unread]);
    check(&["logs", "search", "logs", "--strict"], 2, &[two, unread]);
    check(&["logs", "search", "logs", "--name", "Put*"], 0, &["0 of 2 events fit", unread]);
    check(
        &["logs", "search", "logs", "--where", "eventname = x"],
        0,
        &["No event that was read has the field `eventname`"],
    );
    check(&["logs", "search", "logs", "--limit", "1"], 0, &["The newest 1 are shown, and there are more"]);
    check(&["logs", "search", "logs", "--order", "read", "--limit", "1"], 0, &["Reading ended with the first 1"]);
    check(&["logs", "search", "logs", "--since", "2026-11-21"], 0, &["no event to search", "2 events lie outside"]);
    check(&["logs", "search", "nothing"], 2, &["nothing is not there"]);
    check(&["logs", "search", "logs", "--where", "a = "], 2, &["column 5: expected a value", "--where"]);
    check(&["logs", "search", "logs", "--log", "trail"], 2, &["`trail` is no log"]);
    check(&["logs", "search", "logs", "--fields", "a..b"], 2, &["--fields", "a..b"]);
    check(&["logs", "who", "a b", "x", "logs"], 2, &["ACTION is not understood"]);
    check(&["logs", "who", "GetObject", "", "logs"], 2, &["RESOURCE is not understood"]);
    // From standard input, like any command.
    let mut command = haechi.command(&["logs", "search", "-", "--format", "jsonl", "--quiet"]);
    command.stdin(std::fs::File::open(haechi.folder().join("logs/a.json")).expect("a file"));
    let output = command.output().expect("the program runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
}

#[test]
fn the_same_event_is_found_once() {
    let haechi = Haechi::new();
    write(&haechi, "logs/a.json", &hostile());
    write(&haechi, "logs/copy.json", &hostile());
    let report =
        haechi.json(&["logs", "search", "logs", "--sql", "SELECT count(*) AS n FROM events", "--format", "json"], 0);
    assert_eq!(report["rows"], json!([{"n": 2}]));
    assert!(haechi.text(&["logs", "search", "logs"], 0).contains("2 events were seen before and count once"));
}
