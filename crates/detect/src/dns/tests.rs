//! Hours of queries, judged.

use std::path::Path;

use haechi_model::event::{Head, Place, Record};
use haechi_model::{Log, Threat, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::pack::{Packer, Unpacker};

fn rule(id: &str, parameters: Value) -> QueryRule {
    let text = json!({"en": "{ $entity } { $domain } { $count }", "ko": "x", "ja": "x"});
    let file = json!({
        "schema": 1, "id": id, "origin": "guardduty", "title": text, "why": text, "severity": 8.0,
        "logs": ["resolver-query"], "engine": {"name": "dns", "parameters": parameters}, "says": text,
        "args": {"domain": "domain"}, "response": {"text": text}, "examples": [],
    });
    QueryRule::compile(&serde_json::from_value(file).unwrap()).unwrap()
}

fn rules() -> Vec<QueryRule> {
    vec![
        rule("T:EC2/Made", json!({"finds": "generated-domains", "at-least": 5})),
        rule(
            "T:EC2/Leak",
            json!({"finds": "exfiltration", "at-least": 20, "bytes": 500, "except": ["scanner.example", "amazonaws.com"]}),
        ),
    ]
}

#[derive(Debug, Clone)]
struct Query {
    instance: usize,
    name: String,
    code: &'static str,
    at: i64,
}

fn query(name: impl Into<String>, code: &'static str) -> Query {
    Query { instance: 0, name: name.into(), code, at: 0 }
}

fn take(query: &Query, rules: &[QueryRule], intel: &Intel, hours: &mut BTreeMap<i64, QueryHour>) {
    let fields = Fields::new(PATHS).unwrap();
    let scan = QueryScan::new(&fields);
    let mut record = json!({"query_name": query.name, "rcode": query.code, "srcaddr": "10.0.0.5", "at": query.at});
    if query.instance > 0 {
        record["srcids"] = json!({"instance": format!("i-{}", query.instance)});
    }
    let text = record.to_string();
    let mut slots = Vec::new();
    fields.read(text.as_bytes(), 0, &mut slots).unwrap();
    let id = Key::of(&text).0.to_string();
    let head = Head {
        log: Log::ResolverQuery,
        id: &id,
        time: Timestamp::from_seconds(query.at),
        source: "route53resolver.amazonaws.com",
        name: "A",
        account: Some("111122223333"),
        region: Some("eu-west-1"),
    };
    let record = Record::of_json(&text, &fields, &slots);
    let event = Event { record, head, place: Place { file: Path::new("f"), record: 1 } };
    scan.take(&event, rules, intel, hours.entry(query.at.div_euclid(3600)).or_default());
}

use crate::key::Key;

fn close(hours: BTreeMap<i64, QueryHour>, rules: &[QueryRule]) -> Vec<Threat> {
    let mut found = Vec::new();
    hours.into_values().for_each(|hour| hour.close(rules, &mut |threat| found.push(threat)));
    let mut merged: Vec<_> = Threat::merge_all(found).into_values().collect();
    merged.sort_by_key(|a| a.id);
    merged
}

fn check(queries: Vec<Query>, expected: &[&str]) {
    let mut hours = BTreeMap::new();
    queries.iter().for_each(|query| take(query, &rules(), &Intel::default(), &mut hours));
    let found: Vec<_> = close(hours, &rules())
        .into_iter()
        .map(|threat| format!("{} {} {}", threat.kind, threat.entity, threat.message.args["domain"].as_str().unwrap()))
        .collect();
    assert_eq!(found, expected);
}

/// Letters by chance, the same each time.
fn chance(seed: u64, count: usize) -> String {
    let mut state = Key(seed).with(7).0;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"qxzjkvwhpbgmyf"[(state >> 40) as usize % 14]
    };
    (0..count).map(|_| char::from(letter())).collect()
}

fn hex(seed: u64) -> String {
    (0..3).map(|part| format!("{:016x}", Key(seed).with(part).0)).collect()
}

