//! A compiled rule: what it says when it is met, and what must come together before it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_content::detection::{Baseline, Count, Engine, EntityOf, Sequence, Threats, Volume};
use haechi_content::{Detection, Need};
use haechi_model::event::{Event, Fields, Slot, Value};
use haechi_model::{
    AccountId, Entity, EntityKind, FindingId, Log, Message, Partition, Region, Sighting, Threat, ThreatOrigin,
    ThreatScore,
};

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

    /// The fields that it looks at besides those that are matched.
    pub(crate) fn paths(&self) -> Vec<&str> {
        let (by, more): (&[String], Vec<&str>) = match self {
            Logic::Count(count) => (&count.by, count.distinct.as_deref().into_iter().collect()),
            Logic::Sequence(sequence) => (&sequence.by, Vec::new()),
            Logic::Baseline(baseline) => {
                let paths = baseline.factors.iter().map(String::as_str).filter(|name| !is_factor(name));
                (&baseline.by, paths.collect())
            }
            Logic::Volume(volume) => (&volume.by, volume.sum.as_deref().into_iter().collect()),
            Logic::Each | Logic::Engine(_) | Logic::Threats(_) | Logic::Correlation(_) => (&[], Vec::new()),
        };
        let mut paths: Vec<&str> = by.iter().map(String::as_str).chain(more).collect();
        paths.retain(|path| !is_actor(path));
        paths
    }
}

/// Factors with a name of their own; others are paths of fields.
pub(crate) fn is_factor(name: &str) -> bool {
    matches!(name, "api" | "service" | "network" | "country" | "user-agent" | "region" | "target" | "city" | "asn")
}

