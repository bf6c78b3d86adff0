//! Permissions that nobody uses: what the policies of a user or role grant, less what the calls of a log used. What a
//! log cannot show is never called unused.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use haechi_iam::catalogue::{ActionInfo, Catalogue, EventAction, EventRules, Unlogged, UnloggedRules};
use haechi_iam::{Action, Effect, Listing, Prepared, Tri};
use haechi_model::Timestamp;
use haechi_model::event::{Event, FieldError, Fields, Slot};

use super::{Finding, Kind, Period, Unknown, Verdict};
use crate::calls::{CallKinds, CallSlots, PrincipalName, is_denial, needs_no_permission};
use crate::generate::{asked, is_data_event};
use crate::whatif::grants;
use crate::world::{Principal, Via, World};

/// Reads what the recorded users and roles used out of a log.
pub struct UseReader<'c> {
    catalogue: &'c Catalogue,
    rules: &'c EventRules,
    principals: HashMap<PrincipalName, u32>,
    accounts: BTreeSet<Box<str>>,
    fields: Fields,
    slots: CallSlots,
    management: Slot,
}

/// Callers that are known at most; then it begins anew.
const KEPT: usize = 1 << 16;

impl<'c> UseReader<'c> {
    /// # Errors
    /// The rules name too many fields.
    pub fn new(world: &World, catalogue: &'c Catalogue, rules: &'c EventRules) -> Result<UseReader<'c>, FieldError> {
        let mut fields = Fields::of_events([])?;
        let slots = CallSlots::add(&mut fields, rules)?;
        let management = fields.add("managementEvent")?;
        let principals = world.principals().iter().zip(0_u32..);
        Ok(UseReader {
            catalogue,
            rules,
            principals: principals.filter_map(|(one, index)| Some((PrincipalName::of(one.arn())?, index))).collect(),
            accounts: world.accounts().map(|account| account.id.clone()).collect(),
            fields,
            slots,
            management,
        })
    }

    /// The fields that events have to be read with.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// What one thread counts with.
    pub fn start(&self) -> UseCounter<'_, 'c> {
        UseCounter {
            reader: self,
            kinds: CallKinds::new(self.catalogue, self.rules),
            callers: HashMap::new(),
            buffer: Vec::new(),
            uses: Uses::default(),
        }
    }
}

/// Takes events, and keeps which action each principal used last when. It is bounded by what is recorded: principals
/// and accounts of the world, actions of the table.
pub struct UseCounter<'r, 'c> {
    reader: &'r UseReader<'c>,
    kinds: CallKinds<'c>,
    callers: HashMap<Box<[u8]>, Option<u32>>,
    buffer: Vec<u8>,
    uses: Uses,
}

/// What a log shows of uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    pub events: u64,
    pub span: Option<(Timestamp, Timestamp)>,
    /// Accounts with some event.
    accounts: BTreeSet<Box<str>>,
    /// Account and service of which there are data events.
    data: BTreeSet<(Box<str>, Box<str>)>,
    /// By principal and the action's number: the last use.
    last: HashMap<u32, BTreeMap<u32, Timestamp>>,
}

impl<'c> UseCounter<'_, 'c> {
    /// Takes an event of CloudTrail that was read with [`UseReader::fields`].
    pub fn take(&mut self, event: &Event<'_>) {
        let reader = self.reader;
        let (at, uses) = (event.time(), &mut self.uses);
        uses.events += 1;
        uses.span = Some(uses.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        let account = event.account().and_then(|account| reader.accounts.get(account));
        if let Some(account) = account.filter(|account| !uses.accounts.contains(*account)) {
            uses.accounts.insert(account.clone());
        }
        let is_data = is_data_event(event, reader.management);
        let principal = self.principal(event);
        if principal.is_none() && !is_data {
            return;
        }
        let (_, action) = self.kinds.of(event, &reader.fields, &reader.slots);
        if let (true, Some(account)) = (is_data, account) {
            for action in asked(action) {
                self.uses.data.insert((account.clone(), action.service().prefix().into()));
            }
        }
        let Some(principal) = principal else { return };
        let passed = reader.slots.is_call(event) && !event.error_code().is_some_and(|code| is_denial(&code));
        if passed && !matches!(action, EventAction::NoPermission(_) | EventAction::Unknown) {
            let used = self.uses.last.entry(principal).or_default();
            for action in asked(action) {
                let last = used.entry(number(action)).or_insert(at);
                *last = at.max(*last);
            }
        }
    }

    /// What was counted.
    pub fn finish(self) -> Uses {
        self.uses
    }

    fn principal(&mut self, event: &Event<'_>) -> Option<u32> {
        let reader = self.reader;
        reader.slots.write_caller(event, &mut self.buffer);
        if let Some(known) = self.callers.get(&self.buffer[..]) {
            return *known;
        }
        let found = reader.slots.principal(event).and_then(|name| reader.principals.get(&name)).copied();
        if self.callers.len() >= KEPT {
            self.callers.clear();
        }
        self.callers.insert(self.buffer.as_slice().into(), found);
        found
    }
}

