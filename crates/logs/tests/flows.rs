//! Flow logs and Resolver query logs as they come: every form, every damage, every line accounted for.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use haechi_logs::{Event, FileKind, Flow, FlowFormat, FlowFormatError, Limits, LogFields, Reader, Receiver, Summary};
use haechi_model::Log;
use haechi_model::event::{FlowAction, FlowDirection};
use proptest::prelude::*;

const HEAD: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const LINE: &str =
    "2 111122223333 eni-0a1b2c3d 10.0.0.5 203.0.113.9 44000 443 6 20 4249 1772442000 1772442060 ACCEPT OK";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

/// What came of it, in short.
#[derive(Default)]
struct Seen {
    flows: Vec<String>,
    events: Vec<String>,
    slots: Vec<Option<String>>,
    wanted: LogFields,
}

impl Receiver for Seen {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        let name = self.wanted.slot(event.log(), "query_name").or(self.wanted.slot(event.log(), "dstport"));
        self.slots.push(name.and_then(|slot| event.text(slot)).map(|text| text.into_owned()));
        self.events.push(format!("{} {} {}", event.log(), event.name(), event.time()));
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        let end = |address: Option<core::net::IpAddr>| address.map_or("-".to_owned(), |address| address.to_string());
        self.flows.push(format!(
            "{} {} {}:{} {}:{} {} {}/{} {} {:?}",
            flow.account,
            flow.interface,
            end(flow.source),
            flow.source_port,
            end(flow.destination),
            flow.destination_port,
            flow.protocol,
            flow.packets,
            flow.bytes,
            flow.start,
            flow.action,
        ));
        ControlFlow::Continue(())
    }
}

fn read_named(name: &str, bytes: &[u8], columns: bool, format: Option<&str>, limits: Limits) -> (Seen, Summary) {
    let mut wanted = LogFields::default();
    wanted.want_flows();
    wanted.want(Log::ResolverQuery, ["query_name", "answers.Rdata"]).unwrap();
    if columns {
        wanted.want(Log::VpcFlow, ["dstport", "tcp-flags"]).unwrap();
    }
    let mut seen = Seen { wanted: wanted.clone(), ..Seen::default() };
    let mut reader = Reader::of_with(&wanted, limits, 1 << 20);
    if let Some(format) = format {
        reader = reader.flow_format(FlowFormat::parse(format).unwrap());
    }
    assert_eq!(reader.read_bytes(Path::new(name), bytes, &mut seen), ControlFlow::Continue(()));
    (seen, reader.finish())
}

fn read(bytes: &[u8]) -> (Seen, Summary) {
    read_named("x.log", bytes, false, None, Limits::default())
}

/// The flows of a text, what is no flow, and the problems: at once and through a window.
fn check(text: &str, flows: &[&str], others: u64, problems: &[&str]) {
    for limits in [Limits::default(), Limits { whole: 0, ..Limits::default() }] {
        let (seen, summary) = read_named("x.log", text.as_bytes(), false, None, limits);
        let said: Vec<_> =
            summary.problems.iter().map(|one| format!("{}: {}", one.line.unwrap_or(0), one.what)).collect();
        assert_eq!(seen.flows, flows, "{said:?}");
        assert_eq!((summary.others, said.len()), (others, problems.len()), "{said:?}");
        for (said, expected) in said.iter().zip(problems) {
            assert!(said.starts_with(expected), "`{said}` is not `{expected}...`");
        }
        assert_eq!(summary.text_bytes, text.len() as u64);
    }
}

const SEEN: &str = "111122223333 eni-0a1b2c3d 10.0.0.5:44000 203.0.113.9:443 6 20/4249 1772442000 Accept";

#[test]
fn every_form_of_flow_logs() {
    check(&format!("{HEAD}\n{LINE}\n"), &[SEEN], 1, &[]);
    check(&format!("{LINE}\r\n{LINE}"), &[SEEN, SEEN], 0, &[]);
    // CloudWatch Logs puts a time before each message.
    check(&format!("2026-03-02T09:00:00.000Z {LINE}\n"), &[SEEN], 0, &[]);
    // Several headings, each with an order of its own.
    let other = "dstaddr srcaddr start bytes packets\n203.0.113.9 10.0.0.5 1772442000 5 1";
    check(&format!("{HEAD}\n{LINE}\n{other}\n"), &[SEEN, "  10.0.0.5:0 203.0.113.9:0 0 1/5 1772442000 Unsaid"], 2, &[]);
    let nothing = "2 111122223333 eni-0a1b2c3d - - - - - - - 1772442000 1772442060 - NODATA";
    let lost = "2 111122223333 eni-0a1b2c3d - - - - - - - 1772442000 1772442060 - SKIPDATA";
    check(&format!("{nothing}\n{lost}\n{LINE}\n"), &[SEEN], 2, &[]);
    assert_eq!(read(format!("{lost}\n").as_bytes()).1.lost, 1);
    // Unknown fields are passed over.
    check(
        "srcaddr dstaddr start a-new-field\n2001:db8::1 fd00::2 1772442000 x/y\n",
        &["  2001:db8::1:0 fd00::2:0 0 0/0 1772442000 Unsaid"],
        1,
        &[],
    );
    let (seen, summary) = read(&gzip(format!("{HEAD}\n{LINE}\n").as_bytes()));
    assert_eq!((seen.flows.len(), summary.files.into_iter().collect::<Vec<_>>()), (1, vec![(FileKind::Log, 1)]));
    let (seen, summary) = read(serde_json::json!({"message": LINE}).to_string().as_bytes());
    assert_eq!((seen.flows.as_slice(), summary.by_log[&Log::VpcFlow]), (&[SEEN.to_owned()][..], 1));
    let envelope = serde_json::json!({"messageType": "DATA_MESSAGE", "owner": "999988887777", "logGroup": "flows", "logStream": "eni-1",
        "logEvents": [{"id": "1", "timestamp": 1_772_442_000_000_i64, "message": LINE}, {"id": "2", "timestamp": 1, "message": LINE}]});
    assert_eq!(read(envelope.to_string().as_bytes()).0.flows, [SEEN, SEEN]);
    let control =
        serde_json::json!({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "probe"}]}).to_string();
    let (seen, summary) = read(format!("{control}{envelope}").as_bytes());
    assert_eq!((seen.flows.len(), summary.problems.len()), (2, 0));
}

