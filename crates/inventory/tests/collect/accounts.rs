//! Many accounts: reached one after another, a few in work; some refuse, some are closed, some are done already.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use haechi_aws::{Api, ApiError, BoxFuture};
use haechi_inventory::{
    Accounts, CollectSummary, Collectors, ListingSet, Plan, Reached, Sink, SinkError, Stop, Target, collect_accounts,
};
use haechi_model::{
    AccountId, ConfigurationItem, Coverage, CoverageState, Gap, Partition, Region, ResourceType, Timestamp,
};
use serde_json::{Value, json};

fn id(at: usize) -> AccountId {
    AccountId::parse(&format!("{:012}", at + 1)).unwrap()
}

/// What the accounts of a test do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Answers,
    Refuses,
    Closed,
}

/// Accounts of a VPC each in two regions.
struct Fake {
    kinds: Vec<Kind>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

struct FakeAccount {
    open: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

impl Drop for FakeAccount {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Api for FakeAccount {
    fn call<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: Value) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(json!({"Vpcs": [{"VpcId": "vpc-1"}], "Subnets": []}))
        })
    }
}

impl Accounts for Fake {
    fn number(&self) -> usize {
        self.kinds.len()
    }

    fn reach(&self, at: usize) -> BoxFuture<'_, Reached> {
        let account = id(at);
        let gap = || Gap {
            code: "AccessDenied".to_owned(),
            message: "no".to_owned(),
            operation: "sts:AssumeRole".to_owned(),
            missing_action: Some("sts:AssumeRole".to_owned()),
        };
        let reached = match self.kinds[at] {
            Kind::Refuses => Reached::Refused { account, gap: gap() },
            Kind::Closed => Reached::Closed { account, reason: "the account is SUSPENDED".to_owned() },
            Kind::Answers => {
                self.most.fetch_max(self.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                Reached::Target(Box::new(Target {
                    api: Arc::new(FakeAccount { open: self.open.clone(), calls: self.calls.clone() }),
                    account,
                    partition: Partition::aws(),
                    regions: ["us-east-1", "eu-west-1"].map(|name| Region::parse(name).unwrap()).to_vec(),
                    disabled: vec![Region::parse("af-south-1").unwrap()],
                    organization: false,
                }))
            }
        };
        Box::pin(async move { reached })
    }
}

#[derive(Default)]
struct Kept {
    items: usize,
    lines: Vec<Coverage>,
    resumed: usize,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Kept>>);

impl Sink for Shared {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        self.0.lock().unwrap().items += batch.len();
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.0.lock().unwrap().lines.push(line);
        Ok(())
    }

    fn resumed(&mut self, _: AccountId, _: &Region, _: &ResourceType) -> Result<(), SinkError> {
        self.0.lock().unwrap().resumed += 1;
        Ok(())
    }
}

struct Ran {
    summary: CollectSummary,
    kept: Shared,
    most: usize,
    calls: usize,
}

async fn run(kinds: Vec<Kind>, done: Option<ListingSet>, stop_after: Option<usize>) -> Ran {
    let fake = Arc::new(Fake { kinds, open: Arc::default(), most: Arc::default(), calls: Arc::default() });
    let mut plan = Plan::new(Vec::new(), Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    plan.types = ["AWS::EC2::VPC", "AWS::EC2::Subnet"].map(|name| ResourceType::parse(name).unwrap()).to_vec();
    plan.accounts = 3;
    plan.done = done.map(Arc::new);
    let mut kept = Shared::default();
    let stop = Stop::default();
    let asked = stop.clone();
    let mut progress = |state: &haechi_inventory::Progress| {
        if stop_after.is_some_and(|after| state.accounts_done >= after) {
            asked.stop();
        }
    };
    let collectors = Collectors::embedded().unwrap();
    let summary = collect_accounts(&collectors, &plan, fake.clone(), &mut kept, &mut progress, &stop).await.unwrap();
    let (most, calls) = (fake.most.load(Ordering::SeqCst), fake.calls.load(Ordering::SeqCst));
    Ran { summary, kept, most, calls }
}

#[tokio::test]
async fn a_few_accounts_are_in_work_whatever_their_number() {
    let ran = run(vec![Kind::Answers; 40], None, None).await;
    assert!(ran.most <= 4, "{} clients at the same time", ran.most);
    let kept = ran.kept.0.lock().unwrap();
    assert_eq!((kept.items, ran.summary.complete, ran.summary.ended, ran.calls), (80, 160, 40, 160));
    // One line for each region that is off, whatever the number of types.
    assert_eq!(kept.lines.len(), 200);
    assert_eq!(ran.summary.skipped, 40);
}

#[tokio::test]
async fn an_account_that_refuses_and_one_that_is_closed_are_told_apart() {
    let ran = run(vec![Kind::Refuses, Kind::Answers, Kind::Closed], None, None).await;
    let kept = ran.kept.0.lock().unwrap();
    let of = |at: usize| kept.lines.iter().filter(|line| line.account_id == id(at)).collect::<Vec<_>>();
    let [line] = of(0)[..] else { panic!("{:?}", of(0)) };
    assert!(line.region.is_global() && line.resource_type == ResourceType::account());
    assert!(matches!(&line.state, CoverageState::Failed { gap } if gap.operation == "sts:AssumeRole"), "{line:?}");
    let [line] = of(2)[..] else { panic!("{:?}", of(2)) };
    assert!(matches!(&line.state, CoverageState::Skipped { reason } if reason.contains("SUSPENDED")), "{line:?}");
    assert_eq!((ran.summary.ended, ran.summary.refused.len(), ran.summary.closed.len()), (1, 1, 1));
    assert_eq!(kept.items, 2);
}

#[tokio::test]
async fn what_an_earlier_run_completed_is_not_asked_again() {
    let mut done = ListingSet::default();
    let vpc = ResourceType::parse("AWS::EC2::VPC").unwrap();
    for region in ["us-east-1", "eu-west-1"] {
        done.insert(id(0), &Region::parse(region).unwrap(), &vpc);
    }
    let ran = run(vec![Kind::Answers; 2], Some(done), None).await;
    assert_eq!((ran.calls, ran.summary.complete, ran.summary.resumed), (6, 6, 2));
    let kept = ran.kept.0.lock().unwrap();
    assert_eq!((kept.items, kept.resumed), (2, 2));
    let again = |line: &&Coverage| line.account_id == id(0) && line.resource_type == vpc;
    assert_eq!(kept.lines.iter().filter(again).count(), 0);
}

#[tokio::test]
async fn accounts_whose_turn_did_not_come_have_no_coverage() {
    let ran = run(vec![Kind::Answers; 30], None, Some(5)).await;
    assert!(ran.summary.interrupted);
    assert!((5..30).contains(&ran.summary.ended), "{}", ran.summary.ended);
    let kept = ran.kept.0.lock().unwrap();
    // Those in work have a line for each listing, complete or interrupted; the last ones have none.
    assert!(kept.lines.iter().all(|line| line.account_id != id(29)));
    let broken = kept
        .lines
        .iter()
        .filter(|line| matches!(&line.state, CoverageState::Failed { gap } if gap.code == "Interrupted"));
    assert_eq!(broken.count() as u64, ran.summary.failed);
}
