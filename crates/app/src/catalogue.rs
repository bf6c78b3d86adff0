//! What Haechi knows, shown to people: rules, and the check of content files.

use std::path::Path;

use haechi_content::{Content, Rule};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use haechi_rules::{CompiledRule, check_examples};
use serde_json::{Value, json};

use crate::detection_examples::ExampleOutcome;
use crate::error::{Result, UserError};
use crate::findings::Lines;
use crate::{App, Page};

impl App {
    pub fn rules(&self, page: Page) -> Table {
        let (rows, total) = page.of(self.content.rules().collect::<Vec<_>>());
        let shown = rows.len();
        let row = |rule: &&Rule| {
            vec![
                Cell::Severity(rule.file.severity),
                Cell::Text(rule.file.id.clone()),
                Cell::Words(rule.file.title.clone()),
                Cell::List(rule.file.resources.iter().map(ToString::to_string).collect()),
            ]
        };
        Table {
            columns: vec![
                Column::new("severity", "column-severity", Fit::Whole),
                Column::new("rule", "column-rule", Fit::Whole),
                Column::new("title", "column-title", Fit::End),
                Column::new("resourceTypes", "column-type", Fit::Middle),
            ],
            rows: rows.iter().map(row).collect(),
            empty: Message::new("list-nothing"),
            notes: if shown < total {
                vec![Message::new("list-page").with("shown", shown).with("total", total)]
            } else {
                Vec::new()
            },
        }
    }

    /// One rule in full, by its identifier in any spelling.
    pub fn rule(&self, id: &str) -> Result<(Table, Value)> {
        let wanted = id.trim().to_ascii_uppercase().replace('-', "_");
        let Some(rule) = self.content.rule(&wanted) else {
            let error = UserError::said("error-no-rule").arg("rule", &wanted);
            let near = haechi_content::source::nearest(&wanted, self.content.rules().map(|rule| rule.file.id.as_str()));
            return Err(match near {
                Some(near) => error.help("advice-near-rule").arg("near", near),
                None if haechi_content::ManagedRules::known().get(&wanted).is_some() => {
                    error.help("advice-rule-not-implemented")
                }
                None => error.help("advice-rules-list"),
            });
        };
        let file = &rule.file;
        let mut lines = Lines::default();
        lines.add("column-rule", file.id.as_str());
        lines.add("column-title", Cell::Words(file.title.clone()));
        lines.add("column-why", Cell::Words(file.why.clone()));
        lines.add("column-severity", Cell::Severity(file.severity));
        lines.add("column-type", Cell::List(file.resources.iter().map(ToString::to_string).collect()));
        for (name, parameter) in &file.parameters {
            let default = parameter.default.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
            lines
                .add("column-parameter", format!("{name}{default}: {}", parameter.meaning.get(self.language)).as_str());
        }
        for (name, expression) in &file.bindings {
            lines.add("column-logic", format!("{name} := {}", expression.trim()).as_str());
        }
        if let Some(applies) = &file.applies {
            lines.add("column-applies", applies.trim());
        }
        lines.add("column-check", file.check.trim());
        lines.add("column-fix", Cell::Words(file.fix.text.clone()));
        lines.add("column-fix-ssm", Cell::from(file.fix.ssm.as_deref()));
        lines.add("column-fix-calls", Cell::List(file.fix.calls.clone()));
        lines.add("column-controls", Cell::List(file.controls.iter().map(|control| control.id.clone()).collect()));
        lines.add("column-references", Cell::List(file.references.clone()));
        for example in &file.examples {
            lines.add("column-examples", format!("{}: {}", example.expect, example.name).as_str());
        }
        let mut table = lines.table();
        // Logic and references are to be read whole.
        table.columns[1].fit = Fit::Whole;
        let value = serde_json::to_value(file).map_err(UserError::verbatim)?;
        Ok((table, json!({"rule": value, "file": rule.path()})))
    }
}

/// What a check of content files found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContentCheck {
    pub rules: usize,
    pub detections: usize,
    pub playbooks: usize,
    pub examples: usize,
    pub problems: Vec<String>,
}

/// Checks content: what the loader refuses, what does not compile, and which examples come out otherwise.
pub fn check_content(folder: Option<&Path>) -> Result<ContentCheck> {
    let content = match folder {
        Some(folder) if !folder.is_dir() => {
            return Err(UserError::said("error-not-a-folder")
                .arg("path", folder.display())
                .help("advice-rules-folder"));
        }
        Some(folder) => Content::load_dir(folder),
        None => Content::embedded(),
    };
    let mut check = ContentCheck {
        problems: content.problems().iter().map(ToString::to_string).collect(),
        ..ContentCheck::default()
    };
    let of_user = |rule: &&Rule| folder.is_none() || rule.origin == haechi_content::Origin::User;
    for rule in content.rules().filter(of_user) {
        check.rules += 1;
        check.examples += rule.file.examples.len();
        match CompiledRule::compile(&rule.file, content.types()) {
            Err(errors) => {
                check.problems.extend(errors.iter().map(|error| format!("{}: {}", rule.path(), error.render())))
            }
            Ok(compiled) => {
                let failures = check_examples(&rule.file, &std::sync::Arc::new(compiled), content.types());
                check.problems.extend(failures.iter().map(|failure| format!("{}: {failure}", rule.path())));
            }
        }
    }
    let library = folder.map_or_else(haechi_respond::Library::embedded, haechi_respond::Library::with_folder);
    check.problems.extend(library.problems().iter().map(ToString::to_string));
    for playbook in library.iter().filter(|playbook| folder.is_none() || library.is_own(&playbook.id)) {
        check.playbooks += 1;
        check.examples += playbook.examples.len();
        let failures = haechi_respond::check_examples(playbook);
        check
            .problems
            .extend(failures.iter().map(|it| format!("{}: example `{}`: {}", it.playbook, it.example, it.why)));
    }
    let all = content.detections();
    let mut own = all.as_ref().clone();
    own.known.retain(|_, one| folder.is_none() || one.origin == haechi_content::Origin::User);
    let detections = crate::detection_examples::check_detections(&own, &all);
    check.detections = detections.detections;
    check.examples += detections.examples.len();
    check.problems.extend(all.problems.iter().chain(&detections.problems).map(ToString::to_string));
    check.problems.extend(detections.failures().map(|run| {
        let why = match &run.outcome {
            ExampleOutcome::Fail(why) | ExampleOutcome::NotRun(why) => why.as_str(),
            ExampleOutcome::Pass => "",
        };
        format!("{}: example `{}`: {why}", run.path, run.name)
    }));
    Ok(check)
}
