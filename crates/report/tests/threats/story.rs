//! Stories: told from steps as the app tells them, with what an attacker wrote in them.

use haechi_content::Language;
use haechi_detect::Intel;
use haechi_detect::story::{Cast, Issue, Step, Teller, Window};
use haechi_model::event::Log;
use haechi_model::{Entity, EntityKind, Message};
use haechi_report::*;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::sample::*;
use crate::{is_inert, shape, unnamed};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/shop/evil";
const ROLE: &str = "arn:aws:iam::111122223333:role/shop";

fn step(id: &str, time: &str, call: (&str, &str), more: Value) -> Step {
    let mut value = json!({
        "time": time, "eventId": id, "log": "cloudtrail", "source": call.0, "name": call.1,
        "account": "111122223333", "region": "ap-northeast-2", "principal": ROLE, "session": SESSION,
        "accessKey": "ASIAEXAMPLEEXAMPLE00", "address": "10.0.0.5", "userAgent": "aws-sdk-java/2",
        "error": null, "targets": [], "readOnly": true, "byService": false, "file": "logs/a.json.gz", "record": 1
    });
    for (name, member) in more.as_object().expect("an object") {
        value[name] = member.clone();
    }
    serde_json::from_value(value).expect("a step")
}

fn steps() -> Vec<Step> {
    let (s3, iam) = ("s3.amazonaws.com", "iam.amazonaws.com");
    let abroad = json!({"address": "198.51.100.7", "userAgent": ESCAPES, "targets": [TURNED]});
    let mut steps = vec![
        step("before-1", "2026-10-01T10:00:00Z", (s3, "GetObject"), json!({})),
        step("before-2", "2026-11-01T10:00:00Z", (s3, "GetObject"), json!({})),
        step("attack-1", "2026-11-19T01:15:00Z", (s3, "ListBuckets"), abroad.clone()),
        step(
            "attack-2",
            "2026-11-19T01:16:00Z",
            (iam, "CreateAccessKey"),
            json!({
                "address": "198.51.100.7", "targets": [MARKUP, FORMULA], "readOnly": false
            }),
        ),
        step(
            "attack-3",
            "2026-11-19T01:17:00Z",
            (s3, "PutBucketPolicy"),
            json!({
                "address": "198.51.100.7", "error": "AccessDenied", "readOnly": false, "targets": [long()]
            }),
        ),
        step(
            "other-1",
            "2026-11-19T01:18:00Z",
            (s3, "GetObject"),
            json!({
                "session": null, "principal": format!("arn:aws:iam::111122223333:user/{TURNED}"),
                "accessKey": "AKIAOTHEROTHEROTHE00", "address": "198.51.100.7"
            }),
        ),
        step("after-1", "2026-11-21T09:00:00Z", (s3, "GetObject"), json!({})),
    ];
    steps.extend(
        (0..9).map(|at| {
            step(&format!("read-{at}"), &format!("2026-11-19T01:2{at}:00Z"), (s3, "GetObject"), abroad.clone())
        }),
    );
    steps
}

fn report() -> StoryReport {
    let mut cast = Cast::default();
    let issue = |id: &str, name: &str, by: &str, key: &str, of: &str| Issue {
        time: at("2026-11-19T01:10:00Z"),
        event_id: id.into(),
        name: name.into(),
        by: Some(by.into()),
        by_session: None,
        by_key: Some("AKIAFIRSTFIRSTFIRS00".into()),
        address: Some("198.51.100.7".into()),
        key: key.into(),
        of: Some(of.into()),
    };
    cast.add(issue("issue-1", "AssumeRole", "arn:aws:iam::111122223333:user/kim", "ASIAEXAMPLEEXAMPLE00", SESSION));
    let mut made = issue("attack-2", "CreateAccessKey", ROLE, "AKIANEWNEWNEWNEWNE00", MARKUP);
    made.by_session = Some(SESSION.into());
    made.by_key = Some("ASIAEXAMPLEEXAMPLE00".into());
    cast.add(made);
    let window = Window { from: at("2026-11-18T01:15:00Z"), to: at("2026-11-20T01:15:00Z") };
    let intel = Intel::default();
    let mut teller = Teller::new(cast.actor(SESSION, intel.owners()), window);
    for step in steps() {
        teller.take(step, &intel);
    }
    let seen = sighting(60, "attack-2", Log::CloudTrail);
    let threats = [threat(SIGMA, 7.0, Entity::new(EntityKind::Session, SESSION), vec![seen])];
    StoryReport {
        version: "0.1.0".into(),
        generated_at: at("2026-11-22T09:30:00Z"),
        sources: vec!["logs".into()],
        around: at("2026-11-19T01:15:00Z"),
        story: teller.tell(&threats, &intel),
        detections: Default::default(),
        read: LogsRead { files: 1, events: [(Log::CloudTrail, 16)].into(), ..LogsRead::default() },
        next: vec![NextStep {
            command: "haechi respond plan disable-key --key ASIAEXAMPLEEXAMPLE00".into(),
            reason: Message::new("next-disable-key"),
        }],
    }
}

