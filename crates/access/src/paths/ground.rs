//! What all questions of a search stand on: the world, the ways of the catalogue made ready, and principals with the
//! rights that they have or have gained.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use haechi_content::escalation::{Escalation, On, Way};
use haechi_iam::{Action, Context, Effect, PolicyKind, Prepared, Resource, Tri, pattern};

use super::decisive::Decisive;
use super::things::Things;
use crate::world::{Guardrails, PolicySet, PrincipalKind, Subject, Target, World};

/// A way of the catalogue, ready for questions.
pub(crate) struct ReadyWay<'c> {
    pub escalation: &'c Escalation,
    pub way: &'c Way,
    pub permissions: Vec<Needed>,
    /// Actions that the caller's own policies must allow on something.
    pub actions: ActionSet,
    /// It rewrites the trust policy of the role that it gains.
    pub rewrites_trust: bool,
    pub replaces_key: bool,
}

/// One permission of a way.
pub(crate) struct Needed {
    pub action: usize,
    pub on: Vec<On>,
}

impl ReadyWay<'_> {
    pub fn has_on(&self, on: &On) -> bool {
        self.permissions.iter().any(|needed| needed.on.contains(on))
    }
}

/// A set of actions by their places in the ground's list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActionSet([u64; 4]);

impl ActionSet {
    pub const MOST: usize = 256;

    pub fn insert(&mut self, action: usize) {
        self.0[action / 64] |= 1 << (action % 64);
    }

    pub fn contains_all(&self, other: &ActionSet) -> bool {
        self.0.iter().zip(other.0).all(|(own, other)| own & other == other)
    }
}

/// Rights that a principal has, or would have.
#[derive(Clone, Debug)]
pub(crate) struct Rights<'w> {
    pub principal: usize,
    pub subject: Subject<'w>,
    /// The same without policies that nobody recorded, if there are any.
    recorded: Option<Subject<'w>>,
    pub guardrails: Guardrails,
}

impl<'w> Rights<'w> {
    pub fn new(principal: usize, subject: Subject<'w>, guardrails: Guardrails) -> Rights<'w> {
        let is_recorded = |policy: &Arc<Prepared>| policy.is_unrecorded().is_none();
        let recorded = (!subject.identity.iter().all(is_recorded)).then(|| {
            let known: PolicySet = subject.identity.iter().filter(|policy| is_recorded(policy)).cloned().collect();
            Subject { identity: known, ..subject.clone() }
        });
        Rights { principal, recorded, guardrails, subject }
    }

    pub fn account(&self) -> &str {
        self.subject.caller.account()
    }

    pub fn arn(&self) -> &str {
        self.subject.caller.name_in_policies()
    }
}

/// Whatever a caller may give itself.
pub(crate) static ADMINISTRATOR: LazyLock<Option<Arc<Prepared>>> = LazyLock::new(|| {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    Prepared::parse(PolicyKind::Identity, "AdministratorAccess", text).ok().map(Arc::new)
});

/// What a path is about besides the caller: chosen for a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The role or user that is gained, by its place among the principals.
    pub gained: Option<usize>,
    pub service: Option<usize>,
    pub thing: Option<Box<str>>,
    pub policy: Option<Box<str>>,
    pub group: Option<usize>,
    pub provider: Option<Box<str>>,
    /// The session of the caller that a trust policy names, where it is not the role.
    pub session: Option<Box<str>>,
    /// The ARN of a resource or root user.
    pub resource: Option<Box<str>>,
}

/// A question that was put to the evaluator.
pub(crate) struct Asked<'w> {
    pub target: Target<'w>,
    pub context: Context,
}

/// Regions that names are tried in, at most.
const MOST_REGIONS: usize = 24;

/// A type of resources and an account.
type TypeAndAccount = (Box<str>, Box<str>);

pub(crate) struct Ground<'w> {
    pub world: &'w World,
    pub things: &'w Things,
    pub ways: Vec<ReadyWay<'w>>,
    pub actions: Vec<Action>,
    pub services: Vec<Box<str>>,
    /// Services that a role trusts, by its place among the principals.
    pub trusts: Vec<Vec<(usize, Tri)>>,
    /// Things that carry a role, by type and that role; and all, by type and account.
    pub carriers: HashMap<(Box<str>, usize), Vec<Box<str>>>,
    pub existing: HashMap<TypeAndAccount, Vec<Box<str>>>,
    decisive: Decisive,
}

