//! What a principal accessed when, as IAM's service last accessed information in its item tells.

use haechi_model::{ConfigurationItem, Node, Timestamp};

use super::holders::lacking;
use super::read::text;

/// The last attempt to access something within IAM's tracking, which is 400 days; refused ones count too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accessed {
    At(Timestamp),
    /// At this moment or later: of what is in use the record does not keep the time.
    Since(Timestamp),
    Never,
}

/// A service that the policies of a principal allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccess {
    /// The prefix of its actions.
    pub namespace: Box<str>,
    pub last: Accessed,
    /// The actions that report to IAM, without the prefix. Empty: the service has none, or none of them was accessed.
    pub actions: Box<[(Box<str>, Accessed)]>,
}

const MEMBER: &str = "ServiceLastAccessed";

/// The services by what was recorded at a moment; or why they are not known, as far as that is.
pub(super) fn services(item: &ConfigurationItem, known_at: Timestamp) -> Result<Box<[ServiceAccess]>, Box<str>> {
    let Some(list) = item.root().path(["supplementaryConfiguration", MEMBER]) else {
        return Err(lacking(item, &format!("supplementaryConfiguration.{MEMBER}")).unwrap_or_default().into());
    };
    let action = |action: Node<'_>| {
        Some((text(action.get("actionName"))?.into(), accessed(action.get("lastAccessedTime"), known_at)?))
    };
    let service = |service: Node<'_>| {
        Some(ServiceAccess {
            namespace: text(service.get("serviceNamespace"))?.to_ascii_lowercase().into(),
            last: accessed(service.get("lastAuthenticated"), known_at)?,
            actions: service.get("trackedActions").into_iter().flat_map(Node::elements).filter_map(action).collect(),
        })
    };
    Ok(list.elements().filter_map(service).collect())
}

/// None: something is there that cannot be read. It must not pass for "never".
fn accessed(node: Option<Node<'_>>, known_at: Timestamp) -> Option<Accessed> {
    let Some(node) = node else { return Some(Accessed::Never) };
    if let Some(days) = node.get("withinDays").and_then(Node::as_i64) {
        return Some(Accessed::Since(known_at.plus_days(-days)));
    }
    Timestamp::parse(text(Some(node))?).ok().map(Accessed::At)
}
