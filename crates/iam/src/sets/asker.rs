//! Who may ask, and what the keys of the request may be then: the model's own keys follow from who asks and what
//! for, keys of a source cannot name the zone of trust from outside, all others are free.

use std::collections::BTreeSet;

use super::automaton::Pattern;
use crate::caller::{Caller, CallerKind, OrgPlace};
use crate::catalogue::Catalogue;
use crate::context::Fact;
use crate::resource::{Action, Resource, global_region};

/// Somebody who may ask: one, or whoever of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// Without credentials.
    Anonymous,
    /// Some role of an account.
    RoleOf(Box<str>),
    /// Some user of an account.
    UserOf(Box<str>),
    /// The root user of an account.
    RootOf(Box<str>),
    /// By an ARN.
    Named(Box<str>),
    /// Whoever an identity provider knows.
    Federated(Box<str>),
    /// An account by its canonical user id.
    Canonical(Box<str>),
    Service(Box<str>),
    /// Whoever has an identity policy: nothing is known of them.
    Holder,
}

/// The account of somebody of whom no account is known.
const SOME_ACCOUNT: &str = "111122223333";

impl Asker {
    /// The caller, as far as it is known.
    pub fn caller(&self) -> Caller {
        let of = |account: &str, resource: &str| {
            let arn = format!("arn:aws:iam::{account}:{resource}");
            Caller::from_arn(&arn).unwrap_or_else(|_| Caller::federated(&arn))
        };
        match self {
            Asker::Anonymous => Caller::anonymous(),
            Asker::RoleOf(account) => of(account, "role/example"),
            Asker::UserOf(account) => of(account, "user/example"),
            Asker::RootOf(account) => of(account, "root"),
            Asker::Named(arn) => Caller::from_arn(arn).unwrap_or_else(|_| Caller::federated(arn)),
            Asker::Federated(provider) => Caller::federated(provider),
            Asker::Canonical(id) => of("000000000000", "role/example").with_canonical_id(id),
            Asker::Service(name) => Caller::service(name),
            Asker::Holder => of(SOME_ACCOUNT, "role/example"),
        }
    }
}

/// Whom one trusts: accounts, and the organization they are in.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    pub accounts: BTreeSet<Box<str>>,
    /// `o-...`. None: the zone is only its accounts.
    pub organization: Option<Box<str>>,
}

/// What a key may be.
pub(super) struct Domain {
    pub absent: bool,
    pub present: Present,
}

pub(super) enum Present {
    Never,
    OneOf(Vec<String>),
    /// All of them together.
    All(Vec<String>),
    /// A text that one of the patterns matches (any text, if there are none) and none of the others.
    Text {
        within: Vec<Pattern>,
        without: Vec<Pattern>,
    },
}

impl Domain {
    const NEVER: Domain = Domain { absent: true, present: Present::Never };

    fn fixed(value: &str) -> Domain {
        Domain { absent: false, present: Present::OneOf(vec![value.to_owned()]) }
    }

    fn any() -> Domain {
        Domain { absent: true, present: Present::Text { within: Vec::new(), without: Vec::new() } }
    }

    fn within(globs: &[String]) -> Domain {
        let within = globs.iter().map(|glob| Pattern::of(glob)).collect();
        Domain { absent: false, present: Present::Text { within, without: Vec::new() } }
    }

    fn without(globs: impl Iterator<Item = String>) -> Domain {
        let without = globs.map(|glob| Pattern::of(&glob)).collect();
        Domain { absent: true, present: Present::Text { within: Vec::new(), without } }
    }

    fn there(self) -> Domain {
        Domain { absent: false, ..self }
    }
}

/// What the requests have in common.
pub(super) struct Frame<'a> {
    pub catalogue: &'a Catalogue,
    pub asker: &'a Asker,
    pub caller: &'a Caller,
    pub action: &'a Action,
    pub target: &'a Resource,
    pub zone: &'a Zone,
    /// The accounts of the zone that the policies speak of.
    pub mentioned: Vec<Box<str>>,
    pub now: Option<&'a str>,
    pub fixed: &'a [(&'a str, &'a str)],
}

