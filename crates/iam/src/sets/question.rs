//! Questions about policies as sets: who of outside is let in, and what a newer policy allows that an older one
//! does not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::asker::{Asker, Frame, Zone};
use super::automaton::{Pattern, Variables};
use super::term::Term;
use super::{Found, Scope, hunt};
use crate::caller::Caller;
use crate::naming::Naming;
use crate::policy::{Effect, Listing, PrincipalKind};
use crate::prepare::{Prepared, PreparedStatement};
use crate::resource::Action;

/// One statement that lets somebody in.
#[derive(Clone, Debug)]
pub struct Access<'p> {
    pub policy: &'p Prepared,
    /// Its place in the document, from 0.
    pub statement: usize,
    pub found: Found,
}

/// What a newer set of policies allows and an older does not.
pub type Difference<'p> = Access<'p>;

/// A statement in its policy.
#[derive(Clone, Copy)]
struct At<'p> {
    policy: &'p Prepared,
    statement: &'p PreparedStatement,
}

impl<'p> At<'p> {
    fn all(policies: &'p [Arc<Prepared>], effect: Effect) -> impl Iterator<Item = At<'p>> {
        policies.iter().flat_map(move |policy| {
            let statements = if effect == Effect::Deny { &policy.denies } else { &policy.allows };
            statements.iter().map(move |statement| At { policy, statement })
        })
    }

    /// Whether it is about the action and names the caller; resource and conditions aside.
    fn applies(self, effect: Effect, caller: &Caller, action: &Action) -> bool {
        if !self.statement.matches_action(action.lower()) {
            return false;
        }
        if !self.policy.kind().names_principals() {
            return true;
        }
        let Some((listing, patterns)) = &self.statement.principals else { return false };
        let naming = Naming::of(patterns, caller);
        match (listing, effect) {
            (Listing::Only, _) => naming.is_any(),
            (Listing::Except, Effect::Deny) => !naming.spares(caller, false),
            (Listing::Except, Effect::Allow) => !naming.is_any(),
        }
    }

    fn term(self, variables: &mut Variables) -> Option<Term> {
        let policy = self.policy.policy();
        let statement = policy.statement(self.statement.index as usize)?;
        Some(Term::new(statement, policy.version(), variables))
    }
}

/// Actions that no statement of the policies tells apart stand together: one answer is all of theirs.
pub fn classes<'a>(
    actions: impl IntoIterator<Item = Action>,
    policies: impl IntoIterator<Item = &'a Prepared>,
) -> Vec<Vec<Action>> {
    let statements: Vec<&PreparedStatement> =
        policies.into_iter().flat_map(|policy| policy.denies.iter().chain(&policy.allows)).collect();
    let mut classes: BTreeMap<(bool, String, Vec<bool>), Vec<Action>> = BTreeMap::new();
    for action in actions {
        let matched = statements.iter().map(|statement| statement.matches_action(action.lower())).collect();
        let key = (action.is_wildcard_only(), action.service().to_owned(), matched);
        classes.entry(key).or_default().push(action);
    }
    classes.into_values().collect()
}

/// Whether statements of the policies let somebody do it, one by one, with whatever denies it left out.
/// `guards` are policies that only deny here, such as RCPs.
pub fn accesses<'p>(
    scope: &Scope<'_>,
    asker: &Asker,
    policies: &'p [Arc<Prepared>],
    guards: &[&Prepared],
) -> Vec<Access<'p>> {
    let mut all = Vec::new();
    each_access(scope, asker, policies, guards, |access| {
        all.push(access);
        ControlFlow::Continue(())
    });
    all
}

