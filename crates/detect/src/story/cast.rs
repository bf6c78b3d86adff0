//! Who belongs together: an entity, and the users, sessions and keys that are the same actor, found by following the
//! credentials that were made.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::event::{Event, Flow};
use haechi_model::{EntityKind, Timestamp};

use super::gather::Side;
use super::links::{Link, Links, instance_of, is_below, is_session_of};
use super::network::Began;
use super::step::{Issue, Query, Step};
use crate::flow::contact::Contact;
use crate::owners::Owners;

/// Credentials that were made, by key and by maker, and what belongs together in the network.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    issues: Vec<Issue>,
    by_key: BTreeMap<String, Vec<usize>>,
    unkept: u64,
    links: Links,
}

/// Credentials that are kept; the rest is counted.
const MOST: usize = 2_000_000;

/// The words that the entity of a story goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    pub kind: Option<EntityKind>,
    /// As the user named it.
    pub name: String,
    pub principals: BTreeSet<String>,
    pub sessions: BTreeSet<String>,
    pub keys: BTreeSet<String>,
    pub addresses: BTreeSet<String>,
    /// Names and ids of things that events are done to.
    pub targets: BTreeSet<String>,
    pub agents: BTreeSet<String>,
    pub accounts: BTreeSet<String>,
    /// Instances and interfaces that it is, or acts from.
    pub instances: BTreeSet<String>,
    pub interfaces: BTreeSet<String>,
    pub domains: BTreeSet<String>,
    /// Its own addresses in the network.
    pub(super) own: BTreeSet<u128>,
    /// What belongs to it in the network, and what says so.
    pub links: Vec<Link>,
    /// The credentials that led here, oldest first.
    pub chain: Vec<Issue>,
    /// Credentials that it made for others, oldest first.
    pub made: Vec<Issue>,
}

/// What kind of entity a word names.
pub fn kind_of(word: &str) -> EntityKind {
    let is_id = |prefix: &str| {
        word.strip_prefix(prefix)
            .is_some_and(|rest| matches!(rest.len(), 8 | 17) && rest.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    let key = |prefix: &str| {
        word.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= 12 && rest.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
        })
    };
    match word {
        _ if word.parse::<core::net::IpAddr>().is_ok() => EntityKind::Address,
        _ if key("AKIA") || key("ASIA") => EntityKind::AccessKey,
        _ if word.len() == 12 && word.bytes().all(|digit| digit.is_ascii_digit()) => EntityKind::Account,
        _ if word.contains(":assumed-role/") || word.contains(":federated-user/") => EntityKind::Session,
        _ if word.starts_with("arn:") && word.contains(":s3:::") => EntityKind::Bucket,
        _ if word.starts_with("arn:") && word.contains(":kms:") => EntityKind::Key,
        _ if word.starts_with("arn:") && (word.contains(":iam::") || word.contains(":sts::")) => EntityKind::Principal,
        _ if is_id("i-") => EntityKind::Instance,
        _ if is_id("eni-") => EntityKind::Interface,
        _ if is_domain(word) => EntityKind::Domain,
        _ => EntityKind::Resource,
    }
}

/// `evil.example.com`; the last label of a domain is of letters, or of an international name.
fn is_domain(word: &str) -> bool {
    let name = word.strip_suffix('.').unwrap_or(word);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let top = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic()) || last.starts_with("xn--");
    name.len() <= 253 && name.contains('.') && top && name.split('.').all(label)
}

impl Cast {
    /// For the story of what a word names: of the network only what belongs to it is kept.
    pub fn about(word: &str) -> Self {
        Self { links: Links::of(word), ..Self::default() }
    }

    /// Takes a line of a flow log.
    pub fn flow(&mut self, flow: &Flow<'_>, owners: &Owners) {
        self.links.flow(flow, owners);
    }

    /// Takes a query.
    pub fn query(&mut self, query: &Query) {
        self.links.query(query);
    }

    /// Takes a session, which may be one of an instance's role.
    pub fn session(&mut self, session: &str, event: &Event<'_>) {
        if let Some(instance) = instance_of(session) {
            self.links.session(instance, session, event);
        }
    }

    /// When a flow was the entity's last.
    pub fn mentioned(&self) -> Option<Timestamp> {
        self.links.mentioned()
    }

    pub fn add(&mut self, issue: Issue) {
        if self.issues.len() >= MOST {
            self.unkept += 1;
            return;
        }
        self.by_key.entry(issue.key.clone()).or_default().push(self.issues.len());
        self.issues.push(issue);
    }

    pub fn len(&self) -> usize {
        self.issues.len()
    }

    pub fn is_empty(&self) -> bool {
        self.issues.is_empty()
    }