fn number(action: ActionInfo<'_>) -> u32 {
    u32::try_from(action.number()).expect("a table of 32 bits")
}

impl Uses {
    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Uses) {
        self.events += other.events;
        let spans = [self.span, other.span].into_iter().flatten();
        self.span = spans.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)));
        self.accounts.extend(other.accounts);
        self.data.extend(other.data);
        for (principal, actions) in other.last {
            let known = self.last.entry(principal).or_default();
            for (action, at) in actions {
                let last = known.entry(action).or_insert(at);
                *last = at.max(*last);
            }
        }
    }
}

/// The permissions of a principal that it does not use.
#[derive(Clone, Debug)]
pub struct Permissions<'w> {
    /// Services with the actions that are not used; sorted.
    pub services: Vec<UnusedService>,
    /// Granted actions whose use the log cannot show.
    pub unseen: Vec<(String, Unseen)>,
    pub granted: usize,
    pub used: usize,
    /// The statements that grant what is not used.
    pub statements: Vec<StatementUse<'w>>,
    /// Policies that were not recorded: what they grant is not counted.
    pub unrecorded: Vec<String>,
    /// The last of all uses that the log shows.
    pub last_used: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedService {
    pub prefix: String,
    /// Nothing of the service was used.
    pub whole: bool,
    pub last_accessed: Option<Timestamp>,
    pub actions: Vec<(String, Option<Timestamp>)>,
}

/// Why the use of a granted action cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unseen {
    /// Only data events show it, and the log has none of its service.
    NoDataEvents,
    /// No event shows it.
    NeverLogged,
    /// An action that was used may need it.
    Companion,
}

impl Unseen {
    pub fn name(self) -> &'static str {
        match self {
            Unseen::NoDataEvents => "no-data-events",
            Unseen::NeverLogged => "never-logged",
            Unseen::Companion => "companion",
        }
    }
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

/// What is kept while principals are looked at: they share policies.
struct Known<'q> {
    catalogue: &'q Catalogue,
    unlogged: &'q UnloggedRules,
    actions: Vec<Action>,
    infos: Vec<ActionInfo<'q>>,
    /// Where an action of a number stands in the list.
    places: HashMap<u32, usize>,
    granted: HashMap<(usize, usize), Arc<[bool]>>,
    statements: HashMap<usize, Arc<[StatementActions]>>,
}

/// A statement's place in its policy, and the actions that it names.
type StatementActions = (usize, Vec<u32>);

/// A log covers a period that begins so long before its first event: the first call of a day may be late.
const TOLERANCE_DAYS: i64 = 1;

/// The permissions of every recorded user and role that a log shows no use of; without those of roles that are of no use
/// at all. The period ends with the log.
pub fn unused_permissions<'w>(
    world: &'w World,
    catalogue: &Catalogue,
    unlogged: &UnloggedRules,
    uses: &Uses,
    period: &Period,
    others: &[Finding<'w>],
) -> Vec<Finding<'w>> {
    if !period.kinds.contains(&Kind::Permission) {
        return Vec::new();
    }
    let mut known = Known::new(catalogue, unlogged);
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
        findings.extend(of_principal(principal, index, uses, period, &mut known));
    }
    findings.sort_by(|left, right| {
        let place = |one: &Finding<'w>| (one.principal.account().to_owned(), one.principal.arn().to_owned());
        place(left).cmp(&place(right))
    });
    findings
}

