//! What a collector file can say beyond the usual: batches, listings below listings, the organization's own types,
//! members that change by themselves, services that a region lacks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use haechi_aws::{Api, ApiError, BoxFuture, ErrorKind};
use haechi_inventory::{Collector, Collectors, Plan, Stop, Target, collect};
use haechi_model::{AccountId, CoverageState, Partition, Region, Timestamp};
use serde_json::{Value, json};

use crate::fake::Kept;

const HEAD: &str = "schema: 1\ntitle: {en: x, ko: x, ja: x}\nexamples: [{name: none, calls: [], items: []}]\n";

/// Answers by a function, and remembers what was asked.
struct Script<F> {
    answer: F,
    asked: Mutex<Vec<(String, Value)>>,
    open: AtomicUsize,
}

impl<F: Fn(&str, &Value) -> Result<Value, (ErrorKind, &'static str)> + Send + Sync> Api for Script<F> {
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.open.fetch_add(1, Ordering::SeqCst);
        let result = (self.answer)(operation, &input)
            .map_err(|(kind, code)| ApiError::new(kind, service, region, operation, "").with_code(code));
        self.asked.lock().unwrap().push((operation.to_owned(), input));
        Box::pin(async move {
            tokio::task::yield_now().await;
            result
        })
    }
}

struct Seen {
    kept: Kept,
    asked: Vec<(String, Value)>,
}

impl Seen {
    fn inputs(&self, operation: &str) -> Vec<&Value> {
        self.asked.iter().filter(|(name, _)| name == operation).map(|(_, input)| input).collect()
    }

    fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self.kept.items.iter().map(|item| &*item.key().resource_id).collect();
        ids.sort_unstable();
        ids
    }
}

