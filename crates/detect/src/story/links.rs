//! What belongs together in the network: interfaces and their instances, instances and the sessions of their roles,
//! names and the addresses that they were resolved to. It is learned in the first reading, and from the inventory.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use haechi_model::event::{Event, Flow, is_public};
use haechi_model::{Entity, EntityKind, Timestamp};
use serde::Serialize;

use super::cast::{Actor, kind_of};
use super::step::Query;
use crate::flow::contact::{Contact, address};
use crate::intel::number;
use crate::owners::{Owner, Owners};

/// Two entities that belong together, and what says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// `interface-of`, `address-of`, `session-of`, `resolved-to`.
    pub kind: &'static str,
    pub from: Entity,
    pub to: Entity,
    /// `log`, or `inventory`: what was recorded of the organization.
    pub basis: &'static str,
    /// The first event that says so; of the inventory none.
    pub seen: Option<Timestamp>,
    pub event_ids: Vec<String>,
    /// Its file and record.
    pub records: Vec<String>,
}

/// The event that said something first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    time: Timestamp,
    event_id: String,
    record: String,
}

/// An interface, as its flows tell.
#[derive(Debug, Clone, Default)]
struct Known {
    instance: Option<(Box<str>, Seen)>,
    addresses: Vec<(u128, Seen)>,
}

/// Interfaces, and addresses of each, that are kept.
const INTERFACES: usize = 100_000;
const ADDRESSES: usize = 8;
/// Sessions of instances, and names or addresses of what is asked for.
const SESSIONS: usize = 50_000;
const NAMES: usize = 1_000;

/// What the first reading tells of the network.
#[derive(Debug, Clone, Default)]
pub struct Links {
    word: String,
    kind: Option<EntityKind>,
    address: Option<u128>,
    interfaces: HashMap<Box<str>, Known>,
    /// By instance: sessions of its role.
    sessions: BTreeMap<String, BTreeMap<String, Seen>>,
    session_count: usize,
    /// Of a domain its addresses, of an address its names.
    names: BTreeMap<String, Seen>,
    mentioned: Option<Timestamp>,
}

impl Links {
    pub(super) fn of(word: &str) -> Self {
        let address = word.parse::<IpAddr>().ok().map(number);
        Self { word: word.to_owned(), kind: Some(kind_of(word)), address, ..Self::default() }
    }

    /// When a flow named the entity last.
    pub(super) fn mentioned(&self) -> Option<Timestamp> {
        self.mentioned
    }

    /// Takes a line of the first reading.
    pub(super) fn flow(&mut self, flow: &Flow<'_>, owners: &Owners) {
        let Some(contact) = Contact::of(flow, owners) else { return };
        let room = self.interfaces.len() < INTERFACES;
        let known = match self.interfaces.get_mut(flow.interface) {
            Some(known) => Some(known),
            None if room && !flow.interface.is_empty() => {
                Some(self.interfaces.entry(flow.interface.into()).or_default())
            }
            None => None,
        };
        let mut is_ours = false;
        if let Some(known) = known {
            let seen = || Seen { time: flow.time(), event_id: flow.id(), record: record_of(flow) };
            if known.instance.is_none() && !flow.instance.is_empty() && flow.instance != "-" {
                known.instance = Some((flow.instance.into(), seen()));
            }
            let is_known = known.addresses.iter().any(|(address, _)| *address == contact.local);
            if contact.sure && known.addresses.len() < ADDRESSES && !is_known {
                known.addresses.push((contact.local, seen()));
            }
            is_ours = known.instance.as_ref().is_some_and(|(id, _)| **id == *self.word);
        }
        let later = self.mentioned.is_none_or(|at| at < flow.time());
        if later && (is_ours || self.names_flow(flow, &contact, owners)) {
            self.mentioned = Some(flow.time());
        }
    }

    fn names_flow(&self, flow: &Flow<'_>, contact: &Contact, owners: &Owners) -> bool {
        if let Some(address) = self.address {
            return contact.local == address || contact.remote == address;
        }
        let word = &*self.word;
        [flow.interface, flow.instance, flow.account, flow.vpc].contains(&word)
            || owners.of(flow.interface).is_some_and(|owner| match owner {
                Owner::Instance(id) | Owner::Function(id) => **id == *word,
                Owner::Other(_) => false,
            })
    }

    /// Takes a query: what it was answered is what a name or an address goes by.
    pub(super) fn query(&mut self, query: &Query) {
        let seen = || Seen {
            time: query.time,
            event_id: query.event_id.clone(),
            record: format!("{}:{}", query.file, query.record),
        };
        match self.kind {
            Some(EntityKind::Domain) if is_below(&query.name, &self.word) => {
                for address in query.addresses() {
                    self.name(super::links::address(address).to_string(), &seen);
                }
            }
            Some(EntityKind::Address) if query.addresses().any(|one| Some(one) == self.address) => {
                self.name(query.name.clone(), &seen);
            }
            _ => {}
        }
    }