fn of_principal<'w>(
    principal: &'w Principal,
    index: u32,
    uses: &Uses,
    period: &Period,
    known: &mut Known<'_>,
) -> Option<Finding<'w>> {
    let end = uses.span.map_or(period.now, |(_, last)| last);
    let start = period.start(end);
    let created = principal.usage().created;
    if created.is_some_and(|created| created > start) {
        return None;
    }
    let none = BTreeMap::new();
    let permissions = known.permissions(principal, uses.last.get(&index).unwrap_or(&none), uses, start);
    if permissions.services.is_empty() {
        return None;
    }
    let verdict = match uses.span {
        None => Verdict::Unknown(Unknown::NoLogs),
        _ if !uses.accounts.contains(principal.account()) => Verdict::Unknown(Unknown::NoLogs),
        Some((_, last)) if last < period.start(period.now) => Verdict::Unknown(Unknown::OldRecord),
        Some((first, last)) if first.plus_days(-TOLERANCE_DAYS) > start => {
            let days = last.since(first).div_euclid(Timestamp::DAY);
            Verdict::Unknown(Unknown::ShortLogs(u16::try_from(days).unwrap_or(u16::MAX)))
        }
        _ if created.is_none() => Verdict::Unknown(Unknown::Creation),
        _ => Verdict::Unused,
    };
    Some(Finding {
        kind: Kind::Permission,
        verdict,
        principal,
        key: None,
        created,
        last_accessed: permissions.last_used,
        known_at: end,
        fix: if principal.is_of_identity_center() {
            super::Fix::NarrowPermissionSet
        } else {
            super::Fix::NarrowPolicies
        },
        permissions: Some(Box::new(permissions)),
    })
}

impl<'q> Known<'q> {
    fn new(catalogue: &'q Catalogue, unlogged: &'q UnloggedRules) -> Known<'q> {
        let all = catalogue.services().flat_map(|service| service.actions());
        let (actions, infos): (Vec<Action>, Vec<ActionInfo<'q>>) =
            all.filter_map(|info| Some((info.to_action()?, info))).unzip();
        let places = infos.iter().map(|info| number(*info)).zip(0..).collect();
        Known { catalogue, unlogged, actions, infos, places, granted: HashMap::new(), statements: HashMap::new() }
    }

