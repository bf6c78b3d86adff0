//! Threats and stories as people and machines read them; what an attacker wrote into a log stays text everywhere.

mod sample;
mod story;

use std::collections::BTreeSet;

use haechi_content::Language;
use haechi_model::event::Log;
use haechi_model::{Entity, EntityKind, Severity};
use haechi_report::threats::{event_of, finding_of, worst};
use haechi_report::*;
use sample::*;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

fn written_with(report: &ThreatReport, format: Format, language: Language, options: &Options) -> String {
    let mut out = Vec::new();
    write_threats(report, format, language, options, &mut out).expect("it is written");
    String::from_utf8(out).expect("UTF-8")
}

fn written(report: &ThreatReport, format: Format) -> String {
    written_with(report, format, Language::En, &Options::default())
}

fn page(language: Language, width: usize) -> String {
    written_with(&sample::report(), Format::Table, language, &Options { width, ..Options::default() })
}

/// Text of a page holds nothing that a terminal obeys.
#[track_caller]
pub fn is_inert(text: &str) {
    for c in text.chars().filter(|c| *c != '\n') {
        let turns =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!c.is_control() && !turns, "{c:?} in {text}");
    }
}

#[test]
fn the_page_in_three_languages_and_two_widths() {
    for language in Language::ALL {
        for width in [80, 120] {
            insta::assert_snapshot!(format!("page_{}_{width}", language.as_str()), page(language, width));
        }
    }
}

#[test]
fn the_page_fits_and_obeys_nobody() {
    for language in Language::ALL {
        for width in [60, 80, 100, 120, 160] {
            let text = page(language, width);
            is_inert(&text);
            for line in text.lines().filter(|line| !line.starts_with("  haechi investigate")) {
                assert!(line.width() <= width, "{width}: {line}");
                assert_eq!(line, line.trim_end());
            }
            assert!(
                text.contains(BREACH) && !text.contains("Audit:S3/TrailFileRead"),
                "suppressed ones are only counted"
            );
        }
    }
    let coloured = Options { color: Color::On, ..Options::default() };
    let text = written_with(&sample::report(), Format::Table, Language::En, &coloured);
    assert!(text.contains("\u{1b}[1;31mCritical\u{1b}[0m"), "{text}");
    assert!(!text.contains("\u{1b}]0;") && !text.contains("\u{1b}[2J"));
    insta::assert_snapshot!("page_of_nothing", written(&sample::empty(), Format::Table));
}

#[test]
fn only_so_many_are_shown_and_the_rest_is_counted() {
    let text = written_with(&sample::report(), Format::Table, Language::En, &Options { top: 1, ..Options::default() });
    assert!(text.contains(SEQUENCE) && !text.contains(BREACH), "{text}");
    assert!(text.contains("1 of 4") || (text.contains('1') && text.contains('4')), "{text}");
}

/// Every member's path, with `[]` for elements; maps with free keys are shown as `*`.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    const FREE: [&str; 2] = ["detections", "threats[].message.args"];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = if FREE.contains(&at) || (at == "read.events") { "*" } else { name };
                let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
                found.insert(path.clone());
                paths(member, &path, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| paths(element, &format!("{at}[]"), found)),
        _ => {}
    }
}

pub fn shape(document: &Value) -> String {
    let mut found = BTreeSet::new();
    paths(document, "", &mut found);
    found.into_iter().collect::<Vec<_>>().join("\n")
}

/// Members of an object that the page of formats does not name.
pub fn unnamed(value: &Value, section: &str) -> Vec<String> {
    let names = value.as_object().expect("an object").keys();
    let is_word = |c: char| c.is_alphanumeric();
    let words: BTreeSet<&str> = section.split(|c| !is_word(c)).collect();
    names.filter(|name| !words.contains(name.as_str())).cloned().collect()
}

