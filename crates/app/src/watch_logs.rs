//! What the recorder that stays does beside recording: it looks for threats in what is new in the logs, tells of them,
//! and takes back responses whose time is up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use haechi_inventory::Stop;
use haechi_model::{FindingId, Message, Severity, Timestamp};
use haechi_respond::Phase;
use serde_json::{Value, json};

use crate::App;
use crate::detect::{DetectRequest, Detected};
use crate::error::{Result, UserError};
use crate::log_sources::LogRequest;
use crate::progress::Progress;
use crate::respond::{ActAs, short};
use crate::respond_run::Hand;
use crate::watch::PassLine;

/// After the first pass, events and objects that are older are passed over: listing all that a trail ever wrote takes
/// long, and CloudTrail delivers within minutes.
const RECENT: &str = "7d";
/// How long a pass goes on sending notices; the rest waits for the next one.
const SENDING: Duration = Duration::from_secs(30);
/// Threats that are known to be told; of more, some are told again.
const KNOWN: usize = 100_000;

/// The logs of a recorder, and what of them was told.
pub(crate) struct LogPasses {
    request: DetectRequest,
    act: ActAs,
    /// By threat: how it was when it was told.
    known: HashMap<FindingId, (u64, Timestamp)>,
    /// What could not be taken back, and why: it is told once.
    failures: BTreeSet<String>,
}

impl LogPasses {
    /// The sources of the flags, else those of the settings.
    pub(crate) fn new(app: &App, sources: &[String], profile: Option<String>) -> Result<Self> {
        let sources = if sources.is_empty() { &app.settings.detect.logs } else { sources };
        if sources.iter().any(|source| source == "-") {
            return Err(UserError::said("error-record-logs-stdin").help("advice-investigate-stdin"));
        }
        let logs = LogRequest { sources: sources.to_vec(), profile: profile.clone(), ..LogRequest::default() };
        let request = DetectRequest { logs, keep: true, ..DetectRequest::default() };
        let respond = &app.settings.respond;
        let act = ActAs { profile, role: respond.role.clone(), external_id: respond.external_id.clone() };
        Ok(Self { request, act, known: HashMap::new(), failures: BTreeSet::new() })
    }

    /// One pass over what is new. Without logs only responses are looked at.
    pub(crate) async fn pass(
        &mut self,
        app: &App,
        progress: &dyn Progress,
        told: &mut (dyn FnMut(PassLine) + Send),
        stop: &Stop,
    ) -> Result<()> {
        self.lift(app, told, stop).await?;
        if self.request.logs.sources.is_empty() || stop.is_stopped() {
            return Ok(());
        }
        let at = app.now();
        let detected = app.detect(&self.request, progress, stop).await?;
        if detected.interrupted {
            return Ok(());
        }
        self.request.logs.since = Some(RECENT.to_owned());
        let sent = match app.settings.notify.is_empty() {
            true => None,
            false => Some(app.notify(&detected.report, SENDING, stop).await?),
        };
        if let Some(line) = self.line(at, &detected, sent.unwrap_or_default()) {
            told(line);
        }
        Ok(())
    }

    /// What the pass came to; none when there was nothing new.
    fn line(&mut self, at: Timestamp, detected: &Detected, sent: crate::Notified) -> Option<PassLine> {
        let read = &detected.report.read;
        let mut fresh = Vec::new();
        let open = detected.report.threats.iter().filter(|entry| entry.suppression.is_none());
        for threat in open.map(|entry| &entry.threat) {
            let state = (threat.count, threat.last_seen);
            if self.known.get(&threat.id) == Some(&state) {
                continue;
            }
            if self.known.len() >= KNOWN {
                self.known.clear();
            }
            self.known.insert(threat.id, state);
            fresh.push(threat);
        }
        let unreadable = read.unreadable.len();
        if read.files == 0 && fresh.is_empty() && unreadable == 0 {
            return None;
        }
        let of = |severity: Severity| fresh.iter().filter(|threat| threat.severity() == severity).count();
        let events: u64 = read.events.values().sum();
        let said = Message::new("watch-detected")
            .with("files", read.files)
            .with("events", events)
            .with("threats", fresh.len())
            .with("critical", of(Severity::Critical))
            .with("high", of(Severity::High))
            .with("sent", sent.delivered)
            .with("problems", unreadable);
        let threats: Vec<Value> = fresh
            .iter()
            .map(|threat| {
                json!({
                    "id": threat.id, "type": threat.kind, "score": threat.score, "account": threat.account,
                    "region": threat.region, "entity": threat.entity, "count": threat.count,
                    "firstSeen": threat.first_seen, "lastSeen": threat.last_seen,
                })
            })
            .collect();
        let problems: Vec<_> = read.unreadable.iter().map(|one| &one.path).collect();
        let value = json!({
            "pass": "logs", "at": at, "files": read.files, "known": read.known, "events": read.events,
            "late": read.late, "threats": threats, "unreadable": problems,
            "notices": {"new": sent.new, "delivered": sent.delivered, "waiting": sent.waiting, "dead": sent.dead},
        });
        Some(PassLine { at, said, value })
    }

    /// Takes back the responses whose time is up.
    async fn lift(&mut self, app: &App, told: &mut (dyn FnMut(PassLine) + Send), stop: &Stop) -> Result<()> {
        let due = app.responses_due()?;
        if due.is_empty() {
            return Ok(());
        }
        let at = app.now();
        let hand = Hand { act: &self.act, tell: &|_| {}, stop };
        let (views, errors) = app.respond_undo_due("haechi record", &hand).await?;
        let undone: Vec<_> = views.iter().filter(|view| view.phase == Phase::Undone).collect();
        let errors: BTreeMap<String, &UserError> =
            errors.iter().map(|error| (error.to_string().replace('\n', "; "), error)).collect();
        let fresh: Vec<_> = errors.keys().filter(|error| !self.failures.contains(*error)).cloned().collect();
        self.failures = errors.into_keys().collect();
        if undone.is_empty() && fresh.is_empty() {
            return Ok(());
        }
        let names = |views: &[&crate::PlanView]| views.iter().map(|view| short(&view.stored)).collect::<Vec<_>>();
        let names = names(&undone);
        let said = Message::new("watch-lifted")
            .with("undone", undone.len())
            .with("plans", names.join(", "))
            .with("failed", self.failures.len())
            .with("error", fresh.join("; "));
        told(PassLine {
            at,
            said,
            value: json!({"pass": "responses", "at": at, "undone": names, "errors": self.failures}),
        });
        Ok(())
    }
}
