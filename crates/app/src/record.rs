//! Recording: live accounts into the store, with or without a judgement, and what came of it in numbers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use haechi_inventory::{
    CollectSummary, Estimate, LastAccessed, ListingSet, Plan, Stop, collect_accounts, estimate_account,
};
use haechi_model::{CoverageState, Message, Severity, Timestamp};
use haechi_report::{Cell, Column, Fit, Table, Unreadable};
use haechi_store::{Run, RunCounts, RunKind, RunState, RunWriter, Store};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::assess::{AssessRequest, Facts, Pass, collectors, missing_member, unread_logs};
use crate::error::{Result, UserError};
use crate::live::{Access, Live, LiveRequest, Resume, state_words};
use crate::progress::{Collecting, Progress, Step};
use crate::rulebook::{Rulebook, parameter_values};
use crate::selection::Selection;
use crate::sink::StoreSink;
use crate::who_changed::read_trails;
use crate::{App, in_store};

/// What to record.
#[derive(Debug, Clone, Default)]
pub struct RecordRequest {
    pub live: LiveRequest,
    pub selection: Selection,
    pub judging: AfterRecording,
    pub packs: Vec<PathBuf>,
    /// `NAME=VALUE` words.
    pub parameters: Vec<String>,
    /// CloudTrail files and folders: who changed what.
    pub cloudtrail: Vec<PathBuf>,
}

/// Whether what was recorded is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterRecording {
    #[default]
    Judge,
    Nothing,
}

/// What came of recording.
pub struct Recorded {
    pub table: Table,
    pub value: Value,
    /// The worst severity among open findings that no suppression covers.
    pub worst: Option<Severity>,
    pub incomplete: bool,
    pub interrupted: bool,
}

/// What a collection did, and what it cost.
pub(crate) struct Collected {
    summary: CollectSummary,
    accounts: usize,
    regions: usize,
    types: usize,
    calls: u64,
    retries: u64,
    throttles: u64,
    /// What changed by what AWS answered. Judging adds items of its own, for accounts without facts.
    counts: RunCounts,
}

/// An interrupted run may be gone on with for so long: afterwards its listings are old.
const STILL_FRESH: i64 = 24 * 60 * 60 * 1_000_000;

impl App {
    /// Collects live accounts into the store, and judges them unless told otherwise.
    pub async fn record(&self, request: &RecordRequest, progress: &dyn Progress, stop: &Stop) -> Result<Recorded> {
        let started = Instant::now();
        let values = parameter_values(&request.parameters)?;
        let packs = if request.packs.is_empty() { &self.settings.packs } else { &request.packs };
        let rulebook = Rulebook::of_packs(&self.content, packs, &values)?;
        request.selection.findings()?;
        request.live.types(&collectors()?)?;
        let mut store = self.writable_store()?;
        let now = self.moment_after(&store, progress)?;
        let assess = AssessRequest {
            live: request.live.clone(),
            selection: request.selection.clone(),
            cloudtrail: request.cloudtrail.clone(),
            ..AssessRequest::default()
        };
        let pass = Pass {
            app: self,
            request: &assess,
            rulebook: &rulebook,
            now,
            started,
            before: self.last_judged(&store)?,
            progress,
        };
        let (ended, collected) = match request.judging {
            AfterRecording::Judge => {
                let (assessment, collected) = pass.live(&mut store, RunKind::Record, stop).await?;
                ((assessment.worst, assessment.incomplete, assessment.interrupted), collected)
            }
            AfterRecording::Nothing => {
                let (mut run, mut facts, collected) = pass.collect(&mut store, RunKind::Record, stop).await?;
                if !request.cloudtrail.is_empty() {
                    let summary = read_trails(&mut run, &request.cloudtrail, progress)?;
                    facts.unreadable.extend(unread_logs(&summary));
                }
                let incomplete = facts.is_incomplete();
                run.put_summary(&json!({"interrupted": facts.interrupted})).map_err(in_store)?;
                run.commit(now).map_err(in_store)?;
                ((None, incomplete, facts.interrupted), collected)
            }
        };
        progress.step(Step::Done);
        let (worst, incomplete, interrupted) = ended;
        let seconds = started.elapsed().as_secs_f64();
        let (table, value) = (collected.table(seconds), collected.value(seconds));
        Ok(Recorded { table, value, worst, incomplete, interrupted })
    }

