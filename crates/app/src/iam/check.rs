//! `haechi iam check`: whether a policy allows more than an older one, opens something to the public, or grants
//! what it must not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use haechi_iam::sets::{self, Access, Asker, Found, Given, Scope, Witness, Zone};
use haechi_iam::{Action, Catalogue, Fault, FaultKind, PolicyKind, Prepared, Resource, ResourceKind};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Map, Value, json};

use crate::App;
use crate::error::{Result, UserError};

/// What is checked.
#[derive(Debug, Clone)]
pub enum PolicyCheck {
    /// The second file allows nothing that the first does not.
    NoNewAccess,
    NoPublicAccess,
    /// None of these actions is allowed.
    NotGranted(Vec<String>),
}

#[derive(Debug, Clone)]
pub struct PolicyCheckRequest {
    pub check: PolicyCheck,
    pub files: Vec<PathBuf>,
    /// `AWS::S3::Bucket`: the policy is that of such a resource.
    pub resource_type: Option<String>,
}

/// The verdict, with what speaks against it.
#[derive(Debug, Clone)]
pub struct PolicyCheckAnswer {
    pub passed: bool,
    pub table: Table,
}

/// Resources that no policy need name: any.
const ANYTHING: [&str; 1] = ["arn:aws*:*:*:*:*"];

impl App {
    /// One check of policy files.
    ///
    /// # Errors
    /// A file cannot be read or is no policy; the files are not as many as the check takes.
    pub fn check_policy(&self, request: &PolicyCheckRequest) -> Result<PolicyCheckAnswer> {
        let wanted = if matches!(request.check, PolicyCheck::NoNewAccess) { 2 } else { 1 };
        if request.files.len() != wanted {
            return Err(UserError::said("check-files").arg("wanted", wanted).arg("given", request.files.len()));
        }
        let is_resource = request.resource_type.is_some() || matches!(request.check, PolicyCheck::NoPublicAccess);
        let policies: Vec<Arc<Prepared>> =
            request.files.iter().map(|file| read(file, is_resource)).collect::<Result<_>>()?;
        let catalogue = self.iam_catalogue()?;
        let reasons = match &request.check {
            PolicyCheck::NoNewAccess => new_access(&catalogue, &policies[0], &policies[1]),
            PolicyCheck::NoPublicAccess => {
                let kind = request.resource_type.as_deref().ok_or_else(|| UserError::said("check-type"))?;
                public_access(&catalogue, &policies[0], resource_kind(kind))
            }
            PolicyCheck::NotGranted(patterns) => {
                let actions = named_actions(&catalogue, patterns)?;
                granted(&catalogue, actions, &policies[0], |_| true, |_| true)
            }
        };
        Ok(answer(&reasons))
    }
}

fn read(file: &Path, is_resource: bool) -> Result<Arc<Prepared>> {
    let open = |error: std::io::Error| UserError::said("check-open").arg("path", file.display()).because(error);
    let text = std::fs::read_to_string(file).map_err(open)?;
    let name = file.display().to_string();
    let wrong = |error: haechi_iam::PolicyError| {
        UserError::said("check-policy").arg("path", &name).because(error.render(&name))
    };
    let parse = |kind| Prepared::parse(kind, &name, &text).map_err(wrong);
    let identity = parse(PolicyKind::Identity)?;
    let names_principals = identity.policy().statements().any(|statement| statement.principal_listing().is_some());
    let prepared = if is_resource || names_principals { parse(PolicyKind::Resource)? } else { identity };
    let stops = |fault: &&Fault| !matches!(fault.kind, FaultKind::RepeatedSid { .. } | FaultKind::RepeatedKey { .. });
    match prepared.faults().iter().find(stops) {
        // A statement that AWS would refuse must not pass for one that allows nothing.
        Some(fault) => {
            let place = format!("{}:{}: {}", fault.position.line, fault.position.column, fault.kind);
            Err(UserError::said("check-policy").arg("path", &name).because(place))
        }
        None => Ok(Arc::new(prepared)),
    }
}

