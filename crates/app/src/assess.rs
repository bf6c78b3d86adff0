//! Assessing: collect or import into the store, judge what was seen, compare with the run before, report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use haechi_inventory::{Collectors, Extended, ImportSummary, Redacting, Secrets, Sink, Stop, import, import_embedded};
use haechi_model::{
    ConfigurationItem, Coverage, CoverageState, Message, Region, ResourceKey, ResourceType, Severity, Timestamp,
};
use haechi_report::{Code, Report, Source, SourceKind, ThreatReport, Unreadable};
use haechi_store::{Account, AccountState, FindingFilter, ItemFilter, Run, RunInfo, RunKind, RunWriter, Store};
use serde_json::{Value, json};

use crate::error::{Result, UserError};
use crate::judge::{Judging, judge};
use crate::live::LiveRequest;
use crate::moment::moment;
use crate::progress::{Progress, Step};
use crate::record::Collected;
use crate::report_of::{self, Subject, Told};
use crate::rulebook::{Rulebook, parameter_values};
use crate::selection::Selection;
use crate::sink::{Seen, StoreSink};
use crate::sources::{Alone, CodeReader, Sources, add_summary, import_bucket_of, parameters};
use crate::who_changed::read_trails;
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
    pub live: LiveRequest,
    pub packs: Vec<PathBuf>,
    /// `NAME=VALUE` words.
    pub parameters: Vec<String>,
    /// The folder of the `.tf` files from which a plan was made.
    pub source_folder: Option<PathBuf>,
    pub as_of: Option<String>,
    /// CloudTrail files and folders: who changed what.
    pub cloudtrail: Vec<PathBuf>,
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

impl Assessment {
    /// Threats stand beside posture, and count for the exit code as findings do.
    pub(crate) fn with_threats(&mut self, threats: Option<ThreatReport>) {
        self.worst = self.worst.max(threats.as_ref().and_then(haechi_report::threats::worst));
        self.report.threats = threats;
    }
}

/// What the sources gave.
#[derive(Default)]
pub(crate) struct Facts {
    pub seen: Seen,
    pub accounts: Vec<Account>,
    pub organization: Option<String>,
    pub unreadable: Vec<Unreadable>,
    pub code: Code,
    pub missing_members: bool,
    pub interrupted: bool,
    /// What the report calls live accounts.
    pub name: String,
}