    /// What a run over live accounts will ask: nothing is called but STS, Organizations and the list of regions.
    pub async fn plan(&self, request: &LiveRequest, selection: &Selection) -> Result<(Table, Value)> {
        let collectors = collectors()?;
        let types = request.types(&collectors)?;
        let live = self.live(request, selection, self.now()).await?;
        let mut asked = JoinSet::new();
        let mut found = BTreeMap::new();
        for at in 0..live.reach.entries.len() {
            if asked.len() >= AT_ONCE
                && let Some(Ok((at, target))) = asked.join_next().await
            {
                found.insert(at, target);
            }
            let reach = live.reach.clone();
            asked.spawn(async move { (at, reach.target(&reach.entries[at]).await) });
        }
        while let Some(Ok((at, target))) = asked.join_next().await {
            found.insert(at, target);
        }
        let (mut rows, mut values, mut whole) = (Vec::new(), Vec::new(), Estimate::default());
        for (at, target) in found {
            let entry = &live.reach.entries[at];
            let (estimate, reason) = match target {
                Ok(Some(target)) => {
                    let regions = target.regions.len();
                    (estimate_account(&collectors, &types, regions, target.organization), String::new())
                }
                Ok(None) => match &entry.access {
                    Access::Closed(state) => (Estimate::default(), state_words(*state).to_owned()),
                    _ => (Estimate::default(), String::new()),
                },
                Err(gap) => (Estimate::default(), format!("{}: {}", gap.code, gap.message)),
            };
            whole.add(estimate);
            let name = entry.name.clone().unwrap_or_default();
            let unit = entry.ou_path.clone().unwrap_or_default();
            values.push(json!({
                "accountId": entry.account, "name": entry.name, "ouPath": entry.ou_path, "regions": estimate.regions,
                "listings": estimate.listings, "callsAtLeast": estimate.calls_at_least,
                "reason": (!reason.is_empty()).then_some(&reason),
            }));
            rows.push(vec![
                Cell::Text(entry.account.to_string()),
                Cell::Text(name),
                Cell::Text(unit),
                count(estimate.regions as u64),
                count(estimate.listings as u64),
                count(estimate.calls_at_least as u64),
                Cell::Text(reason),
            ]);
        }
        let mut notes = vec![
            Message::new("plan-total")
                .with("accounts", whole.accounts)
                .with("regions", whole.regions)
                .with("listings", whole.listings)
                .with("calls", whole.calls_at_least),
        ];
        // How many users and roles there are is not known before they are listed.
        let last_accessed = self.last_accessed(request) == LastAccessed::Asked;
        if last_accessed {
            notes.push(Message::new("plan-last-accessed").with("calls", LAST_ACCESSED_CALLS));
        }
        let table = Table {
            columns: vec![
                Column::new("accountId", "column-account", Fit::Whole),
                Column::new("name", "column-account-name", Fit::End),
                Column::new("ouPath", "column-ou", Fit::End),
                Column::new("regions", "column-regions", Fit::Whole),
                Column::new("listings", "column-listings", Fit::Whole),
                Column::new("callsAtLeast", "column-calls", Fit::Whole),
                Column::new("reason", "column-reason", Fit::End),
            ],
            rows,
            empty: Message::new("list-nothing"),
            notes,
        };
        let value = json!({
            "organization": live.organization, "accounts": values, "regions": whole.regions,
            "listings": whole.listings, "callsAtLeast": whole.calls_at_least,
            "callsMoreByPrincipal": last_accessed.then_some(LAST_ACCESSED_CALLS),
        });
        Ok((table, value))
    }

