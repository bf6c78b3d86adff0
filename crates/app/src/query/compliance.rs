//! The resource types in which AWS Config keeps compliance: made from the store's evaluations when a query
//! asks for one of them by name.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::time::Duration;

use haechi_model::{Compliance, ContentHash, InstanceId, Timestamp};
use haechi_query::{Column, Plan, Row, Stopped, Worker};
use haechi_store::{ScanScope, Store};
use serde_json::{Value, json};

use super::Bound;
use crate::error::{Result, UserError};
use crate::in_store;

const OF_RESOURCES: &str = "AWS::Config::ResourceCompliance";
const OF_PACKS: &str = "AWS::Config::ConformancePackCompliance";

/// Whether the query names one of the types.
pub(super) fn is_asked_for(plan: &Plan) -> bool {
    plan.names_type(OF_RESOURCES) || plan.names_type(OF_PACKS)
}

/// A row that is in no store.
struct Made {
    position: u64,
    account: String,
    region: String,
    resource_type: &'static str,
    id: String,
    name: Option<String>,
    at: Timestamp,
    body: Vec<u8>,
}

impl Row for Made {
    type Error = Infallible;

    fn position(&self) -> u64 {
        self.position
    }

    fn column(&self, column: Column) -> Option<&str> {
        match column {
            Column::AccountId => Some(&self.account),
            Column::AwsRegion => Some(&self.region),
            Column::ResourceType => Some(self.resource_type),
            Column::ResourceId => Some(&self.id),
            Column::ResourceName => self.name.as_deref(),
            Column::Status => Some("OK"),
            Column::Arn | Column::CaptureTime => None,
        }
    }

    fn captured(&self) -> Timestamp {
        self.at
    }

    fn tags(&self) -> Option<&str> {
        None
    }

    fn fetch_version(&mut self) -> std::result::Result<(), Infallible> {
        Ok(())
    }

    fn version(&self) -> &[u8] {
        b"{}"
    }

    fn fetch_body(&mut self) -> std::result::Result<(), Infallible> {
        Ok(())
    }

    fn body(&self) -> &[u8] {
        &self.body
    }
}

/// The verdict of several: one that is broken breaks all; without any there are too few facts.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    compliant: u64,
    non_compliant: u64,
    insufficient: u64,
    last: Option<Timestamp>,
}

impl Tally {
    fn add(&mut self, compliance: Compliance) {
        match compliance {
            Compliance::Compliant => self.compliant += 1,
            Compliance::NonCompliant => self.non_compliant += 1,
            Compliance::InsufficientData => self.insufficient += 1,
            Compliance::NotApplicable => {}
        }
    }

    /// None when nothing of it applies: AWS Config has no such resource then.
    fn verdict(self) -> Option<Compliance> {
        match self {
            Self { non_compliant: 1.., .. } => Some(Compliance::NonCompliant),
            Self { compliant: 1.., .. } => Some(Compliance::Compliant),
            Self { insufficient: 1.., .. } => Some(Compliance::InsufficientData),
            _ => None,
        }
    }
}

/// The rules that a pack, or no pack, knows an instance by.
struct Names {
    of_instance: BTreeMap<InstanceId, Vec<String>>,
    /// Pack, its rules' names and instances.
    packs: Vec<(String, Vec<(String, InstanceId)>)>,
}

