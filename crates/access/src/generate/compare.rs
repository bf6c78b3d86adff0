//! What a generated policy would take from a principal, and what it would give.

use haechi_iam::catalogue::Catalogue;
use haechi_iam::{Action, PolicyKind, Prepared, Tri};

use crate::calls::needs_no_permission;
use crate::whatif::grants;
use crate::world::Principal;

/// The actions of the table under the present policies and under the generated ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Granted now, at least for some requests, and no more.
    pub taken: Vec<Box<str>>,
    /// Granted now on everything, and then on what is named.
    pub narrowed: Vec<Box<str>>,
    pub kept: Vec<Box<str>>,
    /// Not granted by the principal's own policies: a resource's policy, or one that is gone, let the calls pass.
    pub new: Vec<Box<str>>,
    /// Policies whose documents were not recorded, and are not counted.
    pub unrecorded: Vec<String>,
}

/// Compares what the principal's policies within its boundary grant with what the generated ones would.
pub fn compare(catalogue: &Catalogue, principal: &Principal, policies: &[String]) -> Comparison {
    let then: Vec<std::sync::Arc<Prepared>> = policies
        .iter()
        .filter_map(|text| Prepared::parse(PolicyKind::Identity, "generated", text).ok())
        .map(Into::into)
        .collect();
    let known = |policies: &[std::sync::Arc<Prepared>]| -> Vec<std::sync::Arc<Prepared>> {
        policies.iter().filter(|policy| policy.is_unrecorded().is_none()).cloned().collect()
    };
    let (identity, boundary) = (known(principal.identity()), known(principal.boundary()));
    let all = principal.identity().iter().chain(principal.boundary().iter());
    let unrecorded = all.filter(|policy| policy.is_unrecorded().is_some()).map(|policy| policy.name().to_owned());
    let mut comparison = Comparison { unrecorded: unrecorded.collect(), ..Comparison::default() };
    let actions: Vec<Action> = catalogue
        .services()
        .flat_map(|service| service.actions())
        .filter(|info| !needs_no_permission(*info))
        .filter_map(|info| info.to_action())
        .collect();
    let present = grants(principal, &identity, &boundary, &actions);
    let future = grants(principal, &then, &boundary, &actions);
    for ((action, now), then) in actions.iter().zip(present).zip(future) {
        let list = match (now, then) {
            (Tri::No, Tri::No) => continue,
            (_, Tri::No) => &mut comparison.taken,
            (Tri::No, _) => &mut comparison.new,
            (Tri::Yes, Tri::Maybe) => &mut comparison.narrowed,
            _ => &mut comparison.kept,
        };
        list.push(action.text().into());
    }
    comparison
}
