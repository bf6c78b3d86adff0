//! Judges what a run saw: items out of the store, evaluations and findings into it.
//!
//! Accounts are judged one after the other: no rule looks into another account. In memory are the types that
//! some active rule reads as neighbours, of one account; its findings; and the evaluations of one type in one
//! of its regions. Never all items.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use haechi_model::{
    AccountId, Compliance, ConfigurationItem, ContentHash, CoverageState, Evaluation, Finding, FindingId, FindingKind,
    InstanceId, Region, ResourceKey, ResourceType, Timestamp,
};
use haechi_report::{Counts, EvaluationCount};
use haechi_rules::{Access, Change, Judge, Outcome, Recording, World, finding_of, lifecycle};
use haechi_store::{FindingFilter, FindingStatus, ItemFilter, RunWriter, Store};
use rayon::prelude::*;

use crate::error::Result;
use crate::progress::{Progress, Step};
use crate::rulebook::Rulebook;
use crate::sink::Seen;
use crate::{App, in_store};

/// Items that are judged together, on all cores.
const BATCH: usize = 1024;

/// What a run's judging came to.
#[derive(Debug, Default)]
pub struct Judged {
    pub resources: u64,
    /// Findings that were open and could not be judged again: they stay open.
    pub unknown: u64,
    /// Findings that are new or have come back, and those that were resolved.
    pub opened: u64,
    pub resolved: u64,
    counts: BTreeMap<(String, InstanceId, AccountId, Region, ResourceType), Counts>,
}

impl Judged {
    pub fn counts(&self) -> Vec<EvaluationCount> {
        let line = |((rule, instance, account_id, region, resource_type), counts): (
            &(String, InstanceId, AccountId, Region, ResourceType),
            &Counts,
        )| {
            EvaluationCount {
                rule: rule.clone(),
                instance: *instance,
                account_id: *account_id,
                region: region.clone(),
                resource_type: resource_type.clone(),
                counts: *counts,
            }
        };
        self.counts.iter().map(line).collect()
    }

    pub fn counts_of(&self, instance: InstanceId) -> Counts {
        let mut all = Counts::default();
        self.counts.iter().filter(|(key, _)| key.1 == instance).for_each(|(_, counts)| all.add(*counts));
        all
    }

    /// What becomes of a finding after its evaluation: the finding to write, when there is one.
    pub fn settle(
        &mut self,
        previous: Option<&Finding>,
        judgement: &Judgement,
        names: &Names,
        judging: &Judging<'_>,
    ) -> Option<Finding> {
        let compliance = judgement.evaluation.compliance;
        let outcome = match (&judgement.finding, compliance) {
            (Some(finding), _) => {
                Outcome::Wrong(Box::new(names.complete(finding.clone(), judging.app.settings.owner_tag.as_deref())))
            }
            (None, Compliance::NotApplicable) => Outcome::NotApplicable,
            (None, Compliance::InsufficientData) => Outcome::InsufficientData,
            (None, _) => Outcome::Right,
        };
        if compliance == Compliance::InsufficientData && previous.is_some_and(Finding::is_open) {
            self.unknown += 1;
        }
        let change = lifecycle(previous, outcome, judging.now);
        self.opened += u64::from(matches!(change, Change::New(_) | Change::Reopened(_)));
        self.resolved += u64::from(matches!(change, Change::Resolved(_)));
        to_write(change)
    }

    pub fn count(&mut self, evaluation: &Evaluation) {
        self.count_many(&evaluation.rule, evaluation.instance, &evaluation.resource, evaluation.compliance, 1);
    }

    pub fn count_many(
        &mut self,
        rule: &str,
        instance: InstanceId,
        resource: &ResourceKey,
        compliance: Compliance,
        count: u64,
    ) {
        let key =
            (rule.to_owned(), instance, resource.account_id, resource.region.clone(), resource.resource_type.clone());
        self.counts.entry(key).or_default().add_many(compliance, count);
    }
}

/// What judging needs besides the store.
pub struct Judging<'a> {
    pub rulebook: &'a Rulebook,
    pub seen: &'a Seen,
    pub app: &'a App,
    pub now: Timestamp,
    pub progress: &'a dyn Progress,
}

impl Judging<'_> {
    /// Who may do what in the whole organization, if some rule asks.
    pub fn access(&self, judge: &Judge, store: &Store) -> Result<Access> {
        if judge.asks() { self.app.access_of(store, self.now) } else { Ok(Access::Absent) }
    }
}

/// Names of accounts, for the findings.
pub struct Names {
    accounts: HashMap<AccountId, (Option<String>, Option<String>)>,
}

