//! Runs the examples of detections: their events are written as a log, read by the real readers, matched by the
//! real rules, and what comes of it is compared with what the file says.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use haechi_content::detection::DetectionExample;
use haechi_content::{ContentFile, Detection, Detections as Files, Diagnostic, Need};
use haechi_detect::{
    AddressFacts, Builder, Detections, Engine, EngineSettings, Geography, Grades, Intel, Logic, Scanner, Why,
};
use haechi_logs::{Flow, LogFields, Reader, Receiver};
use haechi_model::event::Event;
use haechi_model::{Log, Threat};
use serde_json::Value;

use crate::example_logs::written;

/// What became of one example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExampleOutcome {
    Pass,
    /// What is otherwise than the file says.
    Fail(String),
    /// It could not be run, and why.
    NotRun(String),
}

/// One example of one detection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleRun {
    pub detection: String,
    pub path: String,
    pub name: String,
    pub outcome: ExampleOutcome,
}

/// What came of checking detections.
#[derive(Debug, Clone, Default)]
pub struct DetectionsCheck {
    pub detections: usize,
    pub problems: Vec<Diagnostic>,
    pub examples: Vec<ExampleRun>,
}

impl DetectionsCheck {
    pub fn failures(&self) -> impl Iterator<Item = &ExampleRun> {
        self.examples.iter().filter(|run| run.outcome != ExampleOutcome::Pass)
    }
}

/// Checks detection files and runs their examples. Attack sequences may be made of the threats of `others` too.
pub fn check_detection_files(files: &[ContentFile], others: &Files) -> DetectionsCheck {
    let read = haechi_content::read_detections(files);
    let mut check = check_detections(&read, others);
    check.problems.splice(0..0, read.problems);
    check
}

/// Runs the examples of detections that were read.
pub fn check_detections(read: &Files, others: &Files) -> DetectionsCheck {
    let mut check = DetectionsCheck { detections: read.known.len(), ..DetectionsCheck::default() };
    let mut all: BTreeMap<&str, &Detection> = others.known.iter().map(|(id, one)| (id.as_str(), one)).collect();
    all.extend(read.known.iter().map(|(id, one)| (id.as_str(), one)));
    for detection in read.known.values() {
        match compiled(detection, &all, &Intel::default(), true) {
            Err(problems) => check.problems.extend(problems),
            Ok(_) => check.examples.extend(detection.file.examples.iter().map(|example| ExampleRun {
                detection: detection.file.id.clone(),
                path: detection.path().to_owned(),
                name: example.name.clone(),
                outcome: run(detection, example, &all),
            })),
        }
    }
    check
}

/// The detection and, of an attack sequence, those it is made of. `anyhow`: whatever lists are missing.
fn compiled(
    detection: &Detection,
    all: &BTreeMap<&str, &Detection>,
    intel: &Intel,
    anyhow: bool,
) -> Result<Detections, Vec<Diagnostic>> {
    let mut builder = Builder::new(intel, &LogFields::base).having(Need::Inventory);
    if anyhow {
        builder = Need::ALL.into_iter().fold(builder, Builder::having);
    }
    builder.detection(detection);
    if detection.file.threats.is_some() {
        all.values().filter(|other| other.file.threats.is_none()).for_each(|other| builder.detection(other));
    }
    let detections = builder.build();
    let own = detections.inactive().iter().find(|inactive| inactive.id == detection.file.id);
    match own.map(|inactive| &inactive.why) {
        Some(Why::Refused(problems)) => Err(problems.clone()),
        _ => Ok(detections),
    }
}

/// A threat of this detection, of the first of its examples that finds one.
pub(crate) fn sample_of(detection: &Detection, others: &Files) -> Option<Threat> {
    let mut all: BTreeMap<&str, &Detection> = others.known.iter().map(|(id, one)| (id.as_str(), one)).collect();
    all.insert(&detection.file.id, detection);
    let firing = detection.file.examples.iter().filter(|example| example.expect > 0);
    firing.filter_map(|example| found(detection, example, &all).ok()?.into_iter().next()).next()
}

fn run(detection: &Detection, example: &DetectionExample, all: &BTreeMap<&str, &Detection>) -> ExampleOutcome {
    match found(detection, example, all) {
        Ok(threats) => compare(example, &threats),
        Err(outcome) => outcome,
    }
}

/// The detection's threats in the example's events, the first seen first.
fn found(
    detection: &Detection,
    example: &DetectionExample,
    all: &BTreeMap<&str, &Detection>,
) -> Result<Vec<Threat>, ExampleOutcome> {
    let intel = intel_of(detection, example).map_err(ExampleOutcome::Fail)?;
    let detections = match compiled(detection, all, &intel, false) {
        Ok(detections) => Arc::new(detections),
        Err(problems) => return Err(ExampleOutcome::Fail(problems[0].short())),
    };
    if let Some(inactive) = detections.inactive().iter().find(|inactive| inactive.id == detection.file.id)
        && let Why::Needs(needs) = &inactive.why
    {
        let needs: Vec<_> = needs.iter().map(|need| need.as_str()).collect();
        return Err(ExampleOutcome::Fail(format!("the example gives no {}", needs.join(", "))));
    }
    if let Some((_, rule)) = detections.rule(&detection.file.id)
        && let Logic::Engine(engine) = &rule.logic
        && !detections.machines().list.iter().any(|machine| *machine.rule == *rule.id)
        && !detections.machines().finds_in_network(&engine.name)
    {
        return Err(ExampleOutcome::NotRun(format!("the engine `{}` is not there yet", engine.name)));
    }
    let log = example.log.or(detection.file.logs.first().copied()).unwrap_or(Log::CloudTrail);
    let text = written(example, log).map_err(ExampleOutcome::Fail)?;
    let threats = threats(&detections, intel, log, &text).map_err(ExampleOutcome::Fail)?;
    let mut grades = Grades::default();
    grades.add(&detection.file);
    let mut threats = threats;
    grades.apply(&mut threats);
    let own = threats.into_iter().filter(|threat| threat.kind == detection.file.id);
    let mut merged: Vec<_> = Threat::merge_all(own).into_values().collect();
    merged.sort_by_key(|threat| (threat.first_seen, threat.id));
    Ok(merged)
}

