//! Stories of the network: what flow logs and queries say of an instance, an address and a domain, in any order.

use std::path::Path;

use haechi_model::event::{Flow, FlowAction, Place};
use haechi_model::{EntityKind, Log, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::intel::{AddressFacts, Geography, Intel};

const INSTANCE: &str = "i-0123456789abcdef0";
const INTERFACE: &str = "eni-0123456789abcdef0";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0";
const OWN: &str = "10.0.1.5";
const EVIL: &str = "198.51.100.7";
const HOUR: i64 = 3_600;
/// 2026-03-21T09:00:00Z
const ATTACK: i64 = 1_774_083_600;

#[derive(Debug, Clone)]
struct Line {
    text: String,
    interface: &'static str,
    source: String,
    destination: String,
    ports: (u16, u16),
    bytes: u64,
    start: i64,
    accepted: bool,
}

fn line(start: i64, source: &str, from: u16, destination: &str, to: u16, bytes: u64) -> Line {
    let text = format!("{start} {source} {from} {destination} {to} {bytes}");
    let (source, destination) = (source.to_owned(), destination.to_owned());
    Line { text, interface: INTERFACE, source, destination, ports: (from, to), bytes, start, accepted: true }
}

impl Line {
    fn refused(mut self) -> Self {
        self.accepted = false;
        self
    }

    fn flow(&self, record: u64) -> Flow<'_> {
        let mut flow = Flow::of_line(&self.text, Place { file: Path::new("flows.log"), record });
        flow.account = "111122223333";
        flow.region = "us-east-1";
        flow.interface = self.interface;
        flow.instance = INSTANCE;
        flow.vpc = "vpc-1";
        (flow.source, flow.destination) = (self.source.parse().ok(), self.destination.parse().ok());
        (flow.source_port, flow.destination_port) = self.ports;
        flow.protocol = 6;
        (flow.packets, flow.bytes) = (10, self.bytes);
        (flow.start, flow.end) = (self.start, self.start + 60);
        flow.action = if self.accepted { FlowAction::Accept } else { FlowAction::Reject };
        flow
    }
}

fn query(start: i64, name: &str, code: &str, answer: Option<&str>) -> Query {
    Query {
        time: Timestamp::from_seconds(start),
        event_id: format!("query-{start}-{name}"),
        account: Some("111122223333".to_owned()),
        region: Some("us-east-1".to_owned()),
        name: name.to_owned(),
        kind: "A".to_owned(),
        code: code.to_owned(),
        instance: Some(INSTANCE.to_owned()),
        address: Some(OWN.to_owned()),
        answers: answer.into_iter().map(str::to_owned).collect(),
        file: "queries.log".to_owned(),
        record: 1,
    }
}

fn step(seconds: i64, address: &str) -> Step {
    Step {
        time: Timestamp::from_seconds(seconds),
        event_id: format!("call-{seconds}"),
        log: Log::CloudTrail,
        source: "s3.amazonaws.com".to_owned(),
        name: "ListBuckets".to_owned(),
        account: Some("111122223333".to_owned()),
        region: Some("us-east-1".to_owned()),
        principal: Some("arn:aws:iam::111122223333:role/web".to_owned()),
        session: Some(SESSION.to_owned()),
        access_key: None,
        address: Some(address.to_owned()),
        user_agent: None,
        error: None,
        targets: Vec::new(),
        read_only: true,
        by_service: false,
        file: "trail.json".to_owned(),
        record: 1,
    }
}

/// Ten days as always, then a door that is tried, and 4 GB to an address that a new name leads to.
fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for hour in 0..240 {
        let start = ATTACK - (241 - hour) * HOUR;
        lines.push(line(start, OWN, 40_000, "203.0.113.10", 443, 20_000));
        lines.push(line(start + 1, "203.0.113.10", 443, OWN, 40_000, 50_000));
        lines.push(line(start + 2, "192.0.2.9", 51_000, OWN, 8443, 900));
    }
    for at in 0..40 {
        lines.push(line(ATTACK + at * 60, OWN, 50_000 + at as u16, EVIL, 4444, 100_000_000));
        let port = [22, 23, 3389][at as usize % 3];
        lines.push(line(ATTACK + at * 60, &format!("192.0.2.{at}"), 60_000, OWN, port, 40).refused());
    }
    lines
}

fn queries() -> Vec<Query> {
    let mut queries: Vec<_> = (0..20)
        .map(|day| query(ATTACK - (20 - day) * 12 * HOUR, "api.example.com", "NOERROR", Some("203.0.113.10")))
        .collect();
    queries.push(query(ATTACK - 30, "c2.evil.example", "NOERROR", Some(EVIL)));
    queries.extend((0..5).map(|at| query(ATTACK + at, &format!("x{at}.evil.example"), "NXDOMAIN", None)));
    queries
}

