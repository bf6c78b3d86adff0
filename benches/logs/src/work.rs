//! Haechi's side: reading alone, and reading with all detections and rules.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use haechi_content::{Content, Need, Source};
use haechi_detect::{Builder, Detections, Engine, EngineSettings, Intel, Scanner};
use haechi_logs::{Event, LogFields, Reader, Receiver, Slot, Summary};
use haechi_model::Log;
use haechi_model::event::{Flow, FlowAction};
use serde_json::{Value, json};

/// What a search in CloudTrail asks for: enough to tell who did what, from where, to what.
const FIELDS: [&str; 12] = [
    "userIdentity.type",
    "userIdentity.arn",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.invokedBy",
    "sourceIPAddress",
    "userAgent",
    "errorMessage",
    "requestParameters.bucketName",
    "requestParameters.roleArn",
    "responseElements.credentials.accessKeyId",
    "resources.ARN",
    "additionalEventData.MFAUsed",
];

/// Counts calls that were denied, as DuckDB is asked to.
struct Denied {
    code: Slot,
    groups: BTreeMap<[String; 3], u64>,
}

impl Receiver for Denied {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        if let Some(code) = event.text(self.code)
            && matches!(&*code, "AccessDenied" | "Client.UnauthorizedOperation")
        {
            let group = [event.source().to_owned(), event.name().to_owned(), code.into_owned()];
            *self.groups.entry(group).or_default() += 1;
        }
        ControlFlow::Continue(())
    }
}

fn told(summary: &Summary) -> Result<serde_json::Map<String, Value>> {
    ensure!(summary.problems.is_empty() && summary.duplicates == 0, "{:?}", summary.problems);
    let told = json!({"events": summary.events, "bytes": summary.text_bytes, "packed": summary.packed_bytes});
    Ok(told.as_object().cloned().unwrap_or_default())
}

/// Reads CloudTrail's files, and answers DuckDB's question of them.
pub fn read(files: &[PathBuf], threads: usize) -> Result<Value> {
    let mut wanted = LogFields::default();
    wanted.want(Log::CloudTrail, FIELDS.into_iter().chain(["errorCode"]))?;
    let code = wanted.slot(Log::CloudTrail, "errorCode").expect("wanted above");
    let mut reader = Reader::of(&wanted);
    let mut receivers: Vec<_> = (0..threads).map(|_| Denied { code, groups: BTreeMap::new() }).collect();
    let _ = match &mut *receivers {
        [one] => files.iter().try_for_each(|path| reader.read_file(path, one)),
        many => reader.read_files_on(files, many),
    };
    let mut groups: BTreeMap<[String; 3], u64> = BTreeMap::new();
    for (group, count) in receivers.into_iter().flat_map(|receiver| receiver.groups) {
        *groups.entry(group).or_default() += count;
    }
    let rows: Vec<Value> = groups.into_iter().map(|([source, name, code], n)| json!([source, name, code, n])).collect();
    let mut told = told(&reader.finish())?;
    told.insert("rows".into(), rows.into());
    Ok(told.into())
}

/// Counts refused flows by source and port, as DuckDB is asked to.
#[derive(Default)]
struct Refused(HashMap<(IpAddr, u16), u64>);

impl Receiver for Refused {
    fn event(&mut self, _: &Event<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        if let (FlowAction::Reject, Some(source)) = (flow.action, flow.source) {
            *self.0.entry((source, flow.destination_port)).or_default() += 1;
        }
        ControlFlow::Continue(())
    }
}

/// Reads flow logs, and answers DuckDB's question of them.
pub fn read_flows(files: &[PathBuf], threads: usize) -> Result<Value> {
    let mut wanted = LogFields::default();
    wanted.want_flows();
    let mut reader = Reader::of(&wanted);
    let mut receivers: Vec<_> = (0..threads).map(|_| Refused::default()).collect();
    let _ = match &mut *receivers {
        [one] => files.iter().try_for_each(|path| reader.read_file(path, one)),
        many => reader.read_files_on(files, many),
    };
    let mut groups: HashMap<(IpAddr, u16), u64> = HashMap::new();
    for (group, count) in receivers.into_iter().flat_map(|receiver| receiver.0) {
        *groups.entry(group).or_default() += count;
    }
    let mut told = told(&reader.finish())?;
    told.insert("rows".into(), json!([[groups.len(), groups.values().sum::<u64>()]]));
    Ok(told.into())
}

/// Everything that is looked for: Haechi's detections, and the Sigma rules of a folder.
pub struct Watch {
    detections: Arc<Detections>,
    intel: Arc<Intel>,
    fields: LogFields,
}

