//! Hours of flows, judged: each logic with what it must find and what it must not, and the order that does not matter.

use std::path::Path;

use haechi_content::{DetectionFile, Need};
use haechi_model::Threat;
use haechi_model::event::{Flow, FlowAction, FlowDirection, Place};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::pack::{Packer, Unpacker};

const HOUR: i64 = 3600;
const BEGIN: i64 = 1_772_442_000;

fn rule(id: &str, needs: &[&str], parameters: Value) -> FlowRule {
    let text = json!({"en": "{ $entity } { $address } { $count }", "ko": "x", "ja": "x"});
    let file = json!({
        "schema": 1, "id": id, "origin": "guardduty", "title": text, "why": text, "severity": 5.0, "logs": ["vpc-flow"],
        "needs": needs, "engine": {"name": "flow", "parameters": parameters}, "says": text,
        "response": {"text": text}, "examples": [],
    });
    let file: DetectionFile = serde_json::from_value(file).unwrap();
    FlowRule::compile(&file).unwrap()
}

#[derive(Debug, Clone)]
struct Line {
    interface: &'static str,
    source: String,
    destination: String,
    ports: (u16, u16),
    protocol: u8,
    packets: u64,
    bytes: u64,
    start: i64,
    accepted: bool,
    direction: Option<FlowDirection>,
}

fn line(source: &str, from: u16, destination: &str, to: u16) -> Line {
    Line {
        interface: "eni-1",
        source: source.to_owned(),
        destination: destination.to_owned(),
        ports: (from, to),
        protocol: 6,
        packets: 1,
        bytes: 40,
        start: BEGIN,
        accepted: true,
        direction: None,
    }
}

impl Line {
    fn at(mut self, seconds: i64) -> Self {
        self.start = BEGIN + seconds;
        self
    }
    fn of(mut self, packets: u64, bytes: u64) -> Self {
        (self.packets, self.bytes) = (packets, bytes);
        self
    }
    fn protocol(mut self, protocol: u8) -> Self {
        self.protocol = protocol;
        self
    }
    fn rejected(mut self) -> Self {
        self.accepted = false;
        self
    }
    /// The answer to it.
    fn answer(&self, packets: u64, bytes: u64) -> Self {
        let mut answer = self.clone().of(packets, bytes);
        std::mem::swap(&mut answer.source, &mut answer.destination);
        answer.ports = (self.ports.1, self.ports.0);
        answer
    }
}

/// Reads lines in hours and closes them, in order.
fn run(rules: &[FlowRule], intel: &Intel, lines: &[Line], state: &mut FlowState) -> Vec<Threat> {
    let scan = FlowScan::new(rules, intel);
    let mut hours: std::collections::BTreeMap<i64, FlowHour> = Default::default();
    for line in lines {
        take(&scan, intel, line, &mut hours);
    }
    close(rules, hours, state)
}

fn take(scan: &FlowScan, intel: &Intel, line: &Line, hours: &mut std::collections::BTreeMap<i64, FlowHour>) {
    let text = format!("{line:?}");
    let mut flow = Flow::of_line(&text, Place { file: Path::new("f"), record: 1 });
    (flow.account, flow.region, flow.interface) = ("111122223333", "eu-west-1", line.interface);
    (flow.source, flow.destination) = (line.source.parse().ok(), line.destination.parse().ok());
    (flow.source_port, flow.destination_port) = line.ports;
    (flow.protocol, flow.packets, flow.bytes, flow.start) = (line.protocol, line.packets, line.bytes, line.start);
    flow.action = if line.accepted { FlowAction::Accept } else { FlowAction::Reject };
    flow.direction = line.direction;
    scan.take(&flow, intel, hours.entry(line.start.div_euclid(HOUR)).or_default());
}

fn close(rules: &[FlowRule], hours: std::collections::BTreeMap<i64, FlowHour>, state: &mut FlowState) -> Vec<Threat> {
    let mut found = Vec::new();
    for (hour, flows) in hours {
        state.close(hour, &flows, rules, &mut |threat| found.push(threat));
    }
    let mut merged: Vec<_> = Threat::merge_all(found).into_values().collect();
    merged.sort_by_key(|a| a.id);
    merged
}

