//! `haechi iam unused`: roles, keys, passwords and permissions that nobody uses, as findings of Access Analyzer.

use std::collections::BTreeMap;

use haechi_access::unused::{
    Finding, Fix, Kind, LastSeen, Period, Permissions, Source, Unknown, UseCounter, UseReader, Uses, Verdict,
    has_reports, unused, unused_permissions,
};
use haechi_access::{PrincipalKind, Via, World};
use haechi_iam::catalogue::UnloggedRules;
use haechi_iam::{Catalogue, EventRules};
use haechi_inventory::Stop;
use haechi_logs::{Event, LogFields};
use haechi_model::{Log, Message, Timestamp};
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Map, Value, json};

use super::threads::{self, Counter};
use super::world::cautions;
use crate::App;
use crate::error::{Result, UserError};
use crate::log_sources::LogRequest;
use crate::moment::moment;
use crate::progress::Progress;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct UnusedRequest {
    pub days: u16,
    /// Names of Access Analyzer's kinds, or `role`, `key`, `password`, `permission`; none: all.
    pub kinds: Vec<String>,
    pub accounts: Vec<String>,
    pub except_accounts: Vec<String>,
    /// `KEY` or `KEY=VALUE`.
    pub except_tags: Vec<String>,
    /// What tells the use of permissions beside what IAM's reports in the record tell.
    pub logs: LogRequest,
    pub as_of: Option<String>,
    /// Also what cannot be told.
    pub all: bool,
}

/// What nobody uses.
pub struct UnusedAccess {
    pub table: Table,
    pub cautions: Vec<Message>,
    /// How much is unused.
    pub found: usize,
    /// Some log could not be read.
    pub incomplete: bool,
    pub interrupted: bool,
}

/// What was read of logs.
struct Used {
    uses: Uses,
    incomplete: bool,
    interrupted: bool,
}

