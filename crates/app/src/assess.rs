//! Assessing: collect or import into the store, judge what was seen, compare with the run before, report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use haechi_inventory::{
    CollectSummary, Collectors, Extended, ImportSummary, Plan, Redacting, Secrets, Sink, Stop, collect, import,
    import_embedded,
};
use haechi_model::{
    ConfigurationItem, Coverage, CoverageState, Message, Region, ResourceKey, ResourceType, Severity, Timestamp,
};
use haechi_report::{Report, Source, SourceKind, Unreadable};
use haechi_store::{Account, AccountState, FindingFilter, ItemFilter, Run, RunInfo, RunKind, RunWriter, Store};
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::judge::{Judging, judge};
use crate::live::{Live, Reach, connect, describe};
use crate::progress::{Progress, Step};
use crate::report_of::{self, Subject, Told};
use crate::rulebook::{Rulebook, parameter_values};
use crate::selection::Selection;
use crate::sink::{Seen, StoreSink};
use crate::{App, in_store};

/// Which part of the findings a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Since {
    /// All that are open, and what this run resolved.
    #[default]
    Ever,
    /// Only what differs from the run before.
    LastRun,
}

/// What to assess, and how.
#[derive(Debug, Clone, Default)]
pub struct AssessRequest {
    /// Config files or folders of them; none: the live account.
    pub sources: Vec<PathBuf>,
    pub profile: Option<String>,
    pub secrets: Secrets,
    pub concurrency: usize,
    pub packs: Vec<PathBuf>,
    /// `NAME=VALUE` words.
    pub parameters: Vec<String>,
    pub as_of: Option<String>,
    pub since: Since,
    pub selection: Selection,
}

/// What came of it.
pub struct Assessment {
    pub report: Report,
    /// The worst severity among open findings that no suppression covers.
    pub worst: Option<Severity>,
    /// Something could not be collected or read.
    pub incomplete: bool,
    pub interrupted: bool,
}

/// What the sources gave.
#[derive(Default)]
struct Facts {
    seen: Seen,
    accounts: Vec<Account>,
    organization: Option<String>,
    unreadable: Vec<Unreadable>,
    missing_members: bool,
    interrupted: bool,
}

/// One assessment on its way: what stays the same from the first call to the report.
struct Pass<'a> {
    app: &'a App,
    request: &'a AssessRequest,
    rulebook: &'a Rulebook,
    /// The moment that is judged.
    now: Timestamp,
    started: Instant,
    before: Option<Run>,
    progress: &'a dyn Progress,
}

/// The example organization's files, embedded.
mod example {
    include!(concat!(env!("OUT_DIR"), "/example.rs"));
}

impl App {
    /// Judges the example organization, as of the moment it was recorded, in a store in memory.
    pub fn demo(&self, progress: &dyn Progress) -> Result<Assessment> {
        let started = Instant::now();
        let now = Timestamp::parse(example::TAKEN).map_err(UserError::verbatim)?;
        let mut store = Store::open_in_memory().map_err(in_store)?;
        let rulebook = Rulebook::of_packs(&self.content, &[], &parameter_values(&[])?)?;
        let mut run = store
            .begin_run(self.run_info(RunKind::Demo, now, vec!["example".to_owned()], &Selection::default()))
            .map_err(in_store)?;
        let extended = Extended::of(self.content.types());
        let mut sink = StoreSink::new(&mut run, now);
        let mut facts = Facts::default();
        let stop = Stop::default();
        let summary =
            import_embedded(example::FILES, &extended, &mut sink, &mut |_| {}, &stop).map_err(UserError::verbatim)?;
        facts.take(summary, now);
        facts.seen = sink.finish();
        let sources = vec![Source { kind: SourceKind::Example, name: String::new() }];
        let request = AssessRequest::default();
        let pass = Pass { app: self, request: &request, rulebook: &rulebook, now, started, before: None, progress };
        pass.judge_and_report(run, facts, sources)
    }

