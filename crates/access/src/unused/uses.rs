//! Which actions the recorded users and roles used last when, by the calls of a log.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use haechi_iam::catalogue::{ActionInfo, Catalogue, EventAction, EventRules};
use haechi_model::Timestamp;
use haechi_model::event::{Event, FieldError, Fields, Slot};

use crate::calls::{CallKinds, CallSlots, PrincipalName, is_denial};
use crate::generate::{asked, is_data_event};
use crate::world::World;

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
    pub(super) accounts: BTreeSet<Box<str>>,
    /// Account and service of which there are data events.
    pub(super) data: BTreeSet<(Box<str>, Box<str>)>,
    /// By principal and the action's number: the last use.
    pub(super) last: HashMap<u32, BTreeMap<u32, Timestamp>>,
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

pub(super) fn number(action: ActionInfo<'_>) -> u32 {
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