impl Watch {
    pub fn new(rules: Option<&Path>) -> Result<Self> {
        Self::with(rules, Intel::default())
    }

    /// With threat lists of so many addresses, networks and domains, which nothing in the corpora is on.
    pub fn listed(rules: Option<&Path>, entries: u32) -> Result<Self> {
        let mut intel = Intel::default();
        let address = |at: u32| std::net::Ipv4Addr::from(0xF000_0000 + at * 16);
        let network = |at: u32| format!("{}{}\n", address(at), if at.is_multiple_of(4) { "/28" } else { "" });
        let (networks, domains): (String, String) =
            (0..entries).map(|at| (network(at), format!("bad{at}.example{}.test\n", at % 997))).unzip();
        for need in [Need::ThreatAddresses, Need::TorExits, Need::CommandAndControlAddresses] {
            intel.add(need, &networks)?;
        }
        for need in [Need::CommandAndControlDomains, Need::MiningDomains, Need::MaliciousDomains] {
            intel.add(need, &domains)?;
        }
        Self::with(rules, intel)
    }

    fn with(rules: Option<&Path>, intel: Intel) -> Result<Self> {
        let base = LogFields::base;
        let mut builder = Builder::new(&intel, &base);
        let content = Content::embedded().detections();
        content.known.values().for_each(|detection| builder.detection(detection));
        for path in rules.map(super::corpus::files).transpose()?.into_iter().flatten() {
            if path.extension().is_some_and(|ending| ending == "yml") {
                builder.sigma(&Source::new(path.display().to_string(), std::fs::read_to_string(&path)?));
            }
        }
        let detections = builder.build();
        let mut fields = LogFields::default();
        fields.want_flows();
        for log in detections.logs() {
            if let Some(known) = detections.fields(log) {
                fields.take(log, known.clone());
            }
        }
        Ok(Self { detections: Arc::new(detections), intel: Arc::new(intel), fields })
    }

    pub fn told(&self) -> Value {
        json!({
            "rules": self.detections.rules().len(),
            "inactive": self.detections.inactive().len(),
            "fields": self.fields.fields(Log::CloudTrail).map_or(0, |fields| fields.len()),
            "asked of every event": self.detections.asked(Log::CloudTrail).0,
        })
    }

    pub fn scanner(&self) -> Scanner {
        Scanner::new(self.detections.clone(), self.intel.clone())
    }

    pub fn engine(&self) -> Engine {
        Engine::new(self.detections.machines(), EngineSettings::default())
    }

    pub fn reader(&self) -> Reader<'_> {
        Reader::of(&self.fields)
    }
}

/// One thread's scanner; what it found goes to the engine now and then.
pub struct Looking<'e> {
    pub scanner: Scanner,
    pub engine: &'e Mutex<Engine>,
}

impl Looking<'_> {
    fn hand_over_if_full(&mut self) {
        if self.scanner.is_full() {
            self.hand_over();
        }
    }

    pub fn hand_over(&mut self) {
        let batch = self.scanner.drain();
        self.engine.lock().unwrap_or_else(PoisonError::into_inner).add(batch);
    }
}

impl Receiver for Looking<'_> {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self.scanner.take(event);
        self.hand_over_if_full();
        ControlFlow::Continue(())
    }

    fn flow(&mut self, flow: &Flow<'_>) -> ControlFlow<()> {
        self.scanner.take_flow(flow);
        self.hand_over_if_full();
        ControlFlow::Continue(())
    }
}

/// Reads logs and looks for everything.
pub fn detect(watch: &Watch, files: &[PathBuf], threads: usize) -> Result<Value> {
    let engine = Mutex::new(watch.engine());
    let mut reader = watch.reader();
    let mut receivers: Vec<_> = (0..threads).map(|_| Looking { scanner: watch.scanner(), engine: &engine }).collect();
    let _ = match &mut *receivers {
        [one] => files.iter().try_for_each(|path| reader.read_file(path, one)),
        many => reader.read_files_on(files, many),
    };
    receivers.iter_mut().for_each(Looking::hand_over);
    drop(receivers);
    let mut told = told(&reader.finish())?;
    let mut engine = engine.into_inner().unwrap_or_else(PoisonError::into_inner);
    told.insert("state".into(), (engine.state_bytes() + engine.open_bytes()).into());
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for threat in engine.finish() {
        *kinds.entry(threat.kind.clone()).or_default() += 1;
    }
    told.insert("threats".into(), kinds.values().sum::<u64>().into());
    told.insert("kinds".into(), json!(kinds));
    told.insert("counters".into(), format!("{:?}", engine.counters()).into());
    told.insert("watched".into(), watch.told());
    Ok(told.into())
}
