//! Differences of items: the names, what becomes of lists, and what must hold for all items.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn item(members: Value) -> ConfigurationItem {
    let mut value = json!({
        "accountId": "111122223333", "awsRegion": "us-east-1", "resourceType": "AWS::EC2::SecurityGroup",
        "resourceId": "sg-1", "configurationItemCaptureTime": "2026-11-22T09:30:00Z",
    });
    for (name, member) in members.as_object().into_iter().flatten() {
        value[name] = member.clone();
    }
    ConfigurationItem::from_value(&value).unwrap()
}

/// The names of what changed, with the kind of change.
#[track_caller]
fn check(before: Value, after: Value, expected: &[&str]) {
    let diff = ItemDiff::between(Some(&item(before)), Some(&item(after)));
    let found: Vec<_> = diff
        .changed_properties
        .iter()
        .map(|(name, change)| format!("{name} {}", change.change_type.as_str()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(diff.change_type, ChangeType::Update);
}

#[test]
fn names_are_dotted_and_capital() {
    check(
        json!({"configuration": {"state": {"name": "pending"}, "size": 1, "gone": true}}),
        json!({"configuration": {"state": {"name": "running"}, "size": 1, "come": [1]}}),
        &["Configuration.Come CREATE", "Configuration.Gone DELETE", "Configuration.State.Name UPDATE"],
    );
    check(
        json!({"tags": {"env": "dev", "a.b": "1"}, "resourceName": "x", "configurationStateId": "1"}),
        json!({"tags": {"env": "prod"}, "resourceName": "y", "configurationStateId": "2"}),
        &["ResourceName UPDATE", "Tags.a.b DELETE", "Tags.env UPDATE"],
    );
    check(
        json!({"supplementaryConfiguration": {"BucketPolicy": "{\"policyText\":null}", "X": "plain"}}),
        json!({"supplementaryConfiguration": {"BucketPolicy": "{\"policyText\":\"{}\"}", "X": "text"}}),
        &["SupplementaryConfiguration.BucketPolicy.PolicyText CREATE", "SupplementaryConfiguration.X UPDATE"],
    );
    check(json!({}), json!({"tags": {"a": "b"}}), &["Tags.a CREATE"]);
    check(json!({"configuration": {"a": null}}), json!({"configuration": {}}), &[]);
    check(
        json!({"configuration": {"a": 1, "A": 1}}),
        json!({"configuration": {}}),
        &["Configuration.A DELETE", "Configuration.A#2 DELETE"],
    );
}

/// AWS's own example: a security group of an instance is replaced.
#[test]
fn lists_number_what_is_removed_and_then_what_is_added() {
    let to = |groups: &[&str]| {
        let related = |id: &&str| json!({"resourceType": "AWS::EC2::SecurityGroup", "resourceId": id, "name": "Is associated with SecurityGroup"});
        json!({"relationships": groups.iter().map(related).collect::<Vec<_>>(),
               "configuration": {"securityGroups": groups.iter().map(|id| json!({"groupId": id})).collect::<Vec<_>>()}})
    };
    check(
        to(&["a", "old", "b"]),
        to(&["b", "a", "new"]),
        &[
            "Configuration.SecurityGroups.0 DELETE",
            "Configuration.SecurityGroups.1 CREATE",
            "Relationships.0 DELETE",
            "Relationships.1 CREATE",
        ],
    );
    check(
        json!({"configuration": {"l": []}}),
        json!({"configuration": {"l": [1, 1]}}),
        &["Configuration.L.0 CREATE", "Configuration.L.1 CREATE"],
    );
    check(
        json!({"configuration": {"l": [1, 2]}}),
        json!({"configuration": {"l": [2, 1]}}),
        &["Configuration.L UPDATE"],
    );
    check(
        json!({"configuration": {"l": [{"a": 1, "b": 2}]}}),
        json!({"configuration": {"l": [{"b": 2, "a": 1}]}}),
        &[],
    );
}

#[test]
fn a_resource_that_comes_or_goes_is_named_by_its_parts() {
    let whole = item(
        json!({"configuration": {"a": 1}, "tags": {"env": "dev"}, "relationships": [{"resourceType": "AWS::EC2::VPC", "resourceId": "v"}]}),
    );
    let came = ItemDiff::between(None, Some(&whole));
    assert_eq!(came.changed_properties.keys().collect::<Vec<_>>(), ["Configuration", "Relationships.0", "Tags.env"]);
    assert_eq!(came.change_type, ChangeType::Create);
    let gone = item(json!({"configurationItemStatus": "ResourceDeleted"}));
    let went = ItemDiff::between(Some(&whole), Some(&gone));
    assert_eq!((went.changed_properties.len(), went.change_type), (3, ChangeType::Delete));
    assert_eq!(
        json!(went)["changedProperties"]["Configuration"],
        json!({"previousValue": {"a": 1}, "updatedValue": null, "changeType": "DELETE"})
    );
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-d.]{1,2}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Everything outside of lists by its path, and each list with its elements in the order of their texts.
fn leaves(value: &Value, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Value>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                path.push(name.clone());
                leaves(member, path, found);
                path.pop();
            }
        }
        Value::Null => {}
        other => {
            found.insert(path.clone(), other.clone());
        }
    }
}