    /// Another name of the entity, or an address of it, with the first time it was seen.
    fn name(&mut self, name: String, seen: &dyn Fn() -> Seen) {
        if self.names.len() < NAMES || self.names.contains_key(&name) {
            let seen = seen();
            self.names.entry(name).and_modify(|known| *known = known.clone().min(seen.clone())).or_insert(seen);
        }
    }

    /// Takes a session of an instance's role.
    pub(super) fn session(&mut self, instance: &str, session: &str, event: &Event<'_>) {
        if let Some(known) = self.sessions.get(instance).and_then(|sessions| sessions.get(session))
            && known.time <= event.time()
        {
            return;
        }
        if self.session_count >= SESSIONS {
            return;
        }
        let place = event.place();
        let record = format!("{}:{}", place.file.display(), place.record);
        let seen = Seen { time: event.time(), event_id: event.id().to_owned(), record };
        let sessions = self.sessions.entry(instance.to_owned()).or_default();
        let before = sessions.len();
        sessions.entry(session.to_owned()).and_modify(|known| *known = known.clone().min(seen.clone())).or_insert(seen);
        self.session_count += sessions.len() - before;
    }

    /// Adds to an actor what belongs to it.
    pub(super) fn complete(&self, actor: &mut Actor, owners: &Owners) {
        let word = actor.name.clone();
        match actor.kind {
            Some(EntityKind::Instance) => drop(actor.instances.insert(word.clone())),
            Some(EntityKind::Interface) => drop(actor.interfaces.insert(word.clone())),
            Some(EntityKind::Address) => {
                actor.own.extend(self.address);
                self.names_of(actor, &word);
                self.owner_of_address(actor, &word, owners);
            }
            Some(EntityKind::Domain) => {
                actor.domains.insert(word.to_ascii_lowercase());
                self.addresses_of_name(actor, &word);
            }
            Some(EntityKind::Session) => actor.instances.extend(instance_of(&word).map(str::to_owned)),
            Some(EntityKind::Principal) => self.instances_of_role(actor, &word),
            Some(EntityKind::AccessKey) => {
                let of = actor.chain.iter().filter(|issue| issue.key == word).filter_map(|issue| issue.of.as_deref());
                let instances: BTreeSet<String> = of.filter_map(instance_of).map(str::to_owned).collect();
                actor.instances.extend(instances);
            }
            Some(EntityKind::Resource) => actor.interfaces.extend(owners.interfaces_of(&word).map(str::to_owned)),
            _ => {}
        }
        self.instances_of_interfaces(actor, owners);
        self.interfaces_of_instances(actor, owners);
        self.sessions_of_instances(actor);
        actor.links.sort();
        actor.links.dedup();
        actor.links.truncate(NAMES);
    }

    /// A private address is many things in many networks: only where one interface has it, it stands for that one.
    fn owner_of_address(&self, actor: &mut Actor, word: &str, owners: &Owners) {
        let Some(own) = self.address else { return };
        let mut by_log: Vec<(String, Seen)> = Vec::new();
        for (name, known) in &self.interfaces {
            let seen = known.addresses.iter().find(|(address, _)| *address == own);
            by_log.extend(seen.map(|(_, seen)| (name.to_string(), seen.clone())));
        }
        by_log.sort();
        let from = Entity::new(EntityKind::Address, word);
        for (name, seen) in by_log.iter().take(NAMES) {
            let to = Entity::new(EntityKind::Interface, name);
            actor.links.push(seen.link("address-of", from.clone(), to));
        }
        if let [(only, _)] = by_log.as_slice()
            && !is_public(address(own))
        {
            actor.interfaces.insert(only.clone());
        }
        let _ = owners;
    }

    fn instances_of_interfaces(&self, actor: &mut Actor, owners: &Owners) {
        for name in actor.interfaces.clone() {
            let from = Entity::new(EntityKind::Interface, &name);
            match owners.of(&name) {
                Some(Owner::Instance(id)) => {
                    let to = Entity::new(EntityKind::Instance, &**id);
                    actor.links.push(recorded("interface-of", from, to));
                    actor.instances.insert(id.to_string());
                }
                Some(Owner::Function(id)) => {
                    let to = Entity::new(EntityKind::Function, &**id);
                    actor.links.push(recorded("interface-of", from, to));
                }
                _ => {
                    let known = self.interfaces.get(&*name).and_then(|known| known.instance.as_ref());
                    if let Some((id, seen)) = known {
                        let to = Entity::new(EntityKind::Instance, &**id);
                        actor.links.push(seen.link("interface-of", from, to));
                        actor.instances.insert(id.to_string());
                    }
                }
            }
        }
    }

