//! What the policies of principals grant, over every action of the table, and which statement grants it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use haechi_iam::catalogue::{ActionInfo, Catalogue};
use haechi_iam::{Action, Effect, Listing, Prepared, Tri};

use super::permissions::StatementUse;
use super::uses::number;
use crate::whatif::grants;
use crate::world::Principal;

/// What is kept while principals are looked at: they share policies.
pub(super) struct Granted<'q> {
    catalogue: &'q Catalogue,
    actions: Vec<Action>,
    infos: Vec<ActionInfo<'q>>,
    /// Where an action of a number stands in the list.
    places: HashMap<u32, usize>,
    granted: HashMap<(usize, usize), Arc<[bool]>>,
    statements: HashMap<usize, Arc<[StatementActions]>>,
}

/// A statement's place in its policy, and the actions that it names.
type StatementActions = (usize, Vec<u32>);

impl<'q> Granted<'q> {
    pub(super) fn new(catalogue: &'q Catalogue) -> Granted<'q> {
        let all = catalogue.services().flat_map(|service| service.actions());
        let (actions, infos): (Vec<Action>, Vec<ActionInfo<'q>>) =
            all.filter_map(|info| Some((info.to_action()?, info))).unzip();
        let places = infos.iter().map(|info| number(*info)).zip(0..).collect();
        Granted { catalogue, actions, infos, places, granted: HashMap::new(), statements: HashMap::new() }
    }

    /// The actions of the table.
    pub(super) fn actions(&self) -> &[ActionInfo<'q>] {
        &self.infos
    }

    /// Whether the recorded policies grant each action, on some resource under some conditions.
    pub(super) fn of(&mut self, principal: &Principal) -> Arc<[bool]> {
        let key = (principal.identity().as_ptr().addr(), principal.boundary().as_ptr().addr());
        if let Some(known) = self.granted.get(&key) {
            return known.clone();
        }
        let recorded = |policies: &[Arc<Prepared>]| -> Vec<Arc<Prepared>> {
            policies.iter().filter(|policy| policy.is_unrecorded().is_none()).cloned().collect()
        };
        let (identity, boundary) = (recorded(principal.identity()), recorded(principal.boundary()));
        let found: Arc<[bool]> =
            grants(principal, &identity, &boundary, &self.actions).map(|granted| granted != Tri::No).collect();
        self.granted.insert(key, found.clone());
        found
    }

    /// The statements that grant something that is not used.
    pub(super) fn statements<'w>(
        &mut self,
        principal: &'w Principal,
        granted: &[bool],
        unused: &BTreeSet<u32>,
    ) -> Vec<StatementUse<'w>> {
        let mut found = Vec::new();
        for attachment in principal.attachments() {
            let policy = &attachment.policy;
            for (statement, actions) in self.of_policy(policy).iter() {
                let of_it = actions.iter().filter(|at| self.places.get(at).is_some_and(|place| granted[*place]));
                let (mut all, mut idle) = (0, 0);
                for at in of_it {
                    all += 1;
                    idle += usize::from(unused.contains(at));
                }
                if idle > 0 {
                    let (statement, via) = (*statement, &attachment.via);
                    found.push(StatementUse { policy, via, statement, granted: all, unused: idle });
                }
            }
        }
        found
    }

    /// The actions that each Allow statement of a policy names.
    fn of_policy(&mut self, policy: &Arc<Prepared>) -> Arc<[StatementActions]> {
        let key = Arc::as_ptr(policy).addr();
        if let Some(known) = self.statements.get(&key) {
            return known.clone();
        }
        let allows = policy.policy().statements().filter(|statement| statement.effect() == Effect::Allow);
        let found: Arc<[StatementActions]> = allows
            .map(|statement| {
                let named: BTreeSet<u32> =
                    statement.actions().flat_map(|pattern| self.catalogue.expand(pattern)).map(number).collect();
                let actions = match statement.action_listing() {
                    Listing::Only => named.into_iter().collect(),
                    Listing::Except => {
                        self.infos.iter().map(|info| number(*info)).filter(|at| !named.contains(at)).collect()
                    }
                };
                (statement.index(), actions)
            })
            .collect();
        self.statements.insert(key, found.clone());
        found
    }
}