pub fn judge(run: &mut RunWriter<'_>, judging: &Judging<'_>) -> Result<Judged> {
    let judge = judging.rulebook.judge();
    put_rules(run, judging.rulebook)?;
    let names = Names::of(run.store())?;
    let mut judged = Judged::default();
    let of = total(run.store(), judging, &judge)?;
    let access = judging.access(&judge, run.store())?;
    for account in judging.seen.accounts.iter().copied() {
        let listings = judging.seen.listings_of(account).into_iter().collect();
        let work = AccountWork { judge: &judge, judging, names: &names, account, access: &access, of };
        work.judge(run, listings, &mut judged)?;
    }
    Ok(judged)
}

/// Writes which rules the run asks for: evaluations name them.
pub fn put_rules(run: &mut RunWriter<'_>, rulebook: &Rulebook) -> Result<()> {
    let instances: Vec<_> = rulebook.instances().cloned().collect();
    run.put_instances(&instances).map_err(in_store)?;
    run.put_packs(&rulebook.references()).map_err(in_store)
}

/// One account of a run.
struct AccountWork<'a> {
    judge: &'a Judge,
    judging: &'a Judging<'a>,
    names: &'a Names,
    account: AccountId,
    access: &'a Access,
    /// Items of all accounts, for the progress display.
    of: u64,
}

impl AccountWork<'_> {
    fn judge(&self, run: &mut RunWriter<'_>, listings: Vec<(Region, ResourceType)>, judged: &mut Judged) -> Result<()> {
        let (judge, judging) = (self.judge, self.judging);
        let world = world(run.store(), judge, self.account, self.access)?;
        let mut findings = open_and_resolved(run.store(), self.account, judging.now)?;
        for (region, resource_type) in listings {
            if !judge.judged_types().contains(&resource_type) {
                continue;
            }
            let filter = ItemFilter { accounts: vec![self.account], regions: vec![region], ..ItemFilter::default() };
            let results = one_listing(run.store(), judge, &world, judging, &resource_type, &filter, &mut |items| {
                judged.resources += items;
                judging.progress.step(Step::Judging { items: judged.resources, of: self.of });
            })?;
            let mut changed = Vec::new();
            let mut evaluations = Vec::with_capacity(results.len());
            for judgement in results {
                judged.count(&judgement.evaluation);
                let previous = findings.remove(&judgement.finding_id());
                changed.extend(judged.settle(previous.as_ref(), &judgement, self.names, judging));
                evaluations.push(judgement.evaluation);
            }
            run.put_evaluations(&evaluations, judging.now).map_err(in_store)?;
            run.upsert_findings(&changed).map_err(in_store)?;
        }
        let (gone, unknown) = not_judged(run.store(), judging, findings.into_values())?;
        judged.unknown += unknown;
        judged.resolved += gone.len() as u64;
        let forgotten: Vec<_> =
            gone.iter().map(|finding| (finding.rule_instance, finding.subject.key.clone())).collect();
        run.remove_evaluations(&forgotten).map_err(in_store)?;
        run.upsert_findings(&gone).map_err(in_store)
    }
}

/// An evaluation and, when the resource is NON_COMPLIANT, what there is to say.
pub struct Judgement {
    pub evaluation: Evaluation,
    pub finding: Option<Finding>,
}

impl Judgement {
    /// The evaluation with the finding that it makes.
    pub fn of(evaluation: Evaluation, judge: &Judge, world: &World, item: &ConfigurationItem, now: Timestamp) -> Self {
        let finding = judge
            .instance(&evaluation.instance)
            .and_then(|(rule, instance)| finding_of(&evaluation, rule, instance, world, item, now));
        Self { evaluation, finding }
    }

    pub fn finding_id(&self) -> FindingId {
        Finding::id_of(FindingKind::Rule, self.evaluation.instance, &self.evaluation.resource, "")
    }
}

fn one_listing(
    store: &Store,
    judge: &Judge,
    world: &World,
    judging: &Judging<'_>,
    resource_type: &ResourceType,
    filter: &ItemFilter,
    tick: &mut dyn FnMut(u64),
) -> Result<Vec<Judgement>> {
    let (mut results, mut batch) = (Vec::new(), Vec::with_capacity(BATCH));
    let mut flush = |batch: &mut Vec<(ConfigurationItem, ContentHash)>, results: &mut Vec<Judgement>| {
        let now = judging.now;
        let judged = batch.par_iter().flat_map_iter(|(item, hash)| {
            let evaluations = judge.evaluate(world, now, item, Recording::Known(*hash));
            evaluations.into_iter().map(move |evaluation| Judgement::of(evaluation, judge, world, item, now))
        });
        results.par_extend(judged);
        tick(batch.len() as u64);
        batch.clear();
    };
    store
        .items_of_type(resource_type, filter, |item, hash| {
            if judging.seen.covers(item.key()) {
                batch.push((item, hash));
            }
            if batch.len() == BATCH {
                flush(&mut batch, &mut results);
            }
            ControlFlow::Continue(())
        })
        .map_err(in_store)?;
    flush(&mut batch, &mut results);
    Ok(results)
}

