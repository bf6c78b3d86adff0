//! Threats for machines: Haechi's JSON, CSV, and OCSF Detection Findings (class 2004) of schema version 1.3.0.

use std::collections::BTreeMap;
use std::io::{self, Write};

use haechi_content::Language;
use haechi_i18n::Catalog;
use haechi_model::{EntityKind, Severity, Sighting, ThreatOrigin, Timestamp};
use serde_json::{Map, Value, json};

use super::{DetectionInfo, ThreatEntry, ThreatReport, factor_words, said, sorted};
use crate::machine::{csv, json as own, line, message_in, text_value};

fn catalogs() -> [Catalog; 3] {
    Language::ALL.map(Catalog::new)
}

/// A word in all languages.
fn each(catalogs: &[Catalog; 3], word: impl Fn(&Catalog) -> String) -> Value {
    let words = catalogs.iter().map(|catalog| (catalog.language().as_str().to_owned(), Value::String(word(catalog))));
    Value::Object(words.collect())
}

pub(super) fn value(entry: &ThreatEntry, detections: &BTreeMap<String, DetectionInfo>) -> Value {
    of(entry, detections, &catalogs())
}

fn of(entry: &ThreatEntry, detections: &BTreeMap<String, DetectionInfo>, catalogs: &[Catalog; 3]) -> Value {
    let threat = &entry.threat;
    let mut value = json!(threat);
    let info = detections.get(&threat.kind);
    if let Some(members) = value.as_object_mut() {
        let title = info.map_or_else(|| json!({"en": threat.title}), |info| text_value(&info.title));
        members.insert("title".to_owned(), title);
        members.insert("severity".to_owned(), json!(threat.severity()));
        members.insert("accountName".to_owned(), json!(entry.account_name));
        members.insert("ouPath".to_owned(), json!(entry.ou_path));
        let text = each(catalogs, |catalog| said(detections, catalog, &threat.kind, &threat.message));
        members.insert("text".to_owned(), text);
        let factors: Vec<_> = threat
            .factors
            .iter()
            .map(|factor| {
                let mut value = json!(factor);
                if let Some(members) = value.as_object_mut() {
                    members.insert("text".to_owned(), each(catalogs, |catalog| factor_words(catalog, factor)));
                }
                value
            })
            .collect();
        members.insert("factors".to_owned(), json!(factors));
        let suppression = entry
            .suppression
            .as_ref()
            .map(|terms| json!({"reason": terms.reason, "owner": terms.owner, "expires": terms.expires}));
        members.insert("listedAs".to_owned(), json!(status(entry)));
        members.insert("suppression".to_owned(), json!(suppression));
        members.insert("assignee".to_owned(), json!(entry.assignee));
    }
    value
}

/// The document `haechi.threats`; FORMATS.md describes it.
pub(crate) fn document(report: &ThreatReport) -> Value {
    let catalogs = catalogs();
    let detections: Map<_, _> = report
        .detections
        .iter()
        .map(|(id, info)| {
            let value = json!({
                "title": text_value(&info.title),
                "why": text_value(&info.why),
                "response": text_value(&info.response),
                "playbooks": info.playbooks,
                "references": info.references,
            });
            (id.clone(), value)
        })
        .collect();
    let unreadable = |list: &[crate::input::Unreadable]| -> Vec<Value> {
        let one = |one: &crate::input::Unreadable| {
            let reason = message_in(&catalogs, &one.reason);
            json!({"path": one.path, "line": one.line, "column": one.column, "reason": reason})
        };
        list.iter().map(one).collect()
    };
    let inactive: Vec<_> = report.inactive.iter().map(|one| json!({"id": one.id, "needs": one.needs})).collect();
    let read = &report.read;
    json!({
        "schemaVersion": own::SCHEMA_VERSION,
        "kind": "haechi.threats",
        "meta": {"version": report.version, "generatedAt": report.generated_at, "sources": report.sources},
        "suppressed": report.suppressed,
        "threats": sorted(report).into_iter().map(|entry| of(entry, &report.detections, &catalogs)).collect::<Vec<_>>(),
        "detections": detections,
        "active": report.active,
        "inactive": inactive,
        "refused": unreadable(&report.refused),
        "read": {
            "files": read.files,
            "packedBytes": read.packed_bytes,
            "textBytes": read.text_bytes,
            "events": read.events,
            "duplicates": read.duplicates,
            "late": read.late,
            "knownFiles": read.known, "knownEvents": read.known_events,
            "skippedFiles": read.skipped,
            "first": read.first,
            "last": read.last,
            "unreadable": unreadable(&read.unreadable),
        },
        "next": report.next.iter().map(|step| {
            json!({"command": step.command, "reason": message_in(&catalogs, &step.reason)})
        }).collect::<Vec<_>>(),
    })
}

