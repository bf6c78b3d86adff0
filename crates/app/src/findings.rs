//! Findings after a run: list them, show one, decide about them.

use std::sync::Arc;

use haechi_content::{DetectionFile, Detections};
use haechi_model::{Finding, FindingId, FindingState, Message, Severity, Timestamp};
use haechi_report::{Cell, Column, Fit, Table};
use haechi_store::{
    Comment, FilterExpression, FindingFilter, FindingStatus, NewSuppression, Store, StoreError, StoredFinding,
    StoredThreat, SuppressionId, ThreatFilter,
};
use serde_json::{Value, json};

use crate::detect::{entry_of, info_of_file};
use crate::error::{Result, UserError};
use crate::selection::Selection;
use crate::{App, Page, in_store};

/// What not to look at, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressRequest {
    pub expression: String,
    pub reason: String,
    pub owner: String,
    pub until: Option<String>,
}

/// A date or a moment in words; a bare date means its end.
pub(crate) fn until(flag: &str, text: &str) -> Result<Timestamp> {
    let moment =
        Timestamp::parse(text).map_err(|error| UserError::said("error-flag").arg("flag", flag).arg("text", error))?;
    Ok(if text.trim().len() == 10 { moment.plus_days(1) } else { moment })
}

impl App {
    pub fn findings(&self, selection: &Selection, page: Page) -> Result<Table> {
        let store = self.existing_store()?;
        let stored = store.findings(&selection.findings()?, self.now()).map_err(in_store)?;
        let mut all: Vec<Listed> = stored.into_iter().map(|stored| Listed::Finding(Box::new(stored))).collect();
        all.extend(self.listed_threats(&store, selection)?.into_iter().map(|threat| Listed::Threat(Box::new(threat))));
        // Threats among findings of the same severity come first: somebody may be at work.
        all.sort_by_key(|one| (std::cmp::Reverse(one.severity()), matches!(one, Listed::Finding(_))));
        let threats = all.iter().any(|one| matches!(one, Listed::Threat(_)));
        let detections = if threats { self.content.detections() } else { Arc::new(Detections::default()) };
        let (rows, total) = page.of(all);
        let shown = rows.len();
        let mut table = Table {
            columns: vec![
                Column::new("severity", "column-severity", Fit::Whole),
                Column::new("shortId", "column-short-id", Fit::Whole),
                Column::new("id", "column-id", Fit::Machine),
                Column::new("rule", "column-rule", Fit::Machine),
                Column::new("title", "column-title", Fit::End),
                Column::new("resource", "column-resource", Fit::Middle),
                Column::new("resourceType", "column-type", Fit::Machine),
                Column::new("resourceId", "column-resource-id", Fit::Machine),
                Column::new("arn", "column-resource", Fit::Machine),
                Column::new("accountId", "column-account", Fit::Machine),
                Column::new("account", "column-account", Fit::Middle),
                Column::new("region", "column-region", Fit::Whole),
                // Without --status all are open: there it would say nothing.
                Column::new(
                    "status",
                    "column-status",
                    if selection.statuses.is_empty() { Fit::Machine } else { Fit::Whole },
                ),
                Column::new("due", "column-due", Fit::Spare),
                Column::new("assignee", "column-assignee", Fit::Spare),
                Column::new("firstSeen", "column-first-seen", Fit::Spare),
            ],
            rows: rows
                .iter()
                .map(|one| match one {
                    Listed::Finding(stored) => self.row(stored),
                    Listed::Threat(threat) => threat_row(threat, &detections),
                })
                .collect(),
            empty: Message::new("list-no-findings"),
            notes: Vec::new(),
        };
        if shown < total {
            table.notes.push(Message::new("list-page").with("shown", shown).with("total", total));
        }
        Ok(table)
    }

