//! Plans are applied, resumed and undone against a network ACL, an IP set and a role of a pretended AWS that can
//! refuse, lose answers, lag behind and be changed by others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use haechi_aws::{Api, ApiError, BoxFuture, ErrorKind};
use haechi_model::{AccountId, Partition, Region, Timestamp};
use haechi_respond::{
    Conduct, Deed, Force, Journal, JournalError, Library, Outcome, Phase, Plan, PlanError, Record, Request, Stopped,
    apply, plan, undo,
};
use serde_json::{Value, json};

/// What goes wrong with the next calls of an operation.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Trouble {
    /// Nothing is done.
    Denied,
    /// It is done, and the answer is lost.
    Lost,
    /// The connection broke before it was done.
    Broken,
    /// It is done, but readings show it later.
    Lags(u32),
}

#[derive(Default)]
struct Aws {
    entries: Vec<Value>,
    addresses: Vec<String>,
    lock: u64,
    policy: Option<String>,
    troubles: BTreeMap<String, Trouble>,
    /// What readings show meanwhile, and for how many of them.
    stale: Option<(u32, Vec<Value>)>,
    calls: Vec<String>,
}

struct Pretended(Mutex<Aws>);

impl Pretended {
    fn new() -> Self {
        let entry = |egress: bool| json!({"RuleNumber": 100, "Egress": egress, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"});
        Self(Mutex::new(Aws { entries: vec![entry(false), entry(true)], ..Aws::default() }))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Aws) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    fn trouble(&self, operation: &str, trouble: Trouble) {
        self.with(|aws| aws.troubles.insert(operation.to_owned(), trouble));
    }

    fn denied(&self) -> Vec<(bool, i64)> {
        self.with(|aws| {
            let denies = aws.entries.iter().filter(|entry| entry["RuleAction"] == "deny");
            denies.map(|entry| (entry["Egress"] == true, entry["RuleNumber"].as_i64().unwrap())).collect()
        })
    }

    fn changes(&self) -> Vec<String> {
        self.with(|aws| aws.calls.iter().filter(|call| !haechi_aws::only_reads(call)).cloned().collect())
    }
}

impl Aws {
    fn answer(&mut self, operation: &str, input: &Value) -> Result<Value, ErrorKind> {
        let trouble = self.troubles.remove(operation);
        match trouble {
            Some(Trouble::Denied) => return Err(ErrorKind::AccessDenied),
            Some(Trouble::Broken) => return Err(ErrorKind::Connection),
            _ => {}
        }
        let before = self.entries.clone();
        let answer = self.done(operation, input)?;
        match trouble {
            Some(Trouble::Lost) => Err(ErrorKind::Timeout),
            Some(Trouble::Lags(readings)) => {
                self.stale = Some((readings, before));
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }

    fn done(&mut self, operation: &str, input: &Value) -> Result<Value, ErrorKind> {
        let same = |entry: &Value| entry["RuleNumber"] == input["RuleNumber"] && entry["Egress"] == input["Egress"];
        match operation {
            "DescribeNetworkAcls" => {
                let entries = match &mut self.stale {
                    Some((left, entries)) if *left > 0 => {
                        *left -= 1;
                        entries.clone()
                    }
                    _ => self.entries.clone(),
                };
                Ok(json!({"NetworkAcls": [{"NetworkAclId": "acl-0a", "Entries": entries}]}))
            }
            "CreateNetworkAclEntry" if self.entries.iter().any(same) => Err(ErrorKind::Service),
            "CreateNetworkAclEntry" => {
                let mut entry = input.clone();
                entry.as_object_mut().unwrap().remove("NetworkAclId");
                self.entries.push(entry);
                Ok(json!({}))
            }
            "DeleteNetworkAclEntry" => {
                let many = self.entries.len();
                self.entries.retain(|entry| !same(entry));
                if self.entries.len() < many { Ok(json!({})) } else { Err(ErrorKind::NotFound) }
            }
            "GetIPSet" => Ok(json!({"LockToken": format!("t{}", self.lock), "IPSet": {
                "IPAddressVersion": "IPV4", "Description": "d", "Addresses": self.addresses}})),
            "UpdateIPSet" if input["LockToken"] != format!("t{}", self.lock).as_str() => Err(ErrorKind::Service),
            "UpdateIPSet" => {
                self.lock += 1;
                let addresses = input["Addresses"].as_array().unwrap();
                self.addresses = addresses.iter().map(|address| address.as_str().unwrap().to_owned()).collect();
                Ok(json!({}))
            }
            "GetRole" => Ok(json!({"Role": {"Path": "/"}})),
            "GetRolePolicy" => match &self.policy {
                Some(policy) => Ok(json!({"PolicyDocument": policy})),
                None => Err(ErrorKind::NotFound),
            },
            "PutRolePolicy" => {
                self.policy = input["PolicyDocument"].as_str().map(str::to_owned);
                Ok(json!({}))
            }
            "DeleteRolePolicy" => {
                self.policy = None;
                Ok(json!({}))
            }
            other => panic!("{other} is not pretended"),
        }
    }
}

impl Api for Pretended {
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let answer = self.with(|aws| {
            aws.calls.push(operation.to_owned());
            aws.answer(operation, &input)
        });
        let answer = answer.map_err(|kind| ApiError::new(kind, service, region, operation, "as the test wants it"));
        Box::pin(std::future::ready(answer))
    }
}

/// A journal in memory. It may break off: then the process is taken to be dead.
#[derive(Default)]
struct Memory {
    records: Vec<Record>,
    /// The end of the record with this number is not written any more.
    dies_at_end_of: Option<usize>,
    refuses: bool,
}

impl Journal for Memory {
    fn begin(&mut self, record: &Record) -> Result<i64, JournalError> {
        if self.refuses {
            return Err(JournalError("the disk is full".into()));
        }
        self.records.push(record.clone());
        Ok(self.records.len() as i64 - 1)
    }

    fn end(&mut self, number: i64, record: &Record) -> Result<(), JournalError> {
        if self.dies_at_end_of == Some(number as usize) {
            return Err(JournalError("killed".into()));
        }
        self.records[number as usize] = record.clone();
        Ok(())
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T09:30:00.5Z").unwrap()
}

async fn planned(aws: &Pretended, playbook: &str, inputs: Value) -> Plan {
    made(aws, playbook, inputs, 0).await.unwrap()
}

async fn made(aws: &Pretended, playbook: &str, inputs: Value, standing: u64) -> Result<Plan, PlanError> {
    let library = Library::embedded();
    let request = Request {
        account: AccountId::parse("111122223333").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        partition: Partition::aws(),
        at: now(),
        inputs: inputs.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        finding: Value::Null,
        expires: Some(3_600_000_000),
    };
    plan(library.get(playbook).unwrap(), &request, aws, &|_: &str| standing).await
}

fn block() -> Value {
    json!({"address": "192.0.2.44", "networkAcl": "acl-0a"})
}

const PAUSES: [Duration; 3] = [Duration::from_millis(1); 3];

async fn carry(aws: &Pretended, plan: &Plan, journal: &mut Memory, back: Option<Force>) -> Result<(), Stopped> {
    let mut records = journal.records.clone();
    let mut seen = |_: &_, _: &Record| {};
    let mut conduct = Conduct { api: aws, journal, clock: now, pauses: &PAUSES, stop: &|| false, seen: &mut seen };
    match back {
        None => apply(plan, &mut records, &mut conduct).await,
        Some(force) => undo(plan, &mut records, force, &mut conduct).await,
    }
}

fn outcomes(journal: &Memory) -> Vec<(usize, Deed, Outcome)> {
    journal.records.iter().map(|record| (record.step, record.deed, record.outcome)).collect()
}

fn phase(plan: &Plan, journal: &Memory) -> Phase {
    Phase::of(plan.steps.len(), &journal.records, true)
}

const APPLY: Deed = Deed::Apply;
const UNDO: Deed = Deed::Undo;

#[tokio::test]
async fn there_and_back() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    assert_eq!(aws.changes(), [""; 0], "planning changes nothing");
    let text = plan.text();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap().id(), plan.id());
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!(aws.denied(), [(false, 99), (true, 99)]);
    assert_eq!(outcomes(&journal), [(0, APPLY, Outcome::Done), (1, APPLY, Outcome::Done)]);
    assert_eq!(journal.records[0].before, Value::Null);
    assert_eq!(journal.records[0].after["RuleNumber"], 99);
    assert_eq!(phase(&plan, &journal), Phase::Applied);
    // Again: nothing is done twice.
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!(journal.records.len(), 2);
    carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap();
    assert_eq!(aws.denied(), []);
    assert_eq!(outcomes(&journal)[2..], [(1, UNDO, Outcome::Done), (0, UNDO, Outcome::Done)]);
    assert_eq!(phase(&plan, &journal), Phase::Undone);
    carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap();
    assert_eq!(journal.records.len(), 4);
}

#[tokio::test]
async fn a_plan_made_again_is_the_same_until_something_changes() {
    let aws = Pretended::new();
    let library = Library::embedded();
    let playbook = library.get("block-address-network-acl").unwrap();
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    let again = plan.again(playbook, Value::Null, &aws, &|_: &str| 0).await.unwrap();
    assert_eq!((again.id(), plan.differences(&again, 9)), (plan.id(), vec![]));
    aws.with(|aws| aws.entries.push(json!({"RuleNumber": 99, "Egress": false, "RuleAction": "deny", "Protocol": "6"})));
    let again = plan.again(playbook, Value::Null, &aws, &|_: &str| 0).await.unwrap();
    assert_ne!(again.id(), plan.id());
    let differences = plan.differences(&again, 99);
    assert!(differences.contains(&"facts.ingressNumber".to_owned()), "{differences:?}");
}

#[tokio::test]
async fn a_refusal_in_the_middle_stops_and_is_resumed() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    carry(&aws, &plan, &mut Memory::default(), None).await.unwrap();
    aws.with(|aws| aws.entries.truncate(2));
    // The first call goes well, the second is refused.
    let mut stop_after_one = Memory { dies_at_end_of: None, ..Memory::default() };
    {
        let mut records = Vec::new();
        let aws_ref = &aws;
        let mut seen = |_: &_, _: &Record| aws_ref.trouble("CreateNetworkAclEntry", Trouble::Denied);
        let mut conduct = Conduct {
            api: aws_ref,
            journal: &mut stop_after_one,
            clock: now,
            pauses: &PAUSES,
            stop: &|| false,
            seen: &mut seen,
        };
        let stopped = apply(&plan, &mut records, &mut conduct).await.unwrap_err();
        assert!(matches!(stopped, Stopped::Refused { step: 1, .. }), "{stopped}");
    }
    aws.with(|aws| aws.troubles.clear());
    journal.records = stop_after_one.records;
    assert_eq!(outcomes(&journal), [(0, APPLY, Outcome::Done), (1, APPLY, Outcome::Failed)]);
    assert_eq!((phase(&plan, &journal), aws.denied()), (Phase::PartlyApplied, vec![(false, 99)]));
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!((phase(&plan, &journal), aws.denied().len()), (Phase::Applied, 2));
}

#[tokio::test]
async fn a_refused_plan_can_be_taken_back() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    aws.trouble("CreateNetworkAclEntry", Trouble::Denied);
    carry(&aws, &plan, &mut journal, None).await.unwrap_err();
    carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap();
    assert_eq!((phase(&plan, &journal), aws.denied()), (Phase::Undone, vec![]));
}