pub(super) fn write(report: &ThreatReport, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &document(report))?;
    out.write_all(b"\n")
}

pub(crate) fn write_lines(report: &ThreatReport, out: &mut dyn Write) -> io::Result<()> {
    let catalogs = catalogs();
    for entry in sorted(report) {
        let mut value = of(entry, &report.detections, &catalogs);
        value["schemaVersion"] = json!(own::SCHEMA_VERSION);
        line(&value, out)?;
    }
    Ok(())
}

/// The header of the threats' CSV. Columns are only ever added, at the end.
const HEADER: [&str; 26] = [
    "id",
    "severity",
    "score",
    "type",
    "origin",
    "accountId",
    "accountName",
    "ouPath",
    "region",
    "entityKind",
    "entity",
    "count",
    "firstSeen",
    "lastSeen",
    "titleEn",
    "titleKo",
    "titleJa",
    "messageEn",
    "attack",
    "eventIds",
    "assignee",
    "status",
    "suppressionReason",
    "partition",
    "messageKo",
    "messageJa",
];

pub(super) fn write_csv(report: &ThreatReport, out: &mut dyn Write) -> io::Result<()> {
    csv::write_texts(&rows(report), out)
}

/// The header and a row a threat.
pub(crate) fn rows(report: &ThreatReport) -> Vec<Vec<String>> {
    let catalogs = catalogs();
    let mut rows = vec![HEADER.map(str::to_owned).to_vec()];
    for entry in sorted(report) {
        let threat = &entry.threat;
        let title = |at: usize| {
            let info = report.detections.get(&threat.kind);
            info.map_or(threat.title.as_str(), |info| info.title.get(Language::ALL[at])).to_owned()
        };
        let ids: Vec<_> = threat.evidence.iter().map(|seen| seen.event_id.as_str()).collect();
        rows.push(vec![
            threat.id.to_string(),
            threat.severity().to_string(),
            threat.score.to_string(),
            threat.kind.clone(),
            origin(threat.origin).to_owned(),
            threat.account.to_string(),
            entry.account_name.clone().unwrap_or_default(),
            entry.ou_path.clone().unwrap_or_default(),
            threat.region.to_string(),
            threat.entity.kind.to_string(),
            threat.entity.id.clone(),
            threat.count.to_string(),
            threat.first_seen.to_string(),
            threat.last_seen.to_string(),
            title(0),
            title(1),
            title(2),
            said(&report.detections, &catalogs[0], &threat.kind, &threat.message),
            threat.attack.join(" "),
            ids.join(" "),
            entry.assignee.clone().unwrap_or_default(),
            status(entry).to_owned(),
            entry.suppression.as_ref().map(|terms| terms.reason.clone()).unwrap_or_default(),
            threat.partition.to_string(),
            said(&report.detections, &catalogs[1], &threat.kind, &threat.message),
            said(&report.detections, &catalogs[2], &threat.kind, &threat.message),
        ]);
    }
    rows
}

/// Where it is listed.
const fn status(entry: &ThreatEntry) -> &'static str {
    if entry.suppression.is_some() { "suppressed" } else { "open" }
}

const fn origin(origin: ThreatOrigin) -> &'static str {
    match origin {
        ThreatOrigin::GuardDuty => "guardduty",
        ThreatOrigin::Haechi => "haechi",
        ThreatOrigin::Sigma => "sigma",
    }
}

pub(super) fn write_ocsf(report: &ThreatReport, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    write_ocsf_rows(report, true, out)?;
    out.write_all(b"\n]\n")
}

/// The elements of the array, behind others unless they are the first.
pub(crate) fn write_ocsf_rows(report: &ThreatReport, first: bool, out: &mut dyn Write) -> io::Result<()> {
    let catalog = Catalog::new(Language::En);
    for (at, entry) in sorted(report).into_iter().enumerate() {
        out.write_all(if first && at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &ocsf(entry, report, &catalog))?;
    }
    Ok(())
}

const CLASS: u64 = 2004;