proptest! {
    #[test]
    fn equal_items_have_no_differences(configuration in value(), tags in proptest::collection::btree_map("[a-c]", "[a-c]", 0..3)) {
        let one = item(json!({"configuration": configuration, "tags": tags}));
        prop_assert!(ItemDiff::between(Some(&one), Some(&one)).is_empty());
        prop_assert!(ItemDiff::between(None, None).is_empty());
    }

    /// Both directions name the same, with the values exchanged.
    #[test]
    fn back_is_the_opposite(before in value(), after in value()) {
        let [one, other] = [before, after].map(|configuration| item(json!({"configuration": configuration})));
        let (there, back) = (ItemDiff::between(Some(&one), Some(&other)), ItemDiff::between(Some(&other), Some(&one)));
        let values = |diff: &ItemDiff, turned: bool| {
            let pairs = diff.changed_properties.values().map(|change| {
                let pair = [change.previous_value.to_string(), change.updated_value.to_string()];
                if turned { [pair[1].clone(), pair[0].clone()] } else { pair }
            });
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort();
            pairs
        };
        prop_assert_eq!(values(&there, false), values(&back, true));
    }

    /// What is no list: each changed leaf is named once, with its values, and nothing else is.
    #[test]
    fn every_changed_leaf_is_named_once(
        before in proptest::collection::btree_map("[a-d]", proptest::collection::btree_map("[a-d]", 0..4i64, 1..4), 1..4),
        after in proptest::collection::btree_map("[a-d]", proptest::collection::btree_map("[a-d]", 0..4i64, 1..4), 1..4),
    ) {
        let [mut old, mut new] = [BTreeMap::new(), BTreeMap::new()];
        leaves(&json!(before), &mut Vec::new(), &mut old);
        leaves(&json!(after), &mut Vec::new(), &mut new);
        let [one, other] = [&before, &after].map(|configuration| item(json!({"configuration": configuration})));
        let diff = ItemDiff::between(Some(&one), Some(&other));
        let mut named: BTreeMap<Vec<String>, (Option<Value>, Option<Value>)> = BTreeMap::new();
        for (name, change) in &diff.changed_properties {
            let path: Vec<String> = name.split('.').skip(1).map(str::to_lowercase).collect();
            let [mut from, mut to] = [BTreeMap::new(), BTreeMap::new()];
            leaves(&change.previous_value, &mut path.clone(), &mut from);
            leaves(&change.updated_value, &mut path.clone(), &mut to);
            for path in from.keys().chain(to.keys()).collect::<std::collections::BTreeSet<_>>() {
                let twice = named.insert(path.clone(), (from.get(path).cloned(), to.get(path).cloned()));
                prop_assert!(twice.is_none(), "{name} is named twice");
            }
        }
        for path in old.keys().chain(new.keys()).collect::<std::collections::BTreeSet<_>>() {
            let expected = (old.get(path).cloned(), new.get(path).cloned());
            let found = named.get(path).cloned();
            if expected.0 == expected.1 {
                prop_assert_eq!(found, None);
            } else {
                prop_assert_eq!(found, Some(expected), "{:?}", path);
            }
        }
    }
}
