//! Bytes as the state of detections: by themselves, and as changes of a state that was written. It is refused or taken,
//! and what was taken is gone on with.
#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use haechi_content::{ContentFile, Origin, Source, read_detections};
use haechi_detect::{Builder, Detections, Engine, EngineSettings, Intel, Scanner, base_fields, sealed};
use haechi_model::event::{Event, Head, Place, Record};
use haechi_model::{Log, Timestamp};
use libfuzzer_sys::fuzz_target;

const HEADER: &str = "
schema: 1
origin: haechi
title: {en: t}
why: {en: w}
severity: 5.0
logs: [cloudtrail]
says: {en: '{ $principal }'}
response: {text: {en: r}}
examples: [{name: a, events: [], expect: 1}, {name: b, events: [], expect: 0}]
";

const RULES: [(&str, &str); 7] = [
    ("A:B/Count", "match: {a: {eventName: A}, condition: a}\ncount: {by: [principal], within: 1h, at-least: 3}"),
    ("A:B/Steps", "match: {a: {eventName: A}, b: {eventName: B}}\nsequence: {by: [principal], within: 9h, steps: [a, b, b]}"),
    (
        "A:B/Habits",
        "match: {a: {eventName: A}, condition: a}\nbaseline: {factors: [api, network], surprise: 1, warm-up: 1h, cool-down: 1h}",
    ),
    (
        "A:B/Volume",
        "match: {a: {eventName: A}, condition: a}\nvolume: {by: [principal], at-least: 1, surprise: 1, warm-up: 1h, cool-down: 1h}",
    ),
    ("A:B/Attack", "threats: {by: [principal], within: 24h, groups: [['A:B/Count'], ['A:B/Volume']], at-least: 2}"),
    ("A:B/Out", "needs: []\nengine: {name: credential-exfiltration, parameters: {where: outside-aws}}"),
    ("A:B/Logins", "match: {a: {eventName: B}, condition: a}\nengine: {name: console-logins}"),
];

const SIGMA: &str = "
title: A
name: a
id: 11111111-1111-4111-8111-111111111111
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: A}, condition: s}
---
title: Few
id: 33333333-3333-4333-8333-333333333333
correlation: {type: event_count, rules: [a], group-by: [userIdentity.arn], timespan: 2h, condition: {lt: 4}}
";

const HEAD: usize = 19;

static KNOWN: LazyLock<(Arc<Detections>, Vec<u8>)> = LazyLock::new(|| {
    let files: Vec<ContentFile> = RULES
        .iter()
        .map(|(id, logic)| ContentFile {
            path: format!("{}.yaml", haechi_content::detection_file_name(id)).into(),
            text: format!("id: {id}\n{HEADER}\n{logic}\n").into(),
            origin: Origin::User,
        })
        .collect();
    let read = read_detections(&files);
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let intel = Intel::default();
    let mut builder = Builder::new(&intel, &base_fields);
    read.known.values().for_each(|detection| builder.detection(detection));
    builder.sigma(&Source::new("rules.yml", SIGMA));
    let detections = Arc::new(builder.build());
    assert!(detections.inactive().is_empty(), "{:?}", detections.inactive());
    let mut scanner = Scanner::new(detections.clone(), Arc::new(intel));
    let mut engine = Engine::new(detections.machines(), EngineSettings::default());
    for number in 0..60 {
        event(number, &detections, &mut scanner);
    }
    engine.add(scanner.drain());
    let snapshot = engine.snapshot();
    (detections, snapshot[HEAD..snapshot.len() - 8].to_vec())
});

fn event(number: i64, detections: &Detections, scanner: &mut Scanner) {
    let identity = match number % 3 {
        0 => r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/r/i-0123456789abcdef0"}"#,
        _ => r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u"}"#,
    };
    let text = format!(r#"{{"userIdentity":{identity},"sourceIPAddress":"198.51.100.{}"}}"#, number % 7);
    let Some(fields) = detections.fields(Log::CloudTrail) else { return };
    let mut slots = Vec::new();
    if fields.read(text.as_bytes(), 0, &mut slots).is_err() {
        return;
    }
    let head = Head {
        log: Log::CloudTrail,
        id: &number.to_string(),
        time: Timestamp::from_seconds(1_772_442_000 + number * 2_000),
        source: "a.amazonaws.com",
        name: if number % 4 == 3 { "B" } else { "A" },
        account: Some("111122223333"),
        region: Some("us-east-1"),
    };
    let place = Place { file: Path::new("x"), record: 1 };
    scanner.take(&Event { record: Record::of_json(&text, fields, &slots), head, place });
}

fn go_on(body: &[u8], detections: &Arc<Detections>) {
    let restored = Engine::restore(detections.machines(), EngineSettings::default(), &sealed(body));
    let Ok(mut engine) = restored else { return };
    let again = engine.snapshot();
    assert!(Engine::restore(detections.machines(), EngineSettings::default(), &again).is_ok());
    let mut scanner = Scanner::new(detections.clone(), Arc::new(Intel::default()));
    for number in 40..80 {
        event(number, detections, &mut scanner);
    }
    engine.add(scanner.drain());
    engine.finish();
}

fuzz_target!(|bytes: &[u8]| {
    let (detections, written) = &*KNOWN;
    go_on(bytes, detections);
    let mut changed = written.clone();
    for change in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % changed.len();
        changed[at] = change[2];
    }
    go_on(&changed, detections);
});