    /// The actor that a word names. Whoever's credentials led to it are its chain; they are not the actor themselves.
    pub fn actor(&self, word: &str, owners: &Owners) -> Actor {
        let kind = kind_of(word);
        let mut actor = Actor { kind: Some(kind), name: word.to_owned(), ..Actor::default() };
        let own = word.to_owned();
        match kind {
            EntityKind::Address => drop(actor.addresses.insert(own)),
            EntityKind::AccessKey => drop(actor.keys.insert(own)),
            EntityKind::Account => drop(actor.accounts.insert(own)),
            EntityKind::Session => drop(actor.sessions.insert(own)),
            EntityKind::Principal => drop(actor.principals.insert(own)),
            EntityKind::Bucket => {
                actor.targets.insert(word.rsplit(":::").next().unwrap_or(word).to_owned());
                actor.targets.insert(own);
            }
            _ => drop(actor.targets.insert(own)),
        }
        // The keys of a session or a user, and the session or user of a key.
        for issue in &self.issues {
            let of_actor = actor.keys.contains(&issue.key)
                || issue.of.as_ref().is_some_and(|of| actor.sessions.contains(of) || actor.principals.contains(of));
            // The sessions of a role are many; the keys of a user are its own.
            if of_actor && (kind != EntityKind::Principal || issue.name == "CreateAccessKey") {
                actor.keys.insert(issue.key.clone());
            }
        }
        actor.chain = self.chain(&actor);
        let made = self.issues.iter().filter(|issue| {
            let by = [&issue.by, &issue.by_session, &issue.by_key];
            let is = |set: &BTreeSet<String>| by.iter().any(|by| by.as_ref().is_some_and(|by| set.contains(by)));
            is(&actor.principals) || is(&actor.sessions) || is(&actor.keys) || {
                issue.address.as_ref().is_some_and(|address| actor.addresses.contains(address))
            }
        });
        actor.made = made.take(CHAIN).cloned().collect();
        actor.made.sort_by(|a, b| (a.time, &a.event_id).cmp(&(b.time, &b.event_id)));
        self.links.complete(&mut actor, owners);
        actor
    }

    /// Back from the actor's keys, from session to maker, until somebody's own long-term key.
    fn chain(&self, actor: &Actor) -> Vec<Issue> {
        let mut chain: Vec<Issue> = Vec::new();
        let mut waiting: Vec<String> = actor.keys.iter().cloned().collect();
        let mut seen: BTreeSet<String> = actor.keys.clone();
        for issue in &self.issues {
            if issue.of.as_ref().is_some_and(|of| actor.sessions.contains(of)) && seen.insert(issue.key.clone()) {
                waiting.push(issue.key.clone());
            }
        }
        while let Some(key) = waiting.pop() {
            for at in self.by_key.get(&key).into_iter().flatten() {
                let issue = &self.issues[*at];
                if chain.len() >= CHAIN {
                    break;
                }
                chain.push(issue.clone());
                if let Some(by) = &issue.by_key
                    && seen.insert(by.clone())
                {
                    waiting.push(by.clone());
                }
            }
        }
        chain.sort_by(|a, b| (a.time, &a.event_id).cmp(&(b.time, &b.event_id)));
        chain.dedup();
        chain
    }
}

/// Links of a chain that are told.
const CHAIN: usize = 50;

impl Actor {
    /// The event was done by the actor, or to what it names.
    pub fn did(&self, step: &Step) -> bool {
        let is = |set: &BTreeSet<String>, word: &Option<String>| word.as_ref().is_some_and(|word| set.contains(word));
        is(&self.principals, &step.principal)
            || is(&self.sessions, &step.session)
            || is(&self.keys, &step.access_key)
            || is(&self.addresses, &step.address)
            || is(&self.agents, &step.user_agent)
            || is(&self.accounts, &step.account)
            || (!self.targets.is_empty() && step.targets.iter().any(|target| self.names(target)))
            || (self.kind == Some(EntityKind::Resource) && step.principal.as_deref() == Some(&self.name))
            || step.session.as_deref().is_some_and(|session| self.acts_as(session))
    }

    /// A session of an instance's role is named after it. A role's or a session's story is about itself.
    fn acts_as(&self, session: &str) -> bool {
        let is_machine = matches!(self.kind, Some(EntityKind::Instance | EntityKind::Interface | EntityKind::Address));
        is_machine && instance_of(session).is_some_and(|instance| self.instances.contains(instance))
    }

    /// The session is the actor, or one of the actor's role.
    pub(super) fn names_session(&self, session: &str) -> bool {
        self.sessions.contains(session) || self.principals.iter().any(|role| is_session_of(session, role))
    }

