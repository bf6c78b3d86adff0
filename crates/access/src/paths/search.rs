//! The search: backwards from what is wanted, layer by layer, so that the first step found of a principal begins its
//! shortest path. Circles do no harm: whoever has a path is not asked again.

use haechi_content::escalation::Escalation;
use haechi_iam::Tri;

use super::edges::{Edge, End, Frontier, Seeker, Trusting, trusting};
use super::ground::{ActionSet, Ground, Rights};
use super::states::State;
use super::things::Things;
use super::{Path, Paths, Search};
use crate::world::World;

/// Somebody's rights in the graph: those that a principal has, or has raised to.
pub(crate) struct Holder<'w> {
    pub rights: Rights<'w>,
    pub can: ActionSet,
    pub admin: Tri,
    /// Rights that were raised, by the place of the holder before; and how.
    pub raised: Option<(usize, Edge)>,
    /// The best known beginning of a path of certain steps, and of possible ones.
    pub certain: Option<Found>,
    pub maybe: Option<Found>,
}

/// The beginning of a path.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub steps: usize,
    /// None: it is there already.
    pub edge: Option<Edge>,
}

pub(crate) struct Searching<'w> {
    pub ground: Ground<'w>,
    pub search: &'w Search,
    pub holders: Vec<Holder<'w>>,
    /// Principals come first among the holders, by their places.
    pub principals: usize,
    /// Whether each principal would be an administrator if somebody raised it.
    raisable: Vec<Tri>,
    trusting: Trusting,
    goal: Goal,
}

enum Goal {
    Admin,
    Principal(usize),
    Root(Box<str>),
    Resource(Box<str>, Box<str>),
    /// There is no such thing in the record.
    Nothing,
}

