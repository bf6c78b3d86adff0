//! Who of the other account is asked about: the principal that was named; or of an account all its users and roles,
//! and where those were not recorded, whoever may be there and whom the policies name.

use std::collections::BTreeSet;

use haechi_iam::{Caller, CallerKind, Context, PrincipalKind as Named};

use super::SharingError;
use super::legs::{Asker, UNKNOWN_OF_NOBODY};
use crate::ask::{anybody_of, nobody};
use crate::world::{Subject, World};

/// The other side of a question.
pub(super) struct Other<'w> {
    pub account: String,
    /// One principal was named, and no other is looked for.
    pub named: bool,
    pub askers: Vec<Asker<'w>>,
}

pub(super) fn is_account(word: &str) -> bool {
    word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Everybody whom a word stands for. The keys' policies name principals of accounts that are not recorded.
pub(super) fn other<'w>(world: &'w World, word: &str, keys: &[Box<str>]) -> Result<Other<'w>, SharingError> {
    if is_account(word) {
        return Ok(Other { account: word.to_owned(), named: false, askers: of_account(world, word, keys) });
    }
    let wrong = || SharingError::NotPrincipal(word.to_owned());
    if !word.starts_with("arn:") {
        return Err(wrong());
    }
    let subject = world.subject(word).map_err(|_| wrong())?;
    let account = subject.caller.account().to_owned();
    if account.is_empty() {
        return Err(wrong());
    }
    let is_known = world.account(&account).is_some_and(|account| account.principals > 0 && account.gap.is_none());
    let is_person = matches!(subject.caller.kind(), CallerKind::User | CallerKind::Role);
    if is_known && is_person && subject.principal.is_none() {
        return Err(SharingError::NoPrincipal(word.to_owned()));
    }
    let theirs = !world.knows_account(&account);
    let name = subject.principal.map_or_else(|| word.to_owned(), |principal| principal.arn().to_owned());
    Ok(Other { account, named: true, askers: vec![Asker { subject, name, theirs, unknown: &[] }] })
}

fn of_account<'w>(world: &'w World, account: &str, keys: &[Box<str>]) -> Vec<Asker<'w>> {
    let of_it = |principal: &&crate::world::Principal| principal.account() == account && !principal.is_service_linked();
    let mut askers: Vec<Asker<'w>> = world
        .principals()
        .iter()
        .filter(of_it)
        .map(|principal| Asker {
            subject: world.subject_of(principal),
            name: principal.arn().to_owned(),
            theirs: false,
            unknown: &[],
        })
        .collect();
    let known = world.account(account);
    if known.is_none() {
        let caller = nobody(&mut Context::open(), account);
        let subject = Subject::of_outsider(caller);
        askers.push(Asker { subject, name: account.to_owned(), theirs: true, unknown: UNKNOWN_OF_NOBODY });
    } else if askers.is_empty() || known.is_some_and(|known| known.gap.is_some()) {
        let (subject, _) = anybody_of(world, account, &Context::open());
        askers.push(Asker { subject, name: account.to_owned(), theirs: false, unknown: UNKNOWN_OF_NOBODY });
    } else {
        return askers;
    }
    for arn in named(world, account, keys) {
        if world.principal(&arn).is_none()
            && let Ok(subject) = world.subject(&arn)
        {
            askers.push(Asker { subject, name: arn, theirs: known.is_none(), unknown: &[] });
        }
    }
    askers
}

/// Users and roles of an account whom the policies and grants of keys name.
fn named(world: &World, account: &str, keys: &[Box<str>]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for key in keys.iter().filter_map(|arn| world.resource(arn)) {
        let statements = key.policy.iter().flat_map(|policy| policy.policy().statements());
        let principals = statements.flat_map(|statement| statement.principals());
        let in_policy = principals.filter(|principal| principal.kind == Named::Aws).map(|principal| principal.value);
        for arn in in_policy.chain(key.grants.iter().map(|grant| grant.grantee())) {
            let is_of_it = arn.split(':').nth(4) == Some(account);
            let person = Caller::from_arn(arn).is_ok_and(|caller| {
                matches!(caller.kind(), CallerKind::User | CallerKind::Role) && !caller.is_service_linked()
            });
            if is_of_it && person {
                found.insert(arn.to_owned());
            }
        }
    }
    found
}