fn told(word: &str, lines: &[Line], queries: &[Query], intel: &Intel) -> Story {
    let mut cast = Cast::about(word);
    for (at, line) in lines.iter().enumerate() {
        cast.flow(&line.flow(at as u64 + 1), intel.owners());
    }
    queries.iter().for_each(|query| cast.query(query));
    let actor = cast.actor(word, intel.owners());
    let day = 24 * HOUR;
    let window = Window { from: Timestamp::from_seconds(ATTACK - HOUR), to: Timestamp::from_seconds(ATTACK + day) };
    let mut teller = Teller::new(actor, window);
    for (at, line) in lines.iter().enumerate() {
        teller.flow(&line.flow(at as u64 + 1), intel);
    }
    queries.iter().for_each(|query| teller.query(query));
    teller.take(step(ATTACK + 300, EVIL), intel);
    teller.tell(&[], intel)
}

#[test]
fn an_instances_network_is_told() {
    let story = told(INSTANCE, &lines(), &queries(), &Intel::default());
    let flows = story.network.flows.as_ref().unwrap();
    assert_eq!((flows.claim.count, flows.rejected, flows.bytes_sent), (80, 40, 4_000_000_000));
    assert!(flows.unusual && flows.usual.unwrap().most == 20_000 && flows.usual.unwrap().hours == 240);
    let talk = &story.network.talks[0];
    assert_eq!((talk.other.as_str(), talk.port.as_str(), talk.began), (EVIL, "4444/tcp", Began::Own));
    assert_eq!(talk.name.as_deref(), Some("c2.evil.example"));
    assert!(talk.new && talk.claim.event_ids.iter().all(|id| id.starts_with("flow-")));
    assert_eq!(talk.claim.event_ids.len(), talk.claim.records.len());
    assert!(talk.claim.records[0].starts_with("flows.log:"));
    let refused = &story.network.refused[0];
    assert_eq!((refused.began, refused.claim.count, refused.others, refused.ports), (Began::Other, 40, 40, 3));
    let news: Vec<_> = story.new.iter().map(|new| (new.kind, new.value.as_str(), new.among)).collect();
    assert_eq!(
        news,
        [
            ("domain", "evil.example", "organization"),
            ("port", "4444/tcp", "organization"),
            ("peer", EVIL, "organization")
        ]
    );
    // The call of its role's session stands in the same story, between the flows: one line each, not one a packet.
    assert!(story.lines.iter().any(|line| line.calls.contains_key("s3:ListBuckets")));
    assert!(story.lines.len() <= 8, "{}", story.lines.len());
    assert!(story.lines.is_sorted_by_key(|line| line.claim.first));
    let asked = &story.network.asked[0];
    assert_eq!((asked.domain.as_str(), asked.claim.count, asked.missing, asked.names), ("evil.example", 6, 5, 6));
    let edge = |kind: &str| story.graph.edges.iter().find(|edge| edge.kind == kind);
    for kind in ["talked-to", "asked", "resolved-to", "interface-of", "address-of"] {
        assert!(edge(kind).is_some_and(|edge| !edge.event_ids.is_empty()), "{kind}");
    }
    assert!(story.graph.edges.iter().any(|edge| edge.port.as_deref() == Some("4444/tcp")));
    assert_eq!((story.before.flows, story.before.queries), (720, 20));
}

#[test]
fn an_addresss_network_is_told() {
    let story = told(EVIL, &lines(), &queries(), &Intel::default());
    let flows = story.network.flows.as_ref().unwrap();
    assert_eq!((flows.bytes_sent, flows.bytes_received), (0, 4_000_000_000), "seen from the address");
    let talk = &story.network.talks[0];
    assert_eq!((talk.own.as_str(), talk.other.as_str(), talk.began), (EVIL, OWN, Began::Other));
    assert_eq!(talk.instance.as_deref(), Some(INSTANCE));
    let link = story.network.links.iter().find(|link| link.kind == "resolved-to").unwrap();
    assert_eq!((link.from.id.as_str(), link.event_ids.len()), ("c2.evil.example", 1));
    assert_eq!(story.events, 1, "the call from there");
    assert!(story.new.is_empty(), "it was never there before: nothing to compare with");
}

#[test]
fn a_private_address_stands_for_its_only_interface() {
    let story = told(OWN, &lines(), &[], &Intel::default());
    let kinds: Vec<_> = story.network.links.iter().map(|link| (link.kind, link.to.id.as_str())).collect();
    assert!(kinds.contains(&("address-of", INTERFACE)) && kinds.contains(&("interface-of", INSTANCE)), "{kinds:?}");
    assert_eq!(story.events, 1, "its role's session acted");
    // Two networks with the same address: neither is meant.
    let mut two = lines();
    two.push(Line { interface: "eni-0fedcba9876543210", ..line(ATTACK, OWN, 1, EVIL, 443, 1) });
    assert_eq!(told(OWN, &two, &[], &Intel::default()).events, 0);
}

