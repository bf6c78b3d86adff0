//! How much somebody may do in an account, in one word, and what guardrails and boundaries take away of it: asked of
//! the whole evaluator, action by action.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use haechi_iam::catalogue::AccessLevel;
use haechi_iam::{Action, Caller, Catalogue, Context, Level as ScpLevel, PolicyKind, Prepared, Resource, Tri};
use serde::Serialize;

use super::session::Session;
use crate::paths::decisive::Decisive;
use crate::world::{Guardrails, PolicySet, Subject, Target, World};

/// How much somebody may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    #[default]
    Nothing,
    Reads,
    Writes,
    /// Everything but the rule over access.
    Power,
    Administrator,
}

impl Level {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Level::Nothing => "nothing",
            Level::Reads => "reads",
            Level::Writes => "writes",
            Level::Power => "power",
            Level::Administrator => "administrator",
        }
    }
}

/// Actions that a layer takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// Actions that are granted and always denied, by service.
    pub denied: BTreeMap<Box<str>, usize>,
    /// Actions that are denied under conditions.
    pub conditional: usize,
}

impl Taken {
    /// How many actions are always denied.
    pub fn count(&self) -> usize {
        self.denied.values().sum()
    }
}

/// How much of an account is in somebody's reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reach {
    pub level: Level,
    /// It depends on conditions, or on policies that nobody recorded.
    pub conditional: bool,
    /// As if there were neither SCPs nor a boundary.
    pub granted: Level,
    /// As if there were no SCPs.
    pub bounded: Level,
    pub by_scps: Taken,
    pub by_boundary: Taken,
    pub by_rcps: Taken,
}

/// What a reach rests on: the same things have the same reach.
#[derive(PartialEq, Eq, Hash)]
struct Ground {
    identity: usize,
    boundary: usize,
    guardrails: Vec<usize>,
    /// The caller, where policies ask for it or for its account.
    caller: Option<Box<str>>,
}

/// Reckons levels; what has the same policies is reckoned once.
pub struct Levels<'w> {
    world: &'w World,
    actions: Vec<(Action, AccessLevel)>,
    /// Actions that nobody needs a permission for.
    free: Vec<bool>,
    decisive: Decisive,
    known: HashMap<Ground, Reach>,
    /// Keeps the addresses of `known` taken.
    kept: Vec<PolicySet>,
    asks_for_caller: HashMap<usize, bool>,
}