#[test]
fn every_column_is_read() {
    let head = "version vpc-id instance-id tcp-flags pkt-srcaddr pkt-dstaddr region flow-direction srcaddr dstaddr start interface-id";
    let line = "5 vpc-1 i-1 2 10.1.1.1 203.0.113.10 eu-west-1 egress 10.0.0.5 203.0.113.9 1772442000 eni-1";
    struct One;
    impl Receiver for One {
        fn event(&mut self, _: &Event<'_>) -> ControlFlow<()> {
            panic!("nobody asked for columns")
        }
        fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
            assert_eq!((flow.vpc, flow.instance, flow.region, flow.interface), ("vpc-1", "i-1", "eu-west-1", "eni-1"));
            assert_eq!((flow.tcp_flags, flow.direction), (Some(2), Some(FlowDirection::Egress)));
            assert_eq!(flow.packet_source.unwrap().to_string(), "10.1.1.1");
            assert_eq!(flow.packet_destination.unwrap().to_string(), "203.0.113.10");
            assert_eq!((flow.action, flow.transit), (FlowAction::Unsaid, false));
            ControlFlow::Break(())
        }
    }
    let mut wanted = LogFields::default();
    wanted.want_flows();
    let mut reader = Reader::of(&wanted);
    let text = format!("{head}\n{line}\n");
    assert_eq!(reader.read_bytes(Path::new("x"), text.as_bytes(), &mut One), ControlFlow::Break(()));
    assert_eq!(reader.finish().events, 1);
}

#[test]
fn columns_for_who_asks() {
    let (seen, summary) = read_named("x.log", format!("{LINE}\n").as_bytes(), true, None, Limits::default());
    assert_eq!((seen.flows.len(), seen.slots, summary.events), (1, vec![Some("443".to_owned())], 1));
    assert_eq!(seen.events, ["vpc-flow ACCEPT 2026-03-02T09:00:00Z"]);
}

#[test]
fn formats_that_the_user_names() {
    let line = "1772442000 10.0.0.5 203.0.113.9 7";
    let (seen, summary) = read_named(
        "x.log",
        format!("{line}\n").as_bytes(),
        false,
        Some("${start} ${srcaddr} ${dstaddr} ${packets}"),
        Limits::default(),
    );
    assert_eq!(
        (seen.flows.as_slice(), summary.problems.len()),
        (&["  10.0.0.5:0 203.0.113.9:0 0 7/0 1772442000 Unsaid".to_owned()][..], 0)
    );
    assert_eq!(FlowFormat::parse("${srcaddr} ${what}"), Err(FlowFormatError::Unknown("what".into())));
    assert_eq!(FlowFormat::parse("srcaddr dstaddr"), Err(FlowFormatError::Little));
}

#[test]
fn the_path_tells_what_the_lines_do_not() {
    let path = "AWSLogs/444455556666/vpcflowlogs/eu-west-1/2026/03/02/444455556666_vpcflowlogs_eu-west-1_fl-1_20260302T0900Z_x.log.gz";
    let text = "srcaddr dstaddr start\n10.0.0.5 203.0.113.9 1772442000\n";
    let (_, summary) = read_named(path, text.as_bytes(), false, None, Limits::default());
    let (account, regions) = summary.coverage.into_iter().next().unwrap();
    assert_eq!((account.as_str(), &*regions.into_keys().next().unwrap()), ("444455556666", "eu-west-1"));
}

