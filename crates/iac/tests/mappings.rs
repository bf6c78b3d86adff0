//! Every mapping file against its own examples and the types' published members. `HAECHI_SHOW=1` prints what
//! each example gives, for those who write a mapping.

use haechi_content::{Content, TypeCatalogue};
use haechi_iac::{Age, Mappings, Place, Reading, Resource, build, unknown};
use haechi_model::{AccountId, Region, SourceLocation, Timestamp};
use serde_json::{Value, json};

fn place() -> Place {
    Place {
        account: Some(AccountId::parse("123456789012").unwrap()),
        region: Some(Region::parse("us-east-1").unwrap()),
        captured: Timestamp::parse("2026-01-01T00:00:00Z").unwrap(),
    }
}

/// An item without what is the same in all of them; of what is not known, only what the source speaks of.
fn told(item: &Value) -> Value {
    let mut item = item.clone();
    let members = item.as_object_mut().unwrap();
    for same in ["version", "accountId", "configurationItemCaptureTime", "configurationItemStatus", "source"] {
        members.shift_remove(same);
    }
    if members["awsRegion"] == "us-east-1" {
        members.shift_remove("awsRegion");
    }
    for name in ["tags", "relationships", "configuration", "supplementaryConfiguration"] {
        let empty = members.get(name).is_some_and(|value| *value == json!({}) || *value == json!([]));
        if empty {
            members.shift_remove(name);
        }
    }
    if let Some(gaps) = members.get_mut("notCollected").and_then(Value::as_object_mut) {
        gaps.retain(|_, why| why != "the source does not tell it");
        if gaps.is_empty() {
            members.shift_remove("notCollected");
        }
    }
    item
}

#[test]
fn every_example_gives_its_items() {
    let mappings = Mappings::embedded().unwrap_or_else(|error| panic!("{error}"));
    let content = Content::embedded();
    let mut wrong = Vec::new();
    for mapping in mappings.iter() {
        assert!(!mapping.examples.is_empty(), "{} has no example", mapping.from);
        for example in &mapping.examples {
            let resources = example.resources.iter().map(|given| {
                let kind =
                    given.kind.clone().unwrap_or_else(|| given.address.split(['.', '[']).next().unwrap().to_owned());
                let mut values = given.values.clone();
                given.unknown.iter().for_each(|path| path.put(&mut values, unknown("known after apply")));
                let location =
                    SourceLocation { file: "x".into(), line: None, column: None, address: given.address.clone() };
                Resource { address: given.address.clone(), kind, values, location, age: Age::New, region: None }
            });
            let reading = Reading { resources: resources.collect(), ..Reading::default() };
            let built = build(reading, &mappings, content.types(), &place());
            assert_eq!(built.not_mapped, Default::default(), "{}", mapping.from);
            assert_eq!(built.notes, [], "{}", mapping.from);
            let items: Vec<Value> = built.items.iter().map(|item| told(&item.to_value())).collect();
            let want: Vec<Value> = example.items.clone();
            if items != want {
                if std::env::var_os("HAECHI_SHOW").is_some() {
                    println!("{}", json!({"from": mapping.from, "example": example.name, "items": items}));
                }
                wrong.push(format!("{}: {}", mapping.from, example.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A member that a mapping makes stands in the type's published schema, or a collector makes it too.
#[test]
fn members_are_those_of_the_type() {
    let mappings = Mappings::embedded().unwrap_or_else(|error| panic!("{error}"));
    let content = Content::embedded();
    let types: &TypeCatalogue = content.types();
    let mut wrong = Vec::new();
    for mapping in mappings.iter() {
        let Some(info) = types.get(&mapping.resource_type) else {
            wrong.push(format!("{}: {} is no type that Haechi knows", mapping.from, mapping.resource_type));
            continue;
        };
        for path in mapping.made() {
            let mut at = Some(&info.members);
            for step in path.split('.') {
                at = at.and_then(|members| if members.open { Some(members) } else { members.child(step) });
            }
            if at.is_none() {
                wrong.push(format!("{}: {} has no {path}", mapping.from, mapping.resource_type));
            }
        }
        for preset in &mapping.defaults {
            assert!(preset.source.starts_with("https://"), "{}: a default needs its source", mapping.from);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn enough_types_are_mapped() {
    let mappings = Mappings::embedded().unwrap_or_else(|error| panic!("{error}"));
    let kinds = |of: fn(&str) -> bool| mappings.iter().filter(|mapping| of(&mapping.from)).count();
    assert!(kinds(|from| from.starts_with("aws_")) >= 30);
    assert!(kinds(|from| from.starts_with("AWS::")) >= 30);
}