fn check(needs: &[&str], parameters: Value, lists: &[(Need, &str)], lines: &[Line], expected: Option<&str>) {
    let mut intel = Intel::default();
    lists.iter().for_each(|(need, text)| assert!(intel.add(*need, text).is_ok()));
    let rules = [rule("Purpose:EC2/Name", needs, parameters.clone())];
    let found = run(&rules, &intel, lines, &mut FlowState::default());
    let address = found.first().map(|threat| threat.message.args["address"].as_str().unwrap().to_owned());
    assert_eq!(address.as_deref(), expected, "{parameters}: {found:#?}");
    for threat in found {
        assert!(threat.count >= threat.evidence.len() as u64 && !threat.evidence.is_empty(), "{threat:#?}");
    }
}

const OURS: &str = "10.0.0.5";
const THEIRS: &str = "203.0.113.9";

fn many(count: u16, make: impl Fn(u16) -> Line) -> Vec<Line> {
    (0..count).map(make).collect()
}

#[test]
fn addresses_on_lists() {
    let parameters = json!({"finds": "listed"});
    let (need, list) = (&["tor-relays"][..], &[(Need::TorRelays, "203.0.113.0/24\n2001:db8::/32")][..]);
    let out = line(OURS, 44_000, THEIRS, 443);
    check(need, parameters.clone(), list, std::slice::from_ref(&out), Some(THEIRS));
    check(need, parameters.clone(), list, &[out.answer(3, 300)], Some(THEIRS));
    check(need, parameters.clone(), list, &[line(OURS, 44_000, "198.51.100.1", 443)], None);
    // That somebody bad knocks is no sign that we are.
    check(need, parameters.clone(), list, &[line(THEIRS, 44_000, OURS, 443)], None);
    let mut six = line("2600:1f18::5", 44_000, "2001:db8::7", 443);
    six.direction = Some(FlowDirection::Egress);
    check(need, parameters.clone(), list, &[six.clone()], Some("2001:db8::7"));
    // Without a direction, our side is the address on all lines.
    six.direction = None;
    let peers = many(5, |n| line("2600:1f18::5", 40_000 + n, &format!("2a00::{n}"), 443));
    check(need, parameters, list, &[peers, vec![six]].concat(), Some("2001:db8::7"));
}

#[test]
fn relays_of_tor() {
    let parameters = json!({"finds": "tor-relay", "at-least": 5});
    let (need, list) = (&["tor-relays"][..], &[(Need::TorRelays, "203.0.113.0/24")][..]);
    let out = many(6, |n| line(OURS, 44_000, &format!("203.0.113.{n}"), 9001).of(9, 9000 - u64::from(n)));
    let inside = line("203.0.113.77", 51_000, OURS, 9001);
    check(need, parameters.clone(), list, &[out.clone(), vec![inside.clone()]].concat(), Some("203.0.113.0"));
    check(need, parameters.clone(), list, &out, None);
    check(need, parameters.clone(), list, std::slice::from_ref(&inside), None);
    check(need, parameters, list, &[out, vec![inside.rejected()]].concat(), None);
}

