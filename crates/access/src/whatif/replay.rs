//! The calls of a log, asked again under changed guardrails.
//!
//! A call that the log says has passed, has passed the guardrails of its day: only Deny statements that are new on its
//! caller's path and levels that have become narrower can stop it. Verdicts are kept by what they depend on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use haechi_iam::catalogue::{ActionInfo, ArnForms, Catalogue, EventAction, EventRules, FormsByService};
use haechi_iam::{Action, Caller, Context, Layer, OrgPlace, Prepared, Question, Resource, Tri, Unrecorded};
use haechi_model::event::{Event, FieldError, Fields, Slot, core};

use super::changes::WhatIf;
use super::context::Told;
use super::difference::Difference;
use super::guards::{Guards, denied_by};
use super::keys::{Asked, AskedKey, KeySource, services_with_resources};
use super::reach::{AskedArn, Reaches};
use super::tally::{Call, Class, Count, Reason, Tally};
use crate::Organization;
use crate::calls::{CallSlots, is_denial, raw};

/// A replay can't be made of these tables.
pub type ReplayError = FieldError;

/// Everything that all threads share.
pub struct Replay<'w> {
    whatif: &'w WhatIf,
    catalogue: &'w Catalogue,
    pub(super) rules: &'w EventRules,
    forms: FormsByService<'w>,
    fields: Fields,
    /// The same by their paths.
    pub(super) paths: HashMap<Box<str>, Slot>,
    slots: Slots,
    /// Policies that are added, removed, or stand on narrower levels: their statements matter.
    policies: Vec<Arc<Prepared>>,
    /// All SCPs, before and after.
    pub(super) scps: Vec<Arc<Prepared>>,
    pub(super) rcps: bool,
    /// Whether policies compare organizations with this one only, so that any other is like the next.
    knows_organizations: bool,
}

struct Slots {
    call: CallSlots,
    message: Slot,
    resource_account: Slot,
}

/// Verdicts that are kept at most; then it begins anew.
const KEPT: usize = 1 << 20;

impl<'w> Replay<'w> {
    /// # Errors
    /// The rules name too many fields.
    pub fn new(whatif: &'w WhatIf, catalogue: &'w Catalogue, rules: &'w EventRules) -> Result<Self, ReplayError> {
        let mut policies: Vec<Arc<Prepared>> = Vec::new();
        for (_, change) in whatif.accounts() {
            for policy in change.scps.iter().chain(&change.rcps).flat_map(Difference::policies) {
                if !policies.iter().any(|known| Arc::ptr_eq(known, policy)) {
                    policies.push(policy.clone());
                }
            }
        }
        let rcps = whatif.changes_rcps();
        let asked = Asked::of(policies.iter().map(|policy| &**policy), None);
        let mut fields = Fields::of_events([])?;
        let slots = Slots {
            call: CallSlots::add(&mut fields, rules)?,
            message: fields.add("errorMessage")?,
            resource_account: fields.add("resources.accountId")?,
        };
        let mut wanted: Vec<String> = Vec::new();
        if asked.resources || rcps {
            let services = services_with_resources(policies.iter().map(|policy| &**policy)).filter(|_| !rcps);
            let paths: Vec<String> = match &services {
                Some(services) => services.iter().flat_map(|service| rules.resource_paths(service)).collect(),
                None => rules.paths(),
            };
            wanted.extend(paths);
            wanted.extend(["resources", "resources.ARN", "resources.arn"].map(str::to_owned));
        }
        for source in asked.keys.iter().map(|key| KeySource::of(key)) {
            wanted.extend(source.paths().iter().map(|path| (*path).to_owned()));
            if let KeySource::Parameter(path, _) | KeySource::Session(path) = source {
                wanted.push(path.to_owned());
            }
        }
        for path in &wanted {
            fields.add(path)?;
        }
        // Those that are there for the caller and the call may be asked for by their paths too.
        let told = ["awsRegion", "recipientAccountId", "eventType", "userIdentity.type", "userIdentity.invokedBy"];
        let named = wanted.iter().map(String::as_str).chain(told).chain(["requestParameters"]);
        let paths = named.filter_map(|path| Some((Box::from(path), fields.slot(path)?))).collect();
        let own = whatif.after().organization().map(Organization::id);
        let knows_organizations =
            own.is_some_and(|own| compare_with_ours(policies.iter().map(|policy| &**policy), own));
        let scps = all_scps(whatif);
        let forms = FormsByService::default();
        Ok(Replay { whatif, catalogue, rules, forms, fields, paths, slots, policies, scps, rcps, knows_organizations })
    }

