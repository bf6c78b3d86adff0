//! The permissions that a change takes or gives: what the identity policies of each principal grant, under the
//! guardrails before and after.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use haechi_iam::catalogue::Catalogue;
use haechi_iam::{Action, Context, Layer, Level, Policies, PolicyKind, Prepared, Question, Resource, Tri};

use super::changes::WhatIf;
use super::difference::Difference;
use super::keys::Asked;
use crate::world::{Principal, World};

/// How the permissions of some principals of an account change, all in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessChange {
    pub account: Box<str>,
    /// ARNs, sorted.
    pub principals: Vec<Box<str>>,
    /// Actions that identity policies grant and the guardrails take, whatever the request is.
    pub lost: Vec<Box<str>>,
    /// Actions that the guardrails take for some requests: resources, regions, other conditions.
    pub limited: Vec<Box<str>>,
    /// Actions that the guardrails took and give.
    pub gained: Vec<Box<str>>,
    /// Actions that the guardrails took for some requests and give for more.
    pub widened: Vec<Box<str>>,
}

/// Keys of who asks, whose values must not decide what is worth asking.
const OF_CALLER: [&str; 8] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principaltype",
    "aws:userid",
    "aws:username",
    "aws:viaawsservice",
];

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Effect {
    Lost,
    Limited,
    Gained,
    Widened,
}

impl WhatIf {
    /// The permissions that come and go by SCPs, over all actions of the table. Resources and conditions are open.
    pub fn access_changes(&self, catalogue: &Catalogue) -> Vec<AccessChange> {
        let actions: Vec<Action> =
            catalogue.services().flat_map(|service| service.actions()).filter_map(|info| info.to_action()).collect();
        let mut by_account: BTreeMap<&str, Vec<&Principal>> = BTreeMap::new();
        for principal in self.before().principals().iter().filter(|principal| !principal.is_service_linked()) {
            by_account.entry(principal.account()).or_default().push(principal);
        }
        let mut granted = Granted::new(&actions);
        let mut changes = Vec::new();
        for (account, change) in self.accounts() {
            let (Some(difference), Some(principals)) = (&change.scps, by_account.get(account)) else { continue };
            changes.extend(self.of_account(account, difference, principals, &mut granted));
        }
        changes
    }

    fn of_account(
        &self,
        account: &str,
        difference: &Difference,
        principals: &[&Principal],
        granted: &mut Granted<'_>,
    ) -> Vec<AccessChange> {
        let asked = Asked::of(difference.policies().map(|policy| &**policy), None);
        let asks_caller =
            asked.keys.iter().any(|key| OF_CALLER.contains(&&**key) || key.starts_with("aws:principaltag/"));
        let (old, new) = (self.before().scps_of(account), self.after().scps_of(account));
        // Guardrails that do not ask who it is are asked once for the account.
        let mut shared: Option<Vec<(usize, Effect)>> = None;
        let mut groups: BTreeMap<Vec<(usize, u8)>, Vec<Box<str>>> = BTreeMap::new();
        for principal in principals {
            let effects = match &shared {
                Some(effects) if !asks_caller => effects.clone(),
                _ => effects_on(self, principal, difference, old, new, granted.actions),
            };
            if !asks_caller && shared.is_none() {
                shared = Some(effects.clone());
            }
            let own = granted.of(principal);
            let kept: Vec<(usize, u8)> =
                effects.iter().filter(|(at, _)| own[*at]).map(|(at, effect)| (*at, *effect as u8)).collect();
            if !kept.is_empty() {
                groups.entry(kept).or_default().push(principal.arn().into());
            }
        }
        let changed = groups.into_iter().map(|(effects, mut principals)| {
            principals.sort();
            let of = |wanted: Effect| {
                let fits = effects.iter().filter(|(_, effect)| *effect == wanted as u8);
                fits.map(|(at, _)| Box::from(granted.actions[*at].text())).collect()
            };
            AccessChange {
                account: account.into(),
                principals,
                lost: of(Effect::Lost),
                limited: of(Effect::Limited),
                gained: of(Effect::Gained),
                widened: of(Effect::Widened),
            }
        });
        changed.collect()
    }
}

