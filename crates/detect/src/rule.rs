//! A compiled rule: what it says when it is met, and what must come together before it does.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use haechi_content::detection::{Baseline, Count, Engine, EntityOf, Sequence, Threats, Volume};
use haechi_content::{Detection, Need};
use haechi_model::event::{Event, Fields, Slot, Value};
use haechi_model::{
    AccountId, Entity, EntityKind, Log, Message, Partition, Region, Sighting, Threat, ThreatOrigin, ThreatScore,
};

use crate::context::{Context, Words};
use crate::key::Key;
use crate::matcher::Node;
use crate::principal::{Actor, ip};
use crate::sigma::{Correlation, SigmaRule};
use crate::watch::Watch;

/// What must come together before there is a threat.
#[derive(Debug, Clone)]
pub enum Logic {
    /// Each event that matches is one.
    Each,
    Count(Count),
    Sequence(Sequence),
    Baseline(Baseline),
    Volume(Volume),
    Engine(Engine),
    Threats(Threats),
    /// Sigma's.
    Correlation(Correlation),
}

impl Logic {
    pub const fn name(&self) -> &'static str {
        match self {
            Logic::Each => "each",
            Logic::Count(_) => "count",
            Logic::Sequence(_) => "sequence",
            Logic::Baseline(_) => "baseline",
            Logic::Volume(_) => "volume",
            Logic::Engine(_) => "engine",
            Logic::Threats(_) => "threats",
            Logic::Correlation(_) => "correlation",
        }
    }
}

/// A rule as people know it, compiled for each of its logs.
#[derive(Debug)]
pub struct Rule {
    /// GuardDuty's finding type, the id of a detection of Haechi's own, or of a Sigma rule.
    pub id: Arc<str>,
    pub origin: ThreatOrigin,
    /// In English.
    pub title: String,
    pub score: ThreatScore,
    pub attack: Vec<String>,
    /// The file that it is written in.
    pub path: Arc<str>,
    pub logs: Vec<Log>,
    pub needs: Vec<Need>,
    pub logic: Logic,
    /// Attack sequences are made of its threats.
    pub part: bool,
    /// False: only correlations want it, it makes no threats itself.
    pub alone: bool,
    /// Of a correlation: the numbers of its rules, in its order.
    pub members: Vec<u32>,
    pub(crate) entity: Option<EntityOf>,
    pub(crate) target: Option<String>,
    pub(crate) args: BTreeMap<String, String>,
    /// Arguments that the sentence uses.
    used: Vec<String>,
    pub(crate) words: Arc<Words>,
}

/// A rule over the events of one log.
#[derive(Debug)]
pub(crate) struct Bound {
    /// Its number among all rules.
    pub rule: u32,
    /// What an event must be like; of a sequence whose steps stand for themselves, one of the steps.
    pub node: Node,
    /// The steps of a sequence, in order.
    pub steps: Vec<Node>,
    /// What is watched for rules with a state: its own, and of correlations over it.
    pub watches: Vec<Watch>,
    entity: Option<Slot>,
    target: Option<Slot>,
    args: Vec<(String, Slot)>,
}

impl Bound {
    pub(crate) fn new(number: u32, rule: &Rule, fields: &Fields, node: Node, steps: Vec<Node>) -> Self {
        let slot = |path: &Option<String>| path.as_deref().and_then(|path| fields.slot(path));
        Self {
            rule: number,
            node,
            steps,
            watches: Vec::new(),
            entity: rule.entity.as_ref().and_then(|entity| slot(&entity.field)),
            target: slot(&rule.target),
            args: rule.args.iter().filter_map(|(name, path)| Some((name.clone(), fields.slot(path)?))).collect(),
        }
    }
}

/// The message of threats that Sigma rules make.
const SIGMA_MESSAGE: &str = "threat-sigma";
/// What it says beside the rule's title, sorted.
const SIGMA_ARGS: [&str; 3] = ["address", "api", "principal"];

/// A text of a log is kept to so many characters: whoever writes logs chooses it.
const KEPT: usize = 1_000;

pub(crate) fn kept(text: &str) -> String {
    short(text).to_owned()
}