    /// The fields that events have to be read with.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// What one thread counts with.
    pub fn start(&self) -> Replayer<'_, 'w> {
        Replayer {
            replay: self,
            callers: Numbers::default(),
            known_callers: Vec::new(),
            calls: Numbers::default(),
            known_calls: Vec::new(),
            verdicts: Numbers::with_capacity_and_hasher(1 << 14, foldhash::fast::RandomState::default()),
            kinds: HashMap::new(),
            counts: Vec::new(),
            buffer: Vec::new(),
            reaches: Reaches::default(),
        }
    }
}

/// The SCPs of all accounts, before and after.
fn all_scps(whatif: &WhatIf) -> Vec<Arc<Prepared>> {
    let mut known: HashSet<*const Prepared> = HashSet::new();
    let worlds = [whatif.before(), whatif.after()];
    let levels = worlds.into_iter().flat_map(|world| world.accounts().flat_map(|account| world.scps_of(&account.id)));
    let policies = levels.flat_map(|level| &level.policies);
    policies.filter(|policy| known.insert(Arc::as_ptr(policy))).cloned().collect()
}

/// Numbers by what tells events apart: three are looked up for every event, so the hash is a fast one (seeded, since
/// whoever makes calls writes much of what is hashed).
pub(super) type Numbers = HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>;

/// Takes events, and counts what would become of them.
pub struct Replayer<'r, 'w> {
    replay: &'r Replay<'w>,
    callers: Numbers,
    known_callers: Vec<KnownCaller<'w>>,
    calls: Numbers,
    known_calls: Vec<KnownCall<'w>>,
    /// By everything that a verdict depends on: the number of its count.
    verdicts: Numbers,
    kinds: HashMap<Call, u32>,
    counts: Vec<(Call, Count)>,
    buffer: Vec<u8>,
    reaches: Reaches,
}

/// Who calls, as far as guardrails go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bond {
    Member,
    Management,
    ServiceLinked,
    Service,
    Outside,
    /// Of the organization, but the event does not tell who it was.
    Unknown,
}

pub(super) struct KnownCaller<'w> {
    pub account: Box<str>,
    principal: Box<str>,
    bond: Bond,
    before: Option<Caller>,
    after: Option<Caller>,
    pub scps: Option<&'w Difference>,
}

pub(super) struct KnownCall<'w> {
    /// The event's source and name.
    name: Box<str>,
    pub meaning: Meaning<'w>,
    asked: Asked,
    slots: Vec<Slot>,
    /// What tells the resource: whose it may be, and what the event says of it.
    pub own_slots: Vec<Slot>,
    pub resource_slots: Vec<Slot>,
    /// The SCPs that tell resources of it apart, if that is all that does.
    pub telling: Option<Vec<Arc<Prepared>>>,
}

pub(super) enum Meaning<'w> {
    All(Vec<AskedAction<'w>>),
    OneOf(Vec<AskedAction<'w>>),
    NoPermission,
    Unknown,
}

/// An action of a call, with the keys that policies ask for.
pub(super) struct AskedAction<'w> {
    pub action: Action,
    pub info: ActionInfo<'w>,
    /// Of the ARNs of its service.
    pub forms: Arc<ArnForms<'w>>,
    keys: Vec<AskedKey>,
}

/// What became of a call.
struct Verdict {
    class: Class,
    action: Box<str>,
    reasons: Vec<Reason>,
}