/// The actions that patterns match; those that the table does not know too.
fn named_actions(catalogue: &Catalogue, patterns: &[String]) -> Result<Vec<Action>> {
    let mut actions = Vec::new();
    for pattern in patterns {
        let before = actions.len();
        actions.extend(catalogue.expand(pattern).filter_map(|action| action.to_action()));
        if actions.len() == before {
            let wrong = |error| UserError::said("access-action").because(error).help("advice-access-action");
            actions.push(Action::parse(pattern).map_err(wrong)?);
        }
    }
    Ok(actions)
}

/// All actions of the table, and those that only the policies name.
fn all_actions(catalogue: &Catalogue, policies: &[&Prepared]) -> Vec<Action> {
    let mut actions: Vec<Action> =
        catalogue.services().flat_map(|service| service.actions()).filter_map(|action| action.to_action()).collect();
    let named =
        policies.iter().flat_map(|policy| policy.policy().statements()).flat_map(|statement| statement.actions());
    let unknown = named.filter(|name| catalogue.action(name).is_none()).filter_map(|name| Action::parse(name).ok());
    actions.extend(unknown);
    actions
}

/// Why a check fails: a statement, with a request that shows it; none of the latter: it cannot be told.
struct Reason {
    policy: String,
    statement: usize,
    sid: Option<String>,
    line: usize,
    actions: Vec<String>,
    witness: Option<Box<Witness>>,
}

impl Reason {
    fn of(access: Access<'_>, class: &[Action]) -> Reason {
        let sid = access.policy.policy().statement(access.statement).and_then(|statement| statement.sid());
        Reason {
            policy: access.policy.name().to_owned(),
            statement: access.statement,
            sid: sid.map(str::to_owned),
            line: access.policy.position(access.statement).map_or(0, |position| position.line),
            actions: class.iter().map(|action| action.text().to_owned()).collect(),
            witness: match access.found {
                Found::Request(witness) => Some(witness),
                _ => None,
            },
        }
    }
}

/// Whatever resource, at whatever time.
fn anywhere<'a>(catalogue: &'a Catalogue, action: &'a Action, target: &'a Resource, zone: &'a Zone) -> Scope<'a> {
    Scope { catalogue, action, resources: &ANYTHING, target, zone, now: None, fixed: &[] }
}

fn new_access(catalogue: &Catalogue, older: &Arc<Prepared>, newer: &Arc<Prepared>) -> Vec<Reason> {
    let (zone, target) = (Zone::default(), Resource::new("*"));
    let (older, newer) = ([older.clone()], [newer.clone()]);
    let both = [older[0].clone(), newer[0].clone()];
    let askers = sets::everybody(&both);
    let mut reasons: Vec<Reason> = Vec::new();
    let actions = all_actions(catalogue, &[&older[0], &newer[0]]);
    for class in sets::classes(actions, both.iter().map(|policy| &**policy)) {
        let scope = anywhere(catalogue, &class[0], &target, &zone);
        let mut found = askers.iter().filter_map(|asker| sets::difference(&scope, asker, &newer, &older));
        if let Some(access) = found.next() {
            join(&mut reasons, Reason::of(access, &class));
        }
    }
    reasons
}

fn granted(
    catalogue: &Catalogue,
    actions: Vec<Action>,
    policy: &Arc<Prepared>,
    counts: impl Fn(usize) -> bool,
    asks: impl Fn(&Asker) -> bool,
) -> Vec<Reason> {
    let (zone, target) = (Zone::default(), Resource::new("*"));
    let policies = [policy.clone()];
    let askers: Vec<Asker> = sets::everybody(&policies).into_iter().filter(asks).collect();
    let mut reasons = Vec::new();
    for class in sets::classes(actions, [&**policy]) {
        let scope = anywhere(catalogue, &class[0], &target, &zone);
        let mut all = askers.iter().filter_map(|asker| sets::first_access(&scope, asker, &policies, &counts));
        if let Some(access) = all.next() {
            join(&mut reasons, Reason::of(access, &class));
        }
    }
    reasons
}

