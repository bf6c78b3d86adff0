//! How principals raise their own rights: the rights that they would have after one or a few such steps.

use std::sync::Arc;

use haechi_content::escalation::{CallerOf, Gain, On};
use haechi_iam::{Prepared, Tri};

use super::ground::{ADMINISTRATOR, ActionSet, Binding, Ground, Rights};
use crate::world::{Guardrails, PolicySet, PrincipalKind, Subject, Via};

/// At most this many steps of this kind, and this many rights of one principal.
const MOST_STEPS: usize = 3;
const MOST_STATES: usize = 24;

/// Rights that a principal gets by raising its own.
pub(crate) struct State<'w> {
    pub rights: Rights<'w>,
    pub can: ActionSet,
    pub admin: Tri,
    /// The state before; none: the rights that it has now.
    pub before: Option<usize>,
    pub way: usize,
    pub binding: Binding,
    pub grade: Tri,
    /// What has been changed, sorted: states are told apart by it.
    changes: Vec<(Gain, Box<str>)>,
}

/// A way of raising one's own rights that is open.
pub(crate) struct OwnStep<'w> {
    pub way: usize,
    pub binding: Binding,
    pub grade: Tri,
    pub rights: Rights<'w>,
    change: (Gain, Box<str>),
}

impl<'w> Ground<'w> {
    /// The rights that a principal can come to by itself, fewest steps first; none are sought beyond an
    /// administrator's.
    pub fn states_of(&self, base: &Rights<'w>, can: &ActionSet) -> Vec<State<'w>> {
        let mut states: Vec<State<'w>> = Vec::new();
        let mut from: Vec<Option<usize>> = vec![None];
        for _ in 0..MOST_STEPS {
            let mut next = Vec::new();
            for before in from {
                let (rights, can, changes, grade) = match before {
                    None => (base, can, Vec::new(), Tri::Yes),
                    Some(at) => (&states[at].rights, &states[at].can, states[at].changes.clone(), states[at].grade),
                };
                let mut found = Vec::new();
                for step in self.own_steps(rights, can) {
                    let mut all = changes.clone();
                    all.push(step.change);
                    all.sort();
                    let known = |state: &&State<'_>| state.changes == all;
                    // A certain way to the same rights stands for a possible one.
                    let better = |state: &State<'_>| state.grade >= step.grade.and(grade);
                    if states.iter().find(known).is_some_and(better) || found.iter().find(known).is_some_and(better) {
                        continue;
                    }
                    found.push(State {
                        can: self.can(&step.rights),
                        admin: self.is_admin(&step.rights),
                        rights: step.rights,
                        before,
                        way: step.way,
                        binding: step.binding,
                        grade: step.grade.and(grade),
                        changes: all,
                    });
                }
                for state in found {
                    if states.len() < MOST_STATES {
                        next.push(Some(states.len()));
                        states.push(state);
                    }
                }
            }
            if next.is_empty() || states.iter().any(|state| state.admin == Tri::Yes && state.grade == Tri::Yes) {
                break;
            }
            from = next;
        }
        states
    }

    /// The ways in which rights can be raised by their own holder.
    pub fn own_steps(&self, rights: &Rights<'w>, can: &ActionSet) -> Vec<OwnStep<'w>> {
        let mut found = Vec::new();
        let kind = self.kind(rights.principal);
        for (place, way) in self.ways.iter().enumerate() {
            let is_for = match way.way.caller {
                None => true,
                Some(CallerOf::User) => kind == PrincipalKind::User,
                Some(CallerOf::Role) => kind == PrincipalKind::Role,
            };
            if !is_for || !can.contains_all(&way.actions) {
                continue;
            }
            for (binding, changed, what) in self.changes(rights, place) {
                let grade = self.allowed(rights, way, &binding, |_| true);
                let grade = if way.way.supposes.is_some() { grade.and(Tri::Maybe) } else { grade };
                if grade != Tri::No {
                    let change = (way.way.gains, what);
                    found.push(OwnStep { way: place, binding, grade, rights: changed, change });
                }
            }
        }
        found
    }

    fn changes(&self, rights: &Rights<'w>, way: usize) -> Vec<(Binding, Rights<'w>, Box<str>)> {
        let way = &self.ways[way];
        let subject = &rights.subject;
        let with = |identity: Vec<Arc<Prepared>>| {
            let subject = Subject { identity: identity.into(), ..subject.clone() };
            Rights::new(rights.principal, subject, rights.guardrails)
        };
        let none = Binding::default;
        match way.way.gains {
            Gain::Rights => self.raised(rights, way.has_on(&On::Policy), way.has_on(&On::Group)),
            Gain::Group => self.joined(rights),
            Gain::Version => self.returned(rights),
            Gain::Boundary if !subject.boundary.is_empty() => {
                let free = Subject { boundary: PolicySet::from([]), ..subject.clone() };
                vec![(none(), Rights::new(rights.principal, free, rights.guardrails), "".into())]
            }
            Gain::DeniesInline | Gain::DeniesAttached => {
                let inline = way.way.gains == Gain::DeniesInline;
                let principal = &self.world.principals()[rights.principal];
                let goes = |policy: &Arc<Prepared>| {
                    policy.has_deny()
                        && match principal.via(policy) {
                            Some(Via::Inline) => inline,
                            Some(Via::Managed(_)) => !inline,
                            _ => false,
                        }
                };
                let left: Vec<_> = subject.identity.iter().filter(|policy| !goes(policy)).cloned().collect();
                if left.len() == subject.identity.len() { Vec::new() } else { vec![(none(), with(left), "".into())] }
            }
            Gain::Guardrails if rights.guardrails == Guardrails::Counted && !subject.scps.is_empty() => {
                let free = Rights::new(rights.principal, subject.clone(), Guardrails::WithoutScps);
                vec![(none(), free, "".into())]
            }
            _ => Vec::new(),
        }
    }

    /// With whatever policies the caller likes.
    pub fn with_anything(&self, rights: &Rights<'w>) -> Option<Rights<'w>> {
        let anything = ADMINISTRATOR.as_ref()?;
        if rights.subject.identity.iter().any(|own| Arc::ptr_eq(own, anything)) {
            return None;
        }
        let identity: Vec<_> = rights.subject.identity.iter().chain([anything]).cloned().collect();
        let subject = Subject { identity: identity.into(), ..rights.subject.clone() };
        Some(Rights::new(rights.principal, subject, rights.guardrails))
    }

    fn raised(&self, rights: &Rights<'w>, by_policy: bool, by_group: bool) -> Vec<(Binding, Rights<'w>, Box<str>)> {
        let Some(raised) = self.with_anything(rights) else { return Vec::new() };
        let principal = &self.world.principals()[rights.principal];
        let bindings: Vec<Binding> = if by_policy {
            let policies = self.own_managed(rights.principal);
            policies.into_iter().map(|arn| Binding { policy: Some(arn), ..Binding::default() }).collect()
        } else if by_group {
            let groups = self.world.groups().iter().enumerate();
            let own = groups.filter(|(_, group)| {
                *group.account == *principal.account() && principal.groups().any(|name| *name == *group.name)
            });
            own.map(|(place, _)| Binding { group: Some(place), ..Binding::default() }).collect()
        } else {
            vec![Binding::default()]
        };
        bindings.into_iter().map(|binding| (binding, raised.clone(), "".into())).collect()
    }

    /// Customer managed policies that a principal has, by itself or by its groups.
    pub fn own_managed(&self, principal: usize) -> Vec<Box<str>> {
        let attachments = self.world.principals()[principal].attachments().iter();
        let mut found: Vec<Box<str>> = Vec::new();
        for attachment in attachments {
            let (Via::Managed(arn) | Via::Group { managed: Some(arn), .. }) = &attachment.via else { continue };
            if arn.split(':').nth(4) != Some("aws") && !found.contains(arn) {
                found.push(arn.clone());
            }
        }
        found
    }

    fn joined(&self, rights: &Rights<'w>) -> Vec<(Binding, Rights<'w>, Box<str>)> {
        let principal = &self.world.principals()[rights.principal];
        if principal.kind() != PrincipalKind::User {
            return Vec::new();
        }
        let groups = self.world.groups().iter().enumerate();
        let others = groups.filter(|(_, group)| {
            *group.account == *principal.account()
                && !group.identity.is_empty()
                && !principal.groups().any(|name| *name == *group.name)
        });
        let join = |(place, group): (usize, &crate::world::Group)| {
            let identity: Vec<_> = rights.subject.identity.iter().chain(group.identity.iter()).cloned().collect();
            let subject = Subject { identity: identity.into(), ..rights.subject.clone() };
            let binding = Binding { group: Some(place), ..Binding::default() };
            (binding, Rights::new(rights.principal, subject, rights.guardrails), group.arn.clone())
        };
        others.map(join).collect()
    }

    fn returned(&self, rights: &Rights<'w>) -> Vec<(Binding, Rights<'w>, Box<str>)> {
        let principal = &self.world.principals()[rights.principal];
        let mut found = Vec::new();
        for arn in self.own_managed(rights.principal) {
            let is_it = |policy: &Arc<Prepared>| match principal.via(policy) {
                Some(Via::Managed(own) | Via::Group { managed: Some(own), .. }) => *own == arn,
                _ => false,
            };
            for (id, version) in self.things.versions.get(&arn).into_iter().flatten() {
                let other = |policy: &Arc<Prepared>| if is_it(policy) { version.clone() } else { policy.clone() };
                let identity: Vec<_> = rights.subject.identity.iter().map(other).collect();
                let subject = Subject { identity: identity.into(), ..rights.subject.clone() };
                let binding = Binding { policy: Some(arn.clone()), ..Binding::default() };
                let changed = Rights::new(rights.principal, subject, rights.guardrails);
                found.push((binding, changed, format!("{arn} {id}").into()));
            }
        }
        found
    }
}