impl<'w> Ground<'w> {
    pub fn new(world: &'w World, things: &'w Things, catalogue: &'w [Escalation]) -> Ground<'w> {
        let mut ground = Ground {
            world,
            things,
            ways: Vec::new(),
            actions: Vec::new(),
            services: Vec::new(),
            trusts: Vec::new(),
            carriers: HashMap::new(),
            existing: HashMap::new(),
            decisive: Decisive::default(),
        };
        for escalation in catalogue {
            for way in &escalation.ways {
                ground.add_way(escalation, way);
            }
        }
        ground.find_trusts();
        ground.find_things();
        ground
    }

    fn add_way(&mut self, escalation: &'w Escalation, way: &'w Way) {
        let mut ready = ReadyWay {
            escalation,
            way,
            permissions: Vec::new(),
            actions: ActionSet::default(),
            rewrites_trust: false,
            replaces_key: false,
        };
        for permission in &way.permissions {
            let on: Vec<On> = permission.on.iter().filter_map(On::parse).collect();
            let Ok(mut action) = Action::parse(&permission.action) else { return };
            if on.contains(&On::Everything) {
                action = action.without_resource_types();
            }
            let place = self.actions.iter().position(|known| *known == action).unwrap_or(self.actions.len());
            if place >= ActionSet::MOST {
                return;
            }
            // Trust policies may grant it without any policy of the caller's; root users are of other accounts.
            if !matches!(&*permission.action, "sts:AssumeRole" | "sts:AssumeRoot") {
                ready.actions.insert(place);
            }
            ready.rewrites_trust |= permission.action == "iam:UpdateAssumeRolePolicy";
            ready.replaces_key |= permission.action == "iam:DeleteAccessKey";
            if place == self.actions.len() {
                self.actions.push(action);
            }
            ready.permissions.push(Needed { action: place, on });
        }
        for service in &way.trusts {
            if !self.services.iter().any(|known| **known == **service) {
                self.services.push(service.as_str().into());
            }
        }
        self.ways.push(ready);
    }

    fn find_trusts(&mut self) {
        let Ok(assume) = Action::parse("sts:AssumeRole") else { return };
        let services: Vec<Option<Subject<'_>>> =
            self.services.iter().map(|name| self.world.subject(name).ok()).collect();
        let mut all = Vec::with_capacity(self.world.principals().len());
        for principal in self.world.principals() {
            let mut trusted = Vec::new();
            let named = principal
                .trust()
                .filter(|_| !principal.is_service_linked())
                .map(|trust| trust.policy().trusted_services());
            for name in named.unwrap_or_default() {
                let Some(place) = self.services.iter().position(|known| known.eq_ignore_ascii_case(name)) else {
                    continue;
                };
                let Some(subject) = &services[place] else { continue };
                let target = self.world.target(principal.arn(), None);
                let mut context = Context::open();
                // The service works for the account that passes the role.
                context.set("aws:SourceAccount", principal.account());
                let question = self.world.question(subject, &assume, &target, &context, Guardrails::Counted);
                match question.decide().allowed {
                    Tri::No => {}
                    allowed => trusted.push((place, allowed)),
                }
            }
            all.push(trusted);
        }
        self.trusts = all;
    }

    fn find_things(&mut self) {
        for thing in self.things.all.values() {
            let place = (thing.resource_type.clone(), thing.account.clone());
            self.existing.entry(place).or_default().push(thing.arn.clone());
            if let Some(role) = self.things.role_of(thing, self.world) {
                let place = (thing.resource_type.clone(), role);
                self.carriers.entry(place).or_default().push(thing.arn.clone());
            }
        }
    }

    /// A recorded principal with the rights that it has.
    pub fn rights_of(&self, principal: usize) -> Rights<'w> {
        let subject = self.world.subject_of(&self.world.principals()[principal]);
        Rights::new(principal, subject, Guardrails::Counted)
    }