/// Who is public is AWS's definition; whether something is left of it after the denials is reckoned.
fn public_access(catalogue: &Catalogue, policy: &Arc<Prepared>, kind: ResourceKind) -> Vec<Reason> {
    let public: Vec<usize> =
        policy.policy().public_statements(kind, &[]).into_iter().map(|statement| statement.index).collect();
    if public.is_empty() {
        return Vec::new();
    }
    // The public is whoever the policy does not name.
    let text = policy.policy().text();
    let is_public = |asker: &Asker| match asker {
        Asker::Anonymous => true,
        Asker::RoleOf(account) | Asker::UserOf(account) | Asker::RootOf(account) => !text.contains(&**account),
        _ => false,
    };
    let actions = all_actions(catalogue, &[policy]);
    granted(catalogue, actions, policy, |statement| public.contains(&statement), is_public)
}

fn join(reasons: &mut Vec<Reason>, reason: Reason) {
    let same = |known: &&mut Reason| known.policy == reason.policy && known.statement == reason.statement;
    match reasons.iter_mut().find(same) {
        Some(known) => {
            known.actions.extend(reason.actions);
            known.witness = known.witness.take().or(reason.witness);
        }
        None => reasons.push(reason),
    }
}

fn resource_kind(name: &str) -> ResourceKind {
    match name.rsplit("::").next().unwrap_or(name).to_ascii_lowercase().as_str() {
        "bucket" => ResourceKind::S3Bucket,
        "accesspoint" => ResourceKind::S3AccessPoint,
        "function" => ResourceKind::LambdaFunction,
        "queue" => ResourceKind::SqsQueue,
        "topic" => ResourceKind::SnsTopic,
        "key" => ResourceKind::KmsKey,
        "role" | "assumerolepolicydocument" => ResourceKind::Role,
        _ => ResourceKind::Other,
    }
}

fn answer(reasons: &[Reason]) -> PolicyCheckAnswer {
    let machine = |key: &str| Column::named(key.to_owned(), Fit::Machine);
    let row = |reason: &Reason| {
        let statement = reason.sid.clone().unwrap_or_else(|| format!("#{}", reason.statement + 1));
        vec![
            match reason.witness {
                Some(_) => Cell::Word { raw: "FAIL", id: "check-fails" },
                None => Cell::Word { raw: "UNKNOWN", id: "external-unknown" },
            },
            Cell::Text(format!("{} {statement}:{}", reason.policy, reason.line)),
            Cell::Json(json!({"statementIndex": reason.statement, "statementId": reason.sid, "line": reason.line})),
            Cell::List(reason.actions.clone()),
            reason.witness.as_ref().map_or(Cell::Empty, |witness| Cell::Json(example(witness))),
        ]
    };
    let table = Table {
        columns: vec![
            Column::new("result", "check-column-result", Fit::Whole),
            Column::new("statement", "access-column-statements", Fit::Middle),
            machine("reason"),
            Column::new("actions", "access-column-action", Fit::End),
            Column::new("example", "external-column-example", Fit::Wrap),
        ],
        rows: reasons.iter().map(row).collect(),
        empty: Message::new("check-passes"),
        notes: Vec::new(),
    };
    PolicyCheckAnswer { passed: reasons.is_empty(), table }
}

fn example(witness: &Witness) -> Value {
    let mut context = Map::new();
    for (key, given) in &witness.context {
        let value = match given {
            Given::Absent => Value::Null,
            Given::Single(value) => json!(value),
            Given::Many(values) => json!(values),
        };
        context.insert(key.clone(), value);
    }
    let caller = witness.caller.name_in_policies();
    let caller = if caller.is_empty() { "*" } else { caller };
    json!({"principal": caller, "action": witness.action.text(), "resource": witness.resource, "context": context})
}
