//! Collects everything from a moto server at `HAECHI_MOTO` (a URL), after it was filled: nothing may fail.
//! `HAECHI_MOTO_SHOW=1` prints one item of each type.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fake::Kept;
use haechi_aws::{Builder, Credentials};
use haechi_inventory::{Collectors, Plan, Stop, Target, collect};
use haechi_model::{AccountId, Partition, Region, Timestamp};

#[tokio::test(flavor = "multi_thread")]
async fn a_filled_account_is_collected_without_a_gap() {
    let Ok(url) = std::env::var("HAECHI_MOTO") else {
        println!("skipped: HAECHI_MOTO is not set");
        return;
    };
    let credentials = Credentials::new("testing", "testing", None, None, "test");
    let client = Builder::default().endpoint_url(url).region("us-east-1").credentials(credentials).build().await;
    let target = Target {
        api: Arc::new(client),
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: vec![Region::parse("us-east-1").unwrap(), Region::parse("eu-west-1").unwrap()],
        disabled: vec![Region::parse("ap-east-1").unwrap()],
        // The seeded account is in none; organizations have a mock of their own.
        organization: false,
    };
    let plan = Plan::new(vec![target], Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    let collectors = Collectors::embedded().unwrap();
    let mut kept = Kept::default();
    let mut steps = 0;
    let summary =
        collect(&collectors, &plan, &mut kept, &mut |progress| steps += progress.done, &Stop::default()).await.unwrap();

    let mut failed: Vec<String> = kept
        .coverage
        .iter()
        .filter(|line| !line.is_complete() && line.region.as_str() != "ap-east-1")
        .map(|line| format!("{line:?}"))
        // What moto does not implement it answers with a web page: a gap of moto, not of the collector.
        .filter(|line| !line.contains("<!doctype html>"))
        .collect();
    // Three operations of EC2 that moto lacks: the item must say so. Of what else it lacks it makes a server error.
    let lacks = ["ebsDefaultKmsKeyId", "imageBlockPublicAccessState", "snapshotBlockPublicAccessState"];
    let (known, unknown): (Vec<_>, Vec<_>) = summary
        .missing
        .iter()
        .partition(|missing| missing.path.strip_prefix("configuration.").is_some_and(|name| lacks.contains(&name)));
    assert_eq!(known.iter().map(|missing| missing.resources).sum::<u64>(), 6, "{known:?}");
    let lacking = |reason: &str| reason.starts_with("Server: ") || reason.starts_with("NotImplemented: ");
    let refused = unknown.iter().filter(|missing| !lacking(&missing.reason));
    failed.extend(refused.map(|missing| format!("{missing:?}")));
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in &kept.coverage {
        *counts.entry(line.resource_type.as_str()).or_default() += line.resources;
    }
    if std::env::var_os("HAECHI_MOTO_SHOW").is_some() {
        let mut shown = std::collections::BTreeSet::new();
        for item in &kept.items {
            if shown.insert((item.key().resource_type.clone(), item.key().region.is_global())) {
                println!("{}", item.to_value());
            }
        }
        println!("{counts:?}");
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(summary.items, kept.items.len() as u64);
    for (kind, at_least) in [("AWS::S3::Bucket", 30), ("AWS::IAM::User", 20), ("AWS::EC2::SecurityGroup", 50)] {
        assert!(counts.get(kind).is_some_and(|count| *count >= at_least), "{kind}: {counts:?}");
    }
}
