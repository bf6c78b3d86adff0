//! Who changed it: CloudTrail's events that write, joined to the recorded resources that they touched.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use haechi_logs::{Event, EventSource, Fields, Json, JsonKind, LogFiles, Reader, Slot, Summary};
use haechi_model::{AccountId, Region, ResourceKey, ResourceType, Timestamp};
use haechi_store::{ChangeEvent, RunWriter, Store};

use crate::error::{Result, UserError};
use crate::in_store;
use crate::progress::{Progress, Step};

/// The fields that say who did it, and to what.
const FIELDS: [&str; 10] = [
    "userIdentity.arn",
    "userIdentity.type",
    "userIdentity.invokedBy",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "sourceIPAddress",
    "userAgent",
    "resources.ARN",
    "resources.type",
    "requestParameters",
    "responseElements",
];

/// Texts of one event that may name a resource.
const CANDIDATES: usize = 400;
/// AWS's longest ARN.
const LONGEST: usize = 2048;
/// What is kept of a user agent and the like.
const KEPT: usize = 512;
/// Events that are joined at a time.
const BATCH: usize = 256;

/// Reads events that write.
pub(crate) struct Trail {
    pub(crate) fields: Fields,
    slots: [Slot; FIELDS.len()],
}

/// An event that changed something, and the texts in it that may name what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) event_id: String,
    pub(crate) at: Timestamp,
    pub(crate) name: String,
    pub(crate) source: String,
    principal_arn: Option<String>,
    principal_type: Option<String>,
    session_issuer: Option<String>,
    source_ip: Option<String>,
    user_agent: Option<String>,
    /// AWS's own words for the types of the resources, where the event has them.
    pub(crate) types: BTreeSet<String>,
    candidates: BTreeSet<String>,
}

impl Trail {
    pub(crate) fn new() -> Result<Self> {
        let fields = Fields::of_events(FIELDS).map_err(UserError::verbatim)?;
        let mut slots = Vec::new();
        for path in FIELDS {
            slots.push(fields.slot(path).ok_or_else(|| UserError::verbatim(path))?);
        }
        let slots = slots.try_into().map_err(|_| UserError::verbatim("CloudTrail"))?;
        Ok(Self { fields, slots })
    }

    /// The event as a change; none when it only read, failed, or names no account and region.
    pub(crate) fn write_of(&self, event: &Event<'_>) -> Option<Write> {
        let management = matches!(event.category().as_deref(), None | Some("Management"));
        if !management || event.is_read_only() || event.error_code().is_some() {
            return None;
        }
        let [arn, kind, invoked_by, issuer, address, agent, arns, types, request, response] = self.slots;
        let text = |slot: Slot| event.text(slot).map(|text| kept(&text));
        let mut write = Write {
            account: AccountId::parse(event.account()?).ok()?,
            region: Region::parse(event.region()?).ok()?,
            event_id: kept(event.id()),
            at: event.time(),
            name: kept(event.name()),
            source: kept(event.source()),
            principal_arn: text(arn).or_else(|| text(invoked_by)),
            principal_type: text(kind),
            session_issuer: text(issuer),
            source_ip: text(address),
            user_agent: text(agent),
            types: BTreeSet::new(),
            candidates: BTreeSet::new(),
        };
        event.each(types, &mut |value| write.types.extend(value.text().map(Cow::into_owned)));
        event.each(arns, &mut |value| write.candidate(value));
        for slot in [request, response] {
            if let Some(value) = event.get(slot) {
                value.each_leaf(&mut |leaf| write.candidate(leaf));
            }
        }
        Some(write)
    }
}

fn kept(text: &str) -> String {
    text.chars().take(KEPT).collect()
}

impl Write {
    fn candidate(&mut self, value: Json<'_>) {
        if value.kind() != JsonKind::Text || self.candidates.len() >= CANDIDATES {
            return;
        }
        if let Some(text) = value.text()
            && (1..=LONGEST).contains(&text.len())
        {
            self.candidates.insert(text.into_owned());
        }
    }