impl<'w> Replayer<'_, 'w> {
    /// Takes an event of CloudTrail that was read with [`Replay::fields`].
    pub fn take(&mut self, event: &Event<'_>) {
        let caller = self.caller(event);
        let call = self.call(event);
        let key = &mut self.buffer;
        key.clear();
        key.extend_from_slice(&caller.to_le_bytes());
        key.extend_from_slice(&call.to_le_bytes());
        let known = &self.known_calls[call as usize];
        let error = event.get(core::ERROR).filter(|error| !error.is_null());
        if let Some(error) = error.filter(|error| is_denial(error.as_json())) {
            key.push(1);
            key.extend_from_slice(error.as_json().as_bytes());
            key.push(0);
            key.push(denied_by(event.get(self.replay.slots.message)) as u8);
        }
        key.push(0);
        let region = event.region().unwrap_or_default();
        key.extend_from_slice(region.as_bytes());
        // The event's own type tells calls from other events.
        key.push(0);
        key.extend_from_slice(raw(event, self.replay.slots.call.event_type));
        // Whom nothing new binds, for them nothing else matters.
        let bound = self.known_callers[caller as usize].scps.is_some() || self.replay.rcps;
        if bound {
            write_slots(&known.slots, event, key);
            self.reaches.write(self.replay, (call, known), event, key);
        }
        let at = match self.verdicts.get(&self.buffer[..]) {
            Some(at) => *at,
            None => self.judge(caller, call, event),
        };
        self.counts[at as usize].1.add(event.time(), event.id());
    }

    /// What was counted.
    pub fn finish(self) -> Tally {
        let mut tally = Tally::default();
        for (call, count) in self.counts.into_iter().filter(|(_, count)| count.calls > 0) {
            tally.add(call, count);
        }
        tally
    }

    fn judge(&mut self, caller: u32, call: u32, event: &Event<'_>) -> u32 {
        let known = &self.known_callers[caller as usize];
        let verdict = self.replay.verdict(known, &self.known_calls[call as usize], event);
        let kind = Call {
            class: verdict.class,
            account: known.account.clone(),
            principal: known.principal.clone(),
            action: verdict.action,
            reasons: verdict.reasons,
        };
        let at = match self.kinds.get(&kind) {
            Some(at) => *at,
            None => {
                let at = u32::try_from(self.counts.len()).expect("fewer kinds of calls than events");
                self.kinds.insert(kind.clone(), at);
                self.counts.push((kind, Count::new(event.time())));
                at
            }
        };
        if let Some(region) = event.region() {
            let regions = &mut self.counts[at as usize].1.regions;
            if !regions.contains(region) {
                regions.insert(region.into());
            }
        }
        if self.verdicts.len() >= KEPT {
            self.verdicts.clear();
        }
        self.verdicts.insert(self.buffer.as_slice().into(), at);
        at
    }

    fn caller(&mut self, event: &Event<'_>) -> u32 {
        let key = &mut self.buffer;
        self.replay.slots.call.write_caller(event, key);
        if let Some(at) = self.callers.get(&key[..]) {
            return *at;
        }
        let at = u32::try_from(self.known_callers.len()).expect("fewer callers than events");
        self.callers.insert(key.as_slice().into(), at);
        let known = self.replay.known_caller(event);
        self.known_callers.push(known);
        at
    }

    fn call(&mut self, event: &Event<'_>) -> u32 {
        let key = &mut self.buffer;
        self.replay.slots.call.write_call(event, key);
        if let Some(at) = self.calls.get(&key[..]) {
            return *at;
        }
        let at = u32::try_from(self.known_calls.len()).expect("fewer names than events");
        self.calls.insert(key.as_slice().into(), at);
        self.known_calls.push(self.replay.known_call(event));
        at
    }
}

