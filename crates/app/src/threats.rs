//! Threats beside posture: those that are kept, those of `--cloudtrail`, and those of the example organization.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use haechi_inventory::Stop;
use haechi_logs::LogFilter;
use haechi_model::{Threat, Timestamp};
use haechi_report::{LogsRead, ThreatReport};
use haechi_store::{DetectState, FindingStatus, Store, StoredThreat};

use crate::App;
use crate::detect::{DetectRequest, Detected, Known, engine_of, entry_of, read_of, suppression_of};
use crate::error::Result;
use crate::in_store;
use crate::intel::IntelRequest;
use crate::log_sources::{LogInput, LogRequest, LogsOpened};
use crate::looking::{Looked, Lookout};
use crate::progress::Progress;
use crate::selection::Selection;

impl App {
    /// The threats that are in the store; none where logs were never looked at.
    pub(crate) fn kept_threats(&self, store: &Store, selection: &Selection) -> Result<Option<ThreatReport>> {
        let now = self.now();
        let mut filter = selection.threats(Vec::new())?;
        let asked = std::mem::take(&mut filter.statuses);
        let mut stored = store.threats(&filter, now).map_err(in_store)?;
        let state = store.detect_state().map_err(in_store)?;
        if stored.is_empty() && state.body.is_none() {
            return Ok(None);
        }
        let suppressed = stored.iter().filter(|threat| threat.suppression.is_some()).count() as u64;
        if !asked.contains(&FindingStatus::Suppressed) {
            stored.retain(|threat| threat.suppression.is_none());
        }
        let terms = store.suppressions().map_err(in_store)?;
        let terms: BTreeMap<_, _> = terms.into_iter().map(|suppression| (suppression.id, suppression.terms)).collect();
        let at_work = self.at_work()?;
        let entries: Vec<_> =
            stored.into_iter().map(|stored| entry_of(stored, |id| terms.get(&id).map(suppression_of))).collect();
        let report = at_work.report(self, now, entries, LogsRead::default());
        Ok(Some(ThreatReport { suppressed, ..report }))
    }

    /// Looks for threats in CloudTrail's files that an assessment was given, and keeps them.
    pub(crate) async fn detect_beside(
        &self,
        paths: &[PathBuf],
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Detected> {
        let sources = paths.iter().map(|path| path.display().to_string()).collect();
        let logs = LogRequest { sources, ..LogRequest::default() };
        self.detect(&DetectRequest { logs, keep: true, ..DetectRequest::default() }, progress, stop).await
    }

    /// The threats in logs that are embedded, as of a moment.
    pub(crate) fn threats_of(&self, logs: &[(&str, &[u8])], now: Timestamp) -> Result<ThreatReport> {
        let watch = self.watch_for(&[], &IntelRequest::default())?;
        let engine = engine_of(&watch, &DetectState::default(), now)?;
        let mut lookout = Lookout::new(&watch, engine, &LogFilter::default(), None, &Stop::default());
        for (name, bytes) in logs {
            let _ = lookout.take(LogInput::Bytes { name: Path::new(name), bytes });
        }
        let Looked { mut engine, summary, .. } = lookout.finish();
        let counters = engine.counters();
        let mut threats = engine.finish();
        watch.grades.apply(&mut threats);
        let threats = Threat::merge_all(threats);
        let entries: Vec<_> =
            threats.into_values().map(|threat| entry_of(StoredThreat::fresh(threat), |_| None)).collect();
        let read = read_of(&summary, &LogsOpened::default(), Known::default(), counters.late + counters.future);
        Ok(watch.at_work.report(self, now, entries, read))
    }
}
