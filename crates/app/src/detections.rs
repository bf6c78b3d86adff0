//! The detections themselves: listed, shown, and tried out by samples.

use haechi_content::Detection;
use haechi_detect::Why;
use haechi_model::{Message, Threat};
use haechi_report::{Cell, Column, Fit, LogsRead, Table, ThreatReport};
use haechi_store::{KeptThreats, StoredThreat, glob_matches};
use serde_json::{Value, json};

use crate::detect::{Watch, entry_of};
use crate::detection_examples::sample_of;
use crate::error::{Result, UserError};
use crate::findings::Lines;
use crate::intel::IntelRequest;
use crate::{App, Page, in_store};

fn wanted(globs: &[String], id: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob_matches(glob, id))
}

impl App {
    /// Every detection, whether it is at work, and what it needs.
    pub fn list_detections(&self, globs: &[String], inactive: bool, intel: &IntelRequest, page: Page) -> Result<Table> {
        let watch = self.watch_for(&[], intel)?;
        let content = self.content.detections();
        let all = content.known.values().filter(|detection| wanted(globs, &detection.file.id));
        let rows: Vec<_> = all.filter_map(|detection| row(&watch, detection, inactive)).collect();
        let (rows, total) = page.of(rows);
        let mut table = Table {
            columns: vec![
                Column::new("score", "detections-column-score", Fit::Whole),
                Column::new("severity", "column-severity", Fit::Whole),
                Column::new("id", "detections-column-id", Fit::Middle),
                Column::new("title", "column-title", Fit::End),
                Column::new("origin", "detections-column-origin", Fit::Machine),
                Column::new("logs", "detections-column-logs", Fit::Machine),
                Column::new("attack", "detections-column-attack", Fit::Spare),
                Column::new("state", "column-status", Fit::Whole),
                Column::new("needs", "detections-column-needs", Fit::Whole),
            ],
            rows,
            empty: Message::new("detections-none"),
            notes: Vec::new(),
        };
        if table.rows.len() < total {
            table.notes.push(Message::new("list-page").with("shown", table.rows.len()).with("total", total));
        }
        Ok(table)
    }

    /// One detection: for people as lines, for machines as its file.
    pub fn show_detection(&self, id: &str) -> Result<(Table, Value)> {
        let content = self.content.detections();
        let Some(detection) = content.known.values().find(|detection| detection.file.id.eq_ignore_ascii_case(id))
        else {
            let error = UserError::said("error-detection-unknown").arg("id", id);
            let meant = haechi_content::nearest(id, content.known.keys().map(String::as_str));
            return Err(match meant {
                Some(meant) => error.help("advice-detection-meant").arg("meant", meant),
                None => error.help("advice-detections"),
            });
        };
        let file = &detection.file;
        let mut lines = Lines::default();
        lines.add("detections-column-id", file.id.as_str());
        lines.add("column-title", Cell::Words(file.title.clone()));
        lines.add("column-severity", Cell::Severity(file.severity.severity()));
        lines.add("detections-column-score", file.severity.to_string().as_str());
        lines.add("column-why", Cell::Words(file.why.clone()));
        let logs = file.logs.iter().map(ToString::to_string).collect();
        lines.add("detections-column-logs", Cell::List(logs));
        let needs = file.needs.iter().map(|need| need.as_str().to_owned()).collect();
        lines.add("detections-column-needs", Cell::List(needs));
        lines.add("detections-column-attack", Cell::List(file.attack.clone()));
        let logic = json!(file);
        for part in ["match", "count", "sequence", "baseline", "volume", "engine", "threats"] {
            if let Some(value) = logic.get(part) {
                lines.add("detections-column-logic", Cell::Json(json!({part: value})));
            }
        }
        lines.add("column-fix", Cell::Words(file.response.text.clone()));
        lines.add("detections-column-playbooks", Cell::List(file.response.playbooks.clone()));
        lines.add("column-references", Cell::List(file.references.clone()));
        Ok((lines.table(), logic))
    }

    /// One threat of every type, marked as a sample: of the first example that fires.
    pub fn samples(&self, globs: &[String], keep: bool) -> Result<ThreatReport> {
        let watch = self.watch_for(&[], &IntelRequest::default())?;
        let content = self.content.detections();
        let now = self.now();
        let mut threats = Vec::new();
        for detection in content.known.values().filter(|detection| wanted(globs, &detection.file.id)) {
            if let Some(threat) = sample_of(detection, &content) {
                threats.push(Threat {
                    sample: true,
                    title: format!("[SAMPLE] {}", threat.title),
                    first_seen: now,
                    last_seen: now,
                    ..threat
                });
            }
        }
        if threats.is_empty() {
            return Err(UserError::said("error-detection-unknown")
                .arg("id", globs.join(", "))
                .help("advice-detections"));
        }
        if keep {
            let mut store = self.writable_store()?;
            let kept = KeptThreats { threats: &threats, state: None, generation: 0, files: &[], at: now };
            store.keep_threats(&kept).map_err(in_store)?;
        }
        let entries = threats.into_iter().map(|threat| entry_of(StoredThreat::fresh(threat), |_| None)).collect();
        Ok(watch.at_work.report(self, now, entries, LogsRead::default()))
    }

    pub fn remove_samples(&self) -> Result<u64> {
        self.existing_store()?.remove_samples().map_err(in_store)
    }
}

fn row(watch: &Watch, detection: &Detection, only_inactive: bool) -> Option<Vec<Cell>> {
    let file = &detection.file;
    let why = watch.detections.inactive().iter().find(|inactive| inactive.id == file.id).map(|inactive| &inactive.why);
    if only_inactive && why.is_none() {
        return None;
    }
    let (state, needs) = match why {
        None => ("detections-active", Vec::new()),
        Some(Why::Needs(needs)) => ("detections-inactive", needs.iter().map(|need| need.as_str().to_owned()).collect()),
        Some(Why::Refused(problems)) => {
            ("detections-refused", problems.iter().take(1).map(|problem| problem.short()).collect())
        }
    };
    Some(vec![
        Cell::Text(file.severity.to_string()),
        Cell::Severity(file.severity.severity()),
        Cell::Text(file.id.clone()),
        Cell::Words(file.title.clone()),
        Cell::Text(json!(file.origin).as_str().unwrap_or_default().to_owned()),
        Cell::List(file.logs.iter().map(ToString::to_string).collect()),
        Cell::List(file.attack.clone()),
        Cell::Message(Message::new(state)),
        if needs.is_empty() { Cell::Empty } else { Cell::List(needs) },
    ])
}
