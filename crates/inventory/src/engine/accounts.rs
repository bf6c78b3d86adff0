//! The accounts of a run: a few in work, each with its listings; the next is reached when one ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use haechi_model::Region;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::run::{Event, Run};
use super::unit::{Account, Part, Reach, Unit};
use super::{
    Accounts, CollectSummary, Plan, Progress, QUEUE, Reached, Sink, SinkError, Stop, Target, asked, home_region, wanted,
};
use crate::collector::{Collector, Collectors};

/// Collects from accounts that are reached one after another; `plan.targets` is not looked at.
pub async fn collect_accounts(
    collectors: &Collectors,
    plan: &Plan,
    accounts: Arc<dyn Accounts>,
    sink: &mut dyn Sink,
    progress: &mut (dyn FnMut(&Progress) + Send),
    stop: &Stop,
) -> Result<CollectSummary, SinkError> {
    let mut run = Run::new(sink, progress, accounts.number());
    let (events, mut received) = mpsc::channel(QUEUE);
    let in_work = plan.accounts.clamp(1, accounts.number().max(1));
    let shared = Arc::new(Shared {
        collectors: wanted(collectors, &plan.types),
        plan: plan.clone(),
        accounts,
        next: AtomicUsize::new(0),
        calls: Arc::new(Semaphore::new(plan.calls.max(1))),
        events,
    });
    let mut workers = JoinSet::new();
    for _ in 0..in_work {
        workers.spawn(shared.clone().work());
    }
    drop(shared);
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => {
                run.interrupt();
                break;
            }
            event = received.recv() => match event {
                Some(event) => run.event(event)?,
                None => break,
            },
        }
    }
    workers.shutdown().await;
    while let Ok(event) = received.try_recv() {
        run.event(event)?;
    }
    run.end()
}

/// What the workers of a run share.
struct Shared {
    collectors: Vec<Arc<Collector>>,
    plan: Plan,
    accounts: Arc<dyn Accounts>,
    /// The position of the account whose turn is next.
    next: AtomicUsize,
    calls: Arc<Semaphore>,
    events: mpsc::Sender<Event>,
}

impl Shared {
    async fn work(self: Arc<Self>) {
        while !self.events.is_closed() {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.accounts.number() {
                return;
            }
            match self.accounts.reach(at).await {
                Reached::Target(target) => self.account(&target).await,
                Reached::Refused { account, gap } => self.send(Event::Refused { account, gap }).await,
                Reached::Closed { account, reason } => self.send(Event::Closed { account, reason }).await,
            }
        }
    }

    /// A receiver that is gone wants no more: the loop of `work` sees it.
    async fn send(&self, event: Event) {
        let _ = self.events.send(event).await;
    }

    async fn account(&self, target: &Target) {
        let (units, resumed): (Vec<Unit>, Vec<Unit>) =
            self.units(target).into_iter().partition(|unit| !self.is_done(unit));
        let lines =
            |units: &[Unit]| units.iter().flat_map(Unit::lines).map(|(_, region, kind)| (region, kind)).collect();
        let (due, resumed) = (lines(&units), lines(&resumed));
        self.send(Event::Begun { account: target.account, due, resumed, disabled: target.disabled.clone() }).await;
        let turns = Arc::new(Semaphore::new(self.plan.units.max(1)));
        let mut listings = JoinSet::new();
        for unit in units {
            // A listing waits here until another one has ended: those that wait take no room.
            let Ok(turn) = turns.clone().acquire_owned().await else { return };
            while listings.try_join_next().is_some() {}
            let (calls, events) = (self.calls.clone(), self.events.clone());
            listings.spawn(async move {
                unit.run(calls, events).await;
                drop(turn);
            });
        }
        while listings.join_next().await.is_some() {}
        self.send(Event::Ended(target.account)).await;
    }

    /// Whether an earlier run has completed all that a listing reaches.
    fn is_done(&self, unit: &Unit) -> bool {
        let Some(done) = &self.plan.done else { return false };
        let lines = unit.lines();
        !lines.is_empty() && lines.iter().all(|(account, region, kind)| done.contains(*account, region, kind))
    }

    fn units(&self, target: &Target) -> Vec<Unit> {
        let account = Arc::new(Account::new(target, &self.plan));
        let home = Region::parse(home_region(&target.partition)).unwrap_or_else(|_| Region::global());
        let mut units = Vec::new();
        for collector in self.collectors.iter().filter(|collector| asked(collector, target.organization)) {
            let unit = |reach, part| Unit { account: account.clone(), collector: collector.clone(), reach, part };
            if collector.global {
                units.push(unit(Reach::Global { home: home.clone() }, Part::Main));
            } else if collector.collect.list.place.is_some() {
                if !target.regions.is_empty() {
                    units.push(unit(Reach::Spread { home: home.clone() }, Part::Main));
                }
            } else {
                units.extend(target.regions.iter().map(|at| unit(Reach::Region(at.clone()), Part::Main)));
            }
            if collector.regional.is_some() {
                units.extend(target.regions.iter().map(|at| unit(Reach::Region(at.clone()), Part::Regional)));
            }
        }
        units
    }
}