/// One assessment on its way: what stays the same from the first call to the report.
pub(crate) struct Pass<'a> {
    pub app: &'a App,
    pub request: &'a AssessRequest,
    pub rulebook: &'a Rulebook,
    /// The moment that is judged.
    pub now: Timestamp,
    pub started: Instant,
    pub before: Option<Run>,
    pub progress: &'a dyn Progress,
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
        let mut assessment = pass.judge_and_report(run, facts, sources)?;
        let mut threats = self.threats_of(example::LOGS, now)?;
        for entry in &mut threats.threats {
            let account = assessment.report.accounts.iter().find(|account| account.id == entry.threat.account);
            entry.account_name = account.and_then(|account| account.name.clone());
            entry.ou_path = account.and_then(|account| account.ou_path.clone());
        }
        assessment.report.threats = Some(threats);
        Ok(assessment)
    }

    /// Judges a live account or files.
    pub async fn assess(&self, request: &AssessRequest, progress: &dyn Progress, stop: &Stop) -> Result<Assessment> {
        let started = Instant::now();
        let now = self.now();
        let packs = if request.packs.is_empty() { &self.settings.packs } else { &request.packs };
        // Wrong words are refused before anything long begins, and before a store is made.
        let sources = Sources::sort(&request.sources)?;
        let (words, parameters) = parameters(&request.parameters, packs, &sources);
        let rulebook = Rulebook::of_packs(&self.content, packs, &parameter_values(&words)?)?;
        if let Some(missing) = request.cloudtrail.iter().find(|path| !path.exists()) {
            return Err(UserError::said("error-source-missing").arg("path", missing.display()).help("advice-source"));
        }
        request.selection.findings()?;
        let as_of = request.as_of.as_ref().map(|text| moment("as-of", text, now)).transpose()?;
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
            // Another moment, and what is not built yet, is judged in a store of its own: today's findings are
            // not touched.
            (Some(_), false) => pass.files(&mut Store::open_in_memory().map_err(in_store)?, sources, parameters, stop),
            (None, false) if !sources.code.is_empty() => {
                pass.files(&mut Store::open_in_memory().map_err(in_store)?, sources, parameters, stop)
            }
            (None, live) => {
                let mut store = self.writable_store()?;
                pass.before = self.last_judged(&store)?;
                let mut assessment = if live {
                    pass.now = self.moment_after(&store, progress)?;
                    pass.live(&mut store, RunKind::Assess, stop).await.map(|(assessment, _)| assessment)?
                } else {
                    pass.files(&mut store, sources, parameters, stop)?
                };
                if !request.cloudtrail.is_empty() && !assessment.interrupted {
                    let detected = self.detect_beside(&request.cloudtrail, progress, stop).await?;
                    assessment.interrupted |= detected.interrupted;
                }
                assessment.with_threats(self.kept_threats(&store, &request.selection)?);
                Ok(assessment)
            }
        }
    }

    pub(crate) fn run_info(
        &self,
        kind: RunKind,
        now: Timestamp,
        sources: Vec<String>,
        selection: &Selection,
    ) -> RunInfo {
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
    /// Collects live accounts and judges them.
    pub(crate) async fn live(self, store: &mut Store, kind: RunKind, stop: &Stop) -> Result<(Assessment, Collected)> {
        let (run, facts, collected) = self.collect(store, kind, stop).await?;
        let sources = vec![Source { kind: SourceKind::Live, name: facts.name.clone() }];
        Ok((self.judge_and_report(run, facts, sources)?, collected))
    }

    fn files(
        self,
        store: &mut Store,
        sources: Sources,
        parameters: BTreeMap<String, String>,
        stop: &Stop,
    ) -> Result<Assessment> {
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
        let into: &mut dyn Sink =
            if request.live.secrets == Secrets::Kept { redacting.inner() } else { &mut redacting };
        let extended = Extended::of(self.app.content.types());
        let summary = import(&sources.config, &extended, into, &mut show, stop);
        let mut summary = summary.map_err(|error| UserError::said("error-read-store").because(error))?;
        for place in &sources.buckets {
            let more = import_bucket_of(&request.live, place, &extended, into, &mut show, stop)?;
            add_summary(&mut summary, more);
        }
        let reader = CodeReader {
            types: self.app.content.types(),
            selection: &request.selection,
            parameters,
            folder: request.source_folder.as_deref(),
            alone: if sources.config.is_empty() && sources.buckets.is_empty() { Alone::Yes } else { Alone::No },
            now,
        };
        let read = reader.read(&sources.code, into)?;
        let mut facts = Facts { code: read.code, unreadable: read.unreadable, ..Facts::default() };
        let nothing = summary.items == 0 && summary.unreadable.is_empty() && facts.unreadable.is_empty();
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
        if nothing && sources.code.is_empty() {
            let error = UserError::said("error-no-items").arg("names", names.join(", "));
            let error = skipped.iter().fold(error, |error, line| error.because(line));
            return Err(error.help("advice-config-files"));
        }
        facts.seen = sink.finish();
        if let Some(refused) = read.refused.filter(|_| facts.seen.items == 0) {
            return Err(refused);
        }
        let sources = sources.named();
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
        for line in store.coverage_at(at).map_err(in_store)? {
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
        if !request.cloudtrail.is_empty() {
            let summary = read_trails(&mut run, &request.cloudtrail, progress)?;
            facts.unreadable.extend(unread_logs(&summary));
        }
        if !facts.accounts.is_empty() {
            run.put_accounts(&facts.accounts).map_err(in_store)?;
        }
        account_subjects(&mut run, &mut facts.seen, now)?;
        let judging = Judging { rulebook, seen: &facts.seen, app, now, progress };
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
            coverage: facts.seen.incomplete.clone(),
            coverage_beyond: facts.seen.beyond,
            sources,
            unreadable: facts.unreadable.clone(),
            code: std::mem::take(&mut facts.code),
            organization: facts.organization.clone(),
            at: now,
            as_of: request.as_of.as_ref().map(|_| now),
            took_micros: u64::try_from(self.started.elapsed().as_micros()).ok(),
            filter,
            only_changes: request.since == Since::LastRun,
        };
        let (report, worst) = report_of::build(app, run.store(), subject)?;
        run.put_summary(&Told::of(&report, rulebook, &facts.seen, judged.unknown, interrupted).to_value())
            .map_err(in_store)?;
        run.commit(now).map_err(in_store)?;
        let incomplete = facts.is_incomplete();
        Ok(Assessment { report, worst, incomplete, interrupted })
    }
}