#[test]
fn floods() {
    let udp = json!({"finds": "denial-udp", "at-least": 1000, "except-ports": [53, 80]});
    let flood = line(OURS, 44_000, THEIRS, 7777).protocol(17).of(5000, 500_000);
    check(&[], udp.clone(), &[], std::slice::from_ref(&flood), Some(THEIRS));
    check(&[], udp.clone(), &[], &[flood.clone(), flood.answer(3000, 90_000)], None);
    check(&[], udp.clone(), &[], &[line(OURS, 44_000, "10.0.0.9", 7777).protocol(17).of(5000, 500_000)], None);
    check(&[], udp.clone(), &[], &[line(OURS, 44_000, THEIRS, 80).protocol(17).of(5000, 500_000)], None);
    // Over many ports it is one flood.
    check(&[], udp, &[], &many(100, |n| line(OURS, 44_000, THEIRS, 1000 + n).protocol(17).of(20, 2000)), Some(THEIRS));
    let tcp = json!({"finds": "denial-tcp", "at-least": 1000});
    check(&[], tcp.clone(), &[], &[line(OURS, 44_000, THEIRS, 80).of(5000, 200_000)], Some(THEIRS));
    check(&[], tcp, &[], &[line(OURS, 44_000, THEIRS, 80).of(5000, 5_000_000)], None);
    let dns = json!({"finds": "denial-dns", "at-least": 1000, "ports": [53]});
    check(&[], dns.clone(), &[], &[line(OURS, 44_000, THEIRS, 53).protocol(17).of(5000, 300_000)], Some(THEIRS));
    check(&[], dns, &[], &[line(OURS, 44_000, THEIRS, 54).protocol(17).of(5000, 300_000)], None);
    let odd = json!({"finds": "denial-unusual-protocol", "at-least": 1000});
    check(&[], odd.clone(), &[], &[line(OURS, 0, THEIRS, 0).protocol(2).of(5000, 300_000)], Some(THEIRS));
    check(&[], odd, &[], &[line(OURS, 0, THEIRS, 0).protocol(50).of(5000, 300_000)], None);
}

#[test]
fn sweeps_and_scans() {
    let sweep = json!({"finds": "port-sweep", "at-least": 50});
    let target = |n: u16| format!("203.0.113.{n}");
    check(&[], sweep.clone(), &[], &many(60, |n| line(OURS, 44_000, &target(n), 445)), Some("203.0.113.0"));
    check(&[], sweep.clone(), &[], &many(40, |n| line(OURS, 44_000, &target(n), 445)), None);
    // Who is answered reads the web.
    let read = many(60, |n| line(OURS, 44_000, &target(n), 443).answer(10, 9000));
    check(&[], sweep, &[], &[many(60, |n| line(OURS, 44_000, &target(n), 443)), read].concat(), None);
    let scan = json!({"finds": "port-scan", "at-least": 50});
    check(&[], scan.clone(), &[], &many(60, |n| line(OURS, 44_000, THEIRS, 1 + n)), Some(THEIRS));
    check(&[], scan.clone(), &[], &many(60, |n| line(OURS, 44_000, "10.0.0.9", 1 + n)), Some("10.0.0.9"));
    // The other side may be the one whose interface it is: what else it does tells.
    let theirs = vec![line("10.0.0.9", 44_000, THEIRS, 443)];
    check(&[], scan.clone(), &[], &[many(60, |n| line(OURS, 44_000, "10.0.0.9", 1 + n)), theirs].concat(), None);
    check(&[], scan.clone(), &[], &many(60, |n| line(OURS, 40_000 + n, THEIRS, 443)), None);
    // Scans of others against us are the internet's noise.
    check(&[], scan, &[], &many(60, |n| line(THEIRS, 44_000, OURS, 1 + n).rejected()), None);
}

#[test]
fn forced_doors() {
    let ssh = json!({"finds": "brute-force", "ports": [22], "at-least": 30, "severity-as-actor": 8.0});
    let tries =
        |from: &'static str, to: &'static str| many(60, move |n| line(from, 40_000 + n * 7, to, 22).of(12, 2400));
    check(&[], ssh.clone(), &[], &tries(THEIRS, OURS), Some(THEIRS));
    check(&[], ssh.clone(), &[], &tries(OURS, THEIRS), Some(THEIRS));
    // One long session shows up every minute, from one port.
    check(&[], ssh.clone(), &[], &many(60, |n| line(THEIRS, 40_000, OURS, 22).at(i64::from(n) * 50)), None);
    check(&[], ssh.clone(), &[], &tries(THEIRS, OURS).into_iter().map(Line::rejected).collect::<Vec<_>>(), None);
    let found =
        |lines: &[Line]| run(&[rule("P:EC2/N", &[], ssh.clone())], &Intel::default(), lines, &mut FlowState::default());
    assert_eq!(found(&tries(THEIRS, OURS))[0].score.value(), 5.0);
    assert_eq!(found(&tries(OURS, THEIRS))[0].score.value(), 8.0);
    let winrm = json!({"finds": "brute-force", "ports": [5985], "at-least": 30, "side": "actor"});
    let tries = |from: &'static str, to: &'static str| many(60, move |n| line(from, 40_000 + n * 7, to, 5985));
    check(&[], winrm.clone(), &[], &tries(OURS, THEIRS), Some(THEIRS));
    check(&[], winrm, &[], &tries(THEIRS, OURS), None);
}

