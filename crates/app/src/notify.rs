//! Notices of threats: kept in the store first, then sent to every destination of the settings until they have
//! arrived. At least once: a notice whose arrival could not be written down is sent again, with the same event id.

use std::sync::Arc;
use std::time::Duration;

use haechi_aws::{Api, Timeouts};
use haechi_inventory::Stop;
use haechi_model::{
    ContentHash, Entity, EntityKind, Message, Partition, Region, Severity, Threat, ThreatOrigin, ThreatScore, Timestamp,
};
use haechi_report::threats::{ThreatEntry, ThreatReport, event_of};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_respond::{Courier, Destination, Patience};
use haechi_store::{NewNotice, NoticeState, Store, StoredNotice, glob_matches};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Result, UserError};
use crate::live::{LiveRequest, client_of};
use crate::{App, in_store};

/// One `[[notify]]` of the settings.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NotifySettings {
    /// `https://...`, `file:PATH`, `sqs:URL`, or the ARN of a queue or topic.
    pub to: String,
    /// Low, medium, high or critical, or GuardDuty's number; left out: every threat.
    pub min_severity: Option<Least>,
    /// Finding types with * and ?; left out: all.
    #[serde(default)]
    pub types: Vec<String>,
    /// The environment variable whose value is sent as the Authorization header.
    pub authorization_env: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Least {
    Word(String),
    Number(f64),
}

/// Settings that are checked.
struct Wanted<'s> {
    destination: Destination,
    least: f64,
    settings: &'s NotifySettings,
}

/// What came of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notified {
    /// Notices that were new.
    pub new: u64,
    pub delivered: u64,
    /// Failed so far; they are sent again by the next run or by `haechi notify retry`.
    pub waiting: u64,
    /// Tried as often as they should be.
    pub dead: u64,
}

/// Notices that are sent one after the other before the store is asked again.
const BATCH: usize = 100;
/// Time for one attempt; nobody waits for a slow server while threats wait.
const ATTEMPT: Timeouts =
    Timeouts { connect: Duration::from_secs(5), read: Duration::from_secs(10), total: Duration::from_secs(15) };

fn severity_number(word: &str) -> Option<f64> {
    match word.parse::<Severity>() {
        Ok(Severity::Critical) => Some(9.0),
        Ok(Severity::High) => Some(7.0),
        Ok(Severity::Medium) => Some(4.0),
        Ok(_) => Some(0.0),
        Err(_) => word.parse().ok().filter(|number| (0.0..=10.0).contains(number)),
    }
}

