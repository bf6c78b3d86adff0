//! What is known of an expression when a rule is loaded: which part of which type it is. Paths are checked by it.

use std::rc::Rc;

use haechi_content::{Members, TypeCatalogue};
use haechi_model::ResourceType;

/// The members of an item's header and its parts, which every type has.
pub(crate) const ITEM: [&str; 20] = [
    "configuration",
    "supplementaryConfiguration",
    "tags",
    "relationships",
    "resourceId",
    "resourceName",
    "resourceType",
    "arn",
    "accountId",
    "awsRegion",
    "availabilityZone",
    "resourceCreationTime",
    "configurationItemStatus",
    "configurationItemCaptureTime",
    "configurationItemDeliveryTime",
    "configurationStateId",
    "configurationItemMD5Hash",
    "recordingFrequency",
    "version",
    "relatedEvents",
];
const RELATIONSHIP: [&str; 4] = ["resourceType", "resourceId", "resourceName", "relationshipName"];

/// Lists are transparent: a list of items and an item have one shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Anything,
    Scalar,
    /// Whole items of these types.
    Item(Rc<[ResourceType]>),
    /// What lies at a path of items of these types.
    Member(Rc<[ResourceType]>, String),
    /// Objects with these members and no other.
    Objects(&'static [&'static str]),
    Policy,
    Acl,
}

impl Shape {
    /// The shape of either of two.
    pub fn or(self, other: Shape) -> Shape {
        if self == other { self } else { Shape::Anything }
    }
}

/// How a selection fails: what has no such member, and the names that it could have been.
pub(crate) struct NoMember {
    pub of: String,
    pub known: Vec<String>,
}

/// The shape of a member, and its path from the item's root where one is known.
pub(crate) fn select(types: &TypeCatalogue, shape: &Shape, member: &str) -> Result<(Shape, Option<String>), NoMember> {
    let no = |of: &str, known: &[&str]| {
        Err(NoMember { of: of.to_owned(), known: known.iter().map(|name| (*name).to_owned()).collect() })
    };
    match shape {
        Shape::Anything => Ok((Shape::Anything, None)),
        Shape::Scalar => no("a text, number or list of such", &[]),
        Shape::Policy => no("a policy", &[]),
        Shape::Acl => no("an ACL", &[]),
        Shape::Objects(known) if known.contains(&member) => Ok((Shape::Anything, None)),
        Shape::Objects(known) => no("such an object", known),
        Shape::Item(of) if ITEM.contains(&member) => {
            Ok((Shape::Member(of.clone(), member.to_owned()), Some(member.to_owned())))
        }
        Shape::Item(of) => no(&names(of), &ITEM),
        Shape::Member(of, path) => {
            let mut known = Vec::new();
            let below = format!("{path}.{member}");
            if !of.iter().any(|resource_type| has_member(types, resource_type, path, member, &mut known)) {
                return Err(NoMember { of: format!("`{path}` of {}", names(of)), known });
            }
            Ok((Shape::Member(of.clone(), below.clone()), Some(below)))
        }
    }
}

fn names(types: &[ResourceType]) -> String {
    let names: Vec<&str> = types.iter().map(ResourceType::as_str).collect();
    names.join(" and ")
}

/// Whether the type has the member at the path; else the members that it has there are added to `known`.
fn has_member(
    types: &TypeCatalogue,
    resource_type: &ResourceType,
    path: &str,
    member: &str,
    known: &mut Vec<String>,
) -> bool {
    let mut keys = path.split('.');
    match keys.next() {
        Some("configuration" | "supplementaryConfiguration") => {}
        Some("tags") => return true,
        Some("relationships" | "relatedEvents") => {
            known.extend(RELATIONSHIP.map(str::to_owned));
            return keys.next().is_none() && RELATIONSHIP.contains(&member);
        }
        _ => return false,
    }
    // Without a catalogue nothing can be checked; a type that it lacks was reported where the rule names it.
    let Some(info) = types.get(resource_type) else { return true };
    let below = format!("{path}.{member}");
    let touches = |extended: &str| {
        let starts = |long: &str, short: &str| {
            long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        starts(extended, &below) || starts(&below, extended)
    };
    if info.extended.iter().any(|extended| touches(extended)) {
        return true;
    }
    let mut at = &info.members;
    for key in path.split('.') {
        if at.open {
            return true;
        }
        match at.child(key) {
            Some(child) => at = child,
            None => return false,
        }
    }
    at.open || at.child(member).is_some() || is_unknown_leaf(at) || {
        known.extend(at.children.keys().cloned());
        known.extend(extended_below(&info.extended, path));
        false
    }
}

/// A member of which only the name is known may hold anything.
fn is_unknown_leaf(members: &Members) -> bool {
    members.children.is_empty() && members.kind.as_deref().is_none_or(|kind| kind == "object")
}

fn extended_below(extended: &[String], path: &str) -> Vec<String> {
    extended
        .iter()
        .filter_map(|extended| extended.strip_prefix(path)?.strip_prefix('.')?.split('.').next().map(str::to_owned))
        .collect()
}
