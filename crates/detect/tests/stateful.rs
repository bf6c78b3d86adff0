//! Rules with a state: a month at once, and the same month in pieces, out of order, with restarts, find the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use haechi_content::{ContentFile, Origin, read_detections};
use haechi_detect::{
    AddressFacts, Builder, Detections, Engine, EngineSettings, Geography, Intel, Scanner, base_fields,
};
use haechi_model::event::{Event, Head, Place, Record};
use haechi_model::{FindingId, Log, Threat, Timestamp};
use proptest::prelude::*;

const HEADER: &str = "
schema: 1
origin: haechi
title: {en: t}
why: {en: w}
severity: 5.0
logs: [cloudtrail]
says: {en: 'It was { $principal }, { $count } times.'}
response: {text: {en: r}}
examples: [{name: a, events: [], expect: 1}, {name: b, events: [], expect: 0}]
";

/// One rule of each kind. Two rules of single events are parts of the attack sequence.
const RULES: [(&str, &str); 12] = [
    (
        "Test:IAM/Count",
        "match: {a: {eventName: [Get, Put]}, condition: a}\ncount: {by: [userIdentity.arn], within: 30m, at-least: 4}",
    ),
    (
        "Test:IAM/Distinct",
        "match: {a: {eventName|exists: true}, condition: a}\ncount: {by: [principal], within: 3h, at-least: 3, distinct: requestParameters.target}",
    ),
    (
        "Test:IAM/Ordered",
        "match: {a: {eventName: Get}, b: {eventName: Put}, c: {eventName: Delete}}\nsequence: {by: [userIdentity.arn], within: 6h, steps: [a, b, a, c]}",
    ),
    (
        "Test:IAM/Unordered",
        "match: {a: {eventName: Get}, b: {eventName: Put}, c: {eventName: Delete}}\nsequence: {by: [address], within: 2h, ordered: false, steps: [c, a, b]}",
    ),
    (
        "Test:IAM/Baseline",
        "match: {a: {eventName: [Delete, Put]}, condition: a}\nbaseline: {factors: [api, network, user-agent, region, target], required: [network, api], surprise: 2, warm-up: 3d, cool-down: 6h}\ntarget: requestParameters.target",
    ),
    (
        "Test:IAM/BaselineOfTargets",
        "match: {a: {eventName: Get}, condition: a}\nbaseline: {by: [requestParameters.target], factors: [api, network, userIdentity.arn], surprise: 4, warm-up: 2d, cool-down: 1h}",
    ),
    (
        "Test:IAM/Volume",
        "match: {a: {eventName: Get}, condition: a}\nvolume: {by: [principal], at-least: 3, surprise: 3, warm-up: 2d, cool-down: 5h}",
    ),
    (
        "Test:IAM/VolumeOfBytes",
        "match: {a: {eventName: Put}, condition: a}\nvolume: {by: [principal], sum: additionalEventData.bytes, at-least: 100, surprise: 2, warm-up: 2d, cool-down: 5h}",
    ),
    ("Test:IAM/Delete", "match: {a: {eventName: Delete}, condition: a}"),
    (
        "Test:IAM/Attack",
        "threats: {by: [principal, address], within: 24h, groups: [['*:IAM/Delete'], ['*:IAM/Count', '*:IAM/Volume'], ['*:IAM/Ordered', '*:IAM/Baseline*']], at-least: 2}",
    ),
    ("Test:IAM/Exfiltration", "engine: {name: credential-exfiltration, parameters: {where: outside-aws}}"),
    (
        "Test:IAM/Logins",
        "match: {a: {eventName: Get}, condition: a}\nengine: {name: console-logins, parameters: {within: 2h}}",
    ),
];

const SIGMA: &str = "
title: Get
name: get
id: 11111111-1111-4111-8111-111111111111
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: Get}, condition: s}
---
title: Delete
name: delete
id: 22222222-2222-4222-8222-222222222222
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: Delete}, condition: s}
---
title: Few
name: few
id: 33333333-3333-4333-8333-333333333333
correlation: {type: event_count, rules: [get], group-by: [userIdentity.arn], timespan: 2h, condition: {gte: 2, lt: 4}}
---
title: Values
id: 44444444-4444-4444-8444-444444444444
correlation: {type: value_count, rules: [get, delete], group-by: [sourceIPAddress], timespan: 4h, condition: {field: requestParameters.target, gte: 3}}
---
title: Both
id: 55555555-5555-4555-8555-555555555555
correlation: {type: temporal_ordered, rules: [get, delete], group-by: [userIdentity.arn], timespan: 1h}
";

struct Places;

