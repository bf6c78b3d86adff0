//! One event as a story needs it: who did what, from where, to what.

use std::borrow::Cow;

use haechi_model::event::{Event, Fields, Slot};
use haechi_model::{Log, Timestamp};
use serde::{Deserialize, Serialize};

use crate::intel::number;
use crate::principal::{ActorSlots, PrincipalKind, ip, role_of};

/// An event of a story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub time: Timestamp,
    pub event_id: String,
    pub log: Log,
    pub source: String,
    pub name: String,
    pub account: Option<String>,
    pub region: Option<String>,
    /// The user, the role or root.
    pub principal: Option<String>,
    pub session: Option<String>,
    pub access_key: Option<String>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub error: Option<String>,
    pub targets: Vec<String>,
    pub read_only: bool,
    /// A service of AWS acted, by itself or for somebody.
    pub by_service: bool,
    pub file: String,
    pub record: u64,
}

/// What an event was done to: the first values that are there, most telling first.
const TARGETS: [&str; 28] = [
    "requestParameters.bucketName",
    "requestParameters.userName",
    "requestParameters.roleArn",
    "requestParameters.roleName",
    "requestParameters.policyArn",
    "requestParameters.secretId",
    "requestParameters.functionName",
    "requestParameters.snapshotId",
    "requestParameters.dBSnapshotIdentifier",
    "requestParameters.dBInstanceIdentifier",
    "requestParameters.instanceId",
    "requestParameters.instancesSet.items.instanceId",
    "requestParameters.instanceIds",
    "requestParameters.groupId",
    "requestParameters.keyId",
    "requestParameters.trailName",
    "requestParameters.detectorId",
    "requestParameters.tableName",
    "requestParameters.accessKeyId",
    "requestParameters.groupName",
    "requestParameters.documentName",
    "requestParameters.logGroupName",
    "requestParameters.name",
    "requestParameters.instanceType",
    "requestParameters.DeleteFlowLogsRequest.FlowLogId.content",
    "responseElements.instancesSet.items.instanceId",
    "requestParameters.key",
    "resources.ARN",
];
/// Of calls that make credentials: whose they are.
const ISSUED: [&str; 6] = [
    "responseElements.credentials.accessKeyId",
    "responseElements.assumedRoleUser.arn",
    "responseElements.federatedUser.arn",
    "responseElements.accessKey.accessKeyId",
    "responseElements.accessKey.userName",
    "requestParameters.userName",
];
/// Targets of one event that are kept.
const KEPT: usize = 4;

/// What requests to Kubernetes are made of; the object is told in one word.
const OBJECT: [&str; 4] = ["objectRef.resource", "objectRef.subresource", "objectRef.namespace", "objectRef.name"];
/// Who a user of a cluster is in AWS.
const MAPPED: [&str; 2] = ["user.extra.arn", "user.extra.accessKeyId"];
/// Of queries: what was asked, by whom, and what was answered.
const QUERY: [&str; 6] = ["query_name", "query_type", "rcode", "srcids.instance", "srcaddr", "answers.Rdata"];

/// The fields with the targets of a log's events, most telling first.
fn targets_of(log: Log) -> &'static [&'static str] {
    match log {
        Log::CloudTrail => &TARGETS,
        Log::EksAudit => &["cluster"],
        Log::S3Access => &["bucket", "key"],
        Log::RdsLogin => &["instance", "database"],
        Log::Waf => &["webaclId", "httpRequest.host", "httpRequest.uri"],
        Log::VpcFlow | Log::ResolverQuery => &[],
    }
}

/// The slots of a story, in the fields of one log.
#[derive(Debug, Clone)]
pub struct StepSlots {
    log: Log,
    actor: ActorSlots,
    targets: Vec<Slot>,
    /// Of CloudTrail [`ISSUED`], of Kubernetes [`OBJECT`] and [`MAPPED`], of queries [`QUERY`].
    own: Vec<Option<Slot>>,
}

