//! A listing that goes down a tree ends, also when the tree does not.

use std::sync::Arc;

use haechi_inventory::{Collectors, Plan, Stop, Target, collect};
use haechi_model::{AccountId, Partition, Region, Timestamp};
use serde_json::{Value, json};

use crate::fake::{FakeApi, Kept};

const UNITS: &str = r#"schema: 1
type: AWS::Organizations::OrganizationalUnit
title: {en: Units, ko: 조직 단위, ja: 組織単位}
global: true
collect:
  case: pascal
  list:
    call: organizations:ListOrganizationalUnitsForParent
    input: {ParentId: "{parent.Id}"}
    items: OrganizationalUnits
    per:
      call: organizations:ListOrganizationalUnitsForParent
      input: {ParentId: "{parent.Id}"}
      items: OrganizationalUnits
      again: {of: Name, as: NamePath}
      per: {call: "organizations:ListRoots", items: Roots}
  item:
    id: "{item.Id}"
    configuration: {build: {NamePath: {value: "{parent.NamePath}/{item.Name}"}}}
examples:
  - {name: none, calls: [], items: []}
"#;

/// The ways to the units that are found.
async fn ways(calls: Value) -> Vec<String> {
    let target = Target {
        api: Arc::new(FakeApi(serde_json::from_value(calls).unwrap())),
        account: AccountId::parse("123456789012").unwrap(),
        partition: Partition::aws(),
        regions: vec![Region::parse("us-east-1").unwrap()],
        disabled: Vec::new(),
        organization: true,
    };
    let plan = Plan::new(vec![target], Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    let collectors = Collectors::parse([("units.yaml", UNITS)]).unwrap();
    let mut kept = Kept::default();
    collect(&collectors, &plan, &mut kept, &mut |_| {}, &Stop::default()).await.unwrap();
    assert!(kept.coverage.iter().all(|line| line.is_complete()), "{:?}", kept.coverage);
    let way = |item: &Value| item["configuration"]["NamePath"].as_str().unwrap().to_owned();
    let mut ways: Vec<String> = kept.items.iter().map(|item| way(&item.to_value())).collect();
    ways.sort();
    ways
}

#[tokio::test]
async fn every_level_of_a_tree_is_found() {
    let children = |parent: &str, names: &[&str]| {
        let units: Vec<Value> =
            names.iter().map(|name| json!({"Id": format!("{parent}-{name}"), "Name": name})).collect();
        json!({"call": "organizations:ListOrganizationalUnitsForParent", "input": {"ParentId": parent},
            "answer": {"OrganizationalUnits": units}})
    };
    let found = ways(json!([
        {"call": "organizations:ListRoots", "answer": {"Roots": [{"Id": "r", "Name": "Root"}]}},
        children("r", &["a", "b"]),
        children("r-a", &["c"]),
        children("r-a-c", &["d"]),
        children("r-b", &[]),
        children("r-a-c-d", &[]),
    ]))
    .await;
    assert_eq!(found, ["Root/a", "Root/a/c", "Root/a/c/d", "Root/b"]);
}

#[tokio::test]
async fn a_unit_that_is_its_own_child_is_not_followed_for_ever() {
    let found = ways(json!([
        {"call": "organizations:ListRoots", "answer": {"Roots": [{"Id": "r", "Name": "Root"}]}},
        {"call": "organizations:ListOrganizationalUnitsForParent",
            "answer": {"OrganizationalUnits": [{"Id": "ou", "Name": "x"}]}},
    ]))
    .await;
    assert_eq!(found.len(), 16, "{found:?}");
}