    fn interfaces_of_instances(&self, actor: &mut Actor, owners: &Owners) {
        for id in actor.instances.clone() {
            let to = Entity::new(EntityKind::Instance, &id);
            for name in owners.interfaces_of(&id) {
                actor.interfaces.insert(name.to_owned());
                actor.links.push(recorded("interface-of", Entity::new(EntityKind::Interface, name), to.clone()));
            }
            for (name, known) in &self.interfaces {
                if let Some((instance, seen)) = &known.instance
                    && **instance == *id
                    && actor.interfaces.insert(name.to_string())
                {
                    let from = Entity::new(EntityKind::Interface, &**name);
                    actor.links.push(seen.link("interface-of", from, to.clone()));
                }
            }
        }
        for name in actor.interfaces.clone() {
            let to = Entity::new(EntityKind::Interface, &name);
            for own in owners.addresses_of(&name) {
                let from = Entity::new(EntityKind::Address, address(own).to_string());
                actor.own.insert(own);
                actor.links.push(recorded("address-of", from, to.clone()));
            }
            for (own, seen) in self.interfaces.get(&*name).into_iter().flat_map(|known| &known.addresses) {
                if actor.own.insert(*own) {
                    let from = Entity::new(EntityKind::Address, address(*own).to_string());
                    actor.links.push(seen.link("address-of", from, to.clone()));
                }
            }
        }
    }

    fn sessions_of_instances(&self, actor: &mut Actor) {
        // Of a role's or a session's own story, its sessions are what it is about.
        for id in actor.instances.clone() {
            for (session, seen) in self.sessions.get(&id).into_iter().flatten() {
                let (from, to) = (Entity::new(EntityKind::Session, session), Entity::new(EntityKind::Instance, &id));
                if matches!(actor.kind, Some(EntityKind::Session | EntityKind::Principal))
                    && !actor.names_session(session)
                {
                    continue;
                }
                actor.links.push(seen.link("session-of", from, to));
            }
        }
    }

    fn instances_of_role(&self, actor: &mut Actor, role: &str) {
        for (instance, sessions) in &self.sessions {
            if sessions.keys().any(|session| is_session_of(session, role)) {
                actor.instances.insert(instance.clone());
            }
        }
    }

    fn names_of(&self, actor: &mut Actor, word: &str) {
        for (name, seen) in &self.names {
            let (from, to) = (Entity::new(EntityKind::Domain, name), Entity::new(EntityKind::Address, word));
            actor.links.push(seen.link("resolved-to", from, to));
        }
    }

    fn addresses_of_name(&self, actor: &mut Actor, word: &str) {
        for (name, seen) in &self.names {
            let (from, to) = (Entity::new(EntityKind::Domain, word), Entity::new(EntityKind::Address, name));
            actor.links.push(seen.link("resolved-to", from, to));
            actor.own.extend(name.parse::<IpAddr>().ok().map(number));
        }
    }
}

impl Seen {
    fn link(&self, kind: &'static str, from: Entity, to: Entity) -> Link {
        let (event_ids, records) = (vec![self.event_id.clone()], vec![self.record.clone()]);
        Link { kind, from, to, basis: "log", seen: Some(self.time), event_ids, records }
    }
}

fn recorded(kind: &'static str, from: Entity, to: Entity) -> Link {
    Link { kind, from, to, basis: "inventory", seen: None, event_ids: Vec::new(), records: Vec::new() }
}

fn record_of(flow: &Flow<'_>) -> String {
    format!("{}:{}", flow.place.file.display(), flow.place.record)
}

/// The instance whose role's session it is.
pub(super) fn instance_of(session: &str) -> Option<&str> {
    let (_, name) = session.rsplit_once('/')?;
    (kind_of(name) == EntityKind::Instance).then_some(name)
}

/// `arn:aws:sts::1:assumed-role/NAME/s` is a session of `arn:aws:iam::1:role/path/NAME`.
pub(super) fn is_session_of(session: &str, role: &str) -> bool {
    let Some((head, rest)) = session.split_once(":assumed-role/") else { return false };
    let Some((before, path)) = role.split_once(":role/") else { return false };
    head.rsplit(':').next() == before.rsplit(':').next() && rest.split('/').next() == path.rsplit('/').next()
}

/// The name, or one below it; names of queries end in a dot.
pub(super) fn is_below(name: &str, above: &str) -> bool {
    let (name, above) = (name.trim_end_matches('.'), above.trim_end_matches('.'));
    let Some(cut) = name.len().checked_sub(above.len()) else { return false };
    name.is_char_boundary(cut)
        && name[cut..].eq_ignore_ascii_case(above)
        && (cut == 0 || name.as_bytes()[cut - 1] == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_belong_to_roles_and_instances() {
        let session = "arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0";
        assert_eq!(instance_of(session), Some("i-0123456789abcdef0"));
        assert_eq!(instance_of("arn:aws:sts::111122223333:assumed-role/web/alice"), None);
        for (role, is) in [
            ("arn:aws:iam::111122223333:role/web", true),
            ("arn:aws:iam::111122223333:role/service/web", true),
            ("arn:aws:iam::111122223333:role/webber", false),
            ("arn:aws:iam::444455556666:role/web", false),
            ("arn:aws:iam::111122223333:user/web", false),
        ] {
            assert_eq!(is_session_of(session, role), is, "{role}");
        }
    }

    #[test]
    fn names_are_below_names() {
        for (name, above, is) in [
            ("evil.example.", "evil.example", true),
            ("a.EVIL.example", "evil.example", true),
            ("notevil.example", "evil.example", false),
            ("example", "evil.example", false),
            ("é.example", "xample", false),
        ] {
            assert_eq!(is_below(name, above), is, "{name} {above}");
        }
    }
}
