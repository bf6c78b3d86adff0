//! Reads bytes as a conformance pack; what was read is resolved with its defaults. Errors are shown as people see them.
#![no_main]

use haechi_content::{Content, Pack, ParameterValues};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

fuzz_target!(|bytes: &[u8]| {
    static CONTENT: OnceLock<Content> = OnceLock::new();
    let content = CONTENT.get_or_init(Content::embedded);
    let resolved = Pack::from_bytes(bytes.to_vec(), "pack.yaml").and_then(|pack| pack.resolve(&ParameterValues::default()));
    match resolved {
        Ok(pack) => pack.lint(content).iter().for_each(|lint| drop(lint.to_string())),
        Err(errors) => errors.iter().for_each(|error| drop(error.to_string())),
    }
});