/// Writes what an event has in some slots.
pub(super) fn write_slots(slots: &[Slot], event: &Event<'_>, key: &mut Vec<u8>) {
    for slot in slots {
        key.push(0);
        match event.value(*slot) {
            Some(haechi_model::event::Value::Json(value)) => key.extend_from_slice(value.as_json().as_bytes()),
            Some(haechi_model::event::Value::Plain(text)) => key.extend_from_slice(text.as_bytes()),
            None => event.each(*slot, &mut |value| key.extend_from_slice(value.as_json().as_bytes())),
        }
    }
}

impl<'w> Replay<'w> {
    fn known_caller(&self, event: &Event<'_>) -> KnownCaller<'w> {
        let text = |slot| event.text(slot).unwrap_or_default();
        let slots = &self.slots.call;
        let (kind, arn, issuer) = (text(slots.kind), text(slots.arn), text(slots.issuer));
        let invoked_by = text(slots.invoked_by);
        let account = text(core::CALLER);
        let by_service = kind == "AWSService" || (kind.is_empty() && arn.is_empty() && !invoked_by.is_empty());
        let named = if issuer.is_empty() || kind == "FederatedUser" { &arn } else { &issuer };
        let anonymous = kind == "AWSAccount" && matches!(&*account, "anonymous" | "ANONYMOUS_PRINCIPAL");
        let of = |world: &'w crate::World| match anonymous {
            true => Some(Caller::anonymous()),
            false => world.subject(named).ok().map(|subject| subject.caller),
        };
        let mut known = KnownCaller {
            principal: if named.is_empty() { Box::from(&*invoked_by) } else { Box::from(&**named) },
            bond: Bond::Unknown,
            before: of(self.whatif.before()),
            after: of(self.whatif.after()),
            scps: None,
            account: Box::from(&*account),
        };
        if let Some(caller) = known.after.as_ref().filter(|_| known.account.is_empty()) {
            known.account = caller.account().into();
        }
        // The role of a session that tells none is known by its name only.
        if let (Some(caller), true) = (&known.after, issuer.is_empty()) {
            known.principal = caller.principal_arn().into();
        }
        if known.principal.is_empty() {
            known.principal = if known.account.is_empty() { Box::from(&*kind) } else { known.account.clone() };
        }
        let service_linked = known.after.as_ref().is_some_and(Caller::is_service_linked);
        let ours = self.whatif.is_ours(&known.account);
        known.bond = if by_service {
            known.after = Some(Caller::service(&invoked_by));
            known.before = known.after.clone();
            Bond::Service
        } else if !ours || matches!(&*kind, "SAMLUser" | "WebIdentityUser") {
            Bond::Outside
        } else if self.whatif.is_management(&known.account) {
            Bond::Management
        } else if service_linked {
            Bond::ServiceLinked
        } else if known.after.as_ref().is_none_or(|caller| caller.account().is_empty()) {
            Bond::Unknown
        } else {
            Bond::Member
        };
        if matches!(known.bond, Bond::Member | Bond::Unknown) {
            known.scps = self.whatif.account(&known.account).and_then(|change| change.scps.as_ref());
        }
        known
    }