    /// Where the resources are that the event may have touched: its region, and `global` for what is in none.
    pub(crate) fn regions(&self) -> Vec<Region> {
        let mut regions = vec![self.region.clone()];
        if EventSource::of(&self.source).is_global() {
            regions.push(Region::global());
        }
        regions
    }

    /// The recorded resources that the event names, of the types that its service looks after.
    pub(crate) fn touched(&self, store: &Store) -> Result<Vec<ResourceKey>> {
        let source = EventSource::of(&self.source);
        let candidates: Vec<&str> = self.candidates.iter().map(String::as_str).collect();
        let mut found = Vec::new();
        for region in self.regions() {
            found.extend(store.find_resources(self.account, &region, &candidates).map_err(in_store)?);
        }
        found.retain(|key| source.changes(&key.resource_type));
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The event, once for each resource.
    pub(crate) fn events(&self, touched: Vec<ResourceKey>) -> impl Iterator<Item = ChangeEvent> {
        touched.into_iter().map(|key| ChangeEvent {
            key,
            event_id: self.event_id.clone(),
            at: self.at,
            event_name: self.name.clone(),
            event_source: self.source.clone(),
            principal_arn: self.principal_arn.clone(),
            principal_type: self.principal_type.clone(),
            session_issuer: self.session_issuer.clone(),
            source_ip: self.source_ip.clone(),
            user_agent: self.user_agent.clone(),
            error_code: None,
            region: self.region.clone(),
            account: self.account,
        })
    }

    /// Which of the types that can be listed the event may have changed: those that AWS names in it, those of the
    /// resources that it touched, those whose names are in its own; when there is none, all of its service.
    pub(crate) fn types_changed<'t>(
        &self,
        touched: &[ResourceKey],
        listed: impl Iterator<Item = &'t ResourceType>,
    ) -> Vec<ResourceType> {
        let source = EventSource::of(&self.source);
        let of_service: Vec<&ResourceType> = listed.filter(|kind| source.changes(kind)).collect();
        let name = self.name.to_ascii_lowercase();
        let meant = |kind: &&&ResourceType| {
            self.types.contains(kind.as_str())
                || touched.iter().any(|key| key.resource_type == ***kind)
                || name.contains(&kind.kind().to_ascii_lowercase())
        };
        let chosen: Vec<_> = of_service.iter().filter(meant).map(|kind| (*kind).clone()).collect();
        if chosen.is_empty() { of_service.into_iter().cloned().collect() } else { chosen }
    }
}

/// Puts what the events of a batch touched; how many pairs of event and resource were new.
pub(crate) fn put_writes(run: &mut RunWriter<'_>, writes: &[Write]) -> Result<u64> {
    let mut events = Vec::new();
    for write in writes {
        events.extend(write.events(write.touched(run.store())?));
    }
    if events.is_empty() {
        return Ok(0);
    }
    run.put_change_events(&events).map_err(in_store)
}

/// Reads CloudTrail's files and puts who changed what. Items must have been put before.
pub(crate) fn read_trails(run: &mut RunWriter<'_>, paths: &[PathBuf], progress: &dyn Progress) -> Result<Summary> {
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(UserError::said("error-source-missing").arg("path", missing.display()).help("advice-source"));
    }
    let trail = Trail::new()?;
    let mut reader = Reader::new(&trail.fields);
    let found = LogFiles::find(paths);
    reader.note(&found);
    let (mut waiting, mut failed, mut joined) = (Vec::new(), None, 0);
    for (done, path) in found.files.iter().enumerate() {
        progress.step(Step::Reading { files: done as u64, items: joined, now: path.display().to_string() });
        let flow = reader.read_file(path, &mut |event: &Event<'_>| {
            waiting.extend(trail.write_of(event));
            if waiting.len() < BATCH {
                return ControlFlow::Continue(());
            }
            let put = put_writes(run, &waiting);
            waiting.clear();
            match put {
                Ok(new) => {
                    joined += new;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        if flow.is_break() {
            break;
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    put_writes(run, &waiting)?;
    Ok(reader.finish())
}