#[tokio::test]
async fn a_lost_answer_is_found_out() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    aws.trouble("CreateNetworkAclEntry", Trouble::Lost);
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!(phase(&plan, &journal), Phase::Applied);
    assert!(journal.records[0].error.as_deref().unwrap().contains("timeout"));
    // Broken before anything was done: not certain, so unknown, and made again.
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    aws.trouble("CreateNetworkAclEntry", Trouble::Broken);
    carry(&aws, &plan, &mut journal, None).await.unwrap_err();
    assert_eq!(outcomes(&journal), [(0, APPLY, Outcome::Unknown)]);
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!((phase(&plan, &journal), aws.denied().len()), (Phase::Applied, 2));
}

#[tokio::test]
async fn killed_between_the_call_and_its_record() {
    let (aws, mut journal) = (Pretended::new(), Memory { dies_at_end_of: Some(1), ..Memory::default() });
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    let stopped = carry(&aws, &plan, &mut journal, None).await.unwrap_err();
    assert!(matches!(stopped, Stopped::Journal(_)));
    assert_eq!(outcomes(&journal), [(0, APPLY, Outcome::Done), (1, APPLY, Outcome::Unknown)]);
    assert_eq!(aws.denied().len(), 2, "AWS has done it");
    journal.dies_at_end_of = None;
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!(outcomes(&journal)[2], (1, APPLY, Outcome::Done));
    assert_eq!(aws.changes().len(), 2, "it is not made twice");
    carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap();
    assert_eq!(aws.denied(), [], "it is ours, so it is undone");
}