    /// The listings that the interrupted run has completed.
    fn resumed(&self, store: &Store, live: &Live, filters: &Filters, now: Timestamp) -> Result<ListingSet> {
        let live_run = |run: &Run| run.info.sources.first().is_some_and(|source| source == "live");
        let nothing = |why: &str| Err(UserError::said(why).help("advice-resume"));
        let Some(run) = store.runs().map_err(in_store)?.into_iter().find(live_run) else {
            return nothing("error-resume-none");
        };
        // One that was killed still says that it runs; if it does, its lock says so soon enough.
        let cut_short = run.state != RunState::Committed || run.summary["interrupted"] == json!(true);
        if !cut_short {
            return nothing("error-resume-ended");
        }
        if run.info.sources.get(1) != Some(&live.name) || run.info.filters != *filters {
            return nothing("error-resume-other");
        }
        if now.as_micros() - run.info.started.as_micros() > STILL_FRESH {
            return nothing("error-resume-old");
        }
        let mut done = ListingSet::default();
        for line in store.coverage(run.id).map_err(in_store)? {
            if line.coverage.state == CoverageState::Complete {
                done.insert(line.coverage.account_id, &line.coverage.region, &line.coverage.resource_type);
            }
        }
        Ok(done)
    }
}

fn count(number: u64) -> Cell {
    Cell::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

/// What a run was narrowed to.
type Filters = BTreeMap<String, Vec<String>>;

impl AssessRequest {
    fn filters(&self) -> Filters {
        let mut filters = self.selection.described();
        if !self.live.types.is_empty() {
            filters.insert("type".to_owned(), self.live.types.clone());
        }
        filters
    }
}

/// The calls that it takes at least to learn what a user or role accessed: the job is begun and asked for.
const LAST_ACCESSED_CALLS: usize = 2;

/// Accounts that are asked for their regions at the same time.
const AT_ONCE: usize = 8;

impl Pass<'_> {
    /// Collects live accounts as a run of the store, which is left open.
    pub(crate) async fn collect<'s>(
        &self,
        store: &'s mut Store,
        kind: RunKind,
        stop: &Stop,
    ) -> Result<(RunWriter<'s>, Facts, Collected)> {
        let (app, request, now) = (self.app, &self.request.live, self.now);
        let live = tokio::select! {
            live = app.live(request, &self.request.selection, now) => live?,
            () = stop.stopped() => return Err(UserError::said("interrupted")),
        };
        let done = match request.resume {
            Resume::Yes => Some(Arc::new(app.resumed(store, &live, &self.request.filters(), now)?)),
            Resume::No => None,
        };
        let sources = vec!["live".to_owned(), live.name.clone()];
        let mut info = app.run_info(kind, now, sources, &self.request.selection);
        info.filters = self.request.filters();
        info.organization = live.organization.clone();
        let mut run = store.begin_run(info).map_err(in_store)?;
        run.put_accounts(&live.accounts).map_err(in_store)?;
        let (facts, collected) = self.gather(live, done, &mut run, stop).await?;
        Ok((run, facts, collected))
    }

    async fn gather(
        &self,
        live: Live,
        done: Option<Arc<ListingSet>>,
        run: &mut RunWriter<'_>,
        stop: &Stop,
    ) -> Result<(Facts, Collected)> {
        let collectors = collectors()?;
        let types = self.request.live.types(&collectors)?;
        let asked = if types.is_empty() { collectors.len() } else { types.len() };
        let (secrets, last_accessed) = (self.request.live.secrets, self.app.last_accessed(&self.request.live));
        let plan = Plan { secrets, last_accessed, done, types, ..Plan::new(Vec::new(), self.now) };
        let mut sink = StoreSink::new(run, self.now);
        let client = live.client.clone();
        let calls = |client: &haechi_aws::Client| client.statistics().values().map(|service| service.calls).sum();
        let throttles =
            |client: &haechi_aws::Client| client.statistics().values().map(|service| service.throttles).sum();
        let mut show = |state: &haechi_inventory::Progress| {
            let last = state.last.as_ref();
            self.progress.step(Step::Collecting(Collecting {
                accounts_done: state.accounts_done,
                accounts: state.accounts,
                done: state.done,
                total: state.total,
                items: state.items,
                calls: calls(&client),
                throttled: throttles(&client),
                now: last.map(|line| format!("{} {}", line.resource_type, line.region)).unwrap_or_default(),
            }));
        };
        let reach = live.reach.clone();
        let summary = collect_accounts(&collectors, &plan, reach, &mut sink, &mut show, stop).await;
        let summary = summary.map_err(|error| UserError::said("error-collected-store").because(error))?;
        let seen = sink.finish();
        let counts = run.store().run(run.id()).map_err(in_store)?.map(|run| run.counts).unwrap_or_default();
        let regions = seen.regions();
        let note = live.note.map(|note| Unreadable {
            path: "organizations".to_owned(),
            line: None,
            column: None,
            reason: Message::new("verbatim").with("text", note),
        });
        let facts = Facts {
            organization: live.organization,
            missing_members: !summary.missing.is_empty(),
            unreadable: summary.missing.iter().map(missing_member).chain(note).collect(),
            interrupted: summary.interrupted,
            name: live.name,
            seen,
            ..Facts::default()
        };
        let statistics = client.statistics();
        let collected = Collected {
            accounts: live.reach.entries.len(),
            regions,
            types: asked,
            calls: calls(&client),
            throttles: throttles(&client),
            retries: statistics.values().map(|service| service.retries).sum(),
            summary,
            counts,
        };
        Ok((facts, collected))
    }
}

