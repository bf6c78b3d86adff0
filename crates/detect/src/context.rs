//! What a threat would say of an event beside its time and id, packed: of most events nothing ever is said.
//!
//! What all threats of a rule say is there once ([`Words`]); the rest is one piece of memory, so that a hundred
//! thousand remembered callers cost megabytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use haechi_model::event::Event;
use haechi_model::{
    AccountId, Entity, EntityKind, Log, Message, Partition, Region, Sighting, Threat, ThreatOrigin, ThreatScore,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::key::Key;
use crate::pack::{TextPacker, TextUnpacker};
use crate::principal::Actor;
use crate::rule::{About, others_of, short};

/// What every threat of one rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) kind: Box<str>,
    pub(crate) origin: ThreatOrigin,
    pub(crate) title: Box<str>,
    pub(crate) score: ThreatScore,
    pub(crate) attack: Vec<String>,
    pub(crate) message: Box<str>,
    /// The message's arguments, sorted.
    pub(crate) args: Vec<Box<str>>,
}

impl Words {
    /// The message with these values, in the order of its arguments. A Sigma rule's title is the last of them.
    pub(crate) fn said(&self, values: &[String]) -> Message {
        let values = values.iter().map(String::as_str).chain([&*self.title]);
        let args = self.args.iter().zip(values).map(|(name, value)| {
            // Counted when all is merged.
            let value = if &**name == COUNT { Value::from(1) } else { Value::from(value) };
            (name.to_string(), value)
        });
        Message { id: self.message.to_string(), args: args.collect() }
    }
}

/// The argument that is a number: how many events a threat rests on.
const COUNT: &str = "count";

/// What a threat says of one event and of those like it.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    pub(crate) key: Key,
    pub(crate) words: Arc<Words>,
    /// Account, region, entity, others, arguments, and what the evidence says.
    pub(crate) said: Box<[u8]>,
}

/// An argument that is a text, or anything else as JSON.
const TEXT: u64 = 0;
const JSON: u64 = 1;

fn packed_kind(kind: EntityKind) -> u64 {
    kind as u64
}

impl Context {
    /// Of an event, as its rule sees it. `values` are the arguments in the order of the words.
    pub(crate) fn of_event(
        key: Key,
        words: &Arc<Words>,
        about: &About<'_>,
        event: &Event<'_>,
        actor: &Actor<'_>,
        values: impl FnOnce(&mut dyn FnMut(&str, Option<&str>)),
    ) -> Self {
        let mut out = TextPacker::new(Vec::with_capacity(512));
        let id = short(&about.id);
        out.text(about.account.as_str());
        out.text(about.region.filter(|region| Region::parse(region).is_ok()).unwrap_or(Region::GLOBAL));
        out.number(packed_kind(about.kind));
        out.text(id);
        let mut others: Vec<(EntityKind, &str)> = others_of(actor).filter(|other| *other != (about.kind, id)).collect();
        others.sort_unstable();
        others.dedup();
        out.number(others.len() as u64);
        for (kind, id) in others {
            out.number(packed_kind(kind));
            out.text(id);
        }
        values(&mut |name, value| match name {
            // Counted when all is merged.
            COUNT => {
                out.number(JSON);
                out.text("1");
            }
            _ => {
                out.number(TEXT);
                out.text(short(value.filter(|text| !text.is_empty()).unwrap_or("-")));
            }
        });
        out.number(1);
        pack_sighting(&mut out, event, actor, about.target.as_deref());
        Self { key, words: words.clone(), said: out.done().into_boxed_slice() }
    }

    /// About how many bytes it takes, without the words.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + 32 + self.said.len()
    }

    /// Of bytes that were written; None when they say nothing.
    pub(crate) fn restored(key: Key, words: Arc<Words>, said: &[u8]) -> Option<Self> {
        let context = Self { key, words, said: said.into() };
        context.unpacked().is_some().then_some(context)
    }

    /// A threat without its evidence and times, and the evidence without its time and id.
    fn unpacked(&self) -> Option<(Threat, Option<Sighting>)> {
        let from = &mut TextUnpacker::new(&self.said);
        let account = AccountId::parse(from.text()?).ok()?;
        let region = Region::parse(from.text()?).ok()?;
        let entity = entity_of(from)?;
        let mut others = BTreeSet::new();
        for _ in 0..from.count()? {
            others.insert(entity_of(from)?);
        }
        let mut args = BTreeMap::new();
        for name in &self.words.args {
            let value = match from.number()? {
                TEXT => Value::from(from.text()?),
                JSON => serde_json::from_str(from.text()?).ok()?,
                _ => return None,
            };
            args.insert(name.to_string(), value);
        }
        let sighting = match from.number()? {
            0 => None,
            1 => Some(sighting(from)?),
            _ => return None,
        };
        let none = Timestamp::from_micros(0);
        let words = &*self.words;
        let threat = Threat {
            id: Threat::id_of(&words.kind, &entity, &account, &region),
            kind: words.kind.to_string(),
            origin: words.origin,
            title: words.title.to_string(),
            score: words.score,
            partition: Partition::of_region(region.as_str()),
            account,
            region,
            entity,
            others,
            message: Message { id: words.message.to_string(), args },
            attack: words.attack.clone(),
            factors: BTreeSet::new(),
            evidence: Vec::new(),
            count: 0,
            first_seen: none,
            last_seen: none,
            related: BTreeSet::new(),
            sample: false,
        };
        from.is_over().then_some((threat, sighting))
    }

    /// A threat of it without evidence and times, and what the evidence says but for time and id.
    pub(crate) fn whole(&self) -> (Threat, Option<Sighting>) {
        // It was packed here, or looked through when it was restored.
        self.unpacked().unwrap_or_else(|| unreachable!("a context is what was packed"))
    }
}

/// What the evidence says of an event, but for its time, id, file and record.
pub(crate) fn pack_sighting(out: &mut TextPacker, event: &Event<'_>, actor: &Actor<'_>, target: Option<&str>) {
    let principal = actor.principal.as_ref();
    out.number(event.log() as u64);
    out.text(short(event.source()));
    out.text(short(event.name()));
    for text in [
        principal.map(|principal| &*principal.id),
        principal.and_then(|principal| principal.access_key.as_deref()),
        actor.address.as_deref(),
        actor.user_agent.as_deref(),
        actor.error.as_deref(),
        target,
    ] {
        out.maybe(text.map(short));
    }
}

fn entity_of(from: &mut TextUnpacker<'_>) -> Option<Entity> {
    let kind = *EntityKind::ALL.get(usize::try_from(from.number()?).ok()?)?;
    Some(Entity::new(kind, from.text()?))
}

/// What [`pack_sighting`] wrote.
pub(crate) fn sighting(from: &mut TextUnpacker<'_>) -> Option<Sighting> {
    let log = *Log::ALL.get(usize::try_from(from.number()?).ok()?)?;
    Some(Sighting {
        time: Timestamp::from_micros(0),
        event_id: String::new(),
        log,
        source: from.text()?.to_owned(),
        name: from.text()?.to_owned(),
        principal: from.maybe()?.map(str::to_owned),
        access_key: from.maybe()?.map(str::to_owned),
        address: from.maybe()?.map(str::to_owned),
        user_agent: from.maybe()?.map(str::to_owned),
        error: from.maybe()?.map(str::to_owned),
        target: from.maybe()?.map(str::to_owned),
        file: None,
        record: None,
    })
}