impl App {
    fn wanted_notices(&self) -> Result<Vec<Wanted<'_>>> {
        let wanted = self.settings.notify.iter().map(|settings| {
            let wrong = |why: &dyn std::fmt::Display| UserError::said("error-notify-settings").because(why);
            let destination = Destination::parse(&settings.to).map_err(|error| wrong(&error))?;
            let least = match &settings.min_severity {
                None => 0.0,
                Some(Least::Number(number)) => *number,
                Some(Least::Word(word)) => severity_number(word)
                    .ok_or_else(|| wrong(&format!("min-severity: `{word}` is neither a severity nor a number")))?,
            };
            Ok(Wanted { destination, least, settings })
        });
        wanted.collect()
    }

    /// Tells the destinations of the settings of threats: keeps the notices, and sends them for at most `wait`.
    /// Suppressed threats are not told. A threat that has grown is told again.
    pub async fn notify(&self, report: &ThreatReport, wait: Duration, stop: &Stop) -> Result<Notified> {
        let wanted = self.wanted_notices()?;
        if wanted.is_empty() {
            return Ok(Notified::default());
        }
        let now = self.now();
        let mut notices = Vec::new();
        for entry in report.threats.iter().filter(|entry| entry.suppression.is_none()) {
            let threat = &entry.threat;
            let fits = |wanted: &&Wanted<'_>| {
                let types = &wanted.settings.types;
                let kind = types.is_empty() || types.iter().any(|glob| glob_matches(glob, &threat.kind));
                kind && threat.score.value() >= wanted.least
            };
            for wanted in wanted.iter().filter(fits) {
                let event = event_id(threat);
                let body = event_of(entry, report.detections.get(&threat.kind), &event, now);
                let finding = threat.id.to_string();
                notices.push(NewNotice { destination: wanted.settings.to.clone(), event, finding, body });
            }
        }
        let mut store = self.writable_store()?;
        let new = store.put_notices(&notices, now).map_err(in_store)?;
        let sent = self.deliver(&mut store, &wanted, wait, stop).await?;
        Ok(Notified { new, ..sent })
    }

    /// Sends dead and waiting notices again: those with these numbers, or all.
    pub async fn notify_retry(&self, numbers: &[i64], wait: Duration, stop: &Stop) -> Result<Notified> {
        let wanted = self.wanted_notices()?;
        let mut store = self.existing_store()?;
        let now = self.now();
        let open = store.notices(&[NoticeState::Waiting, NoticeState::Dead], usize::MAX).map_err(in_store)?;
        let numbers: Vec<i64> = match numbers.is_empty() {
            true => open.iter().map(|notice| notice.id).collect(),
            false => numbers.to_vec(),
        };
        for number in numbers {
            store.revive_notice(number, now).map_err(in_store)?;
        }
        self.deliver(&mut store, &wanted, wait, stop).await
    }

    /// Sends what is due, and what becomes due within `wait`.
    async fn deliver(&self, store: &mut Store, wanted: &[Wanted<'_>], wait: Duration, stop: &Stop) -> Result<Notified> {
        let started = std::time::Instant::now();
        let patience = Patience::default();
        let mut courier = None;
        let mut sent = Notified::default();
        'rounds: loop {
            let due = store.due_notices(self.now(), BATCH).map_err(in_store)?;
            for notice in &due {
                if stop.is_stopped() || started.elapsed() > wait.max(Duration::from_secs(1)) {
                    break 'rounds;
                }
                let courier = match &courier {
                    Some(courier) => courier,
                    None => courier.insert(self.courier(store).await?),
                };
                self.send(store, courier, wanted, notice, &patience, &mut sent).await?;
            }
            if !due.is_empty() {
                continue;
            }
            let Some(next) = store.next_notice().map_err(in_store)? else { break };
            let pause =
                Duration::from_micros(next.as_micros().saturating_sub(self.now().as_micros()).max(0).unsigned_abs());
            if stop.is_stopped() || started.elapsed() + pause > wait {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(pause.max(Duration::from_millis(10))) => {}
                () = stop.stopped() => break,
            }
        }
        sent.waiting = store.notices(&[NoticeState::Waiting], usize::MAX).map_err(in_store)?.len() as u64;
        Ok(sent)
    }

    async fn send(
        &self,
        store: &mut Store,
        courier: &Courier,
        wanted: &[Wanted<'_>],
        notice: &StoredNotice,
        patience: &Patience,
        sent: &mut Notified,
    ) -> Result<()> {
        let to = &notice.notice.destination;
        let outcome = match Destination::parse(to) {
            Ok(destination) => {
                let authorization = wanted.iter().find(|wanted| wanted.settings.to == *to);
                let authorization = authorization.and_then(|wanted| authorization_of(wanted.settings));
                courier.send(&destination, authorization.as_deref(), &notice.notice.body).await
            }
            Err(error) => Err(haechi_respond::Undelivered { why: error.to_string(), retry_after: None }),
        };
        match outcome {
            Ok(()) => {
                sent.delivered += 1;
                store.notice_delivered(notice.id, self.now()).map_err(in_store)
            }
            Err(undelivered) => {
                let pause = patience.pause(notice.attempts + 1, undelivered.retry_after);
                sent.dead += u64::from(pause.is_none());
                let next =
                    pause.map(|pause| self.now().plus_micros(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX / 4)));
                store.notice_failed(notice.id, &undelivered.why, next).map_err(in_store)
            }
        }
    }

    /// AWS is set up only when a waiting notice goes there.
    async fn courier(&self, store: &Store) -> Result<Courier> {
        let waiting = store.notices(&[NoticeState::Waiting], usize::MAX).map_err(in_store)?;
        let to_aws = |notice: &StoredNotice| Destination::parse(&notice.notice.destination).is_ok_and(|to| to.is_aws());
        Ok(self.courier_for(waiting.iter().any(to_aws)).await)
    }

    async fn courier_for(&self, aws: bool) -> Courier {
        if !aws {
            return Courier::new(ATTEMPT, None);
        }
        let client = client_of(&LiveRequest { profile: self.settings.profile.clone(), ..LiveRequest::default() }).await;
        let home = client.region().to_owned();
        Courier::new(ATTEMPT, Some((Arc::new(client) as Arc<dyn Api>, home)))
    }

    /// Sends a sample to every destination once, and says how it went. Nothing is kept.
    pub async fn notify_test(&self) -> Result<(Table, bool)> {
        let wanted = self.wanted_notices()?;
        if wanted.is_empty() {
            return Err(UserError::said("error-notify-none").help("advice-notify-settings"));
        }
        let courier = self.courier_for(wanted.iter().any(|wanted| wanted.destination.is_aws())).await;
        let entry = ThreatEntry {
            threat: sample(self.now())?,
            account_name: None,
            ou_path: None,
            suppression: None,
            assignee: None,
        };
        let event = event_of(&entry, None, &event_id(&entry.threat), self.now());
        let (mut rows, mut good) = (Vec::new(), true);
        for wanted in &wanted {
            let authorization = authorization_of(wanted.settings);
            let outcome = courier.send(&wanted.destination, authorization.as_deref(), &event).await;
            good &= outcome.is_ok();
            let state = if outcome.is_ok() { "notify-delivered" } else { "notify-failed" };
            rows.push(vec![
                Cell::Text(wanted.destination.shown()),
                Cell::Message(Message::new(state)),
                outcome.err().map_or(Cell::Empty, |error| Cell::Text(error.why)),
            ]);
        }
        let table = Table {
            columns: vec![
                Column::new("destination", "column-destination", Fit::Middle),
                Column::new("state", "column-state", Fit::Whole),
                Column::new("error", "column-error", Fit::End),
            ],
            rows,
            empty: Message::new("list-nothing"),
            notes: Vec::new(),
        };
        Ok((table, good))
    }

    /// Notices that have not arrived; with `all`, the others too.
    pub fn notices(&self, all: bool) -> Result<Table> {
        let states: &[NoticeState] = if all { &[] } else { &[NoticeState::Waiting, NoticeState::Dead] };
        let notices = match self.existing_store_or_none()? {
            Some(store) => store.notices(states, usize::MAX).map_err(in_store)?,
            None => Vec::new(),
        };
        let row = |notice: &StoredNotice| {
            let state = match notice.state {
                NoticeState::Waiting => "notify-waiting",
                NoticeState::Delivered => "notify-delivered",
                NoticeState::Dead => "notify-dead",
            };
            let to = &notice.notice.destination;
            vec![
                Cell::Number(notice.id),
                Cell::Message(Message::new(state)),
                Cell::from(notice.state.as_str()),
                Cell::Text(Destination::parse(to).map_or_else(|_| to.clone(), |to| to.shown())),
                Cell::Text(notice.notice.finding.clone()),
                Cell::Text(notice.notice.event.clone()),
                Cell::Number(notice.attempts.into()),
                Cell::Time(notice.made),
                if notice.state == NoticeState::Waiting { Cell::Time(notice.next) } else { Cell::Empty },
                notice.delivered.map_or(Cell::Empty, Cell::Time),
                Cell::from(notice.error.as_deref()),
            ]
        };
        Ok(Table {
            columns: vec![
                Column::new("number", "column-number", Fit::Number),
                Column::new("stateText", "column-state", Fit::Whole),
                Column::new("state", "column-state", Fit::Machine),
                Column::new("destination", "column-destination", Fit::Middle),
                Column::new("finding", "column-id", Fit::Middle),
                Column::new("event", "column-event", Fit::Machine),
                Column::new("attempts", "column-attempts", Fit::Number),
                Column::new("made", "column-made", Fit::Spare),
                Column::new("next", "column-next", Fit::Spare),
                Column::new("delivered", "column-delivered", Fit::Machine),
                Column::new("error", "column-error", Fit::End),
            ],
            rows: notices.iter().map(row).collect(),
            empty: Message::new("list-nothing"),
            notes: Vec::new(),
        })
    }
}