#[test]
fn a_domains_network_is_told() {
    let story = told("evil.example", &lines(), &queries(), &Intel::default());
    assert_eq!(story.kind, EntityKind::Domain);
    assert_eq!(story.network.asked[0].by, INSTANCE);
    let flows = story.network.flows.as_ref().unwrap();
    assert_eq!(flows.bytes_received, 4_000_000_000, "of the address that it leads to");
    // Not below another's name.
    assert!(told("vil.example", &lines(), &queries(), &Intel::default()).network.asked.is_empty());
}

#[test]
fn what_the_inventory_knows_links_flows_without_instances() {
    let mut intel = Intel::default();
    intel.own(&serde_json::json!({
        "resourceType": "AWS::EC2::NetworkInterface", "resourceId": INTERFACE,
        "configuration": {"networkInterfaceId": INTERFACE, "attachment": {"instanceId": "i-0fedcba9876543210"},
            "privateIpAddresses": [{"privateIpAddress": OWN}]}
    }));
    let story = told("i-0fedcba9876543210", &lines(), &[], &intel);
    assert_eq!(story.network.flows.as_ref().unwrap().claim.count, 80);
    let link = story.network.links.iter().find(|link| link.kind == "interface-of").unwrap();
    assert_eq!((link.basis, link.event_ids.is_empty()), ("inventory", true));
}

struct Places;

impl Geography for Places {
    fn facts(&self, address: core::net::IpAddr) -> AddressFacts {
        let seoul = !address.to_string().starts_with("198.");
        let (latitude, longitude) = if seoul { (37.5, 127.0) } else { (48.9, 2.3) };
        AddressFacts {
            country: Some(if seoul { "KR" } else { "FR" }.into()),
            latitude: Some(latitude),
            longitude: Some(longitude),
            ..AddressFacts::default()
        }
    }

    fn has_places(&self) -> bool {
        true
    }

    fn has_networks(&self) -> bool {
        false
    }
}

#[test]
fn nobody_is_in_two_places() {
    let mut intel = Intel::default();
    intel.know(std::sync::Arc::new(Places));
    let travels = |steps: Vec<Step>| {
        let cast = Cast::about(INSTANCE);
        let window =
            Window { from: Timestamp::from_seconds(ATTACK - HOUR), to: Timestamp::from_seconds(ATTACK + 24 * HOUR) };
        let mut teller = Teller::new(cast.actor(INSTANCE, intel.owners()), window);
        steps.into_iter().for_each(|step| teller.take(step, &intel));
        teller.tell(&[], &intel).travel
    };
    let found = travels(vec![step(ATTACK, "203.0.113.9"), step(ATTACK + HOUR, EVIL)]);
    assert_eq!(found[0].event_ids, [format!("call-{ATTACK}"), format!("call-{}", ATTACK + HOUR)]);
    assert!((8_000.0..10_000.0).contains(&found[0].kilometers_an_hour), "{found:?}");
    assert!(travels(vec![step(ATTACK, "203.0.113.9"), step(ATTACK + 23 * HOUR, EVIL)]).is_empty(), "time enough");
    // Each session of a role is somebody's own.
    let mut other = step(ATTACK + HOUR, EVIL);
    other.session = Some(SESSION.replace("abcdef0", "abcdef1"));
    assert!(travels(vec![step(ATTACK, "203.0.113.9"), other]).is_empty());
    // The country of a new peer is new.
    let story = told(INSTANCE, &lines(), &[], &intel);
    assert!(story.new.iter().any(|new| new.kind == "peer-country" && new.value == "FR"), "{:?}", story.new);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn the_order_of_lines_does_not_matter(seed in any::<u64>()) {
        // By hash: another order for each seed. Places in files are of the line, not of the order.
        let number = |line: &Line| crate::key::Key::of(&line.text).with(seed).0;
        let mut shuffled = lines();
        shuffled.sort_by_key(number);
        let tell = |lines: &[Line]| {
            let mut story = told(INSTANCE, lines, &queries(), &Intel::default());
            story.network.talks.iter_mut().for_each(|talk| talk.claim.records.clear());
            (story.new.iter().map(|new| (new.kind, new.value.clone(), new.claim.event_ids.clone())).collect::<Vec<_>>(),
             story.network.talks, story.lines.len(), story.before)
        };
        prop_assert_eq!(tell(&shuffled), tell(&lines()));
    }
}