/// One line for listings that failed for the same reason.
struct Reason {
    what: String,
    code: String,
    listings: u64,
    accounts: Vec<String>,
}

/// So many accounts are named behind a reason; of more, the number.
const NAMED: usize = 3;

/// So many reasons for which members are missing are shown in the table.
const MOST_REASONS: usize = 10;

impl Reason {
    fn told(&self) -> Cell {
        let what = format!("{} {}", self.code, self.what);
        if self.accounts.len() > NAMED {
            let said = Message::new("record-failed-in").with("what", what).with("accounts", self.accounts.len());
            return Cell::Message(said);
        }
        Cell::Text(format!("{what} ({})", self.accounts.join(", ")))
    }
}

impl Collected {
    fn accounts_done(&self) -> u64 {
        self.summary.ended
    }

    /// Accounts whose turn did not come, or that the run was stopped in.
    fn waiting(&self) -> u64 {
        let told = self.summary.ended + self.summary.refused.len() as u64 + self.summary.closed.len() as u64;
        (self.accounts as u64).saturating_sub(told)
    }

    /// What is incomplete, by operation and error: forty regions that deny one call are one thing to fix.
    fn reasons(&self) -> Vec<Reason> {
        let mut found: BTreeMap<(String, String), Reason> = BTreeMap::new();
        for line in &self.summary.incomplete {
            let CoverageState::Failed { gap } = &line.state else { continue };
            let what = gap.missing_action.as_ref().unwrap_or(&gap.operation).clone();
            let reason = found.entry((what.clone(), gap.code.clone())).or_insert_with(|| Reason {
                what,
                code: gap.code.clone(),
                listings: 0,
                accounts: Vec::new(),
            });
            reason.listings += 1;
            if !reason.accounts.iter().any(|known| known == line.account_id.as_str()) {
                reason.accounts.push(line.account_id.to_string());
            }
        }
        let mut all: Vec<_> = found.into_values().collect();
        all.iter_mut().for_each(|reason| reason.accounts.sort());
        all.sort_by_key(|reason| std::cmp::Reverse(reason.listings));
        all
    }

    /// Members that calls left out of items, by the reason, with the number of resources; most first.
    fn missing(&self) -> Vec<(&str, u64)> {
        let mut found: BTreeMap<&str, u64> = BTreeMap::new();
        for missing in &self.summary.missing {
            *found.entry(&missing.reason).or_default() += missing.resources;
        }
        let mut all: Vec<_> = found.into_iter().collect();
        all.sort_by_key(|(_, resources)| std::cmp::Reverse(*resources));
        all
    }

