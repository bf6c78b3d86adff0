//! Roles, access keys and passwords by their last uses.

use super::{Finding, Fix, Kind, Period, Unknown, Verdict};
use crate::world::{LastUse, Principal, Used, World};

/// Every role, access key and password that was not used for the whole period, and those of which that cannot be told.
/// What is younger than the period has not had the time to be unused, as with Access Analyzer.
pub fn unused<'w>(world: &'w World, period: &Period) -> Vec<Finding<'w>> {
    let mut findings = Vec::new();
    for principal in world.principals().iter().filter(|principal| period.wants(principal)) {
        for kind in period.kinds.iter().filter(|kind| **kind != Kind::Permission) {
            of_kind(principal, *kind, period, &mut findings);
        }
    }
    findings.sort_by(|left, right| place(left).cmp(&place(right)));
    findings
}

/// By account and principal, then by kind.
fn place<'f>(finding: &'f Finding<'_>) -> (&'f str, &'f str, Kind, Option<&'f str>) {
    let principal = finding.principal;
    (principal.account(), principal.arn(), finding.kind, finding.key.map(|key| &*key.id))
}

fn of_kind<'w>(principal: &'w Principal, kind: Kind, period: &Period, findings: &mut Vec<Finding<'w>>) {
    let usage = principal.usage();
    let found = |used: &Used, fix| {
        judge(used, principal, period).map(|verdict| Finding {
            kind,
            verdict,
            principal,
            key: None,
            created: used.created,
            last_accessed: match used.last {
                LastUse::At(at) => Some(at),
                _ => None,
            },
            known_at: usage.known_at,
            fix,
            permissions: None,
        })
    };
    match kind {
        Kind::Role => {
            let fix = if principal.is_of_identity_center() { Fix::RemoveAssignment } else { Fix::DeleteRole };
            findings.extend(usage.role.iter().filter_map(|role| found(role, fix)));
        }
        Kind::Password => {
            findings.extend(usage.password.iter().filter_map(|password| found(password, Fix::DeletePassword)));
        }
        Kind::AccessKey => match &usage.keys {
            Some(keys) => {
                for key in keys {
                    let fix = if key.active { Fix::DeactivateKey } else { Fix::DeleteKey };
                    findings.extend(found(&key.used, fix).map(|finding| Finding { key: Some(key), ..finding }));
                }
            }
            None if principal.kind() == crate::PrincipalKind::User => {
                let used = Used { created: usage.created, last: LastUse::Unknown(Box::default()) };
                findings.extend(found(&used, Fix::DeactivateKey));
            }
            None => {}
        },
        Kind::Permission => {}
    }
}

/// None: it is in use, or too young.
fn judge(used: &Used, principal: &Principal, period: &Period) -> Option<Verdict> {
    let usage = principal.usage();
    let start = period.start(usage.known_at);
    let existed = [used.created, usage.created].into_iter().flatten().max();
    if existed.is_some_and(|created| created > start) {
        return None;
    }
    let unknown = |reason| Some(Verdict::Unknown(reason));
    match &used.last {
        LastUse::At(at) if *at > start => None,
        LastUse::Since(since) if *since >= start => None,
        LastUse::Since(_) => unknown(Unknown::InUseOfLate),
        LastUse::Unknown(reason) => unknown(Unknown::NotRecorded(reason.clone())),
        // AWS Config's item of a role is as old as the last change of its configuration.
        _ if usage.known_at < period.start(period.now) => unknown(Unknown::OldRecord),
        LastUse::Never if existed.is_none() => unknown(Unknown::Creation),
        LastUse::At(_) | LastUse::Never => Some(Verdict::Unused),
    }
}