fn authorization_of(settings: &NotifySettings) -> Option<String> {
    settings.authorization_env.as_deref().and_then(|name| std::env::var(name).ok())
}

/// The same for the same state of a threat, so that it is told once; in the form of EventBridge's ids.
fn event_id(threat: &Threat) -> String {
    let parts =
        [threat.id.to_string(), threat.count.to_string(), threat.last_seen.to_string(), threat.score.to_string()];
    let digits = ContentHash::of_parts(parts.iter().map(String::as_str)).to_string();
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// A threat that never was.
fn sample(now: Timestamp) -> Result<Threat> {
    let account = haechi_model::AccountId::parse("123456789012").map_err(UserError::verbatim)?;
    let region = Region::parse("us-east-1").map_err(UserError::verbatim)?;
    let entity = Entity::new(EntityKind::Instance, "i-99999999");
    let kind = "UnauthorizedAccess:EC2/MaliciousIPCaller.Custom";
    Ok(Threat {
        id: Threat::id_of(kind, &entity, &account, &region),
        kind: kind.to_owned(),
        origin: ThreatOrigin::GuardDuty,
        title: "A test of Haechi's notices".to_owned(),
        score: ThreatScore::new(5.0).map_err(UserError::verbatim)?,
        partition: Partition::aws(),
        account,
        region,
        entity,
        others: [Entity::new(EntityKind::Address, "198.51.100.0")].into(),
        message: Message::new("verbatim").with("text", Value::from("A test of Haechi's notices")),
        attack: Vec::new(),
        factors: std::collections::BTreeSet::new(),
        evidence: Vec::new(),
        count: 1,
        first_seen: now,
        last_seen: now,
        related: std::collections::BTreeSet::new(),
        sample: true,
    })
}
