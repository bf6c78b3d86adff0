//! Attributes for access control: what an expression such as `${path:enterprise.department}` comes to for somebody.
//! The identity store's value counts, also where an identity provider sends one of the same key.

use std::collections::BTreeMap;

use haechi_model::{ConfigurationItem, Node};

use super::directory::User;
use crate::world::{lacks, member};

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    Known(String),
    /// The person has no such attribute: there is no tag.
    Absent,
    /// Nothing recorded tells.
    Unknown,
}

/// Members of the item by the names that expressions have for them, in lower case.
const MEMBERS: [(&str, &[&str]); 12] = [
    ("username", &["UserName"]),
    ("displayname", &["DisplayName"]),
    ("nickname", &["NickName"]),
    ("name.formatted", &["Name", "Formatted"]),
    ("name.familyname", &["Name", "FamilyName"]),
    ("name.givenname", &["Name", "GivenName"]),
    ("name.middlename", &["Name", "MiddleName"]),
    ("usertype", &["UserType"]),
    ("title", &["Title"]),
    ("preferredlanguage", &["PreferredLanguage"]),
    ("locale", &["Locale"]),
    ("timezone", &["Timezone"]),
];

/// Attributes of the enterprise extension.
const ENTERPRISE: [&str; 6] =
    ["employeenumber", "costcenter", "organization", "division", "department", "manager.value"];
const EXTENSION: &str = "aws:identitystore:enterprise";
const PRIMARY_MAIL: &str = "emails[primary eq true].value";
/// Stands among the attributes for a member that could not be read.
const UNREAD: &str = "\u{0}";

/// What an item tells of the attributes, by lower-case names.
pub(super) fn of_item(item: &ConfigurationItem) -> BTreeMap<Box<str>, Box<str>> {
    let mut found = BTreeMap::new();
    let mut take = |name: &str, first: &str, value: Option<&str>| {
        if lacks(item, first).is_some() {
            found.insert(Box::from(name), Box::from(UNREAD));
        } else if let Some(value) = value.filter(|value| !value.is_empty()) {
            found.insert(Box::from(name), Box::from(value));
        }
    };
    for (name, path) in MEMBERS {
        let mut node = member(item, path[0]);
        for part in &path[1..] {
            node = node.and_then(|node| node.get(part));
        }
        take(name, path[0], node.and_then(Node::as_str));
    }
    let mails = || member(item, "Emails").into_iter().flat_map(Node::elements);
    let primary = mails().find(|mail| mail.get("Primary").and_then(Node::as_bool) == Some(true));
    take(PRIMARY_MAIL, "Emails", primary.and_then(|mail| mail.get("Value")?.as_str()));
    let extension = member(item, "Extensions").and_then(|all| all.get(EXTENSION));
    for name in ENTERPRISE {
        let mut parts = name.split('.');
        let mut node = parts.next().and_then(|first| named(extension?, first));
        for part in parts {
            node = node.and_then(|node| named(node, part));
        }
        take(&format!("enterprise.{name}"), "Extensions", node.and_then(Node::as_str));
    }
    found
}

/// A member in whatever case: the extension is a document, not a structure of the API.
fn named<'a>(node: Node<'a>, lower: &str) -> Option<Node<'a>> {
    node.members().find(|(name, _)| name.to_ascii_lowercase() == lower).map(|(_, node)| node)
}

/// The value of an expression. Text outside `${...}` stands for itself.
pub(super) fn value(expression: &str, user: &User) -> Attribute {
    let mut text = String::new();
    let mut rest = expression;
    let mut is_unknown = false;
    while let Some(start) = rest.find("${") {
        text.push_str(&rest[..start]);
        let Some(end) = rest[start..].find('}') else { return Attribute::Unknown };
        match one(&rest[start + 2..start + end], user) {
            Attribute::Known(value) => text.push_str(&value),
            Attribute::Absent => return Attribute::Absent,
            Attribute::Unknown => is_unknown = true,
        }
        rest = &rest[start + end + 1..];
    }
    text.push_str(rest);
    if is_unknown { Attribute::Unknown } else { Attribute::Known(text) }
}

fn one(name: &str, user: &User) -> Attribute {
    let (kind, path) = name.split_once(':').unwrap_or(("", name));
    let path = path.trim().to_ascii_lowercase();
    let known = match (kind.trim(), &*path) {
        ("path", path) => path,
        ("user", "email") => PRIMARY_MAIL,
        ("user", "familyname") => "name.familyname",
        ("user", "givenname") => "name.givenname",
        ("user", "middlename") => "name.middlename",
        // The user name is what people sign in with.
        ("user", "subject") => "username",
        // Of a directory behind the identity store, or nowhere documented as an attribute of the store.
        _ => return Attribute::Unknown,
    };
    let is_recorded = known == PRIMARY_MAIL
        || MEMBERS.iter().any(|(name, _)| *name == known)
        || known.strip_prefix("enterprise.").is_some_and(|name| ENTERPRISE.contains(&name));
    match user.attributes.get(known).map(|value| &**value) {
        Some(UNREAD) => Attribute::Unknown,
        Some(value) => Attribute::Known(value.to_owned()),
        None if is_recorded => Attribute::Absent,
        // Postal addresses and telephone numbers are not recorded.
        None => Attribute::Unknown,
    }
}
