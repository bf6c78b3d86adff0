//! What two lists of levels differ in, so that only the difference need be asked of a call that has passed the first.

use std::sync::Arc;

use haechi_iam::{Level, Prepared};

/// How the guardrails of an account change.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Policies that were nowhere on the account's path: their Deny statements are new.
    pub added: Vec<Arc<Prepared>>,
    /// Policies that are nowhere on its path any more.
    pub removed: Vec<Arc<Prepared>>,
    /// Levels that must allow, and that no earlier level's Allow answers for.
    pub narrower: Vec<Level>,
    /// Whether something may pass that did not: a policy is gone, or a level has to allow no longer.
    pub loosens: bool,
}

/// Whether two policies say the same. One that reads the account's place does not after a move.
#[derive(Clone, Copy)]
pub(crate) struct Sameness {
    pub moved: bool,
}

impl Sameness {
    fn is_same(self, left: &Arc<Prepared>, right: &Arc<Prepared>) -> bool {
        if self.moved && reads_place(left) {
            return false;
        }
        Arc::ptr_eq(left, right)
            || (left.is_unrecorded().is_none()
                && right.is_unrecorded().is_none()
                && left.policy().text() == right.policy().text())
    }

    fn has(self, policies: &[Arc<Prepared>], wanted: &Arc<Prepared>) -> bool {
        policies.iter().any(|policy| self.is_same(policy, wanted))
    }

    /// Whether all policies of a level are among those of another.
    fn is_within(self, inner: &Level, outer: &Level) -> bool {
        inner.policies.iter().all(|policy| self.has(&outer.policies, policy))
    }
}

impl Difference {
    /// None: nothing changes.
    pub(crate) fn between(before: &[Level], after: &[Level], same: Sameness) -> Option<Difference> {
        let missing = |from: &[Level], to: &[Level]| {
            let mut found: Vec<Arc<Prepared>> = Vec::new();
            for policy in from.iter().flat_map(|level| &level.policies) {
                let known = to.iter().any(|level| same.has(&level.policies, policy));
                if !known && !found.iter().any(|one| Arc::ptr_eq(one, policy)) {
                    found.push(policy.clone());
                }
            }
            found
        };
        let (added, removed) = (missing(after, before), missing(before, after));
        let implied = |level: &Level, by: &[Level]| by.iter().any(|other| same.is_within(other, level));
        let narrower: Vec<Level> = after.iter().filter(|level| !implied(level, before)).cloned().collect();
        let loosens = !removed.is_empty() || before.iter().any(|level| !implied(level, after));
        let changes = !added.is_empty() || !narrower.is_empty() || loosens;
        changes.then_some(Difference { added, removed, narrower, loosens })
    }

    /// The policies whose statements decide what the change does.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Prepared>> {
        self.added.iter().chain(&self.removed).chain(self.narrower.iter().flat_map(|level| &level.policies))
    }
}

fn reads_place(policy: &Prepared) -> bool {
    let text = policy.policy().text().to_ascii_lowercase();
    text.contains("orgpaths")
}
