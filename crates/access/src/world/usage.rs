//! When principals and their credentials were last used, as far as the record tells. What it does not tell is unknown.

use haechi_model::{ConfigurationItem, Node, Timestamp};

use super::accessed::{ServiceAccess, services};
use super::read::{lacks, member, text};

/// The last use of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastUse {
    At(Timestamp),
    /// At this moment or later: of what is in use the record does not keep the time.
    Since(Timestamp),
    /// Not since AWS tracks it: 400 days for roles, since 2014 and 2015 for passwords and access keys.
    Never,
    /// The record does not tell, and why as far as it is known.
    Unknown(Box<str>),
}

/// A role, or a credential of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub created: Option<Timestamp>,
    pub last: LastUse,
}

/// An access key of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    pub id: Box<str>,
    pub active: bool,
    pub used: Used,
}

/// What the record tells of uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// When the principal was created.
    pub created: Option<Timestamp>,
    /// The moment of which the record tells: later uses are not in it.
    pub known_at: Timestamp,
    /// Of a role.
    pub role: Option<Used>,
    /// Of a user with a console password. Unknown: whether there is one is not known either.
    pub password: Option<Used>,
    /// Of a user. None: its keys could not be read.
    pub keys: Option<Vec<AccessKey>>,
    /// The services that its policies allow, by IAM's service last accessed information; or why that is not known.
    pub services: Result<Box<[ServiceAccess]>, Box<str>>,
}

fn moment(node: Option<Node<'_>>) -> Option<Timestamp> {
    text(node).and_then(|text| Timestamp::parse(text).ok())
}

fn unknown(reason: Option<String>) -> LastUse {
    LastUse::Unknown(reason.unwrap_or_default().into())
}

fn created(item: &ConfigurationItem) -> Option<Timestamp> {
    moment(member(item, "createDate")).or_else(|| moment(item.root().get("resourceCreationTime")))
}

impl Usage {
    pub(super) fn of_role(item: &ConfigurationItem, known_at: Timestamp) -> Usage {
        let last = match member(item, "roleLastUsed") {
            None => unknown(lacks(item, "roleLastUsed")),
            Some(node) => match (moment(node.get("lastUsedDate")), node.get("withinDays").and_then(Node::as_i64)) {
                (Some(at), _) => LastUse::At(at),
                (None, Some(days)) => LastUse::Since(known_at.plus_days(-days)),
                // AWS answers an empty object for a role that was not used within its tracking.
                (None, None) => LastUse::Never,
            },
        };
        let role = Some(Used { created: created(item), last });
        let services = services(item, known_at);
        Usage { created: created(item), known_at, role, password: None, keys: None, services }
    }

    pub(super) fn of_user(item: &ConfigurationItem, known_at: Timestamp) -> Usage {
        let (password, keys, services) = (password(item), keys(item), services(item, known_at));
        Usage { created: created(item), known_at, role: None, password, keys, services }
    }
}

fn report(item: &ConfigurationItem, name: &str) -> Option<String> {
    let value = text(member(item, "credentialReport")?.get(name))?;
    Some(value.to_owned())
}

/// The console password: from the user's own calls, else from the credential report.
fn password(item: &ConfigurationItem) -> Option<Used> {
    let enabled = report(item, "passwordEnabled");
    let Some(profile) = member(item, "loginProfile") else {
        return match (lacks(item, "loginProfile"), enabled.as_deref()) {
            (None, _) | (Some(_), Some("false")) => None,
            (Some(_), Some("true")) => Some(Used { created: None, last: reported_use(item) }),
            (reason, _) => Some(Used { created: None, last: unknown(reason) }),
        };
    };
    let last = match (moment(member(item, "passwordLastUsed")), lacks(item, "passwordLastUsed")) {
        (Some(at), _) => LastUse::At(at),
        (None, None) => LastUse::Never,
        (None, Some(_)) => reported_use(item),
    };
    Some(Used { created: moment(profile.get("createDate")), last })
}

fn reported_use(item: &ConfigurationItem) -> LastUse {
    match report(item, "passwordLastUsed").as_deref() {
        Some("no_information" | "N/A") => LastUse::Never,
        Some(text) => Timestamp::parse(text).map_or_else(|_| unknown(None), LastUse::At),
        None => unknown(lacks(item, "passwordLastUsed")),
    }
}

fn keys(item: &ConfigurationItem) -> Option<Vec<AccessKey>> {
    let Some(list) = member(item, "accessKeys") else {
        return if lacks(item, "accessKeys").is_some() { None } else { Some(Vec::new()) };
    };
    let key = |key: Node<'_>| {
        Some(AccessKey {
            id: text(key.get("accessKeyId"))?.into(),
            active: text(key.get("status")) != Some("Inactive"),
            used: Used {
                created: moment(key.get("createDate")),
                last: moment(key.get("lastUsedDate")).map_or(LastUse::Never, LastUse::At),
            },
        })
    };
    Some(list.elements().filter_map(key).collect())
}
