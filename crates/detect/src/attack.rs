//! Attack sequences: threats of one actor, of different groups of types, within a time.

use std::collections::BTreeMap;

use haechi_content::DetectionFile;
use haechi_model::{Entity, EntityKind, FindingId, Message, Threat, Timestamp};

use crate::kept::trim;
use crate::key::{Key, KeyMap};
use crate::machine::Attack;

/// A threat that a sequence may be made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    /// When it was last seen.
    pub(crate) time: Timestamp,
    pub(crate) groups: u64,
    pub(crate) counted: bool,
    pub(crate) threat: Threat,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AttackState {
    pub(crate) links: BTreeMap<FindingId, Link>,
    /// By what they have in common.
    pub(crate) actors: KeyMap<Key, Vec<FindingId>>,
}

/// Threats of one actor that are looked at: the latest.
const LINKS: usize = 200;

fn entities(threat: &Threat) -> impl Iterator<Item = &Entity> {
    core::iter::once(&threat.entity).chain(&threat.others)
}

/// Names of this kind are the same thing in every account.
fn is_global(kind: EntityKind) -> bool {
    !matches!(kind, EntityKind::Address | EntityKind::UserAgent | EntityKind::Cluster | EntityKind::Database)
}

fn actor_keys(attack: &Attack, threat: &Threat) -> Vec<Key> {
    let keys_of = |kind: &EntityKind| -> Vec<Key> {
        let kind = *kind;
        let account = if is_global(kind) { "" } else { threat.account.as_str() };
        entities(threat)
            .filter(|entity| entity.kind == kind)
            .map(|entity| Key::of_parts([kind.as_str(), account, &entity.id]))
            .collect()
    };
    attack.by.iter().flat_map(keys_of).collect()
}

impl AttackState {
    pub(crate) fn take(&mut self, attack: &Attack, found: &Threat) -> Option<Threat> {
        let groups = attack.groups_of(&found.kind);
        if groups == 0 {
            return None;
        }
        let now = found.last_seen;
        let keys = actor_keys(attack, found);
        if keys.is_empty() {
            return None;
        }
        match self.links.get_mut(&found.id) {
            // Seen again: it stays in time, and may have met somebody else.
            Some(link) => {
                link.time = link.time.max(now);
                link.threat.others.extend(found.others.iter().cloned());
                trim(&mut link.threat);
            }
            None => {
                let link = Link { time: now, groups, counted: false, threat: found.clone() };
                self.links.insert(found.id, link);
            }
        }
        for key in &keys {
            let known = self.actors.entry(*key).or_default();
            if !known.contains(&found.id) {
                if known.len() >= LINKS {
                    known.remove(0);
                }
                known.push(found.id);
            }
        }
        let mut found_ids = None;
        for key in &keys {
            let Some(ids) = self.actors.get(key) else { continue };
            let near =
                |id: &&FindingId| self.links.get(*id).is_some_and(|link| now.since(link.time).abs() <= attack.within);
            let ids: Vec<FindingId> = ids.iter().filter(near).copied().collect();
            let links = || ids.iter().filter_map(|id| self.links.get(id));
            let groups = links().fold(0, |all, link| all | link.groups).count_ones();
            let enough = u64::from(groups) >= attack.at_least && ids.len() as u64 >= attack.at_least;
            if enough && links().any(|link| !link.counted) {
                found_ids = Some(ids);
                break;
            }
        }
        Some(self.join(attack, found_ids?))
    }

    fn join(&mut self, attack: &Attack, mut ids: Vec<FindingId>) -> Threat {
        let mut counted = 0;
        for id in &ids {
            if let Some(link) = self.links.get_mut(id) {
                counted += u64::from(!link.counted);
                link.counted = true;
            }
        }
        ids.sort_by_key(|id| (self.links.get(id).map(|link| link.threat.first_seen), *id));
        let parts: Vec<&Threat> = ids.iter().filter_map(|id| self.links.get(id)).map(|link| &link.threat).collect();
        sequence(attack, &parts, counted)
    }

