//! Judging that follows changes, for a recorder that stays: after each pass only what a change touches, and what
//! has come due, is judged again.
//!
//! Rules that ask who may do what are judged again in every followed account when a policy changes in any.
//!
//! An account is judged whole when it is first met; then its rules, neighbours and reads stay in memory,
//! of at most [`MOST_RESOURCES`] judged resources over all accounts: the account that was asked for
//! longest ago goes first, and is judged whole when it comes back.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use haechi_access::Answers;
use haechi_model::{AccountId, ConfigurationItem, Coverage, Finding, FindingId, FindingKind, ResourceKey, Timestamp};
use haechi_rules::{Access, Fact, Judge, Recording, Standing, lifecycle};
use haechi_store::{ItemFilter, RunWriter, Store, StoreError};

use crate::error::Result;
use crate::in_store;
use crate::judge::{Judged, Judgement, Judging, Names, put_rules, to_write, world};

/// Judged resources in memory, at some 150 bytes each, besides the neighbours that rules read.
pub const MOST_RESOURCES: usize = 1_000_000;

/// What changed in one account.
#[derive(Debug, Default)]
pub struct Changes {
    pub facts: Vec<Fact>,
    /// Complete listings, with the ids of what is there.
    pub listed: Vec<(Coverage, HashSet<Box<str>>)>,
}

/// The accounts that are followed.
#[derive(Default)]
pub struct Following {
    accounts: BTreeMap<AccountId, Followed>,
    turn: u64,
    /// Who may do what, as it stands: of all accounts, for rules that ask.
    access: Option<Access>,
}

struct Followed {
    standing: Standing,
    asked: u64,
}

impl Following {
    /// Judges what follows from some changes, which the store has already.
    pub fn judge(
        &mut self,
        run: &mut RunWriter<'_>,
        judging: &Judging<'_>,
        account: AccountId,
        changes: Changes,
    ) -> Result<Judged> {
        put_rules(run, judging.rulebook)?;
        let names = Names::of(run.store())?;
        let mut judged = Judged::default();
        self.turn += 1;
        let asked = self.turn;
        match self.accounts.get_mut(&account) {
            Some(followed) => {
                followed.asked = asked;
                take(&mut followed.standing, changes);
                again(run, judging, &mut followed.standing, &names, &mut judged)?;
            }
            None => {
                let judge = judging.rulebook.judge();
                let access = self.access(run.store(), judging, &judge)?;
                let standing = whole(run, judging, account, judge, &access, &names, &mut judged)?;
                self.accounts.insert(account, Followed { standing, asked });
                self.make_room(account);
            }
        }
        Ok(judged)
    }

    /// A change may change who may do what in any account: whoever asks is asked anew. Before the changes are judged.
    pub fn renew<'c>(
        &mut self,
        run: &RunWriter<'_>,
        judging: &Judging<'_>,
        mut changes: impl Iterator<Item = &'c Changes>,
    ) -> Result<()> {
        if !changes.any(bears_on_access) {
            return Ok(());
        }
        self.access = None;
        let judge = judging.rulebook.judge();
        if judge.asks() && !self.accounts.is_empty() {
            let access = self.access(run.store(), judging, &judge)?;
            self.accounts.values_mut().for_each(|followed| followed.standing.know(access.clone()));
        }
        Ok(())
    }

    fn access(&mut self, store: &Store, judging: &Judging<'_>, judge: &Judge) -> Result<Access> {
        if let Some(known) = &self.access {
            return Ok(known.clone());
        }
        let access = judging.access(judge, store)?;
        Ok(self.access.insert(access).clone())
    }

    /// Verdicts of followed accounts that held until now: an age, an expiry; and what changed in other accounts.
    pub fn due(&mut self, run: &mut RunWriter<'_>, judging: &Judging<'_>) -> Result<Judged> {
        put_rules(run, judging.rulebook)?;
        let names = Names::of(run.store())?;
        let mut judged = Judged::default();
        for followed in self.accounts.values_mut() {
            again(run, judging, &mut followed.standing, &names, &mut judged)?;
        }
        Ok(judged)
    }

    /// Forgets what it follows: the rules have changed, or a full pass has judged everything.
    pub fn forget(&mut self) {
        self.accounts.clear();
        self.access = None;
    }

    fn make_room(&mut self, newest: AccountId) {
        while self.accounts.values().map(|followed| followed.standing.len()).sum::<usize>() > MOST_RESOURCES {
            let others = self.accounts.iter().filter(|(account, _)| **account != newest);
            let Some(oldest) = others.min_by_key(|(_, followed)| followed.asked).map(|(account, _)| *account) else {
                break;
            };
            self.accounts.remove(&oldest);
        }
    }
}

