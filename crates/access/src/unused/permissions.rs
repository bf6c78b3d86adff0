//! Permissions that nobody uses: what the policies of a user or role grant, less what the calls of a log and IAM's service
//! last accessed information show as used. What neither can show is never called unused.

use std::collections::{BTreeMap, BTreeSet};

use haechi_iam::Prepared;
use haechi_iam::catalogue::{ActionInfo, Catalogue, UnloggedRules};
use haechi_model::Timestamp;

use super::evidence::{Evidence, Judged, LastSeen, Source, Unseen};
use super::granted::Granted;
use super::uses::{Uses, number};
use super::{Finding, Fix, Kind, Period, Verdict};
use crate::calls::needs_no_permission;
use crate::world::{Principal, Via, World};

/// The permissions of a principal that it does not use.
#[derive(Clone, Debug)]
pub struct Permissions<'w> {
    /// What told it.
    pub sources: Vec<Source>,
    /// Services with the actions that are not used; sorted.
    pub services: Vec<UnusedService>,
    /// Granted actions whose use the sources cannot show.
    pub unseen: Vec<(String, Unseen)>,
    pub granted: usize,
    pub used: usize,
    /// The statements that grant what is not used.
    pub statements: Vec<StatementUse<'w>>,
    /// Policies that were not recorded: what they grant is not counted.
    pub unrecorded: Vec<String>,
    /// The last of all uses that the sources show.
    pub last_used: LastSeen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedService {
    pub prefix: String,
    /// Nothing of the service was used.
    pub whole: bool,
    pub last_accessed: Option<Timestamp>,
    pub actions: Vec<(String, Option<Timestamp>)>,
}

/// A statement that grants something that is not used.
#[derive(Clone, Debug)]
pub struct StatementUse<'w> {
    pub policy: &'w Prepared,
    pub via: &'w Via,
    pub statement: usize,
    pub granted: usize,
    pub unused: usize,
}

impl StatementUse<'_> {
    /// Whether the statement can go as a whole.
    pub fn is_unused(&self) -> bool {
        self.granted == self.unused
    }
}

/// Whether IAM's service last accessed information is recorded of any user or role.
pub fn has_reports(world: &World) -> bool {
    world.principals().iter().any(|principal| principal.usage().services.is_ok())
}

/// The permissions of every recorded user and role that neither the log, if one is given, nor IAM's report shows a use of;
/// without those of roles that are of no use at all. The period ends with the log, and with the report. Without a log
/// and any report nothing is looked at.
pub fn unused_permissions<'w>(
    world: &'w World,
    catalogue: &Catalogue,
    unlogged: &UnloggedRules,
    uses: Option<&Uses>,
    period: &Period,
    others: &[Finding<'w>],
) -> Vec<Finding<'w>> {
    if !period.kinds.contains(&Kind::Permission) || (uses.is_none() && !has_reports(world)) {
        return Vec::new();
    }
    let mut judging = Judging { catalogue, unlogged, period, granted: Granted::new(catalogue) };
    let dead: BTreeSet<&str> = others
        .iter()
        .filter(|one| one.kind == Kind::Role && one.verdict == Verdict::Unused)
        .map(|one| one.principal.arn())
        .collect();
    let mut findings = Vec::new();
    for (principal, index) in world.principals().iter().zip(0_u32..) {
        if !period.wants(principal) || dead.contains(principal.arn()) {
            continue;
        }
        if let Some(evidence) = Evidence::of(principal, index, uses, catalogue, period) {
            findings.extend(judging.finding(principal, &evidence));
        }
    }
    findings.sort_by(|left, right| {
        let place = |one: &Finding<'w>| (one.principal.account().to_owned(), one.principal.arn().to_owned());
        place(left).cmp(&place(right))
    });
    findings
}

/// What principals are judged with.
struct Judging<'q> {
    catalogue: &'q Catalogue,
    unlogged: &'q UnloggedRules,
    period: &'q Period,
    granted: Granted<'q>,
}

/// The granted actions by what became of them.
#[derive(Default)]
struct Sorted {
    used: BTreeSet<u32>,
    unused: BTreeSet<u32>,
    unseen: Vec<(String, Unseen)>,
}

