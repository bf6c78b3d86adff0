//! Responses: a playbook becomes a plan, the plan is kept and approved. `respond_run` applies and undoes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use haechi_aws::Role;
use haechi_content::nearest;
use haechi_model::{AccountId, Region};
use haechi_report::threats::{ThreatEntry, finding_of};
use haechi_respond::{Library, Phase, Plan, PlanError, Playbook, Record, Request, plan};
use haechi_store::{Approval, Store, StoreError, StoredPlan};
use serde_json::{Map, Value, json};

use crate::error::{Result, UserError};
use crate::live::{Caller, LiveRequest, connect, identify};
use crate::moment::span;
use crate::respond_records::records_of;
use crate::{App, in_store};

/// As whom changes are made. The read-only session policy of recording is not applied: a response writes.
#[derive(Debug, Clone, Default)]
pub struct ActAs {
    pub profile: Option<String>,
    /// A role to take on, by name or ARN: in the account of the plan.
    pub role: Option<String>,
    pub external_id: Option<String>,
}

/// A playbook and what it is to be made for.
#[derive(Debug, Clone, Default)]
pub struct RespondRequest {
    pub playbook: String,
    /// NAME=VALUE.
    pub set: Vec<String>,
    /// A finding of the store, by id.
    pub finding: Option<String>,
    /// A finding in a file: GuardDuty's, as EventBridge or GetFindings gives it.
    pub finding_file: Option<PathBuf>,
    pub account: Option<String>,
    pub region: Option<String>,
    /// After what time the undo is due, such as `24h`.
    pub expires: Option<String>,
    pub act: ActAs,
}

/// A plan with all that is written of it.
#[derive(Debug, Clone)]
pub struct PlanView {
    pub stored: StoredPlan,
    pub plan: Plan,
    pub records: Vec<Record>,
    pub approvals: Vec<Approval>,
    pub phase: Phase,
}

/// Changes of a stale plan that are named.
const DIFFERENCES: usize = 8;
/// Largest file of a finding.
const FINDING_FILE: u64 = 4 << 20;

impl App {
    /// The playbooks: Haechi's, and the user's own over them.
    pub(crate) fn playbooks(&self) -> Result<Library> {
        let library = match &self.content_folder {
            Some(folder) => Library::with_folder(folder),
            None => Library::embedded(),
        };
        match library.problems().first() {
            None => Ok(library),
            Some(problem) => {
                let told = problem.to_string();
                Err(UserError::said("error-content").because(told.strip_prefix("error: ").unwrap_or(&told)))
            }
        }
    }

    /// Makes a plan and keeps it. Nothing is changed in AWS.
    pub async fn respond_plan(&self, request: &RespondRequest) -> Result<PlanView> {
        let library = self.playbooks()?;
        let playbook = playbook_of(&library, &request.playbook)?;
        let expires = request.expires.as_deref().map(|text| span("expires", text)).transpose()?;
        let inputs = given(&request.set)?;
        if let Some(unknown) = inputs.keys().find(|name| playbook.inputs.get(name).is_none()) {
            return Err(unknown_input(playbook, unknown));
        }
        let finding = self.finding_value(request)?;
        let wanted = wanted_account(request, &finding)?;
        let caller = acting(&request.act, wanted).await?;
        let region = self.response_region(request, &finding, &caller)?;
        let mut store = self.writable_store()?;
        let request = Request {
            account: caller.account,
            region,
            partition: caller.partition.clone(),
            at: self.now(),
            inputs,
            finding,
            expires,
        };
        let standing = standing(&store, playbook)?;
        let made = plan(playbook, &request, &caller.client, &|key| standing.get(key).copied().unwrap_or(0)).await;
        let made = made.map_err(|error| self.no_plan(&error))?;
        let stored = stored(&made);
        store.put_plan(&stored).map_err(in_store)?;
        self.view(&store, stored)
    }

    /// A plan of the store.
    pub fn response(&self, id: &str) -> Result<PlanView> {
        let store = self.existing_store()?;
        let stored = store.plan(id).map_err(in_store)?;
        self.view(&store, stored)
    }

    /// All plans, the newest first.
    pub fn responses(&self) -> Result<Vec<PlanView>> {
        let store = match self.existing_store_or_none()? {
            Some(store) => store,
            None => return Ok(Vec::new()),
        };
        let plans = store.plans().map_err(in_store)?;
        plans.into_iter().map(|stored| self.view(&store, stored)).collect()
    }

