//! Keeps the three languages in step with each other and with the sources that use them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use haechi_i18n::{Catalog, Language, sources};
use haechi_model::Message;

/// Help that the command line asks for by the name of a command: English stands beside the command itself.
fn is_help(id: &str) -> bool {
    id == "help" || id.starts_with("help-")
}

type Variables = BTreeSet<String>;

/// Every message of a language with the variables it uses.
fn messages(language: Language) -> BTreeMap<String, Variables> {
    let mut found = BTreeMap::new();
    for (file, text) in sources(language) {
        let resource = fluent_syntax::parser::parse(*text)
            .unwrap_or_else(|(_, errors)| panic!("{}/{file}: {errors:?}", language.as_str()));
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let mut variables = Variables::new();
            let value = message.value.unwrap_or_else(|| panic!("{file}: {} has no text", message.id.name));
            collect(&value, &mut variables);
            let id = message.id.name.to_owned();
            assert!(found.insert(id.clone(), variables).is_none(), "{}: {id} is there twice", language.as_str());
        }
    }
    found
}

fn collect(pattern: &Pattern<&str>, variables: &mut Variables) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => variable(inline, variables),
            Expression::Select { selector, variants } => {
                variable(selector, variables);
                variants.iter().for_each(|variant| collect(&variant.value, variables));
            }
        }
    }
}

fn variable(inline: &InlineExpression<&str>, variables: &mut Variables) {
    if let InlineExpression::VariableReference { id } = inline {
        variables.insert(id.name.to_owned());
    }
}

fn without_help(mut messages: BTreeMap<String, Variables>) -> BTreeMap<String, Variables> {
    messages.retain(|id, _| !is_help(id));
    messages
}

#[test]
fn the_three_languages_have_the_same_messages_and_variables() {
    let english = without_help(messages(Language::En));
    assert!(!english.is_empty());
    let (korean, japanese) = (messages(Language::Ko), messages(Language::Ja));
    assert_eq!(differences(&english, &without_help(korean.clone())), "", "en and ko");
    assert_eq!(differences(&english, &without_help(japanese.clone())), "", "en and ja");
    assert_eq!(differences(&korean, &japanese), "", "the help of ko and ja");
}

/// What only one of two languages has, or has with other variables.
fn differences(one: &BTreeMap<String, Variables>, other: &BTreeMap<String, Variables>) -> String {
    let ids: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let differing = ids.into_iter().filter(|id| one.get(*id) != other.get(*id));
    differing.map(|id| format!("{id}: {:?}, {:?}\n", one.get(id), other.get(id))).collect()
}

#[test]
fn no_message_is_left_in_english() {
    let is_english = |text: &str| text.chars().filter(|c| c.is_alphabetic()).all(|c| c.is_ascii());
    for language in [Language::Ko, Language::Ja] {
        for (_, text) in sources(language) {
            for line in text.lines().filter(|line| line.contains(" = ") && !line.contains("{ $count ->")) {
                let (id, value) = line.split_once(" = ").unwrap();
                // What stands between arguments; a name such as "Systems Manager" or an expression may stay as it is.
                let bare: String =
                    value.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
                let words = bare.split_whitespace().filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).count();
                assert!(words < 2 || !is_english(&bare), "{id}: {value}");
            }
        }
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The text of every source file, without its tests.
fn program_sources() -> Vec<(String, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for entry in fs::read_dir(&crates).unwrap().flatten() {
        rust_files(&entry.path().join("src"), &mut files);
    }
    assert!(files.len() > 10, "the sources are where this test looks");
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let program = text.split("#[cfg(test)]").next().unwrap_or("").to_owned();
            (path.display().to_string(), program)
        })
        .collect()
}

fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Text literals that could be message ids. Good enough for sources formatted by rustfmt.
fn literals(program: &str) -> impl Iterator<Item = (&str, &str)> {
    program.match_indices('"').filter_map(|(at, _)| {
        let rest = &program[at + 1..];
        let literal = &rest[..rest.find('"')?];
        is_id(literal).then(|| (&program[..at], literal))
    })
}

/// Calls whose first argument is a message id.
const CALLS: [&str; 6] = ["Message::new(", ".text(", "catalog.count(", "catalog.with(", "UserError::said(", ".help("];

#[test]
fn every_message_is_used_and_every_used_one_exists() {
    let known = messages(Language::En);
    let mut used = BTreeSet::new();
    let mut missing = Vec::new();
    for (path, program) in program_sources() {
        for (before, literal) in literals(&program) {
            used.insert(literal.to_owned());
            let is_asked_for = CALLS.iter().any(|call| before.trim_end().ends_with(call));
            if is_asked_for && literal.contains('-') && !known.contains_key(literal) {
                missing.push(format!("{path}: {literal}"));
            }
        }
    }
    assert!(missing.is_empty(), "no locale has these:\n{}", missing.join("\n"));
    let unused: Vec<_> = known.keys().filter(|id| !is_help(id) && !used.contains(*id)).collect();
    assert!(unused.is_empty(), "no source uses these: {unused:?}");
}

#[test]
fn messages_are_rendered_with_arguments_and_plurals() {
    let check = |language, id: &str, count: u64, expected: &str| {
        assert_eq!(Catalog::new(language).count(id, count), expected);
    };
    check(Language::En, "meta-resources", 1, "1 resource");
    check(Language::En, "meta-resources", 12_345, "12,345 resources");
    check(Language::Ko, "meta-resources", 12_345, "리소스 12,345개");
    check(Language::Ja, "meta-resources", 1, "リソース 1 件");
    check(Language::En, "age-days", 0, "today");
    check(Language::En, "age-days", 1, "1 day");
}

#[test]
fn what_no_locale_has_comes_back_as_its_id() {
    let catalog = Catalog::new(Language::Ko);
    assert_eq!(catalog.text("no-such-message"), "no-such-message");
    assert!(!catalog.has("no-such-message"));
    assert!(catalog.has("severity-critical"));
    let message = Message::new("verbatim").with("text", "a \u{202e}b");
    // No isolation marks are put around arguments: a terminal would show them.
    assert_eq!(catalog.message(&message), "a \u{202e}b");
    let every = Catalog::in_all(&Message::new("severity-high"));
    assert_eq!(every.into_values().collect::<Vec<_>>(), ["High", "高", "높음"]);
}