impl Facts {
    /// Whether anything could not be collected or read.
    pub fn is_incomplete(&self) -> bool {
        let failed = |line: &Coverage| matches!(line.state, CoverageState::Failed { .. });
        self.seen.beyond.failed > 0
            || self.seen.incomplete.iter().any(failed)
            || self.missing_members
            || !self.unreadable.is_empty()
            || self.interrupted
    }

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

/// What of CloudTrail's files could not be read.
pub(crate) fn unread_logs(summary: &haechi_logs::Summary) -> impl Iterator<Item = Unreadable> {
    summary.problems.iter().map(|problem| Unreadable {
        path: problem.file.display().to_string(),
        line: problem.line,
        column: None,
        reason: Message::new("verbatim").with("text", problem.what.clone()),
    })
}

pub(crate) fn collectors() -> Result<Collectors> {
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

pub(crate) fn missing_member(missing: &haechi_inventory::Missing) -> Unreadable {
    Unreadable {
        path: format!("{} {}", missing.resource_type, missing.path),
        line: None,
        column: None,
        reason: Message::new("member-missing").with("reason", missing.reason.clone()).with("count", missing.resources),
    }
}

/// Account-level rules speak of every account that was seen: one without facts gets a subject that says so.
fn account_subjects(run: &mut RunWriter<'_>, seen: &mut Seen, now: Timestamp) -> Result<()> {
    // Regions whose listings failed, and those among them where the account's own listing did.
    let (mut failed, mut own) = (BTreeSet::new(), BTreeSet::new());
    for line in &seen.incomplete {
        let listing = (line.account_id, line.region.clone());
        if line.resource_type == ResourceType::account() {
            own.insert(listing.clone());
        }
        if !matches!(line.state, CoverageState::Skipped { .. }) {
            failed.insert(listing);
        }
    }
    for account in seen.accounts.clone() {
        let mut regions: BTreeSet<Region> = seen.listings_of(account).into_iter().map(|(region, _)| region).collect();
        regions.insert(Region::global());
        regions.extend(failed.iter().filter(|(of, _)| *of == account).map(|(_, region)| region.clone()));
        let mut made = Vec::new();
        for region in regions {
            let partition = haechi_model::Partition::of_region(region.as_str());
            let key = ResourceKey::of_account(partition, account, region.clone());
            let known = run.store().item(&key).map_err(in_store)?.is_some() || seen.covers(&key);
            if !known && !own.contains(&(account, region)) {
                made.push(account_without_facts(&key, now)?);
            }
            seen.note(&key);
        }
        run.put_items(&made, now).map_err(in_store)?;
    }
    Ok(())
}

fn account_without_facts(key: &ResourceKey, now: Timestamp) -> Result<ConfigurationItem> {
    let item: Value = json!({
        "accountId": key.account_id, "awsRegion": key.region, "resourceType": ResourceType::ACCOUNT, "resourceId": key.resource_id,
        "arn": format!("arn:{}:iam::{}:root", key.partition, key.account_id), "configurationItemCaptureTime": now, "configurationItemStatus": "OK",
        "configuration": {}, "notCollected": {"configuration": "the source does not hold account-level facts"},
    });
    ConfigurationItem::from_value(&item).map_err(UserError::verbatim)
}