    /// One finding in full: for people as lines, for machines as JSON.
    pub fn finding(&self, id: &str) -> Result<(Table, Value)> {
        let store = self.existing_store()?;
        let stored = match store.finding(id, self.now()) {
            Err(StoreError::NotFound { .. }) => return self.threat(&store, id),
            stored => stored.map_err(in_store)?,
        };
        let comments = store.comments(stored.finding.id).map_err(in_store)?;
        let mut value = serde_json::to_value(&stored).unwrap_or_default();
        value["comments"] = json!(comments);
        if let Some(rule) = self.content.rule(&stored.finding.rule) {
            value["title"] = json!(rule.file.title);
            value["why"] = json!(rule.file.why);
            value["fix"] = json!(rule.file.fix);
            value["references"] = json!(rule.file.references);
        }
        Ok((self.finding_lines(&stored, &comments), value))
    }

    /// Threats that the flags let pass: those about rules, tags and controls leave none.
    fn listed_threats(&self, store: &Store, selection: &Selection) -> Result<Vec<StoredThreat>> {
        let of_rules = [&selection.tags, &selection.controls, &selection.rules].iter().any(|words| !words.is_empty());
        if of_rules || !selection.owners.is_empty() {
            return Ok(Vec::new());
        }
        let services = selection.services.iter().map(|service| format!("*:{service}/*")).collect();
        let mut filter = selection.threats(services)?;
        if filter.statuses.is_empty() {
            filter.statuses = vec![FindingStatus::Open];
        }
        store.threats(&filter, self.now()).map_err(in_store)
    }

    /// One threat in full.
    fn threat(&self, store: &Store, id: &str) -> Result<(Table, Value)> {
        let stored = store.threat(id, self.now()).map_err(in_store)?;
        let comments = store.comments(stored.threat.id).map_err(in_store)?;
        let detections = self.content.detections();
        let known = detections.known.get(&stored.threat.kind);
        let info: std::collections::BTreeMap<_, _> =
            known.map(|known| (known.file.id.clone(), info_of_file(&known.file))).into_iter().collect();
        let entry = entry_of(stored.clone(), |_| None);
        let mut value = haechi_report::threats::threat_value(&entry, &info);
        value["suppression"] = json!(stored.suppression);
        value["comments"] = json!(comments);
        if let Some(known) = known {
            value["why"] = json!(known.file.why);
            value["response"] = json!(known.file.response);
            value["references"] = json!(known.file.references);
        }
        Ok((self.threat_lines(&stored, known.map(|known| &known.file), &comments), value))
    }

    fn threat_lines(&self, stored: &StoredThreat, known: Option<&DetectionFile>, comments: &[Comment]) -> Table {
        let threat = &stored.threat;
        let mut lines = Lines::default();
        lines.add("column-id", threat.id.to_string().as_str());
        match known {
            Some(file) => {
                lines.add("column-title", Cell::Words(file.title.clone()));
                let says = file.says.get(self.language);
                let said = haechi_i18n::render_text(self.language, says, &threat.message.args);
                lines.add("column-finding", said.as_str());
                lines.add("column-why", Cell::Words(file.why.clone()));
            }
            None => lines.add("column-title", threat.title.as_str()),
        }
        lines.add("column-severity", Cell::Severity(threat.severity()));
        lines.add("detections-column-score", threat.score.to_string().as_str());
        lines.add("column-status", status_of_threat(stored));
        lines.add("column-rule", threat.kind.as_str());
        lines.add("column-resource", threat.entity.id.as_str());
        lines.add("column-type", threat.entity.kind.as_str());
        let account = threat.account.as_str();
        let name = stored.account_name.as_ref();
        lines.add("column-account", name.map_or(account.to_owned(), |name| format!("{name} ({account})")).as_str());
        lines.add("column-ou", Cell::from(stored.ou_path.as_deref()));
        lines.add("column-region", threat.region.as_str());
        lines.add("column-first-seen", Cell::Time(threat.first_seen));
        lines.add("column-last-seen", Cell::Time(threat.last_seen));
        lines.add("threats-column-count", Cell::Number(i64::try_from(threat.count).unwrap_or(i64::MAX)));
        let catalog = haechi_i18n::Catalog::new(self.language);
        for factor in &threat.factors {
            lines.add("threats-column-factor", haechi_report::threats::factor_words(&catalog, factor).as_str());
        }
        for seen in &threat.evidence {
            let parts = [
                Some(seen.time.to_string()),
                Some(seen.name.clone()),
                seen.principal.clone(),
                seen.address.clone(),
                seen.error.clone(),
                Some(seen.event_id.clone()),
            ];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            lines.add("column-evidence", parts.join(" · ").as_str());
        }
        lines.add("detections-column-attack", Cell::List(threat.attack.clone()));
        let related = threat.related.iter().map(ToString::to_string).collect();
        lines.add("threats-column-related", Cell::List(related));
        if let Some(file) = known {
            lines.add("column-fix", Cell::Words(file.response.text.clone()));
            lines.add("detections-column-playbooks", Cell::List(file.response.playbooks.clone()));
            lines.add("column-references", Cell::List(file.references.clone()));
        }
        lines.add("column-assignee", Cell::from(stored.assignee.as_deref()));
        for comment in comments {
            lines.add("column-comment", format!("{} {}: {}", comment.at.date(), comment.by, comment.text).as_str());
        }
        lines.table()
    }