fn page(language: Language, width: usize) -> String {
    let mut out = Vec::new();
    let options = Options { width, ..Options::default() };
    write_story(&report(), Format::Table, language, &options, &mut out).expect("it is written");
    String::from_utf8(out).expect("UTF-8")
}

fn document() -> Value {
    let mut out = Vec::new();
    write_story(&report(), Format::Json, Language::Ja, &Options::default(), &mut out).expect("it is written");
    serde_json::from_slice(&out).expect("JSON")
}

#[test]
fn the_page_of_a_story() {
    for language in Language::ALL {
        for width in [80, 120] {
            insta::assert_snapshot!(format!("story_{}_{width}", language.as_str()), page(language, width));
        }
    }
}

#[test]
fn the_page_of_a_story_fits_and_obeys_nobody() {
    for language in Language::ALL {
        for width in [60, 80, 120, 160] {
            let text = page(language, width);
            is_inert(&text);
            for line in text.lines().filter(|line| !line.starts_with("  haechi")) {
                assert!(line.width() <= width, "{width}: {line}");
            }
            for id in ["issue-1", "attack-1", "attack-2", "before-1", "after-1", "other-1"] {
                assert!(text.contains(id), "{id} is named: {text}");
            }
        }
    }
}

/// Every object that counts something, or says when it was, names its events.
fn claims_name_events(value: &Value, at: &str) {
    match value {
        Value::Object(members) => {
            let claims = members.contains_key("count") && members.contains_key("first");
            let told = members.get("events").is_none_or(|events| events != 0);
            if (claims || members.contains_key("eventIds")) && told {
                let ids = members.get("eventIds").and_then(Value::as_array);
                assert!(ids.is_some_and(|ids| !ids.is_empty()), "{at} names no event: {value}");
            }
            members.iter().for_each(|(name, member)| claims_name_events(member, &format!("{at}.{name}")));
        }
        Value::Array(elements) => elements.iter().for_each(|element| claims_name_events(element, at)),
        _ => {}
    }
}

#[test]
fn the_json_of_a_story_keeps_its_shape_and_is_documented() {
    let document = document();
    assert_eq!((&document["schemaVersion"], &document["kind"]), (&json!("1.0"), &json!("haechi.story")));
    insta::assert_snapshot!("story_shape", shape(&document));
    claims_name_events(&document["story"], "story");
    let section = documented("### Stories: `haechi.story`");
    let mut unnamed_here = unnamed(&document, &section);
    unnamed_here.extend(unnamed(&document["story"], &section));
    assert_eq!(unnamed_here, Vec::<String>::new(), "the page of formats names every member");
    let story = &document["story"];
    assert_eq!(story["chain"][0]["eventId"], "issue-1");
    assert_eq!(story["made"][0]["key"], "AKIANEWNEWNEWNEWNE00");
    assert_eq!((&story["before"]["events"], &story["after"]["events"]), (&json!(2), &json!(1)));
    assert_eq!(story["neighbours"][0]["eventIds"], json!(["other-1"]));
    assert_eq!(story["threats"][0]["type"], SIGMA);
    let new: Vec<_> = story["new"].as_array().expect("a list").iter().map(|one| one["value"].clone()).collect();
    assert!(new.contains(&json!("iam:CreateAccessKey")) && new.contains(&json!("198.51.100.0/24")), "{new:?}");
    let refused = write_story(&report(), Format::Csv, Language::En, &Options::default(), &mut Vec::new());
    assert_eq!(refused.expect_err("a story has no rows").kind(), std::io::ErrorKind::Unsupported);
}
