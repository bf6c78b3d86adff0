//! The steps from one principal to another: who can get the rights of those that a search has reached.

use std::collections::HashMap;

use haechi_content::escalation::{Gain, On, Reach, RoleOf};
use haechi_iam::{Effect, Listing, PrincipalKind as Named, Tri};

use super::ground::{ActionSet, Binding, Ground, Rights};
use crate::world::{PrincipalKind, World};

/// What a step leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum End {
    /// The rights that a principal has, by its place.
    Principal(usize),
    /// A principal with whatever rights the caller gives it.
    Raised(usize),
    /// The rights that a principal raised by itself: a state of the search.
    State(usize),
    /// The root user of an account, by its ARN.
    Root(Box<str>),
    Resource(Box<str>),
}

/// A step that is open.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub end: End,
    pub way: usize,
    pub binding: Binding,
    pub grade: Tri,
}

/// Those that a search has reached, arranged by how one gets to them.
#[derive(Default)]
pub(crate) struct Frontier<'w> {
    roles: HashMap<&'w str, Vec<usize>>,
    users: HashMap<&'w str, Vec<usize>>,
    /// Roles of every account, where a way reaches that far.
    identity_center: Vec<usize>,
    organization_access: Vec<usize>,
    /// Roles, a bit for each principal's place.
    members: Vec<u64>,
    /// Principals whom to raise is to have an administrator, by account.
    raisable: HashMap<&'w str, Vec<usize>>,
    roots: Vec<(&'w str, Box<str>)>,
    resource: Option<(Box<str>, Box<str>)>,
}

impl<'w> Frontier<'w> {
    pub fn add(&mut self, world: &'w World, principal: usize) {
        let one = &world.principals()[principal];
        if one.kind() == PrincipalKind::User {
            self.users.entry(one.account()).or_default().push(principal);
            return;
        }
        self.roles.entry(one.account()).or_default().push(principal);
        if one.is_of_identity_center() {
            self.identity_center.push(principal);
        }
        if one.name() == "OrganizationAccountAccessRole" {
            self.organization_access.push(principal);
        }
        if self.members.len() <= principal / 64 {
            self.members.resize(world.principals().len() / 64 + 1, 0);
        }
        self.members[principal / 64] |= 1 << (principal % 64);
    }

    fn has_role(&self, principal: usize) -> bool {
        self.members.get(principal / 64).is_some_and(|bits| bits & (1 << (principal % 64)) != 0)
    }

    pub fn add_raisable(&mut self, account: &'w str, principal: usize) {
        self.raisable.entry(account).or_default().push(principal);
    }

    pub fn add_root(&mut self, account: &'w str) {
        self.roots.push((account, format!("arn:aws:iam::{account}:root").into()));
    }