fn ocsf(entry: &ThreatEntry, report: &ThreatReport, catalog: &Catalog) -> Value {
    let threat = &entry.threat;
    let info = report.detections.get(&threat.kind);
    let title = info.map_or(threat.title.as_str(), |info| info.title.en.as_str());
    let (activity, activity_name) = if threat.count > 1 { (2, "Update") } else { (1, "Create") };
    let (severity, severity_name) = match threat.severity() {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    };
    let (status, status_name) = match (&entry.suppression, &entry.assignee) {
        (Some(_), _) => (3, "Suppressed"),
        (None, Some(_)) => (2, "In Progress"),
        (None, None) => (1, "New"),
    };
    let attacks: Vec<_> = threat.attack.iter().map(|technique| json!({"technique": {"uid": technique}})).collect();
    let millis = |moment: Timestamp| moment.as_micros().div_euclid(1000);
    let mut finding = json!({
        "uid": threat.id,
        "title": title,
        "desc": info.map_or("", |info| info.why.en.as_str()),
        "types": [threat.kind],
        "analytic": {"uid": threat.kind, "name": title, "type": "Rule", "type_id": 1},
        "attacks": attacks,
    });
    for (name, moment) in [
        ("created_time", threat.first_seen),
        ("first_seen_time", threat.first_seen),
        ("last_seen_time", threat.last_seen),
    ] {
        finding[name] = json!(millis(moment));
        finding[format!("{name}_dt")] = json!(moment);
    }
    if !threat.related.is_empty() {
        finding["related_events"] = json!(threat.related.iter().map(|id| json!({"uid": id})).collect::<Vec<_>>());
    }
    let mut account = json!({"uid": threat.account, "type": "AWS Account", "type_id": 10});
    if let Some(name) = &entry.account_name {
        account["name"] = json!(name);
    }
    json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "time": millis(threat.last_seen),
        "time_dt": threat.last_seen,
        "start_time": millis(threat.first_seen),
        "end_time": millis(threat.last_seen),
        "count": threat.count,
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "is_alert": true,
        "message": said(&report.detections, catalog, &threat.kind, &threat.message),
        "metadata": {
            "version": "1.3.0",
            "uid": threat.id,
            "event_code": threat.kind,
            "profiles": ["cloud", "datetime"],
            "product": {"name": "Haechi", "uid": "haechi", "vendor_name": "Haechi", "version": report.version},
            "logged_time": millis(report.generated_at),
            "logged_time_dt": report.generated_at,
        },
        "cloud": {"provider": "AWS", "region": threat.region, "account": account},
        "resources": [{
            "uid": threat.entity.id,
            "type": threat.entity.kind,
            "cloud_partition": threat.partition,
            "region": threat.region,
        }],
        "finding_info": finding,
        "evidences": threat.evidence.iter().map(evidence).collect::<Vec<_>>(),
        "remediation": {
            "desc": info.map_or("", |info| info.response.en.as_str()),
            "references": info.map(|info| info.references.clone()).unwrap_or_default(),
        },
        "unmapped": {
            "score": threat.score,
            "origin": threat.origin,
            "message_id": threat.message.id,
            "message_args": threat.message.args,
            "factors": threat.factors,
            "others": threat.others,
            "assignee": entry.assignee,
            "sample": threat.sample,
        },
    })
}

fn evidence(seen: &Sighting) -> Value {
    let mut value = Map::new();
    let mut actor = Map::new();
    if let Some(principal) = &seen.principal {
        let mut user = json!({"uid": principal});
        if let Some(key) = &seen.access_key {
            user["credential_uid"] = json!(key);
        }
        actor.insert("user".to_owned(), user);
    }
    if !actor.is_empty() {
        value.insert("actor".to_owned(), Value::Object(actor));
    }
    let mut api = json!({"operation": seen.name, "service": {"name": seen.source}, "request": {"uid": seen.event_id}});
    if let Some(error) = &seen.error {
        api["response"] = json!({"error": error});
    }
    value.insert("api".to_owned(), api);
    if let Some(address) = &seen.address {
        value.insert("src_endpoint".to_owned(), json!({"ip": address}));
    }
    value.insert("data".to_owned(), json!(seen));
    Value::Object(value)
}

/// The OCSF and GuardDuty writers name entities by these words.
pub(super) const fn kind_word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Instance | EntityKind::Interface => "Instance",
        EntityKind::Bucket => "S3Bucket",
        EntityKind::Cluster => "EKSCluster",
        EntityKind::Database => "RDSDBInstance",
        EntityKind::Function => "Lambda",
        EntityKind::Account
        | EntityKind::Principal
        | EntityKind::Session
        | EntityKind::AccessKey
        | EntityKind::Address
        | EntityKind::Domain
        | EntityKind::Key
        | EntityKind::UserAgent
        | EntityKind::Resource => "AccessKey",
    }
}