    /// The flow as the actor sees it; none of flows of others.
    pub(super) fn side(&self, flow: &Flow<'_>, contact: &Contact) -> Option<Side> {
        let is = |end: u128| self.own.contains(&end);
        let (local, remote) = (is(contact.local), is(contact.remote));
        let by_address = matches!(self.kind, Some(EntityKind::Address | EntityKind::Domain)) && (local || remote);
        let ours = by_address
            || self.interfaces.contains(flow.interface)
            || self.instances.contains(flow.instance)
            || self.accounts.contains(flow.account)
            || (!flow.vpc.is_empty() && self.targets.contains(flow.vpc));
        if !ours {
            return None;
        }
        // Seen from the entity; where the line does not tell whose it is, from the side that is known to be its own.
        let turned = if by_address { !local } else { !contact.sure && remote && !local };
        let client = contact.client != turned;
        Some(Side {
            own: if turned { contact.remote } else { contact.local },
            other: if turned { contact.local } else { contact.remote },
            began: if client { Began::Own } else { Began::Other },
            port: contact.port,
            sent: contact.out != turned,
        })
    }

    /// The actor asked, was asked for, or is what was answered.
    pub(super) fn asked(&self, query: &Query) -> bool {
        let by = match &query.instance {
            Some(instance) => self.instances.contains(instance),
            None => query.address.as_deref().and_then(crate::principal::ip).is_some_and(|address| {
                self.kind != Some(EntityKind::Domain) && self.own.contains(&crate::intel::number(address))
            }),
        };
        by || self.domains.iter().any(|domain| is_below(&query.name, domain))
            || (self.kind == Some(EntityKind::Address) && query.addresses().any(|address| self.own.contains(&address)))
            || query.account.as_ref().is_some_and(|account| self.accounts.contains(account))
    }

    fn names(&self, target: &str) -> bool {
        self.targets.contains(target)
            || self
                .targets
                .iter()
                .any(|own| target.ends_with(&format!("/{own}")) || target.ends_with(&format!(":{own}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_their_kinds() {
        for (word, kind) in [
            ("192.0.2.66", EntityKind::Address),
            ("2001:db8::1", EntityKind::Address),
            ("AKIAIOSFODNN7EXAMPLE", EntityKind::AccessKey),
            ("111122223333", EntityKind::Account),
            ("arn:aws:iam::111122223333:user/x", EntityKind::Principal),
            ("arn:aws:sts::111122223333:assumed-role/r/s", EntityKind::Session),
            ("i-0123456789abcdef0", EntityKind::Instance),
            ("arn:aws:s3:::b", EntityKind::Bucket),
            ("shop-invoices", EntityKind::Resource),
            ("eni-0123456789abcdef0", EntityKind::Interface),
            ("evil.example.com", EntityKind::Domain),
            ("evil.example.", EntityKind::Domain),
            ("a..example", EntityKind::Resource),
            ("1.2.3", EntityKind::Resource),
            ("arn:aws:s3:::www.example.com", EntityKind::Bucket),
        ] {
            assert_eq!(kind_of(word), kind, "{word}");
        }
    }

    fn issue(seconds: i64, by_key: &str, key: &str, of: &str) -> Issue {
        Issue {
            time: haechi_model::Timestamp::from_seconds(seconds),
            event_id: format!("e{seconds}"),
            name: "AssumeRole".into(),
            by: None,
            by_session: None,
            by_key: Some(by_key.into()),
            address: None,
            key: key.into(),
            of: Some(of.into()),
        }
    }

    #[test]
    fn a_session_is_followed_to_the_key_that_it_began_with() {
        let mut cast = Cast::default();
        let (first, second) = ("arn:aws:sts::1:assumed-role/a/x", "arn:aws:sts::2:assumed-role/b/y");
        cast.add(issue(1, "AKIAAAAAAAAAAAAAAAAA", "ASIAAAAAAAAAAAAAAAAA", first));
        cast.add(issue(2, "ASIAAAAAAAAAAAAAAAAA", "ASIABBBBBBBBBBBBBBBB", second));
        // A circle, as a damaged log may have it, ends.
        cast.add(issue(3, "ASIABBBBBBBBBBBBBBBB", "AKIAAAAAAAAAAAAAAAAA", "arn:aws:iam::1:user/u"));
        let actor = cast.actor(second, &Owners::default());
        let chain: Vec<_> = actor.chain.iter().map(|issue| issue.event_id.as_str()).collect();
        assert_eq!(chain, ["e1", "e2", "e3"]);
        assert!(actor.keys.contains("ASIABBBBBBBBBBBBBBBB"));
        assert_eq!(actor.made.len(), 1);
    }
}