    fn known_call(&self, event: &Event<'_>) -> KnownCall<'w> {
        let told = Told { event, fields: &self.fields };
        let found = self.rules.action(self.catalogue, event.source(), event.name(), &told);
        let ready = |infos: Vec<ActionInfo<'w>>| -> Vec<AskedAction<'w>> {
            infos
                .into_iter()
                .filter_map(|info| {
                    let forms = self.forms.of(info.service());
                    Some(AskedAction { action: info.to_action()?, info, forms, keys: Vec::new() })
                })
                .collect()
        };
        let mut meaning = match found {
            EventAction::Known(info) => Meaning::All(ready(vec![info])),
            EventAction::Several(infos) => Meaning::All(ready(infos)),
            EventAction::OneOf(infos) => Meaning::OneOf(ready(infos)),
            EventAction::NoPermission(_) => Meaning::NoPermission,
            EventAction::Unknown => Meaning::Unknown,
        };
        let mut asked = Asked::default();
        if let Meaning::All(actions) | Meaning::OneOf(actions) = &meaning {
            for asking in actions {
                let own = Asked::of(self.policies.iter().map(|policy| &**policy), Some(asking.action.text()));
                asked.keys.extend(own.keys);
                asked.resources |= own.resources;
            }
        }
        asked.keys.sort();
        asked.keys.dedup();
        if let Meaning::All(actions) | Meaning::OneOf(actions) = &mut meaning {
            for asking in actions {
                asking.keys = asked.keys.iter().map(|key| AskedKey::of(key, asking.info)).collect();
            }
        }
        asked.resources |= self.rcps;
        let (mut slots, mut own_slots, mut resource_slots) = (Vec::new(), Vec::new(), Vec::new());
        for source in asked.keys.iter().map(|key| KeySource::of(key)) {
            slots.extend(source.paths().iter().filter_map(|path| self.fields.slot(path)));
            if let KeySource::Session(path) = source {
                slots.extend(self.fields.slot(path));
            }
        }
        if asked.resources {
            // Whatever the event says of resources, as it is written.
            slots.extend(self.fields.slot("recipientAccountId"));
            own_slots.extend(self.fields.slot("recipientAccountId"));
            resource_slots.extend(self.fields.slot("resources"));
            if let Meaning::All(actions) | Meaning::OneOf(actions) = &meaning {
                for asking in actions {
                    self.rules
                        .resource_paths(asking.action.service())
                        .for_each(|path| resource_slots.extend(self.fields.slot(&path)));
                }
            }
        }
        for slots in [&mut slots, &mut resource_slots] {
            slots.sort_unstable_by_key(|slot: &Slot| slot.index());
            slots.dedup();
        }
        let telling = self.telling(&meaning, &asked);
        let source = event.source().split(".amazonaws.com").next().unwrap_or_default();
        let name = format!("{source}:{}", event.name()).into();
        KnownCall { name, meaning, asked, slots, own_slots, resource_slots, telling }
    }

    fn verdict(&self, caller: &KnownCaller<'w>, call: &KnownCall<'w>, event: &Event<'_>) -> Verdict {
        let (actions, one_of) = match &call.meaning {
            _ if !self.slots.call.is_call(event) => (&[][..], false),
            Meaning::All(actions) => (&actions[..], false),
            Meaning::OneOf(actions) => (&actions[..], true),
            Meaning::NoPermission => (&[][..], false),
            Meaning::Unknown => return self.without_action(caller, call, event),
        };
        let Some(first) = actions.first() else {
            return Verdict { class: Class::NoPermission, action: call.name.clone(), reasons: Vec::new() };
        };
        let mut worst: Option<Verdict> = None;
        let mut differ = false;
        for asking in actions {
            let verdict = self.verdict_on(caller, call, asking, event);
            differ |= worst.as_ref().is_some_and(|known| known.class != verdict.class);
            worst = match worst {
                Some(known) if known.class <= verdict.class => Some(known),
                _ => Some(verdict),
            };
        }
        match worst {
            Some(Verdict { mut reasons, .. }) if one_of && differ => {
                reasons.push(Reason::SeveralActions);
                Verdict { class: Class::Undecided, action: first.action.text().into(), reasons }
            }
            Some(verdict) => verdict,
            None => Verdict { class: Class::NoPermission, action: call.name.clone(), reasons: Vec::new() },
        }
    }

    /// A call whose action is in no table: it passes where no new statement can be about it.
    fn without_action(&self, caller: &KnownCaller<'w>, call: &KnownCall<'w>, event: &Event<'_>) -> Verdict {
        let done = |class, reasons| Verdict { class, action: call.name.clone(), reasons };
        if let Some(class) = self.unbound(caller) {
            return done(class, Vec::new());
        }
        let denied = event.error_code().is_some_and(|code| is_denial(&code));
        match (caller.scps, denied) {
            (_, true) => done(Class::DeniedInLog, Vec::new()),
            (None, _) if !self.rcps => done(Class::Untouched, Vec::new()),
            (scps, _) => {
                let harmless = |difference: &Difference| {
                    difference.narrower.is_empty() && difference.added.iter().all(|policy| !may_deny(policy))
                };
                if scps.is_none_or(harmless) && !self.rcps {
                    return done(Class::Allowed, Vec::new());
                }
                done(Class::Undecided, vec![Reason::Action])
            }
        }
    }

    /// The class of callers whom no SCP binds; none: it has to be asked.
    fn unbound(&self, caller: &KnownCaller<'w>) -> Option<Class> {
        match caller.bond {
            Bond::Management => Some(Class::ManagementAccount),
            Bond::ServiceLinked => Some(Class::ServiceLinkedRole),
            Bond::Service => Some(Class::Service),
            Bond::Outside => Some(Class::Outsider),
            Bond::Member | Bond::Unknown => None,
        }
    }

    fn verdict_on(
        &self,
        caller: &KnownCaller<'w>,
        call: &KnownCall<'w>,
        asking: &AskedAction<'w>,
        event: &Event<'_>,
    ) -> Verdict {
        let AskedAction { action, info, forms, keys } = asking;
        let told = Told { event, fields: &self.paths };
        let done = |class, reasons| Verdict { class, action: action.text().into(), reasons };
        let denied = event.error_code().is_some_and(|code| is_denial(&code));
        let unbound = self.unbound(caller);
        let (arns, owner) = match call.asked.resources {
            true => (self.resources(*info, forms, &told), self.owner(&told)),
            false => (vec![AskedArn::everything()], None),
        };
        // Most calls are about the account's own resources; as a fact for conditions that is not enough.
        let named = || arns.iter().find_map(AskedArn::account).map(str::to_owned);
        let holder = owner.clone().or_else(named).or_else(|| event.account().map(str::to_owned));
        let rcps = (self.rcps && caller.bond != Bond::ServiceLinked)
            .then(|| self.whatif.account(holder.as_deref()?)?.rcps.as_ref())
            .flatten();
        if caller.scps.is_none() && rcps.is_none() {
            return done(unbound.unwrap_or(if denied { Class::DeniedInLog } else { Class::Untouched }), Vec::new());
        }
        let (Some(before), Some(after)) = (&caller.before, &caller.after) else {
            let class = if denied { Class::DeniedInLog } else { Class::Undecided };
            return done(class, vec![Reason::Caller]);
        };
        let owner = if info.resources().len() == 0 { holder.as_deref() } else { owner.as_deref() };
        let contexts = arns.iter().map(|asked| told.context(keys, caller.bond == Bond::Service, asked.kind()));
        let contexts: Vec<Context> = contexts.collect();
        let place = |world: &crate::World| -> Vec<Resource> {
            arns.iter().map(|asked| asked.known(world.asked_resource(&asked.arn, owner))).collect()
        };
        let new = place(self.whatif.after());
        let is = questions(after, action, &new, &contexts);
        let rcps = rcps.filter(|_| is.iter().any(|is| is.exemption(Layer::Rcp).is_none()));
        if caller.scps.is_none() && rcps.is_none() {
            return done(unbound.unwrap_or(if denied { Class::DeniedInLog } else { Class::Untouched }), Vec::new());
        }
        let guards = Guards { caller, rcps, owner: holder.as_deref(), whatif: self.whatif };
        if denied {
            let old = place(self.whatif.before());
            let was = questions(before, action, &old, &contexts);
            return done(guards.of_denied(&was, &is, denied_by(event.get(self.slots.message))), Vec::new());
        }
        let (mut passes, mut reasons) = guards.passes_with_all(&is, &arns);
        if passes == Tri::Maybe
            && self.knows_organizations
            && let Some(certain) = self.in_no_organization_of_ours(&guards, (action, after), (&new, &contexts), &arns)
        {
            (passes, reasons) = certain;
        }
        if passes == Tri::Yes {
            return done(unbound.unwrap_or(Class::Allowed), Vec::new());
        }
        let old = place(self.whatif.before());
        let was = questions(before, action, &old, &contexts);
        match passes {
            // It passed then, though the guardrails of the record deny it: they are younger than the call.
            _ if was.iter().any(|was| guards.before(*was).denied == Tri::Yes) => done(Class::DeniedAlready, Vec::new()),
            Tri::No => {
                reasons.retain(|reason| matches!(reason, Reason::Statement { .. } | Reason::NothingAllows { .. }));
                done(Class::Denied, reasons)
            }
            _ => {
                if !reasons.iter().any(|reason| !matches!(reason, Reason::Statement { .. })) {
                    reasons.push(Reason::Resource);
                }
                done(Class::Undecided, reasons)
            }
        }
    }

    /// Of accounts outside the tree nobody knows the organization, but it is not this one: whether a call passes, if
    /// that is the same whichever other they are in, or none.
    fn in_no_organization_of_ours(
        &self,
        guards: &Guards<'_>,
        (action, caller): (&Action, &Caller),
        (resources, contexts): (&[Resource], &[Context]),
        arns: &[AskedArn],
    ) -> Option<(Tri, Vec<Reason>)> {
        let is_outside = |account: &str| account.len() == 12 && !self.whatif.is_ours(account);
        let other = OrgPlace { id: OTHER.into(), paths: [Box::from(format!("{OTHER}/r-0/"))].into() };
        let mut found: Option<(Tri, Vec<Reason>)> = None;
        for place in [None, Some(other)] {
            let caller = match is_outside(caller.account()) {
                true => caller.clone().with_org(place.clone()),
                false => caller.clone(),
            };
            let placed = |resource: &Resource| match resource.account().is_some_and(is_outside) {
                true => resource.clone().with_org(place.clone()),
                false => resource.clone(),
            };
            let resources: Vec<Resource> = resources.iter().map(placed).collect();
            let own = guards.passes_with_all(&questions(&caller, action, &resources, contexts), arns);
            if own.0 == Tri::Maybe || found.as_ref().is_some_and(|(passes, _)| *passes != own.0) {
                return None;
            }
            found = Some(own);
        }
        found
    }

    /// Who owns the resources of a call, as far as the event tells.
    fn owner(&self, told: &Told<'_>) -> Option<String> {
        let mut owner = None;
        told.event.each(self.slots.resource_account, &mut |value| {
            owner = owner.take().or_else(|| value.text().map(std::borrow::Cow::into_owned));
        });
        owner
    }
}

/// The id of some other organization; AWS's have no such.
const OTHER: &str = "o-some-other";

/// Whether all that policies compare organizations with is this one: its id, paths in it, or a variable.
fn compare_with_ours<'p>(mut policies: impl Iterator<Item = &'p Prepared>, own: &str) -> bool {
    const KEYS: [&str; 4] = ["principalorgid", "principalorgpaths", "resourceorgid", "resourceorgpaths"];
    let is_ours = |value: &str| {
        value.starts_with("${") || value.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    policies.all(|policy| {
        policy.policy().statements().flat_map(|statement| statement.conditions()).all(|condition| {
            let key = condition.key().to_ascii_lowercase();
            let is_asked = key.strip_prefix("aws:").is_some_and(|key| KEYS.contains(&key));
            !is_asked || condition.values().all(is_ours)
        })
    })
}

/// One question for each resource.
fn questions<'q>(
    caller: &'q Caller,
    action: &'q Action,
    resources: &'q [Resource],
    contexts: &'q [Context],
) -> Vec<Question<'q>> {
    let pairs = resources.iter().zip(contexts);
    pairs.map(|(resource, context)| Question { caller, action, resource, context, policies: <_>::default() }).collect()
}

fn may_deny(policy: &Prepared) -> bool {
    policy.has_deny() || policy.is_unrecorded() == Some(Unrecorded::MayAllowOrDeny)
}
