//! A threat in the shape of GuardDuty's findings, and as the event that EventBridge carries of them: what reads GuardDuty's
//! findings today reads these.

use haechi_i18n::Catalog;
use haechi_model::{EntityKind, Threat, Timestamp};
use serde_json::{Map, Value, json};

use super::machine::kind_word;
use super::{DetectionInfo, ThreatEntry, said};

/// GuardDuty's finding format.
const SCHEMA: &str = "2.0";

/// The finding, as `detail` of the event has it.
pub fn finding_of(entry: &ThreatEntry, info: Option<&DetectionInfo>) -> Value {
    let threat = &entry.threat;
    let catalog = Catalog::new(haechi_content::Language::En);
    let detections = info.map(|info| (threat.kind.clone(), info.clone())).into_iter().collect();
    let description = said(&detections, &catalog, &threat.kind, &threat.message);
    let title = info.map_or(threat.title.as_str(), |info| info.title.en.as_str());
    json!({
        "schemaVersion": SCHEMA,
        "accountId": threat.account,
        "region": threat.region,
        "partition": threat.partition,
        "id": threat.id,
        "arn": format!(
            "arn:{}:guardduty:{}:{}:detector/haechi/finding/{}",
            threat.partition, threat.region, threat.account, threat.id
        ),
        "type": threat.kind,
        "resource": resource(threat),
        "service": service(entry),
        "severity": threat.score,
        "createdAt": instant(threat.first_seen),
        "updatedAt": instant(threat.last_seen),
        "title": title,
        "description": if description.is_empty() { title.to_owned() } else { description },
    })
}

/// The event: source `haechi.detect`, and otherwise as GuardDuty's.
pub fn event_of(entry: &ThreatEntry, info: Option<&DetectionInfo>, event_id: &str, at: Timestamp) -> Value {
    let threat = &entry.threat;
    json!({
        "version": "0",
        "id": event_id,
        "detail-type": "GuardDuty Finding",
        "source": "haechi.detect",
        "account": threat.account,
        "time": instant(at),
        "region": threat.region,
        "resources": [],
        "detail": finding_of(entry, info),
    })
}

/// GuardDuty writes milliseconds.
fn instant(moment: Timestamp) -> String {
    let millis = moment.as_micros().div_euclid(1000).rem_euclid(1000);
    let seconds = Timestamp::from_seconds(moment.as_micros().div_euclid(1_000_000)).to_string();
    format!("{}.{millis:03}Z", seconds.trim_end_matches('Z'))
}

fn resource(threat: &Threat) -> Value {
    let mut resource = Map::new();
    let kind = kind_word(threat.entity.kind);
    resource.insert("resourceType".to_owned(), json!(kind));
    let id = threat.entity.id.as_str();
    match threat.entity.kind {
        EntityKind::Instance | EntityKind::Interface => {
            let field = if threat.entity.kind == EntityKind::Instance { "instanceId" } else { "networkInterfaceId" };
            let details = match field {
                "instanceId" => json!({"instanceId": id}),
                _ => json!({"networkInterfaces": [{"networkInterfaceId": id}]}),
            };
            resource.insert("instanceDetails".to_owned(), details);
        }
        EntityKind::Bucket => {
            let name = id.split_once(":s3:::").map_or(id, |(_, name)| name);
            let arn = format!("arn:{}:s3:::{name}", threat.partition);
            resource.insert("s3BucketDetails".to_owned(), json!([{"name": name, "arn": arn}]));
        }
        EntityKind::Cluster => {
            let name = id.rsplit('/').next().unwrap_or(id);
            resource.insert("eksClusterDetails".to_owned(), json!({"name": name, "arn": id}));
        }
        EntityKind::Database => {
            resource.insert("rdsDbInstanceDetails".to_owned(), json!({"dbInstanceIdentifier": id}));
        }
        EntityKind::Function => {
            let name = id.rsplit(':').next().unwrap_or(id);
            resource.insert("lambdaDetails".to_owned(), json!({"functionName": name, "functionArn": id}));
        }
        _ => {}
    }
    let seen = threat.evidence.last();
    let principal = seen.and_then(|seen| seen.principal.as_deref()).or_else(|| id.starts_with("arn:").then_some(id));
    if let Some(principal) = principal {
        // Of `assumed-role/NAME/SESSION` it is the role's name.
        let mut parts = principal.split('/');
        let name = match principal.contains(":assumed-role/") {
            true => parts.nth(1),
            false => parts.next_back(),
        };
        let name = name.unwrap_or(principal);
        let user_type = match principal {
            _ if principal.ends_with(":root") => "Root",
            _ if principal.contains(":role/") || principal.contains(":assumed-role/") => "AssumedRole",
            _ if principal.contains(":federated-user/") => "FederatedUser",
            _ => "IAMUser",
        };
        let mut details = json!({"principalId": principal, "userName": name, "userType": user_type});
        if let Some(key) = seen.and_then(|seen| seen.access_key.as_deref()) {
            details["accessKeyId"] = json!(key);
        }
        resource.insert("accessKeyDetails".to_owned(), details);
    }
    Value::Object(resource)
}

fn service(entry: &ThreatEntry) -> Value {
    let threat = &entry.threat;
    let mut service = json!({
        "serviceName": "haechi",
        "detectorId": "haechi",
        "eventFirstSeen": instant(threat.first_seen),
        "eventLastSeen": instant(threat.last_seen),
        "archived": entry.suppression.is_some(),
        "count": threat.count,
        "resourceRole": "TARGET",
        "additionalInfo": {
            "sample": threat.sample,
            "factors": threat.factors,
            "eventIds": threat.evidence.iter().map(|seen| seen.event_id.as_str()).collect::<Vec<_>>(),
            "attack": threat.attack,
        },
    });
    if let Some(seen) = threat.evidence.last() {
        service["action"] = match seen.log {
            haechi_model::Log::CloudTrail => {
                let mut call = json!({"api": seen.name, "serviceName": seen.source, "callerType": "Remote IP"});
                if let Some(address) = &seen.address {
                    call["remoteIpDetails"] = remote(address);
                }
                if let Some(agent) = &seen.user_agent {
                    call["userAgent"] = json!(agent);
                }
                if let Some(error) = &seen.error {
                    call["errorCode"] = json!(error);
                }
                json!({"actionType": "AWS_API_CALL", "awsApiCallAction": call})
            }
            haechi_model::Log::ResolverQuery => {
                json!({"actionType": "DNS_REQUEST", "dnsRequestAction": {"domain": seen.target}})
            }
            haechi_model::Log::EksAudit => json!({
                "actionType": "KUBERNETES_API_CALL",
                "kubernetesApiCallAction": {"verb": seen.name, "requestUri": seen.target},
            }),
            haechi_model::Log::RdsLogin => json!({"actionType": "RDS_LOGIN_ATTEMPT", "rdsLoginAttemptAction": {}}),
            haechi_model::Log::VpcFlow | haechi_model::Log::S3Access | haechi_model::Log::Waf => {
                let remote = remote(seen.address.as_deref().unwrap_or_default());
                json!({"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {"remoteIpDetails": remote}})
            }
        };
    }
    service
}

fn remote(address: &str) -> Value {
    if address.contains(':') { json!({"ipAddressV6": address}) } else { json!({"ipAddressV4": address}) }
}
