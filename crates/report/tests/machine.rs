//! What machines read: stable members, required attributes, cells that come back as they went in.

mod sample;

use std::collections::BTreeSet;

use haechi_content::{Language, Text};
use haechi_model::{Message, Severity, Timestamp};
use haechi_report::{Cell, Column, Fit, Format, Options, Report, Table};
use serde_json::Value;

fn written(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    haechi_report::write(report, format, Language::Ko, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn rows(table: &Table, format: Format) -> String {
    let mut out = Vec::new();
    haechi_report::write_table(table, format, Language::Ja, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Every member's path, with `[]` for elements; maps with free keys are shown as `*`.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    const FREE: [&str; 4] = ["rules", "findings[].message.args", "findings[].subject.tags", "findings[].evidence"];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = if FREE.contains(&at) { "*" } else { name };
                let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
                found.insert(path.clone());
                paths(member, &path, found);
            }
        }
        Value::Array(elements) if at != "findings[].evidence" => {
            elements.iter().for_each(|element| paths(element, &format!("{at}[]"), found));
        }
        _ => {}
    }
}

/// The snapshot is the shape of version 1.0: a member may be added, taking one away or renaming it needs a new version.
#[test]
fn the_json_keeps_its_shape() {
    let document: Value = serde_json::from_str(&written(&sample::report(), Format::Json)).unwrap();
    assert_eq!(document["schemaVersion"], "1.0");
    let mut found = BTreeSet::new();
    paths(&document, "", &mut found);
    let found = found.into_iter().collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(found);
    let first: Vec<_> = document.as_object().unwrap().keys().take(4).collect();
    assert_eq!(first, ["schemaVersion", "kind", "meta", "score"], "members keep their order");
}

#[test]
fn machine_output_does_not_depend_on_the_language() {
    for format in [Format::Json, Format::Jsonl, Format::Csv, Format::Ocsf] {
        let of = |language| {
            let mut out = Vec::new();
            haechi_report::write(&sample::report(), format, language, &Options::default(), &mut out).unwrap();
            out
        };
        assert_eq!(of(Language::En), of(Language::Ja), "{format}");
    }
}

#[test]
fn a_finding_keeps_its_words_and_their_parts() {
    let document: Value = serde_json::from_str(&written(&sample::report(), Format::Json)).unwrap();
    let finding = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["subject"]["resourceId"] == "dev-scratch")
        .unwrap();
    assert_eq!(finding["message"]["id"], "rule:S3_BUCKET_PUBLIC_READ_PROHIBITED");
    assert_eq!(finding["message"]["args"]["statements"], 2);
    assert_eq!(finding["text"]["en"], "2 statements of the bucket policy let everyone read it.");
    assert_eq!(finding["text"]["ja"], "バケットポリシーの 2 個のステートメントが全員に読み取りを許可しています。");
    assert_eq!(finding["title"]["ko"], "S3 버킷은 퍼블릭 읽기 액세스를 허용하지 않습니다");
}

#[test]
fn a_large_report_is_written_whole() {
    let report = sample::large(3_000);
    assert_eq!(written(&report, Format::Jsonl).lines().count(), report.findings.len());
    let events: Vec<Value> = serde_json::from_str(&written(&report, Format::Ocsf)).unwrap();
    assert_eq!(events.len(), report.findings.len());
}

#[test]
fn json_lines_hold_one_finding_each() {
    let text = written(&sample::report(), Format::Jsonl);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), sample::report().findings.len());
    assert!(lines.iter().all(|line| line["schemaVersion"] == "1.0" && line["id"].is_string()));
}

#[test]
fn csv_comes_back_as_it_went_in_and_runs_no_formula() {
    let report = sample::report();
    let text = written(&report, Format::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), report.findings.len());
    for entry in &report.findings {
        let id = entry.finding.id.to_string();
        let record = records.iter().find(|record| record[column("id")] == *id).unwrap();
        let resource = &*entry.finding.subject.key.resource_id;
        let expected = if resource.starts_with('=') { format!("'{resource}") } else { resource.to_owned() };
        assert_eq!(&record[column("resourceId")], expected);
        assert_eq!(&record[column("severity")], entry.finding.severity.as_str());
    }
    for cell in records.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    assert!(text.contains("\r\n") && text.starts_with("id,severity,status,"));
}

/// What OCSF 1.3.0 requires of a Compliance Finding with the cloud and datetime profiles, by hand from the schema:
/// the base event, the class, and the required members of the objects that are used.
const REQUIRED: [&str; 20] = [
    "/activity_id",
    "/category_uid",
    "/class_uid",
    "/type_uid",
    "/time",
    "/severity_id",
    "/metadata/version",
    "/metadata/product/vendor_name",
    "/metadata/product/name",
    "/finding_info/uid",
    "/finding_info/title",
    "/finding_info/analytic/type_id",
    "/compliance/standards",
    "/compliance/status_id",
    "/cloud/provider",
    "/cloud/account/uid",
    "/cloud/region",
    "/remediation/desc",
    "/resources/0/uid",
    "/status_id",
];