#[test]
fn the_json_keeps_its_shape_and_is_documented() {
    let document: Value = serde_json::from_str(&written(&sample::report(), Format::Json)).expect("JSON");
    assert_eq!((&document["schemaVersion"], &document["kind"]), (&json!("1.0"), &json!("haechi.threats")));
    insta::assert_snapshot!("json_shape", shape(&document));
    let section = documented("### Threats: `haechi.threats`");
    assert_eq!(unnamed(&document, &section), Vec::<String>::new());
    let ids: Vec<_> = document["threats"].as_array().expect("a list").iter().map(|one| &one["type"]).collect();
    assert_eq!(ids, [SEQUENCE, BREACH, SIGMA, PORTS, "Audit:S3/TrailFileRead"], "worst first");
    for threat in document["threats"].as_array().expect("a list") {
        let mut named = unnamed(threat, &section);
        named.retain(|name| name != "message");
        assert_eq!(named, Vec::<String>::new());
        for seen in threat["evidence"].as_array().expect("a list") {
            assert_eq!(unnamed(seen, &section), Vec::<String>::new());
        }
    }
    let breach = &document["threats"][1];
    assert_eq!(
        breach["text"]["ko"],
        format!("{ESCAPES}(으)로 shop-orders의 객체를 읽었습니다."),
        "machines get what was there"
    );
    assert_eq!(breach["evidence"][4]["target"], TURNED);
    assert_eq!((&breach["score"], &breach["severity"], &breach["count"]), (&json!(8.0), &json!("high"), &json!(1204)));
    assert_eq!(document["threats"][4]["listedAs"], "suppressed");
    assert_eq!(document["threats"][4]["suppression"]["owner"], "lee");
    assert_eq!(document["detections"][BREACH]["why"]["ja"], "重要です。");
    assert_eq!(document["read"]["events"], json!({"cloudtrail": 1210, "vpc-flow": 4}));
}

#[test]
fn json_lines_are_threats_and_no_language_changes_what_machines_read() {
    let report = sample::report();
    let lines: Vec<Value> =
        written(&report, Format::Jsonl).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), report.threats.len());
    let whole: Value = serde_json::from_str(&written(&report, Format::Json)).expect("JSON");
    for (line, threat) in lines.iter().zip(whole["threats"].as_array().expect("a list")) {
        let mut line = line.clone();
        assert_eq!(line.as_object_mut().expect("an object").remove("schemaVersion"), Some(json!("1.0")));
        assert_eq!(&line, threat);
    }
    for format in [Format::Json, Format::Jsonl, Format::Csv, Format::Ocsf] {
        let of = |language| written_with(&report, format, language, &Options::default());
        assert_eq!(of(Language::En), of(Language::Ja), "{format}");
    }
    let refused = write_threats(&report, Format::Html, Language::En, &Options::default(), &mut Vec::new());
    assert_eq!(refused.expect_err("threats are part of a page").kind(), std::io::ErrorKind::Unsupported);
}

