//! Detecting: logs are read, rules and detections look at their events, and what they find is told and, when it is
//! asked for, kept: with the state that the next run goes on from.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use haechi_content::{DetectionFile, Source};
use haechi_detect::{Builder, Detections, Engine, EngineSettings, Grades, Intel, Why};
use haechi_inventory::Stop;
use haechi_logs::{FlowFormat, LogFields, LogName, Problem, Summary};
use haechi_model::{ConfigurationItem, FindingId, Message, ResourceType, Severity, Threat, Timestamp};
use haechi_report::{DetectionInfo, Inactive, LogsRead, NextStep, Suppression, ThreatEntry, ThreatReport, Unreadable};
use haechi_store::{DetectState, ItemFilter, KeptThreats, StoredThreat, ThreatFilter};

use crate::App;
use crate::error::{Result, UserError};
use crate::in_store;
use crate::intel::{self, IntelRequest};
use crate::log_sources::{LogRequest, LogsOpened};
use crate::looking::{Looked, Lookout};
use crate::progress::{Progress, Step};
use crate::shell;

/// What to look at, with what, and what to do with it.
#[derive(Debug, Clone, Default)]
pub struct DetectRequest {
    pub logs: LogRequest,
    /// Files and folders of Sigma rules.
    pub rules: Vec<PathBuf>,
    pub intel: IntelRequest,
    /// The fields of flow logs that have no heading.
    pub flow_format: Option<String>,
    /// Keep the threats and the state in the store, and pass over files that were kept before.
    pub keep: bool,
    /// Which threats are told.
    pub filter: ThreatFilter,
}

/// What came of it.
pub struct Detected {
    pub report: ThreatReport,
    /// The worst severity among threats that no suppression covers.
    pub worst: Option<Severity>,
    /// Something could not be read.
    pub incomplete: bool,
    pub interrupted: bool,
}

/// A rule file of Sigma is small; a folder has no more of them than this.
const LARGEST_RULE: usize = 1 << 20;
const MOST_RULES: usize = 20_000;
/// Hours that an hour stays open for: a hundred years.
const UNHURRIED: i64 = 100 * 366 * 24;

/// The detections and rules, compiled, and what people read about them.
pub(crate) struct Watch {
    pub(crate) detections: Arc<Detections>,
    pub(crate) intel: Arc<Intel>,
    pub(crate) fields: LogFields,
    pub(crate) grades: Grades,
    pub(crate) at_work: Arc<AtWork>,
}

/// What people read about detections and rules: it outlives the compiled ones.
pub(crate) struct AtWork {
    pub(crate) active: u64,
    pub(crate) info: BTreeMap<String, DetectionInfo>,
    pub(crate) inactive: Vec<Inactive>,
    pub(crate) refused: Vec<Unreadable>,
}

impl App {
    /// Compiles what Haechi knows, the user's own content, and Sigma rules.
    pub(crate) fn watch_for(&self, rules: &[PathBuf], request: &IntelRequest) -> Result<Watch> {
        let mut intel = intel::load(&self.settings.intel.with(request))?;
        self.own(&mut intel)?;
        let content = self.content.detections();
        if let Some(problem) = content.problems.first() {
            return Err(UserError::said("error-content").because(problem));
        }
        let base = LogFields::base;
        let mut builder = Builder::new(&intel, &base);
        let (mut info, mut grades) = (BTreeMap::new(), Grades::default());
        for detection in content.known.values() {
            builder.detection(detection);
            grades.add(&detection.file);
            info.insert(detection.file.id.clone(), info_of_file(&detection.file));
        }
        let mut refused = Vec::new();
        for path in rule_files(rules)? {
            match std::fs::read(&path).map_err(|error| error.to_string()) {
                Ok(bytes) if bytes.len() <= LARGEST_RULE => {
                    let name = path.display().to_string();
                    match haechi_content::content::decode(&name, bytes) {
                        Ok(text) => builder.sigma(&Source::new(name, text)),
                        Err(problem) => refused.push(refusal(&problem)),
                    }
                }
                Ok(_) => refused.push(not_read(&path, &format!("it has more than {LARGEST_RULE} bytes"))),
                Err(error) => refused.push(not_read(&path, &error)),
            }
        }
        let detections = builder.build();
        let mut inactive = Vec::new();
        for rule in detections.inactive() {
            match &rule.why {
                Why::Needs(needs) => inactive.push(Inactive {
                    id: rule.id.clone(),
                    needs: needs.iter().map(|need| need.as_str().to_owned()).collect(),
                }),
                Why::Refused(problems) => refused.extend(problems.first().map(refusal)),
            }
        }
        let mut fields = LogFields::default();
        if detections.wants_flows() {
            fields.want_flows();
        }
        for log in detections.logs() {
            if let Some(known) = detections.fields(log) {
                fields.take(log, known.clone());
            }
        }
        let active = detections.rules().len() as u64;
        let at_work = Arc::new(AtWork { active, info, inactive, refused });
        if rules.is_empty() && *request == IntelRequest::default() {
            // Once: with the same settings it is the same.
            let _ = self.at_work.set(Arc::clone(&at_work));
        }
        Ok(Watch { detections: Arc::new(detections), intel: Arc::new(intel), fields, grades, at_work })
    }

