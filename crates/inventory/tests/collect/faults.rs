//! Everything that can go wrong while collecting: it becomes a coverage line or a mark, never a silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use haechi_aws::{Api, ApiError, BoxFuture, ErrorKind};
use haechi_inventory::{CollectSummary, Collectors, Plan, Sink, SinkError, Stop, Target, collect, estimate, regions};
use haechi_model::{AccountId, ConfigurationItem, Coverage, CoverageState, Partition, Region, ResourceType, Timestamp};
use serde_json::{Value, json};

use crate::fake::{FakeApi, Kept};

fn recorded(calls: Value) -> Arc<dyn Api> {
    Arc::new(FakeApi(serde_json::from_value(calls).unwrap()))
}

fn plan(api: Arc<dyn Api>, regions: &[&str], types: &[&str]) -> Plan {
    let target = Target {
        api,
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: regions.iter().map(|name| Region::parse(name).unwrap()).collect(),
        disabled: Vec::new(),
        organization: false,
    };
    let mut plan = Plan::new(vec![target], Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    plan.types = types.iter().map(|name| ResourceType::parse(name).unwrap()).collect();
    plan
}

async fn run(plan: &Plan) -> (CollectSummary, Kept) {
    let mut kept = Kept::default();
    let collectors = Collectors::embedded().unwrap();
    let summary = collect(&collectors, plan, &mut kept, &mut |_| {}, &Stop::default()).await.unwrap();
    (summary, kept)
}

/// A listing of VPCs that ends so: the coverage says these words.
#[track_caller]
fn code_of(line: &Coverage) -> (&str, &str, Option<&str>) {
    match &line.state {
        CoverageState::Failed { gap } => (&gap.code, &gap.operation, gap.missing_action.as_deref()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_listing_is_failed_coverage_with_the_missing_action() {
    for (error, code, action) in [
        ("UnauthorizedOperation", "UnauthorizedOperation", Some("ec2:DescribeVpcs")),
        ("Throttling", "Throttling", None),
        ("Timeout", "Timeout", None),
    ] {
        let api = recorded(
            json!([{"call": "ec2:DescribeVpcs", "error": error}, {"call": "ec2:DescribeSubnets", "answer": {"Subnets": []}}]),
        );
        let (summary, kept) = run(&plan(api, &["us-east-1"], &["AWS::EC2::VPC", "AWS::EC2::Subnet"])).await;
        let vpcs = kept.coverage.iter().find(|line| line.resource_type.as_str() == "AWS::EC2::VPC").unwrap();
        assert_eq!(code_of(vpcs), (code, "ec2:DescribeVpcs", action));
        assert_eq!((summary.complete, summary.incomplete.len()), (1, 1));
    }
}

#[tokio::test]
async fn a_disabled_region_is_skipped() {
    let api = recorded(json!([{"call": "ec2:DescribeVpcs", "error": "OptInRequired"}]));
    let mut plan = plan(api, &["us-east-1"], &["AWS::EC2::VPC"]);
    plan.targets[0].disabled = vec![Region::parse("ap-east-1").unwrap()];
    let (_, kept) = run(&plan).await;
    assert_eq!(kept.coverage.len(), 2);
    for line in &kept.coverage {
        assert!(matches!(&line.state, CoverageState::Skipped { reason } if reason.contains("not enabled")), "{line:?}");
    }
}

#[tokio::test]
async fn a_refused_detail_marks_the_member_and_keeps_the_item() {
    let api = recorded(json!([
        {"call": "ec2:DescribeSnapshots", "answer": {"Snapshots": [{"SnapshotId": "snap-1"}, {"SnapshotId": "snap-2"}]}},
        {"call": "ec2:DescribeSnapshotAttribute", "input": {"SnapshotId": "snap-1"}, "error": "UnauthorizedOperation"},
        {"call": "ec2:DescribeSnapshotAttribute", "input": {"SnapshotId": "snap-2"}, "error": "InvalidSnapshot.NotFound"}
    ]));
    let (summary, kept) = run(&plan(api, &["us-east-1"], &["AWS::EC2::Snapshot"])).await;
    // The second is gone since it was listed: it is no item, and no gap.
    assert_eq!(kept.items.len(), 1);
    let marks: Vec<_> = kept.items[0].not_collected().map(|mark| (mark.path, mark.reason)).collect();
    assert_eq!(
        marks,
        [("configuration.createVolumePermissions", "UnauthorizedOperation: ec2:DescribeSnapshotAttribute")]
    );
    assert!(kept.coverage[0].is_complete());
    assert_eq!((summary.missing.len(), summary.missing[0].resources), (1, 1));
}

/// Answers by a function of the operation, the input and how many calls came before.
struct Scripted<F>(F, AtomicUsize);

impl<F: Fn(&str, &Value, usize) -> Result<Value, ErrorKind> + Send + Sync> Api for Scripted<F> {
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let before = self.1.fetch_add(1, Ordering::SeqCst);
        let result = (self.0)(operation, &input, before)
            .map_err(|kind| ApiError::new(kind, service, region, operation, "as the test wants it"));
        Box::pin(async move { result })
    }
}

fn scripted(script: impl Fn(&str, &Value, usize) -> Result<Value, ErrorKind> + Send + Sync + 'static) -> Arc<dyn Api> {
    Arc::new(Scripted(script, AtomicUsize::new(0)))
}

#[tokio::test]
async fn a_listing_that_breaks_off_keeps_what_it_saw() {
    let api = scripted(|_, input, before| match before {
        0 => Ok(json!({"Vpcs": [{"VpcId": "vpc-1"}], "NextToken": "2"})),
        _ if input["NextToken"] == "2" => Err(ErrorKind::Throttled),
        _ => Ok(json!({})),
    });
    let (_, kept) = run(&plan(api, &["us-east-1"], &["AWS::EC2::VPC"])).await;
    assert_eq!((kept.items.len(), kept.coverage[0].resources), (1, 1));
    assert_eq!(code_of(&kept.coverage[0]).0, "Throttled");
}

#[tokio::test]
async fn a_listing_that_never_ends_is_stopped() {
    let api = scripted(|_, _, _| Ok(json!({"Vpcs": [{"VpcId": "vpc-1"}], "NextToken": "again"})));
    let (_, kept) = run(&plan(api, &["us-east-1"], &["AWS::EC2::VPC"])).await;
    assert_eq!(code_of(&kept.coverage[0]).0, "RepeatedPage");
    assert_eq!(kept.items.len(), 1);
}

#[tokio::test]
async fn an_element_without_an_id_is_told() {
    let api = scripted(|_, _, _| Ok(json!({"Vpcs": [{"CidrBlock": "10.0.0.0/8"}, {"VpcId": "vpc-1"}]})));
    let (_, kept) = run(&plan(api, &["us-east-1"], &["AWS::EC2::VPC"])).await;
    assert_eq!(kept.items.len(), 1);
    assert_eq!(code_of(&kept.coverage[0]).0, "Internal");
}

#[tokio::test]
async fn a_bucket_that_cannot_be_placed_leaves_no_region_complete() {
    let api = recorded(json!([
        {"call": "s3:ListBuckets", "answer": {"Buckets": [{"Name": "a"}]}},
        {"call": "s3:GetBucketLocation", "error": "AccessDenied"}
    ]));
    let (_, kept) = run(&plan(api, &["us-east-1", "eu-west-1"], &["AWS::S3::Bucket"])).await;
    assert_eq!(kept.coverage.len(), 2);
    for line in &kept.coverage {
        assert_eq!(code_of(line), ("AccessDenied", "s3:GetBucketLocation", Some("s3:GetBucketLocation")));
    }
}

#[tokio::test]
async fn a_bucket_elsewhere_is_counted() {
    let buckets = json!([{"Name": "a", "BucketRegion": "ap-northeast-2"}]);
    let api = recorded(json!([{"call": "s3:ListBuckets", "answer": {"Buckets": buckets}}]));
    let (summary, kept) = run(&plan(api, &["us-east-1"], &["AWS::S3::Bucket"])).await;
    assert_eq!((summary.elsewhere, kept.items.len(), kept.coverage[0].is_complete()), (1, 0, true));
}

/// Answers the first listing and then never again.
struct Hangs;

impl Api for Hangs {
    fn call<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        operation: &'a str,
        _: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            match operation {
                "DescribeVpcs" => Ok(json!({"Vpcs": [{"VpcId": "vpc-1"}]})),
                _ => std::future::pending().await,
            }
        })
    }
}