/// A query of Route 53 Resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub time: Timestamp,
    pub event_id: String,
    pub account: Option<String>,
    pub region: Option<String>,
    /// In lower case, without the dot at the end.
    pub name: String,
    /// `A`, `TXT`, ...
    pub kind: String,
    /// `NOERROR`, `NXDOMAIN`, ...
    pub code: String,
    pub instance: Option<String>,
    pub address: Option<String>,
    pub answers: Vec<String>,
    pub file: String,
    pub record: u64,
}

/// Answers of one query that are kept.
const ANSWERS: usize = 16;

impl Query {
    /// The addresses among the answers.
    pub(super) fn addresses(&self) -> impl Iterator<Item = u128> + '_ {
        self.answers.iter().filter_map(|answer| ip(answer)).map(number)
    }
}

/// Credentials that a call made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    pub time: Timestamp,
    pub event_id: String,
    /// `AssumeRole`, `CreateAccessKey`, ...
    pub name: String,
    /// Who called.
    pub by: Option<String>,
    pub by_session: Option<String>,
    pub by_key: Option<String>,
    pub address: Option<String>,
    /// The key that was made.
    pub key: String,
    /// The session or the user that it is of.
    pub of: Option<String>,
}

impl StepSlots {
    /// The fields that a story reads of a log beside those of other readers.
    pub fn paths(log: Log) -> impl Iterator<Item = &'static str> {
        let actor = ActorSlots::paths(log).iter().copied();
        actor.chain(targets_of(log).iter().copied()).chain(Self::own(log)).filter(|path| !path.is_empty())
    }

    fn own(log: Log) -> impl Iterator<Item = &'static str> {
        let (first, second): (&[&str], &[&str]) = match log {
            Log::CloudTrail => (&ISSUED, &[]),
            Log::EksAudit => (&OBJECT, &MAPPED),
            Log::ResolverQuery => (&QUERY, &[]),
            _ => (&[], &[]),
        };
        first.iter().chain(second).copied()
    }

    pub fn bind(log: Log, fields: &Fields) -> Self {
        Self {
            log,
            actor: ActorSlots::bind(log, fields),
            targets: targets_of(log).iter().filter_map(|path| fields.slot(path)).collect(),
            own: Self::own(log).map(|path| fields.slot(path)).collect(),
        }
    }

    /// The value of an own slot, or the first of a list.
    fn text(&self, event: &Event<'_>, at: usize) -> Option<String> {
        let slot = (*self.own.get(at)?)?;
        let mut first = None;
        event.each_value(slot, &mut |value| {
            if first.is_none() {
                first = value.scalar().filter(|text| !text.is_empty()).map(Cow::into_owned);
            }
        });
        first
    }

    /// A query, of a log of queries.
    pub fn query(&self, event: &Event<'_>) -> Option<Query> {
        if self.log != Log::ResolverQuery {
            return None;
        }
        let mut answers = Vec::new();
        if let Some(slot) = self.own.get(5).copied().flatten() {
            event.each_value(slot, &mut |value| {
                if let Some(text) = value.scalar()
                    && answers.len() < ANSWERS
                {
                    answers.push(text.into_owned());
                }
            });
        }
        Some(Query {
            time: event.time(),
            event_id: event.id().to_owned(),
            account: event.account().map(str::to_owned),
            region: event.region().map(str::to_owned),
            name: self.text(event, 0)?.trim_end_matches('.').to_ascii_lowercase(),
            kind: self.text(event, 1).unwrap_or_default(),
            code: self.text(event, 2).unwrap_or_default(),
            instance: self.text(event, 3),
            address: self.text(event, 4),
            answers,
            file: event.place().file.display().to_string(),
            record: event.place().record,
        })
    }

    pub fn actor(&self) -> &ActorSlots {
        &self.actor
    }

    pub fn step(&self, event: &Event<'_>) -> Step {
        let actor = self.actor.actor(event);
        let own = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let principal = actor.principal;
        let by_service =
            principal.as_ref().is_some_and(|known| known.by_service || known.kind == PrincipalKind::Service);
        let mut targets: Vec<String> = Vec::new();
        for slot in &self.targets {
            if targets.len() >= KEPT {
                break;
            }
            event.each_value(*slot, &mut |value| {
                if let Some(text) = value.scalar()
                    && targets.len() < KEPT
                    && !text.is_empty()
                    && !targets.iter().any(|known| *known == *text)
                {
                    targets.push(text.into_owned());
                }
            });
        }
        let (mut id, mut session, mut access_key) = match principal {
            Some(known) => (Some(known.id.into_owned()), own(known.session), own(known.access_key)),
            None => (None, None, None),
        };
        match self.log {
            // The object in one word: `pods/exec/default/web`.
            Log::EksAudit => {
                let words: Vec<_> = (0..OBJECT.len()).filter_map(|at| self.text(event, at)).collect();
                if !words.is_empty() {
                    targets.insert(0, words.join("/"));
                }
                if let Some(arn) = self.text(event, OBJECT.len()) {
                    targets.extend(id.replace(arn));
                }
                access_key = access_key.or_else(|| self.text(event, OBJECT.len() + 1));
            }
            Log::S3Access | Log::CloudTrail | Log::RdsLogin | Log::Waf | Log::VpcFlow | Log::ResolverQuery => {}
        }
        // Logs beside CloudTrail have one name for who called: a session's, where it is one.
        if session.is_none()
            && let Some(role) = id.as_deref().and_then(role_of)
        {
            session = id.replace(role);
        }
        Step {
            time: event.time(),
            event_id: event.id().to_owned(),
            log: event.log(),
            source: event.source().to_owned(),
            name: event.name().to_owned(),
            account: event.account().map(str::to_owned),
            region: event.region().map(str::to_owned),
            principal: id,
            session,
            access_key,
            address: own(actor.address),
            user_agent: own(actor.user_agent),
            error: own(actor.error),
            targets,
            read_only: is_read(event),
            by_service,
            file: event.place().file.display().to_string(),
            record: event.place().record,
        }
    }

    /// The credentials that an event made, if it made any.
    pub fn issue(&self, event: &Event<'_>) -> Option<Issue> {
        let makes = matches!(
            event.name(),
            "AssumeRole"
                | "AssumeRoleWithSAML"
                | "AssumeRoleWithWebIdentity"
                | "AssumeRoot"
                | "GetSessionToken"
                | "GetFederationToken"
                | "CreateAccessKey"
        );
        if !makes || self.log != Log::CloudTrail {
            return None;
        }
        let text = |at: usize| self.own[at].and_then(|slot| event.text(slot)).map(Cow::into_owned);
        let key = text(0).or_else(|| text(3))?;
        let actor = self.actor.actor(event);
        let own = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let (by, by_session, by_key) = match actor.principal {
            Some(known) => (Some(known.id.into_owned()), own(known.session), own(known.access_key)),
            None => (None, None, None),
        };
        let named = || {
            let name = text(4).or_else(|| text(5))?;
            Some(format!("arn:aws:iam::{}:user/{name}", event.account()?))
        };
        // A session token is its caller's own.
        let of = match event.name() {
            "CreateAccessKey" => named().or_else(|| by.clone()),
            "GetSessionToken" => by.clone(),
            _ => text(1).or_else(|| text(2)),
        };
        Some(Issue {
            time: event.time(),
            event_id: event.id().to_owned(),
            name: event.name().to_owned(),
            by,
            by_session,
            by_key,
            address: own(actor.address),
            key,
            of,
        })
    }
}

/// Whether an event only looks at things, in the words of its log.
fn is_read(event: &Event<'_>) -> bool {
    match event.log() {
        Log::EksAudit => matches!(event.name(), "get" | "list" | "watch"),
        Log::S3Access => event.name().contains(".GET.") || event.name().contains(".HEAD."),
        Log::Waf => true,
        _ => event.is_read_only(),
    }
}