    /// Lets a plan be applied. What it was made from must not have changed.
    pub async fn respond_approve(&self, id: &str, who: &str, reason: &str, act: &ActAs) -> Result<PlanView> {
        if who.trim().is_empty() || reason.trim().is_empty() {
            return Err(UserError::said("error-respond-words"));
        }
        let view = self.response(id)?;
        if !matches!(view.phase, Phase::Planned | Phase::Approved) {
            return Err(UserError::said("error-respond-phase").arg("phase", view.phase.as_str()));
        }
        let caller = acting(act, Some(view.plan.account)).await?;
        self.must_hold(&view, &caller).await?;
        self.write_approval(&view, who, reason)
    }

    /// Writes down who let a plan be applied or undone, and why.
    pub(crate) fn write_approval(&self, view: &PlanView, who: &str, reason: &str) -> Result<PlanView> {
        let mut store = self.writable_store()?;
        let approval = Approval { who: who.trim().to_owned(), reason: reason.trim().to_owned(), at: self.now() };
        store.approve_plan(view.stored.id, &approval).map_err(in_store)?;
        self.view(&store, view.stored.clone())
    }

    /// Somebody at a terminal has seen the plan and said yes.
    pub fn respond_confirmed(&self, view: &PlanView, who: &str) -> Result<PlanView> {
        self.write_approval(view, who, "confirmed at the terminal")
    }

    /// Makes the plan again as of its own moment; it must be the same.
    pub(crate) async fn must_hold(&self, view: &PlanView, caller: &Caller) -> Result<()> {
        let library = self.playbooks()?;
        let playbook = playbook_of(&library, &view.plan.playbook)?;
        let stale = |why: String| {
            UserError::said("error-respond-stale")
                .arg("plan", short(&view.stored))
                .because(why)
                .help("advice-respond-again")
        };
        if playbook.hash() != view.plan.playbook_hash {
            return Err(stale(format!("the playbook {} is another one now", playbook.id)));
        }
        let finding = view.plan.finding.as_ref().map_or(Value::Null, |cause| json!(cause));
        let store = self.existing_store()?;
        let counts = standing(&store, playbook)?;
        let own = view.plan.limit_key.as_deref().filter(|_| view.phase.stands());
        let standing = |key: &str| {
            let all = counts.get(key).copied().unwrap_or(0);
            if own == Some(key) { all.saturating_sub(1) } else { all }
        };
        let again = view.plan.again(playbook, finding, &caller.client, &standing).await;
        let again = again.map_err(|error| match error {
            PlanError::Read(_) => self.no_plan(&error),
            error => stale(error.to_string()),
        })?;
        if again.id() == view.stored.id {
            return Ok(());
        }
        let mut error = stale("what it was made from has changed".to_owned());
        for path in view.plan.differences(&again, DIFFERENCES) {
            error = error.because(path);
        }
        Err(error)
    }

    /// The IAM policy that a playbook needs.
    pub fn respond_policy(&self, request: &RespondRequest) -> Result<Value> {
        let library = self.playbooks()?;
        let playbook = playbook_of(&library, &request.playbook)?;
        let inputs: Map<String, Value> = given(&request.set)?.into_iter().collect();
        if let Some(unknown) = inputs.keys().find(|name| playbook.inputs.get(name).is_none()) {
            return Err(unknown_input(playbook, unknown));
        }
        Ok(haechi_respond::policy(playbook, &inputs, request.account.as_deref(), "aws"))
    }

    pub(crate) fn view(&self, store: &Store, stored: StoredPlan) -> Result<PlanView> {
        let plan: Plan = serde_json::from_str(&stored.body)
            .map_err(|error| UserError::said("error-respond-plan").arg("plan", short(&stored)).because(error))?;
        let records = records_of(store, stored.id)?;
        let approvals = store.plan_approvals(stored.id).map_err(in_store)?;
        let phase = Phase::of(plan.steps.len(), &records, !approvals.is_empty());
        // When it is due may have been set meanwhile.
        let stored = store.plan(&stored.id.to_string()).map_err(in_store)?;
        Ok(PlanView { stored, plan, records, approvals, phase })
    }

    pub(crate) fn existing_store_or_none(&self) -> Result<Option<Store>> {
        match Store::open_existing_at(&self.location) {
            Ok(store) => Ok(Some(store)),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(crate::store_error(&error, &self.store)),
        }
    }

