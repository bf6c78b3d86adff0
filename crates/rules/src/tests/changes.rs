//! What changes: judging again only what no longer holds gives what judging everything gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_model::{
    ConfigurationItem, Coverage, CoverageState, Evaluation, Gap, InstanceId, ResourceKey, ResourceType, RuleInstance,
    Timestamp,
};
use proptest::prelude::*;
use serde_json::json;

use super::rules::{compiled, covered};
use super::{item_of, map, now};
use crate::frame::Recording;
use crate::judge::Judge;
use crate::standing::{Affected, Fact, Standing};
use crate::world::World;

/// A small world that changes: volumes by id with their state, networks with flows, coverage, days gone by.
#[derive(Debug, Clone)]
struct State {
    volumes: Vec<(u8, u8)>,
    networks: Vec<(u8, u8)>,
    listed: bool,
    days: i64,
}

fn state() -> impl Strategy<Value = State> {
    let pairs = || prop::collection::btree_map(0u8..4, 0u8..4, 0..4).prop_map(|map| map.into_iter().collect());
    (pairs(), pairs(), prop::bool::weighted(0.8), 0i64..4).prop_map(|(volumes, networks, listed, days)| State {
        volumes,
        networks,
        listed,
        days,
    })
}

impl State {
    fn world(&self) -> World {
        let mut builder = if self.listed { covered(&["AWS::EC2::VPC"]) } else { covered(&[]) };
        for item in self.networks_now() {
            builder.add(Arc::new(item));
        }
        builder.build()
    }

    fn networks_now(&self) -> Vec<ConfigurationItem> {
        let network = |(id, flow): &(u8, u8)| {
            item_of("AWS::EC2::VPC", &format!("vpc-{id}"), &json!({"configuration": {"flow": flow}}))
        };
        self.networks.iter().map(network).collect()
    }

    fn items(&self) -> Vec<ConfigurationItem> {
        let volume = |(id, state): &(u8, u8)| {
            let created = now().plus_days(i64::from(*state) - 3).to_string();
            let configuration = json!({"flow": state, "network": format!("vpc-{state}"), "created": created});
            item_of("AWS::EC2::Volume", &format!("vol-{id}"), &json!({"configuration": configuration}))
        };
        self.volumes.iter().map(volume).collect()
    }
}

fn changing_rules() -> Judge {
    let checks = [
        "configuration.flow > 1",
        "size(items('AWS::EC2::VPC')) > 1",
        "size(lookup('AWS::EC2::VPC', 'configuration.flow', configuration.flow)) == 1",
        "lookup('AWS::EC2::VPC', 'resourceId', configuration.network).all(v, v.configuration.flow == 1)",
        "!olderThan(configuration.created, 2)",
        "within(configuration.created, 1) && accountItems('AWS::EC2::VPC').exists(v, v.configuration.flow == 2)",
        "now > timestamp(configuration.created)",
    ];
    let rules = checks.iter().enumerate().map(|(place, check)| {
        let rule = compiled(json!({"reads": ["AWS::EC2::VPC"], "check": check}));
        (rule, RuleInstance::new("TEST_RULE", map([("place", json!(place))]), None))
    });
    Judge::new(rules.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn judging_again_equals_judging_all(states in prop::collection::vec(state(), 1..5)) {
        let judge = changing_rules();
        let mut known: Vec<Evaluation> = Vec::new();
        let mut today: Timestamp = now();
        for state in states {
            today = today.plus_days(state.days);
            let world = state.world();
            let mut next = Vec::new();
            for item in state.items() {
                let of_item: Vec<Evaluation> =
                    known.iter().filter(|known| known.resource == *item.key()).cloned().collect();
                let full = judge.evaluate(&world, today, &item, Recording::On);
                let (again, _) = judge.evaluate_again(&of_item, &world, today, &item);
                let verdicts = |all: &[Evaluation]| -> Vec<_> {
                    all.iter().map(|one| (one.instance, one.compliance, one.message.clone(), one.evidence.clone())).collect()
                };
                prop_assert_eq!(verdicts(&again), verdicts(&full));
                let (_, anew) = judge.evaluate_again(&full, &world, today, &item);
                // Only what looks at the clock itself is judged twice at one moment.
                prop_assert!(anew <= 1, "{anew}");
                next.extend(again);
            }
            known = next;
        }
    }
}

/// The facts that lead from one state to another.
fn facts(from: &State, to: &State) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut step = |before: &[ConfigurationItem], after: &[ConfigurationItem]| {
        let key = |item: &ConfigurationItem| item.key().clone();
        for old in before.iter().filter(|old| after.iter().all(|new| key(new) != key(old))) {
            facts.push(Fact::Gone(key(old)));
        }
        for new in after.iter().filter(|new| before.iter().all(|old| new.to_value() != old.to_value())) {
            facts.push(Fact::Seen(Arc::new(new.clone())));
        }
    };
    step(&from.networks_now(), &to.networks_now());
    step(&from.items(), &to.items());
    let key = item_of("AWS::EC2::VPC", "x", &json!({})).key().clone();
    let gap =
        Gap { code: "AccessDenied".into(), message: String::new(), operation: String::new(), missing_action: None };
    let state = if to.listed { CoverageState::Complete } else { CoverageState::Failed { gap } };
    let line = Coverage {
        account_id: key.account_id,
        region: key.region,
        resource_type: ResourceType::parse("AWS::EC2::VPC").unwrap(),
        state,
        resources: 0,
    };
    facts.push(Fact::Listed(line));
    facts
}

type Verdicts = BTreeMap<(ResourceKey, InstanceId), String>;

/// What is said, without how it was found.
fn said(evaluations: &[Evaluation]) -> Verdicts {
    let line = |one: &Evaluation| {
        ((one.resource.clone(), one.instance), format!("{:?} {:?} {:?}", one.compliance, one.message.id, one.evidence))
    };
    evaluations.iter().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn following_changes_equals_judging_all(states in prop::collection::vec(state(), 1..8)) {
        let mut standing = Standing::new(changing_rules(), World::default());
        let mut held = Verdicts::new();
        let mut before = State { volumes: Vec::new(), networks: Vec::new(), listed: false, days: 0 };
        let mut today: Timestamp = now();
        for state in states {
            today = today.plus_days(state.days);
            let by_listing = state.days % 2 == 1;
            let told = facts(&before, &state).into_iter().filter(|fact| !by_listing || !matches!(fact, Fact::Gone(_)));
            told.for_each(|fact| standing.take(fact));
            if by_listing {
                for (name, there) in [("AWS::EC2::Volume", state.items()), ("AWS::EC2::VPC", state.networks_now())] {
                    let key = item_of(name, "x", &json!({})).key().clone();
                    let is_there = |id: &str| there.iter().any(|item| &*item.key().resource_id == id);
                    standing.only(&key.resource_type, key.account_id, &key.region, is_there);
                }
            }
            let items = state.items();
            let Affected { again, gone } = standing.affected(today);
            held.retain(|(key, _), _| !gone.contains(key));
            for key in again {
                if let Some(item) = items.iter().find(|item| *item.key() == key) {
                    held.extend(said(&standing.evaluate(today, item, Recording::On)));
                }
            }
            let full = items.iter().flat_map(|item| standing.judge().evaluate(&state.world(), today, item, Recording::On));
            // The rule that looks at the clock itself holds for no time at all: it is judged whenever it is asked.
            prop_assert_eq!(&held, &said(&full.collect::<Vec<_>>()));
            before = state;
        }
    }
}
