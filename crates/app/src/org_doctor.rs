//! The doctor of an organization: account by account, whether its role can be taken on, whether a trail covers it, and
//! where AWS Config records.

use std::sync::Arc;

use haechi_aws::{Api, ApiError};
use haechi_inventory::Target;
use haechi_model::{Message, Region};
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::App;
use crate::error::Result;
use crate::live::{Access, Entry, LiveRequest, Reach, state_words};
use crate::selection::Selection;

/// Accounts that are looked at together.
const AT_ONCE: usize = 8;

/// What was found in one account.
#[derive(Debug, Default)]
struct Found {
    role: Verdict,
    trail: Verdict,
    recorder: Verdict,
    reasons: Vec<String>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Verdict {
    Good,
    /// In some regions only.
    Partly,
    Missing,
    /// It could not be looked at.
    #[default]
    Unknown,
}

impl Verdict {
    fn id(self) -> &'static str {
        match self {
            Self::Good => "doctor-good",
            Self::Partly => "doctor-partly",
            Self::Missing => "doctor-missing",
            Self::Unknown => "doctor-unknown",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Partly => "partly",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

impl App {
    /// One line an account; false when one that is active can't be entered.
    pub async fn doctor_organization(
        &self,
        request: &LiveRequest,
        selection: &Selection,
    ) -> Result<(Table, Value, bool)> {
        let live = self.live(request, selection, self.now()).await?;
        let mut waiting = JoinSet::new();
        let mut found: Vec<(usize, Found)> = Vec::new();
        for at in 0..live.reach.entries.len() {
            if waiting.len() >= AT_ONCE
                && let Some(Ok(done)) = waiting.join_next().await
            {
                found.push(done);
            }
            waiting.spawn(examine(live.reach.clone(), at));
        }
        while let Some(Ok(done)) = waiting.join_next().await {
            found.push(done);
        }
        found.sort_by_key(|(at, _)| *at);
        let all_entered = found.iter().all(|(at, found)| {
            found.role == Verdict::Good || matches!(live.reach.entries[*at].access, Access::Closed(_))
        });
        let entries = found.iter().map(|(at, found)| (&live.reach.entries[*at], found));
        let values = entries.clone().map(|(entry, found)| value(entry, found)).collect();
        Ok((table(entries), Value::Array(values), all_entered))
    }
}

fn value(entry: &Entry, found: &Found) -> Value {
    json!({
        "accountId": entry.account, "name": entry.name, "ouPath": entry.ou_path, "role": found.role.word(),
        "trail": found.trail.word(), "recorder": found.recorder.word(), "reasons": found.reasons,
    })
}

fn table<'a>(entries: impl Iterator<Item = (&'a Entry, &'a Found)>) -> Table {
    let verdict = |verdict: Verdict| Cell::Message(Message::new(verdict.id()));
    let rows = entries.map(|(entry, found)| {
        vec![
            Cell::Text(entry.account.to_string()),
            Cell::Text(entry.name.clone().unwrap_or_default()),
            Cell::Text(entry.ou_path.clone().unwrap_or_default()),
            verdict(found.role),
            verdict(found.trail),
            verdict(found.recorder),
            Cell::Text(found.reasons.join("; ")),
        ]
    });
    Table {
        columns: vec![
            Column::new("accountId", "column-account", Fit::Whole),
            Column::new("name", "column-account-name", Fit::End),
            Column::new("ouPath", "column-ou", Fit::End),
            Column::new("role", "column-role", Fit::Whole),
            Column::new("trail", "column-trail", Fit::Whole),
            Column::new("recorder", "column-recorder", Fit::Whole),
            Column::new("reasons", "column-reason", Fit::End),
        ],
        rows: rows.collect(),
        empty: Message::new("list-nothing"),
        notes: Vec::new(),
    }
}

async fn examine(reach: Arc<Reach>, at: usize) -> (usize, Found) {
    let mut found = Found::default();
    let entry = &reach.entries[at];
    match reach.target(entry).await {
        Ok(Some(target)) => {
            found.role = Verdict::Good;
            trail(&target, &mut found).await;
            recorder(&target, &mut found).await;
        }
        Ok(None) => {
            if let Access::Closed(state) = &entry.access {
                found.reasons.push(state_words(*state).to_owned());
            }
        }
        Err(gap) => {
            found.role = Verdict::Missing;
            found.reasons.push(format!("{} {}: {}", gap.operation, gap.code, gap.message));
        }
    }
    (at, found)
}

/// A trail that covers all regions and is logging: the account's own, or the organization's.
async fn trail(target: &Target, found: &mut Found) {
    let Some(region) = target.regions.first() else { return };
    let result = trails(&*target.api, region).await;
    match result {
        Ok(verdict) => found.trail = verdict,
        Err(error) => found.reasons.push(error.to_string()),
    }
}

async fn trails(api: &dyn Api, region: &Region) -> std::result::Result<Verdict, ApiError> {
    let answer =
        api.call("cloudtrail", region.as_str(), "DescribeTrails", json!({"includeShadowTrails": true})).await?;
    let mut verdict = Verdict::Missing;
    for trail in answer["trailList"].as_array().into_iter().flatten() {
        let Some(arn) = trail["TrailARN"].as_str() else { continue };
        let home = trail["HomeRegion"].as_str().unwrap_or(region.as_str());
        let status = api.call("cloudtrail", home, "GetTrailStatus", json!({"Name": arn})).await?;
        if status["IsLogging"] != json!(true) {
            continue;
        }
        if trail["IsMultiRegionTrail"] == json!(true) {
            return Ok(Verdict::Good);
        }
        verdict = Verdict::Partly;
    }
    Ok(verdict)
}

/// Where AWS Config records all that it supports.
async fn recorder(target: &Target, found: &mut Found) {
    let (mut recording, mut without) = (0, Vec::new());
    for region in &target.regions {
        let status = target.api.call("config", region.as_str(), "DescribeConfigurationRecorderStatus", json!({})).await;
        match status {
            Ok(answer) => {
                let recorders = answer["ConfigurationRecordersStatus"].as_array();
                if recorders.into_iter().flatten().any(|recorder| recorder["recording"] == json!(true)) {
                    recording += 1;
                } else {
                    without.push(region.to_string());
                }
            }
            Err(error) => return found.reasons.push(error.to_string()),
        }
    }
    found.recorder = match (recording, without.is_empty()) {
        (0, _) => Verdict::Missing,
        (_, true) => Verdict::Good,
        (_, false) => Verdict::Partly,
    };
    if found.recorder == Verdict::Partly {
        found.reasons.push(format!("AWS Config: {}", without.join(", ")));
    }
}