#[tokio::test]
async fn nothing_is_called_that_cannot_be_written_down() {
    let (aws, mut journal) = (Pretended::new(), Memory { refuses: true, ..Memory::default() });
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    assert!(matches!(carry(&aws, &plan, &mut journal, None).await, Err(Stopped::Journal(_))));
    assert_eq!(aws.changes(), [""; 0]);
}

#[tokio::test]
async fn readings_may_lag() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    aws.trouble("CreateNetworkAclEntry", Trouble::Lags(2));
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!(phase(&plan, &journal), Phase::Applied);
    // For too long: it is not taken for done.
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    aws.trouble("CreateNetworkAclEntry", Trouble::Lags(50));
    let stopped = carry(&aws, &plan, &mut journal, None).await.unwrap_err();
    assert!(matches!(stopped, Stopped::NotShown { step: 0, .. }), "{stopped}");
    assert_eq!(outcomes(&journal), [(0, APPLY, Outcome::Unknown)]);
    aws.with(|aws| aws.stale = None);
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    assert_eq!(aws.changes().len(), 2);
}

#[tokio::test]
async fn what_others_did_is_not_overwritten() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    let other =
        json!({"RuleNumber": 99, "Egress": false, "RuleAction": "deny", "Protocol": "6", "CidrBlock": "10.0.0.0/8"});
    aws.with(|aws| aws.entries.push(other.clone()));
    let stopped = carry(&aws, &plan, &mut journal, None).await.unwrap_err();
    assert!(matches!(stopped, Stopped::Changed { step: 0, .. }), "{stopped}");
    assert_eq!(aws.changes(), [""; 0]);
    // And after the apply: the undo refuses before it changes anything, unless it is told.
    aws.with(|aws| aws.entries.truncate(2));
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    aws.with(|aws| {
        aws.entries.retain(|entry| entry["RuleNumber"] != 99 || entry["Egress"] == true);
        aws.entries.push(other);
    });
    let stopped = carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap_err();
    assert!(matches!(stopped, Stopped::NotOurs { step: 0, .. }), "{stopped}");
    assert_eq!(aws.denied(), [(true, 99), (false, 99)]);
    carry(&aws, &plan, &mut journal, Some(Force::Yes)).await.unwrap();
    assert_eq!((aws.denied(), phase(&plan, &journal)), (vec![], Phase::Undone));
}