#[test]
fn domains_that_machines_make_up() {
    let made = |code| (0..8).map(|n| query(format!("{}.com.", chance(n, 12)), code)).collect::<Vec<_>>();
    let first = (0..8).map(|n| format!("{}.com", chance(n, 12))).min().unwrap();
    check(made("NXDOMAIN"), &[&format!("T:EC2/Made 10.0.0.5 {first}")]);
    check(made("NOERROR"), &[]);
    check(made("NXDOMAIN")[..4].to_vec(), &[]);
    let names =
        ["amazonaws", "cloudfront", "microsoftonline", "googleapis", "ubuntu", "debian", "kubernetes", "datadoghq"];
    check(names.map(|name| query(format!("{name}.com."), "NXDOMAIN")).to_vec(), &[]);
    // One domain below which chance rules is one domain.
    check((0..50).map(|n| query(format!("{}.example.com.", chance(n, 12)), "NXDOMAIN")).collect(), &[]);
    // Names that are looked up backwards, and those of AWS.
    check((0..50).map(|n| query(format!("{n}.0.0.10.in-addr.arpa."), "NXDOMAIN")).collect(), &[]);
    let aws = |n: u64| format!("internal-{}-1234567890.eu-west-1.elb.amazonaws.com.", chance(n, 8));
    check((0..50).map(|n| query(aws(n), "NXDOMAIN")).collect(), &[]);
}

#[test]
fn data_that_leaves_in_names() {
    let leak = |domain: &str| (0..40).map(|n| query(format!("{}.{domain}.", hex(n)), "NOERROR")).collect::<Vec<_>>();
    check(leak("evil.example"), &["T:EC2/Leak 10.0.0.5 evil.example"]);
    check(leak("x.evil.co.uk"), &["T:EC2/Leak 10.0.0.5 evil.co.uk"]);
    check(leak("scanner.example"), &[]);
    check(leak("evil.example")[..10].to_vec(), &[]);
    // One name again and again carries nothing.
    check(vec![leak("evil.example")[0].clone(); 100], &[]);
    check((0..100).map(|n| query(format!("host-{n}.some-ordinary-subdomain.example.com."), "NOERROR")).collect(), &[]);
    let of_instance = leak("evil.example").into_iter().map(|query| Query { instance: 3, ..query }).collect();
    check(of_instance, &["T:EC2/Leak i-3 evil.example"]);
}

fn any_query() -> impl Strategy<Value = Query> {
    let name = prop_oneof![
        (0..40_u64).prop_map(|n| format!("{}.com", chance(n, 11))),
        (0..200_u64).prop_map(|n| format!("{}.evil.example", hex(n))),
        "[a-z]{1,8}\\.[a-z]{2,5}",
    ];
    (name, 0..3_usize, any::<bool>(), 0..10_800_i64).prop_map(|(name, instance, missing, at)| Query {
        instance,
        name,
        code: if missing { "NXDOMAIN" } else { "NOERROR" },
        at,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]
    #[test]
    fn order_and_parts_make_no_difference(queries in proptest::collection::vec(any_query(), 1..400), threads in 1..4_usize) {
        let intel = Intel::default();
        let mut whole = BTreeMap::new();
        queries.iter().for_each(|query| take(query, &rules(), &intel, &mut whole));
        let mut parts = vec![BTreeMap::new(); threads];
        for (at, query) in queries.iter().rev().enumerate() {
            take(query, &rules(), &intel, &mut parts[at % threads]);
        }
        let mut merged: BTreeMap<i64, QueryHour> = BTreeMap::new();
        for (hour, part) in parts.into_iter().flatten() {
            // Each part goes out as bytes and comes back.
            let mut packer = Packer::default();
            part.write(&mut packer);
            let again = QueryHour::read(&mut Unpacker(&packer.0)).unwrap();
            prop_assert_eq!(&again, &part);
            merged.entry(hour).or_default().merge(again);
        }
        prop_assert_eq!(close(whole, &rules()), close(merged, &rules()));
    }

    #[test]
    fn no_name_breaks_it(name in any::<String>()) {
        take(&query(name, "NXDOMAIN"), &rules(), &Intel::default(), &mut BTreeMap::new());
    }

    #[test]
    fn damaged_hours_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = QueryHour::read(&mut Unpacker(&bytes));
    }
}