    /// A plan's error in the user's words.
    fn no_plan(&self, error: &PlanError) -> UserError {
        match error {
            PlanError::UnknownInput(name, known) => UserError::said("error-respond-input-unknown")
                .arg("name", name)
                .help("advice-respond-inputs")
                .arg("names", known),
            PlanError::MissingInput { name, meaning } => UserError::said("error-respond-input-missing")
                .arg("name", name)
                .arg("meaning", meaning.get(self.language))
                .help("advice-respond-set")
                .arg("name", name),
            PlanError::BadInput { name, why } => UserError::said("error-respond-input").arg("name", name).because(why),
            PlanError::Refused(says) => UserError::verbatim(says.get(self.language)),
            PlanError::Limit { per, most, standing } => UserError::said("error-respond-limit")
                .arg("standing", standing)
                .arg("most", most)
                .arg("per", per)
                .help("advice-respond-limit"),
            PlanError::NeverUndone(says) => UserError::said("error-respond-never").because(says.get(self.language)),
            PlanError::Read(error) => {
                UserError::said("error-respond-read").because(error).help("advice-respond-policy")
            }
            PlanError::Expression { .. } => UserError::said("error-respond-playbook").because(error),
        }
    }

    /// The finding that a plan answers to, as playbooks read it.
    fn finding_value(&self, request: &RespondRequest) -> Result<Value> {
        if let Some(path) = &request.finding_file {
            return finding_file(path);
        }
        let Some(id) = &request.finding else { return Ok(Value::Null) };
        let store = self.existing_store()?;
        match store.threat(id, self.now()) {
            Ok(stored) => {
                let entry = ThreatEntry {
                    threat: stored.threat,
                    account_name: stored.account_name,
                    ou_path: stored.ou_path,
                    suppression: None,
                    assignee: stored.assignee,
                };
                Ok(finding_of(&entry, None))
            }
            Err(StoreError::NotFound { .. }) => {
                let stored = store.finding(id, self.now()).map_err(in_store)?;
                serde_json::to_value(&stored.finding).map_err(UserError::verbatim)
            }
            Err(error) => Err(in_store(error)),
        }
    }

    fn response_region(&self, request: &RespondRequest, finding: &Value, caller: &Caller) -> Result<Region> {
        let of_finding = [&finding["region"], &finding["subject"]["awsRegion"]];
        let of_finding = of_finding.into_iter().find_map(Value::as_str).filter(|region| *region != "global");
        let word = request.region.as_deref().or(of_finding).unwrap_or(caller.client.region());
        let region = Region::parse(word)
            .map_err(|error| UserError::said("error-flag").arg("flag", "region").arg("text", error))?;
        Ok(region)
    }
}

/// A finding of a file: the finding itself, EventBridge's event around it, or one in GetFindings' answer.
fn finding_file(path: &std::path::Path) -> Result<Value> {
    use std::io::Read as _;
    let wrong = |why: &dyn std::fmt::Display| {
        UserError::said("error-respond-finding-file").arg("path", path.display()).because(why)
    };
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => std::io::stdin().take(FINDING_FILE + 1).read_to_string(&mut text),
        _ => std::fs::File::open(path).and_then(|file| file.take(FINDING_FILE + 1).read_to_string(&mut text)),
    };
    read.map_err(|error| wrong(&error))?;
    if text.len() as u64 > FINDING_FILE {
        return Err(wrong(&format!("it has more than {FINDING_FILE} bytes")));
    }
    let mut value: Value = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    for inner in ["/detail", "/Findings/0", "/findings/0"] {
        if let Some(found) = value.pointer_mut(inner) {
            value = found.take();
        }
    }
    // The API writes members with capitals, EventBridge without.
    let value = lower_members(value, 0);
    if value["type"].is_string() && value["id"].is_string() { Ok(value) } else { Err(wrong(&"it has no id and type")) }
}

fn lower_members(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(members) if depth < 32 => {
            let lowered = members.into_iter().map(|(key, member)| {
                let mut letters = key.chars();
                let key = letters.next().map(|first| first.to_ascii_lowercase().to_string() + letters.as_str());
                (key.unwrap_or_default(), lower_members(member, depth + 1))
            });
            Value::Object(lowered.collect())
        }
        Value::Array(elements) => elements.into_iter().map(|element| lower_members(element, depth + 1)).collect(),
        other => other,
    }
}

