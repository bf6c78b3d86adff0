//! Every collector's examples: recorded answers of AWS must give exactly the items that the file says.
//! `HAECHI_EXAMPLES=print` prints what comes out instead of comparing, one JSON line an example.

use std::sync::Arc;

use crate::fake::{FakeApi, Kept};
use haechi_inventory::collector::Example;
use haechi_inventory::{Collector, Collectors, Plan, Stop, Target, collect};
use haechi_model::{AccountId, ConfigurationItem, Partition, Region, Timestamp};
use serde_json::{Value, json};

/// Members that every item has and examples leave out.
const COMMON: [&str; 7] = [
    "version",
    "accountId",
    "configurationItemCaptureTime",
    "configurationItemStatus",
    "resourceType",
    "awsRegion",
    "relationships",
];

async fn run(collector: &Collector, example: &Example) -> Vec<ConfigurationItem> {
    let target = Target {
        api: Arc::new(FakeApi(example.calls.clone())),
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: vec![Region::parse(&example.region).unwrap()],
        disabled: Vec::new(),
    };
    let mut plan = Plan::new(vec![target], Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    plan.types = vec![collector.resource_type().clone()];
    let mut kept = Kept::default();
    let collectors = Collectors::embedded().unwrap();
    collect(&collectors, &plan, &mut kept, &mut |_| {}, &Stop::default()).await.unwrap();
    for line in &kept.coverage {
        assert!(line.is_complete(), "{} `{}`: {line:?}", collector.resource_type(), example.name);
    }
    // A type with a part in each region and a global one shows one of them.
    let both = collector.global && kept.coverage.len() > 1;
    kept.items.retain(|item| !both || item.key().region.is_global() != example.regional);
    kept.items.sort_by(|a, b| a.key().cmp(b.key()));
    kept.items
}

fn shown(item: &ConfigurationItem) -> Value {
    let mut value = item.to_value();
    let members = value.as_object_mut().unwrap();
    let relations = members.shift_remove("relationships").filter(|list| list != &json!([]));
    COMMON.iter().for_each(|name| {
        members.shift_remove(*name);
    });
    members.extend(relations.map(|list| ("relationships".to_owned(), list)));
    value
}

#[tokio::test]
async fn recorded_answers_give_the_expected_items() {
    let print = std::env::var("HAECHI_EXAMPLES").is_ok_and(|word| word == "print");
    let mut wrong = Vec::new();
    for collector in Collectors::embedded().unwrap().iter() {
        for (at, example) in collector.examples().iter().enumerate() {
            let items: Vec<Value> = run(collector, example).await.iter().map(shown).collect();
            if print {
                println!("{}", json!({"type": collector.resource_type(), "example": at, "items": items}));
            } else if Value::Array(items.clone()) != Value::Array(example.items.clone()) {
                wrong.push(format!(
                    "{} `{}`:\n  is        {}\n  should be {}",
                    collector.resource_type(),
                    example.name,
                    Value::Array(items),
                    Value::Array(example.items.clone())
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
