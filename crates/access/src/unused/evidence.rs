//! What tells which of its permissions a principal used: the calls of a log, and IAM's service last accessed
//! information, each of its own time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use haechi_iam::catalogue::{ActionInfo, Catalogue, Unlogged, UnloggedRules};
use haechi_model::Timestamp;

use super::uses::{Uses, number};
use super::{Period, Unknown, Verdict};
use crate::world::{Accessed, Principal, ServiceAccess};

/// What tells of the use of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    Log,
    /// IAM's service last accessed information.
    Report,
}

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Source::Log => "log",
            Source::Report => "report",
        }
    }
}

/// Why the use of a granted action cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unseen {
    /// Only data events show it, and the log has none of its service.
    NoDataEvents,
    /// No event shows it.
    NeverLogged,
    /// An action that was used, or may have been, may need it.
    Companion,
    /// IAM does not report it: its service was accessed, or is not in the report.
    NotTracked,
    /// It was accessed shortly before the record, which does not keep when.
    InUseOfLate,
}

impl Unseen {
    pub fn name(self) -> &'static str {
        match self {
            Unseen::NoDataEvents => "no-data-events",
            Unseen::NeverLogged => "never-logged",
            Unseen::Companion => "companion",
            Unseen::NotTracked => "not-tracked",
            Unseen::InUseOfLate => "in-use-of-late",
        }
    }
}

/// What becomes of an action that is not known to be used.
pub(super) enum Judged {
    Unused,
    Unseen(Unseen),
}

/// A log covers a period that begins so long before its first event: the first call of a day may be late.
const TOLERANCE_DAYS: i64 = 1;

/// "Recent activity usually appears within four hours": the report is as of then.
const REPORT_LAG_MICROS: i64 = 4 * 60 * 60 * 1_000_000;

/// A period, and why its source tells nothing of what was not used in it.
struct Told {
    start: Timestamp,
    end: Timestamp,
    wrong: Option<Unknown>,
}

struct Log<'e> {
    told: Told,
    uses: &'e Uses,
    account: Box<str>,
    last: Option<&'e BTreeMap<u32, Timestamp>>,
}

struct Report<'e> {
    told: Told,
    services: HashMap<&'e str, &'e ServiceAccess>,
    actions: HashMap<u32, Accessed>,
}

/// What is known of one principal.
pub(super) struct Evidence<'e> {
    log: Option<Log<'e>>,
    report: Result<Report<'e>, &'e str>,
}

