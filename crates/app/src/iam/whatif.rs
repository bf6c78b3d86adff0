//! `haechi org whatif`: the recorded organization changed, the permissions that come and go, and the calls of logs
//! asked again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use haechi_access::OrgPolicyType;
use haechi_access::whatif::{AccessChange, Change, Class, Replay, Replayer, Tally, WhatIf, WhatIfError};
use haechi_iam::{Catalogue, EventRules};
use haechi_inventory::Stop;
use haechi_logs::{Event, LogFields, Summary};
use haechi_model::{Log, Message};
use haechi_report::Table;
use serde_json::Value;

use super::threads::{self, Counter};
use super::whatif_report;
use super::world::cautions;
use crate::App;
use crate::error::{Result, UserError};
use crate::log_sources::{LogRequest, LogSources, LogsOpened};
use crate::progress::Progress;

/// What is to be changed, and which logs are to be asked.
#[derive(Debug, Clone, Default)]
pub struct WhatIfRequest {
    /// In the order in which they are made.
    pub changes: Vec<OrgChange>,
    /// No source: only permissions are compared.
    pub logs: LogRequest,
    /// The organization of this moment.
    pub as_of: Option<String>,
    /// Also the calls to which nothing happens.
    pub all: bool,
}

/// A change, as the command line says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrgChange {
    /// A file with a new policy, or the id or name of one that is there.
    Attach {
        what: String,
        to: String,
    },
    Detach {
        policy: String,
        from: String,
    },
    Replace {
        policy: String,
        file: PathBuf,
    },
    Move {
        account: String,
        to: String,
    },
}

/// What would be.
pub struct WhatIfAnswer {
    /// Tables with their headings, for people.
    pub page: Vec<(Message, Table)>,
    /// The calls, a row a kind.
    pub calls: Table,
    pub json: Value,
    /// Calls that were made, and would be denied.
    pub denied: u64,
    /// What the record lacks.
    pub cautions: Vec<Message>,
    /// Some log could not be read.
    pub incomplete: bool,
    pub interrupted: bool,
}

/// What was read of the logs.
pub(super) struct Replayed {
    pub tally: Tally,
    pub summary: Summary,
    pub opened: LogsOpened,
    /// Events of other times, accounts or regions.
    pub outside: u64,
}