    fn row(&self, stored: &StoredFinding) -> Vec<Cell> {
        let finding = &stored.finding;
        let subject = &finding.subject;
        let id: String = finding.id.to_string().chars().take(8).collect();
        let account = subject.key.account_id.to_string();
        vec![
            Cell::Severity(finding.severity),
            Cell::Text(id),
            Cell::Text(finding.id.to_string()),
            Cell::Text(finding.rule.clone()),
            // A rule of a pack or of content that is gone has no title: its identifier says most.
            self.content
                .rule(&finding.rule)
                .map_or_else(|| Cell::Text(finding.rule.clone()), |rule| Cell::Words(rule.file.title.clone())),
            Cell::Text(subject.resource_name.clone().unwrap_or_else(|| subject.key.resource_id.to_string())),
            Cell::Text(subject.key.resource_type.to_string()),
            Cell::Text(subject.key.resource_id.to_string()),
            Cell::from(subject.arn.as_deref()),
            Cell::Text(account.clone()),
            Cell::Text(subject.account_name.clone().unwrap_or(account)),
            Cell::Text(subject.key.region.to_string()),
            status_of(stored),
            Cell::Text(finding.due.date()),
            Cell::from(stored.assignee.as_deref()),
            Cell::Text(finding.first_seen.date()),
        ]
    }

    fn finding_lines(&self, stored: &StoredFinding, comments: &[Comment]) -> Table {
        let finding = &stored.finding;
        let subject = &finding.subject;
        let mut lines = Lines::default();
        lines.add("column-id", finding.id.to_string().as_str());
        if let Some(rule) = self.content.rule(&finding.rule) {
            lines.add("column-title", Cell::Words(rule.file.title.clone()));
            let said =
                haechi_i18n::render_text(self.language, rule.file.says.get(self.language), &finding.message.args);
            lines.add("column-finding", said.as_str());
            lines.add("column-why", Cell::Words(rule.file.why.clone()));
        }
        lines.add("column-severity", Cell::Severity(finding.severity));
        lines.add("column-status", status_of(stored));
        lines.add("column-rule", finding.rule.as_str());
        for (name, value) in &finding.parameters {
            lines.add("column-parameter", format!("{name} = {value}").as_str());
        }
        lines.add("column-resource", subject.arn.as_deref().unwrap_or(&subject.key.resource_id));
        lines.add("column-type", subject.key.resource_type.as_str());
        lines.add("column-account", account_of(finding).as_str());
        lines.add("column-ou", Cell::from(subject.ou_path.as_deref()));
        lines.add("column-region", subject.key.region.as_str());
        lines.add("column-owner", Cell::from(subject.owner.as_deref()));
        lines.add("column-first-seen", Cell::Time(finding.first_seen));
        lines.add("column-last-seen", Cell::Time(finding.last_seen));
        lines.add("column-due", Cell::Time(finding.due));
        if finding.reopened > 0 {
            lines.add("column-reopened", Cell::Number(finding.reopened.into()));
        }
        finding.evidence.iter().for_each(|part| lines.add("column-evidence", Cell::Json(part.clone())));
        if let Some(rule) = self.content.rule(&finding.rule) {
            lines.add("column-fix", Cell::Words(rule.file.fix.text.clone()));
            lines.add("column-fix-ssm", Cell::from(rule.file.fix.ssm.as_deref()));
            lines.add("column-fix-calls", Cell::List(rule.file.fix.calls.clone()));
            lines.add("column-references", Cell::List(rule.file.references.clone()));
        }
        lines.add("column-controls", Cell::List(finding.controls.clone()));
        lines.add("column-assignee", Cell::from(stored.assignee.as_deref()));
        for comment in comments {
            lines.add("column-comment", format!("{} {}: {}", comment.at.date(), comment.by, comment.text).as_str());
        }
        lines.table()
    }