impl<'e> Evidence<'e> {
    /// None: the principal is too young to have unused permissions.
    pub fn of(
        principal: &'e Principal,
        index: u32,
        uses: Option<&'e Uses>,
        catalogue: &Catalogue,
        period: &Period,
    ) -> Option<Evidence<'e>> {
        let log = uses.map(|uses| Log {
            told: in_log(principal, uses, period),
            uses,
            account: principal.account().into(),
            last: uses.last.get(&index),
        });
        let services = principal.usage().services.as_ref();
        let report = services.map(|list| Report {
            told: in_report(principal, period),
            services: list.iter().map(|service| (&*service.namespace, service)).collect(),
            actions: tracked(list, catalogue),
        });
        let report = report.map_err(|why| &**why);
        let created = principal.usage().created;
        let existed = |start: Timestamp| created.is_none_or(|created| created <= start);
        // Of a period that it did not live through a source says nothing.
        let (is_logged, is_reported) = (log.is_some(), report.is_ok());
        let log = log.filter(|log| existed(log.told.start));
        let report = report.and_then(|report| if existed(report.told.start) { Ok(report) } else { Err("") });
        let is_young = match (is_logged, is_reported) {
            (false, false) => !existed(period.start(period.now)),
            _ => log.is_none() && report.is_err(),
        };
        (!is_young).then_some(Evidence { log, report })
    }

    fn sound_log(&self) -> Option<&Log<'e>> {
        self.log.as_ref().filter(|log| log.told.wrong.is_none())
    }

    fn sound_report(&self) -> Option<&Report<'e>> {
        self.report.as_ref().ok().filter(|report| report.told.wrong.is_none())
    }

    /// The sources that the answer rests on.
    pub fn sources(&self) -> Vec<Source> {
        let log = self.sound_log().map(|_| Source::Log);
        log.into_iter().chain(self.sound_report().map(|_| Source::Report)).collect()
    }

    /// Whether anything was given that tells, if only of a part.
    pub fn is_any(&self) -> bool {
        self.log.is_some() || self.report.is_ok()
    }

    /// What may be said of what was not used.
    pub fn verdict(&self) -> Verdict {
        if !self.sources().is_empty() {
            return Verdict::Unused;
        }
        let of_log = self.log.as_ref().and_then(|log| log.told.wrong.clone());
        Verdict::Unknown(of_log.unwrap_or_else(|| match &self.report {
            Ok(report) => report.told.wrong.clone().unwrap_or(Unknown::OldRecord),
            Err(why) => Unknown::NoReport((*why).into()),
        }))
    }

    /// The end of the period: of two sources that of the one that ends first.
    pub fn known_at(&self, period: &Period) -> Timestamp {
        let log = self.sound_log().map(|log| log.told.end);
        let report = self.sound_report().map(|report| report.told.end);
        let given = self.log.as_ref().map(|log| log.told.end);
        log.into_iter().chain(report).min().or(given).unwrap_or(period.now)
    }

    /// Uses since then are uses in the period.
    fn start(&self, period: &Period) -> Timestamp {
        let log = self.sound_log().map(|log| log.told.start);
        let report = self.sound_report().map(|report| report.told.start);
        let given = self.log.as_ref().map(|log| log.told.start);
        log.into_iter().chain(report).min().or(given).unwrap_or_else(|| period.start(period.now))
    }

    /// The last use of an action that has a time.
    pub fn last(&self, action: u32) -> Option<Timestamp> {
        let log = self.log.as_ref().and_then(|log| log.last?.get(&action).copied());
        let report = self.report.as_ref().ok().and_then(|report| match report.actions.get(&action)? {
            Accessed::At(at) => Some(*at),
            _ => None,
        });
        log.max(report)
    }

    /// Whether IAM reports that the service was accessed, with whatever action, or leaves that open.
    pub fn is_accessed(&self, prefix: &str) -> bool {
        let told = self.sound_report().and_then(|report| Some((report.services.get(prefix)?.last, report.told.start)));
        told.is_some_and(|(last, start)| within(last, start) != Some(false))
    }

    /// The last time that a service was accessed, if it is known.
    pub fn last_of_service(&self, prefix: &str) -> Option<Timestamp> {
        match self.report.as_ref().ok()?.services.get(prefix)?.last {
            Accessed::At(at) => Some(at),
            _ => None,
        }
    }

    /// The last of all uses.
    pub fn last_use(&self) -> LastSeen {
        let services = self.report.iter().flat_map(|report| report.services.values());
        let (mut last, mut of_late) = (None, false);
        for service in services {
            match service.last {
                Accessed::At(at) => last = last.max(Some(at)),
                Accessed::Since(_) => of_late = true,
                Accessed::Never => {}
            }
        }
        let logged = self.log.iter().filter_map(|log| log.last).flat_map(BTreeMap::values);
        match logged.copied().chain(last).max() {
            // A time of the log may be the later one: nobody knows.
            _ if of_late => LastSeen::OfLate,
            Some(at) => LastSeen::At(at),
            None => LastSeen::Never,
        }
    }

    /// The actions that were used in the period, granted or not.
    pub fn used(&self, period: &Period) -> BTreeSet<u32> {
        let start = self.start(period);
        let logged = self.log.iter().filter_map(|log| log.last).flatten();
        let logged = logged.filter(|(_, last)| **last > start).map(|(action, _)| *action);
        let reported = self.report.iter().flat_map(|report| &report.actions);
        logged
            .chain(reported.filter(|(_, last)| within(**last, start) == Some(true)).map(|(action, _)| *action))
            .collect()
    }

    /// Whether the action may have been used, and nothing tells.
    pub fn is_open(&self, info: ActionInfo<'_>) -> bool {
        self.sound_log().is_none() && self.sound_report().is_some_and(|report| report.judge(info).is_err())
    }

    /// A granted action that was not used in the period, as far as the sources show. If none of them tells anything, what
    /// the log does not show stands for unused, and the verdict says that it is not.
    pub fn judge(&self, info: ActionInfo<'_>, unlogged: &UnloggedRules, is_companion: bool) -> Judged {
        let rule = unlogged.of(info);
        if rule == Some(Unlogged::Never) {
            return Judged::Unseen(Unseen::NeverLogged);
        }
        let log = self.sound_log().or(self.log.as_ref().filter(|_| self.sound_report().is_none()));
        let by_log = log.map(|log| {
            let shown = rule != Some(Unlogged::DataEvents) || log.shows_data(info.service().prefix());
            if shown { Ok(()) } else { Err(Unseen::NoDataEvents) }
        });
        let by_report = self.sound_report().map(|report| report.judge(info));
        match (by_log, by_report) {
            (Some(Ok(())), _) | (_, Some(Ok(()))) | (None, None) if is_companion => Judged::Unseen(Unseen::Companion),
            (Some(Ok(())), _) | (_, Some(Ok(()))) | (None, None) => Judged::Unused,
            (Some(Err(why)), _) | (None, Some(Err(why))) => Judged::Unseen(why),
        }
    }
}