impl<'w> Searching<'w> {
    pub fn new(world: &'w World, things: &'w Things, catalogue: &'w [Escalation], search: &'w Search) -> Searching<'w> {
        let ground = Ground::new(world, things, catalogue);
        let goal = match search.to.as_deref() {
            None => Goal::Admin,
            Some(arn) => match (world.principal_index(arn), things.all.get(arn), world.resource(arn)) {
                (Some(place), _, _) => Goal::Principal(place),
                (None, _, Some(resource)) => Goal::Resource(arn.into(), resource.resource_type.clone()),
                (None, Some(thing), _) => Goal::Resource(arn.into(), thing.resource_type.clone()),
                (None, None, None) => match arn.strip_suffix(":root").and_then(|start| start.rsplit(':').next()) {
                    Some(account) if world.knows_account(account) => Goal::Root(account.into()),
                    _ => Goal::Nothing,
                },
            },
        };
        let principals = world.principals().len();
        Searching {
            ground,
            search,
            holders: Vec::with_capacity(principals),
            principals,
            raisable: Vec::new(),
            trusting: trusting(world),
            goal,
        }
    }

    pub fn run(mut self) -> Paths {
        self.meet_principals();
        self.raise_principals();
        let mut layer: Vec<usize> = self.begin();
        for steps in 1..=self.search.max_steps {
            let first = steps == 1;
            if layer.is_empty() && !first {
                break;
            }
            layer = self.next_layer(&layer, steps, first);
        }
        self.collect()
    }

    fn meet_principals(&mut self) {
        for place in 0..self.principals {
            let rights = self.ground.rights_of(place);
            let admin = self.ground.is_admin(&rights);
            let is_served = self.ground.world.principals()[place].is_service_linked();
            // Administrators need no path, unless somebody or something else is wanted.
            let idle = is_served || (admin == Tri::Yes && matches!(self.goal, Goal::Admin));
            let can = if idle { ActionSet::default() } else { self.ground.can(&rights) };
            self.holders.push(Holder { rights, can, admin, raised: None, certain: None, maybe: None });
        }
    }

    fn raise_principals(&mut self) {
        if matches!(self.goal, Goal::Nothing) {
            return;
        }
        let seeks_admin = matches!(self.goal, Goal::Admin);
        for place in 0..self.principals {
            if seeks_admin && self.holders[place].admin == Tri::Yes {
                continue;
            }
            let states = self.ground.states_of(&self.holders[place].rights, &self.holders[place].can);
            let base = self.holders.len();
            for state in states {
                let State { rights, can, admin, before, way, binding, grade, .. } = state;
                let edge = Edge { end: End::State(self.holders.len()), way, binding, grade };
                let before = before.map_or(place, |at| base + at);
                self.holders.push(Holder {
                    rights,
                    can,
                    admin,
                    raised: Some((before, edge)),
                    certain: None,
                    maybe: None,
                });
            }
        }
    }

    /// Those who are there without a step.
    fn begin(&mut self) -> Vec<usize> {
        let mut layer = Vec::new();
        let there = || Some(Found { steps: 0, edge: None });
        match &self.goal {
            Goal::Admin => {
                for (place, holder) in self.holders.iter_mut().enumerate() {
                    match holder.admin {
                        Tri::Yes => holder.certain = there(),
                        Tri::Maybe => holder.maybe = there(),
                        Tri::No => continue,
                    }
                    layer.push(place);
                }
                let raised = (0..self.principals).map(|place| {
                    let rights = &self.holders[place].rights;
                    let linked = self.ground.world.principals()[place].is_service_linked();
                    let raised = if linked { None } else { self.ground.with_anything(rights) };
                    raised.map_or(Tri::No, |raised| self.ground.is_admin(&raised))
                });
                self.raisable = raised.collect();
            }
            Goal::Principal(place) => {
                self.holders[*place].certain = there();
                layer.push(*place);
            }
            Goal::Root(_) | Goal::Resource(..) | Goal::Nothing => {}
        }
        layer
    }

    fn frontier(&self, layer: &[usize], first: bool) -> Frontier<'w> {
        let world = self.ground.world;
        let mut frontier = Frontier::default();
        for place in layer.iter().copied().filter(|place| *place < self.principals) {
            frontier.add(world, place);
        }
        if !first {
            return frontier;
        }
        match &self.goal {
            Goal::Admin => {
                for (place, raisable) in self.raisable.iter().enumerate() {
                    if *raisable != Tri::No {
                        frontier.add_raisable(world.principals()[place].account(), place);
                    }
                }
                for account in world.accounts() {
                    frontier.add_root(&account.id);
                }
            }
            Goal::Root(account) => {
                if let Some(account) = world.account(account) {
                    frontier.add_root(&account.id);
                }
            }
            Goal::Resource(arn, resource_type) => frontier.set_resource(arn, resource_type),
            Goal::Principal(_) | Goal::Nothing => {}
        }
        frontier
    }

    /// Those who come to the layer before by one step more.
    fn next_layer(&mut self, layer: &[usize], steps: usize, first: bool) -> Vec<usize> {
        let frontier = self.frontier(layer, first);
        let mut next = Vec::new();
        for place in 0..self.holders.len() {
            if self.holders[place].certain.is_some() {
                continue;
            }
            let (certain, maybe) = self.best(place, &frontier, steps);
            if let Some(edge) = certain {
                self.holders[place].certain = Some(Found { steps, edge: Some(edge) });
                next.push(place);
            } else if let Some(edge) = maybe.filter(|_| self.holders[place].maybe.is_none()) {
                self.holders[place].maybe = Some(Found { steps, edge: Some(edge) });
                next.push(place);
            }
        }
        // Raising one's own rights: from the state that has a path to the rights before it.
        for place in self.principals..self.holders.len() {
            let Some((before, edge)) = self.holders[place].raised.clone() else { continue };
            let arrives = |found: &Option<Found>| found.as_ref().is_some_and(|found| found.steps + 1 == steps);
            let (certain, maybe) = (arrives(&self.holders[place].certain), arrives(&self.holders[place].maybe));
            let known = &mut self.holders[before];
            let found = Found { steps, edge: Some(edge.clone()) };
            if certain && edge.grade == Tri::Yes && known.certain.is_none() {
                known.certain = Some(found);
                next.push(before);
            } else if (certain || maybe) && known.certain.is_none() && known.maybe.is_none() {
                known.maybe = Some(found);
                next.push(before);
            }
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    /// The first certain step and the first possible one.
    fn best(&self, place: usize, frontier: &Frontier<'w>, steps: usize) -> (Option<Edge>, Option<Edge>) {
        let holder = &self.holders[place];
        let (mut certain, mut maybe) = (None, None);
        if frontier.is_empty() {
            return (certain, maybe);
        }
        self.seeker(place).visit(frontier, &mut |edge| {
            let grade = edge.grade.and(self.reached(&edge.end, steps));
            match grade {
                Tri::Yes => {
                    certain = Some(edge);
                    return false;
                }
                Tri::Maybe if maybe.is_none() && holder.maybe.is_none() => maybe = Some(edge),
                _ => {}
            }
            true
        });
        (certain, maybe)
    }

    /// Whether what a step leads to has a path of fewer steps, certainly or possibly.
    fn reached(&self, end: &End, steps: usize) -> Tri {
        match end {
            End::Principal(place) | End::State(place) => {
                let before = |found: &Option<Found>| found.as_ref().is_some_and(|found| found.steps < steps);
                let holder = &self.holders[*place];
                match (before(&holder.certain), before(&holder.maybe)) {
                    (true, _) => Tri::Yes,
                    (false, true) => Tri::Maybe,
                    (false, false) => Tri::No,
                }
            }
            End::Raised(place) => self.raisable[*place],
            End::Root(_) | End::Resource(_) => Tri::Yes,
        }
    }

    fn collect(self) -> Paths {
        let world = self.ground.world;
        let is_admin = |holder: &Holder<'_>| holder.admin != Tri::No;
        let admins = self.holders[..self.principals].iter().filter(|holder| is_admin(holder)).count();
        let wanted_in = self.goal_account();
        // Administrators need no path; but to what is in other accounts than theirs.
        let is_there = |holder: &Holder<'_>| {
            is_admin(holder) && wanted_in.as_deref().is_none_or(|account| account == holder.rights.account())
        };
        let unrecorded =
            |place: &usize| world.principals()[*place].identity().iter().any(|policy| policy.is_unrecorded().is_some());
        let mut found = Paths {
            paths: Vec::new(),
            admins,
            searched: self.principals,
            unknown: (0..self.principals).filter(unrecorded).count(),
        };
        for place in (0..self.principals).filter(|place| self.is_asked_for(*place)) {
            let holder = &self.holders[place];
            if is_there(holder)
                || holder.certain.as_ref().or(holder.maybe.as_ref()).is_none_or(|found| found.edge.is_none())
            {
                continue;
            }
            if self.search.from.is_some() {
                found.paths.extend(self.all_paths(place));
            } else {
                found.paths.extend(self.path(place));
            }
        }
        found.paths.extend(self.paths_from_outside());
        let order = |path: &Path| (path.steps.len(), path.certainty, path.from.clone(), path.to.clone());
        found.paths.sort_by_cached_key(order);
        found
    }

    /// The account of what is wanted; none: an administrator of whatever account.
    fn goal_account(&self) -> Option<Box<str>> {
        match &self.goal {
            Goal::Admin | Goal::Nothing => None,
            Goal::Principal(place) => Some(self.ground.world.principals()[*place].account().into()),
            Goal::Root(account) => Some(account.clone()),
            Goal::Resource(arn, _) => {
                let owner = self.ground.world.resource(arn).map(|resource| resource.account.clone());
                owner.or_else(|| self.ground.things.all.get(arn).map(|thing| thing.account.clone()))
            }
        }
    }

    fn is_asked_for(&self, place: usize) -> bool {
        let principal = &self.ground.world.principals()[place];
        let is_from = match &self.search.from {
            Some(from) => self.ground.world.principal_index(from) == Some(place),
            None => true,
        };
        is_from && self.is_of_accounts(principal.account())
    }

    pub fn is_of_accounts(&self, account: &str) -> bool {
        self.search.accounts.is_empty() || self.search.accounts.iter().any(|wanted| wanted == account)
    }

    /// All first steps of a principal, each with the shortest path beyond it.
    fn all_paths(&self, place: usize) -> Vec<Path> {
        let everybody: Vec<usize> = (0..self.principals)
            .filter(|other| self.holders[*other].certain.is_some() || self.holders[*other].maybe.is_some())
            .collect();
        let frontier = self.frontier(&everybody, true);
        let mut edges: Vec<Edge> = Vec::new();
        self.seeker(place).visit(&frontier, &mut |edge| {
            match edges.iter_mut().find(|known| known.end == edge.end) {
                Some(known) if known.grade < edge.grade => *known = edge,
                Some(_) => {}
                None => edges.push(edge),
            }
            true
        });
        for state in self.holders[self.principals..].iter() {
            if let Some((before, edge)) = &state.raised
                && *before == place
                && (state.certain.is_some() || state.maybe.is_some())
            {
                edges.push(edge.clone());
            }
        }
        let mut paths: Vec<Path> = edges.into_iter().filter_map(|edge| self.path_by(place, edge)).collect();
        // Who has left itself and comes back to itself has gone a way round.
        paths.retain(|path| {
            let mut left = path.steps.iter().skip_while(|step| step.to == path.from);
            left.all(|step| step.to != path.from)
        });
        paths
    }

    /// Looks for the steps of a holder.
    pub fn seeker<'s>(&'s self, place: usize) -> Seeker<'s, 'w> {
        let holder = &self.holders[place];
        Seeker { ground: &self.ground, rights: &holder.rights, can: &holder.can, trusting: &self.trusting }
    }

    /// A frontier of one end, to find every way to it.
    pub fn only(&self, end: &End) -> Frontier<'w> {
        let world = self.ground.world;
        let mut frontier = Frontier::default();
        match end {
            End::Principal(place) => frontier.add(world, *place),
            End::Raised(place) => frontier.add_raisable(world.principals()[*place].account(), *place),
            End::Root(arn) => {
                if let Some(account) = arn.split(':').nth(4).and_then(|id| world.account(id)) {
                    frontier.add_root(&account.id);
                }
            }
            End::Resource(arn) => {
                if let Goal::Resource(_, resource_type) = &self.goal {
                    frontier.set_resource(arn, resource_type);
                }
            }
            End::State(_) => {}
        }
        frontier
    }
}