impl App {
    /// # Errors
    /// No organization is recorded, a change cannot be made, a source cannot be opened.
    pub async fn org_whatif(
        &self,
        request: &WhatIfRequest,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<WhatIfAnswer> {
        let changes = request.changes.iter().map(read_change).collect::<Result<Vec<_>>>()?;
        if changes.is_empty() {
            return Err(UserError::said("whatif-no-change").help("advice-whatif-change"));
        }
        let world = self.world(request.as_of.as_deref())?;
        let whatif = WhatIf::new(&world, changes).map_err(told)?;
        let catalogue = self.iam_catalogue()?;
        let rules = EventRules::read(haechi_content::iam::events()).map_err(UserError::verbatim)?;
        let replayed = if request.logs.sources.is_empty() {
            None
        } else {
            let sources = self.log_sources(&request.logs).await?;
            Some(replay(&whatif, &catalogue, &rules, &sources, progress, stop).await?)
        };
        let access = whatif.access_changes(&catalogue);
        let mut cautions = cautions(&world);
        cautions.extend(faults(&whatif));
        Ok(answer(request, &whatif, &catalogue, &access, replayed, cautions))
    }
}

fn answer(
    request: &WhatIfRequest,
    whatif: &WhatIf,
    catalogue: &Catalogue,
    access: &[AccessChange],
    replayed: Option<Replayed>,
    cautions: Vec<Message>,
) -> WhatIfAnswer {
    let tally = replayed.as_ref().map(|replayed| &replayed.tally);
    let calls = whatif_report::calls(whatif, tally, request.all);
    WhatIfAnswer {
        page: whatif_report::page(whatif, catalogue, access, replayed.as_ref(), &calls),
        json: whatif_report::json(whatif, catalogue, access, replayed.as_ref(), &request.logs.sources),
        denied: tally.map_or(0, |tally| tally.of_class(Class::Denied)),
        incomplete: replayed
            .as_ref()
            .is_some_and(|all| !all.summary.problems.is_empty() || !all.opened.problems.is_empty()),
        interrupted: replayed.as_ref().is_some_and(|all| all.opened.interrupted),
        calls,
        cautions,
    }
}

/// Statements of new policies that AWS would refuse: they match nothing here, and cannot be attached there.
fn faults(whatif: &WhatIf) -> Vec<Message> {
    let Some(organization) = whatif.after().organization() else { return Vec::new() };
    let is_new = |id: &str| whatif.before().organization().is_none_or(|before| before.policy(id).is_none());
    let mut messages = Vec::new();
    for policy in organization.policies() {
        let Some(document) = &policy.document else { continue };
        let before = whatif.before().organization().and_then(|organization| organization.policy(&policy.id));
        if !is_new(&policy.id) && before.is_some_and(|before| before.content == policy.content) {
            continue;
        }
        for fault in document.faults() {
            messages.push(
                Message::new("whatif-fault")
                    .with("policy", &*policy.name)
                    .with("line", fault.position.line)
                    .with("what", fault.kind.to_string()),
            );
        }
    }
    messages
}

fn read_change(change: &OrgChange) -> Result<Change> {
    Ok(match change {
        OrgChange::Attach { what, to } if Path::new(what).is_file() => {
            let content = read_policy(Path::new(what))?;
            let name = Path::new(what).file_name().map_or_else(|| what.clone(), |name| name.to_string_lossy().into());
            Change::AttachNew { name, policy_type: type_of(&content), content, target: to.clone() }
        }
        OrgChange::Attach { what, .. } if what.contains(['/', '\\']) || what.ends_with(".json") => {
            return Err(UserError::said("whatif-no-file").arg("path", what));
        }
        OrgChange::Attach { what, to } => Change::Attach { policy: what.clone(), target: to.clone() },
        OrgChange::Detach { policy, from } => Change::Detach { policy: policy.clone(), target: from.clone() },
        OrgChange::Replace { policy, file } => Change::Replace { policy: policy.clone(), content: read_policy(file)? },
        OrgChange::Move { account, to } => Change::Move { account: account.clone(), parent: to.clone() },
    })
}

fn read_policy(path: &Path) -> Result<String> {
    let failed = |error: &dyn std::fmt::Display| {
        UserError::said("whatif-read-policy").arg("path", path.display()).because(error)
    };
    let about = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if about.len() > haechi_iam::MAX_DOCUMENT_BYTES as u64 {
        return Err(failed(&format_args!("it has more than {} bytes", haechi_iam::MAX_DOCUMENT_BYTES)));
    }
    std::fs::read_to_string(path).map_err(|error| failed(&error))
}

/// RCPs name principals, SCPs do not.
fn type_of(content: &str) -> OrgPolicyType {
    let names_principals = haechi_iam::Policy::parse(content)
        .is_ok_and(|policy| policy.statements().any(|statement| statement.principal_listing().is_some()));
    if names_principals { OrgPolicyType::ResourceControl } else { OrgPolicyType::ServiceControl }
}

fn told(error: WhatIfError) -> UserError {
    match &error {
        WhatIfError::NoOrganization => UserError::said("whatif-no-organization").help("advice-record-org"),
        WhatIfError::SeveralOrganizations(count) => UserError::said("whatif-several").arg("count", count),
        WhatIfError::UnknownTarget(name) => {
            UserError::said("whatif-unknown-target").arg("name", name).help("advice-whatif-tree")
        }
        WhatIfError::UnknownPolicy(name) => {
            UserError::said("whatif-unknown-policy").arg("name", name).help("advice-whatif-policies")
        }
        WhatIfError::Organization(error) => {
            UserError::said("whatif-impossible").because(error).help("advice-whatif-policies")
        }
    }
}

impl Counter for Replayer<'_, '_> {
    fn take(&mut self, event: &Event<'_>) {
        Replayer::take(self, event);
    }
}

async fn replay(
    whatif: &WhatIf,
    catalogue: &Catalogue,
    rules: &EventRules,
    sources: &LogSources,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Replayed> {
    let replay = Replay::new(whatif, catalogue, rules).map_err(UserError::verbatim)?;
    let mut fields = LogFields::default();
    fields.take(Log::CloudTrail, replay.fields().clone());
    let counted = threads::count(sources, &fields, || replay.start(), progress, stop).await?;
    let mut tally = Tally::default();
    for replayer in counted.counters {
        tally.merge(replayer.finish());
    }
    Ok(Replayed { tally, summary: counted.summary, opened: counted.opened, outside: counted.outside })
}

/// Names of accounts by id.
pub(super) fn account_names(whatif: &WhatIf) -> BTreeMap<&str, &str> {
    whatif.after().accounts().map(|account| (&*account.id, &*account.name)).collect()
}
