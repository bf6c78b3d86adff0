//! Names in a query that no published schema knows: said as warnings, with what may have been meant.

use std::ops::Range;

use haechi_content::{Members, TypeCatalogue};
use haechi_model::{Message, ResourceType};
use haechi_query::{Plan, Property, Query, TOP_LEVEL};
use haechi_store::ScanScope;

use super::{QueryWarning, compliance};

/// Compares the names of a query with the members of the types that it asks for.
pub(super) fn warnings(
    query: &Query,
    plan: &Plan,
    text: &str,
    catalogue: &TypeCatalogue,
    scopes: &[ScanScope],
) -> Vec<QueryWarning> {
    let mut found = Vec::new();
    let wanted = plan.resource_types().unwrap_or_default();
    let mut known: Vec<&Members> = Vec::new();
    // Of a type without a schema nothing is said.
    let mut all_have_schemas = !wanted.is_empty();
    for name in &wanted {
        let is = |other: &str| other.eq_ignore_ascii_case(name);
        let info = catalogue.types.iter().find(|(known, _)| is(known.as_str())).map(|(_, info)| info);
        match info.filter(|info| !info.members.children.is_empty()) {
            Some(info) => known.push(&info.members),
            None => all_have_schemas = false,
        }
        if info.is_none() && !scopes.iter().any(|scope| is(&scope.resource_type)) && !compliance::is_asked_for(plan) {
            let near = catalogue.nearest(name).map(ResourceType::as_str);
            let at = text.find(name.as_str()).map_or(0..0, |at| at..at + name.len());
            let ids = ["query-type-unknown", "query-type-unknown-near"];
            found.push(warning(ids, name, near, text, &at));
        }
    }
    let mut query = query.clone();
    let mut said: Vec<Vec<String>> = Vec::new();
    for property in query.properties_mut() {
        if said.contains(&property.path) {
            continue;
        }
        let unknown = match top_level(property) {
            None if all_have_schemas => unknown_member(property, &known),
            None => None,
            Some(unknown) => Some(unknown),
        };
        if let Some((name, near)) = unknown {
            let ids = ["query-name-unknown", "query-name-unknown-near"];
            found.push(warning(ids, &name, near.as_deref(), text, &property.at));
            said.push(property.path.clone());
        }
    }
    found
}

/// A name of the top level that no item has.
fn top_level(property: &Property) -> Option<(String, Option<String>)> {
    let first = property.path.first()?;
    if TOP_LEVEL.iter().any(|known| known.eq_ignore_ascii_case(first)) {
        return None;
    }
    let near = haechi_content::nearest(first, TOP_LEVEL).map(str::to_owned);
    Some((first.clone(), near))
}

/// A member that none of the types has, where all of them say what they have.
fn unknown_member(property: &Property, types: &[&Members]) -> Option<(String, Option<String>)> {
    let first = property.path.first()?;
    if !["configuration", "supplementaryConfiguration"].iter().any(|known| known.eq_ignore_ascii_case(first)) {
        return None;
    }
    let mut nearest = None;
    for members in types {
        let mut at = members.children.iter().find(|(name, _)| name.eq_ignore_ascii_case(first)).map(|(_, at)| at)?;
        let mut unknown = false;
        for (depth, name) in property.path.iter().enumerate().skip(1) {
            // Anything may stand below maps, and below texts that hold JSON.
            if at.open || at.children.is_empty() {
                break;
            }
            match at.child(name) {
                Some(child) => at = child,
                None => {
                    let near = haechi_content::nearest(name, at.children.keys().map(String::as_str));
                    let before = property.path[..depth].join(".");
                    nearest = nearest.or(near.map(|near| format!("{before}.{near}")));
                    unknown = true;
                    break;
                }
            }
        }
        if !unknown {
            return None;
        }
    }
    Some((property.name(), nearest))
}

/// A warning, by one message or, where a name is near, by the other.
fn warning(ids: [&str; 2], name: &str, near: Option<&str>, text: &str, at: &Range<usize>) -> QueryWarning {
    let message = match near {
        Some(near) => Message::new(ids[1]).with("near", near),
        None => Message::new(ids[0]),
    };
    QueryWarning { message: message.with("name", name), place: haechi_query::place_of(text, at) }
}
