//! ENCRYPTED_VOLUMES on one volume: Haechi's rule and the same check in Guard, on the same bytes, in one run.
//!
//! `cargo run --release --manifest-path benches/peers/guard/Cargo.toml [ROUNDS]`. Both sides read the item from
//! its JSON text each time. Haechi's rule is compiled once, as in every run; the crate's only function takes the
//! rule as text and compiles it on each call, so its time without the item's rule (an empty document) is shown too.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use cfn_guard::{ValidateInput, run_checks};
use haechi_content::Content;
use haechi_model::{Compliance, ConfigurationItem, RuleInstance, Timestamp};
use haechi_rules::{CompiledRule, Judge, Recording, World, effective_parameters};

const RULE: &str = r#"
rule encrypted_volumes when resourceType == "AWS::EC2::Volume" {
    configuration.attachments empty or
    configuration.encrypted == true
}
"#;

fn item(encrypted: bool) -> String {
    serde_json::json!({
        "version": "1.3", "accountId": "123456789012", "configurationItemCaptureTime": "2026-11-20T03:00:00Z", "configurationItemStatus": "OK",
        "arn": "arn:aws:ec2:us-east-1:123456789012:volume/vol-0a", "resourceType": "AWS::EC2::Volume", "resourceId": "vol-0a", "awsRegion": "us-east-1",
        "configuration": {"attachments": [{"instanceId": "i-0a", "state": "attached", "device": "/dev/xvda", "volumeId": "vol-0a", "deleteOnTermination": true}],
            "availabilityZone": "us-east-1a", "createTime": "2026-04-02T01:10:02.000Z", "encrypted": encrypted, "size": 30, "state": "in-use", "volumeId": "vol-0a", "iops": 3000, "volumeType": "gp3"},
    })
    .to_string()
}

fn main() {
    let rounds: u32 = std::env::args().nth(1).map_or(2000, |word| word.parse().expect("ROUNDS is a number"));
    let content = Content::embedded();
    let rule = content.rule("ENCRYPTED_VOLUMES").expect("the rule is built in");
    let compiled = Arc::new(CompiledRule::compile(&rule.file, content.types()).expect("the rule compiles"));
    let parameters = effective_parameters(&rule.file, &BTreeMap::new()).expect("defaults");
    let judge = Judge::new(vec![(compiled, RuleInstance::new("ENCRYPTED_VOLUMES", parameters, None))]);
    let (world, now) = (World::builder().build(), Timestamp::from_seconds(1_763_600_000));
    let ours = |text: &str| {
        let item = ConfigurationItem::parse(text.as_bytes()).expect("the item is an item");
        judge.evaluate(&world, now, &item, Recording::Off)[0].compliance
    };
    let theirs = |text: &str, rule: &str| {
        let data = ValidateInput { content: text, file_name: "item.json" };
        run_checks(data, ValidateInput { content: rule, file_name: "rule.guard" }, false).expect("guard runs")
    };
    for (encrypted, compliance, status) in
        [(true, Compliance::Compliant, "\"PASS\""), (false, Compliance::NonCompliant, "\"FAIL\"")]
    {
        let text = item(encrypted);
        assert_eq!(ours(&text), compliance);
        assert!(theirs(&text, RULE).replace(' ', "").contains(status), "{}", theirs(&text, RULE));
        let time = |work: &mut dyn FnMut()| {
            let begun = Instant::now();
            (0..rounds).for_each(|_| work());
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
        };
        // In turn, twice, so that a drift of the machine meets both.
        let (mut a, mut b) = (f64::MAX, f64::MAX);
        for _ in 0..3 {
            a = a.min(time(&mut || {
                black_box(ours(&text));
            }));
            b = b.min(time(&mut || drop(black_box(theirs(&text, RULE)))));
        }
        // In an assessment an item is read once and judged by every rule of its type: the check alone.
        let read = ConfigurationItem::parse(text.as_bytes()).expect("the item is an item");
        let alone = time(&mut || drop(black_box(judge.evaluate(&world, now, &read, Recording::Off))));
        let empty = time(&mut || drop(black_box(theirs("{}", RULE))));
        println!(
            "encrypted={encrypted}: from bytes, Haechi {a:.2} us, cfn-guard {b:.2} us: {:.0} times; \
             the check alone, Haechi {alone:.2} us, cfn-guard less its time on an empty document {:.2} us: {:.0} times",
            b / a,
            b - empty,
            (b - empty) / alone
        );
    }
}