impl Names {
    fn of(store: &Store) -> Result<Self> {
        let packs: Vec<(String, Vec<(String, InstanceId)>)> = store
            .packs()
            .map_err(in_store)?
            .into_iter()
            .map(|pack| {
                let rules = pack.rules.into_iter().map(|rule| (rule.config_rule_name, rule.instance));
                (pack.name, rules.collect())
            })
            .collect();
        let mut of_instance: BTreeMap<InstanceId, Vec<String>> = BTreeMap::new();
        for (name, instance) in packs.iter().flat_map(|(_, rules)| rules) {
            let names = of_instance.entry(*instance).or_default();
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        for instance in store.instances().map_err(in_store)? {
            // As AWS names its managed rules where nobody else does.
            let usual = || vec![instance.rule.to_ascii_lowercase().replace('_', "-")];
            of_instance.entry(instance.id).or_insert_with(usual);
        }
        Ok(Self { of_instance, packs })
    }
}

/// Pack, account and region; the verdicts of each of its rules.
type PackTallies = BTreeMap<(usize, String, String), Vec<Tally>>;

/// Takes the rows of both types.
pub(super) fn rows<'p>(store: &Store, plan: &'p Plan, bound: &Bound, timeout: Duration) -> Result<Worker<'p>> {
    let names = Names::of(store)?;
    let mut worker = plan.worker();
    let mut tallies = PackTallies::new();
    let mut ended: Option<UserError> = None;
    // Behind every row of the store.
    let mut position = u64::MAX / 2;
    let mut by_instance: BTreeMap<InstanceId, Vec<(usize, usize)>> = BTreeMap::new();
    for (pack, (_, rules)) in names.packs.iter().enumerate() {
        for (rule, (_, instance)) in rules.iter().enumerate() {
            by_instance.entry(*instance).or_default().push((pack, rule));
        }
    }
    let each = |scope: &ScanScope, id: &str, verdicts: &[(InstanceId, Compliance)], at: Timestamp| {
        if bound.is_reached() {
            ended = Some(bound.error(timeout));
            return ControlFlow::Break(());
        }
        for (instance, compliance) in verdicts {
            for (pack, rule) in by_instance.get(instance).into_iter().flatten() {
                let key = (*pack, scope.account.clone(), scope.region.clone());
                let rules = tallies.entry(key).or_insert_with(|| vec![Tally::default(); names.packs[*pack].1.len()]);
                rules[*rule].add(*compliance);
                rules[*rule].last = rules[*rule].last.max(Some(at));
            }
        }
        if !plan.may_match(&scope.account, &scope.region, OF_RESOURCES) {
            return ControlFlow::Continue(());
        }
        position += 1;
        match of_resource(scope, id, verdicts, at, &names, position).map(|mut row| worker.take(&mut row)) {
            Some(Err(stopped)) => {
                ended = Some(stopped_error(stopped));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    };
    store.verdicts(each).map_err(in_store)?;
    for ((pack, account, region), rules) in tallies {
        if ended.is_none() && plan.may_match(&account, &region, OF_PACKS) {
            position += 1;
            let (name, named) = &names.packs[pack];
            let mut row = of_pack(name, named, account, region, &rules, position);
            ended = worker.take(&mut row).err().map(stopped_error);
        }
    }
    ended.map_or(Ok(worker), Err)
}

fn stopped_error(stopped: Stopped<Infallible>) -> UserError {
    super::stopped_error(match stopped {
        Stopped::Row(never) => match never {},
        Stopped::Malformed => Stopped::Malformed,
        Stopped::Groups(most) => Stopped::Groups(most),
        Stopped::Bytes(most) => Stopped::Bytes(most),
    })
}

fn of_resource(
    scope: &ScanScope,
    id: &str,
    verdicts: &[(InstanceId, Compliance)],
    at: Timestamp,
    names: &Names,
    position: u64,
) -> Option<Made> {
    let mut tally = Tally::default();
    verdicts.iter().for_each(|(_, compliance)| tally.add(*compliance));
    let verdict = tally.verdict()?;
    let applying = verdicts.iter().filter(|(_, compliance)| *compliance != Compliance::NotApplicable);
    let rules: Vec<Value> = applying
        .flat_map(|(instance, compliance)| {
            let known = names.of_instance.get(instance).into_iter().flatten();
            known.map(move |name| {
                json!({"configRuleName": name, "configRuleId": instance.to_string(), "complianceType": compliance.as_str()})
            })
        })
        .collect();
    let configuration = json!({
        "targetResourceId": id,
        "targetResourceType": scope.resource_type,
        "complianceType": verdict.as_str(),
        "configRuleList": rules,
    });
    let id = format!("{}/{id}", scope.resource_type);
    Some(made(OF_RESOURCES, id, None, (scope.account.clone(), scope.region.clone()), at, &configuration, position))
}

fn of_pack(
    name: &str,
    rules: &[(String, InstanceId)],
    account: String,
    region: String,
    tallies: &[Tally],
    position: u64,
) -> Made {
    let verdicts: Vec<_> = tallies.iter().map(|tally| tally.verdict()).collect();
    let count = |wanted| verdicts.iter().filter(|verdict| **verdict == Some(wanted)).count();
    let mut whole = Tally::default();
    verdicts.iter().flatten().for_each(|verdict| whole.add(*verdict));
    let verdict = whole.verdict().unwrap_or(Compliance::InsufficientData);
    let list: Vec<Value> = rules
        .iter()
        .zip(&verdicts)
        .map(|((rule, _), verdict)| {
            let verdict = verdict.unwrap_or(Compliance::InsufficientData);
            json!({"configRuleName": rule, "complianceType": verdict.as_str()})
        })
        .collect();
    let configuration = json!({
        "complianceType": verdict.as_str(),
        "totalRuleCount": rules.len(),
        "compliantRuleCount": count(Compliance::Compliant),
        "nonCompliantRuleCount": count(Compliance::NonCompliant),
        "configRuleList": list,
    });
    let id: String = ContentHash::of(name.as_bytes()).to_string().chars().take(9).collect();
    let last = tallies.iter().filter_map(|tally| tally.last).max().unwrap_or(Timestamp::from_micros(0));
    let place = (account, region);
    made(OF_PACKS, format!("conformance-pack-{id}"), Some(name.to_owned()), place, last, &configuration, position)
}

fn made(
    resource_type: &'static str,
    id: String,
    name: Option<String>,
    (account, region): (String, String),
    at: Timestamp,
    configuration: &Value,
    position: u64,
) -> Made {
    let body = json!({"version": "1.3", "configuration": configuration}).to_string().into_bytes();
    Made { position, account, region, resource_type, id, name, at, body }
}