/// Whether a change may change who may do what, in any account.
fn bears_on_access(changes: &Changes) -> bool {
    let types = Answers::builder().types();
    let fact = |fact: &Fact| match fact {
        Fact::Seen(item) => types.contains(item.key().resource_type.as_str()),
        Fact::Gone(key) => types.contains(key.resource_type.as_str()),
        Fact::Listed(line) => types.contains(line.resource_type.as_str()),
    };
    changes.facts.iter().any(fact) || changes.listed.iter().any(|(line, _)| types.contains(line.resource_type.as_str()))
}

fn take(standing: &mut Standing, changes: Changes) {
    changes.facts.into_iter().for_each(|fact| standing.take(fact));
    for (line, ids) in changes.listed {
        standing.only(&line.resource_type, line.account_id, &line.region, |id| ids.contains(id));
        standing.take(Fact::Listed(line));
    }
}

/// Judges an account whole.
fn whole(
    run: &mut RunWriter<'_>,
    judging: &Judging<'_>,
    account: AccountId,
    judge: Judge,
    access: &Access,
    names: &Names,
    judged: &mut Judged,
) -> Result<Standing> {
    let world = world(run.store(), &judge, account, access)?;
    let types = judge.judged_types();
    let mut standing = Standing::new(judge, world);
    let filter = ItemFilter { accounts: vec![account], ..ItemFilter::default() };
    for resource_type in types {
        let mut made = Vec::new();
        run.store()
            .items_of_type(&resource_type, &filter, |item, hash| {
                made.extend(judgements(&mut standing, &item, Recording::Known(hash), judging.now));
                judged.resources += 1;
                ControlFlow::Continue(())
            })
            .map_err(in_store)?;
        write(run, judging, names, made, judged)?;
    }
    Ok(standing)
}

/// Judges what is affected.
fn again(
    run: &mut RunWriter<'_>,
    judging: &Judging<'_>,
    standing: &mut Standing,
    names: &Names,
    judged: &mut Judged,
) -> Result<()> {
    let affected = standing.affected(judging.now);
    let mut made = Vec::new();
    for key in &affected.again {
        if let Some(item) = run.store().item(key).map_err(in_store)? {
            made.extend(judgements(standing, &item, Recording::On, judging.now));
            judged.resources += 1;
        }
    }
    write(run, judging, names, made, judged)?;
    for key in &affected.gone {
        gone(run, judging, standing, key, judged)?;
    }
    Ok(())
}

fn judgements(
    standing: &mut Standing,
    item: &ConfigurationItem,
    recording: Recording,
    now: Timestamp,
) -> Vec<Judgement> {
    let evaluations = standing.evaluate(now, item, recording);
    let of = |evaluation| Judgement::of(evaluation, standing.judge(), standing.world(), item, now);
    evaluations.into_iter().map(of).collect()
}

fn write(
    run: &mut RunWriter<'_>,
    judging: &Judging<'_>,
    names: &Names,
    made: Vec<Judgement>,
    judged: &mut Judged,
) -> Result<()> {
    let mut changed = Vec::new();
    for judgement in &made {
        judged.count(&judgement.evaluation);
        let previous = finding(run.store(), judgement.finding_id(), judging.now)?;
        changed.extend(judged.settle(previous.as_ref(), judgement, names, judging));
    }
    let evaluations: Vec<_> = made.into_iter().map(|judgement| judgement.evaluation).collect();
    run.put_evaluations(&evaluations, judging.now).map_err(in_store)?;
    run.upsert_findings(&changed).map_err(in_store)
}

/// A resource is deleted: its findings are resolved, its evaluations forgotten.
fn gone(
    run: &mut RunWriter<'_>,
    judging: &Judging<'_>,
    standing: &Standing,
    key: &ResourceKey,
    judged: &mut Judged,
) -> Result<()> {
    let (mut changed, mut forgotten) = (Vec::new(), Vec::new());
    for (rule, instance) in standing.judge().instances() {
        if !rule.resources().contains(&key.resource_type) {
            continue;
        }
        forgotten.push((instance.id, key.clone()));
        let id = Finding::id_of(FindingKind::Rule, instance.id, key, "");
        let previous = finding(run.store(), id, judging.now)?;
        changed.extend(to_write(lifecycle(previous.as_ref(), haechi_rules::Outcome::Gone, judging.now)));
    }
    judged.resolved += changed.len() as u64;
    run.remove_evaluations(&forgotten).map_err(in_store)?;
    run.upsert_findings(&changed).map_err(in_store)
}

fn finding(store: &Store, id: FindingId, now: Timestamp) -> Result<Option<Finding>> {
    match store.finding(&id.to_string(), now) {
        Ok(found) => Ok(Some(found.finding)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(in_store(error)),
    }
}