impl<'w> Levels<'w> {
    pub fn new(world: &'w World, catalogue: &Catalogue) -> Levels<'w> {
        let mut actions = Vec::with_capacity(catalogue.action_count());
        for action in catalogue.services().flat_map(|service| service.actions()) {
            actions.extend(action.to_action().map(|ready| (ready, action.level())));
        }
        let free = free_actions(world, &actions);
        Levels {
            world,
            actions,
            free,
            decisive: Decisive::default(),
            known: HashMap::new(),
            kept: Vec::new(),
            asks_for_caller: HashMap::new(),
        }
    }

    /// What a session reaches in its account.
    pub fn of(&mut self, session: &Session<'w>) -> Reach {
        let ground = self.ground(&session.subject);
        if let Some(known) = self.known.get(&ground) {
            return known.clone();
        }
        let reach = self.reckon(&session.subject, &session.context);
        self.kept.extend([session.subject.identity.clone(), session.subject.boundary.clone()]);
        self.known.insert(ground, reach.clone());
        reach
    }

    fn ground(&mut self, subject: &Subject<'_>) -> Ground {
        let account = subject.caller.account();
        let levels = subject.scps.iter().chain(self.world.rcps_of(account));
        let policies: Vec<&Arc<Prepared>> = levels.flat_map(|level: &ScpLevel| &level.policies).collect();
        let own = subject.identity.iter().chain(subject.boundary.iter());
        let mut asks = false;
        for policy in policies.iter().copied().chain(own) {
            let address = Arc::as_ptr(policy).addr();
            let text = policy.policy().text();
            asks |= *self.asks_for_caller.entry(address).or_insert_with(|| asks_for_caller(text));
            asks |= text.contains(account);
        }
        let is_management = self.world.account(account).map(|account| account.standing);
        Ground {
            identity: subject.identity.as_ptr().addr(),
            boundary: subject.boundary.as_ptr().addr(),
            guardrails: policies.iter().map(|policy| Arc::as_ptr(policy).addr()).collect(),
            caller: (asks || is_management == Some(haechi_iam::Standing::Management))
                .then(|| subject.caller.name_in_policies().into()),
        }
    }

    fn reckon(&self, subject: &Subject<'_>, context: &Context) -> Reach {
        // A session of S3 Express that only reads is no write.
        let mut context = context.clone();
        context.set("s3express:SessionMode", "ReadWrite");
        let asking = Asking {
            world: self.world,
            account: subject.caller.account(),
            context: &context,
            subject,
            unbound: &Subject { boundary: PolicySet::from([]), ..subject.clone() },
        };
        let (mut reach, mut is_certain) = self.by_actions(&asking);
        if let Some((level, sure)) = self.high(&asking, subject, Guardrails::Counted) {
            (reach.level, is_certain) = (level, sure);
        }
        if let Some((level, _)) = self.high(&asking, asking.unbound, Guardrails::WithoutScps) {
            reach.granted = level;
        }
        if subject.boundary.is_empty() {
            reach.bounded = reach.granted;
        } else if let Some((level, _)) = self.high(&asking, subject, Guardrails::WithoutScps) {
            reach.bounded = level;
        }
        reach.conditional = reach.level != Level::Nothing && !is_certain;
        reach
    }

    /// What single actions tell: whether something is read or written, and what is taken away; and whether the level
    /// is certain.
    fn by_actions(&self, asking: &Asking<'_>) -> (Reach, bool) {
        let Asking { subject, unbound, .. } = *asking;
        let anything = self.world.unnamed(Resource::any_of("*"), asking.account);
        let ask = |who: &Subject<'_>, action: &Action, guardrails| asking.ask(who, action, &anything, guardrails);
        let mut reach = Reach::default();
        let mut is_certain = true;
        for ((action, access), _) in self.actions.iter().zip(&self.free).filter(|(_, free)| !**free) {
            let granted = ask(unbound, action, Guardrails::WithoutScps);
            if granted == Tri::No {
                continue;
            }
            let level = if is_read(action, *access) { Level::Reads } else { Level::Writes };
            reach.granted = reach.granted.max(level);
            let by_boundary =
                if subject.boundary.is_empty() { granted } else { ask(subject, action, Guardrails::WithoutScps) };
            if by_boundary != Tri::No {
                reach.bounded = reach.bounded.max(level);
            }
            let left = ask(subject, action, Guardrails::Counted);
            if left != Tri::No && level >= reach.level {
                is_certain = left == Tri::Yes || (is_certain && level == reach.level);
                reach.level = level;
            }
            if left == granted {
                continue;
            }
            let by_scps = ask(unbound, action, Guardrails::Counted);
            take(&mut reach.by_scps, action, granted, by_scps);
            take(&mut reach.by_boundary, action, granted, by_boundary);
            // What neither explains the resource's side does.
            if ![by_scps, by_boundary].iter().any(|alone| *alone == left || *alone == Tri::No) {
                take(&mut reach.by_rcps, action, granted, left);
            }
        }
        (reach, is_certain)
    }

    /// An administrator's or power user's level, and whether it is certain.
    fn high(&self, asking: &Asking<'_>, who: &Subject<'_>, guardrails: Guardrails) -> Option<(Level, bool)> {
        let account = asking.account;
        let unnamed = |on: &str| self.world.unnamed(Resource::new(on), account);
        let free = |action: &Action, on: &str| asking.ask(who, action, &unnamed(on), Guardrails::WithoutScps);
        let bound = |action: &Action, on: &str| asking.ask(who, action, &unnamed(on), Guardrails::Counted);
        let is_bound = guardrails == Guardrails::Counted && !who.scps.is_empty();
        match self.decisive.of_administrator(account, free, is_bound.then_some(&bound)) {
            Tri::No => {}
            sure => return Some((Level::Administrator, sure == Tri::Yes)),
        }
        let asked = |action: &Action, on: &str| if is_bound { bound(action, on) } else { free(action, on) };
        match self.decisive.of_power_user(account, asked) {
            Tri::No => None,
            sure => Some((Level::Power, sure == Tri::Yes)),
        }
    }
}

/// A session about which questions are asked.
struct Asking<'a> {
    world: &'a World,
    account: &'a str,
    context: &'a Context,
    subject: &'a Subject<'a>,
    /// The same without a boundary.
    unbound: &'a Subject<'a>,
}

impl Asking<'_> {
    fn ask(&self, who: &Subject<'_>, action: &Action, target: &Target<'_>, guardrails: Guardrails) -> Tri {
        self.world.question(who, action, target, self.context, guardrails).decide().allowed
    }
}

fn take(taken: &mut Taken, action: &Action, granted: Tri, left: Tri) {
    if left == Tri::No {
        *taken.denied.entry(action.service().into()).or_default() += 1;
    } else if left != granted {
        taken.conditional += 1;
    }
}

/// The table has some actions among writes that AWS's own ReadOnlyAccess holds, such as `iot:ListSubscriptions`: what
/// gets or lists by its name reads.
fn is_read(action: &Action, access: AccessLevel) -> bool {
    matches!(access, AccessLevel::List | AccessLevel::Read)
        || ["get", "list"].iter().any(|word| action.name().starts_with(word))
}

/// Whether a policy may say one thing to one caller and another to the next.
fn asks_for_caller(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let keys = ["${", "aws:principal", "aws:resource", "aws:userid", "aws:username", "identitystore:"];
    keys.iter().any(|key| lower.contains(key))
}

/// Actions that somebody without any policy may do.
fn free_actions(world: &World, actions: &[(Action, AccessLevel)]) -> Vec<bool> {
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let nothing: PolicySet = Prepared::parse(PolicyKind::Identity, "nothing", deny)
        .map_or_else(|_| PolicySet::from([]), |policy| PolicySet::from([Arc::new(policy)]));
    let caller = Caller::from_arn("arn:aws:iam::000000000000:role/haechi-asks");
    let context = Context::open();
    let Ok(caller) = caller else { return vec![false; actions.len()] };
    let subject = Subject { identity: nothing, ..Subject::of_outsider(caller) };
    let target = world.unnamed(Resource::any_of("*"), "000000000000");
    let is_free = |action: &Action| {
        world.question(&subject, action, &target, &context, Guardrails::WithoutScps).decide().allowed == Tri::Yes
    };
    actions.iter().map(|(action, _)| is_free(action)).collect()
}