/// The beginning of a text that is kept.
pub(crate) fn short(text: &str) -> &str {
    if text.len() <= KEPT {
        return text;
    }
    let end = text.char_indices().nth(KEPT).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Names behind `$` in a sentence.
pub(crate) fn placeholders(text: &str) -> Vec<String> {
    let name = |rest: &str| {
        rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().map(str::to_owned)
    };
    let mut names: Vec<_> = text.split('$').skip(1).filter_map(name).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Rule {
    pub(crate) fn of_detection(detection: &Detection) -> Self {
        let file = &detection.file;
        let logic = if let Some(count) = &file.count {
            Logic::Count(count.clone())
        } else if let Some(sequence) = &file.sequence {
            Logic::Sequence(sequence.clone())
        } else if let Some(baseline) = &file.baseline {
            Logic::Baseline(baseline.clone())
        } else if let Some(volume) = &file.volume {
            Logic::Volume(volume.clone())
        } else if let Some(engine) = &file.engine {
            Logic::Engine(engine.clone())
        } else if let Some(threats) = &file.threats {
            Logic::Threats(threats.clone())
        } else {
            Logic::Each
        };
        let used = placeholders(&file.says.en);
        let message = format!("detection:{}", file.id);
        Self {
            words: Arc::new(Words {
                kind: file.id.as_str().into(),
                origin: file.origin,
                title: file.title.en.as_str().into(),
                score: file.severity,
                attack: file.attack.clone(),
                message: message.as_str().into(),
                args: used.iter().map(|name| name.as_str().into()).collect(),
            }),
            id: file.id.as_str().into(),
            origin: file.origin,
            title: file.title.en.clone(),
            score: file.severity,
            attack: file.attack.clone(),
            path: detection.path().into(),
            logs: file.logs.clone(),
            needs: file.needs.clone(),
            logic,
            part: false,
            alone: true,
            members: Vec::new(),
            entity: file.entity.clone(),
            target: file.target.clone(),
            args: file.args.clone(),
            used,
        }
    }

    pub(crate) fn of_sigma(rule: &SigmaRule, logic: Logic, logs: Vec<Log>) -> Self {
        Self {
            words: Arc::new(Words {
                kind: rule.id.as_str().into(),
                origin: ThreatOrigin::Sigma,
                title: rule.title.as_str().into(),
                score: rule.score,
                attack: rule.attack.clone(),
                message: SIGMA_MESSAGE.into(),
                args: SIGMA_ARGS.iter().chain([&"title"]).map(|name| (*name).into()).collect(),
            }),
            id: rule.id.as_str().into(),
            origin: ThreatOrigin::Sigma,
            title: rule.title.clone(),
            score: rule.score,
            attack: rule.attack.clone(),
            path: rule.source.name.clone(),
            logs,
            needs: Vec::new(),
            logic,
            part: false,
            alone: true,
            members: Vec::new(),
            entity: None,
            target: None,
            args: BTreeMap::new(),
            used: SIGMA_ARGS.map(str::to_owned).into(),
        }
    }

    /// The fields that its threats tell of.
    pub(crate) fn paths(&self) -> Vec<&str> {
        let entity = self.entity.as_ref().and_then(|entity| entity.field.as_deref());
        let args = self.args.values().map(String::as_str);
        entity.into_iter().chain(self.target.as_deref()).chain(args).collect()
    }

    /// Where the event was and what it is about.
    pub(crate) fn about<'e>(&self, bound: &Bound, event: &Event<'e>, actor: &'e Actor<'e>) -> About<'e> {
        let principal = actor.principal.as_ref();
        let account = [event.account(), principal.and_then(|principal| principal.account.as_deref())]
            .into_iter()
            .flatten()
            .find_map(|account| AccountId::parse(account).ok())
            .unwrap_or_else(nobody);
        let target = bound.target.and_then(|slot| first_text(event, slot));
        let (kind, id) = self.entity(bound, event, actor);
        let id = id.unwrap_or_else(|| Cow::Owned(account.as_str().to_owned()));
        About { account, region: event.region(), kind, id, target }
    }

    /// A threat of this event alone.
    pub(crate) fn threat(&self, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>) -> Threat {
        self.threat_about(&self.about(bound, event, actor), bound, event, actor)
    }

    pub(crate) fn threat_about(
        &self,
        about: &About<'_>,
        bound: &Bound,
        event: &Event<'_>,
        actor: &Actor<'_>,
    ) -> Threat {
        let region = about.region.and_then(|region| Region::parse(region).ok()).unwrap_or_else(Region::global);
        let entity = Entity::new(about.kind, short(&about.id));
        let mut threat = Threat {
            id: Threat::id_of(&self.id, &entity, &about.account, &region),
            kind: self.id.to_string(),
            origin: self.origin,
            title: self.title.clone(),
            score: self.score,
            partition: Partition::of_region(region.as_str()),
            message: Message::default(),
            account: about.account,
            region,
            others: BTreeSet::new(),
            attack: self.attack.clone(),
            factors: BTreeSet::new(),
            evidence: vec![sighting(event, actor, about.target.as_deref())],
            count: 1,
            first_seen: event.time(),
            last_seen: event.time(),
            related: BTreeSet::new(),
            sample: false,
            entity,
        };
        add_others(&mut threat, actor);
        let mut values = Vec::new();
        self.values(&mut values, about, bound, event, actor);
        threat.message = self.words.said(&values);
        threat
    }

    /// The kind of the entity and its id; without one, the account is meant.
    fn entity<'e>(&self, bound: &Bound, event: &Event<'e>, actor: &'e Actor<'e>) -> (EntityKind, Option<Cow<'e, str>>) {
        let principal = actor.principal.as_ref();
        let kind = self.entity.as_ref().map_or(EntityKind::Principal, |entity| entity.kind);
        let named = bound.entity.and_then(|slot| first_text(event, slot)).filter(|text| !text.is_empty());
        let who = principal.map(|principal| &*principal.id);
        let own = || match kind {
            EntityKind::Principal => who,
            EntityKind::Session => principal.and_then(|principal| principal.session.as_deref()),
            EntityKind::AccessKey => principal.and_then(|principal| principal.access_key.as_deref()),
            EntityKind::Address => actor.address.as_deref(),
            EntityKind::UserAgent => actor.user_agent.as_deref(),
            _ => None,
        };
        match named.map(Cow::Owned).or_else(|| own().map(Cow::Borrowed)) {
            Some(id) => (kind, Some(id)),
            None if kind == EntityKind::Account => (kind, None),
            // The log does not say: then who acted, from where, or at least in which account.
            None => match (who, actor.address.as_deref()) {
                (Some(who), _) => (EntityKind::Principal, Some(Cow::Borrowed(who))),
                (None, Some(address)) => (EntityKind::Address, Some(Cow::Borrowed(address))),
                (None, None) => (EntityKind::Account, None),
            },
        }
    }

    /// The values of the sentence's placeholders, in their order. The texts are written over.
    pub(crate) fn values(
        &self,
        values: &mut Vec<String>,
        about: &About<'_>,
        bound: &Bound,
        event: &Event<'_>,
        actor: &Actor<'_>,
    ) {
        values.resize_with(self.used.len(), String::new);
        let mut at = 0;
        self.each_value(about, bound, event, actor, &mut |_, text| {
            write_over(&mut values[at], text.filter(|text| !text.is_empty()).unwrap_or("-"));
            at += 1;
        });
    }

    fn each_value(
        &self,
        about: &About<'_>,
        bound: &Bound,
        event: &Event<'_>,
        actor: &Actor<'_>,
        each: &mut dyn FnMut(&str, Option<&str>),
    ) {
        for name in &self.used {
            let of_field = bound.args.iter().find(|(known, _)| known == name).map(|(_, slot)| *slot);
            let text = match (of_field, name.as_str()) {
                (Some(slot), _) => first_text(event, slot).map(Cow::Owned),
                (None, "principal") => actor.principal.as_ref().map(|principal| Cow::Borrowed(&*principal.id)),
                (None, "address") => actor.address.as_deref().map(Cow::Borrowed),
                (None, "user_agent") => actor.user_agent.as_deref().map(Cow::Borrowed),
                (None, "error") => actor.error.as_deref().map(Cow::Borrowed),
                (None, "api") => Some(Cow::Borrowed(event.name())),
                (None, "service") => Some(Cow::Borrowed(event.source())),
                (None, "account") => Some(Cow::Borrowed(about.account.as_str())),
                (None, "region") => Some(Cow::Borrowed(about.region.unwrap_or(Region::GLOBAL))),
                (None, "entity") => Some(Cow::Borrowed(&*about.id)),
                (None, "target") => about.target.as_deref().map(Cow::Borrowed),
                (None, _) => None,
            };
            each(name, text.as_deref());
        }
    }

    /// What a threat of events like this one would say.
    pub(crate) fn context(&self, key: Key, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>) -> Context {
        let about = self.about(bound, event, actor);
        Context::of_event(key, &self.words, &about, event, actor, |each| {
            self.each_value(&about, bound, event, actor, each);
            if self.origin == ThreatOrigin::Sigma {
                each("title", Some(&self.title));
            }
        })
    }
}