/// Keys with a name of their own; others are paths of fields.
pub(crate) fn is_actor(name: &str) -> bool {
    matches!(name, "principal" | "session" | "access-key" | "account" | "address" | "user-agent")
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
    message: Arc<str>,
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

/// A text of a log is kept to so many characters: whoever writes logs chooses it.
const KEPT: usize = 1_000;

pub(crate) fn kept(text: &str) -> String {
    text.chars().take(KEPT).collect()
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
        Self {
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
            used: placeholders(&file.says.en),
            message: format!("detection:{}", file.id).into(),
        }
    }

    pub(crate) fn of_sigma(rule: &SigmaRule, logic: Logic, logs: Vec<Log>) -> Self {
        Self {
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
            used: ["address", "api", "principal"].map(str::to_owned).into(),
            message: SIGMA_MESSAGE.into(),
        }
    }

    /// The fields that it looks at besides those that are matched.
    pub(crate) fn paths(&self) -> Vec<&str> {
        let mut paths = self.logic.paths();
        paths.extend(self.entity.as_ref().and_then(|entity| entity.field.as_deref()));
        paths.extend(self.target.as_deref());
        paths.extend(self.args.values().map(String::as_str));
        paths
    }

    /// A threat of this event alone.
    pub(crate) fn threat(&self, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>) -> Threat {
        let principal = actor.principal.as_ref();
        let account = [event.account(), principal.and_then(|principal| principal.account.as_deref())]
            .into_iter()
            .flatten()
            .find_map(|account| AccountId::parse(account).ok())
            .unwrap_or_else(nobody);
        let region = event.region().and_then(|region| Region::parse(region).ok()).unwrap_or_else(Region::global);
        let target = bound.target.and_then(|slot| first_text(event, slot)).map(|text| kept(&text));
        let entity = self.entity(bound, event, actor, &account);
        let mut others = std::collections::BTreeSet::new();
        let mut add = |kind, id: Option<&str>| {
            if let Some(id) = id {
                let other = Entity::new(kind, kept(id));
                if other != entity {
                    others.insert(other);
                }
            }
        };
        add(EntityKind::Principal, principal.map(|principal| &*principal.id));
        add(EntityKind::Session, principal.and_then(|principal| principal.session.as_deref()));
        add(EntityKind::AccessKey, principal.and_then(|principal| principal.access_key.as_deref()));
        add(EntityKind::Address, actor.address.as_deref().filter(|text| ip(text).is_some()));
        Threat {
            id: FindingId::clone(&Threat::id_of(&self.id, &entity, &account, &region)),
            kind: self.id.to_string(),
            origin: self.origin,
            title: self.title.clone(),
            score: self.score,
            partition: Partition::of_region(region.as_str()),
            message: self.message(bound, event, actor, &entity, target.as_deref(), (&account, &region)),
            account,
            region,
            others,
            attack: self.attack.clone(),
            factors: std::collections::BTreeSet::new(),
            evidence: vec![sighting(event, actor, target)],
            count: 1,
            first_seen: event.time(),
            last_seen: event.time(),
            related: std::collections::BTreeSet::new(),
            sample: false,
            entity,
        }
    }

    fn entity(&self, bound: &Bound, event: &Event<'_>, actor: &Actor<'_>, account: &AccountId) -> Entity {
        let principal = actor.principal.as_ref();
        let kind = self.entity.as_ref().map_or(EntityKind::Principal, |entity| entity.kind);
        let named = bound.entity.and_then(|slot| first_text(event, slot)).filter(|text| !text.is_empty());
        let own = || match kind {
            EntityKind::Principal => principal.map(|principal| principal.id.to_string()),
            EntityKind::Session => principal.and_then(|principal| principal.session.as_deref()).map(str::to_owned),
            EntityKind::AccessKey => principal.and_then(|principal| principal.access_key.as_deref()).map(str::to_owned),
            EntityKind::Account => Some(account.as_str().to_owned()),
            EntityKind::Address => actor.address.as_deref().map(str::to_owned),
            EntityKind::UserAgent => actor.user_agent.as_deref().map(str::to_owned),
            _ => None,
        };
        if let Some(id) = named.or_else(own) {
            return Entity::new(kind, kept(&id));
        }
        // The log does not say: then who acted, from where, or at least in which account.
        let principal = principal.map(|principal| Entity::new(EntityKind::Principal, kept(&principal.id)));
        let address = || actor.address.as_deref().map(|address| Entity::new(EntityKind::Address, kept(address)));
        principal.or_else(address).unwrap_or_else(|| Entity::new(EntityKind::Account, account.as_str()))
    }

    fn message(
        &self,
        bound: &Bound,
        event: &Event<'_>,
        actor: &Actor<'_>,
        entity: &Entity,
        target: Option<&str>,
        (account, region): (&AccountId, &Region),
    ) -> Message {
        let mut message = Message::new(&*self.message);
        if self.origin == ThreatOrigin::Sigma {
            message = message.with("title", self.title.as_str());
        }
        for name in &self.used {
            let of_field = bound.args.iter().find(|(known, _)| known == name);
            let value = match (of_field, name.as_str()) {
                (Some((_, slot)), _) => first_text(event, *slot),
                (None, "principal") => actor.principal.as_ref().map(|principal| principal.id.to_string()),
                (None, "address") => actor.address.as_deref().map(str::to_owned),
                (None, "user_agent") => actor.user_agent.as_deref().map(str::to_owned),
                (None, "error") => actor.error.as_deref().map(str::to_owned),
                (None, "api") => Some(event.name().to_owned()),
                (None, "service") => Some(event.source().to_owned()),
                (None, "account") => Some(account.as_str().to_owned()),
                (None, "region") => Some(region.as_str().to_owned()),
                (None, "entity") => Some(entity.id.clone()),
                (None, "target") => target.map(str::to_owned),
                // Counted when all is merged.
                (None, "count") => {
                    message = message.with("count", 1);
                    continue;
                }
                (None, _) => None,
            };
            let value = value.filter(|value| !value.is_empty()).map_or_else(|| "-".to_owned(), |value| kept(&value));
            message = message.with(name.as_str(), value);
        }
        message
    }
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
pub(crate) fn sighting(event: &Event<'_>, actor: &Actor<'_>, target: Option<String>) -> Sighting {
    let principal = actor.principal.as_ref();
    let text = |text: Option<&str>| text.map(kept);
    let file = event.place.file.to_string_lossy();
    Sighting {
        time: event.time(),
        event_id: event.id().to_owned(),
        log: event.log(),
        source: kept(event.source()),
        name: kept(event.name()),
        principal: text(principal.map(|principal| &*principal.id)),
        access_key: text(principal.and_then(|principal| principal.access_key.as_deref())),
        address: text(actor.address.as_deref()),
        user_agent: text(actor.user_agent.as_deref()),
        error: text(actor.error.as_deref()),
        target,
        file: (!file.is_empty()).then(|| file.into_owned()),
        record: Some(event.place.record).filter(|record| *record > 0),
    }
}