impl Geography for Places {
    fn facts(&self, address: core::net::IpAddr) -> AddressFacts {
        let last = match address {
            core::net::IpAddr::V4(four) => four.octets()[3],
            core::net::IpAddr::V6(_) => 0,
        };
        let country = if last % 2 == 0 { "KR" } else { "GB" };
        AddressFacts { country: Some(country.into()), ..AddressFacts::default() }
    }

    fn has_places(&self) -> bool {
        true
    }

    fn has_networks(&self) -> bool {
        false
    }
}

fn rules() -> (Arc<Detections>, Arc<Intel>) {
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
    let mut intel = Intel::default();
    intel.know(Arc::new(Places));
    intel.add(haechi_content::Need::AwsRanges, "10.0.0.0/8").unwrap();
    let mut builder = Builder::new(&intel, &base_fields);
    read.known.values().for_each(|detection| builder.detection(detection));
    builder.sigma(&haechi_content::Source::new("rules.yml", SIGMA));
    let detections = builder.build();
    assert!(detections.inactive().is_empty(), "{:?}", detections.inactive());
    (Arc::new(detections), Arc::new(intel))
}

/// An event that can be made again and again.
#[derive(Debug, Clone)]
struct Made {
    seconds: i64,
    name: u8,
    user: u8,
    address: u8,
    target: u8,
    agent: u8,
    /// How late it comes, in seconds.
    late: i64,
}

const START: i64 = 1_772_323_200;

fn made(days: i64) -> impl Strategy<Value = Made> {
    // Half of the events are of a few busy hours, so that windows fill.
    let time = prop_oneof![0..days * 86_400, (0..days * 3, 0..1_800_i64).prop_map(|(at, more)| at * 28_800 + more)];
    (time, 0..4_u8, 0..4_u8, 0..6_u8, 0..6_u8, 0..3_u8, 0..86_400_i64).prop_map(
        |(seconds, name, user, address, target, agent, late)| Made {
            seconds,
            name,
            user,
            address,
            target,
            agent,
            late,
        },
    )
}

impl Made {
    fn time(&self) -> Timestamp {
        Timestamp::from_seconds(START + self.seconds)
    }