/// Where an event was, and what a rule says it is about.
pub(crate) struct About<'e> {
    pub account: AccountId,
    pub region: Option<&'e str>,
    pub kind: EntityKind,
    pub id: Cow<'e, str>,
    pub target: Option<String>,
}

/// Who took part in the event, as far as it says.
pub(crate) fn others_of<'e>(actor: &'e Actor<'_>) -> impl Iterator<Item = (EntityKind, &'e str)> {
    let principal = actor.principal.as_ref();
    let others = [
        (EntityKind::Principal, principal.map(|principal| &*principal.id)),
        (EntityKind::Session, principal.and_then(|principal| principal.session.as_deref())),
        (EntityKind::AccessKey, principal.and_then(|principal| principal.access_key.as_deref())),
        (EntityKind::Instance, principal.and_then(|principal| principal.instance())),
        (EntityKind::Address, actor.address.as_deref().filter(|text| ip(text).is_some())),
    ];
    let on = actor.on.iter().map(|(kind, id)| (*kind, Some(&**id)));
    others.into_iter().chain(on).filter_map(|(kind, id)| Some((kind, short(id?))))
}

/// Adds who else took part in the event.
pub(crate) fn add_others(threat: &mut Threat, actor: &Actor<'_>) {
    for (kind, id) in others_of(actor) {
        let other = Entity::new(kind, id);
        if other != threat.entity {
            threat.others.insert(other);
        }
    }
}