#[test]
fn probes() {
    let parameters = json!({"finds": "port-probe", "except-ports": [8088], "severity-on-ports": {"9200": 8.0}});
    let (need, list) = (&["threat-addresses"][..], &[(Need::ThreatAddresses, THEIRS)][..]);
    let probe = line(THEIRS, 51_000, OURS, 9200);
    check(need, parameters.clone(), list, std::slice::from_ref(&probe), Some(THEIRS));
    check(need, parameters.clone(), list, &[probe.rejected()], None);
    check(need, parameters.clone(), list, &[line(THEIRS, 51_000, OURS, 8088)], None);
    check(need, parameters, list, &[line("198.51.100.1", 51_000, OURS, 9200)], None);
}

/// Days of ordinary traffic: the web, and a resolver.
fn history(days: i64) -> Vec<Line> {
    let one = |day: i64| {
        let web = line(OURS, 44_000, "198.51.100.1", 443).of(1000, 1_000_000).at(day * 24 * HOUR);
        let dns = line(OURS, 44_001, "198.51.100.53", 53).protocol(17).of(1, 80).at(day * 24 * HOUR);
        [web.answer(900, 9_000_000), web, dns.answer(1, 200), dns]
    };
    (0..days).flat_map(one).collect()
}

#[test]
fn what_was_never_before() {
    let late = 20 * 24 * HOUR;
    let with = |days: i64, line: Line| {
        let line = line.at(late);
        [history(days), vec![line.answer(5, 5000), line]].concat()
    };
    let port = json!({"finds": "unusual-port", "except-ports": [80, 443]});
    check(&[], port.clone(), &[], &with(18, line(OURS, 44_000, THEIRS, 4444)), Some(THEIRS));
    check(&[], port.clone(), &[], &with(18, line(OURS, 44_000, THEIRS, 443)), None);
    check(&[], port.clone(), &[], &with(0, line(OURS, 44_000, THEIRS, 4444)), None);
    check(&[], port, &[], &[history(18), vec![line(OURS, 44_000, THEIRS, 4444).at(late)]].concat(), None);
    let volume = json!({"finds": "unusual-volume", "at-least": 100_000_000});
    check(
        &[],
        volume.clone(),
        &[],
        &with(18, line(OURS, 44_000, THEIRS, 443).of(1_000_000, 900_000_000)),
        Some(THEIRS),
    );
    check(&[], volume, &[], &with(18, line(OURS, 44_000, THEIRS, 443).of(1000, 1_500_000)), None);
    let resolver = json!({"finds": "unusual-resolver", "ports": [53]});
    check(&[], resolver.clone(), &[], &with(18, line(OURS, 44_000, "8.8.8.8", 53).protocol(17)), Some("8.8.8.8"));
    check(&[], resolver.clone(), &[], &with(18, line(OURS, 44_000, "198.51.100.53", 53).protocol(17)), None);
    check(&[], resolver, &[], &with(18, line(OURS, 44_000, "169.254.169.253", 53).protocol(17)), None);
    let doh = json!({"finds": "unusual-resolver", "ports": [443]});
    let (need, list) = (&["public-resolvers"][..], &[(Need::PublicResolvers, "1.1.1.1")][..]);
    check(need, doh.clone(), list, &with(18, line(OURS, 44_000, "1.1.1.1", 443)), Some("1.1.1.1"));
    check(need, doh, list, &with(18, line(OURS, 44_000, THEIRS, 443)), None);
    let spam = json!({"finds": "spam", "ports": [25], "at-least": 10, "warm-up-days": 1});
    let mails = many(12, |n| line(OURS, 44_000, &format!("203.0.113.{n}"), 25).of(20, 20_000).at(late));
    check(&[], spam.clone(), &[], &[history(18), mails.clone()].concat(), Some("203.0.113.0"));
    check(&[], spam.clone(), &[], &mails, None);
    let mailer = (0..18).flat_map(|day| {
        let mail = line(OURS, 44_000, THEIRS, 25).of(20, 20_000).at(day * 24 * HOUR);
        [mail.answer(20, 2000), mail]
    });
    check(&[], spam, &[], &[mailer.collect(), mails].concat(), None);
}

