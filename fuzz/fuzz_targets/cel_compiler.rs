//! Any text as a rule's expression: it compiles or is refused, within the limits of the language.
#![no_main]

use haechi_content::TypeCatalogue;
use haechi_rules::{CompileScope, compile_expression};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let types = TypeCatalogue::default();
    let Ok(volume) = "AWS::EC2::Volume".parse() else { return };
    let subject = [volume];
    let mut scope = CompileScope::new(&types, &subject, &subject, &["days"]);
    if let Err(problem) = compile_expression(text, &mut scope) {
        assert!(problem.at.start <= problem.at.end && problem.at.end <= text.len());
    }
});
