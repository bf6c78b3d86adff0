//! OCSF: an array of Compliance Findings (class 2003), and of Detection Findings (2004) of threats, of schema version
//! 1.3.0, with the cloud and datetime profiles. English, as the schema's captions are.

use std::io::{self, Write};

use haechi_model::{Finding, FindingState, Severity, Timestamp};
use serde_json::{Map, Value, json};

use super::Tongues;
use super::json::sorted;
use crate::input::{Change, FindingEntry, Report};
use crate::threats;
use crate::words::Words;

const VERSION: &str = "1.3.0";
const CLASS: u64 = 2003;

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let tongues = Tongues::new(report);
    out.write_all(b"[")?;
    for (at, entry) in sorted(report).into_iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &event(entry, tongues.english()))?;
    }
    if let Some(threats) = &report.threats {
        threats::write_ocsf_rows(threats, report.findings.is_empty(), out)?;
    }
    out.write_all(b"\n]\n")
}

fn event<'r>(entry: &'r FindingEntry, words: &Words<'r>) -> Value {
    let finding = &entry.finding;
    let (activity, activity_name) = match entry.change {
        Change::New => (1, "Create"),
        Change::Still | Change::Reopened => (2, "Update"),
        Change::Resolved => (3, "Close"),
    };
    let (severity, severity_name) = severity(finding.severity);
    let (status, status_name) = status(entry);
    let at = match &finding.state {
        FindingState::Open => finding.last_seen,
        FindingState::Resolved { resolved_at, .. } => *resolved_at,
    };
    json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Compliance Finding: {activity_name}"),
        "time": millis(at),
        "time_dt": at,
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "message": words.sentence(finding),
        "metadata": metadata(entry, words),
        "cloud": cloud(finding, words),
        "resources": [resource(finding)],
        "finding_info": finding_info(entry, words),
        "compliance": compliance(entry),
        "remediation": remediation(finding, words),
        "unmapped": unmapped(entry),
    })
}

fn metadata(entry: &FindingEntry, words: &Words<'_>) -> Value {
    let meta = &words.report.meta;
    json!({
        "version": VERSION,
        "uid": entry.finding.id,
        "event_code": entry.finding.rule,
        "profiles": ["cloud", "datetime"],
        "product": {"name": "Haechi", "uid": "haechi", "vendor_name": "Haechi", "version": meta.version},
        "logged_time": millis(meta.generated_at),
        "logged_time_dt": meta.generated_at,
    })
}

fn cloud(finding: &Finding, words: &Words<'_>) -> Value {
    let key = &finding.subject.key;
    let mut account = Map::new();
    account.insert("uid".to_owned(), json!(key.account_id));
    account.insert("type".to_owned(), json!("AWS Account"));
    account.insert("type_id".to_owned(), json!(10));
    if let Some(name) = &finding.subject.account_name {
        account.insert("name".to_owned(), json!(name));
    }
    let mut cloud = Map::new();
    cloud.insert("provider".to_owned(), json!("AWS"));
    cloud.insert("region".to_owned(), json!(key.region));
    cloud.insert("account".to_owned(), Value::Object(account));
    let mut org = Map::new();
    if let Some(uid) = &words.report.meta.organization {
        org.insert("uid".to_owned(), json!(uid));
    }
    if let Some(path) = &finding.subject.ou_path {
        org.insert("ou_name".to_owned(), json!(path));
    }
    if !org.is_empty() {
        cloud.insert("org".to_owned(), Value::Object(org));
    }
    Value::Object(cloud)
}