/// The same text in the same memory.
pub(crate) fn write_over(old: &mut String, text: &str) {
    old.clear();
    old.push_str(short(text));
}

/// Of events that name no account.
pub(crate) fn nobody() -> AccountId {
    AccountId::parse("000000000000").unwrap_or_else(|_| unreachable!("twelve digits are an account"))
}

/// The field's value, or the first of a list; of an object its text.
pub(crate) fn first_text(event: &Event<'_>, slot: Slot) -> Option<String> {
    let mut first: Option<String> = None;
    event.each_value(slot, &mut |value| {
        if first.is_none() {
            first = match value {
                Value::Json(json) if value.scalar().is_none() && !json.is_null() => Some(json.as_json().to_owned()),
                value => value.scalar().map(|text| text.into_owned()),
            };
        }
    });
    first
}

/// The event as evidence.
pub(crate) fn sighting(event: &Event<'_>, actor: &Actor<'_>, target: Option<&str>) -> Sighting {
    let principal = actor.principal.as_ref();
    let file = event.place.file.to_string_lossy();
    Sighting {
        time: event.time(),
        event_id: event.id().to_owned(),
        log: event.log(),
        source: kept(event.source()),
        name: kept(event.name()),
        principal: principal.map(|principal| kept(&principal.id)),
        access_key: principal.and_then(|principal| principal.access_key.as_deref()).map(kept),
        address: actor.address.as_deref().map(kept),
        user_agent: actor.user_agent.as_deref().map(kept),
        error: actor.error.as_deref().map(kept),
        target: target.map(kept),
        file: (!file.is_empty()).then(|| file.into_owned()),
        record: Some(event.place.record).filter(|record| *record > 0),
    }
}