    pub fn suppress(&self, request: &SuppressRequest) -> Result<(SuppressionId, usize)> {
        let filter = FilterExpression::parse(&request.expression)
            .map_err(|error| UserError::said("error-filter").because(error).help("advice-filter"))?;
        let expires = request.until.as_deref().map(|text| until("until", text)).transpose()?;
        let now = self.now();
        if expires.is_some_and(|expires| expires <= now) {
            return Err(UserError::said("error-until-past"));
        }
        let mut store = self.existing_store()?;
        let open = store.findings(&FindingFilter::default(), now).map_err(in_store)?;
        let covered = open.iter().filter(|stored| stored.finding.is_open() && filter.matches(&stored.finding)).count();
        let threats = store.threats(&ThreatFilter::default(), now).map_err(in_store)?;
        let covered = covered + threats.iter().filter(|threat| filter.matches_threat(threat)).count();
        let terms = NewSuppression {
            filter,
            reason: request.reason.clone(),
            owner: request.owner.clone(),
            created: now,
            expires,
        };
        let id = store.suppress(&terms).map_err(in_store)?;
        Ok((id, covered))
    }

    pub fn unsuppress(&self, number: i64, by: &str) -> Result<()> {
        self.existing_store()?.unsuppress(SuppressionId::from_number(number), by, self.now()).map_err(in_store)
    }

    pub fn suppressions(&self) -> Result<Table> {
        let now = self.now();
        let all = self.existing_store()?.suppressions().map_err(in_store)?;
        let rows = all.iter().map(|suppression| {
            let state = if suppression.stands_at(now) { "suppression-stands" } else { "suppression-ended" };
            vec![
                Cell::Number(suppression.id.number()),
                Cell::Text(suppression.terms.filter.as_str().to_owned()),
                Cell::Text(suppression.terms.reason.clone()),
                Cell::Text(suppression.terms.owner.clone()),
                suppression.terms.expires.map_or(Cell::Empty, Cell::Time),
                Cell::Message(Message::new(state)),
            ]
        });
        Ok(Table {
            columns: vec![
                Column::new("number", "column-number", Fit::Number),
                Column::new("filter", "column-filter", Fit::Middle),
                Column::new("reason", "column-reason", Fit::End),
                Column::new("owner", "column-owner", Fit::Middle),
                Column::new("expires", "column-expires", Fit::Whole),
                Column::new("state", "column-status", Fit::Whole),
            ],
            rows: rows.collect(),
            empty: Message::new("list-no-suppressions"),
            notes: Vec::new(),
        })
    }

    /// The whole id of a finding or a threat.
    fn finding_id(&self, store: &Store, id: &str) -> Result<FindingId> {
        match store.finding(id, self.now()) {
            Err(StoreError::NotFound { .. }) => {
                store.threat(id, self.now()).map(|stored| stored.threat.id).map_err(in_store)
            }
            stored => stored.map(|stored| stored.finding.id).map_err(in_store),
        }
    }

    pub fn assign(&self, id: &str, assignee: Option<&str>, by: &str) -> Result<()> {
        let mut store = self.existing_store()?;
        let finding = self.finding_id(&store, id)?;
        store.assign(finding, assignee, by, self.now()).map_err(in_store)
    }