#[test]
fn cells_run_no_formula() {
    let report = sample::report();
    let text = written(&report, Format::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    insta::assert_snapshot!("csv_header", reader.headers().expect("a header").iter().collect::<Vec<_>>().join("\n"));
    let headers = reader.headers().expect("a header").clone();
    let records: Vec<_> = reader.records().map(|record| record.expect("a record")).collect();
    assert_eq!(records.len(), report.threats.len());
    for cell in records.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
    let of = |kind: &str, name: &str| {
        let column = |name: &str| headers.iter().position(|known| known == name).expect("a column");
        let record = records.iter().find(|record| &record[column("type")] == kind).expect("its record");
        record[column(name)].to_owned()
    };
    assert_eq!(of(SIGMA, "titleEn"), format!("'{FORMULA}"));
    assert_eq!(of(SIGMA, "assignee"), format!("'{FORMULA}"));
    assert_eq!(of(SIGMA, "eventIds"), format!("'{FORMULA}"));
    assert_eq!(of(SIGMA, "entity"), MARKUP);
    assert_eq!(of(BREACH, "eventIds"), "breach-0 breach-1 breach-2 breach-3 breach-4");
    assert_eq!(of(BREACH, "messageJa"), format!("{ESCAPES} で shop-orders のオブジェクトが読み取られました。"));
    assert_eq!((of(BREACH, "severity"), of(BREACH, "score")), ("high".into(), "8.0".into()));
    assert_eq!(of("Audit:S3/TrailFileRead", "status"), "suppressed");
    assert_eq!(of("Audit:S3/TrailFileRead", "suppressionReason"), "'@SUM(1)");
}

/// What OCSF 1.3.0 requires of a Detection Finding with the cloud and datetime profiles.
const REQUIRED: [&str; 17] = [
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
    "/finding_info/created_time",
    "/cloud/provider",
    "/cloud/account/uid",
    "/resources/0/uid",
    "/status_id",
];

#[test]
fn ocsf_has_what_the_schema_requires() {
    let report = sample::report();
    let events: Vec<Value> = serde_json::from_str(&written(&report, Format::Ocsf)).expect("JSON");
    assert_eq!(events.len(), report.threats.len());
    for event in &events {
        for path in REQUIRED {
            assert!(event.pointer(path).is_some_and(|value| !value.is_null()), "{path} in {event}");
        }
        assert_eq!((&event["class_uid"], &event["category_uid"]), (&json!(2004), &json!(2)));
        assert_eq!(event["type_uid"], json!(200_400 + event["activity_id"].as_u64().expect("a number")));
        let time: haechi_model::Timestamp = event["time_dt"].as_str().expect("a time").parse().expect("a time");
        assert_eq!(event["time"], time.as_micros() / 1000, "time is in milliseconds");
        assert!(!event["evidences"].as_array().expect("a list").is_empty(), "every claim names its events");
    }
    let of = |kind: &str| events.iter().find(|event| event["metadata"]["event_code"] == kind).expect("its event");
    let facts = |kind: &str| {
        let event = of(kind);
        ["severity", "status", "activity_name"].map(|name| event[name].as_str().expect("a word").to_owned())
    };
    assert_eq!(facts(SEQUENCE), ["Critical", "New", "Update"]);
    assert_eq!(facts(SIGMA), ["Medium", "In Progress", "Create"]);
    assert_eq!(facts("Audit:S3/TrailFileRead"), ["Low", "Suppressed", "Create"]);
    let breach = of(BREACH);
    assert_eq!(breach["count"], 1204);
    assert_eq!(breach["finding_info"]["attacks"][0]["technique"]["uid"], "T1530");
    let last = &breach["evidences"][4];
    assert_eq!(last["src_endpoint"]["ip"], "198.51.100.7");
    assert_eq!(last["api"]["request"]["uid"], "breach-4");
    assert_eq!(last["api"]["response"]["error"], "AccessDenied");
    assert_eq!(last["actor"]["user"]["credential_uid"], "ASIAEXAMPLEEXAMPLE00");
    assert_eq!(of(SEQUENCE)["finding_info"]["related_events"].as_array().map(Vec::len), Some(2));
    assert_eq!(written(&sample::empty(), Format::Ocsf), "[\n]\n");
}

#[test]
fn guarddutys_readers_read_these() {
    let report = sample::report();
    let of = |kind: &str| {
        let entry = report.threats.iter().find(|entry| entry.threat.kind == kind).expect("its entry");
        finding_of(entry, report.detections.get(kind))
    };
    let breach = of(BREACH);
    insta::assert_snapshot!("guardduty_shape", shape(&breach));
    assert_eq!(breach["schemaVersion"], "2.0");
    assert_eq!(breach["createdAt"], "2026-11-19T01:15:00.000Z");
    assert_eq!(breach["service"]["eventLastSeen"], "2026-11-19T01:19:00.000Z");
    assert_eq!(breach["description"], format!("Objects of shop-orders were read with {ESCAPES}."));
    let resource = &breach["resource"];
    assert_eq!(resource["resourceType"], "S3Bucket");
    assert_eq!(resource["s3BucketDetails"], json!([{"name": "shop-orders", "arn": "arn:aws:s3:::shop-orders"}]));
    let caller = &resource["accessKeyDetails"];
    assert_eq!((&caller["userName"], &caller["userType"]), (&json!("shop"), &json!("AssumedRole")));
    let action = &breach["service"]["action"];
    assert_eq!(action["actionType"], "AWS_API_CALL");
    assert_eq!(action["awsApiCallAction"]["remoteIpDetails"], json!({"ipAddressV4": "198.51.100.7"}));
    assert_eq!((&breach["service"]["count"], &breach["service"]["archived"]), (&json!(1204), &json!(false)));
    let ports = of(PORTS);
    assert_eq!(ports["resource"]["instanceDetails"], json!({"instanceId": "i-0abc1234def567890"}));
    let action = &ports["service"]["action"];
    assert_eq!(action["actionType"], "NETWORK_CONNECTION");
    assert_eq!(action["networkConnectionAction"]["remoteIpDetails"], json!({"ipAddressV6": "2001:db8::7"}));
    assert_eq!(ports["title"], format!("What {PORTS} is"), "of a detection that is gone");
    assert_eq!(of("Audit:S3/TrailFileRead")["service"]["archived"], true);
    let entry = &report.threats[3];
    let event = event_of(entry, None, "0000-1", at("2026-11-22T09:30:00Z"));
    let head = ["version", "id", "detail-type", "source", "account", "time", "region"].map(|name| event[name].clone());
    let expected = ["0", "0000-1", "GuardDuty Finding", "haechi.detect", "111122223333", "2026-11-22T09:30:00.000Z"];
    assert_eq!(head[..6], expected.map(Value::from));
    assert_eq!((&event["detail"]["id"], &event["resources"]), (&json!(entry.threat.id), &json!([])));
}

/// The resource of GuardDuty's finding for every kind of entity, and the action for every log.
#[test]
fn every_entity_and_log_has_its_shape() {
    let check = |kind: EntityKind, id: &str, expected: Value| {
        let threat = threat("x", 4.0, Entity::new(kind, id), vec![sighting(0, "1", Log::CloudTrail)]);
        assert_eq!(finding_of(&entry(threat), None)["resource"], expected, "{kind} {id}");
    };
    check(
        EntityKind::Interface,
        "eni-0a",
        json!({"resourceType": "Instance", "instanceDetails": {"networkInterfaces": [{"networkInterfaceId": "eni-0a"}]}}),
    );
    check(
        EntityKind::Database,
        "orders",
        json!({"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": {"dbInstanceIdentifier": "orders"}}),
    );
    check(
        EntityKind::Bucket,
        "logs",
        json!({"resourceType": "S3Bucket", "s3BucketDetails": [{"name": "logs", "arn": "arn:aws:s3:::logs"}]}),
    );
    check(EntityKind::Address, "192.0.2.1", json!({"resourceType": "AccessKey"}));
    let of_arn = |kind: EntityKind, arn: &str| {
        let threat = threat("x", 4.0, Entity::new(kind, arn), vec![sighting(0, "1", Log::CloudTrail)]);
        finding_of(&entry(threat), None)["resource"].clone()
    };
    let cluster = "arn:aws:eks:us-east-1:111122223333:cluster/shop";
    assert_eq!(of_arn(EntityKind::Cluster, cluster)["eksClusterDetails"], json!({"name": "shop", "arn": cluster}));
    let function = "arn:aws:lambda:us-east-1:111122223333:function:pay";
    let details = json!({"functionName": "pay", "functionArn": function});
    assert_eq!(of_arn(EntityKind::Function, function)["lambdaDetails"], details);
    for (arn, name, kind) in [
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root", "Root"),
        ("arn:aws:iam::111122223333:user/ops/kim", "kim", "IAMUser"),
        ("arn:aws:iam::111122223333:role/ops/deploy", "deploy", "AssumedRole"),
        ("arn:aws:sts::111122223333:federated-user/lee", "lee", "FederatedUser"),
    ] {
        let caller = of_arn(EntityKind::Principal, arn)["accessKeyDetails"].clone();
        assert_eq!((&caller["userName"], &caller["userType"]), (&json!(name), &json!(kind)), "{arn}");
    }
    // A bucket of another partition.
    let mut china = threat(
        "x",
        4.0,
        Entity::new(EntityKind::Bucket, "arn:aws-cn:s3:::logs"),
        vec![sighting(0, "1", Log::CloudTrail)],
    );
    china.partition = "aws-cn".parse().expect("a partition");
    assert_eq!(
        finding_of(&entry(china), None)["resource"]["s3BucketDetails"],
        json!([{"name": "logs", "arn": "arn:aws-cn:s3:::logs"}])
    );
    for (log, action) in [
        (Log::CloudTrail, "AWS_API_CALL"),
        (Log::VpcFlow, "NETWORK_CONNECTION"),
        (Log::ResolverQuery, "DNS_REQUEST"),
        (Log::EksAudit, "KUBERNETES_API_CALL"),
        (Log::RdsLogin, "RDS_LOGIN_ATTEMPT"),
    ] {
        let threat = threat("x", 4.0, Entity::new(EntityKind::Address, "192.0.2.1"), vec![sighting(0, "1", log)]);
        assert_eq!(finding_of(&entry(threat), None)["service"]["action"]["actionType"], action);
    }
}

#[test]
fn the_worst_is_what_is_open_and_real() {
    let mut report = sample::report();
    assert_eq!(worst(&report), Some(Severity::Critical));
    report.threats.retain(|entry| entry.threat.kind != SEQUENCE);
    assert_eq!(worst(&report), Some(Severity::High));
    report.threats.iter_mut().for_each(|entry| entry.threat.sample = true);
    assert_eq!(worst(&report), None, "samples are nothing bad");
    assert_eq!(worst(&sample::empty()), None);
}

/// A whole report with nothing in it but threats.
fn with_threats(threats: ThreatReport) -> Report {
    Report {
        meta: Meta {
            version: "0.1.0".into(),
            run_id: None,
            generated_at: at("2026-11-22T09:30:00Z"),
            as_of: None,
            sources: Vec::new(),
            organization: None,
            resources: 0,
            took_micros: None,
        },
        comparison: None,
        findings: Vec::new(),
        rules: Default::default(),
        controls: Default::default(),
        evaluations: Vec::new(),
        packs: Vec::new(),
        accounts: Vec::new(),
        coverage: Vec::new(),
        coverage_beyond: Listings::default(),
        not_implemented: Vec::new(),
        unreadable: Vec::new(),
        code: Code::default(),
        suppressed: 0,
        next: Vec::new(),
        threats: Some(threats),
    }
}

fn whole(threats: ThreatReport, format: Format, language: Language) -> String {
    let mut out = Vec::new();
    write(&with_threats(threats), format, language, &Options::default(), &mut out).expect("it is written");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_section_of_the_page_of_html() {
    let html = whole(sample::report(), Format::Html, Language::En);
    let (_, section) = html.split_once("<section id=\"threats\"").expect("the section");
    let (section, _) = section.split_once("</section>").expect("its end");
    insta::assert_snapshot!("html_section", section);
    is_inert(section);
    assert!(!section.contains("<img") && !section.contains("Audit:S3/TrailFileRead"));
    for language in Language::ALL {
        let html = whole(sample::report(), Format::Html, language);
        assert_eq!(html.matches("<details class=\"pack\"").count(), 4, "{}", language.as_str());
        assert!(html.contains("href=\"#threats\"") && html.contains(&format!("title=\"{}\"", long())));
    }
    let none = whole(sample::empty(), Format::Html, Language::En);
    assert!(none.contains("No threats were found."));
}

#[test]
fn a_report_carries_its_threats_in_every_format() {
    let document: Value = serde_json::from_str(&whole(sample::report(), Format::Json, Language::En)).expect("JSON");
    let own: Value = serde_json::from_str(&written(&sample::report(), Format::Json)).expect("JSON");
    assert_eq!(document["threats"], own);
    assert_eq!(whole(sample::report(), Format::Jsonl, Language::En).lines().count(), 5);
    let events: Vec<Value> = serde_json::from_str(&whole(sample::report(), Format::Ocsf, Language::En)).expect("JSON");
    assert_eq!(events.len(), 5);
    let csv = whole(sample::report(), Format::Csv, Language::En);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let headers = reader.headers().expect("a header").clone();
    let column = |name: &str| headers.iter().position(|known| known == name).expect("a column");
    let records: Vec<_> = reader.records().map(|record| record.expect("a record")).collect();
    assert_eq!(&records[1][column("rule")], BREACH);
    assert_eq!(&records[1][column("resourceId")], "arn:aws:s3:::shop-orders");
    assert_eq!(&records[1][column("partition")], "aws");
    assert_eq!(&records[4][column("status")], "suppressed");
    assert!(!records[1][column("messageKo")].is_empty());
    let text = whole(sample::report(), Format::Table, Language::Ko);
    is_inert(&text);
    assert!(text.contains("위협") && text.contains("유출되고"), "{text}");
}