/// The id as people write it.
pub(crate) fn short(stored: &StoredPlan) -> String {
    stored.id.to_string().chars().take(12).collect()
}

pub(crate) fn playbook_of<'l>(library: &'l Library, id: &str) -> Result<&'l Playbook> {
    library.get(id).ok_or_else(|| {
        let error = UserError::said("error-respond-no-playbook").arg("playbook", id);
        match nearest(id, library.iter().map(|playbook| playbook.id.as_str())) {
            Some(near) => error.help("advice-did-you-mean").arg("word", near),
            None => error.help("advice-respond-list"),
        }
    })
}

fn unknown_input(playbook: &Playbook, name: &str) -> UserError {
    let known: Vec<_> = playbook.inputs.iter().map(|(name, _)| name).collect();
    UserError::said("error-respond-input-unknown")
        .arg("name", name)
        .help("advice-respond-inputs")
        .arg("names", known.join(", "))
}

/// NAME=VALUE as inputs.
fn given(set: &[String]) -> Result<BTreeMap<String, Value>> {
    let mut inputs = BTreeMap::new();
    for word in set {
        let (name, value) =
            word.split_once('=').ok_or_else(|| UserError::said("error-respond-set").arg("word", word))?;
        if inputs.insert(name.trim().to_owned(), Value::from(value)).is_some() {
            return Err(UserError::said("error-respond-set-twice").arg("name", name));
        }
    }
    Ok(inputs)
}

/// The account that is meant: the flag's, else the finding's.
fn wanted_account(request: &RespondRequest, finding: &Value) -> Result<Option<AccountId>> {
    let of_finding = [&finding["accountId"], &finding["subject"]["accountId"]].into_iter().find_map(Value::as_str);
    let word = request.account.as_deref().or(of_finding);
    let parsed = word.map(AccountId::parse).transpose();
    parsed.map_err(|error| UserError::said("error-flag").arg("flag", "account").arg("text", error))
}

/// How many plans of a playbook stand, by what its limit counts.
fn standing(store: &Store, playbook: &Playbook) -> Result<BTreeMap<String, u64>> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    if playbook.limit.is_none() {
        return Ok(counts);
    }
    for stored in store.plans().map_err(in_store)? {
        let Some(key) = stored.limit_key.as_ref().filter(|_| stored.playbook == playbook.id) else { continue };
        let records = records_of(store, stored.id)?;
        if records.is_empty() {
            continue;
        }
        let steps = serde_json::from_str::<Value>(&stored.body).ok();
        let steps = steps.and_then(|plan| Some(plan["steps"].as_array()?.len())).unwrap_or(usize::MAX);
        if steps == usize::MAX || Phase::of(steps, &records, false).stands() {
            *counts.entry(key.clone()).or_default() += 1;
        }
    }
    Ok(counts)
}

fn stored(plan: &Plan) -> StoredPlan {
    StoredPlan {
        id: plan.id(),
        playbook: plan.playbook.clone(),
        account: plan.account.to_string(),
        region: plan.region.to_string(),
        finding: plan.finding.as_ref().map(|cause| cause.id.clone()),
        made: plan.made_at,
        limit_key: plan.limit_key.clone(),
        due: None,
        body: plan.text(),
    }
}

/// What the other account's CloudTrail shows.
const SESSION: &str = "haechi-respond";

/// The credentials that changes are made with, in the account that is meant.
pub(crate) async fn acting(act: &ActAs, wanted: Option<AccountId>) -> Result<Caller> {
    let request = LiveRequest { profile: act.profile.clone(), ..LiveRequest::default() };
    let caller = connect(&request).await?;
    let caller = match &act.role {
        None => caller,
        Some(role) => {
            let account = wanted.unwrap_or(caller.account);
            let arn = match role.starts_with("arn:") {
                true => role.clone(),
                false => format!("arn:{}:iam::{account}:role/{}", caller.partition, role.trim_start_matches('/')),
            };
            let taken = caller.client.assume_role(Role {
                arn,
                session_name: SESSION.to_owned(),
                external_id: act.external_id.clone(),
                session_policy: None,
                session_policy_arns: Vec::new(),
            });
            identify(taken, None).await?
        }
    };
    match wanted {
        Some(wanted) if wanted != caller.account => Err(UserError::said("error-account-other")
            .arg("wanted", wanted)
            .arg("account", caller.account)
            .help("advice-respond-role")),
        _ => Ok(caller),
    }
}