/// The last use of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSeen {
    At(Timestamp),
    /// Shortly before the record, which does not keep when.
    OfLate,
    Never,
}

impl Log<'_> {
    fn shows_data(&self, service: &str) -> bool {
        self.uses.data.contains(&(self.account.clone(), service.into()))
    }
}

impl Report<'_> {
    /// Whether the action was not accessed in the period; or why that is not told. It is not asked about what was.
    fn judge(&self, info: ActionInfo<'_>) -> Result<(), Unseen> {
        let start = self.told.start;
        let Some(service) = self.services.get(info.service().prefix()) else { return Err(Unseen::NotTracked) };
        match (within(service.last, start), self.actions.get(&number(info)).map(|last| within(*last, start))) {
            // Any attempt at any of its actions counts for the service.
            (Some(false), _) | (_, Some(Some(false))) => Ok(()),
            (Some(true), None) => Err(Unseen::NotTracked),
            (None, _) | (_, Some(_)) => Err(Unseen::InUseOfLate),
        }
    }
}

/// Whether something was accessed after a moment. None: at about that time.
fn within(last: Accessed, start: Timestamp) -> Option<bool> {
    match last {
        Accessed::At(at) => Some(at > start),
        Accessed::Since(since) if since >= start => Some(true),
        Accessed::Since(_) => None,
        Accessed::Never => Some(false),
    }
}

fn tracked(services: &[ServiceAccess], catalogue: &Catalogue) -> HashMap<u32, Accessed> {
    let of = |service: &ServiceAccess| {
        let known = catalogue.service(&service.namespace)?;
        let actions = service.actions.iter().filter_map(move |(name, last)| Some((number(known.action(name)?), *last)));
        Some(actions.collect::<Vec<_>>())
    };
    services.iter().filter_map(of).flatten().collect()
}

fn in_log(principal: &Principal, uses: &Uses, period: &Period) -> Told {
    let end = uses.span.map_or(period.now, |(_, last)| last);
    let start = period.start(end);
    let wrong = match uses.span {
        None => Some(Unknown::NoLogs),
        _ if !uses.accounts.contains(principal.account()) => Some(Unknown::NoLogs),
        Some((_, last)) if last < period.start(period.now) => Some(Unknown::OldRecord),
        Some((first, last)) if first.plus_days(-TOLERANCE_DAYS) > start => {
            let days = last.since(first).div_euclid(Timestamp::DAY);
            Some(Unknown::ShortLogs(u16::try_from(days).unwrap_or(u16::MAX)))
        }
        _ if principal.usage().created.is_none() => Some(Unknown::Creation),
        _ => None,
    };
    Told { start, end, wrong }
}

fn in_report(principal: &Principal, period: &Period) -> Told {
    let usage = principal.usage();
    let end = usage.known_at.plus_micros(-REPORT_LAG_MICROS);
    let wrong = match usage.created {
        _ if usage.known_at < period.start(period.now) => Some(Unknown::OldRecord),
        None => Some(Unknown::Creation),
        Some(_) => None,
    };
    Told { start: period.start(end), end, wrong }
}