async fn run(
    file: &str,
    organization: bool,
    answer: impl Fn(&str, &Value) -> Result<Value, (ErrorKind, &'static str)> + Send + Sync + 'static,
) -> Seen {
    let text = format!("{HEAD}{file}");
    let collectors = Collectors::parse([("test.yaml", text.as_str())]).unwrap();
    let api = Arc::new(Script { answer, asked: Mutex::default(), open: AtomicUsize::new(0) });
    let target = Target {
        api: api.clone(),
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: vec![Region::parse("us-east-1").unwrap()],
        disabled: Vec::new(),
        organization,
    };
    let plan = Plan::new(vec![target], Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    let mut kept = Kept::default();
    collect(&collectors, &plan, &mut kept, &mut |_| {}, &Stop::default()).await.unwrap();
    let asked = api.asked.lock().unwrap().clone();
    Seen { kept, asked }
}

const BALANCERS: &str = r#"
type: AWS::ElasticLoadBalancingV2::LoadBalancer
collect:
  list: {call: "elbv2:DescribeLoadBalancers", items: LoadBalancers}
  get:
    - call: elbv2:DescribeTags
      batch: 20
      LACKING
      input: {ResourceArns: ["{item.Arn}"]}
      gone: [LoadBalancerNotFound]
      take: TagDescriptions
      where: {ResourceArn: "{item.Arn}"}
      first: true
      as: Described
      fills: [tags]
      into: {configuration.tagCount: Count}
  item: {id: "{item.Arn}", tags: Described.Tags, configuration: {build: {described: Described.ResourceArn}}}
"#;

fn balancers(number: usize) -> Value {
    let list: Vec<Value> = (0..number).map(|n| json!({"Arn": format!("lb-{n:02}")})).collect();
    json!({"LoadBalancers": list})
}

/// What DescribeTags says of those that `known` knows.
fn described(input: &Value, known: impl Fn(&str) -> bool) -> Value {
    let arns = input["ResourceArns"].as_array().unwrap().iter().filter_map(Value::as_str);
    let list: Vec<Value> = arns
        .filter(|arn| known(arn))
        .map(|arn| json!({"ResourceArn": arn, "Count": 1, "Tags": [{"Key": "of", "Value": arn}]}))
        .collect();
    json!({"TagDescriptions": list})
}

#[tokio::test]
async fn a_batch_asks_for_many_resources_at_once() {
    let seen = run(&BALANCERS.replace("LACKING", ""), false, |operation, input| match operation {
        "DescribeTags" => Ok(described(input, |arn| arn != "lb-07")),
        _ => Ok(balancers(45)),
    })
    .await;
    let sizes: Vec<_> =
        seen.inputs("DescribeTags").iter().map(|input| input["ResourceArns"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [20, 20, 5]);
    assert_eq!(seen.kept.items.len(), 45);
    for item in &seen.kept.items {
        let (id, item) = (item.key().resource_id.to_string(), item.to_value());
        if id == "lb-07" {
            assert_eq!((item["tags"].clone(), item["configuration"].clone()), (json!({}), json!({})), "it has none");
        } else {
            assert_eq!(item["tags"], json!({"of": id}));
            assert_eq!(item["configuration"], json!({"described": id, "tagCount": 1}));
        }
        assert!(item.get("notCollected").is_none(), "{item}");
    }
}

#[tokio::test]
async fn a_resource_that_a_batch_lacks_can_be_gone() {
    let seen = run(&BALANCERS.replace("LACKING", "lacking: gone"), false, |operation, input| match operation {
        "DescribeTags" => Ok(described(input, |arn| arn != "lb-01")),
        _ => Ok(balancers(3)),
    })
    .await;
    assert_eq!(seen.ids(), ["lb-00", "lb-02"]);
    assert!(seen.kept.coverage[0].is_complete());
}

#[tokio::test]
async fn one_that_vanished_does_not_spoil_a_batch() {
    let seen = run(&BALANCERS.replace("LACKING", ""), false, |operation, input| match operation {
        "DescribeTags" if input["ResourceArns"].as_array().unwrap().contains(&json!("lb-01")) => {
            Err((ErrorKind::NotFound, "LoadBalancerNotFound"))
        }
        "DescribeTags" => Ok(described(input, |_| true)),
        _ => Ok(balancers(3)),
    })
    .await;
    assert_eq!(seen.ids(), ["lb-00", "lb-02"]);
    assert_eq!(seen.inputs("DescribeTags").len(), 4, "once together, then each alone");
}

#[tokio::test]
async fn a_refused_batch_leaves_the_members_of_all_not_collected() {
    let seen = run(&BALANCERS.replace("LACKING", ""), false, |operation, _| match operation {
        "DescribeTags" => Err((ErrorKind::AccessDenied, "AccessDenied")),
        _ => Ok(balancers(25)),
    })
    .await;
    assert_eq!((seen.kept.items.len(), seen.inputs("DescribeTags").len()), (25, 2));
    for item in &seen.kept.items {
        let mut marks: Vec<_> = item.not_collected().map(|mark| mark.path.to_owned()).collect();
        marks.sort();
        assert_eq!(marks, ["configuration.tagCount", "tags"]);
    }
}

#[tokio::test]
async fn a_listing_below_a_listing_below_a_listing() {
    let file = r#"
type: AWS::EC2::Subnet
collect:
  list:
    call: ec2:DescribeSubnets
    input: {Filters: [{Name: vpc-id, Values: ["{parent.VpcId}"]}]}
    items: Subnets
    per:
      call: ec2:DescribeVpcs
      input: {VpcIds: ["{parent.Id}"]}
      items: Vpcs
      per: {call: "ec2:DescribeRouteTables", items: RouteTables}
  item: {id: "{parent.parent.Id}/{parent.VpcId}/{item.SubnetId}", configuration: {}}
"#;
    let seen = run(file, false, |operation, input| {
        Ok(match operation {
            "DescribeRouteTables" => json!({"RouteTables": [{"Id": "r1"}, {"Id": "r2"}]}),
            "DescribeVpcs" => json!({"Vpcs": [{"VpcId": format!("{}-v", input["VpcIds"][0].as_str().unwrap())}]}),
            _ => json!({"Subnets": [{"SubnetId": "a"}, {"SubnetId": input["Filters"][0]["Values"][0]}]}),
        })
    })
    .await;
    assert_eq!(seen.ids(), ["r1/r1-v/a", "r1/r1-v/r1-v", "r2/r2-v/a", "r2/r2-v/r2-v"]);
}

#[tokio::test]
async fn types_of_the_organization_are_asked_for_in_one_account() {
    let file = "\nonly: organization\ntype: AWS::EC2::VPC\ncollect: {list: {call: \"ec2:DescribeVpcs\", items: Vpcs}, item: {id: \"{item.VpcId}\", configuration: {}}}\n";
    let vpcs = |_: &str, _: &Value| Ok(json!({"Vpcs": [{"VpcId": "vpc-1"}]}));
    let here = run(file, true, vpcs).await;
    assert_eq!((here.ids(), here.kept.coverage.len()), (vec!["vpc-1"], 1));
    let elsewhere = run(file, false, vpcs).await;
    assert_eq!((elsewhere.asked.len(), elsewhere.kept.coverage.len()), (0, 0));
}

#[tokio::test]
async fn what_changes_by_itself_is_left_out() {
    let file = r#"
type: AWS::EC2::VPC
volatile: [configuration.lastUsed, configuration.list.seen]
collect:
  list: {call: "ec2:DescribeVpcs", items: Vpcs}
  item: {id: "{item.VpcId}", configuration: {}}
"#;
    let seen = run(file, false, |_, _| {
        Ok(json!({"Vpcs": [{"VpcId": "vpc-1", "LastUsed": "now", "List": [{"Seen": 1, "A": 2}, {"Seen": 3}]}]}))
    })
    .await;
    let item = seen.kept.items[0].to_value();
    assert_eq!(item["configuration"], json!({"vpcId": "vpc-1", "list": [{"a": 2}, {}]}));
}

#[tokio::test]
async fn a_recent_use_stays_the_same_and_an_old_one_is_kept() {
    let file = r#"
type: AWS::EC2::VPC
uses: [{member: configuration.use, time: last, days: 14}]
collect:
  list: {call: "ec2:DescribeVpcs", items: Vpcs}
  item: {id: "{item.VpcId}", configuration: {}}
"#;
    let used = |id: &str, at: &str| json!({"VpcId": id, "Use": {"Last": at, "Region": "eu-west-1"}});
    let seen = run(file, false, move |_, _| {
        Ok(json!({"Vpcs": [used("old", "2025-12-18T00:00:00Z"), used("new", "2025-12-18T00:00:01Z"), {"VpcId": "none", "Use": {}},
                           used("odd", "yesterday")]}))
    })
    .await;
    let uses: Vec<Value> = seen.kept.items.iter().map(|item| item.to_value()["configuration"]["use"].clone()).collect();
    let recent = json!({"withinDays": 14});
    let old = json!({"last": "2025-12-18T00:00:00Z", "region": "eu-west-1"});
    let odd = json!({"last": "yesterday", "region": "eu-west-1"});
    assert_eq!(uses, [old, recent, json!({}), odd]);
}

#[tokio::test]
async fn a_service_that_a_region_lacks_is_skipped() {
    let file = "\ntype: AWS::EC2::VPC\ncollect: {list: {call: \"ec2:DescribeVpcs\", items: Vpcs}, item: {id: \"{item.VpcId}\", configuration: {}}}\n";
    let seen = run(file, false, |_, _| Err((ErrorKind::NotOffered, ""))).await;
    let CoverageState::Skipped { reason } = &seen.kept.coverage[0].state else { panic!("{:?}", seen.kept.coverage) };
    assert_eq!(reason, "the service is not offered in this region");
}

#[test]
fn what_a_batch_needs_is_said() {
    #[track_caller]
    fn check(from: &str, to: &str, words: &str) {
        let text = format!("{HEAD}{}", BALANCERS.replace("LACKING", "").replacen(from, to, 1));
        let error = Collector::parse("test.yaml", &text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    check("batch: 20", "batch: 0", "expected a nonzero");
    check("batch: 20", "lacking: gone", "`lacking` belongs to a `batch`");
    check("[\"{item.Arn}\"]", "\"{item.Arn}\"", "needs a list with a name in it");
    check("where: {ResourceArn: \"{item.Arn}\"}", "", "needs a `where`");
    check("collect:", "regional: {list: {}, item: {id: x, configuration: {}}}\ncollect:", "`regional` belongs to");
}