impl Judging<'_> {
    fn finding<'w>(&mut self, principal: &'w Principal, evidence: &Evidence<'_>) -> Option<Finding<'w>> {
        let permissions = self.permissions(principal, evidence);
        if permissions.services.is_empty() {
            return None;
        }
        let last_accessed = match permissions.last_used {
            LastSeen::At(at) => Some(at),
            LastSeen::OfLate | LastSeen::Never => None,
        };
        let is_told = evidence.is_any();
        Some(Finding {
            kind: Kind::Permission,
            verdict: evidence.verdict(),
            principal,
            key: None,
            created: principal.usage().created,
            last_accessed,
            known_at: evidence.known_at(self.period),
            fix: if principal.is_of_identity_center() { Fix::NarrowPermissionSet } else { Fix::NarrowPolicies },
            permissions: is_told.then(|| Box::new(permissions)),
        })
    }

    fn permissions<'w>(&mut self, principal: &'w Principal, evidence: &Evidence<'_>) -> Permissions<'w> {
        let granted = self.granted.of(principal);
        let sorted = self.sorted(&granted, evidence);
        let all = principal.identity().iter().chain(principal.boundary().iter());
        Permissions {
            sources: evidence.sources(),
            services: self.services(&sorted, evidence),
            granted: sorted.used.len() + sorted.unused.len() + sorted.unseen.len(),
            used: sorted.used.len(),
            statements: self.granted.statements(principal, &granted, &sorted.unused),
            unseen: sorted.unseen,
            unrecorded: all
                .filter(|policy| policy.is_unrecorded().is_some())
                .map(|policy| policy.name().to_owned())
                .collect(),
            last_used: evidence.last_use(),
        }
    }

    fn sorted(&self, granted: &[bool], evidence: &Evidence<'_>) -> Sorted {
        let actions = || {
            let granted = self.granted.actions().iter().zip(granted).filter(|(_, granted)| **granted);
            granted.map(|(info, _)| *info).filter(|info| !needs_no_permission(*info))
        };
        let used = evidence.used(self.period);
        let needing = used.iter().filter_map(|action| self.catalogue.numbered(*action as usize));
        let needing = needing.chain(actions().filter(|info| evidence.is_open(*info)));
        let companions: BTreeSet<u32> = needing
            .flat_map(ActionInfo::dependent_actions)
            .filter_map(|name| self.catalogue.action(name).map(number))
            .collect();
        let mut sorted = Sorted::default();
        for info in actions() {
            let at = number(info);
            if used.contains(&at) {
                sorted.used.insert(at);
                continue;
            }
            match evidence.judge(info, self.unlogged, companions.contains(&at)) {
                Judged::Unused => _ = sorted.unused.insert(at),
                Judged::Unseen(why) => sorted.unseen.push((info.full_name(), why)),
            }
        }
        sorted
    }

    fn services(&self, sorted: &Sorted, evidence: &Evidence<'_>) -> Vec<UnusedService> {
        let infos = |actions: &BTreeSet<u32>| -> Vec<ActionInfo<'_>> {
            actions.iter().filter_map(|at| self.catalogue.numbered(*at as usize)).collect()
        };
        let seen_in: BTreeSet<&str> = infos(&sorted.used).into_iter().map(|info| info.service().prefix()).collect();
        let doubtful: BTreeSet<&str> = sorted.unseen.iter().filter_map(|(name, _)| name.split(':').next()).collect();
        let mut services: BTreeMap<&str, UnusedService> = BTreeMap::new();
        for info in infos(&sorted.unused) {
            let prefix = info.service().prefix();
            let service = services.entry(prefix).or_insert_with(|| UnusedService {
                prefix: prefix.to_owned(),
                whole: !seen_in.contains(prefix) && !doubtful.contains(prefix) && !evidence.is_accessed(prefix),
                last_accessed: evidence.last_of_service(prefix),
                actions: Vec::new(),
            });
            let last = evidence.last(number(info));
            service.last_accessed = service.last_accessed.max(last);
            service.actions.push((info.full_name(), last));
        }
        services.into_values().collect()
    }
}