    /// Forgets threats that are too old.
    pub(crate) fn expire(&mut self, attack: &Attack, now: Timestamp) {
        self.links.retain(|_, link| now.since(link.time) <= attack.within);
        let links = &self.links;
        self.actors.retain(|_, ids| {
            ids.retain(|id| links.contains_key(id));
            !ids.is_empty()
        });
    }

    pub(crate) fn bytes(&self) -> usize {
        let actors: usize = self.actors.values().map(|ids| 48 + 16 * ids.capacity()).sum();
        actors + self.links.len() * 3000
    }
}

/// What a sequence's file says it is about, of the first part that has one; else what the first part is about.
fn entity_of(attack: &Attack, parts: &[&Threat]) -> Option<Entity> {
    let kind = attack.entity.or_else(|| attack.by.first().copied()).unwrap_or(EntityKind::Principal);
    let named = parts.iter().flat_map(|part| entities(part)).find(|entity| entity.kind == kind);
    named.or_else(|| parts.first().map(|part| &part.entity)).cloned()
}

/// The threat that parts make together, in the order they were first seen.
fn sequence(attack: &Attack, parts: &[&Threat], counted: u64) -> Threat {
    let file = &attack.header.file;
    // A sequence is made of parts: there is a first one.
    let mut threat = parts[0].clone();
    for part in &parts[1..] {
        threat.evidence.extend(part.evidence.iter().cloned());
        threat.others.extend(part.others.iter().cloned());
        threat.first_seen = threat.first_seen.min(part.first_seen);
        threat.last_seen = threat.last_seen.max(part.last_seen);
    }
    threat.others.extend(parts.iter().map(|part| part.entity.clone()));
    if let Some(entity) = entity_of(attack, parts) {
        threat.others.remove(&entity);
        threat.entity = entity;
    }
    threat.kind = file.id.clone();
    threat.id = Threat::id_of(&threat.kind, &threat.entity, &threat.account, &threat.region);
    threat.origin = file.origin;
    threat.title = file.title.en.clone();
    threat.score = file.severity;
    threat.attack = file.attack.clone();
    threat.factors.clear();
    threat.related = parts.iter().map(|part| part.id).collect();
    threat.count = counted;
    threat.evidence.sort_unstable();
    threat.evidence.dedup();
    trim(&mut threat);
    threat.message = message(file, &threat);
    threat
}

/// The sentence's arguments: of who acted, as far as the parts agree; of what differs, all.
fn message(file: &DetectionFile, threat: &Threat) -> Message {
    let of_kind = |kind: EntityKind| {
        let ids: Vec<&str> = entities(threat).filter(|entity| entity.kind == kind).map(|one| one.id.as_str()).collect();
        few(ids)
    };
    let of_events = |text: &dyn Fn(&haechi_model::Sighting) -> Option<String>| {
        let mut all: Vec<String> = threat.evidence.iter().filter_map(text).collect();
        all.sort_unstable();
        all.dedup();
        few(all.iter().map(String::as_str).collect())
    };
    let mut message = Message::new(format!("detection:{}", file.id));
    for name in haechi_content::ARGUMENTS {
        if !file.says.en.contains(&format!("${name}")) {
            continue;
        }
        let text = match name {
            "principal" => of_kind(EntityKind::Principal),
            "address" => of_kind(EntityKind::Address),
            "user_agent" => of_events(&|event| event.user_agent.clone()),
            "error" => of_events(&|event| event.error.clone()),
            "api" => of_events(&|event| Some(event.name.clone())),
            "service" => of_events(&|event| Some(event.source.clone())),
            "target" => of_events(&|event| event.target.clone()),
            "account" => threat.account.as_str().to_owned(),
            "region" => threat.region.as_str().to_owned(),
            "entity" => threat.entity.id.clone(),
            _ => {
                message = message.with(name, threat.related.len() as u64);
                continue;
            }
        };
        message = message.with(name, if text.is_empty() { "-".to_owned() } else { text });
    }
    message
}

/// The first three, and how many more.
fn few(names: Vec<&str>) -> String {
    let mut text = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 3 {
        text.push_str(&format!(" (+{})", names.len() - 3));
    }
    text
}