/// The first of the [`accesses`] by one of some statements.
pub fn first_access<'p>(
    scope: &Scope<'_>,
    asker: &Asker,
    policies: &'p [Arc<Prepared>],
    counts: impl Fn(usize) -> bool,
) -> Option<Access<'p>> {
    let mut first = None;
    each_access(scope, asker, policies, &[], |access| {
        if counts(access.statement) {
            first = Some(access);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    first
}

fn each_access<'p>(
    scope: &Scope<'_>,
    asker: &Asker,
    policies: &'p [Arc<Prepared>],
    guards: &[&Prepared],
    mut each: impl FnMut(Access<'p>) -> ControlFlow<()>,
) {
    let caller = asker.caller();
    let allowing: Vec<At<'p>> =
        At::all(policies, Effect::Allow).filter(|at| at.applies(Effect::Allow, &caller, scope.action)).collect();
    if allowing.is_empty() {
        return;
    }
    let guards = guards.iter().flat_map(|policy| policy.denies.iter().map(|statement| At { policy, statement }));
    let denying: Vec<At<'_>> = At::all(policies, Effect::Deny)
        .chain(guards)
        .filter(|at| at.applies(Effect::Deny, &caller, scope.action))
        .collect();
    for at in allowing {
        let found = search(scope, asker, &caller, &[at], &denying);
        let access = Access { policy: at.policy, statement: at.statement.index as usize, found };
        if !matches!(access.found, Found::Nothing) && each(access).is_break() {
            return;
        }
    }
}

/// Whether some request is allowed by the newer policies and not by the older ones: the first statement that
/// allows one.
pub fn difference<'p>(
    scope: &Scope<'_>,
    asker: &Asker,
    newer: &'p [Arc<Prepared>],
    older: &[Arc<Prepared>],
) -> Option<Difference<'p>> {
    let caller = asker.caller();
    let of = |policies, effect| {
        At::all(policies, effect).filter(move |at: &At<'_>| at.applies(effect, &asker.caller(), scope.action))
    };
    let allowing: Vec<At<'p>> =
        At::all(newer, Effect::Allow).filter(|at| at.applies(Effect::Allow, &caller, scope.action)).collect();
    if allowing.is_empty() {
        return None;
    }
    let denying: Vec<At<'_>> = of(newer, Effect::Deny).collect();
    let allowed_before: Vec<At<'_>> = denying.iter().copied().chain(of(older, Effect::Allow)).collect();
    let denied_before: Vec<At<'_>> = of(older, Effect::Deny).collect();
    let mut unknown = None;
    for at in allowing {
        let ways =
            std::iter::once((None, &allowed_before)).chain(denied_before.iter().map(|deny| (Some(*deny), &denying)));
        for (denied, forbidden) in ways {
            let wanted: Vec<At<'_>> = std::iter::once(at).chain(denied).collect();
            let found = search(scope, asker, &caller, &wanted, forbidden);
            let access = Access { policy: at.policy, statement: at.statement.index as usize, found };
            match access.found {
                Found::Nothing => {}
                Found::Request(_) => return Some(access),
                Found::TooMany => unknown = unknown.or(Some(access)),
            }
        }
    }
    unknown
}

fn search(scope: &Scope<'_>, asker: &Asker, caller: &Caller, wanted: &[At<'_>], forbidden: &[At<'_>]) -> Found {
    let mut variables = Variables::default();
    let wanted_terms: Vec<Term> = wanted.iter().filter_map(|at| at.term(&mut variables)).collect();
    let terms = forbidden.iter().filter_map(|at| at.term(&mut variables));
    // Whether it forbids hangs on values that nobody knows: it may not.
    let forbidden_terms: Vec<Term> = terms.filter(|term| !term.hangs_on_variables).collect();
    let universe: Vec<Pattern> = if scope.action.is_wildcard_only() {
        vec![Pattern::literal(&[('*', true)])]
    } else {
        scope.resources.iter().map(|resource| Pattern::of(resource)).collect()
    };
    let all = wanted.iter().chain(forbidden);
    let mut mentioned: BTreeSet<Box<str>> = BTreeSet::new();
    for at in all {
        mentioned.extend(accounts_in(at.policy.policy().text()).map(Box::from));
    }
    let mentioned = mentioned
        .into_iter()
        .filter(|account| scope.zone.accounts.contains(account) || *asker == Asker::Holder)
        .collect();
    let frame = Frame {
        catalogue: scope.catalogue,
        asker,
        caller,
        action: scope.action,
        target: scope.target,
        zone: scope.zone,
        mentioned,
        now: scope.now,
        fixed: scope.fixed,
    };
    hunt(&frame, &universe, &wanted_terms, &forbidden_terms, &variables)
}

/// Everybody outside the zone who differs to the policies: those they name, everybody's like if they name
/// everybody, and somebody of each account that they speak of. Services are not among them.
pub fn outsiders(policies: &[Arc<Prepared>], guards: &[&Prepared], zone: &Zone) -> BTreeSet<Asker> {
    let all = || policies.iter().map(|policy| &**policy).chain(guards.iter().copied());
    let texts = || all().map(|policy| policy.policy().text());
    let mut askers = BTreeSet::new();
    let statements = policies
        .iter()
        .flat_map(|policy| policy.policy().statements().filter(|statement| statement.effect() == Effect::Allow));
    for statement in statements {
        let mut everybody = statement.principal_listing() == Some(Listing::Except);
        for principal in statement.principals() {
            let value = principal.value;
            match principal.kind {
                _ if everybody => {}
                PrincipalKind::Bare | PrincipalKind::Aws if value == "*" => everybody = true,
                PrincipalKind::Federated => {
                    askers.insert(Asker::Federated(value.into()));
                }
                PrincipalKind::CanonicalUser => {
                    askers.insert(Asker::Canonical(value.into()));
                }
                PrincipalKind::Aws => add_named(&mut askers, value, zone),
                PrincipalKind::Bare | PrincipalKind::Service => {}
            }
        }
        if everybody {
            askers.insert(Asker::Anonymous);
            for account in texts().flat_map(accounts_in).filter(|account| !zone.accounts.contains(*account)) {
                add_account(&mut askers, account);
            }
            add_account(&mut askers, &unknown_account(&|account| texts().any(|text| text.contains(account)), zone));
            let named = all().flat_map(arns_in).filter(|arn| is_outside(arn, zone));
            askers.extend(named.map(|arn| Asker::Named(arn.into())));
        }
    }
    askers
}

/// Everybody who differs to the policies, services too, whoever they belong to.
pub fn everybody(policies: &[Arc<Prepared>]) -> BTreeSet<Asker> {
    if policies.iter().all(|policy| !policy.kind().names_principals()) {
        return BTreeSet::from([Asker::Holder]);
    }
    let mut askers = outsiders(policies, &[], &Zone::default());
    for statement in policies.iter().flat_map(|policy| policy.policy().statements()) {
        let services = statement.principals().filter(|principal| principal.kind == PrincipalKind::Service);
        askers.extend(services.map(|principal| Asker::Service(principal.value.into())));
    }
    askers
}

fn add_named(askers: &mut BTreeSet<Asker>, value: &str, zone: &Zone) {
    let account = if is_account(value) { value } else { value.split(':').nth(4).unwrap_or_default() };
    if !is_account(account) || zone.accounts.contains(account) {
        return;
    }
    if is_account(value) || value.ends_with(":root") {
        add_account(askers, account);
    } else if Caller::from_arn(value).is_ok() {
        askers.insert(Asker::Named(value.into()));
    }
}

fn add_account(askers: &mut BTreeSet<Asker>, account: &str) {
    askers.extend([Asker::RoleOf(account.into()), Asker::UserOf(account.into()), Asker::RootOf(account.into())]);
}

/// An account that neither the zone has nor the policy names.
fn unknown_account(is_named: &dyn Fn(&str) -> bool, zone: &Zone) -> String {
    let candidates = (0..).map(|at: u64| format!("{:012}", 999_988_887_777 - at));
    let is_free = |account: &String| !zone.accounts.contains(account.as_str()) && !is_named(account);
    candidates.take(100_000).find(is_free).unwrap_or_else(|| "999988887777".to_owned())
}

/// Exact ARNs of principals among the values of conditions on who asks.
fn arns_in(policy: &Prepared) -> impl Iterator<Item = &str> {
    let conditions = policy.policy().statements().flat_map(|statement| statement.conditions());
    let of_caller = conditions.filter(|condition| condition.key().eq_ignore_ascii_case("aws:PrincipalArn"));
    of_caller
        .flat_map(|condition| condition.values())
        .filter(|arn| !arn.contains(['*', '?', '$']) && Caller::from_arn(arn).is_ok())
}

fn is_outside(arn: &str, zone: &Zone) -> bool {
    arn.split(':').nth(4).is_some_and(|account| is_account(account) && !zone.accounts.contains(account))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Every run of exactly twelve digits.
fn accounts_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_digit()).filter(|run| run.len() == 12)
}