    /// Whose the recorded interfaces are; nobody's where nothing was recorded.
    fn own(&self, intel: &mut Intel) -> Result<()> {
        let Some(store) = self.store_if_there()? else { return Ok(()) };
        let Ok(interfaces) = ResourceType::parse("AWS::EC2::NetworkInterface") else { return Ok(()) };
        let each = |item: ConfigurationItem, _| {
            intel.own(&item.to_value());
            ControlFlow::Continue(())
        };
        store.items_of_type(&interfaces, &ItemFilter::default(), each).map_err(in_store)
    }

    /// Looks for threats in logs.
    pub async fn detect(&self, request: &DetectRequest, progress: &dyn Progress, stop: &Stop) -> Result<Detected> {
        let format: Option<FlowFormat> = request
            .flow_format
            .as_deref()
            .map(|text| FlowFormat::parse(text).map_err(|error| UserError::said("error-flow-format").because(error)))
            .transpose()?;
        let watch = self.watch_for(&request.rules, &request.intel)?;
        let sources = self.log_sources(&request.logs).await?;
        let mut store = if request.keep { Some(self.writable_store()?) } else { None };
        let state = store.as_ref().map(|store| store.detect_state()).transpose().map_err(in_store)?;
        let state = state.unwrap_or_default();
        let engine = engine_of(&watch, &state, self.now())?;
        let mut lookout = Lookout::new(&watch, engine, sources.filter(), format, stop);
        let (mut fresh, mut known, mut failed) = (Vec::new(), Known::default(), None);
        let opened = sources
            .each(stop, &mut |input| {
                let (name, size) = input.identity();
                let id = file_id(&name, size);
                if let Some(store) = &store {
                    match store.kept_log(id) {
                        Ok(Some(events)) => {
                            known.files += 1;
                            known.events += events;
                            return ControlFlow::Continue(());
                        }
                        Ok(None) => fresh.push((PathBuf::from(&name), id)),
                        Err(error) => {
                            failed = Some(error);
                            return ControlFlow::Break(());
                        }
                    }
                }
                if lookout.take(input)? {
                    let summary = lookout.summary();
                    let files = summary.files.values().sum();
                    progress.step(Step::Reading { files, items: summary.events, now: name });
                }
                ControlFlow::Continue(())
            })
            .await;
        progress.step(Step::Done);
        if let Some(error) = failed {
            return Err(in_store(error));
        }
        let mut opened = opened?;
        let Looked { mut engine, summary, events, whole: all } = lookout.finish();
        opened.interrupted |= !all;
        let events_of = |(name, id): (PathBuf, _)| (id, events.get(&name).copied().unwrap_or_default());
        let files: Vec<([u8; 16], u64)> = fresh.into_iter().map(events_of).collect();
        let mut threats = Vec::new();
        if let Some(store) = &mut store
            && !opened.interrupted
        {
            // What may still get earlier neighbours stays open: it is told below, and kept by a run to come.
            engine.close_late();
            let mut settled = engine.take();
            watch.grades.apply(&mut settled);
            let body = engine.snapshot();
            let kept = KeptThreats {
                threats: &settled,
                state: Some(&body),
                generation: state.generation,
                files: &files,
                at: self.now(),
            };
            store.keep_threats(&kept).map_err(in_store)?;
            opened.acknowledge().await?;
            // What was known before counts too.
            threats = whole(store, &settled, self.now())?;
        }
        let counters = engine.counters();
        let mut open = engine.finish();
        watch.grades.apply(&mut open);
        threats.extend(open);
        let threats = Threat::merge_all(threats).into_values().collect();
        let read = read_of(&summary, &opened, known, counters.late + counters.future);
        self.told(request, &watch, threats, read, opened.interrupted)
    }