    /// Whether something is allowed, as far as policies are recorded: what only unrecorded policies would grant is
    /// not.
    pub fn ask(&self, rights: &Rights<'w>, action: &Action, target: &Target<'_>, context: &Context) -> Tri {
        let decide = |subject: &Subject<'_>| {
            self.world.question(subject, action, target, context, rights.guardrails).decide().allowed
        };
        match (decide(&rights.subject), &rights.recorded) {
            (Tri::Maybe, Some(recorded)) if decide(recorded) == Tri::No => Tri::No,
            (allowed, _) => allowed,
        }
    }

    /// Actions that the policies of the caller may allow on something.
    pub fn can(&self, rights: &Rights<'w>) -> ActionSet {
        let mut set = ActionSet::default();
        let context = Context::open();
        let anything = self.own(Resource::any_of("*"), rights.account());
        for (place, action) in self.actions.iter().enumerate() {
            if self.ask(rights, action, &anything, &context) != Tri::No {
                set.insert(place);
            }
        }
        set
    }

    /// Whether these are the rights of an administrator of the account.
    pub fn is_admin(&self, rights: &Rights<'w>) -> Tri {
        let context = Context::open();
        let free = Rights { guardrails: Guardrails::WithoutScps, ..rights.clone() };
        let counted = rights.guardrails == Guardrails::Counted && !rights.subject.scps.is_empty();
        let target = |on: &str| self.own(Resource::new(on), rights.account());
        let granted = |action: &Action, on: &str| self.ask(&free, action, &target(on), &context);
        let left = |action: &Action, on: &str| self.ask(rights, action, &target(on), &context);
        self.decisive.of_administrator(rights.account(), granted, counted.then_some(&left))
    }

    /// The context of an action, as far as the step tells it.
    pub fn context(&self, rights: &Rights<'w>, action: &Action, binding: &Binding) -> Context {
        let mut context = Context::open();
        let name = action.name();
        if action.service() == "iam" {
            if let ("passrole", Some(service)) = (name, binding.service) {
                context.set("iam:PassedToService", &self.services[service]);
            }
            if name.starts_with("attach") {
                context.set("iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess");
            }
            let is_of_boundary = name.starts_with("put") && name.ends_with("boundary");
            if !is_of_boundary {
                let principal = &self.world.principals()[binding.gained.unwrap_or(rights.principal)];
                match principal.boundary_arn() {
                    Some(arn) => context.set("iam:PermissionsBoundary", arn),
                    None => context.set_absent("iam:PermissionsBoundary"),
                };
            }
        }
        context
    }

    /// The rights by which a step is taken: those of one session, if the step is about that.
    pub fn acting<'r>(&self, rights: &'r Rights<'w>, binding: &Binding) -> Cow<'r, Rights<'w>> {
        let session = binding.session.as_deref().and_then(|arn| self.world.subject(arn).ok());
        match session {
            Some(session) => {
                let subject = Subject { caller: session.caller, ..rights.subject.clone() };
                Cow::Owned(Rights::new(rights.principal, subject, rights.guardrails))
            }
            None => Cow::Borrowed(rights),
        }
    }

    /// What a permission of a way must be allowed on, for one of its resources; none: there is no such thing in this
    /// step.
    pub fn asked(
        &self,
        rights: &Rights<'w>,
        way: &ReadyWay<'w>,
        action: &Action,
        on: &On,
        binding: &Binding,
    ) -> Option<Asked<'w>> {
        let context = self.context(rights, action, binding);
        let account = rights.account();
        let arn_of = |principal: usize| self.world.principals()[principal].arn();
        let target = match on {
            On::Role | On::User => self.world.target(arn_of(binding.gained?), None),
            On::Own => self.world.target(arn_of(rights.principal), None),
            On::Target => {
                let arn = binding.thing.as_deref()?;
                // IAM Identity Center's ARNs have no account: it is where the instance is recorded.
                self.world.target(arn, Some(account))
            }
            On::Resource => self.world.target(binding.resource.as_deref()?, None),
            On::Policy => self.own(Resource::new(binding.policy.as_deref()?), account),
            On::Group => self.own(Resource::new(&self.world.groups()[binding.group?].arn), account),
            On::Provider => self.own(Resource::new(binding.provider.as_deref()?), account),
            On::Root => {
                let arn = binding.resource.as_deref()?;
                self.own(Resource::new(arn), arn.split(':').nth(4).unwrap_or(account))
            }
            On::Everything => self.own(Resource::new("*"), account),
            On::Chosen(pattern) => self.choose(rights, way, on, pattern, binding),
        };
        Some(Asked { target, context })
    }

    /// Something that the caller may name as it likes: the name that its policies allow most for all that the way does
    /// with it.
    fn choose(&self, rights: &Rights<'w>, way: &ReadyWay<'w>, on: &On, pattern: &str, binding: &Binding) -> Target<'w> {
        let together = way.permissions.iter().filter(|needed| needed.on.contains(on));
        let together: Vec<(&Action, Context)> = together
            .map(|needed| &self.actions[needed.action])
            .map(|action| (action, self.context(rights, action, binding)))
            .collect();
        let mut best: Option<(Tri, Target<'w>)> = None;
        for arn in self.candidates(rights, &together, pattern) {
            let target = self.own(Resource::new(&arn), rights.account());
            let grades = together.iter().map(|(action, context)| self.ask(rights, action, &target, context));
            let allowed = grades.min().unwrap_or(Tri::No);
            if best.as_ref().is_none_or(|(known, _)| allowed > *known) {
                best = Some((allowed, target));
            }
            if allowed == Tri::Yes {
                break;
            }
        }
        best.map_or_else(|| self.own(Resource::new(pattern), rights.account()), |(_, target)| target)
    }

    /// Regions where the account has something, and those that its policies and guardrails speak of: where nothing
    /// is yet, something may be made.
    fn regions(&self, rights: &Rights<'w>) -> Vec<Box<str>> {
        let mut regions = self.things.regions(rights.account());
        let subject = &rights.subject;
        let guardrails = subject.scps.iter().flat_map(|level| level.policies.iter());
        for policy in guardrails.chain(subject.identity.iter()).chain(subject.boundary.iter()) {
            let conditions = policy.policy().statements().flat_map(|statement| statement.conditions());
            for condition in conditions.filter(|one| one.key().eq_ignore_ascii_case("aws:RequestedRegion")) {
                for region in condition.values().filter(|region| !region.contains(['*', '?', '$'])) {
                    if regions.len() < MOST_REGIONS && !regions.iter().any(|known| **known == *region) {
                        regions.push(region.into());
                    }
                }
            }
        }
        regions
    }

    fn candidates(&self, rights: &Rights<'w>, actions: &[(&Action, Context)], pattern: &str) -> Vec<String> {
        let regions = self.regions(rights);
        let pattern = pattern.replace("{account}", rights.account());
        let mut found: Vec<String> = Vec::new();
        let mut add = |arn: String| {
            if found.len() < 32 && !found.contains(&arn) {
                found.push(arn);
            }
        };
        for region in &regions {
            add(pattern.replace("{region}", region).replace('*', "example"));
        }
        let any_region = pattern.replace("{region}", "*");
        for policy in rights.subject.identity.iter() {
            for statement in policy.policy().statements().filter(|statement| statement.effect() == Effect::Allow) {
                let grants = |own| actions.iter().any(|(action, _)| pattern::matches_action(own, action.text()));
                if !statement.actions().any(grants) {
                    continue;
                }
                for own in statement.resources().filter(|own| *own != "*" && !own.contains("${")) {
                    for region in &regions {
                        if let Some(arn) = merge(own, &any_region, region) {
                            add(arn);
                        }
                    }
                }
            }
        }
        found
    }

    /// Whether all permissions of a way hold, but for those that a filter leaves out.
    pub fn allowed(
        &self,
        rights: &Rights<'w>,
        way: &ReadyWay<'w>,
        binding: &Binding,
        wanted: impl Fn(&On) -> bool,
    ) -> Tri {
        let rights = &*self.acting(rights, binding);
        let mut all = Tri::Yes;
        for needed in &way.permissions {
            let action = &self.actions[needed.action];
            for on in needed.on.iter().filter(|on| wanted(on)) {
                let Some(asked) = self.asked(rights, way, action, on, binding) else { return Tri::No };
                all = all.and(self.ask(rights, action, &asked.target, &asked.context));
                if all == Tri::No {
                    return Tri::No;
                }
            }
        }
        all
    }

    /// Whether a caller that has rewritten the trust policy of a role to name itself may assume it.
    pub fn may_assume_after(&self, rights: &Rights<'w>, role: usize) -> Tri {
        let Ok(assume) = Action::parse("sts:AssumeRole") else { return Tri::No };
        let mut target = self.world.target(self.world.principals()[role].arn(), None);
        let Some(trust) = trust_of(rights.arn()) else { return Tri::No };
        target.trust = vec![trust];
        self.ask(rights, &assume, &target, &Context::open())
    }

    /// A resource of an account without a policy of its own.
    fn own(&self, resource: Resource, account: &str) -> Target<'w> {
        self.world.unnamed(resource, account)
    }

    pub fn kind(&self, principal: usize) -> PrincipalKind {
        self.world.principals()[principal].kind()
    }
}

fn trust_of(arn: &str) -> Option<Arc<Prepared>> {
    let text = serde_json::json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}});
    Prepared::parse(PolicyKind::Trust, "the rewritten trust policy", &text.to_string()).ok().map(Arc::new)
}

/// An ARN that both patterns match, if an easy one is there: part by part what one of them says.
fn merge(own: &str, wanted: &str, region: &str) -> Option<String> {
    let own: Vec<&str> = own.splitn(6, ':').collect();
    let wanted_parts: Vec<&str> = wanted.splitn(6, ':').collect();
    if own.len() != 6 || wanted_parts.len() != 6 {
        return None;
    }
    let is_open = |part: &str| part.contains(['*', '?']);
    let mut parts = Vec::with_capacity(6);
    for (place, (left, right)) in own.iter().zip(&wanted_parts).enumerate() {
        parts.push(match (is_open(left), is_open(right)) {
            (false, _) => (*left).to_owned(),
            (true, false) => (*right).to_owned(),
            (true, true) if place == 3 => region.to_owned(),
            (true, true) => left.replace(['*', '?'], "x"),
        });
    }
    let arn = parts.join(":");
    (pattern::matches_resource(wanted, &arn)).then_some(arn)
}
