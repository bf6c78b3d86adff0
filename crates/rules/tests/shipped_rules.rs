//! Every rule that Haechi ships compiles against the types it names, gives what its examples expect, and is CEL.

use std::sync::Arc;

use haechi_content::Content;
use haechi_rules::{CompiledRule, check_examples};

#[test]
fn every_example_comes_out_as_its_author_says() {
    let content = Content::embedded();
    let mut wrong = Vec::new();
    for rule in content.rules() {
        match CompiledRule::compile(&rule.file, content.types()) {
            Ok(compiled) => {
                let failures = check_examples(&rule.file, &Arc::new(compiled), content.types());
                wrong.extend(failures.iter().map(ToString::to_string));
            }
            Err(errors) => wrong.extend(errors.iter().map(|error| error.in_file(rule).to_string())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_cel_crate_reads_every_expression() {
    for rule in Content::embedded().rules() {
        let file = &rule.file;
        let bindings = file.bindings.iter().map(|(_, text)| text);
        let others = [Some(&file.check), file.applies.as_ref(), file.evidence.as_ref()];
        for text in bindings.chain(others.into_iter().flatten()).chain(file.args.values()) {
            if !text.starts_with("rust:") {
                let read = cel::parser::Parser::new().parse(text);
                assert!(read.is_ok(), "{}: {text}\n{}", file.id, read.unwrap_err());
            }
        }
    }
}