#[tokio::test]
async fn an_interrupted_run_says_what_it_did_not_finish() {
    let plan = plan(Arc::new(Hangs), &["us-east-1"], &["AWS::EC2::VPC", "AWS::EC2::Subnet"]);
    let stop = Stop::default();
    let mut kept = Kept::default();
    let asked = stop.clone();
    let mut progress = move |state: &haechi_inventory::Progress| {
        if state.done == 1 {
            asked.stop();
        }
    };
    let collectors = Collectors::embedded().unwrap();
    let summary = collect(&collectors, &plan, &mut kept, &mut progress, &stop).await.unwrap();
    assert!(summary.interrupted);
    assert_eq!((kept.items.len(), kept.coverage.len()), (1, 2));
    assert!(kept.coverage[0].is_complete());
    assert_eq!(code_of(&kept.coverage[1]).0, "Interrupted");
}

/// A store whose disk is full.
struct Full;

impl Sink for Full {
    fn items(&mut self, _: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        Err("the disk is full".into())
    }
    fn coverage(&mut self, _: Coverage) -> Result<(), SinkError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_sink_that_fails_ends_the_run() {
    let api = scripted(|_, _, _| Ok(json!({"Vpcs": [{"VpcId": "vpc-1"}]})));
    let plan = plan(api, &["us-east-1"], &["AWS::EC2::VPC"]);
    let collectors = Collectors::embedded().unwrap();
    let error = collect(&collectors, &plan, &mut Full, &mut |_| {}, &Stop::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_resources_in_many_regions_all_arrive() {
    let vpcs: Vec<Value> = (0..1000).map(|n| json!({"VpcId": format!("vpc-{n}")})).collect();
    let api = scripted(move |_, _, _| Ok(json!({"Vpcs": vpcs})));
    let (summary, kept) = run(&plan(api, &["us-east-1", "eu-west-1", "ap-northeast-2"], &["AWS::EC2::VPC"])).await;
    assert_eq!((summary.items, kept.items.len(), summary.complete), (3000, 3000, 3));
    assert!(kept.coverage.iter().all(|line| line.resources == 1000));
}

#[tokio::test]
async fn a_plan_can_be_counted_beforehand() {
    let plan =
        plan(scripted(|_, _, _| Ok(json!({}))), &["us-east-1", "eu-west-1"], &["AWS::EC2::VPC", "AWS::IAM::User"]);
    let estimate = estimate(&Collectors::embedded().unwrap(), &plan);
    assert_eq!((estimate.accounts, estimate.regions, estimate.listings, estimate.calls_at_least), (1, 2, 3, 3));
}

#[tokio::test]
async fn regions_are_listed_with_their_state() {
    let api = recorded(json!([{"call": "ec2:DescribeRegions", "answer": {"Regions": [
        {"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"}, {"RegionName": "ap-east-1", "OptInStatus": "not-opted-in"}]}}]));
    let found = regions(&*api, &Region::parse("us-east-1").unwrap()).await.unwrap();
    let found: Vec<_> = found.iter().map(|state| (state.region.as_str(), state.enabled)).collect();
    assert_eq!(found, [("ap-east-1", false), ("us-east-1", true)]);
}