#[test]
fn whose_interface_it_is() {
    let mut intel = Intel::default();
    intel.add(Need::TorRelays, THEIRS).unwrap();
    intel.own(&json!({"resourceType": "AWS::EC2::NetworkInterface", "resourceId": "eni-1", "configuration":
        {"interfaceType": "lambda", "description": "AWS Lambda VPC ENI-mail-0f8fad5b-d9cb-469f-a165-70867728950e"}}));
    let rules = [
        rule("U:EC2/TorClient", &["tor-relays"], json!({"finds": "listed"})),
        rule("U:Lambda/TorClient", &["inventory", "tor-relays"], json!({"finds": "listed", "of": "function"})),
    ];
    let lines = [line(OURS, 44_000, THEIRS, 443), Line { interface: "eni-2", ..line(OURS, 44_000, THEIRS, 443) }];
    let mut kinds: Vec<_> = run(&rules, &intel, &lines, &mut FlowState::default())
        .into_iter()
        .map(|threat| format!("{} {}", threat.kind, threat.entity))
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["U:EC2/TorClient eni-2", "U:Lambda/TorClient mail"]);
    // A trusted address is never the reason of a finding.
    intel.trust(THEIRS).unwrap();
    assert!(run(&rules, &intel, &lines, &mut FlowState::default()).is_empty());
}