    fn table(&self, seconds: f64) -> Table {
        let (mut rows, counts) = (Vec::new(), self.counts);
        let mut line = |id: &str, number: u64, detail: Cell| {
            rows.push(vec![Cell::Message(Message::new(id)), count(number), detail]);
        };
        let summary = &self.summary;
        line("record-accounts", self.accounts_done(), Cell::Empty);
        for (account, gap) in &summary.refused {
            line("record-refused", 1, Cell::Text(format!("{account} {}: {}", gap.code, gap.message)));
        }
        for (account, reason) in &summary.closed {
            line("record-closed", 1, Cell::Text(format!("{account} {reason}")));
        }
        if self.waiting() > 0 {
            line("record-waiting", self.waiting(), Cell::Empty);
        }
        line("record-regions", self.regions as u64, Cell::Empty);
        line("record-types", self.types as u64, Cell::Empty);
        line("record-listings", summary.complete, Cell::Empty);
        if summary.resumed > 0 {
            line("record-resumed", summary.resumed, Cell::Empty);
        }
        for reason in self.reasons() {
            match reason.code.as_str() {
                // Nothing failed: the user stopped before their turn came.
                "Interrupted" => line("record-unlisted", reason.listings, Cell::Empty),
                _ => line("record-failed", reason.listings, reason.told()),
            }
        }
        line("record-skipped", summary.skipped, Cell::Empty);
        line("record-items", summary.items, Cell::Empty);
        for (reason, resources) in self.missing().into_iter().take(MOST_REASONS) {
            line("record-missing", resources, Cell::Text(reason.to_owned()));
        }
        line("record-new", counts.new, Cell::Empty);
        line("record-changed", counts.changed, Cell::Empty);
        line("record-same", counts.same, Cell::Empty);
        line("record-deleted", counts.deleted, Cell::Empty);
        line("record-calls", self.calls, Cell::Empty);
        line("record-throttles", self.throttles, Cell::Empty);
        Table {
            columns: vec![
                Column::new("what", "column-what", Fit::Whole),
                Column::new("count", "column-count", Fit::Whole),
                Column::new("detail", "column-detail", Fit::End),
            ],
            rows,
            empty: Message::new("list-nothing"),
            notes: vec![Message::new("record-took").with("seconds", format!("{seconds:.1}"))],
        }
    }

    fn value(&self, seconds: f64) -> Value {
        let (summary, counts) = (&self.summary, self.counts);
        let refused = summary.refused.iter().map(|(account, gap)| json!({"accountId": account, "reason": gap}));
        let closed = summary.closed.iter().map(|(account, reason)| json!({"accountId": account, "reason": reason}));
        let reasons = self.reasons().into_iter().map(|reason| {
            json!({"what": reason.what, "code": reason.code, "listings": reason.listings, "accounts": reason.accounts})
        });
        let missing = summary.missing.iter().map(|missing| {
            json!({"resourceType": missing.resource_type, "path": missing.path, "reason": missing.reason,
                "resources": missing.resources})
        });
        json!({
            "accounts": self.accounts_done(),
            "refused": refused.collect::<Vec<_>>(),
            "closed": closed.collect::<Vec<_>>(),
            "waiting": self.waiting(),
            "regions": self.regions,
            "types": self.types,
            "listings": {
                "complete": summary.complete, "resumed": summary.resumed, "failed": summary.failed,
                "skipped": summary.skipped, "reasons": reasons.collect::<Vec<_>>(),
            },
            "items": {
                "seen": summary.items, "new": counts.new, "changed": counts.changed, "same": counts.same,
                "deleted": counts.deleted, "missing": missing.collect::<Vec<_>>(),
            },
            "calls": self.calls,
            "retries": self.retries,
            "throttles": self.throttles,
            "interrupted": summary.interrupted,
            "seconds": seconds,
        })
    }
}