    /// Judges a live account or files.
    pub async fn assess(&self, request: &AssessRequest, progress: &dyn Progress, stop: &Stop) -> Result<Assessment> {
        let started = Instant::now();
        let now = self.now();
        let values = parameter_values(&request.parameters)?;
        let packs = if request.packs.is_empty() { &self.settings.packs } else { &request.packs };
        let rulebook = Rulebook::of_packs(&self.content, packs, &values)?;
        // Wrong words are refused before anything long begins, and before a store is made.
        if let Some(missing) = request.sources.iter().find(|path| !path.exists()) {
            return Err(UserError::said("error-source-missing").arg("path", missing.display()).help("advice-source"));
        }
        request.selection.findings()?;
        let as_of = match &request.as_of {
            Some(text) => Some(
                Timestamp::parse(text)
                    .map_err(|error| UserError::said("error-flag").arg("flag", "as-of").arg("text", error))?,
            ),
            None => None,
        };
        let mut pass = Pass {
            app: self,
            request,
            rulebook: &rulebook,
            now: as_of.unwrap_or(now),
            started,
            before: None,
            progress,
        };
        match (as_of, request.sources.is_empty()) {
            (Some(_), true) => pass.past(),
            // Another moment is judged in a store of its own: today's findings are not touched.
            (Some(_), false) => pass.files(&mut Store::open_in_memory().map_err(in_store)?, stop),
            (None, live) => {
                let mut store = self.writable_store()?;
                pass.before = store.previous_run().map_err(in_store)?;
                if live { pass.live(&mut store, stop).await } else { pass.files(&mut store, stop) }
            }
        }
    }

    fn run_info(&self, kind: RunKind, now: Timestamp, sources: Vec<String>, selection: &Selection) -> RunInfo {
        RunInfo {
            started: now,
            kind,
            organization: None,
            sources,
            filters: selection.described(),
            program_version: self.version.to_owned(),
        }
    }
}