    pub fn set_resource(&mut self, arn: &str, resource_type: &str) {
        self.resource = Some((arn.into(), resource_type.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
            && self.users.is_empty()
            && self.raisable.is_empty()
            && self.roots.is_empty()
            && self.resource.is_none()
    }
}

/// Roles by whom their trust policies name.
#[derive(Default)]
pub(crate) struct Trusting {
    /// By ARNs of users and roles, accounts, `*`.
    by_name: HashMap<Box<str>, Vec<usize>>,
    /// By the place of a role: sessions of it, and who trusts them.
    by_session: HashMap<usize, Vec<(Box<str>, usize)>>,
}

pub(crate) fn trusting(world: &World) -> Trusting {
    let mut found = Trusting::default();
    for (place, principal) in world.principals().iter().enumerate() {
        for name in principal.trust().map(|trust| names(trust)).unwrap_or_default() {
            if name.contains(":assumed-role/") {
                if let Some(role) = world.principal_index(&name) {
                    found.by_session.entry(role).or_default().push((name, place));
                }
                continue;
            }
            found.by_name.entry(name).or_default().push(place);
        }
    }
    found
}

fn names(trust: &haechi_iam::Prepared) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = Vec::new();
    for statement in trust.policy().statements().filter(|statement| statement.effect() == Effect::Allow) {
        if statement.principal_listing() == Some(Listing::Except) {
            found.push("*".into());
            continue;
        }
        for principal in statement.principals() {
            let name: Box<str> = match (principal.kind, principal.value) {
                (Named::Bare | Named::Aws, "*") => "*".into(),
                (Named::Aws, value) if value.ends_with(":root") => value.split(':').nth(4).unwrap_or_default().into(),
                (Named::Aws, value) => value.into(),
                _ => continue,
            };
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// A search for steps from some rights.
pub(crate) struct Seeker<'g, 'w> {
    pub ground: &'g Ground<'w>,
    pub rights: &'g Rights<'w>,
    pub can: &'g ActionSet,
    pub trusting: &'g Trusting,
}

impl<'w> Seeker<'_, 'w> {
    /// Every open step to the frontier, until the visitor has enough.
    pub fn visit(&self, frontier: &Frontier<'w>, visit: &mut dyn FnMut(Edge) -> bool) {
        let account = self.rights.account();
        for (place, way) in self.ground.ways.iter().enumerate() {
            if !self.can.contains_all(&way.actions) {
                continue;
            }
            let go_on = match way.way.gains {
                Gain::Role if way.way.reach.is_none() && way.actions == ActionSet::default() => {
                    self.assume(place, frontier, visit) && self.assume_as_session(place, frontier, visit)
                }
                Gain::Role => self.take(place, self.roles(place, frontier), visit, End::Principal),
                Gain::User => self.take(place, on(&frontier.users, account), visit, End::Principal),
                Gain::RaisedRole | Gain::RaisedUser => self.raise(place, frontier, visit),
                Gain::Root => self.root(place, frontier, visit),
                Gain::Resource => self.resource(place, frontier, visit),
                _ => true,
            };
            if !go_on {
                return;
            }
        }
    }

    fn roles<'f>(&self, way: usize, frontier: &'f Frontier<'w>) -> &'f [usize] {
        let way = self.ground.ways[way].way;
        match (way.reach, way.which) {
            (Some(Reach::Organization), Some(RoleOf::IdentityCenter)) => &frontier.identity_center,
            (Some(Reach::Organization), _) => &frontier.organization_access,
            (None, _) => on(&frontier.roles, self.rights.account()),
        }
    }

    /// sts:AssumeRole: of roles whose trust policies name the caller or its account.
    fn assume(&self, way: usize, frontier: &Frontier<'w>, visit: &mut dyn FnMut(Edge) -> bool) -> bool {
        let keys = [self.rights.arn(), self.rights.subject.caller.principal_arn(), self.rights.account(), "*"];
        for (index, key) in keys.iter().enumerate() {
            if keys[..index].contains(key) {
                continue;
            }
            let roles = self.trusting.by_name.get(*key).into_iter().flatten().copied();
            let roles: Vec<usize> = roles.filter(|role| frontier.has_role(*role)).collect();
            if !self.take(way, &roles, visit, End::Principal) {
                return false;
            }
        }
        true
    }

    /// sts:AssumeRole of roles whose trust policies name one session of the caller's role: it depends on whether the
    /// caller can have that session's name.
    fn assume_as_session(&self, way: usize, frontier: &Frontier<'w>, visit: &mut dyn FnMut(Edge) -> bool) -> bool {
        let trusting = self.trusting.by_session.get(&self.rights.principal).into_iter().flatten();
        for (session, role) in trusting.filter(|(_, role)| frontier.has_role(*role) && *role != self.rights.principal) {
            let binding = Binding { gained: Some(*role), session: Some(session.clone()), ..Binding::default() };
            let grade = self.grade(way, &binding, *role).and(Tri::Maybe);
            if grade != Tri::No && !visit(Edge { end: End::Principal(*role), way, binding, grade }) {
                return false;
            }
        }
        true
    }

    /// Whether the permissions hold that have nothing to do with who is gained.
    fn beside(&self, way: usize) -> Tri {
        let apart = |on: &On| matches!(on, On::Chosen(_) | On::Everything);
        let ready = &self.ground.ways[way];
        let grade = self.ground.allowed(self.rights, ready, &Binding::default(), apart);
        if ready.way.supposes.is_some() { grade.and(Tri::Maybe) } else { grade }
    }

    /// Steps to some of the principals.
    fn take(&self, way: usize, gained: &[usize], visit: &mut dyn FnMut(Edge) -> bool, end: fn(usize) -> End) -> bool {
        if gained.is_empty() {
            return true;
        }
        let beside = self.beside(way);
        if beside == Tri::No {
            return true;
        }
        for principal in gained.iter().copied().filter(|principal| *principal != self.rights.principal) {
            for binding in self.bindings(way, principal) {
                let grade = self.grade(way, &binding, principal).and(beside);
                if grade != Tri::No && !visit(Edge { end: end(principal), way, binding, grade }) {
                    return false;
                }
            }
        }
        true
    }

    fn grade(&self, way: usize, binding: &Binding, gained: usize) -> Tri {
        let ground = self.ground;
        let ready = &ground.ways[way];
        let mut grade = self.facts(way, binding, gained);
        if grade == Tri::No {
            return grade;
        }
        let bound = |on: &On| !matches!(on, On::Chosen(_) | On::Everything);
        grade = grade.and(ground.allowed(self.rights, ready, binding, bound));
        if grade != Tri::No && ready.rewrites_trust {
            grade = grade.and(ground.may_assume_after(self.rights, gained));
        }
        grade
    }

    /// What the record says of the one who is gained, permissions aside.
    fn facts(&self, way: usize, binding: &Binding, gained: usize) -> Tri {
        let ground = self.ground;
        let ready = &ground.ways[way];
        if let Some(service) = binding.service {
            let trusted = ground.trusts[gained].iter().find(|(known, _)| *known == service);
            return trusted.map_or(Tri::No, |(_, allowed)| *allowed);
        }
        if ground.kind(gained) == PrincipalKind::Role {
            return Tri::Yes;
        }
        let known = ground.things.users.get(ground.world.principals()[gained].arn()).copied().unwrap_or_default();
        let mut all = Tri::Yes;
        for needed in &ready.permissions {
            all = all.and(match (ground.actions[needed.action].name(), known.keys, known.password) {
                // A user has at most two access keys.
                ("createaccesskey", Some(2..), _) if !ready.replaces_key => Tri::No,
                ("createloginprofile", _, Some(has)) => Tri::from(!has),
                ("updateloginprofile", _, Some(has)) => Tri::from(has),
                ("createloginprofile" | "updateloginprofile", _, None) => Tri::Maybe,
                _ => Tri::Yes,
            });
        }
        all
    }

    /// What a step to this principal can be about.
    fn bindings(&self, way: usize, gained: usize) -> Vec<Binding> {
        let ground = self.ground;
        let ready = &ground.ways[way];
        let account = self.rights.account();
        let base = Binding { gained: Some(gained), ..Binding::default() };
        if !ready.way.trusts.is_empty() {
            let services =
                ready.way.trusts.iter().filter_map(|name| ground.services.iter().position(|known| **known == **name));
            let trusted = services.filter(|service| ground.trusts[gained].iter().any(|(known, _)| known == service));
            let mut found = Vec::new();
            for service in trusted {
                let base = Binding { service: Some(service), ..base.clone() };
                found.extend(self.with_things(way, base, account));
            }
            return found;
        }
        if let Some(target) = ready.way.target.as_ref().filter(|target| !target.role.is_empty()) {
            let things = ground.carriers.get(&(target.resource_type.as_str().into(), gained));
            return bound(things.into_iter().flatten().filter(|arn| self.is_of_account(arn)), &base);
        }
        if ready.has_on(&On::Provider) {
            let trust = ground.world.principals()[gained].trust();
            let statements = trust.into_iter().flat_map(|trust| trust.policy().statements());
            let named = statements.filter(|one| one.effect() == Effect::Allow).flat_map(|one| one.principals());
            let saml = named.filter(|one| one.kind == Named::Federated && one.value.contains(":saml-provider/"));
            return saml.map(|one| Binding { provider: Some(one.value.into()), ..base.clone() }).collect();
        }
        if ready.has_on(&On::Policy) {
            let policies = ground.own_managed(gained).into_iter();
            return policies.map(|arn| Binding { policy: Some(arn), ..base.clone() }).collect();
        }
        self.with_things(way, base, account)
    }

    /// One binding for each thing that must be there, whatever role it has.
    fn with_things(&self, way: usize, base: Binding, account: &str) -> Vec<Binding> {
        let Some(target) = self.ground.ways[way].way.target.as_ref() else { return vec![base] };
        let things = self.ground.existing.get(&(target.resource_type.as_str().into(), account.into()));
        // What is true of the first few is true of the others, as a rule.
        bound(things.into_iter().flatten().take(16), &base)
    }

    fn is_of_account(&self, arn: &str) -> bool {
        self.ground.things.all.get(arn).is_some_and(|thing| *thing.account == *self.rights.account())
    }

    fn raise(&self, way: usize, frontier: &Frontier<'w>, visit: &mut dyn FnMut(Edge) -> bool) -> bool {
        let ready = &self.ground.ways[way];
        let wanted = match ready.way.gains {
            Gain::RaisedUser => PrincipalKind::User,
            _ => PrincipalKind::Role,
        };
        let is_wanted = |principal: &&usize| {
            self.ground.kind(**principal) == wanted
                && (ready.way.which.is_none() || self.ground.world.principals()[**principal].is_of_identity_center())
        };
        let raisable: Vec<usize> = match ready.way.reach {
            Some(Reach::Organization) => frontier.raisable.values().flatten().filter(is_wanted).copied().collect(),
            None => on(&frontier.raisable, self.rights.account()).iter().filter(is_wanted).copied().collect(),
        };
        self.take(way, &raisable, visit, End::Raised)
    }

    fn root(&self, way: usize, frontier: &Frontier<'w>, visit: &mut dyn FnMut(Edge) -> bool) -> bool {
        let ground = self.ground;
        let account = self.rights.account();
        let manages = ground.world.organizations().iter().find(|one| one.management_account() == Some(account));
        let Some(organization) = manages else { return true };
        let beside = self.beside(way);
        for (member, arn) in frontier.roots.iter().filter(|(member, _)| *member != account) {
            if organization.node(member).is_none() {
                continue;
            }
            let binding = Binding { resource: Some(arn.clone()), ..Binding::default() };
            let grade = beside.and(ground.allowed(self.rights, &ground.ways[way], &binding, |on| *on == On::Root));
            if grade != Tri::No && !visit(Edge { end: End::Root(arn.clone()), way, binding, grade }) {
                return false;
            }
        }
        true
    }

    fn resource(&self, way: usize, frontier: &Frontier<'w>, visit: &mut dyn FnMut(Edge) -> bool) -> bool {
        let ground = self.ground;
        let ready = &ground.ways[way];
        let Some((arn, resource_type)) = &frontier.resource else { return true };
        if ready.way.target.as_ref().is_none_or(|target| *target.resource_type != **resource_type) {
            return true;
        }
        let binding = Binding { resource: Some(arn.clone()), ..Binding::default() };
        let grade = ground.allowed(self.rights, ready, &binding, |_| true);
        grade == Tri::No || visit(Edge { end: End::Resource(arn.clone()), way, binding, grade })
    }
}

fn on<'f>(places: &'f HashMap<&str, Vec<usize>>, account: &str) -> &'f [usize] {
    places.get(account).map(Vec::as_slice).unwrap_or_default()
}

fn bound<'t>(things: impl Iterator<Item = &'t Box<str>>, base: &Binding) -> Vec<Binding> {
    things.map(|arn| Binding { thing: Some(arn.clone()), ..base.clone() }).collect()
}