/// The neighbours that some rule reads, of one account, and what is known of their listings.
pub fn world(store: &Store, judge: &Judge, account: AccountId, access: &Access) -> Result<World> {
    let mut builder = World::builder();
    builder.access(access.clone());
    let filter = ItemFilter { accounts: vec![account], ..ItemFilter::default() };
    for resource_type in judge.needed_types() {
        store
            .items_of_type(&resource_type, &filter, |item, _| {
                builder.add(Arc::new(item));
                ControlFlow::Continue(())
            })
            .map_err(in_store)?;
    }
    // What an earlier run listed counts as well, unless this run said otherwise.
    // A region that is switched off holds nothing that could be asked for: it leaves no listing open.
    for line in store.latest_coverage_of(account).map_err(in_store)? {
        if !matches!(line.coverage.state, CoverageState::Skipped { .. }) {
            builder.coverage(&line.coverage);
        }
    }
    for account in store.accounts(None).map_err(in_store)? {
        if let Some(name) = account.name {
            builder.account_name(account.id, name);
        }
    }
    Ok(builder.build())
}

impl Names {
    pub fn of(store: &Store) -> Result<Self> {
        let accounts = store.accounts(None).map_err(in_store)?;
        let names = accounts.into_iter().map(|account| (account.id, (account.name, account.ou_path)));
        Ok(Self { accounts: names.collect() })
    }

    fn complete(&self, mut finding: Finding, owner_tag: Option<&str>) -> Finding {
        let subject = &mut finding.subject;
        if let Some((name, ou_path)) = self.accounts.get(&subject.key.account_id) {
            subject.account_name = name.clone();
            subject.ou_path = ou_path.clone();
        }
        if let Some(tag) = owner_tag {
            let owner = subject.tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag));
            subject.owner = owner.map(|(_, value)| value.clone()).filter(|value| !value.is_empty());
        }
        finding
    }
}

/// Every finding of an account, whatever its state.
fn open_and_resolved(store: &Store, account: AccountId, now: Timestamp) -> Result<HashMap<FindingId, Finding>> {
    let filter =
        FindingFilter { accounts: vec![account], statuses: FindingStatus::ALL.to_vec(), ..FindingFilter::default() };
    let stored = store.findings(&filter, now).map_err(in_store)?;
    Ok(stored.into_iter().map(|stored| (stored.finding.id, stored.finding)).collect())
}

/// Open findings that nothing was said of in this run: of resources that are gone, of rules that nobody
/// asks for any more, or of what could not be seen (counted, and left open).
fn not_judged(
    store: &Store,
    judging: &Judging<'_>,
    rest: impl Iterator<Item = Finding>,
) -> Result<(Vec<Finding>, u64)> {
    let asked: BTreeSet<InstanceId> = judging.rulebook.instances().map(|instance| instance.id).collect();
    let own: Vec<_> = judging.rulebook.references().into_iter().map(|pack| pack.name).collect();
    let others = store.packs().map_err(in_store)?.into_iter().filter(|pack| !own.contains(&pack.name));
    let alive: BTreeSet<InstanceId> =
        others.flat_map(|pack| pack.rules).map(|rule| rule.instance).chain(asked.iter().copied()).collect();
    let (mut changed, mut unknown) = (Vec::new(), 0);
    for finding in rest.filter(Finding::is_open) {
        let outcome = if !alive.contains(&finding.rule_instance) {
            Outcome::RuleGone
        } else if store.item(&finding.subject.key).map_err(in_store)?.is_none() {
            Outcome::Gone
        } else {
            unknown += u64::from(asked.contains(&finding.rule_instance) && !judging.seen.covers(&finding.subject.key));
            continue;
        };
        changed.extend(to_write(lifecycle(Some(&finding), outcome, judging.now)));
    }
    Ok((changed, unknown))
}

/// The finding to write, when there is one.
pub fn to_write(change: Change) -> Option<Finding> {
    match change {
        Change::New(finding) | Change::Reopened(finding) | Change::Still(finding) | Change::Resolved(finding) => {
            Some(finding)
        }
        Change::Nothing => None,
    }
}

/// How many items there are to judge, for the progress display.
fn total(store: &Store, judging: &Judging<'_>, judge: &Judge) -> Result<u64> {
    let counts = store.resource_counts().map_err(in_store)?;
    let judged = judge.judged_types();
    let here = counts.iter().filter(|count| {
        judged.contains(&count.resource_type)
            && judging.seen.has(&(count.account_id, count.region.clone(), count.resource_type.clone()))
    });
    Ok(here.map(|count| count.count).sum())
}