impl App {
    /// # Errors
    /// A word names no kind; there is no record; a source cannot be opened.
    pub async fn unused_access(
        &self,
        request: &UnusedRequest,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<UnusedAccess> {
        let now = request.as_of.as_deref().map(|text| moment("as-of", text, self.now())).transpose()?;
        let period = period(request, now.unwrap_or_else(|| self.now()))?;
        let world = self.world(request.as_of.as_deref())?;
        let mut findings = unused(&world, &period);
        let mut used = None;
        if period.kinds.contains(&Kind::Permission) && (!request.logs.sources.is_empty() || has_reports(&world)) {
            let catalogue = self.iam_catalogue()?;
            let unlogged = UnloggedRules::read(haechi_content::iam::unlogged()).map_err(UserError::verbatim)?;
            if !request.logs.sources.is_empty() {
                let rules = EventRules::read(haechi_content::iam::events()).map_err(UserError::verbatim)?;
                used = Some(self.uses(&world, &catalogue, &rules, request, progress, stop).await?);
            }
            // Half a log would make things look unused.
            if !used.as_ref().is_some_and(|used| used.interrupted) {
                let uses = used.as_ref().map(|used| &used.uses);
                findings.extend(unused_permissions(&world, &catalogue, &unlogged, uses, &period, &findings));
            }
        }
        findings.sort_by_key(|one| (one.principal.account().to_owned(), one.principal.arn().to_owned(), one.kind));
        Ok(answer(request, &period, &world, &findings, used.as_ref()))
    }

    async fn uses(
        &self,
        world: &World,
        catalogue: &Catalogue,
        rules: &EventRules,
        request: &UnusedRequest,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Used> {
        let sources = self.log_sources(&request.logs).await?;
        let reader = UseReader::new(world, catalogue, rules).map_err(UserError::verbatim)?;
        let mut fields = LogFields::default();
        fields.take(Log::CloudTrail, reader.fields().clone());
        let counted = threads::count(&sources, &fields, || reader.start(), progress, stop).await?;
        let mut uses = Uses::default();
        counted.counters.into_iter().for_each(|counter| uses.merge(counter.finish()));
        Ok(Used {
            uses,
            incomplete: !counted.summary.problems.is_empty() || !counted.opened.problems.is_empty(),
            interrupted: counted.opened.interrupted,
        })
    }
}

impl Counter for UseCounter<'_, '_> {
    fn take(&mut self, event: &Event<'_>) {
        UseCounter::take(self, event);
    }
}

fn period(request: &UnusedRequest, now: Timestamp) -> Result<Period> {
    if !(1..=Period::LONGEST).contains(&request.days) {
        return Err(UserError::said("unused-days").arg("most", Period::LONGEST));
    }
    let mut kinds = request.kinds.iter().map(|word| kind(word)).collect::<Result<Vec<Kind>>>()?;
    if kinds.is_empty() {
        kinds = Kind::ALL.to_vec();
    }
    kinds.sort();
    kinds.dedup();
    let tag = |word: &String| match word.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (word.clone(), None),
    };
    Ok(Period {
        kinds,
        accounts: request.accounts.clone(),
        except_accounts: request.except_accounts.clone(),
        except_tags: request.except_tags.iter().map(tag).collect(),
        ..Period::new(request.days, now)
    })
}

fn kind(word: &str) -> Result<Kind> {
    let short = |kind| match kind {
        Kind::Role => "role",
        Kind::AccessKey => "key",
        Kind::Password => "password",
        Kind::Permission => "permission",
    };
    let found = Kind::ALL
        .into_iter()
        .find(|kind| word.eq_ignore_ascii_case(kind.name()) || word.eq_ignore_ascii_case(short(*kind)));
    found.ok_or_else(|| UserError::said("unused-kind").arg("word", word))
}

fn answer(
    request: &UnusedRequest,
    period: &Period,
    world: &World,
    findings: &[Finding<'_>],
    used: Option<&Used>,
) -> UnusedAccess {
    let is_unused = |one: &&Finding<'_>| one.verdict == Verdict::Unused;
    let found = findings.iter().filter(is_unused).count();
    let shown: Vec<&Finding<'_>> =
        findings.iter().filter(|one| request.all || one.verdict == Verdict::Unused).collect();
    let mut notes = Vec::new();
    if !findings.is_empty() {
        let count = |kind| findings.iter().filter(is_unused).filter(|one| one.kind == kind).count();
        let note = Message::new("unused-counts").with("days", period.days).with("roles", count(Kind::Role));
        notes.push(note.with("keys", count(Kind::AccessKey)).with("passwords", count(Kind::Password)));
        let reports = findings.iter().filter(|one| told_by(one).contains(&Source::Report)).count();
        if used.is_some() || reports > 0 {
            let note = Message::new("unused-counts-permissions").with("principals", count(Kind::Permission));
            let events = used.map_or(0, |used| used.uses.events);
            notes.push(note.with("events", events).with("reports", reports));
        }
    }
    notes.extend(unknown_notes(findings));
    let mut cautions = cautions(world);
    if period.kinds.contains(&Kind::Permission) && used.is_none() && !has_reports(world) {
        cautions.push(Message::new("unused-no-logs"));
    }
    UnusedAccess {
        table: Table {
            columns: columns(),
            rows: shown.into_iter().map(row).collect(),
            empty: Message::new("unused-none").with("days", period.days),
            notes,
        },
        cautions,
        found,
        incomplete: used.is_some_and(|used| used.incomplete),
        interrupted: used.is_some_and(|used| used.interrupted),
    }
}

/// How many cannot be told, by the reason.
fn unknown_notes(findings: &[Finding<'_>]) -> Vec<Message> {
    let mut counts: BTreeMap<&'static str, (&Unknown, usize)> = BTreeMap::new();
    for finding in findings {
        if let Verdict::Unknown(why) = &finding.verdict {
            counts.entry(why.name()).or_insert((why, 0)).1 += 1;
        }
    }
    let note = |(why, count): (&Unknown, usize)| {
        let message = Message::new(match why {
            Unknown::NotRecorded(_) => "unused-unknown-not-recorded",
            Unknown::OldRecord => "unused-unknown-old-record",
            Unknown::InUseOfLate => "unused-unknown-in-use-of-late",
            Unknown::Creation => "unused-unknown-creation",
            Unknown::NoLogs => "unused-unknown-no-logs",
            Unknown::NoReport(_) => "unused-unknown-no-report",
            Unknown::ShortLogs(_) => "unused-unknown-short-logs",
        });
        let days = if let Unknown::ShortLogs(days) = why { *days } else { 0 };
        message.with("count", count).with("days", days)
    };
    counts.into_values().map(note).collect()
}

fn reason(why: &Unknown) -> Message {
    match why {
        Unknown::NotRecorded(_) => Message::new("unused-why-not-recorded"),
        Unknown::OldRecord => Message::new("unused-why-old-record"),
        Unknown::InUseOfLate => Message::new("unused-why-in-use-of-late"),
        Unknown::Creation => Message::new("unused-why-creation"),
        Unknown::NoLogs => Message::new("unused-why-no-logs"),
        Unknown::NoReport(_) => Message::new("unused-why-no-report"),
        Unknown::ShortLogs(days) => Message::new("unused-why-short-logs").with("days", *days),
    }
}

fn columns() -> Vec<Column> {
    let machine = |key: &str| Column::named(key.to_owned(), Fit::Machine);
    vec![
        Column::new("findingType", "unused-column-type", Fit::Whole),
        machine("answer"),
        machine("resourceType"),
        machine("resource"),
        Column::new("resourceOwnerAccount", "column-account", Fit::Whole),
        Column::new("name", "column-principal", Fit::Middle),
        Column::new("what", "unused-column-what", Fit::End),
        machine("lastAccessed"),
        Column::new("lastUsed", "unused-column-last", Fit::Whole),
        Column::new("source", "unused-column-source", Fit::Whole),
        Column::new("fix", "unused-column-fix", Fit::Spare),
        machine("analyzedAt"),
        machine("resourceCreatedAt"),
        machine("identityCenter"),
        machine("findingDetails"),
        machine("unseenActions"),
        machine("statements"),
        machine("unrecorded"),
    ]
}

fn row(finding: &Finding<'_>) -> Vec<Cell> {
    let word = |raw, id| Cell::Word { raw, id };
    let principal = finding.principal;
    let permissions = finding.permissions.as_deref();
    let time = |at: Option<Timestamp>| at.map_or(Cell::Empty, Cell::Time);
    vec![
        match finding.kind {
            Kind::Role => word("UnusedIAMRole", "unused-role"),
            Kind::AccessKey => word("UnusedIAMUserAccessKey", "unused-key"),
            Kind::Password => word("UnusedIAMUserPassword", "unused-password"),
            Kind::Permission => word("UnusedPermission", "unused-permission"),
        },
        Cell::Text(match &finding.verdict {
            Verdict::Unused => "unused".to_owned(),
            Verdict::Unknown(why) => format!("unknown:{}", why.name()),
        }),
        Cell::Text(match principal.kind() {
            PrincipalKind::User => "AWS::IAM::User".to_owned(),
            PrincipalKind::Role => "AWS::IAM::Role".to_owned(),
        }),
        Cell::Text(principal.arn().to_owned()),
        Cell::Text(principal.account().to_owned()),
        Cell::Text(principal.name().to_owned()),
        what(finding),
        time(finding.last_accessed),
        match (finding.last_accessed, &finding.verdict, told_by(finding)) {
            (Some(at), ..) => Cell::Text(at.date()),
            _ if permissions.is_some_and(|permissions| permissions.last_used == LastSeen::OfLate) => {
                word("of-late", "unused-of-late")
            }
            (None, _, [Source::Log] | []) if finding.kind == Kind::Permission => {
                word("not-in-logs", "unused-not-in-logs")
            }
            (None, Verdict::Unused, _) => word("never", "unused-never"),
            (None, Verdict::Unknown(_), _) => Cell::Empty,
        },
        match told_by(finding) {
            [] => Cell::Empty,
            [Source::Log] => word("log", "unused-source-log"),
            [Source::Report] => word("report", "unused-source-report"),
            _ => word("log+report", "unused-source-both"),
        },
        fix(finding),
        Cell::Time(finding.known_at),
        time(finding.created),
        Cell::Json(json!(principal.is_of_identity_center())),
        Cell::Json(details(finding)),
        permissions.map_or(Cell::Empty, |permissions| Cell::Json(unseen(permissions))),
        permissions.map_or(Cell::Empty, |permissions| Cell::Json(statements(permissions))),
        permissions.map_or(Cell::Empty, |permissions| Cell::Json(json!(permissions.unrecorded))),
    ]
}

/// What told the use of permissions.
fn told_by<'f>(finding: &'f Finding<'_>) -> &'f [Source] {
    finding.permissions.as_ref().map_or(&[], |permissions| &permissions.sources)
}

/// What exactly is unused, or why that cannot be told.
fn what(finding: &Finding<'_>) -> Cell {
    if let Verdict::Unknown(why) = &finding.verdict {
        return Cell::Message(reason(why));
    }
    match (finding.kind, finding.key, finding.permissions.as_deref()) {
        (_, Some(key), _) => Cell::Text(key.id.to_string()),
        (_, _, Some(permissions)) => {
            let actions: usize = permissions.services.iter().map(|service| service.actions.len()).sum();
            let message = Message::new("unused-what-permissions").with("actions", actions);
            Cell::Message(message.with("granted", permissions.granted).with("services", permissions.services.len()))
        }
        _ => Cell::Empty,
    }
}

fn fix(finding: &Finding<'_>) -> Cell {
    let word = |raw, id| Cell::Word { raw, id };
    if finding.verdict != Verdict::Unused {
        return Cell::Empty;
    }
    match finding.fix {
        Fix::DeleteRole => word("delete-role", "unused-fix-role"),
        Fix::RemoveAssignment => word("remove-assignment", "unused-fix-assignment"),
        Fix::DeactivateKey => word("deactivate-key", "unused-fix-deactivate"),
        Fix::DeleteKey => word("delete-key", "unused-fix-key"),
        Fix::DeletePassword => word("delete-password", "unused-fix-password"),
        Fix::NarrowPolicies => word("narrow-policies", "unused-fix-policies"),
        Fix::NarrowPermissionSet => word("narrow-permission-set", "unused-fix-permission-set"),
    }
}

/// The members of Access Analyzer's finding details.
fn details(finding: &Finding<'_>) -> Value {
    let with_last = |mut members: Map<String, Value>, last: Option<Timestamp>| {
        if let Some(last) = last {
            members.insert("lastAccessed".into(), json!(last.to_string()));
        }
        Value::Object(members)
    };
    let one = |name: &str, details: Value| json!([{name: details}]);
    match finding.kind {
        Kind::Role => one("unusedIamRoleDetails", with_last(Map::new(), finding.last_accessed)),
        Kind::Password => one("unusedIamUserPasswordDetails", with_last(Map::new(), finding.last_accessed)),
        Kind::AccessKey => {
            let mut members = Map::new();
            if let Some(key) = finding.key {
                members.insert("accessKeyId".into(), json!(key.id));
            }
            one("unusedIamUserAccessKeyDetails", with_last(members, finding.last_accessed))
        }
        Kind::Permission => {
            let services = finding.permissions.iter().flat_map(|permissions| &permissions.services);
            let service = |service: &haechi_access::unused::UnusedService| {
                let mut members = Map::new();
                members.insert("serviceNamespace".into(), json!(service.prefix));
                // As Access Analyzer, which names the actions of services that are used otherwise.
                if !service.whole {
                    let action = |(name, last): &(String, Option<Timestamp>)| {
                        with_last(Map::from_iter([("action".to_owned(), json!(name))]), *last)
                    };
                    members.insert("actions".into(), service.actions.iter().map(action).collect());
                }
                json!({"unusedPermissionDetails": with_last(members, service.last_accessed)})
            };
            services.map(service).collect()
        }
    }
}

fn unseen(permissions: &Permissions<'_>) -> Value {
    permissions.unseen.iter().map(|(action, why)| json!({"action": action, "because": why.name()})).collect()
}

fn statements(permissions: &Permissions<'_>) -> Value {
    let of = |one: &haechi_access::unused::StatementUse<'_>| {
        let statement = one.policy.policy().statement(one.statement);
        let via = match one.via {
            Via::Inline => json!("inline"),
            Via::Managed(arn) => json!(arn),
            Via::Group { group, managed } => json!({"group": group, "managed": managed}),
            Via::Unrecorded => Value::Null,
        };
        json!({"policy": one.policy.name(), "via": via, "statement": one.statement,
            "sid": statement.and_then(|statement| statement.sid()),
            "line": one.policy.position(one.statement).map(|position| position.line),
            "grantedActions": one.granted, "unusedActions": one.unused,
            "recommendedAction": if one.is_unused() { "drop-statement" } else { "narrow-statement" }})
    };
    permissions.statements.iter().map(of).collect()
}