#[test]
fn damaged_lines_are_named() {
    let wrong = "not a line of this format";
    check(&format!("{LINE}\n{LINE} extra\n{LINE}\n"), &[SEEN, SEEN], 0, &[&format!("2: {wrong}")]);
    for (from, to) in [
        ("10.0.0.5", "10.0.0.256"),
        ("44000", "70000"),
        (" 6 ", " 300 "),
        ("4249", "99999999999999999999"),
        ("ACCEPT", "MAYBE"),
        ("1772442000", "x"),
        (" OK", ""),
    ] {
        check(&format!("{LINE}\n{}\n", LINE.replacen(from, to, 1)), &[SEEN], 0, &[&format!("2: {wrong}")]);
    }
    // A line that is not UTF-8 does not spoil the others.
    let bytes = [format!("{LINE}\n").as_bytes(), b"\xff\xfe\n", format!("{LINE}\n").as_bytes()].concat();
    let (seen, summary) = read(&bytes);
    assert_eq!((seen.flows.len(), summary.problems.len()), (2, 1));
    // A heading of too little is no heading.
    check(&format!("{LINE}\nsrcport dstport bytes\n"), &[SEEN], 0, &["2: its fields are not enough"]);
    let (_, summary) = read(b"PAR1\x15\x04");
    assert!(summary.problems[0].what.contains("Parquet"), "{:?}", summary.problems);
    // One line that never ends.
    let long = format!("{LINE}\n{}\n{LINE}\n", "x".repeat(300));
    let limits = Limits { record: 200, whole: 0, ..Limits::default() };
    let (seen, summary) = read_named("x.log", long.as_bytes(), false, None, limits);
    assert_eq!((seen.flows.len(), summary.problems.len()), (2, 1));
}

const QUERY: &str = r#"{"version":"1.100000","account_id":"111122223333","region":"us-east-1","vpc_id":"vpc-1","query_timestamp":"2026-03-02T09:00:00Z","query_name":"example.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"203.0.113.9","Type":"A","Class":"IN"}],"srcaddr":"10.0.0.5","srcport":"50000","transport":"UDP","srcids":{"instance":"i-1"}}"#;

#[test]
fn every_form_of_query_logs() {
    let told = "resolver-query A 2026-03-02T09:00:00Z";
    let other = QUERY.replace("50000", "50001");
    for text in [
        format!("{QUERY}\n{other}\n"),
        // Firehose puts nothing between records.
        format!("{QUERY}{other}"),
        format!("2026-03-02T09:00:00.000Z {QUERY}\n2026-03-02T09:00:00.000Z {other}\n"),
        serde_json::json!({"messageType": "DATA_MESSAGE", "logEvents": [{"message": QUERY}, {"message": other}]})
            .to_string(),
        serde_json::json!({"events": [{"logStreamName": "s", "timestamp": 1, "message": QUERY}, {"message": other}]})
            .to_string(),
    ] {
        let (seen, summary) = read(text.as_bytes());
        assert_eq!(
            (seen.events.as_slice(), summary.problems.len()),
            (&[told.to_owned(), told.to_owned()][..], 0),
            "{text}"
        );
        assert_eq!(seen.slots[0].as_deref(), Some("example.com."));
    }
    // The same record counts once.
    assert_eq!(read(format!("{QUERY}\n{QUERY}\n").as_bytes()).1.duplicates, 1);
    let wrong = QUERY.replace("2026-03-02T09:00:00Z", "yesterday");
    assert_eq!(read(wrong.as_bytes()).1.problems.len(), 1);
}

#[test]
fn logs_that_nobody_asked_for() {
    let trail = r#"{"Records":[{"eventID":"a","eventTime":"2026-03-02T09:00:00Z","eventSource":"s","eventName":"n"}]}"#;
    let (seen, summary) = read(trail.as_bytes());
    assert_eq!((seen.events.len(), summary.files.into_iter().collect::<Vec<_>>()), (0, vec![(FileKind::Unwanted, 1)]));
    // Records of several logs in one text.
    let (seen, summary) = read(format!("{QUERY}\n{}\n{{\"x\":1}}\n", serde_json::json!({"message": LINE})).as_bytes());
    assert_eq!((seen.events.len(), seen.flows.len(), summary.problems.len()), (1, 1, 1));
}

proptest! {
    #[test]
    fn every_line_is_accounted_for(lines in proptest::collection::vec(prop_oneof![
        Just(LINE.to_owned()),
        Just(HEAD.to_owned()),
        Just("2 111122223333 eni-1 - - - - - - - 1772442000 1772442060 - NODATA".to_owned()),
        "[ -~]{1,60}".prop_filter("neither JSON nor blank", |line| !line.trim().is_empty() && !line.trim_start().starts_with(['{', '['])),
        (any::<prop::sample::Index>(), any::<char>()).prop_map(|(at, letter)| {
            let mut line = LINE.to_owned();
            line.insert(at.index(line.len()), letter);
            line.replace(['\n', '\r'], " ")
        }),
    ], 0..30)) {
        let text = format!("{LINE}\n{}\n", lines.join("\n"));
        let (seen, summary) = read(text.as_bytes());
        let problems = summary.problems.len() as u64 + summary.problems_unlisted;
        prop_assert_eq!(summary.events + summary.duplicates + summary.others + problems, lines.len() as u64 + 1);
        prop_assert_eq!(summary.events, seen.flows.len() as u64);
        prop_assert_eq!(summary.text_bytes, text.len() as u64);
    }
}
