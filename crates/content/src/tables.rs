//! Reads the table of property names (content/tables): one type a line, its members indented below.

use haechi_model::ResourceType;

use crate::source::{Diagnostic, Source};
use crate::types::TypeCatalogue;

/// How deep a member may lie; the published schemas reach 20.
const DEEPEST: usize = 64;

/// Adds what a table says to the catalogue.
pub(crate) fn read_members(source: &Source, types: &mut TypeCatalogue) -> Result<(), Diagnostic> {
    let mut current: Option<ResourceType> = None;
    let mut path: Vec<&str> = Vec::new();
    let mut at = 0;
    for line in source.text.split('\n') {
        let wrong = |message: &str| source.diagnostic(at..at + line.len(), message);
        let body = line.trim_start_matches(' ');
        let depth = line.len() - body.len();
        if body.is_empty() || body.starts_with('#') {
        } else if depth == 0 {
            let resource_type = ResourceType::parse(body).map_err(|error| wrong(&error.to_string()))?;
            types.types.entry(resource_type.clone()).or_default();
            current = Some(resource_type);
            path.clear();
        } else {
            let Some(resource_type) = &current else { return Err(wrong("a member without a type above it")) };
            if depth > path.len() + 1 || depth > DEEPEST {
                return Err(wrong("a member is indented too far"));
            }
            let (name, kind) = match body.split_once(' ') {
                Some((name, kind)) => (name, Some(kind)),
                None => (body, None),
            };
            path.truncate(depth - 1);
            path.push(name);
            types.types.entry(resource_type.clone()).or_default().add(&path.join("."), kind, false);
        }
        at += line.len() + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_makes_the_tree() {
        let mut types = TypeCatalogue::default();
        let table = "# note\nAWS::A::B\n configuration\n  list\n   a\n   b integer\n  free map\n  text\n";
        read_members(&Source::new("t", table), &mut types).unwrap();
        let info = &types.types[&ResourceType::parse("AWS::A::B").unwrap()];
        let configuration = info.members.child("configuration").unwrap();
        assert_eq!(configuration.child("list").unwrap().child("b").unwrap().kind.as_deref(), Some("integer"));
        assert!(configuration.child("free").unwrap().open && !configuration.child("text").unwrap().open);
    }

    #[test]
    fn a_broken_table_is_refused() {
        for (table, expected) in [
            (" a\n", "t:1:1: a member without a type"),
            ("AWS::A::B\n   a\n", "t:2:1: a member is indented too far"),
            ("nonsense\n", "t:1:1: `nonsense` is not a resource type"),
        ] {
            let error = read_members(&Source::new("t", table), &mut TypeCatalogue::default()).unwrap_err();
            assert!(error.short().starts_with(expected), "{}", error.short());
        }
    }
}