    fn permissions<'w>(
        &mut self,
        principal: &'w Principal,
        used: &BTreeMap<u32, Timestamp>,
        uses: &Uses,
        start: Timestamp,
    ) -> Permissions<'w> {
        let granted = self.granted(principal);
        let companions: BTreeSet<u32> = used
            .iter()
            .filter(|(_, last)| **last > start)
            .filter_map(|(action, _)| self.catalogue.numbered(*action as usize))
            .flat_map(ActionInfo::dependent_actions)
            .filter_map(|name| self.catalogue.action(name).map(number))
            .collect();
        let account = Box::from(principal.account());
        let shows_data = |service: &str| uses.data.contains(&(Box::clone(&account), service.into()));
        let mut unused: BTreeSet<u32> = BTreeSet::new();
        let mut unseen = Vec::new();
        let mut in_use = BTreeSet::new();
        let mut count = 0;
        for (info, granted) in self.infos.iter().zip(granted.iter()) {
            if !granted || needs_no_permission(*info) {
                continue;
            }
            count += 1;
            let (at, service) = (number(*info), info.service().prefix());
            if used.get(&at).is_some_and(|last| *last > start) {
                in_use.insert(at);
                continue;
            }
            let why = match self.unlogged.of(*info) {
                Some(Unlogged::Never) => Some(Unseen::NeverLogged),
                Some(Unlogged::DataEvents) if !shows_data(service) => Some(Unseen::NoDataEvents),
                _ if companions.contains(&at) => Some(Unseen::Companion),
                _ => None,
            };
            match why {
                Some(why) => unseen.push((info.full_name(), why)),
                None => _ = unused.insert(at),
            }
        }
        let seen_in: BTreeSet<&str> = in_use.iter().filter_map(|at| self.prefix(*at)).collect();
        let doubtful: BTreeSet<&str> = unseen.iter().filter_map(|(name, _)| name.split(':').next()).collect();
        let mut services: BTreeMap<&str, UnusedService> = BTreeMap::new();
        for at in &unused {
            let Some(info) = self.catalogue.numbered(*at as usize) else { continue };
            let prefix = info.service().prefix();
            let service = services.entry(prefix).or_insert_with(|| UnusedService {
                prefix: prefix.to_owned(),
                whole: !seen_in.contains(prefix) && !doubtful.contains(prefix),
                last_accessed: None,
                actions: Vec::new(),
            });
            let last = used.get(at).copied();
            service.last_accessed = service.last_accessed.max(last);
            service.actions.push((info.full_name(), last));
        }
        let all = principal.identity().iter().chain(principal.boundary().iter());
        Permissions {
            services: services.into_values().collect(),
            unseen,
            granted: count,
            used: in_use.len(),
            statements: self.statements(principal, &granted, &unused),
            unrecorded: all
                .filter(|policy| policy.is_unrecorded().is_some())
                .map(|policy| policy.name().to_owned())
                .collect(),
            last_used: used.values().max().copied(),
        }
    }

    fn prefix(&self, action: u32) -> Option<&'q str> {
        self.catalogue.numbered(action as usize).map(|info| info.service().prefix())
    }

    /// Whether the recorded policies grant each action, on some resource under some conditions.
    fn granted(&mut self, principal: &Principal) -> Arc<[bool]> {
        let key = (principal.identity().as_ptr().addr(), principal.boundary().as_ptr().addr());
        if let Some(known) = self.granted.get(&key) {
            return known.clone();
        }
        let recorded = |policies: &[Arc<Prepared>]| -> Vec<Arc<Prepared>> {
            policies.iter().filter(|policy| policy.is_unrecorded().is_none()).cloned().collect()
        };
        let (identity, boundary) = (recorded(principal.identity()), recorded(principal.boundary()));
        let found: Arc<[bool]> =
            grants(principal, &identity, &boundary, &self.actions).map(|granted| granted != Tri::No).collect();
        self.granted.insert(key, found.clone());
        found
    }

    fn statements<'w>(
        &mut self,
        principal: &'w Principal,
        granted: &[bool],
        unused: &BTreeSet<u32>,
    ) -> Vec<StatementUse<'w>> {
        let mut found = Vec::new();
        for attachment in principal.attachments() {
            let policy = &attachment.policy;
            for (statement, actions) in self.of_policy(policy).iter() {
                let of_it = actions.iter().filter(|at| self.places.get(at).is_some_and(|place| granted[*place]));
                let (mut all, mut idle) = (0, 0);
                for at in of_it {
                    all += 1;
                    idle += usize::from(unused.contains(at));
                }
                if idle > 0 {
                    let (statement, via) = (*statement, &attachment.via);
                    found.push(StatementUse { policy, via, statement, granted: all, unused: idle });
                }
            }
        }
        found
    }

    /// The actions that each Allow statement of a policy names.
    fn of_policy(&mut self, policy: &Arc<Prepared>) -> Arc<[StatementActions]> {
        let key = Arc::as_ptr(policy).addr();
        if let Some(known) = self.statements.get(&key) {
            return known.clone();
        }
        let allows = policy.policy().statements().filter(|statement| statement.effect() == Effect::Allow);
        let found: Arc<[StatementActions]> = allows
            .map(|statement| {
                let named: BTreeSet<u32> =
                    statement.actions().flat_map(|pattern| self.catalogue.expand(pattern)).map(number).collect();
                let actions = match statement.action_listing() {
                    Listing::Only => named.into_iter().collect(),
                    Listing::Except => {
                        self.infos.iter().map(|info| number(*info)).filter(|at| !named.contains(at)).collect()
                    }
                };
                (statement.index(), actions)
            })
            .collect();
        self.statements.insert(key, found.clone());
        found
    }
}
