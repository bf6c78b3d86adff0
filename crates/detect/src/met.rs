//! An event, and what is worked out of it once for all rules: who acted, from where, and what tells it apart.

use core::cell::OnceCell;
use core::net::IpAddr;
use std::borrow::Cow;

use haechi_model::Log;
use haechi_model::event::{Event, Fields, Slot, Value};

use crate::intel::Intel;
use crate::key::{Key, KeyHasher};
use crate::principal::{Actor, ActorSlots, Principal, ip};

/// An event under the rules of its log.
pub(crate) struct Met<'m, 'a> {
    pub(crate) event: &'m Event<'a>,
    pub(crate) slots: &'m ActorSlots,
    pub(crate) intel: &'m Intel,
    actor: OnceCell<Actor<'a>>,
    address: OnceCell<Option<IpAddr>>,
    print: OnceCell<Key>,
}

impl<'m, 'a> Met<'m, 'a> {
    pub(crate) fn new(event: &'m Event<'a>, slots: &'m ActorSlots, intel: &'m Intel) -> Self {
        Self { event, slots, intel, actor: OnceCell::new(), address: OnceCell::new(), print: OnceCell::new() }
    }

    pub(crate) fn actor(&self) -> &Actor<'a> {
        self.actor.get_or_init(|| self.slots.actor(self.event))
    }

    pub(crate) fn principal(&self) -> Option<&Principal<'a>> {
        self.actor().principal.as_ref()
    }

    /// The address, if it is one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        *self.address.get_or_init(|| self.actor().address.as_deref().and_then(ip))
    }

    /// Events with the same print have the same actor, name, account and region.
    pub(crate) fn print(&self) -> Key {
        *self.print.get_or_init(|| {
            let mut hash = KeyHasher::default();
            self.head(&mut |text| hash.part(text));
            self.slots.each(&mut |slot| raw(self.event, slot, &mut |text| hash.part(text)));
            hash.key()
        })
    }

    /// The texts of every event.
    pub(crate) fn head(&self, each: &mut dyn FnMut(&str)) {
        let event = self.event;
        [event.source(), event.name(), event.account().unwrap_or("-"), event.region().unwrap_or("-")]
            .into_iter()
            .for_each(each);
    }
}

/// A part of a key, or what is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Principal,
    Session,
    AccessKey,
    Address,
    Field(Option<Slot>),
}

impl Part {
    /// Words stand for what logs name differently; anything else is a path.
    pub(crate) fn path(text: &str, log: Log) -> Option<&str> {
        let word = matches!(text, "principal" | "session" | "access-key")
            || (text == "address" && !ActorSlots::paths(log).contains(&"address"));
        if word || matches!(text, "account" | "region") { None } else { Some(text) }
    }

    pub(crate) fn bind(text: &str, log: Log, fields: &Fields) -> Self {
        match (text, Self::path(text, log)) {
            (_, Some(path)) => Part::Field(fields.slot(path)),
            ("session", _) => Part::Session,
            ("access-key", _) => Part::AccessKey,
            ("address", _) => Part::Address,
            _ => Part::Principal,
        }
    }

    pub(crate) fn text<'t>(self, met: &'t Met<'_, '_>) -> Option<Cow<'t, str>> {
        match self {
            Part::Principal => met.principal().map(|who| Cow::Borrowed(&*who.id)),
            Part::Session => met.principal().and_then(|who| who.session.as_deref()).map(Cow::Borrowed),
            Part::AccessKey => met.principal().and_then(|who| who.access_key.as_deref()).map(Cow::Borrowed),
            Part::Address => met.actor().address.as_deref().map(Cow::Borrowed),
            Part::Field(slot) => joined(met.event, slot?).map(Cow::Owned),
        }
    }
}

/// The scalar texts of a field, joined in order when there are several.
fn joined(event: &Event<'_>, slot: Slot) -> Option<String> {
    let mut all = String::new();
    event.each_value(slot, &mut |value| {
        if let Some(text) = value.scalar() {
            if !all.is_empty() {
                all.push(',');
            }
            all.push_str(&text);
        }
    });
    Some(all).filter(|text| !text.is_empty())
}

/// The text of a field as it stands in the record: for telling events apart, not for reading.
pub(crate) fn raw(event: &Event<'_>, slot: Option<Slot>, part: &mut dyn FnMut(&str)) {
    let Some(slot) = slot else { return };
    match event.value(slot) {
        Some(Value::Plain(text)) => part(text),
        Some(Value::Json(json)) => part(json.as_json()),
        None => {
            event.each(slot, &mut |json| part(json.as_json()));
            // No text of a record: where the list ends.
            part("\u{0}");
        }
    }
}
