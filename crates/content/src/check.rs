//! What must hold for a rule file beyond its shape: names, languages, examples, controls, placeholders.

use std::collections::BTreeSet;

use haechi_model::{Compliance, ResourceType};

use crate::controls::Controls;
use crate::header::Header;
use crate::managed::ManagedRules;
use crate::rule::RuleFile;
use crate::source::Diagnostic;
use crate::text::{Language, Text};
use crate::types::TypeCatalogue;

/// What a rule is checked against.
pub(crate) struct Known<'a> {
    pub controls: &'a Controls,
    pub types: &'a TypeCatalogue,
}

pub(crate) struct RuleCheck<'a> {
    pub rule: &'a RuleFile,
    pub header: Header<'a>,
    pub known: Known<'a>,
}

impl RuleCheck<'_> {
    /// Everything that is wrong, not only the first.
    pub fn run(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        self.names(&mut found);
        self.texts(&mut found);
        self.types(&mut found);
        self.parameters(&mut found);
        self.controls(&mut found);
        self.placeholders(&mut found);
        self.examples(&mut found);
        found
    }

    fn at(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        self.header.at(path, message)
    }

    fn names(&self, found: &mut Vec<Diagnostic>) {
        self.header.schema(self.rule.schema, found);
        self.header.file("rule", &self.rule.id, &kebab(&self.rule.id), found);
        if !self.rule.id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
            found.push(self.at(&["id"], "an id is written in capitals, digits and underscores"));
        }
        self.header.references(&self.rule.references, found);
    }

    fn texts(&self, found: &mut Vec<Diagnostic>) {
        let rule = self.rule;
        let mut check = |path: &[&str], text: &Text| self.header.text(path, text, found);
        check(&["title"], &rule.title);
        check(&["why"], &rule.why);
        check(&["says"], &rule.says);
        check(&["fix", "text"], &rule.fix.text);
        for (name, parameter) in &rule.parameters {
            check(&["parameters", name, "meaning"], &parameter.meaning);
        }
    }

    fn types(&self, found: &mut Vec<Diagnostic>) {
        if self.rule.resources.is_empty() {
            found.push(self.at(&["resources"], "a rule judges at least one resource type"));
        }
        let mut check = |key: &str, list: &[ResourceType]| {
            for (index, resource_type) in list.iter().enumerate() {
                if self.known.types.get(resource_type).is_none() {
                    let error =
                        self.at(&[key, &index.to_string()], format!("nothing is known of the type `{resource_type}`"));
                    found.push(match self.known.types.nearest(resource_type.as_str()) {
                        Some(meant) => error.help(format!("did you mean `{meant}`?")),
                        None => error.help("a type is known by a collector of content/collectors/"),
                    });
                }
            }
        };
        check("resources", &self.rule.resources);
        check("reads", &self.rule.reads);
    }

    /// Names are AWS's where the rule is AWS's; a default keeps to its own limits.
    fn parameters(&self, found: &mut Vec<Diagnostic>) {
        let managed = ManagedRules::known().get(&self.rule.id);
        for (name, parameter) in &self.rule.parameters {
            let path = ["parameters", name.as_str()];
            if let Some(managed) = managed
                && managed.parameter(name).is_none()
            {
                let key = self.header.root.at(&["parameters"]).entry(name).map_or(self.header.root, |(key, _)| key);
                let message = format!("AWS's rule {} has no parameter `{name}`", self.rule.id);
                let error = self.header.source.diagnostic(key.span(), message);
                found.push(error.suggest(name, managed.parameters.iter().map(|parameter| parameter.name)));
            }
            let default = parameter.default.as_ref().and_then(serde_json::Value::as_f64);
            if let Some(default) = default
                && (parameter.min.is_some_and(|min| default < min) || parameter.max.is_some_and(|max| default > max))
            {
                found.push(self.at(&[path[0], path[1], "default"], "the default lies outside the limits"));
            }
        }
    }

    fn controls(&self, found: &mut Vec<Diagnostic>) {
        for (index, control) in self.rule.controls.iter().enumerate() {
            let index = index.to_string();
            if let Err(unknown) = self.known.controls.find(&control.id) {
                let error = self.at(&["controls", &index, "id"], unknown.message);
                found.push(match unknown.meant {
                    Some(meant) => error.help(format!("did you mean `{meant}`?")),
                    None => error,
                });
            }
            if control.source.trim().is_empty() || control.source.starts_with("http://") {
                found.push(self.at(&["controls", &index, "source"], "a mapping names its source, an address by https"));
            }
        }
    }

    /// The placeholders of the sentence are its arguments, in every language.
    fn placeholders(&self, found: &mut Vec<Diagnostic>) {
        let arguments: BTreeSet<&str> = self.rule.args.keys().map(String::as_str).collect();
        for language in Language::ALL {
            let text = self.rule.says.own(language);
            if text.is_empty() {
                continue;
            }
            let path = ["says", language.as_str()];
            let used = match placeholders(text) {
                Ok(used) => used,
                Err(message) => {
                    found.push(self.at(&path, message));
                    continue;
                }
            };
            for name in used.difference(&arguments) {
                let error = self.at(&path, format!("`{{ ${name} }}` has no argument under `args`"));
                found.push(error.suggest(name, arguments.iter().copied()));
            }
            for name in arguments.difference(&used) {
                found.push(self.at(&path, format!("the argument `{name}` is not used here")));
            }
        }
    }

    fn examples(&self, found: &mut Vec<Diagnostic>) {
        for verdict in [Compliance::Compliant, Compliance::NonCompliant] {
            if !self.rule.examples.iter().any(|example| example.expect == verdict) {
                found.push(self.at(&["examples"], format!("there is no example that is {}", verdict.as_str())));
            }
        }
        let mut names = BTreeSet::new();
        for (index, example) in self.rule.examples.iter().enumerate() {
            let index = index.to_string();
            if !names.insert(example.name.as_str()) {
                found.push(self.at(&["examples", &index, "name"], "two examples have this name"));
            }
            for name in example.params.keys().filter(|name| !self.rule.parameters.contains_key(*name)) {
                let error = self.at(&["examples", &index, "params"], format!("the rule has no parameter `{name}`"));
                found.push(error.suggest(name, self.rule.parameters.keys().map(String::as_str)));
            }
        }
    }
}

/// `S3_BUCKET_LOGGING_ENABLED` as `s3-bucket-logging-enabled`.
pub(crate) fn kebab(id: &str) -> String {
    id.to_ascii_lowercase().replace('_', "-")
}

/// The names in `{ $name }`; any other brace is an error.
pub(crate) fn placeholders(text: &str) -> Result<BTreeSet<&str>, String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let inner = rest[at..].strip_prefix('{').and_then(|open| open.split_once('}'));
        let name = inner.and_then(|(inner, _)| inner.trim().strip_prefix('$')).map(str::trim_end);
        match (name, inner) {
            (Some(name), Some((_, after))) if is_name(name) => {
                names.insert(name);
                rest = after;
            }
            _ => return Err("a brace that is no placeholder such as `{ $name }`".to_owned()),
        }
    }
    Ok(names)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