    /// The report of threats that were found now.
    fn told(
        &self,
        request: &DetectRequest,
        watch: &Watch,
        threats: Vec<Threat>,
        read: LogsRead,
        interrupted: bool,
    ) -> Result<Detected> {
        let now = self.now();
        let mut stored: Vec<_> = threats.into_iter().map(StoredThreat::fresh).collect();
        let mut suppressions = BTreeMap::new();
        // Names of accounts and suppressions come from the store where there is one.
        if let Some(store) = self.store_if_there()? {
            store.dress_threats(&mut stored, now).map_err(in_store)?;
            let terms = store.suppressions().map_err(in_store)?;
            suppressions.extend(terms.into_iter().map(|suppression| (suppression.id, suppression.terms)));
        }
        stored.retain(|threat| request.filter.passes(threat));
        let suppressed = stored.iter().filter(|threat| threat.suppression.is_some()).count() as u64;
        let entries: Vec<_> =
            stored.into_iter().map(|stored| entry_of(stored, |id| suppressions.get(&id).map(suppression_of))).collect();
        let incomplete = !read.unreadable.is_empty();
        let mut report = watch.at_work.report(self, now, entries, read);
        report.sources.clone_from(&request.logs.sources);
        report.suppressed = suppressed;
        report.next = next_steps(&report, request);
        let worst = haechi_report::threats::worst(&report);
        Ok(Detected { worst, incomplete, interrupted, report })
    }
}

pub(crate) fn suppression_of(terms: &haechi_store::NewSuppression) -> Suppression {
    Suppression { reason: terms.reason.clone(), owner: terms.owner.clone(), expires: terms.expires }
}

pub(crate) fn entry_of(
    stored: StoredThreat,
    suppression: impl Fn(haechi_store::SuppressionId) -> Option<Suppression>,
) -> ThreatEntry {
    ThreatEntry {
        suppression: stored.suppression.and_then(suppression),
        threat: stored.threat,
        account_name: stored.account_name,
        ou_path: stored.ou_path,
        assignee: stored.assignee,
    }
}

/// What people read about a detection.
pub(crate) fn info_of_file(file: &DetectionFile) -> DetectionInfo {
    DetectionInfo {
        title: file.title.clone(),
        why: file.why.clone(),
        says: file.says.clone(),
        response: file.response.text.clone(),
        playbooks: file.response.playbooks.clone(),
        references: file.references.clone(),
    }
}

impl App {
    /// What is at work without flags: compiled only where nothing was yet.
    pub(crate) fn at_work(&self) -> Result<Arc<AtWork>> {
        match self.at_work.get() {
            Some(known) => Ok(Arc::clone(known)),
            None => Ok(self.watch_for(&[], &IntelRequest::default())?.at_work),
        }
    }
}

impl AtWork {
    /// A report of threats: with the headers of what was found, and what was at work.
    pub(crate) fn report(&self, app: &App, at: Timestamp, threats: Vec<ThreatEntry>, read: LogsRead) -> ThreatReport {
        ThreatReport {
            version: app.version.to_owned(),
            generated_at: at,
            sources: Vec::new(),
            detections: info_of(self, &threats),
            threats,
            active: self.active,
            inactive: self.inactive.clone(),
            refused: self.refused.clone(),
            read,
            suppressed: 0,
            next: Vec::new(),
        }
    }
}

/// The headers of what was found.
fn info_of(at_work: &AtWork, entries: &[ThreatEntry]) -> BTreeMap<String, DetectionInfo> {
    let found = entries.iter().filter_map(|entry| {
        let info = at_work.info.get(&entry.threat.kind)?;
        Some((entry.threat.kind.clone(), info.clone()))
    });
    found.collect()
}

/// The engine as the last run left it, or a new one. Events of more than a day ahead are of clocks that are wrong.
///
/// Files come by account and region as well as by time: an hour is closed when the memory for open ones is used up, or
/// at the end, and not because events of a later one have come.
pub(crate) fn engine_of(watch: &Watch, state: &DetectState, now: Timestamp) -> Result<Engine> {
    let settings = EngineSettings { until: Some(now.plus_days(1)), lateness: UNHURRIED, ..EngineSettings::default() };
    let machines = watch.detections.machines();
    match &state.body {
        Some(body) => Engine::restore(machines, settings, body)
            .map_err(|error| UserError::said("error-detect-state").because(error).help("advice-detect-state")),
        None => Ok(Engine::new(machines, settings)),
    }
}

