//! Any bytes as an item's body: no input may panic, and in a document that is JSON the paths lead to what
//! serde_json finds there.
#![no_main]

use haechi_query::{Paths, Pieces, Take};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn at(value: &Value, path: &[String], found: &mut Vec<Value>) {
    match (value, path) {
        (Value::Array(elements), _) => elements.iter().for_each(|element| at(element, path, found)),
        (Value::Object(members), [first, rest @ ..]) => {
            if let Some(inner) = members.get(first) {
                at(inner, rest, found);
            }
        }
        (Value::Object(_), []) => {}
        (Value::String(text), [_, ..]) if text.trim_start().starts_with(['{', '[']) => {
            // Deeper texts than the scanner follows are another matter.
            if let Ok(inner) = serde_json::from_str::<Value>(text) {
                at(&inner, path, found);
            }
        }
        (scalar, []) => found.push(scalar.clone()),
        _ => {}
    }
}

fuzz_target!(|bytes: &[u8]| {
    let paths = [vec!["a"], vec!["a", "b"], vec!["b", "a"], vec!["a", "c", "a"]];
    let mut wanted = Paths::default();
    let mut slots = Vec::new();
    for path in &paths {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        slots.push((wanted.add(&path, Take::Scalars), path.clone()));
        wanted.add(&path, Take::Whole);
    }
    let mut pieces = Pieces::default();
    let read = wanted.read(bytes, &mut pieces);
    // Members that are there twice are not compared: the first is found here, the last there.
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    if !bytes.contains(&b'\\') && unique(bytes) {
        read.expect("a JSON document is read");
        for (slot, path) in slots {
            let mut expected = Vec::new();
            at(&document, &path, &mut expected);
            let found: Vec<Value> =
                pieces.of(slot, bytes).map(|piece| serde_json::from_slice(piece).expect("a piece is JSON")).collect();
            assert_eq!(found, expected);
        }
    }
});

/// Whether no object has a member twice: then writing the document again loses none of its keys.
fn unique(bytes: &[u8]) -> bool {
    let document: Value = match serde_json::from_slice(bytes) {
        Ok(document) => document,
        Err(_) => return false,
    };
    fn members(value: &Value) -> usize {
        match value {
            Value::Array(elements) => elements.iter().map(members).sum(),
            Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
            _ => 0,
        }
    }
    // Colons outside of texts are members.
    let (mut colons, mut within) = (0, false);
    for byte in bytes {
        match byte {
            b'"' => within = !within,
            b':' if !within => colons += 1,
            _ => {}
        }
    }
    members(&document) == colons
}