/// Reads the text and gives what was found in it.
fn threats(detections: &Arc<Detections>, intel: Intel, log: Log, text: &str) -> Result<Vec<Threat>, String> {
    let mut wanted = LogFields::default();
    for log in detections.logs() {
        if let Some(fields) = detections.fields(log) {
            wanted.take(log, fields.clone());
        }
    }
    if detections.wants_flows() {
        wanted.want_flows();
    }
    let mut reader = Reader::of(&wanted);
    let mut looking = Looking { scanner: Scanner::new(detections.clone(), Arc::new(intel)), log, others: 0 };
    let _ = reader.read_bytes(Path::new("example"), text.as_bytes(), &mut looking);
    let Looking { mut scanner, others, .. } = looking;
    let summary = reader.finish();
    if let Some(problem) = summary.problems.first() {
        return Err(format!("the reader refuses it: {problem}"));
    }
    if others > 0 {
        return Err(format!("the reader takes it for another log than {log}"));
    }
    let mut engine = Engine::new(detections.machines(), EngineSettings::default());
    engine.add(scanner.drain());
    Ok(engine.finish())
}

/// Takes what is read, and counts what is of another log.
struct Looking {
    scanner: Scanner,
    log: Log,
    others: usize,
}

impl Receiver for Looking {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self.others += usize::from(event.log() != self.log);
        self.scanner.take(event);
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        self.others += usize::from(self.log != Log::VpcFlow);
        self.scanner.take_flow(flow);
        ControlFlow::Continue(())
    }
}

fn compare(example: &DetectionExample, threats: &[Threat]) -> ExampleOutcome {
    let found = threats.len() as u64;
    if found != example.expect {
        let about: Vec<_> = threats.iter().take(5).map(|threat| threat.entity.id.as_str()).collect();
        let about = if about.is_empty() { String::new() } else { format!(" (about {})", about.join(", ")) };
        return ExampleOutcome::Fail(format!("{} threats are expected, {found} were found{about}", example.expect));
    }
    let Some(first) = threats.first() else {
        return ExampleOutcome::Pass;
    };
    if let Some(entity) = &example.entity
        && *entity != first.entity.id
    {
        return ExampleOutcome::Fail(format!("it is about `{}`, not about `{entity}`", first.entity.id));
    }
    if let Some(count) = example.count
        && count != first.count
    {
        return ExampleOutcome::Fail(format!("it rests on {} events, not on {count}", first.count));
    }
    if let Some(severity) = example.severity
        && severity != first.score
    {
        return ExampleOutcome::Fail(format!("its severity is {}, not {severity}", first.score));
    }
    let kinds: Vec<_> = first.factors.iter().map(|factor| factor.kind.as_str()).collect();
    if let Some(missing) = example.factors.iter().find(|factor| !kinds.contains(&factor.as_str())) {
        return ExampleOutcome::Fail(format!(
            "it does not name the factor `{missing}`; it names: {}",
            kinds.join(", ")
        ));
    }
    ExampleOutcome::Pass
}

/// The example's lists. One that the detection needs and the example does not give is empty.
fn intel_of(detection: &Detection, example: &DetectionExample) -> Result<Intel, String> {
    let mut intel = Intel::default();
    for need in detection.file.needs.iter().filter(|need| need.is_list()) {
        intel.add(*need, "").map_err(|error| error.to_string())?;
    }
    example.items.iter().for_each(|item| intel.own(item));
    for (name, entries) in &example.lists {
        let text = entries.join("\n");
        let added = match Need::ALL.into_iter().find(|need| need.as_str() == name && need.is_list()) {
            Some(need) => intel.add(need, &text),
            None if name == "trusted" => intel.trust(&text),
            None => return Err(format!("there is no list `{name}`")),
        };
        added.map_err(|error| format!("the list `{name}`: {error}"))?;
    }
    if !example.geo.is_empty() || detection.file.needs.iter().any(|need| matches!(need, Need::Geo | Need::Asn)) {
        let mut facts = BTreeMap::new();
        for (address, value) in &example.geo {
            let address = address.parse().map_err(|_| format!("`{address}` is no address"))?;
            facts.insert(address, facts_of(value));
        }
        intel.know(Arc::new(ExampleGeography(facts)));
    }
    Ok(intel)
}

fn facts_of(value: &Value) -> AddressFacts {
    let text = |name: &str| value[name].as_str().map(Into::into);
    AddressFacts {
        country: text("country"),
        city: text("city"),
        latitude: value["latitude"].as_f64(),
        longitude: value["longitude"].as_f64(),
        asn: value["asn"].as_u64().and_then(|number| u32::try_from(number).ok()),
        network: text("network"),
    }
}

/// What an example says of addresses.
struct ExampleGeography(BTreeMap<IpAddr, AddressFacts>);

impl Geography for ExampleGeography {
    fn facts(&self, address: IpAddr) -> AddressFacts {
        self.0.get(&address).cloned().unwrap_or_default()
    }

    fn has_places(&self) -> bool {
        true
    }

    fn has_networks(&self) -> bool {
        true
    }
}