/// Files of Sigma rules: `.yml` and `.yaml`, also those in folders.
fn rule_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting: Vec<(PathBuf, bool)> = paths.iter().rev().map(|path| (path.clone(), true)).collect();
    while let Some((path, named)) = waiting.pop() {
        let failed = |error: &dyn std::fmt::Display| {
            UserError::said("error-rules-read").arg("path", path.display()).because(error)
        };
        let about = std::fs::metadata(&path).map_err(|error| failed(&error))?;
        if about.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|error| failed(&error))?;
            let mut inside = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<std::io::Result<Vec<_>>>()
                .map_err(|error| failed(&error))?;
            inside.sort_by(|a, b| b.cmp(a));
            waiting.extend(inside.into_iter().map(|path| (path, false)));
        } else if named || path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml") {
            found.push(path);
        }
        if found.len() > MOST_RULES {
            return Err(UserError::said("error-rules-many").arg("most", MOST_RULES));
        }
    }
    Ok(found)
}

fn refusal(problem: &haechi_content::Diagnostic) -> Unreadable {
    Unreadable {
        path: problem.file.to_string(),
        line: problem.position.map(|at| at.line.into()),
        column: problem.position.map(|at| at.column.into()),
        reason: Message::new("verbatim").with("text", problem.message.clone()),
    }
}

fn not_read(path: &Path, why: &str) -> Unreadable {
    Unreadable {
        path: path.display().to_string(),
        line: None,
        column: None,
        reason: Message::new("verbatim").with("text", why),
    }
}

/// What stands for a file that was read: its name and its size. A copy of what AWS delivered is the same file.
pub(crate) fn file_id(name: &str, size: u64) -> [u8; 16] {
    let name = &name.replace('\\', "/");
    let name = LogName::identity(name);
    haechi_model::ContentHash::of_parts(["log", name, &size.to_string()]).bytes()
}

/// The threats of this run as the store has them now: with what earlier runs found of the same.
fn whole(store: &haechi_store::Store, threats: &[Threat], now: Timestamp) -> Result<Vec<Threat>> {
    let ids: std::collections::BTreeSet<FindingId> = threats.iter().map(|threat| threat.id).collect();
    let all = store.threats(&ThreatFilter::default(), now).map_err(in_store)?;
    Ok(all.into_iter().map(|stored| stored.threat).filter(|threat| ids.contains(&threat.id)).collect())
}

/// Files that were read before, and their events.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    files: u64,
    events: u64,
}

/// What was read, for the report.
pub(crate) fn read_of(summary: &Summary, opened: &LogsOpened, known: Known, late: u64) -> LogsRead {
    let unreadable = |problem: &Problem| Unreadable {
        path: problem.file.display().to_string(),
        line: problem.line,
        column: None,
        reason: Message::new("verbatim").with("text", problem.what.clone()),
    };
    let stretches = || summary.coverage.values().flat_map(|regions| regions.values());
    LogsRead {
        files: summary.files.values().sum(),
        packed_bytes: summary.packed_bytes,
        text_bytes: summary.text_bytes,
        events: summary.by_log.clone(),
        duplicates: summary.duplicates,
        late,
        known: known.files,
        known_events: known.events,
        skipped: (summary.skipped.len() + opened.skipped.len()) as u64
            + summary.skipped_unlisted
            + opened.unwanted.values().sum::<u64>(),
        first: stretches().map(|stretch| stretch.first).min(),
        last: stretches().map(|stretch| stretch.last).max(),
        unreadable: summary.problems.iter().chain(&opened.problems).map(unreadable).collect(),
    }
}

/// The commands that lead on from here, best first.
fn next_steps(report: &ThreatReport, request: &DetectRequest) -> Vec<NextStep> {
    let step = |command: String, id: &str| NextStep { command, reason: Message::new(id) };
    let mut steps = Vec::new();
    let worst = report
        .threats
        .iter()
        .filter(|entry| entry.suppression.is_none())
        .max_by_key(|entry| (entry.threat.score, entry.threat.last_seen));
    let sources = shell::words(&request.logs.sources);
    if let Some(entry) = worst {
        let about = &entry.threat;
        let around = about.first_seen;
        let entity = shell::word(&about.entity.id);
        steps.push(step(format!("haechi investigate {entity} --around {around} {sources}"), "next-investigate"));
        if request.keep {
            let id: String = about.id.to_string().chars().take(8).collect();
            steps.push(step(format!("haechi findings show {id}"), "next-show"));
        }
    }
    if !request.keep {
        steps.push(step(format!("haechi detect --keep {sources}"), "next-keep"));
    }
    if !report.inactive.is_empty() {
        steps.push(step("haechi detect list --inactive".to_owned(), "next-inactive"));
    }
    steps
}
