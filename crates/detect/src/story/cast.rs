//! Who belongs together: an entity, and the users, sessions and keys that are the same actor, found by following the
//! credentials that were made.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::EntityKind;

use super::step::{Issue, Step};

/// Credentials that were made, by key and by maker.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    issues: Vec<Issue>,
    by_key: BTreeMap<String, Vec<usize>>,
    unkept: u64,
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
        _ => EntityKind::Resource,
    }
}

impl Cast {
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
    pub fn actor(&self, word: &str) -> Actor {
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
            // A session of an instance's role is named after it.
            || (self.kind == Some(EntityKind::Instance)
                && step.session.as_deref().is_some_and(|session| session.ends_with(&format!("/{}", self.name))))
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
        let actor = cast.actor(second);
        let chain: Vec<_> = actor.chain.iter().map(|issue| issue.event_id.as_str()).collect();
        assert_eq!(chain, ["e1", "e2", "e3"]);
        assert!(actor.keys.contains("ASIABBBBBBBBBBBBBBBB"));
        assert_eq!(actor.made.len(), 1);
    }
}