fn resource(finding: &Finding) -> Value {
    let subject = &finding.subject;
    let key = &subject.key;
    let labels: Vec<_> = subject.tags.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let mut resource = Map::new();
    let uid = subject.arn.as_deref().unwrap_or(&key.resource_id);
    resource.insert("uid".to_owned(), json!(uid));
    resource.insert("name".to_owned(), json!(subject.resource_name.as_deref().unwrap_or(&key.resource_id)));
    resource.insert("type".to_owned(), json!(key.resource_type));
    resource.insert("group".to_owned(), json!({"name": key.resource_type.service()}));
    resource.insert("cloud_partition".to_owned(), json!(key.partition));
    resource.insert("region".to_owned(), json!(key.region));
    if let Some(owner) = &subject.owner {
        resource.insert("owner".to_owned(), json!({"name": owner}));
    }
    resource.insert("labels".to_owned(), json!(labels));
    let mut data = Map::new();
    if !finding.evidence.is_empty() {
        data.insert("evidence".to_owned(), json!(finding.evidence));
    }
    if let Some(location) = &subject.location {
        data.insert("location".to_owned(), json!(location));
    }
    if !data.is_empty() {
        resource.insert("data".to_owned(), Value::Object(data));
    }
    Value::Object(resource)
}

fn finding_info<'r>(entry: &'r FindingEntry, words: &Words<'r>) -> Value {
    let finding = &entry.finding;
    let info = words.rule(&finding.rule);
    let mut value = Map::new();
    value.insert("uid".to_owned(), json!(finding.id));
    value.insert("title".to_owned(), json!(words.title(&finding.rule)));
    let desc = info.map(|info| info.why.en.clone()).unwrap_or_else(|| words.sentence(finding));
    value.insert("desc".to_owned(), json!(desc));
    value.insert("types".to_owned(), json!(["Software and Configuration Checks"]));
    value.insert(
        "analytic".to_owned(),
        json!({"uid": finding.rule, "name": words.title(&finding.rule), "type": "Rule", "type_id": 1}),
    );
    for (name, moment) in [
        ("created_time", finding.first_seen),
        ("first_seen_time", finding.first_seen),
        ("last_seen_time", finding.last_seen),
    ] {
        value.insert(name.to_owned(), json!(millis(moment)));
        value.insert(format!("{name}_dt"), json!(moment));
    }
    Value::Object(value)
}

fn compliance(entry: &FindingEntry) -> Value {
    let finding = &entry.finding;
    let (status, status_name) = match &finding.state {
        FindingState::Open => (3, "Fail"),
        FindingState::Resolved { because, .. } => match because {
            haechi_model::ResolvedBecause::Fixed => (1, "Pass"),
            // The resource or the question is gone: nothing passed.
            _ => (99, "Other"),
        },
    };
    // A control id is `catalogue:control`: the catalogue is the standard, the control its requirement.
    let mut standards: Vec<&str> =
        finding.controls.iter().filter_map(|id| id.split_once(':')).map(|(standard, _)| standard).collect();
    standards.sort_unstable();
    standards.dedup();
    json!({
        "control": finding.rule,
        "standards": standards,
        "requirements": finding.controls,
        "status": status_name,
        "status_id": status,
    })
}

fn remediation(finding: &Finding, words: &Words<'_>) -> Value {
    let Some(info) = words.rule(&finding.rule) else { return json!({"desc": "", "references": []}) };
    json!({"desc": info.fix.text.en, "references": info.references})
}

fn unmapped(entry: &FindingEntry) -> Value {
    let finding = &entry.finding;
    json!({
        "rule_instance": finding.rule_instance,
        "parameters": finding.parameters,
        "message_id": finding.message.id,
        "message_args": finding.message.args,
        "due": finding.due,
        "reopened": finding.reopened,
        "assignee": entry.assignee,
    })
}

const fn severity(severity: Severity) -> (u64, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

const fn status(entry: &FindingEntry) -> (u64, &'static str) {
    match (&entry.finding.state, &entry.suppression, &entry.assignee) {
        (FindingState::Resolved { .. }, _, _) => (4, "Resolved"),
        (FindingState::Open, Some(_), _) => (3, "Suppressed"),
        (FindingState::Open, None, Some(_)) => (2, "In Progress"),
        (FindingState::Open, None, None) => (1, "New"),
    }
}

/// OCSF's timestamps are milliseconds since 1970.
const fn millis(moment: Timestamp) -> i64 {
    moment.as_micros().div_euclid(1000)
}
