//! How much memory a run over many accounts takes, whatever their number: every type in 17 regions of each, answered
//! from memory. `cargo run --release -p haechi-inventory --example many_accounts -- 1000`

use std::sync::Arc;
use std::time::Instant;

use haechi_aws::{Api, ApiError, BoxFuture, ErrorKind};
use haechi_inventory::{
    Accounts, Collectors, ListingSet, Plan, Reached, Sink, SinkError, Stop, Target, collect_accounts,
};
use haechi_model::{AccountId, ConfigurationItem, Coverage, Partition, Region, Timestamp};
use serde_json::{Value, json};

const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Has a few resources of some types and none of the others.
struct Answers;

impl Api for Answers {
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        _: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let list = |name: &str, id: &str| {
            let each = (0..5).map(|n| json!({id: format!("{id}-{n}"), "Tags": [{"Key": "env", "Value": "prod"}]}));
            json!({name: each.collect::<Vec<_>>()})
        };
        let answer = match operation {
            "DescribeVpcs" => list("Vpcs", "VpcId"),
            "DescribeSubnets" => list("Subnets", "SubnetId"),
            "DescribeSecurityGroups" => list("SecurityGroups", "GroupId"),
            "DescribeRouteTables" => list("RouteTables", "RouteTableId"),
            _ => json!({}),
        };
        // A report that is never finished would be waited for.
        let denied = operation == "GenerateCredentialReport";
        let denied = denied.then(|| ApiError::new(ErrorKind::AccessDenied, service, region, operation, "no"));
        Box::pin(async move {
            tokio::task::yield_now().await;
            denied.map_or(Ok(answer), Err)
        })
    }
}

struct Organization(usize);

impl Accounts for Organization {
    fn number(&self) -> usize {
        self.0
    }

    fn reach(&self, at: usize) -> BoxFuture<'_, Reached> {
        let account = AccountId::parse(&format!("{:012}", at + 1)).unwrap_or_else(|error| unreachable!("{error}"));
        let target = Target {
            api: Arc::new(Answers),
            account,
            partition: Partition::aws(),
            regions: REGIONS.iter().filter_map(|name| Region::parse(name).ok()).collect(),
            disabled: Vec::new(),
            organization: at == 0,
        };
        Box::pin(async move { Reached::Target(Box::new(target)) })
    }
}

/// Keeps what a run keeps of a listing that is complete.
#[derive(Default)]
struct Counting {
    complete: ListingSet,
    items: u64,
    lines: u64,
}

impl Sink for Counting {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.items += batch.len() as u64;
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.lines += 1;
        if line.is_complete() {
            self.complete.insert(line.account_id, &line.region, &line.resource_type);
        }
        Ok(())
    }
}

/// The most memory that the process has had, in kilobytes, as Linux tells it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: not known").to_owned()
}

#[tokio::main]
async fn main() -> Result<(), SinkError> {
    let accounts = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1000);
    let collectors = Collectors::embedded()?;
    let plan = Plan::new(Vec::new(), Timestamp::parse("2026-01-01T00:00:00Z")?);
    let mut sink = Counting::default();
    println!("before: {}", peak());
    let started = Instant::now();
    let organization = Arc::new(Organization(accounts));
    let summary = collect_accounts(&collectors, &plan, organization, &mut sink, &mut |_| {}, &Stop::default()).await?;
    println!(
        "{accounts} accounts, {} types: {} items, {} lines ({} complete, {} failed) in {:.1} s; {}",
        collectors.len(),
        sink.items,
        sink.lines,
        summary.complete,
        summary.failed,
        started.elapsed().as_secs_f64(),
        peak()
    );
    Ok(())
}