#[tokio::test]
async fn what_somebody_undid_already_is_left_alone() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "block-address-network-acl", block()).await;
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    aws.with(|aws| aws.entries.truncate(2));
    carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap();
    assert_eq!(outcomes(&journal)[2..], [(1, UNDO, Outcome::Already), (0, UNDO, Outcome::Already)]);
    assert_eq!(aws.changes().len(), 2);
}

#[tokio::test]
async fn an_ip_set_keeps_what_others_add() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    aws.with(|aws| aws.addresses = vec!["203.0.113.9/32".into()]);
    let set = "arn:aws:wafv2:us-east-1:111122223333:regional/ipset/blocked/0a1b";
    let plan = planned(&aws, "block-address-waf", json!({"address": "192.0.2.44", "ipSet": set})).await;
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    aws.with(|aws| {
        aws.addresses.push("198.51.100.1/32".into());
        aws.lock += 1;
    });
    carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap();
    let left: BTreeSet<String> = aws.with(|aws| aws.addresses.iter().cloned().collect());
    assert_eq!(left, ["198.51.100.1/32".to_owned(), "203.0.113.9/32".to_owned()].into());
    assert_eq!(phase(&plan, &journal), Phase::Undone);
}

#[tokio::test]
async fn the_moment_of_the_call_is_in_the_call() {
    let (aws, mut journal) = (Pretended::new(), Memory::default());
    let plan = planned(&aws, "revoke-role-sessions", json!({"roleName": "web"})).await;
    assert_eq!(plan.steps[0].known_later, ["time of the call"]);
    carry(&aws, &plan, &mut journal, None).await.unwrap();
    let policy = aws.with(|aws| aws.policy.clone()).unwrap();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let condition = &policy["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"];
    assert_eq!(condition, "2026-11-22T09:30:01Z", "to the second, after the call");
    carry(&aws, &plan, &mut journal, Some(Force::No)).await.unwrap();
    assert_eq!(aws.with(|aws| aws.policy.clone()), None);
}

#[tokio::test]
async fn the_limit_refuses() {
    let aws = Pretended::new();
    let error = made(&aws, "block-address-network-acl", block(), 20).await.unwrap_err();
    assert!(matches!(error, PlanError::Limit { most: 20, standing: 20, .. }), "{error}");
    assert!(made(&aws, "block-address-network-acl", block(), 19).await.is_ok());
}

#[tokio::test]
async fn a_playbook_without_undo_has_no_expiry() {
    let aws = Pretended::new();
    let error = made(&aws, "delete-login-profile", json!({"userName": "mina"}), 0).await.unwrap_err();
    assert!(matches!(error, PlanError::NeverUndone(_)), "{error}");
}

#[tokio::test]
async fn inputs_are_checked() {
    let aws = Pretended::new();
    for (inputs, words) in [
        (json!({"networkAcl": "acl-0a"}), "`address` is missing"),
        (json!({"address": "192.0.2.1", "networkAcl": "acl-0a; rm -rf"}), "is not like"),
        (json!({"address": "192.0.2.1\u{1b}[31m", "networkAcl": "acl-0a"}), "neither an address"),
        (json!({"adress": "192.0.2.1"}), "not among the inputs"),
        (json!({"address": "192.0.2.1", "networkAcl": "acl-0a", "most": "many"}), "is no int"),
    ] {
        let error = made(&aws, "block-address-network-acl", inputs, 0).await.unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains('\u{1b}'), "{error}");
    }
    assert_eq!(aws.changes(), [""; 0]);
}