impl Frame<'_> {
    /// What a key, in lower case, may be.
    pub(super) fn domain(&self, key: &str) -> Domain {
        if let Some((_, value)) = self.fixed.iter().find(|(name, _)| *name == key) {
            return Domain::fixed(value);
        }
        if let Some(domain) = self.of_caller(key).or_else(|| self.of_resource(key)) {
            return domain;
        }
        // Whoever has an identity policy may be asked for by anything; those outside the zone by nothing inside it.
        let is_outside = *self.asker != Asker::Holder;
        let accounts = || self.mentioned.iter().filter(|_| is_outside);
        let organization = || self.zone.organization.iter().filter(|_| is_outside);
        match key {
            "aws:currenttime" | "aws:epochtime" => self.now.map_or_else(|| Domain::any().there(), Domain::fixed),
            "aws:securetransport" | "aws:viaawsservice" => {
                Domain { absent: false, present: Present::OneOf(vec!["true".to_owned(), "false".to_owned()]) }
            }
            "aws:sourceaccount" | "aws:sourceowner" | "aws:vpceaccount" | "s3:dataaccesspointaccount" => {
                Domain::without(accounts().map(ToString::to_string))
            }
            "aws:sourcearn" | "lambda:sourcefunctionarn" | "ec2:sourceinstancearn" | "s3:dataaccesspointarn" => {
                Domain::without(accounts().map(|account| format!("arn:*:*:*:{account}:*")))
            }
            "aws:sourceorgid" | "aws:vpceorgid" => Domain::without(organization().map(ToString::to_string)),
            "aws:sourceorgpaths" | "aws:vpceorgpaths" => Domain::without(organization().map(|id| format!("{id}/*"))),
            _ => Domain::any(),
        }
    }

    fn of_caller(&self, key: &str) -> Option<Domain> {
        let caller = self.caller;
        let unsigned = matches!(caller.kind(), CallerKind::Anonymous | CallerKind::Service | CallerKind::Federated);
        let is_free = matches!(self.asker, Asker::Holder | Asker::Canonical(_));
        Some(match key {
            "aws:principalisawsservice" => match caller.kind() {
                CallerKind::Anonymous | CallerKind::Federated => Domain::NEVER,
                CallerKind::Service => Domain::fixed("true"),
                _ => Domain::fixed("false"),
            },
            "aws:principalaccount" | "aws:userid" if caller.kind() == CallerKind::Anonymous => {
                Domain::fixed(crate::key::ANONYMOUS)
            }
            "aws:principalservicename" | "aws:principalservicenameslist" => match self.asker {
                Asker::Service(name) => Domain::fixed(name),
                _ => Domain::NEVER,
            },
            "aws:principaltype" if is_free => {
                Domain { absent: false, present: Present::OneOf(vec!["AssumedRole".to_owned(), "User".to_owned()]) }
            }
            "aws:principaltype" => caller.principal_type().map_or(Domain::NEVER, Domain::fixed),
            "aws:principalarn"
            | "aws:principalaccount"
            | "kms:calleraccount"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:userid"
            | "aws:username"
                if unsigned =>
            {
                Domain::NEVER
            }
            "aws:principalarn" => match self.asker {
                Asker::RoleOf(account) => Domain::within(&[format!("arn:aws:iam::{account}:role/?*")]),
                Asker::UserOf(account) => Domain::within(&[format!("arn:aws:iam::{account}:user/?*")]),
                Asker::Holder | Asker::Canonical(_) => Domain::within(&[
                    format!("arn:aws:iam::{SOME_ACCOUNT}:role/?*"),
                    "arn:aws:iam::*:role/?*".to_owned(),
                    "arn:aws:iam::*:user/?*".to_owned(),
                ]),
                _ => Domain::fixed(caller.principal_arn()),
            },
            "aws:principalaccount" | "kms:calleraccount" if is_free => {
                let accounts = self.mentioned.iter().map(ToString::to_string);
                let is_inside =
                    |account: &str| matches!(self.asker, Asker::Canonical(_)) && self.zone.accounts.contains(account);
                let known = accounts.filter(|account| !is_inside(account));
                let values = std::iter::once(SOME_ACCOUNT.to_owned()).chain(known).collect();
                Domain { absent: false, present: Present::OneOf(values) }
            }
            "aws:principalaccount" | "kms:calleraccount" => Domain::fixed(caller.account()),
            "aws:principalorgid" => Domain::without(self.own_organization().map(ToString::to_string)),
            "aws:principalorgpaths" => Domain::without(self.own_organization().map(|id| format!("{id}/*"))),
            "aws:userid" => Domain::any().there(),
            "aws:username" => match caller.kind() {
                CallerKind::User if matches!(self.asker, Asker::Named(_)) => Domain::fixed(&caller.name),
                CallerKind::User => Domain::any().there(),
                _ if is_free => Domain::any(),
                _ => Domain::NEVER,
            },
            key if key.starts_with("aws:principaltag/") && unsigned && caller.kind() != CallerKind::Federated => {
                Domain::NEVER
            }
            _ => return None,
        })
    }

    /// Nobody outside is of the zone's organization; whoever has an identity policy may be.
    fn own_organization(&self) -> impl Iterator<Item = &str> {
        let is_outside = *self.asker != Asker::Holder;
        self.zone.organization.as_deref().into_iter().filter(move |_| is_outside)
    }

    fn of_resource(&self, key: &str) -> Option<Domain> {
        let target = self.target;
        let org = |of: &dyn Fn(&OrgPlace) -> Vec<String>| match &target.org {
            Fact::Known(place) => Domain { absent: false, present: Present::All(of(place)) },
            Fact::Absent => Domain::NEVER,
            Fact::Unknown => Domain::any(),
        };
        Some(match key {
            "aws:resourceaccount" | "s3:resourceaccount" | "iam:resourceaccount" => {
                target.account().map_or_else(|| Domain::any().there(), Domain::fixed)
            }
            "aws:resourceorgid" => org(&|place| vec![place.id.to_string()]),
            "aws:resourceorgpaths" => org(&|place| place.paths.iter().map(ToString::to_string).collect()),
            "aws:requestedregion" => global_region(self.action.service(), &self.caller.partition)
                .or_else(|| target.region())
                .map_or_else(|| Domain::any().there(), Domain::fixed),
            _ => {
                let tag = &key[crate::key::resource_tag(key)?..];
                match &target.tags {
                    Fact::Unknown => Domain::any(),
                    Fact::Absent => Domain::NEVER,
                    Fact::Known(tags) => {
                        let own = tags.iter().find(|(name, _)| **name == *tag);
                        own.map_or(Domain::NEVER, |(_, value)| Domain::fixed(value))
                    }
                }
            }
        })
    }
}