impl Pass<'_> {
    async fn live(self, store: &mut Store, stop: &Stop) -> Result<Assessment> {
        let (request, now) = (self.request, self.now);
        let mut regions = request.selection.regions()?;
        if regions.is_empty() {
            for word in &self.app.settings.regions {
                regions.push(
                    Region::parse(word).map_err(|error| UserError::said("error-settings-regions").because(error))?,
                );
            }
        }
        let reach = Reach {
            profile: request.profile.clone().or_else(|| self.app.settings.profile.clone()),
            regions,
            concurrency: request.concurrency,
        };
        let live = connect(&reach).await?;
        if let Some(other) = request.selection.accounts()?.iter().find(|account| **account != live.target.account) {
            return Err(UserError::said("error-account-other")
                .arg("wanted", other)
                .arg("account", live.target.account)
                .help("advice-account-profile"));
        }
        let (organization, accounts) = describe(&live, now).await;
        let mut info = self.app.run_info(RunKind::Assess, now, vec!["live".to_owned()], &request.selection);
        info.organization = organization.clone();
        let mut run = store.begin_run(info).map_err(in_store)?;
        run.put_accounts(&accounts).map_err(in_store)?;
        let (seen, summary) = self.collect(&live, &mut run, stop).await?;
        let facts = Facts {
            seen,
            organization,
            missing_members: !summary.missing.is_empty(),
            unreadable: summary.missing.iter().map(missing_member).collect(),
            interrupted: summary.interrupted,
            ..Facts::default()
        };
        let name = request.profile.clone().unwrap_or_else(|| live.target.account.to_string());
        let sources = vec![Source { kind: SourceKind::Live, name }];
        self.judge_and_report(run, facts, sources)
    }

    async fn collect(&self, live: &Live, run: &mut RunWriter<'_>, stop: &Stop) -> Result<(Seen, CollectSummary)> {
        let collectors = collectors()?;
        let plan = Plan { secrets: self.request.secrets, ..Plan::new(vec![live.target.clone()], self.now) };
        let mut sink = StoreSink::new(run, self.now);
        let client = live.client.clone();
        let mut show = |state: &haechi_inventory::Progress| {
            let throttled = client.statistics().values().map(|service| service.throttles).sum();
            let now =
                state.last.as_ref().map(|line| format!("{} {}", line.resource_type, line.region)).unwrap_or_default();
            self.progress.step(Step::Collecting {
                done: state.done,
                total: state.total,
                items: state.items,
                throttled,
                now,
            });
        };
        let summary = collect(&collectors, &plan, &mut sink, &mut show, stop).await;
        let summary = summary.map_err(|error| UserError::said("error-collected-store").because(error))?;
        Ok((sink.finish(), summary))
    }

    fn files(self, store: &mut Store, stop: &Stop) -> Result<Assessment> {
        let (request, now) = (self.request, self.now);
        let names: Vec<_> = request.sources.iter().map(|path| path.display().to_string()).collect();
        let mut run = store
            .begin_run(self.app.run_info(RunKind::Assess, now, names.clone(), &request.selection))
            .map_err(in_store)?;
        let mut sink = StoreSink::new(&mut run, now);
        let mut show = |state: &haechi_inventory::ImportProgress| {
            self.progress.step(Step::Reading {
                files: state.files,
                items: state.items,
                now: state.current.display().to_string(),
            });
        };
        // Files hold what AWS Config recorded, secrets too: they are taken out before anything is stored.
        let collectors = collectors()?;
        let mut redacting = Redacting::new(&collectors, &mut sink);
        let into: &mut dyn Sink = if request.secrets == Secrets::Kept { redacting.inner() } else { &mut redacting };
        let summary = import(&request.sources, &Extended::of(self.app.content.types()), into, &mut show, stop);
        let summary = summary.map_err(|error| UserError::said("error-read-store").because(error))?;
        let mut facts = Facts::default();
        let nothing = summary.items == 0 && summary.unreadable.is_empty();
        let skipped = summary
            .skipped
            .iter()
            .take(3)
            .map(|skipped| format!("{}: {}", skipped.path.display(), skipped.reason))
            .collect::<Vec<_>>();
        // Of a folder, what is no file of Config is passed over; a file that was named is missed.
        let named = summary.skipped.iter().filter(|skipped| request.sources.contains(&skipped.path));
        facts.unreadable.extend(named.map(|skipped| Unreadable {
            path: skipped.path.display().to_string(),
            line: None,
            column: None,
            reason: Message::new("verbatim").with("text", skipped.reason.clone()),
        }));
        facts.take(summary, now);
        if nothing {
            let error = UserError::said("error-no-items").arg("names", names.join(", "));
            let error = skipped.iter().fold(error, |error, line| error.because(line));
            return Err(error.help("advice-config-files"));
        }
        facts.seen = sink.finish();
        let sources = names.into_iter().map(|name| Source { kind: SourceKind::Files, name }).collect();
        self.judge_and_report(run, facts, sources)
    }

    /// Judges what the store knows of a moment in the past, in a store of its own.
    fn past(self) -> Result<Assessment> {
        let (request, at) = (self.request, self.now);
        let store = self.app.existing_store()?;
        let mut past = Store::open_in_memory().map_err(in_store)?;
        let mut run = past
            .begin_run(self.app.run_info(RunKind::Assess, at, vec!["store".to_owned()], &request.selection))
            .map_err(in_store)?;
        run.put_accounts(&store.accounts(Some(at)).map_err(in_store)?).map_err(in_store)?;
        let mut sink = StoreSink::new(&mut run, at);
        let filter = ItemFilter {
            accounts: request.selection.accounts()?,
            regions: request.selection.regions()?,
            as_of: Some(at),
            ..ItemFilter::default()
        };
        let mut failed = None;
        for resource_type in store.types().map_err(in_store)? {
            let each = |item: ConfigurationItem, _| match sink.items(vec![item]) {
                Ok(()) => std::ops::ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(UserError::said("error-past-read").because(error));
                    std::ops::ControlFlow::Break(())
                }
            };
            store.items_of_type(&resource_type, &filter, each).map_err(in_store)?;
        }
        if let Some(error) = failed {
            return Err(error);
        }
        for line in store.latest_coverage().map_err(in_store)? {
            sink.coverage(line.coverage).map_err(|error| UserError::said("error-past-read").because(error))?;
        }
        let facts = Facts { seen: sink.finish(), ..Facts::default() };
        if facts.seen.items == 0 {
            return Err(UserError::said("error-past-empty").arg("moment", at).help("advice-past"));
        }
        let sources = vec![Source { kind: SourceKind::Store, name: self.app.store.display().to_string() }];
        self.judge_and_report(run, facts, sources)
    }

    fn judge_and_report(self, mut run: RunWriter<'_>, mut facts: Facts, sources: Vec<Source>) -> Result<Assessment> {
        let Self { app, request, rulebook, now, progress, .. } = self;
        if !facts.accounts.is_empty() {
            run.put_accounts(&facts.accounts).map_err(in_store)?;
        }
        let coverage = std::mem::take(&mut facts.seen.coverage);
        facts.seen = account_subjects(&mut run, facts.seen, &coverage, now)?;
        facts.seen.coverage = coverage;
        let owner_tag = app.settings.owner_tag.as_deref();
        let judging = Judging { rulebook, seen: &facts.seen, owner_tag, now, progress };
        let judged = judge(&mut run, &judging)?;
        progress.step(Step::Done);
        let id = run.id();
        let interrupted = facts.interrupted;
        let filter = findings_filter(request, &sources)?;
        let subject = Subject {
            run: Some(id),
            before: self.before.as_ref(),
            rulebook,
            judged: &judged,
            accounts: &facts.seen.accounts,
            coverage: facts.seen.coverage.clone(),
            sources,
            unreadable: facts.unreadable.clone(),
            organization: facts.organization.clone(),
            at: now,
            as_of: request.as_of.as_ref().map(|_| now),
            took_micros: u64::try_from(self.started.elapsed().as_micros()).ok(),
            filter,
            only_changes: request.since == Since::LastRun,
        };
        let (report, worst) = report_of::build(app, run.store(), subject)?;
        run.put_summary(&Told::of(&report, rulebook, &facts.seen.accounts, judged.unknown).to_value())
            .map_err(in_store)?;
        run.commit(now).map_err(in_store)?;
        let failed = facts.seen.coverage.iter().any(|line| matches!(line.state, CoverageState::Failed { .. }));
        let incomplete = failed || facts.missing_members || !facts.unreadable.is_empty() || interrupted;
        Ok(Assessment { report, worst, incomplete, interrupted })
    }
}