    fn text(&self) -> String {
        let account = if self.user == 3 { "444455556666" } else { "111122223333" };
        let identity = match self.user {
            2 => format!(
                r#"{{"type":"AssumedRole","arn":"arn:aws:sts::{account}:assumed-role/app/i-0123456789abcdef{}","accountId":"{account}","accessKeyId":"ASIA{}"}}"#,
                self.target, self.target
            ),
            user => {
                format!(r#"{{"type":"IAMUser","arn":"arn:aws:iam::{account}:user/u{user}","accountId":"{account}"}}"#)
            }
        };
        let address = match self.address {
            0 => "10.1.2.3".to_owned(),
            5 => "2001:db8::5".to_owned(),
            address => format!("198.51.{address}.{address}"),
        };
        format!(
            r#"{{"userIdentity":{identity},"sourceIPAddress":"{address}","userAgent":"agent{}/1.0","requestParameters":{{"target":"t{}"}},"additionalEventData":{{"bytes":{}}}}}"#,
            self.agent,
            self.target,
            u32::from(self.target) * u32::from(self.address) * 40,
        )
    }

    fn take(&self, number: usize, detections: &Detections, scanner: &mut Scanner) {
        let (text, id) = (self.text(), format!("event-{number:05}"));
        let fields = detections.fields(Log::CloudTrail).unwrap();
        let mut slots = Vec::new();
        fields.read(text.as_bytes(), 0, &mut slots).unwrap();
        let head = Head {
            log: Log::CloudTrail,
            id: &id,
            time: self.time(),
            source: "iam.amazonaws.com",
            name: ["Get", "Put", "Delete", "List"][usize::from(self.name)],
            account: Some(if self.user == 3 { "444455556666" } else { "111122223333" }),
            region: Some("us-east-1"),
        };
        let place = Place { file: Path::new("logs/a.json"), record: number as u64 + 1 };
        scanner.take(&Event { record: Record::of_json(&text, fields, &slots), head, place });
    }
}

type Found = BTreeMap<FindingId, Threat>;

fn merged(threats: Vec<Threat>) -> Found {
    Threat::merge_all(threats)
}

/// Everything in one batch.
fn at_once(events: &[Made], detections: &Arc<Detections>, intel: &Arc<Intel>) -> Found {
    let mut scanner = Scanner::new(detections.clone(), intel.clone());
    for (number, event) in events.iter().enumerate() {
        event.take(number, detections, &mut scanner);
    }
    let mut engine = Engine::new(detections.machines(), EngineSettings::default());
    engine.add(scanner.drain());
    merged(engine.finish())
}

/// In the order they come, in batches of these sizes; after each batch the engine is stored and read again.
fn in_pieces(events: &[Made], sizes: &[usize], detections: &Arc<Detections>, intel: &Arc<Intel>) -> Found {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|at| (events[*at].seconds + events[*at].late, *at));
    let (settings, machines) = (EngineSettings::default(), detections.machines());
    let mut engine = Engine::new(machines.clone(), settings);
    let mut scanners = [0, 1].map(|_| Scanner::new(detections.clone(), intel.clone()));
    let (mut threats, mut sizes, mut rest) = (Vec::new(), sizes.iter().cycle(), order.as_slice());
    while !rest.is_empty() {
        let (now, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        rest = later;
        for at in now {
            events[*at].take(*at, detections, &mut scanners[at % 2]);
        }
        // Two threads, the second first.
        let [one, two] = &mut scanners;
        engine.add_all([two.drain(), one.drain()]);
        let counters = engine.counters();
        assert_eq!((counters.late, counters.early, counters.evicted), (0, 0, 0));
        let snapshot = engine.snapshot();
        engine = Engine::restore(machines.clone(), settings, &snapshot).unwrap();
        assert_eq!(engine.snapshot(), snapshot, "what was read is what was written");
        if now.len() % 2 == 0 {
            threats.extend(engine.take());
        }
        assert_eq!(engine.counters().dropped, 0);
    }
    threats.extend(engine.finish());
    merged(threats)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_month_at_once_and_in_pieces_find_the_same(
        events in proptest::collection::vec(made(12), 50..600),
        sizes in proptest::collection::vec(1..120_usize, 1..6),
    ) {
        let (detections, intel) = rules();
        let whole = at_once(&events, &detections, &intel);
        let pieces = in_pieces(&events, &sizes, &detections, &intel);
        // What sequences are made of first: a difference there makes others.
        let (parts, sequences): (Vec<_>, Vec<_>) =
            whole.iter().chain(&pieces).partition(|(_, threat)| threat.related.is_empty());
        for (id, threat) in parts.into_iter().chain(sequences) {
            prop_assert_eq!(whole.get(id), pieces.get(id), "{} of {}", threat.kind, threat.entity);
        }
    }

    #[test]
    fn damaged_snapshots_are_refused(
        events in proptest::collection::vec(made(3), 20..60),
        at in any::<proptest::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let (detections, intel) = rules();
        let mut scanner = Scanner::new(detections.clone(), intel);
        for (number, event) in events.iter().enumerate() {
            event.take(number, &detections, &mut scanner);
        }
        let mut engine = Engine::new(detections.machines(), EngineSettings::default());
        engine.add(scanner.drain());
        let mut snapshot = engine.snapshot();
        let at = at.index(snapshot.len());
        let cut = Engine::restore(detections.machines(), EngineSettings::default(), &snapshot[..at]);
        prop_assert!(cut.is_err());
        snapshot[at] ^= 1 << bit;
        let flipped = Engine::restore(detections.machines(), EngineSettings::default(), &snapshot);
        prop_assert!(flipped.is_err());
        // Behind a right checksum too: an error or a state, and never a panic.
        let body = &snapshot[19..snapshot.len() - 8];
        if let Ok(mut engine) = Engine::restore(detections.machines(), EngineSettings::default(), &haechi_detect::sealed(body)) {
            engine.finish();
        }
    }
}

/// Every kind of rule finds something in a long enough muddle: the test above compares more than nothing.
#[test]
fn every_rule_is_at_work() {
    let (detections, intel) = rules();
    let mut seed = 7_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut events: Vec<Made> = (0..3_000)
        .map(|_| Made {
            seconds: random(20 * 86_400) as i64,
            name: random(4) as u8,
            user: random(4) as u8,
            address: random(6) as u8,
            target: random(6) as u8,
            agent: random(3) as u8,
            late: random(86_400) as i64,
        })
        .collect();
    // Somebody puts something from where nobody ever was.
    events.push(Made { seconds: 18 * 86_400, name: 1, user: 0, address: 9, target: 1, agent: 1, late: 0 });
    let found = at_once(&events, &detections, &intel);
    let mut kinds: Vec<&str> = found.values().map(|threat| threat.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let wanted = detections.rules().iter().map(|rule| &*rule.id);
    let silent: Vec<&str> = wanted.filter(|id| !kinds.contains(id)).collect();
    assert!(silent.iter().all(|id| id.starts_with("11111111") || id.starts_with("22222222")), "{silent:?}");
    for threat in found.values() {
        assert!(!threat.evidence.is_empty() && threat.count > 0, "{}: rests on nothing", threat.kind);
        assert!(threat.first_seen <= threat.last_seen);
        assert!(threat.evidence.iter().all(|event| event.event_id.starts_with("event-") && event.record.is_some()));
    }
}
