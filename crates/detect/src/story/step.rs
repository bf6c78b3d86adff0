//! One event as a story needs it: who did what, from where, to what.

use std::borrow::Cow;

use haechi_model::event::{Event, Fields, Slot};
use haechi_model::{Log, Timestamp};
use serde::{Deserialize, Serialize};

use crate::principal::{ActorSlots, PrincipalKind};

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

/// The slots of a story, in CloudTrail's fields.
#[derive(Debug, Clone)]
pub struct StepSlots {
    actor: ActorSlots,
    targets: Vec<Slot>,
    issued: Vec<Option<Slot>>,
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
    /// The fields that a story reads beside those of other readers.
    pub fn paths() -> impl Iterator<Item = &'static str> {
        let actor = ActorSlots::paths(Log::CloudTrail).iter().copied();
        actor.chain(TARGETS).chain(ISSUED).filter(|path| !path.is_empty())
    }

    pub fn bind(log: Log, fields: &Fields) -> Self {
        let of_trail = log == Log::CloudTrail;
        Self {
            actor: ActorSlots::bind(log, fields),
            targets: TARGETS.iter().filter(|_| of_trail).filter_map(|path| fields.slot(path)).collect(),
            issued: ISSUED.iter().map(|path| fields.slot(path).filter(|_| of_trail)).collect(),
        }
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
        let (id, session, access_key) = match principal {
            Some(known) => (Some(known.id.into_owned()), own(known.session), own(known.access_key)),
            None => (None, None, None),
        };
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
            read_only: event.is_read_only(),
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
        if !makes {
            return None;
        }
        let text = |at: usize| self.issued[at].and_then(|slot| event.text(slot)).map(Cow::into_owned);
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