    pub fn comment(&self, id: &str, text: &str, by: &str) -> Result<()> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UserError::said("error-comment-empty").help("advice-comment"));
        }
        let mut store = self.existing_store()?;
        let finding = self.finding_id(&store, id)?;
        let comment = Comment { at: self.now(), by: by.to_owned(), text: text.to_owned() };
        store.comment(finding, &comment).map_err(in_store)
    }
}

/// What a list of findings holds.
enum Listed {
    Finding(Box<StoredFinding>),
    Threat(Box<StoredThreat>),
}

impl Listed {
    fn severity(&self) -> Severity {
        match self {
            Listed::Finding(stored) => stored.finding.severity,
            Listed::Threat(stored) => stored.threat.severity(),
        }
    }
}

/// A threat in the columns of findings.
fn threat_row(stored: &StoredThreat, detections: &Detections) -> Vec<Cell> {
    let threat = &stored.threat;
    let id: String = threat.id.to_string().chars().take(8).collect();
    let entity = threat.entity.id.as_str();
    let short = if entity.starts_with("arn:") { entity.rsplit(':').next().unwrap_or(entity) } else { entity };
    let account = threat.account.to_string();
    let due = threat.last_seen.plus_days(threat.severity().due_days());
    vec![
        Cell::Severity(threat.severity()),
        Cell::Text(id),
        Cell::Text(threat.id.to_string()),
        Cell::Text(threat.kind.clone()),
        detections
            .known
            .get(&threat.kind)
            .map_or_else(|| Cell::Text(threat.title.clone()), |known| Cell::Words(known.file.title.clone())),
        Cell::Text(short.to_owned()),
        Cell::Text(threat.entity.kind.to_string()),
        Cell::Text(entity.to_owned()),
        Cell::from(Some(entity).filter(|entity| entity.starts_with("arn:"))),
        Cell::Text(account.clone()),
        Cell::Text(stored.account_name.clone().unwrap_or(account)),
        Cell::Text(threat.region.to_string()),
        status_of_threat(stored),
        Cell::Text(due.date()),
        Cell::from(stored.assignee.as_deref()),
        Cell::Text(threat.first_seen.date()),
    ]
}

fn status_of_threat(stored: &StoredThreat) -> Cell {
    Cell::Message(Message::new(if stored.suppression.is_some() { "status-suppressed" } else { "status-open" }))
}

fn account_of(finding: &Finding) -> String {
    let id = finding.subject.key.account_id.as_str();
    finding.subject.account_name.as_ref().map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
}

fn status_of(stored: &StoredFinding) -> Cell {
    Cell::Message(Message::new(match (&stored.finding.state, stored.suppression) {
        (FindingState::Open, None) => "status-open",
        (FindingState::Open, Some(_)) => "status-suppressed",
        (FindingState::Resolved { .. }, _) => "status-resolved",
    }))
}

/// A thing in full, as named lines.
#[derive(Default)]
pub(crate) struct Lines(Vec<(&'static str, Cell)>);

impl Lines {
    /// Adds a line, unless there is nothing to say.
    pub fn add(&mut self, title: &'static str, cell: impl Into<Cell>) {
        let cell = cell.into();
        let empty = matches!(&cell, Cell::Empty) || matches!(&cell, Cell::List(list) if list.is_empty());
        if !empty {
            self.0.push((title, cell));
        }
    }

    pub fn table(self) -> Table {
        let mut last = "";
        let rows = self.0.into_iter().map(|(title, cell)| {
            // A title that stands above need not stand again.
            let shown = if title == last { Cell::Empty } else { Cell::Message(Message::new(title)) };
            last = title;
            vec![shown, cell]
        });
        Table {
            columns: vec![
                Column::new("name", "column-name", Fit::Whole),
                Column::new("value", "column-value", Fit::Wrap),
            ],
            rows: rows.collect(),
            empty: Message::new("list-nothing"),
            notes: Vec::new(),
        }
    }
}
