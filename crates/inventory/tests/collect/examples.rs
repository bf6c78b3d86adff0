//! Every collector's examples: recorded answers of AWS must give exactly the items that the file says.
//! The files are read from the disk; `HAECHI_COLLECTOR=part of a path` narrows them. `HAECHI_EXAMPLES=print` prints what comes out instead of comparing, one JSON line an example.

use std::ops::Not as _;
use std::path::Path;
use std::sync::Arc;

use crate::fake::{FakeApi, Kept};
use haechi_inventory::collector::{Example, files_in};
use haechi_inventory::{Collector, Collectors, LastAccessed, Plan, Stop, Target, collect};
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

/// The collector files as they are now, those whose path holds `HAECHI_COLLECTOR` where it is set.
fn on_disk() -> Collectors {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/collectors");
    let part = std::env::var("HAECHI_COLLECTOR").unwrap_or_default();
    let files = files_in(&folder).unwrap().into_iter().filter(|(file, _)| file.contains(&part)).collect::<Vec<_>>();
    let collectors = Collectors::parse(files.iter().map(|(file, text)| (file.as_str(), text.as_str()))).unwrap();
    assert!(!collectors.is_empty(), "no collector's path holds `{part}`");
    collectors
}

async fn run(collectors: &Collectors, collector: &Collector, example: &Example) -> Vec<ConfigurationItem> {
    let target = Target {
        api: Arc::new(FakeApi(example.calls.clone())),
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: vec![Region::parse(&example.region).unwrap()],
        disabled: Vec::new(),
        organization: true,
    };
    let mut plan = Plan::new(vec![target], Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    plan.types = vec![collector.resource_type().clone()];
    // An example that has the calls is one of a run that was told to make them.
    if example.calls.iter().any(|recorded| &*recorded.call.name == "GenerateServiceLastAccessedDetails") {
        plan.last_accessed = LastAccessed::Asked;
    }
    let mut kept = Kept::default();
    collect(collectors, &plan, &mut kept, &mut |_| {}, &Stop::default()).await.unwrap();
    // A type with a part in each region and a global one shows one of them.
    let shown = |region: &Region| collector.has_regional_part().not() || region.is_global() != example.regional;
    for line in kept.coverage.iter().filter(|line| shown(&line.region)) {
        assert!(line.is_complete(), "{} `{}`: {line:?}", collector.resource_type(), example.name);
    }
    kept.items.retain(|item| shown(&item.key().region));
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
    let collectors = on_disk();
    for collector in collectors.iter() {
        for (at, example) in collector.examples().iter().enumerate() {
            let items: Vec<Value> = run(&collectors, collector, example).await.iter().map(shown).collect();
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