/// What the change does to each action for a principal, whatever its policies grant.
fn effects_on(
    whatif: &WhatIf,
    principal: &Principal,
    difference: &Difference,
    old: &[Level],
    new: &[Level],
    actions: &[Action],
) -> Vec<(usize, Effect)> {
    let context = Context::open();
    let subject_in = |world: &World| world.subject_of(principal).caller;
    let (before, after) = (subject_in(whatif.before()), subject_in(whatif.after()));
    let everything = Resource::any_of("*");
    let mut effects = Vec::new();
    for (at, action) in actions.iter().enumerate() {
        let ask = |caller, scps| Question {
            caller,
            action,
            resource: &everything,
            context: &context,
            policies: Policies { scps, ..Policies::default() },
        };
        let is = ask(&after, new);
        let denied = is.decide_level(Layer::Scp, &difference.added).denied;
        let narrowed = || {
            let levels = difference.narrower.iter();
            levels.map(|level| is.decide_level(Layer::Scp, &level.policies).allowed).min().unwrap_or(Tri::Yes)
        };
        if denied == Tri::No && !difference.loosens && narrowed() == Tri::Yes {
            continue;
        }
        let (was, now) = (ask(&before, old).decide_guardrails().allowed, is.decide_guardrails().allowed);
        let effect = match (was, now) {
            (Tri::Yes | Tri::Maybe, Tri::No) => Effect::Lost,
            (Tri::Yes, Tri::Maybe) => Effect::Limited,
            (Tri::No, Tri::Yes | Tri::Maybe) => Effect::Gained,
            (Tri::Maybe, Tri::Yes) => Effect::Widened,
            (Tri::Maybe, Tri::Maybe) if denied != Tri::No || narrowed() != Tri::Yes => Effect::Limited,
            _ => continue,
        };
        effects.push((at, effect));
    }
    effects
}

/// Which actions policies grant, kept by the policies: principals share them.
struct Granted<'a> {
    actions: &'a [Action],
    known: HashMap<(usize, usize), Arc<[bool]>>,
}

impl<'a> Granted<'a> {
    fn new(actions: &'a [Action]) -> Self {
        Granted { actions, known: HashMap::new() }
    }

    /// Whether the identity policies within the boundary grant each action on some resource under some conditions.
    fn of(&mut self, principal: &Principal) -> Arc<[bool]> {
        let (identity, boundary): (&[Arc<Prepared>], &[Arc<Prepared>]) = (principal.identity(), principal.boundary());
        // The sets are shared by the world, which outlives this.
        let key = (identity.as_ptr().addr(), boundary.as_ptr().addr());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found: Arc<[bool]> =
            grants(principal, identity, boundary, self.actions).map(|granted| granted != Tri::No).collect();
        self.known.insert(key, found.clone());
        found
    }
}

/// Whether identity policies within a boundary grant each action on some resource under some conditions. Yes: on all
/// resources, under all conditions.
pub(crate) fn grants<'a>(
    principal: &Principal,
    identity: &'a [Arc<Prepared>],
    boundary: &'a [Arc<Prepared>],
    actions: &'a [Action],
) -> impl Iterator<Item = Tri> + 'a {
    let caller = haechi_iam::Caller::from_arn(principal.arn());
    let mut context = Context::open();
    for key in OF_CALLER {
        context.set_unknown(key);
    }
    let everything = Resource::any_of("*");
    // Roles that leave it to the account: whether there is one, is another question.
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:*","Resource":"*"}}}}"#,
        principal.account()
    );
    let trust: Vec<Arc<Prepared>> =
        Prepared::parse(PolicyKind::Resource, "trust", &trust).map(Arc::new).into_iter().collect();
    actions.iter().map(move |action| {
        let Ok(caller) = &caller else { return Tri::No };
        let resource = if action.service() == "sts" { &trust[..] } else { &[] };
        let policies = Policies { identity, boundary, resource, ..Policies::default() };
        Question { caller, action, resource: &everything, context: &context, policies }.decide().allowed
    })
}

/// Actions in few words: `service:*` where all of a service's are there, and how many stand for it.
pub fn condensed(catalogue: &Catalogue, actions: &[Box<str>]) -> Vec<(String, usize)> {
    let mut by_service: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for action in actions {
        by_service.entry(action.split(':').next().unwrap_or_default()).or_default().push(action);
    }
    let mut words = Vec::new();
    for (service, actions) in by_service {
        let all = catalogue.service(service).map_or(0, |service| service.actions().len());
        if all > 1 && actions.len() == all {
            words.push((format!("{service}:*"), all));
        } else {
            words.extend(actions.into_iter().map(|action| (action.to_owned(), 1)));
        }
    }
    words
}
