//! From a template's text to its resources.

use std::collections::BTreeMap;

use haechi_content::{Diagnostic, Source, yaml};
use haechi_model::SourceLocation;
use serde_json::{Map, Value};

use super::LIMITS;
use super::resolve::Resolver;
use crate::item::Place;
use crate::mapping::Mappings;
use crate::resource::{Age, CONDITION, Note, Reading, Resource};
use crate::unknown::cleaned;

/// Kinds that the transform of the Serverless Application Model turns into others.
const SERVERLESS: &str = "AWS::Serverless::";

/// Reads a template. `parameters` go before the defaults of its own.
///
/// # Errors
/// It is not YAML, not UTF-8, larger than is read, or has no resources; the place is named.
pub fn read_template(
    bytes: &[u8],
    file: &str,
    parameters: &BTreeMap<String, String>,
    mappings: &Mappings,
    place: &Place,
) -> Result<Reading, Box<Diagnostic>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let known = String::from_utf8_lossy(&bytes[..at]).into_owned();
        Box::new(Source::new(file, known).diagnostic(at..at, "the template is not UTF-8 from here on"))
    })?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let source = Source::new(file, cleaned(text));
    let root = yaml::read(&source, LIMITS)?;
    let Some((key, resources)) = root.entry("Resources") else {
        return Err(Box::new(source.diagnostic(root.span(), "the template has no `Resources`")));
    };
    let Some(entries) = resources.entries() else {
        return Err(Box::new(source.diagnostic(key.span(), "`Resources` is not a map of resources")));
    };
    let mut reading = Reading::default();
    let mut resolver = Resolver::new(&source, &root, parameters, mappings, place);
    transforms(&root, &source, &mut reading.notes);
    for (name, body) in entries {
        let logical = name.text().unwrap_or_default();
        let position = source.position(name.span().start);
        if logical.starts_with("Fn::") {
            let arguments = vec![("name", logical.to_owned())];
            reading.notes.push(Note::new("note-template-loop", arguments).at(position));
            continue;
        }
        let Some(kind) = body.get("Type").and_then(yaml::Node::text) else {
            let arguments = vec![("name", logical.to_owned())];
            reading.notes.push(Note::new("note-template-no-type", arguments).at(position));
            continue;
        };
        // What is not made when it is certain that it is not.
        let made = resolver.condition_of(body);
        if made == Some(false) {
            continue;
        }
        if kind.starts_with(SERVERLESS) {
            let arguments = vec![("name", logical.to_owned()), ("kind", kind.to_owned())];
            reading.notes.push(Note::new("note-template-serverless", arguments).at(position));
        } else if kind == "AWS::CloudFormation::Stack" {
            reading.notes.push(Note::new("note-template-nested", vec![("name", logical.to_owned())]).at(position));
        }
        let mut values = body.get("Properties").map_or(Value::Null, |properties| resolver.value(properties));
        if !values.is_object() {
            values = Value::Object(Map::new());
        }
        if let Some(policy) = body.get("DeletionPolicy").and_then(yaml::Node::text) {
            values["@DeletionPolicy"] = policy.into();
        }
        if let (None, Some(condition)) = (made, body.get("Condition").and_then(yaml::Node::text)) {
            values[CONDITION] = condition.into();
        }
        reading.resources.push(Resource {
            address: logical.to_owned(),
            kind: kind.to_owned(),
            values,
            location: SourceLocation {
                file: file.to_owned(),
                line: Some(position.line),
                column: Some(position.column),
                address: logical.to_owned(),
            },
            age: Age::New,
            region: None,
        });
    }
    if let Some(problem) = resolver.problem() {
        return Err(Box::new(problem));
    }
    reading.notes.extend(resolver.notes());
    Ok(reading)
}

/// The names of a template's parameters; none when it cannot be read.
pub fn parameters_of(bytes: &[u8]) -> Option<Vec<String>> {
    let bytes = crate::encoding::utf8(bytes);
    let text = std::str::from_utf8(&bytes).ok()?;
    let source = Source::new("", text.strip_prefix('\u{FEFF}').unwrap_or(text));
    let root = yaml::read(&source, LIMITS).ok()?;
    let names = root.get("Parameters")?.entries()?.iter().filter_map(|(name, _)| name.text().map(str::to_owned));
    Some(names.collect())
}

/// What changes a template before it is deployed, and is not done here.
fn transforms(root: &yaml::Node, source: &Source, notes: &mut Vec<Note>) {
    let Some(transform) = root.get("Transform") else { return };
    let all = match transform.list() {
        Some(list) => list.iter().collect(),
        None => vec![transform],
    };
    for one in all {
        let name = one.text().or_else(|| one.get("Name").and_then(yaml::Node::text)).unwrap_or_default();
        let position = source.position(one.span().start);
        notes.push(Note::new("note-template-transform", vec![("name", name.to_owned())]).at(position));
    }
}