impl Facts {
    fn take(&mut self, summary: ImportSummary, now: Timestamp) {
        self.unreadable.extend(summary.unreadable.iter().map(|unreadable| Unreadable {
            path: unreadable.path.display().to_string(),
            line: unreadable.line,
            column: unreadable.column,
            reason: Message::new("verbatim").with("text", unreadable.reason.clone()),
        }));
        for account in summary.accounts {
            if self.accounts.iter().all(|known| known.id != account.id) {
                self.accounts.push(Account {
                    id: account.id,
                    name: account.name,
                    ou_path: account.ou_path,
                    state: AccountState::Unknown,
                    tags: BTreeMap::new(),
                    as_of: now,
                });
            }
        }
        self.organization = self.organization.take().or(summary.organization);
        self.interrupted |= summary.interrupted;
    }
}

fn collectors() -> Result<Collectors> {
    Collectors::embedded().map_err(|error| UserError::said("error-collector").because(error))
}

/// The findings to list. A live account's global resources belong to the regions that were asked for.
fn findings_filter(request: &AssessRequest, sources: &[Source]) -> Result<FindingFilter> {
    let mut filter = request.selection.findings()?;
    if !filter.regions.is_empty() && sources.iter().any(|source| source.kind == SourceKind::Live) {
        filter.regions.push(Region::global());
    }
    Ok(filter)
}

fn missing_member(missing: &haechi_inventory::Missing) -> Unreadable {
    Unreadable {
        path: format!("{} {}", missing.resource_type, missing.path),
        line: None,
        column: None,
        reason: Message::new("member-missing").with("reason", missing.reason.clone()).with("count", missing.resources),
    }
}

/// Account-level rules speak of every account that was seen: one without facts gets a subject that says so.
fn account_subjects(run: &mut RunWriter<'_>, mut seen: Seen, coverage: &[Coverage], now: Timestamp) -> Result<Seen> {
    let mut wanted: BTreeSet<(haechi_model::AccountId, Region)> =
        seen.accounts.iter().map(|account| (*account, Region::global())).collect();
    wanted.extend(seen.listings().into_iter().map(|(account, region, _)| (account, region)));
    wanted.extend(
        coverage
            .iter()
            .filter(|line| !matches!(line.state, CoverageState::Skipped { .. }))
            .map(|line| (line.account_id, line.region.clone())),
    );
    let mut made = Vec::new();
    for (account, region) in wanted {
        let key = ResourceKey::of_account(haechi_model::Partition::of_region(region.as_str()), account, region.clone());
        let known = run.store().item(&key).map_err(in_store)?.is_some() || seen.covers(&key);
        let failed = coverage
            .iter()
            .any(|line| line.account_id == account && line.region == region && line.resource_type == key.resource_type);
        if !known && !failed {
            made.push(account_without_facts(&key, now)?);
        }
        seen.note(&key);
    }
    run.put_items(&made, now).map_err(in_store)?;
    Ok(seen)
}

fn account_without_facts(key: &ResourceKey, now: Timestamp) -> Result<ConfigurationItem> {
    let item: Value = json!({
        "accountId": key.account_id, "awsRegion": key.region, "resourceType": ResourceType::ACCOUNT, "resourceId": key.resource_id,
        "arn": format!("arn:{}:iam::{}:root", key.partition, key.account_id), "configurationItemCaptureTime": now, "configurationItemStatus": "OK",
        "configuration": {}, "notCollected": {"configuration": "the source does not hold account-level facts"},
    });
    ConfigurationItem::from_value(&item).map_err(UserError::verbatim)
}