#[test]
fn ocsf_has_what_the_schema_requires() {
    let events: Vec<Value> = serde_json::from_str(&written(&sample::report(), Format::Ocsf)).unwrap();
    assert_eq!(events.len(), sample::report().findings.len());
    for event in &events {
        for path in REQUIRED {
            assert!(event.pointer(path).is_some_and(|value| !value.is_null()), "{path} in {event}");
        }
        assert_eq!(event["class_uid"], 2003);
        assert_eq!(event["type_uid"], 200_300 + event["activity_id"].as_u64().unwrap());
        assert_eq!(event["metadata"]["version"], "1.3.0");
        let time = event["time"].as_i64().unwrap();
        let exact: Timestamp = event["time_dt"].as_str().unwrap().parse().unwrap();
        assert_eq!(time, exact.as_micros() / 1000, "time is in milliseconds");
        assert!(event["compliance"]["standards"].is_array());
        let known = [1, 2, 3, 4, 5, 6, 99];
        assert!(known.contains(&event["status_id"].as_i64().unwrap()));
    }
    let status = |id: &str| {
        let event = events.iter().find(|event| event["resources"][0]["name"] == id).unwrap();
        (
            event["status"].as_str().unwrap(),
            event["compliance"]["status"].as_str().unwrap(),
            event["activity_id"].as_u64().unwrap(),
        )
    };
    assert_eq!(status("dev-scratch"), ("New", "Fail", 2));
    assert_eq!(status("sg-0ffeeddccbbaa9988"), ("In Progress", "Fail", 2));
    assert_eq!(status("orders"), ("Suppressed", "Fail", 2));
    assert_eq!(status("444455556666"), ("Resolved", "Pass", 3));
    assert_eq!(written(&sample::empty(), Format::Ocsf), "[\n]\n");
}

fn table() -> Table {
    Table {
        columns: vec![
            Column::new("severity", "column-severity", Fit::Whole),
            Column::new("rule", "column-rule", Fit::Middle),
            Column::new("title", "column-reason", Fit::End),
            Column::new("open", "column-open", Fit::Number),
        ],
        rows: vec![
            vec![
                Cell::Severity(Severity::High),
                Cell::from("S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"),
                Cell::Words(Text {
                    en: "A bucket".into(), ko: "버킷".into(), ja: "バケットは公開されていない".into()
                }),
                Cell::Number(-1200),
            ],
            vec![
                Cell::Severity(Severity::Low),
                Cell::from("@SUM(A1)"),
                Cell::Message(Message::new("verbatim").with("text", "x")),
                Cell::Empty,
            ],
        ],
        empty: Message::new("findings-none"),
        notes: Vec::new(),
    }
}

#[test]
fn rows_are_written_in_every_row_format() {
    let json: Value = serde_json::from_str(&rows(&table(), Format::Json)).unwrap();
    assert_eq!(json["schemaVersion"], "1.0");
    assert_eq!(json["rows"][0]["open"], -1200);
    assert_eq!(json["rows"][0]["title"]["ja"], "バケットは公開されていない");
    assert_eq!(json["rows"][1]["title"]["id"], "verbatim");
    assert_eq!(rows(&table(), Format::Jsonl).lines().count(), 2);
    assert_eq!(
        rows(&table(), Format::Csv),
        "severity,rule,title,open\r\nhigh,S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED,A bucket,-1200\r\nlow,'@SUM(A1),x,\r\n"
    );
    let refused =
        haechi_report::write_table(&table(), Format::Ocsf, Language::En, &Options::default(), &mut Vec::new());
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::Unsupported);
}

#[test]
fn a_word_is_raw_for_machines_and_worded_for_people() {
    let table = Table {
        columns: vec![Column::new("kind", "column-kind", Fit::Whole)],
        rows: vec![vec![Cell::Word { raw: "unit", id: "tree-unit" }]],
        ..table()
    };
    let json: Value = serde_json::from_str(&rows(&table, Format::Json)).unwrap();
    assert_eq!(json["rows"][0]["kind"], "unit");
    assert_eq!(rows(&table, Format::Csv), "kind\r\nunit\r\n");
    assert!(rows(&table, Format::Table).contains("組織単位"));
}

#[test]
fn rows_fit_the_terminal() {
    let mut out = Vec::new();
    let options = Options { width: 48, ..Options::default() };
    haechi_report::write_table(&table(), Format::Table, Language::Ja, &options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 48), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn one_thing_is_shown_in_full() {
    let sentence =
        "Anyone on the internet can list or download what the bucket holds, and nobody will notice for a while.";
    let table = Table {
        columns: vec![Column::new("name", "column-rule", Fit::Whole), Column::new("value", "column-reason", Fit::Wrap)],
        rows: vec![vec![Cell::from("Why"), Cell::from(sentence)], vec![Cell::from("Id"), Cell::from("3f2a")]],
        ..table()
    };
    let mut out = Vec::new();
    let options = Options { width: 50, ..Options::default() };
    haechi_report::write_table(&table, Format::Table, Language::En, &options, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "Rule  Reason\nWhy   Anyone on the internet can list or download\n      what the bucket holds, and nobody will\n      notice for a while.\nId    3f2a\n"
    );
}

#[test]
fn formats_are_picked_by_the_ending() {
    let check = |path: &str, format| assert_eq!(Format::of_path(std::path::Path::new(path)).ok(), format, "{path}");
    check("out/report.HTML", Some(Format::Html));
    check("report.ocsf.json", Some(Format::Ocsf));
    check("report.json", Some(Format::Json));
    check("report.jsonl", Some(Format::Jsonl));
    check("report.csv", Some(Format::Csv));
    check("report.txt", Some(Format::Table));
    check(".json", None);
    check("report.pdf", None);
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
}