#[test]
fn parameters_that_are_wrong() {
    let text = json!({"en": "x", "ko": "x", "ja": "x"});
    for (parameters, expected) in [
        (json!({}), "`finds` is missing"),
        (json!({"finds": "nothing"}), "`nothing` is none of"),
        (json!({"finds": "listed"}), "looks at a list"),
        (json!({"finds": "spam", "ports": [70_000]}), "`ports` is a list of ports"),
        (json!({"finds": "spam", "at-most": 3}), "`at-most` is no parameter"),
        (json!({"finds": "spam", "of": "bucket"}), "`of: bucket`"),
    ] {
        let file = json!({
            "schema": 1, "id": "P:EC2/N", "origin": "haechi", "title": text, "why": text, "severity": 5.0,
            "logs": ["vpc-flow"], "engine": {"name": "flow", "parameters": parameters}, "says": text,
            "response": {"text": text}, "examples": [],
        });
        let error = FlowRule::compile(&serde_json::from_value(file).unwrap()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn too_many_conversations_are_a_sample() {
    let rules = [rule("P:EC2/N", &[], json!({"finds": "port-sweep", "at-least": 100_000}))];
    let scan = FlowScan::new(&rules, &Intel::default());
    let target = |n: u32| format!("{}.{}.{}.7", 20 + (n >> 16), n >> 8 & 255, n & 255);
    let lines: Vec<_> = (0..200_000).map(|n| line(OURS, 44_000, &target(n), 445)).collect();
    let hours = |lines: &mut dyn Iterator<Item = &Line>| {
        let mut hours = Default::default();
        lines.for_each(|line| take(&scan, &Intel::default(), line, &mut hours));
        hours
    };
    let mut forth = hours(&mut lines.iter());
    let (mut left, right) = (hours(&mut lines[..90_000].iter()), hours(&mut lines[90_000..].iter().rev()));
    for (hour, flows) in right {
        left.entry(hour).or_default().merge(flows);
    }
    assert_eq!(forth, left);
    let hour = forth.values_mut().next().unwrap();
    assert!(hour.interfaces["eni-1"].cells.len() <= 1 << 16);
    let found = close(&rules, forth, &mut FlowState::default());
    let remotes = found[0].message.args.clone();
    assert!(found[0].count >= 40_000, "{remotes:?}");
}

fn any_line() -> impl Strategy<Value = Line> {
    let address = prop_oneof![
        (0..12_u8).prop_map(|n| format!("203.0.113.{n}")),
        (4..7_u8).prop_map(|n| format!("10.0.0.{n}")),
        (0..5_u8).prop_map(|n| format!("2001:db8::{n}")),
    ];
    let port = || prop_oneof![Just(22), Just(443), Just(53), Just(9001), Just(25), 1_u16..20, 40_000_u16..40_060];
    let rest = (0..3_usize, 0..40 * 24 * HOUR, 1..5000_u64, any::<bool>(), 0..4_usize);
    ((address.clone(), port(), address, port()), rest).prop_map(
        |((source, from, to, port), (card, at, packets, accepted, direction))| Line {
            interface: ["eni-1", "eni-2", "eni-3"][card],
            accepted,
            protocol: [6, 17, 6, 2][direction],
            direction: [None, None, Some(FlowDirection::Egress), Some(FlowDirection::Ingress)][direction],
            ..line(&source, from, &to, port).at(at).of(packets, packets * 1000)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn all_at_once_equals_hour_by_hour(
        lines in proptest::collection::vec(any_line(), 1..300).prop_shuffle(),
        threads in 1..4_usize,
        restart in any::<proptest::sample::Index>(),
    ) {
        let mut intel = Intel::default();
        intel.add(Need::TorRelays, "203.0.113.3\n2001:db8::1").unwrap();
        let rules = [
            rule("A:EC2/A", &["tor-relays"], json!({"finds": "listed"})),
            rule("A:EC2/B", &[], json!({"finds": "unusual-port", "warm-up-days": 5})),
            rule("A:EC2/C", &[], json!({"finds": "unusual-volume", "warm-up-days": 5, "at-least": 1000})),
            rule("A:EC2/D", &[], json!({"finds": "unusual-resolver", "ports": [53], "warm-up-days": 5})),
            rule("A:EC2/E", &[], json!({"finds": "denial-udp", "at-least": 1000})),
            rule("A:EC2/F", &[], json!({"finds": "brute-force", "ports": [22], "at-least": 2})),
            rule("A:EC2/G", &[], json!({"finds": "port-sweep", "at-least": 2})),
            rule("A:EC2/H", &[], json!({"finds": "spam", "ports": [25], "at-least": 1, "warm-up-days": 1})),
        ];
        let whole = run(&rules, &intel, &lines, &mut FlowState::default());
        // Threads take what they get; then the hours are merged, in any order.
        let scan = FlowScan::new(&rules, &intel);
        let mut parts: Vec<std::collections::BTreeMap<i64, FlowHour>> = vec![Default::default(); threads];
        for (at, line) in lines.iter().rev().enumerate() {
            take(&scan, &intel, line, &mut parts[at % threads]);
        }
        let mut hours: std::collections::BTreeMap<i64, FlowHour> = Default::default();
        for (hour, flows) in parts.into_iter().flatten() {
            // Each part goes out as bytes and comes back.
            let mut packer = Packer::default();
            flows.write(&mut packer);
            let again = FlowHour::read(&mut Unpacker(&packer.0)).unwrap();
            prop_assert_eq!(&again, &flows);
            hours.entry(hour).or_default().merge(again);
        }
        // Somewhere the program ends and begins again.
        let at = restart.index(hours.len());
        let later = hours.split_off(&hours.keys().copied().nth(at).unwrap());
        let mut state = FlowState::default();
        let mut found = close(&rules, hours, &mut state);
        let mut packer = Packer::default();
        state.write(&mut packer);
        let mut bytes = Unpacker(&packer.0);
        let mut again = FlowState::read(&mut bytes).unwrap();
        prop_assert!(bytes.0.is_empty() && again == state);
        found.extend(close(&rules, later, &mut again));
        let mut merged: Vec<_> = Threat::merge_all(found).into_values().collect();
        merged.sort_by_key(|a| a.id);
        prop_assert_eq!(merged, whole);
    }

    #[test]
    fn damaged_state_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = FlowState::read(&mut Unpacker(&bytes));
        let _ = FlowHour::read(&mut Unpacker(&bytes));
    }
}
